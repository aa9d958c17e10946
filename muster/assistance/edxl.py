"""Messages of EDXL-RM 1.0 (OASIS): written by the table of `exchange.py`, and a RequestResource read back into a request. Plain Python.

Nothing of a message from outside is followed: a document type, and with it every entity, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement
from xml.parsers import expat

from muster.assistance.exchange import DUTY, MESSAGES, RESOURCE, SITE, Kind, Slot, slots
from muster.assistance.forms import flat
from muster.assistance.rules import Request, to_file
from muster.core.characters import carried
from muster.core.errors import MusterError
from muster.core.quantity import Quantity, QuantityMisread

RM = "urn:oasis:names:tc:emergency:EDXL:RM:1.0"
MSG = f"{RM}:msg"
XPIL, XNL = "urn:oasis:names:tc:ciq:xpil:3", "urn:oasis:names:tc:ciq:xnl:3"
for _prefix, _uri in (("", MSG), ("rm", RM), ("xpil", XPIL), ("xnl", XNL)):
    ElementTree.register_namespace(_prefix, _uri)
DEEPEST = 60
# The children of each element, in the order of the schema, and the namespace that they are in.
CHILDREN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "": (MSG, ("MessageID", "SentDateTime", "MessageContentType", "MessageDescription", "OriginatingMessageID", "PrecedingMessageID",
               "IncidentInformation", "Funding", "ContactInformation", RESOURCE)),
    "IncidentInformation": (RM, ("IncidentDescription",)),
    "Funding": (RM, ("FundCode", "FundingInfo")),
    "ContactInformation": (RM, ("ContactDescription", "ContactRole", "ContactLocation", "AdditionalContactInformation")),
    "ContactLocation": (RM, ("LocationDescription",)),
    "AdditionalContactInformation": (XPIL, ("PartyName", "ContactNumbers", "ElectronicAddressIdentifiers")),
    "PartyName": (XNL, ("PersonName",)),
    "PersonName": (XNL, ("NameElement",)),
    "ContactNumbers": (XPIL, ("ContactNumber",)),
    "ContactNumber": (XPIL, ("ContactNumberElement",)),
    "ElectronicAddressIdentifiers": (XPIL, ("ElectronicAddressIdentifier",)),
    RESOURCE: (MSG, ("ResourceInfoElementID", "ResponseInformation", "Resource", "AssignmentInformation", "ScheduleInformation")),
    "ResponseInformation": (RM, ("PrecedingResourceInfoElementID", "ResponseType", "ResponseReason")),
    "Resource": (MSG, ("Name", "TypeStructure", "Keyword", "Description", "SpecialRequirements")),
    "TypeStructure": (RM, ("ValueListURN", "Value")),
    "Keyword": (RM, ("ValueListURN", "Value")),
    "AssignmentInformation": (MSG, ("Quantity", "Restrictions", "AnticipatedFunction", "PriceQuote", "OrderID")),
    "Quantity": (RM, ("QuantityText",)),
    "PriceQuote": (RM, ("MeasuredQuantity",)),
    "MeasuredQuantity": (RM, ("Amount", "UnitOfMeasure")),
    "UnitOfMeasure": (RM, ("ValueListURN", "Value")),
    "ScheduleInformation": (MSG, ("ScheduleType", "DateTime", "Location")),
    "Location": (RM, ("LocationDescription",)),
}  # fmt: skip
KEYS = {
    "ContactInformation": "ContactRole", "ScheduleInformation": "ScheduleType", "TypeStructure": "ValueListURN", "Keyword": "ValueListURN",
}  # fmt: skip
_SEGMENT = re.compile(r"(\w+)(?:\[(.+)\])?")
_EXERCISE = "EXERCISE: "
_COUNTED = re.compile(r"(.+) (people|vehicles)")


class MalformedXml(MusterError):
    """The text is no XML."""

    code = "assistance.malformed_xml"

    def __init__(self, *, reason: str, row: int) -> None:
        self.reason, self.row = reason, row
        super().__init__(
            f"The file cannot be read as XML; line {row}: {reason}. Nothing of it was kept. Correct it there."
        )


class DocumentTypeRefused(MusterError):
    """The XML declares a document type, by which entities could be brought in."""

    code = "assistance.document_type_refused"

    def __init__(self) -> None:
        super().__init__(
            "The file declares a document type (DOCTYPE), and nothing of it was read: entities can bring in other files. "
            "Save it without one."
        )


class NoRequestInIt(MusterError):
    """The XML holds no request of EDXL-RM."""

    code = "assistance.no_request_in_it"

    def __init__(self, *, root: str) -> None:
        self.root = root[:60]
        super().__init__(
            f"The file holds no RequestResource of EDXL-RM 1.0; its root is {self.root}. Nothing of it was kept. Send the request itself."
        )


# --- writing ------------------------------------------------------------------------


def write(
    kind: Kind,
    head: Mapping[str, str],
    lines: Sequence[Mapping[str, str]],
    *,
    description: str,
    sent_at: datetime,
) -> bytes:
    """A message by the table: fields of the whole in `head`, of each line in `lines`, by the slots' names without `line.`.

    `description` is the first line of MessageDescription; what has no slot follows it in words. At least one ResourceInformation stands.
    """
    root = Element(f"{{{MSG}}}{MESSAGES[kind]}")
    _put(root, "MessageContentType", MESSAGES[kind])
    _put(root, "SentDateTime", sent_at.astimezone(UTC).isoformat())
    told: dict[str, list[str]] = {"MessageDescription": [description], DUTY: []}
    parts = [SubElement(root, f"{{{MSG}}}{RESOURCE}") for _ in lines or [{}]]
    for n, part in enumerate(parts, start=1):
        _put(part, "ResourceInfoElementID", str(n), inside=RESOURCE)
    for slot in slots(kind):
        if slot.name.startswith("line."):
            for part, line in zip(parts, lines, strict=False):
                _place(part, slot, line.get(slot.name.removeprefix("line.")))
        elif slot.name in head and not slot.edxl:
            told[slot.in_words].append(f"{slot.label}: {_indented(head[slot.name])}")
        elif slot.edxl.startswith(RESOURCE):
            for part in parts[:1] if slot.name == "cost_estimate_usd" else parts:
                _place(part, slot, head.get(slot.name))
        elif slot.edxl not in ("SentDateTime", "MessageDescription"):
            _place(root, slot, head.get(slot.name))
    for path, words in told.items():
        for at in parts if path == DUTY else [root]:
            if words:
                _put(
                    at,
                    path.removeprefix(f"{RESOURCE}/"),
                    "\n".join(words),
                    inside=RESOURCE if at is not root else "",
                )
    _in_order(root, "")
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _indented(value: str) -> str:
    """Further lines of a value begin with two spaces, so that they are told from the next label."""
    return carried(value).replace("\n", "\n  ")


def _place(at: Element, slot: Slot, value: str | None) -> None:
    if value:
        of_resource = slot.edxl.startswith(f"{RESOURCE}/")
        _put(at, slot.edxl.removeprefix(f"{RESOURCE}/"), value, inside=RESOURCE if of_resource else "")


def _put(at: Element, path: str, value: str, *, inside: str = "") -> None:
    """Write a value under its path, making what is not there yet. Two fields of one element stand together in it."""
    for segment in path.split("/"):
        name, key = _parsed(segment)
        found = _child(at, inside, name, key)
        if found is None:
            found = SubElement(at, f"{{{CHILDREN[inside][0]}}}{name}")
            if key is not None:
                SubElement(found, f"{{{CHILDREN[name][0]}}}{_key_of(name, key)}").text = key
        at, inside = found, name
    at.text = f"{at.text}; {carried(value)}" if at.text else carried(value)
    if inside == "ElectronicAddressIdentifier":
        at.set(f"{{{XPIL}}}Type", "EMAIL")


def _parsed(segment: str) -> tuple[str, str | None]:
    found = _SEGMENT.fullmatch(segment)
    assert found is not None  # the paths are the table's
    return found[1], found[2]


def _key_of(name: str, key: str) -> str:
    return "ContactDescription" if key == SITE else KEYS[name]


def _child(at: Element, inside: str, name: str, key: str | None) -> Element | None:
    """The child of that name; with a key, the one that says it."""
    for each in at.findall(f"{{{CHILDREN[inside][0]}}}{name}"):
        if key is None or _text(each.find(f"{{{CHILDREN[name][0]}}}{_key_of(name, key)}")) == key:
            return each
    return None


def _in_order(at: Element, name: str) -> None:
    """Put the children where the schema has them; those of one name stay in their order."""
    order = CHILDREN.get(name, ("", ()))[1]
    at[:] = sorted(at, key=lambda child: order.index(_local(child)))
    for child in at:
        _in_order(child, _local(child))


def _local(at: Element) -> str:
    return at.tag.rpartition("}")[2]


def request_resource(request: Request, *, sent_at: datetime) -> bytes:
    """The request as a RequestResource; `read_messages` gives the same request back."""
    said = to_file(request)
    lines, exclusions, facts = said.pop("lines", []), said.pop("exclusions", []), said.pop("facts", {})
    head = {name: str(value) for name, value in flat(said).items() if name not in ("title", "kind", "verbal")}
    if request.verbal:
        head["verbal"] = "yes"
    if exclusions:
        head["exclusions"] = "\n".join(
            f"{each['task']} {' '.join(each['words'].split())}" for each in exclusions
        )
    if facts:
        head["facts"] = "\n".join(f"{name} = {str(value).lower()}" for name, value in facts.items())
    mark = _EXERCISE if request.kind == "exercise" else ""
    return write(
        "request",
        head,
        [_line(line) for line in lines],
        description=mark + " ".join(request.title.split()),
        sent_at=sent_at,
    )


def _line(line: Mapping[str, Any]) -> dict[str, str]:
    """A line's fields as text: quantities with what they count, days as the moments at which they begin and end."""
    told = {name: value for name, value in line.items() if isinstance(value, str)}
    for name in ("people", "vehicles"):
        if name in line:
            told[name] = f"{Quantity.from_json(line[name]).said} {name}"
    for name, clock in (("from", "00:00:00"), ("to", "23:59:59")):
        if name in line:
            told[name] = f"{line[name]}T{clock}+00:00"
    return told


