"""What a site's people record: receiving, handing over, releasing, counting, correcting, settling.

Facts are kept: an arrival that contradicts the ledger becomes a report and a difference, never a refusal. Nothing here
keeps a person in custody: a release is recorded whatever else is open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope
from muster.core.errors import NotFound
from muster.core.tags import parse_tag
from muster.core.times import local, zone
from muster.custody import bags, groups, queries, receivers, rules
from muster.custody.models import Concerned, Difference, ReadAgain, Settled
from muster.custody.releasing import NotDone, open_checks
from muster.custody.reports import Misfit, before_later_entry, differ, keep, write_what_fits
from muster.database import prepared
from muster.ledger import bulk, posting
from muster.ledger.models import Entry, Handover, Head, Holder, Offer, Settlement, Thing
from muster.ledger.roots import root_on, sign_acceptance, sign_offer
from muster.ledger.rules import NotOpen, OnAnotherOffer, SamePlace
from muster.ledger.writing import Pop, Push, holder, live_stack, outside, things_of, write
from muster.missions import queries as missions
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import LATEST_ACT, Act

Kind = Difference.Kind
Words = Annotated[str, Field(max_length=2000)]
Tags = Annotated[list[str], Field(max_length=2000)]
Code = Annotated[str, Field(max_length=60)]
PaperReference = Annotated[str, Field(max_length=200)]  # an entry's source
# The holder of that code, unless it is of a site kept by list.
RECEIVES = """code = %s AND NOT EXISTS (
    SELECT FROM parties_site s WHERE s.code = ledger_holder.code AND s.kept_by_list_since IS NOT NULL)"""
TO_OFFER = """
SELECT t.tag, t.id, h.holder_id, t.kind, EXISTS (SELECT FROM ledger_offer o WHERE o.thing_id = t.id AND o.open)
FROM ledger_thing t JOIN ledger_head h ON h.thing_id = t.id WHERE t.tag = ANY (%s)"""
ON_OFFER = """
SELECT t.tag, t.id, t.kind FROM ledger_offer o JOIN ledger_thing t ON t.id = o.thing_id WHERE o.handover_id = %s AND o.open"""


@dataclass(frozen=True)
class Received:
    """Who was received; where it does not fit the record of some, the report that keeps it, and why by tag."""

    received: list[str]
    held_elsewhere: dict[str, str]
    report: UUID | None
    reported: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Offered:
    """The handover and all on it; custody has not moved. `bags` are those that are; `staying`, the bags that do not go along."""

    handover: UUID
    tags: list[str]
    bags: list[str] = field(default_factory=list)
    staying: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Accepted:
    """Who changed hands, and who was offered and did not come; `bags` are those of both that are bags."""

    accepted: list[str]
    missing: list[str]
    bags: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Answered:
    """How the handover stands now, and the coded reason where it was refused or lapsed."""

    state: str
    reason: str = ""


@dataclass(frozen=True)
class Released:
    """Whose release is an entry; where it does not fit the record of some, the report that keeps it, and why by tag.

    `open_checks`: the checks of the standard that were not done, by tag. `read_otherwise`: who left, and what was read of nobody who
    did, where a second reading of the tags does not agree. Each is a difference. `left_behind` are bags of theirs that the
    site still holds.
    """

    released: list[str]
    report: UUID | None = None
    reported: dict[str, str] = field(default_factory=dict)
    open_checks: dict[str, list[str]] = field(default_factory=dict)
    read_otherwise: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Corrected:
    """The numbers of the entries that the correction wrote."""

    tag: str
    entries: list[int]


@dataclass(frozen=True)
class SettledDifference:
    """The difference that is settled."""

    difference: UUID


@dataclass(frozen=True)
class SettledDifferences:
    """The differences that are settled."""

    differences: list[UUID]


def site_locked(site: str) -> tuple[Scope, Site]:
    row = queries.site_for_change(site)
    return queries.scope_of(row), row


def _side(end: str) -> Callable[[UUID], tuple[Scope, Handover]]:
    """The loader of a handover, whose scope is its giver's or its receiver's."""

    def load(handover: UUID) -> tuple[Scope, Handover]:
        found = prepared.first(Handover, "id = %s FOR UPDATE", handover)
        if found is None:
            raise NotFound(kind="handover", name=str(handover))
        for side in ("giver", "receiver"):
            setattr(found, side, prepared.first(Holder, "id = %s", getattr(found, f"{side}_id")))
        return queries.scope_of_holder(getattr(found, end)).asked_as("handover", handover), found

    return load


handover_locked = _side("receiver")


def _giver(giver: str) -> tuple[Scope, Holder]:
    found = _holder_named(giver)
    return queries.scope_of_holder(found).asked_as("holder", giver), found


def _holder_named(code: str) -> Holder:
    found = prepared.first(Holder, "code = %s", code)
    if found is None:
        raise NotFound(kind="holder", name=code)
    return found


def area(site: Site, *, act: Act) -> Holder:
    """The holder of a site's persons, made when it is first needed."""
    return holder(act=act, **_area_of(site))


