"""Encoding version 1: the text of an act, a holder, a thing and an entry that enters the tree.

`verifier/README.md` describes it for those who check. The text is that of PostgreSQL's `json_build_array`, which makes
the leaves (`ledger/sql/leaves.sql`). A version never changes: another encoding is another version beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

Value = str | int | None
# What stands in each encoding, in this order, after its version. Moments are microseconds since 1970 in UTC.
FIELDS = {
    "act": (
        "act", "number", "actor", "name", "key", "request_hash", "refused_code", "refused_words", "recorded_at",
    ),
    "holder": ("act", "number", "holder", "kind", "code", "organisation", "site"),
    "thing": ("act", "number", "thing", "kind", "tag", "origin"),
    "entry": (
        "act", "number", "thing", "n", "kind", "giver", "receiver", "happened_at", "earliest_at", "latest_at", "base",
        "corrects", "repeats", "reason", "mission", "handover", "source", "recorded_at", "previous",
    ),
}  # fmt: skip

_text = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


def encoded(kind: str, values: Sequence[Value]) -> str:
    """The encoding of an act, a holder, a thing or an entry, from the values of its FIELDS."""
    return _text([f"muster/{kind}/1", *values])


def leaf_of(encoding: str) -> bytes:
    """The leaf that the tree holds for it. An entry's `previous` is the leaf, in hex, of the thing's entry before it."""
    return hashlib.sha256(encoding.encode()).digest()
