"""FEMA mission assignments: every row of the real file is a request or a named notice, and nothing is guessed."""

import csv
import io
import os
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from muster import actions as do
from muster.access.control import Actor, NotFound, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.assistance import assignments, importing, queries
from muster.assistance.actions import AlreadySettled
from muster.assistance.models import Assignment, Difference, Line, Link, Passage, Request, Step
from muster.assistance.passages import Passage as Quoted
from muster.assistance.passages import places
from muster.assistance.rules import ReasonNeeded
from muster.authority.actions import NoCategory
from muster.core.errors import FaultyFile, FaultyInput
from muster.core.quantity import Quantity
from muster.parties.models import Office, Organisation
from muster.record.models import Act

FILE = (
    Path(os.environ.get("MUSTER_SHARED", Path(__file__).parents[3] / "shared"))
    / "data/mission_assignments.csv"
)
real = pytest.mark.skipif(not FILE.is_file(), reason="the shared sample data is not beside the project")
GOOD = {
    "ma_id": "4331EXVAEPA01", "incident_id": "2017082301", "declaration_type": "DR", "state": "VA", "fema_region": "3",
    "incident_type": "Flood", "incident_begin": "2017-08-23", "ma_type": "FOS", "priority": "High", "esf": "10.0",
    "agency": "EPA", "assistance_requested": "Collect drums, and\nopen none.",
}  # fmt: skip


@pytest.fixture
def administrator() -> Actor:
    user = User.objects.create_user("administrator")
    Grant.objects.create(user=user, role="administrator")
    return actor_of(user)


def take_in(actor: Actor, *rows: dict[str, str], **options: bool) -> dict[str, Any]:
    """Import these rows, each GOOD but for what it says."""
    text = io.StringIO()
    writer = csv.DictWriter(text, assignments.COLUMNS)
    writer.writeheader()
    writer.writerows(GOOD | row for row in rows)
    return importing.import_assignments(
        io.BytesIO(text.getvalue().encode()), actor=actor, name="ma.csv", **options
    )


@real
def test_every_row_of_the_real_file_is_a_request_or_a_notice_and_twice_changes_nothing(
    administrator: Actor,
) -> None:
    first = importing.import_assignments(FILE, actor=administrator, name=FILE.name)
    tables = (Request, Line, Step, Assignment, Office, Organisation)
    counts = [table.objects.count() for table in tables]
    again = importing.import_assignments(FILE, actor=administrator, name=FILE.name)

    # Six rows stand twice word for word; two more differ in nothing but the incident's first day.
    assert (first["rows"], first["kept"], first["refused"]) == (512, 504, [])
    assert first["notices"] == {"another_first_day": 2, "row_twice": 6}
    assert counts == [504, 504, 504, 504, 59, 59]
    assert again == first | {"notices": {"already_there": 504, "another_first_day": 2, "row_twice": 6}}
    assert [table.objects.count() for table in tables] == counts
    assert Act.objects.filter(name="assistance.import_assignments", refused_code="").count() == 2


@real
def test_the_record_says_what_the_real_file_says_and_no_more(administrator: Actor) -> None:
    importing.import_assignments(FILE, actor=administrator, name=FILE.name)

    with FILE.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    kept = {one.request_id: one for one in Assignment.objects.select_related("request")}
    words = dict(Line.objects.values_list("request_id", "words"))
    for row in rows:
        one = kept[f"MA-{row['ma_id']}-{row['incident_id']}"]
        days = [one.incident_begin.isoformat(), *one.also_begins]
        assert words[one.request_id] == row["assistance_requested"]
        assert row["incident_begin"] in days
        assert (one.declaration_type, one.request.of_state) == (row["declaration_type"], row["state"])
        assert (one.ma_type, one.agency, one.esf) == (row["ma_type"], row["agency"], float(row["esf"]))
        assert one.request.priority == row["priority"].lower().replace(" ", "_")
    assert not Line.objects.exclude(task="", vehicles__kind="unknown").exists()
    assert not Request.objects.exclude(state="submitted", as_of=None, duty_status_asked="").exists()
    assert Counter(days := [tuple(one.also_begins) for one in kept.values()])[("2019-03-13",)] == 2
    assert sum(map(len, days)) == 2


