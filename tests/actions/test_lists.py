"""Daily custody lists, taken in for real: each list's own count comes back exactly at its own act."""

import csv
import io
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connections
from django.test import Client
from people import TAGS, People, at, people

from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.core.errors import FaultyFile, NotFound
from muster.core.tags import make_tag
from muster.core.times import end_of_day, zone
from muster.custody import actions, lists, references
from muster.custody.models import Difference, ListTaken, Settled
from muster.custody.queries import open_differences
from muster.custody.rosters import Admission, Line, ListOutOfOrder, RosterList
from muster.custody.rules import AlreadySettled
from muster.ledger import queries
from muster.ledger.exporting import export
from muster.ledger.models import Entry
from muster.parties.models import Site
from muster.record.models import Act

SHARED = Path(os.environ.get("MUSTER_SHARED", Path(__file__).parents[3] / "shared")) / "data"
NEW_YORK = zone("America/New_York")
HEADER = "roster_date,person,admitted_at\n"


@pytest.fixture
def administrator() -> Actor:
    user = User.objects.create_user("administrator")
    Grant.objects.create(user=user, role="administrator")
    return actor_of(user)


def take_in(actor: Actor, text: str, **more: Any) -> dict[str, Any]:
    source = io.BytesIO((HEADER + text).encode())
    return lists.import_rosters(
        source, actor=actor, **{"site": "NYC", "zone": "America/New_York", "name": "lists.csv"} | more
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared sample data is not beside the project")
def test_every_one_of_44_real_lists_is_counted_exactly_at_its_own_act(
    administrator: Actor, tmp_path: Path
) -> None:
    real = SHARED / "custody_rosters.csv"
    with (SHARED / "custody_sample_totals.csv").open(newline="") as file:
        published = {row["roster_date"]: int(row["persons"]) for row in csv.DictReader(file)}

    def run() -> dict[str, object]:
        return lists.import_rosters(
            real, actor=administrator, site="NYC", zone="America/New_York", name=real.name
        )

    answer = run()
    tokens = {entry["date"]: entry["known_at"] for entry in answer["lists"]}  # type: ignore[attr-defined]

    assert answer["rows"] == 73_943
    assert {entry["date"]: entry["persons"] for entry in answer["lists"]} == published  # type: ignore[attr-defined]
    ends = {day: end_of_day(date.fromisoformat(day), NEW_YORK) for day in published}
    assert {day: queries.census(ends[day], tokens[day]).total for day in published} == published

    # What is known today of the same days differs where later lists corrected it, and the notices say why.
    now = queries.latest_known()
    assert {day: queries.census(ends[day], now).total for day in published} != published
    notices = {
        "hole": 23,
        "out_and_in_between_lists": 22,
        "rewritten_admission": 1,
        "came_back": 56,
        "late_entry": 15,
    }
    assert answer["notices"] == notices | {"first_list": 1, "missing_list": 1, "repeated_hour": 3}
    # Where lists contradict one another somebody has to look.
    contradictions = open_differences(["NYC"])
    opened = Counter(contradictions.values_list("kind", flat=True))
    assert opened == {"list_hole": 23, "out_and_in": 22, "list_rewritten": 1}
    assert not any(
        "P0" in each.words for each in contradictions
    )  # by tag, and not by the reference of the list

    # A second run gives the first tokens and writes nothing.
    acts = Act.objects.count()
    assert run() == answer
    assert Act.objects.count() == acts

    # Recomputed from the exported entries alone, without the database.
    export(tmp_path)
    with (tmp_path / "entries.csv").open(newline="") as file:
        exported = list(csv.DictReader(file))
    for day, persons in published.items():
        legs = [
            (entry["receiver"] == "NYC") - (entry["giver"] == "NYC")
            for entry in exported
            if entry["happened_at"] <= ends[day].isoformat() and int(entry["known_at"]) <= tokens[day]
        ]
        assert sum(legs) == persons, day


def test_a_dry_run_plans_and_writes_nothing(administrator: Actor) -> None:
    answer = take_in(administrator, "2018-03-01,P1,2018-02-28T10:00\n", dry_run=True)

    assert answer["lists"] == [{"date": "2018-03-01", "persons": 1, "known_at": None}]
    assert not Site.objects.exists()
    assert not Act.objects.exists()


def without_tokens(answer: dict[str, Any]) -> dict[str, Any]:
    tokens = [{**token, "known_at": None} for token in answer["lists"]]
    return answer | {"kept": 0, "lists": tokens}


def test_a_dry_run_says_what_the_real_run_says_of_what_is_new_and_gives_first_tokens_of_what_is_not(
    administrator: Actor,
) -> None:
    first = "2018-03-01,P1,2018-02-28T10:00\n2018-03-01,P2,2018-02-28T10:00\n"
    more = "2018-03-02,P2,2018-02-28T10:00\n2018-03-04,P1,2018-02-28T10:00\n"
    take_in(administrator, first)
    acts = Act.objects.count()

    planned = take_in(administrator, first + more, dry_run=True)
    assert Act.objects.count() == acts
    done = take_in(administrator, first + more)

    assert done["notices"] == {"first_list": 1, "hole": 1, "missing_list": 1}
    assert planned["lists"][0] == done["lists"][0]
    assert [token["known_at"] for token in planned["lists"][1:]] == [None, None]
    assert without_tokens(planned) == without_tokens(done)


def test_a_dry_run_compares_a_list_of_a_site_kept_by_muster_and_opens_no_difference(
    administrator: Actor, north: People
) -> None:
    planned = observe(administrator, TAGS[0], "P77", dry_run=True)

    assert told() == []
    assert without_tokens(planned) == without_tokens(observe(administrator, TAGS[0], "P77"))


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_dry_run_is_refused_where_the_real_run_is(
    administrator: Actor, north: People, dry_run: bool
) -> None:
    line = "2018-03-0{},P1,2018-02-28T10:00\n"
    take_in(administrator, line.format(2))

    with pytest.raises(lists.OtherZone):
        take_in(administrator, line.format(3), zone="America/Chicago", dry_run=dry_run)
    with pytest.raises(ListOutOfOrder):
        take_in(administrator, line.format(1), dry_run=dry_run)
    with pytest.raises(lists.OtherZone):
        observe(administrator, TAGS[0], zone="America/New_York", dry_run=dry_run)
    with pytest.raises(NotPermitted):
        observe(north.north, TAGS[0], dry_run=dry_run)
    for site in ("EX-SOUTH", "NYC", "NEW"):
        with pytest.raises(NotFound):
            take_in(north.north, line.format(3), site=site, dry_run=dry_run)

    assert {taken.listed.day for taken in ListTaken.objects.all()} == {2}
    assert not Site.objects.filter(pk="NEW").exists()


def test_the_same_list_taken_in_by_two_at_once_is_taken_once_and_both_get_its_token(
    administrator: Actor,
) -> None:
    text = "2018-03-01,P1,2018-02-28T10:00\n2018-03-02,P1,2018-02-28T10:00\n"
    start = Barrier(4)

    def run(_: int) -> dict[str, Any]:
        start.wait()
        try:
            return take_in(administrator, text)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(run, range(4))

    assert others == [first] * 3
    taken, _ = ListTaken.objects.all()
    admitted = Admission(datetime(2018, 2, 28, 15, tzinfo=UTC), date(2018, 2, 28))
    roster = RosterList(taken.listed, (Line(2, "P1", admitted),))
    with pytest.raises(lists.TakenAlready):
        lists.import_list(actor=administrator, site="NYC", roster=roster)
    with pytest.raises(IntegrityError):
        ListTaken.objects.create(
            act=taken.act, site_id="NYC", listed=taken.listed, persons=1, digest=taken.digest
        )


def test_a_faulty_file_tells_every_fault_and_writes_nothing(administrator: Actor) -> None:
    with pytest.raises(FaultyFile) as told:
        take_in(
            administrator,
            "2018-03-01,P1,2018-02-28T10:00\n2018-13-01,P2,2018-02-28T10:00\n2018-03-01,,noon\n",
        )

    assert {(fault.row, fault.column) for fault in told.value.faults} >= {
        (3, "roster_date"),
        (4, "person"),
        (4, "admitted_at"),
    }
    assert not Act.objects.exists()


def test_a_list_is_not_taken_in_with_lines_left_out(administrator: Actor) -> None:
    with pytest.raises(lists.WholeLists):
        take_in(administrator, "2018-03-01,P1,noon\n", keep_good=True)


def test_a_site_that_its_people_keep_is_not_turned_over_to_its_list(
    administrator: Actor, north: People
) -> None:
    with pytest.raises(lists.KeptByMuster, match="Import the list all the same"):
        lists.keep_by_list(
            actor=administrator, site="EX-NORTH", zone="America/Chicago", since=date(2018, 3, 1)
        )


@pytest.fixture
def north() -> People:
    """Held at EX-NORTH by the record: the first three since the eve, the fourth since noon, the fifth until noon."""
    who = people()
    actions.receive(actor=who.north, site="EX-NORTH", tags=[*TAGS[:3], TAGS[4]], at=at(-24))
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[3:4], at=at(0))
    actions.release(actor=who.north, site="EX-NORTH", tags=TAGS[4:5], at=at(0), reason="bond")
    return who


