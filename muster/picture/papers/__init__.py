"""What is printed of the record: each paper by its name, of which record it is, and who may have it: whoever may read that record.

The sheets are made of what the steps' queries give; `documents` sets them. Reads everything, writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from muster.core.errors import NotFound
from muster.documents.sheets import Sheet
from muster.picture.papers import (
    assignment,
    brief,
    checklist,
    costs,
    counts,
    crew,
    detain,
    handover,
    kit,
    labels,
    log,
    manifest,
    orders,
    property,
    record,
    registration,
    requests,
    slip,
    worksheet,
)  # fmt: skip
from muster.picture.papers.asked import Asked, NoPeriod, Reach, asked_for

__all__ = ["PAPERS", "Paper", "Reach", "csv_of", "paper_of", "sheet_of"]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One kind of paper: `find` gives the record that it is of, for those who may read it, and `make` its sheet."""

    name: str
    title: str
    of: str  # the kind of record, in words
    find: Callable[[Reach, str], Any]
    make: Callable[[Any, Asked], Sheet]
    has_period: bool = False  # whether it is of a time from one moment to another
    table: Callable[[Any, Asked], str] | None = None  # the same lines as CSV; None: it is on paper only


PAPERS: Mapping[str, Paper] = {
    paper.name: paper
    for paper in (
        Paper(
            name="ics204", title="Assignment list (ICS 204)", of="a mission or one of its tasks", find=assignment.find,
            make=assignment.sheet, has_period=True,
        ),
        Paper(
            name="ics211", title="Check-in list (ICS 211)", of="a mission", find=Reach.mission, make=crew.check_in, has_period=True,
            table=crew.check_in_table,
        ),
        Paper(
            name="ics221", title="Demobilization check-out (ICS 221)", of="a mission", find=Reach.mission, make=crew.check_out,
            has_period=True, table=crew.check_out_table,
        ),
        Paper(name="brief", title="Mission brief", of="a mission", find=Reach.mission, make=brief.sheet),
        Paper(name="reimbursement", title="Package for reimbursement", of="a mission", find=Reach.mission, make=costs.sheet),
        Paper(name="worksheet", title="Review worksheet", of="a request", find=Reach.reviewed, make=worksheet.sheet),
        Paper(name="rrf", title="Resource Request Form (RRF)", of="a request", find=Reach.request, make=requests.rrf),
        Paper(name="ics213rr", title="Resource request (ICS 213RR)", of="a request", find=Reach.request, make=requests.ics213rr),
        Paper(name="req-a", title="EMAC request (REQ-A)", of="a request", find=Reach.request, make=requests.req_a),
        Paper(name="slip", title="Slip on leaving", of="a person", find=Reach.person, make=slip.sheet),
        Paper(name="property", title="Property receipt (G-589, I-77)", of="a receipt of property", find=Reach.receipt, make=property.sheet),
        Paper(name="handover", title="Handover receipt (DD 2708)", of="a handover", find=Reach.handover, make=handover.sheet),
        Paper(
            name="i216", title="Record of persons and property transferred (I-216)", of="a trip or a handover", find=manifest.find,
            make=manifest.sheet,
        ),
        Paper(
            name="i203", title="Order to detain or release, as received (I-203)", of="an act of receiving or releasing, by its number",
            find=Reach.batch, make=detain.sheet,
        ),
        Paper(name="count", title="Count sheet", of="a headcount", find=Reach.count, make=counts.sheet),
        Paper(name="record", title="A person's own record", of="a giving of it", find=Reach.given, make=record.sheet),
        Paper(name="checklist", title="A person's checklists", of="a person", find=Reach.person, make=checklist.sheet),
        Paper(name="kit", title="Blank sheets to go on with", of="a site", find=Reach.site, make=kit.sheet),
        Paper(name="hourly", title="Headcount by the hour", of="a site", find=Reach.site, make=kit.hourly),
        Paper(
            name="log", title="Log (ICS 214, DA 1594)", of="a site or a task", find=log.find, make=log.sheet, has_period=True,
        ),
        Paper(
            name="registration", title="Shelter registration", of="a resident of a shelter", find=Reach.resident, make=registration.sheet,
        ),
        Paper(name="labels", title="Labels", of="a site, with a number of fresh tags or with tags", find=labels.find, make=labels.sheet),
        Paper(name="order", title="Decision's order", of="a decision", find=Reach.decision, make=orders.sheet),
    )
}  # fmt: skip


def paper_of(name: str) -> Paper:
    """The kind of paper of that name. Raises NotFound."""
    if name not in PAPERS:
        raise NotFound(kind="paper", name=name)
    return PAPERS[name]


def sheet_of(paper: Paper, id: str, reach: Reach, **asked: str | None) -> Sheet:
    """The paper of one record, as of a moment or a day in words, as known at an act; None is now, and all that is known.

    `asked` is any of `at`, `known_at`, `begins` and `ends`; the latter two bound a paper that is of a time. The same moment and act
    give the same sheet.

    Raises NotFound, where the record is not there or not the reader's, NoPeriod, what `asked_for` and the paper's queries raise.
    """
    return paper.make(*_row(paper, id, reach, **asked))


def csv_of(paper: Paper, id: str, reach: Reach, **asked: str | None) -> str:
    """The lines of the paper as CSV. Raises the same, and NotFound for a paper that is on paper only."""
    if paper.table is None:
        raise NotFound(kind="table", name=paper.name)
    return paper.table(*_row(paper, id, reach, **asked))


def _row(
    paper: Paper, id: str, reach: Reach, *, at: str | None = None, known_at: str | None = None, begins: str | None = None,
    ends: str | None = None,
) -> tuple[Any, Asked]:  # fmt: skip
    if (begins or ends) and not paper.has_period:
        raise NoPeriod(paper=paper.title)
    row = paper.find(reach, id)
    return row, asked_for(row, reach=reach, at=at, known_at=known_at, begins=begins, ends=ends)
