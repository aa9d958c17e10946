"""Differences at one site, worked through together: those ticked, or all that are open, settled with one reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from muster.access.control import Actor, can, may
from muster.custody.models import Difference
from muster.custody.queries import open_differences, scope_of, site_for
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in
from muster.web.views.history import visible_things

ROWS = 500  # of one page
MOST = 2_000  # settled at once


class SettleForm(ActForm):
    """The form that settles those ticked, or all that are open, with one reason."""

    def given_in(self, request: HttpRequest) -> dict[str, Any]:
        """The reason, and which: what is no id of a row is none of the page's."""
        read = super().given_in(request)
        everything = read.pop("all")
        ticked = self.context["open"] if everything else request.POST.getlist("difference")
        return read | {"differences": ticked}


@signed_in
def at_site(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The open differences of a site, of every kind; those who may settle do so for many at once."""
    place = site_for(actor, site)
    return worked_through(
        request, actor, place, open_differences([place.pk]).select_related("thing"), title=f"To settle at {place.name}",
        back=request.path, template="web/differences.html",
    )  # fmt: skip


def worked_through(
    request: HttpRequest, actor: Actor, place: Site, found: QuerySet[Difference], *, title: str, back: str, template: str,
    row: Callable[[Difference], Any] = lambda each: each, context: dict[str, Any] | None = None,
) -> HttpResponse:  # fmt: skip
    """The page of some differences of a site, and what is sent from it; `row` is how the template has each of them."""
    if request.method == "POST":
        can(actor, "custody.settle_many", scope_of(place))
    open_ones = [str(each) for each in found.filter(settled__isnull=True).values_list("pk", flat=True)[:MOST]]
    rows = list(found[:ROWS])
    shared = {
        "site": place, "rows": [row(each) for each in rows], "count": found.count(), "open": open_ones,
        "named": visible_things(actor, {each.thing_id for each in rows if each.thing_id}),
        "may_settle": bool(open_ones) and may(actor, "custody.settle_many", scope_of(place)),
        "ticked": request.POST.getlist("difference"),
    }  # fmt: skip
    inputs = [
        Input("all", f"All {len(open_ones)} that are open, ticked or not", "flag", needed=False),
        Input("reason", "How they are settled, and why", "long", "One reason for all of them. Your name stands beside it in the record."),
    ]  # fmt: skip
    return SettleForm(
        action="custody.settle_many", title=title, button="Settle them", inputs=inputs, given={"site": place.pk},
        zone=place.zone, back=back, drill=is_drill_at(place), done=lambda answer: f"{len(answer.differences)} settled.",
        template=template, context=shared | (context or {}),
    ).page(request, actor)  # fmt: skip
