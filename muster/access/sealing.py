"""Sealing: what rests in the tables and must not be read from them is ciphertext (AES-256-GCM), bound to its row.

The installation's own keys are derived from its secret (HKDF-SHA256), one for each purpose.
"""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12
KEY_BYTES = 32


def installation_key(purpose: bytes) -> bytes:
    """The installation's key for a purpose: 32 bytes, other ones for every purpose and for every secret."""
    derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose)
    return derivation.derive(settings.SECRET_KEY.encode())


def new_key() -> bytes:
    """A key that nothing gives again: 32 random bytes."""
    return os.urandom(KEY_BYTES)


def seal(plain: bytes, *, key: bytes, bound_to: bytes) -> bytes:
    """The nonce and the ciphertext, which opens under this key and in this place alone."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def opened(sealed: bytes, *, key: bytes, bound_to: bytes) -> bytes:
    """What was sealed. Raises InvalidTag where the key is another one, or the place."""
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
