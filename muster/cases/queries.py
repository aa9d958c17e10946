"""Clocks as the record has them: of a person, of a site, as of now or as known at any act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from muster.access.control import Actor, Scope, visible
from muster.cases.calendars import Place, Window
from muster.cases.clocks import Clock, Happened, Known, readings
from muster.cases.inforce import (
    Leg,
    SiteRules,
    Stated,
    Told,
    happened_at,
    listed_at,
    present_site,
    rules_at,
    sites_of,
)
from muster.cases.models import Breach, RecordedEvent, SiteHoliday, SiteStandard
from muster.cases.packs import load_standards
from muster.core.errors import NotFound
from muster.core.tags import parse_tag
from muster.core.times import zone
from muster.custody.models import Incident
from muster.custody.queries import scope_of, site_for_change
from muster.database import prepared
from muster.ledger.models import Thing
from muster.parties.models import Site

# A change of hands of a person with the acts that wrote and reversed it; one that has no number yet counts as known last.
LEGS = """
SELECT e.thing_id, e.happened_at, g.site, r.site, r.kind = 'outside', coalesce(k.number, 0),
       CASE WHEN p.n IS NULL THEN NULL ELSE coalesce(u.number, 0) END
FROM ledger_entry e
JOIN ledger_holder g ON g.id = e.giver_id JOIN ledger_holder r ON r.id = e.receiver_id
LEFT JOIN record_number k ON k.act_id = e.act_id
LEFT JOIN ledger_entry p ON p.thing_id = e.thing_id AND p.corrects = e.n
LEFT JOIN record_number u ON u.act_id = p.act_id
WHERE e.thing_id = ANY (%s) AND e.kind = 'push' ORDER BY e.thing_id, e.n"""
TOLD = """
SELECT e.thing_id, e.site_id, e.event, e.at, coalesce(k.number, 0), CASE WHEN c.id IS NULL THEN NULL ELSE coalesce(u.number, 0) END
FROM cases_recordedevent e LEFT JOIN record_number k ON k.act_id = e.act_id
LEFT JOIN cases_recordedevent c ON c.corrects_id = e.id LEFT JOIN record_number u ON u.act_id = c.act_id
WHERE e.done AND NOT e.withdrawn AND """
COUNTED = """
SELECT s.code, c.opened_at, coalesce(k.number, 0), c.kind, c.mode FROM unnest(%s::text[]) s(code) CROSS JOIN LATERAL (
    SELECT c.opened_at, c.kind, c.mode, d.act_id FROM custody_count c JOIN custody_counted d ON d.count_id = c.id
    WHERE c.site_id = s.code ORDER BY c.opened_at DESC LIMIT %s) c
LEFT JOIN record_number k ON k.act_id = c.act_id"""
# Of each event of a site itself the latest, so that what is done every few minutes is not read back to its beginning.
OF_SITES = """
SELECT s.code, w.event, e.at, coalesce(k.number, 0), CASE WHEN c.id IS NULL THEN NULL ELSE coalesce(u.number, 0) END
FROM unnest(%s::text[]) s(code) CROSS JOIN unnest(%s::text[]) w(event) CROSS JOIN LATERAL (
    SELECT id, at, act_id FROM cases_recordedevent e
    WHERE e.site_id = s.code AND e.event = w.event AND e.thing_id IS NULL AND e.done AND NOT e.withdrawn
    ORDER BY e.at DESC LIMIT %s) e
LEFT JOIN record_number k ON k.act_id = e.act_id
LEFT JOIN cases_recordedevent c ON c.corrects_id = e.id LEFT JOIN record_number u ON u.act_id = c.act_id"""
PERSONS_OF = """
SELECT DISTINCT e.thing_id FROM ledger_entry e JOIN ledger_holder r ON r.id = e.receiver_id JOIN ledger_thing t ON t.id = e.thing_id
WHERE r.site = ANY (%s) AND t.kind = 'person'
UNION SELECT thing_id FROM cases_recordedevent WHERE site_id = ANY (%s) AND thing_id IS NOT NULL"""
LATEST, ALL = (
    400,
    1_000_000_000,
)  # events of a site: as many as three days of a check every 15 minutes need, and all


@dataclass(frozen=True)
class PersonClocks:
    """Every clock of one person, each with the site at which it started and the site on whose list it stands."""

    clocks: tuple[tuple[Clock, str, str], ...]


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


def standards_at(sites: Collection[str], *, known_at: int | None = None) -> dict[str, list[SiteStandard]]:
    """What is stated of the standards of these sites and was not replaced, the earliest first, as known at an act's number."""
    rows = SiteStandard.objects.filter(site__in=sites).order_by("valid_from", "id")
    if known_at is not None:
        rows = rows.filter(act__number__number__lte=known_at)
    found: dict[str, list[SiteStandard]] = defaultdict(list)
    kept = list(rows)
    replaced = {row.replaces_id for row in kept if row.replaces_id}
    for row in kept:
        if row.pk not in replaced:
            found[row.site_id].append(row)
    return found


