"""Property of persons: taken in against a receipt, sealed, audited, handed back, left behind, lost.

Facts are kept: what happened to a bag is recorded whoever was absent, and where it ought not to have been so a difference opens. No
release waits for property. Money is for two people: one records it, another witnesses it by a sign-in of their own.
Source: custody-standards.md section 4, PROP-01 to PROP-03 (the supervisor looks at each receipt by PROP-02), PROP-05 (S), PROP-04, PROP-06
(GK), and REL-02 (GK).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from muster.access.control import Actor, Scope
from muster.core.errors import MusterError, NotFound
from muster.core.tags import parse_tag
from muster.core.times import check_happened, local, zone
from muster.custody import bags, queries, rules
from muster.custody.actions import Code, Tags, Words, area, end_stale_offers, site_locked
from muster.custody.merging import stands_for
from muster.custody.models import (
    Bag,
    BagAudit,
    BagAudited,
    BagEnded,
    BagStated,
    BagWitnessed,
    ClaimLetter,
    Difference,
    PropertyReceipt,
    ReceiptVerified,
)
from muster.custody.personal import sealed_under
from muster.custody.reports import Misfit, before_later_entry, differ, keep, write_what_fits
from muster.ledger.models import Head, Holder, Thing
from muster.ledger.writing import Push, outside, things_of, write
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

Kind = Difference.Kind
Tag = Annotated[str, Field(max_length=20)]
Paper = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
PaperNeeded = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
PlaceNeeded = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Seal = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)]
Reason = Annotated[str, Field(min_length=3, max_length=2000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Lines = Annotated[list[Line], Field(max_length=60)]


@dataclass(frozen=True)
class Money:
    """An amount of money: the currency by its three letters (ISO 4217), and more than nothing, to the cent."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    amount: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=2)]


@dataclass(frozen=True)
class BagIn:
    """A bag as it is taken in: its tag, kind and seal, where it lies, what is in it, and how much money."""

    tag: Tag
    kind: Bag.Kind
    seal: Seal = ""
    place: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    contents: Lines = field(default_factory=list)
    money: Annotated[list[Money], Field(max_length=20)] = field(default_factory=list)


class NotABag(MusterError):
    """The tag is not one of a bag."""

    code = "custody.not_a_bag"
    status = 409

    def __init__(self, *, tags: Sequence[str]) -> None:
        self.tags = list(tags)
        super().__init__(
            f"{', '.join(tags)}: not the tag of a bag. Nothing was kept. Scan the bag, and not the band of its person; "
            "what is new is taken in first."
        )


class BagInUse(MusterError):
    """The bag's tag is on a bag that somebody holds already."""

    code = "custody.bag_in_use"
    status = 409

    def __init__(self, *, tag: str, holder: str) -> None:
        self.tag, self.holder = tag, holder
        super().__init__(
            f"{tag} is on a bag that {holder} holds already. Nothing was kept. Take another tag; if this is that bag, have it "
            "offered to you, or find it by an audit."
        )


class BagOfAnother(MusterError):
    """The bag is another person's."""

    code = "custody.bag_of_another"
    status = 409

    def __init__(self, *, tags: Sequence[str], person: str) -> None:
        self.tags, self.person = list(tags), person
        super().__init__(
            f"{', '.join(tags)}: not of {person}, but of somebody else. Nothing was kept. Look the bag up before it leaves your hands."
        )


class MoneyNotCounted(MusterError):
    """A bag of money without an amount, or with one currency twice."""

    code = "custody.money_not_counted"

    def __init__(self, *, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"{tag}: count the money and write one amount for each currency, such as USD 40.00. Nothing was kept."
        )


class SecondPerson(MusterError):
    """Whoever recorded it cannot be the second person."""

    code = "custody.second_person"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "You recorded this yourself. A second person who was present stands for it, with a sign-in of their own."
        )


class NoSecondNeeded(MusterError):
    """One person is enough for it."""

    code = "custody.no_second_needed"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "This needs no second person: no money was counted and no seal changed. Nothing was kept."
        )


@dataclass(frozen=True)
class TakenIn:
    """The receipt, its number at the site, the bags on it, and those for which a second person has still to stand, by statement."""

    receipt: UUID
    number: int
    bags: list[str]
    waits: dict[str, UUID]


@dataclass(frozen=True)
class BagStands:
    """A bag, and the statement by which it stands; `waits`: a second person has still to stand for it."""

    tag: str
    statement: UUID
    waits: bool


