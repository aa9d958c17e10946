"""Clocks: what a rule says of what has happened, at a moment. Plain reckoning: data in, clocks out.

A clock is never stored as the truth: it is reckoned from the record each time somebody asks, so a corrected start moves it,
and the reading as it was known before can be had again (`readings`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from muster.cases.calendars import Paused, Place, Window, runs_out
from muster.cases.rules import Limit, Rule, Span, Variant
from muster.core.times import end_of_day, start_of_day

State = Literal["running", "paused", "met", "met late", "breached", "ended"]


@dataclass(frozen=True, slots=True)
class Happened:
    """One event, with the numbers of the acts that made it known and, where it was corrected, unknown again.

    `elsewhere`: it happened at another site, whose clocks it starts; here it stops and pauses, and starts nothing.
    """

    event: str
    at: datetime
    known_from: int = 0
    known_until: int | None = None
    elsewhere: bool = False


class Timeline:
    """What happened to one person or at one site up to `now`, as known at `known_at`: the moments of each event, in order."""

    __slots__ = ("_days", "moments", "now", "starts")

    def __init__(self, happened: Iterable[Happened], *, now: datetime, known_at: int | None = None) -> None:
        self.now = now
        self._days: dict[tuple[datetime, ZoneInfo], date] = {}
        moments: dict[str, list[datetime]] = {}
        elsewhere: set[tuple[str, datetime]] = set()
        for each in happened:
            if each.at > now:
                continue
            if known_at is None:
                if each.known_until is not None:
                    continue
            elif each.known_from > known_at or (
                each.known_until is not None and each.known_until <= known_at
            ):
                continue
            moments.setdefault(each.event, []).append(each.at)
            if each.elsewhere:
                elsewhere.add((each.event, each.at))
        for found in moments.values():
            found.sort()
        self.moments = self.starts = moments
        if elsewhere:
            self.starts = {
                event: [at for at in found if (event, at) not in elsewhere]
                for event, found in moments.items()
            }

    def all_starts(self, events: Sequence[str]) -> list[datetime]:
        """The moments of any of the events that start a clock here, in order."""
        if len(events) == 1:
            return self.starts.get(events[0], [])
        return sorted({at for event in events for at in self.starts.get(event, ())})

    def all(self, events: Sequence[str]) -> list[datetime]:
        """The moments of any of the events, in order."""
        if len(events) == 1:
            return self.moments.get(events[0], [])
        return sorted(at for event in events for at in self.moments.get(event, ()))

    def first_from(self, events: Sequence[str], at: datetime) -> datetime | None:
        """The first moment of any of the events at or after `at`."""
        found = None
        for event in events:
            moments = self.moments.get(event)
            if moments and (n := bisect_left(moments, at)) < len(moments):
                found = moments[n] if found is None else min(found, moments[n])
        return found

    def day_of(self, at: datetime, zone: ZoneInfo) -> date:
        """The local day of a moment; many rules ask the same."""
        day = self._days.get((at, zone))
        if day is None:
            day = self._days[at, zone] = at.astimezone(zone).date()
        return day

    def any_by(self, events: Sequence[str], at: datetime) -> bool:
        """Whether any of the events happened at or before `at`."""
        return any((moments := self.moments.get(event)) and moments[0] <= at for event in events)


@dataclass(frozen=True, slots=True)
class Reading:
    """What another reading of the same rule would say: until when, and by which in words."""

    due_at: datetime
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """One rule's clock as it stands at `as_of`. All moments in UTC.

    `by` is the id of the variant that gave its limit, or the rule's own. `due_at` is None where the text gives no number, or
    where what it must precede has not come. At `due_at` itself it is not late; it is a breach after `breach_at`, which is the
    same moment but for a grace. `beside`: other readings of the rule. `counsel`: why counsel must look at it.
    """

    rule: Rule
    by: str
    limit: Limit
    started_at: datetime
    as_of: datetime
    state: State
    due_at: datetime | None = None
    breach_at: datetime | None = None
    earliest_at: datetime | None = None
    stopped_at: datetime | None = None
    ended_at: datetime | None = None
    excused_at: datetime | None = None
    warn_at: tuple[datetime, ...] = ()
    paused: tuple[Paused, ...] = ()
    beside: tuple[Reading, ...] = ()
    counsel: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is still owed."""
        return self.state in ("running", "paused") or (
            self.state == "breached" and self.stopped_at is None and self.ended_at is None
        )

    @property
    def breached(self) -> bool:
        """Whether the rule was broken, whatever was done since."""
        return self.state in ("breached", "met late")

    @property
    def level(self) -> int:
        """How many of its warnings have been reached while something is owed."""
        return bisect_right(self.warn_at, self.as_of) if self.is_open else 0

    @property
    def words(self) -> str:
        """How it stands, in words: *due in 1 h 20 min*, *late by 5 min*."""
        return _words(self) + _told_beside(self)


