"""Daily custody lists: at the end of each list's day the ledger holds the list, and the odd is told."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.core.csvfiles import read_table
from muster.core.times import end_of_day
from muster.custody.rosters import (
    COLUMNS,
    OPTIONAL_COLUMNS,
    Arrive,
    Depart,
    ListOutOfOrder,
    ListPlan,
    Lists,
    Operation,
    RosterList,
    Undo,
    plan_list,
    plan_lists,
    read_lists,
)

NEW_YORK = ZoneInfo("America/New_York")
SHARED = Path(os.environ.get("MUSTER_SHARED") or Path(__file__).parents[3] / "shared")
SAMPLE = SHARED / "data" / "custody_rosters.csv"
TOTALS = SHARED / "data" / "custody_sample_totals.csv"


def read(text: str) -> Lists:
    table = read_table(io.BytesIO(text.encode()), columns=COLUMNS, optional=OPTIONAL_COLUMNS)
    return read_lists(table, zone=NEW_YORK)


def lists(story: str) -> tuple[RosterList, ...]:
    """Lists as a story: a date, then each person and the admission; `-` is a list where only Ozu stands."""
    text = "roster_date,person,admitted_at\n"
    for told in filter(None, map(str.strip, story.splitlines())):
        listed, *lines = told.split()
        text += f"{listed},Ozu,2018-02-01T10:00\n"
        text += "".join(f"{listed},{line.replace('@', ',')}\n" for line in lines if line != "-")
    found = read(text)
    assert found.faults == ()
    return found.lists


def play(story: str) -> list[ListPlan]:
    return list(plan_lists({}, lists(story), previous=None, zone=NEW_YORK))


def kinds(plan: ListPlan) -> dict[str, int]:
    return {kind: count for kind, count in plan.kinds().items() if kind not in ("first_list", "missing_list")}


def there(text: str) -> datetime:
    """A moment in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


# The oracle: the ledger's law and its census, written a second time and as simply as they can be.


@dataclass
class Ledger:
    """Each person's live entries, the latest last. It refuses what the ledger's guard refuses."""

    stacks: dict[str, list[Arrive | Depart]] = field(default_factory=dict)

    def take(self, operations: Iterable[Operation]) -> None:
        for operation in operations:
            stack = self.stacks.setdefault(operation.person, [])
            present = bool(stack) and isinstance(stack[-1], Arrive)
            if isinstance(operation, Undo):
                assert stack, "nothing to undo"
                assert operation.what == ("arrival" if present else "departure")
                stack.pop()
                continue
            assert present == isinstance(operation, Depart), "one holder: in from outside, or out to it"
            assert not stack or operation.at >= stack[-1].at, "before the live top"
            assert operation.earliest_at is None or operation.earliest_at <= operation.at
            assert operation.latest_at is None or operation.at <= operation.latest_at
            stack.append(operation)

    def census(self, at: datetime) -> set[str]:
        return {person for person, stack in self.stacks.items() if is_present(stack, at)}


def is_present(stack: Sequence[Arrive | Depart], at: datetime) -> bool:
    happened = [entry for entry in stack if entry.at <= at]
    return bool(happened) and isinstance(happened[-1], Arrive)


def known_at(plans: Sequence[ListPlan], act: int) -> Ledger:
    """The ledger as of one act, from its operations alone."""
    ledger = Ledger()
    for plan in plans[: act + 1]:
        ledger.take(plan.operations)
    return ledger


def check_every_list(plans: Sequence[ListPlan], expected: Mapping[date, set[str]]) -> None:
    for act, plan in enumerate(plans):
        ledger = known_at(plans, act)
        end = end_of_day(plan.listed, NEW_YORK)
        assert ledger.census(end) == expected[plan.listed]
        assert ledger.census(end + timedelta(microseconds=1)) == expected[plan.listed]  # midnight reads alike
        assert plan.persons == len(expected[plan.listed])
        assert {p: [s.arrived_at for s in stays] for p, stays in plan.stays.items()} == {
            p: [entry.at for entry in stack if isinstance(entry, Arrive)]
            for p, stack in ledger.stacks.items()
        }


# The real lists


