"""Custody events from a file into the ledger: one act for all that was reported at one moment, in the order of these moments.

The whole file is checked upon the record as it is before its first act. The entries are unsigned and name the file as
their source; a fact that contradicts the record is kept as a report with a difference.
"""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from django.utils import timezone
from django.utils.crypto import salted_hmac
from pydantic import Field

from muster.access.control import Actor, can
from muster.core.csvfiles import read_table
from muster.core.errors import Fault, FaultyFile, MusterError
from muster.core.times import zone as zone_of
from muster.custody import events, references
from muster.custody.actions import areas, end_stale_offers
from muster.custody.events import OUTSIDE, Contradiction, Event, Live, Person, Place, Plan, Say, Told, Undo
from muster.custody.models import Difference, LeftOut, Replayed
from muster.custody.reports import LOOKS, Misfit, keep
from muster.ledger import bulk
from muster.ledger.models import Entry, Head, Holder, Thing
from muster.ledger.rules import BeforeLiveTop, NotTheHolder, Stale
from muster.ledger.writing import Pop, Push, live_stack, outside, write
from muster.parties.models import Site
from muster.record.action import TryAgain, action, sequence, the_record
from muster.record.models import Act, Number

LONGEST_FILE = 100
WHAT = {"arrive": "received", "move": "received", "release": "released"}  # as a report continues "having ..."


class ReplayedAlready(MusterError):
    """What was reported then has been taken in."""

    code = "custody.replayed"
    status = 409

    def __init__(self, *, said: str) -> None:
        self.said = said
        super().__init__(
            f"What was reported {f'at {said}' if said else 'without a time'} is in the record already, row by row. "
            "There is nothing to do: nothing was kept."
        )


class HashDisposed(MusterError):
    """Rows of that moment were taken in, and whether these are the same cannot be told any more."""

    code = "custody.hash_disposed"
    status = 409

    def __init__(self, *, said: str, act: UUID) -> None:
        self.said, self.act = said, act
        super().__init__(
            f"What was reported {f'at {said}' if said else 'without a time'} was taken in by the act {act}, and its hash was "
            "disposed of with a person's data: whether these rows are the same is not known. Look at that act; report what it "
            "does not have at a reported_at of its own."
        )


@dataclass(frozen=True)
class KeptAsReport:
    """One row that contradicts the record: the report that keeps it (None in a dry run), and why."""

    row: int
    kind: str
    message: str
    report: UUID | None


@dataclass(frozen=True)
class Taken:
    """What was taken in of one moment's rows: the entries written, the rows told late, reported or left out."""

    events: int
    entries: int
    late: int
    reports: list[KeptAsReport] = field(default_factory=list)
    refused: list[Fault] = field(default_factory=list)
    left_out: list[int] = field(
        default_factory=list
    )  # of the rows refused, where they stood among those told

    @property
    def report(self) -> UUID | None:
        """The first report, by which the doors tell that not all became entries."""
        return self.reports[0].report if self.reports else None


@action("custody.replay", about=the_record)
def replay(
    *, act: Act, row: None, actor: Actor, told: Told, file: Annotated[str, Field(max_length=LONGEST_FILE)],
    keep_good: bool = False,
) -> Taken:  # fmt: skip
    """Take in what a file reported at one moment, as one batch, unsigned, with the file as the source.

    With `keep_good` rows that cannot be meant are left out and told; without it they refuse the whole.

    Raises ReplayedAlready, HashDisposed, FaultyFile, ClockAhead, TryAgain.
    """
    references.keep_disposals_waiting()
    digest = digest_of(told)
    if Replayed.objects.filter(digest=digest).exists():
        raise ReplayedAlready(said=told.said)
    if disposed := _hash_disposed(told):
        raise disposed
    sites = {site.code: site for site in Site.objects.all()}
    source = f"custody events of {file}"
    plan, things, entries = _write(told.events, sites, act=act, source=source, keep_good=keep_good)
    _free(plan, things, act=act)
    reports = [_keep(one, things, sites, act=act, file=file) for one in plan.contradictions]
    Replayed.objects.create(act=act, reported_at=told.reported_at, events=len(told.events), digest=digest)
    rows = {fault.row for fault in plan.faults}
    left_out = [place for place, event in enumerate(told.events) if event.row in rows]
    of_whom = {things.get(told.events[place].person) for place in left_out}
    LeftOut.objects.bulk_create(LeftOut(act=act, thing_id=thing) for thing in of_whom)
    kept = len(told.events) - len(left_out)
    return Taken(kept, entries, plan.late, reports, plan.faults, left_out)


