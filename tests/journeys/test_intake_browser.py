"""Taking a request in with a real browser: looked over at every page, by keyboard alone, and without script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browsing import PASSWORD, Reader
from playwright.sync_api import Browser, Page
from test_intake_pages import LETTER

from muster.access.models import Grant, Role, User
from muster.assistance.models import Request
from muster.parties.models import Office, Organisation

pytestmark = pytest.mark.browser


@pytest.fixture
def offices() -> None:
    state = Organisation.objects.create(code="ZZ-STATE", name="State of Example", kind="state", state="ZZ")
    agency = Organisation.objects.create(code="EX-FIELD-OFFICE", name="Example Field Office", kind="agency")
    Office.objects.create(code="ZZ-GOVERNOR", title="Governor of Example", organisation=state)
    for name, role, organisation in (("asker", Role.REQUESTER, agency), ("center", Role.JOC, state)):
        user = User.objects.create_user(name, password=PASSWORD)
        Grant.objects.create(user=user, role=role, organisation=organisation)


def start(page: Page, name: str) -> None:
    page.get_by_label("The request, as it came").fill(LETTER)
    page.get_by_label("What the document is").fill("Letter of 20 November")
    page.get_by_label("Id", exact=True).fill(name)
    page.get_by_label("Office that is asked").select_option("ZZ-GOVERNOR")
    page.locator("label[for=kind-exercise]").click()


def test_every_page_of_the_intake_is_looked_over(reader: Callable[[str], Reader], offices: None) -> None:
    asker, center = reader("asker"), reader("center")
    asker.page.goto(f"{asker.address}/requests/")
    asker.follow("Record a request")
    asker.press("Record draft")  # refused: nothing is filled in
    assert "Not recorded" in asker.said()
    start(asker.page, "EX-BEDS-1")
    asker.press("Record draft")
    assert asker.heading() == "Who asks: Beds for an evacuation shelter"
    asker.page.get_by_label("Kind of agency").select_option("federal_other")
    asker.page.get_by_label("Form it came on").select_option("rrf")
    asker.page.locator("label[for=verbal-yes]").click()
    asker.press("Save and go on")
    asker.page.get_by_label("Needed at").fill("tomorrow")
    asker.press("Save and go on")  # refused at its field
    assert "must be a time with its offset" in asker.said()
    asker.page.get_by_label("Needed at").fill("2026-11-21 08:00-06:00")
    asker.page.get_by_label("Purpose").fill("Relief")
    asker.press("Save and go on")
    center.page.goto(f"{center.address}/requests/EX-BEDS-1/fill/what/")
    center.look_over()
    center.page.get_by_label("Purpose").fill("The center's words")
    center.press("Save")
    asker.page.get_by_label("Task category").first.select_option("T22")
    asker.press("Save and go on")  # changed meanwhile
    assert "Not saved: it was changed meanwhile" in asker.said()
    asker.press("Use mine as a new record")
    asker.page.get_by_label("Field", exact=True).select_option("purpose")
    asker.page.get_by_label("The words, as they stand").fill("evacuation shelter")
    asker.press("Tie the field")
    assert "The purpose is tied to its passage." in asker.said()
    asker.follow("Go on to the check")
    assert "Nothing is missing." in asker.page.inner_text("main")
    for address in ("/requests/EX-BEDS-1/", "/requests/EX-BEDS-1/changes/", "/requests/EX-BEDS-1/link/",
                    "/requests/EX-BEDS-1/paper/", "/requests/?q=zeppelin", "/requests/"):  # fmt: skip
        asker.page.goto(asker.address + address)
        asker.look_over()
    asker.page.goto(f"{asker.address}/requests/new/")
    start(asker.page, "EX-BEDS-2")
    asker.press("Record draft")
    assert asker.heading() == "Look first: is it one of these?"
    asker.press("It is another one: record draft")
    assert Request.objects.get(pk="EX-BEDS-2").title == Request.objects.get(pk="EX-BEDS-1").title


def test_a_request_is_recorded_and_submitted_by_keyboard_alone(
    reader: Callable[[str], Reader], offices: None
) -> None:
    asker = reader("asker")
    page = asker.page
    page.goto(f"{asker.address}/requests/new/")

    def to(field: str) -> None:
        """Move on by Tab until the field has the focus."""
        for _ in range(60):
            if (
                page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
                == field
            ):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{field} is not reached by Tab")

    to("id")
    page.keyboard.type("EX-BEDS-1")
    to("title")
    page.keyboard.type("Beds")
    to("asked")
    page.keyboard.type("Governor")
    to("kind-real")
    page.keyboard.press("ArrowDown")
    to("Record draft")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    to("requester")
    page.keyboard.type("Example Field Office")
    to("agency_kind")
    page.keyboard.type("Federal other")
    with page.expect_navigation():
        to("Save and go on")
        page.keyboard.press("Enter")
    to("purpose")
    page.keyboard.type("Relief")
    to("Save and go on")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    to("lines-1-task")
    page.keyboard.type("T22")
    to("lines-1-words")
    page.keyboard.type("Beds and meals")
    to("Save and go on")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    to("Go on to the check")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    to("Submit")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    to("Submit request")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert "EX-BEDS-1 is submitted now." in asker.said()


def test_a_request_is_recorded_without_script(browser: Browser, live_url: str, offices: None) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_url}/account/login/?next=/requests/new/")
    page.get_by_label("User name").fill("asker")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    start(page, "EX-BEDS-1")
    page.get_by_role("button", name="Record draft").click()
    page.get_by_label("Kind of agency").select_option("federal_other")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("Purpose").fill("Relief")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("Task category").first.select_option("T22")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("link", name="Go on to the check").click()

    assert "Nothing is missing." in page.inner_text("main")
    context.close()