@dataclass(frozen=True)
class BagsLeft:
    """Which bags left; what does not fit the record of some is kept as that report, and why by tag."""

    tags: list[str]
    report: UUID | None = None
    reported: dict[str, str] = field(default_factory=dict)
    waits: dict[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True)
class LetterSent:
    """For which bags the claim letter was sent, and until when each can be claimed."""

    tags: list[str]
    claim_by: datetime


@dataclass(frozen=True)
class Lost:
    """The bag, and whose it is."""

    tag: str
    person: str


@dataclass(frozen=True)
class AuditOpened:
    """The audit to be filled in; what the record expects is told with its result."""

    audit: UUID


@dataclass(frozen=True)
class AuditResult:
    """How many bags were expected and scanned, and the tags that are missing or were not expected."""

    expected: int
    scanned: int
    agrees: bool
    missing: list[str]
    unexpected: list[str]


# --- taking in ----------------------------------------------------------------------


@action("custody.take_in", about=site_locked)
def take_in(
    *, act: Act, row: Site, actor: Actor, site: Code, person: Tag,
    bags_in: Annotated[list[BagIn], Field(min_length=1, max_length=20)], at: AwareDatetime,
) -> TakenIn:  # fmt: skip
    """Take in bags of a person against one receipt. Each is held by the site at once; money waits for a second person to stand for it.

    A bag of somebody whom the site does not hold is a difference. A bag that was handed back can be taken in again.

    Raises NotHappenedYet, TagMisread, TagTwice, NotFound, MoneyNotCounted, NotABag, BagInUse, BagOfAnother, Disposed, BeforeLiveTop.
    """
    check_happened(at, now=act.recorded_at)
    tags = rules.read_tags([each.tag for each in bags_in])
    whose = _person(person)
    for tag, each in zip(tags, bags_in, strict=True):
        _check_money(tag, each.kind, each.money)
    things = things_of(tags, act=act, kind=Thing.Kind.PROPERTY, origin=outside(act=act))
    heads = queries.heads(things)
    known = {bag.pk: bag for bag in Bag.objects.filter(thing__in=things)}
    _check_free(heads, known, whose)
    here = area(row, act=act)
    mission = bags.mission_of(whose)
    write(
        [Push(thing=each.pk, receiver=here.pk, happened_at=at) for each in things], act=act, mission=mission
    )
    number = PropertyReceipt.objects.filter(site=row).count() + 1  # the site is locked
    receipt = PropertyReceipt.objects.create(act=act, site=row, person=whose, number=number, at=at)
    waits: dict[str, UUID] = {}
    for thing, each in zip(things, bags_in, strict=True):
        bag = known.get(thing.pk) or Bag.objects.create(act=act, thing=thing, person=whose, kind=each.kind)
        stated = BagStated.objects.create(
            act=act, bag=bag, person=whose, site=row, receipt=receipt, how=BagStated.How.TAKEN_IN, seal=each.seal,
            place=each.place, contents=_sealed(whose, each.contents, each.money), at=at, needs_second=bool(each.money),
        )  # fmt: skip
        if stated.needs_second:
            waits[thing.tag] = stated.pk
    if whose.head.holder.site != row.code:
        words = (
            f"{', '.join(tags)}: taken in of {whose.tag}, whom {whose.head.holder.code} holds by the record."
        )
        differ(act, row, Kind.BAG_NOT_OWED, words, at, thing=things[0] if len(things) == 1 else None)
    bags.tell(act, row, [whose], "taken_in", at)
    return TakenIn(receipt.pk, number, tags, waits)


def _person(tag: str) -> Thing:
    """The person, by the record that stands. Raises TagMisread, NotFound."""
    parsed = parse_tag(tag)
    found = Thing.objects.filter(tag=parsed, kind=Thing.Kind.PERSON).first()
    if found is None:
        raise NotFound(kind="person", name=parsed)
    return Thing.objects.select_related("head__holder").get(pk=stands_for(found).pk)


def _check_money(tag: str, kind: Bag.Kind, money: Sequence[Money]) -> None:
    currencies = [each.currency for each in money]
    if (kind == Bag.Kind.MONEY and not money) or len(set(currencies)) < len(currencies):
        raise MoneyNotCounted(tag=tag)


