"""The shapes of the steps as the API answers with them: moments and days are ISO 8601, and null where not recorded."""

from __future__ import annotations

from typing import Any

from ninja import Schema


class Said(Schema):
    """A number as it was stated; an end that is open is null."""

    said: str
    low: int | None
    high: int | None


class LineTold(Schema):
    """One thing asked for."""

    n: int
    task: str
    words: str
    people: Said
    vehicles: Said
    place: str
    resource: str
    window_from: str | None
    window_to: str | None
    contact: str


class RequestTold(Schema):
    """A request, and where it stands."""

    id: str
    title: str
    kind: str
    state: str
    requester: str
    asked: str
    of_state: str
    priority: str
    lines: list[LineTold]


class RequestsPage(Schema):
    """Some requests in the order of their ids, and the cursor of the page after; null on the last one."""

    requests: list[RequestTold]
    next: str | None


class ExclusionTold(Schema):
    """A task that the request itself leaves out."""

    task: str
    words: str


class StepTold(Schema):
    """A step that the request took, written by the act numbered `known_at`.

    `code` is the coded reason of one that sent it back or ended it; `other` the request of which it is a duplicate.
    """

    n: int
    state: str
    happened_at: str
    approximate: bool
    code: str
    reason: str
    other: str | None
    known_at: int | None


class RequestVersionTold(Schema):
    """One version of the request, with the whole of what it said, as in a request file."""

    n: int
    happened_at: str
    reason: str
    content: dict[str, Any]
    known_at: int | None


class LinkTold(Schema):
    """How a request stands to another, or to a mission by its code; of `request` it is said."""

    link: int
    request: str
    relation: str
    other: str | None
    mission: str
    words: str


class PaperTold(Schema):
    """How a verbal request stands with its paper; `late_by_s` is null where it is in time, or no moment was promised."""

    received: bool
    waits_s: int
    late_by_s: int | None


class PassageTold(Schema):
    """Where a field, or a figure, stands: in a document, or without one in the words of the first line."""

    field: str
    document: int | None
    value: Any
    exact: str
    prefix: str
    suffix: str
    page: int | None
    version: int


class DocumentTold(Schema):
    """A document that came with the request; `file_sha256` of the PDF that its text was read from, null where it came as text."""

    document: int
    title: str
    text: str
    sha256: str
    file_sha256: str | None
    page_starts: list[int] | None


class RequestDifferenceTold(Schema):
    """What in the request does not go together; `settled_so` says how somebody settled it, null while it is open."""

    difference: int
    kind: str
    words: str
    settled_so: str | None


class LackTold(Schema):
    """A field that is not stated and that the form asks for in `block`."""

    path: str
    label: str
    block: str


class FindingTold(Schema):
    """What was found about one line, and the rule that decided it."""

    line: int
    task: str
    finding: str
    layer: str
    rule: str
    citation: str
    verified: bool
    words: str
    conditions: list[str]
    mark: str  # C, S or GK; empty: no rule of a pack decided
    unverified: str
    pack: str  # id and version
    signed: str  # who signed that pack and when, or "unsigned"
    quotes: list[dict[str, str]]
    asks: list[str]
    changes: list[str]


class AssessmentTold(Schema):
    """The latest look at the request against the law."""

    status: str
    on_date: str
    known_at: int | None
    findings: list[FindingTold]


class Outcome(Schema):
    """A decision about the request."""

    id: str
    outcome: str
    reason: str


class JudgementTold(Schema):
    """What one assessor judged of one of the six criteria: green, amber, red or unjudged."""

    criterion: str
    colour: str
    rationale: str
    evidence: list[str]
    assessor: str
    judged_at: str
    version: int


class ReviewTold(Schema):
    """The review by the six criteria: the latest judgement of each, and what was left open."""

    judgements: list[JudgementTold]
    not_judged: list[str]
    without_evidence: list[str]
    outdated: list[str]
    blocks: bool
    escalates: list[str]
    in_words: str


class ExceptionTold(Schema):
    """A task that drifted; `outcome` is null until counsel has reviewed it."""

    drift: str
    happened_at: str
    tasked: str
    done: str
    finding: str
    rule: str
    words: str
    review_due_at: str
    outcome: str | None
    reason: str | None


