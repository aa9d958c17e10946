"""A person's key is destroyed: nobody guesses a name or a reference from what is left, and the ledger verifies as before."""

from __future__ import annotations

import io
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction
from doors import door
from guessing import Attack
from people import TAGS, People, at, people
from psycopg import errors
from typer.testing import CliRunner

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.cli.main import app
from muster.core.errors import FaultyFile, FaultyInput, NotFound
from muster.core.tags import TagMisread, make_tag
from muster.custody import references
from muster.custody import replay as replaying
from muster.custody.disposal import DisposedAlready, MergedFromElsewhere, reapply
from muster.custody.events import Event, Told
from muster.custody.lists import import_rosters
from muster.custody.merging import AlreadyMerged, NotAPerson
from muster.custody.models import (
    Difference,
    Disposal,
    PersonalField,
    PersonalKey,
    PersonalShown,
    Replayed,
)
from muster.custody.personal import Disposed, DoesNotOpen, NotGiven, ReferenceTaken
from muster.custody.references import digest_of
from muster.custody.replay import HashDisposed
from muster.custody.rules import ListKeepsSite
from muster.database.laws import laws
from muster.ledger import queries as ledger
from muster.ledger.handovers import first_bad
from muster.ledger.models import Entry, Thing
from muster.ledger.proving import prove
from muster.ledger.verifying import verify
from muster.ledger.writing import outside, things_of
from muster.parties.models import Site
from muster.record import checkpoints
from muster.record.action import KeySpent, sequence
from muster.record.models import Act, Answer

ONE, TWO, THREE = TAGS[:3]
WRITTEN, LISTED, REPLAYED, BYSTANDER = "407816233", "518203947", "629417058", "730528169"
NAME = "Example Person Seven"
NAMES = [
    f"Example Person {number}" for number in ("One", "Two", "Three", "Six", "Seven", "Eight", "Seventeen")
]
MUSTER = [sys.executable, "-c", "from muster.cli.main import main; main()"]
ORDER = "Retention schedule, line 4"
RESTORED = ("custody_personalkey", "custody_reference", "custody_replayed", "record_answer")


@pytest.fixture
def who() -> People:
    made = people()
    for site in ("EX-NORTH", "EX-SOUTH"):  # a rule of shelters asks for names
        do.cases.set_standard(
            actor=made.center,
            site=site,
            standard="general.shelter",
            valid_from=at(0).date(),
            contract_ref="1",
        )
    do.custody.receive(actor=made.north, site="EX-NORTH", tags=[ONE, TWO], at=at(0))
    return made


@pytest.fixture
def administrator(who: People) -> Actor:
    user = User.objects.create_user("desk")
    Grant.objects.create(user=user, role="administrator")
    return actor_of(user)


def write(who: People, field: str, value: str, tag: str = ONE, **more: Any) -> None:
    do.personal.write_personal(actor=who.north, tag=tag, field=field, value=value, **more)


def show(who: People, field: str, tag: str = ONE) -> str | None:
    """What a door tells."""
    shown = do.personal.show_personal(actor=who.north, tag=tag, field=field).answer
    told = do.find("custody.show_personal").answers.dump_python(shown, mode="json", context={"door": "test"})
    assert {**told, "value": None} == {"tag": tag, "field": field, "value": None}
    return told["value"]


def dispose(who: People, tag: str = ONE) -> list[str]:
    return do.disposal.dispose(actor=who.center, tag=tag, authority=ORDER).answer.tags


def take_lists_in(
    actor: Actor, text: str, site: str = "NYC", zone: str = "America/New_York"
) -> dict[str, Any]:
    source = io.BytesIO(f"roster_date,person,admitted_at\n{text}".encode())
    return import_rosters(source, actor=actor, site=site, zone=zone, name="lists.csv")


def take_events_in(actor: Actor, *rows: str, **more: Any) -> dict[str, Any]:
    source = io.BytesIO("\n".join(("person,site,event,at,reported_at", *rows, "")).encode())
    return replaying.replay_file(source, actor=actor, name="events.csv", **more)


def thing_of(reference: str, site: str | None) -> Thing:
    digest = digest_of(Site.objects.get(pk=site) if site else None, reference)
    return Thing.objects.get(reference__digest=digest)


