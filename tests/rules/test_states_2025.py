"""What eleven states decided in 2025 on the support to ICE: which of the 24 task categories may be tasked, and what stops the others.

Each state's request and decision stand in `examples/`, as they were reported. Vermont declined, so its decision allows nothing.
"""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from muster.authority.checking import check_file, is_clear, request_and_limits
from muster.authority.findings import Basis
from muster.authority.limits import LimitLayer
from muster.authority.packs import load_packs
from muster.authority.rules import assess
from muster.core.files import read_data, take_in
from muster.core.tasks import TASKS

PACKS = load_packs()
EXAMPLES = Path("examples")
PAID = {"reimbursement_agreement": True}
DECLINED = LimitLayer(
    name="governor's decision",
    known_from=date(2025, 7, 30),
    tasks_allowed=(),
    basis={
        "tasks_allowed": Basis(
            rule="VT-DECISION.tasks_allowed",
            citation="Decision as reported by WSHU, 2025-07-30",
            verified=False,
            words="Declined: insufficient detail and planning.",
        )
    },
)

# state  as of  which task categories may be tasked, perhaps with conditions, and which layer stops each of the others
TABLE = """
    FL 2025-08-12 | may T01 T02 T03 T04 T05 T08 | law T12-T18 T24 | federal order T06 T07 T09 T10 T11 T19-T23
    FL 2025-07-24 | may T01-T11 T19-T23         | law T12-T18 T24
    FL-STATE-ORDERS 2025-07-03 | may T11        | law T13-T18 T24 | governor's decision T01-T10 T12 T19-T23
    FL-STATE-ORDERS 2025-07-02 | may T01-T12 T19-T23 | law T13-T18 T24
    TX 2025-08-22 | may T01 T02 T03 T04 T05 T08 | law T12-T18 T24 | federal order T06 T07 T09 T10 T11 T19-T23
    TX 2025-07-24 | may T01-T11 T19-T23         | law T12-T18 T24
    TN 2025-08-06 | may T01 T02 T03 T08         | law T12-T18 T24 | governor's decision T04-T07 T09-T11 T19-T23
    TN 2025-08-05 | may T01 T02 T03 T04 T05 T08 | law T12-T18 T24 | federal order T06 T07 T09 T10 T11 T19-T23
    MO 2025-09-29 | may T01 T02 T03 T04 T05 T08 | law T12-T18 T24 | federal order T06 T07 T09 T10 T11 T19-T23
    MO 2025-09-30 | may                         | law T12-T18 T24 | governor's decision T01-T11 T19-T23
    MO 2025-10-01 | may T01 T02 T03 T08         | law T12-T18 T24 | governor's decision T04-T07 T09-T11 T19-T23
    MO 2026-09-30 | may T01 T02 T03 T08         | law T12-T18 T24 | governor's decision T04-T07 T09-T11 T19-T23
    MO 2026-10-01 | may                         | law T12-T18 T24 | governor's decision T01-T11 T19-T23
    VA 2025-09-05 | may T01 T02 T05 T08         | law T12-T18 T24 | governor's decision T03 T04 T06 T07 T09-T11 T19-T23
    VA 2025-07-24 | may T01 T02 T05 T08         | law T12-T18 T24 | governor's decision T03 T04 T06 T07 T09-T11 T19-T23
    IA 2025-09-07 | may                         | law T12-T18 T24 | governor's decision T01-T11 T19-T23
    IA 2025-09-08 | may T01 T02 T03 T08         | law T12-T18 T24 | governor's decision T04-T07 T09-T11 T19-T23
    IA 2025-11-15 | may T01 T02 T03 T08         | law T12-T18 T24 | governor's decision T04-T07 T09-T11 T19-T23
    IA 2025-11-16 | may                         | law T12-T18 T24 | governor's decision T01-T11 T19-T23
    ID 2025-11-15 | may T01 T02                 | law T12-T18 T24 | governor's decision T03-T11 T19-T23
    ID 2025-11-16 | may                         | law T12-T18 T24 | governor's decision T01-T11 T19-T23
    NV 2025-09-05 | may T01 T08                 | law T12-T18 T24 | governor's decision T02-T07 T09-T11 T19-T23
    SC 2025-09-05 | may T01 T02                 | law T12-T18 T24 | governor's decision T03-T11 T19-T23
    WY 2025-09-05 | may T01 T02 T03 T04 T05 T08 | law T12-T18 T24 | federal order T06 T07 T09 T10 T11 T19-T23
    WY 2025-07-24 | may T01-T11 T19-T23         | law T12-T18 T24
    VT 2025-07-29 | may T01 T02 T03 T04 T05 T08 | law T12-T18 T24 | federal order T06 T07 T09 T10 T11 T19-T23
    VT 2025-07-30 | may                         | law T12-T18 T24 | governor's decision T01-T11 T19-T23
"""
FILES = {
    "FL": "florida-2025",
    "FL-STATE-ORDERS": "florida-2025-state-orders",
    "TX": "texas-2025",
    "TN": "tennessee-2025",
    "MO": "missouri-2025",
    "VA": "virginia-2025",
    "IA": "iowa-2025",
    "ID": "idaho-2025",
    "NV": "nevada-2025",
    "SC": "south-carolina-2025",
    "WY": "wyoming-2025",
    "VT": "declined",
}


def of_state(state):
    data = read_data(take_in(EXAMPLES / f"{FILES[state]}-request.toml"))
    request, limits = request_and_limits(data, PACKS)
    return request, (*limits, *((DECLINED,) if state == "VT" else ()))


