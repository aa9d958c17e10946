"""`muster verify`: the tree and every stack, recomputed from the rows, and compared with what was signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from muster.database.streaming import streamed
from muster.ledger import handovers
from muster.ledger.leaves import PLACES, Row, rows
from muster.ledger.written import Written
from muster.record import checkpoints, notes
from muster.record.action import sequence
from muster.record.encoding import leaf_of
from muster.record.models import Checkpoint
from muster.record.tree import Frontier

EVERYTHING = 2**62  # more leaves than there are
IN_NO_LEAF = "it is in no leaf, though its act does not wait"

# What has been numbered, or neither waits nor has a number, and is in no leaf.
WITHOUT_LEAF = """
SELECT kind, act, subject, n FROM (
    SELECT 'act' AS kind, a.id AS act, NULL::uuid AS subject, NULL::int AS n FROM record_act a
    WHERE NOT EXISTS (SELECT FROM record_leaf l WHERE l.kind = 'act' AND l.act_id = a.id)
    UNION ALL
    SELECT 'holder', h.act_id, h.id, NULL FROM ledger_holder h
    WHERE NOT EXISTS (SELECT FROM record_leaf l WHERE l.kind = 'holder' AND l.subject = h.id)
    UNION ALL
    SELECT 'thing', t.act_id, t.id, NULL FROM ledger_thing t
    WHERE NOT EXISTS (SELECT FROM record_leaf l WHERE l.kind = 'thing' AND l.subject = t.id)
    UNION ALL
    SELECT 'entry', e.act_id, e.thing_id, e.n FROM ledger_entry e
    WHERE NOT EXISTS (SELECT FROM record_leaf l WHERE l.kind = 'entry' AND l.subject = e.thing_id AND l.n = e.n)
) found
WHERE NOT EXISTS (SELECT FROM record_pending p WHERE p.act_id = found.act)
ORDER BY kind, subject, n LIMIT 1
"""
HEADS = """
SELECT h.thing_id::text, h.n, h.top, h.holder_id::text, t.origin_id::text
FROM ledger_head h LEFT JOIN ledger_thing t ON t.id = h.thing_id
WHERE NOT EXISTS (SELECT FROM record_pending p JOIN ledger_entry e ON e.act_id = p.act_id WHERE e.thing_id = h.thing_id)
  AND NOT EXISTS (SELECT FROM record_pending p WHERE p.act_id = t.act_id)