def areas(sites: Collection[Site], *, act: Act) -> dict[str, UUID]:
    """The same of many sites, by their codes."""
    made = [Holder(act=act, **_area_of(site)) for site in sites]
    # Another writer may make the same ones meanwhile, so what stands in the end is read.
    Holder.objects.bulk_create(made, ignore_conflicts=True)
    return dict(Holder.objects.filter(code__in=[area.code for area in made]).values_list("code", "pk"))


def _area_of(site: Site) -> dict[str, str]:
    organisation = site.organisation_id or ""
    return {"code": site.code, "kind": Holder.Kind.AREA, "organisation": organisation, "site": site.code}


def _kept_by_muster(site: Site) -> None:
    if site.kept_by_list_since:
        raise rules.ListKeepsSite(site=site.code)


@action("custody.receive", about=site_locked)
def receive(
    *, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, at: AwareDatetime, from_organisation: Code = "",
    reason: Code = "", mission: Code = "",
) -> Received:  # fmt: skip
    """Receive persons whom nobody offered; the arrival stays a difference until the giver answers.

    Tags that are new become persons. Who is held elsewhere by the record, or has a later entry in it, is kept as
    a report; so is whoever loses a race to another site. A mission that is closed keeps nobody out: it is a difference.
    The same arrival told twice is refused.

    Raises NoTags, TagMisread, TagTwice, ListKeepsSite, TagOfABag, AlreadyHere, ClockAhead, TryAgain.
    """
    _kept_by_muster(row)
    giver = outside(act=act, organisation=from_organisation)
    things = things_of(rules.read_tags(tags), act=act, kind=Thing.Kind.PERSON, origin=giver)
    if wrong := [thing.tag for thing in things if thing.kind == Thing.Kind.PROPERTY]:
        raise rules.TagOfABag(tags=wrong)
    here = area(row, act=act)

    def look() -> tuple[list[Push], list[Misfit]]:
        heads = queries.heads(things)
        _check_not_here(heads, row)
        fitting, misfits = _told_apart(heads, lambda head: _arrival_misfit(head, row, at))
        return [push for head in fitting for push in _arrival(head, giver, here, at, reason)], misfits

    misfits = write_what_fits(look, act=act, mission=mission)
    reported = {misfit.tag: misfit.words for misfit in misfits}
    if closed := missions.closed_for_facts(mission):
        words = f"{len(things)} received under {mission}, which is closed since {local(closed, zone(row.zone))}: {_named(things)}."
        differ(act, row, Kind.MISSION_CLOSED, words, at, thing=things[0] if len(things) == 1 else None)
    arrived = [thing for thing in things if thing.tag not in reported]
    _tell_parted(act, here, [thing.pk for thing in arrived], at)
    if arrived:
        words = f"Received from {from_organisation or 'outside'} without an offer: {_named(arrived)}."
        differ(act, row, Kind.UNOFFERED_ARRIVAL, words, at, thing=arrived[0] if len(arrived) == 1 else None)
    more = {"from_organisation": from_organisation, "reason": reason, "mission": mission}
    report = keep(misfits, act=act, site=row, at=at, what="received", **more)
    elsewhere = {misfit.tag: misfit.held_by for misfit in misfits if misfit.kind == Kind.HELD_ELSEWHERE}
    return Received([thing.tag for thing in arrived], elsewhere, report, reported)


