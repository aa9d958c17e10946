"""A plan as one SVG: the routes on the ground or the plane above, and under them what each vehicle does when.

It needs no other file. Every mark has its words as a title, the picture has a title and a description, and what is told by
colour is told by shape or place too: a pickup is a full disc, a delivery a hollow square, and each route ends in its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from xml.etree import ElementTree

from muster.transport.planner.plan import Part, Plan, Route, Visit
from muster.transport.planner.problem import Move, Place, Problem, Vehicle
from muster.transport.planner.writing import hour, standing_of

WIDTH, MARGIN = 1200.0, 24.0
MAP_HEIGHT = 640.0
ROW, BAR = 46.0, 18.0  # of a vehicle in the timeline: its height, and that of its bar
NAMES = 110.0  # room for the vehicles' names on the left of the timeline
INK, FAINT, PAPER = "#1b1b1b", "#71767a", "#ffffff"
# Dark enough on white for lines and words alike (4.5 to 1).
COLOURS = (
    "#1a4480",
    "#8b1303",
    "#216e1f",
    "#6d1f8e",
    "#8a4b00",
    "#00626b",
    "#a3174f",
    "#4a5500",
    "#3d4551",
    "#5c3d00",
)
DASHES = ("", "7 3", "2 3")  # when the colours come round again
SHORT = 5  # letters of a code that has room in the timeline
LETTER = 0.6  # how wide a letter is, in its size, at most


Across = Callable[[float], float]  # where a minute stands across the sheet


@dataclass(frozen=True)
class _Box:
    """A rectangle that nothing else may cover."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass
class _Sheet:
    """Where words stand already, so that none is written over another."""

    root: ElementTree.Element
    taken: list[_Box] = field(default_factory=list)

    def write(
        self, text: str, spots: Iterable[tuple[float, float, str]], *, size: float, fill: str = INK
    ) -> bool:
        """Write a label at the first of the spots (x, baseline, anchor) that is free. False: none is, and it is left out."""
        wide = len(text) * size * LETTER
        for x, y, anchor in spots:
            left = {"start": x, "middle": x - wide / 2, "end": x - wide}[anchor]
            box = _Box(left - 1, y - size, left + wide + 1, y + size * 0.25)
            if box.left < 2 or box.right > WIDTH - 2 or any(box.meets(other) for other in self.taken):
                continue
            self.taken.append(box)
            halo = {"stroke": PAPER, "stroke-width": "3", "paint-order": "stroke", "stroke-linejoin": "round"}
            _text(self.root, x, y, text, size=size, fill=fill, anchor=anchor, more=halo)
            return True
        return False


def draw(problem: Problem, plan: Plan) -> str:
    """The picture as text in SVG 1.1. Where places have no coordinates only the timeline is drawn."""
    at = _ground(problem.places)
    top = MARGIN + 56
    map_height = MAP_HEIGHT if at else 0.0
    rows = max(len(plan.routes), 1)
    lines = _unserved_lines(plan)
    height = top + map_height + 60 + rows * ROW + 40 + 16 * len(lines) + MARGIN
    root = ElementTree.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH:g} {height:g}", "role": "img",
                "aria-labelledby": "title description", "font-family": "Helvetica, Arial, sans-serif"},
    )  # fmt: skip
    _head(root, problem, plan, height)
    sheet = _Sheet(root)
    if at:
        _map(sheet, problem, plan, at, top)
    _timeline(sheet, problem, plan, top + map_height + 40)
    y = height - MARGIN - 16 * len(lines) + 12
    for n, line in enumerate(lines):
        _text(root, MARGIN, y + 16 * n, line, size=12)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _head(root: ElementTree.Element, problem: Problem, plan: Plan, height: float) -> None:
    served = len(problem.moves) - len(plan.unserved)
    title = plan.problem or problem.name
    short = (
        f"{len(plan.routes)} vehicle{'s' if len(plan.routes) != 1 else ''}, {served} of {len(problem.moves)} moves, "
        f"cost {plan.cost:,.2f}. {standing_of(problem, plan)}"
    )
    routes = " ".join(_in_words(problem, route) for route in plan.routes)
    ElementTree.SubElement(root, "title", {"id": "title"}).text = f"Transport plan: {title}"
    ElementTree.SubElement(root, "desc", {"id": "description"}).text = f"{short} {routes}"
    _element(root, "rect", width=WIDTH, height=height, fill=PAPER)
    _text(root, MARGIN, MARGIN + 16, title, size=20, weight="bold")
    _text(root, MARGIN, MARGIN + 38, short, size=13)


