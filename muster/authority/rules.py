"""May this be given, in which duty status, by which rule: one finding for each line of a request.

Several layers have a say, each only to narrow: the law, a federal order, the governor's decision, the scope
of the request, and a site's own rule. The strictest finding wins; of two equally strict ones, the layer
named first.
"""

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

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
class Quote:
    """The words of a law on which a rule rests, exactly as they stand in the text that was read."""

    text: str  # id of the text in its pack
    citation: str
    exact: str

    def to_json(self) -> dict[str, str]:
        """Give the quotation as data."""
        return {"text": self.text, "citation": self.citation, "exact": self.exact}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The pack from which a rule comes, and who stands for it."""

    pack: str  # id and version
    signed: str  # the office that signed and the day, or "unsigned"


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The rule on which a finding rests."""

    rule: str
    citation: str
    verified: bool
    words: str
    mark: Mark | None = None  # None: not of a pack, but a decision's or a request's own words
    unverified: str = ""  # the part that is weaker than the mark
    quotes: tuple[Quote, ...] = ()
    rests_on: tuple[str, ...] = ()  # ids of the rules whose quotations stand beside it too
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found about one line, what decided it, and what would change it: a note in the margin."""

    line: int
    task: str
    finding: Verdict
    layer: LayerName
    rule: str
    citation: str
    verified: bool  # read in a primary text, and no part of it is from memory
    words: str
    conditions: tuple[str, ...] = ()  # what must hold, each with the facts it hangs on
    mark: Mark | None = None
    unverified: str = ""
    pack: str = ""  # id and version; empty: no rule of a pack decided
    signed: str = ""  # who signed that pack and when, or "unsigned"
    quotes: tuple[Quote, ...] = ()
    asks: tuple[str, ...] = ()  # facts that nobody stated and on which it hangs
    changes: tuple[str, ...] = ()  # what would change it, in sentences

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
            "mark": self.mark or "",
            "unverified": self.unverified,
            "pack": self.pack,
            "signed": self.signed,
            "quotes": [quote.to_json() for quote in self.quotes],
            "asks": list(self.asks),
            "changes": list(self.changes),
        }


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
    def permits(self) -> "_Said":
        """What it says of every line where nothing hangs on a fact."""
        return _Said("permitted", "law", 2, self.basis)

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
    people_max: int | None = None  # at any one moment: a line that may bring more is held to it
    otherwise: Verdict = "prohibited"

    @cached_property
    def place(self) -> tuple[int, str]:
        """Where it stands among layers of limits, in whatever order they are given."""
        return _DEPTH[self.name], repr(self)


Layer = Law | LimitLayer


class _Said(NamedTuple):
    """What one layer says of one line; `order` ranks rules inside the layer, the lowest first."""

    verdict: Verdict
    layer: LayerName
    order: int
    basis: Basis
    conditions: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[int, int, int, str, str, str]:
        """The lowest decides: the strictest, of two the layer named first, and then whatever their order."""
        basis = self.basis
        return (
            _MILDNESS[self.verdict],
            _DEPTH[self.layer],
            self.order,
            basis.rule,
            basis.citation,
            basis.words,
        )


_MILDNESS = {verdict: -n for n, verdict in enumerate(STRICTNESS)}
_DEPTH = {layer: n for n, layer in enumerate(LAYERS)}


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
    its condition open, which is *conditional*; one known to be false breaks it, which is *prohibited*. In
    which order the layers come does not matter.

    Raises UnknownStatus.
    """
    laws = [layer for layer in layers if isinstance(layer, Law)]
    limits = [layer for layer in layers if isinstance(layer, LimitLayer) and _has_a_say(layer, on_date)]
    if len(limits) > 1:
        limits.sort(key=lambda layer: layer.place)
    if not any(status in law.statuses for law in laws):
        raise UnknownStatus(status=status, known=[name for law in laws for name in law.statuses])
    allowed = any(
        layer.name == "governor's decision" and layer.contact in ("incidental", "direct") for layer in limits
    )
    if allowed and "governor_allows_contact" not in facts:
        # A decision without contact does not make the law's own condition false: that refusal is the
        # governor's to give. One that was stated to be false stays so, for a layer only narrows.
        facts = {**facts, "governor_allows_contact": True}
    asked = [_asked(law, request, status, on_date, facts) for law in laws]
    findings = []
    for line in request.lines:
        said: list[_Said] = []
        for one in asked:
            said += _law(one, line)
        for layer in limits:
            said += _limits(layer, line, status, on_date, facts)
        said += _scope(request, line, on_date)
        findings.append(_strictest(line, said))
    return tuple(findings)


