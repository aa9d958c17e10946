"""The package for reimbursement: what a mission cost, line by line with its evidence, and what is still missing. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from muster.core.csvfiles import table_of
from muster.core.money import usd
from muster.core.quantity import Quantity
from muster.costs import queries as costs
from muster.costs.queries import CapUse, Cost
from muster.costs.rules import STAGES, KindTotal, Stage, sum_of, totals, usd_said
from muster.missions.models import Mission
from muster.record.models import Number
from muster.tasks.models import Present, Task

CSV_COLUMNS = (
    "record", "id", "stage", "kind", "words", "task", "task_begins", "task_ends", "members_counted", "request_line", "basis",
    "rate_usd", "count", "days", "amount", "amount_low_usd", "amount_high_usd", "stated_total_usd", "begins_on", "ends_on", "state",
    "claim", "paid_usd", "reference", "publisher", "title", "published", "url", "known_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of the package, and its evidence: the task with its window, and the most members that somebody counted there."""

    cost: Cost
    act: int | None  # the number of the act that wrote it
    task: Task | None
    counted: int | None  # None: no task, or nobody looked
    missing: tuple[str, ...]

    @property
    def id(self) -> str:
        """The line's id."""
        return str(self.cost.row.pk)

    @property
    def amount(self) -> Quantity:
        """What it comes to, in cents."""
        return self.cost.line.amount

    @property
    def said(self) -> str:
        """The same in words."""
        return usd_said(self.amount)

    @property
    def reckoned(self) -> str:
        """How it is made: people or units, rate and days."""
        line = self.cost.line
        if line.rate_cents is None:
            return "not recorded"
        if line.basis == "unit":
            return f"{line.count.said} at {usd(line.rate_cents)} each"
        return f"{line.count.said} at {usd(line.rate_cents)} a day for {line.days.said} days"

    @property
    def claim(self) -> str:
        """The paper by which it was claimed; empty where it was not."""
        return next((step.reference for step in self.cost.steps if step.state == "claimed"), "")


@dataclass(frozen=True, kw_only=True)
class Sum:
    """The total of one kind in one stage, in words, and the lines that it opens down to."""

    stage: Stage
    kind: str  # empty: all kinds together
    amount: Quantity
    lines: tuple[str, ...]

    @property
    def said(self) -> str:
        """The amount in words."""
        return usd_said(self.amount)


@dataclass(frozen=True, kw_only=True)
class Package:
    """What a mission cost as known at an act's number, for the agency that pays it back under `authority`, as cited in its request."""

    mission: Mission
    agency: str
    authority: str  # empty: the request names none
    fund_citation: str  # empty: not stated
    at: datetime
    known_at: int
    sums: tuple[Sum, ...]
    items: tuple[Item, ...]
    cap: CapUse | None
    missing: tuple[tuple[str, str], ...]  # the line, or empty for the package as a whole, and what it lacks

    @property
    def actual(self) -> Quantity:
        """What all actual costs come to, in cents."""
        return sum_of(item.cost.line for item in self.items if item.cost.row.stage == "actual")

    @property
    def paid_cents(self) -> int:
        """What was paid, on lines that were corrected since as well."""
        return sum(cost.paid_cents for cost in costs.costs_of(self.mission.pk, self.known_at))


def package_of(mission: Mission, at: datetime, known_at: int) -> Package:
    """The package of a mission by everything known at an act's number; `at` is the moment for which the cap is told."""
    lines = [cost for cost in costs.costs_of(mission.pk, known_at) if cost.counts]
    request = mission.decision.request
    tasks = {
        task.pk: task for task in Task.objects.filter(mission=mission, act__number__number__lte=known_at)
    }
    counted = _counted(mission, known_at)
    numbers = dict(
        Number.objects.filter(act__in=[c.row.act_id for c in lines]).values_list("act_id", "number")
    )
    fulfilled = {cost.row.estimate_id for cost in lines}
    items = tuple(
        Item(
            cost=cost, act=numbers.get(cost.row.act_id), task=tasks.get(cost.row.task), counted=counted.get(cost.row.task),
            missing=tuple(_lacks(cost, counted.get(cost.row.task), cost.row.pk in fulfilled)),
        )
        for cost in lines
    )  # fmt: skip
    authority, citation = request.reimbursement, str(request.details.get("fund_citation") or "")
    whole = [
        ("", words)
        for there, words in (
            (authority, "The request names no authority under which it is paid back."),
            (citation, "The request states no fund citation."),
            (any(cost.line.stage == "actual" for cost in lines), "No actual cost is recorded."),
        )
        if not there
    ]
    return Package(
        mission=mission, agency=request.requester, authority=authority, fund_citation=citation, at=at, known_at=known_at,
        sums=tuple(_sums(lines)), items=items, cap=costs.cap_use(mission.decision, at, known_at),
        missing=(*whole, *((item.id, words) for item in items for words in item.missing)),
    )  # fmt: skip


