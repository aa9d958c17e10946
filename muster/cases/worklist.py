"""What is missing at a site: the lists that come before any dashboard, each line with the one thing to do about it.

They are the tasks of the case workers, reckoned as somebody looks: from transfers, keepers, clocks, checklists, appointments and incidents.
None of it is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from muster.access.control import Actor, can
from muster.cases import due
from muster.cases.casework import notice_events
from muster.cases.checklists import Checklist, checklist_of, missing_at
from muster.cases.models import CaseTransfer, OpenClock, RecordedEvent
from muster.cases.packs import load_standards
from muster.cases.rules import NOTICES, Rule
from muster.cases.stays import Case, cases_of, kept_by
from muster.custody.queries import incidents, present, scope_of, site_for
from muster.ledger.models import Thing
from muster.parties.models import Site

# The kinds of lines, in the order in which they are told.
KINDS: Mapping[str, str] = {
    "transfer": "Transfers that wait",
    "keeper": "Nobody here keeps the case",
    "notice": "Notices owed",
    "proof": "Notices without proof",
    "check": "Checks past due",
    "appointment": "Appointments without outcome",
    "incident": "Incidents not closed",
}


@dataclass(frozen=True)
class Line:
    """One thing to do: of whom, since when or by when, and what the page is about on which it is done.

    `subject`: a kind of page and what it is of. `late`: its time is over.
    """

    kind: str
    words: str
    subject: tuple[str, str]
    persons: list[Thing] = field(default_factory=list)
    since: datetime | None = None
    due_at: datetime | None = None
    late: bool = False


@dataclass(frozen=True)
class Worklist:
    """What is missing at a site, by kind in the order of `KINDS`; of `persons` there; and who keeps cases of the site, by account."""

    site: Site
    persons: int
    lines: dict[str, list[Line]]
    workers: dict[str, int]

    @property
    def count(self) -> int:
        return sum(len(lines) for lines in self.lines.values())


def worklist(site: Site, *, now: datetime, worker: str = "") -> Worklist:
    """What is missing at a site; with `worker` of the cases alone that the account of that name keeps there.

    Those held there count, those whose case the site keeps, and those of whom it owes a notice, wherever they are.
    """
    due.bring_up(now)
    here = {thing.pk: thing for thing in present(site.pk)}
    owed = {thing.pk: thing for thing in Thing.objects.filter(pk__in=_open_notices(site).values("thing"))}
    kept = {thing.pk: thing for thing in kept_by(site.pk)}
    every = cases_of({**here, **owed, **kept}.values())
    ours = {pk: case for pk, case in every.items() if pk in here or pk in owed or _keeps(site, case)}
    workers: dict[str, int] = defaultdict(int)
    for case in ours.values():
        if _keeps(site, case) and case.stay.ended_at is None and case.keeper:
            workers[case.keeper.worker.username] += 1
    if worker:
        ours = {
            pk: case
            for pk, case in ours.items()
            if _keeps(site, case) and case.keeper and case.keeper.worker.username == worker
        }
    lists = [each for each in missing_at(site, now=now).lists if each.thing in ours]
    lines = [
        *_transfers(site, ours, worker), *_keepers(site, ours, here), *_notices(site, ours, now), *_without_proof(site, ours),
        *_checks(lists, ours), *_appointments(ours, now), *_incidents(site, ours, everybody=not worker),
    ]  # fmt: skip
    return Worklist(site, len(here), _by_kind(lines, now), dict(sorted(workers.items())))


def of_case(site: Site, case: Case, *, now: datetime) -> dict[str, list[Line]]:
    """What is missing of one case at a site, by kind in the order of `KINDS`."""
    due.bring_up(now)
    thing = case.thing
    ours, here = {thing.pk: case}, {thing.pk: thing} if case.present == site.pk else {}
    checklist = checklist_of(site, thing, "in", now=now) if here else None
    lines = [
        *(line for line in _transfers(site, ours, "") if line.persons == [thing]), *_keepers(site, ours, here),
        *_notices(site, ours, now), *_without_proof(site, ours), *_checks([checklist] if checklist else [], ours),
        *_appointments(ours, now), *_incidents(site, ours, everybody=False),
    ]  # fmt: skip
    return _by_kind(lines, now)


def _by_kind(lines: Iterable[Line], now: datetime) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {kind: [] for kind in KINDS}
    for line in lines:
        found[line.kind].append(line)
    for of_kind in found.values():
        of_kind.sort(key=lambda line: (not line.late, line.due_at or line.since or now))
    return {kind: of_kind for kind, of_kind in found.items() if of_kind}


def _keeps(site: Site, case: Case) -> bool:
    return case.keeper is not None and case.keeper.site_id == site.pk


def _transfers(site: Site, ours: Mapping[UUID, Case], worker: str) -> Iterator[Line]:
    """Those that come to the site, or the worker, and those of its own that nobody has answered."""
    rows = CaseTransfer.objects.filter(answered=None).select_related(
        "site", "to_site", "to_worker", "thing", "act"
    )
    for row in rows.order_by("at", "pk"):
        to = row.to_worker.username if row.to_worker else ""
        comes = row.to_site_id == site.pk and (not worker or to in ("", worker))
        if not comes and not (row.site_id == site.pk and row.thing_id in ours):
            continue
        to_whom = f"{to} of {row.to_site_id}" if to else row.to_site_id
        words = f"offered by {row.site_id} to {to_whom}: {row.reason.rstrip('.')}"
        yield Line(
            "transfer", words, ("answer" if comes else "withdraw", str(row.pk)), [row.thing], since=row.at
        )


def _keepers(site: Site, ours: Mapping[UUID, Case], here: Mapping[UUID, Thing]) -> Iterator[Line]:
    """Those held here whose case nobody keeps, by when they came; and those whose case another site keeps and has not offered."""
    nobody: dict[datetime, list[Thing]] = defaultdict(list)
    for pk, case in ours.items():
        if pk not in here:
            continue
        if case.keeper is None:
            nobody[case.stay.began_at].append(case.thing)
        elif case.keeper.site_id != site.pk and case.waiting is None:
            words = f"kept by {case.keeper.worker} of {case.keeper.site_id}, and not offered to this site"
            yield Line("keeper", words, ("case", str(pk)), [case.thing], since=case.keeper.at)
    for since, things in sorted(nobody.items()):
        yield Line("keeper", "no worker", ("assign", ""), things, since=since)


def _notice_rules() -> dict[tuple[str, str], Rule]:
    """The rules that ask for a notice, by pack and id."""
    packs = load_standards().by_id.values()
    return {(pack.id, rule.id): rule for pack in packs for rule in pack.rules.values() if rule.notice}


def _open_notices(site: Site) -> QuerySet[OpenClock]:
    """The open clocks on the site's list of rules of these names."""
    return OpenClock.objects.filter(site=site.pk, rule__in={rule for _, rule in _notice_rules()})


