"""Assessing a request and reading what was found: the facts that are asked for, and the findings beside the law's text."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
import stories
from browsing import Reader
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser
from test_step_pages import signed_in

from muster.access.models import User
from muster.authority.models import Assessment, Drift
from muster.demonstration.links import link_for

MISSOURI, WAITING = "/requests/ICE-SUPPORT-2025-MO", "/requests/EX-SHELTER-1"


@pytest.fixture
def demonstration() -> None:
    stories.demonstration()


def text_of(answer: Any) -> str:
    """What the page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def test_a_finding_stands_beside_the_law_with_the_quotation_marked(demonstration: None) -> None:
    answer = signed_in("counsel").get(f"{MISSOURI}/assessment/")

    page = answer.content.decode()
    assert "<mark>No other provision of this chapter shall apply to such support.</mark>" in page
    assert "<h4>10 USC 277</h4>" in page
    told = text_of(answer)
    assert "Mark C, read in a primary text. Pack us.federal.core-rules 1, not signed by counsel" in told
    assert "What would change it" in told
    assert (
        "The supported federal agency has agreed to reimburse the Department of Defense (reimbursement_agreement)"
        in told
    )
    assert "Self-defense and the defense of others are always allowed" in told


def test_the_page_says_what_every_other_duty_status_would_give(demonstration: None) -> None:
    page = signed_in("counsel").get(f"{MISSOURI}/assessment/").content.decode()

    table = page[page.index("<thead>") :]
    assert table.count('<th scope="col">') == 1 + 11
    assert table.count("muster-finding--") == 4 * 11
    assert "T10-12304a" in table


def test_a_request_that_nobody_assessed_has_no_such_page(demonstration: None) -> None:
    assert signed_in("records.desk").get("/requests/ICE-SUPPORT-2025-VT/assessment/").status_code == 404
    assert signed_in("agency").get(f"{MISSOURI}/assessment/").status_code == 404, "not that agency's to read"


def test_the_facts_that_rules_ask_for_are_asked_for_and_kept(demonstration: None) -> None:
    counsel = signed_in("counsel")
    form = counsel.get(f"{WAITING}/assess/?status=T32-502f1B")
    assert "The members who would serve consent to it?" in text_of(form)
    assert "fact-members_consent" in form.content.decode()
    assert "fact-governor_consents" not in form.content.decode()

    given = {
        "on_date": "2026-11-20",
        "status": "T32-502f1B",
        "fact-members_consent": "not_so",
        "fact-under_emac": "",
    }
    kept = counsel.post(f"{WAITING}/assess/", given, follow=True)

    latest = Assessment.objects.filter(request="EX-SHELTER-1").latest("id")
    assert (latest.status, latest.facts) == ("T32-502f1B", {"members_consent": False})
    assert {finding.rule for finding in latest.findings.all()} == {"T32-502f1B"}
    assert "Known not to be so: members_consent." in text_of(kept)
    again = counsel.get(f"{WAITING}/assess/?status=T32-502f1B").content.decode()
    assert re.search(r'id="fact-members_consent-not_so"[^>]* checked', again), (
        "what was stated last stands in it"
    )


def test_a_day_that_is_none_is_told_and_what_was_answered_is_kept(demonstration: None) -> None:
    given = {"on_date": "soon", "status": "SAD", "fact-under_emac": "so"}

    refused = signed_in("counsel").post(f"{WAITING}/assess/", given)

    assert refused.status_code == 422
    page = refused.content.decode()
    assert "not a day" in page
    assert re.search(r'id="fact-under_emac-so"[^>]* checked', page)


@pytest.mark.parametrize("who", ["governor", "agency", "oversight"])
def test_who_may_not_assess_is_refused_the_form(demonstration: None, who: str) -> None:
    assert signed_in(who).get(f"{WAITING}/assess/").status_code in (403, 404)


