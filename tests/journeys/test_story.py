"""The exercise told through each door: the ledgers are equal entry for entry."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import stories
from django.test import Client
from typer.testing import CliRunner

from muster.access.control import Actor, new_token
from muster.access.models import User
from muster.assistance.models import Link, Request
from muster.authority import queries as authority
from muster.authority.models import Drift, DriftReview
from muster.cli.main import app
from muster.core.quantity import Quantity
from muster.costs.models import CostLine
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.demonstration import exercise, loading, missouri, others, states
from muster.demonstration.links import link_for
from muster.demonstration.story import ACCOUNTS
from muster.demonstration.telling import Cast, Step
from muster.ledger import queries as ledger
from muster.ledger.models import Entry
from muster.missions.models import Apart, Mission
from muster.picture import queries as picture
from muster.sources.models import Claim, Statement
from muster.transport.outside import outside as outside_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Row = tuple[int, int, str, str, str, datetime, str]
Door = Callable[[Step, dict[str, Any]], dict[str, Any]]


def tell(cast: Cast, door: Door) -> list[Row]:
    """Play the story through a door; its ledger."""
    said: dict[str, dict[str, Any]] = {}
    for step in exercise.steps(cast):
        answer = door(step, loading.filled_in(step, said))
        if step.name:
            said[step.name] = answer
    return ledger_of(cast)


def ledger_of(cast: Cast) -> list[Row]:
    """The ledger of a cast to whom the story was told, with each person's number in the place of the tag."""
    number = {tag: n for n, tag in enumerate(cast.tags)}
    entries = Entry.objects.filter(thing__tag__in=number).values_list(
        "thing__tag", "n", "kind", "giver__code", "receiver__code", "happened_at", "reason"
    )
    # Each cast has a mission of its own, whose trip is named after it.
    own = {f"trip:{cast.mission}-BUS-1": "the bus"}
    return sorted(
        (number[tag], n, kind, own.get(g, g), own.get(r, r), *rest) for tag, n, kind, g, r, *rest in entries
    )