class WholeRequest(RequestTold):
    """A request with everything about it."""

    agency: str | None
    agency_kind: str
    purpose: str
    version: int
    versions: list[RequestVersionTold]
    details: dict[str, Any]
    missing: list[str]
    lacking: list[LackTold]
    links: list[LinkTold]
    paper: PaperTold | None
    documents: list[DocumentTold]
    passages: list[PassageTold]
    differences: list[RequestDifferenceTold]
    reimbursement: str
    verbal: bool
    duty_status_asked: str
    federal_order: str
    as_of: str | None
    facts: dict[str, bool | str]
    exclusions: list[ExclusionTold]
    steps: list[StepTold]
    assessment: AssessmentTold | None
    review: ReviewTold | None  # null, as are the exceptions, for the agency that asks
    exceptions: list[ExceptionTold] | None
    decisions: list[Outcome]


class ChangeTold(Schema):
    """One field that says something else, in words."""

    where: str
    was: str
    now: str


class ChangesAnswer(Schema):
    """What changed from one version of a request to another."""

    request: str
    was: int
    now: int
    changes: list[ChangeTold]


class CountersTold(Schema):
    """People of one line. `authorised` is null before a decision, `checked_in` and `delivered` where nobody looked."""

    line: int
    task: str
    asked: Said
    authorised: Said | None
    tasked: int
    checked_in: int | None
    delivered: int | None


class CountersAnswer(Schema):
    """The counters of a request by `at`, known at the act numbered `known_at`."""

    request: str
    at: str
    known_at: int
    lines: list[CountersTold]


class WaitingTold(Schema):
    """A request that waits for `party`, with what, and since when."""

    request: str
    title: str
    state: str
    party: str
    what: str
    since: str


class WaitingAnswer(Schema):
    """Who is waited for, the longest wait in front."""

    waiting: list[WaitingTold]


class InForceTold(Schema):
    """What the decision allows: `limits` where `why` is null; else why nothing is in force, and since when."""

    limits: dict[str, Any] | None
    why: str | None
    since: str | None


class VersionTold(Schema):
    """One record of a decision; `limits` of an issued or amended one."""

    n: int
    kind: str
    effective_at: str
    known_at: int
    reason: str
    limits: dict[str, Any] | None


class DecisionTold(Schema):
    """A decision with the versions known at the act numbered `known_at`, and what is in force at `at` by them."""

    id: str
    request: str
    office: str
    outcome: str
    reason: str
    instrument: str
    decided_at: str | None
    reported_on: str | None
    reported_about: bool  # that day is not exact
    source: str | None
    at: str
    known_at: int
    versions: list[VersionTold]
    in_force: InForceTold


class TaskableTold(FindingTold):
    """What is found about one task category, were it tasked under the decision."""

    name: str


class TaskableAnswer(Schema):
    """Every task category, as of `at`, known at the act numbered `known_at`."""

    decision: str
    at: str
    known_at: int
    tasks: list[TaskableTold]


class OrderTold(Schema):
    """A decision's order as of `as_of`, known at the act numbered `known_at`.

    `sha256` is of the rest of it as JSON with sorted keys and no spaces, in UTF-8; `verify` says how to check it.
    """

    format: str
    decision: str
    as_of: str
    known_at: int
    zone: str
    exercise: bool
    request: dict[str, str | None]
    office: str
    outcome: str
    reason: str
    instrument_kind: str
    instrument: str
    confirmation: dict[str, Any] | None
    legal_authority: list[str]
    funding_ref: str
    referred_to: str | None
    supersedes: str | None
    superseded_by: list[str]
    decided_at: str | None
    reported_on: str | None
    reported_about: bool
    source: str | None
    in_force: dict[str, Any]
    versions: list[dict[str, Any]]
    findings: dict[str, Any] | None
    verify: list[str]
    sha256: str


class ChangedTold(Schema):
    """One thing that was written; `late` where it happened before the last look and was told only afterwards."""

    known_at: int
    by: str
    recorded_at: str
    happened_at: str
    words: str
    kind: str
    of: str
    late: bool


class ChangedGroup(Schema):
    """What changed of one kind, in the order of the acts."""

    group: str
    changes: list[ChangedTold]


class DeadlineTold(Schema):
    """Something that passed, or comes within twelve hours."""

    due_at: str
    words: str
    kind: str
    of: str
    passed: bool


class WhatChanged(Schema):
    """What was written in the acts after `since` up to `known_at`, and what is due soon."""

    since: int
    known_at: int
    at: str
    groups: list[ChangedGroup]
    deadlines: list[DeadlineTold]


class AboutTold(Schema):
    """A kind of record, and its id."""

    kind: str
    id: str


class EventTold(Schema):
    """An end, report, confirmation, paper, task or shift: `uid` stays, `sequence` grows with each act that changed it.

    `ends_at` null: a due moment.
    """

    of: str
    uid: str
    sequence: int
    begins_at: str
    ends_at: str | None
    words: str
    place: str
    is_off: bool
    changed_at: str
    about: AboutTold


