"""Reads of the ledger at two times, each against its limit, and against plain SQL over all entries in the same run.

    uv run python benchmarks/ledger/census.py --entries 1000000 [--data DIR] [--seed 1] [--json]

The ledger is generated (`generate.py`; without the guard from 2,000,000 entries on) into a new folder that is removed
afterwards, or into `--data`, which is kept and used again. Then its rolls are closed week by week. T is any moment of the
year, K any act from the one known at T on; one T in five is asked with a K that was numbered before it. Each
question is asked in five rounds and its quickest answer counts, so that p99 is that of the hard questions and not of
what else the machine was doing; the note has the p99 of all answers. What is compared with plain SQL must be the same.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure
from generate import BEGINS, GUARDED_UP_TO, YEAR, generated, opened, option

ASKED, ASKED_ALL, COMPARED, ROUNDS = 1000, 60, 3, 5
# The limits at 1,000,000 entries and at 10,000,000; smaller ledgers are held to the first.
LIMITS = {"one": (2.0, 10.0), "all": (250.0, 250.0), "history": (1.0, 1.0), "totals": (250.0, 250.0)}

PLAIN = """
SELECT h.site, count(*)::int FROM (
    SELECT thing_id, holder_id FROM (
        SELECT e.thing_id, e.receiver_id AS holder_id, 1 AS leg FROM ledger_entry e JOIN record_number k USING (act_id)
        WHERE e.happened_at <= %(at)s AND k.number <= %(known_at)s
        UNION ALL
        SELECT e.thing_id, e.giver_id, -1 FROM ledger_entry e JOIN record_number k USING (act_id)
        WHERE e.happened_at <= %(at)s AND k.number <= %(known_at)s
    ) legs GROUP BY thing_id, holder_id HAVING sum(leg) = 1
) present JOIN ledger_holder h ON h.id = present.holder_id JOIN ledger_thing t ON t.id = present.thing_id
WHERE h.kind = 'area' AND t.kind = 'person' AND (%(site)s::text IS NULL OR h.site = %(site)s)
GROUP BY h.site ORDER BY h.site
"""


def main() -> None:
    """Generate or open, close the rolls, measure and print."""
    entries, seed = int(option("--entries", "1000000")), int(option("--seed", "1"))
    with opened(option("--data", "")):
        generated(entries, seed=seed, leaves=False)
        measure(entries, seed)


def measure(entries: int, seed: int) -> None:
    """Close what is not closed, and print each figure."""
    from django.db import connection

    from muster.ledger import queries, rolls
    from muster.ledger.models import Thing
    from muster.record.models import Number

    began = time.monotonic()
    closed = rolls.close(BEGINS + timedelta(seconds=YEAR) + timedelta(days=60))
    seconds = time.monotonic() - began
    vacuum()
    size = f"{entries // 1_000_000}m" if entries >= 1_000_000 else f"{entries // 1000}k"
    large = entries > GUARDED_UP_TO
    draw = random.Random(seed)
    # The generator numbers acts in the order of their moments.
    moments = list(Number.objects.order_by("number").values_list("act__recorded_at", flat=True))
    asked = [moment_and_number(draw, moments) for _ in range(ASKED)]
    sites = [f"S{draw.randrange(300):03}" for _ in range(ASKED)]
    tags = list(Thing.objects.order_by("id").values_list("tag", flat=True)[: 50 * ASKED : 50])

    one = timed(lambda i: queries.census(*asked[i], site=sites[i]).sites, ASKED)
    # Of the large ledger one answer of each kind is compared, since plain SQL takes so long.
    compared, rounds = (1, 1) if large else (COMPARED, 3)
    plain_one = timed(lambda i: plain(*asked[i], site=sites[i]), compared, rounds=rounds)
    every = timed(lambda i: queries.census(*asked[i]).sites, ASKED_ALL)
    plain_every = timed(lambda i: plain(*asked[i]), compared, rounds=rounds)
    missions = timed(lambda i: queries.totals(*asked[i], by="mission").counts, ASKED_ALL // 3)
    story = timed(lambda i: queries.history(tags[i % len(tags)]), ASKED)
    for ours, theirs in ((one, plain_one), (every, plain_every)):
        if ours.answers[:compared] != theirs.answers:
            raise SystemExit("The census and plain SQL do not agree: nothing that is printed here counts.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('ledger_entry'), pg_total_relation_size('ledger_roll')")
        sizes = [round(each / 2**20) for each in cursor.fetchone()]

    if closed:
        note = f"{len(closed)} weeks; rolls {sizes[1]} MB beside {sizes[0]} MB of entries"
        print_figure(f"rolls_closed_s_{size}", seconds, "s", against="limit", against_value=600, note=note)
    note = f"{times_as_long(plain_one, one)}; {ASKED} asked, p99 of all answers {one.p99_of_all:.2f} ms"
    figure(f"census_one_site_p50_ms_{size}", one.p50, LIMITS["one"][large], note)
    figure(f"census_one_site_p99_ms_{size}", one.p99, LIMITS["one"][large], note)
    note = f"{times_as_long(plain_every, every)}; p99 {every.p99:,.0f} ms"
    figure(f"census_all_sites_ms_{size}", every.p50, LIMITS["all"][large], note)
    figure(
        f"totals_by_mission_ms_{size}", missions.p50, LIMITS["totals"][large], f"p99 {missions.p99:,.0f} ms"
    )
    note = f"p50 {story.p50:.2f} ms, p99 of all answers {story.p99_of_all:.2f} ms"
    figure(f"history_p99_ms_{size}", story.p99, LIMITS["history"][large], note)


def times_as_long(plainly: Timed, ours: Timed) -> str:
    return f"plain SQL in the same run: {plainly.p50:,.0f} ms, {plainly.p50 / ours.p50:,.1f} times as long"


class Timed:
    """What was answered, and in ms: the middling and the slowest in a hundred of the quickest answers, and of all answers."""

    def __init__(self, answers: list[Any], rounds: list[list[float]]) -> None:
        quickest = [min(times) for times in zip(*rounds, strict=True)]
        self.answers, self.p50, self.p99 = answers, statistics.median(quickest), p99(quickest)
        self.p99_of_all = p99([each for times in rounds for each in times])


def p99(times: list[float]) -> float:
    return sorted(times)[max(0, int(len(times) * 0.99) - 1)]


def timed(ask: Callable[[int], Any], questions: int, *, rounds: int = ROUNDS) -> Timed:
    """Ask all questions that often, after asking one for warmth."""
    ask(0)
    answers: list[Any] = []
    took: list[list[float]] = []
    for _ in range(rounds):
        answers, times = [], []
        for question in range(questions):
            began = time.perf_counter()
            answers.append(ask(question))
            times.append((time.perf_counter() - began) * 1000)
        took.append(times)
    return Timed(answers, took)


def moment_and_number(draw: random.Random, moments: list[datetime]) -> tuple[datetime, int]:
    """A moment of the year, and an act's number: mostly one from the moment on, at times one from before."""
    at = BEGINS + timedelta(seconds=draw.randrange(YEAR))
    known = max(1, bisect_right(moments, at))
    return at, draw.randint(1, known) if draw.random() < 0.2 else draw.randint(known, len(moments))


def plain(at: datetime, known_at: int, site: str | None = None) -> dict[str, int]:
    """The census without rolls."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(PLAIN, {"at": at, "known_at": known_at, "site": site})
        return dict(cursor.fetchall())


def figure(name: str, value: float, limit: float, note: str) -> None:
    print_figure(name, value, "ms", against="limit", against_value=limit, note=note)


def vacuum() -> None:
    """As the server does by itself a while after so many rows."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
