"""What a site prints of its work: handovers, trips, arrivals and releases, counts, the log, blank sheets, labels. Told of the exercise."""

from __future__ import annotations

import io
from uuid import UUID

import pytest
import stories
from django.test import Client
from pypdf import PdfReader
from test_papers import check_says, printed, squeezed

from muster import actions as do
from muster.access.control import Actor, actor_of, new_token
from muster.access.models import User
from muster.core.errors import NotFound
from muster.custody.models import Count, PropertyReceipt
from muster.ledger.models import Entry, Handover
from muster.ledger.queries import latest_known
from muster.picture.papers import PAPERS, Reach, paper_of, sheet_of
from muster.picture.papers.handover import NotHandedOver
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
}


def given() -> UUID:
    """The giving of the own record of somebody who has bags, was moved, corrected and released."""
    tag = Entry.objects.filter(act__name="custody.release").first().thing.tag
    clerk = actor_of(User.objects.get(username="clerk.north"))
    return do.contesting.give_record(actor=clerk, tag=tag, asked_by="person").answer.record


def every() -> dict[str, str]:
    """The id of a record of which there is each paper of a site."""
    of: dict[str, object] = {
        "record": given(), "handover": onto_the_bus().pk, "i216": Trip.objects.get().pk, "count": Count.objects.first().pk,
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
    known = latest_known()
    query = f"at={NOW.replace('+00:00', 'Z')}&known_at={known}"
    for kind, id in every().items():
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
