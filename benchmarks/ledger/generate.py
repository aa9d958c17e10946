"""A ledger of any size for the benchmarks: persons of 300 sites over a year, late records and corrections among them.

    uv run python benchmarks/ledger/generate.py --entries 1000000 --data DIR [--seed 1] [--unguarded] [--leaves] [--json]

Ten entries a person: from outside through five sites with a trip between each two, and out again. Groups of 1 to 60 move
together, and each of their moves is one numbered act; 0.9 % of the moves are written down days later, and 0.5 % of the entries are
corrected by a batch. The same seed gives the same ledger.

The entries are copied in by the owner with every trigger in place, so the guard has passed each of them. With
`--unguarded` (for tens of millions) the owner takes the tables' own triggers and foreign keys off, writes the heads itself,
checks a sample of them against the entries, and puts the keys and triggers back, which checks the keys of all rows at once. The
acts' numbers are written directly, in the order of their moments, since the sequencer would number one load as one
transaction. Leaves are made by the sequencer's own function, and only with `--leaves`.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

SITES = 300
STOPS = 5
MOVES = 2 * STOPS  # entries of one person
MISSIONS = 5
LATE, CORRECTED = 0.009, 0.005
BEGINS = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3600, 86400  # seconds
YEAR = 365 * DAY
CHUNK = 100_000  # entries a statement
SAMPLE = 2_000
GUARDED_UP_TO = 2_000_000  # entries, for the scripts that generate what they measure
COLUMNS = (
    "thing_id, n, kind, giver_id, receiver_id, happened_at, base, corrects, repeats, mission, reason, source, act_id,"
    " recorded_at"
)
TABLES = ("record_act", "ledger_thing", "ledger_entry", "ledger_head")


class Group(NamedTuple):
    """Persons who move together: which, through which holders, when, and when each move is written down."""

    first: int
    size: int
    holders: list[str]  # MOVES + 1 of them, outside first and last
    happened: list[int]
    recorded: list[int]
    mission: str


class Live(NamedTuple):
    """A live entry of a person who will be corrected."""

    n: int
    receiver: str
    happened: int


class World:
    """Everything that is drawn, from one seed."""

    def __init__(self, entries: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.outside = self.id(0)
        self.sites = [self.id(0) for _ in range(SITES)]
        self.trips: list[str] = []
        self.groups: list[Group] = []
        persons = 0
        while persons < entries // MOVES:
            few = self.random.random() < 0.8
            size = self.random.randint(1, 4) if few else self.random.randint(10, 60)
            self.groups.append(self.group(persons, min(size, entries // MOVES - persons)))
            persons += self.groups[-1].size
        self.things = [self.id(0) for _ in range(persons)]

    def id(self, at: int) -> str:
        """A UUIDv7 of that second."""
        moment, rest = int(BEGINS.timestamp() + at) * 1000, self.random.getrandbits(74)
        return f"{moment:012x}7{rest >> 62:03x}{0x8000000000000000 | (rest & (1 << 62) - 1):016x}"

    def group(self, first: int, size: int) -> Group:
        stops = self.random.sample(self.sites, STOPS)
        trips = [self.id(0) for _ in range(STOPS - 1)]
        self.trips += trips
        holders = [self.outside]
        for stop, trip in zip(stops, [*trips, self.outside], strict=True):
            holders += [stop, trip]
        at = self.random.randint(0, YEAR - 40 * DAY)
        happened = []
        for move in range(MOVES):
            happened.append(at)
            stays = move % 2 == 0
            at += self.random.randint(6 * HOUR, 7 * DAY) if stays else self.random.randint(HOUR, 10 * HOUR)
        recorded = [self.written_down(happened, move) for move in range(MOVES)]
        return Group(first, size, holders, happened, recorded, f"M-{self.random.randrange(MISSIONS)}")

    def written_down(self, happened: list[int], move: int) -> int:
        """Minutes after it happened; of those that leave time for it before the next move, some a day or more after."""
        latest = happened[move + 1] if move + 1 < MOVES else happened[move] + 20 * DAY
        if latest - happened[move] > 2 * DAY and self.random.random() < LATE * 1.7:
            return self.random.randint(happened[move] + DAY, latest)
        return happened[move] + self.random.randint(1, 30) * MINUTE


class Act(NamedTuple):
    """One move of a group; or, with a person, the correction of that person's entry of the move."""

    at: int
    group: int
    move: int
    person: int = -1


