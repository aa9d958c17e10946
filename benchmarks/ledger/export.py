"""The ledger as files: entries to Parquet, and as CSV with the leaves that prove them.

    uv run python benchmarks/ledger/export.py [--entries 1000000] [--data DIR] [--seed 1] [--json]

The ledger is generated with its leaves (`generate.py`) into a new folder that is removed afterwards, or into `--data`, which is
kept and used again. What was written is read again: as many rows as there are entries.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure
from generate import generated, opened, option

LIMIT_S = 20.0  # for 1,000,000 entries


def main() -> None:
    """Generate or open, write the files, read them again, print."""
    entries, seed = int(option("--entries", "1000000")), int(option("--seed", "1"))
    with opened(option("--data", "")):
        generated(entries, seed=seed)
        measure()


def measure() -> None:
    """Both kinds of files, in the time from the call to the last byte."""
    import pyarrow.parquet

    from muster.ledger import exporting, parquet
    from muster.ledger.models import Entry
    from muster.record import checkpoints

    checkpoints.make()
    entries = Entry.objects.count()
    limit = LIMIT_S * max(1, entries / 1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="muster-export-"))
    try:
        seconds, answer = timed(lambda: parquet.export(folder))
        rows = pyarrow.parquet.read_metadata(folder / "entries.parquet").num_rows
        size = (folder / "entries.parquet").stat().st_size / rows
        check(rows, entries)
        print_figure(
            "export_parquet_s", seconds, "s", against="limit", against_value=limit,
            note=f"{rows:,} entries, {size:.1f} bytes each",
        )  # fmt: skip
        seconds, answer = timed(lambda: exporting.export(folder))
        with (folder / "entries.csv").open("rb") as file:
            check(sum(1 for _ in file) - 1, entries)
        print_figure(
            "export_csv_s", seconds, "s", against="limit", against_value=limit,
            note=f"{entries:,} entries, and {answer['leaves']:,} leaves with all that a partner needs to check them",
        )  # fmt: skip
    finally:
        shutil.rmtree(folder)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.monotonic()
    answer = work()
    return time.monotonic() - began, answer


def check(rows: int, entries: int) -> None:
    if rows != entries:
        raise SystemExit(f"{rows:,} rows were written of {entries:,} entries: nothing measured here counts.")


if __name__ == "__main__":
    main()
