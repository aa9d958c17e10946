"""Time as a site counts it: its zone, the days on which no business is done, and lengths of time that run out there."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from muster.cases.rules import Calendar, Span
from muster.core.times import end_of_day

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
UNITS_ELAPSED = {"min": timedelta(minutes=1), "h": timedelta(hours=1)}


@dataclass(frozen=True)
class Window:
    """Days, both included; None: without a beginning or an end."""

    first: date | None = None
    latest: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the day is one of them."""
        return (self.first is None or self.first <= day) and (self.latest is None or day <= self.latest)


@dataclass(frozen=True)
class Place:
    """Where time is counted: the zone of a site, the days on which it is closed beside the federal holidays, the overlays
    that hold there with their days, and the terms of its contract by name, as whole hours."""

    zone: ZoneInfo
    closed: frozenset[date] = frozenset()
    overlays: Mapping[str, Sequence[Window]] = field(default_factory=dict)
    terms: Mapping[str, int] = field(default_factory=dict)

    def is_under(self, overlay: str, day: date) -> bool:
        """Whether the overlay holds there on that day."""
        return any(window.holds(day) for window in self.overlays.get(overlay, ()))

    def is_business_day(self, day: date) -> bool:
        """Whether it is no Saturday, Sunday, federal holiday or holiday of the site."""
        return day.weekday() < SATURDAY and day not in federal_holidays(day.year) and day not in self.closed


@dataclass(frozen=True)
class Paused:
    """A stretch in which a clock stood still; until None: it still does."""

    since: datetime
    until: datetime | None


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """The days on which federal offices are closed in a year, as they are observed.

    A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after. The Friday before New Year's Day may
    fall into the year before. Inauguration Day, kept around Washington alone, is left out: a site there has it as its own.

    Source: 5 U.S.C. 6103(a) and (b); Executive Order 11582, section 3 (Sundays).
    """
    days = [*_holidays(year), date(year + 1, 1, 1)]
    return frozenset(day for day in map(_observed, days) if day.year == year)


def _holidays(year: int) -> list[date]:
    days = [
        date(year, 1, 1),
        _nth(year, 2, MONDAY, 3),
        _latest(year, 5, MONDAY),
        date(year, 7, 4),
        _nth(year, 9, MONDAY, 1),
        _nth(year, 10, MONDAY, 2),
        date(year, 11, 11),
        _nth(year, 11, THURSDAY, 4),
        date(year, 12, 25),
    ]
    if year >= 1986:  # the first birthday of Martin Luther King, Jr. that was kept (Pub. L. 98-144)
        days.append(_nth(year, 1, MONDAY, 3))
    if year >= 2021:  # Juneteenth National Independence Day (Pub. L. 117-17)
        days.append(date(year, 6, 19))
    return days


def _observed(day: date) -> date:
    return day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _latest(year: int, month: int, weekday: int) -> date:
    end = date(year, month, calendar.monthrange(year, month)[1])
    return end - timedelta(days=(end.weekday() - weekday) % 7)


def runs_out(
    start: datetime,
    span: Span,
    place: Place,
    *,
    days: Calendar = "every_day",
    paused: Sequence[Paused] = (),
    now: datetime,
    to_end_of_day: bool = False,
) -> datetime:
    """When a length of time that began at `start` has run out, in UTC; at that very moment it is not yet over.

    Hours and minutes are elapsed time, through changes of the clocks; with `days` "business_days" the hours of other days do
    not count. Days, months and years keep the local time of day; a month's day that is not there is its latest. A stretch that
    is still paused lasts until `now`. `paused` must be in order and not overlap.

    Days are counted strictly, to the minute: a text that gives the whole of the last day says so (`to_end_of_day`).
    """
    length = UNITS_ELAPSED.get(span.unit)
    start = start.astimezone(UTC)  # in a zone, adding hours would move its wall clock
    if length is not None and days == "business_days":
        return _in_business_hours(start, length * span.value, place, paused, now)
    due = start + length * span.value if length is not None else _in_days(start, span, place)
    for stretch in paused:
        if stretch.since >= due:
            break
        due += max(timedelta(), (stretch.until or max(now, stretch.since)) - max(stretch.since, start))
    return end_of_day(due.astimezone(place.zone).date(), place.zone) if to_end_of_day else due


def _in_days(start: datetime, span: Span, place: Place) -> datetime:
    here = start.astimezone(place.zone)
    day = here.date()
    if span.unit == "business_day":
        for _ in range(span.value):
            day += timedelta(days=1)
            while not place.is_business_day(day):
                day += timedelta(days=1)
    elif span.unit == "day":
        day += timedelta(days=span.value)
    else:
        months = day.month - 1 + span.value * (12 if span.unit == "year" else 1)
        year, month = day.year + months // 12, months % 12 + 1
        day = date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    return datetime.combine(day, here.time(), tzinfo=place.zone).astimezone(UTC)


def _in_business_hours(
    start: datetime, length: timedelta, place: Place, paused: Sequence[Paused], now: datetime
) -> datetime:
    """When so much time has passed on business days, midnight to midnight, outside of what is paused."""
    left, at = length, start
    while True:
        day = at.astimezone(place.zone).date()
        midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=place.zone).astimezone(UTC)
        if not place.is_business_day(day):
            at = midnight
            continue
        standing = next((p for p in paused if p.until is None or p.until > at), None)
        if standing and standing.since <= at:
            until = standing.until or max(now, at)
            paused = [p for p in paused if p is not standing]
            at = until
            continue
        ends = min(midnight, standing.since) if standing else midnight
        if left <= ends - at:
            return at + left
        left -= ends - at
        at = ends
