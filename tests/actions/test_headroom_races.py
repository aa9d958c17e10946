"""Two officers cannot spend the same headroom: a server of its own, several officers at once over HTTP, many rounds, one winner each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from people import at
from test_http_races import Answer, Client, ends, served
from test_steps import LIMITS, Offices, offices, opened

from muster.decisions.models import Decision, Version
from muster.decisions.rules import Limits
from muster.ledger.queries import latest_known
from muster.missions.models import Mission
from muster.tasks.models import Shift, Task
from muster.tasks.usage import usage
from muster.transport.outside import open_outside

__all__ = ["offices", "served"]
OFFICERS, ROUNDS = 4, 4
WIDE = LIMITS | {"people_max": 1000, "people_max_by_task": {"T04": 6}, "people_max_by_place": {"Site A": 6}}


def order(number: int, category: str = "T01", people: int = 6, place: str = "Site A") -> dict[str, Any]:
    """A task in the window of its round, three hours that no other round touches."""
    return {
        "mission": "EX-1", "category": category, "words": "As the request says", "place": place, "people": str(people),
        "begins_at": at(3 * number), "ends_at": at(3 * number + 2), "contact": "direct" if category == "T04" else "none",
    }  # fmt: skip


def at_once(*asks: Callable[[], Answer]) -> list[Answer]:
    """What each is told when all ask at once."""
    start = Barrier(len(asks))

    def one(ask: Callable[[], Answer]) -> Answer:
        start.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(one, asks))


def officers(url: str, offices: Offices) -> list[Client]:
    return [Client(url, offices.sites.center) for _ in range(OFFICERS)]


def ordering(clients: Sequence[Client], body: dict[str, Any]) -> list[Callable[[], Answer]]:
    return [lambda client=client: client.act("tasks.order", **body) for client in clients]  # type: ignore[misc]  # one each


def most_used(hours: float) -> dict[tuple[str, str], tuple[int, int]]:
    found = usage(Decision.objects.get(), at(hours), latest_known())
    return {(used.limit, used.of): (used.used, used.allowed) for used in found.limits}


@pytest.mark.parametrize(
    ("limit", "limits", "category", "place"),
    [
        ("people_max", WIDE | {"people_max": 6, "people_max_by_place": {}}, "T01", "Site B"),
        ("people_max_by_task", WIDE | {"people_max_by_place": {}}, "T04", "Site B"),
        ("people_max_by_place", WIDE, "T01", "Site A"),
    ],
)
def test_of_four_who_order_the_last_headroom_at_once_one_does(
    served: str, offices: Offices, limit: str, limits: dict[str, Any], category: str, place: str
) -> None:
    opened(offices, limits)
    clients = officers(served, offices)
    for number in range(ROUNDS):
        told = at_once(*ordering(clients, order(number, category, place=place)))

        assert ends(told) == {"200": 1, "422 decisions.over_people": OFFICERS - 1}
    assert Task.objects.count() == ROUNDS
    for number in range(ROUNDS):
        assert {used for (name, _), used in most_used(3 * number + 1).items() if name == limit} == {(6, 6)}


def test_of_orders_of_many_sizes_what_is_kept_never_goes_beyond(served: str, offices: Offices) -> None:
    """Each of the officers takes another part of the headroom; in every round whoever is kept fits, and one more would not."""
    opened(offices, WIDE)
    clients = officers(served, offices)
    for number in range(ROUNDS):
        sizes = [2, 3, 4, 5]
        told = at_once(
            *(ask for size, client in zip(sizes, clients, strict=True) for ask in ordering([client], order(number, people=size)))
        )  # fmt: skip

        assert set(ends(told)) <= {"200", "422 decisions.over_people"}
        kept = sum(size for size, (status, _) in zip(sizes, told, strict=True) if status == 200)
        refused = [size for size, (status, _) in zip(sizes, told, strict=True) if status != 200]
        assert most_used(3 * number + 1)["people_max_by_place", "Site A"] == (kept, 6)
        assert all(kept + size > 6 for size in refused)


def test_an_order_and_an_amendment_at_once_come_one_after_the_other(served: str, offices: Offices) -> None:
    """Ordered first, the task stands outside the amendment and is listed; amended first, the order is refused. Never both, or neither."""
    decision = opened(offices, WIDE)
    governor, officer = Client(served, offices.governor), Client(served, offices.sites.center)
    how: Counter[str] = Counter()
    for number in range(ROUNDS):
        wide, narrow = Limits.from_json(WIDE), WIDE | {"people_max_by_place": {"Site A": 5}}
        amend = {"decision": decision, "reason": "Fewer there", "effective_at": at(3 * number)}

        (ordered, refusal), (amended, _) = at_once(
            lambda number=number: officer.act("tasks.order", **order(number)),  # type: ignore[misc]  # one each
            lambda amend=amend, narrow=narrow: governor.act("decisions.amend", limits=narrow, **amend),  # type: ignore[misc]
        )

        assert amended == 200
        outside = [each.begins_at for each in open_outside(Mission.objects.get(), latest_known())]
        assert (ordered == 200) == (at(3 * number) in outside)
        if ordered != 200:
            assert refusal["code"] == "decisions.over_people"
        how["ordered first" if ordered == 200 else "amended first"] += 1
        again = governor.act(
            "decisions.amend", decision=decision, limits=wide.to_json(), reason="As before",
            effective_at=at(3 * number + 2.5),
        )  # fmt: skip
        assert again[0] == 200
    assert sum(how.values()) == ROUNDS
    assert Version.objects.filter(kind="amended").count() == 2 * ROUNDS


def test_an_order_and_a_suspension_at_once_come_one_after_the_other(served: str, offices: Offices) -> None:
    decision = opened(offices, WIDE)
    governor, officer = Client(served, offices.governor), Client(served, offices.sites.center)
    for number in range(ROUNDS):
        moment = at(3 * number)

        (ordered, refusal), (suspended, _) = at_once(
            lambda number=number: officer.act("tasks.order", **order(number)),  # type: ignore[misc]  # one each
            lambda moment=moment: governor.act(  # type: ignore[misc]
                "decisions.suspend", decision=decision, reason="A review", effective_at=moment
            ),
        )

        assert suspended == 200
        outside = [each.begins_at for each in open_outside(Mission.objects.get(), latest_known())]
        assert (ordered == 200) == (moment in outside)
        if ordered != 200:
            assert refusal["code"] == "decisions.nothing_in_force"
        resumed = governor.act(
            "decisions.resume", decision=decision, reason="Reviewed", effective_at=at(3 * number + 2.5)
        )
        assert resumed[0] == 200


def test_of_four_who_plan_the_last_shift_or_the_same_member_at_once_one_does(
    served: str, offices: Offices
) -> None:
    """Every round is one shift of a task for one; in the odd ones all four ask for the same member at tasks with room for all."""
    opened(offices, WIDE | {"people_max_by_place": {}})
    clients = officers(served, offices)
    first = clients[0]
    for people in ("1", *["9"] * OFFICERS):
        body = order(0, people=9) | {"people": people, "ends_at": at(3 * ROUNDS)}
        assert first.act("tasks.order", **body)[0] == 200
    given = [
        {"member": f"N-{n}", "unit": "1st Company", "duty_status": "T32-502f1A"} for n in range(OFFICERS)
    ]
    tags = first.act("tasks.state_members", organisation="EX-GUARD", members=given)[1]["answer"]["tags"]
    days = {"from_on": "2026-02-28", "until_on": "2026-03-10", "report_to": "Site A", "status": "T32-502f1A"}
    assert first.act("tasks.order_members", mission="EX-1", members=tags, **days)[0] == 200

    for number in range(ROUNDS):
        times = {"begins_at": at(3 * number), "ends_at": at(3 * number + 3)}
        asked = [
            {"member": tags[0], "task": f"EX-1-T{n + 2}", **times}
            if number % 2
            else {"member": tags[n], "task": "EX-1-T1", **times}
            for n in range(OFFICERS)
        ]
        told = at_once(*(
            lambda client=client, shift=shift: client.act("tasks.plan_shifts", mission="EX-1", shifts=[shift])  # type: ignore[misc]
            for client, shift in zip(clients, asked, strict=True)
        ))  # fmt: skip

        assert ends(told) == {"200": 1, "422 tasks.shifts_do_not_fit": OFFICERS - 1}
        codes = {fault["code"] for status, body in told if status != 200 for fault in body["faults"]}
        assert codes == {"tasks.on_two_shifts" if number % 2 else "tasks.over_the_task"}
    assert Shift.objects.count() == ROUNDS
