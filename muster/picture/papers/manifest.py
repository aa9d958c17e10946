"""The record of persons and property transferred, after I-216: of a trip from its departure to its end, or of one handover.

Source: forms.md section 5, I-216, mark GK. What Muster has no field for is named as kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q

from muster.core.errors import NotFound
from muster.documents.forms import I_216
from muster.documents.sheets import Block, Said, Sheet, blanks, fields, heading, table, words
from muster.ledger.models import Entry, Handover, Holder
from muster.picture.papers.asked import Asked, Reach
from muster.picture.papers.handover import accepted
from muster.picture.papers.hands import IN_AGENCY, Hands, corrected, end_named, of_drill, shelters, signatures
from muster.transport.models import Trip, TripEvent

NEVER_ABOARD = "Nobody has been aboard by then."


def find(reach: Reach, id: str) -> Trip | Handover:
    """The trip of that id, else the handover. Raises NotFound."""
    trip = reach.trip(id)
    if trip is not None:
        return trip
    try:
        return reach.handover(id)
    except NotFound:
        raise NotFound(kind="trip or handover", name=id) from None


def sheet(row: Trip | Handover, asked: Asked) -> Sheet:
    """The record, as of a moment and as known at an act. Raises NotHandedOver for a handover nobody signed for."""
    sides: tuple[Holder, ...]
    if isinstance(row, Trip):
        sides, name, mission = (row.holder,), f"trip {row.pk}", row.mission_id
        told = _of_trip(row, asked)
    else:
        sides, name, mission = (
            (row.giver, row.receiver),
            f"{row.giver.code} to {row.receiver.code}",
            row.mission,
        )
        told = _of_handover(row, asked)
    return Sheet(
        title=f"Persons and property transferred: {name}", about="", form=None if shelters(sides, asked) else I_216, as_of=asked.at,
        exercise=of_drill(mission), standing=asked.standing(f"Transfer by {name}"), blocks=tuple(told), landscape=True,
    )  # fmt: skip


def _of_handover(row: Handover, asked: Asked) -> Iterator[Block]:
    entries = accepted(row, asked)
    at = asked.said(entries[0].happened_at)
    yield fields(
        ("From", end_named(row.giver)),
        ("To", end_named(row.receiver)),
        ("Time out and in", at),
        ("Means", "without a trip"),
        columns=4,
    )
    hands, undone = Hands.of([entry.thing for entry in entries], asked), corrected(entries, asked)
    by_thing = {entry.thing_id: entry for entry in entries}
    rows: list[list[Said]] = [
        [n, person.tag, hands.property_of(person), row.giver.code, at, row.receiver.code, at,
         "corrected since" if (person.pk, by_thing[person.pk].n) in undone else "no remark"]
        for n, person in enumerate(hands.persons, start=1)
    ]  # fmt: skip
    yield from _lines(rows, hands, [row], asked)


def _of_trip(row: Trip, asked: Asked) -> Iterator[Block]:
    times = {each.kind: asked.said(each.at) for each in _events(row, asked)}
    yield fields(
        ("From", f"{row.from_site.name} ({row.from_site_id})"), ("To", f"{row.to_site.name} ({row.to_site_id})"),
        ("Purpose", row.get_purpose_display()), ("Means", row.vehicle), ("Time out", times.get("departed")),
        ("Time in", times.get("arrived")),
        ("Seats for persons", row.seats), ("Planned to leave", asked.said(row.departs_at)), columns=4,
    )  # fmt: skip
    of_it = Entry.objects.filter(
        Q(giver=row.holder_id) | Q(receiver=row.holder_id), kind="push", happened_at__lte=asked.at
    )
    known = list(
        of_it.filter(act__number__number__lte=asked.known_at)
        .select_related("thing", "giver", "receiver")
        .order_by("n")
    )
    undone = corrected(known, asked)
    live = [entry for entry in known if (entry.thing_id, entry.n) not in undone]
    aboard = {entry.thing_id: entry for entry in live if entry.receiver_id == row.holder_id}
    off = {entry.thing_id: entry for entry in live if entry.giver_id == row.holder_id}
    things = {entry.thing_id: entry.thing for entry in live}
    hands = Hands.of(list(things.values()), asked)
    rows = [
        [n, person.tag, hands.property_of(person), *_way(person.pk, aboard, off, asked)]
        for n, person in enumerate(hands.persons, start=1)
    ]
    handovers = Handover.objects.filter(
        pk__in={entry.handover_id for entry in live if entry.handover_id}
    ).order_by("pk")
    related = ("giver", "receiver", "offered_act__number", "answered_act__number")
    yield from _lines(rows, hands, list(handovers.select_related(*related)), asked)


def _events(row: Trip, asked: Asked) -> list[TripEvent]:
    known = row.events.filter(at__lte=asked.at, act__number__number__lte=asked.known_at)
    return list(known.order_by("n"))


def _way(thing: UUID, aboard: dict[UUID, Entry], off: dict[UUID, Entry], asked: Asked) -> list[Said]:
    """From whom, when aboard, to whom, when off, and what is to be said of it."""
    came, left = aboard.get(thing), off.get(thing)
    return [
        came.giver.code if came else None, asked.said(came.happened_at) if came else None,
        left.receiver.code if left else "still aboard", asked.said(left.happened_at) if left else "still aboard",
        "no remark" if came and left else "not off yet" if came else "boarding not recorded",
    ]  # fmt: skip


def _lines(rows: list[list[Said]], hands: Hands, handovers: list[Handover], asked: Asked) -> Iterator[Block]:
    yield heading("Persons")
    yield table(
        ["No.", "Tag", "Bags and seals", "From", "Time out", "To", "Time in", "Remark"], rows,
        widths=[4, 12, 26, 13, 20, 13, 20, 12], none=NEVER_ABOARD,
    )  # fmt: skip
    yield words(hands.totals, strong=True)
    if hands.astray:
        yield words(f"Bags whose person is not on this list: {'; '.join(hands.astray)}.")
    yield words(
        f"Name, number, nationality, sex and age: {IN_AGENCY}. Meals: in the log. Health: in the medical file."
    )
    yield heading("Delivered and received")
    yield signatures(handovers, asked)
    yield blanks(
        "Delivering officer: name, signature", "Receiving officer: name, signature", "Time", columns=3
    )
