"""The exercise told through the browser, each step by its own role: the ledger equals the one told by the actions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stories
from django.conf import settings
from office import Office, typed
from playwright.sync_api import Browser
from test_story import NOW, ledger_of, tell

from muster.cases.models import RecordedEvent
from muster.custody.models import Difference
from muster.demonstration import exercise, loading
from muster.demonstration.telling import Cast, Step
from muster.tasks.models import Task

pytestmark = pytest.mark.browser


class Exercise(Office):
    """Everybody of the exercise: beside the sites the request, the decision, the tasks and the trip."""

    def __init__(self, browser: Browser, address: str, cast: Cast) -> None:
        super().__init__(browser, address, cast.mission)
        self.cast = cast

    # --- the request and the decision ---

    def assistance_draft(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, "/requests/")
        reader.follow("Record a request")
        reader.page.get_by_label("The request").fill(json.dumps(inputs["request"]))
        reader.press("Record draft")
        if reader.heading().startswith("Look first"):  # the same story was told before under another id
            reader.press("It is another one: record draft")
        self.said(reader, step, "is recorded as a draft")

    def _request_step(self, step: Step, link: str, button: str, fields: dict[str, str], words: str) -> None:
        reader = self.at(step.by, f"/requests/{self.cast.mission}/")
        reader.follow(link)
        for label, value in fields.items():
            reader.page.get_by_label(label).fill(value)
        reader.press(button)
        self.said(reader, step, words)

    def assistance_submit(self, step: Step, inputs: dict[str, Any]) -> None:
        self._request_step(
            step, "Submit", "Submit request", {"Time submitted": inputs["at"]}, "is submitted now"
        )

    def decisions_seat_holder(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/offices/{inputs['office']}/")
        reader.follow("Record who holds it")
        reader.page.get_by_label("Account that holds it").fill(inputs["account"])
        reader.page.get_by_label("What it rests on").fill(inputs["instrument"])
        reader.page.get_by_label("Held from").fill(inputs["begins_at"])
        reader.press("Record holder")
        self.said(reader, step, f"held by {inputs['account']}")

    def assistance_validate(self, step: Step, inputs: dict[str, Any]) -> None:
        fields = {"Time found complete": inputs["at"]}
        self._request_step(step, "Complete", "Record as complete", fields, "is validated now")

    def authority_assess(self, step: Step, inputs: dict[str, Any]) -> None:
        fields = {"Judged as of which day": inputs["on_date"]}
        self._request_step(step, "Assess", "Record assessment", fields, "is assessed")

    def assistance_review(self, step: Step, inputs: dict[str, Any]) -> None:
        fields = {"Time put in review": inputs["at"]}
        self._request_step(step, "Put in review", "Put before the office", fields, "is in review now")

    def decisions_decide(self, step: Step, inputs: dict[str, Any]) -> None:
        reader, limits = self.at(step.by, "/decisions/"), inputs["limits"]
        reader.follow("Decide Support to in-processing, State of Example")
        page = reader.page
        reader.press("Review the order")
        assert "choose whether it is allowed" in reader.said()
        for n, choice in ((1, "allow"), (2, "allow"), (3, "limit"), (4, "allow"), (5, "allow")):
            page.locator(f"label[for=line-{n}-{choice}]").click()
        page.locator("#people-3").fill(str(limits["people_max_by_task"]["T04"]))
        page.get_by_label("People at most at any one moment").fill(str(limits["people_max"]))
        page.locator("#effective_from").fill(limits["effective_from"])
        page.locator("#effective_to").fill(limits["effective_to"])
        page.get_by_label("Time zone of these days").select_option(limits["zone"])
        page.locator("#places").fill("\n".join(limits["places"]))
        page.get_by_label("Tasks barred by name").fill(", ".join(limits["tasks_barred"]))
        page.locator("label[for=contact-direct]").click()
        page.locator("label[for=armed-none]").click()
        page.get_by_label("Conditions").fill("\n".join(limits["conditions"]))
        page.get_by_label("Why it is decided so").fill(inputs["reason"])
        page.get_by_label("Time decided").fill(inputs["at"])
        reader.press("Review the order")
        assert "At most 40 people at any one moment." in page.inner_text("main")
        reader.press("Change it")
        assert page.locator("#effective_from").input_value() == limits["effective_from"]
        reader.press("Review the order")
        reader.press("Sign as governor")
        self.said(reader, step, "approved with limits")

    def missions_open(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, "/missions/")
        reader.follow(f"Open a mission under {inputs['decision']}")
        reader.page.get_by_label("Id of the mission").fill(inputs["mission"])
        reader.page.get_by_label("Title").fill(inputs["title"])
        reader.page.get_by_label("Run by").select_option(inputs["organisation"])
        reader.page.get_by_label("Time opened").fill(typed(inputs["at"]))
        reader.press("Open mission")
        self.said(reader, step, "is open")

    # --- tasks and the trip ---

    def tasks_order(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/missions/{self.cast.mission}/")
        reader.follow("Order a task")
        page = reader.page
        page.get_by_label("Task category").select_option(inputs["category"])
        page.get_by_label("What is done").fill(inputs["words"])
        page.get_by_label("Place").select_option(inputs["place"])
        page.get_by_label("People").fill(inputs["people"])
        page.get_by_label("Vehicles").fill(inputs["vehicles"])
        page.get_by_label("Begins").fill(typed(inputs["begins_at"]))
        page.get_by_label("Ends").fill(typed(inputs["ends_at"]))
        page.locator(f"label[for=contact-{inputs['contact']}]").click()
        reader.press("Order task")
        self.said(reader, step, "Tasks barred" if step.refused else "is ordered")

    def tasks_report_present(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/tasks/{inputs['task']}/present/")
        reader.page.get_by_label("Members present").fill(str(inputs["people"]))
        reader.page.get_by_label("Time of the count").fill(typed(inputs["at"]))
        reader.press("Record members present")
        self.said(reader, step, "11 members present")

    def transport_plan_trip(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/missions/{self.cast.mission}/trips/")
        page = reader.page
        page.get_by_label("Id of the trip").fill(inputs["trip"])
        page.get_by_label("Under which task").select_option(inputs["task"])
        page.get_by_label("From", exact=True).select_option(inputs["from_site"])
        page.get_by_label("To", exact=True).select_option(inputs["to_site"])
        page.get_by_label("Vehicle").fill(inputs["vehicle"])
        page.get_by_label("Seats").fill(str(inputs["seats"]))
        page.get_by_label("Departs").fill(typed(inputs["departs_at"]))
        reader.press("Plan trip")
        self.said(reader, step, "is planned")

    def transport_name_custodian(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/trips/{inputs['trip']}/")
        reader.follow("Name custodian")
        reader.page.get_by_label("Custodian").select_option(inputs["custodian"])
        reader.page.get_by_label("Time named").fill(typed(inputs["at"]))
        reader.press("Name custodian")
        self.said(reader, step, "is named")

    def _event(self, step: Step, inputs: dict[str, Any], link: str, words: str) -> None:
        reader = self.at(step.by, f"/trips/{inputs['trip']}/")
        reader.follow(link)
        reader.page.get_by_label("Time").fill(typed(inputs["at"]))
        reader.press(link)
        self.said(reader, step, words)

    def transport_depart(self, step: Step, inputs: dict[str, Any]) -> None:
        self._event(
            step, inputs, "Depart", "no custodian is named" if step.refused else "with 10 persons aboard"
        )

    def transport_arrive(self, step: Step, inputs: dict[str, Any]) -> None:
        self._event(step, inputs, "Arrived", "with 10 persons aboard")

    def transport_close_trip(self, step: Step, inputs: dict[str, Any]) -> None:
        self._event(step, inputs, "Close trip", "with 0 persons aboard")

    # --- persons ---

    def custody_release(self, step: Step, inputs: dict[str, Any]) -> None:
        super().custody_release(step, inputs)
        left = f"Property left behind: {self.cast.bags[2]}"
        self.said(self.readers[step.by], step, "1 check was not done", left)


@pytest.fixture
def office(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Cast], Exercise]]:
    """Makes the office of a cast, in an installation that is a demonstration."""
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    made: list[Exercise] = []

    def make(cast: Cast) -> Exercise:
        made.append(Exercise(browser, live_url, cast))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_exercise_told_through_the_browser_gives_the_same_ledger(
    office: Callable[[Cast], Exercise],
) -> None:
    """Requester, counsel, operations, governor, two clerks and a custodian: each step on the page of who does it."""
    stories.told()
    first, cast = Cast.drawn(NOW, 1), Cast.drawn(NOW, 2, "EX-TWO")
    expected, events = ledger_of(first), _recorded(first)
    stories.afresh()
    loading.prepare()

    told = tell(cast, office(cast).do)

    assert told == expected
    assert {step.by for step in exercise.steps(cast)} == {
        "agency", "operations", "counsel", "governor", "clerk.north", "clerk.south", "custodian",
    }  # fmt: skip
    assert Task.objects.filter(mission="EX-TWO").count() == 4
    assert Difference.objects.filter(kind="discrepancy").count() == 1
    assert _recorded(cast) == events


def _recorded(cast: Cast) -> dict[str, int]:
    """How often each event was recorded of the persons of a cast."""
    told = RecordedEvent.objects.filter(thing__tag__in=cast.tags).values_list("event", "done")
    return {str(each): count for each, count in Counter(told).items()}
