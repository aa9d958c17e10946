"""The tree is RFC 6962's: the published vectors, and every proof against the definition written out plainly."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.record.tree import (
    Frontier,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    node_hash,
    root_of,
)

# The leaves and roots of Certificate Transparency's reference implementation, for trees of 0 to 8 leaves.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
leaves_of_any_size = st.integers(0, 70).map(lambda size: [bytes([at]) * 3 for at in range(size)])
leaves_of_some_size = st.integers(1, 70).map(lambda size: [bytes([at]) * 3 for at in range(size)])


def defined(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: MTH({}) and MTH(D[n]) with k the largest power of two smaller than n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = max(2**i for i in range(len(leaves)) if 2**i < len(leaves))
    return hashlib.sha256(b"\x01" + defined(leaves[:k]) + defined(leaves[k:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_come_out(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@given(leaves_of_any_size)
def test_the_root_is_the_definition_s(leaves: list[bytes]) -> None:
    assert root_of(leaves) == defined(leaves)


@given(leaves_of_any_size, st.data())
def test_many_leaves_at_once_make_the_same_tree_wherever_they_are_cut(
    leaves: list[bytes], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(leaves)), max_size=5)))
    one_by_one, at_once = Frontier(), Frontier()
    for leaf in leaves:
        one_by_one.append(leaf)
    for first, last in zip([0, *cuts], [*cuts, len(leaves)], strict=True):
        at_once.extend(leaves[first:last])

    assert (at_once.size, at_once.roots) == (one_by_one.size, one_by_one.roots)


@given(leaves_of_any_size, st.data())
def test_a_tree_goes_on_from_its_frontier_alone(leaves: list[bytes], data: st.DataObject) -> None:
    half = data.draw(st.integers(0, len(leaves)))
    first = Frontier()
    for leaf in leaves[:half]:
        first.append(leaf)

    later = Frontier.of_bytes(first.size, first.to_bytes())
    for leaf in leaves[half:]:
        later.append(leaf)

    assert (later.size, later.root()) == (len(leaves), defined(leaves))


def test_a_frontier_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 3 leaves has 2 full subtrees"):
        Frontier(3, [b"\x00" * 32])


@given(leaves_of_some_size, st.data())
def test_each_leaf_is_proved_to_be_in_the_tree_and_nothing_else_is(
    leaves: list[bytes], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.integers(0, len(leaves)))
    size, root = len(leaves), defined(leaves)
    proof = inclusion_proof(leaves, index)

    assert includes(leaves[index], index, size, proof, root)
    assert len(proof) <= (size - 1).bit_length()
    assert not includes(b"another", index, size, proof, root)
    assert not includes(leaves[index], index, size, [*proof, root], root)
    assert not includes(leaves[index], index, size, proof, node_hash(root, root))
    assert includes(leaves[index], other, size, proof, root) == (other == index)
    if proof:
        assert not includes(leaves[index], index, size, proof[:-1], root)
        assert not includes(leaves[index], index, size, [root, *proof[1:]], root)


@given(leaves_of_some_size, st.data())
def test_a_later_tree_is_proved_to_begin_with_an_earlier_one(
    leaves: list[bytes], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    old, new = defined(leaves[:size]), defined(leaves)
    proof = consistency_proof(leaves, size)

    assert extends(size, old, len(leaves), new, proof)
    assert not extends(size, old, len(leaves), new, [*proof, new])
    assert not extends(size, node_hash(old, old), len(leaves), new, proof)
    assert not extends(size, old, len(leaves), node_hash(new, new), proof)
    if proof:
        assert not extends(size, old, len(leaves), new, proof[:-1])
        assert not extends(size, old, len(leaves), new, [new, *proof[1:]])


@given(leaves_of_some_size, st.data())
def test_a_tree_whose_past_was_changed_does_not_begin_with_the_earlier_one(
    leaves: list[bytes], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    changed = data.draw(st.integers(0, size - 1))
    forged = [*leaves[:changed], b"forged", *leaves[changed + 1 :]]

    proof = consistency_proof(forged, size)
    assert not extends(size, defined(leaves[:size]), len(forged), defined(forged), proof)


@pytest.mark.parametrize("size", [0, 4])
def test_no_proof_is_made_of_what_the_tree_does_not_hold(size: int) -> None:
    with pytest.raises(IndexError):
        consistency_proof(LEAVES[:3], size)
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES[:3], size - 1 if size == 0 else size)
    assert not includes(b"", 3, 3, [], root_of(LEAVES[:3]))
    assert not extends(0, root_of([]), 3, root_of(LEAVES[:3]), [])
