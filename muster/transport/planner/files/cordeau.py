"""Dial-a-ride instances of Cordeau and Laporte (2003), Cordeau (2006) and Ropke and others (2007).

The first line: vehicles, nodes, longest route, capacity, longest ride. Then a line a node: the depot as 0, pickups 1 to n,
and the delivery of pickup i as n + i. Some files end with the depot again, whose window bounds the return. The number of
nodes in the first line is n in some files and 2n in others, so the lines are counted instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from muster.transport.planner.distances import on_a_plane
from muster.transport.planner.files.lines import MOST, Faults, Line, lines_of, numbers_of
from muster.transport.planner.problem import Move, Place, Problem, Stop, Vehicle, Window

HEAD = ("vehicles", "nodes", "longest route", "capacity", "longest ride")
NODE = ("id", "x", "y", "service", "load", "earliest", "latest")
PERSONS = ("persons",)


@dataclass(frozen=True)
class _Node:
    """One line of the file."""

    row: int
    x: float
    y: float
    service: float
    load: int
    window: Window


def read_cordeau(text: str, *, name: str) -> Problem:
    """Read an instance: minutes and distances are Euclidean, and a unit of distance costs 1. Raises FaultyFile."""
    faults = Faults()
    head, *rest = lines_of(text)
    vehicles, longest_route, capacity, longest_ride = _head(head, faults)
    nodes = _nodes(rest, faults)
    if 0 not in nodes:
        faults.add(head.number, "id", "no_depot", "There is no node 0, which is the depot. Add its line.")
    n = (sum(node.load != 0 for i, node in nodes.items() if i) + 1) // 2
    if n == 0:
        faults.add(None, None, "no_moves", "Nobody is to be moved: no node has a load.")
    _check(nodes, n, capacity, faults)
    faults.stop_if_any()

    depot, back = nodes[0], nodes.get(2 * n + 1, nodes[0])
    ends_elsewhere = (back.x, back.y) != (depot.x, depot.y)
    kept = range(2 * n + (2 if ends_elsewhere else 1))
    places = tuple(Place(code=str(i), x=nodes[i].x, y=nodes[i].y) for i in kept)
    window = Window(depot.window.earliest, back.window.latest)
    return Problem(
        name=name,
        kinds=PERSONS,
        places=places,
        moves=tuple(_move(i, nodes, n, longest_ride) for i in range(1, n + 1)),
        vehicles=tuple(
            Vehicle(code=str(number), start=0, end=2 * n + 1 if ends_elsewhere else 0, window=window,
                    capacity=(capacity,), max_duration_min=longest_route)
            for number in range(1, vehicles + 1)
        ),
        travel=on_a_plane(places),
    )  # fmt: skip


def _head(line: Line, faults: Faults) -> tuple[int, float, int, float]:
    for _, fields in numbers_of([line], HEAD, faults):
        row = line.number
        vehicles = faults.vehicles(row, fields[0])
        faults.number(row, "nodes", fields[1], least=0, whole=True)
        return (
            vehicles,
            faults.number(row, "longest route", fields[2], least=0),
            int(faults.number(row, "capacity", fields[3], least=1, whole=True)) or int(MOST),
            faults.number(row, "longest ride", fields[4], least=0),
        )
    return 0, 0, int(MOST), 0


def _nodes(lines: list[Line], faults: Faults) -> dict[int, _Node]:
    nodes: dict[int, _Node] = {}
    for line, fields in numbers_of(lines, NODE, faults):
        row, before = line.number, len(faults.found)
        number = int(faults.number(row, "id", fields[0], least=0, whole=True))
        x, y = (faults.number(row, column, text) for column, text in zip("xy", fields[1:3], strict=True))
        service = faults.number(row, "service", fields[3], least=0)
        load = int(faults.number(row, "load", fields[4], whole=True))
        earliest, latest = (
            faults.number(row, column, text, least=0)
            for column, text in zip(NODE[5:], fields[5:], strict=True)
        )
        if len(faults.found) == before:
            faults.window(row, ("earliest", "latest"), earliest, latest)
        if number in nodes:
            why = f"Node {number} stands in line {nodes[number].row} already. Keep one of the two."
            faults.add(row, "id", "given_twice", why)
            continue
        nodes[number] = _Node(row, x, y, service, load, Window(earliest, latest))
    return nodes


def _check(nodes: Mapping[int, _Node], n: int, capacity: int, faults: Faults) -> None:
    """Note what the nodes get wrong among one another: ids with holes, pickups without their deliveries, loads that do not fit."""
    for i, node in nodes.items():
        if i > 2 * n + 1:
            why = f"Node {i} belongs to nothing: with {n} pickups the nodes are 0 to {2 * n + 1}."
            faults.add(node.row, "id", "unknown_node", why)
    for i in (0, 2 * n + 1):
        if i in nodes and nodes[i].load:
            faults.add(nodes[i].row, "load", "depot_with_load", "The depot has a load. Its load must be 0.")
    for i in range(1, n + 1):
        pickup, delivery = nodes.get(i), nodes.get(n + i)
        if pickup is None:
            row = delivery.row if delivery else None
            why = f"There is no node {i}, the pickup of delivery {n + i}. Add its line."
            faults.add(row, "id", "no_pickup", why)
            continue
        if pickup.load <= 0:
            why = f"Pickup {i} has the load {pickup.load}; it must be at least 1."
            faults.add(pickup.row, "load", "negative_load" if pickup.load < 0 else "no_load", why)
        elif pickup.load > capacity:
            why = f"Pickup {i} has the load {pickup.load}, and no vehicle takes more than {capacity}."
            faults.add(pickup.row, "load", "fits_no_vehicle", why)
        if delivery is None:
            why = f"Pickup {i} has no delivery: there is no node {n + i}. Add its line."
            faults.add(pickup.row, "id", "no_delivery", why)
        elif pickup.load > 0 and delivery.load != -pickup.load:
            why = (
                f"Delivery {n + i} has the load {delivery.load}; that of pickup {i} makes it {-pickup.load}."
            )
            faults.add(delivery.row, "load", "loads_differ", why)


def _move(i: int, nodes: Mapping[int, _Node], n: int, longest_ride: float) -> Move:
    pickup, delivery = nodes[i], nodes[n + i]
    return Move(
        code=str(i),
        pickup=Stop(place=i, window=pickup.window, service_min=pickup.service),
        delivery=Stop(place=n + i, window=delivery.window, service_min=delivery.service),
        load=(pickup.load,),
        max_ride_min=longest_ride,
    )
