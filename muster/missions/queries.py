"""Missions, and what they still hold."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from muster.access.control import Actor, Scope, one_of, visible
from muster.assistance.rules import INVENTED
from muster.core.errors import NotFound
from muster.database import prepared
from muster.decisions import queries as decisions
from muster.decisions.models import Version
from muster.ledger.models import Entry, Thing
from muster.missions.models import Closing, Mission
from muster.missions.rules import Standing, standing
from muster.parties.models import Site

# Whose a thing is: of the mission that the latest of its live entries names, until it goes outside, or a member home. Releases, and moves
# inside a site's own work, name none. For each live entry of the things that the mission ever had, by T as known at K (both
# may be null): `whose` the thing is from it on, `was` before it, and whether it is where the thing is now.
WHOSE = """
WITH live AS (
    SELECT e.thing_id, e.n, e.mission, e.happened_at, t.kind AS thing_kind, t.tag, r.kind, r.site, r.code,
        g.kind = 'outside' AS from_outside, r.kind = 'outside' OR (t.kind = 'member' AND r.id = t.origin_id) AS to_outside
    FROM ledger_entry e LEFT JOIN record_number k USING (act_id) JOIN ledger_thing t ON t.id = e.thing_id
    JOIN ledger_holder g ON g.id = e.giver_id JOIN ledger_holder r ON r.id = e.receiver_id
    WHERE e.kind = 'push' AND e.thing_id IN (SELECT thing_id FROM ledger_entry WHERE mission = %(mission)s)
        AND (%(at)s::timestamptz IS NULL OR e.happened_at <= %(at)s)
        AND (%(known_at)s::bigint IS NULL OR k.number <= %(known_at)s)
        AND NOT EXISTS (
            SELECT FROM ledger_entry p LEFT JOIN record_number pk USING (act_id)
            WHERE p.thing_id = e.thing_id AND p.corrects = e.n
                AND (%(known_at)s::bigint IS NULL OR pk.number <= %(known_at)s))
), named AS (
    SELECT *, count(name) OVER (PARTITION BY thing_id ORDER BY n) AS names
    FROM (SELECT *, CASE WHEN to_outside THEN '' WHEN mission <> '' THEN mission END AS name FROM live) with_names
), whose AS (
    SELECT *, first_value(name) OVER (PARTITION BY thing_id, names ORDER BY n) AS whose FROM named
), placed AS (
    SELECT *, lag(whose) OVER by_thing AS was, lead(n) OVER by_thing IS NULL AS is_now
    FROM whose WINDOW by_thing AS (PARTITION BY thing_id ORDER BY n)
)
"""
HELD = f"""{WHOSE}
SELECT tag, thing_kind, thing_id, code, happened_at FROM placed WHERE is_now AND whose = %(mission)s ORDER BY tag"""
LATEST_MOVE = f"{WHOSE} SELECT max(happened_at) FROM placed WHERE %(mission)s IN (whose, was)"


def scope_of(mission: Mission) -> Scope:
    """Where a mission belongs: to the organisation that runs it, and to the agency that asked for it."""
    return Scope("mission", mission.pk, mission.organisation_id, asker=mission.decision.request.agency_id)


def locked(mission: str) -> tuple[Scope, Mission]:
    """What an action about a mission loads: its scope, and the row, locked with its decision's. Raises NotFound."""
    rows = Mission.objects.select_for_update(of=("self", "decision")).select_related(
        "decision__request", "decision__office"
    )
    found = rows.filter(pk=mission).first()
    if found is None:
        raise NotFound(kind="mission", name=mission)
    return scope_of(found), found


def missions_of(actor: Actor) -> QuerySet[Mission]:
    """The missions that the actor may read, the one opened first in front."""
    rows = Mission.objects.select_related("decision__request", "organisation").order_by("opened_at", "id")
    return visible(actor, rows, site=None, asker="decision__request__agency")


def named(mission: str) -> Mission:
    """The mission, with what tells of it. For whoever runs the server: nobody is asked who reads it. Raises NotFound."""
    rows = Mission.objects.select_related("decision__request", "decision__office", "organisation")
    return one_of(rows, "mission", mission)


class HeldThing(NamedTuple):
    """What is the mission's and not outside: its tag, kind and id, the code of who holds it, and since when."""

    tag: str
    kind: str
    thing: UUID
    holder: str
    since: datetime


def held_things(mission: str) -> list[HeldThing]:
    """What is the mission's and not outside, by tag, by everything committed."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, {"mission": mission, "at": None, "known_at": None})
        return [HeldThing(*row) for row in cursor.fetchall()]


def latest_move(mission: str) -> datetime | None:
    """When something of the mission's came, moved or left last, by everything committed; None where nothing ever did."""
    with connection.cursor() as cursor:
        cursor.execute(LATEST_MOVE, {"mission": mission, "at": None, "known_at": None})
        row = cursor.fetchone()
    return row[0] if row else None


def standing_of(mission: Mission, at: datetime, known_at: int) -> Standing:
    """In which state the mission is at `at`, since when and why, as known at an act's number."""
    said = Version.objects.filter(decision=mission.decision_id, act__number__number__lte=known_at)
    closing = Closing.objects.filter(mission=mission, act__number__number__lte=known_at).first()
    closed = (mission.closed_at, closing.reason) if closing and mission.closed_at else None
    return standing(
        decisions.versions_known(mission.decision, known_at), dict(said.values_list("n", "reason")), at, known_at,
        opened_at=mission.opened_at, closed=closed,
    )  # fmt: skip


def closed_for_facts(mission: str) -> datetime | None:
    """Since when a mission is closed to which a fact is told; None where it is open, or there is none of that id.

    Its row is kept as it is until commit: nobody closes it over somebody who is being received.
    """
    row = prepared.first(Mission, "id = %s FOR SHARE", mission) if mission else None
    return row.closed_at if row else None


def closed_at(mission: Mission, known_at: int) -> datetime | None:
    """When it was closed, as known at an act's number; None where it is open by then."""
    known = Closing.objects.filter(mission=mission, act__number__number__lte=known_at)
    return mission.closed_at if known.exists() else None


def of_a_drill(thing: Thing) -> bool:
    """Whether a thing's latest entry under a mission was under an exercise."""
    under = Entry.objects.filter(thing=thing).exclude(mission="").order_by("-n")
    return Mission.objects.filter(pk=under.values_list("mission", flat=True).first(), drill=True).exists()


def is_drill_at(site: Site) -> bool:
    """Whether all that goes on at a site's organisation is an exercise, which every page of the site then says."""
    if site.organisation is not None and site.organisation.state == INVENTED:
        return True
    missions = Mission.objects.filter(organisation=site.organisation_id, closed_at=None).values_list(
        "drill", flat=True
    )
    return bool(missions) and all(missions)
