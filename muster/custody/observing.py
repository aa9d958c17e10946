"""A list at a site kept by Muster is an observation: it is compared with the record, and writes no entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from muster.core.tags import TagMisread, parse_tag
from muster.core.times import end_of_day, start_of_day, zone
from muster.custody import queries
from muster.custody.models import Difference
from muster.custody.reports import differ
from muster.custody.rosters import RosterList
from muster.ledger.models import Entry, Thing
from muster.parties.models import Site
from muster.record.models import Act

Kind = Difference.Kind


@dataclass(frozen=True)
class Observation:
    """Where a list and the record differ, by what is sure whatever the hour of the list on its day."""

    not_held: list[Thing]  # listed, and held here at no moment of the day
    unknown_rows: list[int]  # listed, and nobody whom the record knows
    not_listed: list[Thing]  # held here all day, as far as it has gone
    part_of_the_day: int  # not listed, and held here for a part of the day: the list may be right

    def kinds(self) -> Counter[str]:
        """How many persons there are of each kind of notice."""
        return +Counter(
            {
                Kind.LISTED_NOT_HELD.value: len(self.not_held) + len(self.unknown_rows),
                Kind.HELD_NOT_LISTED.value: len(self.not_listed),
                "here_part_of_the_day": self.part_of_the_day,
            }
        )


def compare(site: Site, roster: RosterList, known: Mapping[str, UUID]) -> Observation:
    """Compare a list with the record as it is now. `known` gives the things of references that the site has named.

    Whoever is not among them is looked for by tag: a list may name persons by what is on their wristbands.
    """
    listed: dict[UUID, None] = {}
    unknown: dict[str, int] = {}
    by_tag = things_by_tag(roster)
    for line in roster.lines:
        thing = known.get(line.person) or by_tag.get(line.person)
        if thing:
            listed[thing] = None
        else:
            unknown.setdefault(line.person, line.row)
    where = zone(site.zone)
    present = _presence(site, start_of_day(roster.listed, where), end_of_day(roster.listed, where))
    missing = [thing for thing in present if thing not in listed]
    return Observation(
        not_held=_things([thing for thing in listed if thing not in present]),
        unknown_rows=sorted(unknown.values()),
        not_listed=_things([thing for thing in missing if present[thing] == "all day"]),
        part_of_the_day=sum(present[thing] == "part of the day" for thing in missing),
    )


def keep(seen: Observation, *, act: Act, site: Site, roster: RosterList) -> None:
    """Open a difference for each person, but for those of whom the same one is open already.

    Those whom the record does not know share one, which names their rows: their references are not kept.
    """
    at = min(end_of_day(roster.listed, zone(site.zone)), timezone.now())
    told = set(queries.open_differences([site.code]).values_list("kind", "thing_id"))
    day = f"List of {roster.listed}"
    for thing in seen.not_held:
        if (Kind.LISTED_NOT_HELD.value, thing.pk) not in told:
            words = f"{day}: {thing} is on it, and by the record was not held here at any time of that day."
            differ(act, site, Kind.LISTED_NOT_HELD, words, at, thing=thing)
    if rows := seen.unknown_rows:
        named = f"row{'s' * (len(rows) > 1)} {', '.join(map(str, rows))} of the file"
        words = f"{day}: the record knows nobody of {named}."
        differ(act, site, Kind.LISTED_NOT_HELD, words, at)
    for thing in seen.not_listed:
        if (Kind.HELD_NOT_LISTED.value, thing.pk) not in told:
            words = f"{day}: {thing} is not on it by tag or known reference, and by the record was here all that day."
            differ(act, site, Kind.HELD_NOT_LISTED, words, at, thing=thing)


def things_by_tag(roster: RosterList) -> dict[str, UUID]:
    """The things of those lines that name a tag, by what the line says."""
    tags: dict[str, str] = {}
    for line in roster.lines:
        try:
            tags[line.person] = parse_tag(line.person)
        except TagMisread:
            continue
    found = dict(Thing.objects.filter(kind=Thing.Kind.PERSON, tag__in=tags.values()).values_list("tag", "pk"))
    return {person: found[tag] for person, tag in tags.items() if tag in found}


def _presence(site: Site, start: datetime, end: datetime) -> dict[UUID, str]:
    """Who was held at the site between two moments, both included: "all day", or "part of the day"."""
    been_here = Entry.objects.filter(receiver__site=site.code, thing__kind=Thing.Kind.PERSON).values(
        "thing_id"
    )
    found: dict[UUID, str] = {}
    for thing, entries in queries.live_entries(been_here).items():
        since: datetime | None = None
        for entry in entries:
            if entry.receiver__site == site.code:
                since = since or entry.happened_at
            elif since:
                _note(found, thing, since, entry.happened_at, start, end)
                since = None
        if since:
            _note(found, thing, since, None, start, end)
    return found


def _note(
    found: dict[UUID, str], thing: UUID, since: datetime, until: datetime | None, start: datetime, end: datetime
) -> None:  # fmt: skip
    if since <= start and (until is None or until > end):
        found[thing] = "all day"
    elif since <= end and (until is None or until >= start):
        found[thing] = "part of the day"


def _things(ids: list[UUID]) -> list[Thing]:
    return list(Thing.objects.filter(pk__in=ids).order_by("tag"))
