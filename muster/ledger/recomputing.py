"""The queries of `muster verify`: every leaf computed anew from its row, and the law of every stack.

They run in the database, where the rows are, and ask its built-in functions alone: whoever can change a row can change a
function of ours, or put one of the same name in front (so the search path is the catalogue's, and tables are named in full).
Each query gives the first row, by index, that does not hold, as (index, why, kind, act, subject, n); what is in no leaf has
no index and comes last.
"""

from __future__ import annotations

from muster.ledger.leaves import COLUMNS
from muster.ledger.written import waits

SETTINGS = """
SELECT set_config('search_path', 'pg_catalog', true), set_config('work_mem', '128MB', true), set_config('jit', 'off', true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('idle_in_transaction_session_timeout', '0', true)
"""
IN_NO_LEAF = "it is in no leaf, though its act does not wait"
MISSING = "what the leaf stands for is missing"
NO_NUMBER = "the act has lost its number"
CHANGED = "the row is not what its leaf says"
OUT_OF_PLACE = "the leaf does not stand where it belongs"
OUTDATED = "the leaf is of an encoding from before its time"
NUMBERED_AND_WAITS = "the act has its number and waits for one all the same"
OTHER_TABLES = "it does not have as many leaves of rows as it says"

FIRST = "WHERE why IS NOT NULL ORDER BY index NULLS LAST LIMIT 1"


def _leaf(kind: str, version: int, more: str = "") -> str:
    return f"sha256(convert_to(json_build_array('muster/{kind}/{version}', {', '.join(COLUMNS[kind])}{more})::text, 'UTF8'))"


def _without(act: str) -> str:
    """Why a row without a leaf is wrong; null where its act waits."""
    return f"CASE WHEN NOT ({waits(act)}) THEN '{IN_NO_LEAF}' END"


ACTS = f"""
SELECT index, why, 'act', act, NULL, NULL FROM (
    SELECT l.index, coalesce(l.act_id, a.id)::text AS act, CASE
        WHEN l.index IS NULL THEN {_without("a.id")}
        WHEN a.id IS NULL THEN '{MISSING}'
        WHEN k.number IS NULL THEN '{NO_NUMBER}'
        WHEN p.act_id IS NOT NULL THEN '{NUMBERED_AND_WAITS}'
        WHEN l.n IS NULL AND k.number > first.number THEN '{OUTDATED}'
        WHEN l.leaf IS DISTINCT FROM CASE WHEN l.n IS NULL THEN {_leaf("act", 1)} ELSE {_leaf("act", 2, ", l.n")} END
            THEN '{CHANGED}'
        WHEN coalesce(l.n, 0) <> coalesce(r.tables, 0) THEN '{OTHER_TABLES}' END AS why
    FROM (SELECT * FROM public.record_leaf WHERE kind = 'act') l
    FULL JOIN public.record_act a ON a.id = l.act_id
    LEFT JOIN public.record_number k ON k.act_id = a.id
    LEFT JOIN public.record_pending p ON p.act_id = a.id
    LEFT JOIN (SELECT act_id, count(*) AS tables FROM public.record_leaf WHERE kind = 'rows' GROUP BY act_id) r
        ON r.act_id = l.act_id
    CROSS JOIN (SELECT min(x.number) AS number FROM public.record_leaf y JOIN public.record_number x ON x.act_id = y.act_id
                WHERE y.kind = 'act' AND y.n IS NOT NULL) first
) acts {FIRST}
"""


def _subjects(kind: str, alias: str, table: str) -> str:
    return f"""
SELECT index, why, '{kind}', act, subject, NULL FROM (
    SELECT l.index, coalesce(l.act_id, {alias}.act_id)::text AS act, coalesce(l.subject, {alias}.id)::text AS subject, CASE
        WHEN l.index IS NULL THEN {_without(f"{alias}.act_id")}
        WHEN {alias}.id IS NULL THEN '{MISSING}'
        WHEN k.number IS NULL THEN '{NO_NUMBER}'
        WHEN l.leaf IS DISTINCT FROM {_leaf(kind, 1)} THEN '{CHANGED}' END AS why
    FROM (SELECT * FROM public.record_leaf WHERE kind = '{kind}') l
    FULL JOIN public.{table} {alias} ON {alias}.id = l.subject
    LEFT JOIN public.record_number k ON k.act_id = {alias}.act_id
) subjects {FIRST}
"""


