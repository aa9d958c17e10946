"""Files of custody events, taken in for real: every row is an entry, a report or a fault, and a second run changes nothing."""

import gc
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from people import NOON, TAGS, People, at, people
from typer.testing import CliRunner, Result

from muster.access.control import Actor, NotPermitted, actor_of, new_token
from muster.access.models import Grant, User
from muster.cli.main import app
from muster.core.errors import FaultyFile, NotFound
from muster.core.tags import make_tag
from muster.custody import actions, lists, merging, references
from muster.custody import replay as replaying
from muster.custody.events import Event, Told
from muster.custody.models import Difference, Replayed
from muster.custody.queries import census_of
from muster.custody.replay import replay_file
from muster.ledger import queries
from muster.ledger.models import Entry, Handover, Offer, Report, Thing
from muster.ledger.writing import holder
from muster.parties.models import Site
from muster.record.models import Act

HEADER = "person,site,event,at,reported_at,reason\n"


@pytest.fixture
def who() -> People:
    return people()


@pytest.fixture
def administrator(who: People) -> Actor:
    user = User.objects.create_user("administrator")
    Grant.objects.create(user=user, role="administrator")
    return actor_of(user)


def lines(story: str) -> str:
    """A story's lines as rows of a file: times are hours of 2026-03-01, UTC, and the last column is when it was told."""
    rows = []
    for line in filter(None, map(str.strip, story.splitlines())):
        person, event, site, happened, told, *reason = line.split()
        moment = "" if happened == "-" else f"2026-03-01T{happened}Z"
        site = "" if site == "-" else site
        rows.append(f"{person},{site},{event},{moment},2026-03-01T{told}Z,{' '.join(reason)}\n")
    return HEADER + "".join(rows)


def take_in(actor: Actor, text: str, **more: Any) -> dict[str, Any]:
    return replay_file(io.BytesIO(text.encode()), actor=actor, **{"name": "events.csv"} | more)


def counts(at_time: str, token: int) -> dict[str, int]:
    told = census_of(f"2026-03-01T{at_time}Z", known_at=str(token))
    return {entry["site"]: entry["count"] for entry in told["sites"]}


def faults(actor: Actor, story: str, **more: Any) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(FaultyFile) as told:
        take_in(actor, lines(story), **more)
    return [(fault.row, fault.column, fault.code) for fault in told.value.faults]


STORY = """
    P1  arrive   EX-NORTH  08:00  08:05
    P2  arrive   EX-NORTH  08:00  08:05
    P3  arrive   EX-SOUTH  08:01  08:05
    P1  move     EX-SOUTH  09:00  09:10
    P2  release  EX-NORTH  09:30  09:40  bond
    P1  correct  -         08:30  10:00
    P3  void     -         -      10:00  never came
"""


def test_a_story_is_counted_at_every_moment_as_it_was_known_then(administrator: Actor) -> None:
    answer = take_in(administrator, lines(STORY))

    assert (answer["rows"], answer["kept"], answer["refused"], answer["reports"]) == (7, 7, [], [])
    said = [token["reported_at"] for token in answer["tokens"]]
    assert said == [f"2026-03-01T{clock}Z" for clock in ("08:05", "09:10", "09:40", "10:00")]
    first, moved, released, corrected = (token["known_at"] for token in answer["tokens"])
    table = [
        ("08:45", first, {"EX-NORTH": 2, "EX-SOUTH": 1}),
        ("08:45", moved, {"EX-NORTH": 2, "EX-SOUTH": 1}),
        ("09:15", moved, {"EX-NORTH": 1, "EX-SOUTH": 2}),
        ("09:35", moved, {"EX-NORTH": 1, "EX-SOUTH": 2}),
        ("09:35", released, {"EX-SOUTH": 2}),
        ("08:45", corrected, {"EX-NORTH": 1, "EX-SOUTH": 1}),
        ("09:35", corrected, {"EX-SOUTH": 1}),
    ]
    for clock, token, expected in table:
        assert {s: n for s, n in counts(clock, token).items() if n} == expected, (clock, token)
    assert (
        Replayed.objects.get(reported_at=datetime(2026, 3, 1, 9, 10, tzinfo=UTC)).act.number.number == moved
    )


