"""Whatever is taken out of the guard is missed: each condition in turn, and the battery of lies must notice.

A mutation is a change of text in the source that the database itself gives. One whose text is not found as often as it
says fails, so that no mutation outlives what it was made for.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.db import Error, connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from lies import BATTERY, POP_TWICE, SHAPES, Case, Row, insert, outcome, prepare, push, refusal

from muster import database
from muster.access.models import User
from muster.database.laws import SEQUENCER_LOCK
from muster.record.action import sequence
from muster.record.models import Act, Number, Pending

GUARD, SEQUENCER, BEGINS = "ledger_guard", "record_sequence", "ledger_begin"


@dataclass(frozen=True)
class Mutation:
    """A text taken out of a function, or put otherwise. It stands there `times` times; the one numbered `nth` is meant."""

    old: str
    new: str
    times: int = 1
    nth: int = 0

    def of(self, source: str) -> str:
        found = source.count(self.old)
        assert found == self.times, f"{self.old!r} stands {found} times in the guard, not {self.times}"
        parts = source.split(self.old)
        cut = self.nth + 1
        return self.old.join(parts[:cut]) + self.new + self.old.join(parts[cut:])

    def __str__(self) -> str:
        return f"{self.old} => {self.new} ({self.nth + 1} of {self.times})"


def m(old: str, new: str, times: int = 1, nth: int = 0) -> Mutation:
    return Mutation(old, new, times, nth)


TOP = "CASE w.kind WHEN 'push' THEN w.n ELSE popped.base END AS top"
HOLDER = "CASE w.kind WHEN 'push' THEN w.receiver_id ELSE popped.giver_id END AS holder_id"
HAPPENED = "CASE w.kind WHEN 'push' THEN w.happened_at ELSE below.happened_at END AS happened_at"
POPPED = "x.thing_id = w.thing_id AND x.n = w.corrects"
BELOW = "x.thing_id = w.thing_id AND x.n = popped.base"

LEAVES = [
    m(TOP, "w.n AS top"),
    m(TOP, "popped.base AS top"),
    m(HOLDER, "w.receiver_id AS holder_id"),
    m(HOLDER, "popped.giver_id AS holder_id"),
    m(HAPPENED, "w.happened_at AS happened_at"),
    m(HAPPENED, "below.happened_at AS happened_at"),
]
JOINS = [
    m(POPPED, "x.n = w.corrects"),
    m(POPPED, "x.thing_id = w.thing_id AND x.n = w.n"),
    m(BELOW, "x.n = popped.base"),
    m(BELOW, "x.thing_id = w.thing_id AND x.n = w.n"),
    m("WHERE x.thing_id = w.thing_id OFFSET 0) h", "OFFSET 0) h"),
]

FOUND_N = "lag(w.n, 1, h.n) OVER by_thing"
FOUND_TOP = "lag(leaves.top, 1, h.top) OVER by_thing"  # of a push (0) and of a pop (1)
FOUND_HOLDER = "lag(leaves.holder_id, 1, h.holder_id) OVER by_thing"
FOUND_TIME = "lag(leaves.happened_at, 1, h.happened_at) OVER by_thing"
FOUND = [
    m("PARTITION BY w.thing_id ORDER BY w.n", "ORDER BY w.n"),
    m("PARTITION BY w.thing_id ORDER BY w.n", "PARTITION BY w.thing_id ORDER BY w.n DESC"),
    m(FOUND_N, "h.n"),
    m(FOUND_N, "lag(w.n) OVER by_thing"),
    m(FOUND_TOP, "h.top", 2, 0),
    m(FOUND_TOP, "h.top", 2, 1),
    m(FOUND_TOP, "lag(leaves.top) OVER by_thing", 2, 0),
    m(FOUND_TOP, "lag(leaves.top) OVER by_thing", 2, 1),
    m(FOUND_HOLDER, "h.holder_id"),
    m(FOUND_HOLDER, "lag(leaves.holder_id) OVER by_thing"),
    m(FOUND_TIME, "h.happened_at"),
    m(FOUND_TIME, "lag(leaves.happened_at) OVER by_thing"),
]

IS_GIVER = f"w.giver_id IS DISTINCT FROM {FOUND_HOLDER}"
CORRECTS = f"w.corrects IS DISTINCT FROM {FOUND_TOP}"
CLOCK = "w.happened_at > clock_timestamp() + interval '5 minutes'"
REFUSES = [
    m(f"WHEN w.n IS DISTINCT FROM {FOUND_N} + 1 THEN", "WHEN false THEN"),
    m(IS_GIVER, "false"),
    m(f"w.base IS DISTINCT FROM {FOUND_TOP}", "false"),
    m(f"w.happened_at < {FOUND_TIME}", "false"),
    m(f"w.happened_at < {FOUND_TIME}", f"w.happened_at <= {FOUND_TIME}"),
    m(CORRECTS, "false"),
    *(m("w.kind = 'push' AND ", "", 3, nth) for nth in range(3)),
    *(m("w.kind = 'pop' AND ", "", 2, nth) for nth in range(2)),
    m("(popped.n IS NULL\n", "(false\n"),
    m("OR w.giver_id <> popped.receiver_id", "OR false"),
    m("OR w.receiver_id <> popped.giver_id", "OR false"),
    m("OR w.happened_at <> popped.happened_at", "OR false"),
    m("OR w.mission <> popped.mission", "OR false"),
    m("OR w.base <> popped.base", "OR false"),
    m(CLOCK, "false"),
    m(CLOCK, CLOCK.replace("5", "6")),
    m(CLOCK, CLOCK.replace("5", "3")),
    m(" OR w.why IS NOT NULL", ""),
    m("WHERE l.why IS NOT NULL", ""),
    m("ORDER BY l.thing_id, l.n LIMIT 1", "ORDER BY l.thing_id DESC, l.n LIMIT 1"),
    m("ORDER BY l.thing_id, l.n LIMIT 1", "ORDER BY l.thing_id, l.n DESC LIMIT 1"),
    m("IF FOUND THEN", "IF false THEN"),
    m("DETAIL = lie.thing_id::text", "DETAIL = lie.why"),
]
HEADS = [
    m("SET n = l.n,", "SET n = h.n,"),
    m(" top = l.top,", " top = h.top,"),
    m("holder_id = l.holder_id,", "holder_id = h.holder_id,"),
    m("happened_at = l.happened_at\n", "happened_at = h.happened_at\n"),
    m("lead(w.n) OVER by_thing IS NULL AS is_last", "true AS is_last"),
    m("lead(w.n) OVER by_thing IS NULL AS is_last", "lag(w.n) OVER by_thing IS NULL AS is_last"),
    m("w.is_last OR ", ""),
    m("h.ctid = l.head AND ", ""),
    m(" AND NOT EXISTS (SELECT FROM first_lie)", ""),
]


@pytest.fixture
def act() -> UUID:
    return prepare()


@contextmanager
def mutated(*mutations: Mutation, of: str = GUARD) -> Iterator[CursorWrapper]:
    """The function with those changes, in a transaction of the owner that is rolled back."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(changed(cursor, of, *mutations))
        yield cursor
        transaction.set_rollback(True, using="owner")


