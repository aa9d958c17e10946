"""The costs of a mission: the table with its totals, the forms that add, correct, claim and settle, and the package for reimbursement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from muster.access.control import Actor, can, may
from muster.core.errors import Fault, FaultyInput, NotFound
from muster.core.quantity import Quantity
from muster.costs import queries
from muster.costs.models import CostDifference, CostLine
from muster.costs.rules import BASES, KINDS, NEXT, Stage
from muster.ledger.queries import latest_known
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.picture.reimbursement import Item, as_csv, package_of
from muster.record.action import Done
from muster.tasks.models import Task
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in
from muster.web.views.missions import found, zone_of

SOURCE = ("publisher", "title", "published", "url")
VERBS = {"claimed": "claim", "paid": "pay", "settled": "settle", "withdrawn": "withdraw"}
QUANTITY = "As it was said: 12, about 12, up to 20, between 10 and 12. Empty: not recorded."
USD = "US dollars, such as 151.25. Empty: not recorded."


class LineForm(ActForm):
    """The form of one cost line: its fields are one input of the action, `given`, and its faults lead to them."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """The fields as the action takes them."""
        reason = {"reason": read.pop("reason")} if "reason" in read else {}
        source = {name: read.pop(name) for name in SOURCE if name in read}
        number = {"request_line": int(read.pop("request_line"))} if "request_line" in read else {}
        return {"given": {**read, **number, "source": source}, **reason}

    def _act(self, request: HttpRequest, actor: Actor) -> Done[Any]:
        try:
            return super()._act(request, actor)
        except FaultyInput as told:
            raise FaultyInput([_by_field(fault) for fault in told.faults]) from None


def _by_field(fault: Fault) -> Fault:
    column = (fault.column or "").removeprefix("given.").removeprefix("source.")
    return Fault(fault.row, "publisher" if column == "source" else column, fault.code, fault.message)


@dataclass(frozen=True)
class Shown:
    """A line of the table with what can be done about it next: verb and words."""

    item: Item
    onward: list[tuple[str, str]]


@signed_in
def costs(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """What a mission cost: totals that open down to lines, what of the cap is used, and what the package lacks."""
    row, at, known_at = found(actor, name), timezone.now(), latest_known()
    package = package_of(row, at, known_at)
    scope = missions.scope_of(row)
    may_keep = may(actor, "costs.record", scope)
    replaced = [cost for cost in queries.costs_of(row.pk, known_at) if not cost.counts]
    context = {
        "row": row, "drill": row.drill, "now": at, "known_at": known_at, "zone": zone_of(row), "package": package,
        "lines": [Shown(item, _onward(item) if may_keep else []) for item in package.items], "replaced": replaced,
        "differences": queries.open_cost_differences(row.pk), "may_keep": may_keep, "is_open": row.closed_at is None,
    }  # fmt: skip
    return render(request, "web/costs.html", context)


def _onward(item: Item) -> list[tuple[str, str]]:
    next_ones = [VERBS[state] for state in NEXT[item.cost.state]]
    verbs = [verb for verb in next_ones if verb != "claim" or item.cost.line.stage == "actual"]
    return [("correct", "Correct"), *((verb, verb.capitalize()) for verb in verbs)]


@signed_in
def package_csv(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The package for reimbursement as CSV."""
    row = found(actor, name)
    package = package_of(row, timezone.now(), latest_known())
    answer = HttpResponse(as_csv(package), content_type="text/csv; charset=utf-8; header=present")
    answer["Content-Disposition"] = content_disposition_header(True, f"{row.pk}-costs.csv") or ""
    return answer


