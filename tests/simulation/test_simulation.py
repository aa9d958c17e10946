"""Seeds that run with every change. More, and longer: tests/simulation/run.py."""

import pytest
from simulator import BrokenLaw, Simulation

SEEDS = (1, 2, 3)


@pytest.mark.usefixtures("fresh_db")
@pytest.mark.parametrize("seed", SEEDS)
def test_tablets_offline_and_a_server_that_crashes_break_no_law(seed: int) -> None:
    told = Simulation(seed)

    told.run(700)

    assert told.transfers >= 700
    for happened in (
        "dropped", "sent again", "told again", "refused", "crashed", "went offline", "kept as reports",
        "receive", "offer", "accept", "release", "correct",
    ):  # fmt: skip
        assert told.story[happened], f"no simulation of {happened}"
