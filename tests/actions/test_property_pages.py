"""Property at the counter's pages, on the board and on paper: found, taken in, handed back, and told to nobody else."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from people import at
from pypdf import PdfReader
from test_property import CASE, COAT, ONE, PURSE, back, holder, purse, suitcase, taken, told, who

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of, new_token
from muster.access.models import Grant, User
from muster.core.errors import NotFound
from muster.custody.models import Bag, BagAudit, Difference, PropertyReceipt
from muster.custody.rules import AlreadySettled
from muster.ledger.models import Handover, Thing
from muster.ledger.queries import latest_known
from muster.picture.papers import Reach, paper_of, sheet_of

__all__ = ["who"]
BASE = "/counter/EX-NORTH/property/"


def client(name: str) -> Client:
    made = Client()
    made.force_login(User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return made


def sent(by: str, path: str, fields: dict[str, Any]) -> str:
    """What the page says after the form was sent."""
    answer = client(by).post(path, {"key": str(uuid4())} | fields, follow=True)
    return " ".join(HttpResponse.content.fget(answer).decode().split())  # type: ignore[attr-defined]


def seen(by: str, path: str) -> str:
    answer = client(by).get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


def reader(role: str) -> Actor:
    user = User.objects.create_user(role)
    Grant.objects.create(user=user, role=role)
    return actor_of(user)


def bag(tag: str) -> Bag:
    return Bag.objects.select_related("person").get(thing__tag=tag)


def test_a_deposit_of_two_bags_is_taken_in_on_one_form_found_and_stood_for(who: Any) -> None:
    form = {
        "person": ONE, "at": "", "tag-1": PURSE, "kind-1": "money", "seal-1": "S-1", "contents-1": "Brown purse",
        "money-1": "usd 1,040.00\nMXN 20", "tag-2": CASE, "kind-2": "baggage", "contents-2": "", "money-2": "",
    }  # fmt: skip
    wrong = sent("clerk.north", f"{BASE}take-in/", form | {"money-1": "forty"})
    assert "Write one amount a line" in wrong
    assert 'value="S-1"' in wrong  # what was entered is kept
    assert "Choose what kind of property it is." in sent(
        "clerk.north", f"{BASE}take-in/", form | {"kind-2": ""}
    )
    assert not Bag.objects.exists()

    done = sent("clerk.north", f"{BASE}take-in/", form)
    assert (
        f"Receipt 1 of EX-NORTH: {PURSE}, {CASE} taken in. A second person has still to stand for the money in {PURSE}."
        in done
    )
    assert told(PURSE).contents.said == ["USD 1,040.00", "MXN 20", "Brown purse"]  # type: ignore[union-attr]
    for sought in (PURSE.lower().replace("-", ""), ONE, "s-1"):
        assert PURSE in sent("clerk.north", BASE, {"sought": sought})
    assert "No bag that is or was here" in sent("clerk.north", BASE, {"sought": "S-9"})
    person = f"{BASE}persons/{bag(PURSE).person_id}/"
    statement = f"{BASE}statements/{told(PURSE).waits[0].pk}/"
    assert statement not in seen("clerk.north", person)  # who recorded it does not stand for it
    assert statement in seen("clerk.north.two", person)
    assert "USD 1,040.00" in seen("clerk.north.two", statement)
    assert "You recorded this yourself." in sent("clerk.north", statement, {})
    assert f"You stand for {PURSE} as the second person." in sent("clerk.north.two", statement, {})
    lookup = sent("clerk.north", "/counter/EX-NORTH/", {"scan": CASE})
    assert person in lookup


def test_each_receipt_is_verified_by_a_supervisor_other_than_who_issued_it_and_the_property_of_a_site_is_listed_by_the_api(
    who: Any,
) -> None:
    taken = do.property.take_in(
        actor=who.north,
        site="EX-NORTH",
        person=ONE,
        bags_in=[{"tag": CASE, "kind": "baggage"}],
        at=timezone.now(),
    )
    page = f"{BASE}receipts/{taken.answer.receipt}/"
    assert "Receipts that a supervisor has still to verify: 1" in seen("clerk.north", BASE)
    assert page in client("center").get(BASE).content.decode()
    assert page not in client("clerk.north").get(BASE).content.decode()
    assert "You recorded this yourself." in sent("clerk.north", page, {})
    assert client("clerk.south").get(page).status_code == 404

    def listed(name: str) -> Any:
        token = new_token(User.objects.get(username=name))
        answer = Client().get("/api/v1/property/EX-NORTH", headers={"authorization": f"Bearer {token}"})
        return answer.json() if answer.status_code == 200 else answer.status_code

    told = listed("clerk.north")
    assert [(bag["tag"], bag["person"], bag["receipts"]) for bag in told["bags"]] == [(CASE, ONE, [1])]
    assert (told["receipts_to_verify"], listed("clerk.south")) == ([1], 404)

    assert "Receipt 1 is verified." in sent("center", page, {})

    assert "still to verify" not in seen("center", BASE)
    assert listed("clerk.north")["receipts_to_verify"] == []
    with pytest.raises(AlreadySettled):
        do.property.verify_receipt(actor=who.north_too, receipt=taken.answer.receipt)
    with pytest.raises(NotFound):
        do.property.verify_receipt(actor=who.north_too, receipt=uuid4())


def test_the_receipt_of_what_was_taken_in_by_mistake_says_so_and_no_supervisor_has_to_verify_it(
    who: Any,
) -> None:
    done = do.property.take_in(
        actor=who.north, site="EX-NORTH", person=ONE, bags_in=[{"tag": CASE, "kind": "baggage"}], at=timezone.now()
    )  # fmt: skip
    do.undoing.undo(actor=who.north, recorded=done.act)

    text = printed(PropertyReceipt.objects.get())

    assert f"Taken in by mistake, and undone: {CASE}" in text
    assert "still to verify" not in seen("clerk.north", BASE)
    assert "Taken in by mistake, and undone" in seen(
        "clerk.north", f"{BASE}persons/{Thing.objects.get(tag=ONE).pk}/"
    )


def test_what_is_in_a_bag_is_shown_to_those_who_keep_it_and_to_oversight(who: Any) -> None:
    taken(who.north, purse())
    person = f"{BASE}persons/{bag(PURSE).person_id}/"
    reader("oversight")
    reader("counsel")

    for name, reads in (("clerk.north", True), ("oversight", True), ("center", False), ("counsel", False)):
        page = seen(name, person)
        assert ("Brown purse" in page, "USD 40.00" in page) == (reads, reads), name
        assert "Brown purse" not in seen(name, BASE)
    assert client("clerk.south").get(person).status_code == 404
    assert client("counsel").get(f"{BASE}take-in/").status_code == 403
    do.custody.accept(
        actor=who.south, at=at(-1),
        handover=do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[ONE]).answer.handover,
    )  # fmt: skip
    assert "Brown purse" not in seen("clerk.north", person)  # it is kept elsewhere now
    assert "Brown purse" in seen("clerk.south", person.replace("NORTH", "SOUTH"))


def test_seal_place_loss_and_audit_have_their_pages(who: Any) -> None:
    taken(who.north, purse(), suitcase())
    page = f"{BASE}bags/{bag(CASE).pk}"

    assert f"The place of {CASE} is recorded." in sent("clerk.north", f"{page}/place/", {"place": "Rack 2"})
    assert "A second person has still to stand for it." in sent(
        "clerk.north", f"{page}/seal/", {"seal": "S-2", "reason": "Torn"}
    )
    assert (told(CASE).stated.seal, told(CASE).place) == ("S-2", "Rack 2")
    assert "is recorded as lost" in sent("center", f"{page}/lost/", {"words": "Not on the rack"})
    assert client("clerk.north").get(f"{page}/else/").status_code == 404
    opened = sent("clerk.north", f"{BASE}audits/", {"what": "baggage"})
    assert "The audit is open." in opened
    assert CASE not in opened  # what is expected is told once it is in
    audit = f"{BASE}audits/{BagAudit.objects.get().pk}/"
    assert "1 scanned, 1 expected. Each bag that does not fit is a difference." in sent(
        "clerk.north", audit, {"tags": PURSE}
    )
    result = seen("clerk.north", audit)
    assert f">{CASE}</a>, baggage or large item of {ONE}" in result
    assert PURSE in result
    assert "1 missing, 1 not expected" in seen("clerk.north", f"{BASE}audits/")
    assert client("clerk.north").get(f"{BASE}audits/{uuid4()}/").status_code == 404


def test_bags_are_on_the_pages_of_handovers_and_of_releases_and_are_handed_back_by_scan(who: Any) -> None:
    taken(who.north, purse(), suitcase())
    handing = {"receiver": "EX-SOUTH", "tags": ONE}
    stays = sent("clerk.north", "/counter/EX-NORTH/hand-over/", handing | {"bags_stay": "No room"})
    assert "1 person offered to EX-SOUTH" in stays
    assert f"These bags of theirs stay: {', '.join(sorted([PURSE, CASE]))}." in stays
    do.custody.withdraw(actor=who.north, handover=Handover.objects.get().pk)
    goes = sent("clerk.north", "/counter/EX-NORTH/hand-over/", handing)
    assert "1 person and 2 bags offered to EX-SOUTH." in goes
    offer = Handover.objects.get(state="offered").pk
    assert f"{CASE}, a bag" in seen("clerk.south", f"/counter/EX-SOUTH/offers/{offer}/sign/")
    do.custody.withdraw(actor=who.north, handover=offer)

    gone = sent("clerk.north", "/counter/EX-NORTH/release/", {"tags": ONE, "reason": "court_order"})
    assert "1 person released. Property left behind:" in gone
    left = seen("clerk.north", f"{BASE}left-behind/")
    assert "not sent" in left
    assert "can be claimed until" in sent(
        "center", f"{BASE}left-behind/letter/", {"tags": f"{PURSE}\n{CASE}", "paper": "Letter 3"}
    )
    assert "Letter 3" in seen("clerk.north", f"{BASE}left-behind/")
    person = bag(PURSE).person_id
    assert CASE in seen("clerk.north", f"{BASE}hand-back/?person={person}")
    done = sent("clerk.north", f"{BASE}hand-back/", {"person": ONE, "tags": PURSE, "receipt": "Receipt 1"})
    assert (
        f"{PURSE} left the site by the record. A second person has still to stand for the money in {PURSE}."
        in done
    )
    ended = {"tags": CASE, "outcome": "forwarded", "to_organisation": "EX-AGENCY", "paper": "Slip 8"}
    assert f"{CASE} left the site by the record." in sent("clerk.north", f"{BASE}left-behind/end/", ended)
    assert "Nothing is left behind" in seen("clerk.north", f"{BASE}left-behind/")
    assert "Sent after its person, by Slip 8" in seen("clerk.north", f"{BASE}persons/{person}/")
    assert (holder(PURSE), holder(CASE)) == ("outside", "outside:EX-AGENCY")
    assert client("clerk.north").get(f"{BASE}left-behind/else/").status_code == 404


def test_the_board_counts_the_property_that_a_site_holds_beside_its_persons(who: Any) -> None:
    for each, words in ((None, "0 pieces"), (purse(), "1 piece"), (suitcase(), "2 pieces")):
        if each:
            taken(who.north, each)
        board = seen("center", "/board/")
        assert f'/property/">{words} of property<' in board
    assert PURSE not in board


# --- the receipt on paper -----------------------------------------------------------


def printed(receipt: PropertyReceipt, reach: Reach | None = None, **asked: str) -> str:
    """The text of the paper, its white space evened out."""
    latest_known()
    pdf = sheet_of(paper_of("property"), str(receipt.pk), reach or Reach(), **asked).pdf(demonstration=False)
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_the_receipt_says_what_was_taken_in_and_by_whose_acts_and_what_was_handed_back_by_then(
    who: Any,
) -> None:
    answer = taken(who.north, purse(), suitcase())
    taken(who.north, {"tag": COAT, "kind": "clothing"}, hours=-6)
    receipt = PropertyReceipt.objects.get(number=1)
    before = printed(receipt, at="2026-03-01T12:00:00Z")
    for said in (
        "Property receipt 1, Ex-North", "Follows G-589, Property Receipt", "Follows I-77, Baggage Check", "mark S", PURSE, CASE, ONE,
        "USD 40.00; Brown purse", "Blue suitcase, locked", "S-1", "Safe 2", "still to stand for it",
        "Nothing had been handed back by then.",
        "Owner part, serial number", "Receipt 1 of EX-NORTH, as of 06:00 CST, 1 Mar 2026", "as known at act", "Page 1 of",
    ):  # fmt: skip
        assert said.lower() in before.lower(), said
    assert COAT not in before
    assert "clerk.north" not in before  # acts, no names of staff

    do.property.witness_property(actor=who.north_too, statement=answer.waits[PURSE])
    known_at = str(latest_known())
    back(who.north, CASE, receipt="Receipt 1, signed", hours=-1)
    do.property.change_seal(
        actor=who.north, site="EX-NORTH", tag=PURSE, seal="S-5", reason="Counted", at=at(-2)
    )
    after = printed(receipt, at="2026-03-01T12:00:00Z")
    assert "still to stand for it" in after  # of the seal
    assert "Receipt 1, signed" in after
    assert "S-5" in after
    then = printed(receipt, at="2026-03-01T12:00:00Z", known_at=known_at)
    assert "Nothing had been handed back by then." in then
    assert "still to stand for it" not in then


def test_a_receipt_is_for_those_who_read_what_is_in_the_bags_and_says_what_was_disposed_of(who: Any) -> None:
    taken(who.north, purse())
    receipt = PropertyReceipt.objects.get()
    latest_known()

    query = f"at=2026-03-01T12:00:00Z&known_at={latest_known()}"
    page = client("clerk.north").get(f"/papers/property/{receipt.pk}.pdf?{query}")
    token = {"authorization": f"Bearer {new_token(User.objects.get(username='clerk.north'))}"}
    again = Client().get(f"/api/v1/papers/property/{receipt.pk}?{query}", headers=token)
    assert (page.status_code, again.status_code) == (200, 200)
    assert page.content == again.content
    assert b"pdfuaid" in page.content
    for name, status in (("clerk.south", 404), ("center", 403)):
        assert client(name).get(f"/papers/property/{receipt.pk}.pdf").status_code == status
    assert client("clerk.north").get("/papers/property/NOTHING.pdf").status_code == 404
    with pytest.raises(NotFound):
        Reach(who.south).receipt(str(receipt.pk))
    with pytest.raises(NotPermitted):
        Reach(who.center).receipt(str(receipt.pk))
    do.custody.release(actor=who.north, site="EX-NORTH", tags=[ONE], at=at(-2), reason="bond")
    do.disposal.dispose(actor=who.center, tag=ONE, authority="Schedule 1")
    property_page = seen("clerk.north", f"{BASE}persons/{Thing.objects.get(tag=ONE).pk}/")
    assert "What was recorded of its contents was disposed of." in property_page
    assert "disposed of with what else was personal" in printed(receipt)
    assert not Difference.objects.filter(kind="bag_lost").exists()
