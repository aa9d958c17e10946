"""Requests as the rules know them, and where they stood at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

from django.db.models import F, Q, QuerySet

from muster.access.control import Actor, Scope, visible
from muster.assistance import rules
from muster.assistance.comparing import ENDED, Change, differences, why_alike
from muster.assistance.forms import LABELS, LINE_LABELS, Lack, flat, label, lacking, unsigned
from muster.assistance.models import (
    Difference,
    Document,
    Link,
    Paper,
    Passage,
    Request,
    Step,
    Version,
)
from muster.core.errors import NotFound
from muster.core.quantity import Quantity

OPERATIONS_CENTER = "Joint operations center"


def scope_of(request: Request) -> Scope:
    """Where a request belongs: to the organisation whose office was asked, and to the agency that asks."""
    return Scope("request", request.pk, request.asked.organisation_id, asker=request.agency_id)


def locked(request: str) -> tuple[Scope, Request]:
    """What an action about a request loads: its scope, and the request, locked until commit. Raises NotFound."""
    found = Request.objects.select_for_update(of=("self",)).select_related("asked").filter(pk=request).first()
    if found is None:
        raise NotFound(kind="request", name=request)
    return scope_of(found), found


def requests_of(actor: Actor) -> QuerySet[Request]:
    """The requests that the actor may read, the one recorded first in front."""
    rows = Request.objects.select_related("asked__organisation", "act").order_by("act_id", "id")
    return visible(actor, rows, organisation="asked__organisation", site=None, asker="agency")


def state_at(request: Request, at: datetime, known_at: int) -> Step | None:
    """The latest step taken by `at`, as known at an act's number; None before the first.

    Steps follow one another as they were recorded: one that is dated before the step it follows comes after it still.
    """
    steps = Step.objects.filter(request=request, happened_at__lte=at, act__number__number__lte=known_at)
    return steps.order_by("-n").first()


def as_rule(request: Request) -> rules.Request:
    """The request as the rules judge it, by its latest version."""
    return rules.Request(
        id=request.pk, title=request.title, kind=cast(rules.Kind, request.kind), requester=request.requester,
        agency=request.agency_id, agency_kind=cast(rules.AgencyKind, request.agency_kind), asked=request.asked_id,
        state=request.of_state, purpose=request.purpose,
        priority=cast(rules.Priority | None, request.priority or None), reimbursement=request.reimbursement or None,
        verbal=request.verbal, duty_status_asked=request.duty_status_asked or None,
        federal_order=request.federal_order or None, as_of=request.as_of,
        facts=MappingProxyType(rules.facts_from_json(request.facts)),
        lines=tuple(
            rules.Line(
                n=line.n, task=line.task, words=line.words, people=Quantity.from_json(line.people),
                vehicles=Quantity.from_json(line.vehicles), place=line.place or None, resource=line.resource or None,
                window_from=line.window_from, window_to=line.window_to, contact=cast(Any, line.contact or None),
            )
            for line in request.lines
        ),
        exclusions=tuple(rules.Exclusion(task=e.task, words=e.words) for e in request.exclusions),
        details=rules.details_from_json(request.details),
    )  # fmt: skip


def as_stood(request: Request, at: datetime, known_at: int) -> rules.Request:
    """The request as its latest version by `at` says it, as known at an act's number. Raises NotFound before the first."""
    return rules.read_kept(version_at(request, at, known_at).content)


def version_at(request: Request, at: datetime, known_at: int) -> Version:
    """That version. Raises NotFound before the first."""
    found = Version.objects.filter(request=request, happened_at__lte=at, act__number__number__lte=known_at)
    version = found.order_by("-n").first()
    if version is None:
        raise NotFound(kind="request", name=request.pk)
    return version


def versions_after(request: Request, n: int, known_at: int | None = None) -> list[Version]:
    """The versions written after one of them, in their order, as known at an act's number; None: by everything committed."""
    rows = request.versions.filter(n__gt=n).order_by("n").select_related("act__number")
    return list(rows if known_at is None else rows.filter(act__number__number__lte=known_at))


def closing_of(request: Request, known_at: int | None = None) -> Step | None:
    """The step that closed a request, as known at an act's number, or by everything committed; None where it is not closed."""
    steps = request.steps.filter(state="closed").select_related("act__number")
    return (steps if known_at is None else steps.filter(act__number__number__lte=known_at)).first()


def version_of(request: Request, n: int) -> Version:
    """One version of a request. Raises NotFound."""
    found = request.versions.filter(n=n).first()
    if found is None:
        raise NotFound(kind="version of a request", name=f"{request.pk}, {n}")
    return found


def changes(request: Request, was: int, now: int) -> list[Change]:
    """What changed from one version to another; either may be the later one. Raises NotFound."""
    old, new = (rules.read_kept(version_of(request, n).content) for n in (was, now))
    return differences(old, new)


def alike(actor: Actor, asked: rules.Request) -> list[tuple[Request, list[str]]]:
    """The open and decided requests that the actor may read and that may be the same, with what points to it."""
    beside = requests_of(actor).filter(asked=asked.asked).exclude(pk=asked.id).exclude(state__in=ENDED)
    same_asker = Q(agency=asked.agency) | Q(requester__iexact=asked.requester)
    rows = list(beside.filter(same_asker))
    latest = Version.objects.filter(request__in=rows, n=F("request__version"))
    said = dict(latest.values_list("request_id", "content"))
    found = ((row, why_alike(asked, rules.read_kept(said[row.pk]))) for row in rows)
    return [(row, why) for row, why in found if why]


