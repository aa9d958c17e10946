"""A battery of lies and truths about who holds what, as data, and what the database must say to each.

Told to the database in plain SQL, in transactions that are rolled back, so that the same battery can be asked by whoever
changes the guard. A lie's due is the refusal's code, or the constraint; a truth's due is where the heads stand afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import Error, connections, transaction
from django.db.backends.utils import CursorWrapper

from muster.access.models import User
from muster.record.models import Act

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOLDERS = {name: UUID(int=0xA0 + number) for number, name in enumerate(("outside", "A", "B", "C"))}
# In the order of their ids, which is the order in which the guard takes them.
THINGS = {
    name: UUID(int=0xB0 + number) for number, name in enumerate(("new", "once", "twice", "other", "undone"))
}
NAMES = {str(of): name for name, of in (HOLDERS | THINGS).items()}
UNKNOWN = UUID(int=0xFF)
ENDLESS = "infinity"


@dataclass(frozen=True)
class FromNow:
    """So long after the database's own present."""

    minutes: float


@dataclass(frozen=True)
class Row:
    """One entry to be written. `at` is hours after noon."""

    thing: str
    n: int
    kind: str
    giver: str
    receiver: str
    at: float | FromNow | str
    base: int
    corrects: int | None
    mission: str = "m"
    columns: dict[str, object] = field(default_factory=dict)  # said otherwise than the above would have it

    def values(self, act: UUID) -> dict[str, object]:
        moment: object = self.at
        if isinstance(self.at, FromNow):
            moment = datetime.now(UTC) + timedelta(minutes=self.at.minutes)
        elif not isinstance(self.at, str):
            moment = NOON + timedelta(hours=self.at)
        return {
            "thing_id": THINGS[self.thing], "n": self.n, "kind": self.kind, "giver_id": HOLDERS[self.giver],
            "receiver_id": HOLDERS[self.receiver], "happened_at": moment, "earliest_at": None, "latest_at": None,
            "base": self.base, "corrects": self.corrects, "mission": self.mission, "handover_id": None,
            "reason": "", "source": "", "act_id": act, "recorded_at": datetime.now(UTC),
        } | self.columns  # fmt: skip


def push(
    thing: str, n: int, sides: str, at: float | FromNow | str, base: int, *, corrects: int | None = None,
    mission: str = "m", columns: dict[str, object] | None = None,
) -> Row:  # fmt: skip
    """A push; `sides` reads *giver receiver*."""
    giver, receiver = sides.split()
    return Row(thing, n, "push", giver, receiver, at, base, corrects, mission, columns or {})


def pop(
    thing: str, n: int, sides: str, at: float, base: int, corrects: int | None, *, mission: str = "m"
) -> Row:  # fmt: skip
    """A counter-entry; `sides` reads *giver receiver*."""
    giver, receiver = sides.split()
    return Row(thing, n, "pop", giver, receiver, at, base, corrects, mission)


@dataclass(frozen=True)
class Case:
    """What is told, statement by statement, and what is due: the refusal, or the heads of the things that moved."""

    name: str
    told: tuple[tuple[Row, ...] | str, ...]
    due: str | dict[str, str]
    conflict: str = ""


# What is in the record before every case: written once, and true.
STORY = (
    push("once", 1, "outside A", 0, 0),
    push("twice", 1, "outside A", 0, 0),
    push("twice", 2, "A B", 4, 1),
    push("other", 1, "outside B", 1, 0, mission="k"),
    push("other", 2, "B A", 3, 1, mission="k"),
    push("undone", 1, "outside A", 0, 0),
    pop("undone", 2, "A outside", 0, 0, 1),
)
STANDING = {
    "new": "n0 top0 outside never",
    "once": "n1 top1 A +0",
    "twice": "n2 top2 B +4",
    "other": "n2 top2 A +3",
    "undone": "n2 top0 outside never",
}
POP_TWICE = pop("twice", 3, "B A", 4, 1, 2)


def lie(name: str, due: str, *rows: Row) -> Case:
    """Rows of one statement that must be refused."""
    return Case(name, (rows,), due)


def truth(name: str, due: dict[str, str], *rows: Row) -> Case:
    """Rows of one statement that must be taken."""
    return Case(name, (rows,), due)


