"""Template tags: moments in a site's zone, and fields with label, hint and error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django import template
from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.template.context import Context
from django.template.defaultfilters import capfirst
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from muster.access.control import actor_of
from muster.access.models import User
from muster.assistance import figures
from muster.assistance.forms import LABELS, label
from muster.assistance.models import Passage, Step
from muster.assistance.rules import REASONS
from muster.core.ids import new_id
from muster.core.money import usd as dollars
from muster.core.quantity import Quantity
from muster.core.tasks import TASKS
from muster.core.times import local, zone
from muster.decisions.rules import Limits, sentences_of
from muster.parties.models import Site
from muster.record.models import Act
from muster.web.forms import Input
from muster.web.views.home import Page, pages_for
from muster.web.words import Words, words_at

register = template.Library()
LIMIT_NAMES = {
    "people_max": "people in all", "people_max_by_task": "people by task", "people_max_by_place": "people by place",
    "vehicles_max": "vehicles", "person_days_max": "person-days", "tasks_allowed": "tasks allowed", "tasks_barred": "tasks barred",
    "contact": "contact with persons in custody", "effective_from": "first day", "effective_to": "last day", "armed": "arms",
    "volunteers_only": "volunteers", "cost_cap_usd": "cost", "reporting_interval_days": "reports", "zone": "time zone",
}  # fmt: skip


@register.filter
def thousands(number: int) -> str:
    """The number with a comma between its thousands."""
    return f"{number:,}"


@register.filter
def moment(at: datetime | str | None, where: str = "UTC") -> str | SafeString:
    """`14:05 EST, 3 Nov 2026` with the ISO time in the markup; *not recorded* for None."""
    if at is None:
        return "not recorded"
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return format_html(
        '<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), local(at, zone(where))
    )


@register.filter
def words(code: str) -> str:
    """A coded reason in words: `no_space` reads *no space*."""
    return code.replace("_", " ")


@register.filter
def why(step: Step) -> str:
    """The coded reason of a step of a request, in words."""
    return REASONS[step.state][step.code]


@register.filter
def said(quantity: dict[str, Any] | None) -> str:
    """A quantity in its own words; *not recorded* for none."""
    return Quantity.from_json(quantity).said if quantity else "not recorded"


@register.filter
def short(line: str) -> str:
    """The end of an id that begins with its mission's, on a page that names the mission: `C3` of `M-1-C3`."""
    return line.rpartition("-")[2]


@register.filter
def usd(cents: int) -> str:
    """Cents as dollars: `$1,512.50`."""
    return dollars(cents)


@register.filter
def task_name(category: str) -> str:
    """`T04 transport of detainees`; *not recorded* where a line states no category."""
    return f"{category} {TASKS[category].name}" if category in TASKS else "task category not recorded"


@register.simple_tag
def record_of(act: Act) -> SafeString:
    """The number of an act as a link to what it did and the clauses that it stood under; one that waits for it leads there too."""
    number = act.number.number if hasattr(act, "number") else None
    name = "waits for its number" if number is None else f"Record {number}"
    address = reverse("act", args=[act.pk if number is None else number])
    return format_html('<a class="usa-link" href="{}">{}</a>', address, name)


@register.simple_tag
def new_key() -> UUID:
    """A key for a form of its own, where a page has several."""
    return new_id()


@register.simple_tag
def site_words(site: Site) -> Words:
    """The words of a site's pages, by the standard that holds there now."""
    return words_at(site, now=timezone.now())


@register.simple_tag
def demonstration() -> bool:
    """Whether this is a demonstration, which every page and print says."""
    return bool(settings.CONFIG.demonstration)


@register.simple_tag(takes_context=True)
def ticked(context: Context, name: str) -> list[str]:
    """What was ticked of the boxes of that name as the form was sent; nothing of a fresh one."""
    entered = context["entered"]
    return list(entered.getlist(name)) if hasattr(entered, "getlist") else []


