"""Moves of persons without identity into the ledger: one act for all who were moved from one site to another on one day.

A list of transfers names nobody: each row is one person more, who gets a tag. Both sites are kept by list, so the entries
are unsigned and name the file as their source. The sites of which a list says when its persons came are read by `lists`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from django.utils import timezone
from pydantic import Field

from muster.access.control import Actor, can
from muster.core.csvfiles import Row, read_table
from muster.core.errors import Fault, FaultyFile, MusterError
from muster.core.times import end_of_day, start_of_day
from muster.core.times import zone as zone_of
from muster.custody import lists, queries
from muster.custody.actions import areas
from muster.custody.lists import Code, KeptByMuster
from muster.custody.models import TransfersTaken
from muster.custody.references import draw_tags
from muster.custody.rosters import day_of
from muster.ledger.models import Thing
from muster.ledger.writing import Push, outside, things_of, write
from muster.parties.models import Site
from muster.record.action import action, number_of, the_record
from muster.record.models import Act

COLUMNS = ("from_site", "to_site", "reason", "transfer_date")
OPTIONAL_COLUMNS = (
    "row_no",
    "status",
)  # the number is the file's own, and the status of a person moves nothing
LONGEST_SITE, LONGEST_REASON, LONGEST_FILE, MOST = 40, 60, 100, 2_000
IN_TRANSIT = "in transit"  # with these words a reason says that the row is one leg of a longer journey
HELD_BEFORE = "held_before_the_list"  # why the giver has them: since when is not in the list


class TakenOtherwise(MusterError):
    """Moves between the same sites on the same day are in the record, and they were not these."""

    code = "custody.transfers_otherwise"
    status = 409

    def __init__(self, *, from_site: str, to_site: str, day: date, persons: int) -> None:
        self.from_site, self.to_site, self.day, self.persons = from_site, to_site, day, persons
        super().__init__(
            f"The moves from {from_site} to {to_site} on {day} are in the record already, of {persons}, and those of this file "
            "are others. Nothing of them was kept: nobody is named, so which are the same cannot be told. Correct the entries "
            "of that day one by one."
        )


@dataclass(frozen=True)
class Moved:
    """What the moves of one day between two sites came to. `tags` are those that were drawn, in the order of the reasons given."""

    from_site: str
    to_site: str
    day: date
    tags: list[str]


@action("custody.import_transfers", about=the_record)
def import_transfers(
    *, act: Act, row: None, actor: Actor, from_site: Code, to_site: Code, day: date,
    reasons: Annotated[list[Annotated[str, Field(max_length=LONGEST_REASON)]], Field(min_length=1, max_length=MOST)],
    file: Annotated[str, Field(max_length=LONGEST_FILE)],
) -> Moved:  # fmt: skip
    """Record that so many persons, one for each reason, were moved between two sites kept by list at some hour of a day.

    Each gets a new tag, and an entry more that says the giver held them as the day began.

    Raises NotFound, KeptByMuster, TakenOtherwise.
    """
    locked = {code: _by_list(code) for code in sorted({from_site, to_site})}
    giver, receiver = locked[from_site], locked[to_site]
    digest = digest_of(reasons)
    taken = TransfersTaken.objects.filter(giver=giver, receiver=receiver, day=day).first()
    if taken:
        raise TakenOtherwise(from_site=from_site, to_site=to_site, day=day, persons=taken.persons)
    holders, away = areas([giver, receiver], act=act), outside(act=act)
    tags = list(draw_tags([str(number) for number in range(len(reasons))]).values())
    things = things_of(tags, act=act, kind=Thing.Kind.PERSON, origin=away)
    began, ends = (reckon(day, zone_of(giver.zone)) for reckon in (start_of_day, end_of_day))
    here, there = holders[giver.code], holders[receiver.code]
    pushes = [Push(thing=thing.pk, receiver=here, happened_at=began, reason=HELD_BEFORE) for thing in things]
    at = (began + (ends - began) / 2).replace(second=0, microsecond=0)
    pushes += [
        Push(thing=thing.pk, giver=here, receiver=there, happened_at=at, earliest_at=began, latest_at=ends, reason=reason)
        for thing, reason in zip(things, reasons, strict=True)
    ]  # fmt: skip
    write(pushes, act=act, source=f"transfers of {file}, {day}")
    TransfersTaken.objects.create(
        act=act, giver=giver, receiver=receiver, day=day, persons=len(reasons), digest=digest
    )
    return Moved(from_site, to_site, day, tags)


def _by_list(code: str) -> Site:
    site = queries.site_for_change(code)
    if site.kept_by_list_since is None:
        raise KeptByMuster(site=code)
    return site


def digest_of(reasons: Sequence[str]) -> str:
    """The hash of the moves of one day between two sites, in whatever order they stand."""
    return hashlib.sha256("\n".join(sorted(reasons)).encode()).hexdigest()


# The file


@dataclass(frozen=True)
class _Leg:
    """Who was moved on one day from one site to another: the rows, and the reason of each."""

    from_site: str
    to_site: str
    day: date
    rows: list[int] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def import_transfers_of(
    source: Path | BinaryIO, *, actor: Actor, zone: str, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Take a file of transfers in; what `muster import transfers --json` prints.

    A site is meant by its code or its name; one that is new is made, kept by list, with spaces of its name as dashes in its
    code. What is in the record already is not written a second time and gives its first token.

    Raises FaultyFile for every fault at once, NotAZone, NotPermitted.
    """
    can(actor, "custody.import_transfers", the_record()[0])
    where = zone_of(zone).key
    table = read_table(source, columns=COLUMNS, optional=OPTIONAL_COLUMNS)
    sites = {site.code: site for site in Site.objects.all()}
    codes = {site.name: site.code for site in sites.values()} | {code: code for code in sites}
    reading = _Reading(codes, sites, where, timezone.now())
    for row in table.rows:
        reading.read(row)
    faults = [*table.faults, *reading.faults]
    if table.faults or (faults and not keep_good):
        raise FaultyFile(faults)
    known = _known(reading.legs.values())
    for leg in reading.legs.values():
        if (taken := known.get((leg.from_site, leg.to_site, leg.day))) and taken.digest != digest_of(
            leg.reasons
        ):
            otherwise = TakenOtherwise(
                from_site=leg.from_site, to_site=leg.to_site, day=leg.day, persons=taken.persons
            )
            faults += [Fault(number, "transfer_date", otherwise.code, str(otherwise)) for number in leg.rows]
    if faults and not keep_good:
        raise FaultyFile(sorted(faults, key=lambda fault: fault.row or 0))
    refused = {fault.row for fault in faults}
    legs = sorted(
        (leg for leg in reading.legs.values() if not refused.issuperset(leg.rows)), key=lambda leg: leg.day
    )
    new = sorted({code for leg in legs for code in (leg.from_site, leg.to_site)} - set(sites))
    if not dry_run:
        _keep_by_list(actor, legs, sites, where, reading.names)
    moves = [_told(leg, known, actor, name, dry_run=dry_run) for leg in legs]
    again = sum(len(leg.rows) for leg in legs if (leg.from_site, leg.to_site, leg.day) in known)
    notices = {"already_there": again, "sites_made": len(new), "legs_of_a_journey": reading.in_transit}
    return {
        "file": name,
        "rows": len(table.rows),
        "kept": 0 if dry_run else sum(len(leg.rows) for leg in legs),
        "refused": [fault.to_json() for fault in faults],
        "notices": {kind: count for kind, count in notices.items() if count},
        "moves": moves,
    }


