"""From the request to the trip: who may do what, what is refused with which sentence, and what is kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from people import TAGS, People, at, people

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.assistance.actions import AlsoDuplicate, InTheRecord, ReasonNeeded
from muster.assistance.models import Request
from muster.assistance.queries import requests_of
from muster.assistance.rules import NotAllowedFrom
from muster.core.errors import FaultyInput, MusterError, NotFound
from muster.core.files import read_data, take_in
from muster.custody.models import Difference
from muster.decisions import queries as decisions
from muster.decisions.drafting import BeyondTheLaw, LimitsNeeded, NotAssessed, NotInForce
from muster.decisions.models import Decision
from muster.decisions.rules import BarredTask, NothingInForce, OutsideTasks, OverPeople
from muster.ledger import queries as ledger
from muster.missions.actions import AlreadyClosed, StillOpen
from muster.parties.models import Office, Organisation
from muster.picture import queries as picture
from muster.record.models import Act
from muster.tasks.actions import OutsideTheLaw
from muster.tasks.models import Task
from muster.transport import rules as transport

EXERCISE = Path(__file__).parents[2] / "examples" / "exercise-request.toml"
DAY = date(2026, 3, 1)
LIMITS = {
    "zone": "America/Chicago",
    "people_max": 20,
    "people_max_by_task": {"T04": 6},
    "tasks_allowed": ["T01", "T02", "T04", "T06", "T08"],
    "tasks_barred": ["T12", "T13"],
    "contact": "direct",
    "effective_from": "2026-02-20",
    "effective_to": "2026-03-31",
    "sentences": {
        "people_max": "No more than twenty people at any one moment.",
        "tasks_barred": "No guarding and no arrests.",
    },
}


@dataclass(frozen=True)
class Offices:
    """Who asks, checks, decides and takes a trip, beside the people of the sites."""

    sites: People
    governor: Actor
    agency: Actor
    affairs: Actor
    custodian: Actor
    elsewhere: Actor  # the governor's office of another state


@pytest.fixture
def offices() -> Offices:
    sites = people()
    guard = Organisation.objects.get(code="EX-GUARD")
    other = Organisation.objects.create(code="OTHER", name="Another state", kind="state")
    Office.objects.create(code="ZZ-GOVERNOR", title="Governor of Example", organisation=guard)

    agency = Organisation.objects.get(code="EX-AGENCY")

    def account(name: str, role: str, organisation: Organisation | None) -> Actor:
        user = User.objects.create_user(name, password=f"{name}'s password")
        Grant.objects.create(user=user, role=role, organisation=organisation)
        return actor_of(user)

    governor = account("governor", "governor", guard)
    do.offices.seat_holder(
        actor=account("recorder", "counsel", None), office="ZZ-GOVERNOR", account="governor", begins_at=at(-9000),
        instrument="Oath of the example's governor",
    )  # fmt: skip
    return Offices(
        sites, governor, account("agency", "requester", agency),
        account("affairs", "affairs", None), account("custodian", "custodian", guard),
        account("elsewhere", "governor", other),
    )  # fmt: skip


def asked(**changes: Any) -> dict[str, Any]:
    """The exercise's request, moved to the days of these tests."""
    request = read_data(take_in(EXERCISE)) | {"as_of": "2026-03-01", "agency": "EX-AGENCY"} | changes
    for line in request["lines"]:
        line |= {"from": "2026-02-20", "to": "2026-03-31"}
    return request


def in_review(offices: Offices, **changes: Any) -> str:
    request = do.assistance.draft(actor=offices.agency, request=asked(**changes), at=at(-48)).answer.request
    do.assistance.submit(actor=offices.agency, request=request, at=at(-47))
    do.assistance.validate(actor=offices.sites.center, request=request, at=at(-46))
    do.authority.assess(actor=offices.sites.center, request=request, on_date=DAY)
    do.assistance.review(actor=offices.sites.center, request=request, at=at(-45))
    return str(request)


def decided(offices: Offices, limits: dict[str, Any] = LIMITS) -> str:
    answer = do.decisions.decide(
        actor=offices.governor, request=in_review(offices), outcome="approved_with_limits", reason="To relieve the sites.",
        limits=limits, at=at(-44),
    )  # fmt: skip
    return str(answer.answer.decision)


