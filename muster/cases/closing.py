"""What is still owed to a mission's persons, which keeps it from being closed: their open clocks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from muster.cases.queries import person_clocks
from muster.ledger.models import Thing
from muster.missions.closing import OpenItem, register
from muster.missions.models import Mission


@register
def open_clocks(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The clocks that run, pause or are past their limit at `at`, of everybody who was ever held under a mission."""
    persons = dict(
        Thing.objects.filter(kind=Thing.Kind.PERSON, entries__mission=mission.pk).values_list("pk", "tag")
    )
    for thing, found in person_clocks(persons, now=at, latest_only=True).items():
        for clock, site, _ in found.clocks:
            if clock.is_open:
                yield OpenItem(
                    kind="clock", name=persons[thing], words=f"{site}: {clock.rule.name}, {clock.rule.id}, {clock.state}",
                    since=clock.started_at, due_at=clock.due_at, subject=("clocks", str(thing)),
                )  # fmt: skip
