"""Clients that press on the ledger in plain SQL, as the application's role: what they were told, and what must be there.

No Django: `connect` gives each client a session of its own. The long runs of benchmarks/ledger/fire.py are these too.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from muster.database.embedded import Server

Connect = Callable[[], psycopg.Connection]
MORNING = datetime(2026, 3, 1, 6, tzinfo=UTC)
HOLDERS = ("outside", "A", "B", "C")
BUS = 5  # persons on each
LOSES = {"MU001", "23505"}  # the guard's refusal, and the key that another took first
GONE = (psycopg.OperationalError, psycopg.InterfaceError)

ACT = (
    "INSERT INTO record_act (id, name, request_hash, refused_code, refused_words) VALUES (%s, %s, '', '', '')"
)
ENTRY = """
INSERT INTO ledger_entry (thing_id, n, kind, giver_id, receiver_id, happened_at, base, corrects, act_id, mission, reason, source)
VALUES """
ENTRY_PLACES = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, '', '', '')"


@dataclass(frozen=True)
class World:
    """The holders by name, and the things, in the order of their ids."""

    holders: dict[str, UUID]
    things: list[UUID]


def world(connection: psycopg.Connection, things: int, *, name: str = "T") -> World:
    """Make so many persons, all outside. Another name makes another world in the same record."""
    act = uuid4()
    holders = {name: uuid4() for name in HOLDERS}
    with connection.transaction():
        connection.execute(ACT, [act, "world"])
        for which, holder in holders.items():
            kind, site = ("outside", "") if which == "outside" else ("area", f"{name}-{which}")
            connection.execute(
                "INSERT INTO ledger_holder (id, kind, code, organisation, site, act_id) VALUES (%s, %s, %s, '', %s, %s)",
                [holder, kind, f"{name}-{which}", site, act],
            )
        made = connection.execute(
            "INSERT INTO ledger_thing (id, kind, tag, origin_id, act_id)"
            " SELECT gen_random_uuid(), 'person', %s || g, %s, %s FROM generate_series(1, %s) g RETURNING id",
            [name, holders["outside"], act, things],
        ).fetchall()
    return World(holders, sorted(thing for (thing,) in made))


# One thing, many hands -------------------------------------------------------------------------------------------


@dataclass
class Race:
    """Who was told that they won each thing, and what the others were told."""

    won: list[tuple[UUID, UUID]] = field(default_factory=list)  # thing and act
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0


def race(connect: Connect, on: World, things: Sequence[UUID], clients: int) -> Race:
    """For each thing in turn, all clients at once hand it over from outside, each to a holder of its own choice."""
    told, lock, start = Race(), threading.Lock(), threading.Barrier(clients)
    outside, sites = on.holders["outside"], [on.holders[name] for name in "ABC"]

    def client(number: int) -> None:
        won, refused = [], Counter[str]()
        with connect() as connection:
            for thing in things:
                act = uuid4()
                row = [thing, 1, "push", outside, sites[number % 3], MORNING, 0, None, act]
                start.wait()
                try:
                    with connection.pipeline(), connection.transaction():
                        connection.execute(ACT, [act, "race"])
                        connection.execute(ENTRY + ENTRY_PLACES, row)
                    won.append((thing, act))
                except psycopg.Error as error:
                    refused[_said(error)] += 1
        with lock:
            told.won += won
            told.refused += refused

    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    told.seconds = time.monotonic() - began
    return told


def _said(error: psycopg.Error) -> str:
    if error.sqlstate == "MU001":
        return str(error.diag.message_primary)
    return f"{error.sqlstate} {error.diag.constraint_name or error}"


# Buses, and a server that dies ----------------------------------------------------------------------------------


@dataclass
class Ridden:
    """What the clients have on paper: the acts that were acknowledged, and the numbers that they were told."""

    acknowledged: list[UUID] = field(default_factory=list)
    numbers: dict[UUID, int] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def buses(connect: Connect, on: World, clients: int, *, seed: int) -> Iterator[Ridden]:
    """Clients who drive persons about, five to an act, a fifth of the rides reversed; for as long as the block lasts.

    A client whose connection breaks comes back until the server does.
    """
    told = Ridden()
    pool = ThreadPoolExecutor(clients)
    done = [
        pool.submit(_drive, connect, on, told, random.Random(seed * 1000 + number))
        for number in range(clients)
    ]
    try:
        yield told
    finally:
        told.stop.set()
        pool.shutdown()
    for each in done:
        each.result()


def _drive(connect: Connect, on: World, told: Ridden, chance: random.Random) -> None:
    connection: psycopg.Connection | None = None
    while not told.stop.is_set():
        try:
            connection = connection or connect()
            act = _ride(connection, on, chance)
            told.acknowledged.append(act)
            connection.execute("SELECT record_sequence()")
            found = connection.execute("SELECT number FROM record_number WHERE act_id = %s", [act]).fetchone()
            if found:
                told.numbers[act] = found[0]
        except psycopg.Error as error:
            told.refused[str(error.sqlstate)] += 1
            if error.sqlstate not in LOSES:
                if connection is not None:
                    connection.close()
                connection = None
                time.sleep(0.05)
    if connection is not None:
        connection.close()


def _ride(connection: psycopg.Connection, on: World, chance: random.Random) -> UUID:
    """One act of five entries, committed."""
    act, holders = uuid4(), list(on.holders.values())
    with connection.transaction():
        heads = connection.execute(
            "SELECT h.thing_id, h.n, h.top, h.holder_id, h.happened_at, e.giver_id, e.base FROM ledger_head h"
            " LEFT JOIN ledger_entry e ON e.thing_id = h.thing_id AND e.n = h.top"
            " WHERE h.thing_id = ANY(%s) ORDER BY 1",
            [chance.sample(on.things, BUS)],
        ).fetchall()
        rows: list[Any] = []
        for thing, n, top, holder, at, giver, base in heads:
            if top and chance.random() < 0.2:
                rows += [thing, n + 1, "pop", holder, giver, at, base, top, act]
            else:
                to = chance.choice([each for each in holders if each != holder])
                moment = (at or MORNING) + timedelta(seconds=chance.randrange(3))
                rows += [thing, n + 1, "push", holder, to, moment, top, None, act]
        connection.execute(ACT, [act, "bus"])
        connection.execute(ENTRY + ", ".join([ENTRY_PLACES] * BUS), rows)
    return act


def wait_for_more(told: Ridden, acts: int, *, patience_s: float = 60) -> None:
    """Wait until so many more acts were acknowledged, so that whoever is killed now is writing."""
    enough, give_up_at = len(told.acknowledged) + acts, time.monotonic() + patience_s
    while len(told.acknowledged) < enough:
        assert time.monotonic() < give_up_at, "nothing is acknowledged any more"
        time.sleep(0.005)


def kill(server: Server, *, with_children: bool) -> None:
    """SIGKILL to the postmaster, and to every process of its database at once if so wanted."""
    postmaster = int((server.cluster / "postmaster.pid").read_text().splitlines()[0])
    victims = [postmaster, *(_children(postmaster) if with_children else ())]
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The second field is the name in brackets, which may hold anything.
            ppid = int(status.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if ppid == parent:
            found.append(int(status.parent.name))
    return found


def come_back(server: Server, *, patience_s: float = 60) -> None:
    """Start a killed server again."""
    give_up_at = time.monotonic() + patience_s
    while server._listens():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
    server.start()


def migrated(folder: Path) -> Server:
    """An embedded server with Muster's tables in that folder, stopped."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-c", "from muster.cli.main import main; main()", "migrate"]
    subprocess.run(
        command, env={**environment, "MUSTER_DATA": str(folder)}, check=True, capture_output=True, timeout=300
    )
    return Server(folder)