def _hash_disposed(told: Told) -> HashDisposed | None:
    """Why rows that no hash recognises may have been taken in before; None where they have not been.

    Rows without a time share none: those that were taken in before were as many.
    """
    taken = Replayed.objects.filter(digest=None, reported_at=told.reported_at).order_by("pk")
    if told.reported_at is None:
        taken = taken.filter(events=len(told.events))
    first = taken.first()
    return HashDisposed(said=told.said, act=first.act_id) if first else None


def _write(
    told: Sequence[Event], sites: Mapping[str, Site], *, act: Act, source: str, keep_good: bool
) -> tuple[Plan, dict[str, UUID], int]:
    """Plan the rows upon the record and write what comes of them; whoever loses a race looks again.

    Gives the plan, the things of its persons, and how many entries were written.
    """
    things = references.things_named({event.person for event in told})
    for _ in range(LOOKS):
        plan = plan_upon_record([told], things, places(sites.values()))
        if plan.faults and not keep_good:
            raise FaultyFile(plan.faults)
        things |= references.name_persons({op.person for op in plan.operations} - set(things), act=act)
        changes = list(_changes(plan, things, _holders(plan, sites, act), source))
        try:
            entries = write(changes, act=act)
        except (Stale, NotTheHolder, BeforeLiveTop):
            continue
        # A pop takes the live top, whatever it is: one that was not planned for is somebody else's.
        undone = {(things[op.person], op.n) for op in plan.operations if isinstance(op, Undo)}
        if undone != {(entry.thing_id, entry.n) for entry in entries if entry.kind == "pop"}:
            break
        return plan, things, len(entries)
    raise TryAgain()


def plan_upon_record(
    told: Iterable[Sequence[Event]], things: Mapping[str, UUID], sites: Mapping[str, Place]
) -> Plan:
    """Plan what was told, one after the other, upon what the record has of these things; others are new."""
    rows = [event for one in told for event in one]
    names = {event.person for event in rows}
    others = references.not_persons(names)
    persons = {name: Person() for name in names} | persons_of(things)
    plan = events.plan_events((row for row in rows if row.person not in others), persons, sites)
    plan.faults += [_not_a_person(row) for row in rows if row.person in others]
    return plan


def _not_a_person(event: Event) -> Fault:
    why = f"{event.person} is the tag of something else than a person. Scan the person's band again."
    return Fault(event.row, "person", "custody.not_a_person", why)


def _holders(plan: Plan, sites: Mapping[str, Site], act: Act) -> dict[str, UUID]:
    """The holders that the plan names, by code; a site's area is made when it is first needed."""
    codes = {
        side for op in plan.operations if isinstance(op, Say) for side in (op.live.giver, op.live.receiver)
    }
    found = dict(Holder.objects.filter(code__in=codes).values_list("code", "pk"))
    if OUTSIDE in codes and OUTSIDE not in found:
        found[OUTSIDE] = outside(act=act).pk
    return found | areas([sites[code] for code in sorted(codes - set(found))], act=act)


def _changes(
    plan: Plan, things: Mapping[str, UUID], holders: Mapping[str, UUID], source: str
) -> Iterator[Push | Pop]:
    for op in plan.operations:
        if not isinstance(op, Say):
            yield Pop(thing=things[op.person], reason=op.reason, source=source)
            continue
        live = op.live
        yield Push(
            thing=things[op.person], giver=holders[live.giver], receiver=holders[live.receiver], happened_at=live.at,
            earliest_at=live.earliest_at, latest_at=live.latest_at, reason=live.reason, mission=live.mission,
            handover=live.handover, source=source if op.new else live.source, repeats=live.repeats,
        )  # fmt: skip


def _free(plan: Plan, things: Mapping[str, UUID], *, act: Act) -> None:
    """Take who was released or moved off their open offers, each with a difference where the offer was made."""
    moved = {things[op.person]: op.live.at for op in plan.operations if isinstance(op, Say)}
    end_stale_offers(act, moved)


