"""Refusals as problems: RFC 9457, one shape for all of them."""

from __future__ import annotations

import logging
import secrets
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import AuthenticationError, HttpError, ValidationError

from muster.access.control import NotSignedIn
from muster.access.passkeys import PasskeyNeeded
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.files import LARGEST_BYTES, TooLarge
from muster.missions.actions import StillOpen
from muster.missions.closing import open_told

MEDIA_TYPE = "application/problem+json"
STATUSES = (400, 401, 403, 404, 409, 413, 422, 503)
FAULT = {
    "type": "object",
    "required": ["row", "column", "code", "message"],
    "properties": {
        "row": {"type": ["integer", "null"]},
        "column": {"type": ["string", "null"]},
        "code": {"type": "string"},
        "message": {"type": "string"},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A problem (RFC 9457). `code` is stable; `detail` says what to do.",
    "required": ["type", "title", "status", "detail", "code", "faults"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "faults": {"type": "array", "items": FAULT},
    },
}
TOLD = 100  # of each kind of open thing, in a refusal
log = logging.getLogger(__name__)


class NotJson(MusterError):
    """The body is not JSON."""

    code = "api.not_json"
    status = 400

    def __init__(self) -> None:
        super().__init__("The body cannot be read as JSON. Correct it and send it again.")


class NoSuchPath(MusterError):
    """No act and no read has this address."""

    code = "api.no_such_path"
    status = 404

    def __init__(self) -> None:
        super().__init__("There is nothing at this address. Every one that there is stands in openapi.json.")


class Unforeseen(MusterError):
    """A fault of Muster's own; what it was is in the log, under the reference."""

    code = "api.unforeseen"
    status = 500

    def __init__(self) -> None:
        self.reference = secrets.token_hex(3).upper()
        super().__init__(
            f"Something went wrong that Muster did not foresee. Tell an administrator the reference {self.reference}."
        )


def problem(refusal: MusterError, *, status: int | None = None, **more: Any) -> HttpResponse:
    """The answer that tells of a refusal; `more` is added to it."""
    status = status or refusal.status
    faults = refusal.faults if isinstance(refusal, FaultyInput) else []
    body = {
        "type": f"urn:muster:{refusal.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": refusal.abroad,
        "code": refusal.code,
        "faults": [fault.to_json() for fault in faults],
        **more,
    }
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE)


def refused(request: HttpRequest, refusal: MusterError) -> HttpResponse:
    """A refusal of Muster's own."""
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.error("%s: %s", refusal.code, refusal)
    if isinstance(refusal, StillOpen):
        return problem(refusal, open=open_told(refusal.items, TOLD))
    if isinstance(refusal, PasskeyNeeded):
        return problem(refusal, sign={**asdict(refusal.sign), "text": refusal.text})
    return problem(refusal)


def not_signed_in(request: HttpRequest, refusal: AuthenticationError) -> HttpResponse:
    """Neither token nor session."""
    return problem(NotSignedIn())


def not_read(request: HttpRequest, refusal: HttpError) -> HttpResponse:
    """A body that is too large or no JSON."""
    if isinstance(refusal.__cause__, RequestDataTooBig):
        return too_large(request, refusal.__cause__)
    return problem(NotJson())


def too_large(request: HttpRequest, refusal: RequestDataTooBig) -> HttpResponse:
    """A body over the limit, which is not read to its end."""
    return problem(TooLarge(limit=LARGEST_BYTES), status=413)


def not_valid(request: HttpRequest, refusal: ValidationError) -> HttpResponse:
    """Inputs that are missing, of the wrong kind, or not known: every one of them."""
    return problem(FaultyInput([_fault(error) for error in refusal.errors], what="What was sent"))


def _fault(error: dict[str, Any]) -> Fault:
    source, *where = (str(part) for part in error["loc"])
    # Beneath a body comes the name of the function's parameter, which the sender does not know.
    column = ".".join(where[1:] if source == "body" else where) or source
    return Fault(None, column, "core.bad_value", f"{column}: {error['msg']}. Correct it and send it again.")


@csrf_exempt
def no_such_path(request: HttpRequest) -> HttpResponse:
    """What is asked of an address that the API does not have, by whatever method."""
    return problem(NoSuchPath())


def unforeseen(request: HttpRequest, fault: Exception) -> HttpResponse:
    """What nobody foresaw: a reference for the asker, the rest for the log."""
    told = Unforeseen()
    log.error("unforeseen fault %s", told.reference, exc_info=fault)
    return problem(told)
