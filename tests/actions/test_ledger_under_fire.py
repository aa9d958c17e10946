"""The ledger under fire: many hands on one thing, lists in opposite order, kill -9, a full disk, clocks that are wrong.

The same at length: benchmarks/ledger/fire.py.
"""

import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fire
import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction
from people import TAGS, at, people

from muster.core.errors import MusterError
from muster.custody import actions
from muster.database import embedded
from muster.database.embedded import Server
from muster.ledger import queries, writing
from muster.ledger.models import Entry, Handover, Head, Offer, Thing
from muster.ledger.rules import ClockAhead
from muster.record.models import Act, Number

needs_embedded = pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="the embedded database is not used with DATABASE_URL"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk: run it as root")
CLOCKS_MAY_DIFFER = timedelta(minutes=5)


def client() -> psycopg.Connection:
    """A session of the application's role on the test's database, not Django's."""
    given = connections["default"].get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return psycopg.connect(autocommit=True, **{name: given[name] for name in names if name in given})


# Many hands ------------------------------------------------------------------------------------------------------


def test_no_person_is_handed_over_twice_in_500_rounds_of_8_clients() -> None:
    with closing(client()) as connection:
        on = fire.world(connection, 500)
        told = fire.race(client, on, on.things, 8)
        connection.execute("SELECT record_sequence()")

        assert sorted(thing for thing, _ in told.won) == on.things  # each once
        assert told.refused.total() == 500 * 7
        assert set(told.refused) <= {"23505 ledger_entry_pkey", "ledger.stale", "ledger.not_the_holder"}
        written = connection.execute("SELECT thing_id, act_id FROM ledger_entry").fetchall()
        assert sorted(written) == sorted(told.won)
        assert fire.replayed(connection) == []
        assert fire.misnumbered(connection) == []


def together(*calls: Callable[[], object]) -> list[str]:
    """What each is told when all are called at once: a refusal's code, or ok."""
    start = threading.Barrier(len(calls))

    def one(call: Callable[[], object]) -> str:
        try:
            start.wait()
            call()
            return "ok"
        except MusterError as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@pytest.mark.parametrize("known", [True, False], ids=["known persons", "new persons"])
def test_lists_in_opposite_order_reach_no_caller_as_a_deadlock(known: bool) -> None:
    who = people()
    lists = [TAGS[start : start + 40] for start in (0, 40, 80, 120)]
    if known:
        for tags in lists:
            actions.receive(actor=who.north, site="EX-NORTH", tags=tags, at=at(0))
            actions.release(actor=who.north, site="EX-NORTH", tags=tags, at=at(1), reason="bond")

    for tags in lists:
        told = together(
            lambda tags=tags: actions.receive(actor=who.north, site="EX-NORTH", tags=tags, at=at(2)),
            lambda tags=tags: actions.receive(actor=who.south, site="EX-SOUTH", tags=tags[::-1], at=at(2)),
            lambda tags=tags: actions.receive(
                actor=who.north_too, site="EX-NORTH", tags=tags[::2] + tags[1::2], at=at(2)
            ),
        )
        assert set(told) <= {"ok", "custody.already_here"}
        assert "ok" in told

    assert Head.objects.filter(holder__site__in=["EX-NORTH", "EX-SOUTH"]).count() == 160
    assert queries.census(at(3), queries.latest_known()).total == 160


def test_one_list_offered_twice_in_opposite_order_is_offered_once() -> None:
    who = people()
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS, at=at(0))

    for first in range(0, 160, 40):
        tags = TAGS[first : first + 40]
        offers = [
            lambda clerk=clerk, given=given: actions.offer(
                actor=clerk, giver="EX-NORTH", receiver="EX-SOUTH", tags=given
            )
            for clerk, given in ((who.north, tags), (who.north_too, tags[::-1]))
        ]
        assert sorted(together(*offers)) == ["ledger.already_offered", "ok"]

    assert sorted(Offer.objects.values_list("thing__tag", flat=True)) == sorted(TAGS[:160])


# Knowledge -------------------------------------------------------------------------------------------------------


def test_what_was_known_under_load_is_answered_the_same_again() -> None:
    moments = [fire.MORNING + timedelta(seconds=seconds) for seconds in (0, 1, 3, 9, 60)]
    asked: list[tuple[datetime, int, dict[str, int]]] = []

    with closing(client()) as connection:
        on = fire.world(connection, 60)
        with fire.buses(client, on, 4, seed=1) as told:
            give_up_at = time.monotonic() + 3
            while time.monotonic() < give_up_at:
                known_at = queries.latest_known()
                asked += [(moment, known_at, queries.census(moment, known_at).sites) for moment in moments]
                moment, known_at, sites = random.Random(len(asked)).choice(asked)
                assert queries.census(moment, known_at).sites == sites
        assert len(told.acknowledged) > 50
        connection.execute("SELECT record_sequence()")

        for moment, known_at, sites in asked:
            assert queries.census(moment, known_at).sites == sites
        assert len({known_at for _, known_at, _ in asked}) > 10
        assert fire.missing(connection, told) == []
        assert fire.replayed(connection) == []
        assert fire.misnumbered(connection) == []