@pytest.fixture(scope="module")
def real() -> list[ListPlan]:
    if not SAMPLE.exists():
        pytest.skip(f"needs the sample lists: set MUSTER_SHARED to the folder that has data/{SAMPLE.name}")
    found = read_lists(read_table(SAMPLE, columns=COLUMNS, optional=OPTIONAL_COLUMNS), zone=NEW_YORK)
    assert found.faults == ()
    return list(plan_lists({}, found.lists, previous=None, zone=NEW_YORK))


def test_each_of_the_44_real_lists_is_counted_exactly_at_its_own_act(real: list[ListPlan]) -> None:
    persons: dict[date, set[str]] = {}
    with SAMPLE.open(newline="") as lines:
        for line in csv.DictReader(lines):
            persons.setdefault(date.fromisoformat(line["roster_date"]), set()).add(line["person"])
    with TOTALS.open(newline="") as lines:
        totals = {line["roster_date"]: int(line["persons"]) for line in csv.DictReader(lines)}

    check_every_list(real, persons)

    assert {str(plan.listed): plan.persons for plan in real} == totals
    assert len(real) == 44


def test_the_oddities_of_the_real_lists_are_told_by_kind(real: list[ListPlan]) -> None:
    """As counted person by person in the sample's README, which names one repeated hour; 2016 has two."""
    counted = sum((plan.kinds() for plan in real), Counter[str]())

    assert counted == {
        "first_list": 1,
        "missing_list": 1,
        "hole": 23,
        "out_and_in_between_lists": 22,
        "rewritten_admission": 1,
        "came_back": 56,
        "late_entry": 15,
        "repeated_hour": 3,
    }
    told = [notice for plan in real for notice in plan.notices]
    assert [n.person for n in told if n.kind == "rewritten_admission"] == ["P01460"]
    assert ["2018-03-11" in n.words for n in told if n.kind == "missing_list"] == [True]
    assert sum("5 Nov 2017" in n.words for n in told if n.kind == "repeated_hour") == 1


def test_what_is_known_today_of_a_day_differs_from_its_list_where_a_later_list_says_so(
    real: list[ListPlan],
) -> None:
    """P00110 is absent from 2018-03-09 to 03-12 and listed again: a hole in the lists, not a time outside."""
    then, today = known_at(real, 8), known_at(real, len(real) - 1)
    end = end_of_day(date(2018, 3, 9), NEW_YORK)

    assert real[8].listed == date(2018, 3, 9)
    assert "P00110" not in then.census(end)
    assert "P00110" in today.census(end)
    assert [n.kind for plan in real for n in plan.notices if n.person == "P00110"] == ["hole"]


def test_an_admission_keeps_its_own_time_and_a_departure_gets_its_bounds() -> None:
    first, second, third = play("""
        2018-03-01  Ada@2018-02-27T10:30
        2018-03-02  Ada@2018-02-27T10:30
        2018-03-03  -
    """)

    assert first.operations[0] == Arrive(
        person="Ada", at=there("2018-02-27T10:30"), admitted_at=there("2018-02-27T10:30"), row=3
    )
    assert second.operations == ()
    assert third.operations == (
        Depart(
            person="Ada",
            at=there("2018-03-03T11:59"),  # the middle of what the two lists leave open
            earliest_at=there("2018-03-02T00:00"),
            latest_at=end_of_day(date(2018, 3, 3), NEW_YORK),
        ),
    )
    assert kinds(third) == {}


def test_who_was_admitted_and_gone_between_two_lists_left_after_the_admission() -> None:
    _, second = play("""
        2018-03-01  Ada@2018-03-01T09:00
        2018-03-02  -
    """)

    assert isinstance(second.operations[0], Depart)
    assert second.operations[0].earliest_at == there("2018-03-01T09:00")


def test_a_hole_undoes_the_departure() -> None:
    *_, plan = play("""
        2018-03-01  Ada@2018-02-27T10:30
        2018-03-02  -
        2018-03-03  -
        2018-03-04  Ada@2018-02-27T10:30
    """)

    assert plan.operations == (Undo(person="Ada", what="departure"),)
    assert kinds(plan) == {"hole": 1}
    assert "last listed on 2018-03-01" in plan.notices[0].words


