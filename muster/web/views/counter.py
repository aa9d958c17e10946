"""The counter of a site: one field that says where somebody is, and the forms that change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from muster.access.control import Actor, Scope, can, may, visible
from muster.core.errors import NotFound
from muster.core.tags import TagMisread, parse_tag
from muster.ledger.models import Entry, Holder, Offer, Thing
from muster.parties.models import Site
from muster.web.pages import form_page, signed_in

Word = Literal["IN", "OUT", "HELD", "NOT FOUND", "MISREAD"]


@dataclass(frozen=True)
class Answer:
    """What the scan field says: one large word, and the words that explain it."""

    word: Word
    words: str
    thing: Thing | None = None

    @property
    def style(self) -> str:
        return self.word.lower().replace(" ", "-")


@signed_in
def counters(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The counters that the actor may work at; straight to it where there is one."""
    sites = [
        site for site in visible(actor, Site.objects.all()) if may(actor, "custody.receive", _scope(site))
    ]
    if len(sites) == 1:
        return redirect("counter", sites[0].code)
    return render(request, "web/counters.html", {"sites": sites})


@signed_in
def counter(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The scan field and, after a scan, its answer; below it what waits at this site."""
    place = site_for(actor, site)
    answer = look_up(place, request.POST.get("scan", "")) if request.method == "POST" else None
    return form_page(request, "web/counter.html", {"site": place, "answer": answer})


def site_for(actor: Actor, code: str) -> Site:
    """The site, for those who work at its counter. Raises NotFound, NotPermitted."""
    found = visible(actor, Site.objects.filter(code=code)).first()
    if found is None:
        raise NotFound(kind="site", name=code)
    can(actor, "custody.receive", _scope(found))
    return found


def look_up(site: Site, text: str) -> Answer:
    """Where the thing of a scanned or typed tag is, as far as this site may know."""
    try:
        tag = parse_tag(text)
    except TagMisread as misread:
        return Answer("MISREAD", str(misread))
    thing = Thing.objects.select_related("head__holder").filter(tag=tag).first()
    if thing is None or not _concerns(site, thing):
        return Answer("NOT FOUND", f"{tag} is in no record of this site. Receive the person, or scan again.")
    holder = thing.head.holder
    if holder.site == site.code:
        return Answer("IN", f"{tag} is held here, in {holder.code}.", thing)
    if holder.kind == Holder.Kind.OUTSIDE:
        return Answer("OUT", f"{tag} was held here and is outside now.", thing)
    return Answer("HELD", f"{tag} is held by {holder.code}, not by this site.", thing)


def _concerns(site: Site, thing: Thing) -> bool:
    """Whether the site holds or held the thing, or is being offered it: others read *not found*."""
    entries = Entry.objects.filter(thing=thing)
    offers = Offer.objects.filter(thing=thing, open=True, handover__receiver__site=site.code)
    return (
        entries.filter(receiver__site=site.code).exists()
        or entries.filter(giver__site=site.code).exists()
        or offers.exists()
    )


def _scope(site: Site) -> Scope:
    return Scope("site", site.code, site.organisation_id, site.code)
