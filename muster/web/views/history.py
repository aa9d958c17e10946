"""Everything the record has about one thing, in the order in which it was written."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from muster.access.control import Actor, visible
from muster.access.models import User
from muster.core.errors import NotFound
from muster.ledger import queries
from muster.ledger.models import Entry, Thing
from muster.parties.models import Site
from muster.web.pages import signed_in


@signed_in
def history(request: HttpRequest, actor: Actor, thing: UUID) -> HttpResponse:
    """A thing's entries, for readers who may see a site that holds or held it. Raises NotFound for others."""
    found = Thing.objects.select_related("head__holder").filter(pk=thing).first()
    sites = visible(actor, Site.objects.all()).filter(code__in=_sites_of(thing))
    if found is None or not sites:
        raise NotFound(kind="person or thing", name=str(thing))
    known_at = queries.latest_known()  # before the entries are read, so that each has its number
    told = queries.history(found.tag)["entries"]
    reversals = {entry["corrects"]: entry["n"] for entry in told if entry["corrects"]}
    names = dict(User.objects.values_list("pk", "username"))
    entries = [
        {
            **entry,
            "corrected_by": reversals.get(entry["n"]),
            "signers": [names[u] for u in entry["signed_by"]],
        }
        for entry in told
    ]
    context = {
        "thing": found, "entries": entries, "zone": sites[0].zone, "known_at": known_at,
    }  # fmt: skip
    return render(request, "web/history.html", context)


def _sites_of(thing: UUID) -> set[str]:
    sides = Entry.objects.filter(thing_id=thing).exclude(Q(giver__site="") & Q(receiver__site=""))
    return {site for pair in sides.values_list("giver__site", "receiver__site") for site in pair}
