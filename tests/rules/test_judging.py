"""Clause by clause: judged as an order is refused, and where a standing plan strays from versions that were written later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.core.quantity import Quantity
from muster.decisions.judging import is_inside, judged, merged, strays
from muster.decisions.rules import Draw, InForce, Limits, Refusal, Version, VersionKind, check_draw

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TASK_LISTS = st.lists(st.sampled_from(["T01", "T04", "T06"]), unique=True).map(tuple)
LIMITS = st.builds(
    Limits, zone=st.just("UTC"), people_max=st.none() | st.integers(0, 12), vehicles_max=st.none() | st.integers(0, 3),
    people_max_by_task=st.dictionaries(st.sampled_from(["T01", "T04"]), st.integers(0, 9)).map(MappingProxyType),
    people_max_by_place=st.dictionaries(st.sampled_from(["A", "B"]), st.integers(0, 9)).map(MappingProxyType),
    tasks_allowed=st.none() | TASK_LISTS, tasks_barred=TASK_LISTS, contact=st.sampled_from([None, "none", "incidental", "direct"]),
    places=st.sampled_from([(), ("A",), ("A", "B")]), volunteers_only=st.booleans(),
    armed=st.sampled_from(["none", "individual", "unit"]),
    effective_from=st.sampled_from([None, NOON.date(), (NOON + timedelta(days=1)).date()]),
    effective_to=st.sampled_from([None, NOON.date(), (NOON + timedelta(days=1)).date()]),
)  # fmt: skip


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


DRAWS = st.builds(
    lambda begins, hours, **more: Draw(begins_at=at(begins), ends_at=at(begins + hours), **more),
    begins=st.integers(-20, 20), hours=st.integers(1, 30), task=st.sampled_from(["T01", "T04", "T06"]),
    place=st.sampled_from(["A", "B"]), people=st.integers(0, 9).map(Quantity.exact), vehicles=st.integers(0, 2).map(Quantity.exact),
    contact=st.sampled_from(["none", "incidental", "direct"]), armed=st.sampled_from(["none", "individual", "unit"]),
    volunteers=st.booleans(),
)  # fmt: skip
TASK = Draw(
    task="T01", place="A", people=Quantity.exact(5), vehicles=Quantity.exact(0), begins_at=at(0), ends_at=at(10), contact="none"
)  # fmt: skip


def version(n: int, hours: float, kind: VersionKind = "amended", most: int | None = None) -> Version:
    limits = None if most is None else Limits(zone="UTC", people_max=most)
    return Version(n=n, kind=kind, effective_at=at(hours), known=n, limits=limits)


FIRST = version(1, -99, "issued", 9)


@given(limits=LIMITS, others=st.lists(DRAWS, max_size=4), new=DRAWS)
def test_what_is_refused_is_judged_outside_and_the_other_way_round(
    limits: Limits, others: list[Draw], new: Draw
) -> None:
    in_force = InForce(limits=limits, why=None, since=NOON, version=1)
    try:
        check_draw(in_force, others, new)
        refused = None
    except Refusal as refusal:
        refused = refusal.limit

    clauses = judged(in_force, others, new)

    outside = [clause.limit for clause in clauses if clause.verdict == "outside"]
    assert is_inside(clauses) == (refused is None)
    assert refused is None or refused in outside
    assert all(clause.taken and clause.allowed for clause in clauses if clause.limit != "in_force")


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ([], []),
        ([version(2, 3, most=5)], []),
        ([version(2, 3, most=4)], [(3, 10, 2, None)]),
        ([version(2, 10, most=4)], []),  # from its end on
        ([version(2, -1, most=4)], [(0, 10, 2, None)]),
        ([version(2, 3, "suspended")], [(3, 10, 2, None)]),
        ([version(2, 3, "suspended"), version(3, 5, "resumed")], [(3, 5, 2, 3)]),
        ([version(2, 3, "revoked")], [(3, 10, 2, None)]),
        ([version(2, 3, most=4), version(3, 5, most=3)], [(3, 5, 2, 3), (5, 10, 3, None)]),
        # Written first, the wider one is no answer to the narrower one that was put before it later.
        ([version(2, 5, most=5), version(3, 3, most=4)], [(3, 5, 3, None)]),
        ([version(2, 3, most=4), version(3, 3, most=5)], []),
    ],
)
def test_a_plan_strays_from_the_version_on_that_it_does_not_fit(
    versions: list[Version], told: list[tuple[int, int, int, int | None]]
) -> None:
    found = strays([FIRST, *versions], [], TASK)

    assert [(each.begins_at, each.ends_at, each.version, each.mended_by) for each in found] == [
        (at(begins), at(ends), since, by) for begins, ends, since, by in told
    ]


def test_beside_others_the_sum_strays_and_called_off_before_it_began_nothing_does() -> None:
    beside = replace(TASK, people=Quantity.exact(4))
    versions = [FIRST, version(2, 3, most=8)]

    assert [each.clauses[0].taken for each in strays(versions, [beside], TASK)] == [
        "5, and 9 with what stands beside it"
    ]
    assert strays(versions, [], replace(TASK, ends_at=TASK.begins_at)) == []
    assert strays([], [], TASK) == []


def test_of_a_window_in_parts_the_end_is_the_last_ones() -> None:
    in_force = InForce(limits=Limits(zone="UTC", effective_to=NOON.date()), why=None, since=NOON, version=1)
    parts = [judged(in_force, (), replace(TASK, ends_at=at(end))) for end in (3, 10)]

    assert merged(parts)[1].taken == "ends 2026-03-01 22:00 UTC"
