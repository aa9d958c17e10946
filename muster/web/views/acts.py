"""One act on a page, beside the limits that were in force and known at its minute."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from muster.access.control import Actor
from muster.picture.judging import judge_for
from muster.web.pages import signed_in
from muster.web.views.missions import zone_of


@signed_in
def judged(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """What an act did, and each clause of the decision: inside, outside or not touched, as known then and as known now."""
    found = judge_for(actor, name)
    mission = found.mission
    readings = [("As it was known then", found.then)]
    if found.differs:
        readings.append(("As it is known now", found.now))
    context = {
        "found": found, "drill": mission is not None and mission.drill, "zone": zone_of(mission) if mission else "UTC",
        "readings": [reading for reading in readings if reading[1] is not None],
    }  # fmt: skip
    return render(request, "web/judged.html", context)
