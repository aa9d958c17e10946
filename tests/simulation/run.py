"""Simulate as long as you like, in an embedded database of its own that is removed afterwards.

    uv run python tests/simulation/run.py [--seed N] [--transfers N] [--size N] [--persons N] [--checked-each N] [--seconds N]

The same arguments tell the same story. A broken law is printed with the seed and the words that replay it, and the exit
status is 1. `--seconds` ends the story early and says so. fsync is off: what is simulated is a server that stops, not a disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--transfers", type=int, default=10_000)
    asked.add_argument("--size", type=int, default=8, help="the longest list")
    asked.add_argument("--persons", type=int, default=120)
    asked.add_argument(
        "--checked-each", type=int, default=10, help="deliveries between two looks at the whole record"
    )
    asked.add_argument("--seconds", type=float, default=float("inf"))
    given = asked.parse_args()
    memory = Path("/dev/shm")
    folder = Path(
        tempfile.mkdtemp(prefix="muster-simulation-", dir=memory if os.access(memory, os.W_OK) else None)
    )
    folder.chmod(0o711)
    os.environ.pop("DATABASE_URL", None)
    os.environ |= {"MUSTER_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "muster.settings"}
    try:
        sys.exit(simulate(folder, given))
    finally:
        shutil.rmtree(folder)


def simulate(folder: Path, given: argparse.Namespace) -> int:
    """The exit status."""
    command = [sys.executable, "-c", "from muster.cli.main import main; main()", "migrate"]
    subprocess.run(command, check=True, capture_output=True)
    import django

    django.setup()
    from django.db import connections
    from simulator import BrokenLaw, Simulation

    from muster.database import embedded

    server = embedded.Server(folder, arguments=("fsync=off",))
    embedded.use(server)
    told = Simulation(given.seed, size=given.size, persons=given.persons, checked_each=given.checked_each)
    began = time.monotonic()
    try:
        told.run(given.transfers, until=lambda: time.monotonic() - began > given.seconds)
    except BrokenLaw as broken:
        print(f"BROKEN: {broken}")
        return 1
    finally:
        connections.close_all()
        server.stop()
    seconds = time.monotonic() - began
    print(
        f"seed {told.seed}: {told.transfers:,} transfers in {told.deliveries:,} deliveries, {seconds:.0f} s,"
        f" no law broken; story {told.digest.hexdigest()[:16]}"
    )
    print(", ".join(f"{what} {n:,}" for what, n in told.story.most_common()))
    return 0


if __name__ == "__main__":
    main()