ONE_ROW = [
    lie("the first number left out", "ledger.stale new", push("new", 2, "outside A", 0, 0)),
    lie("a number before the first", "ledger.stale new", push("new", 0, "outside A", 0, 0)),
    lie("a base that is not there", "ledger.stale new", push("new", 1, "outside A", 0, 1)),
    lie("from whoever does not hold", "ledger.not_the_holder new", push("new", 1, "B A", 0, 0)),
    lie("not yet", "ledger.clock_ahead new", push("new", 1, "outside A", FromNow(5.5), 0)),
    lie("nothing to reverse", "ledger.not_the_mirror new", pop("new", 1, "A outside", 0, 0, 0)),
    lie("the reverse of what never was", "ledger.stale new", pop("new", 1, "A outside", 0, 0, 1)),
    lie("everything wrong at once", "ledger.stale once", push("once", 4, "B C", FromNow(60), 7)),
    lie("giver, base and time wrong", "ledger.not_the_holder once", push("once", 2, "B C", -1, 7)),
    lie("base and time wrong", "ledger.stale once", push("once", 2, "A C", -1, 7)),
    lie("the base of a first entry", "ledger.stale once", push("once", 2, "A C", 1, 0)),
    lie("before the live top", "ledger.before_live_top once", push("once", 2, "A C", -1, 1)),
    lie("the reverse of the one to come", "ledger.stale once", pop("once", 2, "A outside", 0, 0, 2)),
    lie("a counter-entry with a gap", "ledger.stale once", pop("once", 3, "A outside", 0, 0, 1)),
    lie("returned by another", "ledger.not_the_mirror once", pop("once", 2, "B outside", 0, 0, 1)),
    lie("returned to who never gave", "ledger.not_the_mirror once", pop("once", 2, "A B", 0, 0, 1)),
    lie("reversed at another time", "ledger.not_the_mirror once", pop("once", 2, "A outside", 0.1, 0, 1)),
    lie("reversed at an earlier time", "ledger.not_the_mirror once", pop("once", 2, "A outside", -0.1, 0, 1)),
    lie("reversed for another mission", "ledger.not_the_mirror once",
        pop("once", 2, "A outside", 0, 0, 1, mission="k")),
    lie("reversed onto another base", "ledger.not_the_mirror once", pop("once", 2, "A outside", 0, 1, 1)),
    lie("the reverse of what lies below", "ledger.stale twice", pop("twice", 3, "A outside", 0, 0, 1)),
    lie("the same reversed again", "ledger.stale undone", pop("undone", 3, "A outside", 0, 0, 1)),
    lie("the reverse of a reverse", "ledger.stale undone", pop("undone", 3, "outside A", 0, 0, 2)),
    lie("a number given already", "ledger_entry_pkey", push("once", 1, "outside B", 0, 0)),
    truth("a first entry", {"new": "n1 top1 A +0"}, push("new", 1, "outside A", 0, 0)),
    truth("a clock four minutes ahead", {"new": "n1 top1 A later"}, push("new", 1, "outside A", FromNow(4), 0)),
    truth("a second entry at the same moment", {"once": "n2 top2 C +0"}, push("once", 2, "A C", 0, 1)),
    truth("a counter-entry", {"twice": "n3 top1 A +0"}, POP_TWICE),
    truth("the only one reversed", {"once": "n2 top0 outside never"}, pop("once", 2, "A outside", 0, 0, 1)),
    truth("again after all was reversed", {"undone": "n3 top3 B -5"}, push("undone", 3, "outside B", -5, 0)),
]  # fmt: skip

