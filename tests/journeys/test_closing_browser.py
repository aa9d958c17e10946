"""The operations center closes a mission by keyboard alone: from the board to what is open, refused, settled, and closed."""

from __future__ import annotations

from itertools import takewhile

import pytest
from browsing import Reader
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser

from muster.access.models import User
from muster.demonstration import exercise, loading, others
from muster.demonstration.links import link_for
from muster.demonstration.telling import Cast
from muster.missions.models import Mission

pytestmark = pytest.mark.browser
MISSION = others.FLOOD


@pytest.fixture
def flood() -> None:
    """The exercise's flood as it goes on now, up to its two tasks: nothing has drifted yet, and the paper of its request has not come."""
    people, cast = loading.prepare(), Cast.drawn(timezone.now(), 1)
    seated = next(exercise.asked(cast))
    begun = takewhile(lambda step: step.action != "authority.record_drift", others.flood(cast))
    for step in (seated, *begun):
        loading.play(step, people[step.by], {})


def test_a_mission_is_closed_by_keyboard_alone_when_all_that_is_open_is_settled(
    browser: Browser, live_url: str, flood: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    reader = Reader(browser.new_context(viewport={"width": 1280, "height": 900}), live_url)
    page = reader.page
    page.goto(live_url + link_for(User.objects.get(username="operations")))
    page.goto(f"{live_url}/board/")

    reader.enter("Flood on the Example River", look=False)
    reader.enter("Close mission")
    close = page.url
    links = page.locator("main ul.usa-list a").all_inner_texts()
    assert links == [f"{MISSION}-T1", f"{MISSION}-T2", "asked for verbally, and the paper has not come"]
    for words in links:
        reader.tab_to(words)
    reader.tab_to("reason")
    page.keyboard.type("The river is back in its bed.")
    reader.enter("Close mission")
    assert page.title().startswith("Error:")
    assert f"{MISSION} is not closed: 3 open." in page.inner_text("main")
    assert page.get_by_label("Why it can be closed").input_value() == "The river is back in its bed."

    for task in links[:2]:
        page.goto(close)
        reader.enter(task, look=False)
        reader.tab_to("reason")
        page.keyboard.type("The shelters are empty.")
        reader.enter("Finish task", look=False)
    page.goto(close)
    reader.enter(links[2], look=False)
    reader.enter("Record the paper", look=False)
    reader.tab_to("reference")
    page.keyboard.type("County letter 7, in the mission's binder")
    reader.enter("Record the paper", look=False)

    page.goto(close)
    assert "Nothing of the mission is open." in page.inner_text("main")
    reader.tab_to("reason")
    page.keyboard.type("The river is back in its bed.")
    reader.enter("Close mission")
    assert f"The mission {MISSION} is closed." in reader.said()
    assert Mission.objects.get(pk=MISSION).closed_at is not None
    page.context.close()
