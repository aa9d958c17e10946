"""What is personal of somebody is kept where a rule of the site asks for it, masked until it is asked for, and showing it is recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from people import TAGS, People, people

from muster import actions as do
from muster.access.models import User
from muster.cases.packs import load_standards
from muster.cases.rules import PERSONAL
from muster.custody.models import PersonalField, PersonalShown
from muster.custody.personal import NotAsked
from muster.ledger.models import Thing


@pytest.fixture
def who() -> People:
    made = people()
    do.custody.receive(
        actor=made.north, site="EX-NORTH", tags=TAGS[:1], at=timezone.now() - timedelta(hours=2)
    )
    return made


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def hold(who: People, standard: str) -> None:
    since = (timezone.now() - timedelta(days=3)).date()
    do.cases.set_standard(
        actor=who.center, site="EX-NORTH", standard=standard, valid_from=since, contract_ref="1"
    )


def write(who: People, field: str, value: str = "Example Person Seven") -> Any:
    return do.personal.write_personal(actor=who.north, tag=TAGS[0], field=field, value=value)


@pytest.mark.parametrize("field", PERSONAL)
def test_what_no_rule_of_the_site_asks_for_is_not_kept(who: People, field: str) -> None:
    with pytest.raises(NotAsked, match="No rule of the standards that hold at EX-NORTH"):
        write(who, field)
    hold(who, "us.ice.pbnds2011r2016")
    with pytest.raises(NotAsked):
        write(who, field)
    assert not PersonalField.objects.exists()
    write(who, "agency_reference", "407816233")
    hold(who, "general.shelter")
    assert write(who, field).answer.field == field


def test_only_rules_of_shelters_ask_for_anything_and_none_for_what_may_not_be_kept() -> None:
    asking = {
        rule.id: rule.personal
        for pack in load_standards().by_id.values()
        for rule in pack.rules.values()
        if rule.personal
    }
    assert asking == {"SHL-05": ("name", "birth_date", "address", "contact")}
    assert {name.value for name in PersonalField.Name} == {"agency_reference", *PERSONAL}


def test_the_page_masks_what_was_written_until_it_is_asked_for_and_says_which_rule_asks(who: People) -> None:
    hold(who, "general.shelter")
    thing = Thing.objects.get(tag=TAGS[0])
    page, clerk = f"/things/{thing.pk}/personal/", signed_in("clerk.north")
    assert page in clerk.get(f"/things/{thing.pk}/").content.decode()
    empty = clerk.get(page).content.decode()
    assert "Asked for by SHL-05, Red Cross practice, not verified" in empty
    assert empty.count("Not recorded.") == 5
    sent = clerk.post(f"{page}name/", {"value": "Example Person Seven"}, follow=True).content.decode()
    assert "Recorded of" in sent
    masked = clerk.get(page).content.decode()
    assert "Masked." in masked
    assert "Example Person" not in masked
    assert not PersonalShown.objects.exists()

    shown = clerk.post(page, {"field": "name"}).content.decode()
    assert "<strong>Example Person Seven</strong>" in shown
    assert PersonalShown.objects.count() == 1
    assert clerk.post(page, {"field": "address"}).status_code == 404
    assert clerk.post(page, {"field": "religion"}).status_code == 422
    assert clerk.get(f"{page}religion/").status_code == 404
    assert signed_in("clerk.south").get(page).status_code == 404