def told_of_persons(who: People, administrator: Actor) -> None:
    """A person of whom name and reference are written, one whom a list names and one whom a file names; and a bystander."""
    write(who, "name", NAME, key=uuid4())
    write(who, "agency_reference", WRITTEN, key=uuid4())
    assert show(who, "name") == NAME
    take_lists_in(administrator, f"2026-02-28,{LISTED},2026-02-27T10:00\n")
    take_lists_in(administrator, f"2026-02-28,{BYSTANDER},2026-02-26T10:00\n", site="NYC-TWO")
    take_events_in(administrator, f"{REPLAYED},EX-SOUTH,arrive,2026-03-01T12:30Z,2026-03-01T13:05Z")
    # Named where nobody is known by it, or in a tag's place: nothing is to be left of that either.
    take_lists_in(
        administrator, f"2026-03-01,{WRITTEN},2026-02-27T09:00\n", site="EX-NORTH", zone="America/Chicago"
    )
    with pytest.raises(TagMisread):
        do.custody.receive(actor=who.north, site="EX-NORTH", tags=[WRITTEN], at=at(1))


def test_nobody_guesses_a_name_or_a_reference_from_what_is_left_and_the_ledger_verifies_as_before(
    who: People, administrator: Actor
) -> None:
    told_of_persons(who, administrator)
    offered = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[TWO]).answer
    do.custody.accept(actor=who.south, handover=offered.handover, at=at(1.5))
    kept = checkpoints.make()
    proof = prove(ONE, 1)
    draw = random.Random(9)
    references = [f"{draw.randrange(10**9):09}" for _ in range(2000)] + [WRITTEN, LISTED, REPLAYED]

    before = Attack()

    assert before.fits(NAME) >= {"opened", "request"}
    assert before.fits(WRITTEN) >= {"opened", "request", "hash"}
    assert before.fits(LISTED) >= {"request", "hash"}
    assert before.fits(REPLAYED) >= {"request", "hash"}
    assert {way for true in (NAME, WRITTEN, LISTED, REPLAYED) for way in before.fits(true)} == {
        "opened",
        "request",
        "hash",
    }
    assert [wrong for wrong in references[:300] if before.fits(wrong)] == []

    dispose(who)
    dispose(who, TWO)
    for person in (thing_of(LISTED, "NYC"), thing_of(REPLAYED, None)):
        do.disposal.dispose(actor=administrator, tag=person.tag, authority=ORDER)
    after = Attack()

    assert {guess: after.fits(guess) for guess in [*NAMES, *references] if after.fits(guess)} == {}
    assert after.fits(BYSTANDER) == {"hash"}
    sequence()
    found = verify(kept.note)
    assert (found["ok"], found["first_bad"]) == (True, None)
    again = prove(ONE, 1, kept.note)
    assert (again["encoding"], again["index"]) == (proof["encoding"], proof["index"])
    assert again["consistency"] is not None
    assert first_bad() is None
    assert [signed["verifies"] for signed in ledger.history(TWO)["entries"][-1]["signatures"]] == [True, True]
    assert ledger.history(ONE)["entries"][0]["receiver"] == "EX-NORTH"


def test_what_is_personal_is_shown_as_it_was_last_written_and_stands_nowhere_in_plain_text(
    who: People,
) -> None:
    write(who, "name", "Example Person Sevn")
    write(who, "name", f"  {NAME} ")
    write(who, "agency_reference", WRITTEN)

    assert (show(who, "name"), show(who, "agency_reference")) == (NAME, WRITTEN)
    assert PersonalKey.objects.count() == 1
    shown = Act.objects.filter(pk__in=PersonalShown.objects.values("act"))
    assert {(act.name, act.actor_id) for act in shown} == {("custody.show_personal", who.north.user)}
    attack = Attack()
    assert "read" not in attack.fits(NAME) | attack.fits(WRITTEN)


def test_the_latest_counts_though_the_clock_stepped_back_between(who: People) -> None:
    write(who, "name", "Example Person Six")
    write(who, "name", NAME)
    sequence()
    later = PersonalField.objects.order_by("id")[1].pk
    connection.close()
    as_owner(
        "ALTER TABLE custody_personalfield DISABLE TRIGGER USER",
        f"UPDATE custody_personalfield SET id = '{UUID(int=1)}' WHERE id = '{later}'",
    )

    assert show(who, "name") == NAME


