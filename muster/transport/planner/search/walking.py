"""The walk from plan to plan: some moves are taken out, put back otherwise, and the outcome is kept or given up.

What costs more is kept with a chance that falls as the walk cools (simulated annealing). When vehicles come first, a plan
is better the less often its absent moves were absent before (Christiaens and Vanden Berghe 2020, section 4.5).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muster.transport.planner.problem import Matrix
from muster.transport.planner.search.arrays import Bytes, Data, Ints
from muster.transport.planner.search.compiling import called_from_python, compiled, within
from muster.transport.planner.search.inserting import greedy, regret
from muster.transport.planner.search.removing import (
    mark_at_random,
    mark_related,
    mark_route,
    mark_strings,
    take_out,
)
from muster.transport.planner.search.routes import Bench, Plan, bench, draw, empty_plan, new_edition, possible

LARGEST_REGRET = 60  # so many absent moves at most are put back by regret
POOL_NODES = 6_000_000
POOL_ROUTES = 400_000


class Pool(NamedTuple):
    """Routes met: for each set of moves and sort of vehicle the cheapest order."""

    slots: NDArray[np.int64]  # a hash table: a route's number plus one, nought where free
    keys: NDArray[np.uint64]  # per route
    starts: NDArray[np.int64]  # where its nodes begin
    lengths: Ints
    alike: Ints  # the sort of vehicle
    cost: Matrix
    nodes: Ints
    used: NDArray[np.int64]  # routes, nodes
    marks: NDArray[np.uint64]  # per move and then per sort of vehicle, drawn: their sum is the key


class Walk(NamedTuple):
    """Everything a walk changes."""

    now: Plan  # the plan that the walk is at
    next: Plan  # the same, being changed
    best: Plan
    work: Bench
    pool: Pool
    locked: Ints  # per vehicle: so many nodes at the front stay as they are
    movable: Bytes  # per move: it may be taken out
    is_open: Bytes  # per vehicle: it may be used
    absent_now: Ints
    absent_next: Ints
    counts: Ints  # absent now, absent in the best
    weighed: Matrix  # what is to be made small: of now, of the best
    missed: Matrix  # per move: how often it was absent, when vehicles come first
    marked: Bytes
    touched: Bytes
    ruined: Bytes


def walk_of(data: Data, seed: int) -> Walk:
    """A walk that begins with nobody in any route."""
    n, vehicles = data.n, len(data.start)
    random = np.random.default_rng(seed)
    return Walk(
        now=empty_plan(data),
        next=empty_plan(data),
        best=empty_plan(data),
        work=bench(data, seed),
        pool=Pool(
            slots=np.zeros(1 << 20, dtype=np.int64),
            keys=np.zeros(POOL_ROUTES, dtype=np.uint64),
            starts=np.zeros(POOL_ROUTES, dtype=np.int64),
            lengths=np.zeros(POOL_ROUTES, dtype=np.int32),
            alike=np.zeros(POOL_ROUTES, dtype=np.int32),
            cost=np.zeros(POOL_ROUTES),
            nodes=np.zeros(POOL_NODES, dtype=np.int32),
            used=np.zeros(2, dtype=np.int64),
            marks=random.integers(0, 2**63, size=n + vehicles + 1, dtype=np.uint64),
        ),
        locked=np.zeros(vehicles, dtype=np.int32),
        movable=np.ones(n, dtype=np.uint8),
        is_open=np.ones(vehicles, dtype=np.uint8),
        absent_now=np.arange(n, dtype=np.int32),
        absent_next=np.arange(n, dtype=np.int32),
        counts=np.array([n, n], dtype=np.int32),
        weighed=np.full(2, float(data.unserved.sum())),
        missed=np.ones(n),
        marked=np.zeros(n, dtype=np.uint8),
        touched=np.zeros(vehicles, dtype=np.uint8),
        ruined=np.zeros(vehicles, dtype=np.uint8),
    )


@compiled
def copy_route(source: Plan, target: Plan, vehicle: int, n: int) -> None:
    """Make a vehicle's route in one plan that of another."""
    count = source.length[vehicle]
    target.length[vehicle] = count
    target.cost[vehicle] = source.cost[vehicle]
    target.edition[vehicle] = source.edition[vehicle]
    target.tight[vehicle] = source.tight[vehicle]
    kinds = source.aboard.shape[2]
    for k in range(count):
        node = source.seq[vehicle, k]
        target.seq[vehicle, k] = node
        target.place[node] = k
        if node < n:
            target.vehicle[node] = vehicle
    for k in range(count + 2):
        target.begins[vehicle, k] = source.begins[vehicle, k]
        target.latest[vehicle, k] = source.latest[vehicle, k]
        target.departs[vehicle, k] = source.departs[vehicle, k]
        target.leg[vehicle, k] = source.leg[vehicle, k]
        target.whole[vehicle, k] = source.whole[vehicle, k]
        for kind in range(kinds):
            target.aboard[vehicle, k, kind] = source.aboard[vehicle, k, kind]


