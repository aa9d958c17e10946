"""The text of a PDF, page by page. Plain Python with pypdf; nothing of the file is run, and what has no text is not guessed at."""

from __future__ import annotations

import io
import logging
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from muster.core.errors import MusterError

LARGEST_PDF_BYTES = 4_000_000
MOST_PAGES = 100
MEDIA_TYPE = "application/pdf"
NO_TEXT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]"
)  # what no text holds, and PostgreSQL does not take
logging.getLogger("pypdf").setLevel(logging.ERROR)  # its warnings quote the file


class KindNotTaken(MusterError):
    """The file is of a kind that is not read."""

    code = "assistance.kind_not_taken"

    def __init__(self) -> None:
        super().__init__(
            "This kind of file is not read: it is no PDF, no text in UTF-8 and no request file. Of a Word document or a "
            "spreadsheet, save it as PDF or as text first; of a picture, type the request."
        )


class PdfTooLarge(MusterError):
    """The file has more bytes or more pages than are read."""

    code = "assistance.pdf_too_large"

    def __init__(self, *, what: str, most: str) -> None:
        super().__init__(
            f"The PDF has {what}; at most {most} are taken. Nothing of it was kept. Save the pages that are meant as a "
            "file of their own."
        )


class PdfLocked(MusterError):
    """The file opens with a password only."""

    code = "assistance.pdf_locked"

    def __init__(self) -> None:
        super().__init__(
            "The PDF is locked with a password, so it cannot be read here. Nothing of it was kept. Ask who sent it for a "
            "file without one, or open it and print it into a new PDF."
        )


class PdfWithoutText(MusterError):
    """The file shows pictures of pages, and no text."""

    code = "assistance.pdf_without_text"

    def __init__(self, *, pages: int) -> None:
        self.pages = pages
        super().__init__(
            f"The PDF has {pages} page{'s' if pages != 1 else ''} and no text: it is a scan. Nothing of it was kept. Have its "
            "text recognised (most scanners can), ask who sent it for the file itself, or paste what it says."
        )


class PdfUnreadable(MusterError):
    """The file is damaged, or no PDF though it begins like one."""

    code = "assistance.pdf_unreadable"

    def __init__(self) -> None:
        super().__init__(
            "The PDF is damaged and cannot be read. Nothing of it was kept. Open it and save it anew, or ask who sent it for "
            "another copy."
        )


@dataclass(frozen=True)
class PdfText:
    """All text of a PDF, and where in it each page begins. A page without text begins where the next one does."""

    text: str
    page_starts: tuple[int, ...]

    @property
    def empty_pages(self) -> tuple[int, ...]:
        """The pages that have no text, counted from 1: pictures, or blank."""
        return empty_pages(self.text, self.page_starts)


def is_pdf(content: bytes) -> bool:
    """Whether a file begins as a PDF does. Source: ISO 32000-1:2008, 7.5.2; readers look through the first 1,024 bytes."""
    return b"%PDF-" in content[:1024]


def is_text(content: bytes) -> bool:
    """Whether a file can be text in UTF-8: Word documents, spreadsheets and pictures hold NUL bytes from their start on."""
    return b"\0" not in content[:1024]


def read_pdf(content: bytes) -> PdfText:
    """The text of a PDF. Raises PdfTooLarge, PdfLocked, PdfWithoutText, PdfUnreadable."""
    if len(content) > LARGEST_PDF_BYTES:
        raise PdfTooLarge(what=f"more than {LARGEST_PDF_BYTES:,} bytes", most=f"{LARGEST_PDF_BYTES:,} bytes")
    try:
        pages = _pages(content)
    except MusterError:
        raise
    except Exception:  # a stranger's file can break its reader in any way
        raise PdfUnreadable() from None
    if not any(pages):
        raise PdfWithoutText(pages=len(pages))
    return _joined(pages)


def _pages(content: bytes) -> list[str]:
    from pypdf import PasswordType, PdfReader  # here, so that no command waits for it that reads no PDF

    reader = PdfReader(io.BytesIO(content))
    # Without a password it opens for everybody where only printing or copying is restricted.
    if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
        raise PdfLocked()
    count = len(reader.pages)
    if count > MOST_PAGES:
        raise PdfTooLarge(what=f"{count:,} pages", most=f"{MOST_PAGES} pages")
    return [
        NO_TEXT.sub("", page.extract_text().replace("\r\n", "\n").replace("\r", "\n")).strip()
        for page in reader.pages
    ]


def _joined(pages: Sequence[str]) -> PdfText:
    """The pages with an empty line between them, so that what is said on one does not run on into the next."""
    starts, text = list[int](), ""
    for page in pages:
        if text and page:
            text += "\n\n"
        starts.append(len(text))
        text += page
    return PdfText(text, tuple(starts))


def page_at(page_starts: Sequence[int], position: int) -> int:
    """The page, counted from 1, on which a position of the text stands."""
    return bisect_right(page_starts, position)


def empty_pages(text: str, page_starts: Sequence[int]) -> tuple[int, ...]:
    """The pages that have no text, counted from 1."""
    ends = [*page_starts[1:], len(text)]
    return tuple(
        n
        for n, (start, end) in enumerate(zip(page_starts, ends, strict=True), 1)
        if not text[start:end].strip()
    )
