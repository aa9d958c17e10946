"""A request as a file: what is read, and how what is wrong is told."""

import json
import os
import threading
from datetime import date
from itertools import pairwise

import pytest

from muster.assistance.rules import NEXT, NotAllowedFrom, check_step, read_request
from muster.authority.checking import NoStatus, check_data, check_file, is_clear
from muster.authority.rules import UnknownStatus
from muster.core.errors import FaultyFile, FaultyInput, MusterError
from muster.core.quantity import Quantity

WHOLE = {
    "id": "R-1",
    "title": "Sandbags",
    "requester": "Example County",
    "agency_kind": "local",
    "asked": "ZZ-GOVERNOR",
    "state": "ZZ",
    "kind": "exercise",
    "purpose": "Save life",
    "duty_status_asked": "SAD",
    "as_of": "2026-04-10",
    "lines": [
        {"task": "T21", "words": "Sandbags", "people": "about 20", "from": "2026-04-10", "to": "2026-04-10"}
    ],
}


def faults_of(data):
    with pytest.raises(FaultyInput) as refusal:
        read_request(data)
    return {(fault.column, fault.code) for fault in refusal.value.faults}


def line(**changes):
    return WHOLE | {"lines": [WHOLE["lines"][0] | changes]}


def test_a_whole_request_is_read():
    request = read_request(WHOLE)

    assert (request.id, request.priority, request.verbal) == ("R-1", None, False)
    assert request.lines[0].people == Quantity("about", 20, 20)
    assert request.lines[0].vehicles.said == "not recorded"
    assert request.lines[0].window_from == request.lines[0].window_to == date(2026, 4, 10)
    assert request.lines[0].contact is None


@pytest.mark.parametrize(
    ("data", "column", "code"),
    [
        (WHOLE | {"lines": []}, "lines", "assistance.no_lines"),
        ({name: value for name, value in WHOLE.items() if name != "lines"}, "lines", "assistance.no_lines"),
        (WHOLE | {"lines": "T01"}, "lines", "assistance.wrong_kind"),
        (WHOLE | {"lines": ["T01"]}, "lines[1]", "assistance.wrong_kind"),
        (WHOLE | {"id": None}, "id", "assistance.missing"),
        (WHOLE | {"id": 7}, "id", "assistance.wrong_kind"),
        (WHOLE | {"purpose": "a" * 4001}, "purpose", "assistance.too_long"),
        (WHOLE | {"purpose": "a\x00b"}, "purpose", "assistance.bad_text"),
        (WHOLE | {"purpose": "\ud800"}, "purpose", "assistance.bad_text"),
        (WHOLE | {"state": "XX"}, "state", "assistance.unknown_state"),
        (WHOLE | {"kind": "real"}, "state", "assistance.unknown_state"),
        (WHOLE | {"priority": "urgent"}, "priority", "assistance.unknown_choice"),
        (WHOLE | {"verbal": "yes"}, "verbal", "assistance.wrong_kind"),
        (
            WHOLE | {"exclusions": [{"task": "T99", "words": "x"}]},
            "exclusions[1].task",
            "assistance.unknown_task",
        ),
        (WHOLE | {"pourpose": "Save life"}, "pourpose", "assistance.unknown_field"),
        (WHOLE | {"facts": {"under_emac": "yes"}}, "facts.under_emac", "assistance.bad_fact"),
        (line(task="T25"), "lines[1].task", "assistance.unknown_task"),
        (line(to="2026-04-09"), "lines[1].to", "assistance.ends_before_it_begins"),
        (line(to="10 April"), "lines[1].to", "assistance.bad_day"),
        (line(people="a few"), "lines[1].people", "assistance.bad_quantity"),
        (line(contact="some"), "lines[1].contact", "assistance.unknown_choice"),
        (line(plaice="Site A"), "lines[1].plaice", "assistance.unknown_field"),
    ],
)
def test_each_fault_has_its_path_and_code(data, column, code):
    assert faults_of(data) == {(column, code)}


def test_all_faults_are_told_at_once():
    found = faults_of({"lines": [{"task": "T99", "people": "many"}]})

    assert {("id", "assistance.missing"), ("lines[1].task", "assistance.unknown_task")} < found
    assert ("lines[1].people", "assistance.bad_quantity") in found


@pytest.mark.parametrize("data", [[], "text", None])
def test_a_request_that_is_no_table_is_refused(data):
    assert (None, "assistance.wrong_kind") in faults_of(data)


def test_a_request_takes_only_the_steps_that_follow():
    path = [
        "draft",
        "submitted",
        "returned_for_information",
        "submitted",
        "validated",
        "in_review",
        "decided",
    ]

    for state, to in pairwise([*path, "closed"]):
        check_step(state, to)
    with pytest.raises(NotAllowedFrom) as refusal:
        check_step("draft", "decided")
    assert (refusal.value.code, refusal.value.status) == ("assistance.not_allowed_from", 409)
    assert "submitted, withdrawn" in str(refusal.value)


