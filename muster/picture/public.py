"""What the public may read of a mission, as of a moment and as known at an act's number. Reads everything, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.assistance.models import Step as Taken
from muster.authority.models import Assessment
from muster.authority.packs import load_packs
from muster.core.errors import NotFound
from muster.core.quantity import Quantity
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.missions import queries as missions
from muster.missions.models import Apart, Mission
from muster.picture import queries
from muster.picture.pages import Asked, Day, Decided, Head, Line, Page
from muster.picture.rules import PERSONS, Figure, for_the_public, public_moment, stated_by_then
from muster.sources.models import Claim, Source, Statement

DAYS_TOLD = 14
CUSTODY, ABOARD = "persons_in_custody", "persons_in_transit"
NOT_HANDED_IN = ("draft", "withdrawn")  # a request that took no other step is its agency's own


def lines(at: datetime, known_at: int) -> Iterator[Line]:
    """Every mission that has a page, in one line."""
    for mission in _missions():
        head = _head(mission, at, known_at)
        cited = (
            Claim.objects.filter(mission=mission, act__number__number__lte=known_at)
            .values("source")
            .distinct()
        )
        facts = head.asked[0].facts if head.asked else None
        yield Line(mission=mission, title=head.title, drill=head.drill, facts=facts, sources=cited.count())


def _missions() -> list[str]:
    """The ids on the list: missions, requests that belong to none, and what sources alone speak of."""
    opened = list(Mission.objects.order_by("opened_at", "id").values_list("pk", flat=True))
    free = _handed_in(Request.objects.exclude(decisions__missions__in=opened))
    waiting = [
        request for request in free.order_by("pk").values_list("pk", flat=True) if request not in opened
    ]
    apart = set(Apart.objects.values_list("code", flat=True))
    claimed = set(Claim.objects.values_list("mission", flat=True)) - {*opened, *waiting} - apart
    return [mission for mission in (*opened, *waiting, *sorted(claimed)) if _has_an_address(mission)]


def _has_an_address(mission: str) -> bool:
    """A source's claims may stand under any words."""
    return mission.isprintable() and "/" not in mission and mission not in (".", "..")


def page(mission: str, at: datetime, known_at: int) -> Page:
    """The page of a mission. Raises NotFound for one of which the record says nothing that is public."""
    if not _is_public(mission):
        raise NotFound(kind="mission", name=mission[:60])
    head = _head(mission, at, known_at)
    figures = (
        *_totals(queries.figures(mission, at, known_at), head.asked),
        *_incidents(mission, at, known_at),
    )
    apart = tuple((thing, tuple(found)) for thing, found in queries.apart(mission, at, known_at))
    claims = _claims([*figures, *(figure for _, found in apart for figure in found)])
    said = queries.statements(mission, known_at)
    statements = tuple(one for one in said if stated_by_then(_month_at_least(one.said_on), at))
    row = head.row
    return Page(
        mission=mission, title=head.title, drill=head.drill, at=at, known_at=known_at, asked=head.asked, figures=figures,
        apart=apart, statements=statements,
        closed_at=_closed_at(row, at, known_at),
        days=tuple(_days(mission, at, known_at)) if row is not None and row.drill else (),
        questions=tuple(claim for claim in claims if claim.question and claim.mission == mission),
        sources=_sources(claims, statements, apart, head.asked),
    )  # fmt: skip


def _closed_at(row: Mission | None, at: datetime, known_at: int) -> datetime | None:
    closed_at = missions.closed_at(row, known_at) if row is not None else None
    return closed_at if closed_at is not None and closed_at <= at else None


def _head(mission: str, at: datetime, known_at: int) -> Head:
    known = Mission.objects.filter(pk=mission, act__number__number__lte=known_at)
    row = known.select_related("decision").first()
    asked = _asked(row, mission, at, known_at)
    title = row.title if row is not None else asked[0].request.title if asked else mission
    drill = row.drill if row is not None else any(one.request.kind == "exercise" for one in asked)
    return Head(row=row, title=title, drill=drill, asked=asked)


def _handed_in(requests: QuerySet[Request]) -> QuerySet[Request]:
    return requests.filter(
        Exists(Taken.objects.filter(request=OuterRef("pk")).exclude(state__in=NOT_HANDED_IN))
    )


def _is_public(mission: str) -> bool:
    """Whether there is anything to tell: of a request alone, once it is handed in."""
    if not _has_an_address(mission):
        return False
    return queries.spoken_of(mission) or _handed_in(Request.objects.filter(pk=mission)).exists()


def _asked(mission: Mission | None, code: str, at: datetime, known_at: int) -> tuple[Asked, ...]:
    rows = list(
        _handed_in(
            Request.objects.filter(pk__in=[row.pk for row in queries.requests_of(code, known_at)])
        ).select_related("asked")
    )
    first = mission.decision.request_id if mission is not None else code
    rows.sort(key=lambda row: (row.pk != first, row.pk))
    steps = ((row, assistance.state_at(row, at, known_at)) for row in rows)
    return tuple(
        _one_asked(row, step, at, known_at)
        for row, step in steps
        if step is not None and step.state != "draft"
    )