def _notices(site: Site, ours: Mapping[UUID, Case], now: datetime) -> Iterator[Line]:
    """The notices whose clocks are open, by rule and start: those of one bus stand together."""
    rules, rows = _notice_rules(), _open_notices(site).filter(thing__in=list(ours))
    together: dict[tuple[str, str, datetime, datetime | None, datetime | None], list[Thing]] = defaultdict(
        list
    )
    for row in rows:
        if (row.pack, row.rule) in rules:
            key = (row.pack, row.rule, row.started_at, row.due_at, row.breach_at)
            together[key].append(ours[row.thing].thing)
    for (pack, name, since, due_at, breach_at), things in together.items():
        rule = rules[pack, name]
        words = f"{rule.name} ({rule.id}), to {NOTICES[rule.notice]}"
        event = next(name for name in rule.timing.stop_on if name in notice_events())
        late = breach_at is not None and now > breach_at
        yield Line(
            "notice",
            words,
            ("notice", event),
            sorted(things, key=_tag),
            since=since,
            due_at=due_at,
            late=late,
        )


def _tag(thing: Thing) -> str:
    return str(thing.tag)


def _without_proof(site: Site, ours: Mapping[UUID, Case]) -> Iterator[Line]:
    """What was recorded here as a notice, in the stay, and says nothing that proves it."""
    events = load_standards().events
    named = [name for name in notice_events() if not events[name].in_agency_system]
    rows = RecordedEvent.objects.filter(
        thing__in=list(ours), event__in=named, done=True, corrected_by__isnull=True, withdrawn=False
    )
    told = [(row, row.thing) for row in rows.select_related("thing").order_by("at", "pk") if row.thing]
    told = [(row, thing) for row, thing in told if row.at >= ours[thing.pk].stay.began_at]
    proven = {(thing.pk, row.event) for row, thing in told if row.proof}
    for row, thing in told:
        if row.site_id == site.pk and (thing.pk, row.event) not in proven:
            words = f"{events[row.event].words}; nothing says how"
            yield Line("proof", words, ("notice", row.event), [thing], since=row.at)


