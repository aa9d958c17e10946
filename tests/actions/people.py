"""A small guard of two sites and the people who work there, for tests of actions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.core.tags import make_tag
from muster.parties.models import Organisation, Site

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TAGS = [make_tag(7919 * number) for number in range(1, 200)]


def at(hours: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=hours)


@dataclass(frozen=True)
class People:
    """Two clerks of the north site, one of the south, and the operations center."""

    north: Actor
    north_too: Actor
    south: Actor
    center: Actor


def people() -> People:
    """Make the organisations, the sites and the accounts."""
    guard = Organisation.objects.create(code="EX-GUARD", name="Example Guard", kind="guard")
    Organisation.objects.create(code="EX-AGENCY", name="Example Field Office", kind="agency")
    sites = {code: Site.objects.create(code=code, name=code.title(), organisation=guard, zone="America/Chicago")
             for code in ("EX-NORTH", "EX-SOUTH")}  # fmt: skip

    def account(name: str, role: str, site: str | None = None) -> Actor:
        user = User.objects.create_user(name, password=f"{name}'s password")
        Grant.objects.create(
            user=user, role=role, site=sites.get(site or ""), organisation=None if site else guard
        )
        return actor_of(user)

    return People(
        account("clerk.north", "clerk", "EX-NORTH"), account("clerk.north.two", "clerk", "EX-NORTH"),
        account("clerk.south", "clerk", "EX-SOUTH"), account("center", "joc"),
    )  # fmt: skip
