"""Trips, and who is aboard by the record."""

from __future__ import annotations

from django.db.models import QuerySet

from muster.access.control import Actor, Scope, visible
from muster.core.errors import NotFound
from muster.database import prepared
from muster.ledger.models import Entry, Handover, Head, Holder, Offer
from muster.transport.models import Trip


def scope_of(trip: Trip) -> Scope:
    """Where a trip belongs: to the organisation that runs its mission, the agency that asked, the site that it leaves.

    The people of the site that it comes to may read it.
    """
    asker = trip.mission.decision.request.agency_id
    return Scope(
        "trip",
        trip.pk,
        trip.mission.organisation_id,
        trip.from_site_id,
        asker=asker,
        comes_to=trip.to_site_id,
    )


def for_change(trip: str) -> Trip:
    """The trip, locked until commit. Raises NotFound."""
    rows = Trip.objects.select_for_update(of=("self",)).select_related(
        "mission__decision__request", "holder", "from_site", "to_site", "task__mission", "custodian"
    )
    found = rows.filter(pk=trip).first()
    if found is None:
        raise NotFound(kind="trip", name=trip)
    return found


def trips_of(actor: Actor) -> QuerySet[Trip]:
    """The trips that the actor may read, the one that departs first in front."""
    rows = Trip.objects.select_related(
        "mission__decision__request", "holder", "from_site", "to_site", "custodian"
    )
    return visible(
        actor, rows.order_by("departs_at", "id"), organisation="mission__organisation", site="from_site",
        asker="mission__decision__request__agency", comes_to="to_site",
    )  # fmt: skip


def of_holder(holder: Holder) -> Trip | None:
    """The trip that a holder is, kept as it is until commit, so that it does not leave meanwhile; None of any other holder."""
    return prepared.first(Trip, "holder_id = %s FOR SHARE", holder.pk)


def aboard(trip: Trip) -> list[str]:
    """The tags of the persons whom the trip holds."""
    heads = Head.objects.filter(holder=trip.holder_id, thing__kind="person")
    return sorted(heads.values_list("thing__tag", flat=True))


def bags_aboard(trip: Trip) -> list[str]:
    """The tags of the bags that the trip holds."""
    heads = Head.objects.filter(holder=trip.holder_id, thing__kind="property")
    return sorted(heads.values_list("thing__tag", flat=True))


def waiting(trip: Trip) -> int:
    """How many are offered to the trip and not signed for."""
    offers = Offer.objects.filter(
        open=True, handover__receiver=trip.holder_id, handover__state=Handover.State.OFFERED
    )
    return offers.count()


def signers(trip: Trip) -> set[int | None]:
    """Who signed for the persons aboard; None for somebody aboard without a handover."""
    heads = list(
        Head.objects.filter(holder=trip.holder_id, thing__kind="person").values_list("thing_id", "top")
    )
    tops = dict(heads)
    entries = Entry.objects.filter(thing_id__in=tops).values_list("thing_id", "n", "handover__accepted_by")
    return {signer for thing, n, signer in entries if n == tops[thing]}
