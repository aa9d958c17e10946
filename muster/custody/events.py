"""Custody events from a file: read, and turned into what the ledger should hold, one person's stack at a time.

A row says that somebody arrived from outside, moved to a site or was released, or puts that person's latest live entry
right: it happened otherwise (`correct`), or not at all (`void`). What was reported at one moment is one act. A move that
is told late goes below what is known to have come after it, and that is said again on top; a fact which contradicts
the record is kept as a report. What cannot be meant is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, Field

from muster.core.csvfiles import Row, Table
from muster.core.errors import Fault
from muster.core.tags import FORM, TagMisread, parse_tag
from muster.core.times import local

COLUMNS = ("person", "site", "event", "at")
OPTIONAL_COLUMNS = ("reported_at", "reason")
EVENTS = ("arrive", "move", "release", "correct", "void")
LONGEST_PERSON, LONGEST_REASON = 100, 60
CLOCKS_MAY_DIFFER = timedelta(minutes=5)  # as the guard in the database has it
OUTSIDE = "outside"
NO_SITE = "Who arrives or moves does so to a site. Name the site that received the person."
NO_TIME = "The row does not say when it happened. Add the time."
NO_CORRECTION = "A correction says at what time it was, or to what site. Add one of the two."
HAS_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*")

Verb = Literal["arrive", "move", "release", "correct", "void"]


def is_tag(person: str) -> bool:
    """Whether a person is named by tag: what has a tag's dashes is one, and all else is an agency's reference."""
    return FORM.fullmatch(person) is not None


def read_person(text: str) -> str:
    """The tag as printed, or the reference as it stands. Raises TagMisread."""
    return parse_tag(text) if is_tag(text) else text


@dataclass(frozen=True)
class Event:
    """One row: what happened, to whom, where and when; of a correction, what is to stand instead."""

    row: Annotated[int, Field(ge=2)]  # as a spreadsheet shows it
    person: Annotated[str, Field(min_length=1, max_length=LONGEST_PERSON), AfterValidator(read_person)]
    event: Verb
    site: Annotated[str, Field(max_length=40)] = ""  # "" where the row names none
    at: AwareDatetime | None = None  # UTC; None where a correction leaves the time as it is
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""


@dataclass(frozen=True)
class Told:
    """What was reported at one moment, in the order of the file; `said` is that moment as the file has it."""

    reported_at: datetime | None  # UTC; None where the file does not say
    said: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Place:
    """A site that rows may name."""

    zone: ZoneInfo
    by_list: bool


class Unmeant(Exception):
    """A row that cannot be meant; whoever reads or plans it makes a fault of it."""

    def __init__(self, column: str, code: str, why: str) -> None:
        self.column, self.code = column, code
        super().__init__(why)


def check_site(site: str, sites: Mapping[str, Place]) -> None:
    """Raises Unmeant for a site that is not there, or whose own lists say who is at it."""
    place = sites.get(site)
    if place is None:
        why = f"There is no site {site[:60]!r}. Check the code, or import the site first."
        raise Unmeant("site", "custody.unknown_site", why)
    if place.by_list:
        raise Unmeant("site", "custody.kept_by_list", _list_keeps(site))


def _list_keeps(site: str) -> str:
    return f"{site} is kept by list: import its next list instead."


# Reading


@dataclass
class Read:
    """The rows of a file in the order in which they were reported, and everything wrong with the file."""

    told: list[Told] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def events(self) -> Iterator[Event]:
        return (event for told in self.told for event in told.events)


def read_events(table: Table, *, sites: Mapping[str, Place], zone: ZoneInfo | None, now: datetime) -> Read:
    """Read every row; what was reported at one moment stands together, and what says no moment comes last.

    A time without an offset is read in `zone`, or without one in that of the row's site. Every fault is told.
    """
    read = Read(faults=list(table.faults))
    reports: dict[datetime | None, tuple[str, list[Event]]] = {}
    for row in table.rows:
        reading = _Reading(row, sites, zone, now)
        event, reported_at = reading.event(), reading.reported_at()
        read.faults += reading.faults
        if event and not reading.faults:
            reports.setdefault(reported_at, (reading.values["reported_at"], []))[1].append(event)
    for moment in sorted(reports, key=lambda moment: (moment is None, moment or now)):
        said, events = reports[moment]
        read.told.append(Told(moment, said, tuple(events)))
    if not table.rows and not read.faults:
        why = "The file has no rows. Write one for each event, below the header row."
        read.faults.append(Fault(None, None, "custody.no_events", why))
    return read


class _Reading:
    """One row being read, and what is wrong with it."""

    def __init__(self, row: Row, sites: Mapping[str, Place], zone: ZoneInfo | None, now: datetime) -> None:
        self.row, self.sites, self.now = row, sites, now
        self.values = {name: value.strip() for name, value in row.values.items()}
        self.place = sites.get(self.values["site"])
        self.zone = zone or (self.place.zone if self.place else None)
        self.faults: list[Fault] = []

    def event(self) -> Event | None:
        values = self.values
        verb, site = values["event"].lower(), values["site"]
        if verb not in EVENTS:
            why = f"{verb[:60]!r} is no event. Write one of: {', '.join(EVENTS)}."
            self.fault("event", "unknown_event", why)
        if site:
            self._check_site(site)
        elif verb in ("arrive", "move"):
            self.fault("site", "missing", NO_SITE)
        if len(values["reason"]) > LONGEST_REASON:
            why = f"The reason has {len(values['reason'])} characters. Shorten it to {LONGEST_REASON}."
            self.fault("reason", "too_long", why)
        at = self._moment("at") if values["at"] else None
        if not values["at"] and verb in ("arrive", "move", "release"):
            self.fault("at", "missing", NO_TIME)
        if verb == "correct" and not site and not values["at"]:
            self.fault("at", "missing", NO_CORRECTION)
        person = self._person()
        if self.faults:
            return None
        if verb == "void":
            site, at = "", None
        return Event(self.row.number, person, verb, site, at, values["reason"])  # type: ignore[arg-type]  # checked above

    def reported_at(self) -> datetime | None:
        return self._moment("reported_at") if self.values["reported_at"] else None

    def fault(self, column: str, code: str, why: str) -> None:
        self.faults.append(Fault(self.row.number, column, f"custody.{code}", why))

    def _person(self) -> str:
        text = self.values["person"]
        if not text or len(text) > LONGEST_PERSON:
            why = f"The row names nobody, or in more than {LONGEST_PERSON} characters. Write a tag or a reference."
            self.fault("person", "person_misread", why)
        try:
            return read_person(text)
        except TagMisread as misread:
            self.faults.append(Fault(self.row.number, "person", misread.code, str(misread)))
            return text

    def _check_site(self, site: str) -> None:
        try:
            check_site(site, self.sites)
        except Unmeant as unmeant:
            self.faults.append(Fault(self.row.number, unmeant.column, unmeant.code, str(unmeant)))

    def _moment(self, column: str) -> datetime | None:
        text = self.values[column]
        try:
            moment = datetime.fromisoformat(text) if HAS_TIME.fullmatch(text) else None
            if moment is not None and moment.tzinfo is None:
                moment = self._local(moment, column)
                if moment is None:
                    return None
            moment = moment and moment.astimezone(UTC)
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            why = f"{text[:60]!r} is not a time. Write it like 2026-03-01T14:05, or with an offset: 2026-03-01T14:05-06:00."
            self.fault(column, "not_a_time", why)
        elif moment > self.now + CLOCKS_MAY_DIFFER:
            why = f"{text[:60]} has not come yet. Check the year, and the zone of the time."
            self.faults.append(Fault(self.row.number, column, "ledger.clock_ahead", why))
        return moment

    def _local(self, moment: datetime, column: str) -> datetime | None:
        """A time without an offset where it is read; None, and a fault, where it could be two moments or none."""
        if self.zone is None:
            if not self.values["site"]:
                why = "The time has no offset and the row no site. Write the offset, or say --zone."
                self.fault(column, "no_zone", why)
            return None
        first, second = (moment.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset():
            return first
        real = first.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) == moment
        what = "comes twice in the night when the clocks go back" if real else "is skipped by the clocks"
        why = f"{moment:%Y-%m-%dT%H:%M} {what} in {self.zone.key}. Write its offset, as in -06:00."
        self.fault(column, "hour_in_doubt", why)
        return None


# Planning


class Live(NamedTuple):
    """One live entry of a person: who gave, who received, when, and what it says besides. Holders by code."""

    n: int
    giver: str
    receiver: str
    at: datetime
    earliest_at: datetime | None = None
    latest_at: datetime | None = None
    reason: str = ""
    mission: str = ""
    handover: UUID | None = None
    source: str = ""
    repeats: int | None = None


@dataclass(slots=True)
class Person:
    """What the ledger has of one person: the number of the latest entry, the live ones, the earliest first."""

    origin: str = OUTSIDE
    n: int = 0
    live: list[Live] = field(default_factory=list)

    def held_by(self, upto: int) -> str:
        """Who holds the person once the first `upto` live entries have happened."""
        return self.live[upto - 1].receiver if upto else self.origin


class Undo(NamedTuple):
    """Pop: entry `n` reverses the person's live top, which is the entry `corrects`."""

    person: str
    n: int
    corrects: int
    reason: str


