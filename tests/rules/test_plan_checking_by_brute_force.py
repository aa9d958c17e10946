"""The checker beside brute force: the best plans pass it, and of plans made worse at random both say the same."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from brute_force import best, stands, timed, weight
from instances import instance

from muster.transport.planner.checking import broken
from muster.transport.planner.plan import Part, Plan, Route, Unserved, Visit
from muster.transport.planner.problem import Breaks, Move, Place, Problem, Stop, Travel, Vehicle, Window

SEEDS = range(100)
CHANGES = 25  # of each best plan


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_plan_breaks_no_rule_and_no_lawful_change_is_better(seed: int):
    problem = instance(seed, moves=2 + seed % 3)
    random = Random(seed)
    found = best(problem)

    assert broken(problem, found.plan) == []
    assert weight(problem, found.plan) == found.weight
    for _ in range(CHANGES):
        changed = _changed(random, problem, found.plan)
        breaks = broken(problem, changed)
        assert stands(problem, changed) == (not breaks), breaks
        assert breaks or weight(problem, changed) >= found.weight


def test_the_changes_are_lawful_now_and_then():
    """Else the test above would compare nothing but refusals."""
    lawful = 0
    for seed in SEEDS:
        problem = instance(seed, moves=2 + seed % 3)
        plan, random = best(problem).plan, Random(seed)
        lawful += sum(stands(problem, _changed(random, problem, plan)) for _ in range(CHANGES))

    assert 0.1 < lawful / (len(SEEDS) * CHANGES) < 0.8


# --- changes --------------------------------------------------------------------------------------------------------------


def _changed(random: Random, problem: Problem, plan: Plan) -> Plan:
    """The plan with one to three changes of its times, orders, vehicles or sums."""
    for _ in range(random.choice((1, 1, 2, 3))):
        change = random.choice((_one_time, _from_then_on, _order, _vehicle, _left, _brought, _sum))
        plan = change(random, problem, plan)
    return plan


def _one_time(random: Random, problem: Problem, plan: Plan) -> Plan:
    """One moment a little earlier or later."""

    def moved(route: Route) -> Route:
        moment = random.choice(("leaves", "back", "arrives", "begins", "departs"))
        by = _little(random)
        if moment in ("leaves", "back"):
            return replace(route, **{moment: getattr(route, moment) + by})
        number = random.randrange(len(route.visits))
        visit = route.visits[number]
        visits = [*route.visits]
        visits[number] = replace(visit, **{moment: getattr(visit, moment) + by})
        return replace(route, visits=tuple(visits))

    return _with_one_route(random, plan, moved)


def _from_then_on(random: Random, problem: Problem, plan: Plan) -> Plan:
    """Everything from one visit on a little earlier or later, so that the leg to it or the stand before it changes."""

    def moved(route: Route) -> Route:
        number, by, stands_longer = (
            random.randrange(len(route.visits)),
            _little(random),
            random.random() < 0.5,
        )
        visits = [
            replace(
                visit,
                arrives=visit.arrives + (by if at > number or (at == number and not stands_longer) else 0),
                begins=visit.begins + (by if at > number or (at == number and not stands_longer) else 0),
                departs=visit.departs + (by if at >= number else 0),
            )
            for at, visit in enumerate(route.visits)
        ]
        return replace(route, visits=tuple(visits), back=route.back + by)

    return _with_one_route(random, plan, moved)


def _order(random: Random, problem: Problem, plan: Plan) -> Plan:
    """Two visits of a route change places."""
    routes = [*plan.routes]
    if routes:
        number = random.randrange(len(routes))
        calls = _calls(routes[number])
        here, there = random.sample(range(len(calls)), 2)
        calls[here], calls[there] = calls[there], calls[here]
        routes[number] = _driven(problem, routes[number], calls)
    return _summed(plan, routes, plan.unserved)


def _vehicle(random: Random, problem: Problem, plan: Plan) -> Plan:
    """A whole route is driven by another vehicle, which may be one that drives already."""
    routes = [*plan.routes]
    if routes:
        number = random.randrange(len(routes))
        other = replace(routes[number], vehicle=random.choice(problem.vehicles).code)
        routes[number] = _driven(problem, other, _calls(other))
    return _summed(plan, routes, plan.unserved)


def _left(random: Random, problem: Problem, plan: Plan) -> Plan:
    """A move is taken off its route, and now and then listed as unserved."""
    routes = [*plan.routes]
    if not routes:
        return plan
    number = random.randrange(len(routes))
    code = random.choice(routes[number].visits).move
    calls = [call for call in _calls(routes[number]) if call[0] != code]
    routes[number : number + 1] = [_driven(problem, routes[number], calls)] if calls else []
    left = Unserved(move=code, constraint="by hand", why="Left to see what is said.")
    return _summed(plan, routes, (*plan.unserved, left) if random.random() < 0.8 else plan.unserved)


def _brought(random: Random, problem: Problem, plan: Plan) -> Plan:
    """A move comes on a route, at its end or between others, and is no longer listed."""
    routes = [*plan.routes]
    if not routes:
        return plan
    number, code = random.randrange(len(routes)), random.choice(problem.moves).code
    calls = _calls(routes[number])
    first = random.randint(0, len(calls))
    calls.insert(first, (code, Part.PICKUP))
    calls.insert(random.randint(first + 1, len(calls)), (code, Part.DELIVERY))
    routes[number] = _driven(problem, routes[number], calls)
    return _summed(plan, routes, tuple(each for each in plan.unserved if each.move != code))


def _sum(random: Random, problem: Problem, plan: Plan) -> Plan:
    """One figure of a route is off by one."""
    what = random.choice(("distance", "driving_min", "cost"))
    return _with_one_route(random, plan, lambda route: replace(route, **{what: getattr(route, what) + 1}))


def _little(random: Random) -> int:
    return random.choice((-1, 1)) * random.choice((1, 1, 2, 5, 10, 20))


def _with_one_route(random: Random, plan: Plan, change: Callable[[Route], Route]) -> Plan:
    routes = [*plan.routes]
    if routes:
        number = random.randrange(len(routes))
        routes[number] = change(routes[number])
    return _summed(plan, routes, plan.unserved)


def _summed(plan: Plan, routes: Sequence[Route], unserved: tuple[Unserved, ...]) -> Plan:
    return replace(plan, routes=tuple(routes), unserved=unserved, cost=sum(route.cost for route in routes))


def _calls(route: Route) -> list[tuple[str, Part]]:
    return [(visit.move, visit.part) for visit in route.visits]


def _driven(problem: Problem, route: Route, calls: Sequence[tuple[str, Part]]) -> Route:
    """The vehicle's route over these stops, with the earliest times; where none are lawful, with no wait and no break."""
    vehicle = next(vehicle for vehicle in problem.vehicles if vehicle.code == route.vehicle)
    return timed(problem, vehicle, calls) or _straight(problem, vehicle, calls)


