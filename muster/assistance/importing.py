"""Requests, and FEMA mission assignments, from a file: checked as a whole, every fault told, then kept in one act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.utils import timezone
from pydantic import AwareDatetime

from muster.access.control import Actor, can
from muster.assistance import assignments, queries
from muster.assistance.actions import columns_of, keep, lines_of
from muster.assistance.assignments import AssignmentRow, DeclarationType, MaType
from muster.assistance.figures import continued, disagreements, read_figures
from muster.assistance.models import Assignment, Difference, Line, Link, Passage, Request, Step, Version
from muster.assistance.requestfiles import Asked, read_requests
from muster.assistance.rules import Priority, missing, read_request, to_file
from muster.core.csvfiles import Row
from muster.core.errors import Fault, FaultyFile, FaultyInput, MusterError
from muster.core.files import LARGEST_BYTES, Unreadable
from muster.core.importing import read_rows
from muster.parties.models import Office, Organisation
from muster.record.action import action, the_record
from muster.record.models import Act
from muster.sources.actions import Imported


class AssignedOtherwise(MusterError):
    """A mission assignment is in the record with other words: what was asked is never changed."""

    code = "assistance.assigned_otherwise"
    status = 409

    def __init__(self, *, requests: Sequence[str]) -> None:
        self.requests = list(requests)
        super().__init__(
            f"{', '.join(requests)}: in the record with other contents. What was asked stays as it is recorded; take "
            "these rows out of the file, and record what has changed as a request of its own."
        )


def import_requests(
    source: Path | BinaryIO, *, actor: Actor, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:
    """Keep a file of requests as drafts; what `muster import requests --json` prints.

    One that is in the record in the same words is left alone, and a notice; so are a draft that lacks fields, and one that
    looks like another. Raises TooLarge, NotUtf8, Unreadable, MalformedRequest, FaultyFile.
    """
    content = _content(source)
    found = read_requests(content, name=name)
    can(actor, keep_requests.name, the_record()[0])
    known = _known([each.read.id for each in found.good])
    new = []
    for each in found.good:
        if faults := _strange(each, known):
            found.faults += faults
        elif each.read.id not in known:
            new.append(each.read)
    if found.faults and not keep_good:
        raise FaultyFile(sorted(found.faults, key=lambda fault: fault.row or 0))
    notices = {
        "already_there": sum(each.read.id in known for each in found.good),
        "incomplete": sum(bool(missing(read)) for read in new),
        "looks_alike": sum(bool(queries.alike(actor, read)) for read in new),
    }
    if new and not dry_run:
        keep_requests(actor=actor, requests=[to_file(read) for read in new], at=timezone.now())
    return {
        "file": name, "rows": found.count, "kept": 0 if dry_run else len(new),
        "refused": [fault.to_json() for fault in found.faults],
        "notices": {kind: count for kind, count in notices.items() if count},
    }  # fmt: skip


def _content(source: Path | BinaryIO) -> bytes:
    """The bytes of a file or a pipe, one more than may be read at most. Raises Unreadable."""
    if not isinstance(source, Path):
        return source.read(LARGEST_BYTES + 1)
    try:
        with source.open("rb") as opened:
            return opened.read(LARGEST_BYTES + 1)
    except OSError as fault:
        raise Unreadable(path=str(source), reason=(fault.strerror or "unknown").lower()) from None


def _known(ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the requests of these ids said when they came."""
    there = Version.objects.filter(request__in=ids, n=1)
    return dict(there.values_list("request_id", "content"))


def _strange(asked: Asked, known: Mapping[str, dict[str, Any]]) -> list[Fault]:
    """What of a request does not fit the record: its office, its agency, or its id."""
    faults, read = [], asked.read
    for column, table, code in (("asked", Office, read.asked), ("agency", Organisation, read.agency)):
        if code and not table._default_manager.filter(pk=code).exists():
            message = f"{code} is not in the record as {column}. Check the code."
            faults.append(Fault(asked.row, column, "assistance.unknown_code", message))
    if known.get(read.id, to_file(read)) != to_file(read):
        message = (
            f"The request {read.id} is in the record in other words. Amend it there, or choose another id."
        )
        faults.append(Fault(asked.row, "id", "assistance.in_the_record", message))
    return faults


