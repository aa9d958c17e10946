"""In-processing at the counter: each kind of arrival has its own word, and each step records what it says."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from people import TAGS, People, people

from muster import actions as do
from muster.access.models import User
from muster.cases.models import RecordedEvent
from muster.custody.models import Bag, Difference
from muster.custody.queries import present
from muster.ledger.models import Handover, Thing

IN = "/counter/EX-NORTH/in/"


@pytest.fixture
def who() -> People:
    found = people()
    do.cases.set_standard(
        actor=found.center, site="EX-NORTH", standard="us.ice.pbnds2011r2016", contract_ref="7",
        valid_from=(timezone.now() - timedelta(days=30)).date(),
    )  # fmt: skip
    return found


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).replace("&#x27;", "'")


def sent(client: Client, page: str, **fields: Any) -> str:
    return text_of(client.post(page, {"key": str(uuid4()), **fields}, follow=True))


def offered(who: People, tags: list[str]) -> Any:
    do.custody.receive(actor=who.south, site="EX-SOUTH", tags=tags, at=timezone.now() - timedelta(hours=2))
    return do.custody.offer(actor=who.south, giver="EX-SOUTH", receiver="EX-NORTH", tags=tags).answer


def test_an_announced_person_goes_through_five_steps_and_nothing_that_is_known_is_asked(who: People) -> None:
    clerk, made = signed_in("clerk.north"), offered(who, TAGS[:1])

    page = sent(clerk, IN, scan=TAGS[0].lower().replace("-", ""))
    assert f"EXPECTED {TAGS[0]} is offered by EX-SOUTH: 1 person." in page
    assert "Received from EX-SOUTH: sign" in page
    page = sent(clerk, f"{IN}receive/", tag=TAGS[0], handover=str(made.handover))
    assert f"Property of {TAGS[0]}" in page
    thing = Thing.objects.get(tag=TAGS[0])
    page = sent(clerk, f"{IN}{thing.pk}/property/", tag=TAGS[50], kind="baggage")
    assert "Receipt 1:" in page
    assert f"In-processing of {TAGS[0]}" in page
    page = sent(
        clerk, f"{IN}{thing.pk}/checklist/", event=["hygiene_issued", "medical_screened"], by="Intake desk"
    )

    assert "2 items recorded." in page
    assert f"In-processing of {TAGS[0]}: is this right? IN Received from EX-SOUTH at" in page
    assert f"{TAGS[50]}, baggage or large item" in page
    assert "Differences None." in page
    assert Handover.objects.get(pk=made.handover).accepted_by == who.north.user
    # The post that was named is known from now on.
    assert 'value="Intake desk"' in clerk.get(f"{IN}{thing.pk}/checklist/").content.decode()


def test_a_step_with_nothing_in_it_moves_on_and_records_nothing(who: People) -> None:
    clerk = signed_in("clerk.north")
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=timezone.now())
    thing = Thing.objects.get(tag=TAGS[0])

    page = sent(clerk, f"{IN}{thing.pk}/property/", tag="", kind="baggage")
    assert "Done now. What is not ticked stays open: 1" in page
    page = sent(clerk, f"{IN}{thing.pk}/checklist/", by="Intake desk")

    assert "is this right?" in page
    assert "None taken in." in page
    assert "0 done" in page
    assert not Bag.objects.exists()
    assert not RecordedEvent.objects.exists()
    assert "Not recorded" in sent(clerk, f"{IN}{thing.pk}/property/", tag="ABC", kind="baggage")
    assert "Choose one." in sent(clerk, f"{IN}{thing.pk}/property/", tag=TAGS[50], kind="")
    assert clerk.get(f"{IN}{uuid4()}/property/").status_code == 404
    assert signed_in("clerk.south").get(IN).status_code == 404


def test_who_comes_unexpected_is_received_with_a_difference_and_goes_on(who: People) -> None:
    clerk = signed_in("clerk.north")

    page = sent(clerk, IN, scan=TAGS[3])
    assert f"UNEXPECTED Nobody offered {TAGS[3]} here. Say who brings the person" in page
    page = sent(clerk, f"{IN}receive/", tag=TAGS[3], from_organisation="EX-AGENCY")

    assert f"Property of {TAGS[3]}" in page
    thing = Thing.objects.get(tag=TAGS[3])
    assert "Received from EX-AGENCY without an offer" in text_of(clerk.get(f"{IN}{thing.pk}/confirm/"))


def test_each_other_reading_has_its_own_word(who: People) -> None:
    clerk, now = signed_in("clerk.north"), timezone.now()
    do.custody.receive(actor=who.south, site="EX-SOUTH", tags=TAGS[4:5], at=now)
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[5:6], at=now - timedelta(minutes=9))
    do.property.take_in(
        actor=who.north, site="EX-NORTH", person=TAGS[5], bags_in=[{"tag": TAGS[60], "kind": "baggage"}], at=now
    )  # fmt: skip

    assert "MISREAD Tag misread. Scan again." in sent(clerk, IN, scan="5PR-MAP-4")
    elsewhere = sent(clerk, IN, scan=TAGS[4])
    assert "ELSEWHERE BY THE RECORD" in elsewhere
    assert "EX-SOUTH" not in elsewhere
    here = sent(clerk, IN, scan=TAGS[5])
    assert "ALREADY IN Already in at" in here
    assert "Record again?" in here
    assert "correct the arrival" in here
    assert f"TAG IN USE {TAGS[60]} is on a bag. Give the person another band, and scan it." in sent(
        clerk, IN, scan=TAGS[60]
    )
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[6:7], at=now)
    do.merging.merge(actor=who.center, survivor=TAGS[6], duplicate=TAGS[5], reason="One person, two bands.")
    second = sent(clerk, IN, scan=TAGS[5])
    assert (
        f"TAG IN USE {TAGS[5]} is on a second record of one person, merged into {TAGS[6]}. Scan that band"
        in second
    )


def test_who_is_held_elsewhere_by_the_record_is_kept_as_a_report(who: People) -> None:
    clerk = signed_in("clerk.north")
    do.custody.receive(
        actor=who.south, site="EX-SOUTH", tags=TAGS[4:5], at=timezone.now() - timedelta(hours=1)
    )

    page = sent(clerk, f"{IN}receive/", tag=TAGS[4])

    assert "KEPT AS A REPORT." in page
    assert "Somebody must settle the difference." in page
    assert Difference.objects.get(kind="held_elsewhere").site_id == "EX-NORTH"
    assert not present("EX-NORTH").exists()


def test_an_offer_of_many_is_signed_as_one_list_before_each_goes_on(who: People) -> None:
    offered(who, TAGS[:3])

    page = sent(signed_in("clerk.north"), IN, scan=TAGS[1])

    assert f"{TAGS[1]} is on an offer of 3 persons from EX-SOUTH, signed for as one list." in page
    assert "Go to the list" in page
    assert "sign</button>" not in page


def test_the_same_code_within_three_seconds_is_read_once(who: People) -> None:
    clerk, soft = signed_in("clerk.north"), "The same code within 3 seconds: read once."

    assert soft not in sent(clerk, IN, scan=TAGS[8])
    again = sent(clerk, IN, scan=TAGS[8].lower())
    assert soft in again
    assert "UNEXPECTED" in again
    assert soft not in sent(clerk, IN, scan=TAGS[9])
    assert soft not in sent(clerk, "/counter/EX-NORTH/", scan=TAGS[8])
    assert soft in sent(clerk, "/counter/EX-NORTH/", scan=TAGS[8])
    session = clerk.session
    session["scan"] = [session["scan"][0], (timezone.now() - timedelta(seconds=3)).isoformat()]
    session.save()
    assert soft not in sent(clerk, "/counter/EX-NORTH/", scan=TAGS[8])
    assert TAGS[8] not in str(clerk.session["scan"])


def test_a_refused_arrival_shows_the_step_again_with_what_was_entered(who: People) -> None:
    clerk = signed_in("clerk.north")

    page = clerk.post(
        f"{IN}receive/", {"key": str(uuid4()), "tag": TAGS[3], "at": "noon", "from_organisation": "EX-AGENCY"}
    )

    assert page.status_code == 422
    assert 'value="noon"' in page.content.decode()
    assert 'value="EX-AGENCY" selected' in page.content.decode()
    assert "MISREAD" in sent(clerk, f"{IN}receive/", tag="5PR-MAP-4")