def _check_not_here(heads: Sequence[Head], site: Site) -> None:
    """Raises AlreadyHere."""
    since = {head.thing.tag: head.happened_at for head in heads if head.holder.site == site.code}
    if known := {tag: at for tag, at in since.items() if at}:
        raise rules.AlreadyHere(since=known, site=site.code, where=zone(site.zone))


def _arrival_misfit(head: Head, site: Site, at: datetime) -> Misfit | None:
    """Why an arrival does not fit; None where it does."""
    tag = head.thing.tag
    if head.holder.kind != Holder.Kind.OUTSIDE:
        words = f"{tag} was received here; the record says that {head.holder.code} holds the person."
        return Misfit(
            tag=tag, kind=Kind.HELD_ELSEWHERE, words=words, thing=head.thing, held_by=head.holder.code
        )
    if head.happened_at and at < head.happened_at:
        return before_later_entry(head, site, what="received")
    return None


def _told_apart(
    heads: Sequence[Head], misfit_of: Callable[[Head], Misfit | None]
) -> tuple[list[Head], list[Misfit]]:
    """The heads that an event fits, and the misfits of the others."""
    misfits = {head.thing_id: misfit_of(head) for head in heads}
    fitting = [head for head in heads if misfits[head.thing_id] is None]
    return fitting, [misfit for misfit in misfits.values() if misfit]


def _arrival(head: Head, giver: Holder, here: Holder, at: datetime, reason: str) -> Iterator[Push]:
    """From wherever outside somebody is, by way of the giver: whoever was released may be brought again by another."""
    if head.holder_id != giver.pk:
        yield Push(
            thing=head.thing_id, giver=head.holder_id, receiver=giver.pk, happened_at=at, reason="taken_in_charge"
        )  # fmt: skip
    yield Push(thing=head.thing_id, giver=giver.pk, receiver=here.pk, happened_at=at, reason=reason)


def _named(things: list[Thing]) -> str:
    """The first tags, and how many more; all of them are the entries of the same act."""
    first = ", ".join(thing.tag for thing in things[:3])
    return first if len(things) <= 3 else f"{first} and {len(things) - 3} more"


@action("custody.offer", about=_giver)
def offer(
    *, act: Act, row: Holder, actor: Actor, giver: Code, receiver: Code, tags: Tags, mission: Code = "",
    separate_authority: PaperReference = "", separate_reason: Words = "", bags_stay: Words = "",
) -> Offered:  # fmt: skip
    """Offer persons to another holder, and sign the list. The giver keeps them until the receiver signs.

    A list that parts a group kept together is refused, unless it says on whose authority and why they are separated. Bags of theirs
    that the giver holds go along on the same list, or stay for the reason that `bags_stay` says (PROP-06, GK).

    Raises NoTags, TagMisread, TagTwice, SamePlace, NotBoarding for a trip that has left, NotHeldHere, OnAnotherOffer, GroupParted,
    NothingToSeparate.
    """
    named = rules.read_tags(tags)
    to = _receiver(receiver, act)
    if to.pk == row.pk:
        raise SamePlace(holder=row.code)
    receivers.check_offer(to)
    things, named_bags = _to_offer(named, row)
    parted = groups.parted_by_offer(things, giver=row.pk, receiver=to.pk)
    authority, reason = separate_authority.strip(), separate_reason.strip()
    if parted and not (authority and reason):
        raise groups.GroupParted(parted=parted)
    if (authority or reason) and not parted:
        raise groups.NothingToSeparate()
    theirs = bags.along(things, row.pk)
    going = [] if bags_stay.strip() else theirs
    listed = [*named, *(tag for tag, _ in going)]
    made = Handover(giver=row, receiver=to, mission=mission, offered_act=act, offered_by=actor.user)
    by_giver = sign_offer(made, listed)
    made.list_root, made.giver_signature, made.giver_key = by_giver.root, by_giver.signature, by_giver.key
    posting.offer(made, [*things, *(thing for _, thing in going)])
    groups.separate(act, made, parted, authority=authority, reason=reason)
    if theirs and not going:
        bags.stay(act, made, [thing for _, thing in theirs], bags_stay.strip())
    staying = [] if going else [tag for tag, _ in theirs]
    return Offered(made.pk, listed, [*named_bags, *(tag for tag, _ in going)], staying)


