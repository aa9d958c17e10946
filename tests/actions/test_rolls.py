"""A census from closing rolls says what the plain sum of all legs says, for every moment and every act."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import Error, connection, connections, transaction

from muster.access.models import User
from muster.ledger import queries, rolls
from muster.ledger.models import Closing, Entry, Head, Holder, LateLeg, Roll, Thing
from muster.ledger.verifying import verify
from muster.ledger.writing import Pop, Push, holder, live_stack, outside, things_of, write
from muster.record.action import sequence
from muster.record.models import Act

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
HOURS = 24 * 21
HOUR = timedelta(hours=1)

# The plain sum: every leg of every entry, whatever rolls there are.
PLAIN = """
SELECT h.site, present.mission, h.kind, present.thing_id, h.code FROM (
    SELECT thing_id, holder_id, mission FROM (
        SELECT e.thing_id, e.receiver_id AS holder_id, 1 AS leg,
               CASE e.kind WHEN 'push' THEN e.mission ELSE coalesce(b.mission, '') END AS mission
        FROM ledger_entry e LEFT JOIN ledger_entry b ON b.thing_id = e.thing_id AND b.n = e.base
        JOIN record_number k ON k.act_id = e.act_id WHERE e.happened_at <= %(at)s AND k.number <= %(known_at)s
        UNION ALL
        SELECT e.thing_id, e.giver_id, -1,
               CASE e.kind WHEN 'push' THEN coalesce(b.mission, '') ELSE e.mission END
        FROM ledger_entry e LEFT JOIN ledger_entry b ON b.thing_id = e.thing_id AND b.n = e.base
        JOIN record_number k ON k.act_id = e.act_id WHERE e.happened_at <= %(at)s AND k.number <= %(known_at)s
    ) legs GROUP BY thing_id, holder_id, mission HAVING sum(leg) = 1
) present JOIN ledger_holder h ON h.id = present.holder_id JOIN ledger_thing t ON t.id = present.thing_id
WHERE t.kind = 'person' AND t.origin_id <> h.id
"""


class World:
    """Persons and other things at four sites, on trips and outside, moved and corrected at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.user = User.objects.create_user("clerk")
        act = self.act()
        self.outside = outside(act=act)
        areas = [holder(act=act, code=f"S{i}", kind="area", site=f"S{i}") for i in range(4)]
        trips = [holder(act=act, code=f"T{i}", kind="trip") for i in range(2)]
        second = holder(act=act, code="S0:yard", kind="area", site="S0")
        elsewhere = outside(act=act, organisation="COUNTY")
        self.places = [*areas, second, *trips, self.outside, elsewhere]
        self.things = things_of([f"P{i}" for i in range(8)], act=act, kind="person", origin=self.outside)
        self.things += things_of(["P8"], act=act, kind="person", origin=areas[1])
        self.things += things_of(["V1"], act=act, kind="vehicle", origin=self.outside)

    def act(self) -> Act:
        return Act.objects.create(actor=self.user, name="test", request_hash=b"")

    def moment(self, since: datetime = MONDAY) -> datetime:
        return since + HOUR * self.random.randint(0, 60 if since > MONDAY else HOURS)

    def step(self) -> None:
        """One act: one thing moved on, or put right below its top."""
        thing = self.random.choice(self.things)
        head = Head.objects.get(thing=thing)
        live = live_stack({e.n: e for e in Entry.objects.filter(thing=thing)}, head.top)
        back = self.random.randint(1, len(live)) if live and self.random.random() < 0.3 else 0
        changes: list[Push | Pop] = [Pop(thing=thing.pk, reason="late") for _ in range(back)]
        again = live[:back][::-1]
        below = live[back] if back < len(live) else None
        at = below.happened_at if below else MONDAY
        here = below.receiver_id if below else thing.origin_id
        if back:
            again = again[self.random.randint(0, 1) :]  # with the first of them, or without
        for entry in again:
            if entry.receiver_id != here:
                at = max(at, entry.happened_at + HOUR * self.random.choice((0, 0, -5, 5)))
                changes.append(self.push(thing, entry.receiver_id, at, entry.mission))
                here = entry.receiver_id
        if not back:
            to = self.random.choice([place.pk for place in self.places if place.pk != here])
            changes.append(self.push(thing, to, self.moment(at) if live else self.moment(), self.mission()))
        with transaction.atomic():
            write(changes, act=self.act())

    def mission(self) -> str:
        return self.random.choice(("", "M-1", "M-2"))

    def push(self, thing: Thing, receiver: Any, at: datetime, mission: str) -> Push:
        return Push(thing=thing.pk, receiver=receiver, happened_at=at, mission=mission)

    def close(self) -> None:
        """Rolls of any moment, as known at any act, as a job that runs at odd times might close them."""
        known_at = self.random.randint(0, queries.latest_known())
        close(self.moment() + timedelta(minutes=self.random.choice((0, 30))), known_at)


