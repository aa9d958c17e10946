"""One GET for each kind of paper: the record that it is of, as PDF."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from muster.actions import storable
from muster.api.reads import Words
from muster.database import when_down
from muster.picture.papers import PAPERS, Paper, Reach, sheet_of

router = Router(tags=["papers"])
PDF = {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}
FROM: Any = Query(None, alias="from")  # type: ignore[type-arg]  # a marker, whose type says nothing
TO: Any = Query(None, alias="to")  # type: ignore[type-arg]


def _printed(paper: Paper, request: HttpRequest, id: str, **asked: str | None) -> HttpResponse:
    with when_down(), storable():
        sheet = sheet_of(paper, id, Reach(request.auth), **asked)  # type: ignore[attr-defined]  # set by the API before each view
        return HttpResponse(
            sheet.pdf(demonstration=settings.CONFIG.demonstration), content_type="application/pdf"
        )


def _serve(paper: Paper) -> None:
    def of_a_moment(
        request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
    ) -> HttpResponse:
        return _printed(paper, request, id, at=at, known_at=known_at)

    def of_a_period(
        request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None,
        begins: Words | None = FROM, ends: Words | None = TO,
    ) -> HttpResponse:  # fmt: skip
        return _printed(paper, request, id, at=at, known_at=known_at, begins=begins, ends=ends)

    # The id of a request is the requester's own, so it may hold a space or a slash.
    router.get(
        f"/papers/{paper.name}/{{path:id}}", operation_id=f"paper_{paper.name.replace('-', '_')}", summary=paper.title,
        description=f"{paper.title} of {paper.of}, as PDF. A bare date means its end there; of `from`, its beginning.",
        openapi_extra={"responses": {200: {"description": "The paper", "content": PDF}}},
    )(of_a_period if paper.has_period else of_a_moment)  # fmt: skip


for _paper in PAPERS.values():
    _serve(_paper)
