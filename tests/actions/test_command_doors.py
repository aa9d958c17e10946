"""Signing in at the command line, faults told to people and to programs, and serving."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from exercised import MISSION, told
from people import TAGS, People, at, people
from typer.testing import CliRunner, Result

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.cli.main import app
from muster.ledger.models import Entry

EXAMPLES = Path(__file__).parents[2] / "examples"
MUSTER = [sys.executable, "-c", "from muster.cli.main import main; main()"]


@pytest.fixture
def who() -> People:
    return people()


def run(*words: str, given: str | bytes | None = None, token: str = "") -> Result:
    return CliRunner().invoke(app, words, input=given, env={"MUSTER_TOKEN": token})


def token_of(user: int) -> str:
    return new_token(User.objects.get(pk=user))


def arrival(*tags: str, site: str = "EX-NORTH") -> str:
    return json.dumps({"site": site, "tags": tags, "at": at(0).isoformat(), "from_organisation": "EX-AGENCY"})


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_password_gives_a_token_and_the_token_acts(who: People) -> None:
    signed = run("sign-in", "--user", "clerk.north", given="clerk.north's password\n")
    done = run("act", "custody.receive", given=arrival(TAGS[0]), token=signed.stdout.strip())

    assert (signed.exit_code, done.exit_code) == (0, 0)
    assert answer(done)["answer"]["received"] == [TAGS[0]]


def test_a_wrong_password_gives_none(who: People) -> None:
    done = run("sign-in", "--user", "clerk.north", given="guess\n")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "access.not_signed_in" in done.stderr


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("custody.receive", "{", "core.malformed"),
        ("custody.receive", "{}", "core.bad_value"),
        ("custody.receive", arrival(TAGS[0], site="EX-\0"), "core.not_storable"),
        ("custody.receive", arrival(TAGS[0], site="NOWHERE"), "core.not_found"),
        ("custody.vanish", "{}", "record.unknown_action"),
    ],
)
def test_what_is_wrong_is_one_line_for_each_fault_and_nothing_is_kept(
    who: People, name: str, given: str, code: str
) -> None:
    done = run("act", name, given=given, token=token_of(who.north.user))

    assert (done.exit_code, done.stdout) == (2, "")
    assert all(line.endswith(f"[{code}]") for line in done.stderr.splitlines())
    assert not Entry.objects.exists()


def test_with_json_the_faults_are_told_to_programs_as_well(who: People) -> None:
    done = run("act", "custody.receive", "--json", given="{}", token=token_of(who.north.user))

    *lines, last = done.stderr.splitlines()
    told = json.loads(last)
    assert told["code"] == "core.faulty_input"
    assert len(told["faults"]) == len(lines) == 3


def test_a_wrong_day_names_the_option() -> None:
    done = run("check", str(EXAMPLES / "flood-request.toml"), "--as-of", "soon")

    assert done.exit_code == 2
    assert done.stderr == "column --as-of: 'soon' is not a day. Write it as 2025-11-01. [core.not_a_day]\n"


def test_a_fault_nobody_foresaw_gives_a_reference_and_no_trace() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP FUNCTION record_sequence() CASCADE")

    done = run("census", "--at", "2026-03-01")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "reference" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_picture_is_told_as_of_any_moment_as_known_at_any_act() -> None:
    people = told()
    source = {"publisher": "Example Gazette", "url": "https://gazette.example/1", "title": "Guard helps"}
    for name, said, as_of in (("C1", "about 30", "2026-10"), ("C2", "nearly 40", "2026-11-01")):
        do.sources.record_claim(
            actor=people["records.desk"], id=name, mission=MISSION, place="MO", metric="activated", said=said, as_of=as_of,
            source=source,
        )  # fmt: skip
    asked = ("picture", "--mission", MISSION, "--at", "2026-11-20")

    found = answer(run(*asked, "--json"))
    first = answer(run(*asked, "--known-at", "3", "--json"))
    long_ago = answer(run(*asked, "--known-at", "2026-01-01", "--json"))
    everything = answer(run("picture", "--at", "2026-11-20", "--json"))
    text = run(*asked).stdout.splitlines()

    assert {"mission", "at", "known_at", "figures"} <= set(found)
    assert (
        found["at"] == "2026-11-21T05:59:59.999999+00:00"
    )  # the day ends where the decision counts its days
    figures = {(f["metric"], f["place"]): f for f in found["figures"] if f["shown"]}
    in_custody = figures["persons_in_custody", "all"]
    assert (in_custody["low"], in_custody["high"], in_custody["said"]) == (117, 117, "117")
    assert in_custody["source"] == f"ledger, known at act {found['known_at']}"
    assert figures["activated", "MO"]["evidence"] == ["claim C2"]
    assert (first["known_at"], {f["metric"] for f in first["figures"]}) == (3, {"requested"})
    assert (long_ago["known_at"], long_ago["figures"]) == (0, [])
    assert everything == {"missions": [found]}
    assert text[0] == f"Mission {MISSION}, as of {found['at']}, known at act {found['known_at']}"
    assert text[1].split() == ["what", "place", "number", "as", "of", "source"]
    assert [line.split()[-6:] for line in text if "members activated" in line] == [
        ["MO", "(about", "30)", "2026-10", "Guard", "helps"],
        ["MO", "nearly", "40", "2026-11-01", "Guard", "helps"],
    ]
    assert text[-1] == "In parentheses: a claim that stands beside the one shown."


def test_a_picture_of_no_mission_says_so() -> None:
    done = run("picture", "--at", "2026-11-20")

    assert (done.exit_code, done.stdout) == (0, "No mission was open by then.\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--at", "noon"), "core.not_a_moment"),
        (("--at", "2026-11-20", "--known-at", "soon"), "core.not_a_moment"),
        (("--at", "2026-11-20", "--known-at", "9" * 5000), "core.not_a_moment"),
        (("--at", "2026-11-20", "--mission", "NOTHING"), "core.not_found"),
        (("--at", "2026-11-20", "--mission", "NUL\0"), "core.not_storable"),
    ],
)
def test_a_picture_that_cannot_be_made_says_why(words: tuple[str, ...], code: str) -> None:
    done = run("picture", *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith(f"[{code}]\n")


def test_version_and_packs_start_no_database_and_leave_no_folder(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MUSTER_DATA": str(tmp_path / "data")}
    done = [
        subprocess.run(
            [*MUSTER, *words], env=env, capture_output=True, cwd=EXAMPLES.parent, check=True
        ).stdout
        for words in (["--version"], ["packs", "list"])
    ]

    assert all(done)
    assert not (tmp_path / "data").exists()


def test_doctor_says_where_each_setting_comes_from_and_hides_passwords(database_env: dict[str, str]) -> None:
    done = subprocess.run([*MUSTER, "doctor", "--json"], env=database_env, capture_output=True, check=False)

    told = json.loads(done.stdout)
    assert (done.returncode, told["problems"]) == (0, [])
    assert {"name": "database_url", "value": "set", "from": "environment DATABASE_URL"} in told["settings"]


def test_doctor_tells_that_the_database_is_down_beside_the_settings(database_env: dict[str, str]) -> None:
    down = {**database_env, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    done = subprocess.run([*MUSTER, "doctor", "--json"], env=down, capture_output=True, check=False)

    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert "does not answer" in told["problems"][0]


def test_serve_answers_until_it_is_stopped(database_env: dict[str, str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*MUSTER, "serve", "--port", str(port)]

    with subprocess.Popen(command, env=database_env, stdout=subprocess.DEVNULL) as server:
        try:
            schema = _when_up(f"http://127.0.0.1:{port}/api/v1/openapi.json")
        finally:
            server.terminate()

    assert schema["openapi"] == "3.1.0"


def test_serve_says_that_something_else_listens_there(database_env: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        done = subprocess.run(
            [*MUSTER, "serve", "--port", port], env=database_env, capture_output=True, timeout=60, check=False
        )

    assert (done.returncode, done.stdout) == (2, b"")
    assert b"cli.no_port" in done.stderr
    assert f"cannot listen at 127.0.0.1:{port}" in done.stderr.decode()


def _when_up(url: str) -> Any:
    give_up_at = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url) as page:
                return json.load(page)
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
