"""The checker of plans: one good plan that stands at the limit of every rule, and plans that each break exactly one."""

from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from muster.transport.planner.checking import Rule, broken
from muster.transport.planner.plan import Part, Plan, Route, Unserved, Visit
from muster.transport.planner.problem import (
    Apart,
    Breaks,
    How,
    Move,
    Place,
    Problem,
    Stop,
    Together,
    Travel,
    Vehicle,
    Window,
)

KM = {"Depot": 0.0, "North": 40.0, "Hall": 100.0, "South": 160.0}  # along one road, a kilometre a minute
PLACES = list(KM)


def stop(place: str, earliest: float = 0, latest: float = 600) -> Stop:
    return Stop(place=PLACES.index(place), window=Window(earliest, latest), service_min=5)


def move(code: str, pickup: Stop, delivery: Stop, load: tuple[int, int], **more: Any) -> Move:
    return Move(code=code, pickup=pickup, delivery=delivery, load=load, **more)


def vehicle(
    code: str, at: str, earliest: float, latest: float, capacity: tuple[int, int], **more: Any
) -> Vehicle:
    place = PLACES.index(at)
    window = Window(earliest, latest)
    return Vehicle(code=code, start=place, end=place, window=window, capacity=capacity, **more)


ROAD = np.array([[abs(here - there) for there in KM.values()] for here in KM.values()])

PROBLEM = Problem(
    name="one road",
    kinds=("seats", "wheelchair places"),
    places=tuple(Place(code=place) for place in PLACES),
    moves=(
        move("Ann", stop("North", earliest=60), stop("Hall", latest=130), (1, 1), needs=frozenset({"ramp"})),
        move("Ben", stop("North"), stop("South"), (3, 0), max_ride_min=150),
        move("Cat", stop("South"), stop("Hall"), (2, 0)),
        move("Dan", stop("South"), stop("Hall"), (2, 0)),
        move("Eve", stop("Hall"), stop("South"), (1, 0)),
        move("Fay", stop("Hall"), stop("South"), (1, 0), priority=1),
    ),
    vehicles=(
        vehicle(
            "Bus",
            "Depot",
            10,
            445,
            (4, 1),
            max_duration_min=435,
            max_driving_min=320,
            breaks=Breaks(after_driving_min=100, length_min=30),
            fixed_cost=50,
            cost_per_distance=2,
            cost_per_driving_hour=30,
            offers=frozenset({"ramp", "medic"}),
        ),
        vehicle("Convoy", "South", 0, 300, (2, 0), fixed_cost=20, units=2),
        vehicle("Spare", "Hall", 0, 300, (4, 1)),
    ),
    travel=Travel(time_min=ROAD, distance=ROAD),
    together=(Together(("Ann", "Ben")), Together(("Cat", "Dan"), How.CONVOY)),
    apart=(
        Apart(("Ann",), ("Cat", "Eve"), How.VEHICLE, rule="TRN-17"),
        Apart(("Cat", "Dan"), ("Eve",), How.ABOARD, rule="TRN-17"),
    ),
)

# Each line: arrives, begins, departs. On its way home the bus drives 160 min, 60 after its last break: it takes two.
BUS = """
    leaves 10
     50  60  65  pickup Ann
     65  65  70  pickup Ben
    130 130 160  delivery Ann
    220 220 225  delivery Ben
    back 445  distance 320  driving 320  cost 850
"""

CONVOY = """
    leaves 0
      0   0   5  pickup Cat
      5   5  10  pickup Dan
     70  70  75  delivery Cat
     75  75  80  delivery Dan
     80  80  85  pickup Eve
    145 145 150  delivery Eve
    back 150  distance 120  driving 120  cost 280
"""


def route(vehicle: str, story: str) -> Route:
    (_, leaves), *lines, last = [line.split() for line in story.strip().splitlines()]
    visits = tuple(
        Visit(
            move=move, part=Part(part), arrives=float(arrives), begins=float(begins), departs=float(departs)
        )
        for arrives, begins, departs, part, move in lines
    )
    _, back, _, distance, _, driving, _, cost = last
    return Route(
        vehicle=vehicle,
        leaves=float(leaves),
        visits=visits,
        back=float(back),
        distance=float(distance),
        driving_min=float(driving),
        cost=float(cost),
    )


