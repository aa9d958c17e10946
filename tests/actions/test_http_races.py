"""No double handover through the web: a server of its own, eight clients at once, one winner, and losers who are told why."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from people import TAGS, People, at, people

from muster.access.control import Actor, actor_of, new_token
from muster.access.models import Grant, User
from muster.custody import actions, queries
from muster.custody.models import Settled
from muster.ledger import queries as ledger
from muster.ledger.models import Entry, Head, Offer, Report
from muster.ledger.verifying import verify
from muster.record.models import Act

CLIENTS, ROUNDS = 8, 3
SERVE = "from muster.cli.main import main; main()"
Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def who() -> People:
    return people()


@pytest.fixture
def served(fresh_db: str, database_env: dict[str, str]) -> Iterator[str]:
    """The address of `muster serve` in a process of its own, on the test's database."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve", "--port", str(port)], env=database_env, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert server.stdout is not None
    assert re.search(rf"127\.0\.0\.1:{port}", server.stdout.readline())
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Client:
    """Somebody signed in at the API, whose connection is open before the race begins."""

    def __init__(self, url: str, actor: Actor) -> None:
        self.token = new_token(User.objects.get(pk=actor.user))
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def act(self, name: str, key: str | None = None, **body: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        path = f"/api/v1/acts/{name.replace('.', '/')}"
        self.connection.request("POST", path, json.dumps(body, default=str), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def race(
    clients: Sequence[Client], name: str, *bodies: dict[str, Any], keys: Sequence[str] = ()
) -> list[Answer]:
    """What each client is told when all act at once; bodies and keys are dealt out by turns."""
    start = Barrier(len(clients))

    def one(number: int) -> Answer:
        key = keys[number % len(keys)] if keys else str(uuid4())
        start.wait()
        return clients[number].act(name, key, **bodies[number % len(bodies)])

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(one, range(len(clients))))


def ends(answers: Sequence[Answer]) -> Counter[str]:
    """How often each thing was told: `200`, or the status with the refusal's code."""
    return Counter("200" if status == 200 else f"{status} {told['code']}" for status, told in answers)


def by_turns(url: str, *actors: Actor) -> list[Client]:
    return [Client(url, actors[number % len(actors)]) for number in range(CLIENTS)]


def south_too(who: People) -> Actor:
    user = User.objects.create_user("clerk.south.two")
    Grant.objects.create(user=user, role="clerk", site_id="EX-SOUTH")
    return actor_of(user)


def test_of_eight_who_sign_for_one_handover_at_once_one_receives(served: str, who: People) -> None:
    clients = by_turns(served, who.south, south_too(who))
    for tag in TAGS[:ROUNDS]:
        actions.receive(actor=who.north, site="EX-NORTH", tags=[tag], at=at(0))
        offered = actions.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[tag]).answer

        told = race(clients, "custody.accept", {"handover": offered.handover, "at": at(1)})

        assert ends(told) == {"200": 1, "409 ledger.already_answered": CLIENTS - 1}
        assert Entry.objects.filter(thing__tag=tag).count() == 2
    assert ledger.census(at(2), ledger.latest_known()).sites == {"EX-SOUTH": ROUNDS}
    assert verify()["ok"]


def test_of_eight_who_receive_one_person_at_once_one_site_does_and_each_other_is_told(
    served: str, who: People
) -> None:
    """At the site that won the person is already there; at the other the arrival is kept as a report."""
    clients = by_turns(served, who.north, who.south)
    for tag in TAGS[:ROUNDS]:
        arrivals = [{"site": site, "tags": [tag], "at": at(0)} for site in ("EX-NORTH", "EX-SOUTH")]

        told = race(clients, "custody.receive", *arrivals)

        assert ends(told) == {"200": 1, "409 custody.already_here": 3, "409 record.kept_as_report": 4}
        assert Entry.objects.filter(thing__tag=tag).count() == 1
    assert ledger.census(at(1), ledger.latest_known()).total == ROUNDS
    assert Report.objects.count() == 4 * ROUNDS
    assert verify()["ok"]


