"""Headcounts: opened with the record frozen and hidden, counted inside and outside, compared, counted again, explained, certified.

A count is an observation and changes no entry. What does not agree is a difference that somebody settles.
Source: custody-standards.md section 5, CNT-01 (C) to CNT-05 (GK).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db.models import Q
from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened, local, zone
from muster.custody import queries, rules
from muster.custody.actions import Code, Tags, Words, site_locked
from muster.custody.models import (
    Count,
    CountCertified,
    Counted,
    CountEscalated,
    CountExplained,
    Difference,
    OutConfirmed,
    OutCount,
    OutCountEnded,
)
from muster.custody.reports import differ
from muster.ledger.models import Entry, Thing
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

Kind = Difference.Kind
Persons = Annotated[int, Field(ge=0, le=100_000)]
Said = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=3, max_length=2000)]
TOLD = 20  # tags in one sentence


class NoPersonsCounted(MusterError):
    """A count by number came without its number, or one by tags without them."""

    code = "custody.no_persons_counted"

    def __init__(self, *, mode: str) -> None:
        self.mode = mode
        what = (
            "the number that was counted" if mode == Count.Mode.NUMBER else "the tag of each person counted"
        )
        super().__init__(
            f"Nothing was kept: this count needs {what}. Where nobody is there, say 0, or send an empty list."
        )


class NotToRecount(MusterError):
    """The count is not in, agrees, or has been counted again."""

    code = "custody.not_to_recount"
    status = 409

    def __init__(self, *, why: str) -> None:
        self.why = why
        super().__init__(f"This count is not counted again: {why}. Open another count if you want one.")


class FaceNeeded(MusterError):
    """The recount disagreed too: now each face is matched to its tag."""

    code = "custody.face_needed"

    def __init__(self) -> None:
        super().__init__(
            "The recount disagreed with the record as well. Count again with each face matched to its tag (CNT-03)."
        )


class NotCleared(MusterError):
    """The count cannot be certified as it stands."""

    code = "custody.not_cleared"
    status = 409

    def __init__(self, *, why: str) -> None:
        self.why = why
        super().__init__(f"The count is not certified: {why}. Nothing was kept.")


class CertifiedByCounter(MusterError):
    """Whoever counted cannot certify the count."""

    code = "custody.certified_by_counter"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "You gave this count in, or opened it. A supervisor other than the counter certifies it."
        )


class AgreesAlready(MusterError):
    """There is nothing about the count to explain or to pass on."""

    code = "custody.count_agrees"
    status = 409

    def __init__(self) -> None:
        super().__init__("The count agrees with the record, so there is nothing to explain or to pass on.")


class OutAlready(MusterError):
    """The person is counted outside already."""

    code = "custody.out_already"
    status = 409

    def __init__(self, *, tags: list[str]) -> None:
        self.tags = tags
        super().__init__(
            f"{', '.join(tags)}: outside the site already. Record the return first, or take these off the list."
        )


class NotOut(MusterError):
    """The person is not counted outside."""

    code = "custody.not_out"
    status = 409

    def __init__(self, *, tags: list[str]) -> None:
        self.tags = tags
        super().__init__(f"{', '.join(tags)}: not recorded as outside the site. Take these off the list.")


@dataclass(frozen=True)
class CountOpened:
    """The count to be filled in; what the record expects is told with its result."""

    count: UUID


@dataclass(frozen=True)
class CountResult:
    """Whom the record expected inside when the count opened, and who was counted.

    `missing` and `unexpected` are tags, where tags were given. `agrees`: the number is as expected, and so is everybody named.
    """

    expected: int
    counted: int
    agrees: bool
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CountStands:
    """The count, and what became of it."""

    count: UUID
    state: str


@dataclass(frozen=True)
class OutRecorded:
    """Who is outside the site at that place, or back in it."""

    tags: list[str]
    place: str


# --- who is outside -----------------------------------------------------------------


@action("custody.record_out", about=site_locked)
def record_out(
    *, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, place: Said, escort: Said, at: AwareDatetime
) -> OutRecorded:
    """Record that persons whom the site still holds are at a place outside it, such as a court or a hospital, with an escort.

    The site stays their holder, and a count expects them there. Raises NoTags, TagMisread, TagTwice, NotHeldHere, OutAlready,
    NotHappenedYet.
    """
    check_happened(at, now=act.recorded_at)
    named = rules.read_tags(tags)
    things = _held_here(named, row)
    if out := sorted(each.thing.tag for each in open_outs(row.code) if each.thing.tag in set(named)):
        raise OutAlready(tags=out)
    OutCount.objects.bulk_create(
        OutCount(act=act, site=row, thing=things[tag], place=place.strip(), escort=escort.strip(), since=at)
        for tag in named
    )
    return OutRecorded(named, place.strip())


@action("custody.record_back", about=site_locked)
def record_back(
    *, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, at: AwareDatetime
) -> OutRecorded:
    """Record that persons who were outside are back inside the site. Raises NoTags, TagMisread, TagTwice, NotOut, NotHappenedYet."""
    check_happened(at, now=act.recorded_at)
    named = rules.read_tags(tags)
    out = {each.thing.tag: each for each in open_outs(row.code)}
    if strangers := [tag for tag in named if tag not in out]:
        raise NotOut(tags=strangers)
    OutCountEnded.objects.bulk_create(OutCountEnded(act=act, out=out[tag], at=at) for tag in named)
    return OutRecorded(named, out[named[0]].place)


def open_outs(site: str) -> list[OutCount]:
    """Who is outside the site and held by it still, by everything committed: nobody is out of where he is not held."""
    rows = OutCount.objects.filter(site=site, ended__isnull=True, thing__head__holder__site=site)
    # Who left and came back since was received anew: the arrival ends what was said before it.
    return [
        each for each in rows.select_related("thing__head").order_by("thing__tag") if _since_arrival(each)
    ]


def _since_arrival(out: OutCount) -> bool:
    came = out.thing.head.happened_at
    return came is None or came <= out.since


def _held_here(tags: Sequence[str], site: Site) -> dict[str, Thing]:
    """The things of these tags. Raises NotHeldHere."""
    found = {thing.tag: thing for thing in queries.present(site.code).filter(tag__in=tags)}
    if wrong := sorted(set(tags) - found.keys()):
        raise rules.NotHeldHere(tags=wrong, site=site.code)
    return found


# --- the count ----------------------------------------------------------------------


@action("custody.open_count", about=site_locked)
def open_count(
    *, act: Act, row: Site, actor: Actor, site: Code, at: AwareDatetime, kind: Count.Kind = Count.Kind.INFORMAL,
    mode: Count.Mode = Count.Mode.NUMBER, recount_of: UUID | None = None,
) -> CountOpened:  # fmt: skip
    """Open a headcount: whom the record expects, inside and outside, is frozen now and not told before the count is in.

    A count that was taken on paper and is told late is of its own time: expected is whom the record, as it is now, has there at `at`.

    With `recount_of` it is the same count taken again; once a recount has disagreed too, each face is matched to its tag (CNT-03).

    Raises NotHappenedYet, NotFound for the count that is taken again, NotToRecount, FaceNeeded.
    """
    check_happened(at, now=act.recorded_at)
    before = _to_recount(recount_of, row, mode) if recount_of else None
    there, out = _there(row.code, at)
    inside = [thing for thing in there if thing not in out]
    count = Count.objects.create(
        act=act, site=row, opened_at=at, expected=len(inside), kind=before.kind if before else kind, mode=mode,
        inside=sorted(map(str, inside)), outside={str(thing): place for thing, place in sorted(out.items(), key=str)},
        recount_of=before,
    )  # fmt: skip
    return CountOpened(count.pk)


def _there(site: str, at: datetime) -> tuple[list[UUID], dict[UUID, str]]:
    """Whom the record has at a site at a moment, and of those who were outside it the place; by everything committed."""
    since = dict(queries.present(site).values_list("pk", "head__happened_at"))
    later = Entry.objects.filter(
        Q(giver__site=site) | Q(receiver__site=site), kind="push", happened_at__gt=at
    )
    for thing, live in queries.live_entries(
        later.filter(thing__kind=Thing.Kind.PERSON).values("thing")
    ).items():
        by_then = [entry for entry in live if entry.happened_at <= at]
        if by_then and by_then[-1].receiver__site == site:
            since[thing] = by_then[-1].happened_at
        else:
            since.pop(thing, None)
    outs = OutCount.objects.filter(site=site, since__lte=at, thing__in=list(since)).exclude(ended__at__lte=at)
    came = {thing: at_site for thing, at_site in since.items() if at_site}
    out = {
        each.thing_id: each.place
        for each in outs
        if each.thing_id not in came or came[each.thing_id] <= each.since
    }
    return list(since), out


def _to_recount(of: UUID, site: Site, mode: Count.Mode) -> Count:
    before = Count.objects.filter(pk=of, site=site).select_related("counted", "recount_of").first()
    if before is None:
        raise NotFound(kind="count", name=str(of))
    if not hasattr(before, "counted"):
        raise NotToRecount(why="it is not in yet")
    if agrees(before):
        raise NotToRecount(why="it agrees with the record")
    if Count.objects.filter(recount_of=before).exists():
        raise NotToRecount(why="it has been taken again already")
    if before.recount_of is not None and mode != Count.Mode.FACE:
        raise FaceNeeded()
    return before


def agrees(count: Count) -> bool:
    """Whether what was counted inside is what the record expected there, by number and, where tags were given, one by one."""
    counted = count.counted
    return counted.persons == count.expected and not counted.missing and not counted.unexpected


def _count(count: UUID) -> tuple[Scope, Count]:
    found = Count.objects.select_related("site").filter(pk=count).first()
    if found is None:
        raise NotFound(kind="count", name=str(count))
    site = queries.site_for_change(found.site_id)
    return queries.scope_of(site).asked_as("count", count), found


@action("custody.submit_count", about=_count)
def submit_count(
    *, act: Act, row: Count, actor: Actor, count: UUID, persons: Persons | None = None, tags: Tags | None = None,
    explanation: Words = "", at: AwareDatetime | None = None,
) -> CountResult:  # fmt: skip
    """Give what was counted: a number, or in the other modes the tag of each person. It changes no entry.

    Where it disagrees, a difference opens, with who is missing and who was not expected; so it does for who moved while a formal count
    was open (CNT-02). `explanation` is kept with the count, and stands in the difference. Without `at`, now.

    Raises AlreadySettled, NoPersonsCounted, TagMisread, TagTwice, NotHappenedYet.
    """
    if Counted.objects.filter(count=row).exists():
        raise rules.AlreadySettled(what="count")
    counted_at = at or act.recorded_at
    check_happened(counted_at, now=act.recorded_at)
    if (persons if row.mode == Count.Mode.NUMBER else tags) is None:
        raise NoPersonsCounted(mode=row.mode)
    named = (rules.read_tags(tags) if tags else []) if row.mode != Count.Mode.NUMBER else None
    number = persons if named is None else len(named)
    assert number is not None  # one of the two was given
    missing, unexpected = _compared(row, named)
    Counted.objects.create(
        act=act, count=row, persons=number, explanation=explanation, counted_at=counted_at,
        missing=[str(thing.pk) for thing in missing] if named is not None else None,
        unexpected=unexpected if named is not None else None,
    )  # fmt: skip
    gone = [thing.tag for thing in missing]
    agreed = agrees(row)
    if not agreed:
        words = f"Counted {number}, expected {row.expected}. {_named('Missing', gone)}{_named('Not expected', unexpected)}{explanation}"
        differ(act, row.site, Kind.COUNT_DISAGREES, words.strip(), row.opened_at)
    if row.kind == Count.Kind.FORMAL:
        _tell_movement(act, row, counted_at)
    return CountResult(row.expected, number, agreed, gone, unexpected)


def _compared(count: Count, named: Sequence[str] | None) -> tuple[list[Thing], list[str]]:
    """Who was expected inside and is not among these tags, and the tags that were not expected; nothing without tags."""
    if named is None:
        return [], []
    expected = {thing.tag: thing for thing in Thing.objects.filter(pk__in=count.inside or ())}
    missing = [thing for tag, thing in sorted(expected.items()) if tag not in set(named)]
    return missing, sorted(tag for tag in named if tag not in expected)


def _named(what: str, tags: Collection[str]) -> str:
    if not tags:
        return ""
    more = f" and {len(tags) - TOLD} more" if len(tags) > TOLD else ""
    return f"{what}: {', '.join(list(tags)[:TOLD])}{more}. "


def _tell_movement(act: Act, count: Count, until: datetime) -> None:
    """A difference where somebody came to the site or left it while the count was open."""
    site = count.site
    of_persons = Entry.objects.filter(kind="push", thing__kind=Thing.Kind.PERSON)
    while_open = of_persons.filter(happened_at__gt=count.opened_at, happened_at__lte=until)
    moved = while_open.filter(receiver__site=site.code) | while_open.filter(giver__site=site.code)
    tags = sorted(set(moved.values_list("thing__tag", flat=True)))
    if tags:
        opened = local(count.opened_at, zone(site.zone))
        words = f"{_named('Moved', tags)}The formal count opened at {opened} was not in yet (CNT-02)."
        differ(act, site, Kind.MOVED_DURING_COUNT, words, until)


@action("custody.confirm_out", about=_count)
def confirm_out(
    *, act: Act, row: Count, actor: Actor, count: UUID, place: Said, persons: Persons, by: Said
) -> CountResult:
    """Give how many were counted at a place outside, by whoever holds them there (CNT-05). Another number than expected is a difference.

    Raises NotFound for a place at which nobody was expected, AlreadySettled for one that was confirmed.
    """
    expected = Counter((row.outside or {}).values())
    if place not in expected:
        raise NotFound(kind="place outside of this count", name=place)
    if OutConfirmed.objects.filter(count=row, place=place).exists():
        raise rules.AlreadySettled(what="count at that place")
    OutConfirmed.objects.create(act=act, count=row, place=place, persons=persons, by=by)
    agreed = persons == expected[place]
    if not agreed:
        words = f"{by} counted {persons} at {place}, expected {expected[place]}."
        differ(act, row.site, Kind.OUT_DISAGREES, words, row.opened_at)
    return CountResult(expected[place], persons, agreed)


@action("custody.explain_count", about=_count)
def explain_count(*, act: Act, row: Count, actor: Actor, count: UUID, reason: Reason) -> CountStands:
    """Say why a count does not agree, once that is known; its differences stay to be settled.

    Raises NotCleared, AgreesAlready, AlreadySettled.
    """
    _check_disagrees(row)
    if CountExplained.objects.filter(count=row).exists():
        raise rules.AlreadySettled(what="explanation of the count")
    CountExplained.objects.create(act=act, count=row, reason=reason)
    return CountStands(row.pk, "explained")


@action("custody.escalate_count", about=_count)
def escalate_count(
    *, act: Act, row: Count, actor: Actor, count: UUID, to: Said, reason: Reason
) -> CountStands:
    """Pass a count on that does not agree. Raises NotCleared, AgreesAlready, AlreadySettled."""
    _check_disagrees(row)
    if CountEscalated.objects.filter(count=row).exists():
        raise rules.AlreadySettled(what="passing on of the count")
    CountEscalated.objects.create(act=act, count=row, to=to, reason=reason)
    return CountStands(row.pk, "escalated")


def _check_disagrees(row: Count) -> None:
    if not Counted.objects.filter(count=row).exists():
        raise NotCleared(why="it is not in yet")
    if agrees(row):
        raise AgreesAlready()


@action("custody.certify_count", about=_count)
def certify_count(*, act: Act, row: Count, actor: Actor, count: UUID) -> CountStands:
    """Stand for a count as a supervisor who neither opened it nor gave it in (CNT-01). One that disagrees has to be explained first.

    Raises NotCleared, CertifiedByCounter, AlreadySettled.
    """
    counted = Counted.objects.select_related("act").filter(count=row).first()
    if counted is None:
        raise NotCleared(why="it is not in yet")
    if actor.user in (counted.act.actor_id, row.act.actor_id):
        raise CertifiedByCounter()
    if CountCertified.objects.filter(count=row).exists():
        raise rules.AlreadySettled(what="certificate of the count")
    if Count.objects.filter(recount_of=row).exists():
        raise NotCleared(why="it was taken again, and the later one stands")
    if not agrees(row) and not CountExplained.objects.filter(count=row).exists():
        raise NotCleared(
            why="it does not agree with the record, and nobody has explained it. Count again, or explain it"
        )
    confirmed = set(OutConfirmed.objects.filter(count=row).values_list("place", flat=True))
    if waiting := sorted(set((row.outside or {}).values()) - confirmed):
        raise NotCleared(why=f"nobody has confirmed the count at {', '.join(waiting)}")
    CountCertified.objects.create(act=act, count=row)
    return CountStands(row.pk, "certified")
