"""The Merkle tree of RFC 6962: roots, and proofs that a leaf is in it or that a later tree begins with an earlier one.

A tree of leaves is cut at the largest power of two below its size; proofs are lists of hashes in the order in which
RFC 9162 (2.1.3, 2.1.4) has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf; its prefix keeps it apart from every inner node's."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows, kept as the roots of its full subtrees, the largest first: one for each bit set in its size."""

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self.roots = list(roots)
        if len(self.roots) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} full subtrees")

    @classmethod
    def of_bytes(cls, size: int, joined: bytes) -> Frontier:
        """The frontier of what `to_bytes` gave."""
        return cls(size, (joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)))

    def to_bytes(self) -> bytes:
        """The roots one after the other."""
        return b"".join(self.roots)

    def append(self, leaf: bytes) -> None:
        """Add a leaf: every full subtree of the same size as the new one is joined with it."""
        self._add(leaf_hash(leaf), 1)

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add many leaves: the same, in a third of the time, by full subtrees as large as fit."""
        nodes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
        at = 0
        while at < len(nodes):
            # A subtree of some size begins at a multiple of that size.
            size = 1 << (len(nodes) - at).bit_length() - 1
            if self.size:
                size = min(size, self.size & -self.size)
            self._add(_subtree(nodes[at : at + size]), size)
            at += size

    def _add(self, node: bytes, of_size: int) -> None:
        size = self.size // of_size
        while size & 1:
            node = node_hash(self.roots.pop(), node)
            size >>= 1
        self.roots.append(node)
        self.size += of_size

    def root(self) -> bytes:
        """The root as of now; of no leaves, the hash of nothing."""
        if not self.roots:
            return sha256(b"").digest()
        *larger, node = self.roots
        for left in reversed(larger):
            node = node_hash(left, node)
        return node


def _subtree(nodes: list[bytes]) -> bytes:
    """The root over a power of two of nodes."""
    while len(nodes) > 1:
        pairs = iter(nodes)
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return nodes[0]


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of the tree of these leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """What, with the leaf at `index`, makes the root of the tree of these leaves."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    cut = _cut(len(leaves))
    if index < cut:
        return [*inclusion_proof(leaves[:cut], index), root_of(leaves[cut:])]
    return [*inclusion_proof(leaves[cut:], index - cut), root_of(leaves[:cut])]


def consistency_proof(leaves: Sequence[bytes], size: int) -> list[bytes]:
    """What shows that the tree of these leaves begins with the tree of the first `size` of them."""
    if not 0 < size <= len(leaves):
        raise IndexError(f"a tree of {len(leaves)} leaves does not begin with one of {size}")
    return _consistency(leaves, size, whole=True)


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf stands at `index` in the tree of that size and root."""
    if not 0 <= index < size:
        return False
    node, place, last = leaf_hash(leaf), index, size - 1
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(beside, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def extends(size: int, root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree of `new_size` and `new_root` begins with the tree of `size` and `root`."""
    if not 0 < size <= new_size:
        return False
    if size == new_size:
        return not proof and root == new_root
    path = list(proof) if size & (size - 1) else [root, *proof]
    if not path:
        return False
    place, last = size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and old == root and new == new_root


def _consistency(leaves: Sequence[bytes], size: int, *, whole: bool) -> list[bytes]:
    """`whole`: the first `size` leaves are the whole earlier tree, whose root the reader has."""
    if size == len(leaves):
        return [] if whole else [root_of(leaves)]
    cut = _cut(len(leaves))
    if size <= cut:
        return [*_consistency(leaves[:cut], size, whole=whole), root_of(leaves[cut:])]
    return [*_consistency(leaves[cut:], size - cut, whole=False), root_of(leaves[:cut])]


def _cut(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1
