"""What a planner is asked: people and groups to move, the vehicles that may move them, and the limits on both.

Times are minutes from the problem's own zero, which is `starts_at` where the problem is of a real day. Distances are in
the unit of the problem: kilometres for places on the globe. Both ends of a window belong to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """When service may begin, both ends included, in minutes; waiting before `earliest` is allowed."""

    earliest: float
    latest: float


@dataclass(frozen=True, kw_only=True)
class Place:
    """Somewhere to board, alight or park. Latitude and longitude in degrees where it is on the globe, else None.

    A place of a problem on a plane has `x` and `y` instead, in the problem's unit of distance.
    """

    code: str
    latitude: float | None = None
    longitude: float | None = None
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One end of a move: where, when service may begin, and how long it takes."""

    place: int  # an index into the problem's places
    window: Window
    service_min: float = 0


@dataclass(frozen=True, kw_only=True)
class Move:
    """One person, or a group that boards and alights together, to be moved from one place to another by one vehicle."""

    code: str
    pickup: Stop
    delivery: Stop
    load: tuple[int, ...]  # in the order of the problem's kinds of load; none negative, one above nought
    max_ride_min: float | None = (
        None  # from the end of service at the pickup to its beginning at the delivery
    )
    priority: int | None = None  # None: must be served. Else it may be left, the lowest number first of all
    needs: frozenset[str] = frozenset()  # what the vehicle or its crew must offer


@dataclass(frozen=True, kw_only=True)
class Breaks:
    """After so much driving without an interruption, the vehicle stands for so long before it drives on.

    A break is taken at a stop, beside or after its service, or on a leg that is itself longer than `after_driving_min`.
    """

    after_driving_min: float
    length_min: float


@dataclass(frozen=True, kw_only=True)
class Vehicle:
    """A vehicle with its crew, or a convoy of `units` such vehicles that drive every stop together.

    A convoy carries `units` times the capacity, and costs `units` times as much.
    """

    code: str
    start: int  # an index into the problem's places, as is `end`
    end: int
    window: Window  # it leaves not before and is back not after
    capacity: tuple[int, ...]  # of one unit, in the order of the problem's kinds of load
    max_duration_min: float | None = None  # from leaving to being back; the start may be delayed
    max_driving_min: float | None = None  # at the wheel on this route, what was driven before it taken off
    breaks: Breaks | None = None
    fixed_cost: float = 0
    cost_per_distance: float = 1
    cost_per_driving_hour: float = 0
    offers: frozenset[str] = frozenset()
    units: int = 1

    @property
    def room(self) -> tuple[int, ...]:
        """What the vehicle or the whole convoy carries at once."""
        return tuple(each * self.units for each in self.capacity)


class How(StrEnum):
    """How moves are kept together or apart."""

    VEHICLE = "vehicle"  # the same vehicle, or never the same vehicle
    CONVOY = "convoy"  # together only: the same vehicle, or the same convoy
    ABOARD = "aboard"  # apart only: never in the vehicle at the same time


@dataclass(frozen=True)
class Together:
    """Moves that ride with one another, all or none: in one vehicle of one unit, or in one vehicle or convoy."""

    moves: tuple[str, ...]
    how: How = How.VEHICLE


@dataclass(frozen=True)
class Apart:
    """Two sets of moves of which none of the one rides with any of the other. Within a set they may ride together."""

    these: tuple[str, ...]
    those: tuple[str, ...]
    how: How = How.ABOARD
    rule: str = ""  # the pack's rule that asks for it, such as TRN-17


@dataclass(frozen=True, kw_only=True)
class Travel:
    """Between every two places: minutes to drive, and distance. From row to column; the diagonal is nought."""

    time_min: Matrix
    distance: Matrix
    estimated: bool = False  # from the great circle and a factor, not from roads
    source: str = ""


class First(StrEnum):
    """What is made small first. Unserved moves weigh more than either."""

    COST = "cost"
    VEHICLES = "vehicles"  # the fewest vehicles, and the least cost with so many


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The whole question. Codes are unique among places, among moves and among vehicles."""

    name: str
    kinds: tuple[str, ...]  # of load: seats, wheelchair places, luggage
    places: tuple[Place, ...]
    moves: tuple[Move, ...]
    vehicles: tuple[Vehicle, ...]
    travel: Travel
    together: tuple[Together, ...] = ()
    apart: tuple[Apart, ...] = ()
    first: First = First.COST
    starts_at: datetime | None = None
    rules: Mapping[str, Any] = field(
        default_factory=dict
    )  # the pack's rules that the limits came from, by id
