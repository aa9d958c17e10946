"""Things, holders, entries and heads: who holds what. Their laws: `sql/guard_by_window.sql`, in the database itself."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from muster.access.models import SigningKey
from muster.core.ids import new_id
from muster.record.models import Act, Recorded


class Holder(Recorded):
    """What can hold a thing. Holders are flat: none is inside another."""

    in_tree: ClassVar[bool] = False  # each has a leaf of its own

    class Kind(models.TextChoices):
        AREA = "area", "site area"
        STORE = "store"
        TRIP = "trip"
        UNIT = "unit"
        OFFICER = "officer"
        OUTSIDE = "outside"

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=10, choices=Kind)
    code = models.CharField(max_length=60, unique=True)
    organisation = models.CharField(max_length=40, blank=True)
    site = models.CharField(max_length=40, blank=True, db_index=True)

    def __str__(self) -> str:
        return self.code


class Thing(Recorded):
    """What always has one holder. `origin` holds it before its first entry."""

    in_tree: ClassVar[bool] = False  # each has a leaf of its own

    class Kind(models.TextChoices):
        PERSON = "person"
        MEMBER = "member"
        VEHICLE = "vehicle"
        PROPERTY = "property"
        FILE = "file"

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=10, choices=Kind)
    tag = models.CharField(max_length=12, unique=True)
    origin = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["id", "origin"], condition=~models.Q(kind="person"), name="thing_no_person")
        ]

    def __str__(self) -> str:
        return self.tag


class Handover(models.Model):
    """An offer of things by a giver to a receiver, and its answer. Custody moves at acceptance."""

    mutable_columns: ClassVar[tuple[str, ...]] = (
        "state", "answered_act", "accepted_by", "accepted_root", "receiver_signature", "receiver_key",
    )  # fmt: skip

    class State(models.TextChoices):
        OFFERED = "offered"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"
        LAPSED = "lapsed"

    id = models.UUIDField(primary_key=True, default=new_id)
    giver = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    mission = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OFFERED)
    offered_act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="+")
    offered_by = models.IntegerField()
    answered_act = models.ForeignKey(Act, null=True, on_delete=models.PROTECT, related_name="+")
    accepted_by = models.IntegerField(null=True)
    list_root = models.BinaryField(null=True)  # of what is offered
    giver_signature = models.BinaryField(null=True)
    giver_key = models.ForeignKey(SigningKey, null=True, on_delete=models.PROTECT, related_name="+")
    accepted_root = models.BinaryField(null=True)  # of what was accepted: all of it, or some
    receiver_signature = models.BinaryField(null=True)  # null where a witnessed paper stands for it
    receiver_key = models.ForeignKey(SigningKey, null=True, on_delete=models.PROTECT, related_name="+")


class Offer(models.Model):
    """One thing on an offered handover; a thing stands on one open offer at most."""

    mutable_columns: ClassVar[tuple[str, ...]] = ("open",)

    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="offers")
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thing"], condition=models.Q(open=True), name="offer_once")
        ]


class Entry(Recorded):
    """One change of hands: a *push* onto the thing's stack of live entries, or a *pop* of its top."""

    in_tree: ClassVar[bool] = False  # each has a leaf of its own

    pk = models.CompositePrimaryKey("thing_id", "n")
    # Things, givers and receivers stand first in the key and the indexes below: no others for them alone.
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="entries", db_index=False)
    n = models.IntegerField()  # from 1, without a gap
    kind = models.CharField(max_length=4)
    giver = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+", db_index=False)
    receiver = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+", db_index=False)
    happened_at = models.DateTimeField()
    earliest_at = models.DateTimeField(null=True)  # both set: `happened_at` is arbitrary between the two
    latest_at = models.DateTimeField(null=True)
    base = models.IntegerField()  # the live entry below; 0 where there is none
    corrects = models.IntegerField(null=True)  # of a pop: the entry it reverses
    repeats = models.IntegerField(null=True)  # of a push in a correction: the entry that it says again
    mission = models.CharField(max_length=60, blank=True)
    handover = models.ForeignKey(Handover, null=True, on_delete=models.PROTECT)
    reason = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["receiver", "happened_at"], name="entry_in"),
            models.Index(fields=["giver", "happened_at"], name="entry_out"),
            models.Index(fields=["happened_at"], name="entry_happened"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["push", "pop"]), name="entry_kind"),
            models.CheckConstraint(condition=~models.Q(giver=models.F("receiver")), name="entry_two_sides"),
            models.CheckConstraint(
                condition=models.Q(kind="push", corrects__isnull=True)
                | models.Q(kind="pop", corrects__isnull=False),
                name="entry_pop_corrects",
            ),
        ]


class Head(models.Model):
    """Where a thing is now: the row that the guard compares and swaps. Nobody else writes it."""

    thing = models.OneToOneField(Thing, primary_key=True, on_delete=models.PROTECT, related_name="head")
    n = models.IntegerField()
    top = models.IntegerField()
    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+")
    happened_at = models.DateTimeField(null=True)


class Report(Recorded):
    """Evidence that does not fit the ledger: kept as it came, until a named person settles it."""

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=40)
    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT)
    payload = models.JSONField()
    words = models.TextField()


class Settlement(Recorded):
    """How a named person settled a report, and why."""

    report = models.OneToOneField(Report, primary_key=True, on_delete=models.PROTECT)
    reason = models.TextField()


class Cutoff(models.Model):
    """What is written of the time up to this moment, from now on, is late for the rolls."""

    append_only: ClassVar[bool] = True

    closed_at = models.DateTimeField(primary_key=True)


class Closing(models.Model):
    """Rolls were closed for a moment, as known at an act's number: one row for all holders. `sql/closings.sql` alone writes it."""

    append_only: ClassVar[bool] = True

    closed_at = models.DateTimeField()  # what happened at that very moment is included
    number = models.BigIntegerField()
    latest_at = models.DateTimeField()  # nothing known at `number` happened later
    entered = models.BigIntegerField()  # persons who had come into the ledger, wherever they were then

    class Meta:
        constraints = [models.UniqueConstraint(fields=["closed_at", "number"], name="closing_once")]
        indexes = [models.Index(fields=["number"], name="closing_number")]


class Roll(models.Model):
    """The persons whom one holder held under one mission when rolls were closed; no row where there was none."""

    append_only: ClassVar[bool] = True

    pk = models.CompositePrimaryKey("closing_id", "holder_id", "mission")
    closing = models.ForeignKey(Closing, on_delete=models.PROTECT, related_name="rolls", db_index=False)
    holder = models.ForeignKey(Holder, on_delete=models.PROTECT, related_name="+", db_index=False)
    mission = models.CharField(max_length=60, blank=True)
    persons = models.IntegerField()
    things = ArrayField(models.UUIDField())  # in order


class LateLeg(models.Model):
    """One side of an entry that was written after rolls had been closed for its time."""

    append_only: ClassVar[bool] = True

    pk = models.CompositePrimaryKey("thing_id", "n", "leg")
    thing = models.ForeignKey(
        Thing, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    n = models.IntegerField()
    leg = models.SmallIntegerField()  # 1 in, -1 out
    holder = models.ForeignKey(
        Holder, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    mission = models.CharField(max_length=60, blank=True)
    happened_at = models.DateTimeField()
    act = models.ForeignKey(
        Act, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    enters = models.SmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["holder", "happened_at"], name="late_leg")]
