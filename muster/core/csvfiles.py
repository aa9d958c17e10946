"""Writing a CSV file, and reading one that somebody sent: UTF-8, a header row, RFC 4180, every fault by row and column.

The file is read piece by piece and never held whole, so that an endless field in a pipe stops with a fault
and not with the machine.
Source: RFC 4180, section 2. Taken as well, because people send them: a UTF-8 byte order mark, lines that end
in LF alone, and blank lines. Row numbers are those that a spreadsheet shows: the header is row 1, blank lines
count, and a field with line breaks stays in its row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from muster.core.errors import Fault

PIECE = 65_536  # characters read at once
QUOTED = re.compile(r'"([^"]*(?:""[^"]*)*)"(,|$)')
PLAIN = re.compile(r'([^,"]*)(,|$)')
NOT_UTF_8 = re.compile("[\udc80-\udcff]")  # what the decoder leaves for a byte that is not UTF-8

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would reckon with a cell that begins so


def table_of(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as one table with a header (RFC 4180); what a row lacks is empty. A text stays one where it begins like a formula."""
    file = io.StringIO()
    table = csv.DictWriter(file, columns, restval="")
    table.writeheader()
    for row in rows:
        table.writerow({column: _safe(value) for column, value in row.items()})
    return file.getvalue()


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


@dataclass(frozen=True)
class Row:
    """One record: its number as a spreadsheet shows it (the header is 1) and its values by column."""

    number: int
    values: dict[str, str]


