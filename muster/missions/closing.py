"""What keeps a mission from being closed: every step says what of it is still open, and closing asks them all.

Steps further down know missions, and missions know none of them, so each registers what it knows. ADR 21.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from muster.assistance.models import Difference, Paper
from muster.authority.models import Drift
from muster.decisions import queries as decisions
from muster.decisions.owed import owed
from muster.missions import queries
from muster.missions.models import Mission
from muster.record.models import Number

# The kinds of open things, in the order in which they are told: persons first.
KINDS = {
    "person": "Persons held",
    "member": "Members held, or not released",
    "vehicle": "Vehicles held",
    "property": "Property held",
    "file": "Files held",
    "offer": "Open offers",
    "task": "Tasks not ended",
    "shift": "Shifts that do not fit any more",
    "trip": "Trips not closed",
    "clock": "Clocks that have not ended",
    "incident": "Incidents not closed",
    "difference": "Differences not settled",
    "task_difference": "Differences about members, not settled",
    "outside": "Outside the decision, and not settled",
    "exception": "Exceptions that wait for legal review",
    "paper": "Papers of verbal requests that have not come",
    "confirmation": "Verbal decisions not confirmed in writing",
    "report": "Reports under the decision that are late",
    "request_difference": "Differences in the request, not settled",
    "cost_line": "Cost lines not claimed, settled or withdrawn",
    "cost_difference": "Differences about costs, not settled",
}


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """One thing of a mission that somebody has still to account for.

    `subject` is what a page is about on which it is settled: a kind of record and its id. `since`: when it was opened, came or was
    ordered; `due_at`: by when it has to be done, where there is a clock.
    """

    kind: str
    name: str
    words: str
    since: datetime | None
    subject: tuple[str, str]
    due_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "kind": self.kind, "name": self.name, "words": self.words, "since": self.since and self.since.isoformat(),
            "due_at": self.due_at and self.due_at.isoformat(), "subject": dict(zip(("kind", "id"), self.subject, strict=True)),
        }  # fmt: skip


Query = Callable[[Mission, datetime], Iterable[OpenItem]]
QUERIES: list[Query] = []


def register(query: Query) -> Query:
    """Have a step's query asked: what of a mission is open at a moment, by everything committed."""
    QUERIES.append(query)
    return query


def open_items(mission: Mission, at: datetime) -> dict[str, list[OpenItem]]:
    """Everything of a mission that is open at `at`, by kind in the order of `KINDS`; kinds of which nothing is open are left out."""
    found: dict[str, list[OpenItem]] = {kind: [] for kind in KINDS}
    for query in QUERIES:
        for item in query(mission, at):
            found[item.kind].append(item)
    return {kind: items for kind, items in found.items() if items}


def open_told(items: dict[str, list[OpenItem]], most: int) -> list[dict[str, Any]]:
    """The open things as data, by kind: how many, and the first `most` of them."""
    return [
        {"kind": kind, "title": KINDS[kind], "count": len(found), "items": [item.to_json() for item in found[:most]]}
        for kind, found in items.items()
    ]  # fmt: skip


def numbered() -> int:
    """The number of the latest act that has one, for an act that reads beside others and does not number them."""
    return Number.objects.aggregate(latest=Max("number"))["latest"] or 0


@register
def _held(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    for tag, kind, thing, holder, since in queries.held_things(mission.pk):
        yield OpenItem(
            kind=kind, name=tag, words=f"held by {holder}", since=since, subject=("thing", str(thing))
        )


@register
def _of_the_request(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    request = mission.decision.request
    for row in Difference.objects.filter(request=request, settled__isnull=True).select_related("act"):
        yield OpenItem(
            kind="request_difference", name=str(row.pk), words=row.words, since=row.act.recorded_at,
            subject=("request", request.pk),
        )  # fmt: skip
    for drift in Drift.objects.filter(request=request, review__isnull=True):
        words = f"{drift.done} was done where {drift.tasked} was tasked; counsel has not reviewed it"
        yield OpenItem(
            kind="exception", name=str(drift.pk), words=words, since=drift.happened_at, due_at=drift.review_due_at,
            subject=("exceptions", request.pk),
        )  # fmt: skip
    if request.verbal and not Paper.objects.filter(request=request).exists():
        asked_at = request.steps.earliest("n").happened_at
        words = "asked for verbally, and the paper has not come"
        yield OpenItem(
            kind="paper", name=request.pk, words=words, since=asked_at, subject=("request", request.pk)
        )


@register
def _of_the_decision(mission: Mission, at: datetime) -> Iterable[OpenItem]:
    """What is owed under the decision and can be given now: a report that is still to come keeps nothing open."""
    row, known = mission.decision, numbered()
    owing = owed(row, decisions.in_force(row, at, known), at, known)
    about = ("decision", row.pk)
    if owing.paper is not None:
        words = "decided verbally, and not confirmed in writing"
        yield OpenItem(
            kind="confirmation", name=row.pk, words=words, since=row.decided_at, due_at=owing.paper.by, subject=about
        )  # fmt: skip
    if owing.report is not None and owing.report.is_late:
        words = "a report that the decision asks for has not been given"
        yield OpenItem(
            kind="report", name=row.pk, words=words, since=None, due_at=owing.report.by, subject=about
        )
