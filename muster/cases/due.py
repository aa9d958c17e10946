"""What is due: a table of the open clocks of persons, kept up with the record, and the clocks of sites beside it.

The record is the truth. Whoever asks brings the table up to it first: the persons of whom an act since then says something are
reckoned anew. Deleting the table loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from muster.access.control import Actor
from muster.cases import queries
from muster.cases.clocks import Clock
from muster.cases.inforce import SiteRules
from muster.cases.models import OpenClock, Reckoned
from muster.cases.packs import load_standards
from muster.cases.queries import LATEST, rows
from muster.core.errors import NotFound
from muster.ledger import bulk
from muster.ledger.models import Thing
from muster.ledger.queries import latest_known
from muster.parties.models import Site

CHUNK = 500  # persons reckoned at once
LONGEST = 200  # rows of a list
QUARTER = 900  # seconds
COUNTS = frozenset({"counted", "formally_counted", "counted_by_face"})  # by which clocks of headcounts stop
# Whether it is reckoned up to that act, nothing is to be reckoned again, and no quarter of an hour has begun since.
NOTHING_NEW = """
SELECT 1 FROM cases_reckoned WHERE coalesce((SELECT min(again_at) FROM cases_openclock) > %s, TRUE)
AND number >= %s AND at >= to_timestamp(%s)"""
FEW = 500  # persons for whom the rules of their own sites are read, and not those of every site
# The persons of whom the acts after one number, up to another, say something.
CHANGED = """
SELECT e.thing_id FROM record_number n JOIN ledger_entry e ON e.act_id = n.act_id JOIN ledger_thing t ON t.id = e.thing_id
WHERE n.number > %s AND n.number <= %s AND t.kind = 'person'
UNION SELECT e.thing_id FROM record_number n JOIN cases_recordedevent e ON e.act_id = n.act_id
WHERE n.number > %s AND n.number <= %s AND e.thing_id IS NOT NULL
UNION SELECT thing FROM cases_openclock WHERE again_at <= %s AND (SELECT min(again_at) FROM cases_openclock) <= %s"""
# The sites whose rules, or whose events for everybody there, the same acts changed.
SITES = """
SELECT s.site_id FROM record_number n JOIN cases_sitestandard s ON s.act_id = n.act_id WHERE n.number > %s AND n.number <= %s
UNION SELECT s.site_id FROM record_number n JOIN cases_siteholiday s ON s.act_id = n.act_id WHERE n.number > %s AND n.number <= %s
UNION SELECT e.site_id FROM record_number n JOIN cases_recordedevent e ON e.act_id = n.act_id
WHERE n.number > %s AND n.number <= %s AND e.thing_id IS NULL AND e.event = ANY (%s)"""
DUE = """
SELECT o.site, t.tag, o.thing, o.pack, o.rule, o.by, o.responsible, o.state, o.started_at, o.due_at, o.breach_at
FROM (SELECT * FROM cases_openclock WHERE site = ANY (%s) AND due_at <= %s AND (%s = '' OR responsible = %s)
      ORDER BY due_at, site, thing, rule LIMIT %s) o
