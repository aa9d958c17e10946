"""What became of each line of a request, by a moment and as it was known: derived from the decision, the tasks and who was seen."""

from __future__ import annotations

from typing import Any

import pytest
from people import at
from test_steps import LIMITS, Offices, asked, in_review, offices, opened, order

from muster import actions as do
from muster.assistance.models import Request
from muster.core.errors import NotFound
from muster.ledger.queries import latest_known
from muster.tasks.counters import counters

__all__ = ["offices"]
NAME = "EX-PROCESSING-1"


def told(hours: float = 0, known_at: int | None = None) -> dict[str, tuple[Any, ...]]:
    """The counters by task: asked, authorised, tasked, checked in, delivered."""
    found = counters(
        Request.objects.get(pk=NAME), at(hours), latest_known() if known_at is None else known_at
    )
    return {
        one.task: (one.asked.said, one.authorised and one.authorised.said, one.tasked, one.checked_in, one.delivered)
        for one in found
    }  # fmt: skip


def seen(offices: Offices, task: str, people: int, hours: float) -> None:
    do.checkins.report_present(actor=offices.sites.center, task=task, people=people, at=at(hours))


def test_before_a_decision_a_line_is_asked_and_nothing_else(offices: Offices) -> None:
    in_review(offices)

    assert told()["T01"] == ("12", None, 0, None, None)
    with pytest.raises(NotFound):
        told(-49)


def test_a_line_is_authorised_by_the_decision_in_force_at_the_moment(offices: Offices) -> None:
    decision = opened(offices)
    before = latest_known()
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-10))

    assert {task: line[1] for task, line in told(-20).items()} == {
        "T01": "up to 20", "T02": "up to 20", "T04": "up to 6", "T08": "up to 20", "T06": "up to 20",
    }  # fmt: skip
    assert told(-10)["T01"][1] == "0"
    assert told(-10, before)["T01"][1] == "up to 20"
    assert told(-44.1)["T01"][1] is None  # decided 44 hours before noon


def test_a_task_that_the_decision_refuses_has_none_and_one_without_a_number_is_not_recorded(
    offices: Offices,
) -> None:
    opened(offices, {"zone": "America/Chicago", "tasks_allowed": ["T01", "T08"], "tasks_barred": ["T08"]})

    assert {task: line[1] for task, line in told().items()} == {
        "T01": "not recorded", "T02": "0", "T04": "0", "T08": "0", "T06": "0",
    }  # fmt: skip


def test_tasked_is_the_most_at_one_moment_by_then_as_it_was_known(offices: Offices) -> None:
    opened(offices)
    order(offices, people="5", begins_at=at(-24), ends_at=at(-12))
    order(offices, people="about 4", begins_at=at(-20), ends_at=at(24))
    before = latest_known()
    order(offices, people="up to 8", begins_at=at(6), ends_at=at(12))

    assert [told(hours)["T01"][2] for hours in (-25, -24, -20, -1, 5, 6)] == [0, 5, 9, 9, 9, 12]
    assert told(6, before)["T01"][2] == 9
    assert told()["T02"][2] == 0


def test_checked_in_is_the_most_seen_at_once_and_delivered_the_same_of_tasks_that_have_ended(
    offices: Offices,
) -> None:
    opened(offices)
    first = order(offices, people="5", begins_at=at(-24), ends_at=at(-12)).task
    second = order(offices, people="4", begins_at=at(-20), ends_at=at(24)).task
    for task, people, hours in (
        (first, 3, -23),
        (first, 5, -22),
        (second, 4, -19),
        (first, 2, -18),
        (second, 3, -2),
    ):
        seen(offices, task, people, hours)

    assert [told(hours)["T01"][3] for hours in (-23.1, -23, -22, -19, -1)] == [None, 3, 5, 9, 9]
    assert [told(hours)["T01"][4] for hours in (-12.1, -12, 23)] == [None, 5, 5]
    assert told()["T04"][3:] == (None, None)
    seen(offices, second, 0, 1)
    assert told(24)["T01"][3:] == (9, 9)


def test_nobody_seen_is_nought_and_nobody_looking_is_not_recorded(offices: Offices) -> None:
    opened(offices)
    task = order(offices, people="5").task

    assert told()["T01"][3] is None
    seen(offices, task, 0, -1)
    assert told()["T01"][3] == 0


def test_where_two_lines_share_a_task_a_task_counts_for_the_line_of_its_place(offices: Offices) -> None:
    line = asked()["lines"][0]
    lines = [line | {"place": place, "people": people} for place, people in (("Site A", 2), ("Site B", 3))]
    in_review(offices, lines=lines)
    do.decisions.decide(
        actor=offices.governor, request=NAME, outcome="approved_with_limits", reason="It helps",
        limits=LIMITS | {"tasks_allowed": ["T01"], "people_max_by_task": {}}, at=at(-44),
    )  # fmt: skip
    do.missions.open_mission(
        actor=offices.sites.center, decision=f"{NAME}-D1", mission="EX-1", title="Support", organisation="EX-GUARD", at=at(-43)
    )  # fmt: skip
    order(offices, people="2", place="Site A")

    found = counters(Request.objects.get(pk=NAME), at(0), latest_known())

    assert [(one.line, one.asked.said, one.tasked) for one in found] == [(1, "2", 2), (2, "3", 0)]