@action("assistance.import_requests", about=the_record)
def keep_requests(
    *, act: Act, row: None, actor: Actor, requests: list[dict[str, Any]], at: AwareDatetime
) -> Imported:
    """Keep requests as drafts, in the fields of a request file; all of them, or none.

    Raises FaultyInput with every fault of all of them, NotHappenedYet.
    """
    read, faults = [], list[Fault]()
    for n, data in enumerate(requests, start=1):
        try:
            asked = Asked(n, read_request(data, draft=True))
        except FaultyInput as told:
            faults += [Fault(n, fault.column, fault.code, fault.message) for fault in told.faults]
            continue
        faults += _strange(asked, {asked.read.id: {}} if _known([asked.read.id]) else {})
        read.append(asked.read)
    if repeated := sorted(key for key, count in Counter(each.id for each in read).items() if count > 1):
        message = f"{', '.join(repeated)}: given more than once. Give each request once."
        faults.append(Fault(None, "requests", "assistance.given_twice", message))
    if faults:
        raise FaultyInput(faults, what="The requests")
    offices = {
        office.code: office for office in Office.objects.filter(code__in={each.asked for each in read})
    }
    for each in read:
        keep(each, offices[each.asked], act=act, at=at)
    return Imported(len(read), 0)


def import_assignments(
    source: Path | BinaryIO, *, actor: Actor, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:
    """Keep a file of mission assignments; what `muster import assignments --json` prints.

    A row that stands twice is one request, and a notice. Raises FaultyFile, AssignedOtherwise.
    """
    notices = Counter[str]()

    def twice(row: Row, there: AssignmentRow, again: AssignmentRow) -> AssignmentRow | Fault:
        if differing := assignments.differing(there, again):
            message = (
                f"{again.ma_id} under the incident {again.incident_id} stands further up with another "
                f"{' and '.join(differing)}. Keep the row that is right."
            )
            return Fault(row.number, differing[0], "assistance.row_otherwise", message)
        both = assignments.with_days_of(there, again)
        notices["row_twice" if both == there else "another_first_day"] += 1
        return both

    rows = read_rows(
        source,
        columns=assignments.COLUMNS,
        read=assignments.read_assignment,
        id_of=lambda row: row.id,
        twice=twice,
    )
    rows.check(keep_good=keep_good)
    assigned = list(rows.good.values())
    if dry_run:
        can(actor, keep_assignments.name, the_record()[0])
        notices["already_there"] = len(assigned) - len(_new(assigned))
    elif assigned:
        notices["already_there"] = keep_assignments(actor=actor, assigned=assigned).answer.known
    return rows.answer(name, dry_run=dry_run, notices=notices)


@action("assistance.import_assignments", about=the_record)
def keep_assignments(*, act: Act, row: None, actor: Actor, assigned: list[AssignmentRow]) -> Imported:
    """Keep mission assignments as submitted requests, and make the offices of the agencies that are new.

    One that is there already is left alone. Raises FaultyInput where one is given twice, AssignedOtherwise.
    """
    if repeated := sorted(key for key, count in Counter(one.id for one in assigned).items() if count > 1):
        message = f"{', '.join(repeated)}: given more than once. Give each mission assignment once."
        raise FaultyInput([Fault(None, "assigned", "assistance.given_twice", message)])
    new = _new(assigned)
    _make_offices(new)
    began = {one.id: datetime.combine(one.incident_begin[0], time.min, UTC) for one in new}
    asked = {one.id: assignments.as_request(one) for one in new}
    rows = {
        key: Request(id=key, act=act, kind=read.kind, asked_id=read.asked, of_state=read.state, state="submitted",
                     **columns_of(read))
        for key, read in asked.items()
    }  # fmt: skip
    Request.objects.bulk_create(rows.values())
    Version.objects.bulk_create(
        Version(act=act, request=rows[key], n=1, happened_at=began[key], content=to_file(read))
        for key, read in asked.items()
    )
    Line.objects.bulk_create(
        line for key, read in asked.items() for line in lines_of(read, rows[key], act=act)
    )
    Step.objects.bulk_create(
        Step(act=act, request=rows[one.id], n=1, state="submitted", approximate=True, happened_at=began[one.id],
             reason=assignments.why_approximate(one))
        for one in new
    )  # fmt: skip
    Assignment.objects.bulk_create(_assignment(one, act) for one in new)
    _link_continued(new, rows, act)
    read = {one.id: read_figures(one.assistance_requested) for one in new}
    Passage.objects.bulk_create(
        Passage(act=act, request=rows[key], version=1, field=figure.kind, value=figure.to_json(), **asdict(figure.passage))
        for key, figures in read.items() for figure in figures
    )  # fmt: skip
    Difference.objects.bulk_create(
        Difference(act=act, request=rows[key], kind=each.kind, words=each.words)
        for key, figures in read.items() for each in disagreements(figures)
    )  # fmt: skip
    return Imported(len(new), len(assigned) - len(new))


def _link_continued(new: Sequence[AssignmentRow], rows: Mapping[str, Request], act: Act) -> None:
    """Link each assignment to those that its words say it continues, where the record has them under the same incident."""
    said = {(one.id, replace(one, ma_id=ma_id).id): passage.exact
            for one in new for ma_id, passage in continued(one.assistance_requested)}  # fmt: skip
    there = set(Request.objects.filter(pk__in={other for _, other in said}).values_list("pk", flat=True))
    Link.objects.bulk_create(
        Link(act=act, request=rows[one], relation=Link.Relation.CONTINUES, other_id=other, words=words)
        for (one, other), words in said.items() if other in there and other != one
    )  # fmt: skip


def _new(assigned: Sequence[AssignmentRow]) -> list[AssignmentRow]:
    """Those that the record does not have. Raises AssignedOtherwise."""
    given = {one.id: one for one in assigned}
    there = set(Request.objects.filter(id__in=given).values_list("id", flat=True))
    kept = _kept(there)
    if changed := sorted(key for key in there if key not in kept or not _says(kept[key], given[key])):
        raise AssignedOtherwise(requests=changed)
    return [one for one in assigned if one.id not in there]


def _says(kept: AssignmentRow, given: AssignmentRow) -> bool:
    return not assignments.differing(kept, given) and set(given.incident_begin) <= set(kept.incident_begin)


def _make_offices(assigned: Iterable[AssignmentRow]) -> None:
    agencies = {one.office: one for one in assigned}.values()
    Organisation.objects.bulk_create(
        [Organisation(code=one.organisation, name=one.agency, kind="agency") for one in agencies],
        ignore_conflicts=True,
    )
    Office.objects.bulk_create(
        [Office(code=one.office, title=f"{one.agency}, as assigned by FEMA", organisation_id=one.organisation)
         for one in agencies],
        ignore_conflicts=True,
    )  # fmt: skip


def _assignment(one: AssignmentRow, act: Act) -> Assignment:
    first, *also = one.incident_begin
    return Assignment(
        act=act, request_id=one.id, ma_id=one.ma_id, incident=one.incident_id, declaration_type=one.declaration_type,
        region=one.fema_region, incident_type=one.incident_type, incident_begin=first,
        also_begins=[day.isoformat() for day in also], ma_type=one.ma_type, esf=one.esf, agency=one.agency,
    )  # fmt: skip


def _kept(ids: Iterable[str]) -> dict[str, AssignmentRow]:
    """The mission assignments in the record, as a file would state them."""
    said = dict(Version.objects.filter(request__in=ids, n=1).values_list("request_id", "content"))
    found = Assignment.objects.filter(request__in=ids).select_related("request")
    return {one.request_id: _row(one, said[one.request_id]) for one in found}


def _row(one: Assignment, said: dict[str, Any]) -> AssignmentRow:
    return AssignmentRow(
        ma_id=one.ma_id, incident_id=one.incident, declaration_type=cast(DeclarationType, one.declaration_type),
        state=one.request.of_state, fema_region=one.region, incident_type=one.incident_type,
        incident_begin=(one.incident_begin, *map(date.fromisoformat, one.also_begins)), ma_type=cast(MaType, one.ma_type),
        priority=cast(Priority | None, said.get("priority")), esf=one.esf, agency=one.agency,
        assistance_requested=said["lines"][0]["words"],
    )  # fmt: skip