def opened(offices: Offices, limits: dict[str, Any] = LIMITS) -> str:
    decision = decided(offices, limits)
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-1", title="Support to in-processing",
        organisation="EX-GUARD", at=at(-43),
    )  # fmt: skip
    return decision


def order(offices: Offices, category: str = "T01", people: str = "5", **changes: Any) -> Any:
    inputs = {
        "mission": "EX-1", "category": category, "words": "As the request says", "place": "Site A", "people": people,
        "begins_at": at(-24), "ends_at": at(24), "contact": "none",
    }  # fmt: skip
    return do.tasks.order(actor=offices.sites.center, **(inputs | changes)).answer


# --- requests -----------------------------------------------------------------------


def test_a_request_goes_from_draft_to_decided_and_each_step_says_who_and_when(offices: Offices) -> None:
    decision = decided(offices)

    request = Request.objects.get()
    assert request.state == "decided"
    assert [step.state for step in request.steps.all()] == [
        "draft", "submitted", "validated", "in_review", "decided",
    ]  # fmt: skip
    assert [step.act.actor_id for step in request.steps.all()][::4] == [
        offices.agency.user,
        offices.governor.user,
    ]
    assert decision == "EX-PROCESSING-1-D1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "XX"}, "assistance.unknown_state"),
        ({"lines": [{"task": "T99", "words": "Something"}]}, "assistance.unknown_task"),
        ({"lines": [{"task": "T01", "words": "x", "from": "2026-03-09", "to": "2026-03-01"}]}, "assistance.ends_before_it_begins"),
    ],
)  # fmt: skip
def test_a_faulty_request_is_refused_and_nothing_is_kept(
    offices: Offices, change: dict[str, Any], code: str
) -> None:
    request = asked() | change

    with pytest.raises(FaultyInput) as refusal:
        do.assistance.draft(actor=offices.agency, request=request, at=at(0))

    assert code in [fault.code for fault in refusal.value.faults]
    assert not Request.objects.exists()


def test_a_request_is_recorded_once_and_to_an_office_that_is_known(offices: Offices) -> None:
    do.assistance.draft(actor=offices.agency, request=asked(), at=at(0))

    with pytest.raises(InTheRecord):
        do.assistance.draft(actor=offices.agency, request=asked(), at=at(0))
    with pytest.raises(NotFound):
        do.assistance.draft(actor=offices.agency, request=asked(id="EX-2", asked="NOBODY"), at=at(0))


def test_a_step_that_does_not_follow_is_refused_with_those_that_do(offices: Offices) -> None:
    request = do.assistance.draft(actor=offices.agency, request=asked(), at=at(0)).answer.request

    with pytest.raises(NotAllowedFrom, match="submitted, withdrawn"):
        do.assistance.validate(actor=offices.sites.center, request=request, at=at(1))


def test_a_request_is_returned_with_a_reason_submitted_again_and_withdrawn(offices: Offices) -> None:
    request = do.assistance.draft(actor=offices.agency, request=asked(), at=at(0)).answer.request
    do.assistance.submit(actor=offices.agency, request=request, at=at(1))

    with pytest.raises(ReasonNeeded):
        do.assistance.return_for_information(
            actor=offices.sites.center, request=request, at=at(2), code="missing", reason=" "
        )
    do.assistance.return_for_information(
        actor=offices.sites.center, request=request, at=at(2), code="missing", reason="How many drivers?"
    )
    do.assistance.submit(actor=offices.agency, request=request, at=at(3))
    stands = do.assistance.withdraw(actor=offices.agency, request=request, at=at(4), code="need_ended")

    assert stands.answer.state == "withdrawn"
    with pytest.raises(NotAllowedFrom, match="has ended"):
        do.assistance.submit(actor=offices.agency, request=request, at=at(5))


