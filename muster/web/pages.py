"""What every page shares: who is signed in, refusals in words, and the key that keeps a form from acting twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from muster.access.control import Actor, NotSignedIn, actor_of
from muster.access.models import User
from muster.core.errors import FaultyInput, MusterError
from muster.core.ids import new_id
from muster.core.times import NotAMoment, parse_moment

P = ParamSpec("P")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """One line of the error summary, and the field it leads to; None where no field is at fault."""

    field: str | None
    message: str


def signed_in(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Give the view its actor; lead others to sign in; show what the view refuses as a page."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, actor_of(cast(User, request.user)), *args, **kwargs)
        except NotSignedIn:
            return redirect_to_login(request.get_full_path())
        except MusterError as refusal:
            return refused(request, refusal)

    return page


def refused(request: HttpRequest, refusal: MusterError) -> HttpResponse:
    """A page that says what stopped it and what to do."""
    if refusal.status == 503:
        log.error("%s: %s", refusal.code, refusal)
    return render(request, "web/refused.html", {"refusal": refusal}, status=refusal.status)


def form_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    refusal: MusterError | None = None,
    fields: Mapping[str, str] | None = None,
) -> HttpResponse:
    """A page with a form: fresh, or refused with the entered text kept.

    `fields` says, by the refusal's code, which field it is about. A refused form keeps its key, because a
    refusal is not remembered under it.
    """
    shared = {
        "entered": request.POST,
        "problems": _problems(refusal, fields or {}) if refusal else [],
        "key": _key_again(request) if refusal else new_id(),
    }
    return render(request, template, {**context, **shared}, status=refusal.status if refusal else 200)


def key_of(request: HttpRequest) -> UUID:
    """The form's hidden key, or a new one where it is missing or spoilt."""
    return _key_again(request)


def moment_in(text: str, where: ZoneInfo) -> datetime:
    """The moment typed into a form: empty means now, `14:05` that time on the present local day. Raises NotAMoment."""
    now, text = timezone.now(), text.strip()
    if not text:
        return now
    if len(text) <= 5:
        try:
            clock = time.fromisoformat(text.zfill(5))
        except ValueError as fault:
            raise NotAMoment(text=text) from fault
        return datetime.combine(now.astimezone(where).date(), clock, tzinfo=where).astimezone(UTC)
    if len(text) == 10:
        raise NotAMoment(text=text)
    return parse_moment(text, where)


def _key_again(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return new_id()


def _problems(refusal: MusterError, fields: Mapping[str, str]) -> list[Problem]:
    if isinstance(refusal, FaultyInput):
        return [
            Problem((fault.column or "").split(".")[0] or None, fault.message) for fault in refusal.faults
        ]
    return [Problem(fields.get(refusal.code), refusal.abroad)]
