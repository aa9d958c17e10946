"""The costs of a mission with a real browser: looked over at every page, by keyboard alone, refused with what was entered kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import stories
from browsing import Reader
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page

from muster import actions as do
from muster.access.control import actor_of
from muster.access.models import User
from muster.costs.models import CostLine
from muster.decisions.models import Decision, Version
from muster.demonstration.links import link_for

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MISSION = "EX-PROCESSING-1"
SENTENCE = "Not more than ten thousand dollars in all."


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demonstration, in which the exercise's decision has a cost cap as well."""
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    stories.demonstration()
    decision = Decision.objects.get(missions=MISSION)
    limits = Version.objects.filter(decision=decision, limits__isnull=False).latest("n").limits
    capped = {
        **limits,
        "cost_cap_usd": 10_000,
        "sentences": {**limits["sentences"], "cost_cap_usd": SENTENCE},
    }
    do.decisions.amend(
        actor=actor_of(User.objects.get(username="governor")), decision=decision.pk, limits=capped, reason="A cap was set",
        effective_at=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def center(browser: Browser, live_url: str, told: None) -> Iterator[Reader]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    reader = Reader(context, live_url)
    reader.page.goto(live_url + link_for(User.objects.get(username="operations")))
    reader.page.goto(f"{live_url}/missions/{MISSION}/costs/")
    yield reader
    context.close()


def fill(page: Page, total: str) -> None:
    page.get_by_label("Kind of cost").select_option("personnel")
    page.get_by_label("What it is for").fill("Clerks for a week")
    page.get_by_label("Total, as the source states it").fill(total)
    page.get_by_label("Who states the rate").fill("Example Guard")
    page.get_by_label("What paper it stands in").fill("Pay table 2026")


@pytest.mark.browser
def test_every_page_of_the_costs_is_looked_over(center: Reader) -> None:
    center.look_over()
    assert "No cost of this mission is recorded." in center.page.inner_text("main")
    center.follow("Estimate a cost")
    fill(center.page, "10000.01")
    center.press("Add estimate")  # refused: beyond the cap
    assert SENTENCE in center.said()
    assert center.page.title().startswith("Error: ")
    assert center.page.get_by_label("What it is for").input_value() == "Clerks for a week"
    center.page.get_by_label("Total, as the source states it").fill("8000")
    center.press("Add estimate")
    assert f"{MISSION}-C1 is kept; it comes to $8,000.00." in center.said()
    assert "80% of the cost cap or more is used." in center.page.inner_text("main")
    center.page.goto(f"{center.address}/board/")
    center.look_over()
    assert "80% or more: Cost over the whole time" in center.page.inner_text("main")
    center.page.goto(f"{center.address}/missions/{MISSION}/costs/")
    center.follow("Record a cost")
    fill(center.page, "3,1")
    center.page.get_by_label("People or units").fill("4")
    center.page.get_by_label("Days", exact=True).fill("5")
    center.page.get_by_label("Rate for a day").fill("150")
    center.press("Record cost")  # refused at its field
    assert "is not an amount" in center.page.inner_text("#total_usd-error")
    center.page.get_by_label("Total, as the source states it").fill("3100")
    center.press("Record cost")
    assert "the total is stated as $3,100.00" in center.said()
    center.follow(f"Settle the difference about {MISSION}-C2: rate, count and days do not make the total")
    center.page.get_by_label("Why it is settled").fill("The invoice has a fee.")
    center.press("Settle difference")
    center.follow(f"Correct {MISSION}-C2")
    assert center.page.get_by_label("Rate for a day").input_value() == "150.00"
    center.page.get_by_label("Total, as the source states it").fill("")
    center.page.get_by_label("Why", exact=True).fill("The fee is another paper's.")
    center.press("Correct cost")
    for verb, button in (("Claim", "Claim cost"), ("Pay", "Pay cost")):
        center.follow(f"{verb} {MISSION}-C3")
        center.page.get_by_label("The paper's number").fill("SF 1081 no. 4")
        if verb == "Pay":
            center.page.get_by_label("Amount paid").fill("3000")
        center.press(button)
    center.follow(f"Settle {MISSION}-C1")
    center.page.get_by_label("Why", exact=True).fill("Nothing more will come of it.")
    center.press("Settle cost")
    center.follow(f"Correct {MISSION}-C1")
    center.page.goto(f"{center.address}/costs/{MISSION}-C1/withdraw/")
    center.look_over()
    center.page.get_by_label("Why", exact=True).fill("By mistake")
    center.press("Withdraw cost")  # refused: it is settled
    assert "is settled, so it cannot become withdrawn" in center.said()
    center.page.goto(f"{center.address}/missions/{MISSION}/")
    center.look_over()
    assert "$3,000.00 of $10,000.00 used (30%)" in center.page.inner_text("main")


@pytest.mark.browser
def test_a_cost_is_recorded_by_keyboard_alone(center: Reader) -> None:
    page = center.page
    page.get_by_role("link", name="Record a cost", exact=True).focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.get_by_label("Kind of cost").focus()
    for keys in (
        "Travel",
        "Bus",
        None,
        "10",
        "3",
        "2",
        "",
        "2026-11-20",
        "2026-11-21",
        "Example Buses",
        "Invoice 9",
    ):
        if keys is None:  # the radio of the daily rate is chosen already
            page.keyboard.press("Tab")
            continue
        page.keyboard.type(keys)
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    row = CostLine.objects.get(mission=MISSION)
    assert (row.kind, row.words, row.rate_cents, row.source.title) == ("travel", "Bus", 1000, "Invoice 9")
    assert "it comes to $60.00" in center.said()


def test_a_task_is_ordered_with_its_estimate_on_its_page_or_refused_at_the_rate(told: None) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(
        User.objects.get(username="operations"), backend="django.contrib.auth.backends.ModelBackend"
    )
    limits = Version.objects.filter(decision__missions=MISSION, limits__isnull=False).latest("n").limits
    end = limits["effective_to"]
    task = {
        "category": "T01", "words": "Forms", "place": limits["places"][0] if limits["places"] else "North", "people": "1",
        "vehicles": "0", "begins_at": f"{end} 08:00", "ends_at": f"{end} 16:00", "contact": "none", "armed": "none",
        "volunteers": "yes", "rate_usd": "10000.01", "publisher": "Example Guard", "title": "Pay table",
    }  # fmt: skip
    page = f"/missions/{MISSION}/tasks/"

    over = client.post(page, task).content.decode()
    assert 'id="rate_usd-error"' in over
    assert "Not more than ten thousand dollars" in over
    unnamed = client.post(page, task | {"rate_usd": "200", "publisher": ""}).content.decode()
    assert 'id="publisher-error"' in unnamed
    assert not CostLine.objects.filter(mission=MISSION).exists()
    assert client.post(page, task | {"rate_usd": "200"}).status_code == 302
    line = CostLine.objects.get(mission=MISSION)
    assert (line.rate_cents, line.task[: len(MISSION)], line.stage) == (20_000, MISSION, "estimate")


@pytest.mark.browser
def test_the_page_of_costs_prints(center: Reader) -> None:
    center.page.emulate_media(media="print")

    assert not center.page.locator("nav").first.is_visible()
    assert "As of" in center.page.inner_text("main")


def test_the_pages_are_for_those_who_may_see_them(told: None) -> None:
    def ask(name: str, page: str) -> int:
        client = Client(raise_request_exception=False)
        client.force_login(
            User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend"
        )
        return client.get(page).status_code

    table, table_csv, form = (f"/missions/{MISSION}/costs/{end}" for end in ("", "package.csv", "estimate/"))
    assert [ask("operations", page) for page in (table, table_csv, form)] == [200, 200, 200]
    assert [ask("agency", page) for page in (table, table_csv, form)] == [200, 200, 403]
    assert [ask("clerk.north", page) for page in (table, table_csv, form)] == [404, 404, 404]
    assert [
        ask("operations", page) for page in (f"{table}nothing/", "/costs/NONE/pay/", "/costs/differences/9/")
    ] == [404] * 3
