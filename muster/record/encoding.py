"""Encoding version 1: the bytes of an act and of an entry that enter the tree. `verifier/README.md` describes it.

The text is that of PostgreSQL's `json_build_array`, which makes the leaves (`ledger/sql/leaves.sql`). A version never
changes: another encoding is another version, and old leaves stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

ACT = "muster/act/1"
ENTRY = "muster/entry/1"
# What stands in an encoding after its version, in this order. Moments are microseconds since 1970 in UTC.
ACT_FIELDS = (
    "act", "number", "actor", "name", "key", "request_hash", "refused_code", "refused_words", "recorded_at",
)  # fmt: skip
ENTRY_FIELDS = (
    "act", "number", "thing", "n", "kind", "giver", "receiver", "happened_at", "earliest_at", "latest_at",
    "base", "corrects", "repeats", "reason", "mission", "handover", "source", "recorded_at",
)  # fmt: skip
Value = str | int | None

_text = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode


def act(values: Sequence[Value]) -> bytes:
    """The encoding of an act, from the values of ACT_FIELDS."""
    return _text([ACT, *values]).encode()


def entry(values: Sequence[Value], previous: bytes | None) -> bytes:
    """The encoding of an entry, from the values of ENTRY_FIELDS and the leaf of the thing's entry before it."""
    return _text([ENTRY, *values, previous.hex() if previous else None]).encode()


def leaf(encoding: bytes) -> bytes:
    """What the tree holds for it."""
    return hashlib.sha256(encoding).digest()
