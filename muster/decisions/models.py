"""Decisions and their versions: who decided what, with which limits."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from muster.assistance.models import Request
from muster.authority.models import Assessment
from muster.parties.models import Office
from muster.record.models import Act, Recorded
from muster.sources.models import Source


class OfficeHolder(Recorded):
    """Who holds an office from a moment on, until the next row of the office begins. `user` None: it is vacant."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="holders")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    begins_at = models.DateTimeField()
    instrument = models.CharField(max_length=200)  # the oath, order or law by which it is so

    class Meta:
        ordering = ["begins_at", "id"]


class Delegation(Recorded):
    """That an account may act for an office, from `begins_at` up to but not including `ends_at`, unless it is withdrawn."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="delegations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verbs = models.JSONField()  # decide, amend, suspend, resume, revoke: those that it is for
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)  # None: until withdrawn
    instrument = models.CharField(max_length=200)

    class Meta:
        ordering = ["begins_at", "id"]


class Withdrawal(Recorded):
    """That a delegation counts no more from a moment on."""

    delegation = models.OneToOneField(
        Delegation, primary_key=True, on_delete=models.PROTECT, related_name="withdrawal"
    )
    at = models.DateTimeField()
    reason = models.TextField()


class Decision(models.Model):
    """What the holder of an office decided about a request. Draws and amendments both lock its row."""

    mutable_columns: ClassVar[tuple[str, ...]] = ("latest",)

    class Outcome(models.TextChoices):
        APPROVED = "approved", "approved"
        APPROVED_WITH_LIMITS = "approved_with_limits", "approved with limits"
        DECLINED = "declined", "declined"
        REFERRED = "referred", "referred"

    class Instrument(models.TextChoices):
        EXECUTIVE_ORDER = "executive_order", "executive order"
        LETTER = "letter", "letter"
        VERBAL = "verbal", "verbal, to be confirmed in writing within 24 hours"

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
    instrument_kind = models.CharField(max_length=20, blank=True, choices=Instrument)  # empty: not stated
    legal_authority = models.JSONField(default=list)  # the laws that it rests on, as it cites them
    funding_ref = models.CharField(max_length=200, blank=True)
    referred_to = models.ForeignKey(Office, null=True, on_delete=models.PROTECT, related_name="+")
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")

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
    lines = models.JSONField(
        null=True
    )  # of an issued or amended one: what was decided about each line of the request
    delegation = models.ForeignKey(
        Delegation, null=True, on_delete=models.PROTECT, related_name="versions"
    )  # None: by the holder of the office, or before holders were kept

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["decision", "n"], name="version_once")]


class PasskeySignature(Recorded):
    """That a version was signed with a passkey: the text, the assertion over it, and the key by which anybody verifies it.

    A version without one was signed by the sign-in of an account that had no passkey.
    """

    version = models.OneToOneField(
        Version, primary_key=True, on_delete=models.PROTECT, related_name="passkey_signature"
    )
    text = models.TextField()  # JSON: everything that the version says, and its sentences as they were read
    asked = models.TextField()  # with the text, what the challenge is made of
    credential_id = models.TextField()  # this and what follows in base64url
    public_key = models.TextField()  # as COSE has it
    authenticator_data = models.TextField()
    client_data = models.TextField()
    signature = models.TextField()


class Confirmation(Recorded):
    """The paper that confirms a verbal decision."""

    decision = models.OneToOneField(
        Decision, primary_key=True, on_delete=models.PROTECT, related_name="confirmation"
    )
    instrument = models.CharField(max_length=200)
    at = models.DateTimeField()


class Report(Recorded):
    """A report that a decision asks for at intervals, as it was given."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="reports")
    at = models.DateTimeField()
    words = models.TextField()

    class Meta:
        ordering = ["at", "id"]
