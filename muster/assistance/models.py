"""Requests, their lines and exclusions, and every step that a request took."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from muster.parties.models import Office, Organisation
from muster.record.models import Act, Recorded


class Request(models.Model):
    """What an agency asks of a state. `state` is where the latest of its steps led."""

    mutable_columns: ClassVar[tuple[str, ...]] = ("state",)

    id = models.CharField(primary_key=True, max_length=60)
    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)  # real or exercise
    requester = models.CharField(max_length=200)
    agency = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT)  # null: not in the record
    agency_kind = models.CharField(max_length=40)
    asked = models.ForeignKey(Office, on_delete=models.PROTECT)
    of_state = models.CharField(max_length=2)  # postal code of the state asked
    purpose = models.TextField()
    priority = models.CharField(max_length=20, blank=True)  # empty: not stated
    reimbursement = models.CharField(max_length=200, blank=True)
    verbal = models.BooleanField()
    duty_status_asked = models.CharField(max_length=40, blank=True)
    federal_order = models.CharField(max_length=200, blank=True)
    as_of = models.DateField(null=True)
    facts = models.JSONField()  # what the requester states as so or not so; a day as ISO 8601
    state = models.CharField(max_length=30, default="draft")

    def __str__(self) -> str:
        return self.title


class Line(Recorded):
    """One thing asked for. `people` and `vehicles` are quantities as stated."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="lines")
    n = models.IntegerField()  # from 1
    task = models.CharField(max_length=3)  # empty: no category is stated
    words = models.TextField()
    people = models.JSONField()
    vehicles = models.JSONField()
    place = models.CharField(max_length=200, blank=True)  # empty: not stated
    window_from = models.DateField(null=True)  # both days included
    window_to = models.DateField(null=True)
    contact = models.CharField(max_length=10, blank=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["request", "n"], name="line_once")]


class Exclusion(Recorded):
    """A task that the request itself leaves out."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="exclusions")
    task = models.CharField(max_length=3)
    words = models.TextField()

    class Meta:
        ordering = ["task"]


class Step(Recorded):
    """One step of a request: the state it reached, when, and why. Who took it stands in the act."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="steps")
    n = models.IntegerField()  # from 1
    state = models.CharField(max_length=30)
    happened_at = models.DateTimeField()
    approximate = models.BooleanField(default=False)  # the moment is known only about
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["request", "n"], name="request_step_once")]


class Assignment(Recorded):
    """What a FEMA mission assignment says beside what every request says, as its file has it."""

    request = models.OneToOneField(Request, on_delete=models.PROTECT, related_name="assignment")
    ma_id = models.CharField(max_length=30)
    incident = models.CharField(max_length=10)
    declaration_type = models.CharField(max_length=2)
    region = models.SmallIntegerField()
    incident_type = models.CharField(max_length=60)
    incident_begin = models.DateField()  # the earliest of the days given
    also_begins = models.JSONField()  # further first days that the file gives, ISO 8601
    ma_type = models.CharField(max_length=3)
    esf = models.SmallIntegerField(null=True)  # as numbered in the file; null: not stated
    agency = models.CharField(max_length=20)
