"""A site's lists beside its record: what each list says and what the record says, worked through row by row or many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.core.errors import NotFound
from muster.core.times import end_of_day, zone
from muster.custody import lists, rosters
from muster.custody.models import Difference, ListTaken
from muster.custody.queries import open_differences, scope_of, site_for
from muster.ledger.queries import census, latest_known
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.csvforms import CsvForm
from muster.web.pages import signed_in
from muster.web.views.board import ROWS_OF_LISTS
from muster.web.views.differences import worked_through

SHOWN = 30  # lists of a site, the latest


@dataclass(frozen=True)
class Told:
    """One list: how many it counts, how many the record has at the end of its day as known now, and what of it is settled."""

    taken: ListTaken
    ours: int
    open: int
    settled: int


def _told(taken: ListTaken, site: Site, known_at: int) -> Told:
    moment = min(end_of_day(taken.listed, zone(site.zone)), timezone.now())
    ours = census(moment, known_at, site=site.pk).sites.get(site.pk, 0)
    rows = _differences(taken)
    waiting = rows.filter(settled__isnull=True).count()
    return Told(taken, ours, waiting, rows.count() - waiting)


def _differences(taken: ListTaken) -> QuerySet[Difference]:
    return Difference.objects.filter(act=taken.act_id, kind__in=ROWS_OF_LISTS).order_by("id")


@signed_in
def listed(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The lists that were taken in of a site, the latest first."""
    place, known_at = site_for(actor, site), latest_known()
    rows = ListTaken.objects.filter(site=place).select_related("act__number").order_by("-listed", "-pk")
    context = {
        "site": place, "drill": is_drill_at(place), "known_at": known_at,
        "lists": [_told(row, place, known_at) for row in rows[:SHOWN]], "count": rows.count(),
        "may_import": may(actor, "custody.import_list", scope_of(place)), "waiting": _waiting_by_kind(place),
    }  # fmt: skip
    return render(request, "web/lists.html", context)


def _waiting_by_kind(site: Site) -> list[tuple[str, str, int]]:
    """How many wait of each kind that lists open: kind, its words, number."""
    open_ones = open_differences([site.pk]).filter(kind__in=ROWS_OF_LISTS).order_by()
    counts = dict(open_ones.values_list("kind").annotate(Count("pk")))
    return [(kind.value, kind.label, counts[kind.value]) for kind in ROWS_OF_LISTS if kind.value in counts]


@dataclass(frozen=True)
class Line:
    """One row of a list that does not agree with the record: what the list says, what the record says, and how it was settled."""

    row: Difference
    theirs: str
    ours: str


# What a list says of somebody, and what the lists before it said, where they contradict one another.
BETWEEN_LISTS: Mapping[str, tuple[str, str]] = {
    Difference.Kind.LIST_HOLE: ("listed again under the same admission", "left, since a list lacked the person: undone"),
    Difference.Kind.LIST_REWRITTEN: ("another admission, which cannot go with the earlier one", "the earlier admission: undone"),
    Difference.Kind.OUT_AND_IN: ("a newer admission", "the earlier one: recorded as out and in between the two lists"),
    Difference.Kind.LISTED_TWICE: ("more than one line", "counted once, under the newest admission"),
}  # fmt: skip


def _line(row: Difference) -> Line:
    if row.kind in BETWEEN_LISTS:
        return Line(row, *BETWEEN_LISTS[row.kind])
    if row.kind == Difference.Kind.HELD_NOT_LISTED:
        return Line(row, "not on the list, by tag or known reference", "here all that day")
    if row.thing is None:
        return Line(
            row,
            row.words.rpartition("nobody of ")[2].rstrip(".").capitalize(),
            "nobody whom the record knows",
        )
    return Line(row, "on the list", "not here at any time of that day")


@signed_in
def one(request: HttpRequest, actor: Actor, site: str, taken: int) -> HttpResponse:
    """One list beside the record, each row with both columns; those who may settle do so for many at once."""
    place = site_for(actor, site)
    row = ListTaken.objects.filter(pk=taken, site=place).select_related("act__number").first()
    if row is None:
        raise NotFound(kind=f"list of {place.code}", name=str(taken))
    return _worked_through(
        request, actor, place, _differences(row), title=f"List of {place.name}, {row.listed}",
        back=reverse("list", args=[place.pk, row.pk]), told=_told(row, place, latest_known()),
    )  # fmt: skip


@signed_in
def waiting(request: HttpRequest, actor: Actor, site: str, kind: str = "") -> HttpResponse:
    """What waits of all lists of a site, or of one kind: where lists contradict one another, many days are one question."""
    place = site_for(actor, site)
    kinds = {each.value: each for each in ROWS_OF_LISTS}
    if kind and kind not in kinds:
        raise NotFound(kind="kind of difference of a list", name=kind)
    of_kind = open_differences([place.pk]).filter(kind__in=[kind] if kind else kinds)
    title = f"To settle of the lists of {place.name}" + (f": {kinds[kind].label}" if kind else "")
    here = reverse("lists-waiting", args=[place.pk, *([kind] if kind else [])])
    return _worked_through(request, actor, place, of_kind.order_by("id"), title=title, back=here)


def _worked_through(
    request: HttpRequest, actor: Actor, place: Site, differences: QuerySet[Difference], *, title: str, back: str,
    told: Told | None = None,
) -> HttpResponse:  # fmt: skip
    return worked_through(
        request, actor, place, differences.select_related("thing", "settled__act__actor", "settled__act__number"),
        title=title, back=back, template="web/list.html", row=_line, context={"told": told, "between": BETWEEN_LISTS},
    )  # fmt: skip


@signed_in
def from_file(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Take a file of daily lists in: entries at a site kept by list, else an observation that is compared with the record."""
    place = site_for(actor, site)
    can(actor, "custody.import_list", scope_of(place))
    kept = "its people record what happens, so the list is compared with the record and writes no entry"
    if place.kept_by_list_since:
        kept = "it is kept by list, so the list writes the entries"
    return CsvForm(
        title=f"Take lists of {place.name} in", label="File of lists", button="Take in",
        columns=(*rosters.COLUMNS, *rosters.OPTIONAL_COLUMNS),
        lead=f"Each day is whole. At this site {kept}.", drill=is_drill_at(place), back=reverse("lists", args=[place.pk]),
        take_in=lambda file, name: lists.import_rosters(file, actor=actor, site=place.pk, zone=place.zone, name=name),
        done=lambda answer: f"{len(answer['lists'])} list{'s' if len(answer['lists']) != 1 else ''} taken in",
    ).page(request)  # fmt: skip
