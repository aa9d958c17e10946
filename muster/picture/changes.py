"""What changed since somebody last looked: for the officer who comes on shift. Reads everything, writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from muster.access.control import Actor, may, visible
from muster.assistance import queries as assistance
from muster.assistance.models import Step
from muster.authority.models import Drift, DriftReview
from muster.core.quantity import Quantity
from muster.custody.models import Difference, Incident, IncidentClosed, IncidentConfirmed, Settled
from muster.custody.queries import scope_of
from muster.decisions import queries as decisions
from muster.decisions.models import Decision, Version
from muster.decisions.owed import owed
from muster.ledger.models import Entry, Thing
from muster.missions import queries as missions
from muster.missions.models import Closing, Look, Mission
from muster.parties.models import Site
from muster.record.models import Act, Number
from muster.tasks.assignments import members_moved
from muster.tasks.models import (
    AssignmentStep,
    Ending,
    Kept,
    Present,
    Shift,
    ShiftEnded,
    Task,
    TaskDifference,
    TaskDifferenceSettled,
)
from muster.transport import queries as transport
from muster.transport.models import OfferKept, TripEvent

AHEAD = timedelta(hours=12)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that was written: by which act, who did it, when it happened and when it was recorded, in words.

    `late`: it happened before the last look, and was told only afterwards. `kind` and `of` say what it is about, for a link.
    """

    known_at: int
    by: str
    recorded_at: datetime
    happened_at: datetime
    words: str
    kind: str
    of: str
    late: bool


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """Something that passed, or comes within twelve hours."""

    due_at: datetime
    words: str
    kind: str
    of: str
    passed: bool


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What was written in the acts after `since` up to `known_at`, by group, and the deadlines as of `at`."""

    since: int
    since_at: datetime | None  # when the act numbered `since` was recorded; None: from the beginning
    known_at: int
    at: datetime
    groups: dict[str, list[Change]]
    deadlines: list[Deadline]


def last_look(user: int) -> int:
    """The act's number up to which the reader said to have seen everything; 0 for who never did."""
    found = Look.objects.filter(user=user, act__number__isnull=False).order_by("-act__number__number").first()
    return found.known_at if found else 0


def changes(actor: Actor, since: int, known_at: int, at: datetime) -> Changes:
    """Everything that the actor may read of what was written after the act numbered `since`, in the order of the acts."""
    seen = Number.objects.select_related("act").filter(number__lte=since).order_by("-number").first()
    since_at = seen.act.recorded_at if seen else None
    window = _Window(actor, since, known_at, since_at)
    groups = {name: sorted(of(window), key=lambda each: each.known_at) for name, of in GROUPS.items()}
    return Changes(
        since=since, since_at=since_at, known_at=known_at, at=at, groups=groups, deadlines=list(_deadlines(actor, known_at, at))
    )  # fmt: skip


def changes_of(found: Changes) -> dict[str, Any]:
    """The same as data."""
    return {
        "since": found.since, "known_at": found.known_at, "at": found.at.isoformat(),
        "groups": [{"group": name, "changes": [_told(each) for each in told]} for name, told in found.groups.items()],
        "deadlines": [{**vars(each), "due_at": each.due_at.isoformat()} for each in found.deadlines],
    }  # fmt: skip


def _told(change: Change) -> dict[str, Any]:
    moments = {name: getattr(change, name).isoformat() for name in ("recorded_at", "happened_at")}
    return {**vars(change), **moments}


