"""Which standard holds at a site, what happened that clocks go by, and that a limit was passed.

Facts are kept: an event is recorded whatever the clocks say of it, late and out of order too, and nothing here keeps a person
anywhere. A breach is recorded with the act that made it known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from muster.access.control import Actor
from muster.cases import queries
from muster.cases.checklists import Item, checklists_of, event_named, note_packs, why_not
from muster.cases.clocks import Clock
from muster.cases.models import Breach, RecordedEvent, SiteHoliday, SiteStandard
from muster.cases.packs import FROM_THE_RECORD, UnknownStandard, load_standards
from muster.cases.rules import NOT_DONE, Event
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened
from muster.custody import releasing
from muster.custody.actions import site_locked
from muster.custody.models import Difference
from muster.custody.releasing import NotDone
from muster.custody.reports import differ
from muster.custody.rules import check_reason, read_tags
from muster.ledger import bulk
from muster.ledger.models import Thing
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

Code = Annotated[str, Field(max_length=60)]
Name = Annotated[str, Field(max_length=120)]
Short = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=2000)]
Tags = Annotated[list[str], Field(max_length=2000)]
Hours = Annotated[int, Field(ge=1, le=720)]
TOLD_BY_STAFF = (
    "hold_room_in",
    "hold_room_out",
)  # read from the ledger too, where a site is nothing but hold rooms


class UnknownEvent(MusterError):
    """No pack holds that event, neither in use nor in a version that the record went by."""

    code = "cases.unknown_event"

    def __init__(self, *, event: str, known: Iterable[str]) -> None:
        self.event = event
        super().__init__(
            f"{event[:60]!r} is not an event of a standard. Nothing was kept. Write one of: {', '.join(sorted(known))}."
        )


class ReadFromTheRecord(MusterError):
    """The event is not recorded by hand: custody or the standard itself says it."""

    code = "cases.read_from_the_record"

    def __init__(self, *, event: Event) -> None:
        self.event = event.id
        super().__init__(
            f"{event.words}: clocks read that from the record itself, so it is not recorded here. Record the arrival, "
            "departure, release or headcount at the counter, or the standard of the site."
        )


class AboutWhom(MusterError):
    """An event of persons without a person, or one of the site with persons."""

    code = "cases.about_whom"

    def __init__(self, *, event: Event) -> None:
        self.event = event.id
        told = (
            "it happens to persons. Scan the tag of each"
            if event.about == "person"
            else "it is of the site as a whole. Leave the tags out"
        )
        super().__init__(f"{event.words}: {told}. Nothing was kept.")


class UnknownPersons(MusterError):
    """Tags that no person has."""

    code = "cases.unknown_persons"

    def __init__(self, *, tags: Sequence[str]) -> None:
        self.tags = list(tags)
        super().__init__(
            f"{', '.join(tags[:20])}: no person has that tag. Nothing was kept, of the others either. Check the band; who has "
            "not been received yet is received first."
        )


class SayIfDone(MusterError):
    """What is done in the agency's own system is kept as done or not done, and as no more."""

    code = "cases.say_if_done"

    def __init__(self, *, event: Event) -> None:
        self.event = event.id
        super().__init__(
            f"{event.words}: say with in_agency_system whether it was done in the agency's own system, true or false, and "
            "by which office. Nothing more of it is kept here."
        )


class ByWhom(MusterError):
    """It is not said which office or post did it, or answers for its not being done."""

    code = "cases.by_whom"

    def __init__(self, *, event: Event) -> None:
        self.event = event.id
        super().__init__(
            f"{event.words}: say by which office or post; where it was not done, which one answers for it. Never a name. "
            "Nothing was kept."
        )


class CorrectedAlready(MusterError):
    """The row that would be corrected or replaced stands no more."""

    code = "cases.corrected_already"
    status = 409

    def __init__(self, *, what: str, name: str) -> None:
        self.name = name
        super().__init__(
            f"The {what} {name} was corrected already. Nothing was kept. Correct the one that stands."
        )


class EndsBeforeItBegins(MusterError):
    """The days of a standard end before they begin."""

    code = "cases.ends_before_it_begins"

    def __init__(self, *, valid_from: date, valid_to: date) -> None:
        self.valid_from, self.valid_to = valid_from, valid_to
        super().__init__(
            f"It would hold until {valid_to}, before it begins on {valid_from}. Correct one of the two days."
        )


class UnknownTerm(MusterError):
    """A term of a contract that no rule asks for."""

    code = "cases.unknown_term"

    def __init__(self, *, terms: Sequence[str], known: Iterable[str]) -> None:
        self.terms = list(terms)
        super().__init__(
            f"{', '.join(terms)[:100]}: no rule of a standard asks for that. Write some of: {', '.join(sorted(known))}."
        )