def rules_of(
    sites: Iterable[Site], *, on: date | None = None, known_at: int | None = None
) -> dict[str, SiteRules]:
    """The rules that hold at each of these sites, on whichever days; the terms of a contract are those in force on `on`.

    A site of which no standard is stated is left out.
    """
    sites = list(sites)
    stated = standards_at([site.pk for site in sites], known_at=known_at)
    closed: dict[str, set[date]] = defaultdict(set)
    holidays = SiteHoliday.objects.filter(site__in=sites).order_by("pk")
    if known_at is not None:
        holidays = holidays.filter(act__number__number__lte=known_at)
    for holiday in holidays:
        (closed[holiday.site_id].add if holiday.closed else closed[holiday.site_id].discard)(holiday.day)
    found = {}
    for site in sites:
        if site.pk not in stated:
            continue
        terms: dict[str, int] = {}
        for row in stated[site.pk]:
            if on is None or Window(row.valid_from, row.valid_to).holds(on):
                terms.update(row.terms)
        place = Place(zone(site.zone), frozenset(closed[site.pk]), {}, terms)
        statements = [Stated(row.standard, Window(row.valid_from, row.valid_to)) for row in stated[site.pk]]
        found[site.pk] = rules_at(site.pk, place, statements, load_standards(), function=site.function)
    return found


def legs_of(things: Collection[UUID]) -> dict[UUID, list[Leg]]:
    """The changes of hands of each of these things, in the order in which they were written."""
    found: dict[UUID, list[Leg]] = defaultdict(list)
    for thing, at, giver, receiver, outside, known_from, known_until in prepared.rows(LEGS, list(things)):
        found[thing].append(Leg(at, giver, receiver, outside, known_from, known_until))
    return found


def told_of(things: Collection[UUID]) -> dict[UUID, list[Told]]:
    """What was recorded of each of these things, wherever."""
    found: dict[UUID, list[Told]] = defaultdict(list)
    for thing, site, event, at, known_from, known_until in prepared.rows(
        TOLD + "e.thing_id = ANY (%s)", list(things)
    ):
        found[thing].append(Told(site, Happened(event, at, known_from, known_until)))
    return found


def told_of_sites(rules: Mapping[str, SiteRules], *, latest: int = ALL) -> dict[str, list[Happened]]:
    """What was recorded of each site itself that its rules name: events without a person, and its headcounts.

    `latest`: so many of each event at most, the latest ones.
    """
    named = {name for name, event in load_standards().events.items() if event.about != "person"}
    wanted = named & {
        event
        for at_site in rules.values()
        for held in (*at_site.persons, *at_site.itself)
        for event in held.rule.timing.events
    }
    codes = sorted(rules)
    found: dict[str, list[Happened]] = defaultdict(list)
    for site, event, at, known_from, known_until in rows(OF_SITES, codes, sorted(wanted), latest):
        found[site].append(Happened(event, at, known_from, known_until))
    if wanted & {"counted", "formally_counted", "counted_by_face"}:
        for site, at, known_from, kind, mode in rows(COUNTED, codes, latest):
            found[site].append(Happened("counted", at, known_from))
            if kind == "formal":
                found[site].append(Happened("formally_counted", at, known_from))
            if mode == "face":
                found[site].append(Happened("counted_by_face", at, known_from))
    return found


