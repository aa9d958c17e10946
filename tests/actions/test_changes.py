"""What changed since somebody last looked: everything that was written since, told late where it happened before."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from people import at
from test_steps import Offices, offices, opened, order

from muster import actions as do
from muster.access.control import Actor, NotFound, NotPermitted, new_token
from muster.access.models import User
from muster.core.tags import make_tag
from muster.decisions.models import Decision
from muster.ledger.queries import latest_known
from muster.missions.actions import NotKnownYet
from muster.missions.models import Look
from muster.picture.changes import Changes, changes, last_look
from muster.tasks.models import Task

__all__ = ["offices"]


def seen(actor: Actor, known_at: int) -> None:
    do.missions.mark_seen(actor=actor, reader=actor.name, known_at=known_at)


def since(actor: Actor, number: int | None = None, hours: float = 0) -> Changes:
    known_at = latest_known()
    return changes(actor, last_look(actor.user) if number is None else number, known_at, at(hours))


def words(found: Changes, group: str) -> list[str]:
    return [each.words for each in found.groups[group]]


def client_of(actor: Actor, *, by_token: bool = False) -> Client:
    user = User.objects.get(pk=actor.user)
    client = Client(headers={"authorization": f"Bearer {new_token(user)}"} if by_token else {})
    if not by_token:
        client.force_login(user)
    return client


def test_who_never_looked_is_told_everything_and_who_marked_it_only_what_came_after(offices: Offices) -> None:
    opened(offices)
    everything = since(offices.sites.center)
    seen(offices.sites.center, latest_known())
    order(offices)

    later = since(offices.sites.center)

    assert (everything.since, everything.since_at) == (0, None)
    assert len(everything.groups["Requests"]) == 5
    assert words(later, "Tasks and people") == [
        f"{Task.objects.get().pk} was ordered: 5 people at Site A. As the request says"
    ]
    assert not any(told for group, told in later.groups.items() if group != "Tasks and people")


def test_looking_again_loses_nothing_until_it_is_marked(offices: Offices) -> None:
    opened(offices)

    assert since(offices.governor).groups == since(offices.governor).groups
    assert not Look.objects.exists()


def test_what_happened_before_the_last_look_and_was_told_after_it_says_so(offices: Offices) -> None:
    opened(offices)
    order(offices)
    seen(offices.sites.center, latest_known())
    do.checkins.report_present(actor=offices.sites.center, task=Task.objects.get().pk, people=4, at=at(-1))

    (told,) = since(offices.sites.center).groups["Tasks and people"]

    assert told.late
    assert told.happened_at == at(-1)
    assert told.recorded_at > told.happened_at


def test_persons_are_told_list_by_list_with_the_act_that_moved_them(offices: Offices) -> None:
    before = latest_known()
    do.custody.receive(
        actor=offices.sites.north, site="EX-NORTH", tags=[make_tag(1)], from_organisation="EX-AGENCY", at=at(-2)
    )  # fmt: skip

    found = since(offices.sites.north, before)

    assert [(each.words, each.kind) for each in found.groups["Persons"]] == [
        ("1 from outside:EX-AGENCY to EX-NORTH.", "act")
    ]
    assert len(found.groups["Differences"]) == 1


def test_what_a_correction_wrote_says_that_it_corrects(offices: Offices) -> None:
    do.custody.receive(
        actor=offices.sites.north, site="EX-NORTH", tags=[make_tag(1)], from_organisation="EX-AGENCY", at=at(-2)
    )  # fmt: skip
    before = latest_known()
    do.custody.correct(
        actor=offices.sites.north, site="EX-NORTH", tag=make_tag(1), n=1, reason="late_entry", happened_at=at(-3)
    )  # fmt: skip

    (told,) = since(offices.sites.north, before).groups["Persons"]

    assert told.words == "Corrected: 1 from outside:EX-AGENCY to EX-NORTH (late entry)."
    assert told.happened_at == at(-3)


def test_each_reader_is_told_what_that_reader_may_read(offices: Offices) -> None:
    opened(offices)
    order(offices)

    found = since(offices.elsewhere)

    assert not any(found.groups.values())
    assert any(since(offices.governor).groups.values())


@pytest.mark.parametrize(("hours_before", "told"), [(12, True), (12.1, False), (-1, False)])
def test_a_decision_that_ends_within_twelve_hours_is_a_deadline(
    offices: Offices, hours_before: float, told: bool
) -> None:
    decision = opened(offices)
    # Its last day is March 31 in Chicago; noon of the tests is March 1 in UTC.
    ends = 24 * 31 + 5 - 12

    found = since(offices.governor, hours=ends - hours_before)

    assert [each.of for each in found.deadlines] == ([decision] if told else [])


def test_only_the_reader_marks_and_only_what_there_is(offices: Offices) -> None:
    opened(offices)
    latest = latest_known()

    with pytest.raises((NotPermitted, NotFound)):
        do.missions.mark_seen(actor=offices.governor, reader=offices.agency.name, known_at=1)
    with pytest.raises(NotFound):
        do.missions.mark_seen(actor=offices.governor, reader="nobody-of-that-name", known_at=1)
    for number in (-1, latest + 100):
        with pytest.raises(NotKnownYet):
            seen(offices.governor, number)
    assert last_look(offices.governor.user) == 0


def test_the_page_and_the_api_say_the_same_and_the_button_marks_it(offices: Offices) -> None:
    opened(offices)
    page = client_of(offices.governor)
    by_api: dict[str, Any] = client_of(offices.governor, by_token=True).get("/api/v1/changes").json()

    shown = page.get("/changes/").content.decode()
    groups = {each["group"]: each["changes"] for each in by_api["groups"]}
    for told in groups["Decisions and limits"]:
        assert told["words"] in shown
    assert Decision.objects.get().pk in shown
    marked = page.post("/changes/", {"known_at": str(by_api["known_at"])})

    assert marked.status_code == 302
    assert last_look(offices.governor.user) == by_api["known_at"]
    assert f"Since record {by_api['known_at']}" in page.get("/changes/").content.decode()
    assert "Decisions and limits: 1" in page.get("/changes/", {"since": "0"}).content.decode()
    misread = page.get("/changes/", {"since": "yesterday"})
    assert (misread.status_code, "<title>Error:" in misread.content.decode()) == (422, True)
    assert page.post("/changes/", {"known_at": "soon"}).status_code == 422
    assert Client().get("/changes/").status_code == 302
