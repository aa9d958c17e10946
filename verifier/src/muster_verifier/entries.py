"""`entries.csv`, which people read, against the leaves, which are signed: row by row the same."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from muster_verifier.leaves import Bad, Replay, leaves

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = (
    "tag", "thing_kind", "n", "kind", "giver", "receiver", "happened_at", "earliest_at", "latest_at", "base", "corrects",
    "repeats", "known_at", "recorded_at", "reason", "mission", "source",
)  # fmt: skip


def compare(folder: Path, replay: Replay) -> None:
    """Raises Bad for the first act whose rows are not those of its leaves."""
    with (folder / "entries.csv").open(newline="", encoding="utf-8") as file:
        found = csv.reader(file)
        if next(found, None) != list(COLUMNS):
            raise Bad("entries.csv has other columns than those known here")
        entries = (row for _, _, row in leaves(folder / "leaves.jsonl") if row["version"] == "muster/entry/1")
        for number, of_act in groupby(entries, key=lambda row: row["number"]):
            expected = [_as_read(row, replay) for row in of_act]
            # Within an act the rows stand by tag, the leaves by id.
            if sorted(islice(found, len(expected))) != sorted(expected):
                raise Bad(f"entries.csv has other entries of act {number} than the leaves")
        for row in found:
            raise Bad(f"entries.csv has an entry of {row[:1]} that is in no leaf")


def _as_read(row: dict[str, Any], replay: Replay) -> list[str]:
    try:
        tag, thing_kind = replay.tags[row["thing"]]
        giver, receiver = replay.codes[row["giver"]], replay.codes[row["receiver"]]
    except KeyError:
        raise Bad(f"the thing or a holder of entry {row['n']} of {row['thing']} is in no leaf") from None
    values = (
        tag, thing_kind, row["n"], row["kind"], giver, receiver, _moment(row["happened_at"]),
        _moment(row["earliest_at"]), _moment(row["latest_at"]), row["base"], row["corrects"], row["repeats"],
        row["number"], _moment(row["recorded_at"]), row["reason"], row["mission"], row["source"],
    )  # fmt: skip
    return ["" if value is None else str(value) for value in values]


def _moment(micros: int | None) -> str | None:
    return None if micros is None else (EPOCH + timedelta(microseconds=micros)).isoformat()
