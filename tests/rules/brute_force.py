"""The exact answer for a handful of moves, by trying everything, and a second opinion on anybody's plan.

Nothing is shared with the planner but the words of its question and answer. A route in a given order is judged by its
constraints: pairs of moments of which the later comes at least so long after the earlier. They can be met exactly where
the longest paths of Bellman and Ford come to an end. Breaks are tried in every way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product
from math import ceil, inf

from muster.transport.planner.plan import Part, Plan, Route, Unserved, Visit
from muster.transport.planner.problem import First, How, Move, Problem, Stop, Vehicle

SLACK = 1e-6  # minutes, and share of a sum

Call = tuple[Move, Part]
Order = tuple[Call, ...]
Weight = tuple[int, tuple[int, ...], int, float]
Constraint = tuple[int, int, float]  # the second moment is at least so many minutes after the first

ZERO, LEAVES = 0, 1  # moments of a route: the problem's zero, the start, three for each visit, and the end


# --- the best of all plans ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Best:
    """A plan that weighs least, and its weight."""

    weight: Weight
    plan: Plan


def best(problem: Problem) -> Best:
    """The plan of least weight. For six moves or fewer: the time it takes grows with the orders of twice as many stops."""
    cheapest = cache(lambda vehicle, moves: _cheapest(problem, vehicle, moves))
    found: Best | None = None
    for assignment in sorted(_assignments(problem), key=lambda each: _weight(problem, each, 0)):
        if found and _weight(problem, assignment, 0)[:3] > found.weight[:3]:
            break
        routes = _routes(problem, assignment, cheapest)
        if routes is None:
            continue
        weighs = _weight(problem, assignment, sum(route.cost for route in routes))
        if found is None or weighs < found.weight:
            found = Best(weighs, _plan(problem, assignment, routes))
    assert found  # to serve nobody is always possible
    return found


def weight(problem: Problem, plan: Plan) -> Weight:
    """What a plan weighs; the first difference decides.

    Unserved moves that must be served; then the other unserved, counted by priority, the highest first; then the routes
    where vehicles come first, and else nought; then the cost.
    """
    rides = {visit.move: route.vehicle for route in plan.routes for visit in route.visits}
    numbers = {vehicle.code: number for number, vehicle in enumerate(problem.vehicles)}
    return _weight(problem, [numbers.get(rides.get(move.code, ""), -1) for move in problem.moves], plan.cost)


def _weight(problem: Problem, assignment: Sequence[int], cost: float) -> Weight:
    left = Counter(
        move.priority for move, vehicle in zip(problem.moves, assignment, strict=True) if vehicle < 0
    )
    priorities = sorted({move.priority for move in problem.moves if move.priority is not None}, reverse=True)
    used = len(set(assignment) - {-1}) if problem.first == First.VEHICLES else 0
    return left[None], tuple(left[priority] for priority in priorities), used, cost


def _assignments(problem: Problem) -> Iterator[tuple[int, ...]]:
    """For each move the number of its vehicle, or -1, in every way that the groups allow."""
    choices = range(-1, len(problem.vehicles))
    return (each for each in product(choices, repeat=len(problem.moves)) if _grouped(problem, each))


def _grouped(problem: Problem, assignment: Sequence[int]) -> bool:
    rides = {move.code: vehicle for move, vehicle in zip(problem.moves, assignment, strict=True)}
    for group in problem.together:
        (vehicle, *others) = {rides[code] for code in group.moves}
        if others or (vehicle >= 0 and group.how == How.VEHICLE and problem.vehicles[vehicle].units > 1):
            return False
    return not any(
        rides[this] == rides[that] >= 0
        for apart in problem.apart
        if apart.how == How.VEHICLE
        for this, that in product(apart.these, apart.those)
    )


def _routes(
    problem: Problem,
    assignment: Sequence[int],
    cheapest: Callable[[Vehicle, frozenset[Move]], Route | None],
) -> list[Route] | None:
    """The cheapest route of each vehicle over its moves; None where one has none."""
    routes = []
    for number in sorted(set(assignment) - {-1}):
        vehicle = problem.vehicles[number]
        moves = frozenset(
            move for move, rides in zip(problem.moves, assignment, strict=True) if rides == number
        )
        route = cheapest(replace(vehicle, code=""), moves)  # vehicles that differ in name alone share it
        if route is None:
            return None
        routes.append(replace(route, vehicle=vehicle.code))
    return routes


def _cheapest(problem: Problem, vehicle: Vehicle, moves: frozenset[Move]) -> Route | None:
    orders = sorted(_orders(problem, vehicle, moves), key=lambda order: _sums(problem, vehicle, order)[2])
    return next((route for order in orders if (route := _timed(problem, vehicle, order))), None)


def _plan(problem: Problem, assignment: Sequence[int], routes: Sequence[Route]) -> Plan:
    left = [move.code for move, vehicle in zip(problem.moves, assignment, strict=True) if vehicle < 0]
    return Plan(
        problem=problem.name,
        routes=tuple(routes),
        unserved=tuple(
            Unserved(move=code, constraint="all", why="No better plan serves it.") for code in left
        ),
        cost=sum(route.cost for route in routes),
        estimated=problem.travel.estimated,
        engine="brute force",
    )


# --- whether a given plan stands ------------------------------------------------------------------------------------------


def stands(problem: Problem, plan: Plan) -> bool:
    """Whether a plan keeps every rule with the times that it has. Its vehicles and moves are the problem's."""
    moves = {move.code: move for move in problem.moves}
    vehicles = {vehicle.code: number for number, vehicle in enumerate(problem.vehicles)}
    rides = {visit.move: vehicles[route.vehicle] for route in plan.routes for visit in route.visits}
    on_routes = [code for route in plan.routes for code in {visit.move for visit in route.visits}]
    told = [*on_routes, *(unserved.move for unserved in plan.unserved)]
    return (
        sorted(told) == sorted(moves)
        and len({route.vehicle for route in plan.routes}) == len(plan.routes)
        and _grouped(problem, [rides.get(code, -1) for code in moves])
        and all(_route_stands(problem, problem.vehicles[vehicles[r.vehicle]], r) for r in plan.routes)
        and _same(plan.cost, sum(route.cost for route in plan.routes))
    )


