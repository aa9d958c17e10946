"""May this be given, in which duty status, by which rule: one finding for each line of a request.

Several layers have a say, each only to narrow: the law, a federal order, the governor's decision, the scope
of the request, and a site's own rule. The strictest finding wins; of two equally strict ones, the layer
named first.
"""

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from muster.assistance.rules import AgencyKind, Line, Request
from muster.core.errors import MusterError
from muster.core.tasks import CONTACTS, Contact, contact_of

Verdict = Literal["permitted", "conditional", "needs_counsel", "prohibited"]
STRICTNESS: tuple[Verdict, ...] = ("permitted", "conditional", "needs_counsel", "prohibited")
LayerName = Literal["law", "federal order", "governor's decision", "request scope", "site rule"]
LAYERS: tuple[LayerName, ...] = ("law", "federal order", "governor's decision", "request scope", "site rule")
Column = Literal["sad", "title_32", "title_10"]
COLUMNS: tuple[Column, ...] = ("sad", "title_32", "title_10")
Mark = Literal["C", "S", "GK"]  # read in a primary text; in a secondary source only; general knowledge
Facts = Mapping[str, bool | date]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found about one line, and what decided it."""

    line: int
    task: str
    finding: Verdict
    layer: LayerName
    rule: str
    citation: str
    verified: bool  # read in a primary text, and no part of it is from memory
    words: str
    conditions: tuple[str, ...] = ()  # what must hold, each with the facts it hangs on

    def to_json(self) -> dict[str, Any]:
        """Give the finding as `muster check --json` prints it."""
        return {
            "line": self.line,
            "task": self.task,
            "finding": self.finding,
            "layer": self.layer,
            "rule": self.rule,
            "citation": self.citation,
            "verified": self.verified,
            "words": self.words,
            "conditions": list(self.conditions),
        }


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The rule on which a finding rests."""

    rule: str
    citation: str
    verified: bool
    words: str


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Met when any one of its facts is so; broken when all of them are known not to be so; open otherwise."""

    any_of: tuple[str, ...]
    words: str


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
    citation: str
    mark: Mark
    unverified: str  # the part that is weaker than the mark; empty: none
    sources: tuple[str, ...]

    @property
    def basis(self) -> Basis:
        """The status as the rule on which a finding rests."""
        words = f"{self.name}. {self.duration}."
        verified = self.mark == "C" and not self.unverified
        return Basis(rule=self.id, citation=self.citation, verified=verified, words=words)


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
    when_agency: AgencyKind | None
    statuses: tuple[str, ...]  # it bites only in these; empty: in all
    requires: tuple[Condition, ...]
    prohibits: tuple[str, ...]  # task categories
    needs_counsel: tuple[str, ...]
    allows: tuple[str, ...]
    allows_statuses: tuple[str, ...]
    otherwise: Verdict | None  # the finding for what `allows` does not name

    @property
    def basis(self) -> Basis:
        """The rule as that on which a finding rests."""
        verified = self.mark == "C" and not self.unverified
        return Basis(rule=self.id, citation=self.citation, verified=verified, words=self.words)

    def in_force(self, on_date: date) -> bool:
        """Whether the rule stands on that day. A day that is not stated bounds nothing."""
        begun = self.effective_from is None or self.effective_from <= on_date
        return begun and (self.effective_to is None or on_date <= self.effective_to) and not self.not_in_force


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the task table: a category in one kind of duty."""

    finding: Verdict
    basis: Basis
    mark: Mark
    conditions: tuple[Condition, ...]


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

    def __post_init__(self) -> None:
        if not (self.statute and self.counsel and self.signed_date):
            raise LiftNotSigned(task=self.task)

    def covers(self, task: str, status: str, on_date: date) -> bool:
        """Whether it lifts the prohibition of the task in that status on that day, and was signed by then."""
        begins = max(filter(None, (self.signed_date, self.effective_from)), default=on_date)
        ended = self.effective_to is not None and on_date > self.effective_to
        return task == self.task and status in self.statuses and begins <= on_date and not ended


@dataclass(frozen=True, kw_only=True)
class Law:
    """The layer of the law: statuses, rules, the task table, and what lifts its prohibitions."""

    statuses: Mapping[str, Status]
    rules: tuple[Ruled, ...]
    cells: Mapping[tuple[str, Column], Cell]
    lifts: tuple[Lift, ...] = ()
    name: LayerName = "law"