def _keep(
    one: Contradiction, things: Mapping[str, UUID], sites: Mapping[str, Site], *, act: Act, file: str
) -> KeptAsReport:
    event = one.event
    assert event.at  # what contradicts the record is something that happened at some moment
    thing = Thing.objects.get(pk=things[event.person])
    words = f"{thing.tag} {one.words}"
    misfit = Misfit(
        tag=thing.tag, kind=Difference.Kind(one.kind), words=words, thing=thing, held_by=one.held_by
    )
    report = keep(
        [misfit], act=act, site=sites[one.site], at=event.at, what=WHAT[event.event], reason=event.reason, file=file,
        row=str(event.row), event=event.event,
    )  # fmt: skip
    assert report
    return KeptAsReport(event.row, one.kind, words, report)


def persons_of(things: Mapping[str, UUID]) -> dict[str, Person]:
    """The persons' stacks as the ledger has them now; two names of one record give one person."""
    ids = set(things.values())
    heads = {thing: (n, top, origin) for thing, n, top, origin in Head.objects.filter(thing__in=bulk.any_of(ids)).values_list(
        "thing_id", "n", "top", "thing__origin__code")}  # fmt: skip
    written = [thing for thing, (n, _, _) in heads.items() if n]
    entries: dict[UUID, dict[int, _Row]] = defaultdict(dict)
    for row in Entry.objects.filter(thing__in=bulk.any_of(written)).values_list(*_COLUMNS):
        entries[row[0]][row[1]] = _Row(row[2], Live(row[1], *row[3:]))
    found = {
        thing: Person(origin, n, [row.live for row in reversed(live_stack(entries[thing], top))])
        for thing, (n, top, origin) in heads.items()
    }
    return {name: found[thing] for name, thing in things.items()}


