"""Reading one rule pack: a TOML file that is checked as it is loaded, every fault with its line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast, get_args

from muster.assistance.rules import LONGEST_STATUS, AgencyKind
from muster.authority.findings import STRICTNESS, Basis, Mark, Origin, Quote, Verdict
from muster.authority.law import COLUMNS, Cell, Column, Condition, Lift, LiftNotSigned, Ruled, Status
from muster.authority.packs.mechanics import (
    UNSIGNED,
    Head,
    SignOff,
    cited,
    closed,
    id_of,
    mark_of,
    read_sources,
    read_tables,
    sign_off_of,
    state_of,
    unique,
    words_of,
)
from muster.core.errors import FaultyFile
from muster.core.reading import LONGEST_WORDS, Fields

PackLayer = Literal["law", "federal order"]
FINDINGS = {"P": "permitted", "C": "conditional", "X": "prohibited"}


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that a condition asks about, as a sentence that is so or not so."""

    id: str
    words: str
    kind: str  # yes_or_no | date
    parts: tuple[str, ...]  # facts without which it is not so, though it is stated


@dataclass(frozen=True, kw_only=True)
class Text:
    """The text of a law as it was read: what a quotation is marked in."""

    id: str
    citation: str
    words: str
    source: str  # key of the document or page it was read in


@dataclass(frozen=True, kw_only=True)
class Pack:
    """One rule pack as it stands in its file."""

    id: str
    version: str
    title: str
    layer: PackLayer
    words: str
    state: str  # postal code of the state whose law it is; empty: of every state
    effective_from: date | None  # None: the text read states no date
    effective_to: date | None
    sign_off: SignOff | None  # None: unsigned
    sources: Mapping[str, str]  # key: the document or page
    texts: Mapping[str, Text]
    facts: Mapping[str, Fact]
    statuses: Mapping[str, Status]
    rules: Mapping[str, Ruled]
    cells: Mapping[tuple[str, Column], Cell]
    lifts: tuple[Lift, ...]

    @property
    def signed(self) -> str:
        """Who signed it and when, or that nobody did."""
        return str(self.sign_off) if self.sign_off else UNSIGNED

    def parts(self) -> dict[str, Any]:
        """Its head and everything in it by name: what `diff` compares."""
        head = Head(
            version=self.version,
            title=self.title,
            words=self.words,
            effective_from=self.effective_from,
            effective_to=self.effective_to,
            signed=self.signed,
        )
        named = {
            **{f"fact {name}": fact for name, fact in self.facts.items()},
            **{f"text {name}": text for name, text in self.texts.items()},
            **{
                f"source {key}": Text(id=key, citation="", words=w, source=key)
                for key, w in self.sources.items()
            },
            **{f"{task} {column}": cell for (task, column), cell in self.cells.items()},
            **{f"lift {lift.task} {' '.join(sorted(lift.statuses))}": lift for lift in self.lifts},
        }
        return {"pack": head, **self.statuses, **self.rules, **named}

    @property
    def marks(self) -> dict[Mark, int]:
        """How many of its statuses, rules and cells were read in a primary text, in another, or not at all."""
        read = [status.mark for status in self.statuses.values()]
        read += [rule.mark for rule in self.rules.values()]
        read += [cell.mark for cell in self.cells.values()]
        return {mark: read.count(mark) for mark in get_args(Mark)}


def read_pack(text: str) -> Pack:
    """Read one pack. Raises FaultyFile with every fault and the line it stands in."""
    read = read_tables(text, step="authority")
    head = read.table("pack")
    id, version, state = id_of(head), id_of(head, "version"), state_of(head)
    sign_off = sign_off_of(head)
    effective_from, effective_to = head.days("effective_from", "effective_to")
    sources = read_sources(read)
    texts = {text.id: text for text in (_text(table, sources) for table in closed(read, "text"))}
    facts = _facts(read)
    known = _Known(
        sources=frozenset(sources),
        facts=frozenset(facts),
        texts=texts,
        origin=Origin(pack=f"{id} {version}", signed=str(sign_off) if sign_off else UNSIGNED),
        state=state,
        days=(effective_from, effective_to),
    )
    statuses = unique("status", ((table, _status(table, known)) for table in closed(read, "status")))
    rules = unique("rule", ((table, _rule(table, known)) for table in closed(read, "rule")))
    cells = _cells(read, known)
    if state and (statuses or cells):
        head.fault("state", "not_a_states", "Duty statuses and the task table are the same in every state.")
    pack = Pack(
        id=id,
        version=version,
        title=head.text("title"),
        layer=cast(PackLayer, head.one_of("layer", ("law", "federal order"))),
        words=head.text("words", longest=LONGEST_WORDS),
        state=state,
        effective_from=effective_from,
        effective_to=effective_to,
        sign_off=sign_off,
        sources=sources,
        texts=texts,
        facts=facts,
        statuses=statuses,
        rules=rules,
        cells=cells,
        lifts=tuple(
            lift for lift in (_lift(table, state) for table in closed(read, "lift")) if lift is not None
        ),
    )
    head.no_more()
    read.no_more()
    if read.faults:
        raise FaultyFile(read.faults)
    return pack


