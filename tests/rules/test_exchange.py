"""Messages of EDXL-RM: a request comes back as it went, what has no slot is told, and nothing from outside is followed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from muster.assistance.edxl import (
    MSG,
    RM,
    DocumentTypeRefused,
    MalformedXml,
    NoRequestInIt,
    read_messages,
    request_resource,
)
from muster.assistance.exchange import as_markdown, slots
from muster.assistance.forms import LABELS, LINE_LABELS
from muster.assistance.requestfiles import read_requests
from muster.assistance.rules import Request, read_request, to_file
from muster.core.errors import MusterError

SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FULL: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "full_request.json").read_text("utf-8")
)  # each field is stated


def sent(data: dict[str, Any] = FULL) -> str:
    return request_resource(read_request(data), sent_at=SENT).decode()


def back(text: str) -> Request:
    (message,) = read_messages(text)
    return read_request(message)


def message(inner: str, *, words: str = "Generators") -> str:
    """A request as another system sends it, with this inside its one resource."""
    return (
        f'<m:RequestResource xmlns:m="{MSG}" xmlns:r="{RM}"><m:MessageID>X-1</m:MessageID>'
        f"<m:MessageDescription>{words}</m:MessageDescription>"
        f"<m:ResourceInformation><m:ResourceInfoElementID>1</m:ResourceInfoElementID>{inner}</m:ResourceInformation></m:RequestResource>"
    )


def test_the_document_is_made_of_the_table() -> None:
    kept = Path(__file__).parents[2] / "docs" / "forms-and-messages.md"

    assert kept.read_text("utf-8") == as_markdown()


def test_every_field_of_a_request_is_in_the_table_once_and_in_the_full_request() -> None:
    names = [slot.name for slot in slots("request")]

    assert sorted(names) == sorted(
        [*LABELS, *(f"line.{name}" for name in LINE_LABELS), "id", "exclusions", "facts"]
    )
    assert stated(read_request(FULL)) == set(names)


def stated(request: Request) -> set[str]:
    """The fields that a request states, by the names of the table."""
    said = to_file(request)
    found = {f"line.{name}" for line in said.pop("lines", []) for name in line}
    for name, value in said.items():
        inside = isinstance(value, dict) and name != "facts"
        found |= {f"{name}.{inner}" for inner in value} if inside else {name}
    return found


def test_a_request_comes_back_as_it_went() -> None:
    assert back(sent()) == read_request(FULL)


def test_a_reader_without_the_words_loses_exactly_what_has_no_slot() -> None:
    root = ElementTree.fromstring(sent())
    for each in root.iter():
        if each.tag == f"{{{MSG}}}MessageDescription":
            each.text = (each.text or "").partition("\n")[0]
        if each.tag == f"{{{MSG}}}SpecialRequirements":
            each.text = ""

    (read,) = read_messages(ElementTree.tostring(root, encoding="unicode"))
    kept = stated(read_request(read, draft=True))

    no_slot = {slot.name for slot in slots("request") if not slot.edxl}
    assert {slot.name for slot in slots("request")} - kept == no_slot
    assert {"priority", "duty_status_asked", "exclusions", "verbal"} <= no_slot
    assert {name for name in kept if _of(read, name) != _of(to_file(read_request(FULL)), name)} == set()


def _of(data: dict[str, Any], name: str) -> Any:
    """What a request file says of a field; of a line's field what each line says, quantities in words."""
    if name.startswith("line."):
        whole = to_file(read_request(FULL | {"lines": data["lines"]}))
        return [line.get(name.removeprefix("line.")) for line in whole["lines"]]
    outer, _, inner = name.partition(".")
    return data[outer][inner] if inner else data[outer]


def test_elements_stand_in_the_order_of_the_schema_and_an_exercise_says_so_first() -> None:
    root = ElementTree.fromstring(sent())

    names = [child.tag.rpartition("}")[2] for child in root]
    assert list(dict.fromkeys(names)) == [
        "MessageID", "SentDateTime", "MessageContentType", "MessageDescription", "IncidentInformation", "Funding",
        "ContactInformation", "ResourceInformation",
    ]  # fmt: skip
    assert (root.findtext(f"{{{MSG}}}MessageDescription") or "").startswith(
        "EXERCISE: Beds, meals & <shelter>\n"
    )
    resource = root.find(f"{{{MSG}}}ResourceInformation")
    assert resource is not None
    assert [child.tag.rpartition("}")[2] for child in resource] == [
        "ResourceInfoElementID", "Resource", "AssignmentInformation", *["ScheduleInformation"] * 4,
    ]  # fmt: skip


def test_a_character_that_xml_cannot_carry_does_not_spoil_the_message() -> None:
    request = read_request(FULL | {"purpose": "Relief\x7f\ufffe"})

    assert "Relief\N{REPLACEMENT CHARACTER}" in request_resource(request, sent_at=SENT).decode()


@pytest.mark.parametrize(
    ("quantity", "told"),
    [
        ("<r:QuantityText>30 people; 2 vehicles</r:QuantityText>", {"people": "30", "vehicles": "2", "words": "Power"}),
        ("<r:MeasuredQuantity><r:Amount>30</r:Amount><r:UnitOfMeasure><r:Value>people</r:Value></r:UnitOfMeasure></r:MeasuredQuantity>",
         {"people": "30", "words": "Power"}),
        ("<r:MeasuredQuantity><r:Amount>30</r:Amount></r:MeasuredQuantity>", {"words": "Power (quantity as sent: 30)"}),
        ("<r:QuantityText>many people</r:QuantityText>", {"words": "Power (quantity as sent: many people)"}),
    ],
)  # fmt: skip
def test_a_quantity_that_does_not_say_what_it_counts_stays_in_words(
    quantity: str, told: dict[str, str]
) -> None:
    assignment = f"<m:AssignmentInformation><m:Quantity>{quantity}</m:Quantity></m:AssignmentInformation>"
    (read,) = read_messages(
        message(f"<m:Resource><m:Description>Power</m:Description></m:Resource>{assignment}")
    )

    assert read["lines"] == [told]


def test_requests_inside_an_envelope_are_read_and_what_each_lacks_is_told_by_row() -> None:
    envelope = f'<d:EDXLDistribution xmlns:d="urn:oasis:names:tc:emergency:EDXL:DE:1.0">{sent()[38:]}{message("")}</d:EDXLDistribution>'

    found = read_requests(envelope.encode(), name="-")

    assert (found.count, [each.read.id for each in found.good]) == (2, ["EX-FULL-1"])
    assert {(fault.row, fault.column) for fault in found.faults} == {(2, "asked"), (2, "state")}


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (BOMB, DocumentTypeRefused),
        ('<!DOCTYPE x SYSTEM "file:///etc/hostname"><x/>', DocumentTypeRefused),
        (sent()[:-30], MalformedXml),
        ("<a>" * 61 + "</a>" * 61, MalformedXml),
        ("<a>&undeclared;</a>", MalformedXml),
        ("", MalformedXml),
        ("<a/>", NoRequestInIt),
        (sent().replace("RequestResource", "RequestReturn"), NoRequestInIt),
    ],
)
def test_what_is_no_request_or_would_bring_in_more_is_refused(text: str, refusal: type[MusterError]) -> None:
    with pytest.raises(refusal):
        read_messages(text)
