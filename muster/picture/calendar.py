"""The calendar of a mission: what ends or is due when, and its tasks, for calendar programs (iCalendar, RFC 5545).

It names no person and takes in no free words: an event says what the record knows by codes, numbers and places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from icalendar import Calendar, Event

from muster import __version__
from muster.assistance.models import Paper
from muster.assistance.models import Version as RequestVersion
from muster.core.characters import carried
from muster.core.quantity import Quantity
from muster.core.tags import parse_tag
from muster.core.tasks import TASKS
from muster.decisions import queries as decisions
from muster.decisions import reporting, rules
from muster.decisions.models import Confirmation, Decision, Report, Version
from muster.decisions.owed import owed
from muster.decisions.rules import Limits
from muster.missions.models import Closing, Mission
from muster.record.models import Act
from muster.tasks import queries as tasks
from muster.tasks.models import Ending, Shift, Task

Of = Literal["end", "report", "confirmation", "paper", "task", "shift"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event of a calendar: the end of a decision, a report or paper that is due, the window of a task, or a shift.

    `uid` stays the same for as long as it is the same thing; `sequence` grows with each act that changed it. A due moment ends when
    it begins; of a task `ends_at` is not included. `is_off`: it was called off, met, or does not come any more.
    """

    of: Of
    uid: UUID
    sequence: int
    begins_at: datetime
    ends_at: datetime | None
    words: str
    place: str
    is_off: bool
    changed_at: datetime  # when the latest act that changed it was recorded
    about: tuple[str, str]  # a kind of record and its id, for a link

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "of": self.of, "uid": str(self.uid), "sequence": self.sequence, "begins_at": self.begins_at.isoformat(),
            "ends_at": self.ends_at and self.ends_at.isoformat(), "words": self.words, "place": self.place, "is_off": self.is_off,
            "changed_at": self.changed_at.isoformat(), "about": dict(zip(("kind", "id"), self.about, strict=True)),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MissionCalendar:
    """The events of a mission, the first in front, as known at an act's number; what is owed is told as of `at`."""

    mission: Mission
    at: datetime
    known_at: int
    entries: list[Entry]

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "mission": self.mission.pk, "at": self.at.isoformat(), "known_at": self.known_at,
            "events": [entry.to_json() for entry in self.entries],
        }  # fmt: skip


def calendar_of(
    mission: Mission, at: datetime, known_at: int, *, member: str | None = None
) -> MissionCalendar:
    """The calendar of a mission; with a member's tag, of that member's shifts in it alone. Raises TagMisread."""
    found = [
        *_of_the_decision(mission, at, known_at), *_of_the_request(mission, known_at), *_tasks(mission, known_at)
    ] if member is None else []  # fmt: skip
    found += _shifts(mission, known_at, parse_tag(member) if member is not None else None)
    in_order = sorted(found, key=lambda entry: (entry.begins_at, entry.uid))
    return MissionCalendar(mission=mission, at=at, known_at=known_at, entries=in_order)


def due_of(mission: Mission, at: datetime, known_at: int) -> list[Entry]:
    """What is still to come or late, the first in front; tasks and shifts aside."""
    found = [*_of_the_decision(mission, at, known_at), *_of_the_request(mission, known_at)]
    return sorted(
        (entry for entry in found if not entry.is_off), key=lambda entry: (entry.begins_at, entry.uid)
    )


def as_ics(found: MissionCalendar) -> bytes:
    """The calendar as an iCalendar file: times in UTC, text escaped, lines of at most 75 octets. An exercise says so in each event."""
    exercise = "EXERCISE: " if found.mission.drill else ""
    made = Calendar()
    made.add("prodid", f"-//Muster//Muster {__version__}//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", carried(exercise + found.mission.title))
    for entry in found.entries:
        made.add_component(_event(entry, exercise))
    return bytes(made.to_ical())