@dataclass(frozen=True)
class _Known:
    """What the tables of one pack may name, and what they have from its head."""

    sources: frozenset[str]
    facts: frozenset[str]
    texts: Mapping[str, Text]
    origin: Origin
    state: str
    days: tuple[date | None, date | None]


def _text(table: Fields, sources: Mapping[str, str]) -> Text:
    source = table.text("source")
    if source and source not in sources:
        message = f"{source!r} is not a source of this pack. Add a [[source]] table for it."
        table.fault("source", "unknown_source", message)
    return Text(
        id=table.text("id"), citation=words_of(table, "citation"), words=words_of(table), source=source
    )


def _facts(read: Fields) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for table in closed(read, "fact"):
        kind = table.one_of("kind", ("yes_or_no", "date"), default="yes_or_no")
        fact = Fact(id=table.text("id"), words=words_of(table), kind=kind, parts=table.texts("parts"))
        for part in fact.parts:
            if part not in facts:
                message = f"{part!r} is not a fact of this pack. Add a [[fact]] table for it above this one."
                table.fault("parts", "unknown_fact", message)
        facts[fact.id] = fact
    return facts


def _quotes(table: Fields, known: _Known) -> tuple[Quote, ...]:
    """Quotations, each of which must stand word for word in its text."""
    quotes = []
    for inner in table.tables("quotes"):
        name, exact = inner.text("text"), words_of(inner, "exact")
        text = known.texts.get(name)
        if text is None and name:
            message = f"{name!r} is not a text of this pack. Add a [[text]] table for it."
            inner.fault("text", "unknown_text", message)
        elif text is not None and exact not in text.words:
            message = f"{exact[:60]!r} does not stand in the text {name}. Quote it word for word."
            inner.fault("exact", "not_in_the_text", message)
        elif text is not None:
            quotes.append(Quote(text=name, citation=text.citation, exact=exact))
        inner.no_more()
    return tuple(quotes)


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
        condition = Condition(any_of=cited(inner, "any_of", known.facts, "fact"), words=words_of(inner))
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
        id=table.text("id", longest=LONGEST_STATUS),
        name=table.text("name"),
        column=cast(Column | None, column),
        commands=words_of(table, "commands"),
        pays=words_of(table, "pays"),
        consents=words_of(table, "consents"),
        posse_comitatus=table.one_of("posse_comitatus", ("yes", "no", "exception")),
        posse_comitatus_words=words_of(table, "posse_comitatus_words"),
        chapter_15=table.one_of("chapter_15", ("yes", "no", "superseded")),
        chapter_15_words=words_of(table, "chapter_15_words"),
        duration=words_of(table, "duration"),
        max_days=table.number("max_days", least=1, most=36_500),
        max_months=table.number("max_months", least=1, most=1_200),
        extension_days=table.number("extension_days", least=1, most=36_500),
        extension_fact=_known_fact(table, "extension_fact", known),
        members_max=table.number("members_max"),
        guard=guard,
        guard_words=words_of(table, "guard_words", needed=not guard),
        tasks_barred=tasks_barred,
        tasks_barred_words=words_of(table, "tasks_barred_words", needed=bool(tasks_barred)),
        requires=tuple(condition for _, condition in _conditions(table, "requires", known)),
        citation=words_of(table, "citation"),
        mark=mark_of(table),
        unverified=words_of(table, "unverified", needed=False),
        sources=cited(table, "sources", known.sources, "source"),
        quotes=_quotes(table, known),
        origin=known.origin,
    )


