"""Costs: a rate times people or units times days, by interval, and what of it counts against a cost cap. Plain Python.

Money is whole cents. What was said only approximately stays so: a line and a sum of lines are quantities of cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal, get_args

from muster.assistance.figures import WELL_WRITTEN
from muster.core.csvfiles import Row
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.money import usd
from muster.core.quantity import Quantity, QuantityMisread, total
from muster.core.reading import LONGEST_NAME, LONGEST_WORDS, as_day

# The kinds under which an offer of help states its costs. Source: EMAC REQ-A, section II (reference/forms.md section 4).
Kind = Literal["personnel", "travel", "equipment", "commodities", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Stage = Literal["estimate", "actual"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Basis = Literal["daily", "unit"]  # a rate for one person or unit and one day, or a price for one unit
BASES: tuple[Basis, ...] = get_args(Basis)
State = Literal["open", "claimed", "paid", "settled", "withdrawn"]
NEXT: Mapping[State, tuple[State, ...]] = {
    "open": ("claimed", "settled", "withdrawn"),
    "claimed": ("paid", "settled", "withdrawn"),
    "paid": (),
    "settled": (),
    "withdrawn": (),
}
MOST_CENTS = 10**14  # more than this is a slip of the keyboard
NOT_RECORDED = Quantity("unknown", None, None)
NOUGHT = Quantity("exact", 0, 0)


class AmountMisread(MusterError):
    """What was given is no amount of US dollars that can be read without guessing."""

    code = "costs.amount_misread"

    def __init__(self, *, given: str) -> None:
        self.given = given
        super().__init__(f"{given[:40]!r} is not an amount. Write US dollars, such as 151.25 or 1,512.50.")


class NotAllowedFrom(MusterError):
    """A cost line cannot go from the state in which it is to that one."""

    code = "costs.not_allowed_from"
    status = 409

    def __init__(self, *, line: str, state: str, to: str) -> None:
        self.line, self.state, self.to = line, state, to
        onward = ", ".join(NEXT[state]) or "nothing more"  # type: ignore[index]  # a state of the record
        super().__init__(
            f"{line} is {state}, so it cannot become {to}. From {state} it goes on to: {onward}. "
            "Where the line itself is wrong, correct it."
        )


def check_step(line: str, state: State, to: State) -> None:
    """Check that a line may go from one state to another. Raises NotAllowedFrom."""
    if to not in NEXT[state]:
        raise NotAllowedFrom(line=line, state=state, to=to)


# --- money --------------------------------------------------------------------------


def cents(text: str) -> int:
    """Read US dollars as people write them: `151.25`, `$1,512.50`. Raises AmountMisread rather than guess."""
    written = WELL_WRITTEN.fullmatch(text.strip().removeprefix("$").strip())
    if written is None or len(written[1]) > 20:
        raise AmountMisread(given=text)
    amount = int(written[1].replace(",", "")) * 100 + int(written[2] or 0)
    if amount > MOST_CENTS:
        raise AmountMisread(given=text)
    return amount


def usd_said(amount: Quantity) -> str:
    """A quantity of cents in words: *about $5,100.00*, *at least $20.00*, *not recorded*."""
    low, high = ("" if end is None else usd(end) for end in (amount.low, amount.high))
    match amount.kind:
        case "exact":
            return low
        case "about" if not high:
            return f"about {low} or more"
        case "about" if not low:
            return f"up to about {high}"
        case "about":
            return f"about {low}" if low == high else f"about {low} to {high}"
        case "at_least":
            return f"at least {low}"
        case "between":
            return f"between {low} and {high}"
        case "unknown":
            return "not recorded"
    return f"{'nearly' if amount.kind == 'nearly' else 'up to'} {high}"


# --- a line -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Line:
    """One cost. `rate_cents` and `stated_cents` are None where not recorded; `stated_cents` is the total as its paper says it."""

    stage: Stage
    kind: Kind
    basis: Basis
    rate_cents: int | None
    count: Quantity  # of people, or of units
    days: Quantity  # of a daily rate; of a unit price exactly one
    stated_cents: int | None

    @property
    def made(self) -> Quantity:
        """What rate, count and days make, in cents, by interval; *not recorded* where one of them is open."""
        if self.rate_cents is None:
            return NOT_RECORDED
        return Quantity.exact(self.rate_cents) * self.count * self.days

    @property
    def amount(self) -> Quantity:
        """What the line comes to, in cents: the total as it was stated, else what it makes."""
        return self.made if self.stated_cents is None else Quantity.exact(self.stated_cents)

    @property
    def most_cents(self) -> int | None:
        """What it takes of a cap: the most it can come to, by its total or by what it makes. None where nobody has said."""
        ends = [end for end in (self.stated_cents, self.made.high_end) if end is not None]
        return max(ends, default=None)

    @property
    def disagreement(self) -> str:
        """Where the total that was stated is none that rate, count and days make; empty where it is one."""
        made, stated = self.made, self.stated_cents
        if stated is None or (made.low or 0) <= stated <= (stated if made.high is None else made.high):
            return ""
        days = f" for {self.days.said} days" if self.basis == "daily" else ""
        rate = f"{usd(self.rate_cents or 0)}{' a day' if self.basis == 'daily' else ' each'}"
        return (
            f"{self.count.said} at {rate}{days} make {usd_said(made)}; the total is stated as {usd(stated)}."
        )


def sum_of(lines: Iterable[Line]) -> Quantity:
    """What lines come to together, in cents, by interval: one that is not recorded leaves the upper end open."""
    return total([line.amount for line in lines])


# --- a cap --------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A line that counts: neither corrected nor withdrawn. `estimate` is the id of the line whose expectation it fulfils."""

    id: str
    line: Line
    state: State
    estimate: str = ""


