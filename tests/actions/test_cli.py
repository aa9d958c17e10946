"""The command line: what it prints, where, and with which exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from people import TAGS, People, people

from muster.access.control import new_token
from muster.access.models import Grant, User
from muster.record.models import Act

ROOT = Path(__file__).parents[2]
CLAIMED = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}


def muster(*words: str, env: dict[str, str], given: bytes | str = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command as a person would, from the project's root."""
    text = given.encode() if isinstance(given, str) else given
    command = [sys.executable, "-c", "from muster.cli.main import main; main()", *words]
    return subprocess.run(
        command, input=text, capture_output=True, cwd=ROOT, env=env, timeout=120, check=False
    )


@pytest.fixture
def who() -> People:
    return people()


@pytest.fixture
def as_north(who: People, database_env: dict[str, str]) -> dict[str, str]:
    """The environment of a clerk of the north site."""
    return database_env | {"MUSTER_TOKEN": new_token(User.objects.get(pk=who.north.user))}


def receive(env: dict[str, str], **inputs: Any) -> subprocess.CompletedProcess[bytes]:
    body = {"site": "EX-NORTH", "tags": TAGS[:2], "at": "2026-03-01T12:00:00Z"} | inputs
    return muster("act", "custody.receive", env=env, given=json.dumps(body))


def test_a_check_needs_no_database_and_makes_no_folder(data_folder: Path) -> None:
    env = CLAIMED | {"MUSTER_DATA": str(data_folder)}

    clear = muster("check", "examples/flood-request.toml", "--json", env=env)
    late = muster("check", "examples/missouri-2025-request.toml", "--as-of", "2026-10-01", "--json", env=env)

    assert clear.returncode == 0
    assert {line["finding"] for line in json.loads(clear.stdout)["lines"]} <= {"permitted", "conditional"}
    assert late.returncode == 1
    assert {line["finding"] for line in json.loads(late.stdout)["lines"]} == {"prohibited"}
    assert not list(data_folder.iterdir())


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_can_be_checked(example: Path) -> None:
    checked = muster("check", str(example), env=CLAIMED)

    assert checked.returncode in (0, 1)
    assert b"Line 1" in checked.stdout


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (b"lines = []\n", b"assistance.no_lines"),
        (b"lines = [{task = 'T99'}]\n", b"assistance.unknown_task"),
        (b"\xff\xfe", b"core.not_utf8"),
        (b"= nonsense", b"assistance.malformed"),
        (b"x" * 5_000_000, b"core.too_large"),
    ],
)
def test_a_bad_request_through_a_pipe_is_refused_line_by_line(given: bytes, code: bytes) -> None:
    refused = muster("check", "-", env=CLAIMED, given=given)

    assert refused.returncode == 2
    assert refused.stdout == b""
    assert code in refused.stderr
    assert b"Traceback" not in refused.stderr


def test_an_act_prints_its_number_and_is_done_once(as_north: dict[str, str]) -> None:
    key = ("--key", "0199a000-0000-7000-8000-000000000001")
    body = json.dumps({"site": "EX-NORTH", "tags": TAGS[:2], "at": "2026-03-01T12:00:00Z"})

    first = muster("act", "custody.receive", *key, env=as_north, given=body)
    again = muster("act", "custody.receive", *key, env=as_north, given=body)

    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["answer"]["received"] == TAGS[:2]
    assert again.stdout == first.stdout
    assert Act.objects.filter(name="custody.receive").count() == 1


def test_what_is_kept_as_a_report_is_exit_status_1(who: People, as_north: dict[str, str]) -> None:
    receive(as_north)
    south = as_north | {"MUSTER_TOKEN": new_token(User.objects.get(pk=who.south.user))}

    kept = receive(south, site="EX-SOUTH", tags=TAGS[:1])

    assert kept.returncode == 1
    assert json.loads(kept.stdout)["answer"]["report"]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"tags": ["222-24F-7"]}, b"core.tag_misread"),
        ({"site": "EX-SOUTH"}, b"core.not_found"),
        ({"at": "noon"}, b"core.bad_value"),
        ({"colour": "blue"}, b"core.bad_value"),
    ],
)
def test_a_refused_act_is_exit_status_2_with_its_code(
    as_north: dict[str, str], inputs: dict[str, Any], code: bytes
) -> None:
    refused = receive(as_north, **inputs)

    assert refused.returncode == 2
    assert code in refused.stderr
    assert refused.stdout == b""


