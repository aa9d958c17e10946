"""Cost lines, the steps that each took, and where one contradicts itself or the decision."""

from __future__ import annotations

from django.db import models

from muster.decisions.models import Decision
from muster.missions.models import Mission
from muster.record.models import Recorded
from muster.sources.models import Source


class CostLine(Recorded):
    """One cost of a mission, expected or come to. A correction is a new line that names the one it stands in for."""

    id = models.CharField(primary_key=True, max_length=80)
    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="costs")
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, related_name="costs"
    )  # whose cap it counts against
    stage = models.CharField(max_length=10)  # estimate or actual
    kind = models.CharField(max_length=15)
    basis = models.CharField(max_length=10)  # daily or unit
    words = models.TextField()
    task = models.CharField(
        max_length=200, blank=True
    )  # by code: tasks are a later step; empty: not of one task
    request_line = models.IntegerField(null=True)  # the line's number in the request
    rate_cents = models.BigIntegerField(null=True)
    count = models.JSONField()  # people or units, as stated
    days = models.JSONField()
    stated_cents = models.BigIntegerField(null=True)  # the total as the source says it
    begins_on = models.DateField(null=True)  # of its period, both days included
    ends_on = models.DateField(null=True)
    reference = models.CharField(max_length=200, blank=True)  # the paper's own number of it
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    estimate = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="fulfilled_by")
    corrects = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="corrected_by")
    reason = models.TextField(blank=True)  # of a correction

    def __str__(self) -> str:
        return self.pk


class CostStep(Recorded):
    """One step of a cost line: what became of it, and why or by which paper. Without any it is open."""

    line = models.ForeignKey(CostLine, on_delete=models.PROTECT, related_name="steps")
    n = models.IntegerField()  # from 1
    state = models.CharField(max_length=10)
    happened_at = models.DateTimeField()
    reference = models.CharField(max_length=200, blank=True)  # of the claim or the payment
    cents = models.BigIntegerField(null=True)  # of a payment
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["line", "n"], name="cost_step_once")]


class CostDifference(Recorded):
    """Where a cost line contradicts itself, or came to more than the decision allows: open until somebody settles it."""

    class Kind(models.TextChoices):
        DOES_NOT_MULTIPLY_OUT = "does_not_multiply_out", "rate, count and days do not make the total"
        ABOVE_CAP = "above_cap", "above the decision's cost cap"
        PAID_OTHERWISE = "paid_otherwise", "paid another amount than claimed"

    line = models.ForeignKey(CostLine, on_delete=models.PROTECT, related_name="differences")
    kind = models.CharField(max_length=30, choices=Kind)
    words = models.TextField()

    class Meta:
        ordering = ["id"]


class CostDifferenceSettled(Recorded):
    """How a difference was settled, and why; by whom stands in the act."""

    difference = models.OneToOneField(
        CostDifference, primary_key=True, on_delete=models.PROTECT, related_name="settled"
    )
    reason = models.TextField()