def person_clocks(
    things: Collection[UUID], *, now: datetime, known_at: int | None = None,
    rules: Mapping[str, SiteRules] | None = None, latest_only: bool = False, stopped_by: Collection[str] | None = None,
) -> dict[UUID, PersonClocks]:  # fmt: skip
    """Every clock of each of these persons at every site, reckoned from the record, as known at an act's number.

    `rules` are those of the sites where they are known already. `latest_only`: of what is owed again and again the latest.
    `stopped_by`: of the rules those alone whose clocks one of these events stops.
    """
    legs, told = legs_of(things), told_of(things)
    codes = {thing: sites_of(legs[thing], told[thing]) for thing in things}
    wanted = set().union(*codes.values()) if codes else set()
    if rules is None:
        rules = rules_of(Site.objects.filter(pk__in=wanted), on=now.date(), known_at=known_at)
    if stopped_by is not None:
        rules = {code: at_site.stopped_by(stopped_by) for code, at_site in rules.items()}
    whole = _for_everybody(rules)
    of_site = told_of_sites(
        {code: at_site for code, at_site in rules.items() if code in wanted and whole[code]},
        latest=LATEST if latest_only else ALL,
    )
    found = {}
    for thing in things:
        present = present_site(legs[thing])
        clocks: list[tuple[Clock, str, str]] = []
        for code in sorted(codes[thing]):
            at_site = rules.get(code)
            if at_site is None or not at_site.persons:
                continue
            shared = [each for each in of_site.get(code, ()) if each.event in whole[code]]
            happened = happened_at(at_site, legs[thing], told[thing], shared)
            for clock in at_site.person_clocks(happened, now=now, known_at=known_at, latest_only=latest_only):
                clocks.append((clock, code, listed_at(clock, code, present)))
        found[thing] = PersonClocks(tuple(clocks))
    return found


def _for_everybody(rules: Mapping[str, SiteRules]) -> dict[str, set[str]]:
    """By site, the events of the site itself that its rules about persons name."""
    shared = load_standards().shared_events
    return {
        code: {name for held in at_site.persons for name in held.rule.timing.events} & shared
        for code, at_site in rules.items()
    }


def readings_of(thing: Thing, *, now: datetime) -> dict[tuple[str, str, str], list[Known]]:
    """How each clock of a person was read at each act that changed the reading, by site, pack and rule; under the rules of now."""
    legs, told = legs_of([thing.pk])[thing.pk], told_of([thing.pk])[thing.pk]
    rules = rules_of(Site.objects.filter(pk__in=sites_of(legs, told)), on=now.date())
    whole, of_site = _for_everybody(rules), told_of_sites(rules)
    found = {}
    for code, at_site in rules.items():
        shared = [each for each in of_site.get(code, ()) if each.event in whole[code]]
        happened = happened_at(at_site, legs, told, shared)
        for held in at_site.persons:
            if read := readings(held.rule, happened, at_site.place, now=now, windows=held.windows):
                found[code, held.rule.pack, held.rule.id] = read
    return found


def site_clocks(site: Site, *, now: datetime, known_at: int | None = None) -> list[Clock]:
    """The clocks of the site itself."""
    rules = rules_of([site], on=now.date(), known_at=known_at).get(site.pk)
    if rules is None:
        return []
    return rules.site_clocks(told_of_sites({site.pk: rules})[site.pk], now=now, known_at=known_at)


def persons_of(sites: Sequence[str]) -> list[UUID]:
    """The persons who are or were at these sites, or of whom something was recorded there."""
    return [row[0] for row in rows(PERSONS_OF, list(sites), list(sites))]


def sites_for(actor: Actor) -> list[Site]:
    """The sites whose clocks the actor may read."""
    return list(visible(actor, Site.objects.all()))


def person_for(actor: Actor, name: str | UUID) -> Thing:
    """The person of that tag or id, for readers who may see a site that holds or held the person, or recorded something.

    Raises NotFound, TagMisread.
    """
    by = {"pk": name} if isinstance(name, UUID) else {"tag": parse_tag(name)}
    found = Thing.objects.filter(kind=Thing.Kind.PERSON, **by).first()
    if found is not None:
        there = sites_of(legs_of([found.pk])[found.pk], told_of([found.pk])[found.pk])
        if there & {site.pk for site in sites_for(actor)}:
            return found
    raise NotFound(kind="person", name=str(name))


def clocks_of_incident(incident: Incident, *, now: datetime) -> list[tuple[str, Clock]]:
    """The clocks that an incident started, each with the tag of its person: what is owed because of it, and what was done."""
    rows = RecordedEvent.objects.filter(
        incident=incident, corrected_by__isnull=True, withdrawn=False, done=True
    )
    started = {(row.thing_id, row.event, row.at) for row in rows}
    tags = dict(incident.persons.values_list("thing", "thing__tag"))
    return [
        (tags[thing], clock)
        for thing, found in person_clocks(tags, now=now).items()
        for clock, site, _ in in_order(found.clocks)
        if site == incident.site_id
        and any((thing, event, clock.started_at) in started for event in clock.rule.timing.start)
    ]