def test_a_newer_admission_on_the_next_list_is_out_and_in_with_the_departure_before_it() -> None:
    _, plan = play("""
        2018-03-01  Ada@2018-02-27T10:30
        2018-03-02  Ada@2018-03-02T01:10
    """)

    depart, arrive = plan.operations
    assert isinstance(depart, Depart)
    assert (depart.earliest_at, depart.latest_at) == (there("2018-03-01T00:00"), there("2018-03-02T01:10"))
    assert isinstance(arrive, Arrive)
    assert arrive.at == there("2018-03-02T01:10")
    assert kinds(plan) == {"out_and_in_between_lists": 1}


@pytest.mark.parametrize(
    ("newer", "kind"),
    [("2018-02-28T23:59", "rewritten_admission"), ("2018-03-01T00:00", "out_and_in_between_lists")],
)
def test_a_newer_admission_before_the_day_when_the_person_was_last_seen_is_a_rewritten_record(
    newer: str, kind: str
) -> None:
    """Seen on 1 March under the old admission, nobody can have been admitted the day before."""
    _, plan = play(f"""
        2018-03-01  Ada@2018-02-27T10:30
        2018-03-02  Ada@{newer}
    """)

    assert kinds(plan) == {kind: 1}
    rewritten = (Undo(person="Ada", what="arrival"),)
    assert (plan.operations[:-1] == rewritten) == (kind == "rewritten_admission")


def test_an_older_admission_on_a_later_list_is_a_rewritten_record() -> None:
    _, plan = play("""
        2018-03-01  Ada@2018-02-27T10:30
        2018-03-02  Ada@2018-02-26T10:30
    """)

    assert [type(operation) for operation in plan.operations] == [Undo, Arrive]
    assert kinds(plan) == {"rewritten_admission": 1}


def test_an_admission_that_goes_back_to_the_earlier_one_undoes_the_out_and_in() -> None:
    """As P01460 of the sample: what the first record said still holds, so nothing is pushed again."""
    *_, plan = play("""
        2018-03-23  Ada@2018-03-01T18:24
        2018-03-24  Ada@2018-03-23T19:54
        2018-03-25  Ada@2018-03-23T19:54
        2018-03-26  Ada@2018-03-01T18:24
    """)

    assert plan.operations == (Undo(person="Ada", what="arrival"), Undo(person="Ada", what="departure"))
    assert kinds(plan) == {"rewritten_admission": 1}


def test_an_older_admission_between_two_stays_replaces_only_the_later() -> None:
    *_, plan = play("""
        2018-03-01  Ada@2018-02-27T10:30
        2018-03-02  -
        2018-03-06  Ada@2018-03-05T10:30
        2018-03-07  Ada@2018-03-04T08:00
    """)

    undo, arrive = plan.operations
    assert undo == Undo(person="Ada", what="arrival")
    assert isinstance(arrive, Arrive)
    assert arrive.at == there("2018-03-04T08:00")


def test_another_admission_after_a_list_without_the_person_is_a_return() -> None:
    *_, plan = play("""
        2018-03-01  Ada@2018-02-27T10:30
        2018-03-02  -
        2018-03-04  Ada@2018-03-03T10:30
    """)

    assert [type(operation) for operation in plan.operations] == [Arrive]
    assert kinds(plan) == {"came_back": 1}


def test_a_return_before_the_recorded_departure_moves_the_departure_before_it() -> None:
    """The departure was put at noon of 2 March; an admission at 08:00 shows that it was earlier."""
    *_, plan = play("""
        2018-03-01  Ada@2018-02-27T10:30
        2018-03-02  -
        2018-03-03  Ada@2018-03-02T08:00
    """)

    undo, depart, arrive = plan.operations
    assert undo == Undo(person="Ada", what="departure")
    assert isinstance(depart, Depart)
    assert (depart.earliest_at, depart.latest_at) == (there("2018-03-01T00:00"), there("2018-03-02T08:00"))
    assert isinstance(arrive, Arrive)
    assert kinds(plan) == {"came_back": 1}


@pytest.mark.parametrize(
    ("admitted", "expected"), [("2018-03-01T00:00", {}), ("2018-02-28T23:59", {"late_entry": 1})]
)
def test_more_than_a_day_from_admission_to_list_is_a_late_entry(
    admitted: str, expected: dict[str, int]
) -> None:
    _, plan = play(f"""
        2018-03-01  -
        2018-03-02  Ada@{admitted}
    """)

    assert kinds(plan) == expected


