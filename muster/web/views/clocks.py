"""What is due: lists by site, time and responsible, one person's clocks, a site's standards, and the forms that record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.cases import queries
from muster.cases.actions import TOLD_BY_STAFF
from muster.cases.clocks import Clock
from muster.cases.due import LONGEST, due_list
from muster.cases.packs import FROM_THE_RECORD, load_standards
from muster.cases.rules import NotALength, parse_within
from muster.core.errors import NotFound
from muster.custody.queries import present, scope_of, site_for
from muster.ledger.queries import latest_known
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.forms import ActForm, Input, when
from muster.web.pages import Problem, signed_in
from muster.web.words import words_at

WITHIN = [("0h", "late now"), ("1h", "within 1 hour"), ("4h", "within 4 hours"), ("12h", "within 12 hours"),
          ("1d", "within a day"), ("7d", "within 7 days"), ("30d", "within 30 days")]  # fmt: skip
USUAL = "4h"


@signed_in
def listed(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What is due at the sites that the actor may see, by site, time and who is responsible."""
    now, sites = timezone.now(), queries.sites_for(actor)
    site, within, responsible = (request.GET.get(name, "") for name in ("site", "due", "responsible"))
    problems, length = [], timedelta(hours=4)
    try:
        length = parse_within(within or USUAL)
    except NotALength as told:
        problems.append(Problem("due", str(told)))
    found = due_list(actor, now=now, within=length, sites=[site] if site else None, responsible=responsible)
    zones = {place.pk: place.zone for place in sites}
    listed_at = {each.site for each in found.rows}
    drills = {place.pk for place in sites if place.pk in listed_at | {site} and is_drill_at(place)}
    with_standards = queries.standards_at(list(zones))
    context = {
        "now": now, "found": found, "rows": [(each, zones[each.site], each.site in drills) for each in found.rows], "longest": LONGEST,
        "sites": [place for place in sites if place.pk in with_standards or place.pk == site], "site": site,
        "within": within or USUAL, "withins": WITHIN, "responsible": responsible, "responsibles": _responsible(),
        "problems": problems, "asks": found.asks, "drill": bool(drills) and drills == (listed_at or {site}),
        "choose": [place for place in sites if _may_state(actor, place)],
    }  # fmt: skip
    return render(request, "web/clocks.html", context)


def _responsible() -> list[str]:
    packs = load_standards().by_id.values()
    return sorted({rule.responsible for pack in packs for rule in pack.rules.values() if rule.has_clock})


def _may_state(actor: Actor, site: Site) -> bool:
    return may(actor, "cases.set_standard", scope_of(site))


