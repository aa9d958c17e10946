"""The governor's office: the queue of requests to decide, deciding one line by line, and what follows a decision."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
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
from muster.core.reading import as_day
from muster.core.times import parse_moment
from muster.decisions import actions as decisions
from muster.decisions import offices, queries
from muster.decisions.holding import Verb
from muster.decisions.lines import is_sensitive, read_lines
from muster.decisions.models import Decision
from muster.decisions.orders import sentences_of
from muster.decisions.owed import owed
from muster.decisions.rules import Limits
from muster.ledger.queries import latest_known
from muster.missions.queries import missions_of
from muster.parties.models import Office
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
INSTRUMENTS = (
    ("unstated", "Not stated"),
    ("executive_order", "Executive order"),
    ("letter", "Letter"),
    ("verbal", "Verbal, to be confirmed in writing within 24 hours"),
)
OF_LIMITS = ("people_max", "vehicles_max", "person_days_max", "cost_cap_usd", "reporting_interval_days")
OF_EVERY_OUTCOME = ("instrument_kind", "instrument", "legal_authority", "funding_ref", "reason", "at")
DETAILS: tuple[Input, ...] = (
    Input("people_max", "People at most at any one moment", "number", "In all, over every task.", needed=False),
    Input("vehicles_max", "Vehicles at most at any one moment", "number", needed=False),
    Input("person_days_max", "Person-days at most over the whole time", "number", "People times days, over every task.", needed=False),
    Input("cost_cap_usd", "Cost at most, in US dollars", "number", needed=False),
    Input("reporting_interval_days", "Days from one report to the next", "number", "Empty: no report is asked for.", needed=False),
    Input("effective_from", "First day", "day", "Such as 2026-03-01.", needed=False),
    Input("effective_to", "Last day, included", "day", "Such as 2026-03-31.", needed=False),
    Input("zone", "Time zone of these days", "choice", choices=tuple((zone, zone) for zone in ZONES)),
    Input("places", "Places", "long", "One on each line, as the lines of the request name them. Empty: anywhere.", needed=False, rows=3),
    Input("barred", "Tasks barred by name", hint="Such as T11, T12. Refused lines and exclusions are barred anyway.", needed=False),
    Input("contact", "Contact with persons in custody", "radio", choices=CONTACT),
    Input("armed", "Arms", "radio", choices=ARMED),
    Input("ruf_version", "Rules for the use of force", hint="Their name and version. Needed where anybody may be armed.", needed=False),
    Input("volunteers_only", "Volunteers only", "flag"),
    Input("conditions", "Conditions", "long", "One on each line.", needed=False, rows=3),
    Input("instrument_kind", "Kind of instrument", "choice", choices=INSTRUMENTS, needed=False),
    Input("instrument", "Instrument", hint="Such as Executive order 26-04.", needed=False),
    Input("legal_authority", "Laws that it rests on", "long", "One on each line.", needed=False, rows=3),
    Input("funding_ref", "Funding reference", needed=False),
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
    places: str
    begins: str
    ends: str
    opens: str  # the hours of each day
    closes: str
    why: str

    @property
    def allowed(self) -> bool:
        return self.chosen in ("allow", "limit")

    def as_judged(self) -> dict[str, Any]:
        """The same as the action takes it."""
        said = {"n": self.line.n, "judgement": self.chosen, "words": self.why.strip()}
        if self.barred:
            said["words"] = f"Refused by the law: {self.finding.words}"
        if self.chosen != "limit":
            return said
        places = [each.strip() for each in self.places.split(";") if each.strip()]
        return said | {
            "people_max": int(self.people) if self.people else None, "places": places,
            "effective_from": self.begins or None, "effective_to": self.ends or None,
            "hours_from": self.opens or None, "hours_until": self.closes or None,
        }  # fmt: skip

    @property
    def in_words(self) -> str:
        """The line as the order says it; once what was entered was read."""
        return replace(read_lines([self.as_judged()])[0], task=self.line.task).in_full


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


@signed_in
def decide(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Read the lines, set the limits, review the order in words, sign. Nothing is recorded before it is signed."""
    row = found(actor, name)
    can(actor, "decisions.decide", scope_of(row))
    if request.method != "POST":
        offices.acts_for(row.asked, actor, "decide", timezone.now())
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
                **_papers(request.POST),
            )
            messages.success(request, f"{row.pk} is {outcome.replace('_', ' ')}. {record(done)}")
            return redirect("decision", done.answer.decision)
        if request.POST.get("step") != "change":
            context |= {"lines": [choice.in_words for choice in choices],
                        "order": sentences_of(Limits.from_json(limits)) if limits else [], "reason": reason,
                        "carried": [(n, v) for n, v in request.POST.items() if n not in NOT_CARRIED]}  # fmt: skip
            return form_page(request, "web/decide_review.html", context)
    except KeyReused:
        messages.info(request, ONCE)
        return redirect("decisions")
    except MusterError as told:
        refusal = told
    return form_page(request, "web/decide.html", context, refusal=refusal)


