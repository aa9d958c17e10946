"""What the API lets an actor read: each answer is narrowed to the sites that the actor may see."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from muster.access.control import can, one_of, visible
from muster.actions import storable
from muster.api.shapes import UnderTold
from muster.api.signing_in import asking
from muster.cases import checklists
from muster.cases import queries as cases
from muster.cases.due import due_of
from muster.cases.rules import parse_within
from muster.cases.stays import case_told
from muster.cases.worklist import worklist_told
from muster.core.errors import NotFound
from muster.core.tags import parse_tag
from muster.custody import bags
from muster.custody.agency_counts import compared_told
from muster.custody.manifests import look
from muster.custody.queries import census_of, incidents_told, scope_of, site_for, totals_of
from muster.custody.space import free_of
from muster.database import when_down
from muster.ledger import queries as ledger
from muster.ledger.models import Entry
from muster.parties.models import Site
from muster.picture.under import with_clauses

router = Router(tags=["reads"])
PAGE: Any = Query(100, ge=1, le=500)  # type: ignore[type-arg]  # a marker, whose type says nothing
Words = Annotated[str, Field(max_length=60)]


class SiteCount(Schema):
    """The persons at one site."""

    site: str
    count: int


class CensusAnswer(Schema):
    """Persons by site, as of `at`, known at the act numbered `known_at`."""

    at: str
    known_at: int
    total: int
    sites: list[SiteCount]


class Total(Schema):
    """The persons of one holder, under one mission or in one state."""

    name: str
    count: int


class TotalsAnswer(Schema):
    """Persons by holder, mission or state, as of `at`, known at the act numbered `known_at`."""

    at: str
    known_at: int
    by: str
    total: int
    totals: list[Total]


class SignatureTold(Schema):
    """One side's signature of a handover: whether it verifies against the entries as they stand, or why it does not."""

    user: int
    key: UUID | None
    verifies: bool
    why_not: str


class EntryTold(Schema):
    """One change of hands, or the reversal of one."""

    n: int
    kind: str
    giver: str
    receiver: str
    happened_at: str
    recorded_at: str
    known_at: int | None
    reason: str
    signed_by: list[int]
    signatures: list[SignatureTold]
    source: str
    corrects: int | None
    mission: str
    under: UnderTold | None


class HistoryAnswer(Schema):
    """Everything the ledger has about one thing, in the order in which it was written."""

    tag: str
    kind: str
    entries: list[EntryTold]


class SiteTold(Schema):
    """One site."""

    code: str
    name: str
    city: str
    state: str
    zone: str


class SitesPage(Schema):
    """Some sites in the order of their codes, and the cursor of the page after; null on the last one."""

    sites: list[SiteTold]
    next: str | None


class AreaTold(Schema):
    """One area of a site, in numbers of persons: `usable` is posted, `over` is by how many it is over what it holds."""

    area: str
    name: str
    kind: str
    rated: int | None
    usable: int
    out_of_service: int
    square_feet: int | None
    placed: int
    free: int
    over: int


class SpaceAnswer(Schema):
    """The free space of a site, as of `at`, known at the act numbered `known_at`; null where no area was stated."""

    site: str
    at: str
    known_at: int
    capacity: int | None
    present: int | None
    free: int | None
    over: int | None
    not_placed: int | None
    areas: list[AreaTold]


class IncidentCountTold(Schema):
    """The incidents of one kind: all that were ever reported, how many are open, and how many are found not to have happened."""

    kind: str
    words: str
    count: int
    open: int
    not_so: int


class IncidentTold(Schema):
    """One incident. `confirmed`: whether a supervisor stands for it; null where none has to. `outcome` is null while it is open."""

    incident: UUID
    site: str
    number: int
    kind: str
    at: str
    last_seen_at: str | None
    area: str | None
    serious: bool
    words: str
    reported_by: str
    paper: str
    count: UUID | None
    persons: list[str]
    confirmed: bool | None
    outcome: str | None


class IncidentsAnswer(Schema):
    """Every incident by kind, and, for those who may read them, each one, the latest first: at most `limit`. All are counted."""

    counts: list[IncidentCountTold]
    incidents: list[IncidentTold]


