"""The best set of all routes met: set partitioning by HiGHS.

Each move rides in one chosen route or is left, and of vehicles that are alike no more are chosen than there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from muster.transport.planner.search.arrays import Bytes, Data
from muster.transport.planner.search.walking import Pool

MOST_ROUTES = 60_000  # looked at; the cheapest a move first
CHOSEN_ROUTES = 8_000  # left to choose from in whole numbers: what costs least above the prices of its moves


def best_set(
    data: Data, pool: Pool, is_open: Bytes, *, below: float, seconds: float
) -> list[tuple[int, list[int]]] | None:
    """The set of routes of the pool, for open vehicles, that weighs the least and less than `below`; None: none was found in the time.

    Each route by the sort of vehicle that drives it, and the order of its nodes.
    """
    routes = _candidates(data, pool)
    if not routes:
        return None
    columns = _columns(data, pool, routes)
    relaxed = _solver(data, is_open, columns, whole=False, seconds=seconds / 2)
    relaxed.run()
    if relaxed.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    reduced = np.array(relaxed.getSolution().col_dual)[: len(routes)]
    least = relaxed.getInfo().objective_function_value
    if least >= below - 1e-6:
        return None
    near = np.argsort(reduced, kind="stable")[:CHOSEN_ROUTES]
    near = near[reduced[near] < below - least]
    routes = [routes[each] for each in near]
    solver = _solver(data, is_open, _columns(data, pool, routes), whole=True, seconds=seconds / 2)
    solver.setOptionValue("objective_bound", below - 1e-6)
    solver.run()
    solution = solver.getSolution()
    if not solution.value_valid or solver.getInfo().objective_function_value >= below - 1e-6:
        return None
    chosen = [route for route, value in zip(routes, solution.col_value, strict=False) if value > 0.5]
    return [(int(pool.alike[each]), _nodes(pool, each)) for each in chosen]


def _nodes(pool: Pool, route: int) -> list[int]:
    start = pool.starts[route]
    return [int(node) for node in pool.nodes[start : start + pool.lengths[route]]]


def _candidates(data: Data, pool: Pool) -> list[int]:
    count = int(pool.used[0])
    if count <= MOST_ROUTES:
        return list(range(count))
    return [int(each) for each in np.argsort(pool.cost[:count] / pool.lengths[:count])[:MOST_ROUTES]]


@dataclass(frozen=True)
class _Columns:
    cost: np.ndarray
    starts: np.ndarray
    rows: np.ndarray


def _columns(data: Data, pool: Pool, routes: list[int]) -> _Columns:
    """One column for each route, and after them one for leaving each move."""
    rows: list[np.ndarray] = []
    for route in routes:
        start = pool.starts[route]
        nodes = pool.nodes[start : start + pool.lengths[route]]
        rows.append(np.append(nodes[nodes < data.n], data.n + pool.alike[route]))
    rows += [np.array([move]) for move in range(data.n)]
    starts = np.concatenate([[0], np.cumsum([len(each) for each in rows])])
    return _Columns(
        cost=np.concatenate([pool.cost[routes], data.unserved]),
        starts=starts.astype(np.int32),
        rows=np.concatenate(rows).astype(np.int32),
    )


def _solver(data: Data, is_open: Bytes, columns: _Columns, *, whole: bool, seconds: float) -> highspy.Highs:
    kinds = int(data.alike.max()) + 1
    count = len(columns.cost)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = count, data.n + kinds
    lp.col_cost_ = columns.cost
    lp.col_lower_, lp.col_upper_ = np.zeros(count), np.ones(count)
    lp.row_lower_ = np.concatenate([np.ones(data.n), np.zeros(kinds)])
    vehicles = np.bincount(data.alike[is_open > 0], minlength=kinds)
    lp.row_upper_ = np.concatenate([np.ones(data.n), vehicles]).astype(float)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = columns.starts, columns.rows
    lp.a_matrix_.value_ = np.ones(len(columns.rows))
    if whole:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * count
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("time_limit", seconds)
    solver.passModel(lp)
    return solver