def test_a_ciphertext_tells_no_length_and_opens_in_no_other_place(who: People) -> None:
    write(who, "name", "E", tag=ONE)
    write(who, "name", "É" * 60, tag=TWO)
    short, long = PersonalField.objects.order_by("id")
    assert len(short.sealed) == len(long.sealed)
    assert show(who, "name", TWO) == "É" * 60

    act = Act.objects.latest("id")
    PersonalField.objects.create(act=act, thing=short.thing, field="agency_reference", sealed=short.sealed)
    PersonalField.objects.create(act=act, thing=long.thing, field="name", sealed=short.sealed)

    for tag, field in ((ONE, "agency_reference"), (TWO, "name")):
        with pytest.raises(DoesNotOpen):
            show(who, field, tag)


def test_a_value_is_of_one_to_a_hundred_characters(who: People) -> None:
    write(who, "name", "E" * 100)
    for value in ("", "   ", "E" * 101):
        with pytest.raises(FaultyInput):
            write(who, "name", value)
    assert show(who, "name") == "E" * 100


def test_the_people_of_the_latest_site_write_and_read_and_no_clerk_disposes(
    who: People, administrator: Actor
) -> None:
    write(who, "name", NAME)
    for verb in (do.personal.show_personal, do.personal.write_personal):
        with pytest.raises(NotFound):
            verb(
                actor=who.south,
                tag=ONE,
                field="name",
                **({} if verb is do.personal.show_personal else {"value": "E"}),
            )
        with pytest.raises(NotPermitted, match="it is for Joint operations center or Site clerk here"):
            verb(
                actor=administrator,
                tag=ONE,
                field="name",
                **({} if verb is do.personal.show_personal else {"value": "E"}),
            )
    with pytest.raises(NotFound):
        do.disposal.dispose(actor=who.south, tag=ONE, authority=ORDER)
    with pytest.raises(NotPermitted, match="Joint operations center or Administrator"):
        do.disposal.dispose(actor=who.north, tag=ONE, authority=ORDER)

    offered = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[ONE]).answer
    do.custody.accept(actor=who.south, handover=offered.handover, at=at(1))

    assert do.personal.show_personal(actor=who.south, tag=ONE, field="name").answer.field == "name"
    with pytest.raises(NotFound):
        show(who, "name")
    assert do.disposal.dispose(actor=administrator, tag=ONE, authority=ORDER).answer.tags == [ONE]


def test_after_disposal_nothing_is_written_shown_or_disposed_of_again(who: People) -> None:
    with pytest.raises(NotGiven):
        show(who, "name")
    write(who, "name", NAME)
    assert dispose(who) == [ONE]

    with pytest.raises(Disposed):
        write(who, "name", NAME)
    with pytest.raises(Disposed):
        show(who, "name")
    with pytest.raises(DisposedAlready):
        dispose(who)
    assert not PersonalKey.objects.exists()
    disposal = Disposal.objects.get()
    assert (disposal.thing.tag, disposal.authority, disposal.act.actor_id) == (ONE, ORDER, who.center.user)


@pytest.mark.parametrize("authority", ["", "ab"])
def test_a_disposal_names_its_authority(who: People, authority: str) -> None:
    with pytest.raises(FaultyInput):
        do.disposal.dispose(actor=who.center, tag=ONE, authority=authority)


def test_only_a_person_has_what_is_personal(who: People, administrator: Actor) -> None:
    act = Act.objects.first()
    assert act
    things_of([THREE], act=act, kind=Thing.Kind.VEHICLE, origin=outside(act=act))
    everywhere = replace(
        administrator, roles=(*administrator.roles, replace(administrator.roles[0], role="joc"))
    )

    with pytest.raises(NotAPerson):
        do.personal.write_personal(actor=everywhere, tag=THREE, field="name", value=NAME)
    with pytest.raises(NotAPerson):
        do.personal.show_personal(actor=everywhere, tag=THREE, field="name")
    with pytest.raises(NotAPerson):
        do.disposal.dispose(actor=administrator, tag=THREE, authority=ORDER)


def test_what_was_merged_into_a_person_is_disposed_of_with_the_person(who: People) -> None:
    write(who, "name", NAME, tag=ONE)
    write(who, "name", NAME, tag=TWO)
    do.merging.merge(actor=who.center, survivor=ONE, duplicate=TWO, reason="The same person")
    with pytest.raises(AlreadyMerged):
        write(who, "name", NAME, tag=TWO)
    with pytest.raises(AlreadyMerged):
        show(who, "name", tag=TWO)
    with pytest.raises(AlreadyMerged):
        dispose(who, TWO)

    assert dispose(who) == [ONE, TWO]

    assert not PersonalKey.objects.exists()


