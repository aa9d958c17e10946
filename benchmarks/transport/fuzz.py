"""Random small problems with every rule on: no plan of Muster's engine may be refused by the check.

    uv run python benchmarks/transport/fuzz.py [--instances 10000] [--seed 0] [--json]

The problems are those of `tests/rules/instances.py`, of 4 to 6 moves, searched for 60 rounds each. A refused plan ends the script
with its seed. CI does the first 300.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "rules"))
from figures import print_figure
from generate import option
from instances import instance

from muster.transport.planner import engines

ROUNDS = 60


def main() -> None:
    """Plan each problem, and print how fast, with what was left and why."""
    count, first = int(option("--instances", "10000")), int(option("--seed", "0"))
    set_up = engines.set_up()
    began, left, moves = time.perf_counter(), Counter[str](), 0
    for seed in range(first, first + count):
        problem = instance(seed, moves=4 + seed % 3)
        try:
            plan = engines.solve(problem, iterations=ROUNDS, seed=seed)
        except engines.PlanBroken as broken:
            sys.exit(f"seed {seed}: {broken}")
        moves += len(problem.moves)
        left.update(each.constraint for each in plan.unserved)
    took = time.perf_counter() - began
    reasons = ", ".join(f"{constraint} {times:,}" for constraint, times in left.most_common())
    print_figure(
        "fuzzed_plans_per_s", count / took, "plans/s", against="own limit", against_value=20,
        note=f"{count:,} problems, no plan refused; of {moves:,} moves {left.total():,} were left: {reasons}. Set up in {set_up:.1f} s",
    )  # fmt: skip


if __name__ == "__main__":
    main()
