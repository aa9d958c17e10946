"""A request for assistance: what was asked, for whom, by when.

Reading one from a file, writing it as one, and the steps it may take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.files import Malformed
from muster.core.quantity import Quantity
from muster.core.reading import LONGEST_WORDS, Fields, as_day
from muster.core.tasks import CONTACTS, Contact

Priority = Literal["lifesaving", "life_sustaining", "high", "normal"]
Kind = Literal["real", "exercise"]
FormId = Literal["rrf", "ics213rr", "req_a"]
# Federal operations support, direct federal assistance, technical assistance. Source: mission assignment form, section V.
AssistanceType = Literal["FOS", "DFA", "TA"]
AgencyKind = Literal["federal_law_enforcement", "federal_other", "state", "local", "other"]
State = Literal[
    "draft",
    "submitted",
    "returned_for_information",
    "validated",
    "in_review",
    "decided",
    "closed",
    "withdrawn",
    "expired",
    "duplicate_of",
]

# The 50 states and the other jurisdictions that have a National Guard, by postal code.
_POSTAL_CODES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY "
    "NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC GU PR VI"
)
GUARDS = frozenset(_POSTAL_CODES.split())
LONGEST_ID, LONGEST_STATUS, LONGEST_CODE = 60, 40, 40  # as the record keeps them
ALWAYS = ("id", "title", "asked", "state")  # what even a draft says
INVENTED = "ZZ"  # the postal code of an invented state, for exercises only


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing asked for."""

    n: int  # from 1, in the order of the request
    task: str  # a task category, T01 to T24; empty: none is stated
    words: str
    people: Quantity
    vehicles: Quantity
    place: str | None  # None: not stated
    resource: str | None = None  # its kind and type, as the form has them; None: not stated
    window_from: date | None  # both ends included; None: not stated
    window_to: date | None
    contact: Contact | None  # with persons in custody; None: not stated


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """A task that the request itself leaves out."""

    task: str
    words: str


