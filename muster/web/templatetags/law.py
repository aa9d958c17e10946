"""Filters of the pages that show findings: the text of a law with its quotations marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

MARKS: Mapping[str, str] = {
    "C": "C, read in a primary text",
    "S": "S, read in a secondary source only",
    "GK": "GK, general knowledge, not read",
}


@register.filter
def mark_in_words(mark: str) -> str:
    """A rule's mark with what it means."""
    return MARKS.get(mark, "none: no rule of a pack")


@register.filter
def marked(text: str, exact: Sequence[str]) -> SafeString:
    """The text in its paragraphs, each quotation in it marked; a quotation keeps to its paragraph."""
    paragraphs = [part.strip() for part in text.strip().split("\n\n") if part.strip()]
    return format_html_join("", "<p>{}</p>", ((_marked(part, exact),) for part in paragraphs))


def _marked(paragraph: str, exact: Sequence[str]) -> SafeString:
    found = [re.escape(words) for words in exact if words in paragraph]
    if not found:
        return format_html("{}", paragraph)
    pieces = re.split(f"({'|'.join(found)})", paragraph)
    told = (format_html("<mark>{}</mark>" if n % 2 else "{}", piece) for n, piece in enumerate(pieces))
    return mark_safe("".join(told))  # every piece is escaped above
