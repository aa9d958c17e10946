"""Which standard holds at a site, what happened that starts and stops clocks, and breaches; and a table of what is open."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from muster.core.ids import new_id
from muster.custody.models import Incident
from muster.ledger.models import Thing
from muster.parties.models import Site
from muster.record.models import Recorded


class SiteStandard(Recorded):
    """That a standard, or an overlay of one, holds at a site between two days, both included. A later statement may replace it."""

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="standards")
    standard = models.CharField(max_length=120)  # the id of a pack, or of an overlay in one
    contract_ref = models.CharField(max_length=200, blank=True)  # the contract or order that says so
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    terms = models.JSONField(default=dict)  # what the contract sets by name, in whole hours
    replaces = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="replaced_by")

    def __str__(self) -> str:
        return f"{self.standard} at {self.site_id}"


class SiteHoliday(Recorded):
    """That a site does no business on a day, beside the federal holidays; or, later, that it does. The latest one counts."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    day = models.DateField()
    name = models.CharField(max_length=200)
    closed = models.BooleanField()


class RecordedEvent(Recorded):
    """Something that happened to a person, or at a site where no person is named, as a pack calls it.

    `done` is false where all that is known is that it was not done. A later row may correct it: at another time, or it did
    not happen (`withdrawn`).
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT)
    event = models.CharField(max_length=120)
    at = models.DateTimeField()
    done = models.BooleanField(default=True)
    by = models.CharField(max_length=200, blank=True)  # the office or post that did it, never a name
    proof = models.CharField(max_length=200, blank=True)
    corrects = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="corrected_by")
    withdrawn = models.BooleanField(default=False)
    reason = models.TextField(blank=True)  # of a correction, or in words why it was not done
    not_done_because = models.CharField(max_length=20, blank=True)  # coded; empty: done, or nobody said why
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT)  # that says so; null: none

    class Meta:
        indexes = [models.Index(fields=["site", "event", "at"], name="event_at_site")]

    def __str__(self) -> str:
        return f"{self.event} at {self.site_id}"


class PackText(Recorded):
    """A version of a pack with checklists, whole, from the act on that first went by it.

    A checklist that was started keeps its version, whatever the folder of packs holds later.
    """

    pack = models.CharField(max_length=120)
    version = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64, unique=True)
    text = models.TextField()

    def __str__(self) -> str:
        return f"{self.pack} {self.version}"


class Breach(Recorded):
    """That a clock was read as breached, with what was known then: the reading, by the number of the act."""

    id = models.UUIDField(primary_key=True, default=new_id)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT)
    pack = models.CharField(max_length=120)
    rule = models.CharField(max_length=120)
    by = models.CharField(max_length=120)  # the variant that gave the limit, or the rule
    severity = models.CharField(max_length=10)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField()
    words = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "thing", "pack", "rule", "started_at", "due_at"],
                nulls_distinct=False,
                name="breach_once",
            )
        ]


class NoticeSent(Recorded):
    """The proof of a notice: how it went, to which office, under which reference or as which document; when stands in its event."""

    event = models.OneToOneField(
        RecordedEvent, primary_key=True, on_delete=models.PROTECT, related_name="notice"
    )
    to_office = models.CharField(max_length=200)  # an office or organisation, never a name
    how = models.CharField(max_length=15)
    reference = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)  # of the document that was sent, or of its receipt


class CaseKept(Recorded):
    """Which site keeps the case of a person from `at` on, and which of its workers; of a stay the latest counts."""

    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    worker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class CaseTransfer(Recorded):
    """That a case is offered to a worker, or to the people of a site; who keeps it does so until somebody there accepts."""

    id = models.UUIDField(primary_key=True, default=new_id)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")  # that keeps it
    to_site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    to_worker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # null: whoever accepts
    reason = models.TextField()
    at = models.DateTimeField()


class CaseAnswered(Recorded):
    """What came of a transfer."""

    class Answer(models.TextChoices):
        ACCEPTED = "accepted", "accepted"
        REFUSED = "refused", "refused"
        WITHDRAWN = "withdrawn", "withdrawn"

    transfer = models.OneToOneField(
        CaseTransfer, primary_key=True, on_delete=models.PROTECT, related_name="answered"
    )
    answer = models.CharField(max_length=10, choices=Answer)
    reason = models.TextField(blank=True)


class CaseNote(Recorded):
    """A note of a case: ciphertext under the key of its person. It is corrected by a later note, and in no search."""

    id = models.UUIDField(primary_key=True, default=new_id)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    at = models.DateTimeField()
    sealed = models.BinaryField()
    corrects = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="corrected_by")


class CaseNoteShown(Recorded):
    """That a note was shown to the actor of the act."""

    note = models.ForeignKey(CaseNote, on_delete=models.PROTECT)


class CaseDocument(Recorded):
    """A paper of a case: what it is, its date, and the SHA-256 of its file, which is kept elsewhere."""

    class Kind(models.TextChoices):
        COURT = "court", "of a court"
        AGENCY = "agency", "of the holding agency"
        COUNSEL = "counsel", "of counsel"
        MEDICAL = "medical", "medical"
        PROPERTY = "property", "about property"
        OTHER = "other", "other"

    id = models.UUIDField(primary_key=True, default=new_id)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    title = models.CharField(max_length=200)
    dated = models.DateField()
    sha256 = models.CharField(max_length=64)


class Appointment(Recorded):
    """When and where a person is expected. One that is moved stays, and a new one names it."""

    class Kind(models.TextChoices):
        COURT = "court", "court"
        MEDICAL = "medical", "medical"
        CONSULAR = "consular", "consular"
        COUNSEL = "counsel", "counsel"

    id = models.UUIDField(primary_key=True, default=new_id)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, on_delete=models.PROTECT)  # whose people keep it
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    place = models.CharField(max_length=200)
    moved_from = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="moved_to")


class AppointmentEnded(Recorded):
    """What came of an appointment, and why."""

    class Outcome(models.TextChoices):
        KEPT = "kept", "kept"
        MISSED = "missed", "missed"
        MOVED = "moved", "moved to another time"
        CANCELLED = "cancelled", "cancelled"

    appointment = models.OneToOneField(
        Appointment, primary_key=True, on_delete=models.PROTECT, related_name="ended"
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.TextField(blank=True)


class OpenClock(models.Model):
    """A clock of a person that was open when it was last reckoned: a copy, made anew from the record whenever that says more.

    It is here so that a list is quick. Nothing is decided by it, and a test compares it with the record.
    """

    site = models.CharField(max_length=40)
    thing = models.UUIDField()
    pack = models.CharField(max_length=120)
    rule = models.CharField(max_length=120)
    by = models.CharField(max_length=120)
    responsible = models.CharField(max_length=200)
    state = models.CharField(max_length=10)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    breach_at = models.DateTimeField(null=True)
    again_at = models.DateTimeField(
        null=True
    )  # from when on it must be reckoned anew though nothing was recorded

    class Meta:
        indexes = [
            models.Index(fields=["site", "due_at"], name="open_clock_due"),
            models.Index(fields=["thing"], name="open_clock_thing"),
            models.Index(
                fields=["again_at"], condition=models.Q(again_at__isnull=False), name="open_clock_again"
            ),
        ]


class Reckoned(models.Model):
    """Up to which act's number the open clocks are reckoned, and when: one row."""

    id = models.IntegerField(primary_key=True)
    number = models.BigIntegerField()
    at = models.DateTimeField()
