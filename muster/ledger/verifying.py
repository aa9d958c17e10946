"""`muster verify`: the tree and every stack, recomputed from the rows, and compared with what was signed.

The queries (`recomputing.py`) run beside each other, each in a session of its own, and all see one state of the record. Here
the tree is hashed, and what acts wrote in other tables; memory stays the same however long the record is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import IntegrityError, connection, transaction

from muster.ledger import handovers, recomputing
from muster.ledger.leaves import rows_of_other_tables
from muster.ledger.recomputing import CHANGED, IN_NO_LEAF, MISSING, NO_NUMBER, OUT_OF_PLACE
from muster.ledger.written import Written
from muster.record import checkpoints, notes
from muster.record.action import sequence
from muster.record.encoding import leaf_of
from muster.record.models import Checkpoint, Pending
from muster.record.tree import HASH_BYTES, Frontier

EVERYTHING = 2**62  # more leaves than there are
BLOCK = 2**16  # leaves
LOWEST = "00000000-0000-0000-0000-000000000000"


class Bad(Exception):
    """Something that does not hold, why, and where. `index` is None where it has no place in the tree."""

    def __init__(self, why: str, *, index: int | None = None, **where: Any) -> None:
        self.why, self.index = why, index
        self.where = ({} if index is None else {"index": index}) | where
        super().__init__(why)

    def place(self) -> int:
        """By which the first is told; what has no place in the tree comes after all that has."""
        return EVERYTHING if self.index is None else self.index


def verify(
    checkpoint: str | None = None, keys: Sequence[str] = (), also: Sequence[Callable[[], str | None]] = ()
) -> dict[str, Any]:
    """Recompute the tree from the rows, and compare it with every checkpoint, and with one kept elsewhere.

    `also` are looks of later steps at the same state of the record: each gives the first thing that does not hold, in a sentence.

    Raises BadNote and BadKey for what was brought from elsewhere; everything wrong in the record is in the answer.
    """
    keys = keys or [checkpoints.public_key()]
    kept = notes.Stated.of_text(notes.opened(checkpoint, keys)) if checkpoint is not None else None
    waiting = _waiting()
    check = Check()
    with transaction.atomic():
        with connection.cursor() as cursor:  # one state of the record, whatever is written meanwhile
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        first_bad = None
        try:
            check.run(kept, keys)
            for look in also:
                if (words := look()) is not None:
                    raise Bad(words)
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


def _waiting() -> int:
    """How many acts wait, after all that can be numbered is. What has a number already cannot be; the look will find it."""
    try:
        return sequence()
    except IntegrityError:
        return Pending.objects.count()


class Check:
    """One look at the record. What it came to stands in its attributes, also where something does not hold."""

    def __init__(self) -> None:
        self.entries = 0
        self.compared = 0
        self.tree = Frontier()

    def run(self, kept: notes.Stated | None, keys: Sequence[str]) -> None:
        """Raises Bad for the first thing that does not hold."""
        due = _stored(keys)
        if kept is not None:
            due.append((kept.size, kept.root, "the checkpoint kept elsewhere"))
        due.sort(key=lambda one: one[0], reverse=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = str(cursor.fetchone()[0])
            cursor.execute(recomputing.SETTINGS)
            cursor.execute(recomputing.SIZES)
            leaves, self.entries = cursor.fetchone()
        with ThreadPoolExecutor(_workers()) as pool:
            looks = [pool.submit(_in_snapshot, snapshot, look) for look in _looks()]
            tree = self._tree(leaves, due)
            found = [*(look.result() for look in looks), tree]
        if bad := [each for each in found if each is not None]:
            raise min(bad, key=Bad.place)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path TO DEFAULT")
        if (unsigned := handovers.first_bad()) is not None:
            raise Bad(unsigned.words, handover=str(unsigned.handover))

    def _tree(self, leaves: int, due: list[tuple[int, bytes, str]]) -> Bad | None:
        """Hash the stored leaves. The first hole, or the first checkpoint, by size, that has another root."""
        bad = self._compare(due)
        while bad is None and self.tree.size < leaves:
            block = _block(self.tree.size)
            if len(block) < min(BLOCK, leaves - self.tree.size):
                hole = self.tree.size + len(block)
                return Bad(f"leaf {hole} is missing", index=hole)
            bad = self._extend(block, due)
        if bad is None and due:
            size, _, name = due[-1]
            return Bad(f"{name} has {size} leaves, and the record has {self.tree.size}", index=self.tree.size)
        return bad

    def _extend(self, block: Sequence[bytes], due: list[tuple[int, bytes, str]]) -> Bad | None:
        at, bad = 0, None
        while bad is None and at < len(block):
            stop = min(len(block), due[-1][0] - self.tree.size + at) if due else len(block)
            self.tree.extend(block[at:stop])
            bad, at = self._compare(due), stop
        return bad

    def _compare(self, due: list[tuple[int, bytes, str]]) -> Bad | None:
        while due and due[-1][0] == self.tree.size:
            size, root, name = due.pop()
            if root != self.tree.root():
                return Bad(f"{name} has another root for the first {size} leaves", index=size)
            self.compared += 1
        return None


def _block(first: int) -> list[bytes]:
    """The leaves from that index on, up to a hole or so many as are looked at together."""
    with connection.cursor() as cursor:
        cursor.execute(recomputing.BLOCK, {"first": first, "last": first + BLOCK})
        count, latest, are_whole, joined = cursor.fetchone()
        if are_whole and (not count or latest == first + count - 1):
            leaves = bytes(joined)
            return [leaves[at : at + HASH_BYTES] for at in range(0, len(leaves), HASH_BYTES)]
        cursor.execute(recomputing.LEAVES, {"first": first, "last": first + BLOCK})
        found = cursor.fetchall()
    return [bytes(leaf) for place, (index, leaf) in enumerate(found, first) if index == place]


def _looks() -> Iterator[Callable[[], Bad | None]]:
    """Each looks at a part of the record by itself; the longest first."""
    cuts = _cuts(_workers())
    for low, high in zip([LOWEST, *cuts], [*cuts, None], strict=True):
        yield partial(_first, recomputing.ENTRIES, low=low, high=high)
    yield _order
    yield partial(_first, recomputing.ROLLS)
    for query in (
        recomputing.LATE_LEGS,
        recomputing.THINGS,
        recomputing.ACTS,
        recomputing.HOLDERS,
        recomputing.HEADS,
    ):
        yield partial(_first, query)
    yield _rows


def _workers() -> int:
    """How many sessions look at once: as many as the machine computes at once, if they were all on it."""
    return max(2, min(os.cpu_count() or 1, 8))


def _cuts(parts: int) -> list[str]:
    """Ids between which there are about as many things; fewer where there are few things."""
    with connection.cursor() as cursor:
        cursor.execute(recomputing.CUTS, {"cuts": [part / parts for part in range(1, parts)]})
        (cuts,) = cursor.fetchone()
    return sorted(set(cuts or ()))


def _in_snapshot(snapshot: str, look: Callable[[], Bad | None]) -> Bad | None:
    """Look in a session of this thread's own at the state of the record that another session has."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])
                cursor.execute(recomputing.SETTINGS)
            return look()
    finally:
        connection.close()


