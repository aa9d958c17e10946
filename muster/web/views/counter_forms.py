"""The forms of a counter: receive, offer, answer an offer, release. Each calls one action of custody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.views.decorators.http import require_POST

from muster.access.control import Actor, can, visible
from muster.cases.checklists import Item, checklists_of
from muster.cases.rules import NOT_DONE
from muster.core.errors import MusterError, NotFound
from muster.core.tags import TagMisread, parse_tag
from muster.core.times import local, zone
from muster.custody import actions as custody
from muster.custody import rules, undoing
from muster.custody.groups import GroupParted
from muster.custody.queries import listed_on, present, scope_of
from muster.ledger.models import Handover, Thing
from muster.missions.models import Mission
from muster.missions.queries import is_drill_at
from muster.parties.models import Organisation, Site
from muster.record.action import KeyReused
from muster.transport.models import Trip
from muster.web.forms import ONCE, ActForm, Input, counted, record, when
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.views.counter import counter_page, site_for
from muster.web.words import Words, words_at

ABOUT_TAGS = dict.fromkeys(
    (
        "core.tag_misread", "custody.no_tags", "custody.tag_twice", "custody.not_held_here", "ledger.before_live_top",
        "ledger.already_offered", "custody.already_here", "custody.not_on_offer", "custody.tag_of_a_bag",
    ),
    "tags",
)  # fmt: skip
FIELDS = {
    **ABOUT_TAGS, "core.not_a_moment": "at", "ledger.clock_ahead": "at", "ledger.same_holder": "receiver",
    "custody.group_parted": "tags",
    "custody.nothing_to_separate": "separate_authority", "custody.kept_by_list": "receiver", "core.not_found": "receiver",
}  # fmt: skip


@signed_in
def receive(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Receive persons whom nobody offered."""
    place, refusal = site_for(actor, site), None
    if request.method == "POST":
        try:
            at = moment_in(request.POST.get("at", ""), zone(place.zone))
            done = custody.receive(
                actor=actor, key=key_of(request), site=place.code, tags=_tags(request), at=at,
                from_organisation=request.POST.get("from_organisation", ""), mission=request.POST.get("mission", ""),
            )  # fmt: skip
        except KeyReused:
            return _once(request, place)
        except MusterError as told:
            refusal = told
        else:
            giver = request.POST.get("from_organisation") or "outside"
            if done.answer.received:
                people = _people(len(done.answer.received))
                messages.success(
                    request,
                    f"{people} received from {giver} at {local(at, zone(place.zone))}. {record(done)}",
                )
            if done.answer.report:
                why = "; ".join(done.answer.reported.values())
                words = f"Kept as a report, because it does not fit the record: {why}"
                messages.warning(request, f"{words} Somebody must settle the difference. {record(done)}")
            return redirect("counter", place.code)
    context = {
        "site": place, "drill": is_drill_at(place), "organisations": Organisation.objects.order_by("name"),
        "missions": missions_at(place),
    }  # fmt: skip
    return form_page(request, "web/receive.html", context, refusal=refusal, fields=FIELDS)


