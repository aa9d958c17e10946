"""What a mission costs: plans inside the decision's cap, facts kept above it, corrections as new lines, and files."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import test_steps
from django.db import connection
from people import at
from test_steps import LIMITS, Offices, opened, order
from typer.testing import CliRunner, Result

from muster import actions as do
from muster.access.control import NotPermitted, new_token
from muster.access.models import User
from muster.cli.main import app
from muster.core.errors import FaultyFile, FaultyInput, NotFound
from muster.core.times import NotHappenedYet
from muster.costs import queries
from muster.costs.actions import (
    AlreadyCorrected,
    DifferenceSettled,
    OnlyExpected,
    ReferenceTaken,
    SaidOtherwise,
)
from muster.costs.importing import import_costs
from muster.costs.models import CostDifference, CostLine
from muster.costs.rules import AmountMisread, NotAllowedFrom
from muster.decisions.models import Decision
from muster.decisions.rules import NumberNeeded, OverCostCap
from muster.ledger.queries import latest_known
from muster.missions.actions import AlreadyClosed
from muster.record.action import KeyReused
from muster.record.models import Act
from muster.tasks.models import Task

offices = test_steps.offices
CAPPED = LIMITS | {
    "cost_cap_usd": 10_000,
    "sentences": {**LIMITS["sentences"], "cost_cap_usd": "Not more than ten thousand dollars in all."},  # type: ignore[dict-item]
}
SOURCE = {"publisher": "Example Guard", "title": "Pay table 2026"}


def said(**more: Any) -> dict[str, Any]:
    """Clerks for a week: $3,000.00, unless it is said otherwise."""
    base = {
        "kind": "personnel",
        "words": "Clerks",
        "source": SOURCE,
        "rate_usd": "150",
        "count": "4",
        "days": "5",
    }
    return base | more


def estimated(offices: Offices, **more: Any) -> str:
    return str(do.costs.estimate(actor=offices.sites.center, mission="EX-1", given=said(**more)).answer.line)


def recorded(offices: Offices, **more: Any) -> Any:
    return do.costs.record(actor=offices.sites.center, mission="EX-1", given=said(**more)).answer


def cap(known_at: int | None = None) -> queries.CapUse | None:
    known = latest_known() if known_at is None else known_at
    return queries.cap_use(Decision.objects.get(), at(1), known)


def step(offices: Offices, verb: str, line: str, **more: Any) -> str:
    act = getattr(do.costs, verb)
    return str(act(actor=offices.sites.center, line=line, at=at(1), **more).answer.state)


# --- the cap ------------------------------------------------------------------------


def test_an_estimate_beyond_the_cap_is_refused_with_the_decisions_sentence(offices: Offices) -> None:
    opened(offices, CAPPED)
    estimated(offices)
    estimated(offices, total_usd="7000", rate_usd="")

    with pytest.raises(OverCostCap, match="Not more than ten thousand dollars in all") as told:
        estimated(offices, rate_usd="0.01", count="1", days="1")
    assert (told.value.code, told.value.used_cents) == ("decisions.over_cost_cap", 1_000_000)
    assert CostLine.objects.count() == 2
    assert Act.objects.filter(refused_code="decisions.over_cost_cap").count() == 1


def test_an_estimate_whose_amount_is_open_needs_a_number_where_there_is_a_cap(offices: Offices) -> None:
    opened(offices, CAPPED)

    with pytest.raises(NumberNeeded):
        estimated(offices, count="at least 4")


def test_without_a_cap_an_open_amount_stays_as_it_was_said(offices: Offices) -> None:
    opened(offices)

    answer = do.costs.estimate(
        actor=offices.sites.center, mission="EX-1", given=said(count="at least 4")
    ).answer
    assert (answer.amount, cap()) == ("at least $3,000.00", None)


def test_two_officers_cannot_spend_the_same_money(offices: Offices) -> None:
    opened(offices, CAPPED)
    outcomes: list[str] = []

    def one() -> None:
        try:
            outcomes.append(estimated(offices, total_usd="6000"))
        except OverCostCap as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    both = [threading.Thread(target=one) for _ in range(4)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert sorted(outcomes) == ["EX-1-C1", *["decisions.over_cost_cap"] * 3]


def test_two_missions_under_one_decision_share_its_cap(offices: Offices) -> None:
    decision = opened(offices, CAPPED)
    do.missions.open_mission(
        actor=offices.sites.center,
        decision=decision,
        mission="EX-2",
        title="More",
        organisation="EX-GUARD",
        at=at(-40),
    )
    outcomes: list[str] = []

    def one(mission: str) -> None:
        given = said(total_usd="6000")
        try:
            outcomes.append(
                do.costs.estimate(actor=offices.sites.center, mission=mission, given=given).answer.line
            )
        except OverCostCap as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    both = [threading.Thread(target=one, args=[mission]) for mission in ("EX-1", "EX-2", "EX-1", "EX-2")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    kept = [outcome for outcome in outcomes if outcome in ("EX-1-C1", "EX-2-C1")]
    assert (len(kept), outcomes.count("decisions.over_cost_cap")) == (1, 3)


def test_a_task_is_ordered_with_what_its_people_cost_or_not_at_all(offices: Offices) -> None:
    opened(offices, CAPPED)
    estimate = {"rate_usd": "200", "source": SOURCE}

    ordered = order(offices, people="about 5", begins_at=at(0), ends_at=at(48), estimate=estimate)
    with pytest.raises(OverCostCap):
        order(offices, people="5", begins_at=at(0), ends_at=at(48), estimate=estimate | {"days": "8"})

    line = CostLine.objects.get(pk=ordered.estimate)
    # From noon on 1 March to noon on 3 March, in Chicago: three days are touched.
    assert (line.task, line.days["low"], queries.costs_of("EX-1")[0].line.amount.said) == (
        ordered.task,
        3,
        "about 300,000",
    )
    assert (Task.objects.count(), CostLine.objects.count()) == (1, 1)


def test_a_plan_fits_the_cap_of_every_version_in_force_while_it_lasts(offices: Offices) -> None:
    decision = opened(offices, CAPPED)
    less = CAPPED | {"cost_cap_usd": 2000}
    do.decisions.amend(
        actor=offices.governor, decision=decision, limits=less, reason="Less", effective_at=at(24 * 300)
    )

    estimated(offices, begins_on="2026-03-01", ends_on="2026-03-05", days="")
    with pytest.raises(OverCostCap):
        estimated(offices, begins_on="2026-03-01", ends_on="2029-03-05", days="5")


def test_a_cost_above_the_cap_is_a_fact_and_opens_a_difference(offices: Offices) -> None:
    opened(offices, CAPPED)

    inside, above = (
        recorded(offices, total_usd="10000", rate_usd=""),
        recorded(offices, total_usd="0.01", rate_usd=""),
    )

    assert inside.differences == []
    assert "$0.01 more than the $10,000.00 allowed" in above.differences[0]
    assert "Not more than ten thousand dollars" in above.differences[0]
    used = cap()
    assert used is not None
    assert (used.is_over, used.per_cent, used.used.cents) == (True, 100, 1_000_001)


@pytest.mark.parametrize(
    ("amount", "near", "per_cent"), [("7999.99", False, 79), ("8000", True, 80), ("10000", True, 100)]
)
def test_it_is_warned_at_four_fifths(offices: Offices, amount: str, near: bool, per_cent: int) -> None:
    opened(offices, CAPPED)
    estimated(offices, total_usd=amount, rate_usd="")

    used = cap()
    assert used is not None
    assert (used.is_near, used.is_over, used.per_cent) == (near, False, per_cent)


def test_what_came_of_an_estimate_is_not_counted_twice_and_the_past_stays_as_it_was_known(
    offices: Offices,
) -> None:
    opened(offices, CAPPED)
    expected = estimated(offices)
    before = latest_known()
    recorded(offices, total_usd="1000", rate_usd="", estimate=expected)
    corrected = do.costs.correct(
        actor=offices.sites.center, line=expected, given=said(days="10"), reason="Ten days"
    ).answer.line
    after = cap()
    step(offices, "settle", corrected, reason="Nothing more will come of it.")

    known = cap(before)
    now = cap()
    assert known
    assert after
    assert now
    assert (known.used.cents, after.used.cents, now.used.cents) == (300_000, 600_000, 100_000)


# --- lines --------------------------------------------------------------------------


def test_a_total_that_does_not_multiply_out_is_kept_with_a_difference_that_somebody_settles(
    offices: Offices,
) -> None:
    opened(offices)

    kept = recorded(offices, total_usd="3100")
    difference = CostDifference.objects.get()
    assert kept.differences == [
        "4 at $150.00 a day for 5 days make $3,000.00; the total is stated as $3,100.00."
    ]
    assert queries.open_cost_differences("EX-1") == [difference]

    settle = {"actor": offices.sites.center, "difference": difference.pk, "reason": "The invoice has a fee."}
    do.costs.settle_difference(**settle)
    assert queries.open_cost_differences("EX-1") == []
    with pytest.raises(DifferenceSettled):
        do.costs.settle_difference(**settle)


def test_a_correction_is_a_new_line_that_names_the_old(offices: Offices) -> None:
    opened(offices)
    old = recorded(offices, reference="INV-1").line
    fix = {
        "actor": offices.sites.center,
        "line": old,
        "given": said(count="3", reference="INV-1"),
        "reason": "Three came",
    }

    new = do.costs.correct(**fix).answer.line

    assert [(cost.row.pk, cost.counts, cost.corrected_by) for cost in queries.costs_of("EX-1")] == [
        ("EX-1-C1", False, "EX-1-C2"), ("EX-1-C2", True, ""),
    ]  # fmt: skip
    assert CostLine.objects.get(pk=new).corrects_id == old
    with pytest.raises(AlreadyCorrected, match="EX-1-C2 stands in for it"):
        do.costs.correct(**fix)
    with pytest.raises(AlreadyCorrected):
        step(offices, "settle", old, reason="Nothing to claim")


def test_a_corrected_estimate_stays_inside_the_cap_and_its_old_amount_counts_no_more(
    offices: Offices,
) -> None:
    opened(offices, CAPPED)
    line = estimated(offices, total_usd="9000", rate_usd="")
    correct = {"actor": offices.sites.center, "line": line, "reason": "More was offered"}

    with pytest.raises(OverCostCap):
        do.costs.correct(**correct, given=said(total_usd="10000.01", rate_usd=""))
    do.costs.correct(**correct, given=said(total_usd="10000", rate_usd=""))


def test_a_cost_is_claimed_and_paid_and_another_amount_opens_a_difference(offices: Offices) -> None:
    opened(offices)
    line, other = recorded(offices).line, recorded(offices).line
    assert [row.pk for row in queries.open_cost_lines("EX-1")] == [line, other]

    with pytest.raises(NotAllowedFrom):
        step(offices, "pay", line, amount_usd="3000", reference="SF 1081 no. 1")
    for each in (line, other):
        assert step(offices, "claim", each, reference="Claim 7") == "claimed"
    assert queries.open_cost_lines("EX-1") == []
    with pytest.raises(AmountMisread):
        step(offices, "pay", line, amount_usd="all of it", reference="SF 1081 no. 1")
    assert step(offices, "pay", line, amount_usd="3000", reference="SF 1081 no. 1") == "paid"
    assert not CostDifference.objects.exists()
    step(offices, "pay", other, amount_usd="2,900", reference="SF 1081 no. 2")

    assert CostDifference.objects.get().words == "$2,900.00 was paid, and the line comes to $3,000.00."
    assert [cost.paid_cents for cost in queries.costs_of("EX-1")] == [300_000, 290_000]


def test_an_estimate_is_claimed_from_nobody_and_a_withdrawn_line_is_not_corrected(offices: Offices) -> None:
    opened(offices)
    line = estimated(offices)

    with pytest.raises(OnlyExpected):
        step(offices, "claim", line, reference="Claim 7")
    step(offices, "withdraw", line, reason="It was for another mission.")
    with pytest.raises(NotAllowedFrom):
        do.costs.correct(actor=offices.sites.center, line=line, given=said(), reason="Anew")
    assert queries.standing(queries.costs_of("EX-1")) == []


def test_a_step_lies_in_the_past(offices: Offices) -> None:
    opened(offices)
    line = recorded(offices).line

    with pytest.raises(NotHappenedYet):
        do.costs.claim(actor=offices.sites.center, line=line, reference="Claim 7", at=at(24 * 365 * 20))


@pytest.mark.parametrize(
    ("more", "column", "code"),
    [
        ({"task": "EX-1-T9"}, "task", "costs.no_such_task"),
        ({"request_line": 9}, "request_line", "costs.no_such_line"),
        ({"estimate": "EX-1-C9"}, "estimate", "costs.no_such_estimate"),
    ],
)
def test_what_a_line_is_for_is_there(offices: Offices, more: dict[str, Any], column: str, code: str) -> None:
    opened(offices)

    with pytest.raises(FaultyInput) as told:
        recorded(offices, **more)
    assert [(fault.column, fault.code) for fault in told.value.faults] == [(column, code)]
    task = order(offices).task
    assert recorded(offices, task=task, request_line=1).line == "EX-1-C1"


def test_a_paper_is_one_cost(offices: Offices) -> None:
    opened(offices)
    recorded(offices, reference="INV-1")

    with pytest.raises(ReferenceTaken):
        recorded(offices, reference=" INV-1 ")


def test_who_runs_the_mission_keeps_its_costs_and_to_others_they_are_not_there(offices: Offices) -> None:
    opened(offices)
    line = recorded(offices).line

    for actor, refusal in (
        (offices.governor, NotPermitted),
        (offices.agency, NotPermitted),
        (offices.elsewhere, NotFound),
    ):
        with pytest.raises((NotPermitted, NotFound)) as told:
            do.costs.record(actor=actor, mission="EX-1", given=said())
        assert isinstance(told.value, (refusal, NotPermitted))
    with pytest.raises(NotFound):
        step(offices, "settle", "EX-1-C9", reason="Nothing to claim")
    with pytest.raises(NotFound):
        do.costs.settle_difference(actor=offices.sites.center, difference=9, reason="None")
    assert CostLine.objects.get().pk == line


def test_a_cost_sent_twice_is_kept_once(offices: Offices) -> None:
    opened(offices)
    key = uuid4()
    sent = {"actor": offices.sites.center, "mission": "EX-1", "key": key}

    first, again = (do.costs.record(**sent, given=said()) for _ in range(2))

    assert (first.act, CostLine.objects.count()) == (again.act, 1)
    with pytest.raises(KeyReused):
        do.costs.record(**sent, given=said(count="5"))


def test_after_the_end_nothing_more_is_planned_and_what_it_cost_is_still_kept(offices: Offices) -> None:
    opened(offices)
    do.missions.close(actor=offices.sites.center, mission="EX-1", reason="Done", at=at(2))

    with pytest.raises(AlreadyClosed):
        estimated(offices)
    assert recorded(offices).line == "EX-1-C1"


# --- files --------------------------------------------------------------------------

HEADER = "reference,stage,kind,words,rate_usd,count,days,publisher,title,total_usd,request_line"


def taken(offices: Offices, *rows: str, **how: bool) -> dict[str, Any]:
    file = io.BytesIO("\n".join([HEADER, *rows, ""]).encode())
    return import_costs(file, actor=offices.sites.center, mission="EX-1", name="costs.csv", **how)


def test_a_file_of_costs_is_taken_in_once(offices: Offices) -> None:
    opened(offices)
    rows = [
        "1,actual,travel,Bus,10,3,2,Example Guard,Invoice 1,60,1",
        "2,estimate,other,Fees,,,,Example Guard,Offer 2,99.50,",
    ]

    assert taken(offices, *rows, dry_run=True)["kept"] == 0
    assert taken(offices, *rows)["notices"] == {}
    assert taken(offices, *rows)["notices"] == {"already_there": 2}
    assert [cost.line.amount.said for cost in queries.costs_of("EX-1")] == ["6,000", "9,950"]
    with pytest.raises(SaidOtherwise, match=r"^2: "):
        taken(offices, rows[0], rows[1].replace("99.50", "99.51"))


def test_every_fault_of_a_file_is_told_by_its_row_and_nothing_is_kept(offices: Offices) -> None:
    opened(offices)
    good = "1,actual,travel,Bus,10,3,2,Example Guard,Invoice 1,60,1"

    with pytest.raises(FaultyFile) as told:
        taken(
            offices,
            good,
            good,
            "3,actual,fun,Bus,ten,3,2,Example Guard,Invoice 1,60,",
            "4,actual,other,Bus,1,x,2,G,I,,",
        )
    with pytest.raises(FaultyInput) as later:
        taken(offices, good, "5,actual,other,Bus,1,1,2,G,I,,8")

    assert [(fault.row, fault.column, fault.code) for fault in told.value.faults] == [
        (3, "reference", "costs.reference_twice"), (4, "kind", "costs.unknown_choice"), (5, "count", "core.quantity_misread"),
    ]  # fmt: skip
    assert [(fault.row, fault.code) for fault in later.value.faults] == [(3, "costs.no_such_line")]
    assert not CostLine.objects.exists()
    assert taken(offices, good, good, keep_good=True)["kept"] == 1


def test_a_file_that_plans_beyond_the_cap_is_refused_whole(offices: Offices) -> None:
    opened(offices, CAPPED)

    with pytest.raises(OverCostCap):
        taken(offices, "1,estimate,other,Tents,,,,G,I,6000,", "2,estimate,other,Cots,,,,G,I,6000,")
    assert not CostLine.objects.exists()


def test_the_command_takes_a_file_in_and_tells_its_faults(offices: Offices, tmp_path: Path) -> None:
    opened(offices)
    file = tmp_path / "costs.csv"
    file.write_text(f"{HEADER}\n1,actual,travel,Bus,10,3,2,Example Guard,Invoice 1,60,1\n")
    token = {"MUSTER_TOKEN": new_token(User.objects.get(pk=offices.sites.center.user))}

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["import", "costs", str(file), "--mission", *words], env=token)

    assert json.loads(run("EX-1", "--json").stdout)["kept"] == 1
    assert run("EX-9").exit_code == 2
    file.write_text(f"{HEADER}\n2,actual,fun,Bus,10,3,2,Example Guard,Invoice 1,60,1\n")
    wrong = run("EX-1")
    assert (wrong.exit_code, "row 2" in wrong.stderr) == (2, True)
    assert CostLine.objects.count() == 1
