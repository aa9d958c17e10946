"""Reads of the ledger at two times: as of a moment T, as known at an act's number K."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from muster.core.errors import MusterError, NotFound
from muster.core.times import parse_moment, zone
from muster.database import prepared
from muster.ledger.census import By, Census, Totals, census, totals
from muster.ledger.handovers import Signed, signed
from muster.record.action import sequence
from muster.record.models import Number

__all__ = [
    "By", "Census", "NotKnownThen", "Totals", "census", "check_known", "handover", "history", "known", "known_by",
    "latest_known", "totals",
]  # fmt: skip

NUMBER_DIGITS = 18  # no act's number is longer: more digits are no number that the database can hold


class NotKnownThen(MusterError):
    """A record was written after the act by which it is to be told."""

    code = "ledger.not_known_then"
    status = 422

    def __init__(self, *, name: str, known_at: int) -> None:
        self.name, self.known_at = name, known_at
        super().__init__(
            f"{name} was not yet recorded as known at act {known_at}. Name a later act, or none for the latest."
        )


def latest_known() -> int:
    """The number of the latest act, after the sequencer has caught up; 0 for an empty record."""
    sequence()
    ((latest,),) = prepared.rows("SELECT coalesce(max(number), 0) FROM record_number")
    return int(latest)


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


def check_known(row: Model, known_at: int, *, number: str = "act__number__number") -> None:
    """Check that a record was written by the act numbered `known_at`; `number` leads to that act's. Raises NotKnownThen."""
    written = type(row)._default_manager.filter(pk=row.pk, **{f"{number}__lte": known_at})
    if not written.exists():
        raise NotKnownThen(name=str(row.pk), known_at=known_at)


def history(tag: str) -> dict[str, Any]:
    """Everything the ledger has about one thing, in the order in which it was written. Raises NotFound.

    `signatures` are those of the entry's handover, each held against its list as it stands now.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_history(%s)", [tag])
        names = [column.name for column in cursor.description]
        found = cursor.fetchall()
    if not found:
        raise NotFound(kind="thing", name=tag)
    (tag, kind), names = found[0][:2], names[2:]
    rows = [dict(zip(names, row[2:], strict=True)) for row in found if row[2] is not None]
    handovers = {row["handover"] for row in rows if row["handover"]}
    standing = signed(handovers) if handovers else {}
    entries = [_told(row, standing.get(row.pop("handover"))) for row in rows]
    return {"tag": tag, "kind": kind, "entries": entries}


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
