"""What every rule pack is made of, whatever its rules are about: its head, its sources, marks, lines, and what changed in it.

The law of a request (`authority.packs`) and the standards of custody and shelter (`cases.packs`) are read with these.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal, Protocol, TypeVar, cast, get_args

from muster.assistance.rules import GUARDS, LONGEST_ID
from muster.authority.findings import Mark
from muster.core.errors import Fault, FaultyFile
from muster.core.files import Malformed, read_data
from muster.core.reading import LONGEST_WORDS, Fields

UNSIGNED = "unsigned"
STANDARD = "standard"  # the layer of a pack of custody or shelter rules, which `cases.packs` reads


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """Who of the judge advocates or counsel stands for a pack, and since when."""

    office: str
    signed_date: date

    def __str__(self) -> str:
        return f"{self.office}, {self.signed_date}"


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a pack says of itself."""

    version: str
    title: str
    words: str
    effective_from: date | None
    effective_to: date | None
    signed: str


def read_tables(text: str, *, step: str) -> Fields:
    """The tables of a pack file; each fault finds its line. Raises FaultyFile where it is no TOML."""
    try:
        data = read_data(text)
    except Malformed as fault:
        raise FaultyFile([Fault(fault.row, None, f"{step}.malformed", str(fault))]) from None
    return Fields(data, step=step, locate=_Lines(text).of)


def is_standard(text: str) -> bool:
    """Whether a pack file says of itself that it is a standard of custody or shelter. One that cannot be read says nothing."""
    try:
        head = read_data(text).get("pack")
    except Malformed:
        return False
    return isinstance(head, dict) and head.get("layer") == STANDARD


def read_sources(read: Fields) -> dict[str, str]:
    """The documents and pages that a pack was made from, by their keys."""
    return {table.text("key"): words_of(table) for table in closed(read, "source")}


class _Lines:
    """Where a path such as `rule[3].requires[1].words` stands in the text of a TOML file.

    The TOML reader of the standard library keeps no positions, so they are found again: the n-th header of
    that name, then the key below it. Where the key is not there, the header's line is the place.
    """

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()

    def of(self, path: str) -> int | None:
        if not path:
            return None
        row, end = 0, len(self.lines)
        parts = re.findall(r"([\w-]+)(?:\[(\d+)\])?", path)
        header = ""
        for name, count in parts:
            header = f"{header}.{name}" if header else name
            wanted = f"[[{header}]]" if count else f"[{header}]"
            rows = [at for at in range(row, end) if self.lines[at].split("#")[0].strip() == wanted]
            if count and len(rows) >= int(count):
                row = rows[int(count) - 1]
                end = rows[int(count)] if len(rows) > int(count) else end
                end = next((at for at in range(row + 1, end) if _opens_other(self.lines[at], header)), end)
            elif rows:
                row = rows[0]
            else:
                for at in range(row, end):
                    if re.match(rf"\s*{re.escape(name)}\s*=", self.lines[at]):
                        return at + 1
        return row + 1


def _opens_other(line: str, header: str) -> bool:
    """Whether the line opens a table that is not inside the one called `header`."""
    found = re.match(r"\s*\[\[?([\w.-]+)\]\]?\s*(#.*)?$", line)
    return found is not None and not found[1].startswith(f"{header}.")


def closed(read: Fields, name: str) -> Iterable[Fields]:
    """Each table of a list; when it has been read, no field of it may be left over."""
    for table in read.tables(name):
        yield table
        table.no_more()


class Identified(Protocol):
    """What a pack holds by its id."""

    @property
    def id(self) -> str: ...


Named = TypeVar("Named", bound=Identified)


def unique(name: str, items: Iterable[tuple[Fields, Named]]) -> dict[str, Named]:
    """Each by its id; two of one id are a fault of the later one."""
    found: dict[str, Named] = {}
    for table, item in items:
        if item.id in found:
            table.fault(
                "id", "named_twice", f"There are two {name} tables called {item.id}. Give one another id."
            )
        found[item.id] = item
    return found


def words_of(table: Fields, name: str = "words", *, needed: bool = True) -> str:
    """A text that may be long."""
    return table.text(name, needed=needed, longest=LONGEST_WORDS)


