"""Which field of a request, a decision or a task is which of EDXL-RM and of the paper forms: one table. Plain Python.

`edxl.py` writes and reads messages by it, and `docs/forms-and-messages.md` is made of it. EDXL-RM 1.0 is an OASIS Standard of 1 November
2008, with approved errata of 22 December 2009: its version, namespaces and names of messages were read (C); what each element holds is from
general knowledge (GK) and is to be checked against the errata. The forms' marks stand in `forms.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from muster.assistance.forms import LABELS, LINE_LABELS

Kind = Literal["request", "decision", "task"]
RESOURCE = "ResourceInformation"  # of a message each line is one
CONTACT = "AdditionalContactInformation"
SITE = "Contact at the site"  # EDXL-RM has no role for it: a contact that says so
DUTY = f"{RESOURCE}/Resource/SpecialRequirements"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One field, and where each standard has it. Empty `edxl`: it has no slot and stands in words, in `in_words`.

    `name` is a path as in `forms.LABELS`; of a line it begins with `line.`. A path of EDXL-RM names in brackets the role of a contact,
    the type of a moment, or the list that a value is of.
    """

    kind: Kind
    name: str
    label: str
    edxl: str = ""
    in_words: str = "MessageDescription"
    rrf: str = ""
    ics213rr: str = ""
    req_a: str = ""


def _party(role: str, of: str) -> str:
    return {
        "name": f"ContactInformation[{role}]/{CONTACT}/PartyName/PersonName/NameElement",
        "phone": f"ContactInformation[{role}]/{CONTACT}/ContactNumbers/ContactNumber/ContactNumberElement",
        "email": f"ContactInformation[{role}]/{CONTACT}/ElectronicAddressIdentifiers/ElectronicAddressIdentifier",
    }.get(of, "")


_SCHEDULE = f"{RESOURCE}/ScheduleInformation"
# Of each field of a request: EDXL-RM, RRF, ICS 213RR, REQ-A.
_REQUEST: Mapping[str, tuple[str, str, str, str]] = {
    "id": ("MessageID", "tracking: FEMA resource request number", "resource request number", ""),
    "title": ("MessageDescription", "", "", ""),
    "kind": ("MessageDescription", "", "", ""),
    "form": ("", "", "", ""),
    "assistance_type": ("", "", "", ""),
    "incident": ("IncidentInformation/IncidentDescription", "", "incident name", "I event name"),
    "tracking": ("", "tracking: internal control number", "resource request number", "I mission number"),
    "requester": ("ContactInformation[Requester]/ContactDescription", "I organization", "requested by", "I requesting party"),
    "agency": ("", "", "", ""),
    "agency_kind": ("", "", "", ""),
    "requested_by.name": (_party("Requester", "name"), "I requester's name", "requested by", "I contact"),
    "requested_by.title": ("", "I title", "requested by", "I contact"),
    "requested_by.phone": (_party("Requester", "phone"), "I 24-hour phone", "", "I contact"),
    "requested_by.email": (_party("Requester", "email"), "I e-mail", "", "I contact"),
    "asked": ("ContactInformation[RespondingOrg]/ContactDescription", "", "", ""),
    "state": ("ContactInformation[RespondingOrg]/ContactLocation/LocationDescription", "tracking: state", "", "I state asked"),
    "purpose": (f"{RESOURCE}/AssignmentInformation/AnticipatedFunction", "", "", "I mission"),
    "priority": ("", "II priority", "priority", ""),
    "needed_at": (f"{_SCHEDULE}[RequestedArrival]/DateTime", "II date and time required", "arrival requested", ""),
    "verbal": ("", "tracking: originated as verbal", "", ""),
    "paper_due_at": ("", "", "", ""),
    "site_contact.name": (_party(SITE, "name"), "II site contact's name", "contact at the place", "I staging contact"),
    "site_contact.title": ("", "II site contact's name", "contact at the place", "I staging contact"),
    "site_contact.phone": (_party(SITE, "phone"), "II site contact's phone", "contact at the place", "I staging contact"),
    "site_contact.email": (_party(SITE, "email"), "II site contact's e-mail", "contact at the place", "I staging contact"),
    "approval.name": (_party("Approver", "name"), "II.9 approving official", "section chief approval", "I Authorized Representative"),
    "approval.title": ("", "II.9 approving official", "section chief approval", "I Authorized Representative"),
    "approval.on": ("", "II.9 approving official", "section chief approval", "I Authorized Representative"),
    "conditions": (f"{RESOURCE}/AssignmentInformation/Restrictions", "", "", "I conditions and safety"),
    "substitutes": ("", "", "suitable substitutes", ""),
    "cost_estimate_usd": (
        f"{RESOURCE}/AssignmentInformation/PriceQuote/MeasuredQuantity/Amount", "IV estimated cost", "cost", ""
    ),
    "fund_citation": ("Funding/FundCode", "", "finance: fund citation", ""),
    "reimbursement": ("Funding/FundingInfo", "", "", ""),
    "duty_status_asked": ("", "", "", ""),
    "federal_order": ("", "", "", ""),
    "as_of": ("", "", "", ""),
    "exclusions": ("", "", "", ""),
    "facts": ("", "", "", ""),
    "line.task": (f"{RESOURCE}/Resource/TypeStructure[urn:muster:task]/Value", "", "", ""),
    "line.words": (f"{RESOURCE}/Resource/Description", "II description", "detailed description", "I capability"),
    "line.people": (f"{RESOURCE}/AssignmentInformation/Quantity/QuantityText", "II quantity", "quantity", "I quantity"),
    "line.vehicles": (f"{RESOURCE}/AssignmentInformation/Quantity/QuantityText", "II quantity", "quantity", "I quantity"),
    "line.place": (f"{_SCHEDULE}[ReportTo]/Location/LocationDescription", "II delivery site", "delivery place", "I place"),
    "line.resource": (f"{RESOURCE}/Resource/Name", "", "kind and type", "I resource: type and kind"),
    "line.from": (f"{_SCHEDULE}[BeginAvailable]/DateTime", "IV projected start", "", "I start"),
    "line.to": (f"{_SCHEDULE}[EndAvailable]/DateTime", "IV projected end", "", "I end"),
    "line.contact": (f"{RESOURCE}/Resource/Keyword[urn:muster:contact]/Value", "", "", ""),
}  # fmt: skip
_IN_WORDS = {"duty_status_asked": DUTY, "federal_order": DUTY}
_OTHER_LABELS = {"id": "id", "exclusions": "left out by the request itself", "facts": "stated as a fact"}


