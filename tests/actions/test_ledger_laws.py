"""The database refuses every lie about who holds what, whoever asks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import Error, connection, transaction
from lies import BATTERY, outcome, prepare

from muster.access.models import User
from muster.ledger import queries, rules
from muster.ledger.models import Entry, Head, Holder
from muster.ledger.writing import Pop, Push, holder, outside, things_of, write
from muster.record.action import number_of
from muster.record.models import Act

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Story:
    """A person, two sites and outside, and the acts that move the person."""

    def __init__(self) -> None:
        user = User.objects.create_user("clerk")
        self.user = user
        act = self.act()
        self.outside = outside(act=act)
        self.a = holder(act=act, code="A", kind=Holder.Kind.AREA, site="A")
        self.b = holder(act=act, code="B", kind=Holder.Kind.AREA, site="B")
        self.person = things_of(["222-223-Z"], act=act, kind="person", origin=self.outside)[0]

    def act(self) -> Act:
        return Act.objects.create(actor=self.user, name="test", request_hash=b"")

    def push(self, receiver: Holder, hours: int, *, giver: Holder | None = None) -> int:
        with transaction.atomic():
            act = self.act()
            change = Push(
                thing=self.person.pk, receiver=receiver.pk, happened_at=NOON + timedelta(hours=hours),
                giver=giver.pk if giver else None,
            )  # fmt: skip
            write([change], act=act)
        return number_of(act.pk) or 0


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_handover_moves_the_head_and_the_giver_must_be_the_holder(story: Story) -> None:
    story.push(story.a, 0)

    with pytest.raises(rules.NotTheHolder, match="held by A"):
        story.push(story.a, 1, giver=story.b)

    assert Head.objects.get(thing=story.person).holder == story.a


def test_the_database_takes_every_truth_and_refuses_every_lie() -> None:
    act = prepare()

    assert {case.name: outcome(case, act) for case in BATTERY} == {case.name: case.due for case in BATTERY}


def test_something_late_needs_a_correction_batch(story: Story) -> None:
    story.push(story.a, 2)

    with pytest.raises(rules.BeforeLiveTop):
        story.push(story.b, 1)


def test_a_correction_batch_changes_the_past_and_what_was_known_stays_known(story: Story) -> None:
    first = story.push(story.a, 0)
    second = story.push(story.b, 4)
    with transaction.atomic():
        act = story.act()
        changes = [
            Pop(thing=story.person.pk, reason="late"),
            Push(thing=story.person.pk, receiver=story.outside.pk, happened_at=NOON + timedelta(hours=1)),
            Push(thing=story.person.pk, receiver=story.b.pk, happened_at=NOON + timedelta(hours=4)),
        ]
        write(changes, act=act)
    third = number_of(act.pk) or 0

    at = NOON + timedelta(hours=2)
    assert queries.census(at, first).sites == {"A": 1}
    assert queries.census(at, second).sites == {"A": 1}
    assert queries.census(at, third).sites == {}
    assert queries.census(NOON + timedelta(hours=5), third).sites == {"B": 1}
    assert [e["kind"] for e in queries.history("222-223-Z")["entries"]] == [
        "push",
        "push",
        "pop",
        "push",
        "push",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET reason = 'x'",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry CASCADE",
        "UPDATE ledger_head SET n = 0",
        "INSERT INTO record_number VALUES (1, gen_random_uuid())",
        "DELETE FROM record_act",
    ],
)
def test_the_application_may_not_change_what_is_written(story: Story, statement: str) -> None:
    story.push(story.a, 0)

    with pytest.raises(Error), connection.cursor() as cursor:
        cursor.execute(statement)


def test_new_persons_are_written_in_the_order_of_their_tags_and_told_in_the_order_asked(story: Story) -> None:
    """So that two lists of the same new persons, in opposite order, do not wait for each other."""
    tags = ["222-BBB-2", "222-AAA-4", "222-223-Z", "222-CCC-Y"]

    made = things_of(tags, act=story.act(), kind="person", origin=story.outside)

    assert [thing.tag for thing in made] == tags
    new = [thing for thing in made if thing.pk != story.person.pk]
    assert sorted(new, key=lambda thing: thing.pk) == sorted(new, key=lambda thing: thing.tag)


def test_nobody_hands_over_to_itself(story: Story) -> None:
    story.push(story.a, 0)

    with pytest.raises(rules.SamePlace):
        story.push(story.a, 1)


def test_one_of_eight_writers_wins(story: Story) -> None:
    """Eight clients move one person at once: one entry is written, seven are refused, none fails otherwise."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    from django.db import connections

    start = Barrier(8)

    def move(number: int) -> str:
        try:
            start.wait()
            story.push(story.a if number % 2 else story.b, 1, giver=story.outside)
            return "won"
        except rules.LedgerRefusal as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(move, range(8)))

    assert results.count("won") == 1
    assert set(results) <= {"won", "ledger.stale", "ledger.not_the_holder"}
    assert Entry.objects.count() == 1