def test_a_duplicate_names_the_other_and_one_that_waits_too_long_expires(offices: Offices) -> None:
    for name in ("EX-1R", "EX-2R", "EX-3R"):
        do.assistance.draft(actor=offices.agency, request=asked(id=name), at=at(0))
        do.assistance.submit(actor=offices.agency, request=name, at=at(1))

    center, sent_twice = offices.sites.center, {"code": "sent_twice", "at": at(2)}
    with pytest.raises(NotFound):
        do.assistance.mark_duplicate(actor=center, request="EX-2R", of="EX-2R", **sent_twice)
    done = do.assistance.mark_duplicate(actor=center, request="EX-2R", of="EX-1R", **sent_twice)
    with pytest.raises(AlsoDuplicate, match="EX-1R itself"):
        do.assistance.mark_duplicate(actor=center, request="EX-3R", of="EX-2R", **sent_twice)
    late = do.assistance.expire(actor=center, request="EX-3R", code="no_answer", at=at(3))

    assert (done.answer.state, late.answer.state) == ("duplicate_of", "expired")


def test_a_decided_request_is_closed(offices: Offices) -> None:
    decided(offices)

    done = do.assistance.close(actor=offices.sites.center, request="EX-PROCESSING-1", at=at(1), code="done")

    assert done.answer.state == "closed"


# --- who may ------------------------------------------------------------------------


def test_nobody_decides_who_asked_and_other_states_do_not_see_it(offices: Offices) -> None:
    request = in_review(offices)
    decide = {"request": request, "outcome": "declined", "reason": "No reason", "at": at(0)}

    for actor in (offices.agency, offices.sites.center, offices.affairs):
        with pytest.raises(NotPermitted):
            do.decisions.decide(actor=actor, **decide)
    for actor in (offices.elsewhere, offices.sites.north):
        with pytest.raises(NotFound):
            do.decisions.decide(actor=actor, **decide)
    assert not Decision.objects.exists()


def test_a_requester_reaches_what_its_own_agency_asks_for_and_nothing_of_another(offices: Offices) -> None:
    county = Organisation.objects.create(code="COUNTY", name="Example County", kind="county")
    user = User.objects.create_user("county", password="county's password")
    Grant.objects.create(user=user, role="requester", organisation=county)
    do.assistance.draft(actor=offices.agency, request=asked(), at=at(-9))
    do.assistance.draft(actor=offices.sites.center, request=asked(id="PAPER", agency=None), at=at(-9))
    withdraw = {"code": "need_ended", "at": at(-8)}

    for request in ("EX-PROCESSING-1", "PAPER"):
        with pytest.raises(NotFound, match=request):
            do.assistance.withdraw(actor=actor_of(user), request=request, **withdraw)
    for agency in ("EX-AGENCY", None, "NOWHERE", 7):
        with pytest.raises(NotFound):
            do.assistance.draft(actor=actor_of(user), request=asked(id="X", agency=agency), at=at(-9))
    own = do.assistance.draft(actor=actor_of(user), request=asked(id="X", agency="COUNTY"), at=at(-9))

    assert [row.pk for row in requests_of(actor_of(user))] == [own.answer.request] == ["X"]
    assert [row.pk for row in requests_of(offices.agency)] == ["EX-PROCESSING-1"]
    do.assistance.withdraw(actor=actor_of(user), request="X", **withdraw)
    do.assistance.withdraw(actor=offices.sites.center, request="PAPER", **withdraw)


def test_only_the_operations_center_orders_tasks(offices: Offices) -> None:
    opened(offices)

    for actor in (offices.governor, offices.custodian, offices.affairs):
        with pytest.raises(NotPermitted):
            do.tasks.order(
                actor=actor, mission="EX-1", category="T01", words="Typing", place="Site A", people="1", begins_at=at(0),
                ends_at=at(1), contact="none",
            )  # fmt: skip


# --- decisions ----------------------------------------------------------------------


def test_a_decision_needs_findings_limits_and_stays_inside_the_law(offices: Offices) -> None:
    request = do.assistance.draft(actor=offices.agency, request=asked(), at=at(-9)).answer.request
    for verb in ("submit", "validate", "review"):
        actor = offices.agency if verb == "submit" else offices.sites.center
        getattr(do.assistance, verb)(actor=actor, request=request, at=at(-8))
    decide = {"actor": offices.governor, "request": request, "reason": "It helps.", "at": at(0)}

    with pytest.raises(NotAssessed):
        do.decisions.decide(**decide, outcome="declined")
    do.authority.assess(actor=offices.sites.center, request=request, on_date=DAY, status="T10-12304")
    with pytest.raises(LimitsNeeded, match="needs its limits"):
        do.decisions.decide(**decide, outcome="approved")
    with pytest.raises(LimitsNeeded, match="leave them out"):
        do.decisions.decide(**decide, outcome="declined", limits=LIMITS)
    with pytest.raises(FaultyInput, match="people_max"):
        do.decisions.decide(**decide, outcome="approved", limits=LIMITS | {"people_max": -1})
    with pytest.raises(BeyondTheLaw, match=r"T0[24] is prohibited"):
        do.decisions.decide(**decide, outcome="approved_with_limits", limits=LIMITS)