def changed(cursor: CursorWrapper, function: str, *mutations: Mutation) -> str:
    cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
    row = cursor.fetchone()
    assert row
    source = str(row[0])
    for mutation in mutations:
        source = mutation.of(source)
    return source


def noticed(act: UUID, battery: list[Case] = BATTERY) -> str:
    """The first case that comes out otherwise than is due, as told to the owner; none where all is as it should be."""
    wrong = (case.name for case in battery if outcome(case, act, using="owner") != case.due)
    return next(wrong, "")


def test_the_guard_as_it_is_takes_every_truth_and_refuses_every_lie_of_the_owner_too(act: UUID) -> None:
    assert noticed(act) == ""


def test_a_mutation_whose_text_is_gone_fails(act: UUID) -> None:
    with pytest.raises(AssertionError, match="stands 0 times"):
        m("a condition that nobody wrote", "").of("SELECT 1")


@pytest.mark.parametrize(
    "group", [LEAVES, JOINS, FOUND, REFUSES, HEADS], ids=["leaves", "joins", "found", "refuses", "heads"]
)  # fmt: skip
def test_each_condition_of_the_guard_is_missed(act: UUID, group: list[Mutation]) -> None:
    unnoticed = []
    for mutation in group:
        with mutated(mutation):
            if not noticed(act):
                unnoticed.append(str(mutation))

    assert unnoticed == []


