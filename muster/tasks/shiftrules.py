"""Whether a shift fits the member, the task, the other shifts and the decision: every conflict, with the rule that stops it.

Plain Python. A shift is a plan, so whoever plans one is refused by `conflicts`; what stands already and does not fit any more is
told by the same function and is ended by nobody but a person.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import accumulate, islice
from zoneinfo import ZoneInfo

from muster.core.quantity import Quantity
from muster.core.times import local, local_span
from muster.decisions.judging import Clause, judged, merged
from muster.decisions.rules import WHO_CAN_CHANGE_IT, Draw, InForce, Stretch, Version, stretches
from muster.tasks.assignmentrules import Days
from muster.tasks.memberrows import MemberStands

AN_INSTANT = timedelta(microseconds=1)
NOBODY, ONE = Quantity.exact(0), Quantity.exact(1)
# What is reckoned here by the members on shift and not by one draw alone; person-days are drawn by the task.
PEOPLE = ("people_max", "people_max_by_task", "people_max_by_place")
OF_THE_TASK = (
    *PEOPLE,
    "person_days_max",
    "vehicles_max",
    "cost_cap_usd",
    "reporting_interval_days",
    "conditions",
)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One member at one task from `begins_at` up to but not including `ends_at`. `id` is empty while it is only asked for.

    `skill` is what the member has to have for it; empty: nothing is asked. Both moments are aware.
    """

    member: str  # by tag
    task: str
    begins_at: datetime
    ends_at: datetime
    skill: str = ""
    id: str = ""

    @property
    def has_length(self) -> bool:
        """Whether it ends after it begins."""
        return self.begins_at < self.ends_at

    def overlaps(self, other: Shift) -> bool:
        """Whether the two share a moment."""
        return self.begins_at < other.ends_at and other.begins_at < self.ends_at


@dataclass(frozen=True, kw_only=True)
class Rest:
    """The rest that a mission asks for between two shifts of a member, as somebody stated it; 0 hours: none is asked any more.

    No law or order in the reference sets one for members on such missions (custody-standards.md, TRN-10 and TRN-12: a policy that
    is adopted), so it is a statement with its source, and where nothing is stated nothing is checked.
    """

    hours: int
    stated_by: str  # who publishes the paper in which it stands
    title: str  # of that paper, or its address

    @property
    def sentence(self) -> str:
        """The rule in words, with where it stands."""
        return f"At least {self.hours} h of rest between two shifts, as stated by {self.stated_by}: {self.title}."


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """The days for which a member is ordered to the mission, and from when on the member has left it, as what; None: not yet."""

    days: Days
    left_at: datetime | None = None
    left_as: str = ""  # released, stood down or checked out


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """One thing that keeps a shift from fitting. `words` say what is so, `rule` what stops it, `to_do` what to do.

    `about` is the field of the shift that it is about; `limit` the limit of the decision that is broken, where one is.
    """

    code: str
    about: str
    words: str
    rule: str
    to_do: str
    limit: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.words, self.rule, self.to_do)))


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """What the shifts of a mission are judged by, as it was known: its decision's versions, every task under that decision with
    what it draws, what is stated of members by tag, their orders to the mission, the duty status that was decided on (empty: none is
    stated), and the rest.

    Days and hours are those of `zone`.
    """

    zone: ZoneInfo
    versions: Sequence[Version]
    tasks: Mapping[str, Draw]
    members: Mapping[str, MemberStands]
    orders: Mapping[str, Sequence[Ordered]]
    status: str = ""
    rest: Rest | None = None


def check_shifts(
    asked: Sequence[Shift], beside: Sequence[Shift], grounds: Grounds
) -> list[tuple[Conflict, ...]]:
    """All conflicts of each shift asked for, beside those that stand and beside each other, in the order given.

    `beside` are the shifts under the decision in those days, and every other shift of the members named; one that is asked for is not
    among them. Where several are too many together, each of them is told.
    """
    checker = Checker(grounds, (*beside, *asked))
    return [checker.conflicts(shift) for shift in asked]


@dataclass(frozen=True)
class _Times:
    """What is the same for every shift of a task at the same times."""

    days: tuple[date, ...]
    parts: tuple[Stretch, ...]
    conflicts: tuple[Conflict, ...]
    volunteers: str  # the sentence that asks for volunteers only; empty where nothing does


