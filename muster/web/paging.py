"""Long lists in pages."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PAGE = 50


def page_of(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    """The page of a list that the address names; the nearest one for a number that is none of them."""
    return Paginator(rows, PAGE).get_page(request.GET.get("page"))
