"""The form of an order: each line of the request, and the limits of the whole decision, as fields and as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.http.request import QueryDict

from muster.core.errors import Fault, FaultyInput
from muster.core.reading import as_day
from muster.decisions.comparing import is_same
from muster.decisions.deciding import narrowed, people_by_task
from muster.decisions.lines import JudgedLine, is_sensitive, read_lines
from muster.decisions.rules import Limits
from muster.web.forms import Input, read_all, when

ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage",
    "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam",
)  # fmt: skip
OPTIONS = (("allow", "Allow"), ("limit", "Allow with a limit"), ("refuse", "Refuse"))
CONTACT = (("none", "None"), ("incidental", "Incidental at most"), ("direct", "Direct"))
ARMED = (
    ("none", "Nobody is armed"),
    ("individual", "Single members may be armed"),
    ("unit", "The unit may be armed"),
)
INSTRUMENTS = (
    ("unstated", "Not stated"),
    ("executive_order", "Executive order"),
    ("letter", "Letter"),
    ("verbal", "Verbal, to be confirmed in writing within 24 hours"),
)
OF_LIMITS = ("people_max", "vehicles_max", "person_days_max", "cost_cap_usd", "reporting_interval_days")
OF_EVERY_OUTCOME = ("instrument_kind", "instrument", "legal_authority", "funding_ref", "reason", "at")
DETAILS: tuple[Input, ...] = (
    Input("people_max", "People at most at any one moment", "number", "In all, over every task.", needed=False),
    Input("vehicles_max", "Vehicles at most at any one moment", "number", needed=False),
    Input("person_days_max", "Person-days at most over the whole time", "number", "People times days, over every task.", needed=False),
    Input("cost_cap_usd", "Cost at most, in US dollars", "number", needed=False),
    Input("reporting_interval_days", "Days from one report to the next", "number", "Empty: no report is asked for.", needed=False),
    Input("effective_from", "First day", "day", "Such as 2026-03-01.", needed=False),
    Input("effective_to", "Last day, included", "day", "Such as 2026-03-31.", needed=False),
    Input("zone", "Time zone of these days", "choice", choices=tuple((zone, zone) for zone in ZONES)),
    Input("places", "Places", "long", "One on each line, as the lines of the request name them. Empty: anywhere.", needed=False, rows=3),
    Input("barred", "Tasks barred by name", hint="Such as T11, T12. Refused lines and exclusions are barred anyway.", needed=False),
    Input("contact", "Contact with persons in custody", "radio", choices=CONTACT),
    Input("armed", "Arms", "radio", choices=ARMED),
    Input("ruf_version", "Rules for the use of force", hint="Their name and version. Needed where anybody may be armed.", needed=False),
    Input("volunteers_only", "Volunteers only", "flag"),
    Input("conditions", "Conditions", "long", "One on each line.", needed=False, rows=3),
    Input("instrument_kind", "Kind of instrument", "choice", choices=INSTRUMENTS, needed=False),
    Input("instrument", "Instrument", hint="Such as Executive order 26-04.", needed=False),
    Input("legal_authority", "Laws that it rests on", "long", "One on each line.", needed=False, rows=3),
    Input("funding_ref", "Funding reference", needed=False),
    Input("reason", "Why it is decided so", "long", "The requester and the public read it."),
    Input("at", "Time decided", "moment", "Leave empty for now. Else as 2026-03-01 14:05, in UTC or with its offset."),
)  # fmt: skip
# What an amendment can change beside: what the form of a decision takes from the lines alone.
OF_AMENDMENTS: tuple[Input, ...] = (
    Input("by_task", "People at most by task", "long", "One on each line, such as T04: 6.", needed=False, rows=3),
    Input("by_place", "People at most by place", "long", "One on each line, such as Site A: 15.", needed=False, rows=3),
    Input("allowed", "Tasks allowed that no line asks for", hint="Such as T06, T08.", needed=False),
    Input("reason", "Why it is amended", "long", "The requester and the public read it."),
    when("Counts from", "effective_at"),
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """What was chosen for one line of the request."""

    line: Any
    finding: Any
    sensitive: bool
    barred: bool  # by law: it cannot be allowed here
    chosen: str  # allow, limit, refuse or empty
    people: str
    places: str
    begins: str
    ends: str
    opens: str  # the hours of each day
    closes: str
    why: str

    @property
    def allowed(self) -> bool:
        return self.chosen in ("allow", "limit")

    def as_judged(self) -> dict[str, Any]:
        """The same as the action takes it."""
        said = {"n": self.line.n, "judgement": self.chosen, "words": self.why.strip()}
        if self.barred:
            said["words"] = f"Refused by the law: {self.finding.words}"
        if self.chosen != "limit":
            return said
        places = [each.strip() for each in self.places.split(";") if each.strip()]
        return said | {
            "people_max": int(self.people) if self.people else None, "places": places,
            "effective_from": self.begins or None, "effective_to": self.ends or None,
            "hours_from": self.opens or None, "hours_until": self.closes or None,
        }  # fmt: skip

    @property
    def judged(self) -> JudgedLine:
        """The line as the order says it; once what was entered was read."""
        return replace(read_lines([self.as_judged()])[0], task=self.line.task, place=self.line.place)


def entered_choices(pairs: Iterable[tuple[Any, Any]], entered: QueryDict) -> list[Choice]:
    """What was entered for each line with its finding; before anything is, a sensitive line starts at refuse."""
    return [_entered(line, finding, entered) for line, finding in pairs]


def standing_choices(pairs: Iterable[tuple[Any, Any]], lines: Sequence[JudgedLine]) -> list[Choice]:
    """Each line with its finding as it was decided: what an amendment starts from."""
    found = {line.n: line for line in lines}
    return [_standing(line, finding, found.get(line.n)) for line, finding in pairs]


def _entered(line: Any, finding: Any, entered: QueryDict) -> Choice:
    barred = finding is not None and finding.finding == "prohibited"
    sensitive = is_sensitive(line.task, line.words)
    chosen = entered.get(f"line-{line.n}", "refuse" if sensitive and not entered else "")
    said = {
        name: entered.get(f"{name}-{line.n}", "").strip()
        for name in ("people", "places", "begins", "ends", "opens", "closes")
    }
    return Choice(
        line=line, finding=finding, sensitive=sensitive, barred=barred, chosen="refuse" if barred else chosen,
        why=entered.get(f"why-{line.n}", ""), **said,
    )  # fmt: skip


def _standing(line: Any, finding: Any, judged: JudgedLine | None) -> Choice:
    barred = finding is not None and finding.finding == "prohibited"
    if judged is None:
        judged = JudgedLine(n=line.n, judgement="refuse")
    said = judged.to_json()
    own = "" if judged.words == f"Line {line.n} is refused." else judged.words
    return Choice(
        line=line, finding=finding, sensitive=is_sensitive(line.task, line.words), barred=barred,
        chosen="refuse" if barred else judged.judgement, people="" if judged.people_max is None else str(judged.people_max),
        places="; ".join(judged.places), begins=said["effective_from"] or "", ends=said["effective_to"] or "",
        opens=said["hours_from"] or "", closes=said["hours_until"] or "", why=own,
    )  # fmt: skip


def amendable(standing: Limits, choices: Sequence[Choice]) -> tuple[Input, ...]:
    """The fields of an amendment, with the limits as they stand in them."""
    lines = [choice.judged for choice in choices if choice.chosen]
    asked = {choice.line.task for choice in choices if choice.allowed}
    refused = {choice.line.task for choice in choices if not choice.allowed}
    from_lines = people_by_task(lines)
    by_task = {
        task: most for task, most in standing.people_max_by_task.items() if from_lines.get(task) != most
    }
    values: dict[str, str] = {
        **{name: _text(getattr(standing, name)) for name in (*OF_LIMITS, "effective_from", "effective_to")},
        "zone": standing.zone, "ruf_version": standing.ruf_version, "contact": standing.contact or "direct", "armed": standing.armed,
        "volunteers_only": "yes" if standing.volunteers_only else "", "places": "\n".join(standing.places),
        "conditions": "\n".join(standing.conditions), "by_task": _pairs_text(by_task),
        "by_place": _pairs_text(standing.people_max_by_place),
        "barred": ", ".join(task for task in standing.tasks_barred if task not in refused),
        "allowed": ", ".join(task for task in standing.tasks_allowed or () if task not in asked),
    }  # fmt: skip
    fields = [one for one in DETAILS if one.name not in OF_EVERY_OUTCOME] + list(OF_AMENDMENTS)
    if standing.tasks_allowed is None:
        fields.insert(0, Input("any_task", "Any task that no line and no limit bars", "flag", value="yes"))
    zones = (*ZONES, *(() if standing.zone in ZONES else (standing.zone,)))
    zone = Input("zone", "Time zone of these days", "choice", choices=[(each, each) for each in zones])
    return tuple(
        replace(zone if one.name == "zone" else one, value=values.get(one.name, one.value)) for one in fields
    )


def limits_entered(
    choices: Sequence[Choice], request: HttpRequest, fields: Sequence[Input], left_out: AbstractSet[str] = frozenset(), *,
    standing: Limits | None = None,
) -> dict[str, Any] | None:  # fmt: skip
    """The limits that the form says; None where every line is refused. Raises FaultyInput with every fault.

    `left_out` are the tasks that the request excludes. Of limits that stood before and stay as they were, the decision's own
    sentences are kept.
    """
    faults = _faults(choices)
    read: dict[str, Any] = {}
    allowed = [choice for choice in choices if choice.allowed]
    try:
        read = read_all([one for one in fields if allowed or one.name in OF_EVERY_OUTCOME], request, "UTC")
    except FaultyInput as told:
        faults += told.faults
    if len(request.POST.get("reason", "").strip()) < 3:
        faults.append(Fault(None, "reason", "web.bad_field", "Say why it is decided so."))
    if standing is not None and not allowed:
        message = "An amendment allows something. To allow nothing more, suspend the decision or revoke it."
        faults.append(Fault(None, f"line-{choices[0].line.n}" if choices else None, "web.bad_field", message))
    by_task, by_place = (_pairs(name, read.get(name), faults) for name in ("by_task", "by_place"))
    if faults:
        raise FaultyInput(faults)
    if not allowed:
        return None
    tasks = {choice.line.task for choice in allowed} | _tasks(read.get("allowed"))
    bounds_contact = standing is None or standing.contact is not None or read["contact"] != "direct"
    refused = {choice.line.task for choice in choices if not choice.allowed}
    limits = {
        "zone": read["zone"], "tasks_allowed": None if read.get("any_task") else sorted(tasks),
        "tasks_barred": sorted((refused | left_out | _tasks(read["barred"])) - tasks),
        **{name: read[name] for name in OF_LIMITS}, "ruf_version": read["ruf_version"] or "",
        "contact": read["contact"] if bounds_contact else None,
        "armed": read["armed"], "volunteers_only": read["volunteers_only"], "places": lines_in(read["places"]),
        "effective_from": read["effective_from"], "effective_to": read["effective_to"], "people_max_by_task": by_task,
        "people_max_by_place": by_place, "conditions": lines_in(read["conditions"]),
    }  # fmt: skip
    # Its faults are told here, before anybody signs.
    now = narrowed(Limits.from_json(limits), [choice.judged for choice in choices])
    if standing is not None:
        limits["sentences"] = {
            name: words for name, words in standing.sentences.items() if is_same(name, standing, now)
        }
    return limits


def lines_in(text: str | None) -> list[str]:
    """What stands on each line that is not empty."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def _tasks(text: str | None) -> set[str]:
    return {task.upper() for task in re.split(r"[\s,;]+", text or "") if task}