def _in_words(problem: Problem, route: Route) -> str:
    return (
        f"{route.vehicle} leaves {hour(problem, route.leaves)}, makes {len(route.visits)} visits and is back "
        f"{hour(problem, route.back)}."
    )


def _unserved_lines(plan: Plan) -> list[str]:
    """Who is not carried, a few words each; a long list is cut, and says by how much."""
    most = 12
    lines = [f"Not served: {each.move}: {each.why}"[:170] for each in plan.unserved[:most]]
    if len(plan.unserved) > most:
        lines.append(f"and {len(plan.unserved) - most} more that are not served")
    return lines


# --- the routes on the ground ----------------------------------------------------------


def _ground(places: Sequence[Place]) -> list[tuple[float, float]]:
    """Every place in one unit both ways, north and y up; empty where one has no coordinates."""
    if all(place.x is not None and place.y is not None for place in places):
        return [(place.x or 0.0, place.y or 0.0) for place in places]
    if any(place.latitude is None or place.longitude is None for place in places):
        return []
    spots = [(place.longitude or 0.0, place.latitude or 0.0) for place in places]
    middle = math.radians(sum(y for _, y in spots) / len(spots))
    width = max(x for x, _ in spots) - min(x for x, _ in spots)
    if width > 180:  # on both sides of the date line
        spots = [(x % 360, y) for x, y in spots]
    return [(x * math.cos(middle), y) for x, y in spots]


def _map(
    sheet: _Sheet, problem: Problem, plan: Plan, ground: Sequence[tuple[float, float]], top: float
) -> None:
    at = _scaled(ground, top)
    vehicles = {vehicle.code: vehicle for vehicle in problem.vehicles}
    moves = {move.code: move for move in problem.moves}
    few = len({(round(x), round(y)) for x, y in at}) <= 60
    for n, route in enumerate(plan.routes):
        colour, dash = _look(n)
        stops = _places_of(vehicles[route.vehicle], route, moves)
        line = " ".join(f"{at[place][0]:.1f},{at[place][1]:.1f}" for place in stops)
        drawn = _element(
            sheet.root,
            "polyline",
            points=line,
            fill="none",
            stroke=colour,
            stroke_width=1.8,
            stroke_opacity=0.8,
        )
        if dash:
            drawn.set("stroke-dasharray", dash)
        ElementTree.SubElement(drawn, "title").text = _in_words(problem, route)
        _arrows(sheet.root, [at[place] for place in stops], colour)
    depots = dict.fromkeys(place for vehicle in problem.vehicles for place in (vehicle.start, vehicle.end))
    for place in depots:
        x, y = at[place]
        mark = _element(sheet.root, "path", d=f"M{x:.1f} {y - 15:.1f}l14 23h-28z", fill=INK, stroke=PAPER)
        ElementTree.SubElement(
            mark, "title"
        ).text = f"{problem.places[place].code}: vehicles start or end here"
        sheet.taken.append(_Box(x - 13, y - 14, x + 13, y + 8))
    shown = _shown(plan, moves)
    for place, (parts, colour, words) in shown.items():
        _mark(sheet, at[place], parts, colour, words)
    for place in (*depots, *(place for place in shown if place not in depots)):
        x, y = at[place]
        size = 13 if few else 9
        away = 15 if place in depots else 8
        sheet.write(problem.places[place].code, _around(x, y, size, away), size=size)
    _legend(sheet.root, top + MAP_HEIGHT - 4)


