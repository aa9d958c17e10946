"""Files for other programs: the calendar of a mission, and requests, decisions and tasks as messages of EDXL-RM."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from muster.access.control import Actor
from muster.ledger.queries import latest_known
from muster.picture.calendar import as_ics, calendar_of
from muster.picture.messages import message_of
from muster.picture.papers import Reach
from muster.web.pages import signed_in
from muster.web.views.missions import found as found_mission


@signed_in
def calendar_ics(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The calendar of a mission. Its events keep their ids, so that a program that takes it in again moves what has moved."""
    found = calendar_of(found_mission(actor, name), timezone.now(), latest_known())
    return _file(as_ics(found), "text/calendar; charset=utf-8", f"{name}.ics")


@signed_in
def message(request: HttpRequest, actor: Actor, kind: str, name: str) -> HttpResponse:
    """A request, a decision or a task as a message of EDXL-RM, as it stands now."""
    return _file(message_of(kind, name, Reach(actor)), "application/xml", f"{name}-{kind}.xml")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(True, name) or ""
    return answer
