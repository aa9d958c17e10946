"""The tasks of a mission, its members, shifts that do not fit any more, and differences, that keep it from being closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from muster.core.tasks import TASKS
from muster.missions import queries as missions
from muster.missions.closing import OpenItem, numbered, register
from muster.missions.models import Mission
from muster.tasks import queries
from muster.tasks.assignmentrules import ENDED, words_of
from muster.tasks.assignments import muster_roll_locked, open_differences
from muster.tasks.models import Task
from muster.tasks.shifts import unfit_shifts


@register
def open_tasks(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The tasks that go on at `at` or are still to come, and that nobody has ended."""
    for task in Task.objects.filter(mission=mission).select_related("mission").order_by("begins_at", "id"):
        if queries.draw_of(task).ends_at > at:
            words = f"{task.category} {TASKS[task.category].name}, {task.place}"
            yield OpenItem(
                kind="task", name=task.pk, words=words, since=task.begins_at, subject=("task", task.pk)
            )


@register
def members_on_the_roll(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The members whom nobody has released or checked out; those whom the mission holds are told as held things already."""
    held = {thing.thing for thing in missions.held_things(mission.pk)}
    for one in muster_roll_locked([mission]):
        if one.state not in ENDED and one.member not in held:
            yield OpenItem(
                kind="member", name=one.tag, words=f"{words_of(one.state)}, and not released", since=one.latest.happened_at,
                subject=("roll", mission.pk),
            )  # fmt: skip


@register
def shifts_that_do_not_fit(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The shifts that go on at `at` or are still to come and do not fit any more: somebody calls them off or swaps them."""
    for one in unfit_shifts(mission, at, numbered()):
        yield OpenItem(
            kind="shift", name=one.shift.id, words=one.conflicts[0].words, since=one.shift.begins_at,
            subject=("roster", mission.pk),
        )  # fmt: skip


@register
def differences_about_members(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """What was reported of members, does not fit and is not settled."""
    for row in open_differences(mission):
        yield OpenItem(
            kind="task_difference", name=str(row.pk), words=row.words, since=row.opened_at,
            subject=("task_difference", str(row.pk)),
        )  # fmt: skip
