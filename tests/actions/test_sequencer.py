"""The sequencer: what holds it up and what does not, what a restore does to it, and how long an answer waits for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fire
import psycopg
import pytest
from django.db import connection, connections, transaction
from django.test import Client
from people import TAGS, People, at, people
from test_ledger_under_fire import client

from muster.access.models import User
from muster.custody import actions
from muster.database import embedded
from muster.database.embedded import Server
from muster.ledger import queries
from muster.ledger.models import Entry
from muster.ledger.verifying import verify
from muster.record import action, checkpoints
from muster.record.action import sequence
from muster.record.models import Leaf, Number, Pending

needs_embedded = pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="the embedded database is not used with DATABASE_URL"
)
MUSTER = [sys.executable, "-c", "from muster.cli.main import main; main()"]
# A process that numbers acts for so many seconds, one call after another.
SEQUENCE_ON = """
import sys, time, psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as session:
    print("ready", flush=True)
    ends_at, calls = time.monotonic() + float(sys.argv[2]), 0
    while time.monotonic() < ends_at:
        session.execute("SELECT record_sequence()")
        calls += 1
print(calls)
"""


@pytest.fixture
def who() -> People:
    return people()


def receive(who: People, tag: str, hours: float = 0) -> int | None:
    return actions.receive(actor=who.north, site="EX-NORTH", tags=[tag], at=at(hours)).known_at


@contextmanager
def open_transaction(dbname: str | None = None) -> Iterator[psycopg.Connection]:
    """A transaction that has begun to write, in the test's database or in another of the same server."""
    given = connections["owner"].get_connection_params()
    names = ("host", "port", "user", "password")
    where = {name: given[name] for name in names if name in given}
    with psycopg.connect(**where, dbname=dbname or given["dbname"]) as other:
        other.execute("SELECT pg_current_xact_id()")
        yield other
        other.rollback()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who acts waits a tenth of a second for a number, and not five."""
    monkeypatch.setattr(action, "NUMBER_PATIENCE_S", 0.1)


@pytest.mark.parametrize("dbname", [None, "template1"], ids=["the record's own", "another of the server's"])
def test_an_open_transaction_holds_numbers_up_and_nothing_else(
    who: People, impatient: None, dbname: str | None
) -> None:
    with open_transaction(dbname):
        held_up = [receive(who, tag) for tag in TAGS[:3]]
        waiting = sequence()
    numbered = receive(who, TAGS[3])

    assert held_up == [None, None, None]
    assert waiting == 3
    assert numbered == Number.objects.count() == 4
    assert Entry.objects.count() == 4
    assert sequence() == 0
    assert verify()["ok"]


def test_an_act_is_not_numbered_by_its_own_transaction(who: People) -> None:
    with transaction.atomic():
        assert receive(who, TAGS[0]) is None
        assert sequence() == 1

    assert sequence() == 0
    assert Number.objects.count() == 1


def test_an_answer_waits_for_its_number_as_long_as_somebody_else_s_transaction_is_open(who: People) -> None:
    """So whoever is told that it is done finds it in every figure that is told from then on."""
    opened, told = threading.Event(), threading.Event()

    def hold() -> None:
        with open_transaction("template1"):
            opened.set()
            time.sleep(0.4)
            assert not told.is_set()

    holder = threading.Thread(target=hold)
    holder.start()
    opened.wait()
    known_at = receive(who, TAGS[0])
    told.set()
    holder.join()

    assert known_at == queries.latest_known()
    assert queries.census(at(1), known_at or 0).sites == {"EX-NORTH": 1}


def test_what_is_asked_now_waits_for_what_was_just_recorded(who: People, impatient: None) -> None:
    with open_transaction():
        receive(who, TAGS[0])
        before = queries.latest_known()

    assert queries.latest_known() == before + 1


def test_the_lag_is_told_by_doctor_and_on_the_board(
    who: People, impatient: None, database_env: dict[str, str]
) -> None:
    reader = Client()
    reader.force_login(
        User.objects.get(pk=who.center.user), backend="django.contrib.auth.backends.ModelBackend"
    )

    def doctor() -> tuple[int, str]:
        done = subprocess.run([*MUSTER, "doctor", "--json"], env=database_env, capture_output=True, text=True)
        plain = subprocess.run([*MUSTER, "doctor"], env=database_env, capture_output=True, text=True)
        return json.loads(done.stdout)["acts_without_number"], plain.stdout

    with open_transaction():
        receive(who, TAGS[0])
        receive(who, TAGS[1])
        waiting, words = doctor()
        board = reader.get("/board/").content.decode()
    assert (waiting, "2 acts wait for their number" in words) == (2, True)
    assert "2 acts not numbered yet and not in these figures" in board

    assert doctor()[0] == 0
    assert "Nothing waits to be numbered" in reader.get("/board/").content.decode()


def test_two_processes_that_number_at_once_give_each_act_one_number_and_its_leaves(
    who: People, database_env: dict[str, str]
) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", SEQUENCE_ON, database_env["DATABASE_URL"], "3"],
                         stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    with client() as session:
        on = fire.world(session, 40)
        with fire.buses(client, on, 3, seed=4) as told:
            for process in processes:
                process.wait()
        session.execute("SELECT record_sequence()")

        assert fire.missing(session, told) == []
        assert fire.replayed(session) == []
        assert fire.misnumbered(session) == []
    calls = [int(process.communicate()[0]) for process in processes]
    assert min(calls) > 10
    assert len(told.acknowledged) > 20
    numbers = list(Number.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Leaf.objects.filter(kind="act").count() == len(numbers)
    assert verify()["ok"]


def test_what_an_act_wrote_is_looked_up_even_where_one_act_wrote_nearly_all(who: People) -> None:
    """Statistics say then that each act wrote so much that reading the whole table is the quicker way."""
    with client() as session:
        fire.world(session, 3_000)
    sequence()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "ANALYZE ledger_thing, ledger_entry, ledger_holder, record_act, record_number, record_leaf"
        )
    receive(who, TAGS[0])  # so that its holder is there

    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        with client() as session:
            fire.world(session, 1, name="U")
        cursor.execute("SELECT record_sequence()")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND relname IN"
            " ('ledger_thing', 'ledger_holder', 'ledger_entry', 'record_act')"
        )
        assert cursor.fetchall() == []


@pytest.fixture
def another_cluster(fresh_db: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that has just begun, whose transactions are numbered lower than those of the tests' server."""
    memory = Path("/dev/shm")
    folder = Path(
        tempfile.mkdtemp(prefix="muster-restore-", dir=memory if os.access(memory, os.W_OK) else None)
    )
    folder.chmod(0o711)
    server = Server(folder)
    server.start()
    yield server
    connections.close_all()
    server.stop()
    shutil.rmtree(folder)