@dataclass
class Checker:
    """The shifts of a pool, each judged beside all others of it. What does not hang on the member is reckoned once for a task's times."""

    grounds: Grounds
    pool: Sequence[Shift]
    _known: dict[tuple[str, datetime, datetime], _Times] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_member: dict[str, list[Shift]] = defaultdict(list)
        scopes: dict[tuple[str, str], list[Shift]] = defaultdict(list)
        for shift in self.pool:
            self.by_member[shift.member].append(shift)
            if (draw := self.grounds.tasks.get(shift.task)) is not None:
                for scope in _scopes(shift.task, draw):
                    scopes[scope].append(shift)
        for shifts in self.by_member.values():
            shifts.sort(key=_begins_at)
        self.longest = max((shift.ends_at - shift.begins_at for shift in self.pool), default=timedelta())
        self.counts = {scope: _Counts(shifts) for scope, shifts in scopes.items()}

    def conflicts(self, shift: Shift) -> tuple[Conflict, ...]:
        """All that keeps a shift of the pool from fitting: its times, the task, the decision, the member, the member's other shifts."""
        if not shift.has_length:
            words = "The shift ends before it begins, or when it begins."
            return (Conflict(code="tasks.shift_ends_before_it_begins", about="ends_at", words=words, rule="",
                             to_do="Correct one of the two."),)  # fmt: skip
        times = self._times(shift)
        return (*times.conflicts, *self._of_the_member(shift, times), *self._of_the_others(shift))

    def clauses(self, shift: Shift) -> list[Clause]:
        """Every clause of the decision against a shift of the pool; those on people count the members on shift, it included."""
        if not shift.has_length:
            return []
        draw, parts = self._draw(shift), self._times(shift).parts
        return merged([self._judged(shift, draw, part) for part in parts])

    # --- the times --------------------------------------------------------------------

    def _times(self, shift: Shift) -> _Times:
        key = shift.task, shift.begins_at, shift.ends_at
        if key not in self._known:
            self._known[key] = self._reckoned(shift)
        return self._known[key]

    def _reckoned(self, shift: Shift) -> _Times:
        parts = tuple(stretches(self.grounds.versions, shift.begins_at, shift.ends_at))
        first, latest = (
            at.astimezone(self.grounds.zone).date() for at in (shift.begins_at, shift.ends_at - AN_INSTANT)
        )
        days = tuple(first + timedelta(days=n) for n in range((latest - first).days + 1))
        found = [*self._of_the_task(shift), *self._of_the_decision(shift, parts)]
        return _Times(days, parts, tuple(found), self._volunteers(shift, parts))

    def _of_the_task(self, shift: Shift) -> Iterator[Conflict]:
        task, zone = self.grounds.tasks[shift.task], self.grounds.zone
        if shift.begins_at < task.begins_at:
            yield Conflict(
                code="tasks.outside_the_task", about="begins_at", to_do="Begin later, or order another task.",
                words="The shift begins before the task does.", rule=f"{shift.task} begins at {local(task.begins_at, zone)}.",
            )  # fmt: skip
        if shift.ends_at > task.ends_at:
            yield Conflict(
                code="tasks.outside_the_task", about="ends_at", to_do="End earlier, or order another task.",
                words="The shift ends after the task does.", rule=f"{shift.task} ends at {local(task.ends_at, zone)}.",
            )  # fmt: skip
        most = task.people.high_end
        peak, at = self.counts["task", shift.task].peak(shift)
        if most is not None and peak > most:
            yield Conflict(
                code="tasks.over_the_task", about="member", to_do="Plan fewer at a time, or order another task.",
                words=f"It would bring {peak} members on shift at {local(at, zone)}, {peak - most} more than ordered.",
                rule=f"{shift.task} was ordered with {task.people.said} people.",
            )  # fmt: skip

    # --- the decision -----------------------------------------------------------------

    def _of_the_decision(self, shift: Shift, parts: Sequence[Stretch]) -> Iterator[Conflict]:
        draw = self._draw(shift)
        broken = [
            clause
            for clause in merged([self._judged(shift, draw, part) for part in parts])
            if clause.verdict == "outside" and clause.limit != "volunteers_only"
        ]
        told = {clause.limit for clause in broken} & {"effective_from", "effective_to"}
        for clause in broken:
            if clause.limit == "in_force" and told:
                continue  # the window says it in the decision's own words
            in_force = clause.limit == "in_force"
            yield Conflict(
                code="tasks.decision_not_in_force" if in_force else "tasks.outside_the_decision",
                about="member" if clause.limit in PEOPLE else "begins_at", limit=clause.limit, to_do=WHO_CAN_CHANGE_IT,
                words=clause.what[:1].upper() + clause.what[1:],
                rule="" if in_force else f'The decision says: "{clause.sentence}"',
            )  # fmt: skip

    def _judged(self, shift: Shift, draw: Draw, part: Stretch) -> list[Clause]:
        within = replace(
            draw, begins_at=max(part.begins_at, shift.begins_at), ends_at=min(part.ends_at, shift.ends_at)
        )
        found = [clause for clause in judged(part.in_force, (), within) if clause.limit not in OF_THE_TASK]
        return [*found, *self._people(shift, within, part.in_force)]

    def _people(self, shift: Shift, draw: Draw, in_force: InForce) -> Iterator[Clause]:
        """The limits on people at one moment, against the members on shift under the decision."""
        limits = in_force.limits
        if limits is None:
            return
        for limit, most, scope, where in (
            ("people_max", limits.people_max, ("decision", ""), "in all"),
            ("people_max_by_task", limits.people_max_by_task.get(draw.task), ("category", draw.task), f"on {draw.task}"),
            ("people_max_by_place", limits.people_max_by_place.get(draw.place), ("place", draw.place), f"at {draw.place}"),
        ):  # fmt: skip
            if most is None:
                continue
            peak, at = self.counts[scope].peak(shift, draw.begins_at, draw.ends_at)
            when = f"{where} at {local(at, self.grounds.zone)}"
            over = (
                f"it would bring {peak} members on shift {when}, {peak - most} more than the {most} allowed."
            )
            yield Clause(
                limit=limit, sentence=limits.sentence(limit), verdict="outside" if peak > most else "inside",
                what=over if peak > most else "", taken=f"1, and {peak} with who is on shift beside it", allowed=str(most),
            )  # fmt: skip

    def _draw(self, shift: Shift) -> Draw:
        """What one member on shift is to the decision: one person at the task's kind of work, place and contact."""
        task, member = self.grounds.tasks[shift.task], self.grounds.members.get(shift.member)
        return replace(
            task, people=ONE, vehicles=NOBODY, begins_at=shift.begins_at, ends_at=shift.ends_at,
            volunteers=member is not None and member.volunteer is True,
        )  # fmt: skip

    def _volunteers(self, shift: Shift, parts: Iterable[Stretch]) -> str:
        for part in parts:
            limits = part.in_force.limits
            if limits is not None and limits.volunteers_only:
                return f'The decision says: "{limits.sentence("volunteers_only")}"'
        asked = self.grounds.tasks[shift.task].volunteers
        return f"{shift.task} was ordered with volunteers only." if asked else ""

    # --- the member -------------------------------------------------------------------

    def _of_the_member(self, shift: Shift, times: _Times) -> Iterator[Conflict]:
        member = self.grounds.members.get(shift.member)
        if member is None:
            words = "Nothing was stated of the member by then."
            yield Conflict(
                code="tasks.nothing_stated",
                about="member",
                words=words,
                rule="",
                to_do="State the member first.",
            )
            return
        yield from self._order(shift, times.days)
        if shift.skill:
            yield from _skill(shift.skill, member, times.days[-1])
        yield from self._status(member, times.days)
        if times.volunteers and member.volunteer is not True:
            said = "did not volunteer" if member.volunteer is False else "was not asked, or has not answered"
            yield Conflict(
                code="tasks.not_a_volunteer", about="member", words=f"The member {said}.", rule=times.volunteers,
                to_do="Name a volunteer.",
            )  # fmt: skip
        if member.available and not _covers(member, shift, times.days, self.grounds.zone):
            hours = ", ".join(" ".join(each.to_json()[:2]).replace(" ", " to ") + _hours(each.to_json()[2:])
                              for each in member.available)  # fmt: skip
            yield Conflict(
                code="tasks.not_available", about="member", words="The member is not available for all of it.",
                rule=f"Stated of the member: available {hours}.", to_do="Name another member, or other hours.",
            )  # fmt: skip

    def _order(self, shift: Shift, days: Sequence[date]) -> Iterator[Conflict]:
        orders = self.grounds.orders.get(shift.member, ())
        holding = [order for order in orders if order.days.has(days[0]) and order.days.has(days[-1])]
        if not holding:
            said = ", ".join(f"from {order.days.from_on} until {order.days.until_on}" for order in orders)
            yield Conflict(
                code="tasks.not_ordered", about="member", words="The member is not ordered to the mission for all of it.",
                rule=f"Ordered {said}." if said else "", to_do="Order the member for these days first, or name another.",
            )  # fmt: skip
            return
        left = [order for order in holding if order.left_at is not None and order.left_at < shift.ends_at]
        if len(left) == len(holding) and (at := left[-1].left_at) is not None:
            yield Conflict(
                code="tasks.released", about="member", words=f"The member is {left[-1].left_as} since {local(at, self.grounds.zone)}.",
                rule="Only who is on the mission's muster roll is on shift.", to_do="Name another member.",
            )  # fmt: skip

    def _status(self, member: MemberStands, days: Sequence[date]) -> Iterator[Conflict]:
        status = self.grounds.status
        if status and member.duty_status != status:
            yield Conflict(
                code="tasks.other_status", about="member", rule=f"The mission was decided on in {status}.",
                words=f"The duty status stated of the member is {member.duty_status}.",
                to_do="Name another member, or state the member anew once the order stands.",
            )  # fmt: skip
        out = next((day for day in days if not member.in_status(day)), None)
        if out is not None:
            begins = f" from {member.status_from}" if member.status_from else ""
            ends = f" until {member.status_until}" if member.status_until else ""
            yield Conflict(
                code="tasks.status_leaves_out_a_day", about="member", words=f"The member's duty status is not in force on {out}.",
                rule=f"Stated of the member: {member.duty_status}{begins}{ends}.",
                to_do="Name another member, or state the member anew.",
            )  # fmt: skip

    def _of_the_others(self, shift: Shift) -> Iterator[Conflict]:
        """The member's other shifts: two at once, and rest that is too short. A gap of no length is too short as well."""
        zone, rest = self.grounds.zone, self.grounds.rest
        hours = timedelta(hours=rest.hours if rest else 0)
        theirs = self.by_member[shift.member]
        near = bisect_left(theirs, shift.begins_at - hours - self.longest, key=_begins_at)
        for other in islice(theirs, near, None):  # the earlier ones are further away
            if other.begins_at - shift.ends_at >= hours and not shift.overlaps(other):
                break  # the later ones are further away
            if other is shift or not other.has_length:
                continue
            if shift.overlaps(other):
                yield Conflict(
                    code="tasks.on_two_shifts", about="member", rule="Nobody is on two shifts at once.",
                    words=f"The member is on {_name(other)} from {local_span(other.begins_at, other.ends_at, zone)}.",
                    to_do="Name another member, or call one of the two off.",
                )  # fmt: skip
                continue
            gap = max(shift.begins_at - other.ends_at, other.begins_at - shift.ends_at)
            if rest is not None and gap < hours:
                beside = (
                    f"begins at {local(other.begins_at, zone)}"
                    if other.begins_at >= shift.ends_at
                    else f"ends at {local(other.ends_at, zone)}"
                )
                yield Conflict(
                    code="tasks.short_rest", about="begins_at", rule=rest.sentence,
                    words=f"The member would have {said_hours(gap)} of rest: {_name(other)} {beside}.",
                    to_do="Name another member, or leave more time between the two.",
                )  # fmt: skip


