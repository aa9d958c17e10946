"""The leaves of an export: their tree, their order, each thing's chain, and who held what after every entry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIELDS = {
    "muster/act/1": "act number actor name key request_hash refused_code refused_words recorded_at",
    "muster/act/2": "act number actor name key request_hash refused_code refused_words recorded_at tables",
    "muster/holder/1": "act number holder kind code organisation site",
    "muster/thing/1": "act number thing kind tag origin",
    "muster/entry/1": "act number thing n kind giver receiver happened_at earliest_at latest_at base corrects repeats"
    " reason mission handover source recorded_at previous",
    "muster/rows/1": "act number table columns rows digest",
}
NAMES = {version: ("version", *names.split()) for version, names in FIELDS.items()}
PLACES = {
    version: ("act", "holder", "thing", "entry", "rows").index(version.split("/")[1]) for version in FIELDS
}


class Bad(Exception):
    """What does not hold in the export; the first such thing ends the check."""


def leaves(path: Path) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """Index, leaf and fields of every line. A line ends in LF alone. Raises Bad."""
    with path.open("rb") as file:
        for index, line in enumerate(file):
            text = line.removesuffix(b"\n")
            try:
                values = json.loads(text)
                fields = dict(zip(NAMES[values[0]], values, strict=True))
            except (ValueError, KeyError, TypeError, IndexError):
                raise Bad(f"leaf {index} is not of an encoding known here") from None
            yield index, hashlib.sha256(text).digest(), fields


class Tree:
    """The tree of RFC 6962, as the roots of its full subtrees with their sizes."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        size, node = 1, hashlib.sha256(b"\x00" + leaf).digest()
        while self._full and self._full[-1][0] == size:
            node = hashlib.sha256(b"\x01" + self._full.pop()[1] + node).digest()
            size *= 2
        self._full.append((size, node))
        self.size += 1

    def root(self) -> bytes:
        if not self._full:
            return hashlib.sha256(b"").digest()
        node = self._full[-1][1]
        for _, left in reversed(self._full[:-1]):
            node = hashlib.sha256(b"\x01" + left + node).digest()
        return node


@dataclass(slots=True)
class Thing:
    """One thing as replayed so far: its latest entry, and its live ones from the bottom."""

    holder_before: str | None = None
    n: int = 0
    leaf: str | None = None
    live: list[dict[str, Any]] = field(default_factory=list)

    def holder(self) -> str | None:
        return self.live[-1]["receiver"] if self.live else self.holder_before


class Replay:
    """Takes the leaves in their order, and refuses the first that breaks a law of the record."""

    def __init__(self) -> None:
        self.entries = 0
        self.tags: dict[str, tuple[str, str]] = {}  # thing: tag and kind
        self.codes: dict[str, str] = {}  # holder: code
        self._things: dict[str, Thing] = {}
        self._before: tuple[Any, ...] = ()
        self._act: tuple[str, int] | None = None
        self._tables: int | None = None  # whose leaves are still to come; None before acts said so

    def take(self, index: int, leaf: bytes, row: dict[str, Any]) -> None:
        """Raises Bad."""
        subject = row.get("thing") or row.get("holder") or row.get("table") or ""
        order = (row["number"], PLACES[row["version"]], subject, row.get("n", 0))
        if order <= self._before:
            raise Bad(f"leaf {index} does not stand where it belongs")
        self._before = order
        if row["version"] in ("muster/act/1", "muster/act/2"):
            self.end(index)
            if row["version"] == "muster/act/1" and self._tables is not None:
                raise Bad(f"leaf {index} is of an encoding from before its time")
            self._tables = row.get("tables")
            if row["number"] != (self._act[1] if self._act else 0) + 1:
                raise Bad(f"leaf {index}: the number before act {row['number']} is missing")
            self._act = (row["act"], row["number"])
        elif self._act != (row["act"], row["number"]):
            raise Bad(f"leaf {index} does not follow the act that wrote it")
        if row["version"] == "muster/rows/1":
            if not self._tables:
                raise Bad(f"leaf {index} is of rows in more tables than its act says")
            self._tables -= 1
        elif row["version"] == "muster/holder/1":
            self.codes[subject] = row["code"]
        elif row["version"] == "muster/thing/1":
            self.tags[subject] = (row["tag"], row["kind"])
            thing = self._things.setdefault(subject, Thing())
            if thing.holder_before not in (None, row["origin"]):
                raise Bad(f"leaf {index}: the thing did not begin where its first entry took it from")
            thing.holder_before = row["origin"]
        elif row["version"] == "muster/entry/1":
            self._entry(index, leaf, row, self._things.setdefault(subject, Thing()))

    def end(self, index: int) -> None:
        """Raises Bad where a leaf of the latest act's rows is missing before `index`."""
        if self._tables:
            raise Bad(f"before leaf {index} a leaf of rows is missing that its act says it has")

    def _entry(self, index: int, leaf: bytes, row: dict[str, Any], thing: Thing) -> None:
        where = f"leaf {index} (entry {row['n']} of thing {row['thing']})"
        if row["n"] != thing.n + 1 or row["previous"] != thing.leaf:
            raise Bad(f"{where} does not follow the entry before it")
        thing.n, thing.leaf = row["n"], leaf.hex()
        below = thing.live[-1]["n"] if thing.live else 0
        if row["kind"] == "push":
            if thing.holder() not in (None, row["giver"]):
                raise Bad(f"{where}: the giver was not the holder")
            if row["base"] != below or (thing.live and row["happened_at"] < thing.live[-1]["happened_at"]):
                raise Bad(f"{where} does not stand on the live entry below")
            thing.holder_before = thing.holder_before or row["giver"]
            thing.live.append(row)
        else:
            popped = thing.live.pop() if thing.live else None
            mirror = ("n", "receiver", "giver", "happened_at", "mission", "base")
            said = ("corrects", "giver", "receiver", "happened_at", "mission", "base")
            if popped is None or [popped[name] for name in mirror] != [row[name] for name in said]:
                raise Bad(f"{where} is not the mirror of the live entry on top")
        self.entries += 1
