"""Assessments: what was found about a request, line by line, on a day."""

from __future__ import annotations

from django.db import models

from muster.assistance.models import Request
from muster.core.ids import new_id
from muster.record.models import Recorded


class Assessment(Recorded):
    """One look at the whole of a request: in which duty status, judged as of which day, with which facts supplied."""

    id = models.UUIDField(primary_key=True, default=new_id)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="assessments")
    version = models.IntegerField(default=1)  # of the request, which it looked at
    status = models.CharField(max_length=40)
    on_date = models.DateField()
    facts = models.JSONField()


class LineFinding(Recorded):
    """What one assessment found about one line: a `rules.Finding`, kept as it was."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="findings")
    line = models.IntegerField()
    task = models.CharField(max_length=3)
    finding = models.CharField(max_length=20)
    layer = models.CharField(max_length=30)
    rule = models.CharField(max_length=120)
    citation = models.TextField()
    verified = models.BooleanField()
    words = models.TextField()
    conditions = models.JSONField()
    mark = models.CharField(max_length=2, blank=True, default="")  # empty: no rule of a pack decided
    unverified = models.TextField(blank=True, default="")
    pack = models.CharField(max_length=250, blank=True, default="")  # id and version
    signed = models.CharField(max_length=250, blank=True, default="")  # who signed that pack, and when
    quotes = models.JSONField(default=list)
    asks = models.JSONField(default=list)
    changes = models.JSONField(default=list)

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint(fields=["assessment", "line"], name="finding_once")]


class Judgement(Recorded):
    """What one assessor judged of one of the six criteria: a `review.Judgement`. The latest of each criterion counts."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="judgements")
    version = models.IntegerField()  # of the request that was judged
    criterion = models.CharField(max_length=20)
    colour = models.CharField(max_length=10)
    rationale = models.TextField()
    evidence = models.JSONField()
    judged_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]


class Drift(Recorded):
    """A task that drifted: what was done in the place of what was tasked, and what the rules say of it."""

    id = models.UUIDField(primary_key=True, default=new_id)
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="drifts")
    happened_at = models.DateTimeField()
    tasked = models.CharField(max_length=3)  # the task category that was tasked
    done = models.CharField(max_length=3)  # the one that was done
    place = models.CharField(max_length=200, blank=True)
    asked_by = models.CharField(max_length=200)  # an office or a post, never a name
    what_was_done = models.TextField()
    defense = models.CharField(max_length=6)  # none, self, others
    status = models.CharField(max_length=40)
    finding = models.CharField(max_length=20)
    layer = models.CharField(max_length=30)
    rule = models.CharField(max_length=120)
    citation = models.TextField()
    verified = models.BooleanField()
    words = models.TextField()
    review_due_at = models.DateTimeField()

    class Meta:
        ordering = ["happened_at"]


class DriftReview(Recorded):
    """What counsel found about a drift."""

    class Outcome(models.TextChoices):
        WITHIN = "within", "within the authority"
        OUTSIDE = "outside", "outside the authority"

    drift = models.OneToOneField(Drift, on_delete=models.PROTECT, related_name="review")
    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.TextField()
    reviewed_at = models.DateTimeField()
