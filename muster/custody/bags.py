"""Whose bags are where: what goes along on a handover, what is left behind, how a bag stands, and who wants to hear of it.

A bag is held by whoever holds persons there: the site, or a trip (ADR 28). Its place in the store is a word of the bag.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db.models import F, Q, QuerySet

from muster.core.times import zone
from muster.custody.merging import stands_for
from muster.custody.models import (
    Bag,
    BagEnded,
    BagStated,
    BagStays,
    ClaimLetter,
    Difference,
    Merge,
    PropertyReceipt,
)
from muster.custody.personal import opened_under
from muster.database import prepared
from muster.ledger.models import Entry, Handover, Head, Holder, Thing
from muster.ledger.writing import live_stack
from muster.parties.models import Site
from muster.record.models import Act

Happening = Literal[
    "taken_in", "went_along", "returned", "left_behind", "letter_sent", "claimed", "forwarded", "funds_audited", "baggage_audited"
]  # fmt: skip
FUNDS = (Bag.Kind.MONEY, Bag.Kind.VALUABLES)
# From when the letter was sent. Source: custody-standards.md PROP-05, inspection worksheet for funds and personal property, mark S.
CLAIM_WITHIN = timedelta(days=30)
CONTENTS = "contents of a bag"
NOT_STANDING = (BagStated.How.HANDED_BACK, BagStated.How.UNDONE)  # by which a bag is not any more
# The bags of these persons that a holder holds, that no open offer has, and that nobody reported as lost.
ALONG = """
SELECT t.tag, t.id FROM custody_bag b JOIN ledger_thing t ON t.id = b.thing_id JOIN ledger_head h ON h.thing_id = b.thing_id
WHERE (b.person_id = ANY (%s) OR b.person_id IN (
        SELECT m.duplicate_id FROM custody_merge m WHERE m.survivor_id = ANY (%s)
            AND NOT EXISTS (SELECT FROM custody_mergeundone u WHERE u.merge_id = m.id)))
    AND h.holder_id = %s AND b.thing_id <> ALL (%s)
    AND NOT EXISTS (SELECT FROM ledger_offer o WHERE o.thing_id = b.thing_id AND o.open)
    AND NOT EXISTS (SELECT FROM custody_difference d WHERE d.thing_id = b.thing_id AND d.kind = 'bag_lost'
                    AND NOT EXISTS (SELECT FROM custody_settled s WHERE s.difference_id = d.id))
ORDER BY t.tag"""

# --- who hears of it ----------------------------------------------------------------

Listener = Callable[[Act, Site, Sequence[Thing | None], Happening, datetime], None]
LISTENERS: list[Listener] = []


def register(listener: Listener) -> Listener:
    """Have a later step hear what happened to the property of persons; None among them is the site itself."""
    LISTENERS.append(listener)
    return listener


def tell(act: Act, site: Site, persons: Sequence[Thing], happening: Happening, at: datetime) -> None:
    """Tell what happened, in the same act. A person with several bags is told of once."""
    _tell(act, site, list({person.pk: person for person in persons}.values()), happening, at)


def tell_of_site(act: Act, site: Site, happening: Happening, at: datetime) -> None:
    """Tell what happened at a site, to nobody in particular."""
    _tell(act, site, [None], happening, at)


def _tell(act: Act, site: Site, whose: Sequence[Thing | None], happening: Happening, at: datetime) -> None:
    for listener in LISTENERS:
        listener(act, site, whose, happening, at)


# --- what other acts of custody ask -------------------------------------------------


def along(things: Sequence[UUID], holder: UUID) -> list[tuple[str, UUID]]:
    """The bags, by tag and id, that go along when a holder offers these things: those of the persons among them that are not named."""
    return list(prepared.rows(ALONG, list(things), list(things), holder, list(things)))


def stay(act: Act, handover: Handover, bags: Iterable[UUID], reason: str) -> None:
    """Record that bags do not go on the handover of their persons."""
    BagStays.objects.bulk_create(
        BagStays(act=act, bag_id=bag, handover=handover, reason=reason) for bag in bags
    )


def went_along(act: Act, giver: Holder, things: Sequence[UUID], at: datetime) -> None:
    """Tell of the persons whose bags have left the giving site on a handover."""
    site = Site.objects.filter(code=giver.site).first() if giver.site else None
    if site:
        tell(act, site, _persons(Bag.objects.filter(thing__in=things)), "went_along", at)


def left_behind_by(act: Act, site: Site, persons: Sequence[Thing], at: datetime) -> list[str]:
    """Tell of those who have left and whose bags the site still holds; the tags of these bags."""
    left = at_site(site).filter(of(persons))
    tell(act, site, _persons(left), "left_behind", at)
    return sorted(left.values_list("thing__tag", flat=True))


def of(persons: Iterable[Thing]) -> Q:
    """Which bags are these persons': those of records that were merged into theirs too."""
    ids = [person.pk for person in persons]
    merged = Merge.objects.filter(survivor__in=ids, undone__isnull=True).values("duplicate")
    return Q(person__in=ids) | Q(person__in=merged)


