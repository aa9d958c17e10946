"""Checklists at the counter: what is missing at a site, one person's list as the person comes or leaves, and one for a whole bus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.cases import checklists, queries
from muster.cases.checklists import Checklist, Item
from muster.cases.rules import LISTS, NOT_DONE, Side
from muster.core.errors import Fault, FaultyInput, NotFound
from muster.custody.models import Difference
from muster.custody.queries import open_differences, scope_of, site_for
from muster.ledger.queries import latest_known
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in
from muster.web.words import words_at


@signed_in
def missing(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """What is missing at a site: who is there with something open, by when they came; and who left with a check open."""
    place, now = site_for(actor, site), timezone.now()
    known_at = latest_known()
    found = checklists.missing_at(place, now=now)
    left = open_differences([place.pk]).filter(kind=Difference.Kind.OPEN_CHECK).select_related("thing")
    context = {
        "site": place, "now": now, "known_at": known_at, "found": found, "drill": is_drill_at(place), "words": words_at(place, now=now),
        "left": left, "may_work": may(actor, "custody.receive", scope_of(place)),
    }  # fmt: skip
    return render(request, "web/checklists.html", context)


@dataclass(frozen=True)
class Tick:
    """One item that can be ticked: of how many of the persons it is open, and of how many late."""

    item: Item
    open: int
    late: int
    of: int


@dataclass(frozen=True)
class ItemsForm(ActForm):
    """The form of items: which were done, or were not, and of whom."""

    tags: Sequence[str] = field(default_factory=list)  # of the person, where it is one

    def given_in(self, request: HttpRequest) -> dict[str, Any]:
        """What was entered, with the items and the tags that are ticked. Raises FaultyInput."""
        events, tags = request.POST.getlist("event"), list(self.tags) or request.POST.getlist("tag")
        faults = [] if events else [Fault(None, "event", "web.bad_field", "Tick at least one item.")]
        faults += [] if tags else [Fault(None, "tag", "web.bad_field", "Tick at least one of them.")]
        if faults:
            raise FaultyInput(faults)
        return super().given_in(request) | {"events": events, "tags": tags}


def _items_form(
    place: Site, title: str, context: Mapping[str, Any], back: str, tags: Sequence[str]
) -> ItemsForm:
    inputs = [
        Input("by", "By which office or post", hint="Never a name. Needed where it was not done, or the agency did it.",
              needed=False),
        when("When"),
        Input("not_done", "Not done, because", "choice", "Leave empty for what was done.", list(NOT_DONE.items()), needed=False),
        Input("words", "Why, in your words", hint="Only of what was not done.", needed=False),
        Input("proof", "Proof", hint="The form, log or message that says so.", needed=False),
    ]  # fmt: skip
    return ItemsForm(
        action="cases.record_items", title=title, button="Record what is ticked", inputs=inputs, given={"site": place.pk}, zone=place.zone,
        back=back, drill=is_drill_at(place), done=_recorded, template="web/checklist.html", context=context, tags=tags,
        about={"cases.by_whom": "by", "cases.unknown_event": "event", "core.not_happened_yet": "at", "custody.unknown_reason": "not_done"},
    )  # fmt: skip


def _recorded(answer: Any) -> str:
    number = len(answer.events)
    words = f"{number} item{'s' if number != 1 else ''} recorded."
    late = len(answer.breaches)
    return words + (f" {late} breach{'es' if late != 1 else ''} became known." if late else "")


@signed_in
def one(request: HttpRequest, actor: Actor, site: str, thing: UUID, side: str) -> HttpResponse:
    """One person's list at a site, as the person comes or leaves: what is open, late first, and what was recorded."""
    place, now = site_for(actor, site), timezone.now()
    if side not in LISTS:
        raise NotFound(kind="checklist", name=side)
    person, which = queries.person_for(actor, thing), cast(Side, side)
    legs = queries.legs_of([person.pk])[person.pk]
    if not any(place.pk in (leg.from_site, leg.to_site) for leg in legs):
        raise NotFound(kind="person", name=str(thing))
    known_at = latest_known()
    found = checklists.checklist_of(place, person, which, now=now)
    stint = checklists.stint_of(legs, place.pk)
    words = words_at(place, now=now)
    ticks = _ticks([found]) if found else []
    context = {
        "site": place, "now": now, "known_at": known_at, "words": words, "side": side, "thing": person, "found": found, "stint": stint,
        "ticks": ticks, "answered": found.answered if found else [],
        "left": open_differences([place.pk]).filter(kind__in=(Difference.Kind.OPEN_CHECK, Difference.Kind.TAG_DIFFERS), thing=person),
        "may_correct": may(actor, "cases.correct_event", scope_of(place)), "may_work": may(actor, "custody.release", scope_of(place)),
        "may_record": may(actor, "cases.record_items", scope_of(place)),
    }  # fmt: skip
    form = _items_form(
        place,
        f"{words.sides[which]} of {person.tag}",
        context,
        reverse("checklist", args=[place.pk, person.pk, side]),
        [person.tag],
    )
    return form.page(request, actor)


@signed_in
def together(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The same items of many persons at once: of everybody who came at one moment, or of all with something open."""
    place, now = site_for(actor, site), timezone.now()
    can(actor, "cases.record_items", scope_of(place))
    known_at, asked = latest_known(), request.GET.get("arrived", "")
    lists = checklists.missing_at(place, now=now).lists
    came = next((each.stint.arrived_at for each in lists if each.stint.arrived_at.isoformat() == asked), None)
    if came:
        lists = [each for each in lists if each.stint.arrived_at == came]
    words = words_at(place, now=now)
    context = {
        "site": place, "now": now, "known_at": known_at, "words": words, "side": "in", "lists": lists, "came": came, "ticks": _ticks(lists),
        "may_record": True,
        "ticked": request.POST.getlist("tag") if request.method == "POST" else [each.tag for each in lists],
    }  # fmt: skip
    title = f"{words.sides['in']} of {words.count(len(lists))}"
    return _items_form(place, title, context, reverse("checklists", args=[place.pk]), []).page(request, actor)


def _ticks(lists: Sequence[Checklist]) -> list[Tick]:
    """Each item that some of them have not done, once: what is late first, then what nobody answered, then in order."""
    items: dict[str, Item] = {}
    open_of, late_of, answered_of = Counter[str](), Counter[str](), Counter[str]()
    for each in lists:
        for item in each.items:
            if not item.is_done:
                items.setdefault(item.event.id, item)
                open_of[item.event.id] += 1
                late_of[item.event.id] += item.is_late
                answered_of[item.event.id] += not item.is_open
    found = [Tick(item, open_of[name], late_of[name], len(lists)) for name, item in items.items()]
    return sorted(
        found, key=lambda tick: (not tick.late, answered_of[tick.item.event.id] == tick.open, tick.item.rule.step or 0)
    )  # fmt: skip
