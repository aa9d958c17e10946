"""A sheet as a PDF: every kind of block, and text that the fonts have no sign for."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import qrcode
import typst
from pypdf import PdfReader

from muster.documents.codes import qr_svg
from muster.documents.forms import ICS_211, RRF
from muster.documents.rendering import render
from muster.documents.sheets import (
    NOT_RECORDED,
    Bar,
    Sheet,
    bars,
    blanks,
    facts,
    fields,
    heading,
    items,
    lined,
    table,
    words,
)

SHEET = Sheet(
    title="A paper", about="", standing="EX-1, as known at act 7", as_of=datetime(2026, 3, 1, tzinfo=UTC), exercise=False, blocks=()
)  # fmt: skip


def text_of(*blocks: dict[str, object], sheet: Sheet = SHEET) -> str:
    pdf = replace(sheet, blocks=blocks).pdf(demonstration=False)
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_each_kind_of_block_is_printed_and_what_is_not_recorded_says_so() -> None:
    bar = Bar(
        name="People",
        share=140,
        peak_share=150,
        used="14",
        peak="15",
        allowed="10",
        says="over the limit",
        sentence="Ten.",
    )

    said = text_of(
        heading("Part"), words("A sentence."), facts(("Why", None)), fields(("Place", ""), ("Count", 0)),
        items(["first", "second"], columns=2),
        items([], none="Empty list."), table(["One"], [[None]], widths=[1]), table(["Two"], [], widths=[1], none="Empty table."),
        bars([bar]), bars([], none="No limit."), blanks("Signature"),
    )  # fmt: skip

    for each in ("Part", "Asentence.", "Why:notrecorded", "Placenotrecorded", "Count0", "first", "second", "Emptylist.", "Onenotrecorded",
                 "Emptytable.", "140%then,150%atmost:overthelimit141510Ten.", "Nolimit.", "Signature", "EX-1,asknownatact7"):  # fmt: skip
        assert each in said


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Straße, naïve, Ελλάδα, Київ", "Straße,naïve,Ελλάδα,Київ"),
        ("It’s “so” — really", "It’s“so”—really"),
        ("日本", "[U+65E5][U+672C]"),
        ("boats \U0001f6a3 out", "boats[U+1F6A3]out"),
        ("bell\x07 é", "bell[U+0007]é"),
        ("x" * 300, "x" * 300),
    ],
)
def test_what_the_fonts_have_no_sign_for_is_printed_as_its_code(text: str, printed: str) -> None:
    assert printed in text_of(words(text))
    assert printed in text_of(table(["Cell"], [[text]], widths=[1]))
    assert printed in text_of(sheet=replace(SHEET, about=text))


def test_a_text_in_many_scripts_is_printed_all_the_same() -> None:
    text = "".join(chr(code) for code in range(0x4E00, 0x9F00, 97))

    assert text_of(words(text)).count("[U+") == len(text)


def test_a_place_where_a_line_may_break_is_read_as_no_part_of_a_sign() -> None:
    long = "01a219bb-7cf7-71c5-9006-aaaa66-6"

    text = text_of(words(long), table(["Id"], [[long]], widths=[1]), words("06:26"))

    assert "06:26" in text
    assert text.replace("\u200b", "").count(long) == 2


def test_a_cell_to_write_in_is_empty_and_a_tag_is_not_broken() -> None:
    text = text_of(
        lined(["Area", "Persons"], [["Dormitory 1", ""]], widths=[1, 1]),
        words("At the end of a long line of words " * 2 + "222-24F-6"),
    )

    assert "AreaPersonsDormitory1" in text
    assert NOT_RECORDED.replace(" ", "") not in text
    assert "222-24F-6" in text


def test_a_template_at_fault_is_our_own_mistake() -> None:
    with pytest.raises(typst.TypstError):
        render("sheet", {"title": "It lacks the rest"}, as_of=SHEET.as_of)


def test_a_form_says_its_edition_how_well_it_is_known_and_its_number_where_it_has_one() -> None:
    assert "general knowledge: check the current edition" in ICS_211.said
    assert "OMB" not in ICS_211.said
    assert "OMB 1660-0047, expires not recorded." in RRF.said
    assert "".join(RRF.said.split()) in text_of(sheet=replace(SHEET, form=RRF))


def test_a_code_is_drawn_as_its_modules_are_with_room_around_it() -> None:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data("222-24F-6")
    code.make(fit=True)

    drawn = qr_svg("222-24F-6")

    rows = code.get_matrix()
    dark = {(x, y) for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark}
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", drawn)
    assert {(int(x) + each, int(y)) for x, y, length, _ in runs for each in range(int(length))} == dark
    assert all(length == back for _, _, length, back in runs)
    assert f'viewBox="0 0 {len(rows)} {len(rows)}"' in drawn
    assert len(rows) == 21 + 2 * 4  # version 1: a tag needs no larger one
