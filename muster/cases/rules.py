"""The rules of a standard of custody or shelter as data: what is owed, from when, until when, by whom, and by which text.

A rule says what must be done, its *limit*, and by which events its clock starts, pauses and stops. `clocks.py` reckons with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal, get_args

from muster.authority.findings import Mark
from muster.authority.packs.mechanics import UNSIGNED, Head, SignOff
from muster.core.errors import MusterError

Kind = Literal["within", "at_most", "at_least", "every", "promptly", "before", "always"]
KINDS: Mapping[Kind, str] = {
    "within": "done no later than the limit after its start",
    "at_most": "ended no later than the limit after its start; or an amount that is not exceeded",
    "at_least": "not before the limit after its start; or an amount that is reached",
    "every": "again and again, with no more than the limit in between",
    "promptly": "done without a number that the text would give: without delay, as soon as practicable",
    "before": "done before another event",
    "always": "so at every moment; no clock",
}
TimeUnit = Literal["min", "h", "day", "business_day", "month", "year"]
Calendar = Literal["every_day", "business_days"]
Severity = Literal["info", "warn", "breach", "critical"]
About = Literal["person", "site", "driver"]
Checklist = Literal["admission", "release", "shelter_registration"]
Side = Literal["in", "out"]
LISTS: Mapping[Side, tuple[Checklist, ...]] = {
    "in": ("admission", "shelter_registration"),
    "out": ("release",),
}
# Why an item of a checklist was not done. The words are our own; no standard that we read has such a list.
NOT_DONE: Mapping[str, str] = {
    "declined": "the person declined",
    "not_fit": "the person was not fit for it",
    "nobody": "nobody was there to do it",
    "no_supplies": "what it needs was not there",
    "no_language": "nobody spoke a language that the person understands",
    "elsewhere": "it is done elsewhere",
    "already_left": "the person had left",
    "does_not_apply": "it does not apply to the person",
    "other": "another reason",
}
# To whom a rule asks that something be told, with proof. The person's own call is one of these too: the site owes it.
# What a rule may ask for of a person, beside the agency's reference. No pack can ask for nationality, religion or biometrics.
PERSONAL = ("name", "birth_date", "address", "contact")
NOTICES: Mapping[str, str] = {
    "agency": "the agency",
    "call": "family or whomever the person calls",
    "child_services": "child services or law enforcement",
    "consulate": "a consulate, in the agency's own system",
    "counsel": "counsel",
    "hhs": "the Department of Health and Human Services",
    "locator": "the agency's system and its locator",
    "public": "the public",
}
# How a notice went, or a call was given.
HOW: Mapping[str, str] = {
    "call": "by telephone", "fax": "by fax", "mail": "by e-mail", "letter": "by letter", "portal": "through a portal",
    "in_person": "in person", "agency_system": "in the agency's own system",
}  # fmt: skip
TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)


class NotALength(MusterError):
    """A text that is no length of time."""

    code = "cases.not_a_length"

    def __init__(self, *, text: str) -> None:
        self.text = text[:40]
        super().__init__(
            f"{self.text!r} is not a length of time. Write it as 30min, 4h or 2d, at most 366 days."
        )


def parse_within(text: str) -> timedelta:
    """The length that is written as 30min, 4h or 2d. Raises NotALength."""
    found = re.fullmatch(r"([0-9]{1,6}) ?(min|h|d)", text.strip())
    if found is None:
        raise NotALength(text=text)
    within = (
        int(found[1])
        * {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[found[2]]
    )
    if within > timedelta(days=366):
        raise NotALength(text=text)
    return within


@dataclass(frozen=True, kw_only=True)
class Span:
    """A length of time: hours and minutes are elapsed; days, months and years are of the site's own calendar."""

    value: int
    unit: TimeUnit

    def __str__(self) -> str:
        unit = self.unit.replace("_", " ")
        return f"{self.value} {unit}{'s' if self.value != 1 and unit not in ('h', 'min') else ''}"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a rule allows or asks for.

    `span` is its time; None where it is an amount, or where the text gives no number. `amount` counts in `unit`, such as
    "sq ft per person", of which the first person is given `first` where that differs. `times` of an *every*: so often in each
    local day. `earliest` is the other end of a *within* that has two: done before it is too early. `grace` follows the limit
    before it counts as a breach. `end_of_day`: the limit runs out with the local day in which it falls.
    `from_contract` names the term of a site's contract that gives the span.
    """

    kind: Kind
    span: Span | None = None
    amount: float | None = None
    unit: str = ""
    first: float | None = None
    times: int | None = None
    earliest: Span | None = None
    grace: Span | None = None
    end_of_day: bool = False
    from_contract: str = ""

    def __str__(self) -> str:
        if self.times:
            return "once a day" if self.times == 1 else f"{self.times} times a day"
        said = self.kind.replace("_", " ")
        if self.span:
            between = f"from {self.earliest} " if self.earliest else ""
            return f"{between}{said} {self.span}"
        if self.amount is not None:
            return f"{said} {self.amount:g} {self.unit}"
        return f"every, as the contract says ({self.from_contract})" if self.from_contract else said


@dataclass(frozen=True, kw_only=True)
class Timing:
    """By which events a rule's clock starts, pauses, resumes and stops; each is the id of an event.

    `ends_on`: with these nothing is owed any more, and nothing was done either. `only_if`: without one of these by the start
    there is no clock; `once`: nor before one of these, whenever it came. `excused_by`: what the text accepts as a reason; a
    breach stays one, and the reason is told beside it. `before`: of a *before*, the events that it must precede. `warn` counts
    from the start, as the limit does.
    """

    start: tuple[str, ...] = ()
    stop_on: tuple[str, ...] = ()
    pause_on: tuple[str, ...] = ()
    resume_on: tuple[str, ...] = ()
    ends_on: tuple[str, ...] = ()
    only_if: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    excused_by: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    calendar: Calendar = "every_day"
    warn: tuple[Span, ...] = ()

    @cached_property
    def events(self) -> frozenset[str]:
        """Every event that it names."""
        named = (
            self.start, self.stop_on, self.pause_on, self.resume_on,
            self.ends_on, self.only_if, self.once, self.excused_by, self.before,
        )  # fmt: skip
        return frozenset(event for events in named for event in events)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Another limit of the same rule: between two days, both included, or where an overlay is in force.

    `counsel`: a clock that runs across one of its days is for counsel to look at, with the words that say why.
    """

    id: str
    words: str
    limit: Limit
    citation: str
    mark: Mark
    effective_from: date | None
    effective_to: date | None
    overlay: str = ""
    counsel: str = ""


