"""Planning a trip, naming its custodian, and what happens to it.

Persons come aboard and leave by handovers, as anywhere else: the trip is a holder, and its custodian signs for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope, actor_of, may
from muster.access.models import User
from muster.core.errors import NotFound
from muster.core.times import check_happened
from muster.custody import receivers
from muster.custody.models import Difference
from muster.decisions import queries as decisions
from muster.decisions.actions import check_request_open
from muster.decisions.rules import Refusal, check_beginning
from muster.ledger.models import Handover, Holder
from muster.ledger.rules import SamePlace
from muster.ledger.writing import holder
from muster.missions import queries as missions
from muster.missions.actions import AlreadyClosed, AlreadyOpen
from muster.missions.closing import numbered
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act
from muster.tasks import queries as tasks
from muster.tasks.actions import AlreadyKept, NotOutside, Words
from muster.tasks.asked import NotAskedAnyMore, check_asked
from muster.tasks.models import Task
from muster.transport import queries, rules
from muster.transport.models import OfferKept, Trip, TripEvent
from muster.transport.outside import outside_offers

Code = Annotated[str, Field(max_length=70)]
TripCode = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Z0-9][A-Z0-9-]*$")]
Name = Annotated[str, Field(max_length=150)]


@dataclass(frozen=True)
class TripTold:
    """The trip, the code by which it is a holder, and where it stands."""

    trip: str
    holder: str
    state: str
    aboard: int


@dataclass(frozen=True)
class OfferStands:
    """The offer, and the version of the decision that it is kept against."""

    handover: UUID
    version: int


def _trip(trip: str) -> tuple[Scope, Trip]:
    found = queries.for_change(trip)
    return queries.scope_of(found), found


@action("transport.plan_trip", about=missions.locked)
def plan_trip(
    *, act: Act, row: Mission, actor: Actor, mission: Code, trip: TripCode, task: Code, from_site: Code, to_site: Code,
    vehicle: Annotated[str, Field(min_length=1, max_length=60)], seats: Annotated[int, Field(ge=1, le=500)],
    departs_at: AwareDatetime, custodian: Name = "", purpose: Trip.Purpose = Trip.Purpose.TRANSFER,
) -> TripTold:  # fmt: skip
    """Plan a trip under a task that carries persons: a transfer while the decision is in force, a return to the agency always.

    A return is stopped by no suspension, end or closing: neither the decision nor the window of its task binds it.

    Raises AlreadyClosed, AlreadyOpen for a code in use, NotFound, SamePlace, NotInForce, NotAskedAnyMore, NotATransportTask, NotAReturn,
    NothingInForce,
    and what `decisions.rules.check_beginning` raises where the decision has barred its kind since.
    """
    returns = purpose == Trip.Purpose.RETURN
    if row.closed_at is not None and not returns:
        raise AlreadyClosed(mission=row.pk)
    if Trip.objects.filter(pk=trip).exists():
        raise AlreadyOpen(mission=trip)
    if from_site == to_site:
        raise SamePlace(holder=from_site)
    under = Task.objects.filter(pk=task, mission=row).first()
    if under is None:
        raise NotFound(kind="task", name=task)
    start, end = _site(from_site), _site(to_site)
    if returns:
        _check_return(under, end)
    else:
        check_request_open(row.decision)
        draw = tasks.draw_of(under)
        check_asked(row.decision, under.category, under.place, departs_at)
        rules.check_task(under.pk, under.category, draw.begins_at, draw.ends_at, departs_at)
        check_beginning(decisions.in_force_locked(row.decision, departs_at), draw)
    made = Trip.objects.create(
        id=trip, act=act, mission=row, task=under, from_site=start, to_site=end, vehicle=vehicle,
        seats=seats, departs_at=departs_at, purpose=purpose, custodian=_custodian(custodian, row) if custodian else None,
        holder=holder(act=act, code=f"trip:{trip}", kind=Holder.Kind.TRIP, organisation=row.organisation_id),
    )  # fmt: skip
    return _event(made, "planned", act, departs_at)


@action("transport.name_custodian", about=_trip)
def name_custodian(
    *, act: Act, row: Trip, actor: Actor, trip: Code, custodian: Name, at: AwareDatetime
) -> TripTold:
    """Name the officer who signs for the persons aboard. Raises NotFound, WrongMoment once it has left."""
    if row.state != Trip.State.PLANNED:
        raise rules.WrongMoment(trip=row.pk, state=row.state, event="given another custodian")
    row.custodian = _custodian(custodian, row.mission)
    row.save(update_fields=["custodian"])
    return _event(row, "custodian", act, at, words=custodian)


@action("transport.depart", about=_trip)
def depart(*, act: Act, row: Trip, actor: Actor, trip: Code, at: AwareDatetime) -> TripTold:
    """Ask whether the trip may leave, and record that it leaves.

    Raises WrongMoment, NotHappenedYet, the refusals of `rules.check_departure`.
    """
    _check_state(row, Trip.State.PLANNED, "departed")
    _check_departure(row, at)
    return _to(row, Trip.State.DEPARTED, act, at)


@action("transport.record_left", about=_trip)
def record_left(*, act: Act, row: Trip, actor: Actor, trip: Code, at: AwareDatetime) -> TripTold:
    """Record that it has left. A fact: where it ought not to have left, a difference opens. Raises WrongMoment, NotHappenedYet."""
    _check_state(row, Trip.State.PLANNED, "departed")
    words = ""
    try:
        _check_departure(row, at)
    except rules.DepartureRefused as refusal:
        words = f"{row.pk} has left although: {refusal.what}"
        Difference.objects.create(
            act=act, kind=Difference.Kind.LEFT_REFUSED, site=row.from_site, words=words, opened_at=at
        )
    return _to(row, Trip.State.DEPARTED, act, at, words=words)


@action("transport.arrive", about=_trip)
def arrive(*, act: Act, row: Trip, actor: Actor, trip: Code, at: AwareDatetime) -> TripTold:
    """Record that it has arrived; the trip holds its persons until each is signed for.

    Raises WrongMoment, NotHappenedYet, BeforeItsLatest.
    """
    _check_state(row, Trip.State.DEPARTED, "arrived")
    return _to(row, Trip.State.ARRIVED, act, at)


@action("transport.close_trip", about=_trip)
def close_trip(*, act: Act, row: Trip, actor: Actor, trip: Code, at: AwareDatetime) -> TripTold:
    """End a trip that holds nobody and no bag any more. Raises WrongMoment, StillAboard, NotHappenedYet, BeforeItsLatest."""
    if row.state == Trip.State.CLOSED:
        raise rules.WrongMoment(trip=row.pk, state=row.state, event="closed")
    if tags := [*queries.aboard(row), *queries.bags_aboard(row)]:
        raise rules.StillAboard(trip=row.pk, tags=tags)
    return _to(row, Trip.State.CLOSED, act, at)


def _offer(handover: UUID) -> tuple[Scope, tuple[Mission, Handover]]:
    """An open offer under a mission: the mission, and the offer locked until commit. Raises NotFound."""
    rows = Handover.objects.select_for_update(of=("self",)).select_related("giver", "receiver")
    found = rows.filter(pk=handover, state=Handover.State.OFFERED).exclude(mission="").first()
    mission = (
        Mission.objects.filter(pk=found.mission).select_related("decision__request").first()
        if found
        else None
    )
    if found is None or mission is None:
        raise NotFound(kind="open offer under a mission", name=str(handover))
    return missions.scope_of(mission).asked_as("handover", str(found.pk)), (mission, found)


@action("transport.keep_offer", about=_offer)
def keep_offer(
    *, act: Act, row: tuple[Mission, Handover], actor: Actor, handover: UUID, version: Annotated[int, Field(ge=1, le=1_000_000)],
    reason: Words,
) -> OfferStands:  # fmt: skip
    """Say why an open offer stands that a version of the decision does not allow any more, such as persons who need a roof tonight.

    It settles the matter and moves nobody. Raises AlreadyKept, NotOutside.
    """
    mission, offer = row
    decisions.for_change(mission.decision_id)
    name = f"The offer from {offer.giver.code} to {offer.receiver.code}"
    if offer.kept.filter(version=version).exists():
        raise AlreadyKept(task=name, version=version)
    rows = outside_offers(mission, numbered())
    stands = [each.version for each in rows if each.id == str(offer.pk) and each.is_open]
    if version not in stands:
        raise NotOutside(task=name, version=version, outside=stands)
    OfferKept.objects.create(act=act, handover=offer, version=version, reason=reason)
    return OfferStands(offer.pk, version)


def _check_return(under: Task, to: Site) -> None:
    """A return needs a task that carries persons, whenever that was, and the agency at its end."""
    rules.check_carries(under.pk, under.category)
    mission = under.mission
    rules.check_return(
        to.pk, run_by=to.organisation_id or "", mission_of=mission.organisation_id,
        agency=mission.decision.request.agency_id or "",
    )  # fmt: skip


def _check_boards(holder: Holder) -> None:
    """A trip that has left takes nobody any more. Raises NotBoarding."""
    found = queries.of_holder(holder)
    if found is not None and found.state != Trip.State.PLANNED:
        raise rules.NotBoarding(trip=found.pk, state=found.state)


def _late_for(holder: Holder, at: datetime) -> str:
    """What is odd about coming aboard at that moment; empty: nothing. It is kept all the same."""
    found = queries.of_holder(holder)
    if found is None:
        return ""
    left = found.events.filter(kind="departed").first() or found.events.filter(kind="closed").first()
    if left is None or at <= left.at:
        return ""
    return f"signed for on {found.pk} after it {'departed' if left.kind == 'departed' else 'was closed'}"


receivers.register(Holder.Kind.TRIP, check=_check_boards, late=_late_for)


def _check_state(row: Trip, state: Trip.State, event: str) -> None:
    if row.state != state:
        raise rules.WrongMoment(trip=row.pk, state=row.state, event=event)


def _check_departure(row: Trip, at: datetime) -> None:
    aboard = queries.aboard(row)
    custodian = row.custodian if row.custodian and _may_sign(row.custodian, row.mission) else None
    rules.check_departure(
        row.pk, barred=_barred(row, at), custodian=custodian.pk if custodian else None, seats=row.seats,
        aboard=len(aboard), waiting=queries.waiting(row), signers=queries.signers(row),
    )  # fmt: skip


def _barred(row: Trip, at: datetime) -> str:
    """Why the decision, whose row is locked, or the task does not let the trip leave at that moment; empty: they do.

    A return to the agency is stopped by neither.
    """
    if row.purpose == Trip.Purpose.RETURN:
        return ""
    draw = tasks.draw_of(row.task)
    try:
        rules.check_task(row.task_id, row.task.category, draw.begins_at, draw.ends_at, at)
        decision = decisions.for_change(row.mission.decision_id)
        check_asked(decision, row.task.category, row.task.place, at)
        check_beginning(decisions.in_force_locked(decision, at), draw)
    except (rules.NotATransportTask, NotAskedAnyMore, Refusal) as refusal:
        return refusal.what
    return ""


def _to(row: Trip, state: Trip.State, act: Act, at: datetime, words: str = "") -> TripTold:
    check_happened(at, now=act.recorded_at)
    before = row.events.filter(kind__in=Trip.State.values).exclude(kind=Trip.State.PLANNED).last()
    if before is not None and at < before.at:
        raise rules.BeforeItsLatest(trip=row.pk, event=state.value, kind=before.kind, at=before.at)
    row.state = state
    row.save(update_fields=["state"])
    return _event(row, state.value, act, at, words=words)


def _event(row: Trip, kind: str, act: Act, at: datetime, words: str = "") -> TripTold:
    aboard = len(queries.aboard(row))
    n = row.events.count() + 1
    TripEvent.objects.create(act=act, trip=row, n=n, kind=kind, aboard=aboard, words=words, at=at)
    return TripTold(row.pk, row.holder.code, row.state, aboard)


def _site(code: str) -> Site:
    found = Site.objects.filter(pk=code).first()
    if found is None:
        raise NotFound(kind="site", name=code)
    return found


def _custodian(name: str, mission: Mission) -> User:
    """The account of that name, where it may sign for a trip of the mission. Raises NotFound."""
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None or not _may_sign(found, mission):
        raise NotFound(kind="custodian", name=name)
    return found


def _may_sign(user: User, mission: Mission) -> bool:
    scope = Scope("trip", "custodian", mission.organisation_id)
    return user.is_active and may(actor_of(user), "custody.accept", scope)