@real
def test_a_title_32_assignment_is_found_by_its_words_and_no_status_is_read_out_of_them(
    administrator: Actor,
) -> None:
    importing.import_assignments(FILE, actor=administrator, name=FILE.name)

    line = Line.objects.get(words__contains="Title 32", request__of_state="MO")
    asked = queries.as_rule(line.request)
    step = Step.objects.get(request=line.request)

    assert asked.id == "MA-4490DRMODOD01-2020030901"
    assert (asked.requester, asked.asked) == ("Federal Emergency Management Agency", "FEMA-MA-DOD")
    assert asked.purpose == "Major disaster 2020030901, Biological, MO"
    assert (asked.duty_status_asked, asked.lines[0].task, asked.lines[0].people.said) == (
        None,
        "",
        "not recorded",  # the words of Missouri's give no number
    )
    assert line.request.asked.organisation_id == "FED-DOD"
    assert (step.n, step.state, step.approximate) == (1, "submitted", True)
    assert step.happened_at == datetime(2020, 1, 20, tzinfo=UTC)
    assert step.reason == "The day is not in the file; the incident began then."


@real
def test_the_words_of_title_32_missions_give_numbers_each_with_its_passage(administrator: Actor) -> None:
    importing.import_assignments(FILE, actor=administrator, name=FILE.name)

    figures = Passage.objects.select_related("request")
    assert Counter(figures.values_list("field", flat=True)) == {
        "people": 91, "total_usd": 59, "period": 57, "daily_rate_usd": 6, "days": 2,
    }  # fmt: skip
    words = dict(Line.objects.values_list("request_id", "words"))
    for one in figures:
        assert len(places(words[one.request_id], Quoted(one.exact, one.prefix, one.suffix))) == 1
    asked = {line.request.assignment.ma_id: Quantity.from_json(line.people).said
             for line in Line.objects.exclude(people__kind="unknown").select_related("request__assignment")}  # fmt: skip
    assert len(asked) == 80
    assert asked["4491DRMDDOD06"] == "up to 500"
    assert "4496DRMADOD06" not in asked  # up to 350 personnel, and a request for 292 troops
    differences = Difference.objects.values_list("request__assignment__ma_id", "kind").order_by("request")
    assert list(differences) == [
        (ma, "unreadable") for ma in ("4505DRRIDOD10", "4527DRSDDOD03", "4532DRVTDOD11")
    ]


@real
def test_a_mission_that_says_what_it_continues_is_linked_to_it(administrator: Actor) -> None:
    importing.import_assignments(FILE, actor=administrator, name=FILE.name)

    links = Link.objects.values_list(
        "request__assignment__ma_id", "other__assignment__ma_id", "relation", "words"
    )
    found = {ma: (other, relation, words) for ma, other, relation, words in links}
    assert (len(links), len(found)) == (26, 26)
    assert found["4497DRKYDOD03"] == (
        "4497DRKYDOD01", "continues", "continuation of the work assigned under MA# 4497DR-KY-DOD-01",
    )  # fmt: skip
    assert "4480DRNYDOD19" not in found  # it replaces another, and says so


def test_what_is_continued_is_looked_for_under_the_same_incident_and_in_the_record_too(
    administrator: Actor,
) -> None:
    words = "T-32. This is a continuation of the work assigned under MA# 4331DR-EX-DOD-01"
    first = {"ma_id": "4331DREXDOD01"}
    take_in(administrator, first, first | {"incident_id": "2017091701"})

    take_in(
        administrator, {"ma_id": "4331DREXDOD02", "assistance_requested": words},
        {"ma_id": "4331DREXDOD03", "assistance_requested": words.replace("DOD-01", "DOD-09")},
    )  # fmt: skip

    assert list(Link.objects.values_list("request", "other")) == [
        ("MA-4331DREXDOD02-2017082301", "MA-4331DREXDOD01-2017082301")
    ]


