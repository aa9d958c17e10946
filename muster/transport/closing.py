"""The trips of a mission, and what stands outside its decision, that keep it from being closed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from muster.missions.closing import OpenItem, numbered, register
from muster.missions.models import Mission
from muster.transport.models import Trip
from muster.transport.outside import open_outside


@register
def open_trips(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The trips that nobody has closed, and what is outside the decision and not settled."""
    for trip in (
        Trip.objects.filter(mission=mission).exclude(state=Trip.State.CLOSED).order_by("departs_at", "id")
    ):
        words = f"{trip.from_site_id} to {trip.to_site_id}, {trip.state}"
        yield OpenItem(
            kind="trip", name=trip.pk, words=words, since=trip.departs_at, subject=("trip", trip.pk)
        )
    for one in open_outside(mission, numbered()):
        words = f"{one.what}: outside version {one.version} of {one.decision}"
        yield OpenItem(
            kind="outside", name=one.id, words=words, since=one.begins_at, subject=("outside", mission.pk)
        )
