"""A mission is closed when nothing of it is open: persons, offers, tasks, trips, differences, exceptions, papers, costs."""

from __future__ import annotations

import json
from datetime import date
from uuid import uuid4

import pytest
import test_costs
import test_steps
from django.test import Client
from people import at
from test_steps import Offices, opened, order, planned, received, settle_all

from muster import actions as do
from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.authority.models import Drift
from muster.custody.models import Difference
from muster.ledger import queries as ledger
from muster.ledger.models import Handover
from muster.missions import queries
from muster.missions.actions import StillOpen
from muster.missions.closing import open_items
from muster.missions.models import Mission
from muster.picture.queries import picture_of

offices = test_steps.offices


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def counsel() -> Actor:
    user = User.objects.create_user("counsel", password="counsel's password")
    Grant.objects.create(user=user, role="counsel", organisation_id="EX-GUARD")
    return actor_of(user)


def close(offices: Offices, hours: float = 1) -> None:
    do.missions.close(actor=offices.sites.center, mission="EX-1", reason="All done", at=at(hours))


def test_everything_that_is_open_is_listed_by_kind_and_each_can_be_settled(offices: Offices) -> None:
    decision = opened(offices)
    tags = received(offices)
    task = order(offices, "T04", people="4", vehicles="1", contact="direct").task
    planned(offices, task=task)
    do.custody.offer(
        actor=offices.sites.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=tags[:1], mission="EX-1"
    )
    do.authority.record_drift(
        actor=offices.sites.center, request="EX-PROCESSING-1", tasked="T04", done="T12", happened_at=at(-2),
        asked_by="The site's shift lead", what_was_done="Stood at the door of the hall",
    )  # fmt: skip
    line = test_costs.recorded(offices).line
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-1))
    ledger.latest_known()

    with pytest.raises(StillOpen) as told:
        close(offices)

    kinds = {kind: len(items) for kind, items in told.value.items.items()}
    assert kinds == {
        "person": 4,
        "offer": 1,
        "task": 1,
        "trip": 1,
        "difference": 1,
        "outside": 1,
        "exception": 1,
        "cost_line": 1,
    }
    assert str(told.value).startswith("EX-1 is not closed: 11 open. Persons held: 4 (")

    do.custody.withdraw(actor=offices.sites.north, handover=Handover.objects.get().pk)
    do.custody.release(
        actor=offices.sites.north, site="EX-NORTH", tags=tags, at=at(0), reason="agency_order", to_organisation="EX-AGENCY"
    )  # fmt: skip
    do.transport.close_trip(actor=offices.sites.center, trip="BUS-1", at=at(0))
    do.tasks.finish(actor=offices.sites.center, task=task, reason="Called off", at=at(-1))
    do.costs.withdraw(actor=offices.sites.center, line=line, reason="Not ours", at=at(0))
    settle_all(offices)
    drift = Drift.objects.get().pk
    do.authority.review_drift(
        actor=counsel(), drift=drift, outcome="outside", reason="Nobody allowed it", at=at(0)
    )
    ledger.latest_known()
    close(offices)

    assert queries.standing_of(Mission.objects.get(), at(2), ledger.latest_known()).state == "closed"


def test_a_task_whose_window_is_over_does_not_keep_a_mission_open(offices: Offices) -> None:
    opened(offices)
    order(offices)
    row = Mission.objects.get()

    assert list(open_items(row, at(23))) == ["task"]
    assert open_items(row, at(24)) == {}


def test_what_is_still_owed_to_a_person_keeps_the_mission_open_after_the_person_has_left(
    offices: Offices,
) -> None:
    opened(offices)
    tags = received(offices, 1)
    north, row = offices.sites.north, Mission.objects.get()
    do.cases.set_standard(
        actor=offices.sites.center, site="EX-NORTH", standard="us.ice.pbnds2011r2016", valid_from=date(2026, 2, 1),
        contract_ref="EX-2026-1",
    )  # fmt: skip
    do.custody.release(actor=north, site="EX-NORTH", tags=tags, at=at(0), reason="agency_order")

    owed = open_items(row, at(5))["clock"]
    with pytest.raises(StillOpen, match="Clocks that have not ended: 3 "):
        close(offices, 5)
    page = signed_in("center").get("/missions/EX-1/close/").content.decode()
    for event in ("booked_in_agency_system", "release_records_closed"):
        do.cases.record_event(
            actor=north,
            site="EX-NORTH",
            event=event,
            tags=tags,
            at=at(1),
            by="Field office",
            in_agency_system=True,
        )

    assert {(item.name, item.words.rsplit(", ", 2)[1]) for item in owed} == {
        (tags[0], "ADM-11"),
        (tags[0], "REL-04"),
    }
    assert f"/clocks/persons/{owed[0].subject[1]}/" in page
    assert "clock" not in open_items(row, at(5))


