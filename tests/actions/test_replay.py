"""Files of custody events, taken in for real: every row is an entry, a report or a fault, and a second run changes nothing."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from people import People, people

from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.core.errors import FaultyFile
from muster.custody.models import Replayed
from muster.custody.queries import census_of
from muster.custody.replay import replay_file
from muster.ledger.models import Entry
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
