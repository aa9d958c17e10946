"""A limit used against allowed as papers draw it."""

from __future__ import annotations

from muster.decisions.usage import Used
from muster.documents.sheets import Bar


def bar_of(used: Used) -> Bar:
    """What is used of one limit, with its numbers as they are read."""
    return Bar(
        name=used.name, share=used.share, peak_share=used.peak_share, used=used.said(used.used), peak=used.said(used.peak),
        allowed=used.said(used.allowed), says=used.says, sentence=used.sentence,
    )  # fmt: skip
