"""In which state a mission is, from its decision's versions and from when it was opened and closed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from muster.decisions.rules import Limits, Version
from muster.missions.rules import standing

LIMITS = Limits.from_json({"zone": "UTC", "effective_from": "2026-03-02", "effective_to": "2026-03-10"})


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, number, hour, tzinfo=UTC)


ISSUED = Version(n=1, kind="issued", effective_at=day(1), known=1, limits=LIMITS)
SUSPENDED = Version(n=2, kind="suspended", effective_at=day(4), known=2, limits=None)
RESUMED = Version(n=3, kind="resumed", effective_at=day(5), known=3, limits=None)
AMENDED = Version(n=4, kind="amended", effective_at=day(6), known=4, limits=LIMITS)
REVOKED = Version(n=5, kind="revoked", effective_at=day(7), known=5, limits=None)
EVERY = (ISSUED, SUSPENDED, RESUMED, AMENDED, REVOKED)
REASONS = {2: "A review", 5: "No longer needed"}


@pytest.mark.parametrize(
    ("at", "known_at", "state", "since", "why"),
    [
        (day(1), 9, "preparing", day(1, 6), "It opens then."),
        (day(1, 12), 9, "preparing", day(1, 6), "The decision allows nothing before 2026-03-02."),
        (day(1, 12), 0, "preparing", day(1, 6), "No decision that allows it is known yet."),
        (day(2), 9, "active", day(2), "The decision is in force."),
        (day(4), 9, "paused", day(4), "A review"),
        (day(4), 1, "active", day(2), "The decision is in force."),  # before the suspension was known
        (day(5), 9, "active", day(5), "The decision is in force."),
        (day(6, 12), 9, "active", day(5), "The decision is in force."),  # an amendment begins nothing anew
        (day(7), 9, "ending", day(7), "No longer needed"),
        (day(11), 4, "ending", day(11), "The decision's window ended with 2026-03-10."),
        (day(10, 23), 4, "active", day(5), "The decision is in force."),
        (day(12), 9, "closed", day(12), "All done"),
        (day(11, 23), 9, "ending", day(7), "No longer needed"),
    ],
)
def test_the_state_of_a_mission(at: datetime, known_at: int, state: str, since: datetime, why: str) -> None:
    found = standing(EVERY, REASONS, at, known_at, opened_at=day(1, 6), closed=(day(12), "All done"))

    assert (found.state, found.since, found.why) == (state, since, why)


def test_a_mission_opened_after_its_decision_was_suspended_is_paused_since_it_was_opened() -> None:
    found = standing((ISSUED, SUSPENDED), REASONS, day(9), 9, opened_at=day(8), closed=None)

    assert (found.state, found.since) == ("paused", day(8))
