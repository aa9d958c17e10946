"""Lines of numbers, as research instances are written: read field by field, with every fault by line and field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from muster.core.errors import Fault, FaultyFile
from muster.transport.planner.problem import Window

NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
MOST = 1e9  # beyond it a number is a slip, and sums of them lose minutes
MOST_VEHICLES = 100_000
SHOWN = 40


@dataclass(frozen=True)
class Line:
    """One line that is not blank: its number in the file, counted from 1, and its fields."""

    number: int
    fields: list[str]


def lines_of(text: str) -> list[Line]:
    """The lines of a text without the blank ones. Fields are set apart by blanks and tabs."""
    numbered = ((number, line.split()) for number, line in enumerate(text.split("\n"), start=1))
    return [Line(number, fields) for number, fields in numbered if fields]


def as_number(text: str) -> float | None:
    """The number that a text is, at most `MOST` from nought; None for words, inf, nan, 1_000 and 0x10."""
    if not NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if abs(value) <= MOST else None


@dataclass
class Faults:
    """What is wrong with a file, gathered while it is read."""

    found: list[Fault] = field(default_factory=list)

    def add(self, row: int | None, column: str | None, code: str, message: str) -> None:
        """Note a fault; its code becomes `transport.` and the code."""
        self.found.append(Fault(row, column, f"transport.{code}", message))

    def stop_if_any(self) -> None:
        """Raise FaultyFile, in the order of the lines, where anything was at fault."""
        if self.found:
            raise FaultyFile(sorted(self.found, key=lambda fault: fault.row or 0))

    def number(
        self,
        row: int | None,
        column: str,
        text: str,
        *,
        least: float = -MOST,
        most: float = MOST,
        whole: bool = False,
    ) -> float:
        """The number in a field; where it is none, or outside of `least` to `most`, that is noted and it counts as nought."""
        value = as_number(text)
        if value is None:
            why = f"{text[:SHOWN]!r} as {column} is no number up to {MOST:,.0f}. Write digits, with a dot for decimals."
            self.add(row, column, "not_a_number", why)
        elif whole and not value.is_integer():
            self.add(row, column, "not_whole", f"{text[:SHOWN]} as {column} must be a whole number.")
        elif value < least:
            code = "negative" if least == 0 else "too_small"
            self.add(row, column, code, f"{text[:SHOWN]} as {column} must be at least {least:,g}.")
        elif value > most:
            self.add(row, column, "too_large", f"{text[:SHOWN]} as {column} must be at most {most:,g}.")
        else:
            return value
        return 0

    def vehicles(self, row: int | None, text: str) -> int:
        """How many vehicles there are; that there are none is noted."""
        count = int(self.number(row, "vehicles", text, least=0, most=MOST_VEHICLES, whole=True))
        if as_number(text) == 0:
            why = "There are 0 vehicles. Write how many there are, at least 1."
            self.add(row, "vehicles", "no_vehicles", why)
        return count

    def window(self, row: int | None, columns: tuple[str, str], earliest: float, latest: float) -> Window:
        """A window of time; that it closes before it opens is noted."""
        if latest < earliest:
            why = f"The window opens at {earliest:g} and closes at {latest:g}, before it opens. Correct one of the two."
            self.add(row, columns[1], "closes_before_it_opens", why)
        return Window(earliest, latest)


def numbers_of(
    lines: Iterable[Line], columns: Sequence[str], faults: Faults
) -> Iterator[tuple[Line, list[str]]]:
    """Each line that has as many fields as there are columns; of any other that is noted."""
    for line in lines:
        if len(line.fields) == len(columns):
            yield line, line.fields
            continue
        why = (
            f"Line {line.number} has {len(line.fields)} fields and needs {len(columns)}: {' '.join(columns)}."
        )
        faults.add(line.number, None, "wrong_field_count", why)