class Say(NamedTuple):
    """Push: `live` goes on top of the person's stack as entry `live.n`; `new` where this row is what says it first."""

    person: str
    live: Live
    new: bool = True


@dataclass(frozen=True)
class Contradiction:
    """A fact that does not fit: it is kept as a report. `kind` is one of a difference's, `site` where it is settled."""

    event: Event
    kind: str
    words: str
    site: str
    held_by: str = ""


@dataclass
class Plan:
    """What the rows change: entries for the ledger in order, contradictions, faults, and how many rows were told late."""

    operations: list[Undo | Say] = field(default_factory=list)
    contradictions: list[Contradiction] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    late: int = 0


def plan_events(events: Iterable[Event], persons: Mapping[str, Person], sites: Mapping[str, Place]) -> Plan:
    """Plan the rows in their order, each upon what the one before it leaves. `persons` has everybody they name.

    The persons are changed to what the ledger will hold, so that the next plan can be made upon them.
    """
    plan = Plan()
    for event in events:
        change = _Change(event, persons[event.person], sites, plan)
        try:
            change.take()
        except Unmeant as unmeant:
            plan.faults.append(Fault(event.row, unmeant.column, unmeant.code, str(unmeant)))
    return plan


class _Change:
    """One row upon one person's stack."""

    def __init__(self, event: Event, person: Person, sites: Mapping[str, Place], plan: Plan) -> None:
        self.event, self.person, self.sites, self.plan = event, person, sites, plan

    def take(self) -> None:
        if self.event.site:
            check_site(self.event.site, self.sites)
        match self.event.event:
            case "arrive":
                self._arrive(self._needs_site(), self._needs_time())
            case "move":
                self._move(self._needs_site(), self._needs_time())
            case "release":
                self._release(self._needs_time())
            case "correct":
                self._correct()
            case "void":
                self._void()

    def _arrive(self, site: str, at: datetime) -> None:
        place = self._place_of(at)
        holder = self.person.held_by(place)
        if holder == site:
            since = self._since(place)
            why = f"{site} has the person already{since}. Take the row out, or add the release before it."
            raise Unmeant("site", "custody.already_here", why)
        if not _is_outside(holder):
            words = f"was received here; the record says that {holder} holds the person{self._since(place)}."
            self._contradict("held_elsewhere", words, holder)
        elif place < len(self.person.live):
            self._contradict_later("received", place)
        else:
            self._push(site, at)

    def _move(self, site: str, at: datetime) -> None:
        self._needs_somebody()
        place = self._place_of(at)
        holder = self.person.held_by(place)
        later = self.person.live[place:]
        if holder == site:
            why = f"{holder} has the person{self._since(place)}, so nobody moves there. Take the row out, or correct it."
            raise Unmeant("site", "ledger.same_holder", why)
        if self._kept_by_list(holder):
            self._contradict(
                "kept_by_list", f"was moved to here from {holder}, which is kept by list.", holder
            )
        elif _is_outside(holder) and not later:
            words = f"was moved here; the record has the person with nobody, {holder}{self._since(place)}."
            self._contradict("held_elsewhere", words, holder)
        elif _is_outside(holder) or _would_break(later, site):
            self._contradict_later("moved", place)
        else:
            self._push_below(site, at, later)

    def _release(self, at: datetime) -> None:
        self._needs_somebody()
        place = self._place_of(at)
        holder = self.person.held_by(place)
        if self._kept_by_list(holder):
            words = f"was released; {holder} is kept by list, and its next list says who has gone."
            self._contradict("kept_by_list", words, holder)
        elif _is_outside(holder) or self.event.site not in ("", holder):
            words = f"was released here; the record says that {holder} has the person{self._since(place)}."
            self._contradict("not_held_here", words, holder)
        elif place < len(self.person.live):
            self._contradict_later("released", place)
        else:
            self._push(OUTSIDE, at)

    def _correct(self) -> None:
        top, below = self._top()
        at, to = self.event.at or top.at, self.event.site or top.receiver
        giver = self.person.held_by(len(self.person.live) - 1)
        if (at, to) == (top.at, top.receiver):
            why = f"That is what the record says already: {to}, {self._moment(at)}. Take the row out, or correct it."
            raise Unmeant("at", "custody.nothing_to_correct", why)
        if to == giver:
            why = f"{to} had the person before, so nobody moved there. Write void, if that is what is meant."
            raise Unmeant("site", "ledger.same_holder", why)
        if below and at < below.at:
            why = f"The entry before it is of {self._moment(below.at)}. A correction lies after that; correct it first."
            raise Unmeant("at", "ledger.before_live_top", why)
        self._not_by_list(to, giver, top.receiver)
        self._pop(self.event.reason or "corrected")
        reason = self.event.reason or "corrected"
        self._say(Live(self.person.n + 1, giver, to, at, reason=reason, mission=top.mission))

    def _void(self) -> None:
        top, _ = self._top()
        self._not_by_list(top.giver, top.receiver)
        self._pop(self.event.reason or "void")

    def _push(self, receiver: str, at: datetime) -> None:
        giver = self.person.held_by(len(self.person.live))
        self._say(Live(self.person.n + 1, giver, receiver, at, reason=self.event.reason))

    def _push_below(self, site: str, at: datetime, later: Sequence[Live]) -> None:
        """Undo what came after, say this, and say the rest again on top of it."""
        self.plan.late += bool(later)
        for _ in later:
            self._pop("told_late")
        self._push(site, at)
        for entry in later:
            giver = self.person.held_by(len(self.person.live))
            again = entry._replace(n=self.person.n + 1, giver=giver, repeats=entry.repeats or entry.n)
            self._say(again, new=False)

    def _say(self, live: Live, *, new: bool = True) -> None:
        self.person.n = live.n
        self.person.live.append(live)
        self.plan.operations.append(Say(self.event.person, live, new))

    def _pop(self, reason: str) -> None:
        self.person.n += 1
        self.plan.operations.append(Undo(self.event.person, self.person.n, self.person.live.pop().n, reason))

    def _needs_time(self) -> datetime:
        if self.event.at is None:
            raise Unmeant("at", "custody.missing", NO_TIME)
        return self.event.at

    def _needs_site(self) -> str:
        if not self.event.site:
            raise Unmeant("site", "custody.missing", NO_SITE)
        return self.event.site

    def _needs_somebody(self) -> None:
        if not self.person.live:
            why = "The person has never arrived, by the record and the rows before this one. Add the arrival first."
            raise Unmeant("person", "custody.never_arrived", why)

    def _top(self) -> tuple[Live, Live | None]:
        if not self.person.live:
            why = "The person has no entry that still holds, so there is nothing to put right. Take the row out."
            raise Unmeant("person", "custody.not_live", why)
        return self.person.live[-1], self.person.live[-2] if len(self.person.live) > 1 else None

    def _not_by_list(self, *holders: str) -> None:
        for holder in holders:
            if self._kept_by_list(holder):
                raise Unmeant("person", "custody.kept_by_list", _list_keeps(holder))

    def _kept_by_list(self, holder: str) -> bool:
        site = self.sites.get(holder)
        return site is not None and site.by_list

    def _place_of(self, at: datetime) -> int:
        """How many of the live entries had happened by then."""
        place = len(self.person.live)
        while place and self.person.live[place - 1].at > at:
            place -= 1
        return place

    def _contradict_later(self, what: str, place: int) -> None:
        entry = self.person.live[min(place, len(self.person.live) - 1)]
        words = (
            f"was {what} here before a later entry in the record, which has the person with {entry.receiver} since "
            f"{self._moment(entry.at)}. Correct that entry, or say why this does not hold."
        )
        self._contradict("out_of_order", words, entry.receiver)

    def _contradict(self, kind: str, words: str, held_by: str) -> None:
        """Keep the fact as a report, at the row's site or else at the latest one that the person was at."""
        been = (entry.receiver for entry in reversed(self.person.live) if entry.receiver in self.sites)
        site = self.event.site or next(been, "")
        if not site:
            why = (
                "The record has the person at no site, so nobody could settle this. Name the site in the row."
            )
            raise Unmeant("site", "custody.missing", why)
        self.plan.contradictions.append(Contradiction(self.event, kind, words, site, held_by))

    def _since(self, place: int) -> str:
        return f" since {self._moment(self.person.live[place - 1].at)}" if place else ""

    def _moment(self, at: datetime) -> str:
        place = self.sites.get(self.event.site)
        return local(at, place.zone if place else ZoneInfo("UTC"))


def _is_outside(holder: str) -> bool:
    return holder == OUTSIDE or holder.startswith(f"{OUTSIDE}:")


def _would_break(later: Sequence[Live], site: str) -> bool:
    """Whether what comes next could not stand upon a move to the site: it goes there too, or its giver signed for it."""
    return bool(later) and (later[0].receiver == site or later[0].handover is not None)
