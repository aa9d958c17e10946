"""Recording a request and the steps it takes, until it is decided and closed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope
from muster.assistance import passages, queries, rules
from muster.assistance.comparing import check_narrowed
from muster.assistance.intake import LONGEST_DOCUMENT
from muster.assistance.models import (
    Difference,
    Document,
    Exclusion,
    Line,
    Link,
    Paper,
    Passage,
    Request,
    Settled,
    Step,
    Unlinked,
    Version,
)
from muster.assistance.pdfs import MEDIA_TYPE, is_pdf, page_at, read_pdf
from muster.assistance.rules import ReasonNeeded
from muster.core.errors import Fault, FaultyInput, MusterError, NotFound
from muster.core.times import check_happened
from muster.parties.models import Office, Organisation
from muster.record.action import action
from muster.record.models import Act
from muster.sources.actions import kept_file

Code = Annotated[str, Field(max_length=60)]
Reason = Annotated[str, Field(max_length=4000)]
Why = Annotated[str, Field(max_length=40)]
Mission = Annotated[str, Field(max_length=60, pattern=r"^([A-Z0-9][A-Z0-9-]*)?$")]
P = TypeVar("P", Office, Organisation)
FIXED = ("id", "asked", "state", "agency", "kind")  # who asks whom: another one is another request


class InTheRecord(MusterError):
    """There is a request of that id."""

    code = "assistance.in_the_record"
    status = 409

    def __init__(self, *, request: str) -> None:
        self.request = request
        super().__init__(f"The request {request} is in the record already. Look at it, or choose another id.")


class AttachedAlready(MusterError):
    """The request has a document of those very words."""

    code = "assistance.attached_already"
    status = 409

    def __init__(self, *, request: str) -> None:
        self.request = request
        super().__init__(f"{request} has this document already. Tie its fields to the one that is there.")


class UnknownField(MusterError):
    """A passage is tied to a field that the request does not have."""

    code = "assistance.unknown_field"

    def __init__(self, *, field: str) -> None:
        self.field = field
        super().__init__(
            f"The request has no field {field[:60]!r}. Name one by its path, such as priority or lines[1].people."
        )


class AlreadySettled(MusterError):
    """The difference was settled."""

    code = "assistance.already_settled"
    status = 409

    def __init__(self, *, difference: int) -> None:
        self.difference = difference
        super().__init__(f"The difference {difference} is settled already. Read how, on the request's page.")


class ChangedMeanwhile(MusterError):
    """Somebody amended the request after the version that this amendment starts from."""

    code = "assistance.changed_meanwhile"
    status = 409

    def __init__(self, *, request: str, read: int, latest: int) -> None:
        self.request, self.read, self.latest = request, read, latest
        super().__init__(
            f"{request} was amended meanwhile: you read version {read}, and it stands at version {latest}. Look at what "
            "changed, then send yours again on top of it, or leave it."
        )


class NothingChanged(MusterError):
    """The amendment says what the request says already."""

    code = "assistance.nothing_changed"

    def __init__(self, *, request: str) -> None:
        self.request = request
        super().__init__(f"{request} says all of this already. Change something, or leave it as it is.")


class FixedField(MusterError):
    """An amendment would make another request of it."""

    code = "assistance.fixed_field"

    def __init__(self, *, field: str) -> None:
        self.field = field
        super().__init__(
            f"An amendment keeps {field}: who asks whom for what under which id makes the request. Record another request."
        )


class AlsoDuplicate(MusterError):
    """The other is marked as a duplicate itself."""

    code = "assistance.also_duplicate"
    status = 409

    def __init__(self, *, other: str, of: str) -> None:
        self.other, self.of = other, of
        super().__init__(f"{other} is a duplicate of {of} itself. Name {of}.")


class LinkedAlready(MusterError):
    """The link is there."""

    code = "assistance.linked_already"
    status = 409

    def __init__(self, *, request: str, to: str) -> None:
        self.request, self.to = request, to
        super().__init__(f"{request} and {to} are linked so already. Nothing more is needed.")


class RunsInCircles(MusterError):
    """A request would continue itself by way of others."""

    code = "assistance.runs_in_circles"
    status = 409

    def __init__(self, *, request: str, to: str) -> None:
        self.request, self.to = request, to
        super().__init__(f"{to} continues {request} already, so {request} does not continue {to}.")


class NotVerbal(MusterError):
    """The request came in writing."""

    code = "assistance.not_verbal"

    def __init__(self, *, request: str) -> None:
        self.request = request
        super().__init__(f"{request} came in writing: no paper is waited for.")


class PaperThere(MusterError):
    """The paper of the request is recorded."""

    code = "assistance.paper_there"
    status = 409

    def __init__(self, *, request: str) -> None:
        self.request = request
        super().__init__(f"The paper of {request} is recorded already. Amend the request where it says more.")


@dataclass(frozen=True)
class Stands:
    """The request, and where it stands now."""

    request: str
    state: str


@dataclass(frozen=True)
class Drafted(Stands):
    """The draft, what it still lacks, and the ids of requests that look like it, of those that its writer may read."""

    missing: list[str]
    alike: list[str]


@dataclass(frozen=True)
class Amended(Stands):
    """The request as amended, and the number of its version."""

    version: int


@dataclass(frozen=True)
class Attached:
    """The number of the document, and how many passages of it are tied to fields."""

    document: int
    passages: int


@dataclass(frozen=True)
class SettledSo:
    """The number of the difference."""

    difference: int


@dataclass(frozen=True)
class PassageGiven:
    """A field by its path, and the words in which it stands in the document.

    `prefix` and `suffix`, as they stand there, tell the place apart where the words stand more than once.
    """

    field: str
    exact: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class DocumentGiven:
    """A document, and where each field stands in it: as a `text`, or as a PDF in base64, whose text is read out of it here."""

    title: str
    text: str = ""
    passages: tuple[PassageGiven, ...] = ()
    pdf: str = ""


@dataclass(frozen=True)
class Linked:
    """The number of the link."""

    link: int


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
def draft(
    *, act: Act, row: Office, actor: Actor, request: dict[str, Any], at: AwareDatetime,
    document: DocumentGiven | None = None,
) -> Drafted:  # fmt: skip
    """Record what is asked, in the fields of a request file; it is a draft until it is submitted, and may lack fields.

    `document`: what it was read from, with the passage of each field.

    Raises NotFound for an office or an agency that is not in the record, FaultyInput with every fault, InTheRecord, and what
    `attach` raises.
    """
    read = rules.read_request(request, draft=True)
    if Request.objects.filter(pk=read.id).exists():
        raise InTheRecord(request=read.id)
    made = keep(read, row, act=act, at=at)
    if document is not None:
        _attach(document, made, act=act)
    lacks = [str(fault.column) for fault in rules.missing(read)]
    return Drafted(made.pk, "draft", lacks, [other.pk for other, _ in queries.alike(actor, read)])


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
        id=read.id, act=act, kind=read.kind, agency_id=read.agency, asked=office, of_state=read.state, state=state,
        **columns_of(read),
    )  # fmt: skip
    write_version(read, made, act=act, at=at)
    Step.objects.create(
        act=act, request=made, n=1, state=state, happened_at=at, approximate=approximate, reason=reason
    )
    return made


def columns_of(read: rules.Request) -> dict[str, Any]:
    """What an amendment may change, as the columns of a request."""
    return {
        "title": read.title, "requester": read.requester, "agency_kind": read.agency_kind, "purpose": read.purpose,
        "priority": read.priority or "", "reimbursement": read.reimbursement or "", "verbal": read.verbal,
        "duty_status_asked": read.duty_status_asked or "", "federal_order": read.federal_order or "", "as_of": read.as_of,
        "facts": rules.facts_to_json(read.facts), "details": rules.details_to_json(read.details),
    }  # fmt: skip


def lines_of(read: rules.Request, row: Request, *, act: Act) -> list[Line]:
    """The lines of a request that has been read, as rows of its latest version."""
    return [
        Line(act=act, request=row, version=row.version, n=line.n, task=line.task, words=line.words,
             people=line.people.to_json(), vehicles=line.vehicles.to_json(), place=line.place or "",
             resource=line.resource or "", window_from=line.window_from, window_to=line.window_to,
             contact=line.contact or "")
        for line in read.lines
    ]  # fmt: skip


def write_version(read: rules.Request, row: Request, *, act: Act, at: datetime, reason: str = "") -> None:
    Version.objects.create(
        act=act,
        request=row,
        n=row.version,
        happened_at=at,
        reason=reason,
        content=rules.to_file(read),
    )
    Line.objects.bulk_create(lines_of(read, row, act=act))
    Exclusion.objects.bulk_create(
        Exclusion(act=act, request=row, version=row.version, task=e.task, words=e.words)
        for e in read.exclusions
    )


@action("assistance.amend", about=queries.locked)
def amend(
    *, act: Act, row: Request, actor: Actor, request: Code, version: int, content: dict[str, Any], at: AwareDatetime,
    reason: Reason = "",
) -> Amended:  # fmt: skip
    """Say the whole of a request anew, in the fields of a request file; `version` is the one that was read.

    A draft, and one that was returned, may lack fields still; of anything handed in, the reason is told. What was found
    complete, or put before the office, was other words: it is submitted again. Of one that is decided, lines are taken out or tasks
    left out: it stays decided, and what was tasked for them stands outside until somebody settles it.

    Raises NotAmendable, ChangedMeanwhile, FaultyInput, FixedField, NothingChanged, ReasonNeeded, OnlyNarrowed, NotHappenedYet.
    """
    rules.check_amendable(row.state)
    if version != row.version:
        raise ChangedMeanwhile(request=row.pk, read=version, latest=row.version)
    read = rules.read_request(content, draft=row.state in ("draft", "returned_for_information"))
    was = queries.as_rule(row)
    for name in FIXED:
        if getattr(read, name) != getattr(was, name):
            raise FixedField(field=name)
    if read == was:
        raise NothingChanged(request=row.pk)
    if row.state != "draft" and len(reason.strip()) < 3:
        raise ReasonNeeded(step="amended")
    if row.state == "decided":
        check_narrowed(was, read)
    check_happened(at, now=act.recorded_at)
    for name, value in {**columns_of(read), "version": row.version + 1}.items():
        setattr(row, name, value)
    row.save(update_fields=[*columns_of(read), "version"])
    write_version(read, row, act=act, at=at, reason=reason.strip())
    if row.state in ("validated", "in_review"):
        words = f"Amended: version {row.version}. {reason.strip()}"
        take_step(row, "submitted", verb="amend", act=act, at=at, reason=words)
    return Amended(row.pk, row.state, row.version)


def take_step(
    request: Request, to: str, *, act: Act, at: datetime, reason: str = "", approximate: bool = False, code: str = "",
    other: Request | None = None, verb: str | None = None,
) -> Stands:  # fmt: skip
    """Lead a request, which the caller has locked, to another state. Raises NotAllowedFrom, NotHappenedYet."""
    rules.check_step(request.state, to, verb=verb)
    check_happened(at, now=act.recorded_at)
    n = request.steps.count() + 1
    Step.objects.create(
        act=act, request=request, n=n, state=to, happened_at=at, reason=reason, approximate=approximate, code=code,
        other=other,
    )  # fmt: skip
    request.state = to
    request.save(update_fields=["state"])
    return Stands(request.pk, to)


@action("assistance.submit", about=queries.locked)
def submit(*, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime) -> Stands:
    """Submit a draft, or one that was returned for information.

    Raises NotAllowedFrom, FaultyInput with what every request says and this one does not yet.
    """
    rules.check_step(row.state, "submitted", verb="submit")
    rules.check_complete(queries.as_rule(row))
    return take_step(row, "submitted", act=act, at=at)


@action("assistance.return_for_information", about=queries.locked)
def return_for_information(
    *, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime, code: Why, reason: Reason
) -> Stands:
    """Ask the requester for what is missing. Raises NotAllowedFrom, UnknownReason, ReasonNeeded."""
    return _with_reason(row, "returned_for_information", act, at, code, reason)


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
    *, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime, code: Why, reason: Reason = ""
) -> Stands:
    """The requester takes it back. Raises NotAllowedFrom, UnknownReason, ReasonNeeded."""
    return _with_reason(row, "withdrawn", act, at, code, reason)


@action("assistance.expire", about=queries.locked)
def expire(
    *, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime, code: Why, reason: Reason = ""
) -> Stands:
    """Its time has passed without a decision. Raises NotAllowedFrom, UnknownReason, ReasonNeeded."""
    return _with_reason(row, "expired", act, at, code, reason)


@action("assistance.mark_duplicate", about=queries.locked)
def mark_duplicate(
    *,
    act: Act,
    row: Request,
    actor: Actor,
    request: Code,
    of: Code,
    at: AwareDatetime,
    code: Why,
    reason: Reason = "",
) -> Stands:
    """It asks for what another request, of the same office, asks for already.

    Raises NotFound for that other, AlsoDuplicate, NotAllowedFrom, UnknownReason, ReasonNeeded.
    """
    beside = Request.objects.filter(asked__organisation=row.asked.organisation_id).exclude(pk=row.pk)
    other = beside.filter(pk=of).first()
    if other is None:
        raise NotFound(kind="other request", name=of)
    if other.state == "duplicate_of":
        step = other.steps.latest("n")
        raise AlsoDuplicate(other=other.pk, of=step.other_id or step.reason)
    return _with_reason(row, "duplicate_of", act, at, code, reason, other=other)


@action("assistance.close", about=queries.locked)
def close(
    *, act: Act, row: Request, actor: Actor, request: Code, at: AwareDatetime, code: Why, reason: Reason = ""
) -> Stands:
    """Nothing more is done under a decided request. Raises NotAllowedFrom, UnknownReason, ReasonNeeded."""
    return _with_reason(row, "closed", act, at, code, reason)


def _with_reason(
    row: Request, to: str, act: Act, at: datetime, code: str, reason: str, *, other: Request | None = None
) -> Stands:
    rules.check_step(row.state, to)
    rules.check_reason(to, code, reason)
    return take_step(row, to, act=act, at=at, code=code, reason=reason.strip(), other=other)


@action("assistance.link", about=queries.locked)
def link(
    *, act: Act, row: Request, actor: Actor, request: Code, relation: Link.Relation, to_request: Code = "",
    to_mission: Mission = "", words: Reason = "",
) -> Linked:  # fmt: skip
    """Say that a request is separate from, or continues, another request that the actor may read, or a mission.

    Raises FaultyInput unless one of the two is named, NotFound, LinkedAlready, RunsInCircles.
    """
    if bool(to_request) == bool(to_mission):
        words = "Name the other request, or the mission, and not both."
        raise FaultyInput([Fault(None, "to_request", "assistance.one_of_two", words)])
    other = queries.requests_of(actor).exclude(pk=row.pk).filter(pk=to_request).first()
    if to_request and other is None:
        raise NotFound(kind="other request", name=to_request)
    there = Link.objects.filter(relation=relation, unlinked__isnull=True)
    if there.filter(request=row, other=other, mission=to_mission).exists():
        raise LinkedAlready(request=row.pk, to=to_request or to_mission)
    if other is not None and relation == Link.Relation.CONTINUES and row.pk in _continued_by(other):
        raise RunsInCircles(request=row.pk, to=other.pk)
    made = Link.objects.create(
        act=act, request=row, relation=relation, other=other, mission=to_mission, words=words.strip()
    )
    return Linked(made.pk)


def _continued_by(request: Request) -> set[str]:
    """The requests that it continues, and those that these continue, as far back as they go."""
    found, next_ones = set[str](), {request.pk}
    live = Link.objects.filter(relation=Link.Relation.CONTINUES, unlinked__isnull=True, other__isnull=False)
    while next_ones:
        found |= next_ones
        next_ones = set(live.filter(request__in=next_ones).values_list("other", flat=True)) - found
    return found


@action("assistance.unlink", about=queries.locked_link)
def unlink(*, act: Act, row: Link, actor: Actor, link: int, reason: Reason) -> Linked:
    """Say that a link was a mistake. Raises ReasonNeeded, NotFound for one that is undone already."""
    if len(reason.strip()) < 3:
        raise ReasonNeeded(step="no longer linked")
    if Unlinked.objects.filter(link=row).exists():
        raise NotFound(kind="link", name=str(link))
    Unlinked.objects.create(act=act, link=row, reason=reason.strip())
    return Linked(row.pk)


@action("assistance.record_paper", about=queries.locked)
def record_paper(
    *, act: Act, row: Request, actor: Actor, request: Code, received_at: AwareDatetime,
    reference: Annotated[str, Field(min_length=3, max_length=200)], offers_reimbursement: bool | None = None,
) -> Stands:  # fmt: skip
    """The paper of a verbal request has come; `reference` says what it is and where it is kept.

    Raises NotVerbal, PaperThere, NotHappenedYet.
    """
    if not row.verbal:
        raise NotVerbal(request=row.pk)
    if Paper.objects.filter(request=row).exists():
        raise PaperThere(request=row.pk)
    check_happened(received_at, now=act.recorded_at)
    Paper.objects.create(
        act=act,
        request=row,
        received_at=received_at,
        reference=reference,
        offers_reimbursement=offers_reimbursement,
    )
    return Stands(row.pk, row.state)


@action("assistance.attach", about=queries.locked)
def attach(*, act: Act, row: Request, actor: Actor, request: Code, document: DocumentGiven) -> Attached:
    """Keep a document that came with the request, and where fields of the request stand in it.

    Raises FaultyInput, PdfTooLarge, PdfLocked, PdfWithoutText, PdfUnreadable, AttachedAlready, UnknownField, PassageNotFound,
    PassageNotUnique.
    """
    return _attach(document, row, act=act)


@action("assistance.tie", about=queries.locked)
def tie(
    *, act: Act, row: Request, actor: Actor, request: Code, document: int, tied: list[PassageGiven]
) -> Attached:
    """Tie fields of the request, as it stands now, to passages of a document that it has; the latest of a field counts.

    Raises NotFound, UnknownField, PassageNotFound, PassageNotUnique.
    """
    found = row.documents.filter(pk=document).first()
    if found is None:
        raise NotFound(kind="document of the request", name=str(document))
    return Attached(found.pk, _tie(tied, found, row, act=act))


def _attach(given: DocumentGiven, row: Request, *, act: Act) -> Attached:
    file = _pdf(given)
    read = read_pdf(file) if file else None
    text = read.text if read else given.text
    if not text.strip() or len(text) > LONGEST_DOCUMENT or not 1 <= len(given.title.strip()) <= 200:
        words = (
            f"A document has a title of at most 200 characters and a text of at most {LONGEST_DOCUMENT:,}."
        )
        raise FaultyInput([Fault(None, "document", "assistance.bad_document", words)])
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if row.documents.filter(sha256=digest).exists():
        raise AttachedAlready(request=row.pk)
    title = given.title.strip()
    kept = Document.objects.create(
        act=act, request=row, title=title, text=text, sha256=digest, page_starts=list(read.page_starts) if read else None,
        source=kept_file(file, media_type=MEDIA_TYPE, publisher=row.requester, title=title, act=act) if file else None,
    )  # fmt: skip
    return Attached(kept.pk, _tie(given.passages, kept, row, act=act))


def _tie(given: Sequence[PassageGiven], document: Document, row: Request, *, act: Act) -> int:
    fields = queries.fields_of(row)
    for each in given:
        if each.field not in fields:
            raise UnknownField(field=each.field)
    found = [
        (each.field, passages.find(document.text, each.exact, each.prefix, each.suffix)) for each in given
    ]
    Passage.objects.bulk_create(
        Passage(act=act, request=row, version=row.version, document=document, field=field, page=_page(document, passage),
                **asdict(passage))
        for field, passage in found
    )  # fmt: skip
    return len(given)


def _pdf(given: DocumentGiven) -> bytes | None:
    """The bytes of the PDF that was given; None where a text was. Raises FaultyInput."""
    if not given.pdf:
        return None
    try:
        file = base64.b64decode(given.pdf, validate=True)
    except ValueError:
        file = b""
    if given.text or not is_pdf(file):
        words = "A document is a text, or a PDF in base64, and not both. Send one of the two."
        raise FaultyInput([Fault(None, "document", "assistance.bad_document", words)])
    return file


def _page(document: Document, passage: passages.Passage) -> int | None:
    if document.page_starts is None:
        return None
    return page_at(document.page_starts, passages.places(document.text, passage)[0])


def _difference(difference: int) -> tuple[Scope, Difference]:
    found = Difference.objects.filter(pk=difference).first()
    if found is None:
        raise NotFound(kind="difference", name=str(difference))
    scope, _ = queries.locked(found.request_id)
    return scope.asked_as("difference", difference), found


@action("assistance.settle", about=_difference)
def settle(*, act: Act, row: Difference, actor: Actor, difference: int, reason: Reason) -> SettledSo:
    """Settle a difference in what a request says. Raises ReasonNeeded, AlreadySettled."""
    if len(reason.strip()) < 3:
        raise ReasonNeeded(step="settled so")
    if Settled.objects.filter(difference=row).exists():
        raise AlreadySettled(difference=difference)
    Settled.objects.create(act=act, difference=row, reason=reason.strip())
    return SettledSo(row.pk)
