"""The exercise told through the browser, each step by its own role: the ledger equals the one told by the actions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import stories
from browsing import Reader
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext
from test_story import NOW, ledger_of, tell

from muster.access.models import User
from muster.cases.models import RecordedEvent
from muster.core.csvfiles import table_of
from muster.custody.areas import COLUMNS
from muster.custody.models import Difference, Incident
from muster.demonstration import exercise, loading
from muster.demonstration.links import link_for
from muster.demonstration.telling import Cast, Step
from muster.ledger.models import Handover, Thing
from muster.tasks.models import Task

pytestmark = pytest.mark.browser
CHICAGO = ZoneInfo("America/Chicago")
NAMES = {
    "EX-NORTH": "North processing site",
    "EX-SOUTH": "South processing site",
    "EX-FIELD-OFFICE": "Example Field Office",
}


def typed(moment: str) -> str:
    """A moment as it is typed at the sites, whose pages read it in their own time."""
    return f"{datetime.fromisoformat(moment).astimezone(CHICAGO):%Y-%m-%d %H:%M}"


class Office:
    """Everybody of the exercise at a browser of their own. Each action of the story has the pages by which it is done."""

    def __init__(self, browser: Browser, address: str, cast: Cast) -> None:
        self.browser, self.address, self.cast = browser, address, cast
        self.readers: dict[str, Reader] = {}
        self.contexts: list[BrowserContext] = []
        self.counts: dict[str, str] = {}
        self.looked: set[str] = set()

    def at(self, name: str, path: str) -> Reader:
        """The browser of that account, on that page."""
        if name not in self.readers:
            self.contexts.append(self.browser.new_context(viewport={"width": 1280, "height": 900}))
            self.readers[name] = Reader(self.contexts[-1], self.address, self.looked)
            self.readers[name].page.goto(self.address + link_for(User.objects.get(username=name)))
        reader = self.readers[name]
        reader.page.goto(self.address + path)
        reader.look_over()
        return reader

    def close(self) -> None:
        for context in self.contexts:
            context.close()

    def do(self, step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        """Do one step by its pages; what later steps need of its answer."""
        return getattr(self, step.action.replace(".", "_"))(step, inputs) or {}

    def said(self, reader: Reader, step: Step, *words: str) -> None:
        """Check that the page repeats the fact, or refuses with the sentence."""
        told = reader.said()
        for expected in ("Not recorded" if step.refused else "ecord", *words):
            assert expected in told, f"{step.action}: {told or reader.page.inner_text('main')[:400]}"

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

    def custody_receive(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.follow("Receive")
        reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Received from").select_option(inputs["from_organisation"])
        reader.page.get_by_label("Mission").select_option(self.cast.mission)
        reader.page.get_by_label("Time received").fill(typed(inputs["at"]))
        reader.press("Record persons received")
        told = reader.said()
        assert "Kept as a report" in told or f"{len(inputs['tags'])} persons received" in told, told

    def custody_offer(self, step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        trip = inputs["giver"].removeprefix("trip:")
        by_trip = trip != inputs["giver"]
        reader = self.at(step.by, f"/trips/{trip}/" if by_trip else f"/counter/{inputs['giver']}/")
        reader.follow("Hand over")
        reader.page.get_by_label("To", exact=True).select_option(inputs["receiver"])
        if not by_trip:  # those aboard stand in the field already
            reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
            reader.page.get_by_label("Mission").select_option(self.cast.mission)
        reader.press("Offer handover")
        self.said(reader, step, f"{len(inputs['tags'])} persons")
        return {"handover": Handover.objects.latest("id").pk}

    def custody_accept(self, step: Step, inputs: dict[str, Any]) -> None:
        offer = Handover.objects.select_related("receiver").get(pk=inputs["handover"])
        trip = offer.receiver.code.removeprefix("trip:")
        by_trip = trip != offer.receiver.code
        reader = self.at(step.by, f"/trips/{trip}/" if by_trip else f"/counter/{offer.receiver.site}/")
        card = reader.page.locator("li", has=reader.page.locator(f"form[action*='{offer.pk}']"))
        if "tags" in inputs:
            reader.click(card.get_by_role("link", name="Not all arrived"))
            for tag in inputs["tags"]:
                reader.page.locator(f"label[for='tag-{tag}']").click()
            reader.page.get_by_label("Time of handover").fill(typed(inputs["at"]))
            reader.press("Sign for those ticked")
        else:
            card.get_by_label("Time of handover").fill(typed(inputs["at"]))
            reader.click(card.get_by_role("button", name="Accept and sign"))
        self.said(reader, step, "signed for")

    def custody_open_count(self, step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.follow("Headcount")
        reader.page.locator(f"label[for='kind-{inputs['kind']}']").click()
        reader.press("Start the count")
        return {"count": reader.page.url}

    def custody_submit_count(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, inputs["count"].removeprefix(self.address))
        reader.page.get_by_label("Persons counted").fill(str(inputs["persons"]))
        reader.press("Record count")
        self.said(reader, step, f"Counted {inputs['persons']}")

    def custody_correct(self, step: Step, inputs: dict[str, Any]) -> None:
        thing = Thing.objects.get(tag=inputs["tag"])
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.page.get_by_label("Scan a tag").fill(inputs["tag"])
        reader.press("Look up")
        reader.follow(f"History of {thing.tag}")
        reader.follow(f"Correct entry {inputs['n']}")
        reader.page.get_by_label("It happened at").fill(typed(inputs["happened_at"]))
        reader.page.get_by_label("Why it is corrected").fill(inputs["reason"])
        reader.press("Record correction")
        self.said(reader, step, "is corrected")

    def custody_state_areas(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/areas/")
        reader.follow("State areas by a file")
        table = table_of(COLUMNS, inputs["areas"]).encode()
        reader.page.get_by_label("File of areas").set_input_files(
            {"name": "areas.csv", "mimeType": "text/csv", "buffer": table}
        )
        reader.press("State areas")
        count = len(inputs["areas"])
        assert f"{count} row{'s' if count != 1 else ''} read" in reader.said()

    def custody_take_out_of_service(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/areas/")
        reader.follow(f"Out of service : {inputs['area']}")
        reader.page.get_by_label("Places").fill(str(inputs["places"]))
        reader.page.get_by_label("From").fill(inputs["valid_from"])
        reader.page.get_by_label("Why").fill(inputs["reason"])
        reader.press("Take out of service")
        self.said(reader, step, "has places out of service")

    def custody_state_group(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/areas/")
        reader.follow("Housing")
        reader.follow("State a group")
        reader.page.locator(f"label[for='kind-{inputs['kind']}']").click()
        reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Who says so").fill(inputs["authority"])
        reader.press("State group")
        self.said(reader, step, "The group stands")

    def custody_place(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.follow("Areas")
        reader.follow("Place persons")
        reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Area").select_option(inputs["area"])
        reader.page.get_by_label("Since when").fill(typed(inputs["at"]))
        reader.press("Record where they are")
        if "Look first" in reader.said():  # the same story was told before, and its persons fill the room
            reader.press("They are there: record it")
        self.said(reader, step, f"in {inputs['area']}")

    def custody_release(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.follow("Release")
        reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Because of").select_option(inputs["reason"])
        reader.page.get_by_label("Time released").fill(typed(inputs["at"]))
        reader.page.get_by_label("Read again").fill("\n".join(inputs["read_again"]))
        reader.press("Show the checks that are open")
        for check in inputs["checks"]:
            reader.page.locator(f"#because-{check['check']}").select_option(check["because"])
            reader.page.locator(f"#by-{check['check']}").fill(check["by"])
            reader.page.locator(f"#words-{check['check']}").fill(check["words"])
        reader.press("Record release")
        self.said(
            reader,
            step,
            "3 persons released",
            "1 check was not done",
            f"Property left behind: {self.cast.bags[2]}",
        )

    # --- their property ---

    def custody_take_in(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.follow("Property")
        reader.follow("Take in")
        page = reader.page
        page.get_by_label("Tag of the person").fill(inputs["person"])
        page.get_by_label("Time taken in").fill(typed(inputs["at"]))
        for n, each in enumerate(inputs["bags_in"], start=1):
            page.locator(f"#tag-{n}").fill(each["tag"])
            page.locator(f"#kind-{n}").select_option(each["kind"])
            page.locator(f"#seal-{n}").fill(each["seal"])
            page.locator(f"#place-{n}").fill(each["place"])
            page.locator(f"#contents-{n}").fill("\n".join(each["contents"]))
            money = [f"{one['currency']} {one['amount']}" for one in each.get("money", [])]
            page.locator(f"#money-{n}").fill("\n".join(money))
        reader.press("Record property taken in")
        self.said(reader, step, f"{', '.join(each['tag'] for each in inputs['bags_in'])} taken in")

    def custody_report_loss(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.page.get_by_label("Scan a tag").fill(inputs["tag"])
        reader.press("Look up")
        reader.click(reader.page.get_by_role("link", name="Property of"))
        reader.follow(f"Report as lost {inputs['tag']}")
        reader.page.get_by_label("What is known of it").fill(inputs["words"])
        reader.page.get_by_label("Time it was noticed").fill(typed(inputs["at"]))
        reader.press("Record loss")
        self.said(reader, step, f"{inputs['tag']} of {self.cast.tags[85]} is recorded as lost")

    # --- their cases, and what befell them ---

    def _case(self, step: Step, inputs: dict[str, Any], tag: str) -> Reader:
        return self.at(step.by, f"/counter/{inputs['site']}/cases/{Thing.objects.get(tag=tag).pk}/")

    def cases_assign_worker(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/cases/assign/")
        reader.page.get_by_label("Tags of the persons").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Worker").select_option(inputs["worker"])
        reader.press("Assign")
        self.said(reader, step, f"{inputs['worker']} keeps {len(inputs['tags'])} cases")

    def cases_make_appointment(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self._case(step, inputs, inputs["tags"][0])
        reader.follow("Make an appointment")
        reader.page.locator(f"label[for='kind-{inputs['kind']}']").click()
        reader.page.locator("#at").fill(typed(inputs["at"]))
        reader.page.locator("#place").fill(inputs["place"])
        reader.press("Record appointment")
        self.said(reader, step, "The appointment is recorded")

    def cases_write_note(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self._case(step, inputs, inputs["tag"])
        reader.follow("Write a note")
        reader.page.locator("#text").fill(inputs["text"])
        reader.press("Write note")
        self.said(reader, step, "The note is kept")

    def cases_offer_case(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self._case(step, inputs, inputs["tags"][0])
        reader.follow("Offer to another worker")
        reader.page.get_by_label("To the site").select_option(inputs["to_site"])
        reader.page.get_by_label("Why").fill(inputs["reason"])
        reader.press("Offer case")
        self.said(reader, step, "It is offered, and kept here still")

    def custody_report_incident(self, step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.follow("Incidents")
        reader.follow("Report an incident")
        reader.page.locator(f"label[for='kind-{inputs['kind']}']").click()
        reader.page.get_by_label("Tags of the persons").fill("\n".join(inputs["tags"]))
        reader.page.locator("#at").fill(typed(inputs["at"]))
        reader.page.locator("#area").select_option(inputs["area"])
        reader.page.locator("#words").fill(inputs["words"])
        reader.page.get_by_label("Reported by").fill(inputs["reported_by"])
        reader.press("Record incident")
        self.said(reader, step, "Incident 1 is recorded")
        return {"incident": str(Incident.objects.get().pk)}

    def custody_log_incident(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/incidents/{inputs['incident']}/")
        reader.follow("Add to the log")
        reader.page.locator("#words").fill(inputs["words"])
        reader.page.locator("#at").fill(typed(inputs["at"]))
        reader.press("Add to the log")
        self.said(reader, step, "The log has it")

    # --- what is owed to them ---

    def cases_set_standard(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/clocks/sites/{inputs['site']}/")
        reader.follow("State a standard")
        reader.page.get_by_label("Standard or order").select_option(inputs["standard"])
        reader.page.get_by_label("Contract or order that says so").fill(inputs["contract_ref"])
        reader.page.get_by_label("From").fill(inputs["valid_from"])
        reader.press("State standard")
        self.said(reader, step, "It holds from that day on")

    def cases_record_event(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/clocks/sites/{inputs['site']}/")
        reader.follow("Record what was done")
        page = reader.page
        page.get_by_label("What happened").select_option(inputs["event"])
        page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
        page.get_by_label("When").fill(typed(inputs["at"]))
        page.get_by_label("By which office or post").fill(inputs["by"])
        page.get_by_label("Proof").fill(inputs.get("proof", ""))
        if inputs.get("in_agency_system"):
            page.get_by_label("Done in the agency's own system").select_option("yes")
        reader.press("Record")
        self.said(reader, step, f"ecorded {len(inputs['tags'])} time")

    def cases_record_items(self, step: Step, inputs: dict[str, Any]) -> None:
        out = inputs["events"][0].endswith("_checked")
        if out or len(inputs["tags"]) == 1:  # of one person each, as people leave
            for tag in inputs["tags"]:
                thing = Thing.objects.get(tag=tag).pk
                path = f"/counter/{inputs['site']}/checklists/{thing}/{'out' if out else 'in'}/"
                self._tick_items(self.at(step.by, path), step, inputs, len(inputs["events"]))
            return
        reader = self.at(step.by, f"/counter/{inputs['site']}/checklists/")
        reader.follow("Record for many at once")
        for box in reader.page.locator("input[name=tag]").all():
            if (tag := box.input_value()) not in inputs["tags"]:
                reader.page.locator(f"label[for='tag-{tag}']").click()
        self._tick_items(reader, step, inputs, len(inputs["events"]) * len(inputs["tags"]))

    def _tick_items(self, reader: Reader, step: Step, inputs: dict[str, Any], times: int) -> None:
        page = reader.page
        for event in inputs["events"]:
            page.locator(f"label[for=event-{event}]").click()
        page.get_by_label("When").fill(typed(inputs["at"]))
        page.get_by_label("By which office or post").fill(inputs["by"])
        page.get_by_label("Proof").fill(inputs.get("proof", ""))
        if "not_done" in inputs:
            page.get_by_label("Not done, because").select_option(inputs["not_done"])
            page.get_by_label("Why, in your words").fill(inputs["words"])
        reader.press("Record what is ticked")
        self.said(reader, step, f"{times} item{'s' if times != 1 else ''} recorded")


@pytest.fixture
def office(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Cast], Office]]:
    """Makes the office of a cast, in an installation that is a demonstration."""
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    made: list[Office] = []

    def make(cast: Cast) -> Office:
        made.append(Office(browser, live_url, cast))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_exercise_told_through_the_browser_gives_the_same_ledger(
    office: Callable[[Cast], Office],
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
