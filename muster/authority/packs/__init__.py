"""Rule packs: TOML files that hold duty statuses, rules and the task table, and what they say together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Literal

from muster.authority.packs.reading import Fact, Pack, SignOff, Text, read_pack
from muster.authority.rules import Cell, Law, Layer, limit_layer
from muster.core.errors import Fault, FaultyFile, NotFound
from muster.core.files import take_in

__all__ = ["Change", "Fact", "Pack", "Packs", "SignOff", "Text", "check", "diff", "load_packs", "read_pack"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between two versions of a pack."""

    part: str
    change: Literal["added", "removed", "changed"]
    fields: tuple[str, ...]  # of a changed part: which of its fields


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
        """A cell that rests on a rule of its own quotes what that rule quotes, before its own quotations."""
        rule = next(
            (p.rules[cell.basis.rule] for p in self.by_id.values() if cell.basis.rule in p.rules), None
        )
        if rule is None or not rule.quotes:
            return cell
        return replace(cell, basis=replace(cell.basis, quotes=(*rule.quotes, *cell.basis.quotes)))

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


@cache
def load_packs(folder: Path | None = None) -> Packs:
    """Give the packs that come with Muster, and those of `folder` beside them, read once.

    Raises FaultyFile where one of them is at fault or names what none of them holds.
    """
    own = [
        file for file in resources.files("muster.authority.packs").iterdir() if file.name.endswith(".toml")
    ]
    added = [] if folder is None else sorted(folder.glob("*.toml"))
    packs = [read_pack(file.read_text(encoding="utf-8")) for file in sorted(own, key=lambda file: file.name)]
    packs += [check(file) for file in added]
    if faults := list(_against_one_another(packs)):
        raise FaultyFile(faults)
    return Packs({pack.id: pack for pack in packs})


def _against_one_another(packs: list[Pack]) -> Iterator[Fault]:
    """What would be lost without a word: a pack or a rule of the same name, a status that nobody holds."""
    yield from _twice("pack", (pack.id for pack in packs))
    yield from _twice("rule", (name for pack in packs for name in pack.rules))
    yield from _twice("text", (name for pack in packs for name in pack.texts))
    # Two packs may ask for the same fact, but not mean different things by it.
    asked = {fact for pack in packs for fact in pack.facts.values()}
    yield from _twice("fact", (fact.id for fact in sorted(asked, key=lambda fact: fact.id)))
    statuses = {name for pack in packs for name in pack.statuses}
    rules = {name for pack in packs for name in pack.rules}
    for pack in packs:
        named = {name for rule in pack.rules.values() for name in (*rule.statuses, *rule.allows_statuses)}
        named |= {name for lift in pack.lifts for name in lift.statuses}
        for name in sorted(named - statuses):
            message = f"{pack.id} names the duty status {name!r}, which no pack holds. Correct it."
            yield Fault(None, pack.id, "authority.unknown_status", message)
        for (task, _), cell in pack.cells.items():
            if cell.basis.rule not in rules | {task}:
                message = f"{pack.id} rests {task} on the rule {cell.basis.rule!r}, which no pack holds."
                yield Fault(None, pack.id, "authority.unknown_rule", message)


def _twice(kind: str, names: Iterable[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            message = f"There are two of the {kind} {name!r}. Give one another name."
            yield Fault(None, name, "authority.named_twice", message)
        seen.add(name)


def check(path: Path | str) -> Pack:
    """Read the pack at `path` and check it.

    Raises FaultyFile with the line of each fault, TooLarge or NotUtf8.
    """
    return read_pack(take_in(path))


def diff(old: Pack, new: Pack) -> tuple[Change, ...]:
    """What changed from one version of a pack to another, by name."""
    before, after = old.parts(), new.parts()
    changes = []
    for part in sorted(before.keys() | after.keys()):
        if part not in after:
            changes.append(Change(part=part, change="removed", fields=()))
        elif part not in before:
            changes.append(Change(part=part, change="added", fields=()))
        elif before[part] != after[part]:
            names = (
                [item.name for item in fields(before[part]) if item.compare]
                if type(before[part]) is type(after[part])
                else []
            )
            changed = tuple(
                name for name in names if getattr(before[part], name) != getattr(after[part], name)
            )
            changes.append(Change(part=part, change="changed", fields=changed))
    return tuple(changes)
