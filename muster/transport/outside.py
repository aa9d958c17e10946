"""What of a mission stands outside: its tasks, its trips, planned or under way, and the offers that wait for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from muster.core.tasks import TASKS
from muster.decisions import queries as decisions
from muster.decisions.judging import Clause, Stray, breaks, standing
from muster.decisions.models import Decision
from muster.decisions.rules import Draw, InForce, Refusal, Version, check_beginning, limits_at
from muster.ledger.models import Handover, Holder
from muster.missions.models import Mission
from muster.record.models import Act
from muster.tasks import queries as tasks
from muster.tasks.asked import Against, AskedSince, TakenBack, asked_since
from muster.tasks.outside import (
    OPEN,
    Outside,
    Settlement,
    amended_by,
    kept_as_known,
    outside_among,
    settled_by,
    told,
    would_stray,
)
from muster.transport.models import OfferKept, Trip, TripEvent


def outside(mission: Mission, known_at: int) -> list[Outside]:
    """Everything of a mission that does not fit any more, open or settled, as known at an act's number."""
    versions = decisions.versions_known(mission.decision, known_at)
    every, since = tasks.draws_known(mission.decision, known_at), asked_since(mission.decision, known_at)
    return [
        *outside_among(mission, known_at, versions, every, since),
        *_trips(mission, versions, every, since, known_at),
        *_offers(mission, versions, known_at),
    ]


def outside_offers(mission: Mission, known_at: int) -> list[Outside]:
    """The offers alone."""
    return list(_offers(mission, decisions.versions_known(mission.decision, known_at), known_at))


def open_outside(mission: Mission, known_at: int) -> list[Outside]:
    """What of these nobody has settled yet."""
    return [each for each in outside(mission, known_at) if each.is_open]


def kept_against(decision: Decision, known_at: int) -> list[Outside]:
    """What goes on though it stands outside the decision, because the operations center keeps it, in every mission under it."""
    under = Mission.objects.filter(decision=decision, act__number__number__lte=known_at).order_by("pk")
    return [
        each
        for row in under.select_related("decision__request")
        for each in outside(row, known_at)
        if each.settlement.how == "kept"
    ]


def would_be_outside(decision: Decision, version: Version) -> list[Outside]:
    """What would stand outside if another version of a decision were written: tasks, and planned trips. By everything committed."""
    known = decisions.versions_locked(decision)
    found = [told(task, version.n, stray, OPEN) for task, stray in would_stray(decision, version, known)]
    rows = Trip.objects.filter(mission__decision=decision, state=Trip.State.PLANNED)
    rows = rows.exclude(purpose=Trip.Purpose.RETURN).order_by("departs_at", "id")
    for trip in rows.select_related("task__mission", "mission"):
        at = trip.departs_at
        in_force = limits_at([*known, version], at, version.known)
        clause = _of_trip(tasks.draw_of(trip.task))(in_force)
        if clause is not None and (in_force.by or in_force.version) == version.n:
            part = Stray(begins_at=at, ends_at=at, version=version.n, clauses=(clause,), mended_by=None)
            found.append(_trip(trip, part, "decision", OPEN))
    return found


# --- trips ----------------------------------------------------------------------------


def _trips(
    mission: Mission, versions: Sequence[Version], draws: dict[str, Draw], asked: AskedSince, known_at: int
) -> Iterator[Outside]:
    """Trips that could not leave, and trips under way that could not begin now: they are brought to their end, or kept with a reason.

    A return to the agency is never outside.
    """
    written = {version.n: version.known for version in versions}
    by_trip = _events(mission, known_at)
    rows = Trip.objects.filter(mission=mission, act__number__number__lte=known_at)
    for trip in rows.exclude(purpose=Trip.Purpose.RETURN).select_related(
        "task", "mission__decision", "act__number"
    ):
        events = by_trip.get(trip.pk, {})
        left, closed = events.get("departed"), events.get("closed")
        begins_at, since = (left.at, _number(left.act)) if left else (trip.departs_at, _number(trip.act))
        ends_at = begins_at if left is None else closed.at if closed else None
        parts: list[tuple[Stray, int, Against]] = [
            (part, written[part.version], "decision")
            for part in breaks(versions, begins_at, ends_at, since=since, of=_of_trip(draws[trip.task_id]))
        ]
        gone = asked.taken_back(trip.task.category, trip.task.place)
        if gone is not None and since < (gone.written or 0) and _reaches(gone, begins_at, ends_at):
            at = max(begins_at, gone.since_at)
            part = Stray(
                begins_at=at, ends_at=ends_at or at, version=gone.n, clauses=(gone.clause,), mended_by=None
            )
            parts.append((part, gone.written or 0, gone.against))
        for part, number, against in parts:
            if closed is None or _number(closed.act) > number:
                yield _trip(trip, part, against, _trip_settled(trip, part, against, closed, known_at))


