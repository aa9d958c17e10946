"""Judge an act: the limits that were in force and known at that minute, and whether it stood inside. Writes nothing.

No act carries a copy of the clauses it ran under: its number says what was known, its moment what was in force, and no version of a
decision is ever changed, so that asking again gives the same answer. An amendment that was written later and counts from before is the
second reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import Model

from muster.access.control import Actor, may, reads_everything
from muster.core.errors import NotFound
from muster.costs import queries as costs
from muster.costs.models import CostLine
from muster.custody.models import Difference
from muster.decisions import queries as decisions
from muster.decisions.judging import Clause, Spending, is_inside, judged, merged
from muster.decisions.models import Decision
from muster.decisions.rules import Draw
from muster.ledger.models import Entry, Handover
from muster.ledger.queries import NUMBER_DIGITS, latest_known
from muster.missions import queries as missions
from muster.missions.models import Closing, Mission
from muster.picture.under import Under, task_of_sides, under
from muster.record.models import Act
from muster.tasks import queries as tasks
from muster.tasks import shifts
from muster.tasks.asked import Against
from muster.tasks.assignments import members_moved
from muster.tasks.models import AssignmentStep, Ending, Kept, Present, Shift, ShiftEnded, Task
from muster.tasks.outside import SINCE
from muster.transport.models import OfferKept, Trip, TripEvent

NO_DECISION = "It ran under no mission's decision, so no limits are asked."


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The clauses as known at an act's number: of which version of the decision, and whether all stood."""

    known_at: int
    version: int | None
    clauses: list[Clause]

    @property
    def inside(self) -> bool:
        return is_inside(self.clauses)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """An act beside the limits: `then` as they were known when it was done, `now` as known at `now.known_at`.

    Both are None for an act without a decision, and so is `under`, the clause that it ran under as known then. `differs`: what
    was written later reads otherwise. `number` is None for an act that still waits for it: it is judged by what is numbered.
    """

    act: UUID
    number: int | None
    name: str
    by: str
    recorded_at: datetime
    at: datetime | None  # the moment that is judged: of a plan, when it begins
    words: str
    mission: Mission | None
    under: Under | None
    then: Reading | None
    now: Reading | None
    differences: list[Difference]

    @property
    def differs(self) -> bool:
        return self.then is not None and self.now is not None and self.then.clauses != self.now.clauses


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """What an act did under a mission: when, what it drew and spent; `task` is what it is about, and is not counted beside itself.

    `limit` is the one that speaks of what is not of a task: `contact` of persons who change hands, `cost_cap_usd` of costs.
    """

    mission: Mission
    at: datetime
    words: str
    draw: Draw | None = None
    task: Task | None = None
    costs: tuple[CostLine, ...] = ()  # that it wrote, of those that may use a cost cap
    limit: str = ""
    shifts: Act | None = None  # the act that planned shifts, each of which is judged


def act_named(name: str) -> Act:
    """The act of that number, or of that UUID, which every answer holds; also one that waits for its number. Raises NotFound."""
    rows = Act.objects.select_related("actor", "number")
    if name.isascii() and name.isdecimal():
        found = rows.filter(number__number=int(name)).first() if len(name) <= NUMBER_DIGITS else None
    else:
        found = rows.filter(pk=uuid).first() if (uuid := _uuid(name)) else None
    if found is None:
        raise NotFound(kind="act", name=name)
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def judge(name: str, known_at: int | None = None) -> Judged:
    """Judge the act of that number or UUID; `now` is as known at another act's number, or the latest. Raises NotFound."""
    latest = latest_known()  # so that an act that can have its number has it
    act = act_named(name)
    numbered: int | None = act.number.number if hasattr(act, "number") else None
    number, before = (latest, latest) if numbered is None else (numbered, numbered - 1)
    subject = None if act.refused_code else next(_subjects(act), None)
    otherwise = f"It was refused, and wrote nothing: {act.refused_words}" if act.refused_code else NO_DECISION
    later = latest if known_at is None else known_at
    stood = _stood(subject, before) if subject else None
    return Judged(
        act=act.pk, number=numbered, name=act.name, by=str(act.actor or "nobody"), recorded_at=act.recorded_at,
        at=subject.at if subject else None, words=subject.words if subject else otherwise,
        mission=subject.mission if subject else None,
        under=under(subject.mission, subject.at, number, subject.task, subject.limit) if subject else None,
        then=_reading(subject, stood, number), now=_reading(subject, stood, later),
        differences=list(Difference.objects.filter(act=act).select_related("site")),
    )  # fmt: skip


