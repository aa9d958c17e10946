"""Whole days at many sites, told act by act, the laws looked at after each; and a real quarter of transfers taken in.

    uv run python benchmarks/custody/days.py [--sites 20] [--days 30] [--seed 1] [--json]

Sites go in pairs. Each pair has the day of `tests/journeys/a_day.py` on each day: an intake of 120, headcounts of which one is miscounted
and one finds a release in error, a hospital, a lost bag, a breach, a merge, a change of the desk, the midnight census; then whoever
is left goes back to the agency. After each act: who holds whom is what a model of its own says, each head is what its entries say,
the census agrees, the acts' numbers have no hole, and what was written before stands unchanged. A broken law ends the script. At
the end every leaf is hashed anew. Then the 2,663 moves of `transfers_nz.csv` and the 5,714 counts of
`facility_daily_population.csv` are taken in.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "journeys"))
from figures import print_figure
from generate import opened, option

FIRST = date(2026, 3, 11)
DATA = Path(__file__).parents[3] / "shared" / "data"


def main() -> None:
    """Tell the days in a new record, take the files in, and print what it took."""
    sites, days, seed = (
        int(option(name, usual)) for name, usual in (("--sites", "20"), ("--days", "30"), ("--seed", "1"))
    )
    with opened(""):
        tell(sites, days, seed)
        take_in()


def tell(sites: int, days: int, seed: int) -> None:
    """The days of every pair, one after the other, day by day; the figures of the acts and of the laws."""
    import a_day

    from muster import actions
    from muster.ledger.models import Entry, Thing
    from muster.ledger.queries import latest_known

    pairs = [(f"EX-N{n:02}", f"EX-S{n:02}") for n in range(sites // 2)]
    people = a_day.prepare(*pairs)
    laws, told, looking = a_day.Laws(), 0, 0.0
    began = time.monotonic()
    for day in range(days):
        for n, (north, south) in enumerate(pairs):
            number = seed * 1_000_000 + day * 1_000 + n
            one = a_day.Day.drawn(
                FIRST + timedelta(days=day), number, north=north, south=south, first=day == 0
            )
            said: dict[str, dict[str, Any]] = {}
            for step in chain(a_day.steps(one), a_day.cleared(one)):
                inputs = a_day.filled_in(step, said)
                answer = asdict(actions.find(step.action)(actor=people[step.by], **inputs).answer)
                if step.name:
                    said[step.name] = answer
                looked = time.monotonic()
                laws.hold(one, step)
                looking += time.monotonic() - looked
                told += 1
    seconds = time.monotonic() - began - looking
    persons, entries = Thing.objects.filter(kind="person").count(), Entry.objects.count()
    note = (
        f"{sites} sites, {days} days, {persons:,} persons, {entries:,} entries, {latest_known():,} acts; "
        f"the laws looked at {laws.looked:,} times, none broken"
    )
    print_figure(
        "acts_of_days_per_s", told / seconds, "acts/s", against="own limit", against_value=25, note=note
    )
    verify()


def verify() -> None:
    """Hash every leaf anew. Ends the script where one is not what it was."""
    from muster.ledger.verifying import verify as verified

    began = time.monotonic()
    found = verified()
    assert found["ok"], found
    print_figure(
        "verify_days_s",
        time.monotonic() - began,
        "s",
        against="own limit",
        against_value=60,
        note=f"{found['size']:,} leaves, root {found['root'][:12]}",
    )


def take_in() -> None:
    """Take the real files in, as an administrator."""
    from muster.access.control import actor_of
    from muster.access.models import Grant, User
    from muster.custody.agency_counts import import_counts_of
    from muster.custody.transfers import import_transfers_of
    from muster.sources.importing import import_facilities

    user = User.objects.create_user("administrator")
    Grant.objects.create(user=user, role="administrator")
    administrator = actor_of(user)
    began = time.monotonic()
    moved = import_transfers_of(
        DATA / "transfers_nz.csv", actor=administrator, zone="Pacific/Auckland", name="transfers_nz.csv"
    )
    note = f"{moved['kept']:,} of {moved['rows']:,} rows kept, in {len(moved['moves'])} acts"
    print_figure(
        "transfers_nz_s", time.monotonic() - began, "s", against="own limit", against_value=60, note=note
    )
    import_facilities(DATA / "facilities.csv", actor=administrator, name="facilities.csv", keep_good=True)
    began = time.monotonic()
    counted = import_counts_of(
        DATA / "facility_daily_population.csv",
        actor=administrator,
        name="facility_daily_population.csv",
        keep_good=True,
    )
    note = f"{counted['kept']:,} of {counted['rows']:,} rows kept; the others name a site that facilities.csv does not list"
    print_figure(
        "agency_counts_s", time.monotonic() - began, "s", against="own limit", against_value=10, note=note
    )


if __name__ == "__main__":
    main()