def _pairs(name: str, text: str | None, faults: list[Fault]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in lines_in(text):
        of, _, number = line.rpartition(":")
        if not of.strip() or not (number.strip().isascii() and number.strip().isdecimal()):
            faults.append(
                Fault(
                    None,
                    name,
                    "web.bad_field",
                    f"{line[:40]!r}: write what it is of, a colon and a number, such as T04: 6.",
                )
            )
        else:
            found[of.strip()] = int(number)
    return found


def _pairs_text(numbers: Mapping[str, int]) -> str:
    return "\n".join(f"{of}: {number}" for of, number in numbers.items())


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _faults(choices: Sequence[Choice]) -> list[Fault]:
    faults: list[Fault] = []
    for choice in choices:
        n = choice.line.n
        if choice.chosen not in ("allow", "limit", "refuse"):
            message = f"Line {n}: choose whether it is allowed or refused."
            faults.append(Fault(None, f"line-{n}", "web.bad_field", message))
        if (
            choice.chosen == "limit"
            and choice.people
            and not (choice.people.isascii() and choice.people.isdecimal())
        ):
            message = f"Line {n}: say in digits how many people at most."
            faults.append(Fault(None, f"people-{n}", "web.bad_field", message))
        elif choice.chosen == "limit" and not any(
            (choice.people, choice.places, choice.begins, choice.ends, choice.opens, choice.closes)
        ):
            message = f"Line {n}: say what limits it: how many people, where, from when, until when or at which hours."
            faults.append(Fault(None, f"people-{n}", "web.bad_field", message))
        for name, label, day in (("begins", "first", choice.begins), ("ends", "last", choice.ends)):
            if choice.chosen == "limit" and day and as_day(day) is None:
                message = f"Line {n}: write its {label} day as 2026-03-01."
                faults.append(Fault(None, f"{name}-{n}", "web.bad_field", message))
        faults += _of_hours(choice)
        if choice.allowed and choice.sensitive and len(choice.why.strip()) < 3:
            message = f"Line {n} is sensitive. Say why it is allowed."
            faults.append(Fault(None, f"why-{n}", "web.bad_field", message))
    return faults


def _of_hours(choice: Choice) -> list[Fault]:
    if choice.chosen != "limit" or not (choice.opens or choice.closes):
        return []
    try:
        read_lines(
            [
                {
                    "n": choice.line.n,
                    "judgement": "limit",
                    "hours_from": choice.opens,
                    "hours_until": choice.closes,
                }
            ]
        )
    except FaultyInput:
        message = f"Line {choice.line.n}: write both its hours, such as 08:00 and 17:00."
        return [Fault(None, f"opens-{choice.line.n}", "web.bad_field", message)]
    return []
