"""Daily custody lists, read in date order and turned into what the ledger should hold: one batch a list.

A list says who was there at one moment of a day, and nobody says which moment: admissions up to 10:51 stand
on the same day's list, later ones only on the next. It gives each person's admission to the minute and no
discharge at all: that somebody left is only that the next list lacks them. So a list is read like this.

- A person on the list of day D was present at some moment of local day D, and is counted at its end.
- A person who is not on it is not counted at its end.
- An admission keeps its own time. A departure gets an arbitrary moment between the two lists, with the
  earliest and the latest moment that the lists leave open, so that nobody takes it for an observation.

The ledger therefore gives, for the end of each list's day as known at that list's act, exactly the persons of
the list. What a later list shows to have been otherwise is a correction in the later list's act: today's
knowledge of the earlier day differs from what was known then, and the notice says why.

Source: `data/README.md` of the shared sample, "custody_rosters.csv"; New York City Department of Correction,
"Daily Inmates In Custody", 2018-03-01 to 2018-04-14.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from muster.core.csvfiles import Row, Table
from muster.core.errors import Fault, MusterError
from muster.core.times import end_of_day, local, start_of_day

COLUMNS = ("roster_date", "person", "admitted_at")
OPTIONAL_COLUMNS = ("status",)  # opaque codes without an official key: they stay in the file and move nothing

DAY = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")
TIME = re.compile(r"(?:19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?")

Kind = Literal[
    "first_list",  # nobody was known before it: who had left by then is not recorded
    "missing_list",  # a date between two lists has none
    "double_line",  # one person stands twice on one list: counted once
    "listed_before_admission",  # the list is older than the admission it states
    "late_entry",  # first listed more than a day after the admission
    "repeated_hour",  # the admission lies in the hour that an autumn night has twice: the earlier is taken
    "skipped_hour",  # the admission lies in the hour that a spring night does not have
    "hole",  # absent from one or more lists and listed again under the same admission
    "out_and_in_between_lists",  # the next list has a newer admission; or a rewritten record
    "rewritten_admission",  # the admission contradicts one under which the person was known to be present
    "came_back",  # another admission, after at least one list without the person
]


PERSON = "\N{BULLET}"  # in the words of a notice


class ListOutOfOrder(MusterError):
    """A list is older than the latest one in the record, which was read without it."""

    code = "custody.list_out_of_order"

    def __init__(self, *, listed: date, latest: date) -> None:
        self.listed, self.latest = listed, latest
        super().__init__(
            f"The list of {listed} is older than the latest one in the record, of {latest}. "
            "Import lists in the order of their dates; record what the older one adds as corrections."
        )


@dataclass(frozen=True)
class Admission:
    """When a stay began, as its list states it. One person with one admission is one stay."""

    at: datetime  # UTC
    local_date: date
    night: Literal["plain", "repeated", "skipped"] = "plain"  # what the clocks did at that hour


@dataclass(frozen=True)
class Line:
    """One line of a list."""

    row: int  # as a spreadsheet shows it
    person: str  # the holding agency's reference
    admission: Admission


@dataclass(frozen=True)
class RosterList:
    """All lines of one day, as they stand in the file."""

    listed: date  # the date in the name of the list
    lines: tuple[Line, ...]

    @property
    def persons(self) -> int:
        """How many distinct persons the list counts."""
        return len({line.person for line in self.lines})


@dataclass(frozen=True)
class Lists:
    """The lists of a file in the order of their dates, and everything wrong with the file."""

    lists: tuple[RosterList, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Stay:
    """One stay as the ledger has it now: its arrival, and its departure where there is one.

    `admitted_at` is what the lists state and tells stays apart. `arrived_at` is the ledger's moment; it
    differs only where the person was listed before the admission.
    """

    admitted_at: datetime
    arrived_at: datetime
    departed_at: datetime | None = None
    departed_after: datetime | None = None  # the departure's earliest moment: the person was seen until then


Stays = Mapping[
    str, tuple[Stay, ...]
]  # by person, each person's in the order of the ledger: the latest is on top


@dataclass(frozen=True, kw_only=True)
class Arrive:
    """Push: the person arrives from outside. With bounds, `at` is an arbitrary moment between them."""

    person: str
    at: datetime
    earliest_at: datetime | None = None
    latest_at: datetime | None = None
    admitted_at: datetime
    row: int


@dataclass(frozen=True, kw_only=True)
class Depart:
    """Push: the person leaves. `at` is always an arbitrary moment between the bounds, both included."""

    person: str
    at: datetime
    earliest_at: datetime
    latest_at: datetime


@dataclass(frozen=True, kw_only=True)
class Undo:
    """Pop: the person's latest live entry did not happen, or not like that."""

    person: str
    what: Literal["arrival", "departure"]


Operation = Arrive | Depart | Undo


