"""Under which clause of a decision something runs: a case a line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from muster.decisions.clauses import runs_under
from muster.decisions.lines import JudgedLine
from muster.decisions.rules import InForce, Limits

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
NAMED = {"tasks_allowed": ("T01", "T04"), "sentences": {"tasks_allowed": "Data entry and transport."}}
ALLOWED = JudgedLine(n=1, judgement="allow", task="T01", place="Site A")
OWN_WORDS = JudgedLine(n=1, judgement="allow", task="T01", words="Data entry, as asked.")
LIMITED = JudgedLine(n=2, judgement="limit", task="T01", people_max=4)
REFUSED = JudgedLine(n=3, judgement="refuse", task="T01", words="No.")


@pytest.mark.parametrize(
    ("limits", "lines", "task", "limit", "sentence"),
    [
        ({}, [], "T01", "in_force", "The decision is in force."),
        ({}, [ALLOWED], "T01", "lines", "Line 1 (T01): allowed."),
        (NAMED, [ALLOWED], "T01", "tasks_allowed", "Data entry and transport."),
        (NAMED, [], "T04", "tasks_allowed", "Data entry and transport."),
        (NAMED, [OWN_WORDS], "T01", "lines", "Data entry, as asked."),
        (NAMED, [LIMITED], "T01", "lines", "Line 2 (T01): allowed, at most 4 people."),
        (NAMED, [REFUSED, LIMITED], "T01", "lines", "Line 2 (T01): allowed, at most 4 people."),
        (NAMED, [REFUSED], "T01", "tasks_allowed", "Data entry and transport."),
        (NAMED, [ALLOWED], "T08", "tasks_allowed", "Data entry and transport."),
        ({**NAMED, "tasks_barred": ("T08",)}, [ALLOWED], "T08", "tasks_barred", "Tasks barred: T08."),
    ],
    ids=str,
)  # fmt: skip
def test_a_task_or_a_change_of_hands_runs_under_one_clause(
    limits: dict[str, Any], lines: list[JudgedLine], task: str, limit: str, sentence: str
) -> None:
    found = InForce(limits=Limits(zone="UTC", **limits), why=None, since=WHEN, version=1, lines=tuple(lines))

    assert runs_under(found, task, "Site A") == (limit, sentence)


def test_what_is_of_no_task_runs_under_the_limit_that_speaks_of_it() -> None:
    limits = Limits(zone="UTC", contact="direct")
    found = InForce(limits=limits, why=None, since=WHEN, version=1)

    assert runs_under(found, limit="contact") == (
        "contact",
        "Contact with persons in custody: direct at most.",
    )
    assert (
        runs_under(found, limit="cost_cap_usd")
        == runs_under(found)
        == ("in_force", "The decision is in force.")
    )


def test_before_anything_was_in_force_there_is_no_clause() -> None:
    assert runs_under(InForce(limits=None, why="not_issued", since=None), "T01", "Site A") == ("", "")