def server_clock(behind: str) -> None:
    """The default of `recorded_at` is the server's clock, so another default is another clock."""
    with connections["owner"].cursor() as cursor:
        for table in ("record_act", "ledger_entry"):
            cursor.execute(
                f"ALTER TABLE {table} ALTER recorded_at SET DEFAULT clock_timestamp() - interval '{behind}'"
            )


def test_a_server_clock_that_steps_back_changes_no_order_and_no_answer() -> None:
    who = people()

    known = [actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:3], at=at(0)).known_at or 0]
    told = [queries.census(at(9), known[0]).sites]
    for hours, behind in enumerate(("1 hour", "2 hours", "0 hours"), start=1):
        server_clock(behind)
        tag = TAGS[hours - 1]
        done = actions.release(actor=who.north, site="EX-NORTH", tags=[tag], at=at(hours), reason="bond")
        known.append(done.known_at or 0)
        told.append(queries.census(at(9), known[-1]).sites)

    recorded = list(Number.objects.order_by("number").values_list("act__recorded_at", flat=True))
    assert recorded != sorted(recorded)  # the clock did step back
    assert known == sorted(set(known))
    assert told == [{"EX-NORTH": 3}, {"EX-NORTH": 2}, {"EX-NORTH": 1}, {}]
    assert [queries.census(at(9), number).sites for number in known] == told
    # A moment stands for the latest number recorded by then: a later moment never for an earlier number.
    moments = [min(recorded) - timedelta(hours=1), *sorted(recorded)]
    numbers = [queries.known_by(moment) for moment in moments]
    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[-1]) == (0, known[-1])
    for tag in TAGS[:3]:
        history = queries.history(tag)["entries"]
        assert [entry["n"] for entry in history] == [1, 2]
        assert history[0]["known_at"] < history[1]["known_at"]


def test_the_site_that_had_a_person_last_is_told_by_the_acts_and_not_by_the_clock() -> None:
    who = people()
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=at(0))
    offered = actions.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=TAGS[:1]).answer
    moved = actions.accept(actor=who.south, handover=offered.handover, at=at(1))
    act = Act.objects.get(pk=moved.act)
    trip, unit = (writing.holder(act=act, code=code, kind=code) for code in ("trip", "unit"))
    thing = Thing.objects.get(tag=TAGS[0])

    server_clock("1 hour")
    with transaction.atomic():
        boards = Act.objects.create(name="test", request_hash=b"")
        writing.write([writing.Push(thing=thing.pk, receiver=trip.pk, happened_at=at(2))], act=boards)
    for _ in ("before it has a number", "after"):
        site = actions._site_of(Handover(giver=trip, receiver=unit), [thing])
        assert site is not None
        assert site.code == "EX-SOUTH"
        queries.latest_known()


@pytest.mark.parametrize("held_elsewhere", [False, True])
def test_a_device_may_be_five_minutes_ahead_and_no_more(held_elsewhere: bool) -> None:
    """The same edge for an entry, which the database refuses, and for a report, which the action does."""
    who = people()
    if held_elsewhere:
        actions.receive(actor=who.south, site="EX-SOUTH", tags=TAGS[:1], at=at(0))

    def receive(ahead: timedelta) -> bool:
        now = datetime.now(UTC)
        done = actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=now + ahead)
        return bool(done.answer.report)

    with pytest.raises(ClockAhead):
        receive(CLOCKS_MAY_DIFFER + timedelta(seconds=20))
    assert Entry.objects.count() == int(held_elsewhere)
    assert receive(CLOCKS_MAY_DIFFER - timedelta(seconds=20)) == held_elsewhere


# A server that dies, a disk that is full -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder for servers of their own. In memory, where there is such a disk: who dies here is the server, not the machine."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="muster-fire-", dir=memory if os.access(memory, os.W_OK) else None))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def server_in(folder: Path) -> Server:
    """A server of that folder, started: a copy of the tests' own, with the test's database in it, and fsync on."""
    folder.mkdir(mode=0o711, exist_ok=True)
    folder.chmod(0o711)
    server = Server(folder, arguments=("max_wal_size=48MB", "min_wal_size=32MB"))
    embedded._make_private(server.cluster, embedded._system_user())
    tests_own = str(connections["default"].get_connection_params()["host"])
    server._run("pg_basebackup", "-h", tests_own, "-U", embedded.ADMIN, "-D", server.cluster, "-c", "fast")
    server.start()
    return server