def _persons(bags: QuerySet[Bag]) -> list[Thing]:
    """Whose bags they are, by the records that stand."""
    found = Thing.objects.filter(pk__in=bags.values("person")).order_by("tag")
    return [stands_for(person) for person in found]


def mission_of(person: Thing) -> str:
    """The mission under which a person is held: that of the latest live entry that names one, since the person came; or none."""
    entries = {entry.n: entry for entry in Entry.objects.filter(thing=person).select_related("receiver")}
    for entry in live_stack(entries, Head.objects.get(thing=person).top):
        if entry.receiver.kind == Holder.Kind.OUTSIDE:
            return ""
        if entry.mission:
            return str(entry.mission)
    return ""


# --- what is in a bag ---------------------------------------------------------------


@dataclass(frozen=True)
class Contents:
    """What is in a bag: lines in words, and amounts of money by currency."""

    lines: list[str] = field(default_factory=list)
    money: list[tuple[str, Decimal]] = field(default_factory=list)

    def to_text(self) -> str:
        return json.dumps(
            [self.lines, [[code, str(amount)] for code, amount in self.money]], ensure_ascii=False
        )

    @classmethod
    def from_text(cls, text: str) -> Contents:
        lines, money = json.loads(text)
        return cls(lines, [(code, Decimal(amount)) for code, amount in money])

    @property
    def said(self) -> list[str]:
        """Each amount and each line in words."""
        return [*(f"{code} {amount:,}" for code, amount in self.money), *self.lines]


@dataclass(frozen=True)
class BagTold:
    """A bag as it stands: where, under which seal, and what is open about it.

    `person`: whose it is, by the record that stands. `states` are its statements, the earliest first; `stated` is the one by which it
    stands. `ended`: how it was given away, where it was. `contents` None: not for this reader, or its key was destroyed. `waits` are
    statements for which a second person has still to stand. `stays`: why it did not go with its person. `left_at`: since when its person is
    outside, where the bag is held. `claim_by`: when the time to claim it is over, from the letter on.
    """

    bag: Bag
    person: Thing
    states: list[BagStated]
    stated: BagStated
    holder: Holder
    since: datetime | None
    person_at: Holder
    waits: list[BagStated]
    ended: BagEnded | None
    lost: bool
    stays: str
    left_at: datetime | None
    letter: ClaimLetter | None
    claim_by: datetime | None
    contents: Contents | None

    @property
    def tag(self) -> str:
        return str(self.bag.thing.tag)

    @property
    def place(self) -> str:
        """Where it lies in the store of the site that holds it; empty where nobody there said so."""
        return str(self.stated.place) if self.stated.site_id == self.holder.site else ""

    @property
    def is_undone(self) -> bool:
        """Whether it was taken in by mistake, and that was undone."""
        return self.states[-1].how == BagStated.How.UNDONE

    @property
    def is_here(self) -> bool:
        """Whether a site or a trip holds it, and not whoever it was handed to."""
        return self.holder.kind != Holder.Kind.OUTSIDE


def told(bags: QuerySet[Bag], *, read_at: Collection[str] = ()) -> list[BagTold]:
    """How each of the bags stands, by tag; with what is in it where one of the sites `read_at` holds it, or was the last that did."""
    rows = bags.select_related("thing__head__holder", "person__head__holder").order_by("thing__tag")
    found = list(rows.distinct())
    merges = Merge.objects.filter(duplicate__in=[bag.person_id for bag in found], undone__isnull=True)
    merged = {merge.duplicate_id: stands_for(merge.survivor) for merge in merges.select_related("survivor")}
    states: dict[UUID, list[BagStated]] = {}
    related = ("site", "receipt", "act__actor", "act__number", "witnessed__act__actor")
    statements = BagStated.objects.filter(bag__in=found).select_related(*related)
    for each in statements.order_by("id"):
        states.setdefault(each.bag_id, []).append(each)
    letters = {each.bag_id: each for each in ClaimLetter.objects.filter(bag__in=found).order_by("at", "pk")}
    stays = {each.bag_id: each.reason for each in BagStays.objects.filter(bag__in=found).order_by("pk")}
    ended = {each.bag_id: each for each in BagEnded.objects.filter(bag__in=found).order_by("pk")}
    lost = set(lost_bags(found))
    last = dict(
        Entry.objects.filter(thing__in=[bag.pk for bag in found], n=F("thing__head__top")).values_list(
            "thing", "giver__site"
        )
    )
    sites = {
        site.code: site
        for site in Site.objects.filter(code__in={bag.thing.head.holder.site for bag in found})
    }
    readable = {
        bag.pk
        for bag in found
        if (bag.thing.head.holder.site or last.get(bag.pk) or states[bag.pk][-1].site_id) in read_at
    }
    return [
        _told(
            bag, states[bag.pk], letters.get(bag.pk), stays.get(bag.pk, ""), ended.get(bag.pk), is_lost=bag.pk in lost,
            contents=bag.pk in readable, whose=merged.get(bag.person_id, bag.person), site=sites.get(bag.thing.head.holder.site),
        )
        for bag in found
    ]  # fmt: skip


