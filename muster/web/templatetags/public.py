"""Filters of the public pages: days, tasks and findings in words."""

from __future__ import annotations

from datetime import date, datetime

from django import template

from muster.authority.findings import Verdict
from muster.core.quantity import Quantity
from muster.core.tasks import TASKS
from muster.picture.summary import MONTHS, day_in_words
from muster.web import us_map

register = template.Library()

FINDINGS: dict[Verdict, str] = {
    "permitted": "Permitted", "conditional": "Permitted with conditions", "needs_counsel": "Needs counsel",
    "prohibited": "Prohibited",
}  # fmt: skip


@register.filter
def in_words(as_of: str | date | None) -> str:
    """A year, a month, a day or a moment in words, no sharper than it is; *not stated* where there is none."""
    if isinstance(as_of, str):
        return _text_in_words(as_of)
    return day_in_words(as_of) if as_of else "not stated"


def _text_in_words(as_of: str) -> str:
    if len(as_of) <= 4:
        return as_of or "not stated"
    if len(as_of) == 7:
        year, month = map(int, as_of.split("-"))
        return f"{MONTHS[month - 1]} {year}"
    return day_in_words(date.fromisoformat(as_of) if len(as_of) == 10 else datetime.fromisoformat(as_of))


@register.filter
def as_said(quantity: Quantity) -> str:
    """A quantity as it was stated."""
    return quantity.said


@register.filter
def task_in_words(category: str) -> str:
    """The name of a task category; *not recorded* where none is stated."""
    return TASKS[category].name if category in TASKS else "not recorded"


@register.filter
def place_in_words(code: str) -> str:
    """The name of a place by its postal code."""
    others = {"all": "in all", "US": "United States", "ZZ": "ZZ, an invented state"}
    return others.get(code) or us_map.name_of(code)


@register.filter
def finding_in_words(finding: Verdict) -> str:
    """What a finding says of a line."""
    return FINDINGS[finding]
