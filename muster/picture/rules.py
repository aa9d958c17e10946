"""What of the record becomes a figure, which of several claims is shown, and what the public may see. Plain Python."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from muster.core.quantity import Quantity

SMALLEST_TOLD = 5  # a public total of persons below it is told as *fewer than 5*
PUBLIC_DELAY = timedelta(hours=24)
FEWER = f"fewer than {SMALLEST_TOLD}"
HELD_BACK = "held back"  # a second total, so that the first cannot be had by subtraction
RULE_OF_CHOICE = "the latest as-of; of equally late ones, the one recorded last"
PERSONS = ("persons_in_custody", "persons_in_transit", "persons_received", "persons_released")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number with where it comes from.

    `metric` and `place` say what is counted; `quantity` None is a place on a list. `shown` is false for a claim that
    stands beside the one shown. `evidence` names what the figure can be opened down to.
    """

    metric: str
    place: str
    quantity: Quantity | None
    as_of: str  # a moment, a day, a month, or empty: not stated
    source: str
    label: str
    evidence: tuple[str, ...]
    note: str = ""
    stated_by: str = ""
    url: str = ""
    shown: bool = True
    said: str = ""  # in the place of the quantity's own words

    @property
    def words(self) -> str:
        """The number as it is shown."""
        if self.said:
            return self.said
        return self.quantity.said if self.quantity else "listed"

    def to_json(self) -> dict[str, Any]:
        """As `muster picture --json` prints it."""
        low, high = (self.quantity.low, self.quantity.high) if self.quantity else (None, None)
        return {
            "metric": self.metric, "place": self.place, "low": low, "high": high, "said": self.words,
            "as_of": self.as_of or "not stated", "source": self.source, "evidence": list(self.evidence), "label": self.label,
            "note": self.note, "stated_by": self.stated_by, "url": self.url, "shown": self.shown,
        }  # fmt: skip


def latest_day(as_of: str) -> date | None:
    """The last day that a claim's as-of can mean; None where it states none."""
    if not as_of:
        return None
    if len(as_of) == 10:
        return date.fromisoformat(as_of)
    year, month = map(int, as_of.split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def stated_by_then(as_of: str, at: datetime) -> bool:
    """Whether a claim as of a day or month belongs to the picture of a moment. One without a day always does."""
    first = as_of if len(as_of) == 10 else f"{as_of}-01"
    return not as_of or datetime.combine(date.fromisoformat(first), time(), UTC) <= at


def choose(claims: Sequence[Figure]) -> list[Figure]:
    """Mark of each metric and place the claim that is shown; the others stand beside it.

    The rule is one for all metrics: the latest as-of; of equally late ones, the one recorded last. `claims` are in the
    order in which they were recorded. A listing is no number and is never chosen between.
    """
    best: dict[tuple[str, str], int] = {}
    for number, claim in enumerate(claims):
        if claim.quantity is None:
            continue
        key = (claim.metric, claim.place)
        if key not in best or _rank(claim) >= _rank(claims[best[key]]):
            best[key] = number
    chosen = set(best.values())
    return [
        claim if claim.quantity is None else replace(claim, shown=number in chosen)
        for number, claim in enumerate(claims)
    ]


def _rank(claim: Figure) -> date:
    return latest_day(claim.as_of) or date.min


def public_moment(now: datetime) -> datetime:
    """The end of the latest whole day (UTC) that is old enough to be public: totals appear by day, 24 h late at least."""
    late = (now - PUBLIC_DELAY).astimezone(UTC)
    return late.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(microseconds=1)


def for_the_public(figures: Iterable[Figure]) -> list[Figure]:
    """What the public sees: persons as totals only, and none below `SMALLEST_TOLD`.

    Where the places of a metric that are told as *fewer than 5* could be had from their sum, the total less the others,
    the smallest other is held back too, and where there is none, the total: so it is of one such place, and of several
    that all hold 1 or all hold 4. A nought is told as 0: it hides nobody.
    """
    told: list[Figure] = []
    by_metric: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.metric in PERSONS:
            by_metric.setdefault(figure.metric, []).append(figure)
        else:
            told.append(figure)
    for group in by_metric.values():
        told += _suppressed(group)
    return told


def _suppressed(group: list[Figure]) -> list[Figure]:
    places = [figure for figure in group if figure.place != "all"]
    small = [figure for figure in places if 0 < _count(figure) < SMALLEST_TOLD]
    hidden = {id(figure): FEWER for figure in [*small, *(f for f in group if 0 < _count(f) < SMALLEST_TOLD)]}
    if _told_by_their_sum([_count(figure) for figure in small]):
        others = [f for f in places if id(f) not in hidden and _count(f) > 0]
        if others:
            hidden[id(min(others, key=_count))] = HELD_BACK
        else:
            hidden |= {id(f): HELD_BACK for f in group if f.place == "all" and id(f) not in hidden}
    return [_hidden(figure, hidden[id(figure)]) if id(figure) in hidden else figure for figure in group]


def _told_by_their_sum(small: Sequence[int]) -> bool:
    return bool(small) and (len(small) == 1 or sum(small) in (len(small), len(small) * (SMALLEST_TOLD - 1)))


def _hidden(figure: Figure, said: str) -> Figure:
    quantity = Quantity("up_to", None, SMALLEST_TOLD - 1) if said == FEWER else Quantity.parse("not recorded")
    return replace(figure, quantity=quantity, said=said, evidence=())


def _count(figure: Figure) -> int:
    return (figure.quantity.high_end or 0) if figure.quantity else 0
