"""`entries.csv`, which people read, against the leaves, which are signed: row by row the same."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from muster_verifier.leaves import Bad, Replay, leaves

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def compare(folder: Path, replay: Replay) -> None:
    """Raises Bad for the first act whose rows are not those of its leaves."""
    with (folder / "entries.csv").open(newline="", encoding="utf-8") as file:
        found = csv.DictReader(file)
        entries = (row for _, _, row in leaves(folder / "leaves.jsonl") if row["version"] == "muster/entry/1")
        for number, of_act in groupby(entries, key=lambda row: row["number"]):
            expected = [_as_read(row, replay) for row in of_act]
            rows = list(islice(found, len(expected)))
            if _sorted(rows) != _sorted(expected):
                raise Bad(f"entries.csv has other entries of act {number} than the leaves")
        for row in found:
            raise Bad(f"entries.csv has an entry of {row.get('tag')} that is in no leaf")


def _as_read(row: dict[str, Any], replay: Replay) -> dict[str, str]:
    if row["thing"] not in replay.tags or not {row["giver"], row["receiver"]} <= replay.codes.keys():
        raise Bad(f"the thing or a holder of entry {row['n']} of {row['thing']} is in no leaf")
    tag, kind = replay.tags[row["thing"]]
    values = {
        "tag": tag, "thing_kind": kind, "n": row["n"], "kind": row["kind"], "giver": replay.codes[row["giver"]],
        "receiver": replay.codes[row["receiver"]], "happened_at": _moment(row["happened_at"]),
        "earliest_at": _moment(row["earliest_at"]), "latest_at": _moment(row["latest_at"]), "base": row["base"],
        "corrects": row["corrects"], "repeats": row["repeats"], "known_at": row["number"],
        "recorded_at": _moment(row["recorded_at"]), "reason": row["reason"], "mission": row["mission"],
        "source": row["source"],
    }  # fmt: skip
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _moment(micros: int | None) -> str | None:
    return None if micros is None else (EPOCH + timedelta(microseconds=micros)).isoformat()


def _sorted(rows: list[dict[str, str]]) -> list[list[tuple[str, str]]]:
    def items(row: dict[str, str]) -> Iterator[tuple[str, str]]:
        return ((str(name), str(value)) for name, value in row.items())

    return sorted(sorted(items(row)) for row in rows)
