"""In-processing of one person at the counter: identify, receive from, property, checklist, confirm.

Each step that says something records it at once, by one action, so that nothing is lost where somebody is called away. Enter moves
on; what is known stands there already and is not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from muster.access.control import Actor
from muster.cases.checklists import Checklist, Item, checklist_of
from muster.core.errors import MusterError, NotFound
from muster.core.tags import TagMisread
from muster.core.times import local, zone
from muster.custody import actions as custody
from muster.custody import bags
from muster.custody.arrivals import Arriving, arriving
from muster.custody.models import Bag, Difference
from muster.custody.queries import listed_on, open_differences, present
from muster.custody.undoing import can_be_undone
from muster.ledger.models import Entry, Thing
from muster.missions.queries import is_drill_at
from muster.parties.models import Organisation, Site
from muster.record.action import KeyReused
from muster.web.forms import ONCE, ActForm, Input, counted, record
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.scanning import AGAIN, scanned_again
from muster.web.views.counter import site_for
from muster.web.views.counter_forms import FIELDS, missions_at
from muster.web.words import Words, words_at

STEPS = ("Identify", "Receive from", "Property", "Checklist", "Confirm")


def _shared(site: Site, step: int) -> dict[str, Any]:
    words = words_at(site, now=timezone.now())
    return {"site": site, "drill": is_drill_at(site), "words": words, "steps": STEPS, "step": step}


@signed_in
def identify(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Step 1: the band is scanned. What the record has of it decides what the second step shows."""
    place = site_for(actor, site)
    code = request.POST.get("scan", "")
    if request.method != "POST" or not code.strip():
        return render(request, "web/in_identify.html", _shared(place, 1))
    note = AGAIN if scanned_again(request, code) else ""
    try:
        found = arriving(place, code)
    except TagMisread:
        return render(request, "web/in_identify.html", {**_shared(place, 1), "misread": True, "note": note})
    return _receive_page(request, place, found, note=note)


def _receive_page(
    request: HttpRequest, site: Site, found: Arriving, *, note: str = "", refusal: MusterError | None = None
) -> HttpResponse:
    """Step 2: whom the person comes from, filled in where it is known; or why there is nothing to receive."""
    shared = _shared(site, 2)
    word, style, said = _said(site, found, shared["words"])
    missions = missions_at(site)
    context = shared | {
        "found": found, "note": note, "word": word, "style": style, "said": said,
        "organisations": Organisation.objects.order_by("name"), "missions": missions if len(missions) > 1 else [],
        "mission": missions[0] if len(missions) == 1 else None,
        "alone": found.handover is not None and len(_persons_on(found)) == 1,
        "n": _arrival_entry(found), "tag": found.tag,
    }  # fmt: skip
    return form_page(request, "web/in_receive.html", context, refusal=refusal, fields=FIELDS)


def _persons_on(found: Arriving) -> list[str]:
    return listed_on(found.handover)[0] if found.handover else []


def _arrival_entry(found: Arriving) -> int | None:
    """The number of the entry by which the site has somebody who is here already."""
    return found.thing.head.top if found.thing and found.state == "here" else None


def _said(site: Site, found: Arriving, words: Words) -> tuple[str, str, str]:
    """The large word, its style, and the sentence under it."""
    tag = found.tag
    match found.state:
        case "offered":
            assert found.handover
            persons, on_list = listed_on(found.handover)
            what = counted(len(persons), len(on_list))
            if len(persons) == 1:
                said = f"{tag} is offered by {found.handover.giver}: {what}."
            else:
                said = f"{tag} is on an offer of {what} from {found.handover.giver}, signed for as one list."
            return "EXPECTED", "in", said
        case "here":
            assert found.since
            return "ALREADY IN", "held", f"Already in at {local(found.since, zone(site.zone))}. Record again?"
        case "elsewhere":
            said = f"By the record {tag} is elsewhere, and was not offered here. Record who is here: it is kept as a report."
            return "ELSEWHERE BY THE RECORD", "held", said
        case "in_use":
            what = (
                f"on a second record of one {words.person}, merged into {found.into}. Scan that band"
                if found.into
                else "on a bag"
            )
            return (
                "TAG IN USE",
                "not-found",
                f"{tag} is {what}. Give the {words.person} another band, and scan it.",
            )
        case "unexpected":
            known = " It was in the record before." if found.thing else ""
            return (
                "UNEXPECTED",
                "held",
                f"Nobody offered {tag} here.{known} Say who brings the {words.person}, and record it.",
            )


