"""The ledger's entries as files that anybody can read: one CSV and its data package descriptor."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from muster.record.action import sequence

COLUMNS = {
    "tag": "string", "thing_kind": "string", "n": "integer", "kind": "string", "giver": "string", "receiver": "string",
    "happened_at": "datetime", "earliest_at": "datetime", "latest_at": "datetime", "base": "integer",
    "corrects": "integer", "repeats": "integer", "known_at": "integer", "recorded_at": "datetime", "reason": "string",
    "mission": "string", "source": "string",
}  # fmt: skip

ENTRIES = """
SELECT t.tag, t.kind, e.n, e.kind, g.code, r.code, e.happened_at, e.earliest_at, e.latest_at, e.base, e.corrects, e.repeats,
       k.number, e.recorded_at, e.reason, e.mission, e.source
FROM ledger_entry e JOIN record_number k ON k.act_id = e.act_id JOIN ledger_thing t ON t.id = e.thing_id
JOIN ledger_holder g ON g.id = e.giver_id JOIN ledger_holder r ON r.id = e.receiver_id
ORDER BY k.number, t.tag, e.n
"""


def export(folder: Path) -> dict[str, Any]:
    """Write `entries.csv` and `datapackage.json` into a folder, which is made if it is not there.

    Entries stand in the order of their acts' numbers; moments are in UTC. An act without a number is not in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "entries.csv"
    sequence()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        count = 0
        for row in _rows():
            writer.writerow(value.isoformat() if isinstance(value, datetime) else value for value in row)
            count += 1
    resource = {
        "name": "entries",
        "path": path.name,
        "hash": f"sha256:{sha256_of(path)}",
        "bytes": path.stat().st_size,
        "schema": {"fields": [{"name": name, "type": kind} for name, kind in COLUMNS.items()]},
    }
    package = {"name": "muster-ledger", "resources": [resource]}
    (folder / "datapackage.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")
    return {"folder": str(folder), "entries": count, "sha256": resource["hash"]}


def _rows() -> Iterator[tuple[Any, ...]]:
    # A named cursor streams; it lives in a transaction.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(ENTRIES)
        yield from iter(cursor.fetchone, None)


def sha256_of(path: Path) -> str:
    """The digest of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
