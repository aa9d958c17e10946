"""What a decision allows: limits as data, what is in force at a moment, and whether a plan fits inside."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, cast, get_args
from zoneinfo import ZoneInfo, available_timezones

from muster.authority.findings import Basis
from muster.authority.limits import LimitLayer
from muster.core.errors import MusterError
from muster.core.money import usd
from muster.core.quantity import Quantity
from muster.core.reading import LONGEST_WORDS, Fields
from muster.core.tasks import CONTACTS, TASKS, Contact, contact_of
from muster.decisions.lines import JudgedLine, asking, is_at, is_within_hours

Arms = Literal["none", "individual", "unit"]
ARMS: tuple[Arms, ...] = get_args(Arms)
VersionKind = Literal["issued", "amended", "suspended", "resumed", "revoked"]
Why = Literal["not_issued", "not_yet", "expired", "suspended", "revoked"]

SENTENCES = (
    "people_max",
    "people_max_by_task",
    "people_max_by_place",
    "vehicles_max",
    "person_days_max",
    "tasks_allowed",
    "tasks_barred",
    "contact",
    "places",
    "effective_from",
    "effective_to",
    "volunteers_only",
    "armed",
    "cost_cap_usd",
    "reporting_interval_days",
)
_zones = cache(
    available_timezones
)  # the folders of zones are read once, and not for every version of a decision
WHO_CAN_CHANGE_IT = "Ask the Joint Operations Center to request an amendment."


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a decision. None, or an empty tuple of places or conditions, bounds nothing; arms not stated are none.

    The largest numbers hold at every one moment of the window, not as a total over time: that is `person_days_max`, the
    people of every task times the days on which it lasts, a day begun counting whole. The window's days
    are days of `zone`; both ends are included. `sentences` gives the decision's own words for each limit, by
    field name.
    """

    zone: str
    people_max: int | None = None
    people_max_by_task: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    people_max_by_place: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    vehicles_max: int | None = None
    person_days_max: int | None = None  # over the whole time
    tasks_allowed: tuple[str, ...] | None = None
    tasks_barred: tuple[str, ...] = ()
    contact: Contact | None = None  # the most that is allowed
    places: tuple[str, ...] = ()
    effective_from: date | None = None
    effective_to: date | None = None
    volunteers_only: bool = False
    armed: Arms = "none"  # the most that is allowed
    ruf_version: str = ""  # the rules for the use of force that go with arms; empty: none named
    cost_cap_usd: int | None = None
    reporting_interval_days: int | None = None
    conditions: tuple[str, ...] = ()
    sentences: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def begins_at(self) -> datetime | None:
        """The first moment of the window, in UTC."""
        return None if self.effective_from is None else _midnight(self.effective_from, self.zone)

    @property
    def ends_at(self) -> datetime | None:
        """The first moment after the window, in UTC."""
        return (
            None if self.effective_to is None else _midnight(self.effective_to + timedelta(days=1), self.zone)
        )

    @property
    def bounding(self) -> tuple[str, ...]:
        """The limits that narrow anything, by name. No tasks allowed is a limit; no places named is none."""
        return tuple(name for name in SENTENCES if self._bounds(name))

    def _bounds(self, name: str) -> bool:
        value = getattr(self, name)
        return value is not None and value is not False and (name == "tasks_allowed" or value not in ((), {}))

    def sentence(self, limit: str) -> str:
        """The decision's own sentence for a limit, or the limit in plain words where it has none."""
        return self.sentences.get(limit) or _PLAIN[limit](self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Limits":
        """Read limits from data. Raises FaultyInput with every fault at once."""
        read = Fields(data, step="decisions")
        zone = read.text("zone")
        if zone and zone not in _zones():
            read.fault(
                "zone",
                "unknown_zone",
                f"{zone[:40]!r} is not a time zone. Write for example America/Chicago.",
            )
        effective_from, effective_to = read.days("effective_from", "effective_to")
        limits = cls(
            zone=zone,
            people_max=read.number("people_max"),
            people_max_by_task=_numbers(read.table("people_max_by_task"), tasks=True),
            people_max_by_place=_numbers(read.table("people_max_by_place")),
            vehicles_max=read.number("vehicles_max"),
            person_days_max=read.number("person_days_max", most=1_000_000_000_000),
            tasks_allowed=read.tasks("tasks_allowed") if data.get("tasks_allowed") is not None else None,
            tasks_barred=read.tasks("tasks_barred"),
            contact=cast(Contact | None, read.one_of("contact", CONTACTS, default="") or None),
            places=read.texts("places"),
            effective_from=effective_from,
            effective_to=effective_to,
            volunteers_only=read.flag("volunteers_only"),
            armed=cast(Arms, read.one_of("armed", ARMS, default="none")),
            ruf_version=read.text("ruf_version", needed=False),
            cost_cap_usd=read.number("cost_cap_usd", most=1_000_000_000_000),
            reporting_interval_days=read.number("reporting_interval_days", least=1, most=366),
            conditions=read.texts("conditions", longest=LONGEST_WORDS),
            sentences=_sentences(read.table("sentences")),
        )
        read.take("tasks_allowed")
        read.no_more()
        read.done()
        return limits

    def to_json(self) -> dict[str, Any]:
        """Give every limit as data; `from_json` reads it back."""
        return {
            "zone": self.zone,
            "people_max": self.people_max,
            "people_max_by_task": dict(self.people_max_by_task),
            "people_max_by_place": dict(self.people_max_by_place),
            "vehicles_max": self.vehicles_max,
            "person_days_max": self.person_days_max,
            "tasks_allowed": None if self.tasks_allowed is None else list(self.tasks_allowed),
            "tasks_barred": list(self.tasks_barred),
            "contact": self.contact,
            "places": list(self.places),
            "effective_from": self.effective_from and self.effective_from.isoformat(),
            "effective_to": self.effective_to and self.effective_to.isoformat(),
            "volunteers_only": self.volunteers_only,
            "armed": self.armed,
            "ruf_version": self.ruf_version,
            "cost_cap_usd": self.cost_cap_usd,
            "reporting_interval_days": self.reporting_interval_days,
            "conditions": list(self.conditions),
            "sentences": dict(self.sentences),
        }


# The sentence of last resort, where the decision has none of its own.
_PLAIN: dict[str, Any] = {
    "people_max": lambda limits: f"At most {limits.people_max} people at any one moment.",
    "people_max_by_task": lambda limits: f"At most {_listed(limits.people_max_by_task)} people, by task.",
    "people_max_by_place": lambda limits: f"At most {_listed(limits.people_max_by_place)} people, by place.",
    "vehicles_max": lambda limits: f"At most {limits.vehicles_max} vehicles at any one moment.",
    "person_days_max": lambda limits: f"At most {limits.person_days_max} person-days over the whole time.",
    "tasks_allowed": lambda limits: f"Tasks allowed: {', '.join(limits.tasks_allowed or ()) or 'none'}.",
    "tasks_barred": lambda limits: f"Tasks barred: {', '.join(limits.tasks_barred)}.",
    "contact": lambda limits: f"Contact with persons in custody: {limits.contact} at most.",
    "places": lambda limits: f"Only at {', '.join(limits.places)}.",
    "effective_from": lambda limits: f"From {limits.effective_from}.",
    "effective_to": lambda limits: f"Until {limits.effective_to}, that day included.",
    "volunteers_only": lambda limits: "Volunteers only.",
    "armed": lambda limits: _arms(limits),
    "cost_cap_usd": lambda limits: f"At most {limits.cost_cap_usd:,} US dollars.",
    "reporting_interval_days": lambda limits: f"A report every {limits.reporting_interval_days} days.",
}


def _arms(limits: Limits) -> str:
    if limits.armed == "none":
        return "Nobody is armed."
    rules = f", under the rules for the use of force {limits.ruf_version}" if limits.ruf_version else ""
    return f"Arms: {limits.armed} at most{rules}."


def sentences_of(limits: Limits | None) -> list[str]:
    """The limits in the decision's words: a sentence for each that is set, the tasks by name, and the conditions."""
    if limits is None:
        return []
    tasks = [f"{task}: {TASKS[task].name}." for task in limits.tasks_allowed or ()]
    return [*(limits.sentence(name) for name in limits.bounding), *tasks, *limits.conditions]


def limit_layer(limits: Limits, *, decision: str, citation: str, verified: bool = True) -> LimitLayer:
    """Make of the limits the layer in which `authority.assess` hears the governor's decision.

    `verified` is false for limits that a source reports and nobody here has read in the decision.
    """
    named = (
        "tasks_allowed",
        "tasks_barred",
        "contact",
        "places",
        "effective_from",
        "effective_to",
        "volunteers_only",
    )
    return LimitLayer(
        name="governor's decision",
        basis={
            limit: Basis(
                rule=f"{decision}.{limit}", citation=citation, verified=verified, words=limits.sentence(limit)
            )
            for limit in named
        },
        effective_from=limits.effective_from,
        effective_to=limits.effective_to,
        tasks_allowed=limits.tasks_allowed,
        tasks_barred=limits.tasks_barred,
        contact=limits.contact,
        places=limits.places,
        volunteers_only=limits.volunteers_only,
    )


# --- what is in force ---------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Version:
    """One record of a decision: it is never edited, only followed by another."""

    n: int  # from 1, in the order in which they were written
    kind: VersionKind
    effective_at: datetime  # aware: from when it counts, by its own words
    known: int  # the number of the act that wrote it
    limits: Limits | None  # of an issued or amended one
    lines: tuple[JudgedLine, ...] = ()  # of the same: what was decided about each line of the request


@dataclass(frozen=True, kw_only=True)
class InForce:
    """What a decision allows at one moment, as it was known: `limits` where `why` is None.

    Outside the window, and while suspended, `limits` are still those that would apply, so that a refusal can
    quote them.
    """

    limits: Limits | None
    why: Why | None  # why nothing is in force; None: the limits are
    since: datetime | None  # when that began
    version: int | None = None  # the number of the version that set the limits
    by: int | None = None  # the number of the version that suspended or revoked it, where one did
    lines: tuple[JudgedLine, ...] = ()  # what that version says of each line of the request


def limits_at(versions: Iterable[Version], t: datetime, known_at: int) -> InForce:
    """Give what is in force at `t`, by what had been written up to the act numbered `known_at`.

    For a plan `t` is the moment at which it begins. Of two versions the one that counts from a later moment
    goes before; of two that count from the same moment, the one written later. A revocation is final.
    """
    known = [version for version in versions if version.known <= known_at and version.effective_at <= t]
    known.sort(key=lambda version: (version.effective_at, version.n))
    limiting = [version for version in known if version.limits is not None]
    if not limiting:
        return InForce(limits=None, why="not_issued", since=None)
    limits, n, lines = limiting[-1].limits, limiting[-1].n, limiting[-1].lines
    assert limits is not None
    found = InForce(limits=limits, why=None, since=limiting[-1].effective_at, version=n, lines=lines)
    standing = [version for version in known if version.kind != "amended"]
    revoked = next((version for version in standing if version.kind == "revoked"), None)
    if revoked is not None:
        return replace(found, why="revoked", since=revoked.effective_at, by=revoked.n)
    if limits.ends_at is not None and t >= limits.ends_at:
        return replace(found, why="expired", since=limits.ends_at)
    if standing and standing[-1].kind == "suspended":
        latest = standing[-1]
        return replace(found, why="suspended", since=latest.effective_at, by=latest.n)
    if limits.begins_at is not None and t < limits.begins_at:
        return replace(found, why="not_yet", since=None)
    return found


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of a plan's window, `ends_at` not included, in which the same version is in force."""

    begins_at: datetime
    ends_at: datetime
    in_force: InForce


def stretches(versions: Sequence[Version], begins_at: datetime, ends_at: datetime) -> list[Stretch]:
    """The window of a plan, parted where a version of its decision takes effect: a plan fits what is in force all along.

    `versions` are all that are known when the plan is made. There is one stretch at least, also where the window is empty.
    """
    turns = {version.effective_at for version in versions if begins_at < version.effective_at < ends_at}
    begins = [begins_at, *sorted(turns)]
    return [
        Stretch(
            begins_at=first, ends_at=end, in_force=limits_at(versions, first, max(v.known for v in versions))
        )
        for first, end in zip(begins, [*begins[1:], ends_at], strict=True)
    ]


# --- drawing on the limits ----------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What one task takes of a decision's limits, from `begins_at` up to but not including `ends_at`."""

    task: str
    place: str
    people: Quantity
    vehicles: Quantity
    begins_at: datetime  # aware
    ends_at: datetime
    contact: Contact
    armed: Arms = "none"
    volunteers: bool = False  # only volunteers are used for it


class Refusal(MusterError):
    """A plan outside the decision: what stopped it, in the decision's sentence, and who can change it."""

    def __init__(self, *, limit: str, sentence: str, what: str) -> None:
        self.limit, self.sentence, self.what = limit, sentence, what
        quoted = f' The decision says: "{sentence}"' if sentence else ""
        super().__init__(f"Refused: {what}{quoted} {WHO_CAN_CHANGE_IT}")


class EndsBeforeItBegins(MusterError):
    """The window of the plan is empty."""

    code = "decisions.ends_before_it_begins"

    def __init__(self, *, begins_at: datetime, ends_at: datetime) -> None:
        self.begins_at, self.ends_at = begins_at, ends_at
        super().__init__(
            f"The task ends at {ends_at}, not after it begins at {begins_at}. Correct one of the two."
        )


class NothingInForce(Refusal):
    """No decision allows anything at that moment: none was issued, or it is suspended or revoked."""

    code = "decisions.nothing_in_force"


class OutsideWindow(Refusal):
    """The plan begins before the decision's first day or ends after its last."""

    code = "decisions.outside_window"


class RefusedLine(Refusal):
    """Only refused lines of the request ask for the task."""

    code = "decisions.refused_line"


class OutsideLine(Refusal):
    """The lines that ask for the task are allowed with a limit, and the plan is outside it."""

    code = "decisions.outside_line"


class BarredTask(Refusal):
    """The decision bars this task category by name."""

    code = "decisions.barred_task"


class OutsideTasks(Refusal):
    """The task category is not among those that the decision allows."""

    code = "decisions.outside_tasks"


class OutsidePlaces(Refusal):
    """The place is not among those that the decision names."""

    code = "decisions.outside_places"


class ContactNotAllowed(Refusal):
    """The plan brings more contact with persons in custody than the decision allows."""

    code = "decisions.contact_not_allowed"


class ArmsNotAllowed(Refusal):
    """The plan brings more arms than the decision allows."""

    code = "decisions.arms_not_allowed"


class VolunteersOnly(Refusal):
    """The decision allows volunteers only, and the plan does not say that it uses only them."""

    code = "decisions.volunteers_only"


class NumberNeeded(Refusal):
    """An open number cannot be counted against a limit."""

    code = "decisions.number_needed"


class OverPeople(Refusal):
    """At some moment more people would be tasked than the decision allows: in all, by task or by place."""

    code = "decisions.over_people"

    def __init__(self, *, limit: str, sentence: str, what: str, peak: int, most: int) -> None:
        self.peak, self.most = peak, most
        super().__init__(limit=limit, sentence=sentence, what=what)


class OverVehicles(Refusal):
    """At some moment of the plan more vehicles would be tasked than the decision allows."""

    code = "decisions.over_vehicles"

    def __init__(self, *, limit: str, sentence: str, what: str, peak: int, most: int) -> None:
        self.peak, self.most = peak, most
        super().__init__(limit=limit, sentence=sentence, what=what)


class OverCostCap(Refusal):
    """With the plan the costs under the decision would come to more than it allows."""

    code = "decisions.over_cost_cap"

    def __init__(self, *, sentence: str, what: str, used_cents: int, cap_cents: int) -> None:
        self.used_cents, self.cap_cents = used_cents, cap_cents
        super().__init__(limit="cost_cap_usd", sentence=sentence, what=what)


def check_cost(limits: Limits, *, used_cents: int, new_cents: int | None) -> None:
    """Check that a plan's cost fits the cap beside what is used already: a total over all of the decision's time.

    `new_cents` is the most that the plan can cost; None where nobody has said. Without a cap anything fits.

    Raises NumberNeeded, OverCostCap.
    """
    if limits.cost_cap_usd is None:
        return
    cap, sentence = limits.cost_cap_usd * 100, limits.sentence("cost_cap_usd")
    if new_cents is None:
        what = "the plan states no amount that it can cost at most. Give a number before it is planned."
        raise NumberNeeded(limit="cost_cap_usd", sentence=sentence, what=what)
    if used_cents + new_cents > cap:
        over = used_cents + new_cents - cap
        what = (
            f"with {usd(new_cents)} more the costs under the decision would come to {usd(used_cents + new_cents)}, "
            f"{usd(over)} more than the {usd(cap)} allowed."
        )
        raise OverCostCap(sentence=sentence, what=what, used_cents=used_cents, cap_cents=cap)


class OverPersonDays(Refusal):
    """Over the whole time more person-days would be tasked than the decision allows."""

    code = "decisions.over_person_days"

    def __init__(self, *, sentence: str, total: int, most: int) -> None:
        self.total, self.most = total, most
        over = f"{total - most:,} more than the {most:,} allowed"
        what = f"it would bring the whole to {total:,} person-days, {over}."
        super().__init__(limit="person_days_max", sentence=sentence, what=what)


def check_draw(in_force: InForce, draws: Sequence[Draw], new: Draw) -> None:
    """Check that a new draw fits the limits beside those that stand already.

    `in_force` is `limits_at` the moment the draw begins. A draw counts the high end of its quantity.

    Raises in this order: EndsBeforeItBegins; NothingInForce; OutsideWindow; RefusedLine; OutsideLine; BarredTask;
    OutsideTasks; OutsidePlaces; ContactNotAllowed; ArmsNotAllowed; VolunteersOnly; NumberNeeded; OverPeople in all, then by
    task, then by place; OverVehicles; OverPersonDays.
    """
    if new.ends_at <= new.begins_at:
        raise EndsBeforeItBegins(begins_at=new.begins_at, ends_at=new.ends_at)
    limits = in_force.limits
    if limits is None or in_force.why in ("not_issued", "suspended", "revoked"):
        raise NothingInForce(limit="in_force", sentence="", what=why_nothing(in_force))
    _check_window(limits, new)
    check_lines(in_force, new)
    _check_kind(limits, new)
    _check_numbers(limits, draws, new)
    check_person_days(limits, draws, new)


def check_beginning(in_force: InForce, draw: Draw) -> None:
    """Check that something new may begin under a task that was ordered before, at the moment that `in_force` is for.

    What it draws is counted already; whether its kind is allowed may have changed since.

    Raises NothingInForce, and of `check_draw` what is about the kind.
    """
    if in_force.limits is None or in_force.why is not None:
        why = str(in_force.why).replace("_", " ")
        what = f"the decision is {why} at that moment, and nothing new begins then."
        raise NothingInForce(limit="in_force", sentence="", what=what)
    check_lines(in_force, draw)
    _check_kind(in_force.limits, draw)


def check_lines(in_force: InForce, new: Draw) -> None:
    """Check that a line of the request that is not refused asks for the task, and that it fits the limit of one that does.

    A task that no line asks for, or only lines that the limits leave out, is for the other limits to judge.

    Raises RefusedLine, OutsideLine.
    """
    found = asking(in_force.lines, new.task, new.place)
    allowed = [line for line in found if line.is_allowed]
    if not found or in_force.limits is None:
        return
    if not allowed:
        said = next((line for line in found if line.words), None)
        if said is not None:
            what = f"line {said.n} of the request, which asks for {new.task}, is refused."
            raise RefusedLine(limit="lines", sentence=said.sentence, what=what)
        return
    if not any(_fits_line(line, new, in_force.limits.zone) for line in allowed):
        what = f"line {allowed[0].n} of the request is allowed with a limit, and the task is outside it."
        raise OutsideLine(limit="lines", sentence=allowed[0].sentence, what=what)


def _fits_line(line: JudgedLine, new: Draw, zone: str) -> bool:
    begins = line.effective_from is None or new.begins_at >= _midnight(line.effective_from, zone)
    ends = line.effective_to is None or new.ends_at <= _midnight(line.effective_to + timedelta(days=1), zone)
    hours = is_within_hours(line, new.begins_at, new.ends_at, zone)
    return begins and ends and hours and is_at(line, new.place)


def check_person_days(limits: Limits, draws: Sequence[Draw], new: Draw) -> None:
    """Check that the total over the whole time fits beside what was drawn at any time. Raises OverPersonDays.

    A task whose window parts where the decision was amended counts whole under each part.
    """
    total = sum(person_days(draw, limits.zone) for draw in (*draws, new))
    if limits.person_days_max is not None and total > limits.person_days_max:
        raise OverPersonDays(
            sentence=limits.sentence("person_days_max"), total=total, most=limits.person_days_max
        )


def person_days(draw: Draw, zone: str) -> int:
    """The high end of its people times the days of `zone` on which it lasts; a day begun counts whole."""
    if draw.ends_at <= draw.begins_at:
        return 0
    first = draw.begins_at.astimezone(ZoneInfo(zone)).date()
    latest = (draw.ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    return (draw.people.high_end or 0) * ((latest - first).days + 1)


def person_days_begun(draw: Draw, zone: str, at: datetime) -> int:
    """The same up to `at`, the day of that moment included."""
    if at < draw.begins_at:
        return 0
    return person_days(replace(draw, ends_at=min(draw.ends_at, at + timedelta(microseconds=1))), zone)


def _check_window(limits: Limits, new: Draw) -> None:
    if limits.begins_at is not None and new.begins_at < limits.begins_at:
        what = f"the task begins before {limits.effective_from}."
        raise OutsideWindow(limit="effective_from", sentence=limits.sentence("effective_from"), what=what)
    if limits.ends_at is not None and new.ends_at > limits.ends_at:
        what = f"the task ends after {limits.effective_to}."
        raise OutsideWindow(limit="effective_to", sentence=limits.sentence("effective_to"), what=what)


def _check_kind(limits: Limits, new: Draw) -> None:
    """What is done, where, and by whom: everything but the numbers."""
    task = f"{new.task} ({TASKS[new.task].name.lower()})"
    if new.task in limits.tasks_barred:
        sentence = limits.sentence("tasks_barred")
        raise BarredTask(limit="tasks_barred", sentence=sentence, what=f"{task} is barred.")
    if limits.tasks_allowed is not None and new.task not in limits.tasks_allowed:
        sentence = limits.sentence("tasks_allowed")
        raise OutsideTasks(
            limit="tasks_allowed", sentence=sentence, what=f"{task} is not among the tasks allowed."
        )
    if limits.places and new.place not in limits.places:
        sentence = limits.sentence("places")
        raise OutsidePlaces(
            limit="places", sentence=sentence, what=f"{new.place} is not among the places named."
        )
    contact = contact_of(new.task, new.contact) or "direct"
    if limits.contact is not None and CONTACTS.index(contact) > CONTACTS.index(limits.contact):
        what = f"{task} brings {contact} contact with persons in custody."
        raise ContactNotAllowed(limit="contact", sentence=limits.sentence("contact"), what=what)
    if ARMS.index(new.armed) > ARMS.index(limits.armed):
        raise ArmsNotAllowed(
            limit="armed", sentence=limits.sentence("armed"), what=f"the task is armed ({new.armed})."
        )
    if limits.volunteers_only and not new.volunteers:
        what = "the task does not say that only volunteers are used."
        raise VolunteersOnly(limit="volunteers_only", sentence=limits.sentence("volunteers_only"), what=what)


def _check_numbers(limits: Limits, draws: Sequence[Draw], new: Draw) -> None:
    for name, quantity in (("people", new.people), ("vehicles", new.vehicles)):
        if quantity.high_end is None:
            what = f"the task says {quantity.said} for {name}. Give a number before it is tasked."
            raise NumberNeeded(limit=f"{name}_max", sentence="", what=what)
    alike = [draw for draw in draws if draw.task == new.task]
    beside = [draw for draw in draws if draw.place == new.place]
    for limit, most, others, where in (
        ("people_max", limits.people_max, draws, "in all"),
        ("people_max_by_task", limits.people_max_by_task.get(new.task), alike, f"on {new.task}"),
        ("people_max_by_place", limits.people_max_by_place.get(new.place), beside, f"at {new.place}"),
    ):
        peak = peak_of((*others, new), new, "people")
        if most is not None and peak > most:
            over = f"{peak - most} more than the {most} allowed"
            what = f"it would bring {peak} people {where} at one moment, {over}."
            raise OverPeople(limit=limit, sentence=limits.sentence(limit), what=what, peak=peak, most=most)
    peak = peak_of((*draws, new), new, "vehicles")
    if limits.vehicles_max is not None and peak > limits.vehicles_max:
        most = limits.vehicles_max
        what = f"it would bring {peak} vehicles at one moment, {peak - most} more than the {most} allowed."
        raise OverVehicles(
            limit="vehicles_max", sentence=limits.sentence("vehicles_max"), what=what, peak=peak, most=most
        )


def peak_of(draws: Sequence[Draw], window: Draw, of: Literal["people", "vehicles"]) -> int:
    """The largest number drawn at any one moment of the window, ends of draws not included."""
    return peak_between(draws, of, window.begins_at, window.ends_at)


def peak_between(
    draws: Sequence[Draw], of: Literal["people", "vehicles"], begins_at: datetime, ends_at: datetime | None
) -> int:
    """The peak from `begins_at` up to but not including `ends_at`; None: for good. It is reached at once, or where some draw begins."""
    moments = {max(draw.begins_at, begins_at) for draw in draws}
    return max(
        (total_at(draws, of, moment) for moment in moments if ends_at is None or moment < ends_at), default=0
    )


def total_at(draws: Sequence[Draw], of: Literal["people", "vehicles"], at: datetime) -> int:
    """What is drawn at one moment: high ends, and no draw that ends at that very moment."""
    return sum(getattr(draw, of).high_end or 0 for draw in draws if draw.begins_at <= at < draw.ends_at)


def why_nothing(in_force: InForce) -> str:
    """Why nothing is in force, in words."""
    since = f" since {in_force.since:%Y-%m-%d %H:%M %Z}" if in_force.since else ""
    return {
        "suspended": f"the decision is suspended{since}.",
        "revoked": f"the decision is revoked{since}.",
    }.get(in_force.why or "", "no decision is in force at that moment.")


# --- reading ------------------------------------------------------------------------


def _numbers(read: Fields, *, tasks: bool = False) -> Mapping[str, int]:
    numbers: dict[str, int] = {}
    for name in read.data:
        number = read.number(name)
        if tasks and name not in TASKS:
            read.unknown_task(name, name)
        elif number is not None:
            numbers[name] = number
    return MappingProxyType(numbers)


def _sentences(read: Fields) -> Mapping[str, str]:
    said = {limit: read.text(limit, needed=False, longest=LONGEST_WORDS) for limit in SENTENCES}
    read.no_more()
    return MappingProxyType({limit: words for limit, words in said.items() if words})


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _listed(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} for {name}" for name, number in numbers.items())