def _strictest(line: Line, said: Sequence[_Said]) -> Finding:
    strictness = min(_MILDNESS[word.verdict] for word in said)
    strictest = [word for word in said if _MILDNESS[word.verdict] == strictness]
    decides = strictest[0] if len(strictest) == 1 else min(strictest, key=lambda word: word.rank)
    basis, conditions, asks, changes = decides.basis, decides.conditions, decides.asks, decides.changes
    if decides.verdict == "prohibited":
        conditions = asks = ()
    elif len(said) > 1:
        conditions = tuple(dict.fromkeys([each for word in said for each in word.conditions]))
        asks = tuple(dict.fromkeys([each for word in said for each in word.asks]))
        changes = tuple(dict.fromkeys([each for word in (decides, *said) for each in word.changes]))
    if decides.verdict != "permitted":
        below = [word for word in said if word.layer != decides.layer and word.verdict != "permitted"]
        if below:
            changes = (*changes, _without(decides, min(below, key=lambda word: word.rank)))
    return Finding(
        line=line.n,
        task=line.task,
        finding=decides.verdict,
        layer=decides.layer,
        rule=basis.rule,
        citation=basis.citation,
        verified=basis.verified,
        words=basis.words,
        conditions=conditions,
        mark=basis.mark,
        unverified=basis.unverified,
        pack=basis.origin.pack if basis.origin else "",
        signed=basis.origin.signed if basis.origin else "",
        quotes=basis.quotes,
        asks=asks,
        changes=changes,
    )


def _without(decides: _Said, next_one: _Said) -> str:
    verdict = next_one.verdict.replace("_", " ")
    return f"Without the {decides.layer}, the {next_one.layer} would still say {verdict} ({next_one.basis.rule})."


# --- the law ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """What the law is asked for all lines of a request at once: the status, and the rules that bite."""

    law: Law
    status: Status
    state: str
    on_date: date
    facts: Facts  # settled: a fact made of others counts as they do
    half: Mapping[str, tuple[str, ...]]  # of a stated fact that has parts: the parts that nobody stated
    rules: tuple[Ruled, ...]
    of_status: tuple[_Said, ...]


def _asked(law: Law, request: Request, status_id: str, on_date: date, facts: Facts) -> _Asked:
    status = law.statuses[status_id]
    settled, half = _settled(facts, law)
    rules = tuple(rule for rule in law.deciding[status_id] if _bites(rule, request, on_date, settled))
    of_status = tuple(_status(status, on_date, settled, half))
    return _Asked(law, status, request.state, on_date, settled, half, rules, of_status)


def _settled(facts: Facts, law: Law) -> tuple[Facts, Mapping[str, tuple[str, ...]]]:
    if law.made_of_others.isdisjoint(facts):
        return facts, {}
    settled = dict(facts)
    half: dict[str, tuple[str, ...]] = {}
    for name, needed in law.parts.items():
        unstated = tuple(part for part in needed if part not in facts)
        if any(facts.get(part) is False for part in needed):
            settled[name] = False
        elif facts.get(name) is True and unstated:
            half[name] = unstated
            del settled[name]
    return settled, half


def _law(asked: _Asked, line: Line) -> Iterator[_Said]:
    """What the status, the rules that bite and the task table say of one line."""
    yield from asked.of_status
    status = asked.status
    if line.task in status.tasks_barred:
        changes = ("Another duty status may allow it.",)
        yield _Said(
            "prohibited", "law", 0, _reworded(status.basis, status.tasks_barred_words), changes=changes
        )
    contact = contact_of(line.task, line.contact)
    facts = (
        asked.facts
        if contact is None
        else {**asked.facts, "no_contact_with_custody": contact == "none"}  # the line says it itself
    )
    for rule in asked.rules:
        yield from _rule(asked, rule, line, facts)
    yield _cell(asked, line, facts)


