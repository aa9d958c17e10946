"""Who may ride in what and with whom: room, needs, together and apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from muster.transport.planner.checking.broken import Broken, Rule
from muster.transport.planner.checking.drive import Drive
from muster.transport.planner.plan import Part
from muster.transport.planner.problem import Apart, How, Problem, Together


def crowded(problem: Problem, drive: Drive) -> Iterator[Broken]:
    """Each boarding that brings more of a kind aboard than the vehicle, or its whole convoy, has room for."""
    vehicle = drive.vehicle
    aboard = [0] * len(problem.kinds)
    for halt in drive.halts:
        sign = 1 if halt.visit.part == Part.PICKUP else -1
        boards = [sign * load for load in halt.move.load]
        aboard = [had + more for had, more in zip(aboard, boards, strict=True)]
        for kind, more, has, room in zip(problem.kinds, boards, aboard, vehicle.room, strict=True):
            if more > 0 and has > room:
                yield Broken(
                    Rule.CAPACITY,
                    vehicle.code,
                    halt.move.code,
                    f"With {halt.move.code} aboard, {vehicle.code} carries {has} of {kind}, and has room for {room}.",
                )


def unfit(drive: Drive) -> Iterator[Broken]:
    """Each move that needs what the vehicle does not offer."""
    vehicle = drive.vehicle
    for move in {halt.move.code: halt.move for halt in drive.halts}.values():
        if lacking := move.needs - vehicle.offers:
            yield Broken(
                Rule.NEEDS,
                vehicle.code,
                move.code,
                f"{move.code} needs {', '.join(sorted(lacking))}, which {vehicle.code} does not offer.",
            )


def not_together(problem: Problem, drives: Sequence[Drive]) -> Iterator[Broken]:
    """Each group of which some ride and some do not, or not all in one vehicle, or in a convoy where none may be."""
    ridden = {halt.move.code: drive.vehicle for drive in drives for halt in drive.halts}
    for group in problem.together:
        if group.how not in (How.VEHICLE, How.CONVOY):
            raise ValueError(f"{group.how} keeps moves apart, not together")
        vehicles = {code: ridden[code] for code in group.moves if code in ridden}
        convoys = [vehicle.code for vehicle in vehicles.values() if vehicle.units > 1]
        names = ", ".join(group.moves)
        if vehicles and len(vehicles) < len(set(group.moves)):
            left = ", ".join(code for code in group.moves if code not in vehicles)
            yield _not_together(group, None, f"Of {names}, who ride together or not at all, {left} is left.")
        elif len({vehicle.code for vehicle in vehicles.values()}) > 1:
            shared = ", ".join(f"{code} in {vehicle.code}" for code, vehicle in vehicles.items())
            yield _not_together(group, None, f"{names} ride together, and here {shared}.")
        elif convoys and group.how == How.VEHICLE:
            words = f"{names} ride together in one vehicle, and {convoys[0]} is a convoy."
            yield _not_together(group, convoys[0], words)


def _not_together(group: Together, vehicle: str | None, message: str) -> Broken:
    return Broken(Rule.TOGETHER, vehicle, group.moves[0], message)


def not_apart(problem: Problem, drives: Sequence[Drive]) -> Iterator[Broken]:
    """Each pair that is kept apart, and is aboard at once or rides in the same vehicle."""
    spans = [_aboard(drive) for drive in drives]
    for apart in problem.apart:
        if apart.how not in (How.VEHICLE, How.ABOARD):
            raise ValueError(f"{apart.how} keeps moves together, not apart")
        these, those = frozenset(apart.these), frozenset(apart.those)
        for drive, aboard in zip(drives, spans, strict=True):
            pairs = product(these.intersection(aboard), those.intersection(aboard))
            for this, that in sorted(pairs):
                if this != that and _meet(apart, aboard[this], aboard[that]):
                    yield _not_apart(apart, drive.vehicle.code, this, that)


def _aboard(drive: Drive) -> dict[str, tuple[int, int]]:
    """For each move the numbers of the visits at which it boards and alights; without a delivery it stays aboard."""
    spans: dict[str, tuple[int, int]] = {}
    for number, halt in enumerate(drive.halts):
        code = halt.move.code
        if halt.visit.part == Part.PICKUP:
            spans[code] = (number, len(drive.halts))
        elif code in spans:
            spans[code] = (spans[code][0], number)
    return spans


def _meet(apart: Apart, this: tuple[int, int], that: tuple[int, int]) -> bool:
    """Whether two that ride in the same vehicle ride with one another. One may board where the other has alighted."""
    return apart.how == How.VEHICLE or max(this[0], that[0]) < min(this[1], that[1])


def _not_apart(apart: Apart, vehicle: str, this: str, that: str) -> Broken:
    limit = "aboard together" if apart.how == How.ABOARD else "in the same vehicle"
    because = f" ({apart.rule})" if apart.rule else ""
    words = f"{this} and {that} may never be {limit}{because}, and are in {vehicle}."
    return Broken(Rule.APART, vehicle, this, words)