def test_a_second_run_changes_nothing_and_gives_the_first_tokens_to_another_administrator_too(
    administrator: Actor,
) -> None:
    first = take_in(administrator, lines(STORY))
    acts, entries = Act.objects.count(), Entry.objects.count()
    other = User.objects.create_user("another")
    Grant.objects.create(user=other, role="administrator")

    assert take_in(administrator, lines(STORY)) == first
    assert take_in(actor_of(other), lines(STORY), name="copy of events.csv") | {"file": "events.csv"} == first
    assert (Act.objects.count(), Entry.objects.count()) == (acts, entries)


def test_a_dry_run_says_what_the_real_run_says_and_writes_nothing(administrator: Actor) -> None:
    acts = Act.objects.count()
    planned = take_in(administrator, lines(STORY), dry_run=True)

    assert (Act.objects.count(), Thing.objects.count()) == (acts, 0)
    assert planned["kept"] == 0
    assert [token["known_at"] for token in planned["tokens"]] == [None] * 4
    done = take_in(administrator, lines(STORY))
    assert planned["notices"] == done["notices"]
    assert [t["reported_at"] for t in planned["tokens"]] == [t["reported_at"] for t in done["tokens"]]
    assert take_in(administrator, lines(STORY), dry_run=True)["tokens"] == done["tokens"]


def test_rows_are_taken_in_the_order_in_which_they_were_reported_wherever_they_stand(
    administrator: Actor,
) -> None:
    rows = lines(STORY).splitlines(keepends=True)
    shuffled = "".join([rows[0], *reversed(rows[4:]), *rows[1:4]])

    tokens = take_in(administrator, shuffled)["tokens"]

    assert [token["known_at"] for token in tokens] == sorted(token["known_at"] for token in tokens)
    assert counts("09:35", tokens[-1]["known_at"]) == {"EX-SOUTH": 1}


def test_what_says_no_time_of_report_is_one_act_and_comes_last(administrator: Actor) -> None:
    text = "person,site,event,at\nP1,EX-NORTH,arrive,2026-03-01T08:00\nP2,EX-NORTH,arrive,2026-03-01T08:30-06:00\n"

    answer = take_in(administrator, text)

    assert [token["reported_at"] for token in answer["tokens"]] == [None]
    assert Replayed.objects.get().reported_at is None
    # A time without an offset is read where the site is.
    moments = sorted(Entry.objects.values_list("happened_at", flat=True))
    assert moments == [datetime(2026, 3, 1, 14, tzinfo=UTC), datetime(2026, 3, 1, 14, 30, tzinfo=UTC)]


def test_a_zone_that_is_named_is_that_of_every_time_without_an_offset(administrator: Actor) -> None:
    take_in(administrator, "person,site,event,at\nP1,EX-NORTH,arrive,2026-03-01T08:00\n", zone="UTC")

    assert Entry.objects.get().happened_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_a_move_told_late_goes_below_what_came_after_it_and_what_was_known_stays_known(
    administrator: Actor,
) -> None:
    answer = take_in(
        administrator,
        lines("""
            P1  arrive  EX-NORTH  08:00  08:05
            P1  release EX-NORTH  12:00  12:05
            P1  move    EX-SOUTH  10:00  13:00
        """),
    )

    before, after = answer["tokens"][1]["known_at"], answer["tokens"][2]["known_at"]
    assert answer["notices"] == {"told_late": 1}
    assert counts("11:00", before) == {"EX-NORTH": 1}
    assert counts("11:00", after) == {"EX-SOUTH": 1}
    assert counts("12:30", after) == {}
    entries = list(
        Entry.objects.order_by("n").values_list("kind", "giver__code", "receiver__code", "repeats")
    )
    assert entries == [
        ("push", "outside", "EX-NORTH", None),
        ("push", "EX-NORTH", "outside", None),
        ("pop", "outside", "EX-NORTH", None),
        ("push", "EX-NORTH", "EX-SOUTH", None),
        ("push", "EX-SOUTH", "outside", 2),
    ]


