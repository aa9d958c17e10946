"""Who may decide for an office, what is decided about each line, and what follows: papers, reports, referrals."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import test_steps
from people import at
from test_steps import DAY, LIMITS, Offices, asked, decided, in_review, opened, order

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.assistance.models import Request
from muster.authority import queries as authority
from muster.core.errors import FaultyInput, NotFound
from muster.core.times import NotHappenedYet
from muster.decisions import actions, deciding, drafting, rules
from muster.decisions import offices as seats
from muster.decisions.holding import NotTheHolder
from muster.decisions.lines import from_stored
from muster.decisions.models import Decision, Version
from muster.parties.models import Office
from muster.record.models import Act

offices = test_steps.offices
FREE = {"zone": "America/Chicago"}


def account(name: str, role: str = "governor", organisation: str | None = "EX-GUARD") -> Actor:
    user = User.objects.create_user(name, password=f"{name}'s password")
    Grant.objects.create(user=user, role=role, organisation_id=organisation)
    return actor_of(user)


def decide(offices: Offices, request: str, **changes: Any) -> str:
    given = {
        "outcome": "approved_with_limits",
        "reason": "It helps",
        "limits": LIMITS,
        "at": at(-44),
    } | changes
    actor = given.pop("actor", offices.governor)
    return str(do.decisions.decide(actor=actor, request=request, **given).answer.decision)


def judgements(decision: str) -> list[str]:
    return [
        line.judgement for line in from_stored(Version.objects.filter(decision=decision).latest("n").lines)
    ]


# --- each line ----------------------------------------------------------------------


def test_each_line_is_judged_with_the_decision_and_its_limits_follow(offices: Offices) -> None:
    lines = [
        {"n": 1, "judgement": "limit", "people_max": 3},
        {"n": 2, "judgement": "refuse", "words": "The agency moves its own files."},
    ]
    limits = {**FREE, "contact": "direct"}
    decision = decide(offices, in_review(offices), lines=lines, limits=limits)
    do.missions.open_mission(
        actor=offices.sites.center,
        decision=decision,
        mission="EX-1",
        title="Support",
        organisation="EX-GUARD",
        at=at(-43),
    )

    assert judgements(decision) == ["limit", "refuse", "allow", "allow", "allow"]
    with pytest.raises(rules.RefusedLine, match="The agency moves its own files"):
        order(offices, "T02")
    with pytest.raises(rules.OverPeople):
        order(offices, people="4")
    assert order(offices, people="3").people == 3


def test_an_amendment_judges_lines_again_and_keeps_the_others(offices: Offices) -> None:
    decision = opened(offices)
    amend = {
        "actor": offices.governor,
        "decision": decision,
        "effective_at": at(-30),
        "reason": "No more files",
    }

    limits = LIMITS | {"tasks_allowed": ["T01", "T04", "T06", "T08"]}
    lines = [{"n": 2, "judgement": "refuse", "words": "No files."}]
    do.decisions.amend(**amend, limits=limits, lines=lines, after_version=1)

    assert judgements(decision) == ["allow", "refuse", "allow", "allow", "allow"]
    with pytest.raises(rules.RefusedLine, match="No files"):
        order(offices, "T02")


def test_a_sensitive_line_is_not_allowed_without_a_reason_through_any_door(offices: Offices) -> None:
    request = asked()
    request["lines"][0]["words"] = "Filing of fingerprints"
    name = do.assistance.draft(actor=offices.agency, request=request, at=at(-48)).answer.request
    do.assistance.submit(actor=offices.agency, request=name, at=at(-47))
    do.assistance.validate(actor=offices.sites.center, request=name, at=at(-46))
    do.authority.assess(actor=offices.sites.center, request=name, on_date=DAY)
    do.assistance.review(actor=offices.sites.center, request=name, at=at(-45))

    with pytest.raises(deciding.SensitiveLine):
        decide(offices, name)
    with pytest.raises(deciding.SensitiveLine):
        decide(offices, name, lines=[{"n": 1, "judgement": "allow"}])
    assert judgements(decide(offices, name, limits=FREE))[0] == "refuse"


def test_what_contradicts_itself_is_refused_and_nothing_is_kept(offices: Offices) -> None:
    request = in_review(offices)
    with pytest.raises(deciding.LinesDisagree):
        decide(offices, request, lines=[{"n": 1, "judgement": "refuse"}])
    with pytest.raises(FaultyInput, match="no line 9"):
        decide(offices, request, lines=[{"n": 9, "judgement": "refuse"}])
    with pytest.raises(drafting.NotInFull, match="line 1"):
        decide(offices, request, outcome="approved", limits=FREE, lines=[{"n": 1, "judgement": "refuse"}])
    with pytest.raises(drafting.NotInFull, match="people_max"):
        decide(offices, request, outcome="approved", limits=FREE | {"people_max": 5})
    with pytest.raises(deciding.RulesOfForceNeeded):
        decide(offices, request, limits=LIMITS | {"armed": "unit"})
    with pytest.raises(drafting.ChangedMeanwhile):
        decide(offices, request, assessment=uuid4())
    assert not Decision.objects.exists()


def test_approved_in_full_allows_every_line_as_asked(offices: Offices) -> None:
    request = in_review(offices)
    seen = authority.latest(request)
    assert seen

    decision = decide(offices, request, outcome="approved", limits=FREE, assessment=seen.pk)

    assert set(judgements(decision)) == {"allow"}


def test_declining_may_say_of_each_line_why(offices: Offices) -> None:
    lines = [{"n": 4, "judgement": "refuse", "words": "The state has no vehicles left."}]
    decision = decide(offices, in_review(offices), outcome="declined", limits=None, lines=lines)

    said = from_stored(Version.objects.get(decision=decision).lines)
    assert {line.judgement for line in said} == {"refuse"}
    assert said[3].words == "The state has no vehicles left."


def test_an_amendment_of_what_somebody_else_amended_is_refused(offices: Offices) -> None:
    amend = {"actor": offices.governor, "decision": opened(offices), "effective_at": at(0), "reason": "Fewer"}
    do.decisions.amend(**amend, limits=LIMITS | {"people_max": 9}, after_version=1)

    with pytest.raises(drafting.ChangedMeanwhile, match="version 2 now"):
        do.decisions.amend(**amend, limits=LIMITS | {"people_max": 8}, after_version=1)


def test_person_days_are_counted_over_all_tasks_and_ended_ones_as_long_as_they_lasted(
    offices: Offices,
) -> None:
    opened(offices, LIMITS | {"person_days_max": 20})
    first = order(offices)  # five members on three days of Chicago

    with pytest.raises(rules.OverPersonDays, match="30 person-days"):
        order(offices)
    do.tasks.finish(actor=offices.sites.center, task=first.task, reason="Done", at=at(-23))
    assert order(offices).people == 5


# --- who holds the office -----------------------------------------------------------


def test_only_the_holder_of_the_office_decides_and_follows_up(offices: Offices) -> None:
    other = account("another governor")
    request = in_review(offices)

    with pytest.raises(NotTheHolder, match="neither the holder"):
        decide(offices, request, actor=other)
    decision = decide(offices, request)
    for verb in ("suspend", "resume", "revoke"):
        with pytest.raises(NotTheHolder):
            getattr(do.decisions, verb)(actor=other, decision=decision, reason="Why not", effective_at=at(0))
    with pytest.raises(NotTheHolder):
        do.decisions.amend(
            actor=other, decision=decision, reason="Why not", effective_at=at(0), limits=LIMITS
        )


def test_the_holder_of_that_time_decided_and_not_who_holds_it_later(offices: Offices) -> None:
    request = in_review(offices)
    account("successor")
    recorder = actor_of(User.objects.get(username="recorder"))
    do.offices.seat_holder(
        actor=recorder, office="ZZ-GOVERNOR", account="successor", begins_at=at(-10), instrument="Oath"
    )

    successor = actor_of(User.objects.get(username="successor"))
    with pytest.raises(NotTheHolder):
        decide(offices, request, actor=successor)
    with pytest.raises(NotTheHolder):
        decide(offices, request, at=at(-9))
    assert decide(offices, request, at=at(-11))


def test_a_delegate_decides_in_the_offices_name_for_what_was_delegated(offices: Offices) -> None:
    deputy = account("deputy")
    given = {"office": "ZZ-GOVERNOR", "account": "deputy", "begins_at": at(-100), "instrument": "Order 7"}
    delegation = do.offices.delegate(actor=offices.governor, **given, verbs=["decide"]).answer.delegation

    decision = decide(offices, in_review(offices), actor=deputy)

    version = Version.objects.select_related("delegation").get(decision=decision)
    assert version.delegation is not None
    assert version.delegation.instrument == "Order 7"
    with pytest.raises(NotTheHolder):
        do.decisions.revoke(actor=deputy, decision=decision, reason="Why not", effective_at=at(0))
    end = {"actor": offices.governor, "delegation": delegation, "reason": "Back again", "at": at(-50)}
    with pytest.raises(NotTheHolder):
        do.offices.withdraw_delegation(**end | {"actor": deputy})
    do.offices.withdraw_delegation(**end)
    with pytest.raises(seats.AlreadyWithdrawn):
        do.offices.withdraw_delegation(**end)
    with pytest.raises(NotTheHolder):
        decide(offices, in_review(offices, id="EX-9"), actor=deputy)


def test_what_was_delegated_ends_with_who_gave_it(offices: Offices) -> None:
    deputy, request = account("deputy"), in_review(offices)
    account("successor")
    given = {"office": "ZZ-GOVERNOR", "account": "deputy", "begins_at": at(-100), "instrument": "Order 7"}
    do.offices.delegate(actor=offices.governor, **given)
    recorder = actor_of(User.objects.get(username="recorder"))
    do.offices.seat_holder(
        actor=recorder, office="ZZ-GOVERNOR", account="successor", begins_at=at(-10), instrument="Oath"
    )

    with pytest.raises(NotTheHolder):
        decide(offices, request, actor=deputy, at=at(-9))
    assert decide(offices, request, actor=deputy, at=at(-11))


def test_seats_and_delegations_are_refused_to_who_may_not_give_them(offices: Offices) -> None:
    recorder = actor_of(User.objects.get(username="recorder"))
    deputy = account("deputy")
    seat = {"office": "ZZ-GOVERNOR", "account": "deputy", "begins_at": at(0), "instrument": "Oath"}

    with pytest.raises(NotPermitted):
        do.offices.seat_holder(actor=offices.governor, **seat)
    with pytest.raises(NotFound):
        do.offices.seat_holder(actor=offices.elsewhere, **seat)
    with pytest.raises(NotFound):
        do.offices.seat_holder(actor=recorder, **seat | {"office": "NOWHERE"})
    with pytest.raises(NotFound):
        do.offices.seat_holder(actor=recorder, **seat | {"account": "nobody"})
    with pytest.raises(seats.NotOfTheOffice):
        do.offices.seat_holder(actor=recorder, **seat | {"account": "agency"})
    both = account("both", "counsel", None)
    Grant.objects.create(user_id=both.user, role="governor", organisation_id="EX-GUARD")
    with pytest.raises(NotPermitted, match="nobody-seats-himself"):
        do.offices.seat_holder(actor=actor_of(User.objects.get(pk=both.user)), **seat | {"account": "both"})
    with pytest.raises(NotTheHolder):
        do.offices.delegate(actor=deputy, **seat)
    with pytest.raises(seats.EndsBeforeItBegan):
        do.offices.delegate(actor=offices.governor, **seat, ends_at=at(0))
    with pytest.raises(FaultyInput):
        do.offices.delegate(actor=offices.governor, **seat, verbs=["dance"])
    with pytest.raises(NotFound):
        do.offices.withdraw_delegation(actor=offices.governor, delegation=99, reason="Ended", at=at(0))


def test_a_vacant_office_decides_nothing_and_a_seat_sent_twice_is_recorded_once(offices: Offices) -> None:
    recorder, key = actor_of(User.objects.get(username="recorder")), uuid4()
    seat = {
        "actor": recorder,
        "key": key,
        "office": "ZZ-GOVERNOR",
        "begins_at": at(-60),
        "instrument": "Resignation",
    }
    first = do.offices.seat_holder(**seat)
    assert do.offices.seat_holder(**seat).act == first.act
    assert Office.objects.get(pk="ZZ-GOVERNOR").holders.count() == 2

    with pytest.raises(NotTheHolder):
        decided(offices)


# --- referred, superseded, confirmed, reported ---------------------------------------


def test_the_office_that_a_request_is_referred_to_decides_it(offices: Offices) -> None:
    Office.objects.create(code="OTHER-ADJUTANT", title="Adjutant general", organisation_id="OTHER")
    recorder = actor_of(User.objects.get(username="recorder"))
    do.offices.seat_holder(
        actor=recorder,
        office="OTHER-ADJUTANT",
        account="elsewhere",
        begins_at=at(-99),
        instrument="Appointment",
    )
    request = in_review(offices)
    refer = {"outcome": "referred", "limits": None}
    for to in ("", "ZZ-GOVERNOR"):
        with pytest.raises(drafting.ReferToNeeded):
            decide(offices, request, **refer, refer_to=to)
    with pytest.raises(drafting.ReferToNeeded):
        decide(offices, request, refer_to="OTHER-ADJUTANT")
    with pytest.raises(NotFound):
        decide(offices, request, **refer, refer_to="NOWHERE")

    first = decide(offices, request, **refer, refer_to="OTHER-ADJUTANT")

    kept = Decision.objects.get(pk=first)
    assert (kept.office_id, kept.referred_to_id) == ("ZZ-GOVERNOR", "OTHER-ADJUTANT")
    assert Request.objects.get(pk=request).state == "in_review"
    with pytest.raises(NotFound):
        decide(offices, request)
    second = decide(offices, request, actor=offices.elsewhere)
    assert Decision.objects.get(pk=second).office_id == "OTHER-ADJUTANT"


def test_what_is_superseded_is_revoked_and_allows_no_new_task(offices: Offices) -> None:
    old = opened(offices)
    new = decide(offices, in_review(offices, id="EX-9"), supersedes=old, at=at(-40))

    assert Decision.objects.get(pk=new).supersedes_id == old
    with pytest.raises(rules.NothingInForce, match="revoked"):
        order(offices)
    again = in_review(offices, id="EX-10")
    with pytest.raises(drafting.CannotSupersede, match="revoked already"):
        decide(offices, again, supersedes=old, at=at(-39))
    with pytest.raises(NotFound):
        decide(offices, again, supersedes="NOTHING")
    declined = decide(offices, again, outcome="declined", limits=None)
    with pytest.raises(drafting.CannotSupersede, match="allowed nothing"):
        decide(offices, in_review(offices, id="EX-11"), supersedes=declined)


def test_a_verbal_decision_is_confirmed_in_writing_once(offices: Offices) -> None:
    decision = decide(
        offices,
        in_review(offices),
        instrument_kind="verbal",
        legal_authority=["State law 1"],
        funding_ref="F-1",
    )
    confirm = {"actor": offices.governor, "decision": decision, "instrument": "Letter 4", "at": at(-30)}
    with pytest.raises(NotHappenedYet):
        do.decisions.confirm_in_writing(**confirm | {"at": at(24 * 9000)})
    do.decisions.confirm_in_writing(**confirm)

    kept = Decision.objects.get(pk=decision)
    assert (kept.confirmation.instrument, kept.legal_authority) == ("Letter 4", ["State law 1"])
    with pytest.raises(actions.NothingToConfirm, match="already"):
        do.decisions.confirm_in_writing(**confirm)
    written = decide(offices, in_review(offices, id="EX-9"), instrument_kind="letter")
    with pytest.raises(actions.NothingToConfirm, match="not verbal"):
        do.decisions.confirm_in_writing(**confirm | {"decision": written})
    with pytest.raises(NotPermitted):
        do.decisions.confirm_in_writing(**confirm | {"actor": offices.agency})


def test_a_report_is_kept_where_the_decision_asks_for_one(offices: Offices) -> None:
    decision = decide(offices, in_review(offices), limits=LIMITS | {"reporting_interval_days": 7})
    report = {"actor": offices.sites.center, "decision": decision, "words": "Nothing new", "at": at(-20)}
    key = uuid4()
    first = do.decisions.record_report(**report, key=key)
    assert do.decisions.record_report(**report, key=key).act == first.act

    assert Decision.objects.get(pk=decision).reports.count() == 1
    silent = decide(offices, in_review(offices, id="EX-9"))
    with pytest.raises(actions.NoReportAsked):
        do.decisions.record_report(**report | {"decision": silent})
    with pytest.raises(NotHappenedYet):
        do.decisions.record_report(**report | {"at": at(24 * 9000)})
    with pytest.raises(NotFound):
        do.decisions.record_report(**report | {"decision": "NOTHING"})
    assert Act.objects.filter(refused_code="decisions.no_report_asked").exists()
