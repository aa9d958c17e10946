"""The bars of a decision's limits: what is used of each as of any moment, as known at any act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.decisions.usage import Used
from muster.ledger.queries import latest_known
from muster.tasks.usage import usage
from muster.web.asof import as_of


@dataclass(frozen=True)
class Bar:
    """One limit as a bar of 100 units: what is used of it at the moment, and a mark at the most from then on."""

    used: Used

    @property
    def width(self) -> int:
        """As long as what is used, and no longer than the bar."""
        return min(100, self.used.share)

    @property
    def mark(self) -> int:
        """Where the mark stands, inside the bar."""
        return min(99, self.used.peak_share)

    @property
    def numbers(self) -> tuple[str, str, str]:
        """What is used then, at most from then on, and allowed, as they are read."""
        used = self.used
        return used.said(used.used), used.said(used.peak), used.said(used.allowed)

    @property
    def is_near(self) -> bool:
        """Whether somebody ought to know before the next task is ordered."""
        return self.used.says != "inside"


def limits_used(request: HttpRequest, decision: Decision) -> dict[str, Any]:
    """What a page shows of the limits used, as of the moment and as known at the act that its address names; else as of now."""
    read = as_of(request, decisions.zone_of(decision, latest_known()))
    found = usage(decision, read.at, read.known_at)
    return read.context | {
        "usage": found,
        "bars": [Bar(used) for used in found.limits],
        "limits_zone": decisions.zone_of(decision, read.known_at).key,
    }
