"""The package for reimbursement on paper: the same lines and totals as its table and its data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from muster.core.money import usd
from muster.documents.sheets import (
    Block,
    Said,
    Sheet,
    bars,
    blanks,
    fields,
    heading,
    items,
    table,
    words,
)
from muster.missions.models import Mission
from muster.picture.papers.asked import Asked
from muster.picture.papers.limits import bar_of
from muster.picture.reimbursement import Item, Package, package_of
from muster.tasks.usage import usage


def sheet(row: Mission, asked: Asked) -> Sheet:
    """The package of a mission."""
    package = package_of(row, asked.at, asked.known_at)
    return Sheet(
        title=f"Package for reimbursement: {row.title}", about="", as_of=asked.at, exercise=row.drill, landscape=True,
        standing=asked.standing(f"Costs of {row.pk}"), blocks=tuple(_blocks(package)),
    )  # fmt: skip


def _blocks(package: Package) -> Iterator[Block]:
    mission = package.mission
    yield fields(
        ("Mission", f"{mission.pk}, {mission.title}"), ("Decision", mission.decision_id), ("Request", mission.decision.request_id),
        ("Paid back by", package.agency), ("Under", package.authority), ("Fund citation", package.fund_citation),
        ("Actual costs", _total(package)), ("Paid so far", usd(package.paid_cents)),
        ("Missing", f"{len(package.missing)} points, listed below"), columns=3,
    )  # fmt: skip
    yield heading("Totals")
    yield words("Estimates and actual costs are different kinds of numbers and are never added together.")
    yield table(
        ["Stage", "Kind", "Amount", "Lines"],
        [[each.stage, each.kind or "in all", each.said, ", ".join(each.lines)] for each in package.sums],
        widths=[7, 9, 14, 40], none="No cost is recorded.",
    )  # fmt: skip
    yield heading("Cost cap")
    limits = usage(mission.decision, package.at, package.known_at).limits
    yield bars(
        (bar_of(each) for each in limits if each.limit == "cost_cap_usd"),
        none="The decision sets no cost cap.",
    )
    if package.cap and package.cap.used.uncounted:
        yield words(f"Not in it, because they state no amount: {', '.join(package.cap.used.uncounted)}.")
    yield heading("Lines")
    yield table(
        ["Line", "Stage, kind", "What for", "Task, and members counted", "How reckoned", "Amount", "Period", "Paper, claim", "State",
         "Source"],
        [_line(item) for item in package.items], widths=[8, 9, 12, 12, 13, 10, 9, 11, 8, 14],
        none="No cost is recorded.",
    )  # fmt: skip
    yield heading("What is missing")
    yield items((f"{line or 'The package'}: {said}" for line, said in package.missing), none="Nothing.")
    yield heading("Certified by")
    yield blanks("Name", "Title", "Signature", "Date", columns=4)


def _total(package: Package) -> Said:
    of_stage = (each for each in package.sums if each.stage == "actual" and not each.kind)
    return next((each.said for each in of_stage), None)


def _line(item: Item) -> list[Said]:
    row, source = item.cost.row, item.cost.row.source
    counted = "members not counted" if item.counted is None else f"{item.counted} members counted at most"
    where = (
        f"{row.task}, {counted}"
        if row.task
        else f"line {row.request_line} of the request"
        if row.request_line
        else None
    )
    state = (
        f"{item.cost.state}, {usd(item.cost.paid_cents)} paid" if item.cost.paid_cents else item.cost.state
    )
    return [
        item.id, f"{row.stage}, {row.kind}", row.words, where, item.reckoned, item.said, _period(row.begins_on, row.ends_on),
        "; ".join(filter(None, (row.reference, item.claim))), state, ", ".join(filter(None, (source.publisher, source.title))),
    ]  # fmt: skip


def _period(first: date | None, last: date | None) -> Said:
    return (
        None if first is None and last is None else f"{first or 'not recorded'} to {last or 'not recorded'}"
    )
