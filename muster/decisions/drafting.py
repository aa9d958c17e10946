"""What a version of a decision would say before anybody signs it: every rule is asked, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from muster.access.control import Actor, NotPermitted
from muster.assistance import rules as requests
from muster.assistance.models import Request
from muster.authority import queries as authority
from muster.authority.models import Assessment
from muster.authority.review import check_legality
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened
from muster.decisions import offices, queries, rules
from muster.decisions.deciding import check_arms, judged_lines, narrowed
from muster.decisions.holding import Verb
from muster.decisions.lines import JudgedLine, read_lines
from muster.decisions.models import Decision, Delegation
from muster.decisions.rules import sentences_of
from muster.parties.models import Office

FORMAT = "muster.signed/1"
APPROVALS = ("approved", "approved_with_limits")
# A new decision's own columns that a signature binds, beside what every version says.
SIGNED_DETAILS = (
    "outcome", "instrument", "instrument_kind", "legal_authority", "funding_ref", "referred_to", "supersedes", "findings_seen",
)  # fmt: skip


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


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A version of a decision as it would be kept: what is read before it is signed, and what a signature binds.

    `decision` is None where it would be made; `details` are then its own columns, and the version's number is 1.
    """

    request: Request
    decision: Decision | None
    office: Office
    n: int
    kind: str
    effective_at: datetime
    reason: str
    limits: rules.Limits | None = None
    lines: tuple[JudgedLine, ...] | None = None
    delegation: Delegation | None = None
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def sentences(self) -> list[str]:
        """The order in words: the limits, and what is said of each line."""
        return [*sentences_of(self.limits), *(line.in_full for line in self.lines or ())]

    def text(self, account: int) -> str:
        """What the account's signature binds: all of it as JSON with sorted keys and no spaces, with the sentences that were read."""
        told = said(
            account, decision=self.decision, n=self.n, kind=self.kind, office=self.office.pk, request=self.request.pk,
            effective_at=self.effective_at, reason=self.reason, limits=None if self.limits is None else self.limits.to_json(),
            lines=lines_as_data(self.lines), delegation=None if self.delegation is None else self.delegation.pk, details=self.details,
        )  # fmt: skip
        return canonical({**told, "sentences": self.sentences})