class _Reading:
    """The rows of a file, as legs of one day between two sites, and everything that is wrong with the rest."""

    def __init__(
        self, codes: Mapping[str, str], sites: Mapping[str, Site], where: str, now: datetime
    ) -> None:
        self.codes, self.sites, self.where, self.now = codes, sites, where, now
        self.legs: dict[tuple[date, str, str], _Leg] = {}
        self.names: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.in_transit = 0

    def read(self, row: Row) -> None:
        values = {column: text.strip() for column, text in row.values.items()}
        before = len(self.faults)
        giver, receiver = (self._site(row, column, values[column]) for column in ("from_site", "to_site"))
        day = self._day(row, values["transfer_date"], giver)
        if len(values["reason"]) > LONGEST_REASON:
            self._fault(
                row,
                "reason",
                "too_long",
                f"The reason is longer than {LONGEST_REASON} characters. Shorten it.",
            )
        if giver and giver == receiver:
            self._fault(
                row,
                "to_site",
                "same_site",
                f"The row moves somebody from {giver} to {giver}. Name the other site.",
            )
        if day is None or len(self.faults) > before:
            return
        leg = self.legs.setdefault((day, giver, receiver), _Leg(giver, receiver, day))
        if len(leg.rows) == MOST:
            why = f"More than {MOST:,} persons between the same two sites on one day. Check the file."
            self._fault(row, "transfer_date", "too_many", why)
            return
        leg.rows.append(row.number)
        leg.reasons.append(values["reason"])
        self.in_transit += IN_TRANSIT in values["reason"].lower()

    def _site(self, row: Row, column: str, text: str) -> str:
        """The code of a site that a row names; of a new one the code that it will have."""
        code = self.codes.get(text) or re.sub(r"\s+", "-", text)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", code):
            why = f"{text[:60]!r} is no site." if text else "The row does not name the site."
            self._fault(row, column, "no_site", f"{why} Write its code, or its name.")
            return ""
        site = self.sites.get(code)
        if site and queries.kept_by_muster(site):
            self._fault(row, column, "kept_by_muster", f"{code} is kept by Muster: its people record each change of hands, "
                        "and a list that names nobody cannot be compared with that. Leave its rows out.")  # fmt: skip
        elif site and site.kept_by_list_since and site.zone != self.where:
            self._fault(row, column, "other_zone", str(lists.OtherZone(site=code, zone=site.zone)))
        self.names.setdefault(code, text)
        return code

    def _day(self, row: Row, text: str, site: str) -> date | None:
        day = day_of(text)
        if day is None:
            self._fault(
                row, "transfer_date", "not_a_day", f"{text[:60]!r} is not a day. Write it like 2018-07-02."
            )
        elif end_of_day(day, zone_of(self.where)) > self.now:
            self._fault(
                row,
                "transfer_date",
                "not_over",
                f"{text} is not over yet. Check the year, or send it tomorrow.",
            )
            return None
        return day

    def _fault(self, row: Row, column: str, code: str, why: str) -> None:
        self.faults.append(Fault(row.number, column, f"custody.{code}", why))


