"""What an act that is undone said to the clocks is withdrawn with it: items of a checklist, and property that was taken in."""

from __future__ import annotations

from muster.cases.models import RecordedEvent
from muster.custody.undoing import REASON, RecordedSince, register
from muster.parties.models import Site
from muster.record.models import Act


def _site_of(act: Act) -> str | None:
    return RecordedEvent.objects.filter(act=act).values_list("site", flat=True).first()


def _withdraw(act: Act, site: Site, old: Act) -> int:
    """Withdraw each event that the act recorded."""
    told = list(RecordedEvent.objects.select_related("thing").filter(act=old))
    corrected = RecordedEvent.objects.filter(corrects__in=told).select_related("thing")
    if since := sorted({each.thing.tag for each in corrected if each.thing}):
        raise RecordedSince(tags=since)
    RecordedEvent.objects.bulk_create(
        RecordedEvent(
            act=act, site=row.site, thing=row.thing, event=row.event, at=row.at, done=row.done, by=row.by, proof=row.proof, corrects=row,
            withdrawn=True, reason=REASON, not_done_because=row.not_done_because,
        )
        for row in told
    )  # fmt: skip
    return len(told)


register(_site_of, _withdraw)
