"""What stopped a move that rides in no vehicle: the constraint without which one would take it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from muster.transport.planner.plan import Unserved
from muster.transport.planner.problem import Move, Problem
from muster.transport.planner.search.arrays import FOREVER, Data
from muster.transport.planner.search.inserting import takes
from muster.transport.planner.search.routes import Plan, bench, book_all, empty_plan

ROOM = 2**30


def _without_room(data: Data, move: int) -> Data:
    return data._replace(room=np.full_like(data.room, ROOM))


def _without_windows(data: Data, move: int) -> Data:
    early, late = data.early.copy(), data.late.copy()
    for node in (move, data.n + move):
        early[node], late[node] = 0.0, FOREVER
    return data._replace(early=early, late=late)


def _without_ride(data: Data, move: int) -> Data:
    ride = data.ride.copy()
    ride[move] = FOREVER
    return data._replace(ride=ride)


def _without_other_rides(data: Data, move: int) -> Data:
    return data._replace(ride=np.full_like(data.ride, FOREVER))


def _without_duration(data: Data, move: int) -> Data:
    return data._replace(duration=np.full_like(data.duration, FOREVER))


def _without_driving(data: Data, move: int) -> Data:
    forever = np.full_like(data.driving, FOREVER)
    return data._replace(driving=forever, break_after=forever)


def _without_shift(data: Data, move: int) -> Data:
    return data._replace(leaves=np.zeros_like(data.leaves), back=np.full_like(data.back, FOREVER))


def _without_apart(data: Data, move: int) -> Data:
    return data._replace(has_apart_aboard=False, has_apart_vehicle=False)


Without = Callable[[Data, int], Data]
ALONE: tuple[tuple[str, Without, str], ...] = (
    ("window", _without_windows, "no vehicle that may take it can be at both ends within their windows"),
    ("ride", _without_ride, "the drive alone is longer than it may ride"),
    ("driving", _without_driving, "no vehicle that may take it has so much driving, with its breaks, left"),
    ("duration", _without_duration, "no vehicle that may take it can be back within its longest duration"),
    ("vehicle_window", _without_shift, "no vehicle that may take it is on shift for so long"),
)
BESIDE: tuple[tuple[str, Without, str], ...] = (
    ("capacity", _without_room, "the vehicles that could be there in time have no room left"),
    ("apart", _without_apart, "it would ride with somebody from whom it is kept apart"),
    ("duration", _without_duration, "the vehicles with room would be away for longer than they may"),
    ("driving", _without_driving, "the vehicles with room would drive for longer than they may"),
    ("ride", _without_other_rides, "with it aboard, it or somebody else would ride for longer than they may"),
    ("vehicle_window", _without_shift, "the vehicles with room would not be back in their shift"),
    ("window", _without_windows, "every vehicle with room is elsewhere within its windows"),
)


def unserved(problem: Problem, data: Data, plan: Plan) -> Iterator[Unserved]:
    """For each move that rides in no vehicle of a plan, the constraint that stopped it, and in words."""
    for number in np.flatnonzero(plan.vehicle < 0):
        constraint, why = _why(problem, data, plan, int(number))
        yield Unserved(
            move=problem.moves[number].code, constraint=constraint, why=f"{why[0].upper()}{why[1:]}."
        )


def _why(problem: Problem, data: Data, plan: Plan, number: int) -> tuple[str, str]:
    move = problem.moves[number]
    if not data.fits[number].any():
        return _unfit(problem, move)
    if math.isinf(problem.travel.time_min[move.pickup.place, move.delivery.place]):
        return "no_way", "no way is open from its pickup to its delivery"
    alone = empty_plan(data)
    if not _takes(data, alone, number):
        for code, without, why in ALONE:
            if _takes(without(data, number), alone, number):
                return code, why
        return "several", "no vehicle can take it, even by itself, and more than one constraint is in the way"
    if data.group[number] != number:
        return "together", "no vehicle has a place for all who ride with it"
    for code, without, why in BESIDE:
        if _takes(without(data, number), plan, number):
            return code, f"by itself it could be served, but {why}"
    return "vehicles", "by itself it could be served, but every vehicle that may take it is needed for others"


def _unfit(problem: Problem, move: Move) -> tuple[str, str]:
    needs = ", ".join(sorted(move.needs))
    if not any(move.needs <= vehicle.offers for vehicle in problem.vehicles):
        return "needs", f"no vehicle offers what it needs: {needs}"
    with_it = f" that offers {needs}" if needs else ""
    return "capacity", f"no vehicle{with_it} has room for it, or it may ride in no convoy"


def _takes(data: Data, plan: Plan, number: int) -> bool:
    """Whether any vehicle takes a move into its route of the plan, without changing the order of the others."""
    work = bench(data, 0)
    book_all(data, plan, work)
    return takes(data, plan, work, np.zeros(len(data.start), dtype=np.int32), number)
