"""Persons as of T, known at K: the newest closing rolls not after T nor known after K, and the legs since.

Every entry is two legs, one in and one out; a counter-entry's legs cancel those of what it reverses, so a sum of legs
knows nothing of corrections. Legs at a thing's own origin are left out: what never left it has no entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import connection

By = Literal["holder", "mission", "state"]

# The newest closing; the time after which nothing had happened that was known at K; and whether rolls were closed for
# a later moment, known at K or before: then all that was written after K of the time up to T is among the late legs.
BASE = """
SELECT b.id, b.closed_at, b.number, b.entered, u.until,
       EXISTS (SELECT FROM ledger_closing c WHERE c.closed_at >= u.until AND c.number <= %(known_at)s)
FROM (SELECT least(%(at)s::timestamptz, (SELECT min(c.latest_at) FROM ledger_closing c WHERE c.number >= %(known_at)s))
      AS until) u
LEFT JOIN LATERAL (
    SELECT c.id, c.closed_at, c.number, c.entered FROM ledger_closing c
    WHERE c.closed_at <= %(at)s AND c.number <= %(known_at)s ORDER BY c.closed_at DESC, c.number DESC LIMIT 1) b ON true
"""

# The holders that things begin at, hopped to one by one in the index: a handful of many.
ORIGINS = """
WITH RECURSIVE origins AS (
    (SELECT t.origin_id FROM ledger_thing t ORDER BY t.origin_id LIMIT 1)
    UNION ALL
    SELECT (SELECT t.origin_id FROM ledger_thing t WHERE t.origin_id > o.origin_id ORDER BY t.origin_id LIMIT 1)
    FROM origins o WHERE o.origin_id IS NOT NULL)
SELECT o.origin_id FROM origins o JOIN ledger_holder h ON h.id = o.origin_id WHERE h.kind <> 'outside'
"""

# What does not count is looked for, since it is little: legs of other things than persons, and what is not known at K.
PERSON = "NOT EXISTS (SELECT FROM ledger_thing o WHERE o.id = {row}.thing_id AND o.kind <> 'person')"
# Only where something begins at a holder that is not outside is each leg looked at for it.
NOT_AT_ORIGIN = """CASE WHEN {holder} = ANY(%(origins)s::uuid[]) AND EXISTS (
    SELECT FROM ledger_thing o WHERE o.id = {row}.thing_id AND o.origin_id = {holder}) THEN 0 ELSE 1 END"""
NOT_LATER = """
      AND NOT EXISTS (SELECT FROM record_number k WHERE k.act_id = e.act_id AND k.number > %(known_at)s)
      AND NOT EXISTS (SELECT FROM record_pending p WHERE p.act_id = e.act_id)"""
LATER_TAKEN_OFF = f"""
    UNION ALL
    SELECT l.holder_id, {{late_mission}}, -l.leg * {{late_leg}}, -l.enters
    FROM ledger_lateleg l LEFT JOIN record_number k ON k.act_id = l.act_id
    WHERE l.happened_at > %(since)s AND l.happened_at <= %(until)s AND (k.number IS NULL OR k.number > %(known_at)s)
      AND {PERSON.format(row="l")}"""
# Entries are summed by the pair of their holders first: of a bus there is one row.
LEGS = f"""
    SELECT side.holder_id, side.mission, side.leg, side.enters FROM (
        SELECT e.receiver_id, e.giver_id, {{in_mission}} AS in_mission, {{out_mission}} AS out_mission,
               sum({{in_leg}}) AS in_legs, sum({{out_leg}}) AS out_legs,
               sum(CASE WHEN e.base <> 0 THEN 0 WHEN e.kind = 'push' THEN 1 ELSE -1 END) AS enters
        FROM ledger_entry e {{below}}
        WHERE e.happened_at > %(since)s AND e.happened_at <= %(until)s AND {PERSON.format(row="e")} {{known}}
        GROUP BY 1, 2, 3, 4
    ) pair CROSS JOIN LATERAL (VALUES
        (pair.receiver_id, pair.in_mission, pair.in_legs, pair.enters),
        (pair.giver_id, pair.out_mission, -pair.out_legs, 0)) AS side (holder_id, mission, leg, enters)
    UNION ALL
    SELECT l.holder_id, {{late_mission}}, l.leg * {{late_leg}}, l.enters
    FROM ledger_lateleg l JOIN record_number k ON k.act_id = l.act_id
    WHERE l.happened_at <= %(since)s AND k.number > %(after)s AND k.number <= %(known_at)s
      AND {PERSON.format(row="l")} {{later}}"""

# A leg counts under the mission by which the holder held the person: the entry's own, or that of the entry below it.
NO_MISSIONS = {"below": "", "in_mission": "''", "out_mission": "''", "late_mission": "''"}
MISSIONS = {
    "below": "LEFT JOIN ledger_entry b ON b.thing_id = e.thing_id AND b.n = e.base",
    "in_mission": "CASE e.kind WHEN 'push' THEN e.mission ELSE coalesce(b.mission, '') END",
    "out_mission": "CASE e.kind WHEN 'push' THEN coalesce(b.mission, '') ELSE e.mission END",
    "late_mission": "l.mission",
}
ALL_LEGS = {"in_leg": "1", "out_leg": "1", "late_leg": "1"}
NOT_THOSE_AT_ORIGINS = {
    "in_leg": NOT_AT_ORIGIN.format(row="e", holder="e.receiver_id"),
    "out_leg": NOT_AT_ORIGIN.format(row="e", holder="e.giver_id"),
    "late_leg": NOT_AT_ORIGIN.format(row="l", holder="l.holder_id"),
}

HELD = """
SELECT {what}, sum(held.persons)::int, sum(held.entered)::int FROM (
    SELECT r.holder_id, r.mission, r.persons, 0 AS entered FROM ledger_roll r WHERE r.closing_id = %(closing)s
    UNION ALL
    SELECT legs.holder_id, legs.mission, sum(legs.leg), sum(legs.enters) FROM ({legs}) AS legs (holder_id, mission, leg, enters)
    GROUP BY 1, 2
) held JOIN ledger_holder h ON h.id = held.holder_id WHERE {where} GROUP BY 1 ORDER BY 1
"""

BY: dict[By, str] = {
    "holder": "h.code",
    "mission": "held.mission",
    "state": """CASE h.kind WHEN 'area' THEN 'at a site' WHEN 'trip' THEN 'in transit' WHEN 'outside' THEN 'outside'
                ELSE 'held elsewhere' END""",
}


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


@dataclass(frozen=True)
class Totals:
    """Persons by holder, mission or state as of `at`, known at the act numbered `known_at`."""

    at: datetime
    known_at: int
    by: By
    counts: dict[str, int]


def census(at: datetime, known_at: int, *, site: str | None = None) -> Census:
    """Count the persons held at sites at `at` (entries of that very moment included), as known at an act's number."""
    if site is None:
        rows, _ = _held("h.site", "h.kind = 'area'", at, known_at)
        return Census(at, known_at, {name: count for name, count, _ in rows if count})
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_census_of(%s, %s, %s)", [site, at, known_at])
        count = cursor.fetchone()[0]
    return Census(at, known_at, {site: count} if count else {})


