"""Custody events, read from a file and planned upon what the ledger has."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from muster.core.csvfiles import Row, Table
from muster.core.tags import make_tag
from muster.custody.events import (
    Event,
    Live,
    Person,
    Place,
    Plan,
    Read,
    Say,
    Undo,
    plan_events,
    read_events,
)  # fmt: skip

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")
SITES = {
    "A": Place(CHICAGO, by_list=False),
    "B": Place(ZoneInfo("UTC"), by_list=False),
    "C": Place(ZoneInfo("UTC"), by_list=False),
    "LIST": Place(ZoneInfo("UTC"), by_list=True),
}


def read(*rows: tuple[str, ...], zone: ZoneInfo | None = None) -> Read:
    columns = ("person", "site", "event", "at", "reported_at", "reason")
    table = Table([
        Row(number, dict(zip(columns, (*row, "", "", "")[:6], strict=True))) for number, row in enumerate(rows, 2)
    ])  # fmt: skip
    return read_events(table, sites=SITES, zone=zone, now=NOW)


def only(done: Read) -> Event:
    assert done.faults == []
    (event,) = done.events
    return event


def codes(done: Read) -> list[tuple[str | None, str]]:
    return [(fault.column, fault.code) for fault in done.faults]


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-01T08:00", None, "2026-03-01T14:00+00:00"),
        ("2026-03-01 08:00:30", None, "2026-03-01T14:00:30+00:00"),
        ("2026-03-01T08:00", ZoneInfo("UTC"), "2026-03-01T08:00+00:00"),
        ("2026-03-01T08:00-05:00", None, "2026-03-01T13:00+00:00"),
        ("2026-03-01T08:00Z", CHICAGO, "2026-03-01T08:00+00:00"),
        ("2026-03-02T00:05Z", None, "2026-03-02T00:05+00:00"),
    ],
)
def test_a_time_is_read_where_the_site_is_unless_it_says_its_offset(
    text: str, zone: ZoneInfo | None, expected: str
) -> None:
    assert only(read(("P1", "A", "arrive", text), zone=zone)).at == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text",
    ["noon", "2026-03-01", "2026-02-30T08:00", "08:00", "2026-03-01T8:00", "0001-01-01T00:00+14:00"],
)
def test_what_is_no_time_is_a_fault(text: str) -> None:
    assert codes(read(("P1", "A", "arrive", text))) == [("at", "custody.not_a_time")]


def test_a_time_more_than_five_minutes_ahead_has_not_come() -> None:
    assert codes(read(("P1", "B", "arrive", "2026-03-02T00:06"))) == [("at", "ledger.clock_ahead")]
    assert codes(read(("P1", "B", "arrive", "2026-03-01T00:00", "2026-03-02T00:06"))) == [
        ("reported_at", "ledger.clock_ahead")
    ]


@pytest.mark.parametrize(
    ("text", "person"),
    [
        (make_tag(7).lower(), make_tag(7)),
        (make_tag(7).replace("-", ""), make_tag(7).replace("-", "")),  # without dashes it is a reference
        ("A123456789", "A123456789"),
        (" a b ", "a b"),
    ],
)
def test_a_tag_is_known_by_its_dashes_and_all_else_is_a_reference(text: str, person: str) -> None:
    assert only(read((text, "A", "arrive", "2026-03-01T08:00"))).person == person


def test_a_misread_tag_nobody_and_too_many_characters_are_faults() -> None:
    good = ("A", "arrive", "2026-03-01T08:00")

    assert codes(read(("222-223-A", *good))) == [("person", "core.tag_misread")]
    assert codes(read(("", *good))) == [("person", "custody.person_misread")]
    assert only(read(("x" * 100, *good))).person == "x" * 100
    assert codes(read(("x" * 101, *good))) == [("person", "custody.person_misread")]
    assert codes(read(("P1", *good, "", "r" * 61))) == [("reason", "custody.too_long")]


def test_a_void_row_says_only_of_whom() -> None:
    event = only(read(("P1", "A", "void", "2026-03-01T08:00")))

    assert (event.site, event.at) == ("", None)


def test_what_was_reported_at_one_moment_stands_together_and_what_says_none_comes_last() -> None:
    done = read(
        ("P1", "B", "arrive", "2026-03-01T08:00"),
        ("P2", "B", "arrive", "2026-03-01T08:00", "2026-03-01T10:00Z"),
        ("P3", "B", "arrive", "2026-03-01T08:00", "2026-03-01T09:00Z"),
        ("P4", "B", "arrive", "2026-03-01T08:00", "2026-03-01T11:00+01:00"),
    )

    assert [(told.said, [event.person for event in told.events]) for told in done.told] == [
        ("2026-03-01T09:00Z", ["P3"]),
        ("2026-03-01T10:00Z", ["P2", "P4"]),
        ("", ["P1"]),
    ]


def test_a_file_without_rows_is_a_fault() -> None:
    assert codes(read()) == [(None, "custody.no_events")]


def moment(hour: int) -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hour)


def held(*legs: tuple[str, int]) -> Person:
    """A person who came from outside and went from place to place, at these hours."""
    person = Person()
    for n, (receiver, hour) in enumerate(legs, 1):
        person.live.append(Live(n, person.held_by(n - 1), receiver, moment(hour)))
        person.n = n
    return person


def plan(person: Person, event: str, site: str = "", hour: int | None = None) -> Plan:
    at = None if hour is None else moment(hour)
    return plan_events([Event(2, "P", event, site, at)], {"P": person}, SITES)  # type: ignore[arg-type]  # one of the five


def told(done: Plan) -> list[str]:
    """The operations in a line each: what is undone, and what is said by whom, to whom, when."""
    assert (done.faults, done.contradictions) == ([], [])
    lines = []
    for op in done.operations:
        if isinstance(op, Undo):
            lines.append(f"{op.n}: undo {op.corrects}")
        else:
            again = f", repeats {op.live.repeats}" if op.live.repeats else ""
            lines.append(f"{op.live.n}: {op.live.giver} -> {op.live.receiver} {op.live.at:%H}{again}")
    return lines


@pytest.mark.parametrize(
    ("legs", "event", "expected"),
    [
        ((), ("arrive", "A", 8), ["1: outside -> A 08"]),
        ((("A", 8), ("outside", 9)), ("arrive", "A", 9), ["3: outside -> A 09"]),
        ((("A", 8),), ("move", "B", 8), ["2: A -> B 08"]),
        ((("A", 8),), ("release", "", 9), ["2: A -> outside 09"]),
        ((("trip:1", 8),), ("release", "", 9), ["2: trip:1 -> outside 09"]),
        ((("A", 8),), ("correct", "", 7), ["2: undo 1", "3: outside -> A 07"]),
        ((("A", 8),), ("correct", "B", None), ["2: undo 1", "3: outside -> B 08"]),
        ((("A", 8), ("outside", 9)), ("correct", "B", 10), ["3: undo 2", "4: A -> B 10"]),
        ((("A", 8), ("B", 9)), ("correct", "", 8), ["3: undo 2", "4: A -> B 08"]),
        ((("A", 8), ("B", 9)), ("void", "", None), ["3: undo 2"]),
        ((("A", 8), ("C", 12)), ("move", "B", 10),
         ["3: undo 2", "4: A -> B 10", "5: B -> C 12, repeats 2"]),
        ((("A", 8), ("C", 12), ("outside", 13)), ("move", "B", 10),
         ["4: undo 3", "5: undo 2", "6: A -> B 10", "7: B -> C 12, repeats 2", "8: C -> outside 13, repeats 3"]),
    ],
)  # fmt: skip
def test_a_row_that_fits_becomes_entries(
    legs: tuple[tuple[str, int], ...], event: tuple[str, str, int | None], expected: list[str]
) -> None:
    assert told(plan(held(*legs), *event)) == expected


@pytest.mark.parametrize(
    ("legs", "event", "kind", "site"),
    [
        ((("A", 8),), ("arrive", "B", 9), "held_elsewhere", "B"),
        ((("A", 8), ("outside", 9), ("A", 12)), ("arrive", "B", 10), "out_of_order", "B"),
        ((("A", 8), ("B", 12)), ("move", "B", 10), "out_of_order", "B"),
        ((("A", 8), ("B", 12)), ("release", "", 10), "out_of_order", "B"),
        ((("A", 8), ("outside", 9)), ("move", "B", 10), "held_elsewhere", "B"),
        ((("A", 8), ("outside", 9)), ("release", "", 10), "not_held_here", "A"),
        ((("LIST", 8),), ("move", "B", 10), "kept_by_list", "B"),
        ((("LIST", 8),), ("release", "", 10), "kept_by_list", "LIST"),
    ],
)
def test_a_fact_that_contradicts_the_record_is_no_entry(
    legs: tuple[tuple[str, int], ...], event: tuple[str, str, int], kind: str, site: str
) -> None:
    done = plan(held(*legs), *event)

    assert (done.operations, done.faults) == ([], [])
    assert [(one.kind, one.site) for one in done.contradictions] == [(kind, site)]


def test_who_was_at_no_site_has_nobody_to_settle_a_contradiction() -> None:
    done = plan(held(("trip:1", 8), ("outside", 9)), "release", "", 10)

    assert [(fault.column, fault.code) for fault in done.faults] == [("site", "custody.missing")]


def test_a_move_below_what_somebody_signed_is_a_contradiction() -> None:
    person = held(("A", 8), ("C", 12))
    person.live[1] = person.live[1]._replace(handover=uuid4())

    assert [one.kind for one in plan(person, "move", "B", 10).contradictions] == ["out_of_order"]


def test_what_is_said_again_keeps_its_source_and_bounds() -> None:
    person = held(("A", 8), ("C", 12))
    person.live[1] = person.live[1]._replace(source="a paper", earliest_at=moment(11), latest_at=moment(13))

    *_, again = plan(person, "move", "B", 10).operations

    assert isinstance(again, Say)
    assert (again.new, again.live.source, again.live.earliest_at) == (False, "a paper", moment(11))


def test_entries_at_a_site_kept_by_list_are_corrected_by_its_next_list() -> None:
    for event in (("correct", "A", None), ("void", "", None)):
        done = plan(held(("LIST", 8)), *event)
        assert [fault.code for fault in done.faults] == ["custody.kept_by_list"]
