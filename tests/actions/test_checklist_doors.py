"""Checklists at the counter: what is missing, one person's list, a whole bus, leaving with checks open, the slip, and a shelter's words."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from people import TAGS, People, people
from pypdf import PdfReader
from typer.testing import CliRunner

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.cases.models import RecordedEvent
from muster.cli.main import app
from muster.custody.models import Difference, ReadAgain
from muster.ledger.models import Entry, Thing
from muster.ledger.queries import latest_known

HERE = "/counter/EX-NORTH/"
LISTS = f"{HERE}checklists/"
PBNDS = "us.ice.pbnds2011r2016"
OF_CUSTODY = (
    "custod",
    "detain",
    "detention",
    "in-processing",
    "out-processing",
    "inmate",
    "held",
    "release",
    "alien",
    "prisoner",
)


@pytest.fixture
def who() -> People:
    return people()


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def text_of(answer: Any) -> str:
    """What a page says, without its marks and what stands in its addresses."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).replace("&#x27;", "'")


def words_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def sent(client: Client, page: str, **fields: Any) -> str:
    return text_of(client.post(page, {"key": str(uuid4()), **fields}, follow=True))


def arrived(who: People, standard: str = PBNDS, tags: list[str] = TAGS[:3], hours: float = 13) -> list[Thing]:
    day = (timezone.now() - timedelta(days=30)).date()
    do.cases.set_standard(
        actor=who.center, site="EX-NORTH", standard=standard, valid_from=day, contract_ref="7"
    )
    do.custody.receive(
        actor=who.north, site="EX-NORTH", tags=tags, at=timezone.now() - timedelta(hours=hours)
    )
    return list(Thing.objects.filter(tag__in=tags).order_by("tag"))


def page_of(thing: Thing, side: str = "in") -> str:
    return f"{LISTS}{thing.pk}/{side}/"


def test_what_is_missing_at_a_site_is_listed_by_when_they_came_with_what_is_late(who: People) -> None:
    clerk = signed_in("clerk.north")
    assert "Nobody here has a checklist" in text_of(clerk.get(LISTS))
    first = arrived(who)[0]

    page = text_of(clerk.get(LISTS))

    assert "Of 3 persons with a checklist, 0 have nothing open." in page
    assert ": 3 persons" in page
    assert "11 of 11 2 late" in page
    assert "Medical screen, Agency system and locator, Authority to hold" in page
    assert f'href="{page_of(first)}"' in clerk.get(LISTS).content.decode()
    assert signed_in("clerk.south").get(LISTS).status_code == 404
    assert "what is missing" in text_of(signed_in("center").get(LISTS))
    assert f'href="{LISTS}"' in clerk.get(HERE).content.decode()


def test_one_persons_list_is_answered_on_its_page_and_shows_both_times(who: People) -> None:
    clerk, thing = signed_in("clerk.north"), arrived(who)[0]
    page = text_of(clerk.get(page_of(thing)))
    assert f"In-processing of {thing.tag}" in page
    assert f"By {PBNDS} version 1, as it stood then" in page
    assert page.index("3. Medical screen Late Late by 1 h") < page.index("1. Authority to hold")
    assert "Tick at least one item." in sent(clerk, page_of(thing), by="Desk")
    assert "say by which office or post" in sent(clerk, page_of(thing), event=["identification_done"])

    page = sent(
        clerk, page_of(thing), event=["medical_screened", "hygiene_issued"], by="Health staff", proof="Form 1"
    )

    assert "2 items recorded. 2 breaches became known." in page  # ADM-03 and MED-01
    assert "3. Medical screen: done ." in page
    assert "Health staff. Proof: Form 1. Late Recorded" in page
    page = sent(
        clerk,
        page_of(thing),
        event=["orientation_given"],
        by="Desk",
        not_done="no_language",
        words="None speaks it.",
    )
    assert (
        "9. Orientation: not done , nobody spoke a language that the person understands: None speaks it."
        in page
    )
    assert page.index("10. Detention file") < page.index(
        "9. Orientation"
    )  # what was answered comes after what was not
    wrong = clerk.post(page_of(thing), {"event": ["classified"], "not_done": "rain", "by": "Desk"})
    assert (wrong.status_code, 'value="classified" checked' in wrong.content.decode()) == (422, True)
    event = RecordedEvent.objects.get(event="hygiene_issued")
    assert f"/clocks/events/{event.pk}/correct/" in clerk.get(page_of(thing)).content.decode()
    assert signed_in("clerk.south").get(page_of(thing)).status_code == 404
    assert clerk.get(f"{LISTS}{thing.pk}/over/").status_code == 404
    assert "Record what is ticked" not in text_of(signed_in("center").get(f"{LISTS}{uuid4()}/in/"))


