"""PyVRP as a peer: pickups and deliveries with windows and loads, in whole hundredths, its orders timed and checked as ours are.

It knows no ride time and no first aim. Where the fewest vehicles come first, each costs as much as ten of the longest legs: of the ways
tried (as three; as all driving together; its own `minimise_fleet` for half the time) the one with the best plans.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from muster.transport.planner.peers import (
    SCALE,
    NotInstalled,
    closes,
    costs_of,
    later,
    opens,
    plan_of,
    refuse,
)
from muster.transport.planner.plan import Part, Plan, Route
from muster.transport.planner.problem import First, Problem, Vehicle
from muster.transport.planner.timing import Call, timed

ENGINE = "pyvrp"
AIM = 10  # longest legs
CANNOT = (
    ("longest ride", lambda problem: any(move.max_ride_min is not None for move in problem.moves)),
    ("moves that may be left", lambda problem: any(move.priority is not None for move in problem.moves)),
    ("moves kept together or apart", lambda problem: problem.together or problem.apart),
    ("needs of moves", lambda problem: any(move.needs for move in problem.moves)),
    ("longest driving", lambda problem: any(vehicle.max_driving_min is not None for vehicle in problem.vehicles)),
    ("breaks after so much driving", lambda problem: any(vehicle.breaks for vehicle in problem.vehicles)),
    ("cost of driving hours", lambda problem: any(vehicle.cost_per_driving_hour for vehicle in problem.vehicles)),
    ("window that opens before nought", lambda problem: min(_opening(problem)) < 0),
)  # fmt: skip


def _opening(problem: Problem) -> list[float]:
    stops = [stop for move in problem.moves for stop in (move.pickup, move.delivery)]
    return [each.window.earliest for each in (*stops, *problem.vehicles)]


def solve_by_pyvrp(problem: Problem, *, seconds: float, seed: int) -> Plan:
    """Search for so long. Raises NotInstalled, NotExpressible."""
    try:
        import pyvrp
        from pyvrp.stop import MaxRuntime
    except ModuleNotFoundError:
        raise NotInstalled(engine=ENGINE, package=ENGINE) from None
    refuse(ENGINE, problem, CANNOT)
    kinds = [list(alike) for _, alike in groupby(problem.vehicles, key=_kind)]
    result = pyvrp.solve(_told(problem, kinds, pyvrp), MaxRuntime(seconds), seed=seed, collect_stats=False)
    return plan_of(problem, _routes(problem, kinds, result.best), engine=ENGINE, seed=seed)


def _kind(vehicle: Vehicle) -> tuple[Any, ...]:
    """What two vehicles must have in common to be of one type."""
    limits = (vehicle.window.earliest, vehicle.window.latest, vehicle.max_duration_min)
    return (
        vehicle.start,
        vehicle.end,
        vehicle.room,
        *limits,
        vehicle.fixed_cost,
        vehicle.cost_per_distance,
        vehicle.units,
    )


def _told(problem: Problem, kinds: list[list[Vehicle]], pyvrp: Any) -> Any:
    """The problem in PyVRP's own terms: a location a place, a shipment a move, a vehicle type for vehicles that are alike."""
    horizon = max(closes(vehicle.window.latest) for vehicle in problem.vehicles)
    ends = sorted({end for vehicle in problem.vehicles for end in (vehicle.start, vehicle.end)})
    times = later(problem.travel.time_min)
    costs = [costs_of(problem, alike[0]) for alike in kinds]
    aim = AIM * max(int(cost.max()) for cost in costs) if problem.first is First.VEHICLES else 0
    shipments = []
    for move in problem.moves:
        windows: dict[str, int] = {}
        for end, stop in (("pickup", move.pickup), ("delivery", move.delivery)):
            first = opens(stop.window.earliest)
            windows[f"{end}_tw_early"] = first
            windows[f"{end}_tw_late"] = max(first, min(closes(stop.window.latest), horizon))
            windows[f"{end}_service_duration"] = opens(stop.service_min)
        shipments.append(
            pyvrp.Shipment(move.pickup.place, move.delivery.place, amount=list(move.load), **windows)
        )
    types = [
        pyvrp.VehicleType(
            num_available=len(alike), capacity=list(alike[0].room), start_depot=ends.index(alike[0].start),
            end_depot=ends.index(alike[0].end), fixed_cost=aim + round(alike[0].fixed_cost * alike[0].units * SCALE),
            tw_early=opens(alike[0].window.earliest), tw_late=closes(alike[0].window.latest), profile=n,
            **({} if alike[0].max_duration_min is None else {"shift_duration": closes(alike[0].max_duration_min)}),
        )
        for n, alike in enumerate(kinds)
    ]  # fmt: skip
    return pyvrp.ProblemData(
        locations=[pyvrp.Location(place.x or 0.0, place.y or 0.0) for place in problem.places],
        clients=[], depots=[pyvrp.Depot(end) for end in ends], vehicle_types=types,
        distance_matrices=costs, duration_matrices=[times] * len(kinds), groups=[], shipments=shipments,
    )  # fmt: skip


def _routes(problem: Problem, kinds: list[list[Vehicle]], best: Any) -> list[Route]:
    """The orders of a solution with their exact times. Where its best breaks a limit, those routes that do are left out."""
    free = [list(alike) for alike in kinds]
    told = []
    for route in best.routes():
        calls = [
            Call(int(visit.idx), Part.PICKUP if visit.is_pickup() else Part.DELIVERY)
            for visit in route.schedule()
            if visit.is_shipment()
        ]
        vehicle = free[route.vehicle_type()].pop()
        if route.is_feasible() and calls and (timed_route := timed(problem, vehicle, calls)):
            told.append(timed_route)
    return told
