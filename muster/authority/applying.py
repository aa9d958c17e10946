"""What the law says of each line of a request: the duty status, the rules that bite, and the task table."""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from muster.assistance.rules import Line, Request
from muster.authority.findings import Basis, Facts, Said
from muster.authority.law import Cell, Condition, Law, Ruled, Status
from muster.core.tasks import contact_of


@dataclass(frozen=True)
class Asked:
    """What the law is asked for all lines of a request at once: the status, and the rules that bite."""

    law: Law
    status: Status
    state: str
    on_date: date
    facts: Facts  # settled: a fact made of others counts as they do
    half: Mapping[str, tuple[str, ...]]  # of a stated fact that has parts: the parts that nobody stated
    rules: tuple[Ruled, ...]
    of_status: tuple[Said, ...]


def asked_of(law: Law, request: Request, status_id: str, on_date: date, facts: Facts) -> Asked:
    """Settle what is the same for all lines of the request, once. The status has to be one of the law's."""
    status = law.statuses[status_id]
    settled, half = _settled(facts, law)
    rules = tuple(rule for rule in law.deciding[status_id] if _bites(rule, request, on_date, settled))
    of_status = tuple(_status(status, on_date, settled, half))
    return Asked(law, status, request.state, on_date, settled, half, rules, of_status)


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


def law_says(asked: Asked, line: Line) -> Iterator[Said]:
    """What the status, the rules that bite and the task table say of one line."""
    yield from asked.of_status
    status = asked.status
    if line.task in status.tasks_barred:
        changes = ("Another duty status may allow it.",)
        yield Said(
            "prohibited", "law", 0, replace(status.basis, words=status.tasks_barred_words), changes=changes
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
) -> Iterator[Said]:
    """What the duty status itself rules out: whom it covers, who must consent, and how long it lasts."""
    if not status.guard:
        changes = ("Another duty status, one that covers the National Guard.",)
        yield Said("prohibited", "law", 0, replace(status.basis, words=status.guard_words), changes=changes)
    for condition in status.requires:
        yield from _required(condition, status.basis, facts, half, order=0)
    if status.max_days is None and status.max_months is None:
        return
    began = facts.get("duty_began_on")
    if not isinstance(began, date):
        named = f"The duty is within its longest time: {status.duration} (not stated: duty_began_on)"
        changes = ("Prohibited from the day after its longest time, counted from duty_began_on.",)
        yield Said("conditional", "law", 0, status.basis, (named,), ("duty_began_on",), changes)
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
        yield Said("prohibited", "law", 0, replace(status.basis, words=words), changes=changes)


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


def _rule(asked: Asked, rule: Ruled, line: Line, facts: Facts) -> Iterator[Said]:
    # A rule for one kind of mission (a compact) is named before the table, a general one after it.
    order = 1 if rule.when_fact else 3
    if line.task in rule.prohibits:
        changes = ("Only express authority by statute, with counsel's sign-off, would allow it.",)
        yield Said("prohibited", "law", order, rule.basis, changes=changes)
    if line.task in rule.needs_counsel:
        changes = (f"Counsel's written opinion on {rule.id} for {line.task}.",)
        yield Said("needs_counsel", "law", order, rule.basis, changes=changes)
    if rule.tasks and line.task not in rule.tasks:
        return
    for condition in rule.requires:
        yield from _required(condition, rule.basis, facts, asked.half, order=order)
    if rule.max_days is not None and rule.began_fact is not None:
        yield from _lasting(rule, rule.max_days, rule.began_fact, asked.on_date, facts, order=order)


def _required(
    condition: Condition, basis: Basis, facts: Facts, half: Mapping[str, tuple[str, ...]], *, order: int
) -> Iterator[Said]:
    state = _state_of(condition, facts)
    if state == "broken":
        words = f"{basis.words} Known not to be so: {' and '.join(condition.any_of)}."
        yield Said("prohibited", "law", order, replace(basis, words=words), changes=(condition.mends,))
    elif state == "open":
        named, asks = _named(condition, facts, half)
        yield Said("conditional", "law", order, basis, (named,), asks, (condition.turns,))


def _lasting(
    rule: Ruled, max_days: int, began_fact: str, on_date: date, facts: Facts, *, order: int
) -> Iterator[Said]:
    began = facts.get(began_fact)
    if not isinstance(began, date):
        named = f"It is within {max_days} days of its beginning (not stated: {began_fact})"
        changes = (f"Prohibited from day {max_days + 1}, counted from {began_fact}.",)
        yield Said("conditional", "law", order, rule.basis, (named,), (began_fact,), changes)
    elif on_date > (latest := began + timedelta(days=max_days - 1)):
        words = f"{rule.words} It began on {began}, so {latest} was its last day."
        changes = ("Another authority; this one has had its longest time.",)
        yield Said("prohibited", "law", order, replace(rule.basis, words=words), changes=changes)


def _cell(asked: Asked, line: Line, facts: Facts) -> Said:
    law, status = asked.law, asked.status
    cell = law.cells.get((line.task, status.column)) if status.column else None
    if cell is None:
        words = f"The task table says nothing of {line.task} in {status.name}. Ask counsel."
        basis = Basis(
            rule=line.task, citation=status.citation, verified=False, words=words, origin=status.origin
        )
        changes = (f"Counsel's written opinion on {line.task} in {status.id}.",)
        return Said("needs_counsel", "law", 2, basis, changes=changes)
    if cell.finding == "permitted":
        return cell.permits
    if cell.finding == "prohibited":
        return _lifted(asked, line, cell) or Said("prohibited", "law", 2, cell.basis, changes=cell.lifts)
    broken = [condition for condition in cell.conditions if _state_of(condition, facts) == "broken"]
    if broken:
        named = "; ".join(
            f"{condition.words} ({' and '.join(condition.any_of)} known not to be so)" for condition in broken
        )
        mends = tuple(condition.mends for condition in broken)
        basis = replace(cell.basis, words=f"A condition is not met: {named}.")
        return Said("prohibited", "law", 2, basis, changes=mends)
    told = [_named(condition, facts, asked.half) for condition in cell.conditions]
    return Said(
        cell.finding,
        "law",
        2,
        cell.basis,
        tuple(words for words, _ in told),
        tuple(fact for _, asks in told for fact in asks),
        tuple(condition.turns for condition in cell.conditions),
    )


def _lifted(asked: Asked, line: Line, cell: Cell) -> Said | None:
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
            return Said("conditional", "law", 2, basis, (signed,), changes=changes)
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
