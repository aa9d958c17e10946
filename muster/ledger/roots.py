"""What the two sides of a handover sign.

What is signed is the Merkle root (RFC 6962, SHA-256) of the handover's list: its first leaf is a JSON array that names
the handover, its giver, its receiver and its mission; then come the tags, sorted, one leaf each. The giver signs what is
offered, the receiver what is accepted: once for a list, however many stand on it.

    head = ["muster/handover/1", handover, giver, receiver, mission]    JSON in UTF-8, no space after , and :
    giver signs    "muster/offer/1"  followed by the 32 bytes of the root over all that was offered
    receiver signs "muster/accept/1" followed by the 32 bytes of the root over what was accepted
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from muster.access import signing
from muster.access.models import SigningKey
from muster.ledger.models import Handover
from muster.record import tree

HEAD = "muster/handover/1"
OFFER = b"muster/offer/1"
ACCEPT = b"muster/accept/1"


@dataclass(frozen=True, kw_only=True)
class Signing:
    """A list's root and one side's signature of it."""

    root: bytes
    signature: bytes
    key: SigningKey


def root_of(*, handover: UUID, giver: str, receiver: str, mission: str, tags: Iterable[str]) -> bytes:
    """The root of a list of tags on that handover: 32 bytes."""
    head = json.dumps(
        [HEAD, str(handover), giver, receiver, mission], ensure_ascii=False, separators=(",", ":")
    )
    return tree.root_of(leaf.encode() for leaf in (head, *sorted(tags)))


def sign_offer(row: Handover, tags: Iterable[str]) -> Signing:
    """The giver's signature of what is offered. `row` need not be saved yet."""
    return _sign(row, tags, OFFER, row.offered_by)


def sign_acceptance(row: Handover, tags: Iterable[str], user: int) -> Signing:
    """The receiver's signature of what is accepted."""
    return _sign(row, tags, ACCEPT, user)


def root_on(row: Handover, tags: Iterable[str]) -> bytes:
    """The root of a list of tags on this handover, which need not be saved yet."""
    return root_of(
        handover=row.pk, giver=row.giver.code, receiver=row.receiver.code, mission=row.mission, tags=tags
    )


def _sign(row: Handover, tags: Iterable[str], purpose: bytes, user: int) -> Signing:
    root = root_on(row, tags)
    key, signature = signing.sign_as(user, purpose + root)
    return Signing(root=root, signature=signature, key=key)
