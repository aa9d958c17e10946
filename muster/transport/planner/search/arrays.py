"""A problem as arrays, which is what the compiled search reads.

Nodes: move `i` is picked up at node `i` and delivered at node `n + i`; after them come the places where vehicles start and end.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muster.transport.planner.problem import First, How, Matrix, Problem, Vehicle

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
NEIGHBOURS = 100  # how many of the nearest nodes a removal looks along
FOREVER = 1e18
CLOSED = (
    2 * FOREVER
)  # minutes of a leg to which no way is left: in time for nothing, and a number that can be reckoned with


class Data(NamedTuple):
    """What stays the same during a search. Per node, per move (n) and per vehicle; matrices between nodes."""

    n: int
    time: Matrix  # minutes from node to node
    cost: NDArray[np.float64]  # [sort of cost, node, node]
    time_to: Matrix  # both with the node where a leg ends first: the legs to one node lie side by side
    cost_to: NDArray[np.float64]
    early: Matrix  # per node, narrowed by what the other end of the move allows
    late: Matrix
    service: Matrix
    load: Ints  # [node, kind of load], negative at deliveries
    near: Ints  # [node of a move, NEIGHBOURS], nearest first
    related: Ints  # [move, NEIGHBOURS], those whose both ends are nearest in place and time first
    ride: Matrix  # per move: minutes at most, FOREVER where there is no limit
    unserved: Matrix  # per move: what leaving it weighs
    group: Ints  # per move: the next move of its group, in a ring; itself where it has none
    start: Ints  # per vehicle: the node where it starts
    end: Ints
    leaves: Matrix
    back: Matrix
    room: Ints  # [vehicle, kind of load]
    sort: Ints  # of cost
    alike: Ints  # vehicles of one number are alike in all
    fixed: Matrix
    duration: Matrix
    driving: Matrix
    break_after: Matrix
    break_length: Matrix
    fits: Bytes  # [move, vehicle]: it may ride there at all
    apart_aboard: Bytes  # [move, move], or one cell where nothing is kept apart so
    apart_vehicle: Bytes
    bound: bool  # a longest ride, duration, driving, break or being apart aboard: more than windows and loads to test
    has_apart_aboard: bool
    has_apart_vehicle: bool
    has_groups: bool


def data_of(problem: Problem) -> Data:
    """The arrays of a problem."""
    moves, vehicles = problem.moves, problem.vehicles
    n = len(moves)
    stops = [move.pickup for move in moves] + [move.delivery for move in moves]
    depots = sorted({place for each in vehicles for place in (each.start, each.end)})
    at_depot = {place: 2 * n + number for number, place in enumerate(depots)}
    places = np.array([stop.place for stop in stops] + depots, dtype=np.int64)
    time = np.ascontiguousarray(np.minimum(problem.travel.time_min[np.ix_(places, places)], CLOSED))
    distance = problem.travel.distance[np.ix_(places, places)]
    prices = sorted({_price(each) for each in vehicles})
    cost = np.stack([per_distance * distance + per_minute * time for per_distance, per_minute in prices])
    if np.array_equal(cost, time[None]):
        cost = time[None]  # one matrix to hold in the processor's cache instead of two
    early = np.array([stop.window.earliest for stop in stops] + [0.0] * len(depots))
    late = np.array([stop.window.latest for stop in stops] + [FOREVER] * len(depots))
    service = np.array([stop.service_min for stop in stops] + [0.0] * len(depots))
    ride = np.array([FOREVER if move.max_ride_min is None else move.max_ride_min for move in moves])
    _narrow(early, late, service, time, ride)
    aboard, vehicle_apart = _apart(problem, How.ABOARD), _apart(problem, How.VEHICLE)
    sorts = {each: number for number, each in enumerate(sorted({_kind(each) for each in vehicles}, key=repr))}
    limits = [(each.max_duration_min, each.max_driving_min, each.breaks) for each in vehicles]
    group = _rings(problem)
    return _of_one_type(
        Data(
        n=n,
        time=time,
        cost=cost,
        time_to=_turned(time),
        cost_to=_turned(cost),
        early=early,
        late=late,
        service=service,
        load=np.array(
            [move.load for move in moves] + [[-each for each in move.load] for move in moves]
            + [[0] * len(problem.kinds)] * len(depots),
            dtype=np.int32,
        ).reshape(2 * n + len(depots), len(problem.kinds)),
        near=_near(time, 2 * n),
        related=_related(time, early, late, n),
        ride=ride,
        unserved=weights(problem),
        group=group,
        start=np.array([at_depot[each.start] for each in vehicles], dtype=np.int32),
        end=np.array([at_depot[each.end] for each in vehicles], dtype=np.int32),
        leaves=np.array([each.window.earliest for each in vehicles]),
        back=np.array([each.window.latest for each in vehicles]),
        room=np.array([each.room for each in vehicles], dtype=np.int32).reshape(len(vehicles), len(problem.kinds)),
        sort=np.array([prices.index(_price(each)) for each in vehicles], dtype=np.int32),
        alike=np.array([sorts[_kind(each)] for each in vehicles], dtype=np.int32),
        fixed=np.array([each.units * each.fixed_cost for each in vehicles], dtype=np.float64),
        duration=np.array([FOREVER if most is None else most for most, _, _ in limits]),
        driving=np.array([FOREVER if most is None else most for _, most, _ in limits]),
        break_after=np.array([breaks.after_driving_min if breaks else FOREVER for _, _, breaks in limits]),
        break_length=np.array([breaks.length_min if breaks else 0.0 for _, _, breaks in limits]),
        fits=_fits(problem),
        apart_aboard=aboard,
        apart_vehicle=vehicle_apart,
        bound=bool(
            (ride < FOREVER).any() or any(limit for each in limits for limit in each) or len(aboard) > 1
        ),
        has_apart_aboard=len(aboard) > 1,
        has_apart_vehicle=len(vehicle_apart) > 1,
        has_groups=bool((group != np.arange(n)).any()),
    ))  # fmt: skip


def _turned(legs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with the node where a leg ends first; the very same where both ways are alike."""
    turned = np.swapaxes(legs, -2, -1)
    return legs if np.array_equal(turned, legs) else turned


