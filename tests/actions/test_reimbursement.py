"""The package for reimbursement: totals that open down to lines, evidence, what is missing, through each door."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import test_steps
from doors import door
from people import at
from test_costs import CAPPED, estimated, recorded, step
from test_steps import Offices, opened, order
from typer.testing import CliRunner

from muster import actions as do
from muster.cli.main import app
from muster.costs.models import CostDifference
from muster.ledger.queries import latest_known
from muster.missions.models import Mission
from muster.picture.reimbursement import Package, as_csv, as_data, package_of

offices = test_steps.offices
WHOLE = {"begins_on": "2026-03-01", "ends_on": "2026-03-05", "reference": "PAY-1"}


def package(known_at: int | None = None) -> Package:
    row = Mission.objects.select_related("decision__request").get(pk="EX-1")
    return package_of(row, at(1), latest_known() if known_at is None else known_at)


def lacks(line: str) -> list[str]:
    return [words for of, words in package().missing if of == line]


def test_totals_by_kind_open_down_to_their_lines_and_add_up_to_all(offices: Offices) -> None:
    opened(offices, CAPPED)
    recorded(offices)
    recorded(offices, kind="travel", rate_usd="", total_usd="99.50")
    recorded(offices, kind="travel", rate_usd="10", count="about 3", days="2")
    withdrawn = recorded(offices, total_usd="9", rate_usd="").line
    step(offices, "withdraw", withdrawn, reason="Of another mission")

    assert [(each.stage, each.kind, each.said, each.lines) for each in package().sums] == [
        ("actual", "personnel", "$3,000.00", ("EX-1-C1",)),
        ("actual", "travel", "about $159.50", ("EX-1-C2", "EX-1-C3")),
        ("actual", "", "about $3,159.50", ("EX-1-C1", "EX-1-C2", "EX-1-C3")),
    ]


def test_what_is_missing_is_told_until_it_is_there(offices: Offices) -> None:
    opened(offices)
    line = recorded(offices).line
    assert lacks(line) == [
        "It names no task and no line of the request.", "Its period is not recorded.",
        "The number of its paper is not recorded.", "It is not claimed yet.",
    ]  # fmt: skip
    assert ("", "The request states no fund citation.") in package().missing

    task = order(offices, begins_at=at(-24)).task
    better = do.costs.correct(
        actor=offices.sites.center, line=line, reason="The paper came",
        given={"kind": "personnel", "words": "Clerks", "source": {"publisher": "Example Guard", "title": "Pay table"},
               "rate_usd": "150", "count": "4", "task": task, **WHOLE},
    ).answer.line  # fmt: skip
    assert lacks(better) == [f"Nobody counted the members at {task}.", "It is not claimed yet."]
    do.checkins.report_present(actor=offices.sites.center, task=task, people=3, at=at(-2))
    assert lacks(better) == [
        f"It is for 4 people; 3 at most were counted at {task}.",
        "It is not claimed yet.",
    ]
    do.checkins.report_present(actor=offices.sites.center, task=task, people=4, at=at(-1))
    step(offices, "claim", better, reference="Claim 7")
    assert lacks(better) == []
    item = package().items[0]
    assert (item.counted, item.claim, item.task and item.task.pk) == (4, "Claim 7", task)


def test_an_open_difference_an_inexact_amount_and_an_estimate_that_nothing_came_of_are_missing_too(
    offices: Offices,
) -> None:
    opened(offices)
    recorded(offices, total_usd="1", request_line=1, **WHOLE)
    recorded(offices, count="about 4", request_line=1, **WHOLE | {"reference": "PAY-2"})
    expected = estimated(offices)

    assert lacks("EX-1-C1")[0].startswith("A difference is not settled: 4 at $150.00 a day")
    assert lacks("EX-1-C2")[0] == "The amount is about $3,000.00, and no exact figure."
    assert lacks(expected) == ["It is expected, and no actual cost is recorded for it."]
    do.costs.settle_difference(
        actor=offices.sites.center, difference=CostDifference.objects.get().pk, reason="A slip of the paper"
    )
    recorded(offices, estimate=expected)
    assert lacks("EX-1-C1") == ["It is not claimed yet."]
    assert lacks(expected) == []


def test_the_package_is_as_it_was_known(offices: Offices) -> None:
    opened(offices, CAPPED)
    line = recorded(offices).line
    before = latest_known()
    step(offices, "claim", line, reference="Claim 7")
    step(offices, "pay", line, amount_usd="2999", reference="SF 1081")

    then, now = as_data(package(before)), as_data(package())
    assert (then["lines"][0]["state"], then["paid_cents"], then["lines"][0]["differences"]) == ("open", 0, [])
    assert (now["lines"][0]["state"], now["paid_cents"]) == ("paid", 299_900)
    assert now["lines"][0]["differences"][0]["kind"] == "paid_otherwise"
    assert now["cap"]["per_cent"] == 30


def test_the_table_reads_back_and_no_cell_is_a_formula(offices: Offices) -> None:
    opened(offices)
    recorded(offices, words='=HYPERLINK("x")')

    rows = list(csv.DictReader(io.StringIO(as_csv(package()))))

    lines = [row for row in rows if row["record"] == "line"]
    assert [(row["id"], row["amount_low_usd"], row["amount_high_usd"], row["words"]) for row in lines] == [
        ("EX-1-C1", "3000.00", "3000.00", '\'=HYPERLINK("x")')
    ]
    totals = [(row["kind"], row["amount"], row["words"]) for row in rows if row["record"] == "total"]
    assert totals == [("personnel", "$3,000.00", "EX-1-C1"), ("all", "$3,000.00", "EX-1-C1")]
    cover = {row["id"]: row["words"] for row in rows if row["record"] == "cover"}
    assert cover["exercise"] == "A drill: nothing here happened."
    assert {row["record"] for row in rows} == {"cover", "total", "line", "missing"}


def test_the_api_tells_it_to_those_who_may_read_the_mission_and_to_others_it_is_not_there(
    offices: Offices, live_url: str
) -> None:
    opened(offices, CAPPED)
    recorded(offices, total_usd="8000", rate_usd="")

    status, _, told = door(live_url, offices.agency.user).ask("GET", "/api/v1/missions/EX-1/costs")
    assert (status, told["cap"]["near"], told["cap"]["over"], told["actual"]["said"]) == (
        200,
        True,
        False,
        "$8,000.00",
    )
    for who, page in ((offices.elsewhere, "EX-1"), (offices.agency, "EX-9")):
        status, media, _ = door(live_url, who.user).ask("GET", f"/api/v1/missions/{page}/costs")
        assert (status, media) == (404, "application/problem+json")
    nobody = door(live_url, offices.agency.user)
    nobody.token = None
    assert nobody.ask("GET", "/api/v1/missions/EX-1/costs")[0] == 401


def test_the_api_refuses_a_plan_beyond_the_cap_as_a_problem(offices: Offices, live_url: str) -> None:
    opened(offices, CAPPED)
    given = {
        "kind": "other",
        "words": "Tents",
        "source": {"publisher": "Example Guard", "title": "Offer"},
        "total_usd": "10000.01",
    }

    body = {"mission": "EX-1", "given": given}
    status, _, told = door(live_url, offices.sites.center.user).ask(
        "POST", "/api/v1/acts/costs/estimate", body
    )
    assert (status, told["code"]) == (422, "decisions.over_cost_cap")
    bad: dict[str, Any] = {"mission": "EX-1", "given": given | {"kind": "fun"}}
    status, _, told = door(live_url, offices.sites.center.user).ask(
        "POST", "/api/v1/acts/costs/estimate", bad
    )
    assert (status, told["code"]) == (422, "core.faulty_input")


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_the_command_writes_the_package_into_a_file(offices: Offices, tmp_path: Path, kind: str) -> None:
    opened(offices, CAPPED)
    recorded(offices)
    out = tmp_path / f"package.{kind}"

    said = CliRunner().invoke(app, ["costs", "EX-1", "--out", str(out), "--json"])

    assert (said.exit_code, json.loads(said.stdout)["actual"]["low_cents"]) == (0, 300_000)
    assert "EX-1-C1" in out.read_text()
    text = CliRunner().invoke(app, ["costs", "EX-1"]).stdout
    assert "30% of the cost cap is used: Not more than ten thousand dollars in all." in text


def test_the_command_refuses_a_kind_of_file_and_a_mission_that_it_does_not_know(
    offices: Offices, tmp_path: Path
) -> None:
    wrong = CliRunner().invoke(app, ["costs", "EX-1", "--out", str(tmp_path / "package.xls")])
    none = CliRunner().invoke(app, ["costs", "EX-9"])

    assert (wrong.exit_code, none.exit_code) == (2, 2)
    assert "not as package.xls" in wrong.stderr
    assert "There is no mission EX-9" in none.stderr
