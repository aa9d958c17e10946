"""A request printed as a paper form: FEMA's Resource Request Form, ICS 213RR, or EMAC's REQ-A.

What the record has no answer for is left as a line to be filled or signed; what the request states and the form has no field for
stands at the end, so that nothing is lost. Which field of the record is which of a form: the shared field dictionary (forms of
`documents.forms`; what a form asks, `assistance.forms`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from muster.assistance import queries as assistance
from muster.assistance import rules
from muster.assistance.comparing import said_of
from muster.assistance.forms import LABELS, LINE_LABELS, flat
from muster.assistance.models import Request, Step
from muster.core.tasks import TASKS
from muster.costs import queries as costs
from muster.costs.rules import KINDS, sum_of, totals, usd_said
from muster.decisions import queries as decisions
from muster.decisions.drafting import APPROVALS
from muster.decisions.models import Decision
from muster.decisions.rules import Limits, sentences_of
from muster.documents.forms import ICS_213RR, REQ_A, RRF, Form
from muster.documents.sheets import Block, Said, Sheet, blanks, fields, heading, items, table, words
from muster.picture.papers.asked import Asked, decision_about


@dataclass
class Filled:
    """What one request says, by paths as in `assistance.forms`, and which of it was printed in a field of the form so far."""

    row: Request
    request: rules.Request
    asked: Asked
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        file = rules.to_file(self.request)
        self.said = flat(file)
        self.lines: list[dict[str, Any]] = file.get("lines", [])
        self.exclusions: list[dict[str, Any]] = file.get("exclusions", [])
        self.facts: dict[str, Any] = file.get("facts", {})

    def take(self, *paths: str) -> Said:
        """What these fields say together, which are printed with that; None where none is stated."""
        self.used.update(paths)
        return ", ".join(self._words(path) for path in paths if path in self.said) or None

    def take_line(self, line: dict[str, Any], *names: str) -> Said:
        """The same of the fields of a line."""
        self.used.update(f"line.{name}" for name in names)
        return ", ".join(_of_line(name, line[name]) for name in names if name in line) or None

    def contact(self, who: str) -> Said:
        """Name, title, telephone and mail address of a contact together."""
        return self.take(*(f"{who}.{name}" for name in ("name", "title", "phone", "email")))

    def without_slot(self) -> Iterator[str]:
        """What the request states and no field of the form took."""
        for path, label in LABELS.items():
            if path in self.said and path not in self.used:
                yield f"{label}: {self._words(path)}"
        for n, line in enumerate(self.lines, start=1):
            for name, label in LINE_LABELS.items():
                if name in line and f"line.{name}" not in self.used:
                    yield f"line {n}, {label}: {said_of(name, line[name])}"
        for each in self.exclusions:
            yield f"left out: {each['task']} {TASKS[each['task']].name}: {each['words']}"
        for name, value in self.facts.items():
            yield f"stated as a fact: {name.replace('_', ' ')}: {said_of(name, value)}"

    def _words(self, path: str) -> str:
        details = self.request.details
        if path == "needed_at":
            return self.asked.said(details.needed_at)
        if path == "paper_due_at":
            return self.asked.said(details.paper_due_at)
        if path == "cost_estimate_usd":
            return f"${details.cost_estimate_usd:,}"
        return said_of(path, self.said[path])

    def submitted(self) -> Step | None:
        """When it was submitted last, as known; None where that is not recorded."""
        known = Step.objects.filter(
            request=self.row, state="submitted", happened_at__lte=self.asked.at, act__number__number__lte=self.asked.known_at
        )  # fmt: skip
        return known.select_related("act__actor").order_by("-n").first()


def _of_line(name: str, value: Any) -> str:
    return f"{said_of(name, value)} {name}" if name in ("people", "vehicles") else said_of(name, value)


@dataclass(frozen=True)
class Decided:
    """The decision about the request that was recorded last, with what it allows at the moment asked for."""

    row: Decision
    limits: Limits | None

    @property
    def is_approval(self) -> bool:
        """Whether anything was allowed."""
        return self.row.outcome in APPROVALS

    @property
    def sentences(self) -> str:
        """Its limits in its own words; empty where it sets none."""
        return " ".join(sentences_of(self.limits))


def _decided(filled: Filled) -> Decided | None:
    row = decision_about(filled.row, filled.asked.known_at)
    if row is None or not decisions.is_taken(row, filled.asked.at, filled.asked.known_at):
        return None
    return Decided(row, decisions.in_force(row, filled.asked.at, filled.asked.known_at).limits)


def _sheet(row: Request, asked: Asked, form: Form, blocks: Any) -> Sheet:
    filled = Filled(row, assistance.as_stood(row, asked.at, asked.known_at), asked)
    filled.take("title")
    made = tuple(blocks(filled, _decided(filled)))
    left = [
        heading("Stated in the request, with no field on this form"),
        items(filled.without_slot(), none="Nothing.", columns=2),
    ]
    return Sheet(
        title=f"{form.name[0].upper()}{form.name[1:]}: {filled.request.title}", about="", form=form, as_of=asked.at,
        exercise=filled.request.kind == "exercise", standing=asked.standing(f"{form.id} of {row.pk}"),
        blocks=(*made, *left),
    )  # fmt: skip


# --- FEMA's Resource Request Form ---------------------------------------------------


def rrf(row: Request, asked: Asked) -> Sheet:
    """The request as FEMA's Resource Request Form, sections I to V and tracking."""
    return _sheet(row, asked, RRF, _rrf)


