"""Signatures in a user's name: Ed25519 keys that the server makes, seals and uses.

The server holds the keys, so a signature shows that what was signed did not change later; it does not show who touched
the tablet. A private key rests sealed under the installation's secret (`access.sealing`) and bound to its user and its own
id, so that it opens in no other row.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db.models.functions import Now

from muster.access import sealing
from muster.access.models import SigningKey
from muster.core.ids import new_id
from muster.database import prepared

PURPOSE = b"muster/signing-keys/1"
IN_USE = "user_id = %s AND retired_at IS NULL AND revoked_at IS NULL"
# A key that is made on first use is made after the moment of the act that needs it, and within its transaction.
MADE_WITHIN = timedelta(minutes=5)


def sign_as(user: int, message: bytes) -> tuple[SigningKey, bytes]:
    """The key that signs for the user now, and its signature of the message; the key is made where there is none.

    It is locked until commit. The lock orders signing and retiring, and lets several acts sign: whoever retires the key
    meanwhile waits, so that its last signature is older. A key that the present secret does not open (the installation's secret
    was changed) is retired for a new one.
    """
    key = prepared.first(SigningKey, f"{IN_USE} FOR SHARE", user) or make(user)
    try:
        return key, sign(key, message)
    except InvalidTag:
        key = replace(key)
        return key, sign(key, message)


def locked(user: int) -> SigningKey | None:
    """The user's key in use, locked until commit; None where there is none."""
    return prepared.first(SigningKey, f"{IN_USE} FOR UPDATE", user)


def make(user: int) -> SigningKey:
    """A new key in use. The database refuses a second one beside it."""
    private, key = Ed25519PrivateKey.generate(), new_id()
    return SigningKey.objects.create(
        id=key,
        user_id=user,
        public_key=private.public_key().public_bytes_raw(),
        private_key=sealing.seal(
            private.private_bytes_raw(), key=sealing.installation_key(PURPOSE), bound_to=_bound_to(user, key)
        ),
    )


def replace(old: SigningKey) -> SigningKey:
    """Retire a locked key for a new one; what the old one has signed goes on counting."""
    SigningKey.objects.filter(pk=old.pk).update(retired_at=Now())
    return make(old.user_id)


def sign(key: SigningKey, message: bytes) -> bytes:
    """The signature of the message: 64 bytes (RFC 8032)."""
    return _opened(key).sign(message)


def why_not(key: SigningKey, message: bytes, signature: bytes, *, signed_at: datetime) -> str:
    """Why a signature does not count, as a clause; empty where it does."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes(key.public_key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return "what was signed is not what stands here"
    if key.made_at > signed_at + MADE_WITHIN:
        return "its key was made later"
    if key.revoked_at and signed_at >= key.revoked_at:
        return "its key had been revoked"
    if key.retired_at and signed_at >= key.retired_at:
        return "its key had been retired"
    return ""


def _opened(key: SigningKey) -> Ed25519PrivateKey:
    """Raises InvalidTag where the secret is another one, or the row's key belongs to another row."""
    opened = sealing.opened(
        bytes(key.private_key),
        key=sealing.installation_key(PURPOSE),
        bound_to=_bound_to(key.user_id, key.pk),
    )
    return Ed25519PrivateKey.from_private_bytes(opened)


def _bound_to(user: int, key: UUID) -> bytes:
    return f"{user} {key}".encode()
