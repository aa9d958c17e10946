"""Deciding a request, recording a decision that a source reports, and what follows a decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from muster.access.control import Actor
from muster.access.passkeys import Assertion, Passkey
from muster.assistance import queries as assistance
from muster.assistance import rules as requests
from muster.assistance.actions import take_step
from muster.assistance.models import Request
from muster.core.errors import MusterError
from muster.core.times import check_happened, start_of_day, zone
from muster.decisions import drafting, queries, signatures
from muster.decisions.drafting import Draft, NotInForce
from muster.decisions.models import Confirmation, Decision, Report, Version
from muster.record.action import action
from muster.record.models import Act
from muster.sources.actions import SourceGiven, cited

Code = Annotated[str, Field(max_length=70)]
Reason = Annotated[str, Field(min_length=3, max_length=4000)]
InstrumentKind = Literal["", "executive_order", "letter", "verbal"]
LegalAuthority = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=50)]
Outcome = Literal["approved", "approved_with_limits", "declined", "referred"]


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
    refer_to: Code = "", supersedes: Code = "", assessment: UUID | None = None, passkey: Assertion | None = None,
) -> Decided:  # fmt: skip
    """Decide a request that is in review, for the office that was asked, on the latest findings, each of its lines.

    `lines` says of a line by its number `n` whether its `judgement` is allow, limit or refuse, with the decision's `words`; of a
    line that nothing is said of, the limits decide; a sensitive one is then refused. `assessment` is the one that was read. A
    decision that was only reported does not take it from the office. A referral leaves the request in review, and the office
    named decides it. What is superseded is revoked from `at` on.

    An account that has a passkey signs with it: `passkey` is its assertion over what `drafting.decision` gives.

    Raises NotPermitted for who asked, NotTheHolder, NotAllowedFrom, NotAssessed, ChangedMeanwhile, LimitsNeeded, FaultyInput for
    limits and lines, ReferToNeeded, NotFound, LegalityRed, RulesOfForceNeeded, SensitiveLine, LinesDisagree, NotInFull,
    BeyondTheLaw, CannotSupersede, NotHappenedYet, PasskeyNeeded, PasskeyRefused.
    """
    if supersedes:
        queries.for_change(supersedes)
    draft = drafting.decision(
        row, actor, outcome=outcome, reason=reason, at=at, now=act.recorded_at, limits=limits, lines=lines, instrument=instrument,
        instrument_kind=instrument_kind, legal_authority=legal_authority, funding_ref=funding_ref, refer_to=refer_to,
        supersedes=supersedes, assessment=assessment,
    )  # fmt: skip
    only_reported, signed = drafting.is_only_reported(row), signatures.checked(draft, actor, passkey)
    made = _keep(draft, act, signed, passkey)
    if superseded := draft.details["supersedes"]:
        revoked = drafting.next_version(
            superseded, "revoked", f"Superseded by {made.decision}.", at, draft.delegation
        )
        _follow(revoked, act)
    if referred_to := draft.details["referred_to"]:
        row.asked = referred_to
        row.save(update_fields=["asked"])
    elif not only_reported:
        take_step(row, "decided", act=act, at=at)
    return made


def _keep(
    draft: Draft, act: Act, signed: tuple[str, Passkey] | None = None, given: Assertion | None = None
) -> Decided:
    request = draft.request
    made = Decision.objects.create(
        id=f"{request.pk}-D{request.decisions.count() + 1}", act=act, request=request, office=draft.office, reason=draft.reason,
        latest=1, **draft.details,
    )  # fmt: skip
    return _version(made, draft, act, signed, given)


def _version(
    row: Decision, draft: Draft, act: Act, signed: tuple[str, Passkey] | None, given: Assertion | None
) -> Decided:
    made = Version.objects.create(
        act=act, decision=row, n=draft.n, kind=draft.kind, effective_at=draft.effective_at, reason=draft.reason,
        limits=draft.limits and draft.limits.to_json(), lines=drafting.lines_as_data(draft.lines), delegation=draft.delegation,
    )  # fmt: skip
    signatures.keep(made, act, signed, given)
    return Decided(row.pk, draft.n)


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
    read = drafting.limits_for(outcome, limits)
    at = start_of_day(reported_on, zone(zone_name))
    where = cited(source, act=act)
    check_happened(at, now=act.recorded_at)
    details = {"outcome": outcome, "reported_on": reported_on, "reported_about": about, "source": where}
    draft = Draft(
        request=row, decision=None, office=row.asked, n=1, kind="issued", effective_at=at, reason=reason, limits=read, details=details
    )  # fmt: skip
    made = _keep(draft, act)
    if outcome != "referred":
        take_step(row, "decided", act=act, at=at, reason=f"Reported by {source.publisher}.", approximate=True)
    return made


@action("decisions.amend", about=queries.locked)
def amend(
    *, act: Act, row: Decision, actor: Actor, decision: Code, limits: dict[str, Any], reason: Reason,
    effective_at: AwareDatetime, lines: list[dict[str, Any]] = [],  # noqa: B006 read, never changed
    after_version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None, passkey: Assertion | None = None,
) -> Decided:  # fmt: skip
    """Set other limits from a moment on; what was in force before stays readable.

    A line that nothing is said of stays as it was decided, unless the limits now name its task or leave it out. `after_version`
    is the one that was read.

    Raises NotPermitted for who asked, NotTheHolder, FaultyInput, NotInForce, ChangedMeanwhile, LegalityRed, RulesOfForceNeeded,
    SensitiveLine, LinesDisagree, BeyondTheLaw, PasskeyNeeded, PasskeyRefused.
    """
    draft = drafting.amendment(
        row, actor, limits=limits, reason=reason, effective_at=effective_at, now=act.recorded_at, lines=lines,
        after_version=after_version,
    )  # fmt: skip
    return _signed(draft, act, actor, passkey)


@action("decisions.suspend", about=queries.locked)
def suspend(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime,
    passkey: Assertion | None = None,
) -> Decided:  # fmt: skip
    """Allow no new task or trip until it is resumed. Care, counts and releases go on. Raises NotTheHolder, NotInForce, PasskeyNeeded."""
    draft = drafting.following(
        row, actor, "suspend", reason=reason, effective_at=effective_at, now=act.recorded_at
    )
    return _signed(draft, act, actor, passkey)


@action("decisions.resume", about=queries.locked)
def resume(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime,
    passkey: Assertion | None = None,
) -> Decided:  # fmt: skip
    """Let a suspended decision count again. Raises NotTheHolder, PasskeyNeeded; NotInForce where it is not suspended."""
    draft = drafting.following(
        row, actor, "resume", reason=reason, effective_at=effective_at, now=act.recorded_at
    )
    return _signed(draft, act, actor, passkey)


@action("decisions.revoke", about=queries.locked)
def revoke(
    *, act: Act, row: Decision, actor: Actor, decision: Code, reason: Reason, effective_at: AwareDatetime,
    passkey: Assertion | None = None,
) -> Decided:  # fmt: skip
    """End it for good: open tasks and trips are finished, no new one begins. Raises NotTheHolder, NotInForce, PasskeyNeeded."""
    draft = drafting.following(
        row, actor, "revoke", reason=reason, effective_at=effective_at, now=act.recorded_at
    )
    return _signed(draft, act, actor, passkey)


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


def _signed(draft: Draft, act: Act, actor: Actor, given: Assertion | None) -> Decided:
    return _follow(draft, act, signatures.checked(draft, actor, given), given)


def _follow(
    draft: Draft, act: Act, signed: tuple[str, Passkey] | None = None, given: Assertion | None = None
) -> Decided:
    row = draft.decision
    assert row is not None  # drafts of new decisions are kept by `_keep`
    row.latest = draft.n
    row.save(update_fields=["latest"])
    return _version(row, draft, act, signed, given)
