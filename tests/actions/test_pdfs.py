"""Requests that come as PDF: the text read page by page, each field tied to its page, the file kept as it came, and what is not read."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
import test_steps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from doors import door
from papers import pdf
from test_steps import Offices, asked

from muster import actions as do
from muster.access.models import User
from muster.assistance.actions import AttachedAlready
from muster.assistance.models import Document, Passage, Request
from muster.assistance.passages import PassageNotFound
from muster.assistance.pdfs import (
    LARGEST_PDF_BYTES,
    MOST_PAGES,
    PdfLocked,
    PdfTooLarge,
    PdfUnreadable,
    PdfWithoutText,
    is_pdf,
    is_text,
    page_at,
    read_pdf,
)
from muster.core.errors import FaultyInput, MusterError
from muster.sources.models import File, Source

offices = test_steps.offices
LETTER = pdf(
    "Subject: Beds for a shelter\nPurpose: Relief of the shelter\n", "", "Priority: high\nPeople: about 12\n"
)


# --- reading ------------------------------------------------------------------------


def test_the_text_is_read_page_by_page() -> None:
    read = read_pdf(LETTER)

    assert (
        read.text
        == "Subject: Beds for a shelter\nPurpose: Relief of the shelter\n\nPriority: high\nPeople: about 12"
    )
    assert [
        page_at(read.page_starts, read.text.index(words))
        for words in ("Subject", "shelter", "Priority", "12")
    ] == [1, 1, 3, 3]
    assert read.empty_pages == (2,)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (pdf("Subject: Beds", password="a secret"), PdfLocked),
        (pdf("", ""), PdfWithoutText),
        (b"%PDF-1.7\nand nothing else", PdfUnreadable),
        (LETTER[: len(LETTER) // 3], PdfUnreadable),
        (pdf(*["Page"] * (MOST_PAGES + 1)), PdfTooLarge),
        (b"%PDF-" + b"x" * LARGEST_PDF_BYTES, PdfTooLarge),
    ],
)
def test_what_cannot_be_read_is_refused_in_plain_words_with_what_to_do(
    content: bytes, refusal: type[MusterError]
) -> None:
    with pytest.raises(refusal, match="Nothing of it was kept"):
        read_pdf(content)


def test_a_pdf_of_the_most_pages_is_read() -> None:
    assert len(read_pdf(pdf(*["Page"] * MOST_PAGES)).page_starts) == MOST_PAGES


def test_kinds_are_told_by_their_first_bytes() -> None:
    assert [is_pdf(content) for content in (LETTER, b"\n" + LETTER, b"Subject: %PDF-less", b"x" * 1024 + LETTER)] == [
        True, True, True, False,
    ]  # fmt: skip
    assert [is_text(content) for content in (b"Subject: Beds", b"PK\x03\x04\x14\x00\x06", b"\x89PNG\r\n\x1a\n\x00\x00")] == [
        True, False, False,
    ]  # fmt: skip


# --- keeping ------------------------------------------------------------------------


def attached(offices: Offices, content: bytes = LETTER, **more: Any) -> Any:
    document = {"title": "Letter of 1 March", "pdf": base64.b64encode(content).decode(), **more}
    return do.assistance.attach(actor=offices.agency, request="EX-PROCESSING-1", document=document).answer


def drafted(offices: Offices) -> None:
    do.assistance.draft(actor=offices.agency, request=asked(), at=test_steps.at(-48))


def test_the_file_is_kept_once_under_its_digest_and_each_field_is_tied_to_its_page(offices: Offices) -> None:
    drafted(offices)

    attached(offices, passages=[{"field": "priority", "exact": "high"}])
    with pytest.raises(AttachedAlready):
        attached(offices)

    document, digest = Document.objects.get(), hashlib.sha256(LETTER).hexdigest()
    assert (document.source and document.source.file_id, bytes(File.objects.get().content)) == (
        digest,
        LETTER,
    )
    assert (Passage.objects.get().page, document.page_starts) == (3, list(read_pdf(LETTER).page_starts))
    assert (Source.objects.get().title, Source.objects.get().publisher) == (
        "Letter of 1 March",
        Request.objects.get().requester,
    )
    do.assistance.tie(
        actor=offices.agency, request="EX-PROCESSING-1", document=document.pk,
        tied=[{"field": "purpose", "exact": "Relief of the shelter"}],
    )  # fmt: skip
    assert Passage.objects.latest("pk").page == 1


def test_a_text_has_no_pages_and_no_file(offices: Offices) -> None:
    drafted(offices)
    do.assistance.attach(
        actor=offices.agency, request="EX-PROCESSING-1",
        document={"title": "Mail", "text": "Priority: high", "passages": [{"field": "priority", "exact": "high"}]},
    )  # fmt: skip

    assert (Document.objects.get().source, Passage.objects.get().page, File.objects.count()) == (
        None,
        None,
        0,
    )


@pytest.mark.parametrize(
    "more", [{"text": "Priority: high"}, {"pdf": "no base64"}, {"pdf": base64.b64encode(b"no PDF").decode()}]
)
def test_a_document_is_a_text_or_a_pdf(offices: Offices, more: dict[str, str]) -> None:
    drafted(offices)

    with pytest.raises(FaultyInput, match="a text, or a PDF in base64, and not both"):
        attached(offices, **more)
    assert not File.objects.exists()


def test_nothing_of_a_pdf_is_kept_where_it_is_refused(offices: Offices) -> None:
    drafted(offices)

    with pytest.raises(PdfLocked):
        attached(offices, pdf("Subject: Beds", password="a secret"))
    with pytest.raises(PassageNotFound):
        attached(offices, passages=[{"field": "priority", "exact": "low"}])
    assert (File.objects.count(), Document.objects.count(), Source.objects.count()) == (0, 0, 0)


# --- through the doors --------------------------------------------------------------


def client(name: str) -> Client:
    made = Client(raise_request_exception=False)
    made.force_login(User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return made


def form(
    content: bytes | None, name: str = "EX-BEDS-1", file: str = "letter.pdf", **more: str
) -> dict[str, Any]:
    fields = {
        "text": "", "source": "Letter of 1 March", "id": name, "title": "", "asked": "ZZ-GOVERNOR", "state": "ZZ",
        "agency": "EX-AGENCY", "kind": "exercise", **more,
    }  # fmt: skip
    return fields if content is None else fields | {"file": SimpleUploadedFile(file, content)}


def test_a_request_is_taken_in_from_a_pdf_and_the_file_is_given_back_to_those_who_may_read_it(
    offices: Offices,
) -> None:
    answer = client("agency").post("/requests/new/", form(LETTER))

    assert (answer.status_code, answer["Location"]) == (302, "/requests/EX-BEDS-1/fill/who/")
    row = Request.objects.get(pk="EX-BEDS-1")
    assert (row.title, row.purpose, row.priority) == ("Beds for a shelter", "Relief of the shelter", "high")
    pages = dict(Passage.objects.filter(request=row).values_list("field", "page"))
    assert pages == {"title": 1, "purpose": 1, "priority": 3, "lines[1].people": 3}
    filled = client("agency").get("/requests/EX-BEDS-1/fill/who/").content.decode()
    assert "No text, so not read: page 2." in filled
    assert "<q>high</q>, page 3" in filled
    file = f"/requests/EX-BEDS-1/documents/{Document.objects.get().pk}/"
    given = client("agency").get(file)
    assert (given.content, given["Content-Type"], given["Content-Disposition"][:10]) == (
        LETTER,
        "application/pdf",
        "attachment",
    )
    assert client("elsewhere").get(file).status_code == 404
    assert client("agency").get("/requests/EX-BEDS-1/documents/999/").status_code == 404
    assert Client().get(file).status_code == 302


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (pdf("Subject: Beds", password="a secret"), "locked with a password"),
        (pdf(""), "it is a scan"),
        (b"PK\x03\x04\x14\x00\x06\x00word", "Of a Word document"),
        (b"%PDF-1.7\nbroken", "is damaged"),
    ],
)
def test_a_file_that_is_not_read_is_told_at_its_field_and_what_was_entered_stays(
    offices: Offices, content: bytes, says: str
) -> None:
    answer = client("agency").post("/requests/new/", form(content))
    page = answer.content.decode()

    assert answer.status_code == 422
    assert says in page[page.index('id="file-error"') :]
    assert "<title>Error: " in page
    assert 'value="EX-BEDS-1"' in page
    assert not Request.objects.exists()


def test_a_pdf_is_asked_for_again_because_a_browser_does_not_keep_it(offices: Offices) -> None:
    refused = client("agency").post("/requests/new/", form(LETTER, name=""))
    assert '<input type="hidden" name="pdf" value="yes">' in refused.content.decode()
    without = client("agency").post("/requests/new/", form(None, pdf="yes"))
    assert "Choose the PDF again" in without.content.decode()
    assert not Request.objects.exists()

    assert client("agency").post("/requests/new/", form(LETTER, pdf="yes")).status_code == 302
    alike = client("agency").post("/requests/new/", form(LETTER, name="EX-BEDS-2"))
    assert "The PDF again" in alike.content.decode()
    beside = client("agency").post("/requests/new/", form(LETTER, name="EX-BEDS-2", beside="yes", pdf="yes"))
    assert (beside.status_code, Document.objects.count(), File.objects.count()) == (302, 2, 1)


def test_a_pdf_is_attached_to_a_request_that_is_there(offices: Offices) -> None:
    drafted(offices)
    page = "/requests/EX-PROCESSING-1/fill/passages/"

    answer = client("agency").post(
        page, {"source": "Letter", "text": "", "file": SimpleUploadedFile("a.pdf", LETTER)}
    )

    assert answer.status_code == 302
    assert Document.objects.get().text == read_pdf(LETTER).text


def test_the_api_takes_a_pdf_and_tells_its_digest_and_pages(offices: Offices, live_url: str) -> None:
    drafted(offices)
    document = {
        "title": "Letter",
        "pdf": base64.b64encode(LETTER).decode(),
        "passages": [{"field": "priority", "exact": "high"}],
    }
    agency = door(live_url, offices.agency.user)

    status, _, told = agency.ask(
        "POST", "/api/v1/acts/assistance/attach", {"request": "EX-PROCESSING-1", "document": document}
    )
    assert status == 200, told
    _, _, told = agency.ask("GET", "/api/v1/requests/EX-PROCESSING-1")
    assert told["documents"][0]["file_sha256"] == hashlib.sha256(LETTER).hexdigest()
    assert told["passages"][0]["page"] == 3
