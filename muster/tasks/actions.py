"""Ordering a task inside the limits of a decision and inside the law, ending it, and keeping one that was ordered before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from django.db.models import Max
from pydantic import AwareDatetime, Field

from muster.access.control import Actor
from muster.assistance import queries as assistance
from muster.assistance.rules import Line
from muster.authority import queries as authority
from muster.authority.findings import STRICTNESS, Finding
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.quantity import Quantity
from muster.core.tasks import TASKS, Contact
from muster.costs import actions as costs
from muster.costs.rules import CitedSource, LineGiven
from muster.decisions import queries as decisions
from muster.decisions.actions import OnlyReported, check_request_open
from muster.decisions.models import Decision
from muster.decisions.rules import Arms, Draw, Stretch, check_draw, check_person_days, limit_layer
from muster.missions import queries as missions
from muster.missions.actions import AlreadyClosed
from muster.missions.models import Mission
from muster.record.action import action
from muster.record.models import Act
from muster.tasks import queries
from muster.tasks.asked import Against, check_asked
from muster.tasks.models import Ending, Kept, Task
from muster.tasks.outside import SINCE, versions_against
from muster.tasks.taskable import not_asked_for, stated

Code = Annotated[str, Field(max_length=70)]
Words = Annotated[str, Field(min_length=3, max_length=4000)]
Said = Annotated[str, Field(max_length=60)]


class OutsideTheLaw(MusterError):
    """The law, an order or the request itself does not allow the task, or counsel has to look at it first."""

    code = "tasks.outside_the_law"

    def __init__(self, *, finding: Finding) -> None:
        self.finding = finding
        what = "is prohibited" if finding.finding == "prohibited" else "needs counsel first"
        super().__init__(
            f"Refused: {finding.task} {what} by the {finding.layer}: {finding.words} ({finding.citation}) "
            "Ask the legal reviewer."
        )


class AlreadyEnded(MusterError):
    """The task has ended."""

    code = "tasks.already_ended"
    status = 409

    def __init__(self, *, task: str) -> None:
        self.task = task
        super().__init__(f"The task {task} has been ended already. Order a new one for anything more.")


class EndedTooEarly(MusterError):
    """Members were seen at the task after the moment given."""

    code = "tasks.ended_too_early"

    def __init__(self, *, task: str, seen_at: datetime) -> None:
        self.task, self.seen_at = task, seen_at
        super().__init__(
            f"Members were present at {task} at {seen_at.astimezone(UTC):%Y-%m-%d %H:%M %Z}, so it had not ended before "
            "that. Give the moment at which it ended."
        )


class NotOutside(MusterError):
    """What is to be kept does not stand outside that, so there is nothing to keep it against."""

    code = "tasks.not_outside"
    status = 409

    def __init__(self, *, task: str, version: int, outside: list[int], against: Against = "decision") -> None:
        self.task, self.version, self.outside, self.against = task, version, outside, against
        stands = f"It does since {', '.join(map(str, outside))}" if outside else "It stands inside"
        what = SINCE[against].format(n=version)
        super().__init__(
            f"{task} does not stand outside since {what}. {stands}: look at the list of what is outside, and name what "
            "stands there."
        )


class AlreadyKept(MusterError):
    """Somebody has said already why the task is kept against that version."""

    code = "tasks.already_kept"
    status = 409

    def __init__(self, *, task: str, version: int, against: Against = "decision") -> None:
        self.task, self.version, self.against = task, version, against
        what = SINCE[against].format(n=version)
        super().__init__(
            f"Somebody has said already why {task} goes on, outside since {what}. The first reason stands; nothing more is needed."
        )


@dataclass(frozen=True, kw_only=True)
class EstimateGiven:
    """What each person of a task costs a day, in US dollars, and where that stands; without `days`, each day that it touches."""

    rate_usd: str
    source: CitedSource
    days: str = ""


@dataclass(frozen=True)
class Ordered:
    """The task, the limits' headroom that it took, and what the law asks beside it."""

    task: str
    people: int
    conditions: list[str]
    estimate: str = ""  # the line of its cost; empty where none was given