def _inputs(row: Mission, stage: Stage, line: CostLine | None = None) -> list[Input]:
    was = _as_typed(line) if line else {"basis": "daily"}
    tasks = [
        (task.pk, f"{task.pk}: {task.words[:60]}")
        for task in Task.objects.filter(mission=row).order_by("begins_at", "id")
    ]
    asked = [(str(one.n), f"Line {one.n}: {one.words[:60]}") for one in row.decision.request.lines]
    expected = [
        (each.pk, f"{each.pk}: {each.words[:60]}")
        for each in row.costs.filter(stage="estimate", corrected_by__isnull=True)
    ]
    day = "Such as 2026-03-01. Included."
    fields = [
        Input("kind", "Kind of cost", "choice", choices=[(kind, kind.capitalize()) for kind in KINDS]),
        Input("words", "What it is for"),
        Input("basis", "How it is reckoned", "radio", choices=[
            (basis, words) for basis, words in zip(BASES, ("A rate for each day", "A price for each unit"), strict=True)
        ]),
        Input("rate_usd", "Rate for a day, or price of a unit", hint=USD, needed=False),
        Input("count", "People or units", hint=QUANTITY, needed=False),
        Input("days", "Days", hint="Empty: each day of the period. None for a price for each unit.", needed=False),
        Input("total_usd", "Total, as the source states it", hint="Only where it states one.", needed=False),
        Input("begins_on", "First day of its period", "day", day, needed=False),
        Input("ends_on", "Last day of its period", "day", day, needed=False),
        Input("publisher", "Who states the rate or the price", hint="The paper it stands in has a publisher: a comptroller, a firm."),
        Input("title", "What paper it stands in"),
        Input("published", "Day of that paper", hint="A day or a month, where it states one.", needed=False),
        Input("url", "Its web address", hint="Where it has one.", needed=False),
        Input("reference", "The paper's own number", hint="Such as an invoice's. Each is taken in once.", needed=False),
    ]  # fmt: skip
    if tasks:
        fields.append(Input("task", "Task it belongs to", "choice", choices=tasks, needed=False))
    fields.append(
        Input("request_line", "Line of the request that it belongs to", "choice", choices=asked, needed=False)
    )
    if stage == "actual" and expected:
        fields.append(
            Input("estimate", "Estimate that it comes of", "choice", choices=expected, needed=False)
        )
    return [
        Input(f.name, f.label, f.kind, f.hint, f.choices, f.needed, was.get(f.name, f.value), f.rows)
        for f in fields
    ]


def _as_typed(line: CostLine) -> dict[str, str]:
    """A line as it would be typed."""

    def dollars(amount: int | None) -> str:
        return "" if amount is None else f"{amount // 100}.{amount % 100:02}"

    days = Quantity.from_json(line.days).said if line.basis == "daily" else ""
    return {
        "kind": line.kind, "words": line.words, "basis": line.basis, "rate_usd": dollars(line.rate_cents),
        "count": Quantity.from_json(line.count).said, "days": days, "total_usd": dollars(line.stated_cents),
        "begins_on": line.begins_on.isoformat() if line.begins_on else "",
        "ends_on": line.ends_on.isoformat() if line.ends_on else "",
        **{name: getattr(line.source, name) for name in SOURCE}, "reference": line.reference, "task": line.task,
        "request_line": str(line.request_line or ""), "estimate": line.estimate_id or "",
    }  # fmt: skip


def _kept(answer: Any) -> str:
    opened = f" A difference is open: {' '.join(answer.differences)}" if answer.differences else ""
    return f"{answer.line} is kept; it comes to {answer.amount}.{opened}"


ABOUT = {
    "costs.reference_taken": "reference", "decisions.over_cost_cap": "rate_usd", "decisions.number_needed": "count",
    "costs.amount_misread": "amount_usd", "core.not_a_moment": "at",
}  # fmt: skip


