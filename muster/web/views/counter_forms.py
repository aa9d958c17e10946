"""The forms of a counter: receive, offer, answer an offer, count. Each calls one action of custody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from muster.access.control import Actor
from muster.core.errors import Fault, FaultyInput, MusterError, NotFound
from muster.core.times import local, zone
from muster.custody import actions as custody
from muster.custody.models import Count
from muster.parties.models import Organisation, Site
from muster.record.action import Done, KeyReused
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.views.counter import counter_page, site_for

ABOUT_TAGS = dict.fromkeys(
    (
        "core.tag_misread", "custody.no_tags", "custody.tag_twice", "custody.not_held_here", "ledger.before_live_top",
        "ledger.already_offered",
    ),
    "tags",
)  # fmt: skip
FIELDS = {
    **ABOUT_TAGS, "core.not_a_moment": "at", "ledger.clock_ahead": "at", "ledger.same_holder": "receiver",
    "custody.kept_by_list": "receiver", "core.not_found": "receiver",
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
                from_organisation=request.POST.get("from_organisation", ""),
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
                    f"{people} received from {giver} at {local(at, zone(place.zone))}. {_record(done)}",
                )
            if done.answer.report:
                held = ", ".join(f"{tag} by {by}" for tag, by in done.answer.held_elsewhere.items())
                words = f"Kept as a report, because the record says they are held elsewhere: {held}."
                messages.warning(request, f"{words} Somebody must settle the difference. {_record(done)}")
            return redirect("counter", place.code)
    context = {"site": place, "organisations": Organisation.objects.order_by("name")}
    return form_page(request, "web/receive.html", context, refusal=refusal, fields=FIELDS)


@signed_in
def hand_over(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Offer persons to another site; custody stays until somebody there signs."""
    place, refusal = site_for(actor, site), None
    if request.method == "POST":
        to = request.POST.get("receiver", "")
        try:
            done = custody.offer(
                actor=actor, key=key_of(request), giver=place.code, receiver=to, tags=_tags(request)
            )
        except KeyReused:
            return _once(request, place)
        except MusterError as told:
            refusal = told
        else:
            people = _people(len(done.answer.tags))
            messages.success(
                request,
                f"{people} offered to {to}. Custody has not moved until {to} accepts. {_record(done)}",
            )
            return redirect("counter", place.code)
    sites = Site.objects.filter(kept_by_list_since=None).exclude(pk=place.pk)
    return form_page(
        request, "web/hand_over.html", {"site": place, "sites": sites}, refusal=refusal, fields=FIELDS
    )


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
                people = _people(len(accepted.answer.accepted))
                words = (
                    f"{people} received and signed for at {local(at, zone(place.zone))}. {_record(accepted)}"
                )
            case "refuse":
                reason = request.POST.get("reason", "")
                refused = custody.refuse(actor=actor, key=key, handover=handover, reason=reason)
                words = f"Offer refused; the giver keeps everybody on it. {_record(refused)}"
            case _:
                withdrawn = custody.withdraw(actor=actor, key=key, handover=handover)
                words = f"Offer withdrawn. {_record(withdrawn)}"
    except KeyReused:
        return _once(request, place)
    except MusterError as refusal:
        return counter_page(request, actor, place, refusal=refusal)
    messages.success(request, words)
    return redirect("counter", place.code)


@signed_in
def headcount(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Open a headcount; what the record expects is frozen and not shown."""
    place, refusal = site_for(actor, site), None
    if request.method == "POST":
        try:
            done = custody.open_count(actor=actor, key=key_of(request), site=place.code, at=timezone.now())
            return redirect("count", place.code, done.answer.count)
        except KeyReused:
            return _once(request, place)
        except MusterError as told:
            refusal = told
    return form_page(request, "web/headcount.html", {"site": place}, refusal=refusal)


@signed_in
def count(request: HttpRequest, actor: Actor, site: str, count: UUID) -> HttpResponse:
    """Give the number that was counted; only then is it compared."""
    place, refusal = site_for(actor, site), None
    opened = Count.objects.filter(pk=count, site=place).first()
    if opened is None:
        raise NotFound(kind="headcount", name=str(count))
    if request.method == "POST":
        try:
            persons = _whole_number(request, "persons")
            done = custody.submit_count(actor=actor, key=key_of(request), count=count, persons=persons)
        except MusterError as told:
            refusal = told
        else:
            result = done.answer
            words = f"Counted {result.counted}, expected {result.expected}."
            if result.agrees:
                messages.success(request, f"{words} The count agrees with the record. {_record(done)}")
            else:
                messages.warning(
                    request,
                    f"{words} The count is kept and a difference is open. Count again, or explain it. {_record(done)}",
                )
            return redirect("counter", place.code)
    context = {"site": place, "opened": opened, "is_in": hasattr(opened, "counted")}
    return form_page(request, "web/count.html", context, refusal=refusal)


def _whole_number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        message = f"{text[:20]!r} is not a whole number. Write it in digits, such as 7."
        raise FaultyInput([Fault(None, name, "core.bad_value", message)])
    return int(text)


def _tags(request: HttpRequest) -> list[str]:
    return [line for line in request.POST.get("tags", "").splitlines() if line.strip()]


def _people(number: int) -> str:
    return f"{number:,} person" if number == 1 else f"{number:,} persons"


def _record(done: Done[Any]) -> str:
    return f"Record {done.known_at:,}." if done.known_at else "Recorded; its number follows."


def _once(request: HttpRequest, site: Site) -> HttpResponse:
    """The form was sent twice: the first sending counts."""
    messages.info(
        request, "That form was sent before and is recorded once. Start a new one if you meant another."
    )
    return redirect("counter", site.code)
