"""Deciding a request line by line, and amending what was decided: read, limits, review, sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect
from django.utils import timezone

from muster.access.control import Actor, can, one_of
from muster.assistance.models import Request
from muster.assistance.queries import scope_of
from muster.authority import queries as authority
from muster.core.errors import MusterError
from muster.decisions import actions as decisions
from muster.decisions import drafting, offices, queries
from muster.decisions.comparing import Changed, changes
from muster.decisions.deciding import narrowed
from muster.decisions.drafting import ChangedMeanwhile, Draft
from muster.decisions.lines import JudgedLine
from muster.decisions.models import Decision
from muster.decisions.rules import Limits
from muster.decisions.rules import Version as RuleVersion
from muster.record.action import KeyReused
from muster.transport.outside import would_be_outside
from muster.web.forms import ONCE, Input, record
from muster.web.orderform import (
    DETAILS,
    OPTIONS,
    Choice,
    amendable,
    entered_choices,
    limits_entered,
    lines_in,
    standing_choices,
)
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.signing import assertion_in, carried, to_sign
from muster.web.views.requests import found, with_findings

UTC_ZONE = ZoneInfo("UTC")


@signed_in
def decide(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Read the lines, set the limits, review the order in words, sign. Nothing is recorded before it is signed."""
    row = found(actor, name)
    can(actor, "decisions.decide", scope_of(row))
    if request.method != "POST":
        offices.acts_for(row.asked, actor, "decide", timezone.now())
    choices = entered_choices(with_findings(row), request.POST)
    context: dict[str, Any] = {
        "row": row, "drill": row.kind == "exercise", "choices": choices, "details": DETAILS, "options": OPTIONS,
        "seen": authority.latest(row.pk), "review": authority.review_of(row),
    }  # fmt: skip
    if request.method != "POST":
        return form_page(request, "web/decide.html", context)
    refusal, limits = None, None
    try:
        limits = limits_entered(
            choices, request, DETAILS, {exclusion.task for exclusion in row.exclusions.all()}
        )
        at = moment_in(request.POST.get("at", ""), UTC_ZONE)
        given = _given(request.POST, choices, limits, at)
        if request.POST.get("step") == "sign":
            done = decisions.decide(
                actor=actor, key=key_of(request), request=row.pk, passkey=assertion_in(request), **given
            )
            messages.success(request, f"{row.pk} is {given['outcome'].replace('_', ' ')}. {record(done)}")
            return redirect("decision", done.answer.decision)
        if (theirs := _decided_meanwhile(row)) is not None:
            return _meanwhile_decided(request, theirs, limits, choices)
        if request.POST.get("step") != "change":
            draft = drafting.decision(row, actor, now=timezone.now(), **given)
            context |= {
                "draft": draft,
                "sign": to_sign(actor, draft),
                "carried": carried(request, at=at.isoformat()),
            }
            return form_page(request, "web/decide_review.html", context)
    except KeyReused:
        messages.info(request, ONCE)
        return redirect("decisions")
    except ChangedMeanwhile as told:
        return _meanwhile_assessed(request, row, told, choices)
    except MusterError as told:
        if request.POST.get("step") == "sign" and (theirs := _decided_meanwhile(row)) is not None:
            return _meanwhile_decided(request, theirs, limits, choices)
        refusal = told
    return form_page(request, "web/decide.html", context, refusal=refusal)


def _given(
    entered: QueryDict, choices: Sequence[Choice], limits: dict[str, Any] | None, at: datetime
) -> dict[str, Any]:
    """What was entered as the action takes it, and the draft."""
    kind = entered.get("instrument_kind", "")
    return {
        "outcome": "approved_with_limits" if limits else "declined", "reason": entered.get("reason", "").strip(), "limits": limits,
        "lines": [choice.as_judged() for choice in choices], "at": at, "instrument_kind": "" if kind == "unstated" else kind,
        "instrument": entered.get("instrument", "").strip(), "legal_authority": lines_in(entered.get("legal_authority")),
        "funding_ref": entered.get("funding_ref", "").strip(), "assessment": _uuid(entered.get("assessment", "")),
    }  # fmt: skip


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# --- amending -------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """What an amendment starts from: the version that counts last, by everything committed."""

    version: int
    limits: Limits
    lines: tuple[JudgedLine, ...]


