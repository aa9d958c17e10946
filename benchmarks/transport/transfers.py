"""A real quarter of transfers planned day by day: 2,663 moves of persons between 18 sites, beside one trip for each pair of sites.

    uv run python benchmarks/transport/transfers.py [--seconds 1] [--seed 1] [--json]

The moves are those of `transfers_nz.csv` (2018-07-02 to 2018-09-28, dates without times), the sites those of `facilities_nz.csv`. Each
person is a move by itself. What the data do not say is ours, and stands in the constants below: the fleet, the hours of the
sites, the time to board, the longest ride, the speed. From the rules come the seats (TRN-13), two drivers in each vehicle (TRN-04), their
hours (TRN-05, TRN-06; each crew comes rested, and hours are not summed over the week) and women apart from men (TRN-17: a
move from or to a women's site is a woman's). Each vehicle is back at its own site on the same day.

There is no road over Cook Strait: a site south of 42 degrees is on the South Island, every other on the North Island, and legs
between the two are closed. A move across is not served by road and is told so. Distances are estimated from the great circle.

The naive plan drives, for each pair of sites on a day, the fewest vehicles of the largest kind out and back; it is counted for the
same moves as are served here, and knows no hours of drivers. A row for each day is written to `results/transfers.csv`, and a map of the
quarter to `transfers.svg`.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure
from runs import RESULTS, SHARED, machine, nothing_printed, version_of
from transfers_map import draw

from muster.transport.planner import engines
from muster.transport.planner.distances import Leg, great_circle, overridden
from muster.transport.planner.limits import DriversLeft, drivers_left, kept_apart, known_rules
from muster.transport.planner.plan import Part, Plan, Route
from muster.transport.planner.problem import Move, Place, Problem, Stop, Travel, Vehicle, Window

SOUTH_OF = -42.0  # degrees: which sites are on the South Island
WOMENS = {"Arohata", "ARWCF", "Christchurch Womens"}
HOURS = ("TRN-05", "TRN-06")
DRIVERS = 2  # TRN-04
OPEN = Window(6 * 60, 21 * 60)  # sites hand over and receive between these minutes of the day
SHIFT = Window(4 * 60, 24 * 60)
BOARDING_MIN = 2.0  # for each person, at either end
LONGEST_RIDE_MIN = 8 * 60.0
SPEED_KMH = 80.0  # most sites lie far apart, on highways
FLEET = {"bus": (1, 40), "van": (4, 11)}  # at each site: how many, and seats for those moved
MOST_SEATS = max(seats for _, seats in FLEET.values())


@dataclass
class Day:
    """What a day came to; hours are driving hours."""

    date: str
    moves: int
    served: int = 0
    across: int = 0
    otherwise: Counter[str] = field(default_factory=Counter)
    vehicles: int = 0
    km: float = 0.0
    hours: float = 0.0
    longest_ride_h: float = 0.0
    naive_trips: int = 0
    naive_km: float = 0.0
    naive_hours: float = 0.0


def main() -> None:
    """Plan each day, print the figures, write the rows and the map."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seconds", type=float, default=1.0, help="for each day")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", action="store_true", help="each figure as an object")
    given = asked.parse_args()
    seconds, seed = given.seconds, given.seed
    sites, on_road = read_sites(SHARED / "data" / "facilities_nz.csv")
    rows = read_moves(SHARED / "data" / "transfers_nz.csv")
    with nothing_printed():
        set_up = engines.set_up()
    days: list[Day] = []
    carried: Counter[tuple[int, int]] = Counter()
    across: Counter[tuple[int, int]] = Counter()
    for date, pairs in rows.items():
        problem = problem_of(date, pairs, sites, on_road)
        plan = engines.solve(problem, seconds=seconds, seed=seed)
        days.append(told(date, problem, plan))
        for route in plan.routes:
            carried.update(legs_of(problem, route))
        by_code = {move.code: move for move in problem.moves}
        for left in plan.unserved:
            ends = by_code[left.move].pickup.place, by_code[left.move].delivery.place
            if is_across(problem, by_code[left.move]):
                across[ends] += 1
            else:
                print(f"{date} {sites[ends[0]].code} to {sites[ends[1]].code}: {left.why}", file=sys.stderr)
    write_rows(days)
    draw(Path(__file__).parent / "transfers.svg", sites, carried, across, caption(days))
    note = f"{len(days)} days of {seconds:g} s, muster {version_of('muster')}, set-up {set_up:.1f} s, {machine()}"
    print_figures(days, note)