@require_POST
@signed_in
def take(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Sign for who was offered, or record an arrival that nobody offered; then on to the property."""
    place = site_for(actor, site)
    tag = request.POST.get("tag", "")
    try:
        found = arriving(place, tag)
    except TagMisread:
        return render(request, "web/in_identify.html", {**_shared(place, 1), "misread": True})
    try:
        at = moment_in(request.POST.get("at", ""), zone(place.zone))
        if handover := request.POST.get("handover"):
            accepted = custody.accept(actor=actor, key=key_of(request), handover=UUID(handover), at=at)
            words, kept = f"{tag} received at {local(at, zone(place.zone))}. {record(accepted)}", False
        else:
            done = custody.receive(
                actor=actor, key=key_of(request), site=place.code, tags=[tag], at=at,
                from_organisation=request.POST.get("from_organisation", ""), mission=request.POST.get("mission", ""),
            )  # fmt: skip
            kept = done.answer.report is not None
            words = f"{tag} received at {local(at, zone(place.zone))}. {record(done)}"
            if kept:
                words = f"KEPT AS A REPORT. {tag} is here; the record has it otherwise. Somebody must settle the difference. {record(done)}"
    except KeyReused:
        messages.info(request, ONCE)
        return redirect("in-identify", place.code)
    except MusterError as refusal:
        return _receive_page(request, place, found, refusal=refusal)
    (messages.warning if kept else messages.success)(request, words)
    if kept:
        return redirect("in-identify", place.code)
    return redirect("in-property", place.code, Thing.objects.get(tag=found.tag).pk)


def _person(site: Site, thing: UUID) -> Thing:
    """The person, whom the site holds. Raises NotFound."""
    found = present(site.pk).select_related("head__holder").filter(pk=thing).first()
    if found is None:
        raise NotFound(kind="person here", name=str(thing))
    return found


@dataclass(frozen=True)
class StepForm(ActForm):
    """One step: its form, or, where nothing is entered in it, on to the next."""

    onward: str = ""
    says: Sequence[str] = ()  # the fields any of which makes it a statement

    def page(self, request: HttpRequest, actor: Actor) -> HttpResponse:
        if request.method == "POST" and not any(request.POST.get(name, "").strip() for name in self.says):
            return redirect(self.onward)
        return super().page(request, actor)

    def after(self, answer: Any) -> str:
        return self.onward


@dataclass(frozen=True)
class PropertyStep(StepForm):
    """The form of one bag."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        bag = {
            "tag": read["tag"], "kind": read["kind"], "seal": read.get("seal") or "", "place": read.get("place") or "",
            "contents": read["contents"],
        }  # fmt: skip
        return {"bags_in": [bag], "at": timezone.now()}


