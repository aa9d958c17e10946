"""Reads of the ledger at two times: as of a moment T, as known at an act's number K."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from muster.core.errors import NotFound
from muster.core.times import parse_moment, zone
from muster.ledger.census import By, Census, Totals, census, totals
from muster.ledger.handovers import Signed, signed
from muster.ledger.models import Thing
from muster.record.action import sequence
from muster.record.models import Number

__all__ = [
    "By", "Census", "Totals", "census", "handover", "history", "known", "known_by", "latest_known", "totals",
]  # fmt: skip

HISTORY = """
SELECT e.n, e.kind, g.code AS giver, r.code AS receiver, e.happened_at, e.recorded_at, k.number AS known_at, e.reason,
       e.source, e.corrects, e.earliest_at, e.latest_at, e.mission, ho.offered_by, ho.accepted_by, e.repeats,
       e.handover_id AS handover
FROM ledger_entry e JOIN ledger_holder g ON g.id = e.giver_id JOIN ledger_holder r ON r.id = e.receiver_id
LEFT JOIN record_number k ON k.act_id = e.act_id LEFT JOIN ledger_handover ho ON ho.id = e.handover_id
WHERE e.thing_id = %(thing)s ORDER BY e.n
"""
NUMBER_DIGITS = 18  # no act's number is longer: more digits are no number that the database can hold


def latest_known() -> int:
    """The number of the latest act, after the sequencer has caught up; 0 for an empty record."""
    sequence()
    return Number.objects.order_by("-number").values_list("number", flat=True).first() or 0


def known_by(moment: datetime) -> int:
    """The number of the last act recorded at or before the moment; 0 where there is none."""
    sequence()
    found = Number.objects.filter(act__recorded_at__lte=moment).order_by("-number")
    return found.values_list("number", flat=True).first() or 0


def known(text: str | None) -> int:
    """The act's number that a reader means: a number, or a moment (the last act before it); None is what is known now.

    Raises NotAMoment.
    """
    if text is None:
        return latest_known()
    if text.isdecimal() and len(text) <= NUMBER_DIGITS:
        return int(text)
    return known_by(parse_moment(text, zone("UTC")))


def history(tag: str) -> dict[str, Any]:
    """Everything the ledger has about one thing, in the order in which it was written. Raises NotFound.

    `signatures` are those of the entry's handover, each held against its list as it stands now.
    """
    thing = Thing.objects.filter(tag=tag).first()
    if thing is None:
        raise NotFound(kind="thing", name=tag)
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, {"thing": thing.pk})
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    standing = signed({row["handover"] for row in rows if row["handover"]})
    entries = [_told(row, standing.get(row.pop("handover"))) for row in rows]
    return {"tag": thing.tag, "kind": thing.kind, "entries": entries}


def handover(handover: UUID) -> Signed:
    """A handover with its lists, their roots, and whether each signature verifies. Raises NotFound."""
    found = signed({handover}).get(handover)
    if found is None:
        raise NotFound(kind="handover", name=str(handover))
    return found


def _told(row: dict[str, Any], on: Signed | None) -> dict[str, Any]:
    signers = [user for user in (row.pop("offered_by"), row.pop("accepted_by")) if user is not None]
    told = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
    on_handover = {
        "handover": str(on.handover) if on else None,
        "signatures": [
            {
                "user": each.user,
                "key": str(each.key) if each.key else None,
                "verifies": each.verifies,
                "why_not": each.why_not,
            }
            for each in (on.signatures if on else ())
        ],
    }
    return {**told, "signed_by": signers, **on_handover}