JOIN ledger_thing t ON t.id = o.thing ORDER BY o.due_at, o.site, t.tag, o.rule"""
HOW_MANY = """
SELECT count(*) FILTER (WHERE due_at <= %s), count(*) FILTER (WHERE due_at IS NULL) FROM cases_openclock
WHERE site = ANY (%s) AND (%s = '' OR responsible = %s)"""


class _Row(NamedTuple):
    """One open clock, its columns as the table has them."""

    site: str
    thing: UUID
    pack: str
    rule: str
    by: str
    responsible: str
    state: str
    started_at: datetime
    due_at: datetime | None
    breach_at: datetime | None
    again_at: datetime | None


def _open_clocks(
    things: Collection[UUID], now: datetime, rules: Mapping[str, SiteRules] | None
) -> Iterator[_Row]:
    for thing, found in queries.person_clocks(things, now=now, rules=rules, latest_only=True).items():
        for clock, _, site in found.clocks:
            if clock.is_open:
                yield _row(clock, thing, site)


def _row(clock: Clock, thing: UUID, site: str) -> _Row:
    rule = clock.rule
    return _Row(
        site, thing, rule.pack, rule.id, clock.by, rule.responsible, clock.state, clock.started_at,
        None if clock.state == "paused" else clock.due_at, clock.breach_at, _again_at(clock),
    )  # fmt: skip


def _again_at(clock: Clock) -> datetime | None:
    """From when on time alone closes it: the end of what must wait."""
    return clock.earliest_at if clock.limit.kind == "at_least" else None


def bring_up(now: datetime) -> int:
    """Reckon anew whatever the record says more of since it was reckoned last; the act's number up to which it is.

    Two that come at once wait for each other, so that no act is left out.
    """
    latest = latest_known()
    if rows(NOTHING_NEW, now, latest, _quarter(now) * QUARTER):
        return latest
    with transaction.atomic():
        reckoned = _reckoned(now)
        since = reckoned.number
        between = (since, latest)
        things = {row[0] for row in rows(CHANGED, *between, *between, now, now)}
        sites = _new_day(reckoned.at, now)
        if latest > since:
            shared = sorted(load_standards().shared_events)
            sites += [row[0] for row in rows(SITES, *between, *between, *between, shared)]
        if sites:
            things |= set(queries.persons_of(sites))
        if things:
            _reckon(sorted(things), now)
        if latest > since or sites or _quarter(now) != _quarter(reckoned.at):
            reckoned.number, reckoned.at = max(latest, since), now
            reckoned.save()
    return max(latest, since)


def reckon_all(now: datetime) -> int:
    """Reckon every person's clocks anew, whatever was reckoned; how many are open."""
    latest = latest_known()
    with transaction.atomic():
        reckoned = _reckoned(now)
        OpenClock.objects.all().delete()
        things = Thing.objects.filter(kind=Thing.Kind.PERSON).order_by("pk").values_list("pk", flat=True)
        _reckon(list(things), now, emptied=True)
        reckoned.number, reckoned.at = max(latest, reckoned.number), now
        reckoned.save()
    return OpenClock.objects.count()


def _reckoned(now: datetime) -> Reckoned:
    """The row that says how far it is reckoned, locked until commit."""
    Reckoned.objects.get_or_create(pk=1, defaults={"number": 0, "at": now})
    return Reckoned.objects.select_for_update().get(pk=1)


def _new_day(since: datetime, now: datetime) -> list[str]:
    """The sites at which a day has begun, of those that owe persons something so many times a day: with it a clock begins."""
    if _quarter(since) == _quarter(now):
        return []  # midnight is at a full hour, or at a quarter of one
    return [
        code
        for code, at_site in queries.rules_of(Site.objects.all()).items()
        if any(held.rule.limit.times for held in at_site.persons)
        and since.astimezone(at_site.place.zone).date() != now.astimezone(at_site.place.zone).date()
    ]


