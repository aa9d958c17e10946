"""Planning shifts, calling them off, swapping them, and stating the rest between two. Plans: what does not fit is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope, can, visible
from muster.core.csvfiles import read_table
from muster.core.errors import Fault, FaultyFile, FaultyInput, MusterError, NotFound
from muster.core.importing import Rows
from muster.core.tags import TagMisread, parse_tag
from muster.core.times import local
from muster.decisions import queries as decisions
from muster.ledger import bulk
from muster.ledger.queries import latest_known
from muster.missions import queries as missions
from muster.missions.actions import AlreadyClosed
from muster.missions.models import Mission
from muster.parties.models import Organisation
from muster.record.action import action
from muster.record.models import Act
from muster.sources.actions import SourceGiven, cited
from muster.tasks import shiftrows, shifts
from muster.tasks.models import Member, RestStated, ShiftEnded
from muster.tasks.models import Shift as ShiftRow
from muster.tasks.shiftrows import ShiftGiven
from muster.tasks.shiftrules import Conflict, Shift, check_shifts

Code = Annotated[str, Field(max_length=80)]
Reason = Annotated[str, Field(min_length=3, max_length=4000)]
Tag = Annotated[str, Field(max_length=20)]


class ShiftsDoNotFit(FaultyInput):
    """Shifts with everything that keeps any of them from fitting, by row."""

    code = "tasks.shifts_do_not_fit"

    def __init__(
        self, faults: Sequence[Fault], conflicts: Sequence[tuple[Shift, tuple[Conflict, ...]]]
    ) -> None:
        self.conflicts = list(conflicts)
        super().__init__(faults, what="The list of shifts")


class ShiftCalledOff(MusterError):
    """The shift was called off, or another member took it over."""

    code = "tasks.shift_called_off"
    status = 409

    def __init__(self, *, shift: str) -> None:
        self.shift = shift
        super().__init__(f"{shift} was called off or swapped already. Plan another shift for anything more.")


class ShiftOver(MusterError):
    """The shift has ended by the moment given."""

    code = "tasks.shift_over"
    status = 409

    def __init__(self, *, shift: str, ended_at: str) -> None:
        self.shift, self.ended_at = shift, ended_at
        super().__init__(
            f"{shift} ended at {ended_at}, so nothing of it is left to call off. Give an earlier moment, or leave it as it stands."
        )


@dataclass(frozen=True)
class ShiftsPlanned:
    """The shifts in the order given, those that stood already too; how many are new, and how many stood."""

    shifts: list[str]
    new: int
    known: int


@dataclass(frozen=True)
class ShiftStopped:
    """The shift, and the moment from which it stands no more."""

    shift: str
    at: datetime


@dataclass(frozen=True)
class ShiftSwapped:
    """The shift that stands no more, and the one that stands in for it."""

    shift: str
    instead: str


@dataclass(frozen=True)
class RestStands:
    """The mission, and the hours of rest that it asks for; 0: none."""

    mission: str
    hours: int


@dataclass(frozen=True)
class _Reading:
    """Shifts asked for as the rules know them, those that stand already, the members by tag, and what is wrong, by row."""

    asked: list[Shift]
    known: dict[int, str]  # by place in the list, the shift that says the same
    members: dict[str, Member]
    faults: list[Fault]
    conflicts: list[tuple[Shift, tuple[Conflict, ...]]]


@action("tasks.plan_shifts", about=missions.locked)
def plan_shifts(
    *, act: Act, row: Mission, actor: Actor, mission: Code, shifts: Annotated[list[ShiftGiven], Field(min_length=1, max_length=20_000)]
) -> ShiftsPlanned:  # fmt: skip
    """Put members on shift at tasks of the mission, all or none. A shift that stands already as it is asked for is left alone.

    The mission's decision is locked meanwhile, and the organisations whose members are named, so that neither headroom nor a member
    is given twice. Raises AlreadyClosed, and ShiftsDoNotFit with every fault and conflict by row.
    """
    read = _fitting(row, actor, shifts, lock=True)
    made = iter(_write(row, read, act))
    ids = [read.known.get(n) or next(made) for n in range(len(shifts))]
    return ShiftsPlanned(ids, len(ids) - len(read.known), len(read.known))


def check_plan(actor: Actor, row: Mission, given: Sequence[ShiftGiven]) -> None:
    """What `tasks.plan_shifts` would be refused with just now; nothing is locked or written. Raises what that raises."""
    can(actor, "tasks.plan_shifts", missions.scope_of(row))
    _fitting(row, actor, given, lock=False)


def _fitting(row: Mission, actor: Actor, given: Sequence[ShiftGiven], *, lock: bool) -> _Reading:
    """The shifts asked for, each of which fits. Raises AlreadyClosed, ShiftsDoNotFit."""
    if row.closed_at is not None:
        raise AlreadyClosed(mission=row.pk)
    read = _read(row, actor, given, lock=lock)
    if read.faults:
        raise ShiftsDoNotFit(read.faults, read.conflicts)
    return read


def _write(row: Mission, read: _Reading, act: Act, instead_of: ShiftRow | None = None) -> list[str]:
    """Write what is new; its ids in the order of the list."""
    count = ShiftRow.objects.filter(task__mission=row).count()
    new = [shift for n, shift in enumerate(read.asked) if n not in read.known]
    rows = [
        ShiftRow(
            act=act, id=f"{row.pk}-S{n}", task_id=shift.task, member=read.members[shift.member], begins_at=shift.begins_at,
            ends_at=shift.ends_at, skill=shift.skill, instead_of=instead_of,
        )
        for n, shift in enumerate(new, start=count + 1)
    ]  # fmt: skip
    bulk.add(ShiftRow, rows)
    return [each.pk for each in rows]


def _read(row: Mission, actor: Actor, given: Sequence[ShiftGiven], *, lock: bool) -> _Reading:
    """Read the shifts asked for and check each beside what stands and beside the others, by everything committed."""
    faults: list[Fault] = []
    where = [each.row or n for n, each in enumerate(given, start=1)]
    tags = [_tag(each.member, n, faults) for each, n in zip(given, where, strict=True)]
    members = _members(actor, row, {tag for tag in tags if tag}, lock=lock)
    of_it = set(row.tasks.values_list("pk", flat=True))
    for each, n, tag in zip(given, where, tags, strict=True):
        if tag and tag not in members:
            words = f"No member that you may plan for has the tag {tag}. Check it, or state the member first."
            faults.append(Fault(n, "member", "tasks.not_a_member", words))
        if each.task not in of_it:
            words = f"{each.task[:70]!r} is no task of {row.pk}. Write one of: {', '.join(sorted(of_it)) or 'none is ordered yet'}."
            faults.append(Fault(n, "task", "tasks.not_its_task", words))
    asked = [
        Shift(member=tag, task=each.task, begins_at=each.begins_at, ends_at=each.ends_at, skill=each.skill.strip())
        for each, tag in zip(given, tags, strict=True)
    ]  # fmt: skip
    grounds = shifts.grounds_of(row, members, None)
    readable = {n: shift for n, shift in enumerate(asked) if shift.member in members and shift.task in of_it}
    beside = shifts.pool_for(
        row.decision, [shift for shift in readable.values() if shift.has_length], grounds, None
    )
    known = _stands_already(readable, beside)
    new = {n: shift for n, shift in readable.items() if n not in known}
    found = dict(zip(new, check_shifts(list(new.values()), beside, grounds), strict=True))
    faults += [
        Fault(where[n], each.about, each.code, str(each)) for n, told in found.items() for each in told
    ]
    faults.sort(key=lambda fault: fault.row or 0)
    return _Reading(asked, known, members, faults, [(new[n], told) for n, told in found.items() if told])


def _tag(text: str, n: int, faults: list[Fault]) -> str:
    try:
        return parse_tag(text)
    except TagMisread as misread:
        faults.append(Fault(n, "member", misread.code, str(misread)))
        return ""


def _members(actor: Actor, row: Mission, tags: set[str], *, lock: bool) -> dict[str, Member]:
    """The members by tag whom the actor may see; locked are their organisations, as by whoever states anything of them."""
    rows = Member.objects.filter(thing__tag__in=bulk.any_text_of(tags)).select_related("thing")
    found = {each.thing.tag: each for each in visible(actor, rows, site=None)}
    if lock:
        of = {member.organisation_id for member in found.values()}
        list(Organisation.objects.select_for_update().filter(pk__in=of).order_by("pk"))
    return found


def _stands_already(asked: Mapping[int, Shift], beside: Sequence[Shift]) -> dict[int, str]:
    """By place in the list, the standing shift that says the same; one stands for one."""
    same = {replace(shift, id=""): shift.id for shift in beside}
    return {n: id for n, shift in asked.items() if (id := same.pop(shift, None)) is not None}


# --- calling off and swapping ---------------------------------------------------------


def _shift(shift: str) -> tuple[Scope, ShiftRow]:
    row = ShiftRow.objects.select_related("task", "member__thing").filter(pk=shift).first()
    if row is None:
        raise NotFound(kind="shift", name=shift)
    scope, mission = missions.locked(row.task.mission_id)
    row.task.mission = mission  # locked: what is read of the shift from here on stands until commit
    return scope.asked_as("shift", shift), row


@action("tasks.call_off_shift", about=_shift)
def call_off_shift(
    *, act: Act, row: ShiftRow, actor: Actor, shift: Code, reason: Reason, at: AwareDatetime
) -> ShiftStopped:
    """Call a shift off: from `at` on it stands no more; before it begins, all of it. Raises ShiftCalledOff, ShiftOver."""
    _check_stands(row, at)
    ShiftEnded.objects.create(act=act, shift=row, at=at, reason=reason)
    return ShiftStopped(row.pk, at)


@action("tasks.swap_shift", about=_shift)
def swap_shift(
    *, act: Act, row: ShiftRow, actor: Actor, shift: Code, member: Tag, reason: Reason, at: AwareDatetime
) -> ShiftSwapped:
    """Have another member take a shift over: all of it, or what is left of it from `at` on. The other is checked as for a new one.

    Raises ShiftCalledOff, ShiftOver, AlreadyClosed, and ShiftsDoNotFit with every conflict.
    """
    _check_stands(row, at)
    mission = row.task.mission
    ShiftEnded.objects.create(act=act, shift=row, at=at, reason=reason)
    rest = ShiftGiven(
        member=member, task=row.task_id, begins_at=max(at, row.begins_at), ends_at=row.ends_at, skill=row.skill
    )  # fmt: skip
    read = _fitting(mission, actor, [rest], lock=True)
    (instead,) = read.known.values() or _write(mission, read, act, instead_of=row)
    return ShiftSwapped(row.pk, instead)


def _check_stands(row: ShiftRow, at: datetime) -> None:
    if ShiftEnded.objects.filter(shift=row).exists():
        raise ShiftCalledOff(shift=row.pk)
    if at >= row.ends_at:
        zone = decisions.zone_locked(row.task.mission.decision)
        raise ShiftOver(shift=row.pk, ended_at=local(row.ends_at, zone))


# --- rest -----------------------------------------------------------------------------


@action("tasks.state_rest", about=missions.locked)
def state_rest(
    *, act: Act, row: Mission, actor: Actor, mission: Code, hours: Annotated[int, Field(ge=0, le=168)], source: SourceGiven
) -> RestStands:  # fmt: skip
    """Say how many hours of rest the mission asks for between two shifts of a member, and where that stands; 0: none any more.

    It holds for every shift planned from now on; those that stand and have less are told. Raises AlreadyClosed, FaultyInput.
    """
    if row.closed_at is not None:
        raise AlreadyClosed(mission=row.pk)
    RestStated.objects.create(act=act, mission=row, hours=hours, source=cited(source, act=act))
    return RestStands(row.pk, hours)


# --- a file ---------------------------------------------------------------------------


def import_shifts(
    source: Path | BinaryIO, *, actor: Actor, mission: str, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Plan the shifts of a file; what `muster import shifts --json` prints.

    Every fault and conflict is told by row, of a dry run too. Of rows that are together too many each is told, and with `keep_good` none
    of them is planned: which of them to take is for a person.

    Raises NotFound, NotPermitted, FaultyFile, and what `tasks.plan_shifts` raises.
    """
    row = missions.missions_of(actor).select_related("decision__findings_seen").filter(pk=mission).first()
    if row is None:
        raise NotFound(kind="mission", name=mission)
    table = read_table(source, columns=shiftrows.COLUMNS, optional=shiftrows.OPTIONAL)
    if table.faults:
        raise FaultyFile(table.faults)
    rows, zone = Rows[ShiftGiven](len(table.rows)), decisions.zone_of(row.decision, latest_known())
    for each in table.rows:
        read = shiftrows.read_row(each, zone)
        if isinstance(read, list):
            rows.faults += read
        else:
            rows.good[str(each.number)] = read
    try:
        check_plan(actor, row, list(rows.good.values()))
    except ShiftsDoNotFit as refusal:
        rows.faults += refusal.faults
        for fault in refusal.faults:
            rows.good.pop(str(fault.row), None)
    rows.faults.sort(key=lambda fault: fault.row or 0)
    rows.check(keep_good=keep_good)
    notices = {}
    if rows.good and not dry_run:
        done = plan_shifts(actor=actor, mission=mission, shifts=list(rows.good.values())).answer
        notices = {"new": done.new, "already_there": done.known}
    return rows.answer(name, dry_run=dry_run, notices=notices)
