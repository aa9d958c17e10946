"""The governor's office: the queue of requests to decide, a decision, and what follows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may, one_of
from muster.assistance.models import Request
from muster.assistance.queries import requests_of, scope_of
from muster.authority import queries as authority
from muster.core.errors import MusterError, NotFound
from muster.core.times import parse_moment
from muster.decisions import drafting, offices, queries, signatures
from muster.decisions.drafting import APPROVALS
from muster.decisions.holding import Verb
from muster.decisions.models import Decision
from muster.decisions.owed import owed
from muster.decisions.rules import sentences_of
from muster.ledger.queries import latest_known
from muster.missions.queries import missions_of
from muster.parties.models import Office
from muster.tasks.taskable import MAY, taskable_of
from muster.transport.outside import kept_against
from muster.web.forms import ActForm, Input, when
from muster.web.pages import Problem, signed_in
from muster.web.signing import SignedForm
from muster.web.views.requests import found

UTC_ZONE = ZoneInfo("UTC")


@signed_in
def queue(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits to be decided, the oldest first, and the decisions that are near their end or past it."""
    at, known_at = timezone.now(), latest_known()
    waiting: list[dict[str, Any]] = []
    for row in requests_of(actor).filter(state="in_review").prefetch_related("steps"):
        steps = list(row.steps.all())
        waiting.append({"row": row, "days": max(0, (at - steps[-1].happened_at).days), "check": _check_of(row),
                        "last": max((line.window_to for line in row.lines if line.window_to), default=None),
                        "may_decide": may(actor, "decisions.decide", scope_of(row))
                        and offices.may_act(row.asked, actor, "decide", at)})  # fmt: skip
    waiting.sort(key=lambda entry: -entry["days"])
    taken = []
    for decision in queries.decisions_of(actor).order_by("-act_id"):
        in_force = queries.in_force(decision, at, known_at)
        ends = in_force.limits.effective_to if in_force.limits else None
        left = (ends - at.date()).days if ends and in_force.why is None else None
        taken.append({"decision": decision, "in_force": in_force, "ends": ends, "left": left})
    context = {"waiting": waiting, "taken": taken, "now": at, "known_at": known_at}
    return render(request, "web/decisions.html", context)


def _check_of(row: Request) -> str:
    """The strictest finding about the request as it stands now; empty where nobody looked."""
    seen = authority.latest(row.pk)
    current = seen is not None and seen.version == row.version
    found = {finding.finding for finding in seen.findings.all()} if seen and current else set()
    return next(
        (one for one in ("prohibited", "needs_counsel", "conditional", "permitted") if one in found), ""
    )


PAPERS = ("confirm", "report")
FOLLOWS: dict[str, tuple[str, str, str]] = {
    "suspend": ("decisions.suspend", "Suspend", "No new task or trip begins until it is resumed. Care, counts and releases go on."),
    "resume": ("decisions.resume", "Resume", "It counts again from then on."),
    "confirm": ("decisions.confirm_in_writing", "Confirm in writing", "Due within 24 hours, and kept however late."),
    "report": ("decisions.record_report", "Record a report", "A report that the decision asks for, as it was given."),
    "revoke": ("decisions.revoke", "Revoke", "It ends for good: open tasks and trips are finished, and no new one begins."),
}  # fmt: skip