def _receiver(code: str, act: Act) -> Holder:
    if found := prepared.first(Holder, RECEIVES, code):
        return found
    site = Site.objects.filter(code=code).first()
    if site is None:
        raise NotFound(kind="holder", name=code)
    _kept_by_muster(site)
    return area(site, act=act)


def _to_offer(tags: Sequence[str], by: Holder) -> tuple[list[UUID], list[str]]:
    """The things of these tags, and the tags that are bags'. Raises NotHeldHere for what another holds, or is unknown; OnAnotherOffer."""
    found = {tag: rest for tag, *rest in prepared.rows(TO_OFFER, tags)}
    if wrong := [tag for tag in tags if tag not in found or found[tag][1] != by.pk]:
        raise rules.NotHeldHere(tags=sorted(wrong), site=by.code)
    if taken := [tag for tag, (*_, on_offer) in found.items() if on_offer]:
        raise OnAnotherOffer(tags=sorted(taken))
    bags_of = [tag for tag, (_, _, kind, _) in found.items() if kind == Thing.Kind.PROPERTY]
    return [thing for thing, *_ in found.values()], bags_of


@action("custody.accept", about=_side("receiver"))
def accept(
    *, act: Act, row: Handover, actor: Actor, handover: UUID, at: AwareDatetime, tags: Tags | None = None,
    witnessed_source: PaperReference = "", discrepancy: Words = "",
) -> Accepted:  # fmt: skip
    """Sign for the persons received, all of the list or those named; custody of them moves now.

    Who was offered and is not signed for stays with the giver, and is a difference. `discrepancy` is what is not as it
    should be with those who did arrive, and opens another; so does a trip that had left by `at`. `witnessed_source` is the
    paper that a side without an account signed: it stands in place of the receiver's signature, and whoever recorded the
    offer still does not record both.

    Raises NotOpen, SameSigner, NotOnOffer, NotTheHolder, BeforeLiveTop, ClockAhead.
    """
    _check_open(row)
    if actor.user == row.offered_by:
        raise rules.SameSigner()
    rows = prepared.rows(ON_OFFER, row.pk)
    offered: dict[str, UUID] = {tag: thing for tag, thing, _ in rows}
    bags_on = [tag for tag, _, kind in rows if kind == Thing.Kind.PROPERTY]
    named = rules.read_tags(tags) if tags is not None else sorted(offered)
    if strangers := [tag for tag in named if tag not in offered]:
        raise rules.NotOnOffer(tags=strangers)
    posting.post(
        [offered[tag] for tag in named], act=act.pk, giver=row.giver_id, receiver=row.receiver_id, at=at,
        mission=row.mission, handover=row.pk, source=witnessed_source,
    )  # fmt: skip
    missing = sorted(set(offered) - set(named))
    if odd := receivers.oddity(row.receiver, at) if named else "":
        words = f"{len(named)} from {row.giver.code} were {odd}: {', '.join(named[:3])}."
        if site := _site_of(row, list(offered.values())):
            differ(act, site, Kind.SIGNED_LATE, words, at, handover=row)
    if missing or discrepancy.strip():
        _tell_discrepancies(act, row, at, missing, discrepancy)
    if came := [offered[tag] for tag in bags_on if tag in set(named)]:
        bags.went_along(act, row.giver, came, at)
    row.accepted_by = actor.user
    if witnessed_source:
        row.accepted_root = root_on(row, named)
    else:
        by_receiver = sign_acceptance(row, named, actor.user)
        row.accepted_root, row.receiver_signature = by_receiver.root, by_receiver.signature
        row.receiver_key = by_receiver.key
    _answer(row, act, Handover.State.ACCEPTED)
    _tell_parted(act, row.receiver, [offered[tag] for tag in named], at, handover=row)
    return Accepted(named, missing, bags_on)


