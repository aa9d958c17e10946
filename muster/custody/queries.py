"""Who is at a site, what is on offer to it, and what waits to be settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from muster.access.control import Actor, Scope, may, one_of, visible
from muster.core.errors import NotFound
from muster.core.times import parse_moment, zone
from muster.custody.models import Difference, Incident, IncidentClosed, Settled
from muster.custody.rules import LAPSES_AFTER
from muster.ledger import bulk
from muster.ledger import queries as ledger
from muster.ledger.models import Entry, Handover, Head, Holder, Thing
from muster.ledger.writing import live_stack
from muster.parties.models import Site


def scope_of(site: Site) -> Scope:
    """Where the records of a site belong."""
    return Scope("site", site.code, site.organisation_id, site.code)


def scope_of_holder(holder: Holder) -> Scope:
    """Where what a holder signs belongs: a trip's to its organisation, a site's to the site too."""
    return Scope(holder.kind, holder.code, holder.organisation or None, holder.site or None)


def can_lapse(handover: Handover, now: datetime) -> bool:
    """Whether an open offer has waited so long that its giver's side may let it lapse."""
    return now >= handover.offered_act.recorded_at + LAPSES_AFTER


def site_for(actor: Actor, code: str) -> Site:
    """The site, for those who may see it. Raises NotFound."""
    return one_of(visible(actor, Site.objects.all()), "site", code)


def site_for_change(site: str) -> Site:
    """The site, locked until commit. Raises NotFound."""
    found = Site.objects.select_for_update().filter(code=site).first()
    if found is None:
        raise NotFound(kind="site", name=site)
    return found


def present(site: str) -> QuerySet[Thing]:
    """The persons whom the site holds now, by tag."""
    return Thing.objects.filter(kind=Thing.Kind.PERSON, head__holder__site=site).order_by("tag")


def offers_to(site: str) -> QuerySet[Handover]:
    """The open handovers to a site, the oldest first."""
    return Handover.objects.filter(state=Handover.State.OFFERED, receiver__site=site).order_by("id")


def offers_from(site: str) -> QuerySet[Handover]:
    """The open handovers that a site offers, the oldest first."""
    return Handover.objects.filter(state=Handover.State.OFFERED, giver__site=site).order_by("id")


def listed_on(handover: Handover) -> tuple[list[str], list[str]]:
    """What is open on a handover, by tag: the persons and all else that is no bag, and the bags."""
    rows = handover.offers.filter(open=True).order_by("thing__tag").values_list("thing__tag", "thing__kind")
    listed = list(rows)
    bags = [tag for tag, kind in listed if kind == Thing.Kind.PROPERTY]
    return [tag for tag, kind in listed if kind != Thing.Kind.PROPERTY], bags


def things_held() -> dict[tuple[UUID, str], dict[str, int]]:
    """How many vehicles and pieces of property each holder has now, by its id and site."""
    counted = Head.objects.filter(thing__kind__in=(Thing.Kind.VEHICLE, Thing.Kind.PROPERTY))
    rows = counted.values_list("holder", "holder__site", "thing__kind").annotate(count=Count("thing"))
    found: dict[tuple[UUID, str], dict[str, int]] = defaultdict(dict)
    for holder, site, kind, count in rows:
        found[holder, site][kind] = count
    return found


def open_differences(sites: Sequence[str], known_at: int | None = None) -> QuerySet[Difference]:
    """What waits to be settled at these sites, the oldest first, as known at an act's number; None: by all committed."""
    rows = Difference.objects.filter(site__in=sites).order_by("id")
    if known_at is None:
        return rows.filter(settled__isnull=True)
    settled = Settled.objects.filter(act__number__number__lte=known_at)
    return rows.filter(act__number__number__lte=known_at).exclude(pk__in=settled.values("difference"))


def heads(things: Sequence[Thing]) -> list[Head]:
    """Where each of the things is now, in their order."""
    found = {
        head.thing_id: head
        for head in Head.objects.select_related("thing", "holder").filter(thing__in=things)
    }
    return [found[thing.pk] for thing in things]


class LiveEntry(NamedTuple):
    """What the reader of a stay needs of an entry."""

    thing_id: UUID
    n: int
    base: int
    happened_at: datetime
    earliest_at: datetime | None
    giver__site: str
    receiver__site: str


def live_entries(things: Collection[UUID] | QuerySet[Any]) -> dict[UUID, list[LiveEntry]]:
    """The live entries of each of the things, by id, the earliest first. `things` are ids, or a query of them."""
    ids = things if isinstance(things, QuerySet) else bulk.any_of(things)
    entries: dict[UUID, dict[int, LiveEntry]] = defaultdict(dict)
    for row in Entry.objects.filter(thing__in=ids).values_list(*LiveEntry._fields):
        entry = LiveEntry(*row)
        entries[entry.thing_id][entry.n] = entry
    tops = Head.objects.filter(thing__in=ids).values_list("thing_id", "top")
    return {thing: live_stack(entries[thing], top)[::-1] for thing, top in tops}


