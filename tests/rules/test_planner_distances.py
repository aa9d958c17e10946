"""Distances are estimated and say so, or come by road from a server that is asked in tiles, kept, and asked again where it fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from muster.core.errors import FaultyFile
from muster.transport.planner.distances import Leg, great_circle, on_a_plane, overridden
from muster.transport.planner.files import read
from muster.transport.planner.osrm import TRIES, NotAnswering, by_road
from muster.transport.planner.problem import Place


def line_of(count: int) -> list[Place]:
    return [Place(code=f"P{n}", latitude=0.0, longitude=n / 100) for n in range(count)]


def test_the_great_circle_is_an_estimate_by_factor_and_speed() -> None:
    """Auckland (Mt Eden) to Wellington (Rimutaka) is some 476 km by the haversine formula, reckoned apart from this code."""
    places = [
        Place(code="MT-EDEN", latitude=-36.8666, longitude=174.7676),
        Place(code="RIMUTAKA", latitude=-41.1418, longitude=175.0431),
    ]

    travel = great_circle(places, factor=1.25, speed_kmh=75)

    assert travel.estimated
    assert travel.source == "great circle x 1.25 at 75 km/h"
    assert travel.distance[0, 1] == pytest.approx(1.25 * 475.96, abs=0.1)
    assert travel.time_min[1, 0] == pytest.approx(1.25 * 475.96 / 75 * 60, abs=0.1)
    assert travel.distance[0, 0] == 0


def test_a_leg_can_be_otherwise_in_one_direction() -> None:
    before = on_a_plane([Place(code=str(n), x=n, y=0) for n in range(3)])

    travel = overridden(before, [Leg(start=0, end=2, time_min=9, distance=4)])

    assert (travel.time_min[0, 2], travel.distance[0, 2], travel.time_min[2, 0]) == (9, 4, 2)
    assert before.time_min[0, 2] == 2


def test_a_closed_bridge_is_gone_round_over_other_places_that_are_open() -> None:
    """On a square, 0 to 1 goes round by 3 and 2 when 0 to 2 is closed as well."""
    places = [Place(code=str(n), x=x, y=y) for n, (x, y) in enumerate([(0, 0), (1, 0), (1, 1), (0, 1)])]

    travel = overridden(
        on_a_plane(places), [Leg(start=0, end=1, time_min=None), Leg(start=0, end=2, time_min=None)]
    )

    assert travel.time_min[0, 1] == pytest.approx(1 + 2**0.5)
    assert travel.time_min[0, 2] == pytest.approx(2)
    assert travel.distance[0, 2] == pytest.approx(2)


def test_where_no_other_way_is_left_there_is_none() -> None:
    places = [Place(code=str(n), x=n, y=0) for n in range(2)]

    assert np.isinf(overridden(on_a_plane(places), [Leg(start=0, end=1, time_min=None)]).time_min[0, 1])


# --- a server of the `/table` service -------------------------------------------------


class Roads:
    """What a server of distances was asked, and what it answers next."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []  # sources and destinations of each question
        self.faults: list[int] = []  # statuses to answer first
        self.answer: Callable[[list[list[float | None]]], object] = lambda rows: {
            "code": "Ok", "durations": rows, "distances": [[None if cell is None else cell * 20 for cell in row] for row in rows],
        }  # fmt: skip
        self.cut: tuple[int, int] | None = None  # between which longitudes, in hundredths, there is no road
        self.url = ""


