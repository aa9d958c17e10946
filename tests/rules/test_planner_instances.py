"""Research instances are read as their authors meant them, and every fault of one is told before any search."""

from __future__ import annotations

import os
from math import sqrt
from pathlib import Path

import pytest

from muster.core.errors import FaultyFile
from muster.transport.planner.files import read
from muster.transport.planner.problem import First, Problem, Window

SHARED = Path(os.environ.get("MUSTER_SHARED", Path(__file__).parents[3] / "shared")) / "benchmarks"

PR = """\
2 4 480 3 90
0 -1.0 2.0 0 0 0 1440
1 -3.0 6.5 10 1 0 1440
2 -3.0 0.5 10 2 60 120
3 4.25 -0.75 10 -1 258 287
4 1.0 1.0 10 -2 0 1440
"""
WITH_RETURN = PR.replace("2 4 480", "2 2 480") + "5 -1.0 2.0 0 0 0 480\n"
LILIM = """\
3 200 1
0 40 50 0 0 1236 0 0 0
1 45 68 -10 912 967 90 2 0
2 45 70 10 825 870 90 0 1
3 42 66 20 65 146 90 0 4
4 42 68 -20 727 782 90 3 0
"""
SARTORI = """\
NAME: tiny-n2-1
LOCATION: Nowhere
SIZE: 3
ROUTE-TIME: 240
TIME-WINDOW: 120
CAPACITY: 300
NODES
0 41.39 2.12 0 0 480 0 0 0
1 41.40 2.11 22 129 240 5 0 2
2 41.41 2.10 -22 0 240 5 1 0
EDGES
0 4 5
6 0 7
8 9 0
EOF
"""


def problem(folder: Path, text: str) -> Problem:
    path = folder / "an-instance.txt"
    path.write_bytes(text.encode())
    return read(path)


def told(folder: Path, text: str) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(FaultyFile) as refused:
        problem(folder, text)
    return [(f.row, f.column, f.code.removeprefix("transport.")) for f in refused.value.faults]


@pytest.mark.parametrize("text", [PR, WITH_RETURN, PR.replace(" ", "\t"), PR.replace("\n", "\r\n")])
def test_a_dial_a_ride_file_is_read_whether_its_head_counts_pairs_or_nodes(tmp_path: Path, text: str) -> None:
    read_in = problem(tmp_path, text)

    assert read_in.name == "an-instance"
    assert [vehicle.code for vehicle in read_in.vehicles] == ["1", "2"]
    assert [(move.code, move.load, move.max_ride_min) for move in read_in.moves] == [
        ("1", (1,), 90),
        ("2", (2,), 90),
    ]
    assert read_in.moves[1].pickup.window == Window(60, 120)
    assert read_in.places[read_in.moves[0].delivery.place].code == "3"
    assert read_in.vehicles[0].max_duration_min == 480
    assert read_in.travel.time_min[0, 1] == sqrt(2.0**2 + 4.5**2)
    assert (read_in.travel.time_min == read_in.travel.distance).all()
    assert read_in.first is First.COST


@pytest.mark.parametrize(("text", "closes"), [(PR, 1440), (WITH_RETURN, 480)])
def test_the_last_line_bounds_the_return(tmp_path: Path, text: str, closes: float) -> None:
    vehicle = problem(tmp_path, text).vehicles[0]

    assert vehicle.window == Window(0, closes)
    assert (vehicle.start, vehicle.end) == (0, 0)


def test_a_return_to_another_depot_is_a_place_of_its_own(tmp_path: Path) -> None:
    read_in = problem(tmp_path, WITH_RETURN.replace("5 -1.0 2.0", "5 -1.5 2.0"))

    assert (read_in.vehicles[0].start, read_in.vehicles[0].end) == (0, 5)
    assert read_in.travel.distance[0, 5] == 0.5


