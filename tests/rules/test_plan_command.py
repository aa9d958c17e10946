"""`muster plan`: from a file to a plan, a picture and a list, by exit statuses that a script can go by."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from muster.cli.main import app
from muster.cli.plan import COMPILES

EXAMPLE = Path(__file__).parents[2] / "examples" / "transport"
TABLES = (
    str(EXAMPLE / "people.csv"), "--vehicles", str(EXAMPLE / "vehicles.csv"), "--places", str(EXAMPLE / "places.csv"),
)  # fmt: skip
PROBLEM = """\
[[places]]
code = "A"
x = 0
y = 0
[[places]]
code = "B"
x = 10
y = 0
[travel.plane]
[[vehicles]]
code = "V"
start = "A"
capacity = 1
latest = 60
[[moves]]
code = "M1"
from = "A"
to = "B"
max_ride_min = 20
[[moves]]
code = "M2"
from = "B"
to = "A"
delivery = { latest = 40 }
"""


def plan(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["plan", *map(str, words)])


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    path = tmp_path / "problem.toml"
    path.write_text(PROBLEM, "utf-8")
    return path


def test_two_tables_become_a_plan_a_picture_and_a_list_with_one_command(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("plan.json", "plan.csv", "plan.svg", "drivers.txt")]

    done = plan(*TABLES, "--iterations", "300", *(word for file in files for word in ("--out", file)))

    assert done.exit_code == 0, done.output
    assert "19 of 19 moves" in done.stdout
    assert "estimated: great circle x 1.3 at 60 km/h" in done.stdout
    assert json.loads(files[0].read_text("utf-8"))["estimated"] is True
    assert len(files[1].read_text("utf-8").splitlines()) == 1 + 2 * 19
    assert ElementTree.fromstring(files[2].read_text("utf-8")).get("role") == "img"
    assert "boards" in files[3].read_text("utf-8")
    again = plan(*TABLES, "--check", files[0])
    assert again.exit_code == 0, again.output


def test_the_example_with_every_field_is_planned_within_all_its_rules() -> None:
    done = plan(EXAMPLE / "friday.toml", "--iterations", "300", "--json")

    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert (answer["instance"], answer["served"], answer["estimated"]) == ("Friday", 4, True)


def test_json_answers_with_stops_numbered_by_the_moves(problem: Path) -> None:
    done = plan(problem, "--iterations", "50", "--seed", "3", "--json")

    answer = json.loads(done.stdout)
    assert done.exit_code == 0
    assert {name: answer[name] for name in ("instance", "engine", "seed", "feasible", "vehicles", "served", "unserved")} == {
        "instance": "problem", "engine": "muster", "seed": 3, "feasible": True, "vehicles": 1, "served": 2, "unserved": [],
    }  # fmt: skip
    assert answer["cost"] == 20
    assert answer["routes"] == [[1, 3, 2, 4]]
    assert done.stderr == ""


def test_nothing_but_the_object_stands_on_standard_output(problem: Path) -> None:
    """Also what a library prints past Python: the set of routes is chosen by HiGHS, which says hello."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from muster.cli.main import main; main()",
            "plan",
            problem,
            "--seconds",
            "2",
            "--json",
        ],
        capture_output=True,
        text=True,
        timeout=600,  # a machine that never planned compiles first
        check=True,
    )

    assert json.loads(done.stdout)["served"] == 2
    assert done.stderr == ""


