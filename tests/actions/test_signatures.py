"""Who signed a handover, for which list, and whether that still holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connections
from django.test import Client
from people import TAGS, People, at, people

from muster.access import signing
from muster.access.control import Actor
from muster.access.models import SigningKey, User
from muster.core.ids import new_id
from muster.custody import actions, merging, rules
from muster.custody.models import Difference
from muster.ledger import queries
from muster.ledger.handovers import Signed, first_bad
from muster.ledger.models import Entry, Handover, Holder, Offer, Thing
from muster.ledger.verifying import verify
from muster.record.models import Act

BUS = TAGS[:60]
PAPER = "Receipt 17, signed at the hospital"


@pytest.fixture
def who() -> People:
    made = people()
    actions.receive(actor=made.north, site="EX-NORTH", tags=BUS, at=at(0), from_organisation="EX-AGENCY")
    return made


def offer(who: People, tags: Sequence[str] = BUS) -> UUID:
    made = actions.offer(
        actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=list(tags), mission="M-1"
    )
    return made.answer.handover


def accepted(who: People, offered: Sequence[str] = BUS, **more: Any) -> UUID:
    handover = offer(who, offered)
    actions.accept(actor=who.south, handover=handover, at=at(1), **more)
    return handover


def sides(found: Signed) -> dict[str, bool]:
    return {signature.side: signature.verifies for signature in found.signatures}


@contextmanager
def behind_the_triggers(*tables: str) -> Iterator[Any]:
    """What somebody with the owner's password could do."""
    with connections["owner"].cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_list_of_sixty_is_signed_once_by_each_side(who: People) -> None:
    handover = accepted(who)

    found = queries.handover(handover)
    assert (found.giver, found.receiver, found.state) == ("EX-NORTH", "EX-SOUTH", "accepted")
    assert found.offered == found.accepted == tuple(sorted(BUS))
    assert sides(found) == {"giver": True, "receiver": True}
    assert [signature.user for signature in found.signatures] == [who.north.user, who.south.user]
    assert SigningKey.objects.count() == 2
    assert first_bad() is None


def test_a_partner_can_verify_a_signature_from_the_words_of_the_documentation_alone(who: People) -> None:
    handover = accepted(who, BUS[:2])
    row = Handover.objects.select_related("giver_key").get(pk=handover)

    head = json.dumps(
        ["muster/handover/1", str(handover), "EX-NORTH", "EX-SOUTH", "M-1"], separators=(",", ":")
    )
    leaves = [sha256(b"\0" + leaf.encode()).digest() for leaf in (head, *sorted(BUS[:2]))]
    root = sha256(b"\1" + sha256(b"\1" + leaves[0] + leaves[1]).digest() + leaves[2]).digest()

    assert row.giver_key
    assert row.giver_signature
    public = Ed25519PublicKey.from_public_bytes(bytes(row.giver_key.public_key))
    public.verify(bytes(row.giver_signature), b"muster/offer/1" + root)
    assert root == queries.handover(handover).list_root


def test_where_some_did_not_arrive_the_receiver_signs_for_those_who_did(who: People) -> None:
    handover = accepted(who, BUS[:3], tags=BUS[:2])

    found = queries.handover(handover)
    assert (found.offered, found.accepted) == (tuple(sorted(BUS[:3])), tuple(sorted(BUS[:2])))
    assert found.list_root != found.accepted_root
    assert sides(found) == {"giver": True, "receiver": True}


def test_an_open_offer_has_the_givers_signature_alone(who: People) -> None:
    found = queries.handover(offer(who))

    assert sides(found) == {"giver": True}
    assert (found.accepted, found.accepted_root, found.holds) == ((), None, True)


def test_a_history_says_of_each_signature_whether_it_verifies(who: People) -> None:
    accepted(who)

    arrival, handed_over = queries.history(BUS[0])["entries"]
    assert arrival["signatures"] == []
    keys = {str(key.pk): key.user_id for key in SigningKey.objects.all()}
    told = [(s["user"], keys[s["key"]], s["verifies"]) for s in handed_over["signatures"]]
    assert told == [(user, user, True) for user in (who.north.user, who.south.user)]


def test_one_person_cannot_sign_for_both_sides_even_behind_the_triggers(who: People) -> None:
    handover = offer(who)
    Handover.objects.filter(pk=handover).update(accepted_by=who.north.user, state="accepted")

    found = queries.handover(handover)
    assert (found.holds, found.fault) == (False, "one person stands for both sides")


