"""Signing a decision with a passkey: what is asked, what counts, what is kept, and that a change shows."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from authenticators import FLAGS, Key
from django.core import signing
from django.db import connections
from django.test import Client
from people import at
from test_cli import muster
from test_deciding import decide
from test_steps import LIMITS, Offices, in_review, offices
from test_usage import page_of

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.access.passkeys import PasskeyNeeded, PasskeyRefused, passkeys_of
from muster.decisions import signatures
from muster.decisions.models import Decision, PasskeySignature, Version
from muster.decisions.orders import order_of
from muster.ledger import verifying
from muster.record.models import Act

__all__ = ["offices"]


@pytest.fixture
def key(offices: Offices) -> Key:
    """The governor's passkey."""
    return Key().register(offices.governor.user)


def asked_of(needed: pytest.ExceptionInfo[PasskeyNeeded]) -> dict[str, Any]:
    return asdict(needed.value.sign)


def signed(act: Any, key: Key, **given: Any) -> Any:
    """Send an act, sign what is asked, and send it again."""
    with pytest.raises(PasskeyNeeded) as needed:
        act(**given)
    return act(**given, passkey=key.sign(asked_of(needed))).answer


def decided_by(offices: Offices, key: Key) -> str:
    given = {"outcome": "approved_with_limits", "reason": "It helps", "limits": LIMITS, "at": at(-44)}
    return str(
        signed(do.decisions.decide, key, actor=offices.governor, request=in_review(offices), **given).decision
    )


def how(decision: str) -> list[tuple[str, bool | None]]:
    told = order_of(Decision.objects.get(pk=decision), None, None)["versions"]
    return [(each["signed"]["how"], each["signed"]["verified"]) for each in told]


def test_each_step_of_a_decision_is_signed_with_the_passkey_and_kept_with_its_version(
    offices: Offices, key: Key
) -> None:
    decision = decided_by(offices, key)
    follow = {
        "actor": offices.governor,
        "decision": decision,
        "effective_at": at(-20),
        "reason": "Fewer people",
    }
    signed(do.decisions.amend, key, **follow, limits=LIMITS | {"people_max": 9})
    for verb in ("suspend", "resume", "revoke"):
        signed(getattr(do.decisions, verb), key, **follow)

    assert how(decision) == [("passkey", True)] * 5
    kept = PasskeySignature.objects.get(version__n=2)
    assert json.loads(kept.text)["limits"]["people_max"] == 9
    assert "At most 6 for T04 people, by task." in json.loads(kept.text)["sentences"]
    assert signatures.first_bad() is None
    page = page_of(offices).get(f"/decisions/{decision}/").content.decode()
    assert page.count("Signed by passkey, verified.") == 5


def test_an_account_without_a_passkey_signs_by_its_sign_in_and_the_record_says_so(offices: Offices) -> None:
    decision = decide(offices, in_review(offices))

    assert how(decision) == [("sign_in", None)]
    assert (
        "Signed by sign-in, without a passkey."
        in page_of(offices).get(f"/decisions/{decision}/").content.decode()
    )
    with pytest.raises(PasskeyRefused, match="not a passkey of the account"):
        decide(offices, in_review(offices, id="EX-9"), passkey=Key().sign({"asked": "x", "challenge": "x"}))


@pytest.mark.parametrize(
    ("otherwise", "why"),
    [
        ({"challenge": "AAAA"}, "not what stands here"),
        ({"type": "webauthn.create"}, "no signature made on a page"),
        ({"origin": "https://elsewhere.example"}, "page of another site"),
        ({"origin": "http://muster.example"}, "page of another site"),
        ({"flags": FLAGS.UV}, "nobody touched"),
        ({"signature": "AAAA"}, "not by this passkey"),
        ({"client_data": "AAAA"}, "cannot be read"),
        ({"authenticator_data": "AAAA"}, "cannot be read"),
        ({"asked": "elsewhere"}, "not asked for here"),
        ({"credential_id": "AAAA"}, "not a passkey of the account"),
    ],
)
def test_a_signature_that_is_wrong_anywhere_is_refused(
    offices: Offices, key: Key, otherwise: dict[str, Any], why: str
) -> None:
    request = in_review(offices)
    with pytest.raises(PasskeyNeeded) as needed:
        decide(offices, request)

    with pytest.raises(PasskeyRefused, match=why):
        decide(offices, request, passkey=key.sign(asked_of(needed), **otherwise))
    assert not Decision.objects.exists()
    assert Act.objects.filter(refused_code="access.passkey_refused").exists()


