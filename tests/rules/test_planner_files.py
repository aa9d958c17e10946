"""Muster's own problems and tables of people are read by the same rules, and every fault of one is told before any search."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from muster.core.errors import FaultyFile
from muster.transport.planner.files import NoVehicles, TablesNotWanted, read
from muster.transport.planner.problem import Apart, Breaks, First, How, Problem, Together, Window

TOML = """\
name = "Two sites"
starts_at = 2026-12-04T06:00:00-06:00
first = "vehicles"
kinds = ["seats", "wheelchairs"]
rules = ["TRN-07", "TRN-17"]

[travel.great_circle]
factor = 1.2
speed_kmh = 80

[[travel.legs]]
from = "NORTH"
to = "SOUTH"
minutes = 45

[[places]]
code = "NORTH"
latitude = 39.0
longitude = -94.5

[[places]]
code = "SOUTH"
latitude = 38.0
longitude = -94.5

[[places]]
code = "WEST"
latitude = 38.5
longitude = -95.0

[[vehicles]]
code = "BUS"
count = 2
start = "NORTH"
capacity = { seats = 40, wheelchairs = 2 }
latest = 900
cost_per_km = 2.5
driven_before_min = 60

[[vehicles]]
code = "VAN"
start = "WEST"
end = "NORTH"
capacity = { seats = 8, wheelchairs = 1 }
max_duration_min = 300
drivers = 2
offers = ["lift"]
units = 3

[[moves]]
code = "A"
from = "NORTH"
to = "SOUTH"
pickup = { earliest = "07:30", latest = 2026-12-04T15:00:00Z, service_min = 2.5 }
delivery = { latest = 09:15:00 }
max_ride_min = 90
separation_group = "women"

[[moves]]
code = "B"
from = "SOUTH"
to = "WEST"
load = { seats = 1, wheelchairs = 1 }
needs = ["lift"]
priority = 2
separation_group = "men"

[[moves]]
code = "C"
from = "SOUTH"
to = "WEST"
load = 20
separation_group = "men"

[[moves]]
code = "D"
from = "NORTH"
to = "SOUTH"

[[together]]
moves = ["A", "B"]

