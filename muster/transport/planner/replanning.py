"""A plan that is being driven, planned on from where it stands: a vehicle is late or does not come, somebody is not there.

What was begun stays as it was. A vehicle under way goes on to its next stop. A route that can still be driven in time stays
as it is; of the others, whoever has not boarded may ride elsewhere. Whoever is aboard is brought to where they go, whatever
limit that passes, and each limit that was lifted for it is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from muster.core.errors import MusterError
from muster.transport.planner.checking import broken
from muster.transport.planner.engines import PlanBroken, plan_of, set_up
from muster.transport.planner.plan import Part, Plan, Route, Visit
from muster.transport.planner.problem import Move, Problem, Stop, Vehicle, Window
from muster.transport.planner.search.arrays import data_of
from muster.transport.planner.search.engine import Budget, Search
from muster.transport.planner.timing import Call, timed

ON_SECONDS = 3.0  # of search, where nothing is said
Order = tuple[tuple[str, Part], ...]  # moves by code, in driving order


class StillAboard(MusterError):
    """A vehicle that drives no more has persons aboard."""

    code = "transport.still_aboard"

    def __init__(self, *, vehicle: str, moves: Sequence[str]) -> None:
        self.vehicle, self.moves = vehicle, list(moves)
        super().__init__(
            f"{vehicle} is to drive no more, and {', '.join(moves)} are aboard. Give the problem a move for each of them from "
            "where they are now, name theirs as gone, and plan again."
        )


@dataclass(frozen=True, kw_only=True)
class News:
    """What is known at a moment, in minutes from the problem's zero; vehicles and moves by code."""

    at: float
    late: Mapping[str, float] = field(default_factory=dict)  # minutes that a vehicle is behind its plan
    out: frozenset[str] = frozenset()  # vehicles that drive no more, or not at all
    gone: frozenset[str] = frozenset()  # moves that are not to be made any more


@dataclass(frozen=True, kw_only=True)
class Replanned:
    """The plan from here on, and the problem that it answers: what was begun has its times, and lifted limits are lifted.

    `kept` are vehicles whose route is as it was, times and all; `lifted` says in words which limit was passed for whom.
    """

    problem: Problem
    plan: Plan
    kept: tuple[str, ...]
    lifted: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Way:
    """A vehicle's route as it stands: the first `begun` of its calls are history, and it is on its way to the last `settled` one."""

    route: Route
    order: Order
    begun: int
    settled: int

    @property
    def history(self) -> list[Visit]:
        """The visits that were begun."""
        visits = {(visit.move, visit.part): visit for visit in self.route.visits}
        return [visits[call] for call in self.order[: self.begun]]

    @property
    def boarded(self) -> set[str]:
        return {move for move, part in self.order[: self.settled] if part is Part.PICKUP}

    @property
    def aboard(self) -> list[str]:
        """Whoever boarded and has not alighted when the settled part is driven, in the order in which they will."""
        return [move for move, part in self.order[self.settled :] if move in self.boarded]

    def without(self, gone: frozenset[str]) -> _Way:
        """The same without those who are not to be moved any more and whom the vehicle does not bring any more either."""
        stay = [call[0] not in gone for call in self.order]
        return replace(
            self,
            order=tuple(call for call, stays in zip(self.order, stay, strict=True) if stays),
            begun=sum(stay[: self.begun]),
            settled=sum(stay[: self.settled]),
        )

    @property
    def least(self) -> Order:
        """What the vehicle does in any case: its settled part, and bringing whoever is aboard."""
        return (*self.order[: self.settled], *((move, Part.DELIVERY) for move in self.aboard))


