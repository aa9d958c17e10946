"""The desk of a site changes hands: what the shift saw, and the two signatures of those who had it and have it.

The summary is read from the record, for any shift; the handover says from when to when it was, and what the next one must know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Annotated
from uuid import UUID

from django.db.models import Q
from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened, local, zone
from muster.custody import queries, rules
from muster.custody.actions import Code, site_locked
from muster.custody.bags import receipts_to_verify
from muster.custody.models import (
    BagStated,
    Count,
    DeskOffered,
    DeskTaken,
    Difference,
    PropertyReceipt,
    Undone,
)
from muster.custody.undoing import undone_at
from muster.ledger.models import Entry, Handover, Thing
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act


class ShiftEndsBefore(MusterError):
    """The shift ends before it begins."""

    code = "custody.shift_ends_before"

    def __init__(self, *, since: datetime, until: datetime, site: Site) -> None:
        self.since, self.until = since, until
        where = zone(site.zone)
        super().__init__(
            f"The shift would end at {local(until, where)}, and begin at {local(since, where)}. Nothing was kept. Give a later end."
        )


@dataclass(frozen=True)
class DeskHandedOver:
    """The handover of the desk, which waits for the next one's signature, and the shift that it is of."""

    desk: UUID
    since: datetime
    until: datetime


@dataclass(frozen=True)
class DeskHeld:
    """The handover of the desk that is signed for."""

    desk: UUID


@action("custody.hand_over_desk", about=site_locked)
def hand_over_desk(
    *, act: Act, row: Site, actor: Actor, site: Code, until: AwareDatetime, since: AwareDatetime | None = None,
    notes: Annotated[str, Field(max_length=1000)] = "",
) -> DeskHandedOver:  # fmt: skip
    """Hand the desk of a site over: the actor's shift ends at `until`. Without `since` it began where the shift before ended.

    `notes` are what the next one must know, by tag and never by name. The desk is the actor's until another signs for it.

    Raises NotHappenedYet, ShiftEndsBefore.
    """
    check_happened(until, now=act.recorded_at)
    began = since or shift_began(row, until)
    if began >= until:
        raise ShiftEndsBefore(since=began, until=until, site=row)
    made = DeskOffered.objects.create(act=act, site=row, since=began, until=until, notes=notes.strip())
    return DeskHandedOver(made.pk, began, until)


def _desk(desk: UUID) -> tuple[Scope, DeskOffered]:
    found = DeskOffered.objects.select_related("act").filter(pk=desk).first()
    if found is None:
        raise NotFound(kind="handover of a desk", name=str(desk))
    return queries.scope_of(queries.site_for_change(found.site_id)).asked_as(
        "handover of a desk", desk
    ), found


@action("custody.take_desk", about=_desk)
def take_desk(*, act: Act, row: DeskOffered, actor: Actor, desk: UUID) -> DeskHeld:
    """Sign for the desk: it is the actor's from now on. Raises SameSigner, AlreadySettled where another was offered since or signed."""
    if actor.user == row.act.actor_id:
        raise rules.SameSigner()
    if waiting(row.site) != row:
        raise rules.AlreadySettled(what="handover of the desk")
    DeskTaken.objects.create(act=act, desk=row)
    return DeskHeld(row.pk)


def waiting(site: Site) -> DeskOffered | None:
    """The handover of a site's desk that waits for a signature: the latest, where nobody has signed for it."""
    latest = (
        DeskOffered.objects.filter(site=site).select_related("act__actor", "taken").order_by("-pk").first()
    )
    return latest if latest and not hasattr(latest, "taken") else None


def handed_over(site: Site, *, limit: int) -> list[DeskOffered]:
    """The latest handovers of a site's desk that were signed for."""
    rows = DeskOffered.objects.filter(site=site, taken__isnull=False)
    return list(rows.select_related("act__actor", "act__number", "taken__act__actor").order_by("-pk")[:limit])


def shift_began(site: Site, until: datetime) -> datetime:
    """When the shift that ends at `until` began: at the last handover of the desk before it, else with the local day."""
    before = DeskTaken.objects.filter(desk__site=site, desk__until__lt=until).order_by("-desk__until")
    found: datetime | None = before.values_list("desk__until", flat=True).first()
    if found:
        return found
    day = until.astimezone(zone(site.zone)).date()
    return datetime.combine(day, time(), tzinfo=zone(site.zone)).astimezone(UTC)


@dataclass(frozen=True)
class Shift:
    """What a shift saw, after `since` and up to `until`, and what is open now.

    `came` and `left` are tags, as the record has it now: one who came and left is in both. `counts` were opened in the shift;
    `unfinished` are those of any time that are not in. `seconds` and `receipts` wait for a second person, and for a supervisor.
    """

    site: Site
    since: datetime
    until: datetime
    came: list[str]
    left: list[str]
    present: int
    counts: list[Count]
    unfinished: list[Count]
    differences: list[Difference]
    offers: list[Handover]
    seconds: list[BagStated]
    receipts: list[PropertyReceipt]
    undone: list[Undone]


def shift(site: Site, since: datetime, until: datetime) -> Shift:
    """The summary of a shift."""
    came, left = _moved(site, since, until)
    counts = Count.objects.filter(site=site).select_related("counted").order_by("opened_at")
    seconds = BagStated.objects.filter(
        site=site, needs_second=True, witnessed__isnull=True, bag__thing__head__holder__site=site.pk
    ).select_related("bag__thing", "act__actor")  # fmt: skip
    offers = queries.offers_to(site.pk) | queries.offers_from(site.pk)
    return Shift(
        site, since, until, came, left, queries.present(site.pk).count(),
        counts=list(counts.filter(opened_at__gt=since, opened_at__lte=until)), unfinished=list(counts.filter(counted__isnull=True)),
        differences=list(queries.open_differences([site.pk])), offers=list(offers.select_related("giver", "receiver")),
        seconds=list(seconds.order_by("pk")), receipts=list(receipts_to_verify(site)), undone=undone_at(site, since, until),
    )  # fmt: skip


def _moved(site: Site, since: datetime, until: datetime) -> tuple[list[str], list[str]]:
    """Who came and who left, by tag, by the entries that stand now."""
    touched = Entry.objects.filter(
        Q(receiver__site=site.pk) | Q(giver__site=site.pk), thing__kind=Thing.Kind.PERSON, happened_at__gt=since, happened_at__lte=until
    ).values_list("thing", flat=True)  # fmt: skip
    tags = dict(Thing.objects.filter(pk__in=touched).values_list("pk", "tag"))
    came, left = set[str](), set[str]()
    for thing, entries in queries.live_entries(tags).items():
        for entry in entries:
            if since < entry.happened_at <= until and entry.giver__site != entry.receiver__site:
                if entry.receiver__site == site.pk:
                    came.add(tags[thing])
                elif entry.giver__site == site.pk:
                    left.add(tags[thing])
    return sorted(came), sorted(left)
