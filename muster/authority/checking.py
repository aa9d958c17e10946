"""The authority check of a request file, without a database: what `muster check` prints."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast, get_args

from muster.assistance.rules import MalformedRequest, Request, read_request
from muster.authority.applying import dormant
from muster.authority.findings import Basis, LayerName
from muster.authority.limits import LimitLayer
from muster.authority.packs import Packs, load_packs
from muster.authority.rules import UnknownStatus, assess
from muster.core.errors import Fault, FaultyFile, FaultyInput, MusterError
from muster.core.files import Malformed, read_data, take_in
from muster.core.reading import LONGEST_WORDS, Fields
from muster.core.tasks import CONTACTS, Contact

LIMIT_LAYERS = tuple(name for name in get_args(LayerName) if name not in ("law", "request scope"))
QUOTED = (
    "tasks_allowed",
    "tasks_barred",
    "effective_from",
    "effective_to",
    "contact",
    "places",
    "volunteers_only",
    "people_max",
)


class NoStatus(MusterError):
    """Nobody said in which duty status the help would be given."""

    code = "authority.no_status"

    def __init__(self, *, known: tuple[str, ...]) -> None:
        self.known = known
        super().__init__(
            "The request names no duty status. Add duty_status_asked to it, or say --status with one of: "
            f"{', '.join(known)}."
        )


def check_file(
    given: Path | str | bytes,
    *,
    status: str | None = None,
    as_of: date | None = None,
    packs: Path | None = None,
    what_if: bool = False,
) -> dict[str, Any]:
    """Check a request file (or its bytes) and give the object that `muster check --json` prints.

    Without `status` the one that the request asks for is used; without `as_of` the day the request names,
    or else today's (UTC). `packs` is a folder of rule packs beside those that come with Muster. With `what_if`
    the answer holds what every other duty status would give, with the same facts and on the same day.

    Raises TooLarge, NotUtf8, Unreadable, MalformedRequest, FaultyFile, NoStatus, UnknownStatus.
    """
    try:
        data = read_data(take_in(given))
        return check_data(data, status=status, as_of=as_of, folder=packs, what_if=what_if)
    except FaultyFile:
        raise
    except Malformed as fault:
        raise MalformedRequest(reason=fault.reason, row=fault.row) from None
    except FaultyInput as faulty:
        raise FaultyFile(faulty.faults) from None


def check_data(
    data: Mapping[str, Any],
    *,
    status: str | None = None,
    as_of: date | None = None,
    folder: Path | None = None,
    what_if: bool = False,
) -> dict[str, Any]:
    """Check a request given as data.

    A file may hold beside the request, under `limits`, what is decided already. The answer holds beside the
    findings what is *always* so, and under `could_apply` the rules that would bite if a fact were stated that
    nobody has stated yet.
    """
    packs = load_packs(folder)
    request, limits = request_and_limits(data, packs)
    known = tuple(packs.law.statuses)
    asked = status or request.duty_status_asked
    if asked is None:
        raise NoStatus(known=known)
    on_date = as_of or request.as_of or datetime.now(UTC).date()
    layers = (*packs.layers(request.federal_order), *limits)
    findings = assess(request, asked, on_date, layers, request.facts)
    others = (
        {each: assess(request, each, on_date, layers, request.facts) for each in known} if what_if else {}
    )
    told = {each: [finding.to_json() for finding in found] for each, found in others.items()}
    return {
        "request": request.id,
        "status": asked,
        "as_of": on_date.isoformat(),
        "lines": [finding.to_json() for finding in findings],
        "always": [{"rule": rule.id, "words": rule.words, "mark": rule.mark} for rule in packs.law.universal],
        "could_apply": [
            {"fact": rule.when_fact, "asks": packs.facts[rule.when_fact or ""].words, "rule": rule.id}
            for rule in dormant(request, asked, on_date, packs.law, request.facts)
        ],
        **({"what_if": told} if what_if else {}),
    }


def request_and_limits(data: Mapping[str, Any], packs: Packs) -> tuple[Request, list[LimitLayer]]:
    """Read the request that the data hold, and what is decided already. Raises FaultyInput with every fault."""
    faults: list[Fault] = []
    limits = _limits({"limits": data.get("limits")}, faults)
    try:
        request = read_request({name: value for name, value in data.items() if name != "limits"})
    except FaultyInput as faulty:
        raise FaultyInput(faulty.faults + faults) from None
    faults += _against_packs(request, packs)
    if faults:
        raise FaultyInput(faults)
    return request, limits


def is_clear(answer: Mapping[str, Any]) -> bool:
    """Whether no line of an answer is prohibited or needs counsel: exit status 0, else 1."""
    return all(line["finding"] in ("permitted", "conditional") for line in answer["lines"])


def check_facts(facts: Mapping[str, bool | date]) -> None:
    """Raises FaultyInput for every fact that no rule asks for, or that is of the wrong kind."""
    read = Fields({}, step="authority")
    _check_facts(read, facts, load_packs())
    read.done()


def _check_facts(read: Fields, facts: Mapping[str, bool | date], packs: Packs) -> None:
    for name, value in facts.items():
        fact = packs.facts.get(name)
        if fact is None:
            message = f"No rule asks for the fact {name[:60]!r}. Known are: {', '.join(sorted(packs.facts))}."
            read.fault(f"facts.{name[:60]}", "unknown_fact", message)
        elif isinstance(value, bool) != (fact.kind == "yes_or_no"):
            wanted = "true or false" if fact.kind == "yes_or_no" else "a day"
            read.fault(f"facts.{name}", "wrong_kind", f"The fact {name} must be {wanted}.")


def _against_packs(request: Request, packs: Packs) -> list[Fault]:
    """What a request names that no pack knows: a misspelt fact would else pass for one not stated."""
    read = Fields({}, step="authority")
    _check_facts(read, request.facts, packs)
    if request.duty_status_asked and request.duty_status_asked not in packs.law.statuses:
        unknown = UnknownStatus(status=request.duty_status_asked, known=tuple(packs.law.statuses))
        read.fault("duty_status_asked", "unknown_status", str(unknown))
    orders = [pack.id for pack in packs.by_id.values() if pack.layer == "federal order"]
    if request.federal_order and request.federal_order not in orders:
        message = (
            f"No rule pack holds the order {request.federal_order[:60]!r}. Known are: {', '.join(orders)}."
        )
        read.fault("federal_order", "unknown_order", message)
    return read.faults


def _limits(data: Mapping[str, Any], faults: list[Fault]) -> list[LimitLayer]:
    return [_limit(table) for table in Fields(data, step="authority", faults=faults).tables("limits")]


def _limit(table: Fields) -> LimitLayer:
    """One layer of limits.

    Its sentences are quoted as they were said; whether they were read is its `verified`.
    """
    name = cast(LayerName, table.one_of("layer", LIMIT_LAYERS))
    rule, citation = table.text("rule"), table.text("citation", longest=LONGEST_WORDS)
    verified = table.flag("verified")
    effective_from, effective_to = table.days("effective_from", "effective_to")
    sentences = table.table("sentences")
    basis = {}
    for limit in QUOTED:
        words = sentences.text(limit, needed=False, longest=LONGEST_WORDS)
        if words:
            basis[limit] = Basis(rule=f"{rule}.{limit}", citation=citation, verified=verified, words=words)
    sentences.no_more()
    layer = LimitLayer(
        name=name,
        basis=basis,
        known_from=table.day("known_from"),
        effective_from=effective_from,
        effective_to=effective_to,
        tasks_allowed=None if table.take("tasks_allowed") is None else table.tasks("tasks_allowed"),
        tasks_barred=table.tasks("tasks_barred"),
        contact=cast(Contact | None, table.one_of("contact", CONTACTS, default="") or None),
        places=table.texts("places"),
        volunteers_only=table.flag("volunteers_only"),
        people_max=table.number("people_max"),
    )
    table.no_more()
    return layer
