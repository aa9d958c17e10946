"""The limits of a decision: what is in force at a moment, and which plan fits inside."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.assistance.rules import read_request
from muster.authority.packs import load_packs
from muster.authority.rules import assess
from muster.core.errors import FaultyInput
from muster.core.quantity import Quantity
from muster.decisions import rules
from muster.decisions.rules import Draw, InForce, Limits, Version, check_draw, limit_layer, limits_at, peak_of
from muster.decisions.usage import used_at

ZONE = "America/Chicago"
LIMITS = Limits(
    zone=ZONE,
    people_max=40,
    people_max_by_task={"T04": 10},
    people_max_by_place={"Site B": 15},
    vehicles_max=6,
    tasks_allowed=("T01", "T04", "T08"),
    tasks_barred=("T13",),
    contact="incidental",
    places=("Site A", "Site B"),
    effective_from=date(2025, 11, 3),
    effective_to=date(2025, 11, 30),
    volunteers_only=True,
    armed="none",
    cost_cap_usd=250_000,
    reporting_interval_days=7,
    conditions=("Rest of ten hours between shifts.",),
    sentences={"people_max": "Not more than forty members at any time.", "contact": "No direct contact."},
)


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def draw(
    task="T01",
    place="Site A",
    people=5,
    vehicles=0,
    begins="2025-11-10T08:00",
    ends="2025-11-10T16:00",
    **more,
):
    return Draw(
        task=task,
        place=place,
        people=Quantity.parse(people),
        vehicles=Quantity.parse(vehicles),
        begins_at=local(begins),
        ends_at=local(ends),
        **({"contact": "none", "volunteers": True} | more),
    )


def check(new, *standing, limits=LIMITS):
    check_draw(InForce(limits=limits, why=None, since=None), standing, new)


def refusal_of(new, *standing, limits=LIMITS):
    with pytest.raises(rules.Refusal) as refusal:
        check(new, *standing, limits=limits)
    return refusal.value


# --- limits as data -----------------------------------------------------------------


def test_limits_read_back_as_they_were_written():
    assert Limits.from_json(LIMITS.to_json()) == LIMITS
    assert Limits.from_json(Limits(zone="UTC").to_json()) == Limits(zone="UTC")
    assert Limits.from_json({"zone": "UTC", "tasks_allowed": []}).tasks_allowed == ()


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"zone": None}, "zone", "decisions.missing"),
        ({"zone": "Chicago"}, "zone", "decisions.unknown_zone"),
        ({"people_max": -1}, "people_max", "decisions.wrong_kind"),
        ({"people_max": True}, "people_max", "decisions.wrong_kind"),
        ({"people_max_by_task": {"T99": 5}}, "people_max_by_task.T99", "decisions.unknown_task"),
        ({"people_max_by_task": [5]}, "people_max_by_task", "decisions.wrong_kind"),
        ({"tasks_allowed": ["T99"]}, "tasks_allowed", "decisions.unknown_task"),
        ({"tasks_barred": "T13"}, "tasks_barred", "decisions.wrong_kind"),
        ({"contact": "some"}, "contact", "decisions.unknown_choice"),
        ({"armed": "heavily"}, "armed", "decisions.unknown_choice"),
        ({"effective_to": "2025-11-02"}, "effective_to", "decisions.ends_before_it_begins"),
        ({"reporting_interval_days": 0}, "reporting_interval_days", "decisions.wrong_kind"),
        ({"sentences": {"peeple": "x"}}, "sentences.peeple", "decisions.unknown_field"),
        ({"people": 5}, "people", "decisions.unknown_field"),
    ],
)
def test_each_fault_in_limits_has_its_path_and_code(change, column, code):
    with pytest.raises(FaultyInput) as refusal:
        Limits.from_json(LIMITS.to_json() | change)

    assert [(fault.column, fault.code) for fault in refusal.value.faults] == [(column, code)]


@pytest.mark.parametrize("limit", rules.SENTENCES)
def test_every_limit_has_a_sentence_even_where_the_decision_gave_none(limit):
    assert LIMITS.sentence(limit).endswith(".")


def test_authority_hears_a_decision_as_its_governors_layer():
    layer = limit_layer(LIMITS, decision="D-7", citation="Decision 7")
    head = {"id": "R-1", "title": "T", "kind": "exercise", "requester": "An agency", "agency_kind": "local"}
    line = {"task": "T05", "words": "As asked"}
    request = read_request(head | {"asked": "ZZ-GOVERNOR", "state": "ZZ", "purpose": "P", "lines": [line]})

    (found,) = assess(request, "T32-502f1A", date(2025, 11, 10), (load_packs().law, layer), {})

    assert (found.finding, found.layer, found.rule) == (
        "prohibited",
        "governor's decision",
        "D-7.tasks_allowed",
    )
    assert found.words == "Tasks allowed: T01, T04, T08."


# --- what is in force ---------------------------------------------------------------

LESS = replace(LIMITS, people_max=20)


def versions(story):
    """`n kind effective known people`, a line each."""
    return [
        Version(
            n=int(n),
            kind=kind,
            effective_at=local(at),
            known=int(known),
            limits=None if people == "-" else replace(LIMITS, people_max=int(people)),
        )
        for n, kind, at, known, people in (line.split() for line in story.strip().splitlines())
    ]


STORY = versions("""
    1  issued     2025-11-01T09:00  100  40
    2  suspended  2025-11-10T00:00  110  -
    3  resumed    2025-11-12T00:00  120  -
    4  amended    2025-11-05T00:00  130  20
    5  revoked    2025-11-20T12:00  140  -