@dataclass(frozen=True)
class TaskEnded:
    """The task that draws no longer."""

    task: str


@dataclass(frozen=True)
class TaskKept:
    """The task, and what it is kept against: a version of the decision or of the request, or the step that closed it."""

    task: str
    version: int
    against: Against = "decision"


@action("tasks.order", about=missions.locked)
def order(
    *, act: Act, row: Mission, actor: Actor, mission: Code, category: Annotated[str, Field(max_length=3)], words: Words,
    place: Annotated[str, Field(min_length=1, max_length=200)], people: Said, begins_at: AwareDatetime,
    ends_at: AwareDatetime, contact: Contact, vehicles: Said = "0", armed: Arms = "none", volunteers: bool = False,
    estimate: EstimateGiven | None = None,
) -> Ordered:  # fmt: skip
    """Order a task; it draws on the limits of the mission's decision, whose row is locked meanwhile.

    `people` and `vehicles` are quantities in words; a draw counts their high end. With an `estimate` its people, at that rate for
    that many days, are a cost line too, and inside the decision's cost cap.

    It has to fit what is in force all along its window, by everything known when it is ordered.

    Raises FaultyInput for an unknown category, QuantityMisread, AlreadyClosed, OnlyReported, NotInForce where the
    request is closed, NotAskedAnyMore, the refusals of `decisions.rules.check_draw` in their order, OutsideTheLaw, and those of
    `costs.estimate`.
    """
    if category not in TASKS:
        message = f"{category!r} is not a task category. Write one from T01 to T{len(TASKS):02}."
        raise FaultyInput([Fault(None, "category", "tasks.unknown_task", message)])
    if row.closed_at is not None:
        raise AlreadyClosed(mission=row.pk)
    if row.decision.reported_on is not None:
        raise OnlyReported(decision=row.decision_id)
    check_request_open(row.decision)
    check_asked(row.decision, category, place, ends_at - timedelta(microseconds=1))
    parts = decisions.stretches_locked(row.decision, begins_at, ends_at)
    place = _as_the_decision_spells(place, parts)
    draw = Draw(
        task=category, place=place, people=Quantity.parse(people), vehicles=Quantity.parse(vehicles),
        begins_at=begins_at, ends_at=ends_at, contact=contact, armed=armed, volunteers=volunteers,
    )  # fmt: skip
    drawn = queries.draws(row.decision)
    for part in parts:
        check_draw(part.in_force, drawn, replace(draw, begins_at=part.begins_at, ends_at=part.ends_at))
        if part.in_force.limits is not None:
            check_person_days(part.in_force.limits, drawn, draw)
    found = [finding for part in parts for finding in _law(row.decision, draw, words, part)]
    decides = max(found, key=lambda finding: STRICTNESS.index(finding.finding))
    if decides.finding in ("prohibited", "needs_counsel"):
        raise OutsideTheLaw(finding=decides)
    conditions = list(dict.fromkeys(condition for finding in found for condition in finding.conditions))
    made = Task.objects.create(
        id=f"{row.pk}-T{row.tasks.count() + 1}", act=act, mission=row, decision=row.decision, category=category,
        words=words, place=place, people=draw.people.to_json(), vehicles=draw.vehicles.to_json(), begins_at=begins_at,
        ends_at=ends_at, contact=contact, armed=armed, volunteers=volunteers, conditions=conditions,
    )  # fmt: skip
    line = _expected(estimate, made, act=act) if estimate else ""
    return Ordered(made.pk, draw.people.high_end or 0, conditions, line)


