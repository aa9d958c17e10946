"""What the public may see of persons: no small number, nor one that can be had by subtraction."""

from __future__ import annotations

import pytest

from muster.core.quantity import Quantity
from muster.picture.rules import Figure, for_the_public


def figure(place: str, count: int) -> Figure:
    return Figure(
        metric="persons_in_custody", place=place, quantity=Quantity.exact(count), as_of="2026-03-01", source="ledger",
        label="", evidence=("act 7",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([], ["0"]),
        ([0, 7], ["0", "7", "7"]),
        ([5, 6], ["5", "6", "11"]),
        ([3], ["fewer than 5", "fewer than 5"]),
        ([3, 0], ["fewer than 5", "0", "fewer than 5"]),
        ([3, 10, 20], ["fewer than 5", "held back", "20", "33"]),  # one alone
        ([2, 3, 20], ["fewer than 5", "fewer than 5", "20", "25"]),  # 1 and 4, or 2 and 3
        ([1, 1, 9, 20], ["fewer than 5", "fewer than 5", "held back", "20", "31"]),  # 2 in all: each is 1
        ([4, 4, 9, 20], ["fewer than 5", "fewer than 5", "held back", "20", "37"]),  # 8 in all: each is 4
        ([4, 4], ["fewer than 5", "fewer than 5", "held back"]),
        ([1, 1], ["fewer than 5", "fewer than 5", "fewer than 5"]),
    ],
)
def test_what_is_told_of_the_places_and_of_their_total(counts: list[int], told: list[str]) -> None:
    figures = [figure(f"Site {n}", count) for n, count in enumerate(counts)] + [figure("all", sum(counts))]

    public = for_the_public(figures)

    assert [one.words for one in public] == told
    assert [one.words for one in public if one.evidence and one.words in ("fewer than 5", "held back")] == []
