"""What happened to a mission's persons and things that keeps it from being closed: open offers and differences."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from muster.custody.models import Difference
from muster.custody.queries import incidents
from muster.ledger.models import Entry, Handover
from muster.missions.closing import OpenItem, register
from muster.missions.models import Mission


@register
def open_offers(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The offers made under a mission that nobody has answered."""
    offers = Handover.objects.filter(mission=mission.pk, state=Handover.State.OFFERED)
    for offer in offers.select_related("giver", "receiver", "offered_act").order_by("pk"):
        words = f"{offer.giver.code} to {offer.receiver.code}, not answered"
        yield OpenItem(
            kind="offer", name=str(offer.pk), words=words, since=offer.offered_act.recorded_at, subject=("offer", str(offer.pk))
        )  # fmt: skip


@register
def open_incidents(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The incidents that befell a mission's persons and that nobody has closed."""
    for row in (
        incidents(mission=mission.pk).filter(closed__isnull=True).select_related("site").order_by("at", "pk")
    ):
        yield OpenItem(
            kind="incident", name=str(row), words=f"{row.site_id}: {row.get_kind_display()}, {row}", since=row.at,
            subject=("incident", str(row.pk)),
        )  # fmt: skip


@register
def open_differences(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """The differences about a mission that nobody has settled."""
    for row in differences_of(mission).select_related("act"):
        words = f"{row.site_id}: {row.words.rstrip('.')}"
        yield OpenItem(
            kind="difference",
            name=str(row.pk),
            words=words,
            since=row.opened_at,
            subject=("difference", str(row.pk)),
        )


def differences_of(mission: Mission) -> QuerySet[Difference]:
    """The open differences about things that were ever a mission's, its handovers and its reports, the oldest first.

    One that names nothing, such as of a count, is every mission's that had things at its site since the mission was opened: it may be
    about any of them.
    """
    entries = Entry.objects.filter(mission=mission.pk)
    sites = entries.values("receiver__site").union(entries.values("giver__site"))
    names_nothing = Q(thing=None, handover=None, report=None, opened_at__gte=mission.opened_at)
    at_its_sites = names_nothing & Q(site__in=[site["receiver__site"] for site in sites])
    of_it = (
        Q(thing__in=entries.values("thing")) | Q(handover__mission=mission.pk)
        | Q(report__payload__mission=mission.pk) | at_its_sites
    )  # fmt: skip
    return Difference.objects.filter(of_it, settled__isnull=True).order_by("id")
