"""The transfers that every side is given: each person, round by round, from one site to the next, over a year.

Nothing is drawn, so no side has to be told anything: a person's holder in any round is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

SITES = 300
ROUNDS = 10  # transfers a person in the first `count`
BEGINS = datetime(2024, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
PERSON, PLACE = 0x018C_C251_F400_7000_8000 << 48, 0x018C_C251_F400_7001_8000 << 48
OUTSIDE = UUID(int=PLACE | SITES)


class Transfer(NamedTuple):
    """One person leaves `giver` for `receiver` at `at`; `n` counts that person's transfers from 1."""

    person: UUID
    n: int
    giver: UUID
    receiver: UUID
    at: datetime


def persons(count: int) -> int:
    """How many persons `count` transfers are of."""
    return count // ROUNDS


def person(index: int) -> UUID:
    return UUID(int=PERSON | index)


def site(index: int) -> UUID:
    return UUID(int=PLACE | index)


def holder(index: int, n: int) -> UUID:
    """Who holds a person after `n` transfers."""
    return site((index * 31 + n * 7) % SITES) if n else OUTSIDE


def transfers(count: int, first: int = 0, *, last: int | None = None, step: int = 1) -> Iterator[Transfer]:
    """Every `step`th transfer from the one numbered `first` up to `last`, left out; those beyond `count` go on as they were."""
    number = first
    while last is None or number < last:
        n, index = divmod(number, persons(count))
        at = BEGINS + YEAR * number / count
        yield Transfer(person(index), n + 1, holder(index, n), holder(index, n + 1), at)
        number += step


def present(count: int, at: datetime, where: UUID) -> int:
    """How many persons `where` holds at `at`, after the first `count` transfers: what each side must answer."""
    done = min(count, (at - BEGINS) * count // YEAR + 1)
    n, moved = divmod(done, persons(count))
    return sum(holder(index, n + (index < moved)) == where for index in range(persons(count)))
