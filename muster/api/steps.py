"""The steps from the request to the trip as the API lets an actor read them, narrowed as the pages are."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import F, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from muster.access.control import can, may, one_of
from muster.actions import storable
from muster.api.reads import PAGE, Words
from muster.api.shapes import (
    CalendarTold,
    ChangesAnswer,
    CostsTold,
    CountersAnswer,
    DecisionTold,
    JudgedTold,
    MissionsPage,
    OpenAnswer,
    OrderTold,
    OutsideAnswer,
    PictureAnswer,
    RequestsPage,
    RosterAnswer,
    TaskableAnswer,
    TripTold,
    UsageAnswer,
    WaitingAnswer,
    WhatChanged,
    WholeMission,
    WholeRequest,
    WholeTask,
)  # fmt: skip
from muster.api.signing_in import asking
from muster.assistance import queries as assistance
from muster.assistance.models import Line, Link, Request
from muster.assistance.rules import PaperClock, missing
from muster.authority import queries as authority
from muster.authority.models import Assessment, Drift, DriftReview
from muster.authority.review import Review
from muster.core.quantity import Quantity
from muster.core.times import parse_moment
from muster.database import when_down
from muster.decisions import queries as decisions
from muster.decisions.orders import order_of
from muster.decisions.rules import InForce
from muster.ledger import queries as ledger
from muster.missions import queries as missions
from muster.missions.closing import open_items, open_told
from muster.missions.models import Mission
from muster.picture.calendar import calendar_of
from muster.picture.changes import changes, changes_of, last_look
from muster.picture.judging import judge_for, judged_of
from muster.picture.queries import picture_of
from muster.picture.reimbursement import as_data, package_of
from muster.picture.tasks import task_told
from muster.picture.under import of_trip
from muster.record.models import Number
from muster.tasks.counters import Counters, counters
from muster.tasks.models import Task
from muster.tasks.shifts import roster_told
from muster.tasks.taskable import taskable_of
from muster.tasks.usage import usage, usage_of
from muster.transport import queries as transport
from muster.transport.outside import outside

router = Router(tags=["steps"])
UTC_ZONE = ZoneInfo("UTC")
M = TypeVar("M", bound=Model)


@router.get("/requests", response=RequestsPage)
def requests(
    request: HttpRequest, cursor: Query[Words | None] = None, q: Query[Words | None] = None, limit: int = PAGE
) -> dict[str, Any]:
    """The requests that the actor may see, page by page: send `next` as the next page's `cursor`.

    With `q` those whose id, title or requester holds these words: search before you create.
    """
    with when_down(), storable():
        rows = assistance.search(assistance.requests_of(asking(request)), q or "")
        page, after = _page(rows, cursor, limit)
        return {"requests": [_request(row) for row in page], "next": after}


@router.get("/waiting", response=WaitingAnswer)
def waiting(request: HttpRequest) -> dict[str, Any]:
    """Who is waited for, with what, and since when, of all the requests that the actor may see."""
    with when_down(), storable():
        found = assistance.waiting(asking(request))
        return {
            "waiting": [
                {"request": one.request.pk, "title": one.request.title, "state": one.request.state, "party": one.party,
                 "what": one.what, "since": one.since.isoformat()}
                for one in found
            ]
        }  # fmt: skip


@router.get("/requests/{str:id}/changes", response=ChangesAnswer)
def request_changes(request: HttpRequest, id: str, was: int, now: int) -> dict[str, Any]:
    """What changed from one version of a request to another, in words."""
    with when_down(), storable():
        row = one_of(assistance.requests_of(asking(request)), "request", id)
        changes = [asdict(each) for each in assistance.changes(row, was, now)]
        return {"request": row.pk, "was": was, "now": now, "changes": changes}


@router.get("/requests/{str:id}/counters", response=CountersAnswer)
def request_counters(
    request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """Asked, authorised, tasked, checked in and delivered, for each line by a moment. A bare date means its end in UTC."""
    with when_down(), storable():
        row = one_of(assistance.requests_of(asking(request)), "request", id)
        known = ledger.known(known_at)
        moment = parse_moment(at, UTC_ZONE) if at else timezone.now()
        return {
            "request": row.pk, "at": moment.isoformat(), "known_at": known,
            "lines": [_counted(one) for one in counters(row, moment, known)],
        }  # fmt: skip


# The id of a request is the requester's own, so it may hold a space or a slash.
@router.get("/requests/{path:id}", response=WholeRequest)
def request_whole(request: HttpRequest, id: str) -> dict[str, Any]:
    """A request: its lines and exclusions, the steps it took, the latest findings, and what was decided."""
    with when_down(), storable():
        row = one_of(assistance.requests_of(asking(request)), "request", id)
        ledger.latest_known()  # numbers what waits for its number, so that each step has one
        seen = authority.latest(row.pk)
        internal = may(asking(request), "authority.read_review", assistance.scope_of(row))
        asked = assistance.as_rule(row)
        names = (
            "agency_kind",
            "purpose",
            "version",
            "details",
            "reimbursement",
            "verbal",
            "duty_status_asked",
            "federal_order",
            "facts",
        )
        return {
            **_request(row),
            **{name: getattr(row, name) for name in names},
            "as_of": _iso(row.as_of),
            "exclusions": list(row.exclusions.values("task", "words")),
            "agency": row.agency_id,
            "steps": _told(row.steps, "n", "state", "happened_at", "approximate", "code", "reason", "other"),
            "versions": _told(row.versions, "n", "happened_at", "reason", "content"),
            "missing": [str(fault.column) for fault in missing(asked)],
            "lacking": [asdict(lack) for lack in assistance.lacking_of(row)],
            "links": [_link(each) for each in assistance.links_of(asking(request), row)],
            "paper": _paper(assistance.paper_clock(row, timezone.now())),
            "documents": list(
                row.documents.values("title", "text", "sha256", "page_starts", document=F("pk"), file_sha256=F("source__file"))
            ),
            "passages": list(row.passages.values("field", "value", "exact", "prefix", "suffix", "page", "version", "document")),
            "differences": list(row.differences.values("kind", "words", difference=F("pk"), settled_so=F("settled__reason"))),
            "assessment": _assessment(seen) if seen else None,
            "review": _review(authority.review_of(row)) if internal else None,
            "exceptions": [_exception(*pair) for pair in authority.drifts_of(row)] if internal else None,
            "decisions": list(row.decisions.order_by("id").values("id", "outcome", "reason")),
        }  # fmt: skip


@router.get("/decisions/{path:id}/taskable", response=TaskableAnswer)
def decision_taskable(
    request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """Which task categories may be tasked under a decision, and what stops the others. A bare date means its end there."""
    with when_down(), storable():
        row = one_of(decisions.decisions_of(asking(request)), "decision", id)
        return taskable_of(row, at, known_at)


@router.get("/decisions/{path:id}/used", response=UsageAnswer)
def decision_used(
    request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """How much of each limit that is a number is used at a moment, and at most from then on. A bare date means its end there."""
    with when_down(), storable():
        row = one_of(decisions.decisions_of(asking(request)), "decision", id)
        return usage_of(row, at, known_at).to_json()


@router.get("/decisions/{path:id}/order", response=OrderTold)
def decision_order(
    request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """The decision's order: versions, limits, sentences, the findings seen, its SHA-256 and how to check it."""
    with when_down(), storable():
        return order_of(one_of(decisions.decisions_of(asking(request)), "decision", id), at, known_at)


