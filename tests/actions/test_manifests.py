"""Many who come together: a manifest is looked over whole, shown beside the record, and recorded in one act by who came."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from people import TAGS, People, people

from muster import actions as do
from muster.access.control import new_token
from muster.access.models import User
from muster.core.errors import FaultyInput
from muster.custody import manifests, rules
from muster.custody.models import Difference, Reference
from muster.custody.queries import present
from muster.custody.references import digest_of
from muster.ledger.models import Entry, Handover, Thing
from muster.parties.models import Site

PAGE = "/counter/EX-NORTH/manifest/"


@pytest.fixture
def who() -> People:
    return people()


def text_of(answer: Any) -> str:
    bare = re.sub(r"</?span[^>]*>", "", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", bare)).replace("&#x27;", "'")


def client(name: str = "clerk.north") -> Client:
    made = Client()
    made.force_login(User.objects.get(username=name))
    return made


def offered(who: People, tags: list[str]) -> Handover:
    do.custody.receive(actor=who.south, site="EX-SOUTH", tags=tags, at=timezone.now() - timedelta(hours=3))
    made = do.custody.offer(actor=who.south, giver="EX-SOUTH", receiver="EX-NORTH", tags=tags).answer
    return Handover.objects.get(pk=made.handover)


def lines(*tags: str, giver: str = "") -> str:
    return "tag,from\n" + "\n".join(f"{tag},{giver}" for tag in tags)


def record(who: People, manifest: str, *came: str) -> Any:
    return do.manifests.receive_manifest(
        actor=who.north, site="EX-NORTH", manifest=manifest, came=list(came), at=timezone.now()
    )  # fmt: skip


def test_sixty_are_recorded_in_one_act_and_who_did_not_come_stays_with_the_giver(who: People) -> None:
    offer = offered(who, TAGS[:50])

    done = record(who, lines(*TAGS[:60], giver="EX-AGENCY"), *TAGS[:48], *TAGS[50:60])

    told = done.answer
    assert (len(told.accepted), len(told.received), told.missing) == (48, 10, sorted(TAGS[48:50]))
    assert (told.waiting, told.not_come, told.reported) == ([], [], {})
    assert (present("EX-NORTH").count(), present("EX-SOUTH").count()) == (58, 2)
    assert set(Entry.objects.filter(receiver__site="EX-NORTH").values_list("act", flat=True)) == {done.act}
    assert Difference.objects.filter(kind="discrepancy").count() == 2
    offer.refresh_from_db()
    assert offer.state == "accepted"
    assert do.undoing.undo(actor=who.north, recorded=done.act).answer.corrections == 58
    assert present("EX-SOUTH").count() == 50


def test_who_stands_on_an_offer_of_which_nobody_came_waits_and_bags_come_with_their_person(
    who: People,
) -> None:
    offered(who, TAGS[:2])
    do.custody.receive(
        actor=who.south, site="EX-SOUTH", tags=TAGS[2:4], at=timezone.now() - timedelta(hours=3)
    )
    do.property.take_in(
        actor=who.south, site="EX-SOUTH", person=TAGS[2], bags_in=[{"tag": TAGS[70], "kind": "baggage"}],
        at=timezone.now() - timedelta(hours=2),
    )  # fmt: skip
    do.custody.offer(actor=who.south, giver="EX-SOUTH", receiver="EX-NORTH", tags=TAGS[2:4])

    told = record(who, "\n".join([*TAGS[:4], TAGS[9]]), TAGS[2]).answer

    assert (told.accepted, told.missing) == ([TAGS[2], TAGS[70]], [TAGS[3]])
    assert (told.waiting, told.not_come) == (TAGS[:2], [TAGS[9]])
    assert Handover.objects.filter(state="offered").count() == 1


def test_every_fault_of_a_list_is_told_by_row_and_nobody_is_recorded(who: People) -> None:
    site = Site.objects.get(pk="EX-NORTH")
    record(who, TAGS[0], TAGS[0])
    with_act = Thing.objects.get(tag=TAGS[0])
    Reference.objects.create(act=with_act.act, site=site, digest=digest_of(site, "123456789"), thing=with_act)
    known = manifests.read_manifest(site, "reference\n123456789")
    assert [(each.row, each.tag) for each in known] == [(2, TAGS[0])]
    wrong = "\n".join([
        "tag,reference,from", "5PR-MAP-4,,", f"{TAGS[1]},,", ",999999999,", f"{TAGS[1]},,", ",,", f"{TAGS[2]},,NOBODY",
        f"{TAGS[3]},123456789,",
    ])  # fmt: skip

    with pytest.raises(FaultyInput) as told:
        record(who, wrong, TAGS[2])

    assert [(fault.row, fault.column, fault.code) for fault in told.value.faults] == [
        (2, "tag", "core.tag_misread"), (3, "tag", "custody.tag_twice"), (4, "reference", "core.not_found"),
            (5, "tag", "custody.tag_twice"),
        (6, "tag", "custody.no_tags"), (7, "from", "core.not_found"), (8, "reference", "custody.tag_differs"),
    ]  # fmt: skip
    assert "999999999" not in str(told.value.faults)
    assert present("EX-NORTH").count() == 1
    with pytest.raises(FaultyInput, match="The list is empty"):
        record(who, " \n", TAGS[2])
    with pytest.raises(FaultyInput, match="colour"):
        record(who, "tag,colour\nA,B", TAGS[2])
    with pytest.raises(FaultyInput) as bare:
        record(who, f"{TAGS[5]}\n{TAGS[6]}\nABC", TAGS[5])
    assert bare.value.faults[0].row == 3


def test_who_is_ticked_and_not_listed_or_here_already_is_refused(who: People) -> None:
    with pytest.raises(manifests.NotOnManifest):
        record(who, TAGS[0], TAGS[1])
    with pytest.raises(rules.NoTags):
        record(who, TAGS[0])
    record(who, TAGS[0], TAGS[0])
    with pytest.raises(rules.AlreadyHere):
        record(who, lines(*TAGS[:2]), *TAGS[:2])
    assert present("EX-NORTH").count() == 1


def test_the_page_shows_the_list_beside_the_record_with_nobody_ticked_and_one_click_ticks_who_was_offered(
    who: People,
) -> None:
    offered(who, TAGS[:3])
    do.custody.receive(
        actor=who.south, site="EX-SOUTH", tags=TAGS[10:11], at=timezone.now() - timedelta(hours=1)
    )
    record(who, TAGS[20], TAGS[20])
    text = "\n".join([*TAGS[:2], TAGS[10], TAGS[20], TAGS[30]])
    clerk = client()
    assert "The list" in text_of(clerk.get(PAGE))

    shown = clerk.post(PAGE, {"step": "look", "file": SimpleUploadedFile("bus.csv", text.encode())})

    page = text_of(shown)
    for words in (
        "Expected: 2",
        "Unexpected: 1",
        "Elsewhere by the record: 1",
        f"Already in: 1 They are not received again. {TAGS[20]}",
    ):
        assert words in page
    assert f"On the same offers, and not on the list: {TAGS[2]}." in page
    assert " checked" not in shown.content.decode()
    ticked = clerk.post(PAGE, {"step": "all", "manifest": text}).content.decode()
    assert ticked.count(" checked>") == 2
    assert "Not recorded. Nothing was saved." in text_of(
        clerk.post(PAGE, {"step": "record", "manifest": text})
    )
    key = str(uuid4())
    sent = {"step": "record", "manifest": text, "came": [*TAGS[:2], TAGS[10]], "key": key}
    page = text_of(clerk.post(PAGE, sent, follow=True))
    assert (
        "2 signed for. 1 kept as a report, which somebody must settle. 1 did not come and stay with the giver"
        in page
    )
    assert "Not ticked, and as before: 1." in page
    assert "What is wrong with the list" in text_of(
        clerk.post(PAGE, {"step": "look", "manifest": "tag\nABC"})
    )
    latin = SimpleUploadedFile("bus.csv", "tag\nà".encode("latin-1"))
    assert "not UTF-8 text" in text_of(clerk.post(PAGE, {"step": "look", "file": latin}))
    assert client("clerk.south").get(PAGE).status_code == 404


def test_the_api_gives_the_dry_run_and_keeps_nothing(who: People) -> None:
    offer = offered(who, TAGS[:2])

    def asked(name: str, manifest: str) -> Any:
        token = new_token(User.objects.get(username=name))
        body = json.dumps({"manifest": manifest})
        return Client().post(
            "/api/v1/manifests/EX-NORTH", body, content_type="application/json", headers={"authorization": f"Bearer {token}"}
        )  # fmt: skip

    told = asked("clerk.north", f"{TAGS[0]}\n{TAGS[9]}").json()

    assert [(line["row"], line["state"], line["handover"]) for line in told["lines"]] == [
        (1, "offered", str(offer.pk)), (2, "unexpected", None),
    ]  # fmt: skip
    assert told["not_listed"] == [TAGS[1]]
    assert (asked("clerk.south", TAGS[0]).status_code, asked("center", TAGS[0]).status_code) == (404, 403)
    assert asked("clerk.north", "ABC\n").status_code == 422
    assert not present("EX-NORTH").exists()
