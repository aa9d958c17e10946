"""Which task categories may be tasked under each decision of the demonstration, and what stops the others, as the record answers.

`taskable.txt` is the table, for counsel to read: a decision, a day there, which may be tasked (perhaps on conditions), and by layer which
not; the same as it was known just before the decision was recorded; and, of a request alone, what could be given in a duty status on a
day. Where the answer ought to change it stands on the day before and on the day. It is written anew by
`MUSTER_WRITE_TABLES=1 pytest tests/actions/test_taskable.py`, and read by whoever commits it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from people import at
from test_cli import muster
from test_steps import LIMITS, Offices, offices, opened, order

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.authority import queries as authority
from muster.core.errors import MusterError
from muster.core.tasks import TASKS
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.demonstration import exercise, loading, missouri, others, states
from muster.demonstration.telling import Cast, Step
from muster.ledger.queries import latest_known
from muster.tasks.taskable import MAY, every_line, stops, taskable, taskable_of

__all__ = ["offices"]
FILE = Path(__file__).parent / "taskable.txt"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
UNKNOWN = "unknown"  # as it was known just before the decision was recorded
LAYERS = ("may", "law", "federal order", "governor's decision", "request scope", "site rule")


def story(cast: Cast) -> Iterator[Step]:
    yield from missouri.steps()
    yield from states.steps()
    yield from exercise.asked(cast)
    yield from exercise.decided(cast)
    yield from others.flood(cast)


def joined(tasks: list[str]) -> str:
    """`T01 T02 T04-T06`: each run of three and more by its ends."""
    runs: list[list[str]] = []
    for task in tasks:
        if runs and int(task[1:]) == int(runs[-1][-1][1:]) + 1:
            runs[-1].append(task)
        else:
            runs.append([task])
    return " ".join(" ".join(run) if len(run) < 3 else f"{run[0]}-{run[-1]}" for run in runs)


def answered(name: str, *asked: str) -> str:
    """What the record says: of a decision on a day, at noon where it counts its days; of a request in a status on a day."""
    if Decision.objects.filter(pk=name).exists():
        row = Decision.objects.select_related("request", "source", "act__number").get(pk=name)
        noon = datetime.combine(
            datetime.fromisoformat(asked[0]), time(12), decisions.zone_of(row, latest_known())
        )
        known_at = row.act.number.number - 1 if asked[1:] == (UNKNOWN,) else latest_known()
        found = taskable(row, noon, known_at)
    else:
        status, day = asked
        request = assistance.as_rule(Request.objects.get(pk=name))
        found = authority.findings(
            replace(request, lines=every_line()),
            status,
            date.fromisoformat(day),
            dict(request.facts),
            limits=[],
        )
    by_layer: dict[str, list[str]] = {}
    for task, layer in stops(found).items():
        by_layer.setdefault(layer, []).append(task)
    columns = [f"{layer} {joined(by_layer[layer])}" for layer in LAYERS if layer in by_layer]
    return " | ".join([" ".join((name, *asked)), *columns])


def test_the_table_of_what_may_be_tasked_is_what_the_record_answers() -> None:
    people, said = loading.prepare(), dict[str, dict[str, Any]]()
    for step in story(Cast.drawn(NOW, 1)):
        said[step.name] = loading.play(step, people[step.by], said)
    text = FILE.read_text("utf-8")
    asked = [line.split(" | ")[0].split() for line in text.splitlines() if line and not line.startswith("#")]
    head = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("#"))

    told = head + "".join(f"{answered(*row)}\n" for row in asked)

    if os.environ.get("MUSTER_WRITE_TABLES"):
        FILE.write_text(told, "utf-8")
    assert told == text
    real = Request.objects.exclude(kind="exercise")
    decided = set(Decision.objects.filter(request__in=real).values_list("pk", flat=True))
    named = {(row[0], row[-1] == UNKNOWN) for row in asked}
    assert {(each, unknown) for each in decided for unknown in (False, True)} <= named
    assert set(real.values_list("pk", flat=True)) <= {name for name, _ in named}


def found(decision: str, hours: float, known_at: int | None = None) -> dict[str, Any]:
    row = Decision.objects.get(pk=decision)
    return {
        each.task: each for each in taskable(row, at(hours), latest_known() if known_at is None else known_at)
    }


def test_every_category_is_answered_and_the_decision_is_quoted(offices: Offices) -> None:
    decision = opened(offices)

    told = found(decision, 0)

    assert list(told) == list(TASKS)
    assert told["T03"].layer == "governor's decision"
    assert told["T03"].rule == f"{decision}.tasks_allowed"
    assert told["T01"].finding in ("permitted", "conditional")


def test_before_it_is_decided_and_while_it_is_suspended_nothing_may_be_tasked(offices: Offices) -> None:
    decision = opened(offices)
    before = latest_known()
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-10))

    early, suspended, as_known_then = found(decision, -200), found(decision, -9), found(decision, -9, before)

    assert {each.finding for each in early.values()} == {"prohibited"}
    assert early["T01"].rule == f"{decision}.not_issued"
    assert suspended["T01"].rule == f"{decision}.suspended"
    assert "suspended since" in suspended["T01"].words
    assert as_known_then["T01"].finding in ("permitted", "conditional")


def test_after_the_last_day_it_is_the_decisions_last_day_that_stops_it(offices: Offices) -> None:
    decision = opened(offices)

    told = found(decision, 24 * 400)

    assert told["T01"].rule == f"{decision}.effective_to"
    assert told["T01"].finding == "prohibited"


def test_a_decision_that_names_no_tasks_allows_what_was_asked_and_nothing_else(offices: Offices) -> None:
    named = {name: value for name, value in LIMITS.items() if name not in ("tasks_allowed", "tasks_barred")}
    decision = opened(offices, named)

    told = found(decision, 0)

    assert (told["T21"].layer, told["T21"].rule) == ("request scope", "lines")
    assert told["T01"].finding in ("permitted", "conditional")


def test_what_may_not_be_tasked_cannot_be_ordered(offices: Offices) -> None:
    """The table and the order of a task ask the same."""
    decision = opened(offices)
    stopped = [task for task, each in found(decision, 1).items() if each.finding not in MAY]

    codes = {}
    for task in stopped:
        with pytest.raises(MusterError) as refusal:
            order(
                offices,
                category=task,
                begins_at=at(1),
                ends_at=at(2),
                people="1",
                vehicles="0",
                contact="direct",
            )
        codes[task] = refusal.value.code

    assert set(codes.values()) == {"decisions.barred_task", "decisions.outside_tasks"}
    assert stopped


def test_the_doors_say_the_same(offices: Offices, database_env: dict[str, str]) -> None:
    decision = opened(offices)
    said = taskable_of(Decision.objects.get(pk=decision), "2026-03-10", None)
    client = Client(
        headers={"authorization": f"Bearer {new_token(User.objects.get(pk=offices.governor.user))}"}
    )

    by_api = client.get(f"/api/v1/decisions/{decision}/taskable?at=2026-03-10").json()
    by_command = json.loads(
        muster("taskable", decision, "--at", "2026-03-10", "--json", env=database_env).stdout
    )

    assert by_api == by_command == json.loads(json.dumps(said))
    assert client.get("/api/v1/decisions/NONE/taskable").status_code == 404
    assert client.get(f"/api/v1/decisions/{decision}/taskable?at=soon").status_code == 422
    assert muster("taskable", "NONE", env=database_env).returncode == 2


def test_the_page_says_what_stops_each_category_and_which_day_it_misread(offices: Offices) -> None:
    decision = opened(offices)
    client = Client()
    client.force_login(User.objects.get(pk=offices.governor.user))

    page = client.get(f"/decisions/{decision}/taskable/", {"at": "2026-03-10"})
    misread = client.get(f"/decisions/{decision}/taskable/", {"at": "soon"})

    assert page.content.decode().count("<h3>T") == len(TASKS)
    assert (misread.status_code, "<title>Error:" in misread.content.decode()) == (422, True)
    assert client.get("/decisions/NONE/taskable/").status_code == 404
