"""Files that ask a planner something: research instances, Muster's own problems, and tables that people keep."""

from __future__ import annotations

import re
from pathlib import Path

from muster.core.errors import Fault, FaultyFile
from muster.core.files import take_in
from muster.transport.planner.files import cordeau, lilim
from muster.transport.planner.files.cordeau import read_cordeau
from muster.transport.planner.files.lilim import read_lilim
from muster.transport.planner.files.lines import as_number
from muster.transport.planner.files.sartori import read_sartori
from muster.transport.planner.problem import Problem

LARGEST_BYTES = 200_000_000  # a matrix between 5,000 places has some 75 MB


def read(path: Path) -> Problem:
    """Read a problem from a file, whose format is recognised by what its first two lines look like.

    Raises FaultyFile with every fault of it, TooLarge, Unreadable, NotUtf8.
    """
    text = take_in(path, largest=LARGEST_BYTES)
    first, second = _first_lines(text)
    if first and re.fullmatch("[A-Z-]+:", first[0]):
        return read_sartori(text, name=path.stem)
    match _of_numbers(first, second):
        case "cordeau":
            return read_cordeau(text, name=path.stem)
        case "lilim":
            return read_lilim(text, name=path.stem)
    raise FaultyFile([Fault(1, None, "transport.not_an_instance", NOT_AN_INSTANCE)])


NOT_AN_INSTANCE = (
    "This is no problem for the planner. It takes Cordeau-Laporte, Li-Lim and Sartori-Buriol files, and its own JSON, TOML "
    "and CSV, which docs/how-to/plan-transport.md describes."
)


def _first_lines(text: str) -> tuple[list[str], list[str]]:
    """The fields of the first two lines that are not blank; empty where there are not so many."""
    lines = (line.split() for line in text.split("\n"))
    kept = (fields for fields in lines if fields)
    return next(kept, []), next(kept, [])


def _of_numbers(first: list[str], second: list[str]) -> str:
    """Which of the two formats without a name in them it is: by the length of the second line, or else of the first."""
    lengths = {len(cordeau.NODE): "cordeau", len(lilim.NODE): "lilim"}
    if len(second) in lengths and all(as_number(text) is not None for text in second):
        return lengths[len(second)]
    if first and as_number(first[0]) is not None:
        return {len(cordeau.HEAD): "cordeau", len(lilim.HEAD): "lilim"}.get(len(first), "")
    return ""
