"""Strength as of any moment, as known at any act, with the field's words apart: none of these numbers is added to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from muster.assistance import queries as assistance
from muster.core.errors import NotFound
from muster.core.quantity import Quantity, total
from muster.core.times import parse_moment
from muster.decisions import queries as decisions
from muster.ledger import queries as ledger
from muster.missions.models import Mission
from muster.tasks import queries
from muster.tasks.assignmentrules import ENDED
from muster.tasks.assignments import OnTheRoll, muster_roll
from muster.tasks.models import Assignment, Present

NOT_RECORDED = Quantity("unknown", None, None)
MEANS = {
    "requested": "people on the lines of the request",
    "authorised": "people whom the decision allows at any one moment",
    "ordered": "members whose order stands",
    "activated": "members whose order's days have begun and not ended",
    "deployed": "members checked in and not checked out",
    "present": "members seen at the tasks under way, by the latest look at each",
}


@dataclass(frozen=True, kw_only=True)
class Word:
    """One of the field's words with its number. *Not recorded* where nobody asked, said or looked."""

    word: str
    quantity: Quantity
    note: str = ""

    @property
    def means(self) -> str:
        """What is counted, in words."""
        return MEANS[self.word]


@dataclass(frozen=True, kw_only=True)
class Strength:
    """The strength of one mission as of `at`, known at the act numbered `known_at`.

    `never_deployed`: members whose duty had begun when they were stood down, and who had not checked in; in all, by then.
    """

    mission: str
    at: datetime
    known_at: int
    words: tuple[Word, ...]
    never_deployed: int
    roll: tuple[OnTheRoll, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as data, without the muster roll."""
        return {
            "mission": self.mission, "at": self.at.isoformat(), "known_at": self.known_at,
            "strength": [
                {"word": one.word, "means": one.means, "low": one.quantity.low, "high": one.quantity.high,
                 "said": one.quantity.said, "note": one.note}
                for one in self.words
            ],
            "activated_never_deployed": self.never_deployed,
        }  # fmt: skip


def strength(mission: Mission, at: datetime, known_at: int) -> Strength:
    """The strength of a mission at a moment. Where it keeps no muster roll, what one would say is *not recorded*."""
    those = muster_roll([mission], at, known_at)
    kept = Assignment.objects.filter(mission=mission, act__number__number__lte=known_at).exists()
    day = at.astimezone(decisions.zone_of(mission.decision, known_at)).date()

    def counted(chosen: Iterator[bool]) -> Quantity:
        return Quantity.exact(sum(chosen)) if kept else NOT_RECORDED

    none = "" if kept else "No muster roll is kept."
    asked, asked_note = _requested(mission, at, known_at)
    allowed, allowed_note = _authorised(mission, at, known_at)
    seen, seen_note = _present(mission, at, known_at)
    return Strength(
        mission=mission.pk, at=at, known_at=known_at, never_deployed=sum(one.never_deployed for one in those), roll=tuple(those),
        words=(
            Word(word="requested", quantity=asked, note=asked_note),
            Word(word="authorised", quantity=allowed, note=allowed_note),
            Word(word="ordered", quantity=counted(one.order is not None and one.state not in ENDED for one in those), note=none),
            Word(word="activated", quantity=counted(one.activated_on(day) for one in those), note=none),
            Word(word="deployed", quantity=counted(one.is_there for one in those), note=none),
            Word(word="present", quantity=seen, note=seen_note),
        ),
    )  # fmt: skip


def _requested(mission: Mission, at: datetime, known_at: int) -> tuple[Quantity, str]:
    try:
        asked = assistance.as_stood(mission.decision.request, at, known_at)
    except NotFound:
        return NOT_RECORDED, "Nothing had been asked for by then."
    return total([line.people for line in asked.lines]), ""


def _authorised(mission: Mission, at: datetime, known_at: int) -> tuple[Quantity, str]:
    found = decisions.in_force(mission.decision, at, known_at)
    if found.limits is None or found.why is not None:
        return Quantity.exact(0), f"The decision is {(found.why or 'not issued').replace('_', ' ')}."
    if found.limits.people_max is None:
        return NOT_RECORDED, "The decision states no number of people."
    return Quantity("up_to", None, found.limits.people_max), ""


def _present(mission: Mission, at: datetime, known_at: int) -> tuple[Quantity, str]:
    draws = queries.draws_as_known(mission, known_at)
    under_way = [task for task, draw in draws.items() if draw.begins_at <= at < draw.ends_at]
    looks = Present.objects.filter(task__in=under_way, at__lte=at, act__number__number__lte=known_at)
    latest = {look.task_id: look for look in looks.order_by("at", "act__number__number")}
    if not latest:
        return (
            NOT_RECORDED,
            "Nobody has looked at a task under way." if under_way else "No task is under way.",
        )
    not_looked = len(under_way) - len(latest)
    note = f"Nobody has looked at {not_looked} of {len(under_way)} tasks under way." if not_looked else ""
    return Quantity.exact(sum(look.people for look in latest.values())), note


def strength_of(mission: Mission, at: str | None, known_at: str | None) -> Strength:
    """The same for a moment or a day in words: its end where the decision counts its days; None is now. Raises NotAMoment."""
    known = ledger.known(known_at)
    moment = parse_moment(at, decisions.zone_of(mission.decision, known)) if at else timezone.now()
    return strength(mission, moment, known)