def test_a_declined_request_allows_nothing(offices: Offices) -> None:
    request = in_review(offices)
    done = do.decisions.decide(
        actor=offices.governor, request=request, outcome="declined", reason="Too few details", at=at(-44)
    )

    with pytest.raises(NotInForce, match="declined"):
        do.missions.open_mission(
            actor=offices.sites.center, decision=done.answer.decision, mission="EX-1", title="None", at=at(0),
            organisation="EX-GUARD",
        )  # fmt: skip


def test_a_referred_request_stays_in_review(offices: Offices) -> None:
    Office.objects.create(code="ZZ-ADJUTANT", title="Adjutant general of Example", organisation_id="EX-GUARD")
    do.decisions.decide(
        actor=offices.governor, request=in_review(offices), outcome="referred", reason="Ask the adjutant general",
        refer_to="ZZ-ADJUTANT",
        at=at(0),
    )  # fmt: skip

    assert Request.objects.get().state == "in_review"


def test_what_is_in_force_is_told_as_it_was_known(offices: Offices) -> None:
    decision = Decision.objects.get(pk=opened(offices))
    before = ledger.latest_known()
    less = LIMITS | {"people_max": 8}
    do.decisions.amend(
        actor=offices.governor,
        decision=decision.pk,
        limits=less,
        reason="Fewer are needed",
        effective_at=at(-30),
    )
    after = ledger.latest_known()

    def most(known_at: int) -> int | None:
        limits = decisions.in_force(decision, at(-20), known_at).limits
        return limits.people_max if limits else None

    assert (most(before), most(after)) == (20, 8)


def test_suspended_nothing_begins_resumed_it_does_and_revoked_for_good(offices: Offices) -> None:
    decision = opened(offices)
    change = {"actor": offices.governor, "decision": decision, "reason": "A review"}

    do.decisions.suspend(**change, effective_at=at(-40))
    with pytest.raises(NothingInForce, match="suspended"):
        order(offices)
    do.decisions.resume(**change, effective_at=at(-39))
    with pytest.raises(NotInForce):
        do.decisions.resume(**change, effective_at=at(-38))
    assert order(offices).task == "EX-1-T1"
    do.decisions.revoke(**change, effective_at=at(-37))
    with pytest.raises(NothingInForce, match="revoked"):
        order(offices)
    with pytest.raises(NotInForce):
        do.decisions.amend(**change, limits=LIMITS, effective_at=at(-36))


def test_a_reported_decision_is_kept_and_the_moment_it_was_taken_stays_not_recorded(offices: Offices) -> None:
    done = do.decisions.record_reported(
        actor=offices.affairs, request=in_review(offices), outcome="approved_with_limits", reason="As reported",
        limits=LIMITS, reported_on=date(2026, 2, 27), source={"publisher": "Example Gazette", "url": "https://gazette.example/1"},
        zone_name="America/Chicago",
    )  # fmt: skip

    decision = Decision.objects.get(pk=done.answer.decision)
    assert (decision.decided_at, decision.reported_on) == (None, date(2026, 2, 27))
    assert decision.source is not None
    assert decision.versions.get().effective_at == datetime(2026, 2, 27, 6, tzinfo=UTC)


def test_a_reported_request_begins_in_the_state_reported_and_no_step_is_made_up(offices: Offices) -> None:
    done = do.assistance.record_reported(
        actor=offices.affairs, request=asked(), state="in_review", at=at(0), reported_by="Example Gazette"
    )

    steps = Request.objects.get().steps.values_list("state", "approximate", "reason")
    assert list(steps) == [("in_review", True, "Reported by Example Gazette.")]
    assert done.answer.state == "in_review"


# --- tasks --------------------------------------------------------------------------


