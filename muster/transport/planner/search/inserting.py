"""Putting moves into routes: the cheapest place in one route, and the repair of a plan by greed or by regret."""

from __future__ import annotations

import numpy as np

from muster.transport.planner.search.arrays import FOREVER, Bytes, Data, Ints
from muster.transport.planner.search.compiling import called_from_python, compiled, within
from muster.transport.planner.search.routes import (
    CLOSE,
    Bench,
    Plan,
    book,
    draw,
    lay_out,
    new_edition,
    possible_with,
)

SKIPS = 0.01  # the share of places that a greedy repair passes over, so that it does not always find the same


@within
def _skip(work: Bench) -> bool:
    """Whether this place is passed over: one in a hundred, the gaps between them drawn."""
    if work.random[1] > 0:
        work.random[1] -= np.uint64(1)
        return False
    work.random[1] = np.uint64(np.log(1.0 - draw(work.random)) / np.log(1.0 - SKIPS))
    return True


@within
def _has_room(data: Data, aboard: Ints, at: int, vehicle: int, move: int) -> bool:
    """Whether a move has room beside whoever is aboard after a position, in every kind of load."""
    room = True
    for kind in range(data.room.shape[1]):
        if aboard[at, kind] + data.load[move, kind] > data.room[vehicle, kind]:
            room = False
    return room


@compiled
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
    testing: bool,
) -> tuple[float, int, int]:
    """The cheapest place for a move in a row's route that costs less than `below`: (cost more, pickup after, delivery after).

    The places count nodes before them; without one the cost is FOREVER. The windows are tested in constant time from what
    is booked. What else binds is tested on the whole order, when `testing`, only where the place would be the cheapest so
    far; else the place may prove impossible.
    """
    seq, latest, aboard = plan.seq[row], plan.latest[row], plan.aboard[row]
    departs, leg = plan.departs[row], plan.leg[row]
    count = plan.length[row]
    delivery, sort = data.n + move, data.sort[vehicle]
    time_to_up, time_from_up = data.time_to[move], data.time[move]
    time_to_down, time_from_down = data.time_to[delivery], data.time[delivery]
    cost_to_up, cost_from_up = data.cost_to[sort, move], data.cost[sort, move]
    cost_to_down, cost_from_down = data.cost_to[sort, delivery], data.cost[sort, delivery]
    fixed = data.fixed[vehicle] if count == 0 else 0.0
    best, best_first, best_second = below, -1, -1
    early_up, late_up, serve_up = data.early[move], data.late[move], data.service[move]
    early_down, late_down, serve_down = data.early[delivery], data.late[delivery], data.service[delivery]
    ride = data.ride[move]
    straight, straight_cost = serve_up + time_from_up[delivery], cost_from_up[delivery] + fixed
    end = data.end[vehicle]
    before = data.start[vehicle] if locked[vehicle] == 0 else seq[locked[vehicle] - 1]
    for i in range(locked[vehicle], count + 1):
        after = end if i == count else seq[i]
        came, before = before, after
        if departs[i] > late_up + CLOSE:
            break
        if early_up + serve_up > latest[i + 1] + CLOSE:
            continue
        up = max(early_up, departs[i] + time_to_up[came])
        if up > late_up + CLOSE:
            continue
        if not _has_room(data, aboard, i, vehicle, move):
            continue
        to_up = cost_to_up[came] - leg[i]
        # Straight on to the delivery.
        if not (skipping and _skip(work)):
            more = to_up + straight_cost + cost_from_down[after]
            if more < best:
                down = max(early_down, up + straight)
                if (
                    down <= late_down + CLOSE
                    and down + serve_down + time_from_down[after] <= latest[i + 1] + CLOSE
                    and (not testing or possible_with(data, plan, work, row, vehicle, move, i, i))
                ):
                    best, best_first, best_second = more, i, i
        if i == count:
            break
        detour = to_up + cost_from_up[after]
        if detour >= best:
            continue
        now = max(data.early[after], up + serve_up + time_from_up[after])
        if now > latest[i + 1] + CLOSE:
            continue
        riding = time_from_up[after]
        here = after
        for j in range(i + 1, count + 1):
            if not _has_room(data, aboard, j, vehicle, move):
                break
            served = now + data.service[here]
            riding += data.service[here]
            if served > late_down + CLOSE or riding > ride + CLOSE:
                break
            there = end if j == count else seq[j]
            if not (skipping and _skip(work)):
                more = detour + cost_to_down[here] + cost_from_down[there] - leg[j]
                if more < best and riding + time_to_down[here] <= ride + CLOSE:
                    down = max(early_down, served + time_to_down[here])
                    if (
                        down <= late_down + CLOSE
                        and down + serve_down + time_from_down[there] <= latest[j + 1] + CLOSE
                        and (not testing or possible_with(data, plan, work, row, vehicle, move, i, j))
                    ):
                        best, best_first, best_second = more, i, j
            if j == count:
                break
            leg_time = data.time[here, there]
            riding += leg_time
            now = max(data.early[there], served + leg_time)
            if now > latest[j + 1] + CLOSE:
                break
            here = there
    if best_first < 0:
        return FOREVER, -1, -1
    return best, best_first, best_second


