"""The case of a person: opened of itself with each stay, and read from the record.

A stay is the whole presence, from the outside to the outside again, over all sites. What is recorded of a case
has a moment, and belongs to the stay of that moment: a corrected arrival moves it along.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from muster.access.control import Actor, can
from muster.cases.inforce import Leg, present_site
from muster.cases.models import (
    Appointment,
    CaseDocument,
    CaseKept,
    CaseNote,
    CaseTransfer,
    NoticeSent,
)
from muster.cases.queries import legs_of
from muster.core.errors import NotFound
from muster.core.tags import parse_tag
from muster.custody.merging import stands_for
from muster.custody.models import Merge
from muster.custody.queries import scope_of, site_for
from muster.ledger import bulk
from muster.ledger.models import Holder, Thing
from muster.parties.models import Site

R = TypeVar("R", bound=Model)


@dataclass(frozen=True)
class Stay:
    """One stay: its number from 1, when it began and where, and when it ended; None: it goes on."""

    number: int
    began_at: datetime
    began_site: str
    ended_at: datetime | None


@dataclass
class Case:
    """The case of one stay: who keeps it, what is offered, and what was recorded of it, each the earliest first.

    `present`: the site that holds the person now; empty where none does.
    """

    thing: Thing
    stay: Stay
    stays: int
    present: str
    kept: list[CaseKept] = field(default_factory=list)
    transfers: list[CaseTransfer] = field(default_factory=list)
    notes: list[CaseNote] = field(default_factory=list)
    documents: list[CaseDocument] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    notices: list[NoticeSent] = field(default_factory=list)

    @property
    def keeper(self) -> CaseKept | None:
        """Who keeps it; None: nobody yet."""
        return self.kept[-1] if self.kept else None

    @property
    def waiting(self) -> CaseTransfer | None:
        """The transfer that nobody has answered."""
        return next((each for each in self.transfers if not hasattr(each, "answered")), None)

    def due_appointments(self, now: datetime) -> list[Appointment]:
        """The appointments that are past, and of which nobody has said what came of them."""
        return [each for each in self.appointments if each.at < now and not hasattr(each, "ended")]


def stays_of(legs: Sequence[Leg]) -> list[Stay]:
    """The stays that these legs make, the earliest first."""
    found: list[Stay] = []
    since: Leg | None = None
    for leg in legs:
        if leg.known_until is not None:
            continue
        if leg.outside and since:
            found.append(Stay(len(found) + 1, since.at, since.to_site, leg.at))
            since = None
        elif not leg.outside and since is None:
            since = leg
    if since:
        found.append(Stay(len(found) + 1, since.at, since.to_site, None))
    return found


def cases_of(things: Iterable[Thing], *, number: int | None = None) -> dict[UUID, Case]:
    """The case of each of these persons, by id: of the latest stay, or of the one of that number. Who never came has none.

    What was recorded of a record that is merged into a person's belongs to the person.
    """
    by_id = {thing.pk: thing for thing in things}
    legs = legs_of(by_id)
    found: dict[UUID, Case] = {}
    every: dict[UUID, list[Stay]] = {}
    for pk, thing in by_id.items():
        every[pk] = stays = stays_of(legs[pk])
        if stays and (number is None or 1 <= number <= len(stays)):
            stay = stays[-1] if number is None else stays[number - 1]
            found[pk] = Case(thing, stay, len(stays), present_site(legs[pk]))
    whose = _whose(found)
    for rows, name, at in _tables(list(whose)):
        for row in rows:
            pk = whose[row.event.thing_id if name == "notices" else row.thing_id]
            if _stay_of(every[pk], at(row)) == found[pk].stay.number:
                getattr(found[pk], name).append(row)
    return found


def _tables(things: Collection[UUID]) -> list[tuple[QuerySet[Any], str, Any]]:
    def of(model: type[R], *related: str) -> QuerySet[R]:
        rows = model._default_manager.filter(thing__in=bulk.any_of(things))
        return rows.select_related("site", "act__actor", "act__number", *related)

    sent = NoticeSent.objects.filter(
        event__thing__in=bulk.any_of(things), event__corrected_by__isnull=True, event__withdrawn=False
    )

    def moment(row: Any) -> Any:
        return row.at

    return [
        (of(CaseKept, "worker").order_by("at", "pk"), "kept", moment),
        (of(CaseTransfer, "to_site", "to_worker", "answered").order_by("at", "pk"), "transfers", moment),
        (of(CaseNote, "thing", "corrected_by").order_by("at", "pk"), "notes", moment),
        (of(CaseDocument).order_by("dated", "pk"), "documents", moment),
        (of(Appointment, "ended", "moved_from").order_by("at", "pk"), "appointments", lambda row: row.act.recorded_at),
        (sent.select_related("event__site", "act__actor").order_by("event__at", "pk"), "notices", lambda row: row.event.at),
    ]  # fmt: skip


def _stay_of(stays: Sequence[Stay], at: datetime) -> int:
    """The number of the stay to which a moment belongs: the latest that had begun, else the first."""
    begun = [stay.number for stay in stays if stay.began_at <= at]
    return begun[-1] if begun else 1


def _whose(things: Collection[UUID]) -> dict[UUID, UUID]:
    """Whose case a record's is: its own, or that of the record into which it is merged."""
    found = {thing: thing for thing in things}
    new = set(found)
    while new:
        rows = Merge.objects.filter(survivor__in=new, undone__isnull=True)
        merged = {d: found[s] for s, d in rows.values_list("survivor_id", "duplicate_id") if d not in found}
        found |= merged
        new = set(merged)
    return found


