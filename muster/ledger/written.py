"""What acts wrote beside holders, things and entries: of each act and table, the rows as one digest that enters the tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from django.db import connection

from muster.database.laws import laws
from muster.database.streaming import beside_others, streamed
from muster.record.encoding import Value, digest_of


def waits(act: str) -> str:
    """The condition that the act of this column waits for its number. One that has its number does not, whatever else is said."""
    return (
        f"EXISTS (SELECT FROM public.record_pending p WHERE p.act_id = {act})"
        f" AND NOT EXISTS (SELECT FROM public.record_number n WHERE n.act_id = {act})"
    )


# The text of a moment, of bytes, of an interval or of a number hangs on these; for the transaction that is open. Nobody can
# put another function in front of one of PostgreSQL's own.
AS_ENCODED = """
SELECT set_config('search_path', 'pg_catalog', true), set_config('timezone', 'UTC', true), set_config('bytea_output', 'hex', true),
       set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true)
"""
# A layout with a column that is gone cannot be read: what was written under it is told as missing.
LAYOUTS = """
SELECT l.id, l.of_table, l.columns FROM public.record_layout l
WHERE NOT EXISTS (
    SELECT FROM unnest(l.columns) c (name) WHERE NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('public.' || quote_ident(l.of_table)) AND a.attname = c.name
          AND NOT a.attisdropped))
"""
ROWS = """
SELECT k.number, w.act_id::text, w.salt, json_build_array({columns})::text
FROM public.record_rowswritten w JOIN public.record_number k ON k.act_id = w.act_id JOIN public.{table} x ON x.act_id = w.act_id
WHERE w.layout_id = {layout} ORDER BY k.number
"""
# Rows of a table that no leaf stands for, of acts that do not wait and were not numbered before rows had leaves. A note of them
# is no proof: whoever adds a row can note it.
IN_NO_LEAF = f"""
SELECT x.act_id::text FROM public.{{table}} x
WHERE NOT EXISTS (SELECT FROM public.record_leaf l JOIN public.record_layout y ON y.id = l.n
                  WHERE l.kind = 'rows' AND l.act_id = x.act_id AND y.of_table = %(table)s)
  AND NOT ({waits("x.act_id")})
  AND NOT EXISTS (SELECT FROM public.record_leaf l WHERE l.kind = 'act' AND l.act_id = x.act_id AND l.n IS NULL)
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """What one act wrote into one table: how many rows, and their digest in hex."""

    number: int
    act: str
    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Stray:
    """Rows of one act in one table that stand in no leaf."""

    act: str
    table: str


class Written:
    """The rows of every layout in the order of their acts' numbers, taken as their leaves come by. In one transaction."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(AS_ENCODED)
            cursor.execute(LAYOUTS)
            self.layouts: dict[int, tuple[str, list[str]]] = {
                id: (table, columns) for id, table, columns in cursor.fetchall()
            }
        self.strays: list[Stray] = []
        self._coming = {id: _rows(id, table, columns) for id, (table, columns) in self.layouts.items()}
        self._next = {id: next(coming, None) for id, coming in self._coming.items()}

    def table(self, layout: int | None) -> str:
        """The table of a layout; empty where there is no such layout."""
        return self.layouts.get(layout or 0, ("", []))[0]

    def values(self, layout: int | None, number: int) -> tuple[Value, ...] | None:
        """What is encoded of an act's rows of one layout; None where there are none. Numbers must not fall."""
        if layout not in self.layouts:
            return None
        table, columns = self.layouts[layout]
        self._pass_by(layout, number)
        found = self._next[layout]
        if found is None or found.number != number:
            return None
        self._next[layout] = next(self._coming[layout], None)
        return (found.act, number, table, " ".join(columns), found.count, found.digest)

    def first_stray(self) -> Stray | None:
        """Rows that no leaf stood for, once all leaves have come by; None where there are none."""
        for layout in self.layouts:
            self._pass_by(layout, None)
        return next(iter(self.strays), None) or next(_in_no_leaf(), None)

    def _pass_by(self, layout: int, number: int | None) -> None:
        while (found := self._next[layout]) is not None and (number is None or found.number < number):
            self.strays.append(Stray(found.act, self.table(layout)))
            self._next[layout] = next(self._coming[layout], None)


def _rows(layout: int, table: str, columns: list[str]) -> Iterator[Rows]:
    quoted = connection.ops.quote_name
    query = ROWS.format(
        columns=", ".join(f"x.{quoted(column)}" for column in columns), table=quoted(table), layout=layout
    )
    for (number, act, salt), of_act in groupby(beside_others(query), key=itemgetter(0, 1, 2)):
        texts = [text for *_, text in of_act]
        yield Rows(number, act, len(texts), digest_of(salt.bytes, texts))


def _in_no_leaf() -> Iterator[Stray]:
    for law in laws():
        if law.layout:
            query = IN_NO_LEAF.format(table=connection.ops.quote_name(law.table))
            for (act,) in streamed(query, {"table": law.table}):
                yield Stray(act, law.table)
