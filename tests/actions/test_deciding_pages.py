"""The pages on which a decision is taken, amended, followed up and signed."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from authenticators import Key
from django.test import Client
from people import at
from test_deciding import decide
from test_judge import amended
from test_steps import DAY, LIMITS, Offices, in_review, offices, opened, order

from muster import actions as do
from muster.access.control import Actor
from muster.access.models import User
from muster.assistance.models import Request
from muster.decisions.models import Decision, Version
from muster.parties.models import Office

__all__ = ["offices"]


def page_of(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user))
    return client


def fields_of(page: str) -> dict[str, str]:
    """What the form of a page holds, as a browser would send it."""
    form = max(re.findall(r"<form.*?</form>", page, re.S), key=len)
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") in ("radio", "checkbox") and " checked" not in tag:
            continue
        if "name" in attributes:
            found[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, value in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        found[name] = unescape(value)
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def text_of(answer: Any) -> str:
    return unescape(answer.content.decode())


def test_an_amendment_starts_from_what_stands_and_shows_what_changes_and_what_stands_outside(
    offices: Offices,
) -> None:
    limits = LIMITS | {
        "people_max_by_place": {"Site A": 15},
        "conditions": ["Ten hours of rest."],
        "places": ["Site A"],
    }
    decision = opened(offices, limits)
    order(offices, people="5", place="Site A")
    governor, here = page_of(offices.governor), f"/decisions/{decision}/amend/"
    assert here in text_of(governor.get(f"/decisions/{decision}/"))
    fields = fields_of(text_of(governor.get(here)))

    same = text_of(governor.post(here, {**fields, "reason": "Nothing else"}))
    assert "Both say the same" in same
    assert "Nothing: every task and trip under it fits." in same
    fields |= {
        "people_max": "3",
        "line-1": "limit",
        "opens-1": "08:00",
        "closes-1": "17:00",
        "reason": "Fewer people",
        "effective_at": "2026-02-28 06:00",
    }
    review = text_of(governor.post(here, fields))
    for words in ("No more than twenty people at any one moment.", "At most 3 people at any one moment.",
                  "only from 08:00 to 17:00 of each day", "EX-1-T1"):  # fmt: skip
        assert words in review, words
    done = governor.post(here, {**fields_of(review), "step": "sign"})

    assert done.status_code == 302, text_of(done)
    kept = Version.objects.get(decision=decision, n=2)
    assert kept.limits == {
        **Version.objects.get(n=1).limits, "people_max": 3, "sentences": {"tasks_barred": "No guarding and no arrests."},
    }  # fmt: skip
    assert (kept.lines[0]["hours_from"], kept.lines[1]["judgement"]) == ("08:00", "allow")


def test_an_amendment_with_faults_keeps_what_was_entered_and_is_not_there_for_others(
    offices: Offices,
) -> None:
    decision = opened(offices)
    here = f"/decisions/{decision}/amend/"
    governor = page_of(offices.governor)
    fields = fields_of(text_of(governor.get(here)))
    for change, words in (
        ({"by_place": "Site A"}, "a colon and a number"), ({"reason": ""}, "Say why"), ({"people_max": "many"}, "whole number"),
        ({"effective_at": "soon"}, "soon"), ({"opens-1": "8", "line-1": "limit"}, "both its hours"),
        ({f"line-{n}": "refuse" for n in range(1, 6)}, "suspend the decision or revoke it"),
    ):  # fmt: skip
        refused = governor.post(here, {**fields, "reason": "Fewer people", **change})
        assert refused.status_code == 422, change
        assert words in text_of(refused), change
        assert "<title>Error:" in text_of(refused), change
    assert Version.objects.count() == 1
    assert page_of(offices.sites.center).get(here).status_code == 403
    assert page_of(offices.elsewhere).get(here).status_code == 404
    declined = decide(offices, in_review(offices, id="EX-9"), outcome="declined", limits=None)
    assert page_of(offices.governor).get(f"/decisions/{declined}/amend/").status_code == 409


def test_an_amendment_of_what_was_amended_meanwhile_shows_both_and_mine_can_follow(offices: Offices) -> None:
    decision = opened(offices)
    governor, here = page_of(offices.governor), f"/decisions/{decision}/amend/"
    fields = fields_of(text_of(governor.get(here))) | {"people_max": "7", "reason": "Seven are enough"}
    amended(offices, decision, -10, people_max=12)

    told = governor.post(here, {**fields, "step": "sign"})
    page = text_of(told)
    review = governor.post(here, {**fields_of(page), "step": "review"})

    assert (told.status_code, Version.objects.count()) == (412, 2)
    for words in (
        "version 2 now; you read version 1",
        "Keep theirs",
        "Use mine as a new record",
        "At most 7 people",
    ):
        assert words in page, words
    assert review.status_code == 200
    assert governor.post(here, {**fields_of(text_of(review)), "step": "sign"}).status_code == 302
    assert Version.objects.get(n=3).limits["people_max"] == 7


def test_what_was_assessed_again_or_decided_meanwhile_is_shown_beside_what_was_entered(
    offices: Offices,
) -> None:
    request = in_review(offices)
    governor, here = page_of(offices.governor), f"/requests/{request}/decide/"
    fields = fields_of(text_of(governor.get(here))) | {
        **{f"line-{n}": "allow" for n in range(1, 6)}, "zone": "America/Chicago", "contact": "direct", "armed": "none",
        "people_max": "7", "reason": "It helps", "why-3": "Only files",
    }  # fmt: skip
    do.authority.assess(actor=offices.sites.center, request=request, on_date=DAY)

    assessed = governor.post(here, fields)
    assert (assessed.status_code, "What is found now" in text_of(assessed)) == (412, True)
    review = governor.post(here, {**fields_of(text_of(assessed)), "step": "review"})
    assert (review.status_code, "At most 7 people" in text_of(review)) == (200, True)
    decision = decide(offices, request)
    late = governor.post(here, {**fields_of(text_of(review)), "step": "sign"})
    assert (late.status_code, Decision.objects.count()) == (412, 1)
    assert "No more than twenty people" in text_of(late)
    unread = governor.post(here, {**fields_of(text_of(review)), "people_max": "many", "step": "sign"})
    assert (unread.status_code, "No more than twenty people" in text_of(unread)) == (412, True)
    mine = governor.post(f"/decisions/{decision}/amend/", {**fields_of(text_of(late)), "step": "review"})
    assert (mine.status_code, "Review the amendment" in text_of(mine)) == (200, True)


def test_a_request_is_referred_on_its_page(offices: Offices) -> None:
    Office.objects.create(code="ADJUTANT", title="Adjutant general", organisation_id="EX-GUARD")
    request = in_review(offices)
    governor, here = page_of(offices.governor), f"/requests/{request}/refer/"

    assert "Refer request" in text_of(governor.get(here))
    form = {"refer_to": "ADJUTANT", "reason": "It is theirs", "at": ""}
    assert governor.post(here, {**form, "refer_to": ""}).status_code == 422
    assert governor.post(here, form).status_code == 302
    assert Request.objects.get(pk=request).asked_id == "ADJUTANT"


def test_with_a_passkey_every_order_is_read_once_more_before_it_is_signed(offices: Offices) -> None:
    decision = opened(offices)
    key = Key().register(offices.governor.user)
    governor = page_of(offices.governor)
    for verb, kind in (("suspend", "suspended"), ("resume", "resumed"), ("revoke", "revoked")):
        here = f"/decisions/{decision}/{verb}/"
        given = {"reason": "A review of the site", "effective_at": "2026-02-28 12:00"}
        shown = text_of(governor.post(here, given))
        assert f"of {decision}: {kind}" in shown
        assert "A review of the site" in shown
        asked = {
            "asked": fields_of(shown)["asked"], "challenge": re.findall(r'data-challenge="([^"]*)"', shown)[0],
        }  # fmt: skip
        without = governor.post(here, {**fields_of(shown), "step": "sign"})
        assert (without.status_code, "has a passkey" in text_of(without)) == (409, True)
        done = governor.post(here, {**fields_of(shown), **key.sign(asked), "step": "sign"})
        assert done.status_code == 302, text_of(done)
    page = text_of(governor.get(f"/decisions/{decision}/"))
    assert page.count("Signed by passkey, verified.") == 3
    assert page.count("Signed by sign-in, without a passkey.") == 1


@pytest.mark.parametrize("verb", ["suspend", "resume", "revoke", "dance"])
def test_what_does_not_follow_is_refused_on_its_page_and_kept(offices: Offices, verb: str) -> None:
    decision = opened(offices)
    do.decisions.revoke(actor=offices.governor, decision=decision, reason="It is over", effective_at=at(-20))

    refused = page_of(offices.governor).post(f"/decisions/{decision}/{verb}/", {"reason": "Words kept here"})

    assert refused.status_code == (404 if verb == "dance" else 409)
    assert ("Words kept here" in text_of(refused)) is (verb != "dance")
