"""Under which clause of which decision something is done: a task, a trip, a handover, a change of hands. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from muster.core.times import parse_moment, zone
from muster.decisions import queries as decisions
from muster.decisions.clauses import runs_under
from muster.ledger.models import Handover, Holder
from muster.missions.models import Mission
from muster.tasks.models import Task
from muster.transport.models import Trip


@dataclass(frozen=True, kw_only=True)
class Under:
    """The clause: which limit of which version of the decision, in its sentence. `version` None: nothing was in force yet.

    `mission` is the one that runs under the decision.
    """

    mission: str
    decision: str
    version: int | None
    limit: str
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        return asdict(self)


def under(
    mission: Mission, at: datetime, known_at: int, task: Task | None = None, limit: str = "contact"
) -> Under:
    """The clause under which a task runs at `at`, as known at an act's number; without one, what the decision says of `limit`."""
    in_force = decisions.in_force(mission.decision, at, known_at)
    clause = runs_under(in_force, task.category if task else "", task.place if task else "", limit)
    return Under(
        mission=mission.pk, decision=mission.decision_id, version=in_force.version, limit=clause.limit, sentence=clause.sentence
    )  # fmt: skip


def of_task(task: Task, known_at: int) -> list[tuple[datetime, Under]]:
    """The clauses under which a task runs, each with the moment from which on; the first from its beginning.

    A version of the decision that leaves the clause as it was is none of its own.
    """
    mission, found = task.mission, list[tuple[datetime, Under]]()
    for part in decisions.stretches_known(mission.decision, task.begins_at, task.ends_at, known_at):
        clause = under(mission, part.begins_at, known_at, task)
        if not found or (clause.limit, clause.sentence) != (found[-1][1].limit, found[-1][1].sentence):
            found.append((part.begins_at, clause))
    return found


def of_trip(trip: Trip, known_at: int) -> Under:
    """The clause under which a trip goes: that of its task, at the moment at which it is to depart."""
    return under(trip.mission, trip.departs_at, known_at, trip.task)


def of_handover(handover: Handover, known_at: int) -> Under | None:
    """The clause under which a handover was offered; None for one that belongs to no mission."""
    mission = Mission.objects.select_related("decision").filter(pk=handover.mission).first()
    if mission is None:
        return None
    task = task_of_sides(handover.giver_id, handover.receiver_id)
    return under(mission, handover.offered_act.recorded_at, known_at, task)


def task_of_sides(*holders: object) -> Task | None:
    """The task of the trip that is a side of a change of hands; None where neither side is a trip."""
    trip = Trip.objects.select_related("task").filter(holder__in=holders).first()
    return trip.task if trip else None


def with_clauses(told: dict[str, Any]) -> dict[str, Any]:
    """A thing's history with `under` for each entry: the clause as it was known when the entry was written; None without a mission."""
    entries = told["entries"]
    missions = {
        row.pk: row
        for row in Mission.objects.select_related("decision").filter(pk__in={e["mission"] for e in entries})
    }
    trips = _tasks_by_code(side for entry in entries for side in (entry["giver"], entry["receiver"]))
    return {**told, "entries": [{**entry, "under": _of_entry(entry, missions, trips)} for entry in entries]}


def _tasks_by_code(codes: Iterable[str | None]) -> dict[str, Task]:
    named = Holder.objects.filter(kind=Holder.Kind.TRIP, code__in={code for code in codes if code})
    trips = Trip.objects.select_related("task", "holder").filter(holder__in=named)
    return {trip.holder.code: trip.task for trip in trips}


def _of_entry(
    entry: dict[str, Any], missions: dict[str, Mission], trips: dict[str, Task]
) -> dict[str, Any] | None:
    mission = missions.get(entry["mission"])
    if mission is None or entry["kind"] != "push" or entry["known_at"] is None:
        return None
    task = trips.get(entry["giver"]) or trips.get(entry["receiver"])
    happened_at = parse_moment(entry["happened_at"], zone("UTC"))
    return under(mission, happened_at, entry["known_at"], task).to_json()
