"""The demonstration: its organisations, sites and accounts, and its missions in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from muster.demonstration import exercise, missouri, others, states
from muster.demonstration.exercise import AGENCY, NORTH, SOUTH
from muster.demonstration.telling import Cast, Step

ORGANISATIONS = (
    ("EX-GUARD", "State of Example, and its National Guard", "state", "ZZ"),
    (AGENCY, "Example Field Office", "agency", ""),
    ("MO-STATE", "State of Missouri", "state", "MO"),
    ("VT-STATE", "State of Vermont", "state", "VT"),
    ("FL-STATE", "State of Florida", "state", "FL"),
    ("IA-STATE", "State of Iowa", "state", "IA"),
    ("ID-STATE", "State of Idaho", "state", "ID"),
    ("NV-STATE", "State of Nevada", "state", "NV"),
    ("SC-STATE", "State of South Carolina", "state", "SC"),
    ("TN-STATE", "State of Tennessee", "state", "TN"),
    ("TX-STATE", "State of Texas", "state", "TX"),
    ("VA-STATE", "State of Virginia", "state", "VA"),
    ("WY-STATE", "State of Wyoming", "state", "WY"),
)
OFFICES = (
    ("ZZ-GOVERNOR", "Governor of the State of Example", "EX-GUARD"),
    ("MO-GOVERNOR", "Governor of Missouri", "MO-STATE"),
    ("VT-GOVERNOR", "Governor of Vermont", "VT-STATE"),
    ("FL-GOVERNOR", "Governor of Florida", "FL-STATE"),
    ("IA-GOVERNOR", "Governor of Iowa", "IA-STATE"),
    ("ID-GOVERNOR", "Governor of Idaho", "ID-STATE"),
    ("NV-GOVERNOR", "Governor of Nevada", "NV-STATE"),
    ("SC-GOVERNOR", "Governor of South Carolina", "SC-STATE"),
    ("TN-GOVERNOR", "Governor of Tennessee", "TN-STATE"),
    ("TX-GOVERNOR", "Governor of Texas", "TX-STATE"),
    ("VA-GOVERNOR", "Governor of Virginia", "VA-STATE"),
    ("WY-GOVERNOR", "Governor of Wyoming", "WY-STATE"),
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
    yield from states.steps()
    yield from exercise.steps(cast)
    yield from others.steps(cast)
