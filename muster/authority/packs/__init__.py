"""Rule packs: TOML files that hold duty statuses, rules and the task table, checked when they are loaded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args

from muster.assistance.rules import AgencyKind
from muster.authority.rules import (
    COLUMNS,
    STRICTNESS,
    Basis,
    Cell,
    Column,
    Condition,
    Law,
    Layer,
    Lift,
    LiftNotSigned,
    Mark,
    Ruled,
    Status,
    Verdict,
    limit_layer,
)
from muster.core.errors import Fault, FaultyFile, NotFound
from muster.core.files import Malformed, read_data, take_in
from muster.core.reading import LONGEST_WORDS, Fields

PackLayer = Literal["law", "federal order"]
FINDINGS = {"P": "permitted", "C": "conditional", "X": "prohibited"}
MARKS = ("C", "S", "GK")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that a condition asks about, as a sentence that is so or not so."""

    id: str
    words: str
    kind: str  # yes_or_no | date


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """Who of the judge advocates or counsel stands for a pack, and since when."""

    office: str
    signed_date: date


@dataclass(frozen=True, kw_only=True)
class Pack:
    """One rule pack as it stands in its file."""

    id: str
    version: str
    title: str
    layer: PackLayer
    words: str
    effective_from: date | None  # None: the text read states no date
    effective_to: date | None
    sign_off: SignOff | None  # None: unsigned
    sources: Mapping[str, str]  # key: the document or page
    facts: Mapping[str, Fact]
    statuses: Mapping[str, Status]
    rules: Mapping[str, Ruled]
    cells: Mapping[tuple[str, Column], Cell]
    lifts: tuple[Lift, ...]

    def parts(self) -> dict[str, Any]:
        """Every status, rule and cell by name: what `diff` compares and `packs list` counts."""
        cells = {f"{task} {column}": cell for (task, column), cell in self.cells.items()}
        lifts = {f"lift {lift.task} {' '.join(sorted(lift.statuses))}": lift for lift in self.lifts}
        return {**self.statuses, **self.rules, **cells, **lifts}


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

    @property
    def law(self) -> Law:
        """The layer of the law: every pack of it taken together."""
        packs = [pack for pack in self.by_id.values() if pack.layer == "law"]
        return Law(
            statuses={name: status for pack in packs for name, status in pack.statuses.items()},
            rules=tuple(rule for pack in packs for rule in pack.rules.values()),
            cells={key: cell for pack in packs for key, cell in pack.cells.items()},
            lifts=tuple(lift for pack in packs for lift in pack.lifts),
        )

    @property
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
def load_packs() -> Packs:
    """Give the packs that come with Muster, read once."""
    folder = resources.files("muster.authority.packs")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    packs = [read_pack(file.read_text(encoding="utf-8")) for file in files]
    return Packs({pack.id: pack for pack in packs})


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
                [item.name for item in fields(before[part])]
                if type(before[part]) is type(after[part])
                else []
            )
            changed = tuple(
                name for name in names if getattr(before[part], name) != getattr(after[part], name)
            )
            changes.append(Change(part=part, change="changed", fields=changed))
    return tuple(changes)


def read_pack(text: str) -> Pack:
    """Read one pack. Raises FaultyFile with every fault and the line it stands in."""
    try:
        data = read_data(text)
    except Malformed as fault:
        raise FaultyFile([Fault(fault.row, None, "authority.malformed", str(fault))]) from None
    read = Fields(data, step="authority", locate=_Lines(text).of)
    head = read.table("pack")
    sources = {table.text("key"): _words(table) for table in _closed(read, "source")}
    facts = {fact.id: fact for fact in map(_fact, _closed(read, "fact"))}
    known = _Known(sources=frozenset(sources), facts=frozenset(facts))
    statuses = _unique("status", ((table, _status(table, known)) for table in _closed(read, "status")))
    rules = _unique("rule", ((table, _rule(table, known)) for table in _closed(read, "rule")))
    cells = _cells(read, known)
    effective_from, effective_to = head.days("effective_from", "effective_to")
    pack = Pack(
        id=head.text("id"),
        version=head.text("version"),
        title=head.text("title"),
        layer=cast(PackLayer, head.one_of("layer", ("law", "federal order"))),
        words=head.text("words", longest=LONGEST_WORDS),
        effective_from=effective_from,
        effective_to=effective_to,
        sign_off=_sign_off(head),
        sources=sources,
        facts=facts,
        statuses=statuses,
        rules=rules,
        cells=cells,
        lifts=tuple(lift for lift in map(_lift, _closed(read, "lift")) if lift is not None),
    )
    head.no_more()
    read.no_more()
    if read.faults:
        raise FaultyFile(read.faults)
    return pack


