"""Incidents: counted by kind at a site and over all, reported, followed up, stood for and closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may, visible
from muster.cases.checklists import shelters_among
from muster.cases.clocks import Clock
from muster.cases.queries import clocks_of_incident
from muster.core.errors import NotFound
from muster.core.times import local, zone
from muster.custody.incidents import IncidentReported, moment_of
from muster.custody.models import Area, Count, Incident, IncidentClosed
from muster.custody.queries import IncidentCount, count_incidents, incidents, scope_of, site_for
from muster.ledger.models import Thing
from muster.ledger.queries import latest_known
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in
from muster.web.views.history import visible_things
from muster.web.words import SHELTER, Words, words_at

SHOWN = 200
OF_CUSTODY = (
    Incident.Kind.ABSCONDED,
    Incident.Kind.RELEASED_IN_ERROR,
)  # nobody does or is that where all are free to leave
RECENT_COUNTS = 20
OUTCOMES = [(value, words.capitalize()) for value, words in IncidentClosed.Outcome.choices]


def _rows(rows: Any) -> Any:
    return rows.select_related("site", "area", "closed", "confirmed", "act__actor").prefetch_related(
        "persons__thing"
    )


def _counts(counts: list[IncidentCount], words: Words | None = None) -> list[IncidentCount]:
    """The counts of every kind; at a shelter those of custody only where there are any."""
    return [
        each for each in counts if each.count or not (words and words.is_shelter and each.kind in OF_CUSTODY)
    ]


@signed_in
def everywhere(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The incidents at all sites that the actor may see, or at one, counted by kind; those that the actor may read one by one."""
    sites = {site.pk: site for site in visible(actor, Site.objects.all())}
    chosen = request.GET.get("site", "")
    if chosen and chosen not in sites:
        raise NotFound(kind="site", name=chosen)
    at = [chosen] if chosen else list(sites)
    readable = [code for code in at if may(actor, "custody.read_incidents", scope_of(sites[code]))]
    found = incidents(sites=at)
    shown = list(_rows(incidents(sites=readable))[:SHOWN])
    shelters = shelters_among([sites[code] for code in at], now=timezone.now())
    drills = {code for code in {row.site_id for row in shown} if is_drill_at(sites[code])}
    context = {
        "counts": _counts(count_incidents(found), SHELTER if at and set(at) == shelters else None),
        "count": found.count(), "rows": [(row, row.site_id in drills) for row in shown],
        "sites": sorted(sites.values(), key=lambda site: site.pk), "chosen": chosen, "now": timezone.now(), "known_at": latest_known(),
        "reads": bool(readable), "drill": bool(drills) and len(drills) == len({row.site_id for row in shown}),
    }  # fmt: skip
    return render(request, "web/incidents_everywhere.html", context)


