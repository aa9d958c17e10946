"""The figures of a mission as of a moment, as known at an act's number. Reads everything, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.cases.checklists import is_shelter
from muster.core.errors import NotFound
from muster.core.quantity import Quantity, total
from muster.core.tasks import TASKS
from muster.core.times import parse_moment
from muster.custody.models import Incident, IncidentClosed
from muster.custody.queries import incidents
from muster.decisions import queries as decisions
from muster.ledger import queries as ledger
from muster.ledger.models import Entry, Thing
from muster.missions import queries as missions
from muster.missions.models import Apart, Mission
from muster.parties.models import Site
from muster.picture.rules import Figure, choose, stated_by_then
from muster.record.models import Number
from muster.sources.models import Claim, Statement
from muster.sources.rules import METRICS
from muster.tasks import queries as tasks

# Who held the mission's persons at T as known at K, by the holder's kind and site; and, each person once, how many were
# ever the mission's by then and had come in from outside, and how many went out as its own.
HELD = f"""{missions.WHOSE}, persons AS (
    SELECT bool_or(mission = %(mission)s) AS its_own, bool_or(from_outside AND NOT to_outside) AS came,
        bool_or(to_outside AND NOT from_outside AND was = %(mission)s) AS went
    FROM placed WHERE thing_kind = 'person' GROUP BY thing_id
)
SELECT kind, site, count(*)::int FROM placed WHERE thing_kind = 'person' AND is_now AND whose = %(mission)s
GROUP BY kind, site
UNION ALL SELECT 'came', '', count(*) FILTER (WHERE its_own AND came)::int FROM persons
UNION ALL SELECT 'went', '', count(*) FILTER (WHERE went)::int FROM persons
ORDER BY 2, 1
"""

# What befell a mission's persons, each kind told exactly and never held back (design.md, *picture*).
INCIDENTS = {
    "incidents_absconded": (Incident.Kind.ABSCONDED, "persons who absconded: incidents"),
    "incidents_released_in_error": (Incident.Kind.RELEASED_IN_ERROR, "releases in error: incidents"),
    "incidents_death": (Incident.Kind.DEATH, "deaths: incidents"),
    "incidents_use_of_force": (Incident.Kind.USE_OF_FORCE, "use of force witnessed: incidents"),
}


def known(mission: str) -> bool:
    """Whether the record says anything of a mission of that id."""
    return spoken_of(mission) or Request.objects.filter(pk=mission).exists()


def spoken_of(mission: str) -> bool:
    """Whether a mission of that id was opened, or a source speaks of it."""
    named = (
        Mission.objects.filter(pk=mission),
        Claim.objects.filter(mission=mission),
        Statement.objects.filter(mission=mission),
    )
    return any(rows.exists() for rows in named)


def picture_of(mission: str, at: str, known_at: str | None = None) -> dict[str, Any]:
    """The picture as the command line and the API give it: `at` is a moment or a day, `known_at` as `ledger.known` reads it.

    A day ends in the zone of the decision's limits, else in UTC. Raises NotFound, NotAMoment.
    """
    return _picture(mission, at, ledger.known(known_at))


def pictures_of(at: str, known_at: str | None = None) -> dict[str, Any]:
    """The picture of every mission opened by then, the one opened first in front. Raises NotAMoment."""
    parse_moment(at, ZoneInfo("UTC"))  # so that a slip is told where no mission is open as well
    number = ledger.known(known_at)
    opened = Mission.objects.filter(act__number__number__lte=number).order_by("opened_at", "id")
    return {"missions": [_picture(mission, at, number) for mission in opened.values_list("id", flat=True)]}


def _picture(mission: str, at: str, known_at: int) -> dict[str, Any]:
    row = Mission.objects.filter(pk=mission).select_related("decision").first()
    where = decisions.zone_of(row.decision, known_at) if row else ZoneInfo("UTC")
    moment = parse_moment(at, where)
    told = [figure.to_json() for figure in figures(mission, moment, known_at)]
    state = missions.standing_of(row, moment, known_at).to_json() if row else None
    return {
        "mission": mission,
        "at": moment.isoformat(),
        "known_at": known_at,
        "standing": state,
        "figures": told,
    }


def figures(mission: str, at: datetime, known_at: int) -> list[Figure]:
    """Every figure of the mission: what was asked, allowed, tasked, claimed by sources, and held by the ledger.

    They are kinds of numbers and are never added to one another. Raises NotFound.
    """
    if not known(mission):
        raise NotFound(kind="mission", name=mission)
    found = [*_asked(mission, at, known_at)]
    row = (
        Mission.objects.filter(pk=mission, act__number__number__lte=known_at)
        .select_related("decision__request")
        .first()
    )
    if row is not None:
        found += [*_allowed(row, at, known_at), *_tasked(row, at, known_at), *held(mission, at, known_at)]
        found += incidents_of(mission, at, known_at)
    return found + claims(mission, at, known_at)


def requests_of(mission: str, known_at: int) -> list[Request]:
    """The request that the mission's decision answers; where no such mission is known, the request of that very id.

    One that is only named alike may be another state's.
    """
    opened = Mission.objects.filter(pk=mission, act__number__number__lte=known_at)
    found = Request.objects.filter(pk=mission)
    if opened.exists():
        found = Request.objects.filter(decisions__missions__in=opened)
    return list(found.select_related("asked__organisation"))


def _asked(mission: str, at: datetime, known_at: int) -> Iterator[Figure]:
    for request in requests_of(mission, known_at):
        step = assistance.state_at(request, at, known_at)
        if step is None or step.state == "draft":
            continue
        first = request.steps.earliest("n").happened_at
        asked_on = request.as_of.isoformat() if request.as_of else first.isoformat()
        for line in assistance.as_stood(request, at, known_at).lines:
            yield Figure(
                metric="requested", place=request.of_state, quantity=line.people, as_of=asked_on,
                source=f"request {request.pk}", label=f"people asked for: {_task(line.task)}", note=line.words,
                evidence=(f"request {request.pk}, line {line.n}",),
            )  # fmt: skip


def _task(category: str) -> str:
    return f"{category} {TASKS[category].name.lower()}" if category else "task category not recorded"


def _allowed(mission: Mission, at: datetime, known_at: int) -> Iterator[Figure]:
    in_force = decisions.in_force(mission.decision, at, known_at)
    if in_force.limits is None:
        return
    most = in_force.limits.people_max
    state = in_force.why.replace("_", " ") if in_force.why else "in force"
    yield Figure(
        metric="people_allowed", place=mission.decision.request.of_state,
        quantity=Quantity.exact(most) if most is not None else Quantity.parse("not recorded"),
        as_of=at.isoformat(), source=f"decision {mission.decision_id}", label="people allowed at one moment",
        note=f"The decision is {state}." if most is not None else f"The decision is {state}; it states no number.",
        evidence=(f"decision {mission.decision_id}",),
    )  # fmt: skip


def _tasked(mission: Mission, at: datetime, known_at: int) -> Iterator[Figure]:
    draws = tasks.draws_as_known(mission, known_at)
    at_work = {task: draw for task, draw in draws.items() if draw.begins_at <= at < draw.ends_at}
    if not draws:
        return
    places = sorted({draw.place for draw in at_work.values()})
    for place in [*places, "all"]:
        chosen = {task: draw for task, draw in at_work.items() if place in ("all", draw.place)}
        yield Figure(
            metric="people_tasked", place=place, quantity=total([draw.people for draw in chosen.values()]),
            as_of=at.isoformat(), source="tasks ordered", label="people tasked", evidence=tuple(f"task {task}" for task in chosen),
        )  # fmt: skip


def held(mission: str, at: datetime, known_at: int) -> Iterator[Figure]:
    """The persons of the mission, by site and aboard trips, and how many came and went; nothing before the first came."""
    asked: dict[str, Any] = {"mission": mission, "at": at, "known_at": known_at}
    with connection.cursor() as cursor:
        cursor.execute(HELD, asked)
        found = cursor.fetchall()
    passed = {kind: count for kind, _, count in found if kind in ("came", "went")}
    held = [row for row in found if row[0] not in passed]
    if not passed["came"]:
        return
    ledger = f"ledger, known at act {known_at}"
    evidence = tuple(f"act {number}" for number in _acts(mission, at, known_at))
    shared = {"as_of": at.isoformat(), "source": ledger, "evidence": evidence}
    at_sites = [(site, count) for kind, site, count in held if kind != "trip"]
    for site, count in [*at_sites, ("all", sum(count for _, count in at_sites))]:
        yield _counted("persons_in_custody", "persons in custody", site, count, shared)
    yield _counted(
        "persons_in_transit", "persons aboard trips", "all", sum(c for k, _, c in held if k == "trip"), shared
    )
    yield _counted("persons_received", "persons received, each once", "all", passed["came"], shared)
    yield _counted(
        "persons_released", "persons released or handed back, each once", "all", passed["went"], shared
    )


def incidents_of(mission: str, at: datetime, known_at: int) -> Iterator[Figure]:
    """The incidents that befell the mission's persons by then, of each kind that is told of; nothing before the first person came.

    One that was closed by the act numbered `known_at` as not having happened is none.
    """
    persons = Entry.objects.filter(
        thing__kind=Thing.Kind.PERSON, mission=mission, happened_at__lte=at, act__number__number__lte=known_at
    )
    sites = Site.objects.filter(pk__in=persons.exclude(receiver__site="").values("receiver__site"))
    if not sites:
        return
    free = all(
        is_shelter(site, now=at, known_at=known_at) for site in sites
    )  # nobody absconds or is released there
    not_so = IncidentClosed.objects.filter(
        outcome=IncidentClosed.Outcome.NOT_SO, act__number__number__lte=known_at
    )
    rows = incidents(mission=mission).filter(at__lte=at, act__number__number__lte=known_at)
    told = list(rows.exclude(pk__in=not_so.values("incident")))
    shared = {"as_of": at.isoformat(), "source": f"incidents, known at act {known_at}"}
    for metric, (kind, label) in INCIDENTS.items():
        of_kind = [row for row in told if row.kind == kind]
        if free and not of_kind and kind in (Incident.Kind.ABSCONDED, Incident.Kind.RELEASED_IN_ERROR):
            continue
        evidence = tuple(str(row) for row in of_kind)
        yield _counted(metric, label, "all", len(of_kind), shared | {"evidence": evidence})


def _counted(metric: str, label: str, place: str, count: int, shared: dict[str, Any]) -> Figure:
    return Figure(metric=metric, label=label, place=place, quantity=Quantity.exact(count), **shared)


def _acts(mission: str, at: datetime, known_at: int) -> Iterable[int]:
    persons = Entry.objects.filter(thing__kind=Thing.Kind.PERSON)
    acts = persons.filter(mission=mission, happened_at__lte=at).values("act")
    numbers = Number.objects.filter(act__in=acts, number__lte=known_at)
    return numbers.order_by("number").values_list("number", flat=True)


def claims(mission: str, at: datetime, known_at: int) -> list[Figure]:
    """What sources say of the mission by then, each claim beside the others, one of a metric and place chosen."""
    rows = Claim.objects.filter(mission=mission, act__number__number__lte=known_at).select_related("source")
    return choose(
        [_claimed(claim) for claim in rows.order_by("act_id", "id") if stated_by_then(claim.as_of, at)]
    )


def apart(mission: str, at: datetime, known_at: int) -> list[tuple[Apart, list[Figure]]]:
    """What must not be added in, each with the claims about it."""
    rows = Apart.objects.filter(mission=mission, act__number__number__lte=known_at).select_related("source")
    return [(row, claims(row.code, at, known_at)) for row in rows]


def statements(mission: str, known_at: int) -> list[Statement]:
    """What was said about the mission that is no number, in the order of its kinds."""
    rows = Statement.objects.filter(mission=mission, act__number__number__lte=known_at).select_related(
        "source"
    )
    order = list(Statement.Kind.values)
    return sorted(rows, key=lambda row: (order.index(row.kind), row.pk))


def _claimed(claim: Claim) -> Figure:
    note = claim.note
    if claim.question:
        note = f"Asked of {claim.asked_of}: {claim.question} Not answered. {note}".strip()
    quantity = Quantity.from_json(claim.quantity) if claim.quantity else None
    return Figure(
        metric=claim.metric, place=claim.place, quantity=quantity, as_of=claim.as_of,
        source=claim.source.title or claim.source.publisher, label=METRICS[claim.metric], note=note,
        stated_by=claim.stated_by, url=claim.source.url, evidence=(f"claim {claim.pk}",),
    )  # fmt: skip
