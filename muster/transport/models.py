"""Trips: one vehicle, its custodian, and the persons whom it holds while they are aboard."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from muster.ledger.models import Handover, Holder
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.record.models import Act, Recorded
from muster.tasks.models import Task


class Trip(models.Model):
    """One vehicle from one site to another. Its holder holds who is aboard; the custodian signs for them."""

    mutable_columns: ClassVar[tuple[str, ...]] = ("state", "custodian")

    class State(models.TextChoices):
        PLANNED = "planned"
        DEPARTED = "departed"
        ARRIVED = "arrived"
        CLOSED = "closed"

    class Purpose(models.TextChoices):
        TRANSFER = "transfer", "transfer between sites"
        RETURN = "return", "return to the agency"

    id = models.CharField(primary_key=True, max_length=50)
    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="+")
    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="trips")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="trips")
    holder = models.OneToOneField(Holder, on_delete=models.PROTECT, related_name="+")
    from_site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    to_site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    vehicle = models.CharField(max_length=60)
    seats = models.IntegerField()  # for persons in custody; crew not counted
    departs_at = models.DateTimeField()  # as planned
    custodian = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.TRANSFER)

    def __str__(self) -> str:
        return self.pk


class OfferKept(Recorded):
    """That an open offer under a mission stands though a version of its decision does not allow it any more: who says so, and why."""

    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="kept")
    version = models.IntegerField()  # of the decision, which it is kept against
    reason = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handover", "version"], name="offer_kept_once")]


class TripEvent(Recorded):
    """What happened to a trip, and how many persons were aboard by the record."""

    trip = models.ForeignKey(Trip, on_delete=models.PROTECT, related_name="events")
    n = models.IntegerField()  # from 1
    kind = models.CharField(max_length=10)  # a state of the trip, or `custodian`
    aboard = models.IntegerField()
    words = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["trip", "n"], name="trip_event_once")]
