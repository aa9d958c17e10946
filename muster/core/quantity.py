"""A number as people state it: exact, about, nearly, at least, up to, between, or not recorded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from muster.core.errors import MusterError

Kind = Literal["exact", "about", "nearly", "at_least", "up_to", "between", "unknown"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST = 1_000_000_000  # more than this is a slip of the keyboard, not a number of people


class QuantityMisread(MusterError):
    """What was given is no number that can be read without guessing."""

    code = "core.quantity_misread"

    def __init__(self, *, given: object) -> None:
        self.given = given
        super().__init__(
            f"{str(given)[:60]!r} is not a quantity. Write for example 1200, about 1,700, nearly 2,000, "
            "at least 5, up to 20,000, between 10 and 20, or not recorded."
        )


@dataclass(frozen=True)
class Quantity:
    """How many, with both ends included; `low` or `high` is None where that end is open.

    Exact and about have equal ends; a sum that holds an approximate number stays *about*, with the ends of
    its interval. Nearly and up to have no stated low end.
    """

    kind: Kind
    low: int | None
    high: int | None

    def __post_init__(self) -> None:
        low, high = self.low, self.high
        both = low is not None and high is not None
        shapes: dict[str, bool] = {
            "exact": both and low == high,
            "about": low is not None or high is not None,
            "nearly": low is None and high is not None,
            "at_least": low is not None and high is None,
            "up_to": low is None and high is not None,
            "between": low is not None and high is not None and low < high,
            "unknown": low is None and high is None,
        }
        if not shapes.get(self.kind, False) or (low or 0) < 0 or (high or 0) < 0:
            raise ValueError(f"no quantity: {self.kind} {low} {high}")
        if low is not None and high is not None and low > high:
            raise ValueError(f"no quantity: {self.kind} from {low} down to {high}")

    @classmethod
    def exact(cls, number: int) -> "Quantity":
        """Give the exact quantity `number`."""
        return cls("exact", number, number)

    @classmethod
    def parse(cls, text: str | int) -> "Quantity":
        """Read a quantity as people write it. Raises QuantityMisread rather than guess."""
        given = str(text).strip().lower() if not isinstance(text, bool) else ""
        for pattern, kind in _READINGS:
            found = pattern.fullmatch(given)
            if found is None:
                continue
            ends = {name: int(digits.replace(",", "")) for name, digits in found.groupdict().items()}
            if max(ends.values(), default=0) > MOST:
                break
            if "both" in ends:
                return cls(kind, ends["both"], ends["both"])
            try:
                return cls(kind, ends.get("low"), ends.get("high"))
            except ValueError:
                break
        raise QuantityMisread(given=text)

    @classmethod
    def from_json(cls, data: object) -> "Quantity":
        """Read `{"kind", "low", "high"}`. Raises QuantityMisread."""
        if not isinstance(data, Mapping) or not {"kind"} <= set(data) <= {"kind", "low", "high"}:
            raise QuantityMisread(given=data)
        kind, low, high = data["kind"], data.get("low"), data.get("high")
        for end in (low, high):
            if end is not None and (not isinstance(end, int) or isinstance(end, bool) or end > MOST):
                raise QuantityMisread(given=data)
        if kind not in KINDS:
            raise QuantityMisread(given=data)
        try:
            return cls(cast(Kind, kind), low, high)
        except ValueError:
            raise QuantityMisread(given=data) from None

    def to_json(self) -> dict[str, Any]:
        """Give `{"kind", "low", "high"}`."""
        return {"kind": self.kind, "low": self.low, "high": self.high}

    @property
    def said(self) -> str:
        """The quantity in words, as it was stated: *about 1,700*, *not recorded*. `parse` reads it back."""
        low = "" if self.low is None else f"{self.low:,}"
        high = "" if self.high is None else f"{self.high:,}"
        if self.kind == "about":
            if not high:
                return f"about {low} or more"
            if not low:
                return f"up to about {high}"
            return f"about {low}" if low == high else f"about {low} to {high}"
        return {
            "exact": low,
            "nearly": f"nearly {high}",
            "at_least": f"at least {low}",
            "up_to": f"up to {high}",
            "between": f"between {low} and {high}",
            "unknown": "not recorded",
        }[self.kind]

    def __str__(self) -> str:
        return self.said

    @property
    def high_end(self) -> int | None:
        """What a draw on a limit counts: the most it can be. None where nobody has said."""
        return self.high

    def __add__(self, other: "Quantity") -> "Quantity":
        """Add by interval. Ends that are open stay open; a number of people is never below nought."""
        if self.high == 0 and other.high == 0:
            return Quantity("exact", 0, 0)
        if other.high == 0:
            return self  # nothing is added, so what was said stays as it was said
        if self.high == 0:
            return other
        low = (self.low or 0) + (other.low or 0)
        high = None if self.high is None or other.high is None else self.high + other.high
        if "about" in (self.kind, other.kind):
            return Quantity("about", low or (0 if high is None else None), high)
        if high is None:
            return Quantity("at_least", low, None) if low else Quantity("unknown", None, None)
        if low == high:
            return Quantity("exact", low, high)
        return Quantity("between", low, high) if low else Quantity("up_to", None, high)

    def __mul__(self, other: "Quantity") -> "Quantity":
        """Multiply by interval, as so many people by so many days. Ends that are open stay open; nought of anything is nought."""
        if self.high == 0 or other.high == 0:
            return Quantity("exact", 0, 0)
        if self == Quantity("exact", 1, 1):
            return other
        if other == Quantity("exact", 1, 1):
            return self
        low = (self.low or 0) * (other.low or 0)
        high = None if self.high is None or other.high is None else self.high * other.high
        if "about" in (self.kind, other.kind):
            return Quantity("about", low or (0 if high is None else None), high)
        if high is None:
            return Quantity("at_least", low, None) if low else Quantity("unknown", None, None)
        if low == high:
            return Quantity("exact", low, high)
        return Quantity("between", low, high) if low else Quantity("up_to", None, high)


def total(quantities: "list[Quantity]") -> Quantity:
    """Add them all; of nothing it is an exact nought."""
    result = Quantity("exact", 0, 0)
    for quantity in quantities:
        result += quantity
    return result


def _reading(text: str, kind: Kind) -> tuple[re.Pattern[str], Kind]:
    """A pattern in which `low`, `high` and `both` stand for numbers, with or without thousands commas."""
    for name in ("low", "high", "both"):
        text = text.replace(f"<{name}>", rf"(?P<{name}>\d{{1,10}}|\d{{1,3}}(?:,\d{{3}}){{1,3}})")
    return re.compile(text, re.ASCII), kind


_READINGS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    _reading(r"<both>", "exact"),
    _reading(r"(?:about|around|approximately|roughly|~) ?<both>", "about"),
    _reading(r"about <low> to <high>", "about"),
    _reading(r"about <low> or more", "about"),
    _reading(r"up to about <high>", "about"),
    _reading(r"(?:nearly|almost) <high>", "nearly"),
    _reading(r"at least <low>", "at_least"),
    _reading(r"<low> or more", "at_least"),
    _reading(r"(?:up to|at most|no more than) <high>", "up_to"),
    _reading(r"between <low> and <high>", "between"),
    _reading(r"<low>(?: to | ?- ?)<high>", "between"),
    _reading(r"not recorded|not stated|not found|unknown", "unknown"),
)
