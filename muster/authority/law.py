"""The law as data: duty statuses, rules, the task table, and what lifts its prohibitions. Nothing here judges a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from muster.assistance.rules import AgencyKind
from muster.authority.findings import Basis, LayerName, Mark, Origin, Quote, Said, Verdict
from muster.core.errors import MusterError

Column = Literal["sad", "title_32", "title_10"]


COLUMNS: tuple[Column, ...] = ("sad", "title_32", "title_10")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Met when any one of its facts is so; broken when all of them are known not to be so; open otherwise."""

    any_of: tuple[str, ...]
    words: str

    @cached_property
    def turns(self) -> str:
        """What would turn a finding that hangs on it."""
        return f"Prohibited where this is known not to be so: {self.words} ({' and '.join(self.any_of)})."

    @cached_property
    def mends(self) -> str:
        """What would mend a finding that it broke."""
        return f"It would not stand in the way if this were so: {self.words} ({' or '.join(self.any_of)})."


@dataclass(frozen=True, kw_only=True)
class Status:
    """A duty status: who commands, who pays, who must consent, what binds, and for how long."""

    id: str
    name: str
    column: Column | None  # of the task table; None: the table has none for it
    commands: str
    pays: str
    consents: str
    posse_comitatus: str  # yes | no | exception
    posse_comitatus_words: str
    chapter_15: str  # yes | no | superseded
    chapter_15_words: str
    duration: str
    max_days: int | None  # the first day counts as day 1; None: none stated
    max_months: int | None
    extension_days: int | None
    extension_fact: str | None  # the fact without which there is no extension
    members_max: int | None
    guard: bool  # whether a state's National Guard can serve in it
    guard_words: str
    tasks_barred: tuple[str, ...]
    tasks_barred_words: str
    requires: tuple[Condition, ...]  # who must consent, and what must have been found
    citation: str
    mark: Mark
    unverified: str  # the part that is weaker than the mark; empty: none
    sources: tuple[str, ...]
    quotes: tuple[Quote, ...] = ()
    origin: Origin | None = field(default=None, compare=False)

    @cached_property
    def basis(self) -> Basis:
        """The status as the rule on which a finding rests."""
        return _basis(self, f"{self.name}. {self.duration}.")


@dataclass(frozen=True, kw_only=True)
class Ruled:
    """One rule of a pack. Without a structured part it informs and decides nothing."""

    id: str
    words: str
    citation: str
    effective_from: date | None
    effective_to: date | None
    mark: Mark
    unverified: str
    sources: tuple[str, ...]
    not_in_force: str  # why it counts as not in force; empty: it is
    when_fact: str | None  # it bites only where this fact is so
    when_agencies: tuple[AgencyKind, ...]  # only for these; empty: for all
    statuses: tuple[str, ...]  # it bites only in these; empty: in all
    tasks: tuple[str, ...]  # what it requires and how long it lasts bite only for these; empty: for all
    requires: tuple[Condition, ...]
    prohibits: tuple[str, ...]  # task categories
    needs_counsel: tuple[str, ...]
    allows: tuple[str, ...]
    allows_statuses: tuple[str, ...]
    otherwise: Verdict | None  # the finding for what `allows` does not name
    max_days: int | None  # how long what it allows may last; the first day counts as day 1
    began_fact: str | None  # the fact that says on which day that began
    universal: bool = False  # it holds beside every finding and is told with each
    state: str = ""  # the postal code of the only state whose law it is; empty: every state's
    quotes: tuple[Quote, ...] = ()
    origin: Origin | None = field(default=None, compare=False)

    @cached_property
    def basis(self) -> Basis:
        """The rule as that on which a finding rests."""
        return _basis(self, self.words)

    @cached_property
    def decides(self) -> bool:
        """Whether it has a structured part, so that it can decide a line of a request."""
        return bool(self.requires or self.prohibits or self.needs_counsel or self.max_days)

    def in_force(self, on_date: date) -> bool:
        """Whether the rule stands on that day. A day that is not stated bounds nothing."""
        begun = self.effective_from is None or self.effective_from <= on_date
        return begun and (self.effective_to is None or on_date <= self.effective_to) and not self.not_in_force


def _basis(of: "Status | Ruled", words: str) -> Basis:
    return Basis(
        rule=of.id,
        citation=of.citation,
        verified=of.mark == "C" and not of.unverified,
        words=words,
        mark=of.mark,
        unverified=of.unverified,
        quotes=of.quotes,
        origin=of.origin,
    )


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the task table: a category in one kind of duty."""

    finding: Verdict
    basis: Basis
    mark: Mark
    conditions: tuple[Condition, ...]
    lifted_by: str = ""  # of a prohibition: what the table says would lift it; empty: it says nothing of that

    @cached_property
    def permits(self) -> Said:
        """What it says of every line where nothing hangs on a fact."""
        return Said("permitted", "law", 2, self.basis)

    @cached_property
    def lifts(self) -> tuple[str, ...]:
        """What would lift its prohibition, in sentences."""
        named = ("Only a named statute, with counsel's sign-off, lifts this.",)
        return (*named, self.lifted_by) if self.lifted_by else named


class LiftNotSigned(MusterError):
    """A prohibition cannot be lifted without a named statute and counsel's sign-off."""

    code = "authority.lift_not_signed"

    def __init__(self, *, task: str) -> None:
        self.task = task
        super().__init__(
            f"The prohibition of {task} is lifted only by a named statute with counsel's sign-off. "
            "Name the statute, the office of the counsel who signed, and the day."
        )


@dataclass(frozen=True, kw_only=True)
class Lift:
    """A named statute that lifts an X cell for some duty statuses, signed by counsel.

    Raises LiftNotSigned.
    """

    task: str
    statuses: frozenset[str]
    statute: str
    counsel: str  # the office that signed
    signed_date: date | None
    effective_from: date | None
    effective_to: date | None
    words: str
    state: str = ""  # the postal code of the only state whose law it is; empty: every state's

    def __post_init__(self) -> None:
        if not (self.statute and self.counsel and self.signed_date):
            raise LiftNotSigned(task=self.task)

    def covers(self, task: str, status: str, on_date: date, state: str) -> bool:
        """Whether it lifts the prohibition of the task in that status, day and state, and was signed by then."""
        if self.state not in ("", state):
            return False
        begins = max(filter(None, (self.signed_date, self.effective_from)), default=on_date)
        ended = self.effective_to is not None and on_date > self.effective_to
        return task == self.task and status in self.statuses and begins <= on_date and not ended


@dataclass(frozen=True, kw_only=True)
class Law:
    """The layer of the law: statuses, rules, the task table, and what lifts its prohibitions.

    `parts` names the facts that are made of others: such a fact is so only where it and each part is stated to
    be so, and not so where any of them is known not to be.
    """

    statuses: Mapping[str, Status]
    rules: tuple[Ruled, ...]
    cells: Mapping[tuple[str, Column], Cell]
    lifts: tuple[Lift, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    name: LayerName = "law"

    @cached_property
    def deciding(self) -> Mapping[str, tuple[Ruled, ...]]:
        """For each duty status the rules that can decide a line in it; the others only inform."""
        return {
            status: tuple(r for r in self.rules if r.decides and (not r.statuses or status in r.statuses))
            for status in self.statuses
        }

    @cached_property
    def made_of_others(self) -> frozenset[str]:
        """The facts that have parts, and the parts."""
        return frozenset(self.parts) | {part for parts in self.parts.values() for part in parts}

    @property
    def universal(self) -> tuple[Ruled, ...]:
        """The rules that hold beside every finding."""
        return tuple(rule for rule in self.rules if rule.universal)