REVERSED_REVERSE = [
    case for case in BATTERY if "reverse reversed" in case.name or "reverse of a reverse" in case.name
]


def test_that_only_a_push_is_reversed_is_missed_where_the_top_is_not_compared(act: UUID) -> None:
    """The head's top is always a push, so that `kind = 'push'` is a belt: it shows once the braces are off."""
    belt, braces = m(" AND x.kind = 'push'", ""), m(CORRECTS, "false")
    with mutated(braces):
        with_belt = {case.name: outcome(case, act, using="owner") for case in REVERSED_REVERSE}
    with mutated(braces, belt):
        without = {case.name: outcome(case, act, using="owner") for case in REVERSED_REVERSE}

    assert with_belt != without


@pytest.mark.parametrize(
    "statement",
    ["DROP TRIGGER entry_guard ON ledger_entry", "ALTER TABLE ledger_entry DISABLE TRIGGER entry_guard"],
)
def test_the_guard_itself_is_missed(act: UUID, statement: str) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        assert noticed(act)
        transaction.set_rollback(True, using="owner")


def test_a_head_begins_with_its_thing_or_is_missed(act: UUID) -> None:
    """Without a head the guard has nothing to compare an entry with, so it would let every entry pass."""
    born = UUID(int=0xBF)
    begin = (
        "INSERT INTO ledger_thing (id, kind, tag, origin_id, act_id)"
        f" SELECT '{born}', 'person', 'born', id, act_id FROM ledger_holder WHERE code = 'A'"
    )
    begins = Case("a thing begins", (begin,), {str(born): "n0 top0 A never"})
    assert noticed(act, [begins]) == ""

    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("DROP TRIGGER thing_begins ON ledger_thing")
        assert noticed(act, [begins])
        transaction.set_rollback(True, using="owner")
    for mutation in (m("0, 0, origin_id", "1, 0, origin_id"), m("0, 0, origin_id", "0, 1, origin_id"),
                     m("origin_id FROM written", "(SELECT h.id FROM public.ledger_holder h WHERE code = 'B') FROM written")):  # fmt: skip
        with mutated(mutation, of=BEGINS):
            assert noticed(act, [begins]), mutation


