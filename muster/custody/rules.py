"""Custody's refusals and the words for reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from muster.core.errors import MusterError
from muster.core.tags import TagMisread, parse_tag
from muster.core.times import local

REFUSALS = ("no_space", "no_authority", "not_fit_to_travel", "wrong_person", "other")
LAPSES = ("nobody_came", "no_answer", "handed_over_otherwise", "other")
LAPSES_AFTER = timedelta(hours=24)
RELEASES = ("court_order", "agency_order", "bond", "transfer_of_agency", "left", "other")


class NoTags(MusterError):
    """Nobody is named."""

    code = "custody.no_tags"

    def __init__(self) -> None:
        super().__init__("No tag was given. Scan at least one.")


class TagTwice(MusterError):
    """A tag stands twice on one list: somebody would be counted twice, or somebody is missing."""

    code = "custody.tag_twice"

    def __init__(self, *, tags: list[str]) -> None:
        self.tags = tags
        super().__init__(
            f"{', '.join(tags)}: twice on the list. Take one out, or scan the other person's band."
        )


class SameSigner(MusterError):
    """One person signed for both sides."""

    code = "custody.same_signer"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "You offered this handover. Somebody else signs for the receiver, with a sign-in of their own."
        )


class StillWaits(MusterError):
    """The offer has not waited long enough to lapse."""

    code = "custody.still_waits"
    status = 409

    def __init__(self, *, lapses_at: datetime, where: ZoneInfo) -> None:
        self.lapses_at = lapses_at
        super().__init__(
            f"The offer can lapse from {local(lapses_at, where)} on. Let it be answered until then, "
            "or let whoever offers withdraw it."
        )


class UnknownReason(MusterError):
    """The reason is none of the coded ones."""

    code = "custody.unknown_reason"

    def __init__(self, *, reason: str, known: Sequence[str]) -> None:
        self.reason = reason
        super().__init__(f"{reason[:60]!r} is not a reason here. Choose one of: {', '.join(known)}.")


class AlreadyHere(MusterError):
    """The site holds them already: the same arrival told twice is no contradiction, and no second arrival."""

    code = "custody.already_here"
    status = 409

    def __init__(self, *, since: dict[str, datetime], site: str, where: ZoneInfo) -> None:
        self.since, self.site = since, site
        named = ", ".join(f"{tag} (since {local(at, where)})" for tag, at in sorted(since.items()))
        super().__init__(
            f"{named}: already at {site} by the record. Nothing was kept, of the others on the list either: take these off it "
            "and send the rest again. Of who left in between, record the leaving first."
        )


class TagOfABag(MusterError):
    """A tag that is received as a person's is on a bag."""

    code = "custody.tag_of_a_bag"
    status = 409

    def __init__(self, *, tags: list[str]) -> None:
        self.tags = tags
        super().__init__(
            f"{', '.join(tags)}: on a bag, and not on a person. Nothing was kept. Scan the person's band; bags are taken in as property."
        )


class NotHeldHere(MusterError):
    """The site does not hold the person."""

    code = "custody.not_held_here"
    status = 409

    def __init__(self, *, tags: list[str], site: str) -> None:
        self.tags, self.site = tags, site
        super().__init__(
            f"{', '.join(tags)}: not at {site} by the record. Look up where they are, or report a difference."
        )


class NotOnOffer(MusterError):
    """A tag that is signed for was not offered."""

    code = "custody.not_on_offer"
    status = 409

    def __init__(self, *, tags: list[str]) -> None:
        self.tags = tags
        super().__init__(f"{', '.join(tags)}: not on this handover. Receive them as an arrival of their own.")


class ListKeepsSite(MusterError):
    """The site is kept by its own list, so no clerk writes its entries."""

    code = "custody.kept_by_list"
    status = 409

    def __init__(self, *, site: str) -> None:
        self.site = site
        super().__init__(f"{site} is kept by list: import its next list instead.")


class AlreadySettled(MusterError):
    """The difference has been settled, or the count is in."""

    code = "custody.already_settled"
    status = 409

    def __init__(self, *, what: str) -> None:
        super().__init__(f"The {what} is settled already. Look at it again; nothing was kept.")


class NothingToCorrect(MusterError):
    """The entry is not a live one."""

    code = "custody.not_live"
    status = 409

    def __init__(self, *, tag: str, n: int) -> None:
        self.tag, self.n = tag, n
        super().__init__(
            f"Entry {n} of {tag} does not hold any more, so it cannot be corrected. Look at the history."
        )


def read_tags(texts: Sequence[str]) -> list[str]:
    """The tags of a list, as printed. Raises NoTags, TagMisread, TagTwice."""
    tags = [parse_tag(text) for text in texts]
    if not tags:
        raise NoTags()
    if twice := sorted(tag for tag, times in Counter(tags).items() if times > 1):
        raise TagTwice(tags=twice)
    return tags


def tag_or_text(text: str) -> str:
    """The tag as printed; what is no tag as it was read, at most 60 signs of it."""
    try:
        return parse_tag(text)
    except TagMisread:
        return text.strip()[:60]


def check_lapse(offered_at: datetime, *, now: datetime, where: ZoneInfo) -> None:
    """Raises StillWaits, in that zone, for an offer that was made less than `LAPSES_AFTER` ago."""
    if now < offered_at + LAPSES_AFTER:
        raise StillWaits(lapses_at=offered_at + LAPSES_AFTER, where=where)


def check_reason(reason: str, known: Sequence[str]) -> None:
    """Raises UnknownReason."""
    if reason not in known:
        raise UnknownReason(reason=reason, known=known)