def _told(
    bag: Bag, states: list[BagStated], letter: ClaimLetter | None, stays: str, ended: BagEnded | None, *, is_lost: bool, contents: bool,
    whose: Thing, site: Site | None,
) -> BagTold:  # fmt: skip
    head, owner = bag.thing.head, whose.head
    standing = next(each for each in reversed(states) if each.how not in NOT_STANDING)
    is_held = head.holder.kind != Holder.Kind.OUTSIDE
    is_left = is_held and owner.holder.kind == Holder.Kind.OUTSIDE
    left_at = owner.happened_at if is_left else None
    counts = letter if left_at and site and letter and letter.at >= left_at else None
    waits = [
        each
        for each in states
        if each.needs_second and not hasattr(each, "witnessed") and not _undone(states, each)
    ]
    return BagTold(
        bag=bag, person=whose, states=states, stated=standing, holder=head.holder, since=head.happened_at,
        person_at=owner.holder, waits=waits, ended=None if is_held else ended, lost=is_lost,
        stays=stays if is_held and head.holder_id != owner.holder_id else "",
        left_at=left_at, letter=counts, claim_by=claim_by(counts.at, site) if counts and site else None,
        contents=contents_of(states) if contents else None,
    )  # fmt: skip


def _undone(states: Sequence[BagStated], one: BagStated) -> bool:
    """Whether the taking in of a statement was undone: nobody has to stand for that."""
    return any(each.how == BagStated.How.UNDONE and each.receipt_id == one.receipt_id for each in states)


def lost_bags(bags: Iterable[Bag]) -> QuerySet[Difference, UUID]:
    """The things, of these bags, that are reported as lost and not settled."""
    open_ones = Difference.objects.filter(
        thing__in=[bag.pk for bag in bags], kind=Difference.Kind.BAG_LOST, settled__isnull=True
    )
    return open_ones.values_list("thing", flat=True)


def contents_of(states: Sequence[BagStated]) -> Contents | None:
    """What is in a bag by the latest of its statements that says so; None once the key of its person was destroyed."""
    said = next(each for each in reversed(states) if each.contents is not None)
    text = opened_under(said.person, CONTENTS, bytes(said.contents or b""))
    return None if text is None else Contents.from_text(text)


def claim_by(sent_at: datetime, site: Site) -> datetime:
    """When the time to claim is over: 30 local days after the letter was sent, at the same time of day."""
    return (sent_at.astimezone(zone(site.zone)) + CLAIM_WITHIN).astimezone(UTC)


def at_site(site: Site) -> QuerySet[Bag]:
    """The bags that a site holds now."""
    return Bag.objects.filter(thing__head__holder__site=site.code)


def receipts_to_verify(site: Site) -> QuerySet[PropertyReceipt]:
    """The receipts of a site for which no supervisor stands yet, by number. One whose bags were undone needs none (PROP-02)."""
    undone = BagStated.objects.filter(how=BagStated.How.UNDONE, receipt__site=site).values("receipt")
    rows = PropertyReceipt.objects.filter(site=site, verified__isnull=True).exclude(pk__in=undone)
    return rows.select_related("person", "act__actor").order_by("number")


def told_at(site: Site) -> list[dict[str, Any]]:
    """The bags that a site holds, by tag, as the API gives them: what is in one is told on its receipt alone. Moments as ISO 8601, UTC."""
    return [
        {
            "tag": each.tag, "person": each.person.tag, "kind": each.bag.kind, "seal": each.stated.seal, "place": each.place,
            "since": each.since.isoformat() if each.since else None, "lost": each.lost, "stays": each.stays,
            "left_at": each.left_at.isoformat() if each.left_at else None,
            "claim_by": each.claim_by.isoformat() if each.claim_by else None, "waits_for_second_person": bool(each.waits),
            "receipts": sorted({state.receipt.number for state in each.states if state.receipt and state.site_id == site.pk}),
        }
        for each in told(at_site(site))
    ]  # fmt: skip


def ever_at(site: Site) -> QuerySet[Bag]:
    """The bags that a site holds or held."""
    return Bag.objects.filter(
        Q(thing__entries__receiver__site=site.code) | Q(thing__entries__giver__site=site.code)
    )


def left_behind(site: Site) -> QuerySet[Bag]:
    """The bags that a site holds and whose persons are outside: a record that was merged says nothing of where its person is."""
    kept = Merge.objects.filter(undone__isnull=True).exclude(survivor__head__holder__kind=Holder.Kind.OUTSIDE)
    outside = at_site(site).filter(person__head__holder__kind=Holder.Kind.OUTSIDE)
    return outside.exclude(person__in=kept.values("duplicate"))


def audited_with(what: str) -> Q:
    """Which bags an audit of that kind is of. Source: custody-standards.md PROP-04, GK."""
    funds = Q(kind__in=FUNDS)
    return funds if what == "funds" else ~funds
