"""The map of a quarter of transfers: sites, the legs that vehicles drove, and how many persons rode over each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from muster.transport.planner.problem import Place

WIDE, HIGH, MARGIN, TOP, KEY = 1000, 1280, 40, 84, 430
CLOSE_UP_KM = 60  # sites so near to the first of a cluster are drawn in its close-up
INK, FAINT, ROAD, SEA, PAPER = "#1a1a1a", "#555555", "#1f4e8c", "#a33c00", "#ffffff"
PERSONS_A_POINT = 60  # how many persons make a line one point wider
KM_A_DEGREE = 111.2
SHORT = 13  # letters of a name that has room between its site and the edge of a close-up


@dataclass(frozen=True)
class Frame:
    """A part of the sheet: which sites it shows, and where a place of the globe lies on it."""

    members: frozenset[int]
    centre: tuple[float, float]  # latitude, longitude
    middle: tuple[float, float]  # on the sheet
    points_a_km: float

    def at(self, site: Place) -> tuple[float, float]:
        """Where a site lies: kilometres east and north of the centre, as on a plane."""
        latitude, longitude = site.latitude or 0.0, site.longitude or 0.0
        east = (longitude - self.centre[1]) * KM_A_DEGREE * math.cos(math.radians(self.centre[0]))
        north = (latitude - self.centre[0]) * KM_A_DEGREE
        return self.middle[0] + east * self.points_a_km, self.middle[1] - north * self.points_a_km


def draw(
    path: Path,
    sites: Sequence[Place],
    carried: Mapping[tuple[int, int], int],
    across: Mapping[tuple[int, int], int],
    caption: str,
) -> None:
    """Write the map. `carried`: persons over each leg that was driven, 0 where always empty; `across`: moves with no road."""
    root = ElementTree.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDE} {HIGH}", role="img"
    )
    root.set("font-family", "sans-serif")
    ElementTree.SubElement(root, "title").text = caption
    _add(root, "rect", width=WIDE, height=HIGH, fill=PAPER)
    title, _, rest = caption.partition(": ")
    _words(root, MARGIN, 36, title, size=20, weight="bold")
    _words(root, MARGIN, 60, rest, size=16)
    whole = _whole(sites)
    closeups = _closeups(sites, whole)
    _legs(root, sites, whole, carried, across)
    crowded = set().union(*(frame.members for frame in closeups))
    for n, site in enumerate(sites):
        _site(root, whole.at(site), "" if n in crowded else site.code)
    for frame in closeups:
        _close_up(root, sites, whole, frame, carried)
    _key(root)
    path.write_text(ElementTree.tostring(root, encoding="unicode") + "\n")


def _whole(sites: Sequence[Place]) -> Frame:
    """All sites on the left part of the sheet, north up."""
    (south, north), (west, east) = (
        (min(values), max(values))
        for values in ([site.latitude or 0.0 for site in sites], [site.longitude or 0.0 for site in sites])
    )
    centre = ((south + north) / 2, (west + east) / 2)
    high = HIGH - TOP - 3 * MARGIN
    wide = WIDE - 420 - 2 * MARGIN
    km_high, km_wide = (
        (north - south) * KM_A_DEGREE,
        (east - west) * KM_A_DEGREE * math.cos(math.radians(centre[0])),
    )
    scale = min(high / km_high, wide / km_wide)
    return Frame(
        frozenset(range(len(sites))), centre, (MARGIN + wide / 2 + 20, TOP + MARGIN + high / 2), scale
    )


def _closeups(sites: Sequence[Place], whole: Frame) -> list[Frame]:
    """A close-up for each cluster of sites that would lie on one another on the whole map, down the right side."""
    left = list(range(len(sites)))
    clusters: list[list[int]] = []
    while left:
        first = whole.at(sites[left[0]])
        near = [n for n in left if math.dist(first, whole.at(sites[n])) <= CLOSE_UP_KM * whole.points_a_km]
        left = [n for n in left if n not in near]
        if len(near) > 1:
            clusters.append(near)
    clusters.sort(key=lambda members: -max(sites[n].latitude or 0.0 for n in members))
    frames = []
    for row, members in enumerate(clusters):
        latitudes, longitudes = (
            [getattr(sites[n], name) for n in members] for name in ("latitude", "longitude")
        )
        centre = (min(latitudes) + max(latitudes)) / 2, (min(longitudes) + max(longitudes)) / 2
        span = max(
            (max(latitudes) - min(latitudes)) * KM_A_DEGREE,
            (max(longitudes) - min(longitudes)) * KM_A_DEGREE * math.cos(math.radians(centre[0])), 5.0,
        )  # fmt: skip
        middle = (WIDE - MARGIN - 130, TOP + 170 + row * 320)
        frames.append(Frame(frozenset(members), centre, middle, 90 / span))
    return frames


def _legs(
    root: ElementTree.Element,
    sites: Sequence[Place],
    frame: Frame,
    carried: Mapping[tuple[int, int], int],
    across: Mapping[tuple[int, int], int],
) -> None:
    """Lines between the sites of a frame, both directions together, the widest below."""
    for kind, legs in (("road", carried), ("sea", across)):
        both: Counter[tuple[int, int]] = Counter()
        for (start, end), persons in legs.items():
            if {start, end} <= frame.members:
                both[min(start, end), max(start, end)] += persons
        for (a, b), persons in sorted(both.items(), key=lambda item: -item[1]):
            (x1, y1), (x2, y2) = frame.at(sites[a]), frame.at(sites[b])
            line = _add(
                root, "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=ROAD if kind == "road" else SEA,
                stroke_width=0.8 + persons / PERSONS_A_POINT if kind == "road" else 1.0,
                stroke_opacity=0.55 if persons else 0.35, stroke_linecap="round",
            )  # fmt: skip
            if kind == "sea":
                line.set("stroke-dasharray", "7 5")
            elif not persons:
                line.set("stroke-dasharray", "1 4")
            what = "rode" if kind == "road" else "to move, no road"
            ElementTree.SubElement(
                line, "title"
            ).text = f"{sites[a].code} - {sites[b].code}: {persons} {what}"


def _close_up(
    root: ElementTree.Element, sites: Sequence[Place], whole: Frame, frame: Frame, carried: Mapping[tuple[int, int], int]
) -> None:  # fmt: skip
    """A box with the sites of one cluster, and a line from it to where they lie."""
    x, y = frame.middle[0] - 130, frame.middle[1] - 140
    points = [whole.at(sites[n]) for n in frame.members]
    at = sum(px for px, _ in points) / len(points), sum(py for _, py in points) / len(points)
    _add(root, "line", x1=at[0] + 8, y1=at[1], x2=x, y2=y + 140, stroke=FAINT, stroke_width=0.8)
    _add(root, "rect", x=x, y=y, width=260, height=290, fill=PAPER, stroke=FAINT, stroke_width=0.8)
    _legs(root, sites, frame, carried, {})
    below = {True: -math.inf, False: -math.inf}
    for n in sorted(frame.members, key=lambda n: frame.at(sites[n])[1]):
        at, name = frame.at(sites[n]), sites[n].code
        # Names stand outwards where there is room, and those of one side that would touch one another are set lower.
        ends = (at[0] < frame.middle[0]) == (len(name) <= SHORT)
        below[ends] = max(at[1] + 5, below[ends] + 16)
        _site(root, at, name, base=below[ends], ends=ends)
    bar = 10 if frame.points_a_km * 10 < 200 else 1
    _scale(root, x + 14, y + 276, bar, frame.points_a_km)


def _site(
    root: ElementTree.Element, at: tuple[float, float], name: str, *, base: float | None = None, ends: bool = False
) -> None:  # fmt: skip
    _add(root, "circle", cx=at[0], cy=at[1], r=4, fill=PAPER, stroke=INK, stroke_width=1.6)
    if name:
        _words(root, at[0] - 9 if ends else at[0] + 9, base or at[1] + 5, name, size=13, anchor="end" if ends else "start",
               halo=True)  # fmt: skip


def _key(root: ElementTree.Element) -> None:
    y = HIGH - 96
    for n, (words, colour, dash, width) in enumerate(
        (
            ("a vehicle drove here with people: one point wider for each 60 persons", ROAD, "", 5.0),
            ("a vehicle drove here empty", ROAD, "1 4", 0.8),
            ("moves across Cook Strait, where there is no road", SEA, "7 5", 1.0),
        )
    ):
        line = _add(root, "line", x1=KEY, x2=KEY + 46, y1=y + 22 * n, y2=y + 22 * n, stroke=colour, stroke_width=width,
                    stroke_opacity=0.7)  # fmt: skip
        if dash:
            line.set("stroke-dasharray", dash)
        _words(root, KEY + 58, y + 5 + 22 * n, words, size=13)
    _words(
        root,
        KEY,
        HIGH - 20,
        "Straight lines between stops, not roads. Coordinates as on a plane; north is up.",
        size=13,
    )


def _scale(root: ElementTree.Element, x: float, y: float, km: int, points_a_km: float) -> None:
    _add(root, "line", x1=x, x2=x + km * points_a_km, y1=y, y2=y, stroke=INK, stroke_width=2)
    _words(root, x + km * points_a_km + 8, y + 4, f"{km} km", size=12)


def _add(parent: ElementTree.Element, kind: str, **values: float | str) -> ElementTree.Element:
    told = {
        name.replace("_", "-"): value if isinstance(value, str) else f"{value:.2f}"
        for name, value in values.items()
    }
    return ElementTree.SubElement(parent, kind, told)


def _words(
    root: ElementTree.Element, x: float, y: float, words: str, *, size: float, weight: str = "normal", anchor: str = "start",
    halo: bool = False,
) -> None:  # fmt: skip
    """Words on the sheet; with a halo, readable where lines run below."""
    found = _add(root, "text", x=x, y=y, font_size=size, fill=INK, font_weight=weight, text_anchor=anchor)
    if halo:
        found.set("paint-order", "stroke")
        found.set("stroke", PAPER)
        found.set("stroke-width", "3")
    found.text = words