@dataclass
class _Counts:
    """How many of some shifts are on at any moment."""

    shifts: Sequence[Shift]

    def __post_init__(self) -> None:
        steps: Counter[datetime] = Counter()
        for shift in self.shifts:
            if shift.has_length:
                steps[shift.begins_at] += 1
                steps[shift.ends_at] -= 1
        self.moments = sorted(steps)
        self.on = list(accumulate(steps[moment] for moment in self.moments))

    def peak(
        self, shift: Shift, begins_at: datetime | None = None, ends_at: datetime | None = None
    ) -> tuple[int, datetime]:
        """The most who are on at one moment of a shift of these, or of a part of it, and the first such moment."""
        begins, ends = begins_at or shift.begins_at, ends_at or shift.ends_at
        first, last = bisect_right(self.moments, begins) - 1, bisect_left(self.moments, ends)
        at = max(range(first, last), key=self.on.__getitem__)
        return self.on[at], max(self.moments[at], begins)


def _begins_at(shift: Shift) -> datetime:
    return shift.begins_at


def _name(other: Shift) -> str:
    return f"{other.id or 'another shift asked for'} at {other.task}"


def _scopes(task: str, draw: Draw) -> Iterator[tuple[str, str]]:
    """By what the members on a shift of a task are counted."""
    yield from (("task", task), ("decision", ""), ("category", draw.task), ("place", draw.place))


