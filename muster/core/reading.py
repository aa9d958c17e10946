"""Reading data from outside (TOML, JSON) field by field, so that every fault is found and told at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from muster.core.errors import Fault, FaultyInput
from muster.core.quantity import Quantity, QuantityMisread
from muster.core.tasks import TASKS
from muster.core.times import YEARS

LONGEST_NAME, LONGEST_WORDS = 200, 4000


def as_day(value: object) -> date | None:
    """Give the day that a TOML date or a text such as 2026-09-30 names; None where it names none in `YEARS`."""
    if isinstance(value, str) and len(value) == 10:
        with suppress(ValueError):
            value = date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        return None
    return value if value.year in YEARS else None


class Fields:
    """One table of the data, and the list of faults that it shares with the tables inside it.

    `step` begins the code of each fault: `assistance.missing`. `path` is where the table stands: `lines[2].`.
    `locate` finds the line of the file in which a path stands, where there is a file.
    """

    def __init__(
        self,
        data: object,
        *,
        step: str,
        path: str = "",
        faults: list[Fault] | None = None,
        locate: Callable[[str], int | None] = lambda path: None,
    ) -> None:
        self.step, self.path, self.locate = step, path, locate
        self.faults: list[Fault] = [] if faults is None else faults
        self.read: set[str] = set()
        self.data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        self.silent = False
        if not isinstance(data, Mapping):
            self.fault(
                "", "wrong_kind", f"{path.rstrip('.') or 'The whole'} must be a table of named fields."
            )
            self.silent = True  # that its fields are missing too is no news

    def fault(self, name: str, code: str, message: str) -> None:
        """Note that the field `name` of this table is at fault."""
        if self.silent:
            return
        column = (self.path + name).rstrip(".")
        self.faults.append(Fault(self.locate(column), column or None, f"{self.step}.{code}", message))

    def take(self, name: str, *, needed: bool = False) -> Any:
        """Give the raw value; an absent one, JSON's null or an empty text is None."""
        self.read.add(name)
        value = self.data.get(name)
        if value == "":
            value = None
        if value is None and needed:
            self.fault(name, "missing", f"{self.path}{name} is missing. Add it.")
        return value

    def text(self, name: str, *, needed: bool = True, longest: int = LONGEST_NAME) -> str:
        """Give a text; empty where it was absent or at fault."""
        value = self.take(name, needed=needed)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fault(name, "wrong_kind", f"{self.path}{name} must be text in quotation marks.")
            return ""
        if len(value) > longest:
            self.fault(
                name,
                "too_long",
                f"{self.path}{name} has {len(value):,} characters; shorten it to {longest:,}.",
            )
            return ""
        if any((ord(sign) < 32 and sign not in "\n\r\t") or 0xD800 <= ord(sign) <= 0xDFFF for sign in value):
            self.fault(
                name, "bad_text", f"{self.path}{name} holds a character that is no text. Type it again."
            )
            return ""
        return value.strip()

    def one_of(self, name: str, choices: Sequence[str], *, default: str | None = None) -> str:
        """Give one of the `choices`; without a default it must be there."""
        value = self.text(name, needed=default is None) or default or ""
        if value and value not in choices:
            self.fault(
                name,
                "unknown_choice",
                f"{value[:40]!r} is not known as {name}. Write one of: {', '.join(choices)}.",
            )
        return value

    def task(self, name: str = "task") -> str:
        """Give the id of a task category."""
        value = self.text(name)
        if value and value not in TASKS:
            self.unknown_task(name, value)
        return value

    def unknown_task(self, name: str, value: object) -> None:
        """Note an unknown task category."""
        self.fault(
            name,
            "unknown_task",
            f"{str(value)[:40]!r} is not a task category. Write one from T01 to T{len(TASKS):02}.",
        )

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Give true or false."""
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(name, "wrong_kind", f"{self.path}{name} must be true or false.")
            return default
        return value

    def day(self, name: str) -> date | None:
        """Give a day, from a TOML date or from text such as 2026-09-30; None where it is absent."""
        value = self.take(name)
        day = as_day(value)
        if value is not None and day is None:
            self.fault(name, "bad_day", f"{self.path}{name} must be a day, written as 2026-09-30.")
        return day

    def days(self, first: str, latest: str) -> tuple[date | None, date | None]:
        """Give a window of days, both ends included; it must not end before it begins."""
        begins, ends = self.day(first), self.day(latest)
        if begins and ends and ends < begins:
            message = f"The window ends on {ends}, before it begins on {begins}. Correct one of the two days."
            self.fault(latest, "ends_before_it_begins", message)
        return begins, ends

    def moment(self, name: str) -> datetime | None:
        """Give a moment with its offset, from a TOML date-time or text such as 2026-09-30T14:05:00-05:00, in UTC."""
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, str):
            with suppress(ValueError):
                value = datetime.fromisoformat(value)
        if isinstance(value, datetime) and value.tzinfo is not None and value.year in YEARS:
            with suppress(OverflowError):
                return value.astimezone(UTC)
        self.fault(
            name,
            "bad_moment",
            f"{self.path}{name} must be a time with its offset: 2026-09-30T14:05:00-05:00.",
        )
        return None

    def number(self, name: str, *, least: int = 0, most: int = 1_000_000_000) -> int | None:
        """Give a whole number; None where it is absent."""
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.fault(
                name, "wrong_kind", f"{self.path}{name} must be a whole number from {least:,} to {most:,}."
            )
            return None
        return value

    def quantity(self, name: str) -> Quantity:
        """Give a quantity, from a number, words, or `{kind, low, high}`; absent is *not recorded*."""
        value = self.take(name)
        try:
            if value is None:
                return Quantity("unknown", None, None)
            return Quantity.from_json(value) if isinstance(value, Mapping) else Quantity.parse(value)
        except QuantityMisread as misread:
            self.fault(name, "bad_quantity", str(misread))
            return Quantity("unknown", None, None)

    def texts(self, name: str, *, longest: int = LONGEST_NAME) -> tuple[str, ...]:
        """Give a list of texts; empty where it is absent."""
        value = self.take(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(
            isinstance(item, str) and 0 < len(item) <= longest for item in value
        ):
            self.fault(
                name, "wrong_kind", f"{self.path}{name} must be a list of texts, each in quotation marks."
            )
            return ()
        return tuple(value)

    def tasks(self, name: str) -> tuple[str, ...]:
        """Give a list of task categories; empty where it is absent."""
        values = self.texts(name)
        for value in values:
            if value not in TASKS:
                self.unknown_task(name, value)
        return values

    def table(self, name: str) -> "Fields":
        """Give the table inside this one; an absent one is empty."""
        value = self.take(name)
        return self.inner({} if value is None else value, f"{self.path}{name}.")

    def tables(self, name: str) -> Iterator["Fields"]:
        """Give each table of a list of tables, counted from 1 in its path."""
        value = self.take(name)
        if value is not None and not isinstance(value, list):
            self.fault(name, "wrong_kind", f"{self.path}{name} must be a list of tables.")
            return
        for n, item in enumerate(value or (), start=1):
            yield self.inner(item, f"{self.path}{name}[{n}].")

    def inner(self, data: object, path: str) -> "Fields":
        """Give a table that shares this one's faults."""
        return Fields(data, step=self.step, path=path, faults=self.faults, locate=self.locate)

    def no_more(self) -> None:
        """Note every field that nobody asked for: a misspelt field must not pass for an absent one."""
        for name in self.data:
            if name not in self.read:
                known = ", ".join(sorted(self.read))
                self.fault(
                    str(name)[:60],
                    "unknown_field",
                    f"There is no field {str(name)[:60]!r} here. The fields are: {known}.",
                )

    def done(self) -> None:
        """Raise FaultyInput where anything was at fault."""
        if self.faults:
            raise FaultyInput(self.faults)
