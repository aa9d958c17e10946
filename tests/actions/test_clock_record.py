"""Clocks as the record has them: standards by date, what the ledger and people tell, corrections, breaches, and the list of what is due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from people import NOON, TAGS, People, at, people

from muster import actions as do
from muster.access.control import Actor, NotPermitted
from muster.cases import due, queries
from muster.cases.actions import (
    AboutWhom,
    CorrectedAlready,
    EndsBeforeItBegins,
    ReadFromTheRecord,
    SayIfDone,
    UnknownEvent,
    UnknownPersons,
    UnknownTerm,
)
from muster.cases.clocks import Clock
from muster.cases.models import Breach, OpenClock, RecordedEvent
from muster.cases.packs import UnknownStandard
from muster.core.errors import FaultyInput, MusterError, NotFound
from muster.ledger.models import Thing
from muster.ledger.queries import latest_known
from muster.parties.models import Site

PBNDS, HOLDROOM = "us.ice.pbnds2011r2016", "us.ice.holdroom"
FIRST, SECOND = TAGS[0], TAGS[1]


@pytest.fixture
def who() -> People:
    return people()


def standard(who: People, name: str = PBNDS, *, site: str = "EX-NORTH", **more: Any) -> Any:
    given = {"valid_from": date(2026, 2, 1), "contract_ref": "EX-2026-1"} | more
    return do.cases.set_standard(actor=who.center, site=site, standard=name, **given).answer


def arrive(actor: Actor, tags: list[str], hours: float, *, site: str = "EX-NORTH") -> None:
    do.custody.receive(actor=actor, site=site, tags=tags, at=at(hours))


def happen(actor: Actor, event: str, hours: float, tags: Iterable[str] = (), **more: Any) -> Any:
    given = {"site": "EX-NORTH", "tags": list(tags)} | more
    return do.cases.record_event(actor=actor, event=event, at=at(hours), **given).answer


def clocks_of(tag: str, *, hours: float, known_at: int | None = None) -> dict[tuple[str, str], Clock]:
    """The clocks of a person by site and rule."""
    thing = Thing.objects.get(tag=tag).pk
    found = queries.person_clocks([thing], now=at(hours), known_at=known_at)[thing]
    return {(site, clock.rule.id): clock for clock, site, _ in found.clocks}


def test_an_arrival_starts_the_clocks_of_the_standard_and_what_is_recorded_stops_them(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    happen(who.north, "medical_screened", 3, [FIRST], by="Health staff", proof="Form 12")

    found = clocks_of(FIRST, hours=4)

    assert (found["EX-NORTH", "MED-01"].state, found["EX-NORTH", "MED-01"].started_at) == ("met", NOON)
    assert (found["EX-NORTH", "MED-07"].state, found["EX-NORTH", "MED-07"].due_at) == ("running", at(12))
    assert found["EX-NORTH", "CLS-01"].rule.pack == "us.dhs.prea"  # it comes with the standard
    assert ("EX-NORTH", "HOLD-01") not in found  # the site is no hold room


def test_a_site_without_a_standard_has_no_clocks_and_one_has_them_on_its_days_alone(who: People) -> None:
    arrive(who.north, [FIRST], 0)
    assert clocks_of(FIRST, hours=1) == {}

    first = standard(who, valid_from=date(2026, 3, 2))
    assert clocks_of(FIRST, hours=1) == {}
    arrive(who.north, [SECOND], 24)
    assert ("EX-NORTH", "MED-01") in clocks_of(SECOND, hours=25)

    standard(who, valid_from=date(2026, 3, 1), replaces=first.statement)
    assert ("EX-NORTH", "MED-01") in clocks_of(FIRST, hours=1)


def test_a_hold_room_is_one_by_the_function_of_its_site_and_an_order_is_recorded_for_it(who: People) -> None:
    Site.objects.filter(pk="EX-NORTH").update(function="HOLD")
    standard(who, HOLDROOM)
    arrive(who.north, [FIRST], 0)

    waived = clocks_of(FIRST, hours=13)["EX-NORTH", "HOLD-01"]
    assert (waived.by, waived.state) == ("HOLD-01W", "running")

    standard(who, "HOLD-02", contract_ref="1:25-cv-01613")
    ordered = clocks_of(FIRST, hours=13)["EX-NORTH", "HOLD-01"]
    assert (ordered.by, ordered.state, ordered.due_at) == ("HOLD-02", "breached", at(12))

    do.custody.release(actor=who.north, site="EX-NORTH", tags=[FIRST], at=at(11), reason="agency_order")
    assert clocks_of(FIRST, hours=13)["EX-NORTH", "HOLD-01"].state == "met"


def test_a_move_ends_what_one_site_owes_and_starts_what_the_other_does(who: People) -> None:
    standard(who)
    standard(who, site="EX-SOUTH")
    arrive(who.north, [FIRST], 0)
    happen(who.north, "minor_found", 1, [FIRST])
    offer = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[FIRST]).answer
    do.custody.accept(actor=who.south, handover=offer.handover, at=at(5))

    found = clocks_of(FIRST, hours=6)
    assert found["EX-NORTH", "MED-01"].state == "ended"
    assert found["EX-SOUTH", "MED-01"].due_at == at(17)
    assert found["EX-NORTH", "PROP-06"].state == "running"  # property follows who left

    # A clock that somebody started goes with the person; one that leaving started stays where it is owed.
    rows = due.due_list(who.center, now=at(6), within=timedelta(hours=50)).rows
    listed = {(row.site, row.clock.rule.id) for row in rows}
    assert ("EX-SOUTH", "CLK-05") in listed
    assert ("EX-NORTH", "ADM-11") in listed
    happen(who.south, "hhs_notified", 7, [FIRST], site="EX-SOUTH")
    assert clocks_of(FIRST, hours=8)["EX-NORTH", "CLK-05"].state == "met"


def test_a_corrected_arrival_moves_the_clock_and_the_old_reading_is_had_as_it_was_known(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    known = latest_known()
    thing = Thing.objects.get(tag=FIRST)
    (n,) = thing.entries.filter(receiver__site="EX-NORTH").values_list("n", flat=True)

    do.custody.correct(actor=who.north, site="EX-NORTH", tag=FIRST, n=n, happened_at=at(-5), reason="misread")
    latest_known()

    assert clocks_of(FIRST, hours=8)["EX-NORTH", "MED-07"].due_at == at(7)
    assert clocks_of(FIRST, hours=8)["EX-NORTH", "MED-07"].state == "breached"
    then = clocks_of(FIRST, hours=8, known_at=known)["EX-NORTH", "MED-07"]
    assert (then.due_at, then.state) == (at(12), "running")
    told = queries.readings_of(thing, now=at(8))["EX-NORTH", PBNDS, "MED-07"]
    assert [each.clocks[0].due_at for each in told] == [at(12), at(7)]
    assert told[0].known_at == known


def test_an_event_is_corrected_or_withdrawn_once_and_what_was_known_stays_known(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    first = happen(who.north, "medical_screened", 3, [FIRST]).events[0]
    known = latest_known()

    second = do.cases.correct_event(
        actor=who.north, event=first, at=at(13), reason="It was the night round"
    ).answer
    found = clocks_of(FIRST, hours=14)["EX-NORTH", "MED-01"]
    assert (found.state, found.words) == ("met late", "done late by 1 h")
    assert Breach.objects.filter(pk__in=second.breaches, rule="MED-01").get().words == "done late by 1 h"
    with pytest.raises(CorrectedAlready, match="was corrected already"):
        do.cases.correct_event(actor=who.north, event=first, reason="Again")

    do.cases.correct_event(actor=who.center, event=second.event, reason="Another person was screened")
    latest_known()
    assert clocks_of(FIRST, hours=4)["EX-NORTH", "MED-01"].state == "running"
    assert clocks_of(FIRST, hours=4, known_at=known)["EX-NORTH", "MED-01"].state == "met"
    assert queries.events_of(Thing.objects.get(tag=FIRST)) == []
    with pytest.raises(NotFound):
        do.cases.correct_event(actor=who.south, event=first, reason="Not ours")


def test_what_is_done_in_the_agencys_system_is_kept_as_done_or_not(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    with pytest.raises(SayIfDone, match="whether it was done"):
        happen(who.north, "identification_done", 1, [FIRST])
    with pytest.raises(SayIfDone):
        happen(who.north, "identification_done", 1, [FIRST], in_agency_system=True)

    happen(who.north, "identification_done", 1, [FIRST], in_agency_system=False, by="Field office")
    assert clocks_of(FIRST, hours=2)["EX-NORTH", "ADM-07"].state == "running"
    happen(who.north, "identification_done", 2, [FIRST], in_agency_system=True, by="Field office")
    assert clocks_of(FIRST, hours=3)["EX-NORTH", "ADM-07"].state == "met"
    assert list(RecordedEvent.objects.order_by("at").values_list("done", flat=True)) == [False, True]


REFUSED: list[tuple[dict[str, Any], type[MusterError], str]] = [
    ({"event": "tea_served", "tags": [FIRST]}, UnknownEvent, "not an event of a standard"),
    ({"event": "arrived", "tags": [FIRST]}, ReadFromTheRecord, "read that from the record"),
    ({"event": "counted"}, ReadFromTheRecord, "headcount at the counter"),
    ({"event": "medical_screened"}, AboutWhom, "Scan the tag"),
    ({"event": "room_cleaned", "tags": [FIRST]}, AboutWhom, "Leave the tags out"),
    (
        {"event": "medical_screened", "tags": [FIRST, SECOND]},
        UnknownPersons,
        "Nothing was kept, of the others either",
    ),
    ({"event": "medical_screened", "tags": [FIRST], "hours": 24 * 3650}, MusterError, "has not come yet"),
]


def test_what_no_pack_knows_and_whom_nobody_knows_is_refused_and_nothing_is_kept(who: People) -> None:
    arrive(who.north, [FIRST], 0)

    for given, refusal, words in REFUSED:
        with pytest.raises(refusal, match=words):
            happen(who.north, **{"hours": 1.0, **given})

    assert not RecordedEvent.objects.exists()


def test_a_statement_of_a_standard_that_cannot_be_is_refused(who: People) -> None:
    first = standard(who).statement
    standard(who, replaces=first)

    for given, refusal, words in [
        ({"name": "us.none"}, UnknownStandard, "not a standard or an overlay"),
        ({"valid_to": date(2026, 1, 1)}, EndsBeforeItBegins, "before it begins on 2026-02-01"),
        ({"terms": {"teas_a_day": 3}}, UnknownTerm, "Write some of: count_interval_h"),
        ({"terms": {"count_interval_h": 0}}, FaultyInput, "count_interval_h"),
        ({"replaces": first}, CorrectedAlready, "was corrected already"),
        ({"replaces": uuid4()}, NotFound, "no statement of a standard"),
    ]:
        with pytest.raises(refusal, match=words):
            standard(who, **given)
    with pytest.raises(NotPermitted, match=r"cases\.set_standard"):
        do.cases.set_standard(actor=who.north, site="EX-NORTH", standard=PBNDS, valid_from=date(2026, 2, 1))


def test_counts_are_owed_by_the_contract_and_a_site_that_states_none_is_asked(who: People) -> None:
    Site.objects.filter(pk="EX-NORTH").update(zone="UTC")
    stated = standard(who, "us.ice.nds2019", valid_from=date(2026, 3, 1))
    assert stated.asks == ["count_interval_h"]
    found = due.due_list(who.north, now=NOON, within=timedelta(hours=24))
    assert found.asks == [("EX-NORTH", "CNT-01")]

    standard(
        who,
        "us.ice.nds2019",
        valid_from=date(2026, 3, 1),
        terms={"count_interval_h": 6},
        replaces=stated.statement,
    )
    found = due.due_list(who.north, now=NOON, within=timedelta(hours=24))
    (row,) = [row for row in found.rows if row.clock.rule.id == "CNT-01"]
    assert (found.asks, row.tag, row.clock.due_at, row.clock.words) == ([], None, at(-6), "late by 6 h")

    opened = do.counting.open_count(actor=who.north, site="EX-NORTH", at=at(-1), kind="formal").answer
    do.counting.submit_count(actor=who.north, count=opened.count, persons=0)
    found = queries.site_clocks(Site.objects.get(pk="EX-NORTH"), now=NOON)
    counts = [(each.state, each.due_at) for each in found if each.rule.id == "CNT-01"]
    assert counts == [("met late", at(-6)), ("running", at(5))]


def test_a_holiday_of_the_site_moves_what_counts_business_days(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)  # Sunday, 1 March 2026, 06:00 in Chicago
    happen(who.north, "screen_positive", 24, [FIRST])
    assert clocks_of(FIRST, hours=25)["EX-NORTH", "MED-02"].due_at == at(72)

    do.cases.set_holiday(actor=who.center, site="EX-NORTH", day=date(2026, 3, 3), name="Town day")
    assert clocks_of(FIRST, hours=25)["EX-NORTH", "MED-02"].due_at == at(96)
    do.cases.set_holiday(
        actor=who.center, site="EX-NORTH", day=date(2026, 3, 3), name="Town day", closed=False
    )
    latest_known()
    assert clocks_of(FIRST, hours=25)["EX-NORTH", "MED-02"].due_at == at(72)


def test_a_breach_is_recorded_once_with_what_was_known_and_stays_when_the_start_is_corrected(
    who: People,
) -> None:
    standard(who)
    arrive(who.north, [FIRST, SECOND], 0)

    answer = do.cases.record_breaches(actor=who.north, site="EX-NORTH").answer
    first = Breach.objects.filter(rule="MED-01", thing__tag=FIRST).get()
    assert (first.due_at, first.severity, first.act.name) == (at(12), "critical", "cases.record_breaches")
    assert len(answer.breaches) == Breach.objects.count() > 10
    assert do.cases.record_breaches(actor=who.north, site="EX-NORTH").answer.breaches == []

    n = Thing.objects.get(tag=FIRST).entries.latest("n").n
    do.custody.correct(actor=who.north, site="EX-NORTH", tag=FIRST, n=n, happened_at=at(2), reason="misread")
    do.cases.record_breaches(actor=who.north, site="EX-NORTH")
    due_at = (
        Breach.objects.filter(rule="MED-01", thing__tag=FIRST)
        .order_by("due_at")
        .values_list("due_at", flat=True)
    )
    assert list(due_at) == [at(12), at(14)]  # both readings, each with its act


def open_by_record(now: datetime) -> set[tuple[Any, ...]]:
    """What is open of every person, reckoned from the record alone."""
    things = list(Thing.objects.filter(kind="person").values_list("pk", flat=True))
    return {
        (site, thing, clock.rule.pack, clock.rule.id, clock.by, clock.state, clock.started_at, clock.due_at)
        for thing, found in queries.person_clocks(things, now=now).items()
        for clock, _, site in found.clocks
        if clock.is_open
    }


def open_by_table(now: datetime) -> set[tuple[Any, ...]]:
    """What the table has of it; what has run out meanwhile is breached."""
    due.bring_up(now)
    return {
        (row.site, row.thing, row.pack, row.rule, row.by,
         "breached" if row.breach_at and row.breach_at < now else row.state, row.started_at, row.due_at)
        for row in OpenClock.objects.all()
    }  # fmt: skip


def test_the_table_of_open_clocks_is_what_the_record_says_after_every_step(who: People) -> None:
    Site.objects.filter(pk="EX-SOUTH").update(function="HOLD")
    standard(who)
    standard(who, HOLDROOM, site="EX-SOUTH")

    def same(hours: float) -> int:
        now = at(hours)
        assert open_by_table(now) == open_by_record(now)
        return OpenClock.objects.count()

    assert same(0) == 0
    arrive(who.north, TAGS[:5], 0)
    arrive(who.south, TAGS[5:8], 0, site="EX-SOUTH")
    assert same(1) > 50
    happen(who.north, "medical_screened", 1, TAGS[:4])
    happen(who.north, "fear_referral", 1, TAGS[:1])
    happen(who.south, "visual_check", 1.2, site="EX-SOUTH")
    same(1.3)
    offer = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=TAGS[:2]).answer
    do.custody.accept(actor=who.south, handover=offer.handover, at=at(2))
    same(2)
    standard(who, "HOLD-02IL", site="EX-SOUTH")
    same(14)
    do.custody.release(actor=who.south, site="EX-SOUTH", tags=TAGS[5:6], at=at(15), reason="court_order")
    same(16)
    n = Thing.objects.get(tag=TAGS[6]).entries.latest("n").n
    do.custody.correct(
        actor=who.south, site="EX-SOUTH", tag=TAGS[6], n=n, happened_at=at(-3), reason="misread"
    )
    do.cases.set_holiday(actor=who.center, site="EX-NORTH", day=date(2026, 3, 3), name="Town day")
    same(17)
    same(26)  # the wait before the interview is over: time alone changed it
    same(24 * 3)
    before = open_by_table(at(24 * 3))
    assert due.reckon_all(at(24 * 3)) == len(before)
    assert open_by_table(at(24 * 3)) == before


def test_a_list_of_what_is_due_goes_by_site_time_and_who_is_responsible(who: People) -> None:
    standard(who)
    standard(who, "general.shelter", site="EX-SOUTH")
    arrive(who.north, TAGS[:3], 0)
    arrive(who.south, TAGS[3:5], 0, site="EX-SOUTH")
    happen(who.north, "medical_screened", 1, TAGS[:2])

    def rules(actor: Actor, hours: float, within: float, **more: Any) -> list[tuple[str, str | None]]:
        found = due.due_list(actor, now=at(hours), within=timedelta(hours=within), **more)
        assert found.count == len(found.rows)
        return [(row.clock.rule.id, row.tag) for row in found.rows if row.tag]

    health = {"responsible": "health staff"}
    assert rules(who.north, 8, 3, **health) == []
    assert rules(who.north, 8, 4, **health) == [
        ("MED-07", tag) if rule == "MED-07" else (rule, tag)
        for tag in sorted(TAGS[:3])
        for rule in (["ADM-03", "MED-01", "MED-07"] if tag == TAGS[2] else ["MED-07"])
    ]
    late = due.due_list(who.north, now=at(13), within=timedelta(), responsible="health staff").rows[0].clock
    assert (late.state, late.words) == ("breached", "late by 1 h")
    assert due.due_list(who.north, now=at(8), within=timedelta(hours=4), **health).open_without_number == 0
    assert (
        due.due_list(who.center, now=at(8), within=timedelta(), sites=["EX-SOUTH"]).open_without_number == 4
    )
    with pytest.raises(NotFound):
        due.due_list(who.south, now=at(8), within=timedelta(hours=4), sites=["EX-NORTH"])
    with pytest.raises(NotFound):
        queries.person_for(who.south, TAGS[0])
    assert queries.person_for(who.north, TAGS[0]).tag == TAGS[0]


def test_many_visual_checks_are_one_running_clock_on_the_list_and_all_intervals_on_the_persons(
    who: People,
) -> None:
    Site.objects.filter(pk="EX-NORTH").update(function="HOLD")
    standard(who, HOLDROOM)
    arrive(who.north, [FIRST], 0)
    for n in range(1, 5):
        happen(who.north, "visual_check", n / 4)

    thing = Thing.objects.get(tag=FIRST).pk
    every = [
        c for c, _, _ in queries.person_clocks([thing], now=at(1.1))[thing].clocks if c.rule.id == "HOLD-08"
    ]
    assert [clock.state for clock in every] == ["met"] * 4 + ["running"]
    due.bring_up(at(1.1))
    (row,) = OpenClock.objects.filter(rule="HOLD-08")
    assert (row.started_at, row.due_at) == (at(1), at(1.25))
