"""A roster of 500 members over 14 days: how long its page takes, and how long it takes to plan them all at once.

    uv run python benchmarks/tasks/roster.py [--members 500] [--days 14] [--times 40] [--json]

The embedded database, with fsync on, in a folder that is removed afterwards. Five tasks; each member has one shift a day, in the
morning, the evening or the night. The page is asked for through every layer but the socket, signed in, in one process, and so is the page
of one day of one task; then the decision is amended so that every shift is one too many, and it is asked for again.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure

PAGE_LIMIT_MS = 1_000  # the longest that an officer waits without wondering
PLAN_LIMIT_S = 30.0
MIDNIGHT = datetime(2026, 3, 2, 6, tzinfo=UTC)  # in Chicago
STATUS = "T32-502f1A"
LIMITS = {
    "zone": "America/Chicago",
    "people_max": 5_000,
    "effective_from": "2026-02-20",
    "effective_to": "2026-12-31",
}
EXERCISE = Path(__file__).parents[2] / "examples" / "exercise-request.toml"


def option(name: str, default: int) -> int:
    """Give what stands after `name` on the command line."""
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def main() -> None:
    """Seed, ask, and print."""
    folder = Path(tempfile.mkdtemp(prefix="muster-roster-"))
    folder.chmod(0o711)
    os.environ |= {"MUSTER_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "muster.settings"}
    import django

    django.setup()
    from django.db import connections

    from muster import database
    from muster.database import embedded

    try:
        database.migrate()
        measure(option("--members", 500), option("--days", 14), option("--times", 40))
    finally:
        connections.close_all()
        embedded.server(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


def measure(members: int, days: int, times: int) -> None:
    """Seed a mission, plan its shifts, and ask for its pages."""
    from django.test import Client

    from muster.access.models import User

    center, governor, decision, tags = seeded(members)
    planned = plan(center, tags, days)
    what = f"{members} members on {members * days:,} shifts"
    print_figure(
        f"plan_{members}x{days}_s",
        planned,
        "s",
        against="own limit",
        against_value=PLAN_LIMIT_S,
        note=f"{what}, all in one act",
    )
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(pk=center.user), backend="django.contrib.auth.backends.ModelBackend")
    page = f"/missions/BENCH-1/roster/?first=2026-03-02&days={days}"
    asked(client, page, f"roster_page_{members}x{days}", times)
    asked(client, "/missions/BENCH-1/roster/BENCH-1-T1/2026-03-03/", "roster_day_page", times)
    amend(governor, decision)
    asked(client, page, f"roster_page_{members}x{days}_unfit", times)


def asked(client: Any, page: str, figure: str, times: int) -> None:
    """Ask for a page so many times and print the middle and the slowest of its answers."""
    took, worked = [], []
    for _ in range(times):
        began, busy = time.perf_counter(), time.process_time()
        answer = client.get(page)
        worked.append((time.process_time() - busy) * 1000)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.content[:400]
    took = sorted(took[1:])  # the first reads templates
    note = f"{len(answer.content) / 1000:,.0f} kB, {statistics.median(worked[1:]):,.0f} ms of processor time beside the database's"
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    print_figure(
        f"{figure}_p50_ms",
        statistics.median(took),
        "ms",
        against="own limit",
        against_value=PAGE_LIMIT_MS,
        note=note,
    )
    print_figure(f"{figure}_p99_ms", p99, "ms", against="own limit", against_value=PAGE_LIMIT_MS)


def plan(center: Any, tags: list[str], days: int) -> float:
    """Plan one shift a day for each member; the seconds that the act takes."""
    from muster import actions as do

    shifts = [
        {"member": tag, "task": f"BENCH-1-T{n % 5 + 1}", "begins_at": begins, "ends_at": begins + timedelta(hours=8)}
        for n, tag in enumerate(tags)
        for day in range(days)
        for begins in [MIDNIGHT + timedelta(days=day, hours=8 * (n % 3))]
    ]  # fmt: skip
    began = time.perf_counter()
    do.planning.plan_shifts(actor=center, mission="BENCH-1", shifts=shifts)
    return time.perf_counter() - began


def amend(governor: Any, decision: str) -> None:
    """Leave room for nobody, from before the first shift on."""
    from muster import actions as do

    do.decisions.amend(
        actor=governor, decision=decision, limits=LIMITS | {"people_max": 1}, reason="A benchmark", effective_at=MIDNIGHT
    )  # fmt: skip


def seeded(members: int) -> tuple[Any, Any, str, list[str]]:
    """A mission with five tasks and its members: the operations center, the governor's office, the decision and the members' tags."""
    from muster import actions as do
    from muster.access.control import actor_of
    from muster.access.models import Grant, User
    from muster.core.files import read_data, take_in
    from muster.parties.models import Office, Organisation

    guard = Organisation.objects.create(code="EX-GUARD", name="Example Guard", kind="guard")
    agency = Organisation.objects.create(code="EX-AGENCY", name="Example Field Office", kind="agency")
    Office.objects.create(code="ZZ-GOVERNOR", title="Governor of Example", organisation=guard)

    def account(name: str, role: str, of: Organisation | None) -> Any:
        user = User.objects.create_user(name)
        Grant.objects.create(user=user, role=role, organisation=of)
        return actor_of(user)

    center, governor = account("center", "joc", guard), account("governor", "governor", guard)
    asker = account("agency", "requester", agency)
    at = MIDNIGHT - timedelta(days=30)
    do.offices.seat_holder(
        actor=account("counsel", "counsel", None), office="ZZ-GOVERNOR", account="governor", begins_at=at, instrument="An oath"
    )  # fmt: skip
    request = read_data(take_in(EXERCISE)) | {"as_of": "2026-02-01", "agency": "EX-AGENCY"}
    for line in request["lines"]:
        line |= {"from": "2026-02-20", "to": "2026-12-31"}
    name = do.assistance.draft(actor=asker, request=request, at=at).answer.request
    do.assistance.submit(actor=asker, request=name, at=at)
    do.assistance.validate(actor=center, request=name, at=at)
    do.authority.assess(actor=center, request=name, on_date=MIDNIGHT.date())
    do.assistance.review(actor=center, request=name, at=at)
    decision = do.decisions.decide(
        actor=governor, request=name, outcome="approved_with_limits", reason="A benchmark", limits=LIMITS, at=at
    ).answer.decision  # fmt: skip
    do.missions.open_mission(
        actor=center, decision=decision, mission="BENCH-1", title="A roster", organisation="EX-GUARD", at=at
    )
    for _ in range(5):
        do.tasks.order(
            actor=center, mission="BENCH-1", category="T01", words="As the request says", place="Site A", people=str(members),
            begins_at=MIDNIGHT, ends_at=MIDNIGHT + timedelta(days=60), contact="none",
        )  # fmt: skip
    given = [{"member": f"N-{n}", "unit": f"Company {n % 4}", "duty_status": STATUS} for n in range(members)]
    tags = do.members.state_members(actor=center, organisation="EX-GUARD", members=given).answer.tags
    do.assigning.order_members(
        actor=center, mission="BENCH-1", members=tags, status=STATUS, from_on="2026-03-02", until_on="2026-04-30", report_to="Site A"
    )  # fmt: skip
    return center, governor, decision, tags


if __name__ == "__main__":
    main()