def test_nobody_acts_without_a_token(database_env: dict[str, str]) -> None:
    refused = receive(database_env)

    assert refused.returncode == 2
    assert b"access.not_signed_in" in refused.stderr


def test_census_and_history_answer_as_the_contract_says(as_north: dict[str, str]) -> None:
    number = json.loads(receive(as_north).stdout)["known_at"]

    census = json.loads(muster("census", "--at", "2026-03-01", "--json", env=as_north).stdout)
    before = json.loads(
        muster("census", "--at", "2026-03-01", "--known-at", str(number - 1), "--json", env=as_north).stdout
    )
    history = json.loads(muster("history", TAGS[0].lower(), "--json", env=as_north).stdout)

    assert (census["total"], census["sites"]) == (2, [{"site": "EX-NORTH", "count": 2}])
    assert census["known_at"] == number
    assert before["total"] == 0
    assert history["entries"][0] | {"receiver": "EX-NORTH", "kind": "push", "n": 1} == history["entries"][0]


def test_rolls_are_closed_and_totals_told_at_the_command_line(as_north: dict[str, str]) -> None:
    number = json.loads(receive(as_north).stdout)["known_at"]

    closed = json.loads(muster("close-rolls", "--json", env=as_north).stdout)["closed"]
    again = muster("close-rolls", env=as_north).stdout.decode()
    asked = ("census", "--at", "2026-03-01", "--by")
    state = json.loads(muster(*asked, "state", "--json", env=as_north).stdout)
    holder = muster(*asked, "holder", "--site", "EX-NORTH", env=as_north).stdout.decode()

    assert [each["known_at"] for each in closed] == [number]
    assert "has its rolls" in again
    assert (state["known_at"], state["totals"]) == (number, [{"name": "at a site", "count": 2}])
    assert "EX-NORTH  2" in holder
    assert muster(*asked, "name", env=as_north).returncode == 2


def test_a_database_that_is_down_is_told_and_nothing_is_half_done(database_env: dict[str, str]) -> None:
    down = database_env | {"DATABASE_URL": "postgresql://muster_app@127.0.0.1:1/muster"}

    refused = receive(down | {"MUSTER_TOKEN": "any"})

    assert refused.returncode == 2
    assert b"database.down" in refused.stderr
    assert b"Traceback" not in refused.stderr


def test_a_first_administrator_signs_in_and_takes_lists_in(data_folder: Path, tmp_path: Path) -> None:
    env = CLAIMED | {"MUSTER_DATA": str(data_folder)}
    lists = "roster_date,person,admitted_at\n2018-03-01,P1,2018-02-28T10:00\n2018-03-02,P2,2018-03-01T10:00\n"
    words = ("import", "rosters", "-", "--site", "NYC", "--zone", "America/New_York", "--json")

    made = muster("init", "--user", "adm", env=env, given="a long enough Secret 7\n")
    weak = muster("init", "--user", "two", env=env, given="1234\n")
    token = (
        muster("sign-in", "--user", "adm", env=env, given="a long enough Secret 7\n").stdout.decode().strip()
    )
    wrong = muster("sign-in", "--user", "adm", env=env, given="guessed\n")
    signed = env | {"MUSTER_TOKEN": token}
    first = muster(*words, env=signed, given=lists)
    again = muster(*words, env=signed, given=lists)
    faulty = muster(*words, env=signed, given=lists.replace("P2", ""))
    exported = muster("export", str(tmp_path / "out"), "--json", env=env)
    sound = muster("doctor", "--json", env=env)

    assert (made.returncode, weak.returncode, wrong.returncode, faulty.returncode) == (0, 2, 2, 2)
    assert b"access.weak_password" in weak.stderr
    assert b"row 3: column person" in faulty.stderr
    assert [entry["persons"] for entry in json.loads(first.stdout)["lists"]] == [1, 1]
    assert again.stdout == first.stdout
    assert json.loads(exported.stdout)["entries"] == 3
    assert json.loads(sound.stdout)["problems"] == []


