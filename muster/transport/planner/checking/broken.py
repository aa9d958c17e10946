"""The rules that a plan can break, and how a broken one is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TIME_MIN = 1e-6  # minutes by which a time may fall short or over, since times are sums of fractions
SHARE = 1e-6  # of a sum, or of 1 where the sum is smaller: how far distance, driving and cost may be off


class Rule(StrEnum):
    """One code for each rule. They are public, and stay as they are."""

    OTHER_PROBLEM = "plan.other_problem"  # the plan names the problem that it answers
    ESTIMATED = "plan.estimated"  # it is marked estimated where, and only where, the travel is
    VEHICLE_UNKNOWN = "plan.vehicle_unknown"
    VEHICLE_TWICE = "plan.vehicle_twice"  # a vehicle drives one route at most
    EMPTY_ROUTE = "plan.empty_route"
    MOVE_UNKNOWN = "plan.move_unknown"
    LEFT_OUT = "plan.left_out"  # every move is on a route or among the unserved
    ONCE = "plan.once"  # and stands there once
    UNEXPLAINED = "plan.unexplained"  # whatever is unserved names a constraint, and says why
    SAME_VEHICLE = "plan.same_vehicle"  # what a vehicle picks up, it delivers
    PICKUP_FIRST = "plan.pickup_first"
    NOT_A_TIME = "plan.not_a_time"  # every time is a finite number
    TRAVEL = "plan.travel"  # nobody arrives sooner than the drive takes
    SERVICE = "plan.service"  # it begins after arriving, and has its full length before departing
    WINDOW = "plan.window"
    VEHICLE_WINDOW = "plan.vehicle_window"
    DURATION = "plan.duration"
    DRIVING = "plan.driving"
    BREAKS = "plan.breaks"
    RIDE = "plan.ride"
    CAPACITY = "plan.capacity"
    NEEDS = "plan.needs"
    TOGETHER = "plan.together"
    APART = "plan.apart"
    DISTANCE = "plan.distance"
    DRIVING_TIME = "plan.driving_time"
    COST = "plan.cost"
    TOTAL_COST = "plan.total_cost"


@dataclass(frozen=True)
class Broken:
    """One rule that a plan breaks: by which vehicle and for which move, where it is about one, and what is so."""

    rule: Rule
    vehicle: str | None
    move: str | None
    message: str


def said(number: float) -> str:
    """A number of minutes, kilometres or money as it is written in a message."""
    return f"{number:.6f}".rstrip("0").rstrip(".")