@compiled
def put(
    data: Data, plan: Plan, work: Bench, row: int, vehicle: int, move: int, first: int, second: int
) -> None:
    """Put a move into a row's route at the places that `cheapest` gave, and book the route."""
    count = lay_out(plan.seq[row], work.order, plan.length[row], data.n, move, first, second)
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
    book(data, plan, work, trial, vehicle)
    total = 0.0
    member = move
    while True:
        if not may_ride(data, plan, trial, vehicle, member):
            return FOREVER
        more, first, second = cheapest(
            data, plan, work, locked, trial, vehicle, member, below - total, False, data.bound
        )
        if first < 0:
            return FOREVER
        put(data, plan, work, trial, vehicle, member, first, second)
        total += more
        member = data.group[member]
        if member == move:
            return total


@within
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
def _learn(
    data: Data,
    plan: Plan,
    work: Bench,
    locked: Ints,
    vehicle: int,
    move: int,
    at_step: int,
    skipping: bool,
    testing: bool,
) -> None:
    """Find the cheapest place for a move in a vehicle's route, and keep it for as long as the route is of this edition.

    What is found while places are passed over (`skipping`) is of no edition: it is found anew each time.
    """
    known = work.known
    more, first, second = FOREVER, -1, -1
    if may_ride(data, plan, vehicle, vehicle, move):
        more, first, second = cheapest(
            data, plan, work, locked, vehicle, vehicle, move, FOREVER, skipping, testing and data.bound
        )
    known.edition[at_step, move, vehicle] = -1 if skipping else plan.edition[vehicle]
    known.more[at_step, move, vehicle] = more
    known.first[at_step, move, vehicle], known.second[at_step, move, vehicle] = first, second
    known.tested[at_step, move, vehicle] = testing or not data.bound


@compiled
def _stands(data: Data, plan: Plan, work: Bench, locked: Ints, vehicle: int, move: int, at_step: int) -> bool:
    """Whether what is known as the cheapest place is possible. Where it is not, one that is is found and kept."""
    known = work.known
    if known.tested[at_step, move, vehicle]:
        return True
    first, second = known.first[at_step, move, vehicle], known.second[at_step, move, vehicle]
    if possible_with(data, plan, work, vehicle, vehicle, move, first, second):
        known.tested[at_step, move, vehicle] = 1
        return True
    _learn(data, plan, work, locked, vehicle, move, at_step, False, True)
    return False


@within
def _put_known(data: Data, plan: Plan, work: Bench, vehicle: int, move: int, at_step: int) -> None:
    """Put a move at what is known as its cheapest place in a vehicle's route."""
    first, second = work.known.first[at_step, move, vehicle], work.known.second[at_step, move, vehicle]
    put(data, plan, work, vehicle, vehicle, move, first, second)


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


