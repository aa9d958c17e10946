"""The exercise through the browser: every page is looked over by axe and for the security policy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from browsing import Reader
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from muster.access.models import User
from muster.core.tags import make_tag
from muster.custody.models import Difference
from muster.custody.queries import open_differences, present
from muster.ledger.models import Handover, Holder, Thing
from muster.ledger.writing import Pop, Push, holder, outside, things_of, write
from muster.parties.models import Site
from muster.record.models import Act

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("name", "heading"), [("watch", "Board"), ("nobody", "Your account has no role yet")]
)
def test_each_role_lands_on_its_own_page(
    people: None, reader: Callable[[str], Reader], name: str, heading: str
) -> None:
    someone = reader(name)

    assert someone.heading() == heading


def test_a_wrong_password_is_refused_in_words_and_nobody_else_gets_in(
    people: None, reader: Callable[[str], Reader]
) -> None:
    watch = reader("watch")
    watch.press("Sign out")
    watch.page.goto(f"{watch.address}/board/")
    watch.page.get_by_label("User name").fill("watch")
    watch.page.get_by_label("Password").fill("wrong")
    watch.press("Sign in")

    assert watch.page.title().startswith("Error:")
    assert "You are not signed in" in watch.page.inner_text("main")


@pytest.fixture
def ledger(people: None) -> list[Thing]:
    """One person at North Hall, one who went on to South Hall in error and back, one who is outside again."""
    user, noon = User.objects.get(username="watch"), timezone.now() - timedelta(hours=5)
    with transaction.atomic():
        act = Act.objects.create(actor=user, name="test", request_hash=b"")
        north, south = (
            holder(act=act, code=f"{site}:intake", kind=Holder.Kind.AREA, site=site)
            for site in ("NORTH", "SOUTH")
        )
        away = outside(act=act, organisation="EXA")
        stays, moved, left = things_of([make_tag(n) for n in range(3)], act=act, kind="person", origin=away)
        write([Push(thing=t.pk, receiver=north.pk, happened_at=noon) for t in (stays, moved, left)], act=act)
        later = noon + timedelta(hours=1)
        write([Push(thing=moved.pk, receiver=south.pk, happened_at=later)], act=act)
        write([Push(thing=left.pk, receiver=away.pk, happened_at=later)], act=act)
        correction = [
            Pop(thing=moved.pk, reason="wrong person"),
            Push(thing=moved.pk, receiver=away.pk, happened_at=later),
            Push(thing=moved.pk, receiver=south.pk, happened_at=later),
        ]
        write(correction, act=act)
        Handover.objects.create(giver=north, receiver=south, offered_act=act, offered_by=user.pk)
        site = Site.objects.get(pk="NORTH")
        Difference.objects.create(
            act=act, kind="unoffered_arrival", site=site, thing=stays, words="Not offered.", opened_at=noon
        )
    return [stays, moved, left]


def test_the_counter_says_in_held_out_not_found_or_misread(
    ledger: list[Thing], reader: Callable[[str], Reader]
) -> None:
    clerk = reader("clerk-north")
    stays, moved, left = ledger

    assert clerk.heading() == "North Hall: counter"
    said = {}
    for text in (stays.tag.lower().replace("-", ""), moved.tag, left.tag, make_tag(77), "M7K-402-Y"):
        clerk.page.get_by_label("Scan a tag").fill(text)
        with clerk.page.expect_navigation():
            clerk.page.keyboard.press("Enter")
        clerk.look_over()
        assert clerk.page.evaluate("document.activeElement.id") == "scan"
        said[text] = clerk.page.locator(".custody-word strong").inner_text()
    assert list(said.values()) == ["IN", "HELD", "OUT", "NOT FOUND", "MISREAD"]


def test_a_history_shows_the_correction_and_what_it_corrects(
    ledger: list[Thing], reader: Callable[[str], Reader]
) -> None:
    clerk = reader("clerk-north")
    clerk.page.goto(f"{clerk.address}/things/{ledger[1].pk}/")
    clerk.look_over()

    table = clerk.page.locator("table").inner_text()
    assert "corrected by entry 3" in table.lower()
    assert clerk.page.locator("s").count() == 3
    assert ledger[1].tag not in clerk.page.url + clerk.page.title()


def test_a_history_of_elsewhere_reads_as_not_found(
    ledger: list[Thing], reader: Callable[[str], Reader]
) -> None:
    clerk = reader("clerk-south")
    answer = clerk.page.goto(f"{clerk.address}/things/{ledger[0].pk}/")
    clerk.look_over()

    assert answer is not None
    assert answer.status == 404
    assert clerk.heading() == "Not found"


def test_the_board_counts_each_site_now_and_shows_what_waits(
    ledger: list[Thing], reader: Callable[[str], Reader]
) -> None:
    watch = reader("watch")

    assert watch.heading() == "Board"
    cards = watch.page.locator(".muster-cards li").all_inner_texts()
    assert [card.split()[:3] for card in cards] == [["North", "Hall", "1"], ["South", "Hall", "1"]]
    assert ["DIFFERENCE" in card.upper() for card in cards] == [True, False]
    assert ["OPEN OFFER" in card.upper() for card in cards] == [True, True]


def test_persons_are_received_offered_accepted_by_somebody_else_counted_and_settled(
    people: None, reader: Callable[[str], Reader]
) -> None:
    """Two clerks and a watch officer: custody moves when the second clerk signs, and not before."""
    north, tags = reader("clerk-north"), [make_tag(n) for n in range(100, 103)]

    north.follow("Receive")
    north.page.get_by_label("Tags").fill("\n".join([*tags, "M7K-402-Y"]))
    north.page.get_by_label("Received from").select_option("Example Agency")
    north.press("Record persons received")
    assert north.page.title().startswith("Error:")
    assert tags[0] in north.page.get_by_label("Tags").input_value()
    assert north.page.get_by_label("Received from").input_value() == "EXA"
    north.page.get_by_label("Tags").fill("\n".join(tags))
    north.press("Record persons received")
    assert "3 persons received from EXA" in north.said()

    north.follow("Hand over")
    north.page.get_by_label("To", exact=True).select_option("South Hall")
    north.page.get_by_label("Tags").fill("\n".join(tags[:2]))
    north.press("Offer handover")
    assert "the custody has not moved" in north.said()

    south = reader("clerk-south")
    south.page.get_by_label("Time of handover").fill("half past two")
    south.press("Accept and sign")
    assert south.page.title().startswith("Error:")
    assert south.page.get_by_label("Time of handover").input_value() == "half past two"
    south.page.get_by_label("Time of handover").fill("")
    south.press("Accept and sign")
    assert "2 persons received and signed for" in south.said()
    assert {t.tag for t in present("SOUTH")} == set(tags[:2])

    south.follow("Headcount")
    south.press("Start the count")
    south.page.get_by_label("Persons counted").fill("")
    south.press("Record count")
    assert south.page.title().startswith("Error:")
    south.page.get_by_label("Persons counted").fill("3")
    south.press("Record count")
    assert "Counted 3, expected 2." in south.said()

    watch = reader("watch")
    south_card = watch.page.locator(".muster-cards > li", has_text="South Hall")
    assert "Counted 3, expected 2." in south_card.inner_text()
    with watch.page.expect_navigation():
        south_card.get_by_role("link", name="Settle difference").click()
    watch.look_over()
    watch.page.get_by_label("How it is settled").fill("Counted again: a member of staff had been counted.")
    watch.press("Settle difference")
    assert "is settled" in watch.said()
    assert not open_differences(["SOUTH"]).exists()


def test_a_demonstration_says_so_on_every_page(
    ledger: list[Thing], reader: Callable[[str], Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    watch = reader("watch")

    assert "(demonstration)" in watch.page.title()
    assert "Demonstration." in watch.page.locator(".muster-striped").inner_text()


def test_the_board_refreshes_itself_and_says_when_it_cannot(
    people: None, reader: Callable[[str], Reader]
) -> None:
    watch, north = reader("watch"), reader("clerk-north")
    page = watch.page
    north.follow("Receive")
    north.page.get_by_label("Tags").fill(make_tag(7))
    north.press("Record persons received")

    assert "Nothing is late" in page.inner_text("#board")
    assert page.inner_text("#announced") == ""
    page.evaluate("document.querySelector('#board').dispatchEvent(new CustomEvent('every'))")
    page.locator(".muster-cards", has_text="North Hall").wait_for()
    assert page.locator("#paused").is_hidden()
    # Of the new board only what newly needs action is read out, once, and the focus stays where it was.
    said = f"Needs action: Difference at North Hall: Received from outside without an offer: {make_tag(7)}."
    assert page.locator("[role=status]#announced").inner_text() == said
    page.get_by_role("link", name=said.removeprefix("Needs action: ")).focus()
    page.evaluate("document.querySelector('#announced').textContent = ''")
    page.evaluate("""() => new Promise((done) => {
        document.addEventListener("htmx:after:swap", () => done(), {once: true});
        document.querySelector("#board").dispatchEvent(new CustomEvent("every"));
    })""")
    assert page.inner_text("#announced") == ""
    assert page.evaluate("document.activeElement.textContent") == said.removeprefix("Needs action: ")
    page.route("**/board/", lambda route: route.abort())
    page.evaluate("document.querySelector('#board').dispatchEvent(new CustomEvent('every'))")
    page.locator("#paused").wait_for()
    assert "North Hall" in page.inner_text("#board")
    page.unroute("**/board/")
    page.context.clear_cookies()  # as when the sign-in has ended
    page.evaluate("document.querySelector('#board').dispatchEvent(new CustomEvent('every'))")
    page.wait_for_timeout(300)
    assert page.locator("#paused").is_visible()
    assert "North Hall" in page.inner_text("#board")
    watch.look_over()
