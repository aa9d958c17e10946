"""What a site prints: blank sheets to go on with, labels, the log, and the latest handovers, arrivals and departures."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from muster.access.control import Actor
from muster.core.errors import MusterError
from muster.ledger.models import Entry, Handover
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.picture.papers import Reach
from muster.picture.papers.asked import RECEIVED, RELEASED
from muster.picture.papers.labels import find
from muster.web.pages import form_page, signed_in
from muster.web.views.counter import site_for
from muster.web.words import words_at

SHOWN = 10  # handovers, arrivals and departures, the latest in front


@signed_in
def papers(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The papers of a site; labels are asked for here, by number or by tag, and the registration of a resident by tag."""
    place, refusal = site_for(actor, site), None
    if request.method == "POST":
        try:
            if resident := request.POST.get("resident", "").strip():
                return redirect("paper", "registration", Reach(actor).person(resident).tag)
            wanted = ",".join(request.POST.get("tags", "").split()) or request.POST.get("fresh", "").strip()
            name = f"{place.code}:{wanted}"
            find(Reach(actor), name)
            return redirect("paper", "labels", name)
        except MusterError as told:
            refusal = told
    words = words_at(place, now=timezone.now())
    context = {
        "site": place, "drill": is_drill_at(place), "words": words, "handovers": _handovers(place),
        "moves": [] if words.is_shelter else _moves(place),
    }  # fmt: skip
    about = {
        "picture.no_such_labels": "fresh", "core.tag_misread": "tags", "custody.tag_twice": "tags", "core.not_found": "resident",
    }  # fmt: skip
    return form_page(request, "web/site_papers.html", context, refusal=refusal, fields=about)


def _handovers(site: Site) -> list[Handover]:
    """The handovers of a site that were signed for last."""
    signed = Handover.objects.filter(
        Q(giver__site=site.pk) | Q(receiver__site=site.pk), state=Handover.State.ACCEPTED
    )
    return list(
        signed.select_related("giver", "receiver", "answered_act").order_by("-answered_act__number__number")[
            :SHOWN
        ]
    )


def _moves(site: Site) -> list[Entry]:
    """One entry of each act by which persons came without an offer, or were let go, the latest in front."""
    came = Q(act__name=RECEIVED, receiver__site=site.pk)
    went = Q(act__name=RELEASED, giver__site=site.pk)
    rows = (
        Entry.objects.filter(came | went, kind="push")
        .order_by("-act__number__number", "thing")
        .distinct("act__number__number")
    )
    return list(rows.select_related("act__number", "giver", "receiver")[:SHOWN])
