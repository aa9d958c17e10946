"""Bad input, at the API and at the command line: each a refusal with its code and a sentence, and nothing half done."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from doors import Door
from exercised import MISSION, NOW, told
from typer.testing import CliRunner, Result

from muster.access.control import new_token
from muster.access.models import Grant, User
from muster.assistance.models import Line, Request
from muster.cli.main import app
from muster.custody.models import Difference
from muster.demonstration import loading
from muster.ledger.models import Entry, Handover, Thing
from muster.parties.models import Site
from muster.record.models import Act
from muster.sources.models import Claim, Source
from muster.tasks.models import Task

MUSTER = [sys.executable, "-c", "from muster.cli.main import main; main()"]
TABLES = (Request, Line, Task, Entry, Handover, Thing, Difference, Claim, Source, Site)
PROBLEM = "application/problem+json"
MORE_THAN_1_MB = "x" * 1_000_001
HELD_AT_NORTH = "somebody held there"  # a tag that is known when the exercise has been told
ASKED = {
    "id": "EX-BAD-1", "title": "Beds", "kind": "exercise", "requester": "County", "agency_kind": "local",
    "asked": "ZZ-GOVERNOR", "state": "ZZ", "purpose": "Shelter", "lines": [{"task": "T22", "words": "Beds"}],
}  # fmt: skip
TASK = {
    "mission": MISSION, "category": "T01", "words": "Data entry", "place": "North processing site", "people": "1",
    "begins_at": NOW.isoformat(), "ends_at": (NOW + timedelta(hours=1)).isoformat(), "contact": "none",
}  # fmt: skip
ARRIVAL = {
    "site": "EX-NORTH", "tags": ["222-222-2"], "at": NOW.isoformat(), "from_organisation": "EX-FIELD-OFFICE",
}  # fmt: skip


def asked(**changes: Any) -> dict[str, Any]:
    return {"request": ASKED | changes, "at": NOW.isoformat()}


def line(**changes: Any) -> dict[str, Any]:
    return asked(lines=[ASKED["lines"][0] | changes])  # type: ignore[index]  # of a dict whose values differ in kind


# Who, which action, with what, refused with which code. A fault in an input has the code of the fault.
ACTS = {
    "lines that are no list": ("operations", "assistance.draft", asked(lines="T01"), "assistance.wrong_kind"),
    "an unknown task code": ("operations", "assistance.draft", line(task="T99"), "assistance.unknown_task"),
    "an unknown task code in a task": ("operations", "tasks.order", TASK | {"category": "T99"}, "tasks.unknown_task"),
    "a window that ends before it begins": (
        "operations", "assistance.draft", line(**{"from": "2026-11-20", "to": "2026-11-19"}), "assistance.ends_before_it_begins",
    ),
    "a task that ends before it begins": (
        "operations", "tasks.order", TASK | {"ends_at": (NOW - timedelta(hours=1)).isoformat()}, "decisions.ends_before_it_begins",
    ),
    "a tag with a wrong check character": ("clerk.north", "custody.receive", ARRIVAL | {"tags": ["222-222-X"]}, "core.tag_misread"),
    "a handover to oneself": (
        "clerk.north", "custody.offer", {"giver": "EX-NORTH", "receiver": "EX-NORTH", "tags": HELD_AT_NORTH}, "ledger.same_holder",
    ),
    "a trip to where it begins": (
        "operations", "transport.plan_trip",
        {"mission": MISSION, "trip": "BUS-9", "task": f"{MISSION}-T3", "from_site": "EX-NORTH", "to_site": "EX-NORTH",
         "vehicle": "Bus", "seats": 4, "departs_at": NOW.isoformat()},
        "ledger.same_holder",
    ),
    "a field that is too long": ("operations", "tasks.order", TASK | {"words": "x" * 900_000}, "core.bad_value"),
    "a field of more than 1 MB": ("operations", "tasks.order", TASK | {"words": MORE_THAN_1_MB}, "core.too_large"),
    "a NUL": ("operations", "tasks.order", TASK | {"words": "x\0y\0z"}, "core.not_storable"),
}  # fmt: skip

ROSTER = "roster_date,person,admitted_at\n2026-03-01,P1,2026-02-28T10:00\n"
CLAIM = "claim_id,mission,state,metric,low,high,as_of,note,publisher,url\nG1,M,MO,deployed,1,1,,N,A,https://example.org\n"
SITE = (
    "code,name,city,county,county_fips,state,lat,lon,field_office,function,contract_type,capacity,guaranteed_min_beds,over_72h\n"
    "EXA1,A,B,C,,MO,,,,,,,,\n"
)
ASSIGNMENT = (
    "ma_id,incident_id,declaration_type,state,fema_region,incident_type,incident_begin,ma_type,priority,esf,agency,"
    "assistance_requested\n4331EXVAEPA01,2017082301,DR,VA,3,Flood,2017-08-23,FOS,High,10.0,EPA,Collect drums.\n"
)
# Of each import: its words, a good file, the column to leave out, and a cell of it to spoil.
IMPORTS = {
    "rosters": (("--site", "EX-LIST", "--zone", "America/Chicago"), ROSTER, "person", "P1"),
    "claims": ((), CLAIM, "metric", ",N,"),
    "facilities": ((), SITE, "county_fips", ",A,"),
    "assignments": ((), ASSIGNMENT, "priority", "Collect"),
}


@pytest.fixture
def people() -> None:
    """The demonstration's accounts, and an administrator."""
    loading.prepare()
    Grant.objects.create(user=User.objects.create_user("administrator"), role="administrator")