def replanned(
    problem: Problem,
    plan: Plan,
    news: News,
    *,
    seconds: float = ON_SECONDS,
    seed: int = 1,
    change_others: bool = False,
) -> Replanned:
    """Plan on from where a plan stands. The problem may have moves that the plan does not know yet.

    Routes that can be driven on in time stay unchanged, unless `change_others`: then whoever has not boarded may ride
    elsewhere, from every route. Whoever finds no place is left, with the reason. Raises StillAboard, PlanBroken.
    """
    set_up()
    ways = {route.vehicle: _way(route, news) for route in plan.routes}
    for code in sorted(news.out & ways.keys()):
        ways[code] = ways[code].without(news.gone)
        if ways[code].aboard:
            raise StillAboard(vehicle=code, moves=ways[code].aboard)
    boarded = {move for way in ways.values() for move in way.boarded}
    gone = news.gone - boarded
    ways = {code: way.without(gone) for code, way in ways.items()}
    standing = _pinned(_without(problem, gone), ways, news)
    lifted: list[str] = []
    for way in ways.values():
        standing, words = _passable(standing, way)
        lifted += words
    orders = {code: _order(standing, way, news) for code, way in ways.items()}
    as_before = {code for code in ways if orders[code] == _order_of(ways[code].route)} - news.late.keys()
    search = _search(
        standing, ways, orders, news, boarded, change_others=change_others, seconds=seconds, seed=seed
    )
    search.improve()
    fresh = plan_of(search)
    kept = {
        route.vehicle
        for route in fresh.routes
        if route.vehicle in as_before and _order_of(route) == _order_of(ways[route.vehicle].route)
    }
    routes = tuple(ways[route.vehicle].route if route.vehicle in kept else route for route in fresh.routes)
    answer = replace(fresh, routes=routes, seed=seed, cost=sum(route.cost for route in routes))
    found = broken(standing, answer)
    if found:
        raise PlanBroken(engine="muster", found=found)
    return Replanned(problem=standing, plan=answer, kept=tuple(sorted(kept)), lifted=tuple(lifted))


def _order_of(route: Route) -> Order:
    return tuple((visit.move, visit.part) for visit in route.visits)


def _way(route: Route, news: News) -> _Way:
    begun = sum(visit.begins <= news.at for visit in route.visits)
    left = route.visits[begun - 1].departs if begun else route.leaves
    drives = begun < len(route.visits) and route.vehicle not in news.out
    under_way = drives and left + news.late.get(route.vehicle, 0.0) <= news.at
    return _Way(route=route, order=_order_of(route), begun=begun, settled=begun + under_way)


def _without(problem: Problem, gone: frozenset[str] | set[str]) -> Problem:
    """The problem without the moves that are not to be made any more."""

    def stay(codes: Sequence[str]) -> tuple[str, ...]:
        return tuple(code for code in codes if code not in gone)

    return replace(
        problem,
        moves=tuple(move for move in problem.moves if move.code not in gone),
        together=tuple(
            replace(rule, moves=stay(rule.moves)) for rule in problem.together if stay(rule.moves)
        ),
        apart=tuple(replace(rule, these=stay(rule.these), those=stay(rule.those)) for rule in problem.apart),
    )


def _pinned(problem: Problem, ways: Mapping[str, _Way], news: News) -> Problem:
    """The problem with what was begun held to its times, nothing new before now, and late vehicles as late as they are.

    A vehicle that is behind leaves its latest stop so much later than planned, or its start where it has not left.
    """
    begun = {
        (visit.move, visit.part): (visit.begins, at == way.begun - 1, news.late.get(code, 0.0))
        for code, way in ways.items()
        for at, visit in enumerate(way.history)
    }

    def stop(move: Move, part: Part) -> Stop:
        planned = move.pickup if part is Part.PICKUP else move.delivery
        if (move.code, part) not in begun:
            return planned
        begins, is_latest, late = begun[move.code, part]
        behind = late if is_latest else 0.0
        return replace(planned, window=Window(begins, begins), service_min=planned.service_min + behind)

    def ride(move: Move) -> float | None:
        """What is left of the longest ride once the time that its pickup is behind, which counts as service now, is taken off."""
        _, is_latest, late = begun.get((move.code, Part.PICKUP), (0.0, False, 0.0))
        return move.max_ride_min - late if is_latest and move.max_ride_min is not None else move.max_ride_min

    return replace(
        problem,
        moves=tuple(
            replace(
                move,
                pickup=stop(move, Part.PICKUP),
                delivery=stop(move, Part.DELIVERY),
                max_ride_min=ride(move),
            )
            for move in problem.moves
        ),
        vehicles=tuple(_vehicle(vehicle, ways.get(vehicle.code), news) for vehicle in problem.vehicles),
    )


