"""What is said when the database does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import django.db
import psycopg

from muster.core.errors import MusterError


class DatabaseDown(MusterError):
    """The database does not answer; nothing of what was asked is kept unless it was acknowledged."""

    code = "database.down"
    status = 503

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"The database does not answer ({reason}). Nothing was kept. "
            "Try again in a minute; if it stays so, run `muster doctor` on the server."
        )

    @classmethod
    def told_by(cls, error: BaseException) -> "DatabaseDown":
        """From the driver's error, whose first line says why."""
        return cls(reason=next(iter(str(error).strip().splitlines()), type(error).__name__).strip())


@contextmanager
def when_down() -> Iterator[None]:
    """Turn a connection that broke inside the block, or a server without room, into DatabaseDown; let other errors pass."""
    try:
        yield
    except (
        django.db.OperationalError,
        django.db.InterfaceError,
        django.db.InternalError,
        psycopg.OperationalError,
    ) as error:
        if not is_lost(error):
            raise
        raise DatabaseDown.told_by(error) from error


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone (SQLSTATE class 08, 57P01 to 57P03, or none; 25P03 where the transaction was idle for too
    long), or disk or memory is full (class 53)."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    state = getattr(cause, "sqlstate", None)
    return state is None or state.startswith(("08", "53", "57P01", "57P02", "57P03", "25P03"))
