"""Incidents: an injury, a medical emergency, force that was witnessed; somebody absconded, released in error, or dead.

Facts are kept. The last three change the ledger on one signature: a supervisor has to stand for each, and until then it is a
difference. No incident is deleted, and none is left out of a count. Which clocks one starts, a later step knows: `register`.
Source: design.md, *Who signs*; custody-standards.md CNT-03, CNT-08, MED-09 (GK), REL-01 (GK).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import dropwhile, takewhile
from typing import Annotated, Literal
from uuid import UUID

from django.db.models import QuerySet
from pydantic import AwareDatetime, Field, StringConstraints

from muster.access.control import Actor, Scope
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened, local, zone
from muster.custody import bags, queries, rules
from muster.custody.actions import Code, Tags, end_offers, site_locked
from muster.custody.areas import area_of
from muster.custody.merging import stands_for
from muster.custody.models import (
    Count,
    Difference,
    Incident,
    IncidentClosed,
    IncidentConfirmed,
    IncidentLogged,
    IncidentPerson,
    Settled,
)
from muster.custody.reports import Misfit, before_later_entry, differ, keep, write_what_fits
from muster.ledger.models import Entry, Head, Holder, Thing
from muster.ledger.writing import Push, live_stack, outside
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

Kind = Incident.Kind
LEAVING = Incident.LEAVING
Reason = Annotated[str, Field(min_length=3, max_length=2000)]
By = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Paper = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]

# --- who hears of it ----------------------------------------------------------------

# `went_missing`: the record had the person here until then. `withdrawn`: it did not happen after all.
Happening = Literal["incident", "seriously_hurt", "went_missing", "died", "withdrawn"]
Listener = Callable[[Act, Incident, Sequence[Thing], Happening], None]
LISTENERS: list[Listener] = []


def register(listener: Listener) -> Listener:
    """Have a later step hear, in the same act, what befell whom."""
    LISTENERS.append(listener)
    return listener


def _tell(act: Act, incident: Incident, things: Sequence[Thing], happening: Happening) -> None:
    for listener in LISTENERS if things else ():
        listener(act, incident, things, happening)


class ReportedAlready(MusterError):
    """An incident says already how these persons left."""

    code = "custody.incident_reported"
    status = 409

    def __init__(self, *, tags: Sequence[str], incident: str) -> None:
        self.tags, self.incident = list(tags), incident
        super().__init__(
            f"{', '.join(tags)}: {incident} says already how they left. Nothing was kept. Add to the log of that one, or, where it is "
            "wrong, close it as not having happened first."
        )


class ConfirmedBySomebodyElse(MusterError):
    """Whoever reported it cannot stand for it as the supervisor."""

    code = "custody.confirmed_by_reporter"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "You reported this incident. A supervisor stands for it, with a sign-in of their own. Nothing was kept."
        )


class NothingToConfirm(MusterError):
    """The incident changed nothing in the ledger, so one person is enough for it."""

    code = "custody.nothing_to_confirm"
    status = 409

    def __init__(self, *, kind: str) -> None:
        self.kind = kind
        super().__init__(
            f"One person is enough for an incident of this kind ({kind}): nobody left by it. Close it when it is dealt with."
        )


class NotConfirmed(MusterError):
    """No supervisor has stood for it."""

    code = "custody.incident_not_confirmed"
    status = 409

    def __init__(self, *, incident: str) -> None:
        self.incident = incident
        super().__init__(
            f"No supervisor has stood for {incident} yet, so it stays open. Have it confirmed, then close it. Nothing was kept."
        )


class EntryStands(MusterError):
    """It would be closed as not having happened, and the ledger still has what it wrote."""

    code = "custody.entry_stands"
    status = 409

    def __init__(self, *, entries: dict[str, int]) -> None:
        self.entries = dict(entries)
        named = ", ".join(f"entry {n} of {tag}" for tag, n in sorted(entries.items()))
        super().__init__(
            f"The ledger still has the person outside by {named}. Correct that first: it did not happen. Nothing was kept."
        )


class IncidentIsClosed(MusterError):
    """The incident was closed before."""

    code = "custody.incident_closed"
    status = 409

    def __init__(self, *, incident: str) -> None:
        self.incident = incident
        super().__init__(
            f"{incident.capitalize()} is closed. Nothing was kept. Report what happened since as an incident of its own."
        )


@dataclass(frozen=True)
class IncidentReported:
    """The incident and its number at the site. `left`: who is outside by it in the ledger; what does not fit is a report, with why by tag.

    `waits`: a supervisor has still to stand for it.
    """

    incident: UUID
    number: int
    left: list[str]
    waits: bool
    report: UUID | None = None
    reported: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class IncidentStands:
    """An incident, and what became of it."""

    incident: UUID
    state: str


# --- reporting ----------------------------------------------------------------------


@action("custody.report_incident", about=site_locked)
def report_incident(
    *, act: Act, row: Site, actor: Actor, site: Code, kind: Kind, at: AwareDatetime, words: Reason, reported_by: By, tags: Tags = [],  # noqa: B006
    last_seen_at: AwareDatetime | None = None, area: Code = "", serious: bool = False, count: UUID | None = None, paper: Paper = "",
    to_organisation: Code = "",
) -> IncidentReported:  # fmt: skip
    """Report what befell persons at a site: a fact, kept at once and for ever. `reported_by` is an office or post, never a name.

    Who absconded, was released in error or died is held by the site no more, from `at` on, seen last at `last_seen_at` where the moment
    is not known; a release that was recorded as an ordinary one keeps its entry. A supervisor has to stand for it, and until then
    each of them is a difference. Whom the record has elsewhere is kept as a report. `count` is the headcount by which it was found;
    `paper`, what says so; `to_organisation`, who took a dead person over.

    Raises NotHappenedYet, NoTags where the kind needs them, TagMisread, TagTwice, NotFound, ReportedAlready, ClockAhead, TryAgain.
    """
    check_happened(at, now=act.recorded_at)
    named = rules.read_tags(tags) if tags or kind in LEAVING else []
    things = _persons(named)
    where = area_of(row, area) if area else None
    found_by = _count(row, count) if count else None
    if kind in LEAVING:
        _check_not_reported(things)
    missions = {thing.pk: _mission_of(thing) for thing in things}
    number = Incident.objects.filter(site=row).count() + 1  # the site is locked
    incident = Incident.objects.create(
        act=act, site=row, number=number, kind=kind, at=at, last_seen_at=last_seen_at, area=where, words=words.strip(),
        serious=serious and kind in (Kind.INJURY, Kind.MEDICAL), reported_by=reported_by, paper=paper, count=found_by,
    )  # fmt: skip
    IncidentPerson.objects.bulk_create(
        IncidentPerson(act=act, incident=incident, thing=thing, mission=missions[thing.pk])
        for thing in things
    )
    if kind not in LEAVING:
        _tell(act, incident, things, "incident")
        _tell(act, incident, things if incident.serious else [], "seriously_hurt")
        return IncidentReported(incident.pk, number, [], waits=False)
    left, outside_by_now, misfits = _leave(act, incident, things, to_organisation)
    report = keep(
        misfits, act=act, site=row, at=at, what=f"recorded as {_as(kind)}", incident=str(incident.pk)
    )
    for thing in things:
        told = f"{thing.tag} is reported as {_as(kind)} by {reported_by}, {incident}. A supervisor has still to stand for it."
        differ(act, row, Difference.Kind.INCIDENT, told, at, thing=thing)
    if kind == Kind.DEATH:
        _tell(act, incident, things, "died")
    else:
        _tell(act, incident, left if kind == Kind.RELEASED_IN_ERROR else things, "went_missing")
    reported = {misfit.tag: misfit.words for misfit in misfits}
    tags_out = [thing.tag for thing in (*left, *outside_by_now)]
    return IncidentReported(
        incident.pk, number, sorted(tags_out), waits=True, report=report, reported=reported
    )


def _persons(tags: Sequence[str]) -> list[Thing]:
    """The persons of these tags, by the records that stand, each once. Raises NotFound."""
    known = {thing.tag: thing for thing in Thing.objects.filter(tag__in=tags, kind=Thing.Kind.PERSON)}
    if strange := [tag for tag in tags if tag not in known]:
        raise NotFound(kind="person", name=strange[0])
    return list({thing.pk: thing for thing in (stands_for(known[tag]) for tag in tags)}.values())


def _count(site: Site, count: UUID) -> Count:
    found = Count.objects.filter(pk=count, site=site, counted__isnull=False).first()
    if found is None:
        raise NotFound(kind=f"headcount at {site.code} that is in", name=str(count))
    return found


def _check_not_reported(things: Sequence[Thing]) -> None:
    """Raises ReportedAlready for persons who are outside, of whom an incident since their latest entry says how they left."""
    for head in Head.objects.select_related("holder", "thing").filter(
        thing__in=things, holder__kind=Holder.Kind.OUTSIDE
    ):
        since = Entry.objects.filter(thing=head.thing, n=head.top).values_list("act__recorded_at", flat=True)
        told = Incident.objects.filter(
            persons__thing=head.thing, kind__in=LEAVING, act__recorded_at__gte=since[0]
        )
        if before := told.exclude(closed__outcome=IncidentClosed.Outcome.NOT_SO).first():
            raise ReportedAlready(tags=[head.thing.tag], incident=str(before))


def _leave(
    act: Act, incident: Incident, things: Sequence[Thing], to_organisation: str
) -> tuple[list[Thing], list[Thing], list[Misfit]]:
    """Write that persons left; who did now, whose release was recorded before, and what does not fit."""
    site, kind, at = incident.site, Kind(incident.kind), incident.at
    to = outside(act=act, organisation=to_organisation if kind == Kind.DEATH else "")
    before: set[UUID] = set()

    def look() -> tuple[list[Push], list[Misfit]]:
        pushes, misfits = [], []
        for head in queries.heads(things):
            if kind == Kind.RELEASED_IN_ERROR and _released_by(site, head):
                before.add(head.thing_id)
            elif misfit := _misfit(head, site, at, _as(kind)):
                misfits.append(misfit)
            else:
                pushes.append(
                    Push(thing=head.thing_id, giver=head.holder_id, receiver=to.pk, happened_at=at, reason=kind.value,
                         earliest_at=incident.last_seen_at, latest_at=at if incident.last_seen_at else None)
                )  # fmt: skip
        return pushes, misfits

    misfits = write_what_fits(look, act=act, source=incident.paper)
    out = {misfit.tag for misfit in misfits}
    left = [thing for thing in things if thing.tag not in out and thing.pk not in before]
    end_offers(act, site, left, at)
    bags.left_behind_by(act, site, left, at)
    return left, [thing for thing in things if thing.pk in before], misfits


def _released_by(site: Site, head: Head) -> bool:
    """Whether the record has the person outside by a release of this site."""
    if head.holder.kind != Holder.Kind.OUTSIDE:
        return False
    return Entry.objects.filter(thing=head.thing_id, n=head.top, giver__site=site.code).exists()


def _misfit(head: Head, site: Site, at: datetime, gone_as: str) -> Misfit | None:
    """Why it does not fit that the person left the site then; None where it does."""
    tag, code = head.thing.tag, head.holder.code
    if site.kept_by_list_since:
        words = f"{tag} was reported here as {gone_as}; {site.code} is kept by list, and its next list says who has gone."
        return Misfit(tag=tag, kind=Difference.Kind.KEPT_BY_LIST, words=words, thing=head.thing, held_by=code)
    if head.holder.site != site.code:
        words = f"{tag} was reported here as {gone_as}; the record says that {code} holds the person."
        return Misfit(
            tag=tag, kind=Difference.Kind.NOT_HELD_HERE, words=words, thing=head.thing, held_by=code
        )
    if head.happened_at and at < head.happened_at:
        return before_later_entry(head, site, what=f"reported as {gone_as}")
    return None


def _as(kind: Kind) -> str:
    return "dead" if kind == Kind.DEATH else str(kind.label)


def _mission_of(person: Thing) -> str:
    """The mission under which a person is held, or was until leaving: of the latest live entry of that stay which names one."""
    entries = {entry.n: entry for entry in Entry.objects.filter(thing=person).select_related("receiver")}
    live = live_stack(entries, Head.objects.get(thing=person).top)
    held = list(dropwhile(lambda entry: entry.receiver.kind == Holder.Kind.OUTSIDE, live))
    stay = takewhile(lambda entry: entry.receiver.kind != Holder.Kind.OUTSIDE, held)
    return next((str(entry.mission) for entry in stay if entry.mission), "")


# --- afterwards ---------------------------------------------------------------------


def _incident(incident: UUID) -> tuple[Scope, Incident]:
    found = Incident.objects.select_related("act", "site").filter(pk=incident).first()
    if found is None:
        raise NotFound(kind="incident", name=str(incident))
    site = queries.site_for_change(found.site_id)
    return queries.scope_of(site).asked_as("incident", incident), found


def _check_open(incident: Incident) -> None:
    if IncidentClosed.objects.filter(incident=incident).exists():
        raise IncidentIsClosed(incident=str(incident))


@action("custody.log_incident", about=_incident)
def log_incident(
    *, act: Act, row: Incident, actor: Actor, incident: UUID, at: AwareDatetime, words: Reason
) -> IncidentStands:
    """Add a line to the log of an incident: what was done or found out, and when (CNT-08). Raises NotHappenedYet, IncidentIsClosed."""
    check_happened(at, now=act.recorded_at)
    _check_open(row)
    IncidentLogged.objects.create(act=act, incident=row, at=at, words=words.strip())
    return IncidentStands(row.pk, "open")


@action("custody.confirm_incident", about=_incident)
def confirm_incident(
    *, act: Act, row: Incident, actor: Actor, incident: UUID, reason: Reason
) -> IncidentStands:
    """Stand as the supervisor for an incident by which somebody left; its differences are settled by that, with the reason.

    Raises NothingToConfirm, ConfirmedBySomebodyElse, IncidentIsClosed, AlreadySettled.
    """
    _check_open(row)
    if row.kind not in LEAVING:
        raise NothingToConfirm(kind=row.get_kind_display())
    if IncidentConfirmed.objects.filter(incident=row).exists():
        raise rules.AlreadySettled(what="incident")
    if actor.user == row.act.actor_id:
        raise ConfirmedBySomebodyElse()
    IncidentConfirmed.objects.create(act=act, incident=row, reason=reason.strip())
    Settled.objects.bulk_create(
        Settled(act=act, difference=each, reason=reason.strip()) for each in _open_differences(row)
    )
    return IncidentStands(row.pk, "confirmed")


def _open_differences(incident: Incident) -> QuerySet[Difference]:
    return Difference.objects.filter(act=incident.act_id, kind=Difference.Kind.INCIDENT, settled__isnull=True)


@action("custody.close_incident", about=_incident)
def close_incident(
    *, act: Act, row: Incident, actor: Actor, incident: UUID, outcome: IncidentClosed.Outcome, reason: Reason
) -> IncidentStands:
    """Close an incident, by name and with the reason. What is owed because of it is owed until it is done, and it stays counted.

    Closed as not having happened it starts no clocks any more, and its differences are settled; what it wrote into the ledger is
    corrected before.

    Raises IncidentIsClosed, NotConfirmed, EntryStands.
    """
    _check_open(row)
    not_so = outcome == IncidentClosed.Outcome.NOT_SO
    if row.kind in LEAVING and not not_so and not IncidentConfirmed.objects.filter(incident=row).exists():
        raise NotConfirmed(incident=str(row))
    if not_so:
        if standing := _entries_standing(row):
            raise EntryStands(entries=standing)
        Settled.objects.bulk_create(
            Settled(act=act, difference=each, reason=reason.strip()) for each in _open_differences(row)
        )
    IncidentClosed.objects.create(act=act, incident=row, outcome=outcome, reason=reason.strip())
    if not_so:
        _tell(act, row, [each.thing for each in row.persons.select_related("thing")], "withdrawn")
    return IncidentStands(row.pk, "closed")


def _entries_standing(incident: Incident) -> dict[str, int]:
    """The entries of the incident's act that are live or repeated still, by tag."""
    wrote = Entry.objects.filter(act=incident.act_id, kind="push").select_related("thing")
    undone = Entry.objects.filter(kind="pop", thing__in=[e.thing_id for e in wrote]).values_list(
        "thing_id", "corrects"
    )
    gone = set(undone)
    return {entry.thing.tag: entry.n for entry in wrote if (entry.thing_id, entry.n) not in gone}


def moment_of(incident: Incident) -> str:
    """When it happened, or between when and when, in the zone of the site."""
    where = zone(incident.site.zone)
    if incident.last_seen_at is None:
        return local(incident.at, where)
    return f"between {local(incident.last_seen_at, where)} and {local(incident.at, where)}"