@dataclass(frozen=True)
class StandardSet:
    """The statement, by its id; what holds with the standard; the terms that its contract would still have to give."""

    statement: UUID
    together_with: list[str]
    asks: list[str]


@action("cases.set_standard", about=site_locked)
def set_standard(
    *, act: Act, row: Site, actor: Actor, site: Code, standard: Name, valid_from: date, valid_to: date | None = None,
    contract_ref: Short = "", terms: dict[str, Hours] = {}, replaces: UUID | None = None,  # noqa: B006  # read only
) -> StandardSet:  # fmt: skip
    """State that a standard, or an overlay of one, holds at a site from one day to another, both included; open without an end.

    `terms` are what the contract sets by name, in whole hours. `replaces` is the statement that was wrong or has ended sooner.

    Raises UnknownStandard, EndsBeforeItBegins, UnknownTerm, NotFound, CorrectedAlready.
    """
    packs = load_standards()
    if standard not in packs.by_id and standard not in packs.overlays:
        raise UnknownStandard(standard=standard, known=sorted({*packs.by_id, *packs.overlays}))
    if valid_to and valid_to < valid_from:
        raise EndsBeforeItBegins(valid_from=valid_from, valid_to=valid_to)
    asked = {
        rule.limit.from_contract for pack in packs.by_id.values() for rule in pack.rules.values()
    } - {""}  # fmt: skip
    if strange := sorted(set(terms) - asked):
        raise UnknownTerm(terms=strange, known=asked)
    old = SiteStandard.objects.filter(pk=replaces, site=row).first() if replaces else None
    if replaces and old is None:
        raise NotFound(kind="statement of a standard", name=str(replaces))
    if old and SiteStandard.objects.filter(replaces=old).exists():
        raise CorrectedAlready(what="statement", name=str(replaces))
    made = SiteStandard.objects.create(
        act=act, site=row, standard=standard, contract_ref=contract_ref.strip(), valid_from=valid_from,
        valid_to=valid_to, terms=terms, replaces=old,
    )  # fmt: skip
    together = packs.together([standard]) if standard in packs.by_id else []
    named = packs.by_id[standard].rules.values() if standard in packs.by_id else ()
    asks = {rule.limit.from_contract for rule in named} - {"", *terms}
    note_packs(act, [pack.id for pack in together])
    return StandardSet(made.pk, [pack.id for pack in together if pack.id != standard], sorted(asks))


@dataclass(frozen=True)
class HolidaySet:
    """The day, and whether the site is closed on it."""

    day: date
    closed: bool


@action("cases.set_holiday", about=site_locked)
def set_holiday(
    *, act: Act, row: Site, actor: Actor, site: Code, day: date, name: Short, closed: bool = True
) -> HolidaySet:
    """State that a site does no business on a day, beside the federal holidays; with `closed` false, that it does after all."""
    SiteHoliday.objects.create(act=act, site=row, day=day, name=name.strip(), closed=closed)
    return HolidaySet(day, closed)


@dataclass(frozen=True)
class EventRecorded:
    """The rows, in the order of the tags; of a site's own event one. `breaches`: what it did too late, or too early."""

    events: list[UUID]
    breaches: list[UUID]


@action("cases.record_event", about=site_locked)
def record_event(
    *, act: Act, row: Site, actor: Actor, site: Code, event: Name, at: AwareDatetime, tags: Tags = [],  # noqa: B006
    by: Short = "", proof: Short = "", in_agency_system: bool | None = None,
) -> EventRecorded:  # fmt: skip
    """Record what happened, to persons or at the site: a fact, kept whatever the clocks say of it.

    `by` is the office or post that did it, never a name; `proof`, the paper, form or log that says so. `in_agency_system`: of an
    event that is done in the agency's own system, whether it was.

    Raises UnknownEvent, ReadFromTheRecord, AboutWhom, UnknownPersons, SayIfDone, NotHappenedYet, TagMisread, TagTwice.
    """
    check_happened(at, now=act.recorded_at)
    found = event_to_record(event)
    if (found.about == "person") != bool(tags):
        raise AboutWhom(event=found)
    if found.in_agency_system and (in_agency_system is None or not by.strip()):
        raise SayIfDone(event=found)
    things = persons_tagged(read_tags(tags)) if tags else []
    whose: Sequence[Thing | None] = things or [None]
    made = [
        RecordedEvent(
            act=act, site=row, thing=thing, event=event, at=at, done=in_agency_system is not False, by=by.strip(),
            proof=proof.strip(),
        )
        for thing in whose
    ]  # fmt: skip
    RecordedEvent.objects.bulk_create(made)
    breaches = keep_breaches(act, row, things, act.recorded_at, by=([event], at))
    return EventRecorded([each.pk for each in made], breaches)


