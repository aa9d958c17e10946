"""The receipt of a handover with the fields of DD 2708: who gave whom to whom, when, with which property, and how both sides signed.

Source: forms.md section 5, DD Form 2708, blocks 1 to 5, mark C. What Muster has no field for is named as kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from muster.core.errors import MusterError
from muster.custody.models import Difference
from muster.documents.forms import DD_2708
from muster.documents.sheets import Block, Sheet, blanks, fields, heading, items, table, words
from muster.ledger.models import Entry, Handover, Thing
from muster.missions.models import Mission
from muster.picture.papers.asked import Asked
from muster.picture.papers.hands import IN_AGENCY, Hands, corrected, end_named, of_drill, shelters, signatures
from muster.transport.models import Trip


class NotHandedOver(MusterError):
    """Nobody had signed for what was offered, so there is no receipt of it."""

    code = "picture.not_handed_over"
    status = 409

    def __init__(self, *, giver: str, receiver: str, state: str) -> None:
        self.giver, self.receiver, self.state = giver, receiver, state
        super().__init__(
            f"{receiver} had not signed for what {giver} offered as of that moment and act: the handover is {state}, and {giver} holds "
            "everybody on it. Record the answer first, or name a later moment."
        )


def accepted(row: Handover, asked: Asked) -> list[Entry]:
    """The entries that its acceptance wrote, by tag. Raises NotHandedOver."""
    act = row.answered_act
    known = act is not None and row.state == Handover.State.ACCEPTED and act.number.number <= asked.known_at
    entries = (
        Entry.objects.filter(handover=row, act=act, kind="push")
        .select_related("thing")
        .order_by("thing__tag")
        if known
        else ()
    )
    found = [entry for entry in entries if entry.happened_at <= asked.at]
    if not found:
        state = "not answered" if not known and row.state == Handover.State.ACCEPTED else row.state
        raise NotHandedOver(giver=row.giver.code, receiver=row.receiver.code, state=state)
    return found


def sheet(row: Handover, asked: Asked) -> Sheet:
    """The receipt, as of a moment and as known at an act. Raises NotHandedOver."""
    entries = accepted(row, asked)
    at_shelter = shelters((row.giver, row.receiver), asked)
    return Sheet(
        title=f"Handover receipt: {row.giver.code} to {row.receiver.code}", about=f"Handover {row.pk}",
        form=None if at_shelter else DD_2708, as_of=asked.at, exercise=of_drill(row.mission),
        standing=asked.standing(f"Handover from {row.giver.code} to {row.receiver.code}"),
        blocks=tuple(_blocks(row, entries, asked, at_shelter=at_shelter)),
    )  # fmt: skip


def _blocks(row: Handover, entries: list[Entry], asked: Asked, *, at_shelter: bool) -> Iterator[Block]:
    hands, act = Hands.of([entry.thing for entry in entries], asked), row.answered_act
    assert act is not None  # somebody signed
    at: datetime = entries[0].happened_at
    yield fields(
        ("Received from", end_named(row.giver)), ("Received by", end_named(row.receiver)), ("Purpose", _purpose(row)),
        ("Offered", f"{asked.said(row.offered_act.recorded_at)}, act {row.offered_act.number.number}"),
        ("Changed hands", asked.said(at)), ("Recorded", f"{asked.said(act.recorded_at)}, act {act.number.number}"), columns=3,
    )  # fmt: skip
    if not at_shelter:
        yield words(f"Names, last four of SSN, grade and unit, type of confinement and charges: {IN_AGENCY}.")
    yield heading("Persons and their property")
    undone = {thing: act for (thing, _), act in corrected(entries, asked).items()}
    yield table(
        ["No.", "Tag", "Property that went along: bags and seals", "Since then"],
        [[n, person.tag, hands.property_of(person), f"corrected, act {undone[person.pk]}" if person.pk in undone else "stands"]
         for n, person in enumerate(hands.persons, start=1)],
        widths=[4, 14, 44, 18], none="No person changed hands, but bags alone.",
    )  # fmt: skip
    yield words(hands.totals, strong=True)
    if hands.astray:
        yield words(f"Bags whose person is not on this receipt: {'; '.join(hands.astray)}.")
    yield heading("Discrepancies")
    yield items(
        _discrepancies(row, entries, asked), none="None is recorded: all that was offered was signed for."
    )
    yield heading("Signed")
    yield signatures([row], asked)
    yield heading("Remarks, and signatures in ink where a side has no account")
    yield blanks("Remarks on health and conduct; discrepancies not stated above", columns=1)
    yield blanks(
        "Given by: name, office, signature",
        "Received by: name, office, signature",
        "Witness: name, signature",
        columns=3,
    )


def _purpose(row: Handover) -> str:
    """What the trip is for, where one side is a trip, and the mission."""
    trip = Trip.objects.filter(holder__in=(row.giver_id, row.receiver_id)).first()
    mission = Mission.objects.filter(pk=row.mission or "").first()
    told = [
        trip.get_purpose_display() if trip else "",
        f"mission {mission.pk}, {mission.title}" if mission else "",
    ]
    return "; ".join(filter(None, told))


def _discrepancies(row: Handover, entries: list[Entry], asked: Asked) -> Iterator[str]:
    """What was offered and is not on the receipt, and each difference about the handover with how it stands."""
    came = {entry.thing_id for entry in entries}
    offered = Thing.objects.filter(pk__in=row.offers.values("thing")).order_by("tag")
    if missing := [thing.tag for thing in offered if thing.pk not in came]:
        yield f"Offered and not signed for: {', '.join(missing)}."
    known = Difference.objects.filter(handover=row, act__number__number__lte=asked.known_at)
    for each in known.select_related("settled__act__number", "act__number").order_by("pk"):
        settled = getattr(each, "settled", None)
        is_settled = settled is not None and settled.act.number.number <= asked.known_at
        yield f"{each.words} (act {each.act.number.number}; {'settled' if is_settled else 'open'})"
