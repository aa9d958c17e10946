"""Planning on from where a plan stands: what was begun stays, routes in time stay, and whoever is aboard is brought."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_planner_search import spread

from muster.transport.planner import engines
from muster.transport.planner.checking import broken
from muster.transport.planner.plan import Part, Plan, Route
from muster.transport.planner.problem import Problem, Window
from muster.transport.planner.replanning import News, Replanned, StillAboard, replanned


@pytest.fixture(scope="module")
def problem() -> Problem:
    return spread(moves=30, vehicles=10)


@pytest.fixture(scope="module")
def plan(problem: Problem) -> Plan:
    found = engines.solve(problem, iterations=2000, seed=1)
    assert found.unserved == ()
    return found


def on(problem: Problem, plan: Plan, news: News, **options: bool) -> Replanned:
    answer = replanned(problem, plan, news, seconds=0.3, seed=1, **options)
    assert broken(answer.problem, answer.plan) == []
    return answer


def route_of(plan: Plan, vehicle: str) -> Route:
    return next(route for route in plan.routes if route.vehicle == vehicle)


def under_way(plan: Plan, at: float) -> Route:
    """A route with somebody aboard at a moment, and somebody still to board after."""
    for route in plan.routes:
        done = {(visit.move, visit.part) for visit in route.visits if visit.begins <= at}
        ahead = [visit for visit in route.visits if visit.begins > at]
        aboard = [move for move, part in done if part is Part.PICKUP and (move, Part.DELIVERY) not in done]
        if aboard and sum(visit.part is Part.PICKUP for visit in ahead) > 1:
            return route
    raise AssertionError("no route is under way so")


AT = 150.0


def test_without_news_every_route_stays_as_it_is(problem: Problem, plan: Plan) -> None:
    answer = on(problem, plan, News(at=AT))

    assert answer.plan.routes == plan.routes
    assert answer.kept == tuple(sorted(route.vehicle for route in plan.routes))
    assert answer.lifted == ()


def test_a_late_vehicle_brings_whoever_is_aboard_and_the_others_stay_as_they_are(
    problem: Problem, plan: Plan
) -> None:
    late = under_way(plan, AT)
    begun = [visit for visit in late.visits if visit.begins <= AT]

    answer = on(problem, plan, News(at=AT, late={late.vehicle: 90.0}))

    after = route_of(answer.plan, late.vehicle)
    assert [(visit.move, visit.begins) for visit in after.visits[: len(begun)]] == [
        (visit.move, visit.begins) for visit in begun
    ]
    boarded = {visit.move for visit in begun}
    assert boarded <= {visit.move for visit in after.visits if visit.part is Part.DELIVERY}
    others = {route.vehicle for route in plan.routes} - {late.vehicle}
    assert {code for code in others if code in answer.kept} == set(answer.kept)
    for code in answer.kept:
        assert route_of(answer.plan, code) == route_of(plan, code)
    assert any(late.vehicle in words for words in answer.lifted)
    served = {visit.move for route in answer.plan.routes for visit in route.visits}
    assert served | {each.move for each in answer.plan.unserved} == {move.code for move in problem.moves}


def test_the_moves_of_a_vehicle_that_does_not_come_ride_in_others(problem: Problem, plan: Plan) -> None:
    out = plan.routes[0].vehicle

    answer = on(problem, plan, News(at=-1.0, out=frozenset({out})))

    assert out not in {route.vehicle for route in answer.plan.routes}
    assert answer.plan.unserved == ()
    assert len(answer.kept) == len(plan.routes) - 1


def test_asked_to_change_others_the_plan_costs_no_more(problem: Problem, plan: Plan) -> None:
    out = plan.routes[0].vehicle

    kept = on(problem, plan, News(at=-1.0, out=frozenset({out})))
    changed = on(problem, plan, News(at=-1.0, out=frozenset({out})), change_others=True)

    assert changed.plan.cost <= kept.plan.cost + 1e-6


def test_whoever_is_not_to_be_moved_any_more_is_left_out(problem: Problem, plan: Plan) -> None:
    gone = plan.routes[0].visits[0].move

    answer = on(problem, plan, News(at=-1.0, gone=frozenset({gone})))

    assert gone not in {visit.move for route in answer.plan.routes for visit in route.visits}
    assert gone not in {move.code for move in answer.problem.moves}


def test_who_is_new_is_put_into_a_vehicle_that_is_free(problem: Problem, plan: Plan) -> None:
    new = replace(problem.moves[0], code="NEW")
    asked = replace(problem, moves=(*problem.moves, new))

    answer = on(asked, plan, News(at=-1.0))

    assert "NEW" in {visit.move for route in answer.plan.routes for visit in route.visits}
    assert len(answer.kept) == len(plan.routes)


def test_a_vehicle_with_persons_aboard_is_not_taken_out_of_the_plan(problem: Problem, plan: Plan) -> None:
    vehicle = under_way(plan, AT).vehicle

    with pytest.raises(StillAboard, match="are aboard"):
        replanned(problem, plan, News(at=AT, out=frozenset({vehicle})))


def test_those_aboard_a_vehicle_that_broke_down_are_brought_by_another_from_where_they_are(
    problem: Problem, plan: Plan
) -> None:
    broken_down = under_way(plan, AT)
    done = {(visit.move, visit.part) for visit in broken_down.visits if visit.begins <= AT}
    aboard = {move for move, part in done if part is Part.PICKUP and (move, Part.DELIVERY) not in done}
    with pytest.raises(StillAboard) as refused:
        replanned(problem, plan, News(at=AT, out=frozenset({broken_down.vehicle})))
    stranded = set(refused.value.moves)
    assert stranded == aboard
    waits = replace(problem.moves[0].pickup, window=Window(AT, 1000))
    on_foot = tuple(
        replace(move, code=f"{move.code}-2", pickup=waits, max_ride_min=None)
        for move in problem.moves
        if move.code in stranded
    )
    asked = replace(problem, moves=(*problem.moves, *on_foot))

    answer = on(asked, plan, News(at=AT, out=frozenset({broken_down.vehicle}), gone=frozenset(stranded)))

    served = {visit.move for route in answer.plan.routes for visit in route.visits}
    assert {move.code for move in on_foot} <= served
    assert stranded & served == set()
