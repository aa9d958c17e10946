"""The review of a request by six criteria, and the exceptions: tasks that drifted, for counsel to review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.assistance.queries import scope_of
from muster.authority import queries as authority
from muster.authority.models import Drift, DriftReview
from muster.authority.review import CITATION, CRITERIA, Criterion, Judgement
from muster.core.errors import NotFound
from muster.core.tasks import TASKS
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in
from muster.web.views.requests import found

COLOURS = (
    ("green", "Green: it stands"),
    ("amber", "Amber: the one who decides must see it"),
    ("red", "Red: it does not stand"),
    ("unjudged", "Left unjudged"),
)
DEFENSES = (
    ("none", "No"),
    ("self", "Yes, of the member"),
    ("others", "Yes, of others"),
)


@dataclass(frozen=True)
class Row:
    """One criterion of the worksheet, with what was judged of it last; None: nobody judged it."""

    criterion: Criterion
    said: Judgement | None


@signed_in
def worksheet(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The six criteria: what each asks, who judged it and on what, and what was left unjudged."""
    row = found(actor, name)
    can(actor, "authority.read_review", scope_of(row))
    review = authority.review_of(row)
    context = {
        "row": row, "drill": row.kind == "exercise", "review": review, "citation": CITATION,
        "criteria": [Row(each, review.latest.get(name)) for name, each in CRITERIA.items()],
        "may_judge": may(actor, "authority.judge", scope_of(row)),
    }  # fmt: skip
    return render(request, "web/worksheet.html", context)


@signed_in
def judge(request: HttpRequest, actor: Actor, name: str, criterion: str) -> HttpResponse:
    """Judge one criterion, or say why it is left unjudged."""
    row = found(actor, name)
    about = next((each for each in CRITERIA.values() if each.name == criterion), None)
    if about is None:
        raise NotFound(kind="criterion", name=criterion)
    can(actor, "authority.judge", scope_of(row))
    inputs = [
        Input(
            "colour", f"{about.name.capitalize()}: {about.about}", "radio", " ".join(about.questions), COLOURS
        ),
        Input("rationale", "Why", "long", "Also where it is left unjudged: the reader is told."),
        Input(
            "evidence",
            "Evidence",
            "tags",
            f"One reference a line. To be held: {about.evidence}.",
            needed=False,
        ),
        when("Time judged"),
    ]
    return ActForm(
        action="authority.judge", title=f"Judge {about.name}: {row.pk}", button="Record judgement", inputs=inputs,
        given={"request": row.pk, "criterion": about.name}, back=reverse("worksheet", args=[row.pk]), lead=row.title,
        done=lambda answer: f"{about.name.capitalize()} is judged. {_left(answer.not_judged)}",
        drill=row.kind == "exercise", about={"authority.rationale_needed": "rationale"},
    ).page(request, actor)  # fmt: skip


def _left(names: list[str]) -> str:
    return f"Not judged yet: {', '.join(names)}." if names else "All six are judged."


@signed_in
def exceptions(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The tasks that drifted under a request, the one that waits longest for counsel in front."""
    row = found(actor, name)
    scope = scope_of(row)
    can(actor, "authority.read_review", scope)
    context = {
        "row": row, "drill": row.kind == "exercise", "now": timezone.now(), "drifts": authority.drifts_of(row),
        "may_record": may(actor, "authority.record_drift", scope), "may_review": may(actor, "authority.review_drift", scope),
    }  # fmt: skip
    return render(request, "web/exceptions.html", context)


@signed_in
def record_drift(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Record that a task drifted: it is kept whatever the rules say of it."""
    row = found(actor, name)
    can(actor, "authority.record_drift", scope_of(row))
    tasks = [(task.id, f"{task.id}: {task.name}") for task in TASKS.values()]
    inputs = [
        when("When it happened", "happened_at"),
        Input("tasked", "What was tasked", "choice", choices=tasks),
        Input("done", "What was done", "choice", choices=tasks),
        Input(
            "what_was_done", "What was done, in words", "long", "What was seen and done. No names, no tags."
        ),
        Input("asked_by", "Who asked for it", hint="An office or a post, not a name."),
        Input("place", "Where", needed=False),
        Input(
            "defense",
            "Was it self-defense or the defense of others?",
            "radio",
            choices=DEFENSES,
            value="none",
        ),
    ]
    return ActForm(
        action="authority.record_drift", title=f"Record an exception: {row.pk}", button="Record exception", inputs=inputs,
        given={"request": row.pk}, back=reverse("exceptions", args=[row.pk]), lead=row.title, drill=row.kind == "exercise",
        done=_kept, about={"authority.no_drift": "done", "core.not_a_moment": "happened_at", "core.not_happened_yet": "happened_at"},
    ).page(request, actor)  # fmt: skip


def _kept(answer: Any) -> str:
    return f"The exception is kept: {answer.finding.replace('_', ' ')}. Counsel reviews it by {answer.review_due_at:%d %b %H:%M} UTC."


@signed_in
def review_drift(request: HttpRequest, actor: Actor, name: str, drift: UUID) -> HttpResponse:
    """Say what counsel found about an exception."""
    row = found(actor, name)
    about = Drift.objects.filter(request=row, pk=drift).first()
    if about is None:
        raise NotFound(kind="exception", name=str(drift))
    can(actor, "authority.review_drift", scope_of(row))
    inputs = [
        Input("outcome", "What counsel found", "radio", choices=[(code, f"It was {words}") for code, words in DriftReview.Outcome.choices]),
        Input("reason", "Why", "long"),
        when("Time reviewed"),
    ]  # fmt: skip
    lead = f"{TASKS[about.tasked].name} was tasked, {TASKS[about.done].name} was done: {about.what_was_done}"
    return ActForm(
        action="authority.review_drift", title=f"Review an exception: {row.pk}", button="Record review", inputs=inputs,
        given={"drift": about.pk}, back=reverse("exceptions", args=[row.pk]), lead=lead, drill=row.kind == "exercise",
        done=lambda answer: f"The exception is reviewed: {answer.outcome} the authority.",
        about={"authority.rationale_needed": "reason"},
    ).page(request, actor)  # fmt: skip
