"""Whether what was done stood inside the limits: one clause after the other. Plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from muster.decisions.rules import Draw, InForce, Limits, Refusal, check_draw, why_nothing

Verdict = Literal["inside", "outside", "not_touched"]
# Limits that no single draw can touch: they bound a sum, or are owed by whoever leads the mission.
OF_THE_WHOLE = ("cost_cap_usd", "reporting_interval_days")


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One limit of one version of a decision, in the decision's words, and how an act stands to it."""

    limit: str
    sentence: str
    verdict: Verdict
    what: str = ""  # why it is outside


def judged(in_force: InForce, draws: Sequence[Draw], new: Draw | None) -> list[Clause]:
    """Every clause in force against a draw, beside the draws that stood already; None: an act that draws on no number.

    `in_force` is `limits_at` the moment of the act. Each limit is asked alone, so that all that was broken is told, where an
    order is refused at the first.
    """
    clauses = [_in_force(in_force)]
    if in_force.limits is not None:
        clauses += _by_limit(in_force, draws, new)
    return clauses


def is_inside(clauses: Sequence[Clause]) -> bool:
    """Whether no clause is broken."""
    return all(clause.verdict != "outside" for clause in clauses)


def merged(parts: Sequence[Sequence[Clause]]) -> list[Clause]:
    """The clauses of all stretches of a window: one that is broken in any of them is broken."""
    found: dict[tuple[str, str], Clause] = {}
    for clause in (each for part in parts for each in part):
        before = found.get((clause.limit, clause.sentence))
        if before is None or (clause.verdict == "outside" and before.verdict != "outside"):
            found[clause.limit, clause.sentence] = clause
    return list(found.values())


def _in_force(in_force: InForce) -> Clause:
    if in_force.why is None:
        return Clause(limit="in_force", sentence="The decision is in force.", verdict="inside")
    words = {"expired": "its last day has passed.", "not_yet": "its first day is still to come."}
    return Clause(
        limit="in_force", sentence="The decision is in force.", verdict="outside",
        what=words.get(in_force.why) or why_nothing(in_force),
    )  # fmt: skip


def _by_limit(in_force: InForce, draws: Sequence[Draw], new: Draw | None) -> Iterator[Clause]:
    limits = in_force.limits
    assert limits is not None
    for name in limits.bounding:
        clause = Clause(limit=name, sentence=limits.sentence(name), verdict="not_touched")
        if new is None or name in OF_THE_WHOLE or not _touches(limits, name, new):
            yield clause
            continue
        alone = replace(in_force, limits=_only(limits, name), why=None)
        try:
            check_draw(alone, draws, new)
            yield replace(clause, verdict="inside")
        except Refusal as refusal:
            yield replace(clause, verdict="outside", what=refusal.what)
    for condition in limits.conditions:
        yield Clause(limit="conditions", sentence=condition, verdict="not_touched")


def _only(limits: Limits, name: str) -> Limits:
    return Limits(zone=limits.zone, sentences=limits.sentences, **{name: getattr(limits, name)})


def _touches(limits: Limits, name: str, new: Draw) -> bool:
    """A number by task or by place touches whoever does that task, or is there."""
    if name == "people_max_by_task":
        return new.task in limits.people_max_by_task
    if name == "people_max_by_place":
        return new.place in limits.people_max_by_place
    return True
