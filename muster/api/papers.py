"""One GET for each kind of paper: the record that it is of, as PDF, and its lines as CSV where they are a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from muster.actions import storable
from muster.api.reads import Words
from muster.api.signing_in import asking
from muster.database import when_down
from muster.picture.papers import PAPERS, Paper, Reach, csv_of, sheet_of

router = Router(tags=["papers"])
PDF, CSV = "application/pdf", "text/csv; charset=utf-8; header=present"
Asked = dict[str, str | None]
FROM: Any = Query(None, alias="from")  # type: ignore[type-arg]  # a marker, whose type says nothing
TO: Any = Query(None, alias="to")  # type: ignore[type-arg]


def _printed(paper: Paper, request: HttpRequest, id: str, asked: Asked) -> HttpResponse:
    with when_down(), storable():
        sheet = sheet_of(paper, id, Reach(asking(request)), **asked)
        content = sheet.pdf(demonstration=settings.CONFIG.demonstration)
    return HttpResponse(content, content_type=PDF)


def _listed(paper: Paper, request: HttpRequest, id: str, asked: Asked) -> HttpResponse:
    with when_down(), storable():
        text = csv_of(paper, id, Reach(asking(request)), **asked)
    return HttpResponse(text, content_type=CSV)


def _serve(paper: Paper, kind: str, answer: Callable[[Paper, HttpRequest, str, Asked], HttpResponse]) -> None:
    def of_a_moment(
        request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
    ) -> HttpResponse:
        return answer(paper, request, id, {"at": at, "known_at": known_at})

    def of_a_period(
        request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None,
        begins: Words | None = FROM, ends: Words | None = TO,
    ) -> HttpResponse:  # fmt: skip
        return answer(paper, request, id, {"at": at, "known_at": known_at, "begins": begins, "ends": ends})

    name = paper.name if kind == PDF else f"{paper.name}.csv"
    schema = {"type": "string", "format": "binary"} if kind == PDF else {"type": "string"}
    # The id of a request is the requester's own, so it may hold a space or a slash.
    router.get(
        f"/papers/{name}/{{path:id}}", operation_id=f"paper_{name.replace('-', '_').replace('.', '_')}", summary=paper.title,
        description=f"{paper.title} of {paper.of}, as {'PDF' if kind == PDF else 'CSV'}. A bare date means its end there; of `from`, its "
                    "beginning.",
        openapi_extra={"responses": {200: {"description": "The paper", "content": {kind.partition(";")[0]: {"schema": schema}}}}},
    )(of_a_period if paper.has_period else of_a_moment)  # fmt: skip


for _paper in PAPERS.values():
    _serve(_paper, PDF, _printed)
    if _paper.table is not None:
        _serve(_paper, CSV, _listed)