def test_what_was_written_of_a_record_is_read_of_the_one_that_it_was_merged_into(who: People) -> None:
    write(who, "name", "Example Person Six", tag=ONE)
    write(who, "name", NAME, tag=TWO)
    write(who, "agency_reference", WRITTEN, tag=TWO)
    do.merging.merge(actor=who.center, survivor=ONE, duplicate=TWO, reason="The same person")

    assert (show(who, "name"), show(who, "agency_reference")) == (NAME, WRITTEN)
    write(who, "agency_reference", WRITTEN, tag=ONE)
    write(who, "name", "Example Person Two", tag=ONE)

    assert show(who, "name") == "Example Person Two"
    assert dispose(who) == [ONE, TWO]
    with pytest.raises(Disposed):
        show(who, "name")


def test_what_was_written_of_a_record_that_was_disposed_of_before_it_was_merged_is_not_looked_for(
    who: People,
) -> None:
    write(who, "name", NAME, tag=TWO)
    dispose(who, TWO)
    do.merging.merge(actor=who.center, survivor=ONE, duplicate=TWO, reason="The same person")

    with pytest.raises(NotGiven):
        show(who, "name")


def test_whose_a_reference_is_that_is_taken_is_told_to_those_who_may_see_that_person(who: People) -> None:
    write(who, "agency_reference", WRITTEN)
    with pytest.raises(ReferenceTaken, match=ONE):
        write(who, "agency_reference", WRITTEN, tag=TWO)

    offered = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[ONE]).answer
    do.custody.accept(actor=who.south, handover=offered.handover, at=at(1))

    with pytest.raises(ReferenceTaken) as refused:
        write(who, "agency_reference", WRITTEN, tag=TWO)
    assert refused.value.other is None
    assert ONE not in str(refused.value)


def test_a_record_that_is_not_there_reads_like_one_that_is_not_yours_however_the_tag_is_typed(
    who: People,
) -> None:
    def refused(tag: str) -> str:
        with pytest.raises(NotFound) as found:
            do.disposal.dispose(actor=who.south, tag=tag.lower(), authority=ORDER)
        return str(found.value)

    assert refused(ONE).replace(ONE, "") == refused(THREE).replace(THREE, "")
    assert THREE in refused(THREE)


def test_a_record_merged_into_a_disposed_one_can_be_disposed_of_and_a_stranger_s_cannot(who: People) -> None:
    dispose(who)
    write(who, "name", NAME, tag=TWO)
    do.merging.merge(actor=who.center, survivor=ONE, duplicate=TWO, reason="The same person")
    at_north = replace(who.center, roles=(replace(who.center.roles[0], organisation=None, site="EX-NORTH"),))
    thing = Thing.objects.get(tag=TWO)
    assert do.disposal.scope_of(thing).site == "EX-NORTH"

    assert do.disposal.dispose(actor=at_north, tag=ONE, authority=ORDER).answer.tags == [TWO]


def test_a_duplicate_of_another_site_is_disposed_of_by_whoever_may_there_too(who: People) -> None:
    do.custody.receive(actor=who.south, site="EX-SOUTH", tags=[THREE], at=at(-2))
    do.custody.release(actor=who.south, site="EX-SOUTH", tags=[THREE], at=at(-1), reason="bond")
    do.merging.merge(actor=who.center, survivor=ONE, duplicate=THREE, reason="The same person")
    at_north = replace(who.center, roles=(replace(who.center.roles[0], organisation=None, site="EX-NORTH"),))

    with pytest.raises(MergedFromElsewhere) as refused:
        do.disposal.dispose(actor=at_north, tag=ONE, authority=ORDER)

    assert THREE not in str(refused.value)
    assert not Disposal.objects.exists()
    assert dispose(who) == [ONE, THREE]


def test_a_reference_that_is_written_is_matched_by_a_list_and_is_one_person_s(
    who: People, administrator: Actor
) -> None:
    write(who, "agency_reference", WRITTEN)
    write(who, "agency_reference", WRITTEN)
    with pytest.raises(ReferenceTaken) as refused:
        write(who, "agency_reference", WRITTEN, tag=TWO)
    assert WRITTEN not in str(refused.value)

    lines = f"2026-03-01,{WRITTEN},2026-02-27T10:00\n2026-03-01,999999999,2026-02-27T10:00\n"
    answer = take_lists_in(administrator, lines, site="EX-NORTH", zone="America/Chicago")

    assert answer["notices"] == {"listed_not_held": 1, "here_part_of_the_day": 1}
    assert "row 3" in Difference.objects.get(kind="listed_not_held").words


