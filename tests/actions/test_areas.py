"""Areas of a site, what they hold by day, who is where, and what that is against: kept always, a difference where it breaks a rule."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from people import TAGS, People, at, people
from typer.testing import CliRunner

from muster import actions as do
from muster.access.control import NotPermitted, new_token
from muster.access.models import User
from muster.cli.main import app
from muster.core.errors import FaultyFile, FaultyInput, NotFound
from muster.core.times import NotHappenedYet
from muster.custody.areas import AreaTwice, EndsBefore, InServiceAgain, import_areas
from muster.custody.models import Area, Difference, Placement
from muster.custody.placing import PlacedBeforeArrival
from muster.custody.rules import NotHeldHere
from muster.custody.space import SiteSpace, free_of, persons, space
from muster.ledger.models import Entry
from muster.ledger.queries import latest_known
from muster.parties.models import Site

HERE = sorted(TAGS[:6])
DAY = date(2026, 3, 1)  # of the site; at(0) is 06:00 there
FIRST = {"valid_from": "2026-01-01"}
ROOM = {"area": "H-1", "name": "Hold room 1", "kind": "hold_room", "usable": 3, **FIRST}
BUNKS = {"area": "D-1", "name": "Dormitory", "kind": "housing", "usable": 20, "rated": 24, **FIRST}


@pytest.fixture
def who() -> People:
    made = people()
    do.custody.receive(actor=made.north, site="EX-NORTH", tags=HERE, at=at(-5))
    state(made, ROOM, BUNKS)
    return made


def state(who: People, *areas: dict[str, Any]) -> Any:
    return do.areas.state_areas(actor=who.center, site="EX-NORTH", areas=list(areas)).answer


def place(who: People, tags: list[str], area: str, hours: float) -> Any:
    return do.placing.place(actor=who.north, site="EX-NORTH", tags=tags, area=area, at=at(hours)).answer


def free(hours: float | None = None, known_at: int | None = None) -> SiteSpace:
    north = Site.objects.get(code="EX-NORTH")
    moment = None if hours is None else at(hours)
    return space([north], at=moment, known_at=known_at)["EX-NORTH"]


def counts(found: SiteSpace) -> dict[str, int]:
    return {each.area.code: each.placed for each in found.areas} | {"none": found.not_placed}


def opened(kind: str) -> list[str]:
    return list(Difference.objects.filter(kind=kind).order_by("id").values_list("words", flat=True))


def test_free_space_is_what_is_posted_less_who_is_there_and_who_is_nowhere_is_counted_apart(
    who: People,
) -> None:
    entries = Entry.objects.count()
    place(who, HERE[:2], "H-1", -4)
    place(who, HERE[2:5], "D-1", -4)

    found = free()
    assert counts(found) == {"D-1": 3, "H-1": 2, "none": 1}
    assert [(each.area.code, each.free, each.over) for each in found.areas] == [("D-1", 17, 0), ("H-1", 1, 0)]
    assert (found.capacity, found.present, found.free) == (23, 6, 17)
    assert Entry.objects.count() == entries  # the site stays the holder


@pytest.mark.parametrize(("hours", "capacity"), [(-6.01, 20), (-6, 14), (65.99, 14), (66, 20)])
def test_what_is_out_of_service_counts_on_its_first_day_and_its_last(
    who: People, hours: float, capacity: int
) -> None:
    """Days begin and end at the site: noon here is 06:00 there."""
    do.areas.take_out_of_service(
        actor=who.north, site="EX-NORTH", area="D-1", places=6, valid_from=DAY, valid_to=date(2026, 3, 3), reason="Burst pipe"
    )  # fmt: skip

    (bunks, _) = free(hours, latest_known()).areas
    assert bunks.capacity == capacity


def test_what_is_out_without_an_end_is_out_until_it_is_put_back(who: People) -> None:
    out = do.areas.take_out_of_service(
        actor=who.center, site="EX-NORTH", area="H-1", valid_from=DAY, reason="No heating"
    ).answer.out
    known = latest_known()
    assert [(each.capacity, each.out) for each in free().areas] == [(20, 0), (0, 3)]

    do.areas.put_in_service(actor=who.north, out=out, again_from=date(2026, 3, 2))
    assert [each.capacity for each in free(hours=6, known_at=latest_known()).areas] == [20, 0]
    assert [each.capacity for each in free(hours=24, known_at=latest_known()).areas] == [20, 3]
    assert [each.capacity for each in free(hours=24, known_at=known).areas] == [20, 0]
    with pytest.raises(InServiceAgain):
        do.areas.put_in_service(actor=who.north, out=out, again_from=date(2026, 3, 2))


def test_more_places_out_than_there_are_leave_none_and_not_fewer(who: People) -> None:
    for _ in range(2):
        do.areas.take_out_of_service(
            actor=who.north, site="EX-NORTH", area="H-1", places=2, valid_from=DAY, reason="Wet floor"
        )

    assert [each.capacity for each in free().areas] == [20, 0]


def test_a_later_statement_of_a_day_corrects_and_the_older_reading_stays_known(who: People) -> None:
    known = latest_known()
    state(
        who, ROOM | {"usable": 5, "name": "Hold room one"}, BUNKS | {"valid_from": "2026-04-01", "usable": 1}
    )

    (bunks, room) = free().areas
    assert (room.stated.name, room.capacity, bunks.capacity) == ("Hold room one", 5, 1)  # April is past
    assert [each.capacity for each in free(hours=0, known_at=latest_known()).areas] == [20, 5]
    assert [each.capacity for each in free(hours=0, known_at=known).areas] == [20, 3]


def test_where_somebody_was_is_told_as_of_any_moment_as_known_at_any_act(who: People) -> None:
    place(who, HERE[:1], "H-1", -4)
    known = latest_known()
    place(who, HERE[:1], "D-1", -2)
    place(who, HERE[:1], "D-1", -3)  # told late

    latest = latest_known()
    assert counts(free(-3.5, latest)) == {"D-1": 0, "H-1": 1, "none": 5}
    assert counts(free(-3, latest)) == {"D-1": 1, "H-1": 0, "none": 5}
    assert counts(free(-2.5, known)) == {"D-1": 0, "H-1": 1, "none": 5}
    place(who, HERE[:1], "", -3)  # the same moment again: it was a mistake
    assert counts(free(-2.5, latest_known())) == {"D-1": 0, "H-1": 0, "none": 6}
    assert counts(free()) == {"D-1": 1, "H-1": 0, "none": 5}


def test_a_placement_ends_with_the_stint(who: People) -> None:
    place(who, HERE, "D-1", -4)
    do.custody.release(actor=who.north, site="EX-NORTH", tags=HERE[:2], at=at(-3), reason="court_order")
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=HERE[:1], at=at(-2))

    latest = latest_known()
    assert counts(free()) == {"D-1": 4, "H-1": 0, "none": 1}
    assert counts(free(-3.5, latest)) == {"D-1": 6, "H-1": 0, "none": 0}
    assert counts(free(-2.5, latest)) == {"D-1": 4, "H-1": 0, "none": 0}
    assert {each.tag for each in persons(["EX-NORTH"], at=at(-2.5), known_at=latest)} == set(HERE[2:])


@pytest.mark.parametrize(("number", "differences"), [(3, 0), (4, 1)])
def test_above_the_posted_capacity_is_recorded_and_a_difference(
    who: People, number: int, differences: int
) -> None:
    answer = place(who, HERE[:number], "H-1", -4)

    assert (answer.tags, answer.differences) == (HERE[:number], differences)
    assert Placement.objects.count() == number
    assert opened("over_capacity") == [
        "4 in Hold room 1 (H-1), whose posted capacity is 3 (the number stated for the area)."
    ] * differences  # fmt: skip


def test_where_a_hold_room_standard_holds_the_difference_names_the_rule_and_its_text(who: People) -> None:
    do.cases.set_standard(
        actor=who.center, site="EX-NORTH", standard="us.ice.holdroom", valid_from=date(2026, 1, 1)
    )
    state(who, ROOM | {"usable": 4, "square_feet": 51})  # 37 and twice 7: three persons
    place(who, HERE[:5], "H-1", -4)

    floor, posted = opened("over_capacity")
    assert (
        "whose 51 sq ft of floor allow 3 (HOLD-06, PBNDS 2.6 (p. 116 in the 2013 edition), not verified)"
        in floor
    )
    assert "whose posted capacity is 4 (HOLD-06, PBNDS 2.6" in posted


@pytest.mark.parametrize(("persons_there", "differences"), [(3, 0), (4, 1)])
def test_a_court_s_square_feet_hold_where_its_order_is_stated(
    who: People, persons_there: int, differences: int
) -> None:
    """Custody-standards.md, engine test 8: 160 sq ft usable at 50 each are three persons."""
    for standard in ("us.ice.holdroom", "HOLD-02NY"):
        do.cases.set_standard(
            actor=who.center, site="EX-NORTH", standard=standard, valid_from=date(2026, 1, 1)
        )
    state(who, ROOM | {"usable": 10, "square_feet": 160})
    place(who, HERE[:persons_there], "H-1", -4)

    told = opened("over_capacity")
    assert len(told) == differences
    assert all("allow 3 (HOLD-02NY-SPACE, Barco Mercado v. Noem" in words for words in told)


def test_what_cannot_be_meant_is_refused_with_what_to_do(who: People) -> None:
    with pytest.raises(NotHeldHere):
        place(who, [TAGS[50]], "H-1", -4)
    with pytest.raises(PlacedBeforeArrival, match=r"not here yet at that time"):
        place(who, HERE[:1], "H-1", -5.01)
    with pytest.raises(NotFound):
        place(who, HERE[:1], "H-9", -4)
    with pytest.raises(NotHappenedYet):
        place(who, HERE[:1], "H-1", 24 * 3650)
    with pytest.raises(AreaTwice, match="H-1"):
        state(who, ROOM, ROOM)
    with pytest.raises(AreaTwice, match="no area is stated"):
        state(who)
    with pytest.raises(FaultyInput):
        state(who, ROOM | {"kind": "dungeon"})
    with pytest.raises(EndsBefore):
        do.areas.take_out_of_service(
            actor=who.north, site="EX-NORTH", area="H-1", valid_from=DAY, valid_to=date(2026, 2, 28), reason="Wet floor"
        )  # fmt: skip
    assert Placement.objects.count() == 0


def test_clerks_place_and_do_not_state_what_an_area_holds(who: People) -> None:
    with pytest.raises(NotPermitted):
        do.areas.state_areas(actor=who.north, site="EX-NORTH", areas=[ROOM])
    with pytest.raises(NotFound):
        do.placing.place(actor=who.south, site="EX-NORTH", tags=HERE[:1], area="H-1", at=at(-4))


def test_a_file_of_areas_is_stated_in_one_act_and_told_with_every_fault(who: People) -> None:
    head = b"area,name,kind,valid_from,usable,rated,square_feet\n"
    good = b"S-1,Shelter floor,shelter,2026-03-01,50,,1000\nH-1,Hold room 1,hold_room,2026-03-01,4,6,\n"
    answer = import_areas(io.BytesIO(head + good), actor=who.center, site="EX-NORTH", name="areas.csv")
    assert (answer["rows"], answer["kept"], answer["notices"]) == (2, 2, {"new_areas": 1})
    assert [each.capacity for each in free().areas] == [20, 4, 50]

    bad = b"S 1,,yard,soon,-1,x,\nH-2,Hold room 2,hold_room,2026-03-01,4,,\nH-2,Again,hold_room,2026-03-01,4,,\n"
    with pytest.raises(FaultyFile) as told:
        import_areas(io.BytesIO(head + bad), actor=who.center, site="EX-NORTH", name="areas.csv")
    assert [(fault.row, fault.column) for fault in told.value.faults] == [
        (2, "area"), (2, "name"), (2, "kind"), (2, "valid_from"), (2, "usable"), (2, "rated"), (4, "area"),
    ]  # fmt: skip
    assert not Area.objects.filter(code="H-2").exists()


def test_the_command_line_states_the_areas_of_a_file(
    who: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "areas.csv"
    file.write_text(
        "area,name,kind,valid_from,usable,rated,square_feet\nS-1,Shelter floor,shelter,2026-03-01,50,,\n"
    )
    monkeypatch.setenv("MUSTER_TOKEN", new_token(User.objects.get(username="center")))
    done = CliRunner().invoke(app, ["import", "areas", str(file), "--site", "EX-NORTH", "--json"])

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["notices"] == {"new_areas": 1}
    assert Area.objects.filter(code="S-1").exists()


def test_the_api_s_answer_tells_every_area_in_numbers(who: People) -> None:
    place(who, HERE[:4], "H-1", -4)
    told = free_of(Site.objects.get(code="EX-NORTH"), at="2026-03-01")

    assert (told["capacity"], told["present"], told["free"], told["not_placed"]) == (23, 6, 17, 2)
    assert told["areas"][1] == {
        "area": "H-1", "name": "Hold room 1", "kind": "hold_room", "rated": None, "usable": 3, "out_of_service": 0,
        "square_feet": None, "placed": 4, "free": 0, "over": 1,
    }  # fmt: skip


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_page_shows_what_a_placement_is_against_before_it_is_recorded(who: People) -> None:
    client, typed = (
        signed_in("clerk.north"),
        {"tag": HERE[:3], "tags": HERE[3], "area": "H-1", "at": "2026-03-01 02:00"},
    )
    asked = client.post("/counter/EX-NORTH/areas/none/", typed).content.decode()

    assert "Look first: nothing is recorded yet" in asked
    assert "4 in Hold room 1 (H-1), whose posted capacity is 3" in asked
    assert len(re.findall(" checked", asked)) == 3
    assert Placement.objects.count() == 0
    seen = re.search('name="seen" value="(.*?)"', asked)
    assert seen
    more = {**typed, "tags": "\n".join(HERE[3:5]), "seen": seen[1]}
    again = client.post("/counter/EX-NORTH/areas/none/", more).content.decode()
    assert "5 in Hold room 1 (H-1)" in again  # another list than the one that was shown
    done = client.post(
        "/counter/EX-NORTH/areas/none/", {**typed, "seen": seen[1]}, follow=True
    ).content.decode()
    assert "4 persons are in H-1. 1 difference is open, to be settled." in done
    assert (Placement.objects.count(), len(opened("over_capacity"))) == (4, 1)
    assert "1 over capacity" in signed_in("center").get("/board/").content.decode()


def test_pages_state_areas_and_what_is_out_of_service(who: People) -> None:
    center, page = signed_in("center"), "/counter/EX-NORTH/areas/"
    typed = {
        "area": "M-1",
        "name": "Sick bay",
        "kind": "medical",
        "valid_from": "2026-01-01",
        "usable": "4",
        "rated": "",
        "square_feet": "",
    }
    assert "M-1 is a new area." in center.post(page + "state/", typed, follow=True).content.decode()
    assert (
        "stated anew" in center.post(page + "state/", typed | {"usable": "5"}, follow=True).content.decode()
    )
    wrong = center.post(page + "state/", typed | {"area": "M 1"})
    assert wrong.status_code == 422
    assert (
        center.post(
            page + "in/M-1/out/",
            {"valid_from": "2026-03-02", "valid_to": "2026-03-01", "reason": "Wet floor"},
        ).status_code
        == 422
    )
    done = center.post(page + "in/M-1/out/", {"valid_from": "2026-03-01", "reason": "Wet floor"}, follow=True)
    (link,) = re.findall('href="(.*?/back/)"', done.content.decode())
    assert "in service again" in center.post(link, {"again_from": "2026-03-02"}, follow=True).content.decode()
    assert center.post(link, {"again_from": "2026-03-02"}).status_code == 409
    assert center.get(page + "?at=soon").content.decode().count("usa-error-message") == 1
    assert signed_in("clerk.north").get(page + "state/").status_code == 403
    assert signed_in("clerk.south").get(page).status_code == 404
    assert (
        "No area of this site is stated"
        in signed_in("clerk.south").get("/counter/EX-SOUTH/areas/").content.decode()
    )


def test_the_api_reads_the_free_space_of_the_sites_that_the_asker_sees(who: People) -> None:
    told = signed_in("clerk.north").get("/api/v1/sites/EX-NORTH/space", {"at": "2026-03-01"}).json()
    assert (told["capacity"], told["not_placed"], [each["area"] for each in told["areas"]]) == (
        23,
        6,
        ["D-1", "H-1"],
    )
    assert signed_in("clerk.south").get("/api/v1/sites/EX-NORTH/space").status_code == 404
