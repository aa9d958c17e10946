"""The text of an act, a holder, a thing, an entry and of an act's other rows that enters the tree.

`verifier/README.md` describes it for those who check. The text is that of PostgreSQL's `json_build_array`, which makes
the leaves (`ledger/sql/leaves.sql`, `ledger/sql/rows.sql`). A version never changes: another encoding is another version
beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

Value = str | int | None
_ACT = (
    "act",
    "number",
    "actor",
    "name",
    "key",
    "request_hash",
    "refused_code",
    "refused_words",
    "recorded_at",
)
# What stands in each encoding, in this order, after its name. Moments are microseconds since 1970 in UTC.
FIELDS = {
    "muster/act/1": _ACT,
    "muster/act/2": (*_ACT, "tables"),
    "muster/holder/1": ("act", "number", "holder", "kind", "code", "organisation", "site"),
    "muster/thing/1": ("act", "number", "thing", "kind", "tag", "origin"),
    "muster/entry/1": (
        "act", "number", "thing", "n", "kind", "giver", "receiver", "happened_at", "earliest_at", "latest_at", "base",
        "corrects", "repeats", "reason", "mission", "handover", "source", "recorded_at", "previous",
    ),
    "muster/rows/1": ("act", "number", "table", "columns", "rows", "digest"),
}  # fmt: skip

_text = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


def encoded(name: str, values: Sequence[Value]) -> str:
    """The encoding of that name, of the values of its FIELDS."""
    return _text([name, *values])


def leaf_of(encoding: str) -> bytes:
    """The leaf that the tree holds for it. An entry's `previous` is the leaf, in hex, of the thing's entry before it."""
    return hashlib.sha256(encoding.encode()).digest()


def digest_of(salt: bytes, rows: Iterable[str]) -> str:
    """The digest of an act's rows of one table, in hex: of the salt's 16 bytes and the rows' own digests, sorted.

    A row is the JSON array of its layout's columns, as PostgreSQL writes it.
    """
    return hashlib.sha256(salt + b"".join(sorted(map(leaf_of, rows)))).hexdigest()