def _of_one_type(data: Data) -> Data:
    """The same with all numbers that are not marks as doubles or 32-bit integers: for other types it would be compiled anew."""
    return Data._make(_plain(each) for each in data)


def _plain(value: object) -> object:
    if not isinstance(value, np.ndarray) or value.dtype == np.uint8:
        return value
    return np.ascontiguousarray(value, dtype=np.int32 if value.dtype == np.int32 else np.float64)


def _price(vehicle: Vehicle) -> tuple[float, float]:
    """What a unit of distance and a minute of driving cost, of the whole convoy."""
    return (vehicle.units * vehicle.cost_per_distance, vehicle.units * vehicle.cost_per_driving_hour / 60)


def _kind(vehicle: Vehicle) -> tuple[object, ...]:
    """All that a search sees of a vehicle: two that agree in it may change places."""
    return (
        vehicle.start, vehicle.end, vehicle.window, vehicle.capacity, vehicle.max_duration_min, vehicle.max_driving_min,
        vehicle.breaks, vehicle.fixed_cost, _price(vehicle), tuple(sorted(vehicle.offers)), vehicle.units,
    )  # fmt: skip


def _narrow(early: Matrix, late: Matrix, service: Matrix, time: Matrix, ride: Matrix) -> None:
    """Narrow the windows of both ends of each move by what the other end allows."""
    n = len(ride)
    for pickup in range(n):
        delivery = n + pickup
        direct = service[pickup] + time[pickup, delivery]
        most = service[pickup] + ride[pickup]
        early[delivery] = max(early[delivery], early[pickup] + direct)
        late[pickup] = min(late[pickup], late[delivery] - direct)
        late[delivery] = min(late[delivery], late[pickup] + most)
        early[pickup] = max(early[pickup], early[delivery] - most)


def _near(time: Matrix, nodes: int) -> Ints:
    """For each node of a move the nearest such nodes, itself first."""
    between = np.minimum(time[:nodes, :nodes], time[:nodes, :nodes].T).copy()
    np.fill_diagonal(between, -1.0)
    return np.argsort(between, axis=1, kind="stable")[:, : NEIGHBOURS + 1].astype(np.int32)


