"""The seam to the engines: one problem in, one plan out, and no plan that the checker refuses."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from muster.core.errors import MusterError
from muster.transport.planner import ortools, vroom
from muster.transport.planner.checking import Broken, broken
from muster.transport.planner.cluster import on_a_cluster
from muster.transport.planner.parts import planned_in_parts, side_by_side
from muster.transport.planner.plan import Part, Plan, Route, Unserved
from muster.transport.planner.problem import Problem
from muster.transport.planner.search.engine import Budget, Search, Standing
from muster.transport.planner.search.reasons import unserved
from muster.transport.planner.setting_up import compile_once
from muster.transport.planner.timing import Call, timed

__all__ = ["ENGINES", "NoSuchEngine", "PlanBroken", "Standing", "in_parts", "set_up", "solve"]

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
        compile_once()
    return time.perf_counter() - began


def in_parts(problem: Problem, *, engine: str = "muster", seconds: float | None) -> bool:
    """Whether the problem is planned in parts, side by side, and not in one search: it is large, and its time is limited."""
    return engine == "muster" and seconds is not None and len(problem.moves) > LARGE


def solve(
    problem: Problem,
    *,
    engine: str = "muster",
    seconds: float | None = None,
    iterations: int | None = None,
    seed: int = 1,
    told: Told | None = None,
    cluster: str | None = None,
) -> Plan:
    """The best plan that an engine finds in the time, in the rounds, or in what ends first, once it is set up.

    Every plan has passed the check. With rounds alone Muster's engine gives the same plan for the same seed; the others
    know no rounds and take 10 seconds. `told` hears of the best plan again and again. An interrupt (Ctrl+C) ends the
    search of Muster's engine, and its best plan so far is given, marked as not finished.

    What is planned in parts (`in_parts`) is planned by all processors of this machine, or of the Ray cluster whose address
    `cluster` is. Anything else is one search, which runs here, and no cluster is asked.

    Raises NoSuchEngine, NotInstalled, NotExpressible, PlanBroken; RayNotInstalled, ClusterNotReached, ClusterFailed.
    """
    if engine == "muster":
        set_up()
        if seconds is not None and in_parts(problem, seconds=seconds):
            plan = _in_parts(
                problem, seconds=seconds, iterations=iterations, seed=seed, told=told, cluster=cluster
            )
        else:
            plan = _in_one(problem, seconds=seconds, iterations=iterations, seed=seed, told=told)
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


def _in_one(
    problem: Problem, *, seconds: float | None, iterations: int | None, seed: int, told: Told | None
) -> Plan:
    """The plan of one search."""
    budget = Budget(seconds=seconds, iterations=iterations)
    search = Search(problem, seed=seed, budget=budget, told=told)
    try:
        with _stopping(budget):
            search.run()
    except KeyboardInterrupt:
        budget.stop()
    return replace(plan_of(search), seed=seed, finished=not budget.stopped)


def _in_parts(
    problem: Problem,
    *,
    seconds: float,
    iterations: int | None,
    seed: int,
    told: Told | None,
    cluster: str | None,
) -> Plan:
    """The plan of a problem that is too large for one search. Its time begins once all workers are set up."""
    with _workers(cluster) as (executor, workers):
        list(executor.map(set_up, ["muster"] * workers))
        budget = Budget(seconds=seconds, iterations=iterations)
        with _stopping(budget):
            whole = planned_in_parts(
                problem, budget=budget, seconds=seconds, seed=seed, executor=executor, workers=workers, told=told
            )  # fmt: skip
    n = len(problem.moves)
    routes = tuple(
        _route(problem, vehicle, [move + (n if delivers else 0) for move, delivers in order])
        for vehicle, order in sorted(whole.orders.items())
    )
    plan = _plan(problem, routes, whole.unserved, iterations=budget.done, seed=seed)
    return replace(plan, finished=not budget.stopped)


@contextmanager
def _workers(cluster: str | None) -> Iterator[tuple[Executor, int]]:
    """What plans parts, and how many at a time: the processors of a cluster, or of this machine."""
    if cluster is not None:
        with on_a_cluster(cluster) as workers:
            yield workers
    else:
        count = os.cpu_count() or 1
        with side_by_side(count) as executor:
            yield executor, count


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
