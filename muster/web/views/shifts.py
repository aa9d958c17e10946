"""The summary of a shift at a site, and the desk that changes hands: one signs that it is handed over, another that it is taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from muster.access.control import Actor, may
from muster.cases.due import due_list
from muster.core.errors import MusterError
from muster.core.times import local, parse_moment, zone
from muster.custody import desk
from muster.custody.queries import scope_of, site_for
from muster.custody.undoing import WORDS
from muster.ledger.queries import latest_known
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.record.action import KeyReused
from muster.web.forms import ONCE, record
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.words import words_at

DUE_WITHIN = timedelta(hours=4)
SHOWN = 50
FIELDS = {
    "core.not_a_moment": "since",
    "custody.shift_ends_before": "until",
    "core.not_happened_yet": "until",
}


@signed_in
def shift(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """What the shift saw and what it leaves open; handed over by one, and signed for by the next."""
    place, now = site_for(actor, site), timezone.now()
    refusal: MusterError | None = None
    if request.method == "POST":
        try:
            return _signed(request, actor, place)
        except KeyReused:
            messages.info(request, ONCE)
            return redirect("shift", place.code)
        except MusterError as told:
            refusal = told
    since, until, asked = _span(request, place, now)
    found = desk.shift(place, since, until)
    due = due_list(actor, now=now, within=DUE_WITHIN, sites=[place.pk])
    waits = desk.waiting(place)
    works = may(actor, "custody.hand_over_desk", scope_of(place))
    context = {
        "undone": [(WORDS[each.undone.name], each) for each in found.undone],
        "site": place, "drill": is_drill_at(place), "words": words_at(place, now=now), "now": now, "known_at": latest_known(),
        "shift": found, "due": due, "clocks": due.rows[:SHOWN],
        "waits": waits, "works": works, "wrong": asked, "before": desk.handed_over(place, limit=5),
        "takes": works and waits is not None and waits.act.actor_id != actor.user, "differences": found.differences[:SHOWN],
    }  # fmt: skip
    return form_page(request, "web/shift.html", context, refusal=refusal, fields=FIELDS)


def _span(request: HttpRequest, site: Site, now: datetime) -> tuple[datetime, datetime, MusterError | None]:
    """From when to when the summary is: as the address asks, else since the last handover of the desk; and what cannot be read."""
    where, wrong = zone(site.zone), None
    until, since = now, None
    try:
        until = parse_moment(request.GET["until"], where) if request.GET.get("until") else now
        since = parse_moment(request.GET["since"], where) if request.GET.get("since") else None
    except MusterError as told:
        wrong = told
    return since or desk.shift_began(site, until), until, wrong


def _signed(request: HttpRequest, actor: Actor, site: Site) -> HttpResponse:
    """Hand the desk over, or sign for it."""
    if found := request.POST.get("desk"):
        taken = desk.take_desk(actor=actor, key=key_of(request), desk=UUID(found))
        messages.success(request, f"The desk of {site.name} is yours. {record(taken)}")
    else:
        where = zone(site.zone)
        since = request.POST.get("since", "").strip()
        done = desk.hand_over_desk(
            actor=actor, key=key_of(request), site=site.pk, until=moment_in(request.POST.get("until", ""), where),
            since=moment_in(since, where) if since else None, notes=request.POST.get("notes", ""),
        )  # fmt: skip
        words = f"The desk of {site.name} is handed over as of {local(done.answer.until, where)}. It is yours until another signs for it."
        messages.success(request, f"{words} {record(done)}")
    return redirect("shift", site.code)
