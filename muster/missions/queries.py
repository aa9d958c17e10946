"""Missions, and what they still hold."""

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet

from muster.access.control import Actor, Scope, visible
from muster.core.errors import NotFound
from muster.missions.models import Mission

# The thing's live top names the mission under which it changed hands last.
HELD = """
SELECT t.tag FROM ledger_head h JOIN ledger_holder o ON o.id = h.holder_id JOIN ledger_thing t ON t.id = h.thing_id
JOIN ledger_entry e ON e.thing_id = h.thing_id AND e.n = h.top
WHERE e.mission = %s AND o.kind <> 'outside' ORDER BY t.tag
"""


def scope_of(mission: Mission) -> Scope:
    """Where a mission belongs: to the organisation that runs it."""
    return Scope("mission", mission.pk, mission.organisation_id)


def for_change(mission: str) -> Mission:
    """The mission, with the row of its decision locked until commit. Raises NotFound."""
    rows = Mission.objects.select_for_update(of=("self", "decision")).select_related(
        "decision__request", "decision__office"
    )
    found = rows.filter(pk=mission).first()
    if found is None:
        raise NotFound(kind="mission", name=mission)
    return found


def missions_of(actor: Actor) -> QuerySet[Mission]:
    """The missions that the actor may read, the one opened first in front."""
    rows = Mission.objects.select_related("decision__request", "organisation").order_by("opened_at", "id")
    return visible(actor, rows, site=None)


def held(mission: str) -> list[str]:
    """The tags of what changed hands under the mission last and is not outside."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [mission])
        return [tag for (tag,) in cursor.fetchall()]