@dataclass(frozen=True, kw_only=True)
class PointOfContact:
    """Who can be reached about something. None: not stated."""

    name: str | None = None
    title: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who signed for the requester's side, as the form says it: for direct federal assistance the state's official. None: not stated."""

    name: str | None = None
    title: str | None = None
    on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Details:
    """What the paper forms ask beside what every request says. None: not stated.

    Source: the forms of `assistance.forms`.
    """

    form: FormId | None = None  # the form it came on
    assistance_type: AssistanceType | None = None  # of a request to FEMA
    incident: str | None = None  # the name of the incident or event
    tracking: str | None = None  # the number under which the requester keeps it
    needed_at: datetime | None = None  # aware, UTC: when it has to be there
    requested_by: PointOfContact = PointOfContact()
    site_contact: PointOfContact = PointOfContact()
    approval: Approval = Approval()
    conditions: str | None = None  # safety, lodging, meals and what else it is bound to
    substitutes: str | None = None  # what would do in its place, and where it can be had
    cost_estimate_usd: int | None = None
    fund_citation: str | None = None
    paper_due_at: datetime | None = None  # aware, UTC: of a verbal request, until when the paper was promised


@dataclass(frozen=True, kw_only=True)
class Request:
    """What an agency asks of a state."""

    id: str
    title: str
    kind: Kind
    requester: str
    agency: (
        str | None
    )  # code of the organisation that asks, whose requesters it reaches; None: not in the record
    agency_kind: AgencyKind
    asked: str  # code of the office that can decide
    state: str  # postal code of the state asked
    purpose: str
    priority: Priority | None  # None: not stated
    reimbursement: str | None  # the authority under which it is paid back, as cited; None: not stated
    verbal: bool  # asked by word of mouth: the paper is still to come
    duty_status_asked: str | None
    federal_order: str | None  # id of the rule pack of the order it comes under
    as_of: date | None  # the day on which the request stood as written here
    lines: tuple[Line, ...]
    exclusions: tuple[Exclusion, ...]
    facts: Mapping[str, bool | date] = field(default_factory=lambda: MappingProxyType({}))
    details: Details = Details()


class MalformedRequest(Malformed):
    """The file of the request is neither TOML nor JSON."""

    code = "assistance.malformed"


class NotAllowedFrom(MusterError):
    """The request cannot take this step from where it stands."""

    code = "assistance.not_allowed_from"
    status = 409

    def __init__(self, *, state: str, to: str, allowed: Sequence[str]) -> None:
        self.state, self.to, self.allowed = state, to, tuple(allowed)
        may = ", ".join(name.replace("_", " ") for name in allowed)
        super().__init__(
            f"A request that is {state.replace('_', ' ')} cannot become {to.replace('_', ' ')}. "
            + (f"From here it can become: {may}." if may else "It has ended: open a new request.")
        )


class NotAmendable(MusterError):
    """What was asked is decided, or the request has ended."""

    code = "assistance.not_amendable"
    status = 409

    def __init__(self, *, state: str) -> None:
        self.state = state
        super().__init__(
            f"A request that is {state.replace('_', ' ')} is not amended any more. Record what is asked now as a request "
            "of its own that continues this one."
        )


# For each state the states that can follow, with the verb that leads there.
NEXT: Mapping[str, Mapping[str, str]] = {
    "draft": {"submitted": "submit", "withdrawn": "withdraw"},
    "submitted": {
        "returned_for_information": "return",
        "validated": "validate",
        "withdrawn": "withdraw",
        "expired": "expire",
        "duplicate_of": "mark_duplicate",
    },
    "returned_for_information": {"submitted": "submit", "withdrawn": "withdraw", "expired": "expire"},
    "validated": {
        "submitted": "amend",
        "in_review": "review",
        "withdrawn": "withdraw",
        "expired": "expire",
        "duplicate_of": "mark_duplicate",
    },
    "in_review": {
        "submitted": "amend",
        "decided": "decide",
        "withdrawn": "withdraw",
        "expired": "expire",
        "duplicate_of": "mark_duplicate",
    },
    "decided": {"closed": "close"},
    "closed": {},
    "withdrawn": {},
    "expired": {},
    "duplicate_of": {},
}
# In these it may be amended. What was found complete, or put before the office, was other words: it is submitted again. Of what
# was decided something may be taken back, and nothing else be changed.
AMENDABLE = ("draft", "submitted", "returned_for_information", "validated", "in_review", "decided")

# Why a request was turned back or ended, by the state that it led to. The lists are our own; no source prescribes one.
REASONS: Mapping[str, Mapping[str, str]] = {
    "returned_for_information": {
        "missing": "something is missing",
        "unclear": "something is unclear",
        "contradicts": "parts of it contradict one another",
        "not_signed": "a signature is missing",
        "other": "another reason",
    },
    "withdrawn": {
        "need_ended": "the need has ended",
        "met_otherwise": "the need is met otherwise",
        "replaced": "another request takes its place",
        "in_error": "it was asked in error",
        "other": "another reason",
    },
    "expired": {
        "window_passed": "its window has passed",
        "no_answer": "the requester did not answer",
        "no_decision": "it was not decided in time",
        "other": "another reason",
    },
    "duplicate_of": {
        "sent_twice": "the same request was sent twice",
        "same_need": "the other asks for the same need",
        "other": "another reason",
    },
    "closed": {
        "done": "all of it is done",
        "declined": "it was declined",
        "not_used": "what was allowed was not used",
        "other": "another reason",
    },
}


class ReasonNeeded(MusterError):
    """A step that ends or turns back a request says why."""

    code = "assistance.reason_needed"

    def __init__(self, *, step: str) -> None:
        self.step = step
        super().__init__(f"Say why the request is {step.replace('_', ' ')}: the requester has to read it.")


class UnknownReason(MusterError):
    """The coded reason is none of those that the step knows."""

    code = "assistance.unknown_reason"

    def __init__(self, *, step: str, given: str) -> None:
        self.step, self.given = step, given
        super().__init__(
            f"{given[:40]!r} is not a reason why a request is {step.replace('_', ' ')}. "
            f"Write one of: {', '.join(REASONS[step])}."
        )


def check_reason(to: str, code: str, words: str) -> None:
    """Check the coded reason of a step that turns back or ends a request.

    Words are needed beside it where it is sent back, since they say what to do, and where the code is *other*.

    Raises UnknownReason, ReasonNeeded.
    """
    if code not in REASONS[to]:
        raise UnknownReason(step=to, given=code)
    if (to == "returned_for_information" or code == "other") and len(words.strip()) < 3:
        raise ReasonNeeded(step=to)


def facts_to_json(facts: Mapping[str, bool | date]) -> dict[str, bool | str]:
    """Facts as they are stored: a day as ISO 8601. `facts_from_json` reads them back."""
    return {name: value if isinstance(value, bool) else value.isoformat() for name, value in facts.items()}


def facts_from_json(stored: Mapping[str, bool | str]) -> dict[str, bool | date]:
    """Facts as the rules judge them."""
    return {name: v if isinstance(v, bool) else date.fromisoformat(v) for name, v in stored.items()}


def check_step(state: str, to: str, *, verb: str | None = None) -> None:
    """Check that a request may go from `state` to `to`, by this verb where one is named. Raises NotAllowedFrom."""
    by = NEXT[state].get(to)
    if by is None or verb not in (None, by):
        allowed = tuple(to for to, by in NEXT[state].items() if by != "amend")
        raise NotAllowedFrom(state=state, to=to, allowed=allowed)


def check_amendable(state: str) -> None:
    """Check that a request in this state may be amended. Raises NotAmendable."""
    if state not in AMENDABLE:
        raise NotAmendable(state=state)


def read_request(data: Mapping[str, Any], *, draft: bool = False) -> Request:
    """Read a request from TOML or JSON data. A draft may lack what is not in `ALWAYS`; what it has must be right.

    Raises FaultyInput with every fault at once; the column of each is its path, such as `lines[2].people`.
    """
    read = Fields(data, step="assistance")
    request = _request(read)
    if draft:
        read.faults[:] = [fault for fault in read.faults if not _may_come_later(fault)]
    read.done()
    return request


def read_kept(data: Mapping[str, Any]) -> Request:
    """Read a request as the record kept it: it was checked when it came, and by the rules of then."""
    return _request(Fields(data, step="assistance"))


def missing(request: Request) -> list[Fault]:
    """What a request still lacks before it can be submitted, each with its path."""
    read = Fields(to_file(request), step="assistance")
    _request(read)
    return [fault for fault in read.faults if _may_come_later(fault)]


def check_complete(request: Request) -> None:
    """Check that nothing that every request says is missing. Raises FaultyInput with all of it."""
    if lacks := missing(request):
        raise FaultyInput(lacks, what=f"The request {request.id}")


def _may_come_later(fault: Fault) -> bool:
    return fault.code in ("assistance.missing", "assistance.no_lines") and fault.column not in ALWAYS


def _request(read: Fields) -> Request:
    request = Request(
        id=read.text("id", longest=LONGEST_ID),
        title=read.text("title"),
        kind=cast(Kind, read.one_of("kind", get_args(Kind), default="real")),
        requester=read.text("requester"),
        agency=read.text("agency", needed=False, longest=LONGEST_CODE) or None,
        agency_kind=cast(AgencyKind, read.one_of("agency_kind", get_args(AgencyKind))),
        asked=read.text("asked"),
        state=read.text("state"),
        purpose=read.text("purpose", longest=LONGEST_WORDS),
        priority=cast(Priority | None, read.one_of("priority", get_args(Priority), default="") or None),
        reimbursement=read.text("reimbursement", needed=False) or None,
        verbal=read.flag("verbal"),
        duty_status_asked=read.text("duty_status_asked", needed=False, longest=LONGEST_STATUS) or None,
        federal_order=read.text("federal_order", needed=False) or None,
        as_of=read.day("as_of"),
        lines=tuple(_line(line, n) for n, line in enumerate(read.tables("lines"), start=1)),
        exclusions=tuple(_exclusion(table) for table in read.tables("exclusions")),
        facts=_facts(read.table("facts")),
        details=_details(read),
    )
    _check_id(read, request.id)
    _check_state(read, request)
    if not read.data.get("lines"):
        read.fault(
            "lines",
            "no_lines",
            "The request has no lines. Say under lines at least one thing that is asked for.",
        )
    read.no_more()
    return request


def _details(read: Fields) -> Details:
    details = Details(
        form=cast(FormId | None, read.one_of("form", get_args(FormId), default="") or None),
        assistance_type=cast(
            AssistanceType | None,
            read.one_of("assistance_type", get_args(AssistanceType), default="") or None,
        ),
        incident=read.text("incident", needed=False) or None,
        tracking=read.text("tracking", needed=False) or None,
        needed_at=read.moment("needed_at"),
        requested_by=_point_of_contact(read.table("requested_by")),
        site_contact=_point_of_contact(read.table("site_contact")),
        approval=_approval(read.table("approval")),
        conditions=read.text("conditions", needed=False, longest=LONGEST_WORDS) or None,
        substitutes=read.text("substitutes", needed=False, longest=LONGEST_WORDS) or None,
        cost_estimate_usd=read.number("cost_estimate_usd", most=1_000_000_000_000),
        fund_citation=read.text("fund_citation", needed=False) or None,
        paper_due_at=read.moment("paper_due_at"),
    )
    if details.paper_due_at and not read.data.get("verbal"):
        message = "A request that came in writing waits for no paper. Say verbal, or leave paper_due_at out."
        read.fault("paper_due_at", "not_verbal", message)
    return details


def _point_of_contact(read: Fields) -> PointOfContact:
    said = {name: read.text(name, needed=False) or None for name in ("name", "title", "phone", "email")}
    read.no_more()
    return PointOfContact(**said)


def _approval(read: Fields) -> Approval:
    said = Approval(
        name=read.text("name", needed=False) or None,
        title=read.text("title", needed=False) or None,
        on=read.day("on"),
    )
    read.no_more()
    return said


def _line(read: Fields, n: int) -> Line:
    window_from, window_to = read.days("from", "to")
    contact = read.one_of("contact", CONTACTS, default="") or None
    line = Line(
        n=n,
        task=read.task(),
        words=read.text("words", longest=LONGEST_WORDS),
        people=read.quantity("people"),
        vehicles=read.quantity("vehicles"),
        place=read.text("place", needed=False) or None,
        resource=read.text("resource", needed=False) or None,
        window_from=window_from,
        window_to=window_to,
        contact=cast(Contact | None, contact),
    )
    read.no_more()
    return line


def _exclusion(read: Fields) -> Exclusion:
    exclusion = Exclusion(task=read.task(), words=read.text("words", longest=LONGEST_WORDS))
    read.no_more()
    return exclusion


def _facts(read: Fields) -> Mapping[str, bool | date]:
    """What the requester states as so or not so. Which facts a rule asks for is the rule packs' business."""
    facts: dict[str, bool | date] = {}
    for name, value in read.data.items():
        if isinstance(value, bool):
            facts[name] = value
        elif (day := as_day(value)) is not None:
            facts[name] = day
        else:
            read.fault(
                name, "bad_fact", f"The fact {name[:60]} must be true, false, or a day such as 2026-09-30."
            )
    return MappingProxyType(facts)


