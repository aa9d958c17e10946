"""Recording a request and the steps it takes, until it is decided and closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope
from muster.assistance import queries, rules
from muster.assistance.models import Exclusion, Line, Request, Step
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened
from muster.parties.models import Office, Organisation
from muster.record.action import action
from muster.record.models import Act

Code = Annotated[str, Field(max_length=60)]
Reason = Annotated[str, Field(max_length=4000)]
P = TypeVar("P", Office, Organisation)


class InTheRecord(MusterError):
    """There is a request of that id."""

    code = "assistance.in_the_record"
    status = 409

    def __init__(self, *, request: str) -> None:
        self.request = request
        super().__init__(f"The request {request} is in the record already. Look at it, or choose another id.")


class ReasonNeeded(MusterError):
    """A step that ends or turns back a request says why."""

    code = "assistance.reason_needed"

    def __init__(self, *, step: str) -> None:
        super().__init__(f"Say why the request is {step.replace('_', ' ')}: the requester has to read it.")


@dataclass(frozen=True)
class Stands:
    """The request, and where it stands now."""

    request: str
    state: str


def _asked(request: dict[str, Any]) -> tuple[Scope, Office]:
    """The office that is asked, for the agency that asks. Raises NotFound for either that is not in the record."""
    office = _named(Office, "office", request.get("asked"))
    agency = _named(Organisation, "organisation", code) if (code := request.get("agency")) else None
    asker = agency.pk if agency else None
    return Scope("request", str(request.get("id"))[:60], office.organisation_id, asker=asker), office


def _named(kind: type[P], words: str, code: object) -> P:
    known = isinstance(code, str) and "\0" not in code
    found = kind._default_manager.filter(pk=code).first() if known else None
    if found is None:
        raise NotFound(kind=words, name=str(code)[:60])
    return found


@action("assistance.draft", about=_asked)
def draft(*, act: Act, row: Office, actor: Actor, request: dict[str, Any], at: AwareDatetime) -> Stands:
    """Record what is asked, in the fields of a request file; it is a draft until it is submitted.

    Raises NotFound for an office that is not in the record, FaultyInput with every fault, InTheRecord.
    """
    read = rules.read_request(request)
    if Request.objects.filter(pk=read.id).exists():
        raise InTheRecord(request=read.id)
    return Stands(keep(read, row, act=act, at=at).pk, "draft")


@action("assistance.record_reported", about=_asked)
def record_reported(
    *, act: Act, row: Office, actor: Actor, request: dict[str, Any], state: Literal["submitted", "in_review"],
    at: AwareDatetime, reported_by: Annotated[str, Field(min_length=2, max_length=200)],
) -> Stands:  # fmt: skip
    """Record a request that a source reports, in the state that it reports. The moment is marked approximate.

    The steps before it are not recorded, so none is made up. Raises NotFound, FaultyInput, InTheRecord.
    """
    read = rules.read_request(request)
    if Request.objects.filter(pk=read.id).exists():
        raise InTheRecord(request=read.id)
    reason = f"Reported by {reported_by}."
    made = keep(read, row, act=act, at=at, state=state, approximate=True, reason=reason)
    return Stands(made.pk, state)


def keep(
    read: rules.Request, office: Office, *, act: Act, at: datetime, state: str = "draft", approximate: bool = False,
    reason: str = "",
) -> Request:  # fmt: skip
    """Write a request that has been read, in the state in which it enters the record. Raises NotHappenedYet."""
    check_happened(at, now=act.recorded_at)
    made = Request.objects.create(
        id=read.id, act=act, title=read.title, kind=read.kind, requester=read.requester,
        agency_id=read.agency, agency_kind=read.agency_kind,
        asked=office, of_state=read.state, purpose=read.purpose, priority=read.priority or "",
        reimbursement=read.reimbursement or "", verbal=read.verbal, duty_status_asked=read.duty_status_asked or "",
        federal_order=read.federal_order or "", as_of=read.as_of,
        facts=rules.facts_to_json(read.facts),
        state=state,
    )  # fmt: skip
    Line.objects.bulk_create(
        Line(act=act, request=made, n=line.n, task=line.task, words=line.words, people=line.people.to_json(),
             vehicles=line.vehicles.to_json(), place=line.place or "", window_from=line.window_from,
             window_to=line.window_to, contact=line.contact or "")
        for line in read.lines
    )  # fmt: skip
    Exclusion.objects.bulk_create(
        Exclusion(act=act, request=made, task=e.task, words=e.words) for e in read.exclusions
    )
    Step.objects.create(
        act=act, request=made, n=1, state=state, happened_at=at, approximate=approximate, reason=reason
    )
    return made


def take_step(
    request: Request, to: str, *, act: Act, at: datetime, reason: str = "", approximate: bool = False
) -> Stands:
    """Lead a request, which the caller has locked, to another state. Raises NotAllowedFrom, NotHappenedYet."""
    rules.check_step(request.state, to)
    check_happened(at, now=act.recorded_at)
    n = request.steps.count() + 1
    Step.objects.create(
        act=act, request=request, n=n, state=to, happened_at=at, reason=reason, approximate=approximate
    )
    request.state = to
    request.save(update_fields=["state"])
    return Stands(request.pk, to)


@action("assistance.submit", about=queries.locked)
def submit(*, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime) -> Stands:
    """Submit a draft, or one that was returned for information. Raises NotAllowedFrom."""
    return take_step(row, "submitted", act=act, at=at)


@action("assistance.return_for_information", about=queries.locked)
def return_for_information(
    *, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime, reason: Reason
) -> Stands:
    """Ask the requester for what is missing. Raises NotAllowedFrom, ReasonNeeded."""
    return _with_reason(row, "returned_for_information", act, at, reason)


@action("assistance.validate", about=queries.locked)
def validate(*, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime) -> Stands:
    """Find the request complete. Raises NotAllowedFrom."""
    return take_step(row, "validated", act=act, at=at)


@action("assistance.review", about=queries.locked)
def review(
    *, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime, approximate: bool = False
) -> Stands:
    """Put it before the office that decides. `approximate`: the moment is known only about. Raises NotAllowedFrom."""
    return take_step(row, "in_review", act=act, at=at, approximate=approximate)


@action("assistance.withdraw", about=queries.locked)
def withdraw(
    *, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime, reason: Reason
) -> Stands:
    """The requester takes it back. Raises NotAllowedFrom, ReasonNeeded."""
    return _with_reason(row, "withdrawn", act, at, reason)


@action("assistance.expire", about=queries.locked)
def expire(
    *, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime, reason: Reason
) -> Stands:
    """Its time has passed without a decision. Raises NotAllowedFrom, ReasonNeeded."""
    return _with_reason(row, "expired", act, at, reason)


@action("assistance.mark_duplicate", about=queries.locked)
def mark_duplicate(
    *, act: Act, row: Request, actor: Actor, request: Code, of: Code, at: AwareDatetime
) -> Stands:
    """It asks for what another request asks for already. Raises NotFound for that other, NotAllowedFrom."""
    if (
        of == row.pk
        or not Request.objects.filter(pk=of, asked__organisation=row.asked.organisation_id).exists()
    ):
        raise NotFound(kind="other request", name=of)
    return take_step(row, "duplicate_of", act=act, at=at, reason=of)


@action("assistance.close", about=queries.locked)
def close(*, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime) -> Stands:
    """Nothing more is done under a decided request. Raises NotAllowedFrom."""
    return take_step(row, "closed", act=act, at=at)


def _with_reason(row: Request, to: str, act: Act, at: datetime, reason: str) -> Stands:
    rules.check_step(row.state, to)
    if len(reason.strip()) < 3:
        raise ReasonNeeded(step=to)
    return take_step(row, to, act=act, at=at, reason=reason.strip())