def said(
    account: int, *, decision: Decision | None, n: int, kind: str, office: str, request: str, effective_at: datetime, reason: str,
    limits: Mapping[str, Any] | None, lines: Sequence[Mapping[str, Any]] | None, delegation: int | None, details: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Everything that a version says, as data, with the account that signs it. Of a new decision the id is not known yet."""
    own = {name: getattr(value, "pk", value) for name, value in details.items() if name in SIGNED_DETAILS}
    return {
        "format": FORMAT, "account": account, "office": office, "request": request, "decision": decision and decision.pk,
        "version": n, "kind": kind, "effective_at": effective_at.astimezone(UTC).isoformat(), "reason": reason, "limits": limits,
        "lines": lines, "delegation": delegation,
        **{name: str(value) if isinstance(value, UUID) else value for name, value in own.items()},
    }  # fmt: skip


def canonical(told: Mapping[str, Any]) -> str:
    """Data as JSON with sorted keys and no spaces."""
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def lines_as_data(lines: tuple[JudgedLine, ...] | None) -> list[dict[str, Any]] | None:
    """The judged lines as a version keeps them."""
    return None if lines is None else [line.to_json() for line in lines]


def decision(
    row: Request, actor: Actor, *, outcome: str, reason: str, at: datetime, now: datetime, limits: dict[str, Any] | None = None,
    lines: Sequence[dict[str, Any]] = (), instrument: str = "", instrument_kind: str = "", legal_authority: Sequence[str] = (),
    funding_ref: str = "", refer_to: str = "", supersedes: str = "", assessment: UUID | None = None,
) -> Draft:  # fmt: skip
    """What a decision on a request would say. Raises what `actions.decide` raises."""
    _check_did_not_ask(row, actor, "decisions.decide")
    delegation = offices.acts_for(row.asked, actor, "decide", at)
    if not is_only_reported(row):
        requests.check_step(row.state, "decided")
    seen = _seen(row, assessment)
    read = limits_for(outcome, limits)
    judged = _judged(row, row.version, read_lines(lines), read)
    referred_to = _referred_to(row, outcome, refer_to)
    if read is not None:
        check_legality(authority.review_of(row), request=row.pk)
        check_arms(read)
        _check_in_full(outcome, read, judged)
        read = narrowed(read, judged)
        _check_against(seen, read)
    superseded = _superseded(row, supersedes, at) if supersedes else None
    check_happened(at, now=now)
    details = {
        "outcome": outcome, "instrument": instrument, "instrument_kind": instrument_kind, "legal_authority": list(legal_authority),
        "funding_ref": funding_ref, "referred_to": referred_to, "supersedes": superseded, "findings_seen": seen, "decided_at": at,
    }  # fmt: skip
    return Draft(
        request=row, decision=None, office=row.asked, n=1, kind="issued", effective_at=at, reason=reason, limits=read,
        lines=None if outcome == "referred" else judged, delegation=delegation, details=details,
    )  # fmt: skip


def amendment(
    row: Decision, actor: Actor, *, limits: dict[str, Any], reason: str, effective_at: datetime, now: datetime,
    lines: Sequence[dict[str, Any]] = (), after_version: int | None = None,
) -> Draft:  # fmt: skip
    """What an amendment would say. Raises what `actions.amend` raises."""
    _check_did_not_ask(row.request, actor, "decisions.amend")
    delegation = offices.acts_for(row.office, actor, "amend", now)
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
    return next_version(row, "amended", reason, effective_at, delegation, limits=read, lines=judged)


def following(
    row: Decision, actor: Actor, verb: Verb, *, reason: str, effective_at: datetime, now: datetime
) -> Draft:
    """What a suspension, its end, or a revocation would say. Raises what the action of that verb raises."""
    if verb == "resume":
        _check_did_not_ask(row.request, actor, "decisions.resume")
    delegation = offices.acts_for(row.office, actor, verb, now)
    if verb == "resume":
        why = queries.in_force_locked(row, effective_at).why
        if why != "suspended":
            raise NotInForce(decision=row.pk, why=why or "not suspended")
    else:
        _check_standing(row, effective_at)
    kind = {"suspend": "suspended", "resume": "resumed", "revoke": "revoked"}[verb]
    return next_version(row, kind, reason, effective_at, delegation)


def next_version(
    row: Decision, kind: str, reason: str, effective_at: datetime, delegation: Delegation | None, *,
    limits: rules.Limits | None = None, lines: tuple[JudgedLine, ...] | None = None,
) -> Draft:  # fmt: skip
    """The version that would follow the latest."""
    return Draft(
        request=row.request, decision=row, office=row.office, n=row.latest + 1, kind=kind, effective_at=effective_at, reason=reason,
        limits=limits, lines=lines, delegation=delegation,
    )  # fmt: skip


def is_only_reported(request: Request) -> bool:
    """Whether what is known of its being decided is a report, which takes nothing from the office that was asked."""
    return request.state == "decided" and not issued_here(request).exists()


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
    found = queries.named(code)
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


def issued_here(request: Request) -> QuerySet[Decision]:
    """The decisions about a request that were issued here: neither reported nor a referral."""
    return request.decisions.filter(reported_on=None).exclude(outcome=Decision.Outcome.REFERRED)


def limits_for(outcome: str, limits: dict[str, Any] | None) -> rules.Limits | None:
    """Read the limits, which an approval has and nothing else. Raises LimitsNeeded, FaultyInput."""
    if (outcome in APPROVALS) != (limits is not None):
        raise LimitsNeeded(outcome=outcome)
    return None if limits is None else rules.Limits.from_json(limits)


def _check_against(seen: Assessment, limits: rules.Limits) -> None:
    for finding in seen.findings.filter(finding="prohibited"):
        allowed = limits.tasks_allowed is None or finding.task in limits.tasks_allowed
        if allowed and finding.task not in limits.tasks_barred:
            raise BeyondTheLaw(task=finding.task, words=finding.words, citation=finding.citation)


def _check_standing(row: Decision, at: datetime) -> None:
    why = queries.in_force_locked(row, at).why
    if why in ("revoked", "not_issued") or row.outcome not in APPROVALS:
        raise NotInForce(decision=row.pk, why=row.outcome if row.outcome not in APPROVALS else str(why))
