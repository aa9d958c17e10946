"""FEMA mission assignments: what a row of their file must be, and when two rows are one assignment. Plain Python.

A mission assignment is FEMA's order to another federal agency, for a state in which a disaster is declared. The columns
are those of a file that was made of OpenFEMA's mission assignments. It does not state the day of the request, the task
category, or how many people and vehicles, but for what the text says: see `figures`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Literal, cast, get_args

from muster.assistance.figures import people_of, read_figures
from muster.assistance.rules import GUARDS, Line, Priority, Request
from muster.core.csvfiles import Row
from muster.core.errors import Fault
from muster.core.quantity import Quantity
from muster.core.reading import LONGEST_WORDS, as_day

DeclarationType = Literal["DR", "EM", "FM", "FS"]
MaType = Literal[
    "FOS", "DFA", "TA"
]  # federal operations support, direct federal assistance, technical assistance

COLUMNS = (
    "ma_id", "incident_id", "declaration_type", "state", "fema_region", "incident_type", "incident_begin", "ma_type",
    "priority", "esf", "agency", "assistance_requested",
)  # fmt: skip
MAY_BE_EMPTY = ("priority", "esf")
DECLARED: Mapping[DeclarationType, str] = {
    "DR": "Major disaster", "EM": "Emergency", "FM": "Fire management", "FS": "Fire suppression",
}  # fmt: skip
FEMA = "Federal Emergency Management Agency"
NOT_RECORDED = Quantity("unknown", None, None)
PRIORITIES: Mapping[str, Priority] = {
    "Lifesaving": "lifesaving", "Life Sustaining": "life_sustaining", "High": "high", "Normal": "normal",
}  # fmt: skip
# Beside the jurisdictions that have a National Guard, FEMA serves five that have none.
PLACES = GUARDS | {"AS", "MP", "FM", "MH", "PW"}


@dataclass(frozen=True)
class _Shape:
    """What the text of a column must be, the code of the fault where it is not, and the words for it."""

    pattern: re.Pattern[str]
    code: str
    what: str


def _shape(pattern: str, code: str, what: str) -> _Shape:
    return _Shape(re.compile(pattern, re.ASCII), code, what)


def _choice(*choices: str) -> _Shape:
    return _shape("|".join(choices), "unknown_choice", f"one of: {', '.join(choices)}")


SHAPES: Mapping[str, _Shape] = {
    "ma_id": _shape("[A-Z0-9][A-Z0-9 -]{3,28}[A-Z0-9]", "bad_id", "the id of a mission assignment, such as 4086DRNJGSA02"),
    "incident_id": _shape(r"\d{10}", "bad_id", "the ten digits of an incident"),
    "declaration_type": _choice(*get_args(DeclarationType)),
    "state": _shape("|".join(sorted(PLACES)), "unknown_state", "the postal code of a state or territory, such as MO"),
    "fema_region": _shape("[1-9]|10", "bad_number", "a FEMA region, 1 to 10"),
    "incident_type": _shape(".{1,60}", "too_long", "a kind of incident on one line of at most 60 characters"),
    "ma_type": _choice(*get_args(MaType)),
    "priority": _choice(*PRIORITIES),
    # Published as a decimal number: 8.0 is emergency support function 8.
    "esf": _shape(r"(\d|1[0-5])(\.0)?", "bad_number", "an emergency support function, 0 to 15"),
    "agency": _shape("[A-Z][A-Z0-9-]{1,19}", "bad_id", "the short name of an agency, such as DHS-USCG"),
    "assistance_requested": _shape(rf"(?s:.){{1,{LONGEST_WORDS}}}", "too_long", f"a text of at most {LONGEST_WORDS:,} characters"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AssignmentRow:
    """One mission assignment, by the names of the file's columns.

    `incident_begin` is the incident's first day, with every other day that further rows of the same assignment give:
    which of them is right the file does not say.
    """

    ma_id: str
    incident_id: str
    declaration_type: DeclarationType
    state: str
    fema_region: int
    incident_type: str
    incident_begin: tuple[date, ...]  # at least one, each once, the earliest in front
    ma_type: MaType
    priority: Priority | None  # None: not stated
    esf: int | None  # as numbered in the file, 0 too; None: not stated
    agency: str
    assistance_requested: str

    def __post_init__(self) -> None:
        for name, shape in SHAPES.items():
            value = getattr(self, name)
            if name != "priority" and value is not None and not shape.pattern.fullmatch(str(value)):
                raise ValueError(f"{name} is not {shape.what}")
        if not self.incident_begin or self.incident_begin != _in_order(self.incident_begin):
            raise ValueError("incident_begin has no day, or its days are not in order")

    @property
    def id(self) -> str:
        """Its id as a request. One `ma_id` may stand under two incidents, so it has both."""
        return f"MA-{self.ma_id}-{self.incident_id}"

    @property
    def office(self) -> str:
        """The code of the office that was asked."""
        return f"FEMA-MA-{self.agency}"

    @property
    def organisation(self) -> str:
        """The code of the agency that was asked."""
        return f"FED-{self.agency}"


def read_assignment(row: Row) -> AssignmentRow | list[Fault]:
    """The mission assignment of a row, or everything wrong with it."""
    values = {name: text.strip() for name, text in row.values.items()}
    faults = [fault for name in COLUMNS if (fault := _fault(row.number, name, values[name]))]
    begin = as_day(values["incident_begin"])
    if faults or begin is None:
        return faults
    return AssignmentRow(
        ma_id=values["ma_id"], incident_id=values["incident_id"],
        declaration_type=cast(DeclarationType, values["declaration_type"]), state=values["state"],
        fema_region=int(values["fema_region"]), incident_type=values["incident_type"], incident_begin=(begin,),
        ma_type=cast(MaType, values["ma_type"]), priority=PRIORITIES.get(values["priority"]),
        esf=int(float(values["esf"])) if values["esf"] else None, agency=values["agency"],
        assistance_requested=values["assistance_requested"],
    )  # fmt: skip


def _fault(row: int, column: str, text: str) -> Fault | None:
    if not text and column in MAY_BE_EMPTY:
        return None
    if not text:
        return Fault(row, column, "assistance.missing", f"{column} is empty. Fill it in.")
    if column == "incident_begin":
        message = f"{text[:40]!r} is not a day. Write it as 2017-08-23."
        return None if as_day(text) else Fault(row, column, "assistance.bad_day", message)
    shape = SHAPES[column]
    if shape.pattern.fullmatch(text):
        return None
    return Fault(row, column, f"assistance.{shape.code}", f"{column}: {text[:40]!r} is not {shape.what}.")


def differing(one: AssignmentRow, other: AssignmentRow) -> list[str]:
    """The columns in which two rows of one assignment differ, the incident's first day aside."""
    names = [name.name for name in fields(AssignmentRow) if name.name != "incident_begin"]
    return [name for name in names if getattr(one, name) != getattr(other, name)]