def _counted(mission: Mission, known_at: int) -> dict[str, int]:
    """The most members that somebody counted at each task; of one moment the latest count stands."""
    looks = Present.objects.filter(task__mission=mission, act__number__number__lte=known_at)
    by_moment = {(look.task_id, look.at): look.people for look in looks.order_by("act__number__number")}
    most: dict[str, int] = {}
    for (task, _), people in by_moment.items():
        most[task] = max(people, most.get(task, 0))
    return most


def _lacks(cost: Cost, counted: int | None, fulfilled: bool) -> Iterator[str]:
    row, line = cost.row, cost.line
    if line.amount.kind != "exact":
        yield f"The amount is {usd_said(line.amount)}, and no exact figure."
    if row.stage == "estimate":
        if cost.state == "open" and not fulfilled:
            yield "It is expected, and no actual cost is recorded for it."
        return
    if not row.task and row.request_line is None:
        yield "It names no task and no line of the request."
    if row.begins_on is None or row.ends_on is None:
        yield "Its period is not recorded."
    if not row.reference:
        yield "The number of its paper is not recorded."
    if row.kind == "personnel" and row.task and counted is None:
        yield f"Nobody counted the members at {row.task}."
    most = line.count.high_end
    if row.kind == "personnel" and counted is not None and most is not None and most > counted:
        yield f"It is for {line.count.said} people; {counted} at most were counted at {row.task}."
    for difference in cost.differences:
        if not hasattr(difference, "settled"):
            yield f"A difference is not settled: {difference.words}"
    if cost.state == "open":
        yield "It is not claimed yet."


def _sums(lines: Sequence[Cost]) -> Iterator[Sum]:
    standing = costs.standing(lines)
    for stage in STAGES:
        kinds: list[KindTotal] = totals(standing, stage)
        for each in kinds:
            yield Sum(stage=stage, kind=each.kind, amount=each.amount, lines=each.lines)
        of_stage = [one for one in standing if one.line.stage == stage]
        if of_stage:
            yield Sum(
                stage=stage,
                kind="",
                amount=sum_of(one.line for one in of_stage),
                lines=tuple(o.id for o in of_stage),
            )


# --- as data and as a table ---------------------------------------------------------


def as_data(package: Package) -> dict[str, Any]:
    """The package as the API and the command line tell it. Amounts are cents; an end that is open is null."""
    cap = package.cap
    return {
        "mission": package.mission.pk, "title": package.mission.title, "drill": package.mission.drill,
        "decision": package.mission.decision_id, "request": package.mission.decision.request_id, "agency": package.agency,
        "authority": package.authority, "fund_citation": package.fund_citation, "at": package.at.isoformat(),
        "known_at": package.known_at, "actual": _money(package.actual), "paid_cents": package.paid_cents,
        "totals": [
            {"stage": each.stage, "kind": each.kind, **_money(each.amount), "lines": list(each.lines)} for each in package.sums
        ],
        "cap": cap and {
            "cap_cents": cap.cap_cents, "used_cents": cap.used.cents, "actual_cents": cap.used.actual_cents,
            "per_cent": cap.per_cent, "near": cap.is_near, "over": cap.is_over, "sentence": cap.sentence,
            "uncounted": list(cap.used.uncounted),
        },
        "lines": [_line(item) for item in package.items],
        "missing": [{"line": line, "words": words} for line, words in package.missing],
    }  # fmt: skip


