"""What a site prints of its work: handovers, trips, arrivals and releases, counts, the log, blank sheets, labels. Told of the exercise."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import UUID

import pytest
import stories
from django.test import Client
from django.utils import timezone
from people import people
from pypdf import PdfReader
from test_checklist_doors import OF_CUSTODY, arrived
from test_deciding import account
from test_papers import check_says, printed, squeezed

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of, new_token
from muster.access.models import User
from muster.cases.models import RecordedEvent
from muster.core.errors import NotFound
from muster.core.tags import TagMisread, parse_tag
from muster.custody.models import Count, PropertyReceipt
from muster.ledger.models import Entry, Handover, Thing
from muster.ledger.queries import latest_known
from muster.picture.papers import PAPERS, Reach, paper_of, sheet_of
from muster.picture.papers.detain import NotForShelters
from muster.picture.papers.handover import NotHandedOver
from muster.picture.papers.labels import NoSuchLabels
from muster.picture.papers.registration import NotAtAShelter
from muster.record.models import Act
from muster.transport.models import Trip

NOW = stories.NOW.isoformat()


@pytest.fixture
def told() -> dict[str, Actor]:
    return stories.told()


def text_of(kind: str, id: object, **asked: str) -> str:
    return printed(kind, str(id), **({"at": NOW} | asked))[0]


def onto_the_bus() -> Handover:
    return Handover.objects.get(receiver__kind="trip")


def test_a_handover_receipt_says_who_gave_whom_to_whom_with_which_bags_and_how_both_signed(
    told: dict[str, Actor],
) -> None:
    row = onto_the_bus()
    text = text_of("handover", row.pk)

    entries = Entry.objects.filter(handover=row)
    check_says(text, *entries.values_list("thing__tag", flat=True))
    check_says(
        text,
        "DD 2708",
        "Persons: 10. Bags: 2.",
        "EX-2201",
        "EX-2202",
        "the giver's signature verifies",
        "the receiver's signature verifies",
    )
    check_says(
        text,
        "Site clerk, North processing site",
        "Custodian of a trip",
        "transfer between sites",
        f"act {row.answered_act.number.number}",
    )
    assert squeezed("clerk.north") not in text


def test_a_handover_receipt_says_who_was_offered_and_did_not_come(told: dict[str, Actor]) -> None:
    row = Handover.objects.get(giver__code="EX-NORTH", receiver__code="EX-SOUTH", state="accepted")
    (missing,) = row.offers.exclude(thing__entries__handover=row).values_list("thing__tag", flat=True)

    text = text_of("handover", row.pk)

    check_says(
        text,
        "Persons: 49.",
        f"Offered and not signed for: {missing}.",
        f"{missing} was offered to EX-SOUTH and did not arrive",
        "open)",
    )


def test_there_is_no_receipt_of_what_nobody_signed_for_by_then(told: dict[str, Actor]) -> None:
    waiting, signed = Handover.objects.get(state="offered"), onto_the_bus()
    earlier = str(signed.answered_act.number.number - 1)

    for id, asked in (
        (waiting.pk, {}),
        (signed.pk, {"known_at": earlier}),
        (signed.pk, {"at": "2026-11-01"}),
    ):
        with pytest.raises(NotHandedOver):
            sheet_of(paper_of("handover"), str(id), Reach(), **asked)


def test_the_manifest_of_a_trip_says_each_person_with_bags_seals_and_both_times(
    told: dict[str, Actor],
) -> None:
    trip = Trip.objects.get()
    text = text_of("i216", trip.pk)
    on_the_way = text_of("i216", trip.pk, at=(stories.NOW - stories.timedelta(hours=13)).isoformat())

    tags = (
        Entry.objects.filter(receiver=trip.holder)
        .filter(thing__kind="person")
        .values_list("thing__tag", flat=True)
    )
    assert len(tags) == 10
    check_says(text, *tags)
    check_says(
        text,
        "I-216",
        "Bus 1",
        "Persons: 10. Bags: 2.",
        "seal EX-2201",
        "15:48 CST",
        "17:48 CST",
        "Time out16:00 CST",
        "Time in17:30 CST",
    )
    check_says(text, "nationality, sex and age: in the agency's system", "the giver's signature verifies")
    check_says(on_the_way, "still aboard", "not off yet", "Time innot recorded")
    assert squeezed("still aboard") not in text
    check_says(text_of("i216", onto_the_bus().pk), "without a trip", *tags)


def test_the_order_of_an_arrival_and_of_a_release_is_printed_as_it_was_received(
    told: dict[str, Actor],
) -> None:
    arrival = Act.objects.filter(name="custody.receive").order_by("number__number").first()
    release = Act.objects.get(name="custody.release")

    came, gone = (text_of("i203", each.number.number) for each in (arrival, release))

    check_says(
        came,
        "I-203",
        "Order to detain, as received",
        "EX-FIELD-OFFICE, outside",
        "Persons: 40.",
        "Exercise log",
    )
    check_says(
        gone,
        "Order to release, as received",
        "court order",
        "Persons: 3.",
        "Site clerk, North processing site",
    )
    for tag in Entry.objects.filter(act=release).values_list("thing__tag", flat=True):
        check_says(gone, tag)
    assert squeezed("Authority to hold seen") not in gone


def test_a_count_sheet_says_what_is_expected_only_once_the_count_is_in(told: dict[str, Actor]) -> None:
    north = told["clerk.north"]
    row = Count.objects.get(site="EX-NORTH")
    before = str(row.counted.act.number.number - 1)

    empty, whole = text_of("count", row.pk, known_at=before), text_of("count", row.pk)

    check_says(empty, "What the record expects is printed only once it is", "H-1", "Dormitory 1")
    assert squeezed("71") not in squeezed(empty.replace(squeezed(str(row.pk)), ""))
    check_says(
        whole,
        "Counted70",
        "Expected by the record71",
        "does not agree",
        "Site clerk, North processing site",
        "Certified: not certified",
    )
    check_says(whole, "Counted again: no", "Explained: no")
    do.counting.explain_count(actor=north, count=row.pk, reason="One was at the sick bay.")
    check_says(text_of("count", row.pk), "Explained: One was at the sick bay.")


# --- to write on, to log, to stick on --------------------------------------------------


def test_a_kit_has_the_lists_of_the_standard_in_force_a_handover_and_a_count_to_write_on(
    told: dict[str, Actor],
) -> None:
    text = text_of("kit", "EX-NORTH")
    before = text_of("kit", "EX-NORTH", at="2026-09-01")

    check_says(
        text,
        "After us.ice.pbnds2011r2016 version",
        *(f"ADM-{n:02}" for n in range(1, 12)),
        *(f"REL-{n:02}" for n in range(1, 5)),
    )
    check_says(
        text,
        "Handover",
        "Changed hands: date and time",
        "Headcount",
        "D-1 Dormitory 1",
        "Counted outside",
        "Write the time at which each",
    )
    check_says(before, "The standard in force has no list of this side.")
    assert "ADM-01" not in before


def test_a_checklist_says_of_each_item_whether_it_was_done_by_then_when_and_by_which_office(
    told: dict[str, Actor],
) -> None:
    person = RecordedEvent.objects.get(site="EX-NORTH", not_done_because="nobody").thing
    text = text_of("checklist", person.tag)
    early = text_of("checklist", person.tag, at=(stories.NOW - stories.timedelta(hours=25.5)).isoformat())

    check_says(
        text,
        "On coming",
        "On leaving",
        *(f"ADM-{n:02}" for n in range(1, 12)),
        "Health staff",
        "Admission desk",
        "Release desk",
    )
    check_says(text, "not done: nobody was there to do it: No list of shelters was at hand")
    assert early.count("openopenopen") > text.count("openopenopen")
    assert "Healthstaff" not in early
    with pytest.raises(NotFound):
        text_of("checklist", person.tag, at="2026-01-01")


@pytest.mark.parametrize(
    ("day", "hours", "there", "not_there"),
    [
        ("2026-11-20", 24, "23:00 CST", "CDT"),
        ("2026-11-01", 25, "01:00 CST", "02:00 CDT"),  # the clocks go back
        ("2026-03-08", 23, "03:00 CDT", "02:00"),  # and forth
    ],
)
def test_a_sheet_of_the_hours_has_a_line_for_each_hour_of_the_local_day(
    told: dict[str, Actor], day: str, hours: int, there: str, not_there: str
) -> None:
    text = (
        text_of("hourly", "EX-NORTH", at=day)
        .split(squeezed("Recorded: act"))[1]
        .split(squeezed("Record each"))[0]
    )

    assert len(re.findall(r"\d\d:00C[SD]T", text)) == hours
    check_says(text, there)
    assert squeezed(not_there) not in text


def test_a_log_is_drafted_from_what_was_recorded_and_names_offices_and_tags_alone(
    told: dict[str, Actor],
) -> None:
    text = text_of("log", "EX-NORTH", begins="2026-11-19", ends="2026-11-20")
    morning = text_of("log", "EX-NORTH")

    check_says(
        text, "ICS 214", "DA 1594", "40 persons (", "and 34 more) from EX-FIELD-OFFICE, outside to North processing site (EX-NORTH).",
        "Formal count opened, by number.", "Formal count: 70 counted, 71 expected; does not agree with the record.",
        "Trip EX-PROCESSING-1-BUS-1: departed, 10 aboard.", "2 bags (", "The intake medical screen was done: 114.",
        "A difference opened: the count and the record disagree.", "Corrected: 1 person (", "Site clerk, North processing site", "Initials",
    )  # fmt: skip
    check_says(morning, "3 persons (", "Prepared by: name, grade or position")
    assert squeezed("Formal count opened") not in morning
    assert squeezed("Black purse") not in text
    assert squeezed("clerk.north") not in text
    times = re.findall(r"(\d\d:\d\d)CST,(19|20)Nov2026", text.split("Activity")[1].split("Draftedfrom")[0])
    assert times == sorted(times, key=lambda each: (each[1], each[0]))


def test_the_log_of_a_task_has_its_trips_and_who_was_seen_there(told: dict[str, Actor]) -> None:
    begins = (stories.NOW - stories.timedelta(days=3)).isoformat()

    check_says(text_of("log", "EX-PROCESSING-1-T1", begins=begins), "11 members seen at work.")
    trips = text_of("log", "EX-PROCESSING-1-T3", begins=begins)
    check_says(trips, "departed, 10 aboard", "arrived, 10 aboard", "10 persons (")
    assert squeezed("seen at work") not in trips
    check_says(text_of("log", "EX-PROCESSING-1-T1"), "Nothing was recorded of this time.")


def labels(name: str, **asked: str) -> tuple[list[str], PdfReader, bytes]:
    _, reader, pdf = printed("labels", name, **({"at": NOW} | asked))
    text = "".join(page.extract_text() for page in reader.pages)
    return re.findall(r"[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]\b", text.replace("EX-", "")), reader, pdf


def test_fresh_labels_are_tags_that_nobody_has_the_same_for_one_moment_and_others_for_another(
    told: dict[str, Actor],
) -> None:
    fresh, reader, pdf = labels("EX-NORTH:33")
    other, _, _ = labels("EX-NORTH:33", at="2026-11-20T12:00:01Z")

    assert len(fresh) == len(set(fresh)) == 33
    assert [parse_tag(tag) for tag in fresh] == fresh
    assert not Thing.objects.filter(tag__in=fresh).exists()
    assert len(reader.pages) == 2
    assert labels("EX-NORTH:33")[2] == pdf
    assert not {*fresh} & {*other}
    for page in reader.pages:
        assert "EXERCISE" in page.extract_text()
    described = [each.get("/Alt") for each in tagged(reader)]
    assert [each for each in described if each] == [f"QR code of {tag}" for tag in fresh]


def tagged(reader: PdfReader) -> list[Any]:
    """Every element of a paper's structure, in its order."""
    found, todo = [], [reader.trailer["/Root"]["/StructTreeRoot"]]
    while todo:
        each = todo.pop(0).get_object()
        if isinstance(each, dict):
            found.append(each)
            kids = each.get("/K", [])
            todo = [*(kids if isinstance(kids, list) else [kids]), *todo]
    return found


