"""The tasks of a mission that keep it from being closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from muster.core.tasks import TASKS
from muster.missions.closing import OpenItem, register
from muster.missions.models import Mission
from muster.tasks import queries
from muster.tasks.models import Task


@register
def open_tasks(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The tasks that go on at `at` or are still to come, and that nobody has ended."""
    for task in Task.objects.filter(mission=mission).select_related("mission").order_by("begins_at", "id"):
        if queries.draw_of(task).ends_at > at:
            words = f"{task.category} {TASKS[task.category].name}, {task.place}"
            yield OpenItem(
                kind="task", name=task.pk, words=words, since=task.begins_at, subject=("task", task.pk)
            )
