"""One task with everything that the record has of it: the clauses it runs under, who was seen there, and every act. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from muster.picture.judging import what_it_did
from muster.picture.under import of_task
from muster.record.models import Act
from muster.tasks.models import Ending, Kept, Present, Shift, ShiftEnded, Task
from muster.transport.models import Trip, TripEvent


@dataclass(frozen=True, kw_only=True)
class Did:
    """One act about a task: when what it did happened, or is to begin, and what that was, in words."""

    act: Act
    at: datetime
    words: str

    @property
    def number(self) -> int | None:
        """Its number; None while it waits for it."""
        return self.act.number.number if hasattr(self.act, "number") else None


def acts_of(task: Task) -> list[Did]:
    """Every act about a task, in the order in which they were recorded: its order, shifts and trips, who was seen, its end."""
    tables: dict[Any, type[Model]] = {task.act_id: Task}  # of each act the table that tells first what it did
    for rows in (
        Present.objects.filter(task=task), Ending.objects.filter(task=task), Kept.objects.filter(task=task),
        Shift.objects.filter(task=task), ShiftEnded.objects.filter(shift__task=task),
        Trip.objects.filter(task=task), TripEvent.objects.filter(trip__task=task),
    ):  # fmt: skip
        for act in rows.values_list("act", flat=True):
            tables.setdefault(act, rows.model)
    acts = Act.objects.select_related("actor", "number").filter(pk__in=list(tables))
    told = ((act, what_it_did(act, tables[act.pk])) for act in acts)
    found = [Did(act=act, at=did[0], words=did[1]) for act, did in told if did is not None]
    return sorted(found, key=lambda each: (each.number is None, each.number, each.act.recorded_at))


def task_told(task: Task, known_at: int) -> dict[str, Any]:
    """The clauses, the presence reports and the acts of a task as data."""
    ending = Ending.objects.filter(task=task).first()
    return {
        "mission": task.mission_id,
        "decision": task.decision_id,
        "known_at": known_at,
        "under": [{"since": at.isoformat(), **clause.to_json()} for at, clause in of_task(task, known_at)],
        "present": [{"people": seen.people, "at": seen.at.isoformat()} for seen in task.present.order_by("at")],
        "ended_because": ending.reason if ending else "",
        "acts": [
            {"act": each.number, "id": str(each.act.pk), "by": str(each.act.actor), "at": each.at.isoformat(), "words": each.words}
            for each in acts_of(task)
        ],
    }  # fmt: skip
