"""Minutes and distances between every two places: straight lines, the great circle, and single legs that are otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from muster.transport.planner.problem import Matrix, Place, Travel

EARTH_KM = 6371.0088  # mean radius, IUGG
FACTOR, SPEED_KMH = (
    1.3,
    60.0,
)  # ours: how much longer roads are than the great circle, and how fast they are driven


@dataclass(frozen=True, kw_only=True)
class Leg:
    """A leg that is not as the rest says: indices of two places, from the one to the other, and not back.

    `time_min` None: closed, so it goes over other places, by the shortest way that is left. `distance` None: as before.
    """

    start: int
    end: int
    time_min: float | None
    distance: float | None = None


def on_a_plane(places: Sequence[Place]) -> Travel:
    """Straight lines between places that have x and y, one minute for each unit of distance."""
    points = np.array([(place.x, place.y) for place in places], dtype=np.float64)
    across = points[:, None, :] - points[None, :, :]
    distance = np.sqrt((across**2).sum(axis=2))
    return Travel(time_min=distance, distance=distance, source="straight lines on a plane")


def great_circle(places: Sequence[Place], *, factor: float = FACTOR, speed_kmh: float = SPEED_KMH) -> Travel:
    """The great circle between places on the globe, `factor` times as long, at `speed_kmh`: an estimate, and marked so.

    Source: haversine formula on a sphere of the mean radius; against the ellipsoid it is at most 0.6 % off.
    """
    lat, lon = (
        np.radians(np.array([getattr(place, name) for place in places], dtype=np.float64))
        for name in ("latitude", "longitude")
    )
    north, east = lat[:, None] - lat[None, :], lon[:, None] - lon[None, :]
    half = np.sin(north / 2) ** 2 + np.cos(lat)[:, None] * np.cos(lat)[None, :] * np.sin(east / 2) ** 2
    distance = 2 * EARTH_KM * factor * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    np.fill_diagonal(distance, 0)
    source = f"great circle x {factor:g} at {speed_kmh:g} km/h"
    return Travel(time_min=distance / speed_kmh * 60, distance=distance, estimated=True, source=source)


def overridden(travel: Travel, legs: Sequence[Leg]) -> Travel:
    """The same with single legs otherwise. A closed leg to which no other way is left has infinite minutes."""
    if not legs:
        return travel
    time_min, distance = travel.time_min.copy(), travel.distance.copy()
    closed = [(leg.start, leg.end) for leg in legs if leg.time_min is None]
    for leg in legs:
        time_min[leg.start, leg.end] = np.inf if leg.time_min is None else leg.time_min
        if leg.distance is not None:
            distance[leg.start, leg.end] = leg.distance
    _go_round(time_min, distance, closed)
    return replace(travel, time_min=time_min, distance=distance)


def _go_round(time_min: Matrix, distance: Matrix, closed: Sequence[tuple[int, int]]) -> None:
    """Give each closed leg the shortest way over other places; a way that uses another closed leg is found in a later round."""
    for _ in closed:
        before = [time_min[leg] for leg in closed]
        for a, b in closed:
            over = time_min[a, :] + time_min[:, b]
            over[[a, b]] = np.inf
            best = int(np.argmin(over))
            if over[best] < time_min[a, b]:
                time_min[a, b] = over[best]
                distance[a, b] = distance[a, best] + distance[best, b]
        if before == [time_min[leg] for leg in closed]:
            return