def _words(clock: Clock) -> str:
    now, due = clock.as_of, clock.due_at
    if clock.state == "paused":
        return f"paused; {_length(due - now)} left" if due and due > now else "paused"
    if clock.state == "ended":
        return "ended before it was due"
    if clock.state == "met":
        return "done in time" if clock.stopped_at else "the time has passed"
    if clock.state == "met late":
        assert due
        assert clock.stopped_at
        return f"done late by {_length(clock.stopped_at - due)}"
    if clock.state == "breached":
        if due is None:
            assert clock.stopped_at
            assert clock.earliest_at
            return f"too early by {_length(clock.earliest_at - clock.stopped_at)}"
        if clock.limit.times:
            return f"fewer than {clock.limit.times} that day"
        until = clock.ended_at or now
        return f"{'was ' if clock.ended_at else ''}late by {_length(until - due)}"
    if due is None:
        if clock.earliest_at:
            return f"not before {_length(clock.earliest_at - now)} from now"
        return f"open for {_length(now - clock.started_at)}"
    return f"due in {_length(due - now)}" if now <= due else f"late by {_length(now - due)}, within the grace"


def _told_beside(clock: Clock) -> str:
    passed = [
        f"; {reading.words} passed" for reading in clock.beside
        if reading.due_at < (clock.stopped_at or clock.ended_at or clock.as_of)
    ]  # fmt: skip
    return "".join(passed) + ("; for counsel" if clock.counsel else "")


def _length(length: timedelta) -> str:
    """A length of time in its two largest units, rounded down to the minute; less than one is told as such."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return "less than 1 min"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    told = [
        (days, f"{days} day{'s' if days != 1 else ''}"),
        (hours, f"{hours} h"),
        (minutes, f"{minutes} min"),
    ]
    return " ".join([words for value, words in told if value][:2])


def clocks(
    rule: Rule,
    timeline: Timeline,
    place: Place,
    windows: Sequence[Window] | None = None,
    *,
    latest_only: bool = False,
) -> list[Clock]:
    """Every clock of a rule, one for each time that it started, in order of their starts; of an *every*, one for each interval.

    A rule starts no clock on a local day on which it is not in force, nor outside of the `windows` in which its standard is that
    of the site, nor where what it hangs on (`only_if`) had not happened by then. An *every* that runs is not started again.
    What is no matter of time has none. With `latest_only` an *every* gives its latest interval alone.
    """
    if not rule.has_clock:
        return []
    if rule.timing.once and not timeline.any_by(rule.timing.once, timeline.now):
        return []
    found: list[Clock] = []
    runs_until: datetime | None = None
    dated = rule.effective_from is not None or rule.effective_to is not None
    for start in timeline.all_starts(rule.timing.start):
        if runs_until is not None and start < runs_until:
            continue
        if rule.timing.only_if and not timeline.any_by(rule.timing.only_if, start):
            continue
        if dated or windows is not None:
            day = timeline.day_of(start, place.zone)
            if dated and not Window(rule.effective_from, rule.effective_to).holds(day):
                continue
            if windows is not None and not any(window.holds(day) for window in windows):
                continue
        if rule.limit.kind == "every":
            ended = timeline.first_from(rule.timing.ends_on, start) if rule.timing.ends_on else None
            runs_until = ended or timeline.now
            found += _every(rule, start, ended, timeline, place, latest_only=latest_only)
        else:
            found.append(_one(rule, start, timeline, place))
    return found


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The limit that holds for a clock, and what else could be read."""

    by: str
    limit: Limit
    counsel: str = ""
    others: tuple[tuple[str, Limit], ...] = field(default=())


def _limit_for(rule: Rule, start: datetime, until: datetime, place: Place) -> _Chosen:
    """The limit of a clock that started at `start` and ran until `until`.

    An overlay wins over a dated variant, and that over the rule's own limit; of several overlays the shortest wins.
    """
    if not rule.variants:
        return _Chosen(rule.id, rule.limit)
    began, ended = start.astimezone(place.zone).date(), until.astimezone(place.zone).date()
    here = [each for each in rule.variants if not each.overlay or place.is_under(each.overlay, began)]
    in_force = [each for each in here if Window(each.effective_from, each.effective_to).holds(began)]
    counsel = next((each.counsel for each in here if each.counsel and _across(each, began, ended)), "")
    if overlays := [each for each in in_force if each.overlay]:
        chosen = min(overlays, key=lambda each: _runs_for(each.limit))
        return _Chosen(chosen.id, chosen.limit)
    if not in_force:
        return _Chosen(rule.id, rule.limit, counsel)
    chosen = in_force[0]
    return _Chosen(chosen.id, chosen.limit, counsel, ((rule.id, rule.limit),))


