"""Every page's sweep, without a browser: not signed in, not permitted, not found, malformed, sent twice."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from muster.access.models import User
from muster.core.ids import new_id
from muster.core.tags import make_tag
from muster.ledger.models import Entry
from muster.record.models import Act

PAGES = [
    "/counter/NORTH/",
    "/counter/NORTH/receive/",
    "/counter/NORTH/hand-over/",
    "/counter/NORTH/headcount/",
    "/board/",
]
NOBODY = UUID("01a21659-ebbb-7513-9b1a-bca1688fe8bb")  # the same in every process of the tests


def signed_in(name: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("page", PAGES)
def test_nobody_reads_a_page_without_signing_in(people: None, page: str) -> None:
    answer = Client().get(page)

    assert (answer.status_code, answer["Location"]) == (302, f"/account/login/?next={page}")


@pytest.mark.parametrize(
    ("who", "page", "status"),
    [
        ("clerk-north", "/counter/NORTH/", 200),
        ("clerk-south", "/counter/NORTH/", 404),
        ("watch", "/counter/NORTH/", 403),
        ("clerk-north", "/counter/NOWHERE/", 404),
        ("clerk-north", f"/things/{NOBODY}/", 404),
        ("clerk-north", f"/counter/NORTH/headcount/{NOBODY}/", 404),
        ("clerk-north", "/nothing/", 404),
    ],
)
def test_a_page_is_for_those_who_may_see_it(people: None, who: str, page: str, status: int) -> None:
    assert signed_in(who).get(page).status_code == status


def test_a_form_sent_twice_acts_once(people: None) -> None:
    clerk, form = (
        signed_in("clerk-north"),
        {"tags": make_tag(5), "from_organisation": "EXA", "key": str(new_id())},
    )

    answers = [clerk.post("/counter/NORTH/receive/", form).status_code for _ in range(2)]

    assert answers == [302, 302]
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"tags": "nonsense", "key": "nonsense"},
        {"tags": "222-222-2", "at": "25:99"},
        {"tags": "222-222-2", "at": "2026-03-01"},
        {"tags": "222-222-2", "at": "2999-01-01 10:00"},
        {"tags": "222-222-2\n2222222"},
        {"tags": "222-222-2", "from_organisation": "x" * 500},
    ],
)
def test_a_malformed_form_is_refused_and_nothing_is_kept(people: None, form: dict[str, str]) -> None:
    answer = signed_in("clerk-north").post("/counter/NORTH/receive/", form)

    assert 400 <= answer.status_code < 500
    assert "<title>Error:" in answer.content.decode()
    assert not Entry.objects.exists()


def test_nobody_makes_their_own_account(people: None) -> None:
    form = {
        "username": "someone",
        "password1": "a long exercise password",
        "password2": "a long exercise password",
    }

    assert Client().post("/account/signup/", form).status_code == 403
    assert not User.objects.filter(username="someone").exists()
    assert not Act.objects.exists()
