"""Seeds that run with every change. More, and longer: tests/simulation/run.py."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from psycopg.sql import SQL, Identifier
from simulator import BrokenLaw, Simulation

LATE_PASSES = ("AND w.happened_at < lag(", "AND false AND w.happened_at < lag(")  # in the guard


@pytest.mark.usefixtures("fresh_db")
@pytest.mark.parametrize(("seed", "size", "transfers"), [(1, 8, 400), (2, 20, 700), (3, 60, 1200)])
def test_tablets_offline_and_a_server_that_crashes_break_no_law(seed: int, size: int, transfers: int) -> None:
    told = Simulation(seed, size=size, persons=15 * size)

    told.run(transfers)

    assert told.transfers >= transfers


@pytest.mark.usefixtures("fresh_db")
def test_a_story_has_everything_that_befalls_tablets() -> None:
    told = Simulation(1, checked_each=100)

    told.run(500)

    befalls = {
        "dropped", "answer dropped", "sent again", "told again", "refused", "went offline", "kept as reports", "crashed",
        "receive", "offer", "accept", "refuse", "withdraw", "release", "correct",
    }  # fmt: skip
    assert befalls - set(told.story) == set()


@pytest.fixture
def another_database(
    fresh_db: str, django_db_setup: Callable[[], str], _admin: psycopg.Connection
) -> Iterator[Callable[[], None]]:
    """Leads both roles to a new database, again and again."""
    made = []

    def lead(name: str) -> None:
        connections.close_all()
        for alias in ("default", "owner"):
            connections.settings[alias]["NAME"] = name

    def another() -> None:
        made.append(django_db_setup())
        lead(made[-1])

    yield another
    lead(fresh_db)
    for name in made:
        _admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def test_a_seed_tells_the_same_story_again(another_database: Callable[[], None]) -> None:
    stories = []
    for seed in (11, 11, 12):
        another_database()
        told = Simulation(seed)
        told.run(60)
        stories.append(told.digest.hexdigest())

    assert stories[0] == stories[1] != stories[2]


def test_a_broken_law_names_its_seed_and_breaks_again_at_the_same_delivery(
    another_database: Callable[[], None],
) -> None:
    """The law is broken on purpose: the guard of these two databases lets late entries pass."""
    words = []
    for _ in range(2):
        another_database()
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT pg_get_functiondef('ledger_guard'::regproc)")
            (guard,) = cursor.fetchone() or ("",)
            assert LATE_PASSES[0] in guard
            cursor.execute(guard.replace(*LATE_PASSES))
        with pytest.raises(BrokenLaw) as broken:
            Simulation(4).run(2_000)
        words.append(str(broken.value))

    assert words[0] == words[1]
    assert "--seed 4 " in words[0]
    assert "ledger.before_live_top" in words[0]


@pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")), reason="the script has an embedded database of its own"
)
def test_the_script_says_what_it_simulated() -> None:
    script = Path(__file__).with_name("run.py")

    done = subprocess.run(
        [sys.executable, script, "--seed", "5", "--transfers", "40"],
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("seed 5: ")
    assert "no law broken" in done.stdout
