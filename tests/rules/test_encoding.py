"""Encoding version 1 never changes: the published vectors, as Python and as PostgreSQL make them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from muster.record.encoding import FIELDS, encoded, leaf_of

VECTORS = json.loads((Path(__file__).parents[2] / "verifier/vectors/encoding-1.json").read_text("utf-8"))
# The file is for other implementations too; its own digest is here, so that it cannot change with the code.
LEAVES = [
    "42f11a8b92285d512ef4d840585486c1e675c6a5bae11b2ee2bbc4258299f360",
    "e39f84f1c6ff38246f873de7567c7794c59b93c0fddc50ba455a93e49e083edd",
    "b38fe4fd6907a3b505bc4209bf8c29de17db041d51f79b1045aae3ba033ab52d",
    "a4429c1b38614320834c03073a8f8c6d32a6db23d5f3176477f44ff279c2fe9b",
    "8c7b5b36440b3aabee5e982b8188111289cedd644b891c46876c573edb0a0f32",
    "92deb6b5a865eae2aae07a36527cea464a44521053fad0a235d5f733e9f45ba6",
    "0bfab96153305e907a169e992a22cf551e2169a62ff456781079c7e9b5c59b63",
]


@pytest.mark.parametrize(
    ("vector", "leaf"), list(zip(VECTORS, LEAVES, strict=True)), ids=[v["what"] for v in VECTORS]
)
def test_a_row_is_encoded_as_published(vector: dict[str, Any], leaf: str) -> None:
    text = encoded(vector["kind"], vector["values"])

    assert text == vector["encoding"]
    assert leaf_of(text).hex() == vector["leaf"] == leaf
    assert json.loads(text) == [f"muster/{vector['kind']}/1", *vector["values"]]


def test_there_is_a_vector_of_every_kind_with_every_field() -> None:
    assert {vector["kind"] for vector in VECTORS} == set(FIELDS)
    assert all(len(vector["values"]) == len(FIELDS[vector["kind"]]) for vector in VECTORS)


def test_control_characters_quotes_and_letters_are_written_as_agreed() -> None:
    text = encoded("holder", ["\x00\x1f\x7f", 1, None, '"\\/', "\b\f\n\r\t", "é\u2028🚌", ""])

    assert text == (
        '["muster/holder/1", "\\u0000\\u001f\x7f", 1, null, "\\"\\\\/", "\\b\\f\\n\\r\\t", "é\u2028🚌", ""]'
    )
    assert leaf_of(text) == hashlib.sha256(text.encode("utf-8")).digest()
