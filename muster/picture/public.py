"""What the public may read of a mission, as of a moment and as known at an act's number. Reads everything, writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from muster.assistance import queries as assistance
from muster.assistance import rules as requests
from muster.assistance.models import Request
from muster.assistance.models import Step as Taken
from muster.authority.models import Assessment, LineFinding
from muster.authority.packs import Pack, load_packs
from muster.authority.rules import Status
from muster.core.errors import MusterError, NotFound
from muster.core.quantity import Quantity
from muster.core.times import end_of_day
from muster.decisions import queries as decisions
from muster.decisions.models import Decision, Version
from muster.decisions.rules import SENTENCES, InForce, Limits
from muster.missions.models import Apart, Mission
from muster.picture import queries
from muster.picture.rules import PERSONS, Figure, for_the_public, public_moment, stated_by_then
from muster.picture.summary import Facts, in_english, state_of
from muster.sources.models import Claim, Source, Statement

DAYS_TOLD = 14
EARLIEST = date(1970, 1, 1)
ROW = ("metric", "place", "low", "high", "said", "as_of", "source", "stated_by", "note", "shown")
CUSTODY, ABOARD = "persons_in_custody", "persons_in_transit"


class NotADay(MusterError):
    """The page was asked for as of something that is no day."""

    code = "picture.not_a_day"

    def __init__(self, *, text: str) -> None:
        self.text = text[:60]
        super().__init__(f"{self.text!r} is not a day. Write one such as 2025-11-01.")


class NotYet(MusterError):
    """The page was asked for as of a day that has not come."""

    code = "picture.not_yet"

    def __init__(self, *, day: date, today: date) -> None:
        self.day, self.today = day, today
        super().__init__(f"{day} has not come. Ask for {today} (UTC) or a day before it.")


class NotAnAct(MusterError):
    """The page was asked for as known at something that is no act's number."""

    code = "picture.not_an_act"

    def __init__(self, *, text: str, latest: int) -> None:
        self.text, self.latest = text[:60], latest
        super().__init__(f"{self.text!r} is not the number of an act. Write one from 0 to {latest}.")


