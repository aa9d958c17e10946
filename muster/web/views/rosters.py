"""The roster of a mission: tasks by days with who is on shift, the forms that plan and call off, and what does not fit in its cell."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from muster.access.control import Actor, can, may
from muster.actions import find, storable
from muster.core.errors import Fault, FaultyInput, MusterError, NotFound
from muster.core.files import TooLarge
from muster.core.times import local_span
from muster.ledger.queries import known, latest_known
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.record.action import KeyReused
from muster.tasks.models import Shift, Task
from muster.tasks.planning import ShiftsDoNotFit, check_plan, import_shifts
from muster.tasks.shiftrows import ShiftGiven
from muster.tasks.shifts import Checked, checked_shifts, rest_of, unfit_shifts
from muster.web.forms import ONCE, ActForm, Input, read_all, record, when
from muster.web.pages import Problem, form_page, key_of, signed_in
from muster.web.roster import DAYS, MOST_DAYS, Days, Told, grid, hours
from muster.web.views.missions import found, zone_of

LARGEST_FILE = 4_000_000  # bytes of CSV: more than a fortnight of a thousand members
TOLD = 25  # lines of one refusal on the page; all of them stand in the answer of the API and the command
FIELDS = {"member": "members"}  # by the field of a shift, where the form asks for it


def _readable(actor: Actor, name: str) -> Mission:
    """The mission, for those who may read who is on shift. Raises NotFound, NotPermitted."""
    row = found(actor, name)
    can(actor, "tasks.read_roster", missions.scope_of(row))
    return row


@signed_in
def roster(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The grid, the form that plans shifts by typing, and what was refused in the cells it was asked for."""
    row = _readable(actor, name)
    if request.method == "POST":
        return _plan(request, actor, row)
    return _page(request, actor, row)


def _page(
    request: HttpRequest, actor: Actor, row: Mission, *, refusal: MusterError | None = None, asked: Sequence[Told] = ()
) -> HttpResponse:  # fmt: skip
    where = ZoneInfo(zone_of(row))
    tasks = list(Task.objects.filter(mission=row).select_related("mission").order_by("begins_at", "pk"))
    shown, asked_days, problems = _days(request, where, tasks, asked)
    latest = latest_known()
    known_at, wrong = _known(request.GET.get("known_at", ""), latest)
    problems += wrong
    standing, unfit = _standing(row, shown, timezone.now(), known_at)
    may_plan = may(actor, "tasks.plan_shifts", missions.scope_of(row)) and row.closed_at is None
    context = {
        "row": row, "drill": row.drill, "zone": where.key, "now": timezone.now(), "known_at": known_at, "days": shown,
        "lines": grid(tasks, shown, standing, asked), "rest": rest_of(row.pk, known_at), "may_plan": may_plan and known_at == latest,
        "unfit": len(unfit), "unfit_first": min((each.shift.begins_at for each in unfit), default=None),
        "inputs": _inputs(tasks, where), "asked": asked_days, "around": _around(shown), "on_shift": len(standing),
    }  # fmt: skip
    if refusal is not None:
        return form_page(request, "web/roster.html", context, refusal=_told_short(refusal))
    answer = form_page(request, "web/roster.html", {**context, "range_problems": problems})
    answer.status_code = 422 if problems else 200
    return answer


def _standing(row: Mission, shown: Days, now: datetime, known_at: int) -> tuple[list[Checked], list[Checked]]:
    """The shifts of the days shown, and those from now on that do not fit; read once where the two meet."""
    if shown.ends_at <= now:
        these = checked_shifts(row, known_at, begins_at=shown.begins_at, ends_at=shown.ends_at)
        return these, unfit_shifts(row, now, known_at)
    every = checked_shifts(row, known_at, begins_at=min(now, shown.begins_at))
    these = [
        each
        for each in every
        if each.shift.begins_at < shown.ends_at and each.shift.ends_at > shown.begins_at
    ]
    return these, [each for each in every if each.conflicts and each.shift.ends_at > now]


def _days(
    request: HttpRequest, where: ZoneInfo, tasks: Sequence[Task], asked: Sequence[Told]
) -> tuple[Days, dict[str, str], list[Problem]]:
    """The days to show: those named, else from today on, as far as there are tasks; those of what was refused in any case."""
    said = request.POST if request.method == "POST" else request.GET
    typed = {name: said.get(name, "").strip()[:60] for name in ("first", "days")} | {
        "known_at": request.GET.get("known_at", "").strip()[:60]
    }
    problems = []
    first, count = _today(where, tasks), DAYS
    if typed["first"]:
        try:
            first = date.fromisoformat(typed["first"])
            if not 1900 <= first.year < 2999:
                raise ValueError
        except ValueError:
            first = _today(where, tasks)
            problems.append(
                Problem("first", f"{typed['first'][:20]!r} is not a day. Write it as 2026-03-01.")
            )
    if typed["days"]:
        if typed["days"].isascii() and typed["days"].isdecimal() and 1 <= int(typed["days"]) <= MOST_DAYS:
            count = int(typed["days"])
        else:
            problems.append(Problem("days", f"Write a number of days from 1 to {MOST_DAYS}."))
    days = Days(first=first, count=count, zone=where)
    if asked and max(days.day_of(shift) for shift, _ in asked) >= days.first + timedelta(days=count):
        first = min(shift.begins_at for shift, _ in asked).astimezone(where).date()
        days = Days(first=first, count=count, zone=where)
    return days, typed, problems


