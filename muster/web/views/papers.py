"""What is printed: a decision's order, on paper and for programs."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from muster.access.control import Actor
from muster.core.errors import NotFound
from muster.decisions import queries as decisions
from muster.decisions.orders import order_of
from muster.documents.order import order_pdf as as_pdf
from muster.web.pages import signed_in


def _order(request: HttpRequest, actor: Actor, name: str) -> dict[str, Any]:
    row = decisions.decisions_of(actor).filter(pk=name).first()
    if row is None:
        raise NotFound(kind="decision", name=name)
    at, known_at = (request.GET.get(field, "").strip()[:60] or None for field in ("at", "known_at"))
    return order_of(row, at, known_at)


@signed_in
def order_pdf(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The order of a decision as PDF, as of a moment or now."""
    order = _order(request, actor, name)
    content = as_pdf(order, demonstration=settings.CONFIG.demonstration)
    return _file(content, "application/pdf", f"{name}-order.pdf", attachment=False)


@signed_in
def order_json(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The same as data, with its hash."""
    text = json.dumps(_order(request, actor, name), ensure_ascii=False, indent=2) + "\n"
    return _file(text.encode(), "application/json", f"{name}-order.json", attachment=True)


def _file(content: bytes, kind: str, name: str, *, attachment: bool) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(attachment, name) or ""
    return answer
