"""A task that drifts: what was done was not what was tasked. It is a fact, so it is kept, and counsel reviews it.

Source: the rules for every task of the pack us.task-categories. That the review is within 24 hours is Muster's own choice, not law.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from muster.authority.findings import Finding, Verdict
from muster.authority.law import Law
from muster.core.errors import MusterError

REVIEWED_WITHIN = timedelta(hours=24)
Defense = Literal["none", "self", "others"]
DEFENSE, DRIFT = "UNIVERSAL-1", "UNIVERSAL-2"  # the rules for every task, by their ids


class ReviewedAlready(MusterError):
    """Counsel has reviewed that exception."""

    code = "authority.reviewed_already"
    status = 409

    def __init__(self, *, drift: str) -> None:
        self.drift = drift
        super().__init__(f"The exception {drift} is reviewed already. Read what counsel found.")


class NoDrift(MusterError):
    """What was done is what was tasked, so there is no exception to record."""

    code = "authority.no_drift"

    def __init__(self, *, task: str) -> None:
        self.task = task
        super().__init__(
            f"{task} was tasked and {task} was done: that is no drift. Name what was done beside it."
        )


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """What the rules say of a drift, and until when counsel reviews it."""

    finding: Finding
    review_due_at: datetime  # aware


def judged(done: Finding, *, tasked: str, defense: Defense, happened_at: datetime, law: Law) -> Drifted:
    """Judge what was done by the finding that it would have had, had it been asked for.

    Self-defense and the defense of others are always allowed under the rules for the use of force; anything
    else needs counsel at the least, however harmless. Both are reviewed. Raises NoDrift.
    """
    if done.task == tasked and defense == "none":
        raise NoDrift(task=tasked)
    due = happened_at + REVIEWED_WITHIN
    if defense != "none":
        return Drifted(finding=_by(done, "permitted", DEFENSE, law), review_due_at=due)
    if done.finding in ("needs_counsel", "prohibited"):
        return Drifted(finding=done, review_due_at=due)
    return Drifted(finding=_by(done, "needs_counsel", DRIFT, law), review_due_at=due)


def _by(done: Finding, verdict: Verdict, rule: str, law: Law) -> Finding:
    """The finding under a universal rule in the place of the table's."""
    basis = next(each.basis for each in law.universal if each.id == rule)
    origin = basis.origin
    return Finding(
        line=done.line,
        task=done.task,
        finding=verdict,
        layer="law",
        rule=basis.rule,
        citation=basis.citation,
        verified=basis.verified,
        words=basis.words,
        mark=basis.mark,
        unverified=basis.unverified,
        pack=origin.pack if origin else "",
        signed=origin.signed if origin else "",
        changes=("Counsel's review.",),
    )
