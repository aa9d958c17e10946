"""Many requests in one file: TOML or JSON tables, messages of EDXL-RM, or CSV with a row for each line of a request. Plain Python.

In CSV the rows of one request share its id; what is said of the whole request stands in its first row, and a further row leaves
it empty or says the same. Every fault is told by row: in CSV as a spreadsheet shows it, in the others the request's number.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from muster.assistance.edxl import read_messages
from muster.assistance.forms import IN_A_LINE, LABELS, LINE_LABELS
from muster.assistance.rules import MalformedRequest, Request, read_request
from muster.core.csvfiles import Row, read_table
from muster.core.errors import Fault, FaultyFile, FaultyInput
from muster.core.files import LARGEST_BYTES, Malformed, TooLarge, read_data, take_in

NEEDED = ("id", "title", "asked", "state")
HEAD = tuple(dict.fromkeys((*NEEDED, *LABELS)))
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True)
class Asked:
    """One request of a file, and the row where it begins."""

    row: int
    read: Request


@dataclass
class Requests:
    """What a file came to: how many rows it has, the good requests in its order, and what is wrong with the rest."""

    count: int
    good: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_requests(content: bytes, *, name: str) -> Requests:
    """Read a file by the ending of its name, or by what its first line looks like where it has none of the four.

    Raises TooLarge, NotUtf8, MalformedRequest, MalformedXml, DocumentTypeRefused, NoRequestInIt, and
    FaultyFile where a table is so broken that no row of it is certain.
    """
    if len(content) > LARGEST_BYTES:
        raise TooLarge(limit=LARGEST_BYTES)
    ending = name.lower().rpartition(".")[2]
    if ending == "xml" or content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _of_messages(take_in(content))
    looks_like_rows = b"," in content.split(b"\n", 1)[0] and not content.lstrip().startswith((b"{", b"["))
    if ending == "csv" or (ending not in ("toml", "json") and looks_like_rows):
        return _of_rows(content)
    return _of_tables(take_in(content))


# --- TOML and JSON ------------------------------------------------------------------


def _of_tables(text: str) -> Requests:
    try:
        data = read_data(text)
    except Malformed as fault:
        raise MalformedRequest(reason=fault.reason, row=fault.row) from None
    tables = data.get("requests", [data]) if set(data) <= {"requests"} else [data]
    if not isinstance(tables, list) or not tables:
        message = "requests must be a list of tables, each a request."
        raise FaultyFile([Fault(None, "requests", "assistance.wrong_kind", message)])
    found = Requests(len(tables))
    for n, table in enumerate(tables, start=1):
        _take(found, table, n, {})
    return found


def _take(found: Requests, data: Any, row: int, rows: Mapping[int, int]) -> None:
    """Read one request; `rows` gives the row of each of its lines, where they have rows of their own."""
    try:
        read = read_request(data, draft=True)
    except FaultyInput as told:
        found.faults += [
            Fault(_row(f.column, row, rows), _column(f.column, rows), f.code, f.message) for f in told.faults
        ]
        return
    if read.id in [each.read.id for each in found.good]:
        message = f"The request {read.id} stands further up already. Keep one of the two."
        found.faults.append(Fault(row, "id", "assistance.given_twice", message))
        return
    found.good.append(Asked(row, read))


def _row(column: str | None, row: int, rows: Mapping[int, int]) -> int:
    inside = IN_A_LINE.fullmatch(column or "")
    return rows.get(int(inside[1]), row) if inside else row


def _column(column: str | None, rows: Mapping[int, int]) -> str | None:
    """The column of a CSV file that a path names: `people` for `lines[2].people`."""
    inside = IN_A_LINE.fullmatch(column or "")
    return inside[2] if inside and rows else column


# --- EDXL-RM ------------------------------------------------------------------------


def _of_messages(text: str) -> Requests:
    messages = read_messages(text)
    found = Requests(len(messages))
    for n, message in enumerate(messages, start=1):
        _take(found, message, n, {})
    return found


# --- CSV ----------------------------------------------------------------------------


def _of_rows(content: bytes) -> Requests:
    optional = [name for name in (*HEAD, *LINE_LABELS) if name not in NEEDED]
    table = read_table(io.BytesIO(content), columns=NEEDED, optional=optional)
    if table.faults:
        raise FaultyFile(table.faults)
    found = Requests(len(table.rows))
    for rows in _together(table.rows):
        head, faults = _head(rows)
        if faults:
            found.faults += faults
            continue
        lines = [(row.number, _line(row)) for row in rows]
        said = [(number, line) for number, line in lines if line]
        _take(
            found,
            head | {"lines": [line for _, line in said]},
            rows[0].number,
            {n: number for n, (number, _) in enumerate(said, start=1)},
        )
    return found


def _together(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows of each request, in the order in which the file names it first. A row without an id is one of its own."""
    by_id: dict[str, list[Row]] = {}
    for row in rows:
        by_id.setdefault(row.values["id"].strip() or f"\0{row.number}", []).append(row)
    yield from by_id.values()


def _head(rows: Sequence[Row]) -> tuple[dict[str, Any], list[Fault]]:
    """What the rows say of the whole request, and where they contradict one another."""
    first, faults = rows[0], list[Fault]()
    for row in rows[1:]:
        for name in HEAD:
            again, said = row.values[name].strip(), first.values[name].strip()
            if again and again != said:
                message = f"Row {row.number} says {again[:40]!r} as {name}, and row {first.number} {said[:40]!r}. Keep one."
                faults.append(Fault(row.number, name, "assistance.row_otherwise", message))
    head: dict[str, Any] = {}
    for name in HEAD:
        value = _typed(name, first.values[name].strip())
        outer, _, inner = name.partition(".")
        if value is not None and inner:
            head.setdefault(outer, {})[inner] = value
        elif value is not None:
            head[outer] = value
    return head, faults


def _typed(name: str, text: str) -> Any:
    if name == "verbal" and text.lower() in (*YES, *NO):
        return text.lower() in YES
    if name == "cost_estimate_usd" and text.isascii() and text.isdecimal() and len(text) < 16:
        return int(text)
    return text or None


def _line(row: Row) -> dict[str, str]:
    return {name: text for name in LINE_LABELS if (text := row.values[name].strip())}
