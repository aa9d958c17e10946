"""Writing entries: the only code that inserts them, through the guard in the database.

Every write takes an act and happens in its transaction. Things are taken in the order of their ids, so that two lists
in opposite order do not lock each other out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from django.db import Error, transaction

from muster.ledger import bulk
from muster.ledger.models import Entry, Handover, Head, Holder, Thing
from muster.ledger.rules import REFUSALS, SamePlace
from muster.record.models import Act

E = TypeVar("E", bound=Any)  # an entry, or a row with its `base`
LEDGER_LIE = "MU001"  # what the guard raises
TAKEN = "23505"  # unique violation


@dataclass(frozen=True, kw_only=True)
class Push:
    """A change of hands to be written: onto the thing's live top, from whoever holds it unless `giver` is named."""

    thing: UUID
    receiver: UUID
    happened_at: datetime
    giver: UUID | None = None
    earliest_at: datetime | None = None
    latest_at: datetime | None = None
    reason: str = ""
    mission: str = ""  # this and the two below, where empty: that of the whole write
    handover: UUID | None = None
    source: str = ""
    repeats: int | None = None


@dataclass(frozen=True, kw_only=True)
class Pop:
    """A counter-entry to be written: the thing's live top did not happen, or not like that."""

    thing: UUID
    reason: str
    source: str = ""  # where empty: that of the whole write


@dataclass(slots=True, kw_only=True)
class Written:
    """One entry as it is written, its columns by name."""

    act_id: UUID
    thing_id: UUID
    n: int
    kind: str
    giver_id: UUID
    receiver_id: UUID
    happened_at: datetime
    earliest_at: datetime | None = None
    latest_at: datetime | None = None
    base: int
    corrects: int | None = None
    repeats: int | None = None
    mission: str
    handover_id: UUID | None
    reason: str
    source: str


@dataclass(frozen=True)
class _Whole:
    """What holds for every change of a write that does not say otherwise."""

    act: UUID
    mission: str
    handover: UUID | None
    source: str


@dataclass(slots=True)
class _Top:
    n: int
    top: int
    holder: UUID


def holder(*, act: Act, code: str, kind: str, organisation: str = "", site: str = "") -> Holder:
    """The holder of that code, made if it is new."""
    made = {"act": act, "kind": kind, "organisation": organisation, "site": site}
    return Holder.objects.get_or_create(code=code, defaults=made)[0]


def outside(*, act: Act, organisation: str = "") -> Holder:
    """What is outside: everything, or one organisation, that Muster keeps no site of."""
    code = f"outside:{organisation}" if organisation else "outside"
    return holder(act=act, code=code, kind=Holder.Kind.OUTSIDE, organisation=organisation)


def write(
    changes: Iterable[Push | Pop],
    *,
    act: Act,
    mission: str = "",
    handover: Handover | None = None,
    source: str = "",
) -> list[Written]:
    """Write the changes, all or none, in one statement. Changes of one thing are taken in the order given.

    Raises the refusals of `ledger.rules` as the guard in the database tells them.
    """
    by_thing: dict[UUID, list[Push | Pop]] = {}
    for change in changes:
        by_thing.setdefault(change.thing, []).append(change)
    found = Head.objects.filter(thing_id__in=bulk.any_of(by_thing))
    columns = found.values_list("thing_id", "n", "top", "holder_id")
    tops = {thing: _Top(n, top, held_by) for thing, n, top, held_by in columns}
    popped = _live_entries([t for t, c in by_thing.items() if any(isinstance(x, Pop) for x in c)])
    whole = _Whole(act.pk, mission, handover.pk if handover else None, source)
    entries: list[Written] = []
    for thing in sorted(by_thing, key=attrgetter("int")):
        top = tops[thing]
        live: dict[int, Entry | Written] = {entry.n: entry for entry in popped.get(thing, ())}
        for change in by_thing[thing]:
            entry = _push(change, top, whole) if isinstance(change, Push) else _pop(change, top, live, whole)
            live[entry.n] = entry
            entries.append(entry)
    return _insert(entries)


def things_of(tags: Sequence[str], *, act: Act, kind: str, origin: Holder) -> list[Thing]:
    """The things of these tags, in their order; new tags become things that begin at `origin`."""
    known = {thing.tag: thing for thing in Thing.objects.filter(tag__in=bulk.any_text_of(tags))}
    # In the order of tags: two lists of the same new persons must not wait for each other.
    new = [
        Thing(act_id=act.pk, kind=kind, tag=tag, origin_id=origin.pk)
        for tag in sorted(set(tags) - known.keys())
    ]
    bulk.add(Thing, new)
    known.update({thing.tag: thing for thing in new})
    return [known[tag] for tag in tags]


def live_stack(entries: Mapping[int, E], top: int) -> list[E]:
    """The live ones of one thing's entries, by number, from the head's top down: the latest first."""
    live: list[E] = []
    while top:
        live.append(entries[top])
        top = entries[top].base
    return live


def _live_entries(things: Sequence[UUID]) -> dict[UUID, list[Entry]]:
    found: dict[UUID, list[Entry]] = {}
    if things:
        for entry in Entry.objects.filter(thing_id__in=bulk.any_of(things)):
            found.setdefault(entry.thing_id, []).append(entry)
    return found


def _push(change: Push, top: _Top, whole: _Whole) -> Written:
    giver = change.giver or top.holder
    if giver == change.receiver:
        raise SamePlace(holder=Holder.objects.get(pk=giver).code)
    entry = Written(
        act_id=whole.act, thing_id=change.thing, n=top.n + 1, kind="push", giver_id=giver, receiver_id=change.receiver,
        happened_at=change.happened_at, earliest_at=change.earliest_at, latest_at=change.latest_at,
        base=top.top, repeats=change.repeats, reason=change.reason, mission=change.mission or whole.mission,
        handover_id=change.handover or whole.handover, source=change.source or whole.source,
    )  # fmt: skip
    top.n, top.top, top.holder = entry.n, entry.n, change.receiver
    return entry


def _pop(change: Pop, top: _Top, live: Mapping[int, Entry | Written], whole: _Whole) -> Written:
    popped = live[top.top]
    entry = Written(
        act_id=whole.act, thing_id=change.thing, n=top.n + 1, kind="pop", giver_id=popped.receiver_id,
        receiver_id=popped.giver_id, happened_at=popped.happened_at, base=popped.base, corrects=popped.n,
        mission=popped.mission, handover_id=whole.handover, reason=change.reason,
        source=change.source or whole.source,
    )  # fmt: skip
    top.n, top.top, top.holder = entry.n, popped.base, popped.giver_id
    return entry


def _insert(entries: list[Written]) -> list[Written]:
    try:
        with transaction.atomic():
            bulk.add(Entry, entries)
            return entries
    except Error as error:
        state = getattr(error.__cause__, "sqlstate", None)
        if state not in (LEDGER_LIE, TAKEN):
            raise
        told = error.__cause__.diag  # type: ignore[union-attr]  # the driver's error, as its sqlstate shows
        if state == LEDGER_LIE:
            raise _refusal(str(told.message_primary), str(told.message_detail)) from error
        # The key (thing, n) was taken by another writer between our look and our write.
        raced = {str(entry.thing_id) for entry in entries if str(entry.thing_id) in str(told.message_detail)}
        raise _refusal("ledger.stale", min(raced, default=str(entries[0].thing_id))) from error


def _refusal(code: str, thing: str) -> Exception:
    head = Head.objects.select_related("thing", "holder").get(thing_id=thing)
    return REFUSALS[code](tag=head.thing.tag, holder=head.holder.code)