@dataclass(frozen=True)
class _Window:
    """The acts that are asked of, and what the reader may see of them."""

    actor: Actor
    since: int
    known_at: int
    since_at: datetime | None

    def rows(self, rows: Any, **narrowed: Any) -> Any:
        """Rows that the acts of the window wrote."""
        between = {"act__number__number__gt": self.since, "act__number__number__lte": self.known_at}
        return rows.filter(**between, **narrowed).select_related("act__actor", "act__number")

    def told(self, act: Act, happened_at: datetime, words: str, kind: str, of: object) -> Change:
        """What an act wrote, in words."""
        late = self.since_at is not None and happened_at < self.since_at < act.recorded_at
        return Change(
            known_at=act.number.number, by=str(act.actor or "nobody"), recorded_at=act.recorded_at, happened_at=happened_at, words=words,
            kind=kind, of=str(of), late=late,
        )  # fmt: skip

    @property
    def missions(self) -> QuerySet[Mission]:
        return missions.missions_of(self.actor)


def _decisions(window: _Window) -> Iterator[Change]:
    readable = decisions.decisions_of(window.actor)
    for row in window.rows(Version.objects, decision__in=readable.values("pk")).select_related("decision"):
        words = f"{row.decision_id}, {row.decision.get_outcome_display()}: {row.kind}. {row.reason}"
        yield window.told(row.act, row.effective_at, words, "decision", row.decision_id)
    yield from _kept(window, readable)


def _kept(window: _Window, readable: QuerySet[Decision]) -> Iterator[Change]:
    """What goes on against a decision: an exception that its office is told of."""
    for row in window.rows(Kept.objects, task__decision__in=readable.values("pk")).select_related("task"):
        against = (
            f"version {row.version} of" if row.against == Kept.Against.DECISION else "what was asked under"
        )
        words = f"{row.task_id} is kept against {against} {row.task.decision_id}. {row.reason}"
        yield window.told(row.act, row.act.recorded_at, words, "decision", row.task.decision_id)
    under = {each.pk: each.decision_id for each in Mission.objects.filter(decision__in=readable.values("pk"))}
    for offer in window.rows(OfferKept.objects, handover__mission__in=under).select_related("handover"):
        decision = under[offer.handover.mission]
        words = f"An offer is kept against version {offer.version} of {decision}. {offer.reason}"
        yield window.told(offer.act, offer.act.recorded_at, words, "decision", decision)


def _requests(window: _Window) -> Iterator[Change]:
    readable = assistance.requests_of(window.actor)
    for row in window.rows(Step.objects, request__in=readable.values("pk")):
        words = f"{row.request_id}: {row.state.replace('_', ' ')}. {row.reason}".strip()
        yield window.told(row.act, row.happened_at, words, "request", row.request_id)


def _missions(window: _Window) -> Iterator[Change]:
    for row in window.rows(window.missions):
        yield window.told(row.act, row.opened_at, f"{row.pk} was opened: {row.title}.", "mission", row.pk)
    for row in window.rows(Closing.objects, mission__in=window.missions.values("pk")).select_related(
        "mission"
    ):
        words = f"{row.mission_id} was closed. {row.reason}"
        yield window.told(
            row.act, row.mission.closed_at or row.act.recorded_at, words, "mission", row.mission_id
        )


def _tasks(window: _Window) -> Iterator[Change]:
    of = {"mission__in": window.missions.values("pk")}
    for row in window.rows(Task.objects, **of):
        words = (
            f"{row.pk} was ordered: {Quantity.from_json(row.people).said} people at {row.place}. {row.words}"
        )
        yield window.told(row.act, row.act.recorded_at, words, "mission", row.mission_id)
    under = {f"task__{name}": value for name, value in of.items()}
    for row in window.rows(Ending.objects, **under).select_related("task"):
        words = f"{row.task_id} was ended. {row.reason}"
        yield window.told(
            row.act, row.task.ended_at or row.act.recorded_at, words, "mission", row.task.mission_id
        )
    for row in window.rows(Present.objects, **under).select_related("task"):
        words = f"{row.people} present at {row.task_id}."
        yield window.told(row.act, row.at, words, "mission", row.task.mission_id)
    yield from _members(window)
    yield from _shifts(window)


