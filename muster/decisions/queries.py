"""Decisions as the rules know them, and what is in force at a moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from muster.access.control import Actor, Scope, visible
from muster.assistance.models import Request
from muster.core.errors import NotFound
from muster.decisions import rules
from muster.decisions.deciding import AskedLine
from muster.decisions.lines import JudgedLine, from_stored
from muster.decisions.models import Decision, Version


def scope_of(decision: Decision) -> Scope:
    """Where a decision belongs: to the organisation of the office that took it, and to the agency that asked."""
    return Scope("decision", decision.pk, decision.office.organisation_id, asker=decision.request.agency_id)


def for_change(decision: str) -> Decision:
    """The decision, locked until commit. Raises NotFound."""
    rows = Decision.objects.select_for_update(of=("self",)).select_related("office", "request")
    found = rows.filter(pk=decision).first()
    if found is None:
        raise NotFound(kind="decision", name=decision)
    return found


def named(decision: str) -> Decision:
    """The decision, with what tells of it. For whoever runs the server: nobody is asked who reads it. Raises NotFound."""
    found = Decision.objects.select_related("office", "request__agency", "source").filter(pk=decision).first()
    if found is None:
        raise NotFound(kind="decision", name=decision)
    return found


def locked(decision: str) -> tuple[Scope, Decision]:
    """What an action about a decision loads: its scope, and the row locked until commit. Raises NotFound."""
    found = for_change(decision)
    return scope_of(found), found


def decisions_of(actor: Actor) -> QuerySet[Decision]:
    """The decisions that the actor may read, in the order in which they were recorded."""
    rows = Decision.objects.select_related("office", "request", "source").order_by("act_id", "id")
    return visible(actor, rows, organisation="office__organisation", site=None, asker="request__agency")


def zone_of(decision: Decision, known_at: int) -> ZoneInfo:
    """The zone of its latest limits, as known at an act's number: its days are days there. UTC where it has no limits."""
    stated = Version.objects.filter(
        decision=decision, limits__isnull=False, act__number__number__lte=known_at
    )
    return ZoneInfo(stated.order_by("-n").values_list("limits__zone", flat=True).first() or "UTC")


def zone_locked(decision: Decision) -> ZoneInfo:
    """The same by everything committed, for an act that has locked it."""
    stated = Version.objects.filter(decision=decision, limits__isnull=False)
    return ZoneInfo(stated.order_by("-n").values_list("limits__zone", flat=True).first() or "UTC")


def in_force(decision: Decision, at: datetime, known_at: int) -> rules.InForce:
    """What the decision allows at `at`, as known at an act's number."""
    return rules.limits_at(versions_known(decision, known_at), at, known_at)


def stretches_known(
    decision: Decision, begins_at: datetime, ends_at: datetime, known_at: int
) -> list[rules.Stretch]:
    """What it allows from `begins_at` up to but not including `ends_at`, as known at an act's number."""
    versions = versions_known(decision, known_at)
    if not versions:
        nothing = rules.limits_at((), begins_at, known_at)
        return [rules.Stretch(begins_at=begins_at, ends_at=ends_at, in_force=nothing)]
    return rules.stretches(versions, begins_at, ends_at)


def versions_known(decision: Decision, known_at: int) -> list[rules.Version]:
    """Its versions as known at an act's number, in the order in which they were written."""
    known = Version.objects.filter(decision=decision, act__number__number__lte=known_at).order_by("n")
    versions = known.values_list("n", "kind", "effective_at", "limits", "lines", "act__number__number")
    return [_version(*version) for version in versions]


def is_taken(decision: Decision, at: datetime, known_at: int) -> bool:
    """Whether it was taken by `at`, as known at an act's number."""
    known = Version.objects.filter(decision=decision, act__number__number__lte=known_at)
    return known.filter(effective_at__lte=at).exists()


def in_force_locked(decision: Decision, at: datetime) -> rules.InForce:
    """What it allows at `at` by everything committed, for an act that has locked it: a number comes only after commit."""
    return rules.limits_at(versions_locked(decision), at, 0)


def stretches_locked(decision: Decision, begins_at: datetime, ends_at: datetime) -> list[rules.Stretch]:
    """What it allows from `begins_at` to `ends_at`, by everything committed, for an act that has locked it."""
    return rules.stretches(versions_locked(decision), begins_at, ends_at)


def versions_locked(decision: Decision) -> list[rules.Version]:
    """Its versions by everything committed, for an act that has locked it: none of them says by its number when it was known."""
    versions = Version.objects.filter(decision=decision).order_by("n")
    rows = versions.values_list("n", "kind", "effective_at", "limits", "lines")
    return [_version(*row, 0) for row in rows]


def _version(
    n: int, kind: str, effective_at: datetime, limits: dict[str, object] | None, lines: list[dict[str, Any]] | None,
    known: int,
) -> rules.Version:  # fmt: skip
    read = rules.Limits.from_json(limits) if limits is not None else None
    return rules.Version(
        n=n, kind=cast(rules.VersionKind, kind), effective_at=effective_at, known=known, limits=read,
        lines=from_stored(lines or ()),
    )  # fmt: skip


def decided_on(decision: Decision) -> int:
    """The version of its request on which it was decided."""
    return decision.findings_seen.version if decision.findings_seen else decision.request.version


def asked_lines(request: Request, version: int) -> list[AskedLine]:
    """The lines of one version of a request, in their order."""
    rows = request.every_line.filter(version=version).order_by("n")
    return [AskedLine(n=row.n, task=row.task, words=row.words, place=row.place) for row in rows]


def status_of(decision: Decision) -> str:
    """The duty status that was assessed for the decision, else the one that was asked for; empty where none was."""
    return decision.findings_seen.status if decision.findings_seen else decision.request.duty_status_asked


def lines_of(decision: Decision, known_at: int | None = None) -> tuple[JudgedLine, ...]:
    """What its latest version that says anything of the lines says of them, as known at an act; empty where none does."""
    rows = Version.objects.filter(decision=decision, lines__isnull=False).order_by("-n")
    if known_at is not None:
        rows = rows.filter(act__number__number__lte=known_at)
    return from_stored(rows.values_list("lines", flat=True).first() or ())
