"""Accounts, what they may do where, and the tokens that stand for them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now

from muster.core.ids import new_id
from muster.parties.models import Organisation, Site


class User(AbstractUser):
    """A person who signs in. What they may do stands in their grants, not here."""


class Role(models.TextChoices):
    """The parts people play; `reference/ui.md` section 2 says what each sees first."""

    GOVERNOR = "governor", "Governor's office"
    JOC = "joc", "Joint operations center"
    REQUESTER = "requester", "Requesting agency"
    CLERK = "clerk", "Site clerk"
    CUSTODIAN = "custodian", "Custodian of a trip"
    COUNSEL = "counsel", "Legal reviewer"
    AFFAIRS = "affairs", "Public affairs"
    OVERSIGHT = "oversight", "Oversight"
    ADMINISTRATOR = "administrator", "Administrator"


class Grant(models.Model):
    """A role of a user: at one site, for one organisation, or everywhere where neither is named."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=Role)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT)
    site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "organisation", "site"], nulls_distinct=False, name="grant_once"
            )
        ]


class Token(models.Model):
    """A secret that stands for a user at the command line or the API; only its SHA-256 is kept."""

    digest = models.CharField(primary_key=True, max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()


class SigningKey(models.Model):
    """An Ed25519 key that the server keeps for a user. What it signed counts until it is retired or revoked.

    `private_key` is sealed (`access.signing`) and is read by nothing but a signature.
    """

    mutable_columns: ClassVar[tuple[str, ...]] = ("retired_at", "revoked_at", "revoked_because")

    id = models.UUIDField(primary_key=True, default=new_id)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="signing_keys")
    public_key = models.BinaryField()
    private_key = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)  # a newer key took its place
    revoked_at = models.DateTimeField(null=True)  # what it signed from then on does not count
    revoked_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(retired_at__isnull=True, revoked_at__isnull=True),
                name="signing_key_one_in_use",
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)
