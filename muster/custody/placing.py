"""Where within a site persons are: a fact, recorded whatever stands against it; what is against a rule is a difference too.

The ledger's holder stays the site (ADR 26). Which rules of a standard hold at a site, a later step says: `STANDARDS`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field

from muster.access.control import Actor
from muster.core.errors import MusterError
from muster.core.times import check_happened, local, zone
from muster.custody import rules
from muster.custody.actions import Tags, site_locked
from muster.custody.areas import SiteCode, area_of
from muster.custody.groups import flags_of, standing
from muster.custody.models import Area, Concerned, Difference, Flag, Group, Placement
from muster.custody.reports import differ
from muster.custody.space import AreaSpace, Person, persons, rooms_of
from muster.custody.standards import STANDARDS, Cited
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

Kind = Difference.Kind
HOLD_ROOMS = ("HOLD-03", "HOLD-04", "HOLD-06")  # the rules about who and how many are in one
NAMED = 10  # tags in one sentence
SEPARATED = (
    Area.Kind.HOLD_ROOM,
    Area.Kind.HOUSING,
    Area.Kind.SEGREGATION,
)  # where persons are shut in with one another


class PlacedBeforeArrival(MusterError):
    """Somebody would be in an area before the site had him."""

    code = "custody.placed_before_arrival"
    status = 409

    def __init__(self, *, since: Mapping[str, datetime], where: ZoneInfo) -> None:
        self.since = dict(since)
        named = ", ".join(f"{tag} (received {local(at, where)})" for tag, at in sorted(since.items()))
        super().__init__(
            f"{named}: not here yet at that time, by the record. Nothing was kept. Give a time from then on, or correct the arrival."
        )


@dataclass(frozen=True)
class Against:
    """What a placement is against. `words` name nobody; `told` does, for those who house and move the persons there."""

    kind: Difference.Kind
    words: str
    told: str = ""


@dataclass(frozen=True)
class Placed:
    """Who was placed, in which area (empty: in none), and how many differences that opened."""

    tags: list[str]
    area: str
    differences: int


@action("custody.place", about=site_locked)
def place(
    *, act: Act, row: Site, actor: Actor, site: SiteCode, tags: Tags, at: AwareDatetime,
    area: Annotated[str, Field(max_length=20)] = "",
) -> Placed:  # fmt: skip
    """Record that persons are in an area of the site from `at` on; without an area, that they are in none.

    People are where they are, so it is never refused for what it is against: each rule that it breaks is a difference. The same
    moment told again corrects. Raises NoTags, TagMisread, TagTwice, NotFound for the area, NotHappenedYet, NotHeldHere,
    PlacedBeforeArrival.
    """
    check_happened(at, now=act.recorded_at)
    named = rules.read_tags(tags)
    to = area_of(row, area) if area else None
    moved = _here(row, named, at)
    found = against(row, [each.tag for each in moved], to, at)
    Placement.objects.bulk_create(
        Placement(act=act, site=row, thing_id=each.thing, area=to, at=at) for each in moved
    )
    for each in found:
        tell(act, row, each, at)
    return Placed(named, area, len(found))


def _here(site: Site, tags: Sequence[str], at: datetime) -> list[Person]:
    """The persons of these tags, in their order. Raises NotHeldHere, PlacedBeforeArrival."""
    here = {person.tag: person for person in persons([site.pk])}
    if strangers := sorted(set(tags) - here.keys()):
        raise rules.NotHeldHere(tags=strangers, site=site.code)
    if early := {tag: here[tag].since for tag in tags if at < here[tag].since}:
        raise PlacedBeforeArrival(since=early, where=zone(site.zone))
    return [here[tag] for tag in tags]


def tell(act: Act, site: Site, found: Against, at: datetime) -> None:
    """Open the difference, and keep who it is about apart from its words."""
    opened = differ(act, site, found.kind, found.words, at)
    if found.told:
        Concerned.objects.create(act=act, difference=opened, words=found.told)


def against(site: Site, tags: Sequence[str], area: Area | None, at: datetime) -> list[Against]:
    """What it would be against that these persons, whom the site holds, are in the area from that moment on; nothing is written."""
    if area is None:
        return []
    room = next((each for each in rooms_of(site, at=at) if each.area == area), None)
    if room is None:
        return []
    here = persons([site.pk], at=at)
    moved = {person.thing: person.tag for person in here if person.tag in set(tags)}
    there = {person.thing: person.tag for person in here if person.area == area.pk} | moved
    elsewhere = {person.thing: person.tag for person in here if person.area and person.thing not in there}
    move = _Move(site, room, at, moved, there, elsewhere)
    return [*_over_capacity(move), *_not_apart(move), *_not_for_hold_rooms(move), *_without_the_others(move)]


@dataclass(frozen=True)
class _Move:
    """A move into an area: when, who is moved, who is there then, and who is in another area of the site; tags by thing."""

    site: Site
    room: AreaSpace
    at: datetime
    moved: Mapping[UUID, str]
    there: Mapping[UUID, str]
    elsewhere: Mapping[UUID, str]

    @property
    def persons(self) -> int:
        return len(self.there)

    @property
    def name(self) -> str:
        return f"{self.room.stated.name} ({self.room.area.code})"

    @property
    def day(self) -> date:
        return self.at.astimezone(zone(self.site.zone)).date()

    def rule(self, id: str) -> Cited | None:
        """The rule, where the area is a hold room and it holds at the site on that day."""
        return self._cited.get(id)

    @cached_property
    def _cited(self) -> Mapping[str, Cited]:
        if self.room.stated.kind != Area.Kind.HOLD_ROOM:
            return {}
        return dict(ChainMap(*(dict(each.cited(self.site, self.day, HOLD_ROOMS)) for each in STANDARDS)))

    @property
    def floor(self) -> tuple[int, Cited] | None:
        """How many the floor allows, and by which rule; None where no floor is stated or no rule says."""
        stated = self.room.stated
        if stated.square_feet is None:
            return None
        found = (each.floor(self.site, self.day, stated.kind, stated.square_feet) for each in STANDARDS)
        return next((floor for floor in found if floor), None)


def _over_capacity(move: _Move) -> Iterator[Against]:
    """Source: HOLD-06 (S) in hold rooms, floor and posted capacity; elsewhere the number that is posted, and SHL-01 (S) in shelters."""
    if floor := move.floor:
        allowed, by = floor
        if move.persons > allowed:
            feet = f"{move.room.stated.square_feet} sq ft of floor"
            words = f"{move.persons} in {move.name}, whose {feet} allow {allowed} ({by})."
            yield Against(Kind.OVER_CAPACITY, words)
    if move.persons <= move.room.capacity:
        return
    out = (
        f", {move.room.out} of {move.room.stated.usable} places being out of service" if move.room.out else ""
    )
    posted = move.rule("HOLD-06")
    yield Against(
        Kind.OVER_CAPACITY,
        f"{move.persons} in {move.name}, whose posted capacity is {move.room.capacity}{out}"
        f" ({posted or 'the number stated for the area'}).",
    )


def _not_apart(move: _Move) -> Iterator[Against]:
    """Who is kept apart by name; and separation groups of the agency: HOLD-04 (C) in hold rooms, its own label where persons are housed."""
    for each in standing(move.moved, kind=Group.Kind.KEEP_APART):
        if len(together := each.of(move.there)) > 1:
            yield Against(
                Kind.NOT_APART,
                f"{len(together)} persons who are kept apart are together in {move.name}.",
                f"{_tags(one.tag for one in together)}, apart by {each.group.authority}.",
            )
    if move.room.stated.kind not in SEPARATED:
        return
    labels: dict[str, list[str]] = {}
    moved = set()
    for thing, kinds in flags_of(move.there).items():
        if flag := kinds.get(Flag.Kind.SEPARATION):
            labels.setdefault(flag.label, []).append(move.there[thing])
            moved |= {flag.label} if thing in move.moved else set()
    if len(labels) > 1 and moved:
        by = move.rule("HOLD-04") or "the separation group that the agency gave"
        named = "; ".join(f"{label}: {_tags(tags)}" for label, tags in sorted(labels.items()))
        yield Against(
            Kind.NOT_APART, f"Persons whom the agency's standard separates are together in {move.name} ({by}).", f"{named}."
        )  # fmt: skip


def _not_for_hold_rooms(move: _Move) -> Iterator[Against]:
    """Source: HOLD-03 (S), of which minors are flagged here; the grounds on which the text allows it are for whoever settles."""
    if by := move.rule("HOLD-03"):
        minors = [
            move.moved[thing] for thing, kinds in flags_of(move.moved).items() if Flag.Kind.MINOR in kinds
        ]
        if minors:
            yield Against(
                Kind.HOLD_ROOM, f"Somebody is in {move.name} whom the rule seats outside. {by.words} ({by}).", f"{_tags(minors)}."
            )  # fmt: skip


def _without_the_others(move: _Move) -> Iterator[Against]:
    for each in standing(move.moved, kind=Group.Kind.KEEP_WITH):
        if away := each.of(move.elsewhere):
            came = each.of(move.moved)
            yield Against(
                Kind.GROUP_SPLIT,
                f"A group that is kept together is in part in {move.name} and in part in another area.",
                f"Together by {each.group.authority}. In {move.room.area.code}: {_tags(one.tag for one in came)}. "
                f"Elsewhere: {_tags(one.tag for one in away)}.",
            )


def _tags(tags: Iterable[str]) -> str:
    found = sorted(tags)
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more