@dataclass(frozen=True)
class _Known:
    sources: frozenset[str]
    facts: frozenset[str]


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


def _closed(read: Fields, name: str) -> Iterable[Fields]:
    """Each table of a list; when it has been read, no field of it may be left over."""
    for table in read.tables(name):
        yield table
        table.no_more()


Named = TypeVar("Named", Status, Ruled)


def _unique(name: str, items: Iterable[tuple[Fields, Named]]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for table, item in items:
        if item.id in found:
            table.fault(
                "id", "named_twice", f"There are two {name} tables called {item.id}. Give one another id."
            )
        found[item.id] = item
    return found


def _words(table: Fields, name: str = "words", *, needed: bool = True) -> str:
    return table.text(name, needed=needed, longest=LONGEST_WORDS)


def _sign_off(head: Fields) -> SignOff | None:
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


def _fact(table: Fields) -> Fact:
    kind = table.one_of("kind", ("yes_or_no", "date"), default="yes_or_no")
    return Fact(id=table.text("id"), words=_words(table), kind=kind)


def _mark(table: Fields, *, default: str | None = None) -> Mark:
    return cast(Mark, table.one_of("mark", MARKS, default=default))


def _cited(table: Fields, name: str, known: frozenset[str], what: str) -> tuple[str, ...]:
    """A list of ids that must be declared in the same pack."""
    values = table.texts(name)
    for value in values:
        if value not in known:
            message = f"{value!r} is not a {what} of this pack. Add a [[{what}]] table for it."
            table.fault(name, f"unknown_{what}", message)
    return values


def _known_fact(table: Fields, name: str, known: _Known) -> str | None:
    fact = table.text(name, needed=False) or None
    if fact is not None and fact not in known.facts:
        table.fault(
            name, "unknown_fact", f"{fact!r} is not a fact of this pack. Add a [[fact]] table for it."
        )
    return fact


def _conditions(table: Fields, name: str, known: _Known) -> Iterable[tuple[tuple[Column, ...], Condition]]:
    for inner in table.tables(name):
        columns = _columns(inner) if name == "conditions" else ()
        condition = Condition(any_of=_cited(inner, "any_of", known.facts, "fact"), words=_words(inner))
        if not condition.any_of:
            inner.fault("any_of", "missing", "A condition names in any_of the facts it hangs on.")
        inner.no_more()
        yield columns, condition


def _columns(table: Fields) -> tuple[Column, ...]:
    columns = table.texts("columns")
    if not columns or any(column not in COLUMNS for column in columns):
        table.fault("columns", "unknown_choice", f"columns must name some of: {', '.join(COLUMNS)}.")
    return cast(tuple[Column, ...], columns)


def _status(table: Fields, known: _Known) -> Status:
    column = table.one_of("column", COLUMNS, default="") or None
    guard = table.flag("guard", default=True)
    tasks_barred = table.tasks("tasks_barred")
    return Status(
        id=table.text("id"),
        name=table.text("name"),
        column=cast(Column | None, column),
        commands=_words(table, "commands"),
        pays=_words(table, "pays"),
        consents=_words(table, "consents"),
        posse_comitatus=table.one_of("posse_comitatus", ("yes", "no", "exception")),
        posse_comitatus_words=_words(table, "posse_comitatus_words"),
        chapter_15=table.one_of("chapter_15", ("yes", "no", "superseded")),
        chapter_15_words=_words(table, "chapter_15_words"),
        duration=_words(table, "duration"),
        max_days=table.number("max_days", least=1, most=36_500),
        max_months=table.number("max_months", least=1, most=1_200),
        extension_days=table.number("extension_days", least=1, most=36_500),
        extension_fact=_known_fact(table, "extension_fact", known),
        members_max=table.number("members_max"),
        guard=guard,
        guard_words=_words(table, "guard_words", needed=not guard),
        tasks_barred=tasks_barred,
        tasks_barred_words=_words(table, "tasks_barred_words", needed=bool(tasks_barred)),
        citation=_words(table, "citation"),
        mark=_mark(table),
        unverified=_words(table, "unverified", needed=False),
        sources=_cited(table, "sources", known.sources, "source"),
    )


def _rule(table: Fields, known: _Known) -> Ruled:
    effective_from, effective_to = table.days("effective_from", "effective_to")
    return Ruled(
        id=table.text("id"),
        words=_words(table),
        citation=_words(table, "citation"),
        effective_from=effective_from,
        effective_to=effective_to,
        mark=_mark(table),
        unverified=_words(table, "unverified", needed=False),
        sources=_cited(table, "sources", known.sources, "source"),
        not_in_force=_words(table, "not_in_force", needed=False),
        when_fact=_known_fact(table, "when_fact", known),
        when_agency=cast(
            AgencyKind | None, table.one_of("when_agency", get_args(AgencyKind), default="") or None
        ),
        statuses=table.texts("statuses"),
        requires=tuple(condition for _, condition in _conditions(table, "requires", known)),
        prohibits=table.tasks("prohibits"),
        needs_counsel=table.tasks("needs_counsel"),
        allows=table.tasks("allows"),
        allows_statuses=table.texts("allows_statuses"),
        otherwise=cast(Verdict | None, table.one_of("otherwise", STRICTNESS, default="") or None),
    )


def _cells(read: Fields, known: _Known) -> dict[tuple[str, Column], Cell]:
    """The task table, a row of it per [[task]].

    Every row has every column: a gap would not be seen by a reader.
    """
    cells: dict[tuple[str, Column], Cell] = {}
    for table in _closed(read, "task"):
        task = table.task("id")
        if (task, "sad") in cells:
            table.fault("id", "named_twice", f"There are two rows for {task}. Make them one.")
        findings = {
            column: FINDINGS.get(table.one_of(column, tuple(FINDINGS)), "prohibited") for column in COLUMNS
        }
        unverified = _words(table, "unverified", needed=False)
        mark = _mark(table)
        row = Basis(
            rule=task,
            citation=_words(table, "citation", needed=False) or "No text was read for this cell",
            verified=mark == "C" and not unverified,
            words=_words(table),
        )
        _cited(table, "sources", known.sources, "source")
        own = dict(_bases(table, row=row, mark=mark))
        conditions = tuple(_conditions(table, "conditions", known))
        for column in COLUMNS:
            basis, cell_mark = own.get(column, (row, mark))
            cells[task, column] = Cell(
                finding=cast(Verdict, findings[column]),
                basis=basis,
                mark=cell_mark,
                conditions=tuple(condition for columns, condition in conditions if column in columns),
            )
            if bool(cells[task, column].conditions) != (findings[column] == "conditional"):
                message = f"{column}: a C needs conditions, and only a C has them. Add or move them."
                table.fault(column, "conditions_do_not_fit", message)
    return cells


def _bases(table: Fields, *, row: Basis, mark: Mark) -> Iterable[tuple[Column, tuple[Basis, Mark]]]:
    """Where another rule than the row's own decides in a column."""
    for inner in table.tables("basis"):
        own_mark = _mark(inner, default=mark)
        basis = Basis(
            rule=inner.text("rule", needed=False) or row.rule,
            citation=_words(inner, "citation", needed=False) or row.citation,
            verified=own_mark == "C",
            words=_words(inner, needed=False) or row.words,
        )
        for column in _columns(inner):
            yield column, (basis, own_mark)
        inner.no_more()


def _lift(table: Fields) -> Lift | None:
    effective_from, effective_to = table.days("effective_from", "effective_to")
    task = table.task()
    try:
        return Lift(
            task=task,
            statuses=frozenset(table.texts("statuses")),
            statute=table.text("statute", needed=False),
            counsel=table.text("counsel", needed=False),
            signed_date=table.day("signed_date"),
            effective_from=effective_from,
            effective_to=effective_to,
            words=_words(table),
        )
    except LiftNotSigned as unsigned:
        table.fault("", "lift_not_signed", str(unsigned))
        return None