def test_the_embedded_database_is_served_to_this_machine_alone(data_folder: Path) -> None:
    refused = muster("serve", "--host", "0.0.0.0", "--data", str(data_folder), env=CLAIMED)

    assert refused.returncode == 2
    assert b"cli.loopback_only" in refused.stderr


def test_packs_are_listed_checked_and_compared() -> None:
    pack = str(ROOT / "muster/authority/packs/us.emac.toml")

    listed = json.loads(muster("packs", "list", "--json", env=CLAIMED).stdout)

    assert {"us.emac", "us.task-categories"} <= {entry["id"] for entry in listed["packs"]}
    assert muster("packs", "check", pack, env=CLAIMED).returncode == 0
    assert b"Nothing changed" in muster("packs", "diff", pack, pack, env=CLAIMED).stdout
    assert muster("packs", "check", "examples/flood-request.toml", env=CLAIMED).returncode == 2


def test_claims_and_facilities_are_taken_in_by_row(who: People, database_env: dict[str, str]) -> None:
    administrator = User.objects.create_user("administrator")
    Grant.objects.create(user=administrator, role="administrator")
    env = database_env | {"MUSTER_TOKEN": new_token(administrator)}
    columns = "claim_id,mission,state,metric,low,high,as_of,note,publisher,url\n"
    rows = columns + "G1,M,MO,listed,,,,,A,https://example.org\nG2,M,MO,guessed,,,,,A,https://example.org\n"

    whole = muster("import", "claims", "-", "--json", env=env, given=rows)
    good = muster("import", "claims", "-", "--keep-good", "--json", env=env, given=rows)
    told = muster("import", "claims", "-", "--keep-good", env=env, given=rows)
    narrow = muster("import", "facilities", "-", env=env, given="code,name\nA1,A\n")

    assert whole.returncode == 2
    assert b"sources.unknown_metric" in whole.stderr
    assert good.returncode == 1
    assert json.loads(good.stdout)["kept"] == 1
    assert json.loads(good.stdout)["refused"][0]["row"] == 3
    assert told.returncode == 1
    assert b"refused: row 3, column metric" in told.stdout
    assert narrow.returncode == 2
    assert b"core.csv_missing_column" in narrow.stderr


def test_mission_assignments_are_taken_in_as_requests(who: People, database_env: dict[str, str]) -> None:
    administrator = User.objects.create_user("administrator")
    Grant.objects.create(user=administrator, role="administrator")
    env = database_env | {"MUSTER_TOKEN": new_token(administrator)}
    rows = (
        "ma_id,incident_id,declaration_type,state,fema_region,incident_type,incident_begin,ma_type,priority,esf,agency,"
        "assistance_requested\n"
        '4331EXVAEPA01,2017082301,DR,VA,3,Flood,2017-08-23,FOS,High,10.0,EPA,"Collect drums,\nopen none."\n'
        "4331EXVAEPA02,2017082301,DR,VA,3,Flood,2017-08-23,XYZ,High,10.0,EPA,Count drums.\n"
    )

    whole = muster("import", "assignments", "-", env=env, given=rows)
    dry = muster("import", "assignments", "-", "--keep-good", "--dry-run", "--json", env=env, given=rows)
    good = muster("import", "assignments", "-", "--keep-good", "--json", env=env, given=rows)
    told = muster("import", "assignments", "-", "--keep-good", env=env, given=rows)

    assert whole.returncode == 2
    assert b"row 3: column ma_type" in whole.stderr
    assert (json.loads(dry.stdout)["kept"], json.loads(good.stdout)["kept"]) == (0, 1)
    assert (dry.returncode, good.returncode, told.returncode) == (1, 1, 1)
    assert b"1 already there" in told.stdout
