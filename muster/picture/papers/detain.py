"""The order to hold or to let go, as the site received it, after I-203: of one arrival that was recorded, or of one release.

Muster orders neither: it prints on whose authority the site recorded it, with the reference that it was given.
Source: forms.md section 5, I-203 and I-203A (the list version), mark GK.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from muster.cases.checklists import is_shelter
from muster.cases.models import RecordedEvent
from muster.core.errors import MusterError
from muster.documents.forms import I_203
from muster.documents.sheets import Block, Said, Sheet, blanks, fields, heading, items, table, words
from muster.ledger.models import Entry, Report
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.picture.papers.asked import RECEIVED, Asked, site_of_batch
from muster.picture.papers.hands import IN_AGENCY, corrected, end_named, of_drill, posts
from muster.record.models import Act

SEEN = "authority_to_hold_seen"


class NotForShelters(MusterError):
    """The paper is of persons in custody, and nobody is in custody at a shelter."""

    code = "picture.not_for_shelters"
    status = 409

    def __init__(self, *, site: str) -> None:
        self.site = site
        super().__init__(
            f"{site} is a shelter, where nobody is held on an order. Print the registration of a resident instead."
        )


def sheet(row: Act, asked: Asked) -> Sheet:
    """The order of one act, as of a moment and as known at an act. Raises NotForShelters."""
    site = Site.objects.get(pk=site_of_batch(row))
    if is_shelter(site, now=row.recorded_at, known_at=asked.known_at):
        raise NotForShelters(site=site.name)
    known = Entry.objects.filter(act=row, kind="push", thing__kind="person").select_related(
        "thing", "giver", "receiver"
    )
    arrived = row.name == RECEIVED
    entries = list(
        known.filter(**({"receiver__site": site.pk} if arrived else {"giver__site": site.pk})).order_by(
            "thing__tag"
        )
    )
    return Sheet(
        title=f"Order to {'detain' if arrived else 'release'}, as received: {site.name}", about=f"Act {row.number.number}", form=I_203,
        as_of=asked.at, exercise=is_drill_at(site) or any(of_drill(mission) for mission in _missions(entries)),
        standing=asked.standing(f"Order received at {site.pk} in act {row.number.number}"),
        blocks=tuple(_blocks(row, site, entries, asked, arrived=arrived)),
    )  # fmt: skip


def _missions(entries: list[Entry]) -> set[str]:
    """The missions under which the persons are held; a release names none itself."""
    named = Entry.objects.filter(thing__in=[entry.thing_id for entry in entries]).exclude(mission="")
    return set(named.values_list("mission", flat=True))


def _blocks(row: Act, site: Site, entries: list[Entry], asked: Asked, *, arrived: bool) -> Iterator[Block]:
    first = entries[0] if entries else None
    other = (first.giver if arrived else first.receiver) if first else None
    yield fields(
        ("Facility", f"{site.name} ({site.pk})"), ("Order", "detain" if arrived else "release"),
        ("Authority that brought or got them", end_named(other) if other else None),
        ("Date and time", asked.said(first.happened_at) if first else None),
        ("Reason as recorded", first.reason.replace("_", " ") if first else None),
        ("Reference of the order", first.source if first else None),
        ("Recorded by", posts([row.actor_id]).get(row.actor_id)), ("Recorded", f"{asked.said(row.recorded_at)}, act {row.number.number}"),
        columns=2,
    )  # fmt: skip
    yield heading("Persons")
    undone, seen = corrected(entries, asked), _seen(site, entries, asked) if arrived else {}
    lines: list[list[Said]] = []
    for n, entry in enumerate(entries, start=1):
        stands = (
            f"corrected, act {undone[entry.thing_id, entry.n]}"
            if (entry.thing_id, entry.n) in undone
            else "stands"
        )
        lines.append(
            [
                n,
                entry.thing.tag,
                seen.get(entry.thing_id, "not recorded as seen") if arrived else entry.source or None,
                stands,
            ]
        )
    yield table(
        ["No.", "Tag", "Authority to hold seen" if arrived else "Reference of the order", "Since then"], lines, widths=[4, 14, 44, 18],
        none="Nobody: all that was told is kept as a report.",
    )  # fmt: skip
    yield words(f"Persons: {len(entries)}.", strong=True)
    yield words(f"Name, A-number, nationality and nature of proceedings: {IN_AGENCY}.")
    if reports := list(Report.objects.filter(act=row).order_by("pk").values_list("words", flat=True)):
        yield heading("Kept as a report, because it does not fit the record")
        yield items(reports)
    yield heading("Signed by the authority")
    yield blanks("Signature", "Name and title", "Office", "Date", columns=2)


def _seen(site: Site, entries: list[Entry], asked: Asked) -> Mapping[UUID, str]:
    """When the site saw the authority to hold each of them, from the arrival on, and what the proof is."""
    rows = RecordedEvent.objects.filter(
        site=site, event=SEEN, done=True, withdrawn=False, thing__in=[entry.thing_id for entry in entries],
        act__number__number__lte=asked.known_at, at__lte=asked.at,
    ).exclude(corrected_by__act__number__number__lte=asked.known_at)  # fmt: skip
    came = {entry.thing_id: entry.happened_at for entry in entries}
    return {
        each.thing_id: f"{asked.said(each.at)}; {each.proof or 'proof not recorded'}"
        for each in rows.order_by("-at", "-pk") if each.thing_id and each.at >= came[each.thing_id]
    }  # fmt: skip
