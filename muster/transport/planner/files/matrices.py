"""A matrix between places: a CSV file with a row and a column for each place, or rows inside a problem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from muster.core.csvfiles import read_table
from muster.core.errors import Fault
from muster.core.reading import Fields
from muster.transport.planner.files.lines import Faults, as_number
from muster.transport.planner.problem import Matrix

FROM = "from"


def read_matrix(path: Path, codes: Sequence[str]) -> tuple[Matrix, list[Fault]]:
    """A CSV file whose first column `from` names places and whose other columns are places: the matrix, and every fault.

    The order of rows and columns is the file's own. A column in a fault begins with the file's name.
    """
    table = read_table(path, columns=(FROM, *codes))
    faults = Faults([Fault(each.row, each.column, each.code, each.message) for each in table.faults])
    index = {code: n for n, code in enumerate(codes)}
    matrix = np.zeros((len(codes), len(codes)))
    seen: set[str] = set()
    for row in table.rows:
        code = row.values[FROM]
        if code not in index or code in seen:
            why = f"There is no place {code[:60]!r}." if code not in index else f"{code} has a row already."
            faults.add(row.number, FROM, "matrix_shape", f"{why} The matrix needs one row for each place.")
            continue
        seen.add(code)
        for other in codes:
            text = row.values[other].strip()
            if not text:
                why = f"The cell from {code} to {other} is missing. Fill it in."
                faults.add(row.number, other, "matrix_cell_missing", why)
            else:
                matrix[index[code], index[other]] = faults.number(row.number, other, text, least=0)
        if matrix[index[code], index[code]]:
            faults.add(row.number, code, "matrix_diagonal", f"From {code} to itself must take 0.")
    if not table.faults:
        for code in codes:
            if code not in seen:
                why = f"{code} has no row. The matrix needs one row for each place."
                faults.add(None, FROM, "matrix_shape", why)
    named = [
        Fault(f.row, f"{path.name}: {f.column}" if f.column else path.name, f.code, f.message)
        for f in faults.found
    ]
    return matrix, named


def of_rows(read: Fields, name: str, rows: object, codes: Sequence[str]) -> Matrix:
    """Rows of numbers in the order of the places; faults are noted in `read`."""
    size = len(codes)
    matrix = np.zeros((size, size))
    if not isinstance(rows, list) or len(rows) != size:
        count = f"{len(rows)} rows" if isinstance(rows, list) else "no rows"
        read.fault(
            name, "matrix_shape", f"{read.path}{name} has {count}; it needs {size}, one for each place."
        )
        return matrix
    for n, row in enumerate(rows):
        path = f"{name}[{n + 1}]"
        if not isinstance(row, list) or len(row) > size:
            read.fault(
                path, "matrix_shape", f"Row {n + 1} of {name} must have {size} cells, one for each place."
            )
            continue
        if len(row) < size or None in row:
            read.fault(
                path, "matrix_cell_missing", f"Row {n + 1} of {name} has a cell missing. It needs {size}."
            )
            continue
        for m, cell in enumerate(row):
            if (
                isinstance(cell, bool)
                or not isinstance(cell, int | float)
                or as_number(str(float(cell))) is None
            ):
                read.fault(path, "not_a_number", f"The cell from {codes[n]} to {codes[m]} is no number.")
            elif cell < 0:
                read.fault(path, "negative", f"The cell from {codes[n]} to {codes[m]} is below 0.")
            elif n == m and cell:
                read.fault(path, "matrix_diagonal", f"From {codes[n]} to itself must take 0.")
            else:
                matrix[n, m] = cell
    return matrix
