"""Whether what the plan says that it costs is what it costs."""

from __future__ import annotations

from collections.abc import Iterator

from muster.transport.planner.checking.broken import SHARE, Broken, Rule, said
from muster.transport.planner.checking.drive import Drive
from muster.transport.planner.plan import Plan


def wrong_sums(drive: Drive) -> Iterator[Broken]:
    """Distance, driving and cost of a route that are not the sums of its legs. A convoy costs for each of its units."""
    vehicle, route = drive.vehicle, drive.route
    distance = sum(leg.distance for leg in drive.legs)
    driving_min = sum(leg.driving_min for leg in drive.legs)
    cost = vehicle.units * (
        vehicle.fixed_cost
        + vehicle.cost_per_distance * distance
        + vehicle.cost_per_driving_hour * driving_min / 60
    )
    for rule, what, told, summed in (
        (Rule.DISTANCE, "drives a distance of", route.distance, distance),
        (Rule.DRIVING_TIME, "drives minutes of", route.driving_min, driving_min),
        (Rule.COST, "costs", route.cost, cost),
    ):
        if _off(told, summed):
            yield Broken(
                rule,
                vehicle.code,
                None,
                f"By the plan {vehicle.code} {what} {said(told)}; by its legs {said(summed)}.",
            )


def wrong_total(plan: Plan) -> Iterator[Broken]:
    """The plan's cost where it is not that of its routes, as the plan states them."""
    summed = sum(route.cost for route in plan.routes)
    if _off(plan.cost, summed):
        yield Broken(
            Rule.TOTAL_COST, None, None, f"The plan costs {said(plan.cost)}, and its routes {said(summed)}."
        )


def _off(told: float, summed: float) -> bool:
    """Whether two sums differ by more than the share allowed; what is no number always does."""
    return not abs(told - summed) <= SHARE * max(1.0, abs(summed))
