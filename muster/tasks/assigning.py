"""Members of a mission: nominated, ordered, assigned to a task, released. Plans: what does not fit is refused, member by member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope
from muster.authority.packs import load_packs
from muster.core.errors import Fault, FaultyInput, NotFound
from muster.core.times import check_happened
from muster.decisions import queries as decisions
from muster.decisions.actions import OnlyReported, check_request_open
from muster.decisions.rules import Limits, NothingInForce, OutsideWindow, OverPeople, Stretch, why_nothing
from muster.missions import queries as missions
from muster.missions.actions import AlreadyClosed
from muster.missions.models import Mission
from muster.record.action import action
from muster.record.models import Act
from muster.tasks import queries
from muster.tasks.actions import AlreadyEnded
from muster.tasks.assignmentrules import (
    ENDED,
    NEXT,
    RELEASED_AS,
    Days,
    State,
    objections,
    peak_of_days,
    words_of,
)
from muster.tasks.assignments import Named, days_of, muster_roll_locked, named, not_from, refuse
from muster.tasks.memberrows import LONGEST
from muster.tasks.models import Assignment, AssignmentStep, Task

Code = Annotated[str, Field(max_length=70)]
Words = Annotated[str, Field(min_length=3, max_length=4000)]
Said = Annotated[str, Field(max_length=200)]
Skill = Annotated[str, Field(max_length=LONGEST)]
Members = Annotated[list[Annotated[str, Field(max_length=20)]], Field(min_length=1, max_length=5_000)]


@dataclass(frozen=True)
class Assigned:
    """The members by tag, in the order given, with the state of each now, and the differences that were opened."""

    mission: str
    members: list[str]
    states: list[str]
    differences: list[str]


def new_step(
    assignment: Assignment, state: State, at: datetime, *, act: Act, n: int, task: Task | None = None, reason: str = "",
    details: Mapping[str, str] = MappingProxyType({}),
) -> AssignmentStep:  # fmt: skip
    """A step to be written; details that are empty are left out."""
    return AssignmentStep(
        act=act, assignment=assignment, n=n, state=state, happened_at=at, task=task, reason=reason,
        details={name: value for name, value in details.items() if value},
    )  # fmt: skip


def assignments_for(
    row: Mission, those: Sequence[Named], *, act: Act, skill: str = ""
) -> dict[str, Assignment]:
    """The open assignment of each member by tag; who has none gets one. The mission is locked, so that numbers are not given twice."""
    count = Assignment.objects.filter(mission=row).count()
    made = {
        one.tag: Assignment(
            act=act, id=f"{row.pk}-A{count + n}", mission=row, member=one.member, skill=skill.strip()
        )
        for n, one in enumerate((one for one in those if one.assignment is None), start=1)
    }
    Assignment.objects.bulk_create(made.values())
    return {one.tag: one.assignment or made[one.tag] for one in those}


def write_steps(steps: Sequence[AssignmentStep]) -> None:
    """Write the steps, and mark the assignments that they end."""
    AssignmentStep.objects.bulk_create(steps)
    over = [step.assignment_id for step in steps if step.state in ENDED]
    Assignment.objects.filter(pk__in=over).update(ended=True)


def next_n(one: Named) -> int:
    """The number of the next step of a member's assignment."""
    return one.latest.n + 1 if one.latest else 1


def check_open(row: Mission) -> None:
    """Nothing is planned under a closed mission, a reported decision or a closed request. Raises what its three checks raise."""
    if row.closed_at is not None:
        raise AlreadyClosed(mission=row.pk)
    if row.decision.reported_on is not None:
        raise OnlyReported(decision=row.decision_id)
    check_request_open(row.decision)


