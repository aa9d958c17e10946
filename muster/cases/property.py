"""What happens to property is what clocks go by: each such fact is an event of the standards, written in the same act."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from muster.cases.models import RecordedEvent
from muster.custody.bags import Happening, register
from muster.ledger.models import Thing
from muster.parties.models import Site
from muster.record.models import Act

EVENTS: dict[Happening, str] = {
    "taken_in": "property_inventoried", "went_along": "property_forwarded", "returned": "property_returned",
    "left_behind": "property_left_behind", "letter_sent": "claim_letter_sent", "claimed": "property_claimed",
    "forwarded": "property_forwarded", "funds_audited": "funds_audited", "baggage_audited": "baggage_audited",
}  # fmt: skip


@register
def record(act: Act, site: Site, whose: Sequence[Thing | None], happening: Happening, at: datetime) -> None:
    """Write the event for each of the persons, or for the site itself."""
    RecordedEvent.objects.bulk_create(
        RecordedEvent(act=act, site=site, thing=thing, event=EVENTS[happening], at=at) for thing in whose
    )
