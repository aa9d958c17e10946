"""A site's clocks through each door: a standard stated, what was done recorded and corrected, a breach recorded, and what is due read."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from people import TAGS, People, people
from typer.testing import CliRunner

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.cases.models import RecordedEvent
from muster.cli.main import app
from muster.ledger.models import Thing

SITE = "/clocks/sites/EX-NORTH/"


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def sent(client: Client, page: str, **fields: str) -> str:
    """A form as a browser sends it, and the page it leads to."""
    answer = client.post(page, {"key": str(uuid4()), **fields}, follow=True)
    return answer.content.decode()


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def asked(path: str, user: str, **query: str) -> tuple[int, Any]:
    token = new_token(User.objects.get(username=user))
    answer = Client().get(f"/api/v1{path}", query, headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


@pytest.fixture
def who() -> People:
    return people()


def test_a_site_states_its_standard_and_its_people_record_what_was_done(
    who: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    center, clerk, south = signed_in("center"), signed_in("clerk.north"), signed_in("clerk.south")
    assert "No site that you may see has a standard" in clerk.get("/clocks/").content.decode()
    day = (timezone.now() - timedelta(days=30)).date().isoformat()
    page = sent(
        center, f"{SITE}standard/", standard="us.ice.nds2019", contract_ref="Contract 7", valid_from="soon"
    )
    assert "is not a day" in page
    page = sent(
        center, f"{SITE}standard/", standard="us.ice.nds2019", contract_ref="Contract 7", valid_from=day
    )
    assert "count_interval_h is still to be stated" in text_of(page)
    assert "EX-NORTH: the standard has no number for CNT-01" in text_of(
        clerk.get("/clocks/").content.decode()
    )
    assert clerk.get(f"{SITE}standard/").status_code == 403
    assert south.get(SITE).status_code == 404

    arrived = timezone.now() - timedelta(hours=13)
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:2], at=arrived)
    thing = Thing.objects.get(tag=TAGS[0])
    late = text_of(clerk.get("/clocks/?site=EX-NORTH&due=0h&responsible=health+staff").content.decode())
    assert "2 due" in late
    assert "Late by 1 h" in late
    assert "Medical screen ADM-03, within 12 h unverified" in late
    assert "is not a length of time" in text_of(clerk.get("/clocks/?due=soon").content.decode())
    assert TAGS[0] in clerk.get(f"{SITE}record/?person={thing.pk}").content.decode()

    page = sent(clerk, f"{SITE}record/", event="medical_screened", tags="")
    assert "Scan the tag of each" in page
    page = sent(
        clerk, f"{SITE}record/", event="medical_screened", tags=TAGS[0], by="Health staff", proof="Form 1"
    )
    assert "Recorded 1 time. " in text_of(page)
    assert "became known" in text_of(page)
    page = sent(
        clerk, f"{SITE}record/", event="consular_steps_done", tags=TAGS[0], by="Agency", in_agency_system="no"
    )
    assert "Recorded 1 time." in text_of(page)
    person = text_of(clerk.get(f"/clocks/persons/{thing.pk}/").content.decode())
    assert "Done late by 1 h" in person
    assert "not done" in person
    assert "Proof: Form 1." in person
    assert south.get(f"/clocks/persons/{thing.pk}/").status_code == 404
    assert f"/clocks/persons/{thing.pk}/" in clerk.get(f"/things/{thing.pk}/").content.decode()

    event = RecordedEvent.objects.get(event="medical_screened")
    corrected = (arrived + timedelta(hours=2)).isoformat()
    page = sent(clerk, f"/clocks/events/{event.pk}/correct/", at=corrected, reason="Read from the log")
    assert "The time is corrected." in text_of(page)
    assert "Done in time" in text_of(page)
    assert south.get(f"/clocks/events/{event.pk}/correct/").status_code == 404
    page = sent(clerk, f"{SITE}breaches/")
    assert "recorded." in text_of(page)
    assert "ADM-03" in page
    page = sent(center, f"{SITE}holiday/", day="2026-03-03", name="Town day", closed="yes")
    assert "2026-03-03: Town day" in text_of(page)

    status, told = asked("/clocks", "clerk.north", site="EX-NORTH", due="0h", responsible="health staff")
    assert (status, told["count"], told["asks"]) == (200, 1, [{"site": "EX-NORTH", "rule": "CNT-01"}])
    assert [(each["person"], each["rule"], each["state"]) for each in told["due"]] == [
        (TAGS[1], "ADM-03", "breached")
    ]
    assert asked("/clocks", "clerk.south", site="EX-NORTH")[0] == 404
    assert asked("/clocks", "clerk.north", due="soon")[1]["code"] == "cases.not_a_length"
    status, told = asked(f"/clocks/{TAGS[0]}", "clerk.north")
    assert {each["rule"]: each["state"] for each in told["clocks"]}["ADM-03"] == "met"
    assert asked(f"/clocks/{TAGS[0]}", "clerk.south")[0] == 404

    monkeypatch.setenv("MUSTER_TOKEN", new_token(User.objects.get(username="clerk.north")))
    typed = CliRunner().invoke(
        app, ["clocks", "--site", "EX-NORTH", "--due", "0h", "--responsible", "health staff", "--json"]
    )
    assert json.loads(typed.stdout)["due"][0]["person"] == TAGS[1]
    typed = CliRunner().invoke(app, ["clocks", "--person", TAGS[0]])
    assert "ADM-03" in typed.stdout
    assert "done in time" in typed.stdout
    typed = CliRunner().invoke(app, ["clocks", "--due", "0h"])
    assert "EX-NORTH: the contract's number for CNT-01 is not stated." in typed.stdout


@pytest.mark.parametrize(("minutes_ago", "late"), [(8 * 60 - 1, False), (8 * 60 + 61, True)])
def test_a_formal_count_that_is_late_shows_on_the_board_and_at_the_counter(
    who: People, minutes_ago: int, late: bool
) -> None:
    """CNT-01: at least once every eight hours."""
    now = timezone.now()
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:2], at=now - timedelta(days=3))
    do.cases.set_standard(
        actor=who.center, site="EX-NORTH", standard="us.ice.pbnds2011r2016", valid_from=(now - timedelta(days=3)).date()
    )  # fmt: skip
    for opened in (timedelta(hours=20), timedelta(minutes=minutes_ago)):
        count = do.counting.open_count(
            actor=who.north, site="EX-NORTH", at=now - opened, kind="formal"
        ).answer.count
        do.counting.submit_count(actor=who.north, count=count, persons=2, at=now - opened)

    board, counter = (
        text_of(signed_in("center").get("/board/").content.decode()),
        text_of(signed_in("clerk.north").get("/counter/EX-NORTH/").content.decode()),
    )
    needs = board[board.index("Needs action") : board.index("Who waits")]
    for page in (board, counter):
        assert ("Late: Formal count (CNT-01) due" in page) is late
        assert ("late by 1 h 1 min" in page) is late
    assert ("Late: formal count at Ex-North, due" in needs) is late
    assert "Formal count (CNT-01) due" in counter
    assert "late or missed in the 24 hours before" in counter  # twelve hours, and no face count yesterday


def test_a_site_without_a_standard_owes_no_count(who: People) -> None:
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=timezone.now())

    assert "count (CNT" not in text_of(signed_in("center").get("/board/").content.decode())
