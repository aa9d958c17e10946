"""ICE-SUPPORT-2025, Missouri: what one published report and two later ones say, each fact in its place with its source.

The sixteen facts of the first report carry its numbers, M01 to M16. Nothing here is sharper than the report: what it does
not say is *not recorded*. A second request, to Vermont, was declined.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from muster.demonstration.telling import Step, limits_of, request_file

MISSION = "ICE-SUPPORT-2025"
REQUEST, DECLINED = "ICE-SUPPORT-2025-MO", "ICE-SUPPORT-2025-VT"
EMERGENCY, WASHINGTON, BUREAU = "MO-EMERGENCY-2025", "DC-TROOPS-2025", "FBI-STAFF-2025"
DESK, COUNSEL = "records.desk", "counsel"
AUGUST_22 = "2025-08-22T12:00:00-05:00"  # the report speaks of a Friday in August 2025: marked approximate

REPORT = {
    "publisher": "St. Louis Public Radio",
    "title": "Report on Missouri's governor considering a National Guard deployment to assist ICE",
    "published": "2025-08",
}
DECISION = {
    "publisher": "KSHB",
    "title": "kshb.com, report of September 30, 2025",
    "published": "2025-09-30",
    "mark": "S",
}
VERMONT = {
    "publisher": "WSHU",
    "title": "wshu.org, report of July 30, 2025",
    "published": "2025-07-30",
    "mark": "S",
}

SPOKESPERSON = "Gabby Picard, spokesperson for Governor Mike Kehoe"
BY_REPORT = "the report"


def steps() -> Iterator[Step]:
    """The facts in the order in which they became known."""
    yield _vermont_asked()
    yield Step(
        DESK, "decisions.record_reported",
        {"request": DECLINED, "outcome": "declined", "reason": "Too little detail and planning, as the governor's reason is reported.",
         "reported_on": "2025-07-30", "source": VERMONT, "zone_name": "America/New_York"},
    )  # fmt: skip
    yield from _request()
    yield from _statements()
    yield from _claims()
    yield from _apart()
    yield from _decision()


def _vermont_asked() -> Step:
    # Asked and declined come from one report, so both count from the start of its day, in this order.
    return Step(
        DESK, "assistance.record_reported",
        {"request": request_file("declined"), "state": "in_review", "at": "2025-07-30T00:00:00-04:00", "reported_by": "WSHU"},
    )  # fmt: skip


def _request() -> Iterator[Step]:
    """M01 asks, M02 says where it stands; counsel's findings rest on the order of July 25."""
    yield Step(
        DESK, "assistance.record_reported",
        {"request": request_file("missouri-2025"), "state": "in_review", "at": AUGUST_22,
         "reported_by": REPORT["publisher"]},
    )  # fmt: skip
    yield Step(COUNSEL, "authority.assess", {"request": REQUEST, "on_date": "2025-08-22"})


def _statements() -> Iterator[Step]:
    for number, kind, stated_by, said_on, words in (
        (1, "asked", BY_REPORT, "2025-08",
         "The federal administration asked for help of the Missouri National Guard for immigration authorities: clerical, "
         "transportation and logistical tasks. Arrests are not asked for."),
        (2, "standing", BY_REPORT, "2025-08", "The governor is weighing the request. No decision has been taken."),
        (3, "scope", SPOKESPERSON, "2025-08", "If approved, the tasks would be administrative and logistical, and no arrests."),
        (4, "scope", "a Department of Defense spokesperson", "2025-08",
         "The help could include case management, transportation, and clerical support for the in- and out-processing of "
         "people who are detained."),
        (6, "order", "the report, naming Defense Secretary Pete Hegseth", "2025-07-25",
         "An order of the Secretary of Defense put members of the military who support immigration enforcement under the "
         "command of their state governors, and authorised that support."),
        (10, "command", "the report, and the governor's spokesperson", "2025-08",
         "The federal government pays, and the Guard would stay under the governor's authority. That this means 32 USC "
         "502(f) is our reading, unverified."),
        (12, "purpose", "Sean Parnell, chief Pentagon spokesman", "2025-08",
         "Presented as freeing immigration agents for the core of law enforcement."),
        (13, "activation", "the report, with the governor's statement of that time", "2025",
         "Earlier in the year the governor declared a state of emergency and activated the Guard ahead of protests over "
         "immigration in St. Louis, which were peaceful. The Guard was never deployed."),
        (16, "meaning", BY_REPORT, "2025-08",
         "It would be the latest widening of federal law enforcement's presence in St. Louis."),
    ):  # fmt: skip
        inputs = {"id": _id(number), "mission": MISSION, "kind": kind, "words": words, "stated_by": stated_by}
        yield Step(DESK, "sources.record_statement", {**inputs, "said_on": said_on, "source": REPORT})


