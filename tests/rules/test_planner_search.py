"""Muster's own engine: its plans stand before the check and beside brute force, and whoever is left is told why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brute_force import best, weight
from instances import instance, spread

from muster.transport.planner import engines
from muster.transport.planner.checking import broken
from muster.transport.planner.parts import planned_in_parts, side_by_side
from muster.transport.planner.problem import Apart, Move, Place, Problem, Stop, Travel, Vehicle, Window
from muster.transport.planner.search.engine import Budget


@pytest.mark.parametrize("hundred", range(3))
def test_no_plan_of_300_small_instances_with_every_rule_on_breaks_one(hundred: int) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        problem = instance(seed, moves=4 + seed % 3)

        plan = engines.solve(problem, iterations=60, seed=seed)

        assert broken(problem, plan) == []
        assert all(each.constraint and each.why for each in plan.unserved)


def test_small_instances_without_breaks_are_solved_as_well_as_by_brute_force() -> None:
    problems = [instance(seed, moves=3) for seed in range(150)]
    whole = [each for each in problems if not any(vehicle.breaks for vehicle in each.vehicles)]
    assert len(whole) > 20

    for problem in whole:
        assert flat(weight(problem, engines.solve(problem, iterations=3000, seed=1))) == pytest.approx(
            flat(best(problem).weight)
        )


def flat(nested: object) -> list[float]:
    """The numbers of nested tuples in their order."""
    return [n for each in nested for n in flat(each)] if isinstance(nested, tuple) else [float(str(nested))]


def test_a_seed_gives_the_same_plan_again_and_many_rounds_a_better_one_than_few() -> None:
    problem = spread(moves=30, vehicles=6)

    plans = [engines.solve(problem, iterations=rounds, seed=7) for rounds in (20, 20, 20_000)]

    assert plans[0] == plans[1]
    assert plans[2].cost < plans[0].cost


def test_an_interrupt_keeps_the_best_plan_so_far() -> None:
    problem, heard = spread(moves=20, vehicles=5), []

    def interrupt(standing: engines.Standing) -> None:
        heard.append(standing)
        if len(heard) == 5:
            raise KeyboardInterrupt

    plan = engines.solve(problem, seconds=60, seed=1, told=interrupt)

    assert not plan.finished
    assert plan.unserved == ()
    assert plan.cost == pytest.approx(heard[-1].cost)


HERE, THERE, FAR = 0, 1, 2
ANY = Window(0, 1000)


def one_by_one(**changes: object) -> Problem:
    """A person from here to there, 30 minutes apart, and a vehicle that waits here."""
    minutes = np.array([[0.0, 30, 200], [30, 0, 190], [200, 190, 0]])
    person = Move(
        code="A", pickup=Stop(place=HERE, window=ANY), delivery=Stop(place=THERE, window=ANY), load=(1,)
    )
    vehicle = Vehicle(code="V", start=HERE, end=HERE, window=ANY, capacity=(2,))
    return Problem(
        name="one",
        kinds=("seats",),
        places=tuple(Place(code=code) for code in ("here", "there", "far")),
        moves=(replace(person, **changes.get("person", {})), *changes.get("others", ())),  # type: ignore[call-overload]
        vehicles=(replace(vehicle, **changes.get("vehicle", {})),),  # type: ignore[call-overload]
        travel=Travel(time_min=minutes, distance=minutes),
        apart=changes.get("apart", ()),  # type: ignore[arg-type]
    )


def beside(code: str, **changes: object) -> Move:
    move = Move(
        code=code, pickup=Stop(place=HERE, window=ANY), delivery=Stop(place=THERE, window=ANY), load=(1,)
    )
    return replace(move, **changes)  # type: ignore[arg-type]


NOW = Stop(place=HERE, window=Window(0, 0))
SOON = Stop(place=THERE, window=Window(0, 30))


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"person": {"needs": frozenset({"lift"})}}, "needs"),
        ({"person": {"load": (3,)}}, "capacity"),
        ({"person": {"delivery": Stop(place=THERE, window=Window(0, 29))}}, "window"),
        ({"person": {"max_ride_min": 29.0}}, "ride"),
        ({"vehicle": {"max_driving_min": 59.0}}, "driving"),
        ({"vehicle": {"max_duration_min": 59.0}}, "duration"),
        ({"vehicle": {"window": Window(0, 59)}}, "vehicle_window"),
        ({"person": {"max_ride_min": 29.0}, "vehicle": {"max_driving_min": 59.0}}, "several"),
        (
            {
                "person": {"pickup": NOW, "delivery": SOON},
                "others": (beside("B", pickup=NOW, delivery=SOON, load=(2,)),),
            },
            "capacity",
        ),
        (
            {
                "person": {"pickup": NOW, "delivery": SOON},
                "others": (beside("B", pickup=NOW, delivery=SOON),),
                "apart": (Apart(("A",), ("B",)),),
            },
            "apart",
        ),
        (
            {
                "person": {"pickup": NOW, "delivery": SOON},
                "others": (beside("B", pickup=Stop(place=FAR, window=Window(200, 210))),),
            },
            "window",
        ),
    ],
)
def test_whoever_is_left_is_told_what_stopped_them(changes: dict[str, object], constraint: str) -> None:
    problem = one_by_one(**changes)

    plan = engines.solve(problem, iterations=200, seed=1)

    assert [each.constraint for each in plan.unserved] == [constraint]
    assert plan.unserved[0].why.endswith(".")


def test_whoever_has_no_way_open_is_told_so_and_the_others_ride() -> None:
    problem = one_by_one(others=(beside("B", delivery=Stop(place=FAR, window=ANY)),))
    closed = problem.travel.time_min.copy()
    closed[:FAR, FAR] = closed[FAR, :FAR] = np.inf

    plan = engines.solve(
        replace(problem, travel=replace(problem.travel, time_min=closed)), iterations=200, seed=1
    )

    assert [(each.move, each.constraint) for each in plan.unserved] == [("B", "no_way")]
    assert [route.distance for route in plan.routes] == [60]


def test_nothing_to_move_is_an_empty_plan() -> None:
    assert engines.solve(replace(one_by_one(), moves=()), iterations=10, seed=1).routes == ()


def test_an_engine_that_does_not_exist_is_refused() -> None:
    with pytest.raises(engines.NoSuchEngine, match="muster, ortools, vroom"):
        engines.solve(one_by_one(), engine="horse")


def test_a_large_problem_is_planned_in_parts_side_by_side() -> None:
    problem = spread(moves=60, vehicles=20)
    engines.set_up()
    heard: list[engines.Standing] = []

    with side_by_side(2) as executor:
        list(executor.map(engines.set_up, ["muster"] * 2))
        whole = planned_in_parts(
            problem, budget=Budget(seconds=60, iterations=None), seconds=4, seed=1, executor=executor, workers=2,
            told=heard.append, most=20,
        )  # fmt: skip

    ridden = [move for order in whole.orders.values() for move, _ in order]
    assert sorted(ridden) == sorted(2 * list(range(60)))
    assert whole.unserved == []
    rounds = [standing.iterations for standing in heard]
    assert rounds == sorted(rounds)
    assert set(rounds) == {0, 1, 2, 3, 4}
    assert heard[-1].unserved == 0
    assert heard[-1].cost < heard[rounds.index(1) - 1].cost
