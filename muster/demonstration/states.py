"""What other states did about the same support in 2025, each as it was reported, and nothing sharper than the report.

Every source bears the mark of its row in authority.md, section 4: S, read in a secondary source only. No state's own text was read.

Their requests and limits stand in `examples/`, with what was read and what was not. Where a report bears no day, the day that its
decision counts from is marked as not exact. Of Texas and Wyoming no decision is reported: the one has the largest share of the
plan and another agreement beside it, the other is preparing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from muster.demonstration.telling import Step, limits_of, request_file

DESK = "records.desk"
NEWSWEEK = {
    "publisher": "Newsweek",
    "title": "Report of August 12, 2025, as carried by daily8.com",
    "published": "2025-08-12",
    "mark": "S",
}
EVENTS = {
    "publisher": "eventsunderstood.com",
    "title": "Overview of Guard support to immigration authorities, 2025",
    "published": "",
    "mark": "S",
}
FOX = {
    "publisher": "Fox News",
    "title": "List of states, as carried by metroloud.com, particle.news and thenewsfocus.com",
    "published": "2025-08",
    "mark": "S",
}
WIBC = {
    "publisher": "WIBC",
    "title": "Report of August 25, 2025, citing the Department of Defense",
    "published": "2025-08-25",
    "mark": "S",
}


@dataclass(frozen=True)
class State:
    """One state's decision, as reported."""

    code: str
    file: str  # of its request, in `examples/`
    request: str
    zone: str
    reported_on: str
    source: dict[str, str] = field(hash=False)
    reason: str
    about: bool = False  # the day is not exact


STATES = (
    State("FL", "florida-2025-state-orders", "EVERGLADES-2025-FL", "America/New_York", "2025-07-03",
          {"publisher": "Military.com", "title": "Report of July 3, 2025", "published": "2025-07-03", "mark": "S"},
          "About 70 armed members on base camp security, under the state's own orders, as reported. The day of the order is not recorded."),
    State("TN", "tennessee-2025", "ICE-SUPPORT-2025-TN", "America/Chicago", "2025-08-06",
          {"publisher": "WKMS", "title": "Report of August 6, 2025", "published": "2025-08-06", "mark": "S"},
          "Administrative and clerical work at ICE processing sites in the state, as reported. How many members is not recorded."),
    State("FL", "florida-2025", "ICE-SUPPORT-2025-FL", "America/New_York", "2025-08-12", NEWSWEEK,
          "Title 32 at nine ICE offices, 25 on duty and about 200 authorised, as reported. Which tasks is not recorded."),
    State("IA", "iowa-2025", "ICE-SUPPORT-2025-IA", "America/Chicago", "2025-08-12", NEWSWEEK,
          "Administrative and logistical help by 20 members, from September 8 to November 15, 2025, as reported."),
    State("ID", "idaho-2025", "ICE-SUPPORT-2025-ID", "America/Boise", "2025-08-12", NEWSWEEK,
          "Administrative help by up to 14 members, as reported."),
    State("VA", "virginia-2025", "ICE-SUPPORT-2025-VA", "America/New_York", "2025-09-05",
          {"publisher": "The Center Square", "title": "Report as carried by blackchronicle.com", "published": "", "mark": "S"},
          "Sixty members on telephones, data entry, scheduling, biometrics and vehicles, and no arrests, as reported. Duty early in "
          "September 2025.", about=True),
    State("SC", "south-carolina-2025", "ICE-SUPPORT-2025-SC", "America/New_York", "2025-09-05", EVENTS,
          "Administrative help by 40 members to the end of the fiscal year, as reported; which one is not said.", about=True),
    State("NV", "nevada-2025", "ICE-SUPPORT-2025-NV", "America/Los_Angeles", "2026-02-01",
          {"publisher": "factually.co", "title": "Overview of February 2026", "published": "2026-02", "mark": "S"},
          "Clerical work and vehicle maintenance by 35 volunteers, without direct contact with detainees, to mid-November 2025, as "
          "reported. The first and the last day are not recorded.", about=True),
)  # fmt: skip
# Asked, and no decision is reported.
UNDECIDED = (
    ("texas-2025", "ICE-SUPPORT-2025-TX", "2025-08-22T00:00:00-05:00", FOX,
     "The largest share of the plan, as reported; how many, and with which limits, is not recorded."),
    ("wyoming-2025", "ICE-SUPPORT-2025-WY", "2025-09-05T00:00:00-06:00", EVENTS,
     "Preparing, with up to 15 members, as reported. No decision is reported."),
)  # fmt: skip
PLAN = "ICE-PLAN-2025"
ON_BOTH_LISTS = (
    "AL",
    "AR",
    "FL",
    "GA",
    "IA",
    "ID",
    "IN",
    "LA",
    "NE",
    "NV",
    "OH",
    "SC",
    "SD",
    "TN",
    "TX",
    "UT",
    "VA",
    "WY",
)
AGREEMENT = "TX-CBP-AGREEMENT-2025"
NUMBERS = (
    ("FL", "on_duty", "25", "2025-08-12", "At nine ICE offices.", NEWSWEEK),
    ("FL", "authorised", "about 200", "2025-08-12", "", EVENTS),
    ("IA", "approved", "20", "2025-08-12", "", NEWSWEEK),
    ("ID", "approved", "up to 14", "2025-08-12", "", NEWSWEEK),
    ("SC", "approved", "40", "", "In 2025.", EVENTS),
    ("WY", "approved", "up to 15", "", "In 2025. Preparing; no decision is reported.", EVENTS),
)