@needs_embedded
def test_a_record_that_was_restored_into_a_new_cluster_is_numbered_on(
    who: People, impatient: None, fresh_db: str, another_cluster: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acts that waited when it was backed up are numbered too, though the new cluster's transactions begin lower."""
    use_up_transactions(5_000)
    receive(who, TAGS[0])
    kept = checkpoints.make().note
    with open_transaction():
        receive(who, TAGS[1])
        receive(who, TAGS[2])
        copy_into(another_cluster, fresh_db)
    (waiting,) = {pending.txid for pending in Pending.objects.order_by("-txid")[:1]}

    monkeypatch.setitem(connections.settings["default"], "EMBEDDED", lambda: another_cluster.data)
    monkeypatch.setitem(embedded._servers, another_cluster.data, another_cluster)
    connections.close_all()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (latest,) = cursor.fetchone() or (0,)
    assert latest < waiting  # it did begin lower

    assert sequence() == 0
    assert Number.objects.count() == 3
    assert receive(who, TAGS[3]) == 4
    actions.release(actor=who.north, site="EX-NORTH", tags=TAGS[1:2], at=at(1), reason="bond")
    assert [entry["known_at"] for entry in queries.history(TAGS[1])["entries"]][1] == 5
    assert verify(kept)["ok"]


def use_up_transactions(count: int) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE used_up (n int) ON COMMIT DROP")
        cursor.execute(
            f"DO $$ BEGIN FOR n IN 1..{count} LOOP BEGIN INSERT INTO used_up VALUES (n);"
            " EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$"
        )


def copy_into(server: Server, database: str) -> None:
    """Dump the test's database and restore it on the other server, as an administrator does."""
    dump = server.cluster / "dump"
    tests_own = str(connections["default"].get_connection_params()["host"])
    server._run("pg_dump", "-h", tests_own, "-U", embedded.ADMIN, "-Fc", "-f", dump, database)
    with server.connect() as admin:
        admin.execute(f'CREATE DATABASE "{database}" OWNER "{embedded.OWNER}"')
    server._run("pg_restore", "-h", server.socket_folder, "-U", embedded.ADMIN, "-d", database, dump)