def test_words_that_do_not_multiply_out_open_a_difference_that_somebody_settles(administrator: Actor) -> None:
    words = "T-32: 500pax x $550.00/day x 33days = $9,000,000.00"
    take_in(administrator, {"assistance_requested": words})
    center = User.objects.create_user("center")
    Grant.objects.create(user=center, role="joc", organisation_id="FED-EPA")
    (difference,) = queries.open_differences(actor_of(center))
    settle = {"actor": actor_of(center), "difference": difference.pk}

    assert difference.kind == "does_not_multiply_out"
    assert difference.words.endswith("make $9,075,000.00; the text says $9,000,000.00.")
    with pytest.raises(NotPermitted):
        do.assistance.settle(actor=administrator, difference=difference.pk, reason="A slip")
    with pytest.raises(ReasonNeeded):
        do.assistance.settle(**settle, reason=" ")
    do.assistance.settle(**settle, reason="A slip in the total, told by telephone")
    assert not queries.open_differences(actor_of(center)).exists()
    with pytest.raises(AlreadySettled):
        do.assistance.settle(**settle, reason="A slip again")
    with pytest.raises(NotFound):
        do.assistance.settle(actor=actor_of(center), difference=difference.pk + 1, reason="A slip")


def test_a_request_without_a_task_category_is_not_assessed(administrator: Actor) -> None:
    take_in(administrator, {})
    reviewer = User.objects.create_user("reviewer")
    Grant.objects.create(user=reviewer, role="counsel")

    with pytest.raises(NoCategory):
        do.authority.assess(
            actor=actor_of(reviewer), request="MA-4331EXVAEPA01-2017082301", status="SAD", on_date=date(2026, 1, 1)
        )  # fmt: skip


def test_what_is_empty_is_not_stated(administrator: Actor) -> None:
    take_in(administrator, {"priority": "", "esf": ""})

    request = Request.objects.get()
    assert (request.priority, queries.as_rule(request).priority, request.assignment.esf) == ("", None, None)
    assert Quantity.from_json(request.lines.get().people).said == "not recorded"
    assert take_in(administrator, {"priority": "", "esf": ""})["notices"] == {"already_there": 1}


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("ma_id", "4331_EX", "assistance.bad_id"),
        ("incident_id", "17", "assistance.bad_id"),
        ("declaration_type", "XX", "assistance.unknown_choice"),
        ("state", "ZZ", "assistance.unknown_state"),
        ("fema_region", "11", "assistance.bad_number"),
        ("incident_type", "F" * 61, "assistance.too_long"),
        ("incident_begin", "2017-13-01", "assistance.bad_day"),
        ("ma_type", "XYZ", "assistance.unknown_choice"),
        ("priority", "Urgent", "assistance.unknown_choice"),
        ("esf", "8.5", "assistance.bad_number"),
        ("agency", "epa", "assistance.bad_id"),
        ("assistance_requested", " ", "assistance.missing"),
        ("assistance_requested", "x" * 4001, "assistance.too_long"),
    ],
)
def test_a_faulty_row_is_told_by_row_and_column_and_the_good_ones_wait(
    administrator: Actor, column: str, text: str, code: str
) -> None:
    rows = ({"ma_id": "4331EXVAEPA00"}, {column: text})

    with pytest.raises(FaultyFile) as told:
        take_in(administrator, *rows)
    assert [(fault.row, fault.column, fault.code) for fault in told.value.faults] == [(3, column, code)]
    assert not Request.objects.exists()

    kept = take_in(administrator, *rows, keep_good=True)
    assert (kept["rows"], kept["kept"], kept["refused"][0]["row"]) == (2, 1, 3)
    assert Request.objects.get().pk == "MA-4331EXVAEPA00-2017082301"


def test_every_fault_of_a_file_is_told_at_once(administrator: Actor) -> None:
    with pytest.raises(FaultyFile) as told:
        take_in(
            administrator, {"incident_begin": "May 2017", "ma_type": "XYZ"}, {}, {"state": "", "esf": "x"}
        )

    faults = [(fault.row, fault.column) for fault in told.value.faults]
    assert faults == [(2, "incident_begin"), (2, "ma_type"), (4, "state"), (4, "esf")]


def test_a_missing_column_is_told_before_any_row(administrator: Actor) -> None:
    text = ",".join(name for name in assignments.COLUMNS if name != "agency") + "\n"

    with pytest.raises(FaultyFile) as told:
        importing.import_assignments(io.BytesIO(text.encode()), actor=administrator, name="ma.csv")

    assert [(f.column, f.code) for f in told.value.faults] == [("agency", "core.csv_missing_column")]


def test_a_dry_run_tells_the_notices_and_writes_nothing(administrator: Actor) -> None:
    answer = take_in(administrator, {}, {}, dry_run=True)

    assert (answer["rows"], answer["kept"], answer["notices"]) == (2, 0, {"row_twice": 1})
    assert not Request.objects.exists()
    assert not Office.objects.exists()

    take_in(administrator, {})
    assert take_in(administrator, {}, dry_run=True)["notices"] == {"already_there": 1}
    with pytest.raises(importing.AssignedOtherwise):
        take_in(administrator, {"priority": "Normal"}, dry_run=True)


