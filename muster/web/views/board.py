"""The board: what each site holds now, and what waits for a person."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from muster.access.control import Actor, may, visible
from muster.cases.checklists import shelters_among
from muster.cases.clocks import Clock
from muster.cases.due import counts_of
from muster.core.errors import MusterError, NotFound
from muster.custody import actions as custody
from muster.custody.lists import TO_SETTLE
from muster.custody.models import Difference
from muster.custody.queries import (
    can_lapse,
    incidents,
    open_differences,
    scope_of,
    scope_of_holder,
    things_held,
)
from muster.custody.space import SiteSpace, space
from muster.decisions import queries as decisions
from muster.ledger import queries
from muster.ledger.models import Handover
from muster.missions.models import Mission
from muster.missions.queries import is_drill_at, missions_of, standing_of
from muster.parties.models import Site
from muster.picture.waiting import Wait, waits
from muster.record.action import sequence
from muster.tasks.usage import usage
from muster.transport.models import Trip
from muster.transport.outside import open_outside
from muster.transport.queries import aboard
from muster.web.attention import needs_action
from muster.web.pages import form_page, key_of, signed_in
from muster.web.used import Bar
from muster.web.views.history import visible_things
from muster.web.views.missions import SETTLED_ON

ROWS_OF_LISTS = (Difference.Kind.LISTED_NOT_HELD, Difference.Kind.HELD_NOT_LISTED, *TO_SETTLE.values())
IN_A_CARD, IN_ALL = 4, 12  # how many of those that wait are shown


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
    counts: list[Clock]  # of headcounts that are owed
    space: SiteSpace | None  # None where no area is stated
    things: dict[str, int]  # vehicles and pieces of property, by kind
    incidents: int  # those that are open
    may_read_cases: bool
    is_shelter: bool
    may_certify: bool  # its headcounts

    @property
    def listed(self) -> int:
        """How many differences are rows of a list."""
        return sum(each.kind in ROWS_OF_LISTS for each in self.differences)


@signed_in
def board(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The sites that the actor may see and that hold somebody, or where something waits."""
    now, known_at = timezone.now(), queries.latest_known()
    counts = queries.census(now, known_at).sites
    sites = {site.code: site for site in visible(actor, Site.objects.all())}
    differences = list(open_differences(list(sites)).select_related("thing", "site"))
    held = things_held()
    at_sites: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, site), kinds in held.items():
        at_sites[site].update(kinds)
    open_offers = Handover.objects.filter(state=Handover.State.OFFERED).order_by("pk")
    offers = list(open_offers.select_related("giver", "receiver", "offered_act"))
    waiting = [
        Waiting(o, can_lapse(o, now) and may(actor, "custody.lapse", scope_of_holder(o.giver)))
        for o in offers
    ]
    open_incidents = Counter(incidents(sites=list(sites)).filter(closed=None).values_list("site", flat=True))
    busy = {*counts, *open_incidents, *(d.site_id for d in differences), *at_sites}
    busy.update(site for offer in offers for site in (offer.giver.site, offer.receiver.site))
    shown = [site for code, site in sites.items() if code in busy]
    spaces, counts_due = space(shown), counts_of(shown, now)
    shelters = shelters_among(shown, now=now)
    cards = [
        Card(
            site,
            counts.get(code, 0),
            [one for one in waiting if code in (one.offer.giver.site, one.offer.receiver.site)],
            [difference for difference in differences if difference.site_id == code],
            may(actor, "custody.settle", scope_of(site)),
            is_drill_at(site),
            [clock for clock in counts_due.get(code, []) if clock.is_open],
            spaces.get(code),
            dict(at_sites.get(code, {})),
            open_incidents[code],
            may(actor, "cases.read_case", scope_of(site)),
            code in shelters,
            may(actor, "custody.certify_count", scope_of(site)),
        )
        for code, site in sites.items()
        if code in busy
    ]
    named = visible_things(actor, {d.thing_id for d in differences if d.thing_id})
    waited = waits(actor, now, known_at)
    missions = _missions(actor, now, known_at, waited, held)
    settled_by = {card.site.code: card.may_settle for card in cards}
    context = {
        "actions": needs_action(
            waited,
            missions,
            [(each, settled_by[each.site_id]) for each in differences],
            [(card.site, clock) for card in cards for clock in card.counts],
        ),
        "missions": missions,
        "waits": [_linked(one) for one in waited[:IN_ALL]],
        "waits_in_all": len(waited),
        "cards": cards,
        "named": named,
        "now": now,
        "known_at": known_at,
        "waiting": sequence(),
    }
    return render(request, "web/board.html", context)


def _linked(one: Wait) -> tuple[Wait, str]:
    """What waits, and the page on which it is done; an offer is on this page already."""
    return one, "" if one.about[0] == "offer" else SETTLED_ON[one.about[0]](one.about[1])


def _missions(
    actor: Actor,
    now: datetime,
    known_at: int,
    waited: list[Wait],
    held: dict[tuple[UUID, str], dict[str, int]],
) -> list[dict[str, Any]]:
    """The open missions: where the decision stands, who is waited for, vehicles moving, what stands outside, limits nearly used up."""
    told = []
    for row in missions_of(actor).filter(closed_at=None):
        found = usage(row.decision, now, known_at)
        in_force = found.in_force
        near = [bar for used in found.limits if (bar := Bar(used)).is_near] if in_force.why is None else []
        waiting = [one for one in waited if one.is_of(row)]
        told.append(
            {
                "row": row,
                "standing": standing_of(row, now, known_at),
                "zone": decisions.zone_of(row.decision, known_at).key,
                "ends": in_force.limits.ends_at if in_force.limits and not in_force.why else None,
                "near": near,
                "moving": _moving(row, held),
                "waits": [_linked(one) for one in waiting[:IN_A_CARD]],
                "more": len(waiting) - min(len(waiting), IN_A_CARD),
                "outside": len(open_outside(row, known_at)),
            }
        )
    return told


def _moving(row: Mission, held: dict[tuple[UUID, str], dict[str, int]]) -> list[dict[str, Any]]:
    """The trips under way: the vehicle of each, and how many persons and pieces of property are aboard by the record."""
    return [
        {"trip": trip, "persons": len(aboard(trip)), "property": held.get((trip.holder_id, trip.holder.site), {}).get("property", 0)}
        for trip in row.trips.filter(state=Trip.State.DEPARTED).select_related("holder").order_by("departs_at", "id")
    ]  # fmt: skip


@signed_in
def settle(request: HttpRequest, actor: Actor, difference: UUID) -> HttpResponse:
    """Settle one difference, with the reason."""
    sites = visible(actor, Site.objects.all()).values("code")
    found = (
        Difference.objects.select_related("site", "thing", "concerned")
        .filter(pk=difference, site__in=sites)
        .first()
    )
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
    houses = hasattr(found, "concerned") and may(actor, "custody.read_housing", scope_of(found.site))
    context = {"difference": found, "named": named, "concerned": found.concerned.words if houses else ""}
    return form_page(request, "web/settle.html", context, refusal=refusal)