def test_a_whole_bus_is_recorded_at_once_without_those_who_are_not_ticked(who: People) -> None:
    clerk, (first, _, third) = signed_in("clerk.north"), arrived(who)
    bus = f"{LISTS}together/"
    came = Entry.objects.filter(thing=first).latest("n").happened_at
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TAGS[5]], at=timezone.now())
    assert "In-processing of 4 persons" in text_of(clerk.get(bus))
    page = clerk.get(bus, {"arrived": came.isoformat()})
    assert "In-processing of 3 persons" in text_of(page)
    assert page.content.decode().count(" checked>") == 3
    assert "Tick at least one of them." in sent(clerk, bus, event=["hygiene_issued"])

    page_text = sent(
        clerk, bus, event=["hygiene_issued", "classified"], tag=[first.tag, third.tag], by="Supply"
    )

    assert "4 items recorded" in page_text
    assert set(RecordedEvent.objects.values_list("thing__tag", flat=True)) == {first.tag, third.tag}
    assert "Open for 2 of 4" in text_of(clerk.get(bus))
    assert signed_in("clerk.south").get(bus).status_code == 404


def test_a_person_leaves_with_the_checks_asked_for_and_gets_a_slip(who: People) -> None:
    clerk, thing = signed_in("clerk.north"), arrived(who)[0]
    assert "is held here" in sent(clerk, HERE, scan=thing.tag)
    assert f"out-processing of {thing.tag}" in text_of(clerk.post(HERE, {"scan": thing.tag}))
    out = page_of(thing, "out")
    assert f"{HERE}release/?person={thing.pk}" in clerk.get(out).content.decode()
    assert clerk.get(f"/papers/slip/{thing.pk}.pdf").status_code == 409
    sent(clerk, out, event=["property_returned"], by="Property desk")
    asked = text_of(clerk.get(f"{HERE}release/?person={thing.pk}"))
    assert "Checks not done: 2" in asked
    assert "2. Property back" not in asked

    fields = {
        "tags": thing.tag,
        "reason": "court_order",
        "because-REL-03": "nobody",
        "by-REL-03": "Release desk",
    }
    page = sent(clerk, f"{HERE}release/?person={thing.pk}", **fields)

    assert "1 person released. 2 checks were not done; each is a difference." in page
    assert "not done: nobody was there to do it. For: Release desk." in page
    assert "nobody said why. For: facility." in page
    assert "Print the slip" in page
    assert "1. Release authority" in page  # it is asked for here too, as they were not all answered
    missing = text_of(clerk.get(LISTS))
    assert "Left with something not done: 2" in missing
    slip = clerk.get(f"/papers/slip/{thing.pk}.pdf")
    told = words_of(slip.content)
    assert (slip.status_code, thing.tag in told, "Ex-North" in told, "Devueltas" in told) == (
        200,
        True,
        True,
        True,
    )
    assert "clerk" not in told
    assert signed_in("clerk.south").get(f"/papers/slip/{thing.pk}.pdf").status_code == 404


