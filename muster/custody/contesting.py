"""The own record of a person: that it was given on paper, and that the person, or counsel, contests an entry of it.

A contested entry stands until a named person settles the difference with a reason; what is said against it rests as
ciphertext under the person's own key. Source: design.md, custody.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from muster.access.control import Actor, Scope
from muster.core.errors import MusterError, NotFound
from muster.core.times import local, zone
from muster.custody.merging import Tag, scope_of, with_duplicates
from muster.custody.models import Contested, Difference, RecordGiven
from muster.custody.personal import DoesNotOpen, check_stands, opened_under, person_locked, sealed_under
from muster.custody.reports import differ
from muster.ledger.models import Entry, Thing
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

By = RecordGiven.By
Reference = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=4000)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]
WORDS = "words against an entry"


class CounselNotNamed(MusterError):
    """Somebody acts for a person as counsel, and no document says so."""

    code = "custody.counsel_not_named"

    def __init__(self) -> None:
        super().__init__(
            "Nothing was kept: say by which document counsel is on file, such as the number of a notice of appearance. "
            "Where the person asks, say so instead; the person needs none."
        )


@dataclass(frozen=True)
class Given:
    """The giving of a person's own record, of which the paper is printed."""

    tag: str
    record: UUID


@dataclass(frozen=True)
class ContestKept:
    """The entry that is contested, and the difference that somebody has to settle."""

    tag: str
    n: int
    difference: UUID


@dataclass(frozen=True)
class ContestTold:
    """One contested entry as it stands. `words` None: not for this reader, or not to be opened: the person's key is gone."""

    row: Contested
    words: str | None
    settled: str  # the reason; empty while it is open

    @property
    def is_open(self) -> bool:
        return not self.settled


def person_on_record(tag: str) -> tuple[Scope, Thing]:
    """The person, locked, of a record that belongs to a site. Raises NotFound, TagMisread, NotAPerson, AlreadyMerged."""
    scope, thing = person_locked(tag)
    check_stands(thing)
    if scope.site is None:
        raise NotFound(kind="person", name=thing.tag)
    return scope, thing


def _check_asked(by: By, reference: str) -> None:
    if by == By.COUNSEL and not reference:
        raise CounselNotNamed()


@action("custody.give_record", about=person_on_record)
def give_record(
    *, act: Act, row: Thing, actor: Actor, tag: Tag, asked_by: By, reference: Reference = ""
) -> Given:
    """Record that a person, or counsel on file, asked for the person's own record and is shown it; the paper is printed of this.

    `reference`: the document by which counsel is on file. Raises NotFound, TagMisread, NotAPerson, AlreadyMerged, CounselNotNamed.
    """
    _check_asked(asked_by, reference)
    given = RecordGiven.objects.create(act=act, thing=row, asked_by=asked_by, reference=reference)
    return Given(row.tag, given.pk)


@action("custody.contest_entry", about=person_on_record)
def contest_entry(
    *, act: Act, row: Thing, actor: Actor, tag: Tag, n: Annotated[int, Field(ge=1)], asked_by: By, words: Said, language: Language = "en",
    reference: Reference = "",
) -> ContestKept:  # fmt: skip
    """Record that a person, or counsel on file, contests an entry, in their own words and language. It opens a difference.

    The entry stands meanwhile. Raises NotFound for a person or an entry that is not there, TagMisread, NotAPerson, AlreadyMerged,
    CounselNotNamed, Disposed, DoesNotOpen.
    """
    _check_asked(asked_by, reference)
    entry = Entry.objects.filter(thing=row, n=n, kind="push").select_related("giver", "receiver").first()
    if entry is None:
        raise NotFound(kind=f"entry of {row.tag}", name=str(n))
    site = Site.objects.get(pk=scope_of(row).site)
    when = local(entry.happened_at, zone(site.zone))
    who = "The person" if asked_by == By.PERSON else "Counsel of the person"
    said = f"{who} contests entry {n} of {row.tag} ({entry.giver} to {entry.receiver}, {when}). The words stand in the person's history."
    difference = differ(act, site, Difference.Kind.CONTESTED, said, act.recorded_at, thing=row)
    Contested.objects.create(
        act=act, difference=difference, thing=row, n=n, asked_by=asked_by, reference=reference, language=language,
        words=sealed_under(row, WORDS, words),
    )  # fmt: skip
    return ContestKept(row.tag, n, difference.pk)


def contests_of(thing: Thing, *, known_at: int, opened: bool) -> list[ContestTold]:
    """The contested entries of a person, and of records that were merged into it, the earliest first, as known at an act's number.

    `opened`: with the words.
    """
    rows = Contested.objects.filter(thing__in=with_duplicates(thing), act__number__number__lte=known_at)
    found = rows.select_related("thing", "difference__settled__act__number", "act__number").order_by("pk")
    return [
        ContestTold(row, _words(row) if opened else None, _settled(row, known_at)) for row in found
    ]  # fmt: skip


def _words(row: Contested) -> str | None:
    try:
        return opened_under(row.thing, WORDS, bytes(row.words))
    except DoesNotOpen:
        return None


def givings_of(things: Collection[Thing]) -> list[RecordGiven]:
    """When the own record of these persons was given, the latest first."""
    return list(RecordGiven.objects.filter(thing__in=things).select_related("act__number").order_by("-pk"))


def _settled(row: Contested, known_at: int) -> str:
    settled = getattr(row.difference, "settled", None)
    return str(settled.reason) if settled and settled.act.number.number <= known_at else ""