@signed_in
def hand_over(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Offer persons to another site; custody stays until somebody there signs."""
    place, refusal = site_for(actor, site), None
    if request.method == "POST":
        to = request.POST.get("receiver", "")
        try:
            done = custody.offer(
                actor=actor,
                key=key_of(request),
                giver=place.code,
                receiver=to,
                tags=_tags(request),
                mission=request.POST.get("mission", ""),
                separate_authority=request.POST.get("separate_authority", ""),
                separate_reason=request.POST.get("separate_reason", ""),
                bags_stay=request.POST.get("bags_stay", ""),
            )
        except KeyReused:
            return _once(request, place)
        except MusterError as told:
            refusal = told
        else:
            offered = done.answer
            what = counted(len(offered.tags) - len(offered.bags), len(offered.bags))
            not_yet = strip_tags(words_at(place, now=timezone.now()).until_both)
            words = f"{what} offered to {to}. {not_yet}"
            if offered.bags:
                words += f" On the list of bags: {', '.join(offered.bags)}."
            if offered.staying:
                words += f" These bags of theirs stay: {', '.join(offered.staying)}."
            messages.success(request, f"{words} {record(done)}")
            return redirect("counter", place.code)
    sites = [
        (row.code, row.name) for row in Site.objects.filter(kept_by_list_since=None).exclude(pk=place.pk)
    ]
    trips = Trip.objects.filter(from_site=place, state=Trip.State.PLANNED).select_related("holder")
    receivers = Input(
        "receiver", "To", "choice", choices=[*sites, *((t.holder.code, f"Trip {t.pk}") for t in trips)]
    )
    context = {
        "site": place,
        "drill": is_drill_at(place),
        "receivers": receivers,
        # Asked for once a list parts a group, and kept while it is filled in.
        "asks_separation": isinstance(refusal, GroupParted) or "separate_reason" in request.POST,
        "missions": missions_at(place),
    }
    return form_page(request, "web/hand_over.html", context, refusal=refusal, fields=FIELDS)


def missions_at(site: Site) -> list[Mission]:
    """The open missions of the site's organisation, under which persons are received and handed over."""
    return list(
        Mission.objects.filter(organisation=site.organisation_id, closed_at=None).order_by("opened_at")
    )


@signed_in
def sign(request: HttpRequest, actor: Actor, site: str, handover: UUID) -> HttpResponse:
    """Sign for those of an offer who arrived, ticked one by one; who is not ticked stays with the giver, as a difference."""
    place = site_for(actor, site)
    offer = Handover.objects.filter(
        pk=handover, receiver__site=place.code, state=Handover.State.OFFERED
    ).first()
    if offer is None:
        raise NotFound(kind="open offer", name=str(handover))
    persons, bags = listed_on(offer)
    refusal, ticked, scanned = None, request.POST.getlist("tag"), ""
    if request.method == "POST" and request.POST.get("step") == "scan":
        scanned, ticked = tick(request.POST.get("scan", ""), ticked, [*persons, *bags])
    elif request.method == "POST":
        try:
            at = moment_in(request.POST.get("at", ""), zone(place.zone))
            discrepancy = request.POST.get("discrepancy", "").strip()
            done = custody.accept(
                actor=actor,
                key=key_of(request),
                handover=handover,
                at=at,
                tags=ticked,
                discrepancy=discrepancy,
            )
        except KeyReused:
            return _once(request, place)
        except MusterError as told:
            refusal = told
        else:
            words = signed_words(done.answer, bags, offer, local(at, zone(place.zone)), discrepancy)
            messages.success(request, f"{words} {record(done)}")
            return redirect("counter", place.code)
    context = ticks_of(place, offer, persons, bags, ticked, scanned)
    return form_page(request, "web/sign.html", context, refusal=refusal, fields=FIELDS)


def ticks_of(
    place: Site,
    offer: Handover,
    persons: Sequence[str],
    bags: Sequence[str],
    ticked: Sequence[str],
    scanned: str,
) -> dict[str, Any]:
    """What a page needs that ticks those of an offer: how many of how many, and what the latest scan gave."""
    tags = [*((tag, tag) for tag in persons), *((tag, f"{tag}, a bag") for tag in bags)]
    return {
        "site": place, "drill": is_drill_at(place), "offer": offer, "ticked": ticked, "what": counted(len(persons), len(bags)),
        "tags": tags, "scanned": scanned, "number": sum(tag in ticked for tag, _ in tags),
    }  # fmt: skip


def tick(code: str, ticked: list[str], listed: Sequence[str]) -> tuple[str, list[str]]:
    """What a scan says of a list, and what is ticked after it."""
    try:
        tag = parse_tag(code)
    except TagMisread:
        return "Tag misread. Scan again." if code.strip() else "", ticked
    if tag not in listed:
        return f"{tag} is not on this list. Receive it by itself.", ticked
    return (f"{tag} is ticked already.", ticked) if tag in ticked else (f"{tag} is ticked.", [*ticked, tag])


def signed_words(
    done: custody.Accepted, bags: Sequence[str], offer: Handover, at: str, discrepancy: str
) -> str:
    """What was signed for, in sentences."""
    words = f"{_counted(done.accepted, bags)} received and signed for at {at}."
    if done.missing:
        words += f" {_counted(done.missing, bags)} did not arrive and stay with {offer.giver}: a difference is open."
    return words + (" What was not as it should be is a difference." if discrepancy else "")


class ReadOtherwise(MusterError):
    """The second reading of the tags does not agree with the first, and nobody has said that the first is right."""

    code = "web.read_otherwise"

    def __init__(self, *, first: Sequence[str], second: Sequence[str]) -> None:
        self.first, self.second = list(first), list(second)
        only_first, only_second = ", ".join(first) or "nothing else", ", ".join(second) or "nothing else"
        super().__init__(
            f"The two readings do not agree. Entered: {only_first}. Read again: {only_second}. Look at the bands. Correct the tags, "
            "or, where they have left, tick that and record it as entered."
        )


@dataclass(frozen=True)
class ReleaseForm(ActForm):
    """The form of a release: the tags read a second time, and why checks are open. It asks, and what has left is recorded."""

    place: Site | None = None

    def page(self, request: HttpRequest, actor: Actor) -> HttpResponse:
        """The form; with the open checks of those whose tags are entered, where somebody asks to see them."""
        if request.method == "POST" and request.POST.get("look"):
            return self.shown(request)
        return super().page(request, actor)

    def given_in(self, request: HttpRequest) -> dict[str, Any]:
        """What was entered. Raises FaultyInput, ReadOtherwise."""
        read = super().given_in(request)
        first = [rules.tag_or_text(text) for text in read["tags"]]
        second = [rules.tag_or_text(text) for text in read["read_again"] or ()]
        if second and set(first) != set(second) and not request.POST.get("as_entered"):
            raise ReadOtherwise(
                first=sorted(set(first) - set(second)), second=sorted(set(second) - set(first))
            )
        said = [
            {"check": item.rule.id, **given}
            for item, _ in _open_checks(self.place, read["tags"])
            if any((given := _said_of(request, item.rule.id)).values())
        ]
        return read | {"checks": said}

    def after(self, answer: Any) -> str:
        """To the checks of whom has left, where it is one and some are open: they are asked for there too."""
        if len(answer.released) != 1 or not answer.open_checks or self.place is None:
            return self.back
        thing = Thing.objects.get(tag=answer.released[0])
        return reverse("checklist", args=[self.place.pk, thing.pk, "out"])


def _said_of(request: HttpRequest, check: str) -> dict[str, str]:
    return {name: request.POST.get(f"{name}-{check}", "").strip() for name in ("because", "by", "words")}


def _open_checks(place: Site | None, texts: Sequence[str]) -> list[tuple[Item, list[str]]]:
    """The checks that are open of whom the site holds of these tags, each with the tags, in the order of the standard."""
    if place is None:
        return []
    tags = [rules.tag_or_text(text) for text in texts]
    things = dict(present(place.pk).filter(tag__in=tags).values_list("pk", "tag"))
    found: dict[str, tuple[Item, list[str]]] = {}
    for each in checklists_of(place, things, "out", now=timezone.now()).values():
        for item in each.items:
            if not item.is_done and not item.begins_with_release:
                found.setdefault(item.rule.id, (item, []))[1].append(each.tag)
    return list(found.values())


def _counted(tags: Sequence[str], bags: Sequence[str]) -> str:
    among = len(set(tags) & set(bags))
    return counted(len(tags) - among, among)


@signed_in
def release(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Record that persons left. It is never refused for what else is open: that becomes a difference."""
    place = site_for(actor, site)
    words = words_at(place, now=timezone.now())
    organisations = [
        (row.code, row.name) for row in Organisation.objects.filter(kind="agency").order_by("name")
    ]
    first = _tag_at(place, request.GET.get("person", ""))
    entered = _tags(request) if request.method == "POST" else [first]
    reasons = words.reasons or rules.RELEASES
    inputs = [
        Input("tags", "Tags", "tags", "One on each line. Scan them one after the other.", rows=4, value=first),
        Input("read_again", "Read again", "tags", "Scan or type the tags a second time, or let somebody else. Leave empty if nobody can.",
              needed=False, rows=4),
        Input("reason", "Because of", "choice", choices=[(r, r.replace("_", " ")) for r in reasons]),
        Input("order_reference", "Number of the order", hint="As it stands on the paper; leave empty where there is none.", needed=False),
        Input("to_organisation", "Handed back to", "choice", words.handed_back, organisations, needed=False),
        when(words.time_released),
    ]  # fmt: skip
    if words.is_shelter:
        inputs = [one for one in inputs if one.name not in ("order_reference", "to_organisation")]
    checks = [
        (item, [] if len(entered) == 1 else tags, _said_of(request, item.rule.id))
        for item, tags in _open_checks(place, entered)
    ]
    return ReleaseForm(
        action="custody.release", title=f"{words.release} from {place.name}", button=f"Record {words.release.lower()}", inputs=inputs,
        given={"site": place.code}, done=partial(_released, words), back=reverse("counter", args=[place.code]), zone=place.zone,
        lead=words.release_lead, drill=is_drill_at(place), template="web/release.html", place=place,
        about={"web.read_otherwise": "read_again"}, is_well=lambda told: not (told.report or told.open_checks or told.read_otherwise),
        context={"checks": checks, "because": NOT_DONE.items(), "words": words, "asks_anyway": "read_again" in request.POST},
    ).page(request, actor)  # fmt: skip


def _tag_at(place: Site, thing: str) -> str:
    """The tag of the person whom the address names; empty where the site holds nobody of that id."""
    try:
        return present(place.pk).filter(pk=UUID(thing)).values_list("tag", flat=True).first() or ""
    except ValueError:
        return ""


def _released(words: Words, answer: Any) -> str:
    told = f"{words.count(len(answer.released))} {words.released}."
    if answer.left_behind:
        told += (
            f" Property left behind: {', '.join(answer.left_behind)}. Hand it back, or write to the person."
        )
    if answer.report:
        told += " What does not fit the record is kept as a report, which somebody must settle."
    if answer.read_otherwise:
        told += f" Read again otherwise: {', '.join(answer.read_otherwise[:3])}. That is a difference."
    if number := sum(map(len, answer.open_checks.values())):
        told += f" {number} check{'s were' if number != 1 else ' was'} not done; each is a difference."
    return told


@signed_in
def correct(request: HttpRequest, actor: Actor, site: str, thing: UUID, n: int) -> HttpResponse:
    """Correct one entry: another time, another place, or that it did not happen. The old one stays readable."""
    place = visible(actor, Site.objects.filter(code=site)).first()
    found = Thing.objects.filter(pk=thing).first()
    if place is None or found is None:
        raise NotFound(kind="entry", name=f"{thing} {n}")
    can(actor, "custody.correct", scope_of(place))
    sites = [(row.code, row.name) for row in Site.objects.filter(kept_by_list_since=None)]
    inputs = [
        Input("happened_at", "It happened at", "text", "Such as 2026-03-01 14:05. Leave empty if it is right.", needed=False),
        Input("receiver", "It was received by", "choice", "Leave empty if the place is right.", sites, needed=False),
        Input("void", "It did not happen at all", "flag"),
        Input("reason", "Why it is corrected", hint="Such as late entry, wrong person."),
    ]  # fmt: skip
    return Correction(
        action="custody.correct", title=f"Correct entry {n} of {found.tag}", button="Record correction", inputs=inputs,
        given={"site": place.code, "tag": found.tag, "n": n}, zone=place.zone, drill=is_drill_at(place),
        done=lambda answer: f"{answer.tag} is corrected by {len(answer.entries)} entries; the old ones stay readable.",
        back=reverse("history", args=[found.pk]), about={"core.not_a_moment": "happened_at", "ledger.before_live_top": "happened_at"},
        lead="A correction is a new record that names the old one. Nothing is changed or deleted.",
    ).page(request, actor)  # fmt: skip


class Correction(ActForm):
    """The form of a correction: an empty time means that the time is right, not now."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """What is given to the action."""
        text = read.get("happened_at")
        return {**read, "happened_at": moment_in(text, zone(self.zone))} if text else read


@require_POST
@signed_in
def undo(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Undo what the actor recorded in the last minute."""
    place = site_for(actor, site)
    try:
        recorded = UUID(request.POST.get("act", ""))
    except ValueError:
        raise NotFound(kind="record of a counter", name="") from None
    try:
        done = undoing.undo(actor=actor, key=key_of(request), recorded=recorded)
    except KeyReused:
        return _once(request, place)
    except MusterError as refusal:
        return counter_page(request, actor, place, refusal=refusal)
    messages.success(request, f"Undone by a correction; both stay in the record. {record(done)}")
    return redirect("counter", place.code)


@require_POST
@signed_in
def answer(request: HttpRequest, actor: Actor, site: str, handover: UUID) -> HttpResponse:
    """Accept, refuse or withdraw an open offer."""
    place, key = site_for(actor, site), key_of(request)
    try:
        match request.POST.get("answer"):
            case "accept":
                at = moment_in(request.POST.get("at", ""), zone(place.zone))
                accepted = custody.accept(actor=actor, key=key, handover=handover, at=at)
                people = _counted(accepted.answer.accepted, accepted.answer.bags)
                words = (
                    f"{people} received and signed for at {local(at, zone(place.zone))}. {record(accepted)}"
                )
            case "refuse":
                reason = request.POST.get("reason", "")
                refused = custody.refuse(actor=actor, key=key, handover=handover, reason=reason)
                words = f"Offer refused; the giver keeps everybody on it. {record(refused)}"
            case _:
                withdrawn = custody.withdraw(actor=actor, key=key, handover=handover)
                words = f"Offer withdrawn. {record(withdrawn)}"
    except KeyReused:
        return _once(request, place)
    except MusterError as refusal:
        return counter_page(request, actor, place, refusal=refusal)
    messages.success(request, words)
    return redirect("counter", place.code)


def _tags(request: HttpRequest) -> list[str]:
    return [line for line in request.POST.get("tags", "").splitlines() if line.strip()]


def _people(number: int) -> str:
    return f"{number:,} person" if number == 1 else f"{number:,} persons"


def _once(request: HttpRequest, site: Site) -> HttpResponse:
    """The form was sent twice: the first sending counts."""
    messages.info(request, ONCE)
    return redirect("counter", site.code)
