"""The pages of the steps, without a browser: who may see each, and what a malformed form is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import stories
from django.db import connections
from django.test import Client

from muster.access.models import User
from muster.assistance.models import Request
from muster.decisions.models import Decision
from muster.demonstration import loading
from muster.record.models import Act

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WAITING, MISSION = "/requests/EX-SHELTER-1", "/missions/EX-PROCESSING-1"
TRIP, DECISION = "/trips/EX-PROCESSING-1-BUS-1", "/decisions/EX-PROCESSING-1-D1"
TASK = "/tasks/EX-PROCESSING-1-T1"
EVERY_PAGE = [
    "/requests/", f"{WAITING}/", f"{WAITING}/decide/", f"{WAITING}/withdraw/", "/requests/new/", "/decisions/", f"{DECISION}/",
    f"{DECISION}/suspend/", f"{DECISION}/used/", "/missions/", f"{MISSION}/", f"{MISSION}/outside/", f"{MISSION}/tasks/",
    f"{MISSION}/trips/", f"{MISSION}/close/", f"{MISSION}/costs/", f"{MISSION}/costs/record/", f"{TASK}/finish/", f"{TASK}/present/",
    f"{MISSION}/roster/", f"{MISSION}/roster/rest/",
    "/trips/", f"{TRIP}/", f"{TRIP}/arrive/", f"{TRIP}/hand-over/",
    "/counter/EX-NORTH/release/",
]  # fmt: skip
# By who may read the mission.
READ = (f"{DECISION}/", f"{DECISION}/used/", f"{MISSION}/", f"{MISSION}/outside/", f"{MISSION}/costs/")
# For each account the pages that are refused (403) or read as not found (404); every other one of its rows is shown.
ALLOWED = {
    "governor": {f"{WAITING}/decide/", f"{DECISION}/suspend/", "/decisions/", "/requests/", f"{WAITING}/",
                 "/missions/", *READ, f"{MISSION}/roster/", "/trips/", f"{TRIP}/"},
    "operations": {"/requests/", f"{WAITING}/", f"{WAITING}/withdraw/", "/requests/new/", "/decisions/",
                   "/missions/", *READ,
                   f"{MISSION}/costs/record/", f"{MISSION}/tasks/", f"{MISSION}/trips/", f"{MISSION}/close/", f"{TASK}/finish/",
                   f"{TASK}/present/", "/trips/", f"{TRIP}/", f"{TRIP}/arrive/", f"{MISSION}/roster/", f"{MISSION}/roster/rest/"},
    "agency": {"/requests/", "/requests/new/", "/decisions/", "/missions/", *READ, "/trips/",
               f"{TRIP}/"},
    "custodian": {"/requests/", f"{WAITING}/", "/decisions/", "/missions/", *READ, "/trips/",
                  f"{TRIP}/", f"{TRIP}/arrive/", f"{TRIP}/hand-over/", f"{MISSION}/roster/"},
    "clerk.north": {"/requests/", "/decisions/", "/missions/", "/trips/", f"{TRIP}/", "/counter/EX-NORTH/release/"},
    "clerk.south": {"/requests/", "/decisions/", "/missions/", "/trips/", f"{TRIP}/"},
    "oversight": {"/requests/", f"{WAITING}/", "/decisions/", "/missions/", *READ, f"{MISSION}/roster/", "/trips/",
                  f"{TRIP}/"},
}  # fmt: skip


@pytest.fixture
def demonstration() -> None:
    stories.demonstration()


def signed_in(name: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_every_page_is_for_those_who_may_see_it(demonstration: None) -> None:
    told: dict[str, set[str]] = {}
    for name in ALLOWED:
        client = signed_in(name)
        answers = {page: client.get(page).status_code for page in EVERY_PAGE}
        assert set(answers.values()) <= {200, 403, 404}, (name, answers)
        told[name] = {page for page, status in answers.items() if status == 200}

    for name, pages in ALLOWED.items():
        assert told[name] ^ pages == set(), name
    for page in EVERY_PAGE:
        answer = Client().get(page)
        assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={page}")


@pytest.mark.parametrize(
    ("who", "page"),
    [
        ("operations", "/requests/NOTHING/"),
        ("operations", f"{WAITING}/nothing/"),
        ("operations", "/missions/NOTHING/tasks/"),
        ("operations", "/tasks/NOTHING/finish/"),
        ("operations", "/trips/NOTHING/"),
        ("operations", f"{TRIP}/nothing/"),
        ("governor", "/requests/ICE-SUPPORT-2025-MO/decide/"),  # another state's
        ("governor", "/decisions/NOTHING/"),
        ("governor", f"{DECISION}/nothing/"),
        ("operations", "/decisions/NOTHING/mission/"),
    ],
)
def test_what_is_not_there_and_what_is_not_yours_read_alike(who: str, page: str) -> None:
    people = loading.prepare()
    assert who in people

    assert signed_in(who).get(page).status_code == 404


def test_a_malformed_form_is_refused_in_words_and_nothing_is_kept(demonstration: None) -> None:
    before = Act.objects.filter(refused_code="").count()
    forms = [
        ("operations", f"{MISSION}/tasks/", {}, "Choose one"),
        (
            "operations",
            f"{MISSION}/tasks/",
            {"category": "T01", "people": "many", "contact": "none"},
            "Error:",
        ),
        ("operations", f"{MISSION}/trips/", {"seats": "-1"}, "whole number"),
        ("operations", "/requests/new/", {"text": "not a request"}, "Error:"),
        ("operations", "/requests/new/", {"text": '{"id": "X", "lines": []}'}, "title is missing"),
        ("governor", f"{WAITING}/decide/", {"line-1": "allow"}, "choose whether it is allowed"),
        ("governor", f"{WAITING}/decide/", {"line-1": "limit", "people-1": "some"}, "in digits"),
        ("governor", f"{DECISION}/suspend/", {"reason": "A review", "effective_at": "soon"}, "is not a time"),
        ("operations", f"{TASK}/present/", {"people": "x" * 400}, "whole number"),
        ("custodian", f"{TRIP}/hand-over/", {"receiver": "EX-SOUTH", "tags": "M7K-402-Y"}, "Error:"),
        (
            "clerk.north",
            "/counter/EX-NORTH/release/",
            {"tags": "", "reason": "court_order"},
            "No tag was given",
        ),
    ]

    for who, page, form, words in forms:
        answer = signed_in(who).post(page, form)
        text = answer.content.decode()
        assert 400 <= answer.status_code < 500, (page, form, answer.status_code)
        assert words in text, (page, form)
        assert "<title>Error:" in text, (page, form)
    assert Act.objects.filter(refused_code="").count() == before


def test_a_prohibited_line_cannot_be_allowed_by_any_form(demonstration: None) -> None:
    form = {
        "line-1": "allow", "line-2": "refuse", "line-3": "allow", "zone": "America/Chicago", "contact": "none",
        "armed": "none", "reason": "To relieve the county's own people.", "step": "sign",
    }  # fmt: skip

    answer = signed_in("governor").post(f"{WAITING}/decide/", form)

    assert answer.status_code == 302
    limits = Decision.objects.get(request="EX-SHELTER-1").versions.get().limits
    assert (limits["tasks_allowed"], limits["tasks_barred"]) == (["T22"], ["T14", "T20"])


def test_refusing_every_line_declines_the_request(demonstration: None) -> None:
    form = {"line-1": "refuse", "line-2": "refuse", "reason": "The county can do it alone.", "step": "sign"}

    signed_in("governor").post(f"{WAITING}/decide/", form)

    assert Decision.objects.get(request="EX-SHELTER-1").outcome == "declined"
    assert Request.objects.get(pk="EX-SHELTER-1").state == "decided"


def test_every_page_of_an_exercise_says_that_it_is_one(demonstration: None) -> None:
    exercise_pages = {
        "operations": ["/missions/EX-PROCESSING-1/", "/requests/EX-SHELTER-1/", "/decisions/EX-FLOOD-1-D1/",
                       "/trips/EX-PROCESSING-1-BUS-1/", "/tasks/EX-PROCESSING-1-T1/finish/"],
        "clerk.north": ["/counter/EX-NORTH/", "/counter/EX-NORTH/receive/", "/counter/EX-NORTH/release/",
                        "/counter/EX-NORTH/headcount/", "/counter/EX-NORTH/hand-over/"],
    }  # fmt: skip
    for name, addresses in exercise_pages.items():
        client = signed_in(name)
        for address in addresses:
            content = client.get(address).content.decode()
            assert "<title>EXERCISE: " in content, address
            assert "A drill: nothing on this page happened." in content, address


def test_a_database_that_is_down_is_told_without_the_machine_s_own_names() -> None:
    right = connections.settings["default"]["NAME"]
    connections.close_all()
    connections.settings["default"]["NAME"] = "no_such_database"
    try:
        answer = Client(raise_request_exception=False).get("/public/")
    finally:
        connections.close_all()
        connections.settings["default"]["NAME"] = right

    assert answer.status_code == 503
    assert "does not answer just now" in answer.content.decode()
    assert "no_such_database" not in answer.content.decode()
