"""A decision's order as a paper."""

from __future__ import annotations

from muster.decisions.models import Decision
from muster.decisions.orders import order_as_known
from muster.documents.order import order_sheet
from muster.documents.sheets import Sheet
from muster.picture.papers.asked import Asked


def sheet(row: Decision, asked: Asked) -> Sheet:
    """The order of a decision."""
    return order_sheet(order_as_known(row, asked.at, asked.known_at))
