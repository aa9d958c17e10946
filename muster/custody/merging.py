"""Two records of one person become one, in one act that can be undone by another.

The duplicate's stack is popped with reason *duplicate*; what it says that still holds is pushed on the survivor, pointing
at nobody's signature that the survivor does not have. Nothing is deleted: both histories stay readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db.models import Q
from pydantic import Field

from muster.access.control import Actor, Scope, can
from muster.core.errors import MusterError, NotFound
from muster.core.tags import parse_tag
from muster.custody.models import Merge, MergeUndone
from muster.ledger.models import Entry, Head, Holder, Offer, Thing
from muster.ledger.rules import OnAnotherOffer
from muster.ledger.writing import Pop, Push, live_stack, write
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

Tag = Annotated[str, Field(max_length=20)]
Reason = Annotated[str, Field(min_length=3, max_length=2000)]
DUPLICATE, UNDONE = "duplicate", "merge_undone"


class SameRecord(MusterError):
    """One record cannot be merged with itself."""

    code = "custody.same_record"

    def __init__(self, *, tag: str) -> None:
        super().__init__(f"{tag} is one record already. Name the other one.")


class NotAPerson(MusterError):
    """Only records of persons are merged."""

    code = "custody.not_a_person"

    def __init__(self, *, tag: str, kind: str) -> None:
        super().__init__(f"{tag} is a {kind}. Only two records of one person are merged.")


class DoesNotMerge(MusterError):
    """The two records cannot both be true of one person as they stand."""

    code = "custody.does_not_merge"
    status = 409

    def __init__(self, *, survivor: str, duplicate: str, why: str) -> None:
        super().__init__(f"{duplicate} does not merge into {survivor}: {why} Correct one of the two first.")


class AlreadyMerged(MusterError):
    """The record was merged away before."""

    code = "custody.already_merged"
    status = 409

    def __init__(self, *, tag: str, into: str) -> None:
        super().__init__(f"{tag} is merged into {into} already. Use that tag, or undo the merge first.")


class NotUndone(MusterError):
    """Something was recorded on top of what the merge wrote, or it was undone before."""

    code = "custody.merge_not_undone"
    status = 409

    def __init__(self, *, why: str) -> None:
        super().__init__(f"The merge cannot be undone: {why}")


@dataclass(frozen=True)
class Merged:
    """The merge, the two tags, and how many of the duplicate's entries still hold and went to the survivor."""

    merge: UUID
    survivor: str
    duplicate: str
    moved: int


@dataclass(frozen=True)
class Fact:
    """One live entry, as far as merging looks at it."""

    giver: UUID
    receiver: UUID
    happened_at: datetime


def still_holds(holder: UUID, since: datetime | None, duplicate: Sequence[Fact]) -> list[Fact] | None:
    """Of the duplicate's live entries, the oldest first, those that go on top of the survivor's.

    `holder` has the survivor since `since`. What the duplicate says of the time before is the survivor's own story told
    twice. None where the duplicate says afterwards that somebody gave who did not have the person.
    """
    later = [fact for fact in duplicate if since is None or fact.happened_at > since]
    for fact in later:
        if fact.giver != holder:
            return None
        holder = fact.receiver
    return later


def _both(survivor: str, duplicate: str) -> tuple[Scope, tuple[Thing, Thing]]:
    pair = person(survivor), person(duplicate)
    return scope_of(pair[0]), pair


def person(tag: str) -> Thing:
    parsed = parse_tag(tag)
    found = Thing.objects.select_related("head__holder").filter(tag=parsed).first()
    if found is None:
        # As written in the record: it reads like the refusal of a record that is there and not for this reader.
        raise NotFound(kind="person", name=parsed)
    return found


def scope_of(thing: Thing) -> Scope:
    """Where a person's record belongs: to the organisation of the latest site that held the person."""
    last = (
        Entry.objects.filter(thing=thing)
        .exclude(receiver__site="")
        .order_by("-n")
        .values_list("receiver__site", flat=True)
    )
    site = Site.objects.filter(code=last.first() or "").first()
    return Scope("person", thing.tag, site.organisation_id if site else None, site.code if site else None)


@action("custody.merge", about=_both)
def merge(
    *, act: Act, row: tuple[Thing, Thing], actor: Actor, survivor: Tag, duplicate: Tag, reason: Reason
) -> Merged:
    """Make one record of two that are of one person: `duplicate` ends, and what still holds of it goes to `survivor`.

    Raises SameRecord, NotAPerson, NotFound where the actor may not see the other record, AlreadyMerged, OnAnotherOffer,
    DoesNotMerge.
    """
    keeps, ends = row
    _check(actor, keeps, ends)
    live = {thing.pk: _live(thing) for thing in row}
    facts = [Fact(e.giver_id, e.receiver_id, e.happened_at) for e in reversed(live[ends.pk])]
    later = still_holds(keeps.head.holder_id, keeps.head.happened_at, facts)
    if later is None:
        why = f"{keeps.tag} is held by {keeps.head.holder}, and the later entries of {ends.tag} begin elsewhere."
        raise DoesNotMerge(survivor=keeps.tag, duplicate=ends.tag, why=why)
    _check_held(keeps, ends, later)
    moved = live[ends.pk][: len(later)]
    changes: list[Push | Pop] = [Pop(thing=ends.pk, reason=DUPLICATE) for _ in live[ends.pk]]
    changes += [_onto(keeps, entry) for entry in reversed(moved)]
    write(changes, act=act)
    made = Merge.objects.create(act=act, survivor=keeps, duplicate=ends, reason=reason, moved=len(moved))
    return Merged(made.pk, keeps.tag, ends.tag, len(moved))