"""
NO_HEAD = "SELECT t.id::text FROM ledger_thing t WHERE NOT EXISTS (SELECT FROM ledger_head h WHERE h.thing_id = t.id) LIMIT 1"


class Bad(Exception):
    """What does not hold, and where: the first such thing ends the check."""

    def __init__(self, why: str, **where: Any) -> None:
        self.why, self.where = why, where
        super().__init__(why)

    @classmethod
    def at(cls, row: Row, why: str) -> Bad:
        """What does not hold of one row."""
        where = {"index": row.index, "kind": row.kind, "act": row.act}
        if row.subject is not None:
            where["thing" if row.kind in ("thing", "entry") else "holder"] = row.subject
        if row.kind == "rows":
            where["table"] = row.table
        return cls(why, **where, **({"n": row.n} if row.kind == "entry" and row.n is not None else {}))


@dataclass(slots=True)
class Stack:
    """One thing as replayed: its live entries from the bottom, as (n, holder, happened at, giver, mission)."""

    origin: str | None = None
    n: int = 0
    leaf: str | None = None
    live: list[tuple[int, str, int, str, str]] = field(default_factory=list)

    @property
    def top(self) -> int:
        return self.live[-1][0] if self.live else 0

    @property
    def holder(self) -> str | None:
        return self.live[-1][1] if self.live else self.origin


def verify(checkpoint: str | None = None, keys: Sequence[str] = ()) -> dict[str, Any]:
    """Recompute the tree from the rows, and compare it with every checkpoint, and with one kept elsewhere.

    Raises BadNote and BadKey for what was brought from elsewhere; everything wrong in the record is in the answer.
    """
    keys = keys or [checkpoints.public_key()]
    kept = notes.Stated.of_text(notes.opened(checkpoint, keys)) if checkpoint is not None else None
    waiting = sequence()
    check = Check()
    with transaction.atomic():
        with connection.cursor() as cursor:  # one state of the record, whatever is written meanwhile
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        first_bad = None
        try:
            check.run(kept, keys)
        except Bad as bad:
            first_bad = {"why": bad.why, **bad.where}
    return {
        "ok": first_bad is None,
        "entries": check.entries,
        "size": check.tree.size,
        "root": check.tree.root().hex(),
        "checkpoints": check.compared,
        "acts_without_number": waiting,
        "first_bad": first_bad,
    }


class Check:
    """One pass over the record. What it has seen stands in its attributes, also where it stopped."""

    def __init__(self) -> None:
        self.entries = 0
        self.compared = 0
        self.tree = Frontier()
        self._stacks: dict[str, Stack] = {}
        self._before: tuple[Any, ...] = ()
        self._act: Row | None = None
        self._tables = 0  # in which the act wrote rows, and whose leaves are still to come

    def run(self, kept: notes.Stated | None, keys: Sequence[str]) -> None:
        """Raises Bad for the first thing that does not hold."""
        due = _stored(keys)
        if kept is not None:
            due.append((kept.size, kept.root, "the checkpoint kept elsewhere"))
        due.sort(key=lambda one: one[0], reverse=True)
        self._compare(due)
        written = Written()
        for row in rows(EVERYTHING, written):
            self._take(row)
            self._compare(due)
        self._all_tables()
        if due:
            size, _, name = due[-1]
            raise Bad(f"{name} has {size} leaves, and the record has {self.tree.size}", index=self.tree.size)
        self._missing()
        if (stray := written.first_stray()) is not None:
            raise Bad(IN_NO_LEAF, kind="rows", act=stray.act, table=stray.table)
        self._heads()
        if (unsigned := handovers.first_bad()) is not None:
            raise Bad(unsigned.words, handover=str(unsigned.handover))

    def _take(self, row: Row) -> None:
        if row.index != self.tree.size:
            raise Bad(f"leaf {self.tree.size} is missing", index=self.tree.size)
        if row.kind not in PLACES or row.values is None:
            raise Bad.at(row, "what the leaf stands for is missing")
        if row.number is None:
            raise Bad.at(row, "the act has lost its number")
        if row.order() <= self._before:
            raise Bad.at(row, "the leaf does not stand where it belongs")
        self._before = row.order()
        stack = (
            self._stacks.setdefault(row.subject or "", Stack()) if row.kind in ("thing", "entry") else None
        )
        self._count_tables(row)
        leaf = leaf_of(row.encoded(stack.leaf if stack else None))
        if leaf != row.leaf:
            raise Bad.at(row, "the row is not what its leaf says")
        if stack is not None and row.kind == "thing":
            # Its leaf may come after its first entries: acts are numbered as they were committed.
            if stack.origin not in (None, row.values[5]):
                raise Bad.at(row, "the thing did not begin where its first entry took it from")
            stack.origin = str(row.values[5])
        elif stack is not None:
            self._replay(row, stack)
            stack.leaf = leaf.hex()
            self.entries += 1
        self.tree.append(leaf)

    def _count_tables(self, row: Row) -> None:
        """After an act come the leaves of as many tables as it says; once one act has said so, every later one does."""
        if row.kind == "rows":
            self._tables -= 1
        elif row.kind == "act":
            self._all_tables()
            if row.n is None and self._act is not None and self._act.n is not None:
                raise Bad.at(row, "the leaf is of an encoding from before its time")
            self._act, self._tables = row, row.n or 0

    def _all_tables(self) -> None:
        if self._tables and self._act is not None:
            raise Bad.at(self._act, "it does not have as many leaves of rows as it says")

    def _replay(self, row: Row, stack: Stack) -> None:
        """The law of the stack, as the guard has it."""
        assert row.values is not None  # asked before
        _, _, _, _, kind, giver, receiver, happened, _, _, base, corrects, _, _, mission, *_ = row.values
        stack.n += 1
        if row.n != stack.n:
            raise Bad.at(row, f"entry {stack.n} of the thing is missing")
        if kind == "push":
            if stack.holder is not None and giver != stack.holder:
                raise Bad.at(row, "the giver was not the holder")
            if base != stack.top or (stack.live and int(happened or 0) < stack.live[-1][2]):
                raise Bad.at(row, "the entry does not stand on the live one below")
            stack.origin = stack.origin or str(giver)
            stack.live.append((stack.n, str(receiver), int(happened or 0), str(giver), str(mission)))
            return
        if not stack.live or corrects != stack.top:
            raise Bad.at(row, "the counter-entry does not reverse the live top")
        if stack.live.pop() != (corrects, giver, happened, receiver, mission) or base != stack.top:
            raise Bad.at(row, "the counter-entry is not the mirror of what it reverses")

    def _compare(self, due: list[tuple[int, bytes, str]]) -> None:
        while due and due[-1][0] == self.tree.size:
            size, root, name = due.pop()
            if root != self.tree.root():
                raise Bad(f"{name} has another root for the first {size} leaves", index=size)
            self.compared += 1

    def _missing(self) -> None:
        for kind, act, subject, n in streamed(WITHOUT_LEAF):
            where = {"thing" if kind in ("thing", "entry") else "holder": str(subject)} if subject else {}
            raise Bad(
                IN_NO_LEAF,
                kind=kind,
                act=str(act),
                **where,
                **({"n": n} if n else {}),
            )

    def _heads(self) -> None:
        for thing, n, top, holder, origin in streamed(HEADS):
            stack = self._stacks.get(thing, Stack())
            if (n, top, holder) != (stack.n, stack.top, stack.holder or origin):
                raise Bad("the head of the thing is not where its entries lead", kind="head", thing=thing)
        for (thing,) in streamed(NO_HEAD):
            raise Bad("the thing has no head", kind="head", thing=thing)


def _stored(keys: Sequence[str]) -> list[tuple[int, bytes, str]]:
    """The size and root of every checkpoint of the record, by its note. Raises Bad."""
    found = []
    for stored in Checkpoint.objects.order_by("size").iterator():
        name = f"the checkpoint of {stored.size} leaves"
        try:
            stated = notes.Stated.of_text(notes.opened(stored.note, keys))
        except notes.BadNote as bad:
            raise Bad(
                f"{name} cannot be trusted: {bad.reason}", kind="checkpoint", size=stored.size
            ) from None
        if (stated.size, stated.root) != (stored.size, bytes(stored.root)):
            raise Bad(f"{name} is not what its note says", kind="checkpoint", size=stored.size)
        found.append((stated.size, stated.root, name))
    return found