def timed(problem: Problem, vehicle: Vehicle, calls: Sequence[tuple[str, Part]]) -> Route | None:
    """The vehicle's earliest route over stops in this order; None where no times keep every rule."""
    moves = {move.code: move for move in problem.moves}
    order = tuple((moves[code], part) for code, part in calls)
    return _timed(problem, vehicle, order) if _may_ride(problem, vehicle, order) else None


def _route_stands(problem: Problem, vehicle: Vehicle, route: Route) -> bool:
    moves = {move.code: move for move in problem.moves}
    order = tuple((moves[visit.move], visit.part) for visit in route.visits)
    told = (route.distance, route.driving_min, route.cost)
    at = [0.0, route.leaves, *(t for v in route.visits for t in (v.arrives, v.begins, v.departs)), route.back]
    return (
        _may_ride(problem, vehicle, order)
        and all(map(_same, told, _sums(problem, vehicle, order)))
        and any(
            all(at[later] >= at[earlier] + gap - SLACK for earlier, later, gap in constraints)
            for constraints in _every_constraints(problem, vehicle, order)
        )
    )


def _may_ride(problem: Problem, vehicle: Vehicle, order: Order) -> bool:
    """Whether each of the order's moves boards once and alights once later, and may be with those aboard by then."""
    for end in range(1, len(order) + 1):
        if not _may_follow(problem, vehicle, order[:end]):
            return False
    return not _aboard(order)


def _same(told: float, summed: float) -> bool:
    return abs(told - summed) <= SLACK * max(1, abs(summed))


# --- the orders of a route ------------------------------------------------------------------------------------------------


def _orders(problem: Problem, vehicle: Vehicle, moves: frozenset[Move]) -> Iterator[Order]:
    """Every order in which the vehicle may visit the stops; without those that are too late without any break."""
    calls = [(move, part) for move in problem.moves if move in moves for part in Part]

    def longer(order: Order, here: int, now: float) -> Iterator[Order]:
        if len(order) == len(calls):
            yield order
        for call in calls:
            stop = _stop(call)
            begins = max(now + float(problem.travel.time_min[here, stop.place]), stop.window.earliest)
            if begins <= stop.window.latest and _may_follow(problem, vehicle, (*order, call)):
                yield from longer((*order, call), stop.place, begins + stop.service_min)

    return longer((), vehicle.start, vehicle.window.earliest)


def _may_follow(problem: Problem, vehicle: Vehicle, order: Order) -> bool:
    """Whether the last of the calls may come after the others, by what the vehicle offers and who is aboard."""
    *before, (move, part) = order
    if (move, part) in before or (part == Part.DELIVERY) != ((move, Part.PICKUP) in before):
        return False
    aboard = _aboard(order)
    codes = {each.code for each in aboard}
    return (
        move.needs <= vehicle.offers
        and all(
            sum(each.load[kind] for each in aboard) <= vehicle.units * vehicle.capacity[kind]
            for kind in range(len(problem.kinds))
        )
        and not any(
            apart.how == How.ABOARD and codes.intersection(apart.these) and codes.intersection(apart.those)
            for apart in problem.apart
        )
    )


def _aboard(order: Order) -> list[Move]:
    return [move for move, part in order if part == Part.PICKUP and (move, Part.DELIVERY) not in order]


def _stop(call: Call) -> Stop:
    move, part = call
    return move.pickup if part == Part.PICKUP else move.delivery


def _legs(problem: Problem, vehicle: Vehicle, order: Order) -> list[tuple[int, int]]:
    return list(pairwise([vehicle.start, *(_stop(call).place for call in order), vehicle.end]))


