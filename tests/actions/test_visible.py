"""`visible()` and `can()` agree row by row: no list shows what its own page would refuse, and none leaves a row out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import stories
from django.db.models import QuerySet

from muster import actions as do
from muster.access.control import Actor, Scope, Scoped, actor_of, may, visible
from muster.access.models import Role, User
from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.custody import queries as custody
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.demonstration.story import ACCOUNTS
from muster.missions import queries as missions
from muster.missions.models import Mission
from muster.parties.models import Site
from muster.transport import queries as transport
from muster.transport.models import Trip

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
# Of each kind: every row, the rows that an actor's list has, and where a row belongs.
KINDS: dict[str, tuple[type[Any], Callable[[Actor], QuerySet[Any]], Callable[[Any], Scope]]] = {
    "request": (Request, assistance.requests_of, assistance.scope_of),
    "decision": (Decision, decisions.decisions_of, decisions.scope_of),
    "mission": (Mission, missions.missions_of, missions.scope_of),
    "trip": (Trip, transport.trips_of, transport.scope_of),
    "site": (Site, lambda actor: visible(actor, Site.objects.all()), custody.scope_of),
}
WHERE = (
    (None, None),
    ("EX-GUARD", None),
    ("MO-STATE", None),
    ("EX-FIELD-OFFICE", None),
    (None, "EX-NORTH"),
    (None, "EX-SOUTH"),
)


def load() -> dict[str, Actor]:
    """The demonstration, and beside it what could be mixed up; its actors, and each role everywhere that it can hold."""
    stories.demonstration()
    people = {a.name: actor_of(User.objects.get(username=a.name)) for a in ACCOUNTS}
    request = {
        "id": "EX-NORTH", "title": "Named like a site", "requester": "County", "agency_kind": "local", "asked": "MO-GOVERNOR",
        "state": "MO", "purpose": "To be told apart", "lines": [{"task": "T22", "words": "Beds"}],
    }  # fmt: skip
    do.assistance.record_reported(
        actor=people["records.desk"],
        request=request,
        state="submitted",
        at=NOW,
        reported_by="Example Gazette",
    )
    do.missions.open_mission(
        actor=people["records.desk"], decision="ICE-SUPPORT-2025-MO-D1", mission="EX-SOUTH", title="Named like a site",
        organisation="MO-STATE", at="2026-01-01T12:00:00Z",
    )  # fmt: skip
    Site.objects.create(code="EX-UNOWNED", name="Kept by nobody yet")
    do.transport.plan_trip(
        actor=people["operations"], mission="EX-PROCESSING-1", trip="EX-BACK", task="EX-PROCESSING-1-T3",
        from_site="EX-SOUTH", to_site="EX-UNOWNED", vehicle="Bus 2", seats=4, departs_at=NOW,
    )  # fmt: skip
    roles = [Scoped(role.value, *where) for role in Role for where in WHERE]
    return (
        people
        | {f"{role}": Actor(0, str(role), (role,)) for role in roles}
        | {"nobody": Actor(0, "nobody", ())}
    )


def test_every_list_holds_exactly_the_rows_that_its_reader_may_read() -> None:
    actors = load()

    for kind, (table, listed, scope_of) in KINDS.items():
        rows = list(table.objects.all())
        seen_by = {}
        for name, actor in actors.items():
            seen_by[name] = {row.pk for row in listed(actor)}
            may_read = {row.pk for row in rows if may(actor, "read", scope_of(row))}
            assert seen_by[name] == may_read, f"{kind}: {name}"
        # The comparison says something: somebody sees all of them, somebody a part, somebody none.
        assert seen_by["counsel"] == {row.pk for row in rows}
        assert any(0 < len(seen) < len(rows) for seen in seen_by.values()), kind
        assert not seen_by["nobody"]


def test_a_record_named_like_a_site_is_no_record_of_that_site() -> None:
    actors = load()

    assert not assistance.requests_of(actors["clerk.north"]).exists()
    assert not missions.missions_of(actors["clerk.south"]).exists()
    assert [trip.pk for trip in transport.trips_of(actors["clerk.north"])] == ["EX-PROCESSING-1-BUS-1"]
    # The trip of the north comes to the south, whose people read it.
    assert {trip.pk for trip in transport.trips_of(actors["clerk.south"])} == {
        "EX-BACK",
        "EX-PROCESSING-1-BUS-1",
    }
