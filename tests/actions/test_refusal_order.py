"""Where several refusals apply, which one is told: try again, the key, stale, not the holder, before the live top, clock ahead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from django.db import connection
from lies import Case, FromNow, outcome, pop, prepare, push
from people import TAGS, People, at, people

from muster.access.control import Actor, Scope
from muster.custody import actions
from muster.custody.rules import AlreadyHere
from muster.ledger.models import Entry
from muster.parties.models import Site
from muster.record.action import ACTIONS, TRIES, KeyReused, TryAgain, action
from muster.record.models import Act

SOON = FromNow(60)  # minutes: more than a clock may be ahead


@dataclass(frozen=True)
class Attempts:
    """How many attempts an act took."""

    count: int


def _about(site: str) -> tuple[Scope, Site]:
    row = Site.objects.get(code=site)
    return Scope("site", row.code, row.organisation_id, row.code), row


# It goes by the name of a verb that the policies let a clerk do, and the register forgets it.
_REGISTERED = dict(ACTIONS)
ATTEMPTS: list[UUID] = []


@action("custody.receive", about=_about)
def collide(*, act: Act, row: Site, actor: Actor, site: str, times: int, sqlstate: str) -> Attempts:
    """Fail so many times as PostgreSQL does where two writers stand in each other's way."""
    ATTEMPTS.append(act.pk)
    if len(ATTEMPTS) <= times:
        with connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'collided' USING ERRCODE = '{sqlstate}'; END $$")
    return Attempts(len(ATTEMPTS))


ACTIONS.clear()
ACTIONS.update(_REGISTERED)


@pytest.fixture
def who() -> People:
    ATTEMPTS.clear()
    return people()


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_who_collides_once_too_often_is_told_to_try_again_and_nothing_is_kept(
    who: People, sqlstate: str
) -> None:
    key = uuid4()
    with pytest.raises(TryAgain):
        collide(actor=who.north, key=key, site="EX-NORTH", times=TRIES, sqlstate=sqlstate)

    assert len(ATTEMPTS) == TRIES
    assert not Act.objects.filter(pk__in=ATTEMPTS).exists()
    assert Act.objects.get().refused_code == "record.try_again"
    # The key was not remembered: sent again it is done.
    ATTEMPTS.clear()
    assert collide(actor=who.north, key=key, site="EX-NORTH", times=0, sqlstate=sqlstate).answer.count == 1


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_who_collides_once_less_is_not_told_of_it(who: People, sqlstate: str) -> None:
    done = collide(actor=who.north, site="EX-NORTH", times=TRIES - 1, sqlstate=sqlstate)

    assert done.answer.count == TRIES
    assert list(Act.objects.values_list("pk", flat=True)) == [ATTEMPTS[-1]]


def test_a_key_that_stands_for_another_body_is_told_before_anything_of_the_ledger(who: People) -> None:
    key = uuid4()
    arrival = {"site": "EX-NORTH", "tags": TAGS[:1], "at": at(1)}
    actions.receive(actor=who.north, key=key, **arrival)

    for wrong in ({"at": at(0)}, {"at": at(24 * 365 * 50)}):  # before the live top, and ahead of every clock
        with pytest.raises(KeyReused):
            actions.receive(actor=who.north, key=key, **arrival | wrong)
        with pytest.raises(AlreadyHere):
            actions.receive(actor=who.north, key=uuid4(), **arrival | wrong)
    assert Entry.objects.count() == 1


# Each row has what is wrong with the one below it and one thing more, so that only the order decides what is told.
ORDER = [
    ("ledger.stale", push("twice", 9, "C A", SOON, 7)),
    ("ledger.stale", push("twice", 9, "B C", 5, 2)),
    ("ledger.not_the_holder", push("twice", 3, "C A", SOON, 7)),
    ("ledger.not_the_holder", push("twice", 3, "C A", 1, 2)),
    ("ledger.not_the_holder", push("twice", 3, "C A", 5, 2)),
    ("ledger.stale", push("twice", 3, "B C", SOON, 1)),
    ("ledger.stale", push("twice", 3, "B C", 1, 1)),
    ("ledger.before_live_top", push("twice", 3, "B C", 1, 2)),
    ("ledger.clock_ahead", push("twice", 3, "B C", SOON, 2)),
    ("ledger.stale", replace(pop("twice", 3, "C A", 4, 1, 1), at=SOON)),
    ("ledger.not_the_mirror", replace(pop("twice", 3, "C A", 4, 1, 2), at=SOON)),
    ("ledger.not_the_mirror", replace(pop("twice", 3, "B A", 4, 1, 2), at=SOON)),
]


def test_of_several_refusals_of_the_ledger_the_first_in_the_order_is_told() -> None:
    act = prepare()

    told = [outcome(Case("", ((row,),), ""), act) for _, row in ORDER]

    assert told == [f"{code} twice" for code, _ in ORDER]