@needs_embedded
def test_nothing_acknowledged_is_lost_when_the_database_is_killed_20_times(
    fresh_db: str, place: Path
) -> None:
    server = server_in(place / "killed")
    chance = random.Random(20)

    def connect() -> psycopg.Connection:
        return server.connect(fresh_db, embedded.APP)

    try:
        with closing(connect()) as connection:
            on = fire.world(connection, 40)
        with fire.buses(connect, on, 3, seed=2) as told:
            for number in range(20):
                fire.wait_for_more(told, 3)
                time.sleep(chance.random() / 20)
                fire.kill(server, with_children=bool(number % 2))
                fire.come_back(server)
        with closing(connect()) as connection:
            connection.execute("SELECT record_sequence()")
            assert fire.missing(connection, told) == []
            assert fire.replayed(connection) == []
            assert fire.misnumbered(connection) == []
    finally:
        server.stop()


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of half a gigabyte, mounted for the test."""
    folder = Path(tempfile.mkdtemp(prefix="small-", dir=place))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512m,mode=711", "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@needs_embedded
@as_root
@pytest.mark.parametrize("what", ["tables", "log"])
def test_a_full_disk_is_refused_by_name_and_loses_nothing(
    what: str, fresh_db: str, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a table cannot grow the server refuses; where its log cannot, it stops, and comes back when there is room."""
    server = server_in(small_disk)
    ballast = small_disk / "ballast"

    def connect() -> psycopg.Connection:
        return server.connect(fresh_db, embedded.APP)

    monkeypatch.setitem(connections.settings["default"], "EMBEDDED", lambda: small_disk)
    monkeypatch.setitem(embedded._servers, small_disk, server)
    connections.close_all()
    try:
        who = people()
        with closing(connect()) as connection:
            on = fire.world(connection, 40)
        with fire.buses(connect, on, 2, seed=3) as told:
            wait_until(lambda: bool(told.acknowledged))
            fill(ballast, leave=64 * 1024 if what == "tables" else 0)
            if what == "log":
                use_up_the_log(server)
            refused = told_by_a_clerk(
                lambda tags: actions.receive(actor=who.north, site="EX-NORTH", tags=tags, at=at(0))
            )
            wait_until(lambda: bool(set(told.refused) - fire.LOSES))
            ballast.unlink()
            before = len(told.acknowledged)
            wait_until(lambda: len(told.acknowledged) > before, otherwise=server.start)
        assert refused == "database.down"
        assert set(told.refused) & ({"53100"} if what == "tables" else {"None", "57P02", "57P03"})
        with closing(connect()) as connection:
            connection.execute("SELECT record_sequence()")
            assert fire.missing(connection, told) == []
            assert fire.replayed(connection) == []
            assert fire.misnumbered(connection) == []
        connections.close_all()
        assert actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[-1:], at=at(0)).known_at
    finally:
        connections.close_all()
        server.stop()


def use_up_the_log(server: Server) -> None:
    """Begin new files of the server's log until it has none left and cannot make another."""
    with closing(server.connect()) as admin:
        try:
            for _ in range(20):
                admin.execute("SELECT pg_switch_wal()")
                admin.execute(
                    "SELECT txid_current(), pg_logical_emit_message(true, 'fire', repeat('x', 9000))"
                )
        except psycopg.Error:
            return
    raise AssertionError("the log never filled")


def fill(ballast: Path, *, leave: int) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(64 * 1024))
        except OSError:
            file.truncate(max(0, ballast.stat().st_size - leave))


def told_by_a_clerk(receive: Callable[[list[str]], object]) -> str:
    """The code that refuses a clerk who goes on receiving on a full disk."""
    for first in range(0, len(TAGS) - 10, 10):
        try:
            receive(TAGS[first : first + 10])
        except MusterError as refusal:
            return refusal.code
    return ""


def wait_until(happened: Callable[[], bool], *, otherwise: Callable[[], object] = lambda: None) -> None:
    """Wait half a minute at most; between looks do what is done otherwise."""
    give_up_at = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < give_up_at
        otherwise()
        time.sleep(0.02)


def test_an_act_that_is_committed_is_not_told_as_lost_when_its_number_cannot_be_given() -> None:
    who = people()

    def no_number(execute: Callable[..., object], sql: str, *given: object) -> object:
        if "record_number_of" in sql:
            raise OperationalError("the server closed the connection")
        return execute(sql, *given)

    with connection.execute_wrapper(no_number):
        done = actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=at(0))

    assert (done.known_at, done.answer.received) == (None, TAGS[:1])
    assert Entry.objects.count() == 1