def test_labels_of_chosen_tags_are_those_and_what_is_no_number_and_no_tag_is_refused(
    told: dict[str, Actor],
) -> None:
    chosen = list(Thing.objects.filter(kind="person").values_list("tag", flat=True)[:2])

    assert labels(f"EX-NORTH:{','.join(chosen).lower()}")[0] == chosen
    for name in (
        "EX-NORTH",
        "EX-NORTH:0",
        "EX-NORTH:301",
        "EX-NORTH:abc",
        "EX-NORTH:" + ",".join(["222-222-2"] * 301),
    ):
        with pytest.raises(NoSuchLabels):
            labels(name)
    with pytest.raises(TagMisread):
        labels("EX-NORTH:222-222-3")
    with pytest.raises(NotFound):
        labels("NOWHERE:3")


# --- at each door -------------------------------------------------------------------

ELSEWHERE = {
    "order",
    "slip",
    "ics204",
    "ics211",
    "ics221",
    "brief",
    "reimbursement",
    "worksheet",
    "rrf",
    "ics213rr",
    "req-a",
    "registration",  # of a shelter, below
}


def given() -> UUID:
    """The giving of the own record of somebody who has bags, was moved, corrected and released."""
    tag = Entry.objects.filter(act__name="custody.release").first().thing.tag
    clerk = actor_of(User.objects.get(username="clerk.north"))
    return do.contesting.give_record(actor=clerk, tag=tag, asked_by="person").answer.record


