"""The rows behind the leaves, as the values that are encoded.

They are computed here from the rows themselves. The functions that made the leaves are not asked: whoever can change a
row can change a function.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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

ROW = f"""
SELECT l.index, l.kind, l.act_id::text, l.subject::text, l.n, l.leaf, k.number, {", ".join(COLUMNS["entry"])}
FROM public.record_leaf l LEFT JOIN public.record_number k ON k.act_id = l.act_id
LEFT JOIN public.ledger_entry e ON e.thing_id = l.subject AND e.n = l.n
WHERE l.kind = 'entry' AND l.subject = %(thing)s AND l.n = %(n)s AND l.index < %(size)s
"""
OF_OTHER_TABLES = """
SELECT l.index, l.kind, l.act_id::text, l.n, l.leaf, k.number
FROM public.record_leaf l LEFT JOIN public.record_number k ON k.act_id = l.act_id
WHERE l.kind = 'rows' AND l.index < %(size)s ORDER BY l.index
"""


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
        return encoded(f"muster/{self.kind}/1", (*values, previous) if self.kind == "entry" else values)


def rows_of_other_tables(size: int, written: Written | None = None) -> Iterator[Row]:
    """The leaves of rows among the first `size`, with what they stand for, in the tree's order, in one transaction.

    `written` knows afterwards what it was not asked for.
    """
    with transaction.atomic():
        written = written or Written()
        for index, kind, act, n, leaf, number in beside_others(OF_OTHER_TABLES, {"size": size}):
            values = written.values(n, number or 0)
            yield Row(index, kind, act, None, n, bytes(leaf), number, values, written.table(n))


def row_of(thing: UUID, n: int, size: int) -> Row | None:
    """The leaf of one entry, if it is one of the first `size`."""
    with connection.cursor() as cursor:
        cursor.execute(ROW, {"size": size, "thing": thing, "n": n})
        found = cursor.fetchone()
    if found is None:
        return None
    index, kind, act, subject, n, leaf, number, *values = found
    return Row(
        index, kind, act, subject, n, bytes(leaf), number, tuple(values) if values[0] is not None else None
    )
