"""Whether the plan is of this problem, and every move stands in it once: on one route, or among the unserved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from muster.transport.planner.checking.broken import Broken, Rule
from muster.transport.planner.plan import Part, Plan
from muster.transport.planner.problem import Problem


def not_of_the_problem(problem: Problem, plan: Plan) -> Iterator[Broken]:
    """Where the plan is of another problem, or has vehicles or moves that the problem has not, or a route of nothing."""
    if plan.problem != problem.name:
        yield Broken(
            Rule.OTHER_PROBLEM,
            None,
            None,
            f"The plan is of the problem {plan.problem!r}, and this is {problem.name!r}.",
        )
    if plan.estimated != problem.travel.estimated:
        yield Broken(
            Rule.ESTIMATED,
            None,
            None,
            f"The travel is {_marked(problem.travel.estimated)}, and the plan says that it is {_marked(plan.estimated)}.",
        )
    yield from _vehicles(problem, plan)
    yield from _moves_unknown(problem, plan)


def _marked(estimated: bool) -> str:
    return "estimated" if estimated else "not estimated"


def _vehicles(problem: Problem, plan: Plan) -> Iterator[Broken]:
    known = {vehicle.code for vehicle in problem.vehicles}
    for code, routes in Counter(route.vehicle for route in plan.routes).items():
        if code not in known:
            yield Broken(Rule.VEHICLE_UNKNOWN, code, None, f"The problem has no vehicle {code}.")
        if routes > 1:
            yield Broken(
                Rule.VEHICLE_TWICE, code, None, f"{code} drives {routes} routes; a vehicle drives one."
            )
    for route in plan.routes:
        if not route.visits:
            yield Broken(Rule.EMPTY_ROUTE, route.vehicle, None, f"The route of {route.vehicle} has no visit.")


def _moves_unknown(problem: Problem, plan: Plan) -> Iterator[Broken]:
    known = {move.code for move in problem.moves}
    for route in plan.routes:
        for code in dict.fromkeys(visit.move for visit in route.visits if visit.move not in known):
            yield Broken(
                Rule.MOVE_UNKNOWN,
                route.vehicle,
                code,
                f"{route.vehicle} carries {code}, which the problem has not.",
            )
    for code in dict.fromkeys(unserved.move for unserved in plan.unserved if unserved.move not in known):
        yield Broken(
            Rule.MOVE_UNKNOWN, None, code, f"{code} is listed as unserved, and the problem has no such move."
        )


def not_served_once(problem: Problem, plan: Plan) -> Iterator[Broken]:
    """Every move is picked up once and then delivered once by the same vehicle, or is listed once with its reason."""
    stands: dict[str, list[tuple[str, Part]]] = {move.code: [] for move in problem.moves}
    for route in plan.routes:
        for visit in route.visits:
            stands.setdefault(visit.move, []).append((route.vehicle, visit.part))
    listed = Counter(unserved.move for unserved in plan.unserved)
    for move in problem.moves:
        yield from _once(move.code, stands[move.code], listed[move.code])
    for unserved in plan.unserved:
        if not unserved.constraint.strip() or not unserved.why.strip():
            yield Broken(
                Rule.UNEXPLAINED,
                None,
                unserved.move,
                f"{unserved.move} is unserved, and no constraint is named that stopped it, or no reason given.",
            )


def _once(move: str, visits: list[tuple[str, Part]], listed: int) -> Iterator[Broken]:
    """One finding at most. `visits` are the vehicles and parts in the order of the plan."""
    pickups = [vehicle for vehicle, part in visits if part == Part.PICKUP]
    deliveries = [vehicle for vehicle, part in visits if part == Part.DELIVERY]
    if not visits and not listed:
        yield Broken(
            Rule.LEFT_OUT, None, move, f"{move} is on no route, and is not listed among the unserved."
        )
    elif len(pickups) > 1 or len(deliveries) > 1 or listed > 1 or (visits and listed):
        yield Broken(
            Rule.ONCE,
            visits[0][0] if visits else None,
            move,
            f"{move} is picked up {len(pickups)} times, delivered {len(deliveries)} times and listed {listed} times "
            "as unserved; it stands once in a plan.",
        )
    elif pickups != deliveries:
        yield Broken(
            Rule.SAME_VEHICLE,
            visits[0][0],
            move,
            f"{move} is picked up by {_names(pickups)} and delivered by {_names(deliveries)}.",
        )
    elif visits and visits[0][1] == Part.DELIVERY:
        yield Broken(
            Rule.PICKUP_FIRST,
            visits[0][0],
            move,
            f"{visits[0][0]} delivers {move} before it picks {move} up.",
        )


def _names(vehicles: list[str]) -> str:
    return " and ".join(vehicles) or "no vehicle"