FAY = Unserved(move="Fay", constraint="vehicle_window", why="Every vehicle is back before Fay is at South.")


def plan(*routes: Route, unserved: tuple[Unserved, ...] = (FAY,)) -> Plan:
    return Plan(
        problem="one road",
        routes=routes,
        unserved=unserved,
        cost=sum(route.cost for route in routes),
        estimated=False,
        engine="by hand",
    )


PLAN = plan(route("Bus", BUS), route("Convoy", CONVOY))


def codes(problem: Problem, plan: Plan) -> list[Rule]:
    return [found.rule for found in broken(problem, plan)]


def test_a_plan_that_stands_at_every_limit_breaks_no_rule():
    assert broken(PROBLEM, PLAN) == []


# --- at the limit and past it ---------------------------------------------------------------------------------------------

Change = Callable[[float], tuple[Problem, Plan]]


def of_vehicle(code: str, change: Callable[[Vehicle, float], dict[str, Any]]) -> Change:
    """The good plan under a problem whose vehicle is so much stricter."""

    def changed(by: float) -> tuple[Problem, Plan]:
        vehicles = tuple(replace(v, **change(v, by)) if v.code == code else v for v in PROBLEM.vehicles)
        return replace(PROBLEM, vehicles=vehicles), PLAN

    return changed


def of_move(code: str, change: Callable[[Move, float], dict[str, Any]]) -> Change:
    """The good plan under a problem whose move asks for so much more."""

    def changed(by: float) -> tuple[Problem, Plan]:
        moves = tuple(replace(m, **change(m, by)) if m.code == code else m for m in PROBLEM.moves)
        return replace(PROBLEM, moves=moves), PLAN

    return changed


def of_visit(code: str, part: Part, change: Callable[[Visit, float], dict[str, Any]]) -> Change:
    """The good problem with a plan of which one visit is so much earlier or later."""

    def visited(visit: Visit, by: float) -> Visit:
        return replace(visit, **change(visit, by)) if (visit.move, visit.part) == (code, part) else visit

    def changed(by: float) -> tuple[Problem, Plan]:
        routes = (replace(r, visits=tuple(visited(v, by) for v in r.visits)) for r in PLAN.routes)
        return PROBLEM, replace(PLAN, routes=tuple(routes))

    return changed


def of_bus(change: Callable[[Route, float], dict[str, Any]]) -> Change:
    """The good problem with a plan whose first route is changed, and whose cost is that of its routes."""

    def changed(by: float) -> tuple[Problem, Plan]:
        bus, convoy = PLAN.routes
        return PROBLEM, plan(replace(bus, **change(bus, by)), convoy)

    return changed


TIMES: dict[str, tuple[Rule, Change]] = {
    "service begins too early": (
        Rule.WINDOW,
        of_move("Ann", lambda m, by: {"pickup": replace(m.pickup, window=Window(60 + by, 600))}),
    ),
    "service begins too late": (
        Rule.WINDOW,
        of_move("Ann", lambda m, by: {"delivery": replace(m.delivery, window=Window(0, 130 - by))}),
    ),
    "service begins before arriving": (
        Rule.SERVICE,
        of_visit("Ben", Part.DELIVERY, lambda v, by: {"arrives": v.arrives + by}),
    ),
    "service is cut short": (
        Rule.SERVICE,
        of_move("Ann", lambda m, by: {"pickup": replace(m.pickup, service_min=5 + by)}),
    ),
    "faster than the drive": (
        Rule.TRAVEL,
        of_visit("Eve", Part.DELIVERY, lambda v, by: {"arrives": v.arrives - by}),
    ),
    "leaves too early": (
        Rule.VEHICLE_WINDOW,
        of_vehicle("Bus", lambda v, by: {"window": Window(10 + by, 445)}),
    ),
    "is back too late": (
        Rule.VEHICLE_WINDOW,
        of_vehicle("Bus", lambda v, by: {"window": Window(10, 445 - by)}),
    ),
    "is out too long": (Rule.DURATION, of_vehicle("Bus", lambda v, by: {"max_duration_min": 435 - by})),
    "drives too long": (Rule.DRIVING, of_vehicle("Bus", lambda v, by: {"max_driving_min": 320 - by})),
    "rides too long": (Rule.RIDE, of_move("Ben", lambda m, by: {"max_ride_min": 150 - by})),
    "a break at a stop that is too short": (
        Rule.BREAKS,
        of_visit("Ann", Part.DELIVERY, lambda v, by: {"departs": v.departs - by}),
    ),
    "too little time for two breaks on the way": (Rule.BREAKS, of_bus(lambda r, by: {"back": r.back - by})),
    "drives too long before its first break": (
        Rule.BREAKS,
        of_vehicle("Bus", lambda v, by: {"breaks": Breaks(after_driving_min=100 - by, length_min=30)}),
    ),
}


