"""The public pages in a browser, read by somebody who has no account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stories
from browsing import Reader
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def told() -> None:
    """Missouri, and the exercise as it ended four days ago."""
    stories.public()


@pytest.fixture
def anybody(told: None, browser: Browser, live_url: str) -> Iterator[Reader]:
    """A reader with no account."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Reader(context, live_url)
    context.close()


@pytest.mark.parametrize(
    "address",
    [
        "/public/",
        "/public/ICE-SUPPORT-2025/",
        "/public/ICE-SUPPORT-2025/?at=2025-08-23",
        "/public/EX-PROCESSING-1/",
        "/public/DC-TROOPS-2025/",
        "/public/NO-SUCH-1/",
    ],
)
def test_every_public_page_is_looked_over(anybody: Reader, address: str) -> None:
    anybody.page.goto(anybody.address + address)

    anybody.look_over()


def test_a_newsroom_finds_missouri_reads_what_is_in_force_and_takes_the_link(anybody: Reader) -> None:
    anybody.page.goto(f"{anybody.address}/public/")
    anybody.follow("Support to immigration authorities, Missouri")

    assert anybody.heading() == "Support to immigration authorities, Missouri"
    assert "In force until 30 September 2026: expired." in anybody.page.inner_text("main")

    permanent = anybody.page.locator("section[aria-labelledby=cite] a")
    assert permanent.inner_text().startswith(f"{anybody.address}/public/ICE-SUPPORT-2025/?at=")
    anybody.follow(permanent.inner_text())
    assert "In force until 30 September 2026: expired." in anybody.page.inner_text("main")
    assert anybody.page.context.cookies() == []


def test_the_exercise_says_so_above_everything_and_its_page_needs_no_script(
    told: None, browser: Browser, live_url: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_url}/public/EX-PROCESSING-1/")

    assert page.title().startswith("EXERCISE: ")
    assert page.get_by_label("Exercise").is_visible()
    days = page.get_by_role("table", name="Persons in custody at the end of each day")
    assert days.locator("tbody tr").count() == 14
    assert days.locator("tbody tr").first.locator("td").all_inner_texts() == ["117", "0"]
    context.close()


def test_on_a_phone_every_number_stands_with_its_as_of_and_its_source(anybody: Reader) -> None:
    anybody.page.set_viewport_size({"width": 390, "height": 800})
    anybody.page.goto(f"{anybody.address}/public/ICE-SUPPORT-2025/")

    cells = anybody.page.locator(".muster-figures td")
    right = [box["x"] + box["width"] for box in (cell.bounding_box() for cell in cells.all()) if box]
    assert len(right) == cells.count() > 0
    assert max(right) <= 390
