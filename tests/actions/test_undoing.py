"""Undo within a minute by whoever recorded it: a correction, with nothing deleted."""

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
from muster.core.errors import MusterError, NotFound
from muster.custody import bags, undoing
from muster.custody.models import Bag, BagStated, Difference, Settled, Undone
from muster.custody.queries import open_differences, present
from muster.custody.space import rooms_of
from muster.ledger.models import Entry, Settlement
from muster.parties.models import Site

HERE = "/counter/EX-NORTH/"


@pytest.fixture
def who() -> People:
    return people()


def received(who: People, *tags: str) -> Any:
    return do.custody.receive(
        actor=who.north, site="EX-NORTH", tags=list(tags or TAGS[:1]), at=timezone.now(), from_organisation="EX-AGENCY"
    )  # fmt: skip


def undo(who: People, done: Any) -> Any:
    return do.undoing.undo(actor=who.north, recorded=done.act).answer


def test_an_arrival_that_is_undone_leaves_both_in_the_record_and_settles_its_difference(who: People) -> None:
    done = received(who, *TAGS[:2])

    told = undo(who, done)

    assert (told.corrections, present("EX-NORTH").count()) == (2, 0)
    assert Entry.objects.filter(kind="pop", reason="clerk_undo").count() == 2
    assert Entry.objects.filter(act=done.act).count() == 2
    assert Settled.objects.get().reason == "clerk_undo"
    received(who, *TAGS[:2])
    assert present("EX-NORTH").count() == 2


def test_who_was_kept_as_a_report_is_settled_with_it(who: People) -> None:
    do.custody.receive(
        actor=who.south, site="EX-SOUTH", tags=TAGS[:1], at=timezone.now() - timedelta(hours=1)
    )

    undo(who, received(who))

    assert Settlement.objects.get().reason == "clerk_undo"
    assert not open_differences(["EX-NORTH"]).exists()


def test_a_signature_that_is_undone_gives_the_giver_everybody_back_with_a_difference_there(
    who: People,
) -> None:
    do.custody.receive(
        actor=who.south, site="EX-SOUTH", tags=TAGS[:1], at=timezone.now() - timedelta(hours=1)
    )
    made = do.custody.offer(actor=who.south, giver="EX-SOUTH", receiver="EX-NORTH", tags=TAGS[:1]).answer
    done = do.custody.accept(actor=who.north, handover=made.handover, at=timezone.now())

    undo(who, done)

    assert [thing.tag for thing in present("EX-SOUTH")] == TAGS[:1]
    assert Difference.objects.get(kind="moved_by_correction").site_id == "EX-SOUTH"


def test_where_somebody_was_placed_and_a_bag_lay_is_as_before(who: People) -> None:
    site, now = Site.objects.get(pk="EX-NORTH"), timezone.now()
    day = (now - timedelta(days=2)).date()
    for code in ("A-1", "A-2"):
        do.areas.state_areas(
            actor=who.center, site="EX-NORTH",
            areas=[{"area": code, "name": code, "kind": "housing", "usable": 4, "valid_from": day}],
        )  # fmt: skip
    received(who)
    do.placing.place(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=timezone.now(), area="A-1")
    done = do.placing.place(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=timezone.now(), area="A-2")
    assert undo(who, done).corrections == 1
    assert {room.area.code: room.placed for room in rooms_of(site)} == {"A-1": 1, "A-2": 0}
    taken = do.property.take_in(
        actor=who.north, site="EX-NORTH", person=TAGS[0], bags_in=[{"tag": TAGS[9], "kind": "baggage", "place": "Shelf 1"}],
        at=timezone.now(),
    )  # fmt: skip
    put = do.property.put_away(
        actor=who.north, site="EX-NORTH", tag=TAGS[9], place="Shelf 2", at=timezone.now()
    )
    with pytest.raises(undoing.RecordedSince, match=TAGS[9]):
        undo(who, taken)

    undo(who, put)

    assert bags.told(Bag.objects.all())[0].place == "Shelf 1"