CHAINS = [
    truth("two in one statement", {"new": "n2 top2 B +2"},
          push("new", 1, "outside A", 1, 0), push("new", 2, "A B", 2, 1)),
    truth("the rows in any order", {"new": "n2 top2 B +2"},
          push("new", 2, "A B", 2, 1), push("new", 1, "outside A", 1, 0)),
    truth("written and reversed in one statement", {"new": "n3 top1 A +1"},
          push("new", 1, "outside A", 1, 0), push("new", 2, "A B", 2, 1), pop("new", 3, "B A", 2, 1, 2)),
    truth("the latest corrected", {"twice": "n4 top4 C +2"}, POP_TWICE, push("twice", 4, "A C", 2, 1)),
    truth("the earliest corrected and the latest repeated", {"twice": "n6 top6 B +4"},
          POP_TWICE, pop("twice", 4, "A outside", 0, 0, 1), push("twice", 5, "outside C", -2, 0),
          push("twice", 6, "C B", 4, 5)),
    truth("two persons in one statement", {"new": "n1 top1 A +0", "once": "n2 top2 B +1"},
          push("once", 2, "A B", 1, 1), push("new", 1, "outside A", 0, 0)),
    truth("three counter-entries in one statement",
          {"once": "n2 top0 outside never", "twice": "n3 top1 A +0", "other": "n3 top1 B +1"},
          pop("once", 2, "A outside", 0, 0, 1), POP_TWICE, pop("other", 3, "A B", 3, 1, 2, mission="k")),
    Case("reversed, then earlier than what was reversed",
         ((POP_TWICE,), (push("twice", 4, "A C", 1, 1),)), {"twice": "n4 top4 C +1"}),
    Case("reversed, then earlier than what is left",
         ((POP_TWICE,), (push("twice", 4, "A C", -1, 1),)), "ledger.before_live_top twice"),
    lie("a gap within a statement", "ledger.stale new",
        push("new", 1, "outside A", 0, 0), push("new", 3, "A B", 2, 1)),
    lie("twice from one holder", "ledger.not_the_holder new",
        push("new", 1, "outside A", 0, 0), push("new", 2, "outside B", 2, 1)),
    lie("twice onto one base", "ledger.stale new",
        push("new", 1, "outside A", 0, 0), push("new", 2, "A B", 2, 0)),
    lie("backwards within a statement", "ledger.before_live_top new",
        push("new", 1, "outside A", 2, 0), push("new", 2, "A B", 1, 1)),
    lie("reversed and earlier than what is left, at once", "ledger.before_live_top twice",
        POP_TWICE, push("twice", 4, "A C", -1, 1)),
    lie("the one below reversed in a batch", "ledger.stale twice", POP_TWICE, pop("twice", 4, "B A", 4, 1, 2)),
    lie("a reverse reversed, and on from there", "ledger.stale undone",
        pop("undone", 3, "outside A", 0, 0, 2), push("undone", 4, "A B", 1, 0)),
    lie("one number twice", "ledger_entry_pkey",
        push("new", 1, "outside A", 0, 0), push("new", 1, "outside B", 0, 0)),
    lie("one lie among truths", "ledger.not_the_holder twice",
        push("new", 1, "outside A", 0, 0), push("once", 2, "A B", 1, 1), push("twice", 3, "A C", 5, 2)),
    lie("the first lie in the order of things is told", "ledger.not_the_holder new",
        push("twice", 9, "B C", 5, 2), push("new", 1, "B A", 0, 0)),
    lie("the first lie in the order of one thing is told", "ledger.not_the_holder new",
        push("new", 1, "B A", 5, 0), push("new", 2, "A C", 1, 1)),
    Case("a conflict passed over", ((push("once", 1, "outside B", 0, 0),),),
         {}, conflict="ON CONFLICT DO NOTHING"),
]  # fmt: skip


def _first(**columns: object) -> Row:
    """A true first entry, but for these columns."""
    return push("new", 1, "outside A", 0, 0, columns=columns)


SHAPES = [
    lie("a word that is no kind", "entry_kind", Row("new", 1, "swap", "outside", "A", 0, 0, None)),
    lie("to itself", "entry_two_sides", push("new", 1, "outside outside", 0, 0)),
    lie("a push that corrects", "entry_pop_corrects", push("new", 1, "outside A", 0, 0, corrects=0)),
    lie("a pop that corrects nothing", "entry_pop_corrects", pop("once", 2, "A outside", 0, 0, None)),
    lie("before all time", "entry_moments_finite", push("new", 1, "outside A", f"-{ENDLESS}", 0)),
    *(lie(f"no end of {moment}", "entry_moments_finite", _first(**{moment: ENDLESS}))
      for moment in ("earliest_at", "latest_at", "recorded_at")),
    lie("of an unknown thing", "thing_id ledger_entry", _first(thing_id=UNKNOWN)),
    lie("to an unknown holder", "receiver_id ledger_entry", _first(receiver_id=UNKNOWN)),
    lie("from an unknown holder", "ledger.not_the_holder new", _first(giver_id=UNKNOWN)),
    lie("of an unknown act", "act_id ledger_entry", _first(act_id=UNKNOWN)),
    lie("of an unknown handover", "handover_id ledger_entry", _first(handover_id=UNKNOWN)),
    *(lie(f"no {column}", f"null {column} ledger_entry", _first(**{column: None}))
      for column in ("thing_id", "n", "kind", "giver_id", "receiver_id", "happened_at", "base", "mission", "reason",
                     "source", "act_id", "recorded_at")),
]  # fmt: skip

