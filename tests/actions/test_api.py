"""The API over real HTTP: the same sweep for acts and reads, and nothing that its schema does not say."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from django.db import connections
from django.test import Client
from doors import Door, door
from hypothesis import HealthCheck, Phase, given, settings
from people import TAGS, People, at, people
from schemathesis import checks

from muster.access.control import new_token
from muster.access.models import Grant, Role, User
from muster.ledger.models import Entry

RECEIVE = "/api/v1/acts/custody/receive"


@pytest.fixture
def who() -> People:
    return people()


def arrival(*tags: str, site: str = "EX-NORTH") -> dict[str, Any]:
    return {"site": site, "tags": list(tags), "at": at(0).isoformat(), "from_organisation": "EX-AGENCY"}


def test_an_act_is_done_once_for_one_key(live_url: str, who: People) -> None:
    clerk, key = door(live_url, who.north.user), {"Idempotency-Key": str(uuid4())}

    first = clerk.ask("POST", RECEIVE, arrival(TAGS[0]), **key)
    again = clerk.ask("POST", RECEIVE, arrival(TAGS[0]), **key)
    other = clerk.ask("POST", RECEIVE, arrival(TAGS[1]), **key)

    assert first[0] == 200
    assert first[2]["answer"]["received"] == [TAGS[0]]
    assert first[2]["known_at"]
    assert again == first
    assert (other[0], other[2]["code"]) == (409, "record.key_reused")
    assert Entry.objects.count() == 1


def test_an_arrival_that_contradicts_the_record_is_kept_and_answered_with_409(
    live_url: str, who: People
) -> None:
    door(live_url, who.north.user).ask("POST", RECEIVE, arrival(TAGS[0]))

    south = door(live_url, who.south.user)
    status, media, told = south.ask("POST", RECEIVE, arrival(TAGS[0], site="EX-SOUTH"))

    assert (status, media) == (409, "application/problem+json")
    assert told["code"] == "record.kept_as_report"
    assert told["report"] == told["answer"]["report"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "api.not_json"),
        (b'"' + b"x" * 1_000_001 + b'"', 413, "core.too_large"),
        (b'"' + b"x" * 3_000_000 + b'"', 413, "core.too_large"),
        ({}, 422, "core.faulty_input"),
        ({**arrival(TAGS[0]), "actor": 1}, 422, "core.faulty_input"),
        (arrival("M7K-402-Z"), 422, "core.tag_misread"),
        (arrival(TAGS[0], site="NOWHERE"), 404, "core.not_found"),
        (arrival(TAGS[0], site="EX-\0"), 422, "core.not_storable"),
        (arrival(TAGS[0], site="EX-SOUTH"), 404, "core.not_found"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_problem_and_nothing_is_kept(
    live_url: str, who: People, body: Any, status: int, code: str
) -> None:
    answer, media, told = door(live_url, who.north.user).ask("POST", RECEIVE, body)

    assert (answer, told["code"], told["status"]) == (status, code, status)
    assert media == "application/problem+json"
    assert not Entry.objects.exists()


def test_who_may_see_a_site_and_not_receive_there_is_told_who_may(live_url: str, who: People) -> None:
    status, media, told = door(live_url, who.center.user).ask("POST", RECEIVE, arrival(TAGS[0]))

    assert (status, media, told["code"]) == (403, "application/problem+json", "access.not_permitted")


def test_each_missing_input_is_named(live_url: str, who: People) -> None:
    _, _, told = door(live_url, who.north.user).ask("POST", RECEIVE, {})

    assert {fault["column"] for fault in told["faults"]} == {"site", "tags", "at"}


@pytest.mark.parametrize("token", [None, "made-up"])
@pytest.mark.parametrize(("method", "path"), [("POST", RECEIVE), ("GET", "/api/v1/sites")])
def test_who_is_not_signed_in_gets_nothing(live_url: str, token: str | None, method: str, path: str) -> None:
    status, _, told = Door(live_url, token).ask(method, path, {})

    assert (status, told["code"]) == (401, "access.not_signed_in")


def test_a_session_needs_its_csrf_token_as_well(who: People) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(
        User.objects.get(pk=who.north.user), backend="django.contrib.auth.backends.ModelBackend"
    )
    body = json.dumps(arrival(TAGS[0]))

    refused = browser.post(RECEIVE, body, content_type="application/json")
    browser.cookies["csrftoken"] = "a" * 32
    taken = browser.post(RECEIVE, body, content_type="application/json", headers={"X-CSRFToken": "a" * 32})

    assert (refused.status_code, refused.json()["code"]) == (403, "api.no_csrf_token")
    assert taken.status_code == 200
    assert browser.get("/api/v1/sites").status_code == 200


def test_reads_show_an_actor_only_the_sites_that_are_theirs(live_url: str, who: People) -> None:
    door(live_url, who.north.user).ask("POST", RECEIVE, arrival(TAGS[0]))
    north, south, center = (door(live_url, a.user) for a in (who.north, who.south, who.center))
    when = "/api/v1/census?at=2026-03-01"

    assert north.ask("GET", when)[2]["sites"] == [{"site": "EX-NORTH", "count": 1}]
    assert south.ask("GET", when)[2]["total"] == 0
    assert south.ask("GET", f"{when}&site=EX-NORTH")[0] == 404
    assert north.ask("GET", f"/api/v1/history/{TAGS[0]}")[2]["entries"][0]["receiver"] == "EX-NORTH"
    assert south.ask("GET", f"/api/v1/history/{TAGS[0]}")[0] == 404
    assert center.ask("GET", "/api/v1/census?at=noon")[2]["code"] == "core.not_a_moment"


def test_totals_leave_out_what_an_actor_may_not_see(live_url: str, who: People) -> None:
    door(live_url, who.north.user).ask("POST", RECEIVE, arrival(TAGS[0]))
    north, south, center = (door(live_url, a.user) for a in (who.north, who.south, who.center))
    when = "/api/v1/census?at=2026-03-01"

    told = center.ask("GET", f"{when}&by=state")[2]
    assert (told["by"], told["total"], told["totals"]) == ("state", 1, [{"name": "at a site", "count": 1}])
    assert told["known_at"] == center.ask("GET", when)[2]["known_at"]
    assert north.ask("GET", f"{when}&by=holder")[2]["totals"] == [{"name": "EX-NORTH", "count": 1}]
    assert south.ask("GET", f"{when}&by=holder")[2]["totals"] == []
    assert south.ask("GET", f"{when}&by=mission&site=EX-NORTH")[0] == 404
    assert center.ask("GET", f"{when}&by=name")[0] == 422


def test_sites_come_page_by_page(live_url: str, who: People) -> None:
    center = door(live_url, who.center.user)

    first = center.ask("GET", "/api/v1/sites?limit=1")[2]
    second = center.ask("GET", f"/api/v1/sites?limit=1&cursor={first['next']}")[2]

    assert [site["code"] for page in (first, second) for site in page["sites"]] == ["EX-NORTH", "EX-SOUTH"]
    assert second["next"] is None


def test_a_database_that_is_down_is_a_problem_with_503(live_url: str) -> None:
    right = connections.settings["default"]["NAME"]
    connections.settings["default"]["NAME"] = "no_such_database"
    try:
        status, media, told = Door(live_url, "any").ask("GET", "/api/v1/sites")
    finally:
        connections.settings["default"]["NAME"] = right

    assert (status, media, told["code"]) == (503, "application/problem+json", "database.down")
    assert "no_such_database" not in told["detail"]  # what the machine says of itself stays on it


def test_a_fault_nobody_foresaw_gives_a_reference_and_no_trace(live_url: str, who: People) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP FUNCTION record_sequence() CASCADE")

    status, media, told = door(live_url, who.center.user).ask("GET", "/api/v1/census?at=2026-03-01")

    assert (status, media, told["code"]) == (500, "application/problem+json", "api.unforeseen")
    assert "record_sequence" not in json.dumps(told)


def test_nothing_is_answered_that_the_schema_does_not_say(live_url: str, who: People) -> None:
    user = User.objects.get(pk=who.center.user)
    Grant.objects.bulk_create(Grant(user=user, role=role) for role in Role)
    headers = {"Authorization": f"Bearer {new_token(user)}"}
    schema = schemathesis.openapi.from_url(f"{live_url}/api/v1/openapi.json")
    wanted = [
        checks.not_a_server_error,
        schemathesis.checks.CHECKS.get_one("status_code_conformance"),
        schemathesis.checks.CHECKS.get_one("content_type_conformance"),
        schemathesis.checks.CHECKS.get_one("response_schema_conformance"),
    ]

    for found in schema.get_all_operations():

        @settings(
            max_examples=4, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=found.ok().as_strategy())
        def holds(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=wanted)

        holds()