def test_property_that_is_undone_was_never_here_and_nobody_has_to_stand_for_its_money(who: People) -> None:
    received(who)
    money = {"tag": TAGS[9], "kind": "money", "money": [{"currency": "USD", "amount": "40.00"}]}
    done = do.property.take_in(
        actor=who.north, site="EX-NORTH", person=TAGS[0], bags_in=[money], at=timezone.now()
    )
    assert bags.told(Bag.objects.all())[0].waits

    undo(who, done)

    told = bags.told(Bag.objects.all())[0]
    assert (told.is_here, told.is_undone, told.waits) == (False, True, [])
    assert RecordedEvent.objects.get(withdrawn=True).event == "property_inventoried"
    assert BagStated.objects.count() == 2
    again = do.property.take_in(
        actor=who.north, site="EX-NORTH", person=TAGS[0], bags_in=[money], at=timezone.now()
    )
    assert (again.answer.number, len(bags.told(Bag.objects.all())[0].waits)) == (2, 1)


def test_items_that_are_undone_are_open_again(who: People) -> None:
    received(who)
    done = do.cases.record_items(
        actor=who.north, site="EX-NORTH", tags=TAGS[:1], events=["hygiene_issued", "classified"], at=timezone.now()
    )  # fmt: skip

    assert undo(who, done).corrections == 2

    assert not RecordedEvent.objects.filter(corrected_by__isnull=True, withdrawn=False).exists()
    assert RecordedEvent.objects.filter(withdrawn=True, reason="clerk_undo").count() == 2


def refused(who: People, recorded: Any, actor: Any = None) -> str:
    with pytest.raises(MusterError) as told:
        do.undoing.undo(actor=actor or who.north, recorded=recorded)
    assert "othing" in str(told.value) or isinstance(told.value, NotFound)
    return str(told.value.code)


def test_each_undo_that_is_too_late_of_another_done_before_or_not_the_last_word_is_refused(
    who: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = received(who)
    assert refused(who, done.act, who.north_too) == "custody.undo_of_another"
    assert refused(who, done.act, who.south) == "core.not_found"
    assert refused(who, uuid4()) == "core.not_found"
    left = do.custody.release(
        actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=timezone.now(), reason="bond"
    )
    assert refused(who, done.act) == "custody.recorded_since"
    assert refused(who, left.act) == "custody.not_undoable"  # nobody is brought back by a click
    other = received(who, TAGS[3])
    undo(who, other)
    assert refused(who, other.act) == "custody.undone_already"
    last = received(who, TAGS[4])
    monkeypatch.setattr(undoing, "WITHIN", timedelta(0))
    assert refused(who, last.act) == "custody.undo_too_late"
    assert [thing.tag for thing in present("EX-NORTH")] == [TAGS[4]]
    corrected = do.cases.record_items(
        actor=who.north, site="EX-NORTH", tags=[TAGS[4]], events=["classified"], at=timezone.now()
    )  # fmt: skip
    monkeypatch.undo()
    do.cases.correct_event(actor=who.north, event=corrected.answer.events[0], reason="Not so")
    assert refused(who, corrected.act) == "custody.recorded_since"


def test_the_counter_offers_to_undo_for_a_minute_to_whoever_recorded_it(who: People) -> None:
    def page(name: str, **sent: Any) -> str:
        client = Client()
        client.force_login(User.objects.get(username=name))
        answer = client.post(f"{HERE}undo/", sent, follow=True) if sent else client.get(HERE)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    done, site = received(who, *TAGS[:5]), Site.objects.get(pk="EX-NORTH")
    assert f"Received: {TAGS[0]}, {TAGS[1]}, {TAGS[2]} and 2 more Undo" in page("clerk.north")
    assert "Undo" not in page("clerk.north.two")
    assert "Somebody else recorded this." in page("clerk.north.two", act=str(done.act), key=str(uuid4()))
    assert "not found" in page("clerk.north", act="that").lower() or "There is no" in page(
        "clerk.north", act="that"
    )

    assert "Undone by a correction; both stay in the record." in page(
        "clerk.north", act=str(done.act), key=str(uuid4())
    )

    assert "Undo :" not in page("clerk.north")
    items = do.cases.record_items(
        actor=who.north, site="EX-NORTH", tags=TAGS[:1], events=["classified"], at=timezone.now()
    )
    assert "Checklist: 1 item Undo" in page("clerk.north")
    assert Undone.objects.count() == 1
    assert undoing.can_be_undone(who.north, site, now=timezone.now() + timedelta(minutes=1)) == []
    assert items.act in [one.act for one in undoing.can_be_undone(who.north, site, now=timezone.now())]
