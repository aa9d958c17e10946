"""What is stated of members, and the rows of a file of them: plain Python.

A member is named by its tag, or by its own organisation's personnel number, of which only a keyed hash is kept. There is
no column for a name, a nationality, a religion or biometrics.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from muster.core.csvfiles import Row
from muster.core.errors import Fault
from muster.core.reading import as_day
from muster.core.tags import FORM, TagMisread, parse_tag

COLUMNS = ("member", "unit", "duty_status")
OPTIONAL = ("status_from", "status_until", "volunteer", "volunteer_on", "skills", "available")
LONGEST = 60  # characters of a number, a unit or a skill
MOST_EACH = 50  # skills, or windows, of one member
HOURS = re.compile(r"([01]\d:[0-5]\d|2[0-3]:[0-5]\d)-([01]\d:[0-5]\d|2[0-3]:[0-5]\d)")
VOLUNTEER = {"yes": True, "no": False, "": None}


@dataclass(frozen=True)
class Skill:
    """A skill or qualification, such as a licence class; good through `expires_on`, or without end where that is None."""

    skill: str
    expires_on: date | None = None

    def good_on(self, day: date) -> bool:
        """Whether it has not expired by that day."""
        return self.expires_on is None or day <= self.expires_on


@dataclass(frozen=True)
class Window:
    """Days on which a member can be called on, both included; with hours, on each of them from `from_time` up to `until_time`.

    Hours that do not end after they begin end on the day after: 18:00 to 06:00 is a night. Both are given, or neither.
    """

    from_on: date
    until_on: date
    from_time: time | None = None
    until_time: time | None = None

    def spans(self, first: date, latest: date, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """The times of the window from the day before `first` through `latest`: in UTC, ends not included, reckoned in `zone`."""
        day, last = max(self.from_on, first - timedelta(days=1)), min(self.until_on, latest)
        while day <= last:
            begins, ends = self.from_time or time(), self.until_time or time()
            over = day + timedelta(days=1) if ends <= begins else day
            yield (
                datetime.combine(day, begins, zone).astimezone(UTC),
                datetime.combine(over, ends, zone).astimezone(UTC),
            )
            day += timedelta(days=1)

    def to_json(self) -> list[str]:
        """First day and last day; with hours these too."""
        hours = [f"{each:%H:%M}" for each in (self.from_time, self.until_time) if each is not None]
        return [self.from_on.isoformat(), self.until_on.isoformat(), *hours]

    @classmethod
    def from_json(cls, kept: Sequence[str]) -> Window:
        """What `to_json` gave."""
        hours = [time.fromisoformat(each) for each in kept[2:]]
        return cls(date.fromisoformat(kept[0]), date.fromisoformat(kept[1]), *hours)


@dataclass(frozen=True, kw_only=True)
class MemberGiven:
    """What is stated of one member. It stands in place of what was stated before, as a whole.

    `member`: a tag, or a personnel number of the organisation. `status_from` and `status_until` are included; None: no
    such day is stated. `volunteer` None: not asked, or not answered. No `available`: nothing is stated of it.
    """

    member: str
    unit: str
    duty_status: str
    status_from: date | None = None
    status_until: date | None = None
    volunteer: bool | None = None
    volunteer_on: date | None = None
    skills: tuple[Skill, ...] = ()
    available: tuple[Window, ...] = ()
    row: int | None = None


@dataclass(frozen=True)
class MemberStands:
    """A member by its tag, and what is stated of it; the days are included at both ends."""

    tag: str
    unit: str
    duty_status: str
    status_from: date | None
    status_until: date | None
    volunteer: bool | None
    volunteer_on: date | None
    skills: tuple[Skill, ...]
    available: tuple[Window, ...]

    def skill_named(self, asked: str) -> Skill | None:
        """The skill of that name, whatever its capitals; None where it is not stated."""
        name = asked.strip().casefold()
        return next((each for each in self.skills if each.skill.casefold() == name), None)

    def in_status(self, day: date) -> bool:
        """Whether the duty status stated lasts on that day; one without days lasts."""
        begun = self.status_from is None or self.status_from <= day
        return begun and (self.status_until is None or day <= self.status_until)

    def is_available(self, day: date) -> bool | None:
        """Whether a window has the day; None where no window is stated."""
        return (
            any(each.from_on <= day <= each.until_on for each in self.available) if self.available else None
        )


def looks_like_a_tag(member: str) -> bool:
    """Whether it has the form of a tag, read well or not: then it is no personnel number."""
    return bool(FORM.fullmatch(member))


def faults_of(given: MemberGiven, statuses: Collection[str]) -> list[Fault]:
    """All that is wrong with what is stated of one member, with the number of its row. Statements are plans of nobody: no clock."""
    found: list[tuple[str, str, str]] = []
    if looks_like_a_tag(given.member):
        try:
            parse_tag(given.member)
        except TagMisread as misread:
            found.append(("member", misread.code, str(misread)))
    for column, text in (("member", given.member), ("unit", given.unit)):
        if not 0 < len(text.strip()) <= LONGEST:
            found.append(
                (column, "tasks.bad_length", f"{column} has to have 1 to {LONGEST} characters. Correct it.")
            )
    if given.duty_status not in statuses:
        words = f"{given.duty_status[:40]!r} is no duty status. Write one of: {', '.join(sorted(statuses))}."
        found.append(("duty_status", "tasks.unknown_status", words))
    if given.status_from and given.status_until and given.status_until < given.status_from:
        words = "The duty status ends before it begins. Correct status_from or status_until."
        found.append(("status_until", "tasks.ends_before_it_begins", words))
    if given.volunteer is not None and given.volunteer_on is None:
        words = "It is not stated on which day the member answered whether to volunteer. Add volunteer_on."
        found.append(("volunteer_on", "tasks.volunteer_without_a_day", words))
    if given.volunteer is None and given.volunteer_on is not None:
        words = "There is a day of the member's answer, but not the answer. Write yes or no as volunteer."
        found.append(("volunteer", "tasks.day_without_an_answer", words))
    names = [each.skill.casefold() for each in given.skills]
    if len(set(names)) < len(names):
        words = "A skill is stated twice. Keep the one that expires last."
        found.append(("skills", "tasks.skill_twice", words))
    if any(not 0 < len(name.strip()) <= LONGEST for name in names) or len(names) > MOST_EACH:
        words = f"A skill has to have 1 to {LONGEST} characters, and a member at most {MOST_EACH} of them."
        found.append(("skills", "tasks.bad_skill", words))
    if any(window.until_on < window.from_on for window in given.available):
        words = "A window ends before it begins. Write its first day, a slash and its last day."
        found.append(("available", "tasks.ends_before_it_begins", words))
    if any((window.from_time is None) != (window.until_time is None) for window in given.available):
        words = "A window states one end of its hours and not the other. Give both, or neither."
        found.append(("available", "tasks.half_of_the_hours", words))
    if len(given.available) > MOST_EACH:
        found.append(("available", "tasks.too_many_windows", f"At most {MOST_EACH} windows. Join some."))
    return [Fault(given.row, column, code, words) for column, code, words in found]


def read_row(row: Row, statuses: Collection[str]) -> MemberGiven | list[Fault]:
    """One row of a file, or all that is wrong with it.

    `skills` are parted by semicolons, each with `:` and its last day where it expires; `available` are windows
    parted by semicolons, first day, slash, last day, and where hours are stated a blank and these: 18:00-06:00.
    """
    said = {column: text.strip() for column, text in row.values.items()}
    faults: list[Fault] = []
    days = {
        column: _day(row, said, column, faults) for column in ("status_from", "status_until", "volunteer_on")
    }
    if said["volunteer"].lower() not in VOLUNTEER:
        words = f"{said['volunteer'][:20]!r} is neither yes nor no. Leave it empty where the member has not answered."
        faults.append(Fault(row.number, "volunteer", "tasks.neither_yes_nor_no", words))
    given = MemberGiven(
        member=said["member"], unit=said["unit"], duty_status=said["duty_status"], **days,
        volunteer=VOLUNTEER.get(said["volunteer"].lower()), skills=_skills(row, said, faults),
        available=_windows(row, said, faults), row=row.number,
    )  # fmt: skip
    unread = {fault.column for fault in faults}
    unread |= {"volunteer", "volunteer_on"} if unread & {"volunteer", "volunteer_on"} else set()
    faults += [fault for fault in faults_of(given, statuses) if fault.column not in unread]
    return faults or given


def read_typed(said: Mapping[str, str], statuses: Collection[str]) -> MemberGiven | list[Fault]:
    """The same of what was typed into fields of those names, without a row."""
    read = read_row(Row(number=0, values=dict(said)), statuses)
    return read if isinstance(read, list) else replace(read, row=None)


def _day(row: Row, said: Mapping[str, str], column: str, faults: list[Fault]) -> date | None:
    day = as_day(said[column])
    if said[column] and day is None:
        faults.append(_bad_day(row, column, said[column]))
    return day


def _skills(row: Row, said: Mapping[str, str], faults: list[Fault]) -> tuple[Skill, ...]:
    found = []
    for part in filter(None, (each.strip() for each in said["skills"].split(";"))):
        name, colon, until = (text.strip() for text in part.rpartition(":"))
        if not colon:
            found.append(Skill(until))
        elif (day := as_day(until)) is None:
            faults.append(_bad_day(row, "skills", until))
        else:
            found.append(Skill(name, day))
    return tuple(found)


def _windows(row: Row, said: Mapping[str, str], faults: list[Fault]) -> tuple[Window, ...]:
    found = []
    for part in filter(None, (each.strip() for each in said["available"].split(";"))):
        days, _, said_hours = part.partition(" ")
        first, _, latest = (text.strip() for text in days.partition("/"))
        begins, ends, hours = as_day(first), as_day(latest), _hours(said_hours.strip())
        if begins is None or ends is None or hours is None:
            faults.append(_bad_day(row, "available", part))
        else:
            found.append(Window(begins, ends, *hours))
    return tuple(found)


def _hours(text: str) -> list[time] | None:
    """The hours of a window; empty where none are stated, None where they cannot be read."""
    said = HOURS.fullmatch(text)
    if said is None:
        return None if text else []
    return [time.fromisoformat(each) for each in said.groups()]


def _bad_day(row: Row, column: str, text: str) -> Fault:
    how = (
        "2026-03-01/2026-03-14, or 2026-03-01/2026-03-14 18:00-06:00"
        if column == "available"
        else "2026-03-01"
    )
    return Fault(
        row.number, column, "tasks.bad_day", f"{text[:30]!r} is not what stands here. Write it as {how}."
    )