def _scaled(ground: Sequence[tuple[float, float]], top: float) -> list[tuple[float, float]]:
    """On the sheet, in one scale both ways, in the middle of the room for the map."""
    room = (WIDTH - 2 * MARGIN - 120, MAP_HEIGHT - 70)
    least = [min(spot[axis] for spot in ground) for axis in (0, 1)]
    most = [max(spot[axis] for spot in ground) for axis in (0, 1)]
    spans = [most[axis] - least[axis] for axis in (0, 1)]
    scale = min((room[axis] / spans[axis] for axis in (0, 1) if spans[axis] > 0), default=1.0)
    left = (WIDTH - spans[0] * scale) / 2
    bottom = top + 20 + (room[1] + spans[1] * scale) / 2
    return [(left + (x - least[0]) * scale, bottom - (y - least[1]) * scale) for x, y in ground]


def _places_of(vehicle: Vehicle, route: Route, moves: dict[str, Move]) -> list[int]:
    return [vehicle.start, *(_stop_place(visit, moves) for visit in route.visits), vehicle.end]


def _stop_place(visit: Visit, moves: dict[str, Move]) -> int:
    move = moves[visit.move]
    return (move.pickup if visit.part is Part.PICKUP else move.delivery).place


def _shown(plan: Plan, moves: dict[str, Move]) -> dict[int, tuple[set[Part | None], str, str]]:
    """What is done at each place where something is: the parts (None: somebody waits who is not carried), a colour, and words."""
    parts: dict[int, set[Part | None]] = {}
    colours: dict[int, set[str]] = {}
    words: dict[int, list[str]] = {}
    for n, route in enumerate(plan.routes):
        for visit in route.visits:
            place = _stop_place(visit, moves)
            parts.setdefault(place, set()).add(visit.part)
            colours.setdefault(place, set()).add(_look(n)[0])
            words.setdefault(place, []).append(f"{visit.part} of {visit.move} by {route.vehicle}")
    for each in plan.unserved:
        place = moves[each.move].pickup.place
        parts.setdefault(place, set()).add(None)
        words.setdefault(place, []).append(f"{each.move} is not served: {each.why}")
    found = {}
    for place, done in parts.items():
        colour = next(iter(colours[place])) if len(colours.get(place, ())) == 1 else INK
        found[place] = (done, colour, "; ".join(words[place]))
    return found


def _mark(sheet: _Sheet, at: tuple[float, float], parts: set[Part | None], colour: str, words: str) -> None:
    """A full disc where somebody boards, a hollow square where somebody alights, both where both, a cross where somebody waits."""
    x, y = at
    group = _element(sheet.root, "g")
    ElementTree.SubElement(group, "title").text = words
    if Part.DELIVERY in parts:
        _element(
            group, "rect", x=x - 5, y=y - 5, width=10, height=10, fill=PAPER, stroke=colour, stroke_width=1.6
        )
    if Part.PICKUP in parts:
        radius = 3 if Part.DELIVERY in parts else 5
        _element(group, "circle", cx=x, cy=y, r=radius, fill=colour, stroke=PAPER, stroke_width=0.8)
    if None in parts:
        cross = f"M{x - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12"
        _element(group, "path", d=cross, stroke=COLOURS[1], stroke_width=2.4, fill="none")
    sheet.taken.append(_Box(x - 5, y - 5, x + 5, y + 5))


def _around(x: float, y: float, size: float, away: float) -> list[tuple[float, float, str]]:
    """Where a label of a mark may stand, the best first; `away` from its middle."""
    right, left, above, below = x + away, x - away, y - away - 1, y + away + size - 1
    return [
        (right, y + size * 0.35, "start"), (left, y + size * 0.35, "end"), (x, above, "middle"), (x, below, "middle"),
        (right, y - 6, "start"), (right, y + size + 2, "start"), (left, y - 6, "end"), (left, y + size + 2, "end"),
        (right + 8, y - 14, "start"), (right + 8, y + size + 10, "start"), (left - 8, y - 14, "end"),
        (left - 8, y + size + 10, "end"),
    ]  # fmt: skip


