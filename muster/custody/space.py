"""Free space: how many each area of a site holds, who is placed there, and who is placed nowhere; as of T, as known at K."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from muster.core.times import parse_moment, zone
from muster.custody.models import Area, AreaStatement, BackInService, OutOfService
from muster.ledger import queries as ledger
from muster.parties.models import Site

# The persons whom sites hold now, and those whom they held at a moment by the entries that were known at an act's number: of each
# person's live entries up to the moment the latest one, if it leads to the site.
NOW = """
SELECT h.site, d.thing_id, t.tag, d.happened_at AS since FROM ledger_head d JOIN ledger_holder h ON h.id = d.holder_id
JOIN ledger_thing t ON t.id = d.thing_id WHERE h.site = ANY (%(sites)s) AND h.kind = 'area' AND t.kind = 'person'"""
THEN = """
SELECT site, thing_id, tag, since FROM (
    SELECT DISTINCT ON (e.thing_id) r.site, r.kind, e.thing_id, t.tag, e.happened_at AS since
    FROM ledger_entry e JOIN ledger_thing t ON t.id = e.thing_id JOIN ledger_holder r ON r.id = e.receiver_id
    JOIN record_number k ON k.act_id = e.act_id AND k.number <= %(known)s
    WHERE e.kind = 'push' AND e.happened_at <= %(at)s AND t.kind = 'person'
      AND e.thing_id IN (SELECT x.thing_id FROM ledger_entry x JOIN ledger_holder y ON y.id = x.receiver_id WHERE y.site = ANY (%(sites)s))
      AND NOT EXISTS (SELECT FROM ledger_entry p JOIN record_number u ON u.act_id = p.act_id AND u.number <= %(known)s
                      WHERE p.thing_id = e.thing_id AND p.corrects = e.n)
    ORDER BY e.thing_id, e.n DESC) latest
WHERE latest.kind = 'area' AND latest.site = ANY (%(sites)s)"""
PLACED = """
SELECT p.site, p.thing_id, p.tag, p.since, c.area_id, c.at FROM ({persons}) p LEFT JOIN LATERAL (
    SELECT c.area_id, c.at FROM custody_placement c {known}
    WHERE c.thing_id = p.thing_id AND c.site_id = p.site AND c.at >= p.since AND c.at <= %(at)s
    ORDER BY c.at DESC, c.id DESC LIMIT 1) c ON true
