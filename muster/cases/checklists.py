"""Checklists as the record has them: what is to be done of a person who comes to a site or leaves it, in order, and what was done of it.

A checklist begins as somebody comes to a site. It is that of the standards in force there on that day, as known by the act that told
the arrival, in the version of each pack that the record had by then (ADR 27). Nothing of that is written when somebody arrives: it is
read from the arrival, the statements and the texts of packs, each known by the number of its act.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from muster.access.control import Actor
from muster.cases import queries
from muster.cases.calendars import Place, Window
from muster.cases.clocks import Clock, Timeline, clocks
from muster.cases.inforce import Leg, SiteRules, Told, happened_at
from muster.cases.models import PackText, RecordedEvent, SiteStandard
from muster.cases.packs import FROM_THE_RECORD, load_standards
from muster.cases.packs.reading import read_standard
from muster.cases.rules import LISTS, NOT_DONE, Event, Rule, Side, Standard
from muster.core.errors import FaultyFile, NotFound
from muster.core.times import zone
from muster.custody.queries import present, site_for
from muster.ledger import bulk
from muster.ledger.models import Thing
from muster.ledger.queries import latest_known
from muster.parties.models import Site
from muster.record.models import Act

UNNUMBERED = 2**62  # an act that waits for its number is known last


@dataclass(frozen=True)
class Stint:
    """A person's presence at one site, from coming to leaving; `known_at` is the number of the act that first told the arrival."""

    arrived_at: datetime
    known_at: int
    left_at: datetime | None


@dataclass(frozen=True)
class Bound:
    """The packs whose checklists hold for a stint, in their versions, and the overlays that hold beside them."""

    packs: tuple[Standard, ...]
    overlays: frozenset[str]

    @property
    def versions(self) -> str:
        """Each pack with its version, in words."""
        return ", ".join(f"{pack.id} version {pack.version}" for pack in self.packs)

    def rules(self, side: Side) -> list[Rule]:
        """The items of the checklists of one side, in the order of their steps."""
        found = [
            rule for pack in self.packs for rule in pack.rules.values()
            if rule.checklist in LISTS[side] and (not rule.overlay or rule.overlay in self.overlays)
        ]  # fmt: skip
        return sorted(found, key=lambda rule: (rule.step or 0, rule.pack, rule.id))


def why_not(because: str, words: str) -> str:
    """Why something was not done, the coded reason before the words; empty where nobody said why."""
    return ": ".join(filter(None, (NOT_DONE.get(because, because), words.strip().rstrip("."))))


class Answer(NamedTuple):
    """What was recorded of an item: done or not, when, by which office or post, and why not."""

    id: UUID
    event: str
    site: str
    at: datetime
    done: bool
    by: str
    proof: str
    because: str
    words: str
    recorded_at: datetime
    known_at: int | None

    @property
    def why_not(self) -> str:
        """Why it was not done, in words; empty where nobody said why."""
        return why_not(self.because, self.words)


@dataclass(frozen=True)
class Item:
    """One item of a checklist: the rule that asks for it, the event that is recorded of it, what was, and its clock."""

    rule: Rule
    event: Event
    answer: Answer | None
    clock: Clock | None

    @property
    def is_open(self) -> bool:
        """Whether nobody has said that it was done, or why it was not."""
        return self.answer is None

    @property
    def is_done(self) -> bool:
        return self.answer is not None and self.answer.done

    @property
    def is_late(self) -> bool:
        """Whether it is not done, and its time has run out."""
        return not self.is_done and self.clock is not None and self.clock.breached

    @property
    def due_at(self) -> datetime | None:
        return self.clock.due_at if self.clock else None

    @property
    def begins_with_release(self) -> bool:
        """Whether its clock begins only as the person is released, so that it is no open check at the release itself."""
        return "released" in self.rule.timing.start


@dataclass(frozen=True)
class Checklist:
    """The items of one side of a stint, in the order of the standard."""

    thing: UUID
    tag: str
    side: Side
    stint: Stint
    bound: Bound
    items: tuple[Item, ...]

    @property
    def open(self) -> list[Item]:
        """What is open, late first."""
        return sorted((item for item in self.items if item.is_open), key=lambda item: not item.is_late)

    @property
    def answered(self) -> list[Item]:
        return [item for item in self.items if not item.is_open]

    @property
    def late(self) -> int:
        return sum(item.is_late for item in self.open)

    @property
    def due_at(self) -> datetime | None:
        """When the first open item is due; None where none has a time."""
        return min((item.due_at for item in self.open if item.due_at), default=None)


