"""Property of persons: taken in, sealed, moved with its person, audited, handed back, left behind, lost. Nothing waits for it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import test_steps
from people import TAGS, People, at, people
from test_steps import Offices, aboard, opened, planned, received

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of, may
from muster.access.models import Grant, User
from muster.cases import queries as cases
from muster.cases.models import RecordedEvent
from muster.core.errors import FaultyInput, NotFound
from muster.core.times import NotHappenedYet
from muster.custody import bags
from muster.custody.models import Bag, BagStated, Difference, PropertyReceipt
from muster.custody.personal import Disposed
from muster.custody.property import (
    BagInUse,
    BagOfAnother,
    BagsLeft,
    MoneyNotCounted,
    NoSecondNeeded,
    NotABag,
    SecondPerson,
    TakenIn,
)
from muster.custody.queries import scope_of
from muster.custody.rules import AlreadySettled, NotHeldHere, TagOfABag
from muster.ledger import queries as ledger
from muster.ledger.models import Entry, Head, Thing
from muster.missions.closing import open_items
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.picture.changes import changes
from muster.record.models import Answer
from muster.transport import rules as transport

offices = test_steps.offices
ONE, TWO = TAGS[0], TAGS[1]
PURSE, CASE, COAT = TAGS[50], TAGS[51], TAGS[52]
KINDS = Difference.Kind


@pytest.fixture
def who() -> People:
    made = people()
    do.custody.receive(actor=made.north, site="EX-NORTH", tags=[ONE, TWO], at=at(-8))
    return made


def purse(**more: Any) -> dict[str, Any]:
    return {
        "tag": PURSE, "kind": "money", "seal": "S-1", "place": "Safe 2", "contents": ["Brown purse"],
        "money": [{"currency": "USD", "amount": "40.00"}],
    } | more  # fmt: skip


def suitcase(**more: Any) -> dict[str, Any]:
    return {"tag": CASE, "kind": "baggage", "contents": ["Blue suitcase, locked"]} | more


def taken(
    by: Actor, *each: dict[str, Any], person: str = ONE, site: str = "EX-NORTH", hours: float = -7
) -> TakenIn:
    answer = do.property.take_in(actor=by, site=site, person=person, bags_in=list(each), at=at(hours)).answer
    assert isinstance(answer, TakenIn)
    return answer


def back(
    by: Actor,
    *tags: str,
    person: str = ONE,
    hours: float = -1,
    receipt: str = "Receipt 1, signed",
    **more: Any,
) -> BagsLeft:
    answer = do.property.hand_back(
        actor=by, site="EX-NORTH", person=person, tags=list(tags), at=at(hours), receipt=receipt, **more
    ).answer
    assert isinstance(answer, BagsLeft)
    return answer


def holder(tag: str) -> str:
    return Head.objects.select_related("holder").get(thing__tag=tag).holder.code


def differences(kind: str) -> list[str]:
    return list(Difference.objects.filter(kind=kind).order_by("act_id").values_list("words", flat=True))


def told(tag: str) -> bags.BagTold:
    (found,) = bags.told(Bag.objects.filter(thing__tag=tag), read_at=("EX-NORTH", "EX-SOUTH"))
    return found


def events() -> list[tuple[str, str | None]]:
    return list(RecordedEvent.objects.order_by("act_id", "thing__tag").values_list("event", "thing__tag"))


# --- taking in ----------------------------------------------------------------------


def test_bags_of_one_deposit_are_held_at_once_and_stand_on_one_numbered_receipt(who: People) -> None:
    first = taken(who.north, purse(), suitcase())
    second = taken(who.north, {"tag": COAT, "kind": "clothing"}, person=TWO)

    assert (first.number, first.bags, second.number) == (1, [PURSE, CASE], 2)
    assert [holder(tag) for tag in first.bags] == ["EX-NORTH", "EX-NORTH"]
    stands = told(PURSE)
    assert stands.contents == bags.Contents(["Brown purse"], [("USD", Decimal("40.00"))])
    assert stands.contents.said == ["USD 40.00", "Brown purse"]
    assert (stands.stated.seal, stands.stated.place, stands.bag.person.tag) == ("S-1", "Safe 2", ONE)
    assert events() == [("property_inventoried", ONE), ("property_inventoried", TWO)]
    assert ledger.census(at(0), ledger.latest_known()).sites == {"EX-NORTH": 2}  # persons alone are counted


def test_money_needs_a_second_person_with_a_sign_in_of_their_own(who: People) -> None:
    answer = taken(who.north, purse(), suitcase())
    statement = answer.waits[PURSE]
    assert list(answer.waits) == [PURSE]
    assert [each.pk for each in told(PURSE).waits] == [statement]

    with pytest.raises(SecondPerson):
        do.property.witness_property(actor=who.north, statement=statement)
    with pytest.raises(NotFound):
        do.property.witness_property(actor=who.south, statement=statement)
    assert not do.property.witness_property(actor=who.north_too, statement=statement).answer.waits

    assert told(PURSE).waits == []
    with pytest.raises(AlreadySettled):
        do.property.witness_property(actor=who.north_too, statement=statement)
    with pytest.raises(NoSecondNeeded):
        do.property.witness_property(
            actor=who.north_too, statement=BagStated.objects.get(bag__thing__tag=CASE).pk
        )
    with pytest.raises(NotFound):
        do.property.witness_property(actor=who.north, statement=UUID(int=1))


def test_a_bag_of_money_names_one_amount_for_each_currency(who: People) -> None:
    def usd(amount: str, currency: str = "USD") -> dict[str, str]:
        return {"currency": currency, "amount": amount}

    for money, refused in (
        ([], MoneyNotCounted), ([usd("0")], FaultyInput), ([usd("0.001")], FaultyInput), ([usd("1", "usd")], FaultyInput),
        ([usd("1"), usd("2")], MoneyNotCounted),
    ):  # fmt: skip
        with pytest.raises(refused):
            taken(who.north, purse(money=money))
    assert not Bag.objects.exists()
    assert taken(who.north, purse(money=[usd("0.01"), usd("2", "MXN")])).waits


def test_a_tag_is_free_for_a_bag_or_refused_and_no_person_is_received_by_the_tag_of_a_bag(
    who: People,
) -> None:
    taken(who.north, suitcase())

    with pytest.raises(BagInUse):
        taken(who.north, suitcase())
    with pytest.raises(NotABag):
        taken(who.north, purse(tag=TWO))
    with pytest.raises(NotFound):
        taken(who.north, purse(), person=PURSE)
    with pytest.raises(NotHappenedYet):
        taken(who.north, purse(), hours=24 * 3650)
    with pytest.raises(TagOfABag):
        do.custody.receive(actor=who.south, site="EX-SOUTH", tags=[CASE], at=at(-1))
    with pytest.raises(NotPermitted):
        taken(who.center, purse())
    released = do.custody.release(
        actor=who.north, site="EX-NORTH", tags=[CASE], at=at(-1), reason="other"
    ).answer
    assert released.reported == {
        CASE: f"{CASE} was released here; the record has never had a person of that tag."
    }
    assert holder(CASE) == "EX-NORTH"


def test_property_of_somebody_whom_the_site_does_not_hold_is_kept_with_a_difference(who: People) -> None:
    taken(who.south, suitcase(), site="EX-SOUTH")

    assert holder(CASE) == "EX-SOUTH"
    assert differences(KINDS.BAG_NOT_OWED) == [
        f"{CASE}: taken in of {ONE}, whom EX-NORTH holds by the record."
    ]


def test_what_is_in_a_bag_rests_under_the_key_of_its_person_and_goes_with_it(who: People) -> None:
    taken(who.north, purse())
    do.personal.write_personal(actor=who.north, tag=TWO, field="agency_reference", value="Of another")
    (row,) = BagStated.objects.all()
    assert b"purse" not in bytes(row.contents or b"")
    assert not any("purse" in str(answer.body) for answer in Answer.objects.all())

    do.custody.release(actor=who.north, site="EX-NORTH", tags=[ONE], at=at(-2), reason="court_order")
    do.disposal.dispose(actor=who.center, tag=ONE, authority="Schedule 1")

    stands = told(PURSE)
    assert (stands.contents, stands.stated.seal) == (None, "S-1")
    assert not Answer.objects.filter(act=row.act_id, salt__isnull=False).exists()
    with pytest.raises(Disposed):
        taken(who.north, suitcase())


# --- seals --------------------------------------------------------------------------


def test_a_seal_is_changed_with_a_reason_and_two_people_and_what_was_stated_still_holds(who: People) -> None:
    taken(who.north, suitcase(seal="S-7"))
    seal: dict[str, Any] = {"site": "EX-NORTH", "tag": CASE, "at": at(-3)}
    answer = do.property.change_seal(actor=who.north, **seal, seal="S-8", reason="Medicine taken out").answer

    assert answer.waits
    assert (told(CASE).stated.seal, told(CASE).stated.reason) == ("S-8", "Medicine taken out")
    assert told(CASE).contents == bags.Contents(["Blue suitcase, locked"])
    with pytest.raises(SecondPerson):
        do.property.witness_property(actor=who.north, statement=answer.statement)
    do.property.witness_property(actor=who.north_too, statement=answer.statement)
    do.property.change_seal(
        actor=who.north, **seal, seal="", reason="Found torn", contents=["Open suitcase"], money=[{"currency": "USD", "amount": "5"}]
    )  # fmt: skip
    assert told(CASE).stated.seal == ""
    assert told(CASE).contents == bags.Contents(["Open suitcase"], [("USD", Decimal(5))])
    with pytest.raises(NotHeldHere):
        do.property.change_seal(
            actor=who.south, **seal | {"site": "EX-SOUTH"}, seal="S-9", reason="Elsewhere"
        )
    with pytest.raises(FaultyInput):
        do.property.change_seal(actor=who.north, **seal, seal="S-9", reason="")


# --- moving -------------------------------------------------------------------------


def offered(who: People, tags: list[str], **more: Any) -> Any:
    return do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=tags, **more).answer


def test_bags_go_on_the_handover_of_their_person_and_the_receiver_signs_for_each(who: People) -> None:
    taken(who.north, purse(), suitcase())
    taken(who.north, {"tag": COAT, "kind": "clothing"}, person=TWO)
    on = offered(who, [ONE])

    assert (on.tags, sorted(on.bags), on.staying) == (
        [ONE, *sorted([PURSE, CASE])],
        sorted([PURSE, CASE]),
        [],
    )
    assert holder(PURSE) == "EX-NORTH"
    answer = do.custody.accept(actor=who.south, handover=on.handover, at=at(-2), tags=[ONE, PURSE]).answer

    assert (answer.accepted, answer.missing, sorted(answer.bags)) == (
        [ONE, PURSE],
        [CASE],
        sorted([PURSE, CASE]),
    )
    assert [holder(tag) for tag in (ONE, PURSE, CASE, COAT)] == [
        "EX-SOUTH",
        "EX-SOUTH",
        "EX-NORTH",
        "EX-NORTH",
    ]
    assert differences(KINDS.DISCREPANCY) == [
        f"{CASE} was offered to EX-SOUTH and did not arrive; EX-NORTH holds the bag."
    ]
    assert ledger.handover(on.handover).holds
    assert events()[-1] == ("property_forwarded", ONE)
    assert told(PURSE).contents == bags.Contents(["Brown purse"], [("USD", Decimal("40.00"))])
    (left,) = bags.told(Bag.objects.filter(thing__tag=PURSE), read_at=["EX-NORTH"])
    assert left.contents is None  # where it was before, nobody reads it any more


def test_a_bag_that_stays_says_why_and_goes_later_on_a_handover_of_its_own(who: People) -> None:
    taken(who.north, suitcase())
    on = offered(who, [ONE], bags_stay="No room on the bus")

    assert (on.tags, on.bags, on.staying) == ([ONE], [], [CASE])
    assert told(CASE).stays == ""  # its person is here still
    do.custody.accept(actor=who.south, handover=on.handover, at=at(-2))
    assert (holder(CASE), told(CASE).stays) == ("EX-NORTH", "No room on the bus")
    later = offered(who, [CASE])
    assert later.bags == [CASE]
    do.custody.accept(actor=who.south, handover=later.handover, at=at(-1))
    assert (holder(CASE), told(CASE).stays) == ("EX-SOUTH", "")


def test_the_place_of_a_bag_is_in_the_store_of_the_site_that_holds_it(who: People) -> None:
    taken(who.north, purse())
    on = offered(who, [ONE])
    do.custody.accept(actor=who.south, handover=on.handover, at=at(-2))

    assert told(PURSE).place == ""
    do.property.put_away(actor=who.south, site="EX-SOUTH", tag=PURSE, place="Locker 9", at=at(-1))
    assert (told(PURSE).place, told(PURSE).stated.seal, told(PURSE).stated.needs_second) == (
        "Locker 9",
        "S-1",
        False,
    )
    assert told(PURSE).contents == bags.Contents(["Brown purse"], [("USD", Decimal("40.00"))])
    with pytest.raises(NotHeldHere):
        do.property.put_away(actor=who.north, site="EX-NORTH", tag=PURSE, place="Safe 2", at=at(-1))


def test_property_is_of_the_person_by_the_record_that_stands(who: People) -> None:
    """Two records of one person are merged: what was taken in under the one goes along with the other, and is not left behind."""
    taken(who.north, suitcase(), person=TWO)
    do.merging.merge(actor=who.center, survivor=ONE, duplicate=TWO, reason="One person, banded twice")

    assert told(CASE).person.tag == ONE
    assert told(CASE).left_at is None
    assert not bags.left_behind(Site.objects.get(pk="EX-NORTH")).exists()
    on = offered(who, [ONE])
    assert on.bags == [CASE]
    do.custody.withdraw(actor=who.north, handover=on.handover)
    do.custody.release(actor=who.north, site="EX-NORTH", tags=[ONE], at=at(-2), reason="bond")
    assert events()[-1] == ("property_left_behind", ONE)
    assert bags.left_behind(Site.objects.get(pk="EX-NORTH")).exists()
    assert back(who.north, CASE).tags == [CASE]


def test_bags_move_no_number_of_persons(who: People) -> None:
    """A formal count stops persons from moving, not bags."""
    count = do.counting.open_count(actor=who.north, site="EX-NORTH", kind="formal", at=at(-6)).answer.count
    taken(who.north, suitcase(), hours=-5)
    given = do.counting.submit_count(actor=who.north, count=count, persons=2, at=at(-4)).answer

    assert (given.expected, given.agrees) == (2, True)
    assert not Difference.objects.filter(kind=KINDS.MOVED_DURING_COUNT).exists()
    since = changes(who.north, 0, ledger.latest_known(), at(0)).groups["Persons"]
    assert [each.words for each in since][-1] == "1 bag from outside to EX-NORTH."


def test_what_is_on_another_offer_or_lost_does_not_go_along(who: People) -> None:
    taken(who.north, purse(), suitcase())
    offered(who, [PURSE])
    do.property.report_loss(actor=who.north, site="EX-NORTH", tag=CASE, words="Not on its shelf", at=at(-3))

    assert offered(who, [ONE]).tags == [ONE]


def test_a_trip_is_not_closed_over_a_bag(offices: Offices) -> None:
    opened(offices)
    received(offices)
    planned(offices)
    taken(offices.sites.north, suitcase(), hours=-4.5)
    aboard(offices, [ONE])
    do.transport.depart(actor=offices.custodian, trip="BUS-1", at=at(-3))
    do.transport.arrive(actor=offices.custodian, trip="BUS-1", at=at(-2))
    off = do.custody.offer(
        actor=offices.custodian,
        giver="trip:BUS-1",
        receiver="EX-SOUTH",
        tags=[ONE],
        bags_stay="Still in the hold",
    ).answer
    do.custody.accept(actor=offices.sites.south, handover=off.handover, at=at(-1.5))

    with pytest.raises(transport.StillAboard) as refused:
        do.transport.close_trip(actor=offices.custodian, trip="BUS-1", at=at(-1))
    assert refused.value.tags == [CASE]
    off = do.custody.offer(
        actor=offices.custodian, giver="trip:BUS-1", receiver="EX-SOUTH", tags=[CASE]
    ).answer
    do.custody.accept(actor=offices.sites.south, handover=off.handover, at=at(-1.2))
    assert do.transport.close_trip(actor=offices.custodian, trip="BUS-1", at=at(-1)).answer.state == "closed"


# --- handing back, and what is left behind ------------------------------------------


def test_bags_are_handed_back_by_scan_against_the_signed_receipt(who: People) -> None:
    taken(who.north, purse(), suitcase())
    first = back(who.north, CASE)

    assert (first.tags, first.waits, holder(CASE)) == ([CASE], {}, "outside")
    assert ("property_returned", ONE) not in events()
    second = back(who.north, PURSE)
    assert list(second.waits) == [PURSE]  # money that goes out of the safe: two people
    do.property.witness_property(actor=who.north_too, statement=second.waits[PURSE])
    assert events()[-1] == ("property_returned", ONE)
    assert Entry.objects.get(thing__tag=CASE, n=2).source == "Receipt 1, signed"
    assert not Difference.objects.filter(kind=KINDS.BAG_UNSIGNED).exists()

    taken(who.north, suitcase(), hours=-0.5)  # the same bag again, against a receipt of its own
    assert (holder(CASE), PropertyReceipt.objects.count()) == ("EX-NORTH", 2)
    with pytest.raises(BagOfAnother):
        back(who.north, CASE, person=TWO)
    back(who.north, CASE, hours=-0.4)
    with pytest.raises(BagOfAnother):
        taken(who.north, suitcase(), person=TWO, hours=-0.3)
    with pytest.raises(NotABag):
        back(who.north, TWO)


def test_without_a_signed_receipt_or_not_as_it_was_a_bag_is_handed_back_with_a_difference(
    who: People,
) -> None:
    taken(who.north, suitcase())
    back(who.north, CASE, receipt="", discrepancy="The lock is broken")

    assert holder(CASE) == "outside"
    assert differences(KINDS.BAG_UNSIGNED) == [
        f"{CASE}: handed back to {ONE}, but: no receipt was signed; The lock is broken."
    ]


def test_a_bag_that_the_record_has_elsewhere_or_later_is_handed_back_as_a_report(who: People) -> None:
    taken(who.south, suitcase(), site="EX-SOUTH")
    taken(who.north, purse())
    answer = back(who.north, CASE, PURSE, hours=-7.5)

    assert answer.tags == []
    assert answer.report is not None
    assert (
        answer.reported[CASE] == f"{CASE} was handed back here; the record says that EX-SOUTH holds the bag."
    )
    assert "which has the bag with EX-NORTH since" in answer.reported[PURSE]
    assert len(differences(KINDS.NOT_HELD_HERE)) == len(differences(KINDS.OUT_OF_ORDER)) == 1


def test_no_release_waits_for_property_and_the_clock_of_what_is_left_behind_is_that_of_the_standard(
    who: People,
) -> None:
    do.cases.set_standard(
        actor=who.center, site="EX-NORTH", standard="us.ice.pbnds2011r2016", valid_from=date(2026, 2, 1)
    )
    taken(who.north, purse(), suitcase())
    do.custody.release(actor=who.north, site="EX-NORTH", tags=[ONE], at=at(-6), reason="court_order")

    assert holder(ONE) == "outside"
    assert events()[-1] == ("property_left_behind", ONE)
    assert {bag.thing.tag for bag in bags.left_behind(Site.objects.get(pk="EX-NORTH"))} == {PURSE, CASE}
    assert (told(CASE).left_at, told(CASE).claim_by) == (at(-6), None)
    letter = do.property.send_claim_letter(
        actor=who.north, site="EX-NORTH", tags=[PURSE, CASE], at=at(-5), paper="Letter 1"
    ).answer
    person = Thing.objects.get(tag=ONE).pk

    def clock() -> Any:
        found = cases.person_clocks([person], now=at(24 * 31))[person]
        return next(clock for clock, *_ in found.clocks if clock.rule.id == "PROP-05A")

    # Daylight saving time begins at the site in between, so the same time of day is an hour less away.
    assert letter.claim_by == told(CASE).claim_by == clock().due_at == at(-5) + timedelta(days=30, hours=-1)
    assert clock().is_open
    back(who.north, PURSE)
    assert clock().is_open
    back(who.north, CASE)
    assert not clock().is_open
    assert {name for name, _ in events()[-2:]} == {"property_returned", "property_claimed"}


@pytest.mark.parametrize(("days", "early"), [(29.9, True), (30.1, False)])
def test_what_is_given_up_before_its_time_to_claim_is_over_is_kept_with_a_difference(
    who: People, days: float, early: bool
) -> None:
    now = -24 * 60.0
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TAGS[3]], at=at(now))
    taken(who.north, suitcase(), person=TAGS[3], hours=now)
    do.custody.release(actor=who.north, site="EX-NORTH", tags=[TAGS[3]], at=at(now + 1), reason="bond")
    do.property.send_claim_letter(
        actor=who.center, site="EX-NORTH", tags=[CASE], at=at(now + 2), paper="Letter 1"
    )
    do.property.end_bags(
        actor=who.north, site="EX-NORTH", tags=[CASE], outcome="abandoned", at=at(now + 2 + 24 * days), paper="Memo 4",
        to_organisation="EX-AGENCY",
    )  # fmt: skip

    assert holder(CASE) == "outside:EX-AGENCY"
    assert len(differences(KINDS.BAG_GONE_EARLY)) == early


def test_property_without_a_claim_letter_is_never_given_up_in_silence_and_what_is_sent_on_is_told(
    who: People,
) -> None:
    taken(who.north, purse(), suitcase())
    ended: dict[str, Any] = {"actor": who.north, "site": "EX-NORTH", "at": at(-2), "paper": "Memo 4"}
    do.property.end_bags(**ended, tags=[CASE], outcome="abandoned")
    do.property.end_bags(**ended, tags=[PURSE], outcome="forwarded", to_organisation="EX-AGENCY")

    assert differences(KINDS.BAG_GONE_EARLY) == [
        f"{CASE} of {ONE} was given up, and nobody was written to about it (PROP-05)."
    ]
    assert events()[-1] == ("property_forwarded", ONE)
    assert holder(PURSE) == "outside:EX-AGENCY"
    with pytest.raises(NotHeldHere):
        do.property.send_claim_letter(
            actor=who.north, site="EX-NORTH", tags=[CASE], at=at(-1), paper="Letter 2"
        )


# --- losses and audits --------------------------------------------------------------


def test_a_loss_names_the_bag_and_its_person_until_somebody_settles_it(who: People) -> None:
    taken(who.north, purse())
    do.property.report_loss(actor=who.north, site="EX-NORTH", tag=PURSE, words="Not in the safe.", at=at(-2))

    (difference,) = Difference.objects.filter(kind=KINDS.BAG_LOST)
    assert difference.words == f"{PURSE}, money of {ONE}, is lost: Not in the safe."
    assert (holder(PURSE), told(PURSE).lost) == ("EX-NORTH", True)
    do.custody.settle(actor=who.center, difference=difference.pk, reason="Found in safe 3")
    assert not told(PURSE).lost
    do.property.end_bags(
        actor=who.north, site="EX-NORTH", tags=[PURSE], outcome="written_off", at=at(-1), paper="Claim 9"
    )
    assert differences(KINDS.BAG_LOST)[1].endswith("is lost: written off, and nobody had reported the loss.")
    with pytest.raises(NotABag):
        do.property.report_loss(actor=who.north, site="EX-NORTH", tag=ONE, words="Not a bag", at=at(-1))


def test_an_audit_freezes_what_it_expects_and_each_bag_that_does_not_fit_is_a_difference(who: People) -> None:
    taken(who.north, purse(), suitcase(), {"tag": COAT, "kind": "valuables"})
    audit = do.property.open_audit(actor=who.north, site="EX-NORTH", what="funds", at=at(-5)).answer.audit
    late = TAGS[60]
    taken(who.north, purse(tag=late), hours=-4)
    given = do.property.submit_audit(
        actor=who.north, audit=audit, tags=[PURSE, CASE, TAGS[61]], at=at(-3)
    ).answer

    assert (given.expected, given.scanned, given.agrees) == (2, 3, False)
    assert (given.missing, given.unexpected) == ([COAT], sorted([CASE, TAGS[61]]))
    assert sorted(differences(KINDS.BAGS_DISAGREE)) == sorted(
        [
            f"{COAT}, small valuables of {ONE}: expected in the audit, and not found.",
            f"{CASE}: found in the audit, and not expected; baggage or large item of {ONE}, which EX-NORTH holds by the record.",
            f"{TAGS[61]}: found in the audit, and not expected; no bag of that tag is in the record.",
        ]
    )
    assert events()[-1] == ("funds_audited", None)
    with pytest.raises(AlreadySettled):
        do.property.submit_audit(actor=who.north, audit=audit, tags=[], at=at(-3))
    with pytest.raises(NotFound):
        do.property.submit_audit(actor=who.south, audit=audit, tags=[], at=at(-3))
    empty = do.property.open_audit(actor=who.south, site="EX-SOUTH", what="baggage", at=at(-5)).answer.audit
    assert do.property.submit_audit(actor=who.south, audit=empty, tags=[], at=at(-3)).answer.agrees
    with pytest.raises(NotFound):
        do.property.submit_audit(actor=who.south, audit=UUID(int=1), tags=[], at=at(-3))


# --- closing, and who reads ---------------------------------------------------------


def test_a_mission_is_not_closed_over_property_of_its_persons(offices: Offices) -> None:
    opened(offices)
    received(offices, 1)
    north = offices.sites.north
    taken(north, purse(), hours=-4)
    taken(north, suitcase(), hours=-3)
    do.property.report_loss(actor=north, site="EX-NORTH", tag=CASE, words="Gone from its shelf", at=at(-3))
    do.custody.release(actor=north, site="EX-NORTH", tags=[ONE], at=at(-2), reason="court_order")

    def held() -> dict[str, list[tuple[str, str]]]:
        ledger.latest_known()
        found = open_items(Mission.objects.get(), at(0))
        return {
            kind: [(item.name, item.words) for item in found.get(kind, [])] for kind in ("person", "property")
        }

    assert held() == {
        "person": [],
        "property": [(tag, "held by EX-NORTH") for tag in sorted([PURSE, CASE])],
    }
    lost = open_items(Mission.objects.get(), at(0))["difference"]
    assert [item.words for item in lost if "is lost" in item.words] == [
        f"EX-NORTH: {CASE}, baggage or large item of {ONE}, is lost: Gone from its shelf"
    ]
    back(north, PURSE)
    do.property.end_bags(
        actor=north, site="EX-NORTH", tags=[CASE], outcome="written_off", at=at(-1), paper="Claim 9"
    )
    assert held() == {"person": [], "property": []}


def test_who_keeps_the_bags_and_oversight_read_what_is_in_them_and_nobody_else(who: People) -> None:
    scope = scope_of(Site.objects.get(pk="EX-NORTH"))
    readers = {}
    for role in ("oversight", "governor", "joc", "counsel", "affairs", "requester", "administrator"):
        user = User.objects.create_user(role)
        Grant.objects.create(user=user, role=role)
        readers[role] = actor_of(user)
    readers |= {"north": who.north, "south": who.south}
    assert {name for name, actor in readers.items() if may(actor, "custody.read_contents", scope)} == {
        "oversight",
        "north",
    }
