"""Reading one standard of custody or shelter: a TOML file that is checked as it is loaded, every fault with its line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

from muster.authority.packs.mechanics import (
    STANDARD,
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
from muster.cases.rules import (
    KINDS,
    NOTICES,
    PERSONAL,
    TIME_UNITS,
    About,
    Calendar,
    Checklist,
    Event,
    Hours,
    Kind,
    Limit,
    Overlay,
    Rule,
    Severity,
    Span,
    Standard,
    Timing,
    Variant,
)
from muster.core.errors import FaultyFile
from muster.core.reading import Fields

UNITS = tuple(TIME_UNITS)
MOST = 100_000
# The fields that each kind of limit needs and may have, beside `kind`; the others would say nothing.
NEEDS: Mapping[Kind, tuple[set[str], set[str]]] = {
    "within": ({"value", "unit"}, {"earliest", "grace", "end_of_day"}),
    "at_most": ({"value", "unit"}, {"grace", "end_of_day"}),
    "at_least": ({"value", "unit"}, {"first"}),
    "every": (set(), {"value", "unit", "times", "grace", "from_contract"}),
    "promptly": (set(), set()),
    "before": (set(), set()),
    "always": (set(), set()),
}


@dataclass(frozen=True)
class _Known:
    """What the tables of one pack may name, and what they have from its head."""

    pack: str
    sources: frozenset[str]
    overlays: frozenset[str]
    days: tuple[date | None, date | None]


def read_standard(text: str) -> Standard:
    """Read one standard. Raises FaultyFile with every fault and the line it stands in."""
    read = read_tables(text, step="cases")
    head = read.table("pack")
    id, version, state = id_of(head), id_of(head, "version"), state_of(head)
    head.one_of("layer", (STANDARD,))
    sign_off = sign_off_of(head)
    effective_from, effective_to = head.days("effective_from", "effective_to")
    sources = read_sources(read)
    events = unique("event", ((table, _event(table)) for table in closed(read, "event")))
    overlays = unique("overlay", ((table, _overlay(table)) for table in closed(read, "overlay")))
    known = _Known(
        pack=id,
        sources=frozenset(sources),
        overlays=frozenset(overlays),
        days=(effective_from, effective_to),
    )
    standard = Standard(
        id=id,
        version=version,
        title=head.text("title"),
        words=words_of(head),
        state=state,
        effective_from=effective_from,
        effective_to=effective_to,
        sign_off=sign_off,
        together_with=head.texts("together_with"),
        sources=sources,
        events=events,
        overlays=overlays,
        rules=unique("rule", ((table, _rule(table, known)) for table in closed(read, "rule"))),
    )
    head.no_more()
    read.no_more()
    if read.faults:
        raise FaultyFile(read.faults)
    return standard


def _event(table: Fields) -> Event:
    return Event(
        id=id_of(table),
        words=words_of(table),
        about=cast(About, table.one_of("about", get_args(About), default="person")),
        in_agency_system=table.flag("in_agency_system"),
    )


def _overlay(table: Fields) -> Overlay:
    effective_from, effective_to = table.days("effective_from", "effective_to")
    return Overlay(
        id=id_of(table),
        name=table.text("name"),
        words=words_of(table),
        citation=words_of(table, "citation"),
        mark=mark_of(table),
        effective_from=effective_from,
        effective_to=effective_to,
    )


def _rule(table: Fields, known: _Known) -> Rule:
    effective_from, effective_to = table.days("effective_from", "effective_to")
    limit = _limit(table.table("limit"))
    about = cast(About, table.one_of("about", get_args(About), default="person"))
    timing = _timing(table.table("clock"), limit)
    checklist = table.one_of("checklist", get_args(Checklist), default="") or None
    step = table.number("step", least=1, most=1000)
    if (checklist is None) != (step is None):
        table.fault(
            "step", "missing", "checklist and step belong together: a step stands in the order of its list."
        )
    hours = _hours(table.table("hours")) if "hours" in table.data else None
    if limit.kind == "always" and timing.start:
        table.fault("clock", "no_clock", "What is so at every moment has no clock. Leave [rule.clock] out.")
    if limit.kind != "always" and limit.amount is None and not timing.start:
        table.fault("clock", "missing", "Say in [rule.clock] by which event the time starts: start = [...].")
    return Rule(
        id=id_of(table),
        name=table.text("name"),
        words=words_of(table),
        about=about,
        limit=limit,
        timing=timing,
        responsible=table.text("responsible"),
        citation=words_of(table, "citation"),
        mark=mark_of(table),
        severity=cast(Severity, table.one_of("severity", get_args(Severity))),
        on_breach=words_of(table, "on_breach"),
        pack=known.pack,
        effective_from=effective_from or known.days[0],
        effective_to=effective_to or known.days[1],
        unverified=words_of(table, "unverified", needed=False),
        sources=cited(table, "sources", known.sources, "source"),
        overlay=_known_overlay(table, known),
        checklist=cast(Checklist | None, checklist),
        step=step,
        notice=table.one_of("notice", tuple(NOTICES), default=""),
        hours=hours,
        variants=tuple(_variants(table, known)),
        personal=_personal(table),
    )


def _personal(table: Fields) -> tuple[str, ...]:
    """What the rule asks for of a person."""
    values = table.texts("personal")
    for value in values:
        if value not in PERSONAL:
            message = f"{value!r} is not kept of a person. Write one of: {', '.join(PERSONAL)}."
            table.fault("personal", "not_kept", message)
    return values


def _variants(table: Fields, known: _Known) -> list[Variant]:
    found = []
    for inner in table.tables("variants"):
        effective_from, effective_to = inner.days("effective_from", "effective_to")
        overlay = _known_overlay(inner, known)
        if not (overlay or effective_from or effective_to):
            message = "A variant holds between days or under an overlay. Give effective_from, effective_to or overlay."
            inner.fault("", "always_so", message)
        found.append(
            Variant(
                id=id_of(inner),
                words=words_of(inner),
                limit=_limit(inner.table("limit")),
                citation=words_of(inner, "citation"),
                mark=mark_of(inner),
                effective_from=effective_from,
                effective_to=effective_to,
                overlay=overlay,
                counsel=words_of(inner, "counsel", needed=False),
            )
        )
        inner.no_more()
    return found


def _known_overlay(table: Fields, known: _Known) -> str:
    overlay = table.text("overlay", needed=False)
    if overlay and overlay not in known.overlays:
        message = f"{overlay!r} is not an overlay of this pack. Add an [[overlay]] table for it."
        table.fault("overlay", "unknown_overlay", message)
    return overlay


def _limit(table: Fields) -> Limit:
    kind = cast(Kind, table.one_of("kind", tuple(KINDS)))
    needed, allowed = NEEDS.get(kind, (set(), set()))
    for name in sorted(needed - set(table.data)):
        table.fault(name, "missing", f"{table.path}{name} is missing. A limit of the kind {kind} has one.")
    for name in sorted(set(table.data) - needed - allowed - {"kind"}):
        table.fault(name, "does_not_fit", f"A limit of the kind {kind} has no {name}. Leave it out.")
        table.read.add(name)
    unit = table.text("unit", needed=False)
    value = table.take("value")
    span, amount = None, None
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        table.fault("value", "wrong_kind", f"{table.path}value must be a number.")
    elif value is not None and not 0 < value <= MOST:
        table.fault("value", "wrong_kind", f"{table.path}value must be above 0 and at most {MOST:,}.")
    elif value is not None and unit in TIME_UNITS:
        if isinstance(value, int):
            span = Span(value=value, unit=unit)
        else:
            table.fault("value", "wrong_kind", f"{table.path}value must be whole: use a smaller unit.")
    elif value is not None:
        amount = float(value)
    times, term = table.number("times", least=1, most=100), table.text("from_contract", needed=False)
    if kind == "every" and sum(x is not None for x in (span, times, term or None)) != 1:
        table.fault("value", "missing", "Say how often: value and unit, or times a day, or from_contract.")
    first = table.take("first")
    limit = Limit(
        kind=kind,
        span=span,
        amount=amount,
        unit=unit if amount is not None else "",
        first=float(first) if isinstance(first, int | float) else None,
        times=times,
        earliest=_span(table, "earliest"),
        grace=_span(table, "grace"),
        end_of_day=table.flag("end_of_day"),
        from_contract=term,
    )
    table.no_more()
    return limit


def _span(table: Fields, name: str) -> Span | None:
    """A length of time written as `{ value = 5, unit = "min" }`."""
    if table.take(name) is None:
        return None
    inner = table.table(name)
    value, unit = inner.number("value", least=1, most=MOST), inner.one_of("unit", UNITS)
    inner.no_more()
    return Span(value=value, unit=unit) if value and unit in TIME_UNITS else None


def _timing(table: Fields, limit: Limit) -> Timing:
    warn = []
    for inner in table.tables("warn"):
        value, unit = inner.number("value", least=1, most=MOST), inner.one_of("unit", UNITS)
        inner.no_more()
        if value and unit in TIME_UNITS:
            warn.append(Span(value=value, unit=unit))
    timing = Timing(
        start=table.texts("start"),
        stop_on=table.texts("stop_on"),
        pause_on=table.texts("pause_on"),
        resume_on=table.texts("resume_on"),
        ends_on=table.texts("ends_on"),
        only_if=table.texts("only_if"),
        once=table.texts("once"),
        excused_by=table.texts("excused_by"),
        before=table.texts("before"),
        calendar=cast(Calendar, table.one_of("calendar", get_args(Calendar), default="every_day")),
        warn=tuple(warn),
    )
    if timing.start and not timing.stop_on:
        table.fault("stop_on", "missing", "Say by which event it is done: stop_on = [...].")
    if bool(timing.pause_on) != bool(timing.resume_on):
        table.fault("resume_on", "missing", "pause_on and resume_on belong together: give both or neither.")
    if timing.calendar == "business_days" and limit.span and limit.span.unit not in ("min", "h"):
        table.fault(
            "calendar",
            "does_not_fit",
            'Business days count hours. For whole days write unit = "business_day".',
        )
    if bool(timing.before) != (limit.kind == "before"):
        table.fault("before", "missing", "A limit of the kind before, and no other, names events in before.")
    table.no_more()
    return timing


def _hours(table: Fields) -> Hours:
    hours = Hours(
        driving_h=table.number("driving_h", least=1, most=24) or 0,
        off_h=table.number("off_h", least=1, most=48) or 0,
        window_h=table.number("window_h", least=1, most=48),
        window=cast(
            "Literal['on_duty', 'elapsed']",
            table.one_of("window", ("on_duty", "elapsed"), default="on_duty"),
        ),
        week_h=table.number("week_h", least=1, most=168),
        week_days=table.number("week_days", least=1, most=14),
        week_counts=cast(
            "Literal['on_duty', 'driving']",
            table.one_of("week_counts", ("on_duty", "driving"), default="on_duty"),
        ),
        break_after_h=table.number("break_after_h", least=1, most=24),
        break_min=table.number("break_min", least=1, most=600),
        restart_h=table.number("restart_h", least=1, most=100),
        adverse_h=table.number("adverse_h", least=0, most=10) or 0,
    )
    for name in ("driving_h", "off_h"):
        table.take(name, needed=True)
    table.no_more()
    return hours