def test_a_reference_is_not_written_at_a_site_whose_lists_say_it(who: People, administrator: Actor) -> None:
    take_lists_in(administrator, f"2026-02-28,{LISTED},2026-02-27T10:00\n")
    everywhere = replace(administrator, roles=(replace(administrator.roles[0], role="joc"),))
    tag = thing_of(LISTED, "NYC").tag

    with pytest.raises(ListKeepsSite):
        do.personal.write_personal(actor=everywhere, tag=tag, field="agency_reference", value=LISTED)
    do.cases.set_standard(
        actor=everywhere, site="NYC", standard="general.shelter", valid_from=at(0).date(), contract_ref="1"
    )
    do.personal.write_personal(actor=everywhere, tag=tag, field="name", value=NAME)


def test_who_is_listed_after_disposal_is_a_new_person_and_the_disposed_one_has_left(
    administrator: Actor,
) -> None:
    first = f"2026-02-27,{LISTED},2026-02-26T10:00\n2026-02-27,{BYSTANDER},2026-02-26T10:00\n"
    take_lists_in(administrator, first)
    old = thing_of(LISTED, "NYC")
    do.disposal.dispose(actor=administrator, tag=old.tag, authority=ORDER)

    take_lists_in(administrator, first.replace("2026-02-27", "2026-02-28"))

    new = thing_of(LISTED, "NYC")
    assert new.pk != old.pk
    assert [(e["giver"], e["receiver"]) for e in ledger.history(old.tag)["entries"]] == [
        ("outside", "NYC"),
        ("NYC", "outside"),
    ]
    assert ledger.census(at(24), ledger.latest_known()).sites == {"EX-NORTH": 2, "NYC": 2}


def test_a_list_without_the_disposed_person_is_recognised_when_it_is_sent_again(administrator: Actor) -> None:
    with_both = f"2026-02-27,{LISTED},2026-02-26T10:00\n2026-02-27,{BYSTANDER},2026-02-26T10:00\n"
    later = f"2026-02-28,{BYSTANDER},2026-02-26T10:00\n"
    take_lists_in(administrator, with_both)
    answer = take_lists_in(administrator, later)
    do.disposal.dispose(actor=administrator, tag=thing_of(LISTED, "NYC").tag, authority=ORDER)
    entries = Entry.objects.count()

    assert take_lists_in(administrator, later) == answer
    assert Entry.objects.count() == entries


def test_a_file_s_moments_without_the_disposed_person_are_recognised_when_it_is_sent_again(
    administrator: Actor,
) -> None:
    rows = [
        f"{REPLAYED},EX-SOUTH,arrive,2026-03-01T12:30Z,2026-03-01T13:05Z",
        f"{BYSTANDER},EX-SOUTH,arrive,2026-03-01T12:40Z,2026-03-01T13:10Z",
    ]
    answer = take_events_in(administrator, *rows)
    do.disposal.dispose(actor=administrator, tag=thing_of(REPLAYED, None).tag, authority=ORDER)

    entries = Entry.objects.count()
    act = Replayed.objects.get(digest=None).act_id

    with pytest.raises(FaultyFile) as refused:
        take_events_in(administrator, *rows)
    again = take_events_in(administrator, *rows, keep_good=True)
    told = Told(at(13 / 12), "13:05", (Event(2, REPLAYED, "arrive", "EX-SOUTH", at(0.5)),))
    with pytest.raises(HashDisposed, match=str(act)) as alone:
        replaying.replay(actor=administrator, told=told, file="events.csv")

    assert [(fault.row, fault.code) for fault in refused.value.faults] == [(2, "custody.hash_disposed")]
    assert str(act) in refused.value.faults[0].message
    assert [fault["row"] for fault in again["refused"]] == [2]
    assert again["tokens"][1] == answer["tokens"][1]
    assert alone.value.status == 409
    assert Entry.objects.count() == entries


