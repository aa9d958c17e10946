"""Everything that waits to be settled at one site, worked through together."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from muster.access.control import Actor, can, may
from muster.custody.queries import open_differences, scope_of, site_for
from muster.missions.queries import is_drill_at
from muster.web.forms import Input
from muster.web.pages import signed_in
from muster.web.views.history import visible_things
from muster.web.views.lists import MOST, ROWS, SettleForm


@signed_in
def at_site(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The open differences of a site, of every kind; those who may settle do so for many at once."""
    place = site_for(actor, site)
    if request.method == "POST":
        can(actor, "custody.settle_many", scope_of(place))
    found = open_differences([place.pk]).select_related("thing")
    open_ones = [str(each) for each in found.values_list("pk", flat=True)[:MOST]]
    rows = list(found[:ROWS])
    context = {
        "site": place, "rows": rows, "count": found.count(), "open": open_ones, "ticked": request.POST.getlist("difference"),
        "named": visible_things(actor, {each.thing_id for each in rows if each.thing_id}),
        "may_settle": bool(open_ones) and may(actor, "custody.settle_many", scope_of(place)),
    }  # fmt: skip
    inputs = [
        Input("all", f"All {len(open_ones)} that are open, ticked or not", "flag", needed=False),
        Input("reason", "How they are settled, and why", "long", "One reason for all of them. Your name stands beside it in the record."),
    ]  # fmt: skip
    return SettleForm(
        action="custody.settle_many", title=f"To settle at {place.name}", button="Settle them", inputs=inputs, given={"site": place.pk},
        zone=place.zone, back=request.path, drill=is_drill_at(place), done=lambda answer: f"{len(answer.differences)} settled.",
        template="web/differences.html", context=context,
    ).page(request, actor)  # fmt: skip