def add_an_entry(handover: UUID, who: People, *, in_the_same_act: bool) -> None:
    """One more person at the south, on a handover that never had the person."""
    row = Handover.objects.get(pk=handover)
    thing = Thing.objects.get(tag=BUS[9])
    act = row.answered_act if in_the_same_act else Act.objects.create(name="custody.accept", request_hash=b"")
    Entry.objects.create(
        thing=thing, n=2, kind="push", giver=row.giver, receiver=row.receiver, happened_at=at(1), base=1,
        mission="M-1", handover=row, act=act,
    )  # fmt: skip


def add_an_offer(handover: UUID, who: People) -> None:
    Offer.objects.create(handover_id=handover, thing=Thing.objects.get(tag=BUS[9]), open=False)


def move_an_entry(handover: UUID, who: People) -> None:
    with behind_the_triggers("ledger_entry") as cursor:
        outside = Holder.objects.get(code="outside:EX-AGENCY")
        cursor.execute(
            "UPDATE ledger_entry SET receiver_id = %s WHERE handover_id = %s", [outside.pk, handover]
        )


def take_an_entry_away(handover: UUID, who: People) -> None:
    thing = Thing.objects.get(tag=BUS[0])
    with behind_the_triggers("ledger_entry") as cursor:
        cursor.execute(
            "UPDATE ledger_entry SET handover_id = NULL WHERE handover_id = %s AND thing_id = %s",
            [handover, thing.pk],
        )


def change_the_mission(handover: UUID, who: People) -> None:
    with behind_the_triggers("ledger_entry", "ledger_handover") as cursor:
        cursor.execute("UPDATE ledger_entry SET mission = 'M-2' WHERE handover_id = %s", [handover])
        cursor.execute("UPDATE ledger_handover SET mission = 'M-2' WHERE id = %s", [handover])


def name_another_signer(handover: UUID, who: People) -> None:
    with behind_the_triggers("ledger_handover") as cursor:
        cursor.execute(
            "UPDATE ledger_handover SET offered_by = %s WHERE id = %s", [who.north_too.user, handover]
        )


def blank_the_receivers_signature(handover: UUID, who: People) -> None:
    Handover.objects.filter(pk=handover).update(receiver_signature=None, receiver_key=None)


def blank_the_givers_signature(handover: UUID, who: People) -> None:
    with behind_the_triggers("ledger_handover") as cursor:
        cursor.execute("UPDATE ledger_handover SET giver_signature = NULL WHERE id = %s", [handover])


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (lambda h, who: add_an_entry(h, who, in_the_same_act=True), "the entries are not those that were accepted"),
        (lambda h, who: add_an_entry(h, who, in_the_same_act=False), f"an entry of {BUS[9]} rests on it"),
        (add_an_offer, "the giver's signature does not count: what was signed is not what stands here"),
        (move_an_entry, "an entry rests on it and moves somebody otherwise"),
        (take_an_entry_away, "the entries are not those that were accepted"),
        (change_the_mission, "the entries are not those that were accepted"),
        (name_another_signer, "its key is not that of who is named"),
        (blank_the_receivers_signature, "the receiver's signature does not count: nobody signed"),
        (blank_the_givers_signature, "the giver's signature does not count: nobody signed"),
    ],
)  # fmt: skip
def test_a_list_that_was_changed_behind_the_triggers_does_not_verify(
    who: People, lie: Any, words: str
) -> None:
    good, bad = accepted(who, BUS[20:22]), accepted(who, BUS[:2])
    assert first_bad() is None

    lie(bad, who)

    found = first_bad()
    assert found
    assert found.handover == bad
    assert words in found.words
    assert queries.handover(good).holds


def test_the_whole_check_of_the_record_names_a_handover_whose_signature_was_taken_away(who: People) -> None:
    accepted(who, BUS[20:22])
    bad = accepted(who, BUS[:2])
    assert verify()["ok"]

    blank_the_receivers_signature(bad, who)

    found = verify()
    assert (found["ok"], found["first_bad"]["handover"]) == (False, str(bad))


def test_handovers_that_are_gone_with_all_their_offers_are_missed_by_their_entries(who: People) -> None:
    handover = accepted(who, BUS[:2])
    with behind_the_triggers("ledger_handover", "ledger_offer") as cursor:
        cursor.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f' AND"
            " confrelid = 'ledger_handover'::regclass"
        )
        for relation, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {relation} DROP CONSTRAINT "{name}"')
        cursor.execute("DELETE FROM ledger_offer")
        cursor.execute("DELETE FROM ledger_handover")

    bad = verify()["first_bad"]

    assert bad["handover"] == str(handover)
    assert bad["why"] == f"Handover {handover}: entries rest on it and it is gone."