def _money(amount: Quantity) -> dict[str, Any]:
    return {"said": usd_said(amount), "low_cents": amount.low, "high_cents": amount.high}


def _line(item: Item) -> dict[str, Any]:
    row, task = item.cost.row, item.task
    return {
        "line": item.id, "stage": row.stage, "kind": row.kind, "basis": row.basis, "words": row.words, "task": row.task,
        "task_begins_at": task and task.begins_at.isoformat(), "task_ends_at": task and task.ends_at.isoformat(),
        "members_counted": item.counted, "request_line": row.request_line, "rate_cents": row.rate_cents,
        "count": item.cost.line.count.said, "days": item.cost.line.days.said, "stated_cents": row.stated_cents,
        "amount": _money(item.amount), "begins_on": _iso(row.begins_on), "ends_on": _iso(row.ends_on), "state": item.cost.state,
        "reference": row.reference, "claim": item.claim, "paid_cents": item.cost.paid_cents, "corrects": row.corrects_id,
        "estimate": row.estimate_id, "known_at": item.act,
        "source": {"publisher": row.source.publisher, "title": row.source.title, "published": row.source.published, "url": row.source.url},
        "differences": [
            {"difference": each.pk, "kind": each.kind, "words": each.words, "settled": hasattr(each, "settled")}
            for each in item.cost.differences
        ],
    }  # fmt: skip


def as_csv(package: Package) -> str:
    """The package as one table (RFC 4180): its cover, its totals, its lines, and what is missing, told apart by `record`."""
    return table_of(CSV_COLUMNS, _rows(package))


def _rows(package: Package) -> Iterator[Mapping[str, Any]]:
    cover = (
        ("mission", package.mission.pk), ("title", package.mission.title), ("decision", package.mission.decision_id),
        ("agency", package.agency), ("authority", package.authority or "not recorded"),
        ("fund citation", package.fund_citation or "not recorded"), ("as of", package.at.isoformat()),
        *([("exercise", "A drill: nothing here happened.")] if package.mission.drill else []),
    )  # fmt: skip
    for name, said in cover:
        yield {"record": "cover", "id": name, "words": said, "known_at": package.known_at}
    for each in package.sums:
        kind = each.kind or "all"
        yield {
            "record": "total", "stage": each.stage, "kind": kind, "words": " ".join(each.lines), **_amounts(each.amount),
            "known_at": package.known_at,
        }  # fmt: skip
    for item in package.items:
        yield _row(item)
    for line, words in package.missing:
        yield {"record": "missing", "id": line, "words": words, "known_at": package.known_at}


def _row(item: Item) -> dict[str, Any]:
    row, line, task = item.cost.row, item.cost.line, item.task
    return {
        "record": "line", "id": item.id, "stage": row.stage, "kind": row.kind, "words": row.words, "task": row.task,
        "task_begins": task.begins_at.isoformat() if task else "", "task_ends": task.ends_at.isoformat() if task else "",
        "members_counted": "not recorded" if item.counted is None else item.counted, "request_line": row.request_line or "",
        "basis": row.basis, "rate_usd": _dollars(row.rate_cents), "count": line.count.said, "days": line.days.said,
        **_amounts(item.amount), "stated_total_usd": _dollars(row.stated_cents), "begins_on": _iso(row.begins_on) or "",
        "ends_on": _iso(row.ends_on) or "", "state": item.cost.state, "claim": item.claim,
        "paid_usd": _dollars(item.cost.paid_cents), "reference": row.reference, "publisher": row.source.publisher,
        "title": row.source.title, "published": row.source.published, "url": row.source.url, "known_at": item.act,
    }  # fmt: skip


def _amounts(amount: Quantity) -> dict[str, str]:
    return {
        "amount": usd_said(amount),
        "amount_low_usd": _dollars(amount.low),
        "amount_high_usd": _dollars(amount.high),
    }


def _dollars(cents: int | None) -> str:
    """Plain dollars for a spreadsheet, `1512.50`; *not recorded* for None."""
    return "not recorded" if cents is None else f"{cents // 100}.{cents % 100:02}"


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