CONTRADICTIONS = [
    ("P1 arrive EX-SOUTH 09:00 10:00", "held_elsewhere"),
    ("P1 arrive EX-SOUTH 07:00 10:00", "out_of_order"),
    ("P1 move EX-SOUTH 07:00 10:00", "out_of_order"),
    ("P1 release EX-SOUTH 09:00 10:00", "not_held_here"),
    ("P2 release EX-NORTH 09:30 10:00", "not_held_here"),
    ("P2 release - 09:30 10:00", "not_held_here"),
    ("P2 release EX-NORTH 08:30 10:00", "out_of_order"),
    ("P2 move EX-SOUTH 09:30 10:00", "held_elsewhere"),
    ("P3 move EX-SOUTH 08:30 10:00", "out_of_order"),
]


@pytest.mark.parametrize(("row", "kind"), CONTRADICTIONS)
def test_a_fact_that_contradicts_the_record_is_kept_as_a_report_with_a_difference(
    administrator: Actor, row: str, kind: str
) -> None:
    base = """
        P1 arrive  EX-NORTH 08:00 08:05
        P2 arrive  EX-NORTH 08:00 08:05
        P2 release EX-NORTH 09:00 09:05
        P3 arrive  EX-NORTH 08:00 09:05
        P3 move    EX-SOUTH 09:00 09:05
    """
    take_in(administrator, lines(base))
    entries = Entry.objects.count()

    answer = take_in(administrator, lines(base + row))

    (told,) = answer["reports"]
    report = Report.objects.get(pk=told["report"])
    difference = Difference.objects.get(report=report)
    assert (told["row"], told["kind"], answer["notices"]) == (7, kind, {kind: 1})
    assert (difference.kind, difference.words) == (kind, told["message"])
    assert (answer["kept"], answer["refused"], Entry.objects.count()) == (6, [], entries)
    assert take_in(administrator, lines(base + row)) == answer


FAULTS = [
    ("P1 vanish EX-NORTH 08:00 10:00", "event", "custody.unknown_event"),
    ("P1 arrive NOWHERE 08:00 10:00", "site", "custody.unknown_site"),
    ("P1 arrive EX-LIST 08:00 10:00", "site", "custody.kept_by_list"),
    ("P1 arrive - 08:00 10:00", "site", "custody.missing"),
    ("P1 arrive EX-NORTH - 10:00", "at", "custody.missing"),
    ("P1 release - - 10:00", "at", "custody.missing"),
    ("P9 correct - - 10:00", "at", "custody.missing"),
    ("P1 arrive EX-NORTH 25:00 10:00", "at", "custody.not_a_time"),
    ("P1 arrive EX-NORTH 08:00 noon", "reported_at", "custody.not_a_time"),
    ("222-223-A arrive EX-NORTH 08:00 10:00", "person", "core.tag_misread"),
    ("P1 move EX-SOUTH 08:00 10:00", "person", "custody.never_arrived"),
    ("P1 release EX-SOUTH 08:00 10:00", "person", "custody.never_arrived"),
    ("P1 correct EX-SOUTH - 10:00", "person", "custody.not_live"),
    ("P1 void - - 10:00", "person", "custody.not_live"),
    ("P9 arrive EX-NORTH 09:30 10:00", "site", "custody.already_here"),
    ("P9 move EX-NORTH 09:30 10:00", "site", "ledger.same_holder"),
    ("P9 correct EX-SOUTH - 10:00", "site", "ledger.same_holder"),
    ("P9 correct - 08:30 10:00", "at", "ledger.before_live_top"),
    ("P9 correct EX-NORTH 09:15 10:00", "at", "custody.nothing_to_correct"),
]


