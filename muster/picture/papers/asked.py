"""Who asks for a paper, of what, as of when, and as known at which act."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet
from django.utils import timezone

from muster.access.control import Actor, can, one_of, visible
from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.cases import queries as cases
from muster.cases.checklists import is_shelter
from muster.core.errors import MusterError, NotFound
from muster.core.tags import TagMisread, parse_tag
from muster.core.times import parse_moment, start_of_day, zone
from muster.custody import queries as custody
from muster.custody.merging import scope_of
from muster.custody.models import Count, Difference, PropertyReceipt, RecordGiven
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.documents.sheets import moment
from muster.ledger import queries as ledger
from muster.ledger.models import Entry, Handover, Holder, Thing
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.record.models import Act
from muster.tasks.models import Task
from muster.transport import queries as transport
from muster.transport.models import Trip

RECEIVED, RELEASED = "custody.receive", "custody.release"
# Which act wrote a record that does not call it `act`.
WRITTEN_BY: dict[type, str] = {Handover: "offered_act__number__number", Act: "number__number"}


class NoPeriod(MusterError):
    """The paper is of one moment, and a period was asked for."""

    code = "picture.no_period"
    status = 422

    def __init__(self, *, paper: str) -> None:
        self.paper = paper
        super().__init__(
            f"{paper} is of one moment and has no period. Leave from and to out, and name the moment."
        )


class PeriodEndsFirst(MusterError):
    """The period ends before it begins."""

    code = "picture.period_ends_first"
    status = 422

    def __init__(self, *, begins_at: datetime, ends_at: datetime, zone: ZoneInfo) -> None:
        self.begins_at, self.ends_at = begins_at, ends_at
        super().__init__(
            f"The period ends at {moment(ends_at, zone)}, not after it begins at {moment(begins_at, zone)}. Correct one of the two."
        )


@dataclass(frozen=True)
class Labels:
    """Which tags are to be printed for a site; None: so many `fresh` ones."""

    site: Site
    tags: list[str] | None
    fresh: int


@dataclass(frozen=True)
class Reach:
    """The records of which somebody may have papers; None: whoever runs the server, who is not asked."""

    actor: Actor | None = None

    def mission(self, id: str) -> Mission:
        """Raises NotFound."""
        if self.actor is None:
            return missions.named(id)
        return one_of(missions.missions_of(self.actor).select_related("decision__office"), "mission", id)

    def task(self, id: str) -> Task | None:
        """The task, where its mission may be read; None: there is none."""
        rows = Task.objects.select_related(
            "mission__decision__request", "mission__decision__office", "mission__organisation"
        )
        if self.actor is not None:
            rows = rows.filter(mission__in=missions.missions_of(self.actor).values("pk"))
        return rows.filter(pk=id).first()

    def request(self, id: str) -> Request:
        """Raises NotFound."""
        rows = (
            Request.objects.select_related("asked__organisation")
            if self.actor is None
            else assistance.requests_of(self.actor)
        )
        return one_of(rows, "request", id)

    def reviewed(self, id: str) -> Request:
        """The request, for those who may read its review. Raises NotFound, NotPermitted."""
        row = self.request(id)
        if self.actor is not None:
            can(self.actor, "authority.read_review", assistance.scope_of(row))
        return row

    def receipt(self, id: str) -> PropertyReceipt:
        """The receipt of property, for those who may read what is in bags at its site. Raises NotFound, NotPermitted."""
        rows = PropertyReceipt.objects.select_related("site", "person")
        if self.actor is not None:
            rows = rows.filter(site__in=visible(self.actor, Site.objects.all()).values("pk"))
        try:
            row = one_of(rows, "receipt of property", str(UUID(id)))
        except ValueError:
            raise NotFound(kind="receipt of property", name=id) from None
        if self.actor is not None:
            can(self.actor, "custody.read_contents", custody.scope_of(row.site))
        return row

    def site(self, id: str) -> Site:
        """Raises NotFound."""
        return one_of(self._sites(), "site", id)

    def count(self, id: str) -> Count:
        """The headcount, for those who may see its site. Raises NotFound."""
        rows = Count.objects.select_related("site", "act", "counted__act", "recount_of")
        name = _uuid(id)
        found = rows.filter(pk=name, site__in=self._sites().values("pk")).first() if name else None
        if found is None:
            raise NotFound(kind="headcount", name=id)
        return found

    def trip(self, id: str) -> Trip | None:
        """The trip, where it may be read; None: there is none."""
        rows = Trip.objects.select_related("mission", "holder", "from_site", "to_site", "act")
        if self.actor is not None:
            rows = rows.filter(pk__in=transport.trips_of(self.actor).values("pk"))
        return rows.filter(pk=id).first()

    def handover(self, id: str) -> Handover:
        """The handover, for those who may see the site or the trip on one of its sides. Raises NotFound."""
        rows = Handover.objects.select_related(
            "giver", "receiver", "offered_act__number", "answered_act__number"
        )
        name = _uuid(id)
        found = rows.filter(pk=name).first() if name else None
        if found is None or not any(self._sees(side) for side in (found.giver, found.receiver)):
            raise NotFound(kind="handover", name=id)
        return found

    def batch(self, id: str) -> Act:
        """The act of that number by which persons came to a site or left it, for those who may see the site. Raises NotFound."""
        acts = Act.objects.select_related("number", "actor").filter(
            name__in=(RECEIVED, RELEASED), refused_code=""
        )
        found = (
            acts.filter(number__number=int(id)).first()
            if id.isdecimal() and len(id) <= ledger.NUMBER_DIGITS
            else None
        )
        if found is None or not self._sites().filter(pk=site_of_batch(found)).exists():
            raise NotFound(kind="act of receiving or releasing", name=id)
        return found

    def _sites(self) -> QuerySet[Site]:
        return Site.objects.all() if self.actor is None else visible(self.actor, Site.objects.all())

    def _sees(self, side: Holder) -> bool:
        trip = Trip.objects.filter(holder=side).first()
        return self.trip(trip.pk) is not None if trip else self._sites().filter(pk=side.site).exists()

    def sites_of(self, row: Mission) -> list[str]:
        """The codes of the sites of whoever runs the mission, as far as they may be seen."""
        rows = Site.objects.filter(organisation=row.organisation_id)
        seen = rows if self.actor is None else visible(self.actor, rows)
        return list(seen.values_list("code", flat=True))

    def person(self, id: str) -> Thing:
        """The person of that id or tag, for those who may see a site that holds or held the person. Raises NotFound."""
        try:
            name = _uuid(id) or parse_tag(id)
        except TagMisread:
            raise NotFound(kind="person", name=id) from None
        if self.actor is not None:
            return cases.person_for(self.actor, name)
        by = {"pk": name} if isinstance(name, UUID) else {"tag": name}
        found = Thing.objects.filter(kind=Thing.Kind.PERSON, **by).first()
        if found is None:
            raise NotFound(kind="person", name=id)
        return found

    def resident(self, id: str) -> Thing:
        """The person, for those who may read who is kept together: a household is. Raises NotFound, NotPermitted."""
        found = self.person(id)
        if self.actor is not None:
            can(self.actor, "custody.read_housing", scope_of(found))
        return found

    def given(self, id: str) -> RecordGiven:
        """The giving of a person's own record, for those who may give it. Raises NotFound, NotPermitted."""
        name = _uuid(id)
        rows = RecordGiven.objects.select_related("thing", "act__number")
        found = rows.filter(pk=name).first() if name else None
        if found is None:
            raise NotFound(kind="giving of an own record", name=id)
        if self.actor is not None:
            can(
                self.actor,
                "custody.give_record",
                scope_of(found.thing).asked_as("giving of an own record", id),
            )
        return found

    def decision(self, id: str) -> Decision:
        """Raises NotFound."""
        if self.actor is None:
            return decisions.named(id)
        return one_of(decisions.decisions_of(self.actor), "decision", id)


