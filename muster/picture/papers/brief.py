"""The brief of a mission on paper: limits used against allowed, tasks, totals, open problems, what ends next, and what is owed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from muster.costs import queries as costs
from muster.custody.queries import open_differences
from muster.decisions.owed import owed
from muster.decisions.rules import InForce, sentences_of
from muster.documents.sheets import Block, Said, Sheet, bars, fields, heading, items, said, table, words
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.picture import queries as picture
from muster.picture.papers.asked import Asked
from muster.picture.papers.limits import bar_of
from muster.picture.papers.tasks import TaskTold, tasks_told
from muster.tasks.assignments import open_differences as of_members
from muster.tasks.usage import usage
from muster.transport.outside import open_outside

SHOWN = 25  # of the differences; the rest is a number


def sheet(row: Mission, asked: Asked) -> Sheet:
    """The brief of a mission: what its page tells."""
    standing = missions.standing_of(row, asked.at, asked.known_at)
    return Sheet(
        title=f"Mission brief: {row.title}", as_of=asked.at, exercise=row.drill, standing=asked.standing(f"Brief of {row.pk}"),
        about=f"{row.pk} is {standing.state} since {asked.said(standing.since)}. {standing.why} Under {row.decision_id}, run by "
              f"{row.organisation}.",
        blocks=tuple(_blocks(row, asked)),
    )  # fmt: skip


def _blocks(row: Mission, asked: Asked) -> Iterator[Block]:
    found = usage(row.decision, asked.at, asked.known_at)
    in_force, used = found.in_force, found.limits
    tasks = list(tasks_told(row, asked.known_at))
    yield heading("What comes next")
    yield fields(*_next(row, in_force, tasks, asked), columns=3)
    yield heading("Limits used")
    yield bars(map(bar_of, used), none="The decision states no numbers to use up.")
    yield heading("What else the decision says", level=3)
    beside = [each for each in sentences_of(in_force.limits) if each not in {each.sentence for each in used}]
    yield items(beside, none="Nothing.", columns=2)
    yield heading("Tasks")
    yield table(
        ["Task", "What", "Place", "People", "Vehicles", "Window", "Present"], [_task(each, asked) for each in tasks],
        widths=[14, 17, 9, 6, 7, 14, 9], none="No task has been ordered.",
    )  # fmt: skip
    yield heading("Totals")
    yield words("These are different kinds of numbers and are never added together.")
    yield table(
        ["What is counted", "Place", "Number", "As of", "Source"], _totals(row, asked),
        widths=[18, 9, 7, 8, 13], none="None is recorded.",
    )  # fmt: skip
    yield heading("Open problems")
    yield items(_problems(row, asked), none="Nothing waits to be settled.")


def _next(row: Mission, in_force: InForce, tasks: list[TaskTold], asked: Asked) -> Iterator[tuple[str, Said]]:
    ends = in_force.limits.ends_at if in_force.limits else None
    if in_force.why == "expired":
        yield "Next expiry", f"the decision's window ended {asked.said(ends)}"
    elif ends is not None:
        yield "Next expiry", f"the decision's window, in {(ends - asked.at).days} days: {asked.said(ends)}"
    else:
        yield "Next expiry", "no end is stated"
    ending = sorted((each.draw.ends_at, each.row.pk) for each in tasks if each.state(asked.at) != "ended")
    yield "Next task to end", f"{ending[0][1]}, {asked.said(ending[0][0])}" if ending else "none is open"
    owing = owed(row.decision, in_force, asked.at, asked.known_at)
    if owing.report:
        yield (
            "Next report",
            f"{'late: was due' if owing.report.is_late else 'due'} before {asked.said(owing.report.by)}",
        )
    else:
        yield "Next report", "none is owed"
    if owing.paper:
        late = "late: was due" if owing.paper.is_late else "due"
        yield "Confirmation in writing", f"{late} by {asked.said(owing.paper.by)}"


def _task(each: TaskTold, asked: Asked) -> list[Said]:
    seen = f"{each.seen.people} at {asked.said(each.seen.at)}" if each.seen else None
    return [
        each.row.pk, f"{each.name}: {each.row.words}", each.row.place, each.people, each.vehicles,
        f"{each.state(asked.at)}: {asked.said(each.draw.begins_at)} to {asked.said(each.draw.ends_at)}", seen,
    ]  # fmt: skip


def _totals(row: Mission, asked: Asked) -> Iterator[list[Said]]:
    for figure in picture.figures(row.pk, asked.at, asked.known_at):
        if figure.shown:
            yield [figure.label, figure.place, figure.words, _as_of(figure.as_of, asked), figure.source]


def _as_of(told: str, asked: Asked) -> str:
    """A moment as people read it, where it is another than the paper's; a day or a month as it is."""
    if len(told) <= 10:
        return said(told)
    at = datetime.fromisoformat(told)
    return "this moment" if at == asked.at else asked.said(at if at.tzinfo else at.replace(tzinfo=UTC))


def _problems(row: Mission, asked: Asked) -> Iterator[str]:
    for each in open_outside(row, asked.known_at):
        clauses = " ".join(clause.what for clause in each.clauses)
        yield f"{each.kind.capitalize()} {each.id} stands outside version {each.version} of the decision: {clauses}"
    for member in of_members(row, asked.known_at):
        yield f"{member.words} ({member.get_kind_display()}, {asked.said(member.opened_at)})"
    found = list(
        open_differences(asked.reach.sites_of(row), asked.known_at).select_related("site")[: SHOWN + 1]
    )
    for difference in found[:SHOWN]:
        yield f"{difference.site}: {difference.words} ({difference.get_kind_display()}, {asked.said(difference.opened_at)})"
    if len(found) > SHOWN:
        yield f"More differences than these {SHOWN} are open at the sites: see the mission's page."
    lines = [cost.row.pk for cost in costs.costs_of(row.pk, asked.known_at) if cost.is_open]
    if lines:
        verb = "line is" if len(lines) == 1 else "lines are"
        more = " and more" if len(lines) > SHOWN else ""
        yield f"{len(lines)} cost {verb} neither claimed nor settled: {', '.join(lines[:SHOWN])}{more}."
