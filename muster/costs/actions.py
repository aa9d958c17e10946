"""Stating what is expected and what it came to, correcting it, claiming it back, and settling what disagrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from muster.access.control import Actor
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.money import usd
from muster.core.times import check_happened
from muster.costs import queries, rules
from muster.costs.models import CostDifference, CostDifferenceSettled, CostLine, CostStep
from muster.costs.rules import CostRow, LineGiven
from muster.decisions import queries as decisions
from muster.decisions.rules import Limits, check_cost
from muster.missions import queries as missions
from muster.missions.actions import AlreadyClosed
from muster.missions.models import Mission
from muster.record.action import action
from muster.record.models import Act
from muster.sources.actions import SourceGiven, cited

Code = Annotated[str, Field(max_length=80)]
Reason = Annotated[str, Field(min_length=3, max_length=4000)]
Reference = Annotated[str, Field(min_length=3, max_length=200)]


class AlreadyCorrected(MusterError):
    """Another line stands in for this one."""

    code = "costs.already_corrected"
    status = 409

    def __init__(self, *, line: str, by: str) -> None:
        self.line, self.by = line, by
        super().__init__(f"{line} was corrected; {by} stands in for it. Look at that one.")


class ReferenceTaken(MusterError):
    """The mission has a cost of that reference."""

    code = "costs.reference_taken"
    status = 409

    def __init__(self, *, reference: str, line: str) -> None:
        self.reference, self.line = reference, line
        super().__init__(
            f"{line} has the reference {reference!r} already. Where it is wrong, correct it; another paper has another reference."
        )


class SaidOtherwise(MusterError):
    """Rows of a file stand in the record with other contents."""

    code = "costs.said_otherwise"
    status = 409

    def __init__(self, *, references: Sequence[str]) -> None:
        self.references = references
        super().__init__(
            f"{', '.join(references)}: in the record with other contents. Nothing of the file was kept. Correct those lines, "
            "or take the rows out of the file."
        )


class OnlyExpected(MusterError):
    """An estimate is claimed from nobody."""

    code = "costs.only_expected"
    status = 409

    def __init__(self, *, line: str) -> None:
        self.line = line
        super().__init__(f"{line} is an estimate. Record what it came to, and claim that.")


class DifferenceSettled(MusterError):
    """Somebody has settled the difference."""

    code = "costs.difference_settled"
    status = 409

    def __init__(self, *, difference: int) -> None:
        self.difference = difference
        super().__init__(
            f"The difference {difference} has been settled already. Its reason stands with the line."
        )


@dataclass(frozen=True)
class LineKept:
    """The line, what it comes to in words, and the differences that it opened."""

    line: str
    amount: str
    differences: list[str]


@dataclass(frozen=True)
class LineStands:
    """The line, and the state that it reached."""

    line: str
    state: str


@dataclass(frozen=True)
class LinesImported:
    """How many rows were new, how many the record had already, and the lines that were made."""

    new: int
    known: int
    lines: list[str]


@dataclass(frozen=True)
class CostDifferenceStands:
    """The difference that is settled."""

    difference: int


# --- what is expected, and what it came to ------------------------------------------


@action("costs.estimate", about=missions.locked)
def estimate(*, act: Act, row: Mission, actor: Actor, mission: Code, given: LineGiven) -> LineKept:
    """Say what a cost of the mission is expected to be. A plan: beyond the decision's cost cap it is refused.

    The decision's row is locked meanwhile, so that two officers do not spend the same money.

    Raises AlreadyClosed, FaultyInput, ReferenceTaken, NumberNeeded, OverCostCap.
    """
    return keep(given, "estimate", row, act=act)


@action("costs.record", about=missions.locked)
def record(*, act: Act, row: Mission, actor: Actor, mission: Code, given: LineGiven) -> LineKept:
    """Say what a cost of the mission came to. A fact: it is kept whatever the cap says, and above it opens a difference.

    Raises FaultyInput, ReferenceTaken.
    """
    return keep(given, "actual", row, act=act)


@action("costs.correct", about=queries.locked)
def correct(
    *, act: Act, row: CostLine, actor: Actor, line: Code, given: LineGiven, reason: Reason
) -> LineKept:
    """Say a line anew: another line stands in for it from now on, and it stays readable. An estimate stays inside the cap.

    Raises AlreadyCorrected, NotAllowedFrom for one that was withdrawn, AlreadyClosed, FaultyInput, ReferenceTaken, NumberNeeded,
    OverCostCap.
    """
    cost = _current(row)
    if cost.state == "withdrawn":
        raise rules.NotAllowedFrom(line=row.pk, state=cost.state, to="corrected")
    return keep(given, cost.line.stage, row.mission, act=act, corrects=row, reason=reason)


def keep(
    given: LineGiven, stage: rules.Stage, mission: Mission, *, act: Act, corrects: CostLine | None = None, reason: str = "",
    until: datetime | None = None, beside: list[rules.Standing] | None = None,
) -> LineKept:  # fmt: skip
    """Keep a line of a mission that is locked with its decision; `until` is the end of the plan that it is part of.

    `beside` are the lines that count under the decision already, to which it is added; without them they are read.

    Raises what `estimate` and `record` raise.
    """
    if stage == "estimate" and mission.closed_at is not None:
        raise AlreadyClosed(mission=mission.pk)
    line = rules.read_line(given, stage)
    _check_names(given, mission, corrects)
    if beside is None:
        beside = queries.standing_locked(mission.decision, but=corrects.pk if corrects else "")
    caps = _caps(mission, act.recorded_at, until or _end_of(given, mission))
    if stage == "estimate":
        for limits in caps:
            check_cost(limits, used_cents=rules.used(beside).cents, new_cents=line.most_cents)
    made = CostLine.objects.create(
        id=f"{mission.pk}-C{mission.costs.count() + 1}", act=act, mission=mission, decision=mission.decision, stage=stage,
        kind=given.kind, basis=given.basis, words=given.words.strip(), task=given.task, request_line=given.request_line,
        rate_cents=line.rate_cents, count=line.count.to_json(), days=line.days.to_json(), stated_cents=line.stated_cents,
        begins_on=given.begins_on, ends_on=given.ends_on, reference=given.reference.strip(),
        source=cited(SourceGiven(**asdict(given.source)), act=act), estimate_id=given.estimate or None, corrects=corrects,
        reason=reason,
    )  # fmt: skip
    beside.append(rules.Standing(id=made.pk, line=line, state="open", estimate=given.estimate))
    found = [("does_not_multiply_out", line.disagreement)]
    if stage == "actual" and caps:
        found.append(("above_cap", _above(caps[0], rules.used(beside).cents)))
    kept = [
        CostDifference.objects.create(act=act, line=made, kind=kind, words=words).words
        for kind, words in found
        if words
    ]
    return LineKept(made.pk, rules.usd_said(line.amount), kept)


def _check_names(given: LineGiven, mission: Mission, corrects: CostLine | None) -> None:
    """Check that the task, the request's line and the estimate that are named are there, and that the reference is not."""
    faults = []
    if given.task and not mission.tasks.filter(pk=given.task).exists():
        faults.append(
            ("task", "no_such_task", f"{mission.pk} has no task {given.task[:80]!r}. Name one of its tasks.")
        )
    asked = mission.decision.request.lines
    if given.request_line is not None and not asked.filter(n=given.request_line).exists():
        words = f"The request {mission.decision.request_id} has no line {given.request_line}. Name one of its lines."
        faults.append(("request_line", "no_such_line", words))
    expected = mission.costs.filter(stage="estimate", corrected_by__isnull=True, pk=given.estimate)
    if given.estimate and not expected.exists():
        words = f"{mission.pk} has no estimate {given.estimate[:80]!r}. Name one of its estimates."
        faults.append(("estimate", "no_such_estimate", words))
    if faults:
        raise FaultyInput([Fault(None, column, f"costs.{code}", words) for column, code, words in faults])
    reference = given.reference.strip()
    there = mission.costs.filter(reference=reference, corrected_by__isnull=True)
    taken = there.exclude(pk=corrects.pk if corrects else "").first() if reference else None
    if taken is not None:
        raise ReferenceTaken(reference=reference, line=taken.pk)


