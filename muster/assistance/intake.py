"""Reading a request out of a document that somebody pasted: labelled lines, each field with its passage. Plain Python.

A line `label: value` fills the field of that label; further lines up to an empty one, or to the next label, belong to it. A value
that the field cannot take as it is written is told as unread, and the field stays not recorded: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from muster.assistance.forms import ASSISTANCE_TYPES
from muster.assistance.passages import Passage, passage_at
from muster.assistance.rules import Priority
from muster.core.quantity import Quantity, QuantityMisread

LONGEST_DOCUMENT = 200_000
# The labels by which the forms, and letters that follow them, name each field, in small letters.
LABELLED: Mapping[str, tuple[str, ...]] = {
    "title": ("subject", "title"),
    "incident": ("incident name", "event name", "incident", "event"),
    "tracking": ("request number", "request no.", "mission number", "mission no.", "internal control number"),
    "requester": ("organization", "requesting organization", "requesting agency", "requesting state", "requester organization"),
    "requested_by.name": ("requester name", "requested by", "requestor name", "name"),
    "requested_by.phone": ("24-hour phone", "requester phone", "24-hour telephone"),
    "requested_by.email": ("requester email", "email", "e-mail"),
    "requested_by.title": ("requester title",),
    "purpose": ("purpose", "mission", "reason for request", "statement of need"),
    "priority": ("priority",),
    "needed_at": ("date and time required", "date required", "needed at", "arrival requested"),
    "site_contact.name": ("site contact", "site contact name", "site poc", "staging poc"),
    "site_contact.phone": ("site contact phone", "site poc phone"),
    "site_contact.email": ("site contact email", "site poc email"),
    "approval.name": ("approving official", "state approving official", "approved by", "section chief"),
    "approval.on": ("date approved", "approval date", "date of approval"),
    "assistance_type": ("type of assistance", "assistance type"),
    "conditions": ("conditions", "conditions and safety", "special instructions"),
    "substitutes": ("suitable substitutes", "substitutes"),
    "reimbursement": ("reimbursement authority", "reimbursement", "paid back under"),
    "fund_citation": ("fund citation",),
    "lines[1].words": ("description", "detailed description", "assistance requested", "resource requested"),
    "lines[1].resource": ("kind and type", "kind/type", "resource type"),
    "lines[1].quantity": ("quantity",),  # of people or of vehicles, as it says
    "lines[1].people": ("people", "number of people", "personnel"),
    "lines[1].vehicles": ("vehicles", "number of vehicles"),
    "lines[1].place": ("delivery site", "delivery place", "delivery location", "place", "location"),
    "lines[1].from": ("start", "start date", "projected start", "from"),
    "lines[1].to": ("end", "end date", "projected end", "to"),
}  # fmt: skip
PATHS = {label: path for path, labels in LABELLED.items() for label in labels}
LINE = re.compile(r"^[ \t]*(?:\d{1,2}[.)] *)?([A-Za-z0-9][A-Za-z0-9 ./-]{1,40}?)[ \t]*:[ \t]*", re.MULTILINE)
PEOPLE, VEHICLES = ("people", "persons", "personnel", "members", "soldiers"), ("vehicles", "trucks", "buses")
DAYS = ("%Y-%m-%d", "%B %d, %Y", "%d %B %Y", "%m/%d/%Y")  # the last as in the United States, month first


@dataclass(frozen=True)
class Unread:
    """A labelled value that its field cannot take as it is written."""

    path: str
    value: str
    why: str


@dataclass
class Reading:
    """What a document says: the fields of a request file by their paths, where each stands, and what could not be read."""

    values: dict[str, Any] = field(default_factory=dict)
    passages: dict[str, Passage] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """The fields as the data of a request file, with the one line that a document has."""
        said: dict[str, Any] = {}
        for path, value in self.values.items():
            outer, _, inner = path.partition(".")
            if outer == "lines[1]":
                said.setdefault("lines", [{}])[0][inner] = value
            elif inner:
                said.setdefault(outer, {})[inner] = value
            else:
                said[outer] = value
        return said


def read_document(text: str) -> Reading:
    """Read the labelled lines of a document. Of a field that is labelled twice the first counts, and the second is unread."""
    reading = Reading()
    for path, begin, end in _stretches(text):
        value = text[begin:end]
        if path in reading.passages:
            reading.unread.append(Unread(path, value, "the field is labelled twice"))
            continue
        try:
            where, read = _read(path, " ".join(value.split()))
        except Unreadable as fault:
            reading.unread.append(Unread(path, value, fault.why))
            continue
        reading.values[where], reading.passages[where] = read, passage_at(text, begin, end)
    return reading


class Unreadable(Exception):
    """A value cannot be read; told as `Unread`."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


def _stretches(text: str) -> Iterator[tuple[str, int, int]]:
    """Each labelled value: its path, and where it begins and ends; values that are empty are passed over."""
    labels = [(found, PATHS.get(" ".join(found[1].lower().split()))) for found in LINE.finditer(text)]
    known = [(found, path) for found, path in labels if path]
    for n, (found, path) in enumerate(known):
        until = known[n + 1][0].start() if n + 1 < len(known) else len(text)
        block = re.split(r"\n[ \t]*\n", text[found.end() : until], maxsplit=1)[0].rstrip()
        if block.strip():
            begin = found.end() + len(block) - len(block.lstrip())
            yield path, begin, begin + len(block.strip())


def _read(path: str, value: str) -> tuple[str, Any]:
    """The path that a value fills, and the value as a request file has it. Raises Unreadable."""
    if path == "priority":
        return path, _priority(value)
    if path == "assistance_type":
        return path, _assistance_type(value)
    if path == "lines[1].quantity":
        return _people_or_vehicles(value)
    read = _READERS.get(path)
    return path, read(value) if read else value


def _priority(value: str) -> str:
    word = value.lower().replace(" ", "_").replace("-", "_")
    if word not in get_args(Priority):
        raise Unreadable("it is none of lifesaving, life sustaining, high, normal")
    return word


def _assistance_type(value: str) -> str:
    word = value.strip().casefold()
    found = [
        code
        for code, words in ASSISTANCE_TYPES.items()
        if word in (code.casefold(), words.partition(" (")[0].casefold())
    ]
    if not found:
        raise Unreadable("it is none of FOS, DFA, TA")
    return found[0]


def _people_or_vehicles(value: str) -> tuple[str, str]:
    number, _, what = value.rpartition(" ")
    if what.lower() in (*PEOPLE, *VEHICLES):
        return f"lines[1].{'people' if what.lower() in PEOPLE else 'vehicles'}", _quantity(number)
    _quantity(value)
    raise Unreadable("it does not say whether it counts people or vehicles")


def _quantity(value: str) -> str:
    try:
        Quantity.parse(value)
    except QuantityMisread:
        raise Unreadable("it is not a number as people state it") from None
    return value


def _day(value: str) -> str:
    for form in DAYS:
        with suppress(ValueError):
            return datetime.strptime(value, form).date().isoformat()  # noqa: DTZ007  # a day, in no zone
    raise Unreadable("it is not a day such as 2026-03-01")


def _moment(value: str) -> str:
    with suppress(ValueError):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.isoformat()
    raise Unreadable("it is not a time with its offset, such as 2026-03-01T08:00:00-06:00")


_READERS: Mapping[str, Callable[[str], Any]] = {
    "needed_at": _moment,
    "approval.on": _day,
    "lines[1].people": _quantity,
    "lines[1].vehicles": _quantity,
    "lines[1].from": _day,
    "lines[1].to": _day,
}
