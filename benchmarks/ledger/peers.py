"""Muster's ledger beside other ways to keep who held whom when: the same transfers, the same clients, the same commits.

    uv run --isolated --group peers python benchmarks/ledger/peers.py [--transfers 1000000] [--seconds 10] [--json]

Each side has a database of its own in one embedded server, with fsync on and the same settings, in a folder that is removed afterwards,
and its own processes (`beside/`). First all transfers in commits of 1,000; then single transfers, each committed alone, for so many
seconds by 1 client and by 16, three rounds of which the middling counts, the sides in turn; then the census of one site
and of all sites as of random moments, whose answers are checked.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure
from generate import option

from muster.database.embedded import OWNER, Server

SIDE = Path(__file__).parent / "beside" / "side.py"
SIDES = ("muster", "history", "event", "function")
PEERS = {"history": "simple_history", "event": "eventsourcing", "function": "eventsourcing_functions"}
BATCH, CLIENTS, TURNS = 1_000, (1, 16), 3
QUESTIONS = {"muster": 200, "history": 5}


def main() -> None:
    """Make the databases, let each side write and read, print."""
    count, seconds = int(option("--transfers", "1000000")), int(option("--seconds", "10"))
    if count % (10 * max(CLIENTS)):
        raise SystemExit(
            f"--transfers must be a multiple of {10 * max(CLIENTS)}, so that clients share no person."
        )
    folder = Path(tempfile.mkdtemp(prefix="muster-peers-"))
    folder.chmod(0o711)
    server = Server(folder)
    server.start()
    try:
        with server.connect() as admin:
            for name in ("simple_history", "eventsourcing"):
                admin.execute(f"CREATE DATABASE {name} OWNER {OWNER}")
        os.environ.update(MUSTER_DATA=str(folder), PEERS_SOCKET=str(server.socket_folder))
        compare(count, seconds)
    finally:
        server.stop()
        shutil.rmtree(folder)


def compare(count: int, seconds: int) -> None:
    """Every figure, Muster's rate over the peer's."""
    for side in SIDES:
        run(side, "prepare", count)
    loaded = {side: run(side, "batches", count, BATCH) for side in SIDES}
    paces = {side: count / each["written_s"] for side, each in loaded.items()}
    for side, target in (("history", 5.0), ("event", 1.5), ("function", 1.5)):
        note = f"{paces['muster']:,.0f} a second beside {paces[side]:,.0f}, in commits of {BATCH:,}"
        ratio(f"{PEERS[side]}_batches_ratio", paces["muster"], paces[side], target, note)
    numbered = count / loaded["muster"]["settled_s"]
    note = f"{numbered:,.0f} a second with acts' numbers and leaves, beside {paces['event']:,.0f}"
    ratio("eventsourcing_batches_numbered_ratio", numbered, paces["event"], 1.5, note)

    ahead = dict.fromkeys(SIDES, count)
    for clients in CLIENTS:
        told: dict[str, list[float]] = {side: [] for side in SIDES}
        nexts = {side: [first + client for client in range(clients)] for side, first in ahead.items()}
        for _ in range(TURNS):
            for side in SIDES:
                pace, nexts[side] = together(side, count, nexts[side], seconds)
                told[side].append(pace)
        ahead = {side: max(each) for side, each in nexts.items()}
        paces = {side: statistics.median(each) for side, each in told.items()}
        size = "" if clients == 1 else f"_{clients}"
        for side, target in (("history", 5.0), ("event", 3.0), ("function", 3.0)):
            note = (
                f"{paces['muster']:,.0f} a second beside {paces[side]:,.0f}, one by one, clients: {clients}"
            )
            ratio(f"{PEERS[side]}_ratio{size}", paces["muster"], paces[side], target, note)

    asked = {side: run(side, "census", count, questions) for side, questions in QUESTIONS.items()}
    for what, name in (("one_site_ms", "as_of"), ("all_sites_ms", "as_of_all")):
        ours, theirs = asked["muster"][what], asked["history"][what]
        ratio(
            f"simple_history_{name}_ratio",
            1 / ours,
            1 / theirs,
            100,
            f"{ours:.2f} ms beside {theirs:,.2f} ms",
        )


def run(side: str, *what: str | int) -> dict[str, float]:
    """What one process of a side says in the end."""
    done = subprocess.run(command(side, *what), check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout) or {})


def together(side: str, count: int, nexts: list[int], seconds: int) -> tuple[float, list[int]]:
    """The transfers of all clients a second, begun at once when all are ready; and each client's next transfer.

    Transfers of one person are all one client's: the number of persons is a multiple of the number of clients.
    """
    clients = [
        subprocess.Popen(
            command(side, "one", count, first, len(nexts), seconds),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for first in nexts
    ]  # fmt: skip
    for client in clients:
        if client.stdout.readline() != "ready\n":
            raise SystemExit(f"A client of {side} did not start.")
    for client in clients:
        client.stdin.write("go\n")
        client.stdin.flush()
    told = [json.loads(client.communicate()[0]) for client in clients]
    return sum(each["per_s"] for each in told), [int(each["next"]) for each in told]


def command(side: str, *what: str | int) -> list[str]:
    return [sys.executable, str(SIDE), side, *map(str, what)]


def ratio(name: str, ours: float, theirs: float, target: float, note: str) -> None:
    print_figure(name, ours / theirs, "times", against="to reach", against_value=target, note=note)


if __name__ == "__main__":
    main()
