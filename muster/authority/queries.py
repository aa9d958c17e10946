"""The latest assessment of a request, its review, and the check of one line by the packs in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import cast
from uuid import UUID

from muster.access.control import Scope
from muster.assistance import queries as assistance
from muster.assistance.models import Request as Row
from muster.assistance.rules import Request
from muster.authority import review
from muster.authority.findings import Finding
from muster.authority.limits import LimitLayer
from muster.authority.models import Assessment, Drift, DriftReview, Judgement, LineFinding
from muster.authority.packs import load_packs
from muster.authority.rules import assess
from muster.core.errors import NotFound


def latest(request: str, *, known_at: int | None = None, status: str | None = None) -> Assessment | None:
    """The assessment recorded last, by the act numbered `known_at`, or in the duty status, where one is given."""
    found = Assessment.objects.filter(request=request, **({"status": status} if status else {}))
    if known_at is not None:
        found = found.filter(act__number__number__lte=known_at)
    return found.order_by("-id").first()


def found_in(request: str, assessment: UUID | None) -> dict[int, LineFinding]:
    """What one assessment of a request found, by the line; empty where it has none of that id."""
    rows = LineFinding.objects.filter(assessment=assessment, assessment__request=request)
    return {row.line: row for row in rows}


def what_if(
    request: Request, on_date: date, facts: Mapping[str, bool | date]
) -> dict[str, tuple[Finding, ...]]:
    """What would be found in each duty status, with the same facts and on the same day."""
    return {status: findings(request, status, on_date, facts) for status in load_packs().law.statuses}


def findings(
    request: Request,
    status: str,
    on_date: date,
    facts: Mapping[str, bool | date],
    *,
    limits: Sequence[LimitLayer] = (),
) -> tuple[Finding, ...]:
    """What the law, the federal order that the request names, and the `limits` given find. Raises UnknownStatus, NotFound."""
    layers = (*load_packs().layers(request.federal_order), *limits)
    return assess(request, status, on_date, layers, {**request.facts, **facts})


def review_of(row: Row, *, version: int | None = None, known_at: int | None = None) -> review.Review:
    """The review of a request by the six criteria, as it stands; or of a version of it, as known at an act's number."""
    said = Judgement.objects.filter(request=row).select_related("act__actor").order_by("id")
    if known_at is not None:
        said = said.filter(act__number__number__lte=known_at)
    return review.reviewed(
        (
            review.Judgement(
                criterion=cast(review.Name, each.criterion), colour=cast(review.Colour, each.colour), rationale=each.rationale,
                evidence=tuple(each.evidence), assessor=str(each.act.actor), judged_at=each.judged_at, version=each.version,
            )
            for each in said
        ),
        version=row.version if version is None else version,
    )  # fmt: skip


def drifts_of(row: Row) -> list[tuple[Drift, DriftReview | None]]:
    """The tasks that drifted under a request, each with counsel's review: those that wait first, by when they are due."""
    drifts = (
        Drift.objects.filter(request=row)
        .select_related("act__actor", "act__number")
        .order_by("review_due_at")
    )
    said = DriftReview.objects.filter(drift__request=row).select_related("act__actor")
    reviews = {review.drift_id: review for review in said}
    return sorted(((drift, reviews.get(drift.pk)) for drift in drifts), key=lambda pair: pair[1] is not None)


def drift_locked(drift: UUID) -> tuple[Scope, Drift]:
    """What an action about a drift loads: the scope of its request, locked until commit, and the drift. Raises NotFound."""
    found = Drift.objects.filter(pk=drift).first()
    if found is None:
        raise NotFound(kind="exception", name=str(drift))
    scope, _ = assistance.locked(found.request_id)
    return scope.asked_as("exception", drift), found
