"""Missions: the brief of one on a page, and the forms that open one, task it and close it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may, one_of, visible
from muster.assistance.queries import links_to_mission
from muster.core.errors import Fault, FaultyInput, NotFound
from muster.core.tasks import CONTACTS, TASKS
from muster.costs import queries as costs
from muster.custody.queries import count_incidents, incidents, open_differences
from muster.decisions import queries as decisions
from muster.decisions.drafting import APPROVALS
from muster.decisions.models import Decision
from muster.decisions.rules import ARMS, sentences_of
from muster.ledger.queries import latest_known
from muster.missions import queries
from muster.missions.closing import KINDS, open_items
from muster.missions.models import Mission
from muster.parties.models import Organisation, Site
from muster.picture import queries as picture
from muster.picture.calendar import due_of
from muster.record.action import Done
from muster.tasks import queries as tasks
from muster.tasks.models import Task
from muster.tasks.strength import strength
from muster.transport.models import Trip
from muster.transport.outside import open_outside
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in
from muster.web.used import limits_used

SHOWN = 25  # of each kind of open thing on the page
# By the kind of record that an open thing is about, the page on which it is settled.
SETTLED_ON: dict[str, Callable[[str], str]] = {
    "thing": lambda id: reverse("history", args=[id]), "offer": lambda id: reverse("board"),
    "difference": lambda id: reverse("settle", args=[id]), "task": lambda id: reverse("task-finish", args=[id]),
    "trip": lambda id: reverse("trip", args=[id]), "request": lambda id: reverse("request", args=[id]),
    "exceptions": lambda id: reverse("exceptions", args=[id]), "costs": lambda id: reverse("costs", args=[id]),
    "outside": lambda id: reverse("mission-outside", args=[id]), "roll": lambda id: reverse("muster-roll", args=[id]),
    "clocks": lambda id: reverse("person-clocks", args=[id]), "roster": lambda id: reverse("roster", args=[id]),
    "task_difference": lambda id: reverse("task-difference", args=[id]), "decision": lambda id: reverse("decision", args=[id]),
    "incident": lambda id: reverse("incident-by-id", args=[id]),
}  # fmt: skip


@signed_in
def listed(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The missions that the actor may read, and the approvals under which one could be opened."""
    at, known_at = timezone.now(), latest_known()
    rows = [(row, queries.standing_of(row, at, known_at)) for row in queries.missions_of(actor)]
    approvals = decisions.decisions_of(actor).filter(outcome__in=APPROVALS, missions=None)
    to_open = [row for row in approvals if may(actor, "missions.open", decisions.scope_of(row))]
    return render(
        request, "web/missions.html", {"rows": rows, "to_open": to_open, "now": at, "known_at": known_at}
    )


def found(actor: Actor, name: str) -> Mission:
    """The mission, for those who may read it. Raises NotFound."""
    return one_of(queries.missions_of(actor).select_related("decision__office"), "mission", name)


