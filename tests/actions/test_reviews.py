"""Judging a request by the six criteria, recording a task that drifted, and counsel's review of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import stories
from doors import door
from exercised import MISSION, NOW, told

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import User
from muster.assistance.models import Request
from muster.authority import queries
from muster.authority.drift import NoDrift, ReviewedAlready
from muster.authority.models import Drift, DriftReview, Judgement
from muster.authority.review import LegalityRed, RationaleNeeded
from muster.core.errors import MusterError, NotFound
from muster.core.ids import new_id
from muster.core.times import NotHappenedYet
from muster.record.models import Act

WAITING = "EX-SHELTER-1"


@pytest.fixture
def people() -> dict[str, Actor]:
    return told()


def judge(people: dict[str, Actor], criterion: str, colour: str, by: str = "counsel", **more: Any) -> Any:
    given = {"request": MISSION, "rationale": "As the memorandum says", "evidence": ["Memo 1"], "at": NOW}
    return do.authority.judge(actor=people[by], criterion=criterion, colour=colour, **{**given, **more})


def drift(people: dict[str, Actor], by: str = "operations", **more: Any) -> Any:
    given = {
        "request": MISSION, "happened_at": NOW - timedelta(hours=2), "tasked": "T04", "done": "T12", "place": "Trip 1",
        "asked_by": "The agency's officer aboard", "what_was_done": "A driver held the door while a person was restrained.",
    }  # fmt: skip
    return do.authority.record_drift(actor=people[by], **{**given, **more})


def test_judgements_are_kept_with_their_assessor_and_the_later_one_counts(people: dict[str, Actor]) -> None:
    judge(people, "legality", "amber")
    done = judge(people, "legality", "green", by="operations", evidence=["Memo 2", " "])

    review = queries.review_of(Request.objects.get(pk=MISSION))
    assert (review.latest["legality"].colour, review.latest["legality"].assessor) == ("green", "operations")
    assert review.latest["legality"].evidence == ("Memo 2",)
    assert done.answer.not_judged == ["lethality", "risk", "cost", "appropriateness", "readiness"]
    assert Judgement.objects.filter(request=MISSION).count() == 2


@pytest.mark.parametrize(
    ("more", "refusal"),
    [({"rationale": " "}, RationaleNeeded), ({"at": NOW + timedelta(days=3650)}, NotHappenedYet)],
)
def test_a_judgement_that_says_no_why_or_is_ahead_of_its_time_is_refused(
    people: dict[str, Actor], more: dict[str, Any], refusal: type[MusterError]
) -> None:
    with pytest.raises(refusal):
        judge(people, "risk", "unjudged", **more)
    assert not Judgement.objects.exists()


@pytest.mark.parametrize("who", ["governor", "agency", "custodian", "elsewhere"])
def test_only_counsel_and_the_operations_center_judge(people: dict[str, Actor], who: str) -> None:
    with pytest.raises((NotPermitted, NotFound)):
        judge(people, "risk", "green", by=who)


def test_under_a_red_legality_nothing_is_approved_and_declining_stays_possible() -> None:
    stories.demonstration()
    people = {user.username: actor_of(user) for user in User.objects.all()}
    do.authority.judge(
        actor=people["counsel"],
        request=WAITING,
        criterion="legality",
        colour="red",
        rationale="No statute",
        at=NOW,
    )
    given = {"actor": people["governor"], "request": WAITING, "reason": "As found", "at": NOW}
    limits = {"zone": "America/Chicago", "people_max": 5, "tasks_allowed": ["T22"]}

    with pytest.raises(LegalityRed, match="No statute"):
        do.decisions.decide(outcome="approved_with_limits", limits=limits, **given)
    assert Act.objects.filter(refused_code="authority.legality_red").exists()
    assert do.decisions.decide(outcome="declined", **given).answer.decision == f"{WAITING}-D1"


def test_the_api_tells_the_review_and_the_exceptions_to_those_who_answer_and_not_to_the_agency_that_asks(
    live_url: str, people: dict[str, Actor]
) -> None:
    judge(people, "legality", "green")
    drifted = drift(people).answer.drift
    do.authority.review_drift(
        actor=people["counsel"], drift=drifted, outcome="outside", reason="Not decided", at=NOW
    )

    _, _, told = door(live_url, people["counsel"].user).ask("GET", f"/api/v1/requests/{MISSION}")
    _, _, asked = door(live_url, people["agency"].user).ask("GET", f"/api/v1/requests/{MISSION}")

    assert told["review"]["judgements"][0]["assessor"] == "counsel"
    assert told["review"]["in_words"].startswith("Not judged: lethality")
    (one,) = told["exceptions"]
    assert (one["drift"], one["finding"], one["outcome"]) == (str(drifted), "prohibited", "outside")
    assert (asked["review"], asked["exceptions"]) == (None, None)
    assert asked["assessment"]["findings"][0]["signed"] == "unsigned"


def test_a_drift_is_kept_whatever_the_rules_say_and_waits_for_counsel(people: dict[str, Actor]) -> None:
    done = drift(people)

    kept = Drift.objects.get()
    assert (kept.finding, kept.rule, kept.status) == ("prohibited", "T12", "T32-502f1A")
    assert done.answer.review_due_at == kept.review_due_at == NOW + timedelta(hours=22)
    assert not DriftReview.objects.exists()


def test_self_defense_is_allowed_and_reviewed_all_the_same(people: dict[str, Actor]) -> None:
    assert drift(people, defense="self", by="custodian").answer.finding == "permitted"


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"done": "T04"}, NoDrift),
        ({"happened_at": NOW + timedelta(days=3650)}, NotHappenedYet),
        ({"request": "NOTHING"}, NotFound),
    ],
)
def test_what_is_no_drift_is_refused(
    people: dict[str, Actor], more: dict[str, Any], refusal: type[MusterError]
) -> None:
    with pytest.raises(refusal):
        drift(people, **more)
    assert not Drift.objects.exists()


def test_counsel_reviews_a_drift_once_and_says_why(people: dict[str, Actor]) -> None:
    one = drift(people).answer.drift
    given = {"drift": one, "outcome": "outside", "at": NOW}

    for who in ("operations", "governor", "elsewhere"):
        with pytest.raises((NotPermitted, NotFound)):
            do.authority.review_drift(actor=people[who], reason="Not asked for", **given)
    with pytest.raises(RationaleNeeded):
        do.authority.review_drift(actor=people["counsel"], reason=" ", **given)
    with pytest.raises(NotHappenedYet):
        do.authority.review_drift(
            actor=people["counsel"], reason="R", **{**given, "at": NOW + timedelta(days=3650)}
        )
    done = do.authority.review_drift(actor=people["counsel"], reason="Guarding was not decided", **given)

    assert (done.answer.outcome, DriftReview.objects.get().outcome) == ("outside", "outside")
    with pytest.raises(ReviewedAlready):
        do.authority.review_drift(actor=people["counsel"], reason="Again", **given)
    with pytest.raises(NotFound):
        do.authority.review_drift(actor=people["counsel"], reason="R", **{**given, "drift": new_id()})