@pytest.mark.parametrize("case", TIMES)
def test_a_time_may_stand_at_its_limit_and_not_past_it(case: str):
    rule, changed = TIMES[case]

    assert codes(*changed(0)) == []
    assert codes(*changed(0.5e-6)) == []
    assert codes(*changed(2e-6)) == [rule]
    assert codes(*changed(1)) == [rule]


LOADS: dict[str, tuple[Rule, Change]] = {
    "a seat too few": (Rule.CAPACITY, of_vehicle("Bus", lambda v, by: {"capacity": (4 - by, 1)})),
    "a wheelchair place too few": (Rule.CAPACITY, of_vehicle("Bus", lambda v, by: {"capacity": (4, 1 - by)})),
    "a convoy of one unit less, at the same cost": (
        Rule.CAPACITY,
        of_vehicle("Convoy", lambda v, by: {"units": int(2 - by), "fixed_cost": 20 + 140 * by}),
    ),
    "one more person": (Rule.CAPACITY, of_move("Ben", lambda m, by: {"load": (3 + by, 0)})),
}


@pytest.mark.parametrize("case", LOADS)
def test_as_many_as_there_is_room_for_may_be_aboard_and_not_one_more(case: str):
    rule, changed = LOADS[case]

    assert codes(*changed(0)) == []
    assert codes(*changed(1)) == [rule]


SUMS: dict[str, tuple[Rule, Change]] = {
    "distance": (Rule.DISTANCE, of_bus(lambda r, by: {"distance": r.distance * (1 + by)})),
    "driving": (Rule.DRIVING_TIME, of_bus(lambda r, by: {"driving_min": r.driving_min * (1 - by)})),
    "cost of a route": (Rule.COST, of_bus(lambda r, by: {"cost": r.cost * (1 + by)})),
    "cost of the plan": (
        Rule.TOTAL_COST,
        lambda by: (PROBLEM, replace(PLAN, cost=PLAN.cost * (1 - by))),
    ),
}


@pytest.mark.parametrize("case", SUMS)
def test_a_sum_may_be_off_by_a_millionth_and_not_by_more(case: str):
    rule, changed = SUMS[case]

    assert codes(*changed(0)) == []
    assert codes(*changed(0.9e-6)) == []
    assert codes(*changed(1.1e-6)) == [rule]
    assert rule in codes(*changed(nan))


# --- what is so or is not -------------------------------------------------------------------------------------------------


def with_vehicle(code: str, **change: Any) -> Problem:
    vehicles = tuple(replace(v, **change) if v.code == code else v for v in PROBLEM.vehicles)
    return replace(PROBLEM, vehicles=vehicles)


def with_group(group: Together | Apart) -> Problem:
    if isinstance(group, Together):
        return replace(PROBLEM, together=(*PROBLEM.together, group))
    return replace(PROBLEM, apart=(*PROBLEM.apart, group))


def convoy(story: str) -> Plan:
    return plan(route("Bus", BUS), route("Convoy", story))


