"""How many persons an amount allows: a room's floor, a vehicle's seats, people to a toilet."""

from __future__ import annotations

import math

from muster.cases.rules import Limit


def persons_that_fit(limit: Limit, have: float) -> int:
    """The largest number of persons for whom `have`, in the limit's unit, is enough.

    Of an *at least* a person each needs the limit's amount, the first one `first` where that differs; of an *at most* one unit
    serves as many persons as the limit says.
    """
    assert limit.amount is not None
    if limit.kind == "at_most":
        return math.floor(have * limit.amount)
    first = limit.first if limit.first is not None else limit.amount
    return 0 if have < first else 1 + math.floor((have - first) / limit.amount)
