"""Signed notes (C2SP signed-note) and the checkpoints written in them (C2SP tlog-checkpoint), with Ed25519.

A note is a text, a blank line, and a line "— NAME SIGNATURE". Its key is named as NAME+HASH+KEY, and HASH, four bytes,
stands at the head of each signature, so that a reader knows which of its keys to try.
"""

from __future__ import annotations

import base64
import hashlib
from binascii import Error
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from muster.core.errors import MusterError

ED25519 = b"\x01"
HASH_BYTES = 4
ROOT_BYTES = 32
DASH = "\u2014 "


class BadNote(MusterError):
    """A note that is none, or is not signed by a key known."""

    code = "record.bad_note"

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(f"The checkpoint cannot be trusted: {reason}. Get it again from whoever keeps it.")


class BadKey(MusterError):
    """A public key that cannot be read."""

    code = "record.bad_key"

    def __init__(self) -> None:
        super().__init__("The public key cannot be read. It is one line, NAME+HASH+KEY: copy it whole.")


@dataclass(frozen=True)
class Stated:
    """What a checkpoint says: the root of the first `size` leaves of the tree called `origin`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def of_text(cls, text: str) -> Stated:
        """Read the text of an opened note; lines after the third say more, and are passed over. Raises BadNote."""
        try:
            origin, size, root = text.split("\n")[:3]
            stated = cls(origin, int(size), base64.b64decode(root, validate=True))
        except ValueError:
            raise BadNote(reason="its lines are not an origin, a size and a root") from None
        if str(stated.size) != size or stated.size < 0 or len(stated.root) != ROOT_BYTES:
            raise BadNote(reason="its size or its root is malformed")
        return stated


def public_key(name: str, seed: bytes) -> str:
    """The public key of a private one, as readers keep it: NAME+HASH+KEY."""
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return f"{name}+{_hash(name, key).hex()}+{base64.b64encode(ED25519 + key).decode()}"


def sign(text: str, name: str, seed: bytes) -> str:
    """The note of a text that ends in a line end."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    hashed = _hash(name, private.public_key().public_bytes_raw())
    signature = base64.b64encode(hashed + private.sign(text.encode())).decode()
    return f"{text}\n{DASH}{name} {signature}\n"


def opened(note: str, keys: Iterable[str]) -> str:
    """The text of a note that at least one of the keys signed. Raises BadNote, BadKey."""
    known = {(name, hashed): key for name, hashed, key in map(_read_key, keys)}
    text, found, signatures = note.rpartition("\n\n")
    if not found or not signatures.endswith("\n"):
        raise BadNote(reason="it is not a text and its signatures, with a blank line between")
    text += "\n"
    is_signed = False
    for line in signatures[:-1].split("\n"):
        name, _, signature = line.removeprefix(DASH).partition(" ")
        try:
            joined = base64.b64decode(signature, validate=True)
        except (Error, ValueError):
            joined = b""
        if not line.startswith(DASH) or not name or len(joined) <= HASH_BYTES:
            raise BadNote(reason="a signature line is malformed")
        key = known.get((name, joined[:HASH_BYTES]))
        if key is None:
            continue  # another signer's, such as a witness
        try:
            key.verify(joined[HASH_BYTES:], text.encode())
        except InvalidSignature:
            raise BadNote(reason=f"the signature of {name} does not fit its text") from None
        is_signed = True
    if not is_signed:
        raise BadNote(reason="no key that is known signed it")
    return text


def _read_key(line: str) -> tuple[str, bytes, Ed25519PublicKey]:
    try:
        name, hashed, encoded = line.strip().split("+", 2)
        key = base64.b64decode(encoded, validate=True)
        if key[:1] != ED25519 or bytes.fromhex(hashed) != _hash(name, key[1:]):
            raise BadKey()
        return name, bytes.fromhex(hashed), Ed25519PublicKey.from_public_bytes(key[1:])
    except ValueError:
        raise BadKey() from None


def _hash(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + key).digest()[:HASH_BYTES]
