"""How much of a decision's limits is used at any moment, and what stands outside them: the bars, the lists, and what settles each."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may, one_of
from muster.core.errors import NotFound
from muster.costs import queries as costs
from muster.decisions import queries as decisions
from muster.ledger.models import Handover
from muster.ledger.queries import latest_known
from muster.missions import queries as missions
from muster.tasks import queries as tasks
from muster.tasks.outside import SINCE, Outside, outside_tasks
from muster.tasks.shifts import unfit_shifts
from muster.transport.outside import outside, outside_offers
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in
from muster.web.used import limits_used
from muster.web.views.missions import found as mission_of
from muster.web.views.missions import task_of, zone_of

WHY = Input(
    "reason",
    "Why it goes on, or went on",
    "long",
    "Such as care that cannot stop. It stands under your name.",
)


@signed_in
def used(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The limits of one decision that are numbers, with what is used of each as of any moment, as known at any act."""
    row = one_of(decisions.decisions_of(actor), "decision", name)
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
    row, now, known_at = mission_of(actor, name), timezone.now(), latest_known()
    rows = outside(row, known_at)
    context = {
        "row": row, "drill": row.drill, "zone": zone_of(row), "now": now, "known_at": known_at,
        "open": [(each, _ends(each)) for each in rows if each.is_open], "settled": [each for each in rows if not each.is_open],
        "may_settle": may(actor, "tasks.keep", missions.scope_of(row)),
        "unfit": len(unfit_shifts(row, now, known_at)) if may(actor, "tasks.read_roster", missions.scope_of(row)) else 0,
    }  # fmt: skip
    return render(request, "web/outside.html", context)


def _ends(each: Outside) -> str:
    """Where what stands outside is brought to its end."""
    match each.kind:
        case "trip":
            return reverse("trip-event", args=[each.id, "close"])
        case "handover":
            return reverse("board")
    return reverse("task-finish", args=[each.id])


@signed_in
def keep(request: HttpRequest, actor: Actor, name: str, against: str, version: int) -> HttpResponse:
    """Say why a task goes on that stands outside: a version of the decision or of the request, or that was closed."""
    row = task_of(actor, name)
    can(actor, "tasks.keep", tasks.scope_of(row))
    if against not in SINCE:
        raise NotFound(kind="way to stand outside", name=against)
    since = SINCE[against].format(n=version)
    here = [
        each for each in outside_tasks(row.mission, latest_known()) if (each.id, each.against, each.version) == (row.pk, against, version)
    ]  # fmt: skip
    return ActForm(
        action="tasks.keep", title=f"Keep {row.pk}", button="Keep the task",
        given={"task": row.pk, "version": version, "against": against}, inputs=[WHY],
        lead=f"It stands outside since {since}. To keep it settles that and widens no limit: what it takes is counted as before.",
        done=lambda answer: f"{answer.task} is kept, outside since {since}.",
        back=reverse("mission-outside", args=[row.mission_id]), drill=row.mission.drill,
        zone=zone_of(row.mission), template="web/keep.html", context={"rows": here},
    ).page(request, actor)  # fmt: skip


@signed_in
def keep_offer(request: HttpRequest, actor: Actor, handover: UUID, version: int) -> HttpResponse:
    """Say why an open offer stands that a version of the decision does not allow any more."""
    offer = (
        Handover.objects.select_related("giver", "receiver").filter(pk=handover).exclude(mission="").first()
    )
    if offer is None:
        raise NotFound(kind="offer under a mission", name=str(handover))
    row = mission_of(actor, offer.mission)
    can(actor, "transport.keep_offer", missions.scope_of(row))
    here = [
        each
        for each in outside_offers(row, latest_known())
        if (each.id, each.version) == (str(offer.pk), version)
    ]
    return ActForm(
        action="transport.keep_offer", title=f"Keep the offer from {offer.giver} to {offer.receiver}", button="Keep the offer",
        given={"handover": offer.pk, "version": version}, inputs=[WHY],
        lead=f"Version {version} of {row.decision_id} does not allow it any more. To keep it settles that and moves nobody.",
        done=lambda _: f"The offer to {offer.receiver} is kept against version {version}.",
        back=reverse("mission-outside", args=[row.pk]), drill=row.drill, zone=zone_of(row), template="web/keep.html",
        context={"rows": here},
    ).page(request, actor)  # fmt: skip
