"""A template and its data become a PDF."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, data: Mapping[str, Any], *, as_of: datetime) -> bytes:
    """Give a template filled with `data` as a PDF after PDF/UA-1: tagged, with title and language.

    `data` reaches the template as JSON and is never markup. `as_of` is the document's date, so that the same input
    gives the same bytes; the clock is not asked.
    """
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
