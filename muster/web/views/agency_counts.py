"""What an agency says of its sites: two counts of a day beside one another, and files of counts and of transfers taken in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from muster.access.control import Actor, can, may
from muster.core.times import zone
from muster.custody import agency_counts, transfers
from muster.custody.agency_counts import NotADay
from muster.ledger.queries import latest_known
from muster.record.action import the_record
from muster.web.csvforms import CsvForm
from muster.web.pages import Problem, signed_in

ROWS = 500


@signed_in
def compare(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The counts of a day at every site, those first that the two definitions put furthest apart; without a day, the latest."""
    days, problems = agency_counts.days_counted(actor), []
    day = days[0] if days else None
    asked = request.GET.get("on", "").strip()
    if asked:
        try:
            day = agency_counts.day_named(asked)
        except NotADay as told:
            problems.append(Problem("on", str(told)))
    found = agency_counts.compared(actor, day) if day else None
    context = {
        "found": found, "days": days, "on": asked or (day.isoformat() if day else ""), "problems": problems,
        "rows": found.rows[:ROWS] if found else [], "known_at": found.known_at if found else latest_known(),
        "may_import": may(actor, "custody.import_counts", the_record()[0]),
    }  # fmt: skip
    return render(request, "web/agency_counts.html", context, status=422 if problems else 200)


@signed_in
def from_file(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Keep a file of an agency's counts."""
    can(actor, "custody.import_counts", the_record()[0])
    return CsvForm(
        title="Keep an agency's counts", label="File of counts", button="Keep them", columns=agency_counts.COLUMNS,
        lead="Each row is one site on one day, counted twice: everybody who was there at any time, and who was there at midnight. "
        "The two are kept apart. Numbers that differ from those kept before stand beside them.",
        back=reverse("agency-counts"),
        take_in=lambda file, name: agency_counts.import_counts_of(file, actor=actor, name=name),
        done=lambda answer: f"{answer['kept']} kept, {answer['notices'].get('already_there', 0)} of them in the record before",
    ).page(request)  # fmt: skip


@signed_in
def transfers_from_file(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Take a file of moves in whose persons are not named; its days are those of one zone."""
    can(actor, "custody.import_transfers", the_record()[0])
    given = request.POST.get("zone", "").strip() or "America/Chicago"
    return CsvForm(
        title="Take transfers in", label="File of transfers", button="Take in",
        columns=(*transfers.COLUMNS, *transfers.OPTIONAL_COLUMNS), zone=given,
        lead="Each row is one person more, whom the file does not name: each gets a tag. The sites are kept by list.",
        back=reverse("agency-counts"),
        take_in=lambda file, name: transfers.import_transfers_of(file, actor=actor, zone=zone(given).key, name=name),
        done=lambda answer: f"{answer['kept']} kept, in {len(answer['moves'])} act{'s' * (len(answer['moves']) != 1)}",
    ).page(request)  # fmt: skip