def test_a_list_that_was_signed_anew_with_a_key_made_later_does_not_verify(who: People) -> None:
    handover = accepted(who, BUS[:2])
    row = Handover.objects.select_related("giver_key", "receiver_key").get(pk=handover)
    key = row.receiver_key
    assert key
    with behind_the_triggers("access_signingkey") as cursor:
        later = key.made_at + timedelta(hours=1)
        cursor.execute("UPDATE access_signingkey SET made_at = %s WHERE id = %s", [later, key.pk])

    assert sides(queries.handover(handover)) == {"giver": True, "receiver": False}
    assert "its key was made later" in first_bad().words  # type: ignore[union-attr]


def test_entries_on_a_handover_that_nobody_accepted_show(who: People) -> None:
    handover = accepted(who, BUS[:2])
    Handover.objects.filter(pk=handover).update(state="refused")

    found = first_bad()
    assert found
    assert "nobody accepted it" in found.words


def test_what_a_correction_says_again_keeps_signatures_that_verify(who: People) -> None:
    handover = accepted(who, BUS[:3])
    for hours in (-1, -2):
        n = next(
            e["n"] for e in reversed(queries.history(BUS[0])["entries"]) if e["giver"] == "outside:EX-AGENCY"
        )
        actions.correct(
            actor=who.north, site="EX-NORTH", tag=BUS[0], n=n, happened_at=at(hours), reason="late_entry"
        )

    latest = queries.history(BUS[0])["entries"][-1]
    assert (latest["repeats"], [s["verifies"] for s in latest["signatures"]]) == (2, [True, True])
    assert queries.handover(handover).accepted == tuple(sorted(BUS[:3]))
    assert first_bad() is None


def test_what_a_merge_carries_to_another_record_rests_on_its_handover_rightly(who: People) -> None:
    survivor = TAGS[70]
    actions.receive(
        actor=who.north, site="EX-NORTH", tags=[survivor], at=at(0), from_organisation="EX-AGENCY"
    )
    handover = accepted(who, BUS[:2])

    done = merging.merge(actor=who.center, survivor=survivor, duplicate=BUS[0], reason="The same person")

    assert done.answer.moved == 1
    assert [s["verifies"] for s in queries.history(survivor)["entries"][-1]["signatures"]] == [True, True]
    assert queries.handover(handover).accepted == tuple(sorted(BUS[:2]))
    merging.unmerge(actor=who.center, merge=done.answer.merge, reason="Two persons after all")
    assert first_bad() is None


def test_who_was_released_before_the_answer_stands_on_what_was_offered_and_not_on_what_was_accepted(
    who: People,
) -> None:
    handover = offer(who, BUS[:3])
    actions.release(actor=who.north, site="EX-NORTH", tags=BUS[:1], at=at(0.5), reason="court_order")
    actions.accept(actor=who.south, handover=handover, at=at(1))

    found = queries.handover(handover)
    assert (found.offered, found.accepted) == (tuple(sorted(BUS[:3])), tuple(sorted(BUS[1:3])))
    assert found.holds


def test_a_witnessed_paper_stands_for_the_receivers_signature(who: People) -> None:
    handover = accepted(who, BUS[:2], witnessed_source=PAPER)

    found = queries.handover(handover)
    assert (found.paper, sides(found), found.holds) == (PAPER, {"giver": True}, True)
    assert Handover.objects.get(pk=handover).receiver_signature is None

    add_an_entry(handover, who, in_the_same_act=True)
    assert queries.handover(handover).fault == "the entries are not those that were accepted"


def test_a_key_that_the_present_secret_does_not_open_is_retired_and_what_it_signed_still_verifies(
    who: People, settings: Any
) -> None:
    before = accepted(who, BUS[:2])
    settings.SECRET_KEY = "another secret of the same house" * 2

    after = accepted(who, BUS[2:4])

    keys = SigningKey.objects.filter(user=who.north.user).order_by("made_at")
    assert [key.retired_at is None for key in keys] == [False, True]
    assert queries.handover(before).holds
    assert queries.handover(after).holds
    assert queries.handover(before).signatures[0].key != queries.handover(after).signatures[0].key