@called_from_python
def copy_plan(source: Plan, target: Plan, n: int) -> None:
    """Make one plan that of another."""
    for move in range(n):
        target.vehicle[move] = -1
    for vehicle in range(len(source.length) - 1):
        copy_route(source, target, vehicle, n)


@compiled
def remember(data: Data, plan: Plan, pool: Pool, vehicle: int) -> None:
    """Keep a route in the pool, unless it was met at no more cost, or the pool is full."""
    count = plan.length[vehicle]
    if count == 0:
        return
    key = pool.marks[data.n + data.alike[vehicle]]
    for k in range(count):
        node = plan.seq[vehicle, k]
        if node < data.n:
            key += pool.marks[node]
    mask = np.uint64(len(pool.slots) - 1)
    slot = np.int64(((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20)) & mask)
    while pool.slots[slot] > 0:
        route = pool.slots[slot] - 1
        if pool.keys[route] == key:
            if plan.cost[vehicle] < pool.cost[route] - 1e-9:
                pool.cost[route] = plan.cost[vehicle]
                start = pool.starts[route]
                for k in range(count):
                    pool.nodes[start + k] = plan.seq[vehicle, k]
            return
        slot = (slot + 1) & np.int64(mask)
    route, start = pool.used[0], pool.used[1]
    if route >= len(pool.keys) or start + count > len(pool.nodes):
        return
    pool.slots[slot] = route + 1
    pool.keys[route] = key
    pool.starts[route] = start
    pool.lengths[route] = count
    pool.alike[route] = data.alike[vehicle]
    pool.cost[route] = plan.cost[vehicle]
    for k in range(count):
        pool.nodes[start + k] = plan.seq[vehicle, k]
    pool.used[0] += 1
    pool.used[1] += count


@within
def _order(data: Data, work: Bench, absent: Ints, count: int) -> None:
    """Sort the absent moves in one of several ways, drawn: who is put back first finds the most room."""
    key = work.key
    way = draw(work.random) * 14.0
    n = data.n
    for k in range(count):
        move = absent[k]
        if way < 4.0:
            key[k] = draw(work.random)
        elif way < 6.0:
            key[k] = -data.load[move, 0]
        elif way < 8.0:
            key[k] = -data.cost[0, data.start[0], move] - data.cost[0, data.start[0], n + move]
        elif way < 9.0:
            key[k] = data.cost[0, data.start[0], move] + data.cost[0, data.start[0], n + move]
        elif way < 11.0:
            key[k] = data.late[move] - data.early[move] + data.late[n + move] - data.early[n + move]
        elif way < 12.0:
            key[k] = data.early[move]
        elif way < 13.0:
            key[k] = -data.late[n + move]
        else:
            key[k] = -data.time[move, n + move]
    for k in range(1, count):
        at, this, move = k, key[k], absent[k]
        while at > 0 and key[at - 1] > this:
            key[at], absent[at] = key[at - 1], absent[at - 1]
            at -= 1
        key[at], absent[at] = this, move


@compiled
def _weigh(data: Data, plan: Plan, absent: Ints, count: int) -> float:
    total = 0.0
    for vehicle in range(len(data.start)):
        total += plan.cost[vehicle]
    for k in range(count):
        total += data.unserved[absent[k]]
    return total


@within
def _repair(data: Data, walk: Walk, count: int, share_of_regret: float) -> int:
    """Put absent moves back; how many found no place."""
    plan, work = walk.next, walk.work
    if not data.has_groups and count <= LARGEST_REGRET and draw(work.random) < share_of_regret:
        return regret(data, plan, work, walk.locked, walk.is_open, walk.absent_next, count, walk.touched)
    _order(data, work, walk.absent_next, count)
    return greedy(data, plan, work, walk.locked, walk.is_open, walk.absent_next, count, walk.touched)


@compiled
def step(data: Data, walk: Walk, average: float, share_of_regret: float, focus: float) -> int:
    """Change the next plan once: take moves out, and put them and the absent back. How many are absent in it."""
    plan, work = walk.next, walk.work
    count = walk.counts[0]
    for k in range(count):
        walk.absent_next[k] = walk.absent_now[k]
    way = draw(work.random)
    if way < 0.80:
        mark_strings(
            data, plan, work, walk.movable, walk.marked, walk.ruined, average, walk.absent_next, count, focus
        )
    elif way < 0.90:
        mark_related(data, plan, work, walk.movable, walk.marked, int(1 + draw(work.random) * 2 * average))
    elif way < 0.97:
        mark_at_random(data, plan, work, walk.movable, walk.marked, int(1 + draw(work.random) * average))
    else:
        mark_route(data, plan, work, walk.movable, walk.marked)
    count = take_out(data, plan, work, walk.marked, walk.touched, walk.absent_next, count)
    return _repair(data, walk, count, share_of_regret)


