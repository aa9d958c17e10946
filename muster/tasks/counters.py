"""What became of each line of a request: asked, authorised, tasked, checked in, delivered. Derived, never typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.assistance.rules import Line
from muster.core.quantity import Quantity
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.decisions.rules import Draw, Limits, peak_of
from muster.missions.models import Mission
from muster.tasks import queries
from muster.tasks.models import Present

NOT_RECORDED = Quantity("unknown", None, None)


@dataclass(frozen=True)
class Counters:
    """People, for one line, by a moment.

    `authorised`: what the latest decision allows at that moment for the line's task; *not recorded* where it allows the task and
    states no number; None before any decision. `tasked`: the most at any one moment by then, high ends counted. `checked_in`: the
    most who were seen present at once; `delivered`: the same of the tasks that have ended. None where nobody looked.
    """

    line: int
    task: str
    asked: Quantity
    authorised: Quantity | None
    tasked: int
    checked_in: int | None
    delivered: int | None


def counters(request: Request, at: datetime, known_at: int) -> list[Counters]:
    """The counters of each line of a request by `at`, as known at an act's number.

    A task counts for the line of its category; where several lines share one, for the one that names its place.

    Raises NotFound before the request was made.
    """
    asked = assistance.as_stood(request, at, known_at)
    limits, decided = _allowed(request, at, known_at)
    draws = _draws(request, known_at)
    seen = _seen(draws, at, known_at)
    return [
        Counters(
            line=line.n, task=line.task, asked=line.people,
            authorised=_authorised(limits, line.task) if decided else None,
            tasked=_most_tasked([draws[task] for task in of_it], at),
            checked_in=_most_seen([seen[task] for task in of_it if task in seen]),
            delivered=_most_seen([seen[task] for task in of_it if task in seen and draws[task].ends_at <= at]),
        )
        for line in asked.lines
        for of_it in [[task for task, draw in draws.items() if _counts_for(line, draw, asked.lines)]]
    ]  # fmt: skip


def _counts_for(line: Line, draw: Draw, lines: Iterable[Line]) -> bool:
    alone = sum(each.task == line.task for each in lines) == 1
    return draw.task == line.task and (alone or draw.place == line.place)


def _allowed(request: Request, at: datetime, known_at: int) -> tuple[Limits | None, bool]:
    """The limits in force of the latest decision, and whether there is one by then. One issued here goes before a report."""
    known = Decision.objects.filter(request=request, act__number__number__lte=known_at).exclude(
        outcome=Decision.Outcome.REFERRED
    )
    by_then = known.filter(
        versions__effective_at__lte=at, versions__act__number__number__lte=known_at
    ).distinct()
    latest = sorted(by_then, key=lambda each: (each.reported_on is None, each.act.number.number))
    if not latest:
        return None, False
    in_force = decisions.in_force(latest[-1], at, known_at)
    return (in_force.limits if in_force.why is None else None), True


def _authorised(limits: Limits | None, task: str) -> Quantity:
    if limits is None or task in limits.tasks_barred:
        return Quantity.exact(0)
    if limits.tasks_allowed is not None and task not in limits.tasks_allowed:
        return Quantity.exact(0)
    stated = [most for most in (limits.people_max, limits.people_max_by_task.get(task)) if most is not None]
    return Quantity("up_to", None, min(stated)) if stated else NOT_RECORDED


def _draws(request: Request, known_at: int) -> dict[str, Draw]:
    missions = Mission.objects.filter(decision__request=request, act__number__number__lte=known_at)
    return {task: draw for each in missions for task, draw in queries.draws_as_known(each, known_at).items()}


def _most_tasked(draws: Sequence[Draw], at: datetime) -> int:
    begun = [draw for draw in draws if draw.begins_at <= at]
    return max((peak_of(begun, each, "people") for each in begun if each.begins_at < each.ends_at), default=0)


@dataclass(frozen=True)
class _Look:
    """How many were present at a task from one look until the next, or until the task ended."""

    begins_at: datetime
    ends_at: datetime
    people: int


def _seen(draws: dict[str, Draw], at: datetime, known_at: int) -> dict[str, list[_Look]]:
    """The looks at each task by `at`, in the order of their moments; of one moment the latest counts."""
    known = Present.objects.filter(task__in=draws, at__lte=at, act__number__number__lte=known_at)
    by_task: dict[str, dict[datetime, int]] = {}
    for look in known.order_by("at", "act__number__number"):
        by_task.setdefault(look.task_id, {})[look.at] = look.people
    return {
        task: [
            _Look(moment, until, people)
            for (moment, people), until in zip(
                looks.items(), [*list(looks)[1:], max(draws[task].ends_at, *looks)], strict=True
            )
        ]
        for task, looks in by_task.items()
    }


def _most_seen(tasks: Sequence[Sequence[_Look]]) -> int | None:
    """The most who were seen at once at these tasks; None where nobody looked."""
    looks = [look for each in tasks for look in each]
    moments = [look.begins_at for look in looks]
    return max(
        (
            sum(
                look.people
                for look in looks
                if look.begins_at <= moment < look.ends_at or look.begins_at == moment
            )
            for moment in moments
        ),
        default=None,
    )