@signed_in
def of_site(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """One site: which standards hold there, its own clocks, and the breaches that were recorded."""
    place, now = site_for(actor, site), timezone.now()
    scope = scope_of(place)
    own = queries.site_clocks(place, now=now)
    context = {
        "place": place, "now": now, "known_at": latest_known(), "drill": is_drill_at(place),
        "statements": [(row, _name(row.standard)) for row in queries.standards_at([site]).get(site, [])],
        "holidays": queries.holidays_at(site),
        "clocks": [clock for clock, _, _ in queries.in_order((each, site, site) for each in own if each.is_open)],
        "missed": sum(clock.breached for clock in own),
        "breaches": queries.breaches_at([site])[:100],
        "may_state": may(actor, "cases.set_standard", scope), "may_record": may(actor, "cases.record_event", scope),
    }  # fmt: skip
    return render(request, "web/site_clocks.html", context)


def _name(standard: str) -> str:
    packs = load_standards()
    if standard in packs.by_id:
        return packs.by_id[standard].title
    return packs.overlays[standard].name if standard in packs.overlays else "not in the packs in use"


@dataclass(frozen=True)
class Told:
    """One clock of a person for the page: where it started, and how it was read before."""

    clock: Clock
    site: str
    before: list[str]


@signed_in
def of_person(request: HttpRequest, actor: Actor, thing: UUID) -> HttpResponse:
    """One person: every clock with how it stands, how it was read before, and what was recorded."""
    found, now = queries.person_for(actor, thing), timezone.now()
    seen = {place.pk: place for place in queries.sites_for(actor)}
    known_at = latest_known()
    readings = queries.readings_of(found, now=now)
    clocks = queries.in_order(queries.person_clocks([found.pk], now=now)[found.pk].clocks)
    told = [
        Told(clock, site, _before(readings.get((site, clock.rule.pack, clock.rule.id), ()), clock))
        for clock, site, _ in clocks
    ]
    words = {name: event.words for name, event in load_standards().events.items()}
    events = [
        (
            row,
            words.get(row.event, row.event),
            row.site_id in seen and may(actor, "cases.correct_event", scope_of(row.site)),
        )
        for row in queries.events_of(found)
    ]
    here = [place for place in seen.values() if present(place.pk).filter(pk=found.pk).exists()]
    zone = (here or [seen[site] for _, site, _ in clocks if site in seen] or [next(iter(seen.values()))])[
        0
    ].zone
    context = {
        "thing": found, "now": now, "known_at": known_at, "open": [each for each in told if each.clock.is_open],
        "closed": [each for each in told if not each.clock.is_open], "events": events, "zone": zone,
        "record_at": next((p.pk for p in here if may(actor, "cases.record_event", scope_of(p))), ""),
        "drill": any(is_drill_at(place) for place in here),
    }  # fmt: skip
    return render(request, "web/person_clocks.html", context)


def _before(known: Any, clock: Clock) -> list[str]:
    """Other readings of the same rule, by the act at which they began to be known."""
    told = []
    for each in known[:-1]:
        for old in each.clocks:
            if (old.started_at, old.due_at) != (clock.started_at, clock.due_at):
                due = (
                    f"due {old.due_at:%Y-%m-%d %H:%M} UTC"
                    if old.due_at
                    else f"started {old.started_at:%Y-%m-%d %H:%M} UTC"
                )
                told.append(f"{due}, as known from record {each.known_at}")
    return list(dict.fromkeys(told))


class EventForm(ActForm):
    """The form of an event, of which *done in the agency's system* is asked as yes, no or does not apply."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        answer = read.pop("in_agency_system", None)
        return read | ({"in_agency_system": answer == "yes"} if answer else {})


@signed_in
def record(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Record what happened to persons, or at the site."""
    place = site_for(actor, site)
    can(actor, "cases.record_event", scope_of(place))
    about = _tag_of(actor, request.GET.get("person", ""))
    words, packs = words_at(place, now=timezone.now()), load_standards()
    whose = {"person": f"a {words.person}: ", "site": "the site: ", "driver": "carriers: "}
    told_here = packs.by_id["general.shelter"].events if words.is_shelter else packs.events
    events = sorted(
        ((whose[event.about] + event.words, name) for name, event in packs.events.items()
         if name in told_here and (name not in FROM_THE_RECORD or name in TOLD_BY_STAFF))
    )  # fmt: skip
    inputs = [
        Input("event", "What happened", "choice", choices=[(name, words) for words, name in events]),
        Input("tags", "Tags", "tags", "One on each line. Empty for what is of the site as a whole.", value=about, needed=False),
        when("When"),
        Input("by", "By which office or post", hint="Never a name.", needed=False),
        Input("proof", "Proof", hint="The form, log or message that says so.", needed=False),
        Input("in_agency_system", "Done in the agency's own system", "choice", "Only of an event of that kind: no more of it is kept here.",
              [("yes", "yes"), ("no", "no")], needed=False),
    ]  # fmt: skip
    return EventForm(
        action="cases.record_event", title=f"Record what was done at {place.name}", button="Record", inputs=inputs,
        given={"site": place.pk}, zone=place.zone, back=reverse("site-clocks", args=[place.pk]), drill=is_drill_at(place),
        done=lambda answer: f"Recorded {len(answer.events)} time{'s' if len(answer.events) != 1 else ''}."
        + (f" {len(answer.breaches)} breach{'es' if len(answer.breaches) != 1 else ''} became known." if answer.breaches else ""),
        about={"cases.unknown_event": "event", "cases.read_from_the_record": "event", "cases.about_whom": "tags",
               "cases.unknown_persons": "tags", "cases.say_if_done": "in_agency_system", "core.not_happened_yet": "at"},
        lead=f"A fact, kept whatever the clocks say of it. Arrivals, departures{'' if words.is_shelter else ', releases'} and headcounts "
        "are recorded at the counter.",
    ).page(request, actor)  # fmt: skip


def _tag_of(actor: Actor, thing: str) -> str:
    """The tag of the person whom the address names; empty where it names none that the actor may see."""
    try:
        return queries.person_for(actor, UUID(thing)).tag
    except (ValueError, NotFound):
        return ""


@signed_in
def correct(request: HttpRequest, actor: Actor, event: UUID) -> HttpResponse:
    """Correct the time of a recorded event, or say that it did not happen."""
    row = queries.recorded_event(actor, event)
    can(actor, "cases.correct_event", scope_of(row.site))
    inputs = [
        Input("at", "When it happened", "moment", f"2026-03-01 14:05, in {row.site.zone}. Empty: it did not happen.", needed=False),
        Input("reason", "Why", "long", "It stands in the record."),
    ]  # fmt: skip
    words = load_standards().events[row.event].words if row.event in load_standards().events else row.event
    back = (
        reverse("person-clocks", args=[row.thing_id])
        if row.thing_id
        else reverse("site-clocks", args=[row.site_id])
    )
    return ActForm(
        action="cases.correct_event", title=f"Correct: {words}", button="Correct", inputs=inputs, given={"event": row.pk},
        zone=row.site.zone, back=back, drill=is_drill_at(row.site),
        done=lambda answer: "The time is corrected." if answer.event else "It did not happen, and the record says so.",
        about={"core.not_happened_yet": "at", "core.bad_value": "reason"}, lead="What was recorded stays readable as it was known.",
    ).page(request, actor)  # fmt: skip


class StandardForm(ActForm):
    """The form of a standard, whose terms are asked one by one."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        hours = read.pop("count_interval_h", None)
        return read | ({"terms": {"count_interval_h": hours}} if hours else {})


@signed_in
def standard(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """State which standard, or overlay of one, holds at the site."""
    place = site_for(actor, site)
    can(actor, "cases.set_standard", scope_of(place))
    packs = load_standards()
    choices = [(name, f"{pack.title} ({name})") for name, pack in sorted(packs.by_id.items())]
    choices += [(name, f"order: {overlay.name} ({name})") for name, overlay in sorted(packs.overlays.items())]
    standing = queries.standards_at([site]).get(site, [])
    inputs = [
        Input("standard", "Standard or order", "choice", choices=choices),
        Input("contract_ref", "Contract or order that says so", hint="Its number and date."),
        Input("valid_from", "From", "day", "The first day, as 2026-03-01."),
        Input("valid_to", "Until", "day", "The last day, included. Empty: open.", needed=False),
        Input("count_interval_h", "Hours between counts, by the contract", "number", "Where the standard has none.", needed=False),
        Input("replaces", "In place of", "choice", "A statement that was wrong, or has ended sooner.",
              [(str(row.pk), f"{row.standard} from {row.valid_from}") for row in standing], needed=False),
    ]  # fmt: skip
    return StandardForm(
        action="cases.set_standard", title=f"State a standard of {place.name}", button="State standard", inputs=inputs,
        given={"site": place.pk}, zone=place.zone, back=reverse("site-clocks", args=[place.pk]), drill=is_drill_at(place),
        done=lambda answer: "It holds from that day on."
        + (f" The contract's {', '.join(answer.asks)} is still to be stated." if answer.asks else ""),
        about={"cases.unknown_standard": "standard", "cases.ends_before_it_begins": "valid_to", "cases.corrected_already": "replaces"},
        lead="Never assumed: the contract or order of the site names it. What holds wherever it does comes with it.",
    ).page(request, actor)  # fmt: skip


@signed_in
def holiday(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """State that the site does no business on a day, or does after all."""
    place = site_for(actor, site)
    can(actor, "cases.set_holiday", scope_of(place))
    inputs = [
        Input("day", "Day", "day", "As 2026-03-01."),
        Input("name", "What it is", hint="Such as Founders' day."),
        Input("closed", "The site does no business on it", "flag", needed=False, value="yes"),
    ]  # fmt: skip
    return ActForm(
        action="cases.set_holiday", title=f"A holiday of {place.name}", button="State holiday", inputs=inputs,
        given={"site": place.pk}, back=reverse("site-clocks", args=[place.pk]), drill=is_drill_at(place),
        done=lambda answer: f"{answer.day}: {'no business' if answer.closed else 'a business day'}.",
        lead="Federal holidays, Saturdays and Sundays are known. Leave the box empty where the day is a business day after all.",
    ).page(request, actor)  # fmt: skip


@signed_in
def breaches(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Record what the clocks show as breached."""
    place = site_for(actor, site)
    can(actor, "cases.record_breaches", scope_of(place))
    return ActForm(
        action="cases.record_breaches", title=f"Record breaches at {place.name}", button="Record breaches", inputs=[],
        given={"site": place.pk}, back=reverse("site-clocks", args=[place.pk]), drill=is_drill_at(place),
        done=lambda answer: f"{len(answer.breaches)} recorded.",
        lead="Every breach that the clocks of the site and of its persons show now, and that is not in the record yet, is recorded "
             "with what is known now. A later correction takes none of them back.",
    ).page(request, actor)  # fmt: skip