def _of_request(name: str, columns: tuple[str, str, str, str]) -> Slot:
    edxl, rrf, ics213rr, req_a = columns
    of_line = name.removeprefix("line.")
    label = f"line: {LINE_LABELS[of_line]}" if of_line != name else LABELS.get(name) or _OTHER_LABELS[name]
    in_words = _IN_WORDS.get(name, "MessageDescription")
    return Slot(
        kind="request", name=name, label=label, edxl=edxl, in_words=in_words, rrf=rrf, ics213rr=ics213rr, req_a=req_a
    )  # fmt: skip


def _decision(
    name: str, label: str, edxl: str = "", rrf: str = "", ics213rr: str = "", req_a: str = ""
) -> Slot:
    in_words = DUTY if name in ("duty_status", "legal_authority") else "MessageDescription"
    return Slot(
        kind="decision", name=name, label=label, edxl=edxl, in_words=in_words, rrf=rrf, ics213rr=ics213rr, req_a=req_a
    )  # fmt: skip


def _task(name: str, label: str, edxl: str = "") -> Slot:
    in_words = DUTY if name in ("duty_status", "armed", "volunteers") else "MessageDescription"
    return Slot(kind="task", name=name, label=label, edxl=edxl, in_words=in_words)


SLOTS: tuple[Slot, ...] = (
    *(_of_request(name, columns) for name, columns in _REQUEST.items()),
    _decision("id", "id", "MessageID", "V accepted or rejected"),
    _decision("decided_at", "when it was taken", "SentDateTime"),
    _decision("request", "the request", "OriginatingMessageID"),
    _decision("incident", "incident or event", "IncidentInformation/IncidentDescription"),
    _decision("office", "office that decided", "ContactInformation[Approver]/ContactDescription"),
    _decision("organisation", "organisation that answers", "ContactInformation[RespondingOrg]/ContactDescription"),
    _decision("funding_ref", "funding", "Funding/FundCode"),
    _decision("outcome", "outcome", "", "V accepted or rejected"),
    _decision("instrument", "instrument"),
    _decision("line.answer", "what was decided of a line", f"{RESOURCE}/ResponseInformation/ResponseType"),
    _decision("line.n", "the line of the request", f"{RESOURCE}/ResponseInformation/PrecedingResourceInfoElementID"),
    _decision("line.reason", "reason, and what is said of the line", f"{RESOURCE}/ResponseInformation/ResponseReason",
              "V reason or disposition"),
    _decision("line.limits", "limits in their sentences", f"{RESOURCE}/AssignmentInformation/Restrictions", "V reason or disposition",
              "notes: limits", "II conditions"),
    _decision("line.task", "task category", f"{RESOURCE}/Resource/TypeStructure[urn:muster:task]/Value"),
    _decision("line.people", "people allowed", f"{RESOURCE}/AssignmentInformation/Quantity/QuantityText", "", "", "II people"),
    _decision("line.begins_at", "first moment", f"{_SCHEDULE}[BeginAvailable]/DateTime", "IV projected start", "", "II deployment dates"),
    _decision("line.ends_at", "end, not included", f"{_SCHEDULE}[EndAvailable]/DateTime", "IV projected end", "", "II deployment dates"),
    _decision("legal_authority", "laws that it rests on"),
    _decision("duty_status", "duty status"),
    _task("id", "id", "MessageID"),
    _task("ordered_at", "when it was ordered", "SentDateTime"),
    _task("request", "the request", "OriginatingMessageID"),
    _task("decision", "the decision", "PrecedingMessageID"),
    _task("mission", "mission"),
    _task("incident", "incident or event", "IncidentInformation/IncidentDescription"),
    _task("organisation", "organisation that orders", "ContactInformation[Requester]/ContactDescription"),
    _task("line.id", "order", f"{RESOURCE}/AssignmentInformation/OrderID"),
    _task("line.task", "task category", f"{RESOURCE}/Resource/TypeStructure[urn:muster:task]/Value"),
    _task("line.words", "what is done", f"{RESOURCE}/Resource/Description"),
    _task("line.function", "name of the category", f"{RESOURCE}/AssignmentInformation/AnticipatedFunction"),
    _task("line.quantity", "people and vehicles", f"{RESOURCE}/AssignmentInformation/Quantity/QuantityText"),
    _task("line.limits", "limits and conditions", f"{RESOURCE}/AssignmentInformation/Restrictions"),
    _task("line.place", "place", f"{_SCHEDULE}[ReportTo]/Location/LocationDescription"),
    _task("line.begins_at", "begins", f"{_SCHEDULE}[BeginAvailable]/DateTime"),
    _task("line.ends_at", "ends, not included", f"{_SCHEDULE}[EndAvailable]/DateTime"),
    _task("line.contact", "contact with persons in custody", f"{RESOURCE}/Resource/Keyword[urn:muster:contact]/Value"),
    _task("duty_status", "duty status"),
    _task("armed", "arms"),
    _task("volunteers", "volunteers only"),
)  # fmt: skip