def test_no_void_of_a_bystander_is_taken_in_twice_beside_one_who_was_disposed_of(
    administrator: Actor,
) -> None:
    take_events_in(
        administrator,
        f"{BYSTANDER},EX-SOUTH,arrive,2026-03-01T12:00Z,2026-03-01T13:00Z",
        f"{BYSTANDER},EX-NORTH,move,2026-03-01T12:20Z,2026-03-01T13:00Z",
    )
    rows = [
        f"{REPLAYED},EX-SOUTH,arrive,2026-03-01T12:30Z,2026-03-01T13:05Z",
        f"{BYSTANDER},,void,,2026-03-01T13:05Z",
    ]
    take_events_in(administrator, *rows)
    do.disposal.dispose(actor=administrator, tag=thing_of(REPLAYED, None).tag, authority=ORDER)
    things, entries = Thing.objects.count(), Entry.objects.count()

    with pytest.raises(FaultyFile):
        take_events_in(administrator, *rows)
    take_events_in(administrator, *rows, keep_good=True)
    assert (Thing.objects.count(), Entry.objects.count()) == (things, entries)

    later = [row.replace("13:05Z", "13:06Z") for row in rows[1:]]
    assert take_events_in(administrator, *later)["kept"] == 1


def test_rows_without_a_time_are_told_apart_by_how_many_they_are(administrator: Actor) -> None:
    def row(person: str) -> str:
        return f"{person},EX-SOUTH,arrive,2026-03-01T12:30Z,"

    take_events_in(administrator, row(REPLAYED))
    do.disposal.dispose(actor=administrator, tag=thing_of(REPLAYED, None).tag, authority=ORDER)

    with pytest.raises(FaultyFile, match="reported_at of its own"):
        take_events_in(administrator, row(BYSTANDER))
    assert take_events_in(administrator, row(BYSTANDER), row(LISTED))["kept"] == 2


def test_what_a_file_wrote_of_another_record_while_two_were_merged_goes_though_the_merge_was_undone(
    who: People, administrator: Actor
) -> None:
    take_events_in(
        administrator,
        f"{REPLAYED},EX-SOUTH,arrive,2026-03-01T10:00Z,2026-03-01T10:05Z",
        f"{REPLAYED},EX-SOUTH,release,2026-03-01T11:00Z,2026-03-01T11:05Z",
    )
    duplicate = thing_of(REPLAYED, None).tag
    merged = do.merging.merge(
        actor=who.center, survivor=ONE, duplicate=duplicate, reason="The same person"
    ).answer
    take_events_in(
        administrator,
        f"{REPLAYED},EX-SOUTH,move,2026-03-01T12:30Z,2026-03-01T13:05Z",
        f"{REPLAYED},,void,,2026-03-01T13:10Z",
    )
    do.merging.unmerge(actor=who.center, merge=merged.merge, reason="Two persons after all")
    assert Attack().fits(REPLAYED) >= {"request", "hash"}

    assert dispose(who, duplicate) == [duplicate]

    assert Attack().fits(REPLAYED) == set()
    assert not Replayed.objects.exclude(digest=None).exists()


def test_a_moment_of_two_rows_is_not_guessed_either(administrator: Actor) -> None:
    take_events_in(
        administrator,
        f"{REPLAYED},EX-SOUTH,arrive,2026-03-01T12:30Z,2026-03-01T13:05Z",
        f"{REPLAYED},EX-NORTH,move,2026-03-01T12:40Z,2026-03-01T13:05Z",
    )
    as_owner("UPDATE custody_reference SET digest = NULL", "UPDATE record_answer SET salt = NULL")
    assert Attack().fits(REPLAYED) == {"hash"}

    do.disposal.dispose(actor=administrator, tag=Entry.objects.get(n=2).thing.tag, authority=ORDER)

    assert Attack().fits(REPLAYED) == set()


def test_rolls_are_closed_while_references_are_looked_up(who: People) -> None:
    """A long file would keep the reads of the picture waiting, and a closing every file."""
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        references.things_named([REPLAYED])
        assert pool.submit(closes).result(timeout=20)


def closes() -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute("SELECT ledger_cut(%s)", [at(-1)])
            cursor.execute("SELECT ledger_close(%s, 0)", [at(-1)])
            return bool(cursor.fetchone()[0])
    finally:
        connections.close_all()


def test_a_row_that_was_left_out_and_is_of_somebody_known_goes_with_that_person_alone(
    who: People, administrator: Actor
) -> None:
    row = f"{REPLAYED},EX-SOUTH,arrive,2026-03-01T12:30Z,2026-03-01T13:05Z"
    answer = take_events_in(administrator, row, row, keep_good=True)

    dispose(who)
    again = take_events_in(administrator, row, row, keep_good=True)

    assert again["tokens"] == answer["tokens"]
    assert [fault["code"] for fault in again["refused"]] == ["custody.already_here"]
    do.disposal.dispose(actor=administrator, tag=thing_of(REPLAYED, None).tag, authority=ORDER)
    assert Replayed.objects.get().digest is None