@dataclass
class Table:
    """The rows that could be read, in the order of the file, and everything that is wrong with the rest."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class _CannotGoOn(Exception):
    """Where the next record begins is not known."""

    def __init__(self, row: int, code: str, message: str) -> None:
        self.fault = Fault(row, None, code, message)
        super().__init__(message)


def read_table(
    source: Path | BinaryIO,
    *,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    max_field: int = 1_000_000,
) -> Table:
    """Read a file or a pipe with these columns, in any order; an `optional` one that is absent reads as "".

    `max_field` is the length of the longest field taken, in characters. A column that is neither in `columns`
    nor in `optional` is a fault, since it would be lost without a word. A faulty header ends the reading.
    A source that was passed open is left open.
    """
    table = Table()
    if not isinstance(source, Path):
        _read(source, table, columns, optional, max_field)
        return table
    try:
        with source.open("rb") as opened:
            _read(opened, table, columns, optional, max_field)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}. Check its path and who may read it."
        table.faults.append(Fault(None, None, "core.csv_unreadable", message))
    return table


def _read(
    source: BinaryIO, table: Table, columns: Sequence[str], optional: Sequence[str], max_field: int
) -> None:
    # A record longer than this has a field that is too long, or too many fields, whatever stands in it.
    longest = (len(columns) + len(optional)) * (2 * max_field + 3)
    text = io.TextIOWrapper(source, "utf-8-sig", errors="surrogateescape", newline="\n")
    records = _records(lambda: text.readline(PIECE), longest, max_field)
    try:
        _, record = next(records, (1, ""))
        header = _fields(record) or []
        table.faults += _header_faults(header, columns, optional)
        if table.faults:
            return
        absent = dict.fromkeys(set(optional).difference(header), "")
        for number, record in records:
            if record:
                values = _fields(record)
                faults = _row_faults(number, header, values, max_field)
                table.faults += faults
                if values and not faults:
                    table.rows.append(Row(number, dict(zip(header, values, strict=True)) | absent))
    except _CannotGoOn as stop:
        table.faults.append(stop.fault)
    finally:
        text.detach()  # else the wrapper would close a source that is not its own


def _records(piece: Callable[[], str], longest: int, max_field: int) -> Iterator[tuple[int, str]]:
    """Give each record with its number, without the line end; a line break inside quotes does not end it.

    The quotes of a complete record are even in number, those of a quoted quote included.
    """
    number, pieces, length, quotes = 1, list[str](), 0, 0
    while text := piece():
        pieces.append(text)
        length += len(text)
        quotes += text.count('"')
        if length > longest:
            raise _CannotGoOn(
                number,
                "core.csv_field_too_long",
                f"Row {number} has a field of more than {max_field:,} characters, or a quotation mark that "
                "is never closed. Shorten the field, or close the quotation mark.",
            )
        if quotes % 2 == 0 and text.endswith("\n"):
            yield number, "".join(pieces).rstrip("\r\n")
            number, pieces, length, quotes = number + 1, [], 0, 0
    if quotes % 2:
        raise _CannotGoOn(
            number,
            "core.csv_unclosed_quote",
            f"A quotation mark in row {number} is never closed, so the rest of the file is inside it. "
            "Close it; inside a quoted field, write a quotation mark twice.",
        )
    if pieces:
        yield number, "".join(pieces)


def _fields(record: str) -> list[str] | None:
    """Take one record apart. None where a quotation mark stands inside a field that is not in quotes."""
    if '"' not in record:
        return record.split(",")
    values, at, more = list[str](), 0, True
    while more:
        quoted = record.startswith('"', at)
        found = (QUOTED if quoted else PLAIN).match(record, at)
        if found is None:
            return None
        values.append(found[1].replace('""', '"') if quoted else found[1])
        at, more = found.end(), found[2] == ","
    return values


def _header_faults(header: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> Iterator[Fault]:
    if header in ([], [""]):
        message = f"The header row is empty or has a broken quotation mark. Write: {','.join(columns)}."
        yield Fault(1, None, "core.csv_no_header", message)
        return
    if any(NOT_UTF_8.search(name) or "\0" in name for name in header):
        yield Fault(
            1, None, "core.csv_not_utf8", "The header row is not UTF-8 text. Save the file as CSV in UTF-8."
        )
        return
    known, found = {*columns, *optional}, ", ".join(header)[:200]
    for name in columns:
        if name not in header:
            message = f"The column {name} is missing; the header row has: {found}. Add it, after a comma."
            yield Fault(1, name, "core.csv_missing_column", message)
    for name in dict.fromkeys(header):
        shown = name[:60]
        if header.count(name) > 1:
            message = f"The column {shown!r} stands {header.count(name)} times in the header row. Keep one."
            yield Fault(1, shown, "core.csv_repeated_column", message)
        if name not in known:
            message = f"The column {shown!r} would not be read. Take it out, or rename it."
            yield Fault(1, shown, "core.csv_unknown_column", message)


def _row_faults(
    number: int, header: Sequence[str], values: Sequence[str] | None, max_field: int
) -> list[Fault]:
    if values is None:
        message = (
            f"Row {number} has a quotation mark inside a field that is not in quotation marks, so where its "
            "fields end is not certain. Put the whole field in quotation marks and write the inner one twice."
        )
        return [Fault(number, None, "core.csv_stray_quote", message)]
    if len(values) != len(header):
        message = (
            f"Row {number} has {len(values)} fields and the header row {len(header)}. "
            "Put a field that has a comma or a line break in quotation marks."
        )
        return [Fault(number, None, "core.csv_wrong_field_count", message)]
    faults = []
    for column, value in zip(header, values, strict=True):
        if value.isascii() and "\0" not in value and len(value) <= max_field:
            continue
        if len(value) > max_field:
            message = f"Row {number} has more than {max_field:,} characters in {column}. Shorten it."
            faults.append(Fault(number, column, "core.csv_field_too_long", message))
        if "\0" in value:
            message = f"Row {number} has a NUL character in {column}. Save the file as CSV in UTF-8."
            faults.append(Fault(number, column, "core.csv_nul", message))
        if NOT_UTF_8.search(value):
            message = f"Row {number} is not UTF-8 text in {column}. Save the file as CSV in UTF-8."
            faults.append(Fault(number, column, "core.csv_not_utf8", message))
    return faults
