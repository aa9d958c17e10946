"""Custody lists into the ledger: one act a list, in the order of their dates, after the whole file has been checked."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import NAMESPACE_OID, UUID, uuid5

from django.utils.crypto import salted_hmac
from pydantic import Field

from muster.access.control import Actor, Scope
from muster.core.csvfiles import read_table
from muster.core.errors import FaultyFile, MusterError
from muster.core.tags import MOST_TAGS, make_tag
from muster.core.times import zone as zone_of
from muster.custody import queries, rosters
from muster.custody.actions import area, site_locked
from muster.custody.models import ListedStay, ListTaken, Reference
from muster.custody.rosters import Arrive, Depart, Operation, RosterList, Stay, Undo
from muster.ledger.models import Entry, Head, Holder, Thing
from muster.ledger.writing import Pop, Push, live_stack, outside, things_of, write
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act


class KeptByMuster(MusterError):
    """The site's own clerks record what happens there, so a list of it writes no entries."""

    code = "custody.kept_by_muster"
    status = 409

    def __init__(self, *, site: str) -> None:
        self.site = site
        super().__init__(
            f"{site} is kept by Muster: its people record each change of hands, and a list writes no entries there. "
            "Compare the list with the census, and record what differs at the counter."
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
) -> KeptByList:
    """Keep a site by its own list, from a day on; the site is made if it is new.

    Raises NotAZone, OtherZone, and KeptByMuster for a site whose people have recorded something.
    """
    name = zone_of(zone).key
    if row is None:
        row = Site(code=site, name=site, zone=name)
    elif row.kept_by_list_since is None:
        if Holder.objects.filter(site=site).exists():
            raise KeptByMuster(site=site)
        row.zone = name
    if row.zone != name:
        raise OtherZone(site=site, zone=row.zone)
    row.kept_by_list_since = row.kept_by_list_since or since
    row.save()
    return KeptByList(site, name)


@action("custody.import_list", about=site_locked)
def import_list(
    *, act: Act, row: Site, actor: Actor, site: Code, roster: RosterList, digest: str
) -> ListRead:
    """Take one day's list in: every change it shows, as one batch, unsigned, with the list as the source.

    Raises KeptByMuster, ListOutOfOrder.
    """
    if row.kept_by_list_since is None:
        raise KeptByMuster(site=site)
    things = dict(Reference.objects.filter(site=row).values_list("digest", "thing_id"))
    digests = {person: _digest(row, person) for person in {line.person for line in roster.lines}}
    names = {things[key]: person for person, key in digests.items() if key in things}
    names |= {thing: key for key, thing in things.items() if thing not in names}
    stays = _stays(row, names)
    latest = ListTaken.objects.filter(site=row).order_by("-listed").values_list("listed", flat=True).first()
    plan = rosters.plan_list(stays, roster, previous=latest, zone=zone_of(row.zone))
    known = {name: thing for thing, name in names.items()}
    known |= _new_persons(row, sorted(set(digests) - set(known)), digests, act)
    source = f"custody list of {row.code}, {roster.listed}, SHA-256 {digest[:16]}"
    written = _write(plan.operations, known, here=area(row, act=act), act=act, source=source)
    ListTaken.objects.create(act=act, site=row, listed=roster.listed, persons=plan.persons, digest=digest)
    return ListRead(roster.listed, plan.persons, written, dict(plan.kinds()))


def _digest(site: Site, person: str) -> str:
    """The keyed hash of a reference: nobody without the server's key can try nine-digit numbers until one fits."""
    return salted_hmac("muster.custody.reference", f"{site.code}\0{person}", algorithm="sha256").hexdigest()


def _new_persons(site: Site, persons: Sequence[str], digests: dict[str, str], act: Act) -> dict[str, UUID]:
    tags: dict[str, str] = {}
    for person in persons:
        number = int(digests[person], 16) % MOST_TAGS
        while make_tag(number) in tags.values() or Thing.objects.filter(tag=make_tag(number)).exists():
            number = (number + 1) % MOST_TAGS
        tags[person] = make_tag(number)
    made = things_of(list(tags.values()), act=act, kind=Thing.Kind.PERSON, origin=outside(act=act))
    Reference.objects.bulk_create(
        Reference(act=act, site=site, digest=digests[person], thing=thing)
        for person, thing in zip(tags, made, strict=True)
    )
    return {person: thing.pk for person, thing in zip(tags, made, strict=True)}