# --- which checklist holds ----------------------------------------------------------


def note_packs(act: Act, standards: Iterable[str] | None = None) -> None:
    """Keep the packs with checklists that hold with these standards, or that any statement names, where their text is new."""
    loaded = load_standards()
    names = (
        SiteStandard.objects.values_list("standard", flat=True).distinct() if standards is None else standards
    )
    wanted = {
        _digest(loaded.texts[pack.id]): pack
        for pack in loaded.together(name for name in names if name in loaded.by_id)
        if _has_checklists(pack)
    }
    known = set(PackText.objects.filter(sha256__in=list(wanted)).values_list("sha256", flat=True))
    PackText.objects.bulk_create(
        PackText(act=act, pack=pack.id, version=pack.version, sha256=digest, text=loaded.texts[pack.id])
        for digest, pack in wanted.items()
        if digest not in known
    )


def _has_checklists(pack: Standard) -> bool:
    return any(rule.checklist for rule in pack.rules.values())


@lru_cache(maxsize=256)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=256)
def _read(text: str) -> Standard | None:
    """A text of the record as a standard; None where this version of Muster cannot read it any more."""
    try:
        return read_standard(text)
    except FaultyFile:
        return None


def event_named(name: str) -> Event | None:
    """The event of that id, of the packs in use or of a version that the record has; None: of none."""
    if found := load_standards().events.get(name):
        return found
    for text in PackText.objects.order_by("pk").values_list("text", flat=True):
        pack = _read(text)
        if pack and name in pack.events:
            return pack.events[name]
    return None


class Binding:
    """Which checklists hold at one site, by when somebody came and when that was known. Read once for many persons."""

    def __init__(self, site: Site) -> None:
        self.zone = zone(site.zone)
        rows = SiteStandard.objects.filter(site=site).order_by("valid_from", "id")
        self.stated = [
            (standard, Window(valid_from, valid_to), pk, replaces, number or UNNUMBERED)
            for standard, valid_from, valid_to, pk, replaces, number in rows.values_list(
                "standard", "valid_from", "valid_to", "pk", "replaces_id", "act__number__number"
            )
        ]
        self.texts: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for pack, text, number in PackText.objects.order_by("pk").values_list(
            "pack", "text", "act__number__number"
        ):
            self.texts[pack].append((number or UNNUMBERED, text))
        self.found: dict[tuple[date, int], Bound] = {}

    def of(self, stint: Stint) -> Bound:
        """The packs that hold for a stint: in force on the day of the arrival, as known by the act that told it.

        Where nothing was stated by then, what was first stated of that day later.
        """
        day = stint.arrived_at.astimezone(self.zone).date()
        return self.on(day, stint.known_at)

    def on(self, day: date, known_at: int) -> Bound:
        """The same of any day, as known at an act's number."""
        if (day, known_at) not in self.found:
            later = sorted({number for *_, number in self.stated if number > known_at})
            for at in (known_at, *later):
                if names := self._in_force(day, at):
                    break
            else:
                at, names = known_at, set()
            self.found[day, known_at] = self._bound(names, at)
        return self.found[day, known_at]

    def _in_force(self, day: date, known_at: int) -> set[str]:
        known = [row for row in self.stated if row[4] <= known_at]
        replaced = {replaces for *_, replaces, _ in known if replaces}
        return {standard for standard, window, pk, *_ in known if pk not in replaced and window.holds(day)}

    def _bound(self, names: set[str], known_at: int) -> Bound:
        loaded = load_standards()
        ids = {pack.id for pack in loaded.together(name for name in names if name in loaded.by_id)}
        ids |= names & self.texts.keys()
        packs = [self._version(name, known_at) for name in sorted(ids)]
        return Bound(
            tuple(pack for pack in packs if pack and _has_checklists(pack)),
            frozenset(names & loaded.overlays.keys()),
        )

    def _version(self, name: str, known_at: int) -> Standard | None:
        """The latest version that the record had by then; else the first that it had; else the one in use."""
        told = self.texts.get(name, [])
        by_then = [text for number, text in told if number <= known_at]
        text = by_then[-1] if by_then else told[0][1] if told else None
        return (text and _read(text)) or load_standards().by_id.get(name)


# --- what was done ------------------------------------------------------------------


