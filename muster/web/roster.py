"""The grid of a roster: tasks by days, and in each cell who is on shift at which hours, with what does not fit in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from muster.core.times import start_of_day
from muster.tasks.models import Task
from muster.tasks.shiftrules import Conflict, Shift
from muster.tasks.shifts import Checked

MOST_DAYS, DAYS = 28, 7


@dataclass(frozen=True, kw_only=True)
class Days:
    """The days that a roster shows, from `first` on, as days of `zone`."""

    first: date
    count: int
    zone: ZoneInfo

    @property
    def each(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range(self.count)]

    @property
    def begins_at(self) -> datetime:
        return start_of_day(self.first, self.zone)

    @property
    def ends_at(self) -> datetime:
        """The first moment after them."""
        return start_of_day(self.first + timedelta(days=self.count), self.zone)

    def day_of(self, shift: Shift) -> date:
        """The day in whose column a shift stands: that on which it begins, or the first shown."""
        return max(self.first, shift.begins_at.astimezone(self.zone).date())


@dataclass(frozen=True, kw_only=True)
class Together:
    """Members of one cell with the same hours, of whom the same is told; no conflicts: they fit."""

    tags: tuple[str, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def lines(self) -> str:
        """One tag a line."""
        return "\n".join(self.tags)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The members of one cell who are on shift at the same hours with the same skill; those who fit stand first."""

    hours: str
    skill: str
    members: tuple[Together, ...]

    @property
    def count(self) -> int:
        return sum(len(each.tags) for each in self.members)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One task on one day: the shifts that stand, and those that were just asked for and refused."""

    day: date
    slots: tuple[Slot, ...]
    refused: tuple[Slot, ...]
    leads: bool = False  # the first that was refused: the summary of the page leads to it


@dataclass(frozen=True, kw_only=True)
class Line:
    """One task, and its cells in the order of the days."""

    task: Task
    cells: tuple[Cell, ...]


Told = tuple[Shift, tuple[Conflict, ...]]


def grid(
    tasks: Iterable[Task], days: Days, standing: Sequence[Checked], refused: Sequence[Told] = ()
) -> list[Line]:
    """The lines of the grid: each task that lasts on a day shown, or has a shift then, the one that begins first in front."""
    stands, asked = (
        _cells(days, told) for told in ([(each.shift, each.conflicts) for each in standing], refused)
    )
    shown = {task for task, _ in (*stands, *asked)}
    lines = [
        task for task in sorted(tasks, key=lambda task: (task.begins_at, task.pk))
        if task.pk in shown or (task.begins_at < days.ends_at and task.ends_at > days.begins_at)
    ]  # fmt: skip
    first = next(((task.pk, day) for task in lines for day in days.each if (task.pk, day) in asked), None)
    return [
        Line(task=task, cells=tuple(
            Cell(day=day, slots=stands.get((task.pk, day), ()), refused=asked.get((task.pk, day), ()), leads=(task.pk, day) == first)
            for day in days.each
        ))
        for task in lines
    ]  # fmt: skip


def _cells(days: Days, told: Iterable[Told]) -> dict[tuple[str, date], tuple[Slot, ...]]:
    by_cell: dict[tuple[str, date], list[Told]] = defaultdict(list)
    for shift, conflicts in told:
        by_cell[shift.task, days.day_of(shift)].append((shift, conflicts))
    return {cell: tuple(_slots(days.zone, cell[1], those)) for cell, those in by_cell.items()}


def _slots(zone: ZoneInfo, day: date, told: Iterable[Told]) -> Iterator[Slot]:
    by_times: dict[tuple[datetime, datetime, str], list[Told]] = defaultdict(list)
    for shift, conflicts in told:
        by_times[shift.begins_at, shift.ends_at, shift.skill].append((shift, conflicts))
    for (_, _, skill), those in sorted(by_times.items(), key=lambda pair: pair[0]):
        alike: dict[tuple[Conflict, ...], list[str]] = defaultdict(list)
        for shift, conflicts in those:
            alike[conflicts].append(shift.member)
        members = [
            Together(tags=tuple(sorted(tags)), conflicts=conflicts)
            for conflicts, tags in sorted(alike.items(), key=lambda pair: bool(pair[0]))
        ]
        yield Slot(hours=hours(those[0][0], day, zone), skill=skill, members=tuple(members))


def hours(shift: Shift, day: date, zone: ZoneInfo) -> str:
    """The hours of a shift on a page or in a column of that day: `08:00 to 16:00`. An end on another day names it, but for midnight."""
    begins, ends = shift.begins_at.astimezone(zone), shift.ends_at.astimezone(zone)
    first = f"{begins:%H:%M}" + ("" if begins.date() == day else f", {begins.day} {begins:%b},")
    if ends.date() == day:
        return f"{first} to {ends:%H:%M}"
    if ends.date() - day == timedelta(days=1) and (ends.hour, ends.minute) == (0, 0):
        return f"{first} to 24:00"
    return f"{first} to {ends:%H:%M}, {ends.day} {ends:%b}"
