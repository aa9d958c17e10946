"""The law of the ledger in plain Python: a stack of what holds for each person, and what a message does to it.

It knows no database. Each verb answers as the product must, or names every code by which it may refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

OUTSIDE = "outside"


@dataclass(frozen=True)
class Refused:
    """Nothing is kept. Where persons on one list are refused for different reasons, one of them is told."""

    codes: frozenset[str]


@dataclass(frozen=True)
class Told:
    """What is answered: of whom it was taken as it was told, and of whom only a report is kept."""

    taken: tuple[str, ...]
    reported: frozenset[str] = frozenset()
    written: int = 0  # entries


@dataclass(frozen=True)
class Live:
    """An entry that holds."""

    n: int
    at: datetime
    giver: str
    receiver: str


@dataclass
class Person:
    """`stack` is what holds, the earliest first; `entries` are the two sides of all that was ever written."""

    stack: list[Live] = field(default_factory=list)
    entries: list[tuple[str, str]] = field(default_factory=list)

    @property
    def holder(self) -> str:
        return self.stack[-1].receiver if self.stack else OUTSIDE

    @property
    def latest(self) -> datetime | None:
        return self.stack[-1].at if self.stack else None

    def is_late(self, at: datetime) -> bool:
        return self.latest is not None and at < self.latest

    def push(self, at: datetime, receiver: str) -> None:
        giver = self.holder
        self.entries.append((giver, receiver))
        self.stack.append(Live(len(self.entries), at, giver, receiver))

    def pop(self) -> Live:
        top = self.stack.pop()
        self.entries.append((top.receiver, top.giver))
        return top

    def held_at(self, at: datetime) -> str:
        for live in reversed(self.stack):
            if live.at <= at:
                return live.receiver
        return OUTSIDE


class Bag:
    """Tags in an order that depends on nothing but what was put in and taken out, so that a seed draws the same again."""

    def __init__(self, tags: Iterable[str] = ()) -> None:
        self._tags: list[str] = []
        self._places: dict[str, int] = {}
        for tag in tags:
            self.add(tag)

    def __len__(self) -> int:
        return len(self._tags)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tags)

    def add(self, tag: str) -> None:
        if tag not in self._places:
            self._places[tag] = len(self._tags)
            self._tags.append(tag)

    def remove(self, tag: str) -> None:
        place, last = self._places.pop(tag), self._tags.pop()
        if last != tag:
            self._tags[place], self._places[last] = last, place

    def draw(self, chance: Random, most: int) -> list[str]:
        return chance.sample(self._tags, min(most, len(self._tags)))


@dataclass
class Handover:
    """An offer: who is still on it, and how it stands."""

    giver: str
    receiver: str
    tags: list[str]
    state: str = "offered"


class Law:
    """Everybody, every handover, and what each message does."""

    def __init__(self, sites: Sequence[str], tags: Sequence[str]) -> None:
        self.persons = {tag: Person() for tag in tags}
        self.known: set[str] = set()
        self.handovers: dict[object, Handover] = {}
        self.on_offer: dict[str, object] = {}
        self.at_site = {site: Bag() for site in sites}
        self.outside = Bag(tags)

    def census(self, at: datetime) -> dict[str, int]:
        """Persons by site at that moment, as far as is known now."""
        counted: dict[str, int] = {}
        for tag in sorted(self.known):
            if (place := self.persons[tag].held_at(at)) != OUTSIDE:
                counted[place] = counted.get(place, 0) + 1
        return counted

    def receive(self, site: str, tags: Sequence[str], at: datetime) -> Told | Refused:
        people = {tag: self.persons[tag] for tag in tags}
        if any(person.holder == site for person in people.values()):
            return _refused("custody.already_here")
        taken = [tag for tag, person in people.items() if person.holder == OUTSIDE and not person.is_late(at)]
        self.known.update(tags)
        for tag in taken:
            self._move(tag, at, site)
        return Told(tuple(taken), frozenset(tags) - set(taken), len(taken))

    def release(self, site: str, tags: Sequence[str], at: datetime) -> Told:
        taken = [
            tag for tag in tags if self.persons[tag].holder == site and not self.persons[tag].is_late(at)
        ]
        for tag in taken:
            self._move(tag, at, OUTSIDE)
            self._off(tag)
        return Told(tuple(taken), frozenset(tags) - set(taken), len(taken))

    def offer(self, giver: str, receiver: str, tags: Sequence[str]) -> Told | Refused:
        if any(self.persons[tag].holder != giver for tag in tags):
            return _refused("custody.not_held_here")
        if any(tag in self.on_offer for tag in tags):
            return _refused("ledger.already_offered")
        return Told(tuple(tags))

    def offered(self, handover: object, giver: str, receiver: str, tags: Sequence[str]) -> None:
        """The offer stands, under the name that the product gave it."""
        self.handovers[handover] = Handover(giver, receiver, list(tags))
        self.on_offer.update(dict.fromkeys(tags, handover))

    def accept(self, handover: object, tags: Sequence[str] | None, at: datetime) -> Told | Refused:
        found = self.handovers[handover]
        if found.state != "offered":
            return _refused("ledger.already_answered")
        named = sorted(found.tags) if tags is None else list(tags)
        if set(named) - set(found.tags):
            return _refused("custody.not_on_offer")
        people = [self.persons[tag] for tag in named]
        codes = {"ledger.not_the_holder" for person in people if person.holder != found.giver}
        codes |= {
            "ledger.before_live_top"
            for person in people
            if person.holder == found.giver and person.is_late(at)
        }
        if codes:
            return Refused(frozenset(codes))
        for tag in named:
            self._move(tag, at, found.receiver)
        missing = frozenset(found.tags) - set(named)
        self._end(found, "accepted")
        return Told(tuple(named), missing, len(named))

    def answer(self, handover: object, state: str) -> Told | Refused:
        """Refused, or withdrawn."""
        found = self.handovers[handover]
        if found.state != "offered":
            return _refused("ledger.already_answered")
        self._end(found, state)
        return Told(())

    def correct(
        self, site: str, tag: str, n: int, at: datetime | None, receiver: str, void: bool
    ) -> Told | Refused:
        person = self.persons[tag]
        if n > len(person.entries) or site not in person.entries[n - 1]:
            return _refused("custody.not_held_here")
        place = next((place for place, live in enumerate(person.stack) if live.n == n), None)
        if place is None:
            return _refused("custody.not_live")
        wrong, above = person.stack[place], person.stack[place + 1 :]
        truth = [] if void else [(at or wrong.at, wrong.giver, receiver or wrong.receiver)]
        if any(giver == to for _, giver, to in truth):
            return _refused("ledger.same_holder")
        tried = Person(list(person.stack), list(person.entries))
        for _ in range(len(above) + 1):
            tried.pop()
        for moment, giver, to in [*truth, *((live.at, live.giver, live.receiver) for live in above)]:
            if giver != tried.holder:
                return _refused("ledger.not_the_holder")
            if tried.is_late(moment):
                return _refused("ledger.before_live_top")
            tried.push(moment, to)
        written = len(tried.entries) - len(person.entries)
        self._stands(tag, tried)
        offer = self.handovers.get(self.on_offer.get(tag))
        if offer is not None and tried.holder != offer.giver:
            self._off(tag)
        return Told((tag,), written=written)

    def _move(self, tag: str, at: datetime, receiver: str) -> None:
        before = self.persons[tag].holder
        self.persons[tag].push(at, receiver)
        self._placed(tag, before, receiver)

    def _stands(self, tag: str, person: Person) -> None:
        before = self.persons[tag].holder
        self.persons[tag] = person
        self._placed(tag, before, person.holder)

    def _placed(self, tag: str, before: str, after: str) -> None:
        if before != after:
            self.at_site.get(before, self.outside).remove(tag)
            self.at_site.get(after, self.outside).add(tag)

    def _off(self, tag: str) -> None:
        """Who is released, or is with the giver no more, leaves the open offer; one that nobody is left on has lapsed."""
        handover = self.handovers.get(self.on_offer.pop(tag, None))
        if handover is not None:
            handover.tags.remove(tag)
            if not handover.tags:
                handover.state = "lapsed"

    def _end(self, handover: Handover, state: str) -> None:
        handover.state = state
        for tag in handover.tags:
            self.on_offer.pop(tag, None)


def _refused(code: str) -> Refused:
    return Refused(frozenset({code}))
