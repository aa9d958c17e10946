"""Planning in parts on a Ray cluster of two workers, which are processes of this machine and are reached by its loopback alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import cast

import numpy as np
import pytest
from instances import instance, spread
from typer.testing import CliRunner, Result

from muster.cli.main import app
from muster.transport.planner import engines
from muster.transport.planner.cluster import SETTINGS, ClusterFailed, on_a_cluster
from muster.transport.planner.parts import planned_in_parts
from muster.transport.planner.search.engine import Budget

HERE = "127.0.0.2"  # Ray replaces 127.0.0.1 by the machine's address in its network
MOVES = engines.LARGE + 1


@contextmanager
def two_workers() -> Iterator[str]:
    """The address of a cluster that lasts for the block."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        machine = {"num_cpus": 2, "node_ip_address": HERE, "include_dashboard": False}
        head = Cluster(initialize_head=True, head_node_args=machine)
        try:
            yield head.address
        finally:
            head.shutdown()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One move more than one search is for, between 40 places of a plane."""
    random = np.random.default_rng(4)
    places = [
        {"code": str(n), "x": float(x), "y": float(y)}
        for n, (x, y) in enumerate(random.uniform(0, 60, (40, 2)))
    ]
    moves = [
        {"code": f"M{n}", "from": str(n % 40), "to": str((n + 1 + n // 40) % 40),
         "pickup": {"earliest": int(opens), "latest": int(opens) + 120}}
        for n, opens in enumerate(random.uniform(60, 900, MOVES))
    ]  # fmt: skip
    fleet = [{"code": "V", "count": 150, "start": "0", "capacity": 8}]
    path = tmp_path_factory.mktemp("day") / "day.json"
    path.write_text(
        json.dumps({"places": places, "moves": moves, "vehicles": fleet, "travel": {"plane": {}}}), "utf-8"
    )
    return path


def plan(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["plan", *map(str, words)])


def test_a_cluster_of_two_workers_plans_as_this_machine_does(day: Path) -> None:
    """In one test, so that one cluster is started: by the command; one search, as it comes of its seed here too; three parts of
    twenty moves, interrupted when the first is ready, so that the third gets a moment; and a call of what is not installed there.
    """
    search = partial(engines.solve, instance(8, moves=6), iterations=200, seed=3)
    budget = Budget(seconds=600, iterations=None)

    with two_workers() as address:
        done = plan(day, "--cluster", address, "--seconds", "1", "--json")
        with (  # noqa: PT012 - the last call fails, and to connect once more would take seconds
            pytest.raises(ClusterFailed, match="only_here") as failed,
            on_a_cluster(address) as (workers, count),
        ):
            there = workers.submit(search).result()
            whole = planned_in_parts(
                spread(moves=60, vehicles=20), budget=budget, seconds=1, seed=1, executor=workers, workers=count,
                told=lambda standing: budget.stop(), most=20,
            )  # fmt: skip
            workers.submit(not_there()).result()

    answer = json.loads(done.stdout)  # its plan has passed the check, or it were withheld
    assert (answer["cluster"], answer["served"] + len(answer["unserved"])) == (address, MOVES)
    assert answer["served"] > MOVES - 20  # within a second somebody may be left
    assert (done.exit_code, done.stderr) == (1 if answer["unserved"] else 0, "")
    assert (there, count) == (search(), 2)
    ridden = {f"M{move}" for order in whole.orders.values() for move, _ in order}
    assert ridden | {each.move for each in whole.unserved} == {f"M{n}" for n in range(60)}
    assert len(ridden) > 40
    assert budget.done == 1
    assert failed.value.code == "transport.cluster_failed"


def not_there() -> Callable[[], int]:
    """A function of a module that workers cannot import, as Muster is where it was not installed."""
    module = sys.modules["only_here"] = ModuleType("only_here")
    exec("def answer():\n    return 42", module.__dict__)
    return cast(Callable[[], int], module.__dict__["answer"])


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (f"{HERE}:1", "refused"),
        (f"ray://{HERE}:1", "refused"),
        ("everywhere", "no address"),
        (f"{HERE}:99999", "port"),
    ],
)
def test_a_cluster_that_does_not_answer_is_told_at_once(day: Path, address: str, why: str) -> None:
    done = plan(day, "--cluster", address)

    assert done.exit_code == 2
    assert why in done.stderr
    assert "[transport.cluster_not_reached]" in done.stderr


def test_a_problem_of_one_search_is_planned_here_and_the_command_says_so(tmp_path: Path) -> None:
    places = [{"code": "A", "x": 0, "y": 0}, {"code": "B", "x": 9, "y": 0}]
    small = tmp_path / "small.json"
    small.write_text(
        json.dumps(
            {
                "places": places,
                "moves": [{"code": "M", "from": "A", "to": "B"}],
                "vehicles": [{"code": "V", "start": "A", "capacity": 1}],
                "travel": {"plane": {}},
            }
        ),
        "utf-8",
    )

    told = plan(small, "--cluster", "auto", "--iterations", "20")
    answered = plan(small, "--cluster", "auto", "--iterations", "20", "--json")

    assert told.exit_code == 0, told.output
    assert "The cluster was not asked" in told.stderr
    assert json.loads(answered.stdout)["cluster"] is None
    assert answered.stderr == ""


def test_without_ray_the_command_says_how_to_get_it(day: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # as where only the extra `planner` was installed

    done = plan(day, "--cluster", "auto")

    assert done.exit_code == 2
    assert "pip install 'muster-record[planner-ray]'" in done.stderr
    assert "[transport.ray_not_installed]" in done.stderr