@within
def _place_of_one(
    data: Data, plan: Plan, work: Bench, locked: Ints, is_open: Bytes, move: int, touched: Bytes
) -> int:
    """The vehicle whose route takes a move at the least cost, or -1; the place is in what is known. Some are passed over.

    The cheapest places are found first, and tested only when they are the cheapest of all routes.
    """
    known, vehicles = work.known, len(data.start)
    work.seen[vehicles] += 1
    round_number = work.seen[vehicles]
    for vehicle in range(vehicles):
        work.asked[vehicle] = FOREVER
        at_step = touched[vehicle]
        if not _usable(data, plan, work, is_open, vehicle, round_number):
            continue
        if at_step:
            _learn(data, plan, work, locked, vehicle, move, at_step, True, False)
        elif _skip(work):
            continue
        elif known.edition[at_step, move, vehicle] != plan.edition[vehicle]:
            _learn(data, plan, work, locked, vehicle, move, at_step, False, False)
        work.asked[vehicle] = known.more[at_step, move, vehicle]
    while True:
        best, chosen = FOREVER, -1
        for vehicle in range(vehicles):
            if work.asked[vehicle] < best:
                best, chosen = work.asked[vehicle], vehicle
        if chosen < 0 or _stands(data, plan, work, locked, chosen, move, touched[chosen]):
            return chosen
        work.asked[chosen] = known.more[touched[chosen], move, chosen]


@within
def _place_of_group(data: Data, plan: Plan, work: Bench, locked: Ints, is_open: Bytes, move: int) -> int:
    """The vehicle whose route takes a move and all that ride with it at the least cost, or -1."""
    vehicles = len(data.start)
    best, chosen = FOREVER, -1
    work.seen[vehicles] += 1
    for vehicle in range(vehicles):
        if _usable(data, plan, work, is_open, vehicle, work.seen[vehicles]):
            more = _group_more(data, plan, work, locked, vehicle, move, best)
            if more < best:
                best, chosen = more, vehicle
    return chosen


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
    for k in range(count):
        move = absent[k]
        if plan.vehicle[move] >= 0:
            continue  # it came with its group
        alone = data.group[move] == move
        vehicle = (
            _place_of_one(data, plan, work, locked, is_open, move, touched)
            if alone
            else _place_of_group(data, plan, work, locked, is_open, move)
        )
        if vehicle < 0:
            absent[left] = move
            left += 1
            continue
        if alone:
            _put_known(data, plan, work, vehicle, move, touched[vehicle])
        else:
            _group_more(data, plan, work, locked, vehicle, move, FOREVER)
            _keep_trial(data, plan, work, vehicle)
        touched[vehicle] = 1
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
) -> int:
    """Put first whoever would lose the most by not having their cheapest route: the difference to the second cheapest.

    For problems without groups.
    """
    known = work.known
    vehicles = len(data.start)
    waiting = count
    while waiting > 0:
        best_loss, best_k, best_vehicle = -1.0, -1, -1
        for k in range(waiting):
            move = absent[k]
            work.seen[vehicles] += 1
            least, second, at = FOREVER, FOREVER, -1
            for vehicle in range(vehicles):
                if not _usable(data, plan, work, is_open, vehicle, work.seen[vehicles]):
                    continue
                at_step = touched[vehicle]
                if known.edition[at_step, move, vehicle] != plan.edition[vehicle]:
                    _learn(data, plan, work, locked, vehicle, move, at_step, False, False)
                found = known.more[at_step, move, vehicle]
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
        move, at_step = absent[best_k], touched[best_vehicle]
        if not _stands(data, plan, work, locked, best_vehicle, move, at_step):
            continue
        _put_known(data, plan, work, best_vehicle, move, at_step)
        touched[best_vehicle] = 1
        waiting -= 1
        absent[best_k] = absent[waiting]
    return waiting


@called_from_python
def takes(data: Data, plan: Plan, work: Bench, locked: Ints, move: int) -> bool:
    """Whether any vehicle takes a move into its route of a plan as it is booked, the order of the others unchanged."""
    for vehicle in range(len(data.start)):
        if may_ride(data, plan, vehicle, vehicle, move):
            more, _, _ = cheapest(
                data, plan, work, locked, vehicle, vehicle, move, FOREVER, False, data.bound
            )
            if more < FOREVER:
                return True
    return False
