"""Every rule of every pack that has a clock, one moment inside, at and past its limit. What is expected is written by hand.

All clocks start on Monday 2 March 2026 at 09:00 in Chicago, which is six hours behind UTC until Sunday 8 March, 02:00, and five
from then on.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from muster.cases.calendars import Place, Window
from muster.cases.clocks import Clock, Happened, Timeline, clocks
from muster.cases.packs import load_standards
from muster.cases.rules import Rule
from muster.cases.space import persons_that_fit

STANDARDS = load_standards()
CHICAGO = ZoneInfo("America/Chicago")
STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=CHICAGO)
TICK = timedelta(microseconds=1)

# The last moment at which each is not late, in local time; "day" is the end of that local day.
DUE = """
    us.cbp.teds2015        CLK-15            03-05 09:00
    us.cbp.teds2015        HOLD-02AZ         03-04 09:00
    us.cbp.teds2015        HOLD-11           03-05 09:00
    us.cbp.teds2015        HOLD-11J          03-04 09:00
    us.dhs.prea            CLS-01            03-02 21:00
    us.dhs.prea            CLS-02            05-31 day
    us.dhs.prea            CLS-07            03-05 09:00
    us.federal.custody     CLK-01            03-04 09:00
    us.federal.custody     CLK-04            03-04 09:00
    us.federal.custody     CLK-05            03-04 09:00
    us.federal.custody     CLK-06            03-05 09:00
    us.federal.custody     CLK-07            03-07 09:00
    us.federal.custody     CLK-08            03-09 09:00
    us.federal.custody     CLK-10            05-31 09:00
    us.federal.custody     CLK-10A           05-31 09:00
    us.federal.custody     CLK-10B           08-29 09:00
    us.federal.custody     CLK-14            03-04 09:00
    us.fmcsa.hours         TRN-09            03-16 09:00
    us.fmcsa.hours         TRN-09F           04-01 09:00
    us.ice.holdroom        HOLD-01           03-05 09:00
    us.ice.holdroom        HOLD-02NY-CLEAN   03-03 day
    us.ice.holdroom        HOLD-02NY-NOTICE  03-02 10:00
    us.ice.holdroom        HOLD-02NY-CALL    03-03 09:00
    us.ice.holdroom        HOLD-02NY-CALLS   03-02 21:00
    us.ice.holdroom        HOLD-02IL-SHOWER  03-04 09:00
    us.ice.holdroom        HOLD-02IL-MEALS   03-03 day
    us.ice.holdroom        HOLD-02IL-CLEAN   03-03 day
    us.ice.holdroom        HOLD-05           03-03 day
    us.ice.holdroom        HOLD-07           03-02 15:00
    us.ice.holdroom        HOLD-08           03-02 09:20
    us.ice.nds2019         ADM-03            03-02 21:00
    us.ice.nds2019         CNT-01            03-02 15:00
    us.ice.nds2025         ADM-03            03-02 21:00
    us.ice.nds2025         CNT-01            03-02 15:00
    us.ice.pbnds2011r2016  ADM-03            03-02 21:00
    us.ice.pbnds2011r2016  ADM-11            03-02 17:00
    us.ice.pbnds2011r2016  CLS-03            05-31 day
    us.ice.pbnds2011r2016  CLS-03A           06-30 09:00
    us.ice.pbnds2011r2016  MED-01            03-02 21:00
    us.ice.pbnds2011r2016  MED-02            03-04 09:00
    us.ice.pbnds2011r2016  MED-03            03-16 09:00
    us.ice.pbnds2011r2016  MED-04            03-05 09:00
    us.ice.pbnds2011r2016  MED-05            03-03 09:00
    us.ice.pbnds2011r2016  MED-06            03-04 09:00
    us.ice.pbnds2011r2016  MED-07            03-02 21:00
    us.ice.pbnds2011r2016  MED-08            03-02 09:15
    us.ice.pbnds2011r2016  MED-08A           03-03 09:00
    us.ice.pbnds2011r2016  MED-09A           03-02 21:00
    us.ice.pbnds2011r2016  MED-09B           03-04 09:00
    us.ice.pbnds2011r2016  MED-09C           05-31 09:00
    us.ice.pbnds2011r2016  MED-10A           2027-03-02 09:00
    us.ice.pbnds2011r2016  PROP-04A          06-02 09:00
    us.ice.pbnds2011r2016  PROP-05A          04-01 09:00
    us.ice.pbnds2011r2016  CNT-01            03-02 17:00
    us.ice.pbnds2011r2016  CNT-04            03-03 day
    us.ice.pbnds2011r2016  INSP-01           03-09 09:00
    us.ice.pbnds2011r2016  INSP-02           04-01 09:00
    us.ice.pbnds2011r2016  INSP-02A          05-31 09:00
    us.ice.pbnds2011r2016  TRF-01            03-03 09:00
    us.ice.pbnds2011r2016  TRF-03A           03-03 09:00
    general.shelter        SHL-07            03-03 day
