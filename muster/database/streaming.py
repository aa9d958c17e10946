"""Reading more rows than fit in memory: a cursor on the server, some thousand rows a round trip."""

from collections.abc import Iterator, Mapping
from typing import Any

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
