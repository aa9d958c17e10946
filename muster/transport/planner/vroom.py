"""VROOM behind the planner's seam: fast and without a ride time, in whole hundredths of a minute, its orders timed exactly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

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
from muster.transport.planner.problem import First, Problem, Stop, Vehicle
from muster.transport.planner.timing import Call, timed

ENGINE = "vroom"
LEVEL = 5  # of exploration, the most that it has
CANNOT = (
    ("ride time", lambda problem: any(move.max_ride_min is not None for move in problem.moves)),
    ("longest duration of a route",
     lambda problem: any(vehicle.max_duration_min is not None for vehicle in problem.vehicles)),
    ("breaks after so much driving", lambda problem: any(vehicle.breaks for vehicle in problem.vehicles)),
    ("moves that ride together", lambda problem: bool(problem.together)),
    ("moves that ride apart", lambda problem: bool(problem.apart)),
)  # fmt: skip


def solve(problem: Problem, *, seconds: float, seed: int) -> Plan:
    """Search, for so long at most; it often ends by itself before. It takes no seed, and gives the same plan each time.

    Raises NotInstalled, NotExpressible.
    """
    try:
        import vroom
    except ModuleNotFoundError:
        raise NotInstalled(engine=ENGINE, package="pyvroom") from None
    refuse(ENGINE, problem, CANNOT)
    found = _input(problem, vroom).solve(
        exploration_level=LEVEL, nb_threads=1, timeout=timedelta(seconds=seconds)
    )
    return plan_of(problem, _routes(problem, found), engine=ENGINE, seed=seed)


def _input(problem: Problem, vroom: Any) -> Any:
    told = vroom.Input()
    zero = min(0.0, *(vehicle.window.earliest for vehicle in problem.vehicles))
    horizon = closes(max(vehicle.window.latest for vehicle in problem.vehicles) - zero)
    profiles: dict[tuple[float, float, int], str] = {}
    legs = later(problem.travel.time_min)
    most = 0
    for vehicle in problem.vehicles:
        kind = (vehicle.cost_per_distance, vehicle.cost_per_driving_hour, vehicle.units)
        if kind not in profiles:
            costs = costs_of(problem, vehicle)
            profiles[kind] = f"profile {len(profiles)}"
            told.set_durations_matrix(profiles[kind], legs)
            told.set_costs_matrix(profiles[kind], costs)
            most = max(most, int(costs.max()))
    # With so much for a vehicle no saving on the way is worth one more.
    bound = most * (2 * len(problem.moves) + 2) if problem.first is First.VEHICLES else 0
    skills = {
        need: n for n, need in enumerate(sorted({need for move in problem.moves for need in move.needs}))
    }
    for n, vehicle in enumerate(problem.vehicles):
        kind = (vehicle.cost_per_distance, vehicle.cost_per_driving_hour, vehicle.units)
        window = vroom.TimeWindow(opens(vehicle.window.earliest - zero), closes(vehicle.window.latest - zero))
        more = {} if vehicle.max_driving_min is None else {"max_travel_time": closes(vehicle.max_driving_min)}
        told.add_vehicle(
            vroom.Vehicle(
                n, start=vehicle.start, end=vehicle.end, profile=profiles[kind], capacity=vroom.Amount(list(vehicle.room)),
                skills={skills[offer] for offer in vehicle.offers if offer in skills}, time_window=window,
                costs=vroom.VehicleCosts(fixed=bound + _fixed(vehicle)), max_tasks=2 * len(problem.moves), **more,
            )
        )  # fmt: skip
    for n, move in enumerate(problem.moves):
        here, there = (
            _step(vroom, 2 * n + end, stop, zero, horizon)
            for end, stop in enumerate((move.pickup, move.delivery))
        )
        # Its highest priority is the largest number; ours is the lowest to be left.
        priority = 100 if move.priority is None else min(move.priority, 99)
        told.add_shipment(
            here,
            there,
            amount=vroom.Amount(list(move.load)),
            skills={skills[need] for need in move.needs},
            priority=priority,
        )
    return told


def _fixed(vehicle: Vehicle) -> int:
    return round(vehicle.fixed_cost * vehicle.units * SCALE)


def _step(vroom: Any, number: int, stop: Stop, zero: float, horizon: int) -> Any:
    """A stop with its window; one that has no whole number in it, or opens after the last vehicle is back, takes the next."""
    first = max(opens(stop.window.earliest - zero), 0)
    latest = max(first, min(closes(stop.window.latest - zero), horizon))
    window = vroom.TimeWindow(first, latest)
    return vroom.ShipmentStep(
        number, location=stop.place, default_service=opens(stop.service_min), time_windows=[window]
    )


def _routes(problem: Problem, found: Any) -> list[Route]:
    """The orders of a solution with their exact times."""
    table = found.routes
    told = []
    for n, vehicle in enumerate(problem.vehicles):
        rows = table[(table["vehicle_id"] == n) & table["type"].isin(["pickup", "delivery"])]
        numbers = np.asarray(rows["id"], dtype=np.int64).tolist()
        calls = [Call(number // 2, Part.DELIVERY if number % 2 else Part.PICKUP) for number in numbers]
        if calls and (route := timed(problem, vehicle, calls)):
            told.append(route)
    return told
