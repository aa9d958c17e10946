"""A flood in State Active Duty, an authority that has ended, and a request that waits to be decided: all exercises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from muster.demonstration.telling import Cast, Said, Step, request_file

FLOOD, EXPIRED, WAITING = "EX-FLOOD-1", "EX-EXPIRED-1", "EX-SHELTER-1"


def steps(cast: Cast) -> Iterator[Step]:
    """The three stories, one after the other, and how they hang together."""
    yield from flood(cast)
    yield from expired(cast)
    yield from waiting(cast)
    yield from linked()


def flood(cast: Cast) -> Iterator[Step]:
    """Rescue and shelters: nobody is in custody, so no custody rules are needed."""
    request = request_file("flood") | {"as_of": cast.day(9)}
    for line in request["lines"]:
        line |= {"from": cast.day(9), "to": cast.day(-5)}
    yield from _to_review(cast, request, days_ago=9, first_asked=_fewer(request))
    yield from _judged(cast)
    yield _decide(
        cast, FLOOD, hours_ago=208,
        reason="To save life.",
        limits=_limits(cast),
    )  # fmt: skip
    yield _open(cast, FLOOD, "Flood on the Example River", hours_ago=207)
    for category, words, people, vehicles in (
        ("T21", "Boats and high-water vehicles", "60", "20"),
        ("T22", "Registration, bedding and meals at two shelters", "between 20 and 24", "0"),
    ):
        yield _order(cast, FLOOD, category, words, people, vehicles, "Example County", -96)
    yield from _drifted(cast)
    yield from _costed(cast)
    yield from _amended(cast)


def _limits(cast: Cast, **fewer: int) -> dict[str, Any]:
    """What the governor allows for the flood; with `fewer`, that many by task and no more."""
    said = {
        "people_max": "Up to ninety members.",
        "tasks_allowed": "Rescue, and the shelters.",
        "cost_cap_usd": "At a cost of no more than 400,000 dollars.",
    }
    limits: dict[str, Any] = {
        "zone": "America/Chicago", "people_max": 90, "tasks_allowed": ["T21", "T22"], "cost_cap_usd": 400_000,
        "effective_from": cast.day(9), "effective_to": cast.day(-5), "sentences": said,
    }  # fmt: skip
    if fewer:
        limits["people_max_by_task"] = fewer
        said["people_max_by_task"] = (
            "Of these no more than forty on rescue and twenty in the shelters, now that the water falls."
        )
    return limits


def _costed(cast: Cast) -> Iterator[Step]:
    """Three costs are expected and one has come: it is claimed, and one of the three is settled, for nothing came of it."""
    sheet = {"publisher": "Exercise cost sheet", "title": "Rates of the exercise"}
    days = {"begins_on": cast.day(8), "ends_on": cast.day(-4)}
    for name, given in (
        ("crews", {"kind": "personnel", "words": "The boats' crews", "rate_usd": "151.25", "count": "60", "task": f"{FLOOD}-T1"}),
        ("shelters", {"kind": "personnel", "words": "Staff of the shelters", "rate_usd": "142.00", "count": "between 20 and 24",
                      "task": f"{FLOOD}-T2"}),
        ("pumps", {"kind": "equipment", "words": "Hire of two pumps", "rate_usd": "310.00", "count": "2"}),
    ):  # fmt: skip
        inputs = {"mission": FLOOD, "given": {**given, **days, "source": sheet}}
        yield Step("operations", "costs.estimate", inputs, name)
    yield Step(
        "operations", "costs.record",
        {"mission": FLOOD, "given": {
            "kind": "commodities", "words": "Fuel for boats and vehicles, the first four days", "basis": "unit", "rate_usd": "3.80",
            "count": "4,800", "begins_on": cast.day(8), "ends_on": cast.day(5), "reference": "EX-FUEL-1",
            "source": {"publisher": "Exercise fuel point", "title": "Issue log 1"},
        }},
        "fuel",
    )  # fmt: skip
    yield Step(
        "operations",
        "costs.claim",
        {"line": Said("fuel", "line"), "reference": "Exercise claim 1", "at": cast.ago(30)},
    )
    yield Step(
        "operations", "costs.settle",
        {"line": Said("pumps", "line"), "at": cast.ago(28), "reason": "The county lent its own pumps, and none were hired."},
    )  # fmt: skip


def _amended(cast: Cast) -> Iterator[Step]:
    """The water falls and the governor allows fewer: both tasks stand outside; one is kept with a reason, and one waits to be settled."""
    yield Step(
        "governor", "decisions.amend",
        {"decision": f"{FLOOD}-D1", "limits": _limits(cast, T21=40, T22=20), "effective_at": cast.ago(12), "after_version": 1,
         "reason": "The water has been falling since yesterday."},
    )  # fmt: skip
    yield Step(
        "operations", "tasks.keep",
        {"task": f"{FLOOD}-T2", "version": 2, "reason": "Two hundred residents sleep there until the county's own people relieve us."},
    )  # fmt: skip


def _fewer(request: dict[str, Any]) -> dict[str, Any]:
    """The flood's request as it was handed in first: fewer boats' crews, before the second levee."""
    first, *others = request["lines"]
    return request | {"lines": [first | {"people": "about 40", "vehicles": "about 12"}, *others]}


def _judged(cast: Cast) -> Iterator[Step]:
    """The six criteria before the decision: five are judged, and of one it is said out loud that nobody could judge it."""
    for by, criterion, colour, rationale, evidence in (
        ("counsel", "legality", "green", "Rescue and shelters in State Active Duty; nobody is in custody.",
         ["Exercise memorandum 1"]),
        ("operations", "lethality", "green", "Nobody is armed, and nobody is to be confronted.", ["Exercise order 2, draft"]),
        ("operations", "risk", "amber", "Moving water at night; crews go in pairs and no boat goes out alone.",
         ["Exercise risk assessment 1"]),
        ("operations", "cost", "amber", "The state pays. What it comes to is an estimate until the boats' hours are in.",
         ["Exercise estimate 1"]),
        ("operations", "appropriateness", "green", "The county's own boats and those of its neighbours are all out.",
         ["Exercise statement of need 1"]),
        ("operations", "readiness", "unjudged", "The units have not said yet which training they would lose.", []),
    ):  # fmt: skip
        yield Step(
            by, "authority.judge",
            {"request": FLOOD, "criterion": criterion, "colour": colour, "rationale": rationale, "evidence": evidence,
             "at": cast.ago(212)},
        )  # fmt: skip


def _drifted(cast: Cast) -> Iterator[Step]:
    """Two tasks drifted: counsel has settled the one, and the other waits for the review within its day."""
    drifted = {"request": FLOOD, "place": "Example County"}
    yield Step(
        "operations", "authority.record_drift",
        {**drifted, "happened_at": cast.ago(110), "tasked": "T22", "done": "T20", "asked_by": "A deputy of Example County",
         "what_was_done": "Two members of the shelter's staff waved cars past a flooded crossing for half an hour, until the "
                          "county's own people came."},
        "traffic",
    )  # fmt: skip
    yield Step(
        "counsel", "authority.review_drift",
        {"drift": Said("traffic", "drift"), "outcome": "outside", "at": cast.ago(98),
         "reason": "The decision allows rescue and shelters. Keeping people out of the water was right, and is to be asked for next "
                   "time."},
    )  # fmt: skip
    yield Step(
        "operations", "authority.record_drift",
        {**drifted, "happened_at": cast.ago(8), "tasked": "T21", "done": "T14", "asked_by": "A deputy of Example County",
         "what_was_done": "A boat's crew helped the deputy to look through a house for weapons, and then went on with the rescue."},
    )  # fmt: skip


def linked() -> Iterator[Step]:
    """The shelter goes on with what the flood began; the supply runs have nothing to do with the support beside them."""
    for request, relation, to, words in (
        (WAITING, "continues", FLOOD, "The county's shelter goes on when the rescue is over."),
        (EXPIRED, "separate_from", "EX-PROCESSING-1", "The same place, under a decision of its own."),
    ):
        yield Step(
            "operations", "assistance.link",
            {"request": request, "relation": relation, "to_request": to, "words": words},
        )  # fmt: skip


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


def _to_review(
    cast: Cast, request: dict[str, Any], *, days_ago: int, first_asked: dict[str, Any] | None = None
) -> Iterator[Step]:
    """With `first_asked`, that was handed in, and then said anew as `request`."""
    hours, name = 24 * days_ago, request["id"]
    yield Step(
        "operations", "assistance.draft", {"request": first_asked or request, "at": cast.ago(hours + 4)}
    )
    yield Step("operations", "assistance.submit", {"request": name, "at": cast.ago(hours + 3)})
    if first_asked:
        yield Step(
            "operations", "assistance.amend",
            {"request": name, "version": 1, "content": request, "at": cast.ago(hours + 2.5),
             "reason": "A second levee broke: more crews and boats."},
        )  # fmt: skip
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