def _event(entry: Entry, exercise: str) -> Event:
    event = Event()
    event.add("uid", str(entry.uid))
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("dtstart", entry.begins_at.astimezone(UTC))
    if entry.ends_at is not None:
        event.add("dtend", entry.ends_at.astimezone(UTC))
    event.add("summary", carried(exercise + entry.words))
    if entry.place:
        event.add("location", carried(entry.place))
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if entry.is_off else "CONFIRMED")
    event.add("transp", "TRANSPARENT")  # it takes up nobody's time
    return event


def _uid(act: UUID, of: str) -> UUID:
    """An id that nobody else gives: of the act that began the thing, and of which of its things it is."""
    return uuid5(act, of)


@dataclass(frozen=True)
class _Decided:
    """The decision of a mission as of a moment, as known at an act's number: how often it was written, and when last."""

    row: Decision
    at: datetime
    known_at: int
    versions: Sequence[rules.Version]
    written: int
    changed_at: datetime

    @property
    def stated(self) -> list[Limits]:
        """The limits of every version that states any, in the order in which they were written."""
        return [version.limits for version in self.versions if version.limits is not None]

    def entry(
        self, of: Of, begins_at: datetime, words: str, acts: Sequence[Act] = (), *, is_off: bool
    ) -> Entry:
        """A due moment under it, which the versions changed, and these acts beside them."""
        return Entry(
            of=of, uid=_uid(self.row.act_id, f"{of} {self.row.pk}"), sequence=self.written - 1 + len(acts), begins_at=begins_at,
            ends_at=None, words=words, place="", is_off=is_off,
            changed_at=max(self.changed_at, *(act.recorded_at for act in acts)) if acts else self.changed_at,
            about=("decision", self.row.pk),
        )  # fmt: skip


def _of_the_decision(mission: Mission, at: datetime, known_at: int) -> Iterator[Entry]:
    row = mission.decision
    written = Version.objects.filter(decision=row, act__number__number__lte=known_at)
    moments = list(written.values_list("act__recorded_at", flat=True))
    if moments:
        versions = decisions.versions_known(row, known_at)
        decided = _Decided(row, at, known_at, versions, len(moments), max(moments))
        for of in (_end, _report, _confirmation):
            yield from of(decided)


def _end(decided: _Decided) -> Iterator[Entry]:
    """When it ends, once every version that is known has taken effect; off where it was revoked, or its end taken back."""
    ends = [limits.ends_at for limits in decided.stated if limits.ends_at is not None]
    if ends:
        latest = max(decided.at, *(version.effective_at for version in decided.versions))
        last = rules.limits_at(decided.versions, latest, decided.known_at)
        now = last.limits.ends_at if last.limits else None
        is_off = now is None or last.why == "revoked"
        yield decided.entry("end", now or ends[-1], f"{decided.row.pk} ends", is_off=is_off)


def _report(decided: _Decided) -> Iterator[Entry]:
    """When the next report is due; off where none is asked for any more, or the decision ends before."""
    asking = [limits for limits in decided.stated if limits.reporting_interval_days]
    if not asking or decided.row.reported_on is not None:
        return
    in_force = rules.limits_at(decided.versions, decided.at, decided.known_at)
    still = owed(decided.row, in_force, decided.at, decided.known_at).report
    if_it_went_on = rules.InForce(limits=asking[-1], why=None, since=None)
    due = still or owed(decided.row, if_it_went_on, decided.at, decided.known_at).report
    assert due is not None  # without an end the next report is due some day
    given = Report.objects.filter(decision=decided.row, act__number__number__lte=decided.known_at)
    acts = [report.act for report in given.select_related("act")]
    yield decided.entry(
        "report", due.by, f"A report under {decided.row.pk} is due", acts, is_off=still is None
    )