class CalendarTold(Schema):
    """What ends or is due when in a mission, its tasks and shifts, the first in front."""

    mission: str
    at: str
    known_at: int
    events: list[EventTold]


class ClauseTold(Schema):
    """One limit in the decision's words, and how the act stands to it: inside, outside or not_touched."""

    limit: str
    sentence: str
    verdict: str
    what: str
    taken: str
    allowed: str


class ReadingTold(Schema):
    """The clauses as known at the act numbered `known_at`: of which version of the decision, and whether all stood."""

    known_at: int
    version: int | None
    inside: bool
    clauses: list[ClauseTold]


class ActDifferenceTold(Schema):
    """A difference that the act opened."""

    difference: str
    kind: str
    words: str


class UnderTold(Schema):
    """The clause of a decision under which something runs, in its sentence; `version` is null where nothing was in force yet."""

    mission: str
    decision: str
    version: int | None
    limit: str
    sentence: str


class JudgedTold(Schema):
    """An act beside the limits as they were known `then`, and as known later; null for an act without a decision."""

    act: int | None
    id: str
    name: str
    by: str
    recorded_at: str
    at: str | None
    words: str
    mission: str | None
    decision: str | None
    under: UnderTold | None
    then: ReadingTold | None
    now: ReadingTold | None
    differs: bool
    differences: list[ActDifferenceTold]


class UsedTold(Schema):
    """One limit that is a number: what is used of it, the most from then on, and what is allowed. A cost cap counts in cents."""

    limit: str
    of: str
    unit: str
    used: int
    peak: int
    allowed: int
    version: int | None
    sentence: str
    share: int
    peak_share: int
    says: str


class UsageAnswer(Schema):
    """The limits of a decision that are numbers, as of `at`, known at the act numbered `known_at`. `why`: nothing is in force then."""

    decision: str
    at: str
    known_at: int
    version: int | None
    why: str | None
    limits: list[UsedTold]


class ConflictTold(Schema):
    """One thing that keeps a shift from fitting: what is so, the rule that stops it, and what to do."""

    code: str
    about: str
    words: str
    rule: str
    to_do: str
    limit: str


class ShiftTold(Schema):
    """One member at one task from one moment up to another; no conflicts: it fits. `cut`: why it was called off while it lasted."""

    id: str
    member: str
    task: str
    begins_at: str
    ends_at: str
    skill: str
    known_at: int | None
    cut: str
    conflicts: list[ConflictTold]


class RestTold(Schema):
    """The rest asked for between two shifts, and where it stands; 0 hours: none any more."""

    hours: int
    stated_by: str
    title: str


class RosterAnswer(Schema):
    """Who is on shift, as known at an act's number, the shift that begins first in front. `rest` null: nobody has stated any."""

    mission: str
    known_at: int
    zone: str
    rest: RestTold | None
    shifts: list[ShiftTold]


class OutsideTold(Schema):
    """A task, trip or handover that stands outside, the clauses it breaks, and how that was settled.

    `against` says of what `version` is one: the decision, the request, or the step that closed the request.
    """

    kind: str
    id: str
    task: str
    mission: str
    decision: str
    version: int
    against: str
    what: str
    begins_at: str
    ends_at: str
    clauses: list[ClauseTold]
    how: str
    settled_known_at: int | None
    settled_by: str
    reason: str


class OutsideAnswer(Schema):
    """What of a mission stands outside, open or settled, as known at the act numbered `known_at`."""

    mission: str
    known_at: int
    outside: list[OutsideTold]


class StandingTold(Schema):
    """The state of a mission: preparing, active, paused, ending or closed; since when, and why in words."""

    state: str
    since: str
    why: str


class OpenThing(Schema):
    """One thing of a mission that is open, and what it is settled by: a record of that kind and id."""

    kind: str
    name: str
    words: str
    since: str | None
    due_at: str | None
    subject: dict[str, str]


class OpenKind(Schema):
    """What of one kind is open: how many, and each."""

    kind: str
    title: str
    count: int
    items: list[OpenThing]


class OpenAnswer(Schema):
    """What keeps a mission from being closed at a moment, persons first; nothing where it can be closed."""

    mission: str
    at: str
    known_at: int
    count: int
    open: list[OpenKind]


class MissionTold(Schema):
    """A mission, and the decision under which it runs."""

    id: str
    title: str
    drill: bool
    organisation: str
    request: str
    decision: str
    opened_at: str
    closed_at: str | None
    standing: StandingTold


class MissionsPage(Schema):
    """Some missions in the order of their ids, and the cursor of the page after; null on the last one."""

    missions: list[MissionTold]
    next: str | None


