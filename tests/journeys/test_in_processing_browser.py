"""In-processing by the keyboard alone: the keys are counted, and a scanner that reads twice presses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from browsing import Reader
from django.utils import timezone

from muster import actions as do
from muster.access.control import Actor, actor_of
from muster.access.models import User
from muster.cases.models import RecordedEvent
from muster.core.tags import make_tag
from muster.custody.models import Bag
from muster.custody.queries import present

pytestmark = pytest.mark.browser

PERSON, BAG, OTHER = make_tag(5 * 7919), make_tag(900 * 7919), make_tag(77 * 7919)
KEYS_MOST = 30  # source: reference/ui.md section 2, counter; that number not included


def actor(name: str) -> Actor:
    return actor_of(User.objects.get(username=name))


class Keys:
    """A keyboard that counts what is pressed on it. A scanner types without a pause, and ends with Enter."""

    def __init__(self, someone: Reader) -> None:
        self.someone, self.page, self.pressed = someone, someone.page, 0

    def scan(self, tag: str) -> None:
        bare = tag.replace("-", "").lower()
        self.page.keyboard.type(bare)
        self.pressed += len(bare)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def enter(self) -> None:
        """Enter, which leads to the next page; that page is looked over."""
        with self.page.expect_navigation():
            self.press("Enter")
        self.someone.look_over()


@pytest.fixture
def offer(people: None) -> Any:
    """One person on an open offer to North Hall, whose standard has a checklist."""
    do.cases.set_standard(
        actor=actor("watch"), site="NORTH", standard="us.ice.pbnds2011r2016", contract_ref="7",
        valid_from=(timezone.now() - timedelta(days=3)).date(),
    )  # fmt: skip
    south = actor("clerk-south")
    do.custody.receive(actor=south, site="SOUTH", tags=[PERSON], at=timezone.now() - timedelta(hours=2))
    return do.custody.offer(actor=south, giver="SOUTH", receiver="NORTH", tags=[PERSON]).answer


def test_an_announced_person_is_taken_in_with_fewer_than_thirty_keys_and_a_band_read_twice_signs_nothing(
    offer: Any, reader: Callable[[str], Reader]
) -> None:
    clerk = reader("clerk-north")
    page = clerk.page
    page.goto(f"{clerk.address}/counter/NORTH/in/")
    clerk.look_over()
    keys = Keys(clerk)

    keys.scan(PERSON)
    keys.enter()
    assert "EXPECTED" in page.inner_text("main")
    before = keys.pressed
    for again in (PERSON, OTHER):
        page.keyboard.type(again.replace("-", ""))
        page.keyboard.press("Enter")
        assert "It was not taken" in page.locator("[data-scan-note]").inner_text()
    assert (keys.pressed, present("NORTH").count()) == (before, 0)
    page.wait_for_timeout(50)  # longer than a scanner waits between two keys
    keys.enter()  # sign
    keys.scan(BAG)
    keys.enter()
    keys.press("Space", "Tab", "Tab", "Space")  # the second is done in the agency's system
    keys.enter()
    assert "is this right?" in clerk.heading()
    keys.enter()  # the next person

    assert clerk.heading() == "In-processing at North Hall"
    assert page.evaluate("document.activeElement.id") == "scan"
    assert keys.pressed < KEYS_MOST, keys.pressed
    page.goto(f"{clerk.address}/counter/NORTH/manifest/")
    page.get_by_label("The list").fill(f"tag\n{OTHER}\n{PERSON}")
    clerk.press("Show it beside the record")
    assert "Already in: 1" in page.inner_text("main")
    assert [thing.tag for thing in present("NORTH")] == [PERSON]
    assert Bag.objects.get().person.tag == PERSON
    assert RecordedEvent.objects.exclude(event="property_inventoried").count() == 2
