"""How much of the limits that are numbers is used at one moment, and at most from then on. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from muster.core.money import usd
from muster.core.tasks import TASKS
from muster.decisions.rules import Draw, InForce, peak_between, person_days, person_days_begun, total_at

Unit = Literal["people", "vehicles", "person_days", "cents"]
# Per cent of a limit from which on somebody ought to know before the next plan. Source: ui.md section 2, the board.
NEAR = 80


@dataclass(frozen=True, kw_only=True)
class Used:
    """One limit that is a number: what is used of it at a moment, and `peak`, the most from then on.

    Of people and vehicles the peak is that of one moment; of person-days and cents, which are totals over all of the decision's
    time, it is what they come to in the end: `used` then are the days begun, and what was spent. `of` names a task or a place;
    empty: in all. `version` of the decision set the limit, in the words of `sentence`.
    """

    limit: str
    of: str
    unit: Unit
    used: int
    peak: int
    allowed: int
    version: int | None
    sentence: str

    @property
    def name(self) -> str:
        """What the limit counts, in words."""
        match self.limit:
            case "people_max":
                return "People in all"
            case "people_max_by_task":
                return f"People on {self.of} {TASKS[self.of].name.lower()}"
            case "people_max_by_place":
                return f"People at {self.of}"
            case "person_days_max":
                return "Person-days over the whole time"
            case "cost_cap_usd":
                return "Cost over the whole time"
            case _:
                return "Vehicles in all"

    @property
    def share(self) -> int:
        """Per cent of the limit that is used at the moment, rounded down; 100 where none is allowed and some used."""
        return share(self.used, self.allowed)

    @property
    def peak_share(self) -> int:
        """The same of the peak."""
        return share(self.peak, self.allowed)

    @property
    def says(self) -> str:
        """How near the limit it is at its fullest, in words: inside, 80% or more, all used, over the limit."""
        most = max(self.used, self.peak)
        if most > self.allowed:
            return "over the limit"
        if most == self.allowed and self.allowed:
            return "all used"
        return f"{NEAR}% or more" if is_near(most, self.allowed) else "inside"

    def said(self, number: int) -> str:
        """One of its numbers as it is read: dollars, or digits with their commas."""
        return usd(number) if self.unit == "cents" else f"{number:,}"


def share(used: int, allowed: int) -> int:
    """Per cent, rounded down, so that 100 is said only where all is used."""
    return 100 * used // allowed if allowed else 100 if used else 0


def is_near(used: int, allowed: int) -> bool:
    """Whether `NEAR` per cent are used, or more."""
    return used > 0 and 100 * used >= allowed * NEAR


def used_at(in_force: InForce, draws: Sequence[Draw], at: datetime) -> list[Used]:
    """How much of each limit that tasks draw on is used at `at`, and at most from then on. A draw's end is not included."""
    limits = in_force.limits
    if limits is None:
        return []
    said: list[tuple[str, str, int | None, Sequence[Draw]]] = [
        ("people_max", "", limits.people_max, draws),
        *(("people_max_by_task", task, most, [draw for draw in draws if draw.task == task])
          for task, most in limits.people_max_by_task.items()),
        *(("people_max_by_place", place, most, [draw for draw in draws if draw.place == place])
          for place, most in limits.people_max_by_place.items()),
        ("vehicles_max", "", limits.vehicles_max, draws),
    ]  # fmt: skip
    found = []
    for limit, of, most, drawn in said:
        unit: Literal["people", "vehicles"] = "vehicles" if limit == "vehicles_max" else "people"
        if most is not None:
            found.append(
                Used(limit=limit, of=of, unit=unit, used=total_at(drawn, unit, at),
                     peak=peak_between(drawn, unit, at, None),
                     allowed=most, version=in_force.version, sentence=limits.sentence(limit))
            )  # fmt: skip
    if limits.person_days_max is not None:
        found.append(
            Used(limit="person_days_max", of="", unit="person_days",
                 used=sum(person_days_begun(draw, limits.zone, at) for draw in draws),
                 peak=sum(person_days(draw, limits.zone) for draw in draws), allowed=limits.person_days_max,
                 version=in_force.version, sentence=limits.sentence("person_days_max"))
        )  # fmt: skip
    return found