"""
# Without a number in the text: open until done, and late by no clock.
PROMPTLY = """
    general.shelter SHL-05 SHL-06 SHL-06A SHL-08
    us.cbp.teds2015 CLK-16 CLK-17
    us.federal.custody CLK-02 CLK-03 CLK-13
    us.ice.holdroom HOLD-02NY-BED HOLD-02IL-BED HOLD-02IL-LIST HOLD-02IL-LOCATOR HOLD-09
    us.dhs.prea CLS-02A
    us.ice.nds2019 MED-09 MED-09I
    us.ice.pbnds2011r2016 ADM-02 ADM-04 ADM-05 ADM-06 ADM-07 ADM-08 ADM-09 ADM-10 MED-09 PROP-02 PROP-03 PROP-04 PROP-05 PROP-06
    us.ice.pbnds2011r2016 CNT-03 CNT-08 REL-04
"""
# To be done before another event, whenever that comes.
BEFORE = "us.ice.pbnds2011r2016 ADM-01 CLS-03B TRF-03 TRF-05 TRF-06 TRF-07 REL-01 REL-02 REL-03"
# Not to be done too early.
NOT_BEFORE = "us.federal.custody CLK-09"


def named(text: str) -> list[tuple[str, str]]:
    found = []
    for line in text.strip().splitlines():
        pack, *rules = line.split()
        found += [(pack, rule) for rule in rules]
    return found


ROWS = [line.split(maxsplit=2) for line in DUE.strip().splitlines()]


def moment(text: str) -> datetime:
    day, time = text.split()
    day = day if len(day) == 10 else f"2026-{day}"
    if time == "day":
        return datetime.fromisoformat(f"{day}T23:59:59.999999").replace(tzinfo=CHICAGO)
    return datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=CHICAGO)


def read(rule: Rule, done: list[datetime], *, now: datetime) -> Clock:
    """The rule's first clock, after it started and was done at these moments."""
    happened = [Happened(rule.timing.start[0], STARTED)]
    happened += [Happened(event, STARTED) for event in (*rule.timing.only_if, *rule.timing.once)]
    happened += [Happened(rule.timing.stop_on[0], at) for at in done]
    place = Place(CHICAGO, terms={"count_interval_h": 6})
    return clocks(rule, Timeline(happened, now=now), place)[0]


def times_before(rule: Rule, at: datetime) -> list[datetime]:
    """One time fewer than a day asks for, on that day: what must have been done besides."""
    times = rule.limit.times or 1
    return [at.replace(hour=1, minute=n, second=0, microsecond=0) for n in range(times - 1)]


def test_every_rule_with_a_clock_stands_in_a_table():
    written = {(pack, rule) for pack, rule, _ in ROWS}
    written |= {*named(PROMPTLY), *named(BEFORE), *named(NOT_BEFORE)}

    packs = STANDARDS.by_id.values()
    assert written == {(pack.id, rule.id) for pack in packs for rule in pack.rules.values() if rule.has_clock}


