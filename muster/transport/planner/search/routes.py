"""One route: the exact test of an order of visits, and what is booked of a route that is kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from muster.transport.planner.problem import Matrix
from muster.transport.planner.search.arrays import FOREVER, Data, Ints
from muster.transport.planner.search.compiling import called_from_python, compiled

CLOSE = 1e-9


class Plan(NamedTuple):
    """Routes being searched. Row v is vehicle v's; the last row is for trying things out. Position 0 is the start."""

    seq: Ints  # [row, place in order]: nodes, without start and end
    length: Ints
    cost: Matrix  # of each row's route, with what the vehicle costs to use
    begins: Matrix  # [row, position]: earliest service, by windows alone
    latest: Matrix  # [row, position]: latest service, by windows alone
    aboard: Ints  # [row, position, kind]: load after the position
    vehicle: Ints  # per move, -1 where it rides in none
    place: Ints  # per node: its place in the order of its route
    edition: NDArray[np.int64]  # per row: another number for each route that was there


class Known(NamedTuple):
    """The cheapest place of a move in a vehicle's route, as long as the route is of that edition; by move and vehicle."""

    edition: NDArray[np.int64]
    more: Matrix
    first: Ints
    second: Ints


class Bench(NamedTuple):
    """Room to work in, made once."""

    order: Ints
    times: Matrix
    whole: Matrix  # minutes from service at a position to the next
    pickup_at: Ints  # per move
    riding: Ints
    key: Matrix  # per absent move, to sort them by
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
        aboard=np.zeros((rows, longest + 2, kinds), dtype=np.int32),
        vehicle=np.full(data.n, -1, dtype=np.int32),
        place=np.zeros(2 * data.n, dtype=np.int32),
        edition=np.zeros(rows, dtype=np.int64),
    )
    return plan


def bench(data: Data, seed: int) -> Bench:
    """Room to work in, with a random generator of this seed."""
    longest, table = 2 * data.n + 2, (data.n, len(data.start))
    return Bench(
        order=np.zeros(longest, dtype=np.int32),
        times=np.zeros(longest),
        whole=np.zeros(longest),
        pickup_at=np.zeros(data.n, dtype=np.int32),
        riding=np.zeros(data.n, dtype=np.int32),
        key=np.zeros(data.n),
        seen=np.zeros(len(data.alike) + 1, dtype=np.int64),
        known=Known(
            edition=np.full(table, -1, dtype=np.int64),
            more=np.zeros(table),
            first=np.zeros(table, dtype=np.int32),
            second=np.zeros(table, dtype=np.int32),
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
def book(data: Data, plan: Plan, row: int, vehicle: int) -> None:
    """Compute anew what is booked of a row's route, driven by a vehicle."""
    count = plan.length[row]
    seq, begins, latest, aboard = plan.seq[row], plan.begins[row], plan.latest[row], plan.aboard[row]
    cost = data.cost[data.sort[vehicle]]
    kinds = data.room.shape[1]
    here = data.start[vehicle]
    begins[0] = data.leaves[vehicle]
    for kind in range(kinds):
        aboard[0, kind] = 0
    total = 0.0
    departs = begins[0]
    for k in range(count):
        node = seq[k]
        begins[k + 1] = max(data.early[node], departs + data.time[here, node])
        departs = begins[k + 1] + data.service[node]
        for kind in range(kinds):
            aboard[k + 1, kind] = aboard[k, kind] + data.load[node, kind]
        total += cost[here, node]
        here = node
    end = data.end[vehicle]
    begins[count + 1] = departs + data.time[here, end]
    if count > 0:
        total += cost[here, end] + data.fixed[vehicle]
    latest[count + 1] = data.back[vehicle]
    there, by = end, data.back[vehicle]
    for k in range(count - 1, -1, -1):
        node = seq[k]
        by = min(data.late[node], by - data.time[node, there] - data.service[node])
        latest[k + 1] = by
        there = node
    latest[0] = by - data.time[data.start[vehicle], there]
    plan.cost[row] = total


@compiled
def new_edition(data: Data, plan: Plan, work: Bench, row: int, vehicle: int) -> None:
    """Book a route that was changed, as another edition than any before."""
    work.editions[0] += 1
    plan.edition[row] = work.editions[0]
    book(data, plan, row, vehicle)


@called_from_python
def book_all(data: Data, plan: Plan, work: Bench) -> None:
    """Book every vehicle's route, as other editions than any before."""
    for vehicle in range(len(data.start)):
        new_edition(data, plan, work, vehicle, vehicle)


@compiled
def possible(data: Data, work: Bench, vehicle: int, count: int) -> bool:
    """Whether times exist for `work.order[:count]` on a vehicle, and nobody is aboard with whom they are kept apart.

    The least times that satisfy windows, driving, breaks, rides and duration are sought by raising each visit until
    nothing moves; more rounds than visits mean that none exist.
    """
    order, times, whole, pickup_at = work.order, work.times, work.whole, work.pickup_at
    n = data.n
    here = data.start[vehicle]
    allowed, length = data.break_after[vehicle], data.break_length[vehicle]
    driving, driven, service = 0.0, 0.0, 0.0
    now = data.leaves[vehicle]
    times[0] = now
    riding = 0
    for k in range(count + 1):
        node = order[k] if k < count else data.end[vehicle]
        drive = data.time[here, node]
        driving += drive
        leg = service + drive
        if allowed < FOREVER:
            if service >= length:
                driven = 0.0
            if drive > allowed + CLOSE:
                driven += drive
                while driven > allowed + CLOSE:
                    driven -= allowed
                    leg += length
            elif driven + drive > allowed + CLOSE:
                leg += length - service
                driven = drive
            else:
                driven += drive
        whole[k] = leg
        now += leg
        if k < count:
            if now < data.early[node]:
                now = data.early[node]
            elif now > data.late[node] + CLOSE:
                return False
            service = data.service[node]
            if node < n:
                pickup_at[node] = k + 1
                if data.has_apart_aboard:
                    for other in range(riding):
                        if data.apart_aboard[node, work.riding[other]]:
                            return False
                    work.riding[riding] = node
                    riding += 1
            elif data.has_apart_aboard:
                for other in range(riding):
                    if work.riding[other] == node - n:
                        riding -= 1
                        work.riding[other] = work.riding[riding]
                        break
        elif now > data.back[vehicle] + CLOSE:
            return False
        times[k + 1] = now
        here = node
    if driving > data.driving[vehicle] + CLOSE:
        return False
    most = data.duration[vehicle]
    for _ in range(count + 3):
        first = count + 2
        if times[count + 1] - times[0] > most + CLOSE:
            times[0] = times[count + 1] - most
            if times[0] > data.back[vehicle] + CLOSE:
                return False
            first = 0
        for k in range(count - 1, -1, -1):
            node = order[k]
            if node >= n:
                pickup = pickup_at[node - n]
                needed = times[k + 1] - data.ride[node - n] - data.service[node - n]
                if times[pickup] < needed - CLOSE:
                    if needed > data.late[node - n] + CLOSE:
                        return False
                    times[pickup] = needed
                    if pickup < first:
                        first = pickup
        if first > count + 1:
            return True
        for k in range(first, count + 1):
            now = times[k] + whole[k]
            if now > times[k + 1]:
                if k < count:
                    if now > data.late[order[k]] + CLOSE:
                        return False
                elif now > data.back[vehicle] + CLOSE:
                    return False
                times[k + 1] = now
    return False
