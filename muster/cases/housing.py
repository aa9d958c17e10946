"""Which rules about where persons are hold at a site: those of its standards, and of the orders over it, that no clock goes by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from muster.cases.calendars import Window
from muster.cases.packs import load_standards
from muster.cases.queries import standards_at
from muster.cases.rules import Rule
from muster.cases.space import persons_that_fit
from muster.custody.models import Area
from muster.custody.standards import STANDARDS, Cited, Standards
from muster.parties.models import Site

# The rules that give a person so much floor, by kind of area. In a shelter that of the evacuation, not of the longer stay.
FLOORS: Mapping[str, tuple[str, ...]] = {
    Area.Kind.HOLD_ROOM: ("HOLD-06", "HOLD-02NY-SPACE"),
    Area.Kind.SHELTER: ("SHL-01",),
}


def rules_on(site: Site, day: date) -> dict[str, Rule]:
    """The rules that hold at a site on a day, by id: of the standards stated for it, of what holds with them, and of overlays."""
    packs = load_standards()
    stated = {
        row.standard
        for row in standards_at([site.pk]).get(site.pk, [])
        if Window(row.valid_from, row.valid_to).holds(day)
    }
    standing = {pack.id for pack in packs.together(stated & packs.by_id.keys())}
    return {
        rule.id: rule
        for pack in packs.by_id.values() for rule in pack.rules.values()
        if (rule.overlay in stated if rule.overlay else pack.id in standing)
        and Window(rule.effective_from, rule.effective_to).holds(day)
    }  # fmt: skip


def cited(site: Site, day: date, ids: Collection[str]) -> dict[str, Cited]:
    """Those of the rules that hold at the site on the day."""
    return {id: _cited(rule) for id, rule in rules_on(site, day).items() if id in ids}


def _cited(rule: Rule) -> Cited:
    return Cited(rule.id, rule.words, rule.citation, rule.verified)


def floor(site: Site, day: date, kind: str, square_feet: int) -> tuple[int, Cited] | None:
    """How many persons so much floor allows by the strictest rule that holds there; None where none does."""
    standing = rules_on(site, day)
    found = [
        (persons_that_fit(standing[id].limit, square_feet), _cited(standing[id]))
        for id in FLOORS.get(kind, ())
        if id in standing
    ]
    return min(found, key=lambda each: each[0], default=None)


def personal(site: Site, day: date) -> dict[str, Cited]:
    """What the rules that hold at the site on the day ask for of each person, and which rule asks."""
    asking = [rule for rule in rules_on(site, day).values() if rule.personal]
    return {field: _cited(rule) for rule in asking for field in rule.personal}


STANDARDS.append(Standards(cited, floor, personal))