def sign_off_of(head: Fields) -> SignOff | None:
    """Who signed the pack; None where it says that nobody did."""
    if head.data.get("sign_off") == "unsigned":
        head.take("sign_off")
        return None
    signed = head.table("sign_off")
    office, signed_date = signed.text("office"), signed.day("date")
    if signed_date is None and not signed.faults:
        signed.fault(
            "date",
            "missing",
            'Say who signed and when, { office = "...", date = 2026-01-31 }, or "unsigned".',
        )
    signed.no_more()
    return SignOff(office=office, signed_date=signed_date) if signed_date else None


def id_of(table: Fields, name: str = "id") -> str:
    """A name short enough to stand on every finding and in the record."""
    return table.text(name, longest=LONGEST_ID)


def state_of(head: Fields) -> str:
    """The state whose pack it is; empty: of every state."""
    state = head.text("state", needed=False)
    if state and state not in GUARDS:
        message = f"{state[:40]!r} is not the postal code of a state with a National Guard."
        head.fault("state", "unknown_state", message)
    return state


def mark_of(table: Fields, *, default: str | None = None) -> Mark:
    """How a rule was read: C, S or GK."""
    return cast(Mark, table.one_of("mark", get_args(Mark), default=default))


def cited(table: Fields, name: str, known: frozenset[str], what: str) -> tuple[str, ...]:
    """A list of ids that must be declared in the same pack."""
    values = table.texts(name)
    for value in values:
        if value not in known:
            message = f"{value!r} is not a {what} of this pack. Add a [[{what}]] table for it."
            table.fault(name, f"unknown_{what}", message)
    return values


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """What a pack says of others and is not so. It would else be lost without a word."""

    pack: str
    name: str
    code: str
    message: str


def twice(step: str, kind: str, names: Iterable[tuple[str, str]]) -> Iterator[Mismatch]:
    """Where two of a kind have one name; `names` are pairs of a pack and a name in it."""
    seen: dict[str, str] = {}
    for pack, name in names:
        if name in seen:
            article = "an" if kind[0] in "aeiou" else "a"
            message = (
                f"There is {article} {kind} called {name} already, in {seen[name]}. Give this one another id."
            )
            yield Mismatch(pack=pack, name=name, code=f"{step}.named_twice", message=message)
        seen[name] = pack


def row_of(name: str, text: str) -> int | None:
    """The line in which a name stands in quotation marks."""
    return next((n for n, line in enumerate(text.splitlines(), start=1) if f'"{name}"' in line), None)


@dataclass(frozen=True, kw_only=True)
class Value:
    """One field of a part that reads otherwise than before."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between two versions of a pack."""

    part: str
    change: Literal["added", "removed", "changed"]
    fields: tuple[Value, ...]  # of a changed part: those that differ

    def __str__(self) -> str:
        if not self.fields:
            return f"{self.part}: {self.change}"
        told = [f"{self.part}: changed"]
        for value in self.fields:
            told += [f"  {value.field}:", f"  - {value.before}", f"  + {value.after}"]
        return "\n".join(told)


class Parted(Protocol):
    """A pack of whatever kind, by its parts."""

    def parts(self) -> dict[str, Any]: ...


def diff(old: Parted, new: Parted) -> tuple[Change, ...]:
    """What changed from one version of a pack to another, by name: its head, and every part of it."""
    before, after = old.parts(), new.parts()
    return tuple(
        change
        for part in sorted(before.keys() | after.keys())
        for change in _change(part, before.get(part), after.get(part))
    )


def _change(part: str, before: object, after: object) -> Iterator[Change]:
    if before == after:
        return
    if before is None or after is None:
        yield Change(part=part, change="added" if before is None else "removed", fields=())
        return
    if type(before) is not type(after):
        yield Change(part=part, change="removed", fields=())
        yield Change(part=part, change="added", fields=())
        return
    values = [
        (item.name, getattr(before, item.name), getattr(after, item.name))
        for item in fields(before)  # type: ignore[arg-type]  # every part is a dataclass
        if item.compare
    ]
    changed = [Value(field=name, before=str(old), after=str(new)) for name, old, new in values if old != new]
    yield Change(part=part, change="changed", fields=tuple(changed))
