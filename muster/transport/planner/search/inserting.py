"""Putting moves into routes: the cheapest place in one route, and the repair of a plan by greed or by regret."""

from __future__ import annotations

import numpy as np

from muster.transport.planner.problem import Matrix
from muster.transport.planner.search.arrays import FOREVER, Bytes, Data, Ints
from muster.transport.planner.search.compiling import called_from_python, compiled, within
from muster.transport.planner.search.routes import CLOSE, Bench, Plan, book, draw, new_edition, possible

SKIPS = 0.01  # the share of places that a greedy repair passes over, so that it does not always find the same


@within
def _skip(work: Bench) -> bool:
    """Whether this place is passed over: one in a hundred, the gaps between them drawn."""
    if work.random[1] > 0:
        work.random[1] -= np.uint64(1)
        return False
    work.random[1] = np.uint64(np.log(1.0 - draw(work.random)) / np.log(1.0 - SKIPS))
    return True


@compiled
def _lay_out(data: Data, plan: Plan, work: Bench, row: int, move: int, first: int, second: int) -> int:
    """Write the row's order with a move's pickup after `first` nodes and its delivery after `second`; how many nodes that is."""
    seq, order = plan.seq[row], work.order
    count = plan.length[row]
    for k in range(first):
        order[k] = seq[k]
    order[first] = move
    for k in range(first, second):
        order[k + 1] = seq[k]
    order[second + 1] = data.n + move
    for k in range(second, count):
        order[k + 2] = seq[k]
    return int(count + 2)


@within
def _has_room(data: Data, aboard: Ints, at: int, vehicle: int, move: int) -> bool:
    """Whether a move has room beside whoever is aboard after a position, in every kind of load."""
    room = True
    for kind in range(data.room.shape[1]):
        if aboard[at, kind] + data.load[move, kind] > data.room[vehicle, kind]:
            room = False
    return room


@within
def cheapest(
    data: Data,
    plan: Plan,
    work: Bench,
    locked: Ints,
    row: int,
    vehicle: int,
    move: int,
    below: float,
    skipping: bool,
) -> tuple[float, int, int]:
    """The cheapest place for a move in a row's route that costs less than `below`: (cost more, pickup after, delivery after).

    The places count nodes before them; without one the cost is FOREVER. The windows are tested in constant time from what
    is booked; what else binds is tested on the whole order, only where the place would be the cheapest so far.
    """
    seq, begins, latest, aboard = plan.seq[row], plan.begins[row], plan.latest[row], plan.aboard[row]
    count = plan.length[row]
    time, cost = data.time, data.cost[data.sort[vehicle]]
    delivery = data.n + move
    fixed = data.fixed[vehicle] if count == 0 else 0.0
    best, best_first, best_second = below, -1, -1
    early_up, late_up, serve_up = data.early[move], data.late[move], data.service[move]
    early_down, late_down, serve_down = data.early[delivery], data.late[delivery], data.service[delivery]
    ride = data.ride[move]
    end = data.end[vehicle]
    for i in range(locked[vehicle], count + 1):
        before = data.start[vehicle] if i == 0 else seq[i - 1]
        departs = begins[i] + (data.service[before] if i > 0 else 0.0)
        if departs > late_up + CLOSE:
            break
        up = max(early_up, departs + time[before, move])
        if up > late_up + CLOSE:
            continue
        if not _has_room(data, aboard, i, vehicle, move):
            continue
        after = end if i == count else seq[i]
        # Straight on to the delivery.
        if not (skipping and _skip(work)):
            more = cost[before, move] + cost[move, delivery] + cost[delivery, after] + fixed
            if count > 0:
                more -= cost[before, after]
            if more < best:
                down = max(early_down, up + serve_up + time[move, delivery])
                if (
                    down <= late_down + CLOSE
                    and down + serve_down + time[delivery, after] <= latest[i + 1] + CLOSE
                    and (
                        not data.bound
                        or possible(data, work, vehicle, _lay_out(data, plan, work, row, move, i, i))
                    )
                ):
                    best, best_first, best_second = more, i, i
        if i == count:
            continue
        detour = cost[before, move] + cost[move, after] - cost[before, after]
        if detour >= best:
            continue
        now = max(data.early[after], up + serve_up + time[move, after])
        if now > latest[i + 1] + CLOSE:
            continue
        riding = time[move, after]
        for j in range(i + 1, count + 1):
            here = seq[j - 1]
            if not _has_room(data, aboard, j, vehicle, move):
                break
            departs = now + data.service[here]
            riding += data.service[here]
            if departs > late_down + CLOSE or riding > ride + CLOSE:
                break
            there = end if j == count else seq[j]
            if not (skipping and _skip(work)):
                more = detour + cost[here, delivery] + cost[delivery, there] - cost[here, there]
                if more < best and riding + time[here, delivery] <= ride + CLOSE:
                    down = max(early_down, departs + time[here, delivery])
                    if (
                        down <= late_down + CLOSE
                        and down + serve_down + time[delivery, there] <= latest[j + 1] + CLOSE
                        and (
                            not data.bound
                            or possible(data, work, vehicle, _lay_out(data, plan, work, row, move, i, j))
                        )
                    ):
                        best, best_first, best_second = more, i, j
            if j == count:
                break
            riding += time[here, there]
            now = max(data.early[there], departs + time[here, there])
            if now > latest[j + 1] + CLOSE:
                break
    if best_first < 0:
        return FOREVER, -1, -1
    return best, best_first, best_second