def _check_id(read: Fields, id: str) -> None:
    """An id is said, typed and put into addresses, so it is one line that can be seen, without a slash."""
    if id.isprintable() and "/" not in id and id not in (".", ".."):
        return
    read.fault(
        "id",
        "bad_id",
        f"{id[:60]!r} cannot be an id. Write it on one line, without a slash or a character that is not seen.",
    )


def _check_state(read: Fields, request: Request) -> None:
    if not request.state or request.state in GUARDS:
        return
    if request.state == INVENTED and request.kind == "exercise":
        return
    read.fault(
        "state",
        "unknown_state",
        f"{request.state[:40]!r} is not the postal code of a state with a National Guard. "
        f"Write for example MO; {INVENTED} is for exercises only.",
    )


def to_file(request: Request) -> dict[str, Any]:
    """The request as the data of a file, in JSON's kinds: `read_kept` gives it back. What is not stated is left out."""
    head = {
        "id": request.id, "title": request.title, "kind": request.kind, "requester": request.requester,
        "agency": request.agency, "agency_kind": request.agency_kind, "asked": request.asked, "state": request.state,
        "purpose": request.purpose, "priority": request.priority, "reimbursement": request.reimbursement,
        "verbal": request.verbal or None, "duty_status_asked": request.duty_status_asked,
        "federal_order": request.federal_order, "as_of": request.as_of, **details_to_json(request.details),
        "facts": facts_to_json(request.facts),
    }  # fmt: skip
    lines = [
        {
            "task": line.task, "words": line.words, "people": _said(line.people), "vehicles": _said(line.vehicles),
            "place": line.place, "resource": line.resource, "from": line.window_from, "to": line.window_to,
            "contact": line.contact,
        }
        for line in request.lines
    ]  # fmt: skip
    exclusions = [asdict(exclusion) for exclusion in request.exclusions]
    said = {"lines": [_stated(line) for line in lines], "exclusions": [_stated(each) for each in exclusions]}
    return _stated(head) | {name: rows for name, rows in said.items() if rows}


