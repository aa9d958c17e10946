"""When everything on a route happens: the exact test of an order of visits, and its times.

The times of a route are a system of difference constraints: service, driving and breaks push later visits on, a longest
ride and a longest duration pull earlier ones after them. The least times that satisfy all of them are found by raising each
visit until nothing moves; when more rounds are needed than there are visits, the constraints go round in a circle and no
times exist. The vehicle then leaves as late as these times allow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from muster.transport.planner.plan import Part, Route, Visit
from muster.transport.planner.problem import Problem, Stop, Vehicle

CLOSE = 1e-9  # minutes: what rounding may cost a sum of doubles


@dataclass(frozen=True)
class Call:
    """A move's pickup or delivery in an order of visits; `move` is its index in the problem."""

    move: int
    part: Part


def stop_of(problem: Problem, call: Call) -> Stop:
    """The stop of a move that a call serves."""
    move = problem.moves[call.move]
    return move.pickup if call.part is Part.PICKUP else move.delivery


def places_of(problem: Problem, vehicle: Vehicle, calls: Sequence[Call]) -> list[int]:
    """The places of a route in driving order, its start and its end with them."""
    return [vehicle.start, *(stop_of(problem, call).place for call in calls), vehicle.end]


@dataclass(frozen=True)
class _Leg:
    """From one stop to the next: minutes after service begins here until the vehicle can be there, and driving among them."""

    service_min: float
    stands_min: float  # what a break at the stop takes longer than its service
    drive_min: float
    rests_min: float  # breaks on the way, on a leg that is itself longer than the driving allowed

    @property
    def whole_min(self) -> float:
        return self.service_min + self.stands_min + self.drive_min + self.rests_min


def legs(problem: Problem, vehicle: Vehicle, calls: Sequence[Call]) -> list[_Leg]:
    """The legs of a route from its start to its end, with the breaks that its driving asks for.

    A break is taken at the last stop before the driving allowed would be passed, beside its service, which as long as a
    break is one by itself. A leg that is itself too long has its breaks on the way, each as late as may be.
    """
    places = places_of(problem, vehicle, calls)
    services = [0.0, *(stop_of(problem, call).service_min for call in calls)]
    found: list[_Leg] = []
    driven = 0.0
    for service, here, there in zip(services, places, places[1:], strict=False):
        drive = float(problem.travel.time_min[here, there])
        stands = rests = 0.0
        if vehicle.breaks:
            allowed, length = vehicle.breaks.after_driving_min, vehicle.breaks.length_min
            if service >= length:
                driven = 0.0
            if drive > allowed + CLOSE:
                driven += drive
                while driven > allowed + CLOSE:
                    driven -= allowed
                    rests += length
            elif driven + drive > allowed + CLOSE:
                stands, driven = length - service, drive
            else:
                driven += drive
        found.append(_Leg(service, stands, drive, rests))
    return found


def _pulls(problem: Problem, vehicle: Vehicle, calls: Sequence[Call]) -> list[tuple[int, int, float]]:
    """Who must not begin long before whom: (earlier, later, minutes at most), positions counted from the start as 0."""
    pickups = {call.move: at for at, call in enumerate(calls, 1) if call.part is Part.PICKUP}
    pulls = []
    for at, call in enumerate(calls, 1):
        move = problem.moves[call.move]
        if call.part is Part.DELIVERY and move.max_ride_min is not None:
            pulls.append((pickups[call.move], at, move.pickup.service_min + move.max_ride_min))
    if vehicle.max_duration_min is not None:
        pulls.append((0, len(calls) + 1, vehicle.max_duration_min))
    return pulls


def least_times(
    problem: Problem, vehicle: Vehicle, calls: Sequence[Call], on: Sequence[_Leg]
) -> list[float] | None:
    """When service begins at the start, each visit and the end, as early as all constraints allow; None: no times do."""
    windows = [vehicle.window, *(stop_of(problem, call).window for call in calls), vehicle.window]
    times = [window.earliest for window in windows]
    pulls = _pulls(problem, vehicle, calls)
    for _ in range(len(times) + 1):
        for at, leg in enumerate(on):
            times[at + 1] = max(times[at + 1], times[at] + leg.whole_min)
        if any(time > window.latest + CLOSE for time, window in zip(times, windows, strict=True)):
            return None
        moved = False
        for earlier, later, most in reversed(pulls):
            if times[later] - times[earlier] > most + CLOSE:
                times[earlier], moved = times[later] - most, True
        if not moved:
            return times
    return None


def timed(problem: Problem, vehicle: Vehicle, calls: Sequence[Call]) -> Route | None:
    """The route with its times, distance and cost, or None where no times satisfy windows, rides, duration and driving.

    Loads, needs and who is kept together or apart are not looked at here.
    """
    on = legs(problem, vehicle, calls)
    driving = sum(leg.drive_min for leg in on)
    if vehicle.max_driving_min is not None and driving > vehicle.max_driving_min + CLOSE:
        return None
    times = least_times(problem, vehicle, calls, on)
    if times is None:
        return None
    leaves = min(vehicle.window.latest, times[1] - on[0].whole_min)
    return laid_out(problem, vehicle, calls, on, leaves=leaves, begins=lambda n, arrives: times[n + 1])


def laid_out(
    problem: Problem,
    vehicle: Vehicle,
    calls: Sequence[Call],
    on: Sequence[_Leg],
    *,
    leaves: float,
    begins: Callable[[int, float], float],
) -> Route:
    """The route that leaves at a moment and drives these legs. `begins` says when a call's service does, by its number and the arrival."""
    visits, departs = list[Visit](), leaves + on[0].stands_min
    for n, (call, before, leg) in enumerate(zip(calls, on, on[1:], strict=False)):
        arrives = departs + before.drive_min + before.rests_min
        at = begins(n, arrives)
        departs = at + leg.service_min + leg.stands_min
        code = problem.moves[call.move].code
        visits.append(Visit(move=code, part=call.part, arrives=arrives, begins=at, departs=departs))
    places = places_of(problem, vehicle, calls)
    distance = sum(float(problem.travel.distance[a, b]) for a, b in pairwise(places))
    driving = sum(leg.drive_min for leg in on)
    return Route(
        vehicle=vehicle.code,
        leaves=leaves,
        visits=tuple(visits),
        back=departs + on[-1].drive_min + on[-1].rests_min,
        distance=distance,
        driving_min=driving,
        cost=cost_of(vehicle, distance=distance, driving_min=driving),
    )


def cost_of(vehicle: Vehicle, *, distance: float, driving_min: float) -> float:
    """What a route of this vehicle or convoy costs."""
    return vehicle.units * (
        vehicle.fixed_cost
        + vehicle.cost_per_distance * distance
        + vehicle.cost_per_driving_hour * driving_min / 60
    )
