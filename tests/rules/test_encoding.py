"""An encoding never changes: the published vectors, as Python makes them."""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from muster.record.encoding import FIELDS, digest_of, encoded, leaf_of

PUBLISHED = Path(__file__).parents[2] / "verifier/vectors"
VECTORS = [
    *({**vector, "encoding_name": f"muster/{vector['kind']}/1"}
      for vector in json.loads((PUBLISHED / "encoding-1.json").read_text("utf-8"))),
    *json.loads((PUBLISHED / "encoding-2.json").read_text("utf-8")),
]  # fmt: skip
# The files are for other implementations too; their leaves are here, so that they cannot change with the code.
LEAVES = [
    "42f11a8b92285d512ef4d840585486c1e675c6a5bae11b2ee2bbc4258299f360",
    "e39f84f1c6ff38246f873de7567c7794c59b93c0fddc50ba455a93e49e083edd",
    "b38fe4fd6907a3b505bc4209bf8c29de17db041d51f79b1045aae3ba033ab52d",
    "a4429c1b38614320834c03073a8f8c6d32a6db23d5f3176477f44ff279c2fe9b",
    "8c7b5b36440b3aabee5e982b8188111289cedd644b891c46876c573edb0a0f32",
    "92deb6b5a865eae2aae07a36527cea464a44521053fad0a235d5f733e9f45ba6",
    "0bfab96153305e907a169e992a22cf551e2169a62ff456781079c7e9b5c59b63",
    "a06511e6194303cf80708d0260731ff49d886ebab8a8cb573ea5a4d06817bf33",
    "6a3e1675c2393c5d9ab0589dccc875df7d65dc33e73bc98d31bcdf3ad2033e2d",
    "4970e446ac9eb69eb2044adbd2859b946fb68b10a9e9fdf54a91e17cb9194a86",
    "96a029a6016493f833890f8e87266ddb5b8cefb055e9cd26ec38b78fa71766f2",
]


@pytest.mark.parametrize(
    ("vector", "leaf"), list(zip(VECTORS, LEAVES, strict=True)), ids=[v["what"] for v in VECTORS]
)
def test_a_row_is_encoded_as_published(vector: dict[str, Any], leaf: str) -> None:
    text = encoded(vector["encoding_name"], vector["values"])

    assert text == vector["encoding"]
    assert leaf_of(text).hex() == vector["leaf"] == leaf
    assert json.loads(text) == [vector["encoding_name"], *vector["values"]]


def test_rows_are_digested_as_published_in_whatever_order_they_come() -> None:
    for vector in (vector for vector in VECTORS if "rows" in vector):
        salt = UUID(vector["salt"]).bytes
        assert (
            digest_of(salt, vector["rows"]) == digest_of(salt, vector["rows"][::-1]) == vector["values"][-1]
        )


def test_there_is_a_vector_of_every_encoding_with_every_field() -> None:
    assert {vector["encoding_name"] for vector in VECTORS} == set(FIELDS)
    assert all(len(vector["values"]) == len(FIELDS[vector["encoding_name"]]) for vector in VECTORS)


def test_control_characters_quotes_and_letters_are_written_as_agreed() -> None:
    text = encoded("muster/holder/1", ["\x00\x1f\x7f", 1, None, '"\\/', "\b\f\n\r\t", "é\u2028🚌", ""])

    assert text == (
        '["muster/holder/1", "\\u0000\\u001f\x7f", 1, null, "\\"\\\\/", "\\b\\f\\n\\r\\t", "é\u2028🚌", ""]'
    )
    assert leaf_of(text) == hashlib.sha256(text.encode("utf-8")).digest()
