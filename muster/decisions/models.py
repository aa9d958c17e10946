"""Decisions and their versions: who decided what, with which limits."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from muster.assistance.models import Request
from muster.authority.models import Assessment
from muster.parties.models import Office
from muster.record.models import Act, Recorded
from muster.sources.models import Source


class Decision(models.Model):
    """What the holder of an office decided about a request. Draws and amendments both lock its row."""

    mutable_columns: ClassVar[tuple[str, ...]] = ("latest",)

    class Outcome(models.TextChoices):
        APPROVED = "approved", "approved"
        APPROVED_WITH_LIMITS = "approved_with_limits", "approved with limits"
        DECLINED = "declined", "declined"
        REFERRED = "referred", "referred"

    id = models.CharField(primary_key=True, max_length=70)
    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="+")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="decisions")
    office = models.ForeignKey(Office, on_delete=models.PROTECT)
    outcome = models.CharField(max_length=20, choices=Outcome)
    reason = models.TextField()
    instrument = models.CharField(max_length=200, blank=True)  # order, letter, verbal; empty: not recorded
    decided_at = models.DateTimeField(null=True)  # None: the moment it was taken is not recorded
    reported_on = models.DateField(null=True)  # the day on which a source reported it; None: issued here
    reported_about = models.BooleanField(default=False)  # that day is not exact
    source = models.ForeignKey(Source, null=True, on_delete=models.PROTECT)
    findings_seen = models.ForeignKey(Assessment, null=True, on_delete=models.PROTECT)
    latest = models.IntegerField(default=0)  # the number of the latest version

    def __str__(self) -> str:
        return self.pk


class Version(Recorded):
    """One record of a decision: never edited, only followed by another."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="versions")
    n = models.IntegerField()  # from 1
    kind = models.CharField(max_length=10)  # issued, amended, suspended, resumed, revoked
    effective_at = models.DateTimeField()
    limits = models.JSONField(null=True)  # of an issued or amended one
    reason = models.TextField()

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["decision", "n"], name="version_once")]
