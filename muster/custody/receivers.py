"""What a later step knows of the holders that it makes: whether they take persons still, and what is odd where they did.

A trip is a holder like any other, and custody knows no trips: transport registers what has to be asked of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from muster.ledger.models import Holder


class Receiver(NamedTuple):
    """`check` raises where persons may not be offered to a holder; `late` says what is odd about a signature at a moment."""

    check: Callable[[Holder], None]
    late: Callable[[Holder, datetime], str]


RECEIVERS: dict[str, Receiver] = {}


def register(kind: str, *, check: Callable[[Holder], None], late: Callable[[Holder, datetime], str]) -> None:
    """Say what is asked of holders of a kind before persons are offered to them, and when they are signed for."""
    RECEIVERS[kind] = Receiver(check, late)


def check_offer(holder: Holder) -> None:
    """Check that persons may be offered to a holder: a plan. Raises what the step that makes such holders raises."""
    if known := RECEIVERS.get(holder.kind):
        known.check(holder)


def oddity(holder: Holder, at: datetime) -> str:
    """What is odd about persons signed for there at that moment, a fact that is kept; empty: nothing."""
    known = RECEIVERS.get(holder.kind)
    return known.late(holder, at) if known else ""