WITHOUT_DAN = """
    leaves 0
      0   0   5  pickup Cat
     65  65  70  delivery Cat
     80  80  85  pickup Eve
    145 145 150  delivery Eve
    back 150  distance 120  driving 120  cost 280
"""
CAT_AND_DAN = """
    leaves 0
      0   0   5  pickup Cat
      5   5  10  pickup Dan
     70  70  75  delivery Cat
     75  75  80  delivery Dan
    back 140  distance 120  driving 120  cost 280
"""
EVE = """
    leaves 140
    200 200 205  pickup Eve
    265 265 270  delivery Eve
    back 270  distance 120  driving 120  cost 280
"""
EVE_BOARDS_AS_DAN_IS_ABOARD = """
    leaves 0
      0   0   5  pickup Cat
      5   5  10  pickup Dan
     70  70  75  delivery Cat
     75  75  80  pickup Eve
     80  80  85  delivery Dan
    145 145 150  delivery Eve
    back 150  distance 120  driving 120  cost 280
"""
EVE_IS_DELIVERED_FIRST = """
    leaves 0
      0   0   5  delivery Eve
      5   5  10  pickup Cat
     10  10  15  pickup Dan
     75  75  80  delivery Cat
     80  80  85  delivery Dan
     85  85  90  pickup Eve
    back 150  distance 120  driving 120  cost 280
"""
EVE_IS_NOT_DELIVERED = """
    leaves 0
      0   0   5  pickup Cat
      5   5  10  pickup Dan
     70  70  75  delivery Cat
     75  75  80  delivery Dan
     80  80  85  pickup Eve
    back 145  distance 120  driving 120  cost 280
"""
SPARE_DELIVERS_EVE = """
    leaves 0
    60  60  65  delivery Eve
    back 125  distance 120  driving 120  cost 120
"""
EVE_RIDES_TWICE = """
    leaves 0
      0   0   5  pickup Cat
      5   5  10  pickup Dan
     70  70  75  delivery Cat
     75  75  80  delivery Dan
     80  80  85  pickup Eve
    145 145 150  delivery Eve
    150 150 155  delivery Eve
    back 155  distance 120  driving 120  cost 280
"""
DAN = replace(FAY, move="Dan")

EITHER: list[tuple[Rule, str, Problem, Plan]] = [
    (Rule.OTHER_PROBLEM, "of another problem", PROBLEM, replace(PLAN, problem="another road")),
    (Rule.ESTIMATED, "marked estimated", PROBLEM, replace(PLAN, estimated=True)),
    (
        Rule.ESTIMATED,
        "not marked estimated",
        replace(PROBLEM, travel=replace(PROBLEM.travel, estimated=True)),
        PLAN,
    ),
    (Rule.VEHICLE_UNKNOWN, "a ghost", PROBLEM, plan(route("Bus", BUS), route("Ghost", CONVOY))),
    (
        Rule.VEHICLE_TWICE,
        "two routes of one vehicle",
        PROBLEM,
        plan(route("Bus", BUS), route("Convoy", CAT_AND_DAN), route("Convoy", EVE)),
    ),
    (
        Rule.EMPTY_ROUTE,
        "a route of nothing",
        PROBLEM,
        plan(*PLAN.routes, replace(route("Spare", EVE), visits=(), cost=0)),
    ),
    (
        Rule.MOVE_UNKNOWN,
        "a stranger is aboard",
        PROBLEM,
        convoy(CONVOY.replace("back", "150 150 155 pickup Gus\n    back")),
    ),
    (
        Rule.MOVE_UNKNOWN,
        "a stranger is unserved",
        PROBLEM,
        replace(PLAN, unserved=(FAY, replace(FAY, move="Gus"))),
    ),
    (Rule.LEFT_OUT, "nowhere", PROBLEM, replace(PLAN, unserved=())),
    (Rule.ONCE, "listed twice", PROBLEM, replace(PLAN, unserved=(FAY, FAY))),
    (Rule.ONCE, "served and listed", PROBLEM, replace(PLAN, unserved=(FAY, DAN))),
    (Rule.ONCE, "delivered twice", PROBLEM, convoy(EVE_RIDES_TWICE)),
    (Rule.UNEXPLAINED, "no constraint", PROBLEM, replace(PLAN, unserved=(replace(FAY, constraint=""),))),
    (Rule.UNEXPLAINED, "no reason", PROBLEM, replace(PLAN, unserved=(replace(FAY, why=" "),))),
    (Rule.SAME_VEHICLE, "never delivered", PROBLEM, convoy(EVE_IS_NOT_DELIVERED)),
    (
        Rule.SAME_VEHICLE,
        "delivered by another",
        PROBLEM,
        plan(route("Bus", BUS), route("Convoy", EVE_IS_NOT_DELIVERED), route("Spare", SPARE_DELIVERS_EVE)),
    ),
    (Rule.PICKUP_FIRST, "delivered first", PROBLEM, convoy(EVE_IS_DELIVERED_FIRST)),
    (Rule.NOT_A_TIME, "arrives at no time", PROBLEM, convoy(CONVOY.replace("145 145", "nan 145"))),
    (Rule.NOT_A_TIME, "is never back", PROBLEM, convoy(CONVOY.replace("back 150", "back inf"))),
    (Rule.NEEDS, "no ramp", with_vehicle("Bus", offers=frozenset({"medic"})), PLAN),
    (
        Rule.TOGETHER,
        "one of two is left",
        PROBLEM,
        plan(route("Bus", BUS), route("Convoy", WITHOUT_DAN), unserved=(FAY, DAN)),
    ),
    (Rule.TOGETHER, "in two vehicles", with_group(Together(("Ben", "Eve"), How.CONVOY)), PLAN),
    (Rule.TOGETHER, "a convoy is not one vehicle", with_group(Together(("Cat", "Eve"), How.VEHICLE)), PLAN),
    (Rule.APART, "in the same vehicle", with_group(Apart(("Cat",), ("Eve",), How.VEHICLE)), PLAN),
    (Rule.APART, "aboard at once", PROBLEM, convoy(EVE_BOARDS_AS_DAN_IS_ABOARD)),
]


