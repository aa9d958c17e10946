"""A plan of 500 moves is planned on when a bus is late and when one does not come.

    uv run python benchmarks/transport/replan.py [--moves 500] [--seed 1] [--json]

Moves and vehicles are drawn over a square of 60 by 60 minutes, the day is planned for 60 seconds, and at 10:00 the fullest bus
is 45 minutes behind, then does not come. The seconds are the whole answer's, with the check.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))
import numpy as np
from figures import print_figure
from generate import option

from muster.transport.planner import engines
from muster.transport.planner.plan import Plan
from muster.transport.planner.problem import Move, Place, Problem, Stop, Travel, Vehicle, Window
from muster.transport.planner.replanning import News, replanned

SIDE, DAY, SEATS, LIMIT_S = 60.0, 720.0, 12, 5.0


def main() -> None:
    """Plan the day once, and plan on from it twice."""
    moves, seed = int(option("--moves", "500")), int(option("--seed", "1"))
    problem = drawn(moves, seed)
    engines.set_up()
    plan = engines.solve(problem, seconds=60, seed=seed)
    at = 240.0
    fullest = max(plan.routes, key=lambda route: len(route.visits)).vehicle
    _told("replan_late_s", problem, plan, News(at=at, late={fullest: 45.0}), seed)
    _told("replan_without_s", problem, plan, News(at=-1.0, out=frozenset({fullest})), seed)


def _told(figure: str, problem: Problem, plan: Plan, news: News, seed: int) -> None:
    began = time.perf_counter()
    answer = replanned(problem, plan, news, seed=seed)
    took = time.perf_counter() - began
    changed = len(plan.routes) - len(answer.kept)
    print_figure(
        figure, took, "s", against="limit", against_value=LIMIT_S,
        note=f"{len(problem.moves)} moves in {len(plan.routes)} vehicles; {len(answer.kept)} routes unchanged, {changed} changed, "
        f"{len(answer.plan.unserved)} not served; cost {plan.cost:,.0f} before and {answer.plan.cost:,.0f} after",
    )  # fmt: skip


def drawn(moves: int, seed: int) -> Problem:
    """A day of moves and enough vehicles for them, the same for a seed."""
    random = np.random.default_rng(seed)
    at = random.uniform(0, SIDE, (2 * moves + 1, 2))
    at[-1] = SIDE / 2
    minutes = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    opens = random.uniform(0, DAY - 180, moves)
    day = Window(0, DAY)
    return Problem(
        name=f"drawn-{moves}-{seed}",
        kinds=("seats",),
        places=tuple(Place(code=str(n)) for n in range(2 * moves + 1)),
        moves=tuple(
            Move(
                code=f"M{n}",
                pickup=Stop(place=n, window=Window(opens[n], opens[n] + 60), service_min=3),
                delivery=Stop(place=moves + n, window=day, service_min=3),
                load=(int(random.integers(1, 4)),),
                max_ride_min=float(minutes[n, moves + n]) + 45,
            )
            for n in range(moves)
        ),
        vehicles=tuple(
            Vehicle(code=f"BUS-{n}", start=2 * moves, end=2 * moves, window=day, capacity=(SEATS,))
            for n in range(moves // 8)
        ),
        travel=Travel(time_min=minutes, distance=minutes),
    )


if __name__ == "__main__":
    main()
