"""The rows behind the leaves, as the values that are encoded: for `muster verify` and for the export.

They are computed here from the rows themselves. The functions that made the leaves are not asked: whoever can change a
row can change a function.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from muster.database.streaming import beside_others
from muster.ledger.written import Written
from muster.record.encoding import Value, encoded

NO_MOMENT = 2**63 - 1  # infinity, which the tables refuse, so that it equals no moment


def _micros(column: str) -> str:
    return (
        f"CASE WHEN isfinite({column}) THEN (extract(epoch FROM {column}) * 1000000)::bigint"
        f" WHEN {column} IS NOT NULL THEN {NO_MOMENT} END"
    )


COLUMNS = {
    "act": (
        "a.id::text", "k.number", "a.actor_id", "a.name", "a.idempotency_key::text", "encode(a.request_hash, 'hex')",
        "a.refused_code", "a.refused_words", _micros("a.recorded_at"),
    ),
    "holder": ("h.act_id::text", "k.number", "h.id::text", "h.kind", "h.code", "h.organisation", "h.site"),
    "thing": ("t.act_id::text", "k.number", "t.id::text", "t.kind", "t.tag", "t.origin_id::text"),
    "entry": (
        "e.act_id::text", "k.number", "e.thing_id::text", "e.n", "e.kind", "e.giver_id::text", "e.receiver_id::text",
        _micros("e.happened_at"), _micros("e.earliest_at"), _micros("e.latest_at"), "e.base", "e.corrects", "e.repeats",
        "e.reason", "e.mission", "e.handover_id::text", "e.source", _micros("e.recorded_at"),
    ),
}  # fmt: skip

ROWS = f"""
SELECT l.index, l.kind, l.act_id::text, l.subject::text, l.n, l.leaf, k.number,
       {", ".join(column for columns in COLUMNS.values() for column in columns)}
FROM record_leaf l
LEFT JOIN record_number k ON k.act_id = l.act_id
LEFT JOIN record_act a ON l.kind = 'act' AND a.id = l.act_id
LEFT JOIN ledger_holder h ON l.kind = 'holder' AND h.id = l.subject
LEFT JOIN ledger_thing t ON l.kind = 'thing' AND t.id = l.subject
LEFT JOIN ledger_entry e ON l.kind = 'entry' AND e.thing_id = l.subject AND e.n = l.n
WHERE l.index < %(size)s"""
IN_ORDER = " ORDER BY l.index"
ONE_ENTRY = " AND l.kind = 'entry' AND l.subject = %(thing)s AND l.n = %(n)s"
ROWS_ALONE = " AND l.kind = 'rows'"
OWN = 7  # columns before those of the row behind the leaf
PLACES = ["act", "holder", "thing", "entry", "rows"]  # in which order they stand within an act


@dataclass(frozen=True, slots=True)
class Row:
    """One leaf as stored, and the values of the row that it stands for; None where that row is not there."""

    index: int
    kind: str
    act: str
    subject: str | None
    n: int | None
    leaf: bytes
    number: int | None
    values: tuple[Value, ...] | None
    table: str = ""  # of rows

    def encoded(self, previous: str | None) -> str:
        """The encoding of the row as it stands. `previous` is, of an entry, the leaf of the one before, in hex."""
        values = self.values or ()
        if self.kind == "act" and self.n is not None:
            return encoded("muster/act/2", (*values, self.n))
        return encoded(f"muster/{self.kind}/1", (*values, previous) if self.kind == "entry" else values)

    def order(self) -> tuple[Any, ...]:
        """Where it stands in the tree: by act, then the act, its holders, its things, its entries and its other rows."""
        return (self.number or 0, PLACES.index(self.kind), self.subject or self.table, self.n or 0)


_spans: dict[str, slice] = {}
_at = OWN
for _kind, _columns in COLUMNS.items():
    _spans[_kind] = slice(_at, _at + len(_columns))
    _at += len(_columns)


def rows(size: int, written: Written | None = None, *, other_tables_alone: bool = False) -> Iterator[Row]:
    """The first `size` leaves with what they stand for, in the tree's order, in one transaction.

    `written` is asked for what acts wrote in other tables, and knows afterwards what it was not asked for.
    """
    query = ROWS + (ROWS_ALONE if other_tables_alone else "") + IN_ORDER
    with transaction.atomic():
        written = written or Written()
        for found in beside_others(query, {"size": size}):
            row = _row(found)
            if row.kind == "rows":
                values = written.values(row.n, row.number or 0)
                row = replace(row, values=values, table=written.table(row.n))
            yield row


def row_of(thing: UUID, n: int, size: int) -> Row | None:
    """The leaf of one entry, if it is one of the first `size`."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS + ONE_ENTRY, {"size": size, "thing": thing, "n": n})
        found = cursor.fetchone()
    return _row(found) if found else None


def _row(found: tuple[Any, ...]) -> Row:
    index, kind, act, subject, n, leaf, number = found[:OWN]
    values = found[_spans[kind]] if kind in _spans else ()
    is_there = bool(values) and values[0] is not None
    return Row(index, kind, act, subject, n, bytes(leaf), number, values if is_there else None)
