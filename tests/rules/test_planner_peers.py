"""The planners of others answer the problems that they can express, and refuse the others naming what they cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from muster.transport.planner import ortools, vroom
from muster.transport.planner.checking import broken
from muster.transport.planner.distances import on_a_plane
from muster.transport.planner.peers import NotExpressible
from muster.transport.planner.problem import (
    Apart,
    Breaks,
    First,
    How,
    Move,
    Place,
    Problem,
    Stop,
    Together,
    Vehicle,
    Window,
)

WHOLE = Window(0, 300)


def town(**more: Any) -> Problem:
    """Four persons from the west to the east of a town and back, two small buses at its two ends."""
    places = tuple(Place(code=f"{x}-{y}", x=float(x), y=float(y)) for x in (0, 20) for y in (0, 3, 6, 9))
    moves = tuple(
        Move(code=f"M{n}", pickup=Stop(place=n, window=WHOLE, service_min=1), delivery=Stop(place=n + 4, window=WHOLE), load=(1,))
        for n in range(4)
    )  # fmt: skip
    buses = (
        Vehicle(code="WEST", start=0, end=0, window=WHOLE, capacity=(2,)),
        Vehicle(code="EAST", start=4, end=4, window=WHOLE, capacity=(2,), cost_per_distance=2),
    )
    problem = Problem(
        name="town",
        kinds=("seats",),
        places=places,
        moves=moves,
        vehicles=buses,
        travel=on_a_plane(places),
    )
    return replace(problem, **more)


def carriers(problem: Problem, plan: Any) -> dict[str, str]:
    return {visit.move: route.vehicle for route in plan.routes for visit in route.visits}


@pytest.mark.parametrize("solve", [ortools.solve, vroom.solve])
@pytest.mark.parametrize(
    "problem",
    [
        town(),
        town(first=First.VEHICLES),
        town(moves=tuple(replace(move, needs=frozenset({"lift"})) for move in town().moves),
             vehicles=(replace(town().vehicles[0], offers=frozenset({"lift"})), town().vehicles[1])),
        town(vehicles=tuple(replace(v, max_driving_min=90, fixed_cost=7, cost_per_driving_hour=3) for v in town().vehicles)),
        town(vehicles=(replace(town().vehicles[0], units=2),)),
    ],
    ids=["plain", "fewest vehicles", "needs", "driving and costs", "convoy"],
)  # fmt: skip
def test_a_plan_of_a_peer_serves_all_and_passes_the_check(solve: Any, problem: Problem) -> None:
    plan = solve(problem, seconds=0.5, seed=1)

    assert broken(problem, plan) == []
    assert plan.unserved == ()
    if problem.first is First.VEHICLES:
        assert len(plan.routes) == 1


@pytest.mark.parametrize("solve", [ortools.solve, vroom.solve])
def test_whoever_a_peer_does_not_carry_is_listed_and_the_optional_first(solve: Any) -> None:
    """One bus takes M0 (41 minutes) or M1 (44), and not both (48) by minute 47: M0, which may be left, is."""
    moves = (replace(town().moves[0], priority=1), town().moves[1])
    problem = town(moves=moves, vehicles=(replace(town().vehicles[0], window=Window(0, 47)),))

    plan = solve(problem, seconds=0.5, seed=1)

    assert broken(problem, plan) == []
    assert [each.move for each in plan.unserved] == ["M0"]
    assert plan.unserved[0].why


@pytest.mark.parametrize("solve", [ortools.solve, vroom.solve])
def test_a_peer_takes_no_way_that_is_closed(solve: Any) -> None:
    """From its first stop nobody drives east, so whoever boards there rides over the second or is left."""
    closed = town().travel.time_min.copy()
    closed[0, 4:] = np.inf
    problem = town(
        travel=replace(town().travel, time_min=closed),
        moves=town().moves[:2],
        vehicles=tuple(replace(vehicle, cost_per_driving_hour=3) for vehicle in town().vehicles),
    )

    plan = solve(problem, seconds=0.5, seed=1)

    assert broken(problem, plan) == []
    assert "M1" in carriers(problem, plan)


def test_or_tools_keeps_rides_durations_and_who_rides_with_whom() -> None:
    base = town()
    problem = town(
        moves=tuple(replace(move, max_ride_min=26.0) for move in base.moves),
        vehicles=tuple(replace(vehicle, max_duration_min=100.0) for vehicle in base.vehicles),
        together=(Together(("M0", "M2")),),
        apart=(Apart(("M1",), ("M0",), How.VEHICLE), Apart(("M3",), ("M1",), How.ABOARD)),
    )

    plan = ortools.solve(problem, seconds=1, seed=1)

    assert broken(problem, plan) == []
    assert plan.unserved == ()
    carried = carriers(problem, plan)
    assert carried["M0"] == carried["M2"] != carried["M1"]


def test_or_tools_carries_those_who_ride_apart_one_after_the_other() -> None:
    problem = town(
        vehicles=town().vehicles[:1], moves=town().moves[:2], apart=(Apart(("M0",), ("M1",), How.ABOARD),)
    )

    plan = ortools.solve(problem, seconds=0.5, seed=1)

    assert broken(problem, plan) == []
    assert plan.unserved == ()


@pytest.mark.parametrize(
    ("engine", "problem", "constraint"),
    [
        (vroom, town(moves=(replace(town().moves[0], max_ride_min=30.0),)), "ride time"),
        (vroom, town(vehicles=(replace(town().vehicles[0], max_duration_min=99.0),)), "longest duration of a route"),
        (vroom, town(together=(Together(("M0", "M1")),)), "moves that ride together"),
        (vroom, town(apart=(Apart(("M0",), ("M1",)),)), "moves that ride apart"),
        (vroom, town(vehicles=(replace(town().vehicles[0], breaks=Breaks(after_driving_min=60, length_min=10)),)),
         "breaks after so much driving"),
        (ortools, town(vehicles=(replace(town().vehicles[0], breaks=Breaks(after_driving_min=60, length_min=10)),)),
         "breaks after so much driving"),
    ],
)  # fmt: skip
def test_what_a_peer_cannot_express_is_refused_by_name(
    engine: Any, problem: Problem, constraint: str
) -> None:
    with pytest.raises(NotExpressible, match=f"knows no {constraint}, which this problem has"):
        engine.solve(problem, seconds=0.5, seed=1)
