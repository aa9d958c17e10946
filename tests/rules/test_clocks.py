"""The engine of clocks: the stories of the reference, calendars, changes of the clocks, pauses, corrections and hours of driving."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.cases.calendars import Paused, Place, Window, federal_holidays, runs_out
from muster.cases.clocks import Clock, Happened, Timeline, clocks, readings
from muster.cases.driving import Duty, hours_left, standing
from muster.cases.packs import load_standards
from muster.cases.rules import Hours, Limit, Rule, Span, Timing
from muster.cases.space import persons_that_fit

STANDARDS = load_standards()
CHICAGO, NEW_YORK = ZoneInfo("America/Chicago"), ZoneInfo("America/New_York")
HERE = Place(CHICAGO)


def local(text: str, zone: ZoneInfo = CHICAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def rule_of(name: str) -> Rule:
    """The rule of that id, in the pack of the dedicated sites first."""
    packs = [STANDARDS.by_id["us.ice.pbnds2011r2016"], *STANDARDS.by_id.values()]
    return next(pack.rules[name] for pack in packs if name in pack.rules)


def told(text: str, zone: ZoneInfo = CHICAGO) -> list[Happened]:
    """Events, one a line: the local time, and what happened."""
    lines = [line.split() for line in text.strip().splitlines()]
    return [Happened(event, local(at, zone)) for at, event in lines]


def read(name: str | Rule, text: str, *, now: str, place: Place = HERE) -> Clock:
    rule = rule_of(name) if isinstance(name, str) else name
    (clock,) = clocks(rule, Timeline(told(text, place.zone), now=local(now, place.zone)), place)
    return clock


# --- the stories of the reference, section 10 ---------------------------------------------------------------------------


def test_the_waiver_lets_a_stay_run_and_tells_that_the_base_limit_passed():
    clock = read("HOLD-01", "2025-08-01T08:00 hold_room_in", now="2025-08-01T21:00")

    assert (clock.state, clock.by) == ("running", "HOLD-01W")
    assert clock.due_at == local("2025-08-04T08:00")
    assert clock.words == "due in 2 days 11 h; HOLD-01 (at most 12 h) passed"


def test_after_the_waiver_was_vacated_the_same_stay_is_a_breach_from_the_twelfth_hour_on():
    clock = read("HOLD-01", "2026-08-01T08:00 hold_room_in", now="2026-08-01T21:00")

    assert (clock.state, clock.by, clock.due_at) == ("breached", "HOLD-01", local("2026-08-01T20:00"))
    assert clock.words == "late by 1 h"
    assert not clock.counsel


@pytest.mark.parametrize(
    ("started", "now", "flagged"),
    [
        ("2026-06-22T20:00", "2026-06-22T23:59", False),
        ("2026-06-22T20:00", "2026-06-23T00:00", True),
        (
            "2026-06-23T08:00",
            "2026-06-23T09:00",
            True,
        ),  # at which hour of that day the waiver ended is not known
        ("2026-06-24T00:00", "2026-06-24T09:00", False),
        ("2025-06-23T20:00", "2025-06-23T23:59", False),
        ("2025-06-23T20:00", "2025-06-24T00:00", True),
        ("2025-06-24T00:00", "2025-06-24T09:00", False),
    ],
)
def test_a_stay_across_the_day_on_which_the_limit_changed_is_for_counsel(
    started: str, now: str, flagged: bool
):
    clock = read("HOLD-01", f"{started} hold_room_in", now=now)

    assert bool(clock.counsel) is flagged
    assert clock.words.endswith("; for counsel") is flagged


@pytest.mark.parametrize("year", [2025, 2026])
def test_where_a_court_keeps_twelve_hours_the_same_stay_is_a_breach_in_both_years(year: int):
    place = Place(CHICAGO, overlays={"HOLD-02": [Window()]})

    clock = read("HOLD-01", f"{year}-08-01T08:00 hold_room_in", now=f"{year}-08-01T21:00", place=place)

    assert (clock.state, clock.by, clock.due_at) == ("breached", "HOLD-02", local(f"{year}-08-01T20:00"))


def test_the_notice_of_a_child_runs_through_the_week_and_the_transfer_starts_at_the_determination():
    doubt = "2026-03-02T10:00 minor_found"  # a Monday

    assert read("CLK-05", doubt, now="2026-03-02T11:00").due_at == local("2026-03-04T10:00")
    assert read("CLK-05", "2026-03-06T10:00 minor_found", now="2026-03-06T11:00").due_at == local(
        "2026-03-08T11:00"
    )
    assert clocks(rule_of("CLK-06"), Timeline(told(doubt), now=local("2026-03-05T00:00")), HERE) == []
    found = f"{doubt}\n2026-03-03T09:00 child_found_unaccompanied"
    assert read("CLK-06", found, now="2026-03-03T10:00").due_at == local("2026-03-06T09:00")


@pytest.mark.parametrize(
    ("started", "due"),
    [
        ("2026-03-13T17:00", "2026-03-17T17:00"),  # Friday to Tuesday
        ("2026-05-22T17:00", "2026-05-27T17:00"),  # Memorial Day on the Monday
        ("2026-03-14T10:00", "2026-03-18T00:00"),  # Saturday: from Monday, midnight
        ("2026-11-25T09:00", "2026-11-30T09:00"),  # over Thanksgiving and a weekend
        ("2026-03-06T17:00", "2026-03-10T17:00"),  # the clocks change on the Sunday, which does not count
    ],
)
def test_a_detainer_excludes_saturdays_sundays_and_holidays(started: str, due: str):
    clock = read("CLK-04", f"{started} otherwise_releasable", now=started)

    assert clock.due_at == local(due)


def test_a_holiday_of_the_site_does_not_count_either():
    place = Place(CHICAGO, closed=frozenset({date(2026, 3, 16)}))

    clock = read("CLK-04", "2026-03-13T17:00 otherwise_releasable", now="2026-03-13T18:00", place=place)

    assert clock.due_at == local("2026-03-18T17:00")


def duties(text: str) -> list[Duty]:
    """What a driver did, one a line: from, until, what."""
    lines = [line.split() for line in text.strip().splitlines()]
    return [Duty(doing, local(since), local(until)) for since, until, doing in lines]  # type: ignore[arg-type]


def hours_of(name: str) -> Hours:
    hours = rule_of(name).hours
    assert hours
    return hours


def test_the_on_duty_limit_comes_before_the_driving_limit():
    did = duties("2026-03-02T06:00 2026-03-02T12:00 driving\n2026-03-02T12:00 2026-03-02T18:00 on_duty")

    left = hours_left(hours_of("TRN-06"), did, local("2026-03-02T18:00"))

    assert left.left["driving"] == timedelta(hours=4)
    assert left.left["window"] == timedelta(hours=3)
    assert (left.driving, left.by) == (timedelta(hours=3), "window")


def test_a_room_of_two_hundred_square_feet_with_a_toilet_holds_three():
    limit = rule_of("HOLD-02NY-SPACE").limit

    assert persons_that_fit(limit, 200 - 40) == 3


@pytest.mark.parametrize(
    ("at", "standing_then"), [("2026-03-14T12:00", "lifted"), ("2026-03-15T12:00", "law")]
)  # day 14 and day 15
def test_relief_by_a_governor_lasts_fourteen_days_and_guard_hours_are_policy(at: str, standing_then: str):
    clock = read("TRN-09", "2026-03-01T00:00 emergency_declared_by_governor", now=at)
    relief = clock.state == "running"

    assert standing("private", relief=relief) == standing_then
    assert standing("government", relief=relief) == "adopted policy"


def test_without_an_interval_in_its_contract_a_site_of_2019_has_no_clock_for_counts():
    rule = STANDARDS.by_id["us.ice.nds2019"].rules["CNT-01"]
    timeline = Timeline(told("2026-03-02T06:00 in_force"), now=local("2026-03-02T23:00"))

    assert clocks(rule, timeline, HERE) == []
    (clock,) = clocks(rule, timeline, Place(CHICAGO, terms={"count_interval_h": 8}))
    assert (clock.state, clock.due_at) == ("breached", local("2026-03-02T14:00"))


# --- calendars ----------------------------------------------------------------------------------------------------------

HOLIDAYS = {
    2020: "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25",
    2021: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
    2022: "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26",
    2023: "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
    2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    2027: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
}


@pytest.mark.parametrize("year", HOLIDAYS)
def test_federal_holidays_are_those_that_were_published(year: int):
    assert federal_holidays(year) == {date.fromisoformat(f"{year}-{day}") for day in HOLIDAYS[year].split()}


@pytest.mark.parametrize(
    ("started", "hours", "due"),
    [
        ("2026-03-07T20:00", 12, "2026-03-08T09:00"),  # one hour is skipped
        ("2026-10-31T20:00", 12, "2026-11-01T07:00"),  # one hour comes twice
        ("2026-03-08T01:30", 1, "2026-03-08T03:30"),
    ],
)
def test_hours_are_elapsed_time_when_the_clocks_change(started: str, hours: int, due: str):
    at = runs_out(local(started), Span(value=hours, unit="h"), HERE, now=local(started))

    assert at == local(due)
    assert at - local(started).astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("started", "span", "due"),
    [
        ("2026-03-07T09:00", Span(value=1, unit="day"), "2026-03-08T09:00"),  # 23 hours
        ("2026-10-31T09:00", Span(value=1, unit="day"), "2026-11-01T09:00"),  # 25 hours
        ("2026-01-31T09:00", Span(value=1, unit="month"), "2026-02-28T09:00"),
        ("2024-02-29T09:00", Span(value=1, unit="year"), "2025-02-28T09:00"),
        ("2026-11-30T09:00", Span(value=3, unit="month"), "2027-02-28T09:00"),
        ("2026-03-14T09:00", Span(value=1, unit="business_day"), "2026-03-16T09:00"),
    ],
)
def test_days_keep_the_local_time_of_day(started: str, span: Span, due: str):
    assert runs_out(local(started), span, HERE, now=local(started)) == local(due)


def test_the_day_of_a_site_is_its_own():
    """23:30 in New York is 20:30 in Los Angeles: the same moment is another day of the waiver."""
    at = datetime(2025, 6, 24, 3, 30, tzinfo=UTC)  # 23 June, 23:30 in New York

    def by(zone: str, moment: datetime) -> str:
        timeline = Timeline([Happened("hold_room_in", moment)], now=moment)
        return clocks(rule_of("HOLD-01"), timeline, Place(ZoneInfo(zone)))[0].by

    assert by("America/New_York", at) == by("America/Los_Angeles", at) == "HOLD-01"
    assert by("America/New_York", at + timedelta(hours=1)) == "HOLD-01W"
    assert by("America/Los_Angeles", at + timedelta(hours=1)) == "HOLD-01"


# --- pausing, stopping, ending ------------------------------------------------------------------------------------------

PAUSED = Rule(
    id="X-01", name="Tried", words="Tried", about="person", limit=Limit(kind="within", span=Span(value=12, unit="h")),
    timing=Timing(
        start=("arrived",), stop_on=("done",), pause_on=("to_hospital",), resume_on=("back",), ends_on=("left",)
    ),
    responsible="nobody", citation="none", mark="GK", severity="info", on_breach="nothing", pack="tests",
)  # fmt: skip


def test_a_pause_moves_the_due_time_by_as_long_as_it_lasted():
    clock = read(
        PAUSED,
        "2026-03-02T08:00 arrived\n2026-03-02T10:00 to_hospital\n2026-03-02T13:00 back",
        now="2026-03-02T14:00",
    )

    assert (clock.state, clock.due_at) == ("running", local("2026-03-02T23:00"))
    assert clock.paused == (Paused(local("2026-03-02T10:00"), local("2026-03-02T13:00")),)
    assert clock.words == "due in 9 h"


def test_a_paused_clock_stands_still():
    clock = read(PAUSED, "2026-03-02T08:00 arrived\n2026-03-02T10:00 to_hospital", now="2026-03-03T09:00")

    assert (clock.state, clock.words) == ("paused", "paused; 10 h left")


def test_a_pause_after_it_was_due_saves_nothing():
    clock = read(PAUSED, "2026-03-02T08:00 arrived\n2026-03-02T21:00 to_hospital", now="2026-03-02T22:00")

    assert (clock.state, clock.due_at) == ("breached", local("2026-03-02T20:00"))


def test_who_leaves_before_it_is_due_ends_the_clock_and_who_leaves_after_does_not_undo_the_breach():
    early = read(PAUSED, "2026-03-02T08:00 arrived\n2026-03-02T19:00 left", now="2026-03-03T08:00")
    late = read(PAUSED, "2026-03-02T08:00 arrived\n2026-03-02T21:00 left", now="2026-03-03T08:00")

    assert (early.state, early.words, early.is_open) == ("ended", "ended before it was due", False)
    assert (late.state, late.words, late.is_open) == ("breached", "was late by 1 h", False)


def test_each_start_has_a_clock_of_its_own():
    text = """
        2026-03-02T08:00 arrived
        2026-03-02T09:00 left
        2026-03-02T15:00 arrived
        2026-03-02T16:00 done
    """
    found = clocks(PAUSED, Timeline(told(text), now=local("2026-03-02T17:00")), HERE)

    assert [(clock.started_at, clock.state) for clock in found] == [
        (local("2026-03-02T08:00"), "ended"),
        (local("2026-03-02T15:00"), "met"),
    ]


def test_what_was_done_before_the_start_does_not_stop_it():
    clock = read(PAUSED, "2026-03-02T07:59 done\n2026-03-02T08:00 arrived", now="2026-03-02T09:00")

    assert clock.state == "running"


def test_a_recorded_reason_is_told_beside_the_breach_and_does_not_undo_it():
    text = "2026-03-02T08:00 child_found_unaccompanied\n2026-03-04T08:00 exceptional_circumstances"

    clock = read("CLK-06", text, now="2026-03-06T08:00")

    assert (clock.state, clock.excused_at) == ("breached", local("2026-03-04T08:00"))


def test_counsel_is_owed_a_notice_only_where_one_was_on_file_when_the_person_left():
    on_file = "2026-03-02T08:00 representative_on_file\n2026-03-02T09:00 transferred"
    too_late = "2026-03-02T09:00 transferred\n2026-03-02T09:01 representative_on_file"

    assert read("TRF-01", on_file, now="2026-03-02T10:00").due_at == local("2026-03-03T09:00")
    assert clocks(rule_of("TRF-01"), Timeline(told(too_late), now=local("2026-03-02T10:00")), HERE) == []


# --- again and again ----------------------------------------------------------------------------------------------------


def test_a_count_is_owed_again_from_the_count_before_it_and_a_gap_stays_a_breach():
    text = """
        2026-03-02T06:00 in_force
        2026-03-02T14:00 formally_counted
        2026-03-02T22:01 formally_counted
    """
    found = clocks(rule_of("CNT-01"), Timeline(told(text), now=local("2026-03-02T23:00")), HERE)

    assert [(clock.due_at, clock.state) for clock in found] == [
        (local("2026-03-02T14:00"), "met"),
        (local("2026-03-02T22:00"), "met late"),
        (local("2026-03-03T06:01"), "running"),
    ]
    assert found[1].words == "done late by 1 min"


def test_eight_hours_between_counts_are_elapsed_when_the_clocks_change():
    text = "2026-03-01T06:00 in_force\n2026-03-07T23:00 formally_counted"

    found = clocks(rule_of("CNT-01"), Timeline(told(text), now=local("2026-03-08T01:00")), HERE)

    assert found[-1].due_at == local("2026-03-08T08:00")


def test_what_runs_is_not_started_again():
    text = "2026-03-02T08:00 legal_call\n2026-03-02T14:00 legal_call\n2026-03-02T20:00 legal_call"

    found = clocks(rule_of("HOLD-02NY-CALLS"), Timeline(told(text), now=local("2026-03-02T21:00")), HERE)

    assert [clock.started_at.astimezone(CHICAGO).hour for clock in found] == [8, 14, 20]
    assert [clock.is_open for clock in found] == [False, False, True]


def test_a_standard_that_comes_back_starts_its_counts_again():
    text = "2026-03-02T08:00 in_force\n2026-03-02T10:00 out_of_force\n2026-03-05T08:00 in_force"

    found = clocks(rule_of("CNT-01"), Timeline(told(text), now=local("2026-03-05T09:00")), HERE)

    assert [(clock.state, clock.due_at) for clock in found] == [
        ("ended", local("2026-03-02T16:00")),
        ("running", local("2026-03-05T16:00")),
    ]


def test_so_often_a_day_counts_whole_local_days_also_the_one_of_twenty_three_hours():
    text = "2026-03-06T18:00 in_force\n" + "\n".join(
        f"2026-03-{day:02}T{hour:02}:00 room_cleaned"
        for day, hour in [(7, 8), (7, 12), (7, 20), (8, 8), (8, 23)]
    )
    found = clocks(rule_of("HOLD-02NY-CLEAN"), Timeline(told(text), now=local("2026-03-09T10:00")), HERE)

    assert [(clock.started_at, clock.state) for clock in found] == [
        (local("2026-03-07T00:00"), "met"),
        (local("2026-03-08T00:00"), "breached"),
        (local("2026-03-09T00:00"), "running"),
    ]
    assert found[1].words == "fewer than 3 that day"
    assert [clock.is_open for clock in found] == [False, False, True]


# --- what was known when ------------------------------------------------------------------------------------------------


def test_a_corrected_start_moves_the_clock_and_the_old_reading_is_kept():
    happened = [
        Happened("arrived", local("2026-03-02T08:00"), known_from=5, known_until=9),
        Happened("arrived", local("2026-03-02T05:00"), known_from=9),
        Happened("medical_screened", local("2026-03-02T18:30"), known_from=12),
    ]

    found = readings(rule_of("MED-01"), happened, HERE, now=local("2026-03-02T19:00"))

    told_then = [(each.known_at, each.clocks[0].due_at, each.clocks[0].state) for each in found]
    assert told_then == [
        (5, local("2026-03-02T20:00"), "running"),
        (9, local("2026-03-02T17:00"), "breached"),
        (12, local("2026-03-02T17:00"), "met late"),
    ]


def test_a_start_that_did_not_happen_leaves_no_clock_and_the_reading_that_there_was_one():
    happened = [Happened("arrived", local("2026-03-02T08:00"), known_from=5, known_until=9)]

    found = readings(rule_of("MED-01"), happened, HERE, now=local("2026-03-02T19:00"))

    assert [(each.known_at, len(each.clocks)) for each in found] == [(5, 1), (9, 0)]


# --- words --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-03-02T18:40", "due in 1 h 20 min"),
        ("2026-03-02T19:59", "due in 1 min"),
        ("2026-03-02T20:00", "due in less than 1 min"),
        ("2026-03-02T20:05", "late by 5 min"),
        ("2026-03-05T21:07", "late by 3 days 1 h"),
    ],
)
def test_a_clock_says_how_it_stands(now: str, words: str):
    assert read("MED-01", "2026-03-02T08:00 arrived", now=now).words == words


def test_within_the_grace_it_is_late_and_no_breach_yet():
    clock = read("HOLD-08", "2026-03-02T08:00 hold_room_in", now="2026-03-02T08:17")

    assert (clock.state, clock.words) == ("running", "late by 2 min, within the grace")


# --- driving ------------------------------------------------------------------------------------------------------------

DRIVING = [
    # rule, what was done, at, left, which limit decides
    ("TRN-06", "2026-03-02T06:00 2026-03-02T16:00 driving", "2026-03-02T16:00", 0, "driving"),
    ("TRN-06", "2026-03-02T06:00 2026-03-02T15:00 driving", "2026-03-02T15:00", 1, "driving"),
    ("TRN-06", "2026-03-02T06:00 2026-03-02T16:00 driving", "2026-03-02T23:59", 0, "driving"),
    ("TRN-06", "2026-03-02T06:00 2026-03-02T16:00 driving", "2026-03-03T00:00", 10, "driving"),
    ("TRN-06", "2026-03-02T06:00 2026-03-02T21:00 on_duty", "2026-03-02T21:00", 0, "window"),
    ("TRN-07", "2026-03-02T06:00 2026-03-02T07:00 driving", "2026-03-02T16:00", 4, "window"),
    ("TRN-07", "2026-03-02T06:00 2026-03-02T14:00 driving", "2026-03-02T14:00", 0, "break"),
    ("TRN-07", "2026-03-02T06:00 2026-03-02T14:00 driving", "2026-03-02T14:29", 0, "break"),
    ("TRN-07", "2026-03-02T06:00 2026-03-02T14:00 driving", "2026-03-02T14:30", 3, "driving"),
    ("TRN-05", "2026-03-02T06:00 2026-03-02T08:00 driving", "2026-03-02T15:00", 6, "window"),
    ("TRN-12", "2026-03-02T06:00 2026-03-02T08:00 driving", "2026-03-02T14:00", 8, "driving"),
]


@pytest.mark.parametrize(("name", "did", "at", "left", "by"), DRIVING)
def test_the_hours_that_are_left(name: str, did: str, at: str, left: int, by: str):
    found = hours_left(hours_of(name), duties(did), local(at))

    assert (found.driving, found.by) == (timedelta(hours=left), by)


def test_a_week_of_long_days_leaves_what_sixty_hours_leave_and_a_restart_gives_them_back():
    did = duties(
        "\n".join(
            f"2026-03-0{day}T06:00 2026-03-0{day}T17:30 on_duty" for day in range(2, 7)
        )  # 5 days of 11.5 h
    )

    after = hours_left(hours_of("TRN-07"), did, local("2026-03-07T04:00"))
    rested = hours_left(hours_of("TRN-07"), did, local("2026-03-08T04:30"))  # 34 h, the clocks change later

    assert (after.driving, after.by) == (timedelta(hours=2, minutes=30), "week")
    assert rested.by == "break"
    assert rested.left["week"] == timedelta(hours=60)


def test_adverse_conditions_add_two_hours():
    did = duties("2026-03-02T06:00 2026-03-02T16:00 driving")

    assert hours_left(hours_of("TRN-06"), did, local("2026-03-02T16:00"), adverse=True).driving == timedelta(
        hours=2
    )


# --- laws ---------------------------------------------------------------------------------------------------------------

MINUTES = st.integers(min_value=0, max_value=60 * 24 * 21)
BEGAN = local("2026-03-01T00:00").astimezone(UTC)


def at(minutes: int) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


SPANS = st.builds(
    Span, value=st.integers(1, 60), unit=st.sampled_from(["min", "h", "day", "business_day", "month"])
)


@given(SPANS, MINUTES, st.lists(st.tuples(MINUTES, st.booleans()), max_size=5), MINUTES, st.booleans())
def test_pausing_never_makes_it_due_earlier(
    span: Span, start: int, changes: Sequence[tuple[int, bool]], now: int, business: bool
):
    days = "business_days" if business and span.unit in ("min", "h") else "every_day"
    rule = replace(
        PAUSED, limit=Limit(kind="within", span=span), timing=replace(PAUSED.timing, calendar=days)
    )
    happened = [Happened("arrived", at(start))]
    pauses = [Happened("to_hospital" if pauses else "back", at(minute)) for minute, pauses in changes]
    moment = at(max(start, now))

    (without,) = clocks(rule, Timeline(happened, now=moment), HERE)
    (paused,) = clocks(rule, Timeline([*happened, *pauses], now=moment), HERE)

    assert without.due_at
    assert paused.due_at
    assert paused.due_at >= without.due_at >= at(start)


@given(
    st.permutations(["arrived", "done", "to_hospital", "back", "left"]),
    st.lists(MINUTES, min_size=5, max_size=5),
)
def test_what_is_done_after_it_was_due_is_a_breach_in_whatever_order_it_is_told(
    order: list[str], when: list[int]
):
    happened = [Happened(event, at(minute)) for event, minute in zip(sorted(order), when, strict=True)]
    shuffled = sorted(happened, key=lambda each: order.index(each.event))
    now = at(60 * 24 * 30)

    read_as_told = clocks(PAUSED, Timeline(shuffled, now=now), HERE)

    assert read_as_told == clocks(PAUSED, Timeline(happened, now=now), HERE)
    for clock in read_as_told:
        assert clock.due_at
        if clock.stopped_at:
            assert clock.breached is (clock.stopped_at > clock.due_at)


@given(st.integers(1, 24 * 30), MINUTES)
def test_hours_last_as_long_as_they_say_and_business_hours_never_less(hours: int, start: int):
    span, began = Span(value=hours, unit="h"), at(start)

    assert runs_out(began, span, HERE, now=began) - began == timedelta(hours=hours)
    assert runs_out(began, span, HERE, days="business_days", now=began) - began >= timedelta(hours=hours)


@given(st.integers(1, 400), st.integers(0, 60 * 24 * 400))
def test_days_end_at_the_same_local_time_or_an_hour_off_where_that_time_is_not_there(days: int, start: int):
    began = at(start)

    due = runs_out(began, Span(value=days, unit="day"), HERE, now=began).astimezone(CHICAGO)

    here = began.astimezone(CHICAGO)
    assert due.date() == here.date() + timedelta(days=days)
    off = abs((due.hour * 60 + due.minute) - (here.hour * 60 + here.minute))
    assert off == 0 or (off == 60 and due.hour == 3)


@given(st.lists(MINUTES, min_size=1, max_size=20), MINUTES)
def test_the_intervals_of_an_every_cover_the_time_without_a_gap(done: list[int], start: int):
    now = at(60 * 24 * 22)
    happened = [
        Happened("in_force", at(start)),
        *(Happened("formally_counted", at(minute)) for minute in done),
    ]

    found = clocks(rule_of("CNT-01"), Timeline(happened, now=now), HERE)

    assert found[0].started_at == at(start)
    assert [clock.stopped_at for clock in found[:-1]] == [clock.started_at for clock in found[1:]]
    assert found[-1].is_open
    for clock in found:
        assert clock.due_at
        assert clock.breached is ((clock.stopped_at or now) > clock.due_at)


# --- whose clock it is --------------------------------------------------------------------------------------------------


def test_a_standard_starts_clocks_only_on_its_days_at_the_site():
    windows = [Window(date(2026, 3, 2), date(2026, 3, 3))]

    def due(started: str) -> bool:
        timeline = Timeline(told(f"{started} arrived"), now=local(started))
        return bool(clocks(rule_of("MED-01"), timeline, HERE, windows))

    assert [due(f"2026-03-0{day}T00:00") for day in (1, 2, 3, 4)] == [False, True, True, False]


def test_an_order_holds_on_its_days_alone():
    place = Place(CHICAGO, overlays={"HOLD-02": [Window(date(2025, 9, 1), date(2025, 9, 30))]})

    def by(day: str) -> str:
        return read("HOLD-01", f"{day}T08:00 hold_room_in", now=f"{day}T09:00", place=place).by

    assert [by(f"2025-{day}") for day in ("08-31", "09-01", "09-30", "10-01")] == [
        "HOLD-01W", "HOLD-02", "HOLD-02", "HOLD-01W",
    ]  # fmt: skip


def test_what_happened_at_another_site_stops_a_clock_and_starts_none():
    found = Happened("minor_found", local("2026-03-02T08:00"))
    again = Happened("minor_found", local("2026-03-02T12:00"), elsewhere=True)
    told_there = Happened("hhs_notified", local("2026-03-03T08:00"), elsewhere=True)

    (clock,) = clocks(
        rule_of("CLK-05"), Timeline([found, again, told_there], now=local("2026-03-04T08:00")), HERE
    )

    assert (clock.started_at, clock.state) == (found.at, "met")