@signed_in
def brief(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One page of one mission, made to be printed: limits used, tasks, totals, open problems, the next expiry."""
    row, at, known_at = found(actor, name), timezone.now(), latest_known()
    in_force = decisions.in_force(row.decision, at, known_at)
    scope = queries.scope_of(row)
    sites = visible(actor, Site.objects.filter(organisation=row.organisation_id))
    ends = in_force.limits.ends_at if in_force.limits else None
    context = {
        "row": row, "drill": row.drill, "standing": queries.standing_of(row, at, known_at),
        "in_force": in_force, "now": at, "known_at": known_at, "zone": zone_of(row),
        "order": sentences_of(in_force.limits),
        "here": reverse("mission", args=[row.pk]), "outside": open_outside(row, known_at),
        "tasks": _tasks(row, actor, at), "trips": Trip.objects.filter(mission=row).select_related("custodian", "from_site", "to_site"),
        "figures": [f for f in picture.figures(row.pk, at, known_at) if f.shown],
        "linked": links_to_mission(actor, row.pk),
        "apart": picture.apart(row.pk, at, known_at), "days_left": (ends - at).days if ends and ends > at else None,
        "differences": open_differences(list(sites.values_list("code", flat=True))).select_related("site"),
        "strength": strength(row, at, known_at),
        "may_read_roster": may(actor, "tasks.read_roster", scope),
        "may_order": may(actor, "tasks.order", scope) and row.closed_at is None,
        "due": [(entry, SETTLED_ON[entry.about[0]](entry.about[1])) for entry in due_of(row, at, known_at)],
        "cost_cap": costs.cap_use(row.decision, at, known_at), "open_costs": len(costs.open_cost_lines(row.pk)),
        "incident_counts": [each for each in count_incidents(incidents(mission=row.pk)) if each.count],
    }  # fmt: skip
    context |= limits_used(request, row.decision)
    return render(request, "web/mission.html", context, status=422 if context["problems"] else 200)


def _tasks(row: Mission, actor: Actor, at: datetime) -> list[dict[str, Any]]:
    may_finish = may(actor, "tasks.finish", queries.scope_of(row))
    told = []
    for task in (
        Task.objects.filter(mission=row)
        .select_related("mission")
        .prefetch_related("present")
        .order_by("begins_at", "id")
    ):
        state = tasks.state_of(task, at)
        seen = max(task.present.all(), key=lambda present: present.at, default=None)
        told.append(
            {
                "task": task,
                "state": state,
                "present": seen,
                "may_finish": may_finish and task.ended_at is None and state != "ended",
            }
        )
    return told


def zone_of(row: Mission) -> str:
    """The zone of the days of the mission's decision; UTC where it states none."""
    return _zone(row.decision)


def _zone(decision: Decision) -> str:
    return decisions.zone_of(decision, latest_known()).key


@signed_in
def open_one(request: HttpRequest, actor: Actor, decision: str) -> HttpResponse:
    """Open a mission under an approval."""
    row = one_of(decisions.decisions_of(actor), "decision", decision)
    can(actor, "missions.open", decisions.scope_of(row))
    organisations = visible(actor, Organisation.objects.order_by("name"), organisation="code", site="code")
    inputs = [
        Input(
            "mission",
            "Id of the mission",
            hint="Capitals, digits and dashes, such as EX-PROCESSING-1.",
            value=row.request_id,
        ),
        Input("title", "Title", value=row.request.title),
        Input("organisation", "Run by", "choice", choices=[(o.code, o.name) for o in organisations]),
        when("Time opened"),
    ]
    return ActForm(
        action="missions.open", title=f"Open a mission under {row.pk}", button="Open mission", inputs=inputs,
        given={"decision": row.pk}, done=lambda answer: f"The mission {answer.mission} is open.", back=reverse("missions"),
        drill=row.request.kind == "exercise", zone=_zone(row), about={"missions.already_open": "mission", "core.not_found": "organisation"},
    ).page(request, actor)  # fmt: skip


class OrderForm(ActForm):
    """The form that orders a task: the rate of its people and where that stands are one input of the action, `estimate`."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """The fields as the action takes them; without a rate there is no estimate."""
        source = {name: read.pop(name, "") for name in ("publisher", "title")}
        rate = read.pop("rate_usd", "")
        return {**read, "estimate": {"rate_usd": rate, "source": source}} if rate else read

    def _act(self, request: HttpRequest, actor: Actor) -> Done[Any]:
        try:
            return super()._act(request, actor)
        except FaultyInput as told:
            raise FaultyInput([_by_field(fault) for fault in told.faults]) from None


def _by_field(fault: Fault) -> Fault:
    """Where a fault of the estimate stands in the form."""
    column = fault.column or ""
    inside = column in ("source", "estimate.source") or column.startswith(("source.", "estimate.source."))
    return Fault(fault.row, "publisher" if inside else column, fault.code, fault.message)


@signed_in
def order(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Order a task: it is checked against the decision and the law, and refused with the sentence that stops it."""
    row = found(actor, name)
    can(actor, "tasks.order", queries.scope_of(row))
    limits = decisions.in_force(row.decision, timezone.now(), latest_known()).limits
    places = list(limits.places) if limits else []
    inputs = [
        Input("category", "Task category", "choice", choices=[(t.id, f"{t.id} {t.name}") for t in TASKS.values()]),
        Input("words", "What is done"),
        Input("place", "Place", "choice", choices=[(p, p) for p in places]) if places else Input("place", "Place"),
        Input("people", "People", hint="A number, or words such as: about 8, up to 15. The high end counts."),
        Input("vehicles", "Vehicles", value="0"),
        when("Begins", "begins_at"), when("Ends", "ends_at"),
        Input("contact", "Contact with persons in custody", "radio", choices=[(c, c) for c in CONTACTS]),
        Input("armed", "Arms", "radio", choices=[(a, a) for a in ARMS], value="none"),
        Input("volunteers", "Only volunteers are used", "flag"),
        Input("rate_usd", "What each person costs a day", hint="US dollars, such as 151.25. It stays inside the cost cap.",
              needed=False),
        Input("publisher", "Who states that rate", needed=False),
        Input("title", "What paper it stands in", needed=False),
    ]  # fmt: skip
    return OrderForm(
        action="tasks.order", title=f"Order a task of {row.pk}", button="Order task", inputs=inputs,
        given={"mission": row.pk}, done=_ordered, back=reverse("mission", args=[row.pk]), drill=row.drill, zone=zone_of(row),
        lead="A task outside the decision is refused with the sentence that stops it, and nothing is recorded as ordered.",
        about={"core.not_a_moment": "begins_at", "decisions.over_cost_cap": "rate_usd"},
    ).page(request, actor)  # fmt: skip


def _ordered(answer: Any) -> str:
    asked = f" The law asks beside it: {'; '.join(answer.conditions)}." if answer.conditions else ""
    cost = f" What it is expected to cost is {answer.estimate}." if answer.estimate else ""
    return f"{answer.task} is ordered; it draws {answer.people} people of the limit.{cost}{asked}"


def task_of(actor: Actor, name: str) -> Task:
    """The task, for those who may read its mission. Raises NotFound."""
    row = (
        Task.objects.select_related("mission__decision")
        .filter(pk=name, mission__in=queries.missions_of(actor))
        .first()
    )
    if row is None:
        raise NotFound(kind="task", name=name)
    return row


@signed_in
def finish(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """End a task before its time."""
    row = task_of(actor, name)
    can(actor, "tasks.finish", tasks.scope_of(row))
    return ActForm(
        action="tasks.finish", title=f"Finish {row.pk}", button="Finish task", given={"task": row.pk},
        inputs=[Input("reason", "Why", "long", "Done, called off, and why."), when("Time it ended")],
        done=lambda answer: f"{answer.task} is finished and draws on no limit any more.",
        back=reverse("mission", args=[row.mission_id]), drill=row.mission.drill, zone=zone_of(row.mission),
    ).page(request, actor)  # fmt: skip


@signed_in
def present(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Say how many members are present at a task."""
    row = task_of(actor, name)
    can(actor, "tasks.report_present", tasks.scope_of(row))
    return ActForm(
        action="tasks.report_present", title=f"Who is present: {row.pk}", button="Record members present", given={"task": row.pk},
        inputs=[Input("people", "Members present", "number"), when("Time of the count")],
        done=lambda answer: f"{answer.people} members present at {answer.task}.",
        back=reverse("mission", args=[row.mission_id]), drill=row.mission.drill, zone=zone_of(row.mission),
    ).page(request, actor)  # fmt: skip


@signed_in
def close(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Close a mission of which nothing is open; what is open is listed, each with the page on which it is settled."""
    row = found(actor, name)
    can(actor, "missions.close", queries.scope_of(row))
    now, known_at = timezone.now(), latest_known()
    items = open_items(row, now)
    groups = [
        (KINDS[kind], len(of_kind), [(item, SETTLED_ON[item.subject[0]](item.subject[1])) for item in of_kind[:SHOWN]])
        for kind, of_kind in items.items()
    ]  # fmt: skip
    return ActForm(
        action="missions.close", title=f"Close {row.pk}", button="Close mission", given={"mission": row.pk},
        inputs=[Input("reason", "Why it can be closed", "long"), when("Time closed")],
        done=lambda answer: f"The mission {answer.mission} is closed.", back=reverse("mission", args=[row.pk]),
        drill=row.drill, zone=zone_of(row), template="web/mission_close.html", about={"missions.closed_too_early": "at"},
        context={"groups": groups, "count": sum(map(len, items.values())), "now": now, "known_at": known_at, "zone": zone_of(row)},
    ).page(request, actor)  # fmt: skip
