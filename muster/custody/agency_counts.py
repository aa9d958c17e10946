"""What an agency says of how many persons are where: two definitions of the population of a day, kept apart and beside the record.

*At any time* counts everybody who was present at some moment of the day; *at midnight* those who were there as it ended. Neither is
wrong, and Muster settles neither: a total says which it is. How they differ is shown, site by site.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from django.db.models import QuerySet
from django.utils import timezone
from pydantic import Field

from muster.access.control import Actor, can, visible
from muster.core.csvfiles import Row
from muster.core.errors import Fault, FaultyInput, MusterError, NotFound
from muster.core.importing import read_rows
from muster.core.times import end_of_day
from muster.core.times import zone as zone_of
from muster.custody.lists import Code
from muster.custody.models import AgencyCount
from muster.custody.rosters import day_of
from muster.ledger.models import Holder
from muster.ledger.queries import census, latest_known
from muster.parties.models import Site
from muster.record.action import action, the_record
from muster.record.models import Act

COLUMNS = ("date", "code", "n_detained", "n_midnight")
LONGEST_FILE, MOST, MOST_PERSONS = 200, 200_000, 1_000_000


class NotADay(MusterError):
    """What was sent is no day."""

    code = "custody.not_a_day"

    def __init__(self, *, text: str) -> None:
        self.text = text
        super().__init__(f"{text[:60]!r} is not a day. Write it like 2023-03-01.")


def day_named(text: str) -> date:
    """The day that a text names. Raises NotADay."""
    if day := day_of(text):
        return day
    raise NotADay(text=text)


@dataclass(frozen=True)
class Counted:
    """One row: how many persons of a site on a day by each definition."""

    site: Code
    day: date
    any_time: Annotated[int, Field(ge=0, le=MOST_PERSONS)]
    midnight: Annotated[int, Field(ge=0, le=MOST_PERSONS)]


@dataclass(frozen=True)
class CountsKept:
    """How many rows are new, how many the record had, and how many say otherwise than an earlier row, which stays beside them."""

    new: int
    known: int
    revised: int


@action("custody.import_counts", about=the_record)
def import_counts(
    *, act: Act, row: None, actor: Actor, file: Annotated[str, Field(max_length=LONGEST_FILE)],
    counts: Annotated[list[Counted], Field(min_length=1, max_length=MOST)],
) -> CountsKept:  # fmt: skip
    """Keep an agency's counts of sites, by both definitions, with the file as their source.

    Raises FaultyInput for a site that is not there, for a midnight above the whole day, and for a day that is not over.
    """
    zones = dict(Site.objects.filter(code__in={each.site for each in counts}).values_list("code", "zone"))
    faults = [fault for n, each in enumerate(counts) for fault in _faults(each, zones, row=n)]
    if faults:
        raise FaultyInput(faults)
    before = _latest({each.day for each in counts})
    found = {(each.site, each.day): before.get((each.site, each.day)) for each in counts}
    new = [each for each in counts if found[each.site, each.day] != (each.any_time, each.midnight)]
    AgencyCount.objects.bulk_create(
        AgencyCount(
            act=act,
            site_id=each.site,
            day=each.day,
            any_time=each.any_time,
            midnight=each.midnight,
            source=file,
        )
        for each in new
    )
    revised = sum(found[each.site, each.day] is not None for each in new)
    return CountsKept(len(new) - revised, len(counts) - len(new), revised)


def _faults(count: Counted, zones: dict[str, str], *, row: int) -> Iterable[Fault]:
    if count.site not in zones:
        why = f"There is no site {count.site}. Check the code, or import the site first: muster import facilities."
        yield Fault(row, "code", "custody.unknown_site", why)
    elif end_of_day(count.day, zone_of(zones[count.site])) > timezone.now():
        yield Fault(
            row, "date", "custody.not_over", f"{count.day} is not over at {count.site} yet. Check the year."
        )
    if count.midnight > count.any_time:
        why = f"{count.midnight} at midnight are more than {count.any_time} at any time of the day. Check the two columns."
        yield Fault(row, "n_midnight", "custody.more_at_midnight", why)


def _latest(days: Collection[date], known_at: int | None = None) -> dict[tuple[str, date], tuple[int, int]]:
    """What was said last of each site and day, by both definitions, as known at an act's number."""
    rows = AgencyCount.objects.filter(day__in=days).order_by("pk")
    if known_at is not None:
        rows = rows.filter(act__number__number__lte=known_at)
    found = rows.values_list("site_id", "day", "any_time", "midnight")
    return {(site, day): (any_time, midnight) for site, day, any_time, midnight in found}


# The file