@signed_in
def listed(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The incidents at a site: how many of each kind there ever were, and for those who may read them each of them."""
    place, now = site_for(actor, site), timezone.now()
    scope, words = scope_of(place), words_at(place, now=now)
    found, reads = incidents(sites=[place.pk]), may(actor, "custody.read_incidents", scope)
    rows = list(_rows(found)[:SHOWN]) if reads else []
    context = {
        "site": place, "drill": is_drill_at(place), "words": words, "counts": _counts(count_incidents(found), words),
        "open": [row for row in rows if not hasattr(row, "closed")], "closed": [row for row in rows if hasattr(row, "closed")],
        "may_report": may(actor, "custody.report_incident", scope), "reads": reads, "now": now, "leaving": Incident.LEAVING,
    }  # fmt: skip
    return render(request, "web/incidents.html", context)


@signed_in
def report(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Report an incident: what, to whom, when and where."""
    place = site_for(actor, site)
    can(actor, "custody.report_incident", scope_of(place))
    words = words_at(place, now=timezone.now())
    kinds = [
        (kind.value, kind.label.capitalize()) for kind in Incident.Kind
        if not (words.is_shelter and kind in OF_CUSTODY)
    ]  # fmt: skip
    areas = [
        (code, code)
        for code in Area.objects.filter(site=place).order_by("code").values_list("code", flat=True)
    ]
    inputs = [
        Input("kind", "What happened", "radio", choices=kinds, value=request.GET.get("kind", "")),
        Input("tags", f"Tags of the {words.persons}", "tags", "Whom it befell. One tag a line.", rows=3, value=_tags(actor, request)),
        when("When it happened, or was found out"),
        Input("last_seen_at", "Seen last", "moment", f"Where the moment is not known: 2026-03-01 14:05, in {place.zone}.", needed=False),
        Input("words", "What is known of it", "long", "What was seen and done. Never a name.", rows=4),
        Input("reported_by", "Reported by", hint="The office or post, never a name."),
        Input("serious", "Serious injury or illness", "flag"),
        Input("paper", "Paper that says so", hint="A report, log or certificate, by its number.", needed=False),
    ]  # fmt: skip
    if areas:
        inputs.insert(4, Input("area", "Area", "choice", choices=areas, needed=False))
    if counts := _recent_counts(place):
        hint = "Where a headcount found it out."
        inputs.append(
            Input(
                "count",
                "Headcount",
                "choice",
                hint,
                choices=counts,
                needed=False,
                value=request.GET.get("count", ""),
            )
        )
    return ActForm(
        action="custody.report_incident", title=f"Report an incident at {place.name}", button="Record incident", inputs=inputs,
        given={"site": place.pk}, back=reverse("incidents", args=[place.pk]), zone=place.zone, drill=is_drill_at(place), done=_reported,
        is_well=lambda answer: not (answer.waits or answer.report),
        lead=_lead(words), about={"custody.incident_reported": "tags", "core.not_found": "tags", "core.not_happened_yet": "at"},
    ).page(request, actor)  # fmt: skip


def _lead(words: Words) -> str:
    if words.is_shelter:
        return "Recorded at once and never deleted. Of a death a supervisor has to stand for the report afterwards."
    return (
        "Recorded at once and never deleted. Whoever absconded, was released in error or died is held here no more by the record from "
        "then on; a supervisor has to stand for it afterwards. A release that was recorded before keeps its entry."
    )


def _tags(actor: Actor, request: HttpRequest) -> str:
    """The tags of the persons whom the address names, of those whom the reader may see."""
    named = []
    for text in request.GET.getlist("person"):
        try:
            named.append(UUID(text))
        except ValueError:
            continue
    seen = visible_things(actor, named)
    return "\n".join(
        Thing.objects.filter(pk__in=seen, kind=Thing.Kind.PERSON)
        .order_by("tag")
        .values_list("tag", flat=True)
    )


def _recent_counts(site: Site) -> list[tuple[str, str]]:
    rows = Count.objects.filter(site=site, counted__isnull=False).order_by("-opened_at", "-pk")[
        :RECENT_COUNTS
    ]
    where = zone(site.zone)
    return [(str(row.pk), f"{row.get_kind_display()}, {local(row.opened_at, where)}") for row in rows]


def _reported(answer: IncidentReported) -> str:
    words = f"Incident {answer.number} is recorded."
    if answer.left:
        words += f" {', '.join(answer.left)}: here no more by the record."
    if answer.reported:
        words += (
            f" Kept as a report, because it does not fit the record: {'; '.join(answer.reported.values())}"
        )
    return words + (" A supervisor has still to stand for it." if answer.waits else "")


def _found(actor: Actor, site: str, number: int) -> tuple[Site, Incident]:
    place = site_for(actor, site)
    can(actor, "custody.read_incidents", scope_of(place))
    row = _rows(incidents(sites=[place.pk])).select_related("count").filter(number=number).first()
    if row is None:
        raise NotFound(kind="incident", name=f"{site} {number}")
    return place, row


@dataclass(frozen=True)
class Owed:
    """One clock that an incident started: whose, and where, as the card of a clock tells it."""

    tag: str
    clock: Clock
    site: str
    before: tuple[str, ...] = ()


@signed_in
def by_id(request: HttpRequest, actor: Actor, incident: UUID) -> HttpResponse:
    """Lead to an incident that something names by its id."""
    row = (
        incidents(sites=[site.pk for site in visible(actor, Site.objects.all())]).filter(pk=incident).first()
    )
    if row is None:
        raise NotFound(kind="incident", name=str(incident))
    return redirect("incident", row.site_id, row.number)


@signed_in
def one(request: HttpRequest, actor: Actor, site: str, number: int) -> HttpResponse:
    """One incident: what is known, what is owed because of it, its log, and what can follow."""
    place, row = _found(actor, site, number)
    now, scope = timezone.now(), scope_of(place)
    is_open, waits = (
        not hasattr(row, "closed"),
        row.kind in Incident.LEAVING and not hasattr(row, "confirmed"),
    )
    persons = [each.thing for each in row.persons.all()]
    clocks = [Owed(tag, clock, place.pk) for tag, clock in clocks_of_incident(row, now=now)]
    context = {
        "site": place, "drill": is_drill_at(place), "row": row, "when": moment_of(row), "now": now, "known_at": latest_known(),
        "is_open": is_open, "waits": waits and is_open, "persons": persons,
        "named": visible_things(actor, [thing.pk for thing in persons]),
        "owed": [each for each in clocks if each.clock.is_open], "done": [each for each in clocks if not each.clock.is_open],
        "zone": place.zone,
        "log": row.log.select_related("act__actor", "act__number").order_by("at", "pk"),
        "may_log": is_open and may(actor, "custody.log_incident", scope),
        "may_close": is_open and not waits and may(actor, "custody.close_incident", scope),
        "may_undo": is_open and waits and may(actor, "custody.close_incident", scope),
        "may_confirm": is_open and waits and may(actor, "custody.confirm_incident", scope) and actor.user != row.act.actor_id,
        "may_record": may(actor, "cases.record_event", scope),
    }  # fmt: skip
    return render(request, "web/incident.html", context)


@signed_in
def follow(request: HttpRequest, actor: Actor, site: str, number: int, verb: str) -> HttpResponse:
    """Add to the log, stand for the incident as the supervisor, or close it."""
    place, row = _found(actor, site, number)
    shared: dict[str, Any] = {
        "given": {"incident": row.pk}, "back": reverse("incident", args=[place.pk, row.number]), "zone": place.zone,
        "drill": is_drill_at(place),
    }  # fmt: skip
    title = f"{row.get_kind_display()}, {row}"
    match verb:
        case "log":
            can(actor, "custody.log_incident", scope_of(place))
            form = ActForm(
                action="custody.log_incident", title=f"Add to the log: {title}", button="Add to the log",
                inputs=[Input("words", "What was done or found out", "long", "Never a name."), when("When")],
                done=lambda answer: "The log has it.", **shared,
            )  # fmt: skip
        case "confirm":
            can(actor, "custody.confirm_incident", scope_of(place))
            form = ActForm(
                action="custody.confirm_incident", title=f"Stand for: {title}", button="I stand for it as the supervisor",
                lead=f"Recorded {local(row.act.recorded_at, zone(place.zone))} for {row.reported_by}, by {row.act.actor}. {row.words}",
                inputs=[Input("reason", "On what grounds", "long", "It settles the differences that the incident opened.", rows=2)],
                done=lambda answer: "You stand for it as the supervisor; its differences are settled.", **shared,
            )  # fmt: skip
        case "close":
            can(actor, "custody.close_incident", scope_of(place))
            form = ActForm(
                action="custody.close_incident", title=f"Close: {title}", button="Close incident",
                lead="It stays counted, and what is owed because of it is owed until it is done.",
                inputs=[Input("outcome", "What came of it", "radio", choices=OUTCOMES),
                        Input("reason", "Why nothing of it is open", "long", rows=2)],
                done=lambda answer: "The incident is closed.", **shared,
            )  # fmt: skip
        case _:
            raise NotFound(kind="step of an incident", name=verb)
    return form.page(request, actor)
