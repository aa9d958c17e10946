"""`muster strength` and `muster members`: who serves, and how many by the field's words."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from muster.cli.answers import AtThere, Data, Json, KnownAt, command, open_record, show, table


@command
def strength(
    mission: Annotated[str, typer.Argument(help="The id of the mission.")],
    at: AtThere = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Requested, authorised, ordered, activated, deployed, present: never added together. For whoever runs the server."""
    open_record(data)
    from muster.actions import storable
    from muster.database import when_down
    from muster.missions.queries import named
    from muster.tasks.strength import strength_of

    with when_down(), storable():
        told = strength_of(named(mission), at, known_at).to_json()
    show(told, as_json=as_json, text=lambda: _strength(told))


def _strength(told: dict[str, Any]) -> str:
    heading = f"Strength of {told['mission']} as of {told['at']}, known at act {told['known_at']}"
    rows = [
        [each["word"], each["said"], " ".join([each["means"] + ".", each["note"]]).strip()]
        for each in told["strength"]
    ]
    never = f"Activated, never deployed: {told['activated_never_deployed']}"
    return "\n".join([heading, table(["", "people", "what is counted"], rows), never])


@command
def members(
    organisation: Annotated[str, typer.Argument(help="The code of the organisation.")],
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """The members of an organisation by tag, with what stands of each. For whoever runs the server."""
    open_record(data)
    from muster.actions import storable
    from muster.core.errors import NotFound
    from muster.database import when_down
    from muster.ledger.queries import known
    from muster.parties.models import Organisation
    from muster.tasks.members import members_as_known, members_told

    with when_down(), storable():
        if not Organisation.objects.filter(pk=organisation).exists():
            raise NotFound(kind="organisation", name=organisation)
        at_act = known(known_at)
        told = members_told(organisation, at_act, members_as_known(organisation, at_act))
    show(told, as_json=as_json, text=lambda: _members(told))


def _members(told: dict[str, Any]) -> str:
    heading = f"Members of {told['organisation']}, known at act {told['known_at']}"
    said = {True: "yes", False: "no", None: "not recorded"}
    rows = [
        [each["tag"], each["unit"], each["duty_status"], said[each["volunteer"]],
         "; ".join(skill["skill"] for skill in each["skills"]) or "not recorded"]
        for each in told["members"]
    ]  # fmt: skip
    return (
        "\n".join([heading, table(["member", "unit", "status", "volunteer", "skills"], rows)])
        if rows
        else f"{heading}\nNone."
    )