@signed_in
def add(request: HttpRequest, actor: Actor, name: str, stage: str) -> HttpResponse:
    """State what a cost is expected to be, or what it came to."""
    row = found(actor, name)
    if stage not in ("estimate", "record"):
        raise NotFound(kind="page of costs", name=stage)
    can(actor, f"costs.{stage}", missions.scope_of(row))
    plan = stage == "estimate"
    return LineForm(
        action=f"costs.{stage}", title=f"{'Estimate' if plan else 'Record'} a cost of {row.pk}",
        button="Add estimate" if plan else "Record cost", inputs=_inputs(row, "estimate" if plan else "actual"),
        given={"mission": row.pk}, done=_kept, back=reverse("costs", args=[row.pk]), drill=row.drill, zone=zone_of(row), about=ABOUT,
        lead=(
            "An estimate is a plan: beyond the decision's cost cap it is refused, and nothing is recorded."
            if plan
            else "What it came to is a fact: it is kept whatever the cap says, and above it a difference is opened."
        ),
    ).page(request, actor)  # fmt: skip


def line_of(actor: Actor, name: str) -> CostLine:
    """The line, for those who may read its mission. Raises NotFound."""
    rows = CostLine.objects.select_related("mission__decision__request", "source")
    row = rows.filter(pk=name, mission__in=missions.missions_of(actor)).first()
    if row is None:
        raise NotFound(kind="cost line", name=name)
    return row


@signed_in
def follow(request: HttpRequest, actor: Actor, name: str, verb: str) -> HttpResponse:
    """Correct a line, or take it a step on: claimed, paid, settled or withdrawn."""
    row = line_of(actor, name)
    if verb not in ("correct", *VERBS.values()):
        raise NotFound(kind="step of a cost", name=verb)
    can(actor, f"costs.{verb}", missions.scope_of(row.mission))
    stage: Stage = "actual" if row.stage == "actual" else "estimate"
    why = Input("reason", "Why", "long", rows=2)
    reference = Input("reference", "The paper's number", hint="Of the claim, or of the payment.")
    inputs = {
        "correct": [*_inputs(row.mission, stage, row), why], "claim": [reference, when("Time it was claimed")],
        "pay": [Input("amount_usd", "Amount paid", hint="US dollars, such as 1512.50."), reference, when("Time it was paid")],
        "settle": [why, when("Time it was settled")], "withdraw": [why, when("Time it was withdrawn")],
    }[verb]  # fmt: skip
    lead = {
        "correct": "The line stays as it is, and a new one stands in for it from now on.",
        "claim": "It is asked back from the agency that pays it.",
        "pay": "Another amount than the line comes to is kept, and opens a difference.",
        "settle": "Nothing more comes of it: of an estimate no further cost, of a cost nothing to claim.",
        "withdraw": "It was no cost of this mission at all, and counts no more.",
    }[verb]
    kind = LineForm if verb == "correct" else ActForm
    return kind(
        action=f"costs.{verb}", title=f"{verb.capitalize()} {row.pk}: {row.words[:60]}", button=f"{verb.capitalize()} cost",
        inputs=inputs, given={"line": row.pk},
        done=_kept if verb == "correct" else lambda answer: f"{answer.line} is {answer.state}.",
        back=reverse("costs", args=[row.mission_id]), lead=lead, drill=row.mission.drill, zone=zone_of(row.mission), about=ABOUT,
    ).page(request, actor)  # fmt: skip


@signed_in
def settle_difference(request: HttpRequest, actor: Actor, difference: int) -> HttpResponse:
    """Settle what does not go together about a cost."""
    rows = CostDifference.objects.select_related("line__mission__decision")
    row = rows.filter(pk=difference, line__mission__in=missions.missions_of(actor)).first()
    if row is None:
        raise NotFound(kind="difference about a cost", name=str(difference))
    mission = row.line.mission
    can(actor, "costs.settle_difference", missions.scope_of(mission))
    return ActForm(
        action="costs.settle_difference", title=f"Settle a difference about {row.line_id}", button="Settle difference",
        inputs=[Input("reason", "Why it is settled", "long", "What was found, and what follows.")], given={"difference": row.pk},
        done=lambda answer: f"The difference about {row.line_id} is settled.", back=reverse("costs", args=[mission.pk]),
        lead=row.words, drill=mission.drill, zone=zone_of(mission),
    ).page(request, actor)  # fmt: skip