def slots(kind: Kind) -> list[Slot]:
    """The fields of a kind of record, in the order of the table."""
    return [slot for slot in SLOTS if slot.kind == kind]


MESSAGES: Mapping[Kind, str] = {
    "request": "RequestResource", "decision": "ResponseToRequestResource", "task": "RequisitionResource",
}  # fmt: skip
_INTRODUCTION = """# Requests, decisions and tasks in EDXL-RM and on paper forms

Made of the table `SLOTS` in `muster/assistance/exchange.py` by `uv run python docs/make_forms_and_messages.py`; a test holds the two
against each other, against the messages that are written and read, and against the forms that are printed.

EDXL-RM 1.0 is an OASIS Standard (1 November 2008, approved errata 22 December 2009). Its version, namespaces and names of messages were
read (C); what each element holds is from general knowledge (GK): check it against the errata before you rely on it. Of the forms, the
fields of the RRF (FF-104-FY-21-120) were read in a copy (C); those of ICS 213RR and of REQ-A are from general knowledge (GK).

*No slot* means that the standard has no field for it. In a message it then stands in words, where the table says, as a line
`label: value`. Of a request Muster reads such lines back, and other systems' people can read them; their programs cannot. A path names
in brackets the role of a contact, the type of a moment, or the list that a value is of; the lists `urn:muster:task` and
`urn:muster:contact` are our own. What limits a decision sets is text there: no standard has fields for them.
"""


def as_markdown() -> str:
    """The table as a document."""
    parts = [_INTRODUCTION]
    for kind, message in MESSAGES.items():
        parts.append(f"## A {kind}: {message}\n")
        forms = kind != "task"
        heads = ["field", "EDXL-RM", *(["RRF", "ICS 213RR", "REQ-A"] if forms else [])]
        rows = [heads, ["---"] * len(heads)]
        for slot in slots(kind):
            edxl = f"`{slot.edxl}`" if slot.edxl else f"no slot; in words in `{slot.in_words}`"
            rows.append(
                [
                    slot.label,
                    edxl,
                    *([each or "no slot" for each in (slot.rrf, slot.ics213rr, slot.req_a)] if forms else []),
                ]
            )
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n")
    return "\n".join(parts)