@action("tasks.nominate", about=missions.locked)
def nominate(
    *, act: Act, row: Mission, actor: Actor, mission: Code, members: Members, skill: Skill = "",
    at: AwareDatetime | None = None,
) -> Assigned:  # fmt: skip
    """Put members forward for a mission, all or none; with a `skill`, for that. It draws on no limit. Without `at`, now.

    Raises NotHappenedYet, AlreadyClosed, OnlyReported, NotInForce, and FaultyInput with every member that cannot be nominated.
    """
    check_happened(at or act.recorded_at, now=act.recorded_at)
    check_open(row)
    those = named(row, members)
    refuse([
        one.fault("tasks.on_the_roll", f"the member is {words_of(one.state)} already.")
        for one in those if one.state is not None
    ])  # fmt: skip
    today = (at or act.recorded_at).astimezone(decisions.zone_locked(row.decision)).date()
    days = Days(from_on=today, until_on=today)
    if skill.strip():
        refuse([
            one.fault(found.code, found.words)
            for one in those for found in objections(one.stands, days, status="", skill=skill, volunteers="")
            if found.code.startswith("tasks.skill")
        ])  # fmt: skip
    made = assignments_for(row, those, act=act, skill=skill)
    write_steps([new_step(made[one.tag], "nominated", at or act.recorded_at, act=act, n=1) for one in those])
    return Assigned(row.pk, [one.tag for one in those], ["nominated"] * len(those), [])


@action("tasks.order_members", about=missions.locked)
def order_members(
    *, act: Act, row: Mission, actor: Actor, mission: Code, members: Members, status: Said, from_on: date, until_on: date,
    report_to: Annotated[str, Field(min_length=1, max_length=200)], skill: Skill = "", order: Said = "", at: AwareDatetime | None = None,
) -> Assigned:  # fmt: skip
    """Order members to a mission for these days, both included and days of the decision's zone: all or none.

    `status` is the duty status that the order puts them in; `report_to` where they report; `order` the paper's own number; `at`
    when it was given, now where that is left out.
    As many as the decision allows people at any one moment may be ordered for any one day. Who was not nominated is with this.

    Raises NotHappenedYet, AlreadyClosed, OnlyReported, NotInForce, FaultyInput for the days, the status, or with each member that
    cannot be ordered, NothingInForce and OutsideWindow where the decision does not cover one of the days, OverPeople.
    """
    check_happened(at or act.recorded_at, now=act.recorded_at)
    check_open(row)
    statuses = load_packs().law.statuses
    if status not in statuses:
        words = f"{status[:40]!r} is no duty status. Write one of: {', '.join(sorted(statuses))}."
        raise FaultyInput([Fault(None, "status", "tasks.unknown_status", words)])
    if until_on < from_on:
        words = "The order ends before it begins. Correct from_on or until_on."
        raise FaultyInput([Fault(None, "until_on", "tasks.ends_before_it_begins", words)])
    days = Days(from_on=from_on, until_on=until_on)
    those = named(row, members)
    parts = _in_force_all_along(row, days)
    volunteers = next(
        (part.limits.sentence("volunteers_only") for part in parts if part.limits.volunteers_only), ""
    )
    refuse([
        *(one.fault("tasks.not_from", not_from(one, "ordered")) for one in those if not _may_come_to(one, "ordered")),
        *(one.fault(found.code, found.words)
          for one in those for found in objections(one.stands, days, status=status, skill=skill, volunteers=volunteers)),
        *_ordered_elsewhere(row, those, days),
    ])  # fmt: skip
    _check_people(row, parts, days, count=len(those))
    made = assignments_for(row, those, act=act, skill=skill)
    details = {
        "status": status, "from_on": from_on.isoformat(), "until_on": until_on.isoformat(), "report_to": report_to,
        "order": order, "skill": skill,
    }  # fmt: skip
    write_steps([
        new_step(made[one.tag], "ordered", at or act.recorded_at, act=act, n=next_n(one), details=details) for one in those
    ])  # fmt: skip
    return Assigned(row.pk, [one.tag for one in those], ["ordered"] * len(those), [])


@dataclass(frozen=True)
class _Part:
    limits: Limits
    days: Days


