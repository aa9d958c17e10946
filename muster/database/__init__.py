"""The database: two roles, one way to migrate, and a check that its laws are in force.

`default` is the application's role and `owner` the role that owns the tables; only `migrate` uses the second.
Without DATABASE_URL both lead to the embedded server, which starts when a connection is first needed.
"""

from collections.abc import Iterator

from django.core.management import call_command
from django.db import connections
from django.db.backends.utils import CursorWrapper

from muster.core.errors import MusterError
from muster.database import laws
from muster.database.down import DatabaseDown, when_down
from muster.database.laws import append_only_tables, install_append_only_triggers, install_layouts

__all__ = [
    "DatabaseDown",
    "NoOwner",
    "append_only_tables",
    "check",
    "install_append_only_triggers",
    "install_layouts",
    "is_embedded",
    "migrate",
    "when_down",
]

OLDEST = 150_000  # PostgreSQL 15, as servers count


class NoOwner(MusterError):
    """The tables cannot be changed, because the owner's address is not set."""

    code = "database.no_owner"

    def __init__(self) -> None:
        super().__init__(
            "DATABASE_URL is set and MUSTER_MIGRATE_URL is not. Set it to the address of the role that owns "
            "the database: the application's own role may not change tables."
        )


def is_embedded() -> bool:
    """Whether the database is the embedded one of the data folder."""
    return "EMBEDDED" in connections.settings["default"]


def migrate(*, verbosity: int = 0) -> None:
    """Bring the tables up to date as the owner, then set grants and triggers anew. Safe to run again.

    Raises NoOwner, DatabaseDown.
    """
    if "owner" not in connections.settings:
        raise NoOwner()
    with when_down():
        call_command("migrate", database="owner", interactive=False, verbosity=verbosity)
        laws.apply_grants()
        laws.install_append_only_triggers()
        laws.install_layouts()


def check() -> list[str]:
    """What is wrong with the database, one sentence each; empty when it may be served.

    Asks as the application's role. Raises DatabaseDown.
    """
    with when_down(), connections["default"].cursor() as cursor:
        return [*_broken_server(cursor), *laws.broken(cursor)]


def _broken_server(cursor: CursorWrapper) -> Iterator[str]:
    cursor.execute(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
        " current_setting('server_encoding'), rolname, rolsuper,"
        " EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        "         AND pg_has_role(relowner, 'MEMBER')) FROM pg_roles WHERE rolname = current_user"
    )
    row = cursor.fetchone()
    assert row is not None  # a session always has a role
    number, version, encoding, role, is_superuser, is_owner = row
    if number < OLDEST:
        yield f"The server is PostgreSQL {version}: install 15 or later."
    if encoding != "UTF8":
        yield f"The database is encoded in {encoding}: create it anew with ENCODING 'UTF8'."
    if is_superuser:
        yield f"The application signs in as {role}, a superuser: give DATABASE_URL a role that is not."
    elif is_owner:
        yield f"The application signs in as {role}, who owns tables or may become their owner: use another."