@dataclass(frozen=True, kw_only=True)
class LimitLayer:
    """Limits that stand below the law: a federal order, a governor's decision, or a site's own rule.

    None or an empty tuple bounds nothing. `basis` gives for each limit, by its field name, the rule and the
    sentence to quote; `otherwise` is the finding for a task or status that the layer does not name.
    """

    name: LayerName
    basis: Mapping[str, Basis] = field(default_factory=dict)
    known_from: date | None = None  # before this day nobody knew of it, so it has no say
    effective_from: date | None = None  # both ends included
    effective_to: date | None = None
    statuses: tuple[str, ...] = ()
    tasks_allowed: tuple[str, ...] | None = None
    tasks_barred: tuple[str, ...] = ()
    contact: Contact | None = None  # the most that is allowed
    places: tuple[str, ...] = ()
    volunteers_only: bool = False
    otherwise: Verdict = "prohibited"


Layer = Law | LimitLayer


@dataclass(frozen=True)
class _Said:
    """What one layer says of one line; `order` ranks rules inside the layer, the lowest first."""

    verdict: Verdict
    layer: LayerName
    order: int
    basis: Basis
    conditions: tuple[str, ...] = ()


class UnknownStatus(MusterError):
    """No rule pack holds that duty status."""

    code = "authority.unknown_status"

    def __init__(self, *, status: str, known: Sequence[str]) -> None:
        self.status_id, self.known = status, tuple(known)
        super().__init__(f"{status[:40]!r} is not a duty status. Write one of: {', '.join(known)}.")


def assess(
    request: Request, status: str, on_date: date, layers: Sequence[Layer], facts: Facts
) -> tuple[Finding, ...]:
    """Find for each line whether it may be given, in the order of the lines.

    `status` is the id of a duty status; `facts` says what is known, by fact: a fact that is missing leaves
    its condition open, which is *conditional*; one known to be false breaks it, which is *prohibited*.

    Raises UnknownStatus.
    """
    laws = [layer for layer in layers if isinstance(layer, Law)]
    limits = [layer for layer in layers if isinstance(layer, LimitLayer) and _has_a_say(layer, on_date)]
    known = [name for law in laws for name in law.statuses]
    if status not in known:
        raise UnknownStatus(status=status, known=known)
    findings = []
    for line in request.lines:
        stated = dict(facts) | _read_off(line, limits, facts)
        said = [
            word for law in laws for word in _law(law, request, line, law.statuses[status], on_date, stated)
        ]
        said += [word for layer in limits for word in _limits(layer, line, status, on_date, stated)]
        said += _scope(request, line, on_date)
        findings.append(_strictest(line, said))
    return tuple(findings)


def _strictest(line: Line, said: Sequence[_Said]) -> Finding:
    decides = min(
        said, key=lambda word: (-STRICTNESS.index(word.verdict), LAYERS.index(word.layer), word.order)
    )
    conditions: tuple[str, ...] = ()
    if decides.verdict != "prohibited":
        conditions = tuple(dict.fromkeys(condition for word in said for condition in word.conditions))
    return Finding(
        line=line.n,
        task=line.task,
        finding=decides.verdict,
        layer=decides.layer,
        rule=decides.basis.rule,
        citation=decides.basis.citation,
        verified=decides.basis.verified,
        words=decides.basis.words,
        conditions=conditions,
    )


def _read_off(line: Line, limits: Sequence[LimitLayer], facts: Facts) -> dict[str, bool]:
    """Facts that need no statement, because the line or the decision says them.

    A decision without contact does not make the law's own condition false: that refusal is the governor's
    to give.
    """
    read: dict[str, bool] = {}
    contact = contact_of(line.task, line.contact)
    if contact is not None:
        read["no_contact_with_custody"] = contact == "none"
    for layer in limits:
        if layer.name == "governor's decision" and layer.contact in ("incidental", "direct"):
            read["governor_allows_contact"] = True
    return read


# --- the law ------------------------------------------------------------------------


def _law(
    law: Law, request: Request, line: Line, status: Status, on_date: date, facts: Facts
) -> Iterator[_Said]:
    yield from _status(status, line, on_date, facts)
    for rule in law.rules:
        if _bites(rule, request, status, on_date, facts):
            # A rule for one kind of mission (a compact) is named before the table, a general one after it.
            yield from _rule(rule, line, facts, order=1 if rule.when_fact else 3)
    yield _cell(law, line, status, on_date, facts)