@dataclass(frozen=True, kw_only=True)
class Hours:
    """How long somebody may drive: whole hours, each None where the text sets none.

    `window_h` ends the time in which driving is allowed: hours on duty (`window` "on_duty") or hours since coming on duty,
    rest included ("elapsed"). `week_h` are hours on duty in any `week_days` days, or driven ones where `week_counts` says so.
    """

    driving_h: int
    off_h: int
    window_h: int | None = None
    window: Literal["on_duty", "elapsed"] = "on_duty"
    week_h: int | None = None
    week_days: int | None = None
    week_counts: Literal["on_duty", "driving"] = "on_duty"
    break_after_h: int | None = None
    break_min: int | None = None
    restart_h: int | None = None
    adverse_h: int = 0


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that starts, pauses or stops clocks, as a sentence. `in_agency_system`: all that is kept of it is whether it was
    done in the agency's own system, when and by whom."""

    id: str
    words: str
    about: About = "person"
    in_agency_system: bool = False


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """An order of a court or a contract that holds at the sites for which it is recorded, and at no other."""

    id: str
    name: str
    words: str
    citation: str
    mark: Mark
    effective_from: date | None
    effective_to: date | None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a standard. `overlay`: it holds only where that overlay is in force.

    `personal`: what it asks for of each person, of `PERSONAL`. `checklist` and `step` give its place in an ordered list of checks.
    `notice`: what stops its clock is a notice, to one of `NOTICES`.
    `effective_from` and `effective_to` are days, both included, of the moment at which its clock starts.
    """

    id: str
    name: str
    words: str
    about: About
    limit: Limit
    timing: Timing
    responsible: str
    citation: str
    mark: Mark
    severity: Severity
    on_breach: str
    pack: str = field(compare=False)  # the id of its pack
    effective_from: date | None = None
    effective_to: date | None = None
    unverified: str = ""
    sources: tuple[str, ...] = ()
    overlay: str = ""
    checklist: Checklist | None = None
    step: int | None = None
    notice: str = ""
    hours: Hours | None = None
    variants: tuple[Variant, ...] = ()
    personal: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether all of it was read in a primary text."""
        return self.mark == "C" and not self.unverified

    @cached_property
    def has_clock(self) -> bool:
        """Whether it is about time: an amount and a state have no clock."""
        return self.limit.kind != "always" and self.limit.amount is None and bool(self.timing.start)

    def is_stopped_by(self, events: Collection[str]) -> bool:
        """Whether one of the events stops its clock."""
        return any(event in self.timing.stop_on for event in events)


@dataclass(frozen=True, kw_only=True)
class Standard:
    """One standard as it stands in its pack file. `together_with`: the packs that hold wherever it does."""

    id: str
    version: str
    title: str
    words: str
    state: str
    effective_from: date | None
    effective_to: date | None
    sign_off: SignOff | None
    together_with: tuple[str, ...]
    sources: Mapping[str, str]
    events: Mapping[str, Event]
    overlays: Mapping[str, Overlay]
    rules: Mapping[str, Rule]
    layer: str = field(default="standard")

    @property
    def signed(self) -> str:
        """Who signed it and when, or that nobody did."""
        return str(self.sign_off) if self.sign_off else UNSIGNED

    @property
    def marks(self) -> dict[Mark, int]:
        """How many of its rules and overlays were read in a primary text, in another, or not at all."""
        read = [rule.mark for rule in self.rules.values()]
        read += [overlay.mark for overlay in self.overlays.values()]
        read += [variant.mark for rule in self.rules.values() for variant in rule.variants]
        return {mark: read.count(mark) for mark in get_args(Mark)}

    def parts(self) -> dict[str, Any]:
        """Its head and everything in it by name: what `diff` compares."""
        head = Head(
            version=self.version, title=self.title, words=self.words, effective_from=self.effective_from,
            effective_to=self.effective_to, signed=self.signed,
        )  # fmt: skip
        return {
            "pack": head,
            **self.rules,
            **{f"event {name}": event for name, event in self.events.items()},
            **{f"overlay {name}": overlay for name, overlay in self.overlays.items()},
        }