def _claims() -> Iterator[Step]:
    """M05 is a question that nobody answered; M07 to M09 and M11 are numbers of the whole country."""
    asked = {"question": "How many troops were requested?", "asked_of": "Missouri National Guard"}
    for number, metric, place, said, note, stated_by, more in (
        (5, "requested", "MO", "not recorded", "", "", asked),
        (7, "authorised_added", "US", "500", "Added to the support by the change of July 25, 2025.", "", {}),
        (8, "authorised_total", "US", "about 1,700", "All Department of Defense support after the change.", "", {}),
        (9, "states_eligible", "US", "10", "Missouri among them.", SPOKESPERSON, {}),
        (11, "states_considering", "US", "20", "As of a Friday in August 2025; all with Republican governors, by that count.",
         "Stars and Stripes, as cited by the report", {}),
    ):  # fmt: skip
        yield _claim(_id(number), MISSION, metric, place, said, note, stated_by, **more)
    yield Step(
        DESK, "sources.record_claim",
        {"id": "DOD-2025-07-25-2", "mission": MISSION, "place": "US", "metric": "authorised", "said": "1,200",
         "as_of": "2025-07-25", "note": "Authorised before the change, which added 500.", "stated_by": "Department of Defense",
         "source": {"publisher": "Mirage News, text of the Department of Defense release",
                    "title": "Pentagon Backs ICE With Personnel Support", "published": "2025-07-25", "mark": "C"}},
    )  # fmt: skip


def _apart() -> Iterator[Step]:
    """M13 went before the request, M14 and M15 go on beside it under other authorities: none is added in."""
    for code, title, relation, words in (
        (EMERGENCY, "State of emergency in Missouri, earlier in 2025", "earlier",
         "The Guard was activated ahead of protests and never deployed. It is no part of the support to immigration authorities."),
        (BUREAU, "More FBI staff for the region", "separate_from",
         "Announced in the week before the report by U.S. Senator Eric Schmitt and FBI Director Kash Patel, against violent "
         "crime. How many is not recorded."),
        (WASHINGTON, "Federal troops in Washington, D.C.", "separate_from",
         "Troops in the capital, under another authority, nearly 2,000 and rising."),
    ):  # fmt: skip
        inputs = {"mission": MISSION, "code": code, "title": title, "relation": relation, "words": words}
        yield Step(DESK, "missions.keep_apart", {**inputs, "source": REPORT})
    yield _claim(
        "STLPR-M13-A", EMERGENCY, "activated", "MO", "not recorded", "How many were activated is not said."
    )
    yield _claim("STLPR-M13-B", EMERGENCY, "deployed", "MO", "0", "Activated, and never deployed.")
    yield _claim(
        _id(14), BUREAU, "fbi_staff_added", "MO", "not recorded", "More staff; how many is not said."
    )
    yield _claim(_id(15), WASHINGTON, "deployed", "DC", "nearly 2,000", "And rising.")


def _decision() -> Iterator[Step]:
    """Reported on September 30, 2025; the day on which it was taken is not recorded."""
    yield Step(
        DESK, "decisions.record_reported",
        {"request": REQUEST, "outcome": "approved_with_limits",
         "reason": "Approved for data entry, case management and logistics, by volunteers, without enforcement or security, as reported.",
         "limits": limits_of("missouri-2025", zone="America/Chicago"), "reported_on": "2025-09-30", "source": DECISION,
         "zone_name": "America/Chicago"},
    )  # fmt: skip
    yield Step(
        DESK, "missions.open",
        {"decision": f"{REQUEST}-D1", "mission": MISSION, "title": "Support to immigration authorities, Missouri",
         "organisation": "MO-STATE", "at": "2025-09-30T12:00:00-05:00"},
    )  # fmt: skip


def _claim(
    id: str, mission: str, metric: str, place: str, said: str, note: str, stated_by: str = "", **more: Any
) -> Step:
    inputs = {
        "id": id,
        "mission": mission,
        "metric": metric,
        "place": place,
        "said": said,
        "as_of": "2025-08",
    }
    told = {"note": note, "stated_by": stated_by or BY_REPORT, "source": REPORT, **more}
    return Step(DESK, "sources.record_claim", {**inputs, **told})


def _id(number: int) -> str:
    return f"STLPR-M{number:02}"
