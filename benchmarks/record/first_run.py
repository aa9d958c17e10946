"""What a newcomer waits for: the embedded database's first start, the demonstration's load, and the daily custody lists.

    uv run python benchmarks/record/first_run.py [--json] [--rosters FILE]

Each runs through the command line in a process of its own, in an empty folder that is removed afterwards.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure

ROSTERS = Path(__file__).parents[3] / "shared" / "data" / "custody_rosters.csv"
MUSTER = [sys.executable, "-c", "from muster.cli.main import main; main()"]


def muster(*arguments: str, data: Path, token: str = "", given: str = "") -> tuple[float, str]:
    """Run a command; its seconds and what it printed."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "MUSTER_DATA": str(data),
        "MUSTER_TOKEN": token,
    }
    began = time.monotonic()
    done = subprocess.run(
        [*MUSTER, *arguments], capture_output=True, text=True, env=env, input=given or None, check=True
    )
    return time.monotonic() - began, done.stdout


def main() -> None:
    """Measure and print."""
    rosters = Path(sys.argv[sys.argv.index("--rosters") + 1]) if "--rosters" in sys.argv else ROSTERS
    work = Path(tempfile.mkdtemp(prefix="muster-first-run-"))
    work.chmod(0o711)
    try:
        seconds, _ = muster("migrate", data=work / "own")
        print_figure("first start and all migrations", seconds, "s", against="limit", against_value=60)
        _, told = muster("demo", "--once", "--json", data=work / "demo")
        loaded = json.loads(told)["seconds"]
        print_figure("the demonstration loaded", loaded, "s", against="limit", against_value=10)
        if rosters.is_file():
            _lists(work / "own", rosters)
    finally:
        shutil.rmtree(work)


def _lists(data: Path, rosters: Path) -> None:
    """44 daily lists of 73,943 lines."""
    muster("init", "--user", "bench", data=data, given="a long benchmark password\n")
    token = muster("sign-in", "--user", "bench", data=data, given="a long benchmark password\n")[1].strip()
    token = re.split(r"\s", token)[-1]
    inputs = ["import", "rosters", str(rosters), "--site", "NYC", "--zone", "America/New_York", "--json"]
    seconds, told = muster(*inputs, data=data, token=token)
    note = f"{json.loads(told)['rows']:,} lines in {len(json.loads(told)['lists'])} lists"
    print_figure("daily custody lists taken in", seconds, "s", against="limit", against_value=30, note=note)
    again, _ = muster(*inputs, data=data, token=token)
    print_figure(
        "the same file a second time", again, "s", against="first run", against_value=round(seconds, 2)
    )


if __name__ == "__main__":
    main()