@dataclass(frozen=True, kw_only=True)
class Decided:
    """A decision with what it allows at the page's moment, and every record of it by then."""

    decision: Decision
    in_force: InForce
    versions: tuple[Version, ...]

    @property
    def where(self) -> ZoneInfo:
        """The zone whose days the decision counts."""
        return ZoneInfo(self.in_force.limits.zone if self.in_force.limits else "UTC")

    @property
    def taken_on(self) -> date | None:
        """The day on which it was taken; None: not recorded."""
        return _day(self.decision.decided_at, self.where)

    @property
    def followed(self) -> tuple[tuple[str, date | None, str], ...]:
        """What followed it: kind, from which day, and the reason given."""
        later = self.versions[1:]
        return tuple(
            (version.kind, _day(version.effective_at, self.where), version.reason) for version in later
        )

    @property
    def limits(self) -> tuple[tuple[str, bool], ...]:
        """Each limit as a sentence, and whether it is the decision's own; then its conditions, which always are."""
        limits = self.in_force.limits
        if limits is None:
            return ()
        bounding = (name for name in SENTENCES if _bounds(limits, name))
        said = ((limits.sentence(name), name in limits.sentences) for name in bounding)
        return (*said, *((condition, True) for condition in limits.conditions))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request with where it stood, what was found about it, and what was decided."""

    request: requests.Request
    office: str
    step: Taken
    assessment: Assessment | None
    findings: tuple[LineFinding, ...]
    status: Status | None  # the duty status of the assessment, else the one asked for; None: not recorded
    order: Pack | None  # the federal order it comes under
    decided: tuple[Decided, ...]

    @property
    def facts(self) -> Facts:
        """What its three sentences are made of; of several decisions, the latest."""
        latest = self.decided[-1] if self.decided else None
        where = latest.where if latest else ZoneInfo("UTC")
        asked = Facts(
            title=self.request.title, requester=self.request.requester, office=self.office, state=self.step.state,
            state_on=_day(self.step.happened_at, where), approximate=self.step.approximate,
        )  # fmt: skip
        return _with_decision(asked, latest) if latest else asked

    @property
    def standing(self) -> str:
        """What is in force now, and why not."""
        return in_english(self.facts)[2]


@dataclass(frozen=True, kw_only=True)
class Day:
    """How many persons a mission's sites held at the end of a day (UTC), and how many were aboard trips."""

    day: date
    in_custody: Figure
    aboard: Figure


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything that the page of a mission shows. The request that the mission's decision answers comes first."""

    mission: str
    title: str
    drill: bool
    at: datetime
    known_at: int
    closed_at: datetime | None
    asked: tuple[Asked, ...]
    figures: tuple[Figure, ...]  # no persons: those are told by day
    days: tuple[Day, ...]  # the latest first; none for a real mission
    questions: tuple[Claim, ...]  # asked and not answered
    apart: tuple[tuple[Apart, tuple[Figure, ...]], ...]
    statements: tuple[Statement, ...]
    sources: tuple[Source, ...]

    @property
    def nobody(self) -> bool:
        """Whether the days told hold no person at all."""
        return bool(self.days) and all(day.in_custody.words == day.aboard.words == "0" for day in self.days)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every figure of the page as its downloads give it."""
        by_day = [figure for day in self.days for figure in (day.in_custody, day.aboard)]
        return [_row(figure) for figure in (*self.figures, *by_day)]


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a mission is called and what was asked; `row` is None where no mission is open."""

    row: Mission | None
    title: str
    drill: bool
    asked: tuple[Asked, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A mission on the list. Without `facts` no request is recorded, and only so many sources speak of it."""

    mission: str
    title: str
    drill: bool
    facts: Facts | None
    sources: int

    @property
    def state(self) -> str:
        """Where it stands."""
        if self.facts is not None:
            return state_of(self.facts)
        return f"Known from {self.sources} source{'' if self.sources == 1 else 's'} alone; no request is recorded"


def moment(at: str | None, known_at: str | None, *, now: datetime, latest: int) -> tuple[datetime, int]:
    """The moment and the act's number that a page is asked for: the end of a past day, and now for today or none.

    Raises NotADay, NotYet, NotAnAct.
    """
    return (now if at is None else _end_of(at, now)), (
        latest if known_at is None else _number(known_at, latest)
    )


def _end_of(text: str, now: datetime) -> datetime:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if day is None or day < EARLIEST:
        raise NotADay(text=text)
    today = now.astimezone(UTC).date()
    if day > today:
        raise NotYet(day=day, today=today)
    return now if day == today else end_of_day(day, ZoneInfo("UTC"))


def _number(text: str, latest: int) -> int:
    number = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else latest + 1
    if number > latest:
        raise NotAnAct(text=text, latest=latest)
    return number


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
    handed_in = Request.objects.exclude(state="draft").exclude(decisions__missions__in=opened)
    waiting = [
        request
        for request in handed_in.order_by("pk").values_list("pk", flat=True)
        if request not in opened and not any(request.startswith(f"{mission}-") for mission in opened)
    ]
    apart = set(Apart.objects.values_list("code", flat=True))
    claimed = set(Claim.objects.values_list("mission", flat=True)) - {*opened, *waiting} - apart
    return [*opened, *waiting, *sorted(claimed)]


def page(mission: str, at: datetime, known_at: int) -> Page:
    """The page of a mission. Raises NotFound for one of which the record says nothing that is public."""
    if not _is_public(mission):
        raise NotFound(kind="mission", name=mission[:60])
    head = _head(mission, at, known_at)
    figures = tuple(_totals(queries.figures(mission, at, known_at)))
    apart = tuple((thing, tuple(found)) for thing, found in queries.apart(mission, at, known_at))
    claims = _claims([*figures, *(figure for _, found in apart for figure in found)])
    said = queries.statements(mission, known_at)
    statements = tuple(one for one in said if stated_by_then(_month_at_least(one.said_on), at))
    row = head.row
    return Page(
        mission=mission, title=head.title, drill=head.drill, at=at, known_at=known_at, asked=head.asked, figures=figures,
        apart=apart, statements=statements,
        closed_at=row.closed_at if row is not None and row.closed_at and row.closed_at <= at else None,
        days=tuple(_days(mission, at, known_at)) if row is not None and row.drill else (),
        questions=tuple(claim for claim in claims if claim.question and claim.mission == mission),
        sources=_sources(claims, statements, apart, head.asked),
    )  # fmt: skip


def _head(mission: str, at: datetime, known_at: int) -> Head:
    known = Mission.objects.filter(pk=mission, act__number__number__lte=known_at)
    row = known.select_related("decision").first()
    asked = _asked(row, mission, at, known_at)
    title = row.title if row is not None else asked[0].request.title if asked else mission
    drill = row.drill if row is not None else any(one.request.kind == "exercise" for one in asked)
    return Head(row=row, title=title, drill=drill, asked=asked)


def _is_public(mission: str) -> bool:
    """Whether there is anything to tell. A request that is still a draft is its agency's own."""
    if not mission.isprintable():
        return False
    handed_in = Request.objects.filter(pk=mission).exclude(state="draft").exists()
    return handed_in or (
        queries.known(mission) and not Request.objects.filter(pk=mission, state="draft").exists()
    )


def _asked(mission: Mission | None, code: str, at: datetime, known_at: int) -> tuple[Asked, ...]:
    rows = queries.requests_of(code)
    first = mission.decision.request_id if mission is not None else code
    rows.sort(key=lambda row: (row.pk != first, row.pk))
    steps = ((row, assistance.state_at(row, at, known_at)) for row in rows)
    return tuple(
        _one_asked(row, step, at, known_at)
        for row, step in steps
        if step is not None and step.state != "draft"
    )


def _one_asked(row: Request, step: Taken, at: datetime, known_at: int) -> Asked:
    request, packs = assistance.as_rule(row), load_packs()
    looks = Assessment.objects.filter(request=row, on_date__lte=at.date(), act__number__number__lte=known_at)
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


def _bounds(limits: Limits, name: str) -> bool:
    """Whether the limit of that name narrows anything. No tasks allowed is a limit; no places named is none."""
    value = getattr(limits, name)
    return value is not None and value is not False and (name == "tasks_allowed" or value not in ((), {}))


def _with_decision(facts: Facts, decided: Decided) -> Facts:
    decision, limits = decided.decision, decided.in_force.limits
    return replace(
        facts, outcome=decision.outcome, reported_on=decision.reported_on, decided_on=decided.taken_on,
        reported_by=decision.source.publisher if decision.source else "", limited=limits is not None,
        begins=limits.effective_from if limits else None, ends=limits.effective_to if limits else None,
        why=decided.in_force.why, since=_day(decided.in_force.since, decided.where),
    )  # fmt: skip


def _day(moment: datetime | None, where: ZoneInfo) -> date | None:
    return moment.astimezone(where).date() if moment else None


def _totals(figures: Iterable[Figure]) -> Iterator[Figure]:
    """What is public at once: no persons, which are told by day; and where members work is told as a total alone."""
    for figure in figures:
        if figure.metric not in PERSONS and (figure.metric != "people_tasked" or figure.place == "all"):
            yield replace(figure, stated_by=figure.stated_by or _stated_by(figure))


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
        told = {f.metric: f for f in for_the_public(queries.held(mission, end, known_at)) if f.place == "all"}
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


def _row(figure: Figure) -> dict[str, Any]:
    told = figure.to_json()
    source = ", ".join(filter(None, (figure.source, figure.url)))
    return {name: told[name] for name in ROW} | {"as_of": figure.as_of[:10] or "not stated", "source": source}
