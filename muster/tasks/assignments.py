"""Assignments as they stood: who is on a mission's muster roll, in which state, as of a moment, as known at an act's number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from muster.core.errors import Fault, FaultyInput
from muster.core.tags import TagMisread, parse_tag
from muster.missions.models import Mission
from muster.tasks.assignmentrules import THERE, Days, State, words_of
from muster.tasks.memberrows import MemberStands
from muster.tasks.members import stands_of
from muster.tasks.models import Assignment, AssignmentStep, Member, TaskDifference, TaskDifferenceSettled


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of an assignment. `task` is empty where the step is about none."""

    n: int
    state: State
    happened_at: datetime
    task: str
    reason: str
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class OnTheRoll:
    """A member's assignment to a mission as of a moment, with every step taken by then."""

    assignment: str
    member: UUID
    tag: str
    skill: str
    steps: tuple[Step, ...]  # in the order in which they were written; at least one

    @property
    def latest(self) -> Step:
        """The step that was written last: what was told late of an earlier moment does not undo it."""
        return self.steps[-1]

    @property
    def state(self) -> State:
        return self.latest.state

    @property
    def state_words(self) -> str:
        """The state as it is said."""
        return words_of(self.state)

    @property
    def task(self) -> str:
        """The task that the member is assigned to; empty for none."""
        return self.latest.task if self.state == "assigned" else ""

    @property
    def order(self) -> Step | None:
        """The step that ordered the member; None where nobody did."""
        return next((step for step in reversed(self.steps) if step.state == "ordered"), None)

    @property
    def days(self) -> Days | None:
        """The days of the order, both included."""
        return None if self.order is None else days_of(self.order.details)

    @property
    def is_there(self) -> bool:
        """Whether the member is checked in, and not out again."""
        return self.state in THERE

    @property
    def was_there(self) -> bool:
        """Whether the member was ever checked in."""
        return any(step.state == "checked_in" for step in self.steps)

    def activated_on(self, day: date) -> bool:
        """Whether the order's duty has begun by that day and goes on: ordered, its days have it, and nobody ended it."""
        days = self.days
        return days is not None and days.has(day) and self.state not in ("checked_out", "stood_down")

    @property
    def never_deployed(self) -> bool:
        """Whether the duty had begun when the member was stood down without having checked in: activated, never deployed."""
        if self.days is None or self.state != "stood_down":
            return False
        return date.fromisoformat(self.latest.details["on"]) >= self.days.from_on

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "assignment": self.assignment, "member": self.tag, "skill": self.skill, "state": self.state, "task": self.task,
            "since": self.latest.happened_at.isoformat(),
            "steps": [
                {"n": step.n, "state": step.state, "happened_at": step.happened_at.isoformat(), "task": step.task,
                 "reason": step.reason, "details": dict(step.details)}
                for step in self.steps
            ],
        }  # fmt: skip


def days_of(details: Mapping[str, Any]) -> Days:
    """The days that an order names."""
    return Days(
        from_on=date.fromisoformat(details["from_on"]), until_on=date.fromisoformat(details["until_on"])
    )


def muster_roll(missions: Iterable[Mission], at: datetime, known_at: int) -> list[OnTheRoll]:
    """The assignments to these missions that had begun by `at`, as known at an act's number, by tag: one query."""
    rows = AssignmentStep.objects.filter(
        assignment__mission__in=list(missions), happened_at__lte=at, act__number__number__lte=known_at
    )
    return _read(rows.select_related("assignment__member__thing").order_by("n"))


def muster_roll_locked(missions: Iterable[Mission]) -> list[OnTheRoll]:
    """The same by everything committed, for an act that has locked the decision of these missions."""
    rows = AssignmentStep.objects.filter(assignment__mission__in=list(missions))
    return _read(rows.select_related("assignment__member__thing").order_by("n"))


def _read(rows: Iterable[AssignmentStep]) -> list[OnTheRoll]:
    steps: dict[str, list[AssignmentStep]] = {}
    for row in rows:
        steps.setdefault(row.assignment_id, []).append(row)
    found = [
        OnTheRoll(
            assignment=id, member=of[0].assignment.member_id, tag=of[0].assignment.member.thing.tag,
            skill=of[0].assignment.skill, steps=tuple(map(_step, of)),
        )
        for id, of in steps.items()
    ]  # fmt: skip
    return sorted(found, key=lambda each: (each.tag, each.assignment))