def _events(mission: Mission, known_at: int) -> dict[str, dict[str, TripEvent]]:
    """By trip, the latest event of each kind, as known at an act's number."""
    rows = TripEvent.objects.filter(trip__mission=mission, act__number__number__lte=known_at)
    found: dict[str, dict[str, TripEvent]] = {}
    for event in rows.select_related("act__actor", "act__number").order_by("n"):
        found.setdefault(event.trip_id, {})[event.kind] = event
    return found


def _number(act: Act) -> int:
    return act.number.number


def _reaches(gone: TakenBack, begins_at: datetime, ends_at: datetime | None) -> bool:
    """Whether what goes on from one moment to the other (None: still) is not over when its task is not asked for any more."""
    return gone.since_at <= begins_at if ends_at == begins_at else ends_at is None or gone.since_at < ends_at


def _of_trip(draw: Draw) -> Callable[[InForce], Clause | None]:
    def of(in_force: InForce) -> Clause | None:
        try:
            check_beginning(in_force, draw)
        except Refusal as refusal:
            return Clause(
                limit=refusal.limit, sentence=refusal.sentence, verdict="outside", what=refusal.what
            )
        return None

    return of


def _trip(trip: Trip, part: Stray, against: Against, settlement: Settlement) -> Outside:
    return Outside(
        kind="trip", id=trip.pk, task=trip.task_id, mission=trip.mission_id, decision=trip.mission.decision_id, version=part.version,
        against=against, what=f"{TASKS[trip.task.category].name}, {trip.from_site_id} to {trip.to_site_id}, {trip.vehicle}",
        begins_at=part.begins_at, ends_at=part.ends_at, clauses=part.clauses, settlement=settlement,
    )  # fmt: skip


def _trip_settled(
    trip: Trip, part: Stray, against: Against, closed: TripEvent | None, known_at: int
) -> Settlement:
    """By closing the trip, by keeping the task under which it goes, or by a later version of the decision."""
    if closed is not None:
        return settled_by("ended", closed.act, closed.words)
    if kept := kept_as_known(trip.task_id, part.version, known_at, against):
        return kept
    return amended_by(trip.mission.decision, part.mended_by) if part.mended_by is not None else OPEN


# --- offers ---------------------------------------------------------------------------


def _offers(mission: Mission, versions: Sequence[Version], known_at: int) -> Iterator[Outside]:
    """Offers that the decision did not allow any more while they waited. Persons who leave a trip, or return to the agency, are none."""
    rows = Handover.objects.filter(mission=mission.pk, offered_act__number__number__lte=known_at)
    rows = rows.exclude(giver__kind=Holder.Kind.TRIP)
    if agency := mission.decision.request.agency_id:
        rows = rows.exclude(receiver__organisation=agency)
    written = {version.n: version.known for version in versions}
    related = ("giver", "receiver", "offered_act__number", "answered_act__number", "answered_act__actor")
    for offer in rows.select_related(*related).order_by("pk"):
        answered = offer.answered_act
        if answered is not None and (not hasattr(answered, "number") or _number(answered) > known_at):
            answered = None
        since, ends_at = _number(offer.offered_act), answered.recorded_at if answered else None
        for part in breaks(versions, offer.offered_act.recorded_at, ends_at, since=since, of=_of_offer):
            if answered is None or _number(answered) > written[part.version]:
                yield _offer(mission, offer, part, _offer_settled(mission, offer, part, answered, known_at))


def _of_offer(in_force: InForce) -> Clause | None:
    """To hand persons over needs a decision that is in force and allows contact with them."""
    stands = standing(in_force)
    if stands.verdict == "outside":
        return stands
    limits = in_force.limits
    if limits is None or limits.contact != "none":
        return None
    what = "to hand persons over is contact with them."
    return Clause(limit="contact", sentence=limits.sentence("contact"), verdict="outside", what=what)


def _offer(mission: Mission, offer: Handover, part: Stray, settlement: Settlement) -> Outside:
    return Outside(
        kind="handover", id=str(offer.pk), task="", mission=mission.pk, decision=mission.decision_id, version=part.version,
        what=f"Offer from {offer.giver.code} to {offer.receiver.code}", begins_at=part.begins_at, ends_at=part.ends_at,
        clauses=part.clauses, settlement=settlement,
    )  # fmt: skip


def _offer_settled(
    mission: Mission, offer: Handover, part: Stray, answered: Act | None, known_at: int
) -> Settlement:
    """By its answer, by somebody who keeps it with a reason, or by a later version of the decision."""
    if answered is not None:
        return settled_by("ended", answered, offer.get_state_display())
    rows = OfferKept.objects.filter(handover=offer, version=part.version, act__number__number__lte=known_at)
    if kept := rows.select_related("act__actor", "act__number").first():
        return settled_by("kept", kept.act, kept.reason)
    return amended_by(mission.decision, part.mended_by) if part.mended_by is not None else OPEN
