"""Every action of every step: importing this registers them, for the doors."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DataError

from muster.assistance import actions as assistance
from muster.assistance import importing
from muster.authority import actions as authority
from muster.cases import actions as cases
from muster.cases import casework, housing
from muster.cases import closing as cases_closing
from muster.cases import incidents as cases_incidents
from muster.cases import property as cases_property
from muster.cases import undoing as cases_undoing
from muster.core.errors import MusterError
from muster.costs import actions as costs
from muster.costs import closing as costs_closing
from muster.custody import actions as custody
from muster.custody import (
    areas,
    contesting,
    counting,
    desk,
    disposal,
    grouping,
    incidents,
    lists,
    manifests,
    merging,
    personal,
    placing,
    property,
    replay,
    undoing,
)
from muster.custody import closing as custody_closing
from muster.decisions import actions as decisions
from muster.decisions import offices
from muster.ledger import keys
from muster.missions import actions as missions
from muster.record.action import ACTIONS, find
from muster.sources import actions as sources
from muster.tasks import actions as tasks
from muster.tasks import assigning, checkins, members, planning
from muster.tasks import closing as tasks_closing
from muster.transport import actions as transport
from muster.transport import closing as transport_closing

__all__ = [
    "ACTIONS", "NotStorable", "areas", "assigning", "assistance", "authority", "cases", "casework", "checkins", "contesting", "costs",
    "counting", "custody", "decisions", "desk", "disposal", "find", "grouping", "housing", "importing", "incidents", "keys", "lists",
    "manifests", "members", "merging", "missions", "offices", "personal", "placing", "planning", "property", "replay", "sources",
    "storable", "tasks", "transport", "undoing",
]  # fmt: skip


# What each step says of a mission before it is closed: registered where they are imported.
CLOSING = (cases_closing, costs_closing, custody_closing, tasks_closing, transport_closing)
# What hears of property, of incidents and of what is undone: the clocks that go by them.
HEARING = (cases_incidents, cases_property, cases_undoing)


class NotStorable(MusterError):
    """A value of the right kind that PostgreSQL cannot hold: text with a NUL, a number or a year out of range."""

    code = "core.not_storable"

    def __init__(self) -> None:
        super().__init__(
            "Something in what was sent cannot be stored: a NUL character, or a number or year out of range. Correct it."
        )


@contextmanager
def storable() -> Iterator[None]:
    """Turn the database's refusal of a value into NotStorable."""
    try:
        yield
    except DataError:
        raise NotStorable() from None
