"""What a later step knows of persons as they are released: the checks that were open. It is told after the release is written.

Custody knows no standards: cases registers what keeps the answers and opens the differences. Nothing here can stop a release.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from muster.ledger.models import Thing
from muster.parties.models import Site
from muster.record.models import Act


@dataclass(frozen=True)
class NotDone:
    """Why a check was not done when persons were released, coded and in words, and which office or post answers for it.

    `check` is the id of its rule.
    """

    check: Annotated[str, Field(max_length=120)]
    because: Annotated[str, Field(max_length=60)]
    by: Annotated[str, Field(max_length=200)] = ""
    words: Annotated[str, Field(max_length=2000)] = ""


# Gives the checks that were open, by tag.
Tell = Callable[[Act, Site, Sequence[Thing], datetime, Sequence[NotDone]], Mapping[str, list[str]]]
TELL: list[Tell] = []


def register(tell: Tell) -> Tell:
    """Have it told who was released, where, when, and what was said of their open checks."""
    TELL.append(tell)
    return tell


def open_checks(
    act: Act, site: Site, things: Sequence[Thing], at: datetime, said: Sequence[NotDone]
) -> dict[str, list[str]]:
    """The checks that were open for these persons, by tag; each is a difference now."""
    found: dict[str, list[str]] = {}
    for tell in TELL if things else ():
        for tag, checks in tell(act, site, things, at, said).items():
            found.setdefault(tag, []).extend(checks)
    return found
