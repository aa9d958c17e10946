"""Taking moves out of routes: strings of neighbours that are removed, so that there is slack where they were.

Source: J. Christiaens, G. Vanden Berghe, Slack Induction by String Removals for Vehicle Routing Problems,
Transportation Science 54(2), 2020, doi:10.1287/trsc.2019.0914; here a string removes both ends of each move in it.
"""

from __future__ import annotations

from muster.transport.planner.search.arrays import Bytes, Data, Ints
from muster.transport.planner.search.compiling import compiled, within
from muster.transport.planner.search.routes import Bench, Plan, draw, new_edition

LONGEST_STRING = 10
SPLIT = 0.5  # how often a string leaves out some in its middle
GROWS = 0.01  # how likely it is that it leaves out one more


@within
def take_out(
    data: Data, plan: Plan, work: Bench, marked: Bytes, touched: Bytes, absent: Ints, count: int
) -> int:
    """Take all marked moves, and whoever rides with them, out of their routes; append them to `absent`. How many are absent now."""
    n = data.n
    for move in range(n):
        if marked[move]:
            other = data.group[move]
            while other != move:
                if marked[other] == 0:
                    marked[other] = 2
                other = data.group[other]
    for move in range(n):
        if marked[move]:
            touched[plan.vehicle[move]] = 1
            absent[count] = move
            count += 1
    for vehicle in range(len(data.start)):
        if not touched[vehicle]:
            continue
        kept = 0
        for k in range(plan.length[vehicle]):
            node = plan.seq[vehicle, k]
            if not marked[node if node < n else node - n]:
                plan.seq[vehicle, kept] = node
                plan.place[node] = kept
                kept += 1
        if kept < plan.length[vehicle]:
            plan.length[vehicle] = kept
            new_edition(data, plan, work, vehicle, vehicle)
    for move in range(n):
        if marked[move]:
            plan.vehicle[move] = -1
            marked[move] = 0
    return count


@compiled
def _mark(data: Data, movable: Bytes, marked: Bytes, node: int) -> None:
    move = node if node < data.n else node - data.n
    if movable[move]:
        marked[move] = 1


@within
def mark_strings(
    data: Data,
    plan: Plan,
    work: Bench,
    movable: Bytes,
    marked: Bytes,
    ruined: Bytes,
    average: float,
    absent: Ints,
    count: int,
    focus: float,
) -> None:
    """Mark moves in strings of routes near a node drawn at random, about `average` of them.

    With the chance `focus` it is a node of one of the `count` absent moves.
    """
    n = data.n
    random = work.random
    routes, nodes = 0, 0
    for vehicle in range(len(data.start)):
        ruined[vehicle] = 0
        if plan.length[vehicle] > 0:
            routes += 1
            nodes += plan.length[vehicle]
    if routes == 0:
        return
    longest = min(float(LONGEST_STRING), nodes / routes)
    most_strings = 4.0 * average / (1.0 + longest) - 1.0
    strings = int(draw(random) * max(most_strings, 0.0) + 1.0)
    seed = int(draw(random) * 2 * n)
    if count > 0 and draw(random) < focus:
        seed = absent[int(draw(random) * count)] + (n if draw(random) < 0.5 else 0)
    done = 0
    for neighbour in range(data.near.shape[1]):
        if done >= strings:
            return
        node = data.near[seed, neighbour]
        vehicle = plan.vehicle[node if node < n else node - n]
        if vehicle < 0 or ruined[vehicle]:
            continue
        count = plan.length[vehicle]
        length = int(draw(random) * min(float(count), longest) + 1.0)
        length = min(length, count)
        at = plan.place[node]
        left_out = 0
        if length > 1 and length < count and draw(random) < SPLIT:
            left_out = 1
            while length + left_out < count and draw(random) < GROWS:
                left_out += 1
        span = length + left_out
        first_least, first_most = max(0, at - span + 1), min(at, count - span)
        first = first_least + int(draw(random) * (first_most - first_least + 1))
        gap_at = int(draw(random) * (length + 1)) if left_out else length
        for k in range(span):
            if gap_at <= k < gap_at + left_out:
                continue
            _mark(data, movable, marked, plan.seq[vehicle, first + k])
        ruined[vehicle] = 1
        done += 1


@within
def mark_at_random(data: Data, plan: Plan, work: Bench, movable: Bytes, marked: Bytes, count: int) -> None:
    """Mark as many moves drawn at random."""
    for _ in range(count):
        move = int(draw(work.random) * data.n)
        if plan.vehicle[move] >= 0 and movable[move]:
            marked[move] = 1


@within
def mark_route(data: Data, plan: Plan, work: Bench, movable: Bytes, marked: Bytes) -> None:
    """Mark all of a short route, and some of those near one of its stops."""
    vehicles = len(data.start)
    chosen = -1
    for _ in range(3):
        vehicle = int(draw(work.random) * vehicles)
        if plan.length[vehicle] > 0 and (chosen < 0 or plan.length[vehicle] < plan.length[chosen]):
            chosen = vehicle
    if chosen < 0:
        return
    for k in range(plan.length[chosen]):
        _mark(data, movable, marked, plan.seq[chosen, k])


@within
def mark_related(data: Data, plan: Plan, work: Bench, movable: Bytes, marked: Bytes, count: int) -> None:
    """Mark moves whose both ends are near those of one drawn at random, in place and in time, with some chance: Shaw's removal."""
    seed = int(draw(work.random) * data.n)
    if plan.vehicle[seed] < 0 or not movable[seed]:
        return
    marked[seed] = 1
    for _ in range(count - 1):
        # Near ones are likelier: a power of a number below one is mostly small.
        move = data.related[seed, int(draw(work.random) ** 4 * data.related.shape[1])]
        if plan.vehicle[move] >= 0 and movable[move]:
            marked[move] = 1
