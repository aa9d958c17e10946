"""Whether a shift fits: each rule at its edge, and what the conflict says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from muster.core.csvfiles import Row
from muster.core.quantity import Quantity
from muster.decisions.rules import Draw, Limits, Version
from muster.tasks.assignmentrules import Days
from muster.tasks.memberrows import MemberStands, Skill, Window
from muster.tasks.shiftrows import ShiftGiven, read_row
from muster.tasks.shiftrules import Checker, Conflict, Grounds, Ordered, Rest, Shift, check_shifts

CHICAGO = ZoneInfo("America/Chicago")
MIDNIGHT = datetime(2026, 3, 2, tzinfo=CHICAGO)
ORDERED = Ordered(days=Days(from_on=date(2026, 2, 20), until_on=date(2026, 3, 31)))
REST = Rest(hours=8, stated_by="Example Guard", title="Standing order 4")
LIMITS = {
    "zone": "America/Chicago", "people_max": 4, "effective_from": "2026-03-01", "effective_to": "2026-03-31",
    "sentences": {"people_max": "No more than four at once.", "volunteers_only": "Only those who want to."},
}  # fmt: skip


def at(hours: float) -> datetime:
    """So many hours after the midnight that begins March 2 in Chicago."""
    return (MIDNIGHT + timedelta(hours=hours)).astimezone(UTC)


def task(people: int = 3, **more: Any) -> Draw:
    given = {
        "task": "T01", "place": "Site A", "people": Quantity.exact(people), "vehicles": Quantity.exact(0),
        "begins_at": at(0), "ends_at": at(24), "contact": "none",
    }  # fmt: skip
    return Draw(**(given | more))


def member(tag: str = "M1", **more: Any) -> MemberStands:
    given = {
        "tag": tag, "unit": "1st Company", "duty_status": "SAD", "status_from": None, "status_until": None, "volunteer": None,
        "volunteer_on": None, "skills": (), "available": (),
    }  # fmt: skip
    return MemberStands(**(given | more))


def version(n: int = 1, kind: str = "issued", at_hour: float = -100, **limits: Any) -> Version:
    read = None if kind in ("suspended", "resumed", "revoked") else Limits.from_json(LIMITS | limits)
    return Version(n=n, kind=kind, effective_at=at(at_hour), known=n, limits=read)  # type: ignore[arg-type]


def grounds(*members: MemberStands, **more: Any) -> Grounds:
    given = {
        "zone": CHICAGO, "versions": [version()], "tasks": {"A": task(), "B": task(place="Site B")},
        "members": {each.tag: each for each in members or map(member, ("M1", "M2", "M3", "M4", "M5"))}, "status": "SAD",
        "orders": {f"M{n}": (ORDERED,) for n in range(1, 6)},
    }  # fmt: skip
    return Grounds(**(given | more))


def shift(begins: float = 8, ends: float = 16, tag: str = "M1", task: str = "A", **more: Any) -> Shift:
    return Shift(member=tag, task=task, begins_at=at(begins), ends_at=at(ends), **more)


def told(asked: Shift, *beside: Shift, on: Grounds | None = None) -> tuple[Conflict, ...]:
    (found,) = check_shifts([asked], beside, on or grounds())
    return found


def codes(asked: Shift, *beside: Shift, on: Grounds | None = None) -> list[str]:
    return [each.code.removeprefix("tasks.") for each in told(asked, *beside, on=on)]


def test_a_shift_that_fits_has_no_conflict() -> None:
    assert told(shift()) == ()


@pytest.mark.parametrize(("ends", "wrong"), [(8.001, False), (8, True), (7.999, True)])
def test_a_shift_has_a_length(ends: float, wrong: bool) -> None:
    assert codes(shift(8, ends)) == (["shift_ends_before_it_begins"] if wrong else [])


@pytest.mark.parametrize(
    ("begins", "ends", "about"),
    [(0, 24, []), (-0.01, 24, ["begins_at"]), (0, 24.01, ["ends_at"]), (-0.01, 24.01, ["begins_at", "ends_at"])],
)  # fmt: skip
def test_a_shift_stays_inside_its_task(begins: float, ends: float, about: list[str]) -> None:
    found = told(shift(begins, ends))

    assert [each.about for each in found] == about
    assert {each.code for each in found} <= {"tasks.outside_the_task"}


@pytest.mark.parametrize(
    ("until", "day", "code"),
    [(date(2026, 3, 3), 30, None), (date(2026, 3, 2), 24, None), (date(2026, 3, 2), 24.01, "skill_expires"), (None, 30, None)],
)  # fmt: skip
def test_a_skill_is_good_through_its_last_day(until: date | None, day: float, code: str | None) -> None:
    on = grounds(member(skills=(Skill("Medical", until),)), tasks={"A": task(ends_at=at(72))})

    assert codes(shift(16, day, skill="medical"), on=on) == ([code] if code else [])


def test_a_skill_that_is_not_stated_is_missing_and_one_that_is_not_asked_for_is_not() -> None:
    (found,) = told(shift(skill="licence-c"))

    assert (found.code, found.about, found.rule) == (
        "tasks.skill_missing",
        "skill",
        "The shift asks for licence-c.",
    )
    assert codes(shift()) == []


@pytest.mark.parametrize(("hours", "short"), [(7.99, True), (8, False), (8.01, False), (0, True)])
def test_rest_is_as_long_as_the_rule_says_before_and_after(hours: float, short: bool) -> None:
    on = grounds(tasks={"A": task(begins_at=at(-48), ends_at=at(72))}, rest=REST)
    asked = shift(8, 16)

    before, after = shift(-4, 8 - hours, id="S1"), shift(16 + hours, 30, id="S2")

    assert codes(asked, before, on=on) == (["short_rest"] if short else [])
    assert codes(asked, after, on=on) == (["short_rest"] if short else [])


def test_rest_that_is_short_names_the_rule_who_stated_it_and_the_other_shift() -> None:
    on = grounds(tasks={"A": task(begins_at=at(-48))}, rest=REST)

    (found,) = told(shift(8, 16), shift(-4, 0.5, id="S1"), on=on)

    assert found.words == "The member would have 7 h 30 min of rest: S1 at A ends at 00:30 CST, 2 Mar 2026."
    assert (
        found.rule == "At least 8 h of rest between two shifts, as stated by Example Guard: Standing order 4."
    )
    assert str(found).endswith("Name another member, or leave more time between the two.")


@pytest.mark.parametrize("rest", [None, replace(REST, hours=0)])
def test_where_no_rest_is_stated_none_is_checked(rest: Rest | None) -> None:
    assert codes(shift(8, 16), shift(16, 20, id="S1"), on=grounds(rest=rest)) == []


@pytest.mark.parametrize(("begins", "code"), [(15.99, ["on_two_shifts"]), (16, []), (16.01, [])])
def test_nobody_is_on_two_shifts_at_once_whatever_the_task(begins: float, code: list[str]) -> None:
    assert codes(shift(8, 16), shift(begins, 20, task="B", id="S1")) == code
    assert codes(shift(8, 16), shift(begins, 20, task="ELSEWHERE", id="S1")) == code
    assert codes(shift(8, 16), shift(begins, 20, tag="M2", id="S1")) == []


def test_two_that_are_asked_for_at_once_are_checked_beside_each_other() -> None:
    one, two = check_shifts([shift(8, 16), shift(15, 20)], [], grounds())

    assert [each.code for each in one] == [each.code for each in two] == ["tasks.on_two_shifts"]
    assert "another shift asked for at A" in one[0].words


@pytest.mark.parametrize(
    ("by_task", "by_decision", "volunteer", "code"),
    [(False, False, None, []), (True, False, True, []), (True, False, None, ["not_a_volunteer"]),
     (True, False, False, ["not_a_volunteer"]), (False, True, True, []), (False, True, None, ["not_a_volunteer"])],
)  # fmt: skip
def test_where_volunteers_are_asked_for_only_they_are_on_shift(
    by_task: bool, by_decision: bool, volunteer: bool | None, code: list[str]
) -> None:
    on = grounds(
        member(volunteer=volunteer), tasks={"A": task(volunteers=by_task)}, versions=[version(volunteers_only=by_decision)]
    )  # fmt: skip
    found = told(shift(), on=on)

    assert [each.code.removeprefix("tasks.") for each in found] == code
    if code and by_decision:
        assert "Only those who want to." in found[0].rule


@pytest.mark.parametrize(
    ("status", "code"), [({}, []), ({"duty_status": "T32-502f"}, ["other_status"]),
                         ({"status_from": date(2026, 3, 2)}, []), ({"status_from": date(2026, 3, 3)}, ["status_leaves_out_a_day"]),
                         ({"status_until": date(2026, 3, 2)}, []), ({"status_until": date(2026, 3, 1)}, ["status_leaves_out_a_day"])],
)  # fmt: skip
def test_the_duty_status_is_the_missions_and_lasts_all_along(status: dict[str, Any], code: list[str]) -> None:
    assert codes(shift(), on=grounds(member(**status))) == code
    assert "other_status" not in codes(shift(), on=grounds(member(**status), status=""))


ONE_DAY = Ordered(days=Days(from_on=date(2026, 3, 2), until_on=date(2026, 3, 2)))


@pytest.mark.parametrize(
    ("orders", "begins", "ends", "code"),
    [
        ([ONE_DAY], 0, 24, []),
        ([ONE_DAY], -0.01, 8, ["not_ordered"]),
        ([ONE_DAY], 20, 24.01, ["not_ordered"]),
        ([], 8, 16, ["not_ordered"]),
        ([replace(ONE_DAY, left_at=at(16), left_as="released")], 8, 16, []),
        ([replace(ONE_DAY, left_at=at(15.99), left_as="released")], 8, 16, ["released"]),
        (
            [replace(ONE_DAY, left_at=at(4), left_as="checked out"), ORDERED],
            8,
            16,
            [],
        ),  # gone, and ordered once more
    ],
)
def test_only_who_is_ordered_for_its_days_and_has_not_left_is_on_shift(
    orders: list[Ordered], begins: float, ends: float, code: list[str]
) -> None:
    on = grounds(tasks={"A": task(begins_at=at(-48), ends_at=at(96))}, orders={"M1": orders})

    assert codes(shift(begins, ends), on=on) == code


def test_who_has_left_is_told_with_since_when_and_who_is_ordered_for_other_days_with_these() -> None:
    (left,) = told(shift(), on=grounds(orders={"M1": [replace(ONE_DAY, left_at=at(4), left_as="released")]}))
    (other,) = told(shift(32, 40), on=grounds(tasks={"A": task(ends_at=at(96))}, orders={"M1": [ONE_DAY]}))

    assert left.words == "The member is released since 04:00 CST, 2 Mar 2026."
    assert other.rule == "Ordered from 2026-03-02 until 2026-03-02."


def test_a_shift_over_midnight_needs_both_days() -> None:
    on = grounds(member(status_until=date(2026, 3, 2)), tasks={"A": task(ends_at=at(48))})

    assert codes(shift(20, 24), on=on) == []
    assert codes(shift(20, 24.01), on=on) == ["status_leaves_out_a_day"]


DAYS = Window(date(2026, 3, 2), date(2026, 3, 2))
NIGHTS = Window(date(2026, 3, 1), date(2026, 3, 5), time(18), time(6))


@pytest.mark.parametrize(
    ("windows", "begins", "ends", "fits"),
    [
        ((), 0, 24, True),
        ((DAYS,), 0, 24, True),
        ((DAYS,), -0.01, 8, False),
        ((DAYS,), 20, 24.01, False),
        (
            (DAYS, Window(date(2026, 3, 3), date(2026, 3, 4))),
            20,
            30,
            True,
        ),  # two windows that meet hold it together
        ((DAYS, Window(date(2026, 3, 4), date(2026, 3, 4))), 20, 30, False),
        ((NIGHTS,), 18, 30, True),
        ((NIGHTS,), 17.99, 30, False),
        ((NIGHTS,), 18, 30.01, False),
        ((NIGHTS,), 0, 6, True),  # the night that began the day before
        ((Window(date(2026, 3, 2), date(2026, 3, 2), time(8), time(16)),), 8, 16, True),
        ((Window(date(2026, 3, 2), date(2026, 3, 2), time(8), time(16)),), 8, 16.01, False),
    ],
)
def test_a_member_is_on_shift_only_while_available(
    windows: tuple[Window, ...], begins: float, ends: float, fits: bool
) -> None:
    on = grounds(member(available=windows), tasks={"A": task(begins_at=at(-48), ends_at=at(96))})

    assert codes(shift(begins, ends), on=on) == ([] if fits else ["not_available"])


def test_days_and_hours_of_availability_are_told() -> None:
    (found,) = told(shift(), on=grounds(member(available=(NIGHTS,))))

    assert found.rule == "Stated of the member: available 2026-03-01 to 2026-03-05, 18:00 to 06:00."


def test_on_the_night_when_clocks_go_forward_a_window_of_two_days_has_all_of_it() -> None:
    on = grounds(
        member(available=(Window(date(2026, 3, 7), date(2026, 3, 8)),)),
        tasks={"A": task(begins_at=at(120), ends_at=at(300))},
    )

    begins = datetime(2026, 3, 7, 22, tzinfo=CHICAGO).astimezone(UTC)
    asked = Shift(member="M1", task="A", begins_at=begins, ends_at=begins + timedelta(hours=8))

    assert codes(asked, on=on) == []


# --- numbers ------------------------------------------------------------------------


@pytest.mark.parametrize(("beside", "code"), [(1, []), (2, []), (3, ["over_the_task"])])
def test_no_more_are_on_shift_at_one_moment_than_the_task_ordered(beside: int, code: list[str]) -> None:
    others = [shift(12, 20, tag=f"M{n + 2}", id=f"S{n}") for n in range(beside)]

    assert codes(shift(8, 16), *others) == code


def test_who_leaves_as_another_comes_is_not_counted_beside_it() -> None:
    others = [shift(0, 8, tag=f"M{n + 2}", id=f"S{n}") for n in range(3)]

    assert codes(shift(8, 16), *others) == []


def test_too_many_at_a_task_are_told_with_the_number_the_moment_and_the_order() -> None:
    others = [shift(12, 20, tag=f"M{n + 2}", id=f"S{n}") for n in range(3)]

    (found,) = told(shift(8, 16), *others)

    assert found.words == "It would bring 4 members on shift at 12:00 CST, 2 Mar 2026, 1 more than ordered."
    assert found.rule == "A was ordered with 3 people."


def test_of_too_many_who_are_asked_for_at_once_each_is_told() -> None:
    asked = [shift(tag=f"M{n}") for n in range(1, 5)]

    assert [[each.code for each in found] for found in check_shifts(asked, [], grounds())] == [
        ["tasks.over_the_task"]
    ] * 4


@pytest.mark.parametrize(
    ("limits", "beside", "limit"),
    [
        ({"people_max": 2}, ("B",), None),
        ({"people_max": 2}, ("B", "B"), "people_max"),
        ({"people_max_by_task": {"T01": 2}}, ("B", "B"), "people_max_by_task"),
        ({"people_max_by_task": {"T02": 1}}, ("B", "B"), None),
        ({"people_max_by_place": {"Site A": 2}}, ("A", "A"), "people_max_by_place"),
        ({"people_max_by_place": {"Site A": 2}}, ("B", "B"), None),
        ({"people_max_by_place": {"Site A": 2}}, ("A", "B"), None),
    ],
)
def test_no_more_are_on_shift_at_one_moment_than_the_decision_allows(
    limits: dict[str, Any], beside: tuple[str, ...], limit: str | None
) -> None:
    others = [shift(tag=f"M{n}", task=task, id=f"S{n}") for n, task in enumerate(beside, start=2)]
    on = grounds(versions=[version(**limits)])

    found = told(shift(), *others, on=on)

    assert [(each.code, each.limit) for each in found] == (
        [("tasks.outside_the_decision", limit)] if limit else []
    )


def test_a_limit_that_is_broken_is_quoted_and_says_who_can_change_it() -> None:
    on = grounds(versions=[version(people_max=1)])

    (found,) = told(shift(), shift(tag="M2", task="B", id="S2"), on=on)

    assert "2 members on shift in all at 08:00 CST, 2 Mar 2026, 1 more than the 1 allowed." in found.words
    assert found.rule == 'The decision says: "No more than four at once."'
    assert "amendment" in found.to_do


def test_a_number_that_shrinks_during_a_shift_stops_it_from_then_on() -> None:
    smaller = version(2, "amended", 12, people_max=1)
    on = grounds(versions=[version(), smaller])

    assert codes(shift(8, 16), shift(8, 12, tag="M2", id="S2"), on=on) == []
    assert codes(shift(8, 16), shift(8, 12.01, tag="M2", id="S2"), on=on) == ["outside_the_decision"]


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        ([version(2, "suspended", 12)], [("decision_not_in_force", "in_force")]),
        ([version(2, "suspended", 16)], []),
        ([version(2, "revoked", 0)], [("decision_not_in_force", "in_force")]),
        ([version(2, "suspended", 0), version(3, "resumed", 8)], []),
        ([version(2, "amended", 0, tasks_barred=["T01"])], [("outside_the_decision", "tasks_barred")]),
        ([version(2, "amended", 0, places=["Site B"])], [("outside_the_decision", "places")]),
        ([version(2, "amended", 0, effective_to="2026-03-01")], [("outside_the_decision", "effective_to")]),
        ([version(2, "amended", 0, effective_to="2026-03-02")], []),
        (
            [version(2, "amended", 0, effective_from="2026-03-03")],
            [("outside_the_decision", "effective_from")],
        ),
        ([version(2, "amended", 0, person_days_max=0)], []),  # drawn by the task and not by its shifts
    ],
)
def test_the_decision_is_in_force_and_allows_it_all_along(
    versions: list[Version], found: list[tuple[str, str]]
) -> None:
    on = grounds(versions=[version(), *versions])

    assert [(each.code.removeprefix("tasks."), each.limit) for each in told(shift(), on=on)] == found


def test_the_clauses_of_a_shift_are_those_of_the_decision_and_count_who_is_beside_it() -> None:
    asked = shift(id="S1")
    checker = Checker(grounds(), [asked, shift(tag="M2", id="S2")])

    clauses = {clause.limit: clause for clause in checker.clauses(asked)}

    assert (clauses["people_max"].taken, clauses["people_max"].allowed) == (
        "1, and 2 with who is on shift beside it",
        "4",
    )
    assert {clause.verdict for clause in clauses.values()} == {"inside"}
    assert checker.clauses(shift(16, 8)) == []


def test_all_conflicts_are_told_and_the_members_others_come_after_the_task() -> None:
    on = grounds(
        member(duty_status="T32-502f", volunteer=False), tasks={"A": task(volunteers=True)}, rest=REST
    )

    assert codes(shift(20, 25, skill="medical"), shift(12, 16, task="B", id="S1"), on=on) == [
        "outside_the_task", "skill_missing", "other_status", "not_a_volunteer", "short_rest",
    ]  # fmt: skip


def test_a_member_of_whom_nothing_was_stated_by_then_is_told() -> None:
    assert codes(shift(tag="M9"), on=grounds(member())) == ["nothing_stated"]


# --- rows ---------------------------------------------------------------------------

ROW = {
    "member": "222-24F-6",
    "task": "A",
    "begins_at": "2026-03-02T08:00",
    "ends_at": "2026-03-02 16:00",
    "skill": "",
}


def test_a_row_is_read_with_its_times_in_the_decisions_zone_unless_they_say_theirs() -> None:
    read = read_row(Row(2, ROW | {"ends_at": "2026-03-02T22:00:00Z"}), CHICAGO)

    assert read == ShiftGiven(member="222-24F-6", task="A", begins_at=at(8), ends_at=at(16), row=2)


@pytest.mark.parametrize(
    ("wrong", "faults"),
    [
        ({"member": ""}, [("member", "tasks.missing")]),
        ({"task": " "}, [("task", "tasks.missing")]),
        ({"task": "A" * 71}, [("task", "tasks.bad_length")]),
        ({"member": "2" * 21, "skill": "s" * 61}, [("member", "tasks.bad_length"), ("skill", "tasks.bad_length")]),
        ({"begins_at": "2026-03-02"}, [("begins_at", "tasks.bad_moment")]),
        ({"begins_at": "8 o'clock", "ends_at": ""}, [("begins_at", "tasks.bad_moment"), ("ends_at", "tasks.bad_moment")]),
        ({"ends_at": "0001-01-01T08:00"}, [("ends_at", "tasks.bad_moment")]),
    ],
)  # fmt: skip
def test_all_that_is_wrong_with_a_row_is_told(wrong: dict[str, str], faults: list[tuple[str, str]]) -> None:
    read = read_row(Row(2, ROW | wrong), CHICAGO)

    assert isinstance(read, list)
    assert [(fault.column, fault.code) for fault in read] == faults
    assert {fault.row for fault in read} == {2}
