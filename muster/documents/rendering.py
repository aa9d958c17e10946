"""A template and its data become a PDF."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import typst

TEMPLATES = Path(__file__).parent / "templates"
LACKING = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


def render(template: str, data: Mapping[str, Any], *, as_of: datetime) -> bytes:
    """Give a template filled with `data` as a PDF after PDF/UA-1: tagged, with title and language.

    `data` reaches the template as JSON and is never markup. `as_of` is the document's date, so that the same input
    gives the same bytes; the clock is not asked. What the fonts have no sign for is printed as its code, such as `[U+65E5]`:
    PDF/UA-1 takes no text without one.
    """
    told: Any = data
    while True:
        try:
            return _compiled(template, told, as_of)
        except typst.TypstError as fault:
            lacks = _lacked(str(fault))
            if not lacks:
                raise
            told = _in_each(told, partial(_spelled_out, lacks=lacks))


def _compiled(template: str, data: Any, as_of: datetime) -> bytes:
    pdf = typst.compile(
        str(TEMPLATES / f"{template}.typ"),
        root=str(TEMPLATES),
        font_paths=[],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=int(as_of.timestamp()),
    )
    assert isinstance(pdf, bytes)  # one PDF, and not a list of pictures
    return pdf


def _lacked(fault: str) -> set[range]:
    """The signs that the fonts lack, by what the compiler says, each with those that are lacking along with it."""
    said = (ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) for text in LACKING.findall(fault))
    return {_alike(ord(sign)) for text in said for sign in text if not " " <= sign <= "~"}


def _alike(code: int) -> range:
    """A script's signs are lacking together, so that a page in it takes few tries; of Latin, Greek, Cyrillic and symbols one by one."""
    if code < 0x530 or 0x2000 <= code < 0x3000:
        return range(code, code + 1)
    size = 0x80 if code < 0x2000 else 0x1000
    return range(code // size * size, code // size * size + size)


def _spelled_out(text: str, lacks: set[range]) -> str:
    return "".join(
        f"[U+{ord(sign):04X}]" if any(ord(sign) in each for each in lacks) else sign for sign in text
    )


def _in_each(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed."""
    match value:
        case str():
            return change(value)
        case Mapping():
            return {name: _in_each(inner, change) for name, inner in value.items()}
        case list() | tuple():
            return [_in_each(inner, change) for inner in value]
        case _:
            return value