def test_of_eight_who_offer_one_person_at_once_one_does(served: str, who: People) -> None:
    clients = by_turns(served, who.north, who.north_too)
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:ROUNDS], at=at(0))
    for tag in TAGS[:ROUNDS]:
        told = race(clients, "custody.offer", {"giver": "EX-NORTH", "receiver": "EX-SOUTH", "tags": [tag]})

        assert ends(told) == {"200": 1, "409 ledger.already_offered": CLIENTS - 1}
    assert Offer.objects.filter(open=True).count() == ROUNDS


def test_an_offer_accepted_refused_and_withdrawn_at_once_ends_in_one_way(served: str, who: People) -> None:
    ways = [("custody.accept", who.south, {"at": at(1)}), ("custody.refuse", who.south, {"reason": "no_space"}),
            ("custody.withdraw", who.north, {})]  # fmt: skip
    clients = [(name, Client(served, actor), body) for name, actor, body in ways for _ in range(2)]
    for tag in TAGS[:ROUNDS]:
        actions.receive(actor=who.north, site="EX-NORTH", tags=[tag], at=at(0))
        handover = actions.offer(
            actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[tag]
        ).answer.handover
        start = Barrier(len(clients))

        def answer(
            one: tuple[str, Client, dict[str, Any]], start: Barrier = start, handover: Any = handover
        ) -> Answer:
            name, client, body = one
            start.wait()
            return client.act(name, handover=handover, **body)

        with ThreadPoolExecutor(len(clients)) as pool:
            told = list(pool.map(answer, clients))

        assert ends(told) == {"200": 1, "409 ledger.already_answered": len(clients) - 1}
        won = next(name for (name, *_), (status, _) in zip(clients, told, strict=True) if status == 200)
        site = Head.objects.get(thing__tag=tag).holder.site
        assert site == ("EX-SOUTH" if won == "custody.accept" else "EX-NORTH")
    assert verify()["ok"]


def test_of_eight_who_settle_one_difference_at_once_one_named_person_does(served: str, who: People) -> None:
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=at(0))
    difference = queries.open_differences(["EX-NORTH"]).get()

    told = race(
        by_turns(served, who.center),
        "custody.settle",
        {"difference": difference.pk, "reason": "By telephone."},
    )

    assert ends(told) == {"200": 1, "409 custody.already_settled": CLIENTS - 1}
    assert Settled.objects.get().act.actor_id == who.center.user


def test_one_key_sent_eight_times_at_once_is_one_act_and_one_answer(served: str, who: People) -> None:
    clients = by_turns(served, who.north)
    for tag in TAGS[:ROUNDS]:
        body = {"site": "EX-NORTH", "tags": [tag], "at": at(0)}

        told = race(clients, "custody.receive", body, keys=[str(uuid4())])

        assert ends(told) == {"200": CLIENTS}
        assert len({json.dumps(answer, sort_keys=True) for _, answer in told}) == 1
        assert Entry.objects.filter(thing__tag=tag).count() == 1
    assert Act.objects.filter(name="custody.receive", refused_code="").count() == ROUNDS


def test_one_key_sent_at_once_with_two_bodies_stands_for_the_one_that_came_first(
    served: str, who: People
) -> None:
    clients = by_turns(served, who.north)
    for first, second in zip(TAGS[:ROUNDS], TAGS[ROUNDS : 2 * ROUNDS], strict=True):
        bodies = [{"site": "EX-NORTH", "tags": [tag], "at": at(0)} for tag in (first, second)]

        told = race(clients, "custody.receive", *bodies, keys=[str(uuid4())])

        assert ends(told) == {"200": CLIENTS // 2, "409 record.key_reused": CLIENTS // 2}
        assert Entry.objects.filter(thing__tag__in=[first, second]).count() == 1


def test_eight_buses_of_the_same_persons_in_other_orders_are_one_arrival(served: str, who: People) -> None:
    clients = by_turns(served, who.north, who.north_too)
    tags = TAGS[:40]
    orders = [tags, tags[::-1], tags[::2] + tags[1::2], tags[20:] + tags[:20]]

    told = race(
        clients, "custody.receive", *({"site": "EX-NORTH", "tags": order, "at": at(0)} for order in orders)
    )

    assert set(ends(told)) <= {"200", "409 custody.already_here", "409 record.try_again"}
    assert ends(told)["200"] == 1
    assert ledger.census(at(1), ledger.latest_known()).sites == {"EX-NORTH": 40}
