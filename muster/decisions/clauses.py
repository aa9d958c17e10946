"""The clause of a decision under which something is done, in the decision's own sentence. Plain Python."""

from __future__ import annotations

from typing import NamedTuple

from muster.decisions.lines import asking
from muster.decisions.rules import InForce

IN_FORCE = "The decision is in force."


class RunsUnder(NamedTuple):
    """A clause of a decision: the limit that it is, by name, and its sentence. Both are empty where nothing was in force yet."""

    limit: str
    sentence: str


def runs_under(in_force: InForce, task: str = "", place: str = "", limit: str = "") -> RunsUnder:
    """The clause under which a task runs at a place; without a task, the one of `limit`, such as `contact` of persons who change hands.

    Of a task: what bars it, by name; what the decision says in its own words of the line that asks for it, or sets as a limit of
    that line; else the tasks that it allows, whether this is one of them or stands outside; else the line as it was decided. Where
    none of these is said, and where `limit` bounds nothing, that the decision is in force.
    A decision that is suspended or has ended is named by the clause that stood.
    """
    limits = in_force.limits
    if limits is None:
        return RunsUnder("", "")
    if not task:
        if limit in limits.bounding:
            return RunsUnder(limit, limits.sentence(limit))
        return RunsUnder("in_force", IN_FORCE)
    if task in limits.tasks_barred:
        return RunsUnder("tasks_barred", limits.sentence("tasks_barred"))
    line = next((line for line in asking(in_force.lines, task, place) if line.is_allowed), None)
    if line is not None and (line.words or line.judgement == "limit"):
        return RunsUnder("lines", line.sentence)
    if limits.tasks_allowed is not None:
        return RunsUnder("tasks_allowed", limits.sentence("tasks_allowed"))
    if line is not None:
        return RunsUnder("lines", line.sentence)
    return RunsUnder("in_force", IN_FORCE)
