"""Tasks, and what they draw of a decision's limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

from muster.access.control import Scope
from muster.core.errors import NotFound
from muster.core.quantity import Quantity
from muster.decisions.models import Decision
from muster.decisions.rules import Draw
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.tasks.models import Ending, Task

AN_INSTANT = timedelta(microseconds=1)


def scope_of(task: Task) -> Scope:
    """Where a task belongs: to the organisation that runs its mission."""
    return Scope("task", task.pk, task.mission.organisation_id)


def state_of(task: Task, at: datetime) -> str:
    """Where a task stands at a moment: to come, under way, or ended."""
    return state_of_draw(draw_of(task), at)


def state_of_draw(draw: Draw, at: datetime) -> str:
    """The same of what it draws."""
    return "ended" if draw.ends_at <= at else "under way" if draw.begins_at <= at else "to come"


def for_change(task: str) -> Task:
    """The task, locked until commit. Raises NotFound."""
    rows = Task.objects.select_for_update(of=("self",)).select_related("mission")
    found = rows.filter(pk=task).first()
    if found is None:
        raise NotFound(kind="task", name=task)
    return found


def locked(task: str) -> tuple[Scope, Task]:
    """What an action about a task loads: its scope, and the row, locked until commit. Raises NotFound."""
    found = for_change(task)
    return scope_of(found), found


def draws(decision: Decision) -> list[Draw]:
    """What the tasks under a decision draw, each until it ends or was ended, or its mission was closed."""
    return [draw_of(task) for task in Task.objects.filter(decision=decision).select_related("mission")]


def draws_known(decision: Decision, known_at: int) -> dict[str, Draw]:
    """What the tasks of every mission under a decision draw by their ids, as known at an act's number."""
    under = Mission.objects.filter(decision=decision, act__number__number__lte=known_at)
    return {task: draw for each in under for task, draw in draws_as_known(each, known_at).items()}


def draws_as_known(mission: Mission, known_at: int) -> dict[str, Draw]:
    """What the tasks of a mission draw by their ids, as known at an act's number."""
    known = {"act__number__number__lte": known_at}
    ended = set(Ending.objects.filter(task__mission=mission, **known).values_list("task_id", flat=True))
    closed_at = missions.closed_at(mission, known_at)
    return {
        task.pk: _draw(task, task.ended_at if task.pk in ended else None, closed_at)
        for task in Task.objects.filter(mission=mission, **known)
    }


def draw_of(task: Task) -> Draw:
    """What a task draws."""
    return _draw(task, task.ended_at, task.mission.closed_at)


def draw_at(task: Task, at: datetime, people: int | None = None) -> Draw:
    """What a task draws at one moment, whether it lasts then or not: with as many people as it has, or with those seen."""
    draw = replace(draw_of(task), begins_at=at, ends_at=at + AN_INSTANT)
    return draw if people is None else replace(draw, people=Quantity.exact(people))


def _draw(task: Task, ended_at: datetime | None, closed_at: datetime | None) -> Draw:
    ends = (end for end in (task.ends_at, ended_at, closed_at) if end is not None)
    return Draw(
        task=task.category, place=task.place, people=Quantity.from_json(task.people),
        vehicles=Quantity.from_json(task.vehicles), begins_at=task.begins_at, ends_at=max(task.begins_at, min(ends)),
        contact=cast(Any, task.contact), armed=cast(Any, task.armed), volunteers=task.volunteers,
    )  # fmt: skip