def _rule(table: Fields, known: _Known) -> Ruled:
    effective_from, effective_to = table.days("effective_from", "effective_to")
    begun, ended = known.days
    max_days = table.number("max_days", least=1, most=36_500)
    began_fact = _known_fact(table, "began_fact", known)
    if (max_days is None) != (began_fact is None):
        table.fault("max_days", "missing", "max_days and began_fact belong together: give both or neither.")
    return Ruled(
        id=id_of(table),
        words=words_of(table),
        citation=words_of(table, "citation"),
        effective_from=effective_from or begun,
        effective_to=effective_to or ended,
        mark=mark_of(table),
        unverified=words_of(table, "unverified", needed=False),
        sources=cited(table, "sources", known.sources, "source"),
        not_in_force=words_of(table, "not_in_force", needed=False),
        when_fact=_known_fact(table, "when_fact", known),
        when_agencies=_agencies(table),
        statuses=table.texts("statuses"),
        tasks=table.tasks("tasks"),
        requires=tuple(condition for _, condition in _conditions(table, "requires", known)),
        prohibits=table.tasks("prohibits"),
        needs_counsel=table.tasks("needs_counsel"),
        allows=table.tasks("allows"),
        allows_statuses=table.texts("allows_statuses"),
        otherwise=cast(Verdict | None, table.one_of("otherwise", STRICTNESS, default="") or None),
        max_days=max_days,
        began_fact=began_fact,
        universal=table.flag("universal"),
        state=known.state,
        quotes=_quotes(table, known),
        origin=known.origin,
    )


def _agencies(table: Fields) -> tuple[AgencyKind, ...]:
    kinds = table.texts("when_agencies")
    for kind in kinds:
        if kind not in get_args(AgencyKind):
            message = (
                f"{kind[:40]!r} is not a kind of agency. Write some of: {', '.join(get_args(AgencyKind))}."
            )
            table.fault("when_agencies", "unknown_choice", message)
    return cast(tuple[AgencyKind, ...], kinds)


def _cells(read: Fields, known: _Known) -> dict[tuple[str, Column], Cell]:
    """The task table, a row of it per [[task]].

    Every row has every column: a gap would not be seen by a reader.
    """
    cells: dict[tuple[str, Column], Cell] = {}
    for table in closed(read, "task"):
        task = table.task("id")
        if (task, "sad") in cells:
            table.fault("id", "named_twice", f"There are two rows for {task}. Make them one.")
        findings = {
            column: FINDINGS.get(table.one_of(column, tuple(FINDINGS)), "prohibited") for column in COLUMNS
        }
        unverified = words_of(table, "unverified", needed=False)
        mark = mark_of(table)
        row = Basis(
            rule=task,
            citation=words_of(table, "citation", needed=False) or "No text was read for this cell",
            verified=mark == "C" and not unverified,
            words=words_of(table),
            mark=mark,
            unverified=unverified,
            quotes=_quotes(table, known),
            rests_on=table.texts("rests_on"),
            origin=known.origin,
        )
        lifted_by = words_of(table, "lifted_by", needed=False)
        cited(table, "sources", known.sources, "source")
        own = dict(_bases(table, row=row, mark=mark, known=known))
        conditions = tuple(_conditions(table, "conditions", known))
        for column in COLUMNS:
            basis, cell_mark = own.get(column, (row, mark))
            cells[task, column] = Cell(
                finding=cast(Verdict, findings[column]),
                basis=basis,
                mark=cell_mark,
                conditions=tuple(condition for columns, condition in conditions if column in columns),
                lifted_by=lifted_by if findings[column] == "prohibited" else "",
            )
            if bool(cells[task, column].conditions) != (findings[column] == "conditional"):
                message = f"{column}: a C needs conditions, and only a C has them. Add or move them."
                table.fault(column, "conditions_do_not_fit", message)
    return cells


def _bases(
    table: Fields, *, row: Basis, mark: Mark, known: _Known
) -> Iterable[tuple[Column, tuple[Basis, Mark]]]:
    """Where another rule than the row's own decides in a column."""
    for inner in table.tables("basis"):
        own_mark = mark_of(inner, default=mark)
        basis = Basis(
            rule=inner.text("rule", needed=False) or row.rule,
            citation=words_of(inner, "citation", needed=False) or row.citation,
            verified=own_mark == "C",
            words=words_of(inner, needed=False) or row.words,
            mark=own_mark,
            quotes=_quotes(inner, known),
            rests_on=inner.texts("rests_on"),
            origin=known.origin,
        )
        for column in _columns(inner):
            yield column, (basis, own_mark)
        inner.no_more()


def _lift(table: Fields, state: str) -> Lift | None:
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
            words=words_of(table),
            state=state,
        )
    except LiftNotSigned as unsigned:
        table.fault("", "lift_not_signed", str(unsigned))
        return None