def test_two_lines_of_one_person_count_once_under_the_newer_admission() -> None:
    (plan,) = play("2018-03-01  Ada@2018-02-27T10:30 Ada@2018-02-28T10:30 Ada@2018-03-09T10:30")

    assert plan.persons == 2
    assert isinstance(plan.operations[0], Arrive)
    assert plan.operations[0].at == there("2018-02-28T10:30")
    assert kinds(plan) == {"double_line": 1}


@pytest.mark.parametrize(
    ("admitted", "expected"), [("2018-03-02T23:59", {}), ("2018-03-03T00:00", {"listed_before_admission": 1})]
)
def test_who_is_listed_before_the_admission_is_counted_all_the_same(
    admitted: str, expected: dict[str, int]
) -> None:
    _, plan, third = play(f"""
        2018-03-01  -
        2018-03-02  Ada@{admitted}
        2018-03-03  Ada@{admitted}
    """)

    (arrive,) = plan.operations
    assert isinstance(arrive, Arrive)
    assert arrive.at <= end_of_day(date(2018, 3, 2), NEW_YORK)
    assert bool(arrive.latest_at) == bool(expected)  # then the moment is arbitrary, and marked so
    assert kinds(plan) == expected
    assert third.operations == ()


@pytest.mark.parametrize(
    ("admitted", "read_as", "expected"),
    [
        ("2017-11-05T00:59", "2017-11-05T04:59", {}),
        ("2017-11-05T01:24", "2017-11-05T05:24", {"repeated_hour": 1}),
        ("2017-11-05T02:00", "2017-11-05T07:00", {}),
        ("2017-03-12T01:59", "2017-03-12T06:59", {}),
        ("2017-03-12T02:30", "2017-03-12T07:30", {"skipped_hour": 1}),
        ("2017-03-12T03:00", "2017-03-12T07:00", {}),
    ],
)
def test_the_nights_when_the_clocks_change_are_read_and_told(
    admitted: str, read_as: str, expected: dict[str, int]
) -> None:
    (plan,) = play(f"2018-03-01  Ada@{admitted}")

    assert isinstance(plan.operations[0], Arrive)
    assert plan.operations[0].at == datetime.fromisoformat(read_as).replace(tzinfo=UTC)
    assert kinds(plan) == expected


def test_every_date_without_a_list_is_told_and_departures_reach_over_it() -> None:
    first, second = play("""
        2018-03-09  Ada@2018-02-27T10:30
        2018-03-12  -
    """)

    assert [notice.kind for notice in first.notices] == ["first_list"]
    assert [notice.words[:31] for notice in second.notices] == [
        "There is no list of 2018-03-10:",
        "There is no list of 2018-03-11:",
    ]
    (depart,) = second.operations
    assert isinstance(depart, Depart)
    assert (depart.earliest_at, depart.latest_at) == (
        there("2018-03-09T00:00"),
        end_of_day(date(2018, 3, 12), NEW_YORK),
    )


def test_a_list_older_than_the_latest_is_refused() -> None:
    plan = play("2018-03-02  Ada@2018-02-27T10:30")[0]
    (older,) = lists("2018-03-01  -")

    with pytest.raises(ListOutOfOrder) as refused:
        plan_list(plan.stays, older, previous=plan.listed, zone=NEW_YORK)

    assert refused.value.code == "custody.list_out_of_order"
    assert (refused.value.listed, refused.value.latest) == (date(2018, 3, 1), date(2018, 3, 2))


def test_another_version_of_the_latest_list_is_read_upon_it() -> None:
    plan = play("2018-03-02  Ada@2018-03-02T09:00")[0]
    (again,) = lists("2018-03-02  Bo@2018-03-01T10:00")

    later = plan_list(plan.stays, again, previous=plan.listed, zone=NEW_YORK)

    check_every_list([plan, later][:1], {date(2018, 3, 2): {"Ada", "Ozu"}})
    ledger = known_at([plan, later], 1)
    assert ledger.census(end_of_day(date(2018, 3, 2), NEW_YORK)) == {"Bo", "Ozu"}


