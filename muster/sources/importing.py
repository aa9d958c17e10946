"""Claims and facilities from CSV files: checked as a whole, every fault told, then kept in one act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from muster.access.control import Actor
from muster.core.csvfiles import Row
from muster.core.errors import Fault
from muster.core.importing import read_rows
from muster.sources import actions, rules


def import_claims(
    source: Path | BinaryIO, *, actor: Actor, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:
    """Keep a file of claims; what `muster import claims --json` prints. Raises FaultyFile, SaidOtherwise."""
    rows = read_rows(
        source,
        columns=rules.CLAIM_COLUMNS,
        read=rules.read_claim,
        id_of=lambda claim: claim.id,
        twice=_twice("claim_id"),
    )
    rows.check(keep_good=keep_good)
    notices = {}
    if rows.good and not dry_run:
        done = actions.import_claims(actor=actor, claims=list(rows.good.values())).answer
        notices = {"already_there": done.known}
    return rows.answer(name, dry_run=dry_run, notices=notices)


def import_facilities(
    source: Path | BinaryIO, *, actor: Actor, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:
    """Keep a file of sites; what `muster import facilities --json` prints. Raises FaultyFile."""
    rows = read_rows(
        source,
        columns=rules.FACILITY_COLUMNS,
        read=rules.read_facility,
        id_of=lambda site: site.code,
        twice=_twice("code"),
    )
    rows.check(keep_good=keep_good)
    sites = list(rows.good.values())
    notices = Counter(kind for site in sites for kind in rules.facility_notices(site))
    if sites and not dry_run:
        done = actions.import_facilities(actor=actor, sites=sites).answer
        notices["already_there"] = done.known
    return rows.answer(name, dry_run=dry_run, notices=notices)


def _twice(column: str) -> Callable[[Row, object, object], Fault]:
    """A second row of one id is a fault: which of the two is meant is for the sender to say."""

    def fault(row: Row, there: object, again: object) -> Fault:
        message = f"{row.values[column].strip()} stands further up already. Keep one of the two rows."
        return Fault(row.number, column, "sources.row_twice", message)

    return fault