def _rrf(filled: Filled, decided: Decided | None) -> Iterator[Block]:
    asked = filled.asked
    yield heading("I. Requesting assistance")
    yield fields(
        ("Requester's name", filled.take("requested_by.name")), ("Title", filled.take("requested_by.title")),
        ("24-hour phone", filled.take("requested_by.phone")), ("Organization", filled.take("requester")), ("Fax", None),
        ("E-mail", filled.take("requested_by.email")), columns=3,
    )  # fmt: skip
    yield heading("II. Requested assistance")
    yield table(
        ["Line", "Description", "Quantity", "Delivery site"],
        [[n, filled.take_line(line, "words"), filled.take_line(line, "people", "vehicles"), filled.take_line(line, "place")]
         for n, line in enumerate(filled.lines, start=1)],
        widths=[3, 24, 8, 9], none="No line is stated.",
    )  # fmt: skip
    yield fields(
        ("Priority", filled.take("priority")), ("Date and time required", filled.take("needed_at")),
        ("Site contact's name", filled.take("site_contact.name", "site_contact.title")),
        ("Site contact's phone", filled.take("site_contact.phone")),
        ("Site contact's e-mail", filled.take("site_contact.email")),
        ("II.9 State, tribal or territorial approving official, as stated", filled.take("approval.name", "approval.title", "approval.on")),
        columns=3,
    )  # fmt: skip
    yield blanks("Approving signature, needed for direct federal assistance", "Date and time")
    yield heading("III. Sourcing (FEMA operations)")
    assigned = getattr(filled.row, "assignment", None)
    if assigned is not None:
        esf = f"ESF {assigned.esf}, " if assigned.esf else ""
        yield fields(("Assigned to, as the mission assignment says", f"{esf}{assigned.agency}"), columns=1)
    yield blanks(
        "Reviewed by OPS, LOG, PM, other", "Source", "Assigned to ESF or RSF, OFA, other", "Immediate action required", columns=4
    )  # fmt: skip
    yield heading("IV. Statement of work (FEMA operations)")
    begins, ends = _projected(filled, decided)
    yield fields(
        ("Projected start", begins), ("Projected end", ends), ("Estimated cost", filled.take("cost_estimate_usd")), columns=3,
    )  # fmt: skip
    yield blanks(
        "OFA action officer and contacts", "FEMA project manager and contacts", "Statement of work", columns=3
    )
    yield heading("V. Action taken")
    if decided is None:
        yield blanks("Accepted or rejected", "Requester notified", "Reason or disposition", columns=3)
    else:
        outcome = decided.row.get_outcome_display()
        if decided.row.outcome != "referred":
            outcome = f"{'Accepted' if decided.is_approval else 'Rejected'}: {outcome}"
        yield fields(
            ("Accepted or rejected", f"{outcome}, {decided.row.pk}"), ("Requester notified", None),
            ("Reason or disposition", f"{decided.row.reason} {decided.sentences}".strip()), columns=1,
        )  # fmt: skip
    yield heading("Tracking")
    step = filled.submitted()
    by = step.act.actor and step.act.actor.get_username() if step else None
    yield fields(
        ("FEMA resource request number", f"{filled.row.pk} in this record"),
        ("Program code and event number", f"{assigned.declaration_type}-{assigned.incident}" if assigned else None),
        ("Internal control number", filled.take("tracking")),
        ("Originated as verbal", "yes" if filled.request.verbal else "no"),
        ("Received", f"{asked.said(step.happened_at)}, by {by}" if step else None), ("State", filled.take("state")), columns=3,
    )  # fmt: skip
    filled.take("verbal")


