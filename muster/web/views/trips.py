"""Trips: the next event of each as one button, who is aboard, and the handovers that its custodian signs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from muster.access.control import Actor, Scope, can, may, one_of
from muster.access.models import Grant, Role, User
from muster.core.errors import MusterError, NotFound
from muster.core.times import zone
from muster.custody import actions as custody
from muster.custody import rules
from muster.custody.queries import can_lapse, listed_on
from muster.ledger.models import Handover
from muster.ledger.queries import latest_known
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.picture.under import of_handover, of_trip
from muster.record.action import KeyReused
from muster.tasks.models import Task
from muster.transport import queries
from muster.transport.models import Trip
from muster.transport.rules import CARRIES_PERSONS
from muster.web.forms import ONCE, ActForm, Input, counted, record, when
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.views.missions import found as mission_of
from muster.web.views.missions import zone_of

EVENTS: dict[str, tuple[str, str, str, str]] = {
    "depart": ("transport.depart", "Depart", "planned", "The checks run first: custodian, signatures, seats."),
    "left": ("transport.record_left", "It has left already", "planned", "A fact is kept; what would have stopped it becomes a difference."),
    "arrive": ("transport.arrive", "Arrived", "departed", "The trip holds its persons until each is signed for."),
    "close": ("transport.close_trip", "Close trip", "arrived", "When nobody is aboard any more."),
}  # fmt: skip


@signed_in
def listed(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The trips that the actor may read, the one that departs first in front."""
    rows = [(trip, len(queries.aboard(trip))) for trip in queries.trips_of(actor)]
    return render(request, "web/trips.html", {"rows": rows})


def found(actor: Actor, name: str) -> Trip:
    """The trip, for those who may read it. Raises NotFound."""
    return one_of(queries.trips_of(actor), "trip", name)


