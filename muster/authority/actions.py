"""Assessing a request: the findings are kept as they were found, with the facts they rest on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from muster.access.control import Actor
from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.assistance.rules import Line, facts_to_json
from muster.authority import drift as drifts
from muster.authority import queries, review
from muster.authority.checking import NoStatus, check_facts
from muster.authority.models import Assessment, Drift, DriftReview, Judgement, LineFinding
from muster.authority.packs import load_packs
from muster.core.errors import MusterError
from muster.core.quantity import Quantity
from muster.core.times import check_happened
from muster.record.action import action
from muster.record.models import Act

Code = Annotated[str, Field(max_length=60)]
Words = Annotated[str, Field(max_length=4000)]
Short = Annotated[str, Field(max_length=200)]
UNKNOWN = Quantity("unknown", None, None)
Category = Annotated[str, Field(pattern=r"^T(0[1-9]|1[0-9]|2[0-4])$")]


class NoCategory(MusterError):
    """A line whose task category nobody stated cannot be assessed."""

    code = "authority.no_category"

    def __init__(self, *, request: str, lines: list[int]) -> None:
        self.request, self.lines = request, lines
        named = ", ".join(map(str, lines))
        super().__init__(
            f"Line {named} of {request} states no task category, so no rule can be found for it. "
            "Record the request again with categories, as a request of its own."
        )


@dataclass(frozen=True)
class Assessed:
    """The assessment, and the finding of each line by its number."""

    assessment: UUID
    findings: dict[int, str]


@action("authority.assess", about=assistance.locked)
def assess(
    *, act: Act, row: Request, actor: Actor, request: Code, on_date: date, status: Code = "",
    facts: dict[str, bool | date] = {},  # noqa: B006  # read only, and read as the API's default
) -> Assessed:  # fmt: skip
    """Find for each line whether it may be given. Without `status` the one asked for is taken.

    `facts` are supplied beside those that the request states, and win over them.

    Raises NoStatus, NoCategory, FaultyInput for facts that no rule asks for, UnknownStatus.
    """
    asked = assistance.as_rule(row)
    chosen = status or asked.duty_status_asked
    if not chosen:
        raise NoStatus(known=tuple(load_packs().law.statuses))
    if without := [line.n for line in asked.lines if not line.task]:
        raise NoCategory(request=row.pk, lines=without)
    check_facts(facts)
    found = queries.findings(asked, chosen, on_date, facts)
    made = Assessment.objects.create(
        act=act, request=row, version=row.version, status=chosen, on_date=on_date, facts=facts_to_json(facts)
    )
    LineFinding.objects.bulk_create(
        LineFinding(act=act, assessment=made, **finding.to_json()) for finding in found
    )
    return Assessed(made.pk, {finding.line: finding.finding for finding in found})


@dataclass(frozen=True)
class Judged:
    """The criterion that was judged, and which of the six are not judged yet."""

    criterion: str
    not_judged: list[str]


@action("authority.judge", about=assistance.locked)
def judge(
    *, act: Act, row: Request, actor: Actor, request: Code, criterion: review.Name, colour: review.Colour, rationale: Words,
    at: AwareDatetime, evidence: Annotated[list[Short], Field(max_length=20)] = [],  # noqa: B006  # read only
) -> Judged:  # fmt: skip
    """Judge one of the six criteria of the request as it stands, or say why it is left unjudged. A later judgement counts instead.

    Raises RationaleNeeded, NotHappenedYet.
    """
    check_happened(at, now=act.recorded_at)
    said = review.Judgement(
        criterion=criterion, colour=colour, rationale=rationale, evidence=tuple(evidence), assessor=actor.name,
        judged_at=at, version=row.version,
    )  # fmt: skip
    Judgement.objects.create(
        act=act, request=row, version=said.version, criterion=criterion, colour=colour, rationale=rationale.strip(),
        evidence=[each.strip() for each in evidence if each.strip()], judged_at=at,
    )  # fmt: skip
    return Judged(criterion, list(queries.review_of(row).not_judged))


@dataclass(frozen=True)
class Drifted:
    """The exception, what the rules say of it, and until when counsel reviews it."""

    drift: UUID
    finding: str
    review_due_at: AwareDatetime


@action("authority.record_drift", about=assistance.locked)
def record_drift(
    *, act: Act, row: Request, actor: Actor, request: Code, happened_at: AwareDatetime, tasked: Category, done: Category,
    asked_by: Short, what_was_done: Words, place: Short = "", defense: drifts.Defense = "none",
) -> Drifted:  # fmt: skip
    """Record that a task drifted: a fact, kept whatever the rules say of it, for counsel to review.

    It is judged by the law and the federal order, in the duty status of the latest assessment or else the one asked for.

    Raises NoDrift, NoStatus, NotHappenedYet.
    """
    check_happened(happened_at, now=act.recorded_at)
    seen, asked = queries.latest(row.pk), assistance.as_rule(row)
    status = seen.status if seen else asked.duty_status_asked
    law = load_packs().law
    if not status:
        raise NoStatus(known=tuple(law.statuses))
    line = Line(
        n=1, task=done, words=what_was_done, people=UNKNOWN, vehicles=UNKNOWN,
        place=place or None, window_from=None, window_to=None, contact=None,
    )  # fmt: skip
    (found,) = queries.findings(replace(asked, lines=(line,)), status, happened_at.date(), {})
    said = drifts.judged(found, tasked=tasked, defense=defense, happened_at=happened_at, law=law)
    made = Drift.objects.create(
        act=act, request=row, happened_at=happened_at, tasked=tasked, done=done, place=place, asked_by=asked_by,
        what_was_done=what_was_done, defense=defense, status=status, finding=said.finding.finding, layer=said.finding.layer,
        rule=said.finding.rule, citation=said.finding.citation, verified=said.finding.verified, words=said.finding.words,
        review_due_at=said.review_due_at,
    )  # fmt: skip
    return Drifted(made.pk, said.finding.finding, said.review_due_at)


@dataclass(frozen=True)
class DriftReviewed:
    """The exception, and what counsel found."""

    drift: UUID
    outcome: str


@action("authority.review_drift", about=queries.drift_locked)
def review_drift(
    *, act: Act, row: Drift, actor: Actor, drift: UUID, outcome: Literal["within", "outside"], reason: Words, at: AwareDatetime
) -> DriftReviewed:  # fmt: skip
    """Say what counsel found about a drift, with the reason. It is said once. Raises ReviewedAlready, RationaleNeeded, NotHappenedYet."""
    check_happened(at, now=act.recorded_at)
    if DriftReview.objects.filter(drift=row).exists():
        raise drifts.ReviewedAlready(drift=str(row.pk))
    if not reason.strip():
        raise review.RationaleNeeded(criterion="the exception")
    DriftReview.objects.create(act=act, drift=row, outcome=outcome, reason=reason.strip(), reviewed_at=at)
    return DriftReviewed(row.pk, outcome)
