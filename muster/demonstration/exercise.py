"""The exercise: a request of five lines, a decision with limits, tasks, two sites, 120 generated persons, three bags and one trip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from muster.demonstration.telling import Cast, Said, Step, request_file

AGENCY = "EX-FIELD-OFFICE"
NORTH, SOUTH = "EX-NORTH", "EX-SOUTH"
NORTH_PLACE, SOUTH_PLACE = "North processing site", "South processing site"
BUSES = ((0, 40), (40, 80), (80, 120))  # persons by number, the end not included
ON_THE_TRIP = slice(85, 95)


def steps(cast: Cast) -> Iterator[Step]:
    """The story in the order in which it was recorded."""
    yield from asked(cast)
    yield from decided(cast)
    yield from tasked(cast)
    yield from arrived(cast)
    yield from brought(cast)
    yield from moved(cast)
    yield from afterwards(cast)
    yield from owed(cast)
    yield from checklists(cast)
    yield from housed(cast)
    yield from cases(cast)


def asked(cast: Cast) -> Iterator[Step]:
    """It is on record who holds the office; the agency asks, counsel finds, the operations center puts it before the governor."""
    yield Step(
        "counsel", "decisions.seat_holder",
        {"office": "ZZ-GOVERNOR", "account": "governor", "begins_at": cast.ago(24 * 400), "instrument": "Oath of the exercise's governor"},
    )  # fmt: skip
    request = request_file("exercise") | {"id": cast.mission, "as_of": cast.day(6)}
    for line in request["lines"]:
        line |= {"from": cast.day(5), "to": cast.day(-25)}
    yield Step("agency", "assistance.draft", {"request": request, "at": cast.ago(150)})
    yield Step("agency", "assistance.submit", {"request": cast.mission, "at": cast.ago(149)})
    yield Step("operations", "assistance.validate", {"request": cast.mission, "at": cast.ago(147)})
    yield Step("counsel", "authority.assess", {"request": cast.mission, "on_date": cast.day(6)})
    yield Step("operations", "assistance.review", {"request": cast.mission, "at": cast.ago(145)})


def decided(cast: Cast) -> Iterator[Step]:
    """The governor approves with limits, and the operations center opens the mission."""
    yield Step(
        "governor", "decisions.decide",
        {"request": cast.mission, "outcome": "approved_with_limits", "at": cast.ago(130), "limits": limits(cast),
         "instrument": "Exercise order 1",
         "reason": "So that persons in custody are received, cared for and moved without delay."},
    )  # fmt: skip
    yield Step(
        "operations", "missions.open",
        {"decision": f"{cast.mission}-D1", "mission": cast.mission, "title": "Support to in-processing",
         "organisation": "EX-GUARD", "at": cast.ago(129)},
    )  # fmt: skip


def limits(cast: Cast) -> dict[str, Any]:
    """What the exercise's governor allows."""
    return {
        "zone": "America/Chicago", "people_max": 40, "people_max_by_task": {"T04": 10}, "vehicles_max": 8,
        "tasks_allowed": ["T01", "T02", "T04", "T06", "T08"], "tasks_barred": ["T12", "T13", "T14"], "contact": "direct",
        "places": [NORTH_PLACE, SOUTH_PLACE], "armed": "none", "effective_from": cast.day(5), "effective_to": cast.day(-25),
        "reporting_interval_days": 7, "conditions": ["An officer of the agency rides along on every transport of persons."],
        "sentences": {
            "people_max": "No more than forty members at any one moment.",
            "people_max_by_task": "No more than ten of them on transport.",
            "tasks_allowed": "Data entry, case management, transport with an officer of the agency aboard, property lists and supply.",
            "tasks_barred": "No guarding, no arrests and no searches.",
            "places": "At the two processing sites only.", "armed": "Nobody is armed.",
        },
    }  # fmt: skip


def tasked(cast: Cast) -> Iterator[Step]:
    """Four tasks inside the limits; one outside, refused with the sentence of the decision."""
    for category, words, place, people, vehicles, contact in (
        ("T01", "Data entry for in- and out-processing", NORTH_PLACE, "12", "0", "none"),
        ("T02", "Checklists, scheduling and moving files", NORTH_PLACE, "about 8", "0", "incidental"),
        (
            "T04",
            "Driving between the two sites, an officer of the agency aboard",
            NORTH_PLACE,
            "10",
            "3",
            "direct",
        ),
        ("T08", "Supplies and vehicle maintenance", SOUTH_PLACE, "up to 8", "4", "none"),
    ):
        yield _order(cast, category, words, place, people, vehicles, contact)
    yield _order(
        cast,
        "T12",
        "Guarding the yard at night",
        NORTH_PLACE,
        "2",
        "0",
        "direct",
        refused="decisions.barred_task",
    )
    yield Step(
        "operations", "tasks.report_present", {"task": f"{cast.mission}-T1", "people": 11, "at": cast.ago(27)}
    )


