"""What does not fit is kept: differences, and the reports of facts that the ledger has otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from muster.core.times import local, zone
from muster.custody.models import Difference
from muster.ledger.models import Handover, Head, Report, Thing
from muster.ledger.rules import BeforeLiveTop, ClockAhead, NotTheHolder, Stale
from muster.ledger.writing import Push, write
from muster.parties.models import Site
from muster.record.action import TryAgain
from muster.record.models import Act

Kind = Difference.Kind
LOOKS = 5  # at the heads; every further one follows upon somebody else's entry
CLOCKS_MAY_DIFFER = timedelta(minutes=5)  # as the guard in the database has it


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """One person of whom a fact does not fit the ledger: what kind of difference that is, and why in a sentence."""

    tag: str
    kind: Difference.Kind
    words: str
    thing: Thing | None = None
    held_by: str = ""


def differ(
    act: Act, site: Site, kind: Difference.Kind, words: str, at: datetime, *, thing: Thing | None = None,
    report: Report | None = None, handover: Handover | None = None,
) -> Difference:  # fmt: skip
    """Open a difference at a site."""
    return Difference.objects.create(
        act=act,
        kind=kind,
        site=site,
        thing=thing,
        report=report,
        handover=handover,
        words=words,
        opened_at=at,
    )


def write_what_fits(
    look: Callable[[], tuple[list[Push], list[Misfit]]], *, act: Act, mission: str = "", source: str = ""
) -> list[Misfit]:
    """Write the pushes that a look at the heads gives, each with the giver it saw; what did not fit.

    Whoever loses a race looks again and finds the winner's entry. Raises ClockAhead, and TryAgain where others
    are faster every time.
    """
    for _ in range(LOOKS):
        pushes, misfits = look()
        try:
            write(pushes, act=act, mission=mission, source=source)
        except (Stale, NotTheHolder, BeforeLiveTop):
            continue
        return misfits
    raise TryAgain()


def keep(
    misfits: Sequence[Misfit], *, act: Act, site: Site, at: datetime, what: str, **inputs: str
) -> UUID | None:
    """Keep what does not fit as one report, with a difference for each person; None where everything fits.

    `what` continues "the site reports", and `inputs` is what else was said of them. Raises ClockAhead.
    """
    if not misfits:
        return None
    if at > timezone.now() + CLOCKS_MAY_DIFFER:
        raise ClockAhead(tag=misfits[0].tag, holder=misfits[0].held_by)
    kinds = {misfit.kind for misfit in misfits}
    held_by = {misfit.tag: misfit.held_by for misfit in misfits if misfit.held_by}
    named = ", ".join(sorted(misfit.tag for misfit in misfits))
    payload = {"site": site.code, "at": at.isoformat(), "what": what, "held_by": held_by, **inputs}
    report = Report.objects.create(
        act=act,
        kind=kinds.pop() if len(kinds) == 1 else "several",
        thing=misfits[0].thing if len(misfits) == 1 else None,
        payload=payload | {"tags": [misfit.tag for misfit in misfits]},
        words=f"{site.code} reports having {what} {named} at {local(at, zone(site.zone))}.",
    )
    for misfit in misfits:
        differ(act, site, misfit.kind, misfit.words, at, thing=misfit.thing, report=report)
    return report.id


def before_later_entry(head: Head, site: Site, *, what: str) -> Misfit:
    """Something that happened before the latest entry of a thing, and was told after it."""
    words = (
        f"{head.thing.tag} was {what} here before the latest entry in the record, "
        f"{_since(head, site)}. Correct that entry, or say why this does not hold."
    )
    return Misfit(tag=head.thing.tag, kind=Kind.OUT_OF_ORDER, words=words, thing=head.thing)


def _since(head: Head, site: Site) -> str:
    assert head.happened_at  # it has an entry, or nothing could lie before it
    what = "bag" if head.thing.kind == Thing.Kind.PROPERTY else "person"
    return f"which has the {what} with {head.holder.code} since {local(head.happened_at, zone(site.zone))}"
