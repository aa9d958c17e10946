"""Reading more rows than fit in memory: a cursor on the server, some thousand rows a round trip; or COPY, all in one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, transaction

ROWS = 2_000


def streamed(statement: str, params: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, as the application, in a transaction that ends with the last of them."""
    # A cursor on the server lives in a transaction.
    with transaction.atomic():
        yield from beside_others(statement, params)


def beside_others(statement: str, params: Mapping[str, Any] | None = None) -> Iterator[tuple[Any, ...]]:
    """The same in the transaction that is open, for several queries whose rows are taken by turns."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, params)
        while rows := cursor.fetchmany(ROWS):
            yield from rows


@contextmanager
def copied(query: str, params: Mapping[str, Any], *, options: str = "") -> Iterator[psycopg.Copy]:
    """COPY of a query's rows to us, in the quarter of a cursor's time: iterate over its blocks, or over its `rows()`."""
    with transaction.atomic():
        connection.ensure_connection()
        # A sort of a million rows in the few megabytes of a common session would be done in a hundred parts.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64MB'")
        statement = f"COPY ({query}) TO STDOUT {options}"
        with (
            connection.connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.copy(statement, params) as copy,
        ):
            yield copy
