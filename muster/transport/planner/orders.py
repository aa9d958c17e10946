"""Plans that are orders of stops alone, as other planners and published solutions write them: read, and given their times."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from muster.core.errors import Fault, FaultyFile
from muster.transport.planner.plan import Part, Plan, Route, Unserved
from muster.transport.planner.problem import Move, Problem, Vehicle
from muster.transport.planner.replaying import driven
from muster.transport.planner.stops import numbers_of_stops
from muster.transport.planner.timing import Call, timed
from muster.transport.planner.writing import from_json

A_ROUTE = re.compile(r"\s*(?:route\s*#?\s*\d+\s*:?)?\s*((?:\d+[\s,]*)+)", re.IGNORECASE)
NOT_A_PLAN = (
    "This is no plan: neither Muster's JSON, nor an object with routes as lists of stops, nor a line of stop numbers for "
    "each route, such as 'Route 1: 3 51 7 55'."
)
LEFT = "the plan that was brought does not carry it"


def read_plan(text: str, problem: Problem) -> Plan:
    """A plan in any of three forms: Muster's own JSON, what `muster plan --json` prints, or a line of stop numbers for each route.

    Of a form without times each route gets the best that its order allows, or, where none is lawful, those that it would
    have on the road. Depots may be named and are passed over. Raises FaultyFile.
    """
    stripped = text.lstrip()
    if stripped.startswith("{"):
        try:
            data = json.loads(stripped)
        except (ValueError, RecursionError):
            return from_json(text)  # which tells where
        routes = data.get("routes") if isinstance(data, dict) else None
        if isinstance(routes, list) and "engine" in data and any(isinstance(route, list) for route in routes):
            return _of_orders([(None, route) for route in routes], problem)
        return from_json(text)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1)]
    found = [(number, A_ROUTE.fullmatch(line)) for number, line in lines]
    orders = [(number, re.findall(r"\d+", match[1])) for number, match in found if match]
    if not orders:
        raise FaultyFile([Fault(1, None, "transport.not_a_plan", NOT_A_PLAN)])
    return _of_orders([(number, [int(stop) for stop in stops]) for number, stops in orders], problem)


def _of_orders(orders: Sequence[tuple[int | None, Sequence[object]]], problem: Problem) -> Plan:
    """Give each order of stop numbers a vehicle that is free, the first that can drive it, and times."""
    calls_by_number = {number: (move, part) for (move, part), number in numbers_of_stops(problem).items()}
    index = {move.code: n for n, move in enumerate(problem.moves)}
    depots = {problem.places[at].code for vehicle in problem.vehicles for at in (vehicle.start, vehicle.end)}
    returns = max(calls_by_number) + 1  # the depot again, as the last line of some files has it
    free = list(problem.vehicles)
    faults: list[Fault] = []
    routes: list[Route] = []
    for row, stops in orders:
        calls: list[Call] = []
        for n, stop in enumerate(stops):
            known = calls_by_number.get(stop) if isinstance(stop, int) else None
            if known is not None:
                calls.append(Call(index[known[0]], known[1]))
            elif str(stop) not in depots and (n, stop) not in (
                (0, 0),
                (len(stops) - 1, 0),
                (len(stops) - 1, returns),
            ):
                why = (
                    f"There is no stop {str(stop)[:40]!r} in the problem. Stops are numbered as in its file."
                )
                faults.append(Fault(row, "routes", "transport.unknown_stop", why))
        if calls and not faults:
            if not free:
                why = f"The plan has more routes than there are vehicles, which are {len(problem.vehicles)}."
                raise FaultyFile([Fault(row, "routes", "transport.too_many_routes", why)])
            vehicle, route = _best(problem, free, calls)
            free.remove(vehicle)
            routes.append(route)
    if faults:
        raise FaultyFile(faults)
    carried = {visit.move for route in routes for visit in route.visits}
    left: list[Move] = [move for move in problem.moves if move.code not in carried]
    return Plan(
        problem=problem.name,
        routes=tuple(routes),
        unserved=tuple(Unserved(move=move.code, constraint="not_in_plan", why=LEFT) for move in left),
        cost=sum(route.cost for route in routes),
        estimated=problem.travel.estimated,
        engine="brought",
    )


def _best(problem: Problem, free: Sequence[Vehicle], calls: Sequence[Call]) -> tuple[Vehicle, Route]:
    """The first free vehicle that can drive the order in time with its load, or else the first, with the times that come of it."""
    pickups = {call.move for call in calls if call.part is Part.PICKUP}
    whole = all(
        call.part is Part.PICKUP or call.move in pickups for call in calls
    )  # else no ride can be measured
    for vehicle in free if whole else ():
        if _has_room(problem, vehicle, calls) and (route := timed(problem, vehicle, calls)):
            return vehicle, route
    return free[0], driven(problem, free[0], calls, leaves=free[0].window.earliest)


def _has_room(problem: Problem, vehicle: Vehicle, calls: Sequence[Call]) -> bool:
    aboard = [0] * len(problem.kinds)
    for call in calls:
        move, sign = problem.moves[call.move], 1 if call.part is Part.PICKUP else -1
        aboard = [now + sign * more for now, more in zip(aboard, move.load, strict=True)]
        if (
            any(now > most for now, most in zip(aboard, vehicle.room, strict=True))
            or not move.needs <= vehicle.offers
        ):
            return False
    return True
