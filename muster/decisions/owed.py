"""What is owed under a decision: its next report, and the paper of a verbal one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from muster.decisions import reporting
from muster.decisions.models import Confirmation, Decision, Report
from muster.decisions.reporting import Due
from muster.decisions.rules import InForce


@dataclass(frozen=True, kw_only=True)
class Owed:
    """None where nothing is owed: no interval is set or the decision had ended before; it was in writing or is confirmed."""

    report: Due | None
    paper: Due | None


def owed(decision: Decision, in_force: InForce, at: datetime, known_at: int) -> Owed:
    """What is owed as of `at`, which `in_force` is for, as known at an act's number."""
    return Owed(report=_report(decision, in_force, at, known_at), paper=_paper(decision, at, known_at))


def _report(decision: Decision, in_force: InForce, at: datetime, known_at: int) -> Due | None:
    limits = in_force.limits
    if limits is None or not limits.reporting_interval_days or decision.reported_on is not None:
        return None
    issued = decision.versions.filter(kind="issued").values_list("effective_at", flat=True).first()
    given = Report.objects.filter(decision=decision, act__number__number__lte=known_at)
    return reporting.next_report(
        limits.reporting_interval_days, limits.zone, began_at=max(filter(None, (issued, limits.begins_at))),
        reported_at=list(given.values_list("at", flat=True)), at=at,
        ended_at=in_force.since if in_force.why in ("expired", "revoked") else None,
    )  # fmt: skip


def _paper(decision: Decision, at: datetime, known_at: int) -> Due | None:
    if decision.instrument_kind != Decision.Instrument.VERBAL or decision.decided_at is None:
        return None
    confirmed = Confirmation.objects.filter(decision=decision, act__number__number__lte=known_at)
    return None if confirmed.exists() else reporting.confirmation(decision.decided_at, at=at)
