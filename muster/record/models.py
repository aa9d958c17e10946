"""Acts: the audit line, the unit of work and, by their numbers, the record's knowledge time."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from muster.core.ids import new_id


class Act(models.Model):
    """One action of one actor in one transaction, done or refused."""

    append_only: ClassVar[bool] = True

    id = models.UUIDField(primary_key=True, default=new_id)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT)
    name = models.CharField(max_length=60)
    idempotency_key = models.UUIDField(null=True)
    request_hash = models.BinaryField()  # HMAC-SHA256 of the action's name and body, under the answer's salt
    refused_code = models.CharField(max_length=60, blank=True)
    refused_words = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["actor", "idempotency_key"],
                condition=models.Q(refused_code="", idempotency_key__isnull=False),
                name="act_key_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class Answer(models.Model):
    """What a done act answered, so that the same key gives the same answer again.

    `salt` is what the act's `request_hash` is keyed with. Without it nobody can tell any more what was asked, nor guess it:
    it goes where the data of a person goes.
    """

    mutable_columns: ClassVar[tuple[str, ...]] = ("salt",)
    in_tree: ClassVar[bool] = False

    act = models.OneToOneField(Act, primary_key=True, on_delete=models.PROTECT)
    body = models.JSONField()
    salt = models.BinaryField(null=True)


class Number(models.Model):
    """An act's number, given after its commit by the sequencer: K in *as known at K*."""

    number = models.BigIntegerField(primary_key=True)
    act = models.OneToOneField(Act, on_delete=models.PROTECT, related_name="number")


class Pending(models.Model):
    """An act that waits for its number. `txid` is the transaction that wrote it."""

    act = models.OneToOneField(Act, primary_key=True, on_delete=models.PROTECT)
    txid = models.BigIntegerField()


class Leaf(models.Model):
    """One leaf of the tree: of an act, or of what it wrote. The sequencer alone writes it, with the act's number.

    `n` is an entry's number in its thing; of an act, in how many other tables it wrote rows, or null where it was numbered
    before rows had leaves; of those rows, their layout.
    """

    append_only: ClassVar[bool] = True

    class Kind(models.TextChoices):
        ACT = "act"
        HOLDER = "holder"
        THING = "thing"
        ENTRY = "entry"
        ROWS = "rows"

    index = models.BigIntegerField(primary_key=True)  # from 0, without a gap
    act = models.ForeignKey(
        Act, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=6, choices=Kind)
    subject = models.UUIDField(null=True)  # the holder or the thing; the record knows neither's table
    n = models.IntegerField(null=True)
    leaf = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "n"], condition=models.Q(kind="entry"), name="leaf_of_entry"
            ),
            models.UniqueConstraint(fields=["act"], condition=models.Q(kind="act"), name="leaf_of_act"),
            models.UniqueConstraint(
                fields=["subject"], condition=models.Q(kind__in=["holder", "thing"]), name="leaf_of_subject"
            ),
            models.UniqueConstraint(
                fields=["act", "n"], condition=models.Q(kind="rows"), name="leaf_of_rows"
            ),
        ]


class Layout(models.Model):
    """Which columns of a table enter the tree. A migration that adds a column makes a new one for the rows that follow.

    What was numbered before keeps the layout under which it was written: its columns are never dropped or renamed.
    """

    append_only: ClassVar[bool] = True

    id = models.IntegerField(primary_key=True)
    of_table = models.CharField(max_length=63)
    columns = ArrayField(models.CharField(max_length=63))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of_table", "columns"], name="layout_once")]


class RowsWritten(models.Model):
    """That an act wrote rows of one layout: noted by a trigger of their table, for the sequencer, which makes their leaf.

    `salt` is hashed with them and is not exported, so that nobody can guess from a leaf what stands in a row.
    """

    append_only: ClassVar[bool] = True

    pk = models.CompositePrimaryKey("act_id", "layout_id")
    act = models.ForeignKey(
        Act, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    layout = models.ForeignKey(
        Layout, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    salt = models.UUIDField()


class Checkpoint(models.Model):
    """The signed root of the tree's first `size` leaves. `frontier` lets the next one be made from newer leaves alone."""

    append_only: ClassVar[bool] = True

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    frontier = models.BinaryField()
    recorded_at = models.DateTimeField(db_default=Now())


class Recorded(models.Model):
    """A row that an act wrote and nothing changes: the base of every append-only record of every step."""

    append_only: ClassVar[bool] = True

    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


# Of rows that acts wrote, the latest first: by the numbers of the acts, and not by a clock that may have stepped back.
LATEST_ACT = models.F("act__number__number").desc(nulls_first=True)
