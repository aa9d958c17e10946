"""Muster's own engine: from a problem to the best plan found in the time or the steps given."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from muster.transport.planner.problem import First, Problem
from muster.transport.planner.search.arrays import Data, data_of
from muster.transport.planner.search.covering import best_set
from muster.transport.planner.search.routes import book_all
from muster.transport.planner.search.walking import (
    Walk,
    close_vehicle,
    copy_plan,
    empty_vehicles,
    walk_of,
    walk_on,
)

STEPS = 200  # between two looks at the clock; fewer where there are many moves


@dataclass(frozen=True)
class Settings:
    """How the search goes about it. Tuned on the shared benchmark instances alone."""

    warm: float = 1.0  # the first warmth, in parts of what a move costs in the mean
    warm_after_emptying: float = (
        3.0  # the same where vehicles come first: a plan squeezed into few is far from the cheapest
    )
    warm_again: float = 0.17  # the same where a plan that stands is improved
    cool: float = 0.08  # the last
    average: float = 10.0  # moves taken out at a step, in the mean
    regret: float = 0.1  # the share of steps repaired by regret
    focus: float = 0.5  # how often strings are taken out beside an absent move, when vehicles come first
    emptying: float = 0.4  # the share of time for fewer vehicles, when they come first
    warm_emptying: float = 0.5  # the first warmth of it
    returning: int = 100  # steps a move after which the walk goes back to the best plan
    covering: float = 0.08  # the share of time for seeking the best set of routes


@dataclass(frozen=True)
class Standing:
    """Where a search stands."""

    seconds: float
    iterations: int
    cost: float
    vehicles: int
    unserved: int


Told = Callable[[Standing], None]


class Budget:
    """How much of the time or of the steps is used."""

    def __init__(self, *, seconds: float | None, iterations: int | None) -> None:
        if seconds is None and iterations is None:
            raise ValueError("a search needs a limit")
        self.seconds, self.iterations = seconds, iterations
        self.started = time.perf_counter()
        self.done = 0
        self.stopped = False

    def stop(self) -> None:
        """Use up what is left."""
        self.stopped = True

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self.started

    @property
    def used(self) -> float:
        """From 0 up to 1, where nothing is left. With a limit of steps the clock is not asked, so that a seed repeats."""
        if self.stopped:
            return 1.0
        by_steps = self.done / self.iterations if self.iterations is not None else 0.0
        return max(by_steps, self.elapsed / self.seconds if self.seconds is not None else 0.0)

    def left_seconds(self, share: float) -> float:
        """Seconds for a part of the work; where steps alone are limited, so many that it is not the clock that ends it."""
        return (
            3600.0
            if self.seconds is None
            else max(0.1, min(share * self.seconds, self.seconds - self.elapsed))
        )


class Search:
    """One search; `run` may be interrupted, and what was best until then stays."""

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        budget: Budget,
        told: Told | None = None,
        settings: Settings | None = None,
        data: Data | None = None,
    ) -> None:
        self.problem, self.budget, self.told = problem, budget, told
        self.settings = settings or Settings()
        self.data = data or data_of(problem)
        self.walk: Walk = walk_of(self.data, seed)
        for plan in (self.walk.now, self.walk.next, self.walk.best):
            book_all(self.data, plan, self.walk.work)

    def run(self) -> None:
        """Search until the budget is used."""
        if not self.problem.moves:
            return
        self._first_plan()
        warm = self.settings.warm
        if self.problem.first is First.VEHICLES:
            self._fewer_vehicles(until=self.settings.emptying)
            warm = self.settings.warm_after_emptying
        self._least_cost(warm)

    def begin_from(self, routes: dict[int, list[int]]) -> None:
        """Make the plan these orders of nodes, by vehicle; who is in none of them is absent. Each must stand by itself."""
        self._write(list(routes.items()))
        self._go_back_to_best()

    def improve(self) -> None:
        """Walk on from the plan as it is until the budget is used, if there is anybody to move."""
        if not self.walk.movable.any():
            return
        self._cool_down(1.0, self.settings.warm_again)

    def routes(self) -> list[tuple[int, list[int]]]:
        """The best plan: vehicle and order of nodes, for each vehicle that drives."""
        best = self.walk.best
        return [
            (vehicle, [int(node) for node in best.seq[vehicle, : best.length[vehicle]]])
            for vehicle in range(len(self.data.start))
            if best.length[vehicle]
        ]

    def _tell(self) -> None:
        if self.told is None:
            return
        best = self.walk.best
        self.told(
            Standing(
                seconds=self.budget.elapsed,
                iterations=self.budget.done,
                cost=float(best.cost[:-1].sum()),
                vehicles=int((best.length[:-1] > 0).sum()),
                unserved=int(self.walk.counts[1]),
            )
        )

    def _step(self, warmth: float, steps: int | None = None) -> None:
        steps = steps or self._steps
        walk_on(self.data, self.walk, steps, warmth, self._average, self.settings.regret)
        self.budget.done += steps
        self._tell()

    @property
    def _steps(self) -> int:
        return max(1, min(STEPS, 40_000 // max(1, self.data.n)))

    @property
    def _average(self) -> float:
        return min(self.settings.average, max(2.0, 0.4 * self.data.n))

    @property
    def _mean_cost(self) -> float:
        now = self.walk.now
        used = [vehicle for vehicle in range(len(self.data.start)) if now.length[vehicle]]
        routes = sum(float(now.cost[vehicle] - self.data.fixed[vehicle]) for vehicle in used)
        return max(routes, 1e-6) / max(1, self.data.n)

    def _first_plan(self) -> None:
        self._step(1e-9, steps=1)

    def _warmths(self, until: float, warm: float, cool: float) -> Iterable[float]:
        """Warmths from warm to cool while the budget's share lasts, evenly in their logarithm."""
        begun = self.budget.used
        while (used := self.budget.used) < until:
            yield warm * math.exp(math.log(cool / warm) * (used - begun) / (until - begun))

    def _cool_down(self, until: float, warm: float) -> None:
        """Walk from this warmth, in parts of what a move costs in the mean, to the last while the budget's share lasts.

        At even intervals the walk goes back to the best plan: one that has drifted off seldom finds its way back, and would
        freeze where it is.
        """
        back_at = self.budget.done + self.settings.returning * self.data.n
        mean = self._mean_cost
        for warmth in self._warmths(until, warm * mean, self.settings.cool * mean):
            self._step(warmth)
            if self.budget.done >= back_at:
                back_at += self.settings.returning * self.data.n
                self._go_back_to_best()

    def _least_cost(self, warm: float) -> None:
        self._cool_down(1.0 - self.settings.covering * (1.0 - self.budget.used), warm)
        self._cover()
        self._polish()

    def _polish(self) -> None:
        while self.budget.used < 1.0:
            self._step(self.settings.cool * self._mean_cost)

    def _cover(self) -> None:
        """Take the best set of all routes met, if it is better than the best plan, and walk on from the best."""
        if self.budget.stopped:
            return
        seconds = self.budget.left_seconds(max(0.0, 1.0 - self.budget.used))
        found = best_set(
            self.data, self.walk.pool, self.walk.is_open, below=float(self.walk.weighed[1]), seconds=seconds
        )
        if found:
            self.adopt(found)
        self._go_back_to_best()

    def adopt(self, routes: list[tuple[int, list[int]]]) -> None:
        """Make the best plan one of these routes, each for a sort of vehicle; who is in none of them is absent."""
        alike = self.data.alike
        open_ones = [int(vehicle) for vehicle in np.flatnonzero(self.walk.is_open)]
        free = {sort: [each for each in open_ones if alike[each] == sort] for sort in set(alike)}
        self._write([(free[sort].pop(0), nodes) for sort, nodes in routes])

    def _write(self, routes: list[tuple[int, list[int]]]) -> None:
        data, best = self.data, self.walk.best
        best.length[:] = 0
        best.vehicle[:] = -1
        for vehicle, nodes in routes:
            best.seq[vehicle, : len(nodes)] = nodes
            best.length[vehicle] = len(nodes)
            for at, node in enumerate(nodes):
                best.place[node] = at
                if node < data.n:
                    best.vehicle[node] = vehicle
        book_all(data, best, self.walk.work)
        absent = best.vehicle < 0
        self.walk.counts[1] = absent.sum()
        self.walk.weighed[1] = best.cost[:-1].sum() + data.unserved[absent].sum()

    def _go_back_to_best(self) -> None:
        walk = self.walk
        copy_plan(walk.best, walk.now, self.data.n)
        copy_plan(walk.best, walk.next, self.data.n)
        absent = np.flatnonzero(walk.best.vehicle < 0)
        walk.absent_now[: len(absent)] = absent
        walk.counts[0] = len(absent)
        walk.weighed[0] = walk.weighed[1]

    def _fewer_vehicles(self, *, until: float) -> None:
        """Close one vehicle after another and seek a plan without it, while the budget's share lasts."""
        walk, data = self.walk, self.data
        while walk.counts[1] > 0 and self.budget.used < until / 2:
            self._step(self.settings.warm_emptying * self._mean_cost)
        self._go_back_to_best()
        while walk.counts[1] == 0 and self.budget.used < until:
            walk.missed[:] = 1.0
            if close_vehicle(data, walk) < 0:
                break
            whole = False
            mean = self._mean_cost
            for warmth in self._warmths(until, self.settings.warm_emptying * mean, self.settings.cool * mean):
                whole = bool(
                    empty_vehicles(
                        data,
                        walk,
                        self._steps,
                        warmth,
                        self._average,
                        self.settings.regret,
                        self.settings.focus,
                    )
                )
                self.budget.done += self._steps
                self._tell()
                if whole:
                    break
            if whole:
                copy_plan(walk.now, walk.best, data.n)
                walk.counts[1] = 0
                walk.weighed[1] = walk.weighed[0] = walk.now.cost[:-1].sum()
        used = walk.best.length[:-1] > 0
        walk.is_open[:] = used if walk.counts[1] == 0 else 1
        self._go_back_to_best()
