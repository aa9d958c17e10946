"""Tablets, a network and a server that crashes, drawn from one seed, and the product beside the plain law.

One thread and a simulated clock: a seed gives the same story each time. Tablets go offline and write on; their messages
are dropped, doubled, late and out of order, and sent again under the same key until they are answered; the server stops
between any two of its statements. After every delivery the product must have said and written what the law says.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection
from model import Law, Refused, Told

from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.core.errors import MusterError
from muster.core.tags import make_tag
from muster.custody import actions
from muster.database import DatabaseDown
from muster.ledger import queries, rolls
from muster.parties.models import Organisation, Site
from muster.record.action import Done, OutcomeUnknown
from muster.record.models import Act

BEGIN = datetime(2020, 1, 6, tzinfo=UTC)
SITES = ("EX-NORTH", "EX-SOUTH", "EX-EAST", "EX-WEST")
TABLETS_PER_SITE = 2
VERBS = {
    "receive": actions.receive, "offer": actions.offer, "accept": actions.accept, "refuse": actions.refuse,
    "withdraw": actions.withdraw, "release": actions.release, "correct": actions.correct,
}  # fmt: skip
DROPPED, DOUBLED, CRASHED, OFFLINE = 0.1, 0.1, 0.1, 0.04
LAST_STATEMENT = 25  # an act of the product has some 10 to 30
HEADS = """
SELECT t.tag, h.n, h.top, o.code, h.happened_at FROM ledger_thing t JOIN ledger_head h ON h.thing_id = t.id
JOIN ledger_holder o ON o.id = h.holder_id WHERE t.tag = ANY(%s)
"""


class Crash(BaseException):
    """The server stops here: not an error that anybody may catch."""


class BrokenLaw(AssertionError):
    """The product said or wrote otherwise than the law."""


@dataclass(frozen=True)
class Message:
    """What a tablet sends until it is answered, always under the same key."""

    number: int
    tablet: Tablet
    verb: str
    inputs: dict[str, Any]
    key: UUID

    def __str__(self) -> str:
        said = {name: value for name, value in self.inputs.items() if name != "handover"}
        return f"message {self.number} of {self.tablet.name}: {self.verb} {said}"


@dataclass(eq=False)
class Tablet:
    """One clerk's. `seen` is who was at the site when the tablet last heard from the server."""

    name: str
    site: str
    actor: Actor
    skew: timedelta
    seen: list[str] = field(default_factory=list)
    online_at: datetime = BEGIN
    waiting: set[int] = field(default_factory=set)


