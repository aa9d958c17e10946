"""A shift as it is asked for, and the rows of a file of shifts: plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from muster.core.csvfiles import Row
from muster.core.errors import Fault
from muster.core.times import YEARS, NotAMoment, parse_moment
from muster.tasks.memberrows import LONGEST

COLUMNS = ("member", "task", "begins_at", "ends_at")
OPTIONAL = ("skill",)


@dataclass(frozen=True, kw_only=True)
class ShiftGiven:
    """A member by tag, at a task of the mission, from `begins_at` up to but not including `ends_at`; `skill` empty: none is asked.

    `row` is where it stands in a file.
    """

    member: Annotated[str, Field(max_length=20)]
    task: Annotated[str, Field(max_length=70)]
    begins_at: AwareDatetime
    ends_at: AwareDatetime
    skill: Annotated[str, Field(max_length=LONGEST)] = ""
    row: int | None = None


def read_row(row: Row, zone: ZoneInfo) -> ShiftGiven | list[Fault]:
    """One row of a file, or all that is wrong with it. Times without an offset are read in `zone`."""
    said = {column: text.strip() for column, text in row.values.items()}
    faults = [
        Fault(row.number, column, "tasks.missing", f"{column} is missing. Fill it in.")
        for column in ("member", "task") if not said[column]
    ]  # fmt: skip
    faults += [
        Fault(row.number, column, "tasks.bad_length", f"{column} has more than {most} characters. Shorten it.")
        for column, most in (("member", 20), ("task", 70), ("skill", LONGEST)) if len(said[column]) > most
    ]  # fmt: skip
    begins, ends = (_moment(said[column], zone) for column in ("begins_at", "ends_at"))
    if begins is None or ends is None:
        words = "{0!r} is no date and time. Write it as 2026-03-01T08:00."
        faults += [
            Fault(row.number, column, "tasks.bad_moment", words.format(said[column][:30]))
            for column, moment in (("begins_at", begins), ("ends_at", ends)) if moment is None
        ]  # fmt: skip
        return faults
    given = ShiftGiven(
        member=said["member"], task=said["task"], begins_at=begins, ends_at=ends, skill=said["skill"], row=row.number
    )  # fmt: skip
    return faults or given


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A date with a time of day; None for anything else, a bare date too."""
    if len(text) <= 10:
        return None
    try:
        moment = parse_moment(text, zone)
    except NotAMoment:
        return None
    return moment if moment.year in YEARS else None
