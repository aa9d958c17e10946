"""Rules of packs and standards, by their ids, as limits of a problem: hours of drivers, crews, and who rides apart.

Hours come from the rule packs (`muster.cases.packs`). The others stand here with the words and marks of their standard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from muster.cases.packs import load_standards
from muster.cases.rules import Hours
from muster.transport.planner.problem import Apart, Breaks, How, Together

SINGLE_OFFICER, BUS_CREW, SEATS, SEPARATION, RATIO = "TRN-01", "TRN-04", "TRN-13", "TRN-17", "TRN-20"
PERSONS_PER_AGENT = 6  # by RATIO
PERSONS = f"persons ({RATIO})"  # the kind of load by which a plan is held to it


@dataclass(frozen=True, kw_only=True)
class PlanningRule:
    """A rule that a plan can be held to; `hours` where it is about drivers' hours."""

    id: str
    words: str
    citation: str
    mark: str
    hours: Hours | None = None

    def to_json(self) -> dict[str, str]:
        return {"words": self.words, "citation": self.citation, "mark": self.mark}


CREWS = (
    PlanningRule(
        id=SINGLE_OFFICER,
        words="A single officer does not transport a single detainee of the opposite gender, except in an emergency.",
        citation="PBNDS 1.3 II.4",
        mark="C",
    ),
    PlanningRule(
        id=BUS_CREW,
        words="Two officers with commercial licenses in any bus with detainees.",
        citation="PBNDS 1.3",
        mark="GK",
    ),
    PlanningRule(
        id=SEATS, words="Never more people than rated seats.", citation="PBNDS 1.3; TEDS 2.1", mark="GK"
    ),
    PlanningRule(
        id=SEPARATION,
        words="Separation groups ride apart; families ride together.",
        citation="PBNDS 1.3; 8 CFR 236.3; 6 CFR 115.114 for the custody rule behind it",
        mark="GK",
    ),
    PlanningRule(
        id=RATIO,
        words="With a private carrier at most 6 violent prisoners for each agent: the ceiling that a regulation may demand.",
        citation="34 USC 60103(b)(4); 28 CFR 97",
        mark="C",
    ),
)


def known_rules() -> dict[str, PlanningRule]:
    """Every rule that a problem can name, by id."""
    hours = (
        PlanningRule(id=rule.id, words=rule.words, citation=rule.citation, mark=rule.mark, hours=rule.hours)
        for standard in load_standards().by_id.values()
        for rule in standard.rules.values()
        if rule.hours
    )
    return {rule.id: rule for rule in (*CREWS, *hours)}


@dataclass(frozen=True, kw_only=True)
class DriversLeft:
    """What a crew may still drive on a route, in minutes; None where no rule sets it."""

    driving_min: float | None = None
    duration_min: float | None = None
    breaks: Breaks | None = None


def drivers_left(
    rules: Iterable[PlanningRule], *, drivers: int, driven_min: float, on_duty_min: float, week_min: float
) -> DriversLeft:
    """The strictest of the hours of these rules, after what the drivers drove and worked since their rest and in the week before.

    A second driver doubles the driving; each rests while the other drives, so no break is asked for. The time on duty of
    both runs on. A route is one stretch of duty: nobody rests long enough on it to begin anew.
    """
    driving: list[float] = []
    duration: list[float] = []
    breaks: list[Breaks] = []
    for hours in (rule.hours for rule in rules if rule.hours):
        driving.append(drivers * (hours.driving_h * 60 - driven_min))
        if hours.window_h is not None:
            duration.append(hours.window_h * 60 - on_duty_min)
        if hours.week_h is not None:
            left = hours.week_h * 60 - week_min
            if hours.week_counts == "driving":
                driving.append(drivers * left)
            else:
                duration.append(left)
        if hours.break_after_h is not None and hours.break_min is not None and drivers == 1:
            breaks.append(Breaks(after_driving_min=hours.break_after_h * 60, length_min=hours.break_min))
    strictest = min(breaks, key=lambda each: (each.after_driving_min, -each.length_min), default=None)
    return DriversLeft(
        driving_min=min(driving, default=None), duration_min=min(duration, default=None), breaks=strictest
    )


def kept_apart(groups: Mapping[str, Sequence[str]], together: Sequence[Together]) -> list[Apart]:
    """Moves of different separation groups never aboard at once, but those who ride together, such as a family.

    `groups` gives the moves of each group.
    """
    family = {code: set(each.moves) for each in together for code in each.moves}
    found = []
    for one, other in combinations(sorted(groups), 2):
        those, at_all = tuple(groups[other]), set(groups[other])
        related = [code for code in groups[one] if not family.get(code, set()).isdisjoint(at_all)]
        kin = set(related)
        if plain := tuple(code for code in groups[one] if code not in kin):
            found.append(Apart(plain, those, how=How.ABOARD, rule=SEPARATION))
        for code in related:
            if unrelated := tuple(each for each in those if each not in family[code]):
                found.append(Apart((code,), unrelated, how=How.ABOARD, rule=SEPARATION))
    return found