def _sums(problem: Problem, vehicle: Vehicle, order: Order) -> tuple[float, float, float]:
    """Distance, minutes of driving, and cost."""
    legs = _legs(problem, vehicle, order)
    distance = sum(float(problem.travel.distance[leg]) for leg in legs)
    driving_min = sum(float(problem.travel.time_min[leg]) for leg in legs)
    each = (
        vehicle.fixed_cost
        + distance * vehicle.cost_per_distance
        + driving_min / 60 * vehicle.cost_per_driving_hour
    )
    return distance, driving_min, each * vehicle.units


# --- the times of a route -------------------------------------------------------------------------------------------------


def _timed(problem: Problem, vehicle: Vehicle, order: Order) -> Route | None:
    for constraints in _every_constraints(problem, vehicle, order):
        if at := _earliest(constraints, moments=3 * len(order) + 3):
            visits = tuple(
                Visit(move=move.code, part=part, arrives=at[i], begins=at[i + 1], departs=at[i + 2])
                for i, (move, part) in zip(range(2, len(at), 3), order, strict=False)
            )
            distance, driving_min, cost = _sums(problem, vehicle, order)
            return Route(
                vehicle=vehicle.code,
                leaves=at[LEAVES],
                visits=visits,
                back=at[-1],
                distance=distance,
                driving_min=driving_min,
                cost=cost,
            )
    return None


def _earliest(constraints: Sequence[Constraint], *, moments: int) -> list[float] | None:
    """The earliest moments that meet every constraint, by Bellman and Ford; None where none do."""
    at = [0.0, *[-inf] * (moments - 1)]
    for _ in range(moments):
        changed = False
        for earlier, later, gap in constraints:
            if at[earlier] + gap > at[later]:
                at[later], changed = at[earlier] + gap, True
        if at[ZERO] > 0:
            return None
        if not changed:
            return at
    return None


def _every_constraints(problem: Problem, vehicle: Vehicle, order: Order) -> Iterator[list[Constraint]]:
    """The constraints of a route in this order, once for every way to take its breaks; none where it drives too long."""
    driving = [float(problem.travel.time_min[leg]) for leg in _legs(problem, vehicle, order)]
    if vehicle.max_driving_min is not None and sum(driving) > vehicle.max_driving_min + SLACK:
        return
    always = list(_always(vehicle, order))
    for stops, on_the_way in _ways_to_break(vehicle, driving):
        breaks = vehicle.breaks.length_min if vehicle.breaks else 0
        yield [
            *always,
            *(_gap_of_leg(leg, minutes + on_the_way[leg] * breaks) for leg, minutes in enumerate(driving)),
            *((3 * stop + 2, 3 * stop + 4, breaks) for stop in stops),
        ]


def _gap_of_leg(leg: int, minutes: float) -> Constraint:
    """From departing, which for the first leg is leaving, to arriving, which for the last is being back."""
    return 3 * leg + 1, 3 * leg + 2, minutes


def _always(vehicle: Vehicle, order: Order) -> Iterator[Constraint]:
    back = 3 * len(order) + 2
    yield ZERO, LEAVES, vehicle.window.earliest
    yield back, ZERO, -vehicle.window.latest
    if vehicle.max_duration_min is not None:
        yield back, LEAVES, -vehicle.max_duration_min
    begins = {call: 3 * number + 3 for number, call in enumerate(order)}
    for (move, part), moment in begins.items():
        stop = _stop((move, part))
        yield moment - 1, moment, 0
        yield moment, moment + 1, stop.service_min
        yield ZERO, moment, stop.window.earliest
        yield moment, ZERO, -stop.window.latest
        if part == Part.DELIVERY and move.max_ride_min is not None:
            boards = begins[move, Part.PICKUP]
            yield moment, boards, -(move.max_ride_min + move.pickup.service_min)


def _ways_to_break(
    vehicle: Vehicle, driving: Sequence[float]
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Every lawful choice of stops, by number, at which to take a break, and the breaks on each leg that go with it.

    Once the rest can be driven without a break none is tried: it would only take time.
    """
    if vehicle.breaks is None:
        yield (), (0,) * len(driving)
        return
    limit = vehicle.breaks.after_driving_min

    def onward(
        leg: int, since: float, stops: tuple[int, ...], on_the_way: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        rest = sum(driving[leg:])
        if since + rest <= limit + SLACK:
            yield stops, on_the_way + (0,) * (len(driving) - leg)
            return
        for stands in (False, True) if leg else (False,):
            total = driving[leg] + (0 if stands else since)
            taken = ceil((total - SLACK) / limit) - 1 if total > limit + SLACK else 0
            if taken == 0 or driving[leg] > limit + SLACK:
                chosen = (*stops, leg - 1) if stands else stops
                yield from onward(leg + 1, total - taken * limit, chosen, (*on_the_way, taken))

    yield from onward(0, 0, (), ())