_COLUMNS = (
    "thing_id", "n", "base", "giver__code", "receiver__code", "happened_at", "earliest_at", "latest_at", "reason", "mission",
    "handover_id", "source", "repeats",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    base: int
    live: Live


def places(sites: Iterable[Site]) -> dict[str, Place]:
    """The sites as rows may name them."""
    return {site.code: Place(zone_of(site.zone), site.kept_by_list_since is not None) for site in sites}


def digest_of(told: Told) -> str:
    """The keyed hash of what was reported at one moment, whatever the file is called and wherever the rows stand."""
    lines = [told.reported_at.isoformat() if told.reported_at else ""]
    lines += [
        "\x1f".join((e.person, e.event, e.site, e.at.isoformat() if e.at else "", e.reason))
        for e in told.events
    ]
    return salted_hmac("muster.custody.replay", "\n".join(lines), algorithm="sha256").hexdigest()


# The file


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """All rows of a file stay until it is taken in: to look through them for cycles, again and again, is a fifth of the work."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


@_no_search_for_cycles()
def replay_file(
    source: Path | BinaryIO, *, actor: Actor, name: str, zone: str | None = None, dry_run: bool = False,
    keep_good: bool = False, told: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:  # fmt: skip
    """Take a file of custody events in; what `muster replay --json` prints.

    A dry run asks and checks like the real run, and writes nothing. A second run of the same file writes nothing and
    gives the first tokens. `told` is called after each act.

    Raises FaultyFile for every fault at once, NotAZone, and NotPermitted.
    """
    can(actor, "custody.replay", the_record()[0])
    where = zone_of(zone) if zone else None
    table = read_table(source, columns=events.COLUMNS, optional=events.OPTIONAL_COLUMNS)
    sites = places(Site.objects.all())
    read = events.read_events(table, sites=sites, zone=where, now=timezone.now())
    answers = _first_answers(read.told)
    parts = [part for report in read.told for part in _parts(report, answers)]
    unseen = [part.told for part in parts if part.first is None]
    disposed = [fault for one in unseen for fault in _not_recognised(one)]
    out = {fault.row for fault in disposed}
    new = [[row for row in one.events if row.row not in out] for one in unseen]
    plan = plan_upon_record(new, references.things_named({row.person for rows in new for row in rows}), sites)
    plan.faults += disposed
    faults = [*read.faults, *plan.faults]
    if table.faults or (faults and not keep_good):
        raise FaultyFile(sorted(faults, key=_row_of))
    refused = {fault.row: fault for fault in plan.faults}
    taken: list[Answered] = []
    for part in parts:
        left = [refused[event.row] for event in part.told.events if event.row in refused]
        if part.first:
            taken.append(part.first)
        elif dry_run or len(left) == len(part.told.events):
            taken.append((Taken(0, 0, 0, refused=left), None))
        else:
            taken.append(_take_in(actor, part.told, name, keep_good=keep_good))
        told(len(taken), len(parts))
    said = [one for one, _ in taken] + ([_planned(plan)] if dry_run else [])
    left_out = [*read.faults, *(fault for one in said for fault in one.refused)]
    rows = len(table.rows)
    return {
        "file": name,
        "rows": rows,
        "kept": 0 if dry_run else rows - len({fault.row for fault in left_out}),
        "refused": [fault.to_json() for fault in sorted(left_out, key=_row_of)],
        "notices": _notices(said),
        "tokens": _tokens(parts, taken),
        "reports": [_shown(report) for one in said for report in one.reports],
    }


def _not_recognised(told: Told) -> list[Fault]:
    """A fault for each row of a moment whose hash was disposed of: no part of it is taken in a second time."""
    disposed = _hash_disposed(told)
    return (
        [Fault(row.row, "reported_at", disposed.code, str(disposed)) for row in told.events]
        if disposed
        else []
    )


Answered = tuple[Taken, int | None]  # what was taken in, and its token


@dataclass(frozen=True)
class _Part:
    """Rows that were told at one moment, and what they were answered when they were taken in; None for new ones."""

    told: Told
    first: Answered | None


def _parts(told: Told, answers: dict[str, Answered]) -> Iterator[_Part]:
    """What was told at one moment; the rows that were left out when the others were taken in are looked at anew."""
    rest: Told | None = told
    while rest:
        digest = digest_of(rest)
        if rest is not told:
            answers |= _first_answers([rest])
        first = answers.get(digest)
        left_out = first[0].left_out if first else []
        yield _Part(rest, first and (replace(first[0], refused=[]), first[1]))
        rest = replace(rest, events=tuple(rest.events[place] for place in left_out)) if left_out else None


def _tokens(parts: Sequence[_Part], taken: Sequence[Answered]) -> list[dict[str, Any]]:
    """The token of each moment: of the act that took its rows in, or the first of them."""
    tokens: dict[datetime | None, dict[str, Any]] = {}
    for part, (_, known_at) in zip(parts, taken, strict=True):
        said = {"reported_at": part.told.said or None, "known_at": None}
        token = tokens.setdefault(part.told.reported_at, said)
        token["known_at"] = token["known_at"] or known_at
    return list(tokens.values())


def _row_of(fault: Fault) -> int:
    return fault.row or 0


def _take_in(actor: Actor, told: Told, name: str, *, keep_good: bool) -> Answered:
    file = Path(name).name[-LONGEST_FILE:]
    try:
        done = replay(actor=actor, told=told, file=file, keep_good=keep_good)
    except ReplayedAlready:
        # Somebody else took the same rows in after they were looked up.
        (first,) = _first_answers([told]).values()
        return first
    return done.answer, done.known_at


def _first_answers(told: Sequence[Told]) -> dict[str, Answered]:
    """By digest, what those that are in the record were answered when they were taken in, by whomever."""
    digests = bulk.any_text_of(map(digest_of, told))
    found = list(Replayed.objects.filter(digest__in=digests).select_related("act__answer"))
    sequence()
    acts = bulk.any_of(one.act_id for one in found)
    numbers = dict(Number.objects.filter(act__in=acts).values_list("act_id", "number"))
    return {
        one.digest: (replay.answers.validate_python(one.act.answer.body), numbers.get(one.act_id))
        for one in found
        if one.digest
    }


def _planned(plan: Plan) -> Taken:
    """What a dry run says of what is new, besides the rows that are refused."""
    reports = [
        KeptAsReport(one.event.row, one.kind, f"The person {one.words}", None) for one in plan.contradictions
    ]
    return Taken(0, 0, plan.late, reports)


def _notices(taken: Iterable[Taken]) -> dict[str, int]:
    """How many rows there are of each kind that a reader of the numbers has to know."""
    kinds: Counter[str] = Counter()
    for one in taken:
        kinds["told_late"] += one.late
        kinds.update(report.kind for report in one.reports)
    return dict(sorted((+kinds).items()))


def _shown(report: KeptAsReport) -> dict[str, Any]:
    return {**asdict(report), "report": report.report and str(report.report)}
