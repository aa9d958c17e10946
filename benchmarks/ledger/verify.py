"""How long `muster verify` takes, with a checkpoint that was kept: every leaf, every stack, the tree, every head.

    uv run python benchmarks/ledger/verify.py [--entries 1000000] [--data DIR] [--seed 1] [--json]

The ledger is generated with its leaves (`generate.py`) into a new folder that is removed afterwards, or into `--data`, which is
kept and used again; acts, things and holders have leaves beside its entries.
Timed is the whole command, from its start to its answer. Its limit is 60 s for 10,000,000 leaves, and as much of that as
there are leaves. Memory is the most that the command had; the database's own stays under what a session may take.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure
from generate import generated, opened, option

LIMIT_S, LIMIT_LEAVES = 60.0, 10_000_000
MUSTER = [sys.executable, "-c", "from muster.cli.main import main; main()"]


def main() -> None:
    """Generate or open, keep a checkpoint, verify, print."""
    entries, seed = int(option("--entries", "1000000")), int(option("--seed", "1"))
    with opened(option("--data", "")):
        from muster.record import checkpoints

        generated(entries, seed=seed)
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as kept:
            kept.write(checkpoints.make().note)
            kept.flush()
            measure(kept.name)


def measure(kept: str) -> None:
    """One run of the command."""
    began = time.monotonic()
    done = subprocess.run(
        [*MUSTER, "verify", "--checkpoint", kept, "--json"], env=os.environ, stdout=subprocess.PIPE
    )
    seconds = time.monotonic() - began
    told = json.loads(done.stdout)
    if done.returncode or not told["ok"]:
        raise SystemExit(
            f"The record does not verify, so nothing that is printed here counts: {told['first_bad']}"
        )
    # Of the processes that ended, the largest; the embedded server's are not among them.
    memory_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    leaves = told["size"]
    print_figure(
        "verify_s", seconds, "s", against="limit", against_value=round(LIMIT_S * leaves / LIMIT_LEAVES, 2),
        note=f"{leaves:,} leaves, {told['entries']:,} of them of entries; the command had {memory_mb:.0f} MB at most",
    )  # fmt: skip


if __name__ == "__main__":
    main()