def test_a_task_outside_the_decision_is_refused_with_its_sentence(offices: Offices) -> None:
    opened(offices)

    with pytest.raises(BarredTask, match="No guarding and no arrests"):
        order(offices, "T12", contact="direct")
    with pytest.raises(OutsideTasks):
        order(offices, "T09")
    with pytest.raises(FaultyInput, match="not a task category"):
        order(offices, "T99")
    order(offices, people="15")
    with pytest.raises(OverPeople, match="No more than twenty people"):
        order(offices, people="about 6")
    assert order(offices, people="up to 5").task == "EX-1-T2"
    refused = Act.objects.filter(name="tasks.order").exclude(refused_code="")
    assert sorted(refused.values_list("refused_code", flat=True)) == [
        "core.faulty_input", "decisions.barred_task", "decisions.outside_tasks", "decisions.over_people",
    ]  # fmt: skip


def test_a_finished_task_gives_its_headroom_back_from_then_on(offices: Offices) -> None:
    opened(offices)
    task = order(offices, people="20").task

    with pytest.raises(OverPeople):
        order(offices, people="1", begins_at=at(2), ends_at=at(3))
    do.tasks.finish(actor=offices.sites.center, task=task, reason="Done early", at=at(1))
    assert order(offices, people="20", begins_at=at(2), ends_at=at(3)).people == 20
    with pytest.raises(MusterError, match="has been ended"):
        do.tasks.finish(actor=offices.sites.center, task=task, reason="Done again", at=at(1))


def test_a_task_that_the_law_prohibits_is_refused_though_the_decision_names_no_tasks(
    offices: Offices,
) -> None:
    open_limits = {"zone": "America/Chicago", "people_max": 20, "tasks_barred": ["T13"], "contact": "direct"}
    opened(offices, open_limits)

    with pytest.raises(OutsideTheLaw, match="T12 is prohibited by the law"):
        order(offices, "T12", contact="direct")
    with pytest.raises(OutsideTheLaw, match="T14 is prohibited by the law"):
        order(offices, "T14")
    assert not Task.objects.exists()


def test_a_task_that_the_request_leaves_out_is_refused(offices: Offices) -> None:
    request = in_review(offices, exclusions=[{"task": "T03", "words": "Supplies are carried by the agency."}])
    limits = {"zone": "America/Chicago", "people_max": 20, "tasks_barred": ["T13"]}
    decide = {"outcome": "approved_with_limits", "reason": "It helps", "limits": limits, "at": at(-44)}
    done = do.decisions.decide(actor=offices.governor, request=request, **decide)
    do.missions.open_mission(
        actor=offices.sites.center, decision=done.answer.decision, mission="EX-1", title="Support", at=at(-43),
        organisation="EX-GUARD",
    )  # fmt: skip

    with pytest.raises(OutsideTheLaw, match="request itself leaves T03 out"):
        order(offices, "T03")


def test_two_officers_cannot_spend_the_same_headroom(offices: Offices) -> None:
    opened(offices)
    outcomes: list[str] = []

    def one() -> None:
        try:
            outcomes.append(order(offices, people="12").task)
        except OverPeople as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert sorted(outcomes) == ["EX-1-T1", "decisions.over_people"]


def test_who_is_present_is_kept_whatever_was_ordered(offices: Offices) -> None:
    opened(offices)
    task = order(offices).task

    seen = do.checkins.report_present(actor=offices.sites.center, task=task, people=7, at=at(0))

    assert (seen.answer.task, seen.answer.people) == (task, 7)


# --- missions and trips -------------------------------------------------------------


def received(offices: Offices, number: int = 4) -> list[str]:
    tags = TAGS[:number]
    do.custody.receive(
        actor=offices.sites.north,
        site="EX-NORTH",
        tags=tags,
        at=at(-5),
        from_organisation="EX-AGENCY",
        mission="EX-1",
    )
    return tags


def planned(offices: Offices, **changes: Any) -> Any:
    task = changes.get("task") or order(offices, "T04", people="4", vehicles="1", contact="direct").task
    inputs = {
        "mission": "EX-1", "trip": "BUS-1", "task": task, "from_site": "EX-NORTH", "to_site": "EX-SOUTH",
        "vehicle": "Bus 1", "seats": 3, "departs_at": at(-3), "custodian": "custodian",
    }  # fmt: skip
    return do.transport.plan_trip(actor=offices.sites.center, **(inputs | changes)).answer


