"""Whom a file names: the holding agency's references, kept as keyed hashes, and the stays of these persons at a site."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from muster.core.tags import MOST_TAGS, make_tag
from muster.custody import queries
from muster.custody.events import is_tag
from muster.custody.models import ListedStay, Merge, Reference
from muster.custody.rosters import RosterList, Stay
from muster.ledger import bulk
from muster.ledger.models import Thing
from muster.ledger.writing import outside, things_of
from muster.parties.models import Site
from muster.record.models import Act

# Held by whoever looks references up, beside others; by whoever disposes of one, alone.
LOCK = 7316490114  # all such numbers: record/README.md


@dataclass(frozen=True)
class Known:
    """The persons of some lists of a site, and those whom earlier lists named."""

    digests: dict[str, str]  # of every person of the lists, by reference
    # Of who is known, by reference; by digest where the lists do not have the person, by its id where that is gone.
    things: dict[str, UUID]

    def concerned(self, site: Site) -> dict[str, UUID]:
        """Those whom the lists can change: who stands on one, and who is at the site."""
        here = set(queries.present(site.code).values_list("pk", flat=True))
        return {name: thing for name, thing in self.things.items() if name in self.digests or thing in here}

    def new(self) -> list[str]:
        """The references that nobody has had yet."""
        return sorted(set(self.digests) - set(self.things))


def known(site: Site, lists: Iterable[RosterList]) -> Known:
    """Look the persons of the lists up. No reference is disposed of until the transaction ends."""
    keep_disposals_waiting()
    digests = {
        person: digest_of(site, person) for person in {line.person for each in lists for line in each.lines}
    }
    persons = {digest: person for person, digest in digests.items()}
    kept = Reference.objects.filter(site=site).values_list("digest", "thing_id")
    return Known(digests, {_known_as(persons, digest, thing): thing for digest, thing in kept})


def _known_as(persons: Mapping[str, str], digest: str | None, thing: UUID) -> str:
    """Who has no reference any more is known as the thing: the next list, which cannot have it, says that it has left."""
    return persons.get(digest, digest) if digest else str(thing)


def name_new(site: Site, persons: Known, *, act: Act) -> dict[str, UUID]:
    """Make things of those who are new, with tags of their own; all things by reference."""
    digests = {person: persons.digests[person] for person in persons.new()}
    return persons.things | _name(digests, site, act=act)


def _name(
    digests: Mapping[str, str], site: Site | None, *, act: Act, taken: Collection[str] = ()
) -> dict[str, UUID]:
    """Make things of the persons of these references, each with a tag that is none of those taken.

    The references are written in the order of the tags, which was drawn: theirs would tell between which others one lies.
    """
    tags = draw_tags(digests, taken=taken)
    made = things_of(list(tags.values()), act=act, kind=Thing.Kind.PERSON, origin=outside(act=act))
    named = dict(zip(tags, made, strict=True))
    code = site.code if site else None
    in_order = sorted(named, key=tags.__getitem__)
    bulk.add(Reference, [_Named(act.pk, code, digests[one], named[one].pk) for one in in_order])
    return {person: thing.pk for person, thing in named.items()}


class _Named(NamedTuple):
    """A reference as it is written, its columns by name."""

    act_id: UUID
    site_id: str | None
    digest: str
    thing_id: UUID


def draw_tags(persons: Collection[str], *, taken: Collection[str] = ()) -> dict[str, str]:
    """A tag for each person, drawn at random: one made from the reference would give it away."""
    tags: dict[str, str] = {}
    used = set(taken)
    while missing := [person for person in persons if person not in tags]:
        drawn = {person: make_tag(secrets.randbelow(MOST_TAGS)) for person in missing}
        used |= set(
            Thing.objects.filter(tag__in=bulk.any_text_of(drawn.values())).values_list("tag", flat=True)
        )
        for person, tag in drawn.items():
            if tag not in used:
                used.add(tag)
                tags[person] = tag
    return tags


def stays(site: Site, things: Mapping[str, UUID]) -> dict[str, tuple[Stay, ...]]:
    """The stays at the site as the ledger has them now, by the persons' names in `things`."""
    ids = list(things.values())
    stated = ListedStay.objects.filter(thing__in=bulk.any_of(ids)).values_list("thing_id", "n", "admitted_at")
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


def things_named(persons: Collection[str]) -> dict[str, UUID]:
    """The things of those persons of a file who are known, by tag or by a reference that is the same at every site.

    Where a record was merged into another, that other one. No reference is disposed of until the transaction ends.
    """
    keep_disposals_waiting()
    found = dict(_tagged(persons).filter(kind=Thing.Kind.PERSON).values_list("tag", "pk"))
    by_digest = {digest_of(None, person): person for person in persons if not is_tag(person)}
    kept = Reference.objects.filter(site__isnull=True, digest__in=bulk.any_text_of(by_digest))
    found |= {by_digest[digest]: thing for digest, thing in kept.values_list("digest", "thing_id") if digest}
    merged = dict(Merge.objects.filter(undone__isnull=True).values_list("duplicate_id", "survivor_id"))
    return {person: _survivor(thing, merged) for person, thing in found.items()}


def keep_disposals_waiting() -> None:
    """What a list or a file leaves is there when a disposal looks for it, or is not made of the reference any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])


def wait_for_those_who_look_up() -> None:
    """Wait until nobody has looked references up in an open transaction, and keep others from it until this one ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def not_persons(persons: Collection[str]) -> set[str]:
    """The tags among them that are a vehicle's, a bag's or the like."""
    return set(_tagged(persons).exclude(kind=Thing.Kind.PERSON).values_list("tag", flat=True))


def _tagged(persons: Collection[str]) -> QuerySet[Thing]:
    return Thing.objects.filter(tag__in=bulk.any_text_of([person for person in persons if is_tag(person)]))


def _survivor(thing: UUID, merged: Mapping[UUID, UUID]) -> UUID:
    while thing in merged:
        thing = merged[thing]
    return thing


def name_persons(persons: Collection[str], *, act: Act) -> dict[str, UUID]:
    """Make things of persons of a file whom nobody has named before, under their tags or tags newly drawn."""
    tags = [person for person in persons if is_tag(person)]
    made = things_of(tags, act=act, kind=Thing.Kind.PERSON, origin=outside(act=act))
    digests = {person: digest_of(None, person) for person in sorted(persons) if not is_tag(person)}
    return dict(zip(tags, (thing.pk for thing in made), strict=True)) | _name(
        digests, None, act=act, taken=tags
    )


def digest_of(site: Site | None, person: str) -> str:
    """The keyed hash of a reference: nobody without the server's key can try nine-digit numbers until one fits."""
    where = site.code if site else ""
    return hmac.digest(_key(settings.SECRET_KEY), f"{where}\0{person}".encode(), "sha256").hex()


@cache
def _key(secret: str) -> bytes:
    """The key of these hashes, made as Django's `salted_hmac` makes it."""
    return hashlib.sha256(f"muster.custody.reference{secret}".encode()).digest()