def _check_free(heads: Sequence[Head], known: dict[UUID, Bag], person: Thing) -> None:
    """Check that each tag is free for a bag of the person. Raises NotABag, BagInUse, BagOfAnother."""
    if wrong := [head.thing.tag for head in heads if head.thing.kind != Thing.Kind.PROPERTY]:
        raise NotABag(tags=wrong)
    for head in heads:
        if head.holder.kind != Holder.Kind.OUTSIDE:
            raise BagInUse(tag=head.thing.tag, holder=head.holder.code)
    if strange := [
        known[h.thing_id].thing.tag
        for h in heads
        if h.thing_id in known and known[h.thing_id].person_id != person.pk
    ]:
        raise BagOfAnother(tags=strange, person=person.tag)  # fmt: skip


def _sealed(person: Thing, lines: Sequence[str], money: Sequence[Money]) -> bytes:
    contents = bags.Contents(list(lines), [(each.currency, each.amount) for each in money])
    return sealed_under(person, bags.CONTENTS, contents.to_text())


# --- seals, and the second person ---------------------------------------------------


@action("custody.change_seal", about=site_locked)
def change_seal(
    *, act: Act, row: Site, actor: Actor, site: Code, tag: Tag, seal: Seal, reason: Reason, at: AwareDatetime,
    contents: Lines | None = None, money: Annotated[list[Money], Field(max_length=20)] | None = None,
) -> BagStands:  # fmt: skip
    """Record that a bag's seal was changed, or is broken where `seal` is empty, and why; a second person has to stand for it.

    `contents` and `money`, given together, are what was found where the bag was opened; without them it holds what was stated before.

    Raises NotHappenedYet, TagMisread, NotABag, NotHeldHere, MoneyNotCounted, Disposed.
    """
    check_happened(at, now=act.recorded_at)
    bag = _held([tag], row)[0]
    opened = contents is not None or money is not None
    if opened:
        _check_money(bag.thing.tag, Bag.Kind(bag.kind), money or [])
    before = _before(bag)
    stated = BagStated.objects.create(
        act=act, bag=bag, person=bag.person, site=row, how=BagStated.How.SEALED_ANEW, seal=seal,
        place=before.place if before.site_id == row.pk else "", reason=reason.strip(), at=at, needs_second=True,
        contents=_sealed(bag.person, contents or [], money or []) if opened else None,
    )  # fmt: skip
    return BagStands(bag.thing.tag, stated.pk, waits=True)


@action("custody.put_away", about=site_locked)
def put_away(
    *, act: Act, row: Site, actor: Actor, site: Code, tag: Tag, place: PlaceNeeded, at: AwareDatetime
) -> BagStands:  # fmt: skip
    """Record where in the site's store a bag lies now. Raises NotHappenedYet, TagMisread, NotABag, NotHeldHere."""
    check_happened(at, now=act.recorded_at)
    bag = _held([tag], row)[0]
    stated = BagStated.objects.create(
        act=act, bag=bag, person=bag.person, site=row, how=BagStated.How.PUT_AWAY, seal=_before(bag).seal, place=place, at=at,
        needs_second=False,
    )  # fmt: skip
    return BagStands(bag.thing.tag, stated.pk, waits=False)


def _before(bag: Bag) -> BagStated:
    """What was stated of a bag last."""
    return BagStated.objects.filter(bag=bag).order_by("-id")[0]


def _statement(statement: UUID) -> tuple[Scope, BagStated]:
    found = BagStated.objects.select_related("act", "bag__thing").filter(pk=statement).first()
    if found is None:
        raise NotFound(kind="statement of a bag", name=str(statement))
    return queries.scope_of(queries.site_for_change(found.site_id)).asked_as("statement", statement), found


@action("custody.witness_property", about=_statement)
def witness_property(*, act: Act, row: BagStated, actor: Actor, statement: UUID) -> BagStands:
    """Stand as the second person for what was stated of a bag: money that was counted, or a seal that was changed (PROP-01).

    Raises NoSecondNeeded, SecondPerson, AlreadySettled.
    """
    if not row.needs_second:
        raise NoSecondNeeded()
    if actor.user == row.act.actor_id:
        raise SecondPerson()
    if BagWitnessed.objects.filter(stated=row).exists():
        raise rules.AlreadySettled(what="statement")
    BagWitnessed.objects.create(act=act, stated=row)
    return BagStands(row.bag.thing.tag, row.pk, waits=False)


@dataclass(frozen=True)
class Verified:
    """The receipt for which a supervisor stands, by its number at the site."""

    receipt: UUID
    number: int