@pytest.mark.parametrize(
    ("rule", "problem", "plan"), [pytest.param(r, q, p, id=name) for r, name, q, p in EITHER]
)
def test_a_plan_that_breaks_one_rule_is_found_to_break_that_one(rule: Rule, problem: Problem, plan: Plan):
    assert codes(problem, plan) == [rule]


def test_every_rule_has_a_plan_that_breaks_it():
    tables = [rule for table in (TIMES, LOADS, SUMS) for rule, _ in table.values()]

    assert {*tables, *(rule for rule, *_ in EITHER)} == set(Rule)


def test_a_group_may_be_left_whole():
    left = plan(route("Bus", BUS), route("Convoy", EVE), unserved=(FAY, replace(FAY, move="Cat"), DAN))

    assert codes(PROBLEM, left) == []


@pytest.mark.parametrize(
    "group",
    [Together(("Cat", "Dan"), How.ABOARD), Apart(("Cat",), ("Eve",), How.CONVOY)],
    ids=["together", "apart"],
)
def test_a_group_that_is_kept_in_a_way_that_there_is_not_is_our_own_mistake(group: Together | Apart):
    with pytest.raises(ValueError, match="keeps moves"):
        broken(with_group(group), PLAN)


def test_where_no_road_is_known_nobody_drives():
    road = ROAD.copy()
    road[PLACES.index("Hall"), PLACES.index("South")] = inf
    problem = replace(PROBLEM, travel=Travel(time_min=road, distance=ROAD))

    found = [(each.rule, each.vehicle, each.move) for each in broken(problem, PLAN)]

    assert (Rule.TRAVEL, "Bus", "Ben") in found
    assert (Rule.TRAVEL, "Convoy", "Eve") in found


# --- breaks ---------------------------------------------------------------------------------------------------------------


def driven(*legs_km: float, story: str) -> tuple[Problem, Plan]:
    """Stops along one road at such distances from one another, and one vehicle that breaks for 30 min after 100.

    At the first place M1 boards and at the last it alights; in between others do, each for itself.
    """
    km = np.cumsum([0.0, *legs_km])
    road = abs(km[:, None] - km[None, :])
    route_ = route("Bus", story)
    stops: dict[tuple[str, Part], int] = {
        (visit.move, visit.part): number for number, visit in enumerate(route_.visits, start=1)
    }
    everywhen = Window(0, 9999)
    moves = tuple(
        Move(
            code=code,
            pickup=Stop(place=stops[code, Part.PICKUP], window=everywhen),
            delivery=Stop(place=stops[code, Part.DELIVERY], window=everywhen),
            load=(1,),
        )
        for code in dict.fromkeys(visit.move for visit in route_.visits)
    )
    problem = Problem(
        name="one road",
        kinds=("seats",),
        places=tuple(Place(code=f"{at:g}") for at in km),
        moves=moves,
        vehicles=(
            Vehicle(
                code="Bus",
                start=0,
                end=len(km) - 1,
                window=everywhen,
                capacity=(4,),
                breaks=Breaks(after_driving_min=100, length_min=30),
                cost_per_distance=0,
            ),
        ),
        travel=Travel(time_min=road, distance=road),
    )
    return problem, plan(route_, unserved=())