def _projected(filled: Filled, decided: Decided | None) -> tuple[Said, Said]:
    """First and last day: of the decision's limits where one allows it, else of the lines together."""
    filled.used.update(("line.from", "line.to"))
    if decided and decided.limits:
        return filled.asked.day(decided.limits.effective_from), filled.asked.day(decided.limits.effective_to)
    begins = sorted(line["from"] for line in filled.lines if "from" in line)
    ends = sorted(line["to"] for line in filled.lines if "to" in line)
    return begins[0] if begins else None, ends[-1] if ends else None


# --- ICS 213RR ----------------------------------------------------------------------


def ics213rr(row: Request, asked: Asked) -> Sheet:
    """The request as ICS 213RR: the order, its approval, logistics and finance."""
    return _sheet(row, asked, ICS_213RR, _ics213rr)


def _ics213rr(filled: Filled, decided: Decided | None) -> Iterator[Block]:
    step = filled.submitted()
    yield fields(
        ("Incident name", filled.take("incident")), ("Date and time", filled.asked.said(step.happened_at if step else None)),
        ("Resource request number", ", ".join(filter(None, (filled.row.pk, str(filled.take("tracking") or ""))))), columns=3,
    )  # fmt: skip
    yield heading("Order")
    arrival, cost = filled.take("needed_at"), filled.take("cost_estimate_usd")
    yield table(
        ["Line", "Quantity", "Kind and type", "Detailed description", "Arrival requested", "Arrival estimated", "Delivery place"],
        [[n, filled.take_line(line, "people", "vehicles"), filled.take_line(line, "resource"), filled.take_line(line, "words"), arrival,
          None, filled.take_line(line, "place")] for n, line in enumerate(filled.lines, start=1)],
        widths=[3, 7, 7, 16, 8, 7, 8], none="No line is stated.",
    )  # fmt: skip
    yield fields(
        ("Cost", cost), ("Priority, in the request's own word (the form knows urgent, routine and low)", filled.take("priority")),
        ("Requested by, name and position", filled.take("requested_by.name", "requested_by.title", "requester")),
        ("Contact at the place", filled.contact("site_contact")),
        ("Suitable substitutes and suggested sources", filled.take("substitutes")),
        ("Section chief approval, as stated", filled.take("approval.name", "approval.title", "approval.on")),
    )  # fmt: skip
    if decided is not None and decided.sentences:
        yield fields((f"Notes: limits of {decided.row.pk}", decided.sentences), columns=1)
    yield blanks("Section chief's signature", "Date and time")
    yield heading("Logistics")
    yield blanks(
        "Order number",
        "Supplier, name, phone, e-mail",
        "Notes",
        "Approved by, signature, date",
        "Order placed by",
        columns=3,
    )
    yield heading("Finance")
    yield fields(("Fund citation, as the request states it", filled.take("fund_citation")), columns=1)
    yield blanks("Reply or comments from finance", "Finance section, signature, date")