def _stays(site: Site, names: dict[UUID, str]) -> dict[str, tuple[Stay, ...]]:
    """The stays at the site as the ledger has them now, by the person's reference (or its digest, if not on the list)."""
    admissions = {
        (thing, n): admitted
        for thing, n, admitted in ListedStay.objects.filter(thing__in=names).values_list(
            "thing_id", "n", "admitted_at"
        )
    }
    entries: dict[UUID, dict[int, Any]] = defaultdict(dict)
    columns = ("thing_id", "n", "base", "happened_at", "earliest_at", "giver__site", "receiver__site")
    for entry in Entry.objects.filter(thing__in=names).values_list(*columns, named=True):
        entries[entry.thing_id][entry.n] = entry
    tops = dict(Head.objects.filter(thing__in=names).values_list("thing_id", "top"))
    found: dict[str, tuple[Stay, ...]] = {}
    for thing, name in names.items():
        stays: list[Stay] = []
        for entry in reversed(live_stack(entries[thing], tops[thing])):
            if entry.receiver__site == site.code:
                stays.append(Stay(admissions[thing, entry.n], entry.happened_at))
            elif entry.giver__site == site.code:
                stays[-1] = Stay(
                    stays[-1].admitted_at, stays[-1].arrived_at, entry.happened_at, entry.earliest_at
                )
        found[name] = tuple(stays)
    return found


def _write(
    operations: Sequence[Operation], known: dict[str, UUID], *, here: Holder, act: Act, source: str
) -> int:
    away = outside(act=act)
    changes = [_change(operation, known[operation.person], here, away) for operation in operations]
    entries = write(changes, act=act, source=source)
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

    A dry run checks and plans the whole file as if nothing of the site were known yet, and writes nothing. A second run of the same file
    writes nothing and gives the first tokens. `told` is called after each list.

    Raises FaultyFile for every fault at once, WholeLists, NotAZone, OtherZone, KeptByMuster, ListOutOfOrder.
    """
    if keep_good:
        raise WholeLists()
    where = zone_of(zone)
    table = read_table(source, columns=rosters.COLUMNS, optional=rosters.OPTIONAL_COLUMNS)
    read = rosters.read_lists(table, zone=where)
    if read.faults:
        raise FaultyFile(read.faults)
    notices: Counter[str] = Counter()
    tokens: list[dict[str, Any]] = []
    if dry_run:
        for plan in rosters.plan_lists({}, read.lists, previous=None, zone=where):
            notices.update(plan.kinds())
            tokens.append(_token(plan.listed, plan.persons, None))
    else:
        since = read.lists[0].listed
        kept_key = uuid5(NAMESPACE_OID, f"{site} {zone} {since}")
        keep_by_list(actor=actor, key=kept_key, site=site, zone=zone, since=since)
        for number, roster in enumerate(read.lists, 1):
            digest = _digest_of(roster)
            counts, known_at = _first_answer(site, roster, digest) or _take_in(actor, site, roster, digest)
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


def _first_answer(site: str, roster: RosterList, digest: str) -> tuple[dict[str, int], int | None] | None:
    """What this very list was answered when it was first taken in, by whomever; None for a new one."""
    taken = ListTaken.objects.filter(site=site, listed=roster.listed, digest=digest)
    first = taken.select_related("act__answer", "act__number").first()
    return (first.act.answer.body["notices"], first.act.number.number) if first else None


def _take_in(actor: Actor, site: str, roster: RosterList, digest: str) -> tuple[dict[str, int], int | None]:
    done = import_list(actor=actor, site=site, roster=roster, digest=digest)
    return done.answer.notices, done.known_at


def _token(listed: date, persons: int, known_at: int | None) -> dict[str, Any]:
    return {"date": listed.isoformat(), "persons": persons, "known_at": known_at}


def _digest_of(roster: RosterList) -> str:
    lines = (f"{line.person},{line.admission.at.isoformat()}\n" for line in roster.lines)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
