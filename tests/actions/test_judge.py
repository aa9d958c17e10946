"""Any act beside the limits that were in force and known at its minute, and as known later."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from people import at
from test_cli import muster
from test_sequencer import open_transaction
from test_steps import LIMITS, Offices, offices, opened, order

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.core.errors import NotFound
from muster.core.ids import new_id
from muster.decisions.rules import BarredTask
from muster.ledger.queries import latest_known
from muster.picture.judging import Judged, Reading, judge, judge_for
from muster.record import action
from muster.record.models import Number
from muster.tasks.models import Task

__all__ = ["offices"]


def number_of(name: str) -> str:
    """The number of the latest act of that name."""
    latest_known()
    found = Number.objects.filter(act__name=name, act__refused_code="").order_by("-number").first()
    assert found is not None
    return str(found.number)


def then(found: Judged) -> Reading:
    assert found.then is not None
    return found.then


def verdicts(reading: Reading | None) -> dict[str, str]:
    assert reading is not None
    return {clause.limit: clause.verdict for clause in reading.clauses}


def amended(offices: Offices, decision: str, effective_at: float, **limits: Any) -> None:
    do.decisions.amend(
        actor=offices.governor, decision=decision, limits=LIMITS | limits, reason="Fewer than before", effective_at=at(effective_at)
    )  # fmt: skip


def test_an_order_inside_names_every_clause_and_the_version_it_runs_under(offices: Offices) -> None:
    opened(offices)
    order(offices)

    found = judge(number_of("tasks.order"))

    assert (then(found).inside, then(found).version, found.differs) == (True, 1, False)
    assert verdicts(found.then)["people_max"] == "inside"
    assert "No more than twenty people at any one moment." in [each.sentence for each in then(found).clauses]


def test_a_back_dated_amendment_is_the_second_reading_and_changes_not_the_first(offices: Offices) -> None:
    decision = opened(offices)
    order(offices)
    ordered = number_of("tasks.order")
    amended(offices, decision, -43, people_max=1)

    found = judge(ordered)

    assert then(found).inside
    assert found.differs
    assert verdicts(found.now)["people_max"] == "outside"
    assert judge(ordered, int(ordered)).differs is False


def test_what_was_amended_before_is_judged_by_the_amendment(offices: Offices) -> None:
    decision = opened(offices)
    amended(offices, decision, -43, people_max=19)
    order(offices)

    assert then(judge(number_of("tasks.order"))).version == 2


def test_a_report_beyond_the_limits_is_kept_and_judged_outside(offices: Offices) -> None:
    opened(offices)
    order(offices)
    task = Task.objects.get()
    moment = max(task.begins_at, at(-1))
    do.checkins.report_present(actor=offices.sites.center, task=task.pk, people=1000, at=min(moment, at(0)))

    found = judge(number_of("tasks.report_present"))

    assert not then(found).inside
    assert verdicts(found.then)["people_max"] == "outside"
    assert "1000 present" in found.words


def test_what_an_act_spends_is_judged_by_the_cost_cap(offices: Offices) -> None:
    opened(offices, LIMITS | {"cost_cap_usd": 1000})
    line = {
        "kind": "other",
        "basis": "unit",
        "words": "Fuel",
        "source": {"publisher": "Example Guard", "title": "Bill"},
    }
    do.costs.estimate(actor=offices.sites.center, mission="EX-1", given={**line, "total_usd": "400"})
    do.costs.record(actor=offices.sites.center, mission="EX-1", given={**line, "total_usd": "700"})
    order(offices)

    planned, spent, ordered = (
        then(judge(number_of(name))) for name in ("costs.estimate", "costs.record", "tasks.order")
    )

    (over,) = [clause for clause in spent.clauses if clause.verdict == "outside"]
    assert (verdicts(planned)["cost_cap_usd"], planned.inside) == ("inside", True)
    assert (over.limit, over.taken, over.allowed) == (
        "cost_cap_usd", "$700.00, and $1,100.00 with what is used beside it", "1,000 US dollars",
    )  # fmt: skip
    assert verdicts(ordered)["cost_cap_usd"] == "not_touched"


def test_of_a_decision_suspended_nothing_is_in_force(offices: Offices) -> None:
    decision = opened(offices)
    order(offices)
    task = Task.objects.get()
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-2))
    do.tasks.finish(actor=offices.sites.center, task=task.pk, reason="Called off", at=task.ends_at)

    assert verdicts(judge(number_of("tasks.finish")).then)["in_force"] == "outside"


def test_an_act_without_a_decision_says_so(offices: Offices) -> None:
    opened(offices)

    found = judge(number_of("decisions.decide"))

    assert (found.then, found.now, found.mission) == (None, None, None)
    assert "no mission's decision" in found.words


def test_a_refused_act_says_what_refused_it(offices: Offices) -> None:
    opened(offices)
    with pytest.raises(BarredTask):
        order(offices, category="T13", contact="direct")
    latest_known()
    refused = Number.objects.exclude(act__refused_code="").order_by("-number").first()
    assert refused is not None

    assert judge(str(refused.number)).words.startswith("It was refused")


def test_an_act_is_read_by_who_may_read_its_mission_and_is_not_there_for_others(offices: Offices) -> None:
    opened(offices)
    order(offices)
    ordered, decided = number_of("tasks.order"), number_of("decisions.decide")

    assert judge_for(offices.governor, ordered).number == int(ordered)
    assert judge_for(offices.governor, decided).number == int(decided)
    for number in (ordered, "1000000000", "9" * 40, str(new_id()), "no-act"):
        with pytest.raises(NotFound):
            judge_for(offices.elsewhere, number)


def test_the_doors_say_the_same(offices: Offices, database_env: dict[str, str]) -> None:
    opened(offices)
    order(offices)
    ordered = number_of("tasks.order")
    user = User.objects.get(pk=offices.governor.user)
    client = Client(headers={"authorization": f"Bearer {new_token(user)}"})
    signed_in = Client()
    signed_in.force_login(user)

    by_api = client.get(f"/api/v1/acts/{ordered}/judgement").json()
    by_command = json.loads(muster("judge", ordered, "--json", env=database_env).stdout)
    page = signed_in.get(f"/acts/{ordered}/")

    assert by_api == by_command
    assert by_api["then"]["inside"]
    assert page.status_code == 200
    assert "It stood inside every limit of version 1" in page.content.decode()
    assert client.get("/api/v1/acts/999999/judgement").status_code == 404
    assert signed_in.get("/acts/999999/").status_code == 404
    assert muster("judge", "999999", env=database_env).returncode == 2


def test_the_command_ends_with_one_where_an_act_stood_outside(
    offices: Offices, database_env: dict[str, str]
) -> None:
    opened(offices)
    order(offices)
    task = Task.objects.get()
    do.checkins.report_present(actor=offices.sites.center, task=task.pk, people=1000, at=at(-1))

    told = muster("judge", number_of("tasks.report_present"), env=database_env)

    assert told.returncode == 1
    assert b"outside" in told.stdout


def test_an_act_is_named_by_its_number_or_by_the_uuid_that_its_answer_holds(
    offices: Offices, database_env: dict[str, str]
) -> None:
    opened(offices)
    order(offices)
    number, done = number_of("tasks.order"), Task.objects.get().act_id
    user = User.objects.get(pk=offices.governor.user)
    client, page = Client(headers={"authorization": f"Bearer {new_token(user)}"}), Client()
    page.force_login(user)

    by_uuid = json.loads(muster("judge", str(done), "--json", env=database_env).stdout)

    assert by_uuid["act"] == int(number)
    assert by_uuid["id"] == str(done)
    assert client.get(f"/api/v1/acts/{done}/judgement").json() == by_uuid
    assert f"Record {number}" in page.get(f"/acts/{done}/").content.decode()
    assert page.get("/acts/no-act/").status_code == 404


def test_an_act_that_waits_for_its_number_is_judged_by_what_is_numbered(
    offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older transaction that is still open keeps the sequencer from numbering what came after it."""
    opened(offices)
    latest = latest_known()
    monkeypatch.setattr(action, "NUMBER_PATIENCE_S", 0.1)
    client = Client()
    client.force_login(User.objects.get(pk=offices.governor.user))
    with open_transaction():
        order(offices, people="5")
        done = Task.objects.get().act_id

        found = judge(str(done))
        page = client.get(f"/acts/{done}/").content.decode()
        task = client.get("/tasks/EX-1-T1/").content.decode()

    assert (found.number, then(found).known_at, then(found).inside) == (None, latest, True)
    assert "waits for its number" in page
    assert f"/acts/{done}/" in task


def test_every_act_under_a_mission_names_the_clause_that_it_ran_under(offices: Offices) -> None:
    opened(offices)
    order(offices)
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T1", reason="Done", at=at(6))

    for name in ("tasks.order", "tasks.finish"):
        under = judge(number_of(name)).under
        assert under is not None
        assert (under.decision, under.version, under.limit) == ("EX-PROCESSING-1-D1", 1, "tasks_allowed")
        assert under.sentence == "Tasks allowed: T01, T02, T04, T06, T08."
    assert judge(number_of("decisions.decide")).under is None