def test_each_constraint_of_the_entries_is_missed(act: UUID) -> None:
    """Whatever constraint the table has, also one that is new: without a lie that it refuses, it fails here."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'ledger_entry'::regclass AND contype IN ('c', 'f', 'p', 'u', 'x') ORDER BY 1"
        )
        constraints = dict(cursor.fetchall())
    assert len(constraints) >= 10

    unnoticed = [name for name in constraints if not _noticed_without(name, act)]

    # The giver is whoever the head names, which has a foreign key of its own.
    assert [name.startswith("ledger_entry_giver_id") for name in unnoticed] == [True]
    with mutated(m(IS_GIVER, "false")):
        stranger = next(case for case in SHAPES if case.name == "from an unknown holder")
        assert outcome(stranger, act, using="owner") == "giver_id ledger_entry"


def _noticed_without(constraint: str, act: UUID, instead: str = "") -> str:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(f'ALTER TABLE ledger_entry DROP CONSTRAINT "{constraint}"')
        if instead:
            cursor.execute(f'ALTER TABLE ledger_entry ADD CONSTRAINT "{constraint}" {instead}')
        found = noticed(act)
        transaction.set_rollback(True, using="owner")
    return found


@pytest.mark.parametrize(
    ("constraint", "part"),
    [
        ("entry_pop_corrects", m("(corrects IS NULL)", "true")),
        ("entry_pop_corrects", m("(corrects IS NOT NULL)", "true")),
        *(("entry_moments_finite", m(f"isfinite({column})", "true"))
          for column in ("happened_at", "earliest_at", "latest_at", "recorded_at")),
    ],
    ids=str,
)  # fmt: skip
def test_each_part_of_a_check_is_missed(act: UUID, constraint: str, part: Mutation) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [constraint])
        (definition,) = cursor.fetchone() or ("",)

    assert _noticed_without(constraint, act, part.of(definition))


def test_each_column_that_must_be_filled_is_missed(act: UUID) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'ledger_entry'::regclass AND attnum > 0 AND attnotnull"
            " AND NOT attisdropped AND attname NOT IN ('thing_id', 'n')"  # the key's are filled because it is the key
        )
        columns = [name for (name,) in cursor.fetchall()]
    assert len(columns) >= 9

    unnoticed = []
    for column in columns:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute(f"ALTER TABLE ledger_entry ALTER COLUMN {column} DROP NOT NULL")
            if not noticed(act, SHAPES):
                unnoticed.append(column)
            transaction.set_rollback(True, using="owner")
    assert unnoticed == []


def test_each_append_only_trigger_is_missed(act: UUID) -> None:
    laws = [law for law in database.laws.laws() if law.forever]
    assert len(laws) >= 20

    unnoticed = []
    for law in laws:
        changes = [
            Case(f"{verb} {law.table}", (statement,), "23001 records are never changed: record a correction")
            for verb, statement in (
                ("UPDATE", f'UPDATE "{law.table}" SET "{law.forever[0]}" = "{law.forever[0]}"'),
                *([] if law.delete else [("DELETE", f'DELETE FROM "{law.table}"')]),
                ("TRUNCATE", f'TRUNCATE "{law.table}" CASCADE'),
            )
        ]
        assert noticed(act, changes) == "", law.table
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute(f'DROP TRIGGER {database.laws.TRIGGER} ON "{law.table}"')
            if not noticed(act, changes[:1]):
                unnoticed.append(law.table)
            transaction.set_rollback(True, using="owner")
    assert unnoticed == []


@contextmanager
def session(*, wait: str = "10s") -> Iterator[CursorWrapper]:
    """Another client of the application, in a transaction that is rolled back; it waits that long for a lock."""
    client = connection.copy()
    client.set_autocommit(False)
    try:
        with client.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
            yield cursor
    finally:
        client.rollback()
        client.close()


def said_to(cursor: CursorWrapper, act: UUID, *rows: Row) -> str:
    try:
        insert(cursor, rows, act)
    except Error as error:
        return refusal(error)
    return "taken"


def follower(act: UUID) -> str:
    """What is said to who would write on top of an entry that is not committed yet."""
    with session() as first, session(wait="200ms") as second:
        insert(first, (push("new", 1, "outside A", 0, 0),), act)
        return said_to(second, act, push("new", 2, "A B", 1, 1))


def between_two_locks(act: UUID) -> str:
    """What is said about the first of two persons while who writes about both waits for the second."""
    both = (push("new", 1, "outside A", 0, 0), push("once", 3, "B C", 2, 2))
    with session() as holds_second, session() as writes_both, session(wait="200ms") as asks_first:
        insert(holds_second, (push("once", 2, "A B", 1, 1),), act)
        writer = threading.Thread(target=said_to, args=(writes_both, act, *both))
        writer.start()
        while not _somebody_waits(asks_first):
            time.sleep(0.01)
        said = said_to(asks_first, act, push("new", 2, "A B", 1, 1))
        holds_second.connection.rollback()
        writer.join()
        return said


def _somebody_waits(cursor: CursorWrapper) -> bool:
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
    row = cursor.fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize(
    ("ask", "mutation"),
    [
        (follower, m("h.thing_id = w.thing_id FOR UPDATE", "h.thing_id = w.thing_id")),
        (between_two_locks, m("written w ORDER BY w.thing_id", "written w ORDER BY w.thing_id DESC")),
    ],
    ids=["locked", "in order"],
)
def test_that_heads_are_locked_and_in_order_is_missed(
    act: UUID, ask: Callable[[UUID], str], mutation: Mutation
) -> None:
    assert ask(act).startswith("55P03")  # it waited, and gave up

    with connections["owner"].cursor() as cursor:
        cursor.execute(changed(cursor, GUARD, mutation))

    assert ask(act) == "ledger.stale new"  # it looked past the other's lock


@pytest.mark.parametrize(
    "function", ["ledger_guard()", "ledger_begin()", "record_await_number()", "record_sequence()"]
)
def test_that_the_guard_works_with_its_owners_rights_is_missed(act: UUID, function: str) -> None:
    def refused() -> str:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO record_act (id, actor_id, name, request_hash, refused_code, refused_words)"
                    " SELECT gen_random_uuid(), actor_id, '', '', '', '' FROM record_act LIMIT 1"
                )
                cursor.execute(
                    "INSERT INTO ledger_thing (id, kind, tag, origin_id, act_id)"
                    " SELECT gen_random_uuid(), 'person', 'born', id, act_id FROM ledger_holder LIMIT 1"
                )
                insert(cursor, (POP_TWICE,), act)
                cursor.execute("SELECT record_sequence()")
                transaction.set_rollback(True)
        except Error as error:
            return refusal(error)
        return ""

    assert refused() == ""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER FUNCTION {function} SECURITY INVOKER")

    assert refused().startswith("42501")


IN_FLIGHT = 0  # stands for the id of a transaction that is open, though a later one has ended
RESTORED = 2**60  # the id of a transaction of another cluster
Written = dict[str, tuple[int, tuple[Row, ...]]]  # by act: the id of its transaction, and its entries
FIRST, SECOND, THIRD = (
    push("new", 1, "outside A", 0, 0),
    push("new", 2, "A B", 1, 1),
    push("new", 3, "B C", 2, 2),
)
ELSEWHERE, FURTHER = push("once", 2, "A B", 1, 1), push("once", 3, "B C", 2, 2)
POP_AND_PUSH = (POP_TWICE, push("twice", 4, "A C", 2, 1))


@dataclass(frozen=True)
class Sequence:
    """Acts in the order in which they wrote, and the order in which the sequencer must number them."""

    name: str
    acts: Written
    due: tuple[str, ...]
    calls: int = 1


SEQUENCES = [
    Sequence("in the order of one person's entries", {"P": (2, (FIRST,)), "Q": (1, (SECOND,))}, ("P", "Q")),
    Sequence("not before what it stands on", {"P": (IN_FLIGHT, (FIRST,)), "Q": (1, (SECOND,))}, ()),
    Sequence("nobody who is still in flight", {"P": (1, (FIRST,)), "Q": (IN_FLIGHT, (SECOND,))}, ("P",)),
    Sequence("by transaction where persons differ", {"P": (2, (FIRST,)), "Q": (1, (ELSEWHERE,))}, ("Q", "P")),
    Sequence("another person holds nobody up", {"P": (IN_FLIGHT, (FIRST,)), "Q": (1, (ELSEWHERE,))}, ("Q",)),
    Sequence("a correction does not wait for itself", {"P": (1, POP_AND_PUSH)}, ("P",)),
    Sequence("by transaction and not by id", {"P": (1, ()), "Q": (2, ())}, ("P", "Q")),
    Sequence("who is held up holds up nobody else", {"P": (IN_FLIGHT, (FIRST,)), "Q": (1, (SECOND,)), "R": (2, ())}, ("R",)),
    Sequence("what a restore brought from another cluster", {"P": (1, (FIRST,)), "Q": (RESTORED, (SECOND,))}, ("P", "Q")),
    # Who stands in order is numbered at once, so before another who came later.
    Sequence("the whole backlog of a person",
             {"P": (3, (FIRST,)), "Q": (2, (SECOND,)), "R": (1, (THIRD,)), "S": (4, ())},
             ("P", "Q", "R", "S")),
    Sequence("who draws before who is drawn", {"P": (2, (FIRST, ELSEWHERE)), "Q": (1, (SECOND,)), "R": (3, ())}, ("P", "Q", "R")),
    Sequence("by the latest that it stands on",
             {"P": (3, (FIRST,)), "Q": (1, (SECOND, ELSEWHERE)), "R": (2, ()), "S": (4, ())},
             ("R", "P", "Q", "S")),
    Sequence("after who was drawn", {"P": (2, (FIRST,)), "Q": (1, (SECOND,)), "R": (3, (THIRD,)), "S": (4, ())}, ("P", "Q", "R", "S")),
    Sequence("drawn through two persons",
             {"P": (3, (FIRST,)), "Q": (1, (SECOND, ELSEWHERE)), "R": (2, (FURTHER,)), "S": (4, ())},
             ("P", "S", "Q", "R")),
    Sequence("in order up to who is held up",
             {"P": (2, (FIRST,)), "Q": (3, (SECOND,)), "R": (IN_FLIGHT, (ELSEWHERE,)), "S": (1, (FURTHER,)), "T": (4, ())},
             ("P", "Q", "T")),
    Sequence("a correction does not stand on itself",
             {"P": (3, (FIRST,)), "Q": (1, (SECOND, ELSEWHERE)), "R": (2, (FURTHER,)), "S": (4, POP_AND_PUSH), "T": (5, ())},
             ("P", "S", "T", "Q", "R")),
    Sequence("up to the first that comes too early",
             {"P": (3, (FIRST,)), "Q": (1, (SECOND, ELSEWHERE)), "R": (2, (FURTHER,)),
              "S": (IN_FLIGHT, POP_AND_PUSH[:1]), "T": (4, POP_AND_PUSH[1:])},
             ("P", "Q", "R")),
    Sequence("called again", {"P": (1, (FIRST,)), "Q": (2, (SECOND,))}, ("P", "Q"), calls=2),
]  # fmt: skip
SEQUENCER_MUTATIONS = [
    m("w.txid < horizon\n", "true\n"),
    m("w.txid < horizon\n", "false\n"),
    m("OR (w.txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint", "OR (false"),
    m("w.txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint", "true"),
    m("ORDER BY p.txid, p.act_id", "ORDER BY p.act_id"),
    m("ORDER BY p.txid, p.act_id", "ORDER BY p.txid DESC"),
    m("b.thing_id = x.thing_id AND", ""),
    m("AND b.n = x.n - 1", "AND b.n = x.n + 1"),
    m("WHERE x.act_id = p.act_id", ""),
    m("q.act_id = e.below AND", ""),
    m(" AND q.act_id <> e.act_id", ""),
    m("greatest(e.place, q.place)", "e.place"),
    m("PARTITION BY e.thing_id ", ""),
    m(" ORDER BY e.n)", ")"),
    m("ORDER BY coalesce(s.latest[1], p.place), ", "ORDER BY "),
    m("coalesce(s.latest[1], p.place)", "p.place"),
    m(" s.latest[1] <> p.place,", ""),
    m(" s.latest[2],", ""),
    m("max(ARRAY[behind, n])", "min(ARRAY[behind, n])"),
    m("            WHERE p.ended\n", ""),
    m("b.place IS NULL OR", ""),
    m(" OR b.place > o.place", ""),
    m("SELECT min(o.place)", "SELECT max(o.place)"),
    m("t.place IS NULL OR", ""),
    m("OR o.place < t.place", ""),
    m("OR o.stands_on_any IS NOT TRUE", ""),
    m("SELECT latest + row_number()", "SELECT row_number()"),
    m("WHERE p.act_id = new.act_id", "WHERE false"),
    m("WHERE p.act_id = new.act_id", ""),
    m("EXIT WHEN numbered = 0 OR waiting = 0;", "EXIT;"),
    m("PERFORM record_append_leaves();", "NULL;"),
    m("RETURN waiting;", "RETURN 0;"),
]


@contextmanager
def in_flight() -> Iterator[int]:
    """The id of a transaction that stays open, while a later one begins and ends."""
    take = "SELECT pg_current_xact_id()::text::bigint"
    with session() as other:
        row = other.execute(take).fetchone()
        with session() as later:
            later.execute(take)
        yield int(row[0] if row else 0)


def sequenced(told: Sequence, open_txid: int) -> tuple[object, ...]:
    """In which order the acts were numbered, from which number on, how many still wait, and how many have a leaf."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        user = User.objects.get()
        before = Number.objects.using("owner").count()
        names: dict[UUID, str] = {}
        waits: object = None
        try:
            with transaction.atomic(using="owner"):
                for name, (txid, rows) in told.acts.items():
                    # Ids against the order due, so that they do not put the acts in order by themselves.
                    made = Act(id=UUID(int=0xF0 - ord(name)), actor_id=user.pk, name=name, request_hash=b"")
                    made.save(using="owner", force_insert=True)
                    names[made.pk] = name
                    if rows:
                        insert(cursor, rows, made.pk)
                    Pending.objects.using("owner").filter(act=made).update(txid=txid or open_txid)
                for _ in range(told.calls):
                    cursor.execute("SELECT record_sequence()")
                    (waits,) = cursor.fetchone() or (None,)
                found = list(Number.objects.using("owner").filter(act__in=names).order_by("number"))
                cursor.execute(
                    "SELECT count(*) FROM record_leaf WHERE kind = 'act' AND act_id = ANY(%s)", [list(names)]
                )
                (leaves,) = cursor.fetchone() or (None,)
                numbers = [number.number - before for number in found]
                answer: tuple[object, ...] = (tuple(names[n.act_id] for n in found), numbers, waits, leaves)
        except Error as error:
            answer = (refusal(error),)
        transaction.set_rollback(True, using="owner")
    return answer