def test_a_private_key_rests_sealed_and_opens_in_no_other_row(who: People) -> None:
    accepted(who, BUS[:1])
    mine, other = SigningKey.objects.order_by("made_at")
    raw = signing._opened(mine).private_bytes_raw()
    assert raw not in bytes(mine.private_key)

    other.private_key = mine.private_key
    with pytest.raises(signing.InvalidTag):
        signing.sign(other, b"anything")


def test_what_did_arrive_otherwise_than_it_should_is_a_difference_of_the_handover(who: People) -> None:
    handover = accepted(who, BUS[:2], discrepancy="one bag fewer than on the receipt")

    told = Difference.objects.get(kind=Difference.Kind.DISCREPANCY)
    assert (told.site_id, told.handover_id, told.thing) == ("EX-SOUTH", handover, None)
    assert told.words == "Arrived from EX-NORTH at EX-SOUTH, but: one bag fewer than on the receipt"


def make_older(handover: UUID, hours: float) -> None:
    act = Handover.objects.get(pk=handover).offered_act_id
    with behind_the_triggers("record_act") as cursor:
        cursor.execute(
            "UPDATE record_act SET recorded_at = recorded_at - %s WHERE id = %s",
            [timedelta(hours=hours), act],
        )


@pytest.mark.parametrize("signer", ["north_too", "center"])
def test_an_offer_that_nobody_answered_for_a_day_can_lapse_with_a_reason(who: People, signer: str) -> None:
    handover = offer(who, BUS[:2])
    with pytest.raises(rules.StillWaits, match="can lapse from"):
        actions.lapse(actor=getattr(who, signer), handover=handover, reason="nobody_came")
    make_older(handover, 24)
    with pytest.raises(rules.UnknownReason):
        actions.lapse(actor=getattr(who, signer), handover=handover, reason="tired")

    done = actions.lapse(actor=getattr(who, signer), handover=handover, reason="nobody_came")

    assert (done.answer.state, done.answer.reason) == ("lapsed", "nobody_came")
    assert queries.history(BUS[0])["entries"][-1]["receiver"] == "EX-NORTH"
    assert offer(who, BUS[:2]) != handover


def signed_in(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user))
    return client


def test_the_board_says_how_long_an_offer_waits_and_lets_the_givers_side_end_it(who: People) -> None:
    handover = offer(who, BUS[:2])
    center, south = signed_in(who.center), signed_in(who.south)
    page = f"/board/offers/{handover}/lapse/"
    before = text(center.get("/board/"))
    assert ("Open offer" in before, "waits for 0\xa0minutes" in before) == (True, True)
    assert page not in text(center.get("/board/"))
    assert "can lapse from" in text(center.post(page, {"reason": "no_answer", "key": str(new_id())}))
    make_older(handover, 26)

    assert "waits for 1\xa0day, 2\xa0hours" in text(center.get("/board/"))
    assert page in text(center.get("/board/"))
    assert page in text(signed_in(who.north).get("/counter/EX-NORTH/"))
    assert page not in text(south.get("/board/"))
    assert south.get(page).status_code == 404
    ended = text(center.post(page, {"reason": "no_answer", "key": str(new_id())}, follow=True))

    assert "The offer to EX-SOUTH has lapsed; EX-NORTH keeps everybody on it." in ended
    assert "Open offer" not in ended


def test_who_signs_on_the_page_can_say_what_is_not_as_it_should_be(who: People) -> None:
    handover = offer(who, BUS[:2])
    form = {"tag": BUS[:1], "discrepancy": "no shoes", "at": "2026-03-01 13:00", "key": str(new_id())}

    said = text(signed_in(who.south).post(f"/counter/EX-SOUTH/offers/{handover}/sign/", form, follow=True))

    assert "What was not as it should be is a difference." in said
    told = Difference.objects.filter(handover=handover).values_list("words", flat=True)
    assert [words for words in told if words.endswith("but: no shoes")]
    assert len(told) == 2


def test_a_history_on_the_page_names_the_signers_and_whether_both_signatures_verify(who: People) -> None:
    handover = accepted(who, BUS[:2])
    page = f"/things/{Thing.objects.get(tag=BUS[0]).pk}/"
    assert "clerk.north and clerk.south; both signatures verify" in text(signed_in(who.north).get(page))

    add_an_entry(handover, who, in_the_same_act=True)

    assert "Does not count: clerk.south: the entries are not those that were accepted" in text(
        signed_in(who.north).get(page)
    )


def text(answer: Any) -> str:
    return str(answer.content.decode())
