"""The tasks of a mission as papers tell them: as known at an act's number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from muster.core.quantity import Quantity
from muster.core.tasks import TASKS
from muster.decisions.rules import Draw
from muster.missions.models import Mission
from muster.tasks import queries
from muster.tasks.models import Present, Task


@dataclass(frozen=True, kw_only=True)
class TaskTold:
    """One task with what it draws, until it ends or was ended, and how many members somebody saw there last; None: nobody looked."""

    row: Task
    draw: Draw
    seen: Present | None

    @property
    def name(self) -> str:
        """The task category and its name."""
        return f"{self.row.category} {TASKS[self.row.category].name}"

    @property
    def people(self) -> str:
        """How many, in words."""
        return Quantity.from_json(self.row.people).said

    @property
    def vehicles(self) -> str:
        """How many, in words."""
        return Quantity.from_json(self.row.vehicles).said

    def state(self, at: datetime) -> str:
        """Where it stands at a moment."""
        return queries.state_of_draw(self.draw, at)


def tasks_told(mission: Mission, known_at: int) -> Iterator[TaskTold]:
    """Every task of a mission, the one that begins first in front."""
    draws = queries.draws_as_known(mission, known_at)
    looks = Present.objects.filter(task__mission=mission, act__number__number__lte=known_at)
    seen = {look.task_id: look for look in looks.order_by("at", "id")}
    for row in Task.objects.filter(pk__in=draws).order_by("begins_at", "id"):
        yield TaskTold(row=row, draw=draws[row.pk], seen=seen.get(row.pk))