def _quarter(moment: datetime) -> int:
    return int(moment.timestamp() // QUARTER)


def _reckon(things: Sequence[UUID], now: datetime, *, emptied: bool = False) -> None:
    rules = None if len(things) < FEW else queries.rules_of(Site.objects.all(), on=now.date())
    left = iter(things)
    while chunk := list(islice(left, CHUNK)):
        if not emptied:
            OpenClock.objects.filter(thing__in=bulk.any_of(chunk)).delete()
        bulk.add(OpenClock, list(_open_clocks(chunk, now, rules)))


@dataclass(frozen=True)
class Due:
    """One open clock on a list: whose, by which rule, and how it stands in words."""

    site: str
    tag: str | None  # None: of the site itself
    thing: UUID | None
    clock: Clock


@dataclass(frozen=True)
class DueList:
    """What is due at some sites within a time, the earliest first; what is late stands first of all.

    `rows` are at most `LONGEST`; `count` says how many there are. `open_without_number` counts what is owed without a number, or
    stands still. `asks` are rules whose number no recorded contract gives, by site.
    """

    rows: list[Due]
    count: int
    open_without_number: int
    asks: list[tuple[str, str]]
    known_at: int


def due_list(
    actor: Actor,
    *,
    now: datetime,
    within: timedelta,
    sites: Sequence[str] | None = None,
    responsible: str = "",
) -> DueList:
    """What is due within a time at the sites that the actor may see, or at some of them. Raises NotFound for one that is not."""
    seen = {site.pk: site for site in queries.sites_for(actor)}
    for code in sites or ():
        if code not in seen:
            raise NotFound(kind="site", name=code)
    known_at = bring_up(now)
    codes = sorted(seen if sites is None else set(sites))
    until = now + within
    found = [_due(row, now) for row in rows(DUE, codes, until, responsible, responsible, LONGEST)]
    count, without = rows(HOW_MANY, until, codes, responsible, responsible)[0]
    of_sites, asks = _of_sites([seen[code] for code in codes], now, responsible)
    due = [each for each in of_sites if each.clock.due_at and each.clock.due_at <= until]
    return DueList(
        rows=sorted([*found, *due], key=_order)[:LONGEST],
        count=count + len(due),
        open_without_number=without + sum(each.clock.due_at is None for each in of_sites),
        asks=asks,
        known_at=known_at,
    )


def _order(due: Due) -> tuple[datetime, str, str, str]:
    assert due.clock.due_at
    return due.clock.due_at, due.site, due.tag or "", due.clock.rule.id


def _due(row: tuple[Any, ...], now: datetime) -> Due:
    """A row of the table as the clock that it is a copy of, read at `now`."""
    site, tag, thing, pack, name, by, _, state, started_at, due_at, breach_at = row
    rule = load_standards().by_id[pack].rules[name]
    limit = next((each.limit for each in rule.variants if each.id == by), rule.limit)
    late = state == "running" and breach_at is not None and now > breach_at
    clock = Clock(
        rule=rule, by=by, limit=limit, started_at=started_at, as_of=now, state="breached" if late else state,
        due_at=due_at, breach_at=breach_at,
    )  # fmt: skip
    return Due(site, tag, thing, clock)


def _of_sites(
    sites: Sequence[Site], now: datetime, responsible: str
) -> tuple[list[Due], list[tuple[str, str]]]:
    """The open clocks of the sites themselves, and what their contracts do not say."""
    rules = {code: each for code, each in queries.rules_of(sites, on=now.date()).items() if each.itself}
    told = queries.told_of_sites(rules, latest=LATEST) if rules else {}
    found = [
        Due(code, None, None, clock)
        for code, at_site in rules.items()
        for clock in at_site.site_clocks(told.get(code, []), now=now, latest_only=True)
        if clock.is_open and responsible in ("", clock.rule.responsible)
    ]
    return found, [(code, rule.id) for code, at_site in rules.items() for rule in at_site.asks]


def counts_of(sites: Iterable[Site], now: datetime, *, latest_only: bool = True) -> dict[str, list[Clock]]:
    """The clocks of headcounts of these sites, by code, in the order of when each is due; without `latest_only` the earlier ones too.

    A site that owes none, or whose contract does not say how often, is left out.
    """
    rules = {code: each.stopped_by(COUNTS) for code, each in queries.rules_of(sites, on=now.date()).items()}
    rules = {code: each for code, each in rules.items() if each.itself}
    told = queries.told_of_sites(rules, latest=LATEST) if rules else {}
    found = {
        code: [
            clock for clock in at_site.site_clocks(told.get(code, []), now=now, latest_only=latest_only) if clock.due_at
        ]
        for code, at_site in rules.items()
    }  # fmt: skip
    return {
        code: sorted(clocks, key=lambda each: each.due_at or now) for code, clocks in found.items() if clocks
    }


def due_of(
    actor: Actor,
    *,
    now: datetime,
    within: timedelta,
    sites: Sequence[str] | None = None,
    responsible: str = "",
) -> dict[str, Any]:
    """The same as the API and the command line give it. Raises NotFound."""
    found = due_list(actor, now=now, within=within, sites=sites, responsible=responsible)
    return {
        "as_of": now.isoformat(),
        "known_at": found.known_at,
        "count": found.count,
        "open_without_number": found.open_without_number,
        "asks": [{"site": site, "rule": rule} for site, rule in found.asks],
        "due": [queries.told_as(each.clock, site=each.site, tag=each.tag) for each in found.rows],
    }