@router.get("/census", response=CensusAnswer | TotalsAnswer)
def census(
    request: HttpRequest,
    at: Query[Words],
    site: Query[Words | None] = None,
    known_at: Query[Words | None] = None,
    by: Query[Literal["holder", "mission", "state"] | None] = None,
) -> dict[str, Any]:
    """Count the persons at the sites the actor may see; with `by`, by holder, mission or state instead of by site.

    A bare date means its end at each site. In transit and outside are counted for readers who may see every site.
    """
    with when_down(), storable():
        seen = set(_sites(request).values_list("code", flat=True))
        if site is not None and site not in seen:
            raise NotFound(kind="site", name=site)
        if by is not None:
            all_of_them = site is None and len(seen) == Site.objects.count()
            these = None if all_of_them else [site] if site is not None else sorted(seen)
            return totals_of(at, by=by, sites=these, known_at=known_at)
        found = census_of(at, site=site, known_at=known_at)
    sites = [entry for entry in found["sites"] if entry["site"] in seen]
    return {**found, "sites": sites, "total": sum(entry["count"] for entry in sites)}


class PausedTold(Schema):
    """A stretch in which a clock stood still; `until` null: it still does."""

    since: str
    until: str | None


class ClockTold(Schema):
    """One clock: what a rule of a site's standard says of a person, or of the site where `person` is null.

    `state` is running, paused, met, met late, breached or ended; `by`, the variant that gave the limit, or the rule.
    """

    site: str
    person: str | None
    pack: str
    rule: str
    by: str
    name: str
    responsible: str
    severity: str
    limit: str
    state: str
    words: str
    open: bool
    breached: bool
    started_at: str
    due_at: str | None
    earliest_at: str | None
    stopped_at: str | None
    ended_at: str | None
    excused_at: str | None
    level: int
    warn_at: list[str]
    paused: list[PausedTold]
    counsel: str
    verified: bool
    mark: str
    citation: str


class AskedTold(Schema):
    """A rule whose number the contract of the site gives, where no contract that was recorded does."""

    site: str
    rule: str


class AgencyCountTold(Schema):
    """One site on one day as an agency counts it: at any time of the day and at midnight; `ours` is null where nothing is recorded."""

    site: str
    any_time: int
    midnight: int
    apart: int
    ours: int | None
    source: str


class AgencyCountsAnswer(Schema):
    """An agency's counts of a day, by two definitions that are never added, furthest apart first."""

    day: str
    known_at: int
    any_time: int
    midnight: int
    counts: list[AgencyCountTold]


class DueAnswer(Schema):
    """What is due, the earliest first: at most 200 of `count`. `open_without_number` more are owed without a number, or stand still."""

    as_of: str
    known_at: int
    count: int
    open_without_number: int
    asks: list[AskedTold]
    due: list[ClockTold]


class PersonClocksAnswer(Schema):
    """Every clock of one person, as known at the act numbered `known_at`, or now where it is null."""

    person: str
    as_of: str
    known_at: int | None
    clocks: list[ClockTold]


class PackVersion(Schema):
    """A pack, and which version of it."""

    id: str
    version: str


class ItemTold(Schema):
    """One item of a checklist: `state` is done, not done or open; `event` is what is recorded of it.

    `at` to `known_at` say what was recorded, and are null of what is open.
    """

    pack: str
    rule: str
    step: int
    name: str
    event: str
    responsible: str
    verified: bool
    state: str
    late: bool
    due_at: str | None
    at: str | None
    by: str | None
    proof: str | None
    not_done_because: str | None
    words: str | None
    recorded_at: str | None
    known_at: int | None


class ChecklistTold(Schema):
    """The checklist of a person at a site, in or out, in the versions of packs that held as the person came."""

    person: str
    side: str
    arrived_at: str
    left_at: str | None
    items: list[ItemTold]
    packs: list[PackVersion]


class MissingAnswer(Schema):
    """Of `persons` at a site with a checklist, those of whom something is open, late first."""

    site: str
    as_of: str
    known_at: int
    persons: int
    lists: list[ChecklistTold]


class ChecklistAnswer(ChecklistTold):
    """One person's checklist at a site."""

    site: str
    as_of: str
    known_at: int


class ManifestAsked(Schema):
    """A manifest as text: CSV with the columns `tag`, `reference` and `from`, or one tag a line."""

    manifest: Annotated[str, Field(max_length=200_000)]


class ManifestLine(Schema):
    """One line: its row, the tag, who brings the person by the list, and how the person stands towards the site."""

    row: int
    tag: str
    giver: str
    state: Literal["offered", "unexpected", "elsewhere", "here", "in_use"]
    handover: UUID | None


