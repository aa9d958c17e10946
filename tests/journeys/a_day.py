"""A whole day at two sites, as steps that any door can tell, and the laws that hold after each of them.

Intake of 120, a record made twice and merged, headcounts of which one is miscounted and one finds a release in error, somebody at a
hospital, a bag lost, a clock breached, a standard that changes with the day, the desk handed over, and the midnight census.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.core.tags import MOST_TAGS, make_tag
from muster.custody.models import Count, Difference
from muster.demonstration import loading
from muster.demonstration.telling import Said, Step
from muster.ledger.queries import census, latest_known
from muster.parties.models import Organisation, Site

CHICAGO = ZoneInfo("America/Chicago")
GUARD, AGENCY = "EX-GUARD", "EX-FIELD-OFFICE"
BEFORE, AFTER = (
    "us.ice.nds2019",
    "us.ice.pbnds2011r2016",
)  # the south's standard until the day, and from it on
INTAKE, MOVED, LEAVING = 120, 30, 10


@dataclass(frozen=True)
class Open:
    """In the place of an input: the ids of every difference that is open at a site when the step is told."""

    site: str


@dataclass
class Day:
    """Two sites and their persons on one day. `held` is where each should be, by the steps told so far: a model of its own."""

    north: str
    south: str
    day: date
    tags: list[str] = field(repr=False)
    bags: list[str] = field(repr=False)
    first: bool = True  # of the days of these sites: their standards are stated on it
    held: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def drawn(
        cls, day: date, seed: int, *, north: str = "EX-NORTH", south: str = "EX-SOUTH", first: bool = True
    ) -> Day:
        """The same tags for the same seed: 120 persons, one record too many, and three bags."""
        drawn = [make_tag(number) for number in random.Random(seed).sample(range(MOST_TAGS), INTAKE + 4)]
        return cls(north, south, day, drawn[: INTAKE + 1], drawn[INTAKE + 1 :], first)

    def at(self, moment: str) -> str:
        """A local time of the day, as it is sent."""
        return datetime.combine(self.day, time.fromisoformat(moment), CHICAGO).isoformat()

    def moves(self, tags: list[str], to: str) -> None:
        """Tell the model where these are from now on; "" is outside."""
        self.held.update(dict.fromkeys(tags, to))

    def at_site(self, site: str) -> list[str]:
        """Who is there by the model, in the order of the tags."""
        return [tag for tag in self.tags if self.held.get(tag) == site]


def clerk(site: str, second: bool = False) -> str:
    """The account of a site's clerk, or of the one who relieves that clerk."""
    return f"clerk.{site.lower()}{'.two' if second else ''}"


def prepare(*pairs: tuple[str, str]) -> dict[str, Actor]:
    """Make the places and the accounts of some pairs of sites; the actors by name."""
    guard, _ = Organisation.objects.get_or_create(
        code=GUARD, defaults={"name": "Example Guard", "kind": "guard"}
    )
    Organisation.objects.get_or_create(
        code=AGENCY, defaults={"name": "Example Field Office", "kind": "agency"}
    )
    people: dict[str, Actor] = {}

    def account(name: str, role: str, site: Site | None = None) -> None:
        user = User.objects.create_user(name)
        Grant.objects.create(user=user, role=role, site=site, organisation=None if site else guard)
        people[name] = actor_of(user)

    account("center", "joc")
    for code in (code for pair in pairs for code in pair):
        site = Site.objects.create(code=code, name=f"{code} site", organisation=guard, zone=CHICAGO.key)
        account(clerk(code), "clerk", site)
        account(clerk(code, second=True), "clerk", site)
    return people


def steps(told: Day) -> Iterator[Step]:
    """The day in its order. The model moves with each step that moves somebody."""
    yield from _standards(told)
    yield from _morning(told)
    yield from _moved(told)
    yield from _found_by_a_count(told)
    yield from _evening(told)


