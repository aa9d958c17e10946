"""From what is said about lines and limits to what is decided: each line judged, and the limits that follow. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from muster.core.errors import Fault, FaultyInput, MusterError
from muster.decisions.lines import JudgedLine, is_sensitive
from muster.decisions.rules import Limits


@dataclass(frozen=True, kw_only=True)
class AskedLine:
    """One line of the request: what is judged."""

    n: int
    task: str
    words: str
    place: str


class SensitiveLine(MusterError):
    """A sensitive line is refused unless somebody says why it is allowed."""

    code = "decisions.sensitive_line"

    def __init__(self, *, line: int, task: str) -> None:
        self.line, self.task = line, task
        super().__init__(
            f"Line {line} ({task}) is sensitive: it stays refused until somebody says why it is allowed. Judge the line and "
            "give the reason, or leave its task out."
        )


class LinesDisagree(MusterError):
    """What is said of a line and the limits contradict each other."""

    code = "decisions.lines_disagree"

    def __init__(self, *, line: int, task: str, what: str) -> None:
        self.line, self.task = line, task
        super().__init__(f"Line {line} ({task}) is {what}. Correct one of the two; nothing was recorded.")


class RulesOfForceNeeded(MusterError):
    """Arms are allowed, and the rules for the use of force are not named."""

    code = "decisions.rules_of_force_needed"

    def __init__(self, *, armed: str) -> None:
        self.armed = armed
        super().__init__(
            f"Arms are allowed ({armed}), and no version of the rules for the use of force is named. Name it as ruf_version, "
            "or say that nobody is armed."
        )


def check_arms(limits: Limits) -> None:
    """Check that who allows arms names the rules for the use of force that go with them. Raises RulesOfForceNeeded.

    Source: authority.md section 5, `ruf_version`; section 8, T11: an arming and RUF order is needed.
    """
    if limits.armed != "none" and not limits.ruf_version:
        raise RulesOfForceNeeded(armed=limits.armed)


def judged_lines(
    asked: Sequence[AskedLine], said: Sequence[JudgedLine], limits: Limits | None, *, before: Sequence[JudgedLine] = (),
) -> tuple[JudgedLine, ...]:  # fmt: skip
    """Judge each line of the request: by what is said of it, else by what the limits say of its task, else as `before`.

    `limits` None: nothing is allowed, so every line is refused. A sensitive line that nothing is said of is refused. A line that
    is refused only because the limits leave its task out has no words: the limit's own are quoted.

    Raises FaultyInput for a line that the request does not have; SensitiveLine; LinesDisagree.
    """
    numbers = {line.n for line in asked}
    if strange := [line.n for line in said if line.n not in numbers]:
        message = (
            f"The request has no line {strange[0]}: its lines are 1 to {len(asked)}. Correct the number."
        )
        raise FaultyInput([Fault(None, "lines", "decisions.unknown_line", message)])
    spoken = {line.n: line for line in said}
    stood = {line.n: line for line in before}
    found = []
    for line in asked:
        if line.n in spoken:
            judged = replace(spoken[line.n], task=line.task, place=line.place)
            if not judged.is_allowed and not judged.words:
                judged = replace(judged, words=f"Line {line.n} is refused.")
            _check_spoken(line, judged, limits)
        else:
            judged = _unspoken(line, limits, stood.get(line.n))
        found.append(judged)
    _check_refused(found, limits)
    return tuple(found)


def _check_spoken(line: AskedLine, judged: JudgedLine, limits: Limits | None) -> None:
    if not judged.is_allowed:
        return
    if is_sensitive(line.task, line.words) and len(judged.words) < 3:
        raise SensitiveLine(line=line.n, task=line.task)
    if limits is None:
        raise LinesDisagree(line=line.n, task=line.task, what="allowed, and the decision allows nothing")
    if _is_left_out(line.task, limits):
        raise LinesDisagree(line=line.n, task=line.task, what="allowed, and the limits leave its task out")


def _unspoken(line: AskedLine, limits: Limits | None, before: JudgedLine | None) -> JudgedLine:
    refused = JudgedLine(n=line.n, judgement="refuse", task=line.task, place=line.place)
    if limits is None or _is_left_out(line.task, limits):
        return before if before is not None and not before.is_allowed else refused
    if before is not None and before.is_allowed:
        return before
    is_named = limits.tasks_allowed is not None and line.task in limits.tasks_allowed
    if is_sensitive(line.task, line.words):
        if is_named:
            raise SensitiveLine(line=line.n, task=line.task)
        return before or replace(
            refused, words=f"Line {line.n} is sensitive, and no reason to allow it is given."
        )
    if before is not None and not is_named:
        return before
    return replace(refused, judgement="allow")


def _check_refused(lines: Sequence[JudgedLine], limits: Limits | None) -> None:
    """A task that the limits name must not be one that only refused lines ask for."""
    if limits is None or limits.tasks_allowed is None:
        return
    allowed = {line.task for line in lines if line.is_allowed}
    for line in lines:
        is_named = line.task in limits.tasks_allowed and line.task not in limits.tasks_barred
        if line.task and is_named and line.task not in allowed:
            what = "refused, and its task is among the tasks allowed"
            raise LinesDisagree(line=line.n, task=line.task, what=what)


def _is_left_out(task: str, limits: Limits) -> bool:
    if not task:
        return False
    return task in limits.tasks_barred or (
        limits.tasks_allowed is not None and task not in limits.tasks_allowed
    )


def narrowed(limits: Limits, lines: Sequence[JudgedLine]) -> Limits:
    """The limits with what follows from the lines: tasks that only refused lines ask for are left out, people of a task bounded.

    Where every allowed line of a task says how many people, their sum is the most for the task, unless the limits say fewer.
    """
    allowed = {line.task for line in lines if line.is_allowed}
    refused = {line.task for line in lines if line.task and not line.is_allowed} - allowed
    barred = {task for task in refused if not _is_left_out(task, limits)}
    most = dict(limits.people_max_by_task)
    for task, number in people_by_task(lines).items():
        most[task] = min(number, most.get(task, number))
    return replace(
        limits,
        tasks_barred=(*limits.tasks_barred, *sorted(barred)),
        people_max_by_task=MappingProxyType(most),
    )


def people_by_task(lines: Sequence[JudgedLine]) -> Mapping[str, int]:
    """The most people of each task all of whose allowed lines say how many."""
    said: dict[str, list[int | None]] = {}
    for line in lines:
        if line.is_allowed and line.task:
            said.setdefault(line.task, []).append(line.people_max)
    return {
        task: sum(number for number in numbers if number is not None)
        for task, numbers in said.items()
        if None not in numbers
    }
