"""Missions, and what must be kept apart from them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from muster.decisions.models import Decision
from muster.parties.models import Organisation
from muster.record.models import Act, Recorded
from muster.sources.models import Source


class Mission(models.Model):
    """What was set going under a decision, until it is closed."""

    mutable_columns: ClassVar[tuple[str, ...]] = ("closed_at",)

    id = models.CharField(primary_key=True, max_length=60)
    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="missions")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    drill = models.BooleanField()  # an exercise: said on every page of it
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.title


class Closing(Recorded):
    """How a mission ended, and why it could be closed."""

    mission = models.OneToOneField(
        Mission, primary_key=True, on_delete=models.PROTECT, related_name="closing"
    )
    reason = models.TextField()


class Apart(Recorded):
    """Something that goes on beside a mission or went before it, and must not be added in."""

    class Relation(models.TextChoices):
        SEPARATE_FROM = "separate_from", "separate from"
        EARLIER = "earlier", "earlier, and ended"

    mission = models.CharField(
        max_length=60, db_index=True
    )  # by code: it can be known before the mission is opened
    code = models.CharField(max_length=60)  # under which claims about it stand
    title = models.CharField(max_length=200)
    relation = models.CharField(max_length=20, choices=Relation)
    words = models.TextField()
    source = models.ForeignKey(Source, on_delete=models.PROTECT)

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["mission", "code"], name="apart_once")]


class Look(Recorded):
    """A reader has seen everything up to an act's number, and says so: what changed is counted from there."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    known_at = models.BigIntegerField()