@pytest.mark.parametrize(("row", "column", "code"), FAULTS)
def test_a_row_that_cannot_be_meant_is_refused_by_row_and_column_and_nothing_of_the_file_is_kept(
    administrator: Actor, row: str, column: str, code: str
) -> None:
    Site.objects.create(code="EX-LIST", name="List", zone="UTC", kept_by_list_since=NOON.date())
    good = """
        P9 arrive EX-NORTH 08:00 08:05
        P9 move   EX-SOUTH 09:00 09:05
        P9 move   EX-NORTH 09:15 09:20
    """

    assert faults(administrator, good + row) == [(5, column, code)]

    assert not Entry.objects.exists()
    assert not Act.objects.filter(name="custody.replay").exists()


def test_every_fault_of_a_file_is_told_at_once_in_the_order_of_its_rows(administrator: Actor) -> None:
    story = """
        P1 arrive EX-NORTH 08:00 08:05
        P2 move   EX-NORTH 08:00 09:05
        P1 fly    NOWHERE  26:00 09:20
    """

    assert faults(administrator, story) == [
        (3, "person", "custody.never_arrived"),
        (4, "event", "custody.unknown_event"),
        (4, "site", "custody.unknown_site"),
        (4, "at", "custody.not_a_time"),
    ]


def test_a_time_that_has_not_come_and_an_hour_that_a_night_has_twice_or_not_at_all_are_refused(
    administrator: Actor,
) -> None:
    rows = ["2099-01-01T00:00Z", "2025-11-02T01:30", "2026-03-08T02:30", "2026-03-01"]
    text = "person,site,event,at\n" + "".join(f"P1,EX-NORTH,arrive,{moment}\n" for moment in rows)

    with pytest.raises(FaultyFile) as told:
        take_in(administrator, text + "P1,,release,2026-03-01T09:00\n")

    assert [fault.code for fault in told.value.faults] == [
        "ledger.clock_ahead",
        "custody.hour_in_doubt",
        "custody.hour_in_doubt",
        "custody.not_a_time",
        "custody.no_zone",
    ]


def test_with_keep_good_the_other_rows_are_kept_and_a_second_run_gives_the_same_answer(
    administrator: Actor,
) -> None:
    story = STORY + "P4 move EX-NORTH 08:00 08:05\nP5 fly EX-NORTH 08:00 08:05\n"

    answer = take_in(administrator, lines(story), keep_good=True)

    assert [(fault["row"], fault["code"]) for fault in answer["refused"]] == [
        (9, "custody.never_arrived"),
        (10, "custody.unknown_event"),
    ]
    assert (answer["rows"], answer["kept"]) == (9, 7)
    assert take_in(administrator, lines(story), keep_good=True) == answer
    assert Thing.objects.count() == 3  # nobody is made of a row that was left out


def test_rows_that_were_left_out_are_looked_at_anew_when_the_file_is_sent_again(administrator: Actor) -> None:
    story = """
        P1 arrive EX-NORTH 08:00 08:05
        P2 move   EX-SOUTH 09:00 08:05
        P3 move   EX-SOUTH 09:00 09:05
    """
    first = take_in(administrator, lines(story), keep_good=True)
    assert [token["known_at"] is None for token in first["tokens"]] == [False, True]
    assert faults(administrator, story) == [
        (3, "person", "custody.never_arrived"),
        (4, "person", "custody.never_arrived"),
    ]
    take_in(administrator, lines("P2 arrive EX-NORTH 08:00 08:01\nP3 arrive EX-NORTH 08:00 08:01"))

    now = take_in(administrator, lines(story))

    assert (now["kept"], now["refused"], now["tokens"][0]) == (3, [], first["tokens"][0])
    assert take_in(administrator, lines(story)) == now
    assert Replayed.objects.count() == 4
    assert counts("10:00", queries.latest_known()) == {"EX-NORTH": 1, "EX-SOUTH": 2}


