"""How the stops of a problem are numbered: as in the file where it is a research instance, or else in the order of the moves."""

from __future__ import annotations

from muster.transport.planner.plan import Part
from muster.transport.planner.problem import Problem


def numbers_of_stops(problem: Problem) -> dict[tuple[str, Part], int]:
    """The number of each move's pickup and delivery.

    Where every stop has a place of its own with a whole number as its code, that number. Otherwise pickups are 1 to n in the
    order of the moves, and the delivery of move i is n + i.
    """
    stops = [(move.code, Part.PICKUP, move.pickup) for move in problem.moves]
    stops += [(move.code, Part.DELIVERY, move.delivery) for move in problem.moves]
    codes = [problem.places[stop.place].code for _, _, stop in stops]
    if all(code.isascii() and code.isdecimal() for code in codes) and len(
        {int(code) for code in codes}
    ) == len(codes):
        return {(move, part): int(code) for (move, part, _), code in zip(stops, codes, strict=True)}
    return {(move, part): n for n, (move, part, _) in enumerate(stops, start=1)}
