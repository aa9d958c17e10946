"""Two records of one person: one is merged into the other, and a merge that was a mistake is undone."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from muster.access.control import Actor, can
from muster.core.errors import NotFound
from muster.custody.merging import scope_of
from muster.custody.models import Merge
from muster.ledger.models import Thing
from muster.missions.queries import of_a_drill
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in
from muster.web.views.history import visible_things

ABOUT = dict.fromkeys(
    ("core.not_found", "core.tag_misread", "custody.same_record", "custody.not_a_person", "custody.already_merged",
     "custody.does_not_merge", "ledger.already_offered"),
    "duplicate",
)  # fmt: skip


@signed_in
def merge(request: HttpRequest, actor: Actor, thing: UUID) -> HttpResponse:
    """Merge another record into this one, which stays."""
    found = Thing.objects.filter(pk=thing, kind=Thing.Kind.PERSON).first()
    if found is None or thing not in visible_things(actor, [thing]):
        raise NotFound(kind="person", name=str(thing))
    can(actor, "custody.merge", scope_of(found))
    inputs = [
        Input("duplicate", "Tag of the other record", hint=f"That record ends. What it says that still holds goes to {found.tag}."),
        Input("reason", "Why both are one person", "long", "Your name stands beside it in the record.", rows=2),
    ]  # fmt: skip
    return ActForm(
        action="custody.merge", title=f"Merge another record into {found.tag}", button="Merge the two records", inputs=inputs,
        given={"survivor": found.tag}, back=reverse("history", args=[found.pk]), drill=of_a_drill(found), about=ABOUT,
        done=lambda answer: f"{answer.duplicate} is merged into {answer.survivor}. Both histories stay readable.",
        lead="Two records of one person become one, and the person is counted once. Nothing is deleted, and a merge can be undone.",
    ).page(request, actor)  # fmt: skip


@signed_in
def undo(request: HttpRequest, actor: Actor, merge: UUID) -> HttpResponse:
    """Undo a merge: both records stand again as they stood."""
    row = Merge.objects.select_related("survivor", "duplicate").filter(pk=merge).first()
    if row is None or row.survivor_id not in visible_things(actor, [row.survivor_id]):
        raise NotFound(kind="merge", name=str(merge))
    can(actor, "custody.unmerge", scope_of(row.survivor))
    return ActForm(
        action="custody.unmerge", title=f"Undo the merge of {row.duplicate} into {row.survivor}", button="Undo the merge",
        inputs=[Input("reason", "Why they are two persons", "long", "Your name stands beside it in the record.", rows=2)],
        given={"merge": row.pk}, back=reverse("history", args=[row.survivor_id]), drill=of_a_drill(row.survivor),
        done=lambda answer: f"{answer.duplicate} stands as a record of its own again.",
        lead=f"{row.duplicate} was merged for this reason: {row.reason}",
    ).page(request, actor)  # fmt: skip
