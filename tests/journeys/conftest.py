"""A real browser for the journeys: the system's Chromium, on the pages as served."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from browsing import PASSWORD, Reader
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from muster.access.models import Grant, Role, User
from muster.parties.models import Organisation, Site

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# The headless shell comes first: the same engine without the windows around its pages, which cost a third of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as the system has it; nothing is downloaded."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        why = "no Chromium: install it with `apt install chromium-headless-shell` or `chromium`, or your system's like"
        if os.environ.get("MUSTER_REQUIRE_BROWSER") == "1":
            pytest.fail(f"MUSTER_REQUIRE_BROWSER is set and there is {why}", pytrace=False)
        pytest.skip(why)
    # Playwright keeps an event loop in this thread, and Django takes that for asynchronous code.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def reader(browser: Browser, live_url: str) -> Iterator[Callable[[str], Reader]]:
    """Makes readers, each with a browser of their own."""
    contexts: list[BrowserContext] = []

    def make(name: str) -> Reader:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        made = Reader(contexts[-1], live_url)
        made.sign_in(name)
        return made

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def people() -> None:
    """Two sites, a clerk at each, and a watch officer of the joint operations center."""
    agency = Organisation.objects.create(code="EXA", name="Example Agency", kind="agency")
    for code, name in (("NORTH", "North Hall"), ("SOUTH", "South Hall")):
        site = Site.objects.create(code=code, name=name, organisation=agency, zone="America/Chicago")
        clerk = User.objects.create_user(f"clerk-{code.lower()}", password=PASSWORD)
        Grant.objects.create(user=clerk, role=Role.CLERK, site=site)
    User.objects.create_user("nobody", password=PASSWORD)
    watch = User.objects.create_user("watch", password=PASSWORD)
    Grant.objects.create(user=watch, role=Role.JOC)
