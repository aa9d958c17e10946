"""A request for assistance: what was asked, for whom, by when.

Reading one from a file, and the steps it may take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from muster.core.errors import MusterError
from muster.core.files import Malformed
from muster.core.quantity import Quantity
from muster.core.reading import LONGEST_WORDS, Fields, as_day
from muster.core.tasks import CONTACTS, Contact

Priority = Literal["lifesaving", "life_sustaining", "high", "normal"]
Kind = Literal["real", "exercise"]
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
    window_from: date | None  # both ends included; None: not stated
    window_to: date | None
    contact: Contact | None  # with persons in custody; None: not stated


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """A task that the request itself leaves out."""

    task: str
    words: str


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
        "in_review": "review",
        "withdrawn": "withdraw",
        "expired": "expire",
        "duplicate_of": "mark_duplicate",
    },
    "in_review": {
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


def facts_to_json(facts: Mapping[str, bool | date]) -> dict[str, bool | str]:
    """Facts as they are stored: a day as ISO 8601. `facts_from_json` reads them back."""
    return {name: value if isinstance(value, bool) else value.isoformat() for name, value in facts.items()}


def facts_from_json(stored: Mapping[str, bool | str]) -> dict[str, bool | date]:
    """Facts as the rules judge them."""
    return {name: v if isinstance(v, bool) else date.fromisoformat(v) for name, v in stored.items()}


def check_step(state: str, to: str) -> None:
    """Check that a request may go from `state` to `to`. Raises NotAllowedFrom."""
    if to not in NEXT[state]:
        raise NotAllowedFrom(state=state, to=to, allowed=tuple(NEXT[state]))


def read_request(data: Mapping[str, Any]) -> Request:
    """Read a request from TOML or JSON data.

    Raises FaultyInput with every fault at once; the column of each is its path, such as `lines[2].people`.
    """
    read = Fields(data, step="assistance")
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
        priority=cast(Priority, read.one_of("priority", get_args(Priority), default="normal")),
        reimbursement=read.text("reimbursement", needed=False) or None,
        verbal=read.flag("verbal"),
        duty_status_asked=read.text("duty_status_asked", needed=False, longest=LONGEST_STATUS) or None,
        federal_order=read.text("federal_order", needed=False) or None,
        as_of=read.day("as_of"),
        lines=tuple(_line(line, n) for n, line in enumerate(read.tables("lines"), start=1)),
        exclusions=tuple(_exclusion(table) for table in read.tables("exclusions")),
        facts=_facts(read.table("facts")),
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
    read.done()
    return request


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