def test_rows_that_were_left_out_are_not_kept_as_a_hash_either(who: People, administrator: Actor) -> None:
    """Where nobody is known by them they may name anybody, so any disposal takes the hash of what stood beside them."""
    rows = [
        f"{THREE},EX-SOUTH,arrive,2026-03-01T12:30Z,2026-03-01T13:05Z",
        f"{REPLAYED},EX-SOUTH,move,2026-03-01T12:30Z,2026-03-01T13:05Z",
    ]
    take_events_in(administrator, *rows, keep_good=True)
    assert "hash" in Attack().fits(REPLAYED)

    dispose(who)

    assert Replayed.objects.get().digest is None
    assert Answer.objects.get(act=Replayed.objects.get().act_id).salt is None
    assert Attack().fits(REPLAYED) == set()


def test_an_act_about_the_person_is_not_told_again_by_its_key_and_others_are(who: People) -> None:
    mine, other = uuid4(), uuid4()
    write(who, "name", NAME, tag=ONE, key=mine)
    write(who, "name", "Example Person Two", tag=TWO, key=other)
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[THREE], at=at(1))
    left = do.custody.receive(actor=who.south, site="EX-SOUTH", tags=[make_tag(1)], at=at(1)).act

    dispose(who)

    with pytest.raises(KeySpent):
        write(who, "name", NAME, tag=ONE, key=mine)
    write(who, "name", "Example Person Two", tag=TWO, key=other)
    assert Answer.objects.get(act=left).salt is not None
    both = Act.objects.filter(name="custody.receive").order_by("id").first()
    assert both
    assert Answer.objects.get(act=both).salt is None


def waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def test_a_disposal_waits_for_a_file_that_is_being_taken_in(who: People, administrator: Actor) -> None:
    """Else the hashes and the salt that its act leaves would never be looked for again."""
    take_events_in(administrator, f"{REPLAYED},EX-SOUTH,arrive,2026-03-01T12:30Z,2026-03-01T13:05Z")
    tag = thing_of(REPLAYED, None).tag

    def dispose_of_it() -> None:
        try:
            do.disposal.dispose(actor=administrator, tag=tag, authority=ORDER)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            references.things_named([REPLAYED])
            disposing = pool.submit(dispose_of_it)
            give_up_at = time.monotonic() + 20
            while not waiting() and time.monotonic() < give_up_at:
                time.sleep(0.02)
            assert waiting()
            assert not disposing.done()
        disposing.result(timeout=20)
    assert Replayed.objects.get().digest is None


def test_whoever_writes_while_another_disposes_leaves_no_key(who: People) -> None:
    start = Barrier(2)

    def at_once(work: Callable[[], object]) -> None:
        start.wait()
        try:
            with suppress(Disposed):
                work()
        finally:
            connections.close_all()

    for tag in (ONE, TWO):
        with ThreadPoolExecutor(2) as pool:
            works = (partial(write, who, "name", NAME, tag=tag), partial(dispose, who, tag))
            for done in [pool.submit(at_once, work) for work in works]:
                done.result(timeout=20)

    assert Disposal.objects.count() == 2
    assert not PersonalKey.objects.exists()


def as_owner(*statements: str) -> None:
    """As a restore does: with the triggers of the tables off."""
    off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in RESTORED]
    on = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in RESTORED]
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in (*off, *statements, "SET CONSTRAINTS ALL IMMEDIATE", *on):
            cursor.execute(statement)


def restored(who: People, administrator: Actor) -> None:
    """A key, hashes and salts of somebody who is disposed of, back from a backup."""
    told_of_persons(who, administrator)
    with connections["owner"].cursor() as cursor:
        for table in RESTORED:
            cursor.execute(f"CREATE TABLE backup_{table} AS TABLE {table}")
    tags = [ONE, thing_of(LISTED, "NYC").tag, thing_of(REPLAYED, None).tag]
    for tag in tags:
        do.disposal.dispose(actor=administrator, tag=tag, authority=ORDER)
    connection.close()
    as_owner(
        "INSERT INTO custody_personalkey TABLE backup_custody_personalkey",
        "UPDATE custody_reference r SET digest = b.digest FROM backup_custody_reference b WHERE b.id = r.id",
        "UPDATE custody_replayed r SET digest = b.digest FROM backup_custody_replayed b WHERE b.id = r.id",
        "UPDATE record_answer r SET salt = b.salt FROM backup_record_answer b WHERE b.act_id = r.act_id",
        *(f"DROP TABLE backup_{table}" for table in RESTORED),
    )
    assert Attack().fits(NAME) >= {"opened", "request"}