def _across(variant: Variant, began: date, ended: date) -> bool:
    """Whether a clock ran on a day on which the variant began while it ran, or on the variant's last day."""
    first, latest = variant.effective_from, variant.effective_to
    return bool((first and began < first <= ended) or (latest and began <= latest <= ended))


HOURS = {"min": 1 / 60, "h": 1.0, "day": 24.0, "business_day": 24.0, "month": 720.0, "year": 8760.0}


def _runs_for(limit: Limit) -> float:
    return limit.span.value * HOURS[limit.span.unit] if limit.span else float("inf")


def _paused(rule: Rule, start: datetime, timeline: Timeline) -> tuple[Paused, ...]:
    """Where the clock stood still since `start`; a pause that began before it counts from the start."""
    timing = rule.timing
    if not timing.pause_on or not timeline.all(timing.pause_on):
        return ()
    changes = [(at, True) for at in timeline.all(timing.pause_on)]
    changes += [(at, False) for at in timeline.all(timing.resume_on)]
    stretches: list[Paused] = []
    since: datetime | None = None
    for at, pauses in sorted(changes):
        if pauses and since is None:
            since = at
        elif not pauses and since is not None:
            if at > start:
                stretches.append(Paused(max(since, start), at))
            since = None
    if since is not None:
        stretches.append(Paused(max(since, start), None))
    return tuple(stretches)


def _one(rule: Rule, start: datetime, timeline: Timeline, place: Place) -> Clock:
    timing, now = rule.timing, timeline.now
    ended = timeline.first_from(timing.ends_on, start) if timing.ends_on else None
    paused = _paused(rule, start, timeline)
    stop = timeline.first_from(timing.stop_on, start)
    chosen = (
        _limit_for(rule, start, min(filter(None, (stop, ended, now))), place)
        if rule.variants
        else _Chosen(rule.id, rule.limit)
    )
    limit = chosen.limit

    def after(span: Span, *, to_end_of_day: bool = False) -> datetime:
        return runs_out(
            start, span, place, days=timing.calendar, paused=paused, now=now, to_end_of_day=to_end_of_day
        )

    due: datetime | None = None
    earliest: datetime | None = None
    if limit.kind == "before":
        due = timeline.first_from(timing.before, start)
    elif limit.kind == "at_least":
        assert limit.span
        earliest = after(limit.span)
    elif limit.span:
        due = after(limit.span, to_end_of_day=limit.end_of_day)
        if limit.earliest:
            earliest = after(limit.earliest)
            stop = timeline.first_from(timing.stop_on, max(earliest, start))
    breach = due + _elapsed(limit.grace) if due and limit.grace else due
    if ended is not None and stop is not None and ended < stop:
        stop = None
    elif stop is not None:
        ended = None
    if limit.kind == "at_least":
        state = _not_before(stop, ended, earliest, now)
    else:
        state = _state(stop, ended, breach, now, standing=bool(paused) and paused[-1].until is None)
    return Clock(
        rule=rule,
        by=chosen.by,
        limit=limit,
        started_at=start,
        as_of=now,
        state=state,
        due_at=due,
        breach_at=breach,
        earliest_at=earliest,
        stopped_at=stop,
        ended_at=ended,
        excused_at=timeline.first_from(timing.excused_by, start) if timing.excused_by else None,
        warn_at=tuple(after(span) for span in timing.warn) if timing.warn else (),
        paused=paused,
        beside=tuple(
            Reading(after(other.span, to_end_of_day=other.end_of_day), f"{by} ({other})")
            for by, other in chosen.others
            if other.span
        ),
        counsel=chosen.counsel,
    )


def _state(
    stop: datetime | None, ended: datetime | None, breach: datetime | None, now: datetime, *, standing: bool
) -> State:
    if stop is not None:
        return "met late" if breach is not None and stop > breach else "met"
    if breach is not None and (ended or now) > breach:
        return "breached"
    if ended is not None:
        return "ended"
    return "paused" if standing else "running"


def _not_before(
    stop: datetime | None, ended: datetime | None, earliest: datetime | None, now: datetime
) -> State:
    assert earliest is not None
    if stop is not None and stop < earliest:
        return "breached"
    if ended is not None and ended < earliest:
        return "ended"
    return "met" if stop is not None or now >= earliest else "running"