def _straight(problem: Problem, vehicle: Vehicle, calls: Sequence[tuple[str, Part]]) -> Route:
    moves = {move.code: move for move in problem.moves}
    here, now, distance, driving = vehicle.start, vehicle.window.earliest, 0.0, 0.0
    visits = []
    for code, part in calls:
        stop = moves[code].pickup if part == Part.PICKUP else moves[code].delivery
        leg = (here, stop.place)
        distance, driving = distance + problem.travel.distance[leg], driving + problem.travel.time_min[leg]
        arrives = now + float(problem.travel.time_min[leg])
        begins = max(arrives, stop.window.earliest)
        here, now = stop.place, begins + stop.service_min
        visits.append(Visit(move=code, part=part, arrives=arrives, begins=begins, departs=now))
    home = (here, vehicle.end)
    distance, driving = distance + problem.travel.distance[home], driving + problem.travel.time_min[home]
    each = (
        vehicle.fixed_cost
        + vehicle.cost_per_distance * distance
        + vehicle.cost_per_driving_hour * driving / 60
    )
    return Route(
        vehicle=vehicle.code,
        leaves=vehicle.window.earliest,
        visits=tuple(visits),
        back=now + float(problem.travel.time_min[home]),
        distance=float(distance),
        driving_min=float(driving),
        cost=float(vehicle.units * each),
    )


# --- brute force itself ---------------------------------------------------------------------------------------------------


def _one_move(*, max_duration_min: float, breaks: Breaks | None = None) -> Problem:
    """From the depot 30 min to the pickup, which opens at 100, then 40 to the delivery, and 50 home."""
    road = np.zeros((3, 3))
    road[0, 1], road[1, 2], road[2, 0] = 30, 40, 50
    return Problem(
        name="one move",
        kinds=("seats",),
        places=(Place(code="Depot"), Place(code="North"), Place(code="Hall")),
        moves=(
            Move(
                code="Ann",
                pickup=Stop(place=1, window=Window(100, 110), service_min=5),
                delivery=Stop(place=2, window=Window(0, 300), service_min=5),
                load=(1,),
            ),
        ),
        vehicles=(
            Vehicle(
                code="Bus",
                start=0,
                end=0,
                window=Window(0, 300),
                capacity=(1,),
                max_duration_min=max_duration_min,
                breaks=breaks,
                fixed_cost=7,
            ),
        ),
        travel=Travel(time_min=road, distance=road),
    )


def test_brute_force_lets_a_vehicle_leave_late_where_it_may_not_be_out_for_long():
    (route,) = best(_one_move(max_duration_min=130)).plan.routes

    assert (route.leaves, route.back, route.cost) == (70, 200, 127)
    assert best(_one_move(max_duration_min=129)).weight == (1, (), 0, 0)


def test_brute_force_takes_a_break_beside_the_service_at_both_stops_where_each_leg_needs_one():
    breaks = Breaks(after_driving_min=60, length_min=20)

    (route,) = best(_one_move(max_duration_min=160, breaks=breaks)).plan.routes

    assert [visit.departs - visit.arrives for visit in route.visits] == [20, 20]
    assert best(_one_move(max_duration_min=159, breaks=breaks)).weight == (1, (), 0, 0)
