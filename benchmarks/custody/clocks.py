"""Open clocks of many persons: the list of what is due within 4 hours at one site, and everybody's clocks reckoned anew.

    uv run python benchmarks/custody/clocks.py [--persons 100000] [--growth] [--seed 1] [--json]

Persons arrive at 300 sites over the last day, by the actions of custody; each site keeps a standard, and four events are recorded
of each person, so that 12 clocks of each are open. Then every person is reckoned anew from the record, and the clerk of one site
after another asks what is due: 500 times with nothing new in the record, and 100 times each after an act that concerns three
persons of the site, whose clocks are reckoned before the answer. With `--growth` the same for 1,000 and 10,000 persons first.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))
from figures import print_figure
from generate import opened, option

SITES, OPEN, ASKED, ASKED_AFTER = 300, 12, 500, 100
DONE = ("identity_papers_passed_on", "hygiene_issued", "orientation_given", "detention_file_opened")


def main() -> None:
    """Fill a new record for each size, measure and print."""
    persons, seed = int(option("--persons", "100000")), int(option("--seed", "1"))
    if "--growth" in sys.argv:
        more = [word for word in ("--json",) if word in sys.argv]
        for size in sorted({1_000, 10_000, persons}):  # each in a process and a record of its own
            subprocess.run(
                [sys.executable, __file__, "--persons", str(size), "--seed", str(seed), *more], check=True
            )
        return
    with opened(""):
        measure(persons, random.Random(seed))


def fill(persons: int, draw: random.Random) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Sites with their clerks and standards, and persons who arrived; the clerks and the tags by site."""
    from django.utils import timezone

    from muster import actions as do
    from muster.access.control import actor_of
    from muster.access.models import Grant, User
    from muster.cases.models import RecordedEvent
    from muster.core.tags import make_tag
    from muster.ledger.models import Thing
    from muster.parties.models import Organisation, Site
    from muster.record.models import Act

    guard = Organisation.objects.create(code="EX-GUARD", name="Example Guard", kind="guard")
    user = User.objects.create_user("center")
    Grant.objects.create(user=user, role="joc")
    center, now = actor_of(user), timezone.now()
    clerks: dict[str, Any] = {}
    tags: dict[str, list[str]] = {}
    for number in range(SITES):
        code = f"S{number:03}"
        site = Site.objects.create(code=code, name=code, organisation=guard, zone="America/Chicago")
        user = User.objects.create_user(f"clerk.{code}")
        Grant.objects.create(user=user, role="clerk", site=site)
        clerks[code] = actor_of(user)
        do.cases.set_standard(
            actor=center,
            site=code,
            standard="us.ice.pbnds2011r2016",
            valid_from=(now - timedelta(days=30)).date(),
        )
        mine = [make_tag(7919 * n) for n in range(number + 1, persons + 1, SITES)]
        tags[code] = mine
        for first in range(0, len(mine), 40):  # a bus
            arrived = now - timedelta(minutes=draw.randrange(5, 24 * 60))
            do.custody.receive(actor=clerks[code], site=code, tags=mine[first : first + 40], at=arrived)
    act = Act.objects.create(actor_id=center.user, name="cases.record_event", request_hash=b"")
    of_site = dict(Thing.objects.filter(kind="person").values_list("pk", "head__holder__site"))
    rows = [RecordedEvent(act=act, site_id=site, thing_id=thing, event=event, at=now)
            for thing, site in of_site.items() for event in DONE]  # fmt: skip
    RecordedEvent.objects.bulk_create(rows, batch_size=10_000)
    return clerks, tags


def measure(persons: int, draw: random.Random) -> None:
    """Fill, reckon everybody anew, ask, and print each figure."""
    from django.db import connection
    from django.utils import timezone

    from muster import actions as do
    from muster.cases import due

    began = time.monotonic()
    clerks, tags = fill(persons, draw)
    filled = time.monotonic() - began
    began, computed = time.monotonic(), time.process_time()
    clocks = due.reckon_all(timezone.now())
    seconds, computed = time.monotonic() - began, time.process_time() - computed
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    asked = draw.choices(sorted(clerks), k=ASKED)

    def ask(code: str) -> int:
        found = due.due_list(clerks[code], now=timezone.now(), within=timedelta(hours=4), sites=[code])
        return found.count

    def after_an_act(code: str) -> int:
        three = draw.sample(tags[code], 3)
        do.cases.record_event(
            actor=clerks[code], site=code, event="property_inventoried", at=timezone.now(), tags=three
        )
        began = time.monotonic()
        ask(code)
        return int((time.monotonic() - began) * 1_000_000)

    quiet = timed(ask, asked)
    busy = sorted(after_an_act(code) / 1000 for code in draw.choices(sorted(clerks), k=ASKED_AFTER))
    note = f"{persons:,} persons at {SITES} sites, {clocks:,} open clocks ({clocks / persons:.1f} each); filled in {filled:.0f} s"
    size = "" if persons >= 100_000 else f"_{persons // 1000}k"
    print_figure(
        f"due_4h_one_site_p99_ms{size}", at_share(quiet, 0.99), "ms", against="limit", against_value=50,
        note=f"median {at_share(quiet, 0.5):.1f} ms; {note}",
    )  # fmt: skip
    print_figure(
        f"due_4h_after_an_act_p99_ms{size}", at_share(busy, 0.99), "ms", against="limit", against_value=50,
        note=f"median {at_share(busy, 0.5):.1f} ms",
    )  # fmt: skip
    print_figure(
        f"clocks_reckoned_anew_s{size}", seconds, "s", against="limit", against_value=60,
        note=f"{clocks / seconds:,.0f} open clocks a second; this process computed for {computed:.1f} s of it",
    )  # fmt: skip


def timed(ask: Callable[[str], Any], asked: list[str]) -> list[float]:
    """How long each answer took, in milliseconds, the quickest first."""
    took = []
    for code in asked:
        began = time.monotonic()
        ask(code)
        took.append((time.monotonic() - began) * 1000)
    return sorted(took)


def at_share(took: list[float], share: float) -> float:
    """The time within which that share of the answers came."""
    return took[min(len(took) - 1, int(len(took) * share))]


if __name__ == "__main__":
    main()
