"""Durable handovers through the whole action: permission, idempotency, audit, guard, signature of the list.

    uv run python benchmarks/ledger/write.py [--json] [--seconds N]

16 clients in two processes, on an embedded database of their own with fsync on. A handover is an offer by one account and an
acceptance by another, each an act with its own key. Single-person lists, then lists of 60.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure

PROCESSES, CLIENTS = 2, 8
LISTS = (
    (1, "action_single_per_s", "handovers", 400.0),
    (60, "action_list_persons_per_s", "persons", 5_000.0),
)
SITES = ("BENCH-A", "BENCH-B")


def main() -> None:
    """Make the database, measure each length of list, print."""
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 10.0
    folder = Path(tempfile.mkdtemp(prefix="muster-write-"))
    folder.chmod(0o711)
    os.environ["MUSTER_DATA"] = str(folder)
    try:
        _prepare()
        for length, figure, unit, limit in LISTS:
            done = _measure(length, seconds)
            print_figure(figure, done, f"{unit}/s", against="to reach", against_value=limit)
    finally:
        _stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _stop(folder: Path) -> None:
    from django.db import connections

    from muster.database import embedded

    connections.close_all()
    embedded.server(folder).stop()


def _prepare() -> None:
    """Two sites, a clerk at each, and everybody who will be handed over, received at the first."""
    _django()
    from muster import actions, database
    from muster.access.control import actor_of
    from muster.access.models import Grant, User
    from muster.core.tags import make_tag
    from muster.parties.models import Organisation, Site

    database.migrate()
    guard = Organisation.objects.create(code="BENCH", name="Bench", kind="guard")
    for site in SITES:
        place = Site.objects.create(code=site, name=site, organisation=guard, zone="UTC")
        Grant.objects.create(user=User.objects.create_user(site), role="clerk", site=place)
    clerk = actor_of(User.objects.get(username=SITES[0]))
    for client in range(PROCESSES * CLIENTS):
        tags = [make_tag(client * 1000 + n) for length, *_ in LISTS for n in _persons(length)]
        actions.custody.receive(actor=clerk, site=SITES[0], tags=tags, at=_an_hour_ago())


def _measure(length: int, seconds: float) -> float:
    """Persons handed over per second by all clients together."""
    command = [sys.executable, __file__, "--clients", str(length), str(seconds)]
    running = [
        subprocess.Popen([*command, str(p)], stdout=subprocess.PIPE, text=True) for p in range(PROCESSES)
    ]
    return sum(float(process.communicate()[0]) for process in running)


def _clients(length: int, seconds: float, process: int) -> float:
    """What the clients of one process hand over per second."""
    _django()
    counts = [0] * CLIENTS
    ends_at = time.monotonic() + seconds

    def client(number: int) -> None:
        counts[number] = _hand_over(process * CLIENTS + number, length, ends_at)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def _hand_over(client: int, length: int, ends_at: float) -> int:
    from django.utils import timezone

    from muster import actions
    from muster.access.control import actor_of
    from muster.access.models import User
    from muster.core.ids import new_id
    from muster.core.tags import make_tag
    from muster.ledger.models import Head

    tags = [make_tag(client * 1000 + n) for n in _persons(length)]
    clerks = {site: actor_of(User.objects.get(username=site)) for site in SITES}
    here = str(Head.objects.get(thing__tag=tags[0]).holder.code)
    done = 0
    while time.monotonic() < ends_at:
        there = SITES[1 - SITES.index(here)]
        offered = actions.custody.offer(
            actor=clerks[here], key=new_id(), giver=here, receiver=there, tags=tags
        )
        actions.custody.accept(
            actor=clerks[there], key=new_id(), handover=offered.answer.handover, at=timezone.now()
        )
        here, done = there, done + length
    return done


def _persons(length: int) -> range:
    """Other persons for each length of list: 100 onwards is the bus."""
    return range(1) if length == 1 else range(100, 100 + length)


def _an_hour_ago() -> object:
    from datetime import timedelta

    from django.utils import timezone

    return timezone.now() - timedelta(hours=1)


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "muster.settings")
    import django

    django.setup()


if __name__ == "__main__":
    if "--clients" in sys.argv:
        at = sys.argv.index("--clients")
        print(_clients(int(sys.argv[at + 1]), float(sys.argv[at + 2]), int(sys.argv[at + 3])))
    else:
        main()