def shelter_steps(told: Day) -> Iterator[Step]:
    """The same day at two shelters: forty come, a household stays together, some leave when they like, some move on to the other."""
    north, south, tags = told.north, told.south, told.tags
    from_then = {"standard": "general.shelter", "valid_from": (told.day - timedelta(days=1)).isoformat()}
    for site in (north, south) if told.first else ():
        yield Step("center", "cases.set_standard", {"site": site, **from_then})
    for bus, moment in enumerate(("06:00", "06:20")):
        aboard = tags[bus * 20 : bus * 20 + 20]
        told.moves(aboard, north)
        yield Step(clerk(north), "custody.receive", _here(told, north, aboard, moment))
    together = {
        "site": north,
        "kind": "keep_with",
        "tags": tags[:4],
        "authority": "The household asked for it",
    }
    yield Step(clerk(north), "custody.state_group", together)
    done = {
        "site": north,
        "tags": tags[:39],
        "events": ["registered", "signed_in"],
        "by": "Welcome desk",
        "at": told.at("08:00"),
    }
    yield Step(clerk(north), "cases.record_items", done)
    given = [{"tag": told.bags[0], "kind": "baggage", "place": "Store 2", "contents": ["Folded pram"]}]
    yield Step(
        clerk(north),
        "custody.take_in",
        {"site": north, "person": tags[0], "bags_in": given, "at": told.at("08:10")},
    )
    yield from _count(told, north, "08:30", "informal", 40, "at breakfast")
    away = {"place": "County hospital", "escort": "A relative", "at": told.at("10:30")}
    yield Step(clerk(north), "custody.record_out", {"site": north, "tags": [tags[30]], **away})
    hurt = {
        "site": north, "kind": "medical", "tags": [tags[30]], "at": told.at("10:00"), "words": "Felt faint at the stairs; seen by a medic.",
        "reported_by": "Shelter manager",
    }  # fmt: skip
    yield Step(clerk(north), "custody.report_incident", hurt, "faint")
    yield Step(
        clerk(north), "custody.offer", {"giver": north, "receiver": south, "tags": tags[:4]}, "move on"
    )
    told.moves(tags[:4], south)
    yield Step(
        clerk(south), "custody.accept", {"handover": Said("move on", "handover"), "at": told.at("12:40")}
    )
    yield from _count(told, north, "13:00", "informal", 35, "at lunch", certified=False)
    yield Step(
        clerk(north), "custody.record_back", {"site": north, "tags": [tags[30]], "at": told.at("15:10")}
    )
    ended = {"incident": Said("faint", "incident"), "outcome": "dealt_with", "reason": "Back and well."}
    yield Step(clerk(north), "custody.close_incident", ended)
    told.moves(tags[10:20], "")
    gone = _here(told, north, tags[10:20], "17:20") | {"reason": "left"}
    yield Step(clerk(north), "custody.release", gone)
    for site in (north, south):
        yield from _count(told, site, "23:50", "midnight", len(told.at_site(site)), f"midnight at {site}")


def _standards(told: Day) -> Iterator[Step]:
    if not told.first:
        return
    month_ago = (told.day - timedelta(days=30)).isoformat()
    stated = {"valid_from": month_ago, "contract_ref": "Agreement 26-1"}
    yield Step("center", "cases.set_standard", {"site": told.north, "standard": AFTER, **stated})
    until = {"valid_to": (told.day - timedelta(days=1)).isoformat(), "terms": {"count_interval_h": 8}}
    yield Step("center", "cases.set_standard", {"site": told.south, "standard": BEFORE, **stated, **until})
    # From this day on another standard holds in the south.
    new = {"valid_from": told.day.isoformat(), "contract_ref": "Agreement 26-1, modification 2"}
    yield Step("center", "cases.set_standard", {"site": told.south, "standard": AFTER, **new})