ORDER BY p.site, p.tag"""
KNOWN = "JOIN record_number k ON k.act_id = c.act_id AND k.number <= %(known)s"


class Person(NamedTuple):
    """Somebody whom a site holds: since when, and in which of its areas since when; None: in none."""

    site: str
    thing: UUID
    tag: str
    since: datetime
    area: UUID | None
    placed_at: datetime | None


@dataclass(frozen=True)
class AreaSpace:
    """One area on a day: how many it holds, how many of those places are out of service and why, and who is there.

    `outs` are the statements in force on the day.
    """

    area: Area
    stated: AreaStatement
    outs: tuple[OutOfService, ...]
    placed: int

    @property
    def out(self) -> int:
        """How many places are out of service: never more than there are."""
        usable = self.stated.usable
        return min(usable, sum(usable if out.places is None else out.places for out in self.outs))

    @property
    def capacity(self) -> int:
        """How many it holds now: the posted number without what is out of service."""
        return self.stated.usable - self.out

    @property
    def free(self) -> int:
        """How many more it holds; 0 where it is full or over."""
        return max(0, self.capacity - self.placed)

    @property
    def over(self) -> int:
        """By how many it is over the number that it holds."""
        return max(0, self.placed - self.capacity)

    @property
    def share(self) -> int:
        """What is taken, in per cent of what it holds; 100 and more where it is full or over."""
        return share_of(self.placed, self.capacity)


@dataclass(frozen=True)
class SiteSpace:
    """One site on a day: its areas in the order of their codes, how many it holds in custody, and how many of them are in no area."""

    site: Site
    at: datetime
    known_at: int | None
    areas: tuple[AreaSpace, ...]
    present: int
    not_placed: int

    @property
    def capacity(self) -> int:
        """How many all its areas hold: the posted numbers without what is out of service."""
        return sum(each.capacity for each in self.areas)

    @property
    def free(self) -> int:
        """How many more the site holds, whoever is placed where."""
        return max(0, self.capacity - self.present)

    @property
    def over(self) -> int:
        """By how many it is over the number that it holds."""
        return max(0, self.present - self.capacity)

    @property
    def share(self) -> int:
        """What is taken, in per cent of what it holds."""
        return share_of(self.present, self.capacity)

    @property
    def crowded(self) -> list[AreaSpace]:
        """The areas that are over the number that they hold."""
        return [each for each in self.areas if each.over]


def share_of(taken: int, capacity: int) -> int:
    """Per cent of a capacity that are taken, rounded up, so that only what is full reads 100; of a capacity of 0, 100 for anybody."""
    if capacity:
        return -(-100 * taken // capacity)
    return 100 if taken else 0


def persons(sites: Sequence[str], *, at: datetime | None = None, known_at: int | None = None) -> list[Person]:
    """Whom the sites hold and where each is placed, by site and tag.

    Without `known_at` by everything committed, whom they hold now; with it as of `at`, by what was known then.
    """
    then = known_at is not None
    statement = PLACED.format(persons=THEN if then else NOW, known=KNOWN if then else "")
    values: dict[str, Any] = {"sites": list(sites), "at": at or timezone.now(), "known": known_at}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Person(*row) for row in cast("list[tuple[Any, ...]]", cursor.fetchall())]


def space(
    sites: Sequence[Site], *, at: datetime | None = None, known_at: int | None = None
) -> dict[str, SiteSpace]:
    """The free space of each of these sites that has areas, by its code; the days are the site's own.

    Without `known_at` as it is now, by everything committed.
    """
    moment = at or timezone.now()
    days = {site.pk: moment.astimezone(zone(site.zone)).date() for site in sites}
    stated = statements(list(days), days, known_at)
    if not stated:
        return {}
    outs = _outs(list(days), days, known_at)
    counted: dict[str, Counter[UUID | None]] = defaultdict(Counter)
    for person in persons(sorted({each.area.site_id for each in stated}), at=at, known_at=known_at):
        counted[person.site][person.area] += 1
    found = {}
    for site in sites:
        areas = tuple(
            AreaSpace(each.area, each, tuple(outs[each.area_id]), counted[site.pk][each.area_id])
            for each in stated
            if each.area.site_id == site.pk
        )
        if areas:
            here = counted[site.pk]
            placed = sum(each.placed for each in areas)
            present = sum(here.values())
            found[site.pk] = SiteSpace(site, moment, known_at, areas, present, present - placed)
    return found


def rooms_of(site: Site, *, at: datetime | None = None) -> tuple[AreaSpace, ...]:
    """The areas of one site by code, with what is free in each; none where none is stated."""
    found = space([site], at=at).get(site.pk)
    return found.areas if found else ()


def statements(
    sites: Sequence[str], days: Mapping[str, date], known_at: int | None = None
) -> list[AreaStatement]:
    """What holds of each area of these sites on the site's day, by site and code."""
    rows = _known(AreaStatement.objects.filter(area__site__in=sites), known_at)
    latest: dict[UUID, AreaStatement] = {}
    for row in rows.select_related("area").order_by("valid_from", "id"):
        if row.valid_from <= days[row.area.site_id]:
            latest[row.area_id] = row
    return sorted(latest.values(), key=lambda row: (row.area.site_id, row.area.code))


def _outs(
    sites: Sequence[str], days: Mapping[str, date], known_at: int | None
) -> dict[UUID, list[OutOfService]]:
    """What is out of service on the site's day, by area."""
    back = dict(
        _known(BackInService.objects.filter(out__area__site__in=sites), known_at).values_list(
            "out", "again_from"
        )
    )
    found: dict[UUID, list[OutOfService]] = defaultdict(list)
    rows = _known(OutOfService.objects.filter(area__site__in=sites), known_at)
    for row in rows.select_related("area").order_by("valid_from", "id"):
        day = days[row.area.site_id]
        begun = row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)
        if begun and (row.pk not in back or day < back[row.pk]):
            found[row.area_id].append(row)
    return found


def _known(rows: QuerySet[Any], known_at: int | None) -> QuerySet[Any]:
    return rows if known_at is None else rows.filter(act__number__number__lte=known_at)


def free_of(site: Site, *, at: str | None = None, known_at: str | None = None) -> dict[str, Any]:
    """The free space of a site as the API gives it. Raises NotAMoment.

    `at` is a moment or a day, which ends in the site's zone; without it now. `known_at` is an act's number or a moment.
    """
    known = ledger.known(known_at)
    moment = parse_moment(at, zone(site.zone)) if at else timezone.now()
    found = space([site], at=moment, known_at=known).get(site.pk)
    areas = [
        {"area": each.area.code, "name": each.stated.name, "kind": each.stated.kind, "rated": each.stated.rated,
         "usable": each.stated.usable, "out_of_service": each.out, "square_feet": each.stated.square_feet, "placed": each.placed,
         "free": each.free, "over": each.over}
        for each in (found.areas if found else ())
    ]  # fmt: skip
    return {
        "site": site.pk, "at": moment.isoformat(), "known_at": known, "capacity": found.capacity if found else None,
        "present": found.present if found else None, "free": found.free if found else None, "over": found.over if found else None,
        "not_placed": found.not_placed if found else None, "areas": areas,
    }  # fmt: skip