def _skill(asked: str, member: MemberStands, latest: date) -> Iterator[Conflict]:
    found = member.skill_named(asked)
    rule = f"The shift asks for {asked}."
    if found is None:
        words = f"The skill {asked} is not stated of the member."
        yield Conflict(
            code="tasks.skill_missing",
            about="skill",
            words=words,
            rule=rule,
            to_do="Name a member who has it.",
        )
    elif not found.good_on(latest):
        words = f"The member's {found.skill} is good until {found.expires_on}, and the shift lasts until {latest}."
        yield Conflict(
            code="tasks.skill_expires", about="skill", words=words, rule=rule,
            to_do="Name a member whose skill is good then, or state it anew once it is renewed.",
        )  # fmt: skip


def _covers(member: MemberStands, shift: Shift, days: Sequence[date], zone: ZoneInfo) -> bool:
    """Whether the member's windows together hold the whole shift."""
    spans = sorted(span for window in member.available for span in window.spans(days[0], days[-1], zone))
    reached = shift.begins_at
    for begins, ends in spans:
        if begins <= reached < ends:
            reached = ends
    return reached >= shift.ends_at


def _hours(ends: Sequence[str]) -> str:
    return f", {ends[0]} to {ends[1]}" if ends else ""


def said_hours(gap: timedelta) -> str:
    """A length of time: `7 h 30 min`."""
    hours, minutes = divmod(int(gap.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