def zone_of_person(thing: Thing) -> ZoneInfo:
    """The zone of the site at which a person was last; UTC where there was none."""
    codes = [
        code
        for leg in reversed(legs_of([thing.pk])[thing.pk])
        for code in (leg.to_site, leg.from_site)
        if code
    ]
    place = Site.objects.filter(pk__in=codes[:1]).first()
    return zone(place.zone if place else "UTC")


def event_locked(event: UUID) -> tuple[Scope, RecordedEvent]:
    """What an action about a recorded event loads: the scope of its site, locked until commit, and the event. Raises NotFound."""
    found = RecordedEvent.objects.filter(pk=event).first()
    if found is None:
        raise NotFound(kind="event", name=str(event))
    return scope_of(site_for_change(found.site_id)).asked_as("event", event), found


def recorded_event(actor: Actor, event: UUID) -> RecordedEvent:
    """A recorded event of a site that the actor may see. Raises NotFound."""
    found = (
        RecordedEvent.objects.select_related("site", "thing")
        .filter(pk=event, site__in=sites_for(actor))
        .first()
    )
    if found is None:
        raise NotFound(kind="event", name=str(event))
    return found


def holidays_at(site: str) -> list[SiteHoliday]:
    """The holidays of a site beside the federal ones, in order."""
    latest: dict[date, SiteHoliday] = {}
    for row in SiteHoliday.objects.filter(site=site).order_by("pk"):
        latest[row.day] = row
    return [row for _, row in sorted(latest.items()) if row.closed]


def breaches_at(sites: Sequence[str]) -> list[Breach]:
    """The breaches that were recorded of these sites, the latest first."""
    return list(
        Breach.objects.filter(site__in=sites)
        .select_related("thing", "act__number")
        .order_by("-read_at", "-pk")
    )


def events_of(thing: Thing) -> list[RecordedEvent]:
    """What was recorded of a person and stands, the earliest first."""
    rows = RecordedEvent.objects.filter(thing=thing, corrected_by__isnull=True, withdrawn=False)
    return list(rows.select_related("site", "act__number", "act__actor").order_by("at", "pk"))


def clocks_of_person(thing: Thing, *, now: datetime, known_at: int | None = None) -> dict[str, Any]:
    """Every clock of a person as the API and the command line give it, those that are due first at the top."""
    found = person_clocks([thing.pk], now=now, known_at=known_at)[thing.pk].clocks
    told = [told_as(clock, site=site, tag=thing.tag) for clock, site, _ in in_order(found)]
    return {"person": thing.tag, "as_of": now.isoformat(), "known_at": known_at, "clocks": told}


def in_order(clocks: Iterable[tuple[Clock, str, str]]) -> list[tuple[Clock, str, str]]:
    """What is open by when it is due, then what is open without a number, then the rest by when it started."""
    return sorted(
        clocks,
        key=lambda each: (
            not each[0].is_open,
            each[0].due_at is None,
            each[0].due_at or each[0].started_at,
            each[0].rule.id,
        ),
    )


def told_as(clock: Clock, *, site: str, tag: str | None) -> dict[str, Any]:
    """A clock as the API and the command line give it. Moments as ISO 8601 in UTC."""
    rule = clock.rule

    def iso(moment: datetime | None) -> str | None:
        return moment.isoformat() if moment else None

    return {
        "site": site, "person": tag, "pack": rule.pack, "rule": rule.id, "by": clock.by, "name": rule.name,
        "responsible": rule.responsible, "severity": rule.severity, "limit": str(clock.limit), "state": clock.state,
        "words": clock.words, "open": clock.is_open, "breached": clock.breached, "started_at": iso(clock.started_at),
        "due_at": iso(clock.due_at), "earliest_at": iso(clock.earliest_at), "stopped_at": iso(clock.stopped_at),
        "ended_at": iso(clock.ended_at), "excused_at": iso(clock.excused_at), "level": clock.level,
        "warn_at": [iso(at) for at in clock.warn_at],
        "paused": [{"since": iso(stretch.since), "until": iso(stretch.until)} for stretch in clock.paused],
        "counsel": clock.counsel, "verified": rule.verified, "mark": cast(str, rule.mark), "citation": rule.citation,
    }  # fmt: skip