def batches_of(numbers: Collection[int]) -> list[int]:
    """Of these acts' numbers, those of acts by which persons came to a site, where somebody is in custody, or left it."""
    acts = Act.objects.select_related("number").filter(
        number__number__in=numbers, name__in=(RECEIVED, RELEASED), refused_code=""
    )
    sites = {act.number.number: (act, site_of_batch(act)) for act in acts}
    places = {
        site.pk: site for site in Site.objects.filter(pk__in={code for _, code in sites.values() if code})
    }
    return [
        number for number, (act, code) in sites.items()
        if code and not is_shelter(places[code], now=act.recorded_at)
    ]  # fmt: skip


def site_of_batch(act: Act) -> str | None:
    """The site at which persons came or left by an act; of an act that is a report alone, that of its difference."""
    side = "receiver__site" if act.name == RECEIVED else "giver__site"
    entry = Entry.objects.filter(act=act).exclude(**{side: ""}).values_list(side, flat=True).first()
    return entry or Difference.objects.filter(act=act).values_list("site_id", flat=True).first()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asks, as of when the paper is, as known at which act, and the zone of its days.

    `begins_at` and `ends_at` are the period asked for, both included; None where that end was not named.
    """

    reach: Reach
    at: datetime
    known_at: int
    zone: ZoneInfo
    begins_at: datetime | None = field(default=None)
    ends_at: datetime | None = field(default=None)

    def standing(self, what: str) -> str:
        """What stands below each page: of what, as of when, as known at which act."""
        return f"{what}, as of {moment(self.at, self.zone)}, as known at act {self.known_at}"

    def said(self, at: datetime | None) -> str:
        """A moment as people there read it."""
        return moment(at, self.zone)

    def day(self, on: date | None) -> str:
        """A day, or *not recorded*."""
        return on.isoformat() if on else "not recorded"


def asked_for(
    row: Any, *, reach: Reach, at: str | None, known_at: str | None, begins: str | None, ends: str | None
) -> Asked:
    """Read what was asked: a day as the moment ends with it, as the beginning of a period begins with it.

    Raises NotAMoment, NotKnownThen, PeriodEndsFirst, and what `ledger.known` raises.
    """
    known = ledger.known(known_at)
    if isinstance(row, Model) and not isinstance(row, Site):  # a site is set up, and no act writes it
        ledger.check_known(row, known, number=WRITTEN_BY.get(type(row), "act__number__number"))
    where = _zone(row, known)
    asked = Asked(
        reach=reach, at=parse_moment(at, where) if at else timezone.now(), known_at=known, zone=where,
        begins_at=_beginning(begins, where) if begins else None, ends_at=parse_moment(ends, where) if ends else None,
    )  # fmt: skip
    check_period(asked.begins_at, asked.ends_at, where)
    return asked


def check_period(begins_at: datetime | None, ends_at: datetime | None, zone: ZoneInfo) -> None:
    """Check that a period is one. Raises PeriodEndsFirst."""
    if begins_at and ends_at and ends_at <= begins_at:
        raise PeriodEndsFirst(begins_at=begins_at, ends_at=ends_at, zone=zone)


def _beginning(text: str, zone: ZoneInfo) -> datetime:
    moment_named = parse_moment(text, zone)
    return start_of_day(moment_named.astimezone(zone).date(), zone) if len(text) == 10 else moment_named


def _zone(row: Any, known_at: int) -> ZoneInfo:
    """Where its days are days: of the decision that it is, is under, or was answered by last, or of a person's site; UTC before any."""
    match row:
        case Decision():
            return decisions.zone_of(row, known_at)
        case Mission():
            return decisions.zone_of(row.decision, known_at)
        case PropertyReceipt() | Count():
            return zone(row.site.zone)
        case Site():
            return zone(row.zone)
        case Labels():
            return zone(row.site.zone)
        case Handover():
            return _zone_of(row.receiver.site or row.giver.site)
        case Act():
            return _zone_of(site_of_batch(row) or "")
        case Trip():
            return zone(row.from_site.zone)
        case Task():
            return decisions.zone_of(row.mission.decision, known_at)
        case Thing():
            return cases.zone_of_person(row)
        case RecordGiven():
            return cases.zone_of_person(row.thing)
        case _:
            latest = decision_about(row, known_at)
            return decisions.zone_of(latest, known_at) if latest else ZoneInfo("UTC")


def _zone_of(code: str) -> ZoneInfo:
    site = Site.objects.filter(pk=code).first()
    return zone(site.zone if site else "UTC")


def decision_about(request: Request, known_at: int) -> Decision | None:
    """The decision about a request recorded last, as known at an act's number; None: nothing is decided."""
    known = Decision.objects.filter(request=request, act__number__number__lte=known_at)
    return known.select_related("office", "source").order_by("-act__number__number").first()