def inside(people: dict[str, Actor]) -> Door:
    """The door of the actions themselves."""

    def door(step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        return loading.play(Step(step.by, step.action, inputs, refused=step.refused), people[step.by], {})

    return door


def test_the_story_is_the_same_through_the_api_and_the_command_line(live_url: str) -> None:
    """Three casts of other tags play it beside each other, so that one database holds the three ledgers.

    The command runs in this process; that it is the same in one of its own, `test_cli` shows.
    """
    people = loading.prepare()
    tokens = {name: new_token(User.objects.get(username=name)) for name in people}

    def api(step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {tokens[step.by]}", "Content-Type": "application/json"}
        address = f"{live_url}/api/v1/acts/{step.action.replace('.', '/')}"
        request = urllib.request.Request(address, json.dumps(_plain(inputs)).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return dict(json.load(answer)["answer"])
        except urllib.error.HTTPError as refusal:
            code = json.load(refusal)["code"]
            assert code == (step.refused or "record.kept_as_report"), code
            return {}

    def command_line(step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        done = CliRunner().invoke(
            app, ["act", step.action], input=json.dumps(_plain(inputs)), env={"MUSTER_TOKEN": tokens[step.by]}
        )
        if step.refused:
            assert (done.exit_code, step.refused in done.stderr) == (2, True), done.stderr
            return {}
        assert done.exit_code in (0, 1), done.stderr
        return dict(json.loads(done.stdout)["answer"])

    expected = tell(Cast.drawn(NOW, 1, "EX-ONE"), inside(people))

    assert len(expected) == 120 + 49 + 2 * 10 + 2 + 3
    assert tell(Cast.drawn(NOW, 2, "EX-TWO"), api) == expected
    assert tell(Cast.drawn(NOW, 3, "EX-THREE"), command_line) == expected


def _plain(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in inputs.items()}


@pytest.fixture
def demonstration(settings: Any) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"demonstration": True})


def test_a_link_signs_in_only_where_the_installation_is_a_demonstration(settings: Any) -> None:
    loading.prepare()
    link = link_for(User.objects.get(username="clerk.north"))

    assert Client().get(link).status_code == 404
    settings.CONFIG = settings.CONFIG.model_copy(update={"demonstration": True})
    client = Client()
    assert client.get(link).url == "/"  # type: ignore[attr-defined]
    assert client.get("/", follow=True).status_code == 200
    assert Client().get(link[:-3] + "x/").status_code == 404


def test_every_account_of_the_demonstration_has_a_page_to_land_on(demonstration: None) -> None:
    people = loading.prepare()

    assert set(people) == {account.name for account in ACCOUNTS}
    for name in people:
        client = Client()
        client.get(link_for(User.objects.get(username=name)))
        page = client.get("/", follow=True)
        assert page.status_code == 200
        assert b"(demonstration)" in page.content


def test_the_demonstration_gives_the_same_figures_for_the_same_moment_and_seed(data_folder: Path) -> None:
    """By the command, by the command again, and where it is told without it."""

    def run(folder: Path) -> dict[str, Any]:
        command = [
            sys.executable,
            "-c",
            "from muster.cli.main import main; main()",
            "demo",
            "--once",
            "--json",
        ]
        command += ["--now", "2026-11-20T12:00:00Z", "--data", str(folder)]
        env = {"PATH": os.environ["PATH"], "HOME": "/"}
        return dict(
            json.loads(subprocess.run(command, capture_output=True, env=env, timeout=60, check=True).stdout)
        )

    first, again = run(data_folder), run(data_folder)
    stories.demonstration()
    second = json.loads(json.dumps(loading.figures(stories.NOW)))

    assert first["missions"] == second == again["missions"]
    missions = {mission["id"]: mission for mission in first["missions"]}
    assert {name: mission["state"] for name, mission in missions.items()} == {
        "ICE-SUPPORT-2025": "expired", "EX-PROCESSING-1": "in force", "EX-FLOOD-1": "in force", "EX-EXPIRED-1": "expired",
        "EX-SHELTER-1": "in review", "ICE-SUPPORT-2025-VT": "declined",
        **dict.fromkeys((state.request for state in states.STATES), "approved with limits"),
        **dict.fromkeys((request for _, request, *_ in states.UNDECIDED), "in review"),
    }  # fmt: skip
    figures = missions["EX-PROCESSING-1"]["figures"]
    assert figures["sites"] == {"EX-NORTH": 58, "EX-SOUTH": 59}
    assert figures["open_differences"] == {
        "bag_lost": 1, "count_disagrees": 1, "discrepancy": 1, "held_elsewhere": 1, "open_check": 1, "unoffered_arrival": 3,
    }  # fmt: skip
    assert missions["ICE-SUPPORT-2025"]["figures"]["shown"]["requested MO"] == "not recorded"
    assert missions["ICE-SUPPORT-2025"]["figures"]["shown"]["authorised_total US"] == "about 1,700"


def test_all_sixteen_facts_of_the_report_are_in_the_record_each_in_its_place() -> None:
    people = loading.prepare()
    for step in missouri.steps():
        loading.play(step, people[step.by], {})

    request = Request.objects.get(pk="ICE-SUPPORT-2025-MO")
    assert {line.task for line in request.lines.all()} == {"T01", "T02", "T04", "T08"}  # M01
    assert [e.task for e in request.exclusions.all()] == ["T13"]
    review = request.steps.get(state="in_review")  # M02
    assert (review.approximate, review.happened_at.date().isoformat()) == (True, "2025-08-22")
    statements = {(row.pk, row.kind) for row in Statement.objects.all()}
    assert statements == {
        ("STLPR-M01", "asked"), ("STLPR-M02", "standing"), ("STLPR-M03", "scope"), ("STLPR-M04", "scope"),
        ("STLPR-M06", "order"), ("STLPR-M10", "command"), ("STLPR-M12", "purpose"), ("STLPR-M13", "activation"),
        ("STLPR-M16", "meaning"),
    }  # fmt: skip
    said = {row.pk: (row.metric, Quantity.from_json(row.quantity).said) for row in Claim.objects.all()}
    assert said["STLPR-M05"] == ("requested", "not recorded")
    assert Claim.objects.get(pk="STLPR-M05").asked_of == "Missouri National Guard"
    assert said["STLPR-M07"] == ("authorised_added", "500")
    assert said["STLPR-M08"] == ("authorised_total", "about 1,700")
    assert said["STLPR-M09"] == ("states_eligible", "10")
    assert said["STLPR-M11"] == ("states_considering", "20")
    apart = {row.code: row.relation for row in Apart.objects.filter(mission="ICE-SUPPORT-2025")}
    assert apart == {
        "MO-EMERGENCY-2025": "earlier", "FBI-STAFF-2025": "separate_from", "DC-TROOPS-2025": "separate_from",
    }  # fmt: skip
    assert said["STLPR-M14"] == ("fbi_staff_added", "not recorded")
    assert said["STLPR-M15"] == ("deployed", "nearly 2,000")


def test_what_is_kept_apart_never_enters_the_figures_of_the_mission() -> None:
    people = loading.prepare()
    for step in missouri.steps():
        loading.play(step, people[step.by], {})
    known = ledger.latest_known()
    august = datetime(2025, 8, 23, tzinfo=UTC)

    figures = picture.figures("ICE-SUPPORT-2025", august, known)
    apart = picture.apart("ICE-SUPPORT-2025", august, known)

    assert not [figure for figure in figures if figure.metric in ("deployed", "activated", "fbi_staff_added")]
    assert sorted(figure.words for _, found in apart for figure in found) == [
        "0", "nearly 2,000", "not recorded", "not recorded",
    ]  # fmt: skip
    decision = Decision.objects.get(request="ICE-SUPPORT-2025-MO")
    assert decision.decided_at is None
    assert decision.source is not None
    assert (
        decision.source.get_mark_display() == "read in a secondary source only"
    )  # S: authority.md section 4
    assert decisions.in_force(decision, august, known).why == "not_issued"
    assert decisions.in_force(decision, datetime(2025, 11, 1, tzinfo=UTC), known).why is None
    assert decisions.in_force(decision, datetime(2026, 10, 2, tzinfo=UTC), known).why == "expired"


def test_the_flood_is_reviewed_amended_and_drifts_before_those_who_look_at_the_demonstration() -> None:
    """One criterion is left open out loud, one exception waits for counsel, and the request has two versions."""
    people = loading.prepare()
    said: dict[str, dict[str, Any]] = {}
    cast = Cast.drawn(NOW, 1)
    for step in [*exercise.asked(cast), *others.steps(cast)]:
        answer = loading.play(step, people[step.by], said)
        if step.name:
            said[step.name] = answer

    flood = Request.objects.get(pk=others.FLOOD)
    reviewed = authority.review_of(flood)
    assert reviewed.not_judged == ("readiness",)
    assert reviewed.in_words() == "Not judged: readiness."
    first, second = flood.versions.all()
    assert (first.n, second.n) == (1, 2)
    assert second.content["lines"][0]["people"] != first.content["lines"][0]["people"]
    drifts = {row.done: row for row in Drift.objects.filter(request=flood)}
    assert {done: row.finding for done, row in drifts.items()} == {
        "T20": "needs_counsel",
        "T14": "prohibited",
    }
    assert [row.drift_id for row in DriftReview.objects.all()] == [drifts["T20"].pk]
    assert drifts["T14"].review_due_at > NOW
    flooded = Mission.objects.get(pk=others.FLOOD)
    outside = [
        (each.id, each.version, each.settlement.how) for each in outside_of(flooded, ledger.latest_known())
    ]
    assert outside == [("EX-FLOOD-1-T1", 2, "open"), ("EX-FLOOD-1-T2", 2, "kept")]
    costs = {
        line.pk.rpartition("-")[2]: (line.stage, [step.state for step in line.steps.all()])
        for line in CostLine.objects.all()
    }
    assert costs == {
        "C1": ("estimate", []), "C2": ("estimate", []), "C3": ("estimate", ["settled"]), "C4": ("actual", ["claimed"]),
    }  # fmt: skip
    links = {(row.request_id, row.relation, row.other_id) for row in Link.objects.all()}
    assert links == {
        ("EX-SHELTER-1", "continues", "EX-FLOOD-1"), ("EX-EXPIRED-1", "separate_from", "EX-PROCESSING-1"),
    }  # fmt: skip
