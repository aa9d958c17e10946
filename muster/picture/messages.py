"""Requests, decisions and tasks as messages of EDXL-RM 1.0, for the systems of others. Which field is which: `assistance.exchange`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from muster.assistance import queries as assistance
from muster.assistance.edxl import request_resource, write
from muster.assistance.models import Request
from muster.assistance.rules import read_kept
from muster.core.errors import NotFound
from muster.core.quantity import Quantity
from muster.core.tasks import TASKS
from muster.decisions import queries as decisions
from muster.decisions.drafting import APPROVALS
from muster.decisions.lines import JudgedLine, Judgement
from muster.decisions.models import Decision
from muster.decisions.rules import InForce, sentences_of, why_nothing
from muster.picture.papers.asked import Reach, asked_for
from muster.tasks.models import Task

ANSWERS: Mapping[Judgement, str] = {"allow": "Accept", "limit": "Provisional", "refuse": "Decline"}


def message_of(
    kind: str, id: str, reach: Reach, *, at: str | None = None, known_at: str | None = None
) -> bytes:
    """The message of one record, as of a moment or a day in words, as known at an act; None is now, and all that is known.

    Raises NotFound, where the record is not there or not the reader's, NotAMoment, and what `asked_for` raises.
    """
    if kind not in MADE:
        raise NotFound(kind="message", name=kind)
    row: Any = {"request": reach.request, "decision": reach.decision, "task": reach.task}[kind](id)
    if row is None:
        raise NotFound(kind=kind, name=id)
    asked = asked_for(row, reach=reach, at=at, known_at=known_at, begins=None, ends=None)
    return MADE[kind](row, asked.at, asked.known_at)


def of_request(row: Request, at: datetime, known_at: int) -> bytes:
    """The request as it stood at a moment, as known at an act's number: RequestResource. Raises NotFound before its first version."""
    version = assistance.version_at(row, at, known_at)
    return request_resource(read_kept(version.content), sent_at=version.happened_at)


def of_decision(row: Decision, at: datetime, known_at: int) -> bytes:
    """What the office decided, and what of it is in force at a moment: ResponseToRequestResource, with an answer for each line.

    Its limits stand in Restrictions, and what is said of each line in ResponseReason: EDXL-RM has no fields for them.
    """
    in_force = decisions.in_force(row, at, known_at)
    limits, request = in_force.limits, row.request
    head = {
        "id": row.pk, "request": row.request_id, "office": row.office.title, "organisation": row.office.organisation.name,
        "incident": request.details.get("incident", ""), "funding_ref": row.funding_ref,
        "outcome": row.get_outcome_display() + (f"; at present {why_nothing(in_force)}" if in_force.why and limits else ""),
        "instrument": ", ".join(filter(None, (row.get_instrument_kind_display(), row.instrument))),
        "legal_authority": "; ".join(row.legal_authority), "duty_status": decisions.status_of(row),
    }  # fmt: skip
    of_all = {"limits": " ".join(sentences_of(limits))}
    if limits and limits.begins_at:
        of_all["begins_at"] = limits.begins_at.isoformat()
    if limits and limits.ends_at:
        of_all["ends_at"] = limits.ends_at.isoformat()
    judged = {line.n: line for line in in_force.lines}
    lines = [
        {**of_all, **_answer(row, in_force, line.n, judged.get(line.n)), "task": line.task}
        for line in decisions.asked_lines(request, request.version)
    ]
    return write("decision", _stated(head), lines, description=_titled(request), sent_at=row.decided_at or at)


def _answer(row: Decision, in_force: InForce, n: int, judged: JudgedLine | None) -> dict[str, str]:
    """What was decided of a line; of a decision that says nothing of its lines, the answer of the whole."""
    if judged is not None:
        answer, said, people = ANSWERS[judged.judgement], f"{row.reason} {judged.in_full}", judged.people_max
    else:
        bounded = "Accept" if row.outcome == Decision.Outcome.APPROVED else "Provisional"
        answer, said, people = bounded if row.outcome in APPROVALS else "Decline", row.reason, None
        if row.referred_to is not None:
            answer, said = "Provisional", f"{row.reason} Referred to the {row.referred_to.title}."
    most = people if people is not None else in_force.limits.people_max if in_force.limits else None
    told = {"n": str(n), "answer": answer, "reason": said}
    return told | ({"people": f"up to {most} people"} if most is not None and answer != "Decline" else {})


def of_task(row: Task, at: datetime, known_at: int) -> bytes:
    """The task as it was ordered, with the limits of its decision at a moment: RequisitionResource."""
    decision, mission = row.decision, row.mission
    limits = decisions.in_force(decision, at, known_at).limits
    head = {
        "id": row.pk, "request": decision.request_id, "decision": decision.pk, "mission": mission.pk,
        "incident": decision.request.details.get("incident", ""), "organisation": mission.organisation.name,
        "duty_status": decisions.status_of(decision), "armed": row.armed, "volunteers": "yes" if row.volunteers else "no",
    }  # fmt: skip
    counted = [
        f"{Quantity.from_json(value).said} {name}" for name, value in (("people", row.people), ("vehicles", row.vehicles))
    ]  # fmt: skip
    line = {
        "id": row.pk, "task": row.category, "words": row.words, "function": TASKS[row.category].name, "quantity": "; ".join(counted),
        "limits": " ".join([*sentences_of(limits), *row.conditions]), "place": row.place, "contact": row.contact,
        "begins_at": row.begins_at.isoformat(), "ends_at": row.ends_at.isoformat(),
    }  # fmt: skip
    return write(
        "task", _stated(head), [line], description=_titled(decision.request), sent_at=row.act.recorded_at
    )


def _titled(request: Request) -> str:
    return ("EXERCISE: " if request.kind == "exercise" else "") + " ".join(request.title.split())


def _stated(head: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in head.items() if value}


MADE: Mapping[str, Callable[[Any, datetime, int], bytes]] = {
    "request": of_request,
    "decision": of_decision,
    "task": of_task,
}
