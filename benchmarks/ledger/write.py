"""Durable handovers through the whole action, and the ledger's posting function beside the same under pgbench.

    uv run python benchmarks/ledger/write.py [--json] [--seconds N]

On an embedded database of its own with fsync on, 16 clients in two processes. A handover through the action (permission,
idempotency, audit, guard, signature of the list) is an offer by one account and an acceptance by another, each an act with its
own key; every client has two accounts of its own. Single-person lists, then lists of 60.

`post_ratio_*`: one person moved by the server's function `ledger_post`, with the act that the move belongs to, in one statement
that commits. Muster's connection sends it; pgbench sends the same as a prepared statement, before and after, in the same run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure

PROCESSES, CLIENTS = 2, 8
LISTS = (
    (1, "action_single_per_s", "handovers", 400.0),
    (60, "action_list_persons_per_s", "persons", 5_000.0),
)
SITES = ("BENCH-A", "BENCH-B")
POSTED = 0.75  # of what pgbench reaches
THING = "00000000-0000-7000-8000-{:012d}"
BEGIN = """
WITH begun AS (
    INSERT INTO record_act (id, name, request_hash, refused_code, refused_words)
    VALUES ({act}, 'custody.accept', '', '', '') RETURNING id)
SELECT p.* FROM begun CROSS JOIN LATERAL ledger_post("""
POST = f"{BEGIN.format(act='%s')} begun.id, %s::uuid[], %s, %s, now(), '', NULL, '') p"
# pgbench has numbers alone to write: the person of each client, and which of the two sites gives.
PGBENCH = f"""
\\set turn 1 - :turn
{BEGIN.format(act="gen_random_uuid()")}
    begun.id, ARRAY[('00000000-0000-7000-8000-' || lpad((:client_id)::text, 12, '0'))::uuid],
    (ARRAY['{{a}}', '{{b}}']::uuid[])[1 + :turn], (ARRAY['{{a}}', '{{b}}']::uuid[])[2 - :turn], now(), '', NULL, '') p;
"""


def main() -> None:
    """Make the database, measure the posting function and each length of list, print."""
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 10.0
    folder = Path(tempfile.mkdtemp(prefix="muster-write-"))
    folder.chmod(0o711)
    os.environ["MUSTER_DATA"] = str(folder)
    try:
        _prepare()
        for length, figure, unit, limit in LISTS:
            done = _measure(str(length), PROCESSES * CLIENTS, seconds)
            print_figure(figure, done, f"{unit}/s", against="to reach", against_value=limit)
        for clients in (1, PROCESSES * CLIENTS):
            before = _pgbench(folder, clients, seconds / 2)
            posted = _measure("post", clients, seconds)
            raw = (before + _pgbench(folder, clients, seconds / 2)) / 2
            words = f"{posted:,.0f} a second by Muster, {raw:,.0f} by pgbench"
            print_figure(
                f"post_ratio_{clients}",
                posted / raw,
                "of pgbench",
                against="to reach",
                against_value=POSTED,
                note=words,
            )
    finally:
        _stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _stop(folder: Path) -> None:
    from django.db import connections

    from muster.database import embedded

    connections.close_all()
    embedded.server(folder).stop()


def _prepare() -> None:
    """Two sites, two clerks for each client, and everybody who will be handed over, received at the first."""
    _django()
    from muster import actions, database
    from muster.access.control import actor_of
    from muster.access.models import Grant, User
    from muster.core.tags import make_tag
    from muster.ledger.models import Thing
    from muster.ledger.writing import Push, outside, write
    from muster.parties.models import Organisation, Site
    from muster.record.models import Act

    database.migrate()
    guard = Organisation.objects.create(code="BENCH", name="Bench", kind="guard")
    for site in SITES:
        place = Site.objects.create(code=site, name=site, organisation=guard, zone="UTC")
        for client in range(PROCESSES * CLIENTS):
            Grant.objects.create(
                user=User.objects.create_user(_clerk(site, client)), role="clerk", site=place
            )
    clerks = [actor_of(User.objects.get(username=_clerk(site, 0))) for site in SITES]
    for client in range(PROCESSES * CLIENTS):
        tags = [make_tag(client * 1000 + n) for length, *_ in LISTS for n in _persons(length)]
        actions.custody.receive(actor=clerks[0], site=SITES[0], tags=tags, at=_an_hour_ago())
    # The second site has its holder with its first person; then one for each client of pgbench's and of Muster's.
    actions.custody.receive(actor=clerks[1], site=SITES[1], tags=[make_tag(10**6)], at=_an_hour_ago())
    act = Act.objects.create(actor_id=clerks[0].user, name="custody.receive", request_hash=b"")
    origin, area = outside(act=act), _areas()[SITES[0]]
    for number in range(2 * PROCESSES * CLIENTS):
        tag = make_tag(2 * 10**6 + number)
        thing = Thing.objects.create(
            id=UUID(THING.format(number)), act=act, kind="person", tag=tag, origin=origin
        )
        write([Push(thing=thing.pk, receiver=area, happened_at=_an_hour_ago())], act=act)


def _clerk(site: str, client: int) -> str:
    return f"{site.lower()}.{client}"


def _areas() -> dict[str, UUID]:
    from muster.ledger.models import Holder

    return dict(Holder.objects.filter(code__in=SITES).values_list("code", "pk"))


def _pgbench(folder: Path, clients: int, seconds: float) -> float:
    """Statements a second that pgbench commits; its persons are not those of Muster's clients."""
    from muster.database import embedded

    server = embedded.server(folder)
    areas, pushed = _areas(), _pushes()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(PGBENCH.format(a=areas[SITES[0]], b=areas[SITES[1]]))
        script.flush()
        command = [
            embedded.programs(embedded._system_user()) / "pgbench", "-h", server.socket_folder, "-U", embedded.APP,
            "-n", "-M", "prepared", "-f", script.name, "-c", str(clients), "-j", str(min(clients, PROCESSES)),
            "-T", str(max(1, round(seconds))), "-D", "turn=1", embedded.DATABASE,
        ]  # fmt: skip
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    tps, done = re.search(r"tps = ([\d.]+) \(without", told), re.search(r"processed: (\d+)", told)
    assert tps, told
    assert done, told
    # Each client's first move may be refused: an odd number of moves left its person at the other site.
    assert _pushes() - pushed >= int(done[1]) - clients, told
    return float(tps[1])


