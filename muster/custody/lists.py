"""Custody lists into the ledger: one act a list, in the order of their dates, after the whole file has been checked."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import NAMESPACE_OID, UUID, uuid5
from zoneinfo import ZoneInfo

from django.utils import timezone
from pydantic import Field

from muster.access.control import Actor, Scope, can
from muster.core.csvfiles import read_table
from muster.core.errors import FaultyFile, MusterError
from muster.core.times import end_of_day
from muster.core.times import zone as zone_of
from muster.custody import observing, queries, references, rosters
from muster.custody.actions import area, end_stale_offers, site_locked
from muster.custody.models import Difference, ListedStay, ListTaken
from muster.custody.references import Known
from muster.custody.rosters import Arrive, Depart, ListPlan, Operation, RosterList, Stays, Undo
from muster.ledger.models import Holder, Thing
from muster.ledger.writing import Pop, Push, outside, write
from muster.parties.models import Site
from muster.record.action import action, number_of
from muster.record.models import Act

TO_SETTLE: Mapping[str, Difference.Kind] = {
    "hole": Difference.Kind.LIST_HOLE,
    "rewritten_admission": Difference.Kind.LIST_REWRITTEN,
    "out_and_in_between_lists": Difference.Kind.OUT_AND_IN,
    "double_line": Difference.Kind.LISTED_TWICE,
}  # by the kind of a notice


class KeptByMuster(MusterError):
    """The site's own clerks record what happens there, so a list of it writes no entries."""

    code = "custody.kept_by_muster"
    status = 409

    def __init__(self, *, site: str) -> None:
        self.site = site
        super().__init__(
            f"{site} is kept by Muster: its people record each change of hands, and a list writes no entries there. "
            "Import the list all the same: it is compared with the record, and what differs is opened to be settled."
        )


class TakenAlready(MusterError):
    """This very list has been taken in."""

    code = "custody.list_taken"
    status = 409

    def __init__(self, *, site: str, listed: date) -> None:
        self.site, self.listed = site, listed
        super().__init__(
            f"This list of {site}, {listed}, is in the record already. There is nothing to do: nothing was kept."
        )


class OtherZone(MusterError):
    """The site keeps another time."""

    code = "custody.other_zone"

    def __init__(self, *, site: str, zone: str) -> None:
        self.site, self.zone = site, zone
        super().__init__(f"{site} keeps the time of {zone}. Say --zone {zone}, or check the site's code.")


class WholeLists(MusterError):
    """A list with a line left out would say that somebody has gone."""

    code = "custody.whole_lists"

    def __init__(self) -> None:
        super().__init__(
            "A custody list is whole or it is not one: leaving a faulty line out would record a departure that nobody "
            "saw. Correct the faulty lines and import the file again, without --keep-good."
        )


@dataclass(frozen=True)
class KeptByList:
    """The site, kept by list."""

    site: str
    zone: str


@dataclass(frozen=True)
class ListRead:
    """What one list came to: the persons on it, the entries written, and the notices by kind."""

    listed: date
    persons: int
    entries: int
    notices: dict[str, int]


Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


def _new_site(site: str) -> tuple[Scope, Site | None]:
    found = Site.objects.select_for_update().filter(code=site).first()
    return (queries.scope_of(found) if found else Scope("site", site)), found


@action("custody.keep_by_list", about=_new_site)
def keep_by_list(
    *,
    act: Act,
    row: Site | None,
    actor: Actor,
    site: Code,
    zone: Annotated[str, Field(max_length=40)],
    since: date,
    name: Annotated[str, Field(max_length=200)] = "",
) -> KeptByList:
    """Keep a site by its own list, from a day on; the site is made if it is new, with its code as its name if none is given.

    Raises NotAZone, OtherZone, and KeptByMuster for a site whose people have recorded something.
    """
    kept_in = zone_of(zone).key
    if row is None:
        row = Site(code=site, name=name or site, zone=kept_in)
    elif row.kept_by_list_since is None:
        if queries.kept_by_muster(row):
            raise KeptByMuster(site=site)
        row.zone = kept_in
    if row.zone != kept_in:
        raise OtherZone(site=site, zone=row.zone)
    row.kept_by_list_since = row.kept_by_list_since or since
    row.save()
    return KeptByList(site, kept_in)