def kept_by_muster(site: Site) -> bool:
    """Whether the site's people record what happens there: it has no list, and something is recorded."""
    return site.kept_by_list_since is None and Holder.objects.filter(site=site.code).exists()


def census_of(at: str, *, site: str | None = None, known_at: str | None = None) -> dict[str, Any]:
    """The census as the command line and the API give it: `at` is a moment or a day, which ends in each site's own zone.

    `known_at` is an act's number, or a moment: the last act before it. Without it, what is known now.

    Raises NotFound, NotAMoment, NotAZone.
    """
    sites = list(Site.objects.filter(code=site) if site else Site.objects.all())
    if site and not sites:
        raise NotFound(kind="site", name=site)
    known = ledger.known(known_at)
    zones = sorted({place.zone for place in sites} or {"UTC"})
    moments = {name: parse_moment(at, zone(name)) for name in zones}
    counts: dict[str, int] = {}
    for name, moment in moments.items():
        there = {place.code for place in sites if place.zone == name}
        found = ledger.census(moment, known, site=site).sites
        counts |= {code: count for code, count in found.items() if code in there}
    said = {moment.isoformat() for moment in moments.values()}
    return {
        "at": said.pop() if len(said) == 1 else at,
        "known_at": known,
        "total": sum(counts.values()),
        "sites": [{"site": code, "count": counts[code]} for code in sorted(counts)],
    }


def totals_of(
    at: str, *, by: ledger.By, sites: Sequence[str] | None = None, known_at: str | None = None
) -> dict[str, Any]:
    """The persons by holder, mission or state; of these sites alone where they are named.

    A bare day ends in the zone that the sites have in common, else in UTC. Raises NotFound, NotAMoment.
    """
    places = list(Site.objects.all() if sites is None else Site.objects.filter(code__in=sites))
    for missing in sorted(set(sites or ()) - {place.code for place in places}):
        raise NotFound(kind="site", name=missing)
    zones = {place.zone for place in places}
    moment = parse_moment(at, zone(zones.pop() if len(zones) == 1 else "UTC"))
    found = ledger.totals(moment, ledger.known(known_at), by=by, sites=sites)
    totals = [{"name": name, "count": count} for name, count in sorted(found.counts.items())]
    return {
        "at": moment.isoformat(),
        "known_at": found.known_at,
        "by": by,
        "total": sum(found.counts.values()),
        "totals": totals,
    }


@dataclass(frozen=True)
class IncidentCount:
    """The incidents of one kind: all that were ever reported, how many are open, and how many are found not to have happened."""

    kind: str
    words: str
    count: int
    open: int
    not_so: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def incidents(*, sites: Collection[str] | None = None, mission: str = "") -> QuerySet[Incident]:
    """The incidents at these sites, or that befell somebody held under a mission; without either all, the latest first."""
    rows = Incident.objects.all() if sites is None else Incident.objects.filter(site__in=sites)
    if mission:
        rows = rows.filter(persons__mission=mission).distinct()
    return rows.order_by("-at", "-pk")


def count_incidents(rows: QuerySet[Incident]) -> list[IncidentCount]:
    """So many of these by kind, every kind with its number: nothing leaves one out, nor what was found not to have happened."""
    ids = Incident.objects.filter(pk__in=rows.order_by().values("pk"))
    found = {
        kind: (count, opened, not_so)
        for kind, count, opened, not_so in ids.values_list("kind").annotate(
            count=Count("pk"), opened=Count("pk", filter=Q(closed__isnull=True)),
            not_so=Count("pk", filter=Q(closed__outcome=IncidentClosed.Outcome.NOT_SO)),
        )
    }  # fmt: skip
    return [
        IncidentCount(kind.value, kind.label, *found.get(kind.value, (0, 0, 0))) for kind in Incident.Kind
    ]


def incidents_told(actor: Actor, sites: Collection[Site], *, mission: str = "", limit: int) -> dict[str, Any]:
    """The incidents at these sites as the API gives them: each of those that the actor may read, and all of them counted."""
    readable = [site.pk for site in sites if may(actor, "custody.read_incidents", scope_of(site))]
    counts = count_incidents(incidents(sites=[site.pk for site in sites], mission=mission))
    rows = incidents(sites=readable, mission=mission).select_related("area", "closed", "confirmed")
    return {
        "counts": [each.to_json() for each in counts],
        "incidents": [_incident(row) for row in rows.prefetch_related("persons__thing")[:limit]],
    }


def _incident(row: Incident) -> dict[str, Any]:
    return {
        "incident": str(row.pk), "site": row.site_id, "number": row.number, "kind": row.kind, "at": row.at.isoformat(),
        "last_seen_at": row.last_seen_at and row.last_seen_at.isoformat(), "area": row.area and row.area.code, "serious": row.serious,
        "words": row.words, "reported_by": row.reported_by, "paper": row.paper, "count": row.count_id,
        "persons": sorted(each.thing.tag for each in row.persons.all()),
        "confirmed": hasattr(row, "confirmed") if row.kind in Incident.LEAVING else None,
        "outcome": row.closed.outcome if hasattr(row, "closed") else None,
    }  # fmt: skip
