"""Cases: there with the stay, kept by somebody, passed on to whoever accepts; notes that nobody searches; appointments; proven notices."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import test_steps
from django.utils import timezone
from people import TAGS, People, at, people
from test_clock_record import clocks_of, standard
from test_steps import Offices, opened, received

from muster import actions as do
from muster.access.control import Actor, NotPermitted
from muster.cases.actions import ByWhom, UnknownEvent, UnknownPersons
from muster.cases.casework import (
    KeptAlready,
    NewTimeNeeded,
    NoProof,
    NotACaseWorker,
    NotANotice,
    NotKeptHere,
    NotTheReceiver,
    OnlyThatItWasDone,
    SameKeeper,
    TransferWaits,
    WhyNeeded,
    text_of,
)
from muster.cases.models import Appointment, CaseNote, CaseNoteShown, NoticeSent, RecordedEvent
from muster.cases.packs import load_standards
from muster.cases.rules import NOTICES
from muster.cases.stays import Case, cases_of
from muster.cases.worklist import worklist
from muster.core.errors import FaultyInput, NotFound
from muster.core.times import NotHappenedYet
from muster.custody.personal import Disposed
from muster.custody.rules import AlreadySettled, UnknownReason
from muster.ledger.models import Thing
from muster.missions.closing import open_items
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.record.models import Act, Answer

offices = test_steps.offices
ONE, TWO, THREE = sorted(TAGS[:3])
SHA = hashlib.sha256(b"an order").hexdigest()


@pytest.fixture
def who() -> People:
    made = people()
    do.custody.receive(actor=made.north, site="EX-NORTH", tags=[ONE, TWO, THREE], at=at(-8))
    return made


def case(tag: str, number: int | None = None) -> Case:
    thing = Thing.objects.get(tag=tag)
    return cases_of([thing], number=number)[thing.pk]


def keeper(tag: str) -> str:
    kept = case(tag).keeper
    return f"{kept.worker} of {kept.site_id}" if kept else ""


def assign(who: People, *tags: str, worker: str = "clerk.north") -> Any:
    return do.casework.assign_worker(actor=who.north, site="EX-NORTH", tags=list(tags), worker=worker).answer


def offered(who: People, tag: str = ONE, **more: Any) -> UUID:
    given = {"to_site": "EX-SOUTH", "reason": "The person goes there"} | more
    answer = do.casework.offer_case(actor=who.north, site="EX-NORTH", tags=[tag], **given).answer
    found: UUID = answer.transfers[tag]
    return found


def moved_south(who: People, tag: str) -> None:
    offer = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[tag]).answer
    do.custody.accept(actor=who.south, handover=offer.handover, at=at(-2))


def missing(site: str = "EX-NORTH", hours: float = 0, worker: str = "") -> dict[str, list[str]]:
    found = worklist(Site.objects.get(pk=site), now=at(hours), worker=worker)
    return {
        kind: [f"{','.join(thing.tag for thing in line.persons)}: {line.words}" for line in lines]
        for kind, lines in found.lines.items()
    }


# --- the case and who keeps it ------------------------------------------------------


def test_a_case_is_there_with_the_stay_and_a_person_who_comes_again_has_a_new_one(who: People) -> None:
    assign(who, ONE)
    do.casework.write_note(actor=who.north, site="EX-NORTH", tag=ONE, text="First stay")
    assert (case(ONE).stay.number, case(ONE).stay.began_at, case(ONE).stay.ended_at) == (1, at(-8), None)

    do.custody.release(actor=who.north, site="EX-NORTH", tags=[ONE], at=at(-3), reason="bond")
    assert case(ONE).stay.ended_at == at(-3)
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[ONE], at=timezone.now())

    assert case(ONE).stay.number == 2
    assert keeper(ONE) == ""
    assert len(case(ONE, 1).notes) == 1
    assert case(ONE).notes == []
    assert case(TWO).stays == 1


def test_cases_of_a_whole_bus_are_kept_by_one_worker_and_are_then_transferred_and_not_assigned(
    who: People,
) -> None:
    assert assign(who, ONE, TWO).tags == [ONE, TWO]
    with pytest.raises(KeptAlready, match=r"clerk\.north of EX-NORTH"):
        assign(who, TWO, THREE)
    for worker in ("clerk.south", "nobody"):
        with pytest.raises(NotACaseWorker):
            assign(who, THREE, worker=worker)
    with pytest.raises(UnknownPersons):
        assign(who, TAGS[90])
    with pytest.raises(NotFound):
        do.casework.assign_worker(actor=who.south, site="EX-SOUTH", tags=[THREE], worker="clerk.south")

    assert [keeper(tag) for tag in (ONE, TWO, THREE)] == [
        "clerk.north of EX-NORTH",
        "clerk.north of EX-NORTH",
        "",
    ]


def test_who_keeps_a_case_keeps_it_until_somebody_at_the_other_site_accepts(who: People) -> None:
    with pytest.raises(NotKeptHere):
        offered(who)
    assign(who, ONE)
    transfer = offered(who)
    with pytest.raises(TransferWaits):
        offered(who)
    assert keeper(ONE) == "clerk.north of EX-NORTH"
    moved_south(who, ONE)  # the person moves, and the case does not
    assert keeper(ONE) == "clerk.north of EX-NORTH"
    with pytest.raises(NotFound):
        do.casework.accept_case(actor=who.north, transfer=transfer)

    answer = do.casework.accept_case(actor=who.south, transfer=transfer).answer

    assert (answer.keeper, keeper(ONE)) == ("clerk.south of EX-SOUTH", "clerk.south of EX-SOUTH")
    with pytest.raises(AlreadySettled):
        do.casework.accept_case(actor=who.south, transfer=transfer)


def test_a_case_that_is_refused_or_withdrawn_stays_where_it_was(who: People) -> None:
    assign(who, ONE)
    refused = do.casework.refuse_case(actor=who.south, transfer=offered(who), reason="No worker here").answer
    withdrawn = do.casework.withdraw_case(actor=who.north, transfer=offered(who), reason="Not needed").answer

    assert [refused.answer, withdrawn.answer] == ["refused", "withdrawn"]
    assert refused.keeper == withdrawn.keeper == keeper(ONE) == "clerk.north of EX-NORTH"
    with pytest.raises(NotFound):
        do.casework.refuse_case(actor=who.south, transfer=uuid4(), reason="None")


def test_a_transfer_to_one_worker_is_for_that_worker_alone(who: People) -> None:
    assign(who, ONE)
    for same in ({"to_worker": "clerk.north"}, {"to_worker": ""}):
        with pytest.raises(SameKeeper):
            offered(who, to_site="", **same)
    transfer = offered(who, to_site="", to_worker="clerk.north.two")
    for wrong in (who.north, who.center):
        with pytest.raises(NotTheReceiver, match=r"clerk\.north\.two"):
            do.casework.accept_case(actor=wrong, transfer=transfer)

    do.casework.accept_case(actor=who.north_too, transfer=transfer)

    assert keeper(ONE) == "clerk.north.two of EX-NORTH"
    own = do.casework.offer_case(
        actor=who.center, site="EX-NORTH", tags=[ONE], to_site="EX-SOUTH", reason="The person goes there"
    ).answer.transfers[ONE]
    with pytest.raises(NotTheReceiver, match="somebody else of EX-SOUTH"):
        do.casework.accept_case(actor=who.center, transfer=own)  # nobody gives to themselves
    with pytest.raises(NotFound):
        offered(who, to_site="EX-NOWHERE")


def test_a_merged_record_takes_its_case_along(who: People) -> None:
    do.custody.release(actor=who.north, site="EX-NORTH", tags=[ONE], at=at(-7.5), reason="bond")
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TAGS[9]], at=at(-7))
    do.casework.add_document(
        actor=who.north,
        site="EX-NORTH",
        tag=TAGS[9],
        kind="court",
        title="Order",
        dated=date(2026, 2, 1),
        sha256=SHA,
    )
    do.casework.write_note(actor=who.north, site="EX-NORTH", tag=TAGS[9], text="Said before")
    do.merging.merge(actor=who.center, survivor=ONE, duplicate=TAGS[9], reason="One person")

    assert [each.sha256 for each in case(ONE).documents] == [SHA]
    shown = do.casework.show_notes(actor=who.north, site="EX-NORTH", tag=TAGS[9]).answer
    assert (shown.tag, len(shown.notes)) == (ONE, 1)


# --- notes --------------------------------------------------------------------------


def test_a_note_rests_as_ciphertext_is_corrected_by_a_later_one_and_showing_it_is_recorded(
    who: People,
) -> None:
    text = "Asks for a telephone call to the sister"
    first = do.casework.write_note(actor=who.north, site="EX-NORTH", tag=ONE, text=text).answer.note
    second = do.casework.write_note(
        actor=who.north_too, site="EX-NORTH", tag=ONE, text="To the brother", corrects=first
    ).answer.note
    with pytest.raises(AlreadySettled):
        do.casework.write_note(
            actor=who.north, site="EX-NORTH", tag=ONE, text="No, the mother", corrects=first
        )
    with pytest.raises(NotFound):
        do.casework.write_note(actor=who.north, site="EX-NORTH", tag=TWO, text="Other", corrects=second)

    done = do.casework.show_notes(actor=who.north, site="EX-NORTH", tag=ONE)

    assert [(each.note, each.corrects) for each in done.answer.notes] == [(first, None), (second, first)]
    assert [text_of(note) for note in CaseNote.objects.order_by("act__number__number")] == [
        text,
        "To the brother",
    ]
    told = do.find("cases.show_notes").answers.dump_python(done.answer, mode="json", context={"door": "act"})
    assert [each["text"] for each in told["notes"]] == [text, "To the brother"]
    assert list(CaseNoteShown.objects.values_list("note", flat=True)) == [first, second]
    kept = [
        *Answer.objects.values_list("body", flat=True),
        *CaseNote.objects.values_list("sealed", flat=True),
    ]
    assert not any("sister" in str(bytes(each) if isinstance(each, memoryview) else each) for each in kept)
    with pytest.raises(FaultyInput):
        do.casework.write_note(actor=who.north, site="EX-NORTH", tag=ONE, text="  ")


def test_what_is_disposed_of_takes_the_notes_with_it(who: People) -> None:
    do.casework.write_note(actor=who.north, site="EX-NORTH", tag=ONE, text="Afraid of dogs")
    do.casework.write_note(actor=who.north, site="EX-NORTH", tag=TWO, text="Speaks K'iche'")
    written = Act.objects.filter(name="cases.write_note", refused_code="").order_by("recorded_at")

    do.disposal.dispose(actor=who.center, tag=ONE, authority="Schedule EX-7")

    assert text_of(CaseNote.objects.get(thing__tag=ONE)) is None
    assert text_of(CaseNote.objects.get(thing__tag=TWO)) == "Speaks K'iche'"
    with pytest.raises(Disposed):
        do.casework.show_notes(actor=who.north, site="EX-NORTH", tag=ONE)
    with pytest.raises(Disposed):
        do.casework.write_note(actor=who.north, site="EX-NORTH", tag=ONE, text="More")
    assert [act.answer.salt is None for act in written] == [True, False]  # nobody can guess what was sent


# --- documents and appointments -----------------------------------------------------


def test_a_document_is_kept_by_its_hash_and_once(who: People) -> None:
    given = {
        "tag": ONE,
        "kind": "court",
        "title": "Order of the court",
        "dated": date(2026, 2, 20),
        "sha256": SHA.upper(),
    }
    do.casework.add_document(actor=who.north, site="EX-NORTH", **given)

    (row,) = case(ONE).documents
    assert (row.sha256, row.title, row.dated) == (SHA, "Order of the court", date(2026, 2, 20))
    with pytest.raises(AlreadySettled):
        do.casework.add_document(actor=who.north, site="EX-NORTH", **given)
    for wrong in ({"sha256": "12"}, {"title": " "}, {"kind": "passport"}):
        with pytest.raises(FaultyInput):
            do.casework.add_document(actor=who.north, site="EX-NORTH", **(given | wrong))


def appointment(who: People, hours: float, tag: str = ONE, **more: Any) -> UUID:
    given = {"kind": "court", "place": "County court, room 2"} | more
    answer = do.casework.make_appointment(
        actor=who.north, site="EX-NORTH", tags=[tag], at=at(hours), **given
    ).answer
    found: UUID = answer.appointments[tag]
    return found


def ended(who: People, which: UUID, outcome: str, **more: Any) -> Any:
    return do.casework.end_appointment(actor=who.north, appointment=which, outcome=outcome, **more).answer


def test_one_that_is_moved_gives_a_new_appointment_that_names_the_old(who: People) -> None:
    first = appointment(who, -4)
    for wrong in ({}, {"reason": "Judge ill"}):
        with pytest.raises((WhyNeeded, NewTimeNeeded)):
            ended(who, first, "moved", **wrong)
    with pytest.raises(NewTimeNeeded):
        ended(who, first, "kept", to_at=at(3))

    moved = ended(who, first, "moved", reason="Judge ill", to_at=at(3))

    row = Appointment.objects.get(pk=moved.moved_to)
    assert (row.at, row.place, row.kind, row.moved_from_id) == (at(3), "County court, room 2", "court", first)
    assert [each.pk for each in case(ONE).appointments] == [first, row.pk]
    with pytest.raises(AlreadySettled):
        ended(who, first, "kept")
    with pytest.raises(NotFound):
        ended(who, uuid4(), "kept")


def test_what_is_still_to_come_is_neither_kept_nor_missed_and_all_but_kept_say_why(who: People) -> None:
    to_come, past = appointment(who, 24 * 3650), appointment(who, -1, kind="medical")
    for outcome in ("kept", "missed"):
        with pytest.raises(NotHappenedYet):
            ended(who, to_come, outcome, reason="Not yet")
    for outcome in ("missed", "cancelled"):
        with pytest.raises(WhyNeeded):
            ended(who, past, outcome)

    assert ended(who, to_come, "cancelled", reason="The case is closed").outcome == "cancelled"
    assert ended(who, past, "kept").outcome == "kept"


# --- notices ------------------------------------------------------------------------


def notice(actor: Actor, event: str, hours: float, tags: list[str], **more: Any) -> Any:
    given = {
        "site": "EX-NORTH",
        "by": "Case desk",
        "to_office": "Counsel of record",
        "how": "fax",
        "reference": "FAX-17",
    } | more
    return do.casework.send_notice(actor=actor, event=event, at=at(hours), tags=tags, **given).answer


def test_a_notice_with_its_proof_stops_the_clock_by_which_it_was_owed(who: People) -> None:
    standard(who)
    do.cases.record_event(
        actor=who.north, site="EX-NORTH", event="representative_on_file", tags=[ONE], at=at(-7)
    )
    moved_south(who, ONE)
    assert clocks_of(ONE, hours=0)["EX-NORTH", "TRF-01"].state == "running"

    answer = notice(who.north, "counsel_told", -1, [ONE], sha256=SHA)

    assert answer.notice == "counsel"
    assert clocks_of(ONE, hours=0)["EX-NORTH", "TRF-01"].state == "met"
    sent = NoticeSent.objects.select_related("event").get()
    assert (sent.to_office, sent.how, sent.reference, sent.sha256) == (
        "Counsel of record",
        "fax",
        "FAX-17",
        SHA,
    )
    assert (sent.event.proof, sent.event.by) == ("by fax FAX-17", "Case desk")
    assert [each.pk for each in case(ONE).notices] == [sent.pk]


def test_a_notice_that_went_out_too_late_is_a_breach(who: People) -> None:
    standard(who)
    do.cases.record_event(actor=who.north, site="EX-NORTH", event="minor_found", tags=[ONE], at=at(-60))
    answer = notice(who.north, "hhs_notified", -1, [ONE], to_office="HHS intake", how="portal")
    assert (answer.notice, len(answer.breaches)) == ("hhs", 1)


def test_a_notice_needs_proof_an_office_and_a_rule_that_asks_for_it(who: People) -> None:
    standard(who)
    refused: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (NoProof, "counsel_told", {"reference": ""}),
        (ByWhom, "counsel_told", {"by": " "}),
        (ByWhom, "counsel_told", {"to_office": ""}),
        (NotANotice, "medical_screened", {}),
        (UnknownEvent, "tea_served", {}),
        (UnknownReason, "counsel_told", {"how": "pigeon"}),
        (FaultyInput, "counsel_told", {"sha256": "12"}),
        (OnlyThatItWasDone, "consular_steps_done", {}),
        (
            OnlyThatItWasDone,
            "consular_steps_done",
            {"how": "agency_system", "reference": "", "to_office": "A consulate"},
        ),
    ]
    for error, event, more in refused:
        with pytest.raises(error):
            notice(who.north, event, -1, [ONE], **more)
    assert not RecordedEvent.objects.filter(thing__tag=ONE).exists()

    notice(who.north, "consular_steps_done", -1, [ONE], how="agency_system", reference="", to_office="")
    assert (
        NoticeSent.objects.get().to_office == NOTICES["consulate"]
    )  # that it was done, and nothing of which state


def test_every_notice_of_the_packs_is_stopped_by_an_event_of_persons() -> None:
    packs = load_standards()
    rules = [rule for pack in packs.by_id.values() for rule in pack.rules.values() if rule.notice]

    assert {rule.id for rule in rules} == {
        "CLK-05", "CLK-13", "ADM-11", "MED-09", "MED-09A", "MED-09B", "MED-09C", "MED-09I", "CNT-08", "TRF-01", "TRF-03A",
        "HOLD-02NY-CALL", "HOLD-02IL-LOCATOR", "SHL-08",
    }  # fmt: skip
    assert {rule.notice for rule in rules} == set(NOTICES)
    assert {packs.events[name].about for rule in rules for name in rule.timing.stop_on} == {"person"}


# --- what is missing ----------------------------------------------------------------


def test_what_is_missing_is_told_by_site_and_by_worker_and_goes_as_it_is_done(who: People) -> None:
    standard(who)
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TAGS[9]], at=at(-30))
    assert missing()["keeper"] == [f"{TAGS[9]}: no worker", f"{ONE},{TWO},{THREE}: no worker"]  # by bus
    assign(who, ONE, TWO, THREE)
    assign(who, TAGS[9], worker="clerk.north.two")
    court = appointment(who, -1)
    appointment(who, 5, tag=TWO)
    do.cases.record_event(actor=who.north, site="EX-NORTH", event="free_call_made", tags=[TWO], at=at(-2))
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TAGS[8]], at=at(-31))
    do.incidents.report_incident(
        actor=who.north, site="EX-NORTH", kind="absconded", tags=[TAGS[8]], at=at(-3), words="Gone", reported_by="Desk"
    )  # fmt: skip
    do.incidents.report_incident(
        actor=who.north, site="EX-NORTH", kind="injury", tags=[THREE], at=at(-1), words="Fell on the stairs", reported_by="Desk"
    )  # fmt: skip
    offered(who, TWO)

    found = missing()

    assert "keeper" not in found
    assert found["transfer"] == [f"{TWO}: offered by EX-NORTH to EX-SOUTH: The person goes there"]
    assert (
        f"{ONE},{THREE}: Free call on arrival (TRF-03A), to family or whomever the person calls"
        in found["notice"]
    )
    assert found["proof"] == [f"{TWO}: A free call was given on arrival; nothing says how"]
    assert found["appointment"] == [f"{ONE}: court, County court, room 2"]
    assert (
        f"{TAGS[8]}: Escape or missing (CNT-08), to the agency" in found["notice"]
    )  # of somebody who is gone
    waits = f"{TAGS[8]}: absconded, incident 1 of EX-NORTH: a supervisor has to stand for it"
    assert found["incident"] == [waits, f"{THREE}: injury, incident 2 of EX-NORTH"]
    (checks,) = found["check"]
    assert checks.startswith(f"{TAGS[9]}: ")
    assert "Medical screen" in checks
    assert set(missing(worker="clerk.north.two")) == {"notice", "check"}
    assert set(missing(worker="clerk.north")) == {"transfer", "notice", "proof", "appointment", "incident"}
    assert missing("EX-SOUTH")["transfer"] == found["transfer"]

    ended(who, court, "kept")
    notice(
        who.north,
        "free_call_made",
        -2,
        [ONE, TWO, THREE],
        how="call",
        to_office="The person",
        reference="Call log 4",
    )
    after = missing()
    assert not {"appointment", "proof"} & set(after)
    assert not any("TRF-03A" in line and ONE in line for line in after["notice"])


def test_a_person_whose_case_another_site_keeps_is_told_until_it_is_offered(who: People) -> None:
    assign(who, ONE)
    moved_south(who, ONE)

    assert missing("EX-SOUTH")["keeper"] == [
        f"{ONE}: kept by clerk.north of EX-NORTH, and not offered to this site"
    ]
    transfer = offered(who)
    assert "keeper" not in missing("EX-SOUTH")
    do.casework.accept_case(actor=who.south, transfer=transfer)
    assert missing("EX-SOUTH") == {}


def test_a_case_keeps_no_mission_open(offices: Offices) -> None:
    opened(offices)
    one, *others = received(offices)
    north = offices.sites.north
    do.casework.assign_worker(actor=north, site="EX-NORTH", tags=[one], worker="clerk.north")
    do.casework.offer_case(
        actor=north, site="EX-NORTH", tags=[one], to_site="EX-SOUTH", reason="The person goes there"
    )
    do.casework.make_appointment(
        actor=north, site="EX-NORTH", tags=[one], at=at(3), kind="court", place="County court"
    )
    before = open_items(Mission.objects.get(), at(5))
    assert len(before["person"]) == len(others) + 1

    do.custody.release(actor=north, site="EX-NORTH", tags=[one, *others], at=at(-1), reason="bond")

    assert set(open_items(Mission.objects.get(), at(5))) == set(before) - {"person"}


def test_cases_are_for_the_people_of_the_site(who: People) -> None:
    with pytest.raises(NotFound):
        do.casework.write_note(actor=who.south, site="EX-NORTH", tag=ONE, text="What")
    with pytest.raises(NotFound):
        do.casework.write_note(actor=who.south, site="EX-SOUTH", tag=ONE, text="What")  # never was there
    assert not CaseNote.objects.exists()
    assert NotPermitted.code == "access.not_permitted"