""")


@pytest.mark.parametrize(
    ("at", "known_at", "why", "people"),
    [
        ("2025-11-01T08:59", 140, "not_issued", None),
        ("2025-11-01T09:00", 99, "not_issued", None),
        ("2025-11-01T09:00", 100, "not_yet", 40),
        ("2025-11-02T23:59", 100, "not_yet", 40),
        ("2025-11-03T00:00", 100, None, 40),
        ("2025-11-06T00:00", 129, None, 40),
        ("2025-11-06T00:00", 130, None, 20),
        ("2025-11-09T23:59", 130, None, 20),
        ("2025-11-10T00:00", 109, None, 40),
        ("2025-11-10T00:00", 110, "suspended", 40),
        ("2025-11-11T23:59", 130, "suspended", 20),
        ("2025-11-12T00:00", 119, "suspended", 40),
        ("2025-11-12T00:00", 120, None, 40),
        ("2025-11-20T11:59", 140, None, 20),
        ("2025-11-20T12:00", 139, None, 20),
        ("2025-11-20T12:00", 140, "revoked", 20),
        ("2025-12-24T00:00", 140, "revoked", 20),
        ("2025-11-30T23:59", 130, None, 20),
        ("2025-12-01T00:00", 130, "expired", 20),
    ],
)
def test_what_is_in_force_at_a_moment_as_it_was_known(at, known_at, why, people):
    found = limits_at(STORY, local(at), known_at)

    assert (found.why, found.limits and found.limits.people_max) == (why, people)


def test_nothing_brings_a_revoked_decision_back():
    story = [*STORY, *versions("6 resumed 2025-11-21T00:00 150 -\n7 amended 2025-11-21T00:00 160 40")]

    assert limits_at(story, local("2025-11-22T00:00"), 160).why == "revoked"


def test_a_window_that_ran_out_while_it_was_suspended_has_ended_and_a_longer_one_is_suspended_still():
    """Suspended is paused, and what has ended is not resumed: design.md, *missions*; authority.md section 9, case 7."""
    story = versions("1 issued 2025-11-01T09:00 1 40\n2 suspended 2025-11-10T00:00 2 -")
    longer = replace(LIMITS, effective_to=date(2025, 12, 31))
    more = Version(n=3, kind="amended", effective_at=local("2025-12-02T00:00"), known=3, limits=longer)

    assert limits_at(story, local("2025-11-30T23:59"), 3).why == "suspended"
    assert limits_at(story, local("2025-12-02T00:00"), 3).why == "expired"
    assert limits_at([*story, more], local("2025-12-02T00:00"), 3).why == "suspended"


def test_of_two_versions_from_one_moment_the_later_written_goes_before():
    story = versions(
        "1 issued 2025-11-03T00:00 1 40\n2 amended 2025-11-03T00:00 2 20\n3 amended 2025-11-03T00:00 3 30"
    )

    assert limits_at(story, local("2025-11-04T00:00"), 3).limits.people_max == 30
    assert limits_at(story, local("2025-11-04T00:00"), 2).limits.people_max == 20


# --- drawing on the limits ----------------------------------------------------------


def test_the_numbers_of_a_decision_may_be_used_to_the_last_and_not_beyond():
    check(draw(people=35), draw(people=5))

    refusal = refusal_of(draw(people=36), draw(people=5))

    assert (refusal.code, refusal.limit, refusal.peak, refusal.most) == (
        "decisions.over_people",
        "people_max",
        41,
        40,
    )
    assert str(refusal) == (
        "Refused: it would bring 41 people in all at one moment, 1 more than the 40 allowed. "
        'The decision says: "Not more than forty members at any time." '
        "Ask the Joint Operations Center to request an amendment."
    )


def test_people_in_all_are_those_of_one_moment_and_not_of_the_whole_time():
    morning = draw(people=40, begins="2025-11-10T00:00", ends="2025-11-10T08:00")
    evening = draw(people=40, begins="2025-11-10T16:00", ends="2025-11-10T23:00")

    check(draw(people=40), morning, evening)

    overlapping = replace(morning, ends_at=local("2025-11-10T08:01"))
    assert refusal_of(draw(people=1), overlapping).limit == "people_max"


def test_two_short_draws_that_do_not_meet_do_not_add_up_inside_a_long_one():
    long = draw(people=20, begins="2025-11-10T00:00", ends="2025-11-11T00:00")
    first = draw(people=20, begins="2025-11-10T01:00", ends="2025-11-10T02:00")
    second = draw(people=20, begins="2025-11-10T02:00", ends="2025-11-10T03:00")

    check(long, first, second)

    assert refusal_of(long, first, replace(second, begins_at=local("2025-11-10T01:59"))).peak == 60


@pytest.mark.parametrize(
    ("new", "standing", "limit"),
    [
        (draw("T04", people=6, contact="none"), draw("T04", people=5), "people_max_by_task"),
        (draw("T08", "Site B", people=11), draw("T01", "Site B", people=5), "people_max_by_place"),
    ],
)
def test_people_are_counted_by_task_and_by_place_too(new, standing, limit):
    free = replace(LIMITS, contact=None)

    check(replace(new, people=Quantity.exact(new.people.high - 1)), standing, limits=free)

    assert refusal_of(new, standing, limits=free).limit == limit


def test_vehicles_are_counted_like_people():
    check(draw(vehicles=4), draw(vehicles=2))

    refusal = refusal_of(draw(vehicles=5), draw(vehicles=2))
    assert (refusal.code, refusal.peak) == ("decisions.over_vehicles", 7)


@pytest.mark.parametrize(
    ("people", "fits"),
    [
        ("between 10 and 40", True),
        ("between 10 and 41", False),
        ("up to 40", True),
        ("up to 41", False),
        ("about 40", True),
    ],
)
def test_a_draw_counts_its_high_end(people, fits):
    if fits:
        check(draw(people=people))
    else:
        assert refusal_of(draw(people=people)).code == "decisions.over_people"


@pytest.mark.parametrize(
    "change", [{"people": "not recorded"}, {"people": "at least 5"}, {"vehicles": "not recorded"}]
)
def test_an_open_number_needs_a_number_first_even_without_a_limit(change):
    refusal = refusal_of(draw(**change), limits=Limits(zone=ZONE))

    assert refusal.code == "decisions.number_needed"
    assert "Give a number before it is tasked." in str(refusal)


@pytest.mark.parametrize(
    ("inside", "outside", "code"),
    [
        ({"begins": "2025-11-03T00:00"}, {"begins": "2025-11-02T23:59"}, "decisions.outside_window"),
        ({"ends": "2025-12-01T00:00"}, {"ends": "2025-12-01T00:01"}, "decisions.outside_window"),
        ({"task": "T08"}, {"task": "T13"}, "decisions.barred_task"),
        ({"task": "T08"}, {"task": "T02"}, "decisions.outside_tasks"),
        ({"place": "Site B"}, {"place": "Site C"}, "decisions.outside_places"),
        ({"contact": "incidental"}, {"contact": "direct"}, "decisions.contact_not_allowed"),
        ({"task": "T01"}, {"task": "T04", "contact": "none"}, "decisions.contact_not_allowed"),
        ({"armed": "none"}, {"armed": "individual"}, "decisions.arms_not_allowed"),
        ({"volunteers": True}, {"volunteers": False}, "decisions.volunteers_only"),
    ],
)
def test_each_limit_is_refused_just_outside_and_not_just_inside(inside, outside, code):
    check(draw(**inside))

    refusal = refusal_of(draw(**outside))

    assert refusal.code == code
    assert f'The decision says: "{LIMITS.sentence(refusal.limit)}"' in str(refusal)
    assert str(refusal).endswith("Ask the Joint Operations Center to request an amendment.")


def test_an_hour_of_the_last_day_is_counted_in_the_decisions_own_zone():
    """Eleven in the evening of November 30 in Chicago is already December in UTC."""
    late = draw(begins="2025-11-30T22:00", ends="2025-11-30T23:00")

    assert late.begins_at.date() == date(2025, 12, 1)
    check(late)


@pytest.mark.parametrize("why", ["not_issued", "suspended", "revoked"])
def test_nothing_is_tasked_while_nothing_is_in_force(why):
    in_force = InForce(limits=None if why == "not_issued" else LIMITS, why=why, since=None)

    with pytest.raises(rules.NothingInForce) as refusal:
        check_draw(in_force, (), draw())

    assert refusal.value.code == "decisions.nothing_in_force"


def test_before_the_first_day_and_after_the_last_the_refusal_quotes_the_window():
    for begins, limit in (("2025-11-02T08:00", "effective_from"), ("2025-12-01T08:00", "effective_to")):
        new = draw(begins=begins, ends=begins[:11] + "09:00")
        with pytest.raises(rules.OutsideWindow) as refusal:
            check_draw(limits_at(STORY[:1], new.begins_at, 100), (), new)
        assert refusal.value.limit == limit


def test_a_window_that_ends_as_it_begins_is_refused():
    with pytest.raises(rules.EndsBeforeItBegins) as refusal:
        check(draw(ends="2025-11-10T08:00"))
    assert refusal.value.code == "decisions.ends_before_it_begins"

    check(draw(ends="2025-11-10T08:01"))


def test_the_first_of_many_refusals_is_told_in_the_order_of_the_rule():
    """Each step mends what was refused, and the next refusal comes up."""
    limits = replace(LIMITS, people_max=9, people_max_by_task={"T01": 8}, people_max_by_place={"Site A": 7})
    new = draw(
        "T13",
        "Site C",
        "not recorded",
        9,
        "2025-11-02T08:00",
        "2025-12-05T08:00",
        volunteers=False,
        armed="unit",
    )
    in_window = {"begins_at": local("2025-11-10T08:00"), "ends_at": local("2025-11-10T16:00")}
    mending = [
        ({}, "effective_from"),
        ({"begins_at": in_window["begins_at"]}, "effective_to"),
        ({"ends_at": in_window["ends_at"]}, "tasks_barred"),
        ({"task": "T02"}, "tasks_allowed"),
        ({"task": "T01"}, "places"),
        ({"place": "Site A", "contact": "direct"}, "contact"),
        ({"contact": "none"}, "armed"),
        ({"armed": "none"}, "volunteers_only"),
        ({"volunteers": True}, "people_max"),
        ({"people": Quantity.exact(10)}, "people_max"),
        ({"people": Quantity.exact(9)}, "people_max_by_task"),
        ({"people": Quantity.exact(8)}, "people_max_by_place"),
        ({"people": Quantity.exact(7)}, "vehicles_max"),
    ]

    for mended, limit in mending:
        new = replace(new, **mended)
        assert refusal_of(new, limits=limits).limit == limit
    check(replace(new, vehicles=Quantity.exact(6)), limits=limits)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8), st.integers(0, 9)), max_size=8))
def test_the_peak_is_the_most_that_a_clock_would_see(spans):
    start = local("2025-11-10T00:00")
    window = replace(draw(), begins_at=start + timedelta(hours=5), ends_at=start + timedelta(hours=15))
    draws = [
        replace(
            draw(people=people),
            begins_at=start + timedelta(hours=begins),
            ends_at=start + timedelta(hours=begins + hours),
        )
        for begins, hours, people in spans
    ]

    seen = [
        sum(d.people.high for d in draws if d.begins_at <= start + timedelta(hours=hour) < d.ends_at)
        for hour in range(5, 15)
    ]

    assert peak_of(draws, window, "people") == max(seen)


def standing(limits):
    return InForce(limits=limits, why=None, since=None)


def test_headroom_is_what_the_fullest_moment_still_to_come_leaves():
    early = draw("T04", "Site A", people="up to 9", vehicles=2)
    late = draw("T01", "Site B", people=6, begins="2025-11-10T15:00", ends="2025-11-10T20:00")
    after = draw("T01", "Site B", people=4, vehicles=6, begins="2025-11-10T20:00", ends="2025-11-11T20:00")

    def used(at):
        told = used_at(standing(LIMITS), [early, late, after], local(at))
        assert [(h.limit, h.of, h.allowed) for h in told] == [
            ("people_max", "", 40),
            ("people_max_by_task", "T04", 10),
            ("people_max_by_place", "Site B", 15),
            ("vehicles_max", "", 6),
        ]
        return [h.peak for h in told]

    assert used("2025-11-01T00:00") == [15, 9, 6, 6]
    assert used("2025-11-10T15:59") == [15, 9, 6, 6]
    assert used("2025-11-10T16:00") == [6, 0, 6, 6]  # the end of a draw is not included
    assert used("2025-11-10T20:00") == [4, 0, 4, 6]
    assert used("2025-11-11T20:00") == [0, 0, 0, 0]
    assert used_at(standing(Limits(zone=ZONE)), [early], local("2025-11-01T00:00")) == []
