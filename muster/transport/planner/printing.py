"""A plan on paper: a page for each vehicle, with every stop in driving order and a box to tick, and who is not carried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from muster.documents.sheets import Block, Sheet, blanks, facts, heading, lined, new_page, table
from muster.transport.planner.plan import Part, Plan, Route, Visit
from muster.transport.planner.problem import Problem
from muster.transport.planner.writing import hour, loads_aboard, place_of, standing_of

COLUMNS = ("begins", "departs", "place", "alight", "board", "then aboard", "done")
SUMMARY = ("vehicle", "leaves", "back", "stops", "km", "minutes at the wheel")
WIDTHS = (2, 2, 3, 6, 6, 3, 2)
PROPOSAL = "A proposal. Nobody is moved by it until an officer releases it."


def to_pdf(problem: Problem, plan: Plan, *, as_of: datetime) -> bytes:
    """The lists of all vehicles as one PDF after PDF/UA-1, in the order of the plan. `as_of` is the date that it bears."""
    served = len(problem.moves) - len(plan.unserved)
    blocks: list[Block] = [
        facts(
            ("Vehicles", len(plan.routes)),
            ("Moves served", f"{served} of {len(problem.moves)}"),
            ("Cost", f"{plan.cost:,.2f}"),
            ("Distances", standing_of(problem, plan)),
        ),
        table(SUMMARY, _summary(problem, plan), widths=[2, 2, 2, 1, 1, 2], none="No vehicle leaves."),
    ]
    if plan.unserved:
        rows = [(each.move, each.why) for each in plan.unserved]
        blocks += [heading("Not served"), table(["move", "why"], rows, widths=[1, 3])]
    for route in plan.routes:
        blocks += [new_page(), *_of_route(problem, route)]
    sheet = Sheet(
        title=f"Drivers' lists: {plan.problem or problem.name}",
        about=PROPOSAL,
        standing=standing_of(problem, plan),
        as_of=as_of,
        exercise=False,
        blocks=tuple(blocks),
        landscape=True,
    )
    return sheet.pdf(demonstration=False)


def _summary(problem: Problem, plan: Plan) -> list[Sequence[str]]:
    return [
        (route.vehicle, hour(problem, route.leaves), hour(problem, route.back), str(len(_rows(problem, route))),
         f"{route.distance:,.1f}", str(round(route.driving_min)))
        for route in plan.routes
    ]  # fmt: skip


def _of_route(problem: Problem, route: Route) -> list[Block]:
    vehicle = next(each for each in problem.vehicles if each.code == route.vehicle)
    start, end = (problem.places[at].code for at in (vehicle.start, vehicle.end))
    return [
        heading(route.vehicle),
        facts(
            ("Leaves", f"{start} {hour(problem, route.leaves)}"),
            ("Back", f"{end} {hour(problem, route.back)}"),
            ("Units", vehicle.units),
            ("At the wheel", f"{round(route.driving_min)} min, {route.distance:,.1f} km"),
        ),
        lined(COLUMNS, _rows(problem, route), widths=WIDTHS),
        blanks("Driver", "Escort"),
    ]


def _rows(problem: Problem, route: Route) -> list[Sequence[str]]:
    """A row for each stop: everybody who alights or boards there in one."""
    moves = {move.code: move for move in problem.moves}
    aboard = loads_aboard(problem, route)
    at = [place_of(problem, moves[visit.move], visit.part) for visit in route.visits]
    rows: list[Sequence[str]] = []
    for place, group in groupby(range(len(at)), key=at.__getitem__):
        numbers = list(group)
        visits = [route.visits[n] for n in numbers]
        times = (hour(problem, visits[0].begins), hour(problem, visits[-1].departs))
        rows.append(
            (
                *times,
                place,
                *(_codes(visits, part) for part in (Part.DELIVERY, Part.PICKUP)),
                aboard[numbers[-1]],
                "",
            )
        )
    return rows


def _codes(visits: Sequence[Visit], part: Part) -> str:
    return ", ".join(visit.move for visit in visits if visit.part is part)
