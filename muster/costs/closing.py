"""What of a mission's costs keeps it from being closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from muster.costs import queries
from muster.missions.closing import OpenItem, register
from muster.missions.models import Mission


@register
def open_costs(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The cost lines of a mission that stand open, and the differences about them."""
    where = ("costs", mission.pk)
    for line in queries.open_cost_lines(mission.pk):
        yield OpenItem(
            kind="cost_line", name=line.pk, words=line.words, since=line.act.recorded_at, subject=where
        )
    for row in queries.open_cost_differences(mission.pk):
        since = row.act.recorded_at
        yield OpenItem(kind="cost_difference", name=row.line_id, words=row.words, since=since, subject=where)
