"""Incidents: facts that are kept at once, stood for by a second person where somebody left by them, closed by name, and never left out."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import test_steps
from people import TAGS, People, at, people
from test_steps import Offices, opened, received

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.cases import queries as cases
from muster.core.errors import NotFound
from muster.core.times import NotHappenedYet
from muster.custody.incidents import (
    ConfirmedBySomebodyElse,
    EntryStands,
    IncidentIsClosed,
    IncidentReported,
    NotConfirmed,
    NothingToConfirm,
    ReportedAlready,
)
from muster.custody.models import Difference, Incident
from muster.custody.queries import count_incidents, incidents, open_differences
from muster.custody.rules import AlreadySettled, NoTags
from muster.ledger.models import Entry, Thing
from muster.ledger.queries import census, latest_known
from muster.missions.closing import open_items
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.picture import queries as picture_queries
from muster.picture.changes import changes
from muster.picture.public import page as public_page

offices = test_steps.offices
ONE, TWO, THREE = sorted(TAGS[:3])
LEAVING = ["absconded", "released_in_error", "death"]


@pytest.fixture
def who() -> People:
    made = people()
    do.custody.receive(actor=made.north, site="EX-NORTH", tags=[ONE, TWO, THREE], at=at(-8))
    return made


def told(actor: Actor, kind: str, tags: list[str], hours: float = -1, **more: Any) -> IncidentReported:
    given = {"site": "EX-NORTH", "words": "Seen by the shift", "reported_by": "Shift desk"} | more
    answer: IncidentReported = do.incidents.report_incident(
        actor=actor, kind=kind, tags=tags, at=at(hours), **given
    ).answer
    return answer


def held() -> int:
    return census(at(0), latest_known()).sites.get("EX-NORTH", 0)


def differences(kind: str = "incident") -> list[Difference]:
    return [each for each in open_differences(["EX-NORTH"]) if each.kind == kind]


def clocks_of(tag: str, hours: float = 0) -> dict[str, str]:
    thing = Thing.objects.get(tag=tag).pk
    return {
        clock.rule.id: clock.state
        for clock, _, _ in cases.person_clocks([thing], now=at(hours))[thing].clocks
    }


def standard(who: People, name: str = "us.ice.pbnds2011r2016") -> None:
    do.cases.set_standard(
        actor=who.center, site="EX-NORTH", standard=name, valid_from=date(2026, 2, 1), contract_ref="EX-1"
    )


def counts(**more: Any) -> dict[str, tuple[int, int, int]]:
    return {each.kind: (each.count, each.open, each.not_so) for each in count_incidents(incidents(**more))}


@pytest.mark.parametrize("kind", LEAVING)
def test_who_is_gone_by_an_incident_is_held_no_more_and_a_supervisor_has_to_stand_for_it(
    who: People, kind: str
) -> None:
    before = held()
    answer = told(who.north, kind, [ONE], last_seen_at=at(-3))

    assert (answer.number, answer.left, answer.waits, answer.report) == (1, [ONE], True, None)
    assert held() == before - 1
    entry = Entry.objects.filter(thing__tag=ONE).latest("n")
    assert (entry.reason, entry.happened_at, entry.earliest_at, entry.latest_at) == (
        kind,
        at(-1),
        at(-3),
        at(-1),
    )
    (difference,) = differences()
    assert difference.thing is not None
    assert difference.thing.tag == ONE
    assert "A supervisor has still to stand for it." in difference.words

    with pytest.raises(NotConfirmed):
        do.incidents.close_incident(
            actor=who.center, incident=answer.incident, outcome="dealt_with", reason="Looked into"
        )
    with pytest.raises(NotPermitted):
        do.incidents.confirm_incident(actor=who.north_too, incident=answer.incident, reason="I was there")
    do.incidents.confirm_incident(actor=who.center, incident=answer.incident, reason="The log agrees")
    assert differences() == []
    with pytest.raises(AlreadySettled):
        do.incidents.confirm_incident(actor=who.center, incident=answer.incident, reason="The log agrees")
    closed = do.incidents.close_incident(
        actor=who.north, incident=answer.incident, outcome="dealt_with", reason="Looked into"
    ).answer
    assert closed.state == "closed"


def test_whoever_reported_it_cannot_stand_for_it(who: People) -> None:
    answer = told(who.center, "absconded", [ONE])

    with pytest.raises(ConfirmedBySomebodyElse):
        do.incidents.confirm_incident(actor=who.center, incident=answer.incident, reason="I say so")

    assert len(differences()) == 1


def test_somebody_released_in_error_whom_a_count_found_missing_is_told_with_the_count(who: People) -> None:
    standard(who)
    count = do.counting.open_count(actor=who.north, site="EX-NORTH", at=at(-2), mode="scan").answer.count
    with pytest.raises(NotFound):
        told(who.north, "released_in_error", [THREE], count=count)  # it is not in yet
    missing = do.counting.submit_count(
        actor=who.north, count=count, tags=[ONE, TWO], at=at(-2)
    ).answer.missing

    answer = told(who.north, "released_in_error", missing, count=count, last_seen_at=at(-4))

    assert (missing, answer.left) == ([THREE], [THREE])
    row = Incident.objects.get()
    assert row.count is not None
    assert row.count.pk == count
    assert (
        clocks_of(THREE)["CNT-08"] == "running"
    )  # the record had the person here: missing, until the agency is told
    again = do.counting.open_count(actor=who.north, site="EX-NORTH", at=at(0), mode="scan").answer.count
    assert do.counting.submit_count(actor=who.north, count=again, tags=[ONE, TWO]).answer.agrees


def test_a_release_that_was_recorded_and_was_an_error_keeps_its_entry(who: People) -> None:
    standard(who)
    do.custody.release(actor=who.north, site="EX-NORTH", tags=[ONE], at=at(-3), reason="court_order")
    entries = Entry.objects.count()

    answer = told(who.north, "released_in_error", [ONE, TWO])

    assert answer.left == [ONE, TWO]
    assert Entry.objects.count() == entries + 1  # of the other alone
    assert len(differences()) == 2
    assert "CNT-08" not in clocks_of(ONE)
    assert clocks_of(TWO)["CNT-08"] == "running"
    with pytest.raises(ReportedAlready):
        told(who.center, "released_in_error", [ONE])
    with pytest.raises(ReportedAlready):
        told(who.north, "absconded", [TWO])
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TWO], at=at(-0.5))
    assert told(who.north, "absconded", [TWO], -0.2).left == [TWO]  # who came back can be gone again


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("absconded", ["CNT-08"]),
        ("death", ["MED-09", "MED-09A", "MED-09B", "MED-09C"]),
        ("injury", ["CLS-02A"]),
    ],
)
def test_an_incident_starts_the_clocks_of_its_notices(who: People, kind: str, rules: list[str]) -> None:
    standard(who)
    before = clocks_of(ONE)
    told(who.north, kind, [ONE])

    started = {rule: state for rule, state in clocks_of(ONE).items() if rule in rules}

    assert not set(rules) & set(before)
    assert started == dict.fromkeys(rules, "running")


def test_a_serious_injury_is_told_to_the_agency_where_the_standard_asks_for_it(who: People) -> None:
    standard(who, "us.ice.nds2019")
    told(who.north, "injury", [ONE])
    told(who.north, "medical", [TWO], serious=True)
    told(who.north, "use_of_force", [THREE], serious=True)  # serious is said of injuries and illness alone

    assert [tag for tag in (ONE, TWO, THREE) if "MED-09I" in clocks_of(tag)] == [TWO]
    do.cases.record_event(
        actor=who.north,
        site="EX-NORTH",
        event="agency_told_of_injury",
        tags=[TWO],
        at=at(-0.5),
        proof="Mail 7",
    )
    assert clocks_of(TWO)["MED-09I"] == "met"


def test_what_nobody_left_by_needs_no_second_person_and_its_log_goes_on_until_it_is_closed(
    who: People,
) -> None:
    do.areas.state_areas(
        actor=who.center, site="EX-NORTH",
        areas=[{"area": "D-1", "name": "Dormitory", "kind": "housing", "usable": 20, "valid_from": "2026-02-01"}],
    )  # fmt: skip
    answer = told(who.north, "medical", [ONE, TWO], area="D-1")
    with pytest.raises(NothingToConfirm):
        do.incidents.confirm_incident(actor=who.center, incident=answer.incident, reason="Seen")
    with pytest.raises(NotHappenedYet):
        do.incidents.log_incident(actor=who.north, incident=answer.incident, at=at(24 * 3650), words="Later")
    do.incidents.log_incident(
        actor=who.north_too, incident=answer.incident, at=at(-0.5), words="Ambulance here"
    )

    do.incidents.close_incident(
        actor=who.north, incident=answer.incident, outcome="dealt_with", reason="Both are well"
    )

    row = Incident.objects.get(pk=answer.incident)
    assert (row.area and row.area.code, [each.words for each in row.log.all()]) == ("D-1", ["Ambulance here"])
    assert not answer.waits
    assert held() == 3
    for late in (
        lambda: do.incidents.log_incident(actor=who.north, incident=row.pk, at=at(0), words="More"),
        lambda: do.incidents.close_incident(
            actor=who.north, incident=row.pk, outcome="dealt_with", reason="Again"
        ),
        lambda: do.incidents.confirm_incident(actor=who.center, incident=row.pk, reason="Seen"),
    ):
        with pytest.raises(IncidentIsClosed):
            late()


def test_an_incident_without_anybody_is_kept_unless_somebody_is_gone_by_it(who: People) -> None:
    assert told(who.north, "use_of_force", []).number == 1
    for kind in LEAVING:
        with pytest.raises(NoTags):
            told(who.north, kind, [])
    with pytest.raises(NotFound):
        told(who.north, "injury", [TAGS[99]])
    with pytest.raises(NotHappenedYet):
        told(who.north, "injury", [ONE], 24 * 3650)
    with pytest.raises(NotFound):
        told(who.north, "injury", [ONE], area="X-9")

    assert told(who.north, "injury", [ONE]).number == 2  # what was refused has no number


def test_who_is_held_elsewhere_by_the_record_is_kept_as_a_report_and_the_incident_stands(who: People) -> None:
    do.custody.receive(actor=who.south, site="EX-SOUTH", tags=[TAGS[5]], at=at(-8))

    answer = told(who.north, "death", [ONE, TAGS[5]])

    assert answer.left == [ONE]
    assert answer.reported[TAGS[5]].endswith("the record says that EX-SOUTH holds the person.")
    assert answer.report is not None
    assert [each.thing.tag for each in differences("not_held_here") if each.thing] == [TAGS[5]]
    assert len(differences()) == 2
    assert counts()["death"] == (1, 1, 0)
    late = told(who.north, "absconded", [TWO], -20)  # before the arrival
    assert list(late.reported) == [TWO]
    Site.objects.filter(pk="EX-NORTH").update(kept_by_list_since=date(2026, 1, 1))
    assert "kept by list" in told(who.north, "absconded", [THREE]).reported[THREE]


def test_what_did_not_happen_is_closed_as_that_starts_no_clock_and_is_still_counted(who: People) -> None:
    standard(who)
    answer = told(who.north, "absconded", [ONE])
    entry = Entry.objects.filter(thing__tag=ONE).latest("n")
    with pytest.raises(EntryStands, match=f"entry {entry.n} of {ONE}"):
        do.incidents.close_incident(
            actor=who.north, incident=answer.incident, outcome="not_so", reason="Was in the clinic"
        )
    do.custody.correct(actor=who.north, site="EX-NORTH", tag=ONE, n=entry.n, reason="mistake", void=True)

    do.incidents.close_incident(
        actor=who.north, incident=answer.incident, outcome="not_so", reason="Was in the clinic"
    )

    assert held() == 3
    assert "CNT-08" not in clocks_of(ONE)
    assert differences() == []
    assert counts()["absconded"] == (1, 0, 1)
    assert told(who.north, "absconded", [ONE], -0.5).left == [ONE]  # and one that did


def test_every_kind_is_counted_at_every_site_and_for_oversight_over_all(who: People) -> None:
    for kind in LEAVING:
        told(who.north, kind, [{"absconded": ONE, "released_in_error": TWO, "death": THREE}[kind]])
    do.custody.receive(actor=who.south, site="EX-SOUTH", tags=[TAGS[5]], at=at(-8))
    told(who.south, "injury", [TAGS[5]], site="EX-SOUTH")

    none = dict.fromkeys(["injury", "medical", "use_of_force", *LEAVING], (0, 0, 0))
    assert counts(sites=["EX-NORTH"]) == none | dict.fromkeys(LEAVING, (1, 1, 0))
    assert counts(sites=["EX-SOUTH"]) == none | {"injury": (1, 1, 0)}
    assert counts() == none | dict.fromkeys(LEAVING, (1, 1, 0)) | {"injury": (1, 1, 0)}
    assert counts(sites=[]) == none


def test_an_open_incident_keeps_the_mission_of_its_person_open(offices: Offices) -> None:
    opened(offices)
    one, two, *_ = received(offices)
    north = offices.sites.north
    do.custody.release(actor=north, site="EX-NORTH", tags=[two], at=at(-3), reason="court_order")
    answers = [
        told(north, "absconded", [one]),
        told(north, "released_in_error", [two]),
        told(north, "injury", []),
    ]
    mission = Mission.objects.get()

    of_it = [item.subject for item in open_items(mission, at(1))["incident"]]

    assert of_it == [("incident", str(each.incident)) for each in answers[:2]]
    assert {kind: found for kind, found in counts(mission="EX-1").items() if found[0]} == {
        "absconded": (1, 1, 0),
        "released_in_error": (1, 1, 0),
    }
    do.incidents.confirm_incident(actor=offices.sites.center, incident=answers[0].incident, reason="So it is")
    do.incidents.close_incident(
        actor=north, incident=answers[0].incident, outcome="came_back", reason="Brought back by the agency"
    )
    assert len(open_items(mission, at(1))["incident"]) == 1


def test_the_picture_of_a_mission_tells_its_incidents_exactly_as_they_were_known(offices: Offices) -> None:
    opened(offices)
    one, two, *_ = received(offices)
    north = offices.sites.north
    before = latest_known()
    incident = told(north, "absconded", [one]).incident
    told(north, "death", [two], -0.5)
    reported = latest_known()
    entry = Entry.objects.filter(thing__tag=one).latest("n")
    do.custody.correct(actor=north, site="EX-NORTH", tag=one, n=entry.n, reason="mistake", void=True)
    do.incidents.close_incident(actor=north, incident=incident, outcome="not_so", reason="Was in the clinic")

    def picture(hours: float, known_at: int) -> dict[str, int | None]:
        found = picture_queries.figures("EX-1", at(hours), known_at)
        return {
            f.metric.removeprefix("incidents_"): f.quantity.low for f in found if f.metric.startswith("incidents_") and f.quantity
        }  # fmt: skip

    none = {"absconded": 0, "released_in_error": 0, "death": 0, "use_of_force": 0}
    assert picture(0, before) == none
    assert picture(0, reported) == none | {"absconded": 1, "death": 1}
    assert picture(-0.7, reported) == none | {"absconded": 1}
    assert picture(0, latest_known()) == none | {"death": 1}
    public = public_page("EX-1", at(48), latest_known())
    (death,) = [figure for figure in public.figures if figure.metric == "incidents_death"]
    assert (death.words, death.evidence, death.place, death.as_of) == ("1", (), "all", "2026-03-01")
    assert not any("incident 2" in str(row) for row in public.rows)
    groups = changes(offices.sites.center, before, latest_known(), at(0)).groups
    assert [each.words.split(".")[0] for each in groups["Incidents"]] == [
        "Reported: absconded, incident 1 of EX-NORTH", "Reported: death, incident 2 of EX-NORTH",
        "Closed: absconded, incident 1 of EX-NORTH",
    ]  # fmt: skip


def test_incidents_are_reported_at_the_own_site_alone(who: People) -> None:
    with pytest.raises(NotFound):
        told(who.south, "injury", [ONE])
    user = User.objects.create_user("overseer")
    Grant.objects.create(user=user, role="oversight")
    with pytest.raises(NotPermitted):
        told(actor_of(user), "injury", [ONE])
    with pytest.raises(NotFound):
        do.incidents.log_incident(actor=who.north, incident=uuid4(), at=at(0), words="What")
    answer = told(who.north, "injury", [ONE])
    with pytest.raises(NotFound):
        do.incidents.log_incident(actor=who.south, incident=answer.incident, at=at(0), words="What")
    assert isinstance(answer.incident, UUID)