def import_counts_of(
    source: Path | BinaryIO, *, actor: Actor, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:
    """Keep a file of an agency's counts; what `muster import counts --json` prints. Raises FaultyFile, NotPermitted."""
    can(actor, "custody.import_counts", the_record()[0])
    zones = dict(Site.objects.values_list("code", "zone"))
    rows = read_rows(
        source, columns=COLUMNS, read=lambda row: _read(row, zones), id_of=lambda each: f"{each.site} {each.day}",
        twice=_twice,
    )  # fmt: skip
    rows.check(keep_good=keep_good)
    notices: dict[str, int] = {}
    if rows.good and not dry_run:
        counts = list(rows.good.values())
        done = import_counts(actor=actor, file=Path(name).name[-LONGEST_FILE:], counts=counts).answer
        notices = {"already_there": done.known, "revised": done.revised}
    return rows.answer(name, dry_run=dry_run, notices=notices)


def _read(row: Row, zones: dict[str, str]) -> Counted | list[Fault]:
    values = {column: text.strip() for column, text in row.values.items()}
    faults: list[Fault] = []
    day: date | None = None
    try:
        day = day_named(values["date"])
    except NotADay as told:
        faults.append(Fault(row.number, "date", told.code, str(told)))
    numbers = {}
    for column in ("n_detained", "n_midnight"):
        text = values[column]
        if text.isascii() and text.isdigit() and int(text) <= MOST_PERSONS:
            numbers[column] = int(text)
        else:
            why = f"{text[:60]!r} is not a number of persons. Write a whole number, 0 for nobody."
            faults.append(Fault(row.number, column, "custody.not_a_number", why))
    if day is None or len(numbers) < 2:
        return faults
    count = Counted(values["code"], day, numbers["n_detained"], numbers["n_midnight"])
    return list(_faults(count, zones, row=row.number)) or count


def _twice(row: Row, there: Counted, again: Counted) -> Counted | Fault:
    if there == again:
        return there
    why = f"{again.site} on {again.day} stands further up with other numbers. Keep one of the two rows."
    return Fault(row.number, "code", "custody.counted_twice", why)


# Reading


@dataclass(frozen=True)
class Compared:
    """One site on one day: the agency's two counts, how far they are apart, and what the record holds at the end of that day.

    `ours` is None where the record has nobody of that site at any time. `source` is the file.
    """

    site: str
    name: str
    any_time: int
    midnight: int
    ours: int | None
    source: str

    @property
    def apart(self) -> int:
        """How many more were there at some time of the day than at its end."""
        return self.any_time - self.midnight


@dataclass(frozen=True)
class DayCompared:
    """A day of the agency's counts, the sites whose two counts are furthest apart first; the sums are of those counted alone."""

    day: date
    rows: list[Compared]
    any_time: int
    midnight: int
    known_at: int


def _seen(actor: Actor) -> QuerySet[Site]:
    return visible(actor, Site.objects.all())


def days_counted(actor: Actor) -> list[date]:
    """The days of which the actor may see a count, the latest first."""
    days = AgencyCount.objects.filter(site__in=_seen(actor)).values_list("day", flat=True)
    return list(days.distinct().order_by("-day"))


def compared(actor: Actor, day: date, *, known_at: int | None = None) -> DayCompared:
    """The agency's counts of a day at the sites that the actor may see, both definitions beside one another and the record."""
    known = latest_known() if known_at is None else known_at
    sites = {site.code: site for site in _seen(actor)}
    rows = AgencyCount.objects.filter(day=day, site__in=sites, act__number__number__lte=known).order_by("pk")
    latest = {row.site_id: row for row in rows}
    recorded = set(Holder.objects.filter(site__in=latest).values_list("site", flat=True))
    held: dict[str, dict[str, int]] = {}
    for code in recorded:
        zone = sites[code].zone
        if zone not in held:
            held[zone] = dict(census(end_of_day(day, zone_of(zone)), known).sites)
    found = [
        Compared(
            code, sites[code].name, row.any_time, row.midnight,
            held[sites[code].zone].get(code, 0) if code in recorded else None, row.source,
        )
        for code, row in latest.items()
    ]  # fmt: skip
    found.sort(key=lambda each: (-each.apart, each.site))
    return DayCompared(
        day, found, sum(each.any_time for each in found), sum(each.midnight for each in found), known
    )


def compared_told(
    actor: Actor, on: str, *, site: str | None = None, known_at: int | None = None
) -> dict[str, Any]:
    """The same as the command line and the API give it; `on` is a day. Raises NotADay, and NotFound for a site not seen."""
    found = compared(actor, day_named(on), known_at=known_at)
    if site is not None and not _seen(actor).filter(pk=site).exists():
        raise NotFound(kind="site", name=site)
    rows = [each for each in found.rows if site in (None, each.site)]
    return {
        "day": found.day.isoformat(),
        "known_at": found.known_at,
        "any_time": sum(each.any_time for each in rows),
        "midnight": sum(each.midnight for each in rows),
        "counts": [
            {
                "site": each.site, "any_time": each.any_time, "midnight": each.midnight, "apart": each.apart,
                "ours": each.ours, "source": each.source,
            }
            for each in rows
        ],
    }  # fmt: skip