@dataclass(frozen=True)
class Notice:
    """Something in a list that a reader of the numbers has to know.

    `words` is the sentence to print; `of_whom` says the same of a person by another name than the list's.
    """

    kind: Kind
    person: str | None
    row: int | None
    told: str  # in which PERSON stands for the person

    @property
    def words(self) -> str:
        return self.of_whom(self.person or "")

    def of_whom(self, name: str) -> str:
        """The sentence with this name in it: a list's reference of somebody is not kept in clear."""
        return self.told.replace(PERSON, name)


@dataclass(frozen=True)
class ListPlan:
    """What one list changes: one batch for the ledger, what to say about it, and the stays after it."""

    listed: date
    persons: int
    operations: tuple[Operation, ...]
    notices: tuple[Notice, ...]
    stays: Stays

    def kinds(self) -> Counter[str]:
        """How many notices there are of each kind."""
        return Counter(notice.kind for notice in self.notices)


# Reading


def read_lists(table: Table, *, zone: ZoneInfo) -> Lists:
    """Group the lines of a file into lists, in the order of their dates. Every fault of the file is told.

    The lines of a list must stand together: a date that begins again is a second version of that day's list,
    and nobody could tell which of the two was true.
    """
    faults = list(table.faults)
    lists: dict[date, list[Line]] = {}
    admissions: dict[str, Admission | None] = {}
    latest: date | None = None
    twice = set[date]()
    for row in table.rows:
        listed = day_of(row.values["roster_date"])
        stated = row.values["admitted_at"]
        if stated not in admissions:
            admissions[stated] = _admission(stated, zone)
        admission = admissions[stated]
        faults += _line_faults(row, listed, admission)
        if listed is None:
            continue
        if listed != latest and listed in lists and listed not in twice:
            twice.add(listed)
            why = f"A list of {listed} stands further up already. Keep one version, its lines together."
            faults.append(_fault(row, "roster_date", "list_twice", why))
        latest = listed
        lines = lists.setdefault(listed, [])
        if admission is not None:
            lines.append(Line(row.number, row.values["person"], admission))
    if not table.rows and not faults:
        why = "The file has no lines. A list on which nobody stands cannot be told from one that is missing."
        faults.append(Fault(None, None, "custody.no_lists", why))
    return Lists(tuple(RosterList(day, tuple(lists[day])) for day in sorted(lists)), tuple(faults))


def _fault(row: Row, column: str, code: str, message: str) -> Fault:
    return Fault(row.number, column, f"custody.{code}", message)


def _line_faults(row: Row, listed: date | None, admission: Admission | None) -> Iterator[Fault]:
    person = row.values["person"]
    if listed is None:
        text = row.values["roster_date"][:60]
        yield _fault(row, "roster_date", "not_a_date", f"{text!r} is not a date. Write it like 2018-03-01.")
    if not person or person != person.strip():
        why = f"{person[:60]!r} is blank or has blanks around it. Write the agency's reference alone."
        yield _fault(row, "person", "person_misread", why)
    if admission is None:
        text = row.values["admitted_at"][:60]
        why = f"{text!r} is not a local time. Write it like 2018-03-01T14:05, without a zone."
        yield _fault(row, "admitted_at", "not_a_local_time", why)


def day_of(text: str) -> date | None:
    """The day that a text names as 2018-03-01; None where it names none."""
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def _admission(text: str, zone: ZoneInfo) -> Admission | None:
    """Read a local time. In an hour that the night has twice the earlier reading is taken: fold 0.

    In an hour that the night skips, the offset before the change is taken, so 02:30 is an hour and a half
    after 01:00.
    """
    try:
        stated = datetime.fromisoformat(text) if TIME.fullmatch(text) else None
    except ValueError:
        return None
    if stated is None:
        return None
    first, second = stated.replace(tzinfo=zone), stated.replace(tzinfo=zone, fold=1)
    at = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return Admission(at, stated.date())
    # Reading a skipped hour back gives another hour.
    real = at.astimezone(zone).replace(tzinfo=None) == stated
    return Admission(at, stated.date(), "repeated" if real else "skipped")


# Planning


def plan_lists(
    stays: Stays, lists: Iterable[RosterList], *, previous: date | None, zone: ZoneInfo
) -> Iterator[ListPlan]:
    """Plan list after list, each upon the stays that the one before it leaves."""
    for roster in lists:
        plan = plan_list(stays, roster, previous=previous, zone=zone)
        yield plan
        stays, previous = plan.stays, roster.listed


