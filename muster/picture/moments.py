"""The moment and the act's number that a public page is asked for, read from its address. Plain Python."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from muster.core.errors import MusterError
from muster.core.times import end_of_day

EARLIEST = date(1970, 1, 1)


class NotADay(MusterError):
    """The page was asked for as of something that is no day."""

    code = "picture.not_a_day"

    def __init__(self, *, text: str) -> None:
        self.text = text[:60]
        super().__init__(f"{self.text!r} is not a day. Write one such as 2025-11-01.")


class NotYet(MusterError):
    """The page was asked for as of a day that has not come."""

    code = "picture.not_yet"

    def __init__(self, *, day: date, today: date) -> None:
        self.day, self.today = day, today
        super().__init__(f"{day} has not come. Ask for {today} (UTC) or a day before it.")


class NotAnAct(MusterError):
    """The page was asked for as known at something that is no act's number."""

    code = "picture.not_an_act"

    def __init__(self, *, text: str, latest: int) -> None:
        self.text, self.latest = text[:60], latest
        super().__init__(f"{self.text!r} is not the number of an act. Write one from 0 to {latest}.")


def moment(at: str | None, known_at: str | None, *, now: datetime, latest: int) -> tuple[datetime, int]:
    """The moment and the act's number that a page is asked for: the end of a past day, and now for today or none.

    Raises NotADay, NotYet, NotAnAct.
    """
    return (now if at is None else _end_of(at, now)), (
        latest if known_at is None else _number(known_at, latest)
    )


def _end_of(text: str, now: datetime) -> datetime:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if day is None or day < EARLIEST:
        raise NotADay(text=text)
    today = now.astimezone(UTC).date()
    if day > today:
        raise NotYet(day=day, today=today)
    return now if day == today else end_of_day(day, ZoneInfo("UTC"))


def _number(text: str, latest: int) -> int:
    number = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else latest + 1
    if number > latest:
        raise NotAnAct(text=text, latest=latest)
    return number