@pytest.mark.parametrize(
    ("was", "becomes", "faults"),
    [
        ("2 4 480 3 90", "0 4 480 3 90", [(1, "vehicles", "no_vehicles")]),
        ("2 4 480 3 90", "-1 4 480 3 90", [(1, "vehicles", "negative")]),
        ("2 4 480 3 90", "2 4 480 3", [(1, None, "wrong_field_count")]),
        ("2 4 480 3 90", "2 4 nan 1.5 inf", [
            (1, "longest route", "not_a_number"), (1, "capacity", "not_whole"), (1, "longest ride", "not_a_number"),
        ]),
        ("10 1 0 1440", "10 -1 0 1440", [(3, "load", "negative_load")]),
        ("10 1 0 1440", "10 0 0 1440", [(3, "load", "no_load")]),
        ("10 1 0 1440", "10 1 1440 0", [(3, "latest", "closes_before_it_opens")]),
        ("10 1 0 1440", "-10 1 0 1440", [(3, "service", "negative")]),
        ("10 2 60 120", "10 4 60 120", [(4, "load", "fits_no_vehicle"), (6, "load", "loads_differ")]),
        ("10 -1 258", "10 -2 258", [(5, "load", "loads_differ")]),
        ("3 4.25 -0.75 10 -1 258 287\n", "", [(3, "id", "no_delivery")]),
        ("4 1.0 1.0 10 -2 0 1440\n", "", [(4, "id", "no_delivery")]),
        ("1 -3.0 6.5 10 1 0 1440\n", "", [(4, "id", "no_pickup")]),
        ("0 -1.0 2.0 0 0 0 1440\n", "", [(1, "id", "no_depot")]),
        ("0 -1.0 2.0 0 0 0", "0 -1.0 2.0 0 1 0", [(2, "load", "depot_with_load")]),
        ("4 1.0", "3 1.0", [(4, "id", "no_delivery"), (6, "id", "given_twice")]),
        ("4 1.0", "999999999 1.0", [(4, "id", "no_delivery"), (6, "id", "unknown_node")]),
        ("-3.0 6.5", "1_000 6e99", [(3, "x", "not_a_number"), (3, "y", "not_a_number")]),
        ("-3.0 6.5", "-3.0 6.5 7", [(3, None, "wrong_field_count"), (5, "id", "no_pickup")]),
    ],
)  # fmt: skip
def test_every_fault_of_a_dial_a_ride_file_is_told_by_line_and_field(
    tmp_path: Path, was: str, becomes: str, faults: list[tuple[int | None, str | None, str]]
) -> None:
    assert told(tmp_path, PR.replace(was, becomes, 1)) == faults


def test_a_file_in_which_nobody_is_moved_is_at_fault(tmp_path: Path) -> None:
    assert told(tmp_path, "2 0 480 3 90\n0 1 2 0 0 0 1440\n") == [(None, None, "no_moves")]


def test_a_li_lim_file_is_read_with_the_fewest_vehicles_first(tmp_path: Path) -> None:
    read_in = problem(tmp_path, LILIM.replace(" ", "\t").replace("\n", "\r\n"))

    assert read_in.first is First.VEHICLES
    assert len(read_in.vehicles) == 3
    assert read_in.vehicles[0].room == (200,)
    assert read_in.vehicles[0].window == Window(0, 1236)
    pairs = [
        (read_in.places[m.pickup.place].code, read_in.places[m.delivery.place].code) for m in read_in.moves
    ]
    assert pairs == [("2", "1"), ("3", "4")]
    assert read_in.moves[0].pickup.service_min == 90
    assert read_in.travel.time_min[0, 1] == sqrt(5**2 + 18**2)