def observe(actor: Actor, *persons: str, day: str = "2026-03-01", **more: object) -> dict[str, Any]:
    lines = "".join(f"{day},{person},2026-02-27T10:00\n" for person in persons)
    return take_in(actor, lines, **{"site": "EX-NORTH", "zone": "America/Chicago"} | more)


def told() -> list[tuple[str, str | None]]:
    found = open_differences(["EX-NORTH"]).exclude(kind="unoffered_arrival").select_related("thing")
    return [(difference.kind, difference.thing and difference.thing.tag) for difference in found]


def test_a_list_of_a_site_kept_by_muster_is_compared_and_writes_no_entry(
    administrator: Actor, north: People
) -> None:
    entries, acts = Entry.objects.count(), Act.objects.count()
    stranger = make_tag(1)

    answer = observe(administrator, TAGS[0], TAGS[1].lower(), "P77", stranger, "P77")

    assert (answer["rows"], answer["kept"]) == (5, 5)
    assert answer["notices"] == {"listed_not_held": 2, "held_not_listed": 1, "here_part_of_the_day": 2}
    (token,) = answer["lists"]
    assert (token["date"], token["persons"]) == ("2026-03-01", 4)
    assert token["known_at"] == queries.latest_known()
    assert (Entry.objects.count(), Act.objects.count()) == (entries, acts + 1)
    assert told() == [("listed_not_held", None), ("held_not_listed", TAGS[2])]
    unknown = Difference.objects.get(kind="listed_not_held")
    assert unknown.words == "List of 2026-03-01: the record knows nobody of rows 4, 5 of the file."
    assert Site.objects.get(pk="EX-NORTH").kept_by_list_since is None


