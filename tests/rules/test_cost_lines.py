"""Costs: rate times people times days, by interval, and what of a cap they use."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.core.csvfiles import Row
from muster.core.errors import Fault, FaultyInput
from muster.core.quantity import Quantity
from muster.costs.rules import (
    COLUMNS,
    OPTIONAL,
    AmountMisread,
    CitedSource,
    CostRow,
    Line,
    LineGiven,
    NotAllowedFrom,
    Standing,
    cents,
    check_step,
    read_line,
    read_row,
    sum_of,
    totals,
    usd,
    usd_said,
    used,
)
from muster.decisions.rules import Limits, NumberNeeded, OverCostCap, check_cost

PAPER = CitedSource(publisher="Example Guard", title="Pay table 2026")


def line(**said: str | int | date | None) -> Line:
    stage = said.pop("stage", "estimate")
    given = {"kind": "personnel", "words": "Clerks", "source": PAPER} | said
    return read_line(LineGiven(**given), stage)  # type: ignore[arg-type]


def stand(
    id: str, amount: str | None, *, stage: str = "estimate", state: str = "open", estimate: str = ""
) -> Standing:
    return Standing(id=id, line=line(stage=stage, total_usd=amount or ""), state=state, estimate=estimate)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "amount", "said"),
    [("151.25", 15125, "$151.25"), ("$1,512.50", 151250, "$1,512.50"), ("7", 700, "$7.00"), ("0.05", 5, "$0.05"), (" 12 ", 1200, "$12.00")],
)  # fmt: skip
def test_an_amount_is_read_to_the_cent(text: str, amount: int, said: str) -> None:
    assert (cents(text), usd(amount)) == (amount, said)


@pytest.mark.parametrize(
    "text", ["", "1.5", "1,51", "-3", "12.345", "about 5", "1e3", "1.512,50", "1" * 16, "٣"]
)
def test_an_amount_that_would_have_to_be_guessed_is_refused(text: str) -> None:
    with pytest.raises(AmountMisread):
        cents(text)


@pytest.mark.parametrize(
    ("count", "days", "said"),
    [
        ("12", "30", "$54,450.00"),
        ("about 12", "30", "about $54,450.00"),
        ("up to 12", "30", "up to $54,450.00"),
        ("between 10 and 12", "30", "between $45,375.00 and $54,450.00"),
        ("at least 2", "30", "at least $9,075.00"),
        ("not recorded", "30", "not recorded"),
        ("12", "not recorded", "not recorded"),
    ],
)
def test_a_line_makes_rate_times_people_times_days_and_never_a_false_exact_figure(
    count: str, days: str, said: str
) -> None:
    assert usd_said(line(rate_usd="151.25", count=count, days=days).made) == said


def test_days_are_counted_from_the_period_both_ends_included() -> None:
    month = line(rate_usd="100", count="2", begins_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))

    assert (month.days.said, usd_said(month.made)) == ("31", "$6,200.00")


def test_a_price_for_a_unit_is_not_multiplied_by_days() -> None:
    tires = line(
        kind="equipment",
        basis="unit",
        rate_usd="250",
        count="4",
        begins_on=date(2026, 3, 1),
        ends_on=date(2026, 3, 9),
    )

    assert usd_said(tires.made) == "$1,000.00"


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ("", ""),
        ("54450", ""),
        ("54450.01", "12 at $151.25 a day for 30 days make $54,450.00; the total is stated as $54,450.01."),
        ("54449.99", "12 at $151.25 a day for 30 days make $54,450.00; the total is stated as $54,449.99."),
    ],
)
def test_a_total_that_does_not_multiply_out_is_told_to_the_cent(stated: str, says: str) -> None:
    assert line(rate_usd="151.25", count="12", days="30", total_usd=stated).disagreement == says


@pytest.mark.parametrize(
    ("stated", "agrees"), [("999", False), ("1000", True), ("1200", True), ("1200.01", False)]
)
def test_a_total_inside_the_interval_agrees(stated: str, agrees: bool) -> None:
    assert (
        line(rate_usd="100", count="between 10 and 12", days="1", total_usd=stated).disagreement == ""
    ) is agrees


def test_a_total_beside_a_number_that_nobody_recorded_is_no_contradiction() -> None:
    assert line(rate_usd="100", days="3", total_usd="999").disagreement == ""
    assert line(total_usd="999").disagreement == ""


def test_a_line_counts_its_stated_total_and_takes_of_a_cap_the_most_it_can_come_to() -> None:
    less = line(rate_usd="100", count="10", days="1", total_usd="800")
    assert (usd_said(less.amount), less.most_cents) == ("$800.00", 100_000)
    assert line(rate_usd="100", count="at least 10", days="1").most_cents is None


def test_a_sum_with_an_amount_that_is_not_recorded_has_no_upper_end() -> None:
    known = line(total_usd="500")

    assert usd_said(sum_of([known, line()])) == "at least $500.00"
    assert usd_said(sum_of([known, line(rate_usd="1", count="about 100", days="1")])) == "about $600.00"
    assert usd_said(sum_of([])) == "$0.00"


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        (Quantity("about", 100, None), "about $1.00 or more"),
        (Quantity("about", None, 100), "up to about $1.00"),
        (Quantity("about", 100, 200), "about $1.00 to $2.00"),
        (Quantity("nearly", None, 100), "nearly $1.00"),
    ],
)
def test_amounts_are_said_as_their_numbers_were(quantity: Quantity, said: str) -> None:
    assert usd_said(quantity) == said


@pytest.mark.parametrize(
    ("said", "column", "code"),
    [
        ({"words": " "}, "words", "costs.missing"),
        ({"rate_usd": "many"}, "rate_usd", "costs.amount_misread"),
        ({"total_usd": "1.5"}, "total_usd", "costs.amount_misread"),
        ({"count": "some"}, "count", "core.quantity_misread"),
        ({"days": "a week"}, "days", "core.quantity_misread"),
        ({"reference": "x" * 201}, "reference", "costs.too_long"),
        (
            {"begins_on": date(2026, 3, 2), "ends_on": date(2026, 3, 1)},
            "ends_on",
            "costs.ends_before_it_begins",
        ),
        ({"basis": "unit", "days": "3"}, "days", "costs.days_of_a_unit"),
        ({"estimate": "M-C1"}, "estimate", "costs.estimate_of_one"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_field(said: dict[str, str], column: str, code: str) -> None:
    with pytest.raises(FaultyInput) as told:
        line(**said)

    assert [(fault.column, fault.code) for fault in told.value.faults] == [(column, code)]


# --- the cap ------------------------------------------------------------------------


def test_of_an_open_estimate_what_its_costs_leave_of_it_is_still_to_come() -> None:
    expected = stand("C1", "1000")

    assert used([expected]).cents == 100_000
    assert used([expected, stand("C2", "400", stage="actual", estimate="C1")]).cents == 100_000
    assert used([expected, stand("C2", "1400", stage="actual", estimate="C1")]).cents == 140_000
    assert used([expected, stand("C2", "400", stage="actual")]).cents == 140_000
    both = [
        stand("C2", "400", stage="actual", estimate="C1"),
        stand("C3", "500", stage="actual", estimate="C1"),
    ]
    assert used([expected, *both]).cents == 100_000


def test_a_settled_estimate_has_nothing_to_come() -> None:
    assert (
        used([stand("C1", "1000", state="settled"), stand("C2", "400", stage="actual", estimate="C1")]).cents
        == 40_000
    )


def test_a_line_without_an_amount_is_named_and_not_counted_as_nought_in_silence() -> None:
    told = used([stand("C1", None), stand("C2", None, stage="actual"), stand("C3", "5")])

    assert (told.cents, set(told.uncounted)) == (500, {"C1", "C2"})


@pytest.mark.parametrize(("new", "fits"), [(19_999, True), (20_000, True), (20_001, False)])
def test_a_plan_fits_a_cap_to_the_cent(new: int, fits: bool) -> None:
    limits = Limits(
        zone="UTC", cost_cap_usd=1000, sentences={"cost_cap_usd": "Not more than a thousand dollars."}
    )
    if fits:
        check_cost(limits, used_cents=80_000, new_cents=new)
        return
    with pytest.raises(OverCostCap, match=r'"Not more than a thousand dollars."') as told:
        check_cost(limits, used_cents=80_000, new_cents=new)
    assert "$1,000.01, $0.01 more than the $1,000.00 allowed" in str(told.value)


def test_an_open_amount_needs_a_number_where_there_is_a_cap_and_none_where_there_is_not() -> None:
    check_cost(Limits(zone="UTC"), used_cents=10**9, new_cents=None)
    with pytest.raises(NumberNeeded):
        check_cost(Limits(zone="UTC", cost_cap_usd=1), used_cents=0, new_cents=None)


AMOUNTS = st.integers(0, 10**7)


@given(
    st.lists(st.tuples(AMOUNTS, st.sampled_from(["estimate", "actual"]), st.sampled_from(["", "E0", "E1"])))
)
def test_what_is_used_is_never_less_than_what_was_spent_nor_more_than_all_together(
    said: list[tuple[int, str, str]],
) -> None:
    lines = [
        stand(f"E{n}", usd(amount), stage=stage, estimate=estimate if stage == "actual" else "")
        for n, (amount, stage, estimate) in enumerate(said)
    ]
    told = used(lines)

    spent = sum(amount for amount, stage, _ in said if stage == "actual")
    assert spent == told.actual_cents <= told.cents <= sum(amount for amount, *_ in said)


# --- steps and files ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "to", "goes"),
    [
        ("open", "claimed", True), ("open", "settled", True), ("open", "withdrawn", True), ("open", "paid", False),
        ("claimed", "paid", True), ("claimed", "settled", True), ("claimed", "claimed", False), ("paid", "claimed", False),
        ("settled", "claimed", False), ("withdrawn", "settled", False),
    ],
)  # fmt: skip
def test_a_line_goes_from_open_to_claimed_to_paid(state: str, to: str, goes: bool) -> None:
    if goes:
        check_step("M-C1", state, to)  # type: ignore[arg-type]
        return
    with pytest.raises(NotAllowedFrom, match=f"M-C1 is {state}"):
        check_step("M-C1", state, to)  # type: ignore[arg-type]


def row(**said: str) -> Row:
    empty = dict.fromkeys((*COLUMNS, *OPTIONAL), "")
    full = {
        "reference": "INV-1", "stage": "actual", "kind": "travel", "words": "Bus", "rate_usd": "10", "count": "3", "days": "2",
        "publisher": "Example Guard", "title": "Invoice 1",
    }  # fmt: skip
    return Row(2, empty | full | said)


def test_a_row_of_a_file_is_a_line() -> None:
    read = read_row(row(request_line="2", begins_on="2026-03-01", basis="daily"))

    assert isinstance(read, CostRow)
    assert (read.stage, read.given.request_line, read.given.begins_on) == ("actual", 2, date(2026, 3, 1))
    assert usd_said(read_line(read.given, "actual").made) == "$60.00"


@pytest.mark.parametrize(
    ("said", "column", "code"),
    [
        ({"reference": ""}, "reference", "costs.missing"),
        ({"stage": "guess"}, "stage", "costs.unknown_choice"),
        ({"kind": "fun"}, "kind", "costs.unknown_choice"),
        ({"basis": "weekly"}, "basis", "costs.unknown_choice"),
        ({"request_line": "two"}, "request_line", "costs.bad_line"),
        ({"begins_on": "1 March"}, "begins_on", "costs.bad_day"),
        ({"publisher": ""}, "publisher", "costs.no_source"),
        ({"title": ""}, "publisher", "costs.no_source"),
        ({"url": "here"}, "url", "costs.not_an_address"),
        ({"rate_usd": "cheap"}, "rate_usd", "costs.amount_misread"),
    ],
)
def test_a_faulty_row_is_told_with_its_number_and_column(
    said: dict[str, str], column: str, code: str
) -> None:
    told = read_row(row(**said))

    assert [(f.row, f.column, f.code) for f in told if isinstance(f, Fault)] == [(2, column, code)]  # type: ignore[union-attr]


def test_totals_by_kind_open_down_to_their_lines() -> None:
    lines = [stand("C1", "5"), stand("C2", "7"), stand("C3", "9", stage="actual")]

    assert [(t.kind, usd_said(t.amount), t.lines) for t in totals(lines, "estimate")] == [
        ("personnel", "$12.00", ("C1", "C2"))
    ]
    assert [t.lines for t in totals(lines, "actual")] == [("C3",)]