def totals(at: datetime, known_at: int, *, by: By, sites: Sequence[str] | None = None) -> Totals:
    """Count the persons in the record at `at`, as known at an act's number; of these sites alone where they are named.

    By holder and by mission those outside are left out; the mission is that under which the holder got the person.
    By state they are counted: who came into the record and is outside again, unless sites are named.
    """
    inside = "h.kind <> 'outside'" if sites is None else "h.site = ANY(%(sites)s)"
    where = "true" if by == "state" and sites is None else inside
    rows, entered = _held(BY[by], where, at, known_at, sites=list(sites or ()))
    counts = {name: count for name, count, _ in rows if name != "outside" or by != "state"}
    if by == "state" and sites is None:
        counts["outside"] = entered + sum(new for _, _, new in rows) - sum(counts.values())
    return Totals(at, known_at, by, {name: count for name, count in counts.items() if count})


def _held(
    what: str, where: str, at: datetime, known_at: int, **more: Any
) -> tuple[list[tuple[str, int, int]], int]:
    """By what is asked of their holders: the persons held, and who came in since the closing; and who had before it."""
    with connection.cursor() as cursor:
        cursor.execute(BASE, {"at": at, "known_at": known_at})
        closing, closed_at, number, entered, until, is_closed_later = cursor.fetchone()
        cursor.execute(ORIGINS)
        given = {
            "closing": closing or 0, "since": closed_at or "-infinity", "after": number or 0, "until": until,
            "known_at": known_at, "origins": [origin for (origin,) in cursor.fetchall()], **more,
        }  # fmt: skip
        parts = MISSIONS if "mission" in what else NO_MISSIONS
        parts = parts | (NOT_THOSE_AT_ORIGINS if given["origins"] else ALL_LEGS)
        later = LATER_TAKEN_OFF.format(**parts) if is_closed_later else ""
        legs = LEGS.format(**parts, known="" if is_closed_later else NOT_LATER, later=later)
        cursor.execute(HELD.format(what=what, where=where, legs=legs), given)
        return cursor.fetchall(), entered or 0
