"""How much of a decision's limits is used at any moment, and what stands outside them: the bars, the lists, and what settles each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.core.errors import NotFound
from muster.costs import queries as costs
from muster.decisions import queries as decisions
from muster.ledger.queries import latest_known
from muster.missions import queries as missions
from muster.tasks import queries as tasks
from muster.tasks.outside import Outside
from muster.transport.outside import outside
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in
from muster.web.used import limits_used
from muster.web.views.missions import found as mission_of
from muster.web.views.missions import task_of, zone_of


@signed_in
def used(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The limits of one decision that are numbers, with what is used of each as of any moment, as known at any act."""
    row = decisions.decisions_of(actor).filter(pk=name).first()
    if row is None:
        raise NotFound(kind="decision", name=name)
    context = limits_used(request, row)
    found = context["usage"]
    context |= {
        "cap": costs.cap_use(row, found.at, found.known_at),
        "row": row,
        "drill": row.request.kind == "exercise",
        "here": reverse("decision-used", args=[row.pk]),
    }
    return render(request, "web/used.html", context, status=422 if context["problems"] else 200)


@signed_in
def outside_of(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """What of a mission does not fit its decision any more: first what somebody has to settle, then what is settled."""
    row, known_at = mission_of(actor, name), latest_known()
    rows = outside(row, known_at)
    context = {
        "row": row, "drill": row.drill, "zone": zone_of(row), "now": timezone.now(), "known_at": known_at,
        "open": [(each, _ends(each)) for each in rows if each.is_open], "settled": [each for each in rows if not each.is_open],
        "may_settle": may(actor, "tasks.keep", missions.scope_of(row)),
    }  # fmt: skip
    return render(request, "web/outside.html", context)


def _ends(each: Outside) -> str:
    """Where what stands outside is ended."""
    return (
        reverse("trip-event", args=[each.id, "close"])
        if each.kind == "trip"
        else reverse("task-finish", args=[each.id])
    )


@signed_in
def keep(request: HttpRequest, actor: Actor, name: str, version: int) -> HttpResponse:
    """Say why a task goes on that a version of the decision does not allow any more."""
    row = task_of(actor, name)
    can(actor, "tasks.keep", tasks.scope_of(row))
    here = [
        each for each in outside(row.mission, latest_known()) if (each.id, each.version) == (row.pk, version)
    ]
    return ActForm(
        action="tasks.keep", title=f"Keep {row.pk}", button="Keep the task", given={"task": row.pk, "version": version},
        inputs=[Input("reason", "Why it goes on, or went on", "long", "Such as care that cannot stop. It stands under your name.")],
        lead=f"Version {version} of {row.decision_id} does not allow it any more. To keep it settles that and widens no limit: "
             "what it takes is counted as before.",
        done=lambda answer: f"{answer.task} is kept against version {answer.version}.",
        back=reverse("mission-outside", args=[row.mission_id]), drill=row.mission.drill,
        zone=zone_of(row.mission), template="web/keep.html", context={"rows": here},
    ).page(request, actor)  # fmt: skip
