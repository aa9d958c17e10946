"""Tasks, and what they draw of a decision's limits."""

from __future__ import annotations

from typing import Any, cast

from muster.access.control import Scope
from muster.core.errors import NotFound
from muster.core.quantity import Quantity
from muster.decisions.models import Decision
from muster.decisions.rules import Draw
from muster.tasks.models import Task


def scope_of(task: Task) -> Scope:
    """Where a task belongs: to the organisation that runs its mission."""
    return Scope("task", task.pk, task.mission.organisation_id)


def for_change(task: str) -> Task:
    """The task, locked until commit. Raises NotFound."""
    rows = Task.objects.select_for_update(of=("self",)).select_related("mission")
    found = rows.filter(pk=task).first()
    if found is None:
        raise NotFound(kind="task", name=task)
    return found


def draws(decision: Decision) -> list[Draw]:
    """What the tasks under a decision draw, each until it ends or was ended, or its mission was closed."""
    return [draw_of(task) for task in Task.objects.filter(decision=decision).select_related("mission")]


def draw_of(task: Task) -> Draw:
    """What a task draws."""
    ends = (end for end in (task.ends_at, task.ended_at, task.mission.closed_at) if end is not None)
    return Draw(
        task=task.category, place=task.place, people=Quantity.from_json(task.people),
        vehicles=Quantity.from_json(task.vehicles), begins_at=task.begins_at, ends_at=max(task.begins_at, min(ends)),
        contact=cast(Any, task.contact), armed=cast(Any, task.armed), volunteers=task.volunteers,
    )  # fmt: skip
