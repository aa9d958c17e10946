"""Entries by a range of acts as Parquet: COPY out of the database, columns typed, a data package descriptor beside it.

For analysis with DuckDB, Spark or pandas. It needs the extra `parquet` (pyarrow): `pip install muster-record[parquet]`.
"""

from __future__ import annotations

import json
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.db import connection

from muster.core.errors import MusterError
from muster.database.streaming import copied
from muster.ledger.exporting import sha256_of
from muster.record.action import sequence

# Each column with its type as the descriptor names it. Moments are microseconds since 1970, UTC.
COLUMNS = {
    "known_at": "integer", "tag": "string", "thing_kind": "string", "n": "integer", "kind": "string", "giver": "string",
    "receiver": "string", "happened_at": "datetime", "earliest_at": "datetime", "latest_at": "datetime", "base": "integer",
    "corrects": "integer", "repeats": "integer", "recorded_at": "datetime", "reason": "string", "mission": "string",
    "source": "string",
}  # fmt: skip
CODED = ("thing_kind", "kind", "giver", "receiver", "reason", "mission", "source")  # few values, many rows
ENTRIES = """
SELECT k.number, t.tag, t.kind, e.n, e.kind, g.code, r.code, (extract(epoch FROM e.happened_at) * 1000000)::bigint,
       (extract(epoch FROM e.earliest_at) * 1000000)::bigint, (extract(epoch FROM e.latest_at) * 1000000)::bigint, e.base,
       e.corrects, e.repeats, (extract(epoch FROM e.recorded_at) * 1000000)::bigint, e.reason, e.mission, e.source
FROM ledger_entry e JOIN record_number k ON k.act_id = e.act_id JOIN ledger_thing t ON t.id = e.thing_id
JOIN ledger_holder g ON g.id = e.giver_id JOIN ledger_holder r ON r.id = e.receiver_id
WHERE k.number BETWEEN %(first)s AND %(last)s ORDER BY k.number, t.tag, e.n
"""
BLOCK_BYTES = 16 * 2**20


class NoPyarrow(MusterError):
    """The library that writes Parquet is not installed."""

    code = "ledger.no_pyarrow"

    def __init__(self) -> None:
        super().__init__(
            "Parquet needs pyarrow. Install it with `pip install muster-record[parquet]`, or export CSV."
        )


class EmptyRange(MusterError):
    """The range of acts ends before it begins."""

    code = "ledger.empty_range"

    def __init__(self, *, first: int, last: int) -> None:
        super().__init__(f"The range from act {first} to act {last} holds no act. Exchange the two numbers.")


def export(folder: Path, *, first: int = 1, last: int | None = None) -> dict[str, Any]:
    """Write `entries.parquet` and `datapackage.json` of the acts numbered `first` to `last`, both included.

    Without `last` up to the latest act. Entries stand in the order of their acts. Raises NoPyarrow, EmptyRange.
    """
    if find_spec("pyarrow") is None:
        raise NoPyarrow()
    sequence()
    last = last if last is not None else _latest()
    if last < first - 1:
        raise EmptyRange(first=first, last=last)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "entries.parquet"
    with tempfile.TemporaryFile() as rows:
        with copied(ENTRIES, {"first": first, "last": last}, options="(FORMAT csv)") as copy:
            for block in copy:
                rows.write(block)
        rows.seek(0)
        count = _write(rows, path)
    resource = {
        "name": "entries", "path": path.name, "format": "parquet", "hash": f"sha256:{sha256_of(path)}",
        "bytes": path.stat().st_size, "rows": count, "acts": {"first": first, "last": last},
        "schema": {"fields": [{"name": name, "type": kind} for name, kind in COLUMNS.items()]},
    }  # fmt: skip
    package = {"name": "muster-ledger", "resources": [resource]}
    (folder / "datapackage.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")
    return {
        "folder": str(folder),
        "entries": count,
        "sha256": resource["hash"],
        "acts": {"first": first, "last": last},
    }


def _latest() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(number), 0) FROM record_number")
        return int(cursor.fetchone()[0])


def _write(rows: Any, path: Path) -> int:
    """Turn CSV rows into Parquet, a block at a time, so that memory stays flat; how many rows."""
    import pyarrow
    from pyarrow import csv, parquet

    kinds = {"integer": pyarrow.int64(), "string": pyarrow.string(), "datetime": pyarrow.int64()}
    read = csv.ReadOptions(column_names=list(COLUMNS), block_size=BLOCK_BYTES)
    convert = csv.ConvertOptions(
        column_types={name: kinds[kind] for name, kind in COLUMNS.items()},
        strings_can_be_null=False,
        null_values=[""],
    )
    moment = pyarrow.timestamp("us", tz="UTC")
    schema = pyarrow.schema(
        [(name, moment if kind == "datetime" else kinds[kind]) for name, kind in COLUMNS.items()]
    )
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd", use_dictionary=list(CODED)) as writer:
        if rows.read(1):
            rows.seek(0)
            for batch in csv.open_csv(
                rows,
                read_options=read,
                convert_options=convert,
                parse_options=csv.ParseOptions(newlines_in_values=True),
            ):
                writer.write_table(pyarrow.Table.from_batches([batch]).cast(schema))
                count += batch.num_rows
    return count
