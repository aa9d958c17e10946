"""Keeping claims and sites that a file brings, each file in one act."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field

from muster.access.control import Actor
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.quantity import Quantity
from muster.parties.models import Site
from muster.record.action import action, the_record
from muster.record.models import Act
from muster.sources.models import Claim, File, Source, Statement
from muster.sources.rules import METRICS, PLACE, ClaimRow, FacilityRow, is_as_of

Code = Annotated[str, Field(min_length=1, max_length=40)]
Mission = Annotated[str, Field(min_length=1, max_length=60)]
Name = Annotated[str, Field(max_length=200)]
Words = Annotated[str, Field(max_length=4000)]
Day = Annotated[str, Field(max_length=10)]


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
class Said:
    """The id under which it stands in the record."""

    id: str


@dataclass(frozen=True)
class SourceGiven:
    """Where something was read. One of `title` and `url` at least; `published` a day, a month, or empty.

    `mark` says how: C in a primary text, S in a secondary source only, GK general knowledge; empty: not marked.
    """

    publisher: str
    title: str = ""
    published: str = ""
    url: str = ""
    mark: Literal["", "C", "S", "GK"] = ""


@dataclass(frozen=True)
class Imported:
    """How many rows were new, and how many the record had already."""

    new: int
    known: int


@action("sources.import_claims", about=the_record)
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


@action("sources.import_facilities", about=the_record)
def import_facilities(*, act: Act, row: None, actor: Actor, sites: list[FacilityRow]) -> Imported:
    """Keep sites; one that is there already is left as it is: its own people may know better than a list."""
    there = set(Site.objects.filter(code__in=[site.code for site in sites]).values_list("code", flat=True))
    new = [site for site in sites if site.code not in there]
    Site.objects.bulk_create(Site(**asdict(site)) for site in new)
    return Imported(len(new), len(sites) - len(new))


def cited(source: SourceGiven, *, act: Act) -> Source:
    """The source of that address, or of that publisher and title where it has none; made if it is new.

    Raises FaultyInput.
    """
    _check_source(source, [])
    key = uuid5(NAMESPACE_URL, source.url or f"{source.publisher}: {source.title}")
    return Source.objects.get_or_create(id=key, defaults={"act": act, **asdict(source)})[0]


def kept_file(content: bytes, *, media_type: str, publisher: str, title: str, act: Act) -> Source:
    """The source that is a file, kept once under its SHA-256; made if it is new."""
    digest = hashlib.sha256(content).hexdigest()
    file, _ = File.objects.get_or_create(
        sha256=digest, defaults={"act": act, "media_type": media_type, "content": content}
    )
    key = uuid5(NAMESPACE_URL, f"sha256:{digest}")
    said = {"act": act, "publisher": publisher, "title": title, "file": file}
    return Source.objects.get_or_create(id=key, defaults=said)[0]


@action("sources.record_claim", about=the_record)
def record_claim(
    *, act: Act, row: None, actor: Actor, id: Code, mission: Mission, place: Name, metric: Name, said: Name,
    source: SourceGiven, as_of: Day = "", note: Words = "", stated_by: Name = "", question: Words = "",
    asked_of: Name = "",
) -> Said:  # fmt: skip
    """Keep one published number as it was said: *about 1,700*, *nearly 2,000*, *not recorded*.

    A question that was asked and not answered is a claim of *not recorded*, with `question` and `asked_of`.

    Raises FaultyInput with every fault, QuantityMisread, SaidOtherwise.
    """
    _check_source(source, _faults_of_claim(metric, place, as_of))
    quantity = Quantity.parse(said)
    kept = Claim(
        act=act, id=id, mission=mission, place=place, metric=metric, quantity=quantity.to_json(), as_of=as_of, note=note,
        stated_by=stated_by, question=question, asked_of=asked_of, source=cited(source, act=act),
    )  # fmt: skip
    return _once(Claim, kept)


@action("sources.record_statement", about=the_record)
def record_statement(
    *, act: Act, row: None, actor: Actor, id: Code, mission: Mission, kind: Statement.Kind, words: Words,
    stated_by: Annotated[str, Field(min_length=2, max_length=300)], source: SourceGiven, said_on: Day = "",
) -> Said:  # fmt: skip
    """Keep what somebody said about a mission, in our own words, with who said it. Raises FaultyInput, SaidOtherwise."""
    faults = [] if words.strip() else [_fault("words", "missing", "words is empty. Say what was said.")]
    _check_source(source, faults)
    kept = Statement(
        act=act, id=id, mission=mission, kind=kind, words=words, stated_by=stated_by, said_on=said_on,
        source=cited(source, act=act),
    )  # fmt: skip
    return _once(Statement, kept)


def _once(kind: type[Claim] | type[Statement], new: Claim | Statement) -> Said:
    """Keep it, unless it is there already in the same words. Raises SaidOtherwise."""
    there = kind._default_manager.filter(pk=new.pk).first()
    if there is None:
        new.save(force_insert=True)
    elif any(
        getattr(there, f.attname) != getattr(new, f.attname)
        for f in kind._meta.concrete_fields
        if f.name != "act"
    ):
        raise SaidOtherwise(claims=[str(new.pk)])
    return Said(str(new.pk))


def _faults_of_claim(metric: str, place: str, as_of: str) -> list[Fault]:
    faults = []
    if metric not in METRICS:
        faults.append(
            _fault(
                "metric",
                "unknown_metric",
                f"{metric!r} is not a metric. Choose one of: {', '.join(METRICS)}.",
            )
        )
    if not PLACE.fullmatch(place):
        faults.append(_fault("place", "unknown_place", f"{place!r} is not a postal code such as MO, or US."))
    if as_of and not is_as_of(as_of):
        faults.append(
            _fault("as_of", "not_a_date", f"{as_of!r} is not a day (2025-08-22) or a month (2025-08).")
        )
    return faults


def _check_source(source: SourceGiven, faults: list[Fault]) -> None:
    if source.url and not source.url.startswith(("https://", "http://")):
        faults.append(_fault("source.url", "not_an_address", f"{source.url[:60]!r} is not a web address."))
    if not source.publisher.strip() or not (source.url or source.title).strip():
        faults.append(
            _fault("source", "missing", "A source has a publisher, and an address or a title. Add them.")
        )
    if faults:
        raise FaultyInput(faults)


def _fault(column: str, code: str, message: str) -> Fault:
    return Fault(None, column, f"sources.{code}", message)
