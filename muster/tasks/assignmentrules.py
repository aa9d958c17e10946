"""A member's assignment to a mission, from the nomination to the check-out, and what stands against ordering one. Plain Python.

Nominating, ordering and assigning are plans, and are refused where they do not fit. That somebody checked in or checked out is a fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from muster.tasks.memberrows import MemberStands, Window

State = Literal[
    "nominated", "ordered", "checked_in", "available", "assigned", "released", "checked_out", "withdrawn", "stood_down"
]  # fmt: skip
STATES: tuple[State, ...] = get_args(State)
# Withdrawn: nominated and not ordered. Stood down: ordered, and released before anybody checked the member in.
ENDED: tuple[State, ...] = ("checked_out", "withdrawn", "stood_down")
THERE: tuple[State, ...] = (
    "checked_in",
    "available",
    "assigned",
    "released",
)  # checked in, and not out again
NEXT: dict[State, tuple[State, ...]] = {
    "nominated": ("ordered", "checked_in", "withdrawn"),
    "ordered": ("checked_in", "stood_down", "checked_out"),
    "checked_in": ("available", "assigned", "released", "checked_out"),
    "available": ("assigned", "released", "checked_out"),
    "assigned": ("assigned", "available", "released", "checked_out"),
    "released": ("checked_out",),
    "checked_out": (),
    "withdrawn": (),
    "stood_down": (),
}
RELEASED_AS: dict[State, State] = {"nominated": "withdrawn", "ordered": "stood_down"}  # all others: released


def words_of(state: str) -> str:
    """A state as it is said."""
    return state.replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class Days:
    """The days of an order, both included."""

    from_on: date
    until_on: date

    def has(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.from_on <= day <= self.until_on

    def overlaps(self, other: Days) -> bool:
        """Whether the two share a day."""
        return self.from_on <= other.until_on and other.from_on <= self.until_on


@dataclass(frozen=True)
class Objection:
    """What stands against a plan for one member: a stable code, and a sentence that says what is so and what to do."""

    code: str
    words: str


def objections(
    stated: MemberStands, days: Days, *, status: str, skill: str, volunteers: str
) -> Iterator[Objection]:
    """All that stands against a member's serving on these days: status, skill, days and will.

    `status` and `skill` empty: none is asked. `volunteers`: the sentence that asks for volunteers only; empty where nothing does.
    """
    if status and stated.duty_status != status:
        words = f"the duty status stated is {stated.duty_status}, and not {status}. State the member anew once the order stands."
        yield Objection("tasks.other_status", words)
    if not (stated.in_status(days.from_on) and stated.in_status(days.until_on)):
        until = f" until {stated.status_until}" if stated.status_until else ""
        since = f" from {stated.status_from}" if stated.status_from else ""
        words = f"{stated.duty_status} is stated{since}{until}, which leaves out a day from {days.from_on} to {days.until_on}."
        yield Objection("tasks.status_leaves_out_a_day", words)
    if skill:
        yield from _skill(stated, skill, days)
    if volunteers and stated.volunteer is not True:
        said = (
            "did not volunteer"
            if stated.volunteer is False
            else "was not asked to volunteer, or has not answered"
        )
        yield Objection("tasks.not_a_volunteer", f"the member {said}. {volunteers}")
    if stated.available and (day := _first_day_left_out(stated.available, days)):
        yield Objection("tasks.not_available", f"the member is not available on {day}.")


def _skill(stated: MemberStands, asked: str, days: Days) -> Iterator[Objection]:
    found = stated.skill_named(asked)
    if found is None:
        yield Objection("tasks.skill_missing", f"the skill {asked} is not stated of the member.")
    elif not found.good_on(days.until_on):
        words = f"the skill {found.skill} is good until {found.expires_on}, and is asked for until {days.until_on}."
        yield Objection("tasks.skill_expires", words)


def _first_day_left_out(windows: Sequence[Window], days: Days) -> date | None:
    """The first of the days that no window has."""
    day = days.from_on
    for window in sorted(windows, key=lambda each: each.from_on):
        if window.from_on <= day <= window.until_on:
            day = window.until_on + timedelta(days=1)
    return day if day <= days.until_on else None


def peak_of_days(orders: Sequence[Days], within: Days) -> int:
    """The most orders that stand on any one of the days `within`."""
    moments = {max(order.from_on, within.from_on) for order in orders if order.overlaps(within)}
    return max((sum(order.has(day) for order in orders) for day in moments), default=0)