def steps() -> Iterator[Step]:
    """The facts in the order of the days on which they were reported."""
    for state in STATES:
        yield from decided(state)
    for file, request, at, source, words in UNDECIDED:
        yield _asked(file, at, source["publisher"])
        yield Step(
            DESK, "sources.record_statement",
            {"id": f"{request}-STANDING", "mission": request, "kind": "standing", "words": words,
             "stated_by": source["publisher"], "said_on": source["published"] or "2025", "source": source},
        )  # fmt: skip
    yield Step(
        DESK, "missions.keep_apart",
        {"mission": "ICE-SUPPORT-2025-TX", "code": AGREEMENT, "title": "Agreement of Texas with Customs and Border Protection",
         "relation": "separate_from",
         "words": "Of about February 2, 2025: members may make immigration arrests under the agency's supervision and in contact with "
                  "its official, not reimbursed. It is no part of the support, and which statute it rests on is an open point.",
         "source": {"publisher": "alazlaw.com", "title": "On the agreement of February 2025", "published": "2025-02", "mark": "S"}},
    )  # fmt: skip
    yield from planned()


def decided(state: State) -> Iterator[Step]:
    """The request as it must have stood, and the decision on it."""
    yield _asked(state.file, f"{state.reported_on}T00:00:00+00:00", state.source["publisher"])
    yield Step(
        DESK, "decisions.record_reported",
        {"request": state.request, "outcome": "approved_with_limits", "reason": state.reason,
         "limits": limits_of(state.file, zone=state.zone), "reported_on": state.reported_on, "source": state.source,
         "zone_name": state.zone, "about": state.about},
    )  # fmt: skip


def planned() -> Iterator[Step]:
    """Two lists of the states of the plan differ in one: both stand, with their sources, and neither is made of the other."""
    claims = [
        {"id": f"{PLAN}-{list_id}-{place}", "mission": PLAN, "place": place, "metric": "listed", "quantity": None, "as_of": "2025-08",
         "note": "", "publisher": source["publisher"], "url": url}
        for list_id, source, url, one_more in (("FOX", FOX, "https://metroloud.com", "NM"), ("WIBC", WIBC, "https://wibc.com", "MO"))
        for place in sorted([*ON_BOTH_LISTS, one_more])
    ]  # fmt: skip
    yield Step(DESK, "sources.import_claims", {"claims": claims})
    for place, metric, said, as_of, note, source in NUMBERS:
        yield Step(
            DESK, "sources.record_claim",
            {"id": f"STATES-2025-{place}-{metric.upper().replace('_', '-')}", "mission": f"ICE-SUPPORT-2025-{place}", "place": place,
             "metric": metric, "said": said, "as_of": as_of, "note": note, "stated_by": source["publisher"], "source": source},
        )  # fmt: skip


def _asked(file: str, at: str, publisher: str) -> Step:
    inputs = {"request": request_file(file), "state": "in_review", "at": at, "reported_by": publisher}
    return Step(DESK, "assistance.record_reported", inputs)
