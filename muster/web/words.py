"""The words of a site's pages: those of custody, and those of a shelter, whose residents are free to leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from muster.cases.checklists import is_shelter
from muster.cases.rules import Side
from muster.parties.models import Site


@dataclass(frozen=True)
class Words:
    """One set of words. `sides`: what is done as somebody comes, and as somebody leaves."""

    is_shelter: bool
    person: str
    persons: str
    sides: dict[Side, str]
    release: str  # what the button of leaving says
    released: str  # what somebody was, who left
    offered: str  # that an offer moves nobody
    here: str
    was_here: str
    elsewhere: str
    not_here: str
    elsewhere_word: str  # the large word of the counter
    release_lead: str
    time_released: str
    handed_back: str
    reasons: tuple[str, ...] | None  # of leaving; None: all
    until_both: str  # that nothing has moved before both have signed
    moves: str  # what signing does
    here_too: str  # of whoever is outside for a while, and is counted here

    def count(self, number: int) -> str:
        """So many of them."""
        return f"{number:,} {self.person if number == 1 else self.persons}"


CUSTODY = Words(
    is_shelter=False, person="person", persons="persons", sides={"in": "In-processing", "out": "Out-processing"},
    release="Release", released="released", offered="Custody has <strong>not</strong> moved.",
    here="is held here, in", was_here="was held here and is outside now", elsewhere="is held by", not_here="by this site",
    elsewhere_word="HELD", time_released="Time released", handed_back="Leave empty for a release into freedom.", reasons=None,
    release_lead="A release that a court or the holding authority ordered is recorded at once; what is open becomes a difference.",
    until_both="Until both confirm, the custody has <strong>not</strong> moved.", moves="Custody moves when you sign",
    here_too="Outside, and still held here",
)  # fmt: skip
SHELTER = Words(
    is_shelter=True, person="resident", persons="residents", sides={"in": "Registration", "out": "Departure"},
    release="Departure", released="left", offered="Nobody has moved yet.",
    here="is here, in", was_here="was here and has left", elsewhere="is at", not_here="at this site",
    elsewhere_word="ELSEWHERE", time_released="Time of leaving", handed_back="", reasons=("left", "other"),
    release_lead="Residents are free to leave at any time. Whoever has left is recorded at once.",
    until_both="Until both confirm, nobody has moved.", moves="They move when you sign",
    here_too="Outside for a while",
)  # fmt: skip


def words_at(site: Site, *, now: datetime) -> Words:
    """The words of a site's pages on this day, by the standard that holds there."""
    return SHELTER if is_shelter(site, now=now) else CUSTODY