def _today(where: ZoneInfo, tasks: Sequence[Task]) -> date:
    today = timezone.now().astimezone(where).date()
    if not tasks:
        return today
    first, latest = min(task.begins_at for task in tasks), max(task.ends_at for task in tasks)
    return max(first.astimezone(where).date(), min(today, latest.astimezone(where).date()))


def _known(words: str, latest: int) -> tuple[int, list[Problem]]:
    try:
        return (known(words.strip()[:60]) if words.strip() else latest), []
    except MusterError as refusal:
        return latest, [Problem("known_at", str(refusal))]


def _around(days: Days) -> list[tuple[str, str]]:
    """The addresses of the days before and after."""
    steps = (("Earlier", -days.count), ("Later", days.count))
    return [(words, _query(days.first + timedelta(days=by), days.count)) for words, by in steps]


def _query(first: date, count: int) -> str:
    return urlencode({"first": first.isoformat(), "days": str(count)})


# --- planning by typing ---------------------------------------------------------------


def _inputs(tasks: Iterable[Task], where: ZoneInfo) -> list[Input]:
    how = f"Such as 2026-03-01 08:00, or 08:00 for today, in the time of {where.key}."
    return [
        Input("task", "Task", "choice", choices=[(task.pk, f"{task.pk}: {task.words[:60]}") for task in tasks]),
        Input("members", "Members", "tags", "Tags, one on each line.", rows=4),
        Input("begins_at", "Begins", "moment", how, needed=False),
        Input("ends_at", "Ends, not included", "moment", how, needed=False),
        Input("until", "And on each day until", "day", "Such as 2026-03-07, included, at the same hours. Empty: once.", needed=False),
        Input("skill", "Skill that it asks for", hint="As it is stated of members. Empty: none.", needed=False),
    ]  # fmt: skip


def _plan(request: HttpRequest, actor: Actor, row: Mission) -> HttpResponse:
    can(actor, "tasks.plan_shifts", missions.scope_of(row))
    try:
        given = _typed(request, row)
        with storable():
            if "check" in request.POST:
                check_plan(actor, row, given)
                messages.info(request, f"{_many(len(given))} would fit. Nothing has been planned yet.")
                return _page(request, actor, row, asked=[])
            done = find("tasks.plan_shifts")(
                actor=actor, key=key_of(request), mission=row.pk, shifts=[vars(each) for each in given]
            )
    except KeyReused:
        messages.info(request, ONCE)
        return redirect("roster", row.pk)
    except ShiftsDoNotFit as refusal:
        return _page(request, actor, row, refusal=refusal, asked=refusal.conflicts)
    except MusterError as refusal:
        return _page(request, actor, row, refusal=refusal)
    stood = f" {done.answer.known} stood already." if done.answer.known else ""
    messages.success(request, f"{_many(done.answer.new)} planned.{stood} {record(done)}")
    where = ZoneInfo(zone_of(row))
    first = min(each.begins_at for each in given).astimezone(where).date()
    days = request.POST.get("days", "")
    shown = _query(first, int(days) if days in map(str, range(1, MOST_DAYS + 1)) else DAYS)
    return redirect(f"{reverse('roster', args=[row.pk])}?{shown}")


def _many(count: int) -> str:
    return f"{count} shift{'s' if count != 1 else ''}"


def _typed(request: HttpRequest, row: Mission) -> list[ShiftGiven]:
    """The shifts that the form asks for: each member on each day. Raises FaultyInput."""
    where = ZoneInfo(zone_of(row))
    read = read_all(_inputs([], where), request, where.key)
    faults = [
        Fault(None, name, "web.bad_field", words)
        for name, words in (("members", "Name one member at least, by tag."), ("begins_at", "Say when it begins."),
                            ("ends_at", "Say when it ends."))
        if not read[name]
    ]  # fmt: skip
    if faults:
        raise FaultyInput(faults)
    begins, ends = (read[name].astimezone(where) for name in ("begins_at", "ends_at"))
    days = (date.fromisoformat(read["until"]) - begins.date()).days if read["until"] else 0
    if not 0 <= days < MOST_DAYS:
        words = f"It has to be the day on which it begins, or up to {MOST_DAYS - 1} days later."
        raise FaultyInput([Fault(None, "until", "web.bad_field", words)])
    return [
        ShiftGiven(member=tag.strip()[:20], task=read["task"], begins_at=_on(begins, day), ends_at=_on(ends, day),
                   skill=read["skill"] or "")
        for day in range(days + 1) for tag in read["members"]
    ]  # fmt: skip


