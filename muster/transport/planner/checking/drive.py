"""A route laid beside what the problem says of it: whose vehicle, which stops, and the legs between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from muster.transport.planner.plan import Part, Plan, Route, Visit
from muster.transport.planner.problem import Move, Problem, Stop, Vehicle


@dataclass(frozen=True)
class Halt:
    """A visit, the move that it is for, and the stop as the problem has it."""

    visit: Visit
    move: Move
    stop: Stop

    @property
    def words(self) -> str:
        return f"the {self.visit.part} of {self.move.code}"


@dataclass(frozen=True, kw_only=True)
class Leg:
    """The drive from one stop, or from the vehicle's start, to the next, or to its end. In minutes, and distance."""

    stood_min: float  # at the stop that it leaves, from arriving there; nought at the vehicle's start
    left: float
    reached: float
    driving_min: float
    distance: float
    to: str  # where it leads, in words
    move: str | None  # whose stop that is; None at the vehicle's end


@dataclass(frozen=True)
class Drive:
    """A route of a known vehicle over stops of known moves."""

    vehicle: Vehicle
    route: Route
    halts: tuple[Halt, ...]
    legs: tuple[Leg, ...]


def drives(problem: Problem, plan: Plan) -> list[Drive]:
    """The plan's routes that can be laid beside the problem: vehicle and moves are the problem's."""
    vehicles = {vehicle.code: vehicle for vehicle in problem.vehicles}
    moves = {move.code: move for move in problem.moves}
    return [
        _drive(problem, vehicles[route.vehicle], route, moves)
        for route in plan.routes
        if route.visits and route.vehicle in vehicles and all(visit.move in moves for visit in route.visits)
    ]


def _drive(problem: Problem, vehicle: Vehicle, route: Route, moves: dict[str, Move]) -> Drive:
    halts = tuple(_halt(visit, moves[visit.move]) for visit in route.visits)
    return Drive(vehicle, route, halts, tuple(_legs(problem, vehicle, route, halts)))


def _halt(visit: Visit, move: Move) -> Halt:
    return Halt(visit, move, move.pickup if visit.part == Part.PICKUP else move.delivery)


def _legs(problem: Problem, vehicle: Vehicle, route: Route, halts: tuple[Halt, ...]) -> Iterator[Leg]:
    """In driving order; one more than there are halts."""
    time_min, distance = problem.travel.time_min, problem.travel.distance
    here, left, stood_min = vehicle.start, route.leaves, 0.0
    for halt in halts:
        there = halt.stop.place
        yield Leg(
            stood_min=stood_min,
            left=left,
            reached=halt.visit.arrives,
            driving_min=float(time_min[here, there]),
            distance=float(distance[here, there]),
            to=halt.words,
            move=halt.move.code,
        )
        here, left, stood_min = there, halt.visit.departs, halt.visit.departs - halt.visit.arrives
    yield Leg(
        stood_min=stood_min,
        left=left,
        reached=route.back,
        driving_min=float(time_min[here, vehicle.end]),
        distance=float(distance[here, vehicle.end]),
        to="its end",
        move=None,
    )
