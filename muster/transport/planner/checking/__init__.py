"""The independent check of a plan: what of it breaks which rule of the problem.

It shares no code with any engine: it knows the problem, the plan, and nothing of how one was made from the other. Every
plan that leaves the planner has passed it, and anybody's plan can be brought to it.
"""

from __future__ import annotations

from muster.transport.planner.checking.aboard import crowded, not_apart, not_together, unfit
from muster.transport.planner.checking.broken import Broken, Rule
from muster.transport.planner.checking.clock import out_of_time
from muster.transport.planner.checking.drive import Drive, drives
from muster.transport.planner.checking.served import not_of_the_problem, not_served_once
from muster.transport.planner.checking.sums import wrong_sums, wrong_total
from muster.transport.planner.plan import Plan
from muster.transport.planner.problem import Problem

__all__ = ["Broken", "Rule", "broken"]


def broken(problem: Problem, plan: Plan) -> list[Broken]:
    """Everything in the plan that breaks a rule of the problem; empty where the plan may be driven.

    That a move is left unserved breaks nothing where it is listed with its reason, also where it must be served: then
    there may be no plan that serves it. A route of a vehicle or a move that the problem does not have is named, and is
    judged no further. The problem is taken to be one that was read and found sound.
    """
    whole = drives(problem, plan)
    return [
        *not_of_the_problem(problem, plan),
        *not_served_once(problem, plan),
        *(found for drive in whole for found in _on_the_road(problem, drive)),
        *not_together(problem, whole),
        *not_apart(problem, whole),
        *wrong_total(plan),
    ]


def _on_the_road(problem: Problem, drive: Drive) -> list[Broken]:
    return [*out_of_time(drive), *crowded(problem, drive), *unfit(drive), *wrong_sums(drive)]
