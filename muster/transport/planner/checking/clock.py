"""The rules of time, one function each: travel, service, windows, duration, driving, breaks and rides."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, isfinite

from muster.transport.planner.checking.broken import TIME_MIN, Broken, Rule, said
from muster.transport.planner.checking.drive import Drive, Halt, Leg
from muster.transport.planner.plan import Part
from muster.transport.planner.problem import Breaks


def out_of_time(drive: Drive) -> Iterator[Broken]:
    """What of the route's times cannot be kept, or may not be. A time that is no number is told, and nothing more."""
    if not_times := list(_not_times(drive)):
        yield from not_times
        return
    yield from _too_fast(drive)
    yield from _service(drive)
    yield from _windows(drive)
    yield from _vehicle_window(drive)
    yield from _duration(drive)
    yield from _driving(drive)
    yield from _breaks(drive)
    yield from _rides(drive)


def _not_times(drive: Drive) -> Iterator[Broken]:
    vehicle, route = drive.vehicle.code, drive.route
    if not (isfinite(route.leaves) and isfinite(route.back)):
        yield Broken(
            Rule.NOT_A_TIME,
            vehicle,
            None,
            f"{vehicle} leaves at {route.leaves} and is back at {route.back}; both are numbers of minutes.",
        )
    for halt in drive.halts:
        visit = halt.visit
        if not all(map(isfinite, (visit.arrives, visit.begins, visit.departs))):
            yield Broken(
                Rule.NOT_A_TIME,
                vehicle,
                visit.move,
                f"For {halt.words}, {vehicle} arrives at {visit.arrives}, begins at {visit.begins} and departs at "
                f"{visit.departs}; all three are numbers of minutes.",
            )


def _too_fast(drive: Drive) -> Iterator[Broken]:
    """Nobody arrives before the last departure and the driving time. To arrive later is allowed."""
    vehicle = drive.vehicle.code
    for leg in drive.legs:
        if not leg.reached >= leg.left + leg.driving_min - TIME_MIN:
            yield Broken(
                Rule.TRAVEL,
                vehicle,
                leg.move,
                f"{vehicle} is on its way to {leg.to} from {said(leg.left)} to {said(leg.reached)}: "
                f"{said(leg.reached - leg.left)} min, and the drive takes {said(leg.driving_min)}.",
            )


def _service(drive: Drive) -> Iterator[Broken]:
    """Service begins after arriving, and the vehicle does not depart before it is over."""
    vehicle = drive.vehicle.code
    for halt in drive.halts:
        visit, over = halt.visit, halt.visit.begins + halt.stop.service_min
        if visit.begins < visit.arrives - TIME_MIN:
            yield Broken(
                Rule.SERVICE,
                vehicle,
                visit.move,
                f"{halt.words.capitalize()} begins at {said(visit.begins)}, and {vehicle} arrives at {said(visit.arrives)}.",
            )
        if visit.departs < over - TIME_MIN:
            yield Broken(
                Rule.SERVICE,
                vehicle,
                visit.move,
                f"{vehicle} departs from {halt.words} at {said(visit.departs)}, and its service is over at {said(over)}.",
            )


def _windows(drive: Drive) -> Iterator[Broken]:
    """Service begins within the stop's window, both ends included."""
    vehicle = drive.vehicle.code
    for halt in drive.halts:
        begins, window = halt.visit.begins, halt.stop.window
        if not window.earliest - TIME_MIN <= begins <= window.latest + TIME_MIN:
            yield Broken(
                Rule.WINDOW,
                vehicle,
                halt.move.code,
                f"{vehicle} begins {halt.words} at {said(begins)}, and the window is {said(window.earliest)} to "
                f"{said(window.latest)}.",
            )


def _vehicle_window(drive: Drive) -> Iterator[Broken]:
    vehicle, window, route = drive.vehicle.code, drive.vehicle.window, drive.route
    if route.leaves < window.earliest - TIME_MIN:
        yield Broken(
            Rule.VEHICLE_WINDOW,
            vehicle,
            None,
            f"{vehicle} leaves at {said(route.leaves)}, and may not before {said(window.earliest)}.",
        )
    if route.back > window.latest + TIME_MIN:
        yield Broken(
            Rule.VEHICLE_WINDOW,
            vehicle,
            None,
            f"{vehicle} is back at {said(route.back)}, and must be by {said(window.latest)}.",
        )


def _duration(drive: Drive) -> Iterator[Broken]:
    """From leaving to being back, waiting and breaks included."""
    vehicle, limit = drive.vehicle.code, drive.vehicle.max_duration_min
    lasts = drive.route.back - drive.route.leaves
    if limit is not None and lasts > limit + TIME_MIN:
        yield Broken(
            Rule.DURATION,
            vehicle,
            None,
            f"{vehicle} is out for {said(lasts)} min, and may be for {said(limit)}.",
        )