HOLDERS = _subjects("holder", "h", "ledger_holder")
THINGS = _subjects("thing", "t", "ledger_thing")

# The entries of the things from `low` on and before `high`, one thing after another. What an entry leaves (`held_by`, `top`)
# is read off the entry itself, since the next one is held against it only where it held itself.
ENTRIES = f"""
SELECT index, why, 'entry', act::text, thing::text, n FROM (
    SELECT index, act, thing, n, CASE
        WHEN index IS NULL THEN CASE WHEN NOT is_waiting THEN '{IN_NO_LEAF}' END
        WHEN kind IS NULL THEN '{MISSING}'
        WHEN number IS NULL THEN '{NO_NUMBER}'
        WHEN leaf IS DISTINCT FROM recomputed THEN '{CHANGED}'
        WHEN n <> coalesce(n_before, 0) + 1 THEN concat('entry ', coalesce(n_before, 0) + 1, ' of the thing is missing')
        WHEN kind = 'push' THEN CASE
            WHEN giver_id <> CASE WHEN n = 1 THEN (SELECT t.origin_id FROM public.ledger_thing t WHERE t.id = thing_id)
                             ELSE held_by END THEN 'the giver was not the holder'
            WHEN base <> coalesce(top, 0) OR base <> 0 AND happened_at < CASE base
                WHEN n_before THEN happened_before
                ELSE (SELECT b.happened_at FROM public.ledger_entry b WHERE b.thing_id = rows.thing_id AND b.n = rows.base) END
                THEN 'the entry does not stand on the live one below' END
        WHEN corrects IS DISTINCT FROM nullif(top, 0) THEN 'the counter-entry does not reverse the live top'
        WHEN NOT EXISTS (
            SELECT FROM public.ledger_entry p WHERE p.thing_id = rows.thing_id AND p.n = rows.corrects AND p.kind = 'push'
              AND p.giver_id = rows.receiver_id AND p.receiver_id = rows.giver_id AND p.happened_at = rows.happened_at
              AND p.mission = rows.mission AND p.base = rows.base OFFSET 0)
            THEN 'the counter-entry is not the mirror of what it reverses' END AS why
    FROM (
        SELECT l.index, coalesce(l.act_id, e.act_id) AS act, coalesce(l.subject, e.thing_id) AS thing,
               coalesce(l.n, e.n) AS n, e.thing_id, e.kind, e.giver_id, e.receiver_id, e.base, e.corrects, e.mission,
               e.happened_at, k.number, l.leaf, {_leaf("entry", 1, ", encode(lag(l.leaf) OVER stack, 'hex')")} AS recomputed,
               lag(e.n) OVER stack AS n_before, lag(e.receiver_id) OVER stack AS held_by,
               lag(CASE e.kind WHEN 'push' THEN e.n ELSE e.base END) OVER stack AS top,
               lag(e.happened_at) OVER stack AS happened_before,
               l.index IS NULL AND {waits("e.act_id")} AS is_waiting
        FROM (SELECT index, act_id, subject, n, leaf FROM public.record_leaf
              WHERE kind = 'entry' AND subject >= %(low)s AND (%(high)s::uuid IS NULL OR subject < %(high)s)) l
        FULL JOIN (SELECT * FROM public.ledger_entry WHERE thing_id >= %(low)s AND (%(high)s::uuid IS NULL OR thing_id < %(high)s)) e
            ON e.thing_id = l.subject AND e.n = l.n
        LEFT JOIN public.record_number k ON k.act_id = e.act_id
        WINDOW stack AS (PARTITION BY coalesce(l.subject, e.thing_id) ORDER BY coalesce(l.n, e.n))
    ) rows
) entries {FIRST}
"""