@action("custody.import_list", about=site_locked)
def import_list(
    *, act: Act, row: Site, actor: Actor, site: Code, roster: RosterList,
    zone: Annotated[str, Field(max_length=40)] = "",
) -> ListRead:  # fmt: skip
    """Take one day's list in: every change it shows, as one batch, unsigned, with the list as the source.

    At a site kept by Muster the list is an observation: it opens differences and writes no entry. `zone`, where it
    is given, is the one in which the list was read.

    Raises OtherZone, TakenAlready, ListOutOfOrder.
    """
    if zone and zone_of(zone).key != row.zone:
        raise OtherZone(site=site, zone=row.zone)
    persons = references.known(row, [roster])
    things = _things_of(roster, persons)
    if _taken(site, roster, things):
        raise TakenAlready(site=site, listed=roster.listed)
    if row.kept_by_list_since:
        read, things = _follow(row, roster, persons, act=act)
    else:
        seen = observing.compare(row, roster, persons.things)
        observing.keep(seen, act=act, site=row, roster=roster)
        read = ListRead(roster.listed, roster.persons, 0, dict(seen.kinds()))
    digest = _digest_of(roster, things)
    ListTaken.objects.create(act=act, site=row, listed=roster.listed, persons=read.persons, digest=digest)
    return read


def _follow(
    site: Site, roster: RosterList, persons: Known, *, act: Act
) -> tuple[ListRead, Mapping[str, UUID]]:
    """Write the changes that the list shows; also the things of everybody on it."""
    stays = references.stays(site, persons.concerned(site))
    plan = rosters.plan_list(stays, roster, previous=_latest(site), zone=zone_of(site.zone))
    things = references.name_new(site, persons, act=act)
    source = f"custody list of {site.code}, {roster.listed}"
    written = _write(plan.operations, things, here=area(site, act=act), act=act, source=source)
    _open_differences(plan, things, act=act, site=site)
    return ListRead(roster.listed, plan.persons, written, dict(plan.kinds())), things


def _open_differences(plan: ListPlan, things: Mapping[str, UUID], *, act: Act, site: Site) -> None:
    """Open a difference for each person of whom lists contradict one another: the newer is taken, and somebody looks at it.

    Whoever stands twice on one list and did so on an earlier one, which is not settled, gets no second.
    """
    told = [
        (notice, things[notice.person])
        for notice in plan.notices
        if notice.person and notice.kind in TO_SETTLE
    ]
    if not told:
        return
    tags = dict(Thing.objects.filter(pk__in=[thing for _, thing in told]).values_list("pk", "tag"))
    twice = queries.open_differences([site.code]).filter(kind=Difference.Kind.LISTED_TWICE)
    known = set(twice.values_list("thing_id", flat=True))
    at = min(end_of_day(plan.listed, zone_of(site.zone)), timezone.now())
    for notice, thing in told:
        kind = TO_SETTLE[notice.kind]
        if kind != Difference.Kind.LISTED_TWICE or thing not in known:
            Difference.objects.create(
                act=act, kind=kind, site=site, thing_id=thing, words=notice.of_whom(tags[thing]), opened_at=at
            )


def _latest(site: Site) -> date | None:
    """The date of the latest list taken in."""
    taken = ListTaken.objects.filter(site=site).order_by("-listed")
    return taken.values_list("listed", flat=True).first()


def _write(
    operations: Sequence[Operation], known: dict[str, UUID], *, here: Holder, act: Act, source: str
) -> int:
    away = outside(act=act)
    changes = [_change(operation, known[operation.person], here, away) for operation in operations]
    entries = write(changes, act=act, source=source)
    end_stale_offers(act, {entry.thing_id: entry.happened_at for entry in entries})
    admitted = defaultdict(list)
    for operation in operations:
        if isinstance(operation, Arrive):
            admitted[known[operation.person]].append(operation.admitted_at)
    arrivals = [entry for entry in entries if entry.kind == "push" and entry.receiver_id == here.pk]
    ListedStay.objects.bulk_create(
        ListedStay(act=act, thing_id=entry.thing_id, n=entry.n, admitted_at=admitted[entry.thing_id].pop(0))
        for entry in arrivals
    )
    return len(entries)


def _change(operation: Operation, thing: UUID, here: Holder, away: Holder) -> Push | Pop:
    match operation:
        case Undo():
            return Pop(thing=thing, reason="list_corrects")
        case Arrive():
            return Push(
                thing=thing, receiver=here.pk, happened_at=operation.at, earliest_at=operation.earliest_at,
                latest_at=operation.latest_at, reason="listed",
            )  # fmt: skip
        case Depart():
            return Push(
                thing=thing, receiver=away.pk, happened_at=operation.at, earliest_at=operation.earliest_at,
                latest_at=operation.latest_at, reason="not_listed",
            )  # fmt: skip


