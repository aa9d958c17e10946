"""A state's year of requests against every duty status: what *what if the status were another* costs.

    uv run python benchmarks/authority/assess.py [--requests 10000] [--seed 1] [--json]

The requests are drawn from one seed: one to three lines each of the 24 task categories, some of them under the order of
July 25, 2025, with a decision or without, and with some of the facts stated. They are read before the clock starts; each is then
assessed in each of the 11 duty statuses, on one thread, and every finding is made in full. The value is seconds by the clock; the note
has the seconds of processor time beside it, since a machine that does other work makes the clock slow and not the processor.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure

from muster.assistance.rules import Request, read_request
from muster.authority.limits import LimitLayer
from muster.authority.packs import load_packs
from muster.authority.rules import Layer, assess
from muster.core.tasks import CONTACTS, TASKS

LIMIT_S = 10.0
ORDER = "us.dod.2025-07-25-order"
AGENCIES = ("federal_law_enforcement", "federal_other", "state", "local")


def option(name: str, default: str) -> str:
    """Give what stands after `name` on the command line."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def main() -> None:
    """Draw the requests, assess each in each status, and print."""
    drawn, packs = random.Random(int(option("--seed", "1"))), load_packs()
    layers = {order: packs.layers(order) for order in (None, ORDER)}
    requests = [request(drawn, n) for n in range(int(option("--requests", "10000")))]
    asked = [(each, (*layers[each.federal_order], *decision(drawn)), facts(drawn)) for each in requests]
    on = [date(2025, 7, 1) + timedelta(days=drawn.randrange(500)) for _ in asked]
    statuses = tuple(packs.law.statuses)
    found = 0
    began, worked = time.perf_counter(), time.process_time()
    for (each, heard, stated), day in zip(asked, on, strict=True):
        for status in statuses:
            found += len(assess(each, status, day, heard, stated))
    took, worked = time.perf_counter() - began, time.process_time() - worked
    note = f"{found:,} findings, {worked:.2f} s of processor time, {took / found * 1e6:.0f} microseconds each"
    print_figure(
        f"assess_{len(requests)}x{len(statuses)}_s",
        took,
        "s",
        against="limit",
        against_value=LIMIT_S,
        note=note,
    )


def request(drawn: random.Random, n: int) -> Request:
    """Draw one request."""
    lines = [
        {
            "task": drawn.choice(sorted(TASKS)),
            "words": "As asked",
            "people": drawn.randint(1, 60),
            "place": drawn.choice(("Site A", "Site B")),
            "contact": drawn.choice(("", *CONTACTS)),
        }
        for _ in range(drawn.randint(1, 3))
    ]
    return read_request(
        {
            "id": f"R-{n}", "title": "A request", "kind": "exercise", "requester": "An agency", "asked": "ZZ-GOVERNOR",
            "state": "ZZ", "agency_kind": drawn.choice(AGENCIES), "purpose": "A benchmark", "lines": lines,
            "federal_order": drawn.choice((None, ORDER)),
        }
    )  # fmt: skip


def decision(drawn: random.Random) -> tuple[Layer, ...]:
    """Draw a decision with limits, or none."""
    if drawn.random() < 0.5:
        return ()
    return (
        LimitLayer(
            name="governor's decision",
            effective_from=date(2025, 8, 1),
            effective_to=date(2026, 7, 31),
            tasks_barred=tuple(drawn.sample(sorted(TASKS), 4)),
            contact=drawn.choice((None, *CONTACTS)),
            places=drawn.choice(((), ("Site A",))),
            volunteers_only=drawn.random() < 0.3,
        ),
    )


def facts(drawn: random.Random) -> dict[str, bool | date]:
    """Draw a dozen stated facts, most of them so."""
    asked = load_packs().facts
    stated: dict[str, bool | date] = {}
    for name in drawn.sample(sorted(asked), 12):
        day = date(2025, 6, 1) + timedelta(days=drawn.randrange(100))
        stated[name] = drawn.random() < 0.8 if asked[name].kind == "yes_or_no" else day
    return stated


if __name__ == "__main__":
    main()