# Where each leaf belongs: by act, then the act, its holders, its things, its entries and its other rows.
_PLACED = """
    SELECT l.index, l.kind, l.act_id, l.subject, l.n, k.number,
           array_position(ARRAY['act', 'holder', 'thing', 'entry', 'rows']::text[], l.kind::text) AS place,
           coalesce(l.subject, '00000000-0000-0000-0000-000000000000') AS by_subject,
           coalesce(y.of_table, '') COLLATE "C" AS by_table,
           coalesce(CASE WHEN l.kind = 'entry' THEN l.n END, 0) AS by_n
    FROM public.record_leaf l LEFT JOIN public.record_number k ON k.act_id = l.act_id
    LEFT JOIN public.record_layout y ON l.kind = 'rows' AND y.id = l.n
"""
ORDER = f"""
SELECT index, why, kind, act_id::text, subject::text, n FROM (
    SELECT *, CASE WHEN place IS NULL THEN '{MISSING}'
                   WHEN (number, place, by_subject, by_table, by_n)
                        <= (lag(number) OVER tree, lag(place) OVER tree, lag(by_subject) OVER tree,
                            lag(by_table) OVER tree, lag(by_n) OVER tree) THEN '{OUT_OF_PLACE}' END AS why
    FROM ({_PLACED}) placed WINDOW tree AS (ORDER BY index)
) leaves {FIRST}
"""
# Asked only where some leaf is out of place: the first that stands where another belongs.
FIRST_OUT_OF_PLACE = f"""
SELECT index, '{OUT_OF_PLACE}', kind, act_id::text, subject::text, n FROM (
    SELECT *, row_number() OVER (ORDER BY index) AS stands,
           row_number() OVER (ORDER BY number, place, by_subject, by_table, by_n, index) AS due
    FROM ({_PLACED}) placed
) leaves WHERE stands <> due ORDER BY index LIMIT 1
"""

HEADS = """
SELECT NULL::bigint, why, 'head', NULL, thing, NULL FROM (
    SELECT coalesce(h.thing_id, t.id)::text AS thing, CASE
        WHEN h.thing_id IS NULL THEN 'the thing has no head'
        WHEN (h.n, h.top, h.holder_id, h.happened_at) IS DISTINCT FROM (
            coalesce(e.n, 0), CASE e.kind WHEN 'push' THEN e.n WHEN 'pop' THEN e.base ELSE 0 END,
            coalesce(e.receiver_id, t.origin_id), CASE WHEN e.kind = 'push' THEN e.happened_at ELSE (
                SELECT b.happened_at FROM public.ledger_entry b WHERE b.thing_id = h.thing_id AND b.n = e.base) END)
            THEN 'the head of the thing is not where its entries lead' END AS why
    FROM public.ledger_head h FULL JOIN public.ledger_thing t ON t.id = h.thing_id
    LEFT JOIN LATERAL (SELECT x.n, x.kind, x.base, x.receiver_id, x.happened_at FROM public.ledger_entry x
                       WHERE x.thing_id = h.thing_id ORDER BY x.n DESC LIMIT 1) e ON true
) heads WHERE why IS NOT NULL ORDER BY thing LIMIT 1
"""

