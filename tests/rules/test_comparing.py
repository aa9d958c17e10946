"""A request written as a file reads back the same; what changed is told in words; what looks alike is told with why."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.assistance.comparing import Change, OnlyNarrowed, check_narrowed, differences, why_alike
from muster.assistance.forms import FORMS, LABELS, LINE_LABELS, lacking
from muster.assistance.rules import (
    NEXT,
    REASONS,
    NotAllowedFrom,
    NotAmendable,
    ReasonNeeded,
    Request,
    UnknownReason,
    check_amendable,
    check_reason,
    check_step,
    missing,
    paper_clock,
    read_kept,
    read_request,
    to_file,
)
from muster.core.errors import FaultyInput
from muster.core.tasks import CONTACTS, TASKS

ASKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINE = {
    "task": "T22", "words": "Beds", "people": "about 12", "place": "Example County", "from": "2026-03-01", "to": "2026-03-14",
    "contact": "none",
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "id": "R-1", "title": "Staff for a shelter", "kind": "exercise", "requester": "Example County", "agency_kind": "local",
    "asked": "ZZ-GOVERNOR", "state": "ZZ", "purpose": "Relief", "priority": "high",
    "lines": [LINE, {"task": "T20", "words": "The road", "people": 4}],
    "exclusions": [{"task": "T13", "words": "No arrests."}], "facts": {"under_emac": False},
}  # fmt: skip


def changed(**changes: Any) -> Request:
    return read_request(WHOLE | changes)


# --- a request as a file ------------------------------------------------------------

words = st.text("abc XYZ-Ü,.", min_size=1, max_size=12).filter(lambda text: text.strip() == text)
maybe = st.none() | words
quantities = st.sampled_from(
    [None, 7, "about 8", "up to 15", "between 2 and 9", {"kind": "unknown"}, "at least 3"]
)
moments = st.none() | st.sampled_from(["2026-03-01T08:00:00-06:00", "2026-03-01T14:00:00+00:00"])
days = st.sampled_from([None, "2026-03-01", "2026-03-02"])
lines = st.fixed_dictionaries(
    {
        "task": st.sampled_from(sorted(TASKS)), "words": words, "people": quantities, "vehicles": quantities, "place": maybe,
        "resource": maybe, "from": st.sampled_from([None, "2026-03-01"]), "to": days,
        "contact": st.sampled_from([None, *CONTACTS]),
    }
)  # fmt: skip
people = st.fixed_dictionaries({"name": maybe, "title": maybe, "phone": maybe, "email": maybe})
requests = st.fixed_dictionaries(
    {
        "id": words, "title": words, "kind": st.just("exercise"), "requester": words, "agency": maybe,
        "agency_kind": st.sampled_from(["local", "state"]), "asked": words, "state": st.just("ZZ"), "purpose": words,
        "priority": st.sampled_from([None, "lifesaving", "normal"]), "reimbursement": maybe, "verbal": st.just(True),
        "duty_status_asked": maybe, "federal_order": maybe, "as_of": days, "lines": st.lists(lines, min_size=1, max_size=3),
        "exclusions": st.lists(st.fixed_dictionaries({"task": st.sampled_from(sorted(TASKS)), "words": words}), max_size=2),
        "facts": st.dictionaries(st.sampled_from(["under_emac", "asked_on"]), st.booleans() | st.just("2026-03-01")),
        "form": st.sampled_from([None, *FORMS]), "assistance_type": st.sampled_from([None, "FOS", "DFA", "TA"]),
        "incident": maybe, "tracking": maybe, "needed_at": moments,
        "requested_by": people, "site_contact": people, "conditions": maybe, "substitutes": maybe,
        "approval": st.fixed_dictionaries({"name": maybe, "title": maybe, "on": days}),
        "cost_estimate_usd": st.none() | st.integers(0, 10**9), "fund_citation": maybe, "paper_due_at": moments,
    }
)  # fmt: skip


@given(requests)
def test_a_request_written_as_a_file_reads_back_the_same(data: dict[str, Any]) -> None:
    data["id"] = data["id"].replace(".", "x")
    request = read_request(data)

    kept = json.loads(json.dumps(to_file(request)))

    assert read_kept(kept) == read_request(kept) == request
    assert differences(request, request) == []


@given(requests, requests)
def test_what_differs_is_told_and_told_the_other_way_round(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    fixed = {"id": "R-1", "asked": "ZZ-GOVERNOR", "agency": None}
    was, now = read_request(one | fixed), read_request(other | fixed)

    forth, back = differences(was, now), differences(now, was)

    assert all(change.was != change.now for change in forth)
    assert (was == now) or forth or _only_in_order(was, now)
    assert len(forth) == len(back)


def _only_in_order(was: Request, now: Request) -> bool:
    """Exclusions that are told in another order, or twice, say the same."""
    return set(was.exclusions) == set(now.exclusions)


def test_a_draft_may_lack_what_a_submitted_request_says_and_nothing_else() -> None:
    head = {"id": "R-1", "title": "Beds", "asked": "ZZ-GOVERNOR", "state": "ZZ", "kind": "exercise"}

    draft = read_request(head | {"lines": [{"words": "Beds"}]}, draft=True)

    assert [fault.column for fault in missing(draft)] == [
        "requester",
        "agency_kind",
        "purpose",
        "lines[1].task",
    ]
    assert [fault.column for fault in missing(read_request(head, draft=True))][-1] == "lines"
    assert missing(read_request(WHOLE)) == []
    with pytest.raises(FaultyInput, match="requester is missing"):
        read_request(head | {"lines": [{"words": "Beds"}]})
    for wrong in ({"title": ""}, {"priority": "urgent"}, {"asked": None}, {"lines": [{"task": "T99"}]}):
        with pytest.raises(FaultyInput):
            read_request(head | wrong, draft=True)


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"needed_at": "2026-03-01T08:00"}, "needed_at", "assistance.bad_moment"),
        ({"needed_at": "1066-03-01T08:00:00Z"}, "needed_at", "assistance.bad_moment"),
        ({"needed_at": date(2026, 3, 1)}, "needed_at", "assistance.bad_moment"),
        ({"paper_due_at": "2026-03-01T08:00:00Z"}, "paper_due_at", "assistance.not_verbal"),
        ({"form": "rrf2"}, "form", "assistance.unknown_choice"),
        ({"cost_estimate_usd": -1}, "cost_estimate_usd", "assistance.wrong_kind"),
        ({"approval": {"on": "March"}}, "approval.on", "assistance.bad_day"),
        ({"requested_by": {"nationality": "x"}}, "requested_by.nationality", "assistance.unknown_field"),
    ],
)
def test_each_fault_of_what_the_forms_ask_has_its_path_and_code(
    change: dict[str, Any], column: str, code: str
) -> None:
    with pytest.raises(FaultyInput) as told:
        read_request(WHOLE | change)

    assert [(fault.column, fault.code) for fault in told.value.faults] == [(column, code)]


# --- what changed -------------------------------------------------------------------


def test_a_change_is_told_in_words_field_by_field() -> None:
    now = changed(
        priority=None, verbal=True, lines=[LINE | {"people": "about 20"}, WHOLE["lines"][1]],
        requested_by={"phone": "555-0100"}, facts={"under_emac": True},
    )  # fmt: skip

    assert differences(read_request(WHOLE), now) == [
        Change("24-hour telephone of who asks", "not recorded", "555-0100"),
        Change("priority", "high", "not recorded"),
        Change("asked by word of mouth", "no", "yes"),
        Change("line 1: people", "about 12", "about 20"),
        Change("stated as a fact", "under emac: no", "taken out"),
        Change("stated as a fact", "not there", "under emac: yes"),
    ]


def test_a_line_that_moves_up_is_the_same_line_and_one_taken_out_is_named() -> None:
    first, second = WHOLE["lines"]

    assert differences(read_request(WHOLE), changed(lines=[second | {"people": 6}])) == [
        Change("line 1 (was line 2): people", "4", "6"),
        Change("line 1", "T22 Shelter support: registration, bedding, meals, transport of evacuees: Beds; people about 12", "taken out"),
    ]  # fmt: skip
    told = differences(changed(lines=[first | {"task": "T21"}]), changed(lines=[first]))
    assert [change.where for change in told] == ["line 1: task category"]
    added = differences(changed(lines=[first]), read_request(WHOLE))
    assert added == [Change("line 2", "not there", "T20 Checkpoints, traffic control: The road; people 4")]


# --- which look alike ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ({}, True),
        ({"title": "staff  for a SHELTER", "lines": [LINE | {"place": "Elsewhere"}]}, True),
        ({"title": "Another"}, True),  # the same need at the same place in the same days
        ({"title": "Another", "lines": [LINE | {"from": "2026-03-14", "to": "2026-03-20"}]}, True),
        ({"title": "Another", "lines": [LINE | {"from": "2026-03-15", "to": "2026-03-20"}]}, False),
        ({"title": "Another", "lines": [LINE | {"place": "Elsewhere"}]}, False),
        ({"title": "Another", "lines": [LINE | {"task": "T21"}]}, False),
        ({"title": "Another", "lines": [LINE | {"to": None}]}, False),
        ({"requester": "Another County"}, False),
        ({"asked": "MO-GOVERNOR"}, False),
        ({"agency": "COUNTY"}, True),  # the other names no agency, and the requester is called the same
        ({"id": "R-1"}, False),
    ],
)
def test_requests_look_alike_by_what_the_same_agency_asks_of_the_same_office(
    change: dict[str, Any], alike: bool
) -> None:
    other = changed(**({"id": "R-2"} | change))

    assert bool(why_alike(read_request(WHOLE), other)) is alike
    assert bool(why_alike(other, read_request(WHOLE))) is alike


def test_one_number_of_the_requesters_own_is_one_request_and_two_agencies_are_two() -> None:
    one, other = (
        {"id": name, "title": name, "tracking": "RR-7", "lines": [{"task": "T01", "words": "x"}]}
        for name in "AB"
    )

    assert why_alike(changed(**one), changed(**other)) == ["the requester's own number"]
    assert why_alike(changed(**one, agency="A"), changed(**other, agency="B")) == []


# --- the forms ----------------------------------------------------------------------


def test_what_a_form_needs_and_the_request_lacks_is_listed_with_its_block() -> None:
    lacks = {lack.path: lack.block for lack in lacking(read_request(WHOLE), "rrf")}

    assert lacks["requested_by.phone"] == "I 24-hour phone"
    assert lacks["lines[2].place"] == "II delivery site"
    assert "lines[1].place" not in lacks
    assert "lines[1].people" not in lacks
    one = read_request(WHOLE | {"lines": [{"task": "T03", "words": "Trucks", "vehicles": 2}]})
    assert "lines[1].people" not in {lack.path for lack in lacking(one, "ics213rr")}


def test_direct_federal_assistance_needs_the_signature_of_the_states_official_on_whatever_form() -> None:
    """Rule MA-04, RRF block II.9."""

    def unsigned(form: Any, **said: Any) -> list[str]:
        read = read_request(WHOLE | {"approval": {}} | said)
        return [lack.path for lack in lacking(read, form) if lack.path.startswith("approval.")]

    assert unsigned(None, assistance_type="DFA") == ["approval.name", "approval.on"]
    assert unsigned("rrf", assistance_type="DFA") == ["approval.name", "approval.on"]
    assert unsigned("ics213rr", assistance_type="DFA") == ["approval.name", "approval.on"]
    assert unsigned(None, assistance_type="DFA", approval={"name": "The state's approving official"}) == [
        "approval.on"
    ]
    assert unsigned(None, assistance_type="DFA", approval={"name": "The official", "on": "2026-03-01"}) == []
    assert unsigned("rrf", assistance_type="FOS") == unsigned("rrf") == []


@pytest.mark.parametrize("form", FORMS)
def test_every_field_that_a_form_needs_is_a_field_that_a_person_can_fill(form: Any) -> None:
    for path in FORMS[form].needs:
        for one in path.split(" or "):
            assert one in LABELS or one.removeprefix("line.") in LINE_LABELS, one


# --- a decided request --------------------------------------------------------------

NARROWED = [
    ({"lines": [LINE]}, ""),
    ({"lines": WHOLE["lines"][1:]}, ""),
    ({"exclusions": [*WHOLE["exclusions"], {"task": "T20", "words": "No roads."}]}, ""),
    ({"lines": [LINE | {"people": 8}]}, "line 1 is not as it was decided on"),
    ({"lines": [*WHOLE["lines"], {"task": "T21", "words": "Boats"}]}, "line 3 is not as it was decided on"),
    ({"lines": [LINE, LINE]}, "line 2 is not as it was decided on"),
    ({"exclusions": []}, "T13 is not left out any more"),
    ({"priority": "normal"}, "its priority is another"),
    ({"facts": {"under_emac": True}}, "its facts is another"),
]


@pytest.mark.parametrize(("changes", "why"), NARROWED, ids=[str(n) for n in range(len(NARROWED))])
def test_of_a_decided_request_something_is_taken_back_and_nothing_else_is_changed(
    changes: dict[str, Any], why: str
) -> None:
    if not why:
        check_narrowed(read_request(WHOLE), changed(**changes))
        return
    with pytest.raises(OnlyNarrowed, match=why):
        check_narrowed(read_request(WHOLE), changed(**changes))


# --- steps, reasons, the paper ------------------------------------------------------


def test_what_was_found_complete_is_submitted_again_only_by_an_amendment() -> None:
    for state in ("validated", "in_review"):
        check_step(state, "submitted", verb="amend")
        with pytest.raises(NotAllowedFrom) as told:
            check_step(state, "submitted", verb="submit")
        assert "submitted" not in told.value.allowed


@pytest.mark.parametrize("state", NEXT)
def test_a_request_is_amended_until_it_is_closed(state: str) -> None:
    if state in ("draft", "submitted", "returned_for_information", "validated", "in_review", "decided"):
        check_amendable(state)
    else:
        with pytest.raises(NotAmendable, match="continues this one"):
            check_amendable(state)


@pytest.mark.parametrize("to", REASONS)
def test_a_step_that_ends_or_turns_back_has_a_coded_reason(to: str) -> None:
    for code in REASONS[to]:
        check_reason(to, code, "Two of the drivers")
        needs_words = code == "other" or to == "returned_for_information"
        if needs_words:
            with pytest.raises(ReasonNeeded):
                check_reason(to, code, " .  ")
        else:
            check_reason(to, code, "")
    with pytest.raises(UnknownReason, match="Write one of"):
        check_reason(to, "because", "It is so")


@pytest.mark.parametrize(
    ("received_h", "now_h", "waits_h", "late_h"),
    [(None, 23, 23, None), (None, 24, 24, None), (None, 25, 25, 1), (24, 90, 24, None), (26, 90, 26, 2), (-1, 90, 0, None)],
)  # fmt: skip
def test_the_paper_of_a_verbal_request_is_late_past_the_moment_it_was_promised_for(
    received_h: int | None, now_h: int, waits_h: int, late_h: int | None
) -> None:
    at = {hours: ASKED_AT + timedelta(hours=hours) for hours in (received_h, now_h, 24) if hours is not None}

    clock = paper_clock(
        asked_at=ASKED_AT, due_at=at[24], received_at=at.get(received_h) if received_h else None, now=at[now_h]
    )  # fmt: skip

    late = None if late_h is None else timedelta(hours=late_h)
    assert (clock.waits, clock.received, clock.late_by) == (
        timedelta(hours=waits_h),
        received_h is not None,
        late,
    )


def test_where_no_moment_was_promised_the_paper_is_never_late_and_still_waits() -> None:
    clock = paper_clock(asked_at=ASKED_AT, due_at=None, received_at=None, now=ASKED_AT + timedelta(days=90))

    assert (clock.waits, clock.late_by) == (timedelta(days=90), None)
