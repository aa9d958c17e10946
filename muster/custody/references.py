"""Whom a site's lists name: the holding agency's references, kept as keyed hashes, and the stays of these persons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.utils.crypto import salted_hmac

from muster.core.tags import MOST_TAGS, make_tag
from muster.custody import queries
from muster.custody.models import ListedStay, Reference
from muster.custody.rosters import RosterList, Stay
from muster.ledger.models import Thing
from muster.ledger.writing import outside, things_of
from muster.parties.models import Site
from muster.record.models import Act


@dataclass(frozen=True)
class Known:
    """The persons of some lists of a site, and those whom earlier lists named."""

    digests: dict[str, str]  # of every person of the lists, by reference
    things: dict[
        str, UUID
    ]  # of who is known, by reference, or by digest where the lists do not have the person

    def new(self) -> list[str]:
        """The references that nobody has had yet."""
        return sorted(set(self.digests) - set(self.things))


def known(site: Site, lists: Iterable[RosterList]) -> Known:
    """Look the persons of the lists up."""
    digests = {
        person: _digest(site, person) for person in {line.person for each in lists for line in each.lines}
    }
    persons = {digest: person for person, digest in digests.items()}
    kept = Reference.objects.filter(site=site).values_list("digest", "thing_id")
    return Known(digests, {persons.get(digest, digest): thing for digest, thing in kept})


def name_new(site: Site, persons: Known, *, act: Act) -> dict[str, UUID]:
    """Make things of those who are new, with tags of their own; all things by reference."""
    tags: dict[str, str] = {}
    for person in persons.new():
        number = int(persons.digests[person], 16) % MOST_TAGS
        while make_tag(number) in tags.values() or Thing.objects.filter(tag=make_tag(number)).exists():
            number = (number + 1) % MOST_TAGS
        tags[person] = make_tag(number)
    made = things_of(list(tags.values()), act=act, kind=Thing.Kind.PERSON, origin=outside(act=act))
    Reference.objects.bulk_create(
        Reference(act=act, site=site, digest=persons.digests[person], thing=thing)
        for person, thing in zip(tags, made, strict=True)
    )
    return persons.things | {person: thing.pk for person, thing in zip(tags, made, strict=True)}


def stays(site: Site, things: Mapping[str, UUID]) -> dict[str, tuple[Stay, ...]]:
    """The stays at the site as the ledger has them now, by the persons' names in `things`."""
    ids = list(things.values())
    stated = ListedStay.objects.filter(thing__in=ids).values_list("thing_id", "n", "admitted_at")
    admissions = {(thing, n): admitted_at for thing, n, admitted_at in stated}
    entries = queries.live_entries(ids)
    return {name: _stays(site, entries[thing], admissions) for name, thing in things.items()}


def _stays(
    site: Site, entries: Sequence[queries.LiveEntry], admissions: Mapping[tuple[UUID, int], datetime]
) -> tuple[Stay, ...]:
    found: list[Stay] = []
    for entry in entries:
        if entry.receiver__site == site.code:
            found.append(Stay(admissions[entry.thing_id, entry.n], entry.happened_at))
        elif entry.giver__site == site.code:
            found[-1] = replace(found[-1], departed_at=entry.happened_at, departed_after=entry.earliest_at)
    return tuple(found)


def _digest(site: Site, person: str) -> str:
    """The keyed hash of a reference: nobody without the server's key can try nine-digit numbers until one fits."""
    return salted_hmac("muster.custody.reference", f"{site.code}\0{person}", algorithm="sha256").hexdigest()