class ManifestAnswer(Schema):
    """A manifest beside the record; `not_listed` are on the same offers and not on the list. Nothing is kept of it."""

    site: str
    lines: list[ManifestLine]
    not_listed: list[str]


@router.post("/manifests/{site}", response=ManifestAnswer)
def manifest_looked_at(request: HttpRequest, site: str, asked: ManifestAsked) -> dict[str, Any]:
    """The dry run of a manifest: each line beside the record, or every fault by row. It writes nothing."""
    actor = asking(request)
    with when_down(), storable():
        place = site_for(actor, site)
        can(actor, "custody.receive_manifest", scope_of(place))
        found = look(place, asked.manifest)
    lines = [
        {"row": listed.row, "tag": listed.tag, "giver": listed.giver, "state": each.state, "handover": each.handover and each.handover.pk}
        for listed, each in found.lines
    ]  # fmt: skip
    return {"site": site, "lines": lines, "not_listed": found.not_listed}


class BagAnswer(Schema):
    """A bag that a site holds: whose it is, its seal and place, and what is open of it. What is in it stands on its receipt alone."""

    tag: str
    person: str
    kind: str
    seal: str
    place: str
    since: str | None
    lost: bool
    stays: str
    left_at: str | None
    claim_by: str | None
    waits_for_second_person: bool
    receipts: list[int]


class PropertyAnswer(Schema):
    """The bags that a site holds, and the numbers of the receipts that a supervisor has still to verify."""

    site: str
    known_at: int
    bags: list[BagAnswer]
    receipts_to_verify: list[int]


@router.get("/property/{site}", response=PropertyAnswer)
def property_at(request: HttpRequest, site: str) -> dict[str, Any]:
    """The property that a site holds."""
    actor = asking(request)
    with when_down(), storable():
        known_at, place = ledger.latest_known(), site_for(actor, site)
        to_verify = list(bags.receipts_to_verify(place).values_list("number", flat=True))
        return {
            "site": site,
            "known_at": known_at,
            "bags": bags.told_at(place),
            "receipts_to_verify": to_verify,
        }


@router.get("/checklists/{site}", response=MissingAnswer)
def checklists_at(request: HttpRequest, site: str) -> dict[str, Any]:
    """What is missing at a site: who is there with an item of the checklist of coming open."""
    actor = asking(request)
    with when_down(), storable():
        return checklists.missing_told(actor, site, now=timezone.now())


@router.get("/checklists/{site}/{tag}/{side}", response=ChecklistAnswer)
def checklist_of(request: HttpRequest, site: str, tag: str, side: Literal["in", "out"]) -> dict[str, Any]:
    """A person's checklist at a site, of coming or of leaving."""
    actor = asking(request)
    with when_down(), storable():
        return checklists.person_told(actor, site, tag, side, now=timezone.now())


@router.get("/agency-counts", response=AgencyCountsAnswer)
def agency_counts(
    request: HttpRequest,
    on: Query[Words],
    site: Query[Words | None] = None,
    known_at: Query[Words | None] = None,
) -> dict[str, Any]:
    """An agency's counts of a day at the sites that the actor may see, beside the record's at the end of that day."""
    actor = asking(request)
    with when_down(), storable():
        known = None if known_at is None else ledger.known(known_at)
        return compared_told(actor, on, site=site, known_at=known)


@router.get("/clocks", response=DueAnswer)
def clocks(
    request: HttpRequest,
    site: Query[Words | None] = None,
    due: Query[Words | None] = None,
    responsible: Query[Words | None] = None,
) -> dict[str, Any]:
    """What is due within a time, written as 30min, 4h (the usual) or 2d, at the sites the actor may see. What is late stands first."""
    actor = asking(request)
    with when_down(), storable():
        within = parse_within(due or "4h")
        sites = None if site is None else [site]
        return due_of(actor, now=timezone.now(), within=within, sites=sites, responsible=responsible or "")


@router.get("/clocks/{tag}", response=PersonClocksAnswer)
def person_clocks(request: HttpRequest, tag: str, known_at: Query[Words | None] = None) -> dict[str, Any]:
    """Every clock of a person, for readers who may see a site that holds or held the person."""
    actor = asking(request)
    with when_down(), storable():
        thing = cases.person_for(actor, tag)
        known = None if known_at is None else ledger.known(known_at)
        return cases.clocks_of_person(thing, now=timezone.now(), known_at=known)


