"""One client of one side, in a process of its own, which prints what it did as one JSON object.

    python side.py SIDE prepare COUNT
    python side.py SIDE batches COUNT SIZE
    python side.py SIDE one COUNT FIRST CLIENTS SECONDS
    python side.py SIDE census COUNT QUESTIONS

SIDE is muster, history, event or function. `one` says that it is ready, waits for a line, and then writes transfers from the one
numbered FIRST on, every CLIENTSth, until the time is up.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from importlib import import_module
from itertools import islice
from typing import Any

import django
from transfers import BEGINS, SITES, YEAR, present, site, transfers

SETTINGS = {"muster": "muster.settings", "history": "kept_history.settings"}


def batches(side: Any, count: int, size: int) -> dict[str, float]:
    """All transfers, in commits of `size`, and the time that these take; and until all are numbered."""
    side.load(count)
    ahead = transfers(count, last=count)
    written = 0.0
    while batch := list(islice(ahead, size)):
        began = time.monotonic()
        side.write(batch)
        written += time.monotonic() - began
    began = time.monotonic()
    side.settle()
    return {"written_s": written, "settled_s": written + time.monotonic() - began}


def one(side: Any, count: int, first: int, clients: int, seconds: int) -> dict[str, float]:
    """How many single transfers are committed a second, and which is the client's next."""
    side.load(count)
    ahead = transfers(count, first, step=clients)
    side.write([next(ahead)])
    print("ready", flush=True)
    sys.stdin.readline()
    done, began = 0, time.monotonic()
    while time.monotonic() < began + seconds:
        side.write([next(ahead)])
        done += 1
    return {"per_s": done / (time.monotonic() - began), "next": first + (done + 1) * clients}


def census(side: Any, count: int, questions: int) -> dict[str, float]:
    """How long the census takes as of random moments, in ms, the middling of each: one site, and all. Answers are checked."""
    side.ready()
    draw = random.Random(1)
    asked = [(BEGINS + YEAR * draw.random(), draw.randrange(SITES)) for _ in range(questions)]
    side.census(*asked[0])
    times: dict[str, list[float]] = {"one_site_ms": [], "all_sites_ms": []}
    for at, where in asked:
        for name, place in (("one_site_ms", where), ("all_sites_ms", None)):
            began = time.perf_counter()
            found = side.census(at, place)
            times[name].append((time.perf_counter() - began) * 1000)
            if place is not None and found != present(count, at, site(place)):
                raise SystemExit(f"{found} at site {place} at {at} is wrong: nothing measured here counts.")
    return {name: statistics.median(each) for name, each in times.items()}


def main() -> None:
    name, what, *numbers = sys.argv[1:]
    if name in SETTINGS:
        os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS[name]
        django.setup()
    side = import_module(f"{name}_side")
    does = {"prepare": side.prepare, "batches": batches, "one": one, "census": census}[what]
    values = [int(number) for number in numbers]
    print(json.dumps(does(*values) if what == "prepare" else does(side, *values)))


if __name__ == "__main__":
    main()