def acts_of(world: World) -> list[Act]:
    """Every act, in the order of its number."""
    acts = []
    for index, group in enumerate(world.groups):
        for move, at in enumerate(group.recorded):
            acts.append(Act(at, index, move))
            for person in range(group.first, group.first + group.size):
                if world.random.random() < CORRECTED:
                    acts.append(Act(at + world.random.randint(HOUR, 10 * DAY), index, move, person))
    return sorted(acts)


class Writer:
    """The rows of the entries, in the order of the acts, and what each person's head is in the end."""

    def __init__(self, world: World, acts: list[Act], ids: list[str]) -> None:
        self.world, self.acts, self.ids = world, acts, ids
        self.live: dict[int, list[Live]] = {act.person: [] for act in acts if act.person >= 0}
        self.n = dict.fromkeys(self.live, 0)

    def rows(self) -> Iterator[str]:
        for act, id in zip(self.acts, self.ids, strict=True):
            group = self.world.groups[act.group]
            if act.person >= 0:
                yield from self.correction(act, id, group)
                continue
            for person in range(group.first, group.first + group.size):
                if person in self.live:
                    yield self.push(
                        person, group, id, act.at, group.holders[act.move + 1], group.happened[act.move]
                    )
                else:
                    yield self.row(
                        person, act.move + 1, "push", group.holders[act.move], group.holders[act.move + 1],
                        group.happened[act.move], act.move, None, None, group, "", id, act.at,
                    )  # fmt: skip

    def push(
        self, person: int, group: Group, act: str, at: int, receiver: str, happened: int,
        repeats: int | None = None,
    ) -> str:  # fmt: skip
        live = self.live[person]
        self.n[person] += 1
        base, giver = (live[-1].n, live[-1].receiver) if live else (0, self.world.outside)
        live.append(Live(self.n[person], receiver, happened))
        n = self.n[person]
        return self.row(person, n, "push", giver, receiver, happened, base, None, repeats, group, "", act, at)

    def correction(self, act: Act, id: str, group: Group) -> Iterator[str]:
        """Pop down to the entry, push it at another time between its neighbours, push again what still holds."""
        live = self.live[act.person]
        if len(live) <= act.move:
            return
        popped = live[act.move :]
        for entry in reversed(popped):
            live.pop()
            base, giver = (live[-1].n, live[-1].receiver) if live else (0, self.world.outside)
            self.n[act.person] += 1
            yield self.row(
                act.person, self.n[act.person], "pop", entry.receiver, giver, entry.happened, base, entry.n, None, group,
                "late", id, act.at,
            )  # fmt: skip
        earliest = live[-1].happened if live else popped[0].happened - HOUR
        latest = popped[1].happened if len(popped) > 1 else popped[0].happened
        truth = self.world.random.randint(earliest, latest)
        yield self.push(act.person, group, id, act.at, popped[0].receiver, truth)
        for entry in popped[1:]:
            yield self.push(act.person, group, id, act.at, entry.receiver, entry.happened, entry.n)

    def row(
        self, person: int, n: int, kind: str, giver: str, receiver: str, happened: int, base: int, corrects: int | None,
        repeats: int | None, group: Group, reason: str, act: str, at: int,
    ) -> str:  # fmt: skip
        return (
            f"{self.world.things[person]}\t{n}\t{kind}\t{giver}\t{receiver}\t{moment(happened)}\t{base}\t"
            f"{null(corrects)}\t{null(repeats)}\t{group.mission}\t{reason}\t\t{act}\t{moment(at)}\n"
        )

    def heads(self) -> Iterator[str]:
        """Each thing's number, top, holder and time, after all rows."""
        for group in self.world.groups:
            for person in range(group.first, group.first + group.size):
                live = self.live.get(person)
                top = live[-1] if live else Live(MOVES, self.world.outside, group.happened[-1])
                n = self.n.get(person, MOVES)
                yield f"{self.world.things[person]}\t{n}\t{top.n}\t{top.receiver}\t{moment(top.happened)}\n"


