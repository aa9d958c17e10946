"""Numbers as people state them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.core.quantity import MOST, Quantity, QuantityMisread, total

NUMBERS = st.integers(0, 100_000)
QUANTITIES = st.one_of(
    st.builds(Quantity.exact, NUMBERS),
    st.builds(lambda n: Quantity("about", n, n), NUMBERS),
    st.builds(lambda n: Quantity("nearly", None, n), NUMBERS),
    st.builds(lambda n: Quantity("at_least", n, None), NUMBERS),
    st.builds(lambda n: Quantity("up_to", None, n), NUMBERS),
    st.builds(lambda low, more: Quantity("between", low, low + more), NUMBERS, st.integers(1, 1000)),
    st.just(Quantity("unknown", None, None)),
)


@pytest.mark.parametrize(
    ("text", "kind", "low", "high", "said"),
    [
        ("1200", "exact", 1200, 1200, "1,200"),
        ("1,200", "exact", 1200, 1200, "1,200"),
        (1200, "exact", 1200, 1200, "1,200"),
        ("0", "exact", 0, 0, "0"),
        ("about 1,700", "about", 1700, 1700, "about 1,700"),
        ("About 1700 ", "about", 1700, 1700, "about 1,700"),
        ("~1700", "about", 1700, 1700, "about 1,700"),
        ("nearly 2,000", "nearly", None, 2000, "nearly 2,000"),
        ("at least 5", "at_least", 5, None, "at least 5"),
        ("5 or more", "at_least", 5, None, "at least 5"),
        ("up to 20,000", "up_to", None, 20000, "up to 20,000"),
        ("between 10 and 20", "between", 10, 20, "between 10 and 20"),
        ("10-20", "between", 10, 20, "between 10 and 20"),
        ("not recorded", "unknown", None, None, "not recorded"),
        (f"{MOST}", "exact", MOST, MOST, "1,000,000,000"),
    ],
)
def test_a_quantity_is_read_and_printed_as_said(text, kind, low, high, said):
    quantity = Quantity.parse(text)

    assert (quantity.kind, quantity.low, quantity.high, quantity.said) == (kind, low, high, said)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "many",
        "-5",
        "1,2000",
        "12,34",
        "1.5",
        "1200 people",
        "between 20 and 10",
        "between 5 and 5",
        True,
        MOST + 1,
        "٣",
    ],
)
def test_what_would_have_to_be_guessed_is_refused(text):
    with pytest.raises(QuantityMisread) as refusal:
        Quantity.parse(text)

    assert refusal.value.code == "core.quantity_misread"
    assert "about 1,700" in str(refusal.value)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"kind": "exact"},
        {"kind": "exact", "low": 1, "high": 2},
        {"kind": "exact", "low": True, "high": True},
        {"kind": "exact", "low": -1, "high": -1},
        {"kind": "exact", "low": MOST + 1, "high": MOST + 1},
        {"kind": "loads", "low": 1, "high": 1},
        {"kind": "unknown", "low": None, "high": None, "more": 1},
        {"kind": ["exact"], "low": 1, "high": 1},
    ],
)
def test_json_that_is_no_quantity_is_refused(data):
    with pytest.raises(QuantityMisread):
        Quantity.from_json(data)


@given(QUANTITIES, QUANTITIES)
def test_what_is_printed_and_stored_reads_back_the_same_sums_included(a, b):
    for quantity in (a, a + b):
        assert Quantity.parse(quantity.said) == quantity
        assert Quantity.from_json(quantity.to_json()) == quantity


@given(QUANTITIES, QUANTITIES, QUANTITIES)
def test_a_sum_does_not_depend_on_the_order(a, b, c):
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert total([a, b, c]) == a + b + c


def test_a_sum_does_not_depend_on_the_order_down_to_nought():
    few = [
        form
        for n in ("0", "1", "2")
        for form in (n, f"about {n}", f"nearly {n}", f"at least {n}", f"up to {n}")
    ]
    quantities = [Quantity.parse(text) for text in (*few, "between 0 and 1", "not recorded")]

    for a, b, c in product(quantities, repeat=3):
        assert (a + b) + c == a + (b + c)
        assert a + b == b + a


@given(QUANTITIES, QUANTITIES, st.data())
def test_whatever_the_true_numbers_are_the_sum_holds_them(a, b, data):
    true = [data.draw(st.integers(q.low or 0, 200_000 if q.high is None else q.high)) for q in (a, b)]

    together = a + b

    assert (together.low or 0) <= sum(true)
    assert together.high is None or sum(true) <= together.high


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ("1,200", "500", "1,700"),
        ("about 1,700", "5", "about 1,705"),
        ("about 1,700", "between 1 and 3", "about 1,701 to 1,703"),
        ("about 1,700", "not recorded", "about 1,700 or more"),
        ("12", "not recorded", "at least 12"),
        ("not recorded", "not recorded", "not recorded"),
        ("nearly 2,000", "0", "nearly 2,000"),
        ("nearly 2,000", "5", "between 5 and 2,005"),
        ("up to 10", "up to 5", "up to 15"),
    ],
)
def test_sums_say_no_more_than_is_known(a, b, said):
    assert (Quantity.parse(a) + Quantity.parse(b)).said == said


def test_a_draw_counts_the_high_end_and_an_open_one_has_none():
    assert Quantity.parse("between 10 and 20").high_end == 20
    assert Quantity.parse("about 1,700").high_end == 1700
    assert Quantity.parse("at least 5").high_end is None
    assert Quantity.parse("not recorded").high_end is None


def test_a_quantity_that_cannot_be_is_our_own_mistake():
    with pytest.raises(ValueError, match="no quantity"):
        Quantity("between", 5, 5)


@given(QUANTITIES, QUANTITIES)
def test_a_product_holds_what_any_two_numbers_of_the_factors_make(one, other):
    product_of = one * other

    assert product_of == other * one
    ends = product(
        [one.low or 0, one.high if one.high is not None else 10**7],
        [other.low or 0, other.high if other.high is not None else 10**7],
    )
    for left, right in ends:
        assert (product_of.low or 0) <= left * right
        assert product_of.high is None or left * right <= product_of.high


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("12", "30", "360"),
        ("about 12", "30", "about 360"),
        ("nearly 12", "30", "up to 360"),
        ("between 10 and 12", "30", "between 300 and 360"),
        ("at least 5", "2", "at least 10"),
        ("not recorded", "30", "not recorded"),
        ("not recorded", "0", "0"),
        ("nearly 12", "1", "nearly 12"),
        ("at least 5", "about 2", "about 10 or more"),
    ],
)
def test_a_product_is_said_as_its_factors_were(one, other, said):
    assert (Quantity.parse(one) * Quantity.parse(other)).said == said