def out_of_sequence() -> list[str]:
    """The sequences that come out otherwise than is due."""
    with in_flight() as txid:
        return [
            told.name
            for told in SEQUENCES
            if sequenced(told, txid)
            != (told.due, list(range(1, len(told.due) + 1)), len(told.acts) - len(told.due), len(told.due))
        ]


def test_each_condition_of_the_sequencer_is_missed(act: UUID) -> None:
    sequence()
    assert out_of_sequence() == []

    unnoticed = []
    for mutation in SEQUENCER_MUTATIONS:
        with mutated(mutation, of=SEQUENCER):
            if not out_of_sequence():
                unnoticed.append(str(mutation))
    assert not unnoticed, unnoticed


def test_that_one_sequencer_waits_for_another_is_missed(act: UUID) -> None:
    def refused(cursor: CursorWrapper) -> str:
        cursor.execute("SET LOCAL lock_timeout = '200ms'")
        try:
            with transaction.atomic(using="owner"):
                cursor.execute("SELECT record_sequence()")
        except Error as error:
            return refusal(error)
        return ""

    assert Pending.objects.exists()
    with session() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [SEQUENCER_LOCK])
        with mutated(of=SEQUENCER) as cursor:
            assert refused(cursor).startswith("55P03")
        with mutated(m("PERFORM pg_advisory_xact_lock(7316490112);", ""), of=SEQUENCER) as cursor:
            assert refused(cursor) == ""