def close(at: datetime, known_at: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_cut(%s)", [at])
        cursor.execute("SELECT ledger_close(%s, %s)", [at, known_at])


def plain(at: datetime, known_at: int) -> list[tuple[str, str, str, Any, str]]:
    with connection.cursor() as cursor:
        cursor.execute(PLAIN, {"at": at, "known_at": known_at})
        return cursor.fetchall()


def sites(rows: list[tuple[str, str, str, Any, str]]) -> dict[str, int]:
    found = sorted(row[0] for row in rows if row[2] == "area")
    return {site: found.count(site) for site in found}


@pytest.mark.parametrize("seed", range(4))
def test_rolls_closed_at_any_moment_change_no_answer(seed: int) -> None:
    world = World(seed)
    for _ in range(60):
        world.step()
        if world.random.random() < 0.15:
            world.close()

    latest = queries.latest_known()
    moments = [MONDAY + HOUR * hour for hour in range(-1, HOURS + 80, 41)]
    moments += list(Entry.objects.values_list("happened_at", flat=True).distinct()[:4])
    moments += list(Closing.objects.values_list("closed_at", flat=True))
    for at in moments:
        for known_at in {0, latest, latest + 5, *world.random.sample(range(1, latest + 1), 6)}:
            expected = sites(plain(at, known_at))
            assert queries.census(at, known_at).sites == expected, (at, known_at)
            one = {site: queries.census(at, known_at, site=site).total for site in ("S0", "S1", "S2", "S3")}
            assert {site: count for site, count in one.items() if count} == expected

    assert Roll.objects.exists()
    assert LateLeg.objects.exists()


STATES = {"area": "at a site", "trip": "in transit", "outside": "outside"}


def counted(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in set(names)}


def plainly_in(at: datetime, known_at: int) -> set[Any]:
    """The persons whose first entry stands: it was written and not reversed."""
    told = Entry.objects.filter(
        base=0, happened_at__lte=at, act__number__number__lte=known_at, thing__kind="person"
    )
    signs: dict[Any, int] = {}
    for thing, kind in told.values_list("thing_id", "kind"):
        signs[thing] = signs.get(thing, 0) + (1 if kind == "push" else -1)
    return {thing for thing, sign in signs.items() if sign}


@pytest.mark.parametrize("seed", range(4, 7))
def test_totals_by_holder_mission_and_state_are_the_plain_sums(seed: int) -> None:
    world = World(seed)
    for _ in range(60):
        world.step()
        if world.random.random() < 0.15:
            world.close()

    latest = queries.latest_known()
    for at in [MONDAY + HOUR * hour for hour in range(0, HOURS + 80, 67)]:
        for known_at in {latest, *world.random.sample(range(1, latest + 1), 5)}:
            held = [row for row in plain(at, known_at) if row[2] != "outside"]
            states = counted([STATES[row[2]] for row in held])
            outside = len(plainly_in(at, known_at) - {row[3] for row in held})
            at_home = [row[4] for row in held if row[0] == "S0"]
            assert queries.totals(at, known_at, by="holder").counts == counted([row[4] for row in held])
            assert queries.totals(at, known_at, by="mission").counts == counted([row[1] for row in held])
            told = queries.totals(at, known_at, by="state")
            assert told.counts == states | ({"outside": outside} if outside else {})
            assert told.known_at == known_at
            assert queries.totals(at, known_at, by="holder", sites=["S0"]).counts == counted(at_home)


@pytest.mark.parametrize("seed", range(2))
def test_a_roll_lists_those_who_were_held(seed: int) -> None:
    world = World(seed)
    for _ in range(60):
        world.step()
        if world.random.random() < 0.1:
            world.close()

    for closing in Closing.objects.all():
        listed = {
            (roll.holder.site, roll.mission, roll.holder.kind, thing, roll.holder.code)
            for roll in closing.rolls.select_related("holder")
            for thing in roll.things
        }
        held = {row for row in plain(closing.closed_at, closing.number) if row[2] != "outside"}
        assert listed == held
        assert all(roll.persons == len(roll.things) for roll in closing.rolls.all())
        assert all(roll.things == sorted(roll.things) for roll in closing.rolls.all())


def test_the_weeks_job_closes_each_week_once_a_day_after_its_end() -> None:
    world = World(1)
    for _ in range(80):
        world.step()
    ends = [MONDAY + timedelta(weeks=week) for week in (1, 2, 3)]

    first = rolls.close(ends[1] + timedelta(hours=23))
    second = rolls.close(ends[2] + timedelta(days=1))
    third = rolls.close(ends[2] + timedelta(days=1))

    assert [closed.at for closed in first] == ends[:1]
    assert [closed.at for closed in second] == ends[1:]
    assert third == []
    for closed in (*first, *second):
        told = Entry.objects.filter(act__number__number__lte=closed.known_at)
        assert not told.filter(happened_at__gt=closed.at + timedelta(days=1)).exists()


def test_rolls_are_closed_again_when_much_was_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolls, "MANY_LATE", 4)
    world = World(2)
    for _ in range(40):
        world.step()
    now = MONDAY + timedelta(days=60)
    rolls.close(now)
    for _ in range(40):
        world.step()
    again = rolls.close(now)

    assert again
    assert {closed.known_at for closed in again} == {queries.latest_known()}
    assert rolls.close(now) == []


