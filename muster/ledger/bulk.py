"""Many rows at once, through COPY: one statement, so the same guard, the same laws and the same refusals as an INSERT."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED
from psycopg.sql import SQL, Identifier

MANY = 500  # rows, from which on COPY is the quicker way


def add(rows: Sequence[models.Model]) -> None:
    """Add new rows of one table, all or none, in one statement; many of them through COPY.

    The rows are not given what the database fills in by itself. Raises what an INSERT raises.
    """
    if len(rows) < MANY:
        if rows:
            type(rows[0])._default_manager.bulk_create(rows)
        return
    copy_in(rows)


def copy_in(rows: Sequence[models.Model]) -> None:
    """Add new rows of one table through COPY; there is at least one."""
    meta = rows[0]._meta
    fields = [field for field in meta.local_concrete_fields if _is_given(field)]
    statement = SQL("COPY {} ({}) FROM STDIN").format(
        Identifier(meta.db_table), SQL(", ").join(Identifier(str(field.column)) for field in fields)
    )
    values_of = attrgetter(*(field.attname for field in fields))
    # The driver's errors become Django's, as they do for an INSERT.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row(values_of(row))


def _is_given(field: models.Field) -> bool:  # type: ignore[type-arg]  # of whatever kind
    """Whether a row brings a value for the field; a composite key has no column of its own."""
    return bool(field.column) and field.db_default is NOT_PROVIDED and not isinstance(field, models.AutoField)