def _related(time: Matrix, early: Matrix, late: Matrix, n: int) -> Ints:
    """For each move the others, those first whose ends are near its own; a minute apart counts a third of a minute's drive."""
    middle = (early[: 2 * n] + np.minimum(late[: 2 * n], early[: 2 * n] + 1e6)) / 2
    apart = np.abs(middle[:, None] - middle[None, :]) / 3 + time[: 2 * n, : 2 * n]
    between = apart[:n, :n] + apart[n:, n:]
    np.fill_diagonal(between, np.inf)
    return np.argsort(between, axis=1, kind="stable")[:, : max(1, min(NEIGHBOURS, n - 1))].astype(np.int32)


def _apart(problem: Problem, how: How) -> Bytes:
    """Which moves are kept apart in this way; a single cell where none are."""
    rules = [rule for rule in problem.apart if rule.how is how]
    if not rules:
        return np.zeros((1, 1), dtype=np.uint8)
    at = {move.code: number for number, move in enumerate(problem.moves)}
    apart = np.zeros((len(at), len(at)), dtype=np.uint8)
    for rule in rules:
        these, those = [at[code] for code in rule.these], [at[code] for code in rule.those]
        apart[np.ix_(these, those)] = apart[np.ix_(those, these)] = 1
    return apart


def companies(problem: Problem) -> list[list[int]]:
    """The moves by number, each with those that ride with it; moves named by several rules are all of one company."""
    at = {move.code: number for number, move in enumerate(problem.moves)}
    leader = list(range(len(at)))
    for rule in problem.together:
        joined = {leader[at[code]] for code in rule.moves}
        leader = [min(joined) if each in joined else each for each in leader]
    members: dict[int, list[int]] = {}
    for number, first in enumerate(leader):
        members.setdefault(first, []).append(number)
    return list(members.values())


def _rings(problem: Problem) -> Ints:
    """For each move the next of those that ride with it, in a ring."""
    ring = np.arange(len(problem.moves), dtype=np.int32)
    for members in companies(problem):
        for here, there in pairwise([*members, members[0]]):
            ring[here] = there
    return ring


def _fits(problem: Problem) -> Bytes:
    """Which move may ride in which vehicle: what it needs is offered, it has room, and who stays in one vehicle is in no convoy."""
    single = {code for rule in problem.together if rule.how is How.VEHICLE for code in rule.moves}
    return np.array(
        [
            [
                move.needs <= vehicle.offers
                and all(load <= room for load, room in zip(move.load, vehicle.room, strict=True))
                and (vehicle.units == 1 or move.code not in single)
                for vehicle in problem.vehicles
            ]
            for move in problem.moves
        ],
        dtype=np.uint8,
    ).reshape(len(problem.moves), len(problem.vehicles))


def most_cost(problem: Problem) -> float:
    """More than all routes of any plan cost, moves being driven one by one at the worst."""
    dearest = max((_price(each) for each in problem.vehicles), default=(0.0, 0.0))
    fixed = sum(each.units * each.fixed_cost for each in problem.vehicles)
    travel = problem.travel
    is_open = np.isfinite(travel.time_min)
    longest = dearest[0] * float(travel.distance[is_open].max(initial=0)) + dearest[1] * float(
        travel.time_min[is_open].max(initial=0)
    )
    return 1.0 + fixed + longest * (2 * len(problem.moves) + len(problem.vehicles))


def weights(problem: Problem) -> Matrix:
    """What leaving each move weighs: each level of priority more than all below it, and the lowest more than any cost.

    With many levels the weights would pass what doubles tell apart; each level then weighs ten times the one below.
    """
    levels = Counter(np.inf if move.priority is None else move.priority for move in problem.moves)
    weight, found = (
        most_cost(problem) if problem.first is First.COST else len(problem.vehicles) * most_cost(problem),
        {},
    )
    for level in sorted(levels):
        found[level] = weight
        weight *= levels[level] + 1 if weight < 1e12 else 10
    return np.array([found[np.inf if move.priority is None else move.priority] for move in problem.moves])