[[apart]]
these = ["C"]
those = ["D"]
how = "vehicle"
"""


def problem(folder: Path, text: str, **more: Any) -> Problem:
    path = folder / "two-sites.toml"
    path.write_text(text, "utf-8")
    return read(path, **more)


def told(folder: Path, text: str) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(FaultyFile) as refused:
        problem(folder, text)
    return [(f.row, f.column, f.code.removeprefix("transport.")) for f in refused.value.faults]


def test_a_problem_of_our_own_is_read_with_its_limits(tmp_path: Path) -> None:
    read_in = problem(tmp_path, TOML.replace("load = { seats = 1, w", "load = { seats = 0, w"))
    a, b, c, d = read_in.moves
    bus, other, van = read_in.vehicles

    assert (read_in.name, read_in.first, read_in.kinds) == (
        "Two sites",
        First.VEHICLES,
        ("seats", "wheelchairs"),
    )
    assert (bus.code, other.code, van.code) == ("BUS-1", "BUS-2", "VAN")
    assert (bus.room, van.room) == ((40, 2), (24, 3))
    assert (bus.window, bus.cost_per_distance, van.window) == (Window(0, 900), 2.5, Window(0, 1440))
    assert (van.start, van.end, bus.end) == (2, 0, 0)
    assert (a.pickup.window, a.delivery.window) == (Window(90, 180), Window(0, 195))
    assert (a.pickup.service_min, a.max_ride_min, a.priority, a.load) == (2.5, 90, None, (1, 0))
    assert (b.load, b.needs, b.priority) == ((0, 1), {"lift"}, 2)
    assert (c.load, d.pickup.window) == ((20, 0), Window(0, 1440))
    assert read_in.together == (Together(("A", "B")),)
    assert read_in.apart[0] == Apart(("C",), ("D",), How.VEHICLE)
    assert read_in.travel.estimated
    assert read_in.travel.time_min[0, 1] == 45
    assert read_in.travel.distance[1, 0] == pytest.approx(1.2 * 111.195, rel=1e-4)
    assert read_in.travel.time_min[1, 0] == pytest.approx(1.2 * 111.195 / 80 * 60, rel=1e-4)


def test_hours_of_a_pack_become_limits_of_each_vehicle(tmp_path: Path) -> None:
    """TRN-07: 11 hours of driving in a window of 14, a break of 30 minutes after 8, 60 hours in 7 days."""
    bus, _, van = problem(tmp_path, TOML).vehicles

    assert (bus.max_driving_min, bus.max_duration_min) == (10 * 60, 14 * 60)
    assert bus.breaks == Breaks(after_driving_min=480, length_min=30)
    assert (van.max_driving_min, van.max_duration_min, van.breaks) == (22 * 60, 300, None)


def test_the_hours_of_a_policy_hold_where_they_are_named(tmp_path: Path) -> None:
    """TRN-12: unit policy often gives 10 hours of driving in a duty day; it names no window and no break."""
    bus, _, van = problem(tmp_path, TOML.replace("TRN-07", "TRN-12")).vehicles

    assert (bus.max_driving_min, bus.max_duration_min, bus.breaks) == (9 * 60, None, None)
    assert (van.max_driving_min, van.max_duration_min) == (20 * 60, 300)


def test_a_vehicle_takes_six_persons_for_each_agent_where_trn_20_is_named(tmp_path: Path) -> None:
    """B takes a seat and a wheelchair place, which count as two. D is a group of four who take six seats. The buses are not held to it."""
    text = TOML.replace('kinds = ["seats", "wheelchairs"]', 'kinds = ["seats", "wheelchairs", "luggage"]')
    text = text.replace("wheelchairs = 2 }", "wheelchairs = 2, luggage = 20 }")
    text = text.replace('code = "VAN"', 'code = "VAN"\nrules = ["TRN-20"]\nagents = 2')
    text = text.replace('code = "D"', 'code = "D"\nload = { seats = 6, luggage = 9 }\npersons = 4')

    read_in = problem(tmp_path, text)

    assert read_in.kinds == ("seats", "wheelchairs", "luggage", "persons (TRN-20)")
    assert [move.load[-1] for move in read_in.moves] == [1, 2, 20, 4]
    assert [vehicle.room[-1] for vehicle in read_in.vehicles] == [27, 27, 36]
    assert read_in.rules["TRN-20"]["mark"] == "C"


def test_separation_groups_ride_apart_and_a_family_together(tmp_path: Path) -> None:
    """A and B are of two groups and one family: A rides with B, and apart from the other of B's group."""
    read_in = problem(tmp_path, TOML)

    assert read_in.apart[1:] == (Apart(("C",), ("A",), How.ABOARD, "TRN-17"),)
    assert read_in.rules["TRN-17"]["mark"] == "GK"


def test_json_says_the_same_as_toml(tmp_path: Path) -> None:
    as_json = json.dumps(tomllib.loads(TOML), default=lambda value: value.isoformat())
    one, other = problem(tmp_path, TOML), problem(tmp_path, as_json)

    assert (one.moves, one.vehicles, one.apart) == (other.moves, other.vehicles, other.apart)
    assert (one.travel.time_min == other.travel.time_min).all()