def test_a_difference_that_names_nobody_is_every_missions_at_its_site(offices: Offices) -> None:
    opened(offices)
    tags = received(offices, 1)
    count = do.counting.open_count(actor=offices.sites.north, site="EX-NORTH", at=at(-4)).answer.count
    do.counting.submit_count(actor=offices.sites.north, count=count, persons=3)
    elsewhere = do.counting.open_count(actor=offices.sites.south, site="EX-SOUTH", at=at(-4)).answer.count
    do.counting.submit_count(actor=offices.sites.south, count=elsewhere, persons=2)

    found = open_items(Mission.objects.get(), at(0))["difference"]

    assert {Difference.objects.get(pk=item.name).kind for item in found} == {
        "unoffered_arrival",
        "count_disagrees",
    }
    assert len(found) == 2
    assert tags


def test_the_refusal_names_no_more_than_the_first_of_each_kind_and_the_page_counts_the_rest(
    offices: Offices,
) -> None:
    opened(offices)
    received(offices, 60)

    with pytest.raises(StillOpen, match=r"Persons held: 60 .* and 55 more"):
        close(offices)
    page = signed_in("center").get("/missions/EX-1/close/").content.decode()
    assert "<h3>Persons held: 60</h3>" in page
    assert "The first 25 of 60 are shown" in page
    assert "<h3>Differences not settled: 1</h3>" in page


def test_the_api_tells_all_that_is_open_to_who_may_close_and_to_no_other(offices: Offices) -> None:
    opened(offices)
    received(offices, 2)

    told = signed_in("center").get("/api/v1/missions/EX-1/open").json()
    assert (told["count"], [(k["kind"], k["count"]) for k in told["open"]]) == (
        3,
        [("person", 2), ("difference", 1)],
    )
    assert signed_in("governor").get("/api/v1/missions/EX-1/open").status_code == 403
    assert signed_in("elsewhere").get("/api/v1/missions/EX-1/open").status_code == 404
    assert signed_in("center").get("/api/v1/missions/NOTHING/open").status_code == 404


def test_the_refusal_of_the_api_lists_what_is_open(offices: Offices) -> None:
    opened(offices)
    received(offices, 2)
    body = json.dumps({"mission": "EX-1", "reason": "All done", "at": at(1).isoformat()})

    answer = signed_in("center").post(
        "/api/v1/acts/missions/close", body, content_type="application/json", headers={"Idempotency-Key": str(uuid4())}
    )  # fmt: skip

    assert (answer.status_code, answer.json()["code"]) == (409, "missions.still_open")
    assert [kind["count"] for kind in answer.json()["open"]] == [2, 1]


def test_the_state_of_a_mission_stands_on_its_pages_and_in_the_picture(offices: Offices) -> None:
    decision = opened(offices)
    do.decisions.suspend(
        actor=offices.governor, decision=decision, reason="A review of it", effective_at=at(-4)
    )

    for page in ("/missions/", "/missions/EX-1/"):
        text = signed_in("center").get(page).content.decode()
        assert ">ending</span>" in text, page
        assert "window ended with 2026-03-31" in text, page
    assert ">ending</span>" in signed_in("center").get("/board/").content.decode()
    told = signed_in("center").get("/api/v1/missions/EX-1").json()["standing"]
    assert (told["state"], told["since"]) == ("ending", "2026-04-01T05:00:00+00:00")
    then = picture_of("EX-1", at(-3).isoformat())["standing"]
    assert (then["state"], then["why"]) == ("paused", "A review of it")
    assert picture_of("EX-1", at(-5).isoformat())["standing"]["state"] == "active"


def test_what_is_owed_under_the_decision_keeps_a_mission_open_until_it_is_given(offices: Offices) -> None:
    request = test_steps.in_review(offices)
    decision = do.decisions.decide(
        actor=offices.governor, request=request, outcome="approved_with_limits", reason="To relieve the sites.",
        limits={**test_steps.LIMITS, "reporting_interval_days": 1}, at=at(-44), instrument_kind="verbal",
    ).answer.decision  # fmt: skip
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-1", title="Support", organisation="EX-GUARD", at=at(-43)
    )  # fmt: skip
    ledger.latest_known()

    with pytest.raises(StillOpen) as told:
        close(offices)
    assert {kind: [item.due_at for item in items] for kind, items in told.value.items.items()} == {
        "confirmation": [at(-20)], "report": [at(-6)],
    }  # fmt: skip
    page = signed_in("center").get("/missions/EX-1/close/").content.decode()
    assert page.count(f'href="/decisions/{decision}/"') == 2

    do.decisions.confirm_in_writing(
        actor=offices.governor, decision=decision, instrument="Letter 26-1", at=at(0)
    )
    do.decisions.record_report(actor=offices.sites.center, decision=decision, words="All quiet", at=at(0))
    ledger.latest_known()
    close(offices)
