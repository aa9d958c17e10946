"""Members as the API lets an actor read them: an organisation's, a mission's muster roll, and its strength."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from muster.access.control import one_of, visible
from muster.actions import storable
from muster.api.reads import Words
from muster.api.signing_in import asking
from muster.database import when_down
from muster.ledger import queries as ledger
from muster.missions import queries as missions
from muster.parties.models import Organisation
from muster.tasks.members import members_as_known, members_told
from muster.tasks.strength import strength_of

router = Router(tags=["members"])


class SkillTold(Schema):
    """A skill and its last day; null where it does not expire."""

    skill: str
    expires_on: date | None


class WindowTold(Schema):
    """Days on which a member can be called on, both included, and the hours of each; null: all day."""

    from_on: date
    until_on: date
    from_time: time | None
    until_time: time | None


class MemberTold(Schema):
    """What stands of a member; a volunteer of null was not asked, or has not answered."""

    tag: str
    unit: str
    duty_status: str
    status_from: date | None
    status_until: date | None
    volunteer: bool | None
    volunteer_on: date | None
    skills: list[SkillTold]
    available: list[WindowTold]


class MembersAnswer(Schema):
    """The members of an organisation by tag, as known at an act's number."""

    organisation: str
    known_at: int
    members: list[MemberTold]


class StrengthWord(Schema):
    """One of the field's words with its number; both ends null: not recorded."""

    word: str
    means: str
    low: int | None
    high: int | None
    said: str
    note: str


class StrengthAnswer(Schema):
    """The strength of a mission as of a moment, as known at an act's number: numbers that are never added together."""

    mission: str
    at: str
    known_at: int
    strength: list[StrengthWord]
    activated_never_deployed: int


class AssignmentStepTold(Schema):
    """One step of an assignment, with what else was told of it."""

    n: int
    state: str
    happened_at: str
    task: str
    reason: str
    details: dict[str, str]


class AssignmentTold(Schema):
    """A member's part in a mission, as far as it had come by then."""

    assignment: str
    member: str
    skill: str
    state: str
    task: str
    since: str
    steps: list[AssignmentStepTold]


class MusterRollAnswer(Schema):
    """The muster roll of a mission, by tag."""

    mission: str
    at: str
    known_at: int
    members: list[AssignmentTold]


@router.get("/organisations/{str:code}/members", response=MembersAnswer)
def members(request: HttpRequest, code: str, known_at: Query[Words | None] = None) -> dict[str, Any]:
    """The members of an organisation, with what stands of each."""
    with when_down(), storable():
        one_of(
            visible(asking(request), Organisation.objects.all(), organisation="code", site=None),
            "organisation",
            code,
        )
        known = ledger.known(known_at)
        return members_told(code, known, members_as_known(code, known))


@router.get("/missions/{str:id}/strength", response=StrengthAnswer)
def mission_strength(
    request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """Requested, authorised, ordered, activated, deployed, present. A bare date means its end where the decision counts its days."""
    with when_down(), storable():
        return strength_of(
            one_of(missions.missions_of(asking(request)), "mission", id), at, known_at
        ).to_json()


@router.get("/missions/{str:id}/members", response=MusterRollAnswer)
def muster_roll(
    request: HttpRequest, id: str, at: Query[Words | None] = None, known_at: Query[Words | None] = None
) -> dict[str, Any]:
    """The members of a mission with every step of each, as of a moment, as known at an act."""
    with when_down(), storable():
        found = strength_of(one_of(missions.missions_of(asking(request)), "mission", id), at, known_at)
        return {
            "mission": found.mission, "at": found.at.isoformat(), "known_at": found.known_at,
            "members": [one.to_json() for one in found.roll],
        }  # fmt: skip