def _status(status: Status, line: Line, on_date: date, facts: Facts) -> Iterator[_Said]:
    """What the duty status itself rules out: whom it covers, which tasks, and how long it lasts."""
    basis = status.basis
    if not status.guard:
        yield _Said("prohibited", "law", 0, _reworded(basis, status.guard_words))
    if line.task in status.tasks_barred:
        yield _Said("prohibited", "law", 0, _reworded(basis, status.tasks_barred_words))
    if status.max_days is None and status.max_months is None:
        return
    began = facts.get("duty_began_on")
    if not isinstance(began, date):
        condition = f"The duty is within its longest time: {status.duration} (not stated: duty_began_on)"
        yield _Said("conditional", "law", 0, basis, (condition,))
        return
    latest = _latest_day(status, began, facts)
    if on_date > latest:
        words = f"The duty that began on {began} ended on {latest}: {status.duration}."
        yield _Said("prohibited", "law", 0, _reworded(basis, words))


def _latest_day(status: Status, began: date, facts: Facts) -> date:
    """The last day of the duty. An extension is an act: where nobody states it, there is none."""
    if status.max_months is not None:
        year, month = divmod(began.year * 12 + began.month - 1 + status.max_months, 12)
        day = min(began.day, calendar.monthrange(year, month + 1)[1])
        return date(year, month + 1, day) - timedelta(days=1)
    days = status.max_days or 0
    if status.extension_days and status.extension_fact and facts.get(status.extension_fact) is True:
        days += status.extension_days
    return began + timedelta(days=days - 1)


def _bites(rule: Ruled, request: Request, status: Status, on_date: date, facts: Facts) -> bool:
    if not rule.in_force(on_date) or (rule.statuses and status.id not in rule.statuses):
        return False
    if rule.when_fact is not None and facts.get(rule.when_fact) is not True:
        return False
    return rule.when_agency is None or rule.when_agency == request.agency_kind


def _rule(rule: Ruled, line: Line, facts: Facts, *, order: int) -> Iterator[_Said]:
    if line.task in rule.prohibits:
        yield _Said("prohibited", "law", order, rule.basis)
    if line.task in rule.needs_counsel:
        yield _Said("needs_counsel", "law", order, rule.basis)
    for condition in rule.requires:
        state = _state_of(condition, facts)
        if state == "broken":
            words = f"{rule.words} Known not to be so: {' and '.join(condition.any_of)}."
            yield _Said("prohibited", "law", order, _reworded(rule.basis, words))
        elif state == "open":
            yield _Said("conditional", "law", order, rule.basis, (_named(condition, facts),))


def _cell(law: Law, line: Line, status: Status, on_date: date, facts: Facts) -> _Said:
    cell = law.cells.get((line.task, status.column)) if status.column else None
    if cell is None:
        words = f"The task table says nothing of {line.task} in {status.name}. Ask counsel."
        return _Said(
            "needs_counsel",
            "law",
            2,
            Basis(rule=line.task, citation=status.citation, verified=False, words=words),
        )
    if cell.finding == "prohibited":
        lift = next((lift for lift in law.lifts if lift.covers(line.task, status.id, on_date)), None)
        if lift is None:
            return _Said("prohibited", "law", 2, cell.basis)
        basis = Basis(rule=cell.basis.rule, citation=lift.statute, verified=True, words=lift.words)
        signed = f"Only as far as {lift.statute} reaches; signed by {lift.counsel} on {lift.signed_date}"
        return _Said("conditional", "law", 2, basis, (signed,))
    broken = [condition for condition in cell.conditions if _state_of(condition, facts) == "broken"]
    if broken:
        named = "; ".join(
            f"{condition.words} ({' and '.join(condition.any_of)} known not to be so)" for condition in broken
        )
        return _Said("prohibited", "law", 2, _reworded(cell.basis, f"A condition is not met: {named}."))
    return _Said(
        cell.finding, "law", 2, cell.basis, tuple(_named(condition, facts) for condition in cell.conditions)
    )


def _state_of(condition: Condition, facts: Facts) -> Literal["met", "broken", "open"]:
    values = [facts.get(fact) for fact in condition.any_of]
    if any(value is True for value in values):
        return "met"
    return "broken" if all(value is False for value in values) else "open"


def _named(condition: Condition, facts: Facts) -> str:
    met = [fact for fact in condition.any_of if facts.get(fact) is True]
    return f"{condition.words} ({'stated' if met else 'not stated'}: {' or '.join(met or condition.any_of)})"