def test_an_entry_that_was_being_written_when_rolls_were_closed_is_found() -> None:
    """The act waits for its number behind an older open transaction; it counts for later numbers and not for the roll."""
    from threading import Event, Thread

    from django.db import connections

    world = World(3)
    is_open, may_end = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            world.act()
            is_open.set()
            may_end.wait(20)
        connections.close_all()

    other = Thread(target=hold)
    other.start()
    assert is_open.wait(20)
    with transaction.atomic():
        write(
            [Push(thing=world.things[0].pk, receiver=world.places[0].pk, happened_at=MONDAY)], act=world.act()
        )
    assert sequence() == 1  # it waits
    closed_at = queries.latest_known()
    close(MONDAY + HOUR, closed_at)
    may_end.set()
    other.join()

    latest = queries.latest_known()
    assert queries.census(MONDAY + 2 * HOUR, closed_at).sites == {}
    assert queries.census(MONDAY + 2 * HOUR, latest).sites == {"S0": 1}
    assert queries.census(MONDAY, latest, site="S0").sites == {"S0": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger_closing (closed_at, number, latest_at, entered) VALUES (now(), 1, now(), 0)",
        "INSERT INTO ledger_cutoff VALUES (now())",
        "UPDATE ledger_roll SET persons = 0",
        "DELETE FROM ledger_lateleg",
        "TRUNCATE ledger_roll",
        "SELECT ledger_cut(now() + interval '1 hour')",
        "SELECT ledger_cut('infinity')",
        "SELECT ledger_close(now(), 0)",
        "SELECT ledger_cut('2026-01-06Z'), ledger_close('2026-01-06Z', 1000000)",
    ],
)
def test_nobody_writes_or_changes_a_roll_but_the_functions_that_close_it(statement: str) -> None:
    World(4).step()

    with pytest.raises(Error), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_writer_with_an_old_snapshot_leaves_marks_all_the_same() -> None:
    world = World(5)
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        push = Push(thing=world.things[0].pk, receiver=world.places[0].pk, happened_at=MONDAY)
        write([push], act=world.act())

    assert LateLeg.objects.count() == 2