def import_rosters(
    source: Path | BinaryIO, *, actor: Actor, site: str, zone: str, name: str, dry_run: bool = False,
    keep_good: bool = False, told: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:  # fmt: skip
    """Take a file of daily lists in, list by list; what `muster import rosters --json` prints.

    A dry run asks, checks and plans like the real run, and writes nothing. A second run of the same file writes
    nothing and gives the first tokens. `told` is called after each list.

    Raises FaultyFile for every fault at once, WholeLists, NotAZone, OtherZone, ListOutOfOrder, and NotPermitted or
    NotFound.
    """
    if keep_good:
        raise WholeLists()
    where = zone_of(zone)
    table = read_table(source, columns=rosters.COLUMNS, optional=rosters.OPTIONAL_COLUMNS)
    read = rosters.read_lists(table, zone=where)
    if read.faults:
        raise FaultyFile(read.faults)
    taken = _plan(actor, site, where, read.lists) if dry_run else _take_in(actor, site, where, read.lists)
    notices: Counter[str] = Counter()
    tokens: list[dict[str, Any]] = []
    for number, (roster, (counts, known_at)) in enumerate(zip(read.lists, taken, strict=True), 1):
        notices.update(counts)
        tokens.append(_token(roster.listed, roster.persons, known_at))
        told(number, len(read.lists))
    rows = len(table.rows)
    kept = 0 if dry_run else rows
    return {
        "file": name,
        "rows": rows,
        "kept": kept,
        "refused": [],
        "notices": dict(sorted(notices.items())),
        "lists": tokens,
    }


Told = tuple[Mapping[str, int], int | None]  # the notices of a list, and its token


def _take_in(actor: Actor, site: str, where: ZoneInfo, lists: Sequence[RosterList]) -> Iterator[Told]:
    """Take each list in; those of the record give what they were first answered, by whomever they were sent."""
    found = Site.objects.filter(code=site).first()
    if found is None or not queries.kept_by_muster(found):
        since = lists[0].listed
        key = uuid5(NAMESPACE_OID, f"{site} {where.key} {since}")
        keep_by_list(actor=actor, key=key, site=site, zone=where.key, since=since)
    for roster in lists:
        yield _first_answer(actor, site, roster) or _take_one_in(actor, site, where, roster)


def _take_one_in(actor: Actor, site: str, where: ZoneInfo, roster: RosterList) -> Told:
    try:
        done = import_list(actor=actor, site=site, roster=roster, zone=where.key)
    except TakenAlready:
        # Somebody else took the same list in while this one waited for the site.
        first = _first_answer(actor, site, roster)
        assert first
        return first
    return done.answer.notices, done.known_at


def _first_answer(actor: Actor, site: str, roster: RosterList) -> Told | None:
    """What this very list was answered when it was first taken in, by whomever; None for a new one."""
    found = Site.objects.filter(code=site).first()
    if found is None or not ListTaken.objects.filter(site=found, listed=roster.listed).exists():
        return None
    first = _taken(site, roster, _things_of(roster, references.known(found, [roster])))
    if first is None:
        return None
    can(actor, "custody.import_list", queries.scope_of(first.site))
    return first.act.answer.body["notices"], number_of(first.act_id)


def _plan(actor: Actor, site: str, where: ZoneInfo, lists: Sequence[RosterList]) -> Iterator[Told]:
    """What `_take_in` would say, and refuse, of each list, with nothing written; what is new has no token."""
    found = Site.objects.filter(code=site).first()
    scope = queries.scope_of(found) if found else Scope("site", site, site=site)
    observed = found is not None and queries.kept_by_muster(found)
    if not observed:
        can(actor, "custody.keep_by_list", scope)
    can(actor, "custody.import_list", scope)
    if found and (observed or found.kept_by_list_since) and found.zone != where.key:
        raise OtherZone(site=site, zone=found.zone)
    persons = references.known(found, lists) if found else Known({}, {})
    stays: Stays = {} if found is None or observed else references.stays(found, persons.things)
    latest = _latest(found) if found else None
    for roster in lists:
        if first := _first_answer(actor, site, roster):
            yield first
        elif found and observed:
            yield observing.compare(found, roster, persons.things).kinds(), None
        else:
            plan = rosters.plan_list(stays, roster, previous=latest, zone=where)
            stays, latest = plan.stays, roster.listed
            yield plan.kinds(), None


def _token(listed: date, persons: int, known_at: int | None) -> dict[str, Any]:
    return {"date": listed.isoformat(), "persons": persons, "known_at": known_at}


def _taken(site: str, roster: RosterList, things: Mapping[str, UUID]) -> ListTaken | None:
    """The very list, where it is in the record."""
    taken = ListTaken.objects.filter(site=site, listed=roster.listed, digest=_digest_of(roster, things))
    return taken.select_related("act__answer", "site").first()


def _things_of(roster: RosterList, persons: Known) -> Mapping[str, UUID]:
    """The things of those of the list whom the record knows, by reference or else by tag."""
    return observing.things_by_tag(roster) | persons.things


def _digest_of(roster: RosterList, things: Mapping[str, UUID]) -> str:
    """The hash of a list's lines, in which persons stand by the ids of their things.

    A hash of references could be guessed for ever. Of a person whom the record does not know, a line says the admission alone.
    """
    lines = (f"{things.get(line.person, '')},{line.admission.at.isoformat()}\n" for line in roster.lines)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