def _papers(entered: QueryDict) -> dict[str, Any]:
    """What stands beside the limits: by which instrument, on which law and money, and which assessment was read."""
    kind = entered.get("instrument_kind", "")
    return {
        "instrument_kind": "" if kind == "unstated" else kind,
        "instrument": entered.get("instrument", "").strip(),
        "legal_authority": _lines(entered.get("legal_authority")),
        "funding_ref": entered.get("funding_ref", "").strip(),
        "assessment": entered.get("assessment") or None,
    }


def _choice(line: Any, finding: Any, entered: QueryDict) -> Choice:
    barred = finding is not None and finding.finding == "prohibited"
    sensitive = is_sensitive(line.task, line.words)
    chosen = entered.get(f"line-{line.n}", "refuse" if sensitive and not entered else "")
    return Choice(
        line, finding, sensitive, barred, "refuse" if barred else chosen, entered.get(f"people-{line.n}", "").strip(),
        entered.get(f"places-{line.n}", "").strip(), entered.get(f"begins-{line.n}", "").strip(), entered.get(f"ends-{line.n}", "").strip(),
        entered.get(f"opens-{line.n}", "").strip(), entered.get(f"closes-{line.n}", "").strip(), entered.get(f"why-{line.n}", ""),
    )  # fmt: skip


def _limits(row: Request, choices: list[Choice], request: HttpRequest) -> dict[str, Any] | None:
    """The limits that the form says; None where every line is refused. Raises FaultyInput with every fault."""
    faults = _faults(choices)
    read: dict[str, Any] = {}
    allowed = [choice for choice in choices if choice.allowed]
    try:
        read = read_all([one for one in DETAILS if allowed or one.name in OF_EVERY_OUTCOME], request, "UTC")
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
        **{name: read[name] for name in OF_LIMITS}, "ruf_version": read["ruf_version"] or "", "contact": read["contact"],
        "armed": read["armed"], "volunteers_only": read["volunteers_only"], "places": _lines(read["places"]),
        "effective_from": read["effective_from"], "effective_to": read["effective_to"],
        "conditions": [*_lines(read["conditions"])],
    }  # fmt: skip
    Limits.from_json(limits)  # its faults are told here, before anybody signs
    return limits


def _faults(choices: list[Choice]) -> list[Fault]:
    faults = []
    for choice in choices:
        n = choice.line.n
        if choice.chosen not in ("allow", "limit", "refuse"):
            message = f"Line {n}: choose whether it is allowed or refused."
            faults.append(Fault(None, f"line-{n}", "web.bad_field", message))
        if (
            choice.chosen == "limit"
            and choice.people
            and not (choice.people.isascii() and choice.people.isdecimal())
        ):
            message = f"Line {n}: say in digits how many people at most."
            faults.append(Fault(None, f"people-{n}", "web.bad_field", message))
        elif choice.chosen == "limit" and not any(
            (choice.people, choice.places, choice.begins, choice.ends, choice.opens, choice.closes)
        ):
            message = f"Line {n}: say what limits it: how many people, where, from when, until when or at which hours."
            faults.append(Fault(None, f"people-{n}", "web.bad_field", message))
        for name, label, day in (("begins", "first", choice.begins), ("ends", "last", choice.ends)):
            if choice.chosen == "limit" and day and as_day(day) is None:
                message = f"Line {n}: write its {label} day as 2026-03-01."
                faults.append(Fault(None, f"{name}-{n}", "web.bad_field", message))
        faults += _of_hours(choice)
        if choice.allowed and choice.sensitive and len(choice.why.strip()) < 3:
            message = f"Line {n} is sensitive. Say why it is allowed."
            faults.append(Fault(None, f"why-{n}", "web.bad_field", message))
    return faults


