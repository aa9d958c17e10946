"""A plan as JSON that reads back exactly, as a table with a line for each visit, and as a list for each vehicle to print."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from muster.core.csvfiles import table_of
from muster.core.errors import Fault, FaultyFile
from muster.core.files import Malformed, read_data
from muster.core.reading import Fields
from muster.transport.planner.files.jsonlines import lines_by_path
from muster.transport.planner.plan import Part, Plan, Route, Unserved, Visit
from muster.transport.planner.problem import Move, Problem

COLUMNS = (
    "vehicle", "stop", "place", "part", "move", "arrives", "begins", "departs", "arrives_min", "begins_min", "departs_min",
    "aboard", "why", "distances",
)  # fmt: skip


def clock(problem: Problem, minutes: float) -> str:
    """A time of the problem as people read it, to the minute: local date and time, or hours from the zero where no day is known."""
    whole = round(minutes)
    if problem.starts_at is None:
        return f"{'-' if whole < 0 else ''}{abs(whole) // 60:02}:{abs(whole) % 60:02}"
    return f"{_moment(problem.starts_at, whole):%Y-%m-%d %H:%M}"


def _moment(starts_at: datetime, minutes: float) -> datetime:
    """By way of UTC, so that a clock that is put forward or back in between is right."""
    return (starts_at.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(starts_at.tzinfo)


def hour(problem: Problem, minutes: float) -> str:
    """The same without the date, and with +1 for each day after the first."""
    if problem.starts_at is None:
        return clock(problem, minutes)
    moment = _moment(problem.starts_at, round(minutes))
    days = (moment.date() - problem.starts_at.date()).days
    return f"{moment:%H:%M}{f' {days:+}' if days else ''}"


def standing_of(problem: Problem, plan: Plan) -> str:
    """One sentence of what distances rest on; it stands on every output."""
    source = problem.travel.source or "as given"
    if plan.estimated:
        return f"Distances and times are estimated: {source}."
    return f"Distances: {source}."


# --- JSON ---------------------------------------------------------------------------


def to_json(plan: Plan) -> str:
    """The whole plan, every number to its last digit."""
    return json.dumps(asdict(plan), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> Plan:
    """The plan that `to_json` wrote. Raises FaultyFile with every fault."""
    try:
        data = read_data(text)
    except Malformed as fault:
        raise FaultyFile([Fault(fault.row, None, "transport.malformed", str(fault))]) from None
    lines = lines_by_path(text) if text.lstrip().startswith("{") else {}
    read = Fields(
        data, step="transport", locate=lambda path: lines.get(path) or lines.get(path.rpartition(".")[0])
    )
    plan = Plan(
        problem=read.text("problem", needed=False),
        routes=tuple(_route(table) for table in read.tables("routes")),
        unserved=tuple(_unserved(table) for table in read.tables("unserved")),
        cost=_number(read, "cost"),
        estimated=read.flag("estimated"),
        engine=read.text("engine", needed=False),
        seed=read.number("seed", least=-(2**63), most=2**63),
        iterations=read.number("iterations", most=2**63),
        finished=read.flag("finished", default=True),
    )
    read.no_more()
    if read.faults:
        raise FaultyFile(sorted(read.faults, key=lambda fault: fault.row or 0))
    return plan


def _route(read: Fields) -> Route:
    route = Route(
        vehicle=read.text("vehicle"),
        leaves=_number(read, "leaves"),
        visits=tuple(_visit(table) for table in read.tables("visits")),
        back=_number(read, "back"),
        distance=_number(read, "distance"),
        driving_min=_number(read, "driving_min"),
        cost=_number(read, "cost"),
    )
    if not route.visits:
        read.fault("visits", "no_visits", f"The route of {route.vehicle} has no visits. Take it out.")
    read.no_more()
    return route


def _visit(read: Fields) -> Visit:
    part = read.one_of("part", list(Part))
    visit = Visit(
        move=read.text("move"),
        part=Part(part) if part in list(Part) else Part.PICKUP,
        arrives=_number(read, "arrives"),
        begins=_number(read, "begins"),
        departs=_number(read, "departs"),
    )
    read.no_more()
    return visit


def _unserved(read: Fields) -> Unserved:
    unserved = Unserved(
        move=read.text("move"), constraint=read.text("constraint"), why=read.text("why", longest=4000)
    )
    read.no_more()
    return unserved


def _number(read: Fields, name: str) -> float:
    value = read.take(name, needed=True)
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        read.fault(name, "not_a_number", f"{read.path}{name} must be a number.")
        return 0.0
    return float(value)


# --- a table and a list --------------------------------------------------------------


def to_csv(problem: Problem, plan: Plan) -> str:
    """A line for each visit in driving order, vehicle by vehicle, and at the end one for each move that nobody carries."""
    rows: list[dict[str, Any]] = []
    distances = "estimated" if plan.estimated else "as given"
    moves = {move.code: move for move in problem.moves}
    for route in plan.routes:
        aboard = loads_aboard(problem, route)
        for n, (visit, load) in enumerate(zip(route.visits, aboard, strict=True), start=1):
            times = {name: getattr(visit, name) for name in ("arrives", "begins", "departs")}
            rows.append({
                "vehicle": route.vehicle, "stop": n, "place": place_of(problem, moves[visit.move], visit.part),
                "part": visit.part.value, "move": visit.move, "aboard": load, "distances": distances,
                **{name: clock(problem, value) for name, value in times.items()},
                **{f"{name}_min": f"{value:.2f}" for name, value in times.items()},
            })  # fmt: skip
    rows += [
        {
            "part": "unserved",
            "move": each.move,
            "why": f"{each.constraint}: {each.why}",
            "distances": distances,
        }
        for each in plan.unserved
    ]
    return table_of(COLUMNS, rows)


def to_list(problem: Problem, plan: Plan) -> str:
    """What each driver does and when, to print: a paragraph for each vehicle, and who is not carried and why."""
    served = len(problem.moves) - len(plan.unserved)
    paragraphs = [
        f"{plan.problem or problem.name}: {len(plan.routes)} vehicles, {served} of {len(problem.moves)} moves, "
        f"cost {plan.cost:,.2f}.\n{standing_of(problem, plan)}"
    ]
    paragraphs += ["\n".join(_of_route(problem, route)) for route in plan.routes]
    if plan.unserved:
        lines = [f"  {each.move}: {each.why} [{each.constraint}]" for each in plan.unserved]
        paragraphs.append("\n".join(["Not served", *lines]))
    return "\n\n".join(paragraphs) + "\n"


def _of_route(problem: Problem, route: Route) -> Iterator[str]:
    vehicle = next(each for each in problem.vehicles if each.code == route.vehicle)
    moves = {move.code: move for move in problem.moves}
    start, end = (problem.places[at].code for at in (vehicle.start, vehicle.end))
    convoy = f" (a convoy of {vehicle.units})" if vehicle.units > 1 else ""
    yield (
        f"{route.vehicle}{convoy}: leaves {start} {hour(problem, route.leaves)}, back at {end} {hour(problem, route.back)}; "
        f"{route.distance:,.1f} km, {round(route.driving_min)} min at the wheel"
    )
    aboard = loads_aboard(problem, route)
    at = [place_of(problem, moves[visit.move], visit.part) for visit in route.visits]
    for place, group in groupby(range(len(at)), key=at.__getitem__):
        numbers = list(group)
        begins, departs = (
            hour(problem, time)
            for time in (route.visits[numbers[0]].begins, route.visits[numbers[-1]].departs)
        )
        done = [
            f"{does}: {', '.join(codes)}"
            for part, does in ((Part.DELIVERY, "alights"), (Part.PICKUP, "boards"))
            if (codes := [route.visits[n].move for n in numbers if route.visits[n].part is part])
        ]
        yield f"  [ ] {begins} to {departs}  {place}  {'; '.join(done)}  (then aboard: {aboard[numbers[-1]]})"


def place_of(problem: Problem, move: Move, part: Part) -> str:
    """The code of the place where a move is picked up or delivered."""
    stop = move.pickup if part is Part.PICKUP else move.delivery
    return problem.places[stop.place].code


def loads_aboard(problem: Problem, route: Route) -> Sequence[str]:
    """How much of each kind is aboard after each visit: `3`, or `3 seats, 1 wheelchairs` where there are several kinds."""
    loads = {move.code: move.load for move in problem.moves}
    now, told = [0] * len(problem.kinds), []
    for visit in route.visits:
        sign = 1 if visit.part is Part.PICKUP else -1
        now = [amount + sign * more for amount, more in zip(now, loads[visit.move], strict=True)]
        named = [f"{amount} {kind}" for amount, kind in zip(now, problem.kinds, strict=True) if amount]
        told.append(str(now[0]) if len(now) == 1 else ", ".join(named) or "nobody")
    return told
