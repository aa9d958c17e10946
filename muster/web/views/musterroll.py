"""The muster roll of a mission: its strength at any moment, its members with their states, and the forms that take them on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.authority.packs import load_packs
from muster.core.errors import MusterError, NotFound
from muster.ledger.queries import latest_known
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.tasks import queries as tasks
from muster.tasks.assignmentrules import STATES, words_of
from muster.tasks.assignments import open_differences
from muster.tasks.models import Task, TaskDifference
from muster.tasks.strength import strength, strength_of
from muster.web.forms import ActForm, Input, when
from muster.web.pages import Problem, signed_in
from muster.web.views.missions import found, zone_of

SHOWN = 1000  # members on one page; a state chosen narrows them


@dataclass(frozen=True)
class Verb:
    """A step that members are taken by on a page of its own: the action, the words, and what comes of it."""

    action: str
    button: str
    lead: str
    did: str


VERBS = {
    "nominate": Verb("tasks.nominate", "Nominate", "Put forward for the mission. It draws on no limit.", "nominated"),
    "order": Verb("tasks.order_members", "Order", "An order that does not fit is refused with everything that stands against each member, "
                  "and nothing is recorded.", "ordered"),
    "check-in": Verb("tasks.check_in", "Check in", "A fact: it is kept with or without an order. What does not fit opens a difference.",
                     "checked in"),
    "available": Verb("tasks.make_available", "Make available", "Ready to be assigned to a task.", "available"),
    "assign": Verb("tasks.assign", "Assign", "Only members who are checked in, and no more than the task was ordered for.", "assigned"),
    "release": Verb("tasks.release_members", "Release", "Who is there is released and then checks out; who never came is stood down; "
                    "a nomination is withdrawn.", "let go"),
    "check-out": Verb("tasks.check_out", "Check out", "A fact: the home unit holds them again.", "checked out"),
}  # fmt: skip


@signed_in
def listed(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The strength of a mission and its members, as of the moment and as known at the act that the address names; else now."""
    row, problems = found(actor, name), []
    asked = {key: request.GET.get(key, "").strip()[:60] for key in ("at", "known_at", "state")}
    try:
        now = strength_of(row, asked["at"] or None, asked["known_at"] or None)
    except MusterError as refusal:
        problems.append(Problem("at", str(refusal)))
        now = strength(row, timezone.now(), latest_known())
    chosen = [one for one in now.roll if asked["state"] in ("", one.state)]
    counts = Counter(one.state for one in now.roll)
    scope = missions.scope_of(row)
    context = {
        "row": row, "drill": row.drill, "zone": zone_of(row), "strength": now, "asked": asked, "problems": problems,
        "members": chosen[:SHOWN], "more": max(0, len(chosen) - SHOWN), "roll_count": len(now.roll),
        "states": [(state, words_of(state), counts[state]) for state in STATES if counts[state]],
        "verbs": [(slug, verb) for slug, verb in VERBS.items() if may(actor, verb.action, scope)],
        "differences": open_differences(row), "may_settle": may(actor, "tasks.settle_difference", scope),
    }  # fmt: skip
    return render(request, "web/muster_roll.html", context, status=422 if problems else 200)


@signed_in
def step(request: HttpRequest, actor: Actor, name: str, verb: str) -> HttpResponse:
    """Take members a step on: those that were ticked on the muster roll, or whose tags are typed."""
    row = found(actor, name)
    if verb not in VERBS:
        raise NotFound(kind="step of a member", name=verb)
    does = VERBS[verb]
    can(actor, does.action, missions.scope_of(row))
    ticked = request.POST.getlist("chosen")
    form = ActForm(
        action=does.action, title=f"{does.button}: members of {row.pk}", button=f"{does.button} members",
        inputs=[_members("\n".join(ticked)), *_inputs(row, verb)], given={} if verb == "assign" else {"mission": row.pk},
        done=lambda answer: _done(answer, does.did), back=reverse("muster-roll", args=[row.pk]), lead=does.lead, drill=row.drill,
        zone=zone_of(row), about={"decisions.over_people": "members", "core.not_found": "task", "decisions.nothing_in_force": "from_on",
                                  "decisions.outside_window": "from_on", "tasks.already_ended": "task"},
    )  # fmt: skip
    return form.shown(request) if "pick" in request.POST else form.page(request, actor)


def _members(ticked: str) -> Input:
    return Input("members", "Tags of the members", "tags", "One tag a line.", value=ticked, rows=6)


def _inputs(row: Mission, verb: str) -> list[Input]:
    skill = Input(
        "skill", "Skill asked for", hint="As it is stated of members, such as a licence class.", needed=False
    )
    match verb:
        case "nominate":
            return [skill, when("Time of the nomination")]
        case "order":
            statuses = [(key, f"{key}: {status.name}") for key, status in load_packs().law.statuses.items()]
            return [
                Input("status", "Duty status", "choice", choices=statuses),
                Input("from_on", "First day", "day", "Such as 2026-03-01. Included."),
                Input("until_on", "Last day", "day", "Such as 2026-03-14. Included."),
                Input("report_to", "Where they report"),
                skill,
                Input("order", "Number of the order", needed=False),
                when("Time at which it was given"),
            ]
        case "check-in":
            return [
                Input("place", "Place of the check-in"), when("Time of the check-in"),
                Input("travel", "How they came", needed=False), Input("departed_from", "Where they left from", needed=False),
                Input("resource_order", "Number of the order that sent them", needed=False),
                Input("qualifications", "Other qualifications", needed=False),
            ]  # fmt: skip
        case "available":
            return [when("Time"), Input("reason", "Why", needed=False)]
        case "assign":
            open_tasks = [
                (task.pk, f"{task.pk}: {task.words[:60]}")
                for task in Task.objects.filter(mission=row).select_related("mission").order_by("begins_at", "id")
                if tasks.draw_of(task).ends_at > timezone.now()
            ]  # fmt: skip
            return [Input("task", "Task", "choice", choices=open_tasks), when("Time"), skill]
        case "release":
            return [Input("reason", "Why", "long", rows=2), when("Time of the release")]
    return [
        Input("destination", "Where they go"), when("Time of the check-out"),
        Input("travel", "How they go", needed=False), Input("reason", "Remarks", needed=False),
    ]  # fmt: skip


def _done(answer: Any, did: str) -> str:
    count = len(answer.members)
    opened = f" A difference is open: {' '.join(answer.differences)}" if answer.differences else ""
    return f"{count} member{'s' if count != 1 else ''} {did}.{opened}"


@signed_in
def settle(request: HttpRequest, actor: Actor, difference: int) -> HttpResponse:
    """Settle what was reported of members and does not fit."""
    rows = TaskDifference.objects.select_related("mission__decision")
    row = rows.filter(pk=difference, mission__in=missions.missions_of(actor)).first()
    if row is None:
        raise NotFound(kind="difference about members", name=str(difference))
    can(actor, "tasks.settle_difference", missions.scope_of(row.mission))
    return ActForm(
        action="tasks.settle_difference", title="Settle a difference about members", button="Settle difference",
        inputs=[Input("reason", "Why it is settled", "long", "What was found, and what follows.")], given={"difference": row.pk},
        done=lambda answer: "The difference is settled.", back=reverse("muster-roll", args=[row.mission_id]),
        lead=row.words, drill=row.mission.drill, zone=zone_of(row.mission),
    ).page(request, actor)  # fmt: skip
