"""Muster's ledger: each commit is one act, through the guard. Nobody signs and nobody is asked for permission here.

A single transfer is the act and the ledger's posting function in one statement; of a batch, whose transfers have many givers and
receivers, the entries are written as a correction's or a list's are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connections, transaction
from transfers import BEGINS, OUTSIDE, SITES, YEAR, Transfer, person, persons, site

from muster import database
from muster.core.ids import new_id
from muster.core.tags import make_tag
from muster.database import prepared
from muster.ledger import bulk, queries, rolls
from muster.ledger.models import Holder, Thing
from muster.ledger.writing import Push
from muster.ledger.writing import write as write_entries
from muster.record.models import Act

POST = """
WITH begun AS (
    INSERT INTO record_act (id, name, request_hash, refused_code, refused_words)
    VALUES (%s, 'transfer', '', '', '') RETURNING id)
SELECT p.refusal FROM begun CROSS JOIN LATERAL ledger_post(begun.id, %s::uuid[], %s, %s, %s, '', NULL, '') p
"""
SITE_CODES = {site(index): f"S{index}" for index in range(SITES)}


def prepare(count: int) -> None:
    """The holders, and the persons, who begin outside."""
    database.migrate()
    with transaction.atomic():
        act = Act.objects.create(name="prepared", request_hash=b"")
        outside = Holder(id=OUTSIDE, kind="outside", code="outside", act=act)
        sites = [Holder(id=id, kind="area", code=code, site=code, act=act) for id, code in SITE_CODES.items()]
        bulk.add(Holder, [outside, *sites])
        things = [
            Thing(id=person(index), kind="person", tag=make_tag(index), origin_id=OUTSIDE, act=act)
            for index in range(persons(count))
        ]
        bulk.add(Thing, things)
    queries.latest_known()


def load(count: int) -> None:
    """Nothing to have ready: the ledger looks up for itself who holds whom."""


def write(batch: Sequence[Transfer]) -> None:
    """One act in one commit."""
    if len(batch) == 1:
        (one,) = batch
        ((refusal,),) = prepared.rows(POST, new_id(), [one.person], one.giver, one.receiver, one.at)
        assert refusal is None
        return
    changes = [
        Push(thing=each.person, giver=each.giver, receiver=each.receiver, happened_at=each.at)
        for each in batch
    ]
    with transaction.atomic():
        write_entries(changes, act=Act.objects.create(name="transfer", request_hash=b""))


def settle() -> None:
    """Number the acts and make their leaves, which happens beside the writing in a served record."""
    queries.latest_known()


def ready() -> None:
    """Close the rolls of each week, and what the server does by itself after so many rows."""
    rolls.close(BEGINS + YEAR * 2)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def census(at: datetime, where: int | None) -> int:
    """The persons at one site, or at all of them, as of `at`, as known now."""
    code = None if where is None else SITE_CODES[site(where)]
    return queries.census(at, queries.latest_known(), site=code).total