@pytest.mark.parametrize(
    ("was", "becomes", "faults"),
    [
        ("latitude = 39.0", "latitude = 99.0", [(18, "places[1].latitude", "off_the_globe")]),
        ("latitude = 39.0", "latitude = nan", [(18, "places[1].latitude", "not_a_number")]),
        ("latitude = 39.0\n", "", [(16, "places[1].latitude", "missing")]),
        ('[[vehicles]]\ncode = "BUS"', '[[places]]\ncode = "WEST"\nlatitude = 1\nlongitude = 1\n\n[[vehicles]]\ncode = "BUS"', [
            (32, "places[4].code", "given_twice"),
        ]),
        ('from = "NORTH"\nto = "SOUTH"\npick', 'from = "NORD"\nto = "SOUTH"\npick', [(52, "moves[1].from", "unknown_place")]),
        ("latest = 09:15:00", 'latest = "05:15"', [(55, "moves[1].delivery.latest", "closes_before_it_opens")]),
        ("latest = 09:15:00", 'latest = "late"', [(55, "moves[1].delivery.latest", "bad_time")]),
        ("load = 20", "load = -20", [(72, "moves[3].load", "negative_load")]),
        ("load = 20", "load = 0", [(72, "moves[3].load", "no_load")]),
        ("load = 20", "load = 41", [(72, "moves[3].load", "fits_no_vehicle")]),
        ("load = 20", "load = { beds = 1 }", [(72, "moves[3].load.beds", "unknown_field")]),
        ('needs = ["lift"]', 'needs = ["winch"]', [(63, "moves[2].load", "fits_no_vehicle")]),
        ('code = "D"', 'code = "C"', [(76, "moves[4].code", "given_twice"), (85, "apart[1].those", "unknown_move")]),
        ('moves = ["A", "B"]', 'moves = ["C", "D"]', [(83, "apart[1]", "together_and_apart")]),
        ('these = ["C"]', 'these = ["C", "D"]', [(83, "apart[1]", "together_and_apart")]),
        ('moves = ["A", "B"]', 'moves = ["A", "X", "A"]', [
            (81, "together[1].moves", "unknown_move"), (81, "together[1].moves", "given_twice"),
        ]),
        ('rules = ["TRN-07", "TRN-17"]', 'rules = ["TRN-99"]', [(5, "rules", "unknown_rule")]),
        ('code = "VAN"', 'code = "VAN"\nrules = ["TRN-20"]', [(40, "vehicles[2].agents", "missing")]),
        ("driven_before_min = 60", "driven_before_min = 660", [(38, "vehicles[1].driven_before_min", "hours_spent")]),
        ("minutes = 45", "closed = true\nminutes = 45", [(15, "travel.legs[1].minutes", "bad_leg")]),
        ("factor = 1.2", "factr = 1.2", [(8, "travel.great_circle.factr", "unknown_field")]),
        ("starts_at = 2026-12-04T06:00:00-06:00", "starts_at = 2026-12-04T06:00:00", [
            (2, "starts_at", "bad_moment"), (54, "moves[1].pickup.latest", "bad_time"),
        ]),
        ("[travel.great_circle]", "[travel.osrm]", [
            (7, "travel.osrm.url", "missing"), (8, "travel.osrm.factor", "unknown_field"),
            (9, "travel.osrm.speed_kmh", "unknown_field"),
        ]),
        ('name = "Two sites"', "name = ", [(1, None, "malformed")]),
    ],
)  # fmt: skip
def test_every_fault_of_a_problem_is_told_by_line_and_field(
    tmp_path: Path, was: str, becomes: str, faults: list[tuple[int | None, str | None, str]]
) -> None:
    assert was in TOML

    assert told(tmp_path, TOML.replace(was, becomes, 1)) == faults


def test_a_problem_without_vehicles_or_moves_is_at_fault(tmp_path: Path) -> None:
    places = '{"places": [{"code": "A", "latitude": 1, "longitude": 2}],\n "vehicles": [], "moves": []}'

    assert told(tmp_path, places) == [(2, "vehicles", "no_vehicles")]


def test_faults_of_json_have_their_lines(tmp_path: Path) -> None:
    text = '{"places": [\n {"code": "A", "latitude": 91,\n "longitude": NaN}],\n "vehicles": [{"code": "V"}],\n "speed": 3}'

    assert told(tmp_path, text) == [
        (2, "places[1].latitude", "off_the_globe"),
        (3, "places[1].longitude", "not_a_number"),
        (4, "vehicles[1].start", "missing"),
        (4, "vehicles[1].capacity", "missing"),
        (5, "speed", "unknown_field"),
    ]


# --- a matrix -----------------------------------------------------------------------

