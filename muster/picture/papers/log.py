"""The log of a site or a task between two moments, drafted from what was recorded, after ICS 214 and DA 1594; somebody signs it.

It names persons by tag, and whoever recorded something by the office held. No medical detail, no contents of bags and no free text of
a report is on it. Source: forms.md section 3 (ICS 214), section 5 (DA 1594) and section 10.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q

from muster.cases.checklists import event_named, is_shelter
from muster.cases.models import RecordedEvent
from muster.core.errors import NotFound
from muster.core.times import start_of_day
from muster.custody.counting import agrees
from muster.custody.models import (
    BagStated,
    Count,
    CountCertified,
    Counted,
    Difference,
    Incident,
    OutCount,
    OutCountEnded,
    Placement,
    Settled,
)
from muster.documents.forms import DA_1594, ICS_214
from muster.documents.sheets import Block, Sheet, blanks, fields, heading, lined, words
from muster.ledger.models import Entry, Handover, Thing
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.picture.papers.asked import Asked, Reach, check_period
from muster.picture.papers.hands import end_named, posts
from muster.record.models import Act
from muster.tasks.models import Ending, Present, Task
from muster.transport.models import TripEvent

TAGS = 6  # in one line; how many more is said
ANSWERS = {"refused": "refused", "withdrawn": "taken back", "lapsed": "lapsed"}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line: when it happened, what, and the act that recorded it."""

    at: datetime
    words: str
    act: Act


def find(reach: Reach, id: str) -> Site | Task:
    """The site of that code, else the task. Raises NotFound."""
    task = reach.task(id)
    if task is not None:
        return task
    try:
        return reach.site(id)
    except NotFound:
        raise NotFound(kind="site or task", name=id) from None


def sheet(row: Site | Task, asked: Asked) -> Sheet:
    """The log of a period: by itself from the beginning of the local day of the moment asked for up to that moment.

    What happened at either end is on it. Raises PeriodEndsFirst.
    """
    ends = asked.ends_at or asked.at
    begins = asked.begins_at or start_of_day(ends.astimezone(asked.zone).date(), asked.zone)
    check_period(begins, ends, asked.zone)
    asked = replace(asked, begins_at=begins, ends_at=ends)
    found = _of_site(row, asked) if isinstance(row, Site) else _of_task(row, asked)
    items = sorted(found, key=lambda item: (item.at, item.act.number.number))
    drill = is_drill_at(row) if isinstance(row, Site) else row.mission.drill
    return Sheet(
        title=f"Log: {row.name if isinstance(row, Site) else row.pk}", about="", form=ICS_214, as_of=asked.at, exercise=drill,
        standing=asked.standing(f"Log of {row.pk}"), blocks=tuple(_blocks(row, items, asked)), landscape=True,
    )  # fmt: skip


def _blocks(row: Site | Task, items: Sequence[Item], asked: Asked) -> Iterator[Block]:
    yield words(DA_1594.said)
    organisation = row.organisation if isinstance(row, Site) else row.mission.organisation
    place = f"{row.name} ({row.pk})" if isinstance(row, Site) else row.place
    yield fields(
        ("Organization", organisation.name if organisation else None), ("Location", place), ("From", asked.said(asked.begins_at)),
        ("To", asked.said(asked.ends_at)), columns=4,
    )  # fmt: skip
    yield heading("Activity")
    held = posts(item.act.actor_id for item in items)
    lines = [
        [str(n), asked.said(item.at), item.words, held.get(item.act.actor_id) or "an account without an office",
         f"{asked.said(item.act.recorded_at)}, act {item.act.number.number}", ""] for n, item in enumerate(items, start=1)
    ]  # fmt: skip
    if lines:
        yield lined(
            ["Item", "Time", "What happened", "Recorded by", "Recorded", "Initials"],
            lines,
            widths=[5, 18, 48, 24, 24, 9],
        )
    else:
        yield words("Nothing was recorded of this time.")
    yield words("Drafted from the record. What else happened is added by hand and signed.")
    yield lined(
        ["Item", "Time", "What happened, and what was done", "Initials"],
        [[""] * 4] * 3,
        widths=[5, 18, 96, 9],
    )
    yield blanks("Prepared by: name, grade or position", "Signature", "Date and time", columns=3)


