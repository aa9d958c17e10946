"""Tasks: which part of a mission is done where, when and by how many, and how each ended; members, assignments and shifts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from muster.decisions.models import Decision
from muster.ledger.models import Thing
from muster.missions.models import Mission
from muster.parties.models import Organisation
from muster.record.models import Act, Recorded
from muster.sources.models import Source


class Task(models.Model):
    """One task and what it draws of its decision's limits, from `begins_at` up to but not including `ends_at`."""

    mutable_columns: ClassVar[tuple[str, ...]] = ("ended_at",)

    id = models.CharField(primary_key=True, max_length=70)
    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="+")
    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="tasks")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="tasks")
    category = models.CharField(max_length=3)
    words = models.TextField()
    place = models.CharField(max_length=200)
    people = models.JSONField()
    vehicles = models.JSONField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    contact = models.CharField(max_length=10)
    armed = models.CharField(max_length=10)
    volunteers = models.BooleanField()
    conditions = models.JSONField()  # what the law asks beside it, with the facts it hangs on
    ended_at = models.DateTimeField(null=True)  # finished or called off before its time: it draws no longer

    def __str__(self) -> str:
        return self.pk


class Ending(Recorded):
    """How a task ended before its time."""

    task = models.OneToOneField(Task, primary_key=True, on_delete=models.PROTECT, related_name="ending")
    reason = models.TextField()


class Present(Recorded):
    """How many members were present at a task when somebody looked: an observation, never more than that."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="present")
    people = models.IntegerField()
    at = models.DateTimeField()


class Kept(Recorded):
    """That a task goes on, or went on, though it stands outside: who says so, and why."""

    class Against(models.TextChoices):
        DECISION = "decision", "a version of the decision"
        REQUEST = "request", "a version of the request"
        CLOSING = "closing", "the step that closed the request"

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="kept")
    against = models.CharField(max_length=10, choices=Against, default=Against.DECISION)
    version = models.IntegerField()  # of what it is kept against
    reason = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "against", "version"], name="task_kept_once")]


class Member(Recorded):
    """A member of an organisation: a thing of the ledger, which begins in the holding of its home unit.

    The personnel number is kept as `digest` alone, a keyed hash; members who came in by their tags have none.
    """

    thing = models.OneToOneField(Thing, primary_key=True, on_delete=models.PROTECT, related_name="member")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="members")
    digest = models.CharField(max_length=64, null=True)  # NULL is "no number", and not unique

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "digest"], name="member_once_by_number")
        ]


class MemberStatement(Recorded):
    """What was stated of a member: the latest stands, and each is kept. Days are included at both ends."""

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="statements")
    unit = models.CharField(max_length=60)
    duty_status = models.CharField(max_length=60)
    status_from = models.DateField(null=True)
    status_until = models.DateField(null=True)
    volunteer = models.BooleanField(null=True)  # NULL: not asked, or not answered
    volunteer_on = models.DateField(null=True)
    skills = models.JSONField()  # [skill, last day or null], by skill
    available = (
        models.JSONField()
    )  # [first day, last day], and where hours are stated these: "18:00", "06:00"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "act"], name="member_stated_once_an_act")]


class Shift(Recorded):
    """One member at one task, planned from `begins_at` up to but not including `ends_at`. Never edited: called off, or swapped."""

    id = models.CharField(primary_key=True, max_length=80)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="shifts")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="shifts")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    skill = models.CharField(max_length=60, blank=True)  # what the member has to have for it; empty: nothing
    instead_of = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="taken_over")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(begins_at__lt=models.F("ends_at")), name="shift_has_length"
            )
        ]
        indexes = [
            models.Index(fields=["member", "begins_at"], name="shift_of_member"),
            models.Index(fields=["task", "begins_at"], name="shift_of_task"),
        ]

    def __str__(self) -> str:
        return self.pk


class ShiftEnded(Recorded):
    """That a shift was called off, or another member took it over: from `at` on it stands no more."""

    shift = models.OneToOneField(Shift, primary_key=True, on_delete=models.PROTECT, related_name="ended")
    at = models.DateTimeField()
    reason = models.TextField()


class RestStated(Recorded):
    """How much rest a mission asks for between two shifts of a member: the latest stands, and each is kept with its source."""

    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="rest_stated")
    hours = models.IntegerField()
    source = models.ForeignKey(Source, on_delete=models.PROTECT)


class Assignment(Recorded):
    """A member's part in a mission, from the nomination to the check-out. A member has one at a time in a mission."""

    mutable_columns: ClassVar[tuple[str, ...]] = ("ended",)

    id = models.CharField(primary_key=True, max_length=80)
    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="assignments")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="assignments")
    skill = models.CharField(max_length=60, blank=True)  # what the member is nominated for; empty: not said
    ended = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mission", "member"], condition=models.Q(ended=False), name="assigned_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return self.pk


class AssignmentStep(Recorded):
    """One step of an assignment; what else is told of it stands in `details`, by the names of the form that asks for it."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="steps")
    n = models.IntegerField()  # from 1
    state = models.CharField(max_length=12)
    happened_at = models.DateTimeField()
    task = models.ForeignKey(Task, null=True, on_delete=models.PROTECT, related_name="assigned")
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["assignment", "n"], name="assignment_step_once")]


class TaskDifference(Recorded):
    """Where what was reported of members does not fit the decision, the orders or the record: open until somebody settles it."""

    class Kind(models.TextChoices):
        ABOVE_LIMIT = "above_limit", "more members than the decision or the task allows"
        NOT_ORDERED = "not_ordered", "checked in without an order"
        HELD_ELSEWHERE = "held_elsewhere", "checked in here, and not checked out elsewhere"
        NOT_CHECKED_IN = "not_checked_in", "checked out, and never checked in"
        OUT_OF_ORDER = "out_of_order", "told after a later entry"
        MISSION_CLOSED = "mission_closed", "checked in to a closed mission"

    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="task_differences")
    task = models.ForeignKey(Task, null=True, on_delete=models.PROTECT, related_name="differences")
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="differences")
    kind = models.CharField(max_length=20, choices=Kind)
    words = models.TextField()
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.words


class TaskDifferenceSettled(Recorded):
    """How a difference was settled, and why; by whom stands in the act."""

    difference = models.OneToOneField(
        TaskDifference, primary_key=True, on_delete=models.PROTECT, related_name="settled"
    )
    reason = models.TextField()
