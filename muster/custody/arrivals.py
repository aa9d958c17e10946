"""How somebody stands towards a site whose tag is read as they come: expected, or not, and what the record has of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from muster.core.tags import parse_tag
from muster.custody.merging import merged_into
from muster.ledger.models import Handover, Holder, Offer, Thing
from muster.parties.models import Site

State = Literal["offered", "unexpected", "elsewhere", "here", "in_use"]


@dataclass(frozen=True)
class Arriving:
    """One tag that is read at a site as its person comes.

    `offered`: it stands on the open offer `handover` to the site. `unexpected`: nobody offered it, and nobody holds it; without a
    `thing` the record has never had it. `elsewhere`: another holds it by the record and has not offered it. `here`: the site
    holds it, since `since`. `in_use`: no person's that comes; it is on a bag, or on a record that was merged `into` another.
    """

    tag: str
    state: State
    thing: Thing | None = None
    handover: Handover | None = None
    since: datetime | None = None
    into: str = ""


def arriving(site: Site, tag: str) -> Arriving:
    """How the person of one tag stands towards the site. Raises TagMisread."""
    return arriving_all(site, [parse_tag(tag)])[0]


def arriving_all(site: Site, tags: Sequence[str]) -> list[Arriving]:
    """The same of many tags as printed, in their order."""
    rows = Thing.objects.select_related("head__holder").filter(tag__in=tags)
    things = {thing.tag: thing for thing in rows}
    offers = _offers_to(site, tags)
    return [_arriving(site, tag, things.get(tag), offers.get(tag)) for tag in tags]


def _offers_to(site: Site, tags: Collection[str]) -> dict[str, Handover]:
    rows = Offer.objects.filter(
        thing__tag__in=tags, open=True, handover__state=Handover.State.OFFERED, handover__receiver__site=site.pk
    ).select_related("thing", "handover__giver", "handover__receiver")  # fmt: skip
    return {row.thing.tag: row.handover for row in rows}


def _arriving(site: Site, tag: str, thing: Thing | None, offer: Handover | None) -> Arriving:
    if thing is None:
        return Arriving(tag, "unexpected")
    if thing.kind != Thing.Kind.PERSON:
        return Arriving(tag, "in_use", thing)
    if into := merged_into(thing):
        return Arriving(tag, "in_use", thing, into=into.tag)
    if thing.head.holder.site == site.pk:
        return Arriving(tag, "here", thing, since=thing.head.happened_at)
    if offer:
        return Arriving(tag, "offered", thing, offer)
    return Arriving(
        tag, "unexpected" if thing.head.holder.kind == Holder.Kind.OUTSIDE else "elsewhere", thing
    )