@dataclass(frozen=True, kw_only=True)
class Used:
    """What of a cost cap is used, in cents, and the lines that have no amount and so are not in it."""

    cents: int
    actual_cents: int
    uncounted: tuple[str, ...] = ()


def used(lines: Sequence[Standing]) -> Used:
    """What costs already came to, and what is still to come of open estimates: of each what its actual costs leave of it.

    Of every line the most that it can come to is counted. An estimate that is settled has nothing to come.
    """
    spent = {line.id: line.line.most_cents for line in lines if line.line.stage == "actual"}
    by_estimate = sorted((line.estimate, spent[line.id] or 0) for line in lines if line.id in spent)
    fulfilled = {
        estimate: sum(amount for _, amount in costs)
        for estimate, costs in groupby(by_estimate, lambda pair: pair[0])
    }
    expected = {
        line.id: line.line.most_cents
        for line in lines
        if line.line.stage == "estimate" and line.state == "open"
    }
    to_come = sum(max(0, (most or 0) - fulfilled.get(id, 0)) for id, most in expected.items())
    actual = sum(most or 0 for most in spent.values())
    uncounted = tuple(id for id, most in {**spent, **expected}.items() if most is None)
    return Used(cents=actual + to_come, actual_cents=actual, uncounted=uncounted)


# --- what somebody gives ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class CitedSource:
    """Where a rate or a price stands."""

    publisher: str
    title: str = ""
    published: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class LineGiven:
    """A cost as somebody states it. Amounts are US dollars in digits; people, units and days are quantities in words.

    `rate_usd` is for one person or unit and one day where the `basis` is daily, and for one unit otherwise; empty: not recorded.
    `total_usd` is the total as the source states it. Days that are not stated are counted from the period, both ends included.
    `task` and `request_line` say what it is for; `estimate` which estimate an actual cost fulfils; `reference` is the paper's own
    number of it.
    """

    kind: Kind
    words: str
    source: CitedSource
    basis: Basis = "daily"
    rate_usd: str = ""
    count: str = "not recorded"
    days: str = "not recorded"
    total_usd: str = ""
    task: str = ""
    request_line: int | None = None
    begins_on: date | None = None
    ends_on: date | None = None
    reference: str = ""
    estimate: str = ""


def read_line(given: LineGiven, stage: Stage) -> Line:
    """The line that was given, with all its faults told at once. Raises FaultyInput."""
    faults = list[Fault]()

    def amount(column: str, text: str) -> int | None:
        try:
            return cents(text) if text.strip() else None
        except AmountMisread as misread:
            faults.append(Fault(None, column, misread.code, str(misread)))
            return None

    def quantity(column: str, text: str) -> Quantity:
        try:
            return Quantity.parse(text) if text.strip() else NOT_RECORDED
        except QuantityMisread as misread:
            faults.append(Fault(None, column, misread.code, str(misread)))
            return NOT_RECORDED

    rate, stated = amount("rate_usd", given.rate_usd), amount("total_usd", given.total_usd)
    count, days = quantity("count", given.count), quantity("days", given.days)
    if not 3 <= len(given.words.strip()) <= LONGEST_WORDS:
        faults.append(_fault("words", "missing", "words is missing. Say what the cost is for."))
    for column, text in (("reference", given.reference), ("task", given.task), ("estimate", given.estimate)):
        if len(text) > LONGEST_NAME:
            faults.append(_fault(column, "too_long", f"{column} is too long; shorten it to {LONGEST_NAME}."))
    if given.begins_on and given.ends_on and given.ends_on < given.begins_on:
        words = f"The period ends on {given.ends_on}, before it begins on {given.begins_on}. Correct one of the two days."
        faults.append(_fault("ends_on", "ends_before_it_begins", words))
    elif given.basis == "unit":
        if days.kind != "unknown":
            words = "A price for one unit is not counted by days. Leave days empty, or give a daily rate."
            faults.append(_fault("days", "days_of_a_unit", words))
        days = Quantity.exact(1)
    elif days.kind == "unknown" and given.begins_on and given.ends_on:
        days = Quantity.exact((given.ends_on - given.begins_on).days + 1)
    if stage == "estimate" and given.estimate:
        faults.append(
            _fault("estimate", "estimate_of_one", "Only an actual cost fulfils an estimate. Leave it empty.")
        )
    if faults:
        raise FaultyInput(faults)
    return Line(
        stage=stage,
        kind=given.kind,
        basis=given.basis,
        rate_cents=rate,
        count=count,
        days=days,
        stated_cents=stated,
    )


