"""What of a mission stands outside its decision: its tasks, and the trips that are planned and could not leave."""

from __future__ import annotations

from muster.core.tasks import TASKS
from muster.decisions import queries as decisions
from muster.decisions.judging import Clause
from muster.decisions.rules import Refusal, check_beginning, limits_at
from muster.missions.models import Mission
from muster.tasks import queries as tasks
from muster.tasks.outside import OPEN, Outside, Settlement, kept_as_known, outside_tasks
from muster.transport.models import Trip, TripEvent


def outside(mission: Mission, known_at: int) -> list[Outside]:
    """Every task and trip that stands outside what is in force, open or settled, as known at an act's number."""
    return [*outside_tasks(mission, known_at), *_trips(mission, known_at)]


def open_outside(mission: Mission, known_at: int) -> list[Outside]:
    """What of these nobody has settled yet."""
    return [each for each in outside(mission, known_at) if each.is_open]


def _trips(mission: Mission, known_at: int) -> list[Outside]:
    """Trips that were planned and have not left. What has left is finished: nothing new begins with it.

    A return to the agency is never outside.
    """
    versions = decisions.versions_known(mission.decision, known_at)
    draws = tasks.draws_as_known(mission, known_at)
    found = []
    rows = Trip.objects.filter(mission=mission, act__number__number__lte=known_at)
    for trip in rows.exclude(purpose=Trip.Purpose.RETURN).select_related("task", "mission"):
        events = list(
            TripEvent.objects.filter(trip=trip, act__number__number__lte=known_at)
            .exclude(kind__in=("planned", "custodian"))
            .select_related("act__actor", "act__number")
        )
        if events and events[0].kind != "closed":
            continue
        draw = draws[trip.task_id]
        in_force = limits_at(versions, trip.departs_at, known_at)
        try:
            check_beginning(in_force, draw)
        except Refusal as refusal:
            version = in_force.by or in_force.version or 0
            clause = Clause(
                limit=refusal.limit, sentence=refusal.sentence, verdict="outside", what=refusal.what
            )
            found.append(_outside(trip, version, clause, events, known_at))
    return found


def _outside(trip: Trip, version: int, clause: Clause, events: list[TripEvent], known_at: int) -> Outside:
    return Outside(
        kind="trip", id=trip.pk, task=trip.task_id, mission=trip.mission_id, decision=trip.mission.decision_id, version=version,
        what=f"{TASKS[trip.task.category].name}, {trip.from_site_id} to {trip.to_site_id}, {trip.vehicle}",
        begins_at=trip.departs_at, ends_at=trip.departs_at, clauses=(clause,), settlement=_settled(trip, version, events, known_at),
    )  # fmt: skip


def _settled(trip: Trip, version: int, events: list[TripEvent], known_at: int) -> Settlement:
    """By closing the trip, or by keeping the task under which it goes."""
    if events:
        act = events[0].act
        return Settlement(how="ended", known_at=act.number.number, by=str(act.actor), reason=events[0].words)
    return kept_as_known(trip.task_id, version, known_at) or OPEN
