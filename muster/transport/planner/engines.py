"""The seam to the engines: one problem in, one plan out, and no plan that the checker refuses."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from types import FrameType

import numpy as np

from muster.core.errors import MusterError
from muster.transport.planner import ortools, vroom
from muster.transport.planner.checking import Broken, broken
from muster.transport.planner.parts import planned_in_parts, side_by_side
from muster.transport.planner.plan import Part, Plan, Route, Unserved
from muster.transport.planner.problem import First, Move, Place, Problem, Stop, Travel, Vehicle, Window
from muster.transport.planner.search.compiling import by_one_at_a_time
from muster.transport.planner.search.engine import Budget, Search, Standing
from muster.transport.planner.search.reasons import unserved
from muster.transport.planner.search.routes import empty_plan
from muster.transport.planner.timing import Call, timed

__all__ = ["ENGINES", "NoSuchEngine", "PlanBroken", "Standing", "set_up", "solve"]

LARGE = 1_000  # moves: with more, and a limit of time, it is planned in parts
ENGINES = ("muster", "ortools", "vroom")
Told = Callable[[Standing], None]


class NoSuchEngine(MusterError):
    """There is no engine of that name."""

    code = "transport.no_such_engine"

    def __init__(self, *, engine: str) -> None:
        self.engine = engine
        super().__init__(f"There is no engine {engine}. There are: {', '.join(ENGINES)}.")


class PlanBroken(MusterError):
    """An engine made a plan that breaks a rule of the problem; the plan is withheld."""

    code = "transport.plan_broken"

    def __init__(self, *, engine: str, found: Sequence[Broken]) -> None:
        self.engine, self.found = engine, list(found)
        super().__init__(
            f"The engine {engine} made a plan that the check refuses, so it is withheld: {found[0].message} "
            "Report this with the problem's file; another engine or seed may do meanwhile."
        )


def set_up(engine: str = "muster") -> float:
    """Compile what the engine needs, or load it where it was compiled before. How many seconds it took."""
    began = time.perf_counter()
    if engine == "muster":
        _compile()
    return time.perf_counter() - began


@cache
def _compile() -> None:
    """Call everything that is compiled once, so that it is; a process does so once."""
    with by_one_at_a_time():
        for first in First:
            search = Search(_smallest(first), seed=1, budget=Budget(seconds=None, iterations=2))
            search.run()
            list(unserved(search.problem, search.data, empty_plan(search.data)))


def solve(
    problem: Problem,
    *,
    engine: str = "muster",
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 1,
    told: Told | None = None,
) -> Plan:
    """The best plan that an engine finds in the time, in the rounds, or in what ends first, once it is set up.

    Every plan has passed the check. With rounds alone Muster's engine gives the same plan for the same seed; the others
    know no rounds and take 10 seconds. `told` hears of the best plan again and again. An interrupt (Ctrl+C) ends the
    search of Muster's engine, and its best plan so far is given, marked as not finished.

    Raises NoSuchEngine, NotInstalled, NotExpressible, PlanBroken.
    """
    if engine == "muster":
        set_up()
        plan = _own(problem, seconds=seconds, iterations=iterations, seed=seed, told=told)
    elif engine == "ortools":
        plan = ortools.solve(problem, seconds=seconds or 10.0, seed=seed)
    elif engine == "vroom":
        plan = vroom.solve(problem, seconds=seconds or 10.0, seed=seed)
    else:
        raise NoSuchEngine(engine=engine)
    found = broken(problem, plan)
    if found:
        raise PlanBroken(engine=engine, found=found)
    return plan


def _own(
    problem: Problem, *, seconds: float | None, iterations: int | None, seed: int, told: Told | None
) -> Plan:
    budget = Budget(seconds=seconds, iterations=iterations)
    if seconds is not None and len(problem.moves) > LARGE:
        with _stopping(budget):
            plan = _in_parts(problem, budget, seconds, seed, told)
        return replace(plan, finished=not budget.stopped)
    search = Search(problem, seed=seed, budget=budget, told=told)
    try:
        with _stopping(budget):
            search.run()
    except KeyboardInterrupt:
        budget.stop()
    return replace(plan_of(search), seed=seed, finished=not budget.stopped)


def _in_parts(problem: Problem, budget: Budget, seconds: float, seed: int, told: Told | None) -> Plan:
    """The plan of a problem that is too large for one search."""
    workers = os.cpu_count() or 1
    with side_by_side(workers) as executor:
        whole = planned_in_parts(
            problem, budget=budget, seconds=seconds, seed=seed, executor=executor, workers=workers, told=told
        )
    n = len(problem.moves)
    routes = tuple(
        _route(problem, vehicle, [move + (n if delivers else 0) for move, delivers in order])
        for vehicle, order in sorted(whole.orders.items())
    )
    return _plan(problem, routes, whole.unserved, iterations=budget.done, seed=seed)


@contextmanager
def _stopping(budget: Budget) -> Iterator[None]:
    """Let an interrupt use up the budget, the next one being an interrupt again.

    Raised as an exception it can be lost: it is let go where it arrives while compiled code asks for the types of what it is given.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        budget.stop()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def plan_of(search: Search) -> Plan:
    """The best plan of a search, with its times and the reasons of whoever is left."""
    routes = tuple(_route(search.problem, vehicle, nodes) for vehicle, nodes in search.routes())
    left = unserved(search.problem, search.data, search.walk.best)
    return _plan(search.problem, routes, left, iterations=search.budget.done)


def _plan(
    problem: Problem,
    routes: tuple[Route, ...],
    left: Iterable[Unserved],
    *,
    iterations: int,
    seed: int | None = None,
) -> Plan:
    return Plan(
        problem=problem.name,
        routes=routes,
        unserved=tuple(left),
        cost=sum(route.cost for route in routes),
        estimated=problem.travel.estimated,
        engine="muster",
        seed=seed,
        iterations=iterations,
    )


def _route(problem: Problem, vehicle: int, nodes: Sequence[int]) -> Route:
    n = len(problem.moves)
    calls = [Call(node % n, Part.PICKUP if node < n else Part.DELIVERY) for node in nodes]
    route = timed(problem, problem.vehicles[vehicle], calls)
    assert route is not None, "the search keeps only orders that have times"
    return route


def _smallest(first: First) -> Problem:
    """Two moves and two vehicles at one place: enough to call everything that is compiled."""
    stop = Stop(place=0, window=Window(0, 1))
    return Problem(
        name="set-up",
        kinds=("seats",),
        places=(Place(code="here"),),
        moves=tuple(Move(code=code, pickup=stop, delivery=stop, load=(1,)) for code in "AB"),
        vehicles=tuple(
            Vehicle(code=code, start=0, end=0, window=Window(0, 1), capacity=(1,)) for code in "CD"
        ),
        travel=Travel(time_min=np.zeros((1, 1)), distance=np.zeros((1, 1))),
        first=first,
    )