def token(name: str) -> str:
    return new_token(User.objects.get(username=name))


def run(*words: str, given: str | bytes, by: str) -> Result:
    return CliRunner().invoke(app, words, input=given, env={"MUSTER_TOKEN": token(by)})


def kept() -> list[int]:
    """How much the record holds; the audit line of a refusal is no part of it."""
    return [*(table.objects.count() for table in TABLES), Act.objects.filter(refused_code="").count()]


def refused_with(done: Result, code: str) -> str:
    """The sentences, where the command was refused with that code and printed no answer."""
    assert (done.exit_code, done.stdout) == (2, ""), done.stderr
    lines = done.stderr.splitlines()
    assert f"[{code}]" in done.stderr
    assert all(line.endswith("]") and len(line) > len(code) + 20 for line in lines), lines
    return done.stderr


def test_an_act_of_bad_input_is_refused_alike_at_the_api_and_at_the_command_line(live_url: str) -> None:
    told()
    north = Thing.objects.filter(head__holder__site="EX-NORTH").first()
    assert north is not None
    before = kept()

    for what, (by, name, inputs, code) in ACTS.items():
        sent = inputs | {"tags": [north.tag]} if inputs.get("tags") == HELD_AT_NORTH else inputs
        api = Door(live_url, token(by)).ask("POST", f"/api/v1/acts/{name.replace('.', '/')}", sent)
        done = run("act", name, given=json.dumps(sent), by=by)

        status, media, problem = api
        assert (status // 100, media) == (4, PROBLEM), what
        faults = {fault["code"]: fault["message"] for fault in problem["faults"]}
        sentence = faults[code] if faults else problem["detail"]
        assert problem["code"] == ("core.faulty_input" if faults else code), what
        assert sentence in refused_with(done, code), what
        assert kept() == before, what


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b'{"site": "\xff"}', 400, "api.not_json"), (b'{"site": ', 400, "api.not_json")],
)
def test_a_body_in_a_wrong_encoding_or_that_breaks_off_is_a_problem(
    live_url: str, people: None, body: bytes, status: int, code: str
) -> None:
    before = kept()

    answer = Door(live_url, token("clerk.north")).ask("POST", "/api/v1/acts/custody/receive", body)

    assert (answer[0], answer[1], answer[2]["code"]) == (status, PROBLEM, code)
    assert kept() == before


@pytest.mark.parametrize(
    ("given", "code"), [(b'{"site": "\xff"}', "core.not_utf8"), (b'{"site": ', "core.malformed")]
)
def test_an_act_in_a_wrong_encoding_or_that_breaks_off_is_refused(
    people: None, given: bytes, code: str
) -> None:
    before = kept()

    refused_with(run("act", "custody.receive", given=given, by="clerk.north"), code)

    assert kept() == before


