"""Shifts: planned at once and all or none, called off, swapped, as known at any act, from a file, and what does not fit any more."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from people import TAGS, at
from test_judge import amended, number_of, then, verdicts
from test_steps import LIMITS, Offices, offices, opened, order
from typer.testing import CliRunner

from muster import actions as do
from muster.access.control import NotPermitted, actor_of, new_token
from muster.access.models import Grant, User
from muster.cli.main import app
from muster.core.errors import FaultyFile, FaultyInput, NotFound
from muster.ledger.queries import latest_known
from muster.missions.actions import AlreadyClosed
from muster.missions.closing import open_items
from muster.missions.models import Mission
from muster.parties.models import Organisation
from muster.picture.judging import judge
from muster.record.action import KeyReused
from muster.tasks.models import Assignment, Member, Shift, ShiftEnded
from muster.tasks.planning import ShiftCalledOff, ShiftOver, ShiftsDoNotFit, import_shifts
from muster.tasks.shifts import Planned, checked_shifts, rest_of, shifts_of, shifts_of_mission, unfit_shifts

__all__ = ["offices"]
STATUS = "T32-502f1A"
SOURCE = {"publisher": "Example Guard", "title": "Standing order 4"}
WHY = "Fell ill"


def stated(offices: Offices, number: str = "A-1", *, mission: str = "EX-1", **more: Any) -> str:
    """A member who was stated and ordered to the mission, by tag; `more` is stated after the order."""

    def state(**said: Any) -> str:
        given = {"member": number, "unit": "1st Company", "duty_status": STATUS} | said
        answer = do.members.state_members(
            actor=offices.sites.center, organisation="EX-GUARD", members=[given]
        )
        return str(answer.answer.tags[0])

    tag = state()
    if not Assignment.objects.filter(member__thing__tag=tag, mission=mission).exists():
        do.assigning.order_members(
            actor=offices.sites.center, mission=mission, members=[tag], status=STATUS, from_on="2026-02-28", until_on="2026-03-20",
            report_to="Site A",
        )  # fmt: skip
    return state(**more)


def shift(tag: str, begins: float = 0, ends: float = 8, task: str = "EX-1-T1", **more: Any) -> dict[str, Any]:
    return {"member": tag, "task": task, "begins_at": at(begins), "ends_at": at(ends), **more}


def planned(offices: Offices, *those: dict[str, Any], **more: Any) -> Any:
    send = {"actor": offices.sites.center, "mission": "EX-1"} | more
    return do.planning.plan_shifts(shifts=list(those), **send).answer


def ready(offices: Offices, people: str = "5", **changes: Any) -> str:
    """A mission with one task, and a member who was stated."""
    opened(offices)
    order(offices, people=people, **changes)
    return stated(offices)


def refused(offices: Offices, *those: dict[str, Any]) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(ShiftsDoNotFit) as told:
        planned(offices, *those)
    return [(fault.row, fault.column, fault.code) for fault in told.value.faults]


def row() -> Mission:
    return Mission.objects.select_related("decision__request").get()


def on_shift(hours: float, known_at: int) -> list[Planned]:
    """Who is on shift at a moment."""
    return shifts_of_mission(
        "EX-1", known_at, begins_at=at(hours), ends_at=at(hours) + timedelta(microseconds=1)
    )


def told(found: Any) -> list[tuple[str, list[str]]]:
    return [(each.shift.id, [conflict.code for conflict in each.conflicts]) for each in found]


# --- planning -------------------------------------------------------------------------


def test_shifts_are_planned_in_one_act_and_numbered_in_the_mission(offices: Offices) -> None:
    tag = ready(offices)

    answer = planned(offices, shift(tag), shift(tag, 12, 20), shift(tag, 20, 24, skill=" "))

    assert (answer.shifts, answer.new, answer.known) == (["EX-1-S1", "EX-1-S2", "EX-1-S3"], 3, 0)
    assert Shift.objects.values("act").distinct().count() == 1
    assert told(checked_shifts(row(), latest_known())) == [("EX-1-S1", []), ("EX-1-S2", []), ("EX-1-S3", [])]


def test_what_stands_already_is_left_alone(offices: Offices) -> None:
    tag = ready(offices)
    planned(offices, shift(tag))

    answer = planned(offices, shift(tag), shift(tag, 8, 12))

    assert (answer.shifts, answer.new, answer.known) == (["EX-1-S1", "EX-1-S2"], 1, 1)


def test_all_or_none_are_planned_and_every_fault_is_told_by_its_row(offices: Offices) -> None:
    tag = ready(offices)

    found = refused(
        offices, shift(tag), shift("222-222-3"), shift(TAGS[0]), shift(tag, 9, 12, task="EX-1-T9"), shift(tag, row=40, task="T")
    )  # fmt: skip

    assert found == [
        (2, "member", "core.tag_misread"), (3, "member", "tasks.not_a_member"), (4, "task", "tasks.not_its_task"),
        (40, "task", "tasks.not_its_task"),
    ]  # fmt: skip
    assert not Shift.objects.exists()


def test_every_conflict_is_told_by_its_row_and_names_the_rule(offices: Offices) -> None:
    opened(offices)
    order(offices, people="1", volunteers=True)
    one = stated(offices)
    two = stated(offices, "A-2", duty_status="SAD", volunteer=True, volunteer_on="2026-02-01")

    with pytest.raises(ShiftsDoNotFit) as refusal:
        planned(offices, shift(one), shift(two, 4, 30, skill="medical"), shift(one, 7, 9))

    assert [(fault.row, fault.column, fault.code) for fault in refusal.value.faults] == [
        (1, "member", "tasks.over_the_task"), (1, "member", "tasks.not_a_volunteer"), (1, "member", "tasks.on_two_shifts"),
        (2, "ends_at", "tasks.outside_the_task"), (2, "member", "tasks.over_the_task"), (2, "skill", "tasks.skill_missing"),
        (2, "member", "tasks.other_status"),
        (3, "member", "tasks.over_the_task"), (3, "member", "tasks.not_a_volunteer"), (3, "member", "tasks.on_two_shifts"),
    ]  # fmt: skip
    assert "was ordered with volunteers only" in refusal.value.faults[1].message
    assert [len(conflicts) for _, conflicts in refusal.value.conflicts] == [3, 4, 3]
    assert refusal.value.code == "tasks.shifts_do_not_fit"


def test_a_shift_that_ends_before_it_begins_is_refused_beside_the_others(offices: Offices) -> None:
    tag = ready(offices)

    assert refused(offices, shift(tag), shift(tag, 9, 9)) == [
        (2, "ends_at", "tasks.shift_ends_before_it_begins")
    ]


def test_headroom_of_the_decision_is_shared_by_every_mission_under_it(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, -30, people_max=6)
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-2", title="Another", organisation="EX-GUARD", at=at(-40)
    )  # fmt: skip
    order(offices, mission="EX-2", begins_at=at(30), ends_at=at(40))
    other = stated(offices, "B-1", mission="EX-2")
    tags = [stated(offices, f"A-{n}") for n in range(4)]
    planned(offices, *(shift(tag) for tag in tags[:3]))
    amended(offices, decision, -20, people_max=3)

    assert refused(offices, shift(tags[3])) == [(1, "member", "tasks.outside_the_decision")]
    assert planned(offices, shift(tags[3], 8, 12)).new == 1
    assert planned(offices, shift(other, 31, 32, task="EX-2-T1"), mission="EX-2").new == 1


def test_a_member_is_not_on_shift_in_two_missions_at_once(offices: Offices) -> None:
    tag = ready(offices)
    do.missions.open_mission(
        actor=offices.sites.center, decision=row().decision_id, mission="EX-2", title="Another", organisation="EX-GUARD", at=at(-40)
    )  # fmt: skip
    order(offices, mission="EX-2")
    planned(offices, shift(tag))

    with pytest.raises(ShiftsDoNotFit) as refusal:
        planned(offices, shift(tag, 4, 12, task="EX-2-T1"), mission="EX-2")

    assert [fault.code for fault in refusal.value.faults] == ["tasks.not_ordered", "tasks.on_two_shifts"]
    assert "EX-1-S1 at EX-1-T1" in refusal.value.faults[1].message
    assert [each.mission for each in shifts_of([tag], latest_known())] == ["EX-1"]


def test_nothing_is_planned_after_the_mission_is_closed(offices: Offices) -> None:
    tag = ready(offices)
    planned(offices, shift(tag))
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T1", reason="Done", at=at(10))
    do.assigning.release_members(
        actor=offices.sites.center, mission="EX-1", members=[tag], at=at(10), reason="Done"
    )
    do.missions.close(actor=offices.sites.center, mission="EX-1", reason="Done", at=at(11))

    with pytest.raises(AlreadyClosed):
        planned(offices, shift(tag, 12, 13))
    with pytest.raises(AlreadyClosed):
        do.planning.swap_shift(actor=offices.sites.center, shift="EX-1-S1", member=tag, reason=WHY, at=at(1))
    with pytest.raises(AlreadyClosed):
        do.planning.state_rest(actor=offices.sites.center, mission="EX-1", hours=8, source=SOURCE)


def test_planning_is_for_the_operations_center_and_done_once(offices: Offices) -> None:
    tag = ready(offices)
    key = "0199a000-0000-7000-8000-000000000001"
    with pytest.raises(NotPermitted):
        planned(offices, shift(tag), actor=offices.governor)
    with pytest.raises(NotFound):
        planned(offices, shift(tag), actor=offices.elsewhere)
    with pytest.raises(FaultyInput):
        planned(offices)

    first, again = planned(offices, shift(tag), key=key), planned(offices, shift(tag), key=key)

    assert first == again
    with pytest.raises(KeyReused):
        planned(offices, shift(tag, 1), key=key)


def test_a_member_whom_the_officer_may_not_see_reads_as_not_there(offices: Offices) -> None:
    tag = ready(offices)
    Organisation.objects.create(code="NEXT-GUARD", name="Next door", kind="guard")
    root = User.objects.create_user("root")
    Grant.objects.create(user=root, role="joc")
    do.members.state_members(
        actor=actor_of(root), organisation="NEXT-GUARD", members=[{"member": "B-1", "unit": "Their company", "duty_status": STATUS}]
    )  # fmt: skip
    theirs = Member.objects.get(organisation="NEXT-GUARD").thing.tag

    assert refused(offices, shift(theirs)) == [(1, "member", "tasks.not_a_member")]
    with pytest.raises(ShiftsDoNotFit) as seen:
        planned(offices, shift(theirs), shift(tag), actor=actor_of(root))
    assert [(fault.row, fault.code) for fault in seen.value.faults] == [(1, "tasks.not_ordered")]


# --- calling off and swapping ----------------------------------------------------------


def called_off(offices: Offices, hours: float, name: str = "EX-1-S1", **more: Any) -> Any:
    send = {"actor": offices.sites.center} | more
    return do.planning.call_off_shift(shift=name, reason=WHY, at=at(hours), **send).answer


def test_a_shift_is_called_off_before_it_begins_or_cut_while_it_lasts_and_stays_as_it_was_known(
    offices: Offices,
) -> None:
    tag = ready(offices)
    planned(offices, shift(tag), shift(tag, 8, 16))
    before = latest_known()

    called_off(offices, -1)
    called_off(offices, 12, "EX-1-S2")

    assert [
        (each.shift.id, each.shift.ends_at, each.cut) for each in shifts_of_mission("EX-1", latest_known())
    ] == [("EX-1-S2", at(12), WHY)]
    assert [(each.shift.id, each.shift.ends_at, each.cut) for each in shifts_of_mission("EX-1", before)] == [
        ("EX-1-S1", at(8), ""), ("EX-1-S2", at(16), "")
    ]  # fmt: skip
    assert [[each.shift.id for each in on_shift(11, known)] for known in (before, latest_known())] == [
        ["EX-1-S2"]
    ] * 2
    assert [[each.shift.id for each in on_shift(12, known)] for known in (before, latest_known())] == [
        ["EX-1-S2"],
        [],
    ]


def test_what_was_called_off_leaves_its_room_to_others(offices: Offices) -> None:
    one = ready(offices, people="1")
    two = stated(offices, "A-2")
    planned(offices, shift(one))
    assert refused(offices, shift(two, 4, 8)) == [(1, "member", "tasks.over_the_task")]

    called_off(offices, 4)

    assert planned(offices, shift(two, 4, 8)).new == 1


def test_a_shift_is_called_off_once_and_not_when_it_is_over(offices: Offices) -> None:
    planned(offices, shift(ready(offices)))
    with pytest.raises(ShiftOver) as over:
        called_off(offices, 8)
    called_off(offices, 7.99)
    with pytest.raises(ShiftCalledOff) as again:
        called_off(offices, 1)

    assert "ended at 14:00 CST, 1 Mar 2026" in str(over.value)
    assert (over.value.code, again.value.code) == ("tasks.shift_over", "tasks.shift_called_off")
    with pytest.raises(NotFound):
        called_off(offices, 1, "EX-1-S9")
    with pytest.raises(NotPermitted):
        called_off(offices, 1, actor=offices.custodian)
    with pytest.raises(NotFound) as theirs:
        called_off(offices, 1, actor=offices.elsewhere)
    assert "shift EX-1-S1" in str(theirs.value)


def test_another_member_takes_over_what_is_left_of_a_shift(offices: Offices) -> None:
    one = ready(offices, people="1")
    two = stated(offices, "A-2")
    planned(offices, shift(one))

    answer = do.planning.swap_shift(
        actor=offices.sites.center, shift="EX-1-S1", member=two, reason=WHY, at=at(3)
    ).answer

    assert (answer.shift, answer.instead) == ("EX-1-S1", "EX-1-S2")
    now = shifts_of_mission("EX-1", latest_known())
    assert [(each.shift.member, each.shift.begins_at, each.shift.ends_at) for each in now] == [
        (one, at(0), at(3)), (two, at(3), at(8))
    ]  # fmt: skip
    assert Shift.objects.get(pk="EX-1-S2").instead_of_id == "EX-1-S1"
    assert "takes EX-1-S1 over" in judge(number_of("tasks.swap_shift")).words
    with pytest.raises(ShiftCalledOff):
        do.planning.swap_shift(actor=offices.sites.center, shift="EX-1-S1", member=two, reason=WHY, at=at(3))


def test_who_does_not_fit_takes_nothing_over_and_the_shift_stands(offices: Offices) -> None:
    planned(offices, shift(ready(offices), skill=""))
    other = stated(offices, "A-2", duty_status="SAD")

    with pytest.raises(ShiftsDoNotFit) as refusal:
        do.planning.swap_shift(
            actor=offices.sites.center, shift="EX-1-S1", member=other, reason=WHY, at=at(-1)
        )

    assert [fault.code for fault in refusal.value.faults] == ["tasks.other_status"]
    assert not ShiftEnded.objects.exists()


# --- rest ------------------------------------------------------------------------------


def test_rest_is_stated_with_its_source_and_holds_from_then_on(offices: Offices) -> None:
    tag = ready(offices)
    planned(offices, shift(tag, 0, 4), shift(tag, 8, 12))
    before = latest_known()
    do.planning.state_rest(actor=offices.sites.center, mission="EX-1", hours=8, source=SOURCE)

    found = rest_of("EX-1", latest_known())

    assert rest_of("EX-1", before) is None
    assert found is not None
    assert (found.hours, found.stated_by, found.title) == (8, "Example Guard", "Standing order 4")
    assert refused(offices, shift(tag, 19.99, 22)) == [(1, "begins_at", "tasks.short_rest")]
    assert planned(offices, shift(tag, 20, 22)).new == 1
    assert told(unfit_shifts(row(), at(0), latest_known())) == [
        ("EX-1-S1", ["tasks.short_rest"]), ("EX-1-S2", ["tasks.short_rest"])
    ]  # fmt: skip
    assert unfit_shifts(row(), at(0), before) == []


def test_rest_needs_hours_and_a_source_and_is_withdrawn_by_naught(offices: Offices) -> None:
    tag = ready(offices)
    for wrong in ({"hours": -1}, {"hours": 169}, {"source": {"publisher": ""}}):
        with pytest.raises(FaultyInput):
            do.planning.state_rest(
                **({"actor": offices.sites.center, "mission": "EX-1", "hours": 8, "source": SOURCE} | wrong)
            )
    do.planning.state_rest(actor=offices.sites.center, mission="EX-1", hours=8, source=SOURCE)
    do.planning.state_rest(actor=offices.sites.center, mission="EX-1", hours=0, source=SOURCE)

    assert planned(offices, shift(tag, 0, 4), shift(tag, 4, 8)).new == 2


# --- what does not fit any more -----------------------------------------------------------


def test_an_amendment_lists_the_shifts_that_no_longer_fit_and_another_mends_it(offices: Offices) -> None:
    tag = ready(offices)
    two = stated(offices, "A-2")
    planned(offices, shift(tag), shift(two), shift(tag, 10, 12))
    before = latest_known()
    amended(offices, row().decision_id, 0, people_max=1)
    found = unfit_shifts(row(), at(0), latest_known())
    amended(offices, row().decision_id, 0, people_max=2)

    assert sorted(told(found)) == [
        ("EX-1-S1", ["tasks.outside_the_decision"]), ("EX-1-S2", ["tasks.outside_the_decision"])
    ]  # fmt: skip
    assert 'The decision says: "No more than twenty people' in str(found[0].conflicts[0])
    assert unfit_shifts(row(), at(0), before) == []
    assert unfit_shifts(row(), at(0), latest_known()) == []


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ({"status_until": "2026-02-28"}, "tasks.status_leaves_out_a_day"),
        ({"skills": []}, "tasks.skill_missing"),
        ({"skills": [{"skill": "medical", "expires_on": "2026-02-28"}]}, "tasks.skill_expires"),
        ({"available": [{"from_on": "2026-03-02", "until_on": "2026-03-09"}]}, "tasks.not_available"),
        ({"available": [{"from_on": "2026-03-01", "until_on": "2026-03-01", "from_time": "09:00", "until_time": "12:00"}]},
         "tasks.not_available"),
        ({"duty_status": "SAD"}, "tasks.other_status"),
    ],
)  # fmt: skip
def test_a_changed_statement_lists_the_shifts_that_no_longer_fit(
    offices: Offices, states: dict[str, Any], code: str
) -> None:
    opened(offices)
    order(offices)
    tag = stated(offices, skills=[{"skill": "medical"}])
    planned(offices, shift(tag, skill="medical"))

    stated(offices, **({"skills": [{"skill": "medical"}]} | states))

    assert told(unfit_shifts(row(), at(0), latest_known())) == [("EX-1-S1", [code])]


def test_the_end_of_a_task_lists_the_shifts_after_it_and_calling_them_off_settles_it(
    offices: Offices,
) -> None:
    tag = ready(offices)
    planned(offices, shift(tag, 0, 4), shift(tag, 4, 8))
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T1", reason="Done", at=at(4))
    listed = told(unfit_shifts(row(), at(0), latest_known()))
    (open_one,) = open_items(row(), at(0))["shift"]
    called_off(offices, 4, "EX-1-S2")

    assert (open_one.name, open_one.subject) == ("EX-1-S2", ("roster", "EX-1"))
    assert "shift" not in open_items(row(), at(0))
    assert listed == [("EX-1-S2", ["tasks.outside_the_task"])]
    assert unfit_shifts(row(), at(0), latest_known()) == []


def test_who_is_released_is_listed_with_since_when(offices: Offices) -> None:
    tag = ready(offices)
    planned(offices, shift(tag))
    before = latest_known()
    do.assigning.release_members(
        actor=offices.sites.center, mission="EX-1", members=[tag], at=at(7.99), reason="No longer needed"
    )

    (found,) = unfit_shifts(row(), at(0), latest_known())

    assert [conflict.code for conflict in found.conflicts] == ["tasks.released"]
    assert found.conflicts[0].words == "The member is stood down since 13:59 CST, 1 Mar 2026."
    assert unfit_shifts(row(), at(0), before) == []


def test_what_is_over_is_not_listed(offices: Offices) -> None:
    tag = ready(offices)
    planned(offices, shift(tag))
    stated(offices, duty_status="SAD")

    assert [told(unfit_shifts(row(), at(hours), latest_known())) for hours in (7.99, 8)] == [
        [("EX-1-S1", ["tasks.other_status"])], []
    ]  # fmt: skip


def test_as_many_queries_are_asked_for_many_shifts_as_for_one(offices: Offices) -> None:
    ready(offices)
    tags = [stated(offices, f"A-{n}") for n in range(5)]

    def asked() -> int:
        known = latest_known()
        mission = row()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            checked_shifts(mission, known, begins_at=at(-24), ends_at=at(48))
        return len(queries)

    planned(offices, shift(tags[0]))
    one = asked()
    planned(offices, *(shift(tag, 8, 12) for tag in tags), *(shift(tag, 12, 16) for tag in tags))

    assert asked() == one


# --- judged under the decision -------------------------------------------------------------


def test_an_act_that_plans_shifts_is_judged_by_every_clause_then_and_as_known_now(offices: Offices) -> None:
    tags = [ready(offices), stated(offices, "A-2")]
    planned(offices, *map(shift, tags))
    number = number_of("tasks.plan_shifts")
    first = judge(number)
    amended(offices, row().decision_id, -2, people_max=1)
    later = judge(number)

    assert first.words == "Planned 2 shifts at EX-1-T1."
    assert (then(first).inside, first.differs, then(later).inside, later.differs) == (True, False, True, True)
    assert verdicts(later.now)["people_max"] == "outside"
    people = next(clause for clause in then(first).clauses if clause.limit == "people_max")
    assert (people.sentence, people.taken) == (
        LIMITS["sentences"]["people_max"],
        "1, and 2 with who is on shift beside it",
    )


def test_what_was_called_off_later_is_judged_as_it_was_planned(offices: Offices) -> None:
    planned(offices, shift(ready(offices)))
    number = number_of("tasks.plan_shifts")
    called_off(offices, -1)

    assert verdicts(judge(number).now)["people_max"] == "inside"
    ended = judge(number_of("tasks.call_off_shift"))
    assert ended.words == "Called off the shift EX-1-S1."
    assert ended.mission is not None


# --- a file -------------------------------------------------------------------------------

HEADER = "member,task,begins_at,ends_at,skill"


def taken_in(offices: Offices, *rows: str, **more: Any) -> dict[str, Any]:
    sent = io.BytesIO("\n".join([HEADER, *rows, ""]).encode())
    return import_shifts(
        sent, **({"actor": offices.sites.center, "mission": "EX-1", "name": "shifts.csv"} | more)
    )


def line(
    tag: str, begins: str = "2026-03-01T06:00", ends: str = "2026-03-01T14:00", task: str = "EX-1-T1"
) -> str:
    return f"{tag},{task},{begins},{ends},"


def test_a_file_is_planned_whole_and_a_second_time_changes_nothing(offices: Offices) -> None:
    tag = ready(offices)
    rows = [line(tag), line(tag, "2026-03-01T14:00", "2026-03-01T16:30")]

    dry, first, again = (
        taken_in(offices, *rows, dry_run=True),
        taken_in(offices, *rows),
        taken_in(offices, *rows),
    )

    assert (dry["kept"], dry["notices"]) == (0, {})
    assert (first["rows"], first["kept"], first["notices"]) == (2, 2, {"new": 2})
    assert again["notices"] == {"already_there": 2}
    assert [each.shift.begins_at for each in shifts_of([tag], latest_known())] == [at(0), at(8)]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_with_faults_and_conflicts_tells_all_of_them_at_once(offices: Offices, dry_run: bool) -> None:
    tag = ready(offices)
    rows = [
        line(tag),
        line("222-222-3"),
        line(tag, ends="soon"),
        line(tag, "2026-03-01T13:00", "2026-03-01T15:00"),
    ]

    with pytest.raises(FaultyFile) as refusal:
        taken_in(offices, *rows, dry_run=dry_run)

    assert [(fault.row, fault.column, fault.code) for fault in refusal.value.faults] == [
        (2, "member", "tasks.on_two_shifts"), (3, "member", "core.tag_misread"), (4, "ends_at", "tasks.bad_moment"),
        (5, "member", "tasks.on_two_shifts"),
    ]  # fmt: skip
    assert not Shift.objects.exists()


def test_the_good_rows_are_kept_where_that_is_asked_for(offices: Offices) -> None:
    tag = ready(offices)
    rows = [
        line(tag),
        line(tag, "2026-03-01T13:00", "2026-03-01T15:00"),
        line(tag, "2026-03-01T16:00", "2026-03-01T17:00"),
        line("x"),
    ]

    answer = taken_in(offices, *rows, keep_good=True)

    assert [each["row"] for each in answer["refused"]] == [2, 3, 5]
    assert (answer["kept"], answer["notices"]) == (1, {"new": 1})
    assert [each.shift.begins_at for each in shifts_of([tag], latest_known())] == [at(10)]


def test_a_file_is_planned_at_the_command_line_and_a_conflict_is_told_there(
    offices: Offices, tmp_path: Path
) -> None:
    tag = ready(offices)
    file = tmp_path / "shifts.csv"
    file.write_text("\n".join([HEADER, line(tag), line(tag, "2026-03-01T13:00", "2026-03-01T15:00"), ""]))
    token = {"MUSTER_TOKEN": new_token(User.objects.get(pk=offices.sites.center.user))}
    words = ["import", "shifts", str(file), "--mission"]

    refused = CliRunner().invoke(app, [*words, "EX-1"], env=token)
    file.write_text("\n".join([HEADER, line(tag), ""]))
    done = CliRunner().invoke(app, [*words, "EX-1", "--json"], env=token)
    unknown = CliRunner().invoke(app, [*words, "EX-9"], env=token)

    assert (refused.exit_code, unknown.exit_code) == (2, 2)
    assert "row 2: column member: The member is on another shift asked for at EX-1-T1" in refused.stderr
    assert json.loads(done.stdout)["notices"] == {"new": 1}