def _check(actor: Actor, keeps: Thing, ends: Thing) -> None:
    if keeps.pk == ends.pk:
        raise SameRecord(tag=keeps.tag)
    for thing in (keeps, ends):
        if thing.kind != Thing.Kind.PERSON:
            raise NotAPerson(tag=thing.tag, kind=thing.get_kind_display())
        if into := merged_into(thing):
            raise AlreadyMerged(tag=thing.tag, into=into.tag)
    can(actor, "custody.merge", scope_of(ends))
    offered = Offer.objects.filter(thing__in=(keeps, ends), open=True).values_list("thing__tag", flat=True)
    if offered:
        raise OnAnotherOffer(tags=sorted(offered))


def _check_held(keeps: Thing, ends: Thing, later: list[Fact]) -> None:
    """The duplicate's holder is where the survivor ends up, unless the duplicate was let go before the survivor moved on."""
    holder = later[-1].receiver if later else keeps.head.holder_id
    is_outside = ends.head.holder.kind == Holder.Kind.OUTSIDE
    if ends.head.holder_id != holder and not (is_outside and not later):
        why = (
            f"{keeps.tag} is held by {keeps.head.holder} and {ends.tag}, told earlier, by {ends.head.holder}."
        )
        raise DoesNotMerge(survivor=keeps.tag, duplicate=ends.tag, why=why)


def merged_into(thing: Thing) -> Thing | None:
    """The record that a person's record was merged into; None where it stands for itself."""
    standing = Merge.objects.filter(duplicate=thing, undone__isnull=True).select_related("survivor")
    found = standing.first()
    return found.survivor if found else None


def stands_for(thing: Thing) -> Thing:
    """The record that has what is said of this person now: the one that it was merged into at last, or itself."""
    while into := merged_into(thing):
        thing = into
    return thing


def with_duplicates(thing: Thing) -> list[Thing]:
    """The record and those that are merged into it, itself first."""
    found = [thing]
    for one in found:
        merges = Merge.objects.filter(survivor=one, undone__isnull=True).select_related("duplicate")
        found += [merge.duplicate for merge in merges]
    return found


def merges_of(thing: Thing) -> list[Merge]:
    """The merges that stand in which the record is one of the two, the oldest first."""
    of_it = Merge.objects.filter(Q(survivor=thing) | Q(duplicate=thing), undone__isnull=True)
    return list(of_it.select_related("survivor", "duplicate", "act__actor", "act__number").order_by("pk"))


def _live(thing: Thing) -> list[Entry]:
    """The live entries of a thing, the latest first."""
    entries = {entry.n: entry for entry in Entry.objects.filter(thing=thing)}
    return live_stack(entries, Head.objects.get(thing=thing).top)


def _onto(thing: Thing, entry: Entry) -> Push:
    """What the duplicate says, said of the survivor."""
    return Push(
        thing=thing.pk, giver=entry.giver_id, receiver=entry.receiver_id, happened_at=entry.happened_at,
        earliest_at=entry.earliest_at, latest_at=entry.latest_at, reason=DUPLICATE, mission=entry.mission,
        handover=entry.handover_id, source=entry.source,
    )  # fmt: skip


def _merge(merge: UUID) -> tuple[Scope, Merge]:
    found = Merge.objects.select_related("survivor__head", "duplicate__head").filter(pk=merge).first()
    if found is None:
        raise NotFound(kind="merge", name=str(merge))
    return scope_of(found.survivor).asked_as("merge", merge), found


@action("custody.unmerge", about=_merge)
def unmerge(*, act: Act, row: Merge, actor: Actor, merge: UUID, reason: Reason) -> Merged:
    """Undo a merge that was a mistake: both records stand again as they stood. Raises NotUndone."""
    if MergeUndone.objects.filter(merge=row).exists():
        raise NotUndone(why="it has been undone already.")
    wrote = Entry.objects.filter(act=row.act_id, thing=row.survivor, kind="push").order_by("n")
    tops = [entry.n for entry in _live(row.survivor)][: row.moved]
    if sorted(tops) != [entry.n for entry in wrote]:
        raise NotUndone(why=f"{row.survivor.tag} has later entries. Correct those first.")
    if Head.objects.get(thing=row.duplicate).top:
        raise NotUndone(why=f"{row.duplicate.tag} has later entries. Correct those first.")
    popped = Entry.objects.filter(act=row.act_id, thing=row.duplicate, kind="pop").values_list(
        "corrects", flat=True
    )
    before = Entry.objects.filter(thing=row.duplicate, n__in=list(popped)).order_by("n")
    changes: list[Push | Pop] = [Pop(thing=row.survivor_id, reason=UNDONE) for _ in tops]
    changes += [_again(entry) for entry in before]
    write(changes, act=act)
    MergeUndone.objects.create(act=act, merge=row, reason=reason)
    return Merged(row.pk, row.survivor.tag, row.duplicate.tag, len(tops))


def _again(entry: Entry) -> Push:
    return Push(
        thing=entry.thing_id, giver=entry.giver_id, receiver=entry.receiver_id, happened_at=entry.happened_at,
        earliest_at=entry.earliest_at, latest_at=entry.latest_at, reason=UNDONE, mission=entry.mission,
        repeats=entry.repeats or entry.n, handover=entry.handover_id, source=entry.source,
    )  # fmt: skip
