"""OR-Tools' routing solver behind the planner's seam: guided local search, in whole hundredths, its orders timed exactly.

Times are rounded up and windows inwards, so an order that it finds in time is in time.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from muster.transport.planner.problem import First, How, Problem, Stop, Vehicle
from muster.transport.planner.timing import Call, timed

ENGINE = "ortools"
STRATEGY = "LOCAL_CHEAPEST_INSERTION"  # of its own ones the best on dial-a-ride with a tight ride time
CANNOT = (
    ("breaks after so much driving", lambda problem: any(vehicle.breaks for vehicle in problem.vehicles)),
)  # its breaks fall within times of the day; by driving it can only be approximated


def solve(problem: Problem, *, seconds: float, seed: int, strategy: str = STRATEGY) -> Plan:
    """Search for so long. `strategy`: how the first plan is made, by OR-Tools' name. It is deterministic but for the clock.

    Raises NotInstalled, NotExpressible.
    """
    try:
        from ortools.constraint_solver import pywrapcp, routing_enums_pb2
    except ModuleNotFoundError:
        raise NotInstalled(engine=ENGINE, package=ENGINE) from None
    refuse(ENGINE, problem, CANNOT)
    model = _Model(problem, pywrapcp)
    words = pywrapcp.DefaultRoutingSearchParameters()
    words.first_solution_strategy = getattr(routing_enums_pb2.FirstSolutionStrategy, strategy)
    words.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    words.time_limit.FromMilliseconds(max(1, round(seconds * 1000)))
    found = model.routing.SolveWithParameters(words)
    return plan_of(problem, model.routes(found) if found else (), engine=ENGINE, seed=seed)


class _Model:
    """The problem as nodes: a pickup and a delivery for each move, then a start and an end for each vehicle."""

    def __init__(self, problem: Problem, pywrapcp: Any) -> None:
        self.problem = problem
        self.stops: list[Stop] = [stop for move in problem.moves for stop in (move.pickup, move.delivery)]
        starts = range(len(self.stops), len(self.stops) + len(problem.vehicles))
        ends = range(starts.stop, starts.stop + len(problem.vehicles))
        self.places = [stop.place for stop in self.stops]
        self.places += [vehicle.start for vehicle in problem.vehicles] + [
            vehicle.end for vehicle in problem.vehicles
        ]
        self.manager = pywrapcp.RoutingIndexManager(
            len(self.places), len(problem.vehicles), list(starts), list(ends)
        )
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.solver = self.routing.solver()
        self.zero = min(0.0, *(vehicle.window.earliest for vehicle in problem.vehicles))
        self.worst = self._costs()
        self._loads()
        self._time()
        self._driving()
        self._moves()
        self._together()
        self._apart()

    def _index(self, move: int, part: Part) -> int:
        return int(self.manager.NodeToIndex(2 * move + (part is Part.DELIVERY)))

    def _matrix(self, by_place: np.ndarray[Any, Any], service: Sequence[int] | None = None) -> int:
        """Register what a leg takes from node to node; with what service at its beginning takes."""
        rows = by_place[np.ix_(self.places, self.places)]
        if service is not None:
            rows = rows + np.array(service, dtype=np.int64)[:, None]
        return int(self.routing.RegisterTransitMatrix(rows.tolist()))

    def _costs(self) -> int:
        """What legs and vehicles cost; the answer is more than any plan can."""
        known: dict[tuple[float, float, int], int] = {}
        most = 0
        for n, vehicle in enumerate(self.problem.vehicles):
            kind = (vehicle.cost_per_distance, vehicle.cost_per_driving_hour, vehicle.units)
            if kind not in known:
                by_place = costs_of(self.problem, vehicle)
                known[kind] = self._matrix(by_place)
                most = max(most, int(by_place.max()))
            self.routing.SetArcCostEvaluatorOfVehicle(known[kind], n)
        fixed = [round(vehicle.fixed_cost * vehicle.units * SCALE) for vehicle in self.problem.vehicles]
        bound = most * len(self.places) + sum(fixed) + 1
        if self.problem.first is First.VEHICLES:
            fixed = [each + bound for each in fixed]
            bound *= len(fixed) + 1
        for n, each in enumerate(fixed):
            self.routing.SetFixedCostOfVehicle(each, n)
        return bound

    def _loads(self) -> None:
        nodes = len(self.places)
        for kind, name in enumerate(self.problem.kinds):
            loads = [sign * move.load[kind] for move in self.problem.moves for sign in (1, -1)]
            register = self.routing.RegisterUnaryTransitVector(loads + [0] * (nodes - len(loads)))
            rooms = [vehicle.room[kind] for vehicle in self.problem.vehicles]
            self.routing.AddDimensionWithVehicleCapacity(register, 0, rooms, True, f"load {name}")

    def _time(self) -> None:
        service = [opens(stop.service_min) for stop in self.stops]
        service += [0] * (len(self.places) - len(service))
        legs = self._matrix(later(self.problem.travel.time_min), service)
        horizon = closes(max(vehicle.window.latest for vehicle in self.problem.vehicles) - self.zero)
        self.routing.AddDimension(legs, horizon, horizon, False, "time")
        self.time = self.routing.GetDimensionOrDie("time")
        for n, vehicle in enumerate(self.problem.vehicles):
            for index in (self.routing.Start(n), self.routing.End(n)):
                self._within(index, vehicle.window.earliest, vehicle.window.latest)
            if vehicle.max_duration_min is not None:
                self.time.SetSpanUpperBoundForVehicle(closes(vehicle.max_duration_min), n)

    def _within(self, index: int, earliest: float, latest: float) -> None:
        """Keep a time in its window, which may have no whole number in it: then in the nearest that lies later."""
        first = max(opens(earliest - self.zero), 0)
        cumul = self.time.CumulVar(index)
        cumul.SetRange(min(first, cumul.Max()), max(first, min(closes(latest - self.zero), cumul.Max())))

    def _driving(self) -> None:
        limits = [vehicle.max_driving_min for vehicle in self.problem.vehicles]
        if any(limit is not None for limit in limits):
            legs = self._matrix(later(self.problem.travel.time_min))
            whole = [closes(1e9 if limit is None else limit) for limit in limits]
            self.routing.AddDimensionWithVehicleCapacity(legs, 0, whole, True, "driving")

    def _moves(self) -> None:
        """Pickup and delivery by one vehicle, in order and within the ride; or neither, at a price above all others."""
        for n, move in enumerate(self.problem.moves):
            here, there = self._index(n, Part.PICKUP), self._index(n, Part.DELIVERY)
            self.routing.AddPickupAndDelivery(here, there)
            self.solver.Add(self.routing.VehicleVar(here) == self.routing.VehicleVar(there))
            begins, ends = self.time.CumulVar(here), self.time.CumulVar(there)
            self.solver.Add(begins <= ends)
            if move.max_ride_min is not None:
                most = closes(move.pickup.service_min + move.max_ride_min)
                self.solver.Add(ends - begins <= most)
            for index, stop in ((here, move.pickup), (there, move.delivery)):
                self._within(index, stop.window.earliest, stop.window.latest)
                self.routing.AddVariableMinimizedByFinalizer(
                    self.time.CumulVar(index)
                )  # rides hold for times, not for ranges
            price = self.worst * (100 if move.priority is None else min(move.priority, 90) + 1)
            self.routing.AddDisjunction([here], price)
            self.routing.AddDisjunction([there], price)
            able = [v for v, vehicle in enumerate(self.problem.vehicles) if self._may(n, vehicle)]
            for index in (here, there) if len(able) < len(self.problem.vehicles) else ():
                self.routing.VehicleVar(index).SetValues([-1, *able])

    def _may(self, number: int, vehicle: Vehicle) -> bool:
        """Whether a vehicle may take a move; who rides together in one vehicle rides in no convoy."""
        move = self.problem.moves[number]
        alone = any(each.how is How.VEHICLE and move.code in each.moves for each in self.problem.together)
        return move.needs <= vehicle.offers and not (alone and vehicle.units > 1)

    def _together(self) -> None:
        index = {move.code: n for n, move in enumerate(self.problem.moves)}
        for each in self.problem.together:
            first, *rest = (self._index(index[code], Part.PICKUP) for code in each.moves)
            for other in rest:
                self.solver.Add(self.routing.VehicleVar(first) == self.routing.VehicleVar(other))

    def _apart(self) -> None:
        """Never in one vehicle, or the one has alighted before the other boards; or one of the two is left."""
        index = {move.code: n for n, move in enumerate(self.problem.moves)}
        if any(each.how is How.ABOARD for each in self.problem.apart):
            self.routing.AddConstantDimension(1, len(self.places), True, "place in the order")
        for each in self.problem.apart:
            for one, other in ((index[a], index[b]) for a in each.these for b in each.those):
                here, there = self._index(one, Part.PICKUP), self._index(other, Part.PICKUP)
                ways = [
                    (self.routing.VehicleVar(here) != self.routing.VehicleVar(there)).Var(),
                    (self.routing.VehicleVar(here) == -1).Var(),
                ]
                if each.how is How.ABOARD:
                    for before, after in ((one, other), (other, one)):
                        order = self.routing.GetDimensionOrDie("place in the order")
                        alights = order.CumulVar(self._index(before, Part.DELIVERY))
                        boards = order.CumulVar(self._index(after, Part.PICKUP))
                        ways.append((alights + 1 <= boards).Var())
                self.solver.Add(self.solver.Sum(ways) >= 1)

    def routes(self, found: Any) -> list[Route]:
        """The orders of a solution with their exact times."""
        told = []
        for n, vehicle in enumerate(self.problem.vehicles):
            calls, index = [], found.Value(self.routing.NextVar(self.routing.Start(n)))
            while not self.routing.IsEnd(index):
                move, second = divmod(self.manager.IndexToNode(index), 2)
                calls.append(Call(move, Part.DELIVERY if second else Part.PICKUP))
                index = found.Value(self.routing.NextVar(index))
            if calls and (route := timed(self.problem, vehicle, calls)):
                told.append(route)
        return told
