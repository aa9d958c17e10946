"""Many entries at once meet the guard that one entry meets: the same lie gets the same refusal, and nothing is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import Error, IntegrityError, connection, connections, transaction

from muster.access.models import User
from muster.core.tags import make_tag
from muster.ledger import bulk, rules
from muster.ledger.models import Entry, Head, Holder, Thing
from muster.ledger.writing import Pop, Push, holder, outside, things_of, write
from muster.record.models import Act

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANY = bulk.MANY + 1
Lie = Callable[["Place", Thing], Push | Pop]


@dataclass
class Place:
    """Two sites, outside, and as many persons at the first as go through COPY; the liar is one of them."""

    act: Act
    outside: Holder
    a: Holder
    b: Holder
    persons: list[Thing]

    @property
    def liar(self) -> Thing:
        return self.persons[7]

    def truths(self) -> list[Push]:
        others = [person for person in self.persons if person != self.liar]
        return [Push(thing=p.pk, receiver=self.b.pk, happened_at=NOON + timedelta(hours=1)) for p in others]


@pytest.fixture
def place() -> Place:
    act = Act.objects.create(actor=User.objects.create_user("clerk"), name="test", request_hash=b"")
    away = outside(act=act)
    a, b = (holder(act=act, code=code, kind=Holder.Kind.AREA, site=code) for code in "AB")
    with transaction.atomic():
        tags = [make_tag(number) for number in range(MANY)]
        persons = things_of(tags, act=act, kind="person", origin=away)
        write([Push(thing=p.pk, receiver=a.pk, happened_at=NOON) for p in persons], act=act)
    return Place(act, away, a, b, persons)


def test_many_persons_arrive_in_one_statement_and_each_has_a_head(place: Place) -> None:
    assert Entry.objects.filter(giver=place.outside, receiver=place.a, n=1, base=0).count() == MANY
    assert Head.objects.filter(holder=place.a, n=1, top=1, happened_at=NOON).count() == MANY
    recorded = Entry.objects.values_list("recorded_at", flat=True)[0]
    assert recorded > datetime(2026, 1, 1, tzinfo=UTC)  # by the database's clock


@pytest.mark.parametrize(
    ("lie", "refusal"),
    [
        (lambda s, t: Push(thing=t.pk, receiver=s.outside.pk, giver=s.b.pk, happened_at=NOON), rules.NotTheHolder),
        (lambda s, t: Push(thing=t.pk, receiver=s.b.pk, happened_at=NOON - timedelta(hours=1)), rules.BeforeLiveTop),
        (lambda s, t: Push(thing=t.pk, receiver=s.b.pk, happened_at=datetime(2099, 1, 1, tzinfo=UTC)), rules.ClockAhead),
    ],
)  # fmt: skip
def test_a_lie_among_many_is_refused_as_the_lie_alone_is(
    place: Place, lie: Lie, refusal: type[rules.LedgerRefusal]
) -> None:
    def told(changes: list[Push | Pop]) -> tuple[str, str, str]:
        with pytest.raises(refusal) as caught:
            write(changes, act=place.act)
        return caught.value.tag, caught.value.holder, str(caught.value)

    alone = told([lie(place, place.liar)])
    among_many = told([*place.truths(), lie(place, place.liar)])

    assert among_many == alone
    assert alone[:2] == (place.liar.tag, "A")
    assert Entry.objects.count() == MANY


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ({"n": 3}, "stale"),
        ({"base": 0}, "stale"),
        ({"giver": "outside"}, "not_the_holder"),
        ({"happened_at": NOON - timedelta(minutes=1)}, "before_live_top"),
        ({"happened_at": datetime(2099, 1, 1, tzinfo=UTC)}, "clock_ahead"),
        ({"kind": "pop", "corrects": 2}, "stale"),
        ({"kind": "pop", "corrects": 1, "receiver": "b", "base": 0, "happened_at": NOON}, "not_the_mirror"),
        ({"kind": "pop", "corrects": 1, "receiver": "outside", "base": 0, "mission": "x", "happened_at": NOON},
         "not_the_mirror"),
    ],
)  # fmt: skip
def test_the_database_tells_the_same_lie_in_the_same_words_whichever_way_it_came(
    place: Place, lie: dict[str, Any], code: str
) -> None:
    """Rows as no writer of ours makes them, past `write`: by INSERT alone, and by COPY among many."""

    def row(thing: Thing, **columns: Any) -> Entry:
        told: dict[str, Any] = {"n": 2, "kind": "push", "giver": "a", "receiver": "b", "base": 1,
                "happened_at": NOON + timedelta(hours=1)} | columns  # fmt: skip
        sides = {side: getattr(place, told.pop(side)) for side in ("giver", "receiver")}
        return Entry(act=place.act, thing=thing, **sides, **told)

    def told(rows: list[Entry]) -> tuple[str, str]:
        with pytest.raises(Error) as caught, transaction.atomic():
            bulk.add(Entry, rows)
        cause = caught.value.__cause__
        assert getattr(cause, "sqlstate", None) == "MU001"
        return cause.diag.message_primary, cause.diag.message_detail  # type: ignore[union-attr]

    liar = row(place.liar, **lie)
    truths = [row(person) for person in place.persons if person != place.liar]

    assert told([liar]) == told([*truths, liar]) == (f"ledger.{code}", str(place.liar.pk))
    assert Entry.objects.count() == MANY


def test_a_key_that_was_taken_meanwhile_is_refused_among_many_too(place: Place) -> None:
    taken = [
        Entry(
            act=place.act,
            thing=person,
            n=1,
            kind="push",
            giver=place.outside,
            receiver=place.a,
            happened_at=NOON,
            base=0,
        )
        for person in place.persons
    ]

    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.copy_in(Entry, taken)

    assert Entry.objects.count() == MANY


def test_a_batch_of_corrections_goes_through_copy(place: Place) -> None:
    changes: list[Push | Pop] = []
    for person in place.persons:
        changes.append(Pop(thing=person.pk, reason="late"))
        changes.append(Push(thing=person.pk, receiver=place.b.pk, happened_at=NOON + timedelta(hours=2)))

    write(changes, act=place.act)

    assert Head.objects.filter(holder=place.b, n=3, top=3).count() == MANY
    assert Entry.objects.filter(kind="pop", corrects=1, giver=place.a, receiver=place.outside).count() == MANY


def rows_read(entries: list[Entry]) -> dict[str, int]:
    """How many rows of each table PostgreSQL looks at while these are written and their keys are checked."""

    def counted() -> dict[str, int]:
        cursor.execute(
            "SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
        )
        return dict(cursor.fetchall())

    with transaction.atomic(), connection.cursor() as cursor:
        before = counted()
        bulk.add(Entry, entries)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return {table: read - before[table] for table, read in counted().items()}


@pytest.mark.parametrize("first", [1, MANY], ids=["one", "many"])
def test_each_entry_costs_the_guard_a_few_lookups_whatever_the_session_wrote_before(first: int) -> None:
    """A session keeps the plans of its first writes, and the planner believes that the tables are as small as they were."""
    act = Act.objects.create(actor=User.objects.create_user("clerk"), name="test", request_hash=b"")
    away = outside(act=act)
    a, b = (holder(act=act, code=code, kind=Holder.Kind.AREA, site=code) for code in "AB")

    def entry(thing: Thing, n: int, giver: Holder, receiver: Holder, **columns: Any) -> Entry:
        sides = {"giver": giver, "receiver": receiver}
        told: dict[str, Any] = {"kind": "push", "base": 0, "happened_at": NOON} | sides | columns
        return Entry(act=act, thing=thing, n=n, **told)

    def persons(numbers: range) -> list[Thing]:
        return things_of([make_tag(n) for n in numbers], act=act, kind="person", origin=away)

    def arrived(of: list[Thing]) -> list[Entry]:
        return [entry(thing, 1, away, a) for thing in of]

    def put_right(of: list[Thing]) -> list[Entry]:
        pops = [entry(thing, 2, a, away, kind="pop", corrects=1) for thing in of]
        return pops + [entry(thing, 3, away, b) for thing in of]

    with transaction.atomic():
        bulk.add(Entry, arrived(persons(range(1))))
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    for time in range(1, 11):  # what is checked some times has a plan that is kept
        with transaction.atomic():
            those = persons(range(time * 10_000, time * 10_000 + (first if time == 1 else 1)))
            bulk.add(Entry, arrived(those))
            bulk.add(Entry, put_right(those))
    with transaction.atomic():
        those = persons(range(MANY))
        bulk.add(Entry, arrived(those[1:]))

    for entries in (put_right(those[1:]), put_right(those[:1])):
        read = rows_read(entries)

        # To lock the head and to look at it, the popped one and the one below it, and the foreign key.
        assert read["ledger_head"] <= 2 * len(entries)
        assert read["ledger_entry"] <= 2 * len(entries)
        assert read["ledger_thing"] <= 2 * len(entries)
