"""Incidents at the pages, the API and the command: told, followed up, and counted for everybody who may see the site."""

from __future__ import annotations

import json
from typing import Any

from people import at
from test_clock_record import standard
from test_incidents import ONE, THREE, TWO, told, who
from test_property_pages import client, reader, seen, sent

from muster import actions as do
from muster.access.control import actor_of, new_token
from muster.access.models import User
from muster.custody.models import Count, Incident
from muster.ledger.models import Thing

__all__ = ["who"]
BASE = "/counter/EX-NORTH/incidents/"


def api(name: str, path: str) -> Any:
    user = User.objects.get(username=name)
    answer = client(name).get(path, headers={"Authorization": f"Bearer {new_token(user)}"})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_an_absence_found_by_a_count_is_reported_stood_for_and_closed_on_pages(who: Any) -> None:
    standard(who)
    count = do.counting.open_count(actor=who.north, site="EX-NORTH", at=at(-2), mode="scan").answer.count
    do.counting.submit_count(actor=who.north, count=count, tags=[ONE, TWO], at=at(-2))
    missing = Thing.objects.get(tag=THREE)
    link = f"{BASE}report/?count={count}&amp;person={missing.pk}"
    assert link in seen("clerk.north", f"/counter/EX-NORTH/headcount/{count}/")
    form = seen("clerk.north", link.replace("&amp;", "&"))
    assert THREE in form
    assert f'value="{count}" selected' in form
    fields = {
        "kind": "released_in_error", "tags": THREE, "at": "", "last_seen_at": "2026-03-01 02:00", "words": "Left with the bus of eight",
        "reported_by": "Shift desk", "count": str(count), "paper": "",
    }  # fmt: skip
    assert "Choose one." in sent("clerk.north", f"{BASE}report/", fields | {"kind": ""})
    assert "No tag was given" in sent("clerk.north", f"{BASE}report/", fields | {"tags": ""})
    assert not Incident.objects.exists()

    done = sent("clerk.north", f"{BASE}report/", fields)

    assert (
        f"Incident 1 is recorded. {THREE}: here no more by the record. A supervisor has still to stand for it."
        in done
    )
    page = seen("clerk.north", f"{BASE}1/")
    assert "has still to stand for it" in page
    assert "Escape or missing" in page  # the notice that is owed because of it
    assert "between 02:00 CST, 1 Mar 2026 and" in page
    assert "/confirm/" not in page
    assert "Stand for it as the supervisor" in seen("center", f"{BASE}1/")
    assert "The log has it." in sent("clerk.north", f"{BASE}1/log/", {"words": "Agency called", "at": ""})
    assert client("clerk.north").get(f"{BASE}1/confirm/").status_code == 403
    assert "its differences are settled" in sent("center", f"{BASE}1/confirm/", {"reason": "The list agrees"})
    assert "The incident is closed." in sent(
        "clerk.north", f"{BASE}1/close/", {"outcome": "came_back", "reason": "Brought back"}
    )
    assert "Agency called" in seen("clerk.north", f"{BASE}1/")
    assert client("clerk.north").get(f"{BASE}1/else/").status_code == 404
    assert client("clerk.north").get(f"{BASE}2/").status_code == 404


def test_every_incident_is_counted_for_all_who_see_the_site_and_read_by_some(who: Any) -> None:
    told(who.north, "death", [ONE], words="Found in the night")
    told(who.north, "absconded", [TWO])
    for role in ("oversight", "counsel", "affairs"):
        reader(role)

    for name, reads in (("clerk.north", True), ("oversight", True), ("counsel", True), ("affairs", False)):
        for path in (BASE, "/incidents/", "/incidents/?site=EX-NORTH"):
            page = seen(name, path)
            assert '<th scope="row">Released in error</th><td>0</td>' in page, (name, path)
            assert '<th scope="row">Death</th><td>1</td>' in page
            assert (f'href="{BASE}1/"' in page) == reads, (name, path)
        assert client(name).get(f"{BASE}1/").status_code == (200 if reads else 403)
        answer = api(name, "/api/v1/incidents?site=EX-NORTH")
        assert [each["kind"] for each in answer["counts"] if each["count"]] == ["absconded", "death"]
        assert len(answer["incidents"]) == (2 if reads else 0)
    assert client("clerk.south").get(BASE).status_code == 404
    assert api("clerk.south", "/api/v1/incidents")["incidents"] == []
    assert client("oversight").get("/incidents/?site=NOWHERE").status_code == 404
    row = Incident.objects.get(number=1)
    assert client("oversight").get(f"/incidents/{row.pk}/")["Location"] == f"{BASE}1/"
    assert client("clerk.south").get(f"/incidents/{row.pk}/").status_code == 404
    told_of = next(each for each in api("oversight", "/api/v1/incidents")["incidents"] if each["number"] == 1)
    assert (told_of["persons"], told_of["confirmed"], told_of["outcome"]) == ([ONE], False, None)
    assert "2 incidents open" in seen("center", "/board/")


def test_a_shelter_has_no_word_of_custody_and_hides_no_incident(who: Any) -> None:
    standard(who, "general.shelter")
    told(who.north, "medical", [ONE])

    pages = [seen("clerk.north", path) for path in (BASE, f"{BASE}report/", f"{BASE}1/")]

    for page in pages:
        main = page[page.index("<main") : page.index("</main>")].lower()
        for word in ("custody", "abscond", "released", "detain", "held "):
            assert word not in main, word
    told(who.north, "absconded", [TWO])  # whatever was told is shown
    assert "Absconded" in seen("clerk.north", BASE)


def test_an_incident_is_reported_through_the_api_and_a_bad_one_says_what_is_wrong(who: Any) -> None:
    body = {
        "site": "EX-NORTH", "kind": "use_of_force", "at": at(-1).isoformat(), "words": "Seen at the gate", "reported_by": "Gate post",
        "tags": [ONE],
    }  # fmt: skip
    token = new_token(User.objects.get(username="clerk.north"))

    def post(body: dict[str, Any]) -> Any:
        return client("clerk.north").post(
            "/api/v1/acts/custody/report_incident", json.dumps(body), "application/json",
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    answer = post(body)
    assert answer.status_code in (200, 201), answer.content
    assert answer.json()["answer"]["number"] == 1
    assert post(body | {"kind": "riot"}).status_code == 422
    assert post(body | {"count": "00000000-0000-7000-8000-000000000000"}).status_code == 404
    assert Incident.objects.count() == 1
    assert actor_of(User.objects.get(username="clerk.north")).user == Incident.objects.get().act.actor_id
    assert not Count.objects.exists()
