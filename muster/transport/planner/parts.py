"""A problem too large for one search, in parts: moves that are near one another are planned together, again and again.

First the moves are split into parts of which each is planned by itself, with its share of the vehicles. Then, in each round,
the routes are grouped anew, so that those on both sides of a former border meet, and each group is planned on from the routes
that it has. What is planned at the same time shares nothing, so the parts of a round are planned side by side.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from muster.transport.planner.plan import Unserved
from muster.transport.planner.problem import Problem
from muster.transport.planner.search.arrays import companies
from muster.transport.planner.search.engine import Budget, Search, Standing
from muster.transport.planner.search.reasons import unserved
from muster.transport.planner.setting_up import compile_once
from muster.transport.planner.timing import cost_of

MOVES = 400  # of a part, at most
LANDMARKS = 8  # places from which it is told how near moves are to one another
FIRST = 0.4  # the share of the time for planning each part by itself
ROUNDS = 4  # of planning on, in the rest of the time
LEAST_S = 0.1  # for a part that begins after the time: enough for a first plan
Order = list[tuple[int, bool]]  # moves by number, and whether it is the delivery
Features = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Moves and vehicles, by their numbers in the whole, that are planned together, and the orders that vehicles have."""

    problem: Problem  # of these alone
    moves: list[int]
    vehicles: list[int]
    orders: dict[int, Order]  # by vehicle of the whole
    seconds: float
    seed: int


@dataclass(frozen=True)
class Planned:
    """The orders of a part's vehicles, and who is in none of them."""

    orders: dict[int, Order]
    unserved: list[Unserved]


def planned(part: Part) -> Planned:
    """A part after a search of its seconds, once this process is set up: no worse than it was."""
    compile_once()
    search = Search(part.problem, seed=part.seed, budget=Budget(seconds=part.seconds, iterations=None))
    n = len(part.moves)
    if part.orders:
        move, vehicle = _numbers(part.moves), _numbers(part.vehicles)
        search.begin_from(
            {
                vehicle[v]: [move[m] + (n if delivers else 0) for m, delivers in order]
                for v, order in part.orders.items()
            }
        )
        search.improve()
    else:
        search.run()
    return Planned(
        orders={
            part.vehicles[v]: [(part.moves[node % n], node >= n) for node in nodes]
            for v, nodes in search.routes()
        },
        unserved=list(unserved(part.problem, search.data, search.walk.best)),
    )


def _numbers(chosen: Sequence[int]) -> dict[int, int]:
    """The place in a part of each number in the whole."""
    return {number: place for place, number in enumerate(chosen)}


@contextmanager
def side_by_side(workers: int | None = None) -> Iterator[Executor]:
    """Processes that plan parts, as many as there are processors where nothing is said. An interrupt is the asker's alone."""
    with ProcessPoolExecutor(
        workers or os.cpu_count() or 1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_IGN),
    ) as pool:
        yield pool


def planned_in_parts(
    problem: Problem,
    *,
    budget: Budget,
    seconds: float,
    seed: int,
    executor: Executor,
    workers: int,
    told: Callable[[Standing], None] | None = None,
    most: int = MOVES,
) -> Planned:
    """The whole problem planned part by part, of `most` moves each, until the seconds or the budget are used.

    `executor` plans `workers` parts at a time, in processes here or on other machines. `told` hears of each part that is ready.
    """
    near = _Nearness(problem, seed, most)
    groups = near.split(companies(problem))
    whole = Planned(orders={}, unserved=[])
    for number in range(ROUNDS + 1):
        share = FIRST if number == 0 else (1 - FIRST) / ROUNDS
        parts = near.parts(
            groups, whole.orders, seconds=share * seconds * workers / len(groups), seed=seed + number
        )
        orders, done = dict(whole.orders), {}
        for place, each in _each_planned(parts, executor, workers, budget):
            done[place] = each
            for vehicle in parts[place].vehicles:
                orders.pop(vehicle, None)
            orders |= each.orders
            if told:
                told(_standing(problem, orders, budget))
        by_part = [done[place] for place in range(len(parts))]  # a seed must not hang on who is ready first
        whole = Planned(
            orders={vehicle: order for each in by_part for vehicle, order in each.orders.items()},
            unserved=[left for each in by_part for left in each.unserved],
        )
        budget.done += 1
        if budget.used >= 1.0:
            break
        groups = near.regroup(whole)
    return whole


def _each_planned(
    parts: Sequence[Part], executor: Executor, workers: int, budget: Budget
) -> Iterator[tuple[int, Planned]]:
    """Each part by its place in the row, as it is ready. A part that begins when nothing is left of the budget gets `LEAST_S`."""
    waiting, running = deque(enumerate(parts)), dict[Future[Planned], int]()
    while waiting or running:
        while waiting and len(running) < workers:
            place, part = waiting.popleft()
            part = replace(part, seconds=LEAST_S) if budget.used >= 1.0 else part
            running[executor.submit(planned, part)] = place
        for ready in wait(running, return_when=FIRST_COMPLETED).done:
            yield running.pop(ready), ready.result()


def _standing(problem: Problem, orders: Mapping[int, Order], budget: Budget) -> Standing:
    """Of these orders; who is in none of them yet counts as not served."""
    cost = 0.0
    for number, order in orders.items():
        vehicle = problem.vehicles[number]
        stops = [problem.moves[m].delivery if delivers else problem.moves[m].pickup for m, delivers in order]
        places = [vehicle.start, *(stop.place for stop in stops), vehicle.end]
        here, there = places[:-1], places[1:]
        cost += cost_of(
            vehicle,
            distance=float(problem.travel.distance[here, there].sum()),
            driving_min=float(problem.travel.time_min[here, there].sum()),
        )
    return Standing(
        seconds=budget.elapsed,
        iterations=budget.done,
        cost=cost,
        vehicles=len(orders),
        unserved=len(problem.moves) - sum(len(order) for order in orders.values()) // 2,
    )