def stint_of(legs: Sequence[Leg], site: str) -> Stint | None:
    """The latest presence of a person at a site; None where there was none."""
    live = [leg for leg in legs if leg.known_until is None and leg.from_site != leg.to_site]
    came = next((n for n in reversed(range(len(live))) if live[n].to_site == site), None)
    if came is None:
        return None
    left = next((leg for leg in live[came + 1 :] if leg.from_site == site), None)
    return Stint(live[came].at, _first_told(legs, live[came]), left.at if left else None)


def _first_told(legs: Sequence[Leg], leg: Leg) -> int:
    """The number of the act that first told of an arrival, which later acts may have corrected or repeated."""
    told = leg
    while True:
        before = [
            each for each in legs
            if each.to_site == told.to_site and each.known_until is not None and each.known_until == told.known_from
            and each.known_from < told.known_from
        ]  # fmt: skip
        if not before:
            return told.known_from or UNNUMBERED
        told = next((each for each in before if each.at == told.at), before[-1])


def checklists_of(
    site: Site, things: Mapping[UUID, str], side: Side, *, now: datetime
) -> dict[UUID, Checklist]:
    """The checklist of each of these persons at a site, by id: of the latest presence there. `things` are tags by id.

    Who was never there, and who came under no standard with a checklist, is left out.
    """
    legs, told, binding = queries.legs_of(things), queries.told_of(things), Binding(site)
    rules = queries.rules_of([site], on=now.date()).get(site.pk)
    answers = _answers(things)
    found = {}
    for thing, tag in things.items():
        stint = stint_of(legs[thing], site.pk)
        if stint is None:
            continue
        bound = binding.of(stint)
        timeline = _timeline(rules, legs[thing], told[thing], now)
        items = [
            _item(rule, event, stint, answers[thing], site.pk, timeline, rules.place if rules else None)
            for rule in bound.rules(side)
            if (event := _recorded_of(rule, bound))
        ]
        if items:
            found[thing] = Checklist(thing, tag, side, stint, bound, tuple(items))
    return found


def _recorded_of(rule: Rule, bound: Bound) -> Event | None:
    """The event that people record of an item; None where the record itself tells that it is done."""
    events = {name: event for pack in bound.packs for name, event in pack.events.items()}
    named = (name for name in rule.timing.stop_on if name not in FROM_THE_RECORD)
    return next((event for name in named if (event := events.get(name) or event_named(name))), None)


def _timeline(
    rules: SiteRules | None, legs: Iterable[Leg], told: Iterable[Told], now: datetime
) -> Timeline | None:
    return Timeline(happened_at(rules, legs, told), now=now) if rules else None


def _item(
    rule: Rule, event: Event, stint: Stint, answers: Sequence[Answer], site: str, timeline: Timeline | None,
    place: Place | None,
) -> Item:  # fmt: skip
    clock = None
    if timeline and place:
        began = [each for each in clocks(rule, timeline, place) if each.started_at >= stint.arrived_at]
        clock = began[0] if began else None
    return Item(rule, event, _answer(rule, stint, answers, site), clock)


def _answer(rule: Rule, stint: Stint, answers: Sequence[Answer], site: str) -> Answer | None:
    """What was recorded of an item in a stint: that it was done, or else why not as said last."""
    of_it = [
        each for each in answers
        if each.event in rule.timing.stop_on and each.at >= stint.arrived_at
        and (stint.left_at is None or each.at <= stint.left_at or each.site == site)
    ]  # fmt: skip
    done = [each for each in of_it if each.done]
    return done[0] if done else of_it[-1] if of_it else None


def _answers(things: Collection[UUID]) -> dict[UUID, list[Answer]]:
    rows = RecordedEvent.objects.filter(
        thing__in=bulk.any_of(list(things)), corrected_by__isnull=True, withdrawn=False
    ).order_by("at", "pk")
    found: dict[UUID, list[Answer]] = defaultdict(list)
    told: Iterable[tuple[Any, ...]] = rows.values_list(
        "thing_id", "corrects_id", "id", "event", "site_id", "at", "done", "by", "proof", "not_done_because", "reason",
        "act__recorded_at", "act__number__number",
    )  # fmt: skip
    for thing, corrects, *row in told:
        answer = Answer(*row)
        # The reason of a correction is why it was corrected, and not why something was not done.
        found[thing].append(answer._replace(words="") if corrects else answer)
    return found


@dataclass(frozen=True)
class Missing:
    """What is missing at a site: of the persons there, how many have a checklist, and those of which something is open."""

    persons: int
    lists: list[Checklist]

    @property
    def whole(self) -> int:
        """How many have nothing open."""
        return self.persons - len(self.lists)

    @property
    def by_arrival(self) -> list[tuple[datetime, list[Checklist]]]:
        """The same by the moment at which they came, the earliest first: those of one bus stand together."""
        together: dict[datetime, list[Checklist]] = defaultdict(list)
        for each in self.lists:
            together[each.stint.arrived_at].append(each)
        return sorted(together.items())


