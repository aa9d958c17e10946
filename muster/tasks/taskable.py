"""Which of the task categories may be tasked under a decision, and which layer stops the others: as of T, as known at K."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils import timezone

from muster.assistance import queries as assistance
from muster.assistance.rules import Line, Request, facts_from_json
from muster.authority import queries as authority
from muster.authority.findings import STRICTNESS, Basis, Finding
from muster.authority.limits import LimitLayer
from muster.core.errors import NotFound
from muster.core.quantity import Quantity
from muster.core.tasks import TASKS
from muster.core.times import parse_moment
from muster.decisions import queries as decisions
from muster.decisions.drafting import APPROVALS
from muster.decisions.lines import JudgedLine, taken_back
from muster.decisions.models import Decision
from muster.decisions.rules import InForce, Limits, limit_layer, why_nothing
from muster.ledger import queries as ledger

NOT_STATED = Quantity("unknown", None, None)
MAY = ("permitted", "conditional")


class Stated(NamedTuple):
    """What the law is asked with: the request, the duty status, and the facts stated last in it."""

    request: Request
    status: str
    facts: dict[str, bool | date]


def stated(decision: Decision, request: Request, known_at: int | None = None) -> Stated:
    """In the duty status on whose findings it was decided, with the facts stated last: a fact may have ceased to be so.

    By the act numbered `known_at`, or by everything committed.
    """
    decided_on = decision.findings_seen
    seen = authority.latest(
        decision.request_id, known_at=known_at, status=decided_on.status if decided_on else None
    )
    status = seen.status if seen else request.duty_status_asked or ""
    return Stated(request, status, facts_from_json(seen.facts) if seen else {})


def taskable(decision: Decision, at: datetime, known_at: int) -> list[Finding]:
    """What is found about each of the task categories, in their order, were it tasked under the decision at `at`.

    Nothing is supposed of how many, where and with how much contact: what hangs on these is a condition. Under a decision that
    is only reported, by what is reported of it. Raises UnknownStatus where the request names no duty status and nobody assessed it.
    """
    in_force = decisions.in_force(decision, at, known_at)
    asked = stated(decision, _as_stood(decision, at, known_at), known_at)
    zone = decisions.zone_of(decision, known_at)
    layer = _layer(decision, at, known_at, in_force)
    request = replace(asked.request, lines=every_line())
    found = authority.findings(request, asked.status, at.astimezone(zone).date(), asked.facts, limits=[layer])
    return [_strictest(finding, asked.request, in_force) for finding in found]


def every_line() -> tuple[Line, ...]:
    """A line of each task category, that says nothing of how many, where, when and with how much contact."""
    return tuple(
        Line(n=n, task=task, words="", people=NOT_STATED, vehicles=NOT_STATED, place=None, window_from=None,
             window_to=None, contact=None)
        for n, task in enumerate(TASKS, start=1)
    )  # fmt: skip


def taskable_of(decision: Decision, at: str | None, known_at: str | None) -> dict[str, Any]:
    """The same as data, for a moment or a day in words: its end where the decision counts its days; None is now.

    Raises NotAMoment, UnknownStatus.
    """
    known = ledger.known(known_at)
    moment = parse_moment(at, decisions.zone_of(decision, known)) if at else timezone.now()
    found = taskable(decision, moment, known)
    tasks = [{"name": TASKS[each.task].name, **each.to_json()} for each in found]
    return {"decision": decision.pk, "at": moment.isoformat(), "known_at": known, "tasks": tasks}


def stops(findings: list[Finding]) -> dict[str, str]:
    """By task category, the layer that stops it; `may` where it may be tasked, perhaps on conditions."""
    return {each.task: "may" if each.finding in MAY else each.layer for each in findings}


def not_asked_for(
    request: Request, task: str, limits: Limits | None, lines: Sequence[JudgedLine] = ()
) -> Iterator[Finding]:
    """A decision that names no tasks of its own allows those that the request asks for, and no others.

    Of the `lines` that were decided on, what the request does not ask for any more is not allowed either.
    """
    asked = {each.task for each in request.lines}
    words = ""
    if limits is not None and limits.tasks_allowed is None and task not in asked and "" not in asked:
        words = f"The request does not ask for {task}, and the decision names no tasks of its own."
    if gone := taken_back(lines, [(each.task, each.place or "") for each in request.lines], task, ""):
        words = f"Line {gone.n} of the request, which asked for {task}, was taken back."
    if words:
        yield Finding(
            line=1, task=task, finding="prohibited", layer="request scope", rule="lines", verified=True, words=words,
            citation=f"Request {request.id}",
        )  # fmt: skip


def _strictest(finding: Finding, request: Request, in_force: InForce) -> Finding:
    said = [finding, *not_asked_for(request, finding.task, in_force.limits, in_force.lines)]
    return max(said, key=lambda one: STRICTNESS.index(one.finding))


def _as_stood(decision: Decision, at: datetime, known_at: int) -> Request:
    try:
        return assistance.as_stood(decision.request, at, known_at)
    except NotFound:
        # Before it was asked nothing is in force, and this is only what is read of the request.
        return assistance.as_rule(decision.request)


def _layer(decision: Decision, at: datetime, known_at: int, in_force: InForce) -> LimitLayer:
    """The governor's decision as a layer: its limits, or why it allows nothing. What is only reported of one is not verified."""
    seen = decision.reported_on is None
    reported = "" if decision.source is None else f", as reported by {decision.source.publisher}"
    citation = f"Decision {decision.pk}{reported}"
    if in_force.limits is not None and in_force.why in (None, "not_yet", "expired"):
        return limit_layer(in_force.limits, decision=decision.pk, citation=citation, verified=seen)
    why: str = in_force.why or ""
    words = why_nothing(in_force)
    if decision.outcome not in APPROVALS and decisions.is_taken(decision, at, known_at):
        why, words = decision.outcome, f"{decision.get_outcome_display()}: {decision.reason}"
    basis = Basis(
        rule=f"{decision.pk}.{why}",
        citation=citation,
        verified=seen,
        words=words[:1].upper() + words[1:],
    )
    return LimitLayer(name="governor's decision", basis={"tasks_allowed": basis}, tasks_allowed=())
