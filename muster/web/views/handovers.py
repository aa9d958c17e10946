"""Ending an offer that nobody answers, from the board, a counter or a trip."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from muster.access.control import Actor, may
from muster.core.errors import NotFound
from muster.custody import rules
from muster.custody.queries import scope_of_holder
from muster.ledger.models import Handover
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in


@signed_in
def lapse(request: HttpRequest, actor: Actor, handover: UUID) -> HttpResponse:
    """End an open offer for its giver's side, with the reason. Raises NotFound for those who may not."""
    offers = Handover.objects.select_related("giver", "receiver")
    found = offers.filter(pk=handover, state=Handover.State.OFFERED).first()
    if found is None or not may(actor, "custody.lapse", scope_of_holder(found.giver)):
        raise NotFound(kind="open offer", name=str(handover))
    reasons = [(reason, reason.replace("_", " ")) for reason in rules.LAPSES]
    return ActForm(
        action="custody.lapse", title=f"Let the offer from {found.giver} to {found.receiver} lapse", button="Let it lapse",
        inputs=[Input("reason", "Because", "choice", choices=reasons)], given={"handover": found.pk},
        done=lambda answer: f"The offer to {found.receiver} has lapsed; {found.giver} keeps everybody on it.",
        back=reverse("board"),
        lead="An offer can lapse when nobody has answered it for 24 hours. Nobody has moved, and nobody does.",
    ).page(request, actor)  # fmt: skip
