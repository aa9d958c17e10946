"""A plan driven as it stands, under times that may be longer: when everything then happens, and what breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from muster.transport.planner.checking import Broken, broken
from muster.transport.planner.plan import Plan, Route
from muster.transport.planner.problem import Problem, Vehicle
from muster.transport.planner.timing import Call, laid_out, legs, stop_of


@dataclass(frozen=True)
class Replay:
    """The plan as it came out, and every rule of the problem that it breaks."""

    factor: float
    plan: Plan
    broken: list[Broken]

    @property
    def latest_min(self) -> float:
        """When the last vehicle is back."""
        return max((route.back for route in self.plan.routes), default=0.0)


def slower(problem: Problem, factor: float) -> Problem:
    """The same problem with every drive `factor` times as long; distances, services and limits stay."""
    return replace(problem, travel=replace(problem.travel, time_min=problem.travel.time_min * factor))


def replayed(problem: Problem, plan: Plan, *, factor: float) -> Replay:
    """Drive a plan of this problem with every drive `factor` times as long.

    Vehicles, orders and departures from the start stay. Nobody is served earlier than planned, and everything begins as
    soon after as it can. The plan's vehicles and moves must be the problem's.
    """
    longer = slower(problem, factor)
    vehicles = {vehicle.code: vehicle for vehicle in problem.vehicles}
    index = {move.code: n for n, move in enumerate(problem.moves)}
    routes = tuple(
        driven(
            longer,
            vehicles[route.vehicle],
            [Call(index[visit.move], visit.part) for visit in route.visits],
            leaves=route.leaves,
            not_before=[visit.begins for visit in route.visits],
        )
        for route in plan.routes
    )
    came = replace(plan, routes=routes, cost=sum(route.cost for route in routes))
    return Replay(factor, came, broken(longer, came))


def driven(
    problem: Problem,
    vehicle: Vehicle,
    calls: Sequence[Call],
    *,
    leaves: float,
    not_before: Sequence[float] = (),
) -> Route:
    """A route as it is when nobody looks at limits: each service begins on arrival, but in its window and not before its time.

    `not_before` has a time for each call, or none. What comes too late comes too late.
    """

    def begins(n: int, arrives: float) -> float:
        opens = stop_of(problem, calls[n]).window.earliest
        return max(arrives, opens, not_before[n] if not_before else opens)

    return laid_out(problem, vehicle, calls, legs(problem, vehicle, calls), leaves=leaves, begins=begins)