def _reworded(basis: Basis, words: str) -> Basis:
    return Basis(rule=basis.rule, citation=basis.citation, verified=basis.verified, words=words)


# --- limits below the law -----------------------------------------------------------


def limit_layer(
    name: LayerName, *, rules: Sequence[Ruled], effective_from: date | None, effective_to: date | None
) -> LimitLayer:
    """Make a layer of the rules of an order. Nobody could know it before it took effect."""
    basis: dict[str, Basis] = {}
    for rule in rules:
        for limit, given in (
            ("tasks_barred", rule.prohibits),
            ("tasks_allowed", rule.allows),
            ("statuses", rule.allows_statuses),
        ):
            if given:
                basis[limit] = rule.basis
    allowed = tuple(task for rule in rules for task in rule.allows)
    return LimitLayer(
        name=name,
        basis=basis,
        known_from=effective_from,
        effective_from=effective_from,
        effective_to=effective_to,
        statuses=tuple(status for rule in rules for status in rule.allows_statuses),
        tasks_allowed=allowed or None,
        tasks_barred=tuple(task for rule in rules for task in rule.prohibits),
        otherwise=next((rule.otherwise for rule in rules if rule.otherwise), "prohibited"),
    )


def _has_a_say(layer: LimitLayer, on_date: date) -> bool:
    return layer.known_from is None or layer.known_from <= on_date


def _limits(layer: LimitLayer, line: Line, status: str, on_date: date, facts: Facts) -> Iterator[_Said]:
    def say(verdict: Verdict, limit: str, words: str, condition: str = "") -> _Said:
        plain = Basis(rule=limit, citation=layer.name, verified=False, words=words)
        return _Said(verdict, layer.name, 0, layer.basis.get(limit, plain), (condition,) if condition else ())

    if layer.effective_from and on_date < layer.effective_from:
        yield say("prohibited", "effective_from", f"It begins on {layer.effective_from}.")
    if layer.effective_to and on_date > layer.effective_to:
        yield say("prohibited", "effective_to", f"It expired: {layer.effective_to} was its last day.")
    if line.task in layer.tasks_barred:
        yield say("prohibited", "tasks_barred", f"{line.task} is barred.")
    elif layer.tasks_allowed is not None and line.task not in layer.tasks_allowed:
        yield say(layer.otherwise, "tasks_allowed", f"{line.task} is not among the tasks allowed.")
    if layer.statuses and status not in layer.statuses:
        yield say(layer.otherwise, "statuses", f"{status} is not a duty status that it provides for.")
    if layer.contact is not None and layer.contact != "direct":
        contact = contact_of(line.task, line.contact)
        words = f"At most {layer.contact} contact with persons in custody is allowed."
        if layer.contact == "none":
            words = "No contact with persons in custody is allowed."
        if contact is None:
            yield say("conditional", "contact", words, f"{words} (not stated: contact of line {line.n})")
        elif CONTACTS.index(contact) > CONTACTS.index(layer.contact):
            yield say("prohibited", "contact", words)
    if layer.places and line.place is None:
        words = f"Only at {', '.join(layer.places)}."
        yield say("conditional", "places", words, f"{words} (not stated: place of line {line.n})")
    elif layer.places and line.place not in layer.places:
        yield say("prohibited", "places", f"Only at {', '.join(layer.places)}.")
    if layer.volunteers_only:
        yield from _volunteers(say("prohibited", "volunteers_only", "Volunteers only."), facts)


def _volunteers(refusal: _Said, facts: Facts) -> Iterator[_Said]:
    volunteers = facts.get("members_are_volunteers")
    if volunteers is False:
        yield refusal
    elif volunteers is not True:
        named = "Only members who volunteer (not stated: members_are_volunteers)"
        yield _Said("conditional", refusal.layer, refusal.order, refusal.basis, (named,))


def _scope(request: Request, line: Line, on_date: date) -> Iterator[_Said]:
    """What the request itself leaves out, and the window it names."""

    def say(rule: str, words: str) -> _Said:
        basis = Basis(rule=rule, citation=f"Request {request.id}", verified=True, words=words)
        return _Said("prohibited", "request scope", 0, basis)

    for exclusion in request.exclusions:
        if exclusion.task == line.task:
            yield say("exclusions", f"The request itself leaves {line.task} out: {exclusion.words}")
    if line.window_to and on_date > line.window_to:
        yield say("window", f"It was asked for until {line.window_to} only.")
