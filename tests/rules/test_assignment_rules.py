"""What stands against ordering a member, at the edges: status, skill, will and days; and how many orders stand on one day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from muster.tasks.assignmentrules import ENDED, NEXT, STATES, Days, objections, peak_of_days
from muster.tasks.memberrows import MemberStands, Skill, Window


def march(first: int, latest: int) -> Days:
    return Days(from_on=date(2026, 3, first), until_on=date(2026, 3, latest))


def window(first: int, latest: int) -> Window:
    return Window(date(2026, 3, first), date(2026, 3, latest))


FIT = MemberStands(
    tag="", unit="", volunteer_on=None,
    duty_status="SAD", status_from=date(2026, 3, 1), status_until=date(2026, 3, 31), volunteer=True,
    skills=(Skill("licence-c", date(2026, 3, 14)), Skill("medical")), available=(window(1, 14),),
)  # fmt: skip
ASKED = {"status": "SAD", "skill": "", "volunteers": ""}


@pytest.mark.parametrize(
    ("stated", "days", "asked", "codes"),
    [
        ({}, march(1, 14), {}, []),
        ({}, march(1, 14), {"status": "T32"}, ["tasks.other_status"]),
        ({}, march(1, 14), {"status": ""}, []),
        ({"status_from": date(2026, 3, 2)}, march(1, 14), {}, ["tasks.status_leaves_out_a_day"]),
        ({"status_from": None}, march(1, 14), {}, []),
        ({"status_until": date(2026, 3, 13)}, march(1, 14), {}, ["tasks.status_leaves_out_a_day"]),
        ({"status_until": date(2026, 3, 14)}, march(1, 14), {}, []),
        ({}, march(1, 14), {"skill": "Licence-C"}, []),
        ({"available": ()}, march(1, 15), {"skill": "licence-c"}, ["tasks.skill_expires"]),
        ({}, march(1, 14), {"skill": "medical"}, []),
        ({}, march(1, 14), {"skill": "boats"}, ["tasks.skill_missing"]),
        ({"volunteer": None}, march(1, 14), {}, []),
        ({"volunteer": None}, march(1, 14), {"volunteers": "Volunteers only."}, ["tasks.not_a_volunteer"]),
        ({"volunteer": False}, march(1, 14), {"volunteers": "Volunteers only."}, ["tasks.not_a_volunteer"]),
        ({}, march(1, 14), {"volunteers": "Volunteers only."}, []),
        ({}, march(1, 15), {}, ["tasks.not_available"]),
        ({"available": ()}, march(1, 31), {}, []),
        ({"available": (window(8, 14), window(1, 7))}, march(1, 14), {}, []),
        ({"available": (window(1, 6), window(8, 14))}, march(1, 14), {}, ["tasks.not_available"]),
    ],
)  # fmt: skip
def test_all_that_stands_against_a_member_is_told(
    stated: dict[str, Any], days: Days, asked: dict[str, str], codes: list[str]
) -> None:
    found = list(objections(replace(FIT, **stated), days, **(ASKED | asked)))

    assert [each.code for each in found] == codes


def test_the_sentence_that_asks_for_volunteers_stands_in_the_conflict() -> None:
    (found,) = objections(
        replace(FIT, volunteer=False), march(1, 14), **(ASKED | {"volunteers": "Only who is willing."})
    )

    assert found.words == "the member did not volunteer. Only who is willing."


@pytest.mark.parametrize(
    ("orders", "peak"),
    [
        ([], 0),
        ([march(1, 5), march(6, 10)], 1),
        ([march(1, 6), march(6, 10)], 2),
        ([march(1, 31), march(6, 10), march(10, 12), march(20, 21)], 3),
        ([march(20, 31), march(21, 31)], 0),
    ],
)
def test_orders_are_counted_on_the_day_on_which_most_stand(orders: list[Days], peak: int) -> None:
    assert peak_of_days(orders, march(1, 19)) == peak


def test_every_state_says_what_may_follow_and_ended_ones_nothing() -> None:
    assert set(NEXT) == set(STATES)
    assert {state for state, then in NEXT.items() if not then} == set(ENDED)