def _arrows(root: ElementTree.Element, points: Sequence[tuple[float, float]], colour: str) -> None:
    """The way of driving, in the middle of each leg that is long enough to show it."""
    for (x1, y1), (x2, y2) in pairwise(points):
        length = math.hypot(x2 - x1, y2 - y1)
        if length < 40:
            continue
        along, across = ((x2 - x1) / length, (y2 - y1) / length), (-(y2 - y1) / length, (x2 - x1) / length)
        x, y = (x1 + x2) / 2 + along[0] * 5, (y1 + y2) / 2 + along[1] * 5
        ends = [
            (x - along[0] * 10 + across[0] * side, y - along[1] * 10 + across[1] * side) for side in (4, -4)
        ]
        path = f"M{x:.1f} {y:.1f}L{ends[0][0]:.1f} {ends[0][1]:.1f}L{ends[1][0]:.1f} {ends[1][1]:.1f}z"
        _element(root, "path", d=path, fill=colour)


def _legend(root: ElementTree.Element, y: float) -> None:
    x = MARGIN
    _element(root, "path", d=f"M{x + 8:g} {y - 11:g}l7 12h-14z", fill=INK)
    _text(root, x + 22, y, "vehicles start or end", size=12)
    _element(root, "circle", cx=x + 176, cy=y - 4, r=5, fill=INK)
    _text(root, x + 188, y, "boards", size=12)
    _element(root, "rect", x=x + 250, y=y - 9, width=10, height=10, fill=PAPER, stroke=INK, stroke_width=1.6)
    _text(root, x + 267, y, "alights", size=12)
    _element(
        root,
        "path",
        d=f"M{x + 330:g} {y - 10:g}l12 12m0 -12l-12 12",
        stroke=COLOURS[1],
        stroke_width=2.4,
        fill="none",
    )
    _text(root, x + 350, y, "not served", size=12)


# --- what each vehicle does when -------------------------------------------------------


def _timeline(sheet: _Sheet, problem: Problem, plan: Plan, top: float) -> None:
    root = sheet.root
    if not plan.routes:
        _text(root, MARGIN, top + 20, "No vehicle leaves.", size=13)
        return
    begins = min(route.leaves for route in plan.routes)
    ends = max(max(route.back for route in plan.routes), begins + 1)
    left, right = MARGIN + NAMES, WIDTH - MARGIN

    def x(minute: float) -> float:
        return left + (minute - begins) / (ends - begins) * (right - left)

    bottom = top + 20 + ROW * len(plan.routes)
    for minute in _ticks(begins, ends):
        _element(root, "line", x1=x(minute), x2=x(minute), y1=top + 8, y2=bottom, stroke="#dcdee0")
        sheet.write(hour(problem, minute), [(x(minute), top + 2, "middle")], size=11, fill=FAINT)
    vehicles = {vehicle.code: vehicle for vehicle in problem.vehicles}
    moves = {move.code: move for move in problem.moves}
    for n, route in enumerate(plan.routes):
        y = top + 20 + ROW * n + (ROW - BAR) / 2 + 6
        colour, dash = _look(n)
        name = route.vehicle if len(route.vehicle) <= 13 else f"{route.vehicle[:12]}…"
        _text(root, MARGIN, y + 13, name, size=13, fill=colour, weight="bold")
        sample = _element(
            root,
            "line",
            x1=MARGIN,
            x2=MARGIN + NAMES - 14,
            y1=y + 20,
            y2=y + 20,
            stroke=colour,
            stroke_width=2.4,
        )
        if dash:
            sample.set("stroke-dasharray", dash)
        bar = _element(root, "rect", x=x(route.leaves), y=y, width=max(x(route.back) - x(route.leaves), 1), height=BAR,
                       fill=colour, fill_opacity=0.12, stroke=colour, stroke_width=0.8)  # fmt: skip
        ElementTree.SubElement(bar, "title").text = _in_words(problem, route)
        _aboard(root, vehicles[route.vehicle], route, moves, x, y, colour)
        for visit in route.visits:
            _visit(root, problem, visit, x, y, colour)
        _labels(sheet, problem, route, moves, x, y)
    words = "Bars: from leaving to being back; the darker step is how full the vehicle is. Above a bar who boards, below it who alights."
    _text(root, MARGIN, bottom + 22, words, size=12, fill=FAINT)