@pytest.mark.parametrize("state", ["closed", "withdrawn", "expired", "duplicate_of"])
def test_an_ended_request_stays_ended(state):
    for to in NEXT:
        with pytest.raises(NotAllowedFrom, match="open a new request"):
            check_step(state, to)


def test_every_state_that_can_follow_is_a_state():
    assert {to for nexts in NEXT.values() for to in nexts} <= set(NEXT)


# --- the file -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["missouri-2025", "exercise", "flood", "declined"])
def test_the_example_requests_check_without_a_prohibition(name):
    assert is_clear(check_file(f"examples/{name}-request.toml"))


def test_the_answer_has_the_fields_of_the_contract():
    answer = check_file(json.dumps(WHOLE).encode())

    assert set(answer) >= {"request", "status", "as_of", "lines"}
    assert set(answer["lines"][0]) >= {
        *("line", "task", "finding", "layer", "rule", "citation", "verified", "words", "conditions")
    }
    assert (answer["request"], answer["status"], answer["as_of"]) == ("R-1", "SAD", "2026-04-10")
    json.dumps(answer)


def test_missouri_is_narrowed_by_the_decision_and_then_expires():
    under = check_file("examples/missouri-2025-request.toml", as_of=date(2026, 9, 30))
    after = check_file("examples/missouri-2025-request.toml", as_of=date(2026, 10, 1))

    assert [found["finding"] for found in under["lines"]] == [
        "conditional",
        "conditional",
        "prohibited",
        "conditional",
    ]
    assert {found["finding"] for found in after["lines"]} == {"prohibited"}
    assert after["lines"][0]["words"] == "Until September 30, 2026."
    assert not is_clear(after)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a" * 1_000_001, "core.too_large"),
        ("title = 'Überschwemmung'".encode("latin-1"), "core.not_utf8"),
        (b"title = ", "assistance.malformed"),
        (b'{"title": ', "assistance.malformed"),
        (b'{"lines": ' + b"[" * 100_000, "assistance.malformed"),
        (b"lines = " + b"[" * 100_000, "assistance.malformed"),
        (b'{"people": ' + b"9" * 5000 + b"}", "assistance.malformed"),
        (b"", "core.faulty_file"),
        (json.dumps(WHOLE | {"duty_status_asked": "T99"}).encode(), "core.faulty_file"),
        (json.dumps(WHOLE | {"limits": [{"layer": "the mayor's"}]}).encode(), "core.faulty_file"),
        (json.dumps(WHOLE | {"duty_status_asked": None}).encode(), "authority.no_status"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(content, code):
    with pytest.raises(MusterError) as refusal:
        check_file(content)

    assert (refusal.value.code, refusal.value.status) == (code, 422)


def test_a_line_is_named_where_the_file_breaks():
    with pytest.raises(MusterError, match="line 2"):
        check_file(b"id = 'R'\ntitle = T\n")
    with pytest.raises(MusterError, match="line 4"):
        check_file(b"id = 'R'\ntitle = 'T'\nlines = [\n")


@pytest.mark.parametrize("path", ["no/such/file.toml", "examples"])
def test_a_path_that_is_no_file_is_refused(path):
    with pytest.raises(MusterError) as refusal:
        check_file(path)

    assert refusal.value.code == "core.unreadable"


def test_a_pipe_without_end_is_refused_at_the_limit(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def pour():
        with pipe.open("wb") as end:
            try:
                while True:
                    end.write(b"#" * 65536)
            except BrokenPipeError:
                return

    writer = threading.Thread(target=pour)
    writer.start()
    with pytest.raises(MusterError) as refusal:
        check_file(pipe)
    writer.join(timeout=10)

    assert refusal.value.code == "core.too_large"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"facts": {"under_emak": True}}, "authority.unknown_fact"),
        ({"facts": {"duty_began_on": True}}, "authority.wrong_kind"),
        ({"facts": {"under_emac": "2026-04-10"}}, "authority.wrong_kind"),
        ({"federal_order": "us.dod.1999"}, "authority.unknown_order"),
        ({"duty_status_asked": "Title 32"}, "authority.unknown_status"),
        (
            {"limits": [{"layer": "site rule", "rule": "R", "citation": "C", "tasks_allowed": ["X"]}]},
            "authority.unknown_task",
        ),
    ],
)
def test_what_no_pack_knows_is_a_fault_and_not_silence(change, code):
    with pytest.raises(FaultyFile) as refusal:
        check_file(json.dumps(WHOLE | change).encode())

    assert [fault.code for fault in refusal.value.faults] == [code]


def test_a_status_given_in_the_call_goes_before_the_one_in_the_file():
    assert check_data(WHOLE, status="T10-12304")["lines"][0]["finding"] == "prohibited"
    with pytest.raises(UnknownStatus):
        check_data(WHOLE, status="T99")
    with pytest.raises(NoStatus):
        check_data(WHOLE | {"duty_status_asked": ""})