@signed_in
def one(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One decision: what it allows now, every version, and what can follow."""
    row = decision_for(actor, name)
    at, known_at = timezone.now(), latest_known()
    in_force = queries.in_force(row, at, known_at)
    follows = [
        (verb, words[1]) for verb, words in FOLLOWS.items()
        if _may_follow(actor, row, verb, at) and _fits(verb, in_force.why) and row.outcome in APPROVALS
    ]  # fmt: skip
    if (
        row.outcome in APPROVALS
        and in_force.why not in ("revoked", "not_issued")
        and _may_act(actor, row, "amend", at)
    ):
        follows.insert(0, ("amend", "Amend"))
    owing = owed(row, in_force, at, known_at)
    reads_only = row.reported_on is not None and row.request.state == "decided"
    versions = row.versions.select_related("act__actor", "act__number", "delegation")
    signed = signatures.of_acts([each.act_id for each in versions])
    context = {
        "row": row, "drill": row.request.kind == "exercise", "in_force": in_force, "now": at, "known_at": known_at,
        "order": sentences_of(in_force.limits), "follows": follows,
        "versions": [(each, signed.get(each.act_id)) for each in versions], "report": owing.report, "paper": owing.paper,
        "lines": [line.in_full for line in queries.lines_of(row)],
        "may_report": may(actor, "decisions.record_report", queries.scope_of(row)),
        "may_decide_here": reads_only and may(actor, "decisions.decide", scope_of(row.request))
        and offices.may_act(row.request.asked, actor, "decide", at),
        "missions": missions_of(actor).filter(decision=row), "kept": kept_against(row, known_at),
    }  # fmt: skip
    return render(request, "web/decision.html", context)


@signed_in
def what_may_be_tasked(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Every task category under a decision, as of a day or now: whether it may be tasked, and what stops it."""
    row = decision_for(actor, name)
    asked = request.GET.get("at", "").strip()[:60]
    context = {"row": row, "drill": row.request.kind == "exercise", "entered_at": asked}
    try:
        found = taskable_of(row, asked or None, None)
    except MusterError as refusal:
        problems = [Problem("at", str(refusal))]
        return render(request, "web/taskable.html", {**context, "problems": problems}, status=refusal.status)
    context |= {
        "found": found,
        "at": parse_moment(found["at"], UTC_ZONE),
        "zone": queries.zone_of(row, found["known_at"]).key,
    }
    may_be = [each for each in found["tasks"] if each["finding"] in MAY]
    stopped = [each for each in found["tasks"] if each["finding"] not in MAY]
    context["groups"] = [("May be tasked", may_be), ("May not be tasked", stopped)]
    return render(request, "web/taskable.html", context)


def _may_follow(actor: Actor, row: Decision, verb: str, at: datetime) -> bool:
    action = FOLLOWS[verb][0]
    if verb in PAPERS:
        return may(actor, action, queries.scope_of(row))
    return _may_act(actor, row, cast(Verb, verb), at)


def _may_act(actor: Actor, row: Decision, verb: Verb, at: datetime) -> bool:
    return may(actor, f"decisions.{verb}", queries.scope_of(row)) and offices.may_act(
        row.office, actor, verb, at
    )


def _fits(verb: str, why: str | None) -> bool:
    if verb in PAPERS:
        return False  # they have places of their own on the page
    return (
        why == "suspended"
        if verb == "resume"
        else why in (None, "not_yet", *(("suspended",) if verb == "revoke" else ()))
    )


def decision_for(actor: Actor, name: str) -> Decision:
    return one_of(queries.decisions_of(actor), "decision", name)


@signed_in
def follow(request: HttpRequest, actor: Actor, name: str, verb: str) -> HttpResponse:
    """Suspend, resume or revoke a decision, with the reason."""
    row = decision_for(actor, name)
    if verb not in FOLLOWS:
        raise NotFound(kind="act on a decision", name=verb)
    action, title, lead = FOLLOWS[verb]
    can(actor, action, queries.scope_of(row))
    given = {"decision": row.pk}
    back, drill = reverse("decision", args=[row.pk]), row.request.kind == "exercise"
    if verb in PAPERS:
        words = {"confirm": Input("instrument", "The paper", hint="Such as Letter of 2 March, 26-118."),
                 "report": Input("words", "What was reported", "long")}  # fmt: skip
        moment = when("When it was signed" if verb == "confirm" else "When it was given")
        return ActForm(
            action=action, title=f"{title}: {row.pk}", button=title, inputs=[words[verb], moment], given=given, lead=lead,
            done=lambda answer: f"{answer.decision}: {verb}, kept.", back=back, drill=drill,
        ).page(request, actor)  # fmt: skip
    offices.acts_for(row.office, actor, cast(Verb, verb), timezone.now())
    return SignedForm(
        action=action, title=f"{title} {row.pk}", button=f"{title} decision", given=given, lead=lead, back=back, drill=drill,
        inputs=[Input("reason", "Why", "long", "It stands in the record."), when("From when", "effective_at")],
        done=lambda answer: f"{answer.decision}: {verb}, version {answer.version}.", about={"core.not_a_moment": "effective_at"},
        draft=lambda read, now: drafting.following(row, actor, cast(Verb, verb), now=now, **read), moment="effective_at",
    ).page(request, actor)  # fmt: skip


@signed_in
def refer(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Refer a request that is in review to another office, which then decides it."""
    row = found(actor, name)
    can(actor, "decisions.decide", scope_of(row))
    offices.acts_for(row.asked, actor, "decide", timezone.now())
    others = Office.objects.exclude(pk=row.asked_id).order_by("title")
    inputs = [
        Input("refer_to", "Office that is to decide", "choice", choices=[(each.pk, each.title) for each in others]),
        Input("reason", "Why", "long", "It stands in the record."), when("When it was referred"),
    ]  # fmt: skip
    return SignedForm(
        action="decisions.decide", title=f"Refer {row.title}", button="Refer request", inputs=inputs,
        given={"request": row.pk, "outcome": "referred"}, done=lambda answer: f"{row.pk} is referred, by {answer.decision}.",
        lead="It stays in review, and the office that you name decides it.", back=reverse("decisions"), drill=row.kind == "exercise",
        draft=lambda read, now: drafting.decision(row, actor, outcome="referred", now=now, **read), moment="at",
    ).page(request, actor)  # fmt: skip
