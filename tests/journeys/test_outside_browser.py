"""After a suspension the operations center settles what stands outside: every page looked over, and by keyboard alone."""

from __future__ import annotations

import pytest
import stories
from browsing import Reader
from django.conf import settings
from playwright.sync_api import Browser
from test_step_pages import NOW

from muster import actions as do
from muster.access.control import actor_of
from muster.access.models import User
from muster.demonstration.links import link_for
from muster.tasks.models import Kept

pytestmark = pytest.mark.browser
MISSION, DECISION = "EX-PROCESSING-1", "EX-PROCESSING-1-D1"


def test_what_stands_outside_is_kept_by_keyboard_alone_and_judged(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    stories.demonstration()
    governor = actor_of(User.objects.get(username="governor"))
    do.decisions.suspend(actor=governor, decision=DECISION, reason="A review", effective_at=NOW)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    reader = Reader(context, live_url)
    page = reader.page
    page.goto(live_url + link_for(User.objects.get(username="operations")))

    page.goto(f"{live_url}/missions/{MISSION}/")
    reader.look_over()
    reader.enter("Settle")
    reader.enter(f"Keep it, and say why: {MISSION}-T1")
    reader.enter("Keep the task")
    assert page.title().startswith("Error:")
    reader.tab_to("reason")
    page.keyboard.type("The persons there are in care until Friday.")
    reader.enter("Keep the task")
    told = page.locator("main").inner_text()
    assert "The persons there are in care until Friday." in told
    kept = Kept.objects.get(task=f"{MISSION}-T1")  # the flood has one of its own
    page.goto(f"{live_url}/decisions/{DECISION}/used/")
    reader.tab_to("at")
    page.keyboard.type("2026-11-20T06:00")
    reader.enter("Show")
    assert "As of 06:00 CST, 20 Nov 2026" in page.locator("main").inner_text()
    page.goto(f"{live_url}/acts/{kept.act.number.number}/")
    reader.look_over()
    assert (
        f"Kept the task {MISSION}-T1, outside since version 2 of the decision"
        in page.locator("main").inner_text()
    )
    context.close()