def _tell_parted(
    act: Act, receiver: Holder, things: Collection[UUID], at: datetime, *, handover: Handover | None = None
) -> None:
    """A difference for each group that arrived in part; who it is, for those who house and move persons there."""
    for parted in groups.parted_by_arrival(things, receiver=receiver.pk):
        site = _site_of(handover, things) if handover else Site.objects.filter(code=receiver.site).first()
        if site is None:
            continue
        words = f"A group that is kept together reached {receiver.code} in part: {len(parted.going)} came, {len(parted.staying)} did not."
        came = ", ".join(each.tag for each in parted.going)
        away = ", ".join(f"{each.tag} (held by {each.holder_code})" for each in parted.staying)
        opened = differ(act, site, Kind.GROUP_SPLIT, words, at, handover=handover)
        Concerned.objects.create(act=act, difference=opened, words=f"Came: {came}. Did not: {away}.")


def _site_of(row: Handover, things: Collection[UUID]) -> Site | None:
    """Where a handover's differences stand: at the receiver, else the giver, else the site that last had any of them."""
    code = row.receiver.site or row.giver.site
    if not code:
        given = Entry.objects.filter(thing__in=things).exclude(giver__site="").order_by(LATEST_ACT, "-n")
        code = given.values_list("giver__site", flat=True).first() or ""
    return Site.objects.filter(code=code).first()


def _tell_discrepancies(
    act: Act, row: Handover, at: datetime, missing: Sequence[str], discrepancy: str
) -> None:
    things = {offered.thing.tag: offered.thing for offered in row.offers.select_related("thing")}
    site = _site_of(row, [thing.pk for thing in things.values()])
    if site is None:
        return
    for tag in missing:
        what = "bag" if things[tag].kind == Thing.Kind.PROPERTY else "person"
        words = (
            f"{tag} was offered to {row.receiver.code} and did not arrive; {row.giver.code} holds the {what}."
        )
        differ(act, site, Kind.DISCREPANCY, words, at, thing=things[tag], handover=row)
    if discrepancy.strip():
        words = f"Arrived from {row.giver.code} at {row.receiver.code}, but: {discrepancy.strip()}"
        differ(act, site, Kind.DISCREPANCY, words, at, handover=row)


@action("custody.refuse", about=_side("receiver"))
def refuse(*, act: Act, row: Handover, actor: Actor, handover: UUID, reason: Code) -> Answered:
    """Refuse an offer, with a reason; the giver keeps everybody. Raises NotOpen, UnknownReason."""
    rules.check_reason(reason, rules.REFUSALS)
    _check_open(row)
    return Answered(_answer(row, act, Handover.State.REFUSED).state, reason)


@action("custody.withdraw", about=_side("giver"))
def withdraw(*, act: Act, row: Handover, actor: Actor, handover: UUID) -> Answered:
    """Take an offer back. Raises NotOpen."""
    _check_open(row)
    return _answer(row, act, Handover.State.WITHDRAWN)


@action("custody.lapse", about=_side("giver"))
def lapse(*, act: Act, row: Handover, actor: Actor, handover: UUID, reason: Code) -> Answered:
    """End an offer that nobody has answered for a day, with a reason; the giver keeps everybody.

    Raises NotOpen, UnknownReason, StillWaits.
    """
    rules.check_reason(reason, rules.LAPSES)
    _check_open(row)
    site = _site_of(row, list(row.offers.values_list("thing_id", flat=True)))
    where = zone(site.zone if site else "UTC")
    rules.check_lapse(row.offered_act.recorded_at, now=timezone.now(), where=where)
    return Answered(_answer(row, act, Handover.State.LAPSED).state, reason)


def _check_open(handover: Handover) -> None:
    if handover.state != Handover.State.OFFERED:
        raise NotOpen(state=handover.state)


def _answer(handover: Handover, act: Act, state: Handover.State) -> Answered:
    handover.state, handover.answered_act = state, act
    posting.answer(handover)
    return Answered(state.value)


