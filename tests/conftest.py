"""A database of its own for each test that commits, cloned from a migrated template in some 30 ms.

Nothing is flushed or rolled back, so actions commit for real and the product needs no switch for tests.
Tests under tests/rules get no database, and pytest-django keeps them from opening one.

With DATABASE_URL, MUSTER_MIGRATE_URL and MUSTER_TEST_ADMIN_URL (a superuser's address) set, that server is
used; otherwise an embedded one in a temporary folder.
"""

import base64
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
import stories
from django.conf import settings
from django.db import connections
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from pytest_django import DjangoDbBlocker

from muster import config as config_of_muster
from muster import database
from muster.database import embedded

COMMITTING = {"actions", "journeys"}
MEMORY = Path("/dev/shm")  # Linux's disk in memory, where a clone takes a tenth of the time
ROOM_BYTES = 2**30


def pytest_configure(config: pytest.Config) -> None:
    settings.SECRET_KEY = "only-for-tests-" * 4
    os.environ["MUSTER_CHECKPOINT_KEY"] = base64.b64encode(b"only-for-tests".ljust(32)).decode()
    config_of_muster.current.cache_clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if os.environ.get("DATABASE_URL") and not os.environ.get("MUSTER_TEST_ADMIN_URL"):
        raise pytest.UsageError(
            "DATABASE_URL is set: tests need MUSTER_TEST_ADMIN_URL too, to make their databases."
        )


def _folder(within: Path | None = None) -> Path:
    """A temporary folder that the embedded server's system user may pass through; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="muster-", dir=within)).resolve()
    folder.chmod(0o711)
    return folder


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """An empty folder for `--data` or MUSTER_DATA."""
    folder = _folder()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def _admin() -> Iterator[psycopg.Connection]:
    """A superuser's session on the tests' server, started and stopped here if it is the embedded one."""
    address = os.environ.get("MUSTER_TEST_ADMIN_URL")
    if address:
        with psycopg.connect(address, autocommit=True) as admin:
            yield admin
        return
    has_memory = os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    folder = _folder(MEMORY if has_memory else None)
    server = embedded.Server(folder, arguments=("fsync=off",))
    server.start()
    embedded.use(server)
    for alias in ("default", "owner"):
        connections.settings[alias]["EMBEDDED"] = lambda: folder
    with server.connect() as admin:
        yield admin
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def django_db_setup(
    _admin: psycopg.Connection, django_db_blocker: DjangoDbBlocker
) -> Iterator[Callable[..., str]]:
    """In place of pytest-django's: a migrated template, and the function that makes a new database of it."""
    template = f"muster_template_{os.getpid()}"
    numbers = count()
    with django_db_blocker.unblock():
        _create(_admin, template, of="template1")
        _choose(template)
        database.migrate()
        connections.close_all()

    def clone(of: str = template) -> str:
        return _create(_admin, f"muster_test_{os.getpid()}_{next(numbers)}", of=of)

    yield clone
    _drop(_admin, template)


@pytest.fixture
def fresh_db(
    django_db_setup: Callable[..., str], _admin: psycopg.Connection, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """The name of a new migrated database, which both roles' connections lead to until the test ends.

    A test that has a story told is led to a copy of the database in which it was told first.
    """
    name = django_db_setup()
    used = [name]

    def retell(told: str | None) -> str:
        connections.close_all()
        used.append(django_db_setup(told) if told else django_db_setup())
        _choose(used[-1])
        return used[-1]

    stories.BOOK.retell = retell
    _choose(name)
    with django_db_blocker.unblock():
        yield name
        connections.close_all()
    for each in used:
        if each not in stories.BOOK.told.values():
            _drop(_admin, each)


@pytest.fixture(autouse=True)
def _database_where_tests_commit(request: pytest.FixtureRequest) -> None:
    if COMMITTING & set(request.path.parts):
        request.getfixturevalue("fresh_db")


@pytest.fixture
def database_env(fresh_db: str) -> dict[str, str]:
    """The environment that leads another process to the test's database."""
    return {
        **os.environ,
        "DATABASE_URL": _address("default"),
        "MUSTER_MIGRATE_URL": _address("owner"),
        "MUSTER_SECRET_KEY": settings.SECRET_KEY,
    }


@pytest.fixture
def live_url(fresh_db: str) -> Iterator[str]:
    """The address of Muster served on loopback, on the test's database: http://127.0.0.1:PORT."""
    from waitress.server import create_server

    from muster.wsgi import application

    server = create_server(application, host="127.0.0.1", port=0, threads=4)
    loop = threading.Thread(target=server.run, name="live server")
    loop.start()
    yield f"http://127.0.0.1:{server.effective_port}"

    def close() -> None:
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.close()

    # Closed from inside its own loop, which ends when nothing is left in it.
    # A request that ends just now wakes it too; then it has closed before this call has rung.
    with suppress(OSError):
        server.trigger.pull_trigger(close)
    loop.join(timeout=10)
    server.task_dispatcher.shutdown()


def _create(admin: psycopg.Connection, name: str, *, of: str) -> str:
    owner = connections.settings["owner"]["USER"]
    statement = SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY")  # half the time of WAL_LOG
    admin.execute(statement.format(Identifier(name), Identifier(owner), Identifier(of)))
    return name


def _drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _choose(name: str) -> None:
    """Lead both roles' connections, of every thread that opens one from now on, to that database."""
    connections.close_all()
    for alias in ("default", "owner"):
        connections.settings[alias]["NAME"] = name


def _address(alias: str) -> str:
    wrapper = connections[alias]
    params = wrapper.get_connection_params()
    return make_conninfo(
        **{key: params[key] for key in ("host", "port", "user", "password", "dbname") if key in params}
    )
