"""What is read out of words: each field and figure with its passage, and nothing guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.assistance.figures import disagreements, people_of, read_figures
from muster.assistance.intake import LABELLED, read_document
from muster.assistance.passages import (
    AROUND,
    Passage,
    PassageNotFound,
    PassageNotUnique,
    find,
    marked,
    passage_at,
    places,
)
from muster.assistance.rules import missing, read_request
from muster.core.quantity import Quantity

LETTER = """RESOURCE REQUEST

Subject: Staff for an evacuation shelter
1. Organization: Example County Emergency Management
Requested by: Duty officer
24-hour phone: 555-0100
Priority: Life Sustaining
Quantity: about 12 people
Description: Registration, bedding
  and meals at one shelter
Delivery site: Example County

We would start soon. Start: not yet known
Start date: March 2, 2026
End: 2026-03-16
"""


# --- passages -----------------------------------------------------------------------


@given(st.text("ab ", max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_passage_is_found_again_where_it_was_taken(text: str, one: int, other: int) -> None:
    begin, end = sorted((min(one, len(text)), min(other, len(text))))

    passage = passage_at(text, begin, end)

    assert begin in places(text, passage)
    assert "".join(piece for piece, _ in marked(text, [passage])) == text


def test_words_that_stand_twice_are_told_apart_by_what_stands_around_them() -> None:
    text = "12 people at North, 12 people at South"

    with pytest.raises(PassageNotUnique, match="stands 2 times"):
        find(text, "12 people")
    assert find(text, "12 people", suffix=" at South") == Passage(
        "12 people", text[:20][-AROUND:], " at South"
    )
    for absent in ("13 people", " ", ""):
        with pytest.raises(PassageNotFound):
            find(text, absent)
    with pytest.raises(PassageNotFound):
        find(text, "12 people", suffix=" at West")


def test_what_is_around_a_passage_is_kept_up_to_its_length() -> None:
    text = "a" * 40 + "X" + "b" * 40

    found = find(text, "X")

    assert (len(found.prefix), len(found.suffix), AROUND) == (32, 32, 32)


def test_passages_that_overlap_are_marked_as_one_piece() -> None:
    text = "one two three four"
    passages = [find(text, "one two"), find(text, "two three"), find(text, "four")]

    assert marked(text, passages) == [
        ("one two", True), (" three", True), (" ", False), ("four", True),
    ]  # fmt: skip
    assert marked(text, []) == [(text, False)]
    assert marked("", []) == []


# --- a document ---------------------------------------------------------------------


def test_the_labelled_lines_of_a_letter_become_fields_each_with_its_passage() -> None:
    reading = read_document(LETTER)

    assert reading.data() == {
        "title": "Staff for an evacuation shelter", "requester": "Example County Emergency Management",
        "requested_by": {"name": "Duty officer", "phone": "555-0100"}, "priority": "life_sustaining",
        "lines": [{
            "people": "about 12", "words": "Registration, bedding and meals at one shelter", "place": "Example County",
            "from": "2026-03-02", "to": "2026-03-16",
        }],
    }  # fmt: skip
    assert reading.passages["lines[1].words"].exact == "Registration, bedding\n  and meals at one shelter"
    assert reading.passages["priority"].exact == "Life Sustaining"
    assert set(reading.passages) == set(reading.values)
    for passage in reading.passages.values():
        assert len(places(LETTER, passage)) == 1
    assert reading.unread == []


def test_a_document_is_enough_for_a_draft_and_says_what_is_missing() -> None:
    head = {"id": "R-1", "asked": "ZZ-GOVERNOR", "state": "ZZ", "kind": "exercise"}

    draft = read_request(head | read_document(LETTER).data(), draft=True)

    assert [fault.column for fault in missing(draft)] == ["agency_kind", "purpose", "lines[1].task"]


@pytest.mark.parametrize(
    ("line", "path", "why"),
    [
        ("Priority: urgent", "priority", "none of lifesaving"),
        ("Quantity: 12", "lines[1].quantity", "does not say whether"),
        ("Quantity: a few people", "lines[1].quantity", "not a number"),
        ("Quantity: many", "lines[1].quantity", "not a number"),
        ("People: a dozen", "lines[1].people", "not a number"),
        ("Start: soon", "lines[1].from", "not a day"),
        ("Start: 31/3/2026", "lines[1].from", "not a day"),
        ("Date required: 2026-03-01 08:00", "needed_at", "offset"),
    ],
)
def test_what_a_field_cannot_take_as_it_is_written_is_unread_and_stays_not_recorded(
    line: str, path: str, why: str
) -> None:
    reading = read_document(line)

    assert (reading.values, reading.passages) == ({}, {})
    ((told),) = reading.unread
    assert (told.path, told.value) == (path, line.split(": ")[1])
    assert why in told.why


@pytest.mark.parametrize(
    ("line", "path", "value"),
    [
        ("QUANTITY : 3 trucks", "lines[1].vehicles", "3"),
        ("2) Number of people: up to 20", "lines[1].people", "up to 20"),
        ("Vehicles: 4", "lines[1].vehicles", "4"),
        ("Start: 3/1/2026", "lines[1].from", "2026-03-01"),
        ("Start: 1 March 2026", "lines[1].from", "2026-03-01"),
        ("Needed at: 2026-03-01T08:00:00-06:00", "needed_at", "2026-03-01T08:00:00-06:00"),
        ("Kind and type: bus, type 2", "lines[1].resource", "bus, type 2"),
    ],
)
def test_a_value_is_read_as_it_is_written(line: str, path: str, value: str) -> None:
    assert read_document(line).values == {path: value}


def test_of_a_field_that_is_labelled_twice_the_first_counts_and_the_second_is_told() -> None:
    reading = read_document("Priority: High\nPriority: Normal")

    assert reading.values == {"priority": "high"}
    assert [(told.value, told.why) for told in reading.unread] == [("Normal", "the field is labelled twice")]


@pytest.mark.parametrize("text", ["", "No labels here", "Weather: fine", "Title:\n\nNext paragraph"])
def test_a_document_without_a_label_that_is_known_says_nothing(text: str) -> None:
    assert read_document(text).data() == {}


def test_every_label_belongs_to_one_field() -> None:
    labels = [label for labels in LABELLED.values() for label in labels]

    assert len(labels) == len(set(labels))


# --- the words of Title 32 missions -------------------------------------------------

NORTH_DAKOTA = "(T32) DOD provide personnel. Cost Estimate: 500pax x $550.00/day x 33days = $9,075,000.00 / 500 personnel requested"
RATE = (
    "T32 up to 140 personnel, $480pp/day, initial cost estimated at {total} for operations beginning {days}."
)


def said(text: str) -> list[tuple[str, str, str]]:
    return [(figure.kind, figure.said, figure.passage.exact) for figure in read_figures(text)]


def test_people_rate_days_and_total_are_read_each_with_its_passage() -> None:
    assert said(NORTH_DAKOTA) == [
        ("people", "500", "500pax"), ("daily_rate_usd", "$550.00", "$550.00/day"), ("days", "33 days", "33days"),
        ("total_usd", "$9,075,000.00", "$9,075,000.00"),
    ]  # fmt: skip
    assert disagreements(read_figures(NORTH_DAKOTA)) == []
    for figure in read_figures(NORTH_DAKOTA):
        assert len(places(NORTH_DAKOTA, figure.passage)) == 1


@pytest.mark.parametrize(
    ("words", "kind", "value"),
    [
        ("up to 2000 personnel", "people", "up to 2,000"),
        ("no more than 1,250 members", "people", "up to 1,250"),
        ("Request for 464 troops", "people", "464"),
        ("$480pp/day", "daily_rate_usd", "$480.00"),
        ("$480/person/day", "daily_rate_usd", "$480.00"),
        ("at $550.50 per day", "daily_rate_usd", "$550.50"),
        ("estimated at$48,960,000.00  for", "total_usd", "$48,960,000.00"),
        ("estimated at $5,011,200. for", "total_usd", "$5,011,200.00"),
        ("POP 4/20/20 - 5/31/2020", "period", "2020-04-20 to 2020-05-31, 42 days"),
        (
            "operations beginning May 1, 2021 through June 30, 2021",
            "period",
            "2021-05-01 to 2021-06-30, 61 days",
        ),
        (
            "operations beginning 2 FEB 2021 through 30 SEP 2021",
            "period",
            "2021-02-02 to 2021-09-30, 241 days",
        ),
    ],
)
def test_each_form_in_which_the_words_give_a_number_is_read(words: str, kind: str, value: str) -> None:
    assert [(each[0], each[1]) for each in said(f"T-32 {words}")] == [(kind, value)]


@pytest.mark.parametrize(
    "words",
    [
        "title 32 troops",
        "personnel and equipment",
        "ESF-1 to ESF15",
        "a 25% state cost share",
        "MA# 1509-316457",
        "COVID-19",
        "BOC 2508",
        "daily",
    ],
)
def test_numbers_that_are_no_people_days_or_money_are_not_read(words: str) -> None:
    assert read_figures(f"Title 32: {words}") == []


def test_nothing_is_read_where_title_32_is_not_named() -> None:
    assert read_figures("DOD provide up to 500 personnel at $480pp/day") == []


def test_an_amount_or_a_day_that_is_misprinted_is_kept_as_it_is_and_opens_a_difference() -> None:
    text = RATE.format(total="$1.363,200.00", days="8/22/2020 through 09/30/20521")
    figures = read_figures(text)

    assert {figure.kind for figure in figures if figure.value is None} == {"total_usd", "period"}
    assert [each.kind for each in disagreements(figures)] == ["unreadable", "unreadable"]
    assert "'$1.363,200.00' cannot be read" in disagreements(figures)[0].words


@pytest.mark.parametrize(
    ("total", "differs"), [("$2,688,000", False), ("$2,688,000.01", True), ("$2,687,999.99", True)]
)
def test_a_total_that_people_times_rate_times_days_do_not_make_is_a_difference(
    total: str, differs: bool
) -> None:
    figures = read_figures(RATE.format(total=total, days="8/22/20 through 9/30/20"))

    found = disagreements(figures)

    assert [each.kind for each in found] == ["does_not_multiply_out"] * differs
    if differs:
        assert (
            "140 people at $480.00 a day for 40 days make $2,688,000.00; the text says $2,68"
            in found[0].words
        )


def test_a_number_of_people_beside_the_ceiling_may_make_the_total() -> None:
    text = RATE.format(total="$1,670,400.", days="8/22/20 through 9/30/20") + " Request for 87 soldiers."

    assert disagreements(read_figures(text)) == []


@pytest.mark.parametrize(
    ("words", "people"),
    [
        ("up to 500 personnel, for no more than 500 personnel", Quantity("up_to", None, 500)),
        ("up to 350 personnel. Request for 292 troops", Quantity("unknown", None, None)),
        ("personnel", Quantity("unknown", None, None)),
    ],
)
def test_the_line_has_a_number_of_people_where_the_words_give_one_and_no_other(
    words: str, people: Quantity
) -> None:
    assert people_of(read_figures(f"Title 32: {words}")) == people


def test_a_period_that_ends_before_it_begins_cannot_be_read() -> None:
    first, second = (
        read_figures(f"T32 POP {days}")[0].value for days in ("5/2/20 - 5/2/20", "5/2/20 - 5/1/20")
    )

    assert (first, second) == ((date(2020, 5, 2), date(2020, 5, 2)), None)


@pytest.mark.parametrize(
    ("said", "read"), [("DFA", "DFA"), ("direct federal assistance", "DFA"), ("technical assistance", "TA")]
)
def test_the_type_of_assistance_and_the_day_of_the_signature_are_read(said: str, read: str) -> None:
    found = read_document(
        f"Type of assistance: {said}\nState approving official: The director\nDate approved: March 1, 2026\n"
    )

    assert found.data() == {"assistance_type": read, "approval": {"name": "The director", "on": "2026-03-01"}}
    assert found.unread == []


def test_another_type_of_assistance_stays_unread() -> None:
    found = read_document("Type of assistance: any\n")

    assert [(one.path, one.why) for one in found.unread] == [
        ("assistance_type", "it is none of FOS, DFA, TA")
    ]