@action("custody.release", about=site_locked)
def release(
    *, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, at: AwareDatetime, reason: Code,
    to_organisation: Code = "", order_reference: PaperReference = "", read_again: Tags = [],  # noqa: B006  # read only
    checks: Annotated[list[NotDone], Field(max_length=50)] = [],  # noqa: B006
) -> Released:  # fmt: skip
    """Record that persons left custody, or went back to an agency. Never refused for what the record says of them.

    Whom the record has elsewhere, or does not know, or has a later entry of, is kept as a report; so is everybody at
    a site kept by list. An open offer of theirs ends for them, and is a difference. `order_reference` names the order
    of the court or agency. `read_again` is what a second reading of the tags gave, and `checks` say why some were not done: a
    reading that does not agree, and every open check, is a difference, and who has left has left.

    Raises NoTags, TagMisread, TagTwice, UnknownReason, ClockAhead, TryAgain.
    """
    rules.check_reason(reason, rules.RELEASES)
    named = rules.read_tags(tags)
    to = outside(act=act, organisation=to_organisation)
    things = list(Thing.objects.filter(tag__in=named, kind=Thing.Kind.PERSON))
    known = {thing.tag for thing in things}

    def look() -> tuple[list[Push], list[Misfit]]:
        fitting, misfits = _told_apart(queries.heads(things), lambda head: _release_misfit(head, row, at))
        return [_release(head, to, at, reason) for head in fitting], misfits

    misfits = write_what_fits(look, act=act, source=order_reference)
    misfits += [_unknown(tag) for tag in named if tag not in known]
    reported = {misfit.tag: misfit.words for misfit in misfits}
    gone = [thing for thing in things if thing.tag not in reported]
    end_offers(act, row, gone, at)
    left = bags.left_behind_by(act, row, gone, at)
    more = {"reason": reason, "to_organisation": to_organisation, "order_reference": order_reference}
    report = keep(misfits, act=act, site=row, at=at, what="released", **more)
    still_open = open_checks(act, row, gone, at, checks)
    otherwise = (
        _read_again(act, row, named, {thing.tag: thing for thing in things}, read_again, at)
        if read_again
        else []
    )
    return Released(
        [tag for tag in named if tag not in reported], report, reported, still_open, otherwise, left
    )


def _read_again(
    act: Act,
    site: Site,
    named: Sequence[str],
    things: Mapping[str, Thing],
    texts: Sequence[str],
    at: datetime,
) -> list[str]:
    """Keep what a second reading of the tags gave; what does not agree, each with a difference."""
    read = [rules.tag_or_text(text) for text in texts if text.strip()]
    strange = list(dict.fromkeys(text for text in read if text not in named))
    rows = [
        ReadAgain(act=act, site=site, thing=things.get(tag), text=tag, agrees=tag in read) for tag in named
    ]
    rows += [ReadAgain(act=act, site=site, text=text, agrees=False) for text in strange]
    ReadAgain.objects.bulk_create(rows)
    for row in rows:
        if not row.agrees and row.text in named:
            gave = f" and gave {', '.join(strange)}" if strange else ""
            words = (
                f"{row.text} was released as entered; the second reading of the tags did not name it{gave}."
            )
            differ(act, site, Kind.TAG_DIFFERS, words, at, thing=row.thing)
    if strange and all(tag in read for tag in named):
        words = f"The second reading of the tags gave {', '.join(strange)}, whom nobody recorded as released."
        differ(act, site, Kind.TAG_DIFFERS, words, at)
    return [row.text for row in rows if not row.agrees]


def _release_misfit(head: Head, site: Site, at: datetime) -> Misfit | None:
    """Why a release does not fit; None where it does."""
    tag, code = head.thing.tag, head.holder.code
    if site.kept_by_list_since:
        words = f"{tag} was released here; {site.code} is kept by list, and its next list says who has gone."
        return Misfit(tag=tag, kind=Kind.KEPT_BY_LIST, words=words, thing=head.thing, held_by=code)
    if head.holder.site != site.code:
        words = f"{tag} was released here; the record says that {code} holds the person."
        return Misfit(tag=tag, kind=Kind.NOT_HELD_HERE, words=words, thing=head.thing, held_by=code)
    if head.happened_at and at < head.happened_at:
        return before_later_entry(head, site, what="released")
    return None


def _unknown(tag: str) -> Misfit:
    words = f"{tag} was released here; the record has never had a person of that tag."
    return Misfit(tag=tag, kind=Kind.NOT_HELD_HERE, words=words)