def _known(legs: Collection[_Leg]) -> dict[tuple[str, str, date], TransfersTaken]:
    """The moves of the same days between the same sites that are in the record."""
    days = {leg.day for leg in legs}
    taken = TransfersTaken.objects.filter(day__in=days).select_related("act")
    return {(row.giver_id, row.receiver_id, row.day): row for row in taken}


def _keep_by_list(
    actor: Actor, legs: Sequence[_Leg], sites: Mapping[str, Site], where: str, names: Mapping[str, str]
) -> None:
    """Keep the sites by list that are not yet, from the first day on of which the file has a row of theirs."""
    first: dict[str, date] = {}
    for leg in legs:
        for code in (leg.from_site, leg.to_site):
            first[code] = min(leg.day, first.get(code, leg.day))
    for code, day in sorted(first.items()):
        if code not in sites or sites[code].kept_by_list_since is None:
            lists.keep_by_list(actor=actor, site=code, zone=where, since=day, name=names[code])


def _told(
    leg: _Leg, known: Mapping[tuple[str, str, date], TransfersTaken], actor: Actor, name: str, *, dry_run: bool
) -> dict[str, Any]:  # fmt: skip
    """The moves of one day between two sites, written if they are new, as the answer tells them."""
    taken = known.get((leg.from_site, leg.to_site, leg.day))
    known_at = number_of(taken.act_id) if taken else None
    if taken is None and not dry_run:
        done = import_transfers(
            actor=actor, from_site=leg.from_site, to_site=leg.to_site, day=leg.day, reasons=leg.reasons,
            file=Path(name).name[-LONGEST_FILE:],
        )  # fmt: skip
        known_at = done.known_at
    return {
        "date": leg.day.isoformat(), "from": leg.from_site, "to": leg.to_site, "persons": len(leg.rows), "known_at": known_at,
    }  # fmt: skip
