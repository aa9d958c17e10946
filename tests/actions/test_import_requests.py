"""Files of requests: TOML, JSON and CSV; every fault by row at once, and a file is kept whole or not at all."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from people import at

from muster import actions as do
from muster.access.control import Actor, NotFound, NotPermitted, actor_of, new_token
from muster.access.models import Grant, User
from muster.assistance import importing
from muster.assistance.models import Request, Version
from muster.assistance.requestfiles import read_requests
from muster.assistance.rules import MalformedRequest
from muster.core.errors import FaultyFile, FaultyInput
from muster.core.files import NotUtf8, TooLarge, Unreadable
from muster.parties.models import Office, Organisation
from muster.record.models import Act

CSV = """id,title,kind,requester,agency,agency_kind,asked,state,purpose,verbal,requested_by.phone,task,words,people,from,to
EX-1,Beds,exercise,Example County,COUNTY,local,ZZ-GOVERNOR,ZZ,Relief,yes,555-0100,T22,Beds and meals,about 12,2026-03-01,2026-03-14
EX-1,,,,,,,,,,,T20,The road,4,,
EX-2,Boats,exercise,Example County,COUNTY,local,ZZ-GOVERNOR,ZZ,Rescue,no,,T21,Boats,up to 6,,
"""
ONE = {
    "id": "EX-1", "title": "Beds", "kind": "exercise", "requester": "Example County", "agency_kind": "local",
    "asked": "ZZ-GOVERNOR", "state": "ZZ", "purpose": "Relief", "lines": [{"task": "T22", "words": "Beds", "people": 12}],
}  # fmt: skip


@pytest.fixture
def administrator() -> Actor:
    state = Organisation.objects.create(code="ZZ-STATE", name="Example", kind="state", state="ZZ")
    Organisation.objects.create(code="COUNTY", name="Example County", kind="county")
    Office.objects.create(code="ZZ-GOVERNOR", title="Governor of Example", organisation=state)
    return account("administrator")


def account(role: str) -> Actor:
    user = User.objects.create_user(role, password="a password of its own")
    Grant.objects.create(user=user, role=role)
    return actor_of(user)


def take_in(actor: Actor, sent: str | dict[str, Any], name: str = "-", **options: bool) -> dict[str, Any]:
    text = sent if isinstance(sent, str) else json.dumps(sent)
    return importing.import_requests(io.BytesIO(text.encode()), actor=actor, name=name, **options)


def faults_of(actor: Actor, sent: str | dict[str, Any]) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(FaultyFile) as told:
        take_in(actor, sent)
    return [(fault.row, fault.column, fault.code) for fault in told.value.faults]


def test_the_rows_of_one_id_are_the_lines_of_one_request_and_all_are_drafts_of_one_act(
    administrator: Actor,
) -> None:
    answer = take_in(administrator, CSV)

    assert (answer["rows"], answer["kept"], answer["refused"], answer["notices"]) == (3, 2, [], {})
    first = Request.objects.get(pk="EX-1")
    assert [(line.n, line.task, line.people["high"]) for line in first.lines] == [
        (1, "T22", 12),
        (2, "T20", 4),
    ]
    assert (first.verbal, first.details, first.agency_id) == (
        True,
        {"requested_by": {"phone": "555-0100"}},
        "COUNTY",
    )
    assert set(Request.objects.values_list("state", flat=True)) == {"draft"}
    assert Act.objects.filter(name="assistance.import_requests", refused_code="").count() == 1
    assert take_in(administrator, CSV)["notices"] == {"already_there": 2}
    assert Version.objects.count() == 2


@pytest.mark.parametrize("name", ["requests.toml", "requests.json", "-"])
def test_a_file_of_tables_holds_one_request_or_a_list_of_them(administrator: Actor, name: str) -> None:
    toml = "".join(
        f'[[requests]]\nid = "EX-{n}"\ntitle = "T{n}"\nkind = "exercise"\nasked = "ZZ-GOVERNOR"\nstate = "ZZ"\n' for n in (1, 2)
    )  # fmt: skip
    many = (
        toml
        if name.endswith("toml")
        else json.dumps({"requests": [ONE, ONE | {"id": "EX-2", "title": "Boats"}]})
    )

    assert take_in(administrator, many, name)["kept"] == 2
    assert take_in(administrator, ONE | {"id": "EX-3", "title": "Cots"}, "-")["rows"] == 1


def test_every_fault_of_a_csv_file_is_told_at_once_by_its_row(administrator: Actor) -> None:
    text = CSV.replace("T20,The road,4", "T99,The road,many").replace("up to 6", "up to many") + (
        "EX-2,Ships,,,,,ZZ-GOVERNOR,ZZ,,,,,,,,\n,No id,exercise,,,,ZZ-GOVERNOR,ZZ,,,,,,,,\n"
        "EX-5,Trucks,exercise,County,NOBODY,local,NOWHERE,ZZ,Supply,,,T03,Trucks,,,\n"
    )  # fmt: skip

    assert faults_of(administrator, text) == [
        (3, "task", "assistance.unknown_task"),
        (3, "people", "assistance.bad_quantity"),
        (5, "title", "assistance.row_otherwise"),
        (6, "id", "assistance.missing"),
        (7, "asked", "assistance.unknown_code"),
        (7, "agency", "assistance.unknown_code"),
    ]
    assert not Request.objects.exists()
    kept = take_in(administrator, text, keep_good=True)
    assert (kept["kept"], len(kept["refused"])) == (0, 6)
    kept = take_in(administrator, CSV.replace("up to 6", "many"), keep_good=True)
    assert (kept["kept"], [fault["row"] for fault in kept["refused"]]) == (1, [4])


def test_faults_in_tables_are_told_by_the_number_of_the_request_and_the_path(administrator: Actor) -> None:
    many = {
        "requests": [
            ONE,
            ONE | {"id": "EX-2", "lines": [{"people": "many"}], "colour": "red"},
            ONE,
            {"id": "EX-4"},
            7,
        ]
    }

    assert faults_of(administrator, many) == [
        (2, "lines[1].people", "assistance.bad_quantity"),
        (2, "colour", "assistance.unknown_field"),
        (3, "id", "assistance.given_twice"),
        (4, "title", "assistance.missing"),
        (4, "asked", "assistance.missing"),
        (4, "state", "assistance.missing"),
        (5, None, "assistance.wrong_kind"),
    ]


def test_what_lacks_fields_or_looks_like_another_is_kept_and_is_a_notice(administrator: Actor) -> None:
    take_in(administrator, ONE)

    answer = take_in(
        administrator,
        {"requests": [ONE | {"id": "EX-2"}, ONE | {"id": "EX-3", "title": "Other", "lines": []}]},
    )

    assert (answer["kept"], answer["notices"]) == (2, {"incomplete": 1, "looks_alike": 1})


def test_a_request_that_is_there_in_other_words_is_a_fault(administrator: Actor) -> None:
    take_in(administrator, ONE)

    assert faults_of(administrator, ONE | {"purpose": "Another"}) == [(1, "id", "assistance.in_the_record")]


def test_a_dry_run_tells_the_same_and_writes_nothing(administrator: Actor) -> None:
    answer = take_in(administrator, CSV, dry_run=True)

    assert (answer["rows"], answer["kept"]) == (3, 0)
    assert not Request.objects.exists()
    with pytest.raises(FaultyFile):
        take_in(administrator, CSV.replace("T22", "T99"), dry_run=True)


@pytest.mark.parametrize(
    ("content", "name", "refusal"),
    [
        (b"\xff\xfe", "a.toml", NotUtf8),
        (b"x" * 1_000_001, "a.csv", TooLarge),
        (b"id = ", "a.toml", MalformedRequest),
        (b'{"requests": []}', "a.json", FaultyFile),
        (b'{"requests": 7}', "a.json", FaultyFile),
        (b"id,title\nEX-1,Beds\n", "a.csv", FaultyFile),
        (b"id,title,asked,state,nationality\n", "-", FaultyFile),
        (b'id,title,asked,state\n"EX', "a.csv", FaultyFile),
    ],
)
def test_a_file_of_which_no_row_is_certain_is_refused_whole(
    content: bytes, name: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        read_requests(content, name=name)


def test_a_file_that_is_not_there_is_told(administrator: Actor, tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        importing.import_requests(tmp_path / "no.csv", actor=administrator, name="no.csv")


def test_the_same_holds_through_another_door(administrator: Actor) -> None:
    send = do.find("assistance.import_requests")

    for bad in ([ONE, ONE], [ONE | {"asked": "NOWHERE"}], [{"id": "EX-1"}], [ONE | {"state": "XX"}]):
        with pytest.raises(FaultyInput):
            send(actor=administrator, requests=bad, at=at(0))
    assert send(actor=administrator, requests=[ONE], at=at(0)).answer.new == 1
    with pytest.raises(FaultyInput, match="in the record in other words"):
        send(actor=administrator, requests=[ONE], at=at(0))


@pytest.mark.parametrize(("role", "refusal"), [("affairs", NotPermitted), (None, NotFound)])
def test_only_an_administrator_brings_files_of_requests_in(
    administrator: Actor, role: str | None, refusal: type[Exception]
) -> None:
    actor = account(role) if role else actor_of(User.objects.create_user("nobody"))

    for dry_run in (True, False):
        with pytest.raises(refusal):
            take_in(actor, CSV, dry_run=dry_run)


def test_the_command_tells_what_it_kept_and_the_exit_status_says_how_it_went(
    administrator: Actor, database_env: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "requests.csv"
    file.write_text(CSV)
    token = new_token(User.objects.get(username="administrator"))

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-c",
            "from muster.cli.main import main; main()",
            "import",
            "requests",
            *more,
            "--json",
        ]
        env = {**os.environ, **database_env, "MUSTER_TOKEN": token}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    done = run(str(file))
    assert (done.returncode, json.loads(done.stdout)["kept"]) == (0, 2)
    file.write_text(CSV.replace("T21", "T99").replace("EX-1", "EX-3"))
    refused = run(str(file))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "row 4: column task" in refused.stderr
    partly = run(str(file), "--keep-good")
    assert (partly.returncode, json.loads(partly.stdout)["kept"]) == (1, 1)
