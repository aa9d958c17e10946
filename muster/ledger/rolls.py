"""Closing rolls: each week, whom every holder held at its end, so that a census need not count from the beginning.

A roll is made in the database by functions of the owner (`sql/closings.sql`), from the entries alone. What is decided here is
when: for which week's end, and known at which act.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection

from muster.core.errors import MusterError
from muster.ledger.queries import latest_known

GRACE = timedelta(days=1)  # what is written down within a day of the week's end is no late entry
LOCK_TIMEOUT = "55P03"
MANY_LATE = 1000  # legs; and a quarter of the persons who had come in

# The ends of the weeks since the latest closing in which something happened, beside the week's end that lies GRACE before
# it, and the first act that told of both. A week ends with Sunday, UTC.
WEEKS = """
SELECT date_bin('7 days', e.happened_at - '1 us'::interval, '2001-01-01Z') + '7 days' AS ends,
       date_bin('7 days', e.happened_at - '1 us'::interval - make_interval(secs => %(grace)s), '2001-01-01Z') + '7 days' AS ends_before,
       min(k.number)
FROM ledger_entry e JOIN record_number k ON k.act_id = e.act_id
WHERE e.happened_at > coalesce((SELECT max(closed_at) FROM ledger_closing), '-infinity') GROUP BY 1, 2
"""

CLOSED_TOO_EARLY = """
SELECT c.closed_at FROM (
    SELECT DISTINCT ON (closed_at) closed_at, number, entered FROM ledger_closing ORDER BY closed_at, number DESC) c
WHERE (SELECT count(*) FROM ledger_lateleg l JOIN record_number k ON k.act_id = l.act_id
       WHERE l.happened_at <= c.closed_at AND k.number > c.number) > %(many)s + c.entered / 4
ORDER BY c.closed_at
"""


class Busy(MusterError):
    """Writers did not let the cutoff be set."""

    code = "ledger.busy"
    status = 503

    def __init__(self) -> None:
        super().__init__("Entries were being written all the time, so no rolls were closed. Try again later.")


@dataclass(frozen=True)
class Closed:
    """Rolls that were closed: for which moment, known at which act."""

    at: datetime
    known_at: int


def close(now: datetime) -> list[Closed]:
    """Close the rolls of every week that ended a day or more before `now` and has none; those closed, the earliest first.

    A week's rolls are known at the last act before one told of a time a day or more after the week's end, whenever
    this runs. Where much was written later of the time before, they are closed once more, as known now.

    Raises Busy.
    """
    latest = latest_known()
    with connection.cursor() as cursor:
        cursor.execute(WEEKS, {"grace": GRACE.total_seconds()})
        closings = [each for each in _due(cursor.fetchall(), latest) if each.at + GRACE <= now]
        done = _close(cursor, closings)
        cursor.execute(CLOSED_TOO_EARLY, {"many": MANY_LATE})
        return done + _close(cursor, [Closed(at, latest) for (at,) in cursor.fetchall()])


def _due(weeks: Iterable[tuple[datetime, datetime, int]], latest: int) -> list[Closed]:
    """The closings of these weeks. From the latest back: the first act that told of anything later bounds each."""
    told = list(weeks)
    due, first = [], latest + 1
    for end in sorted({end for end, _, _ in told}, reverse=True):
        first = min([first, *(number for _, before, number in told if before > end)])
        due.append(Closed(end, first - 1))
    return due[::-1]


def _close(cursor: Any, closings: list[Closed]) -> list[Closed]:
    if not closings:
        return []
    try:
        cursor.execute("SELECT ledger_cut(%s)", [closings[-1].at])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == LOCK_TIMEOUT:
            raise Busy() from error
        raise
    return [each for each in closings if _closed(cursor, each)]


def _closed(cursor: Any, closing: Closed) -> bool:
    cursor.execute("SELECT ledger_close(%s, %s)", [closing.at, closing.known_at])
    return bool(cursor.fetchone()[0])