class Simulation:
    """One story. `size` is the longest list, `checked_each` the deliveries between two looks at the whole record."""

    def __init__(self, seed: int, *, size: int = 8, persons: int = 120, checked_each: int = 10) -> None:
        self.seed, self.size, self.checked_each = seed, size, checked_each
        self.chance = Random(seed)
        tags = [make_tag(7919 * number) for number in range(1, persons + 1)]
        self.law = Law(SITES, tags)
        self.now = BEGIN
        self.events: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order, self.numbers = count(), count(1)
        self.first: dict[UUID, tuple[UUID, Any]] = {}  # by key: the act and its answer
        self.handovers: list[UUID] = []
        self.known_at = 0
        self.asked: list[tuple[datetime, int, dict[str, int]]] = []
        self.transfers = self.deliveries = 0
        self.story: Counter[str] = Counter()
        self.digest = hashlib.sha256()
        self.is_calm = False
        self.tablets = _tablets(self.chance)

    def run(self, transfers: int, *, until: Callable[[], bool] = lambda: False) -> None:
        """Simulate until so many entries are written, or as `until` says, and every message is answered. Raises BrokenLaw."""
        try:
            self._begin()
            while self.events:
                self.now, _, happen = heapq.heappop(self.events)
                self.is_calm = self.is_calm or self.transfers >= transfers or until()
                happen()
            self._check_record()
            for moment, known_at, sites in self.asked:
                self._expect(
                    queries.census(moment, known_at).sites, sites, f"known at {known_at} of {moment}"
                )
            if waiting := [tablet.name for tablet in self.tablets if tablet.waiting]:
                self._broken(f"never answered: {waiting}")
        except BrokenLaw:
            raise
        except Exception as error:
            raise BrokenLaw(f"{self._where()}: {type(error).__name__}: {error}") from error

    # The world -----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        for tablet in self.tablets[:: len(self.tablets) // len(SITES)]:
            self._send(Message(next(self.numbers), tablet, "receive", self._arrivals(tablet), self._key()))
        for tablet in self.tablets:
            self._later(self.chance.random() * 30, lambda tablet=tablet: self._act(tablet))

    def _later(self, minutes: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self.events, (self.now + timedelta(minutes=minutes), next(self.order), happen))

    def _key(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def _act(self, tablet: Tablet) -> None:
        """A clerk does something, writes it into the tablet, and will do something again."""
        if self.is_calm:
            return
        if self.chance.random() < OFFLINE:
            tablet.online_at = self.now + timedelta(hours=self.chance.uniform(1, 12))
            self.story["went offline"] += 1
        drawn = self._intent(tablet)
        if drawn is not None:
            verb, inputs = drawn
            self._send(Message(next(self.numbers), tablet, verb, inputs, self._key()))
        self._later(self.chance.expovariate(1 / 30), lambda: self._act(tablet))

    def _send(self, message: Message) -> None:
        tablet = message.tablet
        tablet.waiting.add(message.number)
        wait = max(0.0, (tablet.online_at - self.now) / timedelta(minutes=1))
        for _ in range(1 if self.is_calm or self.chance.random() > DOUBLED else 2):
            if self.is_calm or self.chance.random() > DROPPED:
                late = self.chance.expovariate(1 / 5)
                self._later(wait + late, lambda: self._deliver(message))
            else:
                self.story["dropped"] += 1
        self._later(wait + 45, lambda: self._send_again(message))

    def _send_again(self, message: Message) -> None:
        if message.number in message.tablet.waiting:
            self.story["sent again"] += 1
            self._send(message)

    # What clerks do ------------------------------------------------------------------------------------------------

    def _intent(self, tablet: Tablet) -> tuple[str, dict[str, Any]] | None:
        drawn = self.chance.random()
        if drawn < 0.3 or not tablet.seen:
            return "receive", self._arrivals(tablet)
        if drawn < 0.55:
            to = self.chance.choice([site for site in SITES if site != tablet.site])
            free = [tag for tag in tablet.seen if tag not in self.law.on_offer]
            tags = self._some(free if free and self.chance.random() < 0.9 else tablet.seen)
            return "offer", {"giver": tablet.site, "receiver": to, "tags": tags}
        if drawn < 0.82:
            return self._answer(tablet)
        if drawn < 0.93:
            return "release", {
                "site": tablet.site, "tags": self._some(tablet.seen), "at": self._moment(tablet), "reason": "bond",
            }  # fmt: skip
        return "correct", self._correction(tablet)

    def _some(self, tags: list[str]) -> list[str]:
        return self.chance.sample(tags, min(len(tags), self._length()))

    def _length(self) -> int:
        """Of a list: half of them are as long as they may be."""
        return self.chance.choice([self.size, self.chance.randint(1, self.size)])

    def _moment(self, tablet: Tablet) -> datetime:
        """Now by the tablet's clock, or somewhat earlier: what is written down afterwards."""
        earlier = self.chance.choice([0, 0, 0, 0, 0, 0, 0, self.chance.randrange(180)])
        return self.now + tablet.skew - timedelta(minutes=earlier)

    def _arrivals(self, tablet: Tablet) -> dict[str, Any]:
        tags = self.law.outside.draw(self.chance, self._length())
        if self.chance.random() < 0.1:
            tags += self.law.at_site[self.chance.choice(SITES)].draw(self.chance, 1)
        return {
            "site": tablet.site,
            "tags": tags or [next(iter(self.law.persons))],
            "at": self._moment(tablet),
        }

    def _answer(self, tablet: Tablet) -> tuple[str, dict[str, Any]] | None:
        mine = [h for h in self.handovers[-40:] if tablet.site in (self._of(h).giver, self._of(h).receiver)]
        if not mine:
            return None
        still_open = [h for h in mine if self._of(h).state == "offered"]
        handover = self.chance.choice(still_open if still_open and self.chance.random() < 0.8 else mine)
        found = self._of(handover)
        if found.giver == tablet.site:
            return ("withdraw", {"handover": handover}) if self.chance.random() < 0.2 else None
        if self.chance.random() < 0.1:
            return "refuse", {"handover": handover, "reason": "no_space"}
        inputs: dict[str, Any] = {"handover": handover, "at": self._moment(tablet)}
        if found.tags and self.chance.random() < 0.3:
            inputs["tags"] = self._some(found.tags)
        return "accept", inputs

    def _of(self, handover: UUID) -> Any:
        return self.law.handovers[handover]

    def _correction(self, tablet: Tablet) -> dict[str, Any]:
        tag = self.chance.choice(tablet.seen)
        person = self.law.persons[tag]
        if person.stack and self.chance.random() < 0.9:
            n = self.chance.choice(person.stack[-3:]).n
        else:
            n = self.chance.randint(1, len(person.entries) + 1)
        kind = self.chance.choice(["time", "time", "receiver", "void"])
        return {
            "site": tablet.site, "tag": tag, "n": n, "reason": "late", "void": kind == "void",
            "happened_at": self._moment(tablet) if kind == "time" else None,
            "receiver": self.chance.choice(SITES) if kind == "receiver" else "",
        }  # fmt: skip

    # The server ----------------------------------------------------------------------------------------------------

    def _deliver(self, message: Message) -> None:
        self.deliveries += 1
        crash_at = self.chance.randint(1, LAST_STATEMENT) if self.chance.random() < CRASHED else 0
        told: Done[Any] | str
        try:
            with connection.execute_wrapper(_stop_at(crash_at)) if crash_at else nullcontext():
                told = VERBS[message.verb](actor=message.tablet.actor, key=message.key, **message.inputs)
        except Crash:
            self._crashed(message)
            return
        except (DatabaseDown, OutcomeUnknown):
            # Of the machine that the story is told on, not of the story: it may stand still for as long as a transaction may.
            self.story["database went away"] += 1
            self._crashed(message)
            return
        except MusterError as refusal:
            told = refusal.code
        self._judge(message, told)
        if self.is_calm or self.chance.random() > DROPPED:
            self._later(self.chance.expovariate(1 / 5), lambda: self._hear(message))
        else:
            self.story["answer dropped"] += 1
        if self.deliveries % self.checked_each == 0:
            self._check_knowledge()

    def _hear(self, message: Message) -> None:
        message.tablet.waiting.discard(message.number)
        message.tablet.seen = list(self.law.at_site[message.tablet.site])

    def _crashed(self, message: Message) -> None:
        """Either the act is there as a whole, or nothing of it; the tablet does not know and will send it again."""
        act = (
            Act.objects.filter(idempotency_key=message.key, refused_code="").select_related("answer").first()
        )
        was_there = message.key in self.first
        self.story["crashed after its commit" if act and not was_there else "crashed"] += 1
        self.digest.update(f"{message.number} crashed".encode())
        if act is None and was_there:
            self._broken(f"{message}: its act is gone")
        if act is None or was_there:
            self._check_heads(message)
            return
        answer = VERBS[message.verb].answers.validate_python(act.answer.body)
        self._judge(message, Done(act.pk, None, answer))

    def _judge(self, message: Message, told: Done[Any] | str) -> None:
        """Hold what the product said and wrote against the law."""
        if isinstance(told, Done) and message.key in self.first:
            self._expect((told.act, told.answer), self.first[message.key], f"{message}, told again")
            self.story["told again"] += 1
        else:
            due = self._due(message)
            if isinstance(due, Refused):
                if not isinstance(told, str) or told not in due.codes:
                    said = told if isinstance(told, str) else told.answer
                    self._broken(f"{message}: {said}, and {sorted(due.codes)} was due")
                self.story["refused"] += 1
            else:
                self._taken(message, told, due)
        self.digest.update(f"{message.number} {'refused' if isinstance(told, str) else 'done'}".encode())
        self._check_heads(message)

    def _due(self, message: Message) -> Told | Refused:
        law, given = self.law, message.inputs
        match message.verb:
            case "receive":
                return law.receive(given["site"], given["tags"], given["at"])
            case "release":
                return law.release(given["site"], given["tags"], given["at"])
            case "offer":
                return law.offer(given["giver"], given["receiver"], given["tags"])
            case "accept":
                return law.accept(given["handover"], given.get("tags"), given["at"])
            case "correct":
                return law.correct(
                    given["site"], given["tag"], given["n"], given["happened_at"], given["receiver"], given["void"]
                )  # fmt: skip
        return law.answer(given["handover"], "refused" if message.verb == "refuse" else "withdrawn")

    def _taken(self, message: Message, told: Done[Any] | str, due: Told) -> None:
        if isinstance(told, str):
            self._broken(f"{message}: refused as {told}")
        answer = told.answer
        self.first[message.key] = (told.act, answer)
        match message.verb:
            case "receive":
                self._expect(
                    (set(answer.received), set(answer.reported)), (set(due.taken), due.reported), str(message)
                )
            case "release":
                self._expect(
                    (set(answer.released), set(answer.reported)), (set(due.taken), due.reported), str(message)
                )
            case "accept":
                self._expect(
                    (set(answer.accepted), set(answer.missing)), (set(due.taken), due.reported), str(message)
                )
            case "offer":
                self.handovers.append(answer.handover)
                self.law.offered(
                    answer.handover, message.inputs["giver"], message.inputs["receiver"], due.taken
                )
            case "correct":
                self._expect(len(answer.entries), due.written, str(message))
        self.transfers += due.written
        self.story[message.verb] += 1
        self.story["kept as reports"] += len(due.reported)
        known_at = told.known_at or queries.latest_known()
        if known_at <= self.known_at:
            self._broken(f"{message}: known at {known_at}, after {self.known_at}")
        self.known_at = known_at

    # The laws ------------------------------------------------------------------------------------------------------

    def _check_heads(self, message: Message) -> None:
        """One holder for each person of the message, by the entries that the law counts and no others."""
        given = message.inputs
        named = given.get("tags") or ([given["tag"]] if "tag" in given else self._of(given["handover"]).tags)
        due = {tag: self._head(tag) for tag in named if tag in self.law.known}
        self._expect(self._heads(list(named)), due, str(message))

    def _heads(self, tags: list[str]) -> dict[str, tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(HEADS, [tags])
            return {row[0]: row[1:] for row in cursor.fetchall()}

    def _head(self, tag: str) -> tuple[Any, ...]:
        person = self.law.persons[tag]
        top = person.stack[-1].n if person.stack else 0
        return len(person.entries), top, person.holder, person.latest

    def _check_knowledge(self) -> None:
        """The census of a moment drawn from all that has passed, and one that was asked before, asked again."""
        moment = BEGIN + (self.now - BEGIN) * self.chance.random()
        known_at = queries.latest_known()
        sites = queries.census(moment, known_at).sites
        self._expect(sites, self.law.census(moment), f"the census of {moment}")
        self.asked.append((moment, known_at, sites))
        moment, known_at, sites = self.chance.choice(self.asked)
        self._expect(queries.census(moment, known_at).sites, sites, f"known at {known_at} of {moment}")
        if self.deliveries % (10 * self.checked_each) == 0:
            self.story["rolls closed"] += len(rolls.close(self.now))

    def _check_record(self) -> None:
        """Everybody once, nobody else, and every act with a number and none left out."""
        queries.latest_known()
        everybody = self._heads(list(self.law.persons))
        self._expect(everybody, {tag: self._head(tag) for tag in sorted(self.law.known)}, "everybody's head")
        held = {site: len(bag) for site, bag in self.law.at_site.items() if len(bag)}
        self._expect(
            queries.census(self.now + timedelta(days=1), self.known_at).sites, held, "the census at the end"
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM ledger_entry), (SELECT count(*) FROM record_act a"
                " LEFT JOIN record_number k ON k.act_id = a.id WHERE k.number IS NULL),"
                " (SELECT coalesce(max(number), 0) - count(*) FROM record_number), (SELECT count(*) FROM ledger_thing)"
            )
            written = sum(len(person.entries) for person in self.law.persons.values())
            self._expect(
                cursor.fetchone(), (written, 0, 0, len(self.law.known)), "entries, unnumbered, gaps, persons"
            )

    def _expect(self, found: object, due: object, what: str) -> None:
        if found != due:
            self._broken(f"{what}: found {found}, due {due}")

    def _broken(self, words: str) -> Any:
        raise BrokenLaw(f"{self._where()}: {words}")

    def _where(self) -> str:
        return (
            f"seed {self.seed}, delivery {self.deliveries}, {self.transfers} transfers, simulated {self.now:%d %b %Y %H:%M}"
            f" (replay: uv run python tests/simulation/run.py --seed {self.seed} --transfers {self.transfers + 1}"
            f" --size {self.size} --persons {len(self.law.persons)} --checked-each {self.checked_each})"
        )


def _stop_at(statement: int) -> Callable[..., Any]:
    """Lets so many statements less one pass, and stops before the next."""
    seen = count(1)

    def execute(go_on: Callable[..., Any], sql: str, *given: Any) -> Any:
        if next(seen) == statement:
            raise Crash
        return go_on(sql, *given)

    return execute


def _tablets(chance: Random) -> list[Tablet]:
    """The guard, its sites, and two clerks at each with a tablet whose clock is minutes off."""
    guard = Organisation.objects.create(code="EX-GUARD", name="Example Guard", kind="guard")
    tablets = []
    for code in SITES:
        site = Site.objects.create(code=code, name=code.title(), organisation=guard, zone="America/Chicago")
        for number in range(TABLETS_PER_SITE):
            name = f"{code.lower()}.{number}"
            user = User.objects.create_user(name)
            Grant.objects.create(user=user, role="clerk", site=site)
            tablets.append(Tablet(name, code, actor_of(user), timedelta(minutes=chance.randint(-10, 10))))
    return tablets
