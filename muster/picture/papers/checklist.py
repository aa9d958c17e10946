"""The checklists of a person at the site of the latest presence, on coming and on leaving: each item as it was answered by then."""

from __future__ import annotations

from collections.abc import Iterator

from muster.cases.checklists import Checklist, Item, checklists_of
from muster.cases.rules import Side
from muster.core.errors import NotFound
from muster.documents.sheets import Block, Said, Sheet, blanks, fields, heading, table, words
from muster.ledger.models import Entry, Thing
from muster.missions.queries import is_drill_at, of_a_drill
from muster.parties.models import Site
from muster.picture.papers.asked import Asked

SIDES: dict[Side, str] = {"in": "On coming", "out": "On leaving"}
OPEN = "open"


def live_entries(row: Thing, asked: Asked) -> list[Entry]:
    """What the record had of somebody's way by then, the earliest first."""
    known = Entry.objects.filter(thing=row, act__number__number__lte=asked.known_at)
    taken_back = known.filter(kind="pop").values_list("corrects", flat=True)
    rows = known.filter(kind="push", happened_at__lte=asked.at).exclude(n__in=list(taken_back))
    return list(rows.select_related("giver", "receiver").order_by("n"))


def site_of(row: Thing, asked: Asked) -> Site | None:
    """The site at which somebody was last by then; None: at none."""
    codes = [
        code
        for each in reversed(live_entries(row, asked))
        for code in (each.receiver.site, each.giver.site)
        if code
    ]
    return Site.objects.filter(pk__in=codes[:1]).first()


def answered(item: Item, asked: Asked) -> list[Said]:
    """One item as it was answered by then: what, how it stands, when, by which office."""
    told = item.answer
    if told is None or told.at > asked.at or told.known_at is None or told.known_at > asked.known_at:
        return [item.rule.name, OPEN, OPEN, OPEN]
    state = "done" if told.done else f"not done: {told.why_not or 'nobody said why'}"
    return [item.rule.name, state, asked.said(told.at), told.by]


def sheet(row: Thing, asked: Asked) -> Sheet:
    """The checklists, as of a moment and as known at an act. Raises NotFound where the person came under no standard that has one."""
    site = site_of(row, asked)
    sides: dict[Side, Checklist | None] = {
        side: checklists_of(site, {row.pk: row.tag}, side, now=asked.at).get(row.pk) if site else None
        for side in SIDES
    }
    found = {side: checklist for side, checklist in sides.items() if checklist}
    if site is None or not found:
        raise NotFound(kind="checklist", name=row.tag)
    return Sheet(
        title=f"Checklist: {row.tag}", about="", as_of=asked.at, exercise=of_a_drill(row) or is_drill_at(site),
        standing=asked.standing(f"Checklist of {row.tag} at {site.pk}"), blocks=tuple(_blocks(row, site, found, asked)),
    )  # fmt: skip


def _blocks(row: Thing, site: Site, found: dict[Side, Checklist], asked: Asked) -> Iterator[Block]:
    stint = next(iter(found.values())).stint
    yield fields(
        ("Tag", row.tag), ("Site", f"{site.name} ({site.pk})"), ("Came", asked.said(stint.arrived_at)), columns=3
    )  # fmt: skip
    for side, checklist in found.items():
        yield heading(SIDES[side])
        yield words(f"After {checklist.bound.versions}.")
        yield table(
            ["Rule", "What", "State", "When", "By", "Asked of", "Due"],
            [[item.rule.id, *answered(item, asked), item.rule.responsible, asked.said(item.due_at) if item.due_at else "no set time"]
             for item in checklist.items],
            widths=[10, 24, 18, 20, 16, 12, 20],
        )  # fmt: skip
    yield blanks("Checked by: office, signature", "Date and time", columns=2)