@compiled
def cheapest_of_all(
    data: Data, plan: Plan, work: Bench, locked: Ints, row: int, vehicle: int, move: int, below: float
) -> tuple[float, int, int]:
    """The cheapest place, none passed over; called where it would take longer to compile it in than it saves."""
    return cheapest(data, plan, work, locked, row, vehicle, move, below, False)


@compiled
def put(
    data: Data, plan: Plan, work: Bench, row: int, vehicle: int, move: int, first: int, second: int
) -> None:
    """Put a move into a row's route at the places that `cheapest` gave, and book the route."""
    count = _lay_out(data, plan, work, row, move, first, second)
    for k in range(first, count):
        plan.seq[row, k] = work.order[k]
    plan.length[row] = count
    new_edition(data, plan, work, row, vehicle)
    if row < len(data.start):
        plan.vehicle[move] = row
        for k in range(first, count):
            plan.place[plan.seq[row, k]] = k


@within
def may_ride(data: Data, plan: Plan, row: int, vehicle: int, move: int) -> bool:
    """Whether a move may ride in a vehicle with those already on its route, at whatever time."""
    if not data.fits[move, vehicle]:
        return False
    if data.has_apart_vehicle:
        for k in range(plan.length[row]):
            node = plan.seq[row, k]
            if node < data.n and data.apart_vehicle[move, node]:
                return False
    return True


@compiled
def _group_more(
    data: Data, plan: Plan, work: Bench, locked: Ints, vehicle: int, move: int, below: float
) -> float:
    """What it costs more to put a move and all that ride with it into a vehicle's route, tried in the last row, which keeps it."""
    trial = len(data.start)
    plan.length[trial] = plan.length[vehicle]
    for k in range(plan.length[vehicle]):
        plan.seq[trial, k] = plan.seq[vehicle, k]
    book(data, plan, trial, vehicle)
    total = 0.0
    member = move
    while True:
        if not may_ride(data, plan, trial, vehicle, member):
            return FOREVER
        more, first, second = cheapest_of_all(data, plan, work, locked, trial, vehicle, member, below - total)
        if first < 0:
            return FOREVER
        put(data, plan, work, trial, vehicle, member, first, second)
        total += more
        member = data.group[member]
        if member == move:
            return total


@compiled
def _keep_trial(data: Data, plan: Plan, work: Bench, vehicle: int) -> None:
    """Take the last row's route for a vehicle's."""
    trial = len(data.start)
    plan.length[vehicle] = plan.length[trial]
    for k in range(plan.length[trial]):
        node = plan.seq[trial, k]
        plan.seq[vehicle, k] = node
        plan.place[node] = k
        if node < data.n:
            plan.vehicle[node] = vehicle
    new_edition(data, plan, work, vehicle, vehicle)


@compiled
def _learn(data: Data, plan: Plan, work: Bench, locked: Ints, vehicle: int, move: int) -> None:
    """Find the cheapest place for a move in a vehicle's route, and keep it for as long as the route is of this edition."""
    known = work.known
    more, first, second = FOREVER, -1, -1
    if may_ride(data, plan, vehicle, vehicle, move):
        more, first, second = cheapest_of_all(data, plan, work, locked, vehicle, vehicle, move, FOREVER)
    known.edition[move, vehicle] = plan.edition[vehicle]
    known.more[move, vehicle] = more
    known.first[move, vehicle], known.second[move, vehicle] = first, second


@within
def _usable(data: Data, plan: Plan, work: Bench, is_open: Bytes, vehicle: int, round_number: int) -> bool:
    """Whether a vehicle is to be looked at: of empty ones that are alike, the first alone."""
    if not is_open[vehicle]:
        return False
    if plan.length[vehicle] == 0:
        kind = data.alike[vehicle]
        if work.seen[kind] == round_number:
            return False
        work.seen[kind] = round_number
    return True


