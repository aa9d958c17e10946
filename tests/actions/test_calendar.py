"""The calendar of a mission: each event keeps its id, its number rises with each act that moves it, and what is called off says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar
from people import at
from test_command_doors import run, token_of
from test_shifts import called_off, planned, ready, shift, stated
from test_steps import LIMITS, Offices, in_review, offices, opened, order

from muster import actions as do
from muster.access.models import User
from muster.ledger.queries import latest_known
from muster.missions.models import Mission
from muster.picture.calendar import Entry, as_ics, calendar_of

__all__ = ["offices"]

REPORTING = {**LIMITS, "reporting_interval_days": 7}


def events(hours: float = 0) -> dict[str, Entry]:
    """The events by the words that follow the id of what they are about."""
    found = calendar_of(Mission.objects.select_related("decision__request").get(), at(hours), latest_known())
    return {entry.words: entry for entry in found.entries}


def moved(before: Entry, after: Entry) -> bool:
    """Whether a program that had `before` takes `after` for the newer state of the same event."""
    assert before.uid == after.uid
    return after.sequence > before.sequence


def client_of(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def amend(offices: Offices, decision: str, **changes: Any) -> None:
    do.decisions.amend(
        actor=offices.governor,
        decision=decision,
        limits=LIMITS | changes,
        reason="Changed",
        effective_at=at(-1),
    )


def test_the_end_of_a_decision_moves_with_its_amendments_and_is_off_once_it_is_revoked(
    offices: Offices,
) -> None:
    decision = opened(offices)
    name = f"{decision} ends"
    first = events()[name]
    amend(offices, decision, effective_to="2026-04-30")
    second = events()[name]
    do.decisions.revoke(actor=offices.governor, decision=decision, reason="Over", effective_at=at(-0.5))
    third = events()[name]

    assert moved(first, second)
    assert moved(second, third)
    assert [entry.begins_at.isoformat() for entry in (first, second)] == [
        "2026-04-01T05:00:00+00:00", "2026-05-01T05:00:00+00:00",
    ]  # fmt: skip
    assert [entry.is_off for entry in (first, second, third)] == [False, False, True]


def test_an_end_that_is_taken_back_is_off_where_it_stood(offices: Offices) -> None:
    decision = opened(offices)
    before = events()[f"{decision} ends"]
    amend(offices, decision, effective_to=None)

    after = events()[f"{decision} ends"]

    assert moved(before, after)
    assert (after.begins_at, after.is_off) == (before.begins_at, True)


def test_a_report_due_moves_on_when_one_is_given_and_is_off_when_none_is_asked_for(offices: Offices) -> None:
    decision = opened(offices, REPORTING)
    name = f"A report under {decision} is due"
    first = events()[name]
    do.decisions.record_report(actor=offices.sites.center, decision=decision, words="All quiet", at=at(-2))
    second = events()[name]
    amend(offices, decision)
    third = events()[name]

    assert moved(first, second)
    assert moved(second, third)
    assert first.begins_at < second.begins_at
    assert [entry.is_off for entry in (first, second, third)] == [False, False, True]


def test_the_paper_of_a_verbal_decision_is_due_after_a_day_and_off_once_it_came(offices: Offices) -> None:
    request = in_review(offices)
    decision = do.decisions.decide(
        actor=offices.governor, request=request, outcome="approved_with_limits", reason="To relieve the sites.", limits=LIMITS,
        at=at(-10), instrument_kind="verbal",
    ).answer.decision  # fmt: skip
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-1", title="Support", organisation="EX-GUARD", at=at(-9)
    )  # fmt: skip
    name = f"{decision} is to be confirmed in writing"
    before = events()[name]
    do.decisions.confirm_in_writing(
        actor=offices.governor, decision=decision, instrument="Letter 26-1", at=at(-1)
    )
    after = events()[name]

    assert moved(before, after)
    assert (before.begins_at, before.is_off, after.is_off) == (at(14), False, True)


def test_the_paper_of_a_verbal_request_stands_at_the_moment_it_was_promised_for(offices: Offices) -> None:
    decision = opened_verbally(offices)
    name = "The paper of EX-PROCESSING-1 was promised for now"
    before = events()[name]
    do.assistance.record_paper(
        actor=offices.agency, request="EX-PROCESSING-1", reference="Letter 26-1", received_at=at(-1), offers_reimbursement=True
    )  # fmt: skip
    after = events()[name]

    assert decision
    assert moved(before, after)
    assert (before.begins_at, before.is_off, after.is_off) == (at(6), False, True)


def opened_verbally(offices: Offices) -> str:
    request = in_review(offices, verbal=True, paper_due_at=at(6).isoformat())
    decision = do.decisions.decide(
        actor=offices.governor, request=request, outcome="approved_with_limits", reason="To relieve the sites.", limits=LIMITS,
        at=at(-44),
    ).answer.decision  # fmt: skip
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-1", title="Support", organisation="EX-GUARD", at=at(-43)
    )  # fmt: skip
    return str(decision)


def test_a_task_that_is_called_off_is_off_and_one_ended_early_ends_then(offices: Offices) -> None:
    opened(offices)
    ended, called_off = order(offices).task, order(offices, begins_at=at(30), ends_at=at(40)).task
    before = {entry.words.partition(":")[0]: entry for entry in events().values()}
    for task, hours in ((ended, 3), (called_off, 2)):
        do.tasks.finish(actor=offices.sites.center, task=task, reason="Done", at=at(hours))
    after = {entry.words.partition(":")[0]: entry for entry in events().values()}

    assert all(moved(before[task], after[task]) for task in (ended, called_off))
    assert (after[ended].ends_at, after[ended].is_off) == (at(3), False)
    assert (after[called_off].begins_at, after[called_off].ends_at, after[called_off].is_off) == (
        at(30),
        at(40),
        True,
    )


def test_as_known_before_an_act_the_calendar_stands_as_it_was(offices: Offices) -> None:
    decision = opened(offices)
    known = latest_known()
    amend(offices, decision, effective_to="2026-04-30")
    order(offices)

    mission = Mission.objects.get()
    then = calendar_of(mission, at(0), known).entries

    assert [entry.words for entry in then] == [f"{decision} ends"]
    assert calendar_of(mission, at(0), 0).entries == []


def test_the_file_holds_escaped_text_in_utc_and_no_line_above_75_octets(offices: Offices) -> None:
    opened(offices, REPORTING)
    place = "Halle Süd, \\ Tor; 3 \x01" + "ü" * 60
    task = order(offices, place=place, words="Name of a person").task
    Mission.objects.get()

    file = as_ics(calendar_of(Mission.objects.get(), at(0), latest_known()))

    lines = file.split(b"\r\n")
    assert max(map(len, lines)) == 75
    assert b"\n" not in file.replace(b"\r\n", b"")
    assert b"\\, \\\\ Tor\\; 3" in file.replace(b"\r\n ", b"")
    assert b"Name of a person" not in file
    read = {str(event["uid"]): event for event in Calendar.from_ical(file).walk("VEVENT")}
    assert len(read) == 3
    (of_task,) = [event for event in read.values() if str(event["summary"]).startswith(f"EXERCISE: {task}")]
    assert str(of_task["location"]) == place.replace("\x01", "\N{REPLACEMENT CHARACTER}")
    assert of_task["dtstart"].to_ical() == b"20260228T120000Z"
    assert {name.lower() for name in of_task} == {
        "uid", "dtstamp", "dtstart", "dtend", "summary", "location", "sequence", "status", "transp",
    }  # fmt: skip


def test_the_page_the_api_and_the_command_give_the_same_events(offices: Offices, tmp_path: Path) -> None:
    opened(offices)
    order(offices)
    out = tmp_path / "mission.ics"

    page = client_of("center").get("/missions/EX-1/calendar.ics")
    by_api = client_of("center").get("/api/v1/missions/EX-1/calendar").json()
    by_command = run("calendar", "EX-1", "--json", "--out", str(out))

    assert page["Content-Type"] == "text/calendar; charset=utf-8"
    assert page["Content-Disposition"] == 'attachment; filename="EX-1.ics"'
    assert out.read_bytes() == page.content
    assert json.loads(by_command.stdout)["events"] == by_api["events"]
    assert [(event["of"], event["about"]["id"]) for event in by_api["events"]] == [
        ("task", "EX-1-T1"), ("end", "EX-PROCESSING-1-D1"),
    ]  # fmt: skip
    assert "EX-1-T1" in run("calendar", "EX-1").stdout


@pytest.mark.parametrize("address", ["/missions/{}/calendar.ics", "/api/v1/missions/{}/calendar"])
def test_who_may_not_read_a_mission_is_given_no_calendar(offices: Offices, address: str) -> None:
    opened(offices)

    assert client_of("elsewhere").get(address.format("EX-1")).status_code == 404
    assert client_of("center").get(address.format("NOTHING")).status_code == 404
    assert Client().get(address.format("EX-1")).status_code in (302, 401)
    assert run("calendar", "NOTHING").exit_code == 2


def test_the_command_tells_what_changed_since_an_act_or_the_last_look(offices: Offices) -> None:
    decision = opened(offices)
    before = latest_known()
    order(offices)
    token = token_of(offices.sites.center.user)

    since = run("changes", "--since", str(before), "--json", token=token)
    in_words = run("changes", "--since", str(before), token=token).stdout
    do.missions.mark_seen(actor=offices.sites.center, reader="center", known_at=latest_known())
    after = run("changes", token=token)

    told = json.loads(since.stdout)
    assert {group["group"]: len(group["changes"]) for group in told["groups"] if group["changes"]} == {
        "Tasks and people": 1
    }
    assert f"Since act {before}, as known at act {told['known_at']}" in in_words
    assert "EX-1-T1 was ordered" in in_words
    assert decision not in in_words
    assert "Nothing that you may read has changed." in after.stdout
    assert run("changes", "--since", "2020-01-01", token=token).stdout.startswith("Since act 0,")
    assert "access.not_signed_in" in run("changes").stderr
    assert "core.not_a_moment" in run("changes", "--since", "soon", token=token).stderr


def test_a_shift_that_is_called_off_is_off_and_one_cut_ends_then_and_a_member_has_a_calendar(
    offices: Offices, tmp_path: Path
) -> None:
    tag = ready(offices)
    other = stated(offices, "A-2")
    planned(offices, shift(tag, 0, 8), shift(other, 0, 8))
    before = events()
    for name, hours in (("EX-1-S1", -1), ("EX-1-S2", 3)):
        called_off(offices, hours, name)
    after = events()
    out = tmp_path / "member.ics"
    by_tag = run("calendar", "EX-1", "--member", tag.lower(), "--json", "--out", str(out))

    first, second = (f"{name}: shift at EX-1-T1" for name in ("EX-1-S1", "EX-1-S2"))
    assert all(moved(before[name], after[name]) for name in (first, second))
    assert (after[first].ends_at, after[first].is_off) == (at(8), True)
    assert (after[second].ends_at, after[second].is_off) == (at(3), False)
    assert [event["words"] for event in json.loads(by_tag.stdout)["events"]] == [first]
    assert b"STATUS:CANCELLED" in out.read_bytes()
    assert tag.encode() not in out.read_bytes()
    by_api = client_of("center").get("/api/v1/missions/EX-1/calendar", {"member": other}).json()
    assert [event["words"] for event in by_api["events"]] == [second]
    assert (
        client_of("center").get("/api/v1/missions/EX-1/calendar", {"member": "M7K"}).json()["code"]
        == "core.tag_misread"
    )
