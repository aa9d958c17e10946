"""The governor's office: the queue of requests to decide, deciding one line by line, and what follows a decision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.assistance.models import Request
from muster.assistance.queries import requests_of, scope_of
from muster.authority import queries as authority
from muster.core.errors import Fault, FaultyInput, MusterError, NotFound
from muster.core.times import parse_moment
from muster.decisions import actions as decisions
from muster.decisions import queries
from muster.decisions.lines import is_sensitive
from muster.decisions.models import Decision
from muster.decisions.orders import sentences_of
from muster.decisions.rules import Limits
from muster.ledger.queries import latest_known
from muster.missions.queries import missions_of
from muster.record.action import KeyReused
from muster.tasks.taskable import MAY, taskable_of
from muster.web.forms import ONCE, ActForm, Input, read_all, record, when
from muster.web.pages import Problem, form_page, key_of, moment_in, signed_in
from muster.web.views.requests import found, with_findings

UTC_ZONE = ZoneInfo("UTC")
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage",
    "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam",
)  # fmt: skip
NOT_CARRIED = ("csrfmiddlewaretoken", "step", "key")
OPTIONS = (("allow", "Allow"), ("limit", "Allow with a limit"), ("refuse", "Refuse"))
CONTACT = (("none", "None"), ("incidental", "Incidental at most"), ("direct", "Direct"))
ARMED = (
    ("none", "Nobody is armed"),
    ("individual", "Single members may be armed"),
    ("unit", "The unit may be armed"),
)
DETAILS: tuple[Input, ...] = (
    Input("people_max", "People at most at any one moment", "number", "In all, over every task.", needed=False),
    Input("effective_from", "First day", "day", "Such as 2026-03-01.", needed=False),
    Input("effective_to", "Last day, included", "day", "Such as 2026-03-31.", needed=False),
    Input("zone", "Time zone of these days", "choice", choices=tuple((zone, zone) for zone in ZONES)),
    Input("places", "Places", "long", "One on each line, as the lines of the request name them. Empty: anywhere.", needed=False, rows=3),
    Input("barred", "Tasks barred by name", hint="Such as T11, T12. Refused lines and exclusions are barred anyway.", needed=False),
    Input("contact", "Contact with persons in custody", "radio", choices=CONTACT),
    Input("armed", "Arms", "radio", choices=ARMED),
    Input("volunteers_only", "Volunteers only", "flag"),
    Input("conditions", "Conditions", "long", "One on each line.", needed=False, rows=3),
    Input("reason", "Why it is decided so", "long", "The requester and the public read it."),
    Input("at", "Time decided", "moment", "Leave empty for now. Else as 2026-03-01 14:05, in UTC or with its offset."),
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What was chosen for one line of the request."""

    line: Any
    finding: Any
    sensitive: bool
    barred: bool  # by law: it cannot be allowed here
    chosen: str  # allow, limit, refuse or empty
    people: str
    why: str

    @property
    def allowed(self) -> bool:
        return self.chosen in ("allow", "limit")

    def as_judged(self) -> dict[str, Any]:
        """The same as the action takes it."""
        said = {"n": self.line.n, "judgement": self.chosen, "words": self.why.strip()}
        if self.barred:
            said["words"] = f"Refused by the law: {self.finding.words}"
        return said | ({"people_max": int(self.people)} if self.chosen == "limit" else {})


