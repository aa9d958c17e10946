"""Two tables that people keep: who is to be moved, and with which vehicles. A third may say where the places are.

Each row becomes a table of Muster's own problem (`own.py`), so that both are read by the same rules; a fault names the row
and the column of the table in which it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muster.core.csvfiles import Row, read_table
from muster.core.errors import Fault, FaultyFile
from muster.core.reading import Fields
from muster.transport.planner.files.lines import as_number
from muster.transport.planner.files.own import problem_of
from muster.transport.planner.limits import SEPARATION
from muster.transport.planner.problem import Problem

# column of the table -> field of a move or a vehicle, `.` for a table inside it
PEOPLE = {
    "person": "code", "from": "from", "to": "to",
    "pickup_from": "pickup.earliest", "pickup_until": "pickup.latest", "board_min": "pickup.service_min",
    "arrive_from": "delivery.earliest", "arrive_until": "delivery.latest", "alight_min": "delivery.service_min",
    "max_ride_min": "max_ride_min", "priority": "priority", "needs": "needs", "separation_group": "separation_group",
    "seats": "load.seats", "wheelchairs": "load.wheelchairs", "luggage": "load.luggage",
    "persons": "persons",
}  # fmt: skip
VEHICLES = {
    "vehicle": "code", "count": "count", "start": "start", "end": "end", "from": "earliest", "until": "latest",
    "seats": "capacity.seats", "wheelchairs": "capacity.wheelchairs", "luggage": "capacity.luggage",
    "max_duration_min": "max_duration_min", "max_driving_min": "max_driving_min", "fixed_cost": "fixed_cost",
    "cost_per_km": "cost_per_km", "cost_per_driving_hour": "cost_per_driving_hour", "offers": "offers", "units": "units",
    "drivers": "drivers", "agents": "agents", "rules": "rules", "driven_before_min": "driven_before_min",
    "on_duty_before_min": "on_duty_before_min", "week_before_min": "week_before_min",
}  # fmt: skip
LISTS = ("needs", "offers", "rules")
TEXTS = ("code", "from", "to", "start", "end", "separation_group")
KINDS = ("seats", "wheelchairs", "luggage")
WHERE = {"from": ("from_latitude", "from_longitude"), "to": ("to_latitude", "to_longitude"),
         "start": ("start_latitude", "start_longitude"), "end": ("end_latitude", "end_longitude")}  # fmt: skip


@dataclass
class _Source:
    """Where each field of the problem came from: the file, its row and its column."""

    at: dict[str, tuple[str, int, str]] = field(default_factory=dict)

    def fault(self, told: Fault) -> Fault:
        path = told.column or ""
        while path and path not in self.at:
            path = path.rpartition(".")[0]
        if path not in self.at:
            return told
        file, row, column = self.at[path]
        return Fault(row, f"{file}: {column or told.column}", told.code, told.message)


@dataclass
class _Places:
    """The places that the tables name, with their coordinates, and what contradicts."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add(self, code: str, at: tuple[str, str], file: str, row: int, columns: tuple[str, str]) -> None:
        """Take in the coordinates of a place; the same place twice must lie in the same spot."""
        values = []
        for text, column in zip(at, columns, strict=True):
            value = as_number(text.strip())
            if value is None:
                why = f"{text[:40]!r} as {column} is no number. Write degrees, such as -36.79."
                self.faults.append(Fault(row, f"{file}: {column}", "transport.not_a_number", why))
                return
            values.append(value)
        for value, column, bound in zip(values, columns, (90, 180), strict=True):
            if abs(value) > bound:
                why = f"{value:g} as {column} is off the globe. Write degrees from -{bound} to {bound}."
                self.faults.append(Fault(row, f"{file}: {column}", "transport.off_the_globe", why))
                return
        place = {"code": code, "latitude": values[0], "longitude": values[1]}
        if code not in self.index:
            self.index[code] = len(self.rows)
            self.rows.append(place)
        elif self.rows[self.index[code]] != place:
            why = f"{code} has other coordinates further up. Keep one of the two."
            self.faults.append(Fault(row, f"{file}: {columns[0]}", "transport.given_twice", why))


