"""What a paper consists of before it is set: a heading, the form that it follows, blocks of a few kinds, and what stands below each page.

Everything is words already. What the record does not have is printed as *not recorded*. Plain Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from muster.core.times import local
from muster.documents.forms import Form
from muster.documents.rendering import render

NOT_RECORDED = "not recorded"
EXERCISE, DEMONSTRATION = "EXERCISE EXERCISE EXERCISE", "DEMONSTRATION"

Said = str | int | None
Block = dict[str, Any]  # `kind`, and what a block of that kind has; the template knows each


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One paper. `standing` is of what, as of when and as known at which act it stands; `as_of` is its date for the file.

    `form` None: it follows none. `landscape`: wide, for many columns. `template`: of labels another than that of all papers.
    """

    title: str
    about: str
    standing: str
    as_of: datetime
    exercise: bool
    blocks: tuple[Block, ...]
    form: Form | None = None
    landscape: bool = False
    template: str = "sheet"

    def pdf(self, *, demonstration: bool) -> bytes:
        """The paper as a PDF; the same sheet gives the same bytes."""
        marks = [EXERCISE] * self.exercise + [DEMONSTRATION] * demonstration
        data = {
            "title": self.title, "about": self.about, "standing": self.standing, "marks": marks, "blocks": self.blocks,
            "form": self.form.said if self.form else "", "landscape": self.landscape,
        }  # fmt: skip
        return render(self.template, data, as_of=self.as_of)


def said(value: Said) -> str:
    """The value in words; *not recorded* for None and for nothing said."""
    return NOT_RECORDED if value is None or value == "" else str(value)


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """A moment as people in the zone read it."""
    return NOT_RECORDED if at is None else local(at, zone)


def heading(words: str, *, level: int = 2) -> Block:
    """A heading; level 3 stands below level 2."""
    return {"kind": "heading", "level": level, "words": words}


def new_page() -> Block:
    """What follows begins on a new page."""
    return {"kind": "new_page"}


def words(text: str, *, strong: bool = False) -> Block:
    """A paragraph."""
    return {"kind": "words", "words": text, "strong": strong}


def fields(*rows: tuple[str, Said], columns: int = 2) -> Block:
    """Boxes of a form, each with the name of its field and what is said there, so many beside one another."""
    return {"kind": "fields", "rows": [[name, said(value)] for name, value in rows], "columns": columns}


def facts(*rows: tuple[str, Said]) -> Block:
    """Lines of *name: what is said*."""
    return {"kind": "facts", "rows": [[name, said(value)] for name, value in rows]}


def items(each: Iterable[str], *, none: str = "", columns: int = 1) -> Block:
    """A list, in so many columns; where it is empty, the sentence `none`."""
    return {"kind": "items", "items": list(each), "none": none, "columns": columns}


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Said]], *, widths: Sequence[int], none: str = ""
) -> Block:
    """A table whose columns share the page in proportion to `widths`; where it has no rows, the sentence `none`."""
    told = [[said(cell) for cell in row] for row in rows]
    assert all(len(row) == len(columns) == len(widths) for row in [columns, *told])
    return {"kind": "table", "columns": list(columns), "rows": told, "widths": list(widths), "none": none}


def lined(columns: Sequence[str], rows: Iterable[Sequence[str]], *, widths: Sequence[int]) -> Block:
    """The same with room to write: an empty cell stays empty, and every row is as high as a hand needs."""
    told = [list(row) for row in rows]
    assert all(len(row) == len(columns) == len(widths) for row in [columns, *told])
    return {"kind": "lined", "columns": list(columns), "rows": told, "widths": list(widths)}


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One limit: what is used of it and at most from then on, in per cent and in numbers, and the decision's sentence."""

    name: str
    share: int
    peak_share: int
    used: str
    peak: str
    allowed: str
    says: str
    sentence: str


def bars(each: Iterable[Bar], *, none: str = "") -> Block:
    """A table of limits, each with a bar; the numbers stand beside it."""
    return {"kind": "bars", "rows": [asdict(bar) for bar in each], "none": none}


def blanks(*names: str, columns: int = 2) -> Block:
    """Fields to be filled or signed by hand."""
    return {"kind": "blanks", "names": list(names), "columns": columns}
