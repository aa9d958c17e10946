"""Requests: what was asked, what was found, where each stands, and the step that follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, Scope, agencies_of, can, may, one_of
from muster.assistance.actions import Linked
from muster.assistance.comparing import said_of
from muster.assistance.forms import label
from muster.assistance.models import Paper, Request
from muster.assistance.queries import (
    alike,
    as_rule,
    fields_of,
    figures_of,
    lacking_of,
    links_of,
    paper_clock,
    requests_of,
    scope_of,
    search,
    waiting,
)
from muster.assistance.rules import AMENDABLE, NEXT, REASONS, missing
from muster.authority import queries as authority
from muster.core.errors import NotFound
from muster.decisions.models import Decision
from muster.ledger.queries import latest_known
from muster.parties.models import Office
from muster.tasks.counters import counters
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in
from muster.web.paging import PAGE, page_of

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
    "close": StepForm("assistance.close", "Close request", "Close", (why("closed"), WORDS, when("Time closed")), ("decided",)),
    "paper": StepForm(
        "assistance.record_paper", "Record the paper", "Record the paper",
        (Input("reference", "What it is, and where it is kept"),
         Input("offers_reimbursement", "It offers to pay back", "radio", "Leave it open where the paper does not say.",
               (("yes", "Yes"), ("no", "No")), needed=False),
         when("Time received", "received_at")),
        ANY,
    ),
    "duplicate": StepForm(
        "assistance.mark_duplicate", "Record as a duplicate", "Mark as a duplicate",
        (Input("of", "The other request", "choice"), why("duplicate_of"), WORDS, when("Time found")),
        ("submitted", "validated", "in_review"),
    ),
    "withdraw": StepForm("assistance.withdraw", "Withdraw request", "Withdraw", (why("withdrawn"), WORDS, when("Time withdrawn")), OPEN),
    "expire": StepForm("assistance.expire", "Record as expired", "Expire", (why("expired"), WORDS, when("Time expired")), OPEN[1:]),
    "link": StepForm(
        "assistance.link", "Record the link", "Link",
        (Input("relation", "This request", "radio", choices=(("separate_from", "is separate from"), ("continues", "continues"))),
         Input("to_request", "The other request", "choice", needed=False),
         Input("to_mission", "Or the mission", hint="Its code.", needed=False),
         Input("words", "In words", "long", needed=False)),
        ANY,
    ),
}  # fmt: skip


@signed_in
def queue(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who is waited for, the longest wait in front, and what is decided or ended; both can be searched."""
    asked, party = request.GET.get("q", "").replace("\0", "").strip()[:60], request.GET.get("party", "")
    rows = search(requests_of(actor), asked)
    of_all = waiting(actor, rows)
    parties = sorted({one.party for one in of_all})
    shown = [one for one in of_all if party in ("", one.party)]
    ended = page_of(request, rows.exclude(state__in=OPEN).order_by("-act_id", "id"))
    context = {
        "waiting": Paginator(shown, PAGE).get_page(request.GET.get("waiting")), "ended": ended, "asked": asked, "party": party,
        "parties": parties, "may_draft": offices_of(actor) != [], "now": timezone.now(),
    }  # fmt: skip
    return render(request, "web/requests.html", context)


def offices_of(actor: Actor) -> list[Office]:
    """The offices that the actor may put a request to: a requester any, who handles requests those of their own."""
    agencies = [None, *agencies_of(actor)]
    return [
        office
        for office in Office.objects.order_by("title")
        if any(
            may(actor, "assistance.draft", Scope("request", "", office.organisation_id, asker=agency))
            for agency in agencies
        )
    ]


def found(actor: Actor, name: str) -> Request:
    """The request, for those who may read it. Raises NotFound."""
    return one_of(requests_of(actor), "request", name)


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
    differences = row.differences.select_related("settled__act__actor")
    context = {
        "row": row, "drill": row.kind == "exercise", "lines": with_findings(row), "seen": seen,
        "counters": counters(row, timezone.now(), latest_known()) if row.state in ("decided", "closed") else [],
        "versions": row.versions.select_related("act__number", "act__actor"), "links": links_of(actor, row),
        "clock": paper_clock(row, timezone.now()), "paper": Paper.objects.filter(request=row).first(),
        "details": details_of(row), "documents": row.documents.all(), "figures": figures_of(row), "differences": differences,
        "may_settle": may(actor, "assistance.settle", scope), "may_unlink": may(actor, "assistance.unlink", scope),
        "may_amend": row.state in AMENDABLE and may(actor, "assistance.amend", scope),
        "missing": [label(str(fault.column)) for fault in missing(as_rule(row))] if row.state in OPEN else [],
        "unsigned": [lack for lack in lacking_of(row) if lack.path.startswith("approval.")],
        "steps": row.steps.select_related("act__number", "act__actor"), "next_steps": next_steps,
        "decisions": Decision.objects.filter(request=row).select_related("office", "source"),
        "may_decide": row.state == "in_review" and may(actor, "decisions.decide", scope),
    }  # fmt: skip
    return render(request, "web/request.html", context)


