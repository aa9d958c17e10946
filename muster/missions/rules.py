"""In which state a mission is at a moment, derived from its decision and from when it was opened and closed. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from muster.decisions.rules import InForce, Version, limits_at

State = Literal["preparing", "active", "paused", "ending", "closed"]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The state of a mission, since when, and why in words."""

    state: State
    since: datetime
    why: str

    def to_json(self) -> dict[str, Any]:
        """The same as data."""
        return {"state": self.state, "since": self.since.isoformat(), "why": self.why}


def standing(
    versions: Sequence[Version], reasons: Mapping[int, str], at: datetime, known_at: int, *, opened_at: datetime,
    closed: tuple[datetime, str] | None,
) -> Standing:  # fmt: skip
    """In which state a mission is at `at`, by what had been written up to the act numbered `known_at`.

    `reasons` are those of the versions, by number; `closed` is when it was closed and why, as known then.

    Preparing before it opens or before its decision's window; paused while the decision is suspended; ending once it was revoked or its
    window is over, until the mission is closed: open tasks are finished. Source: design.md, "missions, tasks".
    """
    if closed is not None and closed[0] <= at:
        return Standing(state="closed", since=closed[0], why=closed[1])
    if at < opened_at:
        return Standing(state="preparing", since=opened_at, why="It opens then.")
    found = limits_at(versions, at, known_at)
    since = max(opened_at, found.since) if found.since else opened_at
    match found.why:
        case None:
            return _active(versions, at, known_at, opened_at, found)
        case "not_issued":
            return Standing(
                state="preparing", since=opened_at, why="No decision that allows it is known yet."
            )
        case "not_yet":
            first = found.limits.effective_from if found.limits else None
            why = f"The decision allows nothing before {first}."
            return Standing(state="preparing", since=opened_at, why=why)
        case "suspended":
            return Standing(state="paused", since=since, why=reasons.get(found.by or 0, ""))
        case "expired":
            latest = found.limits.effective_to if found.limits else None
            return Standing(state="ending", since=since, why=f"The decision's window ended with {latest}.")
        case _:
            return Standing(state="ending", since=since, why=reasons.get(found.by or 0, ""))


def _active(
    versions: Sequence[Version], at: datetime, known_at: int, opened_at: datetime, found: InForce
) -> Standing:
    """Since it could begin: opened, in the window, and decided or resumed. A mere amendment begins nothing anew."""
    known = [v for v in versions if v.known <= known_at and v.effective_at <= at]
    begun = [v.effective_at for v in known if v.kind in ("issued", "resumed")]
    begins = found.limits.begins_at if found.limits else None
    since = max(moment for moment in (opened_at, *begun, begins) if moment is not None)
    return Standing(state="active", since=since, why="The decision is in force.")
