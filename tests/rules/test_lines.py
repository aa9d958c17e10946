"""Each line of a request allowed, limited or refused, and what follows for the limits and for a task."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from muster.core.errors import FaultyInput
from muster.core.quantity import Quantity
from muster.decisions import deciding, rules
from muster.decisions.deciding import AskedLine, LinesDisagree, SensitiveLine, judged_lines, narrowed
from muster.decisions.holding import Delegated, Held, delegation_at, holder_at
from muster.decisions.judging import judged
from muster.decisions.lines import JudgedLine, from_stored, is_sensitive, read_lines
from muster.decisions.reporting import confirmation, next_report
from muster.decisions.rules import Draw, InForce, Limits, check_draw

ASKED = [
    AskedLine(n=1, task="T01", words="Data entry", place="Site A"),
    AskedLine(n=2, task="T01", words="Data entry", place="Site B"),
    AskedLine(n=3, task="T05", words="In-processing with the person", place="Site A"),
]
FREE = Limits(zone="America/Chicago")
DAY = datetime(2026, 3, 2, 14, tzinfo=UTC)


def draw(task="T01", people=5, place="Site A", **changes):
    given = {
        "vehicles": Quantity.parse("0"), "begins_at": DAY, "ends_at": DAY + timedelta(hours=8), "contact": "none",
    } | changes  # fmt: skip
    return Draw(task=task, place=place, people=Quantity.parse(str(people)), **given)


def said(*lines):
    return read_lines(list(lines))


def check(new, lines, limits=FREE, standing=()):
    found = judged_lines(ASKED, said(*lines), limits)
    in_force = InForce(limits=narrowed(limits, found), why=None, since=DAY, version=1, lines=found)
    check_draw(in_force, standing, new)


@pytest.mark.parametrize(
    ("task", "words", "sensitive"),
    [
        ("T05", "Data", True), ("T12", "Watch", True), ("T01", "Take DNA swabs", True), ("T01", "Fingerprints filed", True),
        ("T08", "photographs of persons", True), ("T10", "Help restrain", True), ("T01", "Data entry", False),
        ("T08", "Kidnapped DNAs", False),
    ],
)  # fmt: skip
def test_a_line_is_sensitive_by_its_task_or_its_words(task, words, sensitive):
    assert is_sensitive(task, words) is sensitive


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"judgement": "allow"}, "decisions.missing"),
        ({"n": 1}, "decisions.missing"),
        ({"n": 1, "judgement": "perhaps"}, "decisions.unknown_choice"),
        ({"n": 1, "judgement": "limit"}, "decisions.no_limit_named"),
        ({"n": 1, "judgement": "allow", "people_max": 3}, "decisions.limit_not_chosen"),
        ({"n": 1, "judgement": "refuse", "why": "x"}, "decisions.unknown_field"),
        (
            {"n": 1, "judgement": "limit", "effective_from": "2026-03-02", "effective_to": "2026-03-01"},
            "decisions.ends_before_it_begins",
        ),
        (
            {"n": 1, "judgement": "allow", "hours_from": "08:00", "hours_until": "17:00"},
            "decisions.limit_not_chosen",
        ),
        ({"n": 1, "judgement": "limit", "hours_from": "08:00"}, "decisions.hours_by_halves"),
        ({"n": 1, "judgement": "limit", "hours_until": "17:00"}, "decisions.hours_by_halves"),
        (
            {"n": 1, "judgement": "limit", "hours_from": "08:00", "hours_until": "08:00"},
            "decisions.hours_by_halves",
        ),
        ({"n": 1, "judgement": "limit", "hours_from": "8", "hours_until": "17:00"}, "decisions.bad_hour"),
        ({"n": 1, "judgement": "limit", "hours_from": "08:00", "hours_until": "24:00"}, "decisions.bad_hour"),
    ],
)
def test_each_fault_in_a_judgement_has_its_code(line, code):
    with pytest.raises(FaultyInput) as refusal:
        said(line)

    assert code in {fault.code for fault in refusal.value.faults}


def test_a_line_is_judged_once_and_must_be_there():
    with pytest.raises(FaultyInput, match="twice"):
        said({"n": 1, "judgement": "allow"}, {"n": 1, "judgement": "refuse"})
    with pytest.raises(FaultyInput, match="no line 9"):
        judged_lines(ASKED, said({"n": 9, "judgement": "allow"}), FREE)


def test_judgements_read_back_as_they_were_kept():
    lines = judged_lines(
        ASKED,
        said(
            {
                "n": 1,
                "judgement": "limit",
                "people_max": 4,
                "places": ["Site A"],
                "effective_to": "2026-03-09",
                "hours_from": "22:00",
                "hours_until": "06:30",
            }
        ),
        FREE,
    )

    kept = [line.to_json() for line in lines]
    assert from_stored(kept) == lines
    of_old = [{name: value for name, value in line.items() if not name.startswith("hours")} for line in kept]
    assert from_stored(of_old)[0] == replace(lines[0], hours_from=None, hours_until=None)


def test_a_sensitive_line_starts_at_refuse_and_needs_a_reason_to_allow():
    found = judged_lines(ASKED, (), FREE)

    assert [line.judgement for line in found] == ["allow", "allow", "refuse"]
    assert narrowed(FREE, found).tasks_barred == ("T05",)
    with pytest.raises(SensitiveLine):
        judged_lines(ASKED, said({"n": 3, "judgement": "allow"}), FREE)
    with pytest.raises(SensitiveLine):
        judged_lines(ASKED, (), replace(FREE, tasks_allowed=("T01", "T05")))
    why = {"n": 3, "judgement": "allow", "words": "Only names are typed in."}
    assert judged_lines(ASKED, said(why), FREE)[2].is_allowed


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ({"n": 1, "judgement": "allow"}, replace(FREE, tasks_barred=("T01",))),
        ({"n": 1, "judgement": "allow"}, replace(FREE, tasks_allowed=())),
        ({"n": 1, "judgement": "allow"}, None),
        ({"n": 3, "judgement": "refuse"}, replace(FREE, tasks_allowed=("T01", "T05"))),
    ],
)
def test_a_line_and_the_limits_must_not_contradict_each_other(line, limits):
    with pytest.raises(LinesDisagree):
        judged_lines(ASKED, said(line), limits)


def test_nothing_said_of_any_line_of_a_declined_request_refuses_all():
    assert {line.judgement for line in judged_lines(ASKED, (), None)} == {"refuse"}


def test_after_an_amendment_a_line_stays_as_it_was_unless_the_limits_name_its_task_or_leave_it_out():
    before = judged_lines(ASKED, said({"n": 1, "judgement": "refuse", "words": "Not at A."}), FREE)

    same = judged_lines(ASKED, (), FREE, before=before)
    named = judged_lines(ASKED, (), replace(FREE, tasks_allowed=("T01",)), before=before)
    left_out = judged_lines(ASKED, (), replace(FREE, tasks_barred=("T01",)), before=before)

    assert same == before
    assert [line.judgement for line in named] == ["allow", "allow", "refuse"]
    assert [line.judgement for line in left_out] == ["refuse"] * 3


def test_a_task_that_only_a_refused_line_asks_for_is_refused_with_the_lines_sentence():
    refuse = {"n": 1, "judgement": "refuse", "words": "Site A does its own data entry."}

    with pytest.raises(rules.RefusedLine, match="Site A does its own data entry"):
        check(draw(), [refuse])
    check(draw(place="Site B"), [refuse])
    with pytest.raises(rules.RefusedLine, match="sensitive"):
        check(draw("T05", contact="direct"), [])


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"begins_at": datetime(2026, 3, 2, 6, tzinfo=UTC)}, True),
        ({"begins_at": datetime(2026, 3, 2, 5, 59, tzinfo=UTC)}, False),
        ({"ends_at": datetime(2026, 3, 4, 6, tzinfo=UTC)}, True),
        ({"ends_at": datetime(2026, 3, 4, 6, 1, tzinfo=UTC)}, False),
        ({"place": "site  a"}, True),
    ],
)
def test_a_line_allowed_with_a_limit_holds_its_days_and_places(change, fits):
    limit = {
        "n": 1, "judgement": "limit", "places": ["Site A"], "effective_from": "2026-03-02", "effective_to": "2026-03-03",
    }  # fmt: skip

    if fits:
        check(draw(**change), [limit])
    else:
        with pytest.raises(rules.OutsideLine, match="until 2026-03-03"):
            check(draw(**change), [limit])


@pytest.mark.parametrize(
    ("hours", "begins", "ends", "fits"),
    [
        ("08:00-17:00", "2026-03-02T08:00", "2026-03-02T17:00", True),
        ("08:00-17:00", "2026-03-02T07:59", "2026-03-02T17:00", False),
        ("08:00-17:00", "2026-03-02T08:00", "2026-03-02T17:01", False),
        ("08:00-17:00", "2026-03-02T08:00", "2026-03-03T09:00", False),  # through the night
        ("18:00-00:00", "2026-03-02T18:00", "2026-03-03T00:00", True),
        ("18:00-00:00", "2026-03-02T18:00", "2026-03-03T00:01", False),
        ("22:00-06:00", "2026-03-02T22:00", "2026-03-03T06:00", True),
        ("22:00-06:00", "2026-03-03T01:00", "2026-03-03T05:00", True),
        ("22:00-06:00", "2026-03-02T21:59", "2026-03-02T23:00", False),
        ("22:00-06:00", "2026-03-03T05:00", "2026-03-03T06:01", False),
        ("22:00-06:00", "2026-03-02T22:00", "2026-03-03T22:30", False),  # two nights and the day between
        # Clocks go forward on 8 March at 02:00 and back on 1 November at 02:00, in Chicago.
        ("08:00-17:00", "2026-03-08T08:00", "2026-03-08T17:00", True),
        ("02:30-05:00", "2026-03-08T03:00", "2026-03-08T05:00", False),
        ("02:30-05:00", "2026-03-08T03:30", "2026-03-08T05:00", True),
        ("00:00-02:30", "2026-03-08T00:00", "2026-03-08T03:00", False),
        ("00:00-02:30", "2026-03-08T00:00", "2026-03-08T01:30", True),
        ("22:00-06:00", "2026-03-07T22:00", "2026-03-08T06:00", True),
        ("01:30-05:00", "2026-11-01T01:30", "2026-11-01T05:00", False),  # the first of the two half past one
        ("01:30-05:00", "2026-11-01T01:30/2", "2026-11-01T05:00", True),
        ("00:00-01:30", "2026-11-01T00:00", "2026-11-01T01:30", True),
        ("00:00-01:30", "2026-11-01T00:00", "2026-11-01T01:30/2", False),
        ("22:00-06:00", "2026-10-31T22:00", "2026-11-01T06:00", True),
        ("22:00-06:00", "2026-10-31T22:00", "2026-11-01T06:01", False),
    ],
)
def test_a_line_allowed_at_some_hours_holds_them_by_the_clock_there(hours, begins, ends, fits):
    """`/2`: the second of two hours that read alike, after the clocks went back."""

    def moment(text):
        there = datetime.fromisoformat(text.removesuffix("/2")).replace(tzinfo=ZoneInfo("America/Chicago"))
        return there.replace(fold=int(text.endswith("/2"))).astimezone(UTC)

    first, latest = hours.split("-")
    limit = {"n": 1, "judgement": "limit", "hours_from": first, "hours_until": latest}
    new = draw(begins_at=moment(begins), ends_at=moment(ends))

    if fits:
        check(new, [limit])
    else:
        with pytest.raises(rules.OutsideLine, match=f"only from {first} to {latest} of each day"):
            check(new, [limit])


def test_people_of_lines_with_a_limit_add_up_to_the_tasks_most_unless_one_has_none():
    both = [{"n": n, "judgement": "limit", "people_max": 3} for n in (1, 2)]

    check(draw(people=6), both)
    with pytest.raises(rules.OverPeople):
        check(draw(people=7), both)
    check(draw(people=7), both[:1])
    fewer = replace(FREE, people_max_by_task={"T01": 4})
    with pytest.raises(rules.OverPeople):
        check(draw(people=5), both, fewer)


def test_a_judged_act_hears_the_line_among_its_clauses():
    lines = judged_lines(ASKED, said({"n": 1, "judgement": "refuse", "words": "Not here."}), FREE)
    in_force = InForce(limits=FREE, why=None, since=DAY, version=1, lines=lines)

    clauses = {clause.limit: clause for clause in judged(in_force, (), draw())}

    assert (clauses["lines"].verdict, clauses["lines"].sentence) == ("outside", "Not here.")
    assert clauses["armed"].verdict == "inside"


# --- arms and totals ----------------------------------------------------------------


def test_arms_that_nobody_speaks_of_are_none():
    in_force = InForce(limits=Limits.from_json({"zone": "UTC", "armed": None}), why=None, since=DAY)

    with pytest.raises(rules.ArmsNotAllowed, match="Nobody is armed"):
        check_draw(in_force, (), draw(armed="individual"))


def test_who_allows_arms_names_the_rules_for_the_use_of_force():
    with pytest.raises(deciding.RulesOfForceNeeded):
        deciding.check_arms(Limits(zone="UTC", armed="unit"))
    deciding.check_arms(Limits(zone="UTC", armed="unit", ruf_version="Card 3"))
    deciding.check_arms(Limits(zone="UTC"))


@pytest.mark.parametrize(
    ("begins", "ends", "days"),
    [
        (datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 3, 6, tzinfo=UTC), 1),
        (datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 3, 6, 1, tzinfo=UTC), 2),
        (datetime(2026, 3, 2, 5, 59, tzinfo=UTC), datetime(2026, 3, 3, 6, tzinfo=UTC), 2),
        (datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 2, 6, tzinfo=UTC), 0),
    ],
)
def test_a_day_begun_counts_whole_in_person_days(begins, ends, days):
    assert rules.person_days(draw(people=3, begins_at=begins, ends_at=ends), "America/Chicago") == 3 * days


def test_person_days_are_a_total_over_the_whole_time_and_no_largest_number():
    limits = replace(FREE, person_days_max=10)
    earlier = draw(
        people=5, begins_at=DAY - timedelta(days=9), ends_at=DAY - timedelta(days=9) + timedelta(hours=1)
    )
    in_force = InForce(limits=limits, why=None, since=DAY)

    check_draw(in_force, [earlier], draw(people=5))
    with pytest.raises(rules.OverPersonDays) as refusal:
        check_draw(in_force, [earlier], draw(people=6))
    assert (refusal.value.total, refusal.value.most) == (11, 10)


# --- who holds the office -----------------------------------------------------------


def test_an_office_is_held_until_the_next_begins_and_may_be_vacant():
    held = [
        Held(account=7, begins_at=DAY, order=1),
        Held(account=None, begins_at=DAY + timedelta(days=2), order=2),
        Held(account=8, begins_at=DAY, order=3),
    ]

    assert holder_at(held, DAY - timedelta(seconds=1)) is None
    assert holder_at(held, DAY) == 8  # of two that begin at one moment, the later written
    assert holder_at(held, DAY + timedelta(days=2)) is None


@pytest.mark.parametrize(
    ("verb", "at", "good"),
    [
        ("decide", DAY, True), ("decide", DAY - timedelta(seconds=1), False), ("revoke", DAY, False),
        ("decide", DAY + timedelta(days=1), False), ("decide", DAY + timedelta(hours=23), True),
    ],
)  # fmt: skip
def test_a_delegation_is_good_for_its_verbs_and_its_time(verb, at, good):
    given = Delegated(
        id=5, account=7, verbs=("decide",), begins_at=DAY, ends_at=DAY + timedelta(days=1), given_by=1
    )
    held = [Held(account=1, begins_at=DAY - timedelta(days=9), order=1)]

    assert delegation_at([given], 7, verb, at, held) == (5 if good else None)
    assert delegation_at([given], 8, verb, at, held) is None
    assert delegation_at([replace(given, withdrawn_at=at)], 7, verb, at, held) is None


@pytest.mark.parametrize(
    ("later", "good"),
    [
        ([], True),
        ([(2, 1)], True),
        ([(2, 9)], False),
        ([(2, None)], False),
        ([(2, 9), (3, 1)], False),
        ([(5, 9)], True),
    ],
)
def test_a_delegation_ends_for_good_when_another_holds_the_office(later, good):
    """`later`: on which day after it was given the office passes to whom."""
    held = [Held(account=1, begins_at=DAY, order=0)]
    held += [Held(account=who, begins_at=DAY + timedelta(days=day), order=day) for day, who in later]
    given = Delegated(id=5, account=7, verbs=("decide",), begins_at=DAY, ends_at=None, given_by=1)

    assert given.covers("decide", DAY + timedelta(days=4), held) is good
    assert given.covers("decide", DAY + timedelta(days=2) - timedelta(seconds=1), held)


def test_a_delegation_is_not_of_the_time_before_who_gave_it_held_the_office():
    held = [Held(account=1, begins_at=DAY, order=1)]
    given = Delegated(
        id=5, account=7, verbs=("decide",), begins_at=DAY - timedelta(days=1), ends_at=None, given_by=1
    )

    assert not given.covers("decide", DAY - timedelta(seconds=1), held)
    assert given.covers("decide", DAY, held)


# --- reports and papers -------------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "at", "late"),
    [
        ([], datetime(2026, 3, 10, 4, 59, tzinfo=UTC), False),
        ([], datetime(2026, 3, 10, 5, tzinfo=UTC), True),
        ([DAY + timedelta(days=6)], datetime(2026, 3, 10, 5, tzinfo=UTC), False),
        ([datetime(2026, 3, 12, tzinfo=UTC)], datetime(2026, 3, 10, 5, tzinfo=UTC), True),  # not yet given
    ],
)
def test_a_report_is_due_at_the_end_of_the_day_of_its_interval(reported, at, late):
    due = next_report(7, "America/Chicago", began_at=DAY, reported_at=reported, at=at)

    assert due is not None
    assert due.is_late is late


def test_no_report_is_owed_that_comes_due_after_the_end():
    ended = DAY + timedelta(days=3)

    assert next_report(7, "UTC", began_at=DAY, reported_at=[], at=ended, ended_at=ended) is None


def test_a_verbal_decision_is_confirmed_within_24_hours():
    assert not confirmation(DAY, at=DAY + timedelta(hours=23, minutes=59)).is_late
    assert confirmation(DAY, at=DAY + timedelta(hours=24)).is_late


def test_a_version_carries_its_lines_into_what_is_in_force():
    lines = (JudgedLine(n=1, judgement="refuse", task="T01"),)
    version = rules.Version(n=1, kind="issued", effective_at=DAY, known=1, limits=FREE, lines=lines)

    assert rules.limits_at([version], DAY, 1).lines == lines