@pytest.mark.parametrize(("pack", "name", "due"), ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_a_clock_runs_up_to_its_limit_and_is_breached_past_it(pack: str, name: str, due: str):
    rule = STANDARDS.by_id[pack].rules[name]
    at = moment(due)
    others = times_before(rule, at)

    def state(done: list[datetime], now: datetime) -> str:
        return read(rule, [*others, *done], now=now).state

    assert state([], at - timedelta(minutes=1)) == "running"
    assert state([], at) == "running"
    assert state([], at + TICK) == "breached"
    assert state([at], at) == "met"
    assert state([at], at + timedelta(days=400)) == "met"
    if rule.limit.times:
        assert state([at + TICK], at + TICK) == "breached"  # that is the next day's
    else:
        assert state([at + TICK], at + TICK) == "met late"


@pytest.mark.parametrize(("pack", "name"), named(PROMPTLY))
def test_what_has_no_number_is_open_until_it_is_done(pack: str, name: str):
    rule = STANDARDS.by_id[pack].rules[name]
    later = STARTED + timedelta(days=30)

    assert read(rule, [], now=later).state == "running"
    assert read(rule, [], now=later).due_at is None
    assert read(rule, [], now=later).words == "open for 30 days"
    assert read(rule, [later], now=later).state == "met"


@pytest.mark.parametrize(("pack", "name"), named(BEFORE))
def test_what_must_precede_is_breached_when_the_other_comes_first(pack: str, name: str):
    rule = STANDARDS.by_id[pack].rules[name]
    other = STARTED + timedelta(hours=5)

    def state(done: list[datetime]) -> str:
        happened = [Happened(rule.timing.start[0], STARTED), Happened(rule.timing.before[0], other)]
        happened += [Happened(rule.timing.stop_on[0], at) for at in done]
        return clocks(rule, Timeline(happened, now=other + TICK), Place(CHICAGO))[0].state

    assert read(rule, [], now=other).state == "running"
    assert state([other - TICK]) == "met"
    assert state([other]) == "met"
    assert state([other + TICK]) == "met late"
    assert state([]) == "breached"


@pytest.mark.parametrize(("pack", "name"), named(NOT_BEFORE))
def test_what_must_wait_is_breached_when_it_is_done_too_early(pack: str, name: str):
    rule = STANDARDS.by_id[pack].rules[name]
    at = moment("03-03 09:00")  # 24 h by the directive of 2023

    assert read(rule, [], now=at - TICK).state == "running"
    assert read(rule, [], now=at).state == "met"
    assert read(rule, [at - TICK], now=at).state == "breached"
    assert read(rule, [at - TICK], now=at).words == "too early by less than 1 min"
    assert read(rule, [at], now=at).state == "met"


@pytest.mark.parametrize(("pack", "name"), [("us.dhs.prea", "CLS-02"), ("us.ice.pbnds2011r2016", "CLS-03")])
def test_what_has_two_ends_is_not_met_before_the_first(pack: str, name: str):
    rule = STANDARDS.by_id[pack].rules[name]
    first = moment("05-01 09:00")  # 60 days

    assert read(rule, [first - TICK], now=first).state == "running"
    assert read(rule, [first], now=first).state == "met"


VARIANTS = """
    us.federal.custody  CLK-07   CLK-07I   2026-03-02  2026-03-22 09:00
    us.federal.custody  CLK-09   CLK-09A   2019-07-01  2019-07-02 09:00
    us.federal.custody  CLK-09   CLK-09A   2020-03-31  2020-04-01 09:00
    us.federal.custody  CLK-09   CLK-09    2020-04-01  2020-04-03 09:00
    us.federal.custody  CLK-09   CLK-09    2023-05-09  2023-05-11 09:00
    us.federal.custody  CLK-09   CLK-09C   2023-05-10  2023-05-11 09:00
    us.federal.custody  CLK-09   CLK-09B   2024-06-04  2024-06-04 13:00
    us.fmcsa.hours      TRN-09   TRN-09A   2023-12-11  2024-01-10 09:00
    us.fmcsa.hours      TRN-09   TRN-09    2023-12-12  2023-12-26 09:00
    us.ice.holdroom     HOLD-01  HOLD-01   2025-06-23  2025-06-23 21:00
    us.ice.holdroom     HOLD-01  HOLD-01W  2025-06-24  2025-06-27 09:00
    us.ice.holdroom     HOLD-01  HOLD-01W  2026-06-23  2026-06-26 09:00
    us.ice.holdroom     HOLD-01  HOLD-01   2026-06-24  2026-06-24 21:00
    us.ice.holdroom     HOLD-01  HOLD-02   2026-03-02  2026-03-02 21:00
    us.ice.holdroom     HOLD-01  HOLD-02   2026-07-02  2026-07-02 21:00
"""
VARIED = [line.split(maxsplit=4) for line in VARIANTS.strip().splitlines()]


@pytest.mark.parametrize(("pack", "name", "by", "day", "due"), VARIED)
def test_a_variant_holds_on_its_days_and_an_overlay_where_it_is_recorded(
    pack: str, name: str, by: str, day: str, due: str
):
    rule = STANDARDS.by_id[pack].rules[name]
    started = datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=CHICAGO)
    overlays = {name: [Window()] for name in {by} & set(STANDARDS.overlays)}
    happened = [Happened(rule.timing.start[0], started)]

    (clock,) = clocks(rule, Timeline(happened, now=started), Place(CHICAGO, overlays=overlays))

    assert (clock.by, clock.due_at or clock.earliest_at) == (by, moment(due))


