"""The latest assessment of a request, and the check of one line by the packs that come with Muster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from muster.assistance.rules import Request
from muster.authority.models import Assessment
from muster.authority.packs import load_packs
from muster.authority.rules import Finding, LimitLayer, assess


def latest(request: str, *, known_at: int | None = None, status: str | None = None) -> Assessment | None:
    """The assessment recorded last, by the act numbered `known_at`, or in the duty status, where one is given."""
    found = Assessment.objects.filter(request=request, **({"status": status} if status else {}))
    if known_at is not None:
        found = found.filter(act__number__number__lte=known_at)
    return found.order_by("-id").first()


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
