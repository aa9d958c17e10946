"""What a later step knows of the rules that hold at a site: custody knows no standards, and asks whoever registered here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from muster.parties.models import Site


@dataclass(frozen=True)
class Cited:
    """A rule of a standard that holds at a site: its id, its words and the text that it is taken from."""

    id: str
    words: str
    citation: str
    verified: bool

    def __str__(self) -> str:
        return f"{self.id}, {self.citation}{'' if self.verified else ', not verified'}"


class Standards(NamedTuple):
    """What a later step says of the rules that hold at a site on a day, by the standards that were stated for it.

    `cited`: those of some rules, by their ids. `floor`: how many persons so many square feet of an area of a kind allow, and by
    which rule; None where no rule says. `personal`: what the rules ask for of each person, and which rule asks.
    """

    cited: Callable[[Site, date, Collection[str]], Mapping[str, Cited]]
    floor: Callable[[Site, date, str, int], tuple[int, Cited] | None]
    personal: Callable[[Site, date], Mapping[str, Cited]]


STANDARDS: list[Standards] = []
