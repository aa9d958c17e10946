"""Statements of acts that come by the hundred a second: the server plans each once a connection."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model
from psycopg import Cursor
from psycopg.pq import Format

M = TypeVar("M", bound=Model)


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows that the statement gives, in the connection's transaction. Raises what Django's cursors raise."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    # Django's own cursors write the values into the statement, so that the server never meets the same one again.
    bound = Cursor(connection.connection)
    bound.format = Format.BINARY
    with connection.make_cursor(bound) as cursor:  # type: ignore[arg-type]  # it wraps any cursor of the driver
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def first(model: type[M], where: str, *values: Any) -> M | None:
    """The first row of the model's table for which the clause holds, as the database gives its columns; None: there is none.

    The clause may end in a lock: "code = %s FOR UPDATE".
    """
    select, made = _select(model)
    found = rows(f"{select} WHERE {where}", *values)
    return made(found[0]) if found else None


@cache
def _select(model: type[M]) -> tuple[str, Callable[[tuple[Any, ...]], M]]:
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return f'SELECT {columns} FROM "{model._meta.db_table}"', lambda row: model.from_db("default", names, row)