def aboard(offices: Offices, tags: list[str], signer: Actor | None = None) -> None:
    offered = do.custody.offer(
        actor=offices.sites.north, giver="EX-NORTH", receiver="trip:BUS-1", tags=tags, mission="EX-1"
    )
    do.custody.accept(actor=signer or offices.custodian, handover=offered.answer.handover, at=at(-4))


def test_a_trip_holds_who_is_aboard_until_the_other_site_signs(offices: Offices) -> None:
    opened(offices)
    tags = received(offices)
    planned(offices)
    aboard(offices, tags[:3])
    do.transport.depart(actor=offices.custodian, trip="BUS-1", at=at(-3))
    arrived = do.transport.arrive(actor=offices.custodian, trip="BUS-1", at=at(-2))
    with pytest.raises(transport.StillAboard):
        do.transport.close_trip(actor=offices.custodian, trip="BUS-1", at=at(-2))
    offered = do.custody.offer(
        actor=offices.custodian, giver="trip:BUS-1", receiver="EX-SOUTH", tags=tags[:3], mission="EX-1"
    )
    do.custody.accept(actor=offices.sites.south, handover=offered.answer.handover, at=at(-1))
    closed = do.transport.close_trip(actor=offices.custodian, trip="BUS-1", at=at(-1))

    assert (arrived.answer.aboard, closed.answer.state) == (3, "closed")
    known = ledger.latest_known()
    said = {
        (figure.metric, figure.place): figure.words
        for moment in (at(-2.5), at(0))
        for figure in picture.figures("EX-1", moment, known)
        if moment == at(0) or figure.metric == "persons_in_transit"
    }
    assert said["persons_in_custody", "EX-SOUTH"] == "3"
    assert said["persons_in_custody", "all"] == "4"
    assert said["persons_in_transit", "all"] == "0"
    in_between = {f.metric: f.words for f in picture.figures("EX-1", at(-2.5), known) if f.place == "all"}
    assert (in_between["persons_in_transit"], in_between["persons_in_custody"]) == ("3", "1")


def test_departure_is_refused_in_order_and_what_has_left_is_kept_as_a_difference(offices: Offices) -> None:
    opened(offices)
    tags = received(offices)
    planned(offices, custodian="")
    depart = {"actor": offices.custodian, "trip": "BUS-1", "at": at(-3)}

    with pytest.raises(transport.NoCustodian):
        do.transport.depart(**depart)
    do.transport.name_custodian(actor=offices.sites.center, trip="BUS-1", custodian="custodian", at=at(-4))
    with pytest.raises(transport.NothingAboard):
        do.transport.depart(**depart)
    aboard(offices, tags[:1])
    offered = do.custody.offer(
        actor=offices.sites.north, giver="EX-NORTH", receiver="trip:BUS-1", tags=tags[1:], mission="EX-1"
    )
    with pytest.raises(transport.NotReconciled):
        do.transport.depart(**depart)
    do.custody.accept(actor=offices.custodian, handover=offered.answer.handover, at=at(-4))
    with pytest.raises(transport.SeatTooFew, match="4 persons are aboard and it has 3 seats"):
        do.transport.depart(**depart)

    left = do.transport.record_left(actor=offices.custodian, trip="BUS-1", at=at(-3))

    assert left.answer.state == "departed"
    assert Difference.objects.get(kind="left_refused").words.startswith("BUS-1 has left although: 4 persons")
    with pytest.raises(transport.WrongMoment):
        do.transport.depart(**depart)


def test_only_the_custodian_of_the_trip_signs_for_it(offices: Offices) -> None:
    opened(offices)
    tags = received(offices)
    planned(offices)
    user = User.objects.create_user("another", password="another's password")
    Grant.objects.create(user=user, role="custodian", organisation_id="EX-GUARD")

    with pytest.raises(NotFound):
        aboard(offices, tags[:2], signer=offices.sites.south)
    waiting = do.custody.offer(
        actor=offices.sites.north, giver="EX-NORTH", receiver="trip:BUS-1", tags=tags[2:4], mission="EX-1"
    )
    do.custody.accept(actor=actor_of(user), handover=waiting.answer.handover, at=at(-4))

    with pytest.raises(transport.DepartureRefused):
        do.transport.depart(actor=offices.custodian, trip="BUS-1", at=at(-3))