@action("cases.record_items", about=site_locked)
def record_items(
    *, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, events: Annotated[list[Name], Field(min_length=1, max_length=50)],
    at: AwareDatetime, by: Short = "", proof: Short = "", not_done: Code = "", words: Words = "",
) -> EventRecorded:  # fmt: skip
    """Record several items of a checklist at once, of one person or of a whole bus: each was done, or, with `not_done`, was not.

    `events` are what is recorded of the items. `not_done` is a coded reason, and `words` say it in full; then `by` is the office or
    post that answers for it. Of what is done in the agency's own system it is kept that it was done there, or was not, and no more.

    Raises UnknownEvent, ReadFromTheRecord, AboutWhom, ByWhom, UnknownReason, UnknownPersons, NotHappenedYet, NoTags, TagMisread,
    TagTwice.
    """
    check_happened(at, now=act.recorded_at)
    if not_done:
        check_reason(not_done, list(NOT_DONE))
    found = [event_to_record(event) for event in dict.fromkeys(events)]
    for event in found:
        if event.about != "person":
            raise AboutWhom(event=event)
        if (event.in_agency_system or not_done) and not by.strip():
            raise ByWhom(event=event)
    things = persons_tagged(read_tags(tags))
    made = [
        RecordedEvent(
            act=act, site=row, thing=thing, event=event.id, at=at, done=not not_done, by=by.strip(), proof=proof.strip(),
            not_done_because=not_done, reason=words.strip() if not_done else "",
        )
        for event in found for thing in things
    ]  # fmt: skip
    RecordedEvent.objects.bulk_create(made)
    note_packs(act)
    done = () if not_done else [event.id for event in found]
    breaches = keep_breaches(act, row, things, act.recorded_at, by=(done, at))
    return EventRecorded([each.pk for each in made], breaches)


def event_to_record(name: str) -> Event:
    found = event_named(name)
    if found is None:
        events = load_standards().events
        raise UnknownEvent(event=name, known=(set(events) - set(FROM_THE_RECORD)) | set(TOLD_BY_STAFF))
    if name in FROM_THE_RECORD and name not in TOLD_BY_STAFF:
        raise ReadFromTheRecord(event=found)
    return found


@releasing.register
def open_at_release(
    act: Act, site: Site, things: Sequence[Thing], at: datetime, said: Sequence[NotDone]
) -> dict[str, list[str]]:
    """Keep why checks were not done as persons were released, and open a difference for each that was not: never a refusal."""
    answers = {each.check: each for each in said}
    found: dict[str, list[str]] = {}
    lists = checklists_of(
        site, {thing.pk: thing.tag for thing in things}, "out", now=max(at, act.recorded_at)
    )
    by_id = {thing.pk: thing for thing in things}
    for checklist in lists.values():
        still_open = [item for item in checklist.items if not item.is_done and not item.begins_with_release]
        for item in still_open:
            answer, thing = answers.get(item.rule.id), by_id[checklist.thing]
            if answer and not _is_blank(answer):
                _keep_not_done(act, site, thing, item, answer, at)
            differ(
                act,
                site,
                Difference.Kind.OPEN_CHECK,
                _open_words(checklist.tag, item, answer),
                at,
                thing=thing,
            )
        if still_open:
            found[checklist.tag] = [item.rule.id for item in still_open]
    return found


def _is_blank(answer: NotDone) -> bool:
    return not (answer.because or answer.by or answer.words).strip()


def _keep_not_done(act: Act, site: Site, thing: Thing, item: Item, answer: NotDone, at: datetime) -> None:
    coded = answer.because if answer.because in NOT_DONE else "other"
    strange = "" if answer.because in NOT_DONE else answer.because
    RecordedEvent.objects.create(
        act=act, site=site, thing=thing, event=item.event.id, at=at, done=False, by=answer.by.strip(), not_done_because=coded,
        reason=" ".join(filter(None, (strange.strip(), answer.words.strip()))),
    )  # fmt: skip


def _open_words(tag: str, item: Item, answer: NotDone | None) -> str:
    """The sentence of a difference: which check, why it was not done, and who answers for it."""
    why, by = "nobody said why", item.rule.responsible
    if answer and not _is_blank(answer):
        why = why_not(answer.because, answer.words)
        by = answer.by.strip() or by
    elif item.answer:
        why, by = item.answer.why_not or why, item.answer.by or by
    return f"{tag} left with {item.rule.name} ({item.rule.id}) not done: {why.rstrip('.')}. For: {by}."


