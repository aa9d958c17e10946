"""How long the sequencer takes over acts that waited: moves of a few persons again and again, and of as many persons as acts.

    uv run python benchmarks/ledger/backlog.py [--acts 20000] [--json]

Each act moves one person, in a commit of its own, and nothing is numbered meanwhile; then all are numbered at once, with their
leaves. The database is an embedded one, in a folder that is removed afterwards; no commit waits for the disk.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent / "beside"))
from figures import print_figure
from generate import opened, option
from transfers import BEGINS, ROUNDS, holder, person

FEW = 16


def main() -> None:
    """Write and number both backlogs, print."""
    acts = int(option("--acts", "20000"))
    with opened(""):
        from muster_side import prepare

        prepare((FEW + acts) * ROUNDS)
        many = numbered(acts, first=FEW, persons=acts)
        few = numbered(acts, first=0, persons=FEW)
    print_figure(
        "backlog_of_few_persons_s", few, "s", against=f"{acts:,} acts of as many persons", against_value=round(many, 2),
        note=f"{acts:,} acts of {FEW} persons, {acts / few:,.0f} acts a second",
    )  # fmt: skip


def numbered(acts: int, *, first: int, persons: int) -> float:
    """Move so many persons in turn, from the one numbered `first`; the seconds that numbering all acts took."""
    from django.db import connection
    from muster_side import POST, settle

    from muster.core.ids import new_id
    from muster.database import prepared

    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    for act in range(acts):
        n, index = divmod(act, persons)
        index += first
        moved = (holder(index, n), holder(index, n + 1), BEGINS + timedelta(seconds=act))
        ((refusal,),) = prepared.rows(POST, new_id(), [person(index)], *moved)
        assert refusal is None
    began = time.monotonic()
    settle()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
