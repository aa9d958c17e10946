"""Which standard holds at a site, what happened that starts and stops clocks, and breaches; and a table of what is open."""

from __future__ import annotations

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
