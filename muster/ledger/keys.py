"""Replacing and revoking the keys that sign handovers: by their users, or by an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.utils import timezone
from pydantic import AwareDatetime, Field

from muster.access import signing
from muster.access.control import Actor, Scope
from muster.access.models import Grant, SigningKey, User
from muster.core.errors import MusterError, NotFound
from muster.record.action import action
from muster.record.models import Act

Name = Annotated[str, Field(max_length=150)]
Reason = Annotated[str, Field(min_length=3, max_length=2000)]


class AlreadyRevoked(MusterError):
    """The key was revoked before."""

    code = "ledger.already_revoked"
    status = 409

    def __init__(self, *, key: UUID, revoked_at: datetime) -> None:
        self.key, self.revoked_at = key, revoked_at
        super().__init__(
            f"The key {key} is revoked since {revoked_at.isoformat(timespec='seconds')}. Nothing was kept."
        )


class RevokedAhead(MusterError):
    """The key would be revoked from a moment that has not come."""

    code = "ledger.revoked_ahead"

    def __init__(self, *, since: datetime) -> None:
        self.since = since
        super().__init__(
            f"{since.isoformat(timespec='seconds')} has not come yet. Say since when the key was not safe; "
            "leave it out for now."
        )


@dataclass(frozen=True)
class Rotated:
    """The key that signs from now on, and the one whose place it took; None where there was none."""

    key: UUID
    retired: UUID | None


@dataclass(frozen=True)
class Revoked:
    """The key, and since when what it signed does not count."""

    key: UUID
    revoked_at: datetime


def _account(user: str) -> tuple[Scope, User]:
    found = User.objects.filter(username=user).first()
    if found is None:
        raise NotFound(kind="account", name=user)
    return scope_of(found), found


def _key(signing_key: UUID) -> tuple[Scope, SigningKey]:
    found = (
        SigningKey.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(pk=signing_key)
        .first()
    )
    if found is None:
        raise NotFound(kind="signing key", name=str(signing_key))
    return scope_of(found.user).asked_as("signing key", signing_key), found


def scope_of(user: User) -> Scope:
    """Where an account belongs: to its user, and to the organisation of its grants if they are all of one."""
    grants = Grant.objects.filter(user=user).values_list("organisation_id", "site__organisation_id")
    organisations = {own or of_site for own, of_site in grants}
    organisation = organisations.pop() if len(organisations) == 1 else None
    return Scope("account", user.get_username(), organisation, user=user.pk)


@action("ledger.rotate_key", about=_account)
def rotate_key(*, act: Act, row: User, actor: Actor, user: Name) -> Rotated:
    """Give a user a new signing key. What the old one has signed goes on counting; it signs nothing more."""
    old = signing.locked(row.pk)
    new = signing.replace(old) if old else signing.make(row.pk)
    return Rotated(new.pk, old.pk if old else None)


@action("ledger.revoke_key", about=_key)
def revoke_key(
    *,
    act: Act,
    row: SigningKey,
    actor: Actor,
    signing_key: UUID,
    reason: Reason,
    since: AwareDatetime | None = None,
) -> Revoked:
    """Revoke a signing key, with the reason: what it signed from then on does not count, and the next one is made on use.

    `since` is when it stopped being safe, where that was earlier than now. Raises AlreadyRevoked, RevokedAhead.
    """
    if row.revoked_at:
        raise AlreadyRevoked(key=row.pk, revoked_at=row.revoked_at)
    now = timezone.now()
    if since and since > now:
        raise RevokedAhead(since=since)
    row.revoked_at, row.revoked_because = since or now, reason
    row.save(update_fields=["revoked_at", "revoked_because"])
    return Revoked(row.pk, row.revoked_at)