def plan_list(stays: Stays, roster: RosterList, *, previous: date | None, zone: ZoneInfo) -> ListPlan:
    """Plan what one list changes in a ledger that holds these stays.

    `previous` is the date of the latest list in the record, on which everybody stood who is present now; None
    where there is none. The same list again changes nothing; another version of the latest list is read like
    a next one. The operations of one person stand in the order in which the ledger takes them.

    Raises ListOutOfOrder for a list older than the latest one.
    """
    if previous is not None and roster.listed < previous:
        raise ListOutOfOrder(listed=roster.listed, latest=previous)
    span = _Span.between(previous, roster.listed, zone)
    lines: dict[str, list[Line]] = {}
    for line in roster.lines:
        lines.setdefault(line.person, []).append(line)
    present = (person for person, known in stays.items() if known and known[-1].departed_at is None)
    after, operations, notices = dict(stays), list[Operation](), list(_list_notices(roster, previous))
    for person in sorted({*lines, *present}):
        reading = _Reading(person, span, list(stays.get(person, ())))
        if person in lines:
            reading.read_lines(lines[person])
        else:
            reading.read_absence()
        operations += reading.operations
        notices += reading.notices
        after[person] = tuple(reading.stays)
    return ListPlan(roster.listed, len(lines), tuple(operations), tuple(notices), after)


def _list_notices(roster: RosterList, previous: date | None) -> Iterator[Notice]:
    if previous is None:
        words = (
            f"The list of {roster.listed} is the first: {roster.persons:,} persons stand on it. "
            "Who had come and gone before it is not recorded."
        )
        yield Notice("first_list", None, None, words)
        return
    for ahead in range(1, (roster.listed - previous).days):
        words = (
            f"There is no list of {previous + timedelta(days=ahead)}: what changed is read from the next one."
        )
        yield Notice("missing_list", None, None, words)


@dataclass(frozen=True)
class _Span:
    """The stretch from the list before to this one, in moments."""

    listed: date
    zone: ZoneInfo
    seen_from: datetime | None  # the start of the previous list's day: its persons were seen after it
    counted_until: datetime  # the end of that day: its persons are counted until here
    end: datetime  # the end of this list's day

    @classmethod
    def between(cls, previous: date | None, listed: date, zone: ZoneInfo) -> _Span:
        start, end = start_of_day(listed, zone), end_of_day(listed, zone)
        if previous is None:
            return cls(listed, zone, None, start, end)
        if previous == listed:
            return cls(listed, zone, start, start, end)
        return cls(listed, zone, start_of_day(previous, zone), end_of_day(previous, zone), end)


def _midway(low: datetime, high: datetime) -> datetime:
    """An arbitrary moment between two: the middle, cut to the minute unless they are too near for that."""
    middle = low + (high - low) / 2
    return middle.replace(second=0, microsecond=0) if high - low > timedelta(minutes=2) else middle


