"""What a site goes on with when it has to write on paper: the checklists in force, a handover, a count, and a sheet of the hours.

What is written there is recorded later with the time at which it happened, and the record keeps both times.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from muster.cases.checklists import Binding, Bound
from muster.cases.rules import Side
from muster.core.times import end_of_day, start_of_day
from muster.documents.sheets import Block, Sheet, blanks, fields, heading, lined, new_page, words
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.picture.papers.asked import Asked
from muster.picture.papers.counts import blank_lines

LINES = 16  # of a blank handover
SIDES: dict[Side, tuple[str, str]] = {
    "in": ("On coming", "Came: date and time"),
    "out": ("On leaving", "Left: date and time"),
}


def sheet(row: Site, asked: Asked) -> Sheet:
    """The kit, with the checklists that hold on the day of the moment asked for, in the version known then."""
    return Sheet(
        title=f"Blank sheets: {row.name}", about="To go on with while Muster cannot be reached.", as_of=asked.at, exercise=is_drill_at(row),
        standing=asked.standing(f"Blank sheets of {row.pk}"), blocks=tuple(_blocks(row, asked)),
    )  # fmt: skip


def _blocks(row: Site, asked: Asked) -> Iterator[Block]:
    yield words(
        "Write the time at which each thing happens. When Muster is back, record all of it with that time: every form asks for it, and the "
        "record keeps it beside the time at which it was written down."
    )
    bound = Binding(row).on(asked.at.astimezone(asked.zone).date(), asked.known_at)
    for side, (title, when) in SIDES.items():
        yield heading(f"{title}: one sheet for one person")
        yield blanks("Tag", when, "From or to whom, on what paper", columns=3)
        yield from _checklist(bound, side)
        yield blanks("Written by: office, signature", "Recorded in Muster: time, act", columns=2)
        yield new_page()
    yield heading("Handover")
    yield blanks(
        "Given by: site, trip or agency",
        "Received by: site, trip or agency",
        "Changed hands: date and time",
        columns=3,
    )
    yield lined(
        ["No.", "Tag", "Bags and seals", "Remark"],
        [[str(n), "", "", ""] for n in range(1, LINES + 1)],
        widths=[5, 22, 40, 28],
    )
    yield blanks(
        "In all: persons, bags",
        "Given: name, office, signature",
        "Received: name, office, signature",
        columns=3,
    )
    yield new_page()
    yield heading("Headcount")
    yield blanks("Kind of count", "Opened: date and time", "Finished: time", columns=3)
    yield from blank_lines(row, asked)


def _checklist(bound: Bound, side: Side) -> Iterator[Block]:
    """The items in their order, each with room for when, by which office, or why not."""
    rules = bound.rules(side)
    if not rules:
        yield words("The standard in force has no list of this side. Write what is done.")
    else:
        yield words(f"After {bound.versions}.")
    told = [[rule.id, f"{rule.name} ({rule.responsible})", "", "", ""] for rule in rules] or [
        [""] * 5
    ] * LINES
    yield lined(
        ["Rule", "What (by whom)", "Time done", "Office", "Not done because"],
        told,
        widths=[12, 40, 14, 16, 22],
    )


def hourly(row: Site, asked: Asked) -> Sheet:
    """A line for each hour of the local day of the moment asked for: 24, and 23 or 25 where the clocks are changed."""
    day = asked.at.astimezone(asked.zone).date()
    return Sheet(
        title=f"Headcount by the hour: {row.name}", about="", as_of=asked.at, exercise=is_drill_at(row),
        standing=asked.standing(f"Headcount by the hour at {row.pk}"), blocks=tuple(_hourly(row, asked, day.isoformat())),
    )  # fmt: skip


def _hourly(row: Site, asked: Asked, day: str) -> Iterator[Block]:
    yield fields(("Site", f"{row.name} ({row.pk})"), ("Day", day), ("Zone", row.zone), columns=3)
    hours = [f"{hour.astimezone(asked.zone):%H:%M %Z}" for hour in _hours(asked)]
    yield lined(
        ["Hour", "Counted inside", "Outside, and with whom", "In all", "Counter: initials", "Recorded: act"],
        [[hour, *[""] * 5] for hour in hours],
        widths=[13, 16, 32, 10, 16, 14],
    )  # fmt: skip
    yield words(
        "Record each count later as begun and finished at its hour: it is compared with whom the record has here then."
    )
    yield blanks("Desk handed over: time, signatures", "Supervisor: signature", columns=2)


def _hours(asked: Asked) -> Iterator[datetime]:
    day = asked.at.astimezone(asked.zone).date()
    hour, ends = start_of_day(day, asked.zone).astimezone(UTC), end_of_day(day, asked.zone)
    while hour <= ends:
        yield hour
        hour += timedelta(hours=1)