@compiled
def greedy(
    data: Data,
    plan: Plan,
    work: Bench,
    locked: Ints,
    is_open: Bytes,
    absent: Ints,
    count: int,
    touched: Bytes,
) -> int:
    """Put each absent move, in order, where it costs the least more. Those with no place are moved to the front; how many."""
    left = 0
    known = work.known
    vehicles = len(data.start)
    for k in range(count):
        move = absent[k]
        if plan.vehicle[move] >= 0:
            continue  # it came with its group
        alone = data.group[move] == move
        best, best_vehicle, best_first, best_second = FOREVER, -1, -1, -1
        # Routes not touched at this step first: what is known of them leaves less to be tried in the others.
        for now_touched in range(2):
            work.seen[vehicles] += 1
            for vehicle in range(vehicles):
                if touched[vehicle] != now_touched or not _usable(
                    data, plan, work, is_open, vehicle, work.seen[vehicles]
                ):
                    continue
                if not alone:
                    more, first, second = _group_more(data, plan, work, locked, vehicle, move, best), 0, 0
                elif now_touched:
                    if not may_ride(data, plan, vehicle, vehicle, move):
                        continue
                    more, first, second = cheapest(
                        data, plan, work, locked, vehicle, vehicle, move, best, True
                    )
                elif _skip(work):
                    continue
                else:
                    if known.edition[move, vehicle] != plan.edition[vehicle]:
                        _learn(data, plan, work, locked, vehicle, move)
                    more = known.more[move, vehicle]
                    first, second = known.first[move, vehicle], known.second[move, vehicle]
                if more < best:
                    best, best_vehicle, best_first, best_second = more, vehicle, first, second
        if best_vehicle < 0:
            absent[left] = move
            left += 1
            continue
        touched[best_vehicle] = 1
        if alone:
            put(data, plan, work, best_vehicle, best_vehicle, move, best_first, best_second)
        else:
            _group_more(data, plan, work, locked, best_vehicle, move, FOREVER)
            _keep_trial(data, plan, work, best_vehicle)
    if not data.has_groups:
        return left
    # Who found no place may have come with one of the group that was tried after.
    still = 0
    for k in range(left):
        if plan.vehicle[absent[k]] < 0:
            absent[still] = absent[k]
            still += 1
    return still


@compiled
def regret(
    data: Data,
    plan: Plan,
    work: Bench,
    locked: Ints,
    is_open: Bytes,
    absent: Ints,
    count: int,
    touched: Bytes,
    more: Matrix,
    firsts: Ints,
    seconds: Ints,
) -> int:
    """Put first whoever would lose the most by not having their cheapest route: the difference to the second cheapest.

    `more`, `firsts` and `seconds` are tables by place in `absent` and vehicle. For problems without groups.
    """
    known = work.known
    vehicles = len(data.start)
    for k in range(count):
        for vehicle in range(vehicles):
            more[k, vehicle] = -1.0  # not looked up yet
    waiting = count
    left = 0
    while waiting > left:
        best_loss, best_k, best_vehicle = -1.0, -1, -1
        for k in range(left, waiting):
            move = absent[k]
            work.seen[vehicles] += 1
            least, second, at = FOREVER, FOREVER, -1
            for vehicle in range(vehicles):
                if not _usable(data, plan, work, is_open, vehicle, work.seen[vehicles]):
                    continue
                if more[k, vehicle] < 0.0:
                    found, i, j = FOREVER, -1, -1
                    if not touched[vehicle]:
                        if known.edition[move, vehicle] != plan.edition[vehicle]:
                            _learn(data, plan, work, locked, vehicle, move)
                        found = known.more[move, vehicle]
                        i, j = known.first[move, vehicle], known.second[move, vehicle]
                    elif may_ride(data, plan, vehicle, vehicle, move):
                        found, i, j = cheapest_of_all(
                            data, plan, work, locked, vehicle, vehicle, move, FOREVER
                        )
                    more[k, vehicle], firsts[k, vehicle], seconds[k, vehicle] = max(found, 0.0), i, j
                found = more[k, vehicle]
                if found < least:
                    least, second, at = found, least, vehicle
                elif found < second:
                    second = found
            if at >= 0:
                loss = (second - least) * (0.9 + 0.2 * draw(work.random))
                if loss > best_loss:
                    best_loss, best_k, best_vehicle = loss, k, at
        if best_k < 0:
            break
        put(
            data, plan, work, best_vehicle, best_vehicle, absent[best_k],
            firsts[best_k, best_vehicle], seconds[best_k, best_vehicle],
        )  # fmt: skip
        touched[best_vehicle] = 1
        waiting -= 1
        absent[best_k] = absent[waiting]
        for vehicle in range(vehicles):
            more[best_k, vehicle] = more[waiting, vehicle]
            firsts[best_k, vehicle] = firsts[waiting, vehicle]
            seconds[best_k, vehicle] = seconds[waiting, vehicle]
        for k in range(waiting):
            more[k, best_vehicle] = -1.0
    return waiting


@called_from_python
def takes(data: Data, plan: Plan, work: Bench, locked: Ints, move: int) -> bool:
    """Whether any vehicle takes a move into its route of a plan as it is booked, the order of the others unchanged."""
    for vehicle in range(len(data.start)):
        if may_ride(data, plan, vehicle, vehicle, move):
            more, _, _ = cheapest_of_all(data, plan, work, locked, vehicle, vehicle, move, FOREVER)
            if more < FOREVER:
                return True
    return False
