"""What one order says differently from another, sentence by sentence. Plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from muster.decisions.lines import JudgedLine
from muster.decisions.rules import SENTENCES, Limits

NOTHING = "nothing said"


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One limit or line about which two orders say different things, in the words of each."""

    where: str
    was: str
    now: str


def is_same(limit: str, was: Limits, now: Limits) -> bool:
    """Whether two limits of a name allow the same; of tasks and places the order is none."""
    values = (getattr(limits, limit) for limits in (was, now))
    one, other = (sorted(value) if isinstance(value, tuple) else value for value in values)
    return bool(one == other)


def changes(
    was: tuple[Limits | None, Sequence[JudgedLine]], now: tuple[Limits | None, Sequence[JudgedLine]]
) -> list[Changed]:
    """Where the second says otherwise than the first: each limit, the conditions, and each line of the request."""
    return [*_of_limits(was[0], now[0]), *_of_lines(was[1], now[1])]


def _of_limits(was: Limits | None, now: Limits | None) -> Iterator[Changed]:
    for name in SENTENCES:
        one, other = _said(name, was), _said(name, now)
        same = was is not None and now is not None and is_same(name, was, now)
        if one != other and not (same and name in ("tasks_allowed", "tasks_barred", "places")):
            yield Changed(where=name, was=one, now=other)
    for name in ("conditions", "zone"):
        one, other = _words(name, was), _words(name, now)
        if one != other:
            yield Changed(where=name, was=one, now=other)


def _of_lines(was: Sequence[JudgedLine], now: Sequence[JudgedLine]) -> Iterator[Changed]:
    before, after = ({line.n: line.in_full for line in lines} for lines in (was, now))
    for n in sorted(before.keys() | after.keys()):
        if before.get(n) != after.get(n):
            yield Changed(where=f"line {n}", was=before.get(n, NOTHING), now=after.get(n, NOTHING))


def _said(name: str, limits: Limits | None) -> str:
    return limits.sentence(name) if limits is not None and name in limits.bounding else NOTHING


def _words(name: str, limits: Limits | None) -> str:
    value = None if limits is None else getattr(limits, name)
    return NOTHING if not value else " ".join(value) if isinstance(value, tuple) else str(value)