def every() -> dict[str, str]:
    """The id of a record of which there is each paper of a site."""
    of: dict[str, object] = {
        "record": given(),
        "checklist": Entry.objects.filter(act__name="custody.release").first().thing.tag,
        "kit": "EX-NORTH", "hourly": "EX-NORTH", "log": "EX-NORTH", "labels": "EX-NORTH:3",
        "handover": onto_the_bus().pk, "i216": Trip.objects.get().pk, "count": Count.objects.first().pk,
        "i203": Act.objects.get(name="custody.release").number.number, "property": PropertyReceipt.objects.first().pk,
    }  # fmt: skip
    assert of.keys() == PAPERS.keys() - ELSEWHERE
    return {kind: str(id) for kind, id in of.items()}


def test_every_paper_of_a_site_is_tagged_marked_numbered_and_the_same_at_each_door(
    told: dict[str, Actor],
) -> None:
    user = User.objects.get(username="clerk.north")
    page, api = Client(), Client(headers={"authorization": f"Bearer {new_token(user)}"})
    page.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    of, known = every(), latest_known()
    query = f"at={NOW.replace('+00:00', 'Z')}&known_at={known}"
    for kind, id in of.items():
        there, again = (
            page.get(f"/papers/{kind}/{id}.pdf?{query}"),
            api.get(f"/api/v1/papers/{kind}/{id}?{query}"),
        )

        assert (there.status_code, again.status_code) == (200, 200)
        assert there.content == again.content
        assert b"pdfuaid" in again.content
        reader = PdfReader(io.BytesIO(again.content))
        for n, sheet in enumerate(reader.pages, start=1):
            said = sheet.extract_text()
            assert f"Page {n} of {len(reader.pages)}" in said
            assert f"as known at act {known}" in said
            assert "EXERCISE" in said
            assert "clerk.north" not in said


