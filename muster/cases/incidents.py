"""Incidents start clocks: what befell somebody is an event of the standards, written in the same act; withdrawn, it is one no more."""

from __future__ import annotations

from collections.abc import Sequence

from muster.cases.models import RecordedEvent
from muster.custody.incidents import Happening, register
from muster.custody.models import Incident
from muster.ledger.models import Thing
from muster.record.models import Act

EVENTS: dict[Happening, str] = {
    "incident": "incident_happened", "seriously_hurt": "seriously_hurt_or_ill", "went_missing": "person_missing", "died": "died",
}  # fmt: skip


@register
def record(act: Act, incident: Incident, things: Sequence[Thing], happening: Happening) -> None:
    """Write the event for each of the persons; of an incident that did not happen, that its events did not."""
    if happening == "withdrawn":
        standing = RecordedEvent.objects.filter(incident=incident, corrected_by__isnull=True, withdrawn=False)
        made = [
            RecordedEvent(
                act=act, site=row.site, thing=row.thing, event=row.event, at=row.at, by=row.by, incident=incident, corrects=row,
                withdrawn=True, reason=f"{incident} did not happen",
            )
            for row in standing
        ]  # fmt: skip
    else:
        made = [
            RecordedEvent(
                act=act, site=incident.site, thing=thing, event=EVENTS[happening], at=incident.at, by=incident.reported_by,
                incident=incident,
            )
            for thing in things
        ]  # fmt: skip
    RecordedEvent.objects.bulk_create(made)