def _first(query: str, **params: str | None) -> Bad | None:
    """What the query found first."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        found = cursor.fetchone()
    if found is None:
        return None
    index, why, kind, act, subject, n = found
    where: dict[str, Any] = {"kind": kind}
    if act is not None:
        where["act"] = act
    if subject is not None:
        where["holder" if kind in {"holder", "roll"} else "thing"] = subject
    if kind in {"entry", "late leg"}:
        where["n"] = n
    return Bad(why, index=index, **where)


def _order() -> Bad | None:
    found = _first(recomputing.ORDER)
    if found is not None and found.why == OUT_OF_PLACE:
        return _first(recomputing.FIRST_OUT_OF_PLACE)
    return found


def _rows() -> Bad | None:
    """What acts wrote in other tables, in which each act and table has one leaf."""
    written = Written()
    for row in rows_of_other_tables(EVERYTHING, written):
        why = ""
        if row.number is None:
            why = NO_NUMBER
        elif row.values is None:
            why = MISSING
        elif leaf_of(row.encoded(None)) != row.leaf:
            why = CHANGED
        if why:
            return Bad(why, index=row.index, kind=row.kind, act=row.act, table=row.table)
    if (stray := written.first_stray()) is not None:
        return Bad(IN_NO_LEAF, kind="rows", act=stray.act, table=stray.table)
    return None


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