def test_who_is_listed_at_one_site_and_held_at_another_is_a_difference_once(
    administrator: Actor, north: People
) -> None:
    actions.receive(actor=north.south, site="EX-SOUTH", tags=TAGS[5:6], at=at(-24))

    for day in ("2026-03-01", "2026-03-02"):
        answer = observe(administrator, *TAGS[:4], TAGS[5], day=day)
        assert answer["notices"]["listed_not_held"] == 1

    assert told() == [("listed_not_held", TAGS[5])]


def test_the_same_observation_again_gives_the_first_token_and_opens_nothing(
    administrator: Actor, north: People
) -> None:
    first = observe(administrator, TAGS[0])
    acts, differences = Act.objects.count(), Difference.objects.count()

    assert observe(administrator, TAGS[0]) == first
    assert (Act.objects.count(), Difference.objects.count()) == (acts, differences)


def test_whoever_may_not_import_gets_no_first_answer_either(administrator: Actor, north: People) -> None:
    observe(administrator, TAGS[0])

    with pytest.raises(NotPermitted):
        observe(north.north, TAGS[0])
    with pytest.raises(NotFound):
        observe(north.south, TAGS[0])


def test_a_site_keeps_one_zone(administrator: Actor) -> None:
    take_in(administrator, "2018-03-01,P1,2018-02-28T10:00\n")

    with pytest.raises(lists.OtherZone, match="America/New_York"):
        lists.keep_by_list(actor=administrator, site="NYC", zone="America/Chicago", since=date(2018, 3, 1))


