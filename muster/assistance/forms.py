"""The paper forms on which requests come, what each needs, and the words for every field. Plain Python.

Source: `FEMA Resource Request Form` FF-104-FY-21-120 (fields read in a copy of the form); ICS 213RR of the NIMS ICS Forms
Booklet, FEMA 502-2, September 2010 (the booklet was read, its list of blocks is from general knowledge); EMAC REQ-A section I
(its structure was read, its fields are from general knowledge). A form's `mark` says so: C, or GK.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from muster.assistance.rules import FormId, Request, to_file

# The words for each field of a request, in the order in which people read one.
LABELS: Mapping[str, str] = {
    "title": "title", "form": "form it came on", "assistance_type": "type of assistance",
    "incident": "incident or event", "tracking": "requester's own number",
    "requester": "who asks", "agency": "agency in the record", "agency_kind": "kind of agency",
    "requested_by.name": "name of who asks", "requested_by.title": "title of who asks",
    "requested_by.phone": "24-hour telephone of who asks", "requested_by.email": "mail address of who asks",
    "asked": "office asked", "state": "state asked", "kind": "real or exercise", "purpose": "purpose", "priority": "priority",
    "needed_at": "needed at", "verbal": "asked by word of mouth", "paper_due_at": "paper promised for",
    "site_contact.name": "name of the contact at the site", "site_contact.title": "title of the contact at the site",
    "site_contact.phone": "telephone of the contact at the site", "site_contact.email": "mail address of the contact at the site",
    "approval.name": "name of the approving official", "approval.title": "title of the approving official",
    "approval.on": "day of the approving signature", "conditions": "conditions", "substitutes": "suitable substitutes",
    "cost_estimate_usd": "cost estimate, US dollars", "fund_citation": "fund citation",
    "reimbursement": "paid back under", "duty_status_asked": "duty status asked", "federal_order": "federal order",
    "as_of": "as it stood on",
}  # fmt: skip
LINE_LABELS: Mapping[str, str] = {
    "task": "task category", "words": "what is needed", "people": "people", "vehicles": "vehicles", "place": "place",
    "resource": "kind and type", "from": "from", "to": "to", "contact": "contact with persons in custody",
}  # fmt: skip
ASSISTANCE_TYPES: Mapping[str, str] = {
    "FOS": "Federal operations support (FOS)", "DFA": "Direct federal assistance (DFA)", "TA": "Technical assistance (TA)",
}  # fmt: skip
IN_A_LINE = re.compile(r"lines\[(\d{1,4})\]\.(\w+)", re.ASCII)


@dataclass(frozen=True)
class Form:
    """A paper form: the fields that it needs, by the block in which it asks for each.

    A path that begins with `line.` is needed of every line; several paths with `or` between them, one of them.
    """

    id: FormId
    name: str
    mark: str
    needs: Mapping[str, str]


FORMS: Mapping[FormId, Form] = {
    form.id: form
    for form in (
        Form("rrf", "FEMA Resource Request Form (RRF)", "C", {
            "requested_by.name": "I requester name", "requested_by.title": "I title",
            "requested_by.phone": "I 24-hour phone", "requester": "I organization", "requested_by.email": "I email",
            "line.words": "II description", "line.people or line.vehicles": "II quantity", "priority": "II priority",
            "needed_at": "II date and time required", "line.place": "II delivery site",
            "site_contact.name": "II site contact name", "site_contact.phone": "II site contact phone",
            "site_contact.email": "II site contact email",
        }),
        Form("ics213rr", "ICS 213RR, Resource Request", "GK", {
            "incident": "incident name", "line.people or line.vehicles": "quantity", "line.resource": "kind and type",
            "line.words": "detailed description", "needed_at": "arrival requested", "line.place": "delivery place",
            "requested_by.name": "requested by", "priority": "priority", "approval.name": "section chief approval",
        }),
        Form("req_a", "EMAC REQ-A, section I", "GK", {
            "incident": "event name", "tracking": "mission number", "state": "state", "requested_by.name": "contact",
            "line.resource": "resource type and kind", "line.people or line.vehicles": "quantity",
            "line.words": "capability", "purpose": "mission", "line.from": "start", "line.to": "end", "line.place": "place",
            "site_contact.name": "staging contact", "conditions": "conditions and safety",
        }),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Lack:
    """A field that a form needs and the request does not state: its path, its words, and the block that asks for it."""

    path: str
    label: str
    block: str


def label(path: str) -> str:
    """The words for a field of a request; of a line with its number."""
    if inside := IN_A_LINE.fullmatch(path):
        return f"line {inside[1]}: {LINE_LABELS.get(inside[2], inside[2])}"
    return LABELS.get(path, path)


def flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request file by their paths, lines, exclusions and facts aside."""
    found: dict[str, Any] = {}
    for name, value in said.items():
        if name in ("requested_by", "site_contact", "approval"):
            found |= {f"{name}.{inner}": text for inner, text in value.items()}
        elif name not in ("lines", "exclusions", "facts"):
            found[name] = value
    return found


def lacking(request: Request, form: FormId | None) -> list[Lack]:
    """What a form needs and the request does not state, in the form's order; after it what direct federal assistance needs."""
    said = to_file(request)
    stated = flat(said)
    needs = FORMS[form].needs if form else {}
    of_form = [
        lack for path, block in needs.items() for lack in _lacking(path, block, stated, said.get("lines", []))
    ]
    asked = {lack.path for lack in of_form}
    return of_form + [
        lack for lack in unsigned(request, request.details.assistance_type) if lack.path not in asked
    ]


def unsigned(request: Request, assistance_type: str | None) -> list[Lack]:
    """What is not stated of the signature that direct federal assistance needs: the state's or tribe's approving official, and the day.

    Source: rule MA-04; RRF block II.9 (FF-104-FY-21-120), where the form says so.
    """
    if assistance_type != "DFA":
        return []
    stated = flat(to_file(request))
    return [
        Lack(path, label(path), "II.9 approving signature, needed for direct federal assistance")
        for path in ("approval.name", "approval.on")
        if path not in stated
    ]


def _lacking(path: str, block: str, stated: Mapping[str, Any], lines: list[dict[str, Any]]) -> Iterator[Lack]:
    if not path.startswith("line."):
        if path not in stated:
            yield Lack(path, label(path), block)
        return
    names = [one.removeprefix("line.") for one in path.split(" or ")]
    for n, line in enumerate(lines, start=1):
        if not any(name in line for name in names):
            words = " or ".join(LINE_LABELS[name] for name in names)
            yield Lack(f"lines[{n}].{names[0]}", f"line {n}: {words}", block)