@router.get("/history/{tag}", response=HistoryAnswer)
def history(request: HttpRequest, tag: str) -> dict[str, Any]:
    """A thing's entries, for readers who may see a site that holds or held it."""
    canonical = parse_tag(tag)
    with when_down(), storable():
        codes = _sites(request).values("code")
        seen = Entry.objects.filter(
            Q(giver__site__in=codes) | Q(receiver__site__in=codes), thing__tag=canonical
        )
        if not seen.exists():
            raise NotFound(kind="thing", name=canonical)
        ledger.latest_known()  # numbers what waits for its number, so that each entry has one
        return with_clauses(ledger.history(canonical))


@router.get("/sites", response=SitesPage)
def sites(
    request: HttpRequest,
    cursor: Query[Words | None] = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    """The sites that the actor may see, page by page: send `next` as the next page's `cursor`."""
    with when_down(), storable():
        found = list(_sites(request).filter(code__gt=cursor or "").order_by("code")[: limit + 1])
    page = found[:limit]
    return {"sites": page, "next": page[-1].code if len(found) > limit else None}


@router.get("/sites/{code}/space", response=SpaceAnswer)
def site_space(
    request: HttpRequest, code: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """What the areas of a site hold, who is there and what is free. A bare date means its end at the site; without `at`, now."""
    with when_down(), storable():
        return free_of(one_of(_sites(request), "site", code), at=at, known_at=known_at)


class MissingLineTold(Schema):
    """One thing to do, of these persons: since when, or by when it is due. `kind` is one of those of the worklist."""

    kind: str
    words: str
    persons: list[str]
    late: bool
    since: str | None
    due_at: str | None


class WorklistAnswer(Schema):
    """What is missing at a site, by kind, what is late first; of `persons` there; and how many cases each worker keeps."""

    site: str
    as_of: str
    persons: int
    workers: dict[str, int]
    missing: list[MissingLineTold]


class AppointmentTold(Schema):
    """One appointment; `outcome` is null where nobody has said what came of it."""

    appointment: UUID
    kind: str
    at: str
    place: str
    outcome: str | None
    reason: str | None


class CaseNoticeTold(Schema):
    """A notice that went out, with its proof."""

    event: str
    at: str
    to_office: str
    how: str
    reference: str
    sha256: str


class CaseDocumentTold(Schema):
    """A document by what it is and the SHA-256 of its file."""

    kind: str
    title: str
    dated: str
    sha256: str


class CaseAnswer(Schema):
    """The case of a person's latest stay. `worker` and `kept_at` are null where nobody keeps it; `transfer` waits to be answered.

    `notes` is how many there are: they are shown by the act `cases.show_notes`, which records it.
    """

    person: str
    stay: int
    stays: int
    began_at: str
    ended_at: str | None
    present: str
    worker: str | None
    kept_at: str | None
    transfer: UUID | None
    notes: int
    appointments: list[AppointmentTold]
    notices: list[CaseNoticeTold]
    documents: list[CaseDocumentTold]


@router.get("/missing/{site}", response=WorklistAnswer)
def worklist_at(request: HttpRequest, site: str, worker: Query[Words | None] = None) -> dict[str, Any]:
    """What is missing at a site, or of the cases that one of its workers keeps there."""
    actor = asking(request)
    with when_down(), storable():
        return worklist_told(actor, site, now=timezone.now(), worker=worker or "")


@router.get("/cases/{site}/{tag}", response=CaseAnswer)
def case_at(request: HttpRequest, site: str, tag: str) -> dict[str, Any]:
    """The case of a person whom a site holds or held, or whose case it keeps."""
    actor = asking(request)
    with when_down(), storable():
        return case_told(actor, site, tag)


@router.get("/incidents", response=IncidentsAnswer)
def incidents(
    request: HttpRequest,
    site: Query[Words | None] = None,
    mission: Query[Words | None] = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    """Incidents at the sites that the actor may see, or at one; with `mission` those that befell somebody held under it."""
    actor = asking(request)
    with when_down(), storable():
        sites = [one_of(_sites(request), "site", site)] if site is not None else list(_sites(request))
        return incidents_told(actor, sites, mission=mission or "", limit=limit)


def _sites(request: HttpRequest) -> Any:
    return visible(asking(request), Site.objects.all())