def read_tables(
    people: Path, vehicles: Path, *, places: Path | None = None, travel: Mapping[str, Any] | None = None
) -> Problem:
    """A problem of two tables; `travel` is that of Muster's own problem, the great circle without it. Raises FaultyFile.

    Clock times in the tables, such as 07:30, are minutes since midnight. Rows with one word in the column `together` ride
    together. Where the column `separation_group` is filled, TRN-17 holds.
    """  # fmt: skip
    found, source = _Places(), _Source()
    persons = _rows(
        people, {*PEOPLE, "together", *WHERE["from"], *WHERE["to"]}, ("person", "from", "to"), found
    )
    fleet = _rows(vehicles, {*VEHICLES, *WHERE["start"], *WHERE["end"]}, ("vehicle", "start", "seats"), found)
    if places is not None:
        _places_of(places, found)
    data: dict[str, Any] = {"kinds": _kinds([*persons, *fleet]), "travel": dict(travel or {})}
    for name, rows, fields, file in (
        ("moves", persons, PEOPLE, people.name),
        ("vehicles", fleet, VEHICLES, vehicles.name),
    ):
        data[name] = [
            _as_fields(row, fields, f"{name}[{n}]", file, source, found)
            for n, row in enumerate(rows, start=1)
        ]
    data["places"] = found.rows
    families: dict[str, list[str]] = {}
    for row in persons:
        if family := row.values.get("together", "").strip():
            families.setdefault(family, []).append(row.values["person"].strip())
    data["together"] = [{"moves": codes} for codes in families.values() if len(codes) > 1]
    data["rules"] = [SEPARATION] if any(row.values["separation_group"].strip() for row in persons) else []
    try:
        problem = problem_of(Fields(data, step="transport"), name=people.stem, folder=people.parent)
    except FaultyFile as told:
        raise FaultyFile([*found.faults, *(source.fault(fault) for fault in told.faults)]) from None
    if found.faults:
        raise FaultyFile(found.faults)
    return problem


def _rows(path: Path, columns: set[str], needed: tuple[str, ...], found: _Places) -> list[Row]:
    table = read_table(path, columns=needed, optional=sorted(columns.difference(needed)))
    found.faults += [
        Fault(f.row, f"{path.name}: {f.column}" if f.column else path.name, f.code, f.message)
        for f in table.faults
    ]
    return table.rows


def _kinds(rows: Iterable[Row]) -> list[str]:
    """Seats, and whatever else a row fills."""
    return [kind for kind in KINDS if kind == "seats" or any(row.values[kind].strip() for row in rows)]


def _places_of(path: Path, found: _Places) -> None:
    """A table of places: code, latitude, longitude; any other column of it is passed over."""
    names = ("code", "latitude", "longitude")
    table = read_table(path, columns=names, optional=("name",))
    found.faults += [
        Fault(f.row, f"{path.name}: {f.column}" if f.column else path.name, f.code, f.message)
        for f in table.faults
    ]
    for row in table.rows:
        code, latitude, longitude = (row.values[name].strip() for name in names)
        found.add(code, (latitude, longitude), path.name, row.number, (names[1], names[2]))


def _as_fields(
    row: Row, fields: Mapping[str, str], path: str, file: str, source: _Source, found: _Places
) -> dict[str, Any]:
    """A row as the table of a move or a vehicle; what is empty is left out."""
    made: dict[str, Any] = {}
    source.at[path] = (file, row.number, "")
    source.at[f"{path}.load"] = (file, row.number, KINDS[0])
    for column, name in fields.items():
        source.at[f"{path}.{name}"] = (file, row.number, column)
        text = row.values.get(column, "").strip()
        if not text:
            continue
        outer, _, inner = name.partition(".")
        value = _typed(name, text)
        if inner:
            made.setdefault(outer, {})[inner] = value
        else:
            made[outer] = value
    for end, (latitude, longitude) in WHERE.items():
        at = row.values.get(latitude, "").strip(), row.values.get(longitude, "").strip()
        if any(at) and made.get(end):
            found.add(made[end], at, file, row.number, (latitude, longitude))
    return made


def _typed(name: str, text: str) -> Any:
    if name in TEXTS:
        return text
    if name in LISTS:
        return re.split(r"[\s;]+", text)
    value = as_number(text)
    if value is None:
        return text  # a time such as 07:30, or a fault that is told where the field is read
    return int(value) if value.is_integer() else value
