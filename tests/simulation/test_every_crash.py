"""The server stops before each of an act's statements in turn: the act is there as a whole or not at all, and is sent again."""

from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from simulator import BEGIN, Crash, Tablet, _stop_at, _tablets

from muster.core.tags import make_tag
from muster.custody import actions
from muster.database import append_only_tables
from muster.record.action import Action
from muster.record.models import Act

TAGS = [make_tag(7919 * number) for number in range(1, 5)]
MOST = 200  # statements of one act


def standing() -> tuple[object, ...]:
    """All heads and open offers, and how many rows each table has that is only added to."""
    counted = ", ".join(f'(SELECT count(*) FROM "{table}")' for table in sorted(append_only_tables()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing_id, n, top, holder_id, happened_at FROM ledger_head ORDER BY 1")
        heads = cursor.fetchall()
        cursor.execute(
            "SELECT o.thing_id, o.open, h.state FROM ledger_offer o JOIN ledger_handover h ON h.id = o.handover_id ORDER BY o.id"
        )
        offers = cursor.fetchall()
        # Numbers and leaves come after the commit.
        cursor.execute("SELECT record_sequence()")
        cursor.execute(f"SELECT {counted}")
        return heads, offers, cursor.fetchone()


def sent_until_answered(verb: Action[Any], tablet: Tablet, **inputs: Any) -> tuple[Any, int, int]:
    """Sent under one key to a server that stops one statement later each time: the answer, and how often it had stopped
    before its commit and after."""
    before, after, key = standing(), None, uuid4()
    stopped_before = stopped_after = 0
    for statement in range(1, MOST):
        try:
            with connection.execute_wrapper(_stop_at(statement)):
                done = verb(actor=tablet.actor, key=key, **inputs)
        except Crash:
            if not Act.objects.filter(idempotency_key=key).exists():
                assert standing() == before, (
                    f"{verb.name} left something when it stopped at statement {statement}"
                )
                stopped_before += 1
            else:
                after = after or standing()
                assert standing() == after
                stopped_after += 1
            continue
        assert standing() != before
        assert after in (None, standing())
        assert verb(actor=tablet.actor, key=key, **inputs).answer == done.answer
        assert Act.objects.filter(idempotency_key=key).count() == 1
        return done.answer, stopped_before, stopped_after
    raise AssertionError(f"{verb.name} was never answered")


@pytest.mark.usefixtures("fresh_db")
def test_an_act_is_there_as_a_whole_or_not_at_all_wherever_the_server_stops() -> None:
    north, _, south, *_ = _tablets(Random(1))
    stops = {}

    def send(verb: Action[Any], tablet: Tablet, **inputs: Any) -> Any:
        answer, *stops[verb.name] = sent_until_answered(verb, tablet, **inputs)
        return answer

    send(actions.receive, south, site=south.site, tags=TAGS[3:], at=BEGIN)
    send(actions.receive, north, site=north.site, tags=TAGS[:3], at=BEGIN)
    made = send(actions.offer, north, giver=north.site, receiver=south.site, tags=TAGS[:3])
    # One stays behind, which is a difference in the same act.
    send(actions.accept, south, handover=made.handover, at=BEGIN, tags=TAGS[:2])
    send(actions.correct, north, site=north.site, tag=TAGS[0], n=1, happened_at=BEGIN, reason="late")
    back = send(actions.offer, south, giver=south.site, receiver=north.site, tags=TAGS[:1])
    # On an open offer, which ends; and one who is elsewhere, which is a report.
    told = send(actions.release, south, site=south.site, tags=[TAGS[0], TAGS[2]], at=BEGIN, reason="bond")

    assert back.handover != made.handover
    assert (told.released, list(told.reported)) == ([TAGS[0]], [TAGS[2]])
    assert all(before > 5 and after for before, after in stops.values()), stops
