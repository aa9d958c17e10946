"""Who may act for an office at a moment: its holder, or who has it delegated. Plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from muster.core.errors import MusterError

Verb = Literal["decide", "amend", "suspend", "resume", "revoke"]
VERBS: tuple[Verb, ...] = get_args(Verb)


@dataclass(frozen=True, kw_only=True)
class Held:
    """That an account holds the office from `begins_at` on, until the next begins. None: it is vacant."""

    account: int | None
    begins_at: datetime
    order: int  # in which it was written down: of two that begin at one moment, the later counts


@dataclass(frozen=True, kw_only=True)
class Delegated:
    """That an account may do `verbs` for the office, from `begins_at` up to but not including `ends_at`; None: no end.

    It is of the holder who gave it, `given_by`, and ends for good when another holds the office, or nobody.
    """

    id: int
    account: int
    verbs: tuple[str, ...]
    begins_at: datetime
    ends_at: datetime | None
    given_by: int | None
    withdrawn_at: datetime | None = None

    def covers(self, verb: str, at: datetime, held: Sequence[Held]) -> bool:
        """Whether it is good for that verb at that moment, by who held the office until then."""
        ends = [end for end in (self.ends_at, self.withdrawn_at, self.outlived_at(held)) if end is not None]
        stands = self.begins_at <= at and all(at < end for end in ends)
        return verb in self.verbs and stands and holder_at(held, at) == self.given_by

    def outlived_at(self, held: Sequence[Held]) -> datetime | None:
        """The moment, after it began, at which who gave it held the office no more; None where that has not come."""
        turns = sorted(each.begins_at for each in held if each.begins_at > self.begins_at)
        return next((turn for turn in turns if holder_at(held, turn) != self.given_by), None)


class NotTheHolder(MusterError):
    """Who acts holds neither the office at that moment nor a delegation of it for this."""

    code = "decisions.not_the_holder"
    status = 403

    def __init__(self, *, actor: str, office: str, verb: str, at: datetime) -> None:
        self.actor, self.office, self.verb, self.at = actor, office, verb, at
        super().__init__(
            f"{actor} is neither the holder of the office {office} at {at:%Y-%m-%d %H:%M %Z} nor has a delegation of it to "
            f"{verb} then. Nothing was recorded. The holder decides, or delegates it; who holds the office is recorded by counsel "
            "or an administrator."
        )


def seat_at(held: Iterable[Held], at: datetime) -> Held | None:
    """By which row the office is held at a moment, or vacant; None: nobody is recorded by then."""
    begun = [each for each in held if each.begins_at <= at]
    return max(begun, key=lambda each: (each.begins_at, each.order)) if begun else None


def holder_at(held: Iterable[Held], at: datetime) -> int | None:
    """The account that holds the office at a moment; None where it is vacant or nobody is recorded."""
    seat = seat_at(held, at)
    return seat.account if seat else None


def delegation_at(
    delegated: Iterable[Delegated], account: int, verb: str, at: datetime, held: Sequence[Held]
) -> int | None:
    """The delegation under which an account may do that for the office; of several, the one given first."""
    found = [each.id for each in delegated if each.account == account and each.covers(verb, at, held)]
    return min(found, default=None)