def _checks(lists: Iterable[Checklist], ours: Mapping[UUID, Case]) -> Iterator[Line]:
    """The items of checklists whose time is over, by when the persons came; those that are notices are told as such."""
    together: dict[datetime, list[tuple[UUID, set[str]]]] = defaultdict(list)
    for each in lists:
        if late := {item.rule.name for item in each.open if item.is_late and not item.rule.notice}:
            together[each.stint.arrived_at].append((each.thing, late))
    for since, found in together.items():
        names = sorted({name for _, late in found for name in late})
        subject = ("checklist", str(found[0][0])) if len(found) == 1 else ("checklists", since.isoformat())
        persons = sorted((ours[thing].thing for thing, _ in found), key=_tag)
        yield Line("check", ", ".join(names), subject, persons, since=since, late=True)


def _appointments(ours: Mapping[UUID, Case], now: datetime) -> Iterator[Line]:
    for case in ours.values():
        for row in case.due_appointments(now):
            words = f"{row.get_kind_display()}, {row.place}"
            yield Line(
                "appointment", words, ("appointment", str(row.pk)), [case.thing], due_at=row.at, late=True
            )


def _incidents(site: Site, ours: Mapping[UUID, Case], *, everybody: bool) -> Iterator[Line]:
    """Those not closed at the site: all of them, or those of a worker's own persons."""
    rows = incidents(sites=[site.pk]).filter(closed__isnull=True)
    for row in rows.select_related("confirmed").prefetch_related("persons__thing"):
        persons = [each.thing for each in row.persons.all()]
        if not everybody and not any(thing.pk in ours for thing in persons):
            continue
        waits = row.kind in row.LEAVING and not hasattr(row, "confirmed")
        words = f"{row.get_kind_display()}, {row}{': a supervisor has to stand for it' if waits else ''}"
        yield Line("incident", words, ("incident", str(row.pk)), persons, since=row.at, late=waits)


# --- as the API gives it --------------------------------------------------------------


def worklist_told(actor: Actor, site: str, *, now: datetime, worker: str = "") -> dict[str, Any]:
    """What is missing at a site, as data, for those who may read its cases. Raises NotFound, NotPermitted."""
    place = site_for(actor, site)
    can(actor, "cases.read_case", scope_of(place))
    found = worklist(place, now=now, worker=worker)
    return {
        "site": place.pk, "as_of": now.isoformat(), "persons": found.persons, "workers": found.workers,
        "missing": [
            {"kind": kind, "words": line.words, "persons": [thing.tag for thing in line.persons], "late": line.late,
             "since": line.since and line.since.isoformat(), "due_at": line.due_at and line.due_at.isoformat()}
            for kind, lines in found.lines.items() for line in lines
        ],
    }  # fmt: skip
