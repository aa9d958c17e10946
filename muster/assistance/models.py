"""Requests, their lines and exclusions, and every step that a request took."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import QuerySet

from muster.parties.models import Office, Organisation
from muster.record.models import Act, Recorded
from muster.sources.models import Source


class Request(models.Model):
    """What an agency asks of a state, as its latest version says it. `state` is where the latest of its steps led."""

    mutable_columns: ClassVar[tuple[str, ...]] = (
        "state", "asked", "version", "title", "requester", "agency_kind", "purpose", "priority", "reimbursement", "verbal",
        "duty_status_asked", "federal_order", "as_of", "facts", "details",
    )  # fmt: skip

    id = models.CharField(primary_key=True, max_length=60)
    act = models.ForeignKey(Act, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)  # real or exercise
    requester = models.CharField(max_length=200)
    agency = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT)  # null: not in the record
    agency_kind = models.CharField(max_length=40)
    asked = models.ForeignKey(
        Office, on_delete=models.PROTECT
    )  # who decides it: another, once it was referred
    of_state = models.CharField(max_length=2)  # postal code of the state asked
    purpose = models.TextField()
    priority = models.CharField(max_length=20, blank=True)  # empty: not stated
    reimbursement = models.CharField(max_length=200, blank=True)
    verbal = models.BooleanField()
    duty_status_asked = models.CharField(max_length=40, blank=True)
    federal_order = models.CharField(max_length=200, blank=True)
    as_of = models.DateField(null=True)
    facts = models.JSONField()  # what the requester states as so or not so; a day as ISO 8601
    details = models.JSONField(default=dict)  # what the paper forms ask beside it, as in a request file
    version = models.IntegerField(default=1)  # the number of its latest version
    state = models.CharField(max_length=30, default="draft")

    def __str__(self) -> str:
        return self.title

    @property
    def lines(self) -> QuerySet[Line]:
        """What its latest version asks for, in its order."""
        return self.every_line.filter(version=self.version)

    @property
    def exclusions(self) -> QuerySet[Exclusion]:
        """What its latest version leaves out."""
        return self.every_exclusion.filter(version=self.version)


class Version(Recorded):
    """What a request said from one act on: never edited, only followed by another."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="versions")
    n = models.IntegerField()  # from 1
    happened_at = models.DateTimeField()
    reason = models.TextField(blank=True)  # why it was amended; of the first version empty
    content = models.JSONField()  # the whole request, as in a request file

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["request", "n"], name="request_version_once")]


class Line(Recorded):
    """One thing asked for. `people` and `vehicles` are quantities as stated."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="every_line")
    version = models.IntegerField(default=1)
    n = models.IntegerField()  # from 1
    task = models.CharField(max_length=3)  # empty: no category is stated
    words = models.TextField()
    people = models.JSONField()
    vehicles = models.JSONField()
    place = models.CharField(max_length=200, blank=True)  # empty: not stated
    resource = models.CharField(max_length=200, blank=True)  # its kind and type, as the form has them
    window_from = models.DateField(null=True)  # both days included
    window_to = models.DateField(null=True)
    contact = models.CharField(max_length=10, blank=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["request", "version", "n"], name="line_once")]


class Exclusion(Recorded):
    """A task that the request itself leaves out."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="every_exclusion")
    version = models.IntegerField(default=1)
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
    code = models.CharField(max_length=20, blank=True)  # of a step that turned it back or ended it: why
    reason = models.TextField(blank=True)
    other = models.ForeignKey(Request, null=True, on_delete=models.PROTECT, related_name="duplicates")

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["request", "n"], name="request_step_once")]


class Link(Recorded):
    """How a request stands to another, or to a mission, so that the two are neither added up nor taken for one."""

    class Relation(models.TextChoices):
        SEPARATE_FROM = "separate_from", "separate from"
        CONTINUES = "continues", "continues"

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="links")
    relation = models.CharField(max_length=20, choices=Relation)
    other = models.ForeignKey(Request, null=True, on_delete=models.PROTECT, related_name="linked_from")
    mission = models.CharField(
        max_length=60, blank=True
    )  # by code: it can be known before the mission is opened
    words = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(other__isnull=True) ^ models.Q(mission=""), name="link_to_one_thing"
            )
        ]


class Unlinked(Recorded):
    """A link that was a mistake."""

    link = models.OneToOneField(Link, primary_key=True, on_delete=models.PROTECT, related_name="unlinked")
    reason = models.TextField()


class Paper(Recorded):
    """The paper of a request that was made by word of mouth."""

    request = models.OneToOneField(Request, primary_key=True, on_delete=models.PROTECT, related_name="paper")
    received_at = models.DateTimeField()
    reference = models.CharField(max_length=200)  # what it is, and where it is kept
    offers_reimbursement = models.BooleanField(null=True)  # null: not recorded


class Document(Recorded):
    """A text that came with a request: the paper, a mail, a form as it was typed, or what stands in a PDF."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="documents")
    title = models.CharField(max_length=200)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)  # of the text in UTF-8
    source = models.ForeignKey(
        Source, null=True, on_delete=models.PROTECT
    )  # the file it was read from; null: it came as text
    page_starts = models.JSONField(null=True)  # of a file with pages: where in the text each begins

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["request", "sha256"], name="document_once")]


class Passage(Recorded):
    """Where a field of a request, or a figure of it, stands in a document; without one, in the words of its first line."""

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="passages")
    version = models.IntegerField()  # of the request, whose field it is
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="passages")
    field = models.CharField(max_length=60)  # a path such as `lines[1].people`, or a kind of figure
    value = models.JSONField(null=True)  # of a figure what was read; null: it cannot be read without guessing
    exact = models.TextField()
    prefix = models.TextField(blank=True)
    suffix = models.TextField(blank=True)
    page = models.IntegerField(null=True)  # of the document, from 1; null: it has none

    class Meta:
        ordering = ["id"]


class Difference(Recorded):
    """Where what a request says does not go together. It stays open until somebody settles it with a reason."""

    class Kind(models.TextChoices):
        UNREADABLE = "unreadable", "cannot be read without guessing"
        DOES_NOT_MULTIPLY_OUT = "does_not_multiply_out", "people, rate and days do not make the total"

    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="differences")
    kind = models.CharField(max_length=30, choices=Kind)
    words = models.TextField()

    class Meta:
        ordering = ["id"]


class Settled(Recorded):
    """How a difference was settled, and why; by whom stands in the act."""

    difference = models.OneToOneField(
        Difference, primary_key=True, on_delete=models.PROTECT, related_name="settled"
    )
    reason = models.TextField()


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
