"""Requests: what was asked, what was found, where each stands, and the step that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, Scope, agencies_of, can, may
from muster.assistance import actions as assistance
from muster.assistance.models import Paper, Request
from muster.assistance.queries import alike, as_rule, requests_of, scope_of
from muster.assistance.rules import NEXT, REASONS, MalformedRequest
from muster.authority import queries as authority
from muster.core.errors import FaultyInput, MusterError, NotFound
from muster.core.files import Malformed, read_data
from muster.decisions.models import Decision
from muster.parties.models import Office
from muster.record.action import KeyReused
from muster.web.forms import ONCE, ActForm, Input, record, when
from muster.web.pages import form_page, key_of, signed_in
from muster.web.paging import page_of

ANY = tuple(NEXT)
OPEN = ("draft", "submitted", "returned_for_information", "validated", "in_review")
REASON = Input("reason", "Why, in words", "long", "The requester reads it.")
WORDS = Input(
    "reason",
    "Why, in words",
    "long",
    "The requester reads it. Needed where the reason is another one.",
    needed=False,
)


ABOUT = {"assistance.reason_needed": "reason", "assistance.also_duplicate": "of"}


def why(state: str) -> Input:
    """The field for the coded reason of a step that leads there."""
    return Input("code", "Reason", "choice", choices=list(REASONS[state].items()))


@dataclass(frozen=True)
class StepForm:
    """A step that a request can take by a form of its own, and the words around it."""

    action: str
    verb: str
    title: str
    inputs: tuple[Input, ...]
    states: tuple[str, ...]  # in which it can be taken

    @property
    def button(self) -> str:
        return self.verb


STEPS: dict[str, StepForm] = {
    "submit": StepForm("assistance.submit", "Submit request", "Submit", (when("Time submitted"),), ("draft", "returned_for_information")),
    "validate": StepForm("assistance.validate", "Record as complete", "Complete", (when("Time found complete"),), ("submitted",)),
    "return": StepForm(
        "assistance.return_for_information", "Return for information", "Return for information",
        (why("returned_for_information"), REASON, when("Time returned")), ("submitted",),
    ),
    # Its form asks for facts too: `assessments.assess`.
    "assess": StepForm("authority.assess", "Record assessment", "Assess", (), OPEN),
    "review": StepForm("assistance.review", "Put before the office", "Put in review", (when("Time put in review"),), ("validated",)),
    "duplicate": StepForm(
        "assistance.mark_duplicate", "Record as a duplicate", "Mark as a duplicate",
        (Input("of", "The other request", "choice"), why("duplicate_of"), WORDS, when("Time found")),
        ("submitted", "validated", "in_review"),
    ),
    "paper": StepForm(
        "assistance.record_paper", "Record the paper", "Record the paper",
        (Input("reference", "What it is, and where it is kept"),
         Input("offers_reimbursement", "It offers to pay back", "radio", "Leave it open where the paper does not say.",
               (("yes", "Yes"), ("no", "No")), needed=False),
         when("Time received", "received_at")),
        ANY,
    ),
    "withdraw": StepForm("assistance.withdraw", "Withdraw request", "Withdraw", (why("withdrawn"), WORDS, when("Time withdrawn")), OPEN),
    "expire": StepForm("assistance.expire", "Record as expired", "Expire", (why("expired"), WORDS, when("Time expired")), OPEN[1:]),
    "close": StepForm("assistance.close", "Close request", "Close", (why("closed"), WORDS, when("Time closed")), ("decided",)),
}  # fmt: skip


@signed_in
def queue(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The requests that the actor may read: those that wait first, the one waiting longest in front."""
    rows = requests_of(actor).prefetch_related("steps")
    waiting = [(row, _waits_days(row)) for row in rows.filter(state__in=OPEN)]
    waiting.sort(key=lambda pair: -pair[1])
    ended = page_of(request, rows.exclude(state__in=OPEN).order_by("-act_id", "id"))
    context = {"waiting": waiting, "ended": ended, "may_draft": _offices(actor) != [], "now": timezone.now()}
    return render(request, "web/requests.html", context)


def _waits_days(row: Request) -> int:
    latest = list(row.steps.all())[-1]
    return max(0, (timezone.now() - latest.happened_at).days)


def _offices(actor: Actor) -> list[Office]:
    """The offices that the actor may put a request to: a requester any, who handles requests those of their own."""
    agencies = [None, *agencies_of(actor)]
    return [
        office
        for office in Office.objects.order_by("title")
        if any(
            may(actor, "assistance.draft", Scope("request", "", office.organisation_id, asker=a))
            for a in agencies
        )
    ]