MATRIX = """\
kinds = ["seats"]
places = [{ code = "A" }, { code = "B" }]
vehicles = [{ code = "V", start = "A", capacity = 4 }]
moves = [{ code = "M", from = "A", to = "B" }]
[travel.matrix]
file = "minutes.csv"
"""


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ("from,A,B\nA,0,7\nB,8,0\n", []),
        ("from,B,A\nB,0,8\nA,7,0\n", []),
        ("from,A,B\nA,0,\nB,8,0\n", [(2, "minutes.csv: B", "transport.matrix_cell_missing")]),
        ("from,A,B\nA,0,-7\nB,inf,0\n", [
            (2, "minutes.csv: B", "transport.negative"), (3, "minutes.csv: A", "transport.not_a_number"),
        ]),
        ("from,A,B\nA,0,7\n", [(None, "minutes.csv: from", "transport.matrix_shape")]),
        ("from,A,B\nA,0,7\nB,8,0\nC,1,2\n", [(4, "minutes.csv: from", "transport.matrix_shape")]),
        ("from,A,B\nA,3,7\nB,8,0\n", [(2, "minutes.csv: A", "transport.matrix_diagonal")]),
        ("from,A\nA,0\nB,8\n", [(1, "minutes.csv: B", "core.csv_missing_column")]),
    ],
)  # fmt: skip
def test_a_matrix_file_has_a_row_and_a_column_for_each_place(
    tmp_path: Path, rows: str, faults: list[tuple[int | None, str, str]]
) -> None:
    (tmp_path / "minutes.csv").write_text(rows)
    if not faults:
        travel = problem(tmp_path, MATRIX).travel
        assert (travel.time_min.tolist(), travel.estimated) == ([[0, 7], [8, 0]], False)
        return

    with pytest.raises(FaultyFile) as refused:
        problem(tmp_path, MATRIX)

    assert sorted((f.row, f.column, f.code) for f in refused.value.faults) == faults


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ("[[0, 7]]", [(6, "travel.matrix.time_min", "matrix_shape")]),
        ("[[0, 7], [8]]", [(6, "travel.matrix.time_min[2]", "matrix_cell_missing")]),
        ("[[0, 7], [8, 0, 1]]", [(6, "travel.matrix.time_min[2]", "matrix_shape")]),
        ("[[0, -7], [8, inf]]", [
            (6, "travel.matrix.time_min[1]", "negative"), (6, "travel.matrix.time_min[2]", "not_a_number"),
        ]),
    ],
)  # fmt: skip
def test_a_matrix_in_the_problem_is_as_large_as_its_places_are_many(
    tmp_path: Path, rows: str, faults: list[tuple[int | None, str | None, str]]
) -> None:
    assert told(tmp_path, MATRIX.replace('file = "minutes.csv"', f"time_min = {rows}")) == faults


def test_a_matrix_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert told(tmp_path, MATRIX) == [(None, "minutes.csv", "core.csv_unreadable")]


# --- tables -------------------------------------------------------------------------

PEOPLE = """\
person,from,to,pickup_from,arrive_until,wheelchairs,together,separation_group
P1,NORTH,SOUTH,07:30,10:00,,F1,women
P2,NORTH,SOUTH,07:30,10:00,1,F1,men
P3,SOUTH,NORTH,,,,,women
"""
FLEET = """\
vehicle,count,start,seats,wheelchairs,from,until,rules
BUS,2,NORTH,40,1,06:00,18:00,TRN-06
"""
PLACES = "code,latitude,longitude\nNORTH,39,-94.5\nSOUTH,38,-94.5\n"


def tables(folder: Path, people: str = PEOPLE, fleet: str = FLEET, places: str | None = PLACES) -> Problem:
    for name, text in (("people.csv", people), ("vehicles.csv", fleet), ("places.csv", places)):
        if text is not None:
            (folder / name).write_text(text, "utf-8")
    return read(
        folder / "people.csv",
        vehicles=folder / "vehicles.csv",
        places=folder / "places.csv" if places is not None else None,
    )


def test_a_table_of_people_and_one_of_vehicles_make_a_problem(tmp_path: Path) -> None:
    read_in = tables(tmp_path)

    assert [move.code for move in read_in.moves] == ["P1", "P2", "P3"]
    assert read_in.moves[0].pickup.window == Window(450, 1080)
    assert read_in.moves[0].delivery.window == Window(360, 600)
    assert [move.load for move in read_in.moves] == [(1, 0), (0, 1), (1, 0)]
    assert [vehicle.code for vehicle in read_in.vehicles] == ["BUS-1", "BUS-2"]
    assert (read_in.vehicles[0].max_driving_min, read_in.vehicles[0].room) == (600, (40, 1))
    assert read_in.together == (Together(("P1", "P2")),)
    assert read_in.apart == (Apart(("P2",), ("P3",), How.ABOARD, "TRN-17"),)
    assert read_in.travel.estimated