@pytest.mark.parametrize("name", IMPORTS)
def test_a_file_with_a_missing_column_or_in_a_wrong_encoding_is_refused_whole(
    people: None, name: str
) -> None:
    words, good, column, cell = IMPORTS[name]
    import_ = ("import", name, "-", *words)
    before = kept()

    narrow = run(*import_, given=good.replace(column, "", 1).replace(",,", ",", 1), by="administrator")
    foreign = run(
        *import_, given=good.replace(cell, f"{cell[:-1]}é{cell[-1]}").encode("latin-1"), by="administrator"
    )
    wide = run(*import_, given=good.encode("utf-16"), by="administrator")

    assert f"row 1: column {column}: The column {column} is missing" in refused_with(
        narrow, "core.csv_missing_column"
    )
    assert "row 2" in refused_with(foreign, "core.csv_not_utf8")
    refused_with(wide, "core.csv_not_utf8")
    assert kept() == before

    assert run(*import_, given=good, by="administrator").exit_code == 0  # nothing else was wrong with it
    assert kept() != before


@pytest.mark.parametrize("name", IMPORTS)
def test_a_field_of_more_than_1_mb_through_a_pipe_is_refused_whole(
    people: None, database_env: dict[str, str], name: str
) -> None:
    words, good, _, cell = IMPORTS[name]
    env = database_env | {"MUSTER_TOKEN": token("administrator")}
    before = kept()

    long = good.replace(cell, f"{cell[:-1]}{MORE_THAN_1_MB}{cell[-1]}").encode()
    command = [*MUSTER, "import", name, "-", *words]
    done = subprocess.run(command, input=long, env=env, capture_output=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (2, b"")
    assert b"has more than 1,000,000 characters in" in done.stderr
    assert done.stderr.endswith(b"[core.csv_field_too_long]\n")
    assert kept() == before


@pytest.mark.parametrize("words", [("act", "tasks.order"), ("check", "-")])
def test_input_without_end_through_a_pipe_is_not_read_to_its_end(
    people: None, database_env: dict[str, str], words: tuple[str, ...]
) -> None:
    env = database_env | {"MUSTER_TOKEN": token("operations")}

    with (
        Path("/dev/zero").open("rb") as endless,
        subprocess.Popen([*MUSTER, *words], stdin=endless, stderr=subprocess.PIPE, env=env) as command,
    ):
        _, told_ = command.communicate(timeout=60)

    assert (command.returncode, told_[-17:]) == (2, b"[core.too_large]\n")


DOWN = {
    "DATABASE_URL": "postgresql://muster_app@127.0.0.1:1/muster",
    "MUSTER_MIGRATE_URL": "postgresql://muster_owner@127.0.0.1:1/muster",
}


@pytest.mark.parametrize(
    "words",
    [
        ("act", "custody.receive"),
        ("import", "claims", "-"),
        ("import", "rosters", "-", "--site", "EX-LIST", "--zone", "UTC"),
        ("census", "--at", "2026-11-20"),
        ("picture", "--at", "2026-11-20"),
        ("picture", "--mission", MISSION, "--at", "2026-11-20"),
        ("history", "222-222-2"),
        ("sign-in", "--user", "clerk.north"),
        ("migrate",),
    ],
    ids=" ".join,
)
def test_a_database_that_is_down_is_said_by_every_command(
    database_env: dict[str, str], words: tuple[str, ...]
) -> None:
    env = database_env | DOWN | {"MUSTER_TOKEN": "any"}

    done = subprocess.run(
        [*MUSTER, *words], input=b"{}", env=env, capture_output=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.endswith(b"[database.down]\n"), done.stderr
    assert b"Nothing was kept." in done.stderr


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/acts/custody/receive"), ("GET", "/sites"), ("GET", "/census?at=2026-11-20"), ("GET", "/requests"),
        ("GET", f"/missions/{MISSION}/picture?at=2026-11-20"), ("GET", "/trips/BUS-1"),
    ],
)  # fmt: skip
def test_a_database_that_is_down_is_a_problem_at_the_api(live_url: str, method: str, path: str) -> None:
    right = connections.settings["default"]["NAME"]
    connections.settings["default"]["NAME"] = "no_such_database"
    try:
        status, media, told_ = Door(live_url, "any").ask(method, f"/api/v1{path}", ARRIVAL)
    finally:
        connections.settings["default"]["NAME"] = right

    assert (status, media, told_["code"]) == (503, PROBLEM, "database.down")
    assert "Nothing was kept." in told_["detail"]
