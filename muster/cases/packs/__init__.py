"""The standards of custody and shelter: TOML files that come with Muster, and those of an installation's own folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from pathlib import Path

from muster import config
from muster.authority import packs as law
from muster.authority.packs.mechanics import Mismatch, is_standard, row_of, twice
from muster.authority.packs.reading import Pack
from muster.cases.packs.reading import read_standard
from muster.cases.rules import Event, Overlay, Rule, Standard
from muster.core.errors import Fault, FaultyFile, MusterError
from muster.core.files import take_in

__all__ = ["Standards", "UnknownStandard", "check", "load_standards", "named"]

# What a clock starts or stops by without anybody recording it: these are read from the ledger and the counts.
FROM_THE_RECORD: Mapping[str, Event] = {
    event.id: event
    for event in (
        Event(id="arrived", words="The person came to the site"),
        Event(id="left", words="The person left the site"),
        Event(id="released", words="The person left the site to nobody that Muster keeps a site of"),
        Event(id="transferred", words="The person left the site for another site"),
        Event(id="hold_room_in", words="The person was put into a hold room"),
        Event(id="hold_room_out", words="The person was taken out of the hold room"),
        Event(id="in_force", words="The standard came into force at the site", about="site"),
        Event(id="out_of_force", words="The standard went out of force at the site", about="site"),
        Event(id="counted", words="A headcount of the site was entered", about="site"),
        Event(id="formally_counted", words="A formal count of the site was entered", about="site"),
        Event(id="counted_by_face", words="A count that matched each face was entered", about="site"),
    )
}


class UnknownStandard(MusterError):
    """No pack holds that standard, and no pack that overlay."""

    code = "cases.unknown_standard"

    def __init__(self, *, standard: str, known: Iterable[str]) -> None:
        self.standard, self.known = standard, tuple(known)
        super().__init__(
            f"{standard[:60]!r} is not a standard or an overlay that a pack holds. Write one of: {', '.join(self.known)}."
        )


@dataclass(frozen=True, eq=False)  # loaded once, so one is itself alone and can be a key
class Standards:
    """The standards that are loaded, by id, and the text of each."""

    by_id: Mapping[str, Standard]
    texts: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def events(self) -> dict[str, Event]:
        """Every event that starts, pauses or stops a clock of any pack."""
        declared = {name: event for pack in self.by_id.values() for name, event in pack.events.items()}
        return {**FROM_THE_RECORD, **declared}

    @cached_property
    def shared_events(self) -> frozenset[str]:
        """The events of a site itself by which clocks of persons go: each counts for everybody there."""
        rules = (
            rule for pack in self.by_id.values() for rule in pack.rules.values() if rule.about == "person"
        )
        named = {name for rule in rules for name in rule.timing.events}
        return frozenset(name for name in named if self.events[name].about == "site")

    @cached_property
    def overlays(self) -> dict[str, Overlay]:
        """Every overlay that a pack holds."""
        return {name: overlay for pack in self.by_id.values() for name, overlay in pack.overlays.items()}

    def together(self, standards: Iterable[str]) -> list[Standard]:
        """These standards and what holds wherever they do, each once, in the order of their ids.

        Raises UnknownStandard.
        """
        wanted, found = list(standards), {}
        while wanted:
            name = wanted.pop()
            if name in found or name in self.overlays:
                continue
            if name not in self.by_id:
                raise UnknownStandard(standard=name, known=sorted({*self.by_id, *self.overlays}))
            found[name] = self.by_id[name]
            wanted += found[name].together_with
        return [found[name] for name in sorted(found)]

    def rules(self, standards: Iterable[str]) -> tuple[Rule, ...]:
        """The rules of these standards, and of what holds with them, under the overlays that are named beside them.

        Raises UnknownStandard.
        """
        names = tuple(standards)
        overlays = {name for name in names if name in self.overlays}
        return tuple(
            rule
            for pack in self.together(names)
            for rule in pack.rules.values()
            if not rule.overlay or rule.overlay in overlays
        )


def load_standards(folder: Path | None = None) -> Standards:
    """The standards that come with Muster, and those of `folder` or of the setting `packs`, each read once.

    Raises FaultyFile where a pack is at fault, or where one says of another what is not so.
    """
    return _loaded(folder or config.current().packs)


@cache
def _loaded(folder: Path | None) -> Standards:
    files = resources.files("muster.cases.packs").iterdir()
    own = sorted((file for file in files if file.name.endswith(".toml")), key=lambda file: file.name)
    texts = [file.read_text(encoding="utf-8") for file in own]
    texts += [
        text
        for file in (sorted(folder.glob("*.toml")) if folder else ())
        if is_standard(text := take_in(file))
    ]
    packs = [read_standard(text) for text in texts]
    if mismatches := list(_against_one_another(packs)):
        raise FaultyFile([Fault(None, each.pack, each.code, each.message) for each in mismatches])
    by_id = {pack.id: pack for pack in packs}
    return Standards(by_id, {pack.id: text for pack, text in zip(packs, texts, strict=True)})


def _against_one_another(packs: list[Standard]) -> Iterator[Mismatch]:
    """Two of one name, and events and packs that none of them holds: none of these would ever bite."""
    yield from twice("cases", "pack", ((pack.id, pack.id) for pack in packs))
    yield from twice("cases", "event", ((pack.id, name) for pack in packs for name in pack.events))
    yield from twice("cases", "overlay", ((pack.id, name) for pack in packs for name in pack.overlays))
    events = {*FROM_THE_RECORD, *(name for pack in packs for name in pack.events)}
    ids = {pack.id for pack in packs}
    for pack in packs:
        for name in sorted(set(pack.events) & set(FROM_THE_RECORD)):
            message = (
                f"{name} is read from the record, so no pack can say what it is. Give the event another id."
            )
            yield Mismatch(pack=pack.id, name=name, code="cases.named_twice", message=message)
        named = {name for rule in pack.rules.values() for name in rule.timing.events}
        for name in sorted(named - events):
            message = f"No pack holds an event {name[:60]!r}. Add an [[event]] table for it."
            yield Mismatch(pack=pack.id, name=name, code="cases.unknown_event", message=message)
        for name in sorted(set(pack.together_with) - ids):
            message = f"No pack is called {name[:60]!r}. Write some of: {', '.join(sorted(ids))}."
            yield Mismatch(pack=pack.id, name=name, code="cases.unknown_standard", message=message)


def check(path: Path | str) -> Pack | Standard:
    """Read the pack at `path`, of the law or of a standard, and check it by itself and beside the packs in use.

    Raises FaultyFile with the line of each fault, TooLarge or NotUtf8.
    """
    text = take_in(path)
    if not is_standard(text):
        return law.check(path)
    pack = read_standard(text)
    others = [other for other in load_standards().by_id.values() if other.id != pack.id]
    if mismatches := [each for each in _against_one_another([*others, pack]) if each.pack == pack.id]:
        raise FaultyFile(
            [Fault(row_of(each.name, text), None, each.code, each.message) for each in mismatches]
        )
    return pack


def named(name: str) -> Pack | Standard:
    """The pack in use of that id, or else the one in that file. Raises what `check` raises."""
    return law.load_packs().by_id.get(name) or load_standards().by_id.get(name) or check(name)
