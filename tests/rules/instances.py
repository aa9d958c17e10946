"""Small problems drawn by a seed, with every rule of the planner on, in whole minutes and whole kilometres."""

from __future__ import annotations

from math import ceil, dist
from random import Random

import numpy as np

from muster.transport.planner.problem import (
    Apart,
    Breaks,
    First,
    How,
    Move,
    Place,
    Problem,
    Stop,
    Together,
    Travel,
    Vehicle,
    Window,
)

KINDS = ("seats", "wheelchair places")
SKILLS = ("ramp", "medic")
DAY_MIN = 300


def instance(seed: int, *, moves: int = 4, vehicles: int | None = None) -> Problem:
    """A problem of so many moves, and of one to three vehicles where no number is given. The same seed, the same problem.

    Every move alone has a vehicle with room for it and with what it needs, and no pair is kept both together and apart;
    time may still suffice for some of the moves only. One instance in four has a closed bridge, so that the way round by
    another place is shorter than the way itself.
    """
    random = Random(f"{seed} {moves} {vehicles}")
    size = random.randint(moves + 1, 2 * moves + 1)
    travel = _travel(random, size)
    fleet = random.randint(1, 3) if vehicles is None else vehicles
    people = tuple(_move(random, f"M{number}", travel) for number in range(1, moves + 1))
    together, apart = _groups(random, people)
    return Problem(
        name=f"drawn {seed}",
        kinds=KINDS,
        places=tuple(Place(code=f"P{number}") for number in range(size)),
        moves=people,
        vehicles=tuple(_vehicle(random, number, size) for number in range(fleet)),
        travel=travel,
        together=together,
        apart=apart,
        first=random.choice((First.COST, First.COST, First.VEHICLES)),
    )


def _travel(random: Random, size: int) -> Travel:
    points = [(random.randint(0, 40), random.randint(0, 40)) for _ in range(size)]
    time_min = np.array([[float(ceil(dist(a, b))) for b in points] for a in points])
    distance = np.array([[float(abs(a[0] - b[0]) + abs(a[1] - b[1])) for b in points] for a in points])
    if random.random() < 0.25:
        here, there = random.sample(range(size), 2)
        time_min[here, there] += random.randint(10, 40)
        distance[here, there] += random.randint(10, 40)
    return Travel(time_min=time_min, distance=distance, source="drawn")


def _move(random: Random, code: str, travel: Travel) -> Move:
    size = len(travel.time_min)
    here, there = random.sample(range(size), 2)
    direct = int(travel.time_min[here, there])
    opens = random.randint(0, DAY_MIN // 2)
    waits = random.randint(10, 90)
    arrives = opens + direct + random.randint(0, 30)
    deadline = random.random() < 0.5
    return Move(
        code=code,
        pickup=Stop(
            place=here,
            window=Window(0, opens + waits + 60) if deadline else Window(opens, opens + waits),
            service_min=random.choice((0, 2, 5)),
        ),
        delivery=Stop(
            place=there,
            window=Window(arrives, arrives + waits) if deadline else Window(0, DAY_MIN),
            service_min=random.choice((0, 2, 5)),
        ),
        load=random.choice(((1, 0), (1, 0), (2, 0), (0, 1), (3, 0), (1, 1))),
        max_ride_min=random.choice((None, direct + random.randint(0, 40), 2 * direct + 20)),
        priority=random.choice((None, None, None, 1, 2)),
        needs=frozenset(skill for skill in SKILLS if random.random() < 0.15),
    )


def _vehicle(random: Random, number: int, size: int) -> Vehicle:
    """The first takes every move and offers everything; the others differ."""
    depot = random.randrange(size)
    opens = random.randint(0, 40)
    lasts = random.randint(200, DAY_MIN)
    return Vehicle(
        code=f"V{number + 1}",
        start=depot,
        end=depot if random.random() < 0.7 else random.randrange(size),
        window=Window(opens, opens + lasts),
        capacity=(random.randint(3, 5), random.randint(1, 2))
        if number == 0
        else (random.randint(1, 4), random.randint(0, 1)),
        max_duration_min=random.choice((None, random.randint(120, lasts))),
        max_driving_min=random.choice((None, random.randint(60, 180))),
        breaks=random.choice(
            (
                None,
                Breaks(after_driving_min=random.randint(20, 60), length_min=random.randint(5, 20)),
                Breaks(after_driving_min=random.randint(30, 80), length_min=random.randint(5, 20)),
            )
        ),
        fixed_cost=random.choice((0, 20, 60)),
        cost_per_distance=random.choice((1, 1, 2)),
        cost_per_driving_hour=random.choice((0, 30)),
        offers=frozenset(skill for skill in SKILLS if number == 0 or random.random() < 0.5),
        units=2 if random.random() < 0.25 else 1,
    )


def _groups(random: Random, moves: tuple[Move, ...]) -> tuple[tuple[Together, ...], tuple[Apart, ...]]:
    """At most one group together, and of the rest and one of it two sets apart."""
    codes = [move.code for move in moves]
    random.shuffle(codes)
    together: tuple[Together, ...] = ()
    if len(codes) > 1 and random.random() < 0.4:
        group, codes = codes[:2], codes[1:]
        together = (Together(tuple(group), random.choice((How.VEHICLE, How.CONVOY))),)
    apart: tuple[Apart, ...] = ()
    if len(codes) > 1 and random.random() < 0.6:
        how = random.choice((How.ABOARD, How.ABOARD, How.VEHICLE))
        apart = (Apart((codes[0],), tuple(codes[1 : random.randint(2, 3)]), how, rule="TRN-17"),)
    return together, apart


def spread(*, moves: int, vehicles: int) -> Problem:
    """Persons and vehicles spread over a square of 100 by 100 minutes, with windows and rides, the same each time."""
    random = np.random.default_rng(5)
    at = random.uniform(0, 100, (2 * moves + 1, 2))
    minutes = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    opens = random.uniform(0, 400, moves)
    return Problem(
        name="spread",
        kinds=("seats",),
        places=tuple(Place(code=str(n)) for n in range(2 * moves + 1)),
        moves=tuple(
            Move(
                code=f"M{n}",
                pickup=Stop(place=n, window=Window(opens[n], opens[n] + 120), service_min=2),
                delivery=Stop(place=moves + n, window=Window(0, 1000), service_min=2),
                load=(1,),
                max_ride_min=minutes[n, moves + n] + 60,
            )
            for n in range(moves)
        ),
        vehicles=tuple(
            Vehicle(code=f"V{n}", start=2 * moves, end=2 * moves, window=Window(0, 1000), capacity=(4,))
            for n in range(vehicles)
        ),
        travel=Travel(time_min=minutes, distance=minutes),
    )
