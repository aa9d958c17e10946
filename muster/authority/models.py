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