def _elapsed(span: Span | None) -> timedelta:
    """A grace, which is always of minutes or hours."""
    assert span
    return timedelta(hours=HOURS[span.unit] * span.value)


def _every(
    rule: Rule,
    start: datetime,
    ended: datetime | None,
    timeline: Timeline,
    place: Place,
    *,
    latest_only: bool,
) -> Iterator[Clock]:
    """One clock for each interval from the start on, the latest of which runs."""
    limit = _limit_for(rule, start, ended or timeline.now, place).limit
    if limit.times:
        yield from _so_often_a_day(rule, start, ended, timeline, place, latest_only=latest_only)
        return
    if limit.from_contract:
        hours = place.terms.get(limit.from_contract)
        if hours is None:
            return  # nobody recorded the term: what is missing is told, and no number is made up
    marks = [at for at in timeline.all(rule.timing.stop_on) if at > start and (ended is None or at <= ended)]
    if latest_only and marks:
        start, marks = marks[-1], []
    begins = start
    for done in (*dict.fromkeys(marks), None):
        chosen = _limit_for(rule, begins, done or ended or timeline.now, place)
        span = chosen.limit.span or Span(value=hours, unit="h")  # type: ignore[arg-type]  # one of the two is there
        paused = _paused(rule, begins, timeline)
        due = runs_out(begins, span, place, days=rule.timing.calendar, paused=paused, now=timeline.now)
        breach = due + _elapsed(chosen.limit.grace) if chosen.limit.grace else due
        standing = bool(paused) and paused[-1].until is None
        yield Clock(
            rule=rule,
            by=chosen.by,
            limit=chosen.limit,
            started_at=begins,
            as_of=timeline.now,
            state=_state(done, None if done else ended, breach, timeline.now, standing=standing),
            due_at=due,
            breach_at=breach,
            stopped_at=done,
            ended_at=None if done else ended,
            paused=paused,
            counsel=chosen.counsel,
            warn_at=tuple(
                runs_out(begins, warn, place, days=rule.timing.calendar, paused=paused, now=timeline.now)
                for warn in rule.timing.warn
            ),
        )
        begins = done or begins


def _so_often_a_day(
    rule: Rule,
    start: datetime,
    ended: datetime | None,
    timeline: Timeline,
    place: Place,
    *,
    latest_only: bool,
) -> Iterator[Clock]:
    """One clock for each whole local day since the start: stopped by the last of the times that the day asks for."""
    until = ended or timeline.now
    here = start.astimezone(place.zone)
    day = here.date() if start == start_of_day(here.date(), place.zone) else here.date() + timedelta(days=1)
    if latest_only:
        day = max(day, until.astimezone(place.zone).date())
    marks = timeline.all(rule.timing.stop_on)
    while (begins := start_of_day(day, place.zone)) <= until:
        due = end_of_day(day, place.zone)
        chosen = _limit_for(rule, begins, min(due, until), place)
        times = chosen.limit.times or 1
        on_day = marks[bisect_left(marks, begins) : bisect_right(marks, due)]
        stop = on_day[times - 1] if len(on_day) >= times else None
        over = ended if stop is None and ended is not None and ended <= due else None
        yield Clock(
            rule=rule,
            by=chosen.by,
            limit=chosen.limit,
            started_at=begins,
            as_of=timeline.now,
            state=_state(stop, over, due, timeline.now, standing=False),
            due_at=due,
            breach_at=due,
            stopped_at=stop,
            ended_at=over or (due if stop is None and timeline.now > due else None),
            counsel=chosen.counsel,
        )
        day += timedelta(days=1)


@dataclass(frozen=True)
class Known:
    """The clocks of a rule as they were known from an act's number on, until the next."""

    known_at: int
    clocks: tuple[Clock, ...]


def readings(
    rule: Rule,
    happened: Sequence[Happened],
    place: Place,
    *,
    now: datetime,
    windows: Sequence[Window] | None = None,
) -> list[Known]:
    """How a rule's clocks were read at each act that changed the reading, the earliest first; the last is what is known now.

    A clock is the same reading where it started, was due and was stopped at the same moments.
    """
    numbers = {each.known_from for each in happened}
    numbers |= {each.known_until for each in happened if each.known_until is not None}
    found: list[Known] = []
    for number in sorted(numbers):
        read = tuple(clocks(rule, Timeline(happened, now=now, known_at=number), place, windows))
        if not found or _moments(read) != _moments(found[-1].clocks):
            found.append(Known(number, read))
    return [each for n, each in enumerate(found) if n or each.clocks]


def _moments(read: Iterable[Clock]) -> list[tuple[datetime | None, ...]]:
    return [(each.started_at, each.due_at, each.stopped_at, each.ended_at) for each in read]
