"""What changed hands, as the papers of handovers, trips, arrivals and releases tell it: by tag, with bags, seals and signatures.

Whoever signed is named by the office held, never by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from muster.access.models import Grant
from muster.cases.checklists import is_shelter
from muster.custody.models import Bag, BagStated
from muster.documents.sheets import Block, table
from muster.ledger.handovers import Signed, signed
from muster.ledger.models import Entry, Handover, Holder, Thing
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.picture.papers.asked import Asked
from muster.transport.models import Trip

IN_AGENCY = "in the agency's system"


def posts(users: Iterable[int | None]) -> dict[int | None, str]:
    """The offices that accounts hold, by user: what they do where, and no name."""
    found: dict[int | None, list[str]] = defaultdict(list)
    grants = Grant.objects.filter(user__in={user for user in users if user}).select_related(
        "site", "organisation"
    )
    for grant in grants.order_by("role", "pk"):
        where = grant.site.name if grant.site else grant.organisation.name if grant.organisation else ""
        found[grant.user_id].append(
            f"{grant.get_role_display()}, {where}" if where else grant.get_role_display()
        )
    return {user: "; ".join(held) for user, held in found.items()}


def end_named(holder: Holder) -> str:
    """One side of a handover as people call it: a site, a trip with its vehicle, or who is outside."""
    trip = Trip.objects.filter(holder=holder).first()
    if trip:
        return f"Trip {trip.pk}, {trip.vehicle}"
    site = Site.objects.filter(pk=holder.site).first()
    if site:
        return f"{site.name} ({site.pk})"
    return f"{holder.organisation}, outside" if holder.organisation else "outside"


def of_drill(mission: str) -> bool:
    """Whether the mission of that id, if there is one, is an exercise."""
    return Mission.objects.filter(pk=mission or "", drill=True).exists()


def shelters(holders: Iterable[Holder], asked: Asked) -> bool:
    """Whether one of the sides is a shelter, where nobody is in custody."""
    sites = Site.objects.filter(pk__in=[holder.site for holder in holders if holder.site])
    return any(is_shelter(site, now=asked.at, known_at=asked.known_at) for site in sites)


def corrected(entries: Collection[Entry], asked: Asked) -> dict[tuple[UUID, int], int]:
    """Of these entries, those that were taken back since, each with the number of the act that did it."""
    pops = Entry.objects.filter(
        kind="pop", thing__in={each.thing_id for each in entries}, act__number__number__lte=asked.known_at
    )
    rows = pops.values_list("thing_id", "corrects", "act__number__number")
    return {(thing, n): act for thing, n, act in rows if n is not None}


def bags_by_person(things: Collection[UUID], asked: Asked) -> dict[UUID, list[str]]:
    """Of these things the bags, by the person whose each is: its tag and seal as known then."""
    found: dict[UUID, list[str]] = defaultdict(list)
    rows = Bag.objects.filter(thing__in=things).select_related("thing").order_by("thing__tag")
    seals = _seals([row.pk for row in rows], asked)
    for row in rows:
        found[row.person_id].append(
            f"{row.thing.tag} ({row.get_kind_display()}), {seals.get(row.pk) or 'no seal'}"
        )
    return found


def _seals(bags: Sequence[UUID], asked: Asked) -> dict[UUID, str]:
    stated = BagStated.objects.filter(bag__in=bags, at__lte=asked.at, act__number__number__lte=asked.known_at)
    rows = stated.exclude(how=BagStated.How.HANDED_BACK).order_by("at", "pk").values_list("bag", "seal")
    return {bag: f"seal {seal}" for bag, seal in rows if seal}


@dataclass(frozen=True, kw_only=True)
class Hands:
    """Persons and bags that changed hands, each person with the bags that went along; `astray` are bags whose person did not."""

    persons: list[Thing]
    bags: Mapping[UUID, list[str]]
    astray: list[str]
    bag_count: int

    @classmethod
    def of(cls, things: Collection[Thing], asked: Asked) -> Hands:
        persons = sorted(
            (each for each in things if each.kind == Thing.Kind.PERSON), key=lambda each: each.tag
        )
        others = {each.pk for each in things if each.kind == Thing.Kind.PROPERTY}
        bags = bags_by_person(others, asked)
        known = {person.pk for person in persons}
        astray = [each for person, theirs in bags.items() if person not in known for each in theirs]
        return cls(persons=persons, bags=bags, astray=astray, bag_count=len(others))

    def property_of(self, person: Thing) -> str:
        """The bags of a person that went along, in words."""
        return "; ".join(self.bags.get(person.pk, ())) or "no bag"

    @property
    def totals(self) -> str:
        """How many, in words."""
        return f"Persons: {len(self.persons)}. Bags: {self.bag_count}."


def signatures(rows: Iterable[Handover], asked: Asked) -> Block:
    """Who signed each handover, for which side, by which office and act, and whether the signature verifies today."""
    handovers = list(rows)
    held = posts(user for row in handovers for user in (row.offered_by, row.accepted_by))
    standing = signed([row.pk for row in handovers])
    lines = [line for row in handovers for line in _signed_lines(row, standing[row.pk], held, asked)]
    return table(
        ["Signed for", "Office", "Recorded", "Signature"],
        lines,
        widths=[24, 26, 22, 28],
        none="Nobody has signed.",
    )


def _signed_lines(
    row: Handover, told: Signed, held: Mapping[int | None, str], asked: Asked
) -> list[list[str | None]]:
    by = {each.side: each for each in told.signatures}
    lines = []
    for side, holder, user, act in (
        ("giver", row.giver, row.offered_by, row.offered_act), ("receiver", row.receiver, row.accepted_by, row.answered_act)
    ):  # fmt: skip
        if act is None or user is None or act.number.number > asked.known_at:
            continue
        evidence = str(by[side]) if side in by else f"a witnessed paper stands for it: {told.paper}"
        when = f"act {act.number.number}, {asked.said(act.recorded_at)}"
        lines.append(
            [
                f"{end_named(holder)}, {'gave' if side == 'giver' else 'received'}",
                held.get(user),
                when,
                evidence,
            ]
        )
    return lines