def test_a_person_is_known_by_tag_or_by_reference_and_references_are_not_kept(
    administrator: Actor, who: People
) -> None:
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=at(0))
    text = (
        "person,site,event,at\n"
        f"{TAGS[0].lower()},EX-SOUTH,move,2026-03-01T13:00Z\n"
        "A123456789,EX-SOUTH,arrive,2026-03-01T13:00Z\n"
    )
    take_in(administrator, text)
    take_in(administrator, "person,site,event,at\nA123456789,EX-NORTH,move,2026-03-01T14:00Z\n")

    assert Thing.objects.count() == 2
    assert queries.history(TAGS[0])["entries"][-1]["receiver"] == "EX-SOUTH"
    with connection.cursor() as cursor:
        for table in ("custody_reference", "ledger_thing", "ledger_entry", "record_answer", "record_act"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%%A123456789%%'")
            assert cursor.fetchone() == (0,), table


def test_the_tag_of_something_else_is_nobody(administrator: Actor) -> None:
    act = Act.objects.create(actor_id=administrator.user, name="test", request_hash=b"")
    away = holder(act=act, code="outside", kind="outside")
    Thing.objects.create(act=act, kind="vehicle", tag=make_tag(5), origin=away)

    story = f"{make_tag(5)} arrive EX-NORTH 08:00 08:05"

    assert faults(administrator, story) == [(2, "person", "custody.not_a_person")]


def test_whoever_was_merged_into_another_record_is_that_other_one(administrator: Actor, who: People) -> None:
    take_in(administrator, lines("P1 arrive EX-NORTH 08:00 08:05\nP2 arrive EX-NORTH 08:00 08:05"))
    one, two = (Thing.objects.get(pk=pk) for pk in references.things_named(["P1", "P2"]).values())
    merging.merge(actor=who.center, survivor=one.tag, duplicate=two.tag, reason="the same person")

    take_in(administrator, lines("P2 move EX-SOUTH 09:00 09:05"))

    assert queries.history(one.tag)["entries"][-1]["receiver"] == "EX-SOUTH"


def test_a_move_told_late_below_a_signed_handover_is_a_report(administrator: Actor, who: People) -> None:
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=at(0))
    offered = actions.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=TAGS[:1]).answer
    actions.accept(actor=who.south, handover=offered.handover, at=at(2))
    Site.objects.create(code="EX-EAST", name="East", zone="UTC")

    answer = take_in(administrator, f"person,site,event,at\n{TAGS[0]},EX-EAST,move,2026-03-01T13:00Z\n")

    assert answer["notices"] == {"out_of_order": 1}


def test_who_is_released_is_taken_off_an_open_offer(administrator: Actor, who: People) -> None:
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=at(0))
    actions.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=TAGS[:1])

    take_in(administrator, f"person,site,event,at\n{TAGS[0]},,release,2026-03-01T13:00Z\n")

    assert not Offer.objects.filter(open=True).exists()
    assert Handover.objects.get().state == "lapsed"
    assert Difference.objects.filter(kind="released_on_offer").count() == 1


def test_who_is_at_a_site_kept_by_list_is_released_by_its_next_list(administrator: Actor) -> None:
    source = io.BytesIO(b"roster_date,person,admitted_at\n2026-02-28,P1,2026-02-27T10:00\n")
    lists.import_rosters(source, actor=administrator, site="NYC", zone="America/New_York", name="lists.csv")
    tag = Thing.objects.get().tag

    answer = take_in(
        administrator,
        f"person,site,event,at\n{tag},,release,2026-03-01T09:00Z\n{tag},EX-NORTH,move,2026-03-01T10:00Z\n",
    )

    assert answer["notices"] == {"kept_by_list": 2}


