"""The review by six criteria, what it leaves open, and a task that drifts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from muster.assistance.rules import read_request
from muster.authority.drift import NoDrift, judged
from muster.authority.packs import load_packs
from muster.authority.review import (
    CRITERIA,
    Judgement,
    LegalityRed,
    RationaleNeeded,
    check_legality,
    reviewed,
)
from muster.authority.rules import assess
from muster.core.tasks import TASKS

NOON = datetime(2025, 8, 22, 12, tzinfo=UTC)
LAW = load_packs().law


def said(criterion, colour="green", *, rationale="Because", evidence=("A memorandum",), version=1):
    return Judgement(
        criterion=criterion,
        colour=colour,
        rationale=rationale,
        evidence=evidence,
        assessor="counsel",
        judged_at=NOON,
        version=version,
    )


def test_the_criteria_are_six_in_the_order_of_the_regulation():
    assert list(CRITERIA) == ["legality", "lethality", "risk", "cost", "appropriateness", "readiness"]
    assert {each.mark for each in CRITERIA.values()} == {"C", "GK"}
    assert all(each.questions and each.evidence for each in CRITERIA.values())


def test_what_nobody_judged_is_said_out_loud_and_first():
    review = reviewed([said("legality"), said("risk", evidence=())], version=1)

    assert review.not_judged == ("lethality", "cost", "appropriateness", "readiness")
    assert review.without_evidence == ("risk",)
    assert review.in_words() == (
        "Not judged: lethality, cost, appropriateness, readiness; judged without evidence: risk."
    )


def test_a_criterion_left_unjudged_by_an_assessor_is_still_not_judged():
    review = reviewed([said(name) for name in CRITERIA] + [said("cost", "unjudged", evidence=())], version=1)

    assert review.not_judged == ("cost",)
    assert review.without_evidence == ()


def test_a_whole_review_says_so_and_the_later_judgement_counts():
    every = [said("legality", "red"), *(said(name) for name in CRITERIA)]
    review = reviewed(every, version=1)

    assert review.in_words() == "All six criteria are judged, with evidence."
    assert (review.blocks, review.escalates) == (False, ())


def test_a_judgement_of_an_earlier_version_is_told_as_such():
    review = reviewed([said(name, version=1 if name == "risk" else 2) for name in CRITERIA], version=2)

    assert review.in_words() == "Judged of an earlier version: risk."


def test_a_red_legality_blocks_and_everything_else_escalates():
    judgements = [said("legality", "red", rationale="No statute"), said("cost", "red"), said("risk", "amber")]

    review = reviewed([*judgements, said("readiness", "green")], version=1)

    assert (review.blocks, review.escalates) == (True, ("risk", "cost"))
    with pytest.raises(LegalityRed, match="No statute") as refusal:
        check_legality(review, request="R-1")
    assert (refusal.value.code, refusal.value.status) == ("authority.legality_red", 409)


@pytest.mark.parametrize("colour", ["green", "amber", "unjudged"])
def test_no_other_legality_blocks(colour):
    review = reviewed([said("legality", colour), said("lethality", "red")], version=1)

    check_legality(review, request="R-1")
    assert not review.blocks


@pytest.mark.parametrize("colour", ["green", "red", "unjudged"])
def test_a_judgement_says_why(colour):
    with pytest.raises(RationaleNeeded, match="legality"):
        said("legality", colour, rationale="  ")


# --- a task that drifts -------------------------------------------------------------


def done(task, status="T32-502f1A"):
    head = {
        "id": "R-1",
        "title": "T",
        "requester": "A",
        "asked": "MO-GOVERNOR",
        "state": "MO",
        "purpose": "P",
    }
    line = {"task": task, "words": "As done"}
    request = read_request(head | {"agency_kind": "federal_law_enforcement", "lines": [line]})
    (found,) = assess(request, status, date(2025, 8, 22), (LAW,), {})
    return found


@pytest.mark.parametrize(
    ("tasked", "was_done", "defense", "finding", "rule"),
    [
        ("T04", "T12", "none", "prohibited", "T12"),
        ("T04", "T13", "none", "prohibited", "T13"),
        ("T04", "T12", "self", "permitted", "UNIVERSAL-1"),
        ("T04", "T13", "others", "permitted", "UNIVERSAL-1"),
        ("T01", "T02", "none", "needs_counsel", "UNIVERSAL-2"),
        ("T04", "T05", "none", "needs_counsel", "UNIVERSAL-2"),
        ("T04", "T04", "others", "permitted", "UNIVERSAL-1"),
    ],
)
def test_what_was_done_is_judged_and_counsel_reviews_it_within_a_day(
    tasked, was_done, defense, finding, rule
):
    drifted = judged(done(was_done), tasked=tasked, defense=defense, happened_at=NOON, law=LAW)

    assert (drifted.finding.finding, drifted.finding.rule) == (finding, rule)
    assert drifted.finding.layer == "law"
    assert drifted.review_due_at == NOON + timedelta(hours=24)


def test_doing_what_was_tasked_is_no_drift():
    with pytest.raises(NoDrift, match="T04 was tasked and T04 was done"):
        judged(done("T04"), tasked="T04", defense="none", happened_at=NOON, law=LAW)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_no_drift_is_ever_found_harmless(task):
    tasked = "T01" if task != "T01" else "T02"

    drifted = judged(done(task), tasked=tasked, defense="none", happened_at=NOON, law=LAW)

    assert drifted.finding.finding in ("needs_counsel", "prohibited")
