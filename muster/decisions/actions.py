"""Deciding a request, recording a decision that a source reports, and what follows a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, NotPermitted
from muster.assistance import queries as assistance
from muster.assistance import rules as requests
from muster.assistance.actions import take_step
from muster.assistance.models import Request
from muster.authority import queries as authority
from muster.authority.models import Assessment
from muster.authority.review import check_legality
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened, start_of_day, zone
from muster.decisions import offices, queries, rules
from muster.decisions.deciding import check_arms, judged_lines, narrowed
from muster.decisions.holding import Verb
from muster.decisions.lines import JudgedLine, read_lines
from muster.decisions.models import Confirmation, Decision, Delegation, Report, Version
from muster.parties.models import Office
from muster.record.action import action
from muster.record.models import Act
from muster.sources.actions import SourceGiven, cited

Code = Annotated[str, Field(max_length=70)]
Reason = Annotated[str, Field(min_length=3, max_length=4000)]
InstrumentKind = Literal["", "executive_order", "letter", "verbal"]
LegalAuthority = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=50)]
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


class NotInFull(MusterError):
    """An approval without limits allows every line as it is asked for; this one does not."""

    code = "decisions.not_in_full"

    def __init__(self, *, what: str) -> None:
        self.what = what
        super().__init__(
            f"Approved means every line as it was asked for, and {what}. Say approved with limits, or leave that out."
        )


class ReferToNeeded(MusterError):
    """A referral names another office, which then decides; nothing else names one."""

    code = "decisions.refer_to_needed"

    def __init__(self, *, outcome: str) -> None:
        self.outcome = outcome
        super().__init__(
            "A referral names the office that is to decide, another than this one, by its code in the record. "
            if outcome == "referred"
            else f"A decision that is {outcome.replace('_', ' ')} is referred to nobody: leave the office out."
        )


class ChangedMeanwhile(MusterError):
    """Somebody changed what this was about after it was read."""

    code = "decisions.changed_meanwhile"
    status = 412

    def __init__(self, *, what: str) -> None:
        super().__init__(
            f"{what} Nothing was recorded, and what you entered is kept. Read it again, then sign."
        )


class CannotSupersede(MusterError):
    """A decision takes the place of one of the same office, which allowed something."""

    code = "decisions.cannot_supersede"
    status = 409

    def __init__(self, *, decision: str, why: str) -> None:
        super().__init__(f"{decision} cannot be superseded: {why}. Name an approval of the same office.")


class NothingToConfirm(MusterError):
    """Only a verbal decision is confirmed in writing, and once."""

    code = "decisions.nothing_to_confirm"
    status = 409

    def __init__(self, *, decision: str, why: str) -> None:
        super().__init__(f"{decision} {why}, so there is nothing to confirm.")


class NoReportAsked(MusterError):
    """The decision asks for no report."""

    code = "decisions.no_report_asked"
    status = 409

    def __init__(self, *, decision: str) -> None:
        super().__init__(f"{decision} sets no reporting interval, so no report is owed under it.")


@dataclass(frozen=True)
class Kept:
    """The decision to which something was added."""

    decision: str


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
    limits: dict[str, Any] | None = None, lines: list[dict[str, Any]] = [],  # noqa: B006 read, never changed
    instrument: Annotated[str, Field(max_length=200)] = "", instrument_kind: InstrumentKind = "",
    legal_authority: LegalAuthority = [], funding_ref: Annotated[str, Field(max_length=200)] = "",  # noqa: B006
    refer_to: Code = "", supersedes: Code = "", assessment: UUID | None = None,
) -> Decided:  # fmt: skip
    """Decide a request that is in review, for the office that was asked, on the latest findings, each of its lines.

    `lines` says of a line by its number `n` whether its `judgement` is allow, limit or refuse, with the decision's `words`; of a
    line that nothing is said of, the limits decide; a sensitive one is then refused. `assessment` is the one that was read. A
    decision that was only reported does not take it from the office. A referral leaves the request in review, and the office
    named decides it. What is superseded is revoked from `at` on.

    Raises NotPermitted for who asked, NotTheHolder, NotAllowedFrom, NotAssessed, ChangedMeanwhile, LimitsNeeded, FaultyInput for
    limits and lines, ReferToNeeded, NotFound, LegalityRed, RulesOfForceNeeded, SensitiveLine, LinesDisagree, NotInFull,
    BeyondTheLaw, CannotSupersede, NotHappenedYet.
    """
    _check_did_not_ask(row, actor, "decisions.decide")
    delegation = offices.acts_for(row.asked, actor, "decide", at)
    only_reported = row.state == "decided" and not _issued_here(row)
    if not only_reported:
        requests.check_step(row.state, "decided")
    seen = _seen(row, assessment)
    read = _limits(outcome, limits)
    judged = _judged(row, row.version, read_lines(lines), read)
    referred_to = _referred_to(row, outcome, refer_to)
    if read is not None:
        check_legality(authority.review_of(row), request=row.pk)
        check_arms(read)
        _check_in_full(outcome, read, judged)
        read = narrowed(read, judged)
        _check_against(seen, read)
    superseded = _superseded(row, supersedes, at) if supersedes else None
    made = _keep(
        row,
        outcome,
        reason,
        read,
        act,
        effective_at=at,
        lines=None if outcome == "referred" else judged,
        delegation=delegation,
        decided_at=at,
        instrument=instrument,
        instrument_kind=instrument_kind,
        legal_authority=legal_authority,
        funding_ref=funding_ref,
        referred_to=referred_to,
        supersedes=superseded,
        findings_seen=seen,
    )
    if superseded is not None:
        _follow(superseded, "revoked", act, f"Superseded by {made.decision}.", at, delegation=delegation)
    if referred_to is not None:
        row.asked = referred_to
        row.save(update_fields=["asked"])
    elif not only_reported:
        take_step(row, "decided", act=act, at=at)
    return made


def _seen(request: Request, assessment: UUID | None) -> Assessment:
    seen = authority.latest(request.pk)
    if seen is None or seen.version != request.version:
        raise NotAssessed(request=request.pk)
    if assessment is not None and assessment != seen.pk:
        raise ChangedMeanwhile(what=f"{request.pk} was assessed again after you read what was found.")
    return seen


def _judged(
    request: Request, version: int, said: tuple[JudgedLine, ...], limits: rules.Limits | None, before: tuple[JudgedLine, ...] = ()
) -> tuple[JudgedLine, ...]:  # fmt: skip
    return judged_lines(queries.asked_lines(request, version), said, limits, before=before)


def _check_in_full(outcome: str, limits: rules.Limits, lines: tuple[JudgedLine, ...]) -> None:
    if outcome != "approved":
        return
    if short := [line.n for line in lines if line.judgement != "allow"]:
        raise NotInFull(what=f"line {short[0]} is not")
    if narrower := [name for name in limits.bounding if name != "armed" or limits.armed != "none"]:
        raise NotInFull(what=f"it sets the limit {narrower[0]}")


def _referred_to(request: Request, outcome: str, code: str) -> Office | None:
    if (outcome == "referred") != bool(code) or code == request.asked_id:
        raise ReferToNeeded(outcome=outcome)
    if not code:
        return None
    found = Office.objects.filter(pk=code).first()
    if found is None:
        raise NotFound(kind="office", name=code)
    return found


def _superseded(request: Request, code: str, at: datetime) -> Decision:
    found = queries.for_change(code)
    if found.office_id != request.asked_id:
        raise NotFound(kind="decision", name=code)
    if found.outcome not in APPROVALS or found.reported_on is not None:
        raise CannotSupersede(decision=code, why="it allowed nothing here")
    if queries.in_force_locked(found, at).why == "revoked":
        raise CannotSupersede(decision=code, why="it is revoked already")
    return found


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
    lines: tuple[JudgedLine, ...] | None = None, delegation: Delegation | None = None, **details: Any,
) -> Decided:  # fmt: skip
    check_happened(effective_at, now=act.recorded_at)
    number = request.decisions.count() + 1
    made = Decision.objects.create(
        id=f"{request.pk}-D{number}", act=act, request=request, office=request.asked, outcome=outcome, reason=reason,
        latest=1, **details,
    )  # fmt: skip
    said = limits.to_json() if limits else None
    Version.objects.create(
        act=act, decision=made, n=1, kind="issued", effective_at=effective_at, limits=said, reason=reason,
        lines=_as_data(lines), delegation=delegation,
    )  # fmt: skip
    return Decided(made.pk, 1)


def _as_data(lines: tuple[JudgedLine, ...] | None) -> list[dict[str, Any]] | None:
    return None if lines is None else [line.to_json() for line in lines]


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
    effective_at: AwareDatetime, lines: list[dict[str, Any]] = [],  # noqa: B006 read, never changed
    after_version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None,
) -> Decided:  # fmt: skip
    """Set other limits from a moment on; what was in force before stays readable.

    A line that nothing is said of stays as it was decided, unless the limits now name its task or leave it out. `after_version`
    is the one that was read.

    Raises NotPermitted for who asked, NotTheHolder, FaultyInput, NotInForce, ChangedMeanwhile, LegalityRed, RulesOfForceNeeded,
    SensitiveLine, LinesDisagree, BeyondTheLaw.
    """
    _check_did_not_ask(row.request, actor, "decisions.amend")
    delegation = _acts(row, actor, "amend", act)
    read = rules.Limits.from_json(limits)
    _check_standing(row, effective_at)
    if after_version is not None and after_version != row.latest:
        raise ChangedMeanwhile(
            what=f"{row.pk} is at version {row.latest} now; you read version {after_version}."
        )
    check_legality(authority.review_of(row.request), request=row.request_id)
    check_arms(read)
    judged = _judged(row.request, queries.decided_on(row), read_lines(lines), read, queries.lines_of(row))
    read = narrowed(read, judged)
    if seen := authority.latest(row.request_id):
        _check_against(seen, read)
    return _follow(
        row, "amended", act, reason, effective_at, limits=read.to_json(), lines=judged, delegation=delegation
    )


@action("decisions.suspend", about=queries.locked)
def suspend(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime
) -> Decided:
    """Allow no new task or trip until it is resumed. Care, counts and releases go on. Raises NotTheHolder, NotInForce."""
    delegation = _acts(row, actor, "suspend", act)
    _check_standing(row, effective_at)
    return _follow(row, "suspended", act, reason, effective_at, delegation=delegation)


@action("decisions.resume", about=queries.locked)
def resume(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime
) -> Decided:
    """Let a suspended decision count again. Raises NotTheHolder; NotInForce where it is not suspended."""
    _check_did_not_ask(row.request, actor, "decisions.resume")
    delegation = _acts(row, actor, "resume", act)
    why = queries.in_force_locked(row, effective_at).why
    if why != "suspended":
        raise NotInForce(decision=row.pk, why=why or "not suspended")
    return _follow(row, "resumed", act, reason, effective_at, delegation=delegation)


@action("decisions.revoke", about=queries.locked)
def revoke(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime
) -> Decided:
    """End it for good: open tasks and trips are finished, no new one begins. Raises NotTheHolder, NotInForce."""
    delegation = _acts(row, actor, "revoke", act)
    _check_standing(row, effective_at)
    return _follow(row, "revoked", act, reason, effective_at, delegation=delegation)


@action("decisions.confirm_in_writing", about=queries.locked)
def confirm_in_writing(
    *, act: Act, row: Decision, actor: Actor, decision: Code, instrument: Annotated[str, Field(min_length=3, max_length=200)],
    at: AwareDatetime,
) -> Kept:  # fmt: skip
    """Record the paper that confirms a verbal decision. A fact: it is kept however late. Raises NothingToConfirm, NotHappenedYet."""
    if row.instrument_kind != Decision.Instrument.VERBAL:
        raise NothingToConfirm(decision=row.pk, why="was not verbal")
    if Confirmation.objects.filter(decision=row).exists():
        raise NothingToConfirm(decision=row.pk, why="is confirmed already")
    check_happened(at, now=act.recorded_at)
    Confirmation.objects.create(act=act, decision=row, instrument=instrument, at=at)
    return Kept(row.pk)


@action("decisions.record_report", about=queries.locked)
def record_report(
    *, act: Act, row: Decision, actor: Actor, decision: Code, words: Reason, at: AwareDatetime
) -> Kept:
    """Record that a report which the decision asks for was given, and what it said. A fact, also after the decision has ended.

    Raises NoReportAsked, NotHappenedYet.
    """
    limits = queries.in_force_locked(row, at).limits
    if limits is None or limits.reporting_interval_days is None:
        raise NoReportAsked(decision=row.pk)
    check_happened(at, now=act.recorded_at)
    Report.objects.create(act=act, decision=row, at=at, words=words)
    return Kept(row.pk)


def _acts(row: Decision, actor: Actor, verb: Verb, act: Act) -> Delegation | None:
    """Under which delegation the actor follows a decision up, at the moment of the act; None: as the office's holder."""
    return offices.acts_for(row.office, actor, verb, act.recorded_at)


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
    lines: tuple[JudgedLine, ...] | None = None,
    delegation: Delegation | None = None,
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
        lines=_as_data(lines),
        delegation=delegation,
    )
    return Decided(row.pk, row.latest)
