"""The case of a stay and what is missing, on pages and through the API: masked notes, one link to each thing to do, nobody else's."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from people import at
from test_casework import ONE, THREE, TWO, assign, case, moved_south, offered, who
from test_clock_record import standard
from test_incident_pages import api
from test_property_pages import client, reader, seen, sent

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.cases.models import Appointment, CaseNoteShown, CaseTransfer, NoticeSent
from muster.ledger.models import Thing
from muster.record.models import Answer

__all__ = ["who"]
SITE = "/counter/EX-NORTH/"


def page_of(tag: str) -> str:
    return f"{SITE}cases/{Thing.objects.get(tag=tag).pk}/"


def links(page: str) -> list[str]:
    main = page[page.index("<main") : page.index("</main>")]
    return [part.split('"')[0].replace("&amp;", "&") for part in main.split('href="')[1:]]


def test_each_line_of_what_is_missing_leads_to_the_one_thing_to_do(who: Any) -> None:
    standard(who)
    first = seen("clerk.north", f"{SITE}missing/")
    (to_assign,) = [link for link in links(first) if "/assign/" in link]
    form = seen("clerk.north", to_assign)
    assert f"{ONE} {TWO} {THREE}" in form  # the bus, one tag a line

    assert "clerk.north keeps 3 cases." in sent(
        "clerk.north", to_assign, {"tags": f"{ONE}\n{TWO}\n{THREE}", "worker": "clerk.north"}
    )

    page = seen("clerk.north", f"{SITE}missing/?worker=clerk.north")
    assert "Nobody here keeps the case" not in page
    call = next(link for link in links(page) if "event=free_call_made" in link)
    assert f"{ONE} {TWO} {THREE}" in seen("clerk.north", call)
    fields = {
        "event": "free_call_made",
        "tags": f"{ONE}\n{TWO}",
        "to_office": "The person",
        "how": "call",
        "by": "Desk",
        "at": "",
        "sha256": "",
    }
    refused = sent("clerk.north", call, fields | {"reference": ""})
    assert "give the reference under which it went" in refused
    assert "Recorded for 2, to family or whomever the person calls" in sent(
        "clerk.north", call, fields | {"reference": "Log 4"}
    )
    assert NoticeSent.objects.count() == 2
    assert "Log 4" in seen("clerk.north", page_of(ONE))


def test_the_case_says_first_what_is_missing_and_shows_notes_only_to_whom_it_records(who: Any) -> None:
    assign(who, ONE)
    page = page_of(ONE)
    assert "The note is kept." in sent(
        "clerk.north", f"{page}note/", {"text": "Asks for the sister", "corrects": ""}
    )
    note = case(ONE).notes[0].pk
    assert "The note is kept." in sent(
        "clerk.north", f"{page}note/", {"text": "Asks for the brother", "corrects": str(note)}
    )
    assert "The appointment is recorded." in sent(
        "clerk.north",
        f"{page}appointment/",
        {"kind": "court", "at": "2026-02-28 09:00", "place": "County court"},
    )

    shown = seen("clerk.north", page)

    assert shown.index("Appointments without outcome") < shown.index("<h2>Worker</h2>")
    assert "sister" not in shown
    assert "sister" not in seen("clerk.north", f"{page}notes/")
    assert not CaseNoteShown.objects.exists()
    told = sent("clerk.north", f"{page}notes/", {})
    assert "Asks for the sister" in told
    assert "Asks for the brother" in told
    assert "A later note stands in its place." in told
    assert CaseNoteShown.objects.count() == 2
    assert "Asks for the sister" not in seen("clerk.north", f"/things/{Thing.objects.get(tag=ONE).pk}/")
    for role, status in (("oversight", 200), ("counsel", 200), ("affairs", 403)):
        reader(role)
        assert client(role).get(page).status_code == status, role
        assert client(role).get(f"{page}notes/").status_code == 403, role
    assert client("clerk.south").get(page).status_code == 404
    assert client("clerk.north").get(f"{SITE}cases/{uuid4()}/").status_code == 404
    assert client("clerk.north").get(f"{page}else/").status_code == 404
    do.disposal.dispose(actor=who.center, tag=ONE, authority="Schedule EX-7")
    assert "the notes with it" in seen("clerk.north", page)
    assert "was disposed of" in sent("clerk.north", f"{page}notes/", {})


def test_a_document_is_hashed_as_it_comes_in_and_its_file_is_not_kept(who: Any) -> None:
    path = f"{page_of(ONE)}document/"
    fields = {"kind": "court", "title": "Order to appear", "dated": "2026-02-20", "sha256": ""}

    assert "Choose the file, or give its SHA-256." in sent("clerk.north", path, fields)
    done = sent("clerk.north", path, fields | {"file": SimpleUploadedFile("order.pdf", b"an order")})

    assert "in the case by its hash" in done
    assert hashlib.sha256(b"an order").hexdigest() in done
    assert "is in the case" in sent(
        "clerk.north", path, fields | {"sha256": hashlib.sha256(b"an order").hexdigest()}
    )
    assert "sha256" in sent("clerk.north", path, fields | {"sha256": "12"})


def test_a_case_goes_to_the_other_site_by_its_pages(who: Any) -> None:
    assign(who, ONE)
    moved_south(who, ONE)
    page = page_of(ONE)
    assert "It is offered, and kept here still." in sent(
        "clerk.north",
        f"{page}offer/",
        {"to_site": "EX-SOUTH", "to_worker": "", "reason": "The person is there"},
    )
    row = CaseTransfer.objects.get()
    south = "/counter/EX-SOUTH/"
    accept = next(link for link in links(seen("clerk.south", f"{south}missing/")) if "/transfers/" in link)
    assert accept == f"{south}transfers/{row.pk}/accept/"
    assert f"{SITE}transfers/{row.pk}/withdraw/" in links(seen("clerk.north", f"{SITE}missing/"))

    assert f"Accepted. The case of {ONE} is kept by clerk.south of EX-SOUTH." in sent(
        "clerk.south", accept, {}
    )

    assert "settled already" in sent("clerk.south", accept, {})
    assert "Kept by <strong>clerk.south</strong>" in seen("clerk.north", page)  # it held the person
    assign(who, TWO)
    for verb, by in (("refuse", "clerk.south"), ("withdraw", "clerk.north")):
        transfer = offered(who, TWO)
        base = south if verb == "refuse" else SITE
        assert f"The case of {TWO} is kept by clerk.north" in sent(
            by, f"{base}transfers/{transfer}/{verb}/", {"reason": "Not now"}
        )
    assert client("clerk.north").get(f"{SITE}transfers/{row.pk}/else/").status_code == 404


def test_what_came_of_an_appointment_is_recorded_where_it_is_missing(who: Any) -> None:
    assign(who, ONE)
    do.casework.make_appointment(
        actor=who.north, site="EX-NORTH", tags=[ONE], kind="medical", at=at(-2), place="Clinic"
    )
    link = next(link for link in links(seen("clerk.north", f"{SITE}missing/")) if "/appointments/" in link)

    assert "Say why it was missed" in sent(
        "clerk.north", link, {"outcome": "missed", "reason": "", "to_at": "", "to_place": ""}
    )
    done = sent(
        "clerk.north",
        link,
        {"outcome": "moved", "reason": "No escort", "to_at": "2026-12-20 09:00", "to_place": ""},
    )

    assert "Recorded as moved." in done
    assert "moved from" in done
    assert Appointment.objects.count() == 2
    assert client("clerk.south").get(link.replace("NORTH", "SOUTH")).status_code == 404


def test_a_shelter_reads_no_word_of_custody_in_its_cases(who: Any) -> None:
    standard(who, "general.shelter")
    paths = [
        f"{SITE}missing/",
        page_of(ONE),
        f"{page_of(ONE)}appointment/",
        f"{SITE}cases/notice/",
        f"{SITE}cases/assign/",
    ]
    for path in paths:
        page = seen("clerk.north", path)
        main = page[page.index("<main") : page.index("</main>")].lower()
        for word in ("custody", "court", "consul", "detain", "in-processing", "released", "held ", "hhs"):
            assert word not in main, (path, word)


def test_what_is_missing_is_read_through_the_api_by_those_who_read_cases(who: Any) -> None:
    assign(who, ONE)
    answer = api("clerk.north", "/api/v1/missing/EX-NORTH")
    assert (answer["persons"], answer["workers"]) == (3, {"clerk.north": 1})
    assert [(each["kind"], each["persons"]) for each in answer["missing"]] == [("keeper", [TWO, THREE])]
    assert api("clerk.north", f"/api/v1/missing/EX-NORTH?worker={quote('clerk.north')}")["missing"] == []
    reader("affairs")
    with pytest.raises(AssertionError, match="not_permitted"):
        api("affairs", "/api/v1/missing/EX-NORTH")
    told = api("clerk.north", f"/api/v1/cases/EX-NORTH/{ONE}")
    assert (told["person"], told["stay"], told["worker"], told["notes"]) == (ONE, 1, "clerk.north", 0)


def test_notes_are_shown_through_the_api_and_rest_nowhere_in_the_answer_that_is_kept(who: Any) -> None:
    do.casework.write_note(actor=who.north, site="EX-NORTH", tag=ONE, text="Asks for the sister")
    token = new_token(User.objects.get(username="clerk.north"))

    answer = client("clerk.north").post(
        "/api/v1/acts/cases/show_notes", json.dumps({"site": "EX-NORTH", "tag": ONE}), "application/json",
        headers={"Authorization": f"Bearer {token}"},
    ).json()  # fmt: skip

    assert [note["text"] for note in answer["answer"]["notes"]] == ["Asks for the sister"]
    assert "sister" not in str(list(Answer.objects.values_list("body", flat=True)))
