"""A day belongs to a zone, a moment to nobody."""

from datetime import UTC, datetime

import pytest

from muster.core.times import NotAMoment, NotAZone, parse_moment, zone

CHICAGO = zone("America/Chicago")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", datetime(2026, 3, 2, 5, 59, 59, 999999, tzinfo=UTC)),  # the end of the local day
        ("2026-03-08", datetime(2026, 3, 9, 4, 59, 59, 999999, tzinfo=UTC)),  # a day of 23 hours
        ("2026-03-01T14:05", datetime(2026, 3, 1, 20, 5, tzinfo=UTC)),
        ("2026-03-01T14:05+01:00", datetime(2026, 3, 1, 13, 5, tzinfo=UTC)),
    ],
)
def test_a_text_is_read_in_the_zone_of_its_place(text: str, moment: datetime) -> None:
    assert parse_moment(text, CHICAGO) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-02-30", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NotAMoment, match="2026-03-01"):
        parse_moment(text, CHICAGO)


@pytest.mark.parametrize("name", ["", "Nowhere/At_All", "../etc/passwd"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(NotAZone):
        zone(name)
