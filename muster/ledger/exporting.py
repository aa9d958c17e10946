"""The ledger as files that anybody can read and check: entries as CSV, and the leaves, the checkpoint and its key.

Everything is as of the checkpoint: an entry that came later is in the next export.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from muster.core.files import Unwritable, write_text
from muster.database.streaming import copied
from muster.ledger.leaves import rows_of_other_tables
from muster.record import checkpoints

COLUMNS = {
    "tag": "string", "thing_kind": "string", "n": "integer", "kind": "string", "giver": "string", "receiver": "string",
    "happened_at": "datetime", "earliest_at": "datetime", "latest_at": "datetime", "base": "integer",
    "corrects": "integer", "repeats": "integer", "known_at": "integer", "recorded_at": "datetime", "reason": "string",
    "mission": "string", "source": "string",
}  # fmt: skip


def _moment(column: str) -> str:
    """As ISO 8601 in UTC, without a fraction where it is none: what Python's `isoformat` gives."""
    text = f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')"""
    return f"replace({text}, '.000000', '') || '+00:00'"


# A checkpoint ends with an act: its entries are those of the acts up to its last leaf's.
ENTRIES = f"""
SELECT t.tag, t.kind, e.n, e.kind, g.code, r.code, {_moment("e.happened_at")}, {_moment("e.earliest_at")},
       {_moment("e.latest_at")}, e.base, e.corrects, e.repeats, k.number, {_moment("e.recorded_at")}, e.reason, e.mission, e.source
FROM ledger_entry e JOIN record_number k ON k.act_id = e.act_id JOIN ledger_thing t ON t.id = e.thing_id
JOIN ledger_holder g ON g.id = e.giver_id JOIN ledger_holder r ON r.id = e.receiver_id
WHERE k.number <= (SELECT x.number FROM record_leaf l JOIN record_number x ON x.act_id = l.act_id WHERE l.index = %(size)s - 1)
ORDER BY k.number, t.tag, e.n
"""

# The encodings, by the functions that made the leaves. Here they may be asked: whoever reads the export hashes each line
# anew and holds the root against the checkpoint. Null where it is of other tables' rows; an empty line, which no reader
# takes for a leaf, where the row is gone.
ENCODINGS = """
SELECT CASE WHEN l.kind <> 'rows' THEN coalesce(CASE l.kind
    WHEN 'act' THEN CASE WHEN l.n IS NULL THEN record_encoded(a, k.number) ELSE record_encoded(a, k.number, l.n) END
    WHEN 'holder' THEN record_encoded(h, k.number)
    WHEN 'thing' THEN record_encoded(t, k.number)
    WHEN 'entry' THEN left(record_encoded(e, k.number), -1) || coalesce(', "' || encode(b.leaf, 'hex') || '"]', ', null]')
    END, '') END
FROM record_leaf l LEFT JOIN record_number k ON k.act_id = l.act_id
LEFT JOIN record_act a ON l.kind = 'act' AND a.id = l.act_id
LEFT JOIN ledger_holder h ON l.kind = 'holder' AND h.id = l.subject
LEFT JOIN ledger_thing t ON l.kind = 'thing' AND t.id = l.subject
LEFT JOIN ledger_entry e ON l.kind = 'entry' AND e.thing_id = l.subject AND e.n = l.n
LEFT JOIN record_leaf b ON l.kind = 'entry' AND b.kind = 'entry' AND b.subject = l.subject AND b.n = l.n - 1
WHERE l.index < %(size)s ORDER BY l.index
"""


def export(folder: Path) -> dict[str, Any]:
    """Write entries, leaves, checkpoint and public key into a folder, which is made if it is not there.

    Entries stand in the order of their acts' numbers; moments are in UTC. An act without a number is not in it.
    Raises BrokenTree, BadSetting, Unwritable.
    """
    checkpoint = checkpoints.make()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = _write_entries(folder / "entries.csv", checkpoint.size)
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


def _write_entries(path: Path, size: int) -> int:
    count = 0
    with path.open("wb") as file, copied(ENTRIES, {"size": size}, options="(FORMAT csv)") as rows:
        file.write(f"{','.join(COLUMNS)}\n".encode())
        for row in rows:
            file.write(row)
            count += 1
    return count


def _write_leaves(path: Path, size: int) -> int:
    """One encoding a line, in the tree's order: the hash of each line, without its end, is the leaf."""
    count = 0
    with tempfile.TemporaryFile("w+", newline="\n", encoding="utf-8") as others:
        for row in rows_of_other_tables(size):
            others.write(row.encoded(None) + "\n")
        others.seek(0)
        with (
            path.open("w", newline="\n", encoding="utf-8") as file,
            copied(ENCODINGS, {"size": size}) as copy,
        ):
            for (encoding,) in copy.rows():
                file.write(others.readline() if encoding is None else encoding + "\n")
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