def _receipt(receipt: UUID) -> tuple[Scope, PropertyReceipt]:
    found = PropertyReceipt.objects.select_related("act").filter(pk=receipt).first()
    if found is None:
        raise NotFound(kind="receipt", name=str(receipt))
    return queries.scope_of(queries.site_for_change(found.site_id)).asked_as("receipt", receipt), found


@action("custody.verify_receipt", about=_receipt)
def verify_receipt(*, act: Act, row: PropertyReceipt, actor: Actor, receipt: UUID) -> Verified:
    """Stand for a receipt as the supervisor who looked at it, and at its bags: another than who issued it (PROP-02).

    Raises SecondPerson, AlreadySettled.
    """
    if actor.user == row.act.actor_id:
        raise SecondPerson()
    if ReceiptVerified.objects.filter(receipt=row).exists():
        raise rules.AlreadySettled(what="receipt")
    ReceiptVerified.objects.create(act=act, receipt=row)
    return Verified(row.pk, row.number)


def _bags(texts: Sequence[str]) -> list[Bag]:
    """The bags of these tags. Raises NoTags, TagMisread, TagTwice, NotABag."""
    tags = rules.read_tags(texts)
    rows = Bag.objects.select_related("thing__head__holder", "person__head__holder")
    found = {bag.thing.tag: bag for bag in rows.filter(thing__tag__in=tags)}
    if strange := [tag for tag in tags if tag not in found]:
        raise NotABag(tags=strange)
    return [found[tag] for tag in tags]


def _held(texts: Sequence[str], site: Site) -> list[Bag]:
    """The same, all of them held by the site. Raises NotHeldHere too."""
    found = _bags(texts)
    if elsewhere := sorted(bag.thing.tag for bag in found if bag.thing.head.holder.site != site.code):
        raise rules.NotHeldHere(tags=elsewhere, site=site.code)
    return found


# --- leaving ------------------------------------------------------------------------


@action("custody.hand_back", about=site_locked)
def hand_back(
    *, act: Act, row: Site, actor: Actor, site: Code, person: Tag, tags: Tags, at: AwareDatetime, receipt: Paper = "",
    discrepancy: Words = "",
) -> BagsLeft:  # fmt: skip
    """Hand bags back to their person, each scanned. `receipt` is the paper that the person signed; without it a difference opens.

    So it does where something is not as it was: `discrepancy` is what. Money that goes back waits for a second person to stand for it.
    A bag that the record has elsewhere is kept as a report.

    Raises NotHappenedYet, NoTags, TagMisread, TagTwice, NotFound, NotABag, BagOfAnother, TryAgain.
    """
    check_happened(at, now=act.recorded_at)
    whose, found = _person(person), _bags(tags)
    if strange := [bag.thing.tag for bag in found if stands_for(bag.person).pk != whose.pk]:
        raise BagOfAnother(tags=strange, person=whose.tag)
    is_out = whose.head.holder.kind == Holder.Kind.OUTSIDE
    to = whose.head.holder if is_out else outside(act=act)
    gone, report, reported = _leave(
        act, row, found, to, at, reason="handed_back", source=receipt, what="handed back"
    )
    waits: dict[str, UUID] = {}
    for bag in gone:
        contents = bags.contents_of(list(BagStated.objects.filter(bag=bag).order_by("id")))
        stated = BagStated.objects.create(
            act=act, bag=bag, person=bag.person, site=row, how=BagStated.How.HANDED_BACK, seal=_before(bag).seal, paper=receipt,
            at=at, needs_second=bool(contents and contents.money),
        )  # fmt: skip
        if stated.needs_second:
            waits[bag.thing.tag] = stated.pk
    named = ", ".join(bag.thing.tag for bag in gone)
    wrong = [
        words
        for words, is_so in (
            ("no receipt was signed", not receipt),
            (discrepancy.strip(), bool(discrepancy.strip())),
        )
        if is_so
    ]
    if gone and wrong:
        words = f"{named}: handed back to {whose.tag}, but: {'; '.join(wrong)}."
        differ(act, row, Kind.BAG_UNSIGNED, words, at, thing=gone[0].thing)
    if gone and not bags.at_site(row).filter(bags.of([whose])).exists():
        bags.tell(act, row, [whose], "returned", at)
        if is_out:
            bags.tell(act, row, [whose], "claimed", at)
    return BagsLeft([bag.thing.tag for bag in gone], report, reported, waits)


