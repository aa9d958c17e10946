"""The board: what each site holds now, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from muster.access.control import Actor, may, visible
from muster.assistance import queries as requests
from muster.assistance.models import Request
from muster.authority.models import Drift
from muster.core.errors import MusterError, NotFound
from muster.custody import actions as custody
from muster.custody.models import Difference
from muster.custody.queries import can_lapse, open_differences, scope_of, scope_of_holder
from muster.decisions import queries as decisions
from muster.ledger import queries
from muster.ledger.models import Handover
from muster.missions.models import Mission
from muster.missions.queries import missions_of, standing_of
from muster.parties.models import Site
from muster.record.action import sequence
from muster.tasks.usage import usage
from muster.transport.outside import open_outside
from muster.web.pages import form_page, key_of, signed_in
from muster.web.used import Bar
from muster.web.views.history import visible_things
from muster.web.views.missions import is_drill_at


@dataclass(frozen=True)
class Waiting:
    """An open offer: since when it waits for an answer, and whether the reader may let it lapse now."""

    offer: Handover
    may_lapse: bool

    @property
    def offered_at(self) -> datetime:
        return self.offer.offered_act.recorded_at


@dataclass(frozen=True)
class Card:
    """One site on the board: its count, the offers that wait for an answer, the differences that nobody settled."""

    site: Site
    count: int
    offers: list[Waiting]
    differences: list[Difference]
    may_settle: bool
    drill: bool


@signed_in
def board(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The sites that the actor may see and that hold somebody, or where something waits."""
    now, known_at = timezone.now(), queries.latest_known()
    counts = queries.census(now, known_at).sites
    sites = {site.code: site for site in visible(actor, Site.objects.all())}
    differences = list(open_differences(list(sites)).select_related("thing"))
    open_offers = Handover.objects.filter(state=Handover.State.OFFERED).order_by("pk")
    offers = list(open_offers.select_related("giver", "receiver", "offered_act"))
    waiting = [
        Waiting(o, can_lapse(o, now) and may(actor, "custody.lapse", scope_of_holder(o.giver)))
        for o in offers
    ]
    busy = {*counts, *(d.site_id for d in differences)}
    busy.update(site for offer in offers for site in (offer.giver.site, offer.receiver.site))
    cards = [
        Card(
            site,
            counts.get(code, 0),
            [one for one in waiting if code in (one.offer.giver.site, one.offer.receiver.site)],
            [difference for difference in differences if difference.site_id == code],
            may(actor, "custody.settle", scope_of(site)),
            is_drill_at(site),
        )
        for code, site in sites.items()
        if code in busy
    ]
    named = visible_things(actor, {d.thing_id for d in differences if d.thing_id})
    context = {
        "missions": _missions(actor, now, known_at),
        "cards": cards,
        "named": named,
        "now": now,
        "known_at": known_at,
        "waiting": sequence(),
    }
    return render(request, "web/board.html", context)


def _missions(actor: Actor, now: datetime, known_at: int) -> list[dict[str, Any]]:
    """The open missions: where the decision stands, vehicles moving, what stands outside it, and limits that are nearly used up."""
    told = []
    for row in missions_of(actor).filter(closed_at=None):
        in_force = decisions.in_force(row.decision, now, known_at)
        limits = usage(row.decision, now, known_at).limits if in_force.why is None else ()
        near = [Bar(used) for used in limits if used.says != "inside"]
        moving = row.trips.filter(state="departed").count()
        told.append(
            {
                "row": row,
                "standing": standing_of(row, now, known_at),
                "zone": decisions.zone_of(row.decision, known_at).key,
                "ends": in_force.limits.ends_at if in_force.limits and not in_force.why else None,
                "overdue": _overdue_exceptions(actor, row, now),
                "paper": _overdue_paper(row.decision.request, now),
                "near": near,
                "moving": moving,
                "outside": len(open_outside(row, known_at)),
            }
        )
    return told


def _overdue_exceptions(actor: Actor, row: Mission, now: datetime) -> list[Drift]:
    """The exceptions of a mission that counsel should have reviewed by now, the one due first in front, for who may read them."""
    request = row.decision.request
    if not may(actor, "authority.read_review", requests.scope_of(request)):
        return []
    waiting = Drift.objects.filter(request=request, review__isnull=True, review_due_at__lt=now)
    return list(waiting.order_by("review_due_at"))


def _overdue_paper(request: Request, now: datetime) -> datetime | None:
    """For when the paper of a verbal request was promised, where it is late and has not come."""
    clock = requests.paper_clock(request, now)
    return now - clock.late_by if clock and clock.late_by and not clock.received else None


@signed_in
def settle(request: HttpRequest, actor: Actor, difference: UUID) -> HttpResponse:
    """Settle one difference, with the reason."""
    sites = visible(actor, Site.objects.all()).values("code")
    found = Difference.objects.select_related("site", "thing").filter(pk=difference, site__in=sites).first()
    if found is None:
        raise NotFound(kind="difference", name=str(difference))
    refusal = None
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()
        try:
            done = custody.settle(actor=actor, key=key_of(request), difference=difference, reason=reason)
        except MusterError as told:
            refusal = told
        else:
            number = f"Record {done.known_at:,}." if done.known_at else "Recorded; its number follows."
            messages.success(request, f"The difference at {found.site} is settled. {number}")
            return redirect("board")
    named = visible_things(actor, {found.thing_id} if found.thing_id else set())
    return form_page(request, "web/settle.html", {"difference": found, "named": named}, refusal=refusal)