def test_the_slip_is_printed_by_every_door_as_it_was_known(who: People, tmp_path: Any) -> None:
    thing, known = arrived(who)[0], latest_known()
    do.custody.release(actor=who.north, site="EX-NORTH", tags=[thing.tag], at=timezone.now(), reason="bond")
    token = new_token(User.objects.get(username="clerk.north"))
    answer = Client().get(f"/api/v1/papers/slip/{thing.tag}", headers={"authorization": f"Bearer {token}"})
    assert "No consta su devolución" in words_of(answer.content)
    answer = Client().get(
        f"/api/v1/papers/slip/{thing.tag}",
        {"known_at": str(known)},
        headers={"authorization": f"Bearer {token}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "picture.not_left_yet")
    typed = CliRunner().invoke(app, ["paper", "slip", thing.tag, "--out", str(tmp_path / "slip.pdf")])
    assert (typed.exit_code, (tmp_path / "slip.pdf").read_bytes()[:4]) == (0, b"%PDF")
    typed = CliRunner().invoke(app, ["paper", "slip", TAGS[150], "--out", str(tmp_path / "none.pdf")])
    assert "There is no person" in typed.output


def test_checklists_are_read_at_the_api(who: People) -> None:
    first, second, _ = arrived(who)
    do.cases.record_items(
        actor=who.north, site="EX-NORTH", tags=[first.tag], events=["hygiene_issued"], at=timezone.now(), by="Supply desk",
        not_done="no_supplies", words="No towels.",
    )  # fmt: skip

    def asked(path: str, user: str = "clerk.north") -> tuple[int, Any]:
        token = new_token(User.objects.get(username=user))
        answer = Client().get(f"/api/v1/checklists/{path}", headers={"authorization": f"Bearer {token}"})
        return answer.status_code, answer.json()

    status, told = asked("EX-NORTH")
    assert (status, told["persons"], len(told["lists"])) == (200, 3, 3)
    status, told = asked(f"EX-NORTH/{first.tag}/in")
    items = {item["rule"]: item for item in told["items"]}
    assert (status, told["packs"], len(items)) == (200, [{"id": PBNDS, "version": "1"}], 11)
    assert (items["ADM-03"]["state"], items["ADM-03"]["late"], items["ADM-03"]["at"]) == ("open", True, None)
    assert (items["ADM-06"]["state"], items["ADM-06"]["not_done_because"], items["ADM-06"]["words"]) == (
        "not done", "no_supplies", "No towels.",
    )  # fmt: skip
    assert asked(f"EX-NORTH/{second.tag}/out")[1]["items"][0]["rule"] == "REL-01"
    assert asked(f"EX-SOUTH/{first.tag}/in", "center")[1]["code"] == "core.not_found"
    assert asked("EX-NORTH", "clerk.south")[0] == 404
    assert asked(f"EX-NORTH/{first.tag}/over")[0] == 422


def test_tags_that_are_read_otherwise_the_second_time_are_shown_and_asked_about_and_who_has_left_has_left(
    who: People,
) -> None:
    clerk, (first, second, _) = signed_in("clerk.north"), arrived(who)
    page = f"{HERE}release/"
    fields = {"tags": first.tag, "read_again": second.tag, "reason": "agency_order"}

    refused = clerk.post(page, fields)

    told = text_of(refused)
    assert refused.status_code == 422
    assert f"The two readings do not agree. Entered: {first.tag}. Read again: {second.tag}." in told
    assert "They have left, as entered" in told
    assert not ReadAgain.objects.exists()
    told = sent(clerk, page, **fields, as_entered="yes")
    assert "1 person released. Read again otherwise" in told
    assert Difference.objects.get(kind="tag_differs").thing == first
    assert Entry.objects.filter(thing=first).latest("n").receiver.kind == "outside"


def test_whoever_asks_sees_the_open_checks_before_anything_is_recorded_and_enter_records_at_once(
    who: People,
) -> None:
    clerk, (first, second, third) = signed_in("clerk.north"), arrived(who)
    page = f"{HERE}release/"
    assert "Checks not done" not in text_of(clerk.get(page))
    shown = clerk.post(page, {"tags": f"{first.tag}\n{second.tag}\nmisread", "look": "1"})
    told = text_of(shown)
    assert "Checks not done: 3" in told
    assert f"Of {first.tag}, {second.tag}." in told
    assert not Entry.objects.filter(thing=first, receiver__kind="outside").exists()
    told = sent(clerk, page, tags=third.tag, reason="court_order")
    assert "1 person released. 3 checks were not done" in told
    assert Difference.objects.filter(kind="open_check", thing=third).count() == 3
    buttons = re.findall(r'<button class="usa-button[^>]*>([^<]+)', shown.content.decode())
    assert buttons[-2:] == ["Record release", "Show the checks that are open"]  # Enter presses the first


def everywhere(clerk: Client, thing: Thing) -> list[str]:
    """What a shelter's other pages say, with somebody who is there, and what they refuse."""
    pages = ("receive/", "hand-over/", "headcount/", "areas/", "areas/place/", "outside/out/", "in/", "shift/", "manifest/",
             *(f"in/{thing.pk}/{step}/" for step in ("property", "checklist", "confirm")))  # fmt: skip
    shown = [clerk.get(HERE + page) for page in pages]
    assert {page.status_code for page in shown} == {200}
    told = [text_of(page) for page in shown]
    told += [sent(clerk, f"{HERE}in/", scan=tag) for tag in (thing.tag, TAGS[120], "5PR-MAP-4")]
    told += [
        sent(clerk, f"{HERE}receive/", tags=thing.tag), sent(clerk, f"{HERE}receive/", tags=TAGS[121]),
        sent(clerk, f"{HERE}hand-over/", tags=TAGS[122], receiver="EX-SOUTH"),
        sent(clerk, f"{HERE}hand-over/", tags=TAGS[121], receiver="EX-SOUTH"),
    ]  # fmt: skip
    opened = clerk.post(
        f"{HERE}headcount/", {"key": str(uuid4()), "kind": "informal", "mode": "number"}, follow=True
    )
    told += [text_of(opened), sent(clerk, opened.redirect_chain[-1][0], persons="7")]
    return told


def test_a_shelters_pages_say_nothing_of_custody(who: People) -> None:
    clerk, things = signed_in("clerk.north"), arrived(who, "general.shelter")
    thing = things[0]
    do.cases.set_standard(
        actor=who.center, site="EX-SOUTH", standard="general.shelter", contract_ref="7",
        valid_from=(timezone.now() - timedelta(days=30)).date(),
    )  # fmt: skip
    offered = do.custody.offer(
        actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[things[1].tag]
    ).answer
    said = [
        text_of(clerk.get(LISTS)), text_of(clerk.get(page_of(thing))), text_of(clerk.get(page_of(thing, "out"))),
        text_of(clerk.get(f"{LISTS}together/")), text_of(clerk.get(HERE)), text_of(clerk.post(HERE, {"scan": thing.tag})),
        text_of(clerk.post(HERE, {"scan": TAGS[100]})), text_of(clerk.get(f"{HERE}release/?person={thing.pk}")),
        sent(clerk, page_of(thing), event=["registered"], by="Desk", not_done="declined"),
        text_of(clerk.post(f"{HERE}release/", {"tags": thing.tag, "read_again": TAGS[100], "reason": "left"})),
        sent(clerk, f"{HERE}release/", tags=thing.tag, reason="left"),
        text_of(clerk.post(HERE, {"scan": thing.tag})),
    ]  # fmt: skip
    said += [text_of(signed_in("clerk.south").get(f"/counter/EX-SOUTH/offers/{offered.handover}/sign/"))]
    do.custody.accept(actor=who.south, handover=offered.handover, at=timezone.now())
    said += everywhere(clerk, things[2])
    said.insert(12, text_of(clerk.post(HERE, {"scan": things[1].tag})))

    assert "Registration of" in said[1]
    assert "Nobody has moved yet." in said[4]
    assert "1 resident left." in said[10]
    assert "ELSEWHERE" in said[12]
    for page in said:
        assert [word for word in OF_CUSTODY if word in page.lower()] == [], page
    slip = words_of(clerk.get(f"/papers/slip/{thing.pk}.pdf").content).lower()
    assert [word for word in OF_CUSTODY if word in slip] == []