def _in_force_all_along(row: Mission, days: Days) -> list[_Part]:
    """The limits in force along these days. Raises NothingInForce."""
    zone = decisions.zone_locked(row.decision)
    begins, ends = _midnight(days.from_on, zone), _midnight(days.until_on + timedelta(days=1), zone)
    return [_part(stretch, zone) for stretch in decisions.stretches_locked(row.decision, begins, ends)]


def _part(stretch: Stretch, zone: ZoneInfo) -> _Part:
    found, limits = stretch.in_force, stretch.in_force.limits
    if limits is None or found.why in ("not_issued", "suspended", "revoked"):
        on = stretch.begins_at.astimezone(zone).date()
        raise NothingInForce(limit="in_force", sentence="", what=f"on {on} {why_nothing(found)}")
    if limits.begins_at is not None and stretch.begins_at < limits.begins_at:
        what = f"the order begins before {limits.effective_from}."
        raise OutsideWindow(limit="effective_from", sentence=limits.sentence("effective_from"), what=what)
    if limits.ends_at is not None and stretch.ends_at > limits.ends_at:
        what = f"the order ends after {limits.effective_to}."
        raise OutsideWindow(limit="effective_to", sentence=limits.sentence("effective_to"), what=what)
    latest = (stretch.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    return _Part(limits, Days(from_on=stretch.begins_at.astimezone(zone).date(), until_on=latest))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _may_come_to(one: Named, state: State) -> bool:
    return state in NEXT[one.state] if one.state else state in ("nominated", "ordered")


def _ordered_elsewhere(row: Mission, those: Sequence[Named], days: Days) -> Iterator[Fault]:
    """The members whom another mission has ordered for one of these days, or has not checked out."""
    rows = AssignmentStep.objects.filter(
        assignment__member__in=[one.member for one in those], assignment__ended=False, state="ordered"
    )
    taken = {
        step.assignment.member_id: step
        for step in rows.exclude(assignment__mission=row).select_related("assignment")
    }
    for one in those:
        step = taken.get(one.member.pk)
        if step is not None and days_of(step.details).overlaps(days):
            until = step.details["until_on"]
            words = f"the member is ordered to {step.assignment.mission_id} until {until}. Release the member there first."
            yield one.fault("tasks.ordered_elsewhere", words)


def _check_people(row: Mission, parts: Sequence[_Part], days: Days, *, count: int) -> None:
    """Check that no day has more members ordered under the decision than it allows people at one moment. Raises OverPeople."""
    under = Mission.objects.filter(decision=row.decision_id)
    standing = [each.days for each in muster_roll_locked(under) if each.days and each.state not in ENDED]
    for part in parts:
        most = part.limits.people_max
        peak = peak_of_days([*standing, *([days] * count)], part.days)
        if most is not None and peak > most:
            what = f"it would bring {peak} ordered members on one day, {peak - most} more than the {most} allowed."
            raise OverPeople(
                limit="people_max",
                sentence=part.limits.sentence("people_max"),
                what=what,
                peak=peak,
                most=most,
            )


def _task(task: str) -> tuple[Scope, Task]:
    # The mission and its decision first, as every act about a mission does: two acts never wait for each other.
    mission = Task.objects.filter(pk=task).values_list("mission_id", flat=True).first()
    if mission is None:
        raise NotFound(kind="task", name=task)
    missions.locked(mission)
    return queries.locked(task)


@action("tasks.assign", about=_task)
def assign(
    *, act: Act, row: Task, actor: Actor, task: Code, members: Members, at: AwareDatetime, skill: Skill = ""
) -> Assigned:  # fmt: skip
    """Assign members who are checked in to a task, all or none: no more at a time than it was ordered for.

    Raises AlreadyEnded, NotHappenedYet, OverPeople, and FaultyInput with everything that stands against any of them: state, status, skill,
    days, will.
    """
    draw = queries.draw_of(row)
    if draw.ends_at <= at:
        raise AlreadyEnded(task=row.pk)
    check_happened(at, now=act.recorded_at)
    zone = decisions.zone_locked(row.mission.decision)
    days = Days(
        from_on=max(at, draw.begins_at).astimezone(zone).date(),
        until_on=(draw.ends_at - timedelta(microseconds=1)).astimezone(zone).date(),
    )
    those = named(row.mission, members)
    volunteers = "The task was ordered with volunteers only." if row.volunteers else ""
    refuse([
        *(one.fault("tasks.not_from", not_from(one, "assigned")) for one in those
          if not _may_come_to(one, "assigned") or (one.latest and one.latest.task_id == row.pk and one.state == "assigned")),
        *(one.fault(found.code, found.words)
          for one in those for found in objections(one.stands, days, status="", skill=skill, volunteers=volunteers)),
    ])  # fmt: skip
    _check_room(row, those)
    write_steps([
        new_step(one.assignment, "assigned", at, act=act, n=next_n(one), task=row, details={"skill": skill})
        for one in those if one.assignment
    ])  # fmt: skip
    return Assigned(row.mission_id, [one.tag for one in those], ["assigned"] * len(those), [])


def _check_room(row: Task, those: Sequence[Named]) -> None:
    most = queries.draw_of(row).people.high_end or 0
    on_it = sum(each.task == row.pk for each in muster_roll_locked([row.mission]))
    if on_it + len(those) > most:
        count = on_it + len(those)
        what = f"with them {count} members would be assigned to {row.pk}, {count - most} more than the {most} it was ordered for."
        raise OverPeople(limit="people", sentence=row.words, what=what, peak=count, most=most)


@action("tasks.make_available", about=missions.locked)
def make_available(
    *, act: Act, row: Mission, actor: Actor, mission: Code, members: Members, at: AwareDatetime, reason: Said = ""
) -> Assigned:  # fmt: skip
    """Say that members are ready to be assigned: once they are checked in, or when they come off a task.

    Raises NotHappenedYet, and FaultyInput with every member that is not there, or is available already.
    """
    return _all_to(row, members, "available", at, act=act, reason=reason)


def _all_to(
    row: Mission, members: Sequence[str], state: State, at: datetime, *, act: Act, reason: str
) -> Assigned:
    check_happened(at, now=act.recorded_at)
    those = named(row, members)
    refuse([
        one.fault("tasks.not_from", not_from(one, state)) for one in those if not _may_come_to(one, state)
    ])  # fmt: skip
    write_steps([
        new_step(one.assignment, state, at, act=act, n=next_n(one), reason=reason) for one in those if one.assignment
    ])  # fmt: skip
    return Assigned(row.pk, [one.tag for one in those], [state] * len(those), [])


@action("tasks.release_members", about=missions.locked)
def release_members(
    *, act: Act, row: Mission, actor: Actor, mission: Code, members: Members, at: AwareDatetime, reason: Words
) -> Assigned:  # fmt: skip
    """Let members go, all or none: who is there is released and checks out; who never came is stood down; a nomination is withdrawn.

    No limit, suspension or closing keeps anybody. Raises NotHappenedYet, and FaultyInput with every member who is not on the muster roll or
    released already.
    """
    check_happened(at, now=act.recorded_at)
    those = named(row, members)
    refuse([
        one.fault("tasks.not_from", not_from(one, "released"))
        for one in those if one.state is None or one.state == "released"
    ])  # fmt: skip
    on = at.astimezone(decisions.zone_locked(row.decision)).date().isoformat()
    to = [RELEASED_AS.get(one.state or "nominated", "released") for one in those]
    write_steps([
        new_step(one.assignment, state, at, act=act, n=next_n(one), reason=reason, details={"on": on})
        for one, state in zip(those, to, strict=True) if one.assignment
    ])  # fmt: skip
    return Assigned(row.pk, [one.tag for one in those], list(to), [])
