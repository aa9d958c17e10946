"""Which rules hold at a site and on which days, from the standards that were stated for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from muster.cases.calendars import Place, Window
from muster.cases.clocks import Clock, Happened, Timeline, clocks
from muster.cases.packs import Standards
from muster.cases.rules import Rule
from muster.core.times import end_of_day, start_of_day

HOLD_ROOMS = ("HOLD", "hold room")  # the functions of sites that are nothing but hold rooms


@dataclass(frozen=True)
class Stated:
    """One statement that a standard or an overlay holds at a site on some days."""

    standard: str
    window: Window


@dataclass(frozen=True)
class Held:
    """One rule, and the days on which it holds at a site."""

    rule: Rule
    windows: tuple[Window, ...]


@dataclass(frozen=True)
class SiteRules:
    """What holds at one site: where its time is counted, its rules about persons and those about the site itself."""

    site: str
    place: Place
    is_hold_room: bool
    persons: tuple[Held, ...]
    itself: tuple[Held, ...]
    started_by: Mapping[str, Sequence[int]]  # by event, which of `persons` it starts

    @property
    def asks(self) -> list[Rule]:
        """The rules whose number the site's contract gives, where no contract that was recorded does."""
        return [
            held.rule for held in self.itself
            if (term := held.rule.limit.from_contract) and term not in self.place.terms
        ]  # fmt: skip

    def stopped_by(self, events: Collection[str]) -> SiteRules:
        """Of these rules those whose clocks one of the events stops."""
        persons = tuple(held for held in self.persons if held.rule.is_stopped_by(events))
        itself = tuple(held for held in self.itself if held.rule.is_stopped_by(events))
        return replace(self, persons=persons, itself=itself, started_by=_started_by(persons))

    def person_clocks(
        self,
        happened: Iterable[Happened],
        *,
        now: datetime,
        known_at: int | None = None,
        latest_only: bool = False,
    ) -> list[Clock]:
        """The clocks of one person that started at this site."""
        timeline = Timeline(happened, now=now, known_at=known_at)
        found: list[Clock] = []
        # Of the many rules few have started, so they are found by what has happened.
        started = {held for event in timeline.starts for held in self.started_by.get(event, ())}
        for held in sorted(started):
            found += clocks(
                self.persons[held].rule,
                timeline,
                self.place,
                self.persons[held].windows,
                latest_only=latest_only,
            )
        return found

    def site_clocks(
        self,
        happened: Sequence[Happened],
        *,
        now: datetime,
        known_at: int | None = None,
        latest_only: bool = False,
    ) -> list[Clock]:
        """The clocks of the site itself; each rule's time begins and ends with the days on which it holds."""
        found: list[Clock] = []
        for held in self.itself:
            timeline = Timeline(
                [*happened, *_comes_and_goes(held.windows, self.place.zone)], now=now, known_at=known_at
            )
            found += clocks(held.rule, timeline, self.place, held.windows, latest_only=latest_only)
        return found


def _comes_and_goes(windows: Iterable[Window], zone: ZoneInfo) -> list[Happened]:
    """The first moment and the last of each stretch of days in which a rule holds."""
    found: list[Happened] = []
    for window in windows:
        if window.first:
            found.append(Happened("in_force", start_of_day(window.first, zone)))
        if window.latest:
            found.append(Happened("out_of_force", end_of_day(window.latest, zone)))
    return found


def rules_at(
    site: str, place: Place, stated: Sequence[Stated], standards: Standards, *, function: str = ""
) -> SiteRules:
    """The rules of the standards stated for a site, of what holds with them, and of the overlays stated beside them.

    A standard that no pack in use holds any more has no rules; what was stated of it stays stated.
    """
    persons, itself, started_by, overlays = _held(tuple(stated), standards)
    return SiteRules(
        site=site,
        place=Place(place.zone, place.closed, overlays, place.terms),
        is_hold_room=function in HOLD_ROOMS,
        persons=persons,
        itself=itself,
        started_by=started_by,
    )