def kept_by(site: str) -> list[Thing]:
    """The persons whose case this site ever kept, and who are still held somewhere or have an appointment without outcome."""
    kept = Thing.objects.filter(pk__in=CaseKept.objects.filter(site=site).values("thing"))
    waits = Q(pk__in=Appointment.objects.filter(ended=None).values("thing"))
    return list(kept.filter(~Q(head__holder__kind=Holder.Kind.OUTSIDE) | waits).order_by("tag"))


def case_at(
    actor: Actor, site: str, thing: Thing | None, *, name: str, number: int | None = None
) -> tuple[Site, Case]:
    """The case of a person whom the site holds or held, or whose case it keeps, for those who read cases there.

    Raises NotFound, NotPermitted.
    """
    place = site_for(actor, site)
    can(actor, "cases.read_case", scope_of(place))
    if thing is not None:
        found = stands_for(thing)
        case = cases_of([found], number=number).get(found.pk)
        was_here = found.entries.filter(receiver__site=place.pk).exists()
        if case and (was_here or (case.keeper and case.keeper.site_id == place.pk)):
            return place, case
    raise NotFound(kind="case", name=name)


def case_told(actor: Actor, site: str, tag: str) -> dict[str, Any]:
    """The case of a person's latest stay as the API gives it. Raises TagMisread, NotFound, NotPermitted."""
    thing = Thing.objects.filter(kind=Thing.Kind.PERSON, tag=parse_tag(tag)).first()
    _, case = case_at(actor, site, thing, name=tag)
    stay, keeper, waiting = case.stay, case.keeper, case.waiting
    return {
        "person": case.thing.tag, "stay": stay.number, "stays": case.stays, "began_at": stay.began_at.isoformat(),
        "ended_at": stay.ended_at and stay.ended_at.isoformat(), "present": case.present,
        "worker": keeper.worker.username if keeper else None, "kept_at": keeper.site_id if keeper else None,
        "transfer": waiting.pk if waiting else None, "notes": len(case.notes),
        "appointments": [
            {"appointment": row.pk, "kind": row.kind, "at": row.at.isoformat(), "place": row.place,
             "outcome": row.ended.outcome if hasattr(row, "ended") else None, "reason": row.ended.reason if hasattr(row, "ended") else None}
            for row in case.appointments
        ],
        "notices": [
            {"event": row.event.event, "at": row.event.at.isoformat(), "to_office": row.to_office, "how": row.how,
             "reference": row.reference, "sha256": row.sha256}
            for row in case.notices
        ],
        "documents": [
            {"kind": row.kind, "title": row.title, "dated": row.dated.isoformat(), "sha256": row.sha256} for row in case.documents
        ],
    }  # fmt: skip
