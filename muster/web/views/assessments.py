"""Assessments: asking for the facts that rules hang on, and the findings beside the text of the law."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.assistance.models import Request
from muster.assistance.queries import as_rule, scope_of
from muster.assistance.rules import facts_from_json
from muster.authority import queries as authority
from muster.authority.applying import questions
from muster.authority.findings import Finding
from muster.authority.law import Status
from muster.authority.models import Assessment, LineFinding
from muster.authority.packs import Fact, Text, load_packs
from muster.core.errors import NotFound
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in
from muster.web.views.requests import OPEN, found, told

SO = (("so", "So"), ("not_so", "Not so"), ("", "Not stated"))
ASKED = "fact-"


@dataclass(frozen=True)
class FactsForm(ActForm):
    """The form of an assessment: what is answered about facts is given to the action as one table."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """The answers by the ids of the facts, beside what is not about facts."""
        facts = {name.removeprefix(ASKED): value for name, value in read.items() if name.startswith(ASKED)}
        stated = {
            name: value == "so" if value in ("so", "not_so") else value for name, value in facts.items()
        }
        given = {name: value for name, value in read.items() if not name.startswith(ASKED)}
        return given | {"facts": stated}


@signed_in
def assess(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Assess a request: the day, the duty status, and the facts that the rules ask for in that status."""
    row = found(actor, name)
    can(actor, "authority.assess", scope_of(row))
    law = load_packs().law
    chosen = request.GET.get("status") or request.POST.get("status") or row.duty_status_asked
    status = law.statuses.get(chosen or "")
    day = row.as_of or timezone.now().date()
    statuses = [(each.id, f"{each.id}: {each.name}") for each in law.statuses.values()]
    inputs = [
        Input("on_date", "Judged as of which day", "day", "Such as 2026-03-01.", value=day.isoformat()),
        Input("status", "Duty status", "choice", choices=statuses, value=status.id if status else ""),
        *_asked(row, status, day),
    ]
    return FactsForm(
        action="authority.assess", title=f"Assess: {row.pk}", button="Record assessment", inputs=inputs,
        given={"request": row.pk}, done=lambda answer: told(row.pk, answer), back=reverse("assessment", args=[row.pk]),
        lead=row.title, drill=row.kind == "exercise", template="web/assess.html",
        context={"row": row, "status": status},
    ).page(request, actor)  # fmt: skip


def _asked(row: Request, status: Status | None, day: date) -> Iterator[Input]:
    """A question for each fact that the rules ask about this request; what was stated last stands in it."""
    if status is None:
        return
    asked, packs, stated = as_rule(row), load_packs(), _stated(row, status.id)
    for name in questions(asked, status.id, day, packs.law, stated):
        fact, value = packs.facts[name], stated.get(name)
        yield _question(fact, "" if value is None else value)


def _question(fact: Fact, value: bool | date | str) -> Input:
    made_of = f"It is so only where each of these is: {', '.join(fact.parts)}." if fact.parts else fact.id
    if fact.kind == "date":
        stated = value.isoformat() if isinstance(value, date) else ""
        return Input(f"{ASKED}{fact.id}", f"{fact.words}", "day", made_of, needed=False, value=stated)
    stated = {True: "so", False: "not_so"}.get(value, "") if isinstance(value, bool) else ""
    return Input(f"{ASKED}{fact.id}", f"{fact.words}?", "radio", made_of, SO, needed=False, value=stated)


def _stated(row: Request, status: str) -> dict[str, bool | date]:
    """What the request states, and what was stated at the latest assessment in that status."""
    seen = authority.latest(row.pk, status=status)
    return {**as_rule(row).facts, **(facts_from_json(seen.facts) if seen else {})}


@dataclass(frozen=True)
class Note:
    """A finding with what stands beside it: the line it is about, the texts it quotes, the facts it asks for."""

    line: Any
    finding: LineFinding
    texts: list[tuple[Text, list[str]]]
    asks: list[Fact]


@signed_in
def one(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The latest assessment: each finding as a note beside the law's text, and what another duty status would give."""
    row = found(actor, name)
    seen = authority.latest(row.pk)
    if seen is None:
        raise NotFound(kind="assessment of the request", name=name)
    packs = load_packs()
    facts = facts_from_json(seen.facts)
    asked = as_rule(row)
    # An amendment since may have brought a line without a category, of which nothing can be found.
    sorted_out = all(line.task for line in asked.lines)
    others = authority.what_if(asked, seen.on_date, facts) if sorted_out else {}
    context = {
        "row": row, "seen": seen, "drill": row.kind == "exercise", "notes": list(_notes(row, seen)),
        "status": packs.law.statuses.get(seen.status), "always": packs.law.universal, "outdated": seen.version != row.version,
        "facts": [(packs.facts.get(key), key, value) for key, value in seen.facts.items()],
        "what_if": _by_line(row, others), "statuses": list(packs.law.statuses.values()),
        "may_assess": row.state in OPEN and may(actor, "authority.assess", scope_of(row)),
        "may_read_review": may(actor, "authority.read_review", scope_of(row)),
    }  # fmt: skip
    return render(request, "web/assessment.html", context)


def _notes(row: Request, seen: Assessment) -> Iterator[Note]:
    packs, lines = load_packs(), {line.n: line for line in row.lines.all()}
    for finding in seen.findings.all():
        quoted: dict[str, list[str]] = {}
        for quote in finding.quotes:
            quoted.setdefault(quote["text"], []).append(quote["exact"])
        texts = [(packs.texts[text], exact) for text, exact in quoted.items() if text in packs.texts]
        asks = [packs.facts[fact] for fact in finding.asks if fact in packs.facts]
        yield Note(lines.get(finding.line), finding, texts, asks)


def _by_line(row: Request, others: dict[str, tuple[Finding, ...]]) -> list[tuple[Any, list[Finding]]]:
    return [
        (line, [finding for findings in others.values() for finding in findings if finding.line == line.n])
        for line in row.lines.all()
    ]