# --- reading ------------------------------------------------------------------------


def parse(text: str) -> Element:
    """The root of an XML text. Raises MalformedXml, DocumentTypeRefused."""
    builder, parser, depth = ElementTree.TreeBuilder(), expat.ParserCreate("utf-8", "}"), 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise MalformedXml(reason="it is nested too deep", row=parser.CurrentLineNumber)
        builder.start(_named(name), {_named(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_named(name))

    def refuse(*declared: object) -> None:
        raise DocumentTypeRefused()

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = (
        start,
        end,
        builder.data,
    )
    parser.StartDoctypeDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as fault:
        raise MalformedXml(reason=expat.errors.messages[fault.code], row=fault.lineno) from None
    return builder.close()


def _named(name: str) -> str:
    return f"{{{name}" if "}" in name else name


def read_messages(text: str) -> list[dict[str, Any]]:
    """Each RequestResource of an XML text, also inside an envelope, as the data of a request file.

    Raises MalformedXml, DocumentTypeRefused, NoRequestInIt.
    """
    root = parse(text)
    found = list(root.iter(f"{{{MSG}}}{MESSAGES['request']}"))
    if not found:
        raise NoRequestInIt(root=_local(root))
    return [_request(message) for message in found]


def _request(root: Element) -> dict[str, Any]:
    parts = root.findall(f"{{{MSG}}}{RESOURCE}")
    first = parts[0] if parts else root
    title, _, words = _at(root, "MessageDescription").partition("\n")
    said: dict[str, Any] = {"title": title.removeprefix(_EXERCISE)}
    if title.startswith(_EXERCISE):
        said["kind"] = "exercise"
    told = {**_labelled(words), **_labelled(_at(first, "Resource/SpecialRequirements", inside=RESOURCE))}
    for slot in slots("request"):
        if slot.name.startswith("line.") or slot.name in ("title", "kind"):
            continue
        of_resource = slot.edxl.startswith(f"{RESOURCE}/")
        at, inside = (first, RESOURCE) if of_resource else (root, "")
        value = (
            _at(at, slot.edxl.removeprefix(f"{RESOURCE}/"), inside=inside)
            if slot.edxl
            else told.get(slot.label, "")
        )
        if value:
            _set(said, slot.name, value)
    lines = [line for part in parts if (line := _read_line(part))]
    return said | ({"lines": lines} if lines else {})


def _labelled(text: str) -> dict[str, str]:
    """The lines `label: value` of a text, by their labels; a line that begins with two spaces goes on with the one before."""
    found: dict[str, str] = {}
    label = ""
    for line in text.split("\n"):
        if line.startswith("  ") and label:
            found[label] += f"\n{line[2:]}"
            continue
        label, _, value = line.partition(": ")
        label = label.strip().lower()
        found[label] = value
    by_label = {slot.label.lower(): slot.label for slot in slots("request")}
    return {by_label[label]: value for label, value in found.items() if label in by_label}


def _set(said: dict[str, Any], name: str, value: str) -> None:
    """Put a value where a request file has it, in its kind."""
    outer, _, inner = name.partition(".")
    if name == "exclusions":
        pairs = (line.partition(" ") for line in value.split("\n"))
        said[name] = [{"task": task, "words": words} for task, _, words in pairs]
    elif name == "facts":
        pairs = (line.partition(" = ") for line in value.split("\n"))
        said[name] = {fact: {"true": True, "false": False}.get(stated, stated) for fact, _, stated in pairs}
    elif name == "verbal":
        said[name] = {"yes": True, "no": False}.get(value.lower(), value)
    elif name == "cost_estimate_usd":
        said[name] = int(value) if value.isascii() and value.isdecimal() and len(value) < 16 else value
    elif inner:
        said.setdefault(outer, {})[inner] = value
    else:
        said[name] = value


def _read_line(part: Element) -> dict[str, Any]:
    line = {
        slot.name.removeprefix("line."): value
        for slot in slots("request")
        if slot.name.startswith("line.") and slot.name not in ("line.people", "line.vehicles")
        and (value := _at(part, slot.edxl.removeprefix(f"{RESOURCE}/"), inside=RESOURCE))
    }  # fmt: skip
    for name in ("from", "to"):
        if name in line:
            line[name] = line[name][:10]
    return line | _counted(line.get("words", ""), _quantity(part))


def _quantity(part: Element) -> str:
    """The quantity as it is sent, in words; an amount with its unit."""
    of = part.find(f"{{{MSG}}}AssignmentInformation/{{{MSG}}}Quantity")
    if of is None:
        return ""
    amount = _text(of.find(f"{{{RM}}}MeasuredQuantity/{{{RM}}}Amount"))
    unit = _text(of.find(f"{{{RM}}}MeasuredQuantity/{{{RM}}}UnitOfMeasure/{{{RM}}}Value"))
    return f"{amount} {unit}".strip() or _text(of.find(f"{{{RM}}}QuantityText"))


def _counted(words: str, sent: str) -> dict[str, str]:
    """People and vehicles of a quantity; what does not say which of the two it counts stays in the words of the line, as it was sent."""
    found: dict[str, str] = {}
    for each in filter(None, (one.strip() for one in sent.split(";"))):
        counted = _COUNTED.fullmatch(each)
        if counted is None or not _is_quantity(counted[1]):
            return {"words": f"{words} (quantity as sent: {sent})".strip()}
        found[counted[2]] = counted[1]
    return found


def _is_quantity(text: str) -> bool:
    try:
        Quantity.parse(text)
    except QuantityMisread:
        return False
    return True


def _at(at: Element, path: str, *, inside: str = "") -> str:
    """The text under a path of the table; empty where it is not there."""
    for segment in path.split("/"):
        name, key = _parsed(segment)
        found = _child(at, inside, name, key)
        if found is None:
            return ""
        at, inside = found, name
    return _text(at)


def _text(at: Element | None) -> str:
    return (at.text or "").strip() if at is not None else ""
