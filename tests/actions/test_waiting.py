"""Who waits for whom and for how long, over all and of each mission; what is late comes first and needs action."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from django.test import Client
from people import at
from test_calendar import opened_verbally
from test_steps import LIMITS, Offices, asked, in_review, offices, opened, order, received

from muster import actions as do
from muster.access.control import Actor
from muster.access.models import User
from muster.core.tags import make_tag
from muster.ledger.models import Holder
from muster.ledger.queries import latest_known
from muster.ledger.writing import Push, holder, outside, things_of, write
from muster.missions.models import Mission
from muster.picture.changes import changes
from muster.picture.waiting import Wait, waits
from muster.record.models import Act

__all__ = ["offices"]
CENTER, GOVERNOR = "Joint operations center", "Governor of Example"


def waiting(actor: Actor, hours: float = 0) -> list[Wait]:
    return waits(actor, at(hours), latest_known())


def told(found: list[Wait]) -> list[tuple[str, str, str, bool]]:
    return [(one.who, one.party, one.what, one.is_late) for one in found]


def verbal(offices: Offices, **limits: object) -> str:
    decision = do.decisions.decide(
        actor=offices.governor, request=in_review(offices), outcome="approved_with_limits", reason="To relieve the sites.",
        limits=LIMITS | limits, at=at(-10), instrument_kind="verbal",
    ).answer.decision  # fmt: skip
    do.missions.open_mission(
        actor=offices.sites.center, decision=decision, mission="EX-1", title="Support", organisation="EX-GUARD", at=at(-9)
    )  # fmt: skip
    return str(decision)


def test_a_request_in_review_waits_for_the_office_and_one_sent_back_for_its_requester(
    offices: Offices,
) -> None:
    in_review(offices)
    other = do.assistance.draft(
        actor=offices.agency, request=asked(id="EX-2", title="Beds"), at=at(-3)
    ).answer.request  # fmt: skip
    do.assistance.submit(actor=offices.agency, request=other, at=at(-2))
    do.assistance.return_for_information(
        actor=offices.sites.center, request=other, at=at(-1), code="missing", reason="How many?"
    )

    agency = "EXERCISE Federal Custody Agency"
    assert [(one.who, one.party, one.what) for one in waiting(offices.sites.center)] == [
        (agency, GOVERNOR, "to decide it"), (CENTER, agency, "to answer what was asked back"),
    ]  # fmt: skip
    assert waiting(offices.elsewhere) == []


@pytest.mark.parametrize(("hours", "late"), [(13.9, False), (14, True)])
def test_a_verbal_decision_waits_for_its_paper_and_is_late_after_a_day(
    offices: Offices, hours: float, late: bool
) -> None:
    verbal(offices)

    (one,) = waiting(offices.sites.center, hours)

    assert told([one]) == [(CENTER, GOVERNOR, "to confirm it in writing", late)]
    assert one.is_of(Mission.objects.get())


def test_a_report_keeps_the_office_waiting_only_once_it_is_late(offices: Offices) -> None:
    opened(offices, {**LIMITS, "reporting_interval_days": 7})

    assert waiting(offices.governor, 24 * 5) == []
    assert told(waiting(offices.governor, 24 * 8)) == [(GOVERNOR, CENTER, "to report", True)]


def test_a_promised_paper_is_late_after_the_moment_and_an_exception_after_its_review_was_due(
    offices: Offices,
) -> None:
    opened_verbally(offices)
    do.authority.record_drift(
        actor=offices.sites.center, request="EX-PROCESSING-1", tasked="T04", done="T12", happened_at=at(-2),
        asked_by="The shift lead", what_was_done="Stood at the door",
    )  # fmt: skip

    soon, later = waiting(offices.sites.center, 6), waiting(offices.sites.center, 24 * 30)

    assert told(soon) == [
        (CENTER, "EXERCISE Federal Custody Agency", "to send the paper", False),
        (CENTER, "Legal reviewer", "to review an exception", False),
    ]  # fmt: skip
    assert [one.is_late for one in later] == [True, True]
    assert [one.what for one in waiting(offices.agency, 6)] == ["to send the paper"]


def test_an_offer_waits_for_its_receiver_and_only_those_of_its_sites_are_told(offices: Offices) -> None:
    opened(offices)
    tags = received(offices, 2)
    do.custody.offer(
        actor=offices.sites.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=tags, mission="EX-1"
    )

    (one,) = waiting(offices.sites.south)

    assert told([one]) == [("EX-NORTH", "EX-SOUTH", "to sign for 2", False)]
    assert one.is_of(Mission.objects.get())
    assert waiting(offices.elsewhere) == []


def test_the_board_lists_who_waits_property_and_vehicles_and_what_needs_action(offices: Offices) -> None:
    decision = verbal(offices, people_max=5, effective_to=None)
    order(offices, begins_at=at(-8), ends_at=at(24 * 365))
    with transaction.atomic():
        act = Act.objects.create(actor_id=offices.sites.center.user, name="test", request_hash=b"")
        away = outside(act=act, organisation="EX-AGENCY")
        store = holder(act=act, code="EX-NORTH:store", kind=Holder.Kind.STORE, site="EX-NORTH")
        things = [
            *things_of([make_tag(5000), make_tag(5001)], act=act, kind="property", origin=away),
            *things_of([make_tag(5002)], act=act, kind="vehicle", origin=away),
        ]
        write([Push(thing=thing.pk, receiver=store.pk, happened_at=at(-1)) for thing in things], act=act)
    client = Client()
    client.force_login(User.objects.get(username="center"))

    page = client.get("/board/").content.decode()

    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "2 pieces of property at Ex-North and 1 vehicle kept" in words
    assert f"Late: {GOVERNOR}, to confirm it in writing: {decision}" in words
    assert f"{CENTER} waits for {GOVERNOR} to confirm it in writing" in words
    assert "Limit all used: People in all in Support" in words
    keys = re.findall(r'data-action="([^"]+)"', page)
    assert [key.partition(" ")[0] for key in keys] == ["late", "limit"]
    assert "Nobody is waited for" not in words


def test_what_is_owed_within_twelve_hours_is_a_deadline_of_the_shift(offices: Offices) -> None:
    decision = verbal(offices, reporting_interval_days=7)

    def deadlines(hours: float) -> list[str]:
        return [each.words for each in changes(offices.governor, 0, latest_known(), at(hours)).deadlines]

    assert deadlines(1.9) == []
    assert deadlines(2) == [f"Written confirmation of {decision} is due."]
    assert deadlines(24 * 8) == [
        f"Written confirmation of {decision} is due.",
        f"A report under {decision} is due.",
    ]