def _end_of(given: LineGiven, mission: Mission) -> datetime | None:
    """The first moment after the period of a line, by the days of the decision."""
    if given.ends_on is None:
        return None
    where = decisions.zone_locked(mission.decision)
    return datetime.combine(given.ends_on + timedelta(days=1), time(), where)


def _caps(mission: Mission, at: datetime, until: datetime | None) -> list[Limits]:
    """The limits with a cost cap in force from now until the end of a plan, the one in force now first."""
    end = max(until or at, at + timedelta(microseconds=1))
    parts = decisions.stretches_locked(mission.decision, at, end)
    limits = [part.in_force.limits for part in parts]
    return [each for each in limits if each is not None and each.cost_cap_usd is not None]


def _above(limits: Limits, used_cents: int) -> str:
    cap = (limits.cost_cap_usd or 0) * 100
    if used_cents <= cap:
        return ""
    over = usd(used_cents - cap)
    return (
        f"With it the costs under the decision come to {usd(used_cents)}, {over} more than the {usd(cap)} allowed: "
        f'"{limits.sentence("cost_cap_usd")}"'
    )


def _current(row: CostLine) -> queries.Cost:
    """The line as it stands, for an act that has locked its mission. Raises AlreadyCorrected."""
    cost = next(each for each in queries.costs_of(row.mission_id) if each.row.pk == row.pk)
    if cost.corrected_by:
        raise AlreadyCorrected(line=row.pk, by=cost.corrected_by)
    return cost


