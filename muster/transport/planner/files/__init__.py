"""Files that ask a planner something: research instances, Muster's own problems, and tables that people keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from muster.core.errors import Fault, FaultyFile, MusterError
from muster.core.files import take_in
from muster.transport.planner.files import cordeau, lilim
from muster.transport.planner.files.cordeau import read_cordeau
from muster.transport.planner.files.lilim import read_lilim
from muster.transport.planner.files.lines import as_number
from muster.transport.planner.files.own import read_own
from muster.transport.planner.files.sartori import read_sartori
from muster.transport.planner.files.tables import read_tables
from muster.transport.planner.problem import Problem

LARGEST_BYTES = 200_000_000  # a matrix between 5,000 places has some 75 MB
NOT_AN_INSTANCE = (
    "This is no problem for the planner. It takes Cordeau-Laporte, Li-Lim and Sartori-Buriol files, and its own JSON, TOML "
    "and CSV, which docs/how-to/plan-transport.md describes."
)
A_FIELD = re.compile(r"\[|[\w.\"-]+\s*=")


class NoVehicles(MusterError):
    """A table of people was given without one of vehicles."""

    code = "transport.no_vehicle_table"

    def __init__(self, *, path: Path) -> None:
        self.path = path
        super().__init__(f"{path.name} is a table of people. Name a table of vehicles too, with --vehicles.")


class TablesNotWanted(MusterError):
    """Tables were named beside a file that has its own vehicles, places and distances."""

    code = "transport.tables_not_wanted"

    def __init__(self, *, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path.name} has its own vehicles, places and distances. Leave --vehicles, --places, --matrix and --osrm out; "
            "they go with a table of people."
        )


def read(
    path: Path,
    *,
    vehicles: Path | None = None,
    places: Path | None = None,
    travel: Mapping[str, Any] | None = None,
) -> Problem:
    """Read a problem from a file, whose format is recognised by its first two lines that are not blank or a comment.

    `vehicles`, `places` and `travel` go with a table of people: the other tables, and how distances are reckoned.

    Raises FaultyFile with every fault, NoVehicles, TablesNotWanted, TooLarge, Unreadable, NotUtf8, osrm.NotAnswering.
    """
    text = take_in(path, largest=LARGEST_BYTES)
    if _is_table(text):
        if vehicles is None:
            raise NoVehicles(path=path)
        return read_tables(path, vehicles, places=places, travel=travel)
    if vehicles or places or travel:
        raise TablesNotWanted(path=path)
    first, second = _first_lines(text)
    if first and re.fullmatch("[A-Z-]+:", first[0]):
        return read_sartori(text, name=path.stem)
    match _of_numbers(first, second):
        case "cordeau":
            return read_cordeau(text, name=path.stem)
        case "lilim":
            return read_lilim(text, name=path.stem)
    if first and (first[0].startswith("{") or A_FIELD.match(" ".join(first))):
        return read_own(text, name=path.stem, folder=path.parent)
    raise FaultyFile([Fault(1, None, "transport.not_an_instance", NOT_AN_INSTANCE)])


def _first_lines(text: str) -> tuple[list[str], list[str]]:
    """The fields of the first two lines that are not blank or a comment; empty where there are not so many."""
    lines = (line.split() for line in text.split("\n"))
    kept = (fields for fields in lines if fields and not fields[0].startswith("#"))
    return next(kept, []), next(kept, [])


def _is_table(text: str) -> bool:
    """Whether the first line is the header row of a table."""
    names = text.split("\n", 1)[0].strip().split(",")
    return len(names) > 1 and all(re.fullmatch(r'"?[A-Za-z][\w ]*"?', name) for name in names)


def _of_numbers(first: list[str], second: list[str]) -> str:
    """Which of the two formats without a name in them it is: by the length of the second line, or else of the first."""
    lengths = {len(cordeau.NODE): "cordeau", len(lilim.NODE): "lilim"}
    if len(second) in lengths and all(as_number(text) is not None for text in second):
        return lengths[len(second)]
    if first and as_number(first[0]) is not None:
        return {len(cordeau.HEAD): "cordeau", len(lilim.HEAD): "lilim"}.get(len(first), "")
    return ""
