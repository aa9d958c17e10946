"""The ledger under fire, at length: double handovers by 8 to 64 clients, and a database that is killed while it writes.

    uv run python benchmarks/ledger/fire.py [--rounds 100000] [--kills 200] [--json]

The embedded database, with fsync on, in a folder that is removed afterwards. Every law is checked at the end of each
part; where one is broken, it is named and the exit status is 1.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "actions"))
import fire
from figures import print_figure

from muster.database.embedded import APP, DATABASE, Server

CLIENTS = (8, 16, 32, 64)


def main() -> None:
    """Run, check and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rounds", type=int, default=100_000)
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    logging.getLogger("psycopg").setLevel(
        logging.ERROR
    )  # every kill breaks a transaction that would be rolled back
    folder = Path(tempfile.mkdtemp(prefix="muster-fire-"))
    folder.chmod(0o711)
    try:
        server = fire.migrated(folder)
        server.start()
        faults = [*race(server, given.rounds), *killed(server, given.kills)]
        server.stop()
    finally:
        shutil.rmtree(folder)
    for fault in faults:
        print(f"BROKEN: {fault}", file=sys.stderr)
    sys.exit(bool(faults))


def client(server: Server) -> psycopg.Connection:
    return server.connect(DATABASE, APP)


def race(server: Server, rounds: int) -> list[str]:
    """So many double handovers by 8, 16, 32 and 64 clients, the fewer the more, so that each takes about as long; what is wrong."""
    faults: list[str] = []
    with closing(client(server)) as connection:
        on = fire.world(connection, rounds)
        rest, won, first = on.things, 0, 0.0
        for clients in CLIENTS:
            rounds_of = len(rest) if clients == CLIENTS[-1] else rounds * CLIENTS[0] // clients * 8 // 15
            things, rest = rest[:rounds_of], rest[rounds_of:]
            told = fire.race(lambda: client(server), on, things, clients)
            won += len(told.won)
            if sorted(thing for thing, _ in told.won) != things:
                faults.append(f"{len(things)} rounds of {clients} clients had {len(told.won)} winners")
            strange = set(told.refused) - {"23505 ledger_entry_pkey", "ledger.stale", "ledger.not_the_holder"}
            faults += [f"a loser was told {words}" for words in strange]
            pace = len(things) / told.seconds
            first = first or pace
            print_figure(
                f"double handovers tried by {clients} clients", pace, "rounds a second",
                against=f"{CLIENTS[0]} clients", against_value=round(first, 1),
                note=f"{len(things):,} rounds, {told.refused.total():,} losers, all refused by name",
            )  # fmt: skip
        connection.execute("SELECT record_sequence()")
        faults += fire.replayed(connection) + fire.misnumbered(connection)
    print_figure(
        "rounds with more than one winner or none",
        abs(won - rounds),
        "rounds",
        against="rounds",
        against_value=rounds,
    )
    return faults


def killed(server: Server, kills: int) -> list[str]:
    """Kill the postmaster, every second time with all its processes, while three clients write; what is wrong."""
    chance = random.Random(kills)
    lost: list[str] = []
    with closing(client(server)) as connection:
        on = fire.world(connection, 60, name="K")
    began, down = time.monotonic(), 0.0
    with fire.buses(lambda: client(server), on, 3, seed=kills) as told:
        for number in range(kills):
            fire.wait_for_more(told, 3)
            time.sleep(chance.random() / 20)
            fire.kill(server, with_children=bool(number % 2))
            dead = time.monotonic()
            fire.come_back(server)
            down += time.monotonic() - dead
    seconds = time.monotonic() - began
    with closing(client(server)) as connection:
        connection.execute("SELECT record_sequence()")
        lost = fire.missing(connection, told)
        faults = lost + fire.replayed(connection) + fire.misnumbered(connection)
    print_figure(
        "acknowledged acts lost or halved by kill -9", len(lost), "acts", against="acknowledged",
        against_value=len(told.acknowledged), note=f"{kills} kills in {seconds:.0f} s",
    )  # fmt: skip
    if kills:
        print_figure(
            "back after kill -9",
            down / kills,
            "s",
            against="limit",
            against_value=60,
            note="mean of all kills",
        )
    return faults


if __name__ == "__main__":
    main()