@signed_in
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Record a request from its file, pasted or uploaded: every fault is told, and what was entered is kept."""
    offices = _offices(actor)
    if not offices:
        can(actor, "assistance.draft", Scope("request", "a new request", None))
    refusal = None
    if request.method == "POST":
        try:
            data = _read(request.POST.get("text", ""))
            done = assistance.draft(actor=actor, key=key_of(request), request=data, at=timezone.now())
        except KeyReused:
            messages.info(request, ONCE)
            return redirect("requests")
        except MusterError as told:
            refusal = told
        else:
            messages.success(request, f"{done.answer.request} is recorded as a draft. {record(done)}")
            return redirect("request", done.answer.request)
    context = {"offices": offices}
    return form_page(request, "web/request_new.html", context, refusal=_in_one_field(refusal), fields={
        "core.not_found": "text", "assistance.in_the_record": "text", "assistance.malformed": "text",
    })  # fmt: skip


def _read(text: str) -> dict[str, object]:
    try:
        return dict(read_data(text))
    except Malformed as fault:
        raise MalformedRequest(reason=fault.reason, row=fault.row) from None


def _in_one_field(refusal: MusterError | None) -> MusterError | None:
    """The faults of a pasted request lead to the field that it was pasted into."""
    if isinstance(refusal, FaultyInput):
        return FaultyInput(
            [type(f)(f.row, "text", f.code, f"{f.column}: {f.message}") for f in refusal.faults]
        )
    return refusal


def found(actor: Actor, name: str) -> Request:
    """The request, for those who may read it. Raises NotFound."""
    row = requests_of(actor).filter(pk=name).first()
    if row is None:
        raise NotFound(kind="request", name=name)
    return row


@signed_in
def one(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One request: lines with their findings, every step it took, decisions, and what can be done next."""
    row = found(actor, name)
    scope = scope_of(row)
    seen = authority.latest(row.pk)
    next_steps = [
        (key, step)
        for key, step in STEPS.items()
        if row.state in step.states and _makes_sense(key, row) and may(actor, step.action, scope)
    ]
    context = {
        "row": row, "drill": row.kind == "exercise", "lines": with_findings(row), "seen": seen,
        "steps": row.steps.select_related("act__number", "act__actor"), "next_steps": next_steps,
        "decisions": Decision.objects.filter(request=row).select_related("office", "source"),
        "may_decide": row.state == "in_review" and may(actor, "decisions.decide", scope),
    }  # fmt: skip
    return render(request, "web/request.html", context)


def _makes_sense(verb: str, row: Request) -> bool:
    return verb != "paper" or (row.verbal and not Paper.objects.filter(request=row).exists())


def with_findings(row: Request) -> list[tuple[object, object]]:
    """Each line of a request with what was found about it as it stands now; None where nobody looked."""
    seen = authority.latest(row.pk)
    current = seen is not None and seen.version == row.version
    findings = {finding.line: finding for finding in seen.findings.all()} if seen and current else {}
    return [(line, findings.get(line.n)) for line in row.lines.all()]


@signed_in
def step(request: HttpRequest, actor: Actor, name: str, verb: str) -> HttpResponse:
    """The form of one step of a request."""
    row = found(actor, name)
    form = STEPS.get(verb)
    if form is None:
        raise NotFound(kind="step of a request", name=verb)
    can(actor, form.action, scope_of(row))
    choices = {"of": _others(actor, row)}
    inputs = [_with(one, choices[one.name]) if one.name in choices else one for one in form.inputs]
    said: Callable[[object], str] = lambda answer: told(row.pk, answer)  # noqa: E731
    return ActForm(
        action=form.action, title=f"{form.title}: {row.pk}", button=form.button, inputs=inputs, given={"request": row.pk},
        done=said, back=reverse("request", args=[row.pk]), about=ABOUT, lead=row.title, drill=row.kind == "exercise",
    ).page(request, actor)  # fmt: skip


def _others(actor: Actor, row: Request) -> list[tuple[str, str]]:
    """The requests of which it may be a duplicate: those that look like it in front."""
    looks = [other.pk for other, _ in alike(actor, as_rule(row))]
    beside = requests_of(actor).filter(asked__organisation=row.asked.organisation_id).exclude(pk=row.pk)
    open_ones = beside.exclude(state="duplicate_of").values_list("pk", "title")
    found = [(pk, f"{pk}: {title}" + (" (looks like it)" if pk in looks else "")) for pk, title in open_ones]
    return sorted(found, key=lambda one: one[0] not in looks)


def _with(one: Input, choices: list[tuple[str, str]]) -> Input:
    return Input(one.name, one.label, one.kind, one.hint, choices, one.needed)


def told(name: str, answer: object) -> str:
    state = getattr(answer, "state", None)
    if state:
        return f"{name} is {state.replace('_', ' ')} now."
    findings = getattr(answer, "findings", {})
    return f"{name} is assessed: {_listed(findings)}."


def _listed(findings: dict[int, str]) -> str:
    return ", ".join(f"line {n} {finding.replace('_', ' ')}" for n, finding in findings.items())
