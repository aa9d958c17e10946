"""In-processing at the counter: the keys and the seconds of an announced person, and 60 persons from a manifest.

    uv run python benchmarks/custody/counter.py [--persons 20] [--json]

Chromium signs in as a clerk and takes in each announced person by the keyboard alone, with one bag and two items of the checklist, as
`tests/journeys/test_in_processing_browser.py` does. The seconds are those of the pages and of the keys as a browser gets them, without
a person's own: what is left of 40 s, by the keys, is what a clerk has for each of them. Then 60 persons, 50 of them offered, are
shown beside the record and recorded, by the same functions that page and API call.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))
from figures import print_figure
from generate import opened, option

KEYS_MOST, SECONDS_MOST = 30, 40  # source: reference/ui.md section 2
COMING, OFFERED = 60, 50
PASSWORD = "a long benchmark password"


def main() -> None:
    """Fill a new record, measure and print."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in this thread
    persons = int(option("--persons", "20"))
    with opened(""):
        clerks = fill()
        in_process(clerks, persons)
        by_manifest(clerks)


def fill() -> dict[str, Any]:
    """Two sites, the clerk of each, and the standard of the one that receives."""
    from django.utils import timezone

    from muster import actions as do
    from muster.access.control import actor_of
    from muster.access.models import Grant, User
    from muster.parties.models import Organisation, Site

    guard = Organisation.objects.create(code="EX-GUARD", name="Example Guard", kind="guard")
    center = User.objects.create_user("center")
    Grant.objects.create(user=center, role="joc")
    clerks = {}
    for code in ("NORTH", "SOUTH"):
        site = Site.objects.create(code=code, name=code.title(), organisation=guard, zone="America/Chicago")
        user = User.objects.create_user(f"clerk-{code.lower()}", password=PASSWORD)
        Grant.objects.create(user=user, role="clerk", site=site)
        clerks[code] = actor_of(user)
    do.cases.set_standard(
        actor=actor_of(center), site="NORTH", standard="us.ice.pbnds2011r2016",
        valid_from=(timezone.now() - timedelta(days=30)).date(),
    )  # fmt: skip
    return clerks


def tag_of(number: int) -> str:
    from muster.core.tags import make_tag

    return make_tag(7919 * number)


def offer(clerks: dict[str, Any], tags: list[str]) -> None:
    """Have the other site hold these persons, and offer them on one list."""
    from django.utils import timezone

    from muster import actions as do

    do.custody.receive(actor=clerks["SOUTH"], site="SOUTH", tags=tags, at=timezone.now() - timedelta(hours=2))
    do.custody.offer(actor=clerks["SOUTH"], giver="SOUTH", receiver="NORTH", tags=tags)


def in_process(clerks: dict[str, Any], persons: int) -> None:
    """Take in announced persons one after the other, and print the keys and the seconds of each."""
    from playwright.sync_api import sync_playwright
    from waitress.server import create_server

    from muster.wsgi import application

    for number in range(1, persons + 1):
        offer(clerks, [tag_of(number)])
    server = create_server(application, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    address = f"http://127.0.0.1:{server.effective_port}"
    names = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        raise SystemExit(
            "There is no Chromium: install it with `apt install chromium`, or your system's like."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/account/login/")
        page.get_by_label("User name").fill("clerk-north")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.goto(f"{address}/counter/NORTH/in/")
        seconds, keys = [], 0
        for number in range(1, persons + 1):
            began, keys = time.monotonic(), one_person(page, tag_of(number), tag_of(10_000 + number))
            seconds.append(time.monotonic() - began)
        browser.close()
    server.close()
    middle, longest = statistics.median(seconds), max(seconds)
    left = (SECONDS_MOST - middle) / keys
    note = (
        f"median of {persons}, the longest {longest:.2f} s; a clerk has {left:.2f} s for each of {keys} keys"
    )
    print_figure("in_process_keys", keys, "keys", against="most", against_value=KEYS_MOST)
    print_figure(
        "in_process_pages_s",
        middle,
        "s",
        against="most, with the clerk's own",
        against_value=SECONDS_MOST,
        note=note,
    )


def one_person(page: Any, person: str, bag: str) -> int:
    """One announced person, from the first key to the scan field for the next; how many keys that took."""
    pressed = 0
    steps = (person.replace("-", ""), "", bag.replace("-", ""), None, "")
    for typed in steps:
        if typed is None:
            for key in ("Space", "Tab", "Tab", "Space"):
                page.keyboard.press(key)
                pressed += 1
        else:
            page.keyboard.type(typed)
            pressed += len(typed)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        pressed += 1
    if page.locator("h1").inner_text() != "In-processing at North":
        raise SystemExit(
            f"{person} was not taken in: the page says {page.locator('main').inner_text()[:300]}"
        )
    return pressed


def by_manifest(clerks: dict[str, Any]) -> None:
    """Show and record a manifest of 60, of whom 48 of 50 offered and 10 others came."""
    from django.utils import timezone

    from muster import actions as do
    from muster.custody.manifests import look
    from muster.parties.models import Site

    tags = [tag_of(number) for number in range(20_000, 20_000 + COMING)]
    offer(clerks, tags[:OFFERED])
    began = time.monotonic()
    look(Site.objects.get(pk="NORTH"), "\n".join(tags))
    looked = time.monotonic() - began
    began, came = time.monotonic(), tags[: OFFERED - 2] + tags[OFFERED:]
    answer = do.manifests.receive_manifest(
        actor=clerks["NORTH"], site="NORTH", manifest="\n".join(tags), came=came, at=timezone.now()
    ).answer  # fmt: skip
    recorded = time.monotonic() - began
    note = f"{len(answer.accepted)} signed for, {len(answer.received)} unexpected, {len(answer.missing)} stay with the giver"
    print_figure("manifest_60_look_s", looked, "s", against="own limit", against_value=1)
    print_figure("manifest_60_record_s", recorded, "s", against="own limit", against_value=1, note=note)


if __name__ == "__main__":
    main()
