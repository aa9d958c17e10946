"""What was decided about one line of the request: allowed, allowed with a limit, or refused. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, cast, get_args
from zoneinfo import ZoneInfo

from muster.core.reading import LONGEST_WORDS, Fields

Judgement = Literal["allow", "limit", "refuse"]
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)
# What is done at a person's body, or holds it. Source: ui.md section 2, the sensitive lines; T05 and T12 of the task table
# (authority.md section 8) are the categories that take fingerprints, photographs and swabs, and that guard.
SENSITIVE_TASKS = frozenset({"T05", "T12"})
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SENSITIVE_WORDS = re.compile(r"fingerprint|\bDNA\b|photograph|restrain", re.IGNORECASE)


def is_sensitive(task: str, words: str) -> bool:
    """Whether a line starts at *refuse*: fingerprints, DNA, photographs, restraint."""
    return task in SENSITIVE_TASKS or _SENSITIVE_WORDS.search(words) is not None


@dataclass(frozen=True, kw_only=True)
class JudgedLine:
    """One line of the request version that was decided on. The limits are of a line that is allowed with a limit.

    `people_max` holds at every one moment; both days are included, in the zone of the decision. `words` are the decision's own
    about the line: why it is refused, why a sensitive one is allowed, or what limits it.

    Hours are those of each day by the clock there, `hours_until` not included, and past midnight where it is the earlier of the
    two. Source: ui.md section 2 has hours among the limits of a line, and authority.md section 5 does not define them: this is
    the plainest reading.
    """

    n: int
    judgement: Judgement
    task: str = ""  # empty: the request states no category
    place: str = ""  # where it is asked for; empty: not stated
    words: str = ""
    people_max: int | None = None
    places: tuple[str, ...] = ()  # empty: as the decision says
    effective_from: date | None = None
    effective_to: date | None = None
    hours_from: time | None = None  # both or none
    hours_until: time | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether anything of it may be done."""
        return self.judgement != "refuse"

    @property
    def sentence(self) -> str:
        """What the decision says about it, in its own words where it has some."""
        return self.words or f"Line {self.n}{f' ({self.task})' if self.task else ''}: {self._plainly}."

    @property
    def _plainly(self) -> str:
        if self.judgement != "limit":
            return "refused" if self.judgement == "refuse" else "allowed"
        said = [
            "" if self.people_max is None else f"at most {self.people_max} people",
            f"only at {', '.join(self.places)}" if self.places else "",
            "" if self.effective_from is None else f"from {self.effective_from}",
            "" if self.effective_to is None else f"until {self.effective_to}, that day included",
            f"only from {self.hours_from:%H:%M} to {self.hours_until:%H:%M} of each day"
            if self.hours_from and self.hours_until
            else "",
        ]
        return f"allowed, {', '.join(filter(None, said))}"

    @property
    def in_full(self) -> str:
        """Which line, what was decided about it, and the decision's own words."""
        own = f" {self.words}" if self.words else ""
        return f"Line {self.n}{f' ({self.task})' if self.task else ''}: {self._plainly}.{own}"

    def to_json(self) -> dict[str, Any]:
        """The same as data; `from_stored` reads it back."""
        return {
            "n": self.n, "judgement": self.judgement, "task": self.task, "place": self.place, "words": self.words,
            "people_max": self.people_max, "places": list(self.places),
            "effective_from": self.effective_from and self.effective_from.isoformat(),
            "effective_to": self.effective_to and self.effective_to.isoformat(),
            "hours_from": _clock(self.hours_from), "hours_until": _clock(self.hours_until),
        }  # fmt: skip


def from_stored(rows: Iterable[dict[str, Any]]) -> tuple[JudgedLine, ...]:
    """The lines of a version, as they were kept with it."""
    return tuple(
        JudgedLine(
            **{**row, "places": tuple(row["places"]), "effective_from": _day(row["effective_from"]),
               "effective_to": _day(row["effective_to"]), "hours_from": _hour(row.get("hours_from")),
               "hours_until": _hour(row.get("hours_until"))}
        )
        for row in rows
    )  # fmt: skip