# Faults


def test_every_fault_of_a_file_is_told_with_row_column_and_code() -> None:
    found = read("""roster_date,person,admitted_at,status
2018-03-01,Ada,2018-02-27T10:30,DE
2018-3-2,Bo,2018-02-27T10:30,DE
2018-02-30,Cy,2018-02-27T10:30,DE
2018-03-02,,2018-02-27,DE
2018-03-02, Di,2018-02-27T25:00,DE
2018-03-01,Ed,2018-02-27T10:30Z,DE
2018-03-01,Fay,20180227T1030,DE
2018-03-03,Gil
""")

    assert [(fault.row, fault.column, fault.code.split(".")[1]) for fault in found.faults] == [
        (9, None, "csv_wrong_field_count"),
        (3, "roster_date", "not_a_date"),
        (4, "roster_date", "not_a_date"),
        (5, "person", "person_misread"),
        (5, "admitted_at", "not_a_local_time"),
        (6, "person", "person_misread"),
        (6, "admitted_at", "not_a_local_time"),
        (7, "admitted_at", "not_a_local_time"),
        (7, "roster_date", "list_twice"),
        (8, "admitted_at", "not_a_local_time"),
    ]


def test_a_file_without_lines_is_a_fault() -> None:
    assert [fault.code for fault in read("roster_date,person,admitted_at\n").faults] == ["custody.no_lists"]


def test_lists_are_read_in_the_order_of_their_dates_whatever_the_order_in_the_file() -> None:
    found = read(
        "roster_date,person,admitted_at\n2018-03-02,A,2018-03-01T10:00\n2018-03-01,A,2018-02-01T10:00\n"
    )

    assert [roster.listed for roster in found.lists] == [date(2018, 3, 1), date(2018, 3, 2)]


# Laws, over generated lists around the night when the clocks go forward


FIRST = date(2018, 3, 8)
ADMISSIONS = [
    f"2018-03-{day:02}T{hour}" for day in range(6, 15) for hour in ("00:00", "02:30", "10:51", "23:59")
]


@st.composite
def generated(draw: st.DrawFn) -> tuple[RosterList, ...]:
    text = "roster_date,person,admitted_at\n"
    days = sorted(draw(st.sets(st.integers(0, 6), min_size=1)))
    line = st.tuples(st.sampled_from("ABC"), st.sampled_from(ADMISSIONS))
    for day in days:
        for person, admitted in draw(st.lists(line, min_size=1, max_size=4)):
            text += f"{FIRST + timedelta(days=day)},{person},{admitted}\n"
    found = read(text)
    assert found.faults == ()
    return found.lists


@given(generated())
def test_whatever_the_lists_say_each_is_counted_exactly_and_the_ledger_takes_every_batch(
    found: tuple[RosterList, ...],
) -> None:
    plans = list(plan_lists({}, found, previous=None, zone=NEW_YORK))

    check_every_list(plans, {roster.listed: {line.person for line in roster.lines} for roster in found})


@given(generated())
def test_the_same_lists_give_the_same_plans_and_a_list_again_gives_nothing(
    found: tuple[RosterList, ...],
) -> None:
    plans = list(plan_lists({}, found, previous=None, zone=NEW_YORK))

    assert plans == list(plan_lists({}, found, previous=None, zone=NEW_YORK))
    for roster, plan in zip(found, plans, strict=True):
        again = plan_list(plan.stays, roster, previous=roster.listed, zone=NEW_YORK)
        assert (again.operations, again.stays) == ((), plan.stays)


@given(generated())
def test_every_departure_lies_behind_the_day_whose_list_still_has_the_person(
    found: tuple[RosterList, ...],
) -> None:
    plans = list(plan_lists({}, found, previous=None, zone=NEW_YORK))

    for earlier, plan in pairwise(plans):
        for departure in departed(plan):
            assert departure.at > end_of_day(earlier.listed, NEW_YORK)


def departed(plan: ListPlan) -> Iterator[Depart]:
    """The departures that are only an absence from this list."""
    returned = {operation.person for operation in plan.operations if not isinstance(operation, Depart)}
    for operation in plan.operations:
        if isinstance(operation, Depart) and operation.person not in returned:
            yield operation