def _of_hours(choice: Choice) -> list[Fault]:
    if choice.chosen != "limit" or not (choice.opens or choice.closes):
        return []
    try:
        read_lines(
            [
                {
                    "n": choice.line.n,
                    "judgement": "limit",
                    "hours_from": choice.opens,
                    "hours_until": choice.closes,
                }
            ]
        )
    except FaultyInput:
        message = f"Line {choice.line.n}: write both its hours, such as 08:00 and 17:00."
        return [Fault(None, f"opens-{choice.line.n}", "web.bad_field", message)]
    return []


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


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
    row = _decision(actor, name)
    at, known_at = timezone.now(), latest_known()
    in_force = queries.in_force(row, at, known_at)
    follows = [
        (verb, words[1]) for verb, words in FOLLOWS.items()
        if _may_follow(actor, row, verb, at) and _fits(verb, in_force.why) and row.outcome in decisions.APPROVALS
    ]  # fmt: skip
    owing = owed(row, in_force, at, known_at)
    reads_only = row.reported_on is not None and row.request.state == "decided"
    context = {
        "row": row, "drill": row.request.kind == "exercise", "in_force": in_force, "now": at, "known_at": known_at,
        "order": sentences_of(in_force.limits), "follows": follows,
        "versions": row.versions.select_related("act__actor", "act__number", "delegation"), "report": owing.report, "paper": owing.paper,
        "lines": [line.in_full for line in queries.lines_of(row)],
        "may_report": may(actor, "decisions.record_report", queries.scope_of(row)),
        "may_decide_here": reads_only and may(actor, "decisions.decide", scope_of(row.request))
        and offices.may_act(row.request.asked, actor, "decide", at),
        "missions": missions_of(actor).filter(decision=row),
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


def _may_follow(actor: Actor, row: Decision, verb: str, at: datetime) -> bool:
    action = FOLLOWS[verb][0]
    if not may(actor, action, queries.scope_of(row)):
        return False
    return verb in PAPERS or offices.may_act(row.office, actor, cast(Verb, verb), at)


def _fits(verb: str, why: str | None) -> bool:
    if verb in PAPERS:
        return False  # they have places of their own on the page
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
    if verb not in PAPERS:
        offices.acts_for(row.office, actor, cast(Verb, verb), timezone.now())
    inputs = {
        "confirm": [Input("instrument", "The paper", hint="Such as Letter of 2 March, 26-118."), when("When it was signed")],
        "report": [Input("words", "What was reported", "long"), when("When it was given")],
    }.get(verb, [Input("reason", "Why", "long", "It stands in the record."), when("From when", "effective_at")])  # fmt: skip
    button = title if verb in PAPERS else f"{title} decision"
    return ActForm(
        action=action, title=f"{title}: {row.pk}" if verb in PAPERS else f"{title} {row.pk}", button=button, inputs=inputs,
        given={"decision": row.pk}, lead=lead,
        done=lambda answer: f"{answer.decision}: {verb}, {'kept' if verb in PAPERS else f'version {answer.version}'}.",
        back=reverse("decision", args=[row.pk]), drill=row.request.kind == "exercise", about={"core.not_a_moment": "effective_at"},
    ).page(request, actor)  # fmt: skip


@signed_in
def refer(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Refer a request that is in review to another office, which then decides it."""
    row = found(actor, name)
    can(actor, "decisions.decide", scope_of(row))
    offices.acts_for(row.asked, actor, "decide", timezone.now())
    others = Office.objects.exclude(pk=row.asked_id).order_by("title")
    inputs = [
        Input(
            "refer_to",
            "Office that is to decide",
            "choice",
            choices=[(each.pk, each.title) for each in others],
        ),
        Input("reason", "Why", "long", "It stands in the record."),
        when("When it was referred"),
    ]
    return ActForm(
        action="decisions.decide", title=f"Refer {row.title}", button="Refer request", inputs=inputs,
        given={"request": row.pk, "outcome": "referred"}, done=lambda answer: f"{row.pk} is referred, by {answer.decision}.",
        lead="It stays in review, and the office that you name decides it.", back=reverse("decisions"),
        drill=row.kind == "exercise",
    ).page(request, actor)  # fmt: skip