def moment(seconds: int) -> str:
    return f"{BEGINS + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S+00}"


def null(number: int | None) -> str:
    return r"\N" if number is None else str(number)


@contextmanager
def opened(data: str) -> Iterator[Path]:
    """The database of that folder, opened; of a new folder, removed afterwards, where the name is empty."""
    folder = Path(data).resolve() if data else Path(tempfile.mkdtemp(prefix="muster-ledger-"))
    try:
        open_data(folder)
        yield folder
    finally:
        if not data:
            from django.db import connections

            from muster.database import embedded

            connections.close_all()
            embedded.server(folder).stop()
            shutil.rmtree(folder)


def open_data(data: Path) -> None:
    """Lead Django to the migrated embedded database of the folder, which is made if it is new."""
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o711)  # the embedded server's own user passes through
    os.environ["MUSTER_DATA"] = str(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "muster.settings")
    import django

    django.setup()
    from muster import database

    database.migrate()


def generate(entries: int, *, seed: int = 1, guarded: bool = True) -> dict[str, Any]:
    """Write the ledger into the open, empty database; what it came to."""
    began = time.monotonic()
    world = World(entries, seed)
    acts = acts_of(world)
    ids = [world.id(act.at) for act in acts]
    writer = Writer(world, acts, ids)
    raw = owner()
    with own_triggers(raw, on=guarded), nullcontext() if guarded else keys_put_back(raw):
        write_beginnings(raw, world, acts, ids)
        rows = writer.rows()
        written = 0
        while chunk := list(islice(rows, CHUNK)):
            copy(raw, f"ledger_entry ({COLUMNS})", chunk)
            written += len(chunk)
        if not guarded:
            copy(raw, "ledger_head (thing_id, n, top, holder_id, happened_at)", writer.heads())
            check_heads(raw)
    for table in (*TABLES, "record_number", "ledger_holder"):
        raw.execute(f"VACUUM ANALYZE {table}")
    late = raw.execute(
        "SELECT avg((recorded_at > happened_at + interval '1 day')::int) FROM ledger_entry WHERE reason = '' AND n <= %s",
        [MOVES],
    ).fetchone()[0]
    return {
        "entries": written, "persons": len(world.things), "acts": len(acts), "guarded": guarded, "seed": seed,
        "late": round(float(late), 4), "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


def write_beginnings(raw: Any, world: World, acts: list[Act], ids: list[str]) -> None:
    """The acts with their numbers, the holders, and every thing with its head: all but the entries."""
    from muster.core.tags import make_tag

    started = {world.groups[act.group].first: id for act, id in zip(acts, ids, strict=True)
               if act.move == 0 and act.person < 0}  # fmt: skip
    copy(raw, "record_act (id, name, request_hash, refused_code, refused_words, recorded_at)",
         (f"{id}\tgenerated\t\\\\x\t\t\t{moment(act.at)}\n" for act, id in zip(acts, ids, strict=True)))  # fmt: skip
    copy(raw, "record_number (number, act_id)", (f"{n}\t{id}\n" for n, id in enumerate(ids, 1)))
    raw.execute("DELETE FROM record_pending")
    holders = [(world.outside, "outside", "outside", ""), *((id, "area", f"S{i:03}", f"S{i:03}") for i, id in
               enumerate(world.sites)), *((id, "trip", f"T{i}", "") for i, id in enumerate(world.trips))]  # fmt: skip
    copy(raw, "ledger_holder (id, kind, code, organisation, site, act_id)",
         (f"{id}\t{kind}\t{code}\t\t{site}\t{ids[0]}\n" for id, kind, code, site in holders))  # fmt: skip
    copy(raw, "ledger_thing (id, kind, tag, origin_id, act_id)",
         (f"{world.things[person]}\tperson\t{make_tag(person)}\t{world.outside}\t{started[group.first]}\n"
          for group in world.groups for person in range(group.first, group.first + group.size)))  # fmt: skip


def copy(raw: Any, into: str, rows: Iterable[str]) -> None:
    """One COPY, in parts of some thousand rows."""
    with raw.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as stream:
        rows = iter(rows)
        while part := "".join(islice(rows, 5000)):
            stream.write(part)


@contextmanager
def own_triggers(raw: Any, *, on: bool) -> Iterator[None]:
    """With the tables' triggers, or without them and with them again. Foreign keys hold in both."""
    if on:
        yield
        return
    for table in TABLES:
        raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in TABLES:
        raw.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@contextmanager
def keys_put_back(raw: Any) -> Iterator[None]:
    """Without the tables' foreign keys, and with them again, when they are checked for all rows at once."""
    keys = raw.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])", [list(TABLES)],
    ).fetchall()  # fmt: skip
    for table, name, _ in keys:
        raw.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    yield
    for table, name, definition in keys:
        raw.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def owner() -> Any:
    """The driver's own connection of the owner."""
    from django.db import connections

    connections["owner"].ensure_connection()
    return connections["owner"].connection