@pytest.mark.parametrize("dry_run", [True, False])
def test_only_an_administrator_replays(who: People, administrator: Actor, dry_run: bool) -> None:
    take_in(administrator, lines(STORY))
    entries = Entry.objects.count()
    user = User.objects.create_user("oversight")
    Grant.objects.create(user=user, role="oversight")

    for text in (lines(STORY), lines("P8 arrive EX-NORTH 08:00 08:05")):
        with pytest.raises(NotPermitted):
            take_in(actor_of(user), text, dry_run=dry_run)
        with pytest.raises(NotFound):
            take_in(who.center, text, dry_run=dry_run)

    assert Entry.objects.count() == entries


def test_the_action_itself_refuses_what_was_taken_in_and_what_cannot_be_meant(administrator: Actor) -> None:
    event = Event(2, "P1", "arrive", "EX-NORTH", at(-2))
    told = Told(at(-1), "12:00", (event,))
    replaying.replay(actor=administrator, told=told, file="events.csv")

    with pytest.raises(replaying.ReplayedAlready):
        replaying.replay(actor=administrator, told=told, file="another.csv")
    unmeant = Told(
        at(0), "13:00", (Event(2, "P1", "arrive", "NOWHERE", at(-2)), Event(3, "P2", "move", "", at(-2)))
    )
    with pytest.raises(FaultyFile) as faulty:
        replaying.replay(actor=administrator, told=unmeant, file="events.csv")
    assert [fault.code for fault in faulty.value.faults] == ["custody.unknown_site", "custody.missing"]


def test_areas_that_another_writer_made_meanwhile_are_taken_as_they_are(administrator: Actor) -> None:
    act = Act.objects.create(actor_id=administrator.user, name="test", request_hash=b"")
    north, south = Site.objects.filter(code__in=("EX-NORTH", "EX-SOUTH")).order_by("code")
    actions.area(north, act=act)

    first = actions.areas([north, south], act=act)
    again = actions.areas([north, south], act=act)

    assert first == again == {site.code: actions.area(site, act=act).pk for site in (north, south)}


def test_the_search_for_cycles_goes_on_after_a_file_whatever_came_of_it(administrator: Actor) -> None:
    take_in(administrator, lines(STORY))
    assert gc.isenabled()

    with pytest.raises(FaultyFile):
        take_in(administrator, HEADER)
    assert gc.isenabled()


def run(administrator: Actor, text: str, *words: str) -> Result:
    token = new_token(User.objects.get(pk=administrator.user))
    return CliRunner().invoke(app, ["replay", "-", *words], input=text, env={"MUSTER_TOKEN": token})


def test_at_the_command_line_a_file_is_taken_in_and_sent_again(administrator: Actor) -> None:
    done = run(administrator, lines(STORY), "--json")
    again = run(administrator, lines(STORY), "--json")
    shown = run(administrator, lines(STORY))

    assert (done.exit_code, again.exit_code, shown.exit_code) == (0, 0, 0)
    answer = json.loads(done.stdout)
    assert set(answer) == {"file", "rows", "kept", "refused", "notices", "tokens", "reports"}
    assert json.loads(again.stdout) == answer
    assert "2026-03-01T08:05Z" in shown.stdout
    assert "7 rows, 7 kept" in shown.stdout


def test_at_the_command_line_something_wrong_is_exit_status_1_and_a_fault_2(administrator: Actor) -> None:
    first = "P1 arrive EX-NORTH 08:00 08:05"

    reported = run(administrator, lines(f"{first}\nP1 arrive EX-SOUTH 09:00 09:05"))
    left_out = run(administrator, lines(f"{first}\nP2 move EX-SOUTH 09:00 09:05"), "--keep-good")
    faulty = run(administrator, lines("P2 move EX-SOUTH 09:00 09:05"), "--json")
    no_column = run(administrator, "person,site,at\nP1,EX-NORTH,2026-03-01T08:00\n")

    assert (reported.exit_code, left_out.exit_code) == (1, 1)
    assert "kept as a report: row 3" in reported.stdout
    assert (faulty.exit_code, faulty.stdout, no_column.exit_code) == (2, "", 2)
    assert faulty.stderr.startswith("row 2: column person: The person has never arrived")
    assert "[core.csv_missing_column]" in no_column.stderr
