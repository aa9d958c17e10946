"""Members who checked in and out, and how many were seen: facts, which are kept whatever was ordered; what does not fit is a difference.

Checked in, a member is held by the mission; checked out, by the home unit again. Source of what is asked: ICS 211 and ICS 221
(forms.md section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened, local
from muster.decisions import queries as decisions
from muster.decisions.judging import judged
from muster.ledger.models import Head, Holder
from muster.ledger.rules import BeforeLiveTop, NotTheHolder, Stale
from muster.ledger.writing import Push, holder, write
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.record.action import TryAgain, action
from muster.record.models import Act
from muster.tasks import queries
from muster.tasks.assigning import (
    Assigned,
    Code,
    Members,
    Said,
    Words,
    assignments_for,
    new_step,
    next_n,
    write_steps,
)
from muster.tasks.assignmentrules import THERE, words_of
from muster.tasks.assignments import Named, muster_roll_locked, named, refuse
from muster.tasks.members import holder_code
from muster.tasks.models import Kept, Present, Task, TaskDifference, TaskDifferenceSettled

Kind = TaskDifference.Kind
LOOKS = 5  # at who holds the members; every further one follows upon somebody else's entry
Place = Annotated[str, Field(min_length=1, max_length=200)]


class AlreadySettled(MusterError):
    """Somebody has settled the difference."""

    code = "tasks.already_settled"
    status = 409

    def __init__(self, *, difference: int) -> None:
        self.difference = difference
        super().__init__(
            f"The difference {difference} has been settled already. Its reason stands with the mission."
        )


@dataclass(frozen=True)
class TaskDifferenceStands:
    """The difference that is settled."""

    difference: int


@dataclass(frozen=True)
class Seen:
    """The task, how many members were present, and the differences that were opened."""

    task: str
    people: int
    differences: list[str]


@dataclass(frozen=True)
class _Misfit:
    """What does not fit about one member."""

    one: Named
    kind: TaskDifference.Kind
    words: str


@action("tasks.check_in", about=missions.locked)
def check_in(
    *, act: Act, row: Mission, actor: Actor, mission: Code, members: Members, at: AwareDatetime, place: Place,
    travel: Said = "", departed_from: Said = "", departed_at: AwareDatetime | None = None, resource_order: Said = "",
    qualifications: Said = "",
) -> Assigned:  # fmt: skip
    """Record that members have checked in at a place of the mission. A fact: it is kept with or without an order, and above any limit.

    `travel`: how they came; `resource_order`: the number of the order that sent them. From then on the mission holds them. A difference
    opens for who was not ordered, whom another mission still holds, whose record has a later entry, and for more members than the
    decision allows.

    Raises NotHappenedYet, and FaultyInput with every member who is checked in already.
    """
    check_happened(at, now=act.recorded_at)
    those = named(row, members)
    refuse([
        one.fault("tasks.checked_in_already", f"the member is {words_of(one.state)} already, and so checked in.")
        for one in those if one.state in THERE
    ])  # fmt: skip
    held_by = holder(
        act=act, code=holder_code("mission", row.pk), kind=Holder.Kind.UNIT, organisation=row.organisation_id
    )
    misfits = [*_not_ordered(those), *_move(row, those, at, act=act, to=held_by)]
    made = assignments_for(row, those, act=act)
    details = {
        "place": place, "travel": travel, "departed_from": departed_from, "resource_order": resource_order,
        "departed_at": departed_at.isoformat() if departed_at else "", "qualifications": qualifications,
    }  # fmt: skip
    write_steps([
        new_step(made[one.tag], "checked_in", at, act=act, n=next_n(one), details={**details, "unit": one.stands.unit})
        for one in those
    ])  # fmt: skip
    opened = [_differ(act, row, m.kind, m.words, at, one=m.one) for m in misfits]
    opened += [_differ(act, row, *found, at) for found in _of_the_whole(row, at)]
    return Assigned(row.pk, [one.tag for one in those], ["checked_in"] * len(those), opened)


def _not_ordered(those: Sequence[Named]) -> Iterator[_Misfit]:
    for one in those:
        if one.state != "ordered":
            was = (
                f"{one.tag} was {words_of(one.state)}"
                if one.state
                else f"{one.tag} was not on the muster roll"
            )
            words = f"{was}, and checked in without an order."
            yield _Misfit(one, Kind.NOT_ORDERED, words)


def _move(
    row: Mission, those: Sequence[Named], at: datetime, *, act: Act, to: Holder | None
) -> list[_Misfit]:  # fmt: skip
    """Write that the mission holds the members from `at` on, or, with `to` None, their home units; of whom the record says otherwise.

    Of those no entry is written: what was told of them stays a step and a difference. Whoever loses a race looks again.
    Raises TryAgain where others are faster every time.
    """
    for _ in range(LOOKS):
        misfits = {
            found.one.tag: found for found in _against_the_record(row, those, at, coming=to is not None)
        }
        pushes = [
            Push(thing=head.thing_id, giver=head.holder_id, receiver=to.pk if to else one.member.thing.origin_id, happened_at=at)
            for one, head in _heads(those) if one.tag not in misfits
        ]  # fmt: skip
        try:
            # What is home again is no mission's to account for.
            write(pushes, act=act, mission=row.pk if to else "")
        except (Stale, NotTheHolder, BeforeLiveTop):
            continue
        return list(misfits.values())
    raise TryAgain()


def _heads(those: Sequence[Named]) -> list[tuple[Named, Head]]:
    rows = Head.objects.filter(thing__in=[one.member.pk for one in those]).select_related("holder")
    heads = {head.thing_id: head for head in rows}
    return [(one, heads[one.member.pk]) for one in those]


def _against_the_record(
    row: Mission, those: Sequence[Named], at: datetime, *, coming: bool
) -> Iterator[_Misfit]:
    mine, did = holder_code("mission", row.pk), "checked in" if coming else "checked out"
    for one, head in _heads(those):
        is_mine = head.holder.code == mine
        if not coming and one.state == "ordered" and not is_mine:
            yield _Misfit(one, Kind.NOT_CHECKED_IN, f"{one.tag} checked out and was never checked in.")
        elif is_mine if coming else not is_mine:
            words = f"{one.tag} {did} here, and the record has the member with {head.holder.code}."
            yield _Misfit(one, Kind.HELD_ELSEWHERE, words)
        elif coming and head.holder.code.startswith("mission:"):
            words = f"{one.tag} checked in here, and {head.holder.code.removeprefix('mission:')} has not checked the member out."
            yield _Misfit(one, Kind.HELD_ELSEWHERE, words)
        elif head.happened_at is not None and at < head.happened_at:
            since = local(head.happened_at, decisions.zone_locked(row.decision))
            words = f"{one.tag} {did} before the latest entry in the record, with {head.holder.code} since {since}."
            yield _Misfit(one, Kind.OUT_OF_ORDER, words)


def _of_the_whole(row: Mission, at: datetime) -> Iterator[tuple[TaskDifference.Kind, str]]:
    """What does not fit of all who are there together."""
    if row.closed_at is not None and at >= row.closed_at:
        yield Kind.MISSION_CLOSED, f"Members checked in after {row.pk} was closed."
    found = decisions.in_force_locked(row.decision, at)
    most = found.limits.people_max if found.limits else None
    there = sum(one.is_there for one in muster_roll_locked(Mission.objects.filter(decision=row.decision_id)))
    if found.limits is not None and most is not None and there > most:
        yield (
            Kind.ABOVE_LIMIT,
            f"{there} members are checked in under {row.decision_id}. {found.limits.sentence('people_max')}",
        )


@action("tasks.check_out", about=missions.locked)
def check_out(
    *, act: Act, row: Mission, actor: Actor, mission: Code, members: Members, at: AwareDatetime, destination: Place,
    reason: Said = "", travel: Said = "", arrives_at: AwareDatetime | None = None,
) -> Assigned:  # fmt: skip
    """Record that members have left the mission for `destination`. A fact, kept whatever else is open; their home unit holds them again.

    Raises NotHappenedYet, and FaultyInput with every member who is not on the muster roll, or was only nominated.
    """
    check_happened(at, now=act.recorded_at)
    those = named(row, members)
    refuse([
        one.fault("tasks.not_from", "the member is not on the mission's muster roll as ordered or checked in, and cannot check out.")
        for one in those if one.state in (None, "nominated")
    ])  # fmt: skip
    misfits = _move(row, those, at, act=act, to=None)
    details = {
        "destination": destination,
        "travel": travel,
        "arrives_at": arrives_at.isoformat() if arrives_at else "",
    }
    write_steps([
        new_step(one.assignment, "checked_out", at, act=act, n=next_n(one), reason=reason, details=details)
        for one in those if one.assignment
    ])  # fmt: skip
    opened = [_differ(act, row, m.kind, m.words, at, one=m.one) for m in misfits]
    return Assigned(row.pk, [one.tag for one in those], ["checked_out"] * len(those), opened)


@action("tasks.report_present", about=queries.locked)
def report_present(
    *, act: Act, row: Task, actor: Actor, task: Code, people: Annotated[int, Field(ge=0, le=100_000)], at: AwareDatetime
) -> Seen:  # fmt: skip
    """Say how many members are present at the task. A fact: it is kept whatever was ordered.

    More than the decision or the task allows opens a difference, one at a time for a task. Raises NotHappenedYet.
    """
    check_happened(at, now=act.recorded_at)
    Present.objects.create(act=act, task=row, people=people, at=at)
    words = " ".join(_above(row, people, at)) if people else ""
    is_open = TaskDifference.objects.filter(task=row, kind=Kind.ABOVE_LIMIT, settled__isnull=True).exists()
    opened = (
        [_differ(act, row.mission, Kind.ABOVE_LIMIT, words, at, task=row)] if words and not is_open else []
    )
    return Seen(row.pk, people, opened)


def _above(row: Task, people: int, at: datetime) -> Iterator[str]:
    """What of the decision in force then does not allow that many at the task, and what of the task itself does not."""
    draw = queries.draw_of(row)
    if people > (draw.people.high_end or 0):
        yield f"{people} members were present at {row.pk}, which was ordered for {draw.people.said}."
    found = decisions.in_force_locked(row.mission.decision, at)
    if Kept.objects.filter(
        task=row, against="decision", version__in=[found.version or 0, found.by or 0]
    ).exists():
        return  # somebody has said why it goes on against that version
    others = [queries.draw_of(each) for each in Task.objects.filter(decision=row.decision_id).exclude(pk=row.pk)
              .select_related("mission")]  # fmt: skip
    for clause in judged(found, others, queries.draw_at(row, at, people)):
        if clause.verdict == "outside":
            yield f"{clause.sentence} {clause.what[:1].upper()}{clause.what[1:]}"


def _differ(
    act: Act, mission: Mission, kind: TaskDifference.Kind, words: str, at: datetime, *, one: Named | None = None,
    task: Task | None = None,
) -> str:  # fmt: skip
    member = one.member if one else None
    return TaskDifference.objects.create(
        act=act, mission=mission, task=task, member=member, kind=kind, words=words, opened_at=at
    ).words


def _difference(difference: int) -> tuple[Scope, TaskDifference]:
    found = TaskDifference.objects.filter(pk=difference).select_related("mission__decision__request").first()
    if found is None:
        raise NotFound(kind="difference about members", name=str(difference))
    _, mission = missions.locked(found.mission_id)
    return missions.scope_of(mission).asked_as("difference about members", difference), found


@action("tasks.settle_difference", about=_difference)
def settle_difference(
    *, act: Act, row: TaskDifference, actor: Actor, difference: Annotated[int, Field(ge=1)], reason: Words
) -> TaskDifferenceStands:
    """Settle a difference about members, with the reason. Raises AlreadySettled."""
    if TaskDifferenceSettled.objects.filter(difference=row).exists():
        raise AlreadySettled(difference=difference)
    TaskDifferenceSettled.objects.create(act=act, difference=row, reason=reason)
    return TaskDifferenceStands(row.pk)