def generated(entries: int, *, seed: int, leaves: bool = True) -> None:
    """Generate what is measured, unless the folder has it; through the guard up to `GUARDED_UP_TO` entries."""
    from muster.ledger.models import Thing

    if not Thing.objects.exists():
        generate(entries, seed=seed, guarded=entries <= GUARDED_UP_TO)
    if leaves:
        append_leaves()


def append_leaves() -> None:
    """Make the leaves that are missing, as the sequencer does; none where every act has its own."""
    raw = owner()
    raw.execute("SELECT record_append_leaves()")
    raw.execute("VACUUM ANALYZE record_leaf")


def check_heads(raw: Any) -> None:
    """Of a sample of persons: the entries, taken one after another, lead to the head, and each begins where the last ended."""
    heads = raw.execute(
        f"SELECT thing_id, n, top, holder_id FROM ledger_head ORDER BY md5(thing_id::text) LIMIT {SAMPLE}"
    )
    for thing, n, top, holder in heads.fetchall():
        entries = raw.execute(
            "SELECT n, kind, giver_id, receiver_id, base, corrects, happened_at FROM ledger_entry"
            " WHERE thing_id = %s ORDER BY n", [thing],
        ).fetchall()  # fmt: skip
        live: list[tuple[int, Any, Any]] = [(0, entries[0][2], datetime.min.replace(tzinfo=UTC))]
        for place, (number, kind, giver, receiver, base, corrects, happened) in enumerate(entries, 1):
            found = live[-1]
            fits = number == place and giver == found[1]
            if kind == "push":
                fits = fits and base == found[0] and happened >= found[2]
                live.append((number, receiver, happened))
            else:
                live.pop()
                fits = fits and corrects == found[0] and base == live[-1][0] and receiver == live[-1][1]
                fits = fits and happened == found[2]
            if not fits:
                raise SystemExit(f"The generated entry {number} of {thing} does not fit: mend the generator.")
        if (n, top, holder) != (len(entries), live[-1][0], live[-1][1]):
            raise SystemExit(
                f"The generated head of {thing} is not where its entries lead: mend the generator."
            )


def option(name: str, default: str) -> str:
    """The value that follows the option, on the command line."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def main() -> None:
    """Generate and say what it came to."""
    if "--data" not in sys.argv or "--entries" not in sys.argv:
        raise SystemExit(__doc__)
    open_data(Path(option("--data", "")).resolve())
    told = generate(
        int(option("--entries", "")), seed=int(option("--seed", "1")), guarded="--unguarded" not in sys.argv
    )
    if "--leaves" in sys.argv:
        append_leaves()
    size = f"{told['entries']:,} entries of {told['persons']:,} persons in {told['acts']:,} acts"
    words = f"{size}, {told['late']:.2%} late, in {told['seconds']} s"
    print(json.dumps(told) if "--json" in sys.argv else words)


if __name__ == "__main__":
    main()
