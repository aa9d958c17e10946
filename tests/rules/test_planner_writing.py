"""A plan is written so that it reads back exactly, and so that people can follow it; a replay says what breaks."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.core.errors import FaultyFile
from muster.transport.planner.checking import Rule, broken
from muster.transport.planner.distances import on_a_plane
from muster.transport.planner.drawing import draw
from muster.transport.planner.orders import read_plan
from muster.transport.planner.plan import Part, Plan, Route, Unserved, Visit
from muster.transport.planner.printing import to_pdf
from muster.transport.planner.problem import Move, Place, Problem, Stop, Vehicle, Window
from muster.transport.planner.replaying import replayed
from muster.transport.planner.timing import Call, timed
from muster.transport.planner.writing import clock, from_json, hour, to_csv, to_json, to_list

SVG = "{http://www.w3.org/2000/svg}"


def on_a_line(**more: object) -> Problem:
    """Two persons along one road: A from 10 to 30, B from 20 to 40, the depot at 0, an hour a ride at most; C asks the impossible."""
    places = tuple(Place(code=str(n * 10), x=n * 10.0, y=0.0) for n in range(5))
    whole = Window(0, 200)
    moves = (
        Move(code="A", pickup=Stop(place=1, window=Window(10, 30), service_min=2),
             delivery=Stop(place=3, window=Window(0, 45), service_min=1), load=(1,), max_ride_min=30),
        Move(code="B", pickup=Stop(place=2, window=whole), delivery=Stop(place=4, window=whole), load=(2,)),
        Move(code="C", pickup=Stop(place=4, window=Window(0, 5)), delivery=Stop(place=1, window=whole), load=(1,)),
    )  # fmt: skip
    vehicle = Vehicle(code="BUS", start=0, end=0, window=Window(0, 120), capacity=(3,))
    problem = Problem(
        name="On a line",
        kinds=("seats",),
        places=places,
        moves=moves,
        vehicles=(vehicle,),
        travel=on_a_plane(places),
    )
    return replace(problem, **more)  # type: ignore[arg-type]


def a_plan(problem: Problem) -> Plan:
    calls = [Call(0, Part.PICKUP), Call(1, Part.PICKUP), Call(0, Part.DELIVERY), Call(1, Part.DELIVERY)]
    route = timed(problem, problem.vehicles[0], calls)
    assert route is not None
    left = Unserved(move="C", constraint="window", why="No vehicle can be at 40 by minute 5.")
    return Plan(
        problem=problem.name, routes=(route,), unserved=(left,), cost=route.cost, estimated=problem.travel.estimated,
        engine="by hand", seed=7, iterations=3,
    )  # fmt: skip


numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
visits = st.builds(
    Visit, move=names, part=st.sampled_from(Part), arrives=numbers, begins=numbers, departs=numbers
)
routes = st.builds(
    Route, vehicle=names, leaves=numbers, visits=st.lists(visits, min_size=1, max_size=3).map(tuple), back=numbers,
    distance=numbers, driving_min=numbers, cost=numbers,
)  # fmt: skip
plans = st.builds(
    Plan, problem=names, routes=st.lists(routes, max_size=2).map(tuple),
    unserved=st.lists(st.builds(Unserved, move=names, constraint=names, why=names), max_size=2).map(tuple),
    cost=numbers, estimated=st.booleans(), engine=names, seed=st.none() | st.integers(0, 2**31),
    iterations=st.none() | st.integers(0, 10**9), finished=st.booleans(),
)  # fmt: skip


@given(plan=plans)
def test_a_plan_reads_back_as_it_was_written(plan: Plan) -> None:
    assert from_json(to_json(plan)) == plan


def test_every_fault_of_a_plan_is_told_with_its_line() -> None:
    data = json.loads(to_json(a_plan(on_a_line())))
    data["routes"][0]["visits"][1]["begins"] = "soon"
    data["routes"][0]["visits"][2]["part"] = "boarding"
    del data["routes"][0]["back"]
    data["price"] = 3

    with pytest.raises(FaultyFile) as refused:
        from_json(json.dumps(data, indent=1))

    faults = sorted(
        (f.column or "", f.code.removeprefix("transport."), f.row is not None) for f in refused.value.faults
    )
    assert faults == [
        ("price", "unknown_field", True),
        ("routes[1].back", "missing", True),
        ("routes[1].visits[2].begins", "not_a_number", True),
        ("routes[1].visits[3].part", "unknown_choice", True),
    ]


def test_a_table_has_a_line_for_each_visit_and_for_whoever_is_left() -> None:
    problem = on_a_line()

    rows = list(csv.DictReader(io.StringIO(to_csv(problem, a_plan(problem)))))

    assert [(row["vehicle"], row["stop"], row["place"], row["part"], row["move"], row["begins"], row["aboard"]) for row in rows] == [
        ("BUS", "1", "10", "pickup", "A", "00:10", "1"),
        ("BUS", "2", "20", "pickup", "B", "00:22", "3"),
        ("BUS", "3", "30", "delivery", "A", "00:32", "2"),
        ("BUS", "4", "40", "delivery", "B", "00:43", "0"),
        ("", "", "", "unserved", "C", "", ""),
    ]  # fmt: skip
    assert rows[4]["why"] == "window: No vehicle can be at 40 by minute 5."


def test_times_are_local_and_the_clock_that_goes_forward_is_kept() -> None:
    """On 8 March 2026 the clocks of Chicago go from 02:00 to 03:00."""
    problem = on_a_line(starts_at=datetime(2026, 3, 7, 23, 0, tzinfo=ZoneInfo("America/Chicago")))

    assert clock(problem, 30) == "2026-03-07 23:30"
    assert clock(problem, 240) == "2026-03-08 04:00"
    assert (hour(problem, 30), hour(problem, 240)) == ("23:30", "04:00 +1")


def test_a_list_to_print_says_who_boards_where_and_who_is_left() -> None:
    problem = on_a_line()

    told = to_list(problem, a_plan(problem))

    assert "BUS: leaves 0 00:00, back at 0 01:23; 80.0 km, 80 min at the wheel" in told
    assert "  [ ] 00:22 to 00:22  20  boards: B  (then aboard: 3)" in told
    assert "  C: No vehicle can be at 40 by minute 5. [window]" in told


def test_the_lists_on_paper_have_a_page_for_each_vehicle_and_whoever_is_left() -> None:
    problem = on_a_line()

    reader = pypdf.PdfReader(
        io.BytesIO(to_pdf(problem, a_plan(problem), as_of=datetime(2026, 3, 7, tzinfo=UTC)))
    )

    first, bus = (page.extract_text() for page in reader.pages)
    assert "A proposal. Nobody is moved by it until an officer releases it." in first
    assert "C No vehicle can be at 40 by minute 5." in first
    assert "00:22 00:22 20 B 3" in bus
    assert "Distances: straight lines on a plane." in bus


def test_an_estimate_says_so_on_every_output() -> None:
    problem = on_a_line()
    problem = replace(
        problem, travel=replace(problem.travel, estimated=True, source="great circle x 1.3 at 60 km/h")
    )
    plan = a_plan(problem)

    assert '"estimated": true' in to_json(plan)
    assert "estimated: great circle" in to_list(problem, plan)
    assert "estimated: great circle" in draw(problem, plan)
    assert all(row["distances"] == "estimated" for row in csv.DictReader(io.StringIO(to_csv(problem, plan))))


def test_the_picture_has_its_words_and_needs_no_other_file() -> None:
    problem = on_a_line(name='Two & "three" <sites>')

    root = ElementTree.fromstring(draw(problem, a_plan(problem)))

    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title description"
    assert title is not None
    assert title.text == 'Transport plan: Two & "three" <sites>'
    assert description is not None
    assert "BUS leaves 00:00, makes 4 visits" in (description.text or "")
    assert not [
        e for e in root.iter() if any("href" in name or "url(" in value for name, value in e.attrib.items())
    ]
    marks = [e.text for e in root.iter(f"{SVG}title")]
    assert "00:10 A boards" in marks
    assert any(text and "C is not served" in text for text in marks)


def test_without_coordinates_the_timeline_is_drawn_alone() -> None:
    problem = on_a_line()
    bare = replace(problem, places=tuple(Place(code=place.code) for place in problem.places))

    root = ElementTree.fromstring(draw(bare, a_plan(problem)))

    assert not list(root.iter(f"{SVG}polyline"))
    assert "00:10 A boards" in [e.text for e in root.iter(f"{SVG}title")]


def test_labels_of_a_crowd_do_not_lie_on_one_another() -> None:
    """Forty stops on one spot of the sheet: those for which there is no room are left out, and keep their title."""
    crowd = (Place(code=f"PLACE-{n}", x=n / 100, y=(n % 7) / 100) for n in range(41))
    places = (*crowd, Place(code="FAR", x=90, y=90))
    stops = [Stop(place=n, window=Window(0, 999)) for n in range(42)]
    moves = tuple(
        Move(code=f"M{n}", pickup=stops[2 * n + 1], delivery=stops[2 * n + 2], load=(1,)) for n in range(20)
    )
    vehicle = Vehicle(code="V", start=41, end=41, window=Window(0, 999), capacity=(9,))
    problem = Problem(
        name="crowd",
        kinds=("seats",),
        places=places,
        moves=moves,
        vehicles=(vehicle,),
        travel=on_a_plane(places),
    )
    calls = [Call(n, part) for n in range(20) for part in Part]
    route = timed(problem, vehicle, calls)
    assert route is not None
    plan = Plan(
        problem="crowd", routes=(route,), unserved=(), cost=route.cost, estimated=False, engine="by hand"
    )

    root = ElementTree.fromstring(draw(problem, plan))

    labels = [e for e in root.iter(f"{SVG}text") if (e.text or "").startswith("PLACE-")]
    boxes = []
    for label in labels:
        size, x, y = (
            float(label.get("font-size", "0")),
            float(label.get("x", "0")),
            float(label.get("y", "0")),
        )
        wide = len(label.text or "") * size * 0.6
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[label.get("text-anchor", "start")]
        boxes.append((left, y - size, left + wide, y))
    assert 0 < len(labels) < 40
    assert not [
        (one, other) for n, one in enumerate(boxes) for other in boxes[n + 1 :]
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]  # fmt: skip


# --- replayed --------------------------------------------------------------------------


def test_a_plan_replayed_as_it_is_breaks_nothing() -> None:
    problem = on_a_line()
    plan = a_plan(problem)

    replay = replayed(problem, plan, factor=1)

    assert replay.broken == broken(problem, plan) == []
    assert replay.plan == plan


def test_slower_roads_break_what_had_no_room() -> None:
    """At 1.2 times A boards at 12, alights at 38; back at 99.1 it is in time. At 1.5 A comes at 47 instead of by 45."""
    problem = on_a_line()
    plan = a_plan(problem)

    some, much = (replayed(problem, plan, factor=factor) for factor in (1.2, 1.5))

    assert some.broken == []
    assert [visit.begins for visit in some.plan.routes[0].visits] == pytest.approx([12, 26, 38, 51])
    assert some.latest_min == pytest.approx(99)
    assert [(each.rule, each.move) for each in much.broken] == [
        (Rule.WINDOW, "A"),
        (Rule.VEHICLE_WINDOW, None),
    ]
    assert much.latest_min == pytest.approx(123)


def test_nobody_is_served_earlier_than_planned() -> None:
    problem = on_a_line()
    plan = a_plan(problem)

    replay = replayed(problem, plan, factor=0.5)

    assert [visit.begins for visit in replay.plan.routes[0].visits] == [
        visit.begins for visit in plan.routes[0].visits
    ]


# --- plans of others -------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"engine": "x", "routes": [[1, 2, 4, 5]]}',
        "Route 1: 1 2 4 5\n",
        "route #1 : 0 1 2 4 5 0\ncost 80\n",
        "1 2 4 5",
    ],
)
def test_an_order_of_stops_gets_its_times(text: str) -> None:
    problem = on_a_line()

    plan = read_plan(text, problem)

    assert plan.routes == a_plan(problem).routes
    assert [each.move for each in plan.unserved] == ["C"]
    assert broken(problem, plan) == []


def test_an_order_that_no_times_fit_is_driven_all_the_same_and_told() -> None:
    problem = on_a_line()

    plan = read_plan("Route 1: 2 5 1 4 3 6", problem)

    assert {each.rule for each in broken(problem, plan)} >= {Rule.WINDOW}


def test_muster_s_own_plan_is_read_as_it_is() -> None:
    plan = a_plan(on_a_line())

    assert read_plan(to_json(plan), on_a_line()) == plan


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Dear planner", "transport.not_a_plan"),
        ("Route 1: 1 9 4", "transport.unknown_stop"),
        ('{"engine": "x", "routes": [[1, [4]]]}', "transport.unknown_stop"),
        ("Route 1: 1 4\nRoute 2: 2 5\n", "transport.too_many_routes"),
        ('{"routes": 3', "transport.malformed"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, code: str) -> None:
    with pytest.raises(FaultyFile) as refused:
        read_plan(text, on_a_line())

    assert [fault.code for fault in refused.value.faults] == [code]


def test_files_of_plans_are_written_with_the_problem_s_letters(tmp_path: Path) -> None:
    problem = on_a_line(name="Überführung")
    (tmp_path / "plan.json").write_text(to_json(a_plan(problem)), "utf-8")

    assert read_plan((tmp_path / "plan.json").read_text("utf-8"), problem).problem == "Überführung"
