"""The pages of an office: who holds it, to whom it is delegated, and the forms that record both."""

from __future__ import annotations

import pytest
import stories
from django.test import Client
from test_step_pages import signed_in

from muster.access.models import Grant, User
from muster.decisions.models import Delegation

BASE = "/offices/ZZ-GOVERNOR/"


@pytest.fixture
def counsel() -> Client:
    stories.demonstration()
    user = User.objects.create_user("deputy")
    Grant.objects.create(user=user, role="governor", organisation_id="EX-GUARD")
    return signed_in("counsel")


def test_a_holder_delegates_and_withdraws_and_the_next_holder_is_recorded(counsel: Client) -> None:
    governor = signed_in("governor")
    assert "Held by <strong>governor</strong>" in governor.get(BASE).content.decode()

    given = {"account": "deputy", "instrument": "Letter of delegation", "begins_at": "", "ends_at": ""}
    assert governor.post(f"{BASE}delegate/", given).status_code == 302
    withdraw = f"{BASE}delegations/{Delegation.objects.get().pk}/withdraw/"
    assert withdraw in governor.get(BASE).content.decode()
    assert governor.post(withdraw, {"reason": "Back on duty", "at": ""}).status_code == 302
    assert "Back on duty" in governor.get(BASE).content.decode()
    again = {"account": "deputy", "instrument": "Second letter", "begins_at": "", "ends_at": ""}
    assert governor.post(f"{BASE}delegate/", again).status_code == 302
    given = {"account": "deputy", "instrument": "Succession", "begins_at": ""}
    assert counsel.post(f"{BASE}holder/", given).status_code == 302
    office = counsel.get(BASE).content.decode()
    assert "Held by <strong>deputy</strong>" in office
    assert "when the holder who gave it held the office no more: amend" in office
    assert counsel.post(f"{BASE}holder/", {**given, "account": ""}).status_code == 302
    assert "<strong>Vacant</strong>" in counsel.get(BASE).content.decode()
    assert "vacant" in counsel.get("/offices/").content.decode()


def test_what_is_refused_keeps_what_was_entered_and_what_is_not_yours_is_not_there(counsel: Client) -> None:
    refused = counsel.post(
        f"{BASE}holder/", {"account": "nobody-there", "instrument": "Letter", "begins_at": ""}
    )

    page = refused.content.decode()
    assert (refused.status_code, "<title>Error:" in page, "nobody-there" in page) == (404, True, True)
    assert signed_in("governor").get(f"{BASE}holder/").status_code == 403
    assert signed_in("agency").get(BASE).status_code == 404
    assert counsel.get("/offices/NOTHING/").status_code == 404
    assert signed_in("governor").get(f"{BASE}delegations/999/withdraw/").status_code == 404
