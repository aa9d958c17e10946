"""Whether what was done stood inside the limits: one clause after the other. Plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from muster.core.money import usd
from muster.core.tasks import TASKS, contact_of
from muster.decisions.clauses import IN_FORCE
from muster.decisions.lines import asking
from muster.decisions.rules import (
    Draw,
    InForce,
    Limits,
    Refusal,
    Version,
    check_cost,
    check_draw,
    check_lines,
    limits_at,
    peak_of,
    person_days,
    stretches,
    why_nothing,
)

Verdict = Literal["inside", "outside", "not_touched"]
# Limits that no draw touches: what is spent, or owed by whoever leads the mission.
OF_NO_DRAW = ("cost_cap_usd", "reporting_interval_days")


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One limit of one version of a decision, in the decision's words, and how an act stands to it.

    `taken` is what the act takes of it, with what stands beside it where that is more; `allowed` what the limit allows it.
    """

    limit: str
    sentence: str
    verdict: Verdict
    what: str = ""  # why it is outside
    taken: str = ""
    allowed: str = ""


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What an act takes of a cost cap, in cents, beside what was used of it before; None: nobody has said how much."""

    used_cents: int
    new_cents: int | None


def judged(
    in_force: InForce, draws: Sequence[Draw], new: Draw | None, spending: Spending | None = None
) -> list[Clause]:
    """Every clause in force against a draw, beside the draws that stood already, and against what is spent.

    None: an act that draws on no number, or spends nothing.

    `in_force` is `limits_at` the moment of the act. Each limit is asked alone, so that all that was broken is told, where an
    order is refused at the first.
    """
    clauses = [standing(in_force)]
    if in_force.limits is not None:
        clauses += _by_limit(in_force, draws, new, spending)
    return clauses


def is_inside(clauses: Sequence[Clause]) -> bool:
    """Whether no clause is broken."""
    return all(clause.verdict != "outside" for clause in clauses)


def merged(parts: Sequence[Sequence[Clause]]) -> list[Clause]:
    """The clauses of all stretches of a window: one that is broken in any of them is broken. Of its end, the last one tells."""
    found: dict[tuple[str, str], Clause] = {}
    for clause in (each for part in parts for each in part):
        before = found.get((clause.limit, clause.sentence))
        worse = before is not None and clause.verdict == "outside" and before.verdict != "outside"
        later = before is not None and clause.limit == "effective_to" and clause.verdict == before.verdict
        if before is None or worse or later:
            found[clause.limit, clause.sentence] = clause
    return list(found.values())


def standing(in_force: InForce) -> Clause:
    """Whether the decision is in force, as the first of its clauses."""
    if in_force.why is None:
        return Clause(limit="in_force", sentence=IN_FORCE, verdict="inside")
    words = {"expired": "its last day has passed.", "not_yet": "its first day is still to come."}
    return Clause(
        limit="in_force", sentence=IN_FORCE, verdict="outside",
        what=words.get(in_force.why) or why_nothing(in_force),
    )  # fmt: skip


def _by_limit(
    in_force: InForce, draws: Sequence[Draw], new: Draw | None, spending: Spending | None
) -> Iterator[Clause]:
    limits = in_force.limits
    assert limits is not None
    for name in limits.bounding:
        clause = Clause(
            limit=name, sentence=limits.sentence(name), verdict="not_touched", taken="nothing", allowed=_allowed(limits, name, new)
        )  # fmt: skip
        if name == "cost_cap_usd" and spending is not None:
            yield _of_cap(limits, clause, spending)
            continue
        if new is None or name in OF_NO_DRAW or not _touches(limits, name, new):
            yield clause
            continue
        clause = replace(clause, taken=_taken(limits, name, draws, new))
        alone = replace(in_force, limits=_only(limits, name), why=None, lines=())
        try:
            check_draw(alone, draws, new)
            yield replace(clause, verdict="inside")
        except Refusal as refusal:
            yield replace(clause, verdict="outside", what=refusal.what)
    yield from _by_line(in_force, new)
    for condition in limits.conditions:
        yield Clause(limit="conditions", sentence=condition, verdict="not_touched")


def _of_cap(limits: Limits, clause: Clause, spending: Spending) -> Clause:
    used, new = spending.used_cents, spending.new_cents
    beside = f", and {usd(used + (new or 0))} with what is used beside it" if used else ""
    clause = replace(clause, taken="no amount" if new is None else f"{usd(new)}{beside}")
    try:
        check_cost(limits, used_cents=used, new_cents=new)
        return replace(clause, verdict="inside")
    except Refusal as refusal:
        return replace(clause, verdict="outside", what=refusal.what)


def _by_line(in_force: InForce, new: Draw | None) -> Iterator[Clause]:
    """What the decision says of the lines that ask for the draw's task: of those, the one that decides."""
    found = asking(in_force.lines, new.task, new.place) if new else ()
    if new is None or not found:
        return
    said = Clause(
        limit="lines", sentence=found[0].sentence, verdict="inside", taken=new.task, allowed=found[0].in_full
    )
    try:
        check_lines(in_force, new)
        yield said
    except Refusal as refusal:
        yield replace(said, sentence=refusal.sentence, verdict="outside", what=refusal.what)


def _only(limits: Limits, name: str) -> Limits:
    others: dict[str, Any] = {
        "armed": "unit",
        "ruf_version": limits.ruf_version,
    }  # so that arms not stated stop nothing else
    return Limits(zone=limits.zone, sentences=limits.sentences, **(others | {name: getattr(limits, name)}))