# What must be there ----------------------------------------------------------------------------------------------


def missing(connection: psycopg.Connection, told: Ridden) -> list[str]:
    """What was acknowledged and is not there, every act of which only a part is there, and numbers that changed."""
    rows = dict(
        connection.execute(
            "SELECT a.id, count(e.n) FROM record_act a LEFT JOIN ledger_entry e ON e.act_id = a.id"
            " WHERE a.name = 'bus' GROUP BY a.id"
        ).fetchall()
    )
    numbers = dict(connection.execute("SELECT act_id, number FROM record_number").fetchall())
    faults = [f"{act} was acknowledged and is lost" for act in told.acknowledged if act not in rows]
    faults += [f"of {act} there are {n} entries" for act, n in rows.items() if n != BUS]
    faults += [
        f"{act} had number {n} and has {numbers.get(act)}"
        for act, n in told.numbers.items()
        if numbers.get(act) != n
    ]
    return faults


def replayed(connection: psycopg.Connection) -> list[str]:
    """What does not follow when all entries are read again from the first, thing by thing, with a plain stack."""
    origins = dict(connection.execute("SELECT id, origin_id FROM ledger_thing").fetchall())
    stacks: dict[UUID, list[tuple[int, UUID, UUID, datetime]]] = {thing: [] for thing in origins}
    latest: Counter[UUID] = Counter()
    faults = []
    entries = connection.execute(
        "SELECT thing_id, n, kind, giver_id, receiver_id, happened_at, base, corrects FROM ledger_entry ORDER BY 1, 2"
    )
    for thing, n, kind, giver, receiver, at, base, corrects in entries:
        stack = stacks[thing]
        latest[thing] += 1
        below = stack[-1] if stack else (0, None, origins[thing], None)
        fits = n == latest[thing]
        if kind == "push":
            fits &= (
                giver == below[2] != receiver and base == below[0] and (below[3] is None or at >= below[3])
            )
            stack.append((n, giver, receiver, at))
        else:
            fits &= corrects == below[0] and (receiver, giver, at) == (below[1], below[2], below[3])
            stack.pop()
            fits &= base == (stack[-1][0] if stack else 0)
        if not fits:
            faults.append(f"entry {n} of {thing} does not follow from those before it")
    for thing, n, top, holder in connection.execute("SELECT thing_id, n, top, holder_id FROM ledger_head"):
        stack = stacks.pop(thing)
        if (n, top, holder) != (
            latest[thing],
            stack[-1][0] if stack else 0,
            stack[-1][2] if stack else origins[thing],
        ):
            faults.append(f"the head of {thing} is not where its entries end")
    return faults + [f"{thing} has no head" for thing in stacks]


def misnumbered(connection: psycopg.Connection) -> list[str]:
    """Gaps in the numbers, acts without one, and acts of one thing numbered against the order of its entries."""
    told = connection.execute(
        """
        SELECT (SELECT coalesce(max(number), 0) - count(*) FROM record_number),
               (SELECT count(*) FROM record_act a LEFT JOIN record_number k ON k.act_id = a.id WHERE k.number IS NULL),
               (SELECT count(*) FROM (
                    SELECT k.number < lag(k.number) OVER (PARTITION BY e.thing_id ORDER BY e.n) AS back
                    FROM ledger_entry e JOIN record_number k ON k.act_id = e.act_id) b WHERE back)
        """
    ).fetchone()
    gaps, unnumbered, backwards = told or (0, 0, 0)
    named = {
        "numbers left out": gaps,
        "acts without a number": unnumbered,
        "entries numbered backwards": backwards,
    }
    return [f"{count} {what}" for what, count in named.items() if count]