@contextmanager
def serving(roads: Roads) -> Iterator[Roads]:
    class Table(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if roads.faults:
                self.send_response(roads.faults.pop(0))
                self.end_headers()
                self.wfile.write(b'{"code": "TooBig", "message": "Too many table coordinates"}')
                return
            url = urlsplit(self.path)
            assert url.path.startswith("/table/v1/driving/")
            points = [round(float(p.split(",")[0]) * 100) for p in url.path.rpartition("/")[2].split(";")]
            words = parse_qs(url.query)
            assert words["annotations"] == ["duration,distance"]
            first, then = (
                [int(n) for n in words[name][0].split(";")] for name in ("sources", "destinations")
            )
            roads.asked.append((len(first), len(then)))
            rows = [
                [None if (points[a], points[b]) == roads.cut else abs(points[a] - points[b]) * 60 + (points[a] > points[b])
                 for b in then]
                for a in first
            ]  # fmt: skip
            body = json.dumps(roads.answer(rows)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Table)
    roads.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield roads
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_large_table_is_asked_for_in_tiles_and_kept(tmp_path: Path) -> None:
    with serving(Roads()) as roads:
        travel = by_road(line_of(230), url=roads.url, kept=tmp_path)
        asked = list(roads.asked)
        again = by_road(line_of(230), url=roads.url, kept=tmp_path)

    assert sorted(asked) == sorted((a, b) for a in (100, 100, 30) for b in (100, 100, 30))
    assert roads.asked == asked
    assert travel.time_min[3, 229] == 226
    assert travel.time_min[229, 3] == pytest.approx(226 + 1 / 60)
    assert travel.distance[3, 229] == pytest.approx(226 * 60 * 20 / 1000)
    assert not travel.estimated
    assert travel.source == f"OSRM at {roads.url}, driving"
    assert (again.time_min == travel.time_min).all()


def test_a_server_that_is_busy_is_asked_again_after_longer_and_longer(tmp_path: Path) -> None:
    pauses: list[float] = []
    with serving(Roads()) as roads:
        roads.faults = [503, 429, 500]
        travel = by_road(line_of(3), url=roads.url, kept=tmp_path, pause=pauses.append)

    assert pauses == [0.5, 1.0, 2.0]
    assert travel.time_min[0, 2] == 2


def test_a_server_that_stays_away_is_refused_in_words(tmp_path: Path) -> None:
    with serving(Roads()) as roads:
        pass  # and is gone again
    pauses: list[float] = []

    with pytest.raises(NotAnswering, match=r"gave no table: .*[Rr]efused.*Start it or correct its address"):
        by_road(line_of(2), url=roads.url, kept=tmp_path, pause=pauses.append)

    assert len(pauses) == TRIES - 1


def test_a_server_that_says_no_is_not_asked_again(tmp_path: Path) -> None:
    with serving(Roads()) as roads:
        roads.faults = [400, 400]
        with pytest.raises(NotAnswering, match=r"answered 400 \(Too many table coordinates\)"):
            by_road(line_of(2), url=roads.url, kept=tmp_path, pause=lambda seconds: None)

    assert roads.faults == [400]


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"code": "Ok"},
        {"code": "NoTable", "durations": [[0, 1], [1, 0]], "distances": [[0, 1], [1, 0]]},
        {"code": "Ok", "durations": [[0, 1]], "distances": [[0, 1]]},
        {"code": "Ok", "durations": [[0, 1], [1]], "distances": [[0, 1], [1, 0]]},
        {"code": "Ok", "durations": [[0, -1], [1, 0]], "distances": [[0, 1], [1, 0]]},
        {"code": "Ok", "durations": [[0, "x"], [1, 0]], "distances": [[0, 1], [1, 0]]},
    ],
)
def test_an_answer_that_is_no_table_is_refused_and_not_kept(tmp_path: Path, answer: object) -> None:
    with serving(Roads()) as roads:
        roads.answer = lambda rows: answer
        with pytest.raises(NotAnswering, match="no table of 2 x 2"):
            by_road(line_of(2), url=roads.url, kept=tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_what_was_kept_broken_is_asked_for_again(tmp_path: Path) -> None:
    with serving(Roads()) as roads:
        by_road(line_of(2), url=roads.url, kept=tmp_path)
        for file in tmp_path.iterdir():
            file.write_text("half a ta")
        travel = by_road(line_of(2), url=roads.url, kept=tmp_path)

    assert len(roads.asked) == 2
    assert travel.time_min[0, 1] == 1


def test_places_without_a_road_between_them_are_named(tmp_path: Path) -> None:
    with serving(Roads()) as roads:
        roads.cut = (2, 0)
        with pytest.raises(FaultyFile) as refused:
            by_road(line_of(3), url=roads.url, kept=tmp_path)

    assert [(f.column, f.code) for f in refused.value.faults] == [("P2 -> P0", "transport.no_road")]


OVER_ROADS = """\
places = [{{ code = "P0", latitude = 0, longitude = 0 }}, {{ code = "P1", latitude = 0, longitude = 0.07 }}]
vehicles = [{{ code = "V", start = "P0", capacity = 4 }}]
moves = [{{ code = "M", from = "P0", to = "P1" }}]
[travel.osrm]
url = "{url}"
"""


def test_a_problem_can_ask_a_server_and_a_missing_road_is_a_fault_of_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "problem.toml"
    with serving(Roads()) as roads:
        path.write_text(OVER_ROADS.format(url=roads.url))
        travel = read(path).travel
    with serving(Roads()) as cut:
        cut.cut = (7, 0)
        path.write_text(OVER_ROADS.format(url=cut.url))
        with pytest.raises(FaultyFile) as refused:
            read(path)

    assert (travel.time_min[0, 1], travel.estimated) == (7, False)
    assert [(f.row, f.column, f.code) for f in refused.value.faults] == [
        (5, "travel.osrm.url", "transport.no_road")
    ]
    assert "no road from P1 to P0" in refused.value.faults[0].message


@pytest.mark.parametrize("url", ["file:///etc/hosts", "localhost:5000", "http://", "http://a b"])
def test_an_address_that_is_none_is_refused_before_anything_is_asked(tmp_path: Path, url: str) -> None:
    path = tmp_path / "problem.toml"
    path.write_text(OVER_ROADS.format(url=url))

    with pytest.raises(FaultyFile) as refused:
        read(path)

    assert [(f.row, f.code) for f in refused.value.faults] == [(5, "transport.bad_url")]
