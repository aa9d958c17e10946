"""Requests, decisions and tasks as messages of EDXL-RM: through every door, answered line by line, and taken in again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from django.test import Client
from people import at
from test_command_doors import run, token_of
from test_steps import LIMITS, Offices, in_review, offices, opened, order

from muster import actions as do
from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.assistance.edxl import MSG, RM
from muster.assistance.exchange import Slot, slots
from muster.assistance.models import Request
from muster.assistance.queries import as_rule
from muster.assistance.rules import to_file
from muster.ledger.queries import latest_known
from muster.parties.models import Office, Organisation
from muster.picture.papers.asked import Reach, asked_for
from muster.picture.papers.requests import Filled, _ics213rr, _req_a, _rrf

__all__ = ["offices"]
FULL: dict[str, Any] = json.loads((Path(__file__).parents[1] / "full_request.json").read_text("utf-8"))


def client_of(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def sent(kind: str, id: str) -> Element:
    answer = client_of("center").get(f"/messages/{kind}/{id}.xml")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    return ElementTree.fromstring(answer.content)


def texts(root: Element, name: str) -> list[str]:
    return [each.text or "" for each in root.iter() if each.tag.rpartition("}")[2] == name]


def administrator() -> Actor:
    user = User.objects.create_user("administrator")
    Grant.objects.create(user=user, role="administrator")
    return actor_of(user)


def test_a_decision_answers_each_line_with_its_limits_as_text(offices: Offices) -> None:
    request = in_review(offices)
    decision = do.decisions.decide(
        actor=offices.governor, request=request, outcome="approved_with_limits", reason="To relieve the sites.",
        limits=LIMITS | {"tasks_allowed": ["T01", "T04", "T06", "T08"]}, at=at(-44),
        legal_authority=["32 U.S.C. 502(f)"], funding_ref="FC-7",
        lines=[{"n": 1, "judgement": "limit", "people_max": 5}, {"n": 2, "judgement": "refuse", "words": "Not this one."}],
    ).answer.decision  # fmt: skip

    root = sent("decision", decision)

    assert root.tag == f"{{{MSG}}}ResponseToRequestResource"
    assert texts(root, "OriginatingMessageID") == [request]
    assert texts(root, "ResponseType") == ["Provisional", "Decline", "Accept", "Accept", "Accept"]
    assert texts(root, "PrecedingResourceInfoElementID") == ["1", "2", "3", "4", "5"]
    assert "To relieve the sites. Line 2" in texts(root, "ResponseReason")[1]
    assert "Not this one." in texts(root, "ResponseReason")[1]
    assert texts(root, "QuantityText") == ["up to 5 people", *["up to 20 people"] * 3]
    assert all(
        "No more than twenty people at any one moment." in words for words in texts(root, "Restrictions")
    )
    assert len(texts(root, "Restrictions")) == 5
    assert texts(root, "SpecialRequirements")[0].splitlines() == [
        "laws that it rests on: 32 U.S.C. 502(f)", "duty status: T32-502f1A",
    ]  # fmt: skip
    assert texts(root, "FundCode") == ["FC-7"]
    (description,) = texts(root, "MessageDescription")
    assert description.startswith("EXERCISE: ")
    assert "outcome: approved with limits" in description


@pytest.mark.parametrize(
    ("outcome", "more", "answer", "reason"),
    [
        ("declined", {}, "Decline", "Nobody is free."),
        (
            "referred",
            {"refer_to": "ZZ-OTHER"},
            "Provisional",
            "Nobody is free. Referred to the Other office.",
        ),
    ],
)
def test_a_request_that_is_declined_or_referred_is_answered_so(
    offices: Offices, outcome: str, more: dict[str, str], answer: str, reason: str
) -> None:
    Office.objects.create(
        code="ZZ-OTHER", title="Other office", organisation=Organisation.objects.get(pk="EX-GUARD")
    )
    decision = do.decisions.decide(
        actor=offices.governor, request=in_review(offices), outcome=outcome, reason="Nobody is free.", at=at(-44), **more
    ).answer.decision  # fmt: skip

    root = sent("decision", decision)

    assert set(texts(root, "ResponseType")) == {answer}
    assert set(texts(root, "ResponseReason")) == {reason}
    assert texts(root, "Restrictions") == []


def test_a_decision_that_is_suspended_says_so(offices: Offices) -> None:
    decision = opened(offices, {**LIMITS, "effective_to": None})
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-1))

    (description,) = texts(sent("decision", decision), "MessageDescription")

    assert "at present the decision is suspended" in description


def test_a_task_is_requisitioned_with_the_limits_of_its_decision(offices: Offices) -> None:
    opened(offices)
    task = order(offices, "T04", people="4", vehicles="1", contact="direct").task

    root = sent("task", task)

    assert root.tag == f"{{{MSG}}}RequisitionResource"
    assert (texts(root, "OrderID"), texts(root, "PrecedingMessageID")) == ([task], ["EX-PROCESSING-1-D1"])
    assert texts(root, "QuantityText") == ["4 people; 1 vehicles"]
    assert "No guarding and no arrests." in texts(root, "Restrictions")[0]
    assert texts(root, "SpecialRequirements")[0].splitlines() == [
        "duty status: T32-502f1A", "arms: none", "volunteers only: no",
    ]  # fmt: skip
    kinds = [each.findtext(f"{{{MSG}}}ScheduleType") for each in root.iter(f"{{{MSG}}}ScheduleInformation")]
    assert kinds == ["ReportTo", "BeginAvailable", "EndAvailable"]
    assert root.findtext(f".//{{{MSG}}}DateTime") == at(-24).isoformat()
    assert root.find(f".//{{{RM}}}LocationDescription") is not None


def test_a_request_is_sent_and_taken_in_again_with_every_field_it_had(
    offices: Offices, tmp_path: Path
) -> None:
    Office.objects.get_or_create(
        code="ZZ-GOVERNOR", defaults={"title": "Governor", "organisation_id": "EX-GUARD"}
    )
    do.assistance.draft(actor=offices.agency, request=FULL, at=at(0))
    original = as_rule(Request.objects.get())
    out = tmp_path / "request.xml"
    done = run("message", "request", FULL["id"], "--out", str(out), "--json")
    out.write_text(
        out.read_text("utf-8").replace(f"<MessageID>{FULL['id']}<", "<MessageID>EX-AGAIN-1<"), "utf-8"
    )

    taken = run("import", "requests", str(out), "--json", token=token_of(administrator().user))

    assert json.loads(done.stdout)["message"] == "RequestResource"
    assert json.loads(taken.stdout)["kept"] == 1
    again = as_rule(Request.objects.get(pk="EX-AGAIN-1"))
    assert to_file(again) | {"id": FULL["id"]} == to_file(original)


def test_a_file_that_declares_a_document_type_or_is_no_request_is_refused(
    offices: Offices, tmp_path: Path
) -> None:
    token = token_of(administrator().user)
    for text, code in (
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "assistance.document_type_refused"),
        ("<a>", "assistance.malformed_xml"), ("<a/>", "assistance.no_request_in_it"),
    ):  # fmt: skip
        file = tmp_path / "request.xml"
        file.write_text(text, "utf-8")
        done = run("import", "requests", str(file), token=token)
        assert (done.exit_code, done.stderr.rstrip().endswith(f"[{code}]")) == (2, True)
    assert not Request.objects.exists()


def test_the_table_has_a_field_of_a_form_where_the_printed_form_has_one(offices: Offices) -> None:
    do.assistance.draft(actor=offices.agency, request=FULL, at=at(0))
    row = Request.objects.get()
    asked = asked_for(row, reach=Reach(), at=None, known_at=str(latest_known()), begins=None, ends=None)

    for blocks, column in ((_rrf, "rrf"), (_ics213rr, "ics213rr"), (_req_a, "req_a")):
        filled = Filled(row, as_rule(row), asked)
        list(blocks(filled, None))
        named = {slot.name for slot in slots("request") if getattr(slot, column)}
        assert named - {"id"} == filled.used, column


@pytest.mark.parametrize("kind", ["request", "decision", "task"])
def test_the_page_and_the_api_send_the_same_and_nothing_to_who_may_not_read_it(
    offices: Offices, kind: str
) -> None:
    opened(offices)
    order(offices)
    id = {"request": "EX-PROCESSING-1", "decision": "EX-PROCESSING-1-D1", "task": "EX-1-T1"}[kind]
    page, api = f"/messages/{kind}/{id}.xml", f"/api/v1/messages/{kind}/{id}"
    known = latest_known()

    by_api = client_of("center").get(api, {"known_at": known})

    assert by_api["Content-Type"] == "application/xml"
    assert by_api.content == client_of("center").get(page).content
    assert [client_of("elsewhere").get(each).status_code for each in (page, api)] == [404, 404]
    assert client_of("center").get(f"/messages/{kind}/NOTHING.xml").status_code == 404
    assert client_of("center").get(f"/messages/nothing/{id}.xml").status_code == 404
    assert client_of("center").get(api, {"at": "soon"}).json()["code"] == "core.not_a_moment"
    assert run("message", kind, "NOTHING", "--out", "/dev/null").exit_code == 2


def test_every_slot_of_a_decision_and_a_task_is_written_where_the_table_says(offices: Offices) -> None:
    request = in_review(offices, incident="Example incident")
    decision = do.decisions.decide(
        actor=offices.governor, request=request, outcome="approved_with_limits", reason="To relieve the sites.", limits=LIMITS,
        at=at(-44), legal_authority=["32 U.S.C. 502(f)"], funding_ref="FC-7", instrument="Order 1",
    ).answer.decision  # fmt: skip
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-1", title="Support", organisation="EX-GUARD", at=at(-43)
    )  # fmt: skip
    task = order(offices).task

    for kind, id in (("decision", decision), ("task", task)):
        root = sent(kind, id)
        assert [slot.name for slot in slots(kind) if not _holds(root, slot)] == []


def _holds(root: Element, slot: Slot) -> bool:
    """Whether the element of a slot holds something, or its words stand where the table says."""
    names = [re.sub(r"\[.*?\]", "", segment) for segment in (slot.edxl or slot.in_words).split("/")]
    found = [each.text or "" for each in root.iterfind("/".join(f"{{*}}{name}" for name in names))]
    return any(text if slot.edxl else f"{slot.label}: " in text for text in found)