def test_a_departure_keeps_both_bounds_and_references_are_not_kept(administrator: Actor) -> None:
    take_in(
        administrator,
        "2018-03-01,P77,2018-02-28T10:00\n2018-03-01,P2,2018-02-28T10:00\n2018-03-02,P2,2018-02-28T10:00\n",
    )

    left = Entry.objects.get(reason="not_listed")

    assert left.earliest_at
    assert left.latest_at
    assert left.earliest_at < left.happened_at < left.latest_at
    assert left.source.startswith("custody list of NYC, 2018-03-02")
    assert left.handover is None
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("custody_reference", "ledger_thing", "ledger_entry", "record_answer", "record_act"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%%P77%%'")
            assert cursor.fetchone() == (0,), table


def test_another_administrator_gets_the_first_tokens_too(administrator: Actor) -> None:
    text = "2018-03-01,P1,2018-02-28T10:00\n2018-03-02,P1,2018-02-28T10:00\n"
    first = take_in(administrator, text)
    other = User.objects.create_user("another")
    Grant.objects.create(user=other, role="administrator")

    assert take_in(actor_of(other), text) == first
    assert Act.objects.filter(name="custody.import_list").count() == 2


def test_a_tag_is_drawn_again_where_another_has_it(north: People, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter(
        [7919, 7, 7, 8, 9, 10]
    )  # that of the first person held; one twice; that of somebody else of the file
    monkeypatch.setattr("secrets.randbelow", lambda most: next(draws))

    tags = references.draw_tags(["P2", "P3", "P4"], taken=[make_tag(8)])

    assert TAGS[0] == make_tag(7919)
    assert tags == {"P2": make_tag(10), "P3": make_tag(7), "P4": make_tag(9)}


def test_an_observation_that_names_another_stranger_in_the_same_row_is_the_same_list(
    administrator: Actor, north: People
) -> None:
    """References of whom the record does not know are not kept, not even as a hash."""
    first = observe(administrator, TAGS[0], "P77")
    acts = Act.objects.count()

    assert observe(administrator, TAGS[0], "P78") == first
    assert Act.objects.count() == acts
    assert observe(administrator, TAGS[1], "P77")["lists"] != first["lists"]


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_differences_at_a_site_are_settled_together_with_one_reason_all_or_none(
    administrator: Actor, north: People
) -> None:
    observe(administrator, TAGS[5], "P77")
    rows = list(open_differences(["EX-NORTH"]).exclude(kind="unoffered_arrival").values_list("pk", flat=True))
    assert len(rows) == 4
    with pytest.raises(NotFound):
        actions.settle_many(actor=north.center, site="EX-SOUTH", differences=rows, reason="Counted by hand")
    with pytest.raises(NotPermitted):
        actions.settle_many(actor=north.north, site="EX-NORTH", differences=rows, reason="Counted by hand")
    actions.settle_many(actor=north.center, site="EX-NORTH", differences=rows[:2], reason="Counted by hand")

    with pytest.raises(AlreadySettled):
        actions.settle_many(
            actor=north.center, site="EX-NORTH", differences=rows[1:], reason="Counted by hand"
        )
    assert len(told()) == 2
    assert Settled.objects.get(difference=rows[0]).reason == "Counted by hand"


def test_the_page_of_a_list_shows_both_columns_and_settles_those_ticked_or_all(
    administrator: Actor, north: People
) -> None:
    page, center = "/counter/EX-NORTH/lists/", signed_in("center")
    assert "No list of this site was taken in yet." in center.get(page).content.decode()
    lines = "".join(f"2026-03-01,{person},2026-02-27T10:00\n" for person in (TAGS[5], "P77"))
    sent = SimpleUploadedFile("lists.csv", (HEADER + lines).encode())
    done = signed_in("administrator").post(page + "file/", {"file": sent}, follow=True)
    assert "1 list taken in" in done.content.decode()
    assert center.post(page + "file/", {}).status_code == 403

    one = f"{page}{ListTaken.objects.get().pk}/"
    shown = center.get(one).content.decode()
    assert "2 persons on the list." in shown
    for words in (
        "Rows 2, 3 of the file",
        "Nobody whom the record knows",
        "Here all that day",
        "Not on the list, by tag or known reference",
    ):
        assert words in shown
    first = open_differences(["EX-NORTH"]).filter(kind="held_not_listed").first()
    assert first
    assert center.post(one, {"difference": str(first.pk), "reason": ""}).status_code == 422
    assert center.post(one, {"difference": "nonsense", "reason": "On the bus"}).status_code == 422
    assert (
        "1 settled."
        in center.post(
            one, {"difference": str(first.pk), "reason": "On the bus"}, follow=True
        ).content.decode()
    )
    assert "On the bus" in center.get(one).content.decode()
    assert signed_in("clerk.north").get(one).content.decode().count("checkbox") == 0
    assert signed_in("clerk.north").post(one, {"all": "yes", "reason": "On the bus"}).status_code == 403
    assert center.post(one, {"all": "yes", "reason": "Counted by hand"}, follow=True).status_code == 200
    assert told() == []
    assert signed_in("clerk.south").get(one).status_code == 404
    assert center.get(page + "999/").status_code == 404


def test_what_waits_of_many_lists_is_settled_together_by_its_kind(
    administrator: Actor, north: People
) -> None:
    lines = "".join(
        f"2026-03-0{day},{person},{admitted}\n"
        for day, person, admitted in (
            (1, "P1", "2026-02-27T10:00"), (1, "P2", "2026-02-27T10:00"), (1, "P2", "2026-02-28T10:00"),
            (2, "P2", "2026-02-28T10:00"), (2, "P2", "2026-02-27T10:00"),
            (3, "P1", "2026-02-27T10:00"), (3, "P2", "2026-02-28T10:00"),
        )
    )  # fmt: skip
    take_in(administrator, lines, site="LISTED", zone="America/Chicago")
    Grant.objects.create(user_id=north.center.user, role="joc", site_id="LISTED")
    page, center = "/counter/LISTED/lists/", signed_in("center")

    shown = center.get(page).content.decode()
    assert "Left the lists and is listed again</a>: 1" in shown
    assert "Twice on one list</a>: 1" in shown  # on the second day it was open already
    hole = center.get(page + "waiting/list_hole/").content.decode()
    assert "Listed again under the same admission" in hole
    assert "P1" not in hole
    assert center.get(page + "waiting/bag_lost/").status_code == 404
    done = center.post(page + "waiting/", {"all": "yes", "reason": "Asked the facility"}, follow=True)
    assert "2 settled." in done.content.decode()
    assert "Nothing waits" in done.content.decode()
