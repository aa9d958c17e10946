"""What a planner answers: who rides in which vehicle and when, and for whoever does not, what stopped it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What is done at a visit."""

    PICKUP = "pickup"
    DELIVERY = "delivery"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A move's pickup or delivery on a route, in minutes from the problem's zero.

    The vehicle arrives, service begins within the stop's window and takes its time, and the vehicle departs: at once,
    or later where a break is taken here or the next stop is better waited for here.
    """

    move: str
    part: Part
    arrives: float
    begins: float
    departs: float


@dataclass(frozen=True, kw_only=True)
class Route:
    """The visits of one vehicle in driving order, from leaving its start to being back at its end. Never empty."""

    vehicle: str
    leaves: float
    visits: tuple[Visit, ...]
    back: float
    distance: float
    driving_min: float
    cost: float


@dataclass(frozen=True, kw_only=True)
class Unserved:
    """A move that no vehicle carries, and the constraint that stopped it, as a code and in words."""

    move: str
    constraint: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Routes for some or all vehicles, and the moves that ride in none. `cost` is the routes' cost summed."""

    problem: str
    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    cost: float
    estimated: bool
    engine: str
    seed: int | None = None
    iterations: int | None = None
    finished: bool = True  # False: stopped early, and this was the best so far