def _release(head: Head, to: Holder, at: datetime, reason: str) -> Push:
    return Push(thing=head.thing_id, giver=head.holder_id, receiver=to.pk, happened_at=at, reason=reason)


def end_offers(act: Act, site: Site, things: list[Thing], at: datetime) -> None:
    """Take who was released off their open handovers, each with a difference."""
    for offered in Offer.objects.select_related("thing", "handover").filter(thing__in=things, open=True):
        words = (
            f"{offered.thing.tag} was released while on an open offer to {offered.handover.receiver.code}."
        )
        differ(act, site, Kind.RELEASED_ON_OFFER, words, at, thing=offered.thing, handover=offered.handover)
    _close_offers(things, act)


def end_stale_offers(act: Act, at: Mapping[UUID, datetime]) -> None:
    """Take things that their giver does not hold any more off their open handovers, each with a difference where it was offered.

    `at` says of each thing when it moved. For whatever moves a person by another way than the handover itself.
    """
    rows = Offer.objects.filter(thing__in=bulk.any_of(list(at)), open=True)
    stale = rows.exclude(thing__head__holder=F("handover__giver"))
    for offered in stale.select_related("thing__head__holder", "handover__giver", "handover__receiver"):
        now = offered.thing.head.holder
        gone = now.kind == Holder.Kind.OUTSIDE
        what = "was released" if gone else f"was moved to {now.code}"
        words = f"{offered.thing.tag} {what} while on an open offer to {offered.handover.receiver.code}."
        if site := _site_of_offer(offered):
            kind = Kind.RELEASED_ON_OFFER if gone else Kind.MOVED_ON_OFFER
            differ(
                act, site, kind, words, at[offered.thing_id], thing=offered.thing, handover=offered.handover
            )
        _close_offers([offered.thing], act)


def _site_of_offer(offered: Offer) -> Site | None:
    giver = offered.handover.giver
    if giver.site:
        return Site.objects.filter(code=giver.site).first()
    return _site_of(offered.handover, [offered.thing_id])


def _close_offers(things: list[Thing], act: Act) -> None:
    """Take the things off their open handovers; a handover that nobody is left on has lapsed."""
    touched = list(Offer.objects.filter(thing__in=things, open=True).values_list("handover_id", flat=True))
    Offer.objects.filter(thing__in=things, open=True).update(open=False)
    left = Offer.objects.filter(handover__in=touched, open=True).values("handover_id")
    emptied = Handover.objects.filter(pk__in=touched, state=Handover.State.OFFERED).exclude(pk__in=left)
    emptied.update(state=Handover.State.LAPSED, answered_act=act)


@action("custody.correct", about=site_locked)
def correct(
    *, act: Act, row: Site, actor: Actor, site: Code, tag: Code, n: int, reason: Code,
    happened_at: AwareDatetime | None = None, receiver: Code = "", void: bool = False,
) -> Corrected:  # fmt: skip
    """Correct one live entry: it happened at another time, or to another holder, or (`void`) not at all.

    One batch: pop down to the entry, say the truth, repeat what still holds, with its signatures. What was known
    before stays readable. Another site whose persons it changes did not sign, so it is a difference there.

    Raises ListKeepsSite, NotHeldHere where the site has no part in the entry, NothingToCorrect, NotTheHolder,
    BeforeLiveTop.
    """
    _kept_by_muster(row)
    thing = Thing.objects.filter(tag=parse_tag(tag)).first()
    entries = {e.n: e for e in Entry.objects.filter(thing=thing).select_related("thing", "giver", "receiver")}
    head = Head.objects.filter(thing=thing).first()
    live = live_stack(entries, head.top if head else 0)
    wrong = next((entry for entry in live if entry.n == n), None)
    if thing is None or n not in entries or row.code not in (entries[n].giver.site, entries[n].receiver.site):
        raise rules.NotHeldHere(tags=[tag], site=row.code)
    if wrong is None:
        raise rules.NothingToCorrect(tag=thing.tag, n=n)
    above = live[: live.index(wrong)]
    changes: list[Push | Pop] = [Pop(thing=thing.pk, reason=reason) for _ in [*above, wrong]]
    to = wrong.giver if void else _receiver(receiver, act) if receiver else wrong.receiver
    at = happened_at or wrong.happened_at
    if not void:
        changes.append(
            Push(thing=thing.pk, giver=wrong.giver_id, receiver=to.pk, happened_at=at,
                 reason=reason, mission=wrong.mission)
        )  # fmt: skip
    changes += [_repeat(entry, entries[entry.repeats or entry.n]) for entry in reversed(above)]
    written = write(changes, act=act)
    end_stale_offers(act, {thing.pk: at})
    if to.pk != wrong.receiver_id:
        tell_other_sites(act, row, wrong, to, at, void=void)
    return Corrected(thing.tag, [entry.n for entry in written])