def read_lines(said: Sequence[object]) -> tuple[JudgedLine, ...]:
    """Read what is said about lines, by their numbers. Raises FaultyInput with every fault at once.

    A line allowed with a limit names one at least: how many people, where, from when or until when, at which hours.
    """
    read = Fields({"lines": list(said)}, step="decisions")
    found: list[JudgedLine] = []
    for each in read.tables("lines"):
        judgement = cast(Judgement, each.one_of("judgement", JUDGEMENTS) or "refuse")
        begins, ends = each.days("effective_from", "effective_to")
        line = JudgedLine(
            n=each.number("n", least=1, most=10_000) or 0, judgement=judgement,
            words=each.text("words", needed=False, longest=LONGEST_WORDS), people_max=each.number("people_max"),
            places=each.texts("places"), effective_from=begins, effective_to=ends,
            hours_from=_read_hour(each, "hours_from"), hours_until=_read_hour(each, "hours_until"),
        )  # fmt: skip
        each.no_more()
        _check(each, line, found)
        found.append(line)
    read.done()
    return tuple(found)


def _check(read: Fields, line: JudgedLine, before: Sequence[JudgedLine]) -> None:
    hours = (line.hours_from, line.hours_until)
    bounds = (line.people_max, line.places or None, line.effective_from, line.effective_to, *hours)
    is_bound = any(bound is not None for bound in bounds)
    if line.n == 0:
        read.fault("n", "missing", f"{read.path}n is missing. Give the number of the line.")
    if any(other.n == line.n for other in before):
        read.fault("n", "line_twice", f"Line {line.n} is judged twice. Judge it once.")
    if line.judgement == "limit" and not is_bound:
        message = f"Line {line.n} is allowed with a limit, and none is named. Say how many people, where, when or at which hours."
        read.fault("judgement", "no_limit_named", message)
    if line.judgement != "limit" and is_bound:
        message = f"Line {line.n} has a limit of its own but is not allowed with a limit. Choose that, or leave the limit out."
        read.fault("judgement", "limit_not_chosen", message)
    if (None in hours or hours[0] == hours[1]) and hours != (None, None):
        message = f"Line {line.n}: hours begin at one time of day and end at another. Give both, such as 08:00 and 17:00."
        read.fault("hours_until", "hours_by_halves", message)


def asking(lines: Iterable[JudgedLine], task: str, place: str) -> tuple[JudgedLine, ...]:
    """The lines that ask for a task at a place; where none does, those that ask for it anywhere."""
    alike = tuple(line for line in lines if line.task == task)
    here = _folded(place)
    return tuple(line for line in alike if not line.place or _folded(line.place) == here) or alike


def taken_back(
    lines: Iterable[JudgedLine], still: Iterable[tuple[str, str]], task: str, place: str
) -> JudgedLine | None:
    """The line by which a task at a place was decided on, where the request asks for none of that kind any more; None: it still does.

    `lines` are those that were decided on, `still` the task and the place of each that the request has now. An empty place: any.
    """
    found = [line for line in asking(lines, task, place) if line.is_allowed]
    asked = {(each, _folded(where)) for each, where in still}
    if not found or any((line.task, _folded(line.place)) in asked for line in found):
        return None
    return found[0]


def _folded(place: str) -> str:
    return " ".join(place.split()).casefold()


def is_at(line: JudgedLine, place: str) -> bool:
    """Whether a line allows a place."""
    return not line.places or _folded(place) in {_folded(each) for each in line.places}


def is_within_hours(line: JudgedLine, begins_at: datetime, ends_at: datetime, zone: str) -> bool:
    """Whether every moment from `begins_at` up to but not including `ends_at` lies within the line's hours of one day.

    Where the clocks change, the stricter reading of an hour counts: the later one of the beginning, the earlier one of the end.
    """
    if line.hours_from is None or line.hours_until is None:
        return True
    first = begins_at.astimezone(ZoneInfo(zone)).date()
    for day in (first - timedelta(days=1), first):
        begins = max(_readings(day, line.hours_from, zone))
        later = line.hours_until <= line.hours_from
        if begins <= begins_at and ends_at <= min(
            _readings(day + timedelta(days=later), line.hours_until, zone)
        ):
            return True
    return False


def _readings(day: date, hour: time, zone: str) -> tuple[datetime, datetime]:
    """The moments that an hour of a day can mean: two where the clocks go back past it or skip it, else twice the same."""
    said = datetime.combine(day, hour, ZoneInfo(zone))
    return said.astimezone(UTC), said.replace(fold=1).astimezone(UTC)


def _read_hour(read: Fields, name: str) -> time | None:
    text = read.text(name, needed=False)
    if text and not _HOUR.fullmatch(text):
        read.fault(name, "bad_hour", f"{read.path}{name} must be a time of day, written as 08:00.")
        return None
    return _hour(text or None)


def _hour(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def _clock(hour: time | None) -> str | None:
    return None if hour is None else f"{hour:%H:%M}"


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
