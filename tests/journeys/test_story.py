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

import pytest
from django.test import Client

from muster.access.control import new_token
from muster.access.models import User
from muster.demonstration import loading
from muster.demonstration.links import link_for
from muster.demonstration.story import ACCOUNTS, Cast, Step, steps
from muster.ledger.models import Entry

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Row = tuple[int, int, str, str, str, datetime, str]
Door = Callable[[Step, dict[str, Any]], dict[str, Any]]


def tell(cast: Cast, door: Door) -> list[Row]:
    """Play the story through a door; its ledger, with each person's number in the place of the tag."""
    said: dict[str, dict[str, Any]] = {}
    for step in steps(cast):
        answer = door(step, loading.filled_in(step, said))
        if step.name:
            said[step.name] = answer
    number = {tag: n for n, tag in enumerate(cast.tags)}
    entries = Entry.objects.filter(thing__tag__in=number).values_list(
        "thing__tag", "n", "kind", "giver__code", "receiver__code", "happened_at", "reason"
    )
    return sorted((number[tag], *rest) for tag, *rest in entries)


def test_the_story_is_the_same_through_the_api_and_the_command_line(
    live_url: str, database_env: dict[str, str]
) -> None:
    """Three casts of other tags play it beside each other, so that one database holds the three ledgers."""
    people = loading.prepare()
    tokens = {name: new_token(User.objects.get(username=name)) for name in people}

    def inside(step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        return loading.play(Step(step.by, step.action, inputs), people[step.by], {})

    def api(step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {tokens[step.by]}", "Content-Type": "application/json"}
        address = f"{live_url}/api/v1/acts/{step.action.replace('.', '/')}"
        request = urllib.request.Request(address, json.dumps(_plain(inputs)).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return dict(json.load(answer)["answer"])
        except urllib.error.HTTPError as refusal:
            if refusal.code != 409:  # the arrival that contradicts the record is kept as a report
                raise
            return {}

    def command_line(step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        command = [sys.executable, "-c", "from muster.cli.main import main; main()", "act", step.action]
        body = json.dumps(_plain(inputs)).encode()
        env = database_env | {"MUSTER_TOKEN": tokens[step.by], "PATH": os.environ["PATH"]}
        done = subprocess.run(command, input=body, capture_output=True, env=env, timeout=60, check=False)
        assert done.returncode in (0, 1), done.stderr
        return dict(json.loads(done.stdout)["answer"])

    expected = tell(Cast.drawn(NOW, 1), inside)

    assert len(expected) == 120 + 49 + 2 + 3
    assert tell(Cast.drawn(NOW, 2), api) == expected
    assert tell(Cast.drawn(NOW, 3), command_line) == expected


def _plain(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value) if not isinstance(value, list | int | str) else value
        for name, value in inputs.items()
    }


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

    first, second = run(data_folder / "one"), run(data_folder / "two")
    again = run(data_folder / "one")

    assert first["missions"] == second["missions"] == again["missions"]
    figures = first["missions"][0]["figures"]
    assert figures["sites"] == {"EX-NORTH": 68, "EX-SOUTH": 49}
    assert figures["open_differences"] == {
        "count_disagrees": 1, "discrepancy": 1, "held_elsewhere": 1, "unoffered_arrival": 3,
    }  # fmt: skip