def test_the_worksheet_says_first_what_nobody_judged(demonstration: None) -> None:
    counsel = signed_in("counsel")
    assert "Not judged: legality, lethality, risk, cost, appropriateness, readiness." in text_of(
        counsel.get(f"{WAITING}/worksheet/")
    )

    unsaid = counsel.post(f"{WAITING}/worksheet/legality/", {"colour": "red", "rationale": " "})
    kept = counsel.post(
        f"{WAITING}/worksheet/legality/",
        {"colour": "red", "rationale": "No statute", "evidence": "Memo 1\nMemo 2"},
        follow=True,
    )

    assert unsaid.status_code == 422
    assert "Say why legality is judged so" in text_of(unsaid)
    told = text_of(kept)
    assert "Legality is judged red: nothing of the request can be allowed." in told
    assert "Memo 1 Memo 2" in told
    assert "Legality is judged red: nothing can be allowed." in text_of(
        signed_in("governor").get(f"{WAITING}/decide/")
    )


def test_an_exception_is_recorded_and_reviewed_on_its_pages(demonstration: None) -> None:
    page = "/requests/EX-PROCESSING-1/exceptions/"
    operations, counsel = signed_in("operations"), signed_in("counsel")
    given = {
        "tasked": "T04", "done": "T12", "what_was_done": "A driver held the door.", "asked_by": "The officer aboard",
        "defense": "none",
    }  # fmt: skip
    same = operations.post(f"{page}new/", given | {"done": "T04"})
    kept = operations.post(f"{page}new/", given, follow=True)

    assert same.status_code == 422
    assert "that is no drift" in text_of(same)
    assert "The exception is kept: prohibited." in text_of(kept)
    assert "Review it" not in text_of(kept)
    drift = Drift.objects.get(request="EX-PROCESSING-1")
    waiting = counsel.get(page)
    assert "Due by" in text_of(waiting)
    done = counsel.post(f"{page}{drift.pk}/", {"outcome": "outside", "reason": "Not decided"}, follow=True)
    assert "It was outside the authority. Not decided" in text_of(done)


@pytest.mark.parametrize(
    ("who", "page", "status"),
    [
        ("agency", f"{WAITING}/worksheet/", 404),
        ("agency", "/requests/EX-PROCESSING-1/assessment/", 200),
        ("agency", "/requests/EX-PROCESSING-1/worksheet/", 403),
        ("agency", "/requests/EX-PROCESSING-1/exceptions/", 403),
        ("governor", f"{WAITING}/worksheet/", 200),
        ("governor", f"{WAITING}/worksheet/legality/", 403),
        ("counsel", f"{WAITING}/worksheet/nothing/", 404),
        ("counsel", f"{WAITING}/exceptions/", 200),
        ("governor", f"{WAITING}/exceptions/new/", 403),
        ("counsel", f"{WAITING}/exceptions/00000000-0000-7000-8000-000000000000/", 404),
    ],
)
def test_the_pages_of_a_review_are_for_those_who_may_see_them(
    demonstration: None, who: str, page: str, status: int
) -> None:
    assert signed_in(who).get(page).status_code == status


def test_the_public_page_says_how_far_a_rule_was_read_and_who_signed_it(demonstration: None) -> None:
    told = text_of(Client().get("/public/ICE-SUPPORT-2025/"))

    assert "Mark C, read in a primary text; rule pack us.federal.core-rules 1, not signed by counsel" in told
    assert (
        "Mark GK, general knowledge, not read; rule pack us.task-categories 1, not signed by counsel" in told
    )


@pytest.mark.browser
def test_the_pages_of_an_assessment_are_looked_over(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    stories.demonstration()
    for width in (1280, 390):
        context = browser.new_context(viewport={"width": width, "height": 900})
        reader = Reader(context, live_url)
        reader.page.goto(live_url + link_for(User.objects.get(username="counsel")))
        for page in (
            f"{MISSOURI}/assessment/",
            "/requests/EX-PROCESSING-1/assessment/",
            f"{WAITING}/assess/",
            f"{MISSOURI}/assess/",
        ):
            answer = reader.page.goto(live_url + page)
            assert answer is not None
            assert answer.status == 200, page
            reader.look_over()
        context.close()