@register.inclusion_tag("web/field.html", takes_context=True)
def field(
    context: Context,
    name: str,
    label: str,
    hint: str = "",
    rows: int = 0,
    kind: str = "text",
    value: str = "",
) -> dict[str, Any]:
    """A labelled field that keeps what was entered; `rows` makes it a text area."""
    return {
        "name": name, "label": label, "hint": hint, "rows": rows, "kind": kind,
        "errors": _errors(context, name), "value": context["entered"].get(name, value),
    }  # fmt: skip


@register.inclusion_tag("web/secret.html", takes_context=True)
def secret(context: Context, name: str, label: str) -> dict[str, Any]:
    """A labelled field for a password, which is never shown again."""
    return {"name": name, "label": label, "errors": _errors(context, name)}


@register.inclusion_tag("web/file_field.html", takes_context=True)
def file_field(
    context: Context, name: str, label: str, hint: str = "", accept: str = ".txt,.md,.eml,.toml,.json,.pdf"
) -> dict[str, Any]:
    """A labelled field for a file; `accept`: the endings that the browser offers."""
    return {"name": name, "label": label, "hint": hint, "accept": accept, "errors": _errors(context, name)}


@register.inclusion_tag("web/choice.html", takes_context=True)
def choice(context: Context, name: str, label: str, choices: Iterable[Model]) -> dict[str, Any]:
    """A labelled list to choose one row from; nothing is chosen beforehand."""
    return {
        "name": name, "label": label, "choices": choices,
        "errors": _errors(context, name), "chosen": context["entered"].get(name, ""),
    }  # fmt: skip


@register.inclusion_tag("web/input.html", takes_context=True, name="input")
def input_field(context: Context, one: Input) -> dict[str, Any]:
    """A field of a form of one action, with what was entered."""
    return {
        "one": one, "errors": _errors(context, one.name), "value": context["entered"].get(one.name, one.value),
        "entered": context["entered"], "problems": context.get("problems"),
    }  # fmt: skip


@register.inclusion_tag("web/step_indicator.html")
def step_indicator(current: int) -> dict[str, Any]:
    """The four steps to a decision, with the present one marked."""
    return {
        "names": ("Read", "Limits", "Review", "Sign"),
        "current": current,
        "label": "Steps to the decision",
    }


@register.inclusion_tag("web/step_indicator.html")
def intake_steps(names: Sequence[str], current: int) -> dict[str, Any]:
    """The parts of the form in which a request is taken in, with the present one marked."""
    return {"names": names, "current": current, "label": "Parts of this form"}


@register.filter
def sentences(limits: Limits) -> list[str]:
    """The limits in the decision's words."""
    return sentences_of(limits)


@register.filter
def limit_name(name: str) -> str:
    """What a limit, or a line, is about, in words."""
    return capfirst(LIMIT_NAMES.get(name, name))


@register.filter
def so_long(since: datetime, now: datetime) -> str:
    """How long something has waited."""
    return long(max(timedelta(0), now - since))


@register.filter
def long(span: timedelta) -> str:
    """A stretch of time in words: hours up to two days, then days."""
    hours = int(span.total_seconds() // 3600)
    return f"{hours} h" if hours < 48 else f"{hours // 24:,} days"


@register.filter
def read_as(passage: Passage) -> str:
    """The value of a figure that was read out of words, in words."""
    return figures.said(passage.field, passage.value)


@register.filter
def field_words(path: str) -> str:
    """The words for a field of a request, or for a kind of figure: `daily_rate_usd` reads *daily rate, US dollars*."""
    return (
        label(path)
        if path in LABELS or "[" in path
        else path.replace("_usd", ", US dollars").replace("_", " ")
    )


@register.simple_tag(takes_context=True)
def line_error(context: Context, n: int) -> str | SafeString:
    """What is wrong with the choice for one line of a request."""
    found = [error for name in ("line", "people", "why") for error in _errors(context, f"{name}-{n}")]
    return format_html('<span class="usa-error-message">{}</span>', " ".join(found)) if found else ""


def _errors(context: Context, name: str) -> list[str]:
    return [problem.message for problem in context.get("problems") or () if problem.field == name]


@register.simple_tag
def pages_of(request: HttpRequest) -> list[Page]:
    """The pages that the navigation offers the signed-in user."""
    return pages_for(actor_of(cast(User, request.user)))
