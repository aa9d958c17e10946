"""The roster of a mission: by keyboard alone in a browser, and what its pages and the API tell without one."""

from __future__ import annotations

import io
from typing import Any

import pytest
import stories
from browsing import Reader
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser
from test_step_pages import signed_in

from muster.access.models import User
from muster.demonstration.links import link_for
from muster.ledger.queries import latest_known
from muster.tasks.models import RestStated, Shift, ShiftEnded

MISSION = "EX-PROCESSING-1"
ROSTER = f"/missions/{MISSION}/roster/"


def typed(
    tags: list[str], begins: str = "2026-11-26 08:00", ends: str = "2026-11-26 16:00", **more: str
) -> dict[str, str]:
    return {
        "task": f"{MISSION}-T1", "members": "\n".join(tags), "begins_at": begins, "ends_at": ends, "until": "", "skill": "",
        "first": "2026-11-20", "days": "7", **more,
    }  # fmt: skip


def crew() -> list[str]:
    """Members who are ordered to the mission and on shift in the mornings."""
    first = Shift.objects.order_by("begins_at", "pk").values_list("begins_at", flat=True)[0]
    return sorted(
        Shift.objects.filter(begins_at=first, task=f"{MISSION}-T1").values_list(
            "member__thing__tag", flat=True
        )
    )


