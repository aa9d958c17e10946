"""Many rows at once, through COPY: one statement, so the same guard, the same laws and the same refusals as an INSERT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.db.models.fields import NOT_PROVIDED
from psycopg.sql import SQL, Composed, Identifier

COPIED = 100  # rows, from which on COPY is the quicker way
MANY = 2_000  # rows, from which on new plans are


def any_of(ids: Iterable[UUID]) -> RawSQL:
    """For a lookup with `__in`: the ids as one array, where thousands of parameters would be slow to send."""
    return RawSQL("SELECT unnest(%s::uuid[])", [list(ids)])


def any_text_of(texts: Iterable[str]) -> RawSQL:
    """The same for texts."""
    return RawSQL("SELECT unnest(%s::text[])", [list(texts)])


def add(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Add new rows of one table, all or none, in one statement; many of them through COPY.

    A row is anything with attributes named like the columns: a plain record is made in a tenth of the time that a
    model takes. A column that no row has is left to the database. Raises what an INSERT raises.
    """
    if not rows:
        return
    names = [field.attname for field in _given(model, rows[0])]
    if len(rows) < COPIED:
        values = ({name: getattr(row, name) for name in names} for row in rows)
        model._default_manager.bulk_create([model(**columns) for columns in values])
        return
    copy_in(model, rows)


def copy_in(model: type[models.Model], rows: Sequence[Any]) -> None:
    """Add new rows of one table through COPY; there is at least one."""
    fields = _given(model, rows[0])
    statement = SQL("COPY {} ({}) FROM STDIN").format(
        Identifier(model._meta.db_table), SQL(", ").join(Identifier(str(field.column)) for field in fields)
    )
    values_of = attrgetter(*(field.attname for field in fields))
    if len(rows) >= MANY:
        # A session checks foreign keys by the plans of its first rows: where the table they lead to was small then, each
        # row of many would read all of it.
        with connection.cursor() as cursor:
            cursor.execute("DISCARD PLANS")
    _copy(statement, map(values_of, rows))


def _copy(statement: Composed, rows: Iterable[tuple[Any, ...]]) -> None:
    # The driver's errors become Django's, as they do for an INSERT.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _given(model: type[models.Model], row: Any) -> list[models.Field[Any, Any]]:
    """The fields that a row brings values for; a composite key has no column of its own."""
    return [
        field
        for field in model._meta.local_concrete_fields
        if field.column
        and field.db_default is NOT_PROVIDED
        and not isinstance(field, models.AutoField)
        and hasattr(row, field.attname)
    ]