def test_the_tables_say_how_many_persons_and_agents_there_are(tmp_path: Path) -> None:
    """Five seats and a wheelchair place are six persons, and seven of a row that says so are one too many for an agent."""
    people = "person,from,to,seats,wheelchairs,persons\nP1,NORTH,SOUTH,5,1,{}\n"
    fleet = "vehicle,start,seats,wheelchairs,rules,agents\nV,NORTH,8,1,TRN-20,1\n"

    read_in = tables(tmp_path, people.format(""), fleet)
    with pytest.raises(FaultyFile) as full:
        tables(tmp_path, people.format(7), fleet)

    assert (read_in.moves[0].load, read_in.vehicles[0].room) == ((5, 1, 6), (8, 1, 6))
    assert [fault.code for fault in full.value.faults] == ["transport.fits_no_vehicle"]


def test_places_may_stand_in_the_tables_themselves(tmp_path: Path) -> None:
    people = "person,from,to,to_latitude,to_longitude\nP1,NORTH,SOUTH,38,-94.5\n"
    fleet = "vehicle,start,start_latitude,start_longitude,seats\nV,NORTH,39,-94.5,4\n"

    read_in = tables(tmp_path, people, fleet, None)

    assert {place.code: place.latitude for place in read_in.places} == {"NORTH": 39, "SOUTH": 38}


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"people": PEOPLE.replace("P3,SOUTH", "P3,EAST")}, [(4, "people.csv: from", "transport.unknown_place")]),
        ({"people": PEOPLE.replace("P3,", "P2,")}, [(4, "people.csv: person", "transport.given_twice")]),
        ({"people": PEOPLE.replace("10:00,1,F1", "10:00,-1,F1")}, [(3, "people.csv: wheelchairs", "transport.negative_load")]),
        ({"people": PEOPLE.replace("10:00,1,F1", "10:00,2,F1")}, [(3, "people.csv: seats", "transport.fits_no_vehicle")]),
        ({"people": PEOPLE.replace("P1,NORTH,SOUTH,07:30,10:00", "P1,NORTH,SOUTH,7.30 h,10:00")},
         [(2, "people.csv: pickup_from", "transport.bad_time")]),
        ({"people": PEOPLE.replace("person,", "name,")},
         [(1, "people.csv: person", "core.csv_missing_column"), (1, "people.csv: name", "core.csv_unknown_column"),
          (None, "moves", "transport.no_moves")]),
        ({"fleet": FLEET.replace("BUS,2", "BUS,0")}, [(None, "vehicles", "transport.no_vehicles")]),
        ({"fleet": FLEET.replace("40,1", "forty,1")}, [(2, "vehicles.csv: seats", "transport.wrong_kind")]),
        ({"fleet": FLEET.replace("06:00,18:00", "18:00,06:00")}, [(2, "vehicles.csv: until", "transport.closes_before_it_opens")]),
        ({"places": PLACES.replace("39,", "139,")}, [
            (2, "places.csv: latitude", "transport.off_the_globe"), (2, "people.csv: from", "transport.unknown_place"),
            (3, "people.csv: from", "transport.unknown_place"), (4, "people.csv: to", "transport.unknown_place"),
            (2, "vehicles.csv: start", "transport.unknown_place"),
        ]),
        ({"places": PLACES + "NORTH,39.5,-94.5\n"}, [(4, "places.csv: latitude", "transport.given_twice")]),
    ],
)  # fmt: skip
def test_every_fault_of_a_table_is_told_by_file_row_and_column(
    tmp_path: Path, change: Mapping[str, str], faults: list[tuple[int | None, str | None, str]]
) -> None:
    with pytest.raises(FaultyFile) as refused:
        tables(tmp_path, **change)

    found = [(f.row, f.column, f.code) for f in refused.value.faults]
    assert [fault for fault in found if fault in faults] == [
        fault for fault in found if fault[2] in {f[2] for f in faults}
    ]
    assert sorted(map(str, faults)) == sorted(map(str, (fault for fault in found if fault in faults)))


def test_a_table_of_people_asks_for_vehicles_and_a_problem_does_not(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    with pytest.raises(NoVehicles):
        read(tmp_path / "people.csv")
    with pytest.raises(TablesNotWanted):
        problem(tmp_path, TOML, vehicles=tmp_path / "vehicles.csv")