def _driving(drive: Drive) -> Iterator[Broken]:
    """At the wheel on this route, without waiting, service and breaks."""
    vehicle, limit = drive.vehicle.code, drive.vehicle.max_driving_min
    drives = sum(leg.driving_min for leg in drive.legs)
    if limit is not None and not drives <= limit + TIME_MIN:
        yield Broken(
            Rule.DRIVING,
            vehicle,
            None,
            f"{vehicle} drives for {said(drives)} min, and may for {said(limit)}.",
        )


def _breaks(drive: Drive) -> Iterator[Broken]:
    """What is driven since the last interruption, on arrival at each stop and at the end, is `after_driving_min` at most.

    - An interruption is a stop at which the vehicle stands for `length_min` or longer, from arriving to departing,
      whatever else is done meanwhile. Each visit is a stop by itself. Time lost on the way is none.
    - A leg of `after_driving_min` or less is driven without a break, so the interruption must have been before it.
    - On a longer leg breaks are taken as late as the limit allows: each when `after_driving_min` have been driven since
      the interruption before it, and none on arrival. With c minutes driven before a leg of d minutes that makes
      ceil((c + d) / after_driving_min) - 1 breaks, and the leg takes d and `length_min` for each of them. On arrival
      what was driven since the last of them counts.
    - An interruption need not be counted, where the breaks on a long leg fall better without it: a plan is lawful
      where it is by one way of counting. After a leg that is not by any, counting begins anew.
    """
    breaks = drive.vehicle.breaks
    if breaks is None:
        return
    since = {0.0}  # minutes driven since the last interruption, by each way of counting
    for leg in drive.legs:
        if leg.stood_min >= breaks.length_min - TIME_MIN:
            since = since | {0.0}
        on_arrival = {_driven_on_arrival(before, leg, breaks) for before in since}
        lawful = {driven for driven in on_arrival if driven is not None}
        if not lawful:
            yield _break_missing(drive, leg, breaks, min(since))
        since = lawful or {0.0}


def _driven_on_arrival(before: float, leg: Leg, breaks: Breaks) -> float | None:
    """Minutes driven since the last interruption, with `before` of them on departure; None where the leg is unlawful."""
    limit, driven = breaks.after_driving_min, before + leg.driving_min
    if driven <= limit + TIME_MIN:
        return driven
    taken = _breaks_on_the_way(before, leg, breaks)
    if taken == 0 or leg.reached < leg.left + leg.driving_min + taken * breaks.length_min - TIME_MIN:
        return None
    return driven - taken * limit


def _breaks_on_the_way(before: float, leg: Leg, breaks: Breaks) -> int:
    """How many breaks a leg longer than the limit takes; none on a shorter one, nor where no road is known."""
    limit = breaks.after_driving_min
    if leg.driving_min <= limit + TIME_MIN or not isfinite(leg.driving_min):
        return 0
    return ceil((before + leg.driving_min - TIME_MIN) / limit) - 1


def _break_missing(drive: Drive, leg: Leg, breaks: Breaks, before: float) -> Broken:
    vehicle, taken = drive.vehicle.code, _breaks_on_the_way(before, leg, breaks)
    if taken:
        needs = leg.driving_min + taken * breaks.length_min
        words = (
            f"{vehicle} drives {said(leg.driving_min)} min to {leg.to} after {said(before)} min without an interruption, "
            f"with {taken} breaks of {said(breaks.length_min)} min on the way: {said(needs)} min, and it takes "
            f"{said(leg.reached - leg.left)}."
        )
    else:
        words = (
            f"{vehicle} reaches {leg.to} after {said(before + leg.driving_min)} min of driving without an interruption of "
            f"{said(breaks.length_min)} min, and may drive for {said(breaks.after_driving_min)}."
        )
    return Broken(Rule.BREAKS, vehicle, leg.move, words)


def _rides(drive: Drive) -> Iterator[Broken]:
    """From the end of service at the pickup to its beginning at the delivery. A break while aboard is part of the ride."""
    boarded: dict[str, Halt] = {}
    for halt in drive.halts:
        if halt.visit.part == Part.PICKUP:
            boarded[halt.move.code] = halt
        elif pickup := boarded.get(halt.move.code):
            yield from _ride(drive, pickup, halt)


def _ride(drive: Drive, pickup: Halt, delivery: Halt) -> Iterator[Broken]:
    limit, vehicle = pickup.move.max_ride_min, drive.vehicle.code
    rides = delivery.visit.begins - (pickup.visit.begins + pickup.stop.service_min)
    if limit is not None and rides > limit + TIME_MIN:
        yield Broken(
            Rule.RIDE,
            vehicle,
            pickup.move.code,
            f"{pickup.move.code} rides in {vehicle} for {said(rides)} min, and may for {said(limit)}.",
        )