class _Nearness:
    """How near moves, routes and vehicles are: by the drives from a few landmarks, and by when they are."""

    def __init__(self, problem: Problem, seed: int, most: int) -> None:
        self.problem, self.most = problem, most
        self.random = np.random.default_rng(seed)
        pickups = np.array([move.pickup.place for move in problem.moves])
        deliveries = np.array([move.delivery.place for move in problem.moves])
        marks = self._landmarks(np.unique(np.concatenate([pickups, deliveries])))
        drives = problem.travel.time_min[marks]
        drives = np.where(np.isfinite(drives), drives, drives[np.isfinite(drives)].max(initial=1.0))
        when = np.array(
            [_middle(move.pickup.window.earliest, move.pickup.window.latest) for move in problem.moves]
        )
        self.moves: Features = np.column_stack(
            [drives[:, pickups].T, drives[:, deliveries].T, when[:, None] / 2]
        )
        starts = np.array([vehicle.start for vehicle in problem.vehicles])
        self.vehicles: Features = np.column_stack([drives[:, starts].T, drives[:, starts].T])

    def _landmarks(self, places: NDArray[np.int64]) -> list[int]:
        """Places far from one another: each the farthest from those before it."""
        time = self.problem.travel.time_min
        marks = [int(places[0])]
        while len(marks) < min(LANDMARKS, len(places)):
            from_marks = time[marks][:, places]
            nearest = np.where(np.isfinite(from_marks), from_marks, 0.0).min(axis=0)
            marks.append(int(places[int(nearest.argmax())]))
        return marks

    def split(self, units: Sequence[Sequence[int]]) -> list[list[int]]:
        """Groups of whole units, of at most so many moves as a part has where units allow it: halved along one direction after another."""
        count = sum(len(unit) for unit in units)
        if count <= self.most or len(units) == 1:
            return [[move for unit in units for move in unit]]
        middle = np.array([self.moves[list(unit)].mean(axis=0) for unit in units])
        spread = middle - middle.mean(axis=0)
        along = spread @ (spread.std(axis=0) * self.random.uniform(-1, 1, spread.shape[1]))
        order = np.argsort(along, kind="stable")
        sizes = np.cumsum([len(units[each]) for each in order])
        half = min(max(1, int(np.searchsorted(sizes, count / 2))), len(units) - 1)
        return [
            *self.split([units[each] for each in order[:half]]),
            *self.split([units[each] for each in order[half:]]),
        ]

    def regroup(self, whole: Planned) -> list[list[int]]:
        """New groups of whole routes, and of who is in none."""
        routes = [sorted({move for move, _ in order}) for order in whole.orders.values()]
        ridden = {move for route in routes for move in route}
        left = [unit for unit in companies(self.problem) if unit[0] not in ridden]
        return self.split([*routes, *left])

    def parts(
        self, groups: Sequence[Sequence[int]], orders: dict[int, Order], *, seconds: float, seed: int
    ) -> list[Part]:
        """A part for each group: the vehicles that drive its moves, and its share of those that are free, the nearest first."""
        group_of = {move: number for number, group in enumerate(groups) for move in group}
        driven: list[list[int]] = [[] for _ in groups]
        for vehicle, order in orders.items():
            driven[group_of[order[0][0]]].append(vehicle)
        free = [number for number in range(len(self.problem.vehicles)) if number not in orders]
        shares = self._shared_out(free, groups)
        return [
            self._part(list(group), sorted([*mine, *more]), orders, seconds=seconds, seed=seed)
            for group, mine, more in zip(groups, driven, shares, strict=True)
        ]

    def _shared_out(self, free: Sequence[int], groups: Sequence[Sequence[int]]) -> list[list[int]]:
        sizes = np.array([len(group) for group in groups], dtype=float)
        quota = np.diff(np.round(np.concatenate([[0.0], np.cumsum(sizes)]) / sizes.sum() * len(free)))
        middle = np.array([self.moves[list(group)].mean(axis=0)[:-1] for group in groups])
        shares: list[list[int]] = [[] for _ in groups]
        for vehicle in free:
            far = ((middle - self.vehicles[vehicle]) ** 2).sum(axis=1)
            nearest = int(np.where(quota > 0, far, np.inf).argmin())
            quota[nearest] -= 1
            shares[nearest].append(vehicle)
        return shares

    def _part(
        self, moves: list[int], vehicles: list[int], orders: dict[int, Order], *, seconds: float, seed: int
    ) -> Part:
        codes = {self.problem.moves[number].code for number in moves}
        problem = replace(
            self.problem,
            moves=tuple(self.problem.moves[number] for number in moves),
            vehicles=tuple(self.problem.vehicles[number] for number in vehicles),
            together=tuple(rule for rule in self.problem.together if set(rule.moves) <= codes),
            apart=tuple(
                replace(
                    rule,
                    these=tuple(code for code in rule.these if code in codes),
                    those=tuple(code for code in rule.those if code in codes),
                )
                for rule in self.problem.apart
            ),
        )
        mine = {vehicle: orders[vehicle] for vehicle in vehicles if vehicle in orders}
        return Part(problem, moves, vehicles, mine, seconds, seed)


def _middle(earliest: float, latest: float) -> float:
    """The middle of a window, or its beginning where it has no end."""
    return (earliest + latest) / 2 if np.isfinite(latest) else earliest
