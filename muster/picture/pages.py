"""What the public page of a mission and its line on the list are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from muster.assistance import rules as requests
from muster.assistance.models import Step as Taken
from muster.authority.law import Status
from muster.authority.models import Assessment, LineFinding
from muster.authority.packs import Pack
from muster.decisions.models import Decision, Version
from muster.decisions.rules import InForce
from muster.missions.models import Apart, Mission
from muster.picture.rules import Figure
from muster.picture.summary import Facts, in_english, state_of
from muster.sources.models import Claim, Source, Statement

ROW = ("metric", "place", "low", "high", "said", "as_of", "source", "stated_by", "note", "shown")


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision with what it allows at the page's moment, and every record of it by then."""

    decision: Decision
    in_force: InForce
    versions: tuple[Version, ...]

    @property
    def where(self) -> ZoneInfo:
        """The zone whose days the decision counts."""
        return ZoneInfo(self.in_force.limits.zone if self.in_force.limits else "UTC")

    @property
    def taken_on(self) -> date | None:
        """The day on which it was taken; None: not recorded."""
        return _day(self.decision.decided_at, self.where)

    @property
    def followed(self) -> tuple[tuple[str, date | None, str], ...]:
        """What followed it: kind, from which day, and the reason given."""
        later = self.versions[1:]
        return tuple(
            (version.kind, _day(version.effective_at, self.where), version.reason) for version in later
        )

    @property
    def limits(self) -> tuple[tuple[str, bool], ...]:
        """Each limit as a sentence, and whether it is the decision's own; then its conditions, which always are."""
        limits = self.in_force.limits
        if limits is None:
            return ()
        said = ((limits.sentence(name), name in limits.sentences) for name in limits.bounding)
        return (*said, *((condition, True) for condition in limits.conditions))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request with where it stood, what was found about it, and what was decided."""

    request: requests.Request
    office: str
    step: Taken
    assessment: Assessment | None
    findings: tuple[LineFinding, ...]
    status: Status | None  # the duty status of the assessment, else the one asked for; None: not recorded
    order: Pack | None  # the federal order it comes under
    decided: tuple[Decided, ...]

    @property
    def facts(self) -> Facts:
        """What its three sentences are made of; of several decisions, the latest."""
        latest = self.decided[-1] if self.decided else None
        where = latest.where if latest else ZoneInfo("UTC")
        asked = Facts(
            title=self.request.title, requester=self.request.requester, office=self.office, state=self.step.state,
            state_on=_day(self.step.happened_at, where), approximate=self.step.approximate,
        )  # fmt: skip
        return _with_decision(asked, latest) if latest else asked

    @property
    def standing(self) -> str:
        """What is in force now, and why not."""
        return in_english(self.facts)[2]


@dataclass(frozen=True, kw_only=True)
class Day:
    """How many persons a mission's sites held at the end of a day (UTC), and how many were aboard trips."""

    day: date
    in_custody: Figure
    aboard: Figure


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything that the page of a mission shows. The request that the mission's decision answers comes first."""

    mission: str
    title: str
    drill: bool
    at: datetime
    known_at: int
    closed_at: datetime | None
    asked: tuple[Asked, ...]
    figures: tuple[Figure, ...]  # no persons: those are told by day
    days: tuple[Day, ...]  # the latest first; none for a real mission
    questions: tuple[Claim, ...]  # asked and not answered
    apart: tuple[tuple[Apart, tuple[Figure, ...]], ...]
    statements: tuple[Statement, ...]
    sources: tuple[Source, ...]

    @property
    def nobody(self) -> bool:
        """Whether the days told hold no person at all."""
        return bool(self.days) and all(day.in_custody.words == day.aboard.words == "0" for day in self.days)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every figure of the page as its downloads give it."""
        by_day = [figure for day in self.days for figure in (day.in_custody, day.aboard)]
        return [_row(figure) for figure in (*self.figures, *by_day)]


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a mission is called and what was asked; `row` is None where no mission is open."""

    row: Mission | None
    title: str
    drill: bool
    asked: tuple[Asked, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A mission on the list. Without `facts` no request is recorded, and only so many sources speak of it."""

    mission: str
    title: str
    drill: bool
    facts: Facts | None
    sources: int

    @property
    def state(self) -> str:
        """Where it stands."""
        if self.facts is not None:
            return state_of(self.facts)
        return f"Known from {self.sources} source{'' if self.sources == 1 else 's'} alone; no request is recorded"


def _with_decision(facts: Facts, decided: Decided) -> Facts:
    decision, limits = decided.decision, decided.in_force.limits
    return replace(
        facts, outcome=decision.outcome, reported_on=decision.reported_on, reported_about=decision.reported_about,
        decided_on=decided.taken_on,
        reported_by=decision.source.publisher if decision.source else "", limited=limits is not None,
        begins=limits.effective_from if limits else None, ends=limits.effective_to if limits else None,
        why=decided.in_force.why, since=_day(decided.in_force.since, decided.where),
    )  # fmt: skip


def _day(moment: datetime | None, where: ZoneInfo) -> date | None:
    return moment.astimezone(where).date() if moment else None


def _row(figure: Figure) -> dict[str, Any]:
    told = figure.to_json()
    source = ", ".join(filter(None, (figure.source, figure.url)))
    return {name: told[name] for name in ROW} | {"as_of": figure.as_of[:10] or "not stated", "source": source}
