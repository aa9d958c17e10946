"""The ledger's refusals, in the order in which they are told."""

from __future__ import annotations

from muster.core.errors import MusterError


class LedgerRefusal(MusterError):
    """An entry that does not fit: `tag` names the thing, `holder` who holds it."""

    status = 409
    words = "{tag} does not fit the ledger."

    def __init__(self, *, tag: str, holder: str) -> None:
        self.tag, self.holder = tag, holder
        super().__init__(self.words.format(tag=tag, holder=holder))


class Stale(LedgerRefusal):
    """Somebody recorded something about the thing in between."""

    code = "ledger.stale"
    words = (
        "{tag} has changed hands meanwhile and is held by {holder}. Look again, then record what still holds."
    )


class NotTheHolder(LedgerRefusal):
    """The giver does not hold the thing that the entry would move."""

    code = "ledger.not_the_holder"
    words = (
        "{tag} is held by {holder}, not by the giver. "
        "Record the missing handover from {holder} first, or report a difference."
    )


class NotTheMirror(LedgerRefusal):
    """A counter-entry that is not the exact reverse of the live top."""

    code = "ledger.not_the_mirror"
    words = "The correction of {tag} does not reverse its latest entry exactly. Nothing was kept."


class BeforeLiveTop(LedgerRefusal):
    """Something late: it happened before the latest entry, so it needs a correction batch."""

    code = "ledger.before_live_top"
    words = (
        "{tag} has a later entry (it is held by {holder}). Record what happened earlier as a correction, "
        "which sets the later entries on top again."
    )


class ClockAhead(LedgerRefusal):
    """The moment lies more than five minutes in the future."""

    code = "ledger.clock_ahead"
    words = "The time given for {tag} has not come yet. Check the clock of the device."


class SamePlace(MusterError):
    """Giver and receiver are one."""

    code = "ledger.same_holder"

    def __init__(self, *, holder: str) -> None:
        self.holder = holder
        super().__init__(f"{holder} cannot hand over to itself. Name who receives.")


class OnAnotherOffer(MusterError):
    """The thing stands on an open offer already."""

    code = "ledger.already_offered"
    status = 409

    def __init__(self, *, tags: list[str]) -> None:
        self.tags = tags
        super().__init__(
            f"{', '.join(tags)}: already offered. Withdraw that offer first, or let it be answered."
        )


class NotOpen(MusterError):
    """The handover has been answered already."""

    code = "ledger.already_answered"
    status = 409

    def __init__(self, *, state: str) -> None:
        self.state = state
        super().__init__(f"The handover is {state} already. Look at it again; nothing was kept.")


REFUSALS: dict[str, type[LedgerRefusal]] = {
    kind.code: kind for kind in (Stale, NotTheHolder, NotTheMirror, BeforeLiveTop, ClockAhead)
}
