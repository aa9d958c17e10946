"""Taking a request in by its pages, without a browser: a document, the guided form, what changed, and what was changed meanwhile."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
import stories
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from test_step_pages import NOW, signed_in

from muster import actions as do
from muster.access.control import actor_of
from muster.access.models import User
from muster.assistance.models import Document, Passage, Request, Version

LETTER = """Subject: Beds for an evacuation shelter
Organization: Example Field Office
Priority: Life Sustaining
Quantity: about 12 people
Description: Registration, bedding and meals
Delivery site: North processing site
Start: soon
"""
HEAD = {"source": "Letter of 20 November", "id": "EX-BEDS-1", "asked": "ZZ-GOVERNOR", "state": "ZZ", "kind": "exercise",
        "agency": "EX-FIELD-OFFICE"}  # fmt: skip
PAGE = "/requests/EX-BEDS-1"


@pytest.fixture
def agency() -> Client:
    stories.demonstration()
    return signed_in("agency")


def words_of(answer: Any) -> str:
    text = re.sub(r"<(?!/?(?:title|mark|option|input|textarea)\b)[^>]*>", " ", answer.content.decode())
    return " ".join(unescape(text).split())


def start(client: Client, **changes: Any) -> Any:
    return client.post("/requests/new/", {"text": LETTER.replace("\n", "\r\n"), **HEAD, **changes})


def actor(name: str) -> Any:
    return actor_of(User.objects.get(username=name))


def save(client: Client, part: str, version: int = 1, **fields: str) -> Any:
    return client.post(f"{PAGE}/fill/{part}/", {"version": str(version), **fields})


# --- the start ----------------------------------------------------------------------


def test_a_letter_becomes_a_draft_whose_fields_are_tied_to_their_passages(agency: Client) -> None:
    answer = start(agency)

    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}/fill/who/")
    row = Request.objects.get(pk="EX-BEDS-1")
    assert (row.state, row.title, row.priority) == (
        "draft",
        "Beds for an evacuation shelter",
        "life_sustaining",
    )
    assert [line.people["kind"] for line in row.lines] == ["about"]
    tied = dict(Passage.objects.values_list("field", "exact"))
    assert tied["priority"] == "Life Sustaining"
    assert tied["lines[1].people"] == "about 12 people"
    page = words_of(agency.get(f"{PAGE}/fill/who/"))
    assert "<mark>Life Sustaining</mark>" in page
    assert "line 1: from: soon : it is not a day such as 2026-03-01." in page


def test_a_file_is_read_like_what_was_pasted(agency: Client) -> None:
    answer = start(agency, text="", file=SimpleUploadedFile("letter.txt", LETTER.encode()))

    assert answer.status_code == 302
    assert Document.objects.get().text == LETTER
    for sent, words in (
        (b"\xff\xfe", "not text in UTF-8"),
        (b"a" * 1_000_001, "larger than 1,000,000 bytes"),
    ):
        refused = start(agency, id="EX-2", file=SimpleUploadedFile("letter.txt", sent))
        assert refused.status_code == 422
        assert words in words_of(refused)


def test_without_a_document_the_request_is_typed(agency: Client) -> None:
    answer = start(agency, text="", source="", title="Beds")

    assert answer["Location"] == f"{PAGE}/fill/who/"
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": ""}, "Say what the document is."),
        ({"asked": ""}, "Choose one."),
        ({"kind": ""}, "Choose one."),
        ({"agency": ""}, "Choose one."),
        ({"id": "a/b"}, "cannot be an id"),
        ({"id": "EX-PROCESSING-1"}, "is in the record already"),
        ({"state": "XX"}, "is not the postal code"),
        ({"agency": "VT-STATE"}, "There is no request"),
        ({"text": "{"}, "cannot be read as TOML or JSON"),
        ({"text": "id = 7"}, "must be text"),
    ],
)
def test_what_is_wrong_at_the_start_is_told_and_what_was_entered_is_kept(
    agency: Client, change: dict[str, str], words: str
) -> None:
    answer = start(agency, **change)

    page = words_of(answer)
    assert 400 <= answer.status_code < 500
    assert words in page
    assert "<title>Error:" in page
    assert ("Life Sustaining" in page) is ("text" not in change)
    assert not Request.objects.filter(pk="EX-BEDS-1").exists()


def test_what_looks_like_it_is_shown_before_anything_is_recorded(agency: Client) -> None:
    start(agency)
    again = {"id": "EX-BEDS-2"}

    looks = start(agency, **again)

    page = words_of(looks)
    assert looks.status_code == 200
    assert "Look first" in page
    assert "(EX-BEDS-1), draft, asked by Example Field Office: the same title" in page
    assert not Request.objects.filter(pk="EX-BEDS-2").exists()
    carried = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', looks.content.decode()))
    answer = agency.post("/requests/new/", {**carried, "text": LETTER})
    assert answer["Location"] == "/requests/EX-BEDS-2/fill/who/"


# --- the guided form ----------------------------------------------------------------


def test_each_part_is_saved_as_a_version_and_the_check_lists_what_is_missing(agency: Client) -> None:
    start(agency)
    missing = words_of(agency.get(f"{PAGE}/fill/check/"))
    assert all(words in missing for words in ("kind of agency", "purpose", "line 1: task category"))

    who = save(agency, "who", requester="Example Field Office", agency_kind="federal_other", form="rrf", verbal="yes",
               **{"requested_by-phone": "555-0100", "paper_due_at": "2026-11-21 08:00-06:00"})  # fmt: skip
    what = save(agency, "what", 2, title="Beds", purpose="Relief", priority="high", cost_estimate_usd="12000",
                exclusions="T13 No arrests.\nT14 No searches.", go="stay")  # fmt: skip
    line = {
        "lines-1-task": "T22",
        "lines-1-words": "Beds",
        "lines-1-people": "up to 20",
        "lines-1-from": "2026-11-21",
    }
    lines = save(
        agency,
        "lines",
        3,
        count="1",
        **line,
        **{"lines-2-task": "T03", "lines-2-words": "Trucks", "lines-2-vehicles": "2"},
    )

    assert [answer["Location"] for answer in (who, what, lines)] == [
        f"{PAGE}/fill/what/", f"{PAGE}/fill/what/", f"{PAGE}/fill/passages/",
    ]  # fmt: skip
    row = Request.objects.get(pk="EX-BEDS-1")
    assert (row.version, row.verbal, [line.task for line in row.lines]) == (4, True, ["T22", "T03"])
    assert row.details == {
        "form": "rrf", "requested_by": {"phone": "555-0100"}, "cost_estimate_usd": 12000,
        "paper_due_at": "2026-11-21T14:00:00+00:00",
    }  # fmt: skip
    assert [e.task for e in row.exclusions] == ["T13", "T14"]
    page = words_of(agency.get(f"{PAGE}/fill/check/"))
    assert "Nothing is missing." in page
    assert (
        "Asked for by the FEMA Resource Request Form (RRF) and not stated name of who asks (I requester name)"
        in page
    )
    assert "line 1: place (II delivery site)" in page
    assert '<option value="T22" selected>' in agency.get(f"{PAGE}/fill/lines/").content.decode()


def test_a_line_is_taken_out_and_nothing_changed_is_said(agency: Client) -> None:
    start(agency)
    save(agency, "lines", count="1", **{"lines-1-words": "Beds", "lines-2-words": "Meals"})

    save(
        agency,
        "lines",
        2,
        count="2",
        **{"lines-1-words": "Beds", "lines-1-out": "yes", "lines-2-words": "Meals"},
    )

    row = Request.objects.get(pk="EX-BEDS-1")
    assert [(line.n, line.words) for line in row.lines] == [(1, "Meals")]
    again = agency.post(
        f"{PAGE}/fill/lines/", {"version": "3", "count": "1", "lines-1-words": "Meals"}, follow=True
    )
    assert "Nothing was changed in this part." in words_of(again)
    assert Version.objects.filter(request=row).count() == 3


@pytest.mark.parametrize(
    ("part", "fields", "name", "words"),
    [
        ("what", {"needed_at": "tomorrow"}, "needed_at", "must be a time with its offset"),
        ("what", {"cost_estimate_usd": "about 9"}, "cost_estimate_usd", "must be a whole number"),
        ("what", {"exclusions": "arrests"}, "exclusions-1-task", "is not a task category"),
        ("who", {"approval-on": "today"}, "approval-on", "must be a day"),
        ("who", {"paper_due_at": "2026-11-21 08:00-06:00"}, "paper_due_at", "waits for no paper"),
        ("lines", {"lines-1-people": "a few"}, "lines-1-people", "is not a quantity"),
        (
            "lines",
            {"lines-1-from": "2026-11-21", "lines-1-to": "2026-11-20"},
            "lines-1-to",
            "before it begins",
        ),
    ],
)
def test_a_fault_in_a_part_stands_at_its_field_and_nothing_is_saved(
    agency: Client, part: str, fields: dict[str, str], name: str, words: str
) -> None:
    start(agency)

    answer = save(agency, part, count="1", title="Beds", **fields)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#{name}"' in page
    assert words in words_of(answer)
    for value in fields.values():
        assert value in page
    assert Version.objects.filter(request="EX-BEDS-1").count() == 1


def test_what_was_changed_meanwhile_is_shown_beside_what_was_entered_and_one_is_chosen(
    agency: Client,
) -> None:
    start(agency)
    save(signed_in("operations"), "what", title="Beds and meals", purpose="The center's words")

    answer = save(agency, "what", title="Beds", purpose="The agency's words", priority="high")

    page = words_of(answer)
    assert answer.status_code == 409
    assert "you read version 1, and it stands at version 2" in page
    assert "purpose The center's words The agency's words" in page
    carried = dict(
        re.findall(r'<textarea name="([\w-]+)" hidden>([^<]*)</textarea>', unescape(answer.content.decode()))
    )
    mine = save(agency, "what", 2, **carried)
    assert mine.status_code == 302
    row = Request.objects.get(pk="EX-BEDS-1")
    assert (row.version, row.purpose) == (3, "The agency's words")
    found = words_of(agency.get(f"{PAGE}/changes/?was=2&now=3"))
    assert "title Beds and meals Beds purpose The center's words The agency's words" in found
    assert "The two say the same." in words_of(agency.get(f"{PAGE}/changes/?was=3&now=3"))
    for bad in ("?was=9", "?was=x", "?now=0"):
        assert agency.get(f"{PAGE}/changes/{bad}").status_code == 404


def test_a_form_that_does_not_say_its_version_is_refused(agency: Client) -> None:
    start(agency)

    for version in ("", "x", "9" * 7):
        answer = agency.post(f"{PAGE}/fill/what/", {"version": version, "title": "Beds"})
        assert (answer.status_code, "which version" in words_of(answer)) == (422, True)


# --- passages -----------------------------------------------------------------------


def test_a_field_is_tied_to_words_that_were_copied_out_of_the_document(agency: Client) -> None:
    start(agency)
    document = Document.objects.get()
    tie = {"document": str(document.pk), "field": "title", "exact": "evacuation shelter"}

    assert agency.post(f"{PAGE}/fill/passages/", tie).status_code == 302

    page = words_of(agency.get(f"{PAGE}/fill/passages/"))
    assert "<mark>evacuation shelter</mark>" in page  # of one field the latest passage counts
    assert "<mark>Beds for" not in page
    for change, words in (
        ({"exact": "an army"}, "does not stand in the document"),
        ({"exact": "e"}, "times in the document"),
        ({"field": ""}, "The request has no field"),
        ({"document": "x"}, "There is no document"),
        ({"document": "999"}, "There is no document"),
    ):
        answer = agency.post(f"{PAGE}/fill/passages/", tie | change)
        assert 400 <= answer.status_code < 500
        assert words in words_of(answer)


def test_a_document_is_attached_later(agency: Client) -> None:
    start(agency, text="", source="", title="Beds")

    assert (
        agency.post(f"{PAGE}/fill/passages/", {"source": "A mail", "text": "Beds, please"}).status_code == 302
    )
    again = agency.post(f"{PAGE}/fill/passages/", {"source": "A mail", "text": "Beds, please"})

    assert (again.status_code, "has this document already" in words_of(again)) == (409, True)
    empty = agency.post(f"{PAGE}/fill/passages/", {"source": "A mail", "text": " "})
    assert "A document has a title" in words_of(empty)


# --- the request's page and the list ------------------------------------------------


def test_the_page_of_a_request_says_what_is_missing_and_how_long_the_paper_takes(agency: Client) -> None:
    start(agency)
    save(agency, "who", verbal="yes", requester="Example Field Office")

    page = words_of(agency.get(f"{PAGE}/"))

    assert "Still missing: kind of agency; purpose; line 1: task category." in page
    assert "Asked by word of mouth; the paper has not come in 0 h." in page
    answer = agency.post(
        f"{PAGE}/paper/", {"reference": "Letter, in the file", "offers_reimbursement": "yes"}, follow=True
    )
    assert "the paper came after 0 h: Letter, in the file. It offers to pay back: yes." in words_of(answer)
    assert agency.get(f"{PAGE}/").content.decode().count("/paper/") == 0


def test_links_are_made_and_undone_on_pages(agency: Client) -> None:
    start(agency)
    to = {"relation": "continues", "to_request": "EX-PROCESSING-1", "words": "The second winter"}

    made = agency.post(f"{PAGE}/link/", to, follow=True)

    assert (
        "This request continues Support to in-processing, State of Example (EX-PROCESSING-1). The second winter"
        in words_of(made)
    )
    assert "(EX-BEDS-1) continues this request" in words_of(agency.get("/requests/EX-PROCESSING-1/"))
    number = Request.objects.get(pk="EX-BEDS-1").links.get().pk
    assert agency.get(f"{PAGE}/links/{number + 1}/undo/").status_code == 404
    undone = agency.post(f"{PAGE}/links/{number}/undo/", {"reason": "Another mission's"}, follow=True)
    assert "is no longer linked so." in words_of(undone)
    assert "continues" not in words_of(agency.get(f"{PAGE}/")).split("Versions")[0]
    both = agency.post(f"{PAGE}/link/", to | {"to_mission": "EX-9"})
    assert "Name the other request, or the mission, and not both." in words_of(both)


def test_a_mission_s_page_names_the_requests_that_are_linked_to_it(agency: Client) -> None:
    start(agency)
    mission = "/missions/EX-PROCESSING-1/"
    assert "Requests linked to this mission" not in words_of(agency.get(mission))

    agency.post(
        f"{PAGE}/link/",
        {"relation": "separate_from", "to_mission": "EX-PROCESSING-1", "words": "Nobody is held there"},
    )

    said = "(EX-BEDS-1) is separate from this mission. Nobody is held there"
    assert said in words_of(agency.get(mission))
    assert said in words_of(signed_in("operations").get(mission))
    assert said not in words_of(signed_in("custodian").get("/missions/EX-FLOOD-1/"))


def test_the_list_says_who_is_waited_for_and_is_searched(agency: Client) -> None:
    start(agency)
    center = signed_in("operations")

    page = words_of(center.get("/requests/"))
    assert "Example Field Office Example Field Office, to submit it draft 0 h" in page
    assert "Governor of the State of Example, to decide it in review" in page
    only = words_of(center.get("/requests/?party=Example+Field+Office"))
    assert "EX" in only
    assert "to decide it in review" not in only
    nothing = words_of(center.get("/requests/?q=zeppelin"))
    assert nothing.count("shown by these filters") == 2
    assert "Clear filters" in nothing
    assert "Beds for an evacuation shelter" in words_of(center.get("/requests/?q=beds-1"))
    assert center.get("/requests/?q=%00").status_code == 200


def test_a_difference_is_settled_on_its_page(agency: Client) -> None:
    operations = actor("operations")
    do.assistance.draft(
        actor=operations, at=NOW,
        request={"id": "EX-BEDS-1", "title": "Beds", "kind": "exercise", "asked": "ZZ-GOVERNOR", "state": "ZZ"},
    )  # fmt: skip
    row = Request.objects.get(pk="EX-BEDS-1")
    one = row.differences.create(
        act=row.act, kind="unreadable", words="'$1.363,200.00' cannot be read without guessing."
    )
    center = signed_in("operations")

    assert "'$1.363,200.00' cannot be read without guessing. Settle" in words_of(center.get(f"{PAGE}/"))
    done = center.post(
        f"{PAGE}/differences/{one.pk}/", {"reason": "A misprint, asked by telephone"}, follow=True
    )
    assert "Settled by operations : A misprint, asked by telephone" in words_of(done).replace(
        "operations:", "operations :"
    )
    assert center.get(f"{PAGE}/differences/{one.pk + 1}/").status_code == 404
    assert signed_in("oversight").get(f"{PAGE}/differences/{one.pk}/").status_code == 403


@pytest.mark.parametrize("part", ["who", "what", "lines", "passages", "check"])
def test_the_form_is_for_those_who_may_amend_and_as_long_as_the_request_stands(
    agency: Client, part: str
) -> None:
    start(agency)
    address = f"{PAGE}/fill/{part}/"

    assert [signed_in(name).get(address).status_code for name in ("agency", "operations", "oversight", "clerk.north")] == [
        200, 200, 403, 404,
    ]  # fmt: skip
    assert Client().get(address).status_code == 302
    assert agency.get(f"{PAGE}/fill/nothing/").status_code == 404
    decided = agency.get(f"/requests/EX-PROCESSING-1/fill/{part}/")
    said = "Lines can be taken out of it, and tasks be left out" in words_of(decided)
    assert (decided.status_code, said) == (200, part in ("who", "what", "lines"))
    do.assistance.withdraw(actor=actor("agency"), request="EX-BEDS-1", at=NOW, code="need_ended")
    ended = agency.get(address)
    assert (ended.status_code, "continues this one" in words_of(ended)) == (409, True)
