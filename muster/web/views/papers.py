"""What is printed: every paper as PDF, and a decision's order for programs."""

from __future__ import annotations

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from muster.access.control import Actor
from muster.decisions.orders import order_of
from muster.picture.papers import Reach, csv_of, paper_of, sheet_of
from muster.web.pages import signed_in


@signed_in
def paper(request: HttpRequest, actor: Actor, kind: str, name: str) -> HttpResponse:
    """A paper of one record as PDF, as of a moment or now; of a period where it has one."""
    printed = sheet_of(paper_of(kind), name, Reach(actor), **_asked(request))
    content = printed.pdf(demonstration=settings.CONFIG.demonstration)
    return _file(content, "application/pdf", f"{name}-{kind}.pdf", attachment=False)


@signed_in
def table(request: HttpRequest, actor: Actor, kind: str, name: str) -> HttpResponse:
    """The lines of the same as CSV, where they are a table."""
    text = csv_of(paper_of(kind), name, Reach(actor), **_asked(request))
    return _file(
        text.encode(), "text/csv; charset=utf-8; header=present", f"{name}-{kind}.csv", attachment=True
    )


@signed_in
def order_json(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """The order of a decision as data, with its hash."""
    asked = _asked(request)
    order = order_of(Reach(actor).decision(name), asked["at"], asked["known_at"])
    text = json.dumps(order, ensure_ascii=False, indent=2) + "\n"
    return _file(text.encode(), "application/json", f"{name}-order.json", attachment=True)


def _asked(request: HttpRequest) -> dict[str, str | None]:
    """As of when, as known when, and of which period, as the address says; None for what it leaves out."""
    names = {"at": "at", "known_at": "known_at", "begins": "from", "ends": "to"}
    return {name: request.GET.get(field, "").strip()[:60] or None for name, field in names.items()}


def _file(content: bytes, kind: str, name: str, *, attachment: bool) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(attachment, name) or ""
    return answer
