"""The second signature of a handover: scanned one by one, on the giver's device, or on a device of the receiver's own by a code."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from people import TAGS, People, people

from muster import actions as do
from muster.access.models import User
from muster.custody.models import Difference
from muster.custody.queries import present
from muster.ledger.models import Handover


@pytest.fixture
def who() -> People:
    cache.clear()
    return people()


@pytest.fixture
def offer(who: People) -> Handover:
    do.custody.receive(
        actor=who.north, site="EX-NORTH", tags=TAGS[:3], at=timezone.now() - timedelta(hours=2)
    )
    made = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=TAGS[:3]).answer
    return Handover.objects.get(pk=made.handover)


def client(name: str) -> Client:
    made = Client()
    made.force_login(User.objects.get(username=name))
    return made


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).replace("&#x27;", "'")


def sent(name: str, page: str, **fields: Any) -> Any:
    return client(name).post(page, {"key": str(uuid4()), **fields}, follow=True)


def test_a_list_is_scanned_one_by_one_with_how_many_of_how_many(offer: Handover) -> None:
    page = f"/counter/EX-SOUTH/offers/{offer.pk}/sign/"
    assert "0 of 3" in text_of(client("clerk.south").get(page))
    assert "Until both confirm, the custody has not moved." in text_of(client("clerk.south").get(page))

    first = text_of(sent("clerk.south", page, step="scan", scan=TAGS[0].lower()))
    again = sent("clerk.south", page, step="scan", scan=TAGS[0], tag=TAGS[:1])
    second = text_of(sent("clerk.south", page, step="scan", scan=TAGS[1], tag=TAGS[:1]))

    assert "1 of 3" in first
    assert f"{TAGS[0]} is ticked." in first
    assert f"{TAGS[0]} is ticked already." in text_of(again)
    assert again.content.decode().count(" checked>") == 1
    assert "2 of 3" in second
    assert f"{TAGS[9]} is not on this list." in text_of(sent("clerk.south", page, step="scan", scan=TAGS[9]))
    assert "Tag misread. Scan again." in text_of(sent("clerk.south", page, step="scan", scan="5PR-MAP-4"))
    assert present("EX-SOUTH").count() == 0
    assert "2 persons received and signed for" in text_of(
        sent("clerk.south", page, step="sign", tag=TAGS[:2])
    )
    assert Difference.objects.filter(kind="discrepancy").count() == 1


def test_the_receiver_signs_on_the_givers_device_by_a_sign_in_of_their_own_and_nobody_is_signed_in_by_it(
    offer: Handover,
) -> None:
    page = f"/counter/EX-NORTH/offers/{offer.pk}/here/"
    clerk = client("clerk.north")
    assert "The receiver signs: EX-SOUTH" in text_of(clerk.get(page))
    fields = {
        "step": "sign",
        "tag": TAGS[:3],
        "username": "clerk.south",
        "password": "clerk.south's password",
    }

    def refused(**changed: Any) -> str:
        answer = clerk.post(page, {"key": str(uuid4()), **fields, **changed})
        assert answer.status_code in (403, 404, 409)
        assert b"password&#x27;s" not in answer.content
        return text_of(answer)

    assert "do not fit" in refused(password="wrong")
    assert "There is no handover" in refused(
        username="clerk.north.two", password="clerk.north.two's password"
    )
    assert present("EX-SOUTH").count() == 0
    assert "1 of 3" in text_of(clerk.post(page, {"step": "scan", "scan": TAGS[0]}))

    done = text_of(clerk.post(page, {"key": str(uuid4()), **fields}, follow=True))

    assert "3 persons received and signed for" in done
    assert "Signed by clerk.south for EX-SOUTH." in done
    offer.refresh_from_db()
    assert User.objects.get(pk=offer.accepted_by).username == "clerk.south"
    assert clerk.get("/counter/EX-NORTH/").wsgi_request.user.get_username() == "clerk.north"
    assert clerk.get(page).status_code == 404
    assert client("clerk.south").get(page).status_code == 404


def test_an_account_with_a_second_factor_signs_on_a_device_of_its_own(offer: Handover) -> None:
    user = User.objects.get(username="clerk.south")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})

    answer = sent(
        "clerk.north", f"/counter/EX-NORTH/offers/{offer.pk}/here/", step="sign", tag=TAGS[:3], username="clerk.south",
        password="clerk.south's password",
    )  # fmt: skip

    assert "Scan the code of the handover with a device of your own." in text_of(answer)
    assert present("EX-SOUTH").count() == 0


def test_the_code_of_a_handover_leads_the_receiver_to_the_signature_and_holds_nothing_of_anybody(
    who: People, offer: Handover
) -> None:
    page = f"/handovers/{offer.pk}/"
    card = client("clerk.north").get("/counter/EX-NORTH/").content.decode()
    assert page in card

    slip = client("clerk.north").get(page)

    assert "<svg" in slip.content.decode()
    assert "Until both confirm, the custody has not moved." in text_of(slip)
    assert client("clerk.south").get(page).url == f"/counter/EX-SOUTH/offers/{offer.pk}/sign/"
    assert Client().get(page).url == f"/account/login/?next={page}"
    assert client("center").get(f"/handovers/{uuid4()}/").status_code == 404
    assert client("center").get(page).status_code == 404
    scanned = client("clerk.south").post("/counter/EX-SOUTH/", {"scan": f"http://testserver{page}"})
    assert scanned.url == page
    do.custody.withdraw(actor=who.north, handover=offer.pk)
    assert "This handover is withdrawn: nobody signs for it any more." in text_of(
        client("clerk.north").get(page)
    )