def test_holders_have_no_rolls_outside() -> None:
    world = World(6)
    for _ in range(60):
        world.step()
    close(MONDAY + timedelta(days=40), queries.latest_known())

    assert Roll.objects.exists()
    assert not Roll.objects.filter(holder__kind=Holder.Kind.OUTSIDE).exists()


def tampered(statement: str) -> dict[str, Any]:
    """What `muster verify` names first after the owner changed the rolls with their triggers off."""
    with connections["owner"].cursor() as cursor:
        for table in ("ledger_roll", "ledger_closing", "ledger_lateleg"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
    return dict(verify()["first_bad"] or {})


@pytest.mark.parametrize("seed", range(4))
def test_the_latest_rolls_are_what_the_whole_look_at_the_record_recomputes(seed: int) -> None:
    """After each closing, for whatever moment, as known at whatever act, with all that is late for it."""
    world = World(seed)
    for _ in range(4):
        for _ in range(12):
            world.step()
        sequence()
        world.close()

        assert verify()["first_bad"] is None

    assert Roll.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_roll SET things = things[2:] WHERE ",
        "UPDATE ledger_roll SET things = gen_random_uuid() || things[2:] WHERE ",
        "UPDATE ledger_roll SET persons = persons + 1 WHERE ",
        "UPDATE ledger_roll SET mission = 'M-9' WHERE ",
        "DELETE FROM ledger_roll WHERE ",
    ],
    ids=["one id taken out", "another id", "count", "mission", "gone"],
)
def test_a_roll_that_was_changed_names_its_holder(change: str) -> None:
    world = World(1)
    for _ in range(20):
        world.step()
    sequence()
    close(MONDAY + HOUR * HOURS, queries.latest_known())
    roll = Roll.objects.select_related("holder").order_by("holder_id", "mission").first()
    assert roll
    assert verify()["ok"]

    bad = tampered(f"{change} holder_id = '{roll.holder_id}' AND mission = '{roll.mission}'")

    assert (bad["kind"], bad["holder"]) == ("roll", str(roll.holder_id))
    assert bad["why"].startswith(
        f"the roll of {roll.holder.code}, closed for 2026-01-26 00:00:00+00, does not list"
    )


def test_a_closing_with_another_number_of_persons_is_named() -> None:
    world = World(2)
    for _ in range(20):
        world.step()
    sequence()
    close(MONDAY + HOUR * HOURS, queries.latest_known())

    bad = tampered("UPDATE ledger_closing SET entered = entered - 1")

    assert bad["kind"] == "closing"


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM ledger_lateleg WHERE (thing_id, n, leg) = ({leg})",
        "UPDATE ledger_lateleg SET leg = 2 * leg",
        "UPDATE ledger_lateleg SET holder_id = gen_random_uuid()",
        "UPDATE ledger_lateleg SET mission = 'M-9'",
        "UPDATE ledger_lateleg SET enters = 1 - enters",
        "UPDATE ledger_lateleg SET happened_at = happened_at + interval '1 microsecond'",
        "UPDATE ledger_lateleg SET act_id = gen_random_uuid()",
        "INSERT INTO ledger_lateleg (thing_id, n, leg, holder_id, mission, happened_at, act_id, enters)"
        " SELECT thing_id, 99, leg, holder_id, mission, happened_at, act_id, enters"
        " FROM ledger_lateleg",
    ],
    ids=["gone", "side", "holder", "mission", "enters", "moment", "act", "added"],
)
def test_a_late_leg_that_was_changed_names_its_thing(change: str) -> None:
    world = World(1)
    world.step()
    sequence()
    close(MONDAY + HOUR * (HOURS + 80), queries.latest_known())
    world.step()
    sequence()
    assert verify()["ok"]
    leg = LateLeg.objects.first()
    assert leg

    bad = tampered(change.format(leg=f"'{leg.thing_id}', {leg.n}, {leg.leg}"))

    assert (bad["kind"], bad["thing"]) == ("late leg", str(leg.thing_id))
