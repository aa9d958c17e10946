"""Forms of one action each: the fields in words, what was typed read into the action's inputs, and the way back.

A view names the fields and what the action is given beside them; refusals keep what was entered, and a form that is sent
twice acts once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from muster.access.control import Actor
from muster.actions import find, storable
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.times import NotAMoment
from muster.record.action import Done, KeyReused
from muster.web.pages import form_page, key_of, moment_in

Kind = Literal["text", "long", "number", "moment", "day", "choice", "radio", "flag", "tags"]


@dataclass(frozen=True)
class Input:
    """One field. `choices` are pairs of value and words; without `needed` an empty field leaves the input out."""

    name: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    choices: Sequence[tuple[str, str]] = ()
    needed: bool = True
    value: str = ""  # what stands in it at first
    rows: int = 4

    def read(self, request: HttpRequest, where: ZoneInfo) -> Any:
        """What was entered, as the action takes it; None where it was left empty. Raises FaultyInput, NotAMoment."""
        text = request.POST.get(self.name, "").strip()
        match self.kind:
            case "flag":
                return bool(text)
            case "moment":
                return moment_in(text, where) if text or self.needed else None
            case "tags":
                return [line for line in text.splitlines() if line.strip()]
        if not text:
            if self.needed and self.kind in ("choice", "radio", "number", "day"):
                raise self._fault(
                    "Choose one." if self.kind in ("choice", "radio") else "This is needed. Fill it in."
                )
            return "" if self.needed else None
        if self.kind == "number":
            return self._number(text)
        return self._day(text) if self.kind == "day" else text

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise self._fault(f"{text[:20]!r} is not a whole number. Write it in digits, such as 7.")
        return int(text)

    def _day(self, text: str) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise self._fault(f"{text[:20]!r} is not a day. Write it as 2026-03-01.") from None

    def _fault(self, message: str) -> FaultyInput:
        return FaultyInput([Fault(None, self.name, "web.bad_field", message)])


MOMENT_HINT = "Leave empty for now. Else 14:05, or 2026-03-01 14:05, in the time of {zone}."


def when(label: str, name: str = "at") -> Input:
    """The field for a moment; empty means now."""
    return Input(name, label, "moment")


@dataclass(frozen=True)
class ActForm:
    """A page with the form of one action."""

    action: str
    title: str
    button: str
    inputs: Sequence[Input]
    given: Mapping[str, Any]  # inputs that the page gives: what it is about
    done: Callable[[Any], str]  # from the answer to a sentence that repeats the fact
    back: str  # where to go afterwards
    lead: str = ""
    zone: str = "UTC"
    drill: bool = False
    about: Mapping[str, str] = field(default_factory=dict)  # by a refusal's code, the field that it is about
    template: str = "web/act.html"
    context: Mapping[str, Any] = field(default_factory=dict)
    is_well: Callable[[Any], bool] = lambda answer: True  # else what was done is told as a warning

    @property
    def fields(self) -> list[Input]:
        """The fields, those of moments that are needed with the zone in which they are read."""
        hint = MOMENT_HINT.format(zone=self.zone)
        return [
            replace(one, hint=hint) if one.kind == "moment" and one.needed else one for one in self.inputs
        ]

    def page(self, request: HttpRequest, actor: Actor) -> HttpResponse:
        """The form, fresh or refused; after the act, the way back with the fact in words."""
        refusal = None
        if request.method == "POST":
            try:
                done = self._act(request, actor)
            except KeyReused:
                messages.info(request, ONCE)
                return redirect(self.back)
            except MusterError as told:
                refusal = told
            else:
                tell = messages.success if self.is_well(done.answer) else messages.warning
                tell(request, f"{self.done(done.answer)} {record(done)}")
                return redirect(self.after(done.answer))
        return self.shown(request, refusal)

    def after(self, answer: Any) -> str:
        """Where to go once it is done: the way back."""
        return self.back

    def shown(self, request: HttpRequest, refusal: MusterError | None = None) -> HttpResponse:
        """The form as it stands, fresh or refused, and nothing done."""
        context = {"form": self, "drill": self.drill, **self.context}
        return form_page(request, self.template, context, refusal=refusal, fields={**ABOUT, **self.about})

    def given_in(self, request: HttpRequest) -> dict[str, Any]:
        """What was entered, by name; what was left empty and is not needed is left out. Raises FaultyInput."""
        read = read_all(self.inputs, request, self.zone)
        return {name: value for name, value in read.items() if value is not None}

    def _act(self, request: HttpRequest, actor: Actor) -> Done[Any]:
        taken = self.taken(self.given_in(request))
        with storable():
            return find(self.action)(actor=actor, key=key_of(request), **self.given, **taken)

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """What is given to the action of what was read: all of it."""
        return read


def read_all(inputs: Sequence[Input], request: HttpRequest, zone: str) -> dict[str, Any]:
    """What was entered in every field, by name. Raises FaultyInput with the fault of each."""
    read: dict[str, Any] = {}
    faults: list[Fault] = []
    for one in inputs:
        try:
            read[one.name] = one.read(request, ZoneInfo(zone))
        except FaultyInput as told:
            faults += told.faults
        except NotAMoment as told:
            faults.append(Fault(None, one.name, told.code, str(told)))
    if faults:
        raise FaultyInput(faults)
    return read


ABOUT = {
    "core.not_a_moment": "at", "core.quantity_misread": "people", "core.tag_misread": "tags", "custody.no_tags": "tags",
    "custody.tag_twice": "tags", "custody.not_held_here": "tags", "ledger.already_offered": "tags",
    "decisions.over_people": "people", "decisions.number_needed": "people", "decisions.over_vehicles": "vehicles",
    "decisions.barred_task": "category", "decisions.outside_tasks": "category", "decisions.outside_places": "place",
    "decisions.contact_not_allowed": "contact", "decisions.outside_window": "begins_at", "tasks.outside_the_law": "category",
    "decisions.ends_before_it_begins": "ends_at", "ledger.clock_ahead": "at",
}  # fmt: skip


def counted(persons: int, bags: int = 0) -> str:
    """So many persons, and so many bags where there are any, in words."""
    told = [(persons, "person", "persons")] if persons or not bags else []
    told += [(bags, "bag", "bags")] if bags else []
    return " and ".join(f"{number} {one if number == 1 else many}" for number, one, many in told)


ONCE = "That form was sent before and is recorded once. Start a new one if you meant another."


def record(done: Done[Any]) -> str:
    """The number under which an act stands in the record."""
    return f"Record {done.known_at:,}." if done.known_at else "Recorded; its number follows."
