"""How fast entries are copied in through all keys, indexes, triggers and the guard, beside the same table without guard and triggers.

    uv run python benchmarks/ledger/bulk.py [--json] [--entries N] [--times N]

One COPY of 500,000 entries of 50,000 persons (`generate.py`, seeded, corrections among them) into the ledger, and one of the
same rows into a table with the same columns, checks, keys, indexes and foreign keys, each with its commit. They take turns,
`--times` each (3), and the quickest of each counts; before each turn both tables are empty and the server has nothing left to
write. An embedded database of its own, fsync on, is made and removed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure
from generate import COLUMNS, World, Writer, acts_of, copy, open_data, option, own_triggers, write_beginnings

ROW_TRIGGER = (
    52_500.0  # entries a second through a guard that looked at each row by itself, on a machine like this
)
LEDGER, UNGUARDED = "ledger_entry", "unguarded"
STEP = 5_000  # rows sent at once


def main() -> None:
    """Make the database, copy in turn, print."""
    entries, times = int(option("--entries", "500000")), int(option("--times", "3"))
    folder = Path(tempfile.mkdtemp(prefix="muster-bulk-"))
    try:
        open_data(folder)
        count, seconds = measure(folder, entries, times)
    finally:
        stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
    note = f"{count:,} entries in one statement"
    print_figure(
        "bulk_per_s", count / seconds[LEDGER], "entries/s", against="a row trigger", against_value=ROW_TRIGGER, note=note
    )  # fmt: skip
    bare = count / seconds[UNGUARDED]
    print_figure("bulk_ratio", seconds[UNGUARDED] / seconds[LEDGER], "of unguarded", against="to reach", against_value=0.5,
                 note=f"without guard and triggers {bare:,.0f} entries/s")  # fmt: skip


def measure(folder: Path, entries: int, times: int) -> tuple[int, dict[str, float]]:
    """How many entries there are, and the seconds that each table took at its quickest."""
    from django.db import connections

    from muster.database import embedded

    owner = connections["owner"]
    owner.ensure_connection()
    raw = owner.connection
    world = World(entries, seed=1)
    acts = acts_of(world)
    ids = [world.id(act.at) for act in acts]
    write_beginnings(raw, world, acts, ids)
    rows = Writer(world, acts, ids).rows()
    parts = []
    count = 0
    while part := list(islice(rows, STEP)):
        count += len(part)
        parts.append("".join(part))
    make_unguarded(raw)
    raw.execute("ANALYZE")
    seconds: dict[str, list[float]] = {UNGUARDED: [], LEDGER: []}
    with embedded.server(folder).connect() as admin:
        for _ in range(times):
            empty(raw)
            for table, taken in seconds.items():
                admin.execute("CHECKPOINT")
                began = time.monotonic()
                copy(raw, f"{table} ({COLUMNS})", parts)
                taken.append(time.monotonic() - began)
    return count, {table: min(taken) for table, taken in seconds.items()}


def make_unguarded(raw: Any) -> None:
    """The table of entries once more, without its triggers."""
    raw.execute(f"CREATE TABLE {UNGUARDED} (LIKE {LEDGER} INCLUDING ALL)")
    keys = raw.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", [LEDGER]
    )  # fmt: skip
    for (key,) in keys.fetchall():
        raw.execute(f"ALTER TABLE {UNGUARDED} ADD {key}")


def empty(raw: Any) -> None:
    """No entries, and every head where its thing begins."""
    with own_triggers(raw, on=False):
        raw.execute(f"TRUNCATE {UNGUARDED}, {LEDGER}, ledger_head")
    raw.execute(
        "INSERT INTO ledger_head (thing_id, n, top, holder_id) SELECT id, 0, 0, origin_id FROM ledger_thing"
    )
    raw.execute("VACUUM ANALYZE ledger_head")


def stop(folder: Path) -> None:
    """End the embedded server."""
    from django.db import connections

    from muster.database import embedded

    connections.close_all()
    embedded.server(folder).stop()


if __name__ == "__main__":
    main()