def _vehicle(vehicle: Vehicle, way: _Way | None, news: News) -> Vehicle:
    """A vehicle that has left did so when it did, and is to be back for its duration; another leaves not before now."""
    late = news.late.get(vehicle.code, 0.0)
    if way is None or not way.settled:
        behind = way.route.leaves + late if way and late else news.at
        earliest = max(vehicle.window.earliest, news.at, behind)
        return replace(vehicle, window=Window(earliest, vehicle.window.latest))
    leaves = way.route.leaves + (0.0 if way.begun else late)
    most = inf if vehicle.max_duration_min is None else leaves + vehicle.max_duration_min
    window = Window(leaves, min(vehicle.window.latest, most))
    return replace(vehicle, window=window, max_duration_min=None)


def _timed(problem: Problem, code: str, order: Order) -> Route | None:
    index = {move.code: n for n, move in enumerate(problem.moves)}
    vehicle = next(vehicle for vehicle in problem.vehicles if vehicle.code == code)
    return timed(problem, vehicle, [Call(index[move], part) for move, part in order])


def _passable(problem: Problem, way: _Way) -> tuple[Problem, list[str]]:
    """The problem with those limits lifted that keep a vehicle from bringing whoever is aboard; and which, in words."""
    code, ahead = way.route.vehicle, way.least[way.begun :]
    who = ", ".join(dict.fromkeys(move for move, _ in ahead))
    words: list[str] = []
    for lift, what in (
        (_any_time, "after the hours at which they were to be served"),
        (_any_ride, "though somebody rides for longer than they may"),
        (_any_shift, "though the vehicle drives, or is away, for longer than it may"),
    ):
        if _timed(problem, code, way.least):
            break
        problem = lift(problem, code, ahead)
        words.append(f"{code} brings {who} {what}.")
    return problem, words


def _any_time(problem: Problem, code: str, ahead: Order) -> Problem:
    def stop(move: Move, part: Part, planned: Stop) -> Stop:
        late = replace(planned, window=Window(planned.window.earliest, inf))
        return late if (move.code, part) in ahead else planned

    return replace(
        problem,
        moves=tuple(
            replace(
                move,
                pickup=stop(move, Part.PICKUP, move.pickup),
                delivery=stop(move, Part.DELIVERY, move.delivery),
            )
            for move in problem.moves
        ),
    )


def _any_ride(problem: Problem, code: str, ahead: Order) -> Problem:
    who = {move for move, _ in ahead}
    return replace(
        problem,
        moves=tuple(replace(move, max_ride_min=None) if move.code in who else move for move in problem.moves),
    )


def _any_shift(problem: Problem, code: str, ahead: Order) -> Problem:
    def freed(vehicle: Vehicle) -> Vehicle:
        window = Window(vehicle.window.earliest, inf)
        return replace(vehicle, window=window, max_driving_min=None, max_duration_min=None)

    return replace(
        problem,
        vehicles=tuple(freed(vehicle) if vehicle.code == code else vehicle for vehicle in problem.vehicles),
    )


def _order(problem: Problem, way: _Way, news: News) -> Order:
    """The order of a route from here on, before anybody is put in: as it was where that is in time, else the least."""
    if way.route.vehicle in news.out or not _timed(problem, way.route.vehicle, way.order):
        return way.least
    return way.order


def _search(
    problem: Problem,
    ways: Mapping[str, _Way],
    orders: Mapping[str, Order],
    news: News,
    boarded: set[str],
    *,
    change_others: bool,
    seconds: float,
    seed: int,
) -> Search:
    """A search that begins from these orders, and may change what is to be changed."""
    index = {move.code: n for n, move in enumerate(problem.moves)}
    at = {vehicle.code: n for n, vehicle in enumerate(problem.vehicles)}
    each_by_itself = np.arange(len(at), dtype=np.int32)  # where a vehicle stands, no other does
    data = data_of(problem)._replace(alike=each_by_itself)
    search = Search(problem, seed=seed, budget=Budget(seconds=seconds, iterations=None), data=data)
    search.begin_from(
        {
            at[code]: [index[move] + (0 if part is Part.PICKUP else data.n) for move, part in order]
            for code, order in orders.items()
        }
    )
    ridden = {move for order in orders.values() for move, _ in order}
    for move, n in index.items():
        search.walk.movable[n] = move not in boarded and (change_others or move not in ridden)
    for code, n in at.items():
        stays = code in orders and orders[code] == _order_of(ways[code].route) and not change_others
        search.walk.is_open[n] = code not in news.out and not stays
        search.walk.locked[n] = ways[code].settled if code in ways else 0
    return search
