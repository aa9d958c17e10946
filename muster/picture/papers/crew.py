"""The check-in list of a mission after ICS 211, and its check-outs after ICS 221, on paper and as tables.

Each line is one member, a single resource by its tag: no paper names a person. Source: the fields of ICS 211, Incident Check-In List,
and of ICS 221, Demobilization Check-Out (NIMS ICS Forms Booklet, FEMA 502-2, September 2010); the layouts are our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from muster.core.csvfiles import table_of
from muster.documents.forms import ICS_211, ICS_221, Form
from muster.documents.sheets import Block, Said, Sheet, blanks, fields, heading, items, said, table
from muster.missions.models import Mission
from muster.picture.papers.asked import Asked
from muster.tasks.assignments import OnTheRoll, Step, muster_roll

CHECK_IN = (
    "state", "agency", "category", "kind", "type", "identifier", "single_or_strike_team_or_task_force", "order_request_no", "time_in",
    "leader", "people", "incident_contact", "home_unit", "departed_from", "departed_at", "method_of_travel", "assignment",
    "other_qualifications", "sent_to_resources_unit", "place", "status",
)  # fmt: skip
CHECK_OUT = (
    "identifier", "home_unit", "order_request_no", "time_in", "planned_release", "released_at", "why_released", "checked_out_at",
    "destination", "method_of_travel", "arrives_at", "arrival_notice", "status",
)  # fmt: skip
Cell = Said | datetime
Row = Mapping[str, Cell]


def check_in(row: Mission, asked: Asked) -> Sheet:
    """Who has checked in to the mission, in the period where one is asked for."""
    lines = list(check_ins(row, asked))
    return _sheet(row, asked, ICS_211, "Check-in list", _check_in(row, lines, asked))


def check_out(row: Mission, asked: Asked) -> Sheet:
    """Who was released from the mission or has left it, in the period where one is asked for, and who is still there."""
    roll = muster_roll([row], asked.at, asked.known_at)
    return _sheet(row, asked, ICS_221, "Demobilization check-out", _check_out(row, roll, asked))


def _sheet(row: Mission, asked: Asked, form: Form, title: str, blocks: Iterator[Block]) -> Sheet:
    return Sheet(
        title=f"{title}: {row.title}", about="", form=form, as_of=asked.at, exercise=row.drill, landscape=True,
        standing=asked.standing(f"{form.id} of {row.pk}"), blocks=tuple(blocks),
    )  # fmt: skip


def _cover(row: Mission, asked: Asked, lines: int) -> Block:
    incident = row.decision.request.details.get("incident")
    begins, ends = (asked.said(at) if at else None for at in (asked.begins_at, asked.ends_at))
    period = f"from {begins or 'the beginning'} to {ends or 'the moment below'}"
    return fields(
        ("Incident name", incident or row.title), ("Incident number", row.pk), ("Period", period), ("Agency", str(row.organisation)),
        ("State", row.organisation.state), ("Members on this list", lines), columns=3,
    )  # fmt: skip


def _check_in(row: Mission, lines: list[Row], asked: Asked) -> Iterator[Block]:
    yield _cover(row, asked, len(lines))
    yield heading("Members checked in")
    yield table(
        ["Identifier", "Kind", "Order request no.", "Time in", "Place", "Home unit", "Departed from, at", "Method of travel", "Assignment",
         "Other qualifications", "Status"],
        [_of(line, asked, "identifier", "kind", "order_request_no", "time_in", "place", "home_unit", "departed_from+departed_at",
             "method_of_travel", "assignment", "other_qualifications", "status") for line in lines],
        widths=[9, 9, 9, 9, 10, 10, 12, 9, 11, 11, 10], none="Nobody has checked in.",
    )  # fmt: skip
    yield fields(
        ("Each line", "one member, a single resource of one person, category personnel"), ("Type", None),
        ("Leader's name, incident contact, sent to Resources Unit", None), columns=3,
    )  # fmt: skip
    yield heading("Prepared by")
    yield blanks("Name", "Position", "Signature", "Date and time", columns=4)


def _check_out(row: Mission, roll: Sequence[OnTheRoll], asked: Asked) -> Iterator[Block]:
    lines = list(check_outs(roll, asked))
    yield _cover(row, asked, len(lines))
    yield heading("Members released or checked out")
    yield table(
        ["Identifier", "Home unit", "Time in", "Planned release", "Released, why", "Checked out", "Destination", "Method of travel",
         "Arrives", "Arrival notice", "Status"],
        [_of(line, asked, "identifier", "home_unit", "time_in", "planned_release", "released_at+why_released", "checked_out_at",
             "destination", "method_of_travel", "arrives_at", "arrival_notice", "status") for line in lines],
        widths=[9, 10, 10, 9, 13, 10, 10, 9, 10, 9, 10], none="Nobody was released or has checked out.",
    )  # fmt: skip
    yield heading("Still there")
    there = [f"{one.tag}, {one.state_words}" for one in roll if one.is_there and one.state != "released"]
    yield items(there, none="Nobody is checked in any more.", columns=3)
    yield heading("Sign-off by the units")
    yield blanks("Logistics", "Finance and administration", "Planning", "Other", columns=4)
    yield blanks("Prepared by, position", "Signature", "Date and time", columns=3)


def _of(line: Row, asked: Asked, *names: str) -> list[Said]:
    """The cells of a line; moments as people there read them, and two fields in one cell where they belong together."""
    return [", ".join(_words(line[one], asked) for one in name.split("+") if line[one]) for name in names]


def _words(value: Cell, asked: Asked) -> str:
    return asked.said(value) if isinstance(value, datetime) else str(value)


# --- as tables ----------------------------------------------------------------------


def check_in_table(row: Mission, asked: Asked) -> str:
    """The check-in list as CSV with every column of the form; moments in ISO 8601, and *not recorded* where that is so."""
    return _table(CHECK_IN, check_ins(row, asked))


def check_out_table(row: Mission, asked: Asked) -> str:
    """The same of the check-outs."""
    return _table(CHECK_OUT, check_outs(muster_roll([row], asked.at, asked.known_at), asked))


def _table(columns: Sequence[str], rows: Iterable[Row]) -> str:
    return table_of(columns, ({name: _plain(value) for name, value in row.items()} for row in rows))


def _plain(value: Cell) -> str:
    return value.isoformat() if isinstance(value, datetime) else said(value)


def check_ins(row: Mission, asked: Asked) -> Iterator[Row]:
    """One line for each time that a member checked in, by tag. None: not recorded."""
    for one in muster_roll([row], asked.at, asked.known_at):
        came = _latest(one, "checked_in")
        if came is None or not _is_in(came.happened_at, asked):
            continue
        yield {
            "state": row.organisation.state, "agency": row.organisation.name, "category": "personnel", "kind": one.skill,
            "type": None, "identifier": one.tag, "single_or_strike_team_or_task_force": "single",
            "order_request_no": _order_no(one, came), "time_in": came.happened_at, "leader": None, "people": 1,
            "incident_contact": None, "home_unit": came.details.get("unit"), "departed_from": came.details.get("departed_from"),
            "departed_at": _moment(came.details.get("departed_at")), "method_of_travel": came.details.get("travel"), "assignment": one.task,
            "other_qualifications": came.details.get("qualifications"), "sent_to_resources_unit": None,
            "place": came.details.get("place"), "status": one.state_words,
        }  # fmt: skip


def check_outs(roll: Iterable[OnTheRoll], asked: Asked) -> Iterator[Row]:
    """One line for each member of a muster roll who was released or has checked out, by tag. None: not recorded."""
    for one in roll:
        came, released, left = (_latest(one, state) for state in ("checked_in", "released", "checked_out"))
        latest = left or released
        if latest is None or not _is_in(latest.happened_at, asked):
            continue
        details = left.details if left else {}
        yield {
            "identifier": one.tag, "home_unit": came.details.get("unit") if came else None, "order_request_no": _order_no(one, came),
            "time_in": came.happened_at if came else None,
            "planned_release": one.days.until_on.isoformat() if one.days else None,
            "released_at": released.happened_at if released else None,
            "why_released": released.reason if released else left.reason if left else None,
            "checked_out_at": left.happened_at if left else None, "destination": details.get("destination"),
            "method_of_travel": details.get("travel"), "arrives_at": _moment(details.get("arrives_at")), "arrival_notice": None,
            "status": one.state_words,
        }  # fmt: skip


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def _latest(one: OnTheRoll, state: str) -> Step | None:
    return next((step for step in reversed(one.steps) if step.state == state), None)


def _order_no(one: OnTheRoll, came: Step | None) -> Said:
    ordered = one.order.details.get("order") if one.order else ""
    return (came.details.get("resource_order") if came else "") or ordered


def _is_in(at: datetime, asked: Asked) -> bool:
    return (asked.begins_at is None or asked.begins_at <= at) and (
        asked.ends_at is None or at <= asked.ends_at
    )
