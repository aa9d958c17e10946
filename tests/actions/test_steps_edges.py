"""Where a law of the steps could be passed by: back-dating, reports, other organisations, moments that contradict each other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import test_steps
from django.test import Client
from people import at
from test_steps import (
    DAY,
    LIMITS,
    Offices,
    aboard,
    decided,
    in_review,
    opened,
    order,
    planned,
    received,
    settle_all,
)

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.assistance.rules import NotAllowedFrom
from muster.core.errors import FaultyInput, NotFound
from muster.core.times import NotHappenedYet
from muster.custody.models import Difference
from muster.decisions.actions import OnlyReported
from muster.decisions.drafting import NotInForce
from muster.decisions.models import Decision
from muster.decisions.rules import NothingInForce, OutsideTasks, OutsideWindow, OverPeople
from muster.ledger import queries as ledger
from muster.missions.actions import ClosedTooEarly, StillOpen
from muster.missions.models import Mission
from muster.parties.models import Office
from muster.picture import public
from muster.picture import queries as picture
from muster.tasks.actions import EndedTooEarly, OutsideTheLaw
from muster.tasks.models import Task
from muster.transport import rules as transport

offices = test_steps.offices
GAZETTE = {"publisher": "Example Gazette", "url": "https://gazette.example/1"}


def account(name: str, *grants: tuple[str, str | None]) -> Actor:
    user = User.objects.create_user(name, password=f"{name}'s password")
    for role, organisation in grants:
        Grant.objects.create(user=user, role=role, organisation_id=organisation)
    return actor_of(user)


def reported(offices: Offices, **changes: Any) -> str:
    inputs = {
        "request": "EX-PROCESSING-1", "outcome": "approved_with_limits", "reason": "As reported", "limits": LIMITS,
        "reported_on": date(2026, 2, 27), "source": GAZETTE, "zone_name": "America/Chicago",
    }  # fmt: skip
    return str(do.decisions.record_reported(actor=offices.affairs, **(inputs | changes)).answer.decision)


def mission_under(offices: Offices, request: str, **changes: Any) -> str:
    """Approve the request and open the mission EX-1; the decision."""
    inputs = {
        "outcome": "approved_with_limits",
        "reason": "It helps",
        "limits": LIMITS,
        "at": at(-44),
    } | changes
    done = do.decisions.decide(actor=offices.governor, request=request, **inputs).answer
    do.missions.open_mission(
        actor=offices.sites.center, decision=done.decision, mission="EX-1", title="Support", organisation="EX-GUARD",
        at=at(-43),
    )  # fmt: skip
    return str(done.decision)


# --- a task and everything that is in force while it lasts --------------------------


@pytest.mark.parametrize("verb", ["suspend", "revoke"])
def test_a_task_that_begins_before_a_suspension_or_revocation_does_not_run_on_through_it(
    offices: Offices, verb: str
) -> None:
    change = {"actor": offices.governor, "decision": opened(offices), "reason": "A review"}
    getattr(do.decisions, verb)(**change, effective_at=at(-10))

    with pytest.raises(NothingInForce, match=r"suspended|revoked"):
        order(offices, begins_at=at(-11), ends_at=at(24))
    assert order(offices, begins_at=at(-12), ends_at=at(-10)).task == "EX-1-T1"


def test_a_suspension_that_is_still_to_come_bounds_a_task_too_and_one_that_is_over_does_not(
    offices: Offices,
) -> None:
    change = {"actor": offices.governor, "decision": opened(offices), "reason": "A review"}
    do.decisions.suspend(**change, effective_at=at(10))
    do.decisions.resume(**change, effective_at=at(20))

    with pytest.raises(NothingInForce, match="suspended"):
        order(offices, begins_at=at(0), ends_at=at(12))
    assert order(offices, begins_at=at(20), ends_at=at(30)).task == "EX-1-T1"


@pytest.mark.parametrize(
    ("less", "refusal"),
    [
        ({"people_max": 8}, OverPeople),
        ({"tasks_allowed": ["T02"]}, OutsideTasks),
        ({"effective_to": "2026-03-01"}, OutsideWindow),
    ],
)
def test_a_task_fits_the_limits_of_every_version_in_force_while_it_lasts(
    offices: Offices, less: dict[str, Any], refusal: type[Exception]
) -> None:
    decision = opened(offices)
    amend = {"actor": offices.governor, "decision": decision, "reason": "Less from now on"}
    do.decisions.amend(**amend, limits=LIMITS | less, effective_at=at(0))

    with pytest.raises(refusal):
        order(offices, people="12", begins_at=at(-1), ends_at=at(24))
    assert order(offices, people="12", begins_at=at(-1), ends_at=at(0)).people == 12
    assert Task.objects.count() == 1


def test_what_is_drawn_under_the_wider_limits_of_later_does_not_count_against_those_of_before(
    offices: Offices,
) -> None:
    opened(offices, LIMITS | {"people_max": 10})
    more = {"actor": offices.governor, "decision": "EX-PROCESSING-1-D1", "reason": "More from now on"}
    do.decisions.amend(**more, limits=LIMITS, effective_at=at(0))
    order(offices, people="10", begins_at=at(0), ends_at=at(24))

    assert order(offices, people="8", begins_at=at(-2), ends_at=at(24)).people == 8


def test_limits_below_what_is_drawn_already_let_nothing_more_in(offices: Offices) -> None:
    decision = opened(offices)
    order(offices, people="12")
    amend = {"actor": offices.governor, "decision": decision, "reason": "Fewer"}
    do.decisions.amend(**amend, limits=LIMITS | {"people_max": 8}, effective_at=at(-30))

    with pytest.raises(OverPeople, match="13 people in all"):
        order(offices, people="1")


def test_the_first_and_the_last_day_of_a_decision_are_whole_days_of_its_zone(offices: Offices) -> None:
    """From midnight in Chicago in winter, UTC-6, to midnight there in summer, UTC-5."""
    opened(offices, LIMITS | {"effective_from": "2026-03-01"})
    first, after = datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 4, 1, 5, tzinfo=UTC)

    for window in (
        {"begins_at": first - timedelta(minutes=1), "ends_at": after},
        {"begins_at": first, "ends_at": after + timedelta(minutes=1)},
    ):
        with pytest.raises(OutsideWindow):
            order(offices, **window)
    assert order(offices, begins_at=first, ends_at=after).task == "EX-1-T1"


def test_a_task_at_which_members_were_seen_had_not_ended_before_that(offices: Offices) -> None:
    """Else its headroom could be spent twice by dating its end back."""
    opened(offices)
    task = order(offices, people="20").task
    do.checkins.report_present(actor=offices.sites.center, task=task, people=18, at=at(-2))
    do.checkins.report_present(actor=offices.sites.center, task=task, people=0, at=at(0))
    finish = {"actor": offices.sites.center, "task": task, "reason": "Called off"}

    with pytest.raises(EndedTooEarly, match="2026-03-01 10:00 UTC"):
        do.tasks.finish(**finish, at=at(-3))
    assert do.tasks.finish(**finish, at=at(-2)).answer.task == task


def test_the_law_is_asked_about_the_last_day_of_a_task_as_well_as_the_first(offices: Offices) -> None:
    """A duty of at most 180 days that began on September 10 ends on March 8."""
    facts = test_steps.asked()["facts"] | {"duty_began_on": "2025-09-10"}
    request = in_review(offices, duty_status_asked="T32-ch9", facts=facts)
    mission_under(offices, request)

    assert order(offices, ends_at=datetime(2026, 3, 9, 5, tzinfo=UTC)).task == "EX-1-T1"
    with pytest.raises(OutsideTheLaw, match="ended on 2026-03-08"):
        order(offices, ends_at=datetime(2026, 3, 9, 5, 1, tzinfo=UTC))


# --- facts --------------------------------------------------------------------------


def test_a_task_is_judged_by_the_facts_as_last_stated_not_by_those_the_decision_was_taken_on(
    offices: Offices,
) -> None:
    opened(offices)
    transport = {"category": "T04", "people": "2", "contact": "direct"}
    order(offices, **transport)
    ended = {"custody_rules_loaded": False}
    do.authority.assess(actor=offices.sites.center, request="EX-PROCESSING-1", on_date=DAY, facts=ended)

    with pytest.raises(OutsideTheLaw):
        order(offices, **transport)


def test_a_look_in_another_duty_status_changes_nothing_for_the_tasks(offices: Offices) -> None:
    opened(offices)
    do.authority.assess(
        actor=offices.sites.center, request="EX-PROCESSING-1", on_date=DAY, status="T10-12304"
    )

    assert order(offices, category="T04", people="2", contact="direct").task == "EX-1-T1"


# --- what is only reported ----------------------------------------------------------


def test_no_task_is_ordered_under_a_decision_that_was_only_reported(offices: Offices) -> None:
    in_review(offices)
    decision = reported(offices)
    do.missions.open_mission(
        actor=offices.affairs, decision=decision, mission="EX-1", title="As reported", organisation="EX-GUARD",
        at=at(-43),
    )  # fmt: skip

    with pytest.raises(OnlyReported, match="decides the request here first"):
        order(offices)
    do.decisions.amend(
        actor=offices.governor,
        decision=decision,
        limits=LIMITS,
        reason="So it was",
        effective_at=at(-30),
    )
    with pytest.raises(OnlyReported):
        order(offices)


def test_a_report_does_not_take_the_decision_from_the_office_that_was_asked(offices: Offices) -> None:
    in_review(offices)
    reported(offices, outcome="declined", limits=None)
    decide = {"actor": offices.governor, "request": "EX-PROCESSING-1", "reason": "It helps", "at": at(-44)}

    assert mission_under(offices, "EX-PROCESSING-1") == "EX-PROCESSING-1-D2"
    assert order(offices).task == "EX-1-T1"
    with pytest.raises(NotAllowedFrom):
        do.decisions.decide(**decide, outcome="declined")
    with pytest.raises(NotAllowedFrom):
        reported(offices)


def test_who_asked_neither_decides_nor_reports_a_decision_whatever_other_role_they_hold(
    offices: Offices,
) -> None:
    both = account("both", ("joc", "EX-GUARD"), ("governor", "EX-GUARD"))
    teller = account("teller", ("requester", "EX-AGENCY"), ("affairs", "EX-GUARD"))
    request = do.assistance.draft(actor=both, request=test_steps.asked(), at=at(-9)).answer.request
    do.assistance.submit(actor=offices.agency, request=request, at=at(-8))
    do.assistance.validate(actor=both, request=request, at=at(-7))
    do.assistance.review(actor=both, request=request, at=at(-6))
    do.authority.assess(actor=both, request=request, on_date=DAY)
    decide = {"request": request, "outcome": "approved_with_limits", "reason": "It helps", "limits": LIMITS}

    with pytest.raises(NotPermitted, match="requester-never-decides"):
        do.decisions.decide(actor=both, **decide, at=at(-5))
    with pytest.raises(NotPermitted, match="requester-never-decides"):
        do.decisions.record_reported(
            actor=teller, **decide, reported_on=DAY, source=GAZETTE, zone_name="America/Chicago"
        )
    assert not Decision.objects.exists()


# --- other organisations ------------------------------------------------------------


def test_a_mission_is_run_by_the_organisation_that_decided_or_by_one_whose_missions_the_opener_runs(
    offices: Offices,
) -> None:
    decision = decided(offices)
    inputs = {"decision": decision, "title": "Support", "at": at(-43), "organisation": "OTHER"}

    with pytest.raises(NotFound, match="OTHER"):
        do.missions.open_mission(actor=offices.sites.center, mission="EX-1", **inputs)
    with pytest.raises(NotPermitted):
        do.missions.open_mission(actor=offices.affairs, mission="EX-1", **inputs)
    assert not Mission.objects.exists()

    of_both = account("of both", ("joc", "EX-GUARD"), ("joc", "OTHER"))
    assert do.missions.open_mission(actor=of_both, mission="EX-1", **inputs).answer.mission == "EX-1"


# --- whom a mission holds, and when it can have been closed -------------------------


def handed_over(offices: Offices, tags: list[str], mission: str = "") -> None:
    """From the north to the south, four hours before noon."""
    offer = {"giver": "EX-NORTH", "receiver": "EX-SOUTH", "tags": tags, "mission": mission}
    offered = do.custody.offer(actor=offices.sites.north, **offer).answer
    do.custody.accept(actor=offices.sites.south, handover=offered.handover, at=at(-4))


def released(offices: Offices, tags: list[str], hours: float = -3) -> None:
    do.custody.release(
        actor=offices.sites.north, site="EX-NORTH", tags=tags, at=at(hours), reason="agency_order",
        to_organisation="EX-AGENCY",
    )  # fmt: skip


def close(offices: Offices, hours: float = 1) -> Any:
    settle_all(offices)
    return do.missions.close(
        actor=offices.sites.center, mission="EX-1", reason="All done", at=at(hours)
    ).answer


def persons(mission: str, hours: float = 0) -> dict[tuple[str, str], str]:
    found = picture.held(mission, at(hours), ledger.latest_known())
    return {(figure.metric.removeprefix("persons_"), figure.place): figure.words for figure in found}


def test_a_mission_holds_a_person_who_changed_hands_without_its_name_and_is_not_closed(
    offices: Offices,
) -> None:
    opened(offices)
    tags = received(offices, 2)
    handed_over(offices, tags)

    with pytest.raises(StillOpen, match=tags[0]):
        close(offices)
    assert persons("EX-1")["in_custody", "EX-SOUTH"] == "2"


def test_what_did_not_happen_gives_a_person_to_no_mission(offices: Offices) -> None:
    opened(offices)
    tag, *_ = received(offices, 1)
    handed_over(offices, [tag], mission="EX-2")
    do.custody.correct(
        actor=offices.sites.south, site="EX-SOUTH", tag=tag, n=2, reason="entry_error", void=True
    )

    assert persons("EX-2") == {}
    assert persons("EX-1")["in_custody", "EX-NORTH"] == "1"
    with pytest.raises(StillOpen):
        close(offices)
    do.custody.correct(
        actor=offices.sites.north, site="EX-NORTH", tag=tag, n=1, reason="entry_error", void=True
    )
    assert persons("EX-1") == {}
    assert close(offices).mission == "EX-1"


def test_who_was_released_and_comes_again_is_not_held_by_the_mission_of_before(offices: Offices) -> None:
    opened(offices)
    tags = received(offices, 1)
    released(offices, tags)
    come = {"actor": offices.sites.north, "site": "EX-NORTH", "tags": tags, "from_organisation": "EX-AGENCY"}
    do.custody.receive(**come, at=at(-2))

    assert persons("EX-1")["in_custody", "all"] == "0"
    assert close(offices).mission == "EX-1"


def test_each_mission_tells_who_came_and_went_under_itself_and_from_when_on(offices: Offices) -> None:
    opened(offices)
    tags = received(offices, 1)
    released(offices, tags)
    come = {"actor": offices.sites.north, "site": "EX-NORTH", "tags": tags, "from_organisation": "EX-AGENCY"}
    do.custody.receive(**come, at=at(-2), mission="EX-2")

    assert persons("EX-2", -3) == {}
    assert persons("EX-2")["received", "all"] == "1"
    assert persons("EX-2")["released", "all"] == "0"
    assert persons("EX-1")["released", "all"] == "1"


@pytest.mark.parametrize("hours", [-50, -4])
def test_a_mission_is_not_closed_as_of_a_moment_at_which_it_held_somebody_or_was_not_open(
    offices: Offices, hours: float
) -> None:
    opened(offices)
    released(offices, received(offices, 1))

    with pytest.raises(ClosedTooEarly):
        close(offices, hours)
    assert close(offices, -3).mission == "EX-1"


# --- as it was known ----------------------------------------------------------------


def test_what_was_tasked_as_it_was_known_does_not_change_when_a_task_is_ended_or_a_mission_closed(
    offices: Offices,
) -> None:
    opened(offices)
    first, second = order(offices, people="5").task, order(offices, people="7").task

    def tasked(known_at: int) -> str:
        found = picture.figures("EX-1", at(0), known_at)
        return next(f.words for f in found if f.metric == "people_tasked" and f.place == "all")

    known = [ledger.latest_known()]
    do.tasks.finish(actor=offices.sites.center, task=first, reason="Called off", at=at(-1))
    known.append(ledger.latest_known())
    do.tasks.finish(actor=offices.sites.center, task=second, reason="Called off", at=at(-1))
    close(offices, -1)
    known.append(ledger.latest_known())

    assert [tasked(number) for number in known] == ["12", "7", "0"]
    assert second == "EX-1-T2"


def test_where_a_request_stood_is_told_by_its_latest_step_also_when_that_step_is_dated_back(
    offices: Offices,
) -> None:
    request = in_review(offices)  # since 45 hours before noon
    reported(offices, reported_on=date(2026, 2, 20))

    step = assistance.state_at(Request.objects.get(pk=request), at(0), ledger.latest_known())

    assert step is not None
    assert step.state == "decided"


def test_a_picture_has_the_request_that_its_decision_answers_and_none_that_is_only_named_alike(
    offices: Offices,
) -> None:
    """Also of another state: EX-1-B would be told to everybody who reads the mission EX-1."""
    Office.objects.create(code="OTHER-GOVERNOR", title="Another governor", organisation_id="OTHER")
    agency = account("other agency", ("requester", "OTHER"))
    for name in ("EX-1", "EX-1-B"):
        do.assistance.draft(
            actor=agency,
            request=test_steps.asked(id=name, asked="OTHER-GOVERNOR", agency="OTHER"),
            at=at(-50),
        )
        do.assistance.submit(actor=agency, request=name, at=at(-50))
    alone = {f.source for f in picture.figures("EX-1", at(0), ledger.latest_known())}
    before = ledger.latest_known()
    opened(offices)

    def sources(known_at: int) -> set[str]:
        found = picture.figures("EX-1", at(0), known_at)
        return {figure.source for figure in found if figure.metric == "requested"}

    assert alone == {"request EX-1"}
    assert sources(ledger.latest_known()) == {"request EX-PROCESSING-1"}
    assert sources(before) == {"request EX-1"}


def test_a_draft_hides_no_mission_of_the_same_name_from_the_public(offices: Offices) -> None:
    opened(offices)
    do.assistance.draft(actor=offices.agency, request=test_steps.asked(id="EX-1"), at=at(0))

    page = public.page("EX-1", at(0), ledger.latest_known())

    assert [asked.request.id for asked in page.asked] == ["EX-PROCESSING-1"]


def test_the_public_page_tells_of_a_closing_only_where_it_was_known(offices: Offices) -> None:
    opened(offices)
    before = ledger.latest_known()
    close(offices, -1)

    closed = [public.page("EX-1", at(0), known).closed_at for known in (before, ledger.latest_known())]

    assert closed == [None, at(-1)]


def test_a_request_that_is_only_named_like_a_mission_has_a_line_of_its_own_on_the_public_list(
    offices: Offices,
) -> None:
    opened(offices)
    do.assistance.record_reported(
        actor=offices.affairs, request=test_steps.asked(id="EX-1-VT"), state="submitted", at=at(0),
        reported_by="Example Gazette",
    )  # fmt: skip

    listed = [line.mission for line in public.lines(at(0), ledger.latest_known())]

    assert listed == ["EX-1", "EX-1-VT"]


# --- trips --------------------------------------------------------------------------


def boarded(offices: Offices, tags: list[str]) -> None:
    planned(offices)
    aboard(offices, tags)


def test_a_trip_leaves_inside_its_task_also_where_the_task_was_ended_after_its_time(offices: Offices) -> None:
    opened(offices)
    task = order(offices, "T04", people="4", vehicles="1", contact="direct").task
    do.tasks.finish(actor=offices.sites.center, task=task, reason="It went on longer", at=at(48))

    with pytest.raises(transport.NotATransportTask, match="outside the window"):
        planned(offices, task=task, departs_at=at(30))


def test_no_trip_is_planned_of_a_kind_that_the_decision_has_barred_since(offices: Offices) -> None:
    decision = opened(offices)
    task = order(offices, "T04", people="4", vehicles="1", contact="direct").task
    barred = LIMITS | {"tasks_allowed": ["T01"]}
    amend = {"actor": offices.governor, "decision": decision, "reason": "No transport"}
    do.decisions.amend(**amend, limits=barred, effective_at=at(-10))

    with pytest.raises(OutsideTasks):
        planned(offices, task=task)


@pytest.mark.parametrize("verb", ["suspend", "revoke"])
def test_a_trip_that_was_planned_does_not_depart_while_the_decision_is_not_in_force(
    offices: Offices, verb: str
) -> None:
    decision = opened(offices)
    boarded(offices, received(offices, 2))
    stop = {"actor": offices.governor, "decision": decision, "reason": "A review"}
    getattr(do.decisions, verb)(**stop, effective_at=at(-3.5))
    depart = {"actor": offices.custodian, "trip": "BUS-1", "at": at(-3)}

    with pytest.raises(transport.NotAllowedThen, match=r"suspended|revoked"):
        do.transport.depart(**depart)
    assert do.transport.record_left(**depart).answer.state == "departed"
    assert "the decision is" in Difference.objects.get(kind="left_refused").words


@pytest.mark.parametrize("hours", [-25, 24])
def test_a_trip_departs_in_the_window_of_its_task(offices: Offices, hours: float) -> None:
    opened(offices)
    boarded(offices, received(offices, 2))

    with pytest.raises(transport.NotAllowedThen, match="outside the window of EX-1-T1"):
        do.transport.depart(actor=offices.custodian, trip="BUS-1", at=at(hours))


def test_a_mission_is_not_closed_over_a_trip_that_may_still_leave(offices: Offices) -> None:
    opened(offices)
    planned(offices)

    with pytest.raises(StillOpen, match="Trips not closed: 1"):
        close(offices, -4)


@pytest.mark.parametrize("loses", ["role", "account"])
def test_a_custodian_who_may_sign_no_more_does_not_depart_with_persons(offices: Offices, loses: str) -> None:
    opened(offices)
    boarded(offices, received(offices, 2))
    custodian = User.objects.get(username="custodian")
    if loses == "role":
        custodian.grants.all().delete()
    else:
        custodian.is_active = False
        custodian.save()

    with pytest.raises(transport.NoCustodian, match="who may sign"):
        do.transport.depart(actor=offices.sites.center, trip="BUS-1", at=at(-3))


def test_a_trip_arrives_after_it_has_departed_and_ends_after_it_has_arrived(offices: Offices) -> None:
    opened(offices)
    boarded(offices, received(offices, 2))
    by = {"actor": offices.custodian, "trip": "BUS-1"}
    do.transport.depart(**by, at=at(-3))

    with pytest.raises(transport.BeforeItsLatest, match="departed at 2026-03-01 09:00 UTC"):
        do.transport.arrive(**by, at=at(-3.1))
    assert do.transport.arrive(**by, at=at(-3)).answer.state == "arrived"


# --- moments that have not come -----------------------------------------------------

AHEAD = datetime.now(UTC) + timedelta(hours=1)
TOLD_AHEAD = {
    "a step of a request": ("agency", "assistance.submit", {"request": "EX-2R"}),
    "a request": ("agency", "assistance.draft", {"request": "another"}),
    "a decision": ("governor", "decisions.decide", {"request": "EX-3R", "outcome": "declined", "reason": "Too late"}),
    "an opening": (
        "center", "missions.open",
        {"decision": "EX-PROCESSING-1-D1", "mission": "EX-9", "title": "Nine", "organisation": "EX-GUARD"},
    ),
    "a closing": ("center", "missions.close", {"mission": "EX-1", "reason": "Done"}),
    "who is present": ("center", "tasks.report_present", {"task": "EX-1-T1", "people": 3}),
    "an ended trip": ("custodian", "transport.close_trip", {"trip": "BUS-1"}),
    "a trip that has left": ("custodian", "transport.record_left", {"trip": "BUS-1"}),
}  # fmt: skip


def test_no_fact_is_told_ahead_of_its_time(offices: Offices) -> None:
    opened(offices, LIMITS | {"effective_to": None})
    planned(offices)
    do.assistance.draft(actor=offices.agency, request=test_steps.asked(id="EX-2R"), at=at(-9))
    in_review(offices, id="EX-3R")

    for what, (by, name, inputs) in TOLD_AHEAD.items():
        actor = offices.sites.center if by == "center" else getattr(offices, by)
        sent = inputs | ({"request": test_steps.asked(id="EX-4R")} if what == "a request" else {})
        with pytest.raises(NotHappenedYet, match="has not come yet"):
            do.find(name)(actor=actor, **sent, at=AHEAD)


def test_a_decision_that_is_suspended_before_its_first_day_is_suspended(offices: Offices) -> None:
    decision = decided(offices, LIMITS | {"effective_from": "2026-03-20"})
    change = {"actor": offices.governor, "decision": decision, "reason": "A review"}
    do.decisions.suspend(**change, effective_at=at(-43))

    with pytest.raises(NotInForce, match="suspended"):
        do.missions.open_mission(
            actor=offices.sites.center, decision=decision, mission="EX-1", title="Support", organisation="EX-GUARD",
            at=at(-42),
        )  # fmt: skip
    assert do.decisions.resume(**change, effective_at=at(-41)).answer.version == 3


def test_under_a_request_that_is_closed_nothing_more_begins(offices: Offices) -> None:
    decision = opened(offices)
    task = order(offices, "T04", people="4", vehicles="1", contact="direct").task
    do.assistance.close(actor=offices.sites.center, request="EX-PROCESSING-1", at=at(-20), code="done")

    with pytest.raises(NotInForce, match="closed with its request"):
        order(offices)
    with pytest.raises(NotInForce):
        planned(offices, task=task)
    with pytest.raises(NotInForce):
        do.missions.open_mission(
            actor=offices.sites.center, decision=decision, mission="EX-2", title="One more", organisation="EX-GUARD",
            at=at(-19),
        )  # fmt: skip


# --- what a task is, and where ------------------------------------------------------


def test_a_decision_that_names_no_tasks_allows_those_that_were_asked_for(offices: Offices) -> None:
    opened(offices, {"zone": "America/Chicago", "people_max": 20})

    with pytest.raises(OutsideTheLaw, match="does not ask for T03, and the decision names no tasks"):
        order(offices, "T03")
    assert order(offices, "T08").task == "EX-1-T1"


@pytest.mark.parametrize("place", ["site a", " Site  A ", "SITE A"])
def test_no_spelling_of_a_place_leads_past_its_limit(offices: Offices, place: str) -> None:
    opened(offices, LIMITS | {"people_max_by_place": {"Site A": 6}})
    order(offices, people="5")

    with pytest.raises(OverPeople, match="7 people at Site A"):
        order(offices, people="2", place=place)


# --- what cannot be kept ------------------------------------------------------------


@pytest.mark.parametrize("name", ["EX\n1", "EX\t1", "EX\u202e1", "EX\x7f", "24/0815", "..", "x" * 61])
def test_the_id_of_a_request_is_one_line_that_can_be_seen_and_addressed(offices: Offices, name: str) -> None:
    with pytest.raises(FaultyInput) as refusal:
        do.assistance.draft(actor=offices.agency, request=test_steps.asked(id=name), at=at(0))

    assert [fault.column for fault in refusal.value.faults] == ["id"]
    assert refusal.value.faults[0].code in ("assistance.bad_id", "assistance.too_long")


def test_claims_under_words_that_make_no_address_leave_the_public_list_whole(offices: Offices) -> None:
    for number, mission in enumerate(("A/B", "A\nB", "A-B")):
        do.sources.record_claim(
            actor=offices.affairs, id=f"C{number}", mission=mission, place="MO", metric="activated", said="3", source=GAZETTE
        )  # fmt: skip

    assert [line.mission for line in public.lines(at(0), ledger.latest_known())] == ["A-B"]
    assert Client().get("/public/").status_code == 200


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "3000-01-01"])
def test_a_day_at_the_end_of_the_calendar_is_no_day_of_a_decision(offices: Offices, day: str) -> None:
    """A last day of 9999-12-31 would be kept, and then no page could say when it ends."""
    with pytest.raises(FaultyInput, match="must be a day"):
        decided(offices, LIMITS | {"effective_from": None, "effective_to": day})
    assert not Decision.objects.exists()


def test_no_moment_is_kept_that_no_zone_can_reckon_with(offices: Offices) -> None:
    decision = opened(offices)
    ends = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))
    begins = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))

    with pytest.raises(FaultyInput, match="the year is not from 1900 to 2999"):
        order(offices, ends_at=ends)
    with pytest.raises(FaultyInput, match="effective_at"):
        do.decisions.suspend(
            actor=offices.governor, decision=decision, reason="A review", effective_at=begins
        )
    with pytest.raises(FaultyInput, match="reported_on"):
        reported(offices, reported_on=date(1, 1, 1))
    facts = {"duty_began_on": date(9999, 12, 31)}
    with pytest.raises(FaultyInput, match="facts"):
        do.authority.assess(
            actor=offices.sites.center, request="EX-PROCESSING-1", on_date=DAY, status="T32-ch9", facts=facts
        )