def _known(rows: Any, asked: Asked, moment: str) -> Any:
    """Of rows those that an act had written by then, of a moment within the period."""
    within = {f"{moment}__gte": asked.begins_at, f"{moment}__lte": asked.ends_at}
    return (
        rows.filter(act__number__number__lte=asked.known_at, **within)
        .select_related("act__number")
        .order_by("pk")
    )


def _tags(things: Sequence[Thing]) -> str:
    """The first tags, and how many more."""
    told = ", ".join(sorted(thing.tag for thing in things)[:TAGS])
    return told if len(things) <= TAGS else f"{told} and {len(things) - TAGS} more"


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _of_site(row: Site, asked: Asked) -> Iterator[Item]:
    shelter = is_shelter(row, now=asked.at, known_at=asked.known_at)
    yield from _moves(Q(giver__site=row.pk) | Q(receiver__site=row.pk), asked)
    yield from _offers(row, asked)
    yield from _counts(row, asked)
    yield from _outside(row, asked)
    yield from _done(row, asked)
    yield from _trips(Q(trip__from_site=row) | Q(trip__to_site=row), asked)
    for each in _known(Incident.objects.filter(site=row), asked, "at"):
        yield Item(at=each.at, words=f"Incident {each.number}: its own log says what.", act=each.act)
    for each in _known(Difference.objects.filter(site=row).select_related("thing"), asked, "opened_at"):
        what = "" if shelter else f": {each.get_kind_display()}"
        yield Item(
            at=each.opened_at,
            words=f"A difference opened{what}{f', {each.thing.tag}' if each.thing else ''}.",
            act=each.act,
        )
    for each in _known(Settled.objects.filter(difference__site=row), asked, "act__recorded_at"):
        yield Item(at=each.act.recorded_at, words="A difference was settled, with a reason.", act=each.act)


def _of_task(row: Task, asked: Asked) -> Iterator[Item]:
    for each in _known(Present.objects.filter(task=row), asked, "at"):
        yield Item(at=each.at, words=f"{_many(each.people, 'member')} seen at work.", act=each.act)
    for each in _known(Ending.objects.filter(task=row), asked, "act__recorded_at"):
        yield Item(at=each.act.recorded_at, words="The task was ended before its time.", act=each.act)
    holders = list(row.trips.values_list("holder", flat=True))
    yield from _moves(Q(giver__in=holders) | Q(receiver__in=holders), asked)
    yield from _trips(Q(trip__task=row), asked)


def _moves(sides: Q, asked: Asked) -> Iterator[Item]:
    """Who and what came and went, those of one act and moment together. What a correction says again is not told twice."""
    together: dict[Any, list[Entry]] = defaultdict(list)
    related = ("thing", "giver", "receiver")
    for each in _known(
        Entry.objects.filter(sides, kind="push", repeats=None).select_related(*related), asked, "happened_at"
    ):
        together[each.act_id, each.giver_id, each.receiver_id, each.happened_at].append(each)
    for entries in together.values():
        first = entries[0]
        persons = [each.thing for each in entries if each.thing.kind == Thing.Kind.PERSON]
        others = [each.thing for each in entries if each.thing.kind != Thing.Kind.PERSON]
        what = [
            f"{_many(len(each), name)} ({_tags(each)})"
            for each, name in ((persons, "person"), (others, "bag"))
            if each
        ]
        again = "Corrected: " if first.act.name == "custody.correct" else ""
        said = f"{again}{' and '.join(what)} from {end_named(first.giver)} to {end_named(first.receiver)}."
        yield Item(at=first.happened_at, words=said, act=first.act)