def details_to_json(details: Details) -> dict[str, Any]:
    """The details as they are stored, and as a file has them. `details_from_json` reads them back."""
    said = {
        name: _stated(value) if isinstance(value, dict) else value for name, value in asdict(details).items()
    }
    return _stated(said)


def details_from_json(stored: Mapping[str, Any]) -> Details:
    """The details as the rules know them."""
    return _details(Fields({**stored, "verbal": True}, step="assistance"))


def _said(quantity: Quantity) -> dict[str, Any] | None:
    return None if quantity.kind == "unknown" else quantity.to_json()


def _stated(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is stated, days and moments in ISO 8601."""
    kept = {name: value for name, value in said.items() if value not in (None, "", {})}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in kept.items()}


@dataclass(frozen=True)
class PaperClock:
    """How a request that was made by word of mouth stands with its paper."""

    waits: timedelta  # from the moment it was asked until the paper came, or until now
    received: bool
    late_by: timedelta | None  # past the moment it was promised for; None: in time, or no moment was promised


def paper_clock(
    *, asked_at: datetime, due_at: datetime | None, received_at: datetime | None, now: datetime
) -> PaperClock:
    """How long the paper of a verbal request took, or has taken by now; at the very moment promised it is in time.

    No source gives a time within which it must come, so none is assumed: the clock runs against what was promised.
    Source: former 32 CFR 185.4(d): an oral request is followed by a written one with an offer to reimburse.
    """
    until = received_at or now
    late_by = until - due_at if due_at is not None and until > due_at else None
    return PaperClock(max(until - asked_at, timedelta(0)), received_at is not None, late_by)
