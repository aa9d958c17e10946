"""The demonstration: its organisations, sites and accounts, and its missions in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from muster.demonstration import exercise, missouri, others
from muster.demonstration.exercise import AGENCY, NORTH, SOUTH
from muster.demonstration.telling import Cast, Step

ORGANISATIONS = (
    ("EX-GUARD", "State of Example, and its National Guard", "state", "ZZ"),
    (AGENCY, "Example Field Office", "agency", ""),
    ("MO-STATE", "State of Missouri", "state", "MO"),
    ("VT-STATE", "State of Vermont", "state", "VT"),
)
OFFICES = (
    ("ZZ-GOVERNOR", "Governor of the State of Example", "EX-GUARD"),
    ("MO-GOVERNOR", "Governor of Missouri", "MO-STATE"),
    ("VT-GOVERNOR", "Governor of Vermont", "VT-STATE"),
)
SITES = (
    (NORTH, "North processing site", "America/Chicago"),
    (SOUTH, "South processing site", "America/Chicago"),
)


@dataclass(frozen=True)
class Account:
    """One person of the demonstration: the name to sign in by, the role, where, and what to try."""

    name: str
    role: str
    site: str | None
    try_this: str
    everywhere: bool = False  # the role holds over every organisation, not over one alone
    organisation: str = "EX-GUARD"


ACCOUNTS = (
    Account(
        "governor",
        "governor",
        None,
        "Decide the request that waits, line by line, and read the order before you sign",
    ),
    Account(
        "operations",
        "joc",
        None,
        "See both sites on the board, the missions against their limits, and settle a difference",
    ),
    Account("clerk.north", "clerk", NORTH, "Scan a tag at the counter; receive a person; count the site"),
    Account("clerk.south", "clerk", SOUTH, "Sign for the ten persons that the north site offers"),
    Account("agency", "requester", None, "See where your agency's requests stand", organisation=AGENCY),
    Account("counsel", "counsel", None, "Read the findings of each request, line by line", everywhere=True),
    Account("custodian", "custodian", None, "See the trip that you signed for"),
    Account(
        "records.desk", "affairs", None, "Read what the public page says of each mission", everywhere=True
    ),
    Account("oversight", "oversight", None, "Read everything of the exercise, with nothing to change"),
)


def steps(cast: Cast) -> Iterator[Step]:
    """Every mission of the demonstration."""
    yield from missouri.steps()
    yield from exercise.steps(cast)
    yield from others.steps(cast)