def judge_for(actor: Actor, name: str, known_at: int | None = None) -> Judged:
    """The same, for who may read its mission; without one, for who reads the whole record; and for who did it. Raises NotFound."""
    found = judge(name, known_at)
    mission = found.mission
    allowed = reads_everything(actor) if mission is None else may(actor, "read", missions.scope_of(mission))
    if not allowed and found.by != actor.name:
        raise NotFound(kind="act", name=name)
    return found


def judged_of(found: Judged) -> dict[str, Any]:
    """What was found, as data."""
    mission = found.mission
    return {
        "act": found.number, "id": str(found.act), "name": found.name, "by": found.by, "recorded_at": found.recorded_at.isoformat(),
        "at": found.at.isoformat() if found.at else None, "words": found.words, "mission": mission and mission.pk,
        "decision": mission and mission.decision_id,
        "under": found.under and found.under.to_json(), "then": _told(found.then), "now": _told(found.now), "differs": found.differs,
        "differences": [{"difference": str(each.pk), "kind": each.kind, "words": each.words} for each in found.differences],
    }  # fmt: skip


def _told(reading: Reading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    clauses = [asdict(clause) for clause in reading.clauses]
    return {
        "known_at": reading.known_at,
        "version": reading.version,
        "inside": reading.inside,
        "clauses": clauses,
    }


@dataclass(frozen=True)
class _Stood:
    """What stood when an act was done, as known at `before`: what others drew, and how far the costs had come."""

    before: int
    beside: list[Draw]
    spending: Spending | None


def _stood(subject: _Subject, before: int) -> _Stood:
    decision = subject.mission.decision
    beside = _beside(decision, subject.task.pk if subject.task else "", before) if subject.draw else []
    return _Stood(before, beside, _spending(decision, subject.costs, before + 1))


def _reading(subject: _Subject | None, stood: _Stood | None, known_at: int) -> Reading | None:
    """The clauses as known at `known_at`, beside what stood when the act was done."""
    if subject is None or stood is None:
        return None
    decision, draw = subject.mission.decision, subject.draw
    first = decisions.in_force(decision, subject.at, known_at)
    if subject.shifts is not None:
        clauses = shifts.clauses_of(subject.shifts, subject.mission, stood.before, known_at)
        return Reading(known_at=known_at, version=first.version, clauses=clauses)
    spending = stood.spending
    if draw is None or draw.begins_at >= draw.ends_at:
        clauses = judged(first, (), None, spending)
        if spending is not None:
            # A cost is written down when it is known, also after the decision has ended: it is asked of its amount alone.
            clauses = [clause for clause in clauses if clause.limit != "in_force"]
        return Reading(known_at=known_at, version=first.version, clauses=clauses)
    parts = [
        judged(
            part.in_force, stood.beside, replace(draw, begins_at=part.begins_at, ends_at=part.ends_at), spending
        )
        for part in decisions.stretches_known(decision, draw.begins_at, draw.ends_at, known_at)
    ]  # fmt: skip
    return Reading(known_at=known_at, version=first.version, clauses=merged(parts))


def _beside(decision: Decision, task: str, known_at: int) -> list[Draw]:
    return [draw for name, draw in tasks.draws_known(decision, known_at).items() if name != task]


def _spending(decision: Decision, wrote: Sequence[CostLine], number: int) -> Spending | None:
    """What the lines of an act take of a cap: how much more is used as known at it than just before; nothing where less is."""
    if not wrote:
        return None
    before, after = (costs.used_known(decision, known_at).cents for known_at in (number - 1, number))
    lines = [costs.line_of(row) for row in wrote]
    says_nothing = any(line.stage == "estimate" and line.most_cents is None for line in lines)
    return Spending(used_cents=min(before, after), new_cents=None if says_nothing else max(0, after - before))


# --- what an act did ----------------------------------------------------------------


def what_it_did(act: Act, table: type[Model]) -> tuple[datetime, str] | None:
    """The moment that an act is judged as of, and what it did in one table, in words; None where it did nothing under a mission."""
    found = next(BY_TABLE[table](act), None)
    return None if found is None else (found.at, found.words)


def _subjects(act: Act) -> Iterator[_Subject]:
    for of in (
        _order,
        _present,
        _ending,
        _kept,
        _offer_kept,
        _cost,
        _shifts,
        _shift_ended,
        _assigned,
        _trip,
        _trip_event,
        _handover,
        _entry,
        _opening,
        _closing,
    ):
        yield from of(act)


def _order(act: Act) -> Iterator[_Subject]:
    for task in Task.objects.filter(act=act).select_related("mission__decision"):
        # As it was ordered: what ended it later has no say.
        draw = replace(tasks.draw_of(task), ends_at=task.ends_at)
        words = f"Ordered the task {task.pk}: {task.category}, {draw.people.said} people at {task.place}."
        lines = tuple(CostLine.objects.filter(act=act))
        yield _Subject(
            mission=task.mission, at=task.begins_at, words=words, draw=draw, task=task, costs=lines
        )


def _present(act: Act) -> Iterator[_Subject]:
    for seen in Present.objects.filter(act=act).select_related("task__mission__decision"):
        words = f"Reported {seen.people} present at the task {seen.task_id}."
        yield _under(seen.task, seen.at, words, people=seen.people)


def _ending(act: Act) -> Iterator[_Subject]:
    for ending in Ending.objects.filter(act=act).select_related("task__mission__decision"):
        at = ending.task.ended_at or act.recorded_at
        words = f"Ended the task {ending.task_id}."
        yield _Subject(mission=ending.task.mission, at=at, words=words, task=ending.task)


def _kept(act: Act) -> Iterator[_Subject]:
    for kept in Kept.objects.filter(act=act).select_related("task__mission__decision"):
        since = SINCE[cast(Against, kept.against)].format(n=kept.version)
        words = f"Kept the task {kept.task_id}, outside since {since}: {kept.reason}"
        yield _Subject(mission=kept.task.mission, at=act.recorded_at, words=words, task=kept.task)


def _offer_kept(act: Act) -> Iterator[_Subject]:
    for kept in OfferKept.objects.filter(act=act).select_related("handover__giver", "handover__receiver"):
        offer = kept.handover
        words = f"Kept the offer from {offer.giver.code} to {offer.receiver.code}, outside since version {kept.version}: {kept.reason}"
        yield from _of(offer.mission, act.recorded_at, words, None)


def _cost(act: Act) -> Iterator[_Subject]:
    lines = tuple(CostLine.objects.filter(act=act).select_related("mission__decision").order_by("pk"))
    if lines:
        words = f"Recorded {', '.join(f'{line.pk} ({line.stage})' for line in lines[:3])}{' and more' * (len(lines) > 3)}."
        yield _Subject(
            mission=lines[0].mission, at=act.recorded_at, words=words, costs=lines, limit="cost_cap_usd"
        )


def _shifts(act: Act) -> Iterator[_Subject]:
    rows = list(
        Shift.objects.filter(act=act)
        .select_related("task__mission__decision__request")
        .order_by("begins_at", "id")
    )
    if rows:
        count, tasks_named = len(rows), ", ".join(sorted({row.task_id for row in rows}))
        words = f"Planned {count} shift{'s' if count != 1 else ''} at {tasks_named}."
        if rows[0].instead_of_id:
            words = f"Planned {rows[0].pk}, which takes {rows[0].instead_of_id} over."
        first = rows[0].task
        yield _Subject(mission=first.mission, at=rows[0].begins_at, words=words, task=first, shifts=act)


def _shift_ended(act: Act) -> Iterator[_Subject]:
    for ended in ShiftEnded.objects.filter(act=act).select_related("shift__task__mission__decision"):
        words = f"Called off the shift {ended.shift_id}."  # why is on the roster: it may be about a member
        yield _Subject(mission=ended.shift.task.mission, at=ended.at, words=words, task=ended.shift.task)


def _assigned(act: Act) -> Iterator[_Subject]:
    rows = list(
        AssignmentStep.objects.filter(act=act).select_related(
            "assignment__mission__decision", "task__mission__decision"
        )
    )
    if rows:
        words = f"{members_moved(rows)}."
        yield _Subject(
            mission=rows[0].assignment.mission, at=rows[0].happened_at, words=words, task=rows[0].task
        )


def _trip(act: Act) -> Iterator[_Subject]:
    for trip in Trip.objects.filter(act=act).select_related("task__mission__decision"):
        words = f"Planned the trip {trip.pk} under the task {trip.task_id}."
        if trip.purpose == Trip.Purpose.RETURN:
            words += " It returns persons to the agency, which no limit stops."
            yield _Subject(mission=trip.mission, at=trip.departs_at, words=words, task=trip.task)
        else:
            yield _under(trip.task, trip.departs_at, words)


def _trip_event(act: Act) -> Iterator[_Subject]:
    for event in TripEvent.objects.filter(act=act).select_related("trip__task__mission__decision"):
        what = "custodian named" if event.kind == "custodian" else event.kind
        words = f"{event.trip_id} {what}, with {event.aboard} aboard, under the task {event.trip.task_id}."
        if event.kind == "departed" and event.trip.purpose != Trip.Purpose.RETURN:
            yield _under(event.trip.task, event.at, words)
        else:
            # What has left is brought to its end, whatever has become of the decision.
            yield _Subject(mission=event.trip.mission, at=event.at, words=words, task=event.trip.task)


def _under(task: Task, at: datetime, words: str, people: int | None = None) -> _Subject:
    """Something that happens at a moment under a task, by as many people as it has, or by those seen."""
    draw = tasks.draw_at(task, at, people)
    return _Subject(mission=task.mission, at=at, words=words, draw=draw, task=task)


def _handover(act: Act) -> Iterator[_Subject]:
    for side, did in (("offered_act", "Offered"), ("answered_act", "Answered")):
        for each in (
            Handover.objects.filter(**{side: act}).exclude(mission="").select_related("giver", "receiver")
        ):
            words = f"{did} a handover from {each.giver.code} to {each.receiver.code}."
            task = task_of_sides(each.giver_id, each.receiver_id)
            yield from _of(each.mission, act.recorded_at, words, task)


def _entry(act: Act) -> Iterator[_Subject]:
    entries = Entry.objects.filter(act=act, kind="push").exclude(mission="")
    first = entries.select_related("giver", "receiver").order_by("happened_at").first()
    if first is not None:
        words = f"{entries.count()} changed hands, from {first.giver.code} to {first.receiver.code}."
        task = task_of_sides(first.giver_id, first.receiver_id)
        yield from _of(first.mission, first.happened_at, words, task)


def _of(mission: str, at: datetime, words: str, task: Task | None) -> Iterator[_Subject]:
    for row in Mission.objects.filter(pk=mission).select_related("decision"):
        yield _Subject(mission=row, at=at, words=words, task=task, limit="contact")


def _opening(act: Act) -> Iterator[_Subject]:
    for row in Mission.objects.filter(act=act).select_related("decision"):
        yield _Subject(mission=row, at=row.opened_at, words=f"Opened the mission {row.pk}.")


def _closing(act: Act) -> Iterator[_Subject]:
    for closing in Closing.objects.filter(act=act).select_related("mission__decision"):
        row = closing.mission
        yield _Subject(
            mission=row, at=row.closed_at or act.recorded_at, words=f"Closed the mission {row.pk}."
        )


BY_TABLE: dict[type[Model], Callable[[Act], Iterator[_Subject]]] = {
    Task: _order, Present: _present, Ending: _ending, Kept: _kept, Shift: _shifts, ShiftEnded: _shift_ended, Trip: _trip,
    TripEvent: _trip_event,
}  # fmt: skip