def with_days_of(there: AssignmentRow, again: AssignmentRow) -> AssignmentRow:
    """The assignment with the first days that both rows give."""
    return replace(there, incident_begin=_in_order(there.incident_begin + again.incident_begin))


def _in_order(days: tuple[date, ...]) -> tuple[date, ...]:
    return tuple(sorted(set(days)))


def as_request(row: AssignmentRow) -> Request:
    """What FEMA asks of the agency, in the file's words. No category and no status is made of them; of numbers, that of
    the people, where the words of a Title 32 mission give one and no other.
    """
    line = Line(
        n=1, task="", words=row.assistance_requested, people=people_of(read_figures(row.assistance_requested)),
        vehicles=NOT_RECORDED, place=row.state,
        window_from=None, window_to=None, contact=None,
    )  # fmt: skip
    return Request(
        id=row.id, title=f"FEMA mission assignment {row.ma_id} to {row.agency}", kind="real", requester=FEMA, agency=None,
        agency_kind="federal_other", asked=row.office, state=row.state, priority=row.priority, reimbursement=None,
        purpose=f"{DECLARED[row.declaration_type]} {row.incident_id}, {row.incident_type}, {row.state}", verbal=False,
        duty_status_asked=None, federal_order=None, as_of=None, lines=(line,), exclusions=(),
    )  # fmt: skip


def why_approximate(row: AssignmentRow) -> str:
    """Why the moment of the request is known only about."""
    further = "".join(f", or on {day}" for day in row.incident_begin[1:])
    told = ": the file gives each of these days" if further else ""
    return f"The day is not in the file; the incident began then{further}{told}."