def _morning(told: Day) -> Iterator[Step]:
    """Three buses; one person gets two tags, which is found before the count; everybody but one is screened in time."""
    north, tags = told.north, told.tags
    for bus, moment in enumerate(("06:00", "06:20", "06:40")):
        aboard = tags[bus * 40 : bus * 40 + 40]
        told.moves(aboard, north)
        yield Step(
            clerk(north),
            "custody.receive",
            _here(told, north, aboard, moment) | {"from_organisation": AGENCY},
        )
    twice = tags[INTAKE:]
    told.moves(twice, north)
    yield Step(
        clerk(north), "custody.receive", _here(told, north, twice, "06:35") | {"from_organisation": AGENCY}
    )
    told.moves(twice, "")
    merged = {
        "survivor": tags[100],
        "duplicate": twice[0],
        "reason": "The same band of the agency on both: one person, two tags.",
    }
    yield Step("center", "custody.merge", merged)
    for bag, person, moment in zip(
        told.bags, (tags[0], tags[40], tags[50]), ("07:00", "07:02", "07:04"), strict=True
    ):
        given = [{"tag": bag, "kind": "clothing", "place": "Rack 4", "contents": ["Grey jacket"]}]
        yield Step(
            clerk(north),
            "custody.take_in",
            {"site": north, "person": person, "bags_in": given, "at": told.at(moment)},
        )
    yield from _count(told, north, "07:30", "formal", len(told.at_site(north)), "first count")
    done = {"site": north, "event": "medical_screened", "by": "Health staff", "at": told.at("10:00")}
    yield Step(clerk(north), "cases.record_event", done | {"tags": tags[: INTAKE - 1]})


def _moved(told: Day) -> Iterator[Step]:
    """One goes to a hospital; thirty go south, where the count is miscounted and taken again."""
    north, south, tags = told.north, told.south, told.tags
    out = {"place": "County hospital", "escort": "Transport team", "at": told.at("10:30")}
    yield Step(clerk(north), "custody.record_out", {"site": north, "tags": [tags[110]], **out})
    moved = tags[:MOVED]
    offered = {"giver": north, "receiver": south, "tags": moved}
    yield Step(clerk(north), "custody.offer", offered, "to the south")
    told.moves(moved, south)
    yield Step(
        clerk(south), "custody.accept", {"handover": Said("to the south", "handover"), "at": told.at("12:40")}
    )
    wrong, right = len(moved) - 1, len(moved)
    yield from _count(told, south, "13:00", "informal", wrong, "miscounted", certified=False)
    again = {
        "site": south,
        "at": told.at("13:15"),
        "mode": "number",
        "recount_of": Said("miscounted", "count"),
    }
    yield Step(clerk(south), "custody.open_count", again, "counted again")
    yield from _counted(told, south, "13:20", right, "counted again", certified=True)


def _found_by_a_count(told: Day) -> Iterator[Step]:
    """Somebody was let go with others by mistake, and nobody wrote it down: the tags that are scanned lack one."""
    north, tags = told.north, told.tags
    gone, away = tags[61], tags[110]
    scanned = [tag for tag in told.at_site(north) if tag not in (gone, away)]
    opened = {"site": north, "at": told.at("14:00"), "kind": "formal", "mode": "scan"}
    yield Step(clerk(north), "custody.open_count", opened, "one is missing")
    count = {"count": Said("one is missing", "count")}
    outside = {"place": "County hospital", "persons": 1, "by": "Transport team"}
    yield Step(clerk(north), "custody.confirm_out", count | outside)
    yield Step(clerk(north), "custody.submit_count", count | {"tags": scanned, "at": told.at("14:20")})
    again = {
        "site": north,
        "at": told.at("14:30"),
        "mode": "scan",
        "recount_of": Said("one is missing", "count"),
    }
    yield Step(clerk(north), "custody.open_count", again, "still missing")
    still = {"count": Said("still missing", "count")}
    yield Step(clerk(north), "custody.confirm_out", still | outside)
    yield Step(clerk(north), "custody.submit_count", still | {"tags": scanned, "at": told.at("14:50")})
    told.moves([gone], "")
    incident = {
        "site": north, "kind": "released_in_error", "tags": [gone], "at": told.at("11:30"), "last_seen_at": told.at("10:00"),
        "words": "Left with the ten who were taken to court; nobody checked the band at the door.",
        "reported_by": "Watch commander", "count": Said("still missing", "count"),
    }  # fmt: skip
    yield Step(clerk(north), "custody.report_incident", incident, "let go")
    stood_for = {
        "incident": Said("let go", "incident"),
        "reason": "The door camera shows it; the agency was told at 15:05.",
    }
    yield Step("center", "custody.confirm_incident", stood_for)
    explained = still | {"reason": "Released in error at 11:30: the incident of this day."}
    yield Step("center", "custody.explain_count", explained)
    lost = {
        "site": north,
        "tag": told.bags[1],
        "words": "Not on its rack when the shelves were gone through.",
        "at": told.at("15:30"),
    }
    yield Step(clerk(north), "custody.report_loss", lost)
    yield Step(clerk(north), "custody.record_back", {"site": north, "tags": [away], "at": told.at("16:10")})


