"""What stands outside its decision, or is not asked for any more, and how each was settled.

Nothing is ended by itself, and nothing has to be opened: what does not fit is read from the tasks and the versions of the decision and
of its request, so none can be missed. It stays open until a named person ends it, keeps it with a reason, or a later version of the
decision ends the matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from muster.core.tasks import TASKS
from muster.decisions import queries as decisions
from muster.decisions.judging import Clause, Stray, strays
from muster.decisions.models import Decision
from muster.decisions.models import Version as VersionRow
from muster.decisions.rules import Draw
from muster.decisions.rules import Version as RuleVersion
from muster.missions.models import Mission
from muster.record.models import Act
from muster.tasks import queries
from muster.tasks.asked import Against, AskedSince, asked_since
from muster.tasks.models import Ending, Kept, Task

How = Literal["open", "ended", "kept", "amended"]
SINCE: dict[Against, str] = {
    "decision": "version {n} of the decision",
    "request": "version {n} of the request",
    "closing": "the request was closed",
}


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
    """A task, trip or open offer that does not fit any more, from `begins_at` up to but not including `ends_at`.

    `clauses` are those that it breaks, each with what it takes and what is allowed. `kind` is task, trip or handover; `task` is
    the one it goes under, empty for an offer that is of none. `against` says of what `version` is one: the decision or the request;
    or it is the step that closed the request.
    """

    kind: str
    id: str
    task: str
    mission: str
    decision: str
    version: int  # since which it is outside
    against: Against = "decision"
    what: str
    begins_at: datetime
    ends_at: datetime
    clauses: tuple[Clause, ...]
    settlement: Settlement

    @property
    def is_open(self) -> bool:
        """Whether somebody has still to settle it."""
        return self.settlement.how == "open"

    @property
    def since(self) -> str:
        """Since what it is outside, in words."""
        return SINCE[self.against].format(n=self.version)

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        names = ("kind", "id", "task", "mission", "decision", "version", "against", "what")
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
    return outside_among(
        mission, known_at, decisions.versions_known(mission.decision, known_at), queries.draws_known(mission.decision, known_at),
        asked_since(mission.decision, known_at),
    )  # fmt: skip


def outside_among(
    mission: Mission,
    known_at: int,
    versions: Sequence[RuleVersion],
    every: dict[str, Draw],
    since: AskedSince,
) -> list[Outside]:
    """The same, from the versions of the decision, what every task under it draws, and what was asked since, which were read before."""
    written = {version.n: version.known for version in versions}
    rows = Task.objects.filter(mission=mission, act__number__number__lte=known_at)
    found: list[Outside] = []
    for task in rows.select_related("mission").order_by("begins_at", "id"):
        draw = every[task.pk]
        for stray in strays(versions, _others(every, task.pk), draw):
            settlement = _settled(task, stray, written[stray.version], known_at)
            found.append(told(task, stray.version, stray, settlement))
        gone = since.taken_back(task.category, task.place)
        if gone is not None and gone.since_at < draw.ends_at and draw.begins_at < draw.ends_at:
            part = Stray(
                begins_at=max(draw.begins_at, gone.since_at), ends_at=draw.ends_at, version=gone.n, clauses=(gone.clause,), mended_by=None
            )  # fmt: skip
            settlement = _settled(task, part, gone.written or 0, known_at, gone.against)
            found.append(told(task, gone.n, part, settlement, gone.against))
    return found


def versions_against(task: Task, against: Against) -> list[int]:
    """The versions, or the step, that a task stands outside of and nothing has mended, by everything committed.

    For an act that has locked the task and its decision.
    """
    if against != "decision":
        gone = asked_since(task.decision).taken_back(task.category, task.place)
        stands = (
            gone is not None and gone.against == against and gone.since_at < queries.draw_of(task).ends_at
        )
        return [gone.n] if gone is not None and stands else []
    rows = Task.objects.filter(decision=task.decision_id).select_related("mission")
    every = {each.pk: queries.draw_of(each) for each in rows}
    found = strays(decisions.versions_locked(task.decision), _others(every, task.pk), every[task.pk])
    return [stray.version for stray in found if stray.mended_by is None]


def would_stray(
    decision: Decision, version: RuleVersion, known: Sequence[RuleVersion]
) -> list[tuple[Task, Stray]]:
    """The tasks that another version of a decision would leave outside, the one that begins first in front."""
    rows = Task.objects.filter(decision=decision).select_related("mission").order_by("begins_at", "id")
    every = {task.pk: queries.draw_of(task) for task in rows}
    return [
        (task, stray)
        for task in rows
        for stray in strays([*known, version], _others(every, task.pk), every[task.pk])
        if stray.version == version.n and stray.mended_by is None
    ]


def _others(every: dict[str, Draw], task: str) -> list[Draw]:
    return [draw for each, draw in every.items() if each != task]


def told(
    task: Task, version: int, part: Stray, settlement: Settlement, against: Against = "decision"
) -> Outside:
    """A part of a task that stands outside, with how that is settled."""
    return Outside(
        kind="task", id=task.pk, task=task.pk, mission=task.mission_id, decision=task.decision_id, version=version, against=against,
        what=f"{task.category} {TASKS[task.category].name}, {task.place}: {task.words}", begins_at=part.begins_at,
        ends_at=part.ends_at, clauses=part.clauses, settlement=settlement,
    )  # fmt: skip


def _settled(
    task: Task, part: Stray, written: int, known_at: int, against: Against = "decision"
) -> Settlement:
    """`written` is the number of the act since which it is outside: what ended it before did not settle that."""
    if kept := kept_as_known(task.pk, part.version, known_at, against):
        return kept
    if part.mended_by is not None:
        return amended_by(task.decision, part.mended_by)
    rows = Ending.objects.filter(
        task=task, act__number__number__lte=known_at, act__number__number__gt=written
    )
    ending = rows.select_related("act__actor", "act__number").first()
    # An ending for a moment still to come settles nothing: until then it goes on.
    if ending is None or task.ended_at is None or task.ended_at > max(ending.act.recorded_at, part.begins_at):
        return OPEN
    return settled_by("ended", ending.act, ending.reason)


def settled_by(how: How, act: Act, reason: str) -> Settlement:
    """That an act settled it."""
    return Settlement(how=how, known_at=act.number.number, by=str(act.actor), reason=reason)


def amended_by(decision: Decision, version: int) -> Settlement:
    """That a later version of the decision settled it."""
    row = VersionRow.objects.select_related("act__actor", "act__number").get(decision=decision, n=version)
    return settled_by("amended", row.act, row.reason)


def kept_as_known(task: str, version: int, known_at: int, against: Against = "decision") -> Settlement | None:
    """That somebody keeps a task against a version, as known at an act's number."""
    rows = Kept.objects.filter(task=task, against=against, version=version, act__number__number__lte=known_at)
    found = rows.select_related("act__actor", "act__number").first()
    return None if found is None else settled_by("kept", found.act, found.reason)
