"""The public pages: no sign-in, no cookie, nothing planned, nobody to be picked out, and the same page again for a past day."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from muster.access.control import Actor
from muster.demonstration import exercise, loading, missouri, others
from muster.demonstration.telling import Cast, Step
from muster.ledger.queries import latest_known

MISSOURI, EXERCISE = "/public/ICE-SUPPORT-2025/", "/public/EX-PROCESSING-1/"


def tell(steps: Any, people: dict[str, Actor]) -> None:
    said: dict[str, dict[str, Any]] = {}
    for step in steps:
        answer = loading.play(step, people[step.by], said)
        if step.name:
            said[step.name] = answer


@pytest.fixture
def people() -> dict[str, Actor]:
    return loading.prepare()


@pytest.fixture
def told(people: dict[str, Actor]) -> None:
    """Missouri alone."""
    tell(missouri.steps(), people)


@pytest.fixture
def cast(people: dict[str, Actor]) -> Cast:
    """The exercise, which ended four days ago: its persons are old enough to be public."""
    cast = Cast.drawn(timezone.now() - timedelta(days=4), 1)
    tell(exercise.steps(cast), people)
    return cast


def page(address: str) -> str:
    answer = Client().get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("address", ["", "/public/", MISSOURI, MISSOURI + "figures.json", MISSOURI + "figures.csv"])
def test_anybody_reads_it_without_signing_in_and_no_cookie_is_set(told: None, address: str) -> None:
    client = Client()

    answer = client.get(address or "/public/")

    assert (answer.status_code, len(client.cookies)) == (200, 0)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Cookie" not in answer.headers.get("Vary", "")