# --- EMAC REQ-A ---------------------------------------------------------------------


def req_a(row: Request, asked: Asked) -> Sheet:
    """The request as EMAC REQ-A: section I; of section II what was decided and estimated, and section III to be signed."""
    return _sheet(row, asked, REQ_A, _req_a)


def _req_a(filled: Filled, decided: Decided | None) -> Iterator[Block]:
    step = filled.submitted()
    yield heading("Section I. Request (requesting state)")
    yield fields(
        ("Event name", filled.take("incident")), ("Mission number", filled.take("tracking")),
        ("Date", filled.asked.said(step.happened_at if step else None)),
        ("Requesting party", filled.take("requester")),
        ("Contact", filled.contact("requested_by")),
        ("State asked", filled.take("state")), columns=3,
    )  # fmt: skip
    yield table(
        ["Line", "Resource: type and kind", "Quantity", "Capability", "Start", "End", "Place"],
        [[n, filled.take_line(line, "resource"), filled.take_line(line, "people", "vehicles"), filled.take_line(line, "words"),
          filled.take_line(line, "from"), filled.take_line(line, "to"), filled.take_line(line, "place")]
         for n, line in enumerate(filled.lines, start=1)],
        widths=[3, 9, 7, 16, 6, 6, 8], none="No line is stated.",
    )  # fmt: skip
    yield fields(
        ("Mission", filled.take("purpose")),
        ("Staging contact", filled.contact("site_contact")),
        ("Conditions and safety", filled.take("conditions")), ("Lodging and meals provided", None),
        ("Authorized Representative, as stated", filled.take("approval.name", "approval.title", "approval.on")), columns=1,
    )  # fmt: skip
    yield blanks("Signature of the requesting state's Authorized Representative", "Date")
    yield heading("Section II. Offer (assisting state)")
    if decided is not None and decided.is_approval:
        yield from _offer(filled, decided)
    else:
        yield blanks(
            "Resource", "People", "Deployment dates", "Cost estimate, total", "Conditions", columns=3
        )
        yield blanks(*(f"Cost estimate: {kind}" for kind in KINDS), columns=5)
    yield blanks("Signature of the assisting state's Authorized Representative", "Date")
    yield heading("Section III. Acceptance (requesting state)")
    yield blanks(
        "Accepted", "Mission tracking number", "Signature of the requesting state's Authorized Representative", "Date", columns=4
    )  # fmt: skip


def _offer(filled: Filled, decided: Decided) -> Iterator[Block]:
    """What the decision allows and what is estimated under it; the offer itself is made by the signature."""
    limits = decided.limits
    yield words(
        f"From {decided.row.pk}, {decided.row.get_outcome_display()} by the {decided.row.office.title}. It is an offer once it is signed."
    )
    people = limits.people_max if limits else None
    begins, ends = (limits.effective_from, limits.effective_to) if limits else (None, None)
    yield fields(
        ("Resource", "as asked for in section I, within the conditions"), ("People at most at any one moment", people),
        ("Deployment dates", f"{filled.asked.day(begins)} to {filled.asked.day(ends)}"), columns=3,
    )  # fmt: skip
    lines = costs.standing(
        chain.from_iterable(
            costs.costs_of(each.pk, filled.asked.known_at) for each in decided.row.missions.all()
        )
    )
    estimates = {each.kind: each.amount for each in totals(lines, "estimate")}
    whole = sum_of(each.line for each in lines if each.line.stage == "estimate")
    stated = filled.take("cost_estimate_usd")
    yield fields(
        *((f"Cost estimate: {kind}", usd_said(estimates[kind]) if kind in estimates else None) for kind in KINDS),
        ("Cost estimate, total", usd_said(whole) if estimates else stated and f"{stated}, as the request states it"), columns=3,
    )  # fmt: skip
    yield heading("Conditions", level=3)
    yield items(sentences_of(limits), none="None is recorded.")
