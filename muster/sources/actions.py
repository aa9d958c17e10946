"""Keeping claims and sites that a file brings, each file in one act."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from uuid import NAMESPACE_URL, uuid5

from muster.access.control import Actor, Scope
from muster.core.errors import MusterError
from muster.core.quantity import Quantity
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act
from muster.sources.models import Claim, Source
from muster.sources.rules import ClaimRow, FacilityRow


class SaidOtherwise(MusterError):
    """A claim of that id is in the record with other words: claims are never changed."""

    code = "sources.said_otherwise"
    status = 409

    def __init__(self, *, claims: list[str]) -> None:
        self.claims = claims
        super().__init__(
            f"{', '.join(claims)}: in the record with other contents. What was claimed stays; give the new claim its own id."
        )


@dataclass(frozen=True)
class Imported:
    """How many rows were new, and how many the record had already."""

    new: int
    known: int


def _everything() -> tuple[Scope, None]:
    return Scope("record", "the record"), None


@action("sources.import_claims", about=_everything)
def import_claims(*, act: Act, row: None, actor: Actor, claims: list[ClaimRow]) -> Imported:
    """Keep claims and their sources. A claim that is there already is left alone. Raises SaidOtherwise."""
    there = {
        claim.id: claim
        for claim in Claim.objects.filter(id__in=[c.id for c in claims]).select_related("source")
    }
    if changed := sorted(c.id for c in claims if c.id in there and not _same(c, there[c.id])):
        raise SaidOtherwise(claims=changed)
    new = [claim for claim in claims if claim.id not in there]
    sources = {uuid5(NAMESPACE_URL, claim.url): claim for claim in new}
    known = set(Source.objects.filter(id__in=sources).values_list("id", flat=True))
    Source.objects.bulk_create(
        Source(act=act, id=key, publisher=claim.publisher, url=claim.url)
        for key, claim in sources.items()
        if key not in known
    )
    Claim.objects.bulk_create(
        Claim(act=act, id=c.id, mission=c.mission, place=c.place, metric=c.metric, quantity=c.quantity.to_json() if c.quantity else None,
              as_of=c.as_of, note=c.note, source_id=uuid5(NAMESPACE_URL, c.url))
        for c in new
    )  # fmt: skip
    return Imported(len(new), len(claims) - len(new))


def _same(given: ClaimRow, kept: Claim) -> bool:
    quantity = Quantity.from_json(kept.quantity) if kept.quantity else None
    said = (given.mission, given.place, given.metric, given.quantity, given.as_of, given.note, given.url)
    return said == (kept.mission, kept.place, kept.metric, quantity, kept.as_of, kept.note, kept.source.url)


@action("sources.import_facilities", about=_everything)
def import_facilities(*, act: Act, row: None, actor: Actor, sites: list[FacilityRow]) -> Imported:
    """Keep sites; one that is there already is left as it is: its own people may know better than a list."""
    there = set(Site.objects.filter(code__in=[site.code for site in sites]).values_list("code", flat=True))
    new = [site for site in sites if site.code not in there]
    Site.objects.bulk_create(Site(**asdict(site)) for site in new)
    return Imported(len(new), len(sites) - len(new))