@signed_in
def property_step(request: HttpRequest, actor: Actor, site: str, thing: UUID) -> HttpResponse:
    """Step 3: one bag against a receipt; an empty tag moves on. Money and several bags have a page of their own."""
    place = site_for(actor, site)
    person = _person(place, thing)
    kinds = [(kind.value, kind.label) for kind in Bag.Kind if kind != Bag.Kind.MONEY]
    inputs = [
        Input("tag", "Tag of the bag", hint="Scan the tag that is fixed to it. Where there is none, press Enter.", needed=False),
        Input("kind", "Kind", "choice", choices=kinds, value=Bag.Kind.BAGGAGE),
        Input("seal", "Seal number", hint="Leave empty if it has none.", needed=False),
        Input("place", "Place in the store", needed=False),
        Input("contents", "What is in it", "tags", "One item a line, as it looks: yellow metal ring, not gold ring.", rows=3),
    ]  # fmt: skip
    here = bags.at_site(place).filter(bags.of([person])).order_by("thing__tag")
    return PropertyStep(
        action="custody.take_in", title=f"Property of {person.tag}", button="Record and go on", inputs=inputs,
        given={"site": place.code, "person": person.tag}, zone=place.zone, drill=is_drill_at(place),
        back=reverse("in-property", args=[place.code, person.pk]), onward=reverse("in-checklist", args=[place.code, person.pk]),
        says=("tag", "seal", "place", "contents"), template="web/in_property.html",
        about={"custody.bag_in_use": "tag", "custody.not_a_bag": "tag", "custody.bag_of_another": "tag", "core.tag_misread": "tag"},
        done=lambda answer: f"Receipt {answer.number}: {', '.join(answer.bags)} taken in.",
        context=_shared(place, 3) | {"thing": person, "bags": [bag.thing.tag for bag in here.select_related("thing")]},
    ).page(request, actor)  # fmt: skip


@dataclass(frozen=True)
class ItemsStep(StepForm):
    """The form of what was done of the list."""

    ticked: Sequence[str] = field(default_factory=list)

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        return {**read, "events": list(self.ticked), "at": timezone.now()}


@signed_in
def checklist_step(request: HttpRequest, actor: Actor, site: str, thing: UUID) -> HttpResponse:
    """Step 4: what was done now is ticked; the rest stays open, with its clocks."""
    place = site_for(actor, site)
    person = _person(place, thing)
    found = checklist_of(place, person, "in", now=timezone.now())
    shared = _shared(place, 4)
    inputs = [
        Input("by", "By which office or post", hint="Never a name. Needed of what the agency did.", needed=False,
              value=request.session.get("post", "")),
    ]  # fmt: skip
    form = ItemsStep(
        action="cases.record_items", title=f"{shared['words'].sides['in']} of {person.tag}", button="Record and go on", inputs=inputs,
        given={"site": place.pk, "tags": [person.tag]}, zone=place.zone, drill=is_drill_at(place), says=("event",),
        back=reverse("in-checklist", args=[place.code, person.pk]), onward=reverse("in-confirm", args=[place.code, person.pk]),
        template="web/in_checklist.html", ticked=request.POST.getlist("event"),
        about={"cases.by_whom": "by", "cases.unknown_event": "event"},
        done=lambda answer: f"{len(answer.events)} item{'' if len(answer.events) == 1 else 's'} recorded.",
        context=shared | {"thing": person, "items": _open(found)},
    )  # fmt: skip
    answer = form.page(request, actor)
    if answer.status_code == 302 and (post := request.POST.get("by", "").strip()):
        request.session["post"] = post[:200]
    return answer


def _open(found: Checklist | None) -> list[Item]:
    """What is not done, in the order of the standard, each event once."""
    items: Mapping[str, Item] = {
        item.event.id: item for item in reversed(found.items if found else ()) if not item.is_done
    }
    return sorted(items.values(), key=lambda item: item.rule.step or 0)


@signed_in
def confirm(request: HttpRequest, actor: Actor, site: str, thing: UUID) -> HttpResponse:
    """Step 5: what stands in the record now, to be looked at while the person is still at the counter."""
    place = site_for(actor, site)
    person = _person(place, thing)
    found = checklist_of(place, person, "in", now=timezone.now())
    arrival = Entry.objects.select_related("giver").get(thing=person, n=person.head.top)
    held = bags.at_site(place).filter(bags.of([person])).select_related("thing").order_by("thing__tag")
    context = _shared(place, 5) | {
        "can_undo": can_be_undone(actor, place, now=timezone.now()),
        "thing": person, "found": found, "open": _open(found), "arrival": arrival, "bags": list(held),
        "done": [item for item in found.items if item.is_done] if found else [],
        "differences": open_differences([place.pk]).filter(thing=person).exclude(kind=Difference.Kind.OPEN_CHECK),
    }  # fmt: skip
    return render(request, "web/in_confirm.html", context)
