"""The rows of a CSV file that somebody sent: all of them read, every fault told, and the answer of an import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

from muster.core.csvfiles import Row, read_table
from muster.core.errors import Fault, FaultyFile

T = TypeVar("T")


@dataclass
class Rows(Generic[T]):
    """What a file came to: how many rows it has, the good ones by id in its order, and what is wrong with the rest."""

    count: int
    good: dict[str, T] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def check(self, *, keep_good: bool) -> None:
        """Raise FaultyFile where a row is at fault, unless the good ones are to be kept all the same."""
        if self.faults and not keep_good:
            raise FaultyFile(self.faults)

    def answer(self, name: str, *, dry_run: bool, notices: Mapping[str, int]) -> dict[str, Any]:
        """What an import answers: the rows kept, those refused, and the notices by kind."""
        return {
            "file": name,
            "rows": self.count,
            "kept": 0 if dry_run else len(self.good),
            "refused": [fault.to_json() for fault in self.faults],
            "notices": {kind: count for kind, count in sorted(notices.items()) if count},
        }


def read_rows(
    source: Path | BinaryIO, *, columns: Sequence[str], read: Callable[[Row], T | list[Fault]],
    id_of: Callable[[T], str], twice: Callable[[Row, T, T], T | Fault],
) -> Rows[T]:  # fmt: skip
    """Read every row. `twice` is given a row whose id stands further up, what stands there, and what the row says; it
    answers with what is to stand, or with a fault.

    Raises FaultyFile where the table itself is broken, so that no row of it is certain.
    """
    table = read_table(source, columns=columns)
    if table.faults:
        raise FaultyFile(table.faults)
    rows = Rows[T](len(table.rows))
    for row in table.rows:
        found = read(row)
        if isinstance(found, list):
            rows.faults += found
            continue
        key = id_of(found)
        kept = twice(row, rows.good[key], found) if key in rows.good else found
        if isinstance(kept, Fault):
            rows.faults.append(kept)
        else:
            rows.good[key] = kept
    return rows
