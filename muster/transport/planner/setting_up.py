"""What the search needs before it can begin: everything that is compiled, compiled or loaded."""

from __future__ import annotations

from functools import cache

import numpy as np

from muster.transport.planner.problem import First, Move, Place, Problem, Stop, Travel, Vehicle, Window
from muster.transport.planner.search.compiling import by_one_at_a_time
from muster.transport.planner.search.engine import Budget, Search
from muster.transport.planner.search.reasons import unserved
from muster.transport.planner.search.routes import empty_plan


@cache
def compile_once() -> None:
    """Call everything that is compiled, so that it is; a process does so once, and one process of a machine at a time."""
    with by_one_at_a_time():
        for first in First:
            search = Search(_smallest(first), seed=1, budget=Budget(seconds=None, iterations=2))
            search.run()
            list(unserved(search.problem, search.data, empty_plan(search.data)))


def _smallest(first: First) -> Problem:
    """Two moves and two vehicles at one place: enough to call everything that is compiled."""
    stop = Stop(place=0, window=Window(0, 1))
    return Problem(
        name="set-up",
        kinds=("seats",),
        places=(Place(code="here"),),
        moves=tuple(Move(code=code, pickup=stop, delivery=stop, load=(1,)) for code in "AB"),
        vehicles=tuple(
            Vehicle(code=code, start=0, end=0, window=Window(0, 1), capacity=(1,)) for code in "CD"
        ),
        travel=Travel(time_min=np.zeros((1, 1)), distance=np.zeros((1, 1))),
        first=first,
    )