def _evening(told: Day) -> Iterator[Step]:
    """Ten are released by order, the desk changes hands, one is screened too late, and both sites are counted at midnight."""
    north, south, tags = told.north, told.south, told.tags
    leaving = told.at_site(south)[:LEAVING]
    bag = {
        "site": south,
        "person": tags[0],
        "tags": [told.bags[0]],
        "at": told.at("17:00"),
        "receipt": "Receipt signed at the gate",
    }
    yield Step(clerk(south), "custody.hand_back", bag)
    told.moves(leaving, "")
    order = {"reason": "court_order", "order_reference": "Order 26-4711", "read_again": leaving}
    yield Step(
        clerk(south), "custody.release", {"site": south, "tags": leaving, "at": told.at("17:20"), **order}
    )
    desk = {
        "site": north,
        "since": told.at("05:45"),
        "until": told.at("18:00"),
        "notes": "One bag is lost; the difference is open.",
    }
    yield Step(clerk(north), "custody.hand_over_desk", desk, "the desk")
    yield Step(clerk(north, second=True), "custody.take_desk", {"desk": Said("the desk", "desk")})
    late = {
        "site": north,
        "event": "medical_screened",
        "by": "Health staff",
        "tags": [tags[INTAKE - 1]],
        "at": told.at("19:30"),
    }
    yield Step(clerk(north, second=True), "cases.record_event", late)
    yield Step(clerk(north, second=True), "cases.record_breaches", {"site": north})
    yield from _count(told, north, "20:00", "formal", len(told.at_site(north)), "evening count", second=True)
    for site in (north, south):
        yield from _count(
            told,
            site,
            "23:50",
            "midnight",
            len(told.at_site(site)),
            f"midnight at {site}",
            second=site == north,
        )
        settled = {
            "site": site,
            "differences": Open(site),
            "reason": "Gone through with the site and the agency at the end of the day.",
        }
        yield Step("center", "custody.settle_many", settled)


def cleared(told: Day) -> Iterator[Step]:
    """Whoever is still at the two sites goes back to the agency, so that the next day begins with nobody there."""
    for site in (told.north, told.south):
        left = told.at_site(site)
        told.moves(left, "")
        gone = _here(told, site, left, "23:55") | {"reason": "transfer_of_agency", "to_organisation": AGENCY}
        yield Step(clerk(site, second=site == told.north), "custody.release", gone)
        settled = {
            "site": site,
            "differences": Open(site),
            "reason": "The agency took them back by its own list.",
        }
        yield Step("center", "custody.settle_many", settled)


def _here(told: Day, site: str, tags: list[str], moment: str) -> dict[str, Any]:
    return {"site": site, "tags": tags, "at": told.at(moment)}


def _count(
    told: Day, site: str, moment: str, kind: str, persons: int, name: str, *, certified: bool = True, second: bool = False
) -> Iterator[Step]:  # fmt: skip
    opened = {"site": site, "at": told.at(moment), "kind": kind, "mode": "number"}
    yield Step(clerk(site, second), "custody.open_count", opened, name)
    yield from _counted(told, site, moment, persons, name, certified=certified, second=second)


