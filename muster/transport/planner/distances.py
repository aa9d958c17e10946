"""Minutes and distances between every two places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from muster.transport.planner.problem import Place, Travel


def on_a_plane(places: Sequence[Place]) -> Travel:
    """Straight lines between places that have x and y, one minute for each unit of distance."""
    points = np.array([(place.x, place.y) for place in places], dtype=np.float64)
    across = points[:, None, :] - points[None, :, :]
    distance = np.sqrt((across**2).sum(axis=2))
    return Travel(time_min=distance, distance=distance, source="straight lines on a plane")
