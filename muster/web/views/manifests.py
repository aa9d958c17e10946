"""Many who come together: the manifest is read and shown beside the record, then who came is ticked and recorded in one act."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from muster.access.control import Actor
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.times import local, zone
from muster.custody import manifests
from muster.missions.queries import is_drill_at
from muster.record.action import KeyReused
from muster.web.csvforms import MOST_BYTES
from muster.web.forms import ONCE, record
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.views.counter import site_for
from muster.web.views.counter_forms import FIELDS, missions_at
from muster.web.words import Words, words_at

LATIN = "The list is not UTF-8 text, or it is larger than 4 MB. Save it as CSV in UTF-8."


@signed_in
def manifest(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The list, then the list beside the record, then what was recorded of it."""
    place = site_for(actor, site)
    words, missions = words_at(place, now=timezone.now()), missions_at(place)
    found, text, step = None, "", request.POST.get("step", "")
    refusal: MusterError | None = None
    faults: list[Fault] = []
    if request.method == "POST":
        try:
            text = _text(request)
            found = manifests.look(place, text)
            if step == "record":
                at = moment_in(request.POST.get("at", ""), zone(place.zone))
                done = manifests.receive_manifest(
                    actor=actor, key=key_of(request), site=place.code, manifest=text, came=request.POST.getlist("came"), at=at,
                    mission=request.POST.get("mission", ""),
                )  # fmt: skip
                tell = messages.warning if done.answer.missing or done.answer.reported else messages.success
                tell(request, f"{_told(done.answer, words)} {local(at, zone(place.zone))}. {record(done)}")
                return redirect("counter", place.code)
        except KeyReused:
            messages.info(request, ONCE)
            return redirect("counter", place.code)
        except FaultyInput as told:
            faults = told.faults
            refusal = FaultyInput([Fault(None, "manifest", told.code, str(told))])
        except MusterError as told:
            refusal = told
    ticked = found.tags("offered") if found and step == "all" else request.POST.getlist("came")
    context: dict[str, Any] = {
        "site": place, "drill": is_drill_at(place), "words": words, "missions": missions, "found": found, "ticked": ticked, "text": text,
        "faults": faults,
        "groups": _groups(found, words) if found else [],
    }  # fmt: skip
    return form_page(request, "web/manifest.html", context, refusal=refusal, fields=FIELDS)


def _text(request: HttpRequest) -> str:
    """What was pasted, or the file. Raises FaultyInput."""
    sent = request.FILES.get("file")
    if sent is None:
        return request.POST.get("manifest", "")
    try:
        if (sent.size or 0) > MOST_BYTES:
            raise ValueError
        return str(sent.read().decode("utf-8-sig"))
    except ValueError:
        raise FaultyInput([Fault(None, "file", "web.bad_field", LATIN)]) from None


def _groups(found: manifests.Look, words: Words) -> list[tuple[str, str, list[manifests.Listed]]]:
    """The lines by how their persons stand: a heading, what that means, and the lines. Those who are here, or cannot come, are no ticks."""
    said = {
        "offered": ("Expected", "On an open offer. Whoever of the same offer did not come stays with the giver, as a difference."),
        "unexpected": ("Unexpected", "Nobody offered them. They are received all the same, with a difference."),
        "elsewhere": ("Elsewhere by the record", "The record has them elsewhere, and not offered. Who came is kept as a report."),
        "here": ("Already in", "They are not received again."),
        "in_use": ("Tag in use", f"The tag is on a bag or on a second record. Give the {words.person} another band."),
    }  # fmt: skip
    by_state: dict[str, list[manifests.Listed]] = {state: [] for state in said}
    for listed, arriving in found.lines:
        by_state[arriving.state].append(listed)
    return [(state, *said[state], lines) for state, lines in by_state.items() if lines]  # type: ignore[misc]


def _told(answer: manifests.FromManifest, words: Words) -> str:
    """What was recorded, in a sentence for each kind."""
    told = []
    if answer.accepted:
        told.append(f"{len(answer.accepted)} signed for.")
    if answer.received:
        told.append(f"{len(answer.received)} received whom nobody offered.")
    if answer.reported:
        told.append(f"{len(answer.reported)} kept as a report, which somebody must settle.")
    if answer.missing:
        told.append(
            f"{len(answer.missing)} did not come and stay with the giver: {', '.join(answer.missing[:5])}."
        )
    if answer.waiting or answer.not_come:
        told.append(f"Not ticked, and as before: {len(answer.waiting) + len(answer.not_come)}.")
    return " ".join(told)