def _order(
    cast: Cast,
    category: str,
    words: str,
    place: str,
    people: str,
    vehicles: str,
    contact: str,
    refused: str = "",
) -> Step:
    inputs = {
        "mission": cast.mission, "category": category, "words": words, "place": place, "people": people,
        "vehicles": vehicles, "contact": contact, "begins_at": cast.ago(40), "ends_at": cast.ago(-240),
    }  # fmt: skip
    return Step("operations", "tasks.order", inputs, refused=refused)


def arrived(cast: Cast) -> Iterator[Step]:
    """Both sites keep a standard. Three buses of forty come, none of them offered beforehand: a difference until the giver answers."""
    for site in (NORTH, SOUTH):
        yield Step(
            "operations", "cases.set_standard",
            {"site": site, "standard": "us.ice.pbnds2011r2016", "contract_ref": "Exercise contract 1", "valid_from": cast.day(30)},
        )  # fmt: skip
    for number, (first, end) in enumerate(BUSES):
        inputs = {"site": NORTH, "from_organisation": AGENCY, "mission": cast.mission}
        at = cast.ago(30 - 2 * number)
        yield Step("clerk.north", "custody.receive", inputs | {"tags": cast.tags[first:end], "at": at})


def brought(cast: Cast) -> Iterator[Step]:
    """Two persons have property: one of them goes on the trip, and it goes along; the other is released, and leaves money behind."""
    suitcase, coat, purse = cast.bags
    traveller, released = cast.tags[ON_THE_TRIP][0], cast.tags[101]
    in_bags = [
        {"tag": suitcase, "kind": "baggage", "seal": "EX-2201", "place": "Rack 4", "contents": ["Blue suitcase, locked"]},
        {"tag": coat, "kind": "clothing", "seal": "EX-2202", "place": "Rack 4", "contents": ["Brown winter coat", "Pair of boots"]},
    ]  # fmt: skip
    deposit: dict[str, Any] = {"site": NORTH, "person": traveller, "bags_in": in_bags, "at": cast.ago(25.5)}
    yield Step("clerk.north", "custody.take_in", deposit)
    money = [{"currency": "USD", "amount": "40.00"}]
    in_a_safe: dict[str, Any] = {
        "tag": purse,
        "kind": "money",
        "seal": "EX-0107",
        "place": "Safe 1",
        "contents": ["Black purse"],
    }
    yield Step(
        "clerk.north",
        "custody.take_in",
        deposit | {"person": released, "bags_in": [in_a_safe | {"money": money}]},
    )


def moved(cast: Cast) -> Iterator[Step]:
    """Fifty are offered to the south, one of whom stayed behind; both sites are counted; ten go by a trip of the mission."""
    tags = cast.tags
    yield Step(
        "clerk.north", "custody.offer",
        {"giver": NORTH, "receiver": SOUTH, "tags": tags[:50], "mission": cast.mission}, "to the south",
    )  # fmt: skip
    # The south signs for forty-nine, and the fiftieth is a difference.
    yield Step(
        "clerk.south", "custody.accept",
        {"handover": Said("to the south", "handover"), "at": cast.ago(22), "tags": tags[:49]},
    )  # fmt: skip
    for by, site, persons in (("clerk.north", NORTH, 70), ("clerk.south", SOUTH, 49)):
        opened = {"site": site, "at": cast.ago(20), "kind": "formal"}
        yield Step(by, "custody.open_count", opened, f"count at {site}")
        counted = {"count": Said(f"count at {site}", "count"), "persons": persons, "at": cast.ago(19.8)}
        yield Step(by, "custody.submit_count", counted)
    yield from _trip(cast)