def _ticks(begins: float, ends: float) -> list[float]:
    """Some ten times between the two, on round hours or parts of them."""
    step = next(
        (s for s in (5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440) if (ends - begins) / s <= 14), 2880
    )
    while (ends - begins) / step > 14:
        step *= 2
    first = math.ceil(begins / step)
    return [step * n for n in range(first, math.floor(ends / step) + 1)]


def _aboard(
    root: ElementTree.Element,
    vehicle: Vehicle,
    route: Route,
    moves: dict[str, Move],
    x: Across,
    y: float,
    colour: str,
) -> None:
    """How full the vehicle is over time: the fullest of its kinds of load, as a step from the bottom of the bar."""
    load = [0] * len(vehicle.room)
    path, bottom = [f"M{x(route.leaves):.1f} {y + BAR:.1f}"], y + BAR
    for visit in route.visits:
        sign = 1 if visit.part is Part.PICKUP else -1
        load = [now + sign * more for now, more in zip(load, moves[visit.move].load, strict=True)]
        full = max((now / most for now, most in zip(load, vehicle.room, strict=True) if most), default=0.0)
        path.append(f"H{x(visit.begins):.1f}V{bottom - BAR * min(full, 1.0):.1f}")
    path.append(f"H{x(route.back):.1f}V{bottom:.1f}z")
    _element(root, "path", d="".join(path), fill=colour, fill_opacity=0.35)


def _visit(
    root: ElementTree.Element, problem: Problem, visit: Visit, x: Across, y: float, colour: str
) -> None:
    boards = visit.part is Part.PICKUP
    at = x(visit.begins)
    tick = _element(root, "line", x1=at, x2=at, y1=y - 3 if boards else y, y2=y + BAR if boards else y + BAR + 3,
                    stroke=colour, stroke_width=1.2)  # fmt: skip
    what = "boards" if boards else "alights"
    ElementTree.SubElement(tick, "title").text = f"{hour(problem, visit.begins)} {visit.move} {what}"


def _labels(
    sheet: _Sheet, problem: Problem, route: Route, moves: dict[str, Move], x: Across, y: float
) -> None:
    """At each stop one label above and one below: the move where it is one with a short code, or how many board or alight there."""
    for place, group in groupby(route.visits, key=lambda visit: _stop_place(visit, moves)):
        stop = list(group)
        for part, sign, base in ((Part.PICKUP, "+", y - 5), (Part.DELIVERY, "−", y + BAR + 11)):
            visits = [visit for visit in stop if visit.part is part]
            if not visits:
                continue
            label = visits[0].move
            if len(visits) > 1 or len(label) > SHORT:
                label = f"{problem.places[place].code} {sign}{len(visits)}"
            first, latest = x(visits[0].begins), x(visits[-1].begins)
            spots = [((first + latest) / 2, base, "middle"), (first, base, "start"), (latest, base, "end")]
            sheet.write(label, spots, size=9)


# --- drawing ---------------------------------------------------------------------------


def _look(n: int) -> tuple[str, str]:
    """The colour and the dashes of the n-th route."""
    return COLOURS[n % len(COLOURS)], DASHES[n // len(COLOURS) % len(DASHES)]


def _element(parent: ElementTree.Element, kind: str, **values: float | str) -> ElementTree.Element:
    told = {name.replace("_", "-"): value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
            for name, value in values.items()}  # fmt: skip
    return ElementTree.SubElement(parent, kind, told)


def _text(
    parent: ElementTree.Element, x: float, y: float, words: str, *, size: float, fill: str = INK, anchor: str = "start",
    weight: str = "normal",
    more: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    found = _element(
        parent, "text", x=x, y=y, font_size=size, fill=fill, text_anchor=anchor, font_weight=weight
    )
    found.text = "".join(sign for sign in words if sign >= " ")