def read_sites(path: Path) -> tuple[list[Place], Travel]:
    """The sites, and the minutes and kilometres between them with no road between the islands."""
    with path.open(newline="") as file:
        sites = [
            Place(code=row["code"], latitude=float(row["lat"]), longitude=float(row["lon"]))
            for row in csv.DictReader(file)
        ]
    sea = [
        Leg(start=a, end=b, time_min=None)
        for a, b in product(range(len(sites)), repeat=2)
        if is_south(sites[a]) != is_south(sites[b])
    ]
    return sites, overridden(great_circle(sites, speed_kmh=SPEED_KMH), sea)


def read_moves(path: Path) -> Mapping[str, list[tuple[str, str, str]]]:
    """For each date its moves: number of the row, site it is from, site it goes to."""
    days: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            days[row["transfer_date"]].append((row["row_no"], row["from_site"], row["to_site"]))
    return dict(sorted(days.items()))


def is_south(site: Place) -> bool:
    return site.latitude is not None and site.latitude < SOUTH_OF


def is_across(problem: Problem, move: Move) -> bool:
    """Whether there is no road from its one end to the other."""
    return math.isinf(problem.travel.time_min[move.pickup.place, move.delivery.place])


def problem_of(
    date: str, rows: Iterable[tuple[str, str, str]], sites: Sequence[Place], on_road: Travel
) -> Problem:
    """The question of one day."""
    index = {site.code: n for n, site in enumerate(sites)}
    rules = known_rules()
    crew = drivers_left(
        (rules[rule] for rule in HOURS), drivers=DRIVERS, driven_min=0, on_duty_min=0, week_min=0
    )
    moves, groups = [], defaultdict(list)
    for number, start, end in rows:
        groups["women" if {start, end} & WOMENS else "men"].append(number)
        pickup, delivery = (
            Stop(place=index[site], window=OPEN, service_min=BOARDING_MIN) for site in (start, end)
        )
        moves.append(
            Move(code=number, pickup=pickup, delivery=delivery, load=(1,), max_ride_min=LONGEST_RIDE_MIN)
        )
    return Problem(
        name=date,
        kinds=("seats",),
        places=tuple(sites),
        moves=tuple(moves),
        vehicles=tuple(vehicles_of(sites, crew)),
        travel=on_road,
        apart=tuple(kept_apart(groups, [])),
        rules={rule: rules[rule].to_json() for rule in (*HOURS, "TRN-04", "TRN-13", "TRN-17")},
    )


def vehicles_of(sites: Sequence[Place], crew: DriversLeft) -> Iterator[Vehicle]:
    """The fleet of every site."""
    for n, site in enumerate(sites):
        for kind, (count, seats) in FLEET.items():
            for number in range(1, count + 1):
                yield Vehicle(
                    code=f"{site.code} {kind} {number}", start=n, end=n, window=SHIFT, capacity=(seats,),
                    max_driving_min=crew.driving_min, max_duration_min=crew.duration_min, breaks=crew.breaks,
                )  # fmt: skip


def told(date: str, problem: Problem, plan: Plan) -> Day:
    """What a day's plan came to, beside the naive one for the same moves."""
    moves = {move.code: move for move in problem.moves}
    left = {each.move: each for each in plan.unserved}
    day = Day(date=date, moves=len(moves), served=len(moves) - len(left))
    for code, each in left.items():
        if is_across(problem, moves[code]):
            day.across += 1
        else:
            day.otherwise[each.constraint] += 1
    day.vehicles = len(plan.routes)
    day.km = sum(route.distance for route in plan.routes)
    day.hours = sum(route.driving_min for route in plan.routes) / 60
    pairs = Counter(
        (move.pickup.place, move.delivery.place) for code, move in moves.items() if code not in left
    )
    for (start, end), persons in pairs.items():
        trips = math.ceil(persons / MOST_SEATS)
        day.naive_trips += trips
        day.naive_km += trips * (problem.travel.distance[start, end] + problem.travel.distance[end, start])
        day.naive_hours += (
            trips * (problem.travel.time_min[start, end] + problem.travel.time_min[end, start]) / 60
        )
    rides = [ride for route in plan.routes for ride in rides_of(route)]
    day.longest_ride_h = max(rides, default=0.0) / 60
    return day


