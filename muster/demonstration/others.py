"""A flood in State Active Duty, an authority that has ended, and a request that waits to be decided: all exercises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from muster.demonstration.telling import Cast, Step, request_file

FLOOD, EXPIRED, WAITING = "EX-FLOOD-1", "EX-EXPIRED-1", "EX-SHELTER-1"


def steps(cast: Cast) -> Iterator[Step]:
    """The three stories, one after the other."""
    yield from flood(cast)
    yield from expired(cast)
    yield from waiting(cast)


def flood(cast: Cast) -> Iterator[Step]:
    """Rescue and shelters: nobody is in custody, so no custody rules are needed."""
    request = request_file("flood") | {"as_of": cast.day(9)}
    for line in request["lines"]:
        line |= {"from": cast.day(9), "to": cast.day(-5)}
    yield from _to_review(cast, request, days_ago=9)
    yield _decide(
        cast, FLOOD, hours_ago=208,
        reason="To save life.",
        limits={"zone": "America/Chicago", "people_max": 90, "tasks_allowed": ["T21", "T22"], "effective_from": cast.day(9),
                "effective_to": cast.day(-5),
                "sentences": {"people_max": "Up to ninety members.", "tasks_allowed": "Rescue, and the shelters."}},
    )  # fmt: skip
    yield _open(cast, FLOOD, "Flood on the Example River", hours_ago=207)
    for category, words, people, vehicles in (
        ("T21", "Boats and high-water vehicles", "60", "20"),
        ("T22", "Registration, bedding and meals at two shelters", "between 20 and 24", "0"),
    ):
        yield _order(cast, FLOOD, category, words, people, vehicles, "Example County", -96)


def expired(cast: Cast) -> Iterator[Step]:
    """The decision's last day has passed: a new task is refused with its sentence."""
    request = request_file("expired") | {"as_of": cast.day(40)}
    yield from _to_review(cast, request, days_ago=40)
    last = cast.day(10)
    yield _decide(
        cast, EXPIRED, hours_ago=39 * 24, reason="For one month.",
        limits={"zone": "America/Chicago", "people_max": 4, "tasks_allowed": ["T03"], "effective_from": cast.day(39),
                "effective_to": last,
                "sentences": {"tasks_allowed": "Supply runs, and nothing else.", "effective_to": f"Until {last}, that day included."}},
    )  # fmt: skip
    yield _open(cast, EXPIRED, "Supply runs whose authority has ended", hours_ago=38 * 24)
    place = "North processing site"
    yield _order(cast, EXPIRED, "T03", "Two drivers a day", "4", "2", place, 12 * 24, begins=30 * 24)
    yield _order(
        cast, EXPIRED, "T03", "One more week", "4", "2", place, -168, refused="decisions.outside_window"
    )


def waiting(cast: Cast) -> Iterator[Step]:
    """An evacuation shelter that the governor's office has before it."""
    request = {
        "id": WAITING, "title": "Staff for an evacuation shelter", "kind": "exercise",
        "requester": "Example County Emergency Management", "agency_kind": "local", "asked": "ZZ-GOVERNOR", "state": "ZZ",
        "purpose": "Staff for a shelter of 200 residents while the county's own people rest.", "priority": "life_sustaining",
        "duty_status_asked": "SAD", "as_of": cast.day(2),
        "lines": [
            {"task": "T22", "words": "Registration, bedding and meals", "people": "about 12", "place": "Example County",
             "from": cast.day(0), "to": cast.day(-14), "contact": "none"},
            {"task": "T20", "words": "Keeping the approach road clear for buses", "people": 4, "place": "Example County",
             "from": cast.day(0), "to": cast.day(-14), "contact": "none"},
            {"task": "T14", "words": "Searching bags at the door", "people": 2, "place": "Example County", "contact": "none"},
        ],
        "exclusions": [],
    }  # fmt: skip
    yield from _to_review(cast, request, days_ago=2)


def _to_review(cast: Cast, request: dict[str, Any], *, days_ago: int) -> Iterator[Step]:
    hours, name = 24 * days_ago, request["id"]
    yield Step("operations", "assistance.draft", {"request": request, "at": cast.ago(hours + 4)})
    yield Step("operations", "assistance.submit", {"request": name, "at": cast.ago(hours + 3)})
    yield Step("operations", "assistance.validate", {"request": name, "at": cast.ago(hours + 2)})
    yield Step("counsel", "authority.assess", {"request": name, "on_date": cast.day(days_ago)})
    yield Step("operations", "assistance.review", {"request": name, "at": cast.ago(hours + 1)})


def _decide(cast: Cast, request: str, *, hours_ago: int, reason: str, limits: dict[str, Any]) -> Step:
    inputs = {"request": request, "outcome": "approved_with_limits", "reason": reason, "limits": limits}
    return Step("governor", "decisions.decide", {**inputs, "at": cast.ago(hours_ago)})


def _open(cast: Cast, mission: str, title: str, *, hours_ago: int) -> Step:
    inputs = {"decision": f"{mission}-D1", "mission": mission, "title": title, "organisation": "EX-GUARD"}
    return Step("operations", "missions.open", {**inputs, "at": cast.ago(hours_ago)})


def _order(
    cast: Cast, mission: str, category: str, words: str, people: str, vehicles: str, place: str, ends: int, *,
    begins: int = 200, refused: str = "",
) -> Step:  # fmt: skip
    inputs = {
        "mission": mission, "category": category, "words": words, "place": place, "people": people, "vehicles": vehicles,
        "begins_at": cast.ago(begins if not refused else -1), "ends_at": cast.ago(ends), "contact": "none",
    }  # fmt: skip
    return Step("operations", "tasks.order", inputs, refused=refused)