def _status(
    status: Status, on_date: date, facts: Facts, half: Mapping[str, tuple[str, ...]]
) -> Iterator[_Said]:
    """What the duty status itself rules out: whom it covers, who must consent, and how long it lasts."""
    if not status.guard:
        changes = ("Another duty status, one that covers the National Guard.",)
        yield _Said("prohibited", "law", 0, _reworded(status.basis, status.guard_words), changes=changes)
    for condition in status.requires:
        yield from _required(condition, status.basis, facts, half, order=0)
    if status.max_days is None and status.max_months is None:
        return
    began = facts.get("duty_began_on")
    if not isinstance(began, date):
        named = f"The duty is within its longest time: {status.duration} (not stated: duty_began_on)"
        changes = ("Prohibited from the day after its longest time, counted from duty_began_on.",)
        yield _Said("conditional", "law", 0, status.basis, (named,), ("duty_began_on",), changes)
        return
    latest = _latest_day(status, began, facts)
    if on_date > latest:
        words = f"The duty that began on {began} ended on {latest}: {status.duration}."
        extended = status.extension_fact and facts.get(status.extension_fact) is not True
        changes = (
            (f"Extended by {status.extension_days} days where it is so: {status.extension_fact}.",)
            if extended
            else ("Another duty status; this one has had its longest time.",)
        )
        yield _Said("prohibited", "law", 0, _reworded(status.basis, words), changes=changes)


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


def _bites(rule: Ruled, request: Request, on_date: date, facts: Facts) -> bool:
    if rule.when_fact is not None and facts.get(rule.when_fact) is not True:
        return False
    return _concerns(rule, request, on_date)


def _concerns(rule: Ruled, request: Request, on_date: date) -> bool:
    """Whether the rule is about such a request at all, whatever the facts and the duty status."""
    if rule.when_agencies and request.agency_kind not in rule.when_agencies:
        return False
    return rule.state in ("", request.state) and rule.in_force(on_date)


def dormant(request: Request, status: str, on_date: date, law: Law, facts: Facts) -> tuple[Ruled, ...]:
    """The rules that would bite if a fact were stated that nobody has stated yet, such as a deployment under a compact."""
    settled, _ = _settled(facts, law)
    return tuple(
        rule
        for rule in law.deciding[status]
        if rule.when_fact and rule.when_fact not in settled and _concerns(rule, request, on_date)
    )


def questions(request: Request, status: str, on_date: date, law: Law, facts: Facts) -> tuple[str, ...]:
    """Every fact on which the law's findings hang in that status, stated or not, in the order in which it is met.

    What a rule for a kind of mission asks is among them only where the mission is stated to be of that kind.
    """
    known = law.statuses[status]
    asked: list[str] = [fact for condition in known.requires for fact in condition.any_of]
    if known.max_days is not None or known.max_months is not None:
        asked += ["duty_began_on", *([known.extension_fact] if known.extension_fact else [])]
    tasks = [line.task for line in request.lines]
    rules = [rule for rule in law.deciding[status] if _concerns(rule, request, on_date)]
    for rule in (each for each in rules if not each.tasks or not set(each.tasks).isdisjoint(tasks)):
        asked += [rule.when_fact] if rule.when_fact else []
        if rule.when_fact is None or facts.get(rule.when_fact) is True:
            asked += [fact for condition in rule.requires for fact in condition.any_of]
            asked += [rule.began_fact] if rule.began_fact else []
    for task in tasks:
        cell = law.cells.get((task, known.column)) if known.column else None
        asked += [fact for condition in cell.conditions for fact in condition.any_of] if cell else []
    whole = [each for fact in asked for each in (fact, *law.parts.get(fact, ()))]
    return tuple(dict.fromkeys(fact for fact in whole if fact != "no_contact_with_custody"))


def _rule(asked: _Asked, rule: Ruled, line: Line, facts: Facts) -> Iterator[_Said]:
    # A rule for one kind of mission (a compact) is named before the table, a general one after it.
    order = 1 if rule.when_fact else 3
    if line.task in rule.prohibits:
        changes = ("Only express authority by statute, with counsel's sign-off, would allow it.",)
        yield _Said("prohibited", "law", order, rule.basis, changes=changes)
    if line.task in rule.needs_counsel:
        changes = (f"Counsel's written opinion on {rule.id} for {line.task}.",)
        yield _Said("needs_counsel", "law", order, rule.basis, changes=changes)
    if rule.tasks and line.task not in rule.tasks:
        return
    for condition in rule.requires:
        yield from _required(condition, rule.basis, facts, asked.half, order=order)
    if rule.max_days is not None and rule.began_fact is not None:
        yield from _lasting(rule, rule.max_days, rule.began_fact, asked.on_date, facts, order=order)