def rides_of(route: Route) -> Iterator[float]:
    """Minutes from the end of boarding until alighting begins, for each person aboard."""
    boarded = {visit.move: visit.begins + BOARDING_MIN for visit in route.visits if visit.part is Part.PICKUP}
    return (visit.begins - boarded[visit.move] for visit in route.visits if visit.part is Part.DELIVERY)


def legs_of(problem: Problem, route: Route) -> Counter[tuple[int, int]]:
    """How many persons a route carries over each leg between two sites; 0 where it drives empty."""
    moves = {move.code: move for move in problem.moves}
    vehicle = next(each for each in problem.vehicles if each.code == route.vehicle)
    places, aboard = [vehicle.start], [0]
    for visit in route.visits:
        move = moves[visit.move]
        boards = visit.part is Part.PICKUP
        places.append((move.pickup if boards else move.delivery).place)
        aboard.append(aboard[-1] + (1 if boards else -1))
    found: Counter[tuple[int, int]] = Counter()
    for (start, end), persons in zip(pairwise([*places, vehicle.end]), aboard, strict=True):
        if start != end:
            found[start, end] += persons
    return found


def write_rows(days: Sequence[Day]) -> None:
    """A row for each day."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "transfers.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ("date", "moves", "served", "across_the_strait", "unserved_otherwise", "vehicles", "km", "driving_h",
             "longest_ride_h", "naive_trips", "naive_km", "naive_driving_h")
        )  # fmt: skip
        for day in days:
            otherwise = " ".join(
                f"{constraint}:{count}" for constraint, count in sorted(day.otherwise.items())
            )
            numbers = (day.km, day.hours, day.longest_ride_h)
            naive = (day.naive_km, day.naive_hours)
            writer.writerow(
                (day.date, day.moves, day.served, day.across, otherwise, day.vehicles,
                 *(f"{value:.1f}" for value in numbers), day.naive_trips, *(f"{value:.1f}" for value in naive))
            )  # fmt: skip


def print_figures(days: Sequence[Day], note: str) -> None:
    """The quarter in figures."""
    moves, served, across = (
        sum(getattr(day, name) for day in days) for name in ("moves", "served", "across")
    )
    otherwise = sum((day.otherwise for day in days), Counter[str]())
    why = ", ".join(f"{count} {constraint}" for constraint, count in otherwise.most_common()) or "none"
    print_figure(
        "transfers_served", served, "moves", against="all moves", against_value=moves,
        note=f"{across} across the strait, no road; otherwise unserved: {why}. {note}",
    )  # fmt: skip
    for figure, unit, ours, naive in (
        ("transfers_km", "km", "km", "naive_km"),
        ("transfers_driving_h", "h", "hours", "naive_hours"),
        ("transfers_vehicle_days", "vehicles", "vehicles", "naive_trips"),
    ):
        value, against = (sum(getattr(day, name) for day in days) for name in (ours, naive))
        print_figure(figure, value, unit, against="one trip for each pair", against_value=against)
    print_figure(
        "transfers_longest_ride_h", max(day.longest_ride_h for day in days), "h", against="own limit",
        against_value=LONGEST_RIDE_MIN / 60,
        note=f"the longest of a day {fmean(day.longest_ride_h for day in days):.1f} h in the mean",
    )  # fmt: skip


def caption(days: Sequence[Day]) -> str:
    served, moves, km, naive = (
        sum(getattr(day, name) for day in days) for name in ("served", "moves", "km", "naive_km")
    )
    return (
        f"{served:,} of {moves:,} moves by road on {len(days)} days, {days[0].date} to {days[-1].date}: "
        f"{km:,.0f} km, one trip for each pair {naive:,.0f} km (estimated)"
    )


if __name__ == "__main__":
    main()