def _leave(
    act: Act,
    site: Site,
    found: Sequence[Bag],
    to: Holder,
    at: datetime,
    *,
    reason: str,
    source: str,
    what: str,
) -> tuple[list[Bag], UUID | None, dict[str, str]]:
    """Write that bags left the site; which did, and what does not fit as a report, with why by tag."""

    def look() -> tuple[list[Push], list[Misfit]]:
        looked = [
            (head, _misfit(head, site, at, what)) for head in queries.heads([bag.thing for bag in found])
        ]
        fitting = [head for head, misfit in looked if misfit is None]
        pushes = [
            Push(thing=h.thing_id, giver=h.holder_id, receiver=to.pk, happened_at=at, reason=reason)
            for h in fitting
        ]
        return pushes, [misfit for _, misfit in looked if misfit]

    misfits = write_what_fits(look, act=act, source=source)
    reported = {misfit.tag: misfit.words for misfit in misfits}
    gone = [bag for bag in found if bag.thing.tag not in reported]
    end_stale_offers(act, {bag.pk: at for bag in gone})
    return gone, keep(misfits, act=act, site=site, at=at, what=what), reported


def _misfit(head: Head, site: Site, at: datetime, what: str) -> Misfit | None:
    """Why a bag's leaving does not fit; None where it does."""
    tag, code = head.thing.tag, head.holder.code
    if head.holder.site != site.code:
        words = f"{tag} was {what} here; the record says that {code} holds the bag."
        return Misfit(tag=tag, kind=Kind.NOT_HELD_HERE, words=words, thing=head.thing, held_by=code)
    if head.happened_at and at < head.happened_at:
        return before_later_entry(head, site, what=what)
    return None


@action("custody.send_claim_letter", about=site_locked)
def send_claim_letter(
    *, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, at: AwareDatetime, paper: PaperNeeded
) -> LetterSent:
    """Record that who left bags behind was written to; `paper` is the certified letter's number, and the address is not kept (PROP-05).

    Raises NotHappenedYet, NoTags, TagMisread, TagTwice, NotABag, NotHeldHere.
    """
    check_happened(at, now=act.recorded_at)
    found = _held(tags, row)
    ClaimLetter.objects.bulk_create(ClaimLetter(act=act, bag=bag, at=at, paper=paper) for bag in found)
    bags.tell(act, row, [bag.person for bag in found], "letter_sent", at)
    return LetterSent([bag.thing.tag for bag in found], bags.claim_by(at, row))


@action("custody.end_bags", about=site_locked)
def end_bags(
    *, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, outcome: BagEnded.Outcome, at: AwareDatetime, paper: PaperNeeded,
    to_organisation: Code = "",
) -> BagsLeft:  # fmt: skip
    """Record that bags left otherwise than into the hands of their persons: sent after them, abandoned, or written off as lost.

    `to_organisation` is who received them, `paper` what says so. What was given up too early is a difference, and so is
    a bag written off whose loss nobody had reported. A bag that the record has elsewhere is kept as a report.

    Raises NotHappenedYet, NoTags, TagMisread, TagTwice, NotABag, TryAgain.
    """
    check_happened(at, now=act.recorded_at)
    found = _bags(tags)
    open_losses = set(bags.lost_bags(found))
    standing = {each.tag: each for each in bags.told(Bag.objects.filter(pk__in=[bag.pk for bag in found]))}
    to = outside(act=act, organisation=to_organisation)
    gone, report, reported = _leave(
        act, row, found, to, at, reason=outcome, source=paper, what=f"given away ({outcome.label})"
    )
    BagEnded.objects.bulk_create(
        BagEnded(act=act, bag=bag, outcome=outcome, at=at, paper=paper) for bag in gone
    )
    for bag in gone:
        tag = bag.thing.tag
        until = standing[tag].claim_by
        if outcome == BagEnded.Outcome.ABANDONED and (until is None or at < until):
            when = (
                f"it can be claimed until {local(until, zone(row.zone))}"
                if until
                else "nobody was written to about it"
            )
            words = f"{tag} of {bag.person.tag} was given up, and {when} (PROP-05)."
            differ(act, row, Kind.BAG_GONE_EARLY, words, at, thing=bag.thing)
        if outcome == BagEnded.Outcome.WRITTEN_OFF and bag.pk not in open_losses:
            _lost(act, row, bag, at, "written off, and nobody had reported the loss")
    if outcome == BagEnded.Outcome.FORWARDED:
        bags.tell(act, row, [bag.person for bag in gone], "forwarded", at)
    return BagsLeft([bag.thing.tag for bag in gone], report, reported)