def _on(moment: datetime, days: int) -> datetime:
    """So many days later at the same hour by the clock there."""
    return moment + timedelta(days=days)


def _told_short(refusal: MusterError) -> MusterError:
    """The refusal as the page's summary tells it: each conflict once, with its members, leading to the cell; the first of many."""
    if not isinstance(refusal, ShiftsDoNotFit):
        return refusal
    alike: dict[str, list[str]] = defaultdict(list)
    for shift, conflicts in refusal.conflicts:
        for conflict in conflicts:
            if shift.member not in (tags := alike[str(conflict)]):
                tags.append(shift.member)
    told = [Fault(None, "refused", refusal.code, f"{_named(tags)}: {words}") for words, tags in alike.items()]
    kept = {str(conflict) for _, conflicts in refusal.conflicts for conflict in conflicts}
    unread = [fault for fault in refusal.faults if fault.message not in kept]
    told = [Fault(None, FIELDS.get(f.column or "", f.column), f.code, f.message) for f in unread] + told
    return _first(told)


def _named(tags: Sequence[str]) -> str:
    more = f" and {len(tags) - 6} more" if len(tags) > 6 else ""
    return f"{', '.join(tags[:6])}{more}"


def _first(faults: Sequence[Fault]) -> FaultyInput:
    rest = len(faults) - TOLD
    more = (
        [
            Fault(
                None,
                None,
                "web.more",
                f"And {rest} more. Each stands in its cell, or in the answer of the command.",
            )
        ]
        if rest > 0
        else []
    )
    return FaultyInput([*faults[:TOLD], *more])


# --- a file ---------------------------------------------------------------------------