@dataclass
class _Reading:
    """What one list says of one person, worked into that person's stays from the top down.

    The stays are a stack, as the ledger's entries are: what lies below the top is reached by undoing what is
    above it, and a push happens at or after the moment of the entry below it.
    """

    person: str
    span: _Span
    stays: list[Stay]
    operations: list[Operation] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def read_absence(self) -> None:
        """The list lacks a person who is present: they left between the two lists.

        They were seen at some moment of the previous list's day, whose start is the earliest; the moment
        recorded lies behind that day, because its list counts them to its end.
        """
        self._depart(behind=self.span.counted_until, latest=self.span.end)

    def read_lines(self, lines: Sequence[Line]) -> None:
        """The list has the person: afterwards one stay is open, under the admission that the list states.

        Stays that contradict it are undone: one of the records was rewritten, and the newer list is taken.
        """
        line = self._one_of(lines)
        admitted_at = line.admission.at
        before = self.stays[-1] if self.stays else None
        while self.stays and self._contradicts(self.stays[-1], admitted_at):
            self._undo_stay()
        top = self.stays[-1] if self.stays else None
        rewritten = before is not top

        if top is None or top.admitted_at != admitted_at:
            if top:
                self._leave_before(admitted_at)
            self._arrive(line, rewritten=rewritten)
        elif top.departed_at:
            self._undo_departure()
        if before and before is not self.stays[-1]:
            self._tell_change(before, line, rewritten=rewritten)

    def _contradicts(self, stay: Stay, admitted_at: datetime) -> bool:
        """Nobody is admitted again before the admission of a stay, or while present in it."""
        return admitted_at != stay.admitted_at and admitted_at < max(stay.admitted_at, self._seen_until(stay))

    def _one_of(self, lines: Sequence[Line]) -> Line:
        """The line that counts where there are several: the newest admission not ahead of the list."""
        line = max(lines, key=lambda each: (each.admission.at <= self.span.end, each.admission.at))
        if len(lines) > 1:
            words = f"{PERSON} has {len(lines)} lines and is counted once, admitted {self._local(line)}."
            self._tell("double_line", line, words)
        return line

    def _seen_until(self, stay: Stay) -> datetime:
        """The latest moment at which the lists are sure that the person was present in a stay."""
        return stay.departed_after or max(stay.arrived_at, self.span.seen_from or stay.arrived_at)

    def _undo_departure(self) -> None:
        self.operations.append(Undo(person=self.person, what="departure"))
        self.stays[-1] = replace(self.stays[-1], departed_at=None, departed_after=None)

    def _undo_stay(self) -> None:
        if self.stays[-1].departed_at:
            self._undo_departure()
        self.operations.append(Undo(person=self.person, what="arrival"))
        self.stays.pop()

    def _leave_before(self, admitted_at: datetime) -> None:
        """See to it that the stay on top has ended when another one begins."""
        stay = self.stays[-1]
        latest = min(admitted_at, self.span.end)
        if stay.departed_at is None:
            self._depart(behind=stay.arrived_at, latest=latest)
        elif stay.departed_at > latest:
            self._undo_departure()
            self._depart(behind=stay.arrived_at, latest=latest, earliest=stay.departed_after)

    def _depart(self, *, behind: datetime, latest: datetime, earliest: datetime | None = None) -> None:
        """End the stay on top at an arbitrary moment between the bounds that is not before `behind` either.

        Without `earliest` the person was seen until the previous list.
        """
        stay = self.stays[-1]
        earliest = earliest or self._seen_until(stay)
        at = _midway(max(behind, earliest), latest)
        self.operations.append(Depart(person=self.person, at=at, earliest_at=earliest, latest_at=latest))
        self.stays[-1] = replace(stay, departed_at=at, departed_after=earliest)

    def _arrive(self, line: Line, *, rewritten: bool) -> None:
        """Begin the stay of a line at its admission, or on the list's day where that is ahead of it."""
        span, admitted_at = self.span, line.admission.at
        if admitted_at <= span.end:
            arrival = Arrive(person=self.person, at=admitted_at, admitted_at=admitted_at, row=line.row)
        else:
            below = self.stays[-1].departed_at if self.stays else None
            at = _midway(max(span.counted_until, below or span.counted_until), span.end)
            arrival = Arrive(
                person=self.person,
                at=at,
                earliest_at=span.seen_from,
                latest_at=span.end,
                admitted_at=admitted_at,
                row=line.row,
            )
        self.operations.append(arrival)
        self.stays.append(Stay(admitted_at=admitted_at, arrived_at=arrival.at))
        self._tell_admission(line, rewritten=rewritten)

    def _tell_admission(self, line: Line, *, rewritten: bool) -> None:
        """Notice what is odd about an admission that is new to the record.

        It is no late entry on the first list, nor where it is rewritten: the person was listed already.
        """
        listed, admission = self.span.listed, line.admission
        stated = f"The admission of {PERSON}, {self._local(line)},"
        days = (listed - admission.local_date).days
        if days < 0:
            self._tell(
                "listed_before_admission",
                line,
                f"{stated} is later than the list. The arrival is put on its day.",
            )
        if days > 1 and self.span.seen_from and not rewritten:
            self._tell("late_entry", line, f"{stated} is first listed {days} days later.")
        if admission.night == "repeated":
            self._tell(
                "repeated_hour", line, f"{stated} lies in an hour that came twice. The earlier is taken."
            )
        if admission.night == "skipped":
            self._tell(
                "skipped_hour",
                line,
                f"{stated} lies in an hour that the clocks skipped. It is read as an hour later.",
            )

    def _tell_change(self, before: Stay, line: Line, *, rewritten: bool) -> None:
        """Notice how the stay now open goes with the one before it."""
        seen = self._seen_until(before).astimezone(self.span.zone).date()
        now, then = self._local(line), local(before.admitted_at, self.span.zone)
        if rewritten:
            words = (
                f"{PERSON} was listed as admitted {then} and now {now}, which cannot both be: "
                "the record was rewritten. The newer list is taken."
            )
            self._tell("rewritten_admission", line, words)
        elif before.admitted_at != line.admission.at and before.departed_at:
            words = f"{PERSON}, last listed on {seen}, is back: admitted {now}."
            self._tell("came_back", line, words)
        elif before.admitted_at != line.admission.at:
            words = (
                f"{PERSON} was listed as admitted {then} and now {now}: out and in again between two "
                "lists, or a rewritten record. It is recorded as out and in."
            )
            self._tell("out_and_in_between_lists", line, words)
        else:
            words = (
                f"{PERSON}, last listed on {seen}, is listed again under the same admission, {now}. "
                "The departure recorded meanwhile is undone."
            )
            self._tell("hole", line, words)

    def _tell(self, kind: Kind, line: Line, words: str) -> None:
        self.notices.append(Notice(kind, self.person, line.row, f"List of {self.span.listed}: {words}"))

    def _local(self, line: Line) -> str:
        return local(line.admission.at, self.span.zone)