@action("custody.report_loss", about=site_locked)
def report_loss(
    *, act: Act, row: Site, actor: Actor, site: Code, tag: Tag, words: Reason, at: AwareDatetime
) -> Lost:
    """Report that a bag is lost, or what of it: a fact, and a difference that names the bag and its person until somebody settles it.

    The record still has whoever signed for it last as its holder. Raises NotHappenedYet, TagMisread, NotABag.
    """
    check_happened(at, now=act.recorded_at)
    bag = _bags([tag])[0]
    _lost(act, row, bag, at, words.strip())
    return Lost(bag.thing.tag, bag.person.tag)


def _lost(act: Act, site: Site, bag: Bag, at: datetime, words: str) -> None:
    told = f"{bag.thing.tag}, {bag.get_kind_display()} of {bag.person.tag}, is lost: {words.rstrip('.')}."
    differ(act, site, Kind.BAG_LOST, told, at, thing=bag.thing)


# --- audits -------------------------------------------------------------------------


@action("custody.open_audit", about=site_locked)
def open_audit(
    *, act: Act, row: Site, actor: Actor, site: Code, what: BagAudit.What, at: AwareDatetime
) -> AuditOpened:
    """Begin an audit of a site's bags: of money and small valuables, or of all else. Which are expected is frozen now.

    Raises NotHappenedYet.
    """
    check_happened(at, now=act.recorded_at)
    expected = bags.at_site(row).filter(bags.audited_with(what)).order_by("pk").values_list("pk", flat=True)
    made = BagAudit.objects.create(
        act=act, site=row, what=what, opened_at=at, expected=[str(thing) for thing in expected]
    )
    return AuditOpened(made.pk)


def _audit(audit: UUID) -> tuple[Scope, BagAudit]:
    found = BagAudit.objects.select_related("site").filter(pk=audit).first()
    if found is None:
        raise NotFound(kind="audit", name=str(audit))
    return queries.scope_of(queries.site_for_change(found.site_id)).asked_as("audit", audit), found


@action("custody.submit_audit", about=_audit)
def submit_audit(
    *, act: Act, row: BagAudit, actor: Actor, audit: UUID, tags: Tags, at: AwareDatetime
) -> AuditResult:
    """Give in the tags of the bags found, each scanned; none is an empty list. What is missing or was not expected is a difference each.

    Raises NotHappenedYet, TagMisread, TagTwice, AlreadySettled.
    """
    check_happened(at, now=act.recorded_at)
    named = rules.read_tags(tags) if tags else []
    if BagAudited.objects.filter(audit=row).exists():
        raise rules.AlreadySettled(what="audit")
    expected = {
        bag.thing.tag: bag
        for bag in Bag.objects.select_related("thing", "person").filter(pk__in=row.expected)
    }
    missing = [expected[tag] for tag in sorted(set(expected) - set(named))]
    unexpected = sorted(set(named) - set(expected))
    BagAudited.objects.create(
        act=act,
        audit=row,
        at=at,
        scanned=len(named),
        missing=[str(bag.pk) for bag in missing],
        unexpected=unexpected,
    )
    for bag in missing:
        words = f"{bag.thing.tag}, {bag.get_kind_display()} of {bag.person.tag}: expected in the audit, and not found."
        differ(act, row.site, Kind.BAGS_DISAGREE, words, at, thing=bag.thing)
    _tell_unexpected(act, row, unexpected, at)
    bags.tell_of_site(
        act, row.site, "funds_audited" if row.what == BagAudit.What.FUNDS else "baggage_audited", at
    )
    return AuditResult(
        len(expected),
        len(named),
        not missing and not unexpected,
        [bag.thing.tag for bag in missing],
        unexpected,
    )


def _tell_unexpected(act: Act, row: BagAudit, tags: Collection[str], at: datetime) -> None:
    found = {
        bag.thing.tag: bag
        for bag in Bag.objects.select_related("thing__head__holder", "person").filter(thing__tag__in=tags)
    }
    for tag in tags:
        bag = found.get(tag)
        known = (
            f"{bag.get_kind_display()} of {bag.person.tag}, which {bag.thing.head.holder.code} holds by the record"
            if bag
            else "no bag of that tag is in the record"
        )
        differ(
            act,
            row.site,
            Kind.BAGS_DISAGREE,
            f"{tag}: found in the audit, and not expected; {known}.",
            at,
            thing=bag.thing if bag else None,
        )