def _step(row: AssignmentStep) -> Step:
    return Step(
        n=row.n, state=cast(State, row.state), happened_at=row.happened_at, task=row.task_id or "", reason=row.reason,
        details=row.details,
    )  # fmt: skip


def members_moved(steps: Sequence[AssignmentStep]) -> str:
    """What one act did with members, in words: `3 members checked in, EX-1`."""
    counts = Counter(step.state for step in steps)
    did = " and ".join(
        f"{count} member{'s' if count != 1 else ''} {words_of(state)}" for state, count in counts.items()
    )
    return f"{did}, {steps[0].task_id or steps[0].assignment.mission_id}"


def open_differences(mission: Mission, known_at: int | None = None) -> list[TaskDifference]:
    """What was reported of a mission's members and does not fit, and nobody has settled, as known at an act's number.

    None: by everything committed.
    """
    rows = TaskDifference.objects.filter(mission=mission).select_related("act", "task", "member__thing")
    if known_at is None:
        return list(rows.filter(settled__isnull=True))
    settled = TaskDifferenceSettled.objects.filter(act__number__number__lte=known_at)
    return list(rows.filter(act__number__number__lte=known_at).exclude(pk__in=settled.values("difference")))


@dataclass(frozen=True)
class Named:
    """A member as named in what was sent: on which row, who it is, what is stated, and the open assignment, if there is one."""

    row: int
    member: Member
    tag: str
    stands: MemberStands
    assignment: Assignment | None
    latest: AssignmentStep | None

    @property
    def state(self) -> State | None:
        """The state of the open assignment; None where there is none."""
        return cast(State, self.latest.state) if self.latest else None

    def fault(self, code: str, words: str) -> Fault:
        """Something that stands against this member, in its row of the list."""
        return Fault(self.row, "members", code, f"{self.tag}: {words}")


def named(mission: Mission, tags: Sequence[str]) -> list[Named]:
    """The members of a mission's organisation that these tags name, in their order. For an act that has locked the mission.

    Raises FaultyInput with the fault of every tag that was misread, is no member's or stands twice.
    """
    read, faults = _parsed(tags)
    rows = Member.objects.filter(organisation=mission.organisation_id, thing__tag__in=list(read.values()))
    there = {row.thing.tag: row for row in rows.select_related("thing")}
    strange = [(n, tag) for n, tag in read.items() if tag not in there]
    faults += [
        Fault(
            n,
            "members",
            "tasks.not_a_member",
            f"No member of {mission.organisation_id} has the tag {tag}. State the member first.",
        )
        for n, tag in strange
    ]
    refuse(faults)
    stands = stands_of(there, None)
    open_ones = Assignment.objects.filter(mission=mission, ended=False, member__in=list(there.values()))
    by_member = {row.member_id: row for row in open_ones}
    latest = {
        row.assignment_id: row
        for row in AssignmentStep.objects.filter(assignment__in=list(by_member.values())).order_by("n")
    }
    return [
        Named(n, member, tag, stands[tag], mine, latest[mine.pk] if mine else None)
        for n, tag in read.items()
        for member in [there[tag]]
        for mine in [by_member.get(member.pk)]
    ]


def _parsed(tags: Sequence[str]) -> tuple[dict[int, str], list[Fault]]:
    """The tags by their row, the first being 1, and what is wrong with the others."""
    read: dict[int, str] = {}
    seen = set[str]()
    faults = []
    for n, text in enumerate(tags, start=1):
        try:
            tag = parse_tag(text)
        except TagMisread as misread:
            faults.append(Fault(n, "members", misread.code, str(misread)))
            continue
        if tag in seen:
            faults.append(
                Fault(n, "members", "tasks.stated_twice", f"{tag} stands in the list twice. Keep it once.")
            )
        else:
            read[n] = tag
            seen.add(tag)
    return read, faults


def refuse(faults: Sequence[Fault]) -> None:
    """Refuse the list with everything that stands against any of it. Raises FaultyInput."""
    if faults:
        raise FaultyInput(sorted(faults, key=lambda each: each.row or 0), what="The list of members")


def not_from(one: Named, state: State) -> str:
    """Why a member cannot come to a state from the present one."""
    now = f"is {words_of(one.state)}" if one.state else "is not on the mission's muster roll"
    return f"the member {now}, and cannot be {words_of(state)} from there."