def test_the_roster_tells_plans_refuses_and_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One story in the order in which an officer meets it: the demonstration is loaded once for all of it."""
    stories.demonstration()
    client, tags = signed_in("operations"), crew()
    standing = Shift.objects.count()

    def text(address: str = ROSTER, **asked: Any) -> str:
        return client.get(address, asked).content.decode()

    whole = text(first="2026-11-19", days="7")
    assert "At least 10 h of rest between two shifts, as stated by Example Guard" in whole
    assert all(tag in whole for tag in tags)
    assert "The member is released since" in whole
    assert "Only who is on the mission&#x27;s muster roll is on shift." in whole  # the conflict, in its cell
    assert "Nobody is on shift in these days." in text(first="2026-11-28", days="1")
    assert "No task of this mission lasts in these days" in text(first="2027-11-28")
    assert tags[0] not in text(first="2026-11-19", known_at="1")
    for wrong in ({"first": "soon"}, {"days": "29"}, {"known_at": "never"}):
        answer = client.get(ROSTER, wrong)
        assert (answer.status_code, b"usa-error-message" in answer.content) == (422, True), wrong

    refused = client.post(ROSTER, typed(tags[:2], "2026-11-20 08:00", "2026-11-20 12:00"))
    told = refused.content.decode()
    assert (refused.status_code, "<title>Error:" in told, Shift.objects.count()) == (422, True, standing)
    assert told.index('id="refused"') < told.index("Plan shifts</h2>")  # in the cell for which it was asked
    assert f"{tags[0]}\n{tags[1]}</textarea>" in told.replace("\r", "")
    assert "Nobody is on two shifts at once." in told
    for wrong, words in (
        ({"members": ""}, "Name one member at least"), ({"begins_at": ""}, "Say when it begins"), ({"ends_at": "soon"}, "is not a time"),
        ({"until": "2027-01-01"}, "up to 27 days later"), ({"members": "222-222-3"}, "Tag misread"), ({"task": ""}, "Choose one"),
    ):  # fmt: skip
        answer = client.post(ROSTER, typed(tags[:1]) | wrong)
        assert (answer.status_code, words in answer.content.decode()) == (422, True), wrong

    checked = client.post(ROSTER, typed(tags[:2]) | {"check": "yes"})
    assert "2 shifts would fit. Nothing has been planned yet." in checked.content.decode()
    key = "0199a000-0000-7000-8000-000000000009"
    done = client.post(ROSTER, typed(tags[:2], until="2026-11-27", key=key), follow=True)
    again = client.post(ROSTER, typed(tags[:2], until="2026-11-27", key=key), follow=True)
    assert "4 shifts planned." in done.content.decode()
    assert "4 shifts planned." in again.content.decode()  # the first answer once more
    assert Shift.objects.count() == standing + 4

    sent = f"member,task,begins_at,ends_at\n{tags[2]},{MISSION}-T1,2026-11-26T08:00,2026-11-26T16:00\n{tags[2]},X,2026-11-26T08:00,soon\n"
    none = client.post(f"{ROSTER}file/", {})
    faulty = client.post(f"{ROSTER}file/", {"file": io.BytesIO(sent.encode())})
    good = client.post(f"{ROSTER}file/", {"file": io.BytesIO(sent.encode()), "keep_good": "yes"}, follow=True)
    assert (none.status_code, faulty.status_code) == (422, 422)
    assert "Row 3, ends_at:" in faulty.content.decode()
    assert "1 shift planned, 0 stood already, 1 refused." in good.content.decode()

    name = Shift.objects.latest("begins_at", "pk").pk
    off = {"reason": "Another task", "at": "2026-11-26 07:00"}
    assert "is not a tag" in client.post(f"/shifts/{name}/swap/", off | {"member": "x"}).content.decode()
    swapped = client.post(f"/shifts/{name}/swap/", off | {"member": tags[3]}, follow=True)
    assert f"takes {name} over." in swapped.content.decode()
    instead = Shift.objects.get(instead_of=name).pk
    assert (
        f"{instead} is called off."
        in client.post(f"/shifts/{instead}/call-off/", off, follow=True).content.decode()
    )
    assert client.post(f"/shifts/{instead}/call-off/", off).status_code == 409
    assert ShiftEnded.objects.count() == 2
    source = {"hours": "0", "publisher": "Example Guard", "title": "The order is lifted"}
    lifted = client.post(f"{ROSTER}rest/", source, follow=True).content.decode()
    assert (
        "No rest between shifts is asked for any more, as stated by Example Guard: The order is lifted."
        in lifted
    )
    assert RestStated.objects.count() == 2

    assert [
        client.get(page).status_code for page in (f"{ROSTER}X/2026-11-20/", f"{ROSTER}{MISSION}-T1/soon/")
    ] == [404, 404]
    assert [client.get(f"/shifts/{each}/").status_code for each in ("NOTHING/swap", f"{name}/nothing")] == [
        404,
        404,
    ]
    assert signed_in("agency").get(f"/shifts/{name}/swap/").status_code == 404
    assert signed_in("governor").get(f"/shifts/{name}/swap/").status_code == 403
    assert signed_in("governor").post(ROSTER, typed(tags)).status_code == 403
    _the_api(client, tags)


def _the_api(client: Client, tags: list[str]) -> None:
    address, known = f"/api/v1/missions/{MISSION}/roster", latest_known()

    def asked(**narrowed: Any) -> dict[str, Any]:
        return dict(client.get(address, narrowed).json())

    now = asked()
    assert (now["known_at"], now["zone"], now["rest"]["hours"]) == (known, "America/Chicago", 0)
    assert {each["member"] for each in now["shifts"]} >= set(tags)
    lapsed = [conflict["code"] for each in now["shifts"] for conflict in each["conflicts"]]
    assert set(lapsed) == {"tasks.released"}
    assert asked(known_at="1")["shifts"] == []
    of_day = asked(first="2026-11-19", latest="2026-11-19")["shifts"]
    at_once = asked(at="2026-11-20T06:30")["shifts"]
    assert 0 < len(at_once) < len(of_day) < len(now["shifts"])
    assert all(each["begins_at"] <= "2026-11-20T12:30" < each["ends_at"] for each in at_once)
    assert [
        client.get(address, wrong).status_code
        for wrong in ({"first": "soon"}, {"at": "soon"}, {"known_at": "x"})
    ] == [422] * 3
    assert client.get("/api/v1/missions/NOTHING/roster").status_code == 404
    assert signed_in("agency").get(address).status_code == 403
    assert signed_in("clerk.north").get(address).status_code == 404
    assert Client().get(address).status_code == 401


@pytest.mark.browser
def test_a_shift_is_refused_in_its_cell_and_planned_by_keyboard_alone(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    stories.demonstration()
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    reader = Reader(context, live_url)
    page, tag = reader.page, crew()[0]
    page.goto(live_url + link_for(User.objects.get(username="operations")))

    def to(words: str, press: str = "Tab") -> None:
        for _ in range(120):
            on = page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")
            if on == words:
                return
            page.keyboard.press(press)
        raise AssertionError(f"{words} is not reached by {press}")

    def send(button: str) -> None:
        to(button)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        reader.look_over()

    def fill(**fields: str) -> None:
        for name, text in fields.items():
            to(name)
            page.keyboard.press("ControlOrMeta+A")
            page.keyboard.type(text)

    page.goto(f"{live_url}/missions/{MISSION}/")
    send("Roster: who is on shift")
    fill(first="2026-11-20", days="3")
    send("Show")
    to("task")
    page.keyboard.press("ArrowDown")
    fill(members=tag, begins_at="2026-11-20 10:00", ends_at="2026-11-20 18:00")
    send("Plan shifts")
    assert page.title().startswith("Error:")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the summary's link leads to the cell
    cell = page.locator("#refused").inner_text()
    assert page.evaluate("document.activeElement.id") == "refused"
    assert f"{tag}" in cell
    assert "Nobody is on two shifts at once." in cell
    assert page.locator("#members").input_value() == tag  # what was entered is kept
    fill(begins_at="2026-11-26 10:00", ends_at="2026-11-26 18:00")
    send("Plan shifts")
    assert "1 shift planned." in reader.said()
    assert tag in page.locator(".muster-roster").inner_text()
    page.goto(f"{live_url}{ROSTER}{MISSION}-T1/2026-11-26/")
    name = Shift.objects.latest("begins_at", "pk").pk
    send(f"Call off {name}")
    fill(reason="Another task", at="2026-11-26 09:00")
    send("Call off shift")
    assert f"{name} is called off." in reader.said()
    context.close()