@pytest.mark.parametrize(
    ("was", "becomes", "faults"),
    [
        ("3 200 1", "0 200 0", [(1, "vehicles", "no_vehicles")]),
        ("3 200 1", "3 15 1", [(5, "load", "fits_no_vehicle")]),
        ("10 825 870 90 0 1", "-10 825 870 90 0 1", [(4, "load", "negative_load")]),
        ("10 825 870 90 0 1", "10 825 820 90 0 1", [(4, "latest", "closes_before_it_opens")]),
        (
            "10 825 870 90 0 1",
            "10 825 870 90 0 9",
            [(3, "pickup", "no_pickup"), (4, "delivery", "no_delivery")],
        ),
        (
            "10 825 870 90 0 1",
            "10 825 870 90 0 0",
            [(3, "pickup", "no_pickup"), (4, "delivery", "no_delivery")],
        ),
        ("10 825 870 90 0 1", "10 825 870 90 3 1", [(4, "pickup", "both_ends")]),
        ("-20 727", "-10 727", [(6, "load", "loads_differ")]),
        ("4 42 68 -20 727 782 90 3 0\n", "", [(5, "delivery", "no_delivery")]),
        ("0 40 50 0", "0 40 50 7", [(2, "load", "depot_with_load")]),
        ("1 45 68", "2 45 68", [(3, "pickup", "no_pickup"), (4, "id", "given_twice")]),
    ],
)
def test_every_fault_of_a_li_lim_file_is_told_by_line_and_field(
    tmp_path: Path, was: str, becomes: str, faults: list[tuple[int | None, str | None, str]]
) -> None:
    assert told(tmp_path, LILIM.replace(was, becomes, 1)) == faults


def test_a_city_file_brings_its_own_minutes_and_as_many_vehicles_as_moves(tmp_path: Path) -> None:
    read_in = problem(tmp_path, SARTORI)

    assert read_in.name == "tiny-n2-1"
    assert read_in.travel.time_min.tolist() == [[0, 4, 5], [6, 0, 7], [8, 9, 0]]
    assert (read_in.places[1].latitude, read_in.places[1].longitude) == (41.40, 2.11)
    assert len(read_in.vehicles) == 1
    assert read_in.vehicles[0].window == Window(0, 240)
    assert not read_in.travel.estimated


@pytest.mark.parametrize(
    ("was", "becomes", "faults"),
    [
        ("6 0 7\n", "", [(13, "EDGES", "matrix_shape")]),
        ("6 0 7", "6 0", [(13, "EDGES", "matrix_cell_missing")]),
        ("6 0 7", "6 0 7 8", [(13, "EDGES", "matrix_shape")]),
        ("6 0 7", "-6 0 x", [(13, "EDGES, cell 1", "negative"), (13, "EDGES, cell 3", "not_a_number")]),
        ("6 0 7", "6 1 7", [(13, "EDGES, cell 2", "matrix_diagonal")]),
        ("41.40 2.11", "91.40 -180.5", [(9, "latitude", "off_the_globe"), (9, "longitude", "off_the_globe")]),
        ("SIZE: 3", "SIZE: 4", [(3, "SIZE", "wrong_size")]),
        ("CAPACITY: 300\n", "", [(None, "CAPACITY", "missing")]),
        ("EDGES\n", "", [(None, "EDGES", "missing")]),
    ],
)
def test_every_fault_of_a_city_file_is_told_by_line_and_field(
    tmp_path: Path, was: str, becomes: str, faults: list[tuple[int | None, str | None, str]]
) -> None:
    assert told(tmp_path, SARTORI.replace(was, becomes, 1)) == faults


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared instances are not beside the project")
@pytest.mark.parametrize(
    ("file", "moves", "vehicles", "closes"),
    [
        ("darp/a2-16", 16, 2, 480),
        ("darp/a7-84", 84, 7, 720),
        ("darp/b8-96", 96, 8, 720),
        ("darp/pr01", 24, 3, 1440),
        ("pdptw/lilim/lc101", 53, 25, 1236),
        ("pdptw/sartori_buriol/nyc-n200-4", 100, 100, 480),
    ],
)
def test_the_published_instances_are_read(file: str, moves: int, vehicles: int, closes: float) -> None:
    read_in = read(SHARED / f"{file}.txt")

    assert (len(read_in.moves), len(read_in.vehicles)) == (moves, vehicles)
    assert read_in.vehicles[0].window.latest == closes
    assert read_in.travel.time_min.shape == (len(read_in.places),) * 2


@pytest.mark.parametrize("text", ["", "\n\n", "Dear planner,\nplease move us.\n", "1 2\n3 4\n", "%PDF-1.7\n"])
def test_what_is_no_instance_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == [(1, None, "not_an_instance")]