def test_a_restored_record_destroys_again_what_was_disposed_of(who: People, administrator: Actor) -> None:
    restored(who, administrator)

    reapply()

    attack = Attack()
    assert [attack.fits(guess) for guess in (NAME, WRITTEN, LISTED, REPLAYED)] == [set()] * 4
    assert attack.fits(BYSTANDER) == {"hash"}


def test_where_nothing_was_disposed_of_nothing_is_destroyed(who: People) -> None:
    write(who, "name", NAME)

    reapply()

    assert show(who, "name") == NAME
    assert not Answer.objects.filter(salt=None).exists()


def test_migrate_destroys_again_what_was_disposed_of(who: People, administrator: Actor) -> None:
    restored(who, administrator)

    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0

    assert not PersonalKey.objects.exists()


def test_serve_destroys_again_what_was_disposed_of_before_it_answers(
    who: People, administrator: Actor, database_env: dict[str, str]
) -> None:
    restored(who, administrator)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    # What it says first is said before it listens.
    command = [*MUSTER, "serve", "--port", str(port)]
    unbuffered = {**database_env, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=unbuffered, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert server.stdout.readline().startswith("Muster")
            assert not PersonalKey.objects.exists()
        finally:
            server.terminate()


@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM custody_personalkey",
        "UPDATE custody_personalkey SET sealed = ''",
        "UPDATE custody_reference SET digest = 'another'",
        "UPDATE custody_replayed SET digest = 'another'",
        "UPDATE record_answer SET salt = 'another'",
        "UPDATE custody_personalfield SET sealed = ''",
        "DELETE FROM custody_disposal",
    ],
)
def test_the_database_lets_keys_go_by_a_disposal_alone_and_hashes_become_nothing_else(
    who: People, administrator: Actor, alias: str, statement: str
) -> None:
    told_of_persons(who, administrator)
    dispose(who, TWO)
    connection.close()

    with (
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(using=alias),
        connections[alias].cursor() as cursor,
    ):
        cursor.execute(statement)

    assert isinstance(refused.value.__cause__, errors.RestrictViolation | errors.InsufficientPrivilege)


def test_no_hash_that_goes_is_in_a_leaf() -> None:
    """A leaf is kept for ever, and would let the hash in it be guessed."""
    by_table = {law.table: law for law in laws()}

    for table, column in (
        ("custody_reference", "digest"),
        ("custody_replayed", "digest"),
        ("record_answer", "salt"),
    ):
        assert column not in by_table[table].forever
    assert by_table["custody_personalkey"].delete


def test_a_key_that_is_not_there_or_under_another_secret_is_told(
    who: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = uuid4()
    write(who, "name", NAME)
    shown = do.personal.show_personal(actor=who.north, key=key, tag=ONE, field="name")
    secret = settings.SECRET_KEY
    monkeypatch.setattr(settings, "SECRET_KEY", "another-secret-" * 4)

    with pytest.raises(DoesNotOpen):
        show(who, "name")
    with pytest.raises(DoesNotOpen):
        write(who, "name", NAME)
    again = do.personal.show_personal(actor=who.north, key=key, tag=ONE, field="name")
    assert again.act == shown.act
    answers = do.find("custody.show_personal").answers
    assert answers.dump_python(again.answer, context={"door": "test"})["value"] is None

    monkeypatch.setattr(settings, "SECRET_KEY", secret)
    connection.close()
    as_owner("DELETE FROM custody_personalkey")
    with pytest.raises(DoesNotOpen):
        show(who, "name")


def test_at_the_api_and_the_command_line_it_is_shown_and_the_stored_answer_does_not_have_it(
    who: People, live_url: str
) -> None:
    write(who, "name", NAME)
    asked = {"tag": ONE, "field": "name"}

    status, _, told = door(live_url, who.north.user).ask("POST", "/api/v1/acts/custody/show_personal", asked)
    token = door(live_url, who.north.user).token
    done = CliRunner().invoke(
        app,
        ["act", "custody.show_personal"],
        input=json.dumps(asked),
        env={"MUSTER_TOKEN": token},
    )

    assert (status, told["answer"]) == (200, asked | {"value": NAME})
    assert f'"value": "{NAME}"' in done.stdout
    bodies = Answer.objects.filter(act__name="custody.show_personal").values_list("body", flat=True)
    assert [UUID(body["value"]) for body in bodies] == [PersonalField.objects.get().pk] * 2
