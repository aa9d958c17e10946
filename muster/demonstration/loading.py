"""Playing the exercise through the actions, once for each database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from muster import actions
from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.custody import queries as custody
from muster.demonstration.story import ACCOUNTS, MISSION, ORGANISATIONS, SITES, Cast, Said, Step, steps
from muster.ledger import queries as ledger
from muster.parties.models import Organisation, Site


def is_loaded() -> bool:
    """Whether the exercise is in this database already."""
    return User.objects.filter(username=ACCOUNTS[0].name).exists()


def load(*, now: datetime, seed: int, told: Callable[[int, int], None] = lambda done, of: None) -> None:
    """Make the places and the accounts, and play the story; `told` is called after each step."""
    people = prepare()
    said: dict[str, dict[str, Any]] = {}
    story = list(steps(Cast.drawn(now, seed)))
    for number, step in enumerate(story, 1):
        answer = play(step, people[step.by], said)
        if step.name:
            said[step.name] = answer
        told(number, len(story))


def play(step: Step, actor: Actor, said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Do one step, with what earlier steps answered filled in; its answer."""
    return asdict(actions.find(step.action)(actor=actor, **filled_in(step, said)).answer)


def filled_in(step: Step, said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The step's inputs, with what earlier steps answered in its places."""
    return {name: said[v.step][v.key] if isinstance(v, Said) else v for name, v in step.inputs.items()}


def figures(now: datetime) -> list[dict[str, Any]]:
    """The key figures of the missions, as `muster demo --json` prints them."""
    known_at = ledger.latest_known()
    sites = ledger.census(now, known_at).sites
    open_now = custody.open_differences([code for code, *_ in SITES])
    by_kind: dict[str, int] = {}
    for kind in open_now.values_list("kind", flat=True):
        by_kind[kind] = by_kind.get(kind, 0) + 1
    numbers = {
        "persons": sum(sites.values()),
        "sites": sites,
        "open_differences": dict(sorted(by_kind.items())),
    }
    return [{"id": MISSION, "state": "exercise", "figures": numbers | {"known_at": known_at}}]


def prepare() -> dict[str, Actor]:
    """Make the places and the accounts; the actors by their names. An account has no password: only its link signs in."""
    organisations = {
        code: Organisation.objects.create(code=code, name=name, kind=kind)
        for code, name, kind in ORGANISATIONS
    }
    guard = organisations["EX-GUARD"]
    for code, name, zone in SITES:
        Site.objects.create(code=code, name=name, zone=zone, organisation=guard)
    people = {}
    for account in ACCOUNTS:
        user = User.objects.create_user(account.name)
        Grant.objects.create(
            user=user, role=account.role, site_id=account.site, organisation=None if account.site else guard
        )
        people[account.name] = actor_of(user)
    return people