def test_every_paper_of_a_site_is_not_there_for_those_who_may_not_read_its_record(
    told: dict[str, Actor],
) -> None:
    stranger = Reach(told["elsewhere"])
    for kind, id in every().items():
        for name in (id, "NONE"):
            with pytest.raises(NotFound):
                sheet_of(paper_of(kind), name, stranger)


def test_the_pages_of_a_site_lead_to_their_papers(told: dict[str, Actor]) -> None:
    page = Client()
    page.force_login(
        User.objects.get(username="clerk.north"), backend="django.contrib.auth.backends.ModelBackend"
    )
    of = every()
    thing = Entry.objects.filter(handover=onto_the_bus()).filter(thing__kind="person").first().thing_id
    gone = Entry.objects.filter(act__name="custody.release").first()

    history = page.get(f"/things/{thing}/").content.decode()
    assert f"/papers/handover/{of['handover']}.pdf" in history
    assert f"/papers/i216/{of['handover']}.pdf" in history
    assert f"/papers/i203/{of['i203']}.pdf" in page.get(f"/things/{gone.thing_id}/").content.decode()
    assert f"/papers/i216/{of['i216']}.pdf" in page.get(f"/trips/{of['i216']}/").content.decode()
    assert (
        f"/papers/count/{of['count']}.pdf"
        in page.get(f"/counter/EX-NORTH/headcount/{of['count']}/").content.decode()
    )
    checklist = page.get(f"/counter/EX-NORTH/checklists/{gone.thing_id}/out/").content.decode()
    assert f"/papers/checklist/{of['checklist']}.pdf" in checklist
    papers = page.get("/counter/EX-NORTH/papers/").content.decode()
    for kind in ("kit", "hourly", "log"):
        assert f"/papers/{kind}/EX-NORTH.pdf" in papers
    for kind in ("handover", "i203"):
        assert f"/papers/{kind}/{of[kind]}.pdf" in papers
    assert "/counter/EX-NORTH/papers/" in page.get("/counter/EX-NORTH/").content.decode()
    assert (
        page.post("/counter/EX-NORTH/papers/", {"fresh": "12", "tags": ""})["Location"]
        == "/papers/labels/EX-NORTH:12.pdf"
    )
    chosen = page.post("/counter/EX-NORTH/papers/", {"fresh": "12", "tags": "222-222-2"})
    assert chosen["Location"] == "/papers/labels/EX-NORTH:222-222-2.pdf"
    refused = page.post("/counter/EX-NORTH/papers/", {"fresh": "999", "tags": ""})
    assert refused.status_code == 422
    assert "at most 300 at once" in refused.content.decode()


