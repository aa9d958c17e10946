"""What the words of a Title 32 mission assignment say of people, days and money, each with its passage. Plain Python.

Only what is written in one of the forms below is read, and only as it is written: what the words do not say is not recorded, and
an amount or a day that cannot be read without guessing is kept as such. Days are in the order of the United States, month first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from muster.assistance.passages import Passage, passage_at
from muster.core.quantity import Quantity

FigureKind = Literal["people", "daily_rate_usd", "days", "period", "total_usd"]
TITLE_32 = re.compile(r"\btitle[ -]*32\b|\bT[ -]?32\b", re.IGNORECASE)
NUMBER = r"(\d{1,3}(?:,\d{3})+|\d{1,7})"
WHO = r"(?:personnel|troops|soldiers|members|pax)\b"
# An amount as it is written; whether it can be read is asked afterwards.
AMOUNT = r"\$\s?\$?\s?(\d[\d.,]*\d|\d)"
WELL_WRITTEN = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d\d))?", re.ASCII)
A_DAY = r"(?: ?pp| ?/ ?person| per person)? ?(?:/ ?|per )day\b"
DAY = r"(\d{1,2}[/-]\d{1,2}[/-]\d{2,5}|[A-Z][a-z]{2,8}\.? \d{1,2},? \d{4,5}|\d{1,2} [A-Z]{3} \d{4,5})"
READ_DAYS = ("%m/%d/%y", "%m/%d/%Y", "%m-%d-%y", "%m-%d-%Y", "%B %d, %Y", "%B %d %Y", "%d %b %Y")


# A number before the id is FEMA's own of the task order; it is passed over.
CONTINUES = re.compile(
    r"(?:continuation of (?:the work assigned under )?|follows )MA ?# ?(?:\d{4}-\d{6} ?\(?|\d{6}-)?"
    r"(\d{4} ?DR-?[A-Z]{2}[- ]?DOD[-_ ]?\d{2})(?!\d)",
    re.ASCII,
)


@dataclass(frozen=True)
class Figure:
    """One number of the words, and the passage in which it stands.

    `value`: of people a quantity, of a rate or a total its cents, of days their number, of a period its first and last day.
    None: it cannot be read without guessing.
    """

    kind: FigureKind
    value: Quantity | int | tuple[date, date] | None
    passage: Passage

    def to_json(self) -> Any:
        """The value as it is stored."""
        if isinstance(self.value, Quantity):
            return self.value.to_json()
        return [day.isoformat() for day in self.value] if isinstance(self.value, tuple) else self.value

    @property
    def said(self) -> str:
        """The value in words."""
        return said(self.kind, self.to_json())


@dataclass(frozen=True)
class Disagreement:
    """Where the figures of one text do not go together, or one of them cannot be read."""

    kind: Literal["unreadable", "does_not_multiply_out"]
    words: str


def said(kind: str, stored: Any) -> str:
    """A stored value in words."""
    if stored is None:
        return "cannot be read without guessing"
    if kind == "people":
        return Quantity.from_json(stored).said
    if kind == "period":
        first, latest = map(date.fromisoformat, stored)
        return f"{first} to {latest}, {_length(first, latest)} days"
    return f"{stored:,} days" if kind == "days" else f"${stored // 100:,}.{stored % 100:02}"


def read_figures(text: str) -> list[Figure]:
    """What the words say, in their order; the same number said again counts once. Empty where Title 32 is not named."""
    if not TITLE_32.search(text):
        return []
    found = sorted(_figures(text), key=lambda pair: pair[0])
    told = set[tuple[str, str]]()
    kept = []
    for _, figure in found:
        again = figure.value is not None and (figure.kind, figure.said) in told
        if not again:
            kept.append(figure)
        told.add((figure.kind, figure.said))
    return kept


def _figures(text: str) -> Iterator[tuple[int, Figure]]:
    for kind, pattern, read in _FORMS:
        for found in pattern.finditer(text):
            yield found.start(), Figure(kind, read(found), passage_at(text, *found.span()))


def _ceiling(found: re.Match[str]) -> Quantity:
    return Quantity("up_to", None, _whole(found[1]))


def _exactly(found: re.Match[str]) -> Quantity:
    return Quantity.exact(_whole(found[1]))


def _cents(found: re.Match[str]) -> int | None:
    written = WELL_WRITTEN.fullmatch(found[1])
    return _whole(written[1]) * 100 + int(written[2] or 0) if written else None


def _days(found: re.Match[str]) -> int:
    return _whole(found[1])


def _period(found: re.Match[str]) -> tuple[date, date] | None:
    first, latest = _day(found[1]), _day(found[2])
    return (first, latest) if first and latest and first <= latest else None


def _day(written: str) -> date | None:
    for form in READ_DAYS:
        with suppress(ValueError):
            return datetime.strptime(written.title(), form).date()  # noqa: DTZ007  # a day, in no zone
    return None


def _whole(written: str) -> int:
    return int(written.replace(",", ""))


def _form(kind: FigureKind, pattern: str, read: Any) -> tuple[FigureKind, re.Pattern[str], Any]:
    return kind, re.compile(pattern, re.ASCII | (0 if kind == "period" else re.IGNORECASE)), read


_FORMS = (
    _form("people", rf"(?:up to|no more than) {NUMBER} {WHO}", _ceiling),
    _form("people", rf"(?<!up to )(?<!more than )(?<!title )(?<![\d,.$/]){NUMBER} ?{WHO}", _exactly),
    _form("daily_rate_usd", rf"{AMOUNT}{A_DAY}", _cents),
    _form("days", rf"(?<![\d,./]){NUMBER}[ -]?days?\b", _days),
    _form("period", rf"(?:[Oo]perations beginning|[Rr]uns from|POP) {DAY} ?(?:through|-|to) ?{DAY}", _period),
    _form("total_usd", rf"{AMOUNT}(?!{A_DAY})(?![\d.,]*\d)", _cents),
)


def continued(text: str) -> list[tuple[str, Passage]]:
    """The mission assignments, by their ids as the file has them, that the words of a Title 32 mission say it continues."""
    if not TITLE_32.search(text):
        return []
    return [
        (re.sub(r"[-_ ]", "", found[1]), passage_at(text, *found.span()))
        for found in CONTINUES.finditer(text)
    ]


def people_of(figures: Sequence[Figure]) -> Quantity:
    """The number of people that the words ask for; *not recorded* where they give none, or more than one."""
    given = [figure.value for figure in figures if figure.kind == "people"]
    one = given[0] if len(given) == 1 else None
    return one if isinstance(one, Quantity) else Quantity("unknown", None, None)


def disagreements(figures: Sequence[Figure]) -> list[Disagreement]:
    """What cannot be read, and a total that no number of people times the rate times the days makes.

    It is looked at where one rate and one total stand beside days and people. A ceiling counts as it stands.
    """
    unread = [
        Disagreement("unreadable", f"{figure.passage.exact!r} cannot be read without guessing.")
        for figure in figures
        if figure.value is None
    ]
    return [*unread, *_does_not_multiply_out(figures)]


def _does_not_multiply_out(figures: Sequence[Figure]) -> Iterator[Disagreement]:
    rates, totals = ([f.value for f in figures if f.kind == kind] for kind in ("daily_rate_usd", "total_usd"))
    people = [f.value.high_end for f in figures if isinstance(f.value, Quantity)]
    days = [f.value for f in figures if f.kind == "days"]
    days += [_length(*f.value) for f in figures if isinstance(f.value, tuple)]
    if len(rates) != 1 or len(totals) != 1 or not people or not days or None in (*rates, *totals):
        return
    rate, total = rates[0], totals[0]
    tried = [(n, d, n * rate * d) for n in people for d in days]  # type: ignore[operator]  # each is a number here
    if total not in [made for *_, made in tried]:
        sums = "; ".join(
            f"{n:,} people at {said('daily_rate_usd', rate)} a day for {d:,} days make {said('total_usd', made)}"
            for n, d, made in tried
        )
        yield Disagreement("does_not_multiply_out", f"{sums}; the text says {said('total_usd', total)}.")


def _length(first: date, latest: date) -> int:
    return (latest - first).days + 1
