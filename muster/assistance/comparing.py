"""What changed from one version of a request to another, and which requests look like one another. Plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from muster.assistance.forms import ASSISTANCE_TYPES, FORMS, LABELS, LINE_LABELS, flat, label
from muster.assistance.rules import Line, Request, to_file
from muster.core.errors import MusterError
from muster.core.quantity import Quantity
from muster.core.tasks import TASKS

NOT_RECORDED = "not recorded"
ENDED = ("withdrawn", "expired", "duplicate_of", "closed")


class OnlyNarrowed(MusterError):
    """Of a request that is decided something can be taken back, and nothing else be changed."""

    code = "assistance.only_narrowed"
    status = 409

    def __init__(self, *, what: str) -> None:
        self.what = what
        super().__init__(
            f"The request is decided, so lines can be taken out of it and tasks be left out; {what}. Nothing was recorded. Record "
            "what is asked beside it as a request of its own that continues this one."
        )


@dataclass(frozen=True)
class Change:
    """One field that says something else now; *not recorded* where it was, or is, not stated."""

    where: str  # in words: `priority`, `line 2: people`
    was: str
    now: str


def differences(was: Request, now: Request) -> list[Change]:
    """What changed, in the order in which people read a request."""
    old, new = to_file(was), to_file(now)
    return [
        *_fields(flat(old), flat(new), LABELS, ""),
        *_lines(old.get("lines", []), new.get("lines", [])),
        *_sets("left out", _left_out(old), _left_out(new)),
        *_sets("stated as a fact", _facts(old), _facts(new)),
    ]


def _fields(
    old: Mapping[str, Any], new: Mapping[str, Any], order: Mapping[str, str], where: str
) -> Iterator[Change]:
    for name, words in order.items():
        before, after = said_of(name, old.get(name)), said_of(name, new.get(name))
        if before != after:
            yield Change(where + words, before, after)


def said_of(name: str, value: Any) -> str:
    """What a field of a request file says, in words."""
    if value is None:
        return "no" if name == "verbal" else NOT_RECORDED
    if name == "form":
        return FORMS[value].name
    if name == "assistance_type":
        return ASSISTANCE_TYPES[value]
    if name in ("people", "vehicles"):
        return Quantity.from_json(value).said
    if name == "task":
        return f"{value} {TASKS[value].name}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("_", " ") if name in ("priority", "agency_kind") else str(value)


def _lines(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    pairs = _pairs(old, new)
    for before, after in pairs:
        if after is None:
            yield Change(f"line {_n(before)}", _line_said(old[before or 0]), "taken out")
        elif before is None:
            yield Change(f"line {_n(after)}", "not there", _line_said(new[after]))
        else:
            moved = "" if before == after else f" (was line {_n(before)})"
            yield from _fields(old[before], new[after], LINE_LABELS, f"line {_n(after)}{moved}: ")


def _n(index: int | None) -> int:
    return (index or 0) + 1


def _pairs(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> list[tuple[int | None, int | None]]:
    """The lines that answer one another, each once: of the same task and words first, then of the words, then of the task."""
    left, pairs = list(range(len(old))), dict[int, int]()
    for same in (("task", "words"), ("words",), ("task",)):
        for after, line in enumerate(new):
            if after in pairs:
                continue
            found = next((n for n in left if all(old[n].get(k) == line.get(k) for k in same)), None)
            if found is not None:
                pairs[after] = found
                left.remove(found)
    return [*((pairs.get(after), after) for after in range(len(new))), *((before, None) for before in left)]


def _line_said(line: Mapping[str, Any]) -> str:
    people = said_of("people", line.get("people"))
    task = said_of("task", line.get("task")) if line.get("task") else "task category not recorded"
    return f"{task}: {line.get('words', NOT_RECORDED)}; people {people}"


def _left_out(said: Mapping[str, Any]) -> set[str]:
    return {
        f"{said_of('task', each['task'])}: {each.get('words', '')}" for each in said.get("exclusions", [])
    }


def _facts(said: Mapping[str, Any]) -> set[str]:
    facts = said.get("facts", {})
    return {f"{name.replace('_', ' ')}: {said_of('', value)}" for name, value in facts.items()}


def _sets(where: str, old: set[str], new: set[str]) -> Iterator[Change]:
    for each in sorted(old - new):
        yield Change(where, each, "taken out")
    for each in sorted(new - old):
        yield Change(where, "not there", each)


def check_narrowed(was: Request, now: Request) -> None:
    """Check that an amendment takes lines out or leaves tasks out, and does nothing else. Raises OnlyNarrowed.

    Source: EMAC-06 (authority.md section 6): a mission changes by an amended request or a new one. That a decided one is amended only
    to take something back is our own rule: what is added nobody has decided.
    """
    left = [replace(line, n=0) for line in was.lines]
    for line in now.lines:
        if replace(line, n=0) not in left:
            raise OnlyNarrowed(what=f"line {line.n} is not as it was decided on")
        left.remove(replace(line, n=0))
    if gone := [each.task for each in was.exclusions if each not in now.exclusions]:
        raise OnlyNarrowed(what=f"{gone[0]} is not left out any more")
    same = replace(now, lines=was.lines, exclusions=was.exclusions)
    changed = [each.name for each in fields(Request) if getattr(same, each.name) != getattr(was, each.name)]
    if changed:
        raise OnlyNarrowed(what=f"its {changed[0].replace('_', ' ')} is another")


def why_alike(one: Request, other: Request) -> list[str]:
    """Why two requests may be one and the same; empty where nothing points to it.

    Only what the same agency, or a requester of the same name, asks of the same office is compared: the title, the requester's
    own number, and lines of one task at one place whose windows touch. A person decides; nothing is merged.
    """
    same_asker = (
        one.agency == other.agency if one.agency and other.agency else _same(one.requester, other.requester)
    )
    if one.id == other.id or one.asked != other.asked or not same_asker:
        return []
    found = []
    if one.title and _same(one.title, other.title):
        found.append("the same title")
    if one.details.tracking and one.details.tracking == other.details.tracking:
        found.append(f"the {label('tracking')}")
    for line in one.lines:
        found += [
            f"line {line.n} asks for {line.task} at {line.place} in days that line {beside.n} of the other asks for too"
            for beside in other.lines
            if _same_need(line, beside)
        ]
    return found


def _same_need(one: Line, other: Line) -> bool:
    if not one.task or one.task != other.task or not one.place or not _same(one.place, other.place or ""):
        return False
    if None in (one.window_from, one.window_to, other.window_from, other.window_to):
        return False
    return one.window_from <= other.window_to and other.window_from <= one.window_to  # type: ignore[operator]  # no None


def _same(one: str, other: str) -> bool:
    return one.split() != [] and one.casefold().split() == other.casefold().split()