def _shifts(window: _Window) -> Iterator[Change]:
    """Each act's shifts as one line; why one was called off stands on the roster, since it may be about a member."""
    of = window.missions.values("pk")
    planned = window.rows(Shift.objects, task__mission__in=of)
    acts = Act.objects.select_related("actor", "number").in_bulk(set(planned.values_list("act", flat=True)))
    told = planned.select_related(None).values("act", "task__mission")
    for each in told.annotate(count=Count("id"), first=Min("begins_at")).order_by("act"):
        words = f"{each['count']} shift{'s' if each['count'] != 1 else ''} planned, {each['task__mission']}."
        yield window.told(acts[each["act"]], each["first"], words, "roster", each["task__mission"])
    for row in window.rows(ShiftEnded.objects, shift__task__mission__in=of).select_related("shift__task"):
        words = f"The shift {row.shift_id} was called off or swapped."
        yield window.told(row.act, row.at, words, "roster", row.shift.task.mission_id)


def _members(window: _Window) -> Iterator[Change]:
    """Each act's members as one line, and what did not fit of them."""
    of = {"assignment__mission__in": window.missions.values("pk")}
    by_act: dict[object, list[AssignmentStep]] = {}
    for row in window.rows(AssignmentStep.objects, **of).select_related("assignment"):
        by_act.setdefault(row.act_id, []).append(row)
    for rows in by_act.values():
        words = f"{members_moved(rows)}. {rows[0].reason}".strip()
        yield window.told(
            rows[0].act, rows[0].happened_at, words, "muster_roll", rows[0].assignment.mission_id
        )


def _differences_about_members(window: _Window) -> Iterator[Change]:
    of = window.missions.values("pk")
    for row in window.rows(TaskDifference.objects, mission__in=of):
        yield window.told(row.act, row.opened_at, f"Opened: {row.words}", "muster_roll", row.mission_id)
    for row in window.rows(TaskDifferenceSettled.objects, difference__mission__in=of).select_related(
        "difference"
    ):
        words = f"Settled: {row.difference.words} {row.reason}"
        yield window.told(row.act, row.act.recorded_at, words, "act", row.act.number.number)


def _persons(window: _Window) -> Iterator[Change]:
    """Each act's change of hands as one line, whole lists together; what a correction wrote says so."""
    sites = list(visible(window.actor, Site.objects.all()).values_list("code", flat=True))
    here = Q(receiver__site__in=sites) | Q(giver__site__in=sites)
    entries = window.rows(Entry.objects.filter(here))
    corrected = set(entries.filter(kind="pop").values_list("act", flat=True))
    pushed = entries.filter(kind="push")
    acts = Act.objects.select_related("actor", "number").in_bulk(set(pushed.values_list("act", flat=True)))
    told = pushed.select_related(None).values("act", "giver__code", "receiver__code", "reason", "thing__kind")
    for each in told.annotate(things=Count("thing", distinct=True), first=Min("happened_at")).order_by(
        "act", "thing__kind", "first"
    ):
        act = acts[each["act"]]
        reason = f" ({each['reason'].replace('_', ' ')})" if each["reason"] else ""
        bags = f" bag{'s' * (each['things'] > 1)}" if each["thing__kind"] == Thing.Kind.PROPERTY else ""
        words = f"{each['things']}{bags} from {each['giver__code']} to {each['receiver__code']}{reason}."
        words = f"Corrected: {words}" if act.pk in corrected else words
        yield window.told(act, each["first"], words, "act", act.number.number)


def _trips(window: _Window) -> Iterator[Change]:
    readable = transport.trips_of(window.actor)
    for row in window.rows(TripEvent.objects, trip__in=readable.values("pk")):
        words = f"{row.trip_id} {row.kind}, {row.aboard} aboard. {row.words}".strip()
        yield window.told(row.act, row.at, words, "trip", row.trip_id)


