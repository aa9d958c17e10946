"""The areas of a site: what they are, how many they hold, and what of them is out of service, by day.

Nothing is changed: a later statement of the same day corrects an earlier one. Kinds: custody-standards.md sections 2 (hold rooms,
seats outside: HOLD-03), 4 (housing, segregation, medical) and 9 (shelters).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from pydantic import Field

from muster.access.control import Actor, Scope, can
from muster.core.csvfiles import Row
from muster.core.errors import Fault, MusterError, NotFound
from muster.core.importing import read_rows
from muster.core.reading import as_day
from muster.custody import queries
from muster.custody.actions import site_locked
from muster.custody.models import Area, AreaStatement, BackInService, OutOfService
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

SiteCode = Annotated[str, Field(max_length=60)]
MOST = 100_000  # places, or square feet, of one area
CODE = "[A-Za-z0-9][A-Za-z0-9_-]{0,19}"
AreaCode = Annotated[str, Field(pattern=f"^{CODE}$")]
Places = Annotated[int, Field(ge=0, le=MOST)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Why = Annotated[str, Field(min_length=3, max_length=200)]
COLUMNS = ("area", "name", "kind", "valid_from", "usable", "rated", "square_feet")


class AreaTwice(MusterError):
    """An area is stated twice for one day, or nothing is stated."""

    code = "custody.area_twice"

    def __init__(self, *, areas: Sequence[str]) -> None:
        self.areas = list(areas)
        what = f"stated twice for one day: {', '.join(areas[:20])}" if areas else "no area is stated"
        super().__init__(f"Nothing was kept: {what}. Keep one statement of each area and day.")


class EndsBefore(MusterError):
    """What is out of service would end before it begins."""

    code = "custody.ends_before"

    def __init__(self, *, valid_from: date, valid_to: date) -> None:
        self.valid_from, self.valid_to = valid_from, valid_to
        super().__init__(
            f"It would end on {valid_to}, before it begins on {valid_from}. Nothing was kept. Correct one of the two days."
        )


class InServiceAgain(MusterError):
    """What was out of service was put back already."""

    code = "custody.in_service_again"
    status = 409

    def __init__(self, *, again_from: date) -> None:
        self.again_from = again_from
        super().__init__(f"That is in service again since {again_from}. Nothing was kept.")


@dataclass(frozen=True, kw_only=True)
class AreaGiven:
    """What is stated of one area from a day on, as a whole: it stands in place of what was stated before."""

    area: AreaCode
    name: Name
    kind: Area.Kind
    valid_from: date
    usable: Places
    rated: Places | None = None
    square_feet: Places | None = None


@dataclass(frozen=True)
class AreasStated:
    """The areas by code, and how many of them are new."""

    areas: list[str]
    new: int


@dataclass(frozen=True)
class OutStated:
    """What is out of service, by its id."""

    out: UUID


@action("custody.state_areas", about=site_locked)
def state_areas(
    *, act: Act, row: Site, actor: Actor, site: SiteCode,
    areas: Annotated[list[AreaGiven], Field(max_length=1000)],
) -> AreasStated:  # fmt: skip
    """State what areas a site has and how many each holds, from a day on: `usable` is the number that is posted.

    A code that is new makes an area. Nobody is moved by it: who is in an area that holds fewer now stays there. Raises AreaTwice.
    """
    stated = [(each.area, each.valid_from) for each in areas]
    if not areas or len(set(stated)) < len(stated):
        raise AreaTwice(areas=sorted({code for code, day in stated if stated.count((code, day)) > 1}))
    known = {area.code: area for area in Area.objects.filter(site=row)}
    new = {code: Area(act=act, site=row, code=code) for code, _ in stated if code not in known}
    Area.objects.bulk_create(new.values())
    known |= new
    AreaStatement.objects.bulk_create(
        AreaStatement(
            act=act, area=known[each.area], valid_from=each.valid_from, name=each.name.strip(), kind=each.kind,
            usable=each.usable, rated=each.rated, square_feet=each.square_feet,
        )
        for each in areas
    )  # fmt: skip
    return AreasStated(list(dict.fromkeys(code for code, _ in stated)), len(new))


@action("custody.take_out_of_service", about=site_locked)
def take_out_of_service(
    *, act: Act, row: Site, actor: Actor, site: SiteCode, area: AreaCode, valid_from: date, reason: Why,
    valid_to: date | None = None, places: Annotated[int, Field(ge=1, le=MOST)] | None = None,
) -> OutStated:  # fmt: skip
    """State that places of an area cannot be used, from one day to another, both included; without `places`, all of them.

    Without an end, until `custody.put_in_service`. Raises NotFound, EndsBefore.
    """
    found = area_of(row, area)
    if valid_to and valid_to < valid_from:
        raise EndsBefore(valid_from=valid_from, valid_to=valid_to)
    made = OutOfService.objects.create(
        act=act, area=found, places=places, valid_from=valid_from, valid_to=valid_to, reason=reason.strip()
    )
    return OutStated(made.pk)


def area_of(site: Site, code: str) -> Area:
    """The area of that code at the site. Raises NotFound."""
    found = Area.objects.filter(site=site, code=code).first()
    if found is None:
        raise NotFound(kind=f"area of {site.code}", name=code)
    return found


def _out(out: UUID) -> tuple[Scope, OutOfService]:
    found = OutOfService.objects.select_related("area").filter(pk=out).first()
    if found is None:
        raise NotFound(kind="statement of what is out of service", name=str(out))
    site = queries.site_for_change(found.area.site_id)
    return queries.scope_of(site).asked_as("statement of what is out of service", out), found


@action("custody.put_in_service", about=_out)
def put_in_service(*, act: Act, row: OutOfService, actor: Actor, out: UUID, again_from: date) -> OutStated:
    """State that what was out of service can be used again, from a day on; on its first day: it never was out. Raises InServiceAgain."""
    if back := BackInService.objects.filter(out=row).first():
        raise InServiceAgain(again_from=back.again_from)
    BackInService.objects.create(act=act, out=row, again_from=again_from)
    return OutStated(row.pk)


# --- from a file ----------------------------------------------------------------------


def import_areas(
    source: Path | BinaryIO, *, actor: Actor, site: str, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:  # fmt: skip
    """State the areas of a file, in one act; what `muster import areas --json` prints.

    Raises FaultyFile with every fault by row, NotFound, NotPermitted.
    """
    place = Site.objects.filter(code=site).first()
    if place is None:
        raise NotFound(kind="site", name=site)
    can(actor, "custody.state_areas", queries.scope_of(place))
    rows = read_rows(
        source, columns=COLUMNS, read=read_area, id_of=lambda each: f"{each.area} {each.valid_from}",
        twice=lambda row, _, __: Fault(row.number, "area", "custody.area_twice", "This area and day stand further up. Keep one."),
    )  # fmt: skip
    rows.check(keep_good=keep_good)
    new = 0
    if rows.good and not dry_run:
        new = state_areas(actor=actor, site=site, areas=list(rows.good.values())).answer.new
    return rows.answer(name, dry_run=dry_run, notices={"new_areas": new})


def read_area(row: Row) -> AreaGiven | list[Fault]:
    """One row of a file of areas, or everything that is wrong with it."""
    faults: list[Fault] = []

    def fault(column: str, message: str) -> None:
        faults.append(Fault(row.number, column, "custody.bad_area", message))

    values = {column: value.strip() for column, value in row.values.items()}
    code, kinds = values["area"], [kind.value for kind in Area.Kind]
    if not re.fullmatch(CODE, code):
        fault("area", "Write a code of letters, digits and dashes, at most 20, such as H-1.")
    if not 1 <= len(values["name"]) <= 100:
        fault("name", "Write what the area is called, in at most 100 characters.")
    if values["kind"] not in kinds:
        fault("kind", f"Write one of: {', '.join(kinds)}.")
    day = as_day(values["valid_from"])
    if day is None:
        fault("valid_from", "Write the first day as 2026-03-01.")
    numbers: dict[str, int | None] = {}
    for column in ("usable", "rated", "square_feet"):
        text = values[column]
        numbers[column] = int(text) if re.fullmatch("[0-9]{1,5}", text) else None
        if numbers[column] is None and (text or column == "usable"):
            fault(
                column,
                f"Write a whole number of at most five digits{'' if column == 'usable' else ', or leave it empty'}.",
            )
    if faults or day is None or numbers["usable"] is None:
        return faults
    return AreaGiven(
        area=code, name=values["name"], kind=Area.Kind(values["kind"]), valid_from=day, usable=numbers["usable"],
        rated=numbers["rated"], square_feet=numbers["square_feet"],
    )  # fmt: skip