class TaskTold(Schema):
    """A task, and what it draws from `begins_at` until it ends, or was ended before its time."""

    id: str
    category: str
    words: str
    place: str
    people: Said
    vehicles: Said
    begins_at: str
    ends_at: str
    ended_at: str | None
    contact: str
    armed: str
    volunteers: bool
    conditions: list[str]


class ClauseFrom(UnderTold):
    """The clause under which a task runs, from a moment on."""

    since: str


class SeenTold(Schema):
    """How many members somebody saw at a task."""

    people: int
    at: str


class DidTold(Schema):
    """One act about a task, in words; `act` is null while it waits for its number."""

    act: int | None
    id: str
    by: str
    at: str
    words: str


class WholeTask(TaskTold):
    """A task with everything that the record has of it, as known at the act numbered `known_at`."""

    mission: str
    decision: str
    known_at: int
    under: list[ClauseFrom]
    present: list[SeenTold]
    ended_because: str
    acts: list[DidTold]


class HeadroomTold(Schema):
    """`used` of the `most` that a limit allows, at the fullest moment still to come; `of` names a task or a place."""

    limit: str
    of: str
    most: int
    used: int


class WholeMission(MissionTold):
    """A mission with what its decision allows now, its tasks, and how much of the limits they use."""

    in_force: InForceTold
    tasks: list[TaskTold]
    headroom: list[HeadroomTold]


class MoneyTold(Schema):
    """An amount as it is known: in words, and its ends in cents; an end that is open is null."""

    said: str
    low_cents: int | None
    high_cents: int | None


class CostTotalTold(MoneyTold):
    """The total of one kind of costs in one stage, and its lines; the kind is empty for all together."""

    stage: str
    kind: str
    lines: list[str]


class CapTold(Schema):
    """What of the decision's cost cap is used: `near` from 80 per cent on. `uncounted` lines state no amount and are not in it."""

    cap_cents: int
    used_cents: int
    actual_cents: int
    per_cent: int
    near: bool
    over: bool
    sentence: str
    uncounted: list[str]


class CostSourceTold(Schema):
    """Where the rate of a cost stands."""

    publisher: str
    title: str
    published: str
    url: str


class CostDifferenceTold(Schema):
    """Where a cost contradicts itself or the decision."""

    difference: int
    kind: str
    words: str
    settled: bool


class CostLineTold(Schema):
    """One cost that counts, with its evidence: the task's window, and the most members that were counted there."""

    line: str
    stage: str
    kind: str
    basis: str
    words: str
    task: str
    task_begins_at: str | None
    task_ends_at: str | None
    members_counted: int | None
    request_line: int | None
    rate_cents: int | None
    count: str
    days: str
    stated_cents: int | None
    amount: MoneyTold
    begins_on: str | None
    ends_on: str | None
    state: str
    reference: str
    claim: str
    paid_cents: int
    corrects: str | None
    estimate: str | None
    known_at: int | None
    source: CostSourceTold
    differences: list[CostDifferenceTold]


class CostLackTold(Schema):
    """What a line lacks, or the package where the line is empty."""

    line: str
    words: str


class CostsTold(Schema):
    """What a mission cost, as known at an act's number, and what the package for its reimbursement lacks."""

    mission: str
    title: str
    drill: bool
    decision: str
    request: str
    agency: str
    authority: str
    fund_citation: str
    at: str
    known_at: int
    actual: MoneyTold
    paid_cents: int
    totals: list[CostTotalTold]
    cap: CapTold | None
    lines: list[CostLineTold]
    missing: list[CostLackTold]


class FigureTold(Schema):
    """One number with where it comes from; `shown` is false for a claim that stands beside the one shown."""

    metric: str
    place: str
    low: int | None
    high: int | None
    said: str
    as_of: str
    source: str
    evidence: list[str]
    label: str
    note: str
    stated_by: str
    url: str
    shown: bool


class PictureAnswer(Schema):
    """Every figure of a mission as of `at`, known at the act numbered `known_at`."""

    mission: str
    at: str
    known_at: int
    standing: StandingTold | None  # null where no mission is open, and only sources speak of it
    figures: list[FigureTold]


class TripEventTold(Schema):
    """What happened to a trip, and how many persons were aboard by the record."""

    n: int
    kind: str
    aboard: int
    words: str
    at: str
    known_at: int | None


class TripTold(Schema):
    """A trip; `custodian` is the name by which the officer who signs for its persons signs in."""

    id: str
    mission: str
    task: str
    under: UnderTold
    state: str
    custodian: str | None
    from_site: str
    to_site: str
    purpose: str  # transfer, or return to the agency
    vehicle: str
    seats: int
    departs_at: str
    aboard: int
    events: list[TripEventTold]
