"""The census as of T, known at K: the newest closing roll not after T nor known after K, and the legs since.

Every entry is two legs, one in and one out; a counter-entry's legs cancel those of what it reverses, so a sum of legs
knows nothing of corrections. Legs at a thing's own origin are left out: what never left it has no entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

# The newest closing, and the time after which nothing had happened that was known at K.
BASE = """
SELECT b.id, b.closed_at, b.number, least(%(at)s::timestamptz, (
    SELECT min(c.latest_at) FROM ledger_closing c WHERE c.number >= %(known_at)s))
FROM (VALUES (1)) AS one (row) LEFT JOIN LATERAL (
    SELECT c.id, c.closed_at, c.number FROM ledger_closing c
    WHERE c.closed_at <= %(at)s AND c.number <= %(known_at)s ORDER BY c.closed_at DESC, c.number DESC LIMIT 1) b ON true
"""

# The legs since the closing: what happened after it, and what happened before and was written after.
LEGS = """
SELECT l.holder_id, l.mission, l.thing_id, l.leg, l.enters
FROM ledger_legs(%(since)s, %(until)s) l JOIN record_number k ON k.act_id = l.act_id JOIN ledger_thing t ON t.id = l.thing_id
WHERE k.number <= %(known_at)s AND t.kind = 'person' {ours}
UNION ALL
SELECT l.holder_id, l.mission, l.thing_id, l.leg, l.enters
FROM ledger_lateleg l JOIN record_number k ON k.act_id = l.act_id JOIN ledger_thing t ON t.id = l.thing_id
WHERE l.happened_at <= %(since)s AND k.number > %(after)s AND k.number <= %(known_at)s AND t.kind = 'person' {ours}
"""
HELD = "AND t.origin_id <> l.holder_id"
AT_HOLDERS = f"AND l.holder_id = ANY(%(holders)s) {HELD}"

ROLLED = "SELECT r.holder_id, r.mission, r.persons FROM ledger_roll r WHERE r.closing_id = %(closing)s"

SITES = f"""
SELECT h.site, sum(held.persons)::int FROM (
    {ROLLED}
    UNION ALL
    SELECT legs.holder_id, '', sum(legs.leg) FROM ({LEGS.format(ours=HELD)}) legs GROUP BY legs.holder_id
) held JOIN ledger_holder h ON h.id = held.holder_id
WHERE h.kind = 'area' GROUP BY h.site HAVING sum(held.persons) > 0 ORDER BY h.site
"""

SITE = f"""
SELECT sum(persons)::int FROM (
    SELECT persons FROM ledger_roll WHERE closing_id = %(closing)s AND holder_id = ANY(%(holders)s)
    UNION ALL
    SELECT legs.leg FROM ({LEGS.format(ours=AT_HOLDERS)}) legs
) held
"""


@dataclass(frozen=True)
class Census:
    """Persons by site as of `at`, known at the act numbered `known_at`."""

    at: datetime
    known_at: int
    sites: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.sites.values())

    def to_json(self) -> dict[str, Any]:
        sites = [{"site": site, "count": count} for site, count in self.sites.items()]
        return {"at": self.at.isoformat(), "known_at": self.known_at, "total": self.total, "sites": sites}


def census(at: datetime, known_at: int, *, site: str | None = None) -> Census:
    """Count the persons held at sites at `at` (entries of that very moment included), as known at an act's number."""
    with connection.cursor() as cursor:
        given = _base(cursor, at, known_at)
        if site is None:
            cursor.execute(SITES, given)
            return Census(at, known_at, dict(cursor.fetchall()))
        cursor.execute("SELECT array_agg(id) FROM ledger_holder WHERE site = %s AND kind = 'area'", [site])
        cursor.execute(SITE, {**given, "holders": cursor.fetchone()[0] or []})
        count = cursor.fetchone()[0] or 0
        return Census(at, known_at, {site: count} if count else {})


def _base(cursor: Any, at: datetime, known_at: int) -> dict[str, Any]:
    """What the queries here are given. Without a closing they count from the beginning."""
    cursor.execute(BASE, {"at": at, "known_at": known_at})
    closing, closed_at, number, until = cursor.fetchone()
    return {
        "closing": closing or 0, "since": closed_at or "-infinity", "after": number or 0, "until": until,
        "known_at": known_at,
    }  # fmt: skip
