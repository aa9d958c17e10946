"""The ledger as files that anybody can read and check: entries as CSV, and the leaves, the checkpoint and its key.

Everything is as of the checkpoint: an entry that came later is in the next export.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from muster.core.files import Unwritable, write_text
from muster.database.streaming import streamed
from muster.ledger.leaves import rows
from muster.record import checkpoints
from muster.record.encoding import leaf_of

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
JOIN record_leaf l ON l.kind = 'entry' AND l.subject = e.thing_id AND l.n = e.n
WHERE l.index < %(size)s
ORDER BY k.number, t.tag, e.n
"""


def export(folder: Path) -> dict[str, Any]:
    """Write entries, leaves, checkpoint and public key into a folder, which is made if it is not there.

    Entries stand in the order of their acts' numbers; moments are in UTC. An act without a number is not in it.
    Raises BrokenTree, BadSetting, Unwritable.
    """
    checkpoint = checkpoints.make()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = _write_entries(folder / "entries.csv", streamed(ENTRIES, {"size": checkpoint.size}))
        leaves = _write_leaves(folder / "leaves.jsonl", checkpoint.size)
    except OSError as fault:
        raise Unwritable(path=str(folder), reason=(fault.strerror or "unknown").lower()) from None
    write_text(folder / "checkpoint.txt", checkpoint.note)
    write_text(folder / "public-key.txt", checkpoints.public_key() + "\n")
    fields = [{"name": name, "type": kind} for name, kind in COLUMNS.items()]
    resources = [
        {**_resource(folder / "entries.csv"), "schema": {"fields": fields}},
        {**_resource(folder / "leaves.jsonl"), "mediatype": "application/jsonl"},
    ]
    package = {"name": "muster-ledger", "resources": resources}
    write_text(folder / "datapackage.json", json.dumps(package, indent=2) + "\n")
    return {"folder": str(folder), "entries": entries, "leaves": leaves, "sha256": resources[0]["hash"]}


def _write_entries(path: Path, found: Iterable[tuple[Any, ...]]) -> int:
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in found:
            writer.writerow(value.isoformat() if isinstance(value, datetime) else value for value in row)
            count += 1
    return count


def _write_leaves(path: Path, size: int) -> int:
    """One encoding a line, in the tree's order: the hash of each line, without its end, is the leaf."""
    previous: dict[str, str] = {}
    count = 0
    with path.open("w", newline="\n", encoding="utf-8") as file:
        for row in rows(size):
            before = previous.get(row.subject or "") if row.kind == "entry" else None
            encoding = row.encoded(before)
            if row.kind == "entry" and row.subject:
                previous[row.subject] = leaf_of(encoding).hex()
            file.write(encoding + "\n")
            count += 1
    return count


def sha256_of(path: Path) -> str:
    """The digest of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _resource(path: Path) -> dict[str, Any]:
    return {
        "name": path.stem,
        "path": path.name,
        "hash": f"sha256:{sha256_of(path)}",
        "bytes": path.stat().st_size,
    }