def persons_tagged(tags: Sequence[str]) -> list[Thing]:
    known = {
        thing.tag: thing
        for thing in Thing.objects.filter(kind=Thing.Kind.PERSON, tag__in=bulk.any_text_of(tags))
    }
    if strange := [tag for tag in tags if tag not in known]:
        raise UnknownPersons(tags=strange)
    return [known[tag] for tag in tags]


@dataclass(frozen=True)
class EventCorrected:
    """The row that stands now; None where the event did not happen. `breaches`: what it did too late, or too early."""

    event: UUID | None
    breaches: list[UUID]


@action("cases.correct_event", about=queries.event_locked)
def correct_event(
    *, act: Act, row: RecordedEvent, actor: Actor, event: UUID, reason: Annotated[str, Field(min_length=1, max_length=2000)],
    at: AwareDatetime | None = None,
) -> EventCorrected:  # fmt: skip
    """Say that a recorded event happened at another time; without `at`, that it did not happen. The old reading is kept.

    Raises CorrectedAlready, NotHappenedYet.
    """
    if RecordedEvent.objects.filter(corrects=row).exists() or row.withdrawn:
        raise CorrectedAlready(what="event", name=str(row.pk))
    if at is not None:
        check_happened(at, now=act.recorded_at)
    made = RecordedEvent.objects.create(
        act=act, site=row.site, thing=row.thing, event=row.event, at=at or row.at, done=row.done, by=row.by, proof=row.proof,
        corrects=row, withdrawn=at is None, reason=reason.strip(), not_done_because=row.not_done_because,
        incident=row.incident,
    )  # fmt: skip
    things = [row.thing] if row.thing else []
    breaches = keep_breaches(act, row.site, things, act.recorded_at, by=([row.event], made.at))
    return EventCorrected(None if made.withdrawn else made.pk, breaches)


@dataclass(frozen=True)
class BreachesRecorded:
    """The breaches that were not in the record yet."""

    breaches: list[UUID]


@action("cases.record_breaches", about=site_locked)
def record_breaches(*, act: Act, row: Site, actor: Actor, site: Code) -> BreachesRecorded:
    """Record every breach that the clocks of a site and of its persons show now and that is not in the record yet."""
    things = list(Thing.objects.filter(pk__in=queries.persons_of([row.pk])))
    return BreachesRecorded(keep_breaches(act, row, things, act.recorded_at))


def keep_breaches(
    act: Act,
    site: Site,
    things: Sequence[Thing],
    now: datetime,
    *,
    by: tuple[Sequence[str], datetime] | None = None,
) -> list[UUID]:
    """Record what is breached of these persons, at whichever site, and of the site itself; what is recorded already stays.

    `by`: only what those events closed as a breach. What is still open may have been done and not be written down yet, so it is
    recorded when somebody says so.
    """
    by_id = {thing.pk: thing for thing in things}
    stopped_by = None if by is None else by[0]
    found: list[tuple[str, Thing | None, Clock]] = [
        (at, by_id[pk], clock)
        for pk, person in queries.person_clocks(list(by_id), now=now, stopped_by=stopped_by).items()
        for clock, at, _ in person.clocks
    ]
    if not things or by is None:
        found += [(site.pk, None, clock) for clock in queries.site_clocks(site, now=now)]
    found = [each for each in found if each[2].breached and (by is None or _closed(each[2], *by))]
    known = set(
        Breach.objects.filter(site__in={at for at, _, _ in found}).values_list(
            "site_id", "thing_id", "pack", "rule", "started_at", "due_at"
        )
    )
    made = [
        Breach(act=act, thing=thing, words=clock.words, read_at=now, **_reading(at, clock))
        for at, thing, clock in found
        if (at, thing.pk if thing else None, clock.rule.pack, clock.rule.id, clock.started_at, clock.due_at) not in known
    ]  # fmt: skip
    Breach.objects.bulk_create(made, ignore_conflicts=True)
    return [each.pk for each in made]


def _closed(clock: Clock, events: Sequence[str], at: datetime) -> bool:
    return clock.stopped_at == at and clock.rule.is_stopped_by(events)


def _reading(site: str, clock: Clock) -> dict[str, Any]:
    return {
        "site_id": site, "pack": clock.rule.pack, "rule": clock.rule.id, "by": clock.by, "severity": clock.rule.severity,
        "started_at": clock.started_at, "due_at": clock.due_at,
    }  # fmt: skip
