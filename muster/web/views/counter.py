"""The counter of a site: one field that says where somebody is, and the handovers that wait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from muster.access.control import Actor, can, may, visible
from muster.access.models import User
from muster.cases.due import counts_of
from muster.core.errors import MusterError
from muster.core.tags import TagMisread, parse_tag
from muster.custody import queries, rules
from muster.custody.bags import ever_at
from muster.custody.merging import merged_into
from muster.custody.space import space
from muster.custody.undoing import can_be_undone
from muster.ledger.models import Entry, Handover, Holder, Offer, Thing
from muster.ledger.queries import latest_known
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.picture.under import of_handover
from muster.web.pages import form_page, signed_in
from muster.web.scanning import AGAIN, scanned_again
from muster.web.views.history import visible_things
from muster.web.words import CUSTODY, Words, words_at

SLIP = re.compile(
    r"/handovers/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$", re.IGNORECASE
)  # what the code of a handover holds
Style = Literal["in", "out", "held", "not-found", "misread"]


@dataclass(frozen=True)
class Answer:
    """What the scan field says: one large word, and the words that explain it."""

    word: str
    style: Style
    words: str
    thing: Thing | None = None


@signed_in
def counters(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The counters that the actor may work at; straight to it where there is one."""
    everywhere = visible(actor, Site.objects.all())
    sites = [site for site in everywhere if may(actor, "custody.receive", queries.scope_of(site))]
    if len(sites) == 1:
        return redirect("counter", sites[0].code)
    return render(request, "web/counters.html", {"sites": sites})


@signed_in
def counter(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The scan field and, after a scan, its answer; below it what waits at this site."""
    place = site_for(actor, site)
    words = words_at(place, now=timezone.now())
    code = request.POST.get("scan", "")
    if slip := SLIP.search(code):
        return redirect("handover-slip", slip[1])
    answer = look_up(place, code, words) if request.method == "POST" else None
    note = AGAIN if answer and scanned_again(request, code) else ""
    return counter_page(request, actor, place, answer=answer, note=note)


def counter_page(
    request: HttpRequest,
    actor: Actor,
    site: Site,
    *,
    answer: Answer | None = None,
    refusal: MusterError | None = None,
    note: str = "",
) -> HttpResponse:
    """The counter, with the answer to a scan or the refusal of a form on it."""
    names = dict(User.objects.values_list("pk", "username"))
    waiting = queries.offers_to(site.code) | queries.offers_from(site.code)
    offers = [
        _told(offer, actor, site, names)
        for offer in waiting.select_related("giver", "receiver", "offered_act")
    ]
    named = visible_things(actor, [answer.thing.pk]) if answer and answer.thing else set()
    context: dict[str, Any] = {
        "site": site,
        "answer": answer,
        "note": note,
        "can_undo": can_be_undone(actor, site, now=timezone.now()),
        "named": named,
        "offers": offers,
        "reasons": rules.REFUSALS,
        "space": space([site]).get(site.pk),
        "words": words_at(site, now=timezone.now()),
        "property_of": _property_of(site, answer.thing) if answer and answer.thing else None,
    }
    context |= {"drill": is_drill_at(site)} | _counts(site, timezone.now())
    return form_page(request, "web/counter.html", context, refusal=refusal)


def _counts(site: Site, now: datetime) -> dict[str, Any]:
    """The headcounts that are due, and how many more were late or missed since the same time yesterday."""
    clocks = counts_of([site], now, latest_only=False).get(site.pk, [])
    past = [each for each in clocks if not each.is_open and each.breached]
    missed = sum(each.due_at is not None and each.due_at >= now - timedelta(days=1) for each in past)
    return {"counts": [each for each in clocks if each.is_open], "missed": missed}


def site_for(actor: Actor, code: str) -> Site:
    """The site, for those who work at its counter. Raises NotFound, NotPermitted."""
    found = queries.site_for(actor, code)
    can(actor, "custody.receive", queries.scope_of(found))
    return found


def look_up(site: Site, text: str, words: Words = CUSTODY) -> Answer:
    """Where the thing of a scanned or typed tag is, as far as this site may know."""
    try:
        tag = parse_tag(text)
    except TagMisread as misread:
        return Answer("MISREAD", "misread", str(misread))
    thing = Thing.objects.select_related("head__holder").filter(tag=tag).first()
    if thing is None or not _concerns(site, thing):
        told = f"{tag} is in no record of this site. Receive the {words.person}, or scan again."
        return Answer("NOT FOUND", "not-found", told)
    if into := merged_into(thing):
        told = f"{tag} was a second record of one person and is merged into {into.tag}. Use that tag; band the person anew."
        return Answer("OUT", "out", told, thing)
    holder = thing.head.holder
    if holder.site == site.code:
        return Answer("IN", "in", f"{tag} {words.here} {holder.code}.", thing)
    if holder.kind == Holder.Kind.OUTSIDE:
        return Answer("OUT", "out", f"{tag} {words.was_here}.", thing)
    return Answer(
        words.elsewhere_word, "held", f"{tag} {words.elsewhere} {holder.code}, not {words.not_here}.", thing
    )


def _property_of(site: Site, thing: Thing) -> Thing | None:
    """The person whose property a scan leads to: the person of a bag, or who was scanned, where the site has bags of the person."""
    whose = thing.bag.person if thing.kind == Thing.Kind.PROPERTY else thing
    return whose if ever_at(site).filter(person=whose).exists() else None


def _concerns(site: Site, thing: Thing) -> bool:
    """Whether the site holds or held the thing, or is being offered it: others read *not found*."""
    entries = Entry.objects.filter(thing=thing)
    offers = Offer.objects.filter(thing=thing, open=True, handover__receiver__site=site.code)
    return (
        entries.filter(receiver__site=site.code).exists()
        or entries.filter(giver__site=site.code).exists()
        or offers.exists()
    )


def _told(offer: Handover, actor: Actor, site: Site, names: dict[int, str]) -> dict[str, Any]:
    """An open handover as its card shows it; whoever offered it cannot sign for the receiver."""
    persons, bags = queries.listed_on(offer)
    return {
        "id": offer.pk, "giver": offer.giver, "receiver": offer.receiver,
        "persons": len(persons), "bags": len(bags), "tags": [*persons, *bags],
        "offered_at": offer.offered_act.recorded_at, "offered_by": names[offer.offered_by],
        "comes_here": offer.receiver.site == site.code, "is_own": offer.offered_by == actor.user,
        "can_lapse": queries.can_lapse(offer, timezone.now()), "under": of_handover(offer, latest_known()),
    }  # fmt: skip