def _one_asked(row: Request, step: Taken, at: datetime, known_at: int) -> Asked:
    request, packs = assistance.as_stood(row, at, known_at), load_packs()
    by_then = Q(on_date__lte=at.date()) | Q(act__recorded_at__lte=at)
    looks = Assessment.objects.filter(by_then, request=row, act__number__number__lte=known_at)
    assessment = looks.order_by("-id").first()
    duty = assessment.status if assessment else request.duty_status_asked
    return Asked(
        request=request, office=row.asked.title, step=step, assessment=assessment,
        findings=tuple(assessment.findings.all()) if assessment else (),
        status=packs.law.statuses.get(duty or ""), order=packs.by_id.get(request.federal_order or ""),
        decided=tuple(_decided(row, at, known_at)),
    )  # fmt: skip


def _decided(request: Request, at: datetime, known_at: int) -> Iterator[Decided]:
    rows = Decision.objects.filter(request=request).select_related("office", "source").order_by("act_id")
    for decision in rows:
        by_then = decision.versions.filter(effective_at__lte=at, act__number__number__lte=known_at)
        if versions := tuple(by_then):
            in_force = decisions.in_force(decision, at, known_at)
            yield Decided(decision=decision, in_force=in_force, versions=versions)


def _totals(figures: Iterable[Figure], asked: Iterable[Asked]) -> Iterator[Figure]:
    """What is public at once: no persons, which are told by day; where members work as a total alone; no draft."""
    told = {f"request {one.request.id}" for one in asked}
    for figure in figures:
        place_told = figure.metric != "people_tasked" or figure.place == "all"
        of_request = any(behind.startswith("request ") for behind in figure.evidence)
        if (
            figure.metric not in (*PERSONS, *queries.INCIDENTS)
            and place_told
            and (not of_request or figure.source in told)
        ):
            yield replace(figure, stated_by=figure.stated_by or _stated_by(figure))


def _incidents(mission: str, at: datetime, known_at: int) -> Iterator[Figure]:
    """Deaths, releases in error, absconded and use of force, exactly, as of the latest whole day that is old enough; no site, no person."""
    end = public_moment(at)
    for figure in queries.incidents_of(mission, end, known_at):
        yield replace(
            figure, as_of=end.date().isoformat(), evidence=(), source="the record", stated_by="the record"
        )


def _stated_by(figure: Figure) -> str:
    """Who states a figure that names nobody: its source, or the request, the decision or the tasks of this record."""
    of_claim = any(behind.startswith("claim ") for behind in figure.evidence)
    return "the source itself" if of_claim else f"the {figure.source.partition(' ')[0]}"


def _days(mission: str, at: datetime, known_at: int) -> Iterator[Day]:
    """The latest days that are old enough. Only totals: what one site held stays closed.

    Of received and released, whose difference would tell the few who left, nothing is told.
    """
    for number in range(DAYS_TOLD):
        end = public_moment(at - timedelta(days=number))
        totals = (figure for figure in queries.held(mission, end, known_at) if figure.place == "all")
        told = {figure.metric: figure for figure in for_the_public(totals)}
        yield Day(day=end.date(), in_custody=_on(end, CUSTODY, told), aboard=_on(end, ABOARD, told))


def _on(end: datetime, metric: str, told: Mapping[str, Figure]) -> Figure:
    """The day's figure; before the first person came, 0."""
    nobody = Figure(
        metric=metric,
        place="all",
        quantity=Quantity.exact(0),
        as_of="",
        source="ledger",
        label="",
        evidence=(),
    )
    return replace(
        told.get(metric, nobody), as_of=end.date().isoformat(), stated_by="the ledger", evidence=()
    )


def _claims(figures: Iterable[Figure]) -> tuple[Claim, ...]:
    """The claims behind figures that are claims."""
    named = [
        e.removeprefix("claim ") for figure in figures for e in figure.evidence if e.startswith("claim ")
    ]
    return tuple(Claim.objects.filter(pk__in=named).select_related("source").order_by("pk"))


def _sources(
    claims: Iterable[Claim],
    statements: Iterable[Statement],
    apart: Iterable[tuple[Apart, object]],
    asked: Iterable[Asked],
) -> tuple[Source, ...]:
    """Every page and document behind the page, each once, by publisher."""
    decided = (one.decision.source for request in asked for one in request.decided)
    said = (statement.source for statement in statements)
    behind = [*(claim.source for claim in claims), *said, *(thing.source for thing, _ in apart), *decided]
    each = {source.pk: source for source in behind if source is not None}
    return tuple(
        sorted(
            each.values(), key=lambda source: (source.publisher.casefold(), source.published, source.title)
        )
    )


def _month_at_least(said_on: str) -> str:
    return f"{said_on}-01" if len(said_on) == 4 else said_on
