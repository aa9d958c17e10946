"""One GET for each kind of message: a request, a decision or a task as XML of EDXL-RM."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from muster.actions import storable
from muster.api.reads import Words
from muster.api.signing_in import asking
from muster.assistance.exchange import MESSAGES, Kind
from muster.database import when_down
from muster.picture.messages import message_of
from muster.picture.papers import Reach

router = Router(tags=["messages"])
XML = {"application/xml": {"schema": {"type": "string"}}}


def _serve(kind: Kind, name: str) -> None:
    def sent(
        request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
    ) -> HttpResponse:
        reach = Reach(asking(request))
        with when_down(), storable():
            return HttpResponse(
                message_of(kind, id, reach, at=at, known_at=known_at), content_type="application/xml"
            )

    # The id of a request is the requester's own, so it may hold a space or a slash.
    router.get(
        f"/messages/{kind}/{{path:id}}", operation_id=f"message_{kind}", summary=name,
        description=f"A {kind} as {name} of EDXL-RM 1.0, as XML. A bare date means its end there.",
        openapi_extra={"responses": {200: {"description": "The message", "content": XML}}},
    )(sent)  # fmt: skip


for _kind, _name in MESSAGES.items():
    _serve(_kind, _name)
