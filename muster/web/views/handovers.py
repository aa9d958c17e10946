"""An offer between its two signatures: its slip with a code, the second one on the giver's device, and its end where nobody answers."""

from __future__ import annotations

from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, actor_of, may
from muster.access.models import User
from muster.core.errors import MusterError, NotFound
from muster.core.times import local, zone
from muster.custody import actions as custody
from muster.custody import rules
from muster.custody.queries import listed_on, scope_of_holder
from muster.documents.codes import qr_svg
from muster.ledger.models import Handover
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.record.action import KeyReused
from muster.transport.models import Trip
from muster.web.forms import ONCE, ActForm, Input, counted, record
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.views.counter import site_for
from muster.web.views.counter_forms import FIELDS, signed_words, tick, ticks_of
from muster.web.words import CUSTODY, words_at


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


class NotThatSignIn(MusterError):
    """The user name and the password do not fit."""

    code = "web.not_that_sign_in"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "The user name and the password do not fit, or were tried too often. Nothing was signed. Try again in a while."
        )


class OwnDeviceNeeded(MusterError):
    """The account has a second factor, which a password on another's device would pass by."""

    code = "web.own_device_needed"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This account signs in with a second factor. Nothing was signed. Scan the code of the handover with a device of your own."
        )


def _offer(handover: UUID) -> Handover:
    found = Handover.objects.select_related("giver", "receiver").filter(pk=handover).first()
    if found is None:
        raise NotFound(kind="handover", name=str(handover))
    return found


@signed_in
def slip(request: HttpRequest, actor: Actor, handover: UUID) -> HttpResponse:
    """Where the code of a handover leads: the receiver to the signature, the giver's people to the slip that shows the code."""
    found = _offer(handover)
    signs = actor.user != found.offered_by and may(actor, "custody.accept", scope_of_holder(found.receiver))
    if signs and found.state == Handover.State.OFFERED:
        if found.receiver.site:
            return redirect("sign", found.receiver.site, found.pk)
        trip = Trip.objects.filter(holder=found.receiver).first()
        if trip:
            return redirect("trip", trip.pk)
    if not (signs or may(actor, "custody.offer", scope_of_holder(found.giver))):
        raise NotFound(kind="handover", name=str(handover))
    site = Site.objects.filter(pk=found.giver.site).first()
    persons, bags = listed_on(found)
    context = {
        "offer": found, "site": site, "words": words_at(site, now=timezone.now()) if site else CUSTODY,
        "what": counted(len(persons), len(bags)), "tags": [*persons, *bags], "code": qr_svg(request.build_absolute_uri(request.path)),
        "drill": bool(site and is_drill_at(site)),
    }  # fmt: skip
    return render(request, "web/handover_slip.html", context)


@signed_in
def sign_here(request: HttpRequest, actor: Actor, site: str, handover: UUID) -> HttpResponse:
    """The receiver signs on the giver's device, by a sign-in of their own for this one signature; nobody is signed in by it."""
    place, found = site_for(actor, site), _offer(handover)
    if found.giver.site != place.pk or found.state != Handover.State.OFFERED:
        raise NotFound(kind="open offer", name=str(handover))
    persons, bags = listed_on(found)
    refusal: MusterError | None = None
    ticked, scanned = request.POST.getlist("tag"), ""
    if request.method == "POST" and request.POST.get("step") == "scan":
        scanned, ticked = tick(request.POST.get("scan", ""), ticked, [*persons, *bags])
    elif request.method == "POST":
        try:
            at = moment_in(request.POST.get("at", ""), zone(place.zone))
            discrepancy = request.POST.get("discrepancy", "").strip()
            signer = _signer(request)
            done = custody.accept(
                actor=signer,
                key=key_of(request),
                handover=handover,
                at=at,
                tags=ticked,
                discrepancy=discrepancy,
            )
        except KeyReused:
            messages.info(request, ONCE)
            return redirect("counter", place.code)
        except MusterError as told:
            refusal = told
        else:
            words = signed_words(done.answer, bags, found, local(at, zone(place.zone)), discrepancy)
            messages.success(request, f"{words} Signed by {signer.name} for {found.receiver}. {record(done)}")
            return redirect("counter", place.code)
    context = ticks_of(place, found, persons, bags, ticked, scanned)
    return form_page(request, "web/sign_here.html", context, refusal=refusal, fields=FIELDS | OF_THE_SIGNER)


OF_THE_SIGNER = {
    "web.not_that_sign_in": "username",
    "web.own_device_needed": "username",
    "custody.same_signer": "username",
}


def _signer(request: HttpRequest) -> Actor:
    """Who signs, by the user name and password in the form, as often as sign-ins may be tried. Raises NotThatSignIn, OwnDeviceNeeded."""
    given = {name: request.POST.get(name, "") for name in ("username", "password")}
    try:
        user = get_adapter(request).authenticate(request, **given)
    except ValidationError:
        user = None
    if not isinstance(user, User):
        raise NotThatSignIn()
    if is_mfa_enabled(user):
        raise OwnDeviceNeeded()
    return actor_of(user)