# Whom each holder held when the latest rolls were closed, told from the entries: who stands on top of a person's stack is the
# receiver of the latest push, of those that had happened and were known, that nothing known by then reversed.
ROLLS = """
WITH closing AS MATERIALIZED (SELECT * FROM public.ledger_closing ORDER BY closed_at DESC, number DESC LIMIT 1),
live AS MATERIALIZED (
    SELECT DISTINCT ON (e.thing_id) e.thing_id, e.receiver_id, e.mission, t.origin_id
    FROM public.ledger_entry e
    JOIN public.record_number k ON k.act_id = e.act_id AND k.number <= (SELECT number FROM closing)
    JOIN public.ledger_thing t ON t.id = e.thing_id AND t.kind = 'person'
    WHERE e.kind = 'push' AND e.happened_at <= (SELECT closed_at FROM closing) AND NOT EXISTS (
        SELECT FROM public.ledger_entry p
        JOIN public.record_number q ON q.act_id = p.act_id AND q.number <= (SELECT number FROM closing)
        WHERE p.kind = 'pop' AND p.thing_id = e.thing_id AND p.corrects = e.n)
    ORDER BY e.thing_id, e.n DESC
), held AS (
    SELECT l.receiver_id AS holder_id, l.mission, count(*) AS persons, array_agg(l.thing_id ORDER BY l.thing_id) AS things
    FROM live l JOIN public.ledger_holder h ON h.id = l.receiver_id AND h.kind <> 'outside'
    WHERE l.receiver_id <> l.origin_id GROUP BY 1, 2
)
SELECT NULL::bigint, concat('the roll of ', coalesce(h.code, holder_id::text), ', closed for ', closed_at,
                            ', does not list whom the entries say it held'), 'roll', NULL, holder_id::text, NULL
FROM held FULL JOIN (SELECT * FROM public.ledger_roll WHERE closing_id = (SELECT id FROM closing)) r USING (holder_id, mission)
CROSS JOIN closing LEFT JOIN public.ledger_holder h ON h.id = holder_id
WHERE (r.persons, r.things) IS DISTINCT FROM (held.persons::int, held.things)
UNION ALL
SELECT NULL, concat('the closing for ', closed_at, ' does not have as many persons as had come in'), 'closing', NULL, NULL, NULL
FROM closing WHERE entered <> (SELECT count(*) FROM live)
LIMIT 1
"""

# What was written later than the latest rolls of the time before them: each entry has both its legs among the late ones. Of acts
# numbered before, or not yet, late legs are marked too, and nobody counts them.
LATE_LEGS = """
WITH closing AS MATERIALIZED (SELECT * FROM public.ledger_closing ORDER BY closed_at DESC, number DESC LIMIT 1),
since AS MATERIALIZED (SELECT k.act_id FROM public.record_number k WHERE k.number > (SELECT number FROM closing)),
due AS (
    SELECT e.thing_id, e.n, side.leg, side.holder_id, side.mission, e.happened_at, e.act_id, side.enters
    FROM since JOIN public.ledger_entry e USING (act_id)
    LEFT JOIN public.ledger_entry b ON b.thing_id = e.thing_id AND b.n = e.base
    CROSS JOIN LATERAL (VALUES
        (1, e.receiver_id, CASE e.kind WHEN 'push' THEN e.mission ELSE coalesce(b.mission, '') END,
         CASE WHEN e.base <> 0 THEN 0 WHEN e.kind = 'push' THEN 1 ELSE -1 END),
        (-1, e.giver_id, CASE e.kind WHEN 'push' THEN coalesce(b.mission, '') ELSE e.mission END, 0)
    ) AS side (leg, holder_id, mission, enters)
    WHERE e.happened_at <= (SELECT closed_at FROM closing)
), marked AS (
    SELECT l.* FROM since JOIN public.ledger_lateleg l USING (act_id) WHERE l.happened_at <= (SELECT closed_at FROM closing)
)
SELECT NULL::bigint, 'the late legs are not those of the entries', 'late leg', coalesce(d.act_id, m.act_id)::text, thing_id::text, n
FROM due d FULL JOIN marked m USING (thing_id, n, leg)
WHERE (d.holder_id, d.mission, d.happened_at, d.act_id, d.enters)
      IS DISTINCT FROM (m.holder_id, m.mission, m.happened_at, m.act_id, m.enters)
LIMIT 1
"""

# Some thousand leaves joined, with what tells whether they can be cut apart again.
BLOCK = """
SELECT count(*), max(index), coalesce(bool_and(length(leaf) = 32), true), coalesce(string_agg(leaf, ''::bytea ORDER BY index), '')
FROM public.record_leaf WHERE index >= %(first)s AND index < %(last)s
"""
LEAVES = (
    "SELECT index, leaf FROM public.record_leaf WHERE index >= %(first)s AND index < %(last)s ORDER BY index"
)
# How many leaves there are, and how many of them of entries.
SIZES = "SELECT count(*), count(*) FILTER (WHERE kind = 'entry') FROM public.record_leaf"
# Ids at these shares of all things.
CUTS = (
    "SELECT percentile_disc(%(cuts)s::float8[]) WITHIN GROUP (ORDER BY id)::text[] FROM public.ledger_thing"
)
