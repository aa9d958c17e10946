"""What changed since the reader last looked, on one page, and the button that says it was seen."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor
from muster.core.errors import MusterError
from muster.core.ids import new_id
from muster.ledger.queries import latest_known
from muster.missions.actions import mark_seen
from muster.picture.changes import Change, Deadline, changes, last_look
from muster.web.pages import key_of, refused, signed_in

PAGES = {
    "decision": "decision",
    "request": "request",
    "mission": "mission",
    "trip": "trip",
    "difference": "settle",
    "exceptions": "exceptions",
    "muster_roll": "muster-roll",
    "roster": "roster",
    "incident": "incident-by-id",
}


@signed_in
def changed(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What was written since the last look, or since `?since=`, by group; marking it as seen is a button, so opening it loses nothing."""
    if request.method == "POST":
        return _seen(request, actor)
    known_at = latest_known()
    asked = request.GET.get("since", "").strip()
    looked = last_look(actor.user)
    misread = bool(asked) and not (asked.isascii() and asked.isdecimal() and len(asked) <= 18)
    since = int(asked) if asked and not misread else looked
    found = changes(actor, min(since, known_at), known_at, timezone.now())
    groups = [
        (name, [(each, _address(each)) for each in told]) for name, told in found.groups.items() if told
    ]
    context = {
        "found": found, "groups": groups, "deadlines": [(each, _address(each)) for each in found.deadlines], "looked": looked,
        "key": new_id(), "entered": asked, "misread": misread,
    }  # fmt: skip
    return render(request, "web/changes.html", context, status=422 if misread else 200)


def _seen(request: HttpRequest, actor: Actor) -> HttpResponse:
    number = request.POST.get("known_at", "")
    try:
        mark_seen(
            actor=actor, key=key_of(request), reader=actor.name, known_at=int(number) if number.isdecimal() and len(number) <= 18 else -1
        )  # fmt: skip
    except MusterError as refusal:
        return refused(request, refusal)
    messages.success(request, f"Seen up to record {number}. What comes after it will stand here.")
    return redirect("changes")


def _address(told: Change | Deadline) -> str:
    if told.kind == "act":
        return reverse("act", args=[int(told.of)])
    return reverse(PAGES[told.kind], args=[told.of])