def _required(
    condition: Condition, basis: Basis, facts: Facts, half: Mapping[str, tuple[str, ...]], *, order: int
) -> Iterator[_Said]:
    state = _state_of(condition, facts)
    if state == "broken":
        words = f"{basis.words} Known not to be so: {' and '.join(condition.any_of)}."
        yield _Said("prohibited", "law", order, _reworded(basis, words), changes=(condition.mends,))
    elif state == "open":
        named, asks = _named(condition, facts, half)
        yield _Said("conditional", "law", order, basis, (named,), asks, (condition.turns,))


def _lasting(
    rule: Ruled, max_days: int, began_fact: str, on_date: date, facts: Facts, *, order: int
) -> Iterator[_Said]:
    began = facts.get(began_fact)
    if not isinstance(began, date):
        named = f"It is within {max_days} days of its beginning (not stated: {began_fact})"
        changes = (f"Prohibited from day {max_days + 1}, counted from {began_fact}.",)
        yield _Said("conditional", "law", order, rule.basis, (named,), (began_fact,), changes)
    elif on_date > (latest := began + timedelta(days=max_days - 1)):
        words = f"{rule.words} It began on {began}, so {latest} was its last day."
        changes = ("Another authority; this one has had its longest time.",)
        yield _Said("prohibited", "law", order, _reworded(rule.basis, words), changes=changes)


def _cell(asked: _Asked, line: Line, facts: Facts) -> _Said:
    law, status = asked.law, asked.status
    cell = law.cells.get((line.task, status.column)) if status.column else None
    if cell is None:
        words = f"The task table says nothing of {line.task} in {status.name}. Ask counsel."
        basis = Basis(
            rule=line.task, citation=status.citation, verified=False, words=words, origin=status.origin
        )
        changes = (f"Counsel's written opinion on {line.task} in {status.id}.",)
        return _Said("needs_counsel", "law", 2, basis, changes=changes)
    if cell.finding == "permitted":
        return cell.permits
    if cell.finding == "prohibited":
        return _lifted(asked, line, cell) or _Said("prohibited", "law", 2, cell.basis, changes=cell.lifts)
    broken = [condition for condition in cell.conditions if _state_of(condition, facts) == "broken"]
    if broken:
        named = "; ".join(
            f"{condition.words} ({' and '.join(condition.any_of)} known not to be so)" for condition in broken
        )
        mends = tuple(condition.mends for condition in broken)
        basis = _reworded(cell.basis, f"A condition is not met: {named}.")
        return _Said("prohibited", "law", 2, basis, changes=mends)
    told = [_named(condition, facts, asked.half) for condition in cell.conditions]
    return _Said(
        cell.finding,
        "law",
        2,
        cell.basis,
        tuple(words for words, _ in told),
        tuple(fact for _, asks in told for fact in asks),
        tuple(condition.turns for condition in cell.conditions),
    )


def _lifted(asked: _Asked, line: Line, cell: Cell) -> _Said | None:
    """The prohibition as lifted by a statute that counsel signed; None where there is none."""
    for lift in asked.law.lifts:
        if lift.covers(line.task, asked.status.id, asked.on_date, asked.state):
            basis = Basis(
                rule=cell.basis.rule,
                citation=lift.statute,
                verified=True,
                words=lift.words,
                origin=cell.basis.origin,
            )
            signed = f"Only as far as {lift.statute} reaches; signed by {lift.counsel} on {lift.signed_date}"
            changes = ("Prohibited where the statute does not reach or counsel withdraws the sign-off.",)
            return _Said("conditional", "law", 2, basis, (signed,), changes=changes)
    return None


def _state_of(condition: Condition, facts: Facts) -> Literal["met", "broken", "open"]:
    broken = True
    for fact in condition.any_of:
        value = facts.get(fact)
        if value is True:
            return "met"
        broken = broken and value is False
    return "broken" if broken else "open"


