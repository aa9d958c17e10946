"""How long a driver may still drive: every limit of one set of hours, and the one that comes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal

from muster.cases.rules import Hours

Doing = Literal["driving", "on_duty", "off"]
Standing = Literal["law", "adopted policy", "lifted"]
NONE = timedelta()


@dataclass(frozen=True)
class Duty:
    """What a driver did between two moments; time that nobody recorded counts as off duty."""

    doing: Doing
    since: datetime
    until: datetime


@dataclass(frozen=True)
class HoursLeft:
    """How much driving each limit leaves, by its name, never less than nothing; `by` names the one that decides."""

    left: dict[str, timedelta]

    @property
    def by(self) -> str:
        """The limit that leaves least; of two alike, the one told first."""
        return min(self.left, key=lambda name: self.left[name])

    @property
    def driving(self) -> timedelta:
        """How long may be driven from now on."""
        return self.left[self.by]


def hours_left(hours: Hours, duties: Sequence[Duty], at: datetime, *, adverse: bool = False) -> HoursLeft:
    """What the limits leave at `at`, after these duties, which are in order and do not overlap; each limit is told.

    `adverse`: conditions that nobody could foresee add `hours.adverse_h` to driving and to the window. Hours of past days that
    will drop out of the week while somebody drives are not counted on: the answer is never too long.

    Source: 49 CFR 395.3 and 395.5; 395.1(b)(1) for adverse conditions.
    """
    at = at.astimezone(UTC)
    known = [
        Duty(each.doing, each.since.astimezone(UTC), min(each.until.astimezone(UTC), at))
        for each in duties
        if each.since < at
    ]
    more = timedelta(hours=hours.adverse_h) if adverse else NONE
    came_on = _back_from(known, at, timedelta(hours=hours.off_h))
    left = {
        "driving": timedelta(hours=hours.driving_h) + more - _spent(known, came_on, at, driving_only=True)
    }
    if hours.window_h is not None:
        spent = at - came_on if hours.window == "elapsed" else _spent(known, came_on, at)
        left["window"] = timedelta(hours=hours.window_h) + more - spent
    if hours.week_h is not None and hours.week_days is not None:
        since = at - timedelta(days=hours.week_days)
        if hours.restart_h is not None:
            since = max(since, _back_from(known, at, timedelta(hours=hours.restart_h)))
        driven = hours.week_counts == "driving"
        left["week"] = timedelta(hours=hours.week_h) - _spent(known, since, at, driving_only=driven)
    if hours.break_after_h is not None and hours.break_min is not None:
        rested = _back_from(known, at, timedelta(minutes=hours.break_min), from_driving=True)
        left["break"] = timedelta(hours=hours.break_after_h) - _spent(known, rested, at, driving_only=True)
    return HoursLeft({name: max(NONE, length) for name, length in left.items()})


def _back_from(
    duties: Sequence[Duty], at: datetime, rest: timedelta, *, from_driving: bool = False
) -> datetime:
    """When the latest rest of that length ended; the first duty where there was none; `at` where it lasts still.

    A rest is off duty; with `from_driving`, whatever is not driving.
    """
    works = [
        each for each in duties if each.doing == "driving" or (each.doing == "on_duty" and not from_driving)
    ]
    if not works:
        return at
    came = works[0].since
    for before, after in pairwise([*works, Duty("off", at, at)]):
        if after.since - before.until >= rest:
            came = after.since
    return came


def _spent(
    duties: Iterable[Duty], since: datetime, until: datetime, *, driving_only: bool = False
) -> timedelta:
    wanted = ("driving",) if driving_only else ("driving", "on_duty")
    stretches = (
        min(each.until, until) - max(each.since, since) for each in duties if each.doing in wanted
    )  # fmt: skip
    return sum((max(NONE, length) for length in stretches), NONE)


def standing(carrier: Literal["government", "private"], *, relief: bool) -> Standing:
    """What the hours are to a carrier: a government's adopt them as policy; a declared emergency lifts them for the others.

    `relief`: an emergency declaration is in force for this carrier (rules TRN-09 and TRN-09F).

    Source: 49 CFR 390.3T(f)(2) and FMCSA guidance question 19; 49 CFR 390.23.
    """
    if carrier == "government":
        return "adopted policy"
    return "lifted" if relief else "law"
