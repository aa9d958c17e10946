"""The signed note in which a checkpoint is written."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Untrusted(Exception):
    """A key or a note from outside that cannot be relied on."""


@dataclass(frozen=True)
class Checkpoint:
    """What a signed note says: the root of the first `size` leaves."""

    origin: str
    size: int
    root: bytes


def read_keys(text: str) -> dict[tuple[str, bytes], Ed25519PublicKey]:
    """Public keys, one a line, as NAME+HASH+KEY. Raises Untrusted."""
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        try:
            name, mark, encoded = line.split("+", 2)
            typed = base64.b64decode(encoded, validate=True)
            expected = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
            if typed[:1] != b"\x01" or bytes.fromhex(mark) != expected:
                raise ValueError
            found[name, expected] = Ed25519PublicKey.from_public_bytes(typed[1:])
        except ValueError:
            raise Untrusted(f"{line!r} is no public key: it should be NAME+HASH+KEY") from None
    if not found:
        raise Untrusted("no public key was given")
    return found


def read_checkpoint(note: str, keys: dict[tuple[str, bytes], Ed25519PublicKey]) -> Checkpoint:
    """The checkpoint of a note that one of the keys signed. Raises Untrusted."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    is_signed = False
    for line in signatures.splitlines() if blank else ():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            signature = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise Untrusted("a signature line of the checkpoint is malformed") from None
        key = keys.get((name, signature[:4]))
        if dash != "—" or key is None:
            continue
        try:
            key.verify(signature[4:], text.encode())
        except InvalidSignature:
            raise Untrusted(f"the signature of {name} does not fit the checkpoint") from None
        is_signed = True
    if not is_signed:
        raise Untrusted("no key that was given signed the checkpoint")
    try:
        origin, size, root = text.split("\n")[:3]
        checkpoint = Checkpoint(origin, int(size), base64.b64decode(root, validate=True))
    except ValueError:
        raise Untrusted("the checkpoint's lines are not an origin, a size and a root") from None
    return checkpoint