def _counted(
    told: Day, site: str, moment: str, persons: int, name: str, *, certified: bool, second: bool = False
) -> Iterator[Step]:  # fmt: skip
    count = {"count": Said(name, "count")}
    yield Step(
        clerk(site, second), "custody.submit_count", count | {"persons": persons, "at": told.at(moment)}
    )
    if certified:
        yield Step("center", "custody.certify_count", count)


# --- the laws -----------------------------------------------------------------------

EVERY_ENTRY = """
SELECT count(*), coalesce(sum(hashtextextended(concat_ws('|', thing_id, n, kind, giver_id, receiver_id, happened_at, base, corrects,
       repeats, act_id), 0)::numeric), 0) FROM ledger_entry WHERE act_id = ANY (%s)"""
HEADS = """
SELECT count(*) FROM ledger_thing t LEFT JOIN ledger_head h ON h.thing_id = t.id
LEFT JOIN ledger_entry e ON e.thing_id = t.id AND e.n = h.top
WHERE t.tag = ANY (%s) AND h.holder_id IS DISTINCT FROM coalesce(e.receiver_id, t.origin_id)"""
HOLDERS = """
SELECT t.tag, r.site FROM ledger_thing t JOIN ledger_head h ON h.thing_id = t.id JOIN ledger_holder r ON r.id = h.holder_id
WHERE t.tag = ANY (%s)"""


class Laws:
    """What holds of the record whatever was told: looked at after each step."""

    def __init__(self) -> None:
        self.known_at = latest_known()
        self.acts: list[Any] = []
        self.entries: tuple[int, int] = (0, 0)
        self.looked = 0

    def hold(self, told: Day, step: Step) -> None:
        """Raise AssertionError where one is broken after the step: who holds whom, the census, the numbers, and what was written."""
        rows = dict(_rows(HOLDERS, told.tags))
        assert {tag: site for tag, site in rows.items() if site} == {
            tag: site for tag, site in told.held.items() if site
        }, step
        assert _rows(HEADS, told.tags) == [(0,)], f"{step.action}: a head is not what its entries say"
        known_at = latest_known()
        assert known_at == self.known_at + 1, f"{step.action} is not one act"
        counted = census(timezone.now(), known_at).sites
        here = Counter(site for site in told.held.values() if site)
        for site in (told.north, told.south):
            assert counted.get(site, 0) == here[site], f"the census of {site} after {step.action}"
        before = _rows(EVERY_ENTRY, self.acts)[0]
        assert before == self.entries, f"{step.action} changed what was written before"
        self.acts = [
            row[0]
            for row in _rows(
                "SELECT act_id FROM record_number WHERE number > %s - 200 ORDER BY number", known_at
            )
        ]
        self.entries = _rows(EVERY_ENTRY, self.acts)[0]
        self.known_at, self.looked = known_at, self.looked + 1


def _rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def open_at(site: str) -> list[str]:
    """The ids of the differences that are open at a site."""
    rows = (
        Difference.objects.filter(site=site, settled__isnull=True).order_by("id").values_list("pk", flat=True)
    )
    return [str(each) for each in rows]


def filled_in(step: Step, said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The inputs of a step with what was answered before, and what is open now, in their places."""
    inputs = {name: open_at(v.site) if isinstance(v, Open) else v for name, v in step.inputs.items()}
    return loading.filled_in(replace(step, inputs=inputs), said)


def counts_of(told: Day) -> list[tuple[str, str, int, int, bool]]:
    """Each headcount of the day in order: site, kind, expected, counted, and whether it was certified."""
    rows = (
        Count.objects.filter(site__in=(told.north, told.south)).select_related("counted").order_by("act_id")
    )
    return [(r.site_id, r.kind, r.expected, r.counted.persons, hasattr(r, "certified")) for r in rows]
