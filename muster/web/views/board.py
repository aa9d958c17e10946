"""The board: what each site holds now, and what waits for a person."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from muster.access.control import Actor, visible
from muster.ledger import queries
from muster.parties.models import Site
from muster.record.action import sequence
from muster.web.pages import signed_in


@dataclass(frozen=True)
class Card:
    """One site on the board."""

    site: Site
    count: int


@signed_in
def board(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The sites that the actor may see and that hold anybody now."""
    now, known_at = timezone.now(), queries.latest_known()
    counts = queries.census(now, known_at).sites
    sites = visible(actor, Site.objects.all()).filter(code__in=counts)
    cards = [Card(site, counts[site.code]) for site in sites]
    context = {"cards": cards, "now": now, "known_at": known_at, "waiting": sequence()}
    return render(request, "web/board.html", context)
