"""How much of a decision's limits is used, at any moment, as known at any act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from muster.core.times import parse_moment
from muster.costs import queries as costs
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.decisions.rules import InForce
from muster.decisions.usage import Used, used_at
from muster.ledger import queries as ledger
from muster.tasks import queries


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The limits of a decision that are numbers, with what is used of each as of `at`, known at the act numbered `known_at`."""

    decision: str
    at: datetime
    known_at: int
    in_force: InForce
    limits: tuple[Used, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "decision": self.decision, "at": self.at.isoformat(), "known_at": self.known_at, "why": self.in_force.why,
            "version": self.in_force.version,
            "limits": [{**asdict(used), "share": used.share, "peak_share": used.peak_share, "says": used.says} for used in self.limits],
        }  # fmt: skip


def usage(decision: Decision, at: datetime, known_at: int) -> Usage:
    """What all tasks and costs under a decision use of its limits at a moment, and at most from then on.

    Suspended or ended, the limits are those that would apply: what stands is counted all the same.
    """
    in_force = decisions.in_force(decision, at, known_at)
    draws = list(queries.draws_known(decision, known_at).values())
    limits = [*used_at(in_force, draws, at), *_of_cap(decision, in_force, known_at)]
    return Usage(decision=decision.pk, at=at, known_at=known_at, in_force=in_force, limits=tuple(limits))


def _of_cap(decision: Decision, in_force: InForce, known_at: int) -> Iterator[Used]:
    """What is used of a cost cap: spent so far, and in the end with what is still to come of open estimates."""
    limits = in_force.limits
    if limits is not None and limits.cost_cap_usd is not None:
        used = costs.used_known(decision, known_at)
        yield Used(
            limit="cost_cap_usd", of="", unit="cents", used=used.actual_cents, peak=used.cents, allowed=limits.cost_cap_usd * 100,
            version=in_force.version, sentence=limits.sentence("cost_cap_usd"),
        )  # fmt: skip


def usage_of(decision: Decision, at: str | None, known_at: str | None) -> Usage:
    """The same for a moment or a day in words: its end where the decision counts its days; None is now. Raises NotAMoment."""
    known = ledger.known(known_at)
    moment = parse_moment(at, decisions.zone_of(decision, known)) if at else timezone.now()
    return usage(decision, moment, known)