# --- shelters -----------------------------------------------------------------------


def test_a_shelter_prints_a_registration_with_the_household_and_no_paper_of_it_has_a_word_of_custody() -> (
    None
):
    who = people()
    first, second, third = arrived(who, "general.shelter")
    do.grouping.state_group(
        actor=who.north,
        site="EX-NORTH",
        kind="keep_with",
        tags=[first.tag, second.tag],
        authority="The household",
    )
    do.custody.release(actor=who.north, site="EX-NORTH", tags=[second.tag], at=timezone.now(), reason="left")
    do.counting.open_count(actor=who.north, site="EX-NORTH", at=timezone.now())
    now = (timezone.now() + stories.timedelta(minutes=1)).isoformat()

    text = text_of("registration", first.tag, at=now)

    check_says(
        text,
        f"Registration: {first.tag}",
        "Household2 in all",
        first.tag,
        second.tag,
        "is here",
        "I am free to leave at any time",
    )
    assert squeezed(third.tag) not in text
    act = Act.objects.get(name="custody.release").number.number
    with pytest.raises(NotForShelters):
        text_of("i203", act)
    for kind, id in (
        ("kit", "EX-NORTH"),
        ("hourly", "EX-NORTH"),
        ("log", "EX-NORTH"),
        ("registration", first.tag),
        ("count", Count.objects.get().pk),
    ):
        said = " ".join(page.extract_text() for page in printed(kind, str(id), at=now)[1].pages).lower()
        assert [word for word in OF_CUSTODY if word in said] == [], kind
    page = Client()
    page.force_login(
        User.objects.get(username="clerk.north"), backend="django.contrib.auth.backends.ModelBackend"
    )
    shown = page.get("/counter/EX-NORTH/papers/").content.decode()
    assert "Print registration" in shown
    assert [word for word in OF_CUSTODY if word in shown.lower()] == []
    sent = page.post("/counter/EX-NORTH/papers/", {"resident": first.tag.lower()})
    assert sent["Location"] == f"/papers/registration/{first.tag}.pdf"
    assert page.get(sent["Location"]).status_code == 200
    with pytest.raises(NotPermitted):  # who is kept together is for those who house them
        sheet_of(paper_of("registration"), first.tag, Reach(account("oversight", "oversight")))


def test_a_registration_is_of_a_resident_of_a_shelter_alone(told: dict[str, Actor]) -> None:
    with pytest.raises(NotAtAShelter):
        text_of("registration", Thing.objects.filter(kind="person").first().tag)
