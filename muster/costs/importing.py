"""Cost lines from a CSV file: checked as a whole, every fault told by its row, then kept in one act."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from muster.access.control import Actor
from muster.core.csvfiles import Row, read_table
from muster.core.errors import Fault, FaultyFile
from muster.core.importing import Rows
from muster.costs import actions, rules


def import_costs(
    source: Path | BinaryIO,
    *,
    actor: Actor,
    mission: str,
    name: str,
    dry_run: bool = False,
    keep_good: bool = False,
) -> dict[str, Any]:
    """Keep a file of costs of a mission; what `muster import costs --json` prints.

    Raises FaultyFile, and what `costs.import_lines` raises.
    """
    table = read_table(source, columns=rules.COLUMNS, optional=rules.OPTIONAL)
    if table.faults:
        raise FaultyFile(table.faults)
    rows = Rows[rules.CostRow](len(table.rows))
    for row in table.rows:
        _take(row, rows)
    rows.check(keep_good=keep_good)
    notices = {}
    if rows.good and not dry_run:
        done = actions.import_lines(actor=actor, mission=mission, rows=list(rows.good.values())).answer
        notices = {"already_there": done.known}
    return rows.answer(name, dry_run=dry_run, notices=notices)


def _take(row: Row, rows: Rows[rules.CostRow]) -> None:
    read = rules.read_row(row)
    if isinstance(read, list):
        rows.faults += read
    elif read.given.reference in rows.good:
        words = (
            f"The reference {read.given.reference[:40]!r} stands further up already. Give each row its own."
        )
        rows.faults.append(Fault(row.number, "reference", "costs.reference_twice", words))
    else:
        rows.good[read.given.reference] = read
