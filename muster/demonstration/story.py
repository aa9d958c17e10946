"""The exercise, told as data: places, accounts, and who does what when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from muster.core.tags import MOST_TAGS, make_tag

MISSION = "EX-PROCESSING-1"
AGENCY = "EX-FIELD-OFFICE"
NORTH, SOUTH = "EX-NORTH", "EX-SOUTH"
BUSES = ((0, 40), (40, 80), (80, 120))  # persons by number, the end not included

ORGANISATIONS = (
    ("EX-GUARD", "State of Example National Guard", "guard"),
    (AGENCY, "Example Field Office", "agency"),
)
SITES = (
    (NORTH, "North processing site", "America/Chicago"),
    (SOUTH, "South processing site", "America/Chicago"),
)


@dataclass(frozen=True)
class Account:
    """One person of the exercise: the name to sign in by, the role, where, and what to try."""

    name: str
    role: str
    site: str | None
    try_this: str


ACCOUNTS = (
    Account("clerk.north", "clerk", NORTH, "Scan a tag at the counter; receive a person; count the site"),
    Account("clerk.south", "clerk", SOUTH, "Sign for the ten persons that the north site offers"),
    Account("operations", "joc", None, "See both sites on the board and settle a difference"),
    Account("oversight", "oversight", None, "Read the same board, with nothing to change"),
)


@dataclass(frozen=True)
class Step:
    """One action of the story. An input that is a `Said` is taken from an earlier step's answer."""

    by: str
    action: str
    inputs: dict[str, Any]
    name: str = ""  # by which later steps refer to its answer


@dataclass(frozen=True)
class Said:
    """What the step of that name answered under `key`."""

    step: str
    key: str


@dataclass(frozen=True)
class Cast:
    """The generated persons, by number, and the moment that the story ends."""

    tags: list[str] = field(repr=False)
    now: datetime

    @classmethod
    def drawn(cls, now: datetime, seed: int) -> Cast:
        """120 different tags, the same for the same seed."""
        numbers = random.Random(seed).sample(range(MOST_TAGS), BUSES[-1][1])
        return cls([make_tag(number) for number in numbers], now)

    def ago(self, hours: float) -> str:
        """A moment so many hours before the end, to the minute."""
        return (self.now - timedelta(hours=hours)).replace(second=0, microsecond=0).isoformat()


def steps(cast: Cast) -> Iterator[Step]:
    """The story in the order in which it was recorded."""
    tags = cast.tags
    for number, (first, end) in enumerate(BUSES):
        inputs = {"site": NORTH, "from_organisation": AGENCY, "mission": MISSION}
        yield Step(
            "clerk.north",
            "custody.receive",
            inputs | {"tags": tags[first:end], "at": cast.ago(30 - 2 * number)},
        )
    yield Step(
        "clerk.north", "custody.offer",
        {"giver": NORTH, "receiver": SOUTH, "tags": tags[:50], "mission": MISSION}, "to the south",
    )  # fmt: skip
    # One of the fifty stayed behind: the south signs for forty-nine, and the fiftieth is a difference.
    yield Step(
        "clerk.south", "custody.accept",
        {"handover": Said("to the south", "handover"), "at": cast.ago(22), "tags": tags[:49]},
    )  # fmt: skip
    yield Step("clerk.north", "custody.open_count", {"site": NORTH, "at": cast.ago(20)}, "evening count")
    yield Step(
        "clerk.north", "custody.submit_count", {"count": Said("evening count", "count"), "persons": 70}
    )
    yield Step("clerk.south", "custody.open_count", {"site": SOUTH, "at": cast.ago(20)}, "south count")
    yield Step("clerk.south", "custody.submit_count", {"count": Said("south count", "count"), "persons": 49})
    # Found the next morning: the bus had come earlier for one person than was written down.
    yield Step(
        "clerk.north", "custody.correct",
        {"site": NORTH, "tag": tags[80], "n": 1, "happened_at": cast.ago(27.5), "reason": "late_entry"},
    )  # fmt: skip
    yield Step(
        "clerk.north", "custody.release",
        {"site": NORTH, "tags": tags[100:103], "at": cast.ago(6), "reason": "court_order"},
    )  # fmt: skip
    # The south scans somebody whom the record has in the north: kept as a report.
    yield Step(
        "clerk.south", "custody.receive",
        {"site": SOUTH, "tags": tags[110:111], "at": cast.ago(3), "from_organisation": AGENCY, "mission": MISSION},
    )  # fmt: skip
    yield Step(
        "clerk.north", "custody.offer",
        {"giver": NORTH, "receiver": SOUTH, "tags": tags[60:70], "mission": MISSION}, "waiting",
    )  # fmt: skip