BATTERY = [*ONE_ROW, *CHAINS, *SHAPES]


def prepare() -> UUID:
    """Write the story into the test's database; the act under which the battery is told."""
    user = User.objects.create_user("clerk")
    act = Act.objects.create(actor=user, name="test", request_hash=b"").pk
    with connections["default"].cursor() as cursor:
        for name, holder in HOLDERS.items():
            cursor.execute(
                "INSERT INTO ledger_holder (id, kind, code, organisation, site, act_id) VALUES (%s, %s, %s, '', '', %s)",
                [holder, "outside" if name == "outside" else "area", name, act],
            )
        for name, thing in THINGS.items():
            cursor.execute(
                "INSERT INTO ledger_thing (id, kind, tag, origin_id, act_id) VALUES (%s, 'person', %s, %s, %s)",
                [thing, name, HOLDERS["outside"], act],
            )
        for row in STORY:
            insert(cursor, (row,), act)
    return act


def insert(cursor: CursorWrapper, rows: tuple[Row, ...], act: UUID, *, conflict: str = "") -> None:
    """Write the rows in one statement."""
    values = [row.values(act) for row in rows]
    places = ", ".join(f"({', '.join(['%s'] * len(each))})" for each in values)
    cursor.execute(
        f"INSERT INTO ledger_entry ({', '.join(values[0])}) VALUES {places} {conflict}",
        [value for each in values for value in each.values()],
    )


def outcome(case: Case, act: UUID, *, using: str = "default") -> str | dict[str, str]:
    """What the database says to a case, as its `due` would have it; nothing of it is kept."""
    with connections[using].cursor() as cursor, transaction.atomic(using=using):
        try:
            with transaction.atomic(using=using):
                for told in case.told:
                    if isinstance(told, str):
                        cursor.execute(told)
                    else:
                        insert(cursor, told, act, conflict=case.conflict)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                moved = {name: head for name, head in heads(cursor).items() if head != STANDING.get(name)}
        except Error as error:
            moved = refusal(error)
        transaction.set_rollback(True, using=using)
    return moved


def heads(cursor: CursorWrapper) -> dict[str, str]:
    """Where every thing of the story stands, in a few words."""
    cursor.execute("SELECT thing_id, n, top, holder_id, happened_at FROM ledger_head")
    return {
        NAMES.get(str(thing), str(thing)): f"n{n} top{top} {NAMES.get(str(holder), holder)} {_when(at)}"
        for thing, n, top, holder, at in cursor.fetchall()
    }


def refusal(error: Error) -> str:
    """The guard's code and the thing; else the constraint, its column and table, or the state."""
    told = error.__cause__.diag  # type: ignore[union-attr]  # the driver's error
    match told.sqlstate:
        case "MU001":
            return f"{told.message_primary} {NAMES.get(told.message_detail, told.message_detail)}"
        case "23502":
            return f"null {told.column_name} {told.table_name}"
        case "23503":
            # Django's names of foreign keys end in a digest; the column stands before it.
            table, constraint = told.table_name, told.constraint_name
            return f"{constraint.removeprefix(f'{table}_').partition('_id')[0]}_id {table}"
        case "23505" | "23514":
            return str(told.constraint_name)
    return f"{told.sqlstate} {told.message_primary}"


def _when(at: datetime | None) -> str:
    if at is None:
        return "never"
    hours = (at - NOON) / timedelta(hours=1)
    return f"{hours:+g}" if abs(hours) < 24 else "later"