def details_of(row: Request) -> list[tuple[str, str]]:
    """What the request says of what the forms ask, in words."""
    said = fields_of(row)
    named = ("form", "assistance_type", "incident", "tracking", "needed_at", "conditions", "substitutes", "cost_estimate_usd",
             "fund_citation", "as_of", "paper_due_at")  # fmt: skip
    people = tuple(
        path for path in said if path.partition(".")[0] in ("requested_by", "site_contact", "approval")
    )
    return [(label(path), said_of(path, said[path])) for path in (*named, *people) if said[path] is not None]


def _makes_sense(verb: str, row: Request) -> bool:
    """The paper of a request is recorded once, and of one that is made by word of mouth."""
    return verb != "paper" or (row.verbal and not Paper.objects.filter(request=row).exists())


def with_findings(row: Request, version: int | None = None) -> list[tuple[object, object]]:
    """Each line of a version of a request, None: the latest, with what was found about it as that; None where nobody looked."""
    of, seen = version or row.version, authority.latest(row.pk)
    findings = (
        {finding.line: finding for finding in seen.findings.all()} if seen and seen.version == of else {}
    )
    return [(line, findings.get(line.n)) for line in row.every_line.filter(version=of).order_by("n")]


@signed_in
def step(request: HttpRequest, actor: Actor, name: str, verb: str) -> HttpResponse:
    """The form of one step of a request."""
    row = found(actor, name)
    form = STEPS.get(verb)
    if form is None:
        raise NotFound(kind="step of a request", name=verb)
    can(actor, form.action, scope_of(row))
    others = _others(actor, row)
    choices = {"of": others, "to_request": others}
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


@signed_in
def unlink(request: HttpRequest, actor: Actor, name: str, link: int) -> HttpResponse:
    """The form that undoes a link."""
    row = found(actor, name)
    can(actor, "assistance.unlink", scope_of(row))
    if not row.links.filter(pk=link).exists():
        raise NotFound(kind="link", name=str(link))
    return _reasoned(
        row, "assistance.unlink", f"Undo the link of {row.pk}", "Undo the link", "Why it was a mistake", {"link": link},
        done=f"{row.pk} is no longer linked so.", lead=row.title,
    ).page(request, actor)  # fmt: skip


@signed_in
def settle(request: HttpRequest, actor: Actor, name: str, difference: int) -> HttpResponse:
    """The form that settles a difference in what a request says."""
    row = found(actor, name)
    can(actor, "assistance.settle", scope_of(row))
    one = row.differences.filter(pk=difference).first()
    if one is None:
        raise NotFound(kind="difference", name=str(difference))
    return _reasoned(
        row, "assistance.settle", f"Settle: {row.pk}", "Record how it is settled", "How it is settled, and why",
        {"difference": difference}, done=f"A difference of {row.pk} is settled.", lead=one.words,
    ).page(request, actor)  # fmt: skip


def _reasoned(
    row: Request,
    action: str,
    title: str,
    button: str,
    label: str,
    given: dict[str, int],
    *,
    done: str,
    lead: str,
) -> ActForm:
    """The form of an action about something of a request that takes a reason and nothing else."""
    return ActForm(
        action=action, title=title, button=button, given=given, inputs=[Input("reason", label, "long")], done=lambda _: done,
        back=reverse("request", args=[row.pk]), about=ABOUT, lead=lead, drill=row.kind == "exercise",
    )  # fmt: skip


def told(name: str, answer: object) -> str:
    """What was done, in words."""
    if isinstance(answer, Linked):
        return f"{name} is linked."
    state = getattr(answer, "state", None)
    if state:
        return f"{name} is {state.replace('_', ' ')} now."
    findings = getattr(answer, "findings", {})
    return f"{name} is assessed: {_listed(findings)}."


def _listed(findings: dict[int, str]) -> str:
    return ", ".join(f"line {n} {finding.replace('_', ' ')}" for n, finding in findings.items())
