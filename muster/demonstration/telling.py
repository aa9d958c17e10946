"""How a story is told: steps as data, by whom, with what an earlier step answered filled in."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Any

from muster.core.files import read_data
from muster.core.tags import MOST_TAGS, make_tag

PERSONS, BAGS = 120, 3


@dataclass(frozen=True)
class Step:
    """One action of a story. An input that is a `Said` is taken from an earlier step's answer."""

    by: str
    action: str
    inputs: dict[str, Any]
    name: str = ""  # by which later steps refer to its answer
    refused: str = ""  # the code with which it is refused: a plan outside the limits is part of the story


@dataclass(frozen=True)
class Said:
    """What the step of that name answered under `key`."""

    step: str
    key: str


@dataclass(frozen=True)
class Cast:
    """The generated persons and bags, by number, the moment that the story ends, and the id of the mission that holds them."""

    tags: list[str] = field(repr=False)
    now: datetime
    mission: str
    bags: list[str] = field(repr=False, default_factory=list)

    @classmethod
    def drawn(cls, now: datetime, seed: int, mission: str = "EX-PROCESSING-1") -> Cast:
        """120 different tags of persons and three of bags, the same for the same seed."""
        tags = [make_tag(number) for number in random.Random(seed).sample(range(MOST_TAGS), PERSONS + BAGS)]
        return cls(tags[:PERSONS], now, mission, tags[PERSONS:])

    def ago(self, hours: float) -> str:
        """A moment so many hours before the end, to the minute."""
        return (self.now - timedelta(hours=hours)).replace(second=0, microsecond=0).isoformat()

    def day(self, days_ago: int) -> str:
        """A day so many days before the end (UTC)."""
        return (self.now - timedelta(days=days_ago)).date().isoformat()


def request_file(name: str) -> dict[str, Any]:
    """One of the example requests, without the limits that its file holds for `muster check`; days as text."""
    data = _file(name)
    data.pop("limits", None)
    return dict(_plain(data))


def limits_of(name: str, *, zone: str) -> dict[str, Any]:
    """The limits that stand in an example file, as a decision takes them."""
    said = _plain(_file(name)["limits"][0])
    for only_of_the_file in ("layer", "rule", "citation", "verified", "known_from"):
        said.pop(only_of_the_file, None)
    return {"zone": zone, **said}


def _file(name: str) -> dict[str, Any]:
    path = resources.files("muster.demonstration") / "examples" / f"{name}-request.toml"
    return dict(read_data(path.read_text(encoding="utf-8")))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