def _differences(window: _Window) -> Iterator[Change]:
    sites = visible(window.actor, Site.objects.all()).values("pk")
    for row in window.rows(Difference.objects, site__in=sites):
        yield window.told(row.act, row.opened_at, f"Opened: {row.words}", "difference", row.pk)
    for row in window.rows(Settled.objects, difference__site__in=sites).select_related("difference"):
        words = f"Settled: {row.difference.words} {row.reason}"
        yield window.told(row.act, row.act.recorded_at, words, "act", row.act.number.number)
    yield from _differences_about_members(window)


def _incidents(window: _Window) -> Iterator[Change]:
    """What was reported, stood for and closed; what happened is read on the incident's own page."""
    sites = visible(window.actor, Site.objects.all())
    readable = [site.pk for site in sites if may(window.actor, "custody.read_incidents", scope_of(site))]
    for row in window.rows(Incident.objects, site__in=readable):
        words = f"Reported: {row.get_kind_display()}, {row}."
        yield window.told(row.act, row.at, words, "incident", row.pk)
    for model, what in ((IncidentConfirmed, "A supervisor stands for"), (IncidentClosed, "Closed:")):
        for row in window.rows(model._default_manager, incident__site__in=readable).select_related(
            "incident"
        ):
            words = f"{what} {row.incident.get_kind_display()}, {row.incident}. {row.reason}"
            yield window.told(row.act, row.act.recorded_at, words, "incident", row.incident_id)


def _exceptions(window: _Window) -> Iterator[Change]:
    readable = assistance.requests_of(window.actor).values("pk")
    for row in window.rows(Drift.objects, request__in=readable):
        words = f"{row.done} was done where {row.tasked} was tasked: {row.what_was_done}"
        yield window.told(row.act, row.happened_at, words, "exceptions", row.request_id)
    for row in window.rows(DriftReview.objects, drift__request__in=readable).select_related("drift"):
        words = f"Reviewed: {row.get_outcome_display()}. {row.reason}"
        yield window.told(row.act, row.reviewed_at, words, "exceptions", row.drift.request_id)


GROUPS: dict[str, Callable[[_Window], Iterator[Change]]] = {
    "Decisions and limits": _decisions,
    "Requests": _requests,
    "Missions": _missions,
    "Tasks and people": _tasks,
    "Persons": _persons,
    "Incidents": _incidents,
    "Trips": _trips,
    "Differences": _differences,
    "Exceptions": _exceptions,
}


def _deadlines(actor: Actor, known_at: int, at: datetime) -> Iterator[Deadline]:
    """The one due first in front: ends of decisions in force, what is owed under them, and legal reviews that nobody has made."""
    found = []
    for decision in decisions.decisions_of(actor):
        in_force = decisions.in_force(decision, at, known_at)
        ends = in_force.limits.ends_at if in_force.limits and in_force.why is None else None
        if ends is not None and ends <= at + AHEAD:
            words = f"{decision.pk} ends."
            found.append(
                Deadline(due_at=ends, words=words, kind="decision", of=decision.pk, passed=ends <= at)
            )
        owing = owed(decision, in_force, at, known_at)
        for due, what in ((owing.report, "A report under"), (owing.paper, "Written confirmation of")):
            if due is not None and due.by <= at + AHEAD:
                words = f"{what} {decision.pk} is due."
                found.append(
                    Deadline(due_at=due.by, words=words, kind="decision", of=decision.pk, passed=due.is_late)
                )
    readable = assistance.requests_of(actor).values("pk")
    for drift in Drift.objects.filter(
        request__in=readable, review__isnull=True, review_due_at__lte=at + AHEAD
    ):
        words = f"Legal review of an exception under {drift.request_id}."
        found.append(
            Deadline(due_at=drift.review_due_at, words=words, kind="exceptions", of=drift.request_id, passed=drift.review_due_at <= at)
        )  # fmt: skip
    yield from sorted(found, key=lambda each: each.due_at)