@signed_in
def upload(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Plan the shifts of a CSV file, or say what would be refused; every fault is told by its row."""
    row = _readable(actor, name)
    can(actor, "tasks.plan_shifts", missions.scope_of(row))
    if request.method != "POST":
        return redirect("roster", row.pk)
    try:
        with storable():
            answer = _taken_in(request, actor, row)
    except MusterError as refusal:
        return _page(request, actor, row, refusal=_by_row(refusal))
    refused = len({fault["row"] for fault in answer["refused"]})
    if "check" in request.POST:
        messages.info(
            request,
            f"{_many(answer['rows'] - refused)} of {answer['rows']} would fit. Nothing has been planned yet.",
        )
    else:
        stood = answer["notices"].get("already_there", 0)
        kept = f"{_many(answer['notices'].get('new', 0))} planned, {stood} stood already, {refused} refused."
        messages.success(request, kept)
    return redirect("roster", row.pk)


def _taken_in(request: HttpRequest, actor: Actor, row: Mission) -> dict[str, Any]:
    sent = request.FILES.get("file")
    if sent is None:
        raise FaultyInput([Fault(None, "file", "web.bad_field", "Choose a CSV file.")])
    content = sent.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise TooLarge(limit=LARGEST_FILE)
    return import_shifts(
        io.BytesIO(content), actor=actor, mission=row.pk, name=str(sent.name), dry_run="check" in request.POST,
        keep_good=bool(request.POST.get("keep_good")),
    )  # fmt: skip


def _by_row(refusal: MusterError) -> MusterError:
    """The refusal of a file, each fault with its row, leading to the field of the file."""
    if not isinstance(refusal, FaultyInput):
        return refusal
    return _first([
        Fault(None, "file", fault.code, f"Row {fault.row}, {fault.column}: {fault.message}" if fault.row else fault.message)
        for fault in refusal.faults
    ])  # fmt: skip


# --- one task on one day --------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """One shift of the day, with its hours as they are read."""

    checked: Checked
    hours: str


@signed_in
def day(request: HttpRequest, actor: Actor, name: str, task: str, on: str) -> HttpResponse:
    """Who is on shift at one task on one day, each with what can be done about it."""
    row = _readable(actor, name)
    of = Task.objects.filter(mission=row, pk=task).select_related("mission").first()
    try:
        first = date.fromisoformat(on)
    except ValueError:
        first = None
    if of is None or first is None or not 1900 <= first.year < 2999:
        raise NotFound(kind="task", name=f"{task} on {on}")
    where, known_at = ZoneInfo(zone_of(row)), latest_known()
    days = Days(first=first, count=1, zone=where)
    rows = [
        each
        for each in checked_shifts(row, known_at, begins_at=days.begins_at, ends_at=days.ends_at)
        if each.shift.task == of.pk
    ]
    context = {
        "row": row, "task": of, "day": first, "drill": row.drill, "zone": where.key, "now": timezone.now(), "known_at": known_at,
        "shifts": [Listed(each, hours(each.shift, first, where)) for each in rows],
        "may_plan": may(actor, "tasks.plan_shifts", missions.scope_of(row)), "back": urlencode({"first": first.isoformat()}),
        "is_open": row.closed_at is None,
    }  # fmt: skip
    return form_page(request, "web/roster_day.html", context)


def _shift(actor: Actor, name: str) -> Shift:
    """The shift, for those who may read its roster. Raises NotFound."""
    rows = Shift.objects.select_related("task__mission__decision__request", "member__thing")
    row = rows.filter(pk=name, task__mission__in=missions.missions_of(actor)).first()
    if row is None or not may(actor, "tasks.read_roster", missions.scope_of(row.task.mission)):
        raise NotFound(kind="shift", name=name)
    return row


@signed_in
def change(request: HttpRequest, actor: Actor, name: str, verb: str) -> HttpResponse:
    """Call a shift off, or have another member take it over."""
    row = _shift(actor, name)
    if verb not in ("call-off", "swap"):
        raise NotFound(kind="step of a shift", name=verb)
    mission = row.task.mission
    action = "tasks.call_off_shift" if verb == "call-off" else "tasks.swap_shift"
    can(actor, action, missions.scope_of(mission))
    where = ZoneInfo(zone_of(mission))
    day = row.begins_at.astimezone(where).date()
    lead = (
        f"{row.member.thing.tag} at {row.task_id}, {local_span(row.begins_at, row.ends_at, where)}. "
        "Before it begins all of it goes; later what is left of it. It stays in the record as it was planned."
    )
    why = Input("reason", "Why", "long", "It stands in the record; say nothing of anybody's health.", rows=2)
    other = Input("member", "Member who takes it over", hint="By tag. Checked as for a new shift.")
    return SwapForm(
        action=action, title=f"{'Call off' if verb == 'call-off' else 'Swap'} {row.pk}", lead=lead, given={"shift": row.pk},
        button="Call off shift" if verb == "call-off" else "Swap shift",
        inputs=[*([other] if verb == "swap" else []), why, when("Time from which on")],
        done=lambda answer: f"{answer.shift} is called off." if verb == "call-off" else f"{answer.instead} takes {answer.shift} over.",
        back=reverse("roster-day", args=[mission.pk, row.task_id, day.isoformat()]), drill=mission.drill, zone=where.key,
        about={"tasks.shift_over": "at"},
    ).page(request, actor)  # fmt: skip


class SwapForm(ActForm):
    """The form that calls a shift off or swaps it: whatever does not fit is about the member who is to take it over."""

    def _act(self, request: HttpRequest, actor: Actor) -> Any:
        try:
            return super()._act(request, actor)
        except ShiftsDoNotFit as told:
            raise FaultyInput(
                [Fault(None, "member", fault.code, fault.message) for fault in told.faults]
            ) from None


class RestForm(ActForm):
    """The form that states the rest between shifts: where it stands is one input of the action, `source`."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """The fields as the action takes them."""
        source = {name: read.pop(name, "") for name in ("publisher", "title", "published", "url")}
        return {**read, "source": source}


@signed_in
def rest(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """State how much rest the mission asks for between two shifts of a member."""
    row = _readable(actor, name)
    can(actor, "tasks.state_rest", missions.scope_of(row))
    inputs = [
        Input(
            "hours", "Hours of rest between two shifts", "number", "Whole hours. 0: none is asked any more."
        ),
        Input("publisher", "Who states it", hint="Whoever gave out the paper: a command, a medical officer."),
        Input("title", "What paper it stands in"),
        Input("published", "Day of that paper", hint="A day or a month, where it states one.", needed=False),
        Input("url", "Its web address", hint="Where it has one.", needed=False),
    ]
    return RestForm(
        action="tasks.state_rest", title=f"Rest between shifts of {row.pk}", button="State rest", given={"mission": row.pk}, inputs=inputs,
        lead="No rule pack sets it, so it is stated with its source. It is asked of every shift from now on, and of those that stand; "
             "two shifts with no time between them have no rest.",
        done=lambda answer: f"{answer.hours} h of rest are asked for." if answer.hours else "No rest is asked for any more.",
        back=reverse("roster", args=[row.pk]), drill=row.drill, zone=zone_of(row),
    ).page(request, actor)  # fmt: skip