@compiled
def _stand(data: Data, walk: Walk) -> bool:
    """Whether the routes that were changed have times.

    Who is put in is tested, but taking somebody out can make a route worse: where a closed road makes the way past a stop
    shorter than the way without it, or where the stop was long enough to be a break. Of a `tight` one it is known.
    """
    plan, work = walk.next, walk.work
    for vehicle in range(len(data.start)):
        if walk.touched[vehicle] and not plan.tight[vehicle]:
            for k in range(plan.length[vehicle]):
                work.order[k] = plan.seq[vehicle, k]
            if not possible(data, work, vehicle, plan.length[vehicle]):
                return False
    return True


@compiled
def _copy_changed(data: Data, walk: Walk, source: Plan, target: Plan) -> None:
    """Make one plan that of another again, of which it differs only in the routes that were changed."""
    for move in range(data.n):
        if source.vehicle[move] < 0:
            target.vehicle[move] = -1
    for vehicle in range(len(data.start)):
        if walk.touched[vehicle]:
            copy_route(source, target, vehicle, data.n)
            walk.touched[vehicle] = 0


@compiled
def _keep_next(data: Data, walk: Walk, count: int, weighed: float) -> None:
    for vehicle in range(len(data.start)):
        if walk.touched[vehicle]:
            remember(data, walk.next, walk.pool, vehicle)
    _copy_changed(data, walk, walk.next, walk.now)
    for k in range(count):
        walk.absent_now[k] = walk.absent_next[k]
    walk.counts[0] = count
    walk.weighed[0] = weighed


@called_from_python
def walk_on(
    data: Data, walk: Walk, steps: int, warmth: float, average: float, share_of_regret: float
) -> None:
    """Take so many steps at one warmth, in units of cost: the least cost is sought."""
    for _ in range(steps):
        count = step(data, walk, average, share_of_regret, 0.0)
        weighed = _weigh(data, walk.next, walk.absent_next, count)
        limit = walk.weighed[0] - warmth * np.log(1.0 - draw(walk.work.random))
        if weighed < limit and _stand(data, walk):
            _keep_next(data, walk, count, weighed)
            if weighed < walk.weighed[1] - 1e-9:
                copy_plan(walk.next, walk.best, data.n)
                walk.weighed[1] = weighed
                walk.counts[1] = count
        else:
            _copy_changed(data, walk, walk.now, walk.next)


@called_from_python
def close_vehicle(data: Data, walk: Walk) -> int:
    """Close the vehicle whose moves were absent least often, and let them be absent. Its number, or -1 where none may be closed."""
    least, chosen = 1e300, -1
    for vehicle in range(len(data.start)):
        if walk.is_open[vehicle] and walk.now.length[vehicle] > 0 and walk.locked[vehicle] == 0:
            total = 0.0
            for k in range(walk.now.length[vehicle]):
                node = walk.now.seq[vehicle, k]
                if node < data.n:
                    total += walk.missed[node]
            if total < least:
                least, chosen = total, vehicle
    if chosen < 0:
        return -1
    for vehicle in range(len(data.start)):
        if walk.now.length[vehicle] == 0:
            walk.is_open[vehicle] = 0
    count = walk.counts[0]
    for k in range(walk.now.length[chosen]):
        node = walk.now.seq[chosen, k]
        if node < data.n:
            walk.absent_now[count] = node
            walk.now.vehicle[node] = -1
            count += 1
    walk.counts[0] = count
    walk.now.length[chosen] = 0
    new_edition(data, walk.now, walk.work, chosen, chosen)
    walk.is_open[chosen] = 0
    copy_plan(walk.now, walk.next, data.n)
    walk.weighed[0] = _weigh(data, walk.now, walk.absent_now, count)
    return chosen


@called_from_python
def empty_vehicles(
    data: Data, walk: Walk, steps: int, warmth: float, average: float, share_of_regret: float, focus: float
) -> bool:
    """Take so many steps towards a plan in which nobody is absent, and stop at one. Whether there was one."""
    costs = _weigh(data, walk.now, walk.absent_now, 0)
    missed = 0.0
    for k in range(walk.counts[0]):
        missed += walk.missed[walk.absent_now[k]]
    for _ in range(steps):
        if walk.counts[0] == 0:
            return True
        count = step(data, walk, average, share_of_regret, focus)
        cost = _weigh(data, walk.next, walk.absent_next, 0)
        missed_next = 0.0
        for k in range(count):
            missed_next += walk.missed[walk.absent_next[k]]
        cooler = cost < costs - warmth * np.log(1.0 - draw(walk.work.random))
        wanted = count == 0 or missed_next < missed or (count <= walk.counts[0] and cooler)
        if wanted and _stand(data, walk):
            _keep_next(data, walk, count, cost)
            costs, missed = cost, 0.0
        else:
            _copy_changed(data, walk, walk.now, walk.next)
        for k in range(count):
            walk.missed[walk.absent_next[k]] += 1.0
        missed = 0.0
        for k in range(walk.counts[0]):
            missed += walk.missed[walk.absent_now[k]]
    return bool(walk.counts[0] == 0)
