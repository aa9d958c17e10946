"""What stands outside a decision since it was amended, suspended or revoked, and how each was settled.

Nothing is ended by itself, and nothing has to be opened: what does not fit is read from the tasks and the versions, so none can be
missed. It stays open until a named person ends the task, keeps it with a reason, or a later version of the decision ends the matter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from muster.core.tasks import TASKS
from muster.decisions import queries as decisions
from muster.decisions.judging import Clause, Stray, strays
from muster.decisions.models import Decision
from muster.decisions.models import Version as VersionRow
from muster.decisions.rules import Draw
from muster.missions.models import Mission
from muster.record.models import Number
from muster.tasks import queries
from muster.tasks.models import Ending, Kept, Task

How = Literal["open", "ended", "kept", "amended"]


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """How a matter was settled, by which act: its number, who did it and why. `open` where nobody has yet."""

    how: How
    known_at: int | None = None
    by: str = ""
    reason: str = ""


OPEN = Settlement(how="open")


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A task, shift or trip that does not fit what is in force any more, from `begins_at` up to but not including `ends_at`.

    `clauses` are those that it breaks, each with what it takes and what is allowed. `kind` is task or trip.
    """

    kind: str
    id: str
    task: str
    mission: str
    decision: str
    version: int  # of the decision, since which it is outside
    what: str
    begins_at: datetime
    ends_at: datetime
    clauses: tuple[Clause, ...]
    settlement: Settlement

    @property
    def is_open(self) -> bool:
        """Whether somebody has still to settle it."""
        return self.settlement.how == "open"

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        names = ("kind", "id", "task", "mission", "decision", "version", "what")
        return {
            **{name: getattr(self, name) for name in names},
            "begins_at": self.begins_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "clauses": [asdict(clause) for clause in self.clauses],
            "how": self.settlement.how,
            "settled_known_at": self.settlement.known_at,
            "settled_by": self.settlement.by,
            "reason": self.settlement.reason,
        }


def outside_tasks(mission: Mission, known_at: int) -> list[Outside]:
    """The mission's tasks that stand outside, open or settled, as known at an act's number; the one that begins first in front."""
    versions = decisions.versions_known(mission.decision, known_at)
    every = queries.draws_known(mission.decision, known_at)
    rows = Task.objects.filter(mission=mission, act__number__number__lte=known_at)
    return [
        _outside(task, stray, known_at)
        for task in rows.select_related("mission").order_by("begins_at", "id")
        for stray in strays(versions, _others(every, task.pk), every[task.pk])
    ]


def versions_against(task: Task) -> list[int]:
    """The versions of its decision that a task stands outside of and nothing has mended, by everything committed.

    For an act that has locked the task and its decision.
    """
    rows = Task.objects.filter(decision=task.decision_id).select_related("mission")
    every = {each.pk: queries.draw_of(each) for each in rows}
    found = strays(decisions.versions_locked(task.decision), _others(every, task.pk), every[task.pk])
    return [stray.version for stray in found if stray.mended_by is None]


def _others(every: dict[str, Draw], task: str) -> list[Draw]:
    return [draw for each, draw in every.items() if each != task]


def _outside(task: Task, stray: Stray, known_at: int) -> Outside:
    return Outside(
        kind="task", id=task.pk, task=task.pk, mission=task.mission_id, decision=task.decision_id, version=stray.version,
        what=f"{task.category} {TASKS[task.category].name}, {task.place}: {task.words}", begins_at=stray.begins_at,
        ends_at=stray.ends_at, clauses=stray.clauses,
        settlement=_settled(task, stray, known_at),
    )  # fmt: skip


def _settled(task: Task, stray: Stray, known_at: int) -> Settlement:
    if kept := kept_as_known(task.pk, stray.version, known_at):
        return kept
    if stray.mended_by is not None:
        return _amended(task.decision, stray.mended_by)
    return _ended(task, stray, known_at) or OPEN


def kept_as_known(task: str, version: int, known_at: int) -> Settlement | None:
    """That somebody keeps a task against a version of the decision, as known at an act's number."""
    rows = Kept.objects.filter(task=task, version=version, act__number__number__lte=known_at)
    found = rows.select_related("act__actor", "act__number").first()
    if found is None:
        return None
    return Settlement(
        how="kept", known_at=found.act.number.number, by=str(found.act.actor), reason=found.reason
    )


def _amended(decision: Decision, version: int) -> Settlement:
    row = VersionRow.objects.select_related("act__actor", "act__number").get(decision=decision, n=version)
    return Settlement(how="amended", known_at=row.act.number.number, by=str(row.act.actor), reason=row.reason)


def _ended(task: Task, stray: Stray, known_at: int) -> Settlement | None:
    """An ending that somebody recorded after the version, and that was not for a moment still to come."""
    rows = Ending.objects.filter(task=task, act__number__number__lte=known_at)
    found = rows.select_related("act__actor", "act__number").first()
    versions = VersionRow.objects.filter(decision=task.decision_id, n=stray.version)
    written = Number.objects.filter(act__in=versions.values("act")).values_list("number", flat=True).first()
    if found is None or written is None or found.act.number.number < written:
        return None
    if task.ended_at is None or task.ended_at > max(found.act.recorded_at, stray.begins_at):
        return None
    return Settlement(
        how="ended", known_at=found.act.number.number, by=str(found.act.actor), reason=found.reason
    )