def test_one_id_under_two_incidents_is_two_requests(administrator: Actor) -> None:
    answer = take_in(administrator, {}, {"incident_id": "2017091701"})

    assert (answer["kept"], answer["notices"]) == (2, {})
    assert Office.objects.get().code == "FEMA-MA-EPA"


def test_a_second_first_day_is_kept_beside_the_earliest(administrator: Actor) -> None:
    answer = take_in(administrator, {}, {"incident_begin": "2017-08-21"}, {"incident_begin": "2017-08-23"})

    kept = Assignment.objects.get()
    assert answer["notices"] == {"another_first_day": 1, "row_twice": 1}
    assert (kept.incident_begin, kept.also_begins) == (date(2017, 8, 21), ["2017-08-23"])
    assert Step.objects.get().reason == (
        "The day is not in the file; the incident began then, or on 2017-08-23: the file gives each of these days."
    )
    assert take_in(administrator, {})["notices"] == {"already_there": 1}


def test_a_row_that_stands_twice_with_other_words_is_a_fault(administrator: Actor) -> None:
    with pytest.raises(FaultyFile) as told:
        take_in(administrator, {}, {"priority": "Normal", "assistance_requested": "Open all."})

    fault = told.value.faults[0]
    assert (fault.row, fault.column, fault.code) == (3, "priority", "assistance.row_otherwise")
    assert "another priority and assistance_requested" in fault.message


@pytest.mark.parametrize(
    "change",
    [{"assistance_requested": "Open all."}, {"priority": "Normal"}, {"incident_begin": "2017-08-24"}],
)
def test_an_assignment_is_never_changed(administrator: Actor, change: dict[str, str]) -> None:
    take_in(administrator, {})

    with pytest.raises(importing.AssignedOtherwise, match="MA-4331EXVAEPA01-2017082301"):
        take_in(administrator, change, {"ma_id": "4331EXVAEPA02"})

    assert Request.objects.count() == 1


def test_a_request_that_has_gone_on_is_left_where_it_stands(administrator: Actor) -> None:
    take_in(administrator, {})
    Request.objects.update(state="validated")

    assert take_in(administrator, {})["notices"] == {"already_there": 1}
    assert Request.objects.get().state == "validated"


def test_through_another_door_the_same_shapes_hold(administrator: Actor) -> None:
    good = {
        "ma_id": "4331EXVAEPA01", "incident_id": "2017082301", "declaration_type": "DR", "state": "VA", "fema_region": 3,
        "incident_type": "Flood", "incident_begin": ["2017-08-23"], "ma_type": "FOS", "priority": "high", "esf": 10,
        "agency": "EPA", "assistance_requested": "Collect drums.",
    }  # fmt: skip
    send = do.find("assistance.import_assignments")

    for bad in ({"agency": "e p a"}, {"esf": 16}, {"incident_begin": []}, {"priority": "urgent"}):
        with pytest.raises(FaultyInput):
            send(actor=administrator, assigned=[good | bad])
    with pytest.raises(FaultyInput, match="more than once"):
        send(actor=administrator, assigned=[good, good])
    assert send(actor=administrator, assigned=[good]).answer.new == 1


@pytest.mark.parametrize(("role", "refusal"), [("affairs", NotPermitted), (None, NotFound)])
def test_only_an_administrator_brings_mission_assignments_in(
    role: str | None, refusal: type[Exception]
) -> None:
    user = User.objects.create_user("somebody")
    if role:
        Grant.objects.create(user=user, role=role)

    for dry_run in (True, False):
        with pytest.raises(refusal):
            take_in(actor_of(user), {}, dry_run=dry_run)


def test_direct_federal_assistance_lists_the_signature_of_the_states_official_as_missing(
    administrator: Actor,
) -> None:
    take_in(administrator, {"ma_type": "DFA"}, {"ma_id": "4331EXVAEPA02"})

    lacks = {
        row.assignment.ma_type: [lack.path for lack in queries.lacking_of(row)]
        for row in Request.objects.order_by("id")
    }
    assert lacks == {"DFA": ["approval.name", "approval.on"], "FOS": []}