def test_a_signature_is_for_one_text_one_account_and_ten_minutes(
    offices: Offices, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = in_review(offices)
    with pytest.raises(PasskeyNeeded) as needed:
        decide(offices, request)
    given = key.sign(asked_of(needed))

    with pytest.raises(PasskeyRefused, match="something else"):
        decide(offices, request, passkey=given, reason="Another reason")
    Key.register(key, offices.agency.user)
    with pytest.raises(PasskeyRefused, match="something else"):
        signatures.passkeys.check(
            offices.agency.user, "agency", needed.value.text, signatures.Assertion(**given)
        )
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 601)
    with pytest.raises(PasskeyRefused, match="ten minutes"):
        decide(offices, request, passkey=given)
    monkeypatch.setattr(signing.time, "time", lambda: now + 590)
    assert decide(offices, request, passkey=given)


def test_a_passkey_made_for_another_site_signs_nothing_here(offices: Offices, key: Key) -> None:
    request = in_review(offices)
    with pytest.raises(PasskeyNeeded) as needed:
        decide(offices, request)
    key.host = "elsewhere.example"

    with pytest.raises(PasskeyRefused, match="another site than the passkey"):
        decide(offices, request, passkey=key.sign(asked_of(needed)))


def test_the_api_says_what_is_to_be_signed_and_takes_it(offices: Offices, key: Key) -> None:
    token = new_token(User.objects.get(pk=offices.governor.user))
    client = Client(headers={"authorization": f"Bearer {token}"})
    body = {
        "request": in_review(offices), "outcome": "declined", "reason": "It can be done without",
        "at": at(-44).isoformat(),
    }  # fmt: skip

    def send(**more: Any) -> Any:
        return client.post("/api/v1/acts/decisions/decide", {**body, **more}, content_type="application/json")

    refused = send()
    told = refused.json()
    taken = send(passkey=key.sign(told["sign"]))

    assert (refused.status_code, told["code"]) == (409, "access.passkey_needed")
    assert told["sign"]["credentials"] == [each.credential_id for each in passkeys_of(offices.governor.user)]
    assert json.loads(told["sign"]["text"])["outcome"] == "declined"
    assert taken.status_code == 200, taken.content
    assert how(taken.json()["answer"]["decision"]) == [("passkey", True)]


def test_what_was_changed_after_it_was_signed_shows(
    offices: Offices, key: Key, database_env: dict[str, str]
) -> None:
    decision = decided_by(offices, key)
    told = muster("verify", "--json", env=database_env)
    assert (told.returncode, json.loads(told.stdout)["ok"]) == (0, True)
    assert verifying.verify(also=[lambda: "A later step's words."])["first_bad"] == {
        "why": "A later step's words."
    }

    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE decisions_version DISABLE TRIGGER USER")
        cursor.execute("UPDATE decisions_version SET limits = jsonb_set(limits, '{people_max}', '99')")

    assert how(decision) == [("passkey", False)]
    assert Version.objects.get().limits["people_max"] == 99
    assert "its signature by passkey does not count" in (signatures.first_bad() or "")
    assert (
        "what was signed is not what stands here"
        in page_of(offices).get(f"/decisions/{decision}/").content.decode()
    )
    assert json.loads(muster("verify", "--json", env=database_env).stdout)["ok"] is False
