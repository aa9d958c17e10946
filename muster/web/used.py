"""The bars of a decision's limits: what is used of each as of any moment, as known at any act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from muster.core.errors import MusterError
from muster.core.times import parse_moment
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.decisions.usage import Used
from muster.ledger.queries import known, latest_known
from muster.tasks.usage import usage
from muster.web.pages import Problem


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
    """What a page shows of the limits used, as of the moment and as known at the act that its address names; else as of now.

    What cannot be read of the two is told as a problem of its field, and now is shown.
    """
    latest = latest_known()
    asked = {name: request.GET.get(name, "").strip()[:60] for name in ("at", "known_at")}
    at, known_at, problems = timezone.now(), latest, []
    for name, words in asked.items():
        try:
            if words and name == "at":
                at = parse_moment(words, decisions.zone_of(decision, latest))
            elif words:
                known_at = known(words)
        except MusterError as refusal:
            problems.append(Problem(name, str(refusal)))
    found = usage(decision, at, known_at)
    return {
        "usage": found, "bars": [Bar(used) for used in found.limits], "asked": asked, "problems": problems,
        "wrong": {problem.field: problem.message for problem in problems},
        "limits_zone": decisions.zone_of(decision, known_at).key,
    }  # fmt: skip
