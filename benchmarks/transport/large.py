"""Ten thousand moves in one day, planned in parts on all processors of the machine.

    uv run python benchmarks/transport/large.py [--moves 10000] [--seconds 240] [--seed 1] [--cluster ADDRESS] [--json]

Moves are drawn between 800 places over 200 by 200 minutes, more of them near a few towns, with windows of an hour, rides of an hour more
than the drive, and groups of one to four; vehicles have eight seats and start at ten depots. Each move by itself could be served. The check
of the plan is in the time.
Run with `--seconds 3600` for what the short run is compared with.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))
import numpy as np
from figures import print_figure
from generate import option
from numpy.typing import NDArray

from muster.transport.planner import engines
from muster.transport.planner.problem import Move, Place, Problem, Stop, Travel, Vehicle, Window

PLACES, TOWNS, DEPOTS, SIDE, DAY, SEATS, LIMIT_S = 800, 12, 10, 200.0, 960.0, 8, 300.0
LONGEST, SERVICE = 720.0, 2.0  # minutes of a route, and of boarding or alighting


def main() -> None:
    """Plan the day and print how long it took, with what came of it."""
    moves, seed = int(option("--moves", "10000")), int(option("--seed", "1"))
    seconds, cluster = float(option("--seconds", "240")), option("--cluster", "") or None
    problem = drawn(moves, seed)
    set_up = engines.set_up()
    began = time.perf_counter()
    plan = engines.solve(problem, seconds=seconds, seed=seed, told=_told, cluster=cluster)
    took = time.perf_counter() - began
    direct = sum(problem.travel.distance[move.pickup.place, move.delivery.place] for move in problem.moves)
    print_figure(
        f"plan_{moves}_moves_s", took, "s", against="limit", against_value=LIMIT_S,
        note=f"{moves - len(plan.unserved):,} of {moves:,} moves served in {len(plan.routes):,} of {len(problem.vehicles):,} vehicles, "
        f"cost {plan.cost:,.0f}, {plan.cost / direct:.2f} of all drives one by one without the way back; "
        f"{cluster or f'{os.cpu_count()} processors'}; set up in {set_up:.1f} s",
    )  # fmt: skip


def _told(standing: engines.Standing) -> None:
    print(
        f"{standing.seconds:.0f} s: cost {standing.cost:,.0f}, {standing.vehicles} vehicles, {standing.unserved} not served",
        file=sys.stderr,
    )


def drawn(moves: int, seed: int) -> Problem:
    """The day of a seed."""
    random = np.random.default_rng(seed)
    towns = random.uniform(20, SIDE - 20, (TOWNS, 2))
    near = towns[random.integers(0, TOWNS, PLACES)] + random.normal(0, 8, (PLACES, 2))
    anywhere = random.uniform(0, SIDE, (PLACES, 2))
    at = np.where(random.random((PLACES, 1)) < 0.7, near, anywhere).clip(0, SIDE)
    minutes = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    day = Window(0, DAY)
    asked: list[Move] = []
    while len(asked) < moves:
        here = int(random.integers(PLACES))
        # Most go to a place not far away.
        order = np.argsort(minutes[here])
        there = int(order[1 + int(random.random() ** 3 * (PLACES - 2))])
        opens = float(random.uniform(0, DAY - 420))
        load = int(random.integers(1, 5))
        if _reachable(minutes, here, there, opens):
            asked.append(
                Move(
                    code=f"M{len(asked)}",
                    pickup=Stop(place=here, window=Window(opens, opens + 60), service_min=SERVICE),
                    delivery=Stop(place=there, window=day, service_min=SERVICE),
                    load=(load,),
                    max_ride_min=float(minutes[here, there]) + 60,
                )
            )
    return Problem(
        name=f"drawn-{moves}-{seed}",
        kinds=("seats",),
        places=tuple(Place(code=str(n)) for n in range(PLACES)),
        moves=tuple(asked),
        vehicles=tuple(
            Vehicle(
                code=f"V{n}", start=n % DEPOTS, end=n % DEPOTS, window=day, capacity=(SEATS,), max_duration_min=LONGEST
            )
            for n in range(moves // 7)
        ),
        travel=Travel(time_min=minutes, distance=minutes),
    )  # fmt: skip


def _reachable(minutes: NDArray[np.float64], here: int, there: int, opens: float) -> bool:
    """Whether a vehicle of some depot can be at the pickup as it opens, and back within its day and its longest route."""
    out, rest = minutes[:DEPOTS, here], 2 * SERVICE + minutes[here, there] + minutes[there, :DEPOTS]
    return bool(((out <= opens) & (out + rest <= LONGEST) & (opens + rest <= DAY)).any())


if __name__ == "__main__":
    main()
