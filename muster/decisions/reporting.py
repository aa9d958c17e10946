"""When the next report of a decision is due, and until when a verbal one is to be confirmed. Plain Python."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

# Source: authority.md section 5, `instrument`: a verbal decision is confirmed within 24 hours.
CONFIRM_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Due:
    """Something owed under a decision: the first moment at which it is late, and whether it is."""

    by: datetime
    is_late: bool


def next_report(
    interval_days: int, zone: str, *, began_at: datetime, reported_at: Iterable[datetime], at: datetime, ended_at: datetime | None = None,
) -> Due | None:  # fmt: skip
    """When the next report is due, as of `at`: at the end of the day that lies the interval after the latest, else after the beginning.

    The days are days of `zone`. None where the decision had ended before a report was due.
    """
    latest = max((each for each in reported_at if each <= at), default=began_at)
    day = latest.astimezone(ZoneInfo(zone)).date() + timedelta(days=interval_days + 1)
    by = datetime.combine(day, time(), ZoneInfo(zone))
    if ended_at is not None and ended_at < by:
        return None
    return Due(by=by, is_late=at >= by)


def confirmation(decided_at: datetime, *, at: datetime) -> Due:
    """Until when a verbal decision that nobody has confirmed yet is to be confirmed in writing."""
    by = decided_at + CONFIRM_WITHIN
    return Due(by=by, is_late=at >= by)
