"""Rule packs: TOML files that hold duty statuses, rules and the task table, and what they say together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib import resources
from pathlib import Path

from muster import config
from muster.authority.law import Cell, Law
from muster.authority.limits import limit_layer
from muster.authority.packs.mechanics import (
    Change,
    Mismatch,
    SignOff,
    Value,
    diff,
    is_standard,
    row_of,
    twice,
)
from muster.authority.packs.reading import Fact, Pack, Text, read_pack
from muster.authority.rules import Layer
from muster.core.errors import Fault, FaultyFile, NotFound
from muster.core.files import take_in

__all__ = [
    "Change",
    "Fact",
    "Pack",
    "Packs",
    "SignOff",
    "Text",
    "Value",
    "check",
    "diff",
    "load_packs",
    "read_pack",
]


@dataclass(frozen=True)
class Packs:
    """The packs that are loaded, by id."""

    by_id: Mapping[str, Pack]

    @cached_property
    def law(self) -> Law:
        """The layer of the law: every pack of it taken together."""
        packs = [pack for pack in self.by_id.values() if pack.layer == "law"]
        rules = {name: rule for pack in packs for name, rule in pack.rules.items()}
        return Law(
            statuses={name: status for pack in packs for name, status in pack.statuses.items()},
            rules=tuple(rules.values()),
            cells={key: self._quoting(cell) for pack in packs for key, cell in pack.cells.items()},
            lifts=tuple(lift for pack in packs for lift in pack.lifts),
            parts={name: fact.parts for name, fact in self.facts.items() if fact.parts},
        )

    def _quoting(self, cell: Cell) -> Cell:
        """A cell quotes, before its own quotations, what the rules quote on which it rests."""
        rules = {name: rule for pack in self.by_id.values() for name, rule in pack.rules.items()}
        named = [rules[name] for name in (cell.basis.rule, *cell.basis.rests_on) if name in rules]
        quotes = (*(quote for rule in named for quote in rule.quotes), *cell.basis.quotes)
        return replace(cell, basis=replace(cell.basis, quotes=quotes)) if quotes else cell

    @cached_property
    def texts(self) -> dict[str, Text]:
        """Every text of a law that a loaded pack quotes from."""
        return {name: text for pack in self.by_id.values() for name, text in pack.texts.items()}

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """Every fact that a condition of a loaded pack asks about."""
        return {name: fact for pack in self.by_id.values() for name, fact in pack.facts.items()}

    def layers(self, federal_order: str | None) -> tuple[Layer, ...]:
        """The law, and the federal order that a request names.

        Raises NotFound for an order that no pack holds.
        """
        if federal_order is None:
            return (self.law,)
        pack = self.by_id.get(federal_order)
        if pack is None or pack.layer != "federal order":
            raise NotFound(kind="federal order", name=federal_order[:60])
        order = limit_layer(
            "federal order",
            rules=tuple(pack.rules.values()),
            effective_from=pack.effective_from,
            effective_to=pack.effective_to,
        )
        return (self.law, order)


def load_packs(folder: Path | None = None) -> Packs:
    """Give the packs that come with Muster, and those of `folder` beside them, each read once.

    Without `folder` the one of the setting `packs` is taken, where it is set; standards of custody or shelter in it are read by
    `cases.packs`. Raises FaultyFile where a pack
    is at fault, or where one says of another what is not so.
    """
    return _loaded(folder or config.current().packs)


@cache
def _loaded(folder: Path | None) -> Packs:
    files = resources.files("muster.authority.packs").iterdir()
    own = sorted((file for file in files if file.name.endswith(".toml")), key=lambda file: file.name)
    packs = [read_pack(file.read_text(encoding="utf-8")) for file in own]
    given = [take_in(file) for file in (sorted(folder.glob("*.toml")) if folder else ())]
    packs += [read_pack(text) for text in given if not is_standard(text)]
    if mismatches := list(_against_one_another(packs)):
        raise FaultyFile([Fault(None, each.pack, each.code, each.message) for each in mismatches])
    return Packs({pack.id: pack for pack in packs})


def _against_one_another(packs: list[Pack]) -> Iterator[Mismatch]:
    """Two of one name, duty statuses and rules that no pack holds: none of these would ever bite."""
    yield from twice("authority", "pack", ((pack.id, pack.id) for pack in packs))
    yield from twice("authority", "rule", ((pack.id, name) for pack in packs for name in pack.rules))
    yield from twice("authority", "text", ((pack.id, name) for pack in packs for name in pack.texts))
    # Two packs may ask for the same fact, but not mean different things by it.
    meant = {fact: pack.id for pack in packs for fact in pack.facts.values()}
    yield from twice("authority", "fact", ((pack, fact.id) for fact, pack in meant.items()))
    statuses = {name for pack in packs for name in pack.statuses}
    rules = {name for pack in packs for name in pack.rules}
    for pack in packs:
        named = {name for rule in pack.rules.values() for name in (*rule.statuses, *rule.allows_statuses)}
        named |= {name for lift in pack.lifts for name in lift.statuses}
        for name in sorted(named - statuses):
            message = f"{name[:40]!r} is not a duty status. Write some of: {', '.join(sorted(statuses))}."
            yield Mismatch(pack=pack.id, name=name, code="authority.unknown_status", message=message)
        rests = {cell.basis.rule for (task, _), cell in pack.cells.items() if cell.basis.rule != task}
        rests |= {name for cell in pack.cells.values() for name in cell.basis.rests_on}
        for name in sorted(rests - rules):
            message = f"No pack holds a rule {name[:40]!r} on which a task category could rest."
            yield Mismatch(pack=pack.id, name=name, code="authority.unknown_rule", message=message)


def check(path: Path | str) -> Pack:
    """Read the pack at `path` and check it, by itself and beside the packs that are in use.

    Raises FaultyFile with the line of each fault, TooLarge or NotUtf8.
    """
    text = take_in(path)
    pack = read_pack(text)
    others = [other for other in load_packs().by_id.values() if other.id != pack.id]
    if mismatches := [each for each in _against_one_another([*others, pack]) if each.pack == pack.id]:
        faults = [Fault(row_of(each.name, text), None, each.code, each.message) for each in mismatches]
        raise FaultyFile(faults)
    return pack