def missing_at(site: Site, *, now: datetime) -> Missing:
    """Who is at a site with an item of the list of coming open, late first, then by when they came."""
    things = dict(present(site.pk).values_list("pk", "tag"))
    found = checklists_of(site, things, "in", now=now)
    lists = [each for each in found.values() if each.open]
    return Missing(
        len(found), sorted(lists, key=lambda each: (not each.late, each.stint.arrived_at, each.tag))
    )


def checklist_of(site: Site, thing: Thing, side: Side, *, now: datetime) -> Checklist | None:
    """The checklist of one person at a site; None where the standard of the arrival has none, or the person was never there."""
    return checklists_of(site, {thing.pk: thing.tag}, side, now=now).get(thing.pk)


def is_shelter(site: Site, *, now: datetime, known_at: int = UNNUMBERED) -> bool:
    """Whether what holds at a site on this day is a standard of shelters and nothing else: nobody is in custody there."""
    today = now.astimezone(zone(site.zone)).date()
    return _of_shelters(Binding(site).on(today, known_at).packs)


def _of_shelters(standards: Iterable[Standard]) -> bool:
    """Whether these are standards of shelters and of nothing else."""
    lists = {rule.checklist for standard in standards for rule in standard.rules.values()} - {None}
    return bool(lists) and lists <= {"shelter_registration"}


def shelters_among(sites: Collection[Site], *, now: datetime) -> set[str]:
    """The codes of those of the sites at which nobody is in custody: `is_shelter` of many at once, by what is stated now."""
    packs, stated = load_standards(), queries.standards_at([site.pk for site in sites])
    found = set()
    for site in sites:
        today = now.astimezone(zone(site.zone)).date()
        rows = stated.get(site.pk, [])
        ids = {
            row.standard for row in rows if Window(row.valid_from, row.valid_to).holds(today)
        } & packs.by_id.keys()
        if _of_shelters(packs.together(ids)):
            found.add(site.pk)
    return found


def missing_told(actor: Actor, site: str, *, now: datetime) -> dict[str, Any]:
    """What is missing at a site, as the API gives it: the lists of those of whom something is open. Raises NotFound."""
    known_at = latest_known()
    found = missing_at(site_for(actor, site), now=now)
    lists = [told_as(each) for each in found.lists]
    return {
        "site": site,
        "as_of": now.isoformat(),
        "known_at": known_at,
        "persons": found.persons,
        "lists": lists,
    }


def person_told(actor: Actor, site: str, tag: str, side: Side, *, now: datetime) -> dict[str, Any]:
    """One person's list at a site, as the API gives it. Raises NotFound, TagMisread."""
    place = site_for(actor, site)
    found = checklist_of(place, queries.person_for(actor, tag), side, now=now)
    if found is None:
        raise NotFound(kind="checklist", name=f"{side} of {tag} at {site}")
    return {"site": site, "as_of": now.isoformat(), "known_at": latest_known(), **told_as(found)}


def told_as(checklist: Checklist) -> dict[str, Any]:
    """A checklist as the API gives it: its items in the order of the standard. Moments as ISO 8601 in UTC."""
    left = checklist.stint.left_at
    return {
        "person": checklist.tag, "side": checklist.side, "arrived_at": checklist.stint.arrived_at.isoformat(),
        "left_at": left.isoformat() if left else None, "items": [_item_told(item) for item in checklist.items],
        "packs": [{"id": pack.id, "version": pack.version} for pack in checklist.bound.packs],
    }  # fmt: skip


def _item_told(item: Item) -> dict[str, Any]:
    told = item.answer
    return {
        "pack": item.rule.pack, "rule": item.rule.id, "step": item.rule.step, "name": item.rule.name, "event": item.event.id,
        "responsible": item.rule.responsible, "verified": item.rule.verified,
        "state": "done" if item.is_done else "open" if told is None else "not done", "late": item.is_late,
        "due_at": item.due_at.isoformat() if item.due_at else None, "at": told.at.isoformat() if told else None,
        "by": told.by if told else None, "proof": told.proof if told else None, "not_done_because": told.because if told else None,
        "words": told.words if told else None, "recorded_at": told.recorded_at.isoformat() if told else None,
        "known_at": told.known_at if told else None,
    }  # fmt: skip
