"""Deciding a request, recording a decision that a source reports, and what follows a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, NotPermitted
from muster.assistance import queries as assistance
from muster.assistance import rules as requests
from muster.assistance.actions import take_step
from muster.assistance.models import Request
from muster.authority import queries as authority
from muster.authority.models import Assessment
from muster.authority.review import check_legality
from muster.core.errors import MusterError
from muster.core.times import check_happened, start_of_day, zone
from muster.decisions import queries, rules
from muster.decisions.models import Decision, Version
from muster.record.action import action
from muster.record.models import Act
from muster.sources.actions import SourceGiven, cited

Code = Annotated[str, Field(max_length=70)]
Reason = Annotated[str, Field(min_length=3, max_length=4000)]
Outcome = Literal["approved", "approved_with_limits", "declined", "referred"]
APPROVALS = ("approved", "approved_with_limits")


class NotAssessed(MusterError):
    """A decision is taken on the findings seen."""

    code = "decisions.not_assessed"
    status = 409

    def __init__(self, *, request: str) -> None:
        self.request = request
        super().__init__(
            f"Nobody has assessed {request} yet as it stands now. Assess it first, then decide on what was found."
        )


class LimitsNeeded(MusterError):
    """An approval says what it allows; a refusal allows nothing."""

    code = "decisions.limits_needed"

    def __init__(self, *, outcome: str) -> None:
        self.outcome = outcome
        words = (
            "needs its limits, its time zone at least"
            if outcome in APPROVALS
            else "has no limits: leave them out"
        )
        super().__init__(f"A decision that is {outcome.replace('_', ' ')} {words}.")


class BeyondTheLaw(MusterError):
    """The decision would allow a task that the findings prohibit: an office can narrow the law, not lift it."""

    code = "decisions.beyond_the_law"
    status = 409

    def __init__(self, *, task: str, words: str, citation: str) -> None:
        self.task = task
        super().__init__(
            f"{task} is prohibited: {words} ({citation}). Leave it out of the tasks allowed, or bar it; "
            "only a named statute with counsel's sign-off lifts it."
        )


class NotInForce(MusterError):
    """The decision allowed nothing, or has ended, so nothing can follow it."""

    code = "decisions.not_in_force"
    status = 409

    def __init__(self, *, decision: str, why: str) -> None:
        self.decision, self.why = decision, why
        super().__init__(
            f"{decision} is {why.replace('_', ' ')}. A new decision is needed for anything more."
        )


class OnlyReported(MusterError):
    """The decision is known from a report: what others did, and nothing to act under."""

    code = "decisions.only_reported"
    status = 409

    def __init__(self, *, decision: str) -> None:
        self.decision = decision
        super().__init__(
            f"{decision} is known from a report only, so no task is ordered under it. The office that was asked "
            "decides the request here first; then open a mission under that decision."
        )


@dataclass(frozen=True)
class Decided:
    """The decision, and the number of its version."""

    decision: str
    version: int


def check_request_open(decision: Decision) -> None:
    """Check that the request it answers is not closed: nothing more is done under one that is. Raises NotInForce."""
    if decision.request.state == "closed":
        raise NotInForce(decision=decision.pk, why="closed with its request")


@action("decisions.decide", about=assistance.locked)
def decide(
    *, act: Act, row: Request, actor: Actor, request: Code, outcome: Outcome, reason: Reason, at: AwareDatetime,
    limits: dict[str, Any] | None = None, instrument: Annotated[str, Field(max_length=200)] = "",
) -> Decided:  # fmt: skip
    """Decide a request that is in review, for the office that was asked, on the latest findings.

    A decision that was only reported does not take it from the office.

    Raises NotPermitted for who asked, NotAllowedFrom, NotAssessed, LimitsNeeded, FaultyInput for the limits, LegalityRed,
    BeyondTheLaw, NotHappenedYet.
    """
    _check_did_not_ask(row, actor, "decisions.decide")
    only_reported = row.state == "decided" and not _issued_here(row)
    if not only_reported:
        requests.check_step(row.state, "decided")
    seen = authority.latest(row.pk)
    if seen is None or seen.version != row.version:
        raise NotAssessed(request=row.pk)
    read = _limits(outcome, limits)
    if read is not None:
        check_legality(authority.review_of(row), request=row.pk)
        _check_against(seen, read)
    made = _keep(
        row,
        outcome,
        reason,
        read,
        act,
        effective_at=at,
        decided_at=at,
        instrument=instrument,
        findings_seen=seen,
    )
    if outcome != "referred" and not only_reported:
        take_step(row, "decided", act=act, at=at)
    return made


def _check_did_not_ask(request: Request, actor: Actor, action: str) -> None:
    """The policy `requester-never-decides` knows roles; this knows who drafted or submitted this very request."""
    asked = request.steps.filter(state__in=("draft", "submitted"), act__actor=actor.user)
    if asked.exists():
        raise NotPermitted(actor=actor.name, action=action, policy="requester-never-decides", roles=[])


def _issued_here(request: Request) -> bool:
    return request.decisions.filter(reported_on=None).exclude(outcome=Decision.Outcome.REFERRED).exists()


def _limits(outcome: str, limits: dict[str, Any] | None) -> rules.Limits | None:
    if (outcome in APPROVALS) != (limits is not None):
        raise LimitsNeeded(outcome=outcome)
    return None if limits is None else rules.Limits.from_json(limits)


def _check_against(seen: Assessment, limits: rules.Limits) -> None:
    for finding in seen.findings.filter(finding="prohibited"):
        allowed = limits.tasks_allowed is None or finding.task in limits.tasks_allowed
        if allowed and finding.task not in limits.tasks_barred:
            raise BeyondTheLaw(task=finding.task, words=finding.words, citation=finding.citation)


def _keep(
    request: Request, outcome: str, reason: str, limits: rules.Limits | None, act: Act, *, effective_at: datetime,
    **details: Any,
) -> Decided:  # fmt: skip
    check_happened(effective_at, now=act.recorded_at)
    number = request.decisions.count() + 1
    made = Decision.objects.create(
        id=f"{request.pk}-D{number}", act=act, request=request, office=request.asked, outcome=outcome, reason=reason,
        latest=1, **details,
    )  # fmt: skip
    said = limits.to_json() if limits else None
    Version.objects.create(
        act=act, decision=made, n=1, kind="issued", effective_at=effective_at, limits=said, reason=reason
    )
    return Decided(made.pk, 1)


@action("decisions.record_reported", about=assistance.locked)
def record_reported(
    *, act: Act, row: Request, actor: Actor, request: Code, outcome: Outcome, reason: Reason, reported_on: date,
    source: SourceGiven, zone_name: Annotated[str, Field(max_length=40)], limits: dict[str, Any] | None = None,
    about: bool = False,
) -> Decided:  # fmt: skip
    """Record a decision that a source reports, when nobody here saw it taken: the moment it was taken stays not recorded.

    A report is a fact, so it is kept whatever the findings say, and counts from the start of the day it was reported. `about`
    says that this day is not exact, as where a source bears no date.

    Raises NotAllowedFrom, LimitsNeeded, FaultyInput for the limits or the source, NotAZone, NotHappenedYet.
    """
    requests.check_step(row.state, "decided")
    read = _limits(outcome, limits)
    at = start_of_day(reported_on, zone(zone_name))
    where = cited(source, act=act)
    made = _keep(
        row, outcome, reason, read, act, effective_at=at, reported_on=reported_on, reported_about=about, source=where
    )  # fmt: skip
    if outcome != "referred":
        take_step(row, "decided", act=act, at=at, reason=f"Reported by {source.publisher}.", approximate=True)
    return made


@action("decisions.amend", about=queries.locked)
def amend(
    *, act: Act, row: Decision, actor: Actor, decision: Code, limits: dict[str, Any], reason: Reason,
    effective_at: AwareDatetime,
) -> Decided:  # fmt: skip
    """Set other limits from a moment on; what was in force before stays readable. Raises FaultyInput, NotInForce."""
    _check_did_not_ask(row.request, actor, "decisions.amend")
    read = rules.Limits.from_json(limits)
    _check_standing(row, effective_at)
    if seen := authority.latest(row.request_id):
        _check_against(seen, read)
    return _follow(row, "amended", act, reason, effective_at, limits=read.to_json())


@action("decisions.suspend", about=queries.locked)
def suspend(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime
) -> Decided:
    """Allow no new task or trip until it is resumed. Care, counts and releases go on. Raises NotInForce."""
    _check_standing(row, effective_at)
    return _follow(row, "suspended", act, reason, effective_at)


@action("decisions.resume", about=queries.locked)
def resume(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime
) -> Decided:
    """Let a suspended decision count again. Raises NotInForce where it is not suspended."""
    _check_did_not_ask(row.request, actor, "decisions.resume")
    why = queries.in_force_locked(row, effective_at).why
    if why != "suspended":
        raise NotInForce(decision=row.pk, why=why or "not suspended")
    return _follow(row, "resumed", act, reason, effective_at)


@action("decisions.revoke", about=queries.locked)
def revoke(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime
) -> Decided:
    """End it for good: open tasks and trips are finished, no new one begins. Raises NotInForce."""
    _check_standing(row, effective_at)
    return _follow(row, "revoked", act, reason, effective_at)


def _check_standing(row: Decision, at: datetime) -> None:
    why = queries.in_force_locked(row, at).why
    if why in ("revoked", "not_issued") or row.outcome not in APPROVALS:
        raise NotInForce(decision=row.pk, why=row.outcome if row.outcome not in APPROVALS else str(why))


def _follow(
    row: Decision,
    kind: str,
    act: Act,
    reason: str,
    effective_at: datetime,
    limits: dict[str, Any] | None = None,
) -> Decided:
    row.latest += 1
    row.save(update_fields=["latest"])
    Version.objects.create(
        act=act,
        decision=row,
        n=row.latest,
        kind=kind,
        effective_at=effective_at,
        limits=limits,
        reason=reason,
    )
    return Decided(row.pk, row.latest)
