"""Claims and facilities from CSV files: checked as a whole, every fault told, then kept in one act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from muster.access.control import Actor
from muster.core.csvfiles import Row, read_table
from muster.core.errors import Fault, FaultyFile
from muster.sources import actions, rules
from muster.sources.rules import ClaimRow, FacilityRow

T = TypeVar("T", ClaimRow, FacilityRow)


def import_claims(
    source: Path | BinaryIO, *, actor: Actor, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:
    """Keep a file of claims; what `muster import claims --json` prints. Raises FaultyFile, SaidOtherwise."""
    good, faults, rows = _read(
        source, rules.CLAIM_COLUMNS, rules.read_claim, lambda claim: claim.id, "claim_id"
    )
    _check(faults, keep_good)
    if good and not dry_run:
        done = actions.import_claims(actor=actor, claims=good).answer
        notices = {"already_there": done.known} if done.known else {}
    else:
        notices = {}
    return _answer(name, rows, 0 if dry_run else len(good), faults, notices)


def import_facilities(
    source: Path | BinaryIO, *, actor: Actor, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:
    """Keep a file of sites; what `muster import facilities --json` prints. Raises FaultyFile."""
    good, faults, rows = _read(
        source, rules.FACILITY_COLUMNS, rules.read_facility, lambda site: site.code, "code"
    )
    _check(faults, keep_good)
    notices = Counter(kind for site in good for kind in rules.facility_notices(site))
    if good and not dry_run:
        known = actions.import_facilities(actor=actor, sites=good).answer.known
        notices.update({"already_there": known} if known else {})
    return _answer(name, rows, 0 if dry_run else len(good), faults, dict(sorted(notices.items())))


def _read(
    source: Path | BinaryIO, columns: Sequence[str], read: Callable[[Row], T | list[Fault]],
    id_of: Callable[[T], str], id_column: str,
) -> tuple[list[T], list[Fault], int]:  # fmt: skip
    table = read_table(source, columns=columns)
    if table.faults:
        raise FaultyFile(table.faults)
    good: dict[str, T] = {}
    faults: list[Fault] = []
    for row in table.rows:
        found = read(row)
        if isinstance(found, list):
            faults += found
        elif id_of(found) in good:
            message = f"{id_of(found)} stands further up already. Keep one of the two rows."
            faults.append(Fault(row.number, id_column, "sources.row_twice", message))
        else:
            good[id_of(found)] = found
    return list(good.values()), faults, len(table.rows)


def _check(faults: list[Fault], keep_good: bool) -> None:
    if faults and not keep_good:
        raise FaultyFile(faults)


def _answer(name: str, rows: int, kept: int, faults: list[Fault], notices: dict[str, int]) -> dict[str, Any]:
    refused = [fault.to_json() for fault in faults]
    return {"file": name, "rows": rows, "kept": kept, "refused": refused, "notices": notices}