def _offers(row: Site, asked: Asked) -> Iterator[Item]:
    """Handovers that were offered, and those that were answered otherwise than by a signature for somebody."""
    sides = Handover.objects.filter(Q(giver__site=row.pk) | Q(receiver__site=row.pk)).select_related(
        "giver", "receiver", "offered_act__number", "answered_act__number"
    )
    assert asked.begins_at
    assert asked.ends_at
    for each in sides.order_by("pk"):
        ways = f"from {end_named(each.giver)} to {end_named(each.receiver)}"
        told = [(each.offered_act, f"A handover {ways} was offered: {each.offers.count()} on the list.")]
        if each.answered_act and each.state in ANSWERS:
            told.append((each.answered_act, f"The handover {ways} was {ANSWERS[each.state]}."))
        for act, said in told:
            if asked.begins_at <= act.recorded_at <= asked.ends_at and act.number.number <= asked.known_at:
                yield Item(at=act.recorded_at, words=said, act=act)


def _counts(row: Site, asked: Asked) -> Iterator[Item]:
    for each in _known(Count.objects.filter(site=row), asked, "opened_at"):
        yield Item(
            at=each.opened_at,
            words=f"{each.get_kind_display().capitalize()} opened, {each.get_mode_display()}.",
            act=each.act,
        )
    counted = Counted.objects.filter(count__site=row, counted_at__isnull=False).select_related("count")
    for each in _known(counted, asked, "counted_at"):
        result = "agrees with the record" if agrees(each.count) else "does not agree with the record"
        words = f"{each.count.get_kind_display().capitalize()}: {each.persons} counted, {each.count.expected} expected; {result}."
        yield Item(at=each.counted_at, words=words, act=each.act)
    for each in _known(CountCertified.objects.filter(count__site=row), asked, "act__recorded_at"):
        yield Item(at=each.act.recorded_at, words="A count was certified.", act=each.act)


def _outside(row: Site, asked: Asked) -> Iterator[Item]:
    for each in _known(OutCount.objects.filter(site=row).select_related("thing"), asked, "since"):
        yield Item(at=each.since, words=f"{each.thing.tag} out of the site, with an escort.", act=each.act)
    for each in _known(OutCountEnded.objects.filter(out__site=row).select_related("out__thing"), asked, "at"):
        yield Item(at=each.at, words=f"{each.out.thing.tag} back in the site.", act=each.act)


def _done(row: Site, asked: Asked) -> Iterator[Item]:
    """What the standard asks and was done, where persons were placed, and what was done with bags: how many, those of one act together."""
    done: dict[Any, list[Any]] = defaultdict(list)
    for each in _known(
        RecordedEvent.objects.filter(site=row, done=True, withdrawn=False, corrects=None), asked, "at"
    ):
        event = event_named(each.event)
        done[each.act_id, each.at, event.words if event else each.event].append(each)
    for each in _known(Placement.objects.filter(site=row).select_related("area"), asked, "at"):
        done[each.act_id, each.at, f"Placed in {each.area}" if each.area else "Placed in no area"].append(
            each
        )
    for each in _known(BagStated.objects.filter(site=row), asked, "at"):
        done[each.act_id, each.at, f"Bags {each.get_how_display()}"].append(each)
    for (_, at, what), rows in done.items():
        said = what.strip().rstrip(".")
        yield Item(at=at, words=f"{said[:1].upper()}{said[1:]}: {len(rows)}.", act=rows[0].act)


def _trips(whose: Q, asked: Asked) -> Iterator[Item]:
    for each in _known(TripEvent.objects.filter(whose).select_related("trip"), asked, "at"):
        what = "custodian named" if each.kind == "custodian" else each.kind
        yield Item(at=each.at, words=f"Trip {each.trip_id}: {what}, {each.aboard} aboard.", act=each.act)