@signed_in
def amend(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The limits as they stand, changed; then what changes sentence by sentence, and what would stand outside; then the signature."""
    row = one_of(queries.decisions_of(actor), "decision", name)
    can(actor, "decisions.amend", queries.scope_of(row))
    if request.method != "POST":
        offices.acts_for(row.office, actor, "amend", timezone.now())
    standing = _standing(row)
    pairs = with_findings(row.request, queries.decided_on(row))
    stood = standing_choices(pairs, standing.lines)
    choices = entered_choices(pairs, request.POST) if request.method == "POST" else stood
    fields: tuple[Input, ...] = amendable(standing.limits, stood)
    context: dict[str, Any] = {
        "row": row, "drill": row.request.kind == "exercise", "choices": choices, "details": fields, "options": OPTIONS,
        "after_version": request.POST.get("after_version") or row.latest,
    }  # fmt: skip
    if request.method != "POST":
        return form_page(request, "web/amend.html", context)
    refusal = None
    try:
        limits = limits_entered(choices, request, fields, standing=standing.limits)
        assert limits is not None  # where no line is allowed it has refused
        at = moment_in(request.POST.get("effective_at", ""), UTC_ZONE)
        read = request.POST.get("after_version", "")
        if not (read.isascii() and read.isdecimal()) or int(read) != row.latest:
            return _meanwhile_amended(request, row, standing, limits, choices, read)
        given = {
            "reason": request.POST.get("reason", "").strip(), "limits": limits, "effective_at": at, "after_version": int(read),
            "lines": [choice.as_judged() for choice in choices],
        }  # fmt: skip
        if request.POST.get("step") == "sign":
            done = decisions.amend(
                actor=actor, key=key_of(request), decision=row.pk, passkey=assertion_in(request), **given
            )
            messages.success(request, f"{row.pk} is amended: version {done.answer.version}. {record(done)}")
            return redirect("decision", row.pk)
        if request.POST.get("step") != "change":
            return _review_amendment(request, actor, context, standing, given)
    except KeyReused:
        messages.info(request, ONCE)
        return redirect("decision", row.pk)
    except MusterError as told:
        refusal = told
    return form_page(request, "web/amend.html", context, refusal=refusal)


def _review_amendment(
    request: HttpRequest, actor: Actor, context: dict[str, Any], standing: Standing, given: dict[str, Any]
) -> HttpResponse:
    row: Decision = context["row"]
    draft = drafting.amendment(row, actor, now=timezone.now(), **given)
    context |= {
        "draft": draft, "sign": to_sign(actor, draft), "carried": carried(request, effective_at=draft.effective_at.isoformat()),
        "changes": changes((standing.limits, standing.lines), (draft.limits, draft.lines or ())),
        "outside": would_be_outside(row, _version(draft)), "zone": standing.limits.zone,
    }  # fmt: skip
    return form_page(request, "web/amend_review.html", context)


def _version(draft: Draft) -> RuleVersion:
    return RuleVersion(
        n=draft.n, kind="amended", effective_at=draft.effective_at, known=0, limits=draft.limits, lines=draft.lines or ()
    )  # fmt: skip


def _standing(row: Decision) -> Standing:
    """Raises NotInForce where the decision never allowed anything."""
    limiting = [version for version in queries.versions_locked(row) if version.limits is not None]
    latest = max(limiting, key=lambda version: (version.effective_at, version.n), default=None)
    if latest is None or latest.limits is None:
        raise drafting.NotInForce(decision=row.pk, why=row.outcome)
    return Standing(latest.n, latest.limits, latest.lines)


# --- changed meanwhile ----------------------------------------------------------------


def _decided_meanwhile(row: Request) -> Decision | None:
    return drafting.issued_here(row).order_by("act_id").last() if row.state == "decided" else None


def _mine(limits: dict[str, Any] | None, choices: Sequence[Choice]) -> tuple[Limits | None, list[JudgedLine]]:
    lines = [choice.judged for choice in choices]
    return (None if limits is None else narrowed(Limits.from_json(limits), lines)), lines


def _meanwhile_decided(
    request: HttpRequest, theirs: Decision, limits: dict[str, Any] | None, choices: Sequence[Choice]
) -> HttpResponse:
    told = f"{theirs.request_id} was decided by {theirs.pk} while you were deciding it. Nothing of yours was recorded."
    stands = max(queries.versions_locked(theirs), key=lambda version: (version.effective_at, version.n))
    found = changes((stands.limits, stands.lines), _mine(limits, choices))
    may_amend = theirs.outcome in drafting.APPROVALS and limits is not None
    return _meanwhile(request, theirs, told, found, theirs.latest if may_amend else None)


def _meanwhile_amended(
    request: HttpRequest, row: Decision, standing: Standing, limits: dict[str, Any], choices: Sequence[Choice], read: str
) -> HttpResponse:  # fmt: skip
    told = f"{row.pk} is at version {row.latest} now; you read version {read[:9] or 'none'}. Nothing of yours was recorded."
    found = changes((standing.limits, standing.lines), _mine(limits, choices))
    return _meanwhile(request, row, told, found, row.latest)


def _meanwhile(
    request: HttpRequest, row: Decision, told: str, found: list[Changed], after_version: int | None
) -> HttpResponse:
    """Both orders side by side, what was entered kept. `after_version` None: theirs allows nothing that could be amended."""
    context = {
        "row": row, "drill": row.request.kind == "exercise", "told": told, "changes": found, "after_version": after_version,
        "carried": [pair for pair in carried(request) if pair[0] != "after_version"],
    }  # fmt: skip
    answer = form_page(request, "web/decision_meanwhile.html", context)
    answer.status_code = ChangedMeanwhile.status
    return answer


def _meanwhile_assessed(
    request: HttpRequest, row: Request, told: ChangedMeanwhile, choices: Sequence[Choice]
) -> HttpResponse:
    """What was found when it was read, beside what is found now; what was entered is kept."""
    read = authority.found_in(row.pk, _uuid(request.POST.get("assessment", "")))
    rows = [
        (choice.line, read.get(choice.line.n), choice.finding, choice.judged.in_full) for choice in choices
    ]
    context = {
        "row": row, "drill": row.kind == "exercise", "told": told, "rows": rows, "seen": authority.latest(row.pk),
        "carried": [pair for pair in carried(request) if pair[0] != "assessment"],
    }  # fmt: skip
    answer = form_page(request, "web/assessed_meanwhile.html", context)
    answer.status_code = ChangedMeanwhile.status
    return answer