def test_two_short_stands_at_one_place_are_no_break():
    """Twenty minutes for each of two visits; only one stand of thirty counts."""
    story = """
        leaves 0
        60  60  {first}  pickup M1
        {first}  {first}  100  delivery M1
        back 160  distance 120  driving 120  cost 0
    """

    assert codes(*driven(60, 0, 60, story=story.format(first=80))) == [Rule.BREAKS]
    assert codes(*driven(60, 0, 60, story=story.format(first=90))) == []


def test_a_leg_as_long_as_the_limit_takes_no_break_and_a_longer_one_takes_one():
    story = """
        leaves 0
        0 0 0 pickup M1
        {there} {there} {there} delivery M1
        back {there}  distance {km}  driving {km}  cost 0
    """

    assert codes(*driven(0, 100, 0, story=story.format(km=100, there=100))) == []
    assert codes(*driven(0, 101, 0, story=story.format(km=101, there=130.9))) == [Rule.BREAKS]
    assert codes(*driven(0, 101, 0, story=story.format(km=101, there=131))) == []
    assert codes(*driven(0, 200, 0, story=story.format(km=200, there=230))) == []
    assert codes(*driven(0, 201, 0, story=story.format(km=201, there=260.9))) == [Rule.BREAKS]
    assert codes(*driven(0, 201, 0, story=story.format(km=201, there=261))) == []


def test_a_short_leg_is_never_broken_on_the_way():
    """After 60 min of driving, 60 more: the break was to be taken before, however long the second leg takes."""
    story = """
        leaves 0
        60  60  60  pickup M1
        150 150 150  delivery M1
        back 150  distance 120  driving 120  cost 0
    """

    assert codes(*driven(60, 60, 0, story=story)) == [Rule.BREAKS]


def test_what_was_driven_since_the_last_break_on_the_way_counts_on_arrival():
    """A leg of 130 with one break ends 30 min after it: 70 more may be driven, and 71 may not."""
    story = """
        leaves 0
        160 160 160  pickup M1
        {there} {there} {there}  delivery M1
        back {there}  distance {km}  driving {km}  cost 0
    """

    assert codes(*driven(130, 70, 0, story=story.format(km=200, there=230))) == []
    assert codes(*driven(130, 71, 0, story=story.format(km=201, there=231))) == [Rule.BREAKS]


def test_a_stand_need_not_be_counted_where_the_breaks_on_the_way_fall_better_without_it():
    """90 min, a stand of 30, 120 min, 85 min. Counted, one break is due on the leg of 120, and 20 + 85 are too many.
    Not counted, two breaks are due on it, and 10 + 85 are lawful; there must be time for the two."""
    story = """
        leaves 0
        90  90  120  pickup M1
        {there} {there} {there} delivery M1
        back 500  distance 295  driving 295  cost 0
    """

    assert codes(*driven(90, 120, 85, story=story.format(there=300))) == []
    assert codes(*driven(90, 120, 85, story=story.format(there=299))) == [Rule.BREAKS]


# --- messages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (TIMES["rides too long"][1], "Ben rides in Bus for 150 min, and may for 149.5."),
        (
            TIMES["too little time for two breaks on the way"][1],
            "Bus drives 160 min to its end after 60 min without an interruption, with 2 breaks of 30 min on the way: "
            "220 min, and it takes 219.5.",
        ),
        (
            TIMES["a break at a stop that is too short"][1],
            "Bus reaches the delivery of Ben after 160 min of driving without an interruption of 30 min, and may drive "
            "for 100.",
        ),
        (
            TIMES["service begins too late"][1],
            "Bus begins the delivery of Ann at 130, and the window is 0 to 129.5.",
        ),
    ],
)
def test_what_is_so_is_said_with_its_numbers(changed: Change, message: str):
    (found,) = broken(*changed(0.5))

    assert found.message == message


def test_who_is_kept_apart_is_told_with_the_rule_that_asks_for_it():
    (found,) = broken(PROBLEM, convoy(EVE_BOARDS_AS_DAN_IS_ABOARD))

    assert (found.vehicle, found.move) == ("Convoy", "Dan")
    assert found.message == "Dan and Eve may never be aboard together (TRN-17), and are in Convoy."
