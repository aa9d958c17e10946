"""How much of a decision's limits is used: at any moment, as known at any act, at every door the same, and against a plain reckoning."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from people import NOON, at
from test_cli import muster
from test_judge import amended
from test_steps import LIMITS, Offices, offices, opened, order

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.decisions.models import Decision
from muster.decisions.rules import OverPeople
from muster.decisions.usage import Used
from muster.ledger.queries import latest_known
from muster.tasks.models import Task
from muster.tasks.usage import usage, usage_of

__all__ = ["offices"]
PLACED = LIMITS | {"people_max_by_place": {"Site A": 8}, "vehicles_max": 3}


def now_of(hours: float, known_at: int | None = None) -> dict[tuple[str, str], tuple[int, int, int]]:
    """By limit, what is used at a moment, at most from then on, and what is allowed."""
    found = usage(Decision.objects.get(), at(hours), latest_known() if known_at is None else known_at)
    return {(used.limit, used.of): (used.used, used.peak, used.allowed) for used in found.limits}


def client_of(offices: Offices) -> Client:
    token = new_token(User.objects.get(pk=offices.sites.center.user))
    return Client(headers={"authorization": f"Bearer {token}"})


def page_of(offices: Offices) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=offices.sites.center.user))
    return client


def test_each_limit_is_told_at_the_moment_and_from_then_on(offices: Offices) -> None:
    opened(offices, PLACED)
    order(offices, people="about 5", vehicles="1")
    order(offices, "T04", people="up to 3", contact="direct", begins_at=at(10), vehicles="2")
    order(offices, people="6", place="Site B", begins_at=at(24), ends_at=at(30))

    assert now_of(-25) == {
        ("people_max", ""): (0, 8, 20), ("people_max_by_task", "T04"): (0, 3, 6),
        ("people_max_by_place", "Site A"): (0, 8, 8), ("vehicles_max", ""): (0, 3, 3),
    }  # fmt: skip
    assert now_of(0)["people_max", ""] == (5, 8, 20)
    assert now_of(10)["people_max_by_place", "Site A"] == (8, 8, 8)
    assert now_of(24) == {
        ("people_max", ""): (6, 6, 20), ("people_max_by_task", "T04"): (0, 0, 6),
        ("people_max_by_place", "Site A"): (0, 0, 8), ("vehicles_max", ""): (0, 0, 3),
    }  # fmt: skip
    assert now_of(30)["people_max", ""] == (0, 0, 20)


def test_what_was_known_stays_known(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    first = latest_known()
    order(offices, people="6")
    second = latest_known()
    amended(offices, decision, -1, people_max=10)
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T1", reason="Called off", at=at(-2))

    assert now_of(0, first)["people_max", ""] == (5, 5, 20)
    assert now_of(0, second)["people_max", ""] == (11, 11, 20)
    assert now_of(0)["people_max", ""] == (6, 6, 10)


def test_before_it_is_decided_nothing_is_told_and_suspended_what_stands_is_counted(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-1))

    suspended = usage(Decision.objects.get(), at(0), latest_known())

    assert now_of(-50) == {}
    assert (suspended.in_force.why, suspended.limits[0].used) == ("suspended", 5)


@pytest.mark.parametrize(
    ("used", "allowed", "says", "share"),
    [(0, 10, "inside", 0), (79, 100, "inside", 79), (8, 10, "80% or more", 80), (9, 10, "80% or more", 90),
     (10, 10, "all used", 100), (11, 10, "over the limit", 110),
     (0, 0, "inside", 0), (1, 0, "over the limit", 100), (199, 200, "80% or more", 99)],
)  # fmt: skip
def test_near_and_over_are_words(used: int, allowed: int, says: str, share: int) -> None:
    found = Used(
        limit="people_max", of="", unit="people", used=0, peak=used, allowed=allowed, version=1, sentence=""
    )

    assert (found.says, found.peak_share, found.share) == (says, share, 0)


def test_the_doors_say_the_same(offices: Offices, database_env: dict[str, str]) -> None:
    decision = opened(offices)
    order(offices, people="5")
    client = client_of(offices)
    said = usage_of(Decision.objects.get(), "2026-03-01", None).to_json()

    by_api = client.get(f"/api/v1/decisions/{decision}/used?at=2026-03-01").json()
    by_command = json.loads(muster("used", decision, "--at", "2026-03-01", "--json", env=database_env).stdout)

    assert by_api == by_command == json.loads(json.dumps(said))
    assert said["limits"][0]["used"] == 5
    assert client.get("/api/v1/decisions/NONE/used").status_code == 404
    assert client.get(f"/api/v1/decisions/{decision}/used?at=soon").status_code == 422
    assert muster("used", "NONE", env=database_env).returncode == 2


def test_a_command_that_finds_more_used_than_allowed_ends_with_one(
    offices: Offices, database_env: dict[str, str]
) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, -1, people_max=4)

    told = muster("used", decision, "--at", "2026-03-01T12:00Z", env=database_env)

    assert (told.returncode, b"over the limit" in told.stdout) == (1, True)


def test_the_pages_show_the_bars_of_the_moment_asked_for(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="19")
    client = page_of(offices)
    for page in (f"/decisions/{decision}/used/", "/missions/EX-1/"):
        shown = client.get(page, {"at": "2026-03-01T06:00", "known_at": str(latest_known())}).content.decode()
        before = client.get(page, {"at": "2026-03-01T06:00", "known_at": "1"}).content.decode()
        misread = client.get(page, {"at": "soon", "known_at": "sooner"})

        assert "95% then, 95% at most" in shown
        assert "▲" in shown
        assert "80% or more" in shown
        assert "No more than twenty people at any one moment." in shown
        assert "Nothing was decided by that moment" in before
        assert (misread.status_code, "<title>Error:" in misread.content.decode()) == (422, True)
        assert misread.content.decode().count('aria-invalid="true"') == 2
    assert client.get("/decisions/NONE/used/").status_code == 404


def test_person_days_and_costs_are_totals_of_what_has_begun_and_of_the_end(
    offices: Offices, database_env: dict[str, str]
) -> None:
    decision = opened(offices, LIMITS | {"cost_cap_usd": 1000, "person_days_max": 20})
    order(offices, people="5")  # on three days of Chicago
    line = {
        "kind": "other",
        "basis": "unit",
        "words": "Fuel",
        "source": {"publisher": "Example Guard", "title": "Bill"},
    }
    for act, amount in ((do.costs.estimate, "800"), (do.costs.record, "150.50")):
        act(actor=offices.sites.center, mission="EX-1", given={**line, "total_usd": amount})

    assert now_of(-25)["person_days_max", ""] == (0, 15, 20)
    assert now_of(0)["person_days_max", ""] == (10, 15, 20)
    assert now_of(0)["cost_cap_usd", ""] == (15050, 95050, 100000)
    page = page_of(offices).get(f"/decisions/{decision}/used/").content.decode()
    told = muster("used", decision, "--at", "2026-03-01", env=database_env).stdout.decode()
    for said in ("$150.50", "$950.50", "$1,000.00", "80% or more"):
        assert said in page
        assert said in told


# --- against a plain reckoning --------------------------------------------------------

HOURS = st.integers(-40, 40)
ORDERS = st.tuples(
    st.just("order"), st.sampled_from(["T01", "T04"]), st.sampled_from(["Site A", "Site B"]), st.integers(1, 9), HOURS, st.integers(1, 30)
)  # fmt: skip
FINISHES = st.tuples(st.just("finish"), st.integers(0, 9), HOURS)
ACTS = st.lists(st.one_of(ORDERS, ORDERS, ORDERS, FINISHES), min_size=2, max_size=12)
CAPS = {"people_max": 12, "people_max_by_task": {"T04": 5}, "people_max_by_place": {"Site A": 8}}


def reckoned(lived: list[dict[str, Any]], moment: datetime) -> dict[tuple[str, str], int]:
    """Who is tasked at a moment, counted one task after another by hand."""
    there = [one for one in lived if one["begins"] <= moment < one["ends"]]
    return {
        ("people_max", ""): sum(one["people"] for one in there),
        ("people_max_by_task", "T04"): sum(one["people"] for one in there if one["task"] == "T04"),
        ("people_max_by_place", "Site A"): sum(one["people"] for one in there if one["place"] == "Site A"),
    }


@settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(acts=ACTS)
def test_no_order_of_acts_uses_more_than_is_allowed_and_every_moment_is_as_reckoned(
    offices: Offices, acts: list[tuple[Any, ...]]
) -> None:
    """Each example has days of its own, so that what others left behind draws nothing on them."""
    if not Decision.objects.exists():
        opened(offices, LIMITS | CAPS | {"effective_from": None, "effective_to": None})
    since = NOON + timedelta(days=10 * Task.objects.count())
    lived: list[dict[str, Any]] = []
    for act in acts:
        _done(offices, act, lived, since)

    decision, known_at = Decision.objects.get(), latest_known()
    edges = {since, *(one["begins"] for one in lived), *(one["ends"] for one in lived)}
    for moment in sorted({edge + timedelta(minutes=beside) for edge in edges for beside in (-1, 0, 1)}):
        told = {(used.limit, used.of): used for used in usage(decision, moment, known_at).limits}
        plain = reckoned(lived, moment)
        assert {name: told[name].used for name in plain} == plain
        assert all(max(used.used, used.peak) <= used.allowed for used in told.values())


def _done(offices: Offices, act: tuple[Any, ...], lived: list[dict[str, Any]], since: datetime) -> None:
    """Do one act. Refused, nothing is lived of it, and at some moment it would have been too much."""
    if act[0] == "order":
        _, task, place, people, begins, hours = act
        moments = [since + timedelta(hours=hour) for hour in range(begins, begins + hours + 1)]
        one = {"task": task, "place": place, "people": people, "begins": moments[0], "ends": moments[-1]}
        most = [
            max(reckoned([*lived, one], moment)[name] for moment in moments) for name in reckoned([], NOON)
        ]
        if any(number > cap for number, cap in zip(most, (12, 5, 8), strict=True)):
            with pytest.raises(OverPeople):
                _order(offices, one)
        else:
            lived.append({**one, "id": _order(offices, one).task})
    elif act[1] < len(lived) and not lived[act[1]].get("finished"):
        one, ended = lived[act[1]], since + timedelta(hours=act[2])
        do.tasks.finish(actor=offices.sites.center, task=one["id"], reason="Called off", at=ended)
        one |= {"finished": True, "ends": max(one["begins"], min(one["ends"], ended))}


def _order(offices: Offices, one: dict[str, Any]) -> Any:
    return order(
        offices, one["task"], str(one["people"]), place=one["place"], begins_at=one["begins"], ends_at=one["ends"],
        contact="direct" if one["task"] == "T04" else "none",
    )  # fmt: skip