@router.get("/decisions/{path:id}", response=DecisionTold)
def decision(
    request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """A decision: its versions, and what is in force at a moment. A bare date means its end where it counts its days."""
    with when_down(), storable():
        row = one_of(decisions.decisions_of(asking(request)), "decision", id)
        known = ledger.known(known_at)
        moment = parse_moment(at, decisions.zone_of(row, known)) if at else timezone.now()
        versions = row.versions.filter(act__number__number__lte=known)
        return {
            "id": row.pk, "request": row.request_id, "office": row.office_id, "outcome": row.outcome, "reason": row.reason,
            "instrument": row.instrument, "decided_at": _iso(row.decided_at), "reported_on": _iso(row.reported_on),
            "reported_about": row.reported_about,
            "source": row.source and (row.source.title or row.source.publisher), "at": moment.isoformat(), "known_at": known,
            "versions": _told(versions, "n", "kind", "effective_at", "reason", "limits"),
            "in_force": _in_force(decisions.in_force(row, moment, known)),
        }  # fmt: skip


@router.get("/changes", response=WhatChanged)
def what_changed(request: HttpRequest, since: int | None = None) -> dict[str, Any]:
    """What was written after the act numbered `since`, or since the reader marked everything as seen, and what is due soon."""
    with when_down(), storable():
        actor, known = asking(request), ledger.latest_known()
        first = last_look(actor.user) if since is None else max(0, min(since, known))
        return changes_of(changes(actor, first, known, timezone.now()))


@router.get("/acts/{name}/judgement", response=JudgedTold)
def act_judged(request: HttpRequest, name: Words, known_at: Query[Words | None] = None) -> dict[str, Any]:
    """Whether an act, named by number or UUID, stood inside the limits in force and known at its minute, and as known since."""
    with when_down(), storable():
        known = ledger.known(known_at)
        return judged_of(judge_for(asking(request), name, known))


@router.get("/missions", response=MissionsPage)
def missions_page(
    request: HttpRequest, cursor: Query[Words | None] = None, limit: int = PAGE
) -> dict[str, Any]:
    """The missions that the actor may see, page by page: send `next` as the next page's `cursor`."""
    with when_down(), storable():
        page, after = _page(missions.missions_of(asking(request)), cursor, limit)
        known = ledger.latest_known()
        return {"missions": [_mission(row, known) for row in page], "next": after}


@router.get("/missions/{id}", response=WholeMission)
def mission(request: HttpRequest, id: str) -> dict[str, Any]:
    """A mission: what its decision allows now, its tasks, and how much of the limits they use from now on."""
    with when_down(), storable():
        row = one_of(missions.missions_of(asking(request)), "mission", id)
        now, known = timezone.now(), ledger.latest_known()
        found = usage(row.decision, now, known)
        return {
            **_mission(row, known),
            "in_force": _in_force(found.in_force),
            "tasks": [_task(task) for task in row.tasks.order_by("begins_at", "id")],
            "headroom": [
                {"limit": one.limit, "of": one.of, "most": one.allowed, "used": one.peak}
                for one in found.limits
            ],
        }


@router.get("/missions/{id}/costs", response=CostsTold)
def mission_costs(request: HttpRequest, id: str, known_at: Query[Words | None] = None) -> dict[str, Any]:
    """What a mission cost, line by line with its evidence, what of the cost cap is used, and what the package for it lacks."""
    with when_down(), storable():
        row = one_of(missions.missions_of(asking(request)), "mission", id)
        return as_data(package_of(row, timezone.now(), ledger.known(known_at)))


@router.get("/missions/{id}/calendar", response=CalendarTold)
def mission_calendar(
    request: HttpRequest, id: str, known_at: Query[Words | None] = None, member: Query[Words | None] = None
) -> dict[str, Any]:
    """What ends or is due when in a mission, its tasks and shifts; with `member`, a tag, that member's shifts alone.

    The same as a file for calendar programs is on the mission's page.
    """
    with when_down(), storable():
        row = one_of(missions.missions_of(asking(request)), "mission", id)
        return calendar_of(row, timezone.now(), ledger.known(known_at), member=member).to_json()


@router.get("/missions/{id}/open", response=OpenAnswer)
def mission_open(request: HttpRequest, id: str) -> dict[str, Any]:
    """What of a mission is open now, for those who may close it: all of it, by kind."""
    with when_down(), storable():
        row = one_of(missions.missions_of(asking(request)), "mission", id)
        can(asking(request), "missions.close", missions.scope_of(row))
        known, now = ledger.latest_known(), timezone.now()
        found = open_items(row, now)
        count = sum(map(len, found.values()))
        told = open_told(found, count)
        return {"mission": row.pk, "at": now.isoformat(), "known_at": known, "count": count, "open": told}


@router.get("/missions/{id}/outside", response=OutsideAnswer)
def mission_outside(request: HttpRequest, id: str, known_at: Query[Words | None] = None) -> dict[str, Any]:
    """What of a mission does not fit its decision any more, with the clauses it breaks, and how each was settled."""
    with when_down(), storable():
        row = one_of(missions.missions_of(asking(request)), "mission", id)
        known = ledger.known(known_at)
        return {
            "mission": row.pk,
            "known_at": known,
            "outside": [each.to_json() for each in outside(row, known)],
        }


@router.get("/missions/{id}/roster", response=RosterAnswer)
def mission_roster(
    request: HttpRequest, id: str, first: Query[Words | None] = None, latest: Query[Words | None] = None,
    at: Query[Words | None] = None, known_at: Query[Words | None] = None,
) -> dict[str, Any]:  # fmt: skip
    """Who is on shift from the day `first` through the day `latest`, or at the moment `at`, and what keeps each shift from fitting.

    Days are those where the decision counts its days; a bare date as `at` means its end. Without any of them: every shift.
    """
    with when_down(), storable():
        row = one_of(missions.missions_of(asking(request)), "mission", id)
        can(asking(request), "tasks.read_roster", missions.scope_of(row))
        known = ledger.known(known_at)
        return roster_told(row, known, first=first, latest=latest, at=at)


@router.get("/missions/{id}/picture", response=PictureAnswer)
def picture(
    request: HttpRequest, id: str, at: Query[Words], known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """Every figure of a mission. A bare date means its end where the decision counts its days."""
    with when_down(), storable():
        row = one_of(missions.missions_of(asking(request)), "mission", id)
        return picture_of(row.pk, at, known_at)


@router.get("/trips/{id}", response=TripTold)
def trip(request: HttpRequest, id: str) -> dict[str, Any]:
    """A trip: where it stands, who signs for its persons, how many are aboard, and what happened to it."""
    with when_down(), storable():
        row = one_of(transport.trips_of(asking(request)), "trip", id)
        known = ledger.latest_known()
        return {
            "id": row.pk, "mission": row.mission_id, "task": row.task_id, "state": row.state,
            "under": of_trip(row, known).to_json(),
            "custodian": row.custodian and row.custodian.get_username(), "from_site": row.from_site_id,
            "to_site": row.to_site_id, "purpose": row.purpose,
            "vehicle": row.vehicle, "seats": row.seats, "departs_at": row.departs_at.isoformat(),
            "aboard": len(transport.aboard(row)), "events": _told(row.events, "n", "kind", "aboard", "words", "at"),
        }  # fmt: skip


@router.get("/tasks/{id}", response=WholeTask)
def task(request: HttpRequest, id: str) -> dict[str, Any]:
    """A task: the clauses it runs under, who was seen there, and every act about it."""
    with when_down(), storable():
        rows = Task.objects.filter(mission__in=missions.missions_of(asking(request)))
        row = one_of(rows.select_related("mission__decision"), "task", id)
        return {**_task(row), **task_told(row, ledger.latest_known())}


def _page(rows: QuerySet[M], cursor: str | None, limit: int) -> tuple[list[M], str | None]:
    """Some rows in the order of their ids, and where the next page begins; None on the last one."""
    found = list(rows.filter(pk__gt=cursor or "").order_by("pk")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None


def _told(rows: Any, *names: str) -> list[dict[str, Any]]:
    """These columns of each row, moments in ISO 8601, and the number of the act that wrote it."""
    found = rows.values(*names, known_at=F("act__number__number"))
    return [{k: _iso(v) if isinstance(v, datetime) else v for k, v in row.items()} for row in found]


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def _said(quantity: object) -> dict[str, Any]:
    read = Quantity.from_json(quantity)
    return {"said": read.said, "low": read.low, "high": read.high}


def _request(row: Request) -> dict[str, Any]:
    names = ("id", "title", "kind", "state", "requester", "of_state", "priority")
    lines = [_line(line) for line in row.lines.all()]
    return {**{name: getattr(row, name) for name in names}, "asked": row.asked_id, "lines": lines}


def _link(link: Link) -> dict[str, Any]:
    names = ("relation", "mission", "words")
    ends = {"link": link.pk, "request": link.request_id, "other": link.other_id}
    return {**{name: getattr(link, name) for name in names}, **ends}


def _paper(clock: PaperClock | None) -> dict[str, Any] | None:
    if clock is None:
        return None
    late_by_s = int(clock.late_by.total_seconds()) if clock.late_by else None
    return {"received": clock.received, "waits_s": int(clock.waits.total_seconds()), "late_by_s": late_by_s}


def _counted(one: Counters) -> dict[str, Any]:
    said = {
        "asked": _said(one.asked.to_json()),
        "authorised": one.authorised and _said(one.authorised.to_json()),
    }
    names = ("line", "task", "tasked", "checked_in", "delivered")
    return {**{name: getattr(one, name) for name in names}, **said}


def _line(line: Line) -> dict[str, Any]:
    return {
        "n": line.n, "task": line.task, "words": line.words, "people": _said(line.people), "vehicles": _said(line.vehicles),
        "place": line.place, "resource": line.resource,
        "window_from": _iso(line.window_from), "window_to": _iso(line.window_to), "contact": line.contact,
    }  # fmt: skip


def _review(review: Review) -> dict[str, Any]:
    names = ("not_judged", "without_evidence", "outdated", "blocks", "escalates")
    judgements = [{**vars(said), "judged_at": said.judged_at.isoformat()} for said in review.latest.values()]
    return {
        **{name: getattr(review, name) for name in names},
        "judgements": judgements,
        "in_words": review.in_words(),
    }


def _exception(drift: Drift, reviewed: DriftReview | None) -> dict[str, Any]:
    names = ("tasked", "done", "finding", "rule", "words")
    return {
        **{name: getattr(drift, name) for name in names}, "drift": str(drift.pk), "happened_at": drift.happened_at.isoformat(),
        "review_due_at": drift.review_due_at.isoformat(), "outcome": reviewed and reviewed.outcome, "reason": reviewed and reviewed.reason,
    }  # fmt: skip


def _assessment(seen: Assessment) -> dict[str, Any]:
    names = ("line", "task", "finding", "layer", "rule", "citation", "verified", "words", "conditions",
             "mark", "unverified", "pack", "signed", "quotes", "asks", "changes")  # fmt: skip
    number = Number.objects.filter(act=seen.act_id).values_list("number", flat=True).first()
    found = list(seen.findings.values(*names))
    return {"status": seen.status, "on_date": _iso(seen.on_date), "known_at": number, "findings": found}


def _in_force(found: InForce) -> dict[str, Any]:
    limits = found.limits.to_json() if found.limits else None
    return {"limits": limits, "why": found.why, "since": _iso(found.since)}


def _mission(row: Mission, known_at: int) -> dict[str, Any]:
    return {
        "id": row.pk, "title": row.title, "drill": row.drill, "organisation": row.organisation_id,
        "request": row.decision.request_id, "decision": row.decision_id, "opened_at": _iso(row.opened_at),
        "closed_at": _iso(row.closed_at), "standing": missions.standing_of(row, timezone.now(), known_at).to_json(),
    }  # fmt: skip


def _task(task: Task) -> dict[str, Any]:
    names = ("id", "category", "words", "place", "contact", "armed", "volunteers", "conditions")
    moments = {name: _iso(getattr(task, name)) for name in ("begins_at", "ends_at", "ended_at")}
    numbers = {"people": _said(task.people), "vehicles": _said(task.vehicles)}
    return {**{name: getattr(task, name) for name in names}, **moments, **numbers}
