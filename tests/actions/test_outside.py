"""What stands outside after a decision was amended, suspended or revoked: listed with its clause, and settled by a named person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from people import TAGS, at
from test_judge import amended
from test_steps import LIMITS, Offices, asked, offices, opened, order

from muster import actions as do
from muster.access.control import NotPermitted, new_token
from muster.access.models import User
from muster.core.errors import FaultyInput, NotFound
from muster.decisions.models import Decision
from muster.ledger.queries import latest_known
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.picture.changes import changes
from muster.picture.judging import judge
from muster.record.action import KeyReused
from muster.tasks.actions import AlreadyKept, NotOutside
from muster.tasks.asked import NotAskedAnyMore
from muster.tasks.models import Kept, Task, TaskDifference
from muster.tasks.outside import Outside
from muster.tasks.taskable import taskable
from muster.transport.models import OfferKept
from muster.transport.outside import open_outside, outside
from muster.transport.rules import NotAllowedThen

__all__ = ["offices"]
WHY = "The persons there are in care until Friday."


def listed(known_at: int | None = None) -> list[Outside]:
    return open_outside(Mission.objects.get(), latest_known() if known_at is None else known_at)


def told(rows: list[Outside]) -> list[tuple[str, str, int, list[str], str]]:
    return [
        (row.kind, row.id, row.version, [clause.limit for clause in row.clauses], row.settlement.how) for row in rows
    ]  # fmt: skip


def everything() -> list[tuple[str, str, int, list[str], str]]:
    return told(outside(Mission.objects.get(), latest_known()))


def kept(offices: Offices, task: str = "EX-1-T1", version: int = 2, **more: Any) -> Any:
    return do.tasks.keep(actor=offices.sites.center, task=task, version=version, reason=WHY, **more)


def trip(offices: Offices, departs_at: float = 20) -> None:
    do.transport.plan_trip(
        actor=offices.sites.center, mission="EX-1", trip="BUS-1", task="EX-1-T1", from_site="EX-NORTH", to_site="EX-SOUTH",
        vehicle="Bus", seats=10, departs_at=at(departs_at),
    )  # fmt: skip


def test_what_fits_is_not_listed(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="20")
    amended(offices, decision, 0, people_max=20)

    assert everything() == []


def test_an_amendment_lists_what_no_longer_fits_with_the_clause_and_from_when(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    order(offices, "T06", people="2", contact="direct")
    before = latest_known()
    amended(
        offices,
        decision,
        6,
        tasks_barred=["T06", "T12", "T13"],
        sentences={"tasks_barred": "No more property."},
    )

    (found,) = listed()

    assert (found.kind, found.id, found.version) == ("task", "EX-1-T2", 2)
    assert (found.begins_at, found.ends_at) == (at(6), at(24))
    assert [(clause.limit, clause.sentence) for clause in found.clauses] == [
        ("tasks_barred", "No more property.")
    ]
    assert found.clauses[0].taken.startswith("T06")
    assert listed(before) == []
    assert Task.objects.filter(ended_at=None).count() == 2  # nothing is ended by itself


def test_a_smaller_number_lists_every_task_that_shares_in_it(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    order(offices, people="4", begins_at=at(12))
    order(offices, people="9", begins_at=at(48), ends_at=at(50))
    amended(offices, decision, 0, people_max=8)

    assert [(row.id, row.clauses[0].taken, row.clauses[0].allowed) for row in listed()] == [
        ("EX-1-T1", "5, and 9 with what stands beside it", "8"),
        ("EX-1-T2", "4, and 9 with what stands beside it", "8"),
        ("EX-1-T3", "9", "8"),
    ]


def test_to_end_one_of_two_that_are_too_many_settles_both(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    order(offices, people="4", begins_at=at(12))
    amended(offices, decision, 0, people_max=8)
    do.tasks.finish(
        actor=offices.sites.center, task="EX-1-T2", reason="Called off before it began", at=at(12)
    )

    assert listed() == []


def test_a_suspension_lists_tasks_and_trips_and_a_resumption_settles_the_tasks(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, "T04", people="2", contact="direct")
    trip(offices)
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(0))
    suspended = everything()
    do.decisions.resume(actor=offices.governor, decision=decision, reason="Reviewed", effective_at=at(2))

    assert suspended == [
        ("task", "EX-1-T1", 2, ["in_force"], "open"),
        ("trip", "BUS-1", 2, ["in_force"], "open"),
    ]
    assert everything() == [("task", "EX-1-T1", 2, ["in_force"], "amended")]


def test_a_revocation_lists_what_stands_and_each_is_ended_or_kept(offices: Offices) -> None:
    decision = opened(offices)
    order(offices)
    order(offices, "T04", people="2", contact="direct")
    do.decisions.revoke(actor=offices.governor, decision=decision, reason="No more", effective_at=at(0))
    open_at_first = told(listed())
    kept(offices, "EX-1-T2")
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T1", reason="It is revoked", at=at(1))

    assert open_at_first == [
        ("task", "EX-1-T1", 2, ["in_force"], "open"),
        ("task", "EX-1-T2", 2, ["in_force"], "open"),
    ]
    assert [row[-1] for row in everything()] == ["ended", "kept"]
    assert listed() == []


def test_a_task_that_was_finished_before_the_amendment_is_not_settled_by_that(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T1", reason="Done", at=at(4))
    amended(offices, decision, -12, people_max=4)

    (found,) = listed()

    assert (found.begins_at, found.ends_at) == (at(-12), at(4))


def test_a_task_that_is_to_end_only_later_stays_open(offices: Offices) -> None:
    """Shortened to a moment still to come, it goes on outside until then: somebody has to say why."""
    far = datetime.now(UTC) + timedelta(days=2)
    decision = opened(offices, LIMITS | {"effective_to": f"{far + timedelta(days=9):%Y-%m-%d}"})
    order(offices, begins_at=datetime.now(UTC) - timedelta(days=1), ends_at=far + timedelta(days=3))
    now = (datetime.now(UTC) - at(0)).total_seconds() / 3600
    amended(offices, decision, now, people_max=4, effective_to=None)
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T1", reason="Ends on Friday", at=far)

    assert [row[-1] for row in everything()] == ["open"]
    kept(offices)
    assert listed() == []


def test_a_further_amendment_that_fits_settles_and_one_that_does_not_opens_its_own(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, 0, people_max=4)
    amended(offices, decision, 3, people_max=3)
    amended(offices, decision, 6, people_max=5)

    assert everything() == [
        ("task", "EX-1-T1", 2, ["people_max"], "amended"),
        ("task", "EX-1-T1", 3, ["people_max"], "amended"),
    ]


def test_a_trip_outside_is_settled_by_ending_it_or_with_its_task(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, "T04", people="2", contact="direct")
    trip(offices)
    amended(offices, decision, 0, tasks_barred=["T04", "T12", "T13"])
    both = told(listed())
    do.transport.close_trip(actor=offices.sites.center, trip="BUS-1", at=at(-1))
    after = told(listed())

    assert both == [
        ("task", "EX-1-T1", 2, ["tasks_barred"], "open"),
        ("trip", "BUS-1", 2, ["tasks_barred"], "open"),
    ]
    assert after == both[:1]


def test_to_keep_the_task_settles_its_trip_too(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, "T04", people="2", contact="direct")
    trip(offices)
    amended(offices, decision, 0, tasks_barred=["T04", "T12", "T13"])
    before = latest_known()

    kept(offices)

    assert [row[-1] for row in everything()] == ["kept", "kept"]
    assert len(listed(before)) == 2  # as it was known before


def test_what_is_kept_names_who_and_why_and_widens_nothing(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, 0, people_max=4)

    answer = kept(offices).answer

    assert (answer.task, answer.version) == ("EX-1-T1", 2)
    (found,) = outside(Mission.objects.get(), latest_known())
    assert (found.settlement.by, found.settlement.reason) == ("center", WHY)
    assert Decision.objects.get().latest == 2


def test_the_office_that_decided_is_told_what_is_kept_against_it(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, 0, people_max=4)
    before = latest_known()
    kept(offices)

    governor = Client()
    governor.force_login(User.objects.get(pk=offices.governor.user))
    page = governor.get(f"/decisions/{decision}/").content.decode()
    told = changes(offices.governor, before, latest_known(), at(1)).groups["Decisions and limits"]

    assert "Kept against it" in page
    assert f"Kept by center: {WHY}" in page
    assert [each.words for each in told] == [f"EX-1-T1 is kept against version 2 of {decision}. {WHY}"]


def test_who_keeps_is_judged_under_the_decision_and_quoted(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, 0, people_max=4)

    number = kept(offices).known_at
    assert number is not None
    found = judge(str(number))

    assert found.mission == Mission.objects.get()
    assert WHY in found.words
    assert found.then is not None
    assert found.then.version == 2


def test_what_fits_or_is_kept_or_is_mended_is_not_kept_again(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    with pytest.raises(NotOutside) as fits:
        kept(offices, version=1)
    amended(offices, decision, 0, people_max=4)
    with pytest.raises(NotOutside) as another:
        kept(offices, version=1)
    kept(offices)
    with pytest.raises(AlreadyKept):
        kept(offices)

    assert fits.value.code == "tasks.not_outside"
    assert another.value.outside == [2]
    assert Kept.objects.count() == 1


def test_keeping_is_for_the_operations_center_and_done_once(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, 0, people_max=4)
    key = "0199a000-0000-7000-8000-000000000001"
    with pytest.raises(NotPermitted):
        do.tasks.keep(actor=offices.governor, task="EX-1-T1", version=2, reason=WHY)
    with pytest.raises(NotFound):
        do.tasks.keep(actor=offices.agency, task="EX-1-T1", version=2, reason=WHY)
    with pytest.raises(NotFound):
        kept(offices, task="EX-1-T9")
    with pytest.raises(FaultyInput):
        kept(offices, version=0)

    first, again = kept(offices, key=key), kept(offices, key=key)

    assert first == again
    with pytest.raises(KeyReused):
        kept(offices, version=3, key=key)


# --- what the request takes back, what is under way, what is on offer ------------------


def taken_out(offices: Offices, *left: str, hours: float = 0) -> None:
    """The agency takes the lines of its request out that ask for none of these tasks."""
    lines = [line for line in asked()["lines"] if line["task"] in left]
    do.assistance.amend(
        actor=offices.agency, request="EX-PROCESSING-1", version=1, content=asked(lines=lines), at=at(hours),
        reason="The agency does that itself now",
    )  # fmt: skip


def test_a_line_that_the_request_takes_back_leaves_its_tasks_and_trips_outside(offices: Offices) -> None:
    opened(offices)
    order(offices, "T04", people="2", contact="direct")
    order(offices)
    trip(offices)
    before = latest_known()
    taken_out(offices, "T01", "T02")

    found = listed()

    assert told(found) == [
        ("task", "EX-1-T1", 2, ["request scope"], "open"),
        ("trip", "BUS-1", 2, ["request scope"], "open"),
    ]
    assert {(each.against, each.since) for each in found} == {("request", "version 2 of the request")}
    assert (found[0].begins_at, found[0].clauses[0].sentence) == (at(0), "The agency does that itself now")
    assert "line 3 of the request, which asked for T04" in found[0].clauses[0].what
    assert listed(before) == []
    for tasked in (
        lambda: order(offices, "T04", people="1", contact="direct", begins_at=at(1)),
        lambda: trip_again(offices),
    ):
        with pytest.raises(NotAskedAnyMore, match="was taken back"):
            tasked()
    do.transport.name_custodian(actor=offices.sites.center, trip="BUS-1", custodian="custodian", at=at(-2))
    with pytest.raises(NotAllowedThen, match="was taken back"):
        do.transport.depart(actor=offices.custodian, trip="BUS-1", at=at(20))
    found_now = {each.task: each for each in taskable(Decision.objects.get(), at(1), latest_known())}
    assert (found_now["T04"].layer, found_now["T01"].finding) == ("request scope", "permitted")


def trip_again(offices: Offices) -> None:
    do.transport.plan_trip(
        actor=offices.sites.center, mission="EX-1", trip="BUS-2", task="EX-1-T1", from_site="EX-NORTH", to_site="EX-SOUTH",
        vehicle="Bus", seats=10, departs_at=at(21),
    )  # fmt: skip


def test_what_is_kept_against_the_request_is_not_kept_against_the_decision_too(offices: Offices) -> None:
    decision = opened(offices)
    order(offices)
    taken_out(offices, "T06")
    kept(offices, against="request")
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(0))

    do.checkins.report_present(actor=offices.sites.center, task="EX-1-T1", people=2, at=at(1))

    assert "suspended" in TaskDifference.objects.get(kind="above_limit").words


def test_what_is_not_asked_for_is_ended_or_kept_against_the_request(offices: Offices) -> None:
    opened(offices)
    order(offices)
    order(offices, "T02", people="2", contact="incidental")
    taken_out(offices, "T06")
    with pytest.raises(NotOutside, match="version 3 of the request"):
        kept(offices, version=3, against="request")
    with pytest.raises(NotOutside, match="It stands inside"):
        kept(offices)

    kept(offices, against="request")
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T2", reason="They do it themselves", at=at(1))

    assert [(row[1], row[-1]) for row in everything()] == [("EX-1-T1", "kept"), ("EX-1-T2", "ended")]
    with pytest.raises(AlreadyKept, match="version 2 of the request"):
        kept(offices, against="request")
    assert "outside since version 2 of the request" in judge(str(latest_known())).words


def test_a_task_that_the_request_leaves_out_afterwards_stands_outside(offices: Offices) -> None:
    opened(offices)
    order(offices)
    content = asked()
    content["exclusions"] = [*content["exclusions"], {"task": "T01", "words": "No data entry."}]
    do.assistance.amend(
        actor=offices.agency,
        request="EX-PROCESSING-1",
        version=1,
        content=content,
        at=at(2),
        reason="A system of its own",
    )

    (found,) = listed()

    assert (found.begins_at, found.against) == (at(2), "request")
    assert "leaves T01 out: No data entry." in found.clauses[0].what


def test_when_the_request_is_closed_what_goes_on_under_it_stands_outside(offices: Offices) -> None:
    opened(offices)
    order(offices)
    do.assistance.close(actor=offices.sites.center, request="EX-PROCESSING-1", at=at(3), code="done")
    (found,) = listed()

    kept(offices, version=found.version, against="closing")

    assert (found.against, found.since, found.begins_at) == ("closing", "the request was closed", at(3))
    assert [row[-1] for row in everything()] == ["kept"]


def test_a_trip_under_way_is_outside_from_the_amendment_until_it_is_closed(offices: Offices) -> None:
    """What has left is brought to its end; that it could not begin now is for somebody to see, and to say why it goes on."""
    decision = opened(offices)
    order(offices, "T04", people="2", contact="direct")
    trip(offices, -3)
    do.transport.record_left(actor=offices.custodian, trip="BUS-1", at=at(-3))
    before = latest_known()
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-2))
    under_way = [row for row in told(listed()) if row[0] == "trip"]
    do.decisions.resume(actor=offices.governor, decision=decision, reason="Reviewed", effective_at=at(-1))
    resumed = [row for row in everything() if row[0] == "trip"]
    do.decisions.revoke(actor=offices.governor, decision=decision, reason="No more", effective_at=at(-0.5))
    do.transport.arrive(actor=offices.custodian, trip="BUS-1", at=at(-0.4))
    do.transport.close_trip(actor=offices.custodian, trip="BUS-1", at=at(-0.3))

    assert listed(before) == []
    assert under_way == [("trip", "BUS-1", 2, ["in_force"], "open")]
    assert resumed == [("trip", "BUS-1", 2, ["in_force"], "amended")]
    assert [row[1:] for row in everything() if row[0] == "trip"] == [
        ("BUS-1", 2, ["in_force"], "ended"),
        ("BUS-1", 4, ["in_force"], "ended"),
    ]


def offered(offices: Offices) -> str:
    """One person of the mission, offered by the north to the south."""
    north = offices.sites.north
    do.custody.receive(
        actor=north, site="EX-NORTH", tags=[TAGS[0]], from_organisation="EX-AGENCY", mission="EX-1", at=at(-3)
    )
    done = do.custody.offer(
        actor=north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[TAGS[0]], mission="EX-1"
    )
    return str(done.answer.handover)


STILL = LIMITS | {"effective_to": "2099-12-31"}  # an offer is made now, by the database's clock


@pytest.mark.parametrize(
    ("changes", "limit"),
    [({"contact": "none"}, "contact"), (None, "in_force")],
    ids=["no contact", "suspended"],
)
def test_an_offer_that_waits_is_outside_until_it_is_answered(
    offices: Offices, changes: dict[str, Any] | None, limit: str
) -> None:
    decision = opened(offices, STILL)
    offer = offered(offices)
    before = latest_known()
    if changes is None:
        do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(0))
    else:
        do.decisions.amend(
            actor=offices.governor,
            decision=decision,
            limits=STILL | changes,
            reason="Less",
            effective_at=at(0),
        )
    waits = told(listed())
    do.custody.refuse(actor=offices.sites.south, handover=offer, reason="no_space")

    assert listed(before) == []
    assert waits == [("handover", offer, 2, [limit], "open")]
    assert [row[-1] for row in everything()] == ["ended"]


def test_an_offer_is_kept_with_a_reason_and_what_fits_is_not(offices: Offices) -> None:
    decision = opened(offices, STILL)
    offer = offered(offices)
    keep: Any = {
        "actor": offices.sites.center,
        "handover": offer,
        "version": 2,
        "reason": "They need a roof tonight",
    }
    with pytest.raises(NotOutside):
        do.transport.keep_offer(**keep)
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(0))
    with pytest.raises(NotPermitted):
        do.transport.keep_offer(**keep | {"actor": offices.governor})
    client = page_of(offices)
    page = client.get("/missions/EX-1/outside/").content.decode()

    done = client.post(
        f"/offers/{offer}/keep/2/", {"reason": "They need a roof tonight"}, follow=True
    ).content.decode()

    assert f"/offers/{offer}/keep/2/" in page
    assert "kept by center" in done
    assert [row[-1] for row in everything()] == ["kept"]
    with pytest.raises(AlreadyKept):
        do.transport.keep_offer(**keep)
    found = judge(str(OfferKept.objects.get().act_id))
    assert "They need a roof tonight" in found.words
    assert found.mission is not None
    with pytest.raises(NotFound):
        do.transport.keep_offer(**keep | {"handover": "0199a000-0000-7000-8000-000000000009"})


def test_back_to_the_agency_nothing_is_ever_outside(offices: Offices) -> None:
    decision = opened(offices, STILL)
    Site.objects.create(code="EX-AGENCY-1", name="Agency", organisation_id="EX-AGENCY", zone="UTC")
    north = offices.sites.north
    do.custody.receive(
        actor=north, site="EX-NORTH", tags=[TAGS[0]], from_organisation="EX-AGENCY", mission="EX-1", at=at(-3)
    )
    do.custody.offer(actor=north, giver="EX-NORTH", receiver="EX-AGENCY-1", tags=[TAGS[0]], mission="EX-1")
    do.decisions.revoke(actor=offices.governor, decision=decision, reason="No more", effective_at=at(0))

    assert everything() == []


# --- the doors ------------------------------------------------------------------------


def page_of(offices: Offices) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=offices.sites.center.user))
    return client


def test_the_page_lists_each_with_its_clause_and_leads_to_what_settles_it(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, "T04", people="2", contact="direct")
    trip(offices)
    client = page_of(offices)
    empty = client.get("/missions/EX-1/outside/").content.decode()
    amended(offices, decision, 0, tasks_barred=["T04"], sentences={"tasks_barred": "No transport any more."})

    told = client.get("/missions/EX-1/outside/").content.decode()

    assert "Nothing waits" in empty
    assert told.count("No transport any more.") == 2
    for address in ("/tasks/EX-1-T1/finish/", "/tasks/EX-1-T1/keep/decision/2/", "/trips/BUS-1/close/"):
        assert address in told
        assert client.get(address).status_code == 200
    assert "2 stand outside the decision" in client.get("/missions/EX-1/").content.decode()
    assert "2 to settle" in client.get("/board/").content.decode()
    assert "/missions/EX-1/outside/" in client.get(f"/decisions/{decision}/").content.decode()
    assert client.get("/missions/NOTHING/outside/").status_code == 404


def test_a_task_is_kept_on_its_page_and_a_reason_is_needed(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, 0, people_max=4)
    client = page_of(offices)

    without = client.post("/tasks/EX-1-T1/keep/decision/2/", {"reason": ""})
    done = client.post("/tasks/EX-1-T1/keep/decision/2/", {"reason": WHY}, follow=True)
    again = client.post("/tasks/EX-1-T1/keep/decision/2/", {"reason": WHY})

    assert (without.status_code, "<title>Error:" in without.content.decode()) == (422, True)
    assert (
        "No more than twenty people" in without.content.decode()
    )  # the clause that it breaks stands beside the form
    assert "EX-1-T1 is kept, outside since version 2 of the decision" in done.content.decode()
    assert "kept by center" in done.content.decode()
    assert (again.status_code, "Somebody has said already why" in again.content.decode()) == (409, True)
    assert client.get("/tasks/NOTHING/keep/decision/2/").status_code == 404


def test_who_only_reads_settles_nothing(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    amended(offices, decision, 0, people_max=4)
    client = Client()
    client.force_login(User.objects.get(pk=offices.governor.user))

    assert "/keep/" not in client.get("/missions/EX-1/outside/").content.decode()
    assert client.get("/tasks/EX-1-T1/keep/decision/2/").status_code == 403


def test_the_api_tells_what_is_outside_as_known_at_any_act_and_keeps(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="5")
    before = latest_known()
    amended(offices, decision, 0, people_max=4)
    token = new_token(User.objects.get(pk=offices.sites.center.user))
    client = Client(headers={"authorization": f"Bearer {token}"})

    def told(**asked: int) -> list[dict[str, Any]]:
        answer = client.get("/api/v1/missions/EX-1/outside", asked)
        return list(answer.json()["outside"])

    now, then = told(), told(known_at=before)
    kept_now = client.post(
        "/api/v1/acts/tasks/keep", {"task": "EX-1-T1", "version": 2, "reason": WHY}, "application/json"
    )
    malformed = client.post(
        "/api/v1/acts/tasks/keep", {"task": "EX-1-T1", "version": "two"}, "application/json"
    )

    assert [(one["id"], one["how"], one["clauses"][0]["limit"]) for one in now] == [
        ("EX-1-T1", "open", "people_max")
    ]
    assert then == []
    assert (kept_now.status_code, malformed.status_code) == (200, 422)
    assert [(one["how"], one["settled_by"], one["reason"]) for one in told()] == [("kept", "center", WHY)]
    assert client.get("/api/v1/missions/NOTHING/outside").status_code == 404