def _trip(cast: Cast) -> Iterator[Step]:
    trip = f"{cast.mission}-BUS-1"
    persons = cast.tags[ON_THE_TRIP]
    yield Step(
        "operations", "transport.plan_trip",
        {"mission": cast.mission, "trip": trip, "task": f"{cast.mission}-T3", "from_site": NORTH, "to_site": SOUTH,
         "vehicle": "Bus 1", "seats": 12, "departs_at": cast.ago(14)},
    )  # fmt: skip
    yield Step(
        "custodian", "transport.depart", {"trip": trip, "at": cast.ago(14)}, refused="transport.no_custodian"
    )
    yield Step(
        "operations",
        "transport.name_custodian",
        {"trip": trip, "custodian": "custodian", "at": cast.ago(14.5)},
    )
    handover = {"mission": cast.mission, "tags": persons}
    yield Step(
        "clerk.north",
        "custody.offer",
        {**handover, "giver": NORTH, "receiver": f"trip:{trip}"},
        "onto the bus",
    )
    yield Step(
        "custodian", "custody.accept", {"handover": Said("onto the bus", "handover"), "at": cast.ago(14.2)}
    )
    yield Step("custodian", "transport.depart", {"trip": trip, "at": cast.ago(14)})
    yield Step("custodian", "transport.arrive", {"trip": trip, "at": cast.ago(12.5)})
    yield Step(
        "custodian", "custody.offer", {**handover, "giver": f"trip:{trip}", "receiver": SOUTH}, "off the bus"
    )
    yield Step(
        "clerk.south", "custody.accept", {"handover": Said("off the bus", "handover"), "at": cast.ago(12.2)}
    )
    yield Step("custodian", "transport.close_trip", {"trip": trip, "at": cast.ago(12)})


def afterwards(cast: Cast) -> Iterator[Step]:
    """One late entry, three releases, a bag that is lost, one arrival that contradicts the record, and an offer that waits."""
    tags = cast.tags
    # Found the next morning: the bus had come earlier for one person than was written down.
    yield Step(
        "clerk.north", "custody.correct",
        {"site": NORTH, "tag": tags[80], "n": 1, "happened_at": cast.ago(27.5), "reason": "late_entry"},
    )  # fmt: skip
    # Three are released by a court's order; of one a check is open, which keeps nobody.
    leaving = tags[100:103]
    checks = {"site": NORTH, "at": cast.ago(6.5), "by": "Release desk", "proof": "Exercise log"}
    done = ["release_identity_checked", "property_returned"]
    yield Step("clerk.north", "cases.record_items", checks | {"events": done, "tags": leaving})
    yield Step(
        "clerk.north",
        "cases.record_items",
        checks | {"events": ["safe_release_checked"], "tags": leaving[:2]},
    )
    yield Step(
        "clerk.north", "custody.release",
        {"site": NORTH, "tags": leaving, "read_again": leaving, "at": cast.ago(6), "reason": "court_order",
         "checks": [{"check": "REL-03", "because": "nobody", "by": "Release desk", "words": "No list of shelters was at hand."}]},
    )  # fmt: skip
    lost = {
        "site": SOUTH,
        "tag": cast.bags[1],
        "words": "Not on its rack when the shelves were gone through.",
        "at": cast.ago(5),
    }
    yield Step("clerk.south", "custody.report_loss", lost)
    # The south scans somebody whom the record has in the north: kept as a report.
    yield Step(
        "clerk.south", "custody.receive",
        {"site": SOUTH, "tags": tags[110:111], "at": cast.ago(3), "from_organisation": AGENCY, "mission": cast.mission},
    )  # fmt: skip
    yield Step(
        "clerk.north", "custody.offer",
        {"giver": NORTH, "receiver": SOUTH, "tags": tags[60:70], "mission": cast.mission}, "waiting",
    )  # fmt: skip


def owed(cast: Cast) -> Iterator[Step]:
    """What the standard of the sites asks was done, by which clocks run; four were not screened yet, and two too late."""
    tags = cast.tags
    first, late, not_yet = [*tags[:50], *tags[52:116]], tags[116:118], [*tags[50:52], *tags[118:]]
    by = {"health": "Health staff", "site": "Admission desk", "agency": "Field office"}
    north = {"site": NORTH, "proof": "Exercise log"}
    for who, event in (
        ("health", "medical_screened"), ("health", "tb_screened"), ("site", "authority_to_hold_seen"),
        ("site", "property_inventoried"), ("site", "identity_papers_passed_on"), ("site", "hygiene_issued"),
        ("site", "classified"), ("site", "orientation_given"), ("site", "free_call_made"), ("site", "detention_file_opened"),
    ):  # fmt: skip
        screens = event.endswith("screened")
        inputs = north | {
            "event": event,
            "by": by[who],
            "tags": first if screens else tags[:120],
            "at": cast.ago(25),
        }
        yield Step("clerk.north", "cases.record_event", inputs)
    for event in ("arrival_screening_done", "identification_done", "booked_in_agency_system"):
        inputs = north | {"event": event, "by": by["agency"], "tags": tags[:120], "at": cast.ago(24)}
        yield Step("clerk.north", "cases.record_event", inputs | {"in_agency_system": True})
    inputs = north | {"event": "medical_screened", "by": by["health"], "tags": late, "at": cast.ago(11)}
    yield Step("clerk.north", "cases.record_event", inputs)
    inputs = north | {"event": "medicine_brought", "by": by["health"], "tags": not_yet, "at": cast.ago(22)}
    yield Step("clerk.north", "cases.record_event", inputs)