def test_every_variant_stands_in_the_table():
    written = {(name, by) for _, name, by, _, _ in VARIED}

    packs = STANDARDS.by_id.values()
    rules = [rule for pack in packs for rule in pack.rules.values() if rule.has_clock and rule.variants]
    assert {(rule.id, variant.id) for rule in rules for variant in rule.variants} <= written


# (rule, warning, reached from, in local time)
WARNINGS = [
    ("us.federal.custody", "CLK-01", ["03-03 09:00", "03-03 21:00", "03-04 05:00"]),
    ("us.federal.custody", "CLK-07", ["03-05 09:00"]),
    ("us.federal.custody", "CLK-08", ["03-03 09:00"]),
    ("us.dhs.prea", "CLS-02", ["05-21 09:00"]),
    ("us.ice.holdroom", "HOLD-07", ["03-02 14:00"]),
    ("us.ice.pbnds2011r2016", "MED-06", ["03-03 09:00"]),
    ("us.ice.pbnds2011r2016", "MED-09C", ["04-01 09:00", "05-01 09:00"]),
]


@pytest.mark.parametrize(("pack", "name", "reached"), WARNINGS)
def test_a_warning_is_reached_at_its_moment(pack: str, name: str, reached: list[str]):
    rule = STANDARDS.by_id[pack].rules[name]

    for level, at in enumerate(map(moment, reached), start=1):
        assert read(rule, [], now=at - TICK).level == level - 1
        assert read(rule, [], now=at).level == level


def test_every_rule_that_warns_stands_in_the_table():
    packs = STANDARDS.by_id.values()
    warn = {(pack.id, rule.id) for pack in packs for rule in pack.rules.values() if rule.timing.warn}
    assert {(pack, name) for pack, name, _ in WARNINGS} == warn


# Amounts: the largest number of persons that fit, with what is there just short of it, exactly it, and one unit more.
AMOUNTS = """
    us.ice.holdroom  HOLD-02NY-SPACE  149:2 150:3 160:3 199:3 200:4
    us.ice.holdroom  HOLD-06          36:0 37:1 43:1 44:2 51:3
    general.shelter  SHL-01           39:1 40:2 41:2
    general.shelter  SHL-02           79:1 80:2 81:2
    general.shelter  SHL-03           99:0 100:1 101:1
    general.shelter  SHL-04           1:40 2:80
    general.shelter  SHL-04A          1:20 2:40
    general.shelter  SPH-01           6.9:1 7:2 7.1:2
    general.shelter  SPH-02           89:1 90:2 91:2
    general.shelter  SPH-03           29:1 30:2 31:2
    general.shelter  SPH-03B          1:250 2:500
    general.shelter  SPH-04           1:50 2:100
    general.shelter  SPH-04A          1:20 2:40
    general.shelter  SPH-05           4199:1 4200:2 4201:2
    general.shelter  SPH-06           1:50 2:100
"""


@pytest.mark.parametrize("line", AMOUNTS.strip().splitlines())
def test_an_amount_gives_the_persons_who_fit(line: str):
    pack, name, *pairs = line.split()
    limit = STANDARDS.by_id[pack].rules[name].limit

    for pair in pairs:
        have, fit = pair.split(":")
        assert persons_that_fit(limit, float(have)) == int(fit)
