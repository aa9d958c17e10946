"""One route: the exact test of an order of visits, and what is booked of a route that is kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muster.transport.planner.problem import Matrix
from muster.transport.planner.search.arrays import FOREVER, Bytes, Data, Ints
from muster.transport.planner.search.compiling import called_from_python, compiled, within

CLOSE = 1e-9


class Plan(NamedTuple):
    """Routes being searched. Row v is vehicle v's; the last row is for trying things out. Position 0 is the start."""

    seq: Ints  # [row, place in order]: nodes, without start and end
    length: Ints
    cost: Matrix  # of each row's route, with what the vehicle costs to use
    begins: Matrix  # [row, position]: earliest service, by all that binds where the route is `tight`, else by windows alone
    latest: Matrix  # [row, position]: latest service, likewise
    tight: Bytes  # per row: its route was found to have times, and they are narrowed by all that binds
    departs: Matrix  # [row, position]: earliest end of service
    leg: Matrix  # [row, position]: what the leg from there costs
    whole: Matrix  # [row, position]: minutes from service there to the next, where the route is tight
    aboard: Ints  # [row, position, kind]: load after the position
    vehicle: Ints  # per move, -1 where it rides in none
    place: Ints  # per node: its place in the order of its route
    edition: NDArray[np.int64]  # per row: another number for each route that was there


class Known(NamedTuple):
    """The cheapest place of a move in a vehicle's route, as long as the route is of that edition.

    Tables by whether the route was changed at this step (so that what is given up leaves what is known of the plan), by move
    and by vehicle. The place is in time and has room; whether it is possible at all is `tested` only when it is wanted.
    """

    edition: NDArray[np.int64]
    more: Matrix
    first: Ints
    second: Ints
    tested: Bytes


class Bench(NamedTuple):
    """Room to work in, made once."""

    order: Ints
    times: Matrix
    until: Matrix
    whole: Matrix  # minutes from service at a position to the next
    pickup_at: Ints  # per move
    riding: Ints
    key: Matrix  # per absent move, to sort them by
    asked: Matrix  # per vehicle: what it costs more to let it take a move
    seen: NDArray[np.int64]  # per sort of vehicle
    known: Known
    editions: NDArray[np.int64]  # how many editions of routes there were
    random: NDArray[
        np.uint64
    ]  # the state of the generator, and how many places it still passes before it skips one


def empty_plan(data: Data) -> Plan:
    """A plan in which nobody rides."""
    rows, kinds = len(data.start) + 1, data.room.shape[1]
    longest = 2 * data.n
    plan = Plan(
        seq=np.zeros((rows, longest), dtype=np.int32),
        length=np.zeros(rows, dtype=np.int32),
        cost=np.zeros(rows),
        begins=np.zeros((rows, longest + 2)),
        latest=np.zeros((rows, longest + 2)),
        departs=np.zeros((rows, longest + 2)),
        leg=np.zeros((rows, longest + 2)),
        whole=np.zeros((rows, longest + 2)),
        tight=np.zeros(rows, dtype=np.uint8),
        aboard=np.zeros((rows, longest + 2, kinds), dtype=np.int32),
        vehicle=np.full(data.n, -1, dtype=np.int32),
        place=np.zeros(2 * data.n, dtype=np.int32),
        edition=np.zeros(rows, dtype=np.int64),
    )
    return plan


def bench(data: Data, seed: int) -> Bench:
    """Room to work in, with a random generator of this seed."""
    longest, table = 2 * data.n + 2, (2, data.n, len(data.start))
    return Bench(
        order=np.zeros(longest, dtype=np.int32),
        times=np.zeros(longest),
        until=np.zeros(longest),
        whole=np.zeros(longest),
        pickup_at=np.zeros(data.n, dtype=np.int32),
        riding=np.zeros(data.n, dtype=np.int32),
        key=np.zeros(data.n),
        asked=np.zeros(len(data.start)),
        seen=np.zeros(len(data.alike) + 1, dtype=np.int64),
        known=Known(
            edition=np.full(table, -1, dtype=np.int64),
            more=np.zeros(table),
            first=np.zeros(table, dtype=np.int32),
            second=np.zeros(table, dtype=np.int32),
            tested=np.zeros(table, dtype=np.uint8),
        ),
        editions=np.zeros(1, dtype=np.int64),
        random=np.array([(seed * 2654435761 + 88172645463325252) % 2**64, 0], dtype=np.uint64),
    )


