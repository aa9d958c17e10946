"""Members of a mission: nominated, ordered inside the decision, checked in and out as facts, and the strength at any moment."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import test_steps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from people import TAGS, at
from test_cli import muster
from test_steps import LIMITS, Offices, opened, order

from muster import actions as do
from muster.access.control import NotPermitted
from muster.core.errors import FaultyInput, NotFound
from muster.core.times import NotHappenedYet
from muster.decisions.rules import NothingInForce, OutsideWindow, OverPeople
from muster.ledger.models import Head
from muster.ledger.queries import latest_known
from muster.missions.actions import AlreadyClosed, StillOpen
from muster.missions.closing import open_items
from muster.missions.models import Mission
from muster.picture.changes import changes
from muster.picture.judging import judge
from muster.record.models import Number
from muster.tasks.actions import AlreadyEnded
from muster.tasks.assignments import muster_roll
from muster.tasks.checkins import AlreadySettled
from muster.tasks.models import Assignment, TaskDifference
from muster.tasks.strength import strength

offices = test_steps.offices
LATER = at(24 * 400)  # plans are recorded by the clock, long after these days
DAYS = {"from_on": "2026-02-28", "until_on": "2026-03-10"}


def members(offices: Offices, count: int, **more: Any) -> list[str]:
    """So many members in State Active Duty."""
    stated = [{"member": f"N-{n}", "unit": "1st Company", "duty_status": "SAD"} | more for n in range(count)]
    answer = do.members.state_members(
        actor=offices.sites.center, organisation="EX-GUARD", members=stated
    ).answer
    return list(answer.tags)


def ordered(offices: Offices, tags: list[str], **changes: Any) -> Any:
    inputs = {"mission": "EX-1", "members": tags, "status": "SAD", "report_to": "Site A", **DAYS} | changes
    return do.assigning.order_members(actor=offices.sites.center, **inputs).answer


def checked_in(offices: Offices, tags: list[str], hours: float = -10, **changes: Any) -> Any:
    inputs = {"mission": "EX-1", "members": tags, "at": at(hours), "place": "Site A"} | changes
    return do.checkins.check_in(actor=offices.sites.center, **inputs).answer


def checked_out(offices: Offices, tags: list[str], hours: float = -1, **changes: Any) -> Any:
    inputs = {"mission": "EX-1", "members": tags, "at": at(hours), "destination": "Armory"} | changes
    return do.checkins.check_out(actor=offices.sites.center, **inputs).answer


def released(offices: Offices, tags: list[str], hours: float = -2) -> Any:
    return do.assigning.release_members(
        actor=offices.sites.center, mission="EX-1", members=tags, at=at(hours), reason="Relieved"
    ).answer


def codes(refusal: pytest.ExceptionInfo[FaultyInput]) -> list[tuple[int | None, str]]:
    return [(fault.row, fault.code) for fault in refusal.value.faults]


def words(hours: float = 0, known_at: int | None = None) -> dict[str, str]:
    found = strength(Mission.objects.get(), at(hours), known_at or latest_known())
    return {one.word: one.quantity.said for one in found.words}


# --- the way of one member ----------------------------------------------------------


def test_a_member_goes_from_nominated_to_checked_out_and_home_again(offices: Offices) -> None:
    opened(offices)
    task = order(offices, people="2").task
    tags = members(offices, 2)
    home = Head.objects.select_related("holder").get(thing__tag=tags[0]).holder
    do.assigning.nominate(actor=offices.sites.center, mission="EX-1", members=tags)
    ordered(offices, tags)
    checked_in(offices, tags)
    there = Head.objects.select_related("holder").get(thing__tag=tags[0]).holder
    do.assigning.make_available(actor=offices.sites.center, mission="EX-1", members=tags, at=at(-9))
    do.assigning.assign(actor=offices.sites.center, task=task, members=tags[:1], at=at(-8))
    released(offices, tags)
    checked_out(offices, tags)

    (mine,) = (
        one for one in muster_roll([Mission.objects.get()], LATER, latest_known()) if one.tag == tags[0]
    )
    assert [step.state for step in mine.steps] == [
        "nominated", "ordered", "checked_in", "available", "assigned", "released", "checked_out",
    ]  # fmt: skip
    assert (there.code, Head.objects.get(thing__tag=tags[0]).holder_id) == ("mission:EX-1", home.pk)
    assert Assignment.objects.filter(ended=True).count() == 2
    assert not TaskDifference.objects.exists()


def test_a_second_assignment_may_follow_the_first(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 1)
    ordered(offices, tags)
    checked_in(offices, tags)
    checked_out(offices, tags, hours=-5)
    ordered(offices, tags)
    checked_in(offices, tags, hours=-4)

    states = [one.state for one in muster_roll([Mission.objects.get()], at(0), latest_known())]
    assert sorted(states) == ["checked_in", "checked_out"]


# --- plans are refused --------------------------------------------------------------


def test_everything_that_stands_against_an_order_is_told_by_row(offices: Offices) -> None:
    opened(offices, LIMITS | {"volunteers_only": True})
    willing = {"volunteer": True, "volunteer_on": "2026-02-01"}
    send = [
        {"member": "N-1", "unit": "A", "duty_status": "SAD"} | willing,
        {"member": "N-2", "unit": "A", "duty_status": "SAD"},
        {"member": "N-3", "unit": "A", "duty_status": "T32-502f1A", "status_until": "2026-03-05"} | willing,
    ]
    tags = do.members.state_members(
        actor=offices.sites.center, organisation="EX-GUARD", members=send
    ).answer.tags

    with pytest.raises(FaultyInput) as told:
        ordered(offices, [*tags, tags[0]])
    assert codes(told) == [(4, "tasks.stated_twice")]
    with pytest.raises(FaultyInput) as told:
        ordered(offices, [TAGS[0], "222-222-3", *tags])
    assert codes(told) == [(1, "tasks.not_a_member"), (2, "core.tag_misread")]
    with pytest.raises(FaultyInput) as told:
        ordered(offices, tags)
    assert codes(told) == [
        (2, "tasks.not_a_volunteer"), (3, "tasks.other_status"), (3, "tasks.status_leaves_out_a_day"),
    ]  # fmt: skip
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"status": "on loan"}, "tasks.unknown_status"),
        ({"from_on": "2026-03-11"}, "tasks.ends_before_it_begins"),
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(
    offices: Offices, changes: dict[str, Any], code: str
) -> None:
    opened(offices)
    with pytest.raises(FaultyInput) as told:
        ordered(offices, members(offices, 1), **changes)

    assert [fault.code for fault in told.value.faults] == [code]


def test_nobody_is_ordered_for_a_day_that_the_decision_does_not_cover(offices: Offices) -> None:
    decision = opened(offices, LIMITS | {"effective_from": "2026-03-02"})
    tags = members(offices, 1)
    for days, limit in (
        ({"from_on": "2026-03-01", "until_on": "2026-03-31"}, "effective_from"),
        ({"from_on": "2026-03-02", "until_on": "2026-04-01"}, "effective_to"),
    ):
        with pytest.raises(OutsideWindow) as told:
            ordered(offices, tags, **days)
        assert told.value.limit == limit
    with pytest.raises(NothingInForce):
        ordered(offices, tags, from_on="2026-02-26")  # before it was issued
    do.decisions.suspend(
        actor=offices.governor, decision=decision, reason="A review", effective_at=at(24 * 20)
    )
    with pytest.raises(NothingInForce):
        ordered(offices, tags, from_on="2026-03-02", until_on="2026-03-31")

    ordered(offices, tags, from_on="2026-03-02", until_on="2026-03-20")
    assert Assignment.objects.count() == 1


def test_no_day_has_more_members_ordered_than_the_decision_allows_people(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 25)
    ordered(offices, tags[:20])
    with pytest.raises(OverPeople, match="No more than twenty people") as told:
        ordered(offices, tags[20:21], from_on="2026-03-10", until_on="2026-03-20")
    assert (told.value.peak, told.value.most) == (21, 20)

    ordered(offices, tags[20:], from_on="2026-03-11", until_on="2026-03-20")
    released(offices, tags[:1])
    assert Assignment.objects.filter(ended=False).count() == 24


def test_who_is_ordered_elsewhere_on_one_of_the_days_is_not_ordered_here(offices: Offices) -> None:
    decision = opened(offices)
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-2", title="Another part", organisation="EX-GUARD", at=at(-40)
    )  # fmt: skip
    tags = members(offices, 1)
    ordered(offices, tags, mission="EX-2", until_on="2026-03-04")
    with pytest.raises(FaultyInput, match="EX-2 until 2026-03-04") as told:
        ordered(offices, tags, from_on="2026-03-04")
    assert codes(told) == [(1, "tasks.ordered_elsewhere")]

    assert ordered(offices, tags, from_on="2026-03-05").states == ["ordered"]


def test_a_task_takes_no_more_members_than_it_was_ordered_for_and_only_who_is_there(offices: Offices) -> None:
    opened(offices)
    task = order(offices, people="1").task
    tags = members(offices, 3)
    ordered(offices, tags)
    checked_in(offices, tags[:2])

    def assign(those: list[str], **changes: Any) -> Any:
        inputs = {"task": task, "members": those, "at": at(-8)} | changes
        return do.assigning.assign(actor=offices.sites.center, **inputs)

    with pytest.raises(FaultyInput) as told:
        assign(tags[2:])
    assert codes(told) == [(1, "tasks.not_from")]
    with pytest.raises(FaultyInput) as told:
        assign(tags[:1], skill="boats")
    assert codes(told) == [(1, "tasks.skill_missing")]
    with pytest.raises(OverPeople, match="2 members would be assigned"):
        assign(tags[:2])
    assign(tags[:1])
    with pytest.raises(OverPeople):
        assign(tags[1:2])
    with pytest.raises(FaultyInput):
        assign(tags[:1])  # is on it already
    with pytest.raises(AlreadyEnded):
        assign(tags[1:2], at=at(24))
    with pytest.raises(NotFound):
        assign(tags[1:2], task="EX-1-T9")
    do.assigning.make_available(actor=offices.sites.center, mission="EX-1", members=tags[:1], at=at(-7))
    assign(tags[1:2], at=at(-6))

    assert [one.task for one in muster_roll([Mission.objects.get()], at(0), latest_known())].count(task) == 1


def test_a_skill_is_asked_for_at_the_nomination_and_nobody_is_nominated_twice(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 2, skills=[{"skill": "medical"}])
    with pytest.raises(FaultyInput) as told:
        do.assigning.nominate(actor=offices.sites.center, mission="EX-1", members=tags, skill="boats")
    assert codes(told) == [(1, "tasks.skill_missing"), (2, "tasks.skill_missing")]
    do.assigning.nominate(actor=offices.sites.center, mission="EX-1", members=tags[:1], skill="medical")
    with pytest.raises(FaultyInput) as told:
        do.assigning.nominate(actor=offices.sites.center, mission="EX-1", members=tags, skill="medical")

    assert codes(told) == [(1, "tasks.on_the_roll")]


def test_only_the_operations_center_keeps_the_muster_roll(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 1)
    for who, refusal in ((offices.governor, NotPermitted), (offices.elsewhere, NotFound)):
        with pytest.raises(refusal):
            do.assigning.nominate(actor=who, mission="EX-1", members=tags)
        with pytest.raises(refusal):
            do.checkins.check_in(actor=who, mission="EX-1", members=tags, at=at(-1), place="Site A")


# --- facts are kept -----------------------------------------------------------------


def test_who_checks_in_without_an_order_is_kept_with_a_difference_that_somebody_settles(
    offices: Offices,
) -> None:
    opened(offices)
    tags = members(offices, 1)
    answer = checked_in(offices, tags)
    assert answer.differences == [f"{tags[0]} was not on the muster roll, and checked in without an order."]
    with pytest.raises(FaultyInput) as told:
        checked_in(offices, tags, hours=-9)
    assert codes(told) == [(1, "tasks.checked_in_already")]

    difference = TaskDifference.objects.get().pk
    settle = {"difference": difference, "reason": "The order was given by telephone."}
    do.checkins.settle_difference(actor=offices.sites.center, **settle)
    with pytest.raises(AlreadySettled):
        do.checkins.settle_difference(actor=offices.sites.center, **settle)
    with pytest.raises(NotFound):
        do.checkins.settle_difference(actor=offices.elsewhere, **settle)
    with pytest.raises(NotFound):
        do.checkins.settle_difference(actor=offices.sites.center, difference=99, reason="None such")


def test_more_members_checked_in_than_the_decision_allows_are_kept_with_its_sentence(
    offices: Offices,
) -> None:
    opened(offices)
    tags = members(offices, 21)
    ordered(offices, tags[:20])
    assert checked_in(offices, tags[:20]).differences == []
    answer = checked_in(offices, tags[20:])

    assert answer.differences == [
        f"{tags[20]} was not on the muster roll, and checked in without an order.",
        "21 members are checked in under EX-PROCESSING-1-D1. No more than twenty people at any one moment.",
    ]
    assert words()["deployed"] == "21"


def test_whom_another_mission_holds_is_kept_here_and_stays_with_it_in_the_ledger(offices: Offices) -> None:
    decision = opened(offices)
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-2", title="Another part", organisation="EX-GUARD", at=at(-40)
    )  # fmt: skip
    tags = members(offices, 1)
    ordered(offices, tags, mission="EX-2", until_on="2026-02-28")
    checked_in(offices, tags, mission="EX-2", hours=-30)
    ordered(offices, tags, from_on="2026-03-01")
    answer = checked_in(offices, tags)

    assert answer.differences == [f"{tags[0]} checked in here, and EX-2 has not checked the member out."]
    assert Head.objects.get(thing__tag=tags[0]).holder.code == "mission:EX-2"
    out = checked_out(offices, tags)
    assert out.differences == [
        f"{tags[0]} checked out here, and the record has the member with mission:EX-2."
    ]


def test_what_is_told_late_is_kept_without_an_entry(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 2)
    ordered(offices, tags)
    checked_in(offices, tags[:1], hours=-10)
    out = checked_out(offices, tags[:1], hours=-11)
    assert "checked out before the latest entry in the record, with mission:EX-1" in out.differences[0]

    checked_in(offices, tags[1:], hours=-10)
    checked_out(offices, tags[1:], hours=-5)
    ordered(offices, tags[1:])
    (late,) = checked_in(offices, tags[1:], hours=-6).differences
    assert late.startswith(
        f"{tags[1]} checked in before the latest entry in the record, with unit:EX-GUARD:1st Company"
    )


def test_who_checks_out_without_having_checked_in_is_kept_and_who_was_never_ordered_is_refused(
    offices: Offices,
) -> None:
    opened(offices)
    tags = members(offices, 2)
    ordered(offices, tags[:1])
    with pytest.raises(FaultyInput) as told:
        checked_out(offices, tags)
    assert codes(told) == [(2, "tasks.not_from")]

    assert checked_out(offices, tags[:1]).differences == [f"{tags[0]} checked out and was never checked in."]


def test_what_has_not_happened_yet_is_no_fact(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 1)
    ordered(offices, tags)
    later = at(0) + timedelta(days=365)
    for act in (
        lambda: checked_in(offices, tags, at=later),
        lambda: checked_out(offices, tags, at=later),
        lambda: do.assigning.release_members(
            actor=offices.sites.center, mission="EX-1", members=tags, at=later, reason="Relieved"
        ),
    ):
        with pytest.raises(NotHappenedYet):
            act()


def test_more_members_seen_than_allowed_are_kept_and_open_one_difference_at_a_time(offices: Offices) -> None:
    opened(offices)
    task = order(offices, people="5").task

    def seen(people: int, hours: float) -> list[str]:
        answer = do.checkins.report_present(
            actor=offices.sites.center, task=task, people=people, at=at(hours)
        ).answer
        return list(answer.differences)

    assert seen(5, -5) == []
    (above_task,) = seen(6, -4)
    assert above_task == f"6 members were present at {task}, which was ordered for 5."
    assert seen(30, -3) == []  # the first one is still open
    do.checkins.settle_difference(
        actor=offices.sites.center, difference=TaskDifference.objects.get().pk, reason="A relief overlapped."
    )
    (both,) = seen(30, -2)
    assert "No more than twenty people at any one moment." in both
    assert words(-1)["present"] == "30"


# --- strength -----------------------------------------------------------------------


def test_the_words_of_strength_are_kept_apart_and_as_they_were_known(offices: Offices) -> None:
    opened(offices)
    none = words()
    assert {word: none[word] for word in ("ordered", "activated", "deployed", "present")} == dict.fromkeys(
        ("ordered", "activated", "deployed", "present"), "not recorded"
    )
    assert none["authorised"] == "up to 20"
    tags = members(offices, 6)
    ordered(offices, tags[:4])
    ordered(offices, tags[4:], from_on="2026-03-05")
    before = latest_known()
    checked_in(offices, tags[:2])

    now = latest_known()
    assert words(24 * 400)["ordered"] == "6"
    assert {word: words(-1)[word] for word in ("deployed",)} == {"deployed": "2"}
    assert words(-1, before)["deployed"] == "0"
    assert words(-11, now)["deployed"] == "0"


def test_activated_and_never_deployed_is_a_state(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 3)
    ordered(offices, tags[:2])
    ordered(offices, tags[2:], from_on="2026-03-05")
    released(offices, tags)  # on 1 March: the first two's duty had begun

    found = strength(Mission.objects.get(), LATER, latest_known())
    assert found.never_deployed == 2
    assert found.to_json()["activated_never_deployed"] == 2
    assert sorted(one.state for one in found.roll) == ["stood_down"] * 3


# --- closing ------------------------------------------------------------------------


def test_a_mission_is_not_closed_over_a_member_or_a_difference_about_one(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 3)
    do.assigning.nominate(actor=offices.sites.center, mission="EX-1", members=tags[:1])
    checked_in(offices, tags[1:])
    latest_known()
    row = Mission.objects.get()
    assert {kind: len(items) for kind, items in open_items(row, at(0)).items()} == {
        "member": 3,
        "task_difference": 2,
    }
    close = {"actor": offices.sites.center, "mission": "EX-1", "reason": "Done", "at": at(0)}
    with pytest.raises(StillOpen):
        do.missions.close(**close)

    released(offices, tags)
    checked_out(offices, tags[1:])
    for difference in TaskDifference.objects.values_list("pk", flat=True):
        do.checkins.settle_difference(
            actor=offices.sites.center, difference=difference, reason="Ordered by telephone"
        )
    do.missions.close(**close)
    with pytest.raises(AlreadyClosed):
        ordered(offices, tags)
    assert (
        checked_in(offices, tags[:1], hours=1).differences[-1] == "Members checked in after EX-1 was closed."
    )


def test_a_roll_of_many_is_read_by_one_query(offices: Offices) -> None:
    opened(offices, LIMITS | {"people_max": 300})
    tags = members(offices, 100)
    ordered(offices, tags)
    row, known = Mission.objects.get(), latest_known()

    with CaptureQueriesContext(connection) as queries:
        found = muster_roll([row], LATER, known)

    assert (len(found), len(queries)) == (100, 1)


def test_strength_and_members_are_told_on_the_command_line(
    offices: Offices, database_env: dict[str, str]
) -> None:
    opened(offices)
    tags = members(offices, 2)
    ordered(offices, tags)
    latest_known()

    told = json.loads(muster("strength", "EX-1", "--json", env=database_env).stdout)
    assert {one["word"]: one["said"] for one in told["strength"]}["ordered"] == "2"
    assert "Activated, never deployed: 0" in muster("strength", "EX-1", env=database_env).stdout.decode()
    assert all(tag.encode() in muster("members", "EX-GUARD", env=database_env).stdout for tag in tags)
    assert muster("strength", "EX-9", env=database_env).returncode == 2
    assert muster("members", "NOBODY", env=database_env).returncode == 2


def test_what_was_done_with_members_is_judged_and_stands_among_the_changes(offices: Offices) -> None:
    decision = opened(offices)
    before = latest_known()
    tags = members(offices, 2)
    ordered(offices, tags)
    checked_in(offices, tags)
    order_act = Number.objects.get(act__name="tasks.order_members").number
    found = judge(str(order_act))
    assert (found.words, found.mission and found.mission.decision_id) == (
        "2 members ordered, EX-1.",
        decision,
    )

    told = changes(offices.sites.center, before, latest_known(), at(0)).groups["Tasks and people"]
    assert [each.words for each in told] == ["2 members ordered, EX-1.", "2 members checked in, EX-1."]
    checked_in(offices, members(offices, 3)[2:])
    difference = TaskDifference.objects.get()
    do.checkins.settle_difference(
        actor=offices.sites.center, difference=difference.pk, reason="By telephone."
    )
    told = changes(offices.sites.center, before, latest_known(), at(0)).groups["Differences"]
    assert [each.words.split(":")[0] for each in told] == ["Opened", "Settled"]
    assert changes(offices.elsewhere, before, latest_known(), at(0)).groups["Tasks and people"] == []
