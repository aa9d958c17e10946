"""How long a file of custody events takes: 100,000 rows of some 30,000 persons at 300 sites, reported at five moments.

    uv run python benchmarks/custody/replay.py [--json] [--rows N] [--moments N]

It runs through the command line, each command in a process of its own, in an empty folder that is removed afterwards.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure

MUSTER = [sys.executable, "-c", "from muster.cli.main import main; main()"]
SITES = [f"S{number:03}" for number in range(300)]
BEGIN, SPAN = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=200)
FACILITY = (
    "code,name,city,county,county_fips,state,lat,lon,field_office,function,contract_type,capacity,"
    "guaranteed_min_beds,over_72h"
)


def muster(*arguments: str, data: Path, token: str = "", given: str = "") -> tuple[float, str]:
    """Run a command; its seconds and what it printed."""
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "MUSTER_DATA": str(data)}
    began = time.monotonic()
    done = subprocess.run(
        [*MUSTER, *arguments], capture_output=True, text=True, env=env | {"MUSTER_TOKEN": token},
        input=given or None, check=True,
    )  # fmt: skip
    return time.monotonic() - began, done.stdout


def write_events(path: Path, *, rows: int, moments: int) -> None:
    """Write a file in which everything fits: three arrivals in ten, five moves, two releases."""
    chance = random.Random(7)
    where: dict[str, str] = {}
    present: list[str] = []
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("person", "site", "event", "at", "reported_at"))
        for row in range(rows):
            at = BEGIN + SPAN * row / rows
            reported_at = BEGIN + SPAN * (row * moments // rows + 1) / moments
            drawn = chance.random()
            if drawn < 0.3 or not present:
                person, event = f"A{100_000_000 + row}", "arrive"
                site = where[person] = chance.choice(SITES)
                present.append(person)
            else:
                place = chance.randrange(len(present))
                person = present[place]
                if drawn < 0.8:
                    event = "move"
                    site = where[person] = chance.choice(
                        [code for code in SITES[:9] if code != where[person]]
                    )
                else:
                    event, site = "release", where.pop(person)
                    present[place] = present[-1]
                    present.pop()
            writer.writerow((person, site, event, at.isoformat(), reported_at.isoformat()))


def main() -> None:
    """Measure and print."""
    given = dict(zip(sys.argv, sys.argv[1:], strict=False))
    rows, moments = int(given.get("--rows", 100_000)), int(given.get("--moments", 5))
    work = Path(tempfile.mkdtemp(prefix="muster-replay-"))
    work.chmod(0o711)
    data, file, sites = work / "data", work / "events.csv", work / "sites.csv"
    try:
        write_events(file, rows=rows, moments=moments)
        empty = "," * (FACILITY.count(",") - 5)
        sites.write_text("\n".join([FACILITY, *(f"{code},{code},,,,MO{empty}" for code in SITES)]) + "\n")
        muster("init", "--user", "bench", data=data, given="a long benchmark password\n")
        token = muster("sign-in", "--user", "bench", data=data, given="a long benchmark password\n")[
            1
        ].split()[-1]
        muster("import", "facilities", str(sites), data=data, token=token)
        seconds, told = muster("replay", str(file), "--json", data=data, token=token)
        answer = json.loads(told)
        note = f"{answer['kept']:,} rows in {len(answer['tokens'])} acts"
        print_figure("custody events replayed", seconds, "s", against="limit", against_value=10, note=note)
        again, repeated = muster("replay", str(file), "--json", data=data, token=token)
        assert json.loads(repeated) == answer
        print_figure(
            "the same file a second time", again, "s", against="first run", against_value=round(seconds, 2)
        )
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
