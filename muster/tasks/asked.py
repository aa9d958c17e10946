"""Whether a request still asks for what is tasked under its decision: lines may be taken back since, tasks left out, or it is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from muster.assistance import queries as assistance
from muster.assistance.models import Step, Version
from muster.assistance.rules import Request, read_kept
from muster.core.errors import MusterError
from muster.decisions import queries as decisions
from muster.decisions.judging import Clause
from muster.decisions.lines import JudgedLine
from muster.decisions.lines import taken_back as line_taken_back
from muster.decisions.models import Decision

# What a task stands outside of: a version of the decision, a version of the request, or the step that closed the request.
Against = Literal["decision", "request", "closing"]


class NotAskedAnyMore(MusterError):
    """The request was amended since it was decided, and does not ask for the task any more."""

    code = "tasks.not_asked_any_more"

    def __init__(self, *, task: str, version: int, what: str) -> None:
        self.task, self.version, self.what = task, version, what
        super().__init__(
            f"Refused: {what} Record what is asked now as a request of its own, and have it decided; nothing was ordered."
        )


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """That a request does not ask for a task any more: since when, and in which words. `n` is of the version, or of the step.

    `written` is the number of the act that said so; None where it has none yet.
    """

    against: Against
    n: int
    since_at: datetime
    written: int | None
    clause: Clause


@dataclass(frozen=True, kw_only=True)
class AskedSince:
    """What was asked after a decision was taken: the lines it judged, the versions written later, the step that closed the request."""

    lines: tuple[JudgedLine, ...]
    later: tuple[tuple[Version, Request], ...]
    closed: Step | None

    def taken_back(self, task: str, place: str) -> TakenBack | None:
        """Since when the request does not ask for a task at a place any more; None: it does, or never did."""
        for version, asked in self.later:
            if clause := _clause(version, asked, self.lines, task, place):
                return _taken_back("request", version, clause)
        if self.closed is None:
            return None
        what = f"the request is closed{f': {self.closed.reason}' if self.closed.reason else '.'}"
        clause = Clause(limit="request scope", sentence="", verdict="outside", what=what)
        return _taken_back("closing", self.closed, clause)


def asked_since(decision: Decision, known_at: int | None = None) -> AskedSince:
    """What was asked after a decision was taken, as known at an act's number; None: by everything committed."""
    later = assistance.versions_after(decision.request, decisions.decided_on(decision), known_at)
    return AskedSince(
        lines=decisions.lines_of(decision, known_at), later=tuple((each, read_kept(each.content)) for each in later),
        closed=assistance.closing_of(decision.request, known_at),
    )  # fmt: skip


def _taken_back(against: Against, row: Version | Step, clause: Clause) -> TakenBack:
    number = row.act.number.number if hasattr(row.act, "number") else None
    return TakenBack(against=against, n=row.n, since_at=row.happened_at, written=number, clause=clause)


def check_asked(decision: Decision, task: str, place: str, at: datetime) -> None:
    """Check that no amendment of the request has taken back what is planned for a moment. Raises NotAskedAnyMore."""
    found = asked_since(decision).taken_back(task, place)
    if found is not None and found.against == "request" and found.since_at <= at:
        raise NotAskedAnyMore(task=task, version=found.n, what=found.clause.what)


def _clause(
    version: Version, asked: Request, lines: tuple[JudgedLine, ...], task: str, place: str
) -> Clause | None:
    still = [(line.task, line.place or "") for line in asked.lines]
    gone = line_taken_back(lines, still, task, place)
    left_out = next((each for each in asked.exclusions if each.task == task), None)
    if gone is None and left_out is None:
        return None
    said = (
        f"version {version.n} of the request leaves {task} out: {left_out.words}"
        if left_out
        else f"line {gone.n if gone else 0} of the request, which asked for {task}, was taken back by its version {version.n}."
    )
    return Clause(limit="request scope", sentence=version.reason, verdict="outside", what=said)