def _pushes() -> int:
    from muster.ledger.models import Entry

    return Entry.objects.count()


def _measure(what: str, clients: int, seconds: float) -> float:
    """What all clients together do a second."""
    processes = min(PROCESSES, clients)
    command = [sys.executable, __file__, "--clients", what, str(seconds), str(clients // processes)]
    running = [
        subprocess.Popen([*command, str(p)], stdout=subprocess.PIPE, text=True) for p in range(processes)
    ]
    return sum(float(process.communicate()[0]) for process in running)


def _clients(what: str, seconds: float, clients: int, process: int) -> float:
    """What the clients of one process do a second."""
    _django()
    work: Callable[[int, float], int] = _post
    if what != "post":

        def work(client: int, ends_at: float) -> int:
            return _hand_over(client, int(what), ends_at)

    counts = [0] * clients
    ends_at = time.monotonic() + seconds

    def client(number: int) -> None:
        counts[number] = work(process * clients + number, ends_at)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def _post(client: int, ends_at: float) -> int:
    from muster.core.ids import new_id
    from muster.database import prepared
    from muster.ledger.models import Head

    areas = _areas()
    thing = UUID(THING.format(PROCESSES * CLIENTS + client))
    here = Head.objects.get(thing=thing).holder_id
    there = next(area for area in areas.values() if area != here)
    done = 0
    while time.monotonic() < ends_at:
        ((refusal, *_),) = prepared.rows(POST, new_id(), [thing], here, there)
        assert refusal is None, refusal
        here, there, done = there, here, done + 1
    return done


def _hand_over(client: int, length: int, ends_at: float) -> int:
    from django.utils import timezone

    from muster import actions
    from muster.access.control import actor_of
    from muster.access.models import User
    from muster.core.ids import new_id
    from muster.core.tags import make_tag
    from muster.ledger.models import Head

    tags = [make_tag(client * 1000 + n) for n in _persons(length)]
    clerks = {site: actor_of(User.objects.get(username=_clerk(site, client))) for site in SITES}
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


def _an_hour_ago() -> datetime:
    from django.utils import timezone

    return timezone.now() - timedelta(hours=1)


def _django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "muster.settings")
    import django

    django.setup()


if __name__ == "__main__":
    if "--clients" in sys.argv:
        at = sys.argv.index("--clients")
        asked, for_s, of_process, number = sys.argv[at + 1 : at + 5]
        print(_clients(asked, float(for_s), int(of_process), int(number)))
    else:
        main()
