"""The assignment list of a mission or of one task, after ICS 204: who does what in a period, and what the decision forbids.

Source: reference fields of ICS 204, Assignment List (NIMS ICS Forms Booklet, FEMA 502-2, September 2010); our own layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from muster.authority.rules import UnknownStatus
from muster.core.errors import NotFound
from muster.core.tasks import TASKS
from muster.core.times import end_of_day, start_of_day
from muster.decisions import queries as decisions
from muster.decisions.rules import Stretch, sentences_of
from muster.documents.forms import ICS_204
from muster.documents.sheets import Block, Said, Sheet, blanks, fields, heading, items, said, table, words
from muster.missions.models import Mission
from muster.picture.papers.asked import Asked, Reach, check_period
from muster.picture.papers.tasks import TaskTold, tasks_told
from muster.tasks.models import Task
from muster.tasks.shifts import shifts_of_mission
from muster.tasks.taskable import MAY, taskable


def find(reach: Reach, id: str) -> Mission | Task:
    """The mission of that id, else the task. Raises NotFound."""
    task = reach.task(id)
    if task is not None:
        return task
    try:
        return reach.mission(id)
    except NotFound:
        raise NotFound(kind="mission or task", name=id) from None


def sheet(row: Mission | Task, asked: Asked) -> Sheet:
    """The list for a period: by itself the day of the moment asked for, where the decision counts its days; of one task its window.

    A task is on it whose window, as it was ended where it was, touches the period. Raises PeriodEndsFirst.
    """
    mission = row.mission if isinstance(row, Task) else row
    tasks = [
        each
        for each in tasks_told(mission, asked.known_at)
        if not isinstance(row, Task) or each.row.pk == row.pk
    ]
    begins_at, ends_at = _period(row, tasks, asked)
    due = [each for each in tasks if each.draw.begins_at <= ends_at and each.draw.ends_at > begins_at]
    return Sheet(
        title=f"Assignment list: {mission.title}", about="", form=ICS_204, as_of=asked.at, exercise=mission.drill, landscape=True,
        standing=asked.standing(f"ICS 204 of {row.pk}"), blocks=tuple(_blocks(mission, due, begins_at, ends_at, asked)),
    )  # fmt: skip


def _period(row: Mission | Task, tasks: list[TaskTold], asked: Asked) -> tuple[datetime, datetime]:
    begins_at, ends_at = asked.begins_at, asked.ends_at
    if isinstance(row, Task):
        begins_at, ends_at = (
            begins_at or row.begins_at,
            ends_at or max(tasks[0].draw.ends_at, begins_at or row.begins_at),
        )
    day = asked.at.astimezone(asked.zone).date()
    if begins_at is None:
        begins_at = start_of_day(ends_at.astimezone(asked.zone).date() if ends_at else day, asked.zone)
    ends_at = ends_at or end_of_day(begins_at.astimezone(asked.zone).date(), asked.zone)
    check_period(begins_at, ends_at, asked.zone)
    return begins_at, ends_at


def _blocks(
    mission: Mission, due: list[TaskTold], begins_at: datetime, ends_at: datetime, asked: Asked
) -> Iterator[Block]:
    details = mission.decision.request.details
    contact = details.get("site_contact") or {}
    reached = ", ".join(filter(None, (contact.get(name) for name in ("name", "title", "phone", "email"))))
    yield fields(
        ("Incident name", details.get("incident") or mission.title),
        ("Operational period", f"from {asked.said(begins_at)} to {asked.said(ends_at)}"),
        ("Mission", f"{mission.pk}, run by {mission.organisation}"), ("Decision", mission.decision_id),
        ("Branch, division, group, staging area", None), ("Request", mission.decision.request_id), columns=3,
    )  # fmt: skip
    yield heading("Operations personnel")
    yield fields(
        ("Operations section chief, contact", None), ("Branch director, contact", None),
        ("Division or group supervisor, contact", None), columns=3,
    )  # fmt: skip
    yield heading("Resources assigned")
    yield table(
        ["Resource identifier", "Leader", "Number of people", "Contact", "Reporting place", "Special equipment", "Notes"],
        [_resource(each, reached) for each in due], widths=[12, 8, 8, 14, 12, 10, 22],
        none="No task lies in the period.",
    )  # fmt: skip
    yield heading("Members on shift")
    yield table(
        ["Identifier", "Task", "From", "To", "Skill asked for"], list(_shifts(mission, due, begins_at, ends_at, asked)),
        widths=[12, 18, 16, 16, 14], none="No shift is planned in the period.",
    )  # fmt: skip
    yield heading("Work assignments")
    yield table(
        ["Task", "Category", "Work", "From", "To", "Conditions"], [_work(each, asked) for each in due],
        widths=[13, 13, 20, 10, 10, 20], none="None.",
    )  # fmt: skip
    yield from _instructions(mission, begins_at, ends_at, asked)
    yield heading("Communications")
    yield fields(
        ("Radio channels and telephones", None),
        ("Contact at the site, as the request states it", reached),
        columns=2,
    )
    yield heading("Prepared by")
    yield blanks("Name", "Position", "Signature", "Date and time", columns=4)


def _resource(each: TaskTold, reached: str) -> list[Said]:
    row = each.row
    notes = [
        f"Contact with persons in custody: {row.contact}", f"Arms: {row.armed}",
        *(["Volunteers only"] if row.volunteers else []),
    ]  # fmt: skip
    vehicles = None if each.vehicles == "0" else f"{each.vehicles} vehicles"
    return [row.pk, None, each.people, reached, row.place, vehicles or "none", ". ".join(notes) + "."]


def _shifts(
    mission: Mission, due: list[TaskTold], begins_at: datetime, ends_at: datetime, asked: Asked
) -> Iterator[list[Said]]:
    tasks = {each.row.pk for each in due}
    for planned in shifts_of_mission(mission.pk, asked.known_at, begins_at=begins_at, ends_at=ends_at):
        shift = planned.shift
        if shift.task in tasks:
            yield [
                shift.member,
                shift.task,
                asked.said(shift.begins_at),
                asked.said(shift.ends_at),
                shift.skill or "none",
            ]


def _work(each: TaskTold, asked: Asked) -> list[Said]:
    conditions = "; ".join(each.row.conditions) or "none"
    return [
        each.row.pk,
        each.name,
        each.row.words,
        asked.said(each.draw.begins_at),
        asked.said(each.draw.ends_at),
        conditions,
    ]


def _instructions(mission: Mission, begins_at: datetime, ends_at: datetime, asked: Asked) -> Iterator[Block]:
    """The decision's limits and what may not be tasked, for each stretch of the period in which one version is in force."""
    yield heading("Special instructions: the limits of the decision, and what is forbidden")
    for stretch in decisions.stretches_known(mission.decision, begins_at, ends_at, asked.known_at):
        yield heading(f"From {asked.said(stretch.begins_at)}{_version(stretch)}", level=3)
        yield items(sentences_of(stretch.in_force.limits), none="The decision allows nothing.")
        yield from _forbidden(mission, stretch, asked)


def _version(stretch: Stretch) -> str:
    found = stretch.in_force
    if found.why is not None:
        return f", not in force: {found.why.replace('_', ' ')}. Nothing new begins"
    return f", version {found.version} of the decision"


def _forbidden(mission: Mission, stretch: Stretch, asked: Asked) -> Iterator[Block]:
    try:
        found = taskable(mission.decision, stretch.begins_at, asked.known_at)
    except UnknownStatus as unknown:
        yield words(f"What the law forbids is not known: {unknown}", strong=True)
        return
    yield words("Forbidden tasks, and what stops each:", strong=True)
    stopped: dict[tuple[str, str], list[str]] = {}
    for each in found:
        if each.finding not in MAY:
            by = (_layer(each.layer, each.finding), said(each.words))
            stopped.setdefault(by, []).append(f"{each.task} {TASKS[each.task].name}")
    yield table(
        ["Forbidden tasks", "Stopped by", "In its words"], [["; ".join(tasks), *by] for by, tasks in stopped.items()],
        widths=[34, 14, 34], none="None of the task categories.",
    )  # fmt: skip


def _layer(layer: str, finding: str) -> str:
    return f"{layer}: counsel first" if finding == "needs_counsel" else layer
