"""Whatever is done to a file, it is read as a sound problem or refused in words: never anything else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muster.core.errors import FaultyInput, MusterError
from muster.transport.planner.files import read
from muster.transport.planner.problem import Problem

DARP = "1 2 480 3 30\n0 0 0 0 0 0 480\n1 -1.5 2 3 1 0 1440\n2 5 7 3 -1 40 90\n3 0 0 0 0 0 480\n"
LILIM = "2 9 1\n0\t4\t5\t0\t0\t99\t0\t0\t0\r\n1\t4\t6\t3\t0\t99\t1\t0\t2\r\n2\t4\t7\t-3\t0\t99\t1\t1\t0\r\n"
CITY = (
    "NAME: c\nSIZE: 3\nROUTE-TIME: 99\nCAPACITY: 9\nNODES\n0 4 5 0 0 99 0 0 0\n1 4 6 3 0 99 1 0 2\n2 4 7 -3 0 99 1 1 0\n"
    "EDGES\n0 4 5\n6 0 7\n8 9 0\nEOF\n"
)
TOML = """\
starts_at = 2026-12-04T06:00:00-06:00
rules = ["TRN-06", "TRN-17"]
[travel.matrix]
time_min = [[0, 7], [8, 0]]
[[travel.legs]]
from = "A"
to = "B"
minutes = 9
[[places]]
code = "A"
[[places]]
code = "B"
[[vehicles]]
code = "V"
start = "A"
capacity = { seats = 4 }
breaks = { after_driving_min = 60, length_min = 5 }
[[moves]]
code = "M"
from = "A"
to = "B"
pickup = { earliest = "07:30", latest = 900 }
separation_group = "women"
[[moves]]
code = "N"
from = "B"
to = "A"
separation_group = "men"
[[apart]]
these = ["M"]
those = ["N"]
"""
JSON = """\
{"places": [{"code": "A", "x": 1, "y": 2}, {"code": "B", "x": 3, "y": 4}], "travel": {"plane": {}},
 "vehicles": [{"code": "V", "start": "A", "capacity": 4, "count": 2}],
 "moves": [{"code": "M", "from": "A", "to": "B", "load": 2, "delivery": {"latest": "09:00"}}]}
"""
PEOPLE = "person,from,to,pickup_from,from_latitude,from_longitude,to_latitude,to_longitude\nP,A,B,07:30,1,2,3,4\nQ,B,A,,,,,\n"
VEHICLES = "vehicle,start,seats,from,until\nV,A,4,06:00,20:00\n"
PIECES = ("nan", "inf", "-1", "0", "1e309", "1e9", "1.5", "", "\t", "\n", "x", "[", "]", "{", "}", "=", '"', "null", "true",
          "٣", "\0", ",", "99999999", "1_0", "0x10", "-", "#", "é", "[[moves]]\n")  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A sound file with one to three of its words, signs or lines changed, put in, doubled or taken out."""
    text = draw(st.sampled_from((DARP, LILIM, CITY, TOML, JSON, PEOPLE)))
    for _ in range(draw(st.integers(1, 3))):
        words = [*re.finditer(r"[^\s,=\[\]{}]+", text)] or [*re.finditer("", text)]
        word, piece = draw(st.sampled_from(words)), draw(st.sampled_from(PIECES))
        lines = text.split("\n")
        row = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(("change", "put in", "double", "take out", "cut"))):
            case "change":
                text = text[: word.start()] + piece + text[word.end() :]
            case "put in":
                text = text[: word.start()] + piece + text[word.start() :]
            case "double":
                text = "\n".join([*lines[:row], lines[row], *lines[row:]])
            case "take out":
                text = "\n".join([*lines[:row], *lines[row + 1 :]])
            case _:
                text = text[: word.start()]
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("problems")
    (made / "vehicles.csv").write_text(VEHICLES)
    return made


@pytest.mark.parametrize("text", [DARP, LILIM, CITY, TOML, JSON, PEOPLE])
def test_each_of_these_files_is_sound_before_it_is_damaged(folder: Path, text: str) -> None:
    (folder / "file").write_text(text, "utf-8")

    assert read(folder / "file", vehicles=folder / "vehicles.csv" if text is PEOPLE else None).moves


def sound_or_refused(folder: Path, *, tables: bool) -> Problem | None:
    """The problem, or None where the file was refused with codes and words."""
    try:
        return read(folder / "file", vehicles=folder / "vehicles.csv" if tables else None)
    except MusterError as refusal:
        told = refusal
    faults = told.faults if isinstance(told, FaultyInput) else []
    assert all(fault.message and fault.code.startswith(("transport.", "core.")) for fault in faults)
    assert str(told)
    return None


@settings(max_examples=300, deadline=None)
@given(text=damaged())
def test_a_damaged_file_is_read_as_a_sound_problem_or_refused_in_words(folder: Path, text: str) -> None:
    (folder / "file").write_text(text, "utf-8")
    tables = text.partition("\n")[0].count(",") > 2

    problem = sound_or_refused(folder, tables=tables)
    if problem is None:
        return

    codes = [move.code for move in problem.moves]
    assert codes
    assert len(set(codes)) == len(codes)
    assert problem.vehicles
    assert np.isfinite(problem.travel.time_min).all()
    assert (problem.travel.time_min >= 0).all()
    assert (problem.travel.distance >= 0).all()
    for move in problem.moves:
        assert all(amount >= 0 for amount in move.load)
        assert any(move.load)
        assert move.pickup.window.earliest <= move.pickup.window.latest
        assert any(
            all(load <= room for load, room in zip(move.load, v.room, strict=True)) for v in problem.vehicles
        )
