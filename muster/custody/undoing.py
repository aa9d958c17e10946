"""Undo: what somebody recorded at a counter in the last minute is taken back by a correction, and nothing is deleted.

It is for a slip of the hand. After the minute, for another's record, and for what something later rests on, there is *Correct*, which
asks why. A release is never undone by a button: no click may bring somebody back into custody. Later steps, whose records belong to
the same act, register with `register`. Source: the minute is of issue 5, in- and out-processing; the reason is coded, `clerk_undo`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from muster.access.control import Actor, Scope
from muster.core.errors import MusterError, NotFound
from muster.core.ids import earliest_id
from muster.core.times import local, zone
from muster.custody import queries
from muster.custody.actions import end_stale_offers, settle_rows, tell_other_sites
from muster.custody.models import BagStated, Difference, Placement, Undone
from muster.ledger.models import Entry, Head, Holder
from muster.ledger.writing import Pop, write
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

WITHIN = timedelta(seconds=60)
REASON = "clerk_undo"
# Which acts can be undone, and what each recorded, for the button.
WORDS = {
    "custody.receive": "Received", "custody.accept": "Signed for", "custody.receive_manifest": "From a manifest",
    "custody.place": "Placed", "custody.take_in": "Taken in", "custody.put_away": "Put away", "cases.record_items": "Checklist",
}  # fmt: skip


class NotUndoable(MusterError):
    """What was recorded has no undo."""

    code = "custody.not_undoable"
    status = 409

    def __init__(self, *, name: str) -> None:
        self.name = name
        why = (
            "A release is never undone by a button: nobody comes back by a click. "
            if name == "custody.release"
            else ""
        )
        super().__init__(
            f"This cannot be undone. {why}Nothing was changed. Use Correct, in the history, and say why."
        )


class UndoTooLate(MusterError):
    """More than a minute has passed."""

    code = "custody.undo_too_late"
    status = 409

    def __init__(self, *, recorded_at: datetime, site: Site) -> None:
        self.recorded_at = recorded_at
        super().__init__(
            f"It was recorded at {local(recorded_at, zone(site.zone))}, over a minute ago. Nothing was changed. Use Correct, and say why."
        )


class UndoOfAnother(MusterError):
    """Somebody else recorded it."""

    code = "custody.undo_of_another"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "Somebody else recorded this. Nothing was changed. Ask them, or use Correct, and say why."
        )


class UndoneAlready(MusterError):
    """It was undone before."""

    code = "custody.undone_already"
    status = 409

    def __init__(self) -> None:
        super().__init__("This is undone already. Nothing more was changed.")


class RecordedSince(MusterError):
    """Something that was recorded later rests on it."""

    code = "custody.recorded_since"
    status = 409

    def __init__(self, *, tags: list[str]) -> None:
        self.tags = tags
        super().__init__(
            f"Something was recorded of {', '.join(tags[:3])} since. Nothing was changed. Undo that first, or use Correct, and say why."
        )


@dataclass(frozen=True)
class Taken:
    """The act that is undone, and how many counter-entries, placements and statements say so."""

    undone: UUID
    corrections: int


@dataclass(frozen=True)
class CanUndo:
    """A record of the last minute: the act, what it recorded in words, and until when a click undoes it."""

    act: UUID
    words: str
    until: datetime


Undoer = Callable[[Act, Site, Act], int]
FINDERS: list[Callable[[Act], str | None]] = []
UNDOERS: list[Undoer] = []


def register(site_of: Callable[[Act], str | None], undoer: Undoer) -> None:
    """Have a later step say at which site an act of its own was recorded, and undo what it wrote; it says how many corrections it wrote."""
    FINDERS.append(site_of)
    UNDOERS.append(undoer)


def _record(recorded: UUID) -> tuple[Scope, tuple[Act, Site]]:
    """The act, with the site at which it was recorded, locked. Raises NotFound."""
    found = Act.objects.filter(pk=recorded, refused_code="").first()
    site = _found(found) if found else None
    if found is None or site is None:
        raise NotFound(kind="record of a counter", name=str(recorded))
    row = queries.site_for_change(site)
    return queries.scope_of(row).asked_as("record of a counter", recorded), (found, row)


def _found(act: Act) -> str | None:
    """The site at which an act was recorded, as the first step that knows says; None for an act of no counter."""
    return next((code for finder in FINDERS if (code := finder(act))), None)


def _site_of(act: Act) -> str | None:
    """The site at which custody recorded an act: that which received, else that which gave; of a report, that of its difference."""
    ends = Entry.objects.filter(act=act).values_list("receiver__site", "giver__site")
    for received, gave in ends.order_by("thing", "-n")[:1]:
        if received or gave:
            return str(received or gave)
    for rows in (Placement, BagStated, Difference):
        if code := rows.objects.filter(act=act).values_list("site", flat=True).first():
            return str(code)
    return None


@action("custody.undo", about=_record)
def undo(*, act: Act, row: tuple[Act, Site], actor: Actor, recorded: UUID) -> Taken:
    """Undo what the actor recorded at a counter by the act `recorded`, less than a minute ago, by corrections with the reason `clerk_undo`.

    What it opened as differences is settled with it. Raises NotFound, NotUndoable, UndoOfAnother, UndoneAlready, UndoTooLate,
    RecordedSince.
    """
    old, site = row
    if old.name not in WORDS:
        raise NotUndoable(name=old.name)
    if old.actor_id != actor.user:
        raise UndoOfAnother()
    if Undone.objects.filter(undone=old).exists():
        raise UndoneAlready()
    if act.recorded_at - old.recorded_at > WITHIN:
        raise UndoTooLate(recorded_at=old.recorded_at, site=site)
    number = sum(undoer(act, site, old) for undoer in UNDOERS)
    Undone.objects.create(act=act, undone=old, site=site)
    if opened := list(Difference.objects.filter(act=old, settled__isnull=True)):
        settle_rows(act, opened, REASON)
    return Taken(old.pk, number)


def _undo_entries(act: Act, site: Site, old: Act) -> int:
    """Pop what the act pushed: whoever held the thing before holds it again."""
    rows = Entry.objects.select_related("thing", "giver", "receiver").filter(act=old).order_by("thing", "-n")
    entries = list(rows)
    tops = dict(
        Head.objects.filter(thing__in={each.thing_id for each in entries}).values_list("thing", "top")
    )
    latest = {each.thing_id: each for each in reversed(entries)}
    if moved := sorted(each.thing.tag for each in latest.values() if tops[each.thing_id] != each.n):
        raise RecordedSince(tags=moved)
    write([Pop(thing=each.thing_id, reason=REASON) for each in entries], act=act)
    end_stale_offers(act, {each.thing_id: each.happened_at for each in entries})
    for each in entries:
        if each.giver.kind != Holder.Kind.OUTSIDE:
            tell_other_sites(act, site, each, each.giver, each.happened_at, void=True)
    return len(entries)


def _undo_placements(act: Act, site: Site, old: Act) -> int:
    """Say again where they were before, as of the same moment."""
    told = list(Placement.objects.select_related("thing__head").filter(act=old))
    back = []
    for each in told:
        of_thing = Placement.objects.filter(thing=each.thing, site=site)
        if of_thing.filter(pk__gt=each.pk).exists():
            raise RecordedSince(tags=[each.thing.tag])
        since = each.thing.head.happened_at
        before = (
            of_thing.filter(pk__lt=each.pk, at__lte=each.at, at__gte=since).order_by("at", "pk").last()
            if since
            else None
        )
        back.append(
            Placement(act=act, site=site, thing=each.thing, area=before.area if before else None, at=each.at)
        )
    Placement.objects.bulk_create(back)
    return len(back)


def _undo_bags(act: Act, site: Site, old: Act) -> int:
    """Say of a bag that was taken in that it was not; of one that was put away, where it lay before."""
    told = list(BagStated.objects.select_related("bag__thing", "receipt").filter(act=old))
    for each in told:
        later = BagStated.objects.filter(bag=each.bag, pk__gt=each.pk)
        if later.exists():
            raise RecordedSince(tags=[each.bag.thing.tag])
        before = BagStated.objects.filter(bag=each.bag, site=site, pk__lt=each.pk).order_by("pk").last()
        taken_in = each.how == BagStated.How.TAKEN_IN
        BagStated.objects.create(
            act=act, bag=each.bag, person=each.person, site=site, receipt=each.receipt, seal="" if taken_in else each.seal,
            how=BagStated.How.UNDONE if taken_in else BagStated.How.PUT_AWAY, at=each.at, reason=REASON, needs_second=False,
            place=before.place if before and not taken_in else "",
        )  # fmt: skip
    return len(told)


register(_site_of, _undo_entries)
UNDOERS.extend((_undo_placements, _undo_bags))


# --- what can be undone ------------------------------------------------------------


def can_be_undone(actor: Actor, site: Site, *, now: datetime) -> list[CanUndo]:
    """What the actor recorded at the site in the last minute and can undo, the latest first."""
    rows = Act.objects.filter(
        pk__gte=earliest_id(now - 2 * WITHIN), actor=actor.user, refused_code="", name__in=WORDS, recorded_at__gt=now - WITHIN,
        undone_by__isnull=True,
    ).select_related("answer").order_by("-recorded_at")  # fmt: skip
    return [
        CanUndo(act.pk, f"{WORDS[act.name]}: {_what(act.answer.body)}", act.recorded_at + WITHIN)
        for act in rows
        if _found(act) == site.pk
    ]


def _what(answer: dict[str, Any]) -> str:
    """What an answer names: tags, a bag, or how many items."""
    tags = [tag for key in ("accepted", "received", "tags", "bags") for tag in answer.get(key, ())] or [
        *answer.get("reported", ())
    ]
    tags = list(dict.fromkeys(tags)) or ([answer["tag"]] if "tag" in answer else [])
    if tags:
        return ", ".join(tags[:3]) + (f" and {len(tags) - 3} more" if len(tags) > 3 else "")
    number = len(answer.get("events", ()))
    return f"{number} item{'' if number == 1 else 's'}"


def undone_at(site: Site, since: datetime, until: datetime) -> list[Undone]:
    """What was undone at a site after `since` and up to `until`."""
    rows = Undone.objects.filter(site=site, act__recorded_at__gt=since, act__recorded_at__lte=until)
    return list(rows.select_related("undone__actor", "act__number").order_by("act__recorded_at"))