@signed_in
def one(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One trip: the next event, the handovers that wait, who is aboard, and what has happened."""
    return _page(request, actor, found(actor, name))


def _holder(row: Trip) -> Scope:
    """The trip as a holder of persons: who signs for it is its custodian, and no clerk of the site it leaves from."""
    return Scope("trip", row.holder.code, row.holder.organisation or None)


def _page(request: HttpRequest, actor: Actor, row: Trip, refusal: MusterError | None = None) -> HttpResponse:
    scope, known_at = queries.scope_of(row), latest_known()
    aboard, bags = queries.aboard(row), queries.bags_aboard(row)
    open_ones = Handover.objects.filter(state=Handover.State.OFFERED).select_related(
        "giver", "receiver", "offered_act"
    )
    names = dict(User.objects.values_list("pk", "username"))
    listed = {
        offer.pk: listed_on(offer)
        for offer in open_ones.filter(receiver=row.holder_id) | open_ones.filter(giver=row.holder_id)
    }
    offers = [
        {"id": offer.pk, "giver": offer.giver, "receiver": offer.receiver, "comes_here": offer.receiver_id == row.holder_id,
         "what": counted(*map(len, listed[offer.pk])), "tags": [tag for part in listed[offer.pk] for tag in part],
         "offered_by": names[offer.offered_by], "is_own": offer.offered_by == actor.user,
         "can_lapse": can_lapse(offer, timezone.now()), "under": of_handover(offer, known_at)}
        for offer in open_ones.filter(receiver=row.holder_id) | open_ones.filter(giver=row.holder_id)
    ]  # fmt: skip
    events = [
        (verb, words[1]) for verb, words in EVENTS.items()
        if row.state == words[2] and may(actor, words[0], scope) and not (verb == "close" and (aboard or bags))
    ]  # fmt: skip
    context = {
        "row": row, "drill": row.mission.drill, "under": of_trip(row, known_at),
        "linked": may(actor, "read", missions.scope_of(row.mission)), "zone": row.from_site.zone, "aboard": aboard, "bags": bags,
        "holds": aboard or bags, "offers": offers,
        "events": events, "history": row.events.select_related("act__actor", "act__number"), "reasons": rules.REFUSALS,
        "may_sign": may(actor, "custody.accept", _holder(row)),
        "may_name": row.state == "planned" and may(actor, "transport.name_custodian", scope),
        "sites": [row.from_site, row.to_site],
    }  # fmt: skip
    return form_page(request, "web/trip.html", context, refusal=refusal)


@signed_in
def event(request: HttpRequest, actor: Actor, name: str, verb: str) -> HttpResponse:
    """Record one event of a trip."""
    row = found(actor, name)
    if verb not in EVENTS:
        raise NotFound(kind="event of a trip", name=verb)
    action, title, _, lead = EVENTS[verb]
    can(actor, action, queries.scope_of(row))
    return ActForm(
        action=action, title=f"{title}: {row.pk}", button=title, inputs=[when("Time")], given={"trip": row.pk}, lead=lead,
        done=lambda answer: f"{answer.trip} is {answer.state}, with {answer.aboard} persons aboard.",
        back=reverse("trip", args=[row.pk]), drill=row.mission.drill, zone=row.from_site.zone,
    ).page(request, actor)  # fmt: skip


@signed_in
def custodian(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Name the officer who signs for the persons aboard."""
    row = found(actor, name)
    can(actor, "transport.name_custodian", queries.scope_of(row))
    choices = _custodians(row.mission.organisation_id)
    return ActForm(
        action="transport.name_custodian", title=f"Custodian of {row.pk}", button="Name custodian", given={"trip": row.pk},
        inputs=[Input("custodian", "Custodian", "choice", choices=choices), when("Time named")],
        done=lambda answer: f"The custodian of {answer.trip} is named.", back=reverse("trip", args=[row.pk]),
        lead="Only the custodian signs for the persons aboard. Without one there is no departure.",
        drill=row.mission.drill, zone=row.from_site.zone,
    ).page(request, actor)  # fmt: skip


def _custodians(organisation: str) -> list[tuple[str, str]]:
    grants = Grant.objects.filter(role=Role.CUSTODIAN, organisation__in=[organisation], user__is_active=True)
    return [(name, name) for name in sorted(set(grants.values_list("user__username", flat=True)))]


def _returns(row: Mission) -> list[tuple[str, str]]:
    """The sites of the agency that asked."""
    agency = row.decision.request.agency_id
    sites = Site.objects.filter(organisation=agency) if agency else Site.objects.none()
    return [
        (site.code, f"{site.name} ({agency})") for site in sites.exclude(organisation=row.organisation_id)
    ]


@signed_in
def plan(request: HttpRequest, actor: Actor, mission: str) -> HttpResponse:
    """Plan a trip under a task that carries persons."""
    row = mission_of(actor, mission)
    can(actor, "transport.plan_trip", missions.scope_of(row))
    under = Task.objects.filter(mission=row, category=CARRIES_PERSONS).order_by("id")
    sites = [
        (s.code, s.name)
        for s in Site.objects.filter(kept_by_list_since=None, organisation=row.organisation_id)
    ]
    inputs = [
        Input("trip", "Id of the trip", hint="Capitals, digits and dashes.", value=f"{row.pk}-BUS-"),
        Input("task", "Under which task", "choice", choices=[(t.pk, f"{t.pk}: {t.words}") for t in under]),
        Input("purpose", "Purpose", "radio", "A return to the agency is planned also while the decision is suspended or has ended.",
              list(Trip.Purpose.choices), value=Trip.Purpose.TRANSFER),
        Input("from_site", "From", "choice", choices=sites),
        Input("to_site", "To", "choice", "Persons are returned to a site of the agency.", [*sites, *_returns(row)]),
        Input("vehicle", "Vehicle"), Input("seats", "Seats for persons in custody", "number"),
        when("Departs", "departs_at"),
        Input("custodian", "Custodian", "choice", "Can be named later.", _custodians(row.organisation_id), needed=False),
    ]  # fmt: skip
    return ActForm(
        action="transport.plan_trip", title=f"Plan a trip of {row.pk}", button="Plan trip", inputs=inputs,
        given={"mission": row.pk}, done=lambda answer: f"The trip {answer.trip} is planned.",
        back=reverse("mission", args=[row.pk]), drill=row.drill, zone=zone_of(row),
        lead="A trip leaves under a task of transport; a transfer, inside the decision. Nothing moves until it is signed for.",
        about={"core.not_a_moment": "departs_at", "transport.not_a_return": "to_site",
               "transport.not_its_task": "task", "missions.already_open": "trip",
               "ledger.same_holder": "to_site", "core.not_found": "task"},
    ).page(request, actor)  # fmt: skip


@signed_in
def hand_over(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Offer those aboard to a site; the trip holds them until somebody there signs."""
    row = found(actor, name)
    can(actor, "custody.offer", _holder(row))
    sites = [(site.code, site.name) for site in (row.to_site, row.from_site)]
    aboard = "\n".join([*queries.aboard(row), *queries.bags_aboard(row)])
    inputs = [
        Input("receiver", "To", "choice", choices=sites, value=row.to_site_id),
        Input("tags", "Tags", "tags", "One on each line. All aboard stand here: take out who stays.", value=aboard, rows=8),
        Input("separate_authority", "Separated on whose authority", hint="Only where a group kept together is parted.", needed=False),
        Input("separate_reason", "Why they are separated", "long", needed=False, rows=2),
    ]  # fmt: skip
    return ActForm(
        action="custody.offer", title=f"Hand over from {row.pk}", button="Offer handover", inputs=inputs,
        given={"giver": row.holder.code, "mission": row.mission_id},
        done=lambda answer: f"{counted(len(answer.tags) - len(answer.bags), len(answer.bags))} offered. "
        "Custody has not moved until the site signs.",
        back=reverse("trip", args=[row.pk]), drill=row.mission.drill,
    ).page(request, actor)  # fmt: skip


@require_POST
@signed_in
def answer(request: HttpRequest, actor: Actor, name: str, handover: UUID) -> HttpResponse:
    """Sign for persons offered to the trip, refuse them, or take an offer of the trip's back."""
    row, key = found(actor, name), key_of(request)
    try:
        done: Any
        match request.POST.get("answer"):
            case "accept":
                at = moment_in(request.POST.get("at", ""), zone(row.from_site.zone))
                done = custody.accept(actor=actor, key=key, handover=handover, at=at)
                got, bags = done.answer.accepted, done.answer.bags
                words = f"{counted(len(got) - len(bags), len(bags))} aboard, and you signed for them."
            case "refuse":
                done = custody.refuse(
                    actor=actor, key=key, handover=handover, reason=request.POST.get("reason", "")
                )
                words = "Offer refused; the giver keeps everybody on it."
            case _:
                done = custody.withdraw(actor=actor, key=key, handover=handover)
                words = "Offer withdrawn."
    except KeyReused:
        messages.info(request, ONCE)
        return redirect("trip", row.pk)
    except MusterError as refusal:
        return _page(request, actor, row, refusal)
    messages.success(request, f"{words} {record(done)}")
    return redirect("trip", row.pk)
