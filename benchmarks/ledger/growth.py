"""What a ledger costs as it is written: memory of the writer and of its database process, and bytes on the disk.

    uv run python benchmarks/ledger/growth.py [--entries 1000000] [--data DIR] [--json]

Lists of 60 persons go from site to site through the ledger's posting function, each list an act and a commit; every 50 acts the
sequencer numbers them and makes their leaves. The database is an embedded one with fsync on, in a new folder that is removed
afterwards, or in `--data`.

Memory is each process's own (RssAnon): the pages that all database processes share are the server's. The first tenth of the
writes stands beside the last. Bytes are those of tables with all their indexes, as written, not packed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import mean
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent / "beside"))
from figures import print_figure
from generate import opened, option, owner
from transfers import BEGINS, ROUNDS, YEAR, holder, person, persons

LIST, NUMBERED_EVERY = 60, 50
FLAT, BYTES = 1.1, 500
PARTS = {
    "entry": ["ledger_entry"],
    "head": ["ledger_head"],
    "leaf": ["record_leaf"],
    "act": ["record_act", "record_number", "record_pending"],
}


def main() -> None:
    """Write, and print each figure."""
    entries = int(option("--entries", "1000000"))
    with opened(option("--data", "")):
        lists = persons(entries) // LIST
        client, server = write(lists)
        flat("writer", client)
        flat("database", server)
        print_bytes(lists * LIST * ROUNDS)


def write(lists: int) -> tuple[list[int], list[int]]:
    """Write all rounds of so many lists; the memory in KiB of this process and of its database process, after each numbering."""
    from django.db import connection
    from muster_side import POST, prepare, settle

    from muster.core.ids import new_id
    from muster.database import prepared

    prepare(lists * LIST * ROUNDS)
    backend = connection.connection.info.backend_pid
    client, server = [], []
    for act in range(lists * ROUNDS):
        n, index = divmod(act, lists)
        things = [person(index * LIST + place) for place in range(LIST)]
        at = BEGINS + YEAR * act / (lists * ROUNDS)
        ((refusal,),) = prepared.rows(POST, new_id(), things, holder(index, n), holder(index, n + 1), at)
        assert refusal is None
        if act % NUMBERED_EVERY == NUMBERED_EVERY - 1:
            settle()
            client.append(own_memory(os.getpid()))
            server.append(own_memory(backend))
    settle()
    return client, server


def own_memory(process: int) -> int:
    """KiB that the process shares with no other and that are in no file."""
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def flat(who: str, memory: list[int]) -> None:
    tenth = max(1, len(memory) // 10)
    first, last = mean(memory[:tenth]) / 1024, mean(memory[-tenth:]) / 1024
    note = f"the last tenth of the writes {last:.1f} MiB, the first {first:.1f} MiB, the most {max(memory) / 1024:.1f} MiB"
    print_figure(f"memory_{who}", last / first, "times", against="limit", against_value=FLAT, note=note)


def print_bytes(entries: int) -> None:
    raw = owner()
    raw.execute("VACUUM ANALYZE")
    total = 0.0
    for part, tables in PARTS.items():
        rows, indexes = (each / entries for each in sizes(raw, tables))
        total += rows + indexes
        note = f"rows {rows:.0f}, indexes {indexes:.0f}"
        print_figure(
            f"bytes_{part}", rows + indexes, "bytes", against="limit of all", against_value=BYTES, note=note
        )
    note = f"{entries:,} entries, with heads, leaves, acts and their numbers"
    print_figure("bytes_all", total, "bytes", against="limit", against_value=BYTES, note=note)


def sizes(raw: Any, tables: list[str]) -> tuple[int, int]:
    """The bytes of the tables, and of their indexes."""
    found = raw.execute(
        "SELECT sum(pg_table_size(t::regclass)), sum(pg_indexes_size(t::regclass)) FROM unnest(%s::text[]) t",
        [tables],
    ).fetchone()
    return int(found[0]), int(found[1])


if __name__ == "__main__":
    main()
