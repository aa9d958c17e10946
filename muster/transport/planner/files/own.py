"""Muster's own problems, as TOML or JSON: places, moves and vehicles by their codes, and how far apart they are.

docs/how-to/plan-transport.md describes every field.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from muster.authority.packs.mechanics import read_tables
from muster.core.errors import Fault, FaultyFile, FaultyInput
from muster.core.files import Malformed, read_data
from muster.core.reading import Fields
from muster.transport.planner import distances, limits, osrm
from muster.transport.planner.files.jsonlines import lines_by_path
from muster.transport.planner.files.lines import MOST, MOST_VEHICLES
from muster.transport.planner.files.matrices import of_rows, read_matrix
from muster.transport.planner.problem import (
    Apart,
    Breaks,
    First,
    How,
    Move,
    Place,
    Problem,
    Stop,
    Together,
    Travel,
    Vehicle,
    Window,
)

DAY_MIN = 1440.0
SEATS = "seats"
CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
LONGEST_HOURS = 72  # 25:30 is half past one of the next day
LUGGAGE = "luggage"  # the one kind of load that is not of persons
NO_AGENTS = "TRN-20 allows 6 persons for each agent, and {code} does not say how many ride. Write agents, in each unit; 0 carries nobody."
SPENT = "No driving is left of the hours of {rules} for {code}. Name other drivers, or leave the vehicle out."


def read_own(text: str, *, name: str, folder: Path) -> Problem:
    """Read a problem; files that it names lie in `folder`. Raises FaultyFile with every fault, and osrm.NotAnswering."""
    if text.lstrip().startswith("{"):
        try:
            data = read_data(text)
        except Malformed as fault:
            raise FaultyFile([Fault(fault.row, None, "transport.malformed", str(fault))]) from None
        lines = lines_by_path(text)
        read = Fields(data, step="transport", locate=lambda path: _nearest(lines, path))
    else:
        read = read_tables(text, step="transport")
    return problem_of(read, name=name, folder=folder)


def _nearest(lines: Mapping[str, int], path: str) -> int | None:
    """The line of a value, or of the table in which it is missing."""
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return lines.get(path)


def problem_of(read: Fields, *, name: str, folder: Path) -> Problem:
    """The problem that tables of fields state. Raises FaultyFile with every fault, and osrm.NotAnswering."""
    reading = _Reading(read)
    problem = reading.problem(name, folder)
    if read.faults:
        raise FaultyFile(sorted(read.faults, key=lambda fault: fault.row or 0))
    assert problem is not None
    return problem


def decimal(
    read: Fields, name: str, *, least: float = 0, most: float = MOST, needed: bool = False
) -> float | None:
    """A number with or without decimals; None where it is absent or at fault."""
    value = read.take(name, needed=needed)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        read.fault(name, "not_a_number", f"{read.path}{name} must be a number.")
        return None
    if value < least or value > most:
        code = "negative" if least == 0 and value < 0 else "out_of_range"
        read.fault(name, code, f"{read.path}{name} is {value:g}; it must lie from {least:,g} to {most:,g}.")
        return None
    return float(value)


@dataclass
class _Reading:
    """One problem while it is read."""

    read: Fields
    kinds: tuple[str, ...] = ()
    index: dict[str, int] = field(default_factory=dict)  # of places, by code
    places: list[Place] = field(default_factory=list)
    starts_at: datetime | None = None
    rules: dict[str, limits.PlanningRule] = field(default_factory=dict)
    named: tuple[str, ...] = ()  # rules that hold for the whole problem
    agents: dict[str, int] = field(
        default_factory=dict
    )  # in each unit of the vehicles that are held to TRN-20
    persons: dict[str, int] = field(default_factory=dict)  # by move

    def problem(self, name: str, folder: Path) -> Problem | None:
        read = self.read
        title = read.text("name", needed=False) or name
        self.starts_at = self._starts_at()
        first = read.one_of("first", list(First), default=First.COST)
        self.kinds = read.texts("kinds") or (SEATS,)
        self.named = self._rules(read, "rules")
        travelling = read.table("travel")
        self._places(on_a_plane="plane" in travelling.data)
        vehicles = self._vehicles()
        moves, groups = self._moves(vehicles)
        codes = {move.code for move in moves}
        together = [
            Together(self._known(table, "moves", codes), How(table.one_of("how", ("vehicle", "convoy"), default="vehicle") or "vehicle"))
            for table in _closed(read, "together")
        ]  # fmt: skip
        apart = [self._apart(table, codes) for table in _closed(read, "apart")]
        if groups and self._holds(limits.SEPARATION):
            apart += limits.kept_apart(groups, together)
        self._check_together(together, apart)
        if limits.RATIO in self.rules:
            moves, vehicles = self._counting_persons(moves, vehicles)
        self._check_room(moves, vehicles)
        travel = self._travel(travelling, folder)
        read.no_more()
        if read.faults or travel is None:
            return None
        return Problem(
            name=title, kinds=self.kinds, places=tuple(self.places), moves=tuple(moves), vehicles=tuple(vehicles),
            travel=travel, together=tuple(together), apart=tuple(apart), first=First(first), starts_at=self.starts_at,
            rules={id_: rule.to_json() for id_, rule in self.rules.items()},
        )  # fmt: skip

    def _starts_at(self) -> datetime | None:
        zone = self.read.text("zone", needed=False)
        value = self.read.take("starts_at")
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(value)
        where = None
        if zone:
            try:
                where = ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                why = f"{zone[:40]!r} is no time zone. Write one such as America/Chicago."
                self.read.fault("zone", "unknown_zone", why)
                return None
        if value is None:
            return None
        if not isinstance(value, datetime) or (value.tzinfo is None and where is None):
            why = "starts_at must be a time with its offset, such as 2026-12-04T06:00:00-06:00, or with a zone beside it."
            self.read.fault("starts_at", "bad_moment", why)
            return None
        if where is None:
            return value
        return value.replace(tzinfo=where) if value.tzinfo is None else value.astimezone(where)

    # --- time -----------------------------------------------------------------------

    def minutes(self, read: Fields, name: str) -> float | None:
        """Minutes from the problem's zero: from a number, a clock time such as 07:30, or a moment. None where absent or at fault."""
        value = read.take(name)
        if value is None:
            return None
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and abs(value) <= MOST
        ):
            return float(value)  # fmt: skip
        if isinstance(value, time):
            value = f"{value:%H:%M:%S}"
        if isinstance(value, str):
            clock = CLOCK.fullmatch(value.strip())
            if clock and int(clock[1]) < LONGEST_HOURS:
                return self._since_midnight(int(clock[1]) * 60 + int(clock[2]) + int(clock[3] or 0) / 60)
            with suppress(ValueError):
                value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime) and self.starts_at is not None:
            moment = value if value.tzinfo else value.replace(tzinfo=self.starts_at.tzinfo)
            return (moment - self.starts_at.astimezone(moment.tzinfo)) / timedelta(minutes=1)
        why = (
            f"{read.path}{name} must be minutes from the beginning, a time such as 07:30, or, where the problem has "
            "starts_at, a moment such as 2026-12-04T07:30:00-06:00."
        )
        read.fault(name, "bad_time", why)
        return None

    def _since_midnight(self, minutes: float) -> float:
        if self.starts_at is None:
            return minutes
        return minutes - self.starts_at.hour * 60 - self.starts_at.minute - self.starts_at.second / 60

    def window(self, read: Fields, whole: Window, names: tuple[str, str] = ("earliest", "latest")) -> Window:
        """A window; an end that is absent is that of `whole`."""
        earliest, latest = (self.minutes(read, name) for name in names)
        earliest = whole.earliest if earliest is None else earliest
        latest = whole.latest if latest is None else latest
        if latest < earliest:
            why = f"{read.path.rstrip('.')} closes at minute {latest:g}, before it opens at minute {earliest:g}. Correct one of the two."
            read.fault(names[1], "closes_before_it_opens", why)
            return whole
        return Window(earliest, latest)

    # --- places, vehicles, moves ----------------------------------------------------

    def _places(self, *, on_a_plane: bool) -> None:
        for table in _closed(self.read, "places"):
            code = table.text("code", longest=60)
            names, bounds = (
                (("x", "y"), (MOST, MOST)) if on_a_plane else (("latitude", "longitude"), (90.0, 180.0))
            )
            at = [self._coordinate(table, name, bound) for name, bound in zip(names, bounds, strict=True)]
            if code in self.index:
                table.fault("code", "given_twice", f"There are two places {code}. Give one another code.")
            elif code:
                self.index[code] = len(self.places)
                self.places.append(Place(code=code, **dict(zip(names, at, strict=True))))
        if not self.places and not self.read.faults:
            self.read.fault("places", "missing", "There are no places. Add at least one, with its code.")

    def _coordinate(self, table: Fields, name: str, bound: float) -> float | None:
        value = decimal(table, name, least=-MOST)
        if value is not None and abs(value) > bound:
            why = f"{value:g} as {name} is off the globe. Write degrees from -{bound:g} to {bound:g}."
            table.fault(name, "off_the_globe", why)
            return None
        return value

    def _place(self, table: Fields, name: str, *, default: int | None = None) -> int:
        """The index of the place that a field names; `default` where it names none."""
        code = table.text(name, needed=default is None, longest=60)
        if not code and default is not None:
            return default
        if code and code not in self.index:
            table.fault(
                name, "unknown_place", f"There is no place {code[:60]!r}. Add it, or correct the code."
            )
        return self.index.get(code, 0)

    def _load(self, table: Fields, name: str, *, default: int | None) -> tuple[int, ...]:
        """A number for each kind: of the first kind alone, or a table by kind."""
        value = table.take(name, needed=default is None)
        if isinstance(value, Mapping):
            inner = table.inner(value, f"{table.path}{name}.")
            amounts = tuple(self._amount(inner, kind, 0) for kind in self.kinds)
            inner.no_more()
            return amounts
        return (self._amount(table, name, default or 0), *[0] * (len(self.kinds) - 1))

    def _amount(self, table: Fields, name: str, default: int) -> int:
        value = table.data.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            table.take(name)
            table.fault(
                name, "negative_load", f"{table.path}{name} is {value}; nobody takes less than no room."
            )
            return 0
        amount = table.number(name)
        return default if amount is None else amount

    def _vehicles(self) -> list[Vehicle]:
        found: list[Vehicle] = []
        codes: set[str] = set()
        for table in _closed(self.read, "vehicles"):
            one, count, agents = self._vehicle(table)
            for code in [one.code] if count == 1 else [f"{one.code}-{n}" for n in range(1, count + 1)]:
                if code in codes:
                    table.fault(
                        "code", "given_twice", f"There are two vehicles {code}. Give one another code."
                    )
                codes.add(code)
                found.append(replace(one, code=code))
                if agents is not None:
                    self.agents[code] = agents
        if not found:
            self.read.fault("vehicles", "no_vehicles", "There are 0 vehicles. Add at least one.")
        return found

    def _vehicle(self, table: Fields) -> tuple[Vehicle, int, int | None]:
        """A vehicle, how many there are of it, and how many agents ride in each unit where TRN-20 counts them."""
        code = table.text("code", longest=60)
        count = table.number("count", most=MOST_VEHICLES)
        start = self._place(table, "start")
        units = table.number("units", least=1, most=MOST_VEHICLES) or 1
        rested = table.table("breaks")
        breaks = self._breaks(rested) if rested.data else None
        spent = {
            name: decimal(table, name) or 0.0
            for name in ("driven_before_min", "on_duty_before_min", "week_before_min")
        }
        drivers = table.number("drivers", least=1, most=4) or 1
        names = dict.fromkeys((*self.named, *self._rules(table, "rules")))
        left = limits.drivers_left(
            [self.rules[name] for name in names], drivers=drivers, driven_min=spent["driven_before_min"],
            on_duty_min=spent["on_duty_before_min"], week_min=spent["week_before_min"],
        )  # fmt: skip
        if (
            min((value for value in (left.driving_min, left.duration_min) if value is not None), default=1)
            <= 0
        ):
            table.fault("driven_before_min", "hours_spent", SPENT.format(rules=", ".join(names), code=code))
        agents = table.number("agents")
        if limits.RATIO in names and "agents" not in table.data:
            table.fault("agents", "missing", NO_AGENTS.format(code=code))
        driving, duration = decimal(table, "max_driving_min"), decimal(table, "max_duration_min")
        vehicle = Vehicle(
            code=code,
            start=start,
            end=self._place(table, "end", default=start),
            window=self.window(table, Window(0.0, DAY_MIN)),
            capacity=self._load(table, "capacity", default=None),
            max_duration_min=_least(duration, left.duration_min),
            max_driving_min=_least(driving, left.driving_min),
            breaks=breaks or left.breaks,
            fixed_cost=decimal(table, "fixed_cost") or 0,
            cost_per_distance=_else(decimal(table, "cost_per_km"), 1),
            cost_per_driving_hour=decimal(table, "cost_per_driving_hour") or 0,
            offers=frozenset((*table.texts("offers"), *self._crew(table))),
            units=units,
        )
        return vehicle, 1 if count is None else count, agents if limits.RATIO in names else None

    def _breaks(self, table: Fields) -> Breaks | None:
        after, length = (
            decimal(table, name, least=1, needed=True) for name in ("after_driving_min", "length_min")
        )
        table.no_more()
        return Breaks(after_driving_min=after, length_min=length) if after and length else None

    def _crew(self, table: Fields) -> Iterator[str]:
        """What the rules on crews let this vehicle carry."""
        officers, licensed = table.texts("officers"), table.number("licensed_officers")
        is_bus = table.flag("bus")
        if self._holds(limits.BUS_CREW) and (not is_bus or (licensed or 0) >= 2):
            yield limits.BUS_CREW
        if self._holds(limits.SINGLE_OFFICER):
            groups = self._separation_groups() if len(officers) >= 2 else officers
            yield from (f"{limits.SINGLE_OFFICER} {group}" for group in groups)

    def _separation_groups(self) -> list[str]:
        moves = self.read.data.get("moves")
        stated = [move.get("separation_group") for move in moves or () if isinstance(move, Mapping)]
        return [group for group in dict.fromkeys(stated) if isinstance(group, str)]

    def _moves(self, vehicles: Sequence[Vehicle]) -> tuple[list[Move], dict[str, list[str]]]:
        """The moves, and those of each separation group."""
        whole = Window(
            min((vehicle.window.earliest for vehicle in vehicles), default=0.0),
            max((vehicle.window.latest for vehicle in vehicles), default=DAY_MIN),
        )
        found: list[Move] = []
        codes: set[str] = set()
        groups: dict[str, list[str]] = {}
        for table in _closed(self.read, "moves"):
            group = table.text("separation_group", needed=False, longest=60)
            move = self._move(table, whole, group)
            if move.code in codes:
                table.fault("code", "given_twice", f"There are two moves {move.code}. Give one another code.")
            codes.add(move.code)
            found.append(move)
            if group:
                groups.setdefault(group, []).append(move.code)
        if not found and not self.read.faults:
            self.read.fault("moves", "no_moves", "Nobody is to be moved. Add at least one move.")
        return found, groups

    def _move(self, table: Fields, whole: Window, group: str) -> Move:
        code = table.text("code", longest=60)
        before = len(table.faults)
        load = self._load(table, "load", default=1)
        if not any(load) and "load" in table.data and before == len(table.faults):
            table.fault(
                "load", "no_load", f"{table.path}load takes no room. It must be at least 1 of some kind."
            )
        persons = table.number("persons")
        taking = sum(amount for kind, amount in zip(self.kinds, load, strict=True) if kind != LUGGAGE)
        self.persons[code] = max(1, taking) if persons is None else persons
        needs = set(table.texts("needs"))
        if self._holds(limits.BUS_CREW):
            needs.add(limits.BUS_CREW)
        if group and self._holds(limits.SINGLE_OFFICER):
            needs.add(f"{limits.SINGLE_OFFICER} {group}")
        return Move(
            code=code,
            pickup=self._stop(table, "pickup", self._place(table, "from"), whole),
            delivery=self._stop(table, "delivery", self._place(table, "to"), whole),
            load=load if any(load) else (1, *load[1:]),
            max_ride_min=decimal(table, "max_ride_min"),
            priority=table.number("priority"),
            needs=frozenset(needs),
        )

    def _stop(self, table: Fields, name: str, place: int, whole: Window) -> Stop:
        inner = table.table(name)
        stop = Stop(
            place=place, window=self.window(inner, whole), service_min=decimal(inner, "service_min") or 0
        )
        inner.no_more()
        return stop

    # --- rules ----------------------------------------------------------------------

    def _rules(self, table: Fields, name: str) -> tuple[str, ...]:
        ids = table.texts(name)
        known = limits.known_rules() if ids else {}
        for id_ in ids:
            if id_ not in known:
                why = f"{id_[:40]!r} is no rule that a plan can be held to. Write some of: {', '.join(sorted(known))}."
                table.fault(name, "unknown_rule", why)
        found = tuple(id_ for id_ in ids if id_ in known)
        self.rules.update({id_: known[id_] for id_ in found})
        return found

    def _holds(self, rule: str) -> bool:
        return rule in self.named

    def _known(self, table: Fields, name: str, codes: set[str]) -> tuple[str, ...]:
        found = table.texts(name)
        if not found:
            table.fault(name, "missing", f"{table.path}{name} is missing. Name the moves by their codes.")
        for code in found:
            if code not in codes:
                table.fault(
                    name, "unknown_move", f"There is no move {code[:60]!r}. Add it, or correct the code."
                )
        for code, times in Counter(found).items():
            if times > 1:
                table.fault(
                    name,
                    "given_twice",
                    f"{code[:60]!r} stands {times} times in {table.path}{name}. Keep one.",
                )
        return found

    def _apart(self, table: Fields, codes: set[str]) -> Apart:
        how = table.one_of("how", ("aboard", "vehicle"), default="aboard")
        rule = table.text("rule", needed=False, longest=60)
        these, those = (self._known(table, name, codes) for name in ("these", "those"))
        return Apart(these, those, How(how) if how in list(How) else How.ABOARD, rule)

    def _counting_persons(
        self, moves: Sequence[Move], vehicles: Sequence[Vehicle]
    ) -> tuple[list[Move], list[Vehicle]]:
        """The same with persons as one more kind of load, of which a vehicle that is held to TRN-20 has room for six an agent."""
        self.kinds = (*self.kinds, limits.PERSONS)
        everybody = sum(self.persons.values())
        room = {code: limits.PERSONS_PER_AGENT * agents for code, agents in self.agents.items()}
        return (
            [replace(move, load=(*move.load, self.persons[move.code])) for move in moves],
            [
                replace(vehicle, capacity=(*vehicle.capacity, room.get(vehicle.code, everybody)))
                for vehicle in vehicles
            ],
        )

    def _check_together(self, together: Sequence[Together], apart: Sequence[Apart]) -> None:
        """Note moves that would have to ride with one another and apart."""
        with_whom = _ridden_together(together)
        for number, each in enumerate(apart, start=1):
            those = set(each.those)
            for code in each.these:
                clash = sorted(with_whom.get(code, {code}) & those)
                if not clash:
                    continue
                why = (
                    f"{code} is to ride apart from {clash[0]}, and with it as well. Take one of the two out."
                )
                if clash[0] == code:
                    why = f"{code} is to ride apart from itself. Take it out of one of the two sets."
                self.read.fault(f"apart[{number}]", "together_and_apart", why)
                break

    def _check_room(self, moves: Sequence[Move], vehicles: Sequence[Vehicle]) -> None:
        """Note moves that no vehicle can take, whatever the route."""
        if not vehicles:
            return
        kinds = {(vehicle.room, vehicle.offers) for vehicle in vehicles}
        for number, move in enumerate(moves, start=1):
            if any(_fits(move, room) and move.needs <= offers for room, offers in kinds):
                continue
            needs = f", and {', '.join(sorted(move.needs))}" if move.needs else ""
            load = ", ".join(
                f"{amount} {kind}" for amount, kind in zip(move.load, self.kinds, strict=True) if amount
            )
            why = f"{move.code} fits in no vehicle: it needs {load}{needs}. Add a vehicle that has it, or split the move."
            self.read.fault(f"moves[{number}].load", "fits_no_vehicle", why)

    # --- distances ------------------------------------------------------------------

    def _travel(self, read: Fields, folder: Path) -> Travel | None:
        """Minutes and distances in the way that the table `travel` names, with its single legs; the great circle without one."""
        ways = [name for name in ("great_circle", "plane", "matrix", "osrm") if name in read.data]
        if len(ways) > 1:
            why = f"travel has {' and '.join(ways)}. Keep one way to reckon distances."
            read.fault(ways[1], "two_ways", why)
        way = ways[0] if ways else "great_circle"
        inner = read.table(way)
        for other in ways[1:]:
            read.take(other)
        legs = [self._leg(table) for table in read.tables("legs")]
        read.no_more()
        travel = self._by(way, inner, folder)
        inner.no_more()
        if travel is None or read.faults:
            return None
        travel = distances.overridden(travel, [leg for each in legs for leg in each])
        for a, b in np.argwhere(~np.isfinite(travel.time_min)):
            here, there = self.places[a].code, self.places[b].code
            why = f"The leg from {here} to {there} is closed and no other way is left. State its minutes."
            read.fault("legs", "no_road", why)
        return travel

    def _by(self, way: str, read: Fields, folder: Path) -> Travel | None:
        if way == "matrix":
            return self._matrix(read, folder)
        for number, place in enumerate(self.places, start=1):
            names = ("x", "y") if way == "plane" else ("latitude", "longitude")
            for name in names:
                if getattr(place, name) is None and not self.read.faults:
                    why = f"{place.code} has no {name}, which distances are reckoned from. Add it, or give a matrix."
                    self.read.inner({}, f"places[{number}].").fault(name, "missing", why)
        if way == "great_circle":
            factor = decimal(read, "factor", least=1, most=100)
            speed = decimal(read, "speed_kmh", least=1, most=1000)
            if self.read.faults:
                return None
            return distances.great_circle(
                self.places, factor=factor or distances.FACTOR, speed_kmh=speed or distances.SPEED_KMH
            )
        if way == "plane":
            return None if self.read.faults else distances.on_a_plane(self.places)
        url, profile = read.text("url"), read.text("profile", needed=False) or "driving"
        if url and not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", url):
            read.fault(
                "url", "bad_url", f"{url[:80]!r} is no address. Write one such as http://localhost:5000."
            )
        if not re.fullmatch(r"[\w-]{1,40}", profile, re.ASCII):
            read.fault(
                "profile", "bad_profile", f"{profile[:40]!r} is no profile. Write one such as driving."
            )
        if self.read.faults:
            return None
        try:
            return osrm.by_road(self.places, url=url, profile=profile)
        except FaultyInput as told:
            for fault in told.faults:
                read.fault("url", fault.code.removeprefix("transport."), fault.message)
            return None

    def _matrix(self, read: Fields, folder: Path) -> Travel | None:
        """Minutes, and kilometres where they are given; else a distance is counted in minutes."""
        codes = [place.code for place in self.places]
        found = []
        for inline, file in (("time_min", "file"), ("distance_km", "distance_file")):
            name = read.text(file, needed=inline == "time_min" and inline not in read.data)
            rows = read.take(inline)
            if name and rows is not None:
                read.fault(inline, "two_ways", f"travel.matrix has {inline} and {file}. Keep one of the two.")
            if name:
                matrix, faults = read_matrix(folder / name, codes)
                self.read.faults += faults
                found.append(matrix)
            elif rows is not None:
                found.append(of_rows(read, inline, rows, codes))
        if not found or self.read.faults:
            return None
        time_min, distance = found[0], found[-1]
        return Travel(
            time_min=time_min,
            distance=distance,
            source=read.text("file", needed=False) or "a matrix in the file",
        )

    def _leg(self, table: Fields) -> list[distances.Leg]:
        start, end = self._place(table, "from"), self._place(table, "to")
        closed, back = table.flag("closed"), table.flag("both_ways")
        time_min, km = decimal(table, "minutes"), decimal(table, "km")
        if closed == (time_min is not None):
            table.fault(
                "minutes",
                "bad_leg",
                f"{table.path.rstrip('.')} is either closed or takes minutes. Write one of the two.",
            )
        if start == end and not table.faults:
            table.fault(
                "to", "bad_leg", f"{table.path.rstrip('.')} goes from a place to itself. Name two places."
            )
        table.no_more()
        ends = [(start, end), (end, start)] if back else [(start, end)]
        return [distances.Leg(start=a, end=b, time_min=time_min, distance=km) for a, b in ends]


def _closed(read: Fields, name: str) -> Iterator[Fields]:
    """Each table of a list; when it has been read, no field of it may be left over."""
    for table in read.tables(name):
        yield table
        table.no_more()


def _ridden_together(together: Iterable[Together]) -> dict[str, set[str]]:
    """With whom each move rides, over all sets that share a move."""
    found: dict[str, set[str]] = {}
    for each in together:
        whole = set(each.moves).union(*(found.get(code, set()) for code in each.moves))
        found.update(dict.fromkeys(whole, whole))
    return found


def _fits(move: Move, room: Sequence[int]) -> bool:
    return all(amount <= most for amount, most in zip(move.load, room, strict=True))


def _least(*values: float | None) -> float | None:
    return min((value for value in values if value is not None), default=None)


def _else(value: float | None, default: float) -> float:
    return default if value is None else value
