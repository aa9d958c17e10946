"""The moment and the act's number that a page is asked for: `web/as_of_form.html` is the form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone

from muster.core.errors import MusterError
from muster.core.times import parse_moment
from muster.ledger.queries import known, latest_known
from muster.web.pages import Problem


@dataclass(frozen=True)
class AsOf:
    """As of which moment, as known at which act; and what the form shows of what was asked and could not be read."""

    at: datetime
    known_at: int
    context: dict[str, Any]


def as_of(request: HttpRequest, where: ZoneInfo) -> AsOf:
    """What the address names, a day ending in that zone; else now. What cannot be read is a problem of its field, and now is shown."""
    asked = {name: request.GET.get(name, "").strip()[:60] for name in ("at", "known_at")}
    at, known_at, problems = timezone.now(), latest_known(), []
    for name, words in asked.items():
        try:
            if words and name == "at":
                at = parse_moment(words, where)
            elif words:
                known_at = known(words)
        except MusterError as refusal:
            problems.append(Problem(name, str(refusal)))
    wrong = {problem.field: problem.message for problem in problems}
    return AsOf(at, known_at, {"asked": asked, "problems": problems, "wrong": wrong})