def _allowed(limits: Limits, name: str, new: Draw | None) -> str:
    """What a limit allows, in a few words; of numbers by task or by place, that of the draw's own where it has one."""
    value = getattr(limits, name)
    match name:
        case "people_max_by_task" | "people_max_by_place":
            own = None if new is None else new.task if name == "people_max_by_task" else new.place
            return (
                str(value[own]) if own in value else ", ".join(f"{most} {of}" for of, most in value.items())
            )
        case "tasks_allowed" | "places":
            return ", ".join(value) or "none"
        case "tasks_barred":
            return f"not {', '.join(value)}"
        case "contact" | "armed":
            return f"{value} at most"
        case "effective_from":
            return f"from {value}"
        case "effective_to":
            return f"until {value}, included"
        case "volunteers_only":
            return "volunteers only"
        case "cost_cap_usd":
            return f"{value:,} US dollars"
        case "reporting_interval_days":
            return f"a report every {value} days"
    return str(value)


def _taken(limits: Limits, name: str, draws: Sequence[Draw], new: Draw) -> str:
    match name:
        case "people_max":
            return _counted(draws, new, "people")
        case "people_max_by_task":
            return _counted([draw for draw in draws if draw.task == new.task], new, "people")
        case "people_max_by_place":
            return _counted([draw for draw in draws if draw.place == new.place], new, "people")
        case "vehicles_max":
            return _counted(draws, new, "vehicles")
        case "person_days_max":
            own, total = (
                sum(person_days(each, limits.zone) for each in of) for of in ((new,), (*draws, new))
            )
            return f"{own:,}" if own == total else f"{own:,}, and {total:,} with what was drawn beside it"
        case "tasks_allowed" | "tasks_barred":
            return f"{new.task} {TASKS[new.task].name.lower()}"
        case "places":
            return new.place
        case "contact":
            return contact_of(new.task, new.contact) or "direct"
        case "armed":
            return new.armed
        case "volunteers_only":
            return "volunteers only" if new.volunteers else "not said to be volunteers only"
        case "effective_from":
            return f"begins {new.begins_at:%Y-%m-%d %H:%M %Z}"
        case "effective_to":
            return f"ends {new.ends_at:%Y-%m-%d %H:%M %Z}"
    return ""


def _counted(draws: Sequence[Draw], new: Draw, of: Literal["people", "vehicles"]) -> str:
    own = getattr(new, of).high_end
    if own is None:
        return f"{getattr(new, of).said}: no number"
    peak = peak_of((*draws, new), new, of)
    return str(own) if peak == own else f"{own}, and {peak} with what stands beside it"


def _touches(limits: Limits, name: str, new: Draw) -> bool:
    """A number by task or by place touches whoever does that task, or is there."""
    if name == "people_max_by_task":
        return new.task in limits.people_max_by_task
    if name == "people_max_by_place":
        return new.place in limits.people_max_by_place
    return True


# --- what stands outside ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Stray:
    """A part of a standing plan's window in which it does not fit what is in force: the clauses that it breaks, and since which version.

    `mended_by` is the version, written later than that one, with which the part ends: the decision was amended again, or counts again.
    """

    begins_at: datetime
    ends_at: datetime  # not included
    version: int
    clauses: tuple[Clause, ...]
    mended_by: int | None


def strays(versions: Sequence[Version], others: Sequence[Draw], draw: Draw) -> list[Stray]:
    """Where a plan that was ordered does not fit the versions that are known, with `others` drawing beside it.

    A plan that has no length, because it was called off before it began, strays nowhere.
    """
    if not versions or draw.ends_at <= draw.begins_at:
        return []
    found = []
    turned = {version.effective_at: version.n for version in versions}  # of one moment, the one written later
    for part in stretches(versions, draw.begins_at, draw.ends_at):
        within = replace(draw, begins_at=part.begins_at, ends_at=part.ends_at)
        broken = tuple(each for each in judged(part.in_force, others, within) if each.verdict == "outside")
        if broken:
            since = part.in_force.by or part.in_force.version or 0
            then = turned[part.ends_at] if part.ends_at < draw.ends_at else 0
            found.append(
                Stray(begins_at=part.begins_at, ends_at=part.ends_at, version=since, clauses=broken,
                      mended_by=then if then > since else None)
            )  # fmt: skip
    return found


def breaks(
    versions: Sequence[Version], begins_at: datetime, ends_at: datetime | None, *, since: int,
    of: Callable[[InForce], Clause | None],
) -> list[Stray]:  # fmt: skip
    """Where something that goes on from `begins_at` until `ends_at` (None: still) breaks a clause of what was decided later.

    `of` gives the clause that it breaks at a moment. `since` is the number of the act with which it began: what did not fit by
    what was known then was refused, or is a difference already. `ends_at` equal to `begins_at` asks of that one moment. Of what
    still goes on, the end of the part is its beginning.
    """
    turned = {version.effective_at: version.n for version in versions}  # of one moment, the one written later
    ends = {v.limits.ends_at for v in versions if v.limits is not None and v.limits.ends_at is not None}
    within = {turn for turn in (*turned, *ends) if begins_at < turn and (ends_at is None or turn < ends_at)}
    latest, found = max((version.known for version in versions), default=0), list[Stray]()
    standing: Stray | None = None
    for moment in (begins_at, *sorted(within)):
        in_force = limits_at(versions, moment, latest)
        version, clause = in_force.by or in_force.version or 0, of(in_force)
        if standing is not None and (clause is None or standing.version != version):
            then = turned.get(moment, 0)
            found.append(
                replace(standing, ends_at=moment, mended_by=then if then > standing.version else None)
            )
            standing = None
        if standing is None and clause is not None and of(limits_at(versions, moment, since)) is None:
            standing = Stray(
                begins_at=moment,
                ends_at=ends_at or moment,
                version=version,
                clauses=(clause,),
                mended_by=None,
            )
    return [*found, standing] if standing is not None else found