def housed(cast: Cast) -> Iterator[Step]:
    """Both sites state their areas; in the north a pipe has burst, three are kept together, and some are placed: a hold room is full."""
    tags = cast.tags
    room = {"kind": "hold_room", "valid_from": cast.day(30)}
    north = [
        {"area": "H-1", "name": "Hold room 1", "usable": 8, "rated": 10, "square_feet": 100, **room},
        {"area": "H-2", "name": "Hold room 2", "usable": 8, "rated": 10, "square_feet": 100, **room},
        {"area": "D-1", "name": "Dormitory 1", "usable": 48, "rated": 52, "square_feet": 2400, **room, "kind": "housing"},
        {"area": "MED", "name": "Sick bay", "usable": 4, **room, "kind": "medical"},
    ]  # fmt: skip
    south = [{"area": "D-1", "name": "Dormitory 1", "usable": 80, **room, "kind": "housing"}]
    for site, areas in ((NORTH, north), (SOUTH, south)):
        yield Step("operations", "custody.state_areas", {"site": site, "areas": areas})
    yield Step(
        "clerk.north", "custody.take_out_of_service",
        {"site": NORTH, "area": "H-2", "places": 6, "valid_from": cast.day(1), "reason": "Burst pipe"},
    )  # fmt: skip
    yield Step(
        "clerk.north", "custody.state_group",
        {"site": NORTH, "kind": "keep_with", "tags": tags[70:73], "authority": "Exercise letter 1"},
    )  # fmt: skip
    for area, placed in (("H-1", tags[50:58]), ("D-1", tags[70:85]), ("MED", tags[95:96])):
        yield Step(
            "clerk.north", "custody.place", {"site": NORTH, "area": area, "tags": placed, "at": cast.ago(2)}
        )


def checklists(cast: Cast) -> Iterator[Step]:
    """The south does again what its list asks: of some all of it, of some not yet, and of one that it was not done is told, and why."""
    tags = cast.tags
    here, still_open = [*tags[:30], *tags[85:95]], tags[30:48]
    south = {"site": SOUTH, "proof": "Exercise log"}
    steps: tuple[tuple[str, list[str], list[str], float], ...] = (
        ("Health staff", ["medical_screened"], [*here, *still_open, tags[48]], 11),
        ("Admission desk", ["authority_to_hold_seen", "property_inventoried", "identity_papers_passed_on", "hygiene_issued", "classified",
                            "orientation_given", "detention_file_opened"], here, 11),
        ("Field office", ["arrival_screening_done", "identification_done", "booked_in_agency_system"], here, 10),
        ("Admission desk", ["authority_to_hold_seen", "property_inventoried", "identity_papers_passed_on"], still_open, 9),
    )  # fmt: skip
    for by, events, whose, hours in steps:
        inputs = south | {"events": events, "tags": whose, "at": cast.ago(hours), "by": by}
        yield Step("clerk.south", "cases.record_items", inputs)
    yield Step(
        "clerk.south", "cases.record_items",
        {"site": SOUTH, "events": ["hygiene_issued"], "tags": tags[30:31], "at": cast.ago(8), "by": "Supply desk",
         "not_done": "no_supplies", "words": "No clothing of that size; ordered."},
    )  # fmt: skip


def cases(cast: Cast) -> Iterator[Step]:
    """In the north one clerk keeps fifteen cases: of one a hearing is past and nobody said what came of it, one is offered to the south."""
    tags, north = cast.tags, {"site": NORTH}
    yield Step("clerk.north", "cases.assign_worker", north | {"tags": tags[70:85], "worker": "clerk.north"})
    yield Step(
        "clerk.north", "cases.make_appointment",
        north | {"tags": tags[70:71], "kind": "court", "at": cast.ago(4), "place": "County court, room 2"},
    )  # fmt: skip
    yield Step(
        "clerk.north", "cases.write_note",
        north | {"tag": tags[70], "text": "Asked for the hearing to be explained again; done with an interpreter."},
    )  # fmt: skip
    yield Step(
        "clerk.north", "cases.offer_case",
        north | {"tags": tags[74:75], "to_site": SOUTH, "reason": "The person is to go there with the next bus."},
    )  # fmt: skip
    yield Step(
        "clerk.north", "custody.report_incident",
        north | {"kind": "medical", "tags": tags[95:96], "at": cast.ago(2), "area": "MED", "reported_by": "Yard post",
                 "words": "Fainted in the yard; walked to the sick bay and rests there."},
        "fainted",
    )  # fmt: skip
    yield Step(
        "clerk.north", "custody.log_incident",
        {"incident": Said("fainted", "incident"), "at": cast.ago(1.5), "words": "Health staff saw the person; no hospital is needed."},
    )  # fmt: skip
