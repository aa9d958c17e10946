"""A browser for everybody of a story, and the pages by which each action at a site is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from browsing import Reader
from playwright.sync_api import Browser, BrowserContext

from muster.access.models import User
from muster.core.csvfiles import table_of
from muster.custody.areas import COLUMNS
from muster.custody.models import Bag, Count, Incident
from muster.demonstration.links import link_for
from muster.demonstration.telling import Step
from muster.ledger.models import Handover, Thing

CHICAGO = ZoneInfo("America/Chicago")


def typed(moment: str) -> str:
    """A moment as it is typed at the sites, whose pages read it in their own time."""
    return f"{datetime.fromisoformat(moment).astimezone(CHICAGO):%Y-%m-%d %H:%M}"


def count_page(count: str) -> str:
    """Where a headcount is given in, and followed up once it is in."""
    return f"/counter/{Count.objects.get(pk=count).site_id}/headcount/{count}/"


class Passing(Reader):
    """A reader who looks over no page, which the sweep of every page does: only a broken security policy stops them."""

    def look_over(self) -> None:
        assert self.violations == []


class Office:
    """Everybody of a story at a browser of their own. Each action of the story has the pages by which it is done.

    `mission`: under which persons are received and handed over; "" for none.
    """

    def __init__(self, browser: Browser, address: str, mission: str = "") -> None:
        self.browser, self.address, self.mission = browser, address, mission
        self.readers: dict[str, Reader] = {}
        self.contexts: list[BrowserContext] = []

    def at(self, name: str, path: str) -> Reader:
        """The browser of that account, on that page."""
        if name not in self.readers:
            self.contexts.append(self.browser.new_context(viewport={"width": 1280, "height": 900}))
            self.readers[name] = Passing(self.contexts[-1], self.address)
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

    # --- persons ---

    def custody_receive(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/")
        reader.follow("Receive")
        reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Received from").select_option(inputs["from_organisation"])
        if self.mission:
            reader.page.get_by_label("Mission").select_option(self.mission)
        reader.page.get_by_label("Time received").fill(typed(inputs["at"]))
        reader.press("Record persons received")
        told = reader.said()
        assert "Kept as a report" in told or f"{len(inputs['tags'])} person" in told, told

    def custody_offer(self, step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        trip = inputs["giver"].removeprefix("trip:")
        by_trip = trip != inputs["giver"]
        reader = self.at(step.by, f"/trips/{trip}/" if by_trip else f"/counter/{inputs['giver']}/")
        reader.follow("Hand over")
        reader.page.get_by_label("To", exact=True).select_option(inputs["receiver"])
        if not by_trip:  # those aboard stand in the field already
            reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
            if self.mission:
                reader.page.get_by_label("Mission").select_option(self.mission)
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
        if "recount_of" in inputs:
            reader = self.at(step.by, count_page(inputs["recount_of"]))
            reader.follow("Count again")
        else:
            reader = self.at(step.by, f"/counter/{inputs['site']}/headcount/")
            reader.page.locator(f"label[for='kind-{inputs['kind']}']").click()
        reader.page.locator(f"label[for='mode-{inputs.get('mode', 'number')}']").click()
        reader.page.get_by_label("Time at which the count began").fill(typed(inputs["at"]))
        reader.press("Start the recount" if "recount_of" in inputs else "Start the count")
        return {"count": reader.page.url.rstrip("/").rpartition("/")[2]}

    def custody_submit_count(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, count_page(inputs["count"]))
        by_tag = "tags" in inputs
        persons = len(inputs["tags"]) if by_tag else inputs["persons"]
        if by_tag:  # as a scanner types them, one a line
            reader.page.get_by_label("Tags counted").fill("\n".join(inputs["tags"]))
        else:
            reader.page.get_by_label("Persons counted").fill(str(persons))
        reader.page.get_by_label("Time at which the count was finished").fill(typed(inputs["at"]))
        reader.press("Record count")
        self.said(reader, step, f"Counted {persons}")

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
        reader.page.get_by_label("Number of the order").fill(inputs.get("order_reference", ""))
        reader.page.get_by_label("Read again").fill("\n".join(inputs["read_again"]))
        if "checks" in inputs:
            reader.press("Show the checks that are open")
        for check in inputs.get("checks", ()):
            reader.page.locator(f"#because-{check['check']}").select_option(check["because"])
            reader.page.locator(f"#by-{check['check']}").fill(check["by"])
            reader.page.locator(f"#words-{check['check']}").fill(check["words"])
        reader.press("Record release")
        self.said(reader, step, f"{len(inputs['tags'])} persons released")

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
            page.locator(f"#seal-{n}").fill(each.get("seal", ""))
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
        whose = Bag.objects.get(thing__tag=inputs["tag"]).person
        self.said(reader, step, f"{inputs['tag']} of {whose} is recorded as lost")

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
        page = reader.page
        page.locator(f"label[for='kind-{inputs['kind']}']").click()
        page.get_by_label("Tags of the persons").fill("\n".join(inputs["tags"]))
        page.locator("#at").fill(typed(inputs["at"]))
        if "last_seen_at" in inputs:
            page.get_by_label("Seen last").fill(typed(inputs["last_seen_at"]))
        if "area" in inputs:
            page.locator("#area").select_option(inputs["area"])
        if "count" in inputs:
            page.locator("#count").select_option(inputs["count"])
        page.locator("#words").fill(inputs["words"])
        page.get_by_label("Reported by").fill(inputs["reported_by"])
        reader.press("Record incident")
        self.said(reader, step, "Incident 1 is recorded")
        return {"incident": str(Incident.objects.get(site=inputs["site"]).pk)}

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
        reader.page.get_by_label("Until").fill(inputs.get("valid_to", ""))
        hours = inputs.get("terms", {}).get("count_interval_h", "")
        reader.page.get_by_label("Hours between counts").fill(str(hours))
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
