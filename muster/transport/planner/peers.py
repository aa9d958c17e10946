"""What the planners of others have in common: parts that may not be installed, and problems that they cannot express."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from muster.core.errors import MusterError
from muster.transport.planner.plan import Plan, Route, Unserved
from muster.transport.planner.problem import Matrix, Problem, Vehicle

LONGEST_MIN = (
    1e6  # what a leg takes to which no way is left, as these planners are told: longer than any shift
)
SCALE = 100  # whole numbers a minute, a unit of cost: these planners reckon in whole numbers
LEFT = "{engine} found no place for it in the time that it had"


class NotInstalled(MusterError):
    """The planner of somebody else is not there."""

    code = "transport.engine_not_installed"

    def __init__(self, *, engine: str, package: str) -> None:
        self.engine, self.package = engine, package
        super().__init__(f"The engine {engine} is not installed. Run: pip install {package}")


class NotExpressible(MusterError):
    """A planner cannot be told a constraint of the problem, so its answer might break it."""

    code = "transport.not_expressible"

    def __init__(self, *, engine: str, constraint: str) -> None:
        self.engine, self.constraint = engine, constraint
        super().__init__(
            f"{engine} knows no {constraint}, which this problem has. Plan it with --engine muster, or take the constraint out."
        )


def refuse(engine: str, problem: Problem, cannot: Iterable[tuple[str, Callable[[Problem], bool]]]) -> None:
    """Raise NotExpressible for the first of the constraints that the problem has."""
    for constraint, has in cannot:
        if has(problem):
            raise NotExpressible(engine=engine, constraint=constraint)


def later(minutes: Matrix) -> NDArray[np.int64]:
    """Minutes as whole numbers, rounded up: what is in time then is in time."""
    return np.ceil(np.minimum(minutes, LONGEST_MIN) * SCALE - 1e-6).astype(np.int64)


def opens(minutes: float) -> int:
    """The beginning of a window as a whole number, rounded into the window."""
    return ceil(minutes * SCALE - 1e-6)


def closes(minutes: float) -> int:
    """The end of a window, or a limit, as a whole number, rounded down."""
    return floor(minutes * SCALE + 1e-6)


def costs_of(problem: Problem, vehicle: Vehicle) -> NDArray[np.int64]:
    """What each leg costs a vehicle or a convoy, as whole numbers."""
    each = vehicle.cost_per_distance * problem.travel.distance
    each = each + vehicle.cost_per_driving_hour / 60 * np.minimum(problem.travel.time_min, LONGEST_MIN)
    return np.rint(each * vehicle.units * SCALE).astype(np.int64)


def plan_of(problem: Problem, routes: Iterable[Route], *, engine: str, seed: int) -> Plan:
    """The routes as a plan; whoever is on none is not served."""
    found = tuple(routes)
    carried = {visit.move for route in found for visit in route.visits}
    why = LEFT.format(engine=engine)
    left = [move.code for move in problem.moves if move.code not in carried]
    return Plan(
        problem=problem.name,
        routes=found,
        unserved=tuple(Unserved(move=code, constraint="not_found", why=why) for code in left),
        cost=sum(route.cost for route in found),
        estimated=problem.travel.estimated,
        engine=engine,
        seed=seed,
    )