# --- a file of lines ----------------------------------------------------------------


@action("costs.import_lines", about=missions.locked)
def import_lines(
    *, act: Act, row: Mission, actor: Actor, mission: Code, rows: list[CostRow]
) -> LinesImported:
    """Keep the rows of a file, all or none. A row whose reference is there already with the same contents is left alone.

    Raises SaidOtherwise, and what `estimate` and `record` raise; faults with the number of their row.
    """
    live = {
        line.reference: line for line in row.costs.filter(corrected_by__isnull=True).select_related("source")
    }
    if other := [each.given.reference for each in rows if _differs(each, live.get(each.given.reference))]:
        raise SaidOtherwise(references=other)
    new = [each for each in rows if each.given.reference not in live]
    made, faults = list[str](), list[Fault]()
    beside = queries.standing_locked(row.decision)
    for each in new:
        try:
            made.append(keep(each.given, each.stage, row, act=act, beside=beside).line)
        except FaultyInput as told:
            faults += [replace(fault, row=each.row) for fault in told.faults]
    if faults:
        raise FaultyInput(faults, what="The file")
    return LinesImported(len(new), len(rows) - len(new), made)


def _differs(given: CostRow, there: CostLine | None) -> bool:
    if there is None:
        return False
    source = given.given.source
    said: tuple[Any, ...] = (
        given.stage, rules.read_line(given.given, given.stage), given.given.words.strip(), given.given.task,
        given.given.request_line, given.given.begins_on, given.given.ends_on, given.given.estimate, source.publisher, source.title,
    )  # fmt: skip
    return said != (
        there.stage, queries.line_of(there), there.words, there.task, there.request_line, there.begins_on, there.ends_on,
        there.estimate_id or "", there.source.publisher, there.source.title,
    )  # fmt: skip


# --- what becomes of a line ---------------------------------------------------------


@action("costs.claim", about=queries.locked)
def claim(
    *, act: Act, row: CostLine, actor: Actor, line: Code, reference: Reference, at: AwareDatetime
) -> LineStands:
    """It is asked back from who has to pay it; `reference` names the claim. Raises what `_step` raises, OnlyExpected."""
    if row.stage == "estimate":
        raise OnlyExpected(line=row.pk)
    return _step(row, "claimed", act=act, at=at, reference=reference)


@action("costs.pay", about=queries.locked)
def pay(
    *, act: Act, row: CostLine, actor: Actor, line: Code, amount_usd: Annotated[str, Field(max_length=30)], reference: Reference,
    at: AwareDatetime,
) -> LineStands:  # fmt: skip
    """A claim was paid; another amount than the line comes to opens a difference. Raises what `_step` raises, AmountMisread."""
    paid = rules.cents(amount_usd)
    stands = _step(row, "paid", act=act, at=at, reference=reference, cents=paid)
    amount = queries.line_of(row).amount
    if (amount.low, amount.high) != (paid, paid):
        words = f"{usd(paid)} was paid, and the line comes to {rules.usd_said(amount)}."
        CostDifference.objects.create(act=act, line=row, kind="paid_otherwise", words=words)
    return stands


@action("costs.settle", about=queries.locked)
def settle(
    *, act: Act, row: CostLine, actor: Actor, line: Code, reason: Reason, at: AwareDatetime
) -> LineStands:
    """Nothing more comes of it: of an estimate no further cost, of a cost nothing to claim. Raises what `_step` raises."""
    return _step(row, "settled", act=act, at=at, reason=reason)


@action("costs.withdraw", about=queries.locked)
def withdraw(
    *, act: Act, row: CostLine, actor: Actor, line: Code, reason: Reason, at: AwareDatetime
) -> LineStands:
    """It was no cost of the mission at all, and counts no more. Raises what `_step` raises."""
    return _step(row, "withdrawn", act=act, at=at, reason=reason)


def _step(row: CostLine, to: rules.State, *, act: Act, at: datetime, **said: Any) -> LineStands:
    """Take a step. Raises AlreadyCorrected, NotAllowedFrom, NotHappenedYet."""
    cost = _current(row)
    rules.check_step(row.pk, cost.state, to)
    check_happened(at, now=act.recorded_at)
    CostStep.objects.create(act=act, line=row, n=len(cost.steps) + 1, state=to, happened_at=at, **said)
    return LineStands(row.pk, to)


@action("costs.settle_difference", about=queries.locked_difference)
def settle_difference(
    *, act: Act, row: CostDifference, actor: Actor, difference: int, reason: Reason
) -> CostDifferenceStands:
    """Settle what does not go together about a cost, with the reason. Raises DifferenceSettled."""
    if CostDifferenceSettled.objects.filter(difference=row).exists():
        raise DifferenceSettled(difference=difference)
    CostDifferenceSettled.objects.create(act=act, difference=row, reason=reason)
    return CostDifferenceStands(row.pk)
