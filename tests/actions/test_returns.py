"""A return to the agency is always planned; nobody is offered to a trip that has left; who moves is on no open offer."""

from __future__ import annotations

from typing import Any

import pytest
import test_steps
from people import at
from test_steps import Offices, aboard, opened, order, planned, received

from muster import actions as do
from muster.access.control import may
from muster.core.errors import NotFound
from muster.custody.models import Difference
from muster.decisions.rules import NothingInForce
from muster.ledger.models import Handover, Head, Offer
from muster.missions.actions import AlreadyClosed
from muster.missions.models import Mission
from muster.parties.models import Organisation, Site
from muster.transport import queries, rules
from muster.transport.models import Trip
from muster.transport.outside import open_outside

offices = test_steps.offices


def agency_site() -> str:
    return Site.objects.create(
        code="EX-FIELD", name="Field office", organisation=Organisation.objects.get(code="EX-AGENCY")
    ).pk


def returning(offices: Offices, **changes: Any) -> Any:
    return planned(offices, to_site="EX-FIELD", purpose="return", **changes)


@pytest.mark.parametrize("verb", ["suspend", "revoke"])
def test_a_return_to_the_agency_is_planned_and_leaves_while_the_decision_is_not_in_force(
    offices: Offices, verb: str
) -> None:
    decision = opened(offices)
    agency_site()
    tags = received(offices)
    task = order(offices, "T04", people="4", vehicles="1", contact="direct").task
    stop = {"actor": offices.governor, "decision": decision, "reason": "A review"}
    getattr(do.decisions, verb)(**stop, effective_at=at(-6))

    with pytest.raises(NothingInForce):
        planned(offices, task=task)
    told = returning(offices, task=task)
    aboard(offices, tags[:2])
    left = do.transport.depart(actor=offices.custodian, trip="BUS-1", at=at(-3))

    assert (told.state, left.answer.state) == ("planned", "departed")
    assert not Difference.objects.filter(kind="left_refused").exists()
    assert [one.kind for one in open_outside(Mission.objects.get(), 10**9)] == ["task"]


def test_a_return_is_planned_after_the_window_of_its_task_and_under_a_closed_mission(
    offices: Offices,
) -> None:
    opened(offices)
    agency_site()
    task = order(offices, "T04", people="4", vehicles="1", contact="direct").task
    do.tasks.finish(actor=offices.sites.center, task=task, reason="Done", at=at(-4))
    do.missions.close(actor=offices.sites.center, mission="EX-1", reason="All done", at=at(-4))

    with pytest.raises(AlreadyClosed):
        planned(offices, task=task)
    assert returning(offices, task=task, departs_at=at(40)).state == "planned"


def test_a_return_goes_to_the_agency_and_under_a_task_that_carries_persons(offices: Offices) -> None:
    opened(offices)
    agency_site()
    Site.objects.create(code="EX-OTHER", name="Another's", organisation_id="OTHER")
    clerical = order(offices).task
    carries = order(offices, "T04", people="4", vehicles="1", contact="direct").task

    for site in ("EX-SOUTH", "EX-OTHER"):
        with pytest.raises(rules.NotAReturn, match="a site of EX-AGENCY"):
            planned(offices, to_site=site, purpose="return", task=carries)
    with pytest.raises(rules.NotATransportTask, match="not T04"):
        returning(offices, task=clerical)


@pytest.mark.parametrize(
    ("run_by", "agency", "refused"),
    [("EX-AGENCY", "EX-AGENCY", False), ("", "EX-AGENCY", False), ("OTHER", "EX-AGENCY", True),
     ("EX-GUARD", "EX-AGENCY", True), ("OTHER", "", False), ("EX-GUARD", "", True)],
)  # fmt: skip
def test_where_a_return_may_go(run_by: str, agency: str, *, refused: bool) -> None:
    try:
        rules.check_return("SITE", run_by=run_by, mission_of="EX-GUARD", agency=agency)
    except rules.NotAReturn:
        assert refused
    else:
        assert not refused


def test_nobody_is_offered_to_a_trip_that_has_left(offices: Offices) -> None:
    opened(offices)
    tags = received(offices)
    planned(offices)
    aboard(offices, tags[:2])
    do.transport.depart(actor=offices.custodian, trip="BUS-1", at=at(-3))

    with pytest.raises(rules.NotBoarding, match="BUS-1 is departed"):
        aboard(offices, tags[2:])
    assert not Offer.objects.filter(open=True).exists()


def test_who_was_offered_before_it_left_and_signed_for_afterwards_is_aboard_and_a_difference(
    offices: Offices,
) -> None:
    opened(offices)
    tags = received(offices)
    planned(offices)
    aboard(offices, tags[:2])
    late = do.custody.offer(
        actor=offices.sites.north, giver="EX-NORTH", receiver="trip:BUS-1", tags=tags[2:3], mission="EX-1"
    )
    do.transport.record_left(actor=offices.custodian, trip="BUS-1", at=at(-3))

    do.custody.accept(actor=offices.custodian, handover=late.answer.handover, at=at(-2))

    assert Head.objects.get(thing__tag=tags[2]).holder.code == "trip:BUS-1"
    assert "signed for on BUS-1 after it departed" in Difference.objects.get(kind="signed_late").words


def test_who_came_aboard_before_it_left_is_no_difference_however_late_it_is_told(offices: Offices) -> None:
    opened(offices)
    tags = received(offices)
    planned(offices)
    offered = do.custody.offer(
        actor=offices.sites.north, giver="EX-NORTH", receiver="trip:BUS-1", tags=tags[:1], mission="EX-1"
    )
    do.transport.record_left(actor=offices.custodian, trip="BUS-1", at=at(-3))

    do.custody.accept(actor=offices.custodian, handover=offered.answer.handover, at=at(-3))

    assert not Difference.objects.filter(kind="signed_late").exists()


def test_the_people_of_the_site_that_it_comes_to_read_a_trip_and_do_nothing_about_it(
    offices: Offices,
) -> None:
    opened(offices)
    planned(offices)
    south, trip = offices.sites.south, Trip.objects.get()

    assert list(queries.trips_of(south)) == [trip]
    assert not may(south, "transport.depart", queries.scope_of(trip))
    with pytest.raises(NotFound):
        do.transport.depart(actor=offices.elsewhere, trip="BUS-1", at=at(-3))


def test_who_is_received_under_a_closed_mission_is_kept_and_a_difference(offices: Offices) -> None:
    opened(offices)
    do.missions.close(actor=offices.sites.center, mission="EX-1", reason="All done", at=at(-6))

    tags = received(offices)

    assert Head.objects.filter(thing__tag__in=tags, holder__code="EX-NORTH").count() == len(tags)
    assert "under EX-1, which is closed since" in Difference.objects.get(kind="mission_closed").words


@pytest.mark.parametrize("to", ["EX-SOUTH", ""])
def test_who_is_corrected_away_from_a_site_is_on_none_of_its_offers(offices: Offices, to: str) -> None:
    opened(offices)
    tags = received(offices, 2)
    do.custody.offer(
        actor=offices.sites.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=tags, mission="EX-1"
    )

    do.custody.correct(
        actor=offices.sites.north,
        site="EX-NORTH",
        tag=tags[0],
        n=1,
        reason="wrong_site",
        receiver=to,
        void=not to,
    )

    assert list(Offer.objects.filter(open=True).values_list("thing__tag", flat=True)) == tags[1:]
    kind = "moved_on_offer" if to else "released_on_offer"
    assert tags[0] in Difference.objects.get(kind=kind).words
    assert Handover.objects.get().state == "offered"