def about(state, tasks, on):
    """What is found about each task category, asked of that state for as many people, at its own place."""
    request, limits = of_state(state)
    pattern = replace(request.lines[0], contact=None, window_from=None, window_to=None)
    lines = tuple(replace(pattern, n=n, task=task) for n, task in enumerate(tasks, start=1))
    asked = replace(request, lines=lines, exclusions=())
    layers = (*PACKS.layers(request.federal_order), *limits)
    return assess(asked, request.duty_status_asked, on, layers, {**request.facts, **PAID})


def spread(words):
    """`T01 T04-T06` as each task category by itself."""
    tasks = sorted(TASKS)
    for word in words:
        first, _, last = word.partition("-")
        yield from tasks[tasks.index(first) : tasks.index(last or first) + 1]


@pytest.mark.parametrize("row", [" ".join(row.split()) for row in TABLE.strip().splitlines()])
def test_which_task_categories_may_be_tasked_and_what_stops_the_others(row):
    named, *columns = row.split(" | ")
    state, day = named.split()
    expected = {}
    for column in columns:
        layer, *words = column.replace("federal order", "federal_order").replace("'s d", "'s_d").split()
        expected |= dict.fromkeys(spread(words), layer.replace("_", " "))

    found = about(state, sorted(TASKS), date.fromisoformat(day))

    stops = {f.task: f.layer if f.finding in ("prohibited", "needs_counsel") else "may" for f in found}
    assert stops == expected


def test_every_one_of_the_eleven_states_is_in_the_table():
    rows = [row.split() for row in TABLE.strip().splitlines()]

    assert {row[0] for row in rows} == set(FILES)
    assert len({name[:2] for name in FILES}) == 11


@pytest.mark.parametrize(
    ("state", "task", "on", "rule"),
    [
        ("MO", "T11", "2025-10-01", "MO-DECISION.tasks_barred"),
        ("MO", "T01", "2026-10-01", "MO-DECISION.effective_to"),
        ("NV", "T05", "2025-09-05", "NV-DECISION.tasks_allowed"),
        ("TN", "T05", "2025-09-05", "TN-DECISION.tasks_allowed"),
        ("IA", "T01", "2025-11-16", "IA-DECISION.effective_to"),
        ("VT", "T01", "2025-08-01", "VT-DECISION.tasks_allowed"),
        ("FL-STATE-ORDERS", "T12", "2025-08-01", "FL-STATE-ORDERS.tasks_allowed"),
    ],
)
def test_the_decision_that_stops_a_task_is_quoted(state, task, on, rule):
    (found,) = about(state, [task], date.fromisoformat(on))

    assert (found.layer, found.rule) == ("governor's decision", rule)
    assert found.words


@pytest.mark.parametrize(
    ("state", "most"),
    [
        ("FL", 200),
        ("FL-STATE-ORDERS", 70),
        ("VA", 60),
        ("IA", 20),
        ("ID", 14),
        ("NV", 35),
        ("SC", 40),
        ("MO", None),
    ],
)
def test_a_line_for_more_people_than_decided_is_held_to_that_number(state, most):
    request, limits = of_state(state)
    assert [layer.people_max for layer in limits] == [most]
    if most is None:
        return
    allowed = next(
        task for task in sorted(TASKS) if limits[0].tasks_allowed is None or task in limits[0].tasks_allowed
    )

    def at_most(people):
        exact = type(request.lines[0].people)("exact", people, people)
        line = replace(request.lines[0], task=allowed, people=exact)
        day = limits[0].effective_from or date(2025, 9, 10)
        layers = (*PACKS.layers(request.federal_order), *limits)
        (found,) = assess(replace(request, lines=(line,)), request.duty_status_asked, day, layers, PAID)
        return [each for each in found.conditions if "people at any one moment" in each]

    assert at_most(most) == []
    assert at_most(most + 1) == [f"At most {most} people at any one moment. (asked for: {most + 1})"]


def test_nevada_allows_no_direct_contact_and_volunteers_only():
    _, (limits,) = of_state("NV")
    (found,) = about("NV", ["T01"], date(2025, 9, 5))

    assert (limits.contact, limits.volunteers_only) == ("incidental", True)
    assert "Only members who volunteer (not stated: members_are_volunteers)" in found.conditions


def test_the_texas_agreement_is_separate_from_the_support_and_opens_no_arrest_under_it():
    request, limits = of_state("TX")
    agreement = next(rule for rule in PACKS.law.rules if rule.id == "TX-CBP-2025")
    (found,) = about("TX", ["T13"], date(2025, 8, 22))

    assert limits == ()
    assert "separate from the support to ICE" in agreement.words
    assert agreement.citation not in request.purpose
    assert (found.finding, found.layer) == ("prohibited", "law")


def test_wyoming_is_preparing_and_has_no_decision():
    _, limits = of_state("WY")

    assert limits == ()


@pytest.mark.parametrize("name", sorted(FILES.values()))
def test_each_state_s_request_as_it_was_reported_has_nothing_prohibited_on_its_day(name):
    answer = check_file(EXAMPLES / f"{name}-request.toml")

    assert is_clear(answer)


def test_a_decision_is_heard_from_the_day_it_became_known():
    for state in ("TN", "MO", "FL"):
        _, (limits,) = of_state(state)
        before = about(state, ["T09"], limits.known_from - timedelta(days=1))

        assert before[0].layer != "governor's decision"
