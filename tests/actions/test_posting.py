"""A handover's statements, under migrations, races and eyes that may not see."""

from __future__ import annotations

from threading import Thread
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction
from people import TAGS, People, at, people

from muster.core.errors import MusterError, NotFound
from muster.custody import actions, counting, queries
from muster.ledger import posting
from muster.ledger.models import Entry, Head, Holder, Thing
from muster.ledger.rules import NotTheHolder, Stale
from muster.record.models import Act


@pytest.fixture
def who() -> People:
    found = people()
    actions.receive(actor=found.north, site="EX-NORTH", tags=TAGS[:3], at=at(0))
    actions.receive(actor=found.south, site="EX-SOUTH", tags=TAGS[3:4], at=at(0))
    return found


def offered(who: People, tags: list[str]) -> UUID:
    done = actions.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=tags)
    return done.answer.handover


def test_a_handover_goes_on_after_a_migration_changed_a_column_under_its_statements(who: People) -> None:
    for _ in range(8):
        actions.withdraw(actor=who.north, handover=offered(who, TAGS[:1]))
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_holder ALTER COLUMN code TYPE varchar(80)")

    handover = offered(who, TAGS[:1])

    assert actions.accept(actor=who.south, handover=handover, at=at(1)).answer.accepted == TAGS[:1]


def test_the_person_that_was_raced_is_named_and_not_the_first_of_the_list(who: People) -> None:
    things = dict(Thing.objects.values_list("tag", "pk"))
    raced = max(things[tag] for tag in TAGS[:3])
    places = dict(Holder.objects.values_list("code", "pk"))
    act = Act.objects.create(actor_id=who.north.user, name="test", request_hash=b"")
    told: list[MusterError] = []

    def second() -> None:
        try:
            with transaction.atomic():
                posting.post(
                    [things[tag] for tag in TAGS[:3]],
                    act=act.pk, giver=places["EX-NORTH"], receiver=places["EX-SOUTH"], at=at(2),
                )  # fmt: skip
        except MusterError as refusal:
            told.append(refusal)
        finally:
            connection.close()

    with transaction.atomic():
        posting.post([raced], act=act.pk, giver=places["EX-NORTH"], receiver=places["EX-SOUTH"], at=at(1))
        running = Thread(target=second)
        running.start()
        running.join(1)  # it waits for the person's number, which the first has taken and not committed
        assert running.is_alive()
    running.join()

    (refusal,) = told
    assert isinstance(refusal, Stale)
    assert things[refusal.tag] == raced
    assert Entry.objects.filter(giver_id=places["EX-NORTH"]).count() == 1


def test_what_the_guard_refuses_leaves_the_transaction_to_go_on(who: People) -> None:
    things, places = (
        dict(Thing.objects.values_list("tag", "pk")),
        dict(Holder.objects.values_list("code", "pk")),
    )
    with transaction.atomic():
        act = Act.objects.create(actor_id=who.north.user, name="test", request_hash=b"")
        with pytest.raises(NotTheHolder, match="held by EX-NORTH"):
            posting.post(
                [things[TAGS[0]]],
                act=act.pk, giver=places["EX-SOUTH"], receiver=places["EX-NORTH"], at=at(1),
            )  # fmt: skip
        posting.post(
            [things[TAGS[0]]], act=act.pk, giver=places["EX-NORTH"], receiver=places["EX-SOUTH"], at=at(1)
        )

    assert Head.objects.get(thing=things[TAGS[0]]).holder_id == places["EX-SOUTH"]


def test_what_is_of_another_site_reads_like_what_is_not_there(who: People) -> None:
    difference = queries.open_differences(["EX-NORTH"])[0].pk
    handover = offered(who, TAGS[:1])
    count = counting.open_count(actor=who.north, site="EX-NORTH", at=at(1)).answer.count

    for verb, name, found in (
        (actions.settle, "difference", difference),
        (actions.withdraw, "handover", handover),
        (counting.submit_count, "count", count),
    ):
        more = {"reason": "not ours"} if name == "difference" else {"persons": 1} if name == "count" else {}
        words = []
        for asked in (found, uuid4()):
            with pytest.raises(NotFound) as told:
                verb(actor=who.south, **{name: asked}, **more)
            words.append(str(told.value).replace(str(asked), "it"))
        assert words[0] == words[1]
