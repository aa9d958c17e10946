"""Nodes that name their pickup or delivery, as both Li-Lim and Sartori-Buriol files have them: from lines to moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from muster.transport.planner.files.lines import MOST, Faults, Line, numbers_of
from muster.transport.planner.problem import Move, Stop, Window

GOODS = ("load",)


@dataclass(frozen=True)
class Node:
    """One line: the depot, a pickup that names its delivery, or a delivery that names its pickup. `first` and `second`: where it is."""

    row: int
    first: float
    second: float
    load: int
    window: Window
    service: float
    pickup: int
    delivery: int


def nodes_of(
    lines: Sequence[Line],
    columns: Sequence[str],
    faults: Faults,
    *,
    bounds: tuple[float, float] = (MOST, MOST),
) -> dict[int, Node]:
    """The nodes by id. The second and third of `columns` are coordinates, each within its bound on both sides of nought."""
    nodes: dict[int, Node] = {}
    for line, fields in numbers_of(lines, columns, faults):
        row, before = line.number, len(faults.found)
        number, pickup, delivery = (
            int(faults.number(row, columns[n], fields[n], least=0, whole=True)) for n in (0, 7, 8)
        )
        first, second = (_coordinate(row, columns[n], fields[n], bounds[n - 1], faults) for n in (1, 2))
        load = int(faults.number(row, columns[3], fields[3], whole=True))
        earliest, latest, service = (faults.number(row, columns[n], fields[n], least=0) for n in (4, 5, 6))
        if len(faults.found) == before:
            faults.window(row, (columns[4], columns[5]), earliest, latest)
        if number in nodes:
            why = f"Node {number} stands in line {nodes[number].row} already. Keep one of the two."
            faults.add(row, columns[0], "given_twice", why)
            continue
        window = Window(earliest, latest)
        nodes[number] = Node(row, first, second, load, window, service, pickup, delivery)
    return nodes


def _coordinate(row: int, column: str, text: str, bound: float, faults: Faults) -> float:
    value = faults.number(row, column, text)
    if abs(value) > bound:
        why = f"{text[:40]} as {column} is off the globe. Write degrees from -{bound:g} to {bound:g}."
        faults.add(row, column, "off_the_globe", why)
    return value


def check_pairs(nodes: Mapping[int, Node], capacity: int, faults: Faults) -> None:
    """Note a missing depot, pickups and deliveries that do not name one another, and loads that cannot be."""
    if 0 not in nodes:
        faults.add(None, "id", "no_depot", "There is no node 0, which is the depot. Add its line.")
    if len(nodes) < 3:
        faults.add(None, None, "no_moves", "Nothing is to be moved: there is no pickup with a delivery.")
    for i, node in nodes.items():
        if i == 0:
            if node.load or node.pickup or node.delivery:
                why = "Node 0 is the depot: its load, pickup and delivery must be 0."
                faults.add(node.row, "load", "depot_with_load", why)
        elif node.pickup and node.delivery:
            why = f"Node {i} names a pickup and a delivery. A pickup names its delivery alone, and the other way about."
            faults.add(node.row, "pickup", "both_ends", why)
        elif node.delivery:
            _check_pickup(i, node, nodes, capacity, faults)
        elif node.pickup:
            if (other := nodes.get(node.pickup)) is None or other.delivery != i:
                why = f"Delivery {i} names node {node.pickup} as its pickup, which does not name it as its delivery."
                faults.add(node.row, "pickup", "no_pickup", why)
        else:
            what = "Delivery" if node.load < 0 else "Pickup"
            other_end = "pickup" if node.load < 0 else "delivery"
            why = f"{what} {i} has no {other_end}: it names none."
            faults.add(node.row, other_end, f"no_{other_end}", why)


def _check_pickup(i: int, node: Node, nodes: Mapping[int, Node], capacity: int, faults: Faults) -> None:
    if node.load <= 0:
        why = f"Pickup {i} has the load {node.load}; it must be at least 1."
        faults.add(node.row, "load", "negative_load" if node.load < 0 else "no_load", why)
    elif node.load > capacity:
        why = f"Pickup {i} has the load {node.load}, and no vehicle takes more than {capacity}."
        faults.add(node.row, "load", "fits_no_vehicle", why)
    delivery = nodes.get(node.delivery)
    if delivery is None:
        why = f"Pickup {i} has no delivery: there is no node {node.delivery}. Add its line, or name another."
        faults.add(node.row, "delivery", "no_delivery", why)
    elif delivery.pickup != i:
        why = f"Pickup {i} names node {node.delivery} as its delivery, which names {delivery.pickup} as its pickup."
        faults.add(node.row, "delivery", "no_delivery", why)
    elif node.load > 0 and delivery.load != -node.load:
        why = f"Delivery {node.delivery} has the load {delivery.load}; that of pickup {i} makes it {-node.load}."
        faults.add(delivery.row, "load", "loads_differ", why)


def moves_of(nodes: Mapping[int, Node], places: Mapping[int, int]) -> tuple[Move, ...]:
    """A move for each pickup, in the order of the file; `places` gives the index of each node's place."""
    return tuple(
        Move(
            code=str(i),
            pickup=Stop(place=places[i], window=node.window, service_min=node.service),
            delivery=_stop(nodes[node.delivery], places[node.delivery]),
            load=(node.load,),
        )
        for i, node in nodes.items()
        if node.delivery
    )


def _stop(node: Node, place: int) -> Stop:
    return Stop(place=place, window=node.window, service_min=node.service)
