"""Shifts as they stood: who is on shift where and when, as known at an act's number, and which do not fit any more and why.

That a shift does not fit is read from the shifts, the tasks, the statements and the decision's versions. Nothing marks it, so none can
be missed; it fits again, is called off or is swapped, and nothing is ended by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from muster.core.reading import as_day
from muster.core.times import NotAMoment, parse_moment, start_of_day
from muster.decisions import queries as decisions
from muster.decisions.judging import Clause, merged
from muster.decisions.models import Decision
from muster.ledger.bulk import any_text_of
from muster.missions.models import Mission
from muster.record.models import Act
from muster.tasks import queries
from muster.tasks.assignmentrules import words_of
from muster.tasks.assignments import days_of
from muster.tasks.members import stands_of
from muster.tasks.models import AssignmentStep, RestStated, ShiftEnded, Task
from muster.tasks.models import Shift as ShiftRow
from muster.tasks.shiftrules import Checker, Conflict, Grounds, Ordered, Rest, Shift

COLUMNS = (
    "id", "member__thing__tag", "task_id", "begins_at", "ends_at", "skill", "task__mission_id", "act__number__number",
    "ended__at", "ended__act__number__number", "ended__reason",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A shift that stands, until it ends or was called off; of which mission, and the number of the act that planned it.

    `known_at` is None for an act that waits for its number. `cut`: why it was called off while it lasted; empty where it was not.
    """

    shift: Shift
    mission: str
    known_at: int | None
    cut: str = ""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A shift that stands, and everything that keeps it from fitting now."""

    planned: Planned
    conflicts: tuple[Conflict, ...]

    @property
    def shift(self) -> Shift:
        return self.planned.shift


# --- who is on shift ------------------------------------------------------------------


def shifts_of_mission(
    mission: str, known_at: int | None, *, begins_at: datetime | None = None, ends_at: datetime | None = None
) -> list[Planned]:
    """The shifts of a mission that last at some moment from `begins_at` up to but not including `ends_at`; None: open on that side.

    As known at an act's number; None: by everything committed. The one that begins first in front, then by tag: one query.
    """
    return _lasting(_standing(Q(task__mission=mission), known_at, begins_at, ends_at), begins_at)


def shifts_of(
    tags: Iterable[str], known_at: int | None, *, begins_at: datetime | None = None, ends_at: datetime | None = None
) -> list[Planned]:  # fmt: skip
    """The shifts of members, by tag, of every mission; else the same."""
    of = Q(member__thing__tag__in=any_text_of(tags))
    return _lasting(_standing(of, known_at, begins_at, ends_at), begins_at)


def _standing(
    of: Q, known_at: int | None, begins_at: datetime | None, ends_at: datetime | None
) -> list[Planned]:
    """Those that were planned to last then; one that was called off may have ended before."""
    if begins_at is not None:
        of &= Q(ends_at__gt=begins_at)
    if ends_at is not None:
        of &= Q(begins_at__lt=ends_at)
    if known_at is not None:
        of &= Q(act__number__number__lte=known_at)
    rows = ShiftRow.objects.filter(of).order_by("begins_at", "ends_at", "member__thing__tag", "id")
    found = (_planned(row, known_at) for row in rows.values_list(*COLUMNS))
    return [each for each in found if each.shift.has_length]


def _lasting(found: list[Planned], begins_at: datetime | None) -> list[Planned]:
    """Those that were not called off by then; None: all."""
    return [each for each in found if begins_at is None or each.shift.ends_at > begins_at]


def _planned(row: Sequence[Any], known_at: int | None) -> Planned:
    id, tag, task, begins_at, ends_at, skill, mission, number, ended_at, ended_known, reason = row
    is_cut = ended_at is not None and (
        known_at is None or (ended_known is not None and ended_known <= known_at)
    )
    ends = min(ends_at, max(begins_at, ended_at)) if is_cut else ends_at
    shift = Shift(id=id, member=tag, task=task, begins_at=begins_at, ends_at=ends, skill=skill)
    return Planned(shift=shift, mission=mission, known_at=number, cut=reason if is_cut else "")


# --- what does not fit ----------------------------------------------------------------


def checked_shifts(
    mission: Mission, known_at: int, *, begins_at: datetime | None = None, ends_at: datetime | None = None
) -> list[Checked]:
    """The same as `shifts_of_mission`, each with what keeps it from fitting, as known at an act's number."""
    read = _standing(Q(task__mission=mission), known_at, begins_at, ends_at)
    shown = _lasting(read, begins_at)
    if not shown:
        return []
    own = [each.shift for each in read]
    grounds = grounds_of(mission, {each.shift.member for each in shown}, known_at)
    checker = Checker(grounds, [*own, *pool_for(mission.decision, own, grounds, known_at, but=own)])
    return [Checked(planned=each, conflicts=checker.conflicts(each.shift)) for each in shown]


def unfit_shifts(mission: Mission, at: datetime, known_at: int) -> list[Checked]:
    """The shifts that last at `at` or later and do not fit, as known at an act's number."""
    return [each for each in checked_shifts(mission, known_at, begins_at=at) if each.conflicts]


def roster_told(
    mission: Mission, known_at: int, *, first: str | None = None, latest: str | None = None, at: str | None = None
) -> dict[str, Any]:  # fmt: skip
    """A mission's shifts as data, of the days from `first` through `latest`, or at a moment; in words. Raises NotAMoment."""
    zone = decisions.zone_of(mission.decision, known_at)
    begins = start_of_day(_day(first), zone) if first else None
    ends = start_of_day(_day(latest) + timedelta(days=1), zone) if latest else None
    if at:
        begins = parse_moment(at, zone)
        ends = begins + timedelta(microseconds=1)
    rest = rest_of(mission.pk, known_at)
    return {
        "mission": mission.pk, "known_at": known_at, "zone": zone.key, "rest": asdict(rest) if rest else None,
        "shifts": [_told(each) for each in checked_shifts(mission, known_at, begins_at=begins, ends_at=ends)],
    }  # fmt: skip