def test_ctrl_c_stops_the_search_and_keeps_the_best_plan_so_far(tmp_path: Path) -> None:
    """The first line of progress is waited for, which stands on standard error with the best cost so far."""
    words = ["plan", *TABLES, "--seconds", "300", "--out", str(tmp_path / "plan.json")]
    with subprocess.Popen(
        [sys.executable, "-c", "from muster.cli.main import main; main()", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as search:
        assert search.stderr is not None
        try:
            said = next(line for line in search.stderr if "best cost" in line)
            search.send_signal(signal.SIGINT)
            told, _ = search.communicate(timeout=120)
        finally:
            search.kill()

    assert "best cost" in said
    assert search.returncode in (0, 1)
    assert "Stopped early; this was the best so far." in told
    assert json.loads((tmp_path / "plan.json").read_text("utf-8"))["finished"] is False


@contextmanager
def first_use(problem: Path, cache: Path, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """The command where nothing was compiled before; it is ended with the block, since compiling takes a minute."""
    empty = {"HOME": str(cache), "XDG_CACHE_HOME": str(cache), "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        [sys.executable, "-c", "from muster.cli.main import main; main()", "plan", str(problem)],
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env=os.environ | empty,
    ) as command:
        try:
            yield command
        finally:
            command.kill()


def test_the_first_use_says_on_a_terminal_that_it_compiles_with_a_bar_that_moves(
    problem: Path, tmp_path: Path
) -> None:
    ours, theirs = os.openpty()
    told = b""
    with first_use(problem, tmp_path / "cache", theirs) as command:
        while b"0:00:02" not in told:  # the bar has been drawn for two seconds
            assert select.select([ours], [], [], 60)[0], told
            told += os.read(ours, 4096)
        compiling = command.poll() is None
    os.close(ours)
    os.close(theirs)

    assert compiling
    assert list((tmp_path / "cache").rglob("lock"))  # what it compiles it keeps there
    assert COMPILES.encode() in told
    assert "━".encode() in told
    assert b"0:00:00" in told
    assert b"best cost" not in told


def test_the_first_use_says_elsewhere_in_a_line_that_it_compiles(problem: Path, tmp_path: Path) -> None:
    with first_use(problem, tmp_path / "cache", subprocess.PIPE) as command:
        assert command.stderr is not None
        line = command.stderr.readline().decode()
        compiling = command.poll() is None

    assert compiling
    assert line == f"{COMPILES}\n"


def test_the_same_seed_and_rounds_give_the_same_plan(tmp_path: Path) -> None:
    written = []
    for name in ("one.csv", "other.csv"):
        assert plan(*TABLES, "--iterations", "200", "--seed", "5", "--out", tmp_path / name).exit_code == 0
        written.append((tmp_path / name).read_text("utf-8"))

    assert written[0] == written[1]


def test_who_cannot_be_served_is_named_with_the_reason_and_the_status_says_so(problem: Path) -> None:
    problem.write_text(PROBLEM.replace("latest = 40", "latest = 5"), "utf-8")

    done = plan(problem, "--iterations", "50", "--json")

    answer = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (answer["feasible"], answer["served"]) == (False, 1)
    assert [each["request"] for each in answer["unserved"]] == ["M2"]
    assert answer["unserved"][0]["reason"]


@pytest.mark.parametrize("engine", ["ortools", "vroom"])
def test_the_planners_of_others_are_asked_by_name(problem: Path, engine: str) -> None:
    problem.write_text(PROBLEM.replace("max_ride_min = 20\n", ""), "utf-8")

    done = plan(problem, "--engine", engine, "--seconds", "0.5", "--json")

    assert done.exit_code == 0, done.output
    assert (json.loads(done.stdout)["engine"], json.loads(done.stdout)["cost"]) == (engine, 20)


def test_what_an_engine_cannot_express_is_refused(problem: Path) -> None:
    done = plan(problem, "--engine", "vroom", "--seconds", "0.5")

    assert done.exit_code == 2
    assert "vroom knows no ride time" in done.stderr


def test_a_checked_plan_that_breaks_a_rule_is_told(problem: Path, tmp_path: Path) -> None:
    brought = tmp_path / "brought.txt"
    brought.write_text("Route 1: 2 4 1 3\n")

    good, late = plan(problem, "--check", brought), tmp_path / "late.toml"
    late.write_text(PROBLEM.replace("latest = 60", "latest = 25"), "utf-8")
    bad = plan(late, "--check", brought, "--json")

    assert good.exit_code == 0, good.output
    assert bad.exit_code == 1
    assert {each["rule"] for each in json.loads(bad.stdout)["broken"]} == {
        "plan.vehicle_window",
        "plan.window",
    }


def test_an_agent_brings_six_at_once_and_a_plan_with_seven_aboard_is_told(
    problem: Path, tmp_path: Path
) -> None:
    """TRN-20: seven persons ride there in two turns, though the vehicle has eight seats."""
    held = PROBLEM.replace("capacity = 1", 'capacity = 8\nrules = ["TRN-20"]\nagents = 1')
    persons = "".join(f'[[moves]]\ncode = "M{n}"\nfrom = "A"\nto = "B"\n' for n in range(1, 8))
    problem.write_text(held[: held.index("[[moves]]")] + persons, "utf-8")
    brought = tmp_path / "brought.txt"
    brought.write_text("Route 1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n")

    made = plan(problem, "--iterations", "200", "--json")
    checked = plan(problem, "--check", brought, "--json")

    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["cost"] == 40
    assert [each["rule"] for each in json.loads(checked.stdout)["broken"]] == ["plan.capacity"]
    assert "carries 7 of persons (TRN-20), and has room for 6" in checked.stdout


def test_a_replay_says_what_breaks_and_leaves_the_status(problem: Path, tmp_path: Path) -> None:
    brought = tmp_path / "brought.txt"
    brought.write_text("Route 1: 1 3 2 4\n")

    done = plan(problem, "--check", brought, "--slower", "2.5")

    assert done.exit_code == 0
    assert "With every drive 2.5 times as long the last vehicle is back 00:50." in done.stdout
    assert "[plan.ride]" in done.stdout
    assert "[plan.window]" in done.stdout


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("capacity = 1", "capacity = -2", "row 13: column vehicles[1].capacity: "),
        ('to = "B"', 'to = "C"', "row 18: column moves[1].to: There is no place 'C'"),
        ("latest = 40", "earliest = 50, latest = 40", "row 24: column moves[2].delivery.latest: "),
    ],
)
def test_a_fault_of_the_file_ends_before_any_search(problem: Path, was: str, becomes: str, told: str) -> None:
    problem.write_text(PROBLEM.replace(was, becomes, 1), "utf-8")

    done = plan(problem, "--seconds", "100")

    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stdout == ""


def test_what_cannot_be_written_is_refused_before_any_search(problem: Path, tmp_path: Path) -> None:
    kind = plan(problem, "--seconds", "100", "--out", tmp_path / "plan.docx")
    folder = plan(problem, "--seconds", "100", "--out", tmp_path / "nowhere" / "plan.svg")

    assert (kind.exit_code, folder.exit_code) == (2, 2)
    assert "[cli.no_such_kind]" in kind.stderr
    assert "[core.unwritable]" in folder.stderr


def test_a_plan_of_another_problem_is_told_and_not_drawn(problem: Path, tmp_path: Path) -> None:
    brought = tmp_path / "plan.json"
    assert plan(problem, "--iterations", "50", "--out", brought).exit_code == 0
    problem.write_text(PROBLEM.replace('"M1"', '"M9"'), "utf-8")

    checked = plan(problem, "--check", brought)
    drawn = plan(problem, "--check", brought, "--out", tmp_path / "plan.svg")

    assert checked.exit_code == 1
    assert "[plan.move_unknown]" in checked.stdout
    assert drawn.exit_code == 2
    assert "[transport.other_problem]" in drawn.stderr


def test_without_the_extra_the_command_says_how_to_get_it(problem: Path) -> None:
    """A Python in which NumPy and Numba cannot be imported, as where only Muster itself was installed."""
    script = """
        import sys

        class Away:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("numpy", "numba", "llvmlite", "highspy"):
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Away())
        from muster.cli.main import app
        app(["plan", sys.argv[1]])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(problem)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "pip install 'muster-record[planner]'" in done.stderr
    assert "[cli.no_planner]" in done.stderr


def test_a_plan_that_is_driven_is_planned_on_without_a_vehicle_that_does_not_come(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert plan(*TABLES, "--iterations", "400", "--out", first).exit_code == 0
    out = json.loads(first.read_text("utf-8"))["routes"][0]["vehicle"]

    went = plan(
        *TABLES,
        "--replan",
        first,
        "--now",
        "00:00",
        "--without",
        out,
        "--seconds",
        "0.5",
        "--out",
        second,
        "--json",
    )

    answer = json.loads(went.stdout)
    assert went.exit_code == (1 if answer["unserved"] else 0)
    assert out not in answer["vehicle_codes"]
    assert set(answer["kept"]) <= set(answer["vehicle_codes"])
    assert answer["served"] + len(answer["unserved"]) == 19
    assert [route["vehicle"] for route in json.loads(second.read_text("utf-8"))["routes"]] == answer[
        "vehicle_codes"
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["--late", "HORSE=5"],
        ["--late", "V=soon"],
        ["--without", "HORSE"],
        ["--gone", "NOBODY"],
        ["--now", "noon"],
    ],
)
def test_news_of_what_is_not_in_the_problem_is_refused(
    problem: Path, tmp_path: Path, words: list[str]
) -> None:
    made = tmp_path / "plan.json"
    plan(problem, "--iterations", "50", "--out", made)

    went = plan(problem, "--replan", made, *words)

    assert went.exit_code == 2
    assert words[-1] in went.stderr
