"""Moments and days. A moment is aware and in UTC; a day belongs to a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from muster.core.errors import MusterError

CLOCKS_MAY_DIFFER = timedelta(minutes=5)
YEARS = range(1900, 3000)  # another year is a slip, and at the ends of the calendar no zone can be reckoned


class NotAMoment(MusterError):
    """A text that is no date and no time."""

    code = "core.not_a_moment"

    def __init__(self, *, text: str) -> None:
        self.text = text[:60]
        super().__init__(
            f"{self.text!r} is not a time. Write a date (2026-03-01) or a time (2026-03-01T14:05)."
        )


class NotAZone(MusterError):
    """A text that names no time zone."""

    code = "core.not_a_zone"

    def __init__(self, *, text: str) -> None:
        self.text = text[:60]
        super().__init__(f"{self.text!r} is not a time zone. Write one such as America/Chicago.")


class NotHappenedYet(MusterError):
    """A fact is told of a moment that has not come."""

    code = "core.not_happened_yet"

    def __init__(self, *, at: datetime) -> None:
        self.at = at
        super().__init__(
            f"{at.astimezone(UTC):%Y-%m-%d %H:%M %Z} has not come yet. Give the time at which it happened, or check the clock."
        )


def check_happened(at: datetime, *, now: datetime) -> None:
    """Check that a fact is not told ahead of its time, as far as clocks differ. Raises NotHappenedYet."""
    if at > now + CLOCKS_MAY_DIFFER:
        raise NotHappenedYet(at=at)


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises NotAZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise NotAZone(text=name) from fault


def end_of_day(day: date, where: ZoneInfo) -> datetime:
    """The last microsecond of a local day, in UTC: what has happened by then has happened on that day."""
    midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=where)
    return midnight.astimezone(UTC) - timedelta(microseconds=1)


def start_of_day(day: date, where: ZoneInfo) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime.combine(day, time(), tzinfo=where).astimezone(UTC)


def parse_moment(text: str, where: ZoneInfo) -> datetime:
    """A moment in UTC from ISO 8601; one without an offset is read in `where`; a bare date means its end there.

    Raises NotAMoment.
    """
    try:
        if len(text) == 10:
            return end_of_day(date.fromisoformat(text), where)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=where)).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise NotAMoment(text=text) from fault


def local_span(begins_at: datetime, ends_at: datetime, where: ZoneInfo) -> str:
    """Two moments as people at a site read them: `08:00 to 16:00 CST, 3 Nov 2026`; each in full where they are of two days."""
    begins, ends = begins_at.astimezone(where), ends_at.astimezone(where)
    if begins.date() == ends.date() and begins.utcoffset() == ends.utcoffset():
        return f"{begins:%H:%M} to {local(ends_at, where)}"
    return f"{local(begins_at, where)} to {local(ends_at, where)}"


def local(moment: datetime, where: ZoneInfo) -> str:
    """A moment as people at a site read it: `14:05 EST, 3 Nov 2026`."""
    here = moment.astimezone(where)
    return f"{here:%H:%M %Z}, {here.day} {here:%b %Y}"