def _day(text: str) -> date:
    if (day := as_day(text)) is None:
        raise NotAMoment(text=text)
    return day


def _told(checked: Checked) -> dict[str, Any]:
    shift, planned = checked.shift, checked.planned
    return {
        **asdict(shift), "begins_at": shift.begins_at.isoformat(), "ends_at": shift.ends_at.isoformat(),
        "known_at": planned.known_at, "cut": planned.cut, "conflicts": [asdict(conflict) for conflict in checked.conflicts],
    }  # fmt: skip


def rest_of(mission: str, known_at: int | None) -> Rest | None:
    """The rest between shifts that was stated last; None where nobody has stated any. 0 hours: none is asked any more."""
    rows = RestStated.objects.filter(mission=mission).select_related("source")
    if known_at is not None:
        rows = rows.filter(act__number__number__lte=known_at)
    found = rows.order_by("id").last()
    if found is None:
        return None
    title = found.source.title or found.source.url
    return Rest(hours=found.hours, stated_by=found.source.publisher, title=title)


def grounds_of(mission: Mission, tags: Iterable[str], known_at: int | None) -> Grounds:
    """What shifts of these members in a mission are judged by, as known at an act's number; None: by everything committed."""
    decision = mission.decision
    if known_at is None:
        versions = decisions.versions_locked(decision)
        under = Task.objects.filter(decision=decision).select_related("mission")
        draws = {task.pk: queries.draw_of(task) for task in under}
    else:
        versions = decisions.versions_known(decision, known_at)
        draws = queries.draws_known(decision, known_at)
    zone = next((version.limits.zone for version in reversed(versions) if version.limits), "UTC")
    return Grounds(
        orders=orders_of(mission.pk, known_at), zone=ZoneInfo(zone), versions=versions, tasks=draws, members=stands_of(tags, known_at),
        status=decisions.status_of(decision), rest=rest_of(mission.pk, known_at),
    )  # fmt: skip


def orders_of(mission: str, known_at: int | None) -> dict[str, list[Ordered]]:
    """The orders of members to a mission by tag, each until the member left it, as known at an act's number: one query."""
    rows = AssignmentStep.objects.filter(
        assignment__mission=mission, state__in=("ordered", "released", "stood_down", "checked_out")
    )
    if known_at is not None:
        rows = rows.filter(act__number__number__lte=known_at)
    found: dict[str, tuple[str, Ordered]] = {}
    named = ("assignment_id", "assignment__member__thing__tag", "state", "happened_at", "details")
    for assignment, tag, state, at, details in rows.order_by("n").values_list(*named):
        if state == "ordered":
            found[assignment] = (tag, Ordered(days=days_of(details)))
        elif assignment in found:  # who was never ordered has left nothing
            order = found[assignment][1]
            if order.left_at is None:
                left = replace(order, left_at=at, left_as=words_of(state))
                found[assignment] = (tag, left)
    by_tag: dict[str, list[Ordered]] = {}
    for tag, order in found.values():
        by_tag.setdefault(tag, []).append(order)
    return by_tag


def pool_for(
    decision: Decision, shifts: Sequence[Shift], grounds: Grounds, known_at: int | None, *, but: Iterable[Shift] = ()
) -> list[Shift]:  # fmt: skip
    """What the shifts are judged beside: all under the decision in their time, and the members' own near them.

    Those of them that stand already are among these, but for those read before, `but`.
    """
    rest = timedelta(hours=grounds.rest.hours if grounds.rest else 0)
    first = min((shift.begins_at for shift in shifts), default=None)
    latest = max((shift.ends_at for shift in shifts), default=None)
    if first is None or latest is None:
        return []
    around = {"begins_at": first - rest, "ends_at": latest + rest}
    known = any_text_of([shift.id for shift in but])
    under = _standing(Q(task__decision=decision) & ~Q(id__in=known), known_at, **around)
    own = _standing(
        Q(member__thing__tag__in=any_text_of({shift.member for shift in shifts})) & ~Q(task__decision=decision),
        known_at, **around,
    )  # fmt: skip
    return [each.shift for each in (*under, *own)]


def clauses_of(act: Act, mission: Mission, before: int, known_at: int) -> list[Clause]:
    """Every clause of the decision, as known at `known_at`, against the shifts that an act planned.

    Beside them stand those known at `before`, less what the act itself called off.
    """
    planned = [_planned(row, before).shift for row in ShiftRow.objects.filter(act=act).values_list(*COLUMNS)]
    whole = dict(ShiftRow.objects.filter(act=act).values_list("id", "ends_at"))
    mine = [
        replace(shift, ends_at=whole[shift.id]) for shift in planned
    ]  # who called it off later has no say
    ended = dict(ShiftEnded.objects.filter(act=act).values_list("shift_id", "at"))
    grounds = grounds_of(mission, {shift.member for shift in mine}, known_at)
    beside = [
        replace(shift, ends_at=min(shift.ends_at, max(shift.begins_at, ended.get(shift.id, shift.ends_at))))
        for shift in pool_for(mission.decision, mine, grounds, before) if shift.id not in whole
    ]  # fmt: skip
    checker = Checker(grounds, [*beside, *mine])
    return merged([checker.clauses(shift) for shift in mine])