def links_of(actor: Actor, request: Request) -> list[Link]:
    """How a request stands to others and to missions, and others to it: those whose other end the actor may read."""
    live = Link.objects.filter(unlinked__isnull=True).select_related("request", "other", "act__actor")
    readable = requests_of(actor).values("pk")
    own = live.filter(Q(other__in=readable) | Q(other__isnull=True), request=request)
    return [*own, *live.filter(other=request, request__in=readable)]


def links_to_mission(actor: Actor, mission: str) -> list[Link]:
    """The requests, of those that the actor may read, that are said to continue a mission or to be separate from it."""
    readable = requests_of(actor).values("pk")
    live = Link.objects.filter(unlinked__isnull=True, mission=mission, request__in=readable)
    return list(live.select_related("request"))


def locked_link(link: int) -> tuple[Scope, Link]:
    """What an action about a link loads: the scope of its request, and the link. Raises NotFound."""
    found = Link.objects.filter(pk=link).first()
    if found is None:
        raise NotFound(kind="link", name=str(link))
    scope, _ = locked(found.request_id)
    return scope.asked_as("link", link), found


def paper_clock(request: Request, now: datetime) -> rules.PaperClock | None:
    """How a verbal request stands with its paper; None for one that came in writing."""
    if not request.verbal:
        return None
    paper = Paper.objects.filter(request=request).first()
    due_at = rules.details_from_json(request.details).paper_due_at
    asked_at = request.steps.earliest("n").happened_at
    received_at = paper.received_at if paper else None
    return rules.paper_clock(asked_at=asked_at, due_at=due_at, received_at=received_at, now=now)


@dataclass(frozen=True)
class Waiting:
    """A request that waits: for whom, what for, and since when."""

    request: Request
    party: str
    what: str
    since: datetime


# Of each state that waits, who has the next step, and what it is.
NEXT_STEP = {
    "draft": ("requester", "to submit it"),
    "submitted": ("center", "to find it complete or send it back"),
    "returned_for_information": ("requester", "to answer what was asked back"),
    "validated": ("center", "to put it before the office"),
    "in_review": ("office", "to decide it"),
}
PAPER = "to send the paper"


def search(rows: QuerySet[Request], words: str) -> QuerySet[Request]:
    """Those whose id, title or requester holds the words; all of them for none."""
    if not words:
        return rows
    return rows.filter(Q(pk__icontains=words) | Q(title__icontains=words) | Q(requester__icontains=words))


def waiting(actor: Actor, rows: QuerySet[Request] | None = None) -> list[Waiting]:
    """Who is waited for, with what, and since when; the longest wait in front.

    Of all that the actor may read, or of these rows of it. A verbal request whose paper has not come waits for its requester
    beside.
    """
    readable = requests_of(actor) if rows is None else rows
    these = readable.filter(Q(state__in=NEXT_STEP) | Q(verbal=True, paper__isnull=True))
    found = []
    for row in these.exclude(state__in=ENDED).select_related("paper").prefetch_related("steps"):
        steps = list(row.steps.all())
        who = {"requester": row.requester, "center": OPERATIONS_CENTER, "office": row.asked.title}
        if row.state in NEXT_STEP:
            party, what = NEXT_STEP[row.state]
            found.append(Waiting(row, who[party], what, steps[-1].happened_at))
        if row.verbal and not hasattr(row, "paper"):
            found.append(Waiting(row, row.requester, PAPER, steps[0].happened_at))
    return sorted(found, key=lambda one: (one.since, one.request.pk))


def fields_of(request: Request) -> dict[str, Any]:
    """What each field of a request says, by its path; None for a field that it does not state."""
    said = rules.to_file(as_rule(request))
    found = dict.fromkeys(LABELS) | flat(said)
    for n, line in enumerate(said.get("lines", []), start=1):
        found |= {f"lines[{n}].{name}": line.get(name) for name in LINE_LABELS}
    return found


def lacking_of(request: Request) -> list[Lack]:
    """What the form that a request came on, and the type of assistance, need and the request does not state.

    The type is as the request states it, else as its mission assignment does.
    """
    asked = as_rule(request)
    lacks = lacking(asked, asked.details.form)
    assigned = getattr(request, "assignment", None)
    if assigned is not None and asked.details.assistance_type is None:
        lacks += unsigned(asked, assigned.ma_type)
    return lacks


@dataclass(frozen=True)
class Tied:
    """A field and the passage in which it stands; `changed` where the field says something else since it was tied."""

    label: str
    passage: Passage
    changed: bool


def tied(request: Request, document: Document) -> list[Tied]:
    """The fields of a request that stand in a document, in the order of the fields; of each the latest passage."""
    latest = {each.field: each for each in document.passages.order_by("pk")}
    now = fields_of(request)
    then = {
        each.n: _by_path(each.content)
        for each in request.versions.filter(n__in={p.version for p in latest.values()})
    }
    return [
        Tied(label(path), latest[path], then[latest[path].version].get(path) != now[path])
        for path in now
        if path in latest
    ]


def _by_path(content: dict[str, Any]) -> dict[str, Any]:
    found = flat(content)
    for n, line in enumerate(content.get("lines", []), start=1):
        found |= {f"lines[{n}].{name}": value for name, value in line.items()}
    return found


def figures_of(request: Request) -> list[Passage]:
    """What was read out of the words of a mission assignment, in their order."""
    return list(request.passages.filter(document__isnull=True))


def open_differences(actor: Actor) -> QuerySet[Difference]:
    """The differences in what requests say that nobody has settled, of the requests that the actor may read."""
    rows = Difference.objects.filter(settled__isnull=True, request__in=requests_of(actor).values("pk"))
    return rows.select_related("request").order_by("pk")