def _expected(estimate: EstimateGiven, task: Task, *, act: Act) -> str:
    """Keep what the people of a task are expected to cost; the id of the line. Its days are those of the decision's zone."""
    where = decisions.zone_locked(task.decision)
    latest = task.ends_at - timedelta(microseconds=1)
    given = LineGiven(
        kind="personnel", words=task.words, source=estimate.source, rate_usd=estimate.rate_usd,
        count=Quantity.from_json(task.people).said, days=estimate.days, task=task.pk,
        begins_on=task.begins_at.astimezone(where).date(), ends_on=latest.astimezone(where).date(),
    )  # fmt: skip
    return costs.keep(given, "estimate", task.mission, act=act, until=task.ends_at).line


def _as_the_decision_spells(place: str, parts: Sequence[Stretch]) -> str:
    """The place as the limits name it, so that capitals and spaces take nobody past a limit by place."""
    limits = [part.in_force.limits for part in parts if part.in_force.limits]
    named = [name for each in limits for name in (*each.places, *each.people_max_by_place)]
    said = " ".join(place.split())
    return next((name for name in named if " ".join(name.split()).casefold() == said.casefold()), said)


def _law(decision: Decision, draw: Draw, words: str, part: Stretch) -> Iterator[Finding]:
    """What all layers together find about the task, as a line of its request, on the first and the last day of a stretch."""
    limits = part.in_force.limits
    assert limits is not None  # else `check_draw` has refused
    request = assistance.as_rule(decision.request)
    zone = ZoneInfo(limits.zone)
    line = Line(
        n=1, task=draw.task, words=words, people=draw.people, vehicles=draw.vehicles, place=draw.place,
        window_from=None, window_to=None, contact=draw.contact,
    )  # fmt: skip
    asked = stated(decision, request)
    facts = ({"members_are_volunteers": True} if draw.volunteers else {}) | asked.facts
    layer = limit_layer(limits, decision=decision.pk, citation=f"Decision {decision.pk}")
    latest = part.ends_at - timedelta(microseconds=1)
    for day in sorted({moment.astimezone(zone).date() for moment in (part.begins_at, latest)}):
        yield from authority.findings(
            replace(request, lines=(line,)), asked.status, day, facts, limits=[layer]
        )
    yield from not_asked_for(request, draw.task, limits)


@action("tasks.finish", about=queries.locked)
def finish(*, act: Act, row: Task, actor: Actor, task: Code, reason: Words, at: AwareDatetime) -> TaskEnded:
    """End a task before its time, done or called off: from `at` on it draws on no limit.

    Raises AlreadyEnded, EndedTooEarly.
    """
    if row.ended_at is not None:
        raise AlreadyEnded(task=row.pk)
    seen_at = row.present.filter(people__gt=0).aggregate(latest=Max("at"))["latest"]
    if seen_at is not None and at < seen_at:
        raise EndedTooEarly(task=row.pk, seen_at=seen_at)
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    Ending.objects.create(act=act, task=row, reason=reason)
    return TaskEnded(row.pk)


@action("tasks.keep", about=queries.locked)
def keep(
    *, act: Act, row: Task, actor: Actor, task: Code, version: Annotated[int, Field(ge=1, le=1_000_000)], reason: Words,
    against: Against = "decision",
) -> TaskKept:  # fmt: skip
    """Say why a task goes on, or went on, that stands outside, such as care that cannot stop.

    `version` is of what `against` says: the decision, the request, or the step that closed the request. It settles the matter and
    widens no limit: what the task draws is counted as before. Raises AlreadyKept, NotOutside.
    """
    decisions.for_change(row.decision_id)
    if row.kept.filter(version=version, against=against).exists():
        raise AlreadyKept(task=row.pk, version=version, against=against)
    outside = versions_against(row, against)
    if version not in outside:
        raise NotOutside(task=row.pk, version=version, outside=outside, against=against)
    Kept.objects.create(act=act, task=row, version=version, against=against, reason=reason)
    return TaskKept(row.pk, version, against)
