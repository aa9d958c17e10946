"""Pickup and delivery instances of Sartori and Buriol (2020): real cities, with the matrix of minutes in the file.

A head of `NAME: value` lines, then `NODES` with a line a node, then `EDGES` with a row of whole minutes a node. As many
vehicles as are needed may be used; the fewest come first, then the least driving time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from muster.core.errors import FaultyFile
from muster.transport.planner.files.lines import MOST, Faults, Line, as_number, lines_of
from muster.transport.planner.files.paired import GOODS, check_pairs, moves_of, nodes_of
from muster.transport.planner.problem import First, Matrix, Place, Problem, Travel, Vehicle, Window

NODE = ("id", "latitude", "longitude", "load", "earliest", "latest", "service", "pickup", "delivery")
GLOBE = (90.0, 180.0)
NEEDED = ("SIZE", "ROUTE-TIME", "CAPACITY")


def read_sartori(text: str, *, name: str) -> Problem:
    """Read an instance; its own NAME is taken where it has one. Raises FaultyFile."""
    faults = Faults()
    head, node_lines, edge_lines = _parts(lines_of(text), faults)
    size, route_time, capacity = _head(head, faults)
    nodes = nodes_of(node_lines, NODE, faults, bounds=GLOBE)
    if len(node_lines) != size:
        row = head["SIZE"].number if "SIZE" in head else None
        why = f"SIZE is {size}, and there are {len(node_lines)} lines under NODES. Correct one of the two."
        faults.add(row, "SIZE", "wrong_size", why)
    check_pairs(nodes, capacity, faults)
    time_min = _matrix(edge_lines, len(node_lines), faults)
    faults.stop_if_any()

    index = {i: n for n, i in enumerate(nodes)}
    moves = moves_of(nodes, index)
    depot = nodes[0]
    window = Window(depot.window.earliest, min(depot.window.latest, route_time))
    return Problem(
        name=_value(head, "NAME") or name,
        kinds=GOODS,
        places=tuple(Place(code=str(i), latitude=node.first, longitude=node.second) for i, node in nodes.items()),
        moves=moves,
        vehicles=tuple(
            Vehicle(code=str(number), start=index[0], end=index[0], window=window, capacity=(capacity,))
            for number in range(1, len(moves) + 1)
        ),
        travel=Travel(time_min=time_min, distance=time_min, source="whole minutes by road, from the file"),
        first=First.VEHICLES,
    )  # fmt: skip


def _parts(lines: Sequence[Line], faults: Faults) -> tuple[dict[str, Line], list[Line], list[Line]]:
    """The lines of the head by their names, those under NODES and those under EDGES."""
    at = {line.fields[0]: n for n, line in enumerate(lines) if line.fields[0] in ("NODES", "EDGES")}
    for part in ("NODES", "EDGES"):
        if part not in at:
            why = f"There is no line {part}, so what belongs under it is missing."
            faults.add(None, part, "missing", why)
    faults.stop_if_any()
    if at["EDGES"] < at["NODES"]:
        faults.add(lines[at["EDGES"]].number, "EDGES", "wrong_order", "EDGES must stand under NODES.")
        faults.stop_if_any()
    ends = next((n for n, line in enumerate(lines) if line.fields == ["EOF"]), len(lines))
    head = {line.fields[0].rstrip(":"): line for line in lines[: at["NODES"]]}
    return head, list(lines[at["NODES"] + 1 : at["EDGES"]]), list(lines[at["EDGES"] + 1 : ends])


def _value(head: Mapping[str, Line], name: str) -> str:
    return " ".join(head[name].fields[1:]) if name in head else ""


def _head(head: Mapping[str, Line], faults: Faults) -> tuple[int, float, int]:
    values = []
    for name in NEEDED:
        text = _value(head, name)
        row = head[name].number if name in head else None
        if not text:
            faults.add(row, name, "missing", f"{name} is missing. Add a line such as {name}: 100.")
            values.append(0.0)
        else:
            values.append(faults.number(row, name, text, least=1, whole=name != "ROUTE-TIME"))
    return int(values[0]), values[1], int(values[2] or MOST)


def _matrix(lines: Sequence[Line], size: int, faults: Faults) -> Matrix:
    if len(lines) != size:
        why = f"The matrix has {len(lines)} rows and there are {size} nodes. It needs a row for each."
        faults.add(lines[-1].number if lines else None, "EDGES", "matrix_shape", why)
        return np.zeros((size, size))
    matrix = np.zeros((size, size))
    for n, line in enumerate(lines):
        try:
            matrix[n] = _row(n, line, size)
        except FaultyFile as told:
            faults.found += told.faults
    return matrix


def _row(n: int, line: Line, size: int) -> list[float]:
    """One row of the matrix. Raises FaultyFile."""
    faults = Faults()
    if len(line.fields) < size:
        why = f"This row has {len(line.fields)} cells of {size}: {size - len(line.fields)} are missing. Fill them in."
        faults.add(line.number, "EDGES", "matrix_cell_missing", why)
    elif len(line.fields) > size:
        why = f"This row has {len(line.fields)} cells, and there are {size} nodes."
        faults.add(line.number, "EDGES", "matrix_shape", why)
    values = [as_number(text) for text in line.fields]
    for m, value in enumerate(values):
        if value is None or value < 0:
            faults.number(line.number, f"EDGES, cell {m + 1}", line.fields[m], least=0)
    if n < len(values) and values[n]:
        why = f"From node {n} to itself takes {line.fields[n]} minutes. It must take 0."
        faults.add(line.number, f"EDGES, cell {n + 1}", "matrix_diagonal", why)
    faults.stop_if_any()
    return [value or 0.0 for value in values]
