"""An import file is read within bounds, and everything wrong with it is told at once."""

from __future__ import annotations

import io
import os
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.core.csvfiles import Table, read_table


def read(content: bytes | str, *, optional: tuple[str, ...] = (), max_field: int = 1_000_000) -> Table:
    data = content.encode() if isinstance(content, str) else content
    return read_table(io.BytesIO(data), columns=("site", "count"), optional=optional, max_field=max_field)


def told(table: Table) -> list[tuple[int | None, str | None, str]]:
    return [(fault.row, fault.column, fault.code.removeprefix("core.csv_")) for fault in table.faults]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("site,count\nA,1\nB,2\n", [(2, "A", "1"), (3, "B", "2")]),
        ("count,site\r\n1,A\r\n", [(2, "A", "1")]),
        ("\ufeffsite,count\nA,1", [(2, "A", "1")]),
        ('site,count\n"A, north",1\n', [(2, "A, north", "1")]),
        ('site,count\n"the ""old"" gaol",1\n', [(2, 'the "old" gaol', "1")]),
        ('site,count\n"two\r\nlines",1\nB,2\n', [(2, "two\r\nlines", "1"), (3, "B", "2")]),
        ("site,count\n\nB,2\n\n", [(3, "B", "2")]),
        ("site,count\nCañon,\n", [(2, "Cañon", "")]),
        ('site,count\n"",""\n', [(2, "", "")]),
        ("site,count\n", []),
    ],
)
def test_what_people_send_is_read_with_the_row_numbers_of_a_spreadsheet(
    text: str, rows: list[tuple[int, str, str]]
) -> None:
    table = read(text)

    assert table.faults == []
    assert [(row.number, row.values["site"], row.values["count"]) for row in table.rows] == rows


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (b"", [(1, None, "no_header")]),
        (b"\n\nA,1\n", [(1, None, "no_header")]),
        (b'site"x",count\nA,1\n', [(1, None, "no_header")]),
        (b"site,number\n", [(1, "count", "missing_column"), (1, "number", "unknown_column")]),
        (
            b"site;count\nA;1\n",
            [
                (1, "site", "missing_column"),
                (1, "count", "missing_column"),
                (1, "site;count", "unknown_column"),
            ],
        ),
        (b"site,count,site\n", [(1, "site", "repeated_column")]),
        ("site,count\nA,1\n".encode("utf-16"), [(1, None, "not_utf8")]),
        (
            "site,count\nCañon,1\nB,2\nPeña,3\n".encode("latin-1"),
            [(2, "site", "not_utf8"), (4, "site", "not_utf8")],
        ),
        (b"site,count\nA,1,2\nB\nC,3\n", [(2, None, "wrong_field_count"), (3, None, "wrong_field_count")]),
        (b"site,count\nA\0,1\n", [(2, "site", "nul")]),
        (b'site,count\nA,1\n"B,2\nC,3\n', [(3, None, "unclosed_quote")]),
        (
            b'site,count\n5" pipe and 6" pipe,1\nB\n',
            [(2, None, "stray_quote"), (3, None, "wrong_field_count")],
        ),
        (b'site,count\n"A" north,1\n', [(2, None, "stray_quote")]),
    ],
)
def test_every_fault_is_told_with_its_row_and_column(
    content: bytes, faults: list[tuple[int | None, str | None, str]]
) -> None:
    table = read(content)

    assert told(table) == faults
    assert all(fault.message.endswith(".") and fault.message.count(". ") >= 1 for fault in table.faults)


def test_good_rows_beside_faulty_ones_are_kept_for_the_caller_to_choose() -> None:
    table = read("site,count\nA,1\nB\nC,3\n")

    assert [row.values["site"] for row in table.rows] == ["A", "C"]


def test_a_column_that_may_be_absent_reads_as_empty() -> None:
    assert read("site,count\nA,1\n", optional=("note",)).rows[0].values["note"] == ""
    assert read("site,count,note\nA,1,n\n", optional=("note",)).rows[0].values["note"] == "n"


@pytest.mark.parametrize(("length", "faults"), [(10, []), (11, [(2, "site", "field_too_long")])])
def test_a_field_may_be_as_long_as_the_limit_and_no_longer(
    length: int, faults: list[tuple[int, str, str]]
) -> None:
    assert told(read(f"site,count\n{'x' * length},1\n", max_field=10)) == faults


def test_a_field_full_of_quotation_marks_is_as_long_as_what_it_says() -> None:
    assert told(read('site,count\n"' + '""' * 10 + '",1\n', max_field=10)) == []


def test_a_field_over_one_megabyte_is_told_and_the_rows_behind_it_are_still_read() -> None:
    table = read(f'site,count\n"{"x" * 1_000_001}",1\nB\n')

    assert told(table) == [(2, "site", "field_too_long"), (3, None, "wrong_field_count")]


@pytest.mark.parametrize("start", [b"site,count\nA,", b'site,count\nA,"', b"", b"site,"])
def test_an_endless_field_in_a_pipe_stops_with_a_fault_and_little_memory(start: bytes) -> None:
    """The pipe is read, not the disk: nobody knows its length, and the writer only stops when it breaks."""
    reader, writer = os.pipe()

    def pour() -> None:
        with open(writer, "wb") as sink:
            try:
                sink.write(start)
                sink.writelines(b"x" * 1_000_000 for _ in range(2_000))
            except BrokenPipeError:
                return

    pouring = threading.Thread(target=pour)
    pouring.start()
    tracemalloc.start()
    with open(reader, "rb") as source:
        table = read_table(source, columns=("site", "count"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    pouring.join()

    assert [fault.code for fault in table.faults] == ["core.csv_field_too_long"]
    assert peak < 50_000_000


def test_a_source_that_was_passed_open_is_left_open() -> None:
    source = io.BytesIO(b"site,count\nA,1\n")

    read_table(source, columns=("site", "count"))

    assert not source.closed


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    missing = read_table(tmp_path / "none.csv", columns=("site",))
    folder = read_table(tmp_path, columns=("site",))

    assert told(missing) == told(folder) == [(None, None, "unreadable")]


def written(rows: list[list[str]]) -> Iterator[str]:
    """RFC 4180, every field quoted."""
    for row in rows:
        yield ",".join('"' + field.replace('"', '""') + '"' for field in row) + "\r\n"


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2
        )
    )
)
def test_whatever_text_is_written_comes_back(rows: list[list[str]]) -> None:
    table = read("".join(written([["site", "count"], *rows])))

    assert table.faults == []
    assert [list(row.values.values()) for row in table.rows] == rows


@given(st.binary(max_size=200))
def test_no_input_breaks_the_reader(content: bytes) -> None:
    table = read(b"site,count\n" + content, max_field=20)

    assert all(fault.row for fault in table.faults)
