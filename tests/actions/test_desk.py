"""The desk of a site changes hands with a summary of the shift, by two signatures."""

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
from muster.access.control import NotPermitted
from muster.access.models import User
from muster.core.errors import NotFound
from muster.core.times import NotHappenedYet
from muster.custody import desk, rules
from muster.custody.models import DeskOffered
from muster.parties.models import Site

SHIFT = "/counter/EX-NORTH/shift/"


@pytest.fixture
def who() -> People:
    return people()


def client(name: str) -> Client:
    made = Client()
    made.force_login(User.objects.get(username=name))
    return made


def text_of(answer: Any) -> str:
    bare = re.sub(r"</?span[^>]*>", "", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare)).replace("&#x27;", "'")


def sent(name: str, **fields: Any) -> str:
    return text_of(client(name).post(SHIFT, {"key": str(uuid4()), **fields}, follow=True))


def test_a_shift_says_who_came_and_left_and_what_it_leaves_open(who: People) -> None:
    now = timezone.now()
    before = now - timedelta(hours=6)
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:4], at=before)
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[4:6], at=now - timedelta(hours=2))
    do.custody.release(
        actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=now - timedelta(hours=1), reason="court_order"
    )
    undone = do.custody.receive(actor=who.north, site="EX-NORTH", tags=TAGS[6:7], at=now)
    do.undoing.undo(actor=who.north, recorded=undone.act)
    money = {"tag": TAGS[50], "kind": "money", "money": [{"currency": "USD", "amount": "3.00"}]}
    do.property.take_in(actor=who.north, site="EX-NORTH", person=TAGS[1], bags_in=[money], at=now)
    do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=TAGS[2:3])
    do.counting.open_count(actor=who.north, site="EX-NORTH", at=timezone.now())

    page = text_of(client("clerk.north").get(SHIFT, {"since": (now - timedelta(hours=3)).isoformat()}))

    assert "2 came, 1 left; 5 here now." in page
    assert f"Came: {', '.join(sorted(TAGS[4:6]))}." in page
    assert f"Left: {TAGS[0]}." in page
    assert "not in yet" in page
    assert "Open differences: 2" in page
    assert "Offers that wait: 1 EX-NORTH to EX-SOUTH. Until both confirm, the custody has not moved." in page
    assert f"has still to stand: 1: {TAGS[50]}, by clerk.north" in page
    assert "still to verify: 1: 1" in page
    assert "Undone in the shift: 1 Received, recorded" in page
    assert "6 came" in text_of(client("center").get(SHIFT, {"since": (now - timedelta(hours=9)).isoformat()}))
    assert client("clerk.south").get(SHIFT).status_code == 404
    assert "Shown instead: since the last handover of the desk." in text_of(
        client("clerk.north").get(SHIFT, {"since": "noon"})
    )


def test_the_desk_is_handed_over_by_one_and_signed_for_by_another(who: People) -> None:
    assert "Handovers of the desk before None yet." in text_of(client("clerk.north").get(SHIFT))
    assert "It is yours until another signs for it." in sent("clerk.north", notes="Meal for 4 is late")
    made = DeskOffered.objects.get()

    own = text_of(client("clerk.north").get(SHIFT))
    assert "To know: Meal for 4 is late" in own
    assert "You handed it over" in own
    assert "take the desk" not in own
    with pytest.raises(rules.SameSigner):
        do.desk.take_desk(actor=who.north, desk=made.pk)
    with pytest.raises(NotFound):
        do.desk.take_desk(actor=who.south, desk=made.pk)
    assert "The desk of Ex-North is yours." in sent("clerk.north.two", desk=str(made.pk))

    page = text_of(client("clerk.north.two").get(SHIFT))
    assert "clerk.north to clerk.north.two" in page
    assert desk.shift_began(Site.objects.get(pk="EX-NORTH"), timezone.now()) == made.until
    assert "is settled already" in sent("clerk.north.two", desk=str(made.pk))


def test_a_shift_that_ends_before_it_begins_or_has_not_ended_is_refused_and_a_later_handover_takes_the_place(
    who: People,
) -> None:
    now = timezone.now()
    with pytest.raises(desk.ShiftEndsBefore):
        do.desk.hand_over_desk(actor=who.north, site="EX-NORTH", since=now, until=now)
    with pytest.raises(NotHappenedYet):
        do.desk.hand_over_desk(actor=who.north, site="EX-NORTH", until=now + timedelta(hours=1))
    with pytest.raises(NotPermitted):
        do.desk.hand_over_desk(actor=who.center, site="EX-NORTH", until=now)
    assert "The shift would end at" in sent("clerk.north", until="2026-01-01 08:00", since="2026-01-01 09:00")
    first = do.desk.hand_over_desk(
        actor=who.north, site="EX-NORTH", since=now - timedelta(hours=8), until=now
    ).answer
    do.desk.hand_over_desk(actor=who.north, site="EX-NORTH", since=now - timedelta(hours=8), until=now)

    with pytest.raises(rules.AlreadySettled):
        do.desk.take_desk(actor=who.north_too, desk=first.desk)
