"""A whole day at two sites, told through the pages by everybody of it, the laws looked at after each step."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from a_day import Day, prepare
from django.conf import settings
from office import Office, count_page, typed
from playwright.sync_api import Browser
from test_day import DAY, check, tell

from muster.custody.models import DeskOffered
from muster.demonstration.telling import Step
from muster.ledger.models import Thing

pytestmark = pytest.mark.browser


class TwoSites(Office):
    """Everybody of the day. Each action that the exercise does not have has its pages here."""

    # --- headcounts, and who is outside ---

    def custody_confirm_out(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, count_page(inputs["count"]))
        reader.follow("Confirm who is outside")
        reader.page.get_by_label("Place").select_option(inputs["place"])
        reader.page.get_by_label("Persons counted there").fill(str(inputs["persons"]))
        reader.page.get_by_label("Who counted them").fill(inputs["by"])
        reader.press("Record confirmation")
        self.said(reader, step, f"Counted {inputs['persons']} there")

    def custody_explain_count(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, count_page(inputs["count"]))
        reader.follow("Explain")
        reader.page.get_by_label("Why it does not agree").fill(inputs["reason"])
        reader.press("Record explanation")
        self.said(reader, step, "The explanation is kept")

    def custody_certify_count(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, count_page(inputs["count"]))
        reader.follow("Certify")
        reader.press("Certify count")
        self.said(reader, step, "The count is certified")

    def custody_record_out(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/outside/out/")
        reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Where they are").fill(inputs["place"])
        reader.page.get_by_label("Who is with them").fill(inputs["escort"])
        reader.page.get_by_label("Time it happened").fill(typed(inputs["at"]))
        reader.press("Record as outside")
        self.said(reader, step, f"{len(inputs['tags'])} recorded as at {inputs['place']}")

    def custody_record_back(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/outside/back/")
        reader.page.get_by_label("Tags").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Time it happened").fill(typed(inputs["at"]))
        reader.press("Record as back")
        self.said(reader, step, f"{len(inputs['tags'])} recorded as back")

    # --- incidents ---

    def custody_confirm_incident(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/incidents/{inputs['incident']}/")
        reader.follow("Stand for it as the supervisor")
        reader.page.get_by_label("On what grounds").fill(inputs["reason"])
        reader.press("I stand for it as the supervisor")
        self.said(reader, step, "You stand for it")

    # --- property, and the record of a person ---

    def custody_hand_back(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/property/hand-back/")
        reader.page.get_by_label("Tag of the person").fill(inputs["person"])
        reader.page.get_by_label("Tags of the bags").fill("\n".join(inputs["tags"]))
        reader.page.get_by_label("Receipt that the person signed").fill(inputs["receipt"])
        reader.page.get_by_label("Time handed back").fill(typed(inputs["at"]))
        reader.press("Record property handed back")
        self.said(reader, step, f"{', '.join(inputs['tags'])} left the site by the record")

    def custody_merge(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/things/{Thing.objects.get(tag=inputs['survivor']).pk}/")
        reader.follow("Merge it into this one")
        reader.page.get_by_label("Tag of the other record").fill(inputs["duplicate"])
        reader.page.get_by_label("Why both are one person").fill(inputs["reason"])
        reader.press("Merge the two records")
        self.said(reader, step, f"{inputs['duplicate']} is merged into {inputs['survivor']}")

    # --- the desk, what is late, and what waits ---

    def custody_hand_over_desk(self, step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        reader = self.at(step.by, f"/counter/{inputs['site']}/shift/")
        reader.page.get_by_label("What the next one must know").fill(inputs["notes"])
        reader.page.get_by_label("The shift began").fill(typed(inputs["since"]))
        reader.page.get_by_label("The shift ends").fill(typed(inputs["until"]))
        reader.press("Hand the desk over")
        self.said(reader, step, "is handed over")
        return {"desk": DeskOffered.objects.latest("id").pk}

    def custody_take_desk(self, step: Step, inputs: dict[str, Any]) -> None:
        desk = DeskOffered.objects.get(pk=inputs["desk"])
        reader = self.at(step.by, f"/counter/{desk.site_id}/shift/")
        reader.press("I have read it and take the desk")
        self.said(reader, step, "is yours")

    def cases_record_breaches(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/clocks/sites/{inputs['site']}/breaches/")
        reader.press("Record breaches")
        self.said(reader, step, "recorded.")

    def custody_settle_many(self, step: Step, inputs: dict[str, Any]) -> None:
        reader = self.at(step.by, f"/counter/{inputs['site']}/differences/")
        reader.page.get_by_text(f"All {len(inputs['differences'])} that are open", exact=False).click()
        reader.page.get_by_label("How they are settled, and why").fill(inputs["reason"])
        reader.press("Settle them")
        self.said(reader, step, f"{len(inputs['differences'])} settled")
        assert "Nothing waits to be settled" in reader.page.inner_text("main")


def test_a_day_at_two_sites_is_told_through_the_pages(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    prepare(("EX-NORTH", "EX-SOUTH"))
    told = Day.drawn(DAY, 1)

    with closing(TwoSites(browser, live_url)) as office:
        tell(told, office.do)

    check(told)
