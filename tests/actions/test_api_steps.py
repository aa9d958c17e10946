"""The reads of the steps over real HTTP: each works, and tells nothing to those who may not know."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from doors import Door, door
from exercised import DECISION, MISSION, NOW, TRIP, told

from muster import actions as do
from muster.access.control import Actor
from muster.assistance.models import Request
from muster.demonstration.serving import serve
from muster.demonstration.telling import Cast

READS = (
    f"/requests/{MISSION}", f"/decisions/{DECISION}", f"/missions/{MISSION}",
    f"/missions/{MISSION}/picture?at=2026-11-20", f"/trips/{TRIP}", f"/requests/{MISSION}/counters",
    f"/requests/{MISSION}/changes?was=1&now=1", f"/missions/{MISSION}/strength?at=2026-11-20", f"/missions/{MISSION}/members",
)  # fmt: skip
UNREADABLE = (
    ("/requests?limit=0", "core.faulty_input"),
    (f"/requests?cursor={'x' * 61}", "core.faulty_input"),
    ("/requests?cursor=%00", "core.not_storable"),
    ("/requests/%00", "core.not_storable"),
    ("/requests?q=%00", "core.not_storable"),
    (f"/requests/{MISSION}/changes?was=1&now=many", "core.faulty_input"),
    (f"/requests/{MISSION}/counters?at=noon", "core.not_a_moment"),
    (f"/requests/{MISSION}/counters?known_at=soon", "core.not_a_moment"),
    (f"/decisions/{DECISION}?at=noon", "core.not_a_moment"),
    (f"/decisions/{DECISION}?known_at=soon", "core.not_a_moment"),
    ("/decisions/%00", "core.not_storable"),
    ("/missions?limit=many", "core.faulty_input"),
    ("/missions/%00", "core.not_storable"),
    (f"/missions/{MISSION}/picture", "core.faulty_input"),
    (f"/missions/{MISSION}/picture?at=2026-02-30", "core.not_a_moment"),
    (f"/missions/{MISSION}/picture?at=2026-02-28&known_at={'9' * 19}", "core.not_a_moment"),
    ("/missions/%00/picture?at=2026-02-28", "core.not_storable"),
    ("/trips/%00", "core.not_storable"),
    (f"/missions/{MISSION}/strength?at=noon", "core.not_a_moment"),
    (f"/missions/{MISSION}/members?known_at=soon", "core.not_a_moment"),
    ("/organisations/%00/members", "core.not_storable"),
)  # fmt: skip
V1 = "/api/v1"


@pytest.fixture
def people() -> dict[str, Actor]:
    return told()


def read(url: str, actor: Actor, path: str) -> Any:
    """What the actor is told, which must be an answer."""
    status, _, answer = door(url, actor.user).ask("GET", f"{V1}{path}")
    assert status == 200, answer
    return answer


# --- each works ---------------------------------------------------------------------


def test_requests_come_page_by_page_with_their_numbers_as_said(
    live_url: str, people: dict[str, Actor]
) -> None:
    first = Request.objects.get()
    another = {
        "id": "MA 4086 of 2012", "title": "Generators", "requester": "County", "agency_kind": "local", "asked": "ZZ-GOVERNOR",
        "state": "ZZ", "kind": "exercise", "purpose": "Power", "lines": [{"task": "T21", "words": "Power", "people": "about 5"}],
    }  # fmt: skip
    do.assistance.draft(actor=people["operations"], request=another, at="2026-11-20T10:00:00Z")

    one = read(live_url, people["operations"], "/requests?limit=1")
    two = read(live_url, people["operations"], f"/requests?limit=1&cursor={quote(one['next'])}")

    assert [r["id"] for page in (one, two) for r in page["requests"]] == [first.pk, "MA 4086 of 2012"]
    assert two["next"] is None
    assert [line["people"]["said"] for line in one["requests"][0]["lines"]] == [
        "12", "about 8", "10", "up to 15", "4",
    ]  # fmt: skip
    assert one["requests"][0]["lines"][3]["people"] == {"said": "up to 15", "low": None, "high": 15}
    assert one["requests"][0]["state"] == "decided"


@pytest.mark.parametrize("name", ["MA 4086 of 2012", "24-0815: Öl?"])
def test_the_id_of_a_request_may_hold_a_space_or_a_sign(
    live_url: str, people: dict[str, Actor], name: str
) -> None:
    asked = {
        "id": name, "title": "Generators", "requester": "County", "agency": "EX-FIELD-OFFICE", "agency_kind": "local",
        "asked": "ZZ-GOVERNOR", "state": "ZZ", "kind": "exercise", "purpose": "Power", "lines": [{"task": "T21", "words": "Power"}],
    }  # fmt: skip
    do.assistance.draft(actor=people["operations"], request=asked, at="2026-11-20T10:00:00Z")

    assert read(live_url, people["agency"], f"/requests/{quote(name, safe='')}")["id"] == name


def test_a_request_is_told_whole(live_url: str, people: dict[str, Actor]) -> None:
    found = read(live_url, people["agency"], f"/requests/{MISSION}")

    assert {e["task"] for e in found["exclusions"]} == {"T13", "T14"}
    assert [step["state"] for step in found["steps"]] == [
        "draft", "submitted", "validated", "in_review", "decided",
    ]  # fmt: skip
    numbers = [step["known_at"] for step in found["steps"]]
    assert numbers == sorted(set(numbers))
    assert found["assessment"]["status"] == "T32-502f1A"
    assert numbers[2] < found["assessment"]["known_at"] < numbers[3]
    assert [finding["line"] for finding in found["assessment"]["findings"]] == [1, 2, 3, 4, 5]
    assert [(d["id"], d["outcome"]) for d in found["decisions"]] == [(DECISION, "approved_with_limits")]


def test_a_request_tells_its_versions_what_changed_and_what_it_stands_by(
    live_url: str, people: dict[str, Actor]
) -> None:
    center, agency = people["operations"], people["agency"]
    name, asked = "EX-BEDS-1", {
        "id": "EX-BEDS-1", "title": "Beds", "kind": "exercise", "requester": "Field Office", "agency": "EX-FIELD-OFFICE",
        "asked": "ZZ-GOVERNOR", "state": "ZZ", "verbal": True, "form": "rrf", "priority": "high",
        "lines": [{"words": "Beds", "people": "about 12", "resource": "shelter team"}],
    }  # fmt: skip
    document = {
        "title": "A mail",
        "text": "Beds, with priority: high",
        "passages": [{"field": "priority", "exact": "high"}],
    }
    at = "2026-11-19T12:00:00Z"
    do.assistance.draft(actor=agency, request=asked, at=at, document=document)
    do.assistance.amend(actor=agency, request=name, version=1, content=asked | {"priority": "normal"}, at=at)
    do.assistance.link(actor=center, request=name, relation="continues", to_request=MISSION)
    do.assistance.withdraw(actor=agency, request=name, code="in_error", at=at)

    found = read(live_url, agency, f"/requests/{name}")

    assert (found["version"], found["agency"], found["missing"]) == (
        2,
        "EX-FIELD-OFFICE",
        ["agency_kind", "purpose", "lines[1].task"],
    )
    assert [(v["n"], v["content"]["priority"]) for v in found["versions"]] == [(1, "high"), (2, "normal")]
    assert found["details"] == {"form": "rrf"}
    assert {"path": "lines[1].place", "label": "line 1: place", "block": "II delivery site"} in found[
        "lacking"
    ]
    assert [(each["relation"], each["other"]) for each in found["links"]] == [("continues", MISSION)]
    assert (found["paper"]["received"], found["paper"]["late_by_s"]) == (False, None)
    assert (found["documents"][0]["text"], found["passages"][0]["exact"]) == (document["text"], "high")
    assert (found["steps"][-1]["code"], found["steps"][-1]["other"], found["differences"]) == (
        "in_error",
        None,
        [],
    )
    assert found["lines"][0]["resource"] == "shelter team"
    changes = read(live_url, agency, f"/requests/{name}/changes?was=1&now=2")["changes"]
    assert changes == [{"where": "priority", "was": "high", "now": "normal"}]


def test_requests_are_searched_and_who_is_waited_for_is_told(live_url: str, people: dict[str, Actor]) -> None:
    asked = {"id": "EX-BEDS-1", "title": "Beds", "kind": "exercise", "asked": "ZZ-GOVERNOR", "state": "ZZ"}
    do.assistance.draft(actor=people["operations"], request=asked, at="2026-11-19T12:00:00Z")

    def ids(q: str) -> list[str]:
        return [each["id"] for each in read(live_url, people["operations"], f"/requests?q={q}")["requests"]]

    assert (ids("beds"), ids("in-processing"), ids("zeppelin")) == (["EX-BEDS-1"], [MISSION], [])
    (one,) = read(live_url, people["operations"], "/waiting")["waiting"]
    assert (one["request"], one["what"], one["since"]) == (
        "EX-BEDS-1",
        "to submit it",
        "2026-11-19T12:00:00+00:00",
    )
    assert read(live_url, people["elsewhere"], "/waiting") == {"waiting": []}


def test_the_counters_of_a_request_are_told_line_by_line(live_url: str, people: dict[str, Actor]) -> None:
    path = f"/requests/{MISSION}/counters?at={NOW:%Y-%m-%dT%H:%M:%SZ}"

    found = read(live_url, people["agency"], path)

    assert [(one["task"], one["asked"]["said"], one["authorised"]["said"], one["tasked"]) for one in found["lines"]] == [
        ("T01", "12", "up to 40", 12), ("T02", "about 8", "up to 40", 8), ("T04", "10", "up to 10", 10),
        ("T08", "up to 15", "up to 40", 8), ("T06", "4", "up to 40", 0),
    ]  # fmt: skip
    early = read(live_url, people["agency"], f"{path}&known_at=3")["lines"][0]
    assert (early["authorised"], early["tasked"], early["checked_in"]) == (None, 0, None)


def test_a_decision_says_what_is_in_force_at_a_moment_as_it_was_known(
    live_url: str, people: dict[str, Actor]
) -> None:
    before = read(live_url, people["governor"], f"/decisions/{DECISION}")
    do.decisions.suspend(
        actor=people["governor"], decision=DECISION, reason="A review", effective_at="2026-11-18T12:00:00Z"
    )

    def at(when: str) -> Any:
        return read(live_url, people["oversight"], f"/decisions/{DECISION}?{when}")

    after, then = at("at=2026-11-18"), at(f"at=2026-11-18&known_at={before['known_at']}")
    early = at("at=2026-11-01")

    assert (after["in_force"]["why"], after["in_force"]["since"]) == (
        "suspended",
        "2026-11-18T12:00:00+00:00",
    )
    assert (
        after["at"] == "2026-11-19T05:59:59.999999+00:00"
    )  # the day ends where the decision counts its days
    assert [version["kind"] for version in after["versions"]] == ["issued", "suspended"]
    assert (then["in_force"]["why"], len(then["versions"])) == (None, 1)
    assert then["in_force"]["limits"]["people_max"] == then["versions"][0]["limits"]["people_max"] == 40
    assert early["in_force"] == {"limits": None, "why": "not_issued", "since": None}


def test_missions_come_page_by_page(live_url: str, people: dict[str, Actor]) -> None:
    do.missions.open_mission(
        actor=people["operations"], decision=DECISION, mission="EX-2", title="A second one", organisation="EX-GUARD",
        at="2026-11-20T10:00:00Z",
    )  # fmt: skip

    one = read(live_url, people["oversight"], "/missions?limit=1")
    two = read(live_url, people["oversight"], f"/missions?limit=1&cursor={one['next']}")

    assert [m["id"] for page in (one, two) for m in page["missions"]] == ["EX-2", MISSION]
    assert (one["missions"][0]["drill"], two["next"]) == (True, None)


def test_a_mission_says_how_much_of_its_limits_the_tasks_use(
    live_url: str, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("muster.api.steps.timezone.now", lambda: NOW)

    found = read(live_url, people["operations"], f"/missions/{MISSION}")

    assert found["decision"] == DECISION
    assert found["in_force"]["why"] is None
    assert [task["people"]["said"] for task in found["tasks"]] == ["12", "about 8", "10", "up to 8"]
    assert {(h["limit"], h["of"]): (h["used"], h["most"]) for h in found["headroom"]} == {
        ("people_max", ""): (38, 40), ("people_max_by_task", "T04"): (10, 10), ("vehicles_max", ""): (7, 8),
    }  # fmt: skip


def test_a_picture_opens_each_figure_down_to_its_evidence(live_url: str, people: dict[str, Actor]) -> None:
    when = f"/missions/{MISSION}/picture?at=2026-11-20"
    found = read(live_url, people["oversight"], when)
    first = read(live_url, people["oversight"], f"{when}&known_at=3")

    said = {(figure["metric"], figure["place"]): figure for figure in found["figures"]}
    assert said["persons_in_custody", "all"]["said"] == "117"
    assert said["people_tasked", "all"]["evidence"] == [f"task {MISSION}-T{n}" for n in (1, 2, 3, 4)]
    assert {figure["metric"] for figure in first["figures"]} == {"requested"}
    assert (found["mission"], first["known_at"]) == (MISSION, 3)


def test_a_trip_says_who_signs_and_what_happened_and_names_nobody_aboard(
    live_url: str, people: dict[str, Actor]
) -> None:
    found = read(live_url, people["custodian"], f"/trips/{TRIP}")

    assert (found["state"], found["custodian"], found["seats"], found["aboard"]) == (
        "closed",
        "custodian",
        12,
        0,
    )
    assert [(event["kind"], event["aboard"]) for event in found["events"]] == [
        ("planned", 0), ("custodian", 0), ("departed", 10), ("arrived", 10), ("closed", 0),
    ]  # fmt: skip
    assert all(event["known_at"] for event in found["events"])


def test_the_clerk_of_the_site_that_a_trip_leaves_sees_it_and_the_mission_does_not_open_to_them(
    live_url: str, people: dict[str, Actor]
) -> None:
    clerk = door(live_url, people["clerk.north"].user)

    assert clerk.ask("GET", f"{V1}/trips/{TRIP}")[0] == 200
    assert clerk.ask("GET", f"{V1}/missions/{MISSION}")[0] == 404


# --- and tells nothing to those who may not know ------------------------------------


@pytest.mark.parametrize("path", ["/requests", "/missions", *READS])
def test_who_is_not_signed_in_reads_nothing(live_url: str, path: str) -> None:
    status, media, answer = Door(live_url, None).ask("GET", V1 + path)

    assert (status, media, answer["code"]) == (401, "application/problem+json", "access.not_signed_in")


def test_what_is_not_yours_reads_like_what_is_not_there(live_url: str, people: dict[str, Actor]) -> None:
    elsewhere, mine = (door(live_url, people[name].user) for name in ("elsewhere", "oversight"))

    assert elsewhere.ask("GET", f"{V1}/requests")[2] == {"requests": [], "next": None}
    assert elsewhere.ask("GET", f"{V1}/missions")[2] == {"missions": [], "next": None}
    for path in READS:
        kept = elsewhere.ask("GET", V1 + path)
        absent = mine.ask("GET", V1 + path.replace("EX-PROCESSING-1", "EX-NOTHING-1"))
        assert (kept[0], kept[2]["code"]) == (404, "core.not_found"), path
        assert kept[2]["detail"].replace("EX-PROCESSING-1", "EX-NOTHING-1") == absent[2]["detail"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/requests/a%0Ab"), ("GET", "/nothing"), ("POST", "/acts/custody/vanish")]
)
def test_an_address_that_is_not_there_is_a_problem_too(live_url: str, method: str, path: str) -> None:
    status, media, answer = Door(live_url, None).ask(method, V1 + path, {})

    assert (status, media, answer["code"]) == (404, "application/problem+json", "api.no_such_path")


def test_what_cannot_be_read_is_a_problem(live_url: str, people: dict[str, Actor]) -> None:
    asker = door(live_url, people["oversight"].user)

    for path, code in UNREADABLE:
        status, media, answer = asker.ask("GET", V1 + path)
        assert (status, media, answer["code"]) == (422, "application/problem+json", code), path


def test_the_members_of_a_mission_and_its_strength_are_read(live_url: str, people: dict[str, Actor]) -> None:
    serve(Cast.drawn(NOW, 1), people["operations"])
    roll = read(live_url, people["operations"], f"/missions/{MISSION}/members?at=2026-11-21")["members"]
    found = read(live_url, people["operations"], f"/missions/{MISSION}/strength?at=2026-11-21")
    numbers = {each["word"]: each["high"] for each in found["strength"]}

    assert {one["state"] for one in roll} >= {
        "nominated",
        "assigned",
        "available",
        "released",
        "checked_out",
        "stood_down",
    }
    assert (numbers["deployed"], found["activated_never_deployed"]) == (21, 2)
    stated = read(live_url, people["operations"], "/organisations/EX-GUARD/members")["members"]
    assert {one["member"] for one in roll} <= {one["tag"] for one in stated}
    kept = door(live_url, people["elsewhere"].user).ask("GET", f"{V1}/organisations/EX-GUARD/members")
    assert (kept[0], kept[2]["code"]) == (404, "core.not_found")