@signed_in
def queue(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits to be decided, the oldest first, and the decisions that are near their end or past it."""
    at, known_at = timezone.now(), latest_known()
    waiting: list[dict[str, Any]] = []
    for row in requests_of(actor).filter(state="in_review").prefetch_related("steps"):
        steps = list(row.steps.all())
        waiting.append({"row": row, "days": max(0, (at - steps[-1].happened_at).days), "check": _check_of(row),
                        "may_decide": may(actor, "decisions.decide", scope_of(row))})  # fmt: skip
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


@signed_in
def decide(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Read the lines, set the limits, review the order in words, sign. Nothing is recorded before it is signed."""
    row = found(actor, name)
    can(actor, "decisions.decide", scope_of(row))
    choices = [_choice(line, finding, request.POST) for line, finding in with_findings(row)]
    context: dict[str, Any] = {
        "row": row, "drill": row.kind == "exercise", "choices": choices, "details": DETAILS, "options": OPTIONS,
        "seen": authority.latest(row.pk), "review": authority.review_of(row),
    }  # fmt: skip
    if request.method != "POST":
        return form_page(request, "web/decide.html", context)
    refusal = None
    try:
        limits = _limits(row, choices, request)
        outcome = "approved_with_limits" if limits else "declined"
        reason = request.POST.get("reason", "").strip()
        if request.POST.get("step") == "sign":
            done = decisions.decide(
                actor=actor,
                key=key_of(request),
                request=row.pk,
                outcome=outcome,
                reason=reason,
                limits=limits,
                lines=[choice.as_judged() for choice in choices],
                at=moment_in(request.POST.get("at", ""), UTC_ZONE),
            )
            messages.success(request, f"{row.pk} is {outcome.replace('_', ' ')}. {record(done)}")
            return redirect("decision", done.answer.decision)
        if request.POST.get("step") != "change":
            context |= {"order": sentences_of(Limits.from_json(limits)) if limits else [], "reason": reason,
                        "carried": [(n, v) for n, v in request.POST.items() if n not in NOT_CARRIED]}  # fmt: skip
            return form_page(request, "web/decide_review.html", context)
    except KeyReused:
        messages.info(request, ONCE)
        return redirect("decisions")
    except MusterError as told:
        refusal = told
    return form_page(request, "web/decide.html", context, refusal=refusal)


def _choice(line: Any, finding: Any, entered: QueryDict) -> Choice:
    barred = finding is not None and finding.finding == "prohibited"
    sensitive = is_sensitive(line.task, line.words)
    chosen = entered.get(f"line-{line.n}", "refuse" if sensitive and not entered else "")
    return Choice(
        line, finding, sensitive, barred, "refuse" if barred else chosen, entered.get(f"people-{line.n}", ""),
        entered.get(f"why-{line.n}", ""),
    )  # fmt: skip


def _limits(row: Request, choices: list[Choice], request: HttpRequest) -> dict[str, Any] | None:
    """The limits that the form says; None where every line is refused. Raises FaultyInput with every fault."""
    faults = _faults(choices)
    read: dict[str, Any] = {}
    allowed = [choice for choice in choices if choice.allowed]
    try:
        read = read_all([one for one in DETAILS if allowed or one.name in ("reason", "at")], request, "UTC")
    except FaultyInput as told:
        faults += told.faults
    if len(request.POST.get("reason", "").strip()) < 3:
        faults.append(Fault(None, "reason", "web.bad_field", "Say why it is decided so."))
    if faults:
        raise FaultyInput(faults)
    if not allowed:
        return None
    tasks = sorted({choice.line.task for choice in allowed})
    refused = {choice.line.task for choice in choices if not choice.allowed}
    named = {task.upper() for task in re.split(r"[\s,;]+", read["barred"] or "") if task}
    left_out = {exclusion.task for exclusion in row.exclusions.all()}
    limits = {
        "zone": read["zone"], "tasks_allowed": tasks, "tasks_barred": sorted((refused | left_out | named) - set(tasks)),
        "people_max": read["people_max"], "people_max_by_task": _by_task(allowed), "contact": read["contact"],
        "armed": read["armed"], "volunteers_only": read["volunteers_only"], "places": _lines(read["places"]),
        "effective_from": read["effective_from"], "effective_to": read["effective_to"],
        "conditions": [*_lines(read["conditions"]), *(f"{c.line.task}: {c.why.strip()}" for c in allowed if c.sensitive)],
    }  # fmt: skip
    Limits.from_json(limits)  # its faults are told here, before anybody signs
    return limits


def _by_task(allowed: list[Choice]) -> dict[str, int]:
    """The most people of each task that is allowed with a limit; two lines of one task add up."""
    most: dict[str, int] = {}
    for choice in allowed:
        if choice.chosen == "limit":
            most[choice.line.task] = most.get(choice.line.task, 0) + int(choice.people)
    return most


def _faults(choices: list[Choice]) -> list[Fault]:
    faults = []
    for choice in choices:
        n = choice.line.n
        if choice.chosen not in ("allow", "limit", "refuse"):
            message = f"Line {n}: choose whether it is allowed or refused."
            faults.append(Fault(None, f"line-{n}", "web.bad_field", message))
        if choice.chosen == "limit" and not (choice.people.isascii() and choice.people.isdecimal()):
            message = f"Line {n}: say in digits how many people at most."
            faults.append(Fault(None, f"people-{n}", "web.bad_field", message))
        if choice.allowed and choice.sensitive and len(choice.why.strip()) < 3:
            message = f"Line {n} is sensitive. Say why it is allowed."
            faults.append(Fault(None, f"why-{n}", "web.bad_field", message))
    return faults


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


FOLLOWS: dict[str, tuple[str, str, str]] = {
    "suspend": ("decisions.suspend", "Suspend", "No new task or trip begins until it is resumed. Care, counts and releases go on."),
    "resume": ("decisions.resume", "Resume", "It counts again from then on."),
    "revoke": ("decisions.revoke", "Revoke", "It ends for good: open tasks and trips are finished, and no new one begins."),
}  # fmt: skip


@signed_in
def one(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One decision: what it allows now, every version, and what can follow."""
    row = _decision(actor, name)
    at, known_at = timezone.now(), latest_known()
    in_force = queries.in_force(row, at, known_at)
    follows = [
        (verb, words[1]) for verb, words in FOLLOWS.items()
        if may(actor, words[0], queries.scope_of(row)) and _fits(verb, in_force.why) and row.outcome in decisions.APPROVALS
    ]  # fmt: skip
    context = {
        "row": row, "drill": row.request.kind == "exercise", "in_force": in_force, "now": at, "known_at": known_at,
        "order": sentences_of(in_force.limits), "follows": follows,
        "versions": row.versions.select_related("act__actor", "act__number"), "missions": missions_of(actor).filter(decision=row),
    }  # fmt: skip
    return render(request, "web/decision.html", context)


@signed_in
def what_may_be_tasked(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Every task category under a decision, as of a day or now: whether it may be tasked, and what stops it."""
    row = _decision(actor, name)
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


def _fits(verb: str, why: str | None) -> bool:
    return (
        why == "suspended"
        if verb == "resume"
        else why in (None, "not_yet", *(("suspended",) if verb == "revoke" else ()))
    )


def _decision(actor: Actor, name: str) -> Decision:
    row = queries.decisions_of(actor).filter(pk=name).first()
    if row is None:
        raise NotFound(kind="decision", name=name)
    return row


@signed_in
def follow(request: HttpRequest, actor: Actor, name: str, verb: str) -> HttpResponse:
    """Suspend, resume or revoke a decision, with the reason."""
    row = _decision(actor, name)
    if verb not in FOLLOWS:
        raise NotFound(kind="act on a decision", name=verb)
    action, title, lead = FOLLOWS[verb]
    can(actor, action, queries.scope_of(row))
    inputs = [Input("reason", "Why", "long", "It stands in the record."), when("From when", "effective_at")]
    return ActForm(
        action=action, title=f"{title} {row.pk}", button=f"{title} decision", inputs=inputs, given={"decision": row.pk},
        done=lambda answer: f"{answer.decision}: {verb}, version {answer.version}.", lead=lead,
        back=reverse("decision", args=[row.pk]), drill=row.request.kind == "exercise", about={"core.not_a_moment": "effective_at"},
    ).page(request, actor)  # fmt: skip
