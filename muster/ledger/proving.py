"""Proofs to hand out: that one entry is in the record as signed, and that the record still begins as it did."""

from __future__ import annotations

from typing import Any

from muster.core.errors import NotFound
from muster.database.streaming import streamed
from muster.ledger.leaves import row_of
from muster.ledger.models import Thing
from muster.record import checkpoints, notes, tree
from muster.record.checkpoints import BrokenTree
from muster.record.encoding import leaf_of
from muster.record.models import Leaf

LEAVES = "SELECT leaf FROM record_leaf WHERE index < %(size)s ORDER BY index"


def prove(tag: str, n: int, since: str | None = None) -> dict[str, Any]:
    """The encoding of an entry, and the hashes that lead from its leaf to the root of the latest checkpoint.

    With `since`, an older checkpoint, also those that show that the latest one begins with it. All leaves are read.
    Raises NotFound, BrokenTree where the leaves no longer make what was signed, BadNote.
    """
    thing = Thing.objects.filter(tag=tag).first()
    latest = checkpoints.make()
    row = row_of(thing.pk, n, latest.size) if thing is not None else None
    if thing is None or row is None:
        raise NotFound(kind="entry", name=f"{tag}, {n}")
    before = Leaf.objects.filter(kind=Leaf.Kind.ENTRY, subject=thing.pk, n=n - 1).first()
    encoding = row.encoded(bytes(before.leaf).hex() if before else None)
    if leaf_of(encoding) != row.leaf:
        raise BrokenTree(reason=f"entry {n} of {tag} is not what its leaf says")
    leaves = [bytes(leaf) for (leaf,) in streamed(LEAVES, {"size": latest.size})]
    if tree.root_of(leaves) != bytes(latest.root):
        raise BrokenTree(reason=f"the checkpoint of {latest.size} leaves has another root")
    consistency = _since(since, leaves) if since is not None else None
    return {
        "encoding": encoding,
        "index": row.index,
        "inclusion": [node.hex() for node in tree.inclusion_proof(leaves, row.index)],
        "consistency": consistency,
        "checkpoint": latest.note,
        "public_key": checkpoints.public_key(),
    }


def _since(note: str, leaves: list[bytes]) -> list[str]:
    older = notes.Stated.of_text(notes.opened(note, [checkpoints.public_key()]))
    if older.size > len(leaves):
        raise BrokenTree(reason=f"the older checkpoint has {older.size} leaves and the tree has fewer")
    if tree.root_of(leaves[: older.size]) != older.root:
        raise BrokenTree(reason="the older checkpoint has another root")
    return [node.hex() for node in tree.consistency_proof(leaves, older.size)] if older.size else []