def _confirmation(decided: _Decided) -> Iterator[Entry]:
    """Until when a verbal decision is to be confirmed in writing; off once it is."""
    row = decided.row
    if row.instrument_kind != Decision.Instrument.VERBAL or row.decided_at is None:
        return
    found = Confirmation.objects.filter(decision=row, act__number__number__lte=decided.known_at)
    acts = [confirmed.act for confirmed in found.select_related("act")]
    due = reporting.confirmation(row.decided_at, at=decided.at)
    yield decided.entry(
        "confirmation", due.by, f"{row.pk} is to be confirmed in writing", acts, is_off=bool(acts)
    )


def _of_the_request(mission: Mission, known_at: int) -> Iterator[Entry]:
    """Until when the paper of a verbal request was promised; off once it came, or where no moment is promised any more."""
    request = mission.decision.request
    known = {"request": request, "act__number__number__lte": known_at}
    versions = list(RequestVersion.objects.filter(**known).select_related("act").order_by("n"))
    promised = [version.content.get("paper_due_at") for version in versions]
    if not any(promised):
        return
    papers = [paper.act for paper in Paper.objects.filter(**known).select_related("act")]
    acts = [*(version.act for version in versions), *papers]
    yield Entry(
        of="paper", uid=_uid(request.act_id, f"paper {request.pk}"), sequence=len(acts) - 1,
        begins_at=datetime.fromisoformat([moment for moment in promised if moment][-1]), ends_at=None,
        words=f"The paper of {request.pk} was promised for now", place="", is_off=bool(papers) or not promised[-1],
        changed_at=max(act.recorded_at for act in acts), about=("request", request.pk),
    )  # fmt: skip


def _tasks(mission: Mission, known_at: int) -> Iterator[Entry]:
    """The windows of the tasks, each until it ends or was ended; off where it was ended before it began."""
    known = {"act__number__number__lte": known_at}
    rows = Task.objects.filter(mission=mission, **known).select_related("act")
    endings = Ending.objects.filter(task__mission=mission, **known).select_related("act")
    ended = {ending.task_id: ending.act for ending in endings}
    closing = Closing.objects.filter(mission=mission, **known).select_related("act").first()
    draws = tasks.draws_as_known(mission, known_at)
    for row in rows:
        draw = draws[row.pk]
        is_off = draw.ends_at <= draw.begins_at
        acts = [row.act, *([ended[row.pk]] if row.pk in ended else []), *([closing.act] if closing else [])]
        yield Entry(
            of="task", uid=_uid(row.act_id, f"task {row.pk}"), sequence=len(acts) - 1, begins_at=row.begins_at,
            ends_at=row.ends_at if is_off else draw.ends_at,
            words=f"{row.pk}: {TASKS[row.category].name}, people: {Quantity.from_json(row.people).said}", place=row.place,
            is_off=is_off, changed_at=max(act.recorded_at for act in acts), about=("task", row.pk),
        )  # fmt: skip


def _shifts(mission: Mission, known_at: int, tag: str | None) -> Iterator[Entry]:
    """The shifts, each until it ends or was cut; off where it was called off before it began. Whose each is, is not told."""
    rows = Shift.objects.filter(task__mission=mission, act__number__number__lte=known_at)
    if tag is not None:
        rows = rows.filter(member__thing__tag=tag)
    for row in rows.select_related("act__number", "task", "ended__act__number"):
        ended = getattr(row, "ended", None)
        number = getattr(ended.act, "number", None) if ended else None
        cut = ended if number is not None and number.number <= known_at else None
        is_off = cut is not None and cut.at <= row.begins_at
        yield Entry(
            of="shift", uid=_uid(row.act_id, f"shift {row.pk}"), sequence=1 if cut else 0, begins_at=row.begins_at,
            ends_at=row.ends_at if is_off or cut is None else min(row.ends_at, cut.at),
            words=f"{row.pk}: shift at {row.task_id}", place=row.task.place, is_off=is_off,
            changed_at=(cut or row).act.recorded_at, about=("task", row.task_id),
        )  # fmt: skip