def test_a_trip_needs_a_transport_task_of_its_mission_and_a_decision_in_force(offices: Offices) -> None:
    opened(offices)
    clerical = order(offices).task

    with pytest.raises(transport.NotATransportTask, match="not T04"):
        planned(offices, task=clerical)
    with pytest.raises(transport.NotATransportTask, match="outside the window"):
        planned(offices, departs_at=at(30), trip="BUS-2")
    with pytest.raises(NotFound):
        planned(offices, task="EX-1-T99")


def test_no_trip_begins_while_the_decision_is_suspended(offices: Offices) -> None:
    decision = opened(offices)
    task = order(offices, "T04", people="4", vehicles="1", contact="direct").task
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-4))

    with pytest.raises(NothingInForce, match="suspended"):
        do.transport.plan_trip(
            actor=offices.sites.center, mission="EX-1", trip="BUS-1", task=task, from_site="EX-NORTH", to_site="EX-SOUTH",
            vehicle="Bus 1", seats=3, departs_at=at(-3), custodian="custodian",
        )  # fmt: skip
    assert received(offices)  # care goes on: persons are received all the same


def settle_all(offices: Offices) -> None:
    """Settle every difference at the sites, as an operations center does before it closes a mission."""
    for difference in Difference.objects.filter(settled__isnull=True):
        do.custody.settle(actor=offices.sites.center, difference=difference.pk, reason="Looked into")


def test_a_mission_is_closed_only_when_it_holds_nobody(offices: Offices) -> None:
    opened(offices)
    tags = received(offices, 2)
    close = {"actor": offices.sites.center, "mission": "EX-1", "reason": "All done", "at": at(1)}

    with pytest.raises(StillOpen, match=tags[0]):
        do.missions.close(**close)
    do.custody.release(
        actor=offices.sites.north,
        site="EX-NORTH",
        tags=tags,
        at=at(0),
        reason="agency_order",
        to_organisation="EX-AGENCY",
    )
    settle_all(offices)
    do.missions.close(**close)

    with pytest.raises(AlreadyClosed):
        do.missions.close(**close)
    with pytest.raises(AlreadyClosed):
        order(offices)


def test_the_picture_keeps_kinds_of_numbers_apart_and_names_what_they_come_from(offices: Offices) -> None:
    opened(offices)
    order(offices, people="about 5")
    received(offices)
    source = {"publisher": "Example Gazette", "url": "https://gazette.example/2", "title": "Guard helps"}
    for name, said, as_of in (
        ("C1", "about 30", "2026-02"),
        ("C2", "nearly 40", "2026-02-28"),
        ("C3", "12", "2026-04-01"),
    ):
        do.sources.record_claim(
            actor=offices.affairs, id=name, mission="EX-1", place="MO", metric="activated", said=said, as_of=as_of,
            source=source,
        )  # fmt: skip
    known = ledger.latest_known()

    found = picture.figures("EX-1", at(0), known)

    told = {(f.metric, f.place): f for f in found if f.shown and f.metric != "requested"}
    assert {key: figure.words for key, figure in told.items()} == {
        ("people_allowed", "ZZ"): "20", ("people_tasked", "Site A"): "about 5", ("people_tasked", "all"): "about 5",
        ("persons_in_custody", "EX-NORTH"): "4", ("persons_in_custody", "all"): "4", ("persons_in_transit", "all"): "0",
        ("persons_received", "all"): "4", ("persons_released", "all"): "0", ("activated", "MO"): "nearly 40",
        ("incidents_absconded", "all"): "0", ("incidents_death", "all"): "0", ("incidents_released_in_error", "all"): "0",
        ("incidents_use_of_force", "all"): "0",
    }  # fmt: skip
    assert told["activated", "MO"].evidence == ("claim C2",)
    assert [f.words for f in found if not f.shown] == ["about 30"]
    assert [f.words for f in found if f.metric == "requested"] == ["12", "about 8", "10", "up to 15", "4"]
    earlier = {
        figure.metric: figure.words for figure in picture.figures("EX-1", at(0) - timedelta(days=9), known)
    }
    assert earlier == {
        "people_tasked": "0",
        "activated": "about 30",
    }  # nothing was asked, allowed or held yet
    with pytest.raises(NotFound):
        picture.figures("NOTHING", at(0), known)
