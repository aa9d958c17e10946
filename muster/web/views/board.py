"""The board: what each site holds now, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from muster.access.control import Actor, visible
from muster.ledger import queries
from muster.ledger.models import Handover, Report
from muster.parties.models import Site
from muster.record.action import sequence
from muster.web.pages import signed_in


@dataclass(frozen=True)
class Card:
    """One site on the board: its count, the offers that wait for an answer, the reports that nobody settled."""

    site: Site
    count: int
    offers: list[Handover]
    reports: list[Report]


@signed_in
def board(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The sites that the actor may see and that hold somebody, or where something waits."""
    now, known_at = timezone.now(), queries.latest_known()
    counts = queries.census(now, known_at).sites
    open_offers = Handover.objects.filter(state=Handover.State.OFFERED)
    offers = list(open_offers.select_related("giver", "receiver", "offered_act").order_by("pk"))
    unsettled = Report.objects.filter(settlement=None, thing__isnull=False)
    reports = list(unsettled.select_related("act", "thing__head__holder").order_by("pk"))
    cards = [
        Card(
            site,
            counts.get(site.code, 0),
            [offer for offer in offers if site.code in (offer.giver.site, offer.receiver.site)],
            [report for report in reports if report.thing and report.thing.head.holder.site == site.code],
        )
        for site in visible(actor, Site.objects.all())
    ]
    busy = [card for card in cards if card.count or card.offers or card.reports]
    context = {"cards": busy, "now": now, "known_at": known_at, "waiting": sequence()}
    return render(request, "web/board.html", context)