@compiled
def draw(random: NDArray[np.uint64]) -> float:
    """A number from 0 up to 1, by splitmix64: the same for a seed on every machine."""
    random[0] += np.uint64(0x9E3779B97F4A7C15)
    z = random[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def _lower(
    seq: Ints,
    latest: Matrix,
    whole: Matrix,
    pickup_at: Ints,
    service: Matrix,
    ride: Matrix,
    most: float,
    count: int,
) -> None:
    """Make the latest times the greatest that a route has, by lowering each visit until nothing moves."""
    n = len(ride)
    for _ in range(count + 3):
        last = -1
        if latest[count + 1] > latest[0] + most + CLOSE:
            latest[count + 1] = latest[0] + most
            last = count + 1
        for k in range(count):
            node = seq[k]
            if node >= n:
                pickup = node - n
                by = latest[pickup_at[pickup]] + service[pickup] + ride[pickup]
                if latest[k + 1] > by + CLOSE:
                    latest[k + 1] = by
                    if k + 1 > last:
                        last = k + 1
        if last < 0:
            break
        for k in range(last - 1, -1, -1):
            by = latest[k + 1] - whole[k]
            if by < latest[k]:
                latest[k] = by


@compiled
def book(data: Data, plan: Plan, work: Bench, row: int, vehicle: int) -> None:
    """Compute anew what is booked of a row's route, driven by a vehicle."""
    count = plan.length[row]
    seq, begins, latest, aboard = plan.seq[row], plan.begins[row], plan.latest[row], plan.aboard[row]
    departs, leg = plan.departs[row], plan.leg[row]
    time, cost, load = data.time, data.cost[data.sort[vehicle]], data.load
    early, late, service = data.early, data.late, data.service
    start, end, back = data.start[vehicle], data.end[vehicle], data.back[vehicle]
    kinds = load.shape[1]
    here = start
    begins[0] = data.leaves[vehicle]
    for kind in range(kinds):
        aboard[0, kind] = 0
    total = 0.0
    departs[0] = begins[0]
    for k in range(count):
        node = seq[k]
        begins[k + 1] = max(early[node], departs[k] + time[here, node])
        departs[k + 1] = begins[k + 1] + service[node]
        for kind in range(kinds):
            aboard[k + 1, kind] = aboard[k, kind] + load[node, kind]
        leg[k] = cost[here, node]
        total += leg[k]
        here = node
    begins[count + 1] = departs[count] + time[here, end]
    if count > 0:
        leg[count] = cost[here, end]
        total += leg[count] + data.fixed[vehicle]
    else:
        leg[count] = 0.0
    latest[count + 1] = back
    there, by = end, back
    for k in range(count - 1, -1, -1):
        node = seq[k]
        by = min(late[node], by - time[node, there] - service[node])
        latest[k + 1] = by
        there = node
    latest[0] = by - time[start, there]
    plan.cost[row] = total
    plan.tight[row] = 0
    if data.bound and data.break_after[vehicle] >= FOREVER:
        order, times = work.order, work.times
        for k in range(count):
            order[k] = seq[k]
        if possible(data, work, vehicle, count):
            begins[0] = departs[0] = times[0]
            for k in range(count):
                departs[k + 1] = times[k + 1] + service[seq[k]]
            whole = plan.whole[row]
            for k in range(count + 1):
                begins[k + 1], whole[k] = times[k + 1], work.whole[k]
            _lower(seq, latest, whole, work.pickup_at, service, data.ride, data.duration[vehicle], count)
            plan.tight[row] = 1


@within
def new_edition(data: Data, plan: Plan, work: Bench, row: int, vehicle: int) -> None:
    """Book a route that was changed, as another edition than any before."""
    work.editions[0] += 1
    plan.edition[row] = work.editions[0]
    book(data, plan, work, row, vehicle)


@called_from_python
def book_all(data: Data, plan: Plan, work: Bench) -> None:
    """Book every vehicle's route, as other editions than any before."""
    for vehicle in range(len(data.start)):
        new_edition(data, plan, work, vehicle, vehicle)


@compiled
def _raise(
    order: Ints, times: Matrix, until: Matrix, whole: Matrix, pickup_at: Ints, service: Matrix, ride: Matrix,
    most: float, count: int, begin: int, sure: int,
) -> bool:  # fmt: skip
    """Make times the least that an order has, none of them after `until`, by raising each visit until nothing moves.

    Whether there are such times; more rounds than visits mean that there are none. Times are raised from the position
    `begin` on, and every leg is looked at from there to `sure`; after it a leg that raises nothing ends the round, since all
    stands behind it.
    """
    n = len(ride)
    for _ in range(count + 3):
        last = sure
        for k in range(begin, count + 1):
            now = times[k] + whole[k]
            if now > times[k + 1]:
                if now > until[k + 1] + CLOSE:
                    return False
                times[k + 1] = now
                last = max(last, k + 1)
            elif k >= sure:
                break
        low, sure = count + 2, 0
        if times[count + 1] - times[0] > most + CLOSE:
            times[0] = times[count + 1] - most
            if times[0] > until[0] + CLOSE:
                return False
            low = 0
        for k in range(min(last, count), begin, -1):
            node = order[k - 1]
            if node >= n:
                pickup = pickup_at[node - n]
                needed = times[k] - ride[node - n] - service[node - n]
                if times[pickup] < needed - CLOSE:
                    if needed > until[pickup] + CLOSE:
                        return False
                    times[pickup] = needed
                    low = min(low, pickup)
                    sure = max(sure, pickup)
        if low > count + 1:
            return True
        begin = low
    return False


@compiled
def _without(riding: Ints, count: int, move: int) -> int:
    """Let a move get off; how many of the `count` are aboard then."""
    for other in range(count):
        if riding[other] == move:
            riding[other] = riding[count - 1]
            return count - 1
    return count


@compiled
def possible(data: Data, work: Bench, vehicle: int, count: int) -> bool:
    """Whether times exist for `work.order[:count]` on a vehicle, and nobody is aboard with whom they are kept apart.

    The least times that satisfy windows, driving, breaks, rides and duration are left in `work.times`.
    """
    order, times, until, whole, pickup_at = work.order, work.times, work.until, work.whole, work.pickup_at
    time, early, late, service = data.time, data.early, data.late, data.service
    has_apart_aboard, apart, riding = data.has_apart_aboard, data.apart_aboard, work.riding
    n, end = data.n, data.end[vehicle]
    here = data.start[vehicle]
    allowed, length = data.break_after[vehicle], data.break_length[vehicle]
    driving, driven, served = 0.0, 0.0, 0.0
    aboard = 0
    for k in range(count + 1):
        node = order[k] if k < count else end
        drive = time[here, node]
        driving += drive
        leg = served + drive
        if allowed < FOREVER:
            if served >= length:
                driven = 0.0
            if drive > allowed + CLOSE:
                driven += drive
                while driven > allowed + CLOSE:
                    driven -= allowed
                    leg += length
            elif driven + drive > allowed + CLOSE:
                leg += length - served
                driven = drive
            else:
                driven += drive
        whole[k] = leg
        here = node
        if k == count:
            break
        times[k + 1], until[k + 1] = early[node], late[node]
        served = service[node]
        if node < n:
            pickup_at[node] = k + 1
            if has_apart_aboard:
                for other in range(aboard):
                    if apart[node, riding[other]]:
                        return False
                riding[aboard] = node
                aboard += 1
        elif has_apart_aboard:
            aboard = _without(riding, aboard, node - n)
    if driving > data.driving[vehicle] + CLOSE:
        return False
    times[0] = times[count + 1] = data.leaves[vehicle]
    until[0] = until[count + 1] = data.back[vehicle]
    most = data.duration[vehicle]
    return _raise(order, times, until, whole, pickup_at, service, data.ride, most, count, 0, count + 1)


@compiled
def lay_out(seq: Ints, order: Ints, count: int, n: int, move: int, first: int, second: int) -> int:
    """Write an order of nodes with a move's pickup after `first` of them and its delivery after `second`; how many nodes that is."""
    for k in range(first):
        order[k] = seq[k]
    order[first] = move
    for k in range(first, second):
        order[k + 1] = seq[k]
    order[second + 1] = n + move
    for k in range(second, count):
        order[k + 2] = seq[k]
    return int(count + 2)


@compiled
def _gets_on(order: Ints, riding: Ints, apart: Bytes, n: int, first: int, last: int) -> bool:
    """Whether the move picked up at `first` in an order is kept apart from nobody who is aboard before `last`."""
    count = 0
    for k in range(last):
        node = order[k]
        if node >= n:
            count = _without(riding, count, node - n)
            continue
        if k == first:
            for other in range(count):
                if apart[node, riding[other]]:
                    return False
        elif k > first and apart[order[first], node]:
            return False
        riding[count] = node
        count += 1
    return True


@compiled
def _driving(order: Ints, time: Matrix, start: int, end: int, count: int) -> float:
    """Minutes of driving along an order of nodes."""
    total, here = 0.0, start
    for k in range(count):
        total += time[here, order[k]]
        here = order[k]
    return float(total + time[here, end])


@compiled
def possible_with(
    data: Data, plan: Plan, work: Bench, row: int, vehicle: int, move: int, first: int, second: int
) -> bool:
    """Whether a row's route with a move's pickup after `first` nodes and its delivery after `second` is possible.

    Where the route's own least times are booked, the times with the move are sought from them, since nobody can be
    served sooner when there is more to do, and only what they push back is looked at.
    """
    order, n = work.order, data.n
    count = lay_out(plan.seq[row], order, plan.length[row], n, move, first, second)
    if not plan.tight[row]:
        return possible(data, work, vehicle, count)
    if data.has_apart_aboard and not _gets_on(order, work.riding, data.apart_aboard, n, first, second + 1):
        return False
    time, start, end, most_driving = data.time, data.start[vehicle], data.end[vehicle], data.driving[vehicle]
    if most_driving < FOREVER and _driving(order, time, start, end, count) > most_driving + CLOSE:
        return False
    times, until, whole, pickup_at = work.times, work.until, work.whole, work.pickup_at
    begins, latest, legs = plan.begins[row], plan.latest[row], plan.whole[row]
    service, delivery = data.service, n + move
    for k in range(first + 1):
        times[k], until[k], whole[k] = begins[k], latest[k], legs[k]
    for k in range(first + 1, second + 1):
        times[k + 1], until[k + 1], whole[k + 1] = begins[k], latest[k], legs[k]
    for k in range(second + 1, count):
        times[k + 2], until[k + 2], whole[k + 2] = begins[k], latest[k], legs[k]
    times[first + 1], until[first + 1] = data.early[move], data.late[move]
    times[second + 2], until[second + 2] = data.early[delivery], data.late[delivery]
    before = start if first == 0 else order[first - 1]
    whole[first] = time[before, move] + (service[before] if first > 0 else 0.0)
    whole[first + 1] = service[move] + time[move, order[first + 1]]
    whole[second + 1] = service[order[second]] + time[order[second], delivery]
    whole[second + 2] = service[delivery] + time[delivery, order[second + 2] if second + 2 < count else end]
    for k in range(count):
        if order[k] < n:
            pickup_at[order[k]] = k + 1
    most = data.duration[vehicle]
    return _raise(order, times, until, whole, pickup_at, service, data.ride, most, count, first, second + 2)