def _fault(column: str, code: str, message: str) -> Fault:
    return Fault(None, column, f"costs.{code}", message)


# --- the rows of a file -------------------------------------------------------------

COLUMNS = ("reference", "stage", "kind", "words", "rate_usd", "count", "publisher", "title")
OPTIONAL = (
    "basis", "days", "total_usd", "task", "request_line", "begins_on", "ends_on", "estimate", "url", "published",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """One row of a file of costs; `row` is its number there, the header being 1."""

    stage: Stage
    given: LineGiven
    row: int | None = None


def read_row(row: Row) -> CostRow | list[Fault]:
    """One row, or all that is wrong with it. Whether its task, line and estimate are there is asked when it is kept."""
    said = {column: text.strip() for column, text in row.values.items()}
    faults = list(_faults_of_choices(said))
    number, begins, ends = said["request_line"], as_day(said["begins_on"]), as_day(said["ends_on"])
    if not said["reference"]:
        words = "reference is empty. Give each row the number of its paper, so that it is taken in once."
        faults.append(_fault("reference", "missing", words))
    if number and not (number.isascii() and number.isdecimal() and len(number) < 6):
        faults.append(_fault("request_line", "bad_line", f"{number[:20]!r} is not the number of a line."))
    for column, day in (("begins_on", begins), ("ends_on", ends)):
        if said[column] and day is None:
            words = f"{said[column][:20]!r} is not a day. Write it as 2026-03-01."
            faults.append(_fault(column, "bad_day", words))
    if faults:
        return [_at(row, fault) for fault in faults]
    stage: Stage = "actual" if said["stage"] == "actual" else "estimate"
    given = LineGiven(
        kind=_kind(said["kind"]), words=said["words"], basis="unit" if said["basis"] == "unit" else "daily",
        source=CitedSource(
            publisher=said["publisher"], title=said["title"], url=said["url"], published=said["published"]
        ),
        rate_usd=said["rate_usd"], count=said["count"], days=said["days"], total_usd=said["total_usd"], task=said["task"],
        request_line=int(number) if number else None, begins_on=begins, ends_on=ends, reference=said["reference"],
        estimate=said["estimate"],
    )  # fmt: skip
    try:
        read_line(given, stage)
    except FaultyInput as told:
        return [_at(row, fault) for fault in told.faults]
    return CostRow(stage=stage, given=given, row=row.number)


def _faults_of_choices(said: Mapping[str, str]) -> Iterable[Fault]:
    for column, choices in (("stage", STAGES), ("kind", KINDS), ("basis", BASES)):
        if said[column] not in choices and (said[column] or column != "basis"):
            words = f"{said[column][:40]!r} is not known as {column}. Write one of: {', '.join(choices)}."
            yield _fault(column, "unknown_choice", words)
    if not said["publisher"] or not (said["title"] or said["url"]):
        words = "The source of the rate is missing: its publisher, and its title or address. Add them."
        yield _fault("publisher", "no_source", words)
    if said["url"] and not said["url"].startswith(("https://", "http://")):
        yield _fault("url", "not_an_address", f"{said['url'][:60]!r} is not a web address.")


def _kind(text: str) -> Kind:
    return next(kind for kind in KINDS if kind == text)


def _at(row: Row, fault: Fault) -> Fault:
    return Fault(row.number, fault.column, fault.code, fault.message)


# --- totals -------------------------------------------------------------------------


@dataclass(frozen=True)
class KindTotal:
    """What the lines of one kind come to in one stage, and which they are."""

    kind: Kind
    amount: Quantity
    lines: tuple[str, ...]


def totals(lines: Sequence[Standing], stage: Stage) -> list[KindTotal]:
    """The total of each kind that has a line in that stage, in the order of `KINDS`; each opens down to its lines."""
    of_stage = [one for one in lines if one.line.stage == stage]
    by_kind = ((kind, [one for one in of_stage if one.line.kind == kind]) for kind in KINDS)
    return [
        KindTotal(kind, sum_of(one.line for one in these), tuple(one.id for one in these))
        for kind, these in by_kind
        if these
    ]
