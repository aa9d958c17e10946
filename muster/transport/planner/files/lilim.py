"""Pickup and delivery instances of Li and Lim (2003): the fewest vehicles, then the least distance.

The first line: vehicles, capacity, speed. Then a line a node. Minutes and distances are Euclidean whatever the speed,
as SINTEF counts them; some files give the speed as 0, others as 1.
"""

from __future__ import annotations

from muster.transport.planner.distances import on_a_plane
from muster.transport.planner.files.lines import MOST, Faults, Line, lines_of, numbers_of
from muster.transport.planner.files.paired import GOODS, check_pairs, moves_of, nodes_of
from muster.transport.planner.problem import First, Place, Problem, Vehicle

HEAD = ("vehicles", "capacity", "speed")
NODE = ("id", "x", "y", "load", "earliest", "latest", "service", "pickup", "delivery")


def read_lilim(text: str, *, name: str) -> Problem:
    """Read an instance. Raises FaultyFile."""
    faults = Faults()
    head, *rest = lines_of(text)
    vehicles, capacity = _head(head, faults)
    nodes = nodes_of(rest, NODE, faults)
    check_pairs(nodes, capacity, faults)
    faults.stop_if_any()
    places = tuple(Place(code=str(i), x=node.first, y=node.second) for i, node in nodes.items())
    index = {i: n for n, i in enumerate(nodes)}
    return Problem(
        name=name,
        kinds=GOODS,
        places=places,
        moves=moves_of(nodes, index),
        vehicles=tuple(
            Vehicle(code=str(number), start=index[0], end=index[0], window=nodes[0].window, capacity=(capacity,))
            for number in range(1, vehicles + 1)
        ),
        travel=on_a_plane(places),
        first=First.VEHICLES,
    )  # fmt: skip


def _head(line: Line, faults: Faults) -> tuple[int, int]:
    for _, fields in numbers_of([line], HEAD, faults):
        vehicles = faults.vehicles(line.number, fields[0])
        capacity = int(faults.number(line.number, "capacity", fields[1], least=1, whole=True)) or int(MOST)
        faults.number(line.number, "speed", fields[2], least=0)
        return vehicles, capacity
    return 0, int(MOST)
