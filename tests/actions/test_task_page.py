"""One task on its page and by the API: the clause it runs under, who was seen there, and every act about it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from people import TAGS, at
from test_judge import amended
from test_outside import page_of, trip
from test_steps import Offices, offices, opened, order

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User

__all__ = ["offices"]


def api(offices: Offices, task: str = "EX-1-T1") -> Any:
    token = new_token(User.objects.get(pk=offices.sites.center.user))
    return Client(headers={"authorization": f"Bearer {token}"}).get(f"/api/v1/tasks/{task}")


def test_the_page_names_the_clause_the_conditions_and_every_act_with_its_judgement(offices: Offices) -> None:
    opened(offices)
    order(offices, "T04", people="2", contact="direct")
    do.checkins.report_present(actor=offices.sites.center, task="EX-1-T1", people=2, at=at(-1))
    trip(offices)
    do.tasks.finish(actor=offices.sites.center, task="EX-1-T1", reason="Done", at=at(22))
    client = page_of(offices)

    told, found = client.get("/tasks/EX-1-T1/").content.decode(), api(offices).json()

    assert "<q>Tasks allowed: T01, T02, T04, T06, T08.</q>" in told
    assert "agency_officer_keeps_custody_and_rides_along" in told
    words = [one["words"] for one in found["acts"]]
    assert [each.split(" ")[0] for each in words] == ["Ordered", "Reported", "Planned", "Ended"]
    for one in found["acts"]:
        assert one["words"] in told
        assert f"/acts/{one['act']}/" in told
        assert client.get(f"/acts/{one['act']}/").status_code == 200
    assert (found["ended_because"], found["present"]) == ("Done", [{"people": 2, "at": at(-1).isoformat()}])
    assert found["under"][0]["sentence"] == "Tasks allowed: T01, T02, T04, T06, T08."
    assert "/tasks/EX-1-T1/finish/" not in told


def test_an_amendment_that_changes_the_clause_is_told_from_when_on_and_what_it_leaves_outside(
    offices: Offices,
) -> None:
    decision = opened(offices)
    order(offices, "T06", people="2", contact="direct")
    amended(offices, decision, -2, people_max=19)
    amended(offices, decision, 6, tasks_allowed=["T01"])
    client = page_of(offices)

    found, told = api(offices).json(), client.get("/tasks/EX-1-T1/").content.decode()

    assert [(one["since"], one["version"], one["limit"]) for one in found["under"]] == [
        (at(-24).isoformat(), 1, "tasks_allowed"),
        (at(6).isoformat(), 3, "tasks_allowed"),
    ]
    assert "It stands outside" in told
    assert "/tasks/EX-1-T1/keep/decision/3/" in told


def test_a_trip_a_handover_and_a_history_name_the_clause_that_they_run_under(offices: Offices) -> None:
    opened(offices)
    order(offices, "T04", people="2", contact="direct")
    trip(offices)
    north = offices.sites.north
    do.custody.receive(
        actor=north, site="EX-NORTH", tags=[TAGS[0]], from_organisation="EX-AGENCY", mission="EX-1", at=at(-3)
    )
    do.custody.offer(actor=north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[TAGS[0]], mission="EX-1")
    center, clerk = page_of(offices), Client()
    clerk.force_login(User.objects.get(pk=north.user))
    allowed, contact = (
        "Tasks allowed: T01, T02, T04, T06, T08.",
        "Contact with persons in custody: direct at most.",
    )

    by_center = center.get("/trips/BUS-1/").content.decode()
    counter = clerk.get("/counter/EX-NORTH/").content.decode()
    token = new_token(User.objects.get(pk=offices.sites.center.user))
    reader = Client(headers={"authorization": f"Bearer {token}"})
    (entry,) = reader.get(f"/api/v1/history/{TAGS[0]}").json()["entries"]

    assert allowed in by_center
    assert "/tasks/EX-1-T1/" in by_center
    assert contact in counter
    assert reader.get("/api/v1/trips/BUS-1").json()["under"]["sentence"] == allowed
    assert (entry["mission"], entry["under"]["version"], entry["under"]["sentence"]) == ("EX-1", 1, contact)


def test_a_task_is_not_there_for_who_may_not_read_its_mission(offices: Offices) -> None:
    opened(offices)
    order(offices)
    client = Client()
    client.force_login(User.objects.get(pk=offices.elsewhere.user))

    assert client.get("/tasks/EX-1-T1/").status_code == 404
    assert page_of(offices).get("/tasks/NOTHING/").status_code == 404
    assert api(offices, "NOTHING").status_code == 404
    assert Client().get("/tasks/EX-1-T1/").status_code == 302