def _named(
    condition: Condition, facts: Facts, half: Mapping[str, tuple[str, ...]]
) -> tuple[str, tuple[str, ...]]:
    """The condition with the facts it hangs on, and those of them that are asked for."""
    any_of = condition.any_of
    met = tuple([fact for fact in any_of if facts.get(fact) is True])
    if met:
        return _said_of(condition, met, (), ())
    begun = tuple([fact for fact in any_of if fact in half]) if half else ()
    if begun:
        return _said_of(condition, met, begun, tuple([part for fact in begun for part in half[fact]]))
    return _said_of(condition, met, begun, tuple([fact for fact in any_of if fact not in facts]))


@lru_cache(maxsize=4096)
def _said_of(
    condition: Condition, met: tuple[str, ...], begun: tuple[str, ...], missing: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    if met:
        return f"{condition.words} (stated: {' or '.join(met)})", ()
    if begun:
        told = f"stated: {' or '.join(begun)}; not stated: {' and '.join(missing)}"
        return f"{condition.words} ({told})", missing
    return f"{condition.words} (not stated: {' or '.join(condition.any_of)})", missing


def _reworded(basis: Basis, words: str) -> Basis:
    return replace(basis, words=words)


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


# Of several limits of one layer that a line breaks, the one that stands first here is quoted.
_LIMITS = {
    "effective_from": 0,
    "effective_to": 1,
    "tasks_barred": 2,
    "tasks_allowed": 3,
    "statuses": 4,
    "contact": 5,
    "places": 6,
    "volunteers_only": 7,
    "people_max": 8,
}


def _has_a_say(layer: LimitLayer, on_date: date) -> bool:
    return layer.known_from is None or layer.known_from <= on_date


def _limits(layer: LimitLayer, line: Line, status: str, on_date: date, facts: Facts) -> Iterator[_Said]:
    def say(verdict: Verdict, limit: str, words: str, condition: str = "") -> _Said:
        basis = layer.basis.get(limit) or Basis(rule=limit, citation=layer.name, verified=False, words=words)
        conditions = (condition,) if condition else ()
        changes = (_amended(layer.name, limit),)
        return _Said(verdict, layer.name, _LIMITS[limit], basis, conditions, changes=changes)

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
    most = line.people.high_end
    if layer.people_max is not None and (most is None or most > layer.people_max):
        words = f"At most {layer.people_max:,} people at any one moment."
        yield say("conditional", "people_max", words, f"{words} (asked for: {line.people.said})")
    if layer.volunteers_only:
        yield from _volunteers(say("prohibited", "volunteers_only", "Volunteers only."), facts)


@cache
def _amended(layer: LayerName, limit: str) -> str:
    who = {
        "federal order": "The text of the order, or counsel's written opinion on it",
        "governor's decision": "An amendment of the decision by the office that issued it",
        "site rule": "Whoever keeps the site changes its rule",
    }
    return f"{who.get(layer, layer)} ({limit.replace('_', ' ')})."


def _volunteers(refusal: _Said, facts: Facts) -> Iterator[_Said]:
    volunteers = facts.get("members_are_volunteers")
    if volunteers is False:
        yield refusal
    elif volunteers is not True:
        named = "Only members who volunteer (not stated: members_are_volunteers)"
        fact = "members_are_volunteers"
        changes = (f"Prohibited where it is known that not all of them volunteered ({fact}).",)
        yield _Said("conditional", refusal.layer, refusal.order, refusal.basis, (named,), (fact,), changes)


def _scope(request: Request, line: Line, on_date: date) -> Iterator[_Said]:
    """What the request itself leaves out, and the window it names."""

    def say(rule: str, words: str) -> _Said:
        basis = Basis(rule=rule, citation=f"Request {request.id}", verified=True, words=words)
        changes = ("The requester amends the request, or asks again.",)
        return _Said("prohibited", "request scope", 0, basis, changes=changes)

    for exclusion in request.exclusions:
        if exclusion.task == line.task:
            yield say("exclusions", f"The request itself leaves {line.task} out: {exclusion.words}")
    if line.window_to and on_date > line.window_to:
        yield say("window", f"It was asked for until {line.window_to} only.")
