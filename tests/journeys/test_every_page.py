"""Every page of the demonstration that its accounts can see, looked over by axe, for the security policy and on a small phone."""

from __future__ import annotations

import pytest
import stories
from browsing import Reader
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser
from test_step_pages import ALLOWED

from muster import actions as do
from muster.access.control import actor_of
from muster.access.models import User
from muster.cases.models import CaseKept, RecordedEvent
from muster.custody.models import Bag, Count, Difference, Group, OutOfService, PropertyReceipt
from muster.custody.queries import present
from muster.decisions.models import Version
from muster.demonstration.links import link_for
from muster.ledger.models import Handover, Offer, Thing
from muster.ledger.queries import latest_known
from muster.record.models import Number

pytestmark = pytest.mark.browser


def test_every_page_of_every_account_is_looked_over(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    stories.demonstration()
    corrected = Thing.objects.filter(entries__kind="pop").distinct().get()
    purse, lost = Bag.objects.get(kind="money"), Bag.objects.get(kind="clothing")
    waiting = Handover.objects.get(state="offered")
    difference = Difference.objects.first()
    event = RecordedEvent.objects.first()
    assert difference is not None
    counted = Count.objects.filter(site="EX-NORTH", counted__isnull=False).latest("opened_at").pk
    assert event is not None
    clerk = actor_of(User.objects.get(username="clerk.north"))
    reported = {
        "site": "EX-NORTH",
        "at": timezone.now(),
        "words": "Not at the roll call",
        "reported_by": "Shift desk",
    }
    gone = present("EX-NORTH").values_list("tag", flat=True)[0]
    number = do.incidents.report_incident(
        actor=clerk, kind="absconded", tags=[gone], **reported
    ).answer.number
    kept = present("EX-NORTH").exclude(pk__in=CaseKept.objects.values("thing"))[3]
    do.casework.assign_worker(actor=clerk, site="EX-NORTH", tags=[kept.tag], worker="clerk.north")
    do.casework.write_note(actor=clerk, site="EX-NORTH", tag=kept.tag, text="Asks for a call")
    offered = do.casework.offer_case(
        actor=clerk, site="EX-NORTH", tags=[kept.tag], to_site="EX-SOUTH", reason="Goes there"
    )
    court = do.casework.make_appointment(
        actor=clerk, site="EX-NORTH", tags=[kept.tag], kind="court", at=timezone.now(), place="County court"
    ).answer.appointments[kept.tag]  # fmt: skip
    offered_now = Offer.objects.filter(open=True).values("thing")
    one, twin = (
        present("EX-NORTH")
        .exclude(pk__in=offered_now)
        .exclude(pk=kept.pk)
        .order_by("-head__happened_at", "tag")[:2]
    )
    merged = do.merging.merge(
        actor=actor_of(User.objects.get(username="operations")), survivor=one.tag, duplicate=twin.tag,
        reason="One band of the agency on both",
    ).answer.merge  # fmt: skip
    transfer = f"transfers/{offered.answer.transfers[kept.tag]}"
    here = present("EX-NORTH").values_list("pk", flat=True)[0]
    receipt = PropertyReceipt.objects.filter(site="EX-NORTH")[0].pk
    out, group = OutOfService.objects.get().pk, Group.objects.get().pk
    not_done = RecordedEvent.objects.get(not_done_because="no_supplies")
    left = RecordedEvent.objects.get(not_done_because="nobody").thing_id
    latest_known()
    ordered = Number.objects.filter(act__name="tasks.order", act__refused_code="").latest("number").number
    more = {
        "clerk.north": [
            "/counter/EX-NORTH/", "/counter/EX-NORTH/receive/", "/counter/EX-NORTH/hand-over/", "/counter/EX-NORTH/headcount/",
            "/counter/EX-NORTH/outside/out/", "/counter/EX-NORTH/areas/", "/counter/EX-NORTH/areas/place/",
            "/counter/EX-NORTH/areas/in/H-1/", "/counter/EX-NORTH/areas/none/", "/counter/EX-NORTH/areas/in/H-2/out/",
            f"/counter/EX-NORTH/areas/out/{out}/back/", "/counter/EX-NORTH/housing/", "/counter/EX-NORTH/housing/group/",
            "/counter/EX-NORTH/housing/flag/", f"/counter/EX-NORTH/housing/groups/{group}/end/",
            f"/counter/EX-NORTH/checklists/{left}/out/",
            "/counter/EX-NORTH/property/", "/counter/EX-NORTH/property/take-in/", f"/counter/EX-NORTH/property/persons/{purse.person_id}/",
            f"/counter/EX-NORTH/property/hand-back/?person={purse.person_id}", "/counter/EX-NORTH/property/left-behind/",
            "/counter/EX-NORTH/property/left-behind/letter/", "/counter/EX-NORTH/property/left-behind/end/",
            "/counter/EX-NORTH/property/audits/", f"/counter/EX-NORTH/property/bags/{purse.pk}/seal/",
            f"/counter/EX-NORTH/headcount/{counted}/", f"/counter/EX-NORTH/headcount/{counted}/explain/",
            "/counter/EX-NORTH/papers/",
            "/counter/EX-NORTH/in/", *(f"/counter/EX-NORTH/in/{here}/{step}/" for step in ("property", "checklist", "confirm")),
            "/counter/EX-NORTH/manifest/", "/counter/EX-NORTH/shift/", f"/handovers/{waiting.pk}/",
            f"/counter/EX-NORTH/offers/{waiting.pk}/here/",
            "/counter/EX-NORTH/incidents/", "/counter/EX-NORTH/incidents/report/", f"/counter/EX-NORTH/incidents/{number}/",
            f"/counter/EX-NORTH/incidents/{number}/close/", "/counter/EX-NORTH/missing/", "/counter/EX-NORTH/missing/?worker=clerk.north",
            "/counter/EX-NORTH/cases/assign/", "/counter/EX-NORTH/cases/notice/", f"/counter/EX-NORTH/cases/{kept.pk}/",
            f"/counter/EX-NORTH/cases/{kept.pk}/notes/", f"/counter/EX-NORTH/cases/{kept.pk}/offer/",
            f"/counter/EX-NORTH/cases/{kept.pk}/note/", f"/counter/EX-NORTH/cases/{kept.pk}/document/",
            f"/counter/EX-NORTH/cases/{kept.pk}/appointment/", f"/counter/EX-NORTH/appointments/{court}/",
            f"/counter/EX-NORTH/{transfer}/withdraw/",
            "/clocks/", f"/clocks/persons/{corrected.pk}/", "/clocks/sites/EX-NORTH/record/", "/clocks/sites/EX-NORTH/breaches/",
            f"/things/{corrected.pk}/", f"/counter/EX-NORTH/things/{corrected.pk}/4/correct/", "/board/",
            f"/things/{corrected.pk}/record/", f"/things/{corrected.pk}/entries/3/contest/",
        ],
        "oversight": ["/incidents/", f"/counter/EX-NORTH/property/persons/{purse.person_id}/", "/counter/EX-SOUTH/property/"],
        "clerk.south": [
            f"/counter/EX-SOUTH/property/persons/{lost.person_id}/",
            f"/counter/EX-SOUTH/{transfer}/accept/", f"/counter/EX-SOUTH/{transfer}/refuse/", "/counter/EX-SOUTH/missing/",
            "/counter/EX-SOUTH/", f"/counter/EX-SOUTH/offers/{waiting.pk}/sign/", "/counter/EX-SOUTH/checklists/",
            "/counter/EX-SOUTH/checklists/together/", f"/counter/EX-SOUTH/checklists/{not_done.thing_id}/in/",
            f"/counter/EX-SOUTH/checklists/{not_done.thing_id}/out/", f"/counter/EX-SOUTH/release/?person={not_done.thing_id}",
        ],
        "operations": [
            "/board/", f"/board/differences/{difference.pk}/", "/requests/EX-FLOOD-1/close/", "/decisions/EX-FLOOD-1-D1/",
            "/missions/EX-EXPIRED-1/", "/changes/", f"/acts/{ordered}/", "/tasks/EX-PROCESSING-1-T3/", "/trips/EX-PROCESSING-1-BUS-1/",
            "/missions/EX-FLOOD-1/", "/missions/NOTHING/", "/decisions/EX-PROCESSING-1-D1/report/",
            "/missions/EX-PROCESSING-1/roster/EX-PROCESSING-1-T1/2026-11-20/", "/shifts/EX-PROCESSING-1-S1/swap/",
            "/missions/EX-PROCESSING-1/members/", "/missions/EX-PROCESSING-1/members/order/", "/organisations/EX-GUARD/members/",
            "/organisations/EX-GUARD/members/state/", "/organisations/EX-GUARD/members/file/",
            "/counter/EX-NORTH/areas/?at=2026-11-19", "/counter/EX-NORTH/areas/state/?area=D-1", "/counter/EX-SOUTH/areas/file/",
            f"/counter/EX-NORTH/property/receipts/{receipt}/",
            "/counter/EX-NORTH/lists/", "/counter/EX-NORTH/differences/", "/counter/EX-NORTH/headcount/",
            f"/counter/EX-NORTH/headcount/{counted}/certify/", f"/things/{one.pk}/", f"/things/{one.pk}/merge/", f"/merges/{merged}/undo/",
            f"/counter/EX-NORTH/incidents/{number}/confirm/", f"/counter/EX-NORTH/incidents/{number}/log/",
            "/clocks/?due=30d&responsible=agency", "/clocks/sites/EX-NORTH/",
            "/clocks/sites/EX-SOUTH/standard/", "/clocks/sites/EX-SOUTH/holiday/", f"/clocks/events/{event.pk}/correct/",
        ],
        "governor": ["/offices/", "/offices/ZZ-GOVERNOR/", "/offices/ZZ-GOVERNOR/delegate/",
                     "/decisions/EX-PROCESSING-1-D1/revoke/", "/decisions/EX-PROCESSING-1-D1/amend/",
                     "/decisions/EX-PROCESSING-1-D1/resume/", "/decisions/EX-PROCESSING-1-D1/confirm/",
                     "/requests/EX-SHELTER-1/refer/", "/decisions/EX-PROCESSING-1-D1/used/", "/account/2fa/", "/account/2fa/webauthn/",
                     "/decisions/EX-EXPIRED-1-D1/", "/decisions/EX-PROCESSING-1-D1/taskable/"],
        "counsel": ["/decisions/", "/requests/ICE-SUPPORT-2025-MO/", "/requests/ICE-SUPPORT-2025-MO/assess/"],
        "records.desk": ["/missions/", "/missions/ICE-SUPPORT-2025/", "/decisions/ICE-SUPPORT-2025-MO-D1/"],
    }  # fmt: skip
    looked: set[str] = set()
    looked_at = 0
    for name in [*ALLOWED, "counsel", "records.desk"]:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        reader = Reader(context, live_url, looked)
        reader.page.goto(live_url + link_for(User.objects.get(username=name)))
        for page in [*sorted(ALLOWED.get(name, ())), *more.get(name, [])]:
            answer = reader.page.goto(live_url + page)
            assert answer is not None
            assert answer.status in (200, 404, 422), (name, page)
            reader.look_over()
            assert reader.page.title().endswith("(demonstration) · Muster"), (name, page)
            looked_at += 1
        context.close()
    assert looked_at == sum(map(len, ALLOWED.values())) + sum(map(len, more.values()))


def test_the_page_of_what_was_changed_meanwhile_is_looked_over(
    browser: Browser, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    governor = stories.told()["governor"]
    reader = Reader(browser.new_context(viewport={"width": 1280, "height": 900}), live_url)
    reader.page.goto(live_url + link_for(User.objects.get(username="governor")))
    reader.page.goto(f"{live_url}/decisions/EX-PROCESSING-1-D1/amend/")
    reader.page.get_by_label("Why").fill("Fewer are enough")
    standing = Version.objects.get(decision="EX-PROCESSING-1-D1").limits
    do.decisions.amend(
        actor=governor, decision="EX-PROCESSING-1-D1", limits=standing | {"people_max": 30}, reason="Thirty are enough",
        effective_at=timezone.now(),
    )  # fmt: skip

    reader.press("Review the amendment")

    assert "Keep theirs" in reader.page.inner_text("main")
    reader.page.context.close()
