"""What is printed: every paper as PDF, and a decision's order for programs."""

from __future__ import annotations

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from muster.access.control import Actor
from muster.decisions.orders import order_of
from muster.picture.papers import Reach, paper_of, sheet_of
from muster.web.pages import signed_in


@signed_in
def paper(request: HttpRequest, actor: Actor, kind: str, name: str) -> HttpResponse:
    """A paper of one record as PDF, as of a moment or now; of a period where it has one."""
    printed = sheet_of(
        paper_of(kind), name, Reach(actor), at=_asked(request, "at"), known_at=_asked(request, "known_at"),
        begins=_asked(request, "from"), ends=_asked(request, "to"),
    )  # fmt: skip
    content = printed.pdf(demonstration=settings.CONFIG.demonstration)
    return _file(content, "application/pdf", f"{name}-{kind}.pdf", attachment=False)


@signed_in
def order_json(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The order of a decision as data, with its hash."""
    order = order_of(Reach(actor).decision(name), _asked(request, "at"), _asked(request, "known_at"))
    text = json.dumps(order, ensure_ascii=False, indent=2) + "\n"
    return _file(text.encode(), "application/json", f"{name}-order.json", attachment=True)


def _asked(request: HttpRequest, field: str) -> str | None:
    return request.GET.get(field, "").strip()[:60] or None


def _file(content: bytes, kind: str, name: str, *, attachment: bool) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(attachment, name) or ""
    return answer