def _repeat(entry: Entry, original: Entry) -> Push:
    return Push(
        thing=entry.thing_id, giver=entry.giver_id, receiver=entry.receiver_id, happened_at=entry.happened_at,
        earliest_at=entry.earliest_at, latest_at=entry.latest_at, reason=entry.reason, mission=entry.mission,
        handover=original.handover_id, source=original.source, repeats=original.n,
    )  # fmt: skip


def tell_other_sites(act: Act, site: Site, wrong: Entry, to: Holder, at: datetime, *, void: bool) -> None:
    """A difference at each site, other than the correcting one, that gains or loses the person by a correction."""
    before, tag = wrong.receiver, wrong.thing.tag
    for other in Site.objects.filter(code__in={before.site, to.site} - {site.code}):
        moment = local(at, zone(other.zone))
        truth = f"{before} did not receive the person from {to}"
        if not void:
            truth = f"{to} received the person at {moment}, not {before}"
        words = f"{site.code} corrected entry {wrong.n} of {tag}: {truth}. Nobody of {other.code} signed for that."
        differ(act, other, Kind.MOVED_BY_CORRECTION, words, at, thing=wrong.thing)


def _difference(difference: UUID) -> tuple[Scope, Difference]:
    found = Difference.objects.filter(pk=difference).first()
    if found is None:
        raise NotFound(kind="difference", name=str(difference))
    site = queries.site_for_change(found.site_id)
    return queries.scope_of(site).asked_as("difference", difference), found


@action("custody.settle", about=_difference)
def settle(
    *, act: Act, row: Difference, actor: Actor, difference: UUID,
    reason: Annotated[str, Field(min_length=3, max_length=2000)],
) -> SettledDifference:  # fmt: skip
    """Settle a difference, with the reason; with the last one of a report, the report. Raises AlreadySettled."""
    settle_rows(act, [row], reason)
    return SettledDifference(row.pk)


@action("custody.settle_many", about=site_locked)
def settle_many(
    *, act: Act, row: Site, actor: Actor, site: Code,
    differences: Annotated[list[UUID], Field(min_length=1, max_length=2000)],
    reason: Annotated[str, Field(min_length=3, max_length=2000)],
) -> SettledDifferences:  # fmt: skip
    """Settle differences at one site, all or none, with one reason. Raises NotFound, AlreadySettled."""
    wanted = list(dict.fromkeys(differences))
    found = {each.pk: each for each in Difference.objects.filter(pk__in=wanted, site=row)}
    if strange := [each for each in wanted if each not in found]:
        raise NotFound(kind=f"difference at {row.code}", name=str(strange[0]))
    settle_rows(act, [found[each] for each in wanted], reason)
    return SettledDifferences(wanted)


def settle_rows(act: Act, rows: Sequence[Difference], reason: str) -> None:
    """Their site is locked, and has all differences of a report of theirs, so that nobody settles another of them meanwhile."""
    if Settled.objects.filter(difference__in=rows).exists():
        raise rules.AlreadySettled(
            what="difference" if len(rows) == 1 else "difference, or one of those chosen,"
        )
    Settled.objects.bulk_create(Settled(act=act, difference=row, reason=reason) for row in rows)
    for report in {row.report_id for row in rows if row.report_id}:
        if not Difference.objects.filter(report=report, settled__isnull=True).exists():
            Settlement.objects.create(act=act, report_id=report, reason=reason)