@lru_cache(maxsize=1024)
def _held(
    stated: tuple[Stated, ...], standards: Standards
) -> tuple[tuple[Held, ...], tuple[Held, ...], dict[str, list[int]], dict[str, list[Window]]]:
    """What these statements make hold: of persons, of the site, by what the first start, and the days of each overlay.

    Many sites state the same.
    """
    windows: dict[str, list[Window]] = {}
    overlays: dict[str, list[Window]] = {}
    for each in stated:
        if each.standard in standards.overlays:
            overlays.setdefault(each.standard, []).append(each.window)
        elif each.standard in standards.by_id:
            for pack in standards.together([each.standard]):
                windows.setdefault(pack.id, []).append(each.window)
    held = tuple(
        Held(rule, _merged(overlays.get(rule.overlay, ()) if rule.overlay else windows.get(pack.id, ())))
        for pack in standards.by_id.values() for rule in pack.rules.values()
        if rule.has_clock and (rule.overlay in overlays if rule.overlay else pack.id in windows)
    )  # fmt: skip
    persons = tuple(each for each in held if each.rule.about == "person")
    itself = tuple(each for each in held if each.rule.about == "site")
    return persons, itself, _started_by(persons), overlays


def _started_by(persons: Iterable[Held]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, held in enumerate(persons):
        for event in held.rule.timing.start:
            found.setdefault(event, []).append(index)
    return found


def _merged(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same days in as few windows as they need, in order, so that what goes on does not begin again."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda each: each.first or date.min):
        before = found[-1] if found else None
        if before and (
            before.latest is None or window.first is None or window.first <= before.latest + timedelta(days=1)
        ):
            latest = (
                None if before.latest is None or window.latest is None else max(before.latest, window.latest)
            )
            found[-1] = Window(before.first, latest)
        else:
            found.append(window)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Leg:
    """One change of hands of a person: from which site to which, empty where it is none; and the acts that wrote and reversed it."""

    at: datetime
    from_site: str
    to_site: str
    outside: bool  # it led to nobody that Muster keeps a site of
    known_from: int
    known_until: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """One recorded event of a person or a site, and the site that recorded it."""

    site: str
    happened: Happened


def sites_of(legs: Iterable[Leg], told: Iterable[Told]) -> set[str]:
    """The sites at which a person was, or of whom something was recorded there."""
    return {site for leg in legs for site in (leg.from_site, leg.to_site) if site} | {
        each.site for each in told
    }


def happened_at(
    rules: SiteRules, legs: Iterable[Leg], told: Iterable[Told], of_site: Iterable[Happened] = ()
) -> list[Happened]:
    """What happened to a person as the clocks of one site see it.

    Coming and leaving are the site's own; a release is one wherever it was; what another site recorded stops clocks here
    and starts none. `of_site` are events of the site itself, which count for everybody there.
    """
    found: list[Happened] = list(of_site)
    for leg in legs:
        known = (leg.known_from, leg.known_until)
        if leg.from_site == leg.to_site:
            continue
        if leg.to_site == rules.site:
            found.append(Happened("arrived", leg.at, *known))
            if rules.is_hold_room:
                found.append(Happened("hold_room_in", leg.at, *known))
        elif leg.from_site == rules.site:
            found.append(Happened("left", leg.at, *known))
            found.append(Happened("released" if leg.outside else "transferred", leg.at, *known))
            if rules.is_hold_room:
                found.append(Happened("hold_room_out", leg.at, *known))
        elif leg.outside:
            found.append(Happened("released", leg.at, *known, elsewhere=True))
    for each in told:
        one = each.happened
        found.append(
            one
            if each.site == rules.site
            else Happened(one.event, one.at, one.known_from, one.known_until, elsewhere=True)
        )
    return found


FROM_LEDGER = frozenset({"arrived", "left", "released", "transferred", "hold_room_in", "hold_room_out"})


def listed_at(clock: Clock, started_at_site: str, present_at: str) -> str:
    """The site on whose list an open clock stands: where it started, if by coming or leaving; else where the person is now."""
    if not present_at or set(clock.rule.timing.start) & FROM_LEDGER:
        return started_at_site
    return present_at


def present_site(legs: Sequence[Leg]) -> str:
    """The site that holds the person by the live legs, in their order; empty where none does."""
    live = [leg for leg in legs if leg.known_until is None]
    return live[-1].to_site if live else ""
