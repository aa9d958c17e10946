"""Requests as the rules know them, and where they stood at a moment."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

from django.db.models import QuerySet

from muster.access.control import Actor, Scope, visible
from muster.assistance import rules
from muster.assistance.models import Request, Step
from muster.core.errors import NotFound
from muster.core.quantity import Quantity


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
    """The request as the rules judge it."""
    return rules.Request(
        id=request.pk, title=request.title, kind=cast(rules.Kind, request.kind), requester=request.requester,
        agency=request.agency_id, agency_kind=cast(rules.AgencyKind, request.agency_kind), asked=request.asked_id, state=request.of_state,
        purpose=request.purpose, priority=cast(rules.Priority | None, request.priority or None),
        reimbursement=request.reimbursement or None, verbal=request.verbal,
        duty_status_asked=request.duty_status_asked or None, federal_order=request.federal_order or None,
        as_of=request.as_of, facts=MappingProxyType(rules.facts_from_json(request.facts)),
        lines=tuple(
            rules.Line(
                n=line.n, task=line.task, words=line.words, people=Quantity.from_json(line.people),
                vehicles=Quantity.from_json(line.vehicles), place=line.place or None, window_from=line.window_from,
                window_to=line.window_to, contact=cast(Any, line.contact or None),
            )
            for line in request.lines.all()
        ),
        exclusions=tuple(rules.Exclusion(task=e.task, words=e.words) for e in request.exclusions.all()),
    )  # fmt: skip
